// Binding: from the signature of a described Go function to a Lua function. The cases of bind are the signatures
// that the description uses; a new one is one line.

package bindings

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

type (
	mac = *sim.Machine
	cpu = *sim.CPU
	tsk = *sim.Task
	evt = *sim.Event
	wid = *sim.Wide
	wrk = *sim.Work

	fillAttr = Fill[Attr]
)

// bind makes what calls f's Go function.
func (p *plan) bind(f *function) native {
	switch do := f.desc.Go.(type) {
	// hw
	case func(Fill[sim.Config]) (*sim.Machine, error):
		return p.bindMachine(f, do)
	case func(uint64, string) (string, error):
		return plain2(p, f, do)
	case func(Fill[CtrlFields]) (uint64, error):
		return plain1(p, f, do)
	case func(Word) Ctrl:
		return plain1(p, f, func(w Word) (Ctrl, error) { return do(w), nil })

	// machines
	case func(mac) Each[cpu]:
		return method0(p, f, func(m mac) (Each[cpu], error) { return do(m), nil })
	case func(mac) []tsk:
		return method0(p, f, func(m mac) ([]tsk, error) { return do(m), nil })
	case func(mac) []evt:
		return method0(p, f, func(m mac) ([]evt, error) { return do(m), nil })
	case func(mac) []wrk:
		return method0(p, f, func(m mac) ([]wrk, error) { return do(m), nil })
	case func(mac, Millis) error:
		return method1(p, f, func(m mac, v Millis) (done, error) { return done{}, do(m, v) })
	case func(mac) (int, error):
		return method0(p, f, do)
	case func(mac) (string, bool, error):
		return method0(p, f, func(m mac) (maybeText, error) {
			s, ok, err := do(m)
			return maybeText{s, ok}, err
		})
	case func(mac, Match) []string:
		return method1(p, f, func(m mac, match Match) ([]string, error) { return do(m, match), nil })
	case func(mac, int) error:
		return method1(p, f, func(m mac, n int) (done, error) { return done{}, do(m, n) })
	case func(mac, Fill[TaskOptions]) (tsk, error):
		return method1(p, f, do)
	case func(mac, fillAttr) (evt, error):
		return method1(p, f, do)
	case func(mac, fillAttr) (wid, error):
		return method1(p, f, do)
	case func(mac, evt) error:
		return method1(p, f, func(m mac, ev evt) (done, error) { return done{}, do(m, ev) })
	case func(mac, wid) error:
		return method1(p, f, func(m mac, w wid) (done, error) { return done{}, do(m, w) })
	case func(mac, evt, fillAttr) error:
		return method2(p, f, func(m mac, ev evt, a fillAttr) (done, error) { return done{}, do(m, ev, a) })
	case func(mac) *hwdebug.Error:
		return method0(p, f, func(m mac) (*hwdebug.Error, error) { return do(m), nil })
	case func(mac, Maybe) (Slots, error):
		return method1(p, f, do)
	case func(mac, string, WorkFunc) wrk:
		return method2(p, f, func(m mac, name string, fn WorkFunc) (wrk, error) { return do(m, name, fn), nil })
	case func(mac, wrk) (bool, error):
		return method1(p, f, do)
	case func(mac, int, wrk) (bool, error):
		return method2(p, f, do)
	case func(mac, wrk, Delay) (bool, error):
		return method2(p, f, do)
	case func(mac, int, wrk, Delay) (bool, error):
		return method3(p, f, do)
	case func(mac, string, Fill[ChainOptions]) ([]string, error):
		return method2(p, f, do)
	case func(mac, Fill[TraceFilter]) ([]Record, error):
		return method1(p, f, do)
	case func(mac, string) error:
		return method1(p, f, func(m mac, s string) (done, error) { return done{}, do(m, s) })

	// CPUs
	case func(cpu, Reg, int, uint64) error:
		return method3(p, f, func(c cpu, r Reg, n int, v uint64) (done, error) { return done{}, do(c, r, n, v) })
	case func(cpu, Reg, int) (uint64, error):
		return method2(p, f, do)
	case func(cpu, SlotKind, evt, Op) (int, error):
		return method3(p, f, do)
	case func(cpu, evt, Op) (int, error):
		return method2(p, f, do)
	case func(cpu, evt) error:
		return method1(p, f, func(c cpu, ev evt) (done, error) { return done{}, do(c, ev) })
	case func(cpu, tsk) error:
		return method1(p, f, func(c cpu, t tsk) (done, error) { return done{}, do(c, t) })
	case func(cpu, uint64, int) (uint64, error):
		return method2(p, f, do)
	case func(cpu, uint64, int, uint64) error:
		return method3(p, f, func(c cpu, a uint64, n int, v uint64) (done, error) { return done{}, do(c, a, n, v) })
	case func(cpu, uint64) error:
		return method1(p, f, func(c cpu, a uint64) (done, error) { return done{}, do(c, a) })
	case func(cpu, Thunk) error:
		return p.bindRun(f, do)

	// tasks
	case func(tsk, uint64, int) (uint64, error):
		return method2(p, f, do)
	case func(tsk, uint64, int, uint64) error:
		return method3(p, f, func(t tsk, a uint64, n int, v uint64) (done, error) { return done{}, do(t, a, n, v) })
	case func(tsk, uint64) error:
		return method1(p, f, func(t tsk, a uint64) (done, error) { return done{}, do(t, a) })
	case func(tsk, int) error:
		return method1(p, f, func(t tsk, n int) (done, error) { return done{}, do(t, n) })
	case func(tsk, bool) error:
		return method1(p, f, func(t tsk, on bool) (done, error) { return done{}, do(t, on) })
	case func(tsk, Fill[ForkOptions]) (tsk, error):
		return method1(p, f, do)
	case func(tsk) error:
		return method0(p, f, func(t tsk) (done, error) { return done{}, do(t) })
	case func(tsk, string, TaskFunc) error:
		return method2(p, f, func(t tsk, name string, fn TaskFunc) (done, error) { return done{}, do(t, name, fn) })
	case func(tsk, Which, int, uint64, Word) error:
		return method4(p, f, func(t tsk, w Which, i int, a uint64, c Word) (done, error) { return done{}, do(t, w, i, a, c) })
	case func(tsk, Which, int) (Entry, error):
		return method2(p, f, do)
	case func(tsk, Which) (uint64, error):
		return method1(p, f, do)

	// events
	case func(evt) error:
		return method0(p, f, func(ev evt) (done, error) { return done{}, do(ev) })
	case func(evt, fillAttr) error:
		return method1(p, f, func(ev evt, a fillAttr) (done, error) { return done{}, do(ev, a) })
	case func(evt) (uint64, bool, error):
		return method0(p, f, func(ev evt) (maybeCount, error) {
			n, ok, err := do(ev)
			return maybeCount{n, ok}, err
		})
	}
	panic(fmt.Sprintf("bindings: '%s' has a signature that cannot be bound: %T", f.desc.Name, f.desc.Go))
}

