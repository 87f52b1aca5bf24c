// What is left of the debug library: looking at the stack. It hands out no function, no local and no
// upvalue, so it opens nothing that a script does not have already.

package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func openDebug(rt *Runtime) {
	rt.newLib("debug", []libFunc{{"getinfo", rt.debugGetinfo}, {"traceback", rt.debugTraceback}})
}

// stepsPerFrame is what finding the names of one frame costs, in steps.
const stepsPerFrame = 50

// debugTraceback adds the stack to a message. What is no text goes back as it is.
func (rt *Runtime) debugTraceback(L *lua.LState) int {
	at := L
	if th, ok := L.Get(1).(*lua.LState); ok {
		at = th
		L.Remove(1)
	}
	v := L.Get(1)
	message, ok := textOf(v)
	if !ok && v != lua.LNil {
		L.Push(v)
		return 1
	}
	trace := rt.traceOf(at)
	rt.steps(stepsPerFrame * len(trace.frames))
	if at == L {
		level := min(max(args{L, "traceback"}.optInt(2, 1), 0), len(trace.frames))
		trace.frames = trace.frames[level:]
	}
	var b strings.Builder
	if ok {
		b.WriteString(message + "\n")
	}
	b.WriteString(traceback(trace.values()))
	rt.chargeText(L, b.Len())
	return rt.text(L, b.String())
}

// debugGetinfo describes a function, or the one that runs at a level, without handing it out.
func (rt *Runtime) debugGetinfo(L *lua.LState) int {
	a := args{L, "getinfo"}
	fn, line, name := (*lua.LFunction)(nil), -1, ""
	if f, ok := L.Get(1).(*lua.LFunction); ok {
		fn = f
	} else {
		cf := view(L).currentFrame
		level := a.int(1)
		if level < 0 {
			L.Push(lua.LNil)
			return 1
		}
		for ; level > 0 && cf != nil; level-- {
			cf = cf.Parent
		}
		if cf == nil {
			L.Push(lua.LNil)
			return 1
		}
		fn = cf.Fn
		f := traceFrame{fn: fn, pc: cf.Pc}
		if line = f.line(); line == 0 {
			line = -1
		}
		name = calledAs(cf)
	}
	what := a.optStr(2, "Snl")
	rt.charge(sizeTable + 8*sizeEntry)
	t := L.CreateTable(0, 8)
	set := func(k string, v lua.LValue) { t.RawSetString(k, v) }
	for _, c := range []byte(what) {
		switch c {
		case 'S':
			if fn.IsG {
				set("what", lua.LString("C"))
				set("source", lua.LString("=[C]"))
				set("short_src", lua.LString("[C]"))
				set("linedefined", lua.LNumber(-1))
				set("lastlinedefined", lua.LNumber(-1))
				continue
			}
			kind := "Lua"
			if fn.Proto.LineDefined == 0 {
				kind = "main"
			}
			set("what", lua.LString(kind))
			set("source", lua.LString("@"+fn.Proto.SourceName))
			set("short_src", lua.LString(fn.Proto.SourceName))
			set("linedefined", lua.LNumber(fn.Proto.LineDefined))
			set("lastlinedefined", lua.LNumber(fn.Proto.LastLineDefined))
		case 'l':
			set("currentline", lua.LNumber(line))
		case 'n':
			if name != "" {
				set("name", lua.LString(name))
			}
			set("namewhat", lua.LString(""))
		case 'u':
			set("nups", lua.LNumber(len(fn.Upvalues)))
		case 'f', 'L':
			a.fail(2, "what '"+string(rune(c))+"' is not shown here; known: S l n u")
		default:
			a.fail(2, "invalid option")
		}
	}
	L.Push(t)
	return 1
}
