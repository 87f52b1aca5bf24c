package vm_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// eval runs source in a runtime of its own.
func eval(t testing.TB, source string) ([]any, error) {
	t.Helper()
	rt := newRuntime(t, vm.Config{})
	p, err := vm.Compile("test.lua", source)
	if err != nil {
		return nil, err
	}
	return rt.Run(context.Background(), p)
}

// holds checks that each expression is true.
func holds(t *testing.T, expressions ...string) {
	t.Helper()
	for _, e := range expressions {
		got, err := eval(t, "return "+e)
		if err != nil || len(got) != 1 || got[0] != true {
			t.Errorf("%s = %v, %v, want true", e, got, err)
		}
	}
}

func TestWideLiteralsAreExactEverywhere(t *testing.T) {
	const w, x = "0xffffff8008c5a004", uint64(0xffffff8008c5a004)
	for _, c := range []struct {
		name, src string
		want      any
	}{
		{name: "return value", src: "return " + w, want: x},
		{name: "decimal", src: "return 18446744073709551615", want: uint64(math.MaxUint64)},
		{name: "upper case", src: "return 0XFFFFFF8008C5A004", want: x},
		{name: "argument", src: "return (function(v) return v end)(" + w + ")", want: x},
		{name: "last of many arguments", src: "return select(3, 1, 2, " + w + ")", want: x},
		{name: "local", src: "local v = " + w + " return v", want: x},
		{name: "two locals", src: "local a, v = 1, " + w + " return v", want: x},
		{name: "assignment", src: "v = " + w + " return v", want: x},
		{name: "field value", src: "return ({v = " + w + "}).v", want: x},
		{name: "item", src: "return ({1, " + w + "})[2]", want: x},
		{name: "constructor key", src: "return ({[" + w + "] = 'k'})[" + w + "]", want: "k"},
		{name: "index", src: "local t = {} t[" + w + "] = 'k' return t[" + w + " + 0]", want: "k"},
		{
			name: "method on it",
			src:  "local ok, e = pcall(function() return (" + w + "):x() end) return ok",
			want: false,
		},
		{name: "sum", src: "return " + w + " + 4", want: x + 4},
		{name: "constant on the left", src: "return 4 + " + w, want: x + 4},
		{name: "two of them", src: "return " + w + " - 0xffffff8008c5a000", want: 4.0},
		{name: "unary minus", src: "return -0xfffffffffffffffb", want: 5.0},
		{name: "unary minus, wide", src: "return -0x8000000000000001", want: uint64(0x7fffffffffffffff)},
		{name: "not", src: "return not " + w, want: false},
		{name: "and", src: "return true and " + w, want: x},
		{name: "or", src: "return nil or " + w, want: x},
		{name: "or, first", src: "return " + w + " or 1", want: x},
		{name: "concatenation", src: "return 'at ' .. " + w, want: "at 0xffffff8008c5a004"},
		{name: "concatenation, first", src: "return " + w + " .. '!'", want: "0xffffff8008c5a004!"},
		{name: "equality", src: "return " + w + " == " + w, want: true},
		{name: "inequality", src: "return " + w + " ~= 0xffffff8008c5a005", want: true},
		{name: "condition", src: "if " + w + " then return 1 end", want: 1.0},
		{name: "while", src: "while " + w + " do return 1 end", want: 1.0},
		{name: "repeat", src: "local n = 0 repeat n = n + 1 until " + w + " return n", want: 1.0},
		{name: "upvalue", src: "local v = " + w + " return (function() return v end)()", want: x},
		{
			name: "nested function",
			src:  "return (function() return (function() return " + w + " end)() end)()",
			want: x,
		},
		{name: "vararg", src: "return (function(...) return (...) end)(" + w + ")", want: x},
		{name: "generic for", src: "for _, v in ipairs{" + w + "} do return v end", want: x},
		{name: "loadstring", src: "return loadstring('return " + w + "')()", want: x},
		{
			name: "load",
			src: "local n = 0 return load(function() n = n + 1 return n == 1 and 'return " + w +
				"' or nil end)()",
			want: x,
		},
		{name: "function statement", src: "function f() return " + w + " end return f()", want: x},
		{
			name: "function of a field",
			src:  "local o = {p = {}} function o.p.f() return " + w + " end return o.p.f()",
			want: x,
		},
		{
			name: "function in a table that a wide one names",
			src: "local o = {[" + w + "] = {}} local p = o[" + w + "] function p.f() return " + w +
				" end return o[" + w + "].f()",
			want: x,
		},
		{name: "local function", src: "local function f() return " + w + " end return f()", want: x},
		{
			name: "method of a field",
			src:  "local o = {p = {}} function o.p:f() return " + w + " end return o.p:f()",
			want: x,
		},
		{
			name: "method definition",
			src:  "local o = {} function o:f() return " + w + " end return o:f()",
			want: x,
		},
		{name: "smallest", src: "return 0x20000000000000", want: uint64(1 << 53)},
		{name: "largest number", src: "return 0x1fffffffffffff", want: float64(1<<53 - 1)},
		{name: "leading zeros", src: "return 0x0000ffffff8008c5a004", want: x},
		{name: "leading zeros, decimal", src: "return 0010", want: 10.0},
		{name: "beyond floats", src: "return 1e400", want: math.Inf(1)},
	} {
		got, err := eval(t, c.src)
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %s = %v, %v; want %v", c.name, c.src, got, err, c.want)
		}
	}
}

