// The view of a runtime that a native module has from inside, and what it puts into its userdata.

package vm

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// A State is a runtime seen from inside. Use its methods only while the runtime calls the module.
type State struct {
	rt *Runtime
}

// Sized is implemented by a value that a native module puts into a userdata and that holds memory
// which the walk over Lua values does not find. Size returns how many bytes, without the userdata
// itself. It is called when live memory is counted; the module asks for what it allocates in
// between with State.Charge.
type Sized interface {
	Size() int64
}

// Native is implemented by the values that a native module puts into its userdata. A Go program
// that got one from a script (Run, Get, an error's Value) may hand it back, and the script then
// finds the same value again: Native returns that value and the runtime that it belongs to.
type Native interface {
	Native() (lua.LValue, *Runtime)
}

// L returns the runtime's main Lua thread.
func (s *State) L() *lua.LState { return s.rt.main }

// Current returns the Lua thread that is running.
func (s *State) Current() *lua.LState { return s.rt.main.G.CurrentThread }

// SetCurrent sets the Lua thread that is running. A module whose calls wait for one another on its
// own goroutines calls it before it resumes one of them, with what Current returned there.
func (s *State) SetCurrent(L *lua.LState) { s.rt.main.G.CurrentThread = L }

// U64 returns v as a script sees it: a plain number below 2^53, else the u64 of that value.
func (s *State) U64(v uint64) lua.LValue { return s.rt.u64(v) }

// Charge asks for memory before it is allocated. It raises an error if the memory limit would be
// exceeded.
func (s *State) Charge(bytes int64) { s.rt.charge(bytes) }

// Steps counts n steps. It raises an error if the script has to stop.
func (s *State) Steps(n int) { s.rt.steps(n) }

// Interrupted returns why the script has to stop, or nil. It never raises an error.
func (s *State) Interrupted() error { return s.rt.interrupted() }

// Call calls fn on a Lua thread of its own and returns what it raises as an error. Any goroutine
// may call it, as long as only one at a time is in the runtime.
func (s *State) Call(fn *lua.LFunction, nret int, args ...lua.LValue) ([]lua.LValue, error) {
	return s.rt.callLua(fn, nret, args)
}

// idleRegisters is how many registers a thread may have to be kept for the next call.
const idleRegisters = 1024

// callLua calls fn on an idle thread, which is kept for the next call unless it has grown large or
// a panic went through it.
func (rt *Runtime) callLua(fn *lua.LFunction, nret int, args []lua.LValue) ([]lua.LValue, error) {
	var L *lua.LState
	if n := len(rt.pool); n > 0 {
		L, rt.pool = rt.pool[n-1], rt.pool[:n-1]
	} else {
		L = rt.newThread(nil)
	}
	outer := L.G.CurrentThread
	rt.enterThread(L, outer)
	rt.active = append(rt.active, L)
	home := false
	defer func() {
		outer.G.CurrentThread = outer
		rt.active = slices.DeleteFunc(rt.active, func(th *lua.LState) bool { return th == L })
		if home && len(view(L).reg.array) <= idleRegisters {
			rt.pool = append(rt.pool, L)
		}
	}()
	L.Push(fn)
	if err := rt.protect(L, give(L, args...), nret, nil); err != nil {
		home = true
		return nil, rt.errorOf(err)
	}
	results := takeAll(L, 1)
	L.SetTop(0)
	home = true
	return results, nil
}

// Raise raises err in L, with the position of the running Lua function before its text. In Go,
// errors.Is and errors.As still find err.
func (s *State) Raise(L *lua.LState, err error) { s.rt.raiseError(L, err) }

// Refuse returns the text of err for the script to get as a value (nil, message, errno). If the
// script raises the text, the error that Go sees wraps err.
func (s *State) Refuse(err error) lua.LString {
	text := err.Error()
	s.rt.origins.note(text, err)
	if _, own := err.(*Error); !own { // an error of a script's own function is not the module's answer
		s.rt.refusals++
		s.rt.refusal = err
	}
	return lua.LString(text)
}

// Refused returns how many errors modules have given to the script as values (nil, message, errno), and the
// last of them. A prompt tells its user of one that an entry dropped.
func (rt *Runtime) Refused() (n uint64, last error) { return rt.refusals, rt.refusal }

// OnClose registers fn to be called when the runtime is closed, in reverse order.
func (s *State) OnClose(fn func()) { s.rt.closers = append(s.rt.closers, fn) }

// OnReset registers fn to be called when a pool resets the runtime for its next run. The runtime
// restores the tables that a script could change; fn restores what the module keeps in Go.
// Functions that a script caused to be registered with OnClose are called first.
func (s *State) OnReset(fn func()) { s.rt.resets = append(s.rt.resets, fn) }

// SetRoots registers a function that yields the values that Go keeps alive, for the count of live
// memory.
func (s *State) SetRoots(fn func(yield func(lua.LValue))) { s.rt.roots = append(s.rt.roots, fn) }

// Frames appends to dst the names of the Lua functions that are running on L, innermost first: the
// local, upvalue, global, field or method name by which each was called. It leaves out functions
// without a name, the main chunk, Go functions and functions that were reached by a tail call.
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

// Where returns the position of the innermost Lua function that is running on L, or "" and 0.
func (s *State) Where(L *lua.LState) (file string, line int) {
	for cf := view(L).currentFrame; cf != nil; cf = cf.Parent {
		if !cf.Fn.IsG && cf.Pc > 0 {
			return cf.Fn.Proto.SourceName, cf.Fn.Proto.DbgSourcePositions[cf.Pc-1]
		}
	}
	return "", 0
}

// Text returns v as tostring does, without calling a metamethod of a script.
func (s *State) Text(v lua.LValue) string { return s.rt.plainString(v) }

// Compare orders two values that are numbers or u64s in any mixture: -1, 0 or 1. ok is false for
// other values and for NaN.
func (s *State) Compare(a, b lua.LValue) (c int, ok bool) {
	c, ok = compareNumbers(a, b)
	return c, ok && c != unordered
}

// ToLua returns a Go value as Set gives it to a script.
func (s *State) ToLua(v any) (lua.LValue, error) { return s.rt.toLua(v) }

// Runtime returns the runtime that s is the inside of.
func (s *State) Runtime() *Runtime { return s.rt }
