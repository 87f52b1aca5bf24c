// Linking: from a Program to a Lua function of one runtime, with the constants that only the runtime has.

package vm

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// maxLinked is how many programs a runtime keeps linked.
const maxLinked = 64

// function makes a Lua function of the program in this runtime.
func (rt *Runtime) function(p *Program) *lua.LFunction {
	proto := p.proto
	if len(p.patches) > 0 {
		linked, ok := rt.linked[p]
		if !ok {
			if len(rt.linked) >= maxLinked {
				clear(rt.linked)
			}
			linked = rt.link(p, p.proto)
			rt.linked[p] = linked
		}
		proto = linked
	}
	return rt.main.NewFunctionFromProto(proto)
}

// link makes a copy of proto that holds this runtime's values.
func (rt *Runtime) link(p *Program, proto *lua.FunctionProto) *lua.FunctionProto {
	patches, ok := p.patches[proto]
	if !ok {
		return proto
	}
	out := *proto
	if len(patches) > 0 {
		rt.charge(int64(len(out.Constants)) * sizeSlot)
		out.Constants = slices.Clone(out.Constants)
		for _, at := range patches {
			out.Constants[at.constant] = rt.injected(&p.inject[at.injection])
		}
	}
	out.FunctionPrototypes = make([]*lua.FunctionProto, len(proto.FunctionPrototypes))
	for i, sub := range proto.FunctionPrototypes {
		out.FunctionPrototypes[i] = rt.link(p, sub)
	}
	return &out
}

// injected is this runtime's value for an injection.
func (rt *Runtime) injected(in *injection) lua.LValue {
	switch in.kind {
	case injectWide:
		return rt.u64(in.wide)
	case injectPlan:
		return &lua.LUserData{Value: in.join, Metatable: lua.LNil}
	}
	if rt.helpers[in.kind] == nil {
		rt.helpers[in.kind] = rt.main.NewFunction(map[injectionKind]lua.LGFunction{
			injectLT:   compareWide(func(c int) bool { return c < 0 }),
			injectLE:   compareWide(func(c int) bool { return c <= 0 }),
			injectGT:   compareWide(func(c int) bool { return c > 0 }),
			injectGE:   compareWide(func(c int) bool { return c >= 0 }),
			injectJoin: rt.joinTable,
			injectLoop: rt.prepareLoop,

			injectAssertEQ: rt.assertSides("=="),
			injectAssertNE: rt.assertSides("~="),
			injectAssertLT: rt.assertSides("<"),
			injectAssertLE: rt.assertSides("<="),
			injectAssertGT: rt.assertSides(">"),
			injectAssertGE: rt.assertSides(">="),
		}[in.kind])
	}
	return rt.helpers[in.kind]
}

// joinTable makes one table of the pieces of a long constructor.
func (rt *Runtime) joinTable(L *lua.LState) int {
	plan := L.Get(1).(*lua.LUserData).Value.(*joinPlan)
	n := plan.items
	for _, p := range plan.pieces {
		n += max(0, p.count)
	}
	rt.charge(sizeTable + int64(n)*sizeSlot)
	out := L.CreateTable(n, 0)
	next, arg := 1, 2
	for _, p := range plan.pieces {
		if p.data != nil {
			for i, item := range p.data {
				v := item.value
				if v == nil {
					v = rt.u64(item.wide)
				}
				if i%1024 == 0 {
					rt.steps(min(1024, len(p.data)-i))
				}
				out.RawSetInt(next, v)
				next++
			}
			continue
		}
		t := L.Get(arg).(*lua.LTable)
		arg++
		count := p.count
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
	return rt.main.NewFunctionFromProto(rt.link(p, p.proto)), nil
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
