// Looking at a runtime from outside without running anything in it, and values in the hands of Go
// that stay exactly what they are in Lua. Prompts and debuggers are made of this.

package vm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A Value is a Lua value in the hands of Go, as it is: given back, it is the same table, function or
// userdata. The zero Value is nil. It belongs to one runtime.
type Value struct {
	rt *Runtime
	v  lua.LValue
}

func (v Value) value() lua.LValue {
	if v.v == nil {
		return lua.LNil
	}
	return v.v
}

// Go is the value as Run returns it.
func (v Value) Go() any {
	if v.rt == nil {
		return nil
	}
	return v.rt.toGo(v.value())
}

// Type is the value's type as Lua's type function gives it.
func (v Value) Type() string { return v.value().Type().String() }

// IsNil says whether the value is nil.
func (v Value) IsNil() bool { return v.value() == lua.LNil }

// Same says whether two values are one, as rawequal does.
func (v Value) Same(w Value) bool { return v.value() == w.value() }

// Class is the name that a userdata's module gave its metatable (__name), "" if it gave none.
func (v Value) Class() string {
	u, ok := v.value().(*lua.LUserData)
	if !ok {
		return ""
	}
	if t, ok := u.Metatable.(*lua.LTable); ok {
		if name, ok := t.RawGetString("__name").(lua.LString); ok {
			return string(name)
		}
	}
	return ""
}

