// The plan: every described function, field and table, ready to be called and indexed. It is made
// once per process.

package bindings

import (
	"fmt"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/describe"
)

// A function is a described function, ready to be bound.
type function struct {
	desc  *describe.Func
	class string // whose method it is, "" for a function of a module
	short string // the name of an object of that class in examples
	base  int    // stack index of the first argument
}

// A member is a field or a method of a class.
type member struct {
	get    func(rt *runtime, m *machine, holder any) lua.LValue // nil for a method
	field  *describe.Field                                      // nil for a method
	method int
}

// A classPlan is a class, ready to be indexed.
type classPlan struct {
	id        int
	name      string
	desc      *describe.Class
	known     map[string]*member
	names     []string
	functions []*function
	element   element
}

// A modulePlan is a module's functions and values.
type modulePlan struct {
	desc      *describe.Module
	functions []*function
	modules   []modulePlan
	names     []string
}

type plan struct {
	hw      modulePlan
	classes [numClasses]classPlan
	records map[string]*recordPlan
}

// thePlan returns the plan of the description.
var thePlan = sync.OnceValue(func() *plan {
	p := &plan{hw: newModulePlan(&hardware), records: map[string]*recordPlan{}}
	for i := range hardware.Records {
		p.records[hardware.Records[i].Name] = newRecordPlan(&hardware.Records[i])
	}
	if len(hardware.Classes) != numClasses {
		panic("bindings: the description has other classes than this package")
	}
	for i := range hardware.Classes {
		p.classes[i] = newClassPlan(i, &hardware.Classes[i])
	}
	return p
})

func newModulePlan(m *describe.Module) modulePlan {
	p := modulePlan{desc: m}
	for i := range m.Funcs {
		p.functions = append(p.functions, &function{desc: &m.Funcs[i], base: 1})
		p.names = append(p.names, m.Funcs[i].Name)
	}
	for i := range m.Fields {
		p.names = append(p.names, m.Fields[i].Name)
	}
	for i := range m.Modules {
		p.modules = append(p.modules, newModulePlan(&m.Modules[i]))
		p.names = append(p.names, m.Modules[i].Name)
	}
	return p
}

// newClassPlan returns the plan of class id.
func newClassPlan(id int, desc *describe.Class) classPlan {
	c := classPlan{id: id, name: desc.Name, desc: desc, known: map[string]*member{}}
	for i := range desc.Fields {
		f := &desc.Fields[i]
		c.known[f.Name] = &member{get: f.Go.(access).get, field: f}
		c.names = append(c.names, f.Name)
	}
	for i := range desc.Methods {
		f := &function{desc: &desc.Methods[i], class: desc.Name, short: desc.ObjectName(), base: 2}
		c.known[f.desc.Name] = &member{method: i}
		c.functions = append(c.functions, f)
		c.names = append(c.names, f.desc.Name)
	}
	if desc.Index != nil {
		c.element = desc.Index.Go.(element)
	}
	return c
}

// index implements __index of a class: a field, a method, or obj[n].
func (c *classPlan) index(rt *runtime, L *lua.LState) int {
	ud, ok := L.Get(1).(*lua.LUserData)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	rt.options.Focus.on(ud)
	switch key := L.Get(2).(type) {
	case lua.LString:
		m := c.known[string(key)]
		switch {
		case m == nil:
			if err := rt.lookedAt(c, string(key)); err != nil {
				rt.s.Raise(L, err)
			}
			rt.s.Raise(L, unknown(c.name+" has no field or method '%s'", string(key), c.names))
		case m.get != nil:
			rt.looked(!fixedFields[string(key)])
			L.Push(m.get(rt, nil, ud.Value))
		default:
			rt.looked(lookCalls[string(key)])
			L.Push(c.method(rt, m.method))
		}
		return 1
	case lua.LNumber:
		if c.element.at == nil {
			break
		}
		n := int(key)
		if lua.LNumber(n) != key {
			rt.s.Raise(L, fmt.Errorf("%s is indexed by integers, got %s", objectText(ud), key.String()))
		}
		rt.looked(c.name != "cpus")
		v, err := c.element.at(rt, ud.Value, n)
		if err != nil {
			rt.s.Raise(L, err)
		}
		L.Push(v)
		return 1
	}
	rt.s.Raise(L, fmt.Errorf("%s cannot be indexed by a %s", c.name, typeName(L.Get(2))))
	return 0
}

// method returns the Lua function of method i, which is made when a script first asks for it.
func (c *classPlan) method(rt *runtime, i int) *lua.LFunction {
	fn := rt.classes[c.id].methods[i]
	if fn == nil {
		fn = rt.bind(c.functions[i])
		rt.classes[c.id].methods[i] = fn
	}
	return fn
}

// assign implements __newindex of a class. Where a field cannot be assigned to, its error says how
// it changes.
func (c *classPlan) assign(rt *runtime, L *lua.LState) int {
	key, ok := L.Get(2).(lua.LString)
	ud, isObject := L.Get(1).(*lua.LUserData)
	if !ok || !isObject {
		hint := ""
		if x := c.desc.Index; x != nil {
			hint = x.Write
		}
		rt.s.Raise(L, readOnly(c.name, hint))
	}
	m := c.known[string(key)]
	switch {
	case m == nil:
		rt.s.Raise(L, unknown(c.name+" has no field '%s'", string(key), c.names))
	case m.field == nil:
		rt.s.Raise(L, readOnly("'"+string(key)+"' of "+article(c.name), ""))
	case !m.field.Writable:
		rt.s.Raise(L, readOnly("'"+string(key)+"' of "+article(c.name), m.field.Change))
	}
	if fn := ud.Value.(tagged).halt(); fn != "" {
		rt.s.Raise(L, haltedError(fn, "assigning to '"+string(key)+"'"))
	}
	to := rt.enter(L, nil, nil)
	to.field = string(key)
	m.field.Go.(access).set(value{to, L.Get(3), &m.field.Type}, ud.Value)
	to.field = ""
	rt.leave(to)
	return 0
}

// readOnly returns the error about assigning to what, with a hint at how it changes.
func readOnly(what, hint string) error {
	if hint != "" {
		hint = "; " + hint
	}
	return fmt.Errorf("%s cannot be assigned to%s", what, hint)
}

func article(noun string) string {
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}
