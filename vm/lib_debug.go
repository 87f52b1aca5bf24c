// The debug library, reduced to looking at the stack. It returns no functions, locals or upvalues, so
// it gives a script access to nothing new.

package vm

import (
	"cmp"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func openDebug(rt *Runtime) {
	rt.newLib("debug", []libFunc{{"getinfo", rt.debugGetinfo}, {"traceback", rt.debugTraceback}})
}

// stepsPerFrame is the cost in steps of finding the names of one frame.
const stepsPerFrame = 50

// debugTraceback appends the stack to a message. A value that is not text is returned unchanged.
func (rt *Runtime) debugTraceback(L *lua.LState) int {
	at := L
	if th, ok := L.Get(1).(*lua.LState); ok {
		at = th
		L.Remove(1)
	}
	v := L.Get(1)
	message, ok := textOf(v)
	if !ok && v != lua.LNil {
		return give(L, v)
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
	return give(L, lua.LString(b.String()))
}

// debugGetinfo describes a function, or the one that runs at a level of a thread, without returning it.
func (rt *Runtime) debugGetinfo(L *lua.LState) int {
	a := args{L, "getinfo"}
	at := L
	if th, ok := L.Get(1).(*lua.LState); ok {
		at = th
		L.Remove(1)
	}
	line, name, kind := -1, "", ""
	fn, ok := L.Get(1).(*lua.LFunction)
	if !ok {
		level := a.int(1)
		cf := frameAt(at, level)
		if cf == nil || level < 0 {
			return give(L, lua.LNil)
		}
		fn, name = cf.Fn, calledAs(cf)
		if name != "" {
			kind = rt.nameKind(at, cf)
		}
		if n := (&traceFrame{fn: fn, pc: cf.Pc}).line(); n > 0 {
			line = n
		}
	}
	what := a.optStr(2, "Snlu")
	rt.charge(sizeTable + 8*sizeEntry)
	t := L.CreateTable(0, 8)
	for _, c := range []byte(what) {
		switch c {
		case 'S':
			describeSource(t, fn)
		case 'l':
			t.RawSetString("currentline", lua.LNumber(line))
		case 'n':
			if name != "" {
				t.RawSetString("name", lua.LString(name))
			}
			t.RawSetString("namewhat", lua.LString(kind))
		case 'u':
			t.RawSetString("nups", lua.LNumber(len(fn.Upvalues)))
		case 'f', 'L':
			a.fail(2, "what '"+string(rune(c))+"' is not shown here; known: S l n u")
		default:
			a.fail(2, "invalid option")
		}
	}
	return give(L, t)
}

// describeSource sets the fields of option S.
func describeSource(t *lua.LTable, fn *lua.LFunction) {
	what, source, name, first, last := "C", "=[C]", "[C]", -1, -1
	if !fn.IsG {
		name, first, last = fn.Proto.SourceName, fn.Proto.LineDefined, fn.Proto.LastLineDefined
		what, source = "Lua", cmp.Or(keptChunkName(fn.Proto), "@"+name)
		if first == 0 {
			what = "main"
		}
	}
	t.RawSetString("what", lua.LString(what))
	t.RawSetString("source", lua.LString(source))
	t.RawSetString("short_src", lua.LString(name))
	t.RawSetString("linedefined", lua.LNumber(first))
	t.RawSetString("lastlinedefined", lua.LNumber(last))
}
