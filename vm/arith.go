// Instructions whose operands are neither plain numbers nor left to gopher-lua: text in arithmetic, which
// gopher-lua reads by Go's rules, loops between u64s, and comparisons of a u64 with a rounded number.

package vm

import (
	"math"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// events maps the arithmetic instructions to their metamethods.
var events = map[int]string{
	lua.OP_ADD: "__add", lua.OP_SUB: "__sub", lua.OP_MUL: "__mul", lua.OP_DIV: "__div", lua.OP_MOD: "__mod",
	lua.OP_POW: "__pow", lua.OP_UNM: "__unm",
}

// special executes an instruction that gopher-lua would execute differently from lua5.1. It returns false
// if the instruction is not such a one.
func (t *thread) special(cf *frame, inst instruction) bool {
	switch op := inst.op(); op {
	case lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW:
		return t.textArith(cf, inst, t.rk(cf, inst.b()), t.rk(cf, inst.c()))
	case lua.OP_UNM:
		x := t.rk(cf, inst.b())
		return t.textArith(cf, inst, x, x)
	case lua.OP_EQ:
		checkEquality(t.state(), t.rk(cf, inst.b()), t.rk(cf, inst.c()))
	case lua.OP_FORPREP:
		return t.prepareLoop(cf, inst)
	case lua.OP_FORLOOP:
		return t.nextTurn(cf, inst)
	}
	return false
}

// textArith performs an arithmetic instruction if x or y is text. In lua5.1 text of a number is that
// number; for any other operand there has to be a metamethod.
func (t *thread) textArith(cf *frame, inst instruction, x, y lua.LValue) bool {
	_, text := x.(lua.LString)
	if _, ok := y.(lua.LString); !ok && !text {
		return false
	}
	a, ok := plainNumber(x)
	b, ok2 := plainNumber(y)
	if ok && ok2 {
		t.set(cf, inst.a(), t.box(lua.LNumber(calculate(inst.op(), float64(a), float64(b)))))
		return true
	}
	L, event := t.state(), events[inst.op()]
	if hasMeta(L, x, event) || hasMeta(L, y, event) {
		return false
	}
	if event == "__unm" {
		L.RaiseError("__unm undefined")
	}
	L.RaiseError("cannot perform %s operation between %s and %s", event[2:], x.Type(), y.Type())
	return true
}

// set sets register i of cf.
func (t *thread) set(cf *frame, i int, v lua.LValue) {
	reg := t.L.reg
	reg.array[cf.LocalBase+i] = v
	reg.top = max(reg.top, cf.LocalBase+i+1)
}

// plainNumber returns the value of a number, or of text of one that is not a u64.
func plainNumber(v lua.LValue) (lua.LNumber, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return v, true
	case lua.LString:
		n, ok := number.Parse(string(v))
		return lua.LNumber(n.Float), ok && !n.Exact
	}
	return 0, false
}

func hasMeta(L *lua.LState, v lua.LValue, event string) bool {
	_, ok := L.GetMetaField(v, event).(*lua.LFunction)
	return ok
}

// calculate returns x op y, or -x.
func calculate(op int, x, y float64) float64 {
	switch op {
	case lua.OP_ADD:
		return x + y
	case lua.OP_SUB:
		return x - y
	case lua.OP_MUL:
		return x * y
	case lua.OP_DIV:
		return x / y
	case lua.OP_MOD:
		return number.Mod(x, y)
	case lua.OP_POW:
		return math.Pow(x, y)
	}
	return -x
}
