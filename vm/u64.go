// u64: exact integers of 2^53 and above. Equal integers are the same Lua value, so that equality, table
// keys and rawequal work.

package vm

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// twoTo53 is the first value of a u64.
const twoTo53 = number.TwoTo53

// wide is the type of the value in the userdata of a u64, and of nothing else.
type wide uint64

// A u64Table holds the u64s of a runtime. It keeps them alive until sweep finds them unreachable.
type u64Table struct {
	values  map[uint64]*lua.LUserData
	recent  [256]*lua.LUserData // the last ones made, which a Go function may still hold
	made    int
	sweepAt int
	meta    *lua.LTable
}

// minSweep is the number of u64s that a runtime keeps without looking for unreachable ones.
const minSweep = 8192

// initU64 prepares the table and the metatable of u64s.
func (rt *Runtime) initU64() {
	rt.u64s = u64Table{values: map[uint64]*lua.LUserData{}, sweepAt: minSweep}
	meta := rt.newTable([]libFunc{
		{"__add", rt.arith("+", func(a, b uint64) uint64 { return a + b })},
		{"__sub", rt.arith("-", func(a, b uint64) uint64 { return a - b })},
		{"__mul", rt.arith("*", func(a, b uint64) uint64 { return a * b })},
		{"__div", rt.arith("/", func(a, b uint64) uint64 { return a / b })},
		{"__mod", rt.arith("%", func(a, b uint64) uint64 { return a % b })},
		{"__pow", func(L *lua.LState) int {
			L.RaiseError("u64 has no operator ^; use bit.lshift(1, n) for powers of two")
			return 0
		}},
		{"__unm", func(L *lua.LState) int { return give(L, rt.u64(-self(L))) }},
		{"__lt", compareWide("<")},
		{"__le", compareWide("<=")},
		{"__concat", rt.concatWide},
		{"__tostring", func(L *lua.LState) int { return give(L, lua.LString(Hex(self(L), 0))) }},
	})
	meta.RawSetString("__name", lua.LString("u64"))
	meta.RawSetString("__metatable", lua.LString("u64"))
	rt.u64s.meta = meta
}

// self returns the u64 whose metamethod runs.
func self(L *lua.LState) uint64 { return uint64(L.Get(1).(*lua.LUserData).Value.(wide)) }

// u64 returns v as a script sees it: a plain number below 2^53, and above the only u64 of that value.
func (rt *Runtime) u64(v uint64) lua.LValue {
	if v < twoTo53 {
		return lua.LNumber(v)
	}
	t := &rt.u64s
	if ud, ok := t.values[v]; ok {
		return ud
	}
	rt.charge(sizeU64)
	if len(t.values) >= t.sweepAt {
		rt.collect()
	}
	ud := &lua.LUserData{Value: wide(v), Metatable: t.meta, Env: rt.main.Env}
	t.values[v] = ud
	t.recent[t.made%len(t.recent)] = ud
	t.made++
	return ud
}

// sweep removes the u64s that are not reachable.
func (t *u64Table) sweep(reachable func(*lua.LUserData) bool) {
	maps.DeleteFunc(t.values, func(_ uint64, ud *lua.LUserData) bool { return !reachable(ud) })
	t.sweepAt = max(minSweep, 2*len(t.values))
}

// IsU64 reports whether v is a u64, which is a value of 2^53 or above.
func IsU64(v lua.LValue) bool {
	_, ok := u64Of(v)
	return ok
}

// u64Of returns the value of a u64. Anything else is not ok, including plain numbers.
func u64Of(v lua.LValue) (uint64, bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		u, ok := ud.Value.(wide)
		return uint64(u), ok
	}
	return 0, false
}

