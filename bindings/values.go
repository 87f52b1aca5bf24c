// Values: from Lua values to the Go values that described functions work with.

package bindings

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// The methods of value. Each returns the zero value for an optional argument that was left out, and
// raises for a value of another type.

func (v value) bool() bool {
	b, ok := v.v.(lua.LBool)
	if !ok && v.v != lua.LNil {
		v.wrong()
	}
	return bool(b)
}

func (v value) int() int {
	if n, ok := exactInt(v.v); ok {
		return n
	}
	switch n := v.v.(type) {
	case *lua.LNilType:
	case lua.LNumber:
		v.c.bad(fmt.Errorf("integer expected, got %s", n.String()))
	default:
		if isU64(n) {
			v.c.bad(fmt.Errorf("%s is out of range", spell(n)))
		}
		v.wrong()
	}
	return 0
}

// atLeast1 returns an integer whose zero value stands for the default in Go, but is a mistake in a
// script. want says what is possible.
func (v value) atLeast1(want string) int {
	n := v.int()
	if n < 1 {
		v.c.bad(fmt.Errorf("got %d, want %s", n, want))
	}
	return n
}

func (v value) u64() uint64 {
	switch n := v.v.(type) {
	case lua.LNumber:
		if n >= 0 && n < 1<<53 && n == lua.LNumber(uint64(n)) {
			return uint64(n)
		}
	case *lua.LNilType:
		return 0
	}
	n, err := toU64(v.v)
	return checked(v, n, err)
}

// u32 returns a control word.
func (v value) u32() uint32 {
	n := v.u64()
	if n > math.MaxUint32 {
		v.c.bad(fmt.Errorf("0x%x does not fit the 32 bits of a control word", n))
	}
	return uint32(n)
}

func (v value) float() float64 {
	switch n := v.v.(type) {
	case lua.LNumber:
		return float64(n)
	case *lua.LNilType:
		return 0
	}
	if !isU64(v.v) {
		v.wrong()
	}
	return float64(v.u64())
}

// maxText limits the length of names, which machines keep.
const maxText = 255

// string returns a name, which is one of the words of an enumeration if the description lists some.
func (v value) string() string {
	s, ok := v.v.(lua.LString)
	switch {
	case v.v == lua.LNil:
	case !ok:
		v.wrong()
	case len(s) > maxText:
		v.c.bad(fmt.Errorf("text of %d bytes is too long (at most %d)", len(s), maxText))
	case v.t.Kind == describe.KindEnum:
		if known := v.t.Strings(); !slices.Contains(known, string(s)) {
			v.c.bad(unknownWord(string(s), known))
		}
	}
	return string(s)
}

// text returns text of any length. The function that takes it must not keep all of it.
func (v value) text() string {
	s, ok := v.v.(lua.LString)
	if !ok {
		v.wrong()
	}
	return string(s)
}

// milliseconds returns a time given in them.
func (v value) milliseconds() time.Duration {
	ms := v.float()
	switch {
	case math.IsNaN(ms) || ms < 0:
		v.c.bad(fmt.Errorf("invalid time %v ms, want 0 or more", ms))
	case ms > math.MaxInt64/4e6:
		v.c.bad(fmt.Errorf("%v ms is too long: the machine's clock counts nanoseconds in 63 bits", ms))
	}
	return time.Duration(math.Round(ms * 1e6))
}

// delay returns a time with a unit, or that of a number of jiffies of m.
func (v value) delay(m *sim.Machine) time.Duration {
	tooLong := func() { v.c.bad(fmt.Errorf("a delay of %s jiffies is too long", spell(v.v))) }
	switch d := v.v.(type) {
	case lua.LString:
		t, err := parseDelay(string(d))
		return checked(v, t, err)
	case lua.LNumber:
		n, err := vm.ToU64(d)
		t, ok := m.DelayOf(checked(v, n, err))
		if !ok {
			tooLong()
		}
		return t
	}
	if isU64(v.v) {
		tooLong()
	}
	v.wrong()
	return 0
}

