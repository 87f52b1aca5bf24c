// What instructions cost: the bytes that each may allocate, looked at before it is executed.

package vm

import (
	"math"
	"unsafe"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// Sizes, in bytes, of what gopher-lua allocates. They are the amd64 sizes, rounded up to Go's size classes.
const (
	sizeNumber  = 8   // a float in the allocator's blocks
	sizeString  = 16  // a string's header, boxed: what a string value costs besides its bytes
	sizeTable   = 112 // an empty table
	sizeSlot    = 16  // a value in an array, a register, an upvalue
	sizeEntry   = 128 // a key in the hash part: the pair, its place in keys and in k2i
	sizeClosure = 80
	sizeUpvalue = 64
	sizeUser    = 64
	sizeU64     = 160  // the userdata, its box and its place in the table of all u64s
	sizeThread  = 2048 // a coroutine with its first registers and frames
)

// opCost is what an instruction allocates whatever its operands are; opHeavy marks those whose
// operands say more.
var opCost, opHeavy = func() (cost [64]uint16, heavy [64]bool) {
	for _, op := range []int{lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW, lua.OP_UNM, lua.OP_LEN, lua.OP_FORPREP} {
		cost[op] = sizeNumber
	}
	cost[lua.OP_FORLOOP] = 2 * sizeNumber
	for _, op := range []int{lua.OP_SETGLOBAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_NEWTABLE, lua.OP_CONCAT, lua.OP_CALL,
		lua.OP_TAILCALL, lua.OP_SETLIST, lua.OP_CLOSURE, lua.OP_VARARG} {
		heavy[op] = true
	}
	return cost, heavy
}()

const rkBit = 1 << 8 // set in an operand that is a constant

// rk is the value of operand i of the frame's instruction.
func (t *thread) rk(cf *frame, i int) lua.LValue {
	if i&rkBit != 0 {
		return cf.Fn.Proto.Constants[i&^rkBit]
	}
	return t.reg(cf, i)
}

// reg is the value in register i of the frame.
func (t *thread) reg(cf *frame, i int) lua.LValue {
	if n := cf.LocalBase + i; n < len(t.L.reg.array) {
		return t.L.reg.array[n]
	}
	return lua.LNil
}

// heavy charges what the instruction is going to allocate.
func (t *thread) heavy(cf *frame, inst uint32) {
	a, b, c := int(inst>>18)&0xff, int(inst&0x1ff), int(inst>>9)&0x1ff
	rt := t.rt
	switch int(inst >> 26) {
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
		if cf.Idx >= t.frames {
			t.growStack()
		}
		if n := cap(t.L.reg.array); n != t.regs {
			rt.charge(int64(n-t.regs) * sizeSlot)
			t.regs = n
			t.L.reg.growBy = n
		}
	case lua.OP_SETGLOBAL:
		name := cf.Fn.Proto.Constants[inst&0x3ffff]
		if s, ok := name.(lua.LString); ok {
			rt.chargeKey(cf.Fn.Env, string(s))
		}
	case lua.OP_SETTABLEKS, lua.OP_SETTABLE:
		tb, ok := t.reg(cf, a).(*lua.LTable)
		if !ok {
			return
		}
		switch key := t.rk(cf, b).(type) {
		case lua.LString:
			rt.chargeKey(tb, string(key))
		case lua.LNumber:
			rt.chargeNumberKey(tb, float64(key))
		default:
			if _, ok := viewTable(tb).k2i[key]; !ok {
				rt.charge(sizeEntry)
			}
		}
	case lua.OP_NEWTABLE:
		rt.charge(sizeTable + int64(b)*sizeSlot + int64(c)*sizeEntry/2)
	case lua.OP_CLOSURE:
		proto := cf.Fn.Proto.FunctionPrototypes[inst&0x3ffff]
		rt.charge(sizeClosure + int64(proto.NumUpvalues)*(8+sizeUpvalue))
	case lua.OP_SETLIST:
		n := b
		if n == 0 {
			n = t.L.reg.top - (cf.LocalBase + a) - 1
		}
		rt.charge(int64(n) * 2 * sizeSlot)
	case lua.OP_CONCAT:
		n := int64(sizeString)
		odd, text := false, true
		for i := b; i <= c; i++ {
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
		rt.charge(n)
		if odd && text {
			// Let a number print as tostring prints it. The operands are temporaries of the instruction.
			for i := cf.LocalBase + b; i <= cf.LocalBase+c; i++ {
				if v, ok := t.L.reg.array[i].(lua.LNumber); ok {
					t.L.reg.array[i] = lua.LString(number.String(float64(v)))
				}
			}
		}
	}
}

// chargeKey charges for the key name when tb does not have it yet.
func (rt *Runtime) chargeKey(tb *lua.LTable, name string) {
	if _, ok := viewTable(tb).strdict[name]; !ok {
		rt.charge(sizeEntry)
	}
}

// chargeNumberKey charges for tb[key] = v: an array grows up to its largest index, all nils between included.
func (rt *Runtime) chargeNumberKey(tb *lua.LTable, key float64) {
	v := viewTable(tb)
	if key >= 1 && key < float64(lua.MaxArrayIndex) && key == math.Trunc(key) {
		n, have := int64(key), int64(cap(v.array))
		switch {
		case n <= have:
		case n <= have+1:
			rt.charge(have*sizeSlot + 32*sizeSlot) // append doubles at most
		default:
			rt.charge((n - have) * sizeSlot * 2)
		}
		return
	}
	if _, ok := v.k2i[lua.LNumber(key)]; !ok {
		rt.charge(sizeEntry)
	}
}

func (t *thread) state() *lua.LState { return (*lua.LState)(unsafe.Pointer(t.L)) }
