// Values on their way between Go and Lua: exact both ways, or refused.

package vm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"weak"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/phrase"
	lua "github.com/yuin/gopher-lua"
)

// A Table is a Lua table in the hands of Go. It belongs to one runtime and is used only while no
// program runs there, or by a function that the program called. What Pool.Run returned is a copy that belongs to
// none: it can be read by any goroutine, and not be written. What a function kept of a pool's earlier run is empty.
type Table struct {
	rt   *Runtime
	t    *lua.LTable
	life uint64
	copy *tableCopy // of a Table that belongs to no runtime
}

// live says whether the table is one of a runtime that still knows it.
func (t *Table) live() bool { return t != nil && t.rt != nil && t.life == t.rt.life.Load() }

// String is "table": what a table is called in Lua has meaning only there. Format shows what is in it.
func (t *Table) String() string { return "table" }

// Len is the number of items, as Lua's # gives it without metamethods.
func (t *Table) Len() int {
	switch {
	case t.live():
		return t.t.Len()
	case t != nil && t.copy != nil:
		return t.copy.n
	}
	return 0
}

// Get reads a field, without metamethods. A key that cannot be one of the table's is not there.
func (t *Table) Get(key any) (value any) {
	if !t.live() {
		if t == nil || t.copy == nil {
			return nil
		}
		return t.copy.get(key)
	}
	if k, ok := t.rt.keyOf(key); ok {
		return t.rt.toGo(t.t.RawGet(k))
	}
	return nil
}

// keyOf is a key that a table may have. Unlike toLua it makes nothing, and so is no matter of any limit.
func (rt *Runtime) keyOf(key any) (k lua.LValue, ok bool) {
	if plain, ok := plainKey(key); ok {
		switch x := plain.(type) {
		case bool:
			return lua.LBool(x), true
		case string:
			return lua.LString(x), true
		case float64:
			return lua.LNumber(x), true
		case uint64:
			ud, ok := rt.u64s.values[x]
			return ud, ok
		}
	}
	err := rt.guard(func() (err error) {
		k, err = rt.toLua(key)
		return err
	})
	return k, err == nil && k != nil
}

// Set writes a field, without metamethods.
func (t *Table) Set(key, value any) error {
	if !t.live() {
		return errors.New("vm: Set of a table that belongs to no runtime, or to a run that is over")
	}
	return t.rt.guard(func() error {
		k, err := t.rt.toLua(key)
		if err != nil {
			return err
		}
		v, err := t.rt.toLua(value)
		if err != nil {
			return err
		}
		switch k := k.(type) {
		case *lua.LNilType:
			return errors.New("vm: table index is nil")
		case lua.LNumber:
			if math.IsNaN(float64(k)) {
				return errors.New("vm: table index is NaN")
			}
			t.rt.chargeNumberKey(t.t, float64(k))
		case lua.LString:
			t.rt.chargeKey(t.t, string(k))
		}
		t.t.RawSet(k, v)
		return nil
	})
}

// All goes through the table in Lua's order.
func (t *Table) All() iter.Seq2[any, any] {
	return func(yield func(k, v any) bool) {
		if !t.live() {
			if t != nil && t.copy != nil {
				t.copy.all(yield)
			}
			return
		}
		for k, v := t.t.Next(lua.LNil); k != lua.LNil; k, v = t.t.Next(k) {
			if !yield(t.rt.toGo(k), t.rt.toGo(v)) {
				return
			}
		}
	}
}

// A Function is a Lua function in the hands of Go. It belongs to one runtime.
type Function struct {
	rt   *Runtime
	fn   *lua.LFunction
	life uint64
	err  error // why there is none
}

// String is "function".
func (f *Function) String() string { return "function" }

// Call is Runtime.Call for this function.
func (f *Function) Call(ctx context.Context, args ...any) ([]any, error) {
	if f == nil || f.rt == nil {
		return nil, errors.New("vm: Call of no function")
	}
	return f.rt.Call(ctx, f, args...)
}

// handles are the tables and functions that Go holds: they count as reachable.
type handles struct {
	tables    []weak.Pointer[Table]
	functions []weak.Pointer[Function]
	tidyAt    int
}

