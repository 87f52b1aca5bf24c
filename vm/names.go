// Messages of failed instructions: lua5.1's words, with the name of the variable and, if a name was
// misspelled, the one that was probably meant. gopher-lua says only "a non-table object(nil)".

package vm

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// explain returns the message of a failed instruction of cf in lua5.1's words.
func (rt *Runtime) explain(t *thread, cf *frame, message string) string {
	if cf == nil || cf.Fn.IsG || cf.Pc == 0 {
		if text, ok := strings.CutSuffix(message, "a non-function object"); ok {
			return text + "a value that is not a function"
		}
		if text, ok := strings.CutSuffix(message, "registry overflow"); ok {
			return text + "stack overflow (too many values)"
		}
		return message
	}
	proto, pc := cf.Fn.Proto, cf.Pc-1
	where := fmt.Sprintf("%s:%d: ", proto.SourceName, proto.DbgSourcePositions[pc])
	said, ok := strings.CutPrefix(message, where)
	if !ok {
		return message
	}
	n := &namer{rt: rt, t: t, cf: cf, pc: pc, inst: instruction(proto.Code[pc])}
	if text := n.explain(said); text != "" {
		return where + text
	}
	return message
}

// A namer explains the running instruction, and finds the variables that its operands came from.
type namer struct {
	rt   *Runtime
	t    *thread
	cf   *frame
	pc   int
	inst instruction
}

func (n *namer) rk(i int) lua.LValue  { return n.t.rk(n.cf, i) }
func (n *namer) reg(i int) lua.LValue { return n.t.reg(n.cf, i) }

// explain returns what to say for gopher-lua's message, or "".
func (n *namer) explain(said string) string {
	a, b, c, op := n.inst.a(), n.inst.b(), n.inst.c(), n.inst.op()
	switch {
	case said == "attempt to call a non-function object":
		return n.call()
	case strings.HasPrefix(said, "attempt to index a non-table object"):
		switch op {
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
			return n.operand("index", b)
		case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
			return n.operand("index", a)
		}
	case strings.HasPrefix(said, "cannot perform concat"):
		for i := c; i >= b; i-- {
			v := n.reg(i)
			if !lua.LVCanConvToString(v) && n.rt.main.GetMetaField(v, "__concat") == lua.LNil {
				return n.operand("concatenate", i)
			}
		}
	case strings.HasPrefix(said, "cannot perform "):
		return n.arithmetic(b, c)
	case said == "__unm undefined":
		return n.operand("perform arithmetic on", b)
	case said == "__len undefined":
		return n.operand("get length of", b)
	case strings.HasPrefix(said, "attempt to compare ") && (op == lua.OP_LT || op == lua.OP_LE):
		return compareMessage(n.rk(b), n.rk(c))
	case said == "registry overflow":
		return "stack overflow (too many values)"
	}
	if what, ok := strings.CutPrefix(said, "too many recursions in "); ok {
		return "loop in " + what
	}
	return ""
}

func (n *namer) call() string {
	switch n.inst.op() {
	case lua.OP_CALL, lua.OP_TAILCALL:
		return n.operand("call", n.inst.a())
	case lua.OP_TFORLOOP:
		v := n.reg(n.inst.a())
		text := "attempt to call a " + TypeName(v) + " value"
		if _, ok := v.(*lua.LTable); ok {
			text += " (for ... in needs an iterator: write pairs(t) or ipairs(t))"
		}
		return text
	}
	return ""
}

// arithmetic explains a failed operation on b and c, of which one is not a number.
func (n *namer) arithmetic(b, c int) string {
	i := b
	if numeric(n.rk(b)) {
		i = c
	}
	if numeric(n.rk(i)) {
		return "attempt to perform arithmetic on text of an integer above 2^53; " +
			"convert it with hw.u64 or tonumber"
	}
	return n.operand("perform arithmetic on", i)
}

// numeric reports whether v is a number or text of one.
func numeric(v lua.LValue) bool {
	switch v := v.(type) {
	case lua.LNumber:
		return true
	case lua.LString:
		_, ok := number.Parse(string(v))
		return ok
	}
	return false
}

