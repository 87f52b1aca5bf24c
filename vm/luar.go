// An embedder's own values. gopher-luar gives each Go type its metatable; our own functions read,
// write and call, because those of gopher-luar round 64-bit integers, cut off what does not fit,
// lose errors and answer a misspelt name with nil.

package vm

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"

	lua "github.com/yuin/gopher-lua"
	luar "layeh.com/gopher-luar"
)

// chosen is a value of which scripts reach only some names.
type chosen struct {
	value any
	names []string
}

// Only returns value with nothing but the named fields and methods reachable: rt.Set("board",
// vm.Only(board, "Name", "Reset")). Without Only, all exported fields and methods are, except for
// fields tagged `luar:"-"`. Objects that a field or result leads to follow the same rule by their
// own type.
func Only(value any, names ...string) any { return chosen{value, names} }

// object wraps in a userdata a struct, pointer, map, slice or array. The same pointer gives values
// that are equal in Lua.
func (rt *Runtime) object(v reflect.Value, only []string) (lua.LValue, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return lua.LNil, nil
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return lua.LNil, nil
		}
		to := v.Type().Elem().Kind()
		if v.Kind() == reflect.Pointer && to != reflect.Struct && to != reflect.Array {
			return nil, fmt.Errorf("a %s cannot be given to Lua; give the value, or a pointer to a struct",
				v.Type())
		}
	case reflect.Struct, reflect.Array:
	default:
		return nil, fmt.Errorf("a value of type %s cannot be given to Lua", v.Type())
	}
	rt.charge(sizeUser)
	ud := luar.New(rt.main, v.Interface()).(*lua.LUserData)
	kind := objectKind{v.Type(), fmt.Sprint(only)}
	mt, ok := rt.objects[kind]
	if !ok {
		var err error
		if mt, err = rt.objectMeta(ud.Metatable.(*lua.LTable), v.Type(), only); err != nil {
			return nil, err
		}
		rt.objects[kind] = mt
	}
	ud.Metatable = mt
	return ud, nil
}

// isObject reports whether mt is the metatable of an embedder's own value.
func (rt *Runtime) isObject(mt *lua.LTable) bool {
	for _, o := range rt.objects {
		if o == mt {
			return true
		}
	}
	return false
}

// objectKind is what the metatable of an object depends on.
type objectKind struct {
	t    reflect.Type
	only string
}

// object is what the metatable of one type knows.
type object struct {
	rt      *Runtime
	t       reflect.Type
	fields  map[string][]int
	methods map[string]lua.LValue
}

// objectMeta returns gopher-luar's metatable for t with our functions in place of its inexact ones.
// It fails if t has no field or method of a name in only.
func (rt *Runtime) objectMeta(theirs *lua.LTable, t reflect.Type, only []string) (*lua.LTable, error) {
	elem := t
	if t.Kind() == reflect.Pointer {
		elem = t.Elem()
	}
	o := &object{rt: rt, t: t, fields: fieldsOf(elem), methods: rt.methodsOf(t)}
	if err := o.restrict(only); err != nil {
		return nil, err
	}
	mt := rt.main.CreateTable(0, 8)
	mt.RawSetString("__eq", theirs.RawGetString("__eq"))
	set := func(event string, fn lua.LGFunction) { mt.RawSetString(event, rt.main.NewFunction(fn)) }
	set("__index", o.index)
	set("__newindex", o.newIndex)
	switch elem.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array:
		mt.RawSetString("__len", theirs.RawGetString("__len"))
		set("__call", o.iterate)
	}
	prints := only == nil || slices.Contains(only, "String")
	set("__tostring", func(L *lua.LState) int {
		text := "object: " + elem.Name()
		if s, ok := L.Get(1).(*lua.LUserData).Value.(fmt.Stringer); ok && prints {
			rt.outside(func() { text = s.String() })
		}
		rt.charge(int64(len(text)))
		return give(L, lua.LString(text))
	})
	name := elem.Name()
	if name == "" {
		name = elem.Kind().String()
	}
	mt.RawSetString("__name", lua.LString(name))
	mt.RawSetString("__metatable", lua.LString(name))
	return mt, nil
}

