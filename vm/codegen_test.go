// Programs that gopher-lua's compiler translates wrongly, each with what lua5.1 makes of it. Those with goto
// follow Lua 5.2.

package vm

import (
	"strings"
	"testing"
)

func TestLoopsThatBeginWithAJump(t *testing.T) {
	const head = `local out = "" local function say(x) out = out .. tostring(x) .. " " end local n = 0 `
	for _, row := range []struct{ name, src, want string }{
		{name: "if false", src: `for k in pairs{1} do if false then local x end say "A" end`, want: "A "},
		{name: "if nil", src: `for k in pairs{1} do if nil then say "no" end say "A" end`, want: "A "},
		{
			name: "a call follows",
			src:  `for _, v in ipairs{1, 2, 3} do if false then say "no" end if v >= 2 then say(v) end end`,
			want: "2 3 ",
		},
		{
			name: "if true else",
			src:  `for k in pairs{1} do if true then else say "no" end say "A" end`,
			want: "A ",
		},
		{
			name: "if not true",
			src:  `for k in pairs{1} do if not true then say "no" end say "A" end`,
			want: "A ",
		},
		{
			name: "while false",
			src:  `for k in pairs{1, 2} do while false do say "no" end say(k) end`,
			want: "1 2 ",
		},
		{name: "break", src: `for k in pairs{1, 2} do do break end say "no" end`, want: ""},
		{
			name: "while true",
			src:  `while true do if false then say "no" end n = n + 1 say(n) if n == 3 then break end end`,
			want: "1 2 3 ",
		},
		{
			name: "while with a constant first",
			src:  `while false or n < 3 do n = n + 1 say(n) end`,
			want: "1 2 3 ",
		},
		{
			name: "while with a constant first and a break",
			src:  `while true and n < 3 do n = n + 1 if n == 2 then break end say(n) end`,
			want: "1 ",
		},
		{
			name: "repeat",
			src:  `repeat if false then say "no" end n = n + 1 say(n) until n == 3`,
			want: "1 2 3 ",
		},
		{
			name: "a remainder of constants",
			src:  `repeat local g = (0 % 2 or 1) and 5 n = n + 1 say(n) until n == 3`,
			want: "1 2 3 ",
		},
		{
			name: "-0",
			src:  `repeat local g = -0 and 5 n = n + 1 say(n) until n == 3`,
			want: "1 2 3 ",
		},
		{
			name: "while a remainder",
			src:  `while 5 % 3 and n < 3 do n = n + 1 say(n) end while 5 % 3 do n = n + 1 if n > 4 then break end end`,
			want: "1 2 3 ",
		},
		{
			name: "goto",
			src:  `::top:: if false then say "no" end n = n + 1 say(n) if n < 3 then goto top end`,
			want: "1 2 3 ",
		},
		{
			name: "two labels",
			src:  `::a:: ::b:: if false then say "no" end n = n + 1 say(n) if n < 3 then goto a end`,
			want: "1 2 3 ",
		},
		{
			name: "a logical value",
			src:  `for k in pairs{1, 2} do local x = true and k say(x) end`,
			want: "1 2 ",
		},
		{
			name: "a jump through an if",
			src: `while true do if false then end if n > 2 then break end if n >= 0 then n = n + 1 ` +
				`else say "no" end end say(n)`,
			want: "3 ",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := evaluate(t, head+row.src+" return out"); got != row.want {
				t.Errorf("%s\ngot %q, want %q", row.src, got, row.want)
			}
		})
	}
}

func TestLogicalAssignments(t *testing.T) {
	const head = `local t, s, ev, ok, u = {}, "q", {}, true, nil local a = 1 `
	for _, row := range []struct{ name, src, want string }{
		{name: "a field", src: "a = t.y and 5 return a", want: "nil"},
		{name: "a call", src: "a = s:match 'z' and 'found' return a", want: "nil"},
		{name: "not", src: "a = not a and 5 return a", want: "false"},
		{name: "a global", src: "a = undefined and undefined.x return a", want: "nil"},
		{name: "nested and", src: "ok = ok and t.ready and ok return ok", want: "nil"},
		{name: "or, and", src: "a = t.a or t.b and 5 return a", want: "nil"},
		{name: "and, or", src: "a = (t.a or false) and 5 return a", want: "false"},
		{name: "upvalue", src: "return (function() local x = 1 x = u and 5 return x end)()", want: "nil"},
		{name: "parameter", src: "return (function(p) p = t.trim and p return p end)(3)", want: "nil"},
		{
			name: "loop variable",
			src:  "local r for i = 1, 2 do i = t.x and i r = tostring(r) .. tostring(i) end return r",
			want: "nilnilnil",
		},
		{
			name: "wide comparison",
			src:  "a = (a > 0xffffffffffffffff) and 5 return a",
			want: "false",
		},
		{name: "a second value", src: "a = t.y and 5, 6 return a", want: "nil"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := evaluate(t, head+row.src); got != row.want {
				t.Errorf("%s\ngot %s, want %s", row.src, got, row.want)
			}
		})
	}
}