// ToU64 returns the exact value of a u64 or of an integer below 2^53. The error for anything else shows
// how to write the value.
func ToU64(v lua.LValue) (uint64, error) {
	if u, ok := u64Of(v); ok {
		return u, nil
	}
	n, ok := v.(lua.LNumber)
	f := float64(n)
	switch {
	case !ok:
		return 0, fmt.Errorf("number expected, got %s", TypeName(v))
	case f >= 0 && f < twoTo53 && f == math.Trunc(f):
		return uint64(f), nil
	case math.IsNaN(f):
		return 0, errors.New("number expected, got nan")
	case math.IsInf(f, 0) || math.Abs(f) >= 1<<64:
		return 0, fmt.Errorf("integer below 2^64 expected, got %s", number.String(f))
	case f != math.Trunc(f):
		return 0, fmt.Errorf("integer expected, got %s", number.String(f))
	case f < 0:
		return 0, fmt.Errorf("number of 0 or more expected, got %s; its two's complement is %s",
			number.String(f), twosComplement(f))
	}
	hex := Hex(uint64(f), 0)
	return 0, fmt.Errorf("%s has lost precision; "+
		"write the value as a literal (%s), as hw.u64 %q, or with bit.lshift(1, 63)",
		number.String(f), hex, hex)
}

// lossOf returns why it says nothing whether v equals w: v is a number whose last digits may be lost, and w a
// u64. It returns nil otherwise.
func lossOf(v, w lua.LValue) error {
	n, ok := v.(lua.LNumber)
	f := math.Abs(float64(n))
	if !ok || !(f >= twoTo53) || math.IsInf(f, 0) || !IsU64(w) {
		return nil
	}
	_, err := ToU64(v)
	return err
}

// checkEquality raises if x and y cannot be compared for equality.
func checkEquality(L *lua.LState, x, y lua.LValue) {
	if err := cmp.Or(lossOf(x, y), lossOf(y, x)); err != nil {
		L.RaiseError("attempt to compare a u64 with a number: %v", err)
	}
}

// twosComplement returns the 64 bits that a negative number stands for, as text.
func twosComplement(f float64) string {
	if f < -1<<63 {
		return "wider than 64 bits"
	}
	return Hex(uint64(int64(f)), 0)
}

// operand returns v as an operand of op between u64s: a u64, or an integer below 2^53 in size, with
// a negative one as its two's complement. It raises for any other value.
func operand(L *lua.LState, op string, v lua.LValue) uint64 {
	if u, ok := u64Of(v); ok {
		return u
	}
	n, ok := v.(lua.LNumber)
	if !ok {
		L.RaiseError("attempt to perform arithmetic (%s) on a u64 and a %s value", op, TypeName(v))
	}
	f := float64(n)
	if math.Abs(f) < twoTo53 && f == math.Trunc(f) {
		return uint64(int64(f))
	}
	why := "is not an integer"
	if math.Abs(f) >= twoTo53 && !math.IsInf(f, 0) {
		why = `has lost precision; write the value as a literal or as hw.u64 "..."`
	}
	L.RaiseError("operator %s of a u64 needs an exact integer: %s %s", op, number.String(f), why)
	return 0
}

// asNumber returns v as a number. It is not ok if v is neither a number nor a u64.
func asNumber(v lua.LValue) (n number.Number, ok bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return number.Number{Float: float64(v)}, true
	case *lua.LUserData:
		u, ok := v.Value.(wide)
		return number.Number{Wide: uint64(u), Exact: true}, ok
	}
	return number.Number{}, false
}

// arith returns the metamethod of the arithmetic operator op. The result wraps modulo 2^64.
func (rt *Runtime) arith(op string, f func(a, b uint64) uint64) lua.LGFunction {
	divides := op == "/" || op == "%"
	return func(L *lua.LState) int {
		if fn := objectsMeta(L, arithEvents[op]); fn != nil {
			return give(L, call(L, fn, L.Get(1), L.Get(2)))
		}
		a, b := operand(L, op, L.Get(1)), operand(L, op, L.Get(2))
		if divides && b == 0 {
			L.RaiseError("attempt to perform '%s %s 0', a division by zero", TypeName(L.Get(1)), op)
		}
		return give(L, rt.u64(f(a, b)))
	}
}

