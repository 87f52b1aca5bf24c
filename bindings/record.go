// Tables of options: their fields read against the description, into a Go struct.

package bindings

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

// A setter reads a value into the struct.
type setter[T any] func(rt *runtime, to *T, v lua.LValue) error

// fillValue makes what reads a table that the record of that name describes.
func fillValue[T any](p *plan, record string) value[Fill[T]] {
	desc := p.records[record]
	if desc == nil {
		panic("bindings: no record '" + record + "'")
	}
	r := &reader[T]{p: p, desc: desc, fields: make(map[string]setter[T], len(desc.Fields)), names: make([]string, len(desc.Fields))}
	for i := range desc.Fields {
		r.fields[desc.Fields[i].Name] = setterOf[T](p, &desc.Fields[i])
		r.names[i] = desc.Fields[i].Name
	}
	return func(rt *runtime, v lua.LValue) (Fill[T], error) {
		t, ok := v.(*lua.LTable)
		if !ok {
			if v == lua.LNil {
				return func(*T) {}, nil
			}
			return nil, expected("table", v)
		}
		at := rt.arg
		return func(to *T) {
			if err := r.fill(rt, t, to); err != nil {
				rt.badArgument(at.L, at.f, at.i, err)
			}
		}, nil
	}
}

// A reader is what is known of one record whose tables are read into a T.
type reader[T any] struct {
	p      *plan
	desc   *describe.Record
	fields map[string]setter[T]
	names  []string // of the fields, in the order of the description
}

// fill writes the fields of t into to.
func (r *reader[T]) fill(rt *runtime, t *lua.LTable, to *T) error {
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		name, ok := k.(lua.LString)
		if !ok {
			return fmt.Errorf("unknown field [%s]; the fields have names: %s", spell(k), strings.Join(r.names, " "))
		}
		set := r.fields[string(name)]
		if set == nil {
			return r.p.noField(r.desc, string(name), r.names)
		}
		if err := set(rt, to, v); err != nil {
			return fmt.Errorf("field '%s': %w", string(name), err)
		}
	}
	if t.Metatable == lua.LNil {
		return nil
	}
	return r.inherit(rt, t, to)
}

// inherit writes the fields that t has from the tables behind it by __index, as libraries of Lua see them too. A function
// there is not called: one that refuses unknown names would refuse a table for what it leaves out.
func (r *reader[T]) inherit(rt *runtime, t *lua.LTable, to *T) error {
	for _, name := range r.names {
		for behind, n := t, 0; behind != nil && n < 100; n++ {
			if v := behind.RawGetString(name); v != lua.LNil {
				if behind == t {
					break
				}
				if err := r.fields[name](rt, to, v); err != nil {
					return fmt.Errorf("field '%s': %w", name, err)
				}
				break
			}
			meta, _ := behind.Metatable.(*lua.LTable)
			if meta == nil {
				break
			}
			behind, _ = meta.RawGetString("__index").(*lua.LTable)
		}
	}
	return nil
}

// noField is the error for a field that the record does not have.
func (p *plan) noField(desc *describe.Record, name string, names []string) error {
	err := unknown("unknown field '%s'", name, names)
	if others := p.holders[name]; len(others) > 0 && !strings.Contains(err.Error(), "did you mean") && strings.HasSuffix(desc.Name, "attr") {
		var calls []string
		for _, o := range others {
			if call := takers[o]; call != "" {
				calls = append(calls, call)
			}
		}
		if len(calls) > 0 {
			err = fmt.Errorf("unknown field '%s'; it is one of %s", name, strings.Join(calls, " and "))
		}
	}
	return err
}

// takers are the calls that take what no other attribute table has.
var takers = map[string]string{
	"perf_event_attr": "perf_event_open", "user_attr": "register_user_hw_breakpoint", "wide_attr": "register_wide_hw_breakpoint",
}

// setterOf makes what sets a field.
func setterOf[T any](p *plan, f *describe.Field) setter[T] {
	switch at := f.Go.(type) {
	case func(*T) *bool:
		return into(valueOf[bool](p, f.Type), at)
	case func(*T) *int:
		return into(valueOf[int](p, f.Type), at)
	case func(*T) *uint64:
		return into(valueOf[uint64](p, f.Type), at)
	case func(*T) *float64:
		return into(valueOf[float64](p, f.Type), at)
	case func(*T) *string:
		return into(valueOf[string](p, f.Type), at)
	case func(*T) *hwdebug.BPType:
		return into(valueOf[hwdebug.BPType](p, f.Type), at)
	case func(*T) *View:
		return into(valueOf[View](p, f.Type), at)
	case func(*T) **sim.Task:
		return into(valueOf[*sim.Task](p, f.Type), at)
	case func(*T) *sim.Handler:
		return into(valueOf[sim.Handler](p, f.Type), at)
	case func(*T) *TaskFunc:
		return into(valueOf[TaskFunc](p, f.Type), at)
	case func(*T, uint64):
		return with(valueOf[uint64](p, f.Type), at)
	case func(*T, int):
		return with(valueOf[int](p, f.Type), at)
	case func(*T, int) error:
		return within(valueOf[int](p, f.Type), at)
	case func(*T, Counts):
		return with(valueOf[Counts](p, f.Type), at)
	}
	panic(fmt.Sprintf("bindings: field '%s' cannot be set: %T", f.Name, f.Go))
}

func into[T, V any](get value[V], at func(*T) *V) setter[T] {
	return func(rt *runtime, to *T, v lua.LValue) error {
		x, err := get(rt, v)
		if err == nil {
			*at(to) = x
		}
		return err
	}
}

func with[T, V any](get value[V], set func(*T, V)) setter[T] {
	return func(rt *runtime, to *T, v lua.LValue) error {
		x, err := get(rt, v)
		if err == nil {
			set(to, x)
		}
		return err
	}
}

// within sets what not every value will do for.
func within[T, V any](get value[V], set func(*T, V) error) setter[T] {
	return func(rt *runtime, to *T, v lua.LValue) error {
		x, err := get(rt, v)
		if err != nil {
			return err
		}
		return set(to, x)
	}
}