func TestLiteralsBeyond64Bits(t *testing.T) {
	for _, src := range []string{
		"return 18446744073709551616", "return 0x10000000000000000", "x = {[99999999999999999999] = 1}",
	} {
		_, err := vm.Compile("test.lua", src)
		if err == nil || !strings.Contains(err.Error(), "larger than 2^64-1") ||
			!strings.HasPrefix(err.Error(), "test.lua:1:") {
			t.Errorf("Compile(%s): %v, want an integer out of range in line 1", src, err)
		}
	}
}

func TestComparisonsWithWideLiterals(t *testing.T) {
	holds(t,
		"5 < 0xffffff8000000000", "5 <= 0xffffff8000000000", "not (5 > 0xffffff8000000000)",
		"not (5 >= 0xffffff8000000000)", "0xffffff8000000000 > 5", "0xffffff8000000000 >= 5",
		"not (0xffffff8000000000 < 5)", "-1 < 0xffffff8000000000",
		"(function(a) return a >= 0xffffff8000000000 end)(0xffffff8000000000)",
		"(function(a) return a < 0xffffff8000000000 + 8 end)(0xffffff8000000000)",
		"(function(a) if a < 0xffffff8000000000 then return true end end)(7)",
		"(function(a) while a > 0xffffff8000000000 do return false end return true end)(7)",
		"(function(a) return not (a < 0x8000000000000000) and a ~= 1 end)(0x8000000000000000)",
		"select('#', 1 < 0xffffff8000000000) == 1",
		// one value, not a call's results
		"1/0 > 0xffffffffffffffff", "not (0/0 < 0xffffffffffffffff)", "not (0/0 >= 0xffffffffffffffff)",
		"0x8000000000000001 < 0xffffffffffffffff", "not (0xffffffffffffffff < 0x8000000000000001)",
		"(function(a, b) return a < b and b > a and a <= a end)(0x8000000000000001, 0xffffffffffffffff)",
	)
	// The order in which the operands are evaluated is kept.
	got, err := eval(t, "local s = '' local function f(n) s = s .. n return n end local x = f(1) > "+
		"0xffffffffffffffff + f(2) return s")
	if err != nil || got[0] != "12" {
		t.Errorf("evaluated in the order %v, %v, want 12", got, err)
	}
}

