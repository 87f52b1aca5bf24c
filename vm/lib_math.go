// The math library, with a random generator of its own for each runtime.

package vm

import (
	"math"
	"math/bits"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// openMath adds the library, most of which are functions of Go by other names.
func openMath(rt *Runtime) {
	const degree = math.Pi / 180
	plain := func(name string, f func(float64) float64) libFunc {
		return libFunc{name, func(L *lua.LState) int {
			return give(L, lua.LNumber(f(args{L, name}.float(1))))
		}}
	}
	// rounding returns a u64 unchanged.
	rounding := func(name string, f func(float64) float64) libFunc {
		return libFunc{name, func(L *lua.LState) int {
			x := args{L, name}.number(1)
			if !x.Exact {
				x.Float = f(x.Float)
			}
			return give(L, rt.value(x))
		}}
	}
	binary := func(name string, f func(x, y float64) float64) libFunc {
		return libFunc{name, func(L *lua.LState) int {
			a := args{L, name}
			return give(L, lua.LNumber(f(a.float(1), a.float(2))))
		}}
	}
	t := rt.newLib("math", []libFunc{
		rounding("abs", math.Abs), plain("acos", math.Acos), plain("asin", math.Asin),
		plain("atan", math.Atan), binary("atan2", math.Atan2), rounding("ceil", math.Ceil),
		plain("cos", math.Cos), plain("cosh", math.Cosh),
		plain("deg", func(x float64) float64 { return x / degree }), plain("exp", math.Exp),
		rounding("floor", math.Floor), binary("fmod", math.Mod), {"frexp", mathFrexp}, {"ldexp", mathLdexp},
		plain("log", number.Log), plain("log10", number.Log10), {"max", rt.mathExtreme("max", false)},
		{"min", rt.mathExtreme("min", true)}, binary("mod", math.Mod), {"modf", mathModf},
		binary("pow", math.Pow), plain("rad", func(x float64) float64 { return x * degree }),
		{"random", rt.mathRandom}, {"randomseed", rt.mathRandomseed}, plain("sin", math.Sin),
		plain("sinh", math.Sinh), plain("sqrt", math.Sqrt), plain("tan", math.Tan), plain("tanh", math.Tanh),
	})
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	t.RawSetString("pi", lua.LNumber(math.Pi))
}

func mathModf(L *lua.LState) int {
	f := args{L, "modf"}.float(1)
	whole, part := math.Modf(f)
	if math.IsInf(f, 0) {
		whole, part = f, math.Copysign(0, f)
	}
	return give(L, lua.LNumber(whole), lua.LNumber(part))
}

func mathFrexp(L *lua.LState) int {
	f, e := math.Frexp(args{L, "frexp"}.float(1))
	return give(L, lua.LNumber(f), lua.LNumber(e))
}

func mathLdexp(L *lua.LState) int {
	a := args{L, "ldexp"}
	return give(L, lua.LNumber(math.Ldexp(a.float(1), a.int(2))))
}

// mathExtreme returns math.min or math.max. Numbers of both kinds are compared by value.
func (rt *Runtime) mathExtreme(name string, smallest bool) lua.LGFunction {
	return func(L *lua.LState) int {
		a := args{L, name}
		best := a.number(1)
		for i := 2; i <= L.GetTop(); i++ {
			x := a.number(i)
			if smallest && x.Less(best) || !smallest && best.Less(x) {
				best = x
			}
		}
		return give(L, rt.value(best))
	}
}

// A pcg is PCG-XSL-RR 128/64 (O'Neill), seeded from 64 bits.
type pcg struct {
	hi, lo uint64
}

const (
	pcgMulHi, pcgMulLo = 2549297995355413924, 4865540595714422341
	pcgIncHi, pcgIncLo = 6364136223846793005, 1442695040888963407
)

func (p *pcg) seed(seed uint64) {
	p.hi, p.lo = 0, seed
	p.next()
	p.next()
}

func (p *pcg) next() uint64 {
	hi, lo := bits.Mul64(p.lo, pcgMulLo)
	hi += p.hi*pcgMulLo + p.lo*pcgMulHi
	lo, carry := bits.Add64(lo, pcgIncLo, 0)
	hi, _ = bits.Add64(hi, pcgIncHi, carry)
	p.hi, p.lo = hi, lo
	return bits.RotateLeft64(hi^lo, -int(hi>>58))
}

// float returns a uniform value in [0,1) with 53 bits.
func (p *pcg) float() float64 { return float64(p.next()>>11) / twoTo53 }

// below returns a uniform value in 0..n-1. n = 0 means 2^64.
func (p *pcg) below(n uint64) uint64 {
	if n == 0 {
		return p.next()
	}
	hi, lo := bits.Mul64(p.next(), n)
	if lo < n {
		for least := -n % n; lo < least; {
			hi, lo = bits.Mul64(p.next(), n)
		}
	}
	return hi
}

// mathRandom returns a value in [0,1), or in 1..n for one argument, or in m..n for two. Bounds may be u64s.
func (rt *Runtime) mathRandom(L *lua.LState) int {
	a := args{L, "random"}
	switch L.GetTop() {
	case 0:
		return give(L, lua.LNumber(rt.lib.random.float()))
	case 1, 2:
	default:
		raise(L, 1, "wrong number of arguments")
	}
	low, high, n := number.Number{Float: 1}, a.bound(1), 1
	if L.GetTop() == 2 {
		low, high, n = high, a.bound(2), 2
	}
	if high.Less(low) {
		a.fail(n, "interval is empty")
	}
	if low.Float < 0 && high.Exact {
		a.fail(1, "interval too large: from a negative number to a u64")
	}
	from := low.Bits()
	v := from + rt.lib.random.below(high.Bits()-from+1)
	if low.Exact || high.Exact {
		return give(L, rt.u64(v))
	}
	return give(L, lua.LNumber(int64(v)))
}

// bound returns argument n as an integer: a u64, or one below 2^53 in size. As in lua5.1, it is rounded down.
func (a args) bound(n int) number.Number {
	x := a.number(n)
	if !x.Exact {
		x.Float = math.Floor(x.Float)
		if !(math.Abs(x.Float) <= twoTo53) {
			a.fail(n, "number has no exact integer representation")
		}
	}
	return x
}

func (rt *Runtime) mathRandomseed(L *lua.LState) int {
	x := args{L, "randomseed"}.number(1)
	seed := math.Float64bits(x.Float)
	if x.Exact || x.Float == math.Trunc(x.Float) && math.Abs(x.Float) < 1<<63 {
		seed = x.Bits()
	}
	rt.lib.random.seed(seed)
	return 0
}
