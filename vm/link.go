// Linking: from a Program to a Lua function of one runtime, with the constants that only that runtime has.

package vm

import (
	"math"
	"slices"

	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// maxLinked is the number of programs that a runtime keeps linked.
const maxLinked = 64

// function returns the program as a Lua function of this runtime.
func (rt *Runtime) function(p *Program) *lua.LFunction {
	proto := p.chunk.Proto
	if len(p.chunk.Patches) > 0 {
		linked, ok := rt.linked[p]
		if !ok {
			if len(rt.linked) >= maxLinked {
				clear(rt.linked)
			}
			linked = rt.link(p, p.chunk.Proto)
			rt.linked[p] = linked
		}
		proto = linked
	}
	return rt.main.NewFunctionFromProto(proto)
}

// link returns a copy of proto with this runtime's values for open constants.
func (rt *Runtime) link(p *Program, proto *lua.FunctionProto) *lua.FunctionProto {
	patches, ok := p.chunk.Patches[proto]
	if !ok {
		return proto
	}
	out := *proto
	if len(patches) > 0 {
		rt.charge(int64(len(out.Constants)) * sizeSlot)
		out.Constants = slices.Clone(out.Constants)
		for _, at := range patches {
			out.Constants[at.Index] = rt.constant(p.chunk.Constants[at.Constant])
		}
	}
	out.FunctionPrototypes = make([]*lua.FunctionProto, len(proto.FunctionPrototypes))
	for i, sub := range proto.FunctionPrototypes {
		out.FunctionPrototypes[i] = rt.link(p, sub)
	}
	return &out
}

// constant returns this runtime's value for an open constant.
func (rt *Runtime) constant(c syntax.Constant) lua.LValue {
	switch {
	case c.Wide != 0:
		return rt.u64(c.Wide)
	case c.MinusZero:
		return lua.LNumber(math.Copysign(0, -1))
	case c.Text != "":
		return lua.LString(c.Text)
	case c.Plan != nil:
		return &lua.LUserData{Value: c.Plan, Metatable: lua.LNil}
	}
	f, ok := rt.helpers[c]
	if !ok {
		f = rt.main.NewFunction(rt.helper(c))
		rt.helpers[c] = f
	}
	return f
}

// helper returns the function behind an open constant.
func (rt *Runtime) helper(c syntax.Constant) lua.LGFunction {
	switch c.Helper {
	case syntax.Compare:
		return compareWide(c.Op)
	case syntax.Assert:
		return rt.assertSides(c.Op, compareOp(c.Op))
	case syntax.AssertWide:
		return rt.assertSides(c.Op, compareWide(c.Op))
	case syntax.Join:
		return rt.joinTable
	}
	panic("vm: unknown helper")
}

// isHelper reports whether f is a function that compiled code calls and the script does not know.
func (rt *Runtime) isHelper(f *lua.LFunction) bool {
	for _, h := range rt.helpers {
		if h == f {
			return true
		}
	}
	return false
}

// joinTable returns one table of the pieces of a long constructor, given their plan.
func (rt *Runtime) joinTable(L *lua.LState) int {
	plan := L.Get(1).(*lua.LUserData).Value.(*syntax.Plan)
	n := plan.Items
	for _, p := range plan.Pieces {
		n += max(0, p.Count)
	}
	rt.charge(sizeTable + int64(n)*sizeSlot)
	j := &joiner{rt: rt, L: L, out: L.CreateTable(n, 0), next: 1}
	arg := 2
	for i, p := range plan.Pieces {
		if p.Data != nil {
			j.data(p.Data)
			continue
		}
		t := L.Get(arg).(*lua.LTable)
		if arg++; i == 0 {
			j.first(t, p.Count)
		} else {
			j.list(t, p)
		}
	}
	return give(L, j.out)
}

// A joiner makes one table of pieces.
type joiner struct {
	rt   *Runtime
	L    *lua.LState
	out  *lua.LTable
	next int // the index of the next item
}

// data stores items.
func (j *joiner) data(items []syntax.Item) {
	for i, item := range items {
		if i%1024 == 0 {
			j.rt.steps(min(1024, len(items)-i))
		}
		v := item.Value
		if v == nil {
			v = j.rt.u64(item.Wide)
		}
		j.item(v)
	}
}

func (j *joiner) item(v lua.LValue) {
	j.out.RawSetInt(j.next, v)
	j.next++
}

// first copies the table that the constructor begins with, which has count items or all that it has.
func (j *joiner) first(t *lua.LTable, count int) {
	array := viewTable(t).array
	j.rt.steps(len(array))
	for i, v := range array {
		j.rt.chargeSet(j.out, lua.LNumber(i+1), v)
		j.out.RawSetInt(i+1, v)
	}
	if count < 0 {
		count = len(array)
	}
	j.next = count + 1
	for _, key := range viewTable(t).keys {
		j.rt.charge(sizeEntry)
		j.out.RawSetH(key, t.RawGetH(key))
	}
}

// list stores the items and fields in the list t.
func (j *joiner) list(t *lua.LTable, p syntax.Piece) {
	values := viewTable(t).array
	j.rt.steps(len(values))
	j.rt.charge(int64(len(values)) * sizeSlot)
	for _, keyed := range p.Keyed {
		if n := len(values); n == 0 || keyed && n == 1 {
			break // a last call had no results
		}
		if !keyed {
			j.item(values[0])
			values = values[1:]
			continue
		}
		j.field(values[0], values[1])
		values = values[2:]
	}
	if p.Count < 0 {
		for _, v := range values {
			j.item(v)
		}
	}
}

// field stores a field. In lua5.1, which stores items in batches, a field of the same key is lost if the
// item is stored after it.
func (j *joiner) field(key, value lua.LValue) {
	if err := checkKey(key); err != nil {
		raise(j.L, 1, err.Error())
	}
	pending := (j.next-1)/syntax.Batch*syntax.Batch + 1
	if n, ok := key.(lua.LNumber); ok && int(n) >= pending && int(n) < j.next && n == lua.LNumber(int(n)) {
		return
	}
	j.rt.chargeSet(j.out, key, value)
	j.out.RawSet(key, value)
}

// load compiles source text for load, loadstring, dofile and require.
func (rt *Runtime) load(name, src string) (*lua.LFunction, error) {
	rt.charge(32<<10 + int64(len(src))*16)
	rt.steps(len(src) / 16)
	p, err := Compile(name, src)
	if err != nil {
		return nil, err
	}
	if len(src) <= maxNoted {
		rt.noteSource(p)
	}
	return rt.main.NewFunctionFromProto(rt.link(p, p.chunk.Proto)), nil
}

// noteSource keeps the text of a program for excerpts in errors.
func (rt *Runtime) noteSource(p *Program) {
	if len(rt.sources) >= maxLinked && rt.sources[p.name] == "" {
		clear(rt.sources)
	}
	rt.sources[p.name] = p.src
}

// maxNoted is the length up to which text that a script compiled is kept for excerpts.
const maxNoted = 16 << 10
