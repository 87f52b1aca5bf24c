package vm_test

import "testing"

// A generic for needs a function, a state and a first control value; what is not given is nil, whatever was computed before.
func TestForStartsWithNil(t *testing.T) {
	// What fills the registers that the loop will have.
	const before = "local function fill(...) local a, b, c, d, e, f, g, h = ... return h end fill(1, 2, 3, 4, 5, 6, 7, 8) " +
		"do local a, b, c, d, e, f, g, h = 1, 2, 3, 4, 5, 6, 7, 8 end local out = '' "
	const one = "local function one(s, c) out = out .. tostring(s) .. '/' .. tostring(c) .. ' ' return nil end "
	for _, c := range []struct{ src, want string }{
		{"for k in next, {a = 1} do out = out .. k end", "a"},
		{"for k, v in next, {a = 1} do out = out .. k .. v end", "a1"},
		{"for k, v, w in next, {a = 1} do out = out .. k .. v .. tostring(w) end", "a1nil"},
		{"for k in next, {a = 1}, nil do out = out .. k end", "a"},
		{"local t = {a = 1} for k in next, t do out = out .. k end for k in next, t do out = out .. k end", "aa"},
		{one + "for k in one do end", "nil/nil "},
		{one + "for k, v in one do end", "nil/nil "},
		{one + "for k, v, w, x in one do end", "nil/nil "},
		{one + "for k in one, 's' do end", "s/nil "},
		{one + "for k in one, 's', 'c' do end", "s/c "},
		{one + "for k in one, 's', 'c', error do end", "s/c "},
		{one + "for k in (function() return one, 's' end)() do end", "s/nil "},
		{one + "for k in ((function() return one, 's' end)()) do end", "nil/nil "},
		{one + "for k in one, (function() return 's', 'c', 'x' end)() do end", "s/c "},
		{one + "for k in one, (function() return 's' end)() do end", "s/nil "},
		{one + "for k in one, (function() end)() do end", "nil/nil "},
		{one + "for k, v in one, (function() end)() do end", "nil/nil "},
		{one + "for k in one, 's', (function() end)() do end", "s/nil "},
		{one + "for k, v in one, 's', (function() return 'c', 'x' end)() do end", "s/c "},
		{one + "local function f(...) for k in one, ... do end end f() f(1) f(1, 2) f(1, 2, 3)", "nil/nil 1/nil 1/2 1/2 "},
		{one + "local function f(...) for k in ... do end end f(one) f(one, 1) f(one, 1, 2)", "nil/nil 1/nil 1/2 "},
		{one + "local function f(...) for k in one, (...) do end end f() f(1, 2)", "nil/nil 1/nil "},
	} {
		got, err := eval(t, before+c.src+" return out")
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\n got %v, %v\nwant %q", c.src, got, err, c.want)
		}
	}
}
