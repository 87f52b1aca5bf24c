// Numeric for loops whose bounds are u64s or text. gopher-lua accepts neither; lua5.1 accepts text.

package vm

import (
	"math"
	"math/big"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// turns is a loop over exact integers, in the register of the counter.
type turns struct {
	value, step *big.Int
	left        uint64
}

// boundNames are the names of the bounds of a loop in errors.
var boundNames = [...]string{"initial value", "limit", "step"}

// prepareLoop begins a loop not all of whose bounds are numbers: they may be text of numbers, or u64s.
func (t *thread) prepareLoop(cf *frame, inst instruction) bool {
	a, wide := inst.a(), false
	var bounds [3]lua.LValue
	for i := range bounds {
		v := t.reg(cf, a+i)
		if n, ok := plainNumber(v); ok {
			v = n
		} else if wide = true; !IsU64(v) {
			t.state().RaiseError("'for' %s must be a number", boundNames[i])
		}
		bounds[i] = v
	}
	if wide {
		t.refuseLiteral(cf, a, bounds)
		t.set(cf, a, t.turns(bounds))
	} else {
		first, by := bounds[0].(lua.LNumber), bounds[2].(lua.LNumber)
		t.set(cf, a, t.box(first-by))
		t.set(cf, a+1, bounds[1])
		t.set(cf, a+2, bounds[2])
	}
	cf.Pc += inst.bx() - maxJump
	return true
}

// refuseLiteral raises an error if a loop over u64s begins or ends at a plain literal: it would end at once
// or not in a lifetime. With a wide literal that is what the script says.
func (t *thread) refuseLiteral(cf *frame, a int, bounds [3]lua.LValue) {
	refused, wide := false, -1
	for i, v := range bounds {
		set := findSetter(cf.Fn.Proto, cf.Pc-1, a+i)
		literal := set >= 0 && instruction(cf.Fn.Proto.Code[set]).op() == lua.OP_LOADK
		switch {
		case IsU64(v) && literal:
			return
		case IsU64(v):
			wide = max(wide, i)
		case literal && i < 2:
			refused = true
		}
	}
	if refused {
		t.state().RaiseError("'for' %s must be a number, got a u64 "+
			"(the loop counts in floats; use while with u64s)", boundNames[wide])
	}
}

// turns returns a loop between exact integers.
func (t *thread) turns(bounds [3]lua.LValue) lua.LValue {
	L := t.state()
	first, last, by := wholeBound(L, 0, bounds[0]), wholeBound(L, 1, bounds[1]), wholeBound(L, 2, bounds[2])
	if by.Sign() == 0 {
		L.RaiseError("'for' step is zero")
	}
	span := last.Sub(last, first)
	span.Mul(span, big.NewInt(int64(by.Sign())))
	loop := &turns{value: first.Sub(first, by), step: by}
	if span.Sign() >= 0 {
		n := span.Quo(span, new(big.Int).Abs(by))
		n.Add(n, big.NewInt(1))
		if loop.left = math.MaxUint64; n.IsUint64() {
			loop.left = n.Uint64()
		}
	}
	t.rt.charge(sizeUser + 128)
	return &lua.LUserData{Value: loop, Metatable: lua.LNil}
}

// nextTurn begins the next turn of a loop that prepareLoop began, or ends the loop.
func (t *thread) nextTurn(cf *frame, inst instruction) bool {
	a := inst.a()
	ud, ok := t.reg(cf, a).(*lua.LUserData)
	if !ok {
		return false
	}
	loop, ok := ud.Value.(*turns)
	if !ok {
		return false
	}
	if loop.left == 0 {
		return true
	}
	loop.left--
	loop.value.Add(loop.value, loop.step)
	cf.Pc += inst.bx() - maxJump
	if v := loop.value; v.Sign() < 0 {
		t.set(cf, a+3, t.box(lua.LNumber(v.Int64())))
	} else {
		t.set(cf, a+3, t.rt.u64(v.Uint64()))
	}
	return true
}

// wholeBound returns bound i of a loop over u64s. An infinite limit is beyond all of them.
func wholeBound(L *lua.LState, i int, v lua.LValue) *big.Int {
	if u, ok := u64Of(v); ok {
		return new(big.Int).SetUint64(u)
	}
	f, limit := float64(v.(lua.LNumber)), i == 1
	if math.IsInf(f, 0) && limit {
		f = math.Copysign(math.MaxFloat64, f)
	}
	if f != math.Trunc(f) || math.IsInf(f, 0) || math.Abs(f) >= twoTo53 && !limit {
		L.RaiseError("'for' %s must be an exact integer beside a u64, got %s",
			boundNames[i], number.String(f))
	}
	n, _ := big.NewFloat(f).Int(nil)
	return n
}
