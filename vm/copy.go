// Tables that outlive their run: Pool.Run copies its results before the runtime serves its next run.

package vm

import (
	"errors"
	"math"
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// A tableCopy holds what a table held, in Lua's order. It never changes.
type tableCopy struct {
	n      int   // the number of items
	items  []any // from number 1 on; nil where the table has a hole
	keys   []any // the other keys, with values in the same places
	values []any
	at     map[any]int // places of the keys
}

// Costs of the parts of a copy, in bytes.
const (
	copyTableBytes = 128
	copyItemBytes  = 32  // a Go value and what it points to
	copyFieldBytes = 128 // two of them, and a place in the map
)

// A copier copies tables of one runtime, within the run's limits. It copies each table once, so
// that a table may contain itself.
type copier struct {
	rt    *Runtime
	made  map[*lua.LTable]*Table
	work  []*lua.LTable
	bytes int64
}

// copyOut replaces the tables among results, and in an error, by copies that do not depend on the
// runtime. If they exceed the run's limits, results are lost and an error keeps only its message.
func (rt *Runtime) copyOut(results []any, err error) ([]any, error) {
	c := copier{rt: rt}
	defer func() { rt.meter.held -= c.bytes }()
	if full := c.replace(results); full != nil {
		return nil, full
	}
	var e *Error
	if errors.As(err, &e) {
		e.raised = nil
		value := []any{e.Value}
		if c.replace(value) != nil {
			value[0] = nil
		}
		e.Value = value[0]
	}
	return results, err
}

// replace replaces the tables among values by copies.
func (c *copier) replace(values []any) error {
	return c.rt.guard(func() error {
		for i, v := range values {
			out := c.value(v)
			for len(c.work) > 0 {
				t := c.work[len(c.work)-1]
				c.work = c.work[:len(c.work)-1]
				c.fill(c.made[t].copy, t)
			}
			values[i] = out // until now values keeps the table alive
		}
		return nil
	})
}

// charge asks for n bytes that a count of live memory does not find.
func (c *copier) charge(n int) {
	c.bytes += int64(n)
	c.rt.meter.held += int64(n)
	c.rt.charge(int64(n))
}

// value returns v, a result of Run, without a reference to the runtime. A table is filled later, from
// c.work, however deep it is nested.
func (c *copier) value(v any) any {
	switch v := v.(type) {
	case *Table:
		if v.live() && v.rt == c.rt {
			return c.table(v.lua())
		}
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

// fill copies the entries of t.
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
	for _, k := range view.keys {
		v := t.RawGetH(k)
		if v == lua.LNil {
			continue
		}
		c.charge(copyFieldBytes)
		key := leaf(k)
		if unique, ok := entryKey(key); ok {
			if out.at == nil {
				out.at = map[any]int{}
			}
			out.at[unique] = len(out.keys)
		}
		out.keys = append(out.keys, key)
		out.values = append(out.values, leaf(v))
	}
}

// get finds an entry.
func (t *tableCopy) get(key any) any {
	key, ok := entryKey(key)
	if n, isNumber := key.(float64); isNumber && n >= 1 && n <= float64(len(t.items)) && n == math.Trunc(n) {
		return t.items[int(n)-1]
	}
	if ok {
		if i, ok := t.at[key]; ok {
			return t.values[i]
		}
	}
	return nil
}

// entryKey returns a key as a key of a Go map, with one form for equal numbers and strings. It fails
// for a key that Go cannot compare.
func entryKey(key any) (any, bool) {
	if plain, ok := plainKey(key); ok {
		return plain, true
	}
	return key, key != nil && reflect.ValueOf(key).Comparable()
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

// plainKey returns a key as Run returns it, if it is a number, a string or a boolean.
func plainKey(key any) (any, bool) {
	if b, ok := key.([]byte); ok {
		return string(b), true
	}
	v := reflect.ValueOf(key)
	switch kind := v.Kind(); {
	case kind == reflect.Bool:
		return v.Bool(), true
	case kind == reflect.String:
		return v.String(), true
	case v.CanFloat():
		return v.Float(), true
	case v.CanInt():
		n := v.Int()
		if n >= twoTo53 {
			return uint64(n), true
		}
		return float64(n), n > -twoTo53
	case v.CanUint():
		n := v.Uint()
		if n >= twoTo53 {
			return n, true
		}
		return float64(n), true
	}
	return nil, false
}

// copyText formats a copy in a runtime that is made for it, so that a copy and its original give
// the same text.
func (t *Table) copyText() string {
	if t == nil || t.copy == nil {
		return "{}"
	}
	rt, err := New(Config{})
	if err != nil {
		return err.Error()
	}
	defer rt.Close()
	made := map[*Table]*lua.LTable{}
	var work []*Table
	back := func(v any) lua.LValue {
		switch v := v.(type) {
		case *Table:
			if v.copy == nil {
				break
			}
			if made[v] == nil {
				made[v] = rt.main.NewTable()
				work = append(work, v)
			}
			return made[v]
		case *Function:
			return v.value
		}
		x, err := rt.toLua(v)
		if err != nil {
			return lua.LString(err.Error())
		}
		return x
	}
	root := back(t).(*lua.LTable)
	for len(work) > 0 {
		sub := work[len(work)-1]
		work = work[:len(work)-1]
		for k, v := range sub.copy.all {
			made[sub].RawSet(back(k), back(v))
		}
	}
	return rt.format(root)
}