// methodsOf returns the methods of t that Lua can call.
func (rt *Runtime) methodsOf(t reflect.Type) map[string]lua.LValue {
	methods := map[string]lua.LValue{}
	for m := range t.Methods() {
		for _, name := range goNames(m.Name) {
			if fn, err := rt.bind(name, m.Func, true); err == nil {
				methods[name] = fn
			}
		}
	}
	return methods
}

// restrict hides all but the fields and methods in only, unless that is nil.
func (o *object) restrict(only []string) error {
	if only == nil {
		return nil
	}
	var visible []string
	for _, name := range only {
		if _, ok := o.methods[name]; !ok && o.fields[name] == nil {
			return fmt.Errorf("%s has no field or method %s%s", o.t, name, didYouMean(name, o.names()))
		}
		visible = append(visible, goNames(name)...)
	}
	hidden := func(name string) bool { return !slices.Contains(visible, name) }
	maps.DeleteFunc(o.fields, func(name string, _ []int) bool { return hidden(name) })
	maps.DeleteFunc(o.methods, func(name string, _ lua.LValue) bool { return hidden(name) })
	return nil
}

func (o *object) names() []string {
	return slices.Concat(slices.Sorted(maps.Keys(o.fields)), slices.Sorted(maps.Keys(o.methods)))
}

// self returns the Go value behind argument 1.
func (o *object) self(L *lua.LState) reflect.Value {
	if ud, ok := L.Get(1).(*lua.LUserData); ok && ud.Value != nil {
		if v := reflect.ValueOf(ud.Value); v.Type() == o.t {
			return reflect.Indirect(v)
		}
	}
	L.RaiseError("%s expected, got %s", o.t.String(), TypeName(L.Get(1)))
	return reflect.Value{}
}

func (o *object) raise(L *lua.LState, format string, values ...any) {
	o.rt.raiseError(L, fmt.Errorf(format, values...))
}

// push pushes v, the value of key if that is not nil. A struct that can be addressed is pushed as a
// pointer, so that scripts can write its fields.
func (o *object) push(L *lua.LState, v reflect.Value, key lua.LValue) int {
	if k := v.Kind(); (k == reflect.Struct || k == reflect.Array) && v.CanAddr() {
		v = v.Addr()
	}
	x, err := o.rt.toLua(v.Interface())
	if err != nil {
		what := o.t.String()
		if key != nil {
			what = "field '" + keyText(key) + "' of " + what
		}
		o.raise(L, "%s: %w", what, err)
	}
	return give(L, x)
}

func (o *object) unknown(L *lua.LState, key lua.LValue) {
	if s, ok := key.(lua.LString); ok {
		o.raise(L, "%s has no such field or method: '%s'%s", o.t, string(s), didYouMean(string(s), o.names()))
	}
	o.raise(L, "%s has no such field or method: a %s", o.t, TypeName(key))
}

// item returns the item of a slice or array that key names.
func (o *object) item(L *lua.LState, v reflect.Value, key lua.LValue) reflect.Value {
	n, err := ToU64(key)
	if err != nil || n < 1 || n > uint64(v.Len()) {
		o.raise(L, "index %s is out of range (1 to %d)", keyText(key), v.Len())
	}
	return v.Index(int(n - 1))
}

// index implements __index: it reads a field, an item or a method. In a map, an entry hides a
// method of its name.
func (o *object) index(L *lua.LState) int {
	v, key := o.self(L), L.Get(2)
	s, _ := key.(lua.LString) // "" names nothing
	if index, ok := o.fields[string(s)]; ok {
		return o.push(L, v.FieldByIndex(index), key)
	}
	method, isMethod := o.methods[string(s)]
	switch {
	case v.Kind() == reflect.Map:
		if k, err := o.rt.mapKey(key, v.Type()); err == nil {
			if x := v.MapIndex(k); x.IsValid() {
				return o.push(L, x, key)
			}
		}
		if !isMethod {
			return give(L, lua.LNil)
		}
	case isMethod:
	case v.Kind() == reflect.Struct:
		o.unknown(L, key)
	default:
		return o.push(L, o.item(L, v, key), key)
	}
	return give(L, method)
}

