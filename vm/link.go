// Linking: from a Program to a Lua function of one runtime, with the constants that only that runtime has.

package vm

import (
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
		return rt.assertSides(c.Op)
	case syntax.Join:
		return rt.joinTable
	case syntax.Loop:
		return rt.prepareLoop
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
	out := L.CreateTable(n, 0)
	next, arg := 1, 2
	for _, p := range plan.Pieces {
		if p.Data != nil {
			next = rt.joinData(out, next, p.Data)
		} else {
			next = rt.joinCode(out, next, p.Count, L.Get(arg).(*lua.LTable))
			arg++
		}
	}
	return give(L, out)
}

// joinData stores items in out from index next on and returns the index behind them.
func (rt *Runtime) joinData(out *lua.LTable, next int, items []syntax.Item) int {
	for i, item := range items {
		if i%1024 == 0 {
			rt.steps(min(1024, len(items)-i))
		}
		v := item.Value
		if v == nil {
			v = rt.u64(item.Wide)
		}
		out.RawSetInt(next+i, v)
	}
	return next + len(items)
}

// joinCode stores the items of t in out from index next on, count of them or all, and its other fields. It
// returns the index behind the items.
func (rt *Runtime) joinCode(out *lua.LTable, next, count int, t *lua.LTable) int {
	array := viewTable(t).array
	if count < 0 {
		count = len(array)
	}
	rt.steps(count)
	rt.charge(int64(count) * sizeSlot)
	for i := range count {
		v := lua.LNil
		if i < len(array) {
			v = array[i]
		}
		out.RawSetInt(next+i, v)
	}
	for _, key := range viewTable(t).keys {
		rt.charge(sizeEntry)
		out.RawSetH(key, t.RawGetH(key))
	}
	return next + count
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