// tidy forgets the handles that Go has let go, now and then.
func (h *handles) tidy() {
	if len(h.tables)+len(h.functions) > max(h.tidyAt, 256) {
		h.each(func(lua.LValue) {})
		h.tidyAt = 2 * (len(h.tables) + len(h.functions))
	}
}

func (h *handles) each(yield func(lua.LValue)) {
	h.tables = slices.DeleteFunc(h.tables, func(p weak.Pointer[Table]) bool {
		t := p.Value()
		if t != nil {
			yield(t.t)
		}
		return t == nil
	})
	h.functions = slices.DeleteFunc(h.functions, func(p weak.Pointer[Function]) bool {
		f := p.Value()
		if f != nil {
			yield(f.fn)
		}
		return f == nil
	})
}

func (rt *Runtime) tableHandle(t *lua.LTable) *Table {
	h := &Table{rt: rt, t: t, life: rt.life.Load()}
	rt.handles.tidy()
	rt.handles.tables = append(rt.handles.tables, weak.Make(h))
	return h
}

func (rt *Runtime) functionHandle(fn *lua.LFunction) *Function {
	h := &Function{rt: rt, fn: fn, life: rt.life.Load()}
	rt.handles.tidy()
	rt.handles.functions = append(rt.handles.functions, weak.Make(h))
	return h
}

// toGo is v as Go sees it: nil, bool, float64, uint64, string, *Table, *Function, the Go value behind
// a userdata of the embedder's or a native module's, or a Value for what has no form in Go.
func (rt *Runtime) toGo(v lua.LValue) any {
	switch v := v.(type) {
	case *lua.LNilType:
		return nil
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case *lua.LTable:
		return rt.tableHandle(v)
	case *lua.LFunction:
		return rt.functionHandle(v)
	case *lua.LUserData:
		if u, ok := v.Value.(wide); ok {
			return uint64(u)
		}
		mt, _ := v.Metatable.(*lua.LTable)
		if _, native := v.Value.(Native); v.Value != nil && (native || mt == nil || rt.isObject(mt)) {
			return v.Value
		}
	}
	return Value{rt, v}
}

// toLua is v as Lua sees it.
func (rt *Runtime) toLua(v any) (lua.LValue, error) {
	switch v := v.(type) {
	case nil:
		return lua.LNil, nil
	case lua.LValue:
		return v, nil
	case string:
		rt.charge(int64(len(v)))
		return lua.LString(v), nil
	case []byte:
		rt.charge(int64(len(v)))
		return lua.LString(v), nil
	case Value:
		if v.rt != nil && v.rt != rt {
			return nil, errors.New("the value belongs to another runtime")
		}
		return v.value(), nil
	case *Table:
		if v == nil {
			return lua.LNil, nil
		}
		if v.rt != rt || !v.live() {
			return nil, errors.New("the table belongs to another runtime, or to a run that is over")
		}
		return v.t, nil
	case *Function:
		if v == nil {
			return lua.LNil, nil
		}
		if v.err != nil {
			return nil, v.err
		}
		if v.rt != rt || v.life != rt.life.Load() {
			return nil, errors.New("the function belongs to another runtime, or to a run that is over")
		}
		return v.fn, nil
	case Native:
		value, owner := v.Native()
		if owner != rt {
			return nil, errors.New("the object belongs to another runtime")
		}
		return value, nil
	case error:
		rt.remember(v.Error(), v)
		return lua.LString(v.Error()), nil
	case chosen:
		o := reflect.ValueOf(v.value)
		switch o.Kind() {
		case reflect.Invalid:
			return lua.LNil, nil
		case reflect.Pointer, reflect.Map, reflect.Slice:
			if o.IsNil() {
				return lua.LNil, nil
			}
		}
		return rt.object(o, v.names)
	}
	return rt.reflectToLua(reflect.ValueOf(v))
}