func TestLongTableConstructors(t *testing.T) {
	list := func(n int, item func(i int) string) string {
		var b strings.Builder
		b.WriteString("local function two() return 'a', 'b' end local t = {")
		for i := 1; i <= n; i++ {
			b.WriteString(item(i))
			b.WriteString(",")
		}
		return b.String()
	}
	number := func(i int) string { return fmt.Sprint(i) }
	call := func(i int) string { return "f(" + fmt.Sprint(i%10) + ")" }
	check := "} for i = 1, N do if t[i] ~= i then return i, t[i] end end return #t"
	for _, c := range []struct {
		name, src string
		want      []any
	}{
		{
			name: "25,550 numbers",
			src:  list(25_550, number) + strings.ReplaceAll(check, "N", "25550"),
			want: []any{25550.0},
		},
		{
			name: "25,551 numbers",
			src:  list(25_551, number) + strings.ReplaceAll(check, "N", "25551"),
			want: []any{25551.0},
		},
		{
			name: "100,000 numbers",
			src:  list(100_000, number) + strings.ReplaceAll(check, "N", "100000"),
			want: []any{100000.0},
		},
		{
			name: "60,000 calls",
			src: "local function f(i) return i end " + list(60_000, call) +
				"} for i = 1, 60000 do if t[i] ~= i % 10 then return i, t[i] end end return #t",
			want: []any{60000.0},
		},
		{
			name: "a call that gives two at the end",
			src:  list(30_000, number) + "two()} return #t, t[30000], t[30001], t[30002]",
			want: []any{30002.0, 30000.0, "a", "b"},
		},
		{
			name: "a call in brackets at the end",
			src:  list(30_000, number) + "(two())} return #t, t[30001]",
			want: []any{30001.0, "a"},
		},
		{
			name: "varargs at the end",
			src: "local function g(...) " + list(30_000, number) +
				"...} return #t, t[30001], t[30003] end return g('x', 'y', 'z')",
			want: []any{30003.0, "x", "z"},
		},
		{
			name: "named fields between",
			src: list(30_000, func(i int) string {
				if i%1000 == 0 {
					return fmt.Sprintf("k%d = %d", i, i)
				}
				return number(i)
			}) + "} return #t, t.k1000, t.k30000, t[1000]",
			want: []any{29970.0, 1000.0, 30000.0, 1001.0},
		},
		{
			name: "nil, strings and wide ones",
			src: list(30_000, func(i int) string {
				return []string{"nil", "'s'", "0xffffffffffffff00", "true", "1.5", "false"}[i%6]
			}) + "} return t[1], t[2], t[6], t[29997], t[29998], t[29999]",
			want: []any{"s", uint64(0xffffffffffffff00), nil, true, 1.5, false},
		},
		{
			name: "in one another",
			src: list(300, number) + "{" + strings.Repeat("7,", 30_000) +
				"}} return #t, #t[301], t[301][30000]",
			want: []any{301.0, 30000.0, 7.0},
		},
		{
			name: "made twice",
			src: "local function make() return {" + strings.Repeat("7,", 30_000) +
				"} end local a, b = make(), make() a[1] = 8 return a == b, b[1]",
			want: []any{false, 7.0},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := eval(t, c.src)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestHostileSource(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{
			name: "a million not",
			src:  "local x = " + strings.Repeat("not ", 1_000_000) + "1",
			want: "too large",
		},
		{
			name: "200,000 not",
			src:  "local x = " + strings.Repeat("not ", 200_000) + "1",
			want: "too many syntax levels",
		},
		{name: "a million {", src: strings.Repeat("{", 1_000_000), want: "too many syntax levels"},
		{name: "a million (", src: "x = " + strings.Repeat("(", 1_000_000), want: "too many syntax levels"},
		{
			name: "half a million -",
			src:  "x = " + strings.Repeat("- ", 500_000),
			want: "too many syntax levels",
		},
		{
			name: "100,000 do",
			src:  strings.Repeat("do ", 100_000) + strings.Repeat("end ", 100_000),
			want: "too many syntax levels",
		},
		{
			name: "20,000 functions",
			src:  strings.Repeat("function f() ", 20_000),
			want: "too many syntax levels",
		},
		{
			name: "indexes in indexes",
			src:  "x = " + strings.Repeat("t[", 300_000),
			want: "too many syntax levels",
		},
		{name: "100 MB", src: strings.Repeat("x", 100<<20), want: "too large"},
		{name: "a long sum", src: "x = 1" + strings.Repeat("+1", 400_000), want: "too long"},
		{name: "a long concatenation", src: "x = a" + strings.Repeat("..a", 300_000), want: "too long"},
		{name: "a long chain of fields", src: "x = a" + strings.Repeat(".a", 400_000), want: "too long"},
		{name: "a long chain of calls", src: "f" + strings.Repeat("()", 400_000), want: "too long"},
		{
			name: "many elseif",
			src:  "if a then " + strings.Repeat("elseif a then ", 60_000) + "end",
			want: "too many elseif",
		},
		{
			name: "sums in brackets in sums",
			src: strings.Repeat("x = ", 1) + strings.Repeat("(", 150) + "1" +
				strings.Repeat(strings.Repeat("+1", 3000)+")", 150),
			want: "too deep",
		},
		{name: "many labels", src: labels(50_000), want: "too many labels"},
		{name: "many constants", src: constants(100_000), want: "too many constants (more than 16384)"},
		{name: "many methods", src: methods(17_000), want: "too many constants (more than 16384)"},
		{name: "many locals", src: strings.Repeat("local a ", 1000), want: "too many local variables"},
		{
			name: "an unfinished comment",
			src:  "--[[" + strings.Repeat("x", 1_000_000),
			want: "unfinished long comment",
		},
		{name: "zero bytes", src: strings.Repeat("\x00", 1_000_000), want: "unexpected symbol"},
		{name: "quotes", src: strings.Repeat(`"`, 1_000_001), want: "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			most := uint64(8 << 20)
			if strings.HasPrefix(c.name, "many ") {
				most = 64 << 20 // it has to be parsed to be seen
			}
			defer guard(c.name)()
			var err error
			if used := allocated(func() { _, err = vm.Compile("hostile.lua", c.src) }); used > most {
				t.Errorf("Compile allocated %d bytes, want at most %d", used, most)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Compile: %.200v, want %q", err, c.want)
			}
		})
	}
}

func labels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "::l%d::", i)
	}
	return b.String()
}

