// The math library, with a random generator of its own for each runtime.

package vm

import (
	"math"
	"math/bits"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

func openMath(rt *Runtime) {
	unary := func(name string, f func(float64) float64) lua.LGFunction {
		return func(L *lua.LState) int {
			L.Push(lua.LNumber(f(args{L, name}.float(1))))
			return 1
		}
	}
	// rounding leaves an exact integer what it is.
	rounding := func(name string, f func(float64) float64) lua.LGFunction {
		return func(L *lua.LState) int {
			a := args{L, name}
			if x, ok := L.Get(1).(lua.LNumber); ok {
				L.Push(lua.LNumber(f(float64(x))))
			} else if x := a.number(1); x.Exact {
				L.Push(rt.value(x))
			} else {
				L.Push(lua.LNumber(f(x.Float)))
			}
			return 1
		}
	}
	plain := func(name string, f func(float64) float64) libFunc { return libFunc{name, unary(name, f)} }
	t := rt.newLib("math", []libFunc{
		{"abs", rounding("abs", math.Abs)}, plain("acos", math.Acos), plain("asin", math.Asin), plain("atan", math.Atan),
		{"atan2", mathBinary("atan2", math.Atan2)}, {"ceil", rounding("ceil", math.Ceil)}, plain("cos", math.Cos),
		plain("cosh", math.Cosh), plain("deg", func(x float64) float64 { return x / (math.Pi / 180) }),
		plain("exp", math.Exp), {"floor", rounding("floor", math.Floor)}, {"fmod", mathBinary("fmod", math.Mod)},
		{"frexp", mathFrexp}, {"ldexp", mathLdexp}, plain("log", math.Log), plain("log10", math.Log10),
		{"max", rt.mathExtreme("max", false)}, {"min", rt.mathExtreme("min", true)}, {"mod", mathBinary("mod", math.Mod)},
		{"modf", mathModf}, {"pow", mathBinary("pow", math.Pow)},
		plain("rad", func(x float64) float64 { return x * (math.Pi / 180) }), {"random", rt.mathRandom},
		{"randomseed", rt.mathRandomseed}, plain("sin", math.Sin), plain("sinh", math.Sinh), plain("sqrt", math.Sqrt),
		plain("tan", math.Tan), plain("tanh", math.Tanh),
	})
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	t.RawSetString("pi", lua.LNumber(math.Pi))
}

func mathBinary(name string, f func(x, y float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		a := args{L, name}
		L.Push(lua.LNumber(f(a.float(1), a.float(2))))
		return 1
	}
}

func mathModf(L *lua.LState) int {
	f := args{L, "modf"}.float(1)
	whole, part := math.Modf(f)
	if math.IsInf(f, 0) {
		whole, part = f, math.Copysign(0, f)
	}
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(part))
	return 2
}

func mathFrexp(L *lua.LState) int {
	f, e := math.Frexp(args{L, "frexp"}.float(1))
	L.Push(lua.LNumber(f))
	L.Push(lua.LNumber(e))
	return 2
}

func mathLdexp(L *lua.LState) int {
	a := args{L, "ldexp"}
	L.Push(lua.LNumber(math.Ldexp(a.float(1), a.int(2))))
	return 1
}

// mathExtreme takes both kinds of numbers: a u64 is larger than any number that is no u64 and
// below 2^53, and compares with the rest by value.
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
		L.Push(rt.value(best))
		return 1
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

// float is uniform in [0,1), with 53 bits.
func (p *pcg) float() float64 { return float64(p.next()>>11) / twoTo53 }

// below is uniform in 0..n-1; n 0 means 2^64.
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

// mathRandom: random() in [0,1), random(n) in 1..n, random(m, n) in m..n. The bounds may be u64s.
func (rt *Runtime) mathRandom(L *lua.LState) int {
	a := args{L, "random"}
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(rt.lib.random.float()))
		return 1
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
	if !low.Exact && !high.Exact {
		// Both below 2^53 in size: the sum below is exact, whatever its sign.
		v := int64(low.Float) + int64(rt.lib.random.below(uint64(int64(high.Float)-int64(low.Float))+1))
		L.Push(lua.LNumber(v))
		return 1
	}
	if low.Float < 0 {
		a.fail(1, "interval too large: from a negative number to a u64")
	}
	from := low.Wide
	if !low.Exact {
		from = uint64(low.Float)
	}
	L.Push(rt.u64(from + rt.lib.random.below(high.Wide-from+1)))
	return 1
}

// bound is argument n as an integer: a u64, or below 2^53 in size. Fractions are cut as in lua5.1.
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
	if x.Exact {
		rt.lib.random.seed(x.Wide)
	} else if f := math.Trunc(x.Float); f == x.Float && math.Abs(f) < 1<<63 {
		rt.lib.random.seed(uint64(int64(f)))
	} else {
		rt.lib.random.seed(math.Float64bits(x.Float))
	}
	return 0
}
