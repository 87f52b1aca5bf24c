// Tables and functions of Lua that Go holds.

package vm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"weak"

	lua "github.com/yuin/gopher-lua"
)

// A handle refers to a Lua value from Go. It belongs to one runtime, and in a pool to one run.
type handle struct {
	rt    *Runtime
	value lua.LValue
	life  uint64
}

// live reports whether the handle's runtime still serves the run that the value comes from.
func (h *handle) live() bool { return h.rt != nil && h.life == h.rt.life.Load() }

// in returns the value if it belongs to rt. what names its type in the error.
func (h *handle) in(rt *Runtime, what string) (lua.LValue, error) {
	if h.rt != rt || !h.live() {
		return nil, fmt.Errorf("the %s belongs to another runtime, or to a run that has ended", what)
	}
	return h.value, nil
}

// handles are the values that Go holds, which count as reachable.
type handles struct {
	all    []weak.Pointer[handle]
	tidyAt int
}

// add keeps h's value reachable as long as Go holds h. It drops the handles that Go has dropped
// when they have doubled.
func (hs *handles) add(h *handle) {
	if len(hs.all) > max(hs.tidyAt, 256) {
		hs.each(func(lua.LValue) {})
		hs.tidyAt = 2 * len(hs.all)
	}
	hs.all = append(hs.all, weak.Make(h))
}

func (hs *handles) each(yield func(lua.LValue)) {
	hs.all = slices.DeleteFunc(hs.all, func(p weak.Pointer[handle]) bool {
		h := p.Value()
		if h != nil {
			yield(h.value)
		}
		return h == nil
	})
}

// A Table is a Lua table that Go holds. It belongs to one runtime; use it only while no program
// runs there, or in a function that the program called. A table that Pool.Run returned is a copy
// that belongs to no runtime: any goroutine may read it, and none can write it. A table of an
// earlier run of a pool that a Go function kept is empty.
type Table struct {
	handle
	copy *tableCopy // of a Table that belongs to no runtime
}

// A Function is a Lua function that Go holds. It belongs to one runtime.
type Function struct {
	handle
	err error // why Load failed
}

func (rt *Runtime) tableHandle(t *lua.LTable) *Table {
	h := &Table{handle: handle{rt, t, rt.life.Load()}}
	rt.handles.add(&h.handle)
	return h
}

func (rt *Runtime) functionHandle(fn *lua.LFunction) *Function {
	h := &Function{handle: handle{rt, fn, rt.life.Load()}}
	rt.handles.add(&h.handle)
	return h
}

// fn returns the Lua function, or nil if Load failed.
func (f *Function) fn() *lua.LFunction {
	fn, _ := f.value.(*lua.LFunction)
	return fn
}

// String returns "function".
func (f *Function) String() string { return "function" }

// Call calls the function as Runtime.Call does.
func (f *Function) Call(ctx context.Context, args ...any) ([]any, error) {
	if f == nil || f.rt == nil {
		return nil, errors.New("vm: Call of no function")
	}
	return f.rt.Call(ctx, f, args...)
}

// Defined returns where the function is written: its program and its first and last lines. The
// lines are 0 for a function that is not written in Lua.
func (f *Function) Defined() (script string, first, last int) {
	if f == nil || f.fn() == nil || f.fn().IsG || f.fn().Proto == nil {
		return "", 0, 0
	}
	p := f.fn().Proto
	return p.SourceName, p.LineDefined, p.LastLineDefined
}

// copied returns the copy that t is, or an empty one.
func (t *Table) copied() *tableCopy {
	if t == nil || t.copy == nil {
		return new(tableCopy)
	}
	return t.copy
}

// lua returns the Lua table, or nil if it is gone.
func (t *Table) lua() *lua.LTable {
	if t == nil || !t.live() {
		return nil
	}
	return t.value.(*lua.LTable)
}

// String returns "table": the address by which Lua prints a table means nothing to Go. Format
// prints what is in it.
func (t *Table) String() string { return "table" }

// Len returns the number of items, as # does in Lua, without metamethods.
func (t *Table) Len() int {
	if lt := t.lua(); lt != nil {
		return lt.Len()
	}
	return t.copied().n
}

// Get reads a field, without metamethods. It returns nil for a key that no table can have.
func (t *Table) Get(key any) (value any) {
	lt := t.lua()
	if lt == nil {
		return t.copied().get(key)
	}
	if k, ok := t.rt.keyOf(key); ok {
		return t.rt.toGo(lt.RawGet(k))
	}
	return nil
}

// keyOf converts a key that a table may have. Unlike toLua it makes no value, so that reading costs
// a script none of its limits and is possible when they are used up.
func (rt *Runtime) keyOf(key any) (k lua.LValue, ok bool) {
	if plain, ok := plainKey(key); ok {
		switch x := plain.(type) {
		case bool:
			return lua.LBool(x), true
		case string:
			return lua.LString(x), true
		case float64:
			return lua.LNumber(x), true
		case uint64:
			ud, ok := rt.u64s.values[x]
			return ud, ok
		}
	}
	err := rt.guard(func() (err error) {
		k, err = rt.toLua(key)
		return err
	})
	return k, err == nil && k != nil
}

// Set writes a field, without metamethods.
func (t *Table) Set(key, value any) error {
	lt := t.lua()
	if lt == nil {
		return errors.New("vm: Set of a table that belongs to no runtime, or to a run that has ended")
	}
	return t.rt.guard(func() error {
		k, err := t.rt.toLua(key)
		if err != nil {
			return err
		}
		v, err := t.rt.toLua(value)
		if err != nil {
			return err
		}
		if err := checkKey(k); err != nil {
			return fmt.Errorf("vm: %w", err)
		}
		t.rt.chargeSet(lt, k, v)
		lt.RawSet(k, v)
		return nil
	})
}

// checkKey returns an error if a table cannot have the key k.
func checkKey(k lua.LValue) error {
	if k == lua.LNil {
		return errors.New("table index is nil")
	}
	if n, ok := k.(lua.LNumber); ok && n != n {
		return errors.New("table index is NaN")
	}
	return nil
}

// All iterates over the table in Lua's order.
func (t *Table) All() iter.Seq2[any, any] {
	return func(yield func(k, v any) bool) {
		lt := t.lua()
		if lt == nil {
			t.copied().all(yield)
			return
		}
		for k, v := lt.Next(lua.LNil); k != lua.LNil; k, v = lt.Next(k) {
			if !yield(t.rt.toGo(k), t.rt.toGo(v)) {
				return
			}
		}
	}
}
