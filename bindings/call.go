// Calls: how a described function reads its arguments and returns its results.

package bindings

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A call is one call of a described function. The function unpacks its arguments with arg, by
// index, and ends in the method that returns its kind of result:
//
//	Go: func(c *call, cpu *sim.CPU) int {
//		return c.done(cpu.WriteWbReg(c.arg(0).reg(), c.arg(1).int(), c.arg(2).u64()))
//	},
//
// An argument that does not fit its description raises an error that names it, and the function
// does not go on. A call is used again for the next function, so nothing may keep it.
type call struct {
	rt    *runtime
	L     *lua.LState
	f     *function // nil while a field of an object is assigned
	m     *machine  // the machine of the object that f is a method of, nil for a function of a module
	index int       // of the argument that is being read
	field string    // of the table that is being read, "" outside of tables
	next  *call     // on the list of idle calls
}

// enter returns a call of f on L.
func (rt *runtime) enter(L *lua.LState, f *function, m *machine) *call {
	c := rt.idle
	if c == nil {
		c = &call{rt: rt}
	} else {
		rt.idle = c.next
	}
	c.L, c.f, c.m, c.index = L, f, m, 0
	if m != nil {
		m.L, m.called = L, f
	}
	return c
}

// leave puts c on the list of idle calls. A call that raises never gets there; the garbage
// collector frees it.
func (rt *runtime) leave(c *call) {
	c.m, c.next = nil, rt.idle
	rt.idle = c
}

// bind returns the Lua function of f for the type of its Go function: a function of a module, or a
// method of one of the four classes that have methods.
func (rt *runtime) bind(f *function) *lua.LFunction {
	switch do := f.desc.Go.(type) {
	case func(*call) int:
		return rt.L.NewFunction(func(L *lua.LState) int {
			c := rt.enter(L, f, nil)
			n := do(c)
			rt.leave(c)
			return n
		})
	case func(*call, *boardView) int:
		return bindMethod(rt, f, func(c *call, v *boardView) int {
			c.m = nil // a board has no machine to settle
			return do(c, v)
		})
	case func(*call, *sim.Machine) int:
		return bindMethod(rt, f, do)
	case func(*call, *sim.CPU) int:
		return bindMethod(rt, f, do)
	case func(*call, *sim.Task) int:
		return bindMethod(rt, f, do)
	case func(*call, *sim.Event) int:
		return bindMethod(rt, f, do)
	}
	panic(fmt.Sprintf("bindings: '%s' has an unknown kind of Go function: %T", f.desc.Name, f.desc.Go))
}

// bindMethod returns a method of objects that hold a T. It raises for any other receiver, most often
// because of '.' instead of ':', and for an event that is closed.
func bindMethod[T any](rt *runtime, f *function, do func(*call, T) int) *lua.LFunction {
	closes := f.class == "event"
	return rt.L.NewFunction(func(L *lua.LState) int {
		ud, _ := L.Get(1).(*lua.LUserData)
		if ud == nil {
			return rt.badSelf(L, f)
		}
		o, ok := ud.Value.(*object[T])
		if !ok || o.mach.rt != rt {
			return rt.badSelf(L, f)
		}
		if closes {
			if err := gone(o.val); err != nil {
				rt.s.Raise(L, err)
			}
		}
		if fn := o.mach.halted; fn != "" && !haltedCalls[f.desc.Name] {
			rt.s.Raise(L, haltedError(fn, "'"+f.desc.Name+"'"))
		}
		if a := o.mach.activity; a != nil {
			a.called(f.desc.Name)
		}
		c := rt.enter(L, f, o.mach)
		n := do(c, o.val)
		rt.leave(c)
		return n
	})
}

// badSelf raises for a method whose receiver has another type.
func (rt *runtime) badSelf(L *lua.LState, f *function) int {
	got := "no value"
	if L.GetTop() >= 1 {
		got = typeName(L.Get(1))
	}
	rt.s.Raise(L, fmt.Errorf("'%s' called on bad self (%s expected, got %s); did you mean '%s:%s'?",
		f.desc.Name, f.class, got, f.short, f.desc.Name))
	return 0
}

// A value is an argument, or a field of a table argument, with its described type.
type value struct {
	c *call
	v lua.LValue
	t *describe.Type
}

// arg returns argument i, from 0 and not counting the object. It raises if a required argument is missing.
func (c *call) arg(i int) value {
	c.index = i
	v := value{c, c.L.Get(c.f.base + i), &c.f.desc.Params[i].Type}
	if v.v == lua.LNil {
		v.absent()
	}
	return v
}

// absent raises if the argument that is nil, or was not passed, is required.
func (v value) absent() {
	switch c := v.c; {
	case c.f.desc.Params[c.index].Optional:
	case c.f.base+c.index > c.L.GetTop():
		c.bad(fmt.Errorf("%s expected, got no value", typeText(*v.t)))
	case !v.t.TakesNil():
		v.wrong()
	}
}

// given reports whether optional argument i was passed.
func (c *call) given(i int) bool { return c.L.Get(c.f.base+i) != lua.LNil }

