// Arguments: from Lua values to the Go values that described functions take, or an error that says what was
// expected and what was given.

package bindings

import (
	"errors"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A value reads one Lua value as a T.
type value[T any] func(rt *runtime, v lua.LValue) (T, error)

// An argument is one that is being read.
type argument struct {
	L *lua.LState
	f *function
	i int
}

// spell is a value in the words of an error, without the address of anything.
func spell(v lua.LValue) string {
	switch v := v.(type) {
	case *lua.LUserData:
		if n, err := vm.ToU64(v); err == nil {
			return vm.Hex(n, 0)
		}
		if _, ok := v.Value.(tagged); ok {
			return objectText(v)
		}
	case lua.LString, lua.LNumber, lua.LBool:
		return v.String()
	}
	if v == lua.LNil {
		return "nil"
	}
	return "a " + typeName(v)
}

// errNoValue stands for an argument that was left out.
var errNoValue = errors.New("no value")

// expected says what was expected and what was given.
func expected(what string, got lua.LValue) error {
	return fmt.Errorf("%s expected, got %s", what, typeName(got))
}

// typeText is a described type in the words of an error.
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
		var parts []string
		for _, e := range t.Elem {
			if s := typeText(e); e.Kind != describe.KindNil && (len(parts) == 0 || parts[len(parts)-1] != s) {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, " or ")
	}
	return t.String()
}

// selfOf makes what reads the object that a method is called on.
func selfOf[R any](f *function) func(rt *runtime, L *lua.LState) *object[R] {
	var zero *R
	_, event := any(zero).(**sim.Event)
	_, wide := any(zero).(**sim.Wide)
	closes := event || wide
	return func(rt *runtime, L *lua.LState) *object[R] {
		if ud, ok := L.Get(1).(*lua.LUserData); ok {
			if o, ok := ud.Value.(*object[R]); ok && o.mach.rt == rt {
				if closes {
					if err := gone(o.val); err != nil {
						rt.s.Raise(L, err)
					}
				}
				rt.cur = o.mach
				return o
			}
		}
		rt.badSelf(L, f)
		return nil
	}
}

// badSelf raises for a method that was called on something else, most often with '.' for ':'.
func (rt *runtime) badSelf(L *lua.LState, f *function) {
	got := "no value"
	if L.GetTop() >= 1 {
		got = typeName(L.Get(1))
	}
	short := f.short
	if short == "" {
		short = f.class
	}
	rt.s.Raise(L, fmt.Errorf("'%s' called on bad self (%s expected, got %s); did you mean '%s:%s'?", f.desc.Name, f.class, got, short, f.desc.Name))
}

// readerOf makes what reads argument i of f.
func readerOf[T any](p *plan, f *function, i int) func(rt *runtime, L *lua.LState) T {
	param := &f.desc.Params[i]
	get := valueOf[T](p, param.Type)
	at := f.base + i
	optional, null := param.Optional, param.Type.TakesNil()
	return func(rt *runtime, L *lua.LState) T {
		v := L.Get(at)
		if v == lua.LNil && !optional {
			if at > L.GetTop() {
				rt.badArgument(L, f, i, errNoValue)
			}
			if !null {
				rt.badArgument(L, f, i, expected(typeText(param.Type), v))
			}
		}
		rt.arg = argument{L, f, i}
		x, err := get(rt, v)
		if err != nil {
			rt.badArgument(L, f, i, err)
		}
		return x
	}
}

