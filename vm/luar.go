// An embedder's own values. gopher-luar gives each Go type its metatable; we put our own reading,
// writing and calling in front of it, because gopher-luar rounds 64-bit integers, cuts what does not
// fit, loses errors and answers a misspelt name with nil.

package vm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"

	lua "github.com/yuin/gopher-lua"
	luar "layeh.com/gopher-luar"
)

// chosen is a value of which only some names are reachable.
type chosen struct {
	value any
	names []string
}

// Only is value with nothing but the fields and methods named reachable: rt.Set("board",
// vm.Only(board, "Name", "Reset")). Without Only, all exported fields and methods are, except for fields
// tagged `luar:"-"`. Objects that a field or result leads to follow the same rule by their own type.
func Only(value any, names ...string) any { return chosen{value, names} }

// object makes a userdata of a struct, pointer, map, slice or array. The same pointer is the same
// value in Lua as long as Lua holds it.
func (rt *Runtime) object(v reflect.Value, only []string) (lua.LValue, error) {
	switch v.Kind() {
	case reflect.Pointer:
		if k := v.Elem().Kind(); k != reflect.Struct && k != reflect.Array {
			return nil, fmt.Errorf("a %s cannot be given to Lua; give the value, or a pointer to a struct", v.Type())
		}
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
	default:
		return nil, fmt.Errorf("a value of type %s cannot be given to Lua", v.Type())
	}
	rt.charge(sizeUser)
	kind := objectKind{v.Type(), fmt.Sprint(only)}
	mt, ok := rt.objects[kind]
	if !ok {
		config := luar.GetConfig(rt.main)
		config.FieldNames = fieldNames
		config.MethodNames = func(_ reflect.Type, m reflect.Method) []string { return goNames(m.Name) }
		var err error
		if mt, err = rt.objectMeta(luar.MT(rt.main, v.Interface()).LTable, v.Type(), only); err != nil {
			return nil, err
		}
		if rt.objects == nil {
			rt.objects = map[objectKind]*lua.LTable{}
		}
		rt.objects[kind] = mt
	}
	ud := luar.New(rt.main, v.Interface()).(*lua.LUserData)
	ud.Metatable = mt
	return ud, nil
}

// isObject says whether mt is the metatable of an embedder's own value.
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

// objectMeta is gopher-luar's metatable for t with our own functions where its own are inexact.
func (rt *Runtime) objectMeta(theirs *lua.LTable, t reflect.Type, only []string) (*lua.LTable, error) {
	elem := t
	if t.Kind() == reflect.Pointer {
		elem = t.Elem()
	}
	visible := func(name string) bool {
		return only == nil || slices.ContainsFunc(only, func(o string) bool { return slices.Contains(goNames(o), name) || o == name })
	}
	o := &object{rt: rt, t: t, methods: map[string]lua.LValue{}}
	var all []string
	if elem.Kind() == reflect.Struct {
		fields, names := fieldsOf(elem)
		o.fields = map[string][]int{}
		for _, name := range names {
			all = append(all, name)
			if visible(name) {
				o.fields[name] = fields[name]
				o.names = append(o.names, name)
			}
		}
	}
	// gopher-luar says which methods there are and under which names; we bind them anew.
	for i := range t.NumMethod() {
		m := t.Method(i)
		for _, name := range goNames(m.Name) {
			all = append(all, name)
			methods, ok := theirs.RawGetString("methods").(*lua.LTable)
			if !ok || methods.RawGetString(name) == lua.LNil || !visible(name) {
				continue
			}
			fn, err := rt.bindMethod(name, m.Func, true)
			if err != nil {
				continue // it cannot be called from Lua
			}
			o.methods[name] = fn
			o.names = append(o.names, name)
		}
	}
	for _, name := range only {
		if _, ok := o.methods[name]; !ok && o.fields[name] == nil {
			return nil, fmt.Errorf("%s has no field or method %s%s", t, name, didYouMean(name, all))
		}
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
	set("__tostring", func(L *lua.LState) int {
		text := "object: " + elem.Name()
		if s, ok := L.Get(1).(*lua.LUserData).Value.(fmt.Stringer); ok && (only == nil || slices.Contains(only, "String")) {
			rt.outside(func() { text = s.String() })
		}
		rt.charge(int64(len(text)))
		L.Push(lua.LString(text))
		return 1
	})
	name := elem.Name()
	if name == "" {
		name = elem.Kind().String()
	}
	mt.RawSetString("__name", lua.LString(name))
	mt.RawSetString("__metatable", lua.LString(name))
	return mt, nil
}

// object is what the metatable of one type knows.
type object struct {
	rt      *Runtime
	t       reflect.Type
	fields  map[string][]int
	methods map[string]lua.LValue
	names   []string
}

// self is the Go value behind argument 1.
func (o *object) self(L *lua.LState) reflect.Value {
	if ud, ok := L.Get(1).(*lua.LUserData); ok && ud.Value != nil {
		if v := reflect.ValueOf(ud.Value); v.Type() == o.t {
			return reflect.Indirect(v)
		}
	}
	L.RaiseError("%s expected, got %s", o.t.String(), TypeName(L.Get(1)))
	return reflect.Value{}
}

// push gives the script v, which is what key names, if it is not nil.
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
		o.rt.raiseError(L, fmt.Errorf("%s: %w", what, err))
	}
	L.Push(x)
	return 1
}

