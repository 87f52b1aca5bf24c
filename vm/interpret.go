// The interpreter loop. It executes the common instructions itself and has gopher-lua's functions execute
// the others, on the same stacks and registers. So it counts the steps, checks the limits and follows
// lua5.1's arithmetic at less cost than a call from gopher-lua's loop before every instruction.

package vm

import (
	"math"
	"strings"
	"unsafe"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// jumpTable is gopher-lua's table of the functions that execute the instructions. It is only read. Another
// release of gopher-lua, which might have another one, is refused by checkLayout.
//
//go:linkname jumpTable github.com/yuin/gopher-lua.jumpTable
var jumpTable [lua.OP_NOP + 1]func(L *lua.LState, inst uint32, base *frame) int

// interpret executes the function of the current frame until it has returned to the frame before base. The
// limits hold at each instruction, but what another goroutine sets is seen only when a function is called
// or returns, and at each look at the clock (see stepsPerLook).
//
// Variables of the loop hold what the frame and the meter would: sync stores them before anything else may
// look. budget is how many steps are left until the next look, so the steps left are m.look + budget; top
// is the number of registers in use.
func (t *thread) interpret(base *frame) {
	v, m := t.L, &t.rt.meter
	L := t.state()
	stack := (*growingStack)(v.stack[1])
	for {
		cf := v.currentFrame
		if m.mem > m.memStop || m.stop.Load() || cf.Idx+t.base >= m.maxDepth || len(v.reg.array) != t.regs {
			t.enterFrame(cf)
		}
		reg := v.reg
		lbase := cf.LocalBase
		regs := reg.array[lbase:]
		top := reg.top - lbase
		code, consts, pc := cf.Fn.Proto.Code, cf.Fn.Proto.Constants, cf.Pc
		budget := m.left - m.look
	frame:
		for {
			inst := instruction(code[pc])
			pc++
			if budget--; budget < 0 {
				cf.Pc, m.left, reg.top = pc, m.look+budget, lbase+top
				t.slow(cf)
				budget = m.left - m.look
			}
			if t.rt.watch != nil {
				cf.Pc, m.left, reg.top = pc, m.look+budget, lbase+top
				t.watched(cf)
				budget = m.left - m.look
			}
			a := inst.a()
			switch inst.op() {
			case lua.OP_MOVE:
				regs[a] = regs[inst.b()]
				top = max(top, a+1)
				continue
			case lua.OP_MOVEN:
				regs[a] = regs[inst.b()]
				top = max(top, a+1)
				for n := inst.c(); n > 0; n-- {
					next := instruction(code[pc])
					pc++
					regs[next.a()] = regs[next.b()]
					top = max(top, next.a()+1)
				}
				continue
			case lua.OP_LOADK:
				regs[a] = consts[inst.bx()]
				top = max(top, a+1)
				continue
			case lua.OP_LOADBOOL:
				regs[a] = lua.LBool(inst.b() != 0)
				top = max(top, a+1)
				if inst.c() != 0 {
					pc++
				}
				continue
			case lua.OP_LOADNIL:
				for i := a; i <= inst.b(); i++ {
					regs[i] = lua.LNil
				}
				top = max(top, inst.b()+1)
				continue
			case lua.OP_GETUPVAL:
				u := viewUpvalue(cf.Fn.Upvalues[inst.b()])
				if u.closed || u.reg == nil {
					regs[a] = u.value
				} else {
					regs[a] = u.reg.array[u.index]
				}
				top = max(top, a+1)
				continue
			case lua.OP_SETUPVAL:
				u := viewUpvalue(cf.Fn.Upvalues[inst.b()])
				if u.closed {
					u.value = regs[a]
					continue
				}
				if u.reg != nil && u.reg != reg && u.index < u.reg.top || u.reg == reg &&
					u.index < lbase+top {
					u.reg.array[u.index] = regs[a]
					continue
				}
			case lua.OP_GETGLOBAL:
				if name, ok := consts[inst.bx()].(lua.LString); ok {
					if x, ok := viewTable(cf.Fn.Env).field(string(name)); ok {
						regs[a] = x
						top = max(top, a+1)
						continue
					}
				}
			case lua.OP_GETTABLEKS:
				if name, ok := rk(regs, consts, inst.c()).(lua.LString); ok {
					if x, ok := fieldOf(regs[inst.b()], string(name)); ok {
						regs[a] = x
						top = max(top, a+1)
						continue
					}
				}
			case lua.OP_GETTABLE:
				if x, ok := index(regs[inst.b()], rk(regs, consts, inst.c())); ok {
					regs[a] = x
					top = max(top, a+1)
					continue
				}
			case lua.OP_SELF:
				if name, ok := rk(regs, consts, inst.c()).(lua.LString); ok {
					self := regs[inst.b()]
					if x, ok := fieldOf(self, string(name)); ok {
						regs[a], regs[a+1] = x, self
						top = max(top, a+2)
						continue
					}
				}
			case lua.OP_SETTABLEKS:
				if name, ok := rk(regs, consts, inst.b()).(lua.LString); ok {
					if setField(regs[a], string(name), rk(regs, consts, inst.c())) {
						continue
					}
				}
			case lua.OP_SETTABLE:
				if setIndex(regs[a], rk(regs, consts, inst.b()), rk(regs, consts, inst.c())) {
					continue
				}
			case lua.OP_ADD:
				x, ok := rk(regs, consts, inst.b()).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst.c()).(lua.LNumber)
				if ok && ok2 {
					regs[a] = t.box(x + y)
					top = max(top, a+1)
					continue
				}
			case lua.OP_SUB:
				x, ok := rk(regs, consts, inst.b()).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst.c()).(lua.LNumber)
				if ok && ok2 {
					regs[a] = t.box(x - y)
					top = max(top, a+1)
					continue
				}
			case lua.OP_MUL:
				x, ok := rk(regs, consts, inst.b()).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst.c()).(lua.LNumber)
				if ok && ok2 {
					regs[a] = t.box(x * y)
					top = max(top, a+1)
					continue
				}
			case lua.OP_DIV:
				x, ok := rk(regs, consts, inst.b()).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst.c()).(lua.LNumber)
				if ok && ok2 {
					regs[a] = t.box(x / y)
					top = max(top, a+1)
					continue
				}
			case lua.OP_MOD:
				x, ok := rk(regs, consts, inst.b()).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst.c()).(lua.LNumber)
				if ok && ok2 {
					regs[a] = t.box(lua.LNumber(number.Mod(float64(x), float64(y))))
					top = max(top, a+1)
					continue
				}
			case lua.OP_POW:
				x, ok := rk(regs, consts, inst.b()).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst.c()).(lua.LNumber)
				if ok && ok2 {
					regs[a] = t.box(lua.LNumber(math.Pow(float64(x), float64(y))))
					top = max(top, a+1)
					continue
				}
			case lua.OP_UNM:
				if x, ok := regs[inst.b()].(lua.LNumber); ok {
					regs[a] = t.box(-x)
					top = max(top, a+1)
					continue
				}
			case lua.OP_NOT:
				regs[a] = lua.LBool(isFalse(regs[inst.b()]))
				top = max(top, a+1)
				continue
			case lua.OP_LEN:
				if n, ok := length(regs[inst.b()]); ok {
					regs[a] = t.box(lua.LNumber(n))
					top = max(top, a+1)
					continue
				}
			case lua.OP_JMP:
				pc += inst.bx() - maxJump
				continue
			case lua.OP_EQ:
				if equal, ok := quickEqual(rk(regs, consts, inst.b()), rk(regs, consts, inst.c())); ok {
					if equal == (a == 0) {
						pc++
					}
					continue
				}
			case lua.OP_LT:
				x, y := rk(regs, consts, inst.b()), rk(regs, consts, inst.c())
				if f, ok := x.(lua.LNumber); ok {
					if g, ok := y.(lua.LNumber); ok {
						if (f < g) == (a == 0) {
							pc++
						}
						continue
					}
				}
				if c, ok := quickOrder(x, y, inst); ok {
					if (c == -1) == (a == 0) {
						pc++
					}
					continue
				}
			case lua.OP_LE:
				x, y := rk(regs, consts, inst.b()), rk(regs, consts, inst.c())
				if f, ok := x.(lua.LNumber); ok {
					if g, ok := y.(lua.LNumber); ok {
						if (f <= g) == (a == 0) {
							pc++
						}
						continue
					}
				}
				if c, ok := quickOrder(x, y, inst); ok {
					if (c <= 0) == (a == 0) {
						pc++
					}
					continue
				}
			case lua.OP_TEST:
				if isFalse(regs[a]) == (inst.c() != 0) {
					pc++
				}
				continue
			case lua.OP_TESTSET:
				if x := regs[inst.b()]; isFalse(x) == (inst.c() == 0) {
					regs[a] = x
					top = max(top, a+1)
				} else {
					pc++
				}
				continue
			case lua.OP_CALL:
				if n, ok := t.assertHolds(regs, a, top, inst); ok {
					top = n
					continue
				}
				reg.top = lbase + top
				if t.pushLua(stack, cf, regs[a], a, inst) {
					cf.Pc, m.left = pc, m.look+budget
					break frame
				}
			case lua.OP_RETURN:
				reg.top = lbase + top
				if done, ok := t.popLua(stack, cf, base, a, inst); ok {
					m.left = m.look + budget
					if done {
						return
					}
					break frame
				}
			case lua.OP_FORLOOP:
				i, ok := regs[a].(lua.LNumber)
				limit, ok2 := regs[a+1].(lua.LNumber)
				step, ok3 := regs[a+2].(lua.LNumber)
				if !ok || !ok2 || !ok3 || a+3 >= len(regs) {
					break
				}
				i += step
				x := t.box(i)
				regs[a] = x
				if step > 0 && i <= limit || step <= 0 && i >= limit {
					pc += inst.bx() - maxJump
					regs[a+3] = x
					top = max(top, a+4)
				} else if top > a+1 {
					clear(regs[a+1 : top])
					top = a + 1
				}
				continue
			case lua.OP_FORPREP:
				i, ok := regs[a].(lua.LNumber)
				_, ok2 := regs[a+1].(lua.LNumber)
				step, ok3 := regs[a+2].(lua.LNumber)
				if ok && ok2 && ok3 {
					regs[a] = t.box(i - step)
					pc += inst.bx() - maxJump
					continue
				}
			case lua.OP_TFORLOOP:
				if n := inst.c(); a+3+max(n, 2) <= len(regs) {
					if k, v, ok := t.nextPair(regs[a], regs[a+1], regs[a+2]); ok {
						next := instruction(code[pc])
						pc++
						regs[a+3], regs[a+4] = k, v
						for i := 2; i < n; i++ {
							regs[a+3+i] = lua.LNil
						}
						if !isNil(k) {
							regs[a+2] = k
							pc += next.bx() - maxJump
						}
						if end := a + 3 + n; top > end {
							clear(regs[end:top])
							top = end
						} else {
							top = max(end, a+5)
						}
						continue
					}
				}
			case lua.OP_NOP:
				continue
			}
			cf.Pc, m.left, reg.top = pc, m.look+budget, lbase+top
			if t.special(cf, inst) {
				break
			}
			if opHeavy[inst.op()] {
				t.heavy(cf, uint32(inst))
			}
			if jumpTable[inst.op()](L, uint32(inst), base) == 1 {
				return
			}
			break
		}
	}
}

