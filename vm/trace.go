// Tracebacks: which Lua and Go functions were running when an error was raised.

package vm

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// traceMax is the number of frames of a deep stack that are kept at either end.
const traceMax = 11

// A trace is a stack, innermost first, in the form that is cheapest to record.
type trace struct {
	frames  []traceFrame
	skipped int // frames left out after the first traceMax
}

type traceFrame struct {
	fn    *lua.LFunction
	pc    int
	tail  int
	name  string // that it was called by, or ""
	outer bool   // the first frame of its thread
}

// traceOf records the stack of L for an error, and the local variables if something asks for them.
func (rt *Runtime) traceOf(L *lua.LState) trace {
	if rt.locals != nil {
		rt.locals = localsOf(L)
	}
	return rt.stackOf(L)
}

// stackOf records the stack of L.
func (rt *Runtime) stackOf(L *lua.LState) trace {
	var t trace
	n := depth(view(L).currentFrame)
	i := 0
	for cf := view(L).currentFrame; cf != nil; cf = cf.Parent {
		if cf.Fn.IsG && rt.isHelper(cf.Fn) {
			continue // the script wrote an operator
		}
		if i < traceMax || n-i <= traceMax {
			t.frames = append(t.frames, traceFrame{
				fn:    cf.Fn,
				pc:    cf.Pc,
				tail:  cf.TailCall,
				name:  calledAs(cf),
				outer: cf.Parent == nil,
			})
		} else {
			t.skipped++
		}
		i++
	}
	return t
}

// calledAs returns the name that cf's function was called by, or "".
func calledAs(cf *frame) string {
	caller := cf.Parent
	if caller == nil || caller.Fn.IsG || cf.TailCall > 0 {
		return ""
	}
	calls := caller.Fn.Proto.DbgCalls // in the order of their instructions
	i, ok := slices.BinarySearchFunc(calls, caller.Pc-1, func(c lua.DbgCall, pc int) int { return c.Pc - pc })
	if !ok || calls[i].Name == "?" || calls[i].Name == "(anonymous)" {
		return ""
	}
	return calls[i].Name
}

func (f *traceFrame) line() int {
	if f.fn.IsG || f.pc == 0 {
		return 0
	}
	return f.fn.Proto.DbgSourcePositions[f.pc-1]
}

// position returns the chunk and line of the innermost Lua function.
func (t trace) position() (string, int) {
	for i := range t.frames {
		if f := &t.frames[i]; !f.fn.IsG {
			return f.fn.Proto.SourceName, f.line()
		}
	}
	return "", 0
}

// values returns the stack as values that outlive the runtime.
func (t trace) values() []Frame {
	frames := make([]Frame, len(t.frames))
	for i := range t.frames {
		f := &t.frames[i]
		frames[i] = Frame{Func: f.name, Line: f.line(), Tail: f.tail > 0}
		if !f.fn.IsG {
			frames[i].File, frames[i].Defined = f.fn.Proto.SourceName, f.fn.Proto.LineDefined
		}
		if i == traceMax {
			frames[i].Skipped = t.skipped
		}
	}
	return frames
}