var errNoName = errors.New("no such field or method")

func (o *object) unknown(L *lua.LState, key lua.LValue) {
	if s, ok := key.(lua.LString); ok {
		o.rt.raiseError(L, fmt.Errorf("%s has %w: '%s'%s", o.t, errNoName, string(s), didYouMean(string(s), o.names)))
	}
	o.rt.raiseError(L, fmt.Errorf("%s has %w: a %s", o.t, errNoName, TypeName(key)))
}

// place is the item of a slice or array that key names.
func (o *object) place(L *lua.LState, v reflect.Value, key lua.LValue) reflect.Value {
	n, err := ToU64(key)
	if err != nil || n < 1 || n > uint64(v.Len()) {
		o.rt.raiseError(L, fmt.Errorf("index %s is out of range (1 to %d)", keyText(key), v.Len()))
	}
	return v.Index(int(n - 1))
}

func (o *object) index(L *lua.LState) int {
	v, key := o.self(L), L.Get(2)
	if s, ok := key.(lua.LString); ok {
		if index, ok := o.fields[string(s)]; ok {
			return o.push(L, v.FieldByIndex(index), key)
		}
		if v.Kind() != reflect.Map {
			if fn, ok := o.methods[string(s)]; ok {
				L.Push(fn)
				return 1
			}
		}
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return o.push(L, o.place(L, v, key), key)
	case reflect.Map:
		k, err := o.rt.fromLua(key, v.Type().Key())
		if err == nil && k.Comparable() {
			if x := v.MapIndex(k); x.IsValid() {
				return o.push(L, x, key)
			}
		}
		if s, ok := key.(lua.LString); ok {
			if fn, ok := o.methods[string(s)]; ok {
				L.Push(fn)
				return 1
			}
		}
		L.Push(lua.LNil)
		return 1
	}
	o.unknown(L, key)
	return 0
}

func (o *object) newIndex(L *lua.LState) int {
	v, key, value := o.self(L), L.Get(2), L.Get(3)
	set := func(place reflect.Value, what string) {
		if !place.CanSet() {
			o.rt.raiseError(L, fmt.Errorf("%s of %s cannot be written (the host gave a copy; it has to give a pointer)", what, o.t))
		}
		x, err := o.rt.fromLua(value, place.Type())
		if err != nil {
			o.rt.raiseError(L, fmt.Errorf("%s of %s: %w", what, o.t, err))
		}
		place.Set(x)
	}
	switch v.Kind() {
	case reflect.Struct:
		s, _ := key.(lua.LString)
		index, ok := o.fields[string(s)]
		if !ok {
			if _, ok := o.methods[string(s)]; ok {
				o.rt.raiseError(L, fmt.Errorf("'%s' is a method of %s and cannot be written", string(s), o.t))
			}
			o.unknown(L, key)
		}
		set(v.FieldByIndex(index), "field '"+string(s)+"'")
	case reflect.Slice, reflect.Array:
		set(o.place(L, v, key), "item "+keyText(key))
	case reflect.Map:
		k, err := o.rt.fromLua(key, v.Type().Key())
		if err == nil && !k.Comparable() {
			err = errors.New("it cannot be a key")
		}
		if err != nil {
			o.rt.raiseError(L, fmt.Errorf("key of %s: %w", o.t, err))
		}
		if value == lua.LNil {
			v.SetMapIndex(k, reflect.Value{})
			return 0
		}
		x, err := o.rt.fromLua(value, v.Type().Elem())
		if err != nil {
			o.rt.raiseError(L, fmt.Errorf("field '%s' of %s: %w", key.String(), o.t, err))
		}
		if !v.MapIndex(k).IsValid() {
			o.rt.charge(int64(v.Type().Key().Size()+v.Type().Elem().Size()) + 32)
		}
		v.SetMapIndex(k, x)
	}
	return 0
}

// iterate is what calling a map, slice or array gives: an iterator for the generic for. Maps are gone
// through in the order of their keys.
func (o *object) iterate(L *lua.LState) int {
	v := o.self(L)
	var keys []reflect.Value
	if v.Kind() == reflect.Map {
		o.rt.charge(int64(v.Len()) * 24)
		o.rt.steps(v.Len())
		keys = v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return lessKey(keys[i], keys[j]) })
	}
	i := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		for {
			if keys == nil {
				if i >= v.Len() {
					return 0
				}
				i++
				L.Push(lua.LNumber(i))
				return 1 + o.push(L, v.Index(i-1), lua.LNumber(i))
			}
			if i >= len(keys) {
				return 0
			}
			k := keys[i]
			i++
			if x := v.MapIndex(k); x.IsValid() {
				return o.push(L, k, nil) + o.push(L, x, nil)
			}
		}
	}))
	return 1
}

// lessKey orders the keys of a map.
func lessKey(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.String:
		return a.String() < b.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return a.Int() < b.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return a.Uint() < b.Uint()
	case reflect.Float32, reflect.Float64:
		return a.Float() < b.Float()
	case reflect.Bool:
		return !a.Bool() && b.Bool()
	}
	return fmt.Sprint(a.Interface()) < fmt.Sprint(b.Interface())
}