// maxJump is added to the distance of a jump, so that the operand is not negative.
const maxJump = 1<<17 - 1

// enterFrame checks the limits before the first instruction of a frame, or the next after a call.
func (t *thread) enterFrame(cf *frame) {
	m := &t.rt.meter
	cf.Pc++
	t.chargeRegisters()
	m.left--
	t.slow(cf)
	m.left++
	cf.Pc--
}

// chargeRegisters charges for the registers that have been added.
func (t *thread) chargeRegisters() {
	if n := len(t.L.reg.array); n != t.regs {
		grown := n - t.regs
		t.regs = n
		t.L.reg.growBy = n
		t.rt.charge(int64(grown) * sizeSlot)
	}
}

// rk returns operand i: a constant, or the value of a register.
func rk(regs, consts []lua.LValue, i int) lua.LValue {
	if i&rkBit != 0 {
		return consts[i&^rkBit]
	}
	return regs[i]
}

func isFalse(v lua.LValue) bool {
	if b, ok := v.(lua.LBool); ok {
		return !bool(b)
	}
	return isNil(v)
}

func isNil(v lua.LValue) bool {
	_, ok := v.(*lua.LNilType)
	return ok
}

// field returns t[name]. It is not ok if a metamethod may have to answer.
func (t *ltable) field(name string) (lua.LValue, bool) {
	if v, ok := t.strdict[name]; ok {
		return v, true
	}
	return lua.LNil, isNil(t.Metatable)
}

