// Suspension: a prompt in the middle of a run.

package vm

import (
	"context"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// Suspend calls fn while the run waits. A Run, Call, Eval or Invoke with the context that fn gets, or with
// one derived from it, runs inside the run, and its steps do not count. Meanwhile the variables of the Lua
// functions that run on L, and then more, stand in for the globals of their names.
func (s *State) Suspend(L *lua.LState, more map[string]lua.LValue, fn func(context.Context)) {
	rt := s.rt
	left, current := rt.meter.left, rt.main.G.CurrentThread
	shown := localsOf(L)
	maps.Copy(shown, more)
	restore := rt.standIn(shown)
	rt.outside(func() { fn(rt.given()) })
	restore()
	rt.main.G.CurrentThread = current
	rt.meter.left = left
	rt.meter.look = max(0, left-stepsPerLook)
	if rt.meter.ctx.Err() != nil { // fn ended the run: stop at the next instruction
		rt.meter.stop.Store(true)
	}
}

// standIn sets globals, and returns a function that gives those that are still the same their former values.
func (rt *Runtime) standIn(values map[string]lua.LValue) (restore func()) {
	g := rt.main.G.Global
	former := map[string]lua.LValue{}
	names := slices.Sorted(maps.Keys(values)) // in one order, for pairs(_G)
	for _, name := range names {
		former[name] = g.RawGetString(name)
		g.RawSetString(name, values[name])
	}
	return func() {
		for _, name := range slices.Backward(names) {
			if g.RawGetString(name) == values[name] {
				g.RawSetString(name, former[name])
			}
		}
	}
}

// Stack returns the functions that are running on L, innermost first.
func (s *State) Stack(L *lua.LState) []Frame {
	return s.rt.stackOf(L).values()
}
