// Results: from Go values to Lua values, exact ones.

package bindings

import (
	"fmt"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

// Numbers below smallLimit are boxed once for all runtimes, so reading a control register does not
// allocate.
const (
	smallPage  = 256
	smallLimit = 0x4000
)

var smallNumbers [smallLimit / smallPage]atomic.Pointer[[smallPage]lua.LValue]

// u64 returns v as scripts see it.
func (rt *runtime) u64(v uint64) lua.LValue {
	if v < smallLimit {
		page := smallNumbers[v/smallPage].Load()
		if page == nil {
			page = makePage(v / smallPage)
		}
		return page[v%smallPage]
	}
	if v < 1<<53 {
		return lua.LNumber(v)
	}
	return rt.s.U64(v)
}

func makePage(n uint64) *[smallPage]lua.LValue {
	page := new([smallPage]lua.LValue)
	for i := range page {
		page[i] = lua.LNumber(n*smallPage + uint64(i))
	}
	smallNumbers[n].Store(page)
	return page
}

func (rt *runtime) int(n int) lua.LValue {
	if n >= 0 {
		return rt.u64(uint64(n))
	}
	return lua.LNumber(n)
}

// text returns a string that the script is charged for.
func (rt *runtime) text(s string) lua.LValue {
	rt.s.Charge(int64(len(s)) + 16)
	return lua.LString(s)
}

// list returns a table 1..n of items.
func list[T any](rt *runtime, m *machine, items []T, show shows[T]) *lua.LTable {
	rt.s.Charge(int64(len(items))*32 + 64)
	t := rt.L.CreateTable(len(items), 0)
	for i, x := range items {
		t.RawSetInt(i+1, show(rt, m, x))
	}
	return t
}

// A shows converts a V, which may belong to m, to a Lua value.
type shows[V any] func(rt *runtime, m *machine, v V) lua.LValue

func showBool(_ *runtime, _ *machine, v bool) lua.LValue      { return lua.LBool(v) }
func showInt(rt *runtime, _ *machine, v int) lua.LValue       { return rt.int(v) }
func showU64(rt *runtime, _ *machine, v uint64) lua.LValue    { return rt.u64(v) }
func showNumber(_ *runtime, _ *machine, v float64) lua.LValue { return lua.LNumber(v) }
func showText(rt *runtime, _ *machine, v string) lua.LValue   { return rt.text(v) }
func showTask(_ *runtime, m *machine, v *sim.Task) lua.LValue { return find(m, m.tasks, clsTask, v) }
func showEvent(_ *runtime, m *machine, v *sim.Event) lua.LValue {
	return find(m, m.events, clsEvent, v)
}
func showWide(_ *runtime, m *machine, v *sim.Wide) lua.LValue { return find(m, m.wides, clsWide, v) }
func showIrqWork(_ *runtime, m *machine, v *sim.IrqWork) lua.LValue {
	return find(m, m.irqWorks, clsIrqWork, v)
}
func showTimer(_ *runtime, m *machine, v *sim.Timer) lua.LValue {
	return find(m, m.timers, clsTimer, v)
}
func showWork(_ *runtime, m *machine, v *sim.Work) lua.LValue { return find(m, m.works, clsWork, v) }

// showTexts returns nil for a nil slice.
func showTexts(rt *runtime, m *machine, v []string) lua.LValue {
	if v == nil {
		return lua.LNil
	}
	return list(rt, m, v, showText)
}

func showEvents(rt *runtime, m *machine, v []*sim.Event) lua.LValue { return list(rt, m, v, showEvent) }

// showType returns a bp_type as its word, or as a number if it has none.
func showType(rt *runtime, _ *machine, v hwdebug.BPType) lua.LValue {
	if text := typeWords.text(v); text != "" {
		return lua.LString(text)
	}
	return rt.u64(uint64(v))
}

// showAny returns an argument or result of a traced call.
func showAny(rt *runtime, m *machine, v any) lua.LValue {
	switch v := v.(type) {
	case *sim.Event:
		return showEvent(rt, m, v)
	case *sim.Task:
		return showTask(rt, m, v)
	case int64:
		if v < 0 {
			return lua.LNumber(v)
		}
		return rt.u64(uint64(v))
	case uint64:
		return rt.u64(v)
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	}
	return lua.LNil
}

// A kind is the described type of a V, and the conversions between a V and a Lua value.
type kind[V any] struct {
	typ  describe.Type
	show shows[V]
	read func(value) V
}

// kindOf returns the kind of the fields whose Go type is V.
func kindOf[V any]() kind[V] {
	var k any
	switch any((*V)(nil)).(type) {
	case *bool:
		k = kind[bool]{describe.Bool, showBool, value.bool}
	case *int:
		k = kind[int]{describe.Int, showInt, value.int}
	case *uint64:
		k = kind[uint64]{describe.U64, showU64, value.u64}
	case *float64:
		k = kind[float64]{describe.Number, showNumber, value.float}
	case *string:
		k = kind[string]{describe.String, showText, value.string}
	case *hwdebug.BPType:
		k = kind[hwdebug.BPType]{typeOrNumber, showType, value.typ}
	case **sim.Task:
		k = kind[*sim.Task]{describe.Object("task"), showTask, value.task}
	case **sim.Wide:
		k = kind[*sim.Wide]{describe.Object("wide"), showWide, value.wide}
	default:
		panic(fmt.Sprintf("bindings: a field of type %T cannot be described", *new(V)))
	}
	return k.(kind[V])
}

// An access is how the binder reaches a field that is described: of an object, or of a table that a
// script passes (set) or gets (get). holder is the object or a pointer to the Go value of the
// table.
type access struct {
	get func(rt *runtime, m *machine, holder any) lua.LValue
	set func(v value, holder any)
}

// show returns the access of a field that fn converts.
func show[T any](fn shows[T]) access {
	return access{get: func(rt *runtime, m *machine, holder any) lua.LValue {
		switch h := holder.(type) {
		case *object[T]:
			return fn(rt, h.mach, h.val)
		case *T:
			return fn(rt, m, *h)
		}
		return lua.LNil
	}}
}

// get returns the access of a field that read returns. It is show with one call less, for the
// fields that scripts read most.
func get[T, V any](read func(T) V) access {
	conv := kindOf[V]().show
	return access{get: func(rt *runtime, m *machine, holder any) lua.LValue {
		switch h := holder.(type) {
		case *object[T]:
			return conv(rt, h.mach, read(h.val))
		case *T:
			return conv(rt, m, read(*h))
		}
		return lua.LNil
	}}
}

// getIf returns the access of a field that is nil unless read reports true.
func getIf[T, V any](read func(T) (V, bool)) access {
	conv := kindOf[V]().show
	return show(func(rt *runtime, m *machine, x T) lua.LValue {
		v, ok := read(x)
		if !ok {
			return lua.LNil
		}
		return conv(rt, m, v)
	})
}

// getOrRaise returns the access of a field that raises if read fails.
func getOrRaise[T, V any](read func(T) (V, error)) access {
	conv := kindOf[V]().show
	return show(func(rt *runtime, m *machine, x T) lua.LValue {
		v, err := read(x)
		if err != nil {
			rt.s.Raise(rt.s.Current(), err)
		}
		return conv(rt, m, v)
	})
}

// set returns the access of a field that a script passes and fn unpacks.
func set[T any](fn func(v value, to *T)) access {
	return access{set: func(v value, holder any) { fn(v, holder.(*T)) }}
}

// both returns the access of a field that is read in one way and set in another.
func both(read, write access) access { return access{get: read.get, set: write.set} }

// at returns the access of a field that is read and set through a pointer.
func at[T, V any](field func(*T) *V) access {
	k := kindOf[V]()
	ptr := func(holder any) *V {
		if o, ok := holder.(*object[*T]); ok {
			return field(o.val)
		}
		return field(holder.(*T))
	}
	return access{
		get: func(rt *runtime, m *machine, holder any) lua.LValue { return k.show(rt, m, *ptr(holder)) },
		set: func(v value, holder any) { *ptr(holder) = k.read(v) },
	}
}

// An element is how the binder indexes an object by number, and counts what it holds (nil for an
// object without a length).
type element struct {
	at  func(rt *runtime, holder any, n int) (lua.LValue, error)
	len func(holder any) int
}

// elementOf returns the element access that calls at.
func elementOf[T any](at func(rt *runtime, m *machine, x T, n int) (lua.LValue, error)) element {
	e := element{at: func(rt *runtime, holder any, n int) (lua.LValue, error) {
		o, ok := holder.(*object[T])
		if !ok {
			return lua.LNil, nil
		}
		return at(rt, o.mach, o.val, n)
	}}
	if _, ok := any(*new(T)).(interface{ Len() int }); ok {
		e.len = func(holder any) int {
			o, ok := holder.(*object[T])
			if !ok {
				return 0
			}
			return any(o.val).(interface{ Len() int }).Len()
		}
	}
	return e
}