// maxIndexChain is how many tables behind __index fieldOf looks into.
const maxIndexChain = 8

// fieldOf returns v[name] if v is a table that has the field, or whose tables behind __index do. It is not
// ok if anything else has to answer.
func fieldOf(v lua.LValue, name string) (lua.LValue, bool) {
	for range maxIndexChain {
		t, ok := v.(*lua.LTable)
		if !ok {
			return nil, false
		}
		vt := viewTable(t)
		if x, ok := vt.strdict[name]; ok {
			return x, true
		}
		mt, ok := vt.Metatable.(*lua.LTable)
		if !ok {
			return lua.LNil, isNil(vt.Metatable)
		}
		if v, ok = viewTable(mt).strdict["__index"]; !ok {
			return lua.LNil, true
		}
	}
	return nil, false
}

// item returns the place of the item with the key n in an array, or -1.
func item(n lua.LNumber, array []lua.LValue) int {
	if i := int(n); lua.LNumber(i) == n && uint(i-1) < uint(len(array)) {
		return i - 1
	}
	return -1
}

// index returns v[key] if v is a table that answers without a metamethod.
func index(v, key lua.LValue) (lua.LValue, bool) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return nil, false
	}
	vt := viewTable(t)
	switch key := key.(type) {
	case lua.LNumber:
		if i := item(key, vt.array); i >= 0 {
			x := vt.array[i]
			return x, !isNil(x) || isNil(vt.Metatable)
		}
		return nil, false
	case lua.LString:
		return vt.field(string(key))
	}
	return nil, false
}

