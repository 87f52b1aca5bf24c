// Functions between Go and Lua: Go functions that Lua calls, and Lua functions that Go calls.

package vm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// A binding is a Go function as Lua calls it. A first parameter of type context.Context gets the
// context of the run; a last result of type error is raised.
type binding struct {
	rt          *Runtime
	name        string
	fn          reflect.Value
	self        int // how many arguments are the object of a method
	withContext bool
	fails       bool
}

// bind wraps a Go function as a Lua function. A method gets its object first. A function that is
// written for gopher-lua is taken as it is.
func (rt *Runtime) bind(name string, fn reflect.Value, method bool) (lua.LValue, error) {
	if t := reflect.TypeFor[lua.LGFunction](); fn.Type().ConvertibleTo(t) {
		return rt.main.NewFunction(fn.Convert(t).Interface().(lua.LGFunction)), nil
	}
	if err := callableShape(fn); err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	b := &binding{rt: rt, name: name, fn: fn}
	if method {
		b.self = 1
	}
	t := fn.Type()
	b.withContext = t.NumIn() > b.self && t.In(b.self) == typeContext
	b.fails = t.NumOut() > 0 && t.Out(t.NumOut()-1) == typeError
	return rt.main.NewFunction(b.call), nil
}

// callableShape returns an error if fn is a Go function that Lua cannot call.
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

// call serves a call from Lua: it converts the arguments, calls the Go function, raises its
// error and converts the other results. The arguments are collected here, and not in a function of
// their own, so that a single one stays off the heap.
func (b *binding) call(L *lua.LState) int {
	t := b.fn.Type()
	in := make([]reflect.Value, 0, t.NumIn())
	arg := 0 // of those that Lua gives
	for i := range t.NumIn() {
		switch {
		case i == b.self && b.withContext:
			in = append(in, reflect.ValueOf(b.rt.given()))
		case t.IsVariadic() && i == t.NumIn()-1:
			for ; arg < L.GetTop(); arg++ {
				in = append(in, b.argument(L, arg, t.In(i).Elem()))
			}
		default:
			in = append(in, b.argument(L, arg, t.In(i)))
			arg++
		}
	}
	if L.GetTop() > arg {
		err := fmt.Errorf("'%s' takes %d arguments, got %d", b.name, arg-b.self, L.GetTop()-b.self)
		b.rt.raiseError(L, err)
	}
	var out []reflect.Value
	b.rt.outside(func() { out = b.fn.Call(in) })
	return b.results(L, out)
}

// argument converts argument arg, counted from 0, or raises an error that names it.
func (b *binding) argument(L *lua.LState, arg int, want reflect.Type) reflect.Value {
	x, err := b.rt.fromLua(L.Get(arg+1), want)
	switch {
	case err == nil:
	case arg < b.self:
		b.rt.raiseError(L, fmt.Errorf("calling '%s' on bad self (%w); call it with ':'", b.name, err))
	default:
		b.rt.raiseError(L, fmt.Errorf("bad argument #%d to '%s' (%w)", arg+1-b.self, b.name, err))
	}
	return x
}

// results raises the error that the Go function returned, or pushes its other results.
func (b *binding) results(L *lua.LState, out []reflect.Value) int {
	if b.fails {
		last := len(out) - 1
		if err, _ := out[last].Interface().(error); err != nil {
			b.raise(L, err)
		}
		out = out[:last]
	}
	for i, v := range out {
		x, err := b.rt.toLua(v.Interface())
		if err != nil {
			b.rt.raiseError(L, fmt.Errorf("result %d of '%s': %w", i+1, b.name, err))
		}
		L.Push(x)
	}
	return len(out)
}

// raise raises err. An error that a script raised and that the function passes on is raised as it was.
func (b *binding) raise(L *lua.LState, err error) {
	if e, ok := err.(*Error); ok && e.raised != nil && e.raised.rt == b.rt {
		panic(b.rt.apiError(e.raised.value, e, e.raised.trace))
	}
	b.rt.raiseError(L, err)
}

// bindFuncs sets the functions of a module, in the order of their names.
func (rt *Runtime) bindFuncs(t *lua.LTable, module string, funcs map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(funcs)) {
		var v lua.LValue
		var err error
		if f := reflect.ValueOf(funcs[name]); f.Kind() == reflect.Func {
			v, err = rt.bind(name, f, false)
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

// callback wraps a Lua function as a Go function. It may be called while a Go function that the
// script called is running, or when the runtime is idle: then it is a Call.
//
// If the Go function ends in an error, that returns what the Lua function raises. Otherwise an
// error goes as a Lua error through the Go function that called, and becomes a panic if the runtime
// is idle.
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
			err = rt.guard(func() error { return rt.callBack(handle.fn(), t, in, out[:wanted]) })
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
	if len(in) > 0 && t.In(0) == typeContext {
		in = in[1:]
	}
	if t.IsVariadic() {
		last := len(in) - 1
		rest := in[last]
		in = slices.Clone(in[:last])
		for i := range rest.Len() {
			in = append(in, rest.Index(i))
		}
	}
	args := make([]lua.LValue, len(in))
	for i, v := range in {
		var err error
		if args[i], err = rt.toLua(v.Interface()); err != nil {
			return err
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