// The helpers: plainN for functions of a module, methodN for methods, N arguments beside the object.

func plain1[A, V any](p *plan, f *function, do func(A) (V, error)) native {
	a, out := readerOf[A](p, f, 0), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		v, err := do(a(rt, L))
		if err != nil {
			rt.badCall(L, f, err)
		}
		return out(rt, nil, L, v)
	}
}

func plain2[A, B, V any](p *plan, f *function, do func(A, B) (V, error)) native {
	a, b, out := readerOf[A](p, f, 0), readerOf[B](p, f, 1), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		v, err := do(a(rt, L), b(rt, L))
		if err != nil {
			rt.badCall(L, f, err)
		}
		return out(rt, nil, L, v)
	}
}

func method0[R, V any](p *plan, f *function, do func(R) (V, error)) native {
	self, out := selfOf[R](f), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		o := self(rt, L)
		o.mach.L = L
		v, err := do(o.val)
		if err != nil {
			return rt.fail(L, err)
		}
		o.mach.settle()
		return out(rt, o.mach, L, v)
	}
}

func method1[R, A, V any](p *plan, f *function, do func(R, A) (V, error)) native {
	self, a, out := selfOf[R](f), readerOf[A](p, f, 0), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		o := self(rt, L)
		x := a(rt, L)
		o.mach.L = L
		v, err := do(o.val, x)
		if err != nil {
			return rt.fail(L, err)
		}
		o.mach.settle()
		return out(rt, o.mach, L, v)
	}
}

func method2[R, A, B, V any](p *plan, f *function, do func(R, A, B) (V, error)) native {
	self, a, b, out := selfOf[R](f), readerOf[A](p, f, 0), readerOf[B](p, f, 1), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		o := self(rt, L)
		x, y := a(rt, L), b(rt, L)
		o.mach.L = L
		v, err := do(o.val, x, y)
		if err != nil {
			return rt.fail(L, err)
		}
		o.mach.settle()
		return out(rt, o.mach, L, v)
	}
}

func method3[R, A, B, C, V any](p *plan, f *function, do func(R, A, B, C) (V, error)) native {
	self, a, b, c, out := selfOf[R](f), readerOf[A](p, f, 0), readerOf[B](p, f, 1), readerOf[C](p, f, 2), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		o := self(rt, L)
		x, y, z := a(rt, L), b(rt, L), c(rt, L)
		o.mach.L = L
		v, err := do(o.val, x, y, z)
		if err != nil {
			return rt.fail(L, err)
		}
		o.mach.settle()
		return out(rt, o.mach, L, v)
	}
}