// Signature is a function's parameters as its source names them, "(a, b, ...)", and "" for a
// function that is not written in Lua.
func (v Value) Signature() string {
	fn, ok := v.value().(*lua.LFunction)
	if !ok || fn.IsG || fn.Proto == nil {
		return ""
	}
	var names []string
	for i := 0; i < int(fn.Proto.NumParameters) && i < len(fn.Proto.DbgLocals); i++ {
		names = append(names, fn.Proto.DbgLocals[i].Name)
	}
	if fn.Proto.IsVarArg != 0 {
		names = append(names, "...")
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// maxInherit is how many tables Index and Names follow by __index.
const maxInherit = 16

// Index is what a table or userdata holds under a key (a string, number or boolean), as far as that
// can be told without running anything: raw, then through metatables whose __index is a table.
func (v Value) Index(key any) (Value, bool) {
	if v.rt == nil {
		return Value{}, false
	}
	var k lua.LValue // not by toLua, which counts memory and so may raise
	switch key := key.(type) {
	case string:
		k = lua.LString(key)
	case float64:
		k = lua.LNumber(key)
	case int:
		k = lua.LNumber(key)
	case bool:
		k = lua.LBool(key)
	default:
		return Value{}, false
	}
	for _, t := range v.tables() {
		if x := t.RawGet(k); x != lua.LNil {
			return Value{v.rt, x}, true
		}
	}
	return Value{}, false
}

// Names are the string keys that Index finds, sorted.
func (v Value) Names() []string {
	var names []string
	for _, t := range v.tables() {
		for k, x, ok := tableNext(t, lua.LNil); ok && k != lua.LNil; k, x, ok = tableNext(t, k) {
			if s, ok := k.(lua.LString); ok && x != lua.LNil {
				names = append(names, string(s))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tables are the tables in which an index is looked up, in order.
func (v Value) tables() []*lua.LTable {
	var found []*lua.LTable
	at := v.value()
	for range maxInherit {
		var meta lua.LValue
		switch x := at.(type) {
		case *lua.LTable:
			if slices.Contains(found, x) {
				return found
			}
			found = append(found, x)
			meta = x.Metatable
		case *lua.LUserData:
			meta = x.Metatable
		case lua.LString:
			if v.rt == nil {
				return found
			}
			if t, ok := v.rt.main.G.Global.RawGetString("string").(*lua.LTable); ok {
				found = append(found, t)
			}
			return found
		default:
			return found
		}
		t, ok := meta.(*lua.LTable)
		if !ok {
			return found
		}
		at = t.RawGetString("__index")
	}
	return found
}

// Look finds a value from the globals down by Index. It runs nothing, and finds nothing while the
// runtime runs something else.
func (rt *Runtime) Look(path ...any) (Value, bool) {
	if rt.enter() != nil {
		return Value{}, false
	}
	defer rt.leave()
	v := Value{rt, rt.main.G.Global}
	for _, key := range path {
		var ok bool
		if v, ok = v.Index(key); !ok {
			return Value{}, false
		}
	}
	return v, true
}

// Eval is Run with values as they are. steps, if it is more than 0, is the limit for this one call;
// used is how many it took, the one that was stopped included.
func (rt *Runtime) Eval(ctx context.Context, p *Program, steps int64) (results []Value, used int64, err error) {
	if ctx == nil || p == nil || p.chunk == nil {
		return nil, 0, errors.New("vm: Eval needs a context and a program")
	}
	return rt.invoke(ctx, p, nil, steps, nil)
}

// Invoke is Call with values as they are; args may hold Values.
func (rt *Runtime) Invoke(ctx context.Context, fn *Function, args ...any) ([]Value, error) {
	if err := rt.callable(ctx, fn, "Invoke"); err != nil {
		return nil, err
	}
	results, _, err := rt.invoke(ctx, nil, fn.fn(), 0, args)
	return results, err
}

// invoke runs a program, or calls a function.
func (rt *Runtime) invoke(ctx context.Context, p *Program, fn *lua.LFunction, steps int64, args []any) (out []Value, used int64, err error) {
	leave, err := rt.take(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer leave()
	function := func() *lua.LFunction { return fn }
	if p != nil {
		rt.program = p.chunk.Proto
		rt.noteSource(p)
		function = func() *lua.LFunction { return rt.function(p) }
	}
	if steps > 0 {
		rt.meter.left = min(rt.meter.left, steps)
	}
	start := rt.meter.left
	values, err := rt.values(function, args)
	used = start - rt.meter.left
	if err != nil {
		return nil, used, err
	}
	out = make([]Value, len(values))
	for i, v := range values {
		out[i] = Value{rt, v}
	}
	return out, used, nil
}

// SetValue gives a global a value as it is.
func (rt *Runtime) SetValue(name string, v Value) error {
	if err := rt.enter(); err != nil {
		return err
	}
	defer rt.leave()
	if v.rt != nil && v.rt != rt {
		return fmt.Errorf("vm: %s: the value belongs to another runtime", name)
	}
	rt.main.G.Global.RawSetString(name, v.value())
	return nil
}

// Load makes a function of a program, so that it can be called with arguments; of nil it makes none. When the runtime is
// closed, busy or out of memory, that is the error of calling the function.
func (rt *Runtime) Load(p *Program) *Function {
	if p == nil || p.chunk == nil {
		return nil
	}
	f := &Function{handle: handle{rt: rt, life: rt.life.Load()}}
	if rt.owner.CompareAndSwap(ownerOut, ownerBusy) { // in a Go function that a script called
		defer rt.owner.Store(ownerOut)
	} else if f.err = rt.enter(); f.err != nil {
		return f
	} else {
		defer rt.leave()
	}
	f.err = rt.guard(func() error { f.value = rt.function(p); return nil })
	return f
}

// MakeRoom sets the memory limit for what follows: limit, or as much as is live now and extra more if
// that is beyond it. So a prompt can let go of what has filled the memory. It says whether limit was
// enough.
func (rt *Runtime) MakeRoom(ctx context.Context, limit, extra int64) (enough bool) {
	if limit <= 0 {
		return true
	}
	leave, err := rt.take(ctx)
	if err != nil {
		return true
	}
	defer leave()
	var live int64
	if rt.guard(func() error { live = rt.collect() + rt.meter.held; return nil }) != nil {
		return false
	}
	rt.cfg.Limits.Memory = max(limit, live+extra)
	rt.meter.memStop = rt.cfg.Limits.Memory
	return live+extra <= limit
}
