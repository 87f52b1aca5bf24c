package vm_test

import "testing"

// TestForStartsWithNil checks that a generic for without a state or a first control value has nil for
// it, whatever the registers held before.
func TestForStartsWithNil(t *testing.T) {
	// This fills the registers that the loop will use.
	const before = "local function fill(...) local a, b, c, d, e, f, g, h = ... return h end fill(1, 2, " +
		"3, 4, 5, 6, 7, 8) " +
		"do local a, b, c, d, e, f, g, h = 1, 2, 3, 4, 5, 6, 7, 8 end local out = '' "
	const one = "local function one(s, c) out = out .. tostring(s) .. '/' .. tostring(c) .. ' ' return " +
		"nil end "
	for _, c := range []struct{ src, want string }{
		{src: "for k in next, {a = 1} do out = out .. k end", want: "a"},
		{src: "for k, v in next, {a = 1} do out = out .. k .. v end", want: "a1"},
		{src: "for k, v, w in next, {a = 1} do out = out .. k .. v .. tostring(w) end", want: "a1nil"},
		{src: "for k in next, {a = 1}, nil do out = out .. k end", want: "a"},
		{
			src: "local t = {a = 1} for k in next, t do out = out .. k end for k in next, t do out = " +
				"out .. k end",
			want: "aa",
		},
		{src: one + "for k in one do end", want: "nil/nil "},
		{src: one + "for k, v in one do end", want: "nil/nil "},
		{src: one + "for k, v, w, x in one do end", want: "nil/nil "},
		{src: one + "for k in one, 's' do end", want: "s/nil "},
		{src: one + "for k in one, 's', 'c' do end", want: "s/c "},
		{src: one + "for k in one, 's', 'c', error do end", want: "s/c "},
		{src: one + "for k in (function() return one, 's' end)() do end", want: "s/nil "},
		{src: one + "for k in ((function() return one, 's' end)()) do end", want: "nil/nil "},
		{src: one + "for k in one, (function() return 's', 'c', 'x' end)() do end", want: "s/c "},
		{src: one + "for k in one, (function() return 's' end)() do end", want: "s/nil "},
		{src: one + "for k in one, (function() end)() do end", want: "nil/nil "},
		{src: one + "for k, v in one, (function() end)() do end", want: "nil/nil "},
		{src: one + "for k in one, 's', (function() end)() do end", want: "s/nil "},
		{src: one + "for k, v in one, 's', (function() return 'c', 'x' end)() do end", want: "s/c "},
		{
			src:  one + "local function f(...) for k in one, ... do end end f() f(1) f(1, 2) f(1, 2, 3)",
			want: "nil/nil 1/nil 1/2 1/2 ",
		},
		{
			src:  one + "local function f(...) for k in ... do end end f(one) f(one, 1) f(one, 1, 2)",
			want: "nil/nil 1/nil 1/2 ",
		},
		{
			src:  one + "local function f(...) for k in one, (...) do end end f() f(1, 2)",
			want: "nil/nil 1/nil ",
		},
	} {
		got, err := eval(t, before+c.src+" return out")
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\n got %v, %v\nwant %q", c.src, got, err, c.want)
		}
	}
}
