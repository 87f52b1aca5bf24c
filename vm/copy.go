// Tables that outlive their run: what Pool.Run returns is copied before the runtime goes to its next user.

package vm

import (
	"errors"
	"math"
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// tableCopy is what a table held, in Lua's order. It does not change any more.
type tableCopy struct {
	n      int   // the number of items
	items  []any // by their numbers from 1 on, nil where there is none
	keys   []any // the others, and their values
	values []any
	at     map[any]int // of keys that are numbers, strings and booleans: their places
}

// What the parts of a copy cost, in bytes.
const (
	copyTableBytes = 128
	copyItemBytes  = 32  // a Go value and what it points to
	copyFieldBytes = 128 // two of them, and a place in the map
)

// copier copies tables of one runtime, within the run's limits. What was one table is one copy, so that a table may
// contain itself.
type copier struct {
	rt    *Runtime
	made  map[*lua.LTable]*Table
	work  []*lua.LTable
	bytes int64
}

// copyOut makes results and the value of an error independent of the runtime, as long as the run's limits hold.
func (rt *Runtime) copyOut(results []any, err error) ([]any, error) {
	c := copier{rt: rt}
	defer func() { rt.meter.held -= c.bytes }()
	if full := rt.guard(func() error {
		for i, v := range results {
			results[i] = c.value(v)
		}
		return nil
	}); full != nil {
		return nil, full
	}
	var e *Error
	if errors.As(err, &e) {
		e.raised = nil
		if rt.guard(func() error {
			e.Value = c.value(e.Value)
			return nil
		}) != nil {
			e.Value = nil // the message tells of it
		}
	}
	return results, err
}

// charge asks for n bytes that no count of what a script can reach will find.
func (c *copier) charge(n int) {
	c.bytes += int64(n)
	c.rt.meter.held += int64(n)
	c.rt.charge(int64(n))
}

// value is what Run returned, without a way back into the runtime.
func (c *copier) value(v any) any {
	switch v := v.(type) {
	case *Table:
		if !v.live() || v.rt != c.rt {
			return v
		}
		out := c.table(v.t)
		for len(c.work) > 0 {
			t := c.work[len(c.work)-1]
			c.work = c.work[:len(c.work)-1]
			c.fill(c.made[t].copy, t)
		}
		return out
	case Value:
		return Value{v: v.v}
	}
	return v
}

func (c *copier) table(t *lua.LTable) *Table {
	if out, ok := c.made[t]; ok {
		return out
	}
	c.charge(copyTableBytes)
	if c.made == nil {
		c.made = map[*lua.LTable]*Table{}
	}
	out := &Table{copy: &tableCopy{n: t.Len()}}
	c.made[t] = out
	c.work = append(c.work, t)
	return out
}

func (c *copier) fill(out *tableCopy, t *lua.LTable) {
	leaf := func(v lua.LValue) any {
		if t, ok := v.(*lua.LTable); ok {
			return c.table(t)
		}
		return c.value(c.rt.toGo(v))
	}
	view := viewTable(t)
	c.charge(len(view.array) * 16)
	out.items = make([]any, len(view.array))
	for i, v := range view.array {
		if v != nil && v != lua.LNil {
			c.charge(copyItemBytes - 16)
			out.items[i] = leaf(v)
		}
	}
	for k, v, ok := keysNext(t, view, 0); ok && k != lua.LNil; k, v, ok = hashNext(t, view, k) {
		c.charge(copyFieldBytes)
		key := leaf(k)
		if plain, ok := plainKey(key); ok {
			if out.at == nil {
				out.at = map[any]int{}
			}
			out.at[plain] = len(out.keys)
		}
		out.keys = append(out.keys, key)
		out.values = append(out.values, leaf(v))
	}
}

func (t *tableCopy) get(key any) any {
	if plain, ok := plainKey(key); ok {
		if n, ok := plain.(float64); ok && n >= 1 && n <= float64(len(t.items)) && n == math.Trunc(n) {
			return t.items[int(n)-1]
		}
		if i, ok := t.at[plain]; ok {
			return t.values[i]
		}
		return nil
	}
	if key == nil || !reflect.ValueOf(key).Comparable() {
		return nil
	}
	for i, k := range t.keys {
		if reflect.ValueOf(k).Comparable() && k == key {
			return t.values[i]
		}
	}
	return nil
}

func (t *tableCopy) all(yield func(k, v any) bool) {
	for i, v := range t.items {
		if v != nil && !yield(float64(i+1), v) {
			return
		}
	}
	for i, k := range t.keys {
		if !yield(k, t.values[i]) {
			return
		}
	}
}

// plainKey is a key as Run returns it, if it is a number, a string or a boolean.
func plainKey(key any) (any, bool) {
	if b, ok := key.([]byte); ok {
		return string(b), true
	}
	v := reflect.ValueOf(key)
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), true
	case reflect.String:
		return v.String(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := v.Int(); n < twoTo53 {
			return float64(n), n > -twoTo53
		}
		return uint64(v.Int()), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if n := v.Uint(); n < twoTo53 {
			return float64(n), true
		}
		return v.Uint(), true
	}
	return nil, false
}

// copyText is Format of a copy: in a runtime that is made for it, with the copy's tables in it.
func (t *Table) copyText() string {
	rt, err := New(Config{})
	if err != nil || t == nil || t.copy == nil {
		return "{}"
	}
	defer rt.Close()
	made := map[*Table]*lua.LTable{}
	work := []*Table{}
	back := func(v any) lua.LValue {
		sub, ok := v.(*Table)
		if !ok || sub.copy == nil {
			if fn, ok := v.(*Function); ok {
				return fn.fn
			}
			x, err := rt.toLua(v)
			if err != nil {
				return lua.LString(err.Error())
			}
			return x
		}
		if made[sub] == nil {
			made[sub] = rt.main.NewTable()
			work = append(work, sub)
		}
		return made[sub]
	}
	root := back(t)
	for len(work) > 0 {
		sub := work[len(work)-1]
		work = work[:len(work)-1]
		for k, v := range sub.copy.all {
			made[sub].RawSet(back(k), back(v))
		}
	}
	f := formatter{rt: rt, open: map[*lua.LTable]bool{}}
	f.table(root.(*lua.LTable), "", 0)
	return f.b.String()
}