// valueOf makes what reads a value of type T, described as t.
func valueOf[T any](p *plan, t describe.Type) value[T] {
	var zero *T
	var get any
	switch any(zero).(type) {
	case *bool:
		get = value[bool](boolValue)
	case *int:
		get = value[int](intValue)
	case *uint64:
		get = value[uint64](u64Value)
	case *float64:
		get = value[float64](floatValue)
	case *string:
		if t.Kind == describe.KindEnum {
			get = wordValue(t.Strings(), func(s string) (string, bool) { return s, true })
		} else {
			get = value[string](stringValue)
		}
	case *Word:
		get = value[Word](word32Value)
	case *hwdebug.BPType:
		get = wordOrNumber(TypeWords, ParseType, func(n int) (hwdebug.BPType, error) {
			if n < 0 || n > math.MaxUint32 {
				return 0, fmt.Errorf("%d is no bp_type, which has 32 bits", n)
			}
			return hwdebug.BPType(n), nil
		})
	case *Reg:
		get = wordOrNumber(RegWords, ParseReg, func(n int) (Reg, error) { return Reg(n), nil })
	case *Op:
		get = wordOrNumber(OpWords, ParseOp, func(n int) (Op, error) { return Op(n), nil })
	case *SlotKind:
		get = wordValue(KindWords, ParseSlotKind)
	case *Which:
		get = wordValue(WhichWords, ParseWhich)
	case *View:
		get = wordValue(ViewWords, ParseView)
	case *Millis:
		get = value[Millis](func(rt *runtime, v lua.LValue) (Millis, error) {
			ms, err := floatValue(rt, v)
			if err != nil {
				return 0, err
			}
			return CheckMillis(ms)
		})
	case *Delay:
		get = value[Delay](delayValue)
	case *Maybe:
		get = value[Maybe](maybeValue)
	case *Counts:
		get = value[Counts](countsValue)
	case *Match:
		get = value[Match](matchValue)
	case **sim.Task:
		get = objectValue[*sim.Task]()
	case **sim.Event:
		get = objectValue[*sim.Event]()
	case **sim.Wide:
		get = objectValue[*sim.Wide]()
	case **sim.Work:
		get = objectValue[*sim.Work]()
	case *TaskFunc:
		get = value[TaskFunc](taskFunc)
	case *WorkFunc:
		get = value[WorkFunc](workFunc)
	case *sim.Handler:
		get = value[sim.Handler](handler)
	case *Fill[Attr]:
		get = fillValue[Attr](p, t.Name)
	case *Fill[TaskOptions]:
		get = fillValue[TaskOptions](p, t.Name)
	case *Fill[ForkOptions]:
		get = fillValue[ForkOptions](p, t.Name)
	case *Fill[ChainOptions]:
		get = fillValue[ChainOptions](p, t.Name)
	case *Fill[TraceFilter]:
		get = fillValue[TraceFilter](p, t.Name)
	case *Fill[CtrlFields]:
		get = fillValue[CtrlFields](p, t.Name)
	case *Fill[sim.Config]:
		get = fillValue[sim.Config](p, t.Name)
	default:
		panic(fmt.Sprintf("bindings: an argument of type %T cannot be read", *zero))
	}
	return get.(value[T])
}

func boolValue(_ *runtime, v lua.LValue) (bool, error) {
	b, ok := v.(lua.LBool)
	if !ok && v != lua.LNil {
		return false, expected("boolean", v)
	}
	return bool(b), nil
}

// exactInt reads a whole number that fits an int; ok is false for what is none.
func exactInt(v lua.LValue) (n int, ok bool) {
	f, ok := v.(lua.LNumber)
	if !ok || f != lua.LNumber(math.Trunc(float64(f))) || f > 1<<53 || f < -1<<53 {
		return 0, false
	}
	return int(f), true
}

func intValue(_ *runtime, v lua.LValue) (int, error) {
	if n, ok := exactInt(v); ok {
		return n, nil
	}
	switch {
	case v == lua.LNil:
		return 0, nil
	case isU64(v):
		return 0, fmt.Errorf("%s is out of range", spell(v))
	}
	if f, ok := v.(lua.LNumber); ok {
		return 0, fmt.Errorf("whole number expected, got %s", f.String())
	}
	return 0, expected("number", v)
}

func isU64(v lua.LValue) bool {
	_, ok := v.(*lua.LUserData)
	return ok && vm.IsU64(v)
}

