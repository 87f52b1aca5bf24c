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

// holds fails for each expression that is not true.
func holds(t *testing.T, expressions ...string) {
	t.Helper()
	for _, e := range expressions {
		got, err := eval(t, "return "+e)
		if err != nil || len(got) != 1 || got[0] != true {
			t.Errorf("%s: %v, %v", e, got, err)
		}
	}
}

func TestWideLiteralsAreExactEverywhere(t *testing.T) {
	const w, x = "0xffffff8008c5a004", uint64(0xffffff8008c5a004)
	for _, c := range []struct {
		name, src string
		want      any
	}{
		{"return value", "return " + w, x},
		{"decimal", "return 18446744073709551615", uint64(math.MaxUint64)},
		{"upper case", "return 0XFFFFFF8008C5A004", x},
		{"argument", "return (function(v) return v end)(" + w + ")", x},
		{"last of many arguments", "return select(3, 1, 2, " + w + ")", x},
		{"local", "local v = " + w + " return v", x},
		{"two locals", "local a, v = 1, " + w + " return v", x},
		{"assignment", "v = " + w + " return v", x},
		{"field value", "return ({v = " + w + "}).v", x},
		{"item", "return ({1, " + w + "})[2]", x},
		{"constructor key", "return ({[" + w + "] = 'k'})[" + w + "]", "k"},
		{"index", "local t = {} t[" + w + "] = 'k' return t[" + w + " + 0]", "k"},
		{"method on it", "local ok, e = pcall(function() return (" + w + "):x() end) return ok", false},
		{"sum", "return " + w + " + 4", x + 4},
		{"constant on the left", "return 4 + " + w, x + 4},
		{"two of them", "return " + w + " - 0xffffff8008c5a000", 4.0},
		{"unary minus", "return -0xfffffffffffffffb", 5.0},
		{"unary minus, wide", "return -0x8000000000000001", uint64(0x7fffffffffffffff)},
		{"not", "return not " + w, false},
		{"and", "return true and " + w, x},
		{"or", "return nil or " + w, x},
		{"or, first", "return " + w + " or 1", x},
		{"concatenation", "return 'at ' .. " + w, "at 0xffffff8008c5a004"},
		{"concatenation, first", "return " + w + " .. '!'", "0xffffff8008c5a004!"},
		{"equality", "return " + w + " == " + w, true},
		{"inequality", "return " + w + " ~= 0xffffff8008c5a005", true},
		{"condition", "if " + w + " then return 1 end", 1.0},
		{"while", "while " + w + " do return 1 end", 1.0},
		{"repeat", "local n = 0 repeat n = n + 1 until " + w + " return n", 1.0},
		{"upvalue", "local v = " + w + " return (function() return v end)()", x},
		{"nested function", "return (function() return (function() return " + w + " end)() end)()", x},
		{"vararg", "return (function(...) return (...) end)(" + w + ")", x},
		{"generic for", "for _, v in ipairs{" + w + "} do return v end", x},
		{"loadstring", "return loadstring('return " + w + "')()", x},
		{"load", "local n = 0 return load(function() n = n + 1 return n == 1 and 'return " + w + "' or nil end)()", x},
		{"function statement", "function f() return " + w + " end return f()", x},
		{"function of a field", "local o = {p = {}} function o.p.f() return " + w + " end return o.p.f()", x},
		{"function in a table that a wide one names", "local o = {[" + w + "] = {}} local p = o[" + w + "] function p.f() return " + w + " end return o[" + w + "].f()", x},
		{"local function", "local function f() return " + w + " end return f()", x},
		{"method of a field", "local o = {p = {}} function o.p:f() return " + w + " end return o.p:f()", x},
		{"method definition", "local o = {} function o:f() return " + w + " end return o:f()", x},
		{"smallest", "return 0x20000000000000", uint64(1 << 53)},
		{"largest number", "return 0x1fffffffffffff", float64(1<<53 - 1)},
		{"leading zeros", "return 0x0000ffffff8008c5a004", x},
		{"leading zeros, decimal", "return 0010", 10.0},
		{"beyond floats", "return 1e400", math.Inf(1)},
	} {
		got, err := eval(t, c.src)
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %s = %v, %v; want %v", c.name, c.src, got, err, c.want)
		}
	}
}

