// Linking: from a Program to a Lua function of one runtime, with the constants that only the runtime has.

package vm

import (
	"slices"

	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// maxLinked is how many programs a runtime keeps linked.
const maxLinked = 64

// function makes a Lua function of the program in this runtime.
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

// link makes a copy of proto that holds this runtime's values.
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

// helper makes the function behind an open constant.
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

// joinTable makes one table of the pieces of a long constructor.
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
			for i, item := range p.Data {
				v := item.Value
				if v == nil {
					v = rt.u64(item.Wide)
				}
				if i%1024 == 0 {
					rt.steps(min(1024, len(p.Data)-i))
				}
				out.RawSetInt(next, v)
				next++
			}
			continue
		}
		t := L.Get(arg).(*lua.LTable)
		arg++
		count := p.Count
		if count < 0 {
			count = len(viewTable(t).array)
		}
		rt.steps(count)
		array := viewTable(t).array
		rt.charge(int64(count) * sizeSlot)
		for i := range count {
			v := lua.LNil
			if i < len(array) {
				v = array[i]
			}
			out.RawSetInt(next, v)
			next++
		}
		for _, key := range viewTable(t).keys {
			rt.charge(sizeEntry)
			out.RawSetH(key, t.RawGetH(key))
		}
	}
	L.Push(out)
	return 1
}

// load compiles source text that a script gives (load, loadstring, dofile, require).
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

// noteSource keeps the text of a program for the excerpts of errors.
func (rt *Runtime) noteSource(p *Program) {
	if len(rt.sources) >= maxLinked && rt.sources[p.name] == "" {
		clear(rt.sources)
	}
	rt.sources[p.name] = p.src
}

// maxNoted is how long a text may be that a script had compiled and that is kept for excerpts.
const maxNoted = 16 << 10