// setField sets v[name] if v is a table that has the field. Anything else may cost memory or call a
// metamethod.
func setField(v lua.LValue, name string, value lua.LValue) bool {
	t, ok := v.(*lua.LTable)
	if !ok || isNil(value) {
		return false
	}
	dict := viewTable(t).strdict
	if _, ok := dict[name]; !ok {
		return false
	}
	dict[name] = value
	return true
}

// setIndex sets v[key] if v is a table that has the item or field, or has room for it as the next item and
// no metatable.
func setIndex(v, key, value lua.LValue) bool {
	switch key := key.(type) {
	case lua.LString:
		return setField(v, string(key), value)
	case lua.LNumber:
		t, ok := v.(*lua.LTable)
		if !ok {
			return false
		}
		vt := viewTable(t)
		if i := item(key, vt.array); i >= 0 {
			if isNil(vt.array[i]) && !isNil(vt.Metatable) {
				return false
			}
			vt.array[i] = value
			return true
		}
		n := len(vt.array)
		next := n < cap(vt.array) && n+1 < lua.MaxArrayIndex && key == lua.LNumber(n+1)
		if next && isNil(vt.Metatable) {
			vt.array = append(vt.array, value)
			return true
		}
	}
	return false
}

// length returns #v of a string, or of a table without a metatable.
func length(v lua.LValue) (int, bool) {
	switch v := v.(type) {
	case lua.LString:
		return len(v), true
	case *lua.LTable:
		if isNil(v.Metatable) {
			return v.Len(), true
		}
	}
	return 0, false
}