func TestConstructors(t *testing.T) {
	ones := func(n int) string { return strings.Repeat("1,", n) }
	const head = "local function f(...) return ... end local function none() end "
	for _, row := range []struct{ name, src, want string }{
		{
			name: "a call with a key is last",
			src:  "local t = {1, k = f(3)} return #t, t[2], t.k",
			want: "1 nil 3",
		},
		{
			name: "varargs with a key are last",
			src:  "return f((function(...) local t = {1, [2 + 1] = ...} return #t, t[2], t[3] end)(7, 8))",
			want: "3 nil 7",
		},
		{
			name: "50 items and a key",
			src:  "local t = {" + ones(50) + "x = f(9)} return #t, t[1], t[2], t.x",
			want: "50 1 1 9",
		},
		{
			name: "100 items and keys",
			src: "local t = {" + ones(100) + "x = f(9), [f(1)] = f(7), y = true} return #t, t[1], " +
				"t[51], t.x, t.y",
			want: "100 7 1 9 true",
		},
		{
			name: "50 items, a key, items",
			src: "local t = {" + ones(50) + "x = f(9), f(5), f(6), f(7, 8)} return #t, t[1], t[51], " +
				"t[54], t.x",
			want: "54 1 5 8 9",
		},
		{
			name: "50 items and a call",
			src:  "local t = {" + ones(50) + "f(7, 8)} return #t, t[1], t[51], t[52]",
			want: "52 1 7 8",
		},
		{
			name: "50 items and no result",
			src:  "local t = {" + ones(50) + "none()} return #t, t[1]",
			want: "50 1",
		},
		{name: "100 items and varargs", src: "return (function(...) local t = {" + ones(100) +
			"...} return #t, t[1], t[101] end)(7, 8)", want: "102 1 7"},
		{
			name: "50 items, of which the last is a call, and a key",
			src:  "local t = {" + ones(49) + "f(7, 8), x = 3} return #t, t[50], t[51], t.x",
			want: "50 7 nil 3",
		},
		{
			name: "a call before data",
			src:  "local t = {f(7, 8), " + ones(300) + "x = 3} return #t, t[1], t[2], t[301]",
			want: "301 7 1 1",
		},
		{
			name: "varargs before data",
			src: "return (function(...) local t = {..., " + ones(300) + "} return #t, t[1], t[2] " +
				"end)(7, 8)",
			want: "301 7 1",
		},
		{
			name: "a key that is an index",
			src:  "local t = {" + ones(300) + "[1] = f(9), [301] = 5, x = 6} return #t, t[1], t[301], t.x",
			want: "301 9 5 6",
		},
		{
			name: "an item is stored after a field of its index",
			src:  "local t = {" + ones(300) + "f(4), [301] = 5} return t[301]",
			want: "4",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := evaluate(t, head+row.src); got != row.want {
				t.Errorf("%s\ngot %s, want %s", row.src, got, row.want)
			}
		})
	}
	got := evaluate(t, "return pcall(function() return {"+ones(50)+"x = 1, [nil] = 2} end)")
	if want := "false assign.lua:1: table index is nil"; got != want {
		t.Errorf("a field whose key is nil: got %s, want %s", got, want)
	}
}