// rest returns the arguments from i on.
func (c *call) rest(i int) []lua.LValue {
	args := make([]lua.LValue, 0, max(0, c.L.GetTop()-c.f.base-i+1))
	for at := c.f.base + i; at <= c.L.GetTop(); at++ {
		args = append(args, c.L.Get(at))
	}
	return args
}

// bad raises err for the argument, and the field of it, that is being read.
func (c *call) bad(err error) {
	if c.field != "" {
		err = fmt.Errorf("field '%s': %w", c.field, err)
	}
	if c.f != nil {
		err = fmt.Errorf("bad argument #%d to '%s' (%w)", c.index+1, c.f.desc.Name, err)
	}
	c.rt.s.Raise(c.L, err)
}

// wrong raises for a value that does not have its described type.
func (v value) wrong() { v.c.bad(expected(typeText(*v.t), v.v)) }

// checked returns x, or raises if err is not nil.
func checked[T any](v value, x T, err error) T {
	if err != nil {
		v.c.bad(err)
	}
	return x
}

// value returns one Lua value.
func (c *call) value(v lua.LValue) int {
	if c.m != nil {
		c.m.settle()
	}
	c.L.Push(v)
	return 1
}

// done returns true, or the refusal that err is.
func (c *call) done(err error) int {
	if err != nil {
		return c.fail(err)
	}
	return c.value(lua.LTrue)
}

// u64 returns a number, or the refusal that err is.
func (c *call) u64(n uint64, err error) int {
	if err != nil {
		return c.fail(err)
	}
	return c.value(c.rt.u64(n))
}

// The methods of results: each returns its value, or the refusal that err is.

func (c *call) bool(b bool, err error) int         { return answer(c, showBool, b, err) }
func (c *call) int(n int, err error) int           { return answer(c, showInt, n, err) }
func (c *call) text(s string, err error) int       { return answer(c, showText, s, err) }
func (c *call) task(t *sim.Task, err error) int    { return answer(c, showTask, t, err) }
func (c *call) event(ev *sim.Event, err error) int { return answer(c, showEvent, ev, err) }
func (c *call) wide(w *sim.Wide, err error) int    { return answer(c, showWide, w, err) }
func (c *call) texts(list []string, err error) int { return answer(c, showTexts, list, err) }

// answer returns v as show makes a Lua value of it, or the refusal that err is.
func answer[V any](c *call, show shows[V], v V, err error) int {
	if err != nil {
		return c.fail(err)
	}
	return c.value(show(c.rt, c.m, v))
}

// fail returns nil, the message and the errno's name for a refusal of the kernel, and raises any
// other error. An error of a function of a module is one of its first argument.
func (c *call) fail(err error) int {
	name := ""
	switch e := err.(type) {
	case *hwdebug.Error:
		name = hwdebug.ErrnoName(e.Errno)
	case *sim.Signal:
		name = e.Name
	case *vm.Error:
		c.rethrow(e)
	default:
		err = withSuggestion(err)
		if c.m == nil {
			c.index = 0
			c.bad(err)
		}
		c.rt.s.Raise(c.L, err)
	}
	text := c.rt.s.Refuse(err)
	c.rt.s.Charge(int64(len(text)) + 64)
	c.L.Push(lua.LNil)
	c.L.Push(text)
	c.L.Push(lua.LString(name))
	return 3
}

// rethrow raises what a function of the script raised inside the machine: the same value, with its
// own position.
func (c *call) rethrow(e *vm.Error) {
	v, err := c.rt.s.ToLua(e.Value)
	if err != nil {
		v = lua.LString(e.Message)
	}
	c.rt.s.Refuse(e) // keeps e for errors.As in Go
	c.L.Error(v, 0)
}

// withSuggestion adds the nearest known name to the error about an unknown one.
func withSuggestion(err error) error {
	if e, ok := errors.AsType[*hwdebug.UnknownError](err); ok {
		if s := phrase.Suggest(e.Name, e.Known); s != "" {
			return fmt.Errorf("%w; %s", err, s)
		}
	}
	return err
}

// unknown returns the error about a name that is not one of known, with the nearest of them. format
// has one %s for the name.
func unknown(format, name string, known []string) error {
	text := fmt.Sprintf(format, phrase.Truncate(name, 64))
	if s := phrase.Suggest(name, known); s != "" {
		text += "; " + s
	}
	return errors.New(text)
}

// expected returns the error about a value of another type.
func expected(what string, got lua.LValue) error {
	return fmt.Errorf("%s expected, got %s", what, typeName(got))
}

// typeText returns a described type in the words of an error, such as "number or table".
func typeText(t describe.Type) string {
	switch t.Kind {
	case describe.KindInt, describe.KindU64, describe.KindNumber:
		return "number"
	case describe.KindEnum:
		return "string"
	case describe.KindRecord, describe.KindArray, describe.KindMap:
		return "table"
	case describe.KindFunc:
		return "function"
	case describe.KindUnion:
		text, last := "", ""
		for _, e := range t.Elem {
			switch s := typeText(e); {
			case e.Kind == describe.KindNil || s == last:
			case text == "":
				text, last = s, s
			default:
				text, last = text+" or "+s, s
			}
		}
		return text
	}
	return t.String()
}
