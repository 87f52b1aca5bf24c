// Values between Go and Lua: converted exactly in both directions, or refused.

package vm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/phrase"
)

// toGo returns v as Go sees it: nil, bool, float64, uint64, string, *Table, *Function, the Go value
// behind a userdata of the embedder's or a native module's, or a Value for anything else.
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

// toLua returns v as Lua sees it.
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
		return v.in(rt, "table")
	case *Function:
		if v == nil {
			return lua.LNil, nil
		}
		if v.err != nil {
			return nil, v.err
		}
		return v.in(rt, "function")
	case Native:
		value, owner := v.Native()
		if owner != rt {
			return nil, errors.New("the object belongs to another runtime")
		}
		return value, nil
	case error:
		return rt.st.Refuse(v), nil
	case chosen:
		return rt.object(reflect.ValueOf(v.value), v.names)
	}
	return rt.reflectToLua(reflect.ValueOf(v))
}

// reflectToLua converts a value by its kind, which named types share.
func (rt *Runtime) reflectToLua(v reflect.Value) (lua.LValue, error) {
	switch kind := v.Kind(); {
	case kind == reflect.Bool:
		return lua.LBool(v.Bool()), nil
	case v.CanInt():
		n := v.Int()
		if n >= 0 {
			return rt.u64(uint64(n)), nil
		}
		if n > -twoTo53 {
			return lua.LNumber(n), nil
		}
		return nil, fmt.Errorf("%d has no exact Lua number (negative integers are exact down to -2^53)", n)
	case v.CanUint():
		return rt.u64(v.Uint()), nil
	case v.CanFloat():
		return lua.LNumber(v.Float()), nil
	case kind == reflect.String:
		rt.charge(int64(v.Len()))
		return lua.LString(v.String()), nil
	case kind == reflect.Func:
		if v.IsNil() {
			return lua.LNil, nil
		}
		return rt.bind("?", v, false)
	}
	return rt.object(v, nil)
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

// expected returns the error for a value of the wrong type.
func expected(what string, v lua.LValue) error {
	return fmt.Errorf("%s expected, got %s", what, TypeName(v))
}

// fromLua returns v as a Go value of type t, unchanged, or an error.
func (rt *Runtime) fromLua(v lua.LValue, t reflect.Type) (reflect.Value, error) {
	out := reflect.New(t).Elem()
	return out, rt.fill(out, v)
}

// fill sets out to v, unchanged, or returns an error, after which out may be half filled.
func (rt *Runtime) fill(out reflect.Value, v lua.LValue) error {
	t := out.Type()
	switch t {
	case typeAny, typeTable, typeFunction:
		return rt.fillGo(out, v)
	case typeLValue:
		out.Set(reflect.ValueOf(v))
		return nil
	case typeValue:
		out.Set(reflect.ValueOf(Value{rt, v}))
		return nil
	}
	if ud, ok := v.(*lua.LUserData); ok && ud.Value != nil {
		if held := reflect.ValueOf(ud.Value); held.Type().AssignableTo(t) {
			out.Set(held)
			return nil
		} else if held.Kind() == reflect.Pointer && held.Type().Elem() == t {
			out.Set(held.Elem())
			return nil
		}
	}
	switch t.Kind() {
	case reflect.Func:
		if fn, ok := v.(*lua.LFunction); ok {
			out.Set(rt.callback(fn, t))
		} else if v != lua.LNil {
			return expected("function", v)
		}
		return nil
	case reflect.Interface:
		return rt.fillGo(out, v)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct, reflect.Pointer:
		return rt.fillComposite(out, v)
	}
	return fillScalar(out, v)
}

// fillGo sets out, a pointer to Table or Function or an interface, to v as Go sees it.
func (rt *Runtime) fillGo(out reflect.Value, v lua.LValue) error {
	t := out.Type()
	g := rt.toGo(v)
	switch {
	case g != nil && reflect.TypeOf(g).AssignableTo(t):
		out.Set(reflect.ValueOf(g))
	case t == typeTable:
		return expected("table", v)
	case t == typeFunction:
		return expected("function", v)
	case g != nil:
		return expected("another object", v)
	}
	return nil
}

// fillScalar sets out, a boolean, a number or a string, to v.
func fillScalar(out reflect.Value, v lua.LValue) error {
	noFit := func(n any) error { return fmt.Errorf("%v does not fit into %d bits", n, out.Type().Bits()) }
	switch kind := out.Kind(); {
	case kind == reflect.Bool:
		b, ok := v.(lua.LBool)
		if !ok {
			return expected("boolean", v)
		}
		out.SetBool(bool(b))
	case out.CanInt():
		n, err := signed(v)
		if err != nil {
			return err
		}
		if out.OverflowInt(n) {
			return noFit(n)
		}
		out.SetInt(n)
	case out.CanUint():
		n, err := ToU64(v)
		if err != nil {
			return err
		}
		if out.OverflowUint(n) {
			return noFit(n)
		}
		out.SetUint(n)
	case out.CanFloat():
		f, err := float(v)
		if err != nil {
			return err
		}
		if out.OverflowFloat(f) {
			return noFit(number.String(f))
		}
		out.SetFloat(f)
	case kind == reflect.String:
		switch v := v.(type) {
		case lua.LString:
			out.SetString(string(v))
		case lua.LNumber:
			out.SetString(number.String(float64(v)))
		default:
			return expected("string", v)
		}
	default:
		return expected("another value", v)
	}
	return nil
}

// signed returns the exact value of an integer.
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

// float returns the exact value of a number or a u64.
func float(v lua.LValue) (float64, error) {
	if f, ok := v.(lua.LNumber); ok {
		return float64(f), nil
	}
	u, ok := u64Of(v)
	if !ok {
		return 0, expected("number", v)
	}
	f := float64(u)
	if f >= 1<<64 || uint64(f) != u {
		return 0, fmt.Errorf("%s has no exact floating-point number", Hex(u, 0))
	}
	return f, nil
}

// maxConverting is how deep a table that is converted may be nested.
const maxConverting = 64

// fillComposite sets out, a slice, array, map, struct or pointer to a struct, to the table v. nil
// leaves out nil where it can be, and a string is a []byte.
func (rt *Runtime) fillComposite(out reflect.Value, v lua.LValue) error {
	t := out.Type()
	if s, ok := v.(lua.LString); ok && t == typeBytes {
		rt.charge(int64(len(s)))
		out.SetBytes([]byte(s))
		return nil
	}
	if v == lua.LNil && t.Kind() != reflect.Struct && t.Kind() != reflect.Array {
		return nil
	}
	tb, ok := v.(*lua.LTable)
	if !ok {
		return expected("table", v)
	}
	if rt.converting++; rt.converting > maxConverting {
		rt.converting = 0
		return errors.New("table is nested too deep, or contains itself")
	}
	defer func() { rt.converting = max(0, rt.converting-1) }()
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return rt.fillList(out, tb)
	case reflect.Map:
		return rt.fillMap(out, tb)
	case reflect.Struct:
		return rt.fillStruct(out, tb)
	}
	if t.Elem().Kind() != reflect.Struct {
		return expected("another object", v)
	}
	out.Set(reflect.New(t.Elem()))
	return rt.fill(out.Elem(), v)
}

