// The local variables and upvalues of the functions that are running, for debuggers.

package vm

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/internal/syntax"
)

// localsOf returns the local variables and upvalues of the Lua functions that run on L. A local variable
// hides an upvalue of its name, and a name of an inner function that of an outer one.
func localsOf(L *lua.LState) map[string]lua.LValue {
	locals := map[string]lua.LValue{}
	for level := 0; ; level++ {
		at, ok := L.GetStack(level)
		if !ok {
			return locals
		}
		inFrame := map[string]lua.LValue{}
		fn, _ := L.GetInfo("f", at, lua.LNil)
		upvaluesOf(fn, inFrame)
		for i := 1; ; i++ {
			name, v := L.GetLocal(at, i)
			if name == "" {
				break
			}
			if syntax.IsName(name) {
				inFrame[name] = v // the last one of a name is the visible one
			}
		}
		for name, v := range inFrame {
			if _, hidden := locals[name]; !hidden {
				locals[name] = v
			}
		}
	}
}

// upvaluesOf adds the upvalues of a Lua function to values.
func upvaluesOf(v lua.LValue, values map[string]lua.LValue) {
	fn, ok := v.(*lua.LFunction)
	if !ok || fn.IsG {
		return
	}
	for i, u := range fn.Upvalues {
		if i < len(fn.Proto.DbgUpvalues) && u != nil {
			values[fn.Proto.DbgUpvalues[i]] = u.Value()
		}
	}
}

// LocalsModule returns a module of that name for debuggers. A runtime that has opened it keeps, with each
// error, the local variables and upvalues of the functions that were running. Its function each(fn) calls
// fn(name, value) for each of those of the last error, by name.
func LocalsModule(name string) Module {
	return Module{Name: name, Open: func(s *State) (lua.LValue, error) {
		s.rt.locals = map[string]lua.LValue{}
		t := s.L().NewTable()
		t.RawSetString("each", s.L().NewFunction(s.rt.eachLocal))
		return t, nil
	}}
}

// eachLocal calls its argument for each local variable that is kept.
func (rt *Runtime) eachLocal(L *lua.LState) int {
	fn, locals := L.CheckFunction(1), rt.locals
	for _, name := range slices.Sorted(maps.Keys(locals)) {
		call(L, fn, lua.LString(name), locals[name])
	}
	return 0
}
