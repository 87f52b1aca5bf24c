package repl

import (
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// TestIncomplete checks which entries are incomplete, expressions, statements or errors., what is an
// expression, and what is wrong for good.
func TestIncomplete(t *testing.T) {
	const (
		more = "is incomplete"
		expr = "is an expression"
		code = "is a statement"
		bad  = "is an error"
	)
	tests := []struct{ text, want string }{
		{"1", expr},
		{"x", expr},
		{"1 +", more},
		{"1 +\n2", expr},
		{"x.y.z[1]", expr},
		{"x.", more},
		{"x:", more},
		{"x:y", more},
		{"x[", more},
		{"f(", more},
		{"f(1,", more},
		{"f(1,\n2)", expr},
		{"f{", more},
		{"f{a = 1,", more},
		{"f{a = 1,\nb = 2}", expr},
		{"f 'text'", expr},
		{"{", more},
		{"{1, 2", more},
		{"{1, 2}", expr},
		{"(", more},
		{"(1 + 2", more},
		{"function() return 1 end", expr},
		{"function()", more},
		{"function f()", more},
		{"function f() return 1 end", code},
		{"if x then", more},
		{"if x then y() else", more},
		{"if x then y() end", code},
		{"for i = 1, 3 do", more},
		{"for i = 1, 3", more},
		{"for k, v in pairs(t) do print(k)", more},
		{"for i = 1, 3 do print(i) end", code},
		{"while true do", more},
		{"repeat", more},
		{"repeat x()", more},
		{"repeat x() until", more},
		{"repeat x() until true", code},
		{"do", more},
		{"do end", code},
		{"x =", more},
		{"x = 1", code},
		{"x, y =", more},
		{"local x", code},
		{"local", more},
		{"return", code},
		{"return 1", code},
		{"return f(", more},
		{"[[ a long", more},
		{"x = [==[ a long\n]]", more},
		{"x = [==[ a long\n]==]", code},
		{"--[[ a comment", more},
		{"--[[ a comment\n]] 1", expr},
		{"-- a comment", code},
		{"1 -- a comment", expr},
		{"'text", bad},
		{"\"text", bad},
		{"x = 'text", bad},
		{"f('text", bad},
		{"'text\\\n", bad},
		{"x = = 1", bad},
		{"end", bad},
		{"if then", bad},
		{"1 1", bad},
		{"x y", bad},
		{"a)(b", bad},
		{"1) print(2", bad},
		{"=1", expr},
		{"=", code},
		{"#t x", bad},
		{"f(); g()", code},
		{"not", more},
		{"#", more},
		{"a and", more},
		{"a ..", more},
		{"a == b", expr},
		{"0xffffffffffffffff", expr},
		{"0x10000000000000000", bad},
		{"goto", more},
		{"nil, 1, 'x'", expr},
		{"...", expr},
	}
	for _, test := range tests {
		_, isExpr, err := compile("in1", test.text)
		got := code
		switch {
		case err != nil && vm.Incomplete(err):
			got = more
		case err != nil:
			got = bad
		case isExpr:
			got = expr
		}
		if got != test.want {
			t.Errorf("compile(%q): got %q, want %q (%v)", test.text, got, test.want, err)
		}
	}
}