func u64Value(_ *runtime, v lua.LValue) (uint64, error) {
	switch v.Type() {
	case lua.LTNumber:
	case lua.LTNil:
		return 0, nil
	default:
		if !isU64(v) {
			return 0, expected("number", v)
		}
	}
	n, err := vm.ToU64(v)
	if err != nil && !strings.Contains(err.Error(), "hw.u64") {
		err = fmt.Errorf(`%w; a wide value is spelt as a literal (0x...), hw.u64 "0x...", or with bit.lshift(1, 63)`, err)
	}
	return n, err
}

func word32Value(rt *runtime, v lua.LValue) (Word, error) {
	n, err := u64Value(rt, v)
	if err == nil && n > math.MaxUint32 {
		err = fmt.Errorf("0x%x does not fit the 32 bits of a control word", n)
	}
	return Word(n), err
}

func floatValue(_ *runtime, v lua.LValue) (float64, error) {
	switch f, ok := v.(lua.LNumber); {
	case ok:
		return float64(f), nil
	case v == lua.LNil:
		return 0, nil
	case isU64(v):
		n, err := vm.ToU64(v)
		return float64(n), err
	}
	return 0, expected("number", v)
}

// maxText is how long a name may be; machines keep names, and the kernel's are shorter.
const maxText = 255

func stringValue(_ *runtime, v lua.LValue) (string, error) {
	s, ok := v.(lua.LString)
	if !ok && v != lua.LNil {
		return "", expected("string", v)
	}
	if len(s) > maxText {
		return "", fmt.Errorf("a text of %d bytes is too long; at most %d are possible", len(s), maxText)
	}
	return string(s), nil
}

// wordValue reads one of several words.
func wordValue[T any](words []string, parse func(string) (T, bool)) value[T] {
	return func(_ *runtime, v lua.LValue) (x T, err error) {
		s, ok := v.(lua.LString)
		if !ok {
			if v == lua.LNil {
				return x, nil
			}
			return x, expected("string", v)
		}
		for _, w := range words {
			if w == string(s) {
				x, _ = parse(w)
				return x, nil
			}
		}
		return x, noWord(string(s), words)
	}
}

// wordOrNumber reads one of several words or a number.
func wordOrNumber[T any](words []string, parse func(string) (T, bool), number func(int) (T, error)) value[T] {
	return func(_ *runtime, v lua.LValue) (x T, err error) {
		switch v := v.(type) {
		case lua.LString:
			x, ok := parse(string(v))
			if !ok {
				return x, noWord(string(v), words)
			}
			return x, nil
		case lua.LNumber:
			n, ok := exactInt(v)
			if !ok {
				return x, fmt.Errorf("whole number expected, got %s", v.String())
			}
			return number(n)
		}
		return x, expected("string or number", v)
	}
}

// noWord is the error for a word that is not known.
func noWord(s string, words []string) error {
	text := fmt.Sprintf("%.40q is not known; there are", s)
	for _, w := range words {
		text += " \"" + w + "\""
	}
	if near, ok := phrase.Nearest(s, words); ok && len(words) > 2 {
		text += "; did you mean '" + near + "'?"
	}
	return errors.New(text)
}

func delayValue(_ *runtime, v lua.LValue) (Delay, error) {
	switch v := v.(type) {
	case lua.LString:
		return ParseDelay(string(v))
	case lua.LNumber:
		n, err := vm.ToU64(v)
		return Delay{Jiffies: n}, err
	}
	if isU64(v) {
		return Delay{}, fmt.Errorf("%s jiffies are too many", spell(v))
	}
	return Delay{}, expected("number or string", v)
}

func maybeValue(rt *runtime, v lua.LValue) (Maybe, error) {
	if v == lua.LNil {
		return Maybe{}, nil
	}
	n, err := intValue(rt, v)
	return Maybe{N: n, Set: true}, err
}