// operand returns the error of doing something to operand i of the instruction.
func (n *namer) operand(do string, i int) string {
	v := n.rk(i)
	var o origin
	if i&rkBit == 0 {
		o = n.origin(i, n.pc)
	}
	if o.kind == "" {
		return "attempt to " + do + " a " + TypeName(v) + " value"
	}
	text := "attempt to " + do + " " + o.kind + " '" + o.name + "' (a " + TypeName(v) + " value)"
	if v != lua.LNil {
		return text
	}
	switch o.kind {
	case "global":
		if how := n.rt.missing(o.name); how != "" {
			return text + "; " + how
		}
		return text + didYouMean(o.name, keyNames(n.cf.Fn.Env))
	case "field", "method":
		if option := n.rt.neededFor(o.from, o.name); option != "" {
			return text + "; it is not allowed: set " + option
		}
		return text + didYouMean(o.name, n.fieldNames(o.from))
	}
	return text
}

// missing returns the hint of a module about a global that is not defined.
func (rt *Runtime) missing(name string) string {
	for i := range rt.cfg.Modules {
		if how := rt.cfg.Modules[i].Missing[name]; how != "" {
			return how
		}
	}
	return ""
}

// options maps the fields of io and os that exist only if Config.Allow says so to the option to set.
var options = map[string]string{
	"io.input": allowFS, "io.open": allowFS, "io.output": allowFS, "io.tmpfile": allowFS,
	"io.popen": allowExec, "os.remove": allowFS, "os.rename": allowFS, "os.tmpname": allowFS,
	"os.execute": allowExec,
	"os.getenv":  "--allow env (Config.Allow.Env)", "os.clock": "--allow clock (Config.Allow.Clock)",
	"os.exit": "Config.Allow.Exit (set for hwlua FILE, not for cases)",
}

const (
	allowFS   = "--allow fs (Config.Allow.FS)"
	allowExec = "--allow exec (Config.Allow.Exec)"
)

// neededFor returns the option that a missing field of a library needs, or "".
func (rt *Runtime) neededFor(from lua.LValue, name string) string {
	for _, lib := range [...]string{"io", "os"} {
		if t, ok := rt.lib.loaded.RawGetString(lib).(*lua.LTable); ok && t == from {
			return options[lib+"."+name]
		}
	}
	return ""
}

// nameKind returns what kind of variable cf's function, which a Lua function called, was called by: "local",
// "global", "upvalue", "field", "method", or "" if that is not certain.
func (rt *Runtime) nameKind(L *lua.LState, cf *frame) string {
	caller := cf.Parent
	n := &namer{rt: rt, t: threadOf(L), cf: caller, pc: caller.Pc - 1}
	n.inst = instruction(caller.Fn.Proto.Code[n.pc])
	if op := n.inst.op(); op != lua.OP_CALL && op != lua.OP_TAILCALL {
		return ""
	}
	return n.origin(n.inst.a(), n.pc).kind
}

// An origin is where a register's value came from. kind and name are those of a variable, or empty.
// value, and from for a field or method, are read again without metamethods; each is nil if it
// cannot be known.
type origin struct {
	kind, name  string
	value, from lua.LValue
}

// origin finds where register reg got what it held at pc, as getobjname of lua5.1 does.
func (n *namer) origin(reg, pc int) origin {
	fn, proto := n.cf.Fn, n.cf.Fn.Proto
	if name, ok := localName(proto, reg, pc); ok {
		return origin{kind: "local", name: name, value: n.reg(reg)}
	}
	set := findSetter(proto, pc, reg)
	if set < 0 {
		return origin{}
	}
	inst := instruction(proto.Code[set])
	a, b, c := inst.a(), inst.b(), inst.c()
	switch inst.op() {
	case lua.OP_GETGLOBAL:
		name := constantName(proto, inst.bx())
		return origin{kind: "global", name: name, value: fn.Env.RawGetString(name)}
	case lua.OP_GETUPVAL:
		if b < len(proto.DbgUpvalues) && b < len(fn.Upvalues) {
			return origin{kind: "upvalue", name: proto.DbgUpvalues[b], value: fn.Upvalues[b].Value()}
		}
	case lua.OP_MOVE:
		o := n.origin(b, set)
		if b >= a {
			o = origin{value: o.value}
		}
		return o
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return n.field("field", b, c, set)
	case lua.OP_SELF:
		if reg == a+1 {
			return origin{value: n.origin(b, set).value}
		}
		return n.field("method", b, c, set)
	}
	return origin{}
}