var units = map[string]float64{"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}

// parseDelay returns a time with its unit, such as "28s" or "1.5ms", rounded up to nanoseconds.
func parseDelay(s string) (time.Duration, error) {
	t := strings.TrimSpace(s)
	i := strings.LastIndexAny(t, "0123456789.") + 1
	n, err := strconv.ParseFloat(t[:i], 64)
	unit, ok := units[strings.TrimSpace(t[i:])]
	switch ns := math.Ceil(n * unit); {
	case err != nil || n < 0 || strings.ContainsAny(t[:i], "xXpPeE_+-"):
		return 0, fmt.Errorf(`invalid delay %q, want jiffies, or a time such as "28s" or "250ms"`, s)
	case !ok:
		return 0, fmt.Errorf("invalid delay %q, want jiffies, or a unit of ns, us, ms, s, min or h", s)
	case ns > math.MaxInt64/2:
		return 0, fmt.Errorf("delay %q is too long", s)
	default:
		return time.Duration(ns), nil
	}
}

// counts returns numbers of registers: one for all CPUs, or those of a table with one for each CPU,
// CPU 0 first.
func (v value) counts() (all int, per []int) {
	t, ok := v.v.(*lua.LTable)
	if !ok {
		if v.v.Type() != lua.LTNumber && !isU64(v.v) {
			v.wrong()
		}
		if all = v.int(); all < 1 || all > 16 {
			v.c.bad(fmt.Errorf("got %d, want 1 to 16 registers", all))
		}
		return all, nil
	}
	i := 1
	if t.RawGet(lua.LNumber(0)) != lua.LNil {
		i = 0
	}
	for ; len(per) <= hwdebug.MaxCPUs; i++ {
		count := t.RawGet(lua.LNumber(i)) // RawGetInt does not know [0]
		if count == lua.LNil {
			break
		}
		n, ok := exactInt(count)
		if !ok {
			v.c.bad(fmt.Errorf("cpu%d: %w", len(per), expected("integer", count)))
		}
		per = append(per, n)
	}
	if len(per) == 0 {
		v.c.bad(errors.New("the table is empty, want a count for each CPU, CPU 0 first"))
	}
	return 0, per
}

// cores returns the core of all CPUs, or those of a table with one for each CPU, CPU 0 first.
func (v value) cores() (all string, per []string) {
	t, ok := v.v.(*lua.LTable)
	if !ok {
		return v.string(), nil
	}
	i := 1
	if t.RawGet(lua.LNumber(0)) != lua.LNil {
		i = 0
	}
	for ; len(per) <= hwdebug.MaxCPUs; i++ {
		name := t.RawGet(lua.LNumber(i)) // RawGetInt does not know [0]
		if name == lua.LNil {
			break
		}
		s, ok := name.(lua.LString)
		if !ok {
			v.c.bad(fmt.Errorf("cpu%d: %w", len(per), expected("string", name)))
		}
		per = append(per, string(s))
	}
	if len(per) == 0 {
		v.c.bad(errors.New("the table is empty, want a core for each CPU, CPU 0 first"))
	}
	return "", per
}

// match returns a test of lines against a Lua pattern, which every line passes if it was left out.
func (v value) match() func(line string) bool {
	if v.v == lua.LNil {
		return func(string) bool { return true }
	}
	pattern, ok := v.v.(lua.LString)
	if !ok {
		v.wrong()
	}
	return matcher(v.c.L, pattern)
}

// matcher returns a test of lines against a pattern.
func matcher(L *lua.LState, pattern lua.LString) func(line string) bool {
	return func(line string) bool { return vm.Matches(L, line, string(pattern)) }
}

func (v value) typ() hwdebug.BPType { return wordOrNumber(v, typeWords) }

func (v value) task() *sim.Task       { return objectOf[*sim.Task](v) }
func (v value) event() *sim.Event     { return objectOf[*sim.Event](v) }
func (v value) wide() *sim.Wide       { return objectOf[*sim.Wide](v) }
func (v value) work() *sim.Work       { return objectOf[*sim.Work](v) }
func (v value) timer() *sim.Timer     { return objectOf[*sim.Timer](v) }
func (v value) irqWork() *sim.IrqWork { return objectOf[*sim.IrqWork](v) }

// objectOf returns what an object of the machine of the call holds. It raises for one of another
// machine and for one that is closed.
func objectOf[T any](v value) (x T) {
	ud, ok := v.v.(*lua.LUserData)
	if !ok {
		if v.v != lua.LNil {
			v.wrong()
		}
		return x
	}
	o, ok := ud.Value.(*object[T])
	switch {
	case !ok && relation(x, ud.Value) != "":
		v.c.bad(fmt.Errorf("%w; %s", expected(typeText(*v.t), v.v), relation(x, ud.Value)))
	case !ok:
		v.wrong()
	case o.mach != v.c.m:
		v.c.bad(fmt.Errorf("%s belongs to another machine", objectText(ud)))
	}
	return checked(v, o.val, gone(o.val))
}

// relation says how to get from an object to the one that is wanted: from a wide registration to the event of
// a CPU, and from an event to its registration. It is "" for all others.
func relation(wanted, got any) string {
	switch wanted.(type) {
	case *sim.Event:
		if _, ok := got.(*object[*sim.Wide]); ok {
			return "w[cpu] is its event of one CPU, and m:unregister_wide_hw_breakpoint(w) releases all"
		}
	case *sim.Wide:
		if o, ok := got.(*object[*sim.Event]); ok && o.val.Wide() != nil {
			return "ev.wide is its registration, and m:unregister_hw_breakpoint(ev) releases that one alone"
		}
	}
	return ""
}

// function returns a function of the script, and keeps it alive for as long as the machine.
func (v value) function() *lua.LFunction {
	fn, ok := v.v.(*lua.LFunction)
	if !ok {
		v.wrong()
	}
	v.c.rt.s.Charge(sizeObject)
	v.c.m.held.Append(fn)
	return fn
}

// body returns a function of the script that is called with its task.
func (v value) body() func(*sim.Task) error {
	fn, m := v.function(), v.c.m
	return func(t *sim.Task) error {
		_, err := m.rt.s.Call(fn, 0, m.task(t))
		return err
	}
}

// handler returns a function of the script that is called with its event and the hit.
func (v value) handler() sim.Handler {
	fn, m := v.function(), v.c.m
	return func(ev *sim.Event, hit *sim.Hit) error {
		seen := *hit
		_, err := m.rt.s.Call(fn, 0, m.event(ev), newObject(m, clsHit, &seen))
		hit.Skip, hit.PC = seen.Skip, seen.PC
		return err
	}
}

// A vocabulary is the words that stand for values of T, with their meaning.
type vocabulary[T comparable] []struct {
	text  string
	value T
	doc   string
}

// typ returns the described type of the words.
func (ws vocabulary[T]) typ() describe.Type {
	var pairs []string
	for _, w := range ws {
		pairs = append(pairs, w.text, w.doc)
	}
	return describe.Enum(pairs...)
}

// text returns the word for x, "" if it has none.
func (ws vocabulary[T]) text(x T) string {
	for i := range ws {
		if ws[i].value == x {
			return ws[i].text
		}
	}
	return ""
}

// word returns the value that a word stands for.
func word[T comparable](v value, ws vocabulary[T]) (x T) {
	s, ok := v.v.(lua.LString)
	if !ok {
		if v.v != lua.LNil {
			v.wrong()
		}
		return x
	}
	for i := range ws {
		if ws[i].text == string(s) {
			return ws[i].value
		}
	}
	v.c.bad(unknownWord(string(s), ws.typ().Strings()))
	return x
}

// wordOrNumber returns the value that a word stands for, or the number that the kernel has for it.
func wordOrNumber[T ~int | ~uint32](v value, ws vocabulary[T]) T {
	if _, ok := v.v.(lua.LNumber); !ok {
		return word(v, ws)
	}
	n := v.int()
	if int(T(n)) != n {
		v.c.bad(fmt.Errorf("%d is out of range", n))
	}
	return T(n)
}

// unknownWord returns the error about a word that is not one of known.
func unknownWord(s string, known []string) error {
	quoted := make([]string, len(known))
	for i, k := range known {
		quoted[i] = strconv.Quote(k)
	}
	last := len(quoted) - 1
	others := strings.Join(quoted[:last], ", ")
	text := fmt.Sprintf("unknown value %.40q, want %s or %s", s, others, quoted[last])
	if near := phrase.Suggest(s, known); near != "" && len(known) > 2 {
		text += "; " + near
	}
	return errors.New(text)
}

// exactInt returns an integer that fits an int.
func exactInt(v lua.LValue) (n int, ok bool) {
	f, ok := v.(lua.LNumber)
	n = int(f)
	return n, ok && f == lua.LNumber(n) && f <= 1<<53 && f >= -1<<53
}

func isU64(v lua.LValue) bool {
	_, ok := v.(*lua.LUserData)
	return ok && vm.IsU64(v)
}

// howWide shows how to write an integer that a float cannot hold.
const howWide = `write a wide value as a literal (0x...), as hw.u64 "0x...", or with bit.lshift(1, 63)`

// toU64 returns an exact integer. Its error shows how to write a wide one.
func toU64(v lua.LValue) (uint64, error) {
	n, ok := v.(lua.LNumber)
	if !ok && !isU64(v) {
		return 0, expected("number", v)
	}
	x, err := vm.ToU64(v)
	if err != nil && !(n >= 1<<53 && n < 1<<64) { // there the error itself shows it
		err = fmt.Errorf("%w; %s", err, howWide)
	}
	return x, err
}

// parseU64 returns the integer that s spells in decimal, or after 0x in hexadecimal.
func parseU64(s string) (uint64, error) {
	digits, base := s, 10
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		digits, base = s[2:], 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%.40q does not fit 64 bits", s)
	}
	return 0, fmt.Errorf("%.40q is not an integer, want \"0x...\" or decimal digits", s)
}

// spell returns a value in the words of an error, without any address of the host.
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