func methods(n int) string {
	var b strings.Builder
	b.WriteString("local o = {} ")
	for i := range n {
		fmt.Fprintf(&b, "function o:m%d() end ", i)
	}
	return b.String()
}

func constants(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x=%d ", i+100)
	}
	return b.String()
}

// A function may have 16,384 constants, among them the names of globals and fields.
func TestMostConstants(t *testing.T) {
	if _, err := vm.Compile("a.lua", constants(16_383)); err != nil {
		t.Errorf("16,384 constants: %v, want no error", err)
	}
	if _, err := vm.Compile("a.lua", constants(16_384)); err == nil {
		t.Error("16,385 constants compile, want an error")
	}
}

func TestDeepButFine(t *testing.T) {
	for _, src := range []string{
		"return " + strings.Repeat("(", 150) + "1" + strings.Repeat(")", 150),
		strings.Repeat("do ", 180) + "x = 1 " + strings.Repeat("end ", 180) + "return x",
		"return 0" + strings.Repeat("+1", 1) + strings.Repeat("+0", 2000),
		"local a = 3 if a == 1 then return 0 " + strings.Repeat("elseif a == 2 then return 0 ", 500) +
			"else return 1 end",
		"local s = 'x' return #(s" + strings.Repeat("..s", 100) + ") - 100",
		strings.Repeat("x = {a = {b = {c = f}}} ", 2000) + "return 1",
		strings.Repeat("print() ", 0) + strings.Repeat("tostring(1) ", 5000) + "return 1",
		strings.Repeat("-- "+strings.Repeat("(", 300)+"\n", 10) + "return 1 -- " + strings.Repeat("{", 1000),
		"local s = '" + strings.Repeat("(", 1000) + "' return 1", "\ufeffreturn 1",
		"#!/usr/bin/env hwlua\nreturn 1", "\ufeff#!/usr/bin/env hwlua\nreturn 1", "return 1\r\n",
		"# comment\nreturn 1",
	} {
		got, err := eval(t, src)
		if err != nil || len(got) != 1 || got[0] != 1.0 {
			t.Errorf("%.60q = %v, %v, want 1", src, got, err)
		}
	}
}

