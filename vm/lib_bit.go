// The bit library, 64 bits wide: argument order as in Lua 5.2's bit32, tohex as in LuaJIT.

package vm

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// openBit adds the library. fold and shift make the functions that combine all arguments, and the ones that
// shift the first by the second.
func openBit(rt *Runtime) {
	fold := func(name string, start uint64, f func(x, y uint64) uint64) libFunc {
		return libFunc{name, func(L *lua.LState) int {
			a := args{L, name}
			v := start
			for i := 1; i <= L.GetTop(); i++ {
				v = f(v, a.bits(i))
			}
			return give(L, rt.u64(v))
		}}
	}
	shift := func(name string, f func(v uint64, n int) uint64) libFunc {
		return libFunc{name, func(L *lua.LState) int {
			a := args{L, name}
			return give(L, rt.u64(f(a.bits(1), a.count(2))))
		}}
	}
	rt.newLib("bit", []libFunc{
		shift("arshift", arshift),
		fold("band", math.MaxUint64, func(x, y uint64) uint64 { return x & y }),
		{"bnot", rt.bitNot},
		fold("bor", 0, func(x, y uint64) uint64 { return x | y }),
		fold("bxor", 0, func(x, y uint64) uint64 { return x ^ y }),
		{"extract", rt.bitExtract},
		shift("lshift", lshift),
		{"replace", rt.bitReplace},
		shift("rol", func(v uint64, n int) uint64 { return bits.RotateLeft64(v, n&63) }),
		shift("ror", func(v uint64, n int) uint64 { return bits.RotateLeft64(v, -(n & 63)) }),
		shift("rshift", func(v uint64, n int) uint64 { return lshift(v, -n) }),
		{"tohex", bitTohex},
	})
}

func (rt *Runtime) bitNot(L *lua.LState) int { return give(L, rt.u64(^args{L, "bnot"}.bits(1))) }

func (rt *Runtime) bitExtract(L *lua.LState) int {
	a := args{L, "extract"}
	v := a.bits(1)
	at, mask := a.field(2, 3)
	return give(L, rt.u64(v>>at&mask))
}

func (rt *Runtime) bitReplace(L *lua.LState) int {
	a := args{L, "replace"}
	v, field := a.bits(1), a.bits(2)
	at, mask := a.field(3, 4)
	return give(L, rt.u64(v&^(mask<<at)|field&mask<<at))
}

// bitTohex writes the lowest n digits, in upper case if n is negative.
func bitTohex(L *lua.LState) int {
	a := args{L, "tohex"}
	v, n := a.bits(1), max(a.optInt(2, 16), -16)
	digits := fmt.Sprintf("%016x", v)
	if n < 0 {
		n, digits = -n, strings.ToUpper(digits)
	}
	return give(L, lua.LString(digits[16-min(n, 16):]))
}

// bits returns argument n as 64 bits, a negative number as its two's complement.
func (a args) bits(n int) uint64 {
	if f, ok := a.L.Get(n).(lua.LNumber); ok && 0 <= f && f < twoTo53 && f == lua.LNumber(uint64(f)) {
		return uint64(f)
	}
	x := a.number(n)
	switch {
	case x.Exact:
	case x.Float != math.Trunc(x.Float) || math.IsInf(x.Float, 0):
		a.fail(n, "integer expected, got "+number.String(x.Float))
	case math.Abs(x.Float) >= twoTo53:
		_, err := ToU64(lua.LNumber(math.Abs(x.Float)))
		a.fail(n, err.Error())
	}
	return x.Bits()
}

// count returns argument n as a number of bits to shift by.
func (a args) count(n int) int {
	x := a.number(n)
	if x.Exact {
		return math.MaxInt32
	}
	if x.Float != math.Trunc(x.Float) {
		a.fail(n, "integer expected, got "+number.String(x.Float))
	}
	return int(min(max(x.Float, math.MinInt32), math.MaxInt32))
}

// field returns the bit field given by arguments n, its lowest bit, and w, its width (1 by default).
func (a args) field(n, w int) (at int, mask uint64) {
	at = a.count(n)
	width := 1
	if !a.absent(w) {
		width = a.count(w)
	}
	switch {
	case at < 0:
		a.fail(n, "field cannot be negative")
	case width < 1:
		a.fail(w, "width must be positive")
	case at+width > 64:
		raise(a.L, 1, "trying to access non-existent bits")
	}
	return at, math.MaxUint64 >> (64 - width)
}

// lshift shifts left, or right if n is negative. A shift by 64 or more gives 0.
func lshift(v uint64, n int) uint64 {
	if n < 0 {
		return v >> uint(-n)
	}
	return v << uint(n)
}

// arshift shifts right and fills with the sign bit, or shifts left if n is negative.
func arshift(v uint64, n int) uint64 {
	if n < 0 {
		return v << uint(-n)
	}
	return uint64(int64(v) >> uint(n))
}
