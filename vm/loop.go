// Numeric for loops over exact integers. gopher-lua counts in floats, as lua5.1 does, and takes no u64 for a bound.

package vm

import (
	"math"
	"math/big"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// prepareLoop is called with the bounds of a loop, and what it returns is counted. Where a bound is a u64 these are turns
// from 0, and first comes the function that makes a value of a turn.
func (rt *Runtime) prepareLoop(L *lua.LState) int {
	bounds := [3]lua.LValue{L.Get(1), L.Get(2), L.Get(3)}
	wide := false
	for _, v := range bounds {
		wide = wide || IsU64(v)
	}
	if !wide {
		L.Push(lua.LNil)
		for _, v := range bounds {
			L.Push(v)
		}
		return 4
	}
	var n [3]*big.Int
	for i, v := range bounds {
		n[i] = wholeBound(L, [...]string{"initial value", "limit", "step"}[i], v)
	}
	init, limit, step := n[0], n[1], n[2]
	if step.Sign() == 0 {
		raise(L, 1, "'for' step is zero")
	}
	// How many times step fits between the bounds; fewer than none when they are the wrong way round.
	last := new(big.Int).Sub(limit, init)
	last.Mul(last, big.NewInt(int64(step.Sign())))
	if last.Sign() >= 0 {
		last.Quo(last, new(big.Int).Abs(step))
	}
	turns, _ := new(big.Float).SetInt(last).Float64()
	rt.charge(sizeClosure)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		v := big.NewInt(int64(L.CheckNumber(1)))
		v.Mul(v, step).Add(v, init)
		if v.Sign() < 0 {
			L.Push(lua.LNumber(v.Int64()))
		} else {
			L.Push(rt.u64(v.Uint64()))
		}
		return 1
	}))
	L.Push(lua.LNumber(0))
	L.Push(lua.LNumber(turns))
	L.Push(lua.LNumber(1))
	return 4
}

// wholeBound is a bound of a loop over u64s. An infinite one is beyond all of them.
func wholeBound(L *lua.LState, what string, v lua.LValue) *big.Int {
	switch v := v.(type) {
	case *lua.LUserData:
		if u, err := u64Of(v); err == nil {
			return new(big.Int).SetUint64(u)
		}
	case lua.LNumber:
		f := float64(v)
		if math.IsInf(f, 0) && what == "limit" {
			f = math.Copysign(math.MaxFloat64, f)
		}
		if f == math.Trunc(f) && !math.IsInf(f, 0) && (math.Abs(f) < twoTo53 || what == "limit") {
			n, _ := big.NewFloat(f).Int(nil)
			return n
		}
		raise(L, 1, "'for' "+what+" must be an exact integer beside a u64, got "+number.String(f))
	}
	raise(L, 1, "'for' "+what+" must be a number")
	return nil
}