// arithEvents maps the operators of u64s to their metamethods.
var arithEvents = map[string]string{"+": "__add", "-": "__sub", "*": "__mul", "/": "__div", "%": "__mod"}

// objectsMeta returns the metamethod of the second operand if that is an object, so that the order of a u64
// and an object does not matter. Of two objects the first one decides, as in Lua.
func objectsMeta(L *lua.LState, event string) *lua.LFunction {
	y := L.Get(2)
	switch y.(type) {
	case *lua.LTable, *lua.LUserData:
		if IsU64(L.Get(1)) && !IsU64(y) {
			fn, _ := L.GetMetaField(y, event).(*lua.LFunction)
			return fn
		}
	}
	return nil
}

// concatWide implements __concat, in which a u64 is its hexadecimal text.
func (rt *Runtime) concatWide(L *lua.LState) int {
	if fn := objectsMeta(L, "__concat"); fn != nil {
		return give(L, call(L, fn, L.Get(1), L.Get(2)))
	}
	var text [2]string
	for i := range text {
		v := L.Get(i + 1)
		s, ok := textOf(v)
		if !ok {
			L.RaiseError("attempt to concatenate a %s value", TypeName(v))
		}
		text[i] = s
	}
	rt.charge(int64(len(text[0]) + len(text[1]) + sizeString))
	return give(L, lua.LString(text[0]+text[1]))
}

// unordered is the result of compareNumbers for NaN and anything.
const unordered = 2

// compareNumbers compares two numbers or u64s exactly and returns -1, 0, 1 or unordered. It is not ok for
// any other value.
func compareNumbers(a, b lua.LValue) (c int, ok bool) {
	x, xok := asNumber(a)
	y, yok := asNumber(b)
	switch {
	case !xok || !yok:
		return 0, false
	case x.Less(y):
		return -1, true
	case y.Less(x):
		return 1, true
	case math.IsNaN(x.Float) || math.IsNaN(y.Float):
		return unordered, true
	}
	return 0, true
}

// compareWide returns a comparison in which either side may be a u64: a metamethod, or what the compiler
// makes of a comparison with a wide literal.
func compareWide(op string) lua.LGFunction {
	less, equal := op[0] == '<', len(op) == 2
	return func(L *lua.LState) int {
		a, b := L.Get(1), L.Get(2)
		c, ok := compareNumbers(a, b)
		if !ok {
			L.RaiseError("%s", compareMessage(a, b))
		}
		return give(L, lua.LBool(c == 0 && equal || c == -1 && less || c == 1 && !less))
	}
}

// compareMessage returns the error of comparing two values that cannot be compared.
func compareMessage(a, b lua.LValue) string {
	x, y := TypeName(a), TypeName(b)
	switch {
	case x == "u64" && y == "number" || x == "number" && y == "u64":
		return "attempt to compare " + x + " with " + y +
			" (Lua 5.1 cannot compare a number with a userdata; use hw.lt(a, b) or hw.le(a, b))"
	case x == y:
		return "attempt to compare two " + x + " values"
	}
	return "attempt to compare " + x + " with " + y
}

// Hex returns v as hw.hex and tostring print it: 0x, lower case, padded with zeros to digits.
func Hex(v uint64, digits int) string {
	s := strconv.FormatUint(v, 16)
	return "0x" + strings.Repeat("0", max(0, min(digits, 16)-len(s))) + s
}

// TypeName returns the type of v for messages. An object whose class has a name has the type of that name.
func TypeName(v lua.LValue) string {
	return cmp.Or(metaText(v, "__name"), v.Type().String())
}

// metaText returns the text in a field of a userdata's metatable, or "".
func metaText(v lua.LValue, field string) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if mt, ok := ud.Metatable.(*lua.LTable); ok {
			text, _ := mt.RawGetString(field).(lua.LString)
			return string(text)
		}
	}
	return ""
}