func (rt *Runtime) reflectToLua(v reflect.Value) (lua.LValue, error) {
	switch v.Kind() {
	case reflect.Bool:
		return lua.LBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := v.Int()
		if n >= 0 {
			return rt.u64(uint64(n)), nil
		}
		if n > -twoTo53 {
			return lua.LNumber(n), nil
		}
		return nil, fmt.Errorf("%d has no exact Lua number (negative integers are exact down to -2^53)", n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return rt.u64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return lua.LNumber(v.Float()), nil
	case reflect.String:
		rt.charge(int64(v.Len()))
		return lua.LString(v.String()), nil
	case reflect.Func:
		if v.IsNil() {
			return lua.LNil, nil
		}
		return rt.bind("?", v)
	case reflect.Interface:
		if v.IsNil() {
			return lua.LNil, nil
		}
		return rt.toLua(v.Elem().Interface())
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return lua.LNil, nil
		}
		return rt.object(v, nil)
	case reflect.Struct, reflect.Array:
		return rt.object(v, nil)
	}
	return nil, fmt.Errorf("a value of type %s cannot be given to Lua", v.Type())
}

var (
	typeContext  = reflect.TypeFor[context.Context]()
	typeError    = reflect.TypeFor[error]()
	typeAny      = reflect.TypeFor[any]()
	typeTable    = reflect.TypeFor[*Table]()
	typeFunction = reflect.TypeFor[*Function]()
	typeValue    = reflect.TypeFor[Value]()
	typeLValue   = reflect.TypeFor[lua.LValue]()
	typeBytes    = reflect.TypeFor[[]byte]()
)

// expected is the error for a value of the wrong type.
func expected(what string, v lua.LValue) error {
	if v == lua.LNil {
		return fmt.Errorf("%s expected, got nil", what)
	}
	return fmt.Errorf("%s expected, got %s", what, TypeName(v))
}

