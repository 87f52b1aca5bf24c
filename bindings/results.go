// Results: from what Go functions return to Lua values, exact ones.

package bindings

import (
	"fmt"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

// done is the result of a call that has nothing else to return.
type done struct{}

// maybeText is text that may not be there.
type maybeText struct {
	s  string
	ok bool
}

// maybeCount is a number that may not be there.
type maybeCount struct {
	n  uint64
	ok bool
}

// A result pushes what a Go function returned and says how many values that are.
type result[V any] func(rt *runtime, m *machine, L *lua.LState, v V) int

// Small numbers are boxed once for all runtimes: reading a control register then allocates nothing.
const (
	smallPage  = 256
	smallLimit = 0x4000
)

var smallNumbers [smallLimit / smallPage]atomic.Pointer[[smallPage]lua.LValue]

// u64 is v as a script sees it.
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

// text charges for a string that the script gets.
func (rt *runtime) text(s string) lua.LValue {
	rt.s.Charge(int64(len(s)) + 16)
	return lua.LString(s)
}

func (rt *runtime) texts(list []string) *lua.LTable {
	n := int64(0)
	for _, s := range list {
		n += int64(len(s)) + 48
	}
	rt.s.Charge(n)
	t := rt.L.CreateTable(len(list), 0)
	for i, s := range list {
		t.RawSetInt(i+1, lua.LString(s))
	}
	return t
}

func list[T any](rt *runtime, items []T, value func(T) lua.LValue) *lua.LTable {
	rt.s.Charge(int64(len(items))*32 + 64)
	t := rt.L.CreateTable(len(items), 0)
	for i, x := range items {
		t.RawSetInt(i+1, value(x))
	}
	return t
}

// valueResult makes a result of one value.
func valueResult[V any](value func(rt *runtime, m *machine, v V) lua.LValue) result[V] {
	return func(rt *runtime, m *machine, L *lua.LState, v V) int {
		L.Push(value(rt, m, v))
		return 1
	}
}

// resultOf makes what pushes a V.
func resultOf[V any]() result[V] {
	var zero *V
	var out any
	switch any(zero).(type) {
	case *done:
		out = result[done](func(_ *runtime, _ *machine, L *lua.LState, _ done) int {
			L.Push(lua.LTrue)
			return 1
		})
	case *bool:
		out = valueResult(func(_ *runtime, _ *machine, v bool) lua.LValue { return lua.LBool(v) })
	case *int:
		out = valueResult(func(rt *runtime, _ *machine, v int) lua.LValue { return rt.int(v) })
	case *uint64:
		out = valueResult(func(rt *runtime, _ *machine, v uint64) lua.LValue { return rt.u64(v) })
	case *string:
		out = valueResult(func(rt *runtime, _ *machine, v string) lua.LValue { return rt.text(v) })
	case *maybeText:
		out = valueResult(func(rt *runtime, _ *machine, v maybeText) lua.LValue {
			if !v.ok {
				return lua.LNil
			}
			return rt.text(v.s)
		})
	case *maybeCount:
		out = valueResult(func(rt *runtime, _ *machine, v maybeCount) lua.LValue {
			if !v.ok {
				return lua.LNil
			}
			return rt.u64(v.n)
		})
	case *[]string:
		out = valueResult(func(rt *runtime, _ *machine, v []string) lua.LValue {
			if v == nil {
				return lua.LNil
			}
			return rt.texts(v)
		})
	case **sim.Task:
		out = valueResult(func(_ *runtime, m *machine, v *sim.Task) lua.LValue { return m.task(v) })
	case **sim.Event:
		out = valueResult(func(_ *runtime, m *machine, v *sim.Event) lua.LValue { return m.event(v) })
	case **sim.Wide:
		out = valueResult(func(_ *runtime, m *machine, v *sim.Wide) lua.LValue { return m.wide(v) })
	case **sim.Work:
		out = valueResult(func(_ *runtime, m *machine, v *sim.Work) lua.LValue { return m.work(v) })
	case **hwdebug.Error:
		out = valueResult(func(_ *runtime, m *machine, v *hwdebug.Error) lua.LValue { return m.refusal(v) })
	case *[]*sim.Task:
		out = valueResult(func(rt *runtime, m *machine, v []*sim.Task) lua.LValue { return list(rt, v, m.task) })
	case *[]*sim.Event:
		out = valueResult(func(rt *runtime, m *machine, v []*sim.Event) lua.LValue { return list(rt, v, m.event) })
	case *[]*sim.Work:
		out = valueResult(func(rt *runtime, m *machine, v []*sim.Work) lua.LValue { return list(rt, v, m.work) })
	case *Each[*sim.CPU]:
		out = valueResult(func(rt *runtime, m *machine, v Each[*sim.CPU]) lua.LValue {
			next := 0
			return rt.L.NewFunction(func(L *lua.LState) int {
				if next >= len(v) {
					L.Push(lua.LNil)
					return 1
				}
				next++
				L.Push(m.cpuValue(v[next-1]))
				return 1
			})
		})
	case *Slots:
		out = valueResult(slotsTable)
	case *[]Record:
		out = valueResult(func(rt *runtime, m *machine, v []Record) lua.LValue {
			return list(rt, v, func(r Record) lua.LValue { return recordTable(rt, m, r) })
		})
	case *Entry:
		out = result[Entry](func(rt *runtime, _ *machine, L *lua.LState, e Entry) int {
			L.Push(rt.u64(e.Addr))
			L.Push(rt.u64(uint64(e.Ctrl)))
			return 2
		})
	case *Ctrl:
		out = valueResult(ctrlTable)
	default:
		panic(fmt.Sprintf("bindings: a result of type %T cannot be shown", *zero))
	}
	return out.(result[V])
}

// slotsTable is what m:slots returns.
func slotsTable(rt *runtime, m *machine, s Slots) lua.LValue {
	one := func(u sim.SlotUse) lua.LValue {
		t := rt.L.CreateTable(0, 2)
		t.RawSetString("bp", useTable(rt, m, u.BP))
		t.RawSetString("wp", useTable(rt, m, u.WP))
		return t
	}
	if s.One {
		return one(s.Use[0])
	}
	t := rt.L.CreateTable(len(s.Use), 1)
	for i, u := range s.Use {
		t.RawSetInt(i, one(u))
	}
	return t
}

func useTable(rt *runtime, m *machine, u sim.Use) lua.LValue {
	rt.s.Charge(512)
	t := rt.L.CreateTable(0, 5)
	t.RawSetString("limit", rt.int(u.Limit))
	t.RawSetString("usable", rt.int(u.Usable))
	t.RawSetString("cpu_pinned", rt.int(u.CPUPinned))
	t.RawSetString("task_pinned", rt.int(u.TaskPinned))
	on := rt.L.CreateTable(len(u.OnReg), 1)
	for slot, ev := range u.OnReg {
		if ev != nil {
			on.RawSetInt(slot, m.event(ev))
		}
	}
	t.RawSetString("on_reg", on)
	return t
}

// recordTable is one record of m:trace.
func recordTable(rt *runtime, m *machine, r Record) lua.LValue {
	rt.s.Charge(768 + int64(len(r.Text)))
	rt.s.Steps(1)
	t := rt.L.CreateTable(0, 9)
	t.RawSetString("fn", lua.LString(r.Fn))
	t.RawSetString("cpu", rt.int(r.CPU))
	t.RawSetString("t", lua.LNumber(r.T))
	t.RawSetString("pid", rt.int(r.PID))
	t.RawSetString("comm", lua.LString(r.Comm))
	t.RawSetString("depth", rt.int(r.Depth))
	t.RawSetString("text", lua.LString(r.Text))
	args := rt.L.CreateTable(len(r.Args), 0)
	for i, a := range r.Args {
		args.RawSetInt(i+1, rt.any(m, a))
	}
	t.RawSetString("args", args)
	if r.Ret != nil {
		t.RawSetString("ret", rt.any(m, r.Ret))
	}
	return t
}

// any is a value of the trace.
func (rt *runtime) any(m *machine, v any) lua.LValue {
	switch v := v.(type) {
	case *sim.Event:
		return m.event(v)
	case *sim.Task:
		return m.task(v)
	case int64:
		if v >= 0 {
			return rt.u64(uint64(v))
		}
		return lua.LNumber(v)
	case int:
		return rt.int(v)
	case uint64:
		return rt.u64(v)
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	}
	return lua.LNil
}

// ctrlTable is what hw.ctrl.decode returns.
func ctrlTable(rt *runtime, _ *machine, c Ctrl) lua.LValue {
	rt.s.Charge(512)
	t := rt.L.CreateTable(0, 7)
	t.RawSetString("type", lua.LString(c.Type))
	t.RawSetString("bas", rt.u64(c.BAS))
	t.RawSetString("privilege", lua.LString(c.Privilege))
	t.RawSetString("enabled", lua.LBool(c.Enabled))
	t.RawSetString("hmc", lua.LBool(c.HMC))
	if c.Regular {
		t.RawSetString("len", rt.int(c.Len))
		t.RawSetString("offset", rt.int(c.Offset))
	}
	return t
}

// A getter gives a field of an object.
type getter = func(rt *runtime, L *lua.LState, ud *lua.LUserData) lua.LValue

func get[R, V any](read func(R) V, value func(rt *runtime, m *machine, v V) lua.LValue) getter {
	return func(rt *runtime, L *lua.LState, ud *lua.LUserData) lua.LValue {
		o, ok := ud.Value.(*object[R])
		if !ok {
			return lua.LNil
		}
		return value(rt, o.mach, read(o.val))
	}
}

func asInt(rt *runtime, _ *machine, v int) lua.LValue       { return rt.int(v) }
func asU64(rt *runtime, _ *machine, v uint64) lua.LValue    { return rt.u64(v) }
func asBool(_ *runtime, _ *machine, v bool) lua.LValue      { return lua.LBool(v) }
func asText(rt *runtime, _ *machine, v string) lua.LValue   { return rt.text(v) }
func asNumber(_ *runtime, _ *machine, v float64) lua.LValue { return lua.LNumber(v) }
func asTask(_ *runtime, m *machine, v *sim.Task) lua.LValue { return m.task(v) }

// getter binds a field by the type of what reads it.
func (p *plan) getter(f *describe.Field) getter {
	switch read := f.Go.(type) {
	case func(mac) int:
		return get(read, asInt)
	case func(mac) float64:
		return get(read, asNumber)
	case func(mac) uint64:
		return get(read, asU64)
	case func(mac) string:
		return get(read, asText)
	case func(mac) tsk:
		return get(read, asTask)
	case func(mac) CPUs:
		return get(read, func(_ *runtime, m *machine, v CPUs) lua.LValue { return m.cpusValue(v) })
	case func(cpu) int:
		return get(read, asInt)
	case func(cpu) bool:
		return get(read, asBool)
	case func(cpu) uint64:
		return get(read, asU64)
	case func(cpu) tsk:
		return get(read, asTask)
	case func(cpu) (uint64, error):
		return func(rt *runtime, L *lua.LState, ud *lua.LUserData) lua.LValue {
			o, ok := ud.Value.(*object[cpu])
			if !ok {
				return lua.LNil
			}
			v, err := read(o.val)
			if err != nil {
				rt.s.Raise(L, err)
			}
			return rt.u64(v)
		}
	case func(cpu) Bank:
		return get(read, func(_ *runtime, m *machine, v Bank) lua.LValue { return m.bank(v) })
	case func(cpu) OnReg:
		return get(read, func(_ *runtime, m *machine, v OnReg) lua.LValue { return m.onReg(v) })
	case func(tsk) int:
		return get(read, asInt)
	case func(tsk) string:
		return get(read, asText)
	case func(tsk) bool:
		return get(read, asBool)
	case func(tsk) *sim.Siginfo:
		return get(read, func(rt *runtime, _ *machine, s *sim.Siginfo) lua.LValue {
			if s == nil {
				return lua.LNil
			}
			rt.s.Charge(256)
			t := rt.L.CreateTable(0, 4)
			t.RawSetString("code", rt.int(s.Code))
			t.RawSetString("code_name", lua.LString(s.CodeName()))
			t.RawSetString("addr", rt.u64(s.Addr))
			t.RawSetString("errno", rt.int(s.Errno))
			return t
		})
	case func(evt) int:
		return get(read, asInt)
	case func(evt) uint64:
		return get(read, asU64)
	case func(evt) string:
		return get(read, asText)
	case func(evt) bool:
		return get(read, asBool)
	case func(evt) hwdebug.BPType:
		return get(read, func(rt *runtime, _ *machine, t hwdebug.BPType) lua.LValue { return rt.bpType(t) })
	case func(evt) tsk:
		return get(read, asTask)
	case func(evt) wid:
		return get(read, func(_ *runtime, m *machine, w wid) lua.LValue { return m.wide(w) })
	case func(evt) hwdebug.Attr:
		return get(read, func(_ *runtime, m *machine, a hwdebug.Attr) lua.LValue { return m.attrTable(a) })
	case func(evt) (string, bool):
		return func(_ *runtime, _ *lua.LState, ud *lua.LUserData) lua.LValue {
			if o, ok := ud.Value.(*object[evt]); ok {
				if s, ok := read(o.val); ok {
					return lua.LString(s)
				}
			}
			return lua.LNil
		}
	case func(evt) (int, bool):
		return func(rt *runtime, _ *lua.LState, ud *lua.LUserData) lua.LValue {
			if o, ok := ud.Value.(*object[evt]); ok {
				if n, ok := read(o.val); ok {
					return rt.int(n)
				}
			}
			return lua.LNil
		}
	case func(wid) int:
		return get(read, asInt)
	case func(wid) bool:
		return get(read, asBool)
	case func(*sim.Hit) int:
		return get(read, asInt)
	case func(*sim.Hit) uint64:
		return get(read, asU64)
	case func(*sim.Hit) string:
		return get(read, asText)
	case func(*sim.Hit) tsk:
		return get(read, asTask)
	case func(*sim.Hit) *bool:
		return get(func(h *sim.Hit) bool { return *read(h) }, asBool)
	case func(*hwdebug.Error) string:
		return get(read, asText)
	case func(*hwdebug.Error) []hwdebug.Holder:
		return get(read, func(rt *runtime, m *machine, v []hwdebug.Holder) lua.LValue {
			return list(rt, v, func(h hwdebug.Holder) lua.LValue { return m.event(m.m.EventByID(h.ID)) })
		})
	case func(wrk) string:
		return get(read, asText)
	case func(wrk) bool:
		return get(read, asBool)
	case func(wrk) int:
		return get(read, asInt)
	}
	panic(fmt.Sprintf("bindings: field '%s' cannot be read: %T", f.Name, f.Go))
}

// assignField sets a field that scripts may write.
func assignField(at any, ud *lua.LUserData, v lua.LValue) error {
	if at, ok := at.(func(*sim.Hit) *bool); ok {
		if o, ok := ud.Value.(*object[*sim.Hit]); ok {
			b, err := boolValue(nil, v)
			if err == nil {
				*at(o.val) = b
			}
			return err
		}
	}
	return fmt.Errorf("it cannot be assigned to")
}

// element binds what obj[n] gives, and #obj.
func element(at any) (func(rt *runtime, L *lua.LState, ud *lua.LUserData, n int) lua.LValue, func(ud *lua.LUserData) int) {
	switch at := at.(type) {
	case func(CPUs, int) *sim.CPU:
		return func(rt *runtime, L *lua.LState, ud *lua.LUserData, n int) lua.LValue {
				o, ok := ud.Value.(*object[CPUs])
				if !ok {
					return lua.LNil
				}
				c := at(o.val, n)
				if c == nil {
					rt.s.Raise(L, fmt.Errorf("the machine has no CPU %d; its CPUs are 0 to %d", n, o.val.Machine.NrCPUs()-1))
				}
				return o.mach.cpuValue(c)
			}, func(ud *lua.LUserData) int {
				o, ok := ud.Value.(*object[CPUs])
				if !ok {
					return 0
				}
				return o.val.Machine.NrCPUs()
			}
	case func(Bank, int) (uint64, error):
		return func(rt *runtime, L *lua.LState, ud *lua.LUserData, n int) lua.LValue {
				o, ok := ud.Value.(*object[Bank])
				if !ok {
					return lua.LNil
				}
				v, err := at(o.val, n)
				if err != nil {
					rt.s.Raise(L, err)
				}
				return rt.u64(v)
			}, func(ud *lua.LUserData) int {
				o, ok := ud.Value.(*object[Bank])
				if !ok {
					return 0
				}
				return o.val.Len()
			}
	case func(OnReg, int) (*sim.Event, error):
		return func(rt *runtime, L *lua.LState, ud *lua.LUserData, n int) lua.LValue {
				o, ok := ud.Value.(*object[OnReg])
				if !ok {
					return lua.LNil
				}
				ev, err := at(o.val, n)
				if err != nil {
					rt.s.Raise(L, err)
				}
				return o.mach.event(ev)
			}, func(ud *lua.LUserData) int {
				o, ok := ud.Value.(*object[OnReg])
				if !ok {
					return 0
				}
				return o.val.Len()
			}
	case func(*sim.Wide, int) *sim.Event:
		return func(_ *runtime, _ *lua.LState, ud *lua.LUserData, n int) lua.LValue {
			o, ok := ud.Value.(*object[wid])
			if !ok {
				return lua.LNil
			}
			return o.mach.event(at(o.val, n))
		}, nil
	}
	panic(fmt.Sprintf("bindings: an index of type %T cannot be bound", at))
}
