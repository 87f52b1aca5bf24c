// What instructions cost: the bytes that each may allocate, counted before it is executed.

package vm

import (
	"math"
	"unsafe"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// opHeavy marks the instructions that may allocate more than numbers, which box charges for.
var opHeavy = func() (heavy [64]bool) {
	for _, op := range []int{
		lua.OP_SETGLOBAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_NEWTABLE, lua.OP_CONCAT, lua.OP_CALL,
		lua.OP_TAILCALL, lua.OP_SETLIST, lua.OP_CLOSURE, lua.OP_VARARG,
	} {
		heavy[op] = true
	}
	return heavy
}()

// An instruction is one word of byte code.
type instruction uint32

func (i instruction) op() int { return int(i >> 26) }
func (i instruction) a() int  { return int(i>>18) & 0xff }
func (i instruction) b() int  { return int(i & 0x1ff) }
func (i instruction) c() int  { return int(i>>9) & 0x1ff }
func (i instruction) bx() int { return int(i & 0x3ffff) }

const rkBit = 1 << 8 // set in an operand that is a constant

// rk returns the value of operand i of the frame's instruction.
func (t *thread) rk(cf *frame, i int) lua.LValue {
	if i&rkBit != 0 {
		return cf.Fn.Proto.Constants[i&^rkBit]
	}
	return t.reg(cf, i)
}

// reg returns the value in register i of the frame.
func (t *thread) reg(cf *frame, i int) lua.LValue {
	if n := cf.LocalBase + i; n < len(t.L.reg.array) {
		return t.L.reg.array[n]
	}
	return lua.LNil
}

// heavy charges what the instruction is going to allocate.
func (t *thread) heavy(cf *frame, word uint32) {
	inst, rt := instruction(word), t.rt
	switch inst.op() {
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
		if cf.Idx >= t.frames {
			t.growStack()
		}
		t.chargeRegisters()
		if inst.op() == lua.OP_TAILCALL {
			t.checkTailCall(cf, inst)
		}
	case lua.OP_SETGLOBAL:
		if s, ok := cf.Fn.Proto.Constants[inst.bx()].(lua.LString); ok {
			rt.chargeKey(cf.Fn.Env, string(s))
		}
	case lua.OP_SETTABLEKS, lua.OP_SETTABLE:
		if tb, ok := t.reg(cf, inst.a()).(*lua.LTable); ok {
			rt.chargeStore(tb, t.rk(cf, inst.b()))
		}
	case lua.OP_NEWTABLE:
		rt.charge(constructorBytes(inst.b(), inst.c()))
	case lua.OP_CLOSURE:
		proto := cf.Fn.Proto.FunctionPrototypes[inst.bx()]
		rt.charge(sizeClosure + int64(proto.NumUpvalues)*(8+sizeUpvalue))
	case lua.OP_SETLIST:
		n := inst.b()
		if n == 0 {
			n = t.L.reg.top - (cf.LocalBase + inst.a()) - 1
		}
		if tb, ok := t.reg(cf, inst.a()).(*lua.LTable); ok {
			v := viewTable(tb)
			rt.chargeItems(v, len(v.array)+1, n)
		}
	case lua.OP_CONCAT:
		t.chargeConcat(cf, inst.b(), inst.c())
	}
}

// checkTailCall raises an error if the registers could not hold the arguments of a tail call twice and the
// variables of the function. gopher-lua would find that out when it has replaced the caller's frame, and
// panic as the new frame has no position for the error.
func (t *thread) checkTailCall(cf *frame, inst instruction) {
	const variables = 256 // of one function, at most
	top := t.L.reg.top
	if args := top - (cf.LocalBase + inst.a()); top+args+variables > maxRegisters {
		t.state().RaiseError("registry overflow")
	}
}

// chargeConcat charges for the text of registers from to last, and makes numbers print as tostring prints
// them.
func (t *thread) chargeConcat(cf *frame, from, last int) {
	n := int64(sizeString)
	odd, text := false, true
	for i := from; i <= last; i++ {
		switch v := t.reg(cf, i).(type) {
		case lua.LString:
			n += int64(len(v))
		case lua.LNumber:
			n += 24
			odd = odd || !number.IsInteger(float64(v))
		default:
			text = false
		}
	}
	t.rt.charge(n)
	if !odd || !text {
		return
	}
	// The operands are temporaries of the instruction, so replacing them is safe.
	for i := cf.LocalBase + from; i <= cf.LocalBase+last; i++ {
		if v, ok := t.L.reg.array[i].(lua.LNumber); ok {
			t.L.reg.array[i] = lua.LString(number.String(float64(v)))
		}
	}
}

// chargeStore charges for tb[key] = v, where v is not nil.
func (rt *Runtime) chargeStore(tb *lua.LTable, key lua.LValue) {
	switch key := key.(type) {
	case lua.LString:
		rt.chargeKey(tb, string(key))
	case lua.LNumber:
		rt.chargeNumberKey(tb, float64(key))
	default:
		if v := viewTable(tb); !hasKey(v, key) {
			rt.chargeEntry(v, false)
		}
	}
}

func hasKey(v *ltable, key lua.LValue) bool {
	_, ok := v.k2i[key]
	return ok
}

// chargeKey charges for the key name when tb does not have it yet.
func (rt *Runtime) chargeKey(tb *lua.LTable, name string) {
	v := viewTable(tb)
	if _, ok := v.strdict[name]; !ok {
		rt.chargeEntry(v, true)
	}
}

// chargeNumberKey charges for tb[key] = v. An array grows up to its largest index and holds the nils
// below it.
func (rt *Runtime) chargeNumberKey(tb *lua.LTable, key float64) {
	v := viewTable(tb)
	if key >= 1 && key < float64(lua.MaxArrayIndex) && key == math.Trunc(key) {
		n, have := int64(key), int64(cap(v.array))
		switch {
		case n <= have:
		case n <= have+1:
			rt.charge(have*sizeSlot + sizeArray) // append doubles at most
		default:
			rt.charge((n - have) * sizeSlot * 2)
		}
		return
	}
	if !hasKey(v, lua.LNumber(key)) {
		rt.chargeEntry(v, false)
	}
}

func (t *thread) state() *lua.LState { return (*lua.LState)(unsafe.Pointer(t.L)) }
