// The local variables of the functions that were running when an error was raised, for debuggers.

package vm

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/internal/syntax"
)

// keepLocals copies the local variables of the Lua functions that run on L, the innermost first. A name that
// an inner function has hides that of an outer one.
func (rt *Runtime) keepLocals(L *lua.LState) {
	rt.locals = map[string]lua.LValue{}
	for level := 0; ; level++ {
		at, ok := L.GetStack(level)
		if !ok {
			return
		}
		inFrame := map[string]lua.LValue{}
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
			if _, hidden := rt.locals[name]; !hidden {
				rt.locals[name] = v
			}
		}
	}
}

// LocalsModule returns a module of that name for debuggers. A runtime that has opened it keeps, with each
// error, the local variables of the functions that were running. Its function each(fn) calls fn(name,
// value) for each of those of the last error, by name.
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
