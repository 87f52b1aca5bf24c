// State: a runtime as a native module sees it from inside.

package vm

import (
	"context"
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// State is one runtime seen from inside. Its methods may be used only while the runtime calls the module.
type State struct {
	rt *Runtime
}

// L is the runtime's main Lua thread.
func (s *State) L() *lua.LState { return s.rt.main }

// Current is the Lua thread that is running.
func (s *State) Current() *lua.LState { return s.rt.main.G.CurrentThread }

// SetCurrent is for a module that lets calls wait for one another on goroutines of its own: when it goes back to one
// that had to wait, it puts back what Current was there.
func (s *State) SetCurrent(L *lua.LState) { s.rt.main.G.CurrentThread = L }

// U64 is v as a script sees it: a plain number below 2^53, else the u64 of that value.
func (s *State) U64(v uint64) lua.LValue { return s.rt.u64(v) }

// Charge asks for memory before it is allocated; it raises when there is none left.
func (s *State) Charge(bytes int64) { s.rt.charge(bytes) }

// Steps counts n steps; it raises when the script has to stop.
func (s *State) Steps(n int) { s.rt.steps(n) }

// Interrupted is nil, or why the script has to stop. It never raises.
func (s *State) Interrupted() error { return s.rt.interrupted() }

// Call calls fn on a Lua thread of its own, protected. It may be called from any goroutine, as long
// as only one at a time is in the runtime.
func (s *State) Call(fn *lua.LFunction, nret int, args ...lua.LValue) ([]lua.LValue, error) {
	return s.rt.callLua(fn, nret, args)
}

// idleRegisters is how many registers a thread may have that is kept for the next call.
const idleRegisters = 1024

// callLua calls fn on an idle thread.
func (rt *Runtime) callLua(fn *lua.LFunction, nret int, args []lua.LValue) ([]lua.LValue, error) {
	var L *lua.LState
	if n := len(rt.pool); n > 0 {
		L, rt.pool = rt.pool[n-1], rt.pool[:n-1]
	} else {
		L = rt.newThread(nil)
	}
	outer := L.G.CurrentThread
	leave := rt.enterThread(L, outer)
	rt.active = append(rt.active, L)
	home := false
	defer func() {
		leave()
		rt.active = slices.DeleteFunc(rt.active, func(th *lua.LState) bool { return th == L })
		// A thread that has grown large, or that a panic went through, is left to the garbage collector.
		if home && len(view(L).reg.array) <= idleRegisters {
			rt.pool = append(rt.pool, L)
		}
	}()
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	if err := rt.protect(L, len(args), nret, nil); err != nil {
		home = true
		return nil, rt.errorOf(err)
	}
	results := make([]lua.LValue, L.GetTop())
	for i := range results {
		results[i] = L.Get(i + 1)
	}
	L.SetTop(0)
	home = true
	return results, nil
}

// Raise raises err in L, with the position of the running Lua function before its text. In Go,
// errors.Is and errors.As still find err.
func (s *State) Raise(L *lua.LState, err error) { s.rt.raiseError(L, err) }

// Refuse notes that the text of err is handed to the script as a value (nil, message, errno), so
// that a script that raises the text raises err.
func (s *State) Refuse(err error) lua.LString {
	text := err.Error()
	s.rt.remember(text, err)
	return lua.LString(text)
}

// OnClose has fn called when the runtime is closed, the last one first.
func (s *State) OnClose(fn func()) { s.rt.closers = append(s.rt.closers, fn) }

// OnReset has fn called when a pool makes the runtime as new for its next user. Tables that a script could
// change are put back by the runtime; fn puts back what the module keeps in Go. What OnClose was
// given by a script's doing is called before.
func (s *State) OnReset(fn func()) { s.rt.resets = append(s.rt.resets, fn) }

// SetRoots names values that Go keeps alive, for the count of live memory.
func (s *State) SetRoots(fn func(yield func(lua.LValue))) { s.rt.roots = append(s.rt.roots, fn) }

// Frames appends to dst the names of the Lua functions that are running on L, innermost first: the local,
// upvalue, global, field or method name by which each was called. Functions without a name, the
// main chunk, Go functions and what a tail call reached are left out.
func (s *State) Frames(L *lua.LState, dst []string) []string {
	for cf := view(L).currentFrame; cf != nil; cf = cf.Parent {
		if cf.Fn.IsG {
			continue
		}
		if name := calledAs(cf); name != "" {
			dst = append(dst, name)
		}
	}
	return dst
}

// ArgError makes an error for Raise in the words of Lua's own argument errors:
// "bad argument #1 to 'perf_event_open' (field 'len': number expected, got string)".
func ArgError(n int, function, what string) error {
	return fmt.Errorf("bad argument #%d to '%s' (%s)", n, function, what)
}

// Context is the context of the run that is going on.
func (s *State) Context() context.Context { return s.rt.meter.ctx }

// Compare orders two values that are numbers or u64s in any mixture: -1, 0 or 1. It is not ok for
// other values and for NaN.
func (s *State) Compare(a, b lua.LValue) (c int, ok bool) {
	c, ok = compareNumbers(a, b)
	return c, ok && c != unordered
}

// ToGo is v as Run returns it.
func (s *State) ToGo(v lua.LValue) any { return s.rt.toGo(v) }

// ToLua is a Go value as Set gives it to a script.
func (s *State) ToLua(v any) (lua.LValue, error) { return s.rt.toLua(v) }

// Runtime is the runtime that s is the inside of.
func (s *State) Runtime() *Runtime { return s.rt }