// field returns the origin of what the instruction at pc reads from the table in register b with the key c.
func (n *namer) field(kind string, b, c, pc int) origin {
	o := origin{kind: kind, name: "?"}
	if c&rkBit == 0 {
		return o
	}
	from, key := n.origin(b, pc).value, n.rk(c)
	if t, ok := from.(*lua.LTable); ok {
		o.value = t.RawGet(key)
	}
	if name, ok := key.(lua.LString); ok {
		o.name, o.from = string(name), from
	}
	return o
}

func constantName(proto *lua.FunctionProto, i int) string {
	if i < len(proto.Constants) {
		if s, ok := proto.Constants[i].(lua.LString); ok {
			return string(s)
		}
	}
	return "?"
}

// fieldNames returns the names of v's fields, with those of the tables behind __index.
func (n *namer) fieldNames(v lua.LValue) []string {
	var names []string
	for range 8 {
		if t, ok := v.(*lua.LTable); ok {
			names = append(names, keyNames(t)...)
		}
		if v == nil || v == lua.LNil {
			break
		}
		v = n.rt.main.GetMetaField(v, "__index")
	}
	return names
}

// keyNames returns the first string keys of a table, or none for a long list.
func keyNames(t *lua.LTable) []string {
	var names []string
	for k, _ := t.Next(lua.LNil); k != lua.LNil && len(names) < 500; k, _ = t.Next(k) {
		if s, ok := k.(lua.LString); ok {
			names = append(names, string(s))
		} else if _, ok := k.(lua.LNumber); ok && len(names) == 0 && t.Len() > 1000 {
			return nil
		}
	}
	return names
}

// localName returns the local variable in reg at pc.
func localName(proto *lua.FunctionProto, reg, pc int) (string, bool) {
	for _, l := range proto.DbgLocals {
		if l.StartPc > pc {
			break
		}
		if pc < l.EndPc {
			if reg == 0 {
				return l.Name, !strings.HasPrefix(l.Name, "(")
			}
			reg--
		}
	}
	return "", false
}

// findSetter returns the last instruction before last that set reg, or -1.
func findSetter(proto *lua.FunctionProto, last, reg int) int {
	set := -1
	for pc := 0; pc < last; pc++ {
		inst := instruction(proto.Code[pc])
		if sets(inst, reg) {
			set = pc
		}
		switch inst.op() {
		case lua.OP_SETLIST:
			if inst.c() == 0 {
				pc++ // the count is in the next word
			}
		case lua.OP_JMP:
			if to := pc + 1 + inst.bx() - 0x1ffff; to > pc && to <= last {
				pc = to - 1
			}
		case lua.OP_MOVEN:
			for range inst.c() {
				pc++
				if pc < last && instruction(proto.Code[pc]).a() == reg {
					set = pc
				}
			}
		case lua.OP_CLOSURE:
			pc += int(proto.FunctionPrototypes[inst.bx()].NumUpvalues)
		}
	}
	return set
}

// sets reports whether inst sets reg.
func sets(inst instruction, reg int) bool {
	a := inst.a()
	switch inst.op() {
	case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_SETLIST, lua.OP_EQ,
		lua.OP_LT, lua.OP_LE, lua.OP_TEST, lua.OP_JMP, lua.OP_RETURN, lua.OP_CLOSE, lua.OP_NOP:
		return false
	case lua.OP_LOADNIL:
		return a <= reg && reg <= inst.b()
	case lua.OP_SELF:
		return reg == a || reg == a+1
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
		return reg >= a
	case lua.OP_TFORLOOP:
		return reg >= a+2
	case lua.OP_FORLOOP:
		return reg == a || reg == a+3
	}
	return reg == a
}