func method4[R, A, B, C, D, V any](p *plan, f *function, do func(R, A, B, C, D) (V, error)) native {
	self, a, b, c, d, out := selfOf[R](f), readerOf[A](p, f, 0), readerOf[B](p, f, 1), readerOf[C](p, f, 2), readerOf[D](p, f, 3), resultOf[V]()
	return func(rt *runtime, L *lua.LState) int {
		o := self(rt, L)
		w, x, y, z := a(rt, L), b(rt, L), c(rt, L), d(rt, L)
		o.mach.L = L
		v, err := do(o.val, w, x, y, z)
		if err != nil {
			return rt.fail(L, err)
		}
		o.mach.settle()
		return out(rt, o.mach, L, v)
	}
}

// bindMachine is hw.machine: what is not possible is the argument's fault, and the machine gets its place here.
func (p *plan) bindMachine(f *function, do func(Fill[sim.Config]) (*sim.Machine, error)) native {
	a := readerOf[Fill[sim.Config]](p, f, 0)
	return func(rt *runtime, L *lua.LState) int {
		fill := a(rt, L)
		m, err := do(func(c *sim.Config) {
			*c = rt.options.Defaults
			fill(c)
			rt.s.Charge(newMachineBytes)
		})
		if err != nil {
			rt.badArgument(L, f, 0, optionError(err))
		}
		mach := rt.adopt(m)
		rt.s.Charge(mach.charged)
		L.Push(mach.ud)
		return 1
	}
}

// newMachineBytes is asked for before a machine is made; the rest follows when it is known.
const newMachineBytes = 64 << 10

// optionError names an impossible option of a configuration as the field of the table that held it.
func optionError(err error) error {
	if opt, ok := errors.AsType[*sim.OptionError](err); ok {
		return fmt.Errorf("field '%s': %s", opt.Option, opt.Detail())
	}
	return err
}

// bindRun is cpu:run: the function's arguments and results pass through.
func (p *plan) bindRun(f *function, do func(*sim.CPU, Thunk) error) native {
	self := selfOf[*sim.CPU](f)
	return func(rt *runtime, L *lua.LState) int {
		o := self(rt, L)
		fn, ok := L.Get(f.base).(*lua.LFunction)
		if !ok {
			rt.badArgument(L, f, 0, expected("function", L.Get(f.base)))
		}
		args := make([]lua.LValue, 0, max(0, L.GetTop()-f.base))
		for i := f.base + 1; i <= L.GetTop(); i++ {
			args = append(args, L.Get(i))
		}
		var results []lua.LValue
		o.mach.L = L
		err := do(o.val, func() (err error) {
			results, err = rt.s.Call(fn, lua.MultRet, args...)
			return err
		})
		if err != nil {
			return rt.fail(L, err)
		}
		o.mach.settle()
		for _, v := range results {
			L.Push(v)
		}
		return len(results)
	}
}

// fail is what a call that did not succeed gives: nil, message, errno for a refusal; anything else is raised.
func (rt *runtime) fail(L *lua.LState, err error) int {
	name := ""
	switch e := err.(type) {
	case *hwdebug.Error:
		name = hwdebug.ErrnoName(e.Errno)
	case *sim.Signal:
		name = e.Name
	case *vm.Error:
		rt.rethrow(L, e)
	case *hwdebug.UnknownError:
		if hint := phrase.Suggest(e.Name, e.Known); hint != "" {
			err = fmt.Errorf("%w; %s", err, hint)
		}
		rt.s.Raise(L, err)
	default:
		rt.s.Raise(L, err)
	}
	text := rt.s.Refuse(err)
	rt.s.Charge(int64(len(text)) + 64)
	L.Push(lua.LNil)
	L.Push(text)
	L.Push(lua.LString(name))
	return 3
}

// rethrow raises what a function of the script raised inside the machine: the same value, with its own position.
func (rt *runtime) rethrow(L *lua.LState, e *vm.Error) {
	v, err := rt.s.ToLua(e.Value)
	if err != nil {
		v = lua.LString(e.Message)
	}
	rt.s.Refuse(e) // so that Go still finds what is behind the text
	L.Error(v, 0)
}

// badArgument raises for argument i, counted from 0 without the object.
func (rt *runtime) badArgument(L *lua.LState, f *function, i int, err error) {
	if err == errNoValue {
		err = fmt.Errorf("%s expected, got no value", typeText(f.desc.Params[i].Type))
	}
	rt.s.Raise(L, fmt.Errorf("bad argument #%d to '%s' (%w)", i+1, f.desc.Name, err))
}

// badCall raises for what a function of a module could not do with its arguments.
func (rt *runtime) badCall(L *lua.LState, f *function, err error) {
	rt.s.Raise(L, fmt.Errorf("bad argument #1 to '%s' (%w)", f.desc.Name, err))
}