// newIndex implements __newindex: it writes a field, an item or an entry of a map.
func (o *object) newIndex(L *lua.LState) int {
	v, key, value := o.self(L), L.Get(2), L.Get(3)
	switch v.Kind() {
	case reflect.Struct:
		s, _ := key.(lua.LString)
		index, ok := o.fields[string(s)]
		if !ok {
			if _, ok := o.methods[string(s)]; ok {
				o.raise(L, "'%s' is a method of %s and cannot be written", string(s), o.t)
			}
			o.unknown(L, key)
		}
		o.set(L, v.FieldByIndex(index), "field '"+string(s)+"'", value)
	case reflect.Slice, reflect.Array:
		o.set(L, o.item(L, v, key), "item "+keyText(key), value)
	case reflect.Map:
		o.setEntry(L, v, key, value)
	}
	return 0
}

// set writes value to place, which what names.
func (o *object) set(L *lua.LState, place reflect.Value, what string, value lua.LValue) {
	if !place.CanSet() {
		o.raise(L, "%s of %s cannot be written (the host gave a copy; it has to give a pointer)", what, o.t)
	}
	x, err := o.rt.fromLua(value, place.Type())
	if err != nil {
		o.raise(L, "%s of %s: %w", what, o.t, err)
	}
	place.Set(x)
}

// setEntry writes an entry of a map, or deletes it if value is nil.
func (o *object) setEntry(L *lua.LState, v reflect.Value, key, value lua.LValue) {
	t := v.Type()
	k, err := o.rt.mapKey(key, t)
	if err != nil {
		o.raise(L, "key of %s: %w", o.t, err)
	}
	if value == lua.LNil {
		v.SetMapIndex(k, reflect.Value{})
		return
	}
	x, err := o.rt.fromLua(value, t.Elem())
	if err != nil {
		o.raise(L, "field '%s' of %s: %w", key.String(), o.t, err)
	}
	if !v.MapIndex(k).IsValid() {
		o.rt.charge(int64(t.Key().Size()+t.Elem().Size()) + 32)
	}
	v.SetMapIndex(k, x)
}

// iterate implements __call of a map, slice or array: it returns an iterator for the generic for.
// Maps are iterated in the order of their keys.
func (o *object) iterate(L *lua.LState) int {
	v := o.self(L)
	i := 0
	if v.Kind() != reflect.Map {
		return give(L, L.NewFunction(func(L *lua.LState) int {
			if i >= v.Len() {
				return 0
			}
			i++
			return give(L, lua.LNumber(i)) + o.push(L, v.Index(i-1), lua.LNumber(i))
		}))
	}
	o.rt.charge(int64(v.Len()) * 24)
	o.rt.steps(v.Len())
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return lessKey(keys[i], keys[j]) })
	return give(L, L.NewFunction(func(L *lua.LState) int {
		for i < len(keys) {
			k := keys[i]
			i++
			if x := v.MapIndex(k); x.IsValid() {
				return o.push(L, k, nil) + o.push(L, x, nil)
			}
		}
		return 0
	}))
}

// lessKey orders the keys of a map.
func lessKey(a, b reflect.Value) bool {
	switch kind := a.Kind(); {
	case kind == reflect.String:
		return a.String() < b.String()
	case a.CanInt():
		return a.Int() < b.Int()
	case a.CanUint():
		return a.Uint() < b.Uint()
	case a.CanFloat():
		return a.Float() < b.Float()
	case kind == reflect.Bool:
		return !a.Bool() && b.Bool()
	}
	return fmt.Sprint(a.Interface()) < fmt.Sprint(b.Interface())
}