// fromLua is v as a Go value of type t, unchanged or refused.
func (rt *Runtime) fromLua(v lua.LValue, t reflect.Type) (reflect.Value, error) {
	out := reflect.New(t).Elem()
	switch t {
	case typeAny:
		if g := rt.toGo(v); g != nil {
			out.Set(reflect.ValueOf(g))
		}
		return out, nil
	case typeLValue:
		out.Set(reflect.ValueOf(v))
		return out, nil
	case typeValue:
		return reflect.ValueOf(Value{rt, v}), nil
	case typeTable:
		if x, ok := v.(*lua.LTable); ok {
			return reflect.ValueOf(rt.tableHandle(x)), nil
		}
		return out, expected("table", v)
	case typeFunction:
		if x, ok := v.(*lua.LFunction); ok {
			return reflect.ValueOf(rt.functionHandle(x)), nil
		}
		return out, expected("function", v)
	}
	if ud, ok := v.(*lua.LUserData); ok && ud.Value != nil {
		if held := reflect.ValueOf(ud.Value); held.Type().AssignableTo(t) {
			out.Set(held)
			return out, nil
		} else if held.Kind() == reflect.Pointer && held.Type().Elem() == t {
			out.Set(held.Elem())
			return out, nil
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		b, ok := v.(lua.LBool)
		if !ok {
			return out, expected("boolean", v)
		}
		out.SetBool(bool(b))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := signed(v)
		if err != nil {
			return out, err
		}
		if out.OverflowInt(n) {
			return out, fmt.Errorf("%d does not fit into %d bits", n, t.Bits())
		}
		out.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, err := ToU64(v)
		if err != nil {
			return out, err
		}
		if out.OverflowUint(n) {
			return out, fmt.Errorf("%d does not fit into %d bits", n, t.Bits())
		}
		out.SetUint(n)
	case reflect.Float32, reflect.Float64:
		switch v := v.(type) {
		case lua.LNumber:
			if out.OverflowFloat(float64(v)) {
				return out, fmt.Errorf("%s does not fit into %d bits", number.String(float64(v)), t.Bits())
			}
			out.SetFloat(float64(v))
		default:
			u, err := u64Of(v)
			if err != nil {
				return out, expected("number", v)
			}
			if f := float64(u); f >= 1<<64 || uint64(f) != u {
				return out, fmt.Errorf("%s has no exact floating-point number", Hex(u, 0))
			}
			out.SetFloat(float64(u))
		}
	case reflect.String:
		switch v := v.(type) {
		case lua.LString:
			out.SetString(string(v))
		case lua.LNumber:
			out.SetString(number.String(float64(v)))
		default:
			return out, expected("string", v)
		}
	case reflect.Func:
		if v == lua.LNil {
			return out, nil
		}
		fn, ok := v.(*lua.LFunction)
		if !ok {
			return out, expected("function", v)
		}
		return rt.callback(fn, t), nil
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct, reflect.Pointer:
		return rt.compositeFromLua(v, t, out)
	case reflect.Interface:
		if v == lua.LNil {
			return out, nil
		}
		if g := rt.toGo(v); g != nil && reflect.TypeOf(g).Implements(t) {
			out.Set(reflect.ValueOf(g))
			return out, nil
		}
		return out, expected("another object", v)
	default:
		return out, expected("another value", v)
	}
	return out, nil
}

// signed is the exact value of an integer.
func signed(v lua.LValue) (int64, error) {
	if f, ok := v.(lua.LNumber); ok && f < 0 {
		if f <= -twoTo53 || float64(f) != math.Trunc(float64(f)) {
			return 0, fmt.Errorf("exact integer expected, got %s", number.String(float64(f)))
		}
		return int64(f), nil
	}
	u, err := ToU64(v)
	if err == nil && u > math.MaxInt64 {
		return 0, fmt.Errorf("%s does not fit into 63 bits and a sign", Hex(u, 0))
	}
	return int64(u), err
}

func (rt *Runtime) compositeFromLua(v lua.LValue, t reflect.Type, out reflect.Value) (reflect.Value, error) {
	if s, ok := v.(lua.LString); ok && t == typeBytes {
		rt.charge(int64(len(s)))
		return reflect.ValueOf([]byte(s)), nil
	}
	if v == lua.LNil && t.Kind() != reflect.Struct && t.Kind() != reflect.Array {
		return out, nil
	}
	tb, ok := v.(*lua.LTable)
	if !ok {
		return out, expected("table", v)
	}
	if rt.converting++; rt.converting > 64 {
		rt.converting = 0
		return out, errors.New("table is nested too deep, or contains itself")
	}
	defer func() { rt.converting = max(0, rt.converting-1) }()
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		n := tb.Len()
		if t.Kind() == reflect.Array && n != t.Len() {
			return out, fmt.Errorf("%d items expected, got %d", t.Len(), n)
		}
		if t.Kind() == reflect.Slice {
			rt.charge(int64(n) * int64(t.Elem().Size()))
			out.Set(reflect.MakeSlice(t, n, n))
		}
		for i := range n {
			item, err := rt.fromLua(tb.RawGetInt(i+1), t.Elem())
			if err != nil {
				return out, fmt.Errorf("item %d: %w", i+1, err)
			}
			out.Index(i).Set(item)
		}
	case reflect.Map:
		out.Set(reflect.MakeMap(t))
		for k, x := tb.Next(lua.LNil); k != lua.LNil; k, x = tb.Next(k) {
			rt.charge(int64(t.Key().Size() + t.Elem().Size()))
			key, err := rt.fromLua(k, t.Key())
			if err == nil && !key.Comparable() {
				err = errors.New("it cannot be a key")
			}
			if err != nil {
				return out, fmt.Errorf("key %s: %w", keyText(k), err)
			}
			value, err := rt.fromLua(x, t.Elem())
			if err != nil {
				return out, fmt.Errorf("field '%s': %w", keyText(k), err)
			}
			out.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		if t.Elem().Kind() != reflect.Struct {
			return out, expected("another object", v)
		}
		elem, err := rt.fromLua(v, t.Elem())
		if err != nil {
			return out, err
		}
		out.Set(reflect.New(t.Elem()))
		out.Elem().Set(elem)
	case reflect.Struct:
		fields, names := fieldsOf(t)
		for k, x := tb.Next(lua.LNil); k != lua.LNil; k, x = tb.Next(k) {
			index, ok := fields[keyText(k)]
			if !ok {
				return out, fmt.Errorf("unknown field '%s'%s", keyText(k), didYouMean(keyText(k), names))
			}
			value, err := rt.fromLua(x, t.FieldByIndex(index).Type)
			if err != nil {
				return out, fmt.Errorf("field '%s': %w", keyText(k), err)
			}
			out.FieldByIndex(index).Set(value)
		}
	}
	return out, nil
}

// fieldsOf are the fields of a struct that Lua may see, by each of their names.
func fieldsOf(t reflect.Type) (byName map[string][]int, names []string) {
	byName = map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || viaPointer(t, f.Index) {
			continue
		}
		for _, name := range fieldNames(t, f) {
			if _, ok := byName[name]; !ok {
				byName[name] = f.Index
				names = append(names, name)
			}
		}
	}
	return byName, names
}