// quickEqual compares two values. It is not ok if a metamethod may have to, or if the comparison may raise.
func quickEqual(x, y lua.LValue) (equal, ok bool) {
	switch x := x.(type) {
	case lua.LNumber:
		n, same := y.(lua.LNumber)
		return same && x == n, same || lossOf(x, y) == nil
	case lua.LString:
		s, ok := y.(lua.LString)
		return ok && x == s, true
	case lua.LBool:
		b, ok := y.(lua.LBool)
		return ok && x == b, true
	case *lua.LNilType:
		return isNil(y), true
	case *lua.LTable:
		t, same := y.(*lua.LTable)
		return x == t, x == t || !same
	case *lua.LUserData:
		u, same := y.(*lua.LUserData)
		return x == u, x == u || !same && lossOf(y, x) == nil
	case *lua.LFunction:
		f, ok := y.(*lua.LFunction)
		return ok && x == f, true
	}
	return false, false
}

// quickOrder compares two strings, two u64s, or a number and a u64 that is a constant, as compareNumbers
// does.
func quickOrder(x, y lua.LValue, inst instruction) (c int, ok bool) {
	if s, ok := x.(lua.LString); ok {
		z, ok := y.(lua.LString)
		return strings.Compare(string(s), string(z)), ok
	}
	wide, wide2 := IsU64(x), IsU64(y)
	if wide && wide2 || wide && inst.b()&rkBit != 0 || wide2 && inst.c()&rkBit != 0 {
		return compareNumbers(x, y)
	}
	return 0, false
}

// assertHolds executes a call of the global assert whose first argument is true: the results are the
// arguments. It returns the number of registers in use.
func (t *thread) assertHolds(regs []lua.LValue, a, top int, inst instruction) (int, bool) {
	called, ok := regs[a].(*lua.LTable)
	lib := &t.rt.lib
	if !ok || called != lib.assert.table || inst.b() < 2 || inst.c() == 0 || isFalse(regs[a+1]) {
		return 0, false
	}
	lib.sides = lib.sides[:0]
	have, want := inst.b()-1, inst.c()-1
	for i := range want {
		regs[a+i] = lua.LNil
		if i < have {
			regs[a+i] = regs[a+1+i]
		}
	}
	if end := a + want; top > end {
		clear(regs[end:top])
	}
	return a + want, true
}

// nextPair returns the next key and value of a generic for over a table with the library's own next or the
// iterator of ipairs.
func (t *thread) nextPair(f, state, control lua.LValue) (k, v lua.LValue, ok bool) {
	fn, _ := f.(*lua.LFunction)
	table, ok := state.(*lua.LTable)
	if !ok || fn == nil || fn != t.rt.lib.next && fn != t.rt.lib.step {
		return nil, nil, false
	}
	array, i := viewTable(table).array, 0
	n, number := control.(lua.LNumber)
	if number {
		if i = int(n); i == 0 && fn == t.rt.lib.next {
			i = -1 // a key, not the beginning
		}
	} else if !isNil(control) {
		i = -1
	}
	if i >= 0 && i < len(array) && (!number || lua.LNumber(i) == n) && array[i] != nil && !isNil(array[i]) {
		return t.box(lua.LNumber(i + 1)), array[i], true
	}
	if fn == t.rt.lib.step {
		if number && i >= len(array) && lua.LNumber(i) == n {
			return lua.LNil, lua.LNil, true
		}
		return nil, nil, false
	}
	return tableNext(table, control)
}

