// Values on their way between Go and Lua.

package vm

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// A Table is a Lua table in the hands of Go.
type Table struct {
	rt *Runtime
	t  *lua.LTable
}

// A Function is a Lua function in the hands of Go.
type Function struct {
	rt *Runtime
	fn *lua.LFunction
}

// toGo is v as Go sees it.
func (rt *Runtime) toGo(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case *lua.LTable:
		return &Table{rt, v}
	case *lua.LFunction:
		return &Function{rt, v}
	case *lua.LUserData:
		if u, ok := v.Value.(wide); ok {
			return uint64(u)
		}
		return v.Value
	}
	return nil
}

// toLua is v as Lua sees it.
func (rt *Runtime) toLua(v any) (lua.LValue, error) {
	switch v := v.(type) {
	case nil:
		return lua.LNil, nil
	case lua.LValue:
		return v, nil
	case bool:
		return lua.LBool(v), nil
	case string:
		return lua.LString(v), nil
	case float64:
		return lua.LNumber(v), nil
	case int:
		if v >= 0 {
			return rt.u64(uint64(v)), nil
		}
		if v > -twoTo53 {
			return lua.LNumber(v), nil
		}
		return nil, fmt.Errorf("%d has no exact Lua number", v)
	case uint64:
		return rt.u64(v), nil
	case *Table:
		return v.t, nil
	case *Function:
		return v.fn, nil
	}
	if f, ok := v.(float32); ok && !math.IsNaN(float64(f)) {
		return lua.LNumber(f), nil
	}
	return nil, fmt.Errorf("a %T cannot be given to Lua", v)
}

// bindFuncs sets the functions of a module.
func (rt *Runtime) bindFuncs(t *lua.LTable, module string, funcs map[string]any) error {
	for name, fn := range funcs {
		v, err := rt.toLua(fn)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", module, name, err)
		}
		t.RawSetString(name, v)
	}
	return nil
}