// viaPointer says whether a promoted field is reached through an embedded pointer, which may be nil.
func viaPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		f := t.Field(i)
		if t = f.Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// didYouMean names the nearest known word, or nothing.
func didYouMean(word string, known []string) string {
	if n, ok := phrase.Nearest(word, known); ok {
		return " (did you mean '" + n + "'?)"
	}
	return ""
}

// bind makes a Lua function of a Go function: a first parameter of type context.Context is given the
// context of the run, a last result of type error is raised.
func (rt *Runtime) bind(name string, fn reflect.Value) (lua.LValue, error) {
	return rt.bindMethod(name, fn, false)
}

func (rt *Runtime) bindMethod(name string, fn reflect.Value, method bool) (lua.LValue, error) {
	t := fn.Type()
	if native, ok := fn.Interface().(func(*lua.LState) int); ok {
		return rt.main.NewFunction(native), nil
	}
	if native, ok := fn.Interface().(lua.LGFunction); ok {
		return rt.main.NewFunction(native), nil
	}
	if err := callableShape(fn); err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	self := 0
	if method {
		self = 1
	}
	withContext := t.NumIn() > self && t.In(self) == typeContext
	fails := t.NumOut() > 0 && t.Out(t.NumOut()-1) == typeError
	call := func(L *lua.LState) int {
		in := make([]reflect.Value, 0, t.NumIn())
		argument := func(i int, v lua.LValue, want reflect.Type) {
			x, err := rt.fromLua(v, want)
			if err != nil {
				if method && i == 0 {
					rt.raiseError(L, fmt.Errorf("calling '%s' on bad self (%w); call it with ':'", name, err))
				}
				rt.raiseError(L, fmt.Errorf("bad argument #%d to '%s' (%w)", i+1-self, name, err))
			}
			in = append(in, x)
		}
		arg := 0 // of those that Lua gives
		for i := range t.NumIn() {
			if i == self && withContext {
				in = append(in, reflect.ValueOf(rt.given()))
				continue
			}
			if t.IsVariadic() && i == t.NumIn()-1 {
				for ; arg < L.GetTop(); arg++ {
					argument(arg, L.Get(arg+1), t.In(i).Elem())
				}
				break
			}
			argument(arg, L.Get(arg+1), t.In(i))
			arg++
		}
		if extra := L.GetTop() - arg; extra > 0 {
			rt.raiseError(L, fmt.Errorf("'%s' takes %d arguments, got %d", name, arg-self, L.GetTop()-self))
		}
		var out []reflect.Value
		rt.outside(func() { out = fn.Call(in) })
		if fails {
			last := len(out) - 1
			if err, _ := out[last].Interface().(error); err != nil {
				if e, ok := err.(*Error); ok && e.raised != nil && e.raised.rt == rt {
					panic(rt.apiError(e.raised.value, e, e.raised.trace)) // what a script raised, passed on as it was
				}
				rt.raiseError(L, err)
			}
			out = out[:last]
		}
		for i, v := range out {
			x, err := rt.toLua(v.Interface())
			if err != nil {
				rt.raiseError(L, fmt.Errorf("result %d of '%s': %w", i+1, name, err))
			}
			L.Push(x)
		}
		return len(out)
	}
	return rt.main.NewFunction(call), nil
}

// callableShape says why a Go function cannot be called from Lua; what is no function has no such reason.
func callableShape(fn reflect.Value) error {
	if fn.Kind() != reflect.Func {
		return nil
	}
	if fn.IsNil() {
		return errors.New("is nil")
	}
	t := fn.Type()
	for i := range t.NumIn() {
		switch in := t.In(i); in.Kind() {
		case reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
			return fmt.Errorf("has a parameter that has no Lua form (number %d, %s)", i+1, in)
		}
	}
	return nil
}