// fillList sets out, a slice or array, to the items of tb.
func (rt *Runtime) fillList(out reflect.Value, tb *lua.LTable) error {
	t, n := out.Type(), tb.Len()
	switch {
	case t.Kind() == reflect.Slice:
		rt.charge(int64(n) * int64(t.Elem().Size()))
		out.Set(reflect.MakeSlice(t, n, n))
	case n != t.Len():
		return fmt.Errorf("%d items expected, got %d", t.Len(), n)
	}
	for i := range n {
		if err := rt.fill(out.Index(i), tb.RawGetInt(i+1)); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return nil
}

// fillMap sets out to a new map of the entries of tb.
func (rt *Runtime) fillMap(out reflect.Value, tb *lua.LTable) error {
	t := out.Type()
	out.Set(reflect.MakeMap(t))
	for k, x := tb.Next(lua.LNil); k != lua.LNil; k, x = tb.Next(k) {
		rt.charge(int64(t.Key().Size() + t.Elem().Size()))
		key, err := rt.mapKey(k, t)
		if err != nil {
			return fmt.Errorf("key %s: %w", keyText(k), err)
		}
		value, err := rt.fromLua(x, t.Elem())
		if err != nil {
			return fmt.Errorf("field '%s': %w", keyText(k), err)
		}
		out.SetMapIndex(key, value)
	}
	return nil
}

// mapKey returns k as a key of maps of type t.
func (rt *Runtime) mapKey(k lua.LValue, t reflect.Type) (reflect.Value, error) {
	key, err := rt.fromLua(k, t.Key())
	if err == nil && !key.Comparable() {
		err = errors.New("it cannot be a key")
	}
	return key, err
}

// fillStruct sets the fields of out that tb names. A name that is not a field is an error.
func (rt *Runtime) fillStruct(out reflect.Value, tb *lua.LTable) error {
	fields := fieldsOf(out.Type())
	for k, x := tb.Next(lua.LNil); k != lua.LNil; k, x = tb.Next(k) {
		index, ok := fields[keyText(k)]
		if !ok {
			names := slices.Sorted(maps.Keys(fields))
			return fmt.Errorf("unknown field '%s'%s", keyText(k), didYouMean(keyText(k), names))
		}
		if err := rt.fill(out.FieldByIndex(index), x); err != nil {
			return fmt.Errorf("field '%s': %w", keyText(k), err)
		}
	}
	return nil
}

// fieldsOf returns the fields of a struct that Lua may see, by each of their names. Fields that are
// reached through an embedded pointer, which may be nil, are left out. Another type has none.
func fieldsOf(t reflect.Type) map[string][]int {
	byName := map[string][]int{}
	if t.Kind() != reflect.Struct {
		return byName
	}
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || viaPointer(t, f.Index) {
			continue
		}
		for _, name := range fieldNames(f) {
			if _, ok := byName[name]; !ok {
				byName[name] = f.Index
			}
		}
	}
	return byName
}

func viaPointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// fieldNames returns the names of a field in Lua: its luar tag, or its own name with either case of
// the first letter.
func fieldNames(f reflect.StructField) []string {
	switch tag := f.Tag.Get("luar"); tag {
	case "-":
		return nil
	case "":
		return goNames(f.Name)
	default:
		return []string{tag}
	}
}

// goNames returns the names in Lua of a Go field or method.
func goNames(name string) []string {
	if lower := strings.ToLower(name[:1]) + name[1:]; lower != name {
		return []string{name, lower}
	}
	return []string{name}
}

// didYouMean suggests the nearest known word, or nothing.
func didYouMean(word string, known []string) string {
	if n, ok := phrase.Nearest(word, known); ok {
		return " (did you mean '" + n + "'?)"
	}
	return ""
}

// keyText prints a table's key in an error, without an address.
func keyText(k lua.LValue) string {
	switch k.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		return k.String()
	}
	if u, ok := u64Of(k); ok {
		return Hex(u, 0)
	}
	return "a " + TypeName(k)
}
