// Watching: which variables a script is about to read and write, one instruction at a time.

package vm

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// An AccessMode is what an instruction does with a variable.
type AccessMode uint8

const (
	ReadVar  AccessMode = iota // reads an upvalue, a global or a field
	WriteVar                   // writes one
	KeysOf                     // reads how many keys a table has
	WalkOver                   // reads all keys and values of a table
	NewKey                     // gives a table a key or takes one from it
	NewValue                   // writes the value of a key that is there
)

// Conflicts reports whether the order of two accesses to one variable matters.
func (m AccessMode) Conflicts(o AccessMode) bool {
	switch m {
	case ReadVar:
		return o == WriteVar
	case WriteVar:
		return o <= WriteVar
	case KeysOf:
		return o == NewKey
	case WalkOver:
		return o >= NewKey
	case NewKey:
		return o == KeysOf || o == WalkOver
	}
	return o == WalkOver
}

// Writes reports whether the access changes the variable.
func (m AccessMode) Writes() bool { return m == WriteVar || m >= NewKey }

// A Variable identifies an upvalue, a field of a table, or the keys of a table as a whole.
type Variable struct {
	Holder unsafe.Pointer // of the upvalue or the table
	Key    lua.LValue     // of the field; nil for an upvalue and for the table as a whole
}

// An Access is one access to a variable that the next instruction makes.
type Access struct {
	Var    Variable
	Mode   AccessMode
	Holder any // the *lua.Upvalue or *lua.LTable

	t  *thread
	cf *frame
}

// Where returns the position of the instruction.
func (a *Access) Where() (file string, line int) {
	p := a.cf.Fn.Proto
	return p.SourceName, p.DbgSourcePositions[a.cf.Pc-1]
}

// Site identifies the instruction.
func (a *Access) Site() (proto *lua.FunctionProto, pc int) { return a.cf.Fn.Proto, a.cf.Pc - 1 }

// Name returns the variable as the script writes it: ev, dev.hits, own[2], #list.
func (a *Access) Name() string {
	n := &namer{rt: a.t.rt, t: a.t, cf: a.cf, pc: a.cf.Pc - 1}
	n.inst = instruction(a.cf.Fn.Proto.Code[n.pc])
	inst, proto := n.inst, a.cf.Fn.Proto
	table := ""
	switch inst.op() {
	case lua.OP_GETUPVAL, lua.OP_SETUPVAL:
		if b := inst.b(); b < len(proto.DbgUpvalues) {
			return proto.DbgUpvalues[b]
		}
		return "?"
	case lua.OP_GETGLOBAL, lua.OP_SETGLOBAL:
		if table = "_G"; a.Var.Key != nil {
			return constantName(proto, inst.bx())
		}
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		table = n.path(inst.a(), n.pc)
	case lua.OP_CALL, lua.OP_TAILCALL:
		table = n.path(inst.a()+1, n.pc)
	case lua.OP_TFORLOOP: // of pairs(table) or ipairs(table)
		table = "?"
		if set := findSetter(proto, n.pc, inst.a()); set >= 0 &&
			instruction(proto.Code[set]).op() == lua.OP_CALL {
			table = n.path(instruction(proto.Code[set]).a()+1, set)
		}
	default:
		table = n.path(inst.b(), n.pc)
	}
	switch {
	case a.Var.Key == nil:
		return "#" + table
	case table == "?":
		return "?" + fieldText(a.Var.Key)
	}
	return table + fieldText(a.Var.Key)
}

// path returns the expression whose value register reg holds at pc, "?" if it is not known.
func (n *namer) path(reg, pc int) string {
	proto := n.cf.Fn.Proto
	if name, ok := localName(proto, reg, pc); ok {
		return name
	}
	set := findSetter(proto, pc, reg)
	if set < 0 {
		return "?"
	}
	inst := instruction(proto.Code[set])
	switch inst.op() {
	case lua.OP_GETGLOBAL:
		return constantName(proto, inst.bx())
	case lua.OP_GETUPVAL:
		if b := inst.b(); b < len(proto.DbgUpvalues) {
			return proto.DbgUpvalues[b]
		}
	case lua.OP_MOVE:
		return n.path(inst.b(), set)
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		table := n.path(inst.b(), set)
		if inst.c()&rkBit == 0 {
			return table + "[?]"
		}
		return table + fieldText(n.rk(inst.c()))
	}
	return "?"
}

// fieldText returns a key as it follows its table in an expression.
func fieldText(key lua.LValue) string {
	switch k := key.(type) {
	case lua.LString:
		if isName(string(k)) {
			return "." + string(k)
		}
		return fmt.Sprintf("[%q]", string(k))
	case lua.LNumber:
		return "[" + number.String(float64(k)) + "]"
	case lua.LBool:
		return "[" + k.String() + "]"
	}
	return "[" + key.Type().String() + "]"
}

// isName reports whether s can follow a dot.
func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// Watch has fn called before each access to an upvalue, a global or a field of a table, until Watch is called
// with nil. The Access is valid until fn returns.
func (s *State) Watch(fn func(*Access)) {
	s.rt.watch = fn
	if fn != nil && s.rt.readers == nil {
		s.rt.readers = s.rt.tableFunctions()
	}
}