// callback makes a Go function of a Lua function. It may be called while a Go function that the script
// called is running, or when the runtime is idle: then it is a Call.
//
// What the Lua function raises is the last result of a Go function that ends in an error. Without one it goes through
// the Go function that called as a Lua error; out of a call when the runtime is idle, as a panic.
func (rt *Runtime) callback(fn *lua.LFunction, t reflect.Type) reflect.Value {
	handle := rt.functionHandle(fn)
	withContext := t.NumIn() > 0 && t.In(0) == typeContext
	fails := t.NumOut() > 0 && t.Out(t.NumOut()-1) == typeError
	wanted := t.NumOut()
	if fails {
		wanted--
	}
	return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
		out := make([]reflect.Value, t.NumOut())
		for i := range out {
			out[i] = reflect.Zero(t.Out(i))
		}
		var ctx context.Context
		if withContext {
			ctx, _ = in[0].Interface().(context.Context)
		}
		leave, nested, err := rt.comeIn(ctx, handle)
		if err == nil {
			defer leave()
			err = rt.guard(func() error { return rt.callBack(handle.fn, t, in, out[:wanted]) })
		}
		switch e, raised := err.(*Error); {
		case err == nil:
		case fails:
			out[wanted] = reflect.ValueOf(&err).Elem()
		case nested && raised && e.raised != nil:
			panic(rt.apiError(e.raised.value, e.cause, e.raised.trace))
		case nested && leave != nil:
			rt.raiseError(rt.main.G.CurrentThread, err)
		default:
			panic(err)
		}
		return out
	})
}

// callBack calls fn with the arguments of a Go function of type t and fills in its results.
func (rt *Runtime) callBack(fn *lua.LFunction, t reflect.Type, in, out []reflect.Value) error {
	args := make([]lua.LValue, 0, len(in))
	add := func(v reflect.Value) error {
		x, err := rt.toLua(v.Interface())
		args = append(args, x)
		return err
	}
	for i, v := range in {
		switch {
		case i == 0 && t.In(0) == typeContext:
		case t.IsVariadic() && i == len(in)-1:
			for k := range v.Len() {
				if err := add(v.Index(k)); err != nil {
					return err
				}
			}
		default:
			if err := add(v); err != nil {
				return err
			}
		}
	}
	results, err := rt.callLua(fn, len(out), args)
	if err != nil {
		return err
	}
	for i := range out {
		x, err := rt.fromLua(results[i], t.Out(i))
		if err != nil {
			return fmt.Errorf("result %d of the callback: %w", i+1, err)
		}
		out[i] = x
	}
	return nil
}

// bindFuncs sets the functions of a module, in the order of their names.
func (rt *Runtime) bindFuncs(t *lua.LTable, module string, funcs map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(funcs)) {
		var v lua.LValue
		var err error
		if f := reflect.ValueOf(funcs[name]); f.Kind() == reflect.Func {
			v, err = rt.bind(name, f)
		} else {
			v, err = rt.toLua(funcs[name])
		}
		if err != nil {
			return fmt.Errorf("%s.%s: %w", module, name, err)
		}
		t.RawSetString(name, v)
	}
	return nil
}

// fieldNames are the names of a field in Lua: the luar tag, or its own and the same beginning in lower case.
func fieldNames(_ reflect.Type, f reflect.StructField) []string {
	switch tag := f.Tag.Get("luar"); tag {
	case "-":
		return nil
	case "":
		return goNames(f.Name)
	default:
		return []string{tag}
	}
}

// goNames are the names of something that Go calls name.
func goNames(name string) []string {
	if lower := strings.ToLower(name[:1]) + name[1:]; lower != name {
		return []string{name, lower}
	}
	return []string{name}
}

// keyText is a table's key in the words of an error, without the address of anything.
func keyText(k lua.LValue) string {
	switch k.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		return k.String()
	}
	if u, err := u64Of(k); err == nil {
		return Hex(u, 0)
	}
	return "a " + TypeName(k)
}
