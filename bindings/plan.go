// The plan: every described function, field and table with the helper that binds it, made once per process.

package bindings

import (
	"fmt"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/describe"
)

// A native is a Lua function that knows its runtime.
type native func(rt *runtime, L *lua.LState) int

// A function is a described function and what does it.
type function struct {
	desc  *describe.Func
	class string // whose method it is, "" for a function of a module
	short string // what examples call an object of that class
	base  int    // stack index of the first argument
	call  native
}

// A member is a field or a method of a class.
type member struct {
	get    func(rt *runtime, L *lua.LState, ud *lua.LUserData) lua.LValue // nil for a method
	method int
	field  *describe.Field
}

// A classPlan is a class, ready to be indexed.
type classPlan struct {
	id        int
	name      string
	desc      *describe.Class
	known     map[string]*member
	names     []string
	functions []*function
	element   func(rt *runtime, L *lua.LState, ud *lua.LUserData, n int) lua.LValue
	length    func(ud *lua.LUserData) int
}

// A modulePlan is a module's functions and values.
type modulePlan struct {
	name      string
	functions []*function
	values    []valuePlan
	modules   []modulePlan
	names     []string
}

type valuePlan struct {
	name string
	make func(rt *runtime) lua.LValue
}

type plan struct {
	hw      modulePlan
	classes [numClasses]classPlan
	records map[string]*describe.Record
	holders map[string][]string // the records that have a field of that name
}

var (
	planOnce sync.Once
	planMade *plan
)

func thePlan() *plan {
	planOnce.Do(func() { planMade = makePlan() })
	return planMade
}

func makePlan() *plan {
	p := &plan{records: map[string]*describe.Record{}, holders: map[string][]string{}}
	for i := range hardware.Records {
		r := &hardware.Records[i]
		p.records[r.Name] = r
		for j := range r.Fields {
			if !r.Out {
				name := r.Fields[j].Name
				p.holders[name] = append(p.holders[name], r.Name)
			}
		}
	}
	p.hw = p.module(&hardware)
	if len(hardware.Classes) != numClasses {
		panic("bindings: the description has other classes than this package")
	}
	for i := range hardware.Classes {
		p.classes[i].id = i
		p.class(&p.classes[i], &hardware.Classes[i])
	}
	return p
}

func (p *plan) module(m *describe.Module) modulePlan {
	out := modulePlan{name: m.Name}
	for i := range m.Funcs {
		f := &function{desc: &m.Funcs[i], base: 1}
		if do := natives[m.Name+"."+f.desc.Name]; do != nil {
			f.call = func(rt *runtime, L *lua.LState) int { return do(rt, L, f) }
		} else {
			f.call = p.bind(f)
		}
		out.functions = append(out.functions, f)
		out.names = append(out.names, f.desc.Name)
	}
	for i := range m.Fields {
		out.values = append(out.values, valuePlan{m.Fields[i].Name, moduleValues[m.Fields[i].Name]})
		out.names = append(out.names, m.Fields[i].Name)
	}
	for i := range m.Modules {
		out.modules = append(out.modules, p.module(&m.Modules[i]))
		out.names = append(out.names, m.Modules[i].Name)
	}
	return out
}

var shorts = map[string]string{"machine": "m", "cpu": "cpu", "task": "t", "event": "ev"}

func (p *plan) class(c *classPlan, desc *describe.Class) {
	c.name, c.desc = desc.Name, desc
	c.known = make(map[string]*member, len(desc.Fields)+len(desc.Methods))
	for i := range desc.Fields {
		f := &desc.Fields[i]
		c.known[f.Name] = &member{get: p.getter(f), field: f}
		c.names = append(c.names, f.Name)
	}
	for i := range desc.Methods {
		f := &function{desc: &desc.Methods[i], class: desc.Name, short: shorts[desc.Name], base: 2}
		f.call = p.bind(f)
		c.known[f.desc.Name] = &member{method: i}
		c.functions = append(c.functions, f)
		c.names = append(c.names, f.desc.Name)
	}
	if desc.Index != nil {
		c.element, c.length = element(desc.Index.Go)
	}
}

// index is __index of a class: a field, a method, or what obj[n] gives.
func (c *classPlan) index(rt *runtime, L *lua.LState) int {
	ud, ok := L.Get(1).(*lua.LUserData)
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	switch key := L.Get(2).(type) {
	case lua.LString:
		m := c.known[string(key)]
		switch {
		case m == nil:
			rt.s.Raise(L, unknown(c.name+" has no field or method '%s'", string(key), c.names))
		case m.get != nil:
			L.Push(m.get(rt, L, ud))
		default:
			fn := rt.classes[c.id].methods[m.method]
			if fn == nil {
				fn = rt.function(c.functions[m.method])
				rt.classes[c.id].methods[m.method] = fn
			}
			L.Push(fn)
		}
		return 1
	case lua.LNumber:
		if c.element != nil {
			n := int(key)
			if lua.LNumber(n) != key {
				rt.s.Raise(L, fmt.Errorf("%s is indexed by whole numbers, got %s", objectText(ud), key.String()))
			}
			L.Push(c.element(rt, L, ud, n))
			return 1
		}
	}
	rt.s.Raise(L, fmt.Errorf("%s cannot be indexed by a %s", c.name, typeName(L.Get(2))))
	return 0
}

// assign is __newindex of a class.
func (c *classPlan) assign(rt *runtime, L *lua.LState) int {
	key, ok := L.Get(2).(lua.LString)
	ud, isObject := L.Get(1).(*lua.LUserData)
	if !ok || !isObject {
		hint := ""
		if x := c.desc.Index; x != nil && x.Write != "" {
			hint = "; " + x.Write
		}
		rt.s.Raise(L, fmt.Errorf("%s cannot be assigned to%s", c.name, hint))
	}
	m := c.known[string(key)]
	switch {
	case m == nil:
		rt.s.Raise(L, unknown(c.name+" has no field '%s'", string(key), c.names))
	case m.field == nil || !m.field.Writable:
		hint := ""
		if m.field != nil && m.field.Change != "" {
			hint = "; " + m.field.Change
		}
		rt.s.Raise(L, fmt.Errorf("'%s' of %s cannot be assigned to%s", string(key), article(c.name), hint))
	}
	if err := assignField(m.field.Go, ud, L.Get(3)); err != nil {
		rt.s.Raise(L, fmt.Errorf("field '%s': %w", string(key), err))
	}
	return 0
}

func article(noun string) string {
	if noun != "" {
		switch noun[0] {
		case 'a', 'e', 'i', 'o', 'u':
			return "an " + noun
		}
	}
	return "a " + noun
}
