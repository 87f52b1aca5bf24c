// Inspection of a runtime without running anything in it, and Lua values held by Go without conversion:
// what prompts and debuggers need.

package vm

import (
	"context"
	"errors"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A Value holds a Lua value without converting it: passed back to Lua it is the same table, function or
// userdata. It belongs to one runtime. The zero Value is nil.
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

// Go returns the value converted as Run converts results.
func (v Value) Go() any {
	if v.rt == nil {
		return nil
	}
	return v.rt.toGo(v.value())
}

// Type returns the type as Lua's type function does.
func (v Value) Type() string { return v.value().Type().String() }

// IsNil reports whether the value is nil.
func (v Value) IsNil() bool { return v.value() == lua.LNil }

// Same compares two values as rawequal does.
func (v Value) Same(w Value) bool { return v.value() == w.value() }

// Class returns the __name in the metatable of a userdata, or "".
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

// Signature returns the parameters of a Lua function as its source names them, such as "(a, b, ...)". It
// returns "" for any other value.
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

// maxInherit limits the tables that Index and Names follow by __index.
const maxInherit = 16

// Index returns the value under a key (a string, number or boolean) of a table or userdata. It runs
// nothing: it looks into the table itself, then follows each __index that is a table.
func (v Value) Index(key any) (Value, bool) {
	if v.rt == nil {
		return Value{}, false
	}
	k, ok := v.rt.keyOf(key)
	if !ok {
		return Value{}, false
	}
	for _, t := range v.tables() {
		if x := t.RawGet(k); x != lua.LNil {
			return Value{v.rt, x}, true
		}
	}
	return Value{}, false
}

// Names returns the string keys that Index finds, sorted.
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

// tables returns the tables in which Index looks up a key, in order.
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

// Look follows a path of keys from the globals by Index. It finds nothing while the runtime is running,
// unless that waits for a Go function.
func (rt *Runtime) Look(path ...any) (Value, bool) {
	leave, err := rt.peek()
	if err != nil {
		return Value{}, false
	}
	defer leave()
	v := Value{rt, rt.main.G.Global}
	for _, key := range path {
		var ok bool
		if v, ok = v.Index(key); !ok {
			return Value{}, false
		}
	}
	return v, true
}

// peek takes the runtime for a look at it, also while it waits for a Go function that a script called.
func (rt *Runtime) peek() (leave func(), err error) {
	if rt.owner.CompareAndSwap(ownerOut, ownerBusy) {
		return func() { rt.owner.Store(ownerOut) }, nil
	}
	return rt.leave, rt.enter()
}

// Eval runs a program like Run, but returns its results without converting them. If steps is above
// 0, it limits this run. Eval also returns the number of steps used, including those of a run that
// was stopped.
func (rt *Runtime) Eval(
	ctx context.Context, p *Program, steps int64,
) (results []Value, used int64, err error) {
	if ctx == nil || p == nil || p.chunk == nil {
		return nil, 0, errors.New("vm: Eval needs a context and a program")
	}
	leave, nested, err := rt.begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer leave()
	if !nested {
		rt.program = p.chunk.Proto
	}
	rt.noteSource(p)
	if steps > 0 {
		rt.meter.left = min(rt.meter.left, steps)
	}
	start := rt.meter.left
	values, err := rt.values(func() *lua.LFunction { return rt.function(p) }, nil)
	return rt.held(values), start - rt.meter.left, err
}

// Invoke calls fn like Call, but returns the results without converting them. args may hold Values.
func (rt *Runtime) Invoke(ctx context.Context, fn *Function, args ...any) ([]Value, error) {
	if err := rt.callable(ctx, fn, "Invoke"); err != nil {
		return nil, err
	}
	leave, _, err := rt.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	values, err := rt.values(fn.fn, args)
	return rt.held(values), err
}

// held returns values without converting them.
func (rt *Runtime) held(values []lua.LValue) []Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i] = Value{rt, v}
	}
	return out
}

// Load returns the main chunk of a program as a function, so that it can be called with arguments,
// or nil if p is nil. If the runtime is closed, busy or out of memory, calling the function returns
// that error.
func (rt *Runtime) Load(p *Program) *Function {
	if p == nil || p.chunk == nil {
		return nil
	}
	f := &Function{handle: handle{rt: rt, life: rt.life.Load()}}
	leave, err := rt.peek()
	if f.err = err; err != nil {
		return f
	}
	defer leave()
	f.err = rt.guard(func() error { f.value = rt.function(p); return nil })
	return f
}

// MakeRoom sets the memory limit to limit, or to extra bytes above what is live now if that is more, so
// that the user of a prompt can still release memory. It reports whether limit was enough.
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
