// What to say when an instruction fails: lua5.1's words, with the name of the variable and, where a name was
// misspelt, the one that was probably meant. gopher-lua says only "a non-table object(nil)".

package vm

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// explain puts the message of a failed instruction of cf into better words.
func (rt *Runtime) explain(t *thread, cf *frame, message string) string {
	if cf == nil || cf.Fn.IsG || cf.Pc == 0 {
		switch {
		case strings.HasSuffix(message, "attempt to call a non-function object"):
			return strings.Replace(message, "a non-function object", "a value that is no function", 1)
		case strings.HasSuffix(message, "registry overflow"):
			return strings.Replace(message, "registry overflow", "stack overflow (too many values)", 1)
		}
		return message
	}
	proto := cf.Fn.Proto
	where := fmt.Sprintf("%s:%d: ", proto.SourceName, proto.DbgSourcePositions[cf.Pc-1])
	said, ok := strings.CutPrefix(message, where)
	if !ok {
		return message
	}
	inst := proto.Code[cf.Pc-1]
	a, b, c := int(inst>>18)&0xff, int(inst&0x1ff), int(inst>>9)&0x1ff
	n := &namer{rt: rt, t: t, cf: cf}
	pc := cf.Pc - 1
	op := int(inst >> 26)
	out := ""
	switch {
	case said == "attempt to call a non-function object":
		switch op {
		case lua.OP_CALL, lua.OP_TAILCALL:
			out = n.operand("call", t.reg(cf, a), a, pc)
		case lua.OP_TFORLOOP:
			v := t.reg(cf, a)
			out = "attempt to call a " + TypeName(v) + " value"
			if _, ok := v.(*lua.LTable); ok {
				out += " (for ... in needs an iterator: write pairs(t) or ipairs(t))"
			}
		}
	case strings.HasPrefix(said, "attempt to index a non-table object"):
		switch op {
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
			out = n.operand("index", t.reg(cf, b), b, pc)
		case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
			out = n.operand("index", t.reg(cf, a), a, pc)
		}
	case strings.HasPrefix(said, "cannot perform concat"):
		for i := c; i >= b; i-- {
			v := t.reg(cf, i)
			if !lua.LVCanConvToString(v) && rt.main.GetMetaField(v, "__concat") == lua.LNil {
				out = n.operand("concatenate", v, i, pc)
				break
			}
		}
	case strings.HasPrefix(said, "cannot perform "):
		i := b
		if numeric(n.rk(b)) {
			i = c
		}
		if out = n.operand("perform arithmetic on", n.rk(i), i, pc); numeric(n.rk(i)) {
			out = "attempt to perform arithmetic on text that is no plain number, but a wide one; hw.u64 or tonumber makes an exact number of it"
		}
	case said == "__unm undefined":
		out = n.operand("perform arithmetic on", t.reg(cf, b), b, pc)
	case said == "__len undefined":
		out = n.operand("get length of", t.reg(cf, b), b, pc)
	case strings.HasPrefix(said, "attempt to compare ") && (op == lua.OP_LT || op == lua.OP_LE):
		out = compareMessage(n.rk(b), n.rk(c))
	case strings.HasPrefix(said, "for statement "):
		what := strings.TrimSuffix(strings.TrimPrefix(said, "for statement "), " must be a number")
		i := map[string]int{"init": 0, "limit": 1, "step": 2}[what]
		if what == "init" {
			what = "initial value"
		}
		out = "'for' " + what + " must be a number"
		if IsU64(t.reg(cf, a+i)) {
			out += ", got a u64 (the loop counts in floats; use while with u64s)"
		}
	case said == "registry overflow":
		out = "stack overflow (too many values)"
	case strings.HasPrefix(said, "too many recursions in "):
		out = "loop in " + strings.TrimPrefix(said, "too many recursions in ")
	}
	if out == "" {
		return message
	}
	return where + out
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

// A namer finds out which variable an operand of the running instruction came from.
type namer struct {
	rt *Runtime
	t  *thread
	cf *frame
}

func (n *namer) rk(i int) lua.LValue { return n.t.rk(n.cf, i) }

// operand says that something cannot be done to v, the operand in i.
func (n *namer) operand(do string, v lua.LValue, i, pc int) string {
	value := "(a " + TypeName(v) + " value)"
	if i&rkBit != 0 {
		return "attempt to " + do + " a " + TypeName(v) + " value"
	}
	kind, name, from := n.name(i, pc)
	if kind == "" {
		return "attempt to " + do + " a " + TypeName(v) + " value"
	}
	text := "attempt to " + do + " " + kind + " '" + name + "' " + value
	if v == lua.LNil {
		switch kind {
		case "global":
			if how := n.rt.missing(name); how != "" {
				return text + "; " + how
			}
			text += didYouMean(name, keyNames(n.cf.Fn.Env))
		case "field", "method":
			if door := n.rt.doorTo(from, name); door != "" {
				return text + "; it is closed, " + door + " opens it"
			}
			text += didYouMean(name, n.fieldNames(from))
		}
	}
	return text
}

// missing is what a module says of a global that is not there.
func (rt *Runtime) missing(name string) string {
	for i := range rt.cfg.Modules {
		if how := rt.cfg.Modules[i].Missing[name]; how != "" {
			return how
		}
	}
	return ""
}

// doors are the fields of io and os that are there only when Config.Allow says so.
var doors = map[string]string{
	"io.input": doorFS, "io.open": doorFS, "io.output": doorFS, "io.tmpfile": doorFS, "io.popen": doorExec,
	"os.remove": doorFS, "os.rename": doorFS, "os.tmpname": doorFS, "os.execute": doorExec,
	"os.getenv": "--allow env (Config.Allow.Env)", "os.clock": "--allow clock (Config.Allow.Clock)",
	"os.exit": "Config.Allow.Exit (set for hwlua FILE, not for cases)",
}

const (
	doorFS   = "--allow fs (Config.Allow.FS)"
	doorExec = "--allow exec (Config.Allow.Exec)"
)

// doorTo is what opens a field that a library lacks because it leads to the host, "" when it lacks it for good.
func (rt *Runtime) doorTo(from lua.LValue, name string) string {
	for _, lib := range [...]string{"io", "os"} {
		if t, ok := rt.lib.loaded.RawGetString(lib).(*lua.LTable); ok && t == from {
			return doors[lib+"."+name]
		}
	}
	return ""
}

// name is the variable that register reg held at pc, as getobjname of lua5.1 finds it, and for a field the
// value it was read from, nil when that is lost.
func (n *namer) name(reg, pc int) (kind, name string, from lua.LValue) {
	proto := n.cf.Fn.Proto
	if name, ok := localName(proto, reg, pc); ok {
		return "local", name, nil
	}
	set := findSetter(proto, pc, reg)
	if set < 0 {
		return "", "", nil
	}
	inst := proto.Code[set]
	a, b, c := int(inst>>18)&0xff, int(inst&0x1ff), int(inst>>9)&0x1ff
	switch int(inst >> 26) {
	case lua.OP_GETGLOBAL:
		return "global", constantName(proto, int(inst&0x3ffff)), nil
	case lua.OP_MOVE:
		if b < a {
			return n.name(b, set)
		}
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		if c&rkBit != 0 {
			if _, ok := proto.Constants[c&^rkBit].(lua.LString); ok {
				return "field", constantName(proto, c&^rkBit), n.value(b, set)
			}
		}
		return "field", "?", nil
	case lua.OP_SELF:
		if reg == a && c&rkBit != 0 {
			return "method", constantName(proto, c&^rkBit), n.value(a+1, pc)
		}
	case lua.OP_GETUPVAL:
		if b < len(proto.DbgUpvalues) {
			return "upvalue", proto.DbgUpvalues[b], nil
		}
	}
	return "", "", nil
}

func constantName(proto *lua.FunctionProto, i int) string {
	if i < len(proto.Constants) {
		if s, ok := proto.Constants[i].(lua.LString); ok {
			return string(s)
		}
	}
	return "?"
}

// value reads again, without metamethods, what register reg held at pc; nil when that cannot be known.
func (n *namer) value(reg, pc int) lua.LValue {
	proto := n.cf.Fn.Proto
	if _, ok := localName(proto, reg, pc); ok {
		return n.t.reg(n.cf, reg)
	}
	set := findSetter(proto, pc, reg)
	if set < 0 {
		return nil
	}
	inst := proto.Code[set]
	a, b, c := int(inst>>18)&0xff, int(inst&0x1ff), int(inst>>9)&0x1ff
	switch int(inst >> 26) {
	case lua.OP_GETGLOBAL:
		return n.cf.Fn.Env.RawGetString(constantName(proto, int(inst&0x3ffff)))
	case lua.OP_GETUPVAL:
		if b < len(n.cf.Fn.Upvalues) {
			return n.cf.Fn.Upvalues[b].Value()
		}
	case lua.OP_MOVE:
		return n.value(b, set)
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		if t, ok := n.value(b, set).(*lua.LTable); ok && c&rkBit != 0 {
			return t.RawGet(proto.Constants[c&^rkBit])
		}
	case lua.OP_SELF:
		if reg == a+1 {
			return n.value(b, set)
		}
	}
	return nil
}

// fieldNames are the names that v answers to, through tables behind __index as well.
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

// keyNames are the first text keys of a table.
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

// localName is the local variable that lives in reg at pc.
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

// findSetter is the last instruction before pc that set reg, or -1.
func findSetter(proto *lua.FunctionProto, last, reg int) int {
	set := -1
	for pc := 0; pc < last; pc++ {
		inst := proto.Code[pc]
		a, b, c := int(inst>>18)&0xff, int(inst&0x1ff), int(inst>>9)&0x1ff
		switch int(inst >> 26) {
		case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_EQ, lua.OP_LT, lua.OP_LE,
			lua.OP_TEST, lua.OP_RETURN, lua.OP_CLOSE, lua.OP_NOP:
		case lua.OP_SETLIST:
			if c == 0 {
				pc++
			}
		case lua.OP_JMP:
			if to := pc + 1 + int(inst&0x3ffff) - 0x1ffff; to > pc && to <= last {
				pc = to - 1
			}
		case lua.OP_LOADNIL:
			if a <= reg && reg <= b {
				set = pc
			}
		case lua.OP_MOVEN:
			if a == reg {
				set = pc
			}
			for range c {
				pc++
				if pc < last && int(proto.Code[pc]>>18)&0xff == reg {
					set = pc
				}
			}
		case lua.OP_SELF:
			if reg == a || reg == a+1 {
				set = pc
			}
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG:
			if reg >= a {
				set = pc
			}
		case lua.OP_TFORLOOP:
			if reg >= a+2 {
				set = pc
			}
		case lua.OP_FORLOOP:
			if reg == a || reg == a+3 {
				set = pc
			}
		case lua.OP_CLOSURE:
			if reg == a {
				set = pc
			}
			pc += int(proto.FunctionPrototypes[inst&0x3ffff].NumUpvalues)
		default:
			if reg == a {
				set = pc
			}
		}
	}
	return set
}