// tableFunctions returns what the library's functions do with the table that they are given first.
func (rt *Runtime) tableFunctions() map[*lua.LFunction]AccessMode {
	found := map[*lua.LFunction]AccessMode{}
	add := func(mode AccessMode, names ...string) {
		for _, name := range names {
			var holder lua.LValue = rt.main.G.Global
			lib, field, ok := strings.Cut(name, ".")
			if ok {
				holder = rt.main.G.Global.RawGetString(lib)
			} else {
				field = lib
			}
			if t, ok := holder.(*lua.LTable); ok {
				if f, ok := t.RawGetString(field).(*lua.LFunction); ok {
					found[f] = mode
				}
			}
		}
	}
	add(WalkOver, "next", "unpack", "table.concat", "table.foreach", "table.foreachi", "table.sort",
		"table.maxn")
	add(KeysOf, "table.getn", "rawlen")
	add(NewKey, "table.insert", "table.remove")
	return found
}

// watched reports what the instruction is going to access.
func (t *thread) watched(cf *frame) {
	fn := cf.Fn
	inst := instruction(fn.Proto.Code[cf.Pc-1])
	switch inst.op() {
	case lua.OP_GETUPVAL:
		t.upvalue(cf, fn.Upvalues[inst.b()], ReadVar)
	case lua.OP_SETUPVAL:
		t.upvalue(cf, fn.Upvalues[inst.b()], WriteVar)
	case lua.OP_GETGLOBAL:
		t.field(cf, fn.Env, fn.Proto.Constants[inst.bx()], ReadVar)
	case lua.OP_SETGLOBAL:
		t.field(cf, fn.Env, fn.Proto.Constants[inst.bx()], WriteVar)
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
		t.field(cf, t.reg(cf, inst.b()), t.rk(cf, inst.c()), ReadVar)
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		t.field(cf, t.reg(cf, inst.a()), t.rk(cf, inst.b()), WriteVar)
	case lua.OP_LEN:
		t.whole(cf, t.reg(cf, inst.b()), KeysOf)
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_TFORLOOP:
		t.called(cf, inst)
	}
}

func (t *thread) upvalue(cf *frame, u *lua.Upvalue, mode AccessMode) {
	a := Access{Var: Variable{Holder: unsafe.Pointer(u)}, Mode: mode, Holder: u, t: t, cf: cf}
	t.rt.watch(&a)
}

// field reports an access to a field, and to the tables behind it by __index if the field is not there.
func (t *thread) field(cf *frame, v, key lua.LValue, mode AccessMode) {
	for range 20 {
		tb, ok := v.(*lua.LTable)
		if !ok || key == lua.LNil {
			return
		}
		had := tb.RawGet(key)
		a := Access{Var: Variable{unsafe.Pointer(tb), key}, Mode: mode, Holder: tb, t: t, cf: cf}
		t.rt.watch(&a)
		if mode == WriteVar {
			a.Var.Key, a.Mode = nil, NewValue
			if had == lua.LNil || t.storesNil(cf) {
				a.Mode = NewKey
			}
			t.rt.watch(&a)
			return
		}
		meta, ok := tb.Metatable.(*lua.LTable)
		if had != lua.LNil || !ok {
			return
		}
		v = meta.RawGetString("__index")
	}
}

// storesNil reports whether the instruction writes nil.
func (t *thread) storesNil(cf *frame) bool {
	inst := instruction(cf.Fn.Proto.Code[cf.Pc-1])
	if inst.op() == lua.OP_SETGLOBAL {
		return t.reg(cf, inst.a()) == lua.LNil
	}
	return t.rk(cf, inst.c()) == lua.LNil
}

func (t *thread) whole(cf *frame, v lua.LValue, mode AccessMode) {
	if tb, ok := v.(*lua.LTable); ok {
		a := Access{Var: Variable{Holder: unsafe.Pointer(tb)}, Mode: mode, Holder: tb, t: t, cf: cf}
		t.rt.watch(&a)
	}
}

// called reports what a library function does with its first argument, which is a table.
func (t *thread) called(cf *frame, inst instruction) {
	fn, ok := t.reg(cf, inst.a()).(*lua.LFunction)
	if !ok || !fn.IsG {
		return
	}
	mode, known := t.rt.readers[fn]
	if inst.op() == lua.OP_TFORLOOP { // next, and what ipairs gives
		mode, known = WalkOver, true
	}
	if known {
		t.whole(cf, t.reg(cf, inst.a()+1), mode)
	}
}

// Outer returns the upvalues and tables that exist before a function runs and that it can reach.
func (s *State) Outer(fn *lua.LFunction) map[unsafe.Pointer]bool {
	seen := map[unsafe.Pointer]bool{}
	work := []lua.LValue{fn, s.rt.main.G.Global, s.rt.main.G.Registry}
	push := func(v lua.LValue) {
		switch v.(type) {
		case *lua.LTable, *lua.LFunction, *lua.LUserData:
			work = append(work, v)
		}
	}
	for len(work) > 0 {
		v := work[len(work)-1]
		work = work[:len(work)-1]
		switch v := v.(type) {
		case *lua.LTable:
			if p := unsafe.Pointer(v); !seen[p] {
				seen[p] = true
				push(v.Metatable)
				v.ForEach(func(k, e lua.LValue) { push(k); push(e) })
			}
		case *lua.LUserData:
			if p := unsafe.Pointer(v); !seen[p] {
				seen[p] = true
				push(v.Metatable)
				push(v.Env)
			}
		case *lua.LFunction:
			if p := unsafe.Pointer(v); !seen[p] {
				seen[p] = true
				push(v.Env)
				for _, u := range v.Upvalues {
					if !seen[unsafe.Pointer(u)] {
						seen[unsafe.Pointer(u)] = true
						push(u.Value())
					}
				}
			}
		}
	}
	return seen
}
