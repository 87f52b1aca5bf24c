// What extends assert in Lua: names that no assertion has, and failures.

package vm

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// AssertModule returns a module of that name for code in Lua that extends assert, as the spies of package
// scenario do. Its functions are:
//
//	otherwise(fn)  fn(name, negated) answers for what follows the modifiers in a name that no assertion
//	               has; if it returns nil, the name is unknown
//	fail(t)        raises the failure of the assertion t.assertion with t.message, at a position outside
//	               the chunk that calls fail. t.sides says what t.expected and t.found are: "values", or
//	               "words"; nil for none
//	same(a, b)     compares as assert.same does
//	show(v)        returns v as failures show it
func AssertModule(name string) Module {
	return Module{Name: name, Open: func(s *State) (lua.LValue, error) {
		rt := s.rt
		return rt.newTable([]libFunc{
			{"otherwise", func(L *lua.LState) int {
				rt.lib.assert.otherwise = L.CheckFunction(1)
				return 0
			}},
			{"fail", rt.failFor},
			{"same", func(L *lua.LState) int {
				d := differ{rt: rt, L: L}
				return give(L, lua.LBool(d.same(L.Get(1), L.Get(2))))
			}},
			{"show", func(L *lua.LState) int { return give(L, lua.LString(rt.tree(L, L.Get(1)).String())) }},
		}), nil
	}}
}

// failFor raises the failure that a table describes.
func (rt *Runtime) failFor(L *lua.LState) int {
	t := L.CheckTable(1)
	text := func(key string) string {
		s, _ := textOf(t.RawGetString(key))
		return s
	}
	f := &Failure{Assertion: text("assertion"), Message: text("message")}
	switch text("sides") {
	case "values":
		f.Expected.Value, f.Found.Value = rt.pair(L, t.RawGetString("expected"), t.RawGetString("found"))
	case "words":
		f.Expected.Words, f.Found.Words = text("expected"), text("found")
	}
	rt.fail(f, rt.traceOf(L).outside())
	return 0
}

// outside returns the stack below the functions of the innermost chunk.
func (t trace) outside() trace {
	inner, _ := t.position()
	i := slices.IndexFunc(t.frames, func(f traceFrame) bool {
		return !f.fn.IsG && f.fn.Proto.SourceName != inner
	})
	if i >= 0 {
		t.frames = t.frames[i:]
	}
	return t
}