func TestSyntaxErrorsShowThePlace(t *testing.T) {
	for _, c := range []struct{ src, message, excerpt string }{
		{
			src: "x = 7 // 2",
			message: "unexpected symbol near '//' (there is no integer division operator: use " +
				"math.floor(a / b)",
			excerpt: "    1 | x = 7 // 2\n              ^",
		},
		{src: "x = a & b", message: "use bit.band", excerpt: "    1 | x = a & b\n              ^"},
		{src: "x = a | b", message: "use bit.bor", excerpt: "    1 | x = a | b\n              ^"},
		{src: "x = a ~ b", message: "use bit.bxor", excerpt: "    1 | x = a ~ b\n              ^"},
		{src: "x = a << 3", message: "use bit.lshift", excerpt: "    1 | x = a << 3\n              ^"},
		{
			src: "local y\nx = a >> 3",
			message: "test.lua:2: unexpected symbol near '>>' (bitwise operators are functions here: use " +
				"bit.rshift",
			excerpt: "    2 | x = a >> 3\n              ^",
		},
		{
			src:     "if a != b then end",
			message: "not equal is written ~=",
			excerpt: "    1 | if a != b then end\n             ^",
		},
		{src: "x += 1", message: "write x = x + ...", excerpt: "    1 | x += 1\n          ^"},
		{
			src:     "x = 0xffULL",
			message: "without a suffix: write 0xff",
			excerpt: "    1 | x = 0xffULL\n            ^",
		},
		{
			src:     "local x <const> = 1",
			message: "variables have no attributes in Lua 5.1",
			excerpt: "    1 | local x <const> = 1\n                ^",
		},
		{src: "x = 3x", message: "malformed number near '3x'", excerpt: "    1 | x = 3x\n            ^"},
		{src: "x = 'abc", message: "unfinished string", excerpt: "    1 | x = 'abc\n            ^"},
		{
			src:     "x = = 2",
			message: "test.lua:1: syntax error near '='",
			excerpt: "    1 | x = = 2\n            ^",
		},
		{
			src:     "\tx = = 2",
			message: "test.lua:1: syntax error near '='",
			excerpt: "    1 |  x = = 2\n             ^",
		},
		{
			src:     "function f()\n  x = 1\n",
			message: "'end' expected (to close 'function' at line 1) near '<eof>'",
			excerpt: "",
		},
		{
			src:     "for i = 1, 2 do f('x' end",
			message: "syntax error near 'end'",
			excerpt: "    1 | for i = 1, 2 do f('x' end\n                              ^",
		},
		{src: "goto nowhere", message: "no visible label 'nowhere'", excerpt: "    1 | goto nowhere"},
		{src: "break", message: "no loop to break", excerpt: "    1 | break"},
	} {
		_, err := vm.Compile("test.lua", c.src)
		e, ok := err.(*vm.Error)
		if !ok {
			t.Errorf("Compile(%q): %v, want an *Error", c.src, err)
			continue
		}
		if !strings.Contains(e.Message, c.message) || e.Excerpt() != c.excerpt {
			t.Errorf("%q:\n%s\n%s\nwant %s\n%s", c.src, e.Message, e.Excerpt(), c.message, c.excerpt)
		}
		if e.Script != "test.lua" || e.Line < 1 {
			t.Errorf("%q: error in %q, line %d, want test.lua and a line", c.src, e.Script, e.Line)
		}
	}
}

func TestIncomplete(t *testing.T) {
	for src, want := range map[string]bool{
		"if x then":                   true,
		"for i = 1, 2 do":             true,
		"f(":                          true,
		"x = {1,":                     true,
		"x =":                         true,
		"local function f()":          true,
		"x = [[abc":                   true,
		"--[[ abc":                    true,
		"repeat x = 1":                true,
		"while true do if a then end": true,
		"return 1 +":                  true,
		"a.b.":                        true,
		"x = function()":              true,
		"x = 1":                       false,
		"x = = 1":                     false,
		"x = 'abc":                    false,
		"f(1 end":                     false,
		"end":                         false,
		"x = 1 & 2":                   false,
		"return }":                    false,
		"":                            false,
		"for i = 1, 2 do f('x' end":   false,
	} {
		_, err := vm.Compile("=stdin", src)
		if got := vm.Incomplete(err); got != want {
			t.Errorf("Incomplete(%q) = %v, want %v (%v)", src, got, want, err)
		}
	}
}

func TestStringsThatLookLikeMarkers(t *testing.T) {
	got, err := eval(t, `return "\0vm:0", "\0vm:!0", 0xffffffffffffffff, ({["\0vm:0"] = 1})["\0vm:0"]`)
	want := []any{"\x00vm:0", "\x00vm:!0", uint64(math.MaxUint64), 1.0}
	if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
