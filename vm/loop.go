// Numeric for loops over exact integers. gopher-lua counts in floats, as lua5.1 does, and accepts no u64 as a
// bound.

package vm

import (
	"math"
	"math/big"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// prepareLoop returns the bounds that a numeric for is to count with, after the function that makes a
// value of each count. If a bound is a u64, the count begins at 0; otherwise the bounds stay and the
// function is nil.
func (rt *Runtime) prepareLoop(L *lua.LState) int {
	init, limit, step := L.Get(1), L.Get(2), L.Get(3)
	if !IsU64(init) && !IsU64(limit) && !IsU64(step) {
		return give(L, lua.LNil, init, limit, step)
	}
	first, last := wholeBound(L, "initial value", init), wholeBound(L, "limit", limit)
	by := wholeBound(L, "step", step)
	if by.Sign() == 0 {
		raise(L, 1, "'for' step is zero")
	}
	// How often the step fits between the bounds, or below 0 if it leads away from the limit.
	turns := last.Sub(last, first)
	turns.Mul(turns, big.NewInt(int64(by.Sign())))
	if turns.Sign() >= 0 {
		turns.Quo(turns, new(big.Int).Abs(by))
	}
	n, _ := new(big.Float).SetInt(turns).Float64()
	rt.charge(sizeClosure)
	value := L.NewFunction(func(L *lua.LState) int {
		v := big.NewInt(int64(L.CheckNumber(1)))
		v.Mul(v, by).Add(v, first)
		if v.Sign() < 0 {
			return give(L, lua.LNumber(v.Int64()))
		}
		return give(L, rt.u64(v.Uint64()))
	})
	return give(L, value, lua.LNumber(0), lua.LNumber(n), lua.LNumber(1))
}

// wholeBound returns a bound of a loop over u64s. An infinite limit is beyond all of them.
func wholeBound(L *lua.LState, what string, v lua.LValue) *big.Int {
	switch v := v.(type) {
	case *lua.LUserData:
		if u, ok := u64Of(v); ok {
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