func TestJumpsCloseWhatWasCaptured(t *testing.T) {
	const fill = " local z, y, x, w, v, u, s, r = 9, 9, 9, 9, 9, 9, 9, 9 return f()"
	for _, row := range []struct{ name, src, want string }{
		{
			name: "break out of a block",
			src:  "local f while true do do local x = 1 f = function() return x end break end end" + fill,
			want: "1",
		},
		{
			name: "break out of an if",
			src: "local f for i = 1, 3 do if i == 2 then local x = i f = function() return x end break " +
				"end end" + fill,
			want: "2",
		},
		{
			name: "break out of a generic for",
			src: "local f for k, v in pairs{5} do if v then local x = v f = function() return x end " +
				"break end end" + fill,
			want: "5",
		},
		{
			name: "break out of a repeat",
			src: "local f repeat if f == nil then local x = 1 f = function() return x end break end " +
				"until false" + fill,
			want: "1",
		},
		{
			name: "break of an inner loop leaves the outer one's variables alone",
			src: "local f, n = nil, 0 for i = 1, 2 do local x = i f = function() return x end " +
				"for j = 1, 2 do local y = j n = n + (function() return y end)() break end x = x + 10 n = " +
				"n + f() end return n",
			want: "25",
		},
		{
			name: "continue",
			src: "local n = 0 local function inc() n = n + 1 end " +
				"for i = 1, 3 do inc() if i == 2 then goto continue end ::continue:: end return n",
			want: "3",
		},
		{
			name: "goto back",
			src: "local n = 0 local function inc() n = n + 1 end ::top:: inc() if n < 3 then goto top " +
				"end return n",
			want: "3",
		},
		{
			name: "goto back closes what it leaves",
			src: "local fs = {} do ::top:: local x = #fs + 1 fs[x] = function() return x end " +
				"if x < 3 then goto top end end return fs[1](), fs[2](), fs[3]()",
			want: "1 2 3",
		},
		{
			name: "goto out of two blocks",
			src: "local f do do local x = 4 f = function() return x end goto out end end ::out::" +
				" do local z, y = 9, 9 return f() end",
			want: "4",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := evaluate(t, row.src); got != row.want {
				t.Errorf("%s\ngot %s, want %s", row.src, got, row.want)
			}
		})
	}
}

func TestOtherMisplacedValues(t *testing.T) {
	for _, row := range []struct{ name, src, want string }{
		{
			name: "a call in parentheses for the last parameter",
			src:  "local function g(x) return x end return (function(a) a = (g(a)) return a end)(3)",
			want: "3",
		},
		{
			name: "a call and another value for the last parameter",
			src:  "local function g(x) return x end return (function(a) a = g(a), 1 return a end)(3)",
			want: "3",
		},
		{
			name: "a long constructor for the last parameter",
			src:  "return (function(a) a = {" + strings.Repeat("1,", 300) + "a} return #a, a[301] end)(3)",
			want: "301 3",
		},
		{
			name: "a wide comparison for the last parameter",
			src:  "return (function(a) a = a < 0xffffffff00000000 + a return a end)(3)",
			want: "true",
		},
		{
			name: "a function that calls the one it replaces",
			src:  "local type = function(x) return '<' .. type(x) .. '>' end return type(1)",
			want: "<number>",
		},
		{
			name: "a recursive function",
			src:  "local function fac(n) return n < 2 and 1 or n * fac(n - 1) end return fac(5)",
			want: "120",
		},
		{
			name: "a field of a constant",
			src: `local t = {} local ok, err = pcall(function() local t = t; ("x").k = 1 end) return ` +
				`t.k, err`,
			want: "nil assign.lua:1: attempt to index a string value",
		},
		{
			name: "a field of a number",
			src:  `return pcall(function() (123).K = nil end)`,
			want: "false assign.lua:1: attempt to index a number value",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := evaluate(t, row.src); got != row.want {
				t.Errorf("%s\ngot %s, want %s", row.src, got, row.want)
			}
		})
	}
}

func TestGotoErrors(t *testing.T) {
	for src, want := range map[string]string{
		"do ::a:: end goto a": "no visible label 'a' for <goto> at line 1",
		"\ngoto b local x = 1 ::b:: print(x)": "<goto b> at line 2 jumps into " +
			"the scope of local 'x'",
		"repeat goto c local x = 1 ::c:: until x": "<goto c> at line 1 jumps into " +
			"the scope of local 'x'",
		"::d:: ::d::": "label 'd' already defined",
		"for i = 1, 2 do local f = function() goto e end ::e:: end": "no visible label 'e'",
	} {
		_, err := Compile("test.lua", src)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v, want %s", src, err, want)
		}
	}
}