// pushLua calls a Lua function without varargs, as gopher-lua does, if there is room in the segment of the
// call stack and in the registers. fn is in register a.
func (t *thread) pushLua(stack *growingStack, cf *frame, callee lua.LValue, a int, inst instruction) bool {
	fn, ok := callee.(*lua.LFunction)
	if !ok || fn.IsG || fn.Proto.IsVarArg != 0 || stack.segSp >= segmentFrames {
		return false
	}
	reg := t.L.reg
	base := cf.LocalBase + a + 1
	nargs := inst.b() - 1
	if nargs < 0 {
		nargs = reg.top - base
	}
	params, used := int(fn.Proto.NumParameters), int(fn.Proto.NumUsedRegisters)
	end := base + max(nargs, params, used)
	if end > len(reg.array) {
		return false
	}
	f := &(*[segmentFrames]frame)(stack.segments[stack.segIdx])[stack.segSp]
	*f = frame{
		Idx: int(stack.segSp) + segmentFrames*int(stack.segIdx), Fn: fn, Parent: cf, Base: base - 1,
		LocalBase: base, ReturnBase: base - 1, NArgs: nargs, NRet: inst.c() - 1,
	}
	stack.segSp++
	free := reg.array[base+min(nargs, params) : end]
	for i := range free {
		free[i] = lua.LNil
	}
	reg.top = base + used
	t.L.currentFrame = f
	return true
}

// popLua returns from a Lua function, as gopher-lua does, unless it has to close variables, or the stack
// has to give back a segment. done reports that the interpreter's function is to return as well.
func (t *thread) popLua(stack *growingStack, cf, base *frame, a int, inst instruction) (done, ok bool) {
	v := t.L
	if v.Parent != nil || stack.segSp == 0 {
		return false, false
	}
	for u := v.uvcache; u != nil; u = u.next {
		if u.index >= cf.LocalBase {
			return false, false
		}
	}
	reg := v.reg
	from := cf.LocalBase + a
	have := inst.b() - 1
	if have < 0 {
		have = reg.top - from
	}
	want := cf.NRet
	if want == lua.MultRet {
		want = have
	}
	to := cf.ReturnBase
	if to+want > len(reg.array) {
		return false, false
	}
	n := copy(reg.array[to:to+want], reg.array[from:from+min(have, want)])
	for ; n < want; n++ {
		reg.array[to+n] = lua.LNil
	}
	old := reg.top
	if reg.top = to + want; reg.top < old {
		clear(reg.array[reg.top:old])
	}
	stack.segSp--
	last := stack.last()
	v.currentFrame = last
	return cf == base || last == nil || last.Fn.IsG, true
}

// last returns the frame on top of the stack, or nil.
func (s *growingStack) last() *frame {
	seg, sp := s.segIdx, s.segSp
	if sp == 0 {
		if seg == 0 {
			return nil
		}
		seg, sp = seg-1, segmentFrames
	}
	return &(*[segmentFrames]frame)(s.segments[seg])[sp-1]
}

// Numbers are boxed in blocks, as gopher-lua does, and the whole numbers below cachedNumbers once and for
// all.
const (
	blockNumbers  = 32
	cachedNumbers = 1024
)

var (
	numberType = word0(lua.LNumber(0))
	cached     = func() (values [cachedNumbers]lua.LValue) {
		for i := range values {
			values[i] = lua.LNumber(i)
		}
		return values
	}()
)

// word0 returns the word of an interface that stands for its type.
func word0(v lua.LValue) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[0] }

// box returns n as a Lua value.
func (t *thread) box(n lua.LNumber) lua.LValue {
	if i := int(n); uint(i) < cachedNumbers && math.Float64bits(float64(i)) == math.Float64bits(float64(n)) {
		return cached[i]
	}
	if t.numbersUsed == blockNumbers {
		t.numbers, t.numbersUsed = new([blockNumbers]lua.LNumber), 0
		t.rt.meter.mem += blockNumbers * sizeNumber
	}
	p := &t.numbers[t.numbersUsed%blockNumbers]
	t.numbersUsed++
	*p = n
	value := [2]unsafe.Pointer{numberType, unsafe.Pointer(p)}
	return *(*lua.LValue)(unsafe.Pointer(&value))
}