// countsValue reads register counts: one for all CPUs, or a table of one for each, CPU 0 first.
func countsValue(rt *runtime, v lua.LValue) (Counts, error) {
	t, ok := v.(*lua.LTable)
	if !ok {
		if v.Type() != lua.LTNumber && !isU64(v) {
			return Counts{}, expected("number or table", v)
		}
		n, err := intValue(rt, v)
		if err == nil && (n < 1 || n > 16) {
			err = fmt.Errorf("got %d, want 1 to 16 registers", n)
		}
		return Counts{All: n}, err
	}
	first := 1
	if t.RawGet(lua.LNumber(0)) != lua.LNil {
		first = 0
	}
	var c Counts
	for i := first; len(c.Per) <= 64; i++ {
		v := t.RawGet(lua.LNumber(i)) // RawGetInt knows no [0]
		if v == lua.LNil {
			break
		}
		n, err := intValue(rt, v)
		if err != nil {
			return c, fmt.Errorf("cpu%d: %w", len(c.Per), err)
		}
		c.Per = append(c.Per, n)
	}
	if len(c.Per) == 0 {
		return c, errors.New("the table holds no count; give one for each CPU, CPU 0 first")
	}
	return c, nil
}

// matchValue reads a Lua pattern as a test of lines.
func matchValue(rt *runtime, v lua.LValue) (Match, error) {
	if v == lua.LNil {
		return nil, nil
	}
	pattern, ok := v.(lua.LString)
	if !ok {
		return nil, expected("string", v)
	}
	return matcher(rt.arg.L, pattern), nil
}

// matcher tests lines against a pattern on L.
func matcher(L *lua.LState, pattern lua.LString) Match {
	return func(line string) bool { return vm.Matches(L, line, string(pattern)) }
}

// objectValue reads an object of the machine whose method is called; one that was closed is refused.
func objectValue[T comparable]() value[T] {
	name := className(classOf[T]())
	return func(rt *runtime, v lua.LValue) (x T, err error) {
		if v == lua.LNil {
			return x, nil
		}
		if ud, ok := v.(*lua.LUserData); ok {
			if o, ok := ud.Value.(*object[T]); ok {
				if o.mach != rt.cur {
					return x, fmt.Errorf("%s is of another machine", objectText(ud))
				}
				return o.val, gone(o.val)
			}
		}
		return x, expected(name, v)
	}
}

// className is the described name of a class.
func className(class int) string { return hardware.Classes[class].Name }

// The functions of scripts. Each is called on a Lua thread of its own.

func (rt *runtime) keep(v lua.LValue) (*lua.LFunction, error) {
	fn, ok := v.(*lua.LFunction)
	if !ok {
		return nil, expected("function", v)
	}
	rt.s.Charge(sizeObject)
	rt.cur.held.Append(fn)
	return fn, nil
}

func taskFunc(rt *runtime, v lua.LValue) (TaskFunc, error) {
	fn, err := rt.keep(v)
	if err != nil {
		return nil, err
	}
	m := rt.cur
	return func(t *sim.Task) error {
		_, err := rt.s.Call(fn, 0, m.task(t))
		return err
	}, nil
}

func workFunc(rt *runtime, v lua.LValue) (WorkFunc, error) {
	fn, err := rt.keep(v)
	if err != nil {
		return nil, err
	}
	m := rt.cur
	return func(w *sim.Work) error {
		_, err := rt.s.Call(fn, 0, m.work(w))
		return err
	}, nil
}

func handler(rt *runtime, v lua.LValue) (sim.Handler, error) {
	fn, err := rt.keep(v)
	if err != nil {
		return nil, err
	}
	m := rt.cur
	return func(ev *sim.Event, hit *sim.Hit) error {
		seen := *hit
		_, err := rt.s.Call(fn, 0, m.event(ev), newObject(m, &seen))
		hit.Skip = seen.Skip
		return err
	}, nil
}