func TestLiteralsBeyond64Bits(t *testing.T) {
	for _, src := range []string{"return 18446744073709551616", "return 0x10000000000000000", "x = {[99999999999999999999] = 1}"} {
		_, err := vm.Compile("test.lua", src)
		if err == nil || !strings.Contains(err.Error(), "larger than 2^64-1") || !strings.HasPrefix(err.Error(), "test.lua:1:") {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestComparisonsWithWideLiterals(t *testing.T) {
	holds(t,
		"5 < 0xffffff8000000000", "5 <= 0xffffff8000000000", "not (5 > 0xffffff8000000000)", "not (5 >= 0xffffff8000000000)",
		"0xffffff8000000000 > 5", "0xffffff8000000000 >= 5", "not (0xffffff8000000000 < 5)", "-1 < 0xffffff8000000000",
		"(function(a) return a >= 0xffffff8000000000 end)(0xffffff8000000000)",
		"(function(a) return a < 0xffffff8000000000 + 8 end)(0xffffff8000000000)",
		"(function(a) if a < 0xffffff8000000000 then return true end end)(7)",
		"(function(a) while a > 0xffffff8000000000 do return false end return true end)(7)",
		"(function(a) return not (a < 0x8000000000000000) and a ~= 1 end)(0x8000000000000000)",
		"select('#', 1 < 0xffffff8000000000) == 1", // one value, not a call's results
		"1/0 > 0xffffffffffffffff", "not (0/0 < 0xffffffffffffffff)", "not (0/0 >= 0xffffffffffffffff)",
		"0x8000000000000001 < 0xffffffffffffffff", "not (0xffffffffffffffff < 0x8000000000000001)",
		"(function(a, b) return a < b and b > a and a <= a end)(0x8000000000000001, 0xffffffffffffffff)",
	)
	// The script sees its own operands, not a call: the order in which they are evaluated is kept.
	got, err := eval(t, "local s = '' local function f(n) s = s .. n return n end local x = f(1) > 0xffffffffffffffff + f(2) return s")
	if err != nil || got[0] != "12" {
		t.Errorf("evaluated in the order %v, %v", got, err)
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
		{"25,550 numbers", list(25_550, number) + strings.ReplaceAll(check, "N", "25550"), []any{25550.0}},
		{"25,551 numbers", list(25_551, number) + strings.ReplaceAll(check, "N", "25551"), []any{25551.0}},
		{"100,000 numbers", list(100_000, number) + strings.ReplaceAll(check, "N", "100000"), []any{100000.0}},
		{"60,000 calls", "local function f(i) return i end " + list(60_000, call) + "} for i = 1, 60000 do if t[i] ~= i % 10 then return i, t[i] end end return #t", []any{60000.0}},
		{"a call that gives two at the end", list(30_000, number) + "two()} return #t, t[30000], t[30001], t[30002]", []any{30002.0, 30000.0, "a", "b"}},
		{"a call in brackets at the end", list(30_000, number) + "(two())} return #t, t[30001]", []any{30001.0, "a"}},
		{"varargs at the end", "local function g(...) " + list(30_000, number) + "...} return #t, t[30001], t[30003] end return g('x', 'y', 'z')", []any{30003.0, "x", "z"}},
		{"named fields between", list(30_000, func(i int) string {
			if i%1000 == 0 {
				return fmt.Sprintf("k%d = %d", i, i)
			}
			return number(i)
		}) + "} return #t, t.k1000, t.k30000, t[1000]", []any{29970.0, 1000.0, 30000.0, 1001.0}},
		{"nil, strings and wide ones", list(30_000, func(i int) string {
			return []string{"nil", "'s'", "0xffffffffffffff00", "true", "1.5", "false"}[i%6]
		}) + "} return t[1], t[2], t[6], t[29997], t[29998], t[29999]", []any{"s", uint64(0xffffffffffffff00), nil, true, 1.5, false}},
		{"in one another", list(300, number) + "{" + strings.Repeat("7,", 30_000) + "}} return #t, #t[301], t[301][30000]", []any{301.0, 30000.0, 7.0}},
		{"made twice", "local function make() return {" + strings.Repeat("7,", 30_000) + "} end local a, b = make(), make() a[1] = 8 return a == b, b[1]", []any{false, 7.0}},
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
		{"a million not", "local x = " + strings.Repeat("not ", 1_000_000) + "1", "too large"},
		{"200,000 not", "local x = " + strings.Repeat("not ", 200_000) + "1", "too many syntax levels"},
		{"a million {", strings.Repeat("{", 1_000_000), "too many syntax levels"},
		{"a million (", "x = " + strings.Repeat("(", 1_000_000), "too many syntax levels"},
		{"half a million -", "x = " + strings.Repeat("- ", 500_000), "too many syntax levels"},
		{"100,000 do", strings.Repeat("do ", 100_000) + strings.Repeat("end ", 100_000), "too many syntax levels"},
		{"20,000 functions", strings.Repeat("function f() ", 20_000), "too many syntax levels"},
		{"indexes in indexes", "x = " + strings.Repeat("t[", 300_000), "too many syntax levels"},
		{"100 MB", strings.Repeat("x", 100<<20), "too large"},
		{"a long sum", "x = 1" + strings.Repeat("+1", 400_000), "too long"},
		{"a long concatenation", "x = a" + strings.Repeat("..a", 300_000), "too long"},
		{"a long chain of fields", "x = a" + strings.Repeat(".a", 400_000), "too long"},
		{"a long chain of calls", "f" + strings.Repeat("()", 400_000), "too long"},
		{"many elseif", "if a then " + strings.Repeat("elseif a then ", 60_000) + "end", "too many elseif"},
		{"sums in brackets in sums", strings.Repeat("x = ", 1) + strings.Repeat("(", 150) + "1" + strings.Repeat(strings.Repeat("+1", 3000)+")", 150), "too deep"},
		{"many labels", labels(50_000), "too many labels"},
		{"many constants", constants(100_000), "too many constants (more than 16384)"},
		{"many methods", methods(17_000), "too many constants (more than 16384)"},
		{"many locals", strings.Repeat("local a ", 1000), "too many local variables"},
		{"an unfinished comment", "--[[" + strings.Repeat("x", 1_000_000), "unfinished long comment"},
		{"zero bytes", strings.Repeat("\x00", 1_000_000), "unexpected symbol"},
		{"quotes", strings.Repeat(`"`, 1_000_001), "too long"},
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

// A function has 16,384 constants, names of globals and fields among them, and no more.
func TestMostConstants(t *testing.T) {
	if _, err := vm.Compile("a.lua", constants(16_383)); err != nil {
		t.Errorf("as many as it may: %v", err)
	}
	if _, err := vm.Compile("a.lua", constants(16_384)); err == nil {
		t.Error("one more compiles")
	}
}

func TestDeepButFine(t *testing.T) {
	for _, src := range []string{
		"return " + strings.Repeat("(", 150) + "1" + strings.Repeat(")", 150),
		strings.Repeat("do ", 180) + "x = 1 " + strings.Repeat("end ", 180) + "return x",
		"return 0" + strings.Repeat("+1", 1) + strings.Repeat("+0", 2000),
		"local a = 3 if a == 1 then return 0 " + strings.Repeat("elseif a == 2 then return 0 ", 500) + "else return 1 end",
		"local s = 'x' return #(s" + strings.Repeat("..s", 100) + ") - 100",
		strings.Repeat("x = {a = {b = {c = f}}} ", 2000) + "return 1",
		strings.Repeat("print() ", 0) + strings.Repeat("tostring(1) ", 5000) + "return 1",
		strings.Repeat("-- "+strings.Repeat("(", 300)+"\n", 10) + "return 1 -- " + strings.Repeat("{", 1000),
		"local s = '" + strings.Repeat("(", 1000) + "' return 1",
		"\ufeffreturn 1", "#!/usr/bin/env hwlua\nreturn 1", "\ufeff#!/usr/bin/env hwlua\nreturn 1", "return 1\r\n", "# comment\nreturn 1",
	} {
		got, err := eval(t, src)
		if err != nil || len(got) != 1 || got[0] != 1.0 {
			t.Errorf("%.60q: %v, %v", src, got, err)
		}
	}
}

func TestSyntaxErrorsShowThePlace(t *testing.T) {
	for _, c := range []struct{ src, message, excerpt string }{
		{"x = 7 // 2", "unexpected symbol near '//' (there is no integer division operator: use math.floor(a / b)", "    1 | x = 7 // 2\n              ^"},
		{"x = a & b", "use bit.band", "    1 | x = a & b\n              ^"},
		{"x = a | b", "use bit.bor", "    1 | x = a | b\n              ^"},
		{"x = a ~ b", "use bit.bxor", "    1 | x = a ~ b\n              ^"},
		{"x = a << 3", "use bit.lshift", "    1 | x = a << 3\n              ^"},
		{"local y\nx = a >> 3", "test.lua:2: unexpected symbol near '>>' (bitwise operators are functions here: use bit.rshift", "    2 | x = a >> 3\n              ^"},
		{"if a != b then end", "not equal is written ~=", "    1 | if a != b then end\n             ^"},
		{"x += 1", "write x = x + ...", "    1 | x += 1\n          ^"},
		{"x = 0xffULL", "without a suffix: write 0xff", "    1 | x = 0xffULL\n            ^"},
		{"local x <const> = 1", "variables have no attributes in Lua 5.1", "    1 | local x <const> = 1\n                ^"},
		{"x = 3x", "malformed number near '3x'", "    1 | x = 3x\n            ^"},
		{"x = 'abc", "unfinished string", "    1 | x = 'abc\n            ^"},
		{"x = = 2", "test.lua:1: syntax error near '='", "    1 | x = = 2\n            ^"},
		{"\tx = = 2", "test.lua:1: syntax error near '='", "    1 |  x = = 2\n             ^"},
		{"function f()\n  x = 1\n", "'end' expected (to close 'function' at line 1) near '<eof>'", ""},
		{"for i = 1, 2 do f('x' end", "syntax error near 'end'", "    1 | for i = 1, 2 do f('x' end\n                              ^"},
		{"goto nowhere", "no visible label 'nowhere'", ""},
		{"break", "no loop to break", "    1 | break"},
	} {
		_, err := vm.Compile("test.lua", c.src)
		e, ok := err.(*vm.Error)
		if !ok {
			t.Errorf("%q: %v", c.src, err)
			continue
		}
		if !strings.Contains(e.Message, c.message) || e.Excerpt() != c.excerpt {
			t.Errorf("%q:\n%s\n%s\nwant %s\n%s", c.src, e.Message, e.Excerpt(), c.message, c.excerpt)
		}
		if e.Script != "test.lua" || e.Line < 1 {
			t.Errorf("%q: in %q, line %d", c.src, e.Script, e.Line)
		}
	}
}

func TestIncomplete(t *testing.T) {
	for src, want := range map[string]bool{
		"if x then": true, "for i = 1, 2 do": true, "f(": true, "x = {1,": true, "x =": true, "local function f()": true, "x = [[abc": true,
		"--[[ abc": true, "repeat x = 1": true, "while true do if a then end": true, "return 1 +": true, "a.b.": true, "x = function()": true,
		"x = 1": false, "x = = 1": false, "x = 'abc": false, "f(1 end": false, "end": false, "x = 1 & 2": false, "return }": false, "": false,
		"for i = 1, 2 do f('x' end": false,
	} {
		_, err := vm.Compile("=stdin", src)
		if got := vm.Incomplete(err); got != want {
			t.Errorf("%q: incomplete %v (%v)", src, got, err)
		}
	}
}

func TestStringsThatLookLikeMarkers(t *testing.T) {
	got, err := eval(t, `return "\0vm:0", "\0vm:!0", 0xffffffffffffffff, ({["\0vm:0"] = 1})["\0vm:0"]`)
	if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", []any{"\x00vm:0", "\x00vm:!0", uint64(math.MaxUint64), 1.0}) {
		t.Errorf("%q, %v", got, err)
	}
}
