// Tables with known fields, as their description has them: those that scripts pass, and those that
// they get.

package bindings

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A recordPlan is a described table, ready to be read and made.
type recordPlan struct {
	desc   *describe.Record
	fields map[string]*describe.Field
	names  []string // of the fields, in the order of the description
}

func newRecordPlan(desc *describe.Record) *recordPlan {
	r := &recordPlan{desc: desc, fields: make(map[string]*describe.Field, len(desc.Fields))}
	for i := range desc.Fields {
		f := &desc.Fields[i]
		r.fields[f.Name] = f
		r.names = append(r.names, f.Name)
	}
	return r
}

// table returns a new table with the fields of a record, of the Go value that from points to. It
// leaves out fields that are nil.
func (rt *runtime) table(m *machine, record string, from any) lua.LValue {
	r := rt.plan.records[record]
	rt.s.Charge(64 * int64(len(r.names)+2))
	t := rt.L.CreateTable(0, len(r.names))
	for i := range r.desc.Fields {
		f := &r.desc.Fields[i]
		if v := f.Go.(access).get(rt, m, from); v != lua.LNil {
			t.RawSetString(f.Name, v)
		}
	}
	return t
}

// fill writes the fields of table argument i into the struct that to points to, which holds the defaults.
func (c *call) fill(i int, to any) { c.arg(i).fill(to) }

// fill does so for a table that may be a field of another.
func (v value) fill(to any) {
	c, outer := v.c, v.c.field
	defer func() { c.field = outer }()
	t, ok := v.v.(*lua.LTable)
	if !ok {
		if v.v != lua.LNil {
			v.wrong()
		}
		return
	}
	r := c.rt.plan.records[v.t.Name]
	for k, e := t.Next(lua.LNil); k != lua.LNil; k, e = t.Next(k) {
		name, ok := k.(lua.LString)
		if !ok {
			known := strings.Join(r.names, " ")
			c.bad(fmt.Errorf("unknown field [%s]; the fields have names: %s", spell(k), known))
		}
		if r.fields[string(name)] == nil {
			c.bad(c.rt.plan.noField(r, string(name)))
		}
		c.set(r, string(name), e, to)
	}
	if t.Metatable != lua.LNil {
		c.inherit(r, t, to)
	}
}

// set writes one field.
func (c *call) set(r *recordPlan, name string, v lua.LValue, to any) {
	f := r.fields[name]
	c.field = name
	f.Go.(access).set(value{c, v, &f.Type}, to)
	c.field = ""
}

// inherit writes the fields that t has from the tables behind it by __index. A function there is
// not called: one that refuses unknown names would refuse a table for what it leaves out.
func (c *call) inherit(r *recordPlan, t *lua.LTable, to any) {
	for _, name := range r.names {
		if t.RawGetString(name) != lua.LNil {
			continue
		}
		behind := t
		for range 100 {
			meta, _ := behind.Metatable.(*lua.LTable)
			if meta == nil {
				break
			}
			if behind, _ = meta.RawGetString("__index").(*lua.LTable); behind == nil {
				break
			}
			if v := behind.RawGetString(name); v != lua.LNil {
				c.set(r, name, v, to)
				break
			}
		}
	}
}

// noField returns the error about a field that a record does not have. It suggests the nearest
// field, else the calls whose attributes have that field.
func (p *plan) noField(r *recordPlan, name string) error {
	err := unknown("unknown field '%s'", name, r.names)
	if phrase.Suggest(name, r.names) != "" || !strings.HasSuffix(r.desc.Name, "attr") {
		return err
	}
	var calls []string
	for _, f := range p.classes[clsMachine].functions {
		for _, param := range f.desc.Params {
			o := p.records[param.Type.Name]
			if o != nil && strings.HasSuffix(o.desc.Name, "attr") && o.fields[name] != nil {
				calls = append(calls, f.desc.Name)
			}
		}
	}
	if len(calls) == 0 {
		return err
	}
	last := len(calls) - 1
	if last > 0 {
		calls = []string{strings.Join(calls[:last], ", "), calls[last]}
	}
	return fmt.Errorf("%w; it is a field of %s", err, strings.Join(calls, " and "))
}
