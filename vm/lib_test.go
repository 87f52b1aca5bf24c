// What the library does beyond lua5.1, and the known defects of the packages below it, all of them fixed.

package vm_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// checkOutput runs each source and compares what it prints.
func checkOutput(t *testing.T, cases []struct{ name, source, want string }) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			rt := newRuntime(t, vm.Config{Stdout: &out, Stdin: strings.NewReader("first line\n42 0x10\n" +
				"rest\nof it"), Seed: 7})
			if err := run(t, rt, c.source); err != nil {
				out.WriteString("error: " + err.Error())
			}
			if got := strings.TrimSuffix(out.String(), "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestExactNumbers(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name: "tonumber reads 64 bits",
			source: `print(tonumber("0xffffff8008c5a004"), tonumber("18446744073709551615"), ` +
				`tonumber("9007199254740993"))`,
			want: "0xffffff8008c5a004\t0xffffffffffffffff\t0x20000000000001",
		},
		{
			name: "tonumber in a base reads 64 bits",
			source: `print(tonumber("ffffffffffffffff", 16), tonumber(("1"):rep(64), 2), ` +
				`tonumber("3w5e11264sgsf", 36))`,
			want: "0xffffffffffffffff\t0xffffffffffffffff\t0xffffffffffffffff",
		},
		{
			name:   "an integer that does not fit is not a number",
			source: `print(tonumber("0x10000000000000000"), tonumber("10000000000000000", 16))`,
			want:   "nil\tnil",
		},
		{
			name:   "a u64 is its own number",
			source: `local v = 0xffffffffffffffff print(tonumber(v) == v, tonumber(tostring(v)) == v)`,
			want:   "true\ttrue",
		},
		{
			name:   "small ones are plain",
			source: `print(type(tonumber("0x1fffffffffffff")), type(tonumber("0x20000000000000")))`,
			want:   "number\tuserdata",
		},
		{
			name:   "minus wraps as in a program",
			source: `print(tonumber("-0xffffffffffffffff"), tonumber("-0x10"), -0xffffffffffffffff)`,
			want:   "1\t-16\t1",
		},
		{
			name:   "formats",
			source: `local v = 0xffffff8008c5a004 print(("%x %X %d %u %#x %o"):format(v, v, v, v, v, v))`,
			want: "ffffff8008c5a004 FFFFFF8008C5A004 18446743524100907012 18446743524100907012 " +
				"0xffffff8008c5a004 1777777770001061320004",
		},
		{
			name: "formats with widths",
			source: `print(("%20x|%-20x|%020x|%.18x"):format(0xffffff8008c5a004, 0xffffff8008c5a004, ` +
				`0xffffff8008c5a004, 0xffffff8008c5a004))`,
			want: "    ffffff8008c5a004|ffffff8008c5a004    |0000ffffff8008c5a004|00ffffff8008c5a004",
		},
		{
			name:   "%s and .. show the hex",
			source: `print(("%s"):format(0xffffff8008c5a004), 0xffffff8008c5a004 .. "!")`,
			want:   "0xffffff8008c5a004\t0xffffff8008c5a004!",
		},
		{name: "%q too", source: `print(("%q"):format(0xffffff8008c5a004))`, want: `"0xffffff8008c5a004"`},
		{
			name:   "%g gives the nearest float",
			source: `print(("%.17g"):format(0x8000000000000000))`,
			want:   "9.2233720368547758e+18",
		},
		{
			name:   "floats of the whole range print exactly",
			source: `print(("%x %d"):format(2^63, 2^63 + 2048))`,
			want:   "8000000000000000 9223372036854777856",
		},
		{
			name:   "negative ones as two's complement",
			source: `print(("%x %X %o"):format(-1, -16, -1))`,
			want:   "ffffffffffffffff FFFFFFFFFFFFFFF0 1777777777777777777777",
		},
		{
			name:   "concat and join",
			source: `print(table.concat({0xffffffffffffffff, 1, 0.5}, " "))`,
			want:   "0xffffffffffffffff 1 0.5",
		},
		{
			name: "floor, max and min take them",
			source: `local v = 0xffffffffffffffff print(math.floor(v) == v, math.max(1, v, 5) == v, ` +
				`math.min(v, 3), math.max(v, 2^70) == 2^70)`,
			want: "true\ttrue\t3\ttrue",
		},
		{
			name:   "other functions of math refuse them",
			source: `print((select(2, pcall(math.sin, 0xffffffffffffffff))))`,
			want:   "bad argument #1 to 'sin' (number below 2^53 expected, got 0xffffffffffffffff)",
		},
		{
			name: "random in their range",
			source: `for i = 1, 100 do local v = math.random(0xfffffffffffffff0, ` +
				`0xffffffffffffffff) assert(v - 0xfffffffffffffff0 <= 15) end
			print(math.random(0xffffffffffffffff, 0xffffffffffffffff))`,
			want: "0xffffffffffffffff",
		},
		{
			name: "keys",
			source: `local t = {[0xffffffffffffffff] = 1} print(t[tonumber("0xffffffffffffffff")], ` +
				`rawget(t, bit.bnot(0)), next(t))`,
			want: "1\t1\t0xffffffffffffffff\t1",
		},
	})
}

// TestFormats compares the corner cases of each conversion with C's printf, without a lua5.1 to ask.
func TestFormats(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name:   "the other form of integers",
			source: `print(("%#o %#o %#x %#X %#x"):format(8, 0, 255, 255, 0))`,
			want:   "010 0 0xff 0XFF 0",
		},
		{
			name:   "no digit of zero at precision 0",
			source: `print(("[%.0d] [%.0x] [%5.0d] [%+.0d] [%.0d]"):format(0, 0, 0, 0, 1))`,
			want:   "[] [] [     ] [+] [1]",
		},
		{
			name:   "digits before zeros before blanks",
			source: `print(("%.3d %08.3d %-8.3d| %+d % d %05d %5d"):format(5, 5, 5, 5, 5, -5, -5))`,
			want:   "005      005 005     | +5  5 -0005    -5",
		},
		{
			name: "exponents",
			source: `print(("%e %E %.0e %#.0e %#.0f %.0f %#.0E"):format(1.5, 1.5, 1.5, 1.5, 1.5, 1.5, ` +
				`1e10))`,
			want: "1.500000e+00 1.500000E+00 2e+00 2.e+00 2. 2 1.E+10",
		},
		{
			name: "the shorter of two",
			source: `print(("%g %G %.0g %.1g %#.1g %#.0g %#.3g %#g"):format(1e20, 1e-10, 123, 123, 123, ` +
				`1, 100, 1))`,
			want: "1e+20 1E-10 1e+02 1e+02 1.e+02 1. 100. 1.00000",
		},
		{
			name:   "where %g changes",
			source: `print(("%g %g %g %g %g %g"):format(1e5, 1e6, 999999.5, 0.0001, 0.00001, 0))`,
			want:   "100000 1e+06 1e+06 0.0001 1e-05 0",
		},
		{
			name: "signs and widths of floats",
			source: `print(("%f %10.2f|%-10.2f|%+.1f|% .1f|%010.2f|%+010.2f"):format(0.5, -1.5, 1.5, ` +
				`1.5, 1.5, -1.5, 1.5))`,
			want: "0.500000      -1.50|1.50      |+1.5| 1.5|-000001.50|+000001.50",
		},
		{
			name: "infinities and NaN",
			source: `print(("%f %g %G %e %E %5.1f|%-5f|%05f|%+f"):format(1/0, -1/0, 1/0, 0/0, 0/0, 1/0, ` +
				`1/0, 1/0, 1/0))`,
			want: "inf -inf INF nan NAN   inf|inf  |  inf|+inf",
		},
		{
			name: "parts of text",
			source: `print(("%s|%.2s|%5.1s|%-5.1s|%.0s|%.9s"):format("abc", "abc", "abc", "abc", "abc", ` +
				`"abc"))`,
			want: "abc|ab|    a|a    ||abc",
		},
		{
			name:   "text that is read back",
			source: `print((("%q"):format('a\r\n"\\\0z'):gsub("\n", "?")))`,
			want:   `"a\r\?\"\\\000z"`,
		},
		{
			name:   "characters",
			source: `print(("%c%c|%3c|%-3c|%%"):format(72, 105, 33, 33))`,
			want:   "Hi|  !|!  |%",
		},
		{
			name: "signs before other bases",
			source: `print(tonumber("-ff", 16), tonumber("+10", 2), tonumber("-0x10", 16), ` +
				`tonumber("0x10", 16), tonumber(" 11 ", 2), tonumber("-ffffffffffffffff", 16))`,
			want: "-255\t2\t-16\t16\t3\t1",
		},
		{
			name: "text that is not a number in that base",
			source: `print(tonumber("8", 8), tonumber("", 16), tonumber("-", 16), tonumber("--1", 16), ` +
				`tonumber("0x", 16), tonumber("1.5", 16))`,
			want: "nil\tnil\tnil\tnil\tnil\tnil",
		},
		{
			name:   "zero keeps its sign",
			source: `print(1 / tonumber("-0"), 1 / tonumber("0"), 1 / tonumber("-0x0"))`,
			want:   "-inf\tinf\tinf",
		},
		{
			name: "exponents are read",
			source: `print(tonumber("1e+2"), tonumber("1E-2"), tonumber("1e"), tonumber("1e+"), ` +
				`tonumber("."), tonumber("5."), tonumber(".5"), tonumber("1e5x"))`,
			want: "100\t0.01\tnil\tnil\tnil\t5\t0.5\tnil",
		},
	})
}

func TestBit(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name: "64 bits wide",
			source: `print(bit.band(0xffffff8008c5a007, bit.bnot(7)), bit.bor(0xff00000000000000, 1), ` +
				`bit.bxor(0xffffffffffffffff, 0xff))`,
			want: "0xffffff8008c5a000\t0xff00000000000001\t0xffffffffffffff00",
		},
		{
			name:   "nothing and many",
			source: `print(bit.band(), bit.bor(), bit.bxor(), bit.band(15, 7, 3), bit.bor(1, 2, 4))`,
			want:   "0xffffffffffffffff\t0\t0\t3\t7",
		},
		{
			name: "shifts",
			source: `print(bit.lshift(1, 63), bit.rshift(0x8000000000000000, 63), ` +
				`bit.arshift(0x8000000000000000, 63), bit.arshift(0x4000000000000000, 62))`,
			want: "0x8000000000000000\t1\t0xffffffffffffffff\t1",
		},
		{
			name: "shifts by 64 and more",
			source: `print(bit.lshift(1, 64), bit.rshift(-1, 64), bit.arshift(-1, 64), bit.arshift(1, ` +
				`64), bit.lshift(1, 1e9), bit.rshift(1, 2^60))`,
			want: "0\t0\t0xffffffffffffffff\t0\t0\t0",
		},
		{
			name:   "negative counts go the other way",
			source: `print(bit.lshift(16, -4), bit.rshift(1, -4), bit.arshift(1, -4), bit.lshift(1, -64))`,
			want:   "1\t16\t16\t0",
		},
		{
			name:   "negative numbers are two's complement",
			source: `print(bit.band(-8, 0xff), bit.bnot(-1), bit.bor(-1, 0))`,
			want:   "248\t0\t0xffffffffffffffff",
		},
		{
			name:   "rotation",
			source: `print(bit.rol(0x8000000000000001, 1), bit.ror(1, 1), bit.rol(1, 64), bit.ror(1, -1))`,
			want:   "3\t0x8000000000000000\t1\t2",
		},
		{
			name: "extract and replace",
			source: `print(bit.extract(0x1fe0, 5, 8), bit.extract(0x8000000000000000, 63), ` +
				`bit.replace(0, 0xff, 4, 4), bit.replace(0xff, 0, 0), bit.extract(-1, 0, 64))`,
			want: "255\t1\t240\t254\t0xffffffffffffffff",
		},
		{
			name: "fields that are not there",
			source: `print((select(2, pcall(bit.extract, 1, 60, 8))), (select(2, pcall(bit.extract, 1, ` +
				`-1))), (select(2, pcall(bit.extract, 1, 0, 0))))`,
			want: "trying to access non-existent bits\tbad argument #2 to 'extract' (field cannot be " +
				"negative)\tbad argument #3 to 'extract' (width must be positive)",
		},
		{
			name: "tohex of all digits and of more",
			source: `print(bit.tohex(0xabcdef, -16), bit.tohex(0xabcdef, -17), bit.tohex(0xabcdef, 17), ` +
				`bit.tohex(0xabcdef, 1), bit.tohex(0xabcdef, 15))`,
			want: "0000000000ABCDEF\t0000000000ABCDEF\t0000000000abcdef\tf\t000000000abcdef",
		},
		{
			name: "tohex",
			source: `print(bit.tohex(255), bit.tohex(255, 4), bit.tohex(0xabcdef, -4), ` +
				`bit.tohex(0xffffff8008c5a004), bit.tohex(1, 0) == "", bit.tohex(-1, 99))`,
			want: "00000000000000ff\t00ff\tCDEF\tffffff8008c5a004\ttrue\tffffffffffffffff",
		},
		{name: "text is read", source: `print(bit.band("0xff", "15"))`, want: "15"},
		{
			name:   "a fraction is refused",
			source: `print((select(2, pcall(bit.band, 1.5))))`,
			want:   "bad argument #1 to 'band' (integer expected, got 1.5)",
		},
		{
			name:   "a fraction of a bit too",
			source: `print((select(2, pcall(bit.lshift, 1, 1.5))))`,
			want:   "bad argument #2 to 'lshift' (integer expected, got 1.5)",
		},
		{
			name:   "a float that lost its low bits is refused with the right spelling",
			source: `print((select(2, pcall(bit.band, 2^63))))`,
			want: `bad argument #1 to 'band' (9.2233720368548e+18 has lost precision; write the value ` +
				`as a literal (0x8000000000000000), as hw.u64 "0x8000000000000000", or with ` +
				`bit.lshift(1, 63))`,
		},
		{
			name: "a value that is not a number is refused",
			source: `print((select(2, pcall(bit.band, {}))), (select(2, pcall(bit.band, 0/0))), ` +
				`(select(2, pcall(bit.bnot))))`,
			want: "bad argument #1 to 'band' (number expected, got table)\tbad argument #1 to 'band' " +
				"(integer expected, got nan)\tbad argument #1 to 'bnot' (number expected, got no value)",
		},
	})
}

// TestLibraryDefects has a case for each defect of gopher-lua's own library (notes L3, L4, L6, L8, L9,
// L13, L19 to L23, L25).
func TestLibraryDefects(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name:   "L3 tonumber",
			source: `print(tonumber("1e3"), tonumber("0x20", 16), tonumber("ffff", 16))`,
			want:   "1000\t32\t65535",
		},
		{
			name: "L4 format",
			source: `print(("%u %q %g"):format(7, "a\nb", 1e20), pcall(string.format, "%d", "x"), ` +
				`pcall(string.format, "%s"), pcall(string.format, "%T", 1))`,
			want: "7 \"a\\\nb\" 1e+20\tfalse\tfalse\tfalse\tinvalid option '%T' to 'format'",
		},
		{
			name: "L6 yield across pcall",
			source: `local co = coroutine.wrap(function() local ok, v = pcall(function() local v = ` +
				`coroutine.yield(1) error("e" .. v, 0) end) coroutine.yield(v) return "end" end) ` +
				`print(co(), co(2), co())`,
			want: "1\te2\tend",
		},
		{
			name: "L6 yield across a metamethod",
			source: `local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) ` +
				`end, __add = function() return coroutine.yield("add") end})
			local co = coroutine.wrap(function() return t.x, t + 1 end) print(co(), co(5), co(6))`,
			want: "x\tadd\t5\t6",
		},
		{
			name: "L6 yield across an iterator, sort and gsub",
			source: `local co = coroutine.wrap(function()
				for i in function(_, i) return coroutine.yield("iter") end do break end
				table.sort({1, 2}, function(a, b) coroutine.yield("sort") return a < b end)
				return (("ab"):gsub(".", function(c) return coroutine.yield(c) end))
			end)
			local r = {} for i = 1, 6 do r[#r + 1] = tostring(co(i)) end print(table.concat(r, " "))`,
			want: "iter sort sort a b 56",
		},
		{
			name: "L6 yield across xpcall, load and tostring",
			source: `local co = coroutine.wrap(function()
				local _, v = xpcall(coroutine.yield, error, "x")
				local s = tostring(setmetatable({}, {__tostring = function() return ` +
				`coroutine.yield("str") end}))
				local f = load(coroutine.wrap(function() coroutine.yield("return 7") end))
				return v, s, f()
			end) print(co(), co(1), co("text"))`,
			want: "x\tstr\t1\ttext\t7",
		},
		{
			name: "L6 yield in a message handler",
			source: `local co = coroutine.wrap(function() return xpcall(error, function(m) return ` +
				`coroutine.yield("in handler") end, "m") end) print(co(), co("done"))`,
			want: "in handler\tfalse\tdone",
		},
		{
			name:   "L8 L9 rep is guarded",
			source: `print(pcall(string.rep, "x", 1e11), pcall(string.rep, "x", 1e19))`,
			want:   "false\tfalse\tresulting string too large",
		},
		{
			name: "L13 long lists",
			source: `local t = {} for i = 1, 50000 do t[i] = "x" end print(#table.concat(t), select("#", ` +
				`unpack(t)))`,
			want: "50000\t50000",
		},
		{
			name:   "L13 too long lists",
			source: `print(pcall(unpack, {}, 1, 1e7))`,
			want:   "false\ttoo many results to unpack",
		},
		{
			name: "L18 errors name the function by its name",
			source: `print((select(2, pcall(function() string.rep() end))), (select(2, pcall(function() ` +
				`("x"):rep({}) end))), (select(2, pcall(function() local s = string s.rep("x", {}) ` +
				`end))))`,
			want: "test.lua:1: bad argument #1 to 'rep' (string expected, got no value)\ttest.lua:1: " +
				"bad argument #1 to 'rep' (number expected, got table)\ttest.lua:1: bad argument #2 to " +
				"'rep' (number expected, got table)",
		},
		{
			name: "L19 what was missing is there",
			source: `print(collectgarbage("count") > 0, load("return 1")(), #table.pack(1, 2), (("THE ` +
				`(quick)"):find("%f[%a]%a+")))`,
			want: "true\t1\t2\t1",
		},
		{
			name:   "L19 numbers print as in C",
			source: `print(0/0 ~= 0/0 and tostring(0/0), 1/0, -1/0, 1e100, 0.1, 1/3)`,
			want:   "nan\tinf\t-inf\t1e+100\t0.1\t0.33333333333333",
		},
		{
			name:   "L19 a wrong order is found",
			source: `print(pcall(table.sort, {3, 1, 2, 3, 1}, function() return true end))`,
			want:   "false\tinvalid order function for sorting",
		},
		{
			name: "L21 random is seeded",
			source: `local a = {} for i = 1, 5 do a[i] = math.random(1000) end math.randomseed(7) for i ` +
				`= 1, 5 do assert(a[i] == math.random(1000)) end math.randomseed(8) ` +
				`print(math.random(1000) == a[1])`,
			want: "false",
		},
		{
			name: "L22 functions of the host are missing",
			source: `print(os.exit, os.execute, io.popen, os.remove, newproxy, channel, _printregs, ` +
				`module, string.dump, debug.getregistry)`,
			want: "nil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\tnil",
		},
		{
			name: "L23 ten thousand coroutines",
			source: `local t = {} for i = 1, 10000 do t[i] = coroutine.wrap(function() ` +
				`coroutine.yield(i) return -i end) t[i]() end local s = 0 for i = 1, 10000 do s = s + ` +
				`t[i]() end print(s)`,
			want: "-50005000",
		},
		{
			name: "variables that are shared stay shared after a caught error",
			source: `local x = 1 local get = function() return x end pcall(error, "e") x = 2 print(get())
			local keep pcall(function() local y = 5 keep = function() y = y + 1 return y end ` +
				`error("e") end) local a, b, c = 0, 0, 0 print(keep(), keep(), a)`,
			want: "2\n6\t7\t0",
		},
		{
			name:   "tostring numbers what it meets",
			source: `local a, b = {}, function() end print(a, b, print, a, coroutine.create(b), io.stdout)`,
			want: "table: 0x00000001\tfunction: 0x00000002\tfunction: 0x00000003\ttable: " +
				"0x00000001\tthread: 0x00000004\tfile (0x00000005)",
		},
		{
			name: "pairs goes in the order of insertion, and survives removal",
			source: `local t = {z = 1, a = 2, m = 3} t.b = 4 for k, v in pairs(t) do io.write(k, v, " ") ` +
				`t[k] = nil end print(next(t))`,
			want: "z1 a2 m3 b4 nil",
		},
		{
			name: "the library's own tables are in order",
			source: `local n = 0 for k in pairs(string) do n = n + 1 if n <= 3 then io.write(k, " ") end ` +
				`end print(n)`,
			want: "byte char find 14",
		},
	})
}

func TestCoroutines(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name: "values both ways",
			source: `local co = coroutine.create(function(...) local a = ` +
				`{coroutine.yield(select("#", ...), ...)} return #a, unpack(a) end)
			print(coroutine.resume(co, 1, nil, 3)) print(coroutine.resume(co, 4, 5)) ` +
				`print(coroutine.resume(co)) print(coroutine.status(co))`,
			want: "true\t3\t1\tnil\t3\ntrue\t2\t4\t5\nfalse\tcannot resume dead coroutine\ndead",
		},
		{
			name: "status from every side",
			source: `local co co = coroutine.create(function() local inner = ` +
				`coroutine.create(function() return coroutine.status(co) end) return ` +
				`coroutine.status(co), select(2, coroutine.resume(inner)) end)
			print(coroutine.status(co), coroutine.resume(co))`,
			want: "suspended\ttrue\trunning\tnormal",
		},
		{
			name: "running and isyieldable",
			source: `print(coroutine.running(), coroutine.isyieldable()) local co co = ` +
				`coroutine.create(function() return coroutine.running() == co, coroutine.isyieldable() ` +
				`end) print(coroutine.resume(co))`,
			want: "nil\tfalse\ntrue\ttrue\ttrue",
		},
		{
			name: "it cannot resume itself",
			source: `local co co = coroutine.create(function() return coroutine.resume(co) end) ` +
				`print(coroutine.resume(co))`,
			want: "true\tfalse\tcannot resume running coroutine",
		},
		{
			name: "nor whoever waits for it",
			source: `local a, b a = coroutine.create(function() return coroutine.resume(b) end) b = ` +
				`coroutine.create(function() return coroutine.resume(a) end) print(coroutine.resume(a))`,
			want: "true\ttrue\tfalse\tcannot resume normal coroutine",
		},
		{
			name:   "wrap of a dead one raises",
			source: `local f = coroutine.wrap(function() end) f() print(pcall(f))`,
			want:   "false\tcannot resume dead coroutine",
		},
		{
			name: "an error object stays itself",
			source: `local e = {} local co = coroutine.create(function() error(e) end) print(select(2, ` +
				`coroutine.resume(co)) == e) print(select(2, pcall(coroutine.wrap(function() error(e) ` +
				`end))) == e)`,
			want: "true\ntrue",
		},
		{
			name:   "a yield outside says so",
			source: `print(pcall(coroutine.yield, 1))`,
			want:   "false\tattempt to yield from outside a coroutine",
		},
		{
			name: "a wrapped yield as a function of others",
			source: `local co = coroutine.wrap(function() return pcall(coroutine.yield, "a") end) ` +
				`print(co(), co("b"))`,
			want: "a\ttrue\tb",
		},
		{
			name: "deep in recursion",
			source: `local function deep(n) if n == 0 then coroutine.yield("bottom") return 0 end return ` +
				`1 + deep(n - 1) end local co = coroutine.wrap(function() return deep(3000) end) ` +
				`print(co(), co())`,
			want: "bottom\t3000",
		},
		{
			name: "an overflow inside is an error, and the rest goes on",
			source: `local co = coroutine.create(function() local function f() return 1 + f() end return ` +
				`f() end) local ok, e = coroutine.resume(co) print(ok, e:match("stack overflow"), ` +
				`coroutine.status(co))`,
			want: "false\tstack overflow\tdead",
		},
		{
			name: "closures outlive their coroutine",
			source: `local get, set local co = coroutine.wrap(function() local v = 1 get = function() ` +
				`return v end set = function(x) v = x end coroutine.yield() v = v + 10 end) co() set(5) ` +
				`co() print(get())`,
			want: "15",
		},
		{
			name: "a generator left in the middle",
			source: `for i in coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end) do ` +
				`if i == 3 then print(i) break end end`,
			want: "3",
		},
		{
			name: "producer, filter, consumer",
			source: `local function gen(n) return coroutine.wrap(function() for i = 1, n do ` +
				`coroutine.yield(i) end end) end
			local function filter(p, g) return coroutine.wrap(function() for x in g do if p(x) then ` +
				`coroutine.yield(x) end end end) end
			local out = {} for x in filter(function(x) return x % 3 == 0 end, filter(function(x) ` +
				`return x % 2 == 0 end, gen(30))) do out[#out + 1] = x end print(table.concat(out, " "))`,
			want: "6 12 18 24 30",
		},
		{
			name: "many nested ones are an error, not a crash",
			source: `local function f(n) return coroutine.wrap(function() return f(n + 1) end)() end ` +
				`local ok, e = pcall(f, 1) print(ok, tostring(e):match("stack overflow"))`,
			want: "false\tstack overflow",
		},
	})
}

func TestDebug(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name: "where a function runs",
			source: `local function f() local i = debug.getinfo(1) return i.currentline, i.short_src, ` +
				`i.what, i.name, i.func end print(f())`,
			want: "1\ttest.lua\tLua\tf\tnil",
		},
		{
			name: "the caller",
			source: "local function f()\n  return debug.getinfo(2, 'l').currentline\nend\nlocal x = f()\n" +
				"print(x)",
			want: "4",
		},
		{
			name: "functions",
			source: `print(debug.getinfo(print).what, debug.getinfo(print, "S").short_src, ` +
				`debug.getinfo(function() end, "S").linedefined)`,
			want: "C\t[C]\t1",
		},
		{
			name:   "no function at that level",
			source: `print(debug.getinfo(50), debug.getinfo(-1))`,
			want:   "nil\tnil",
		},
		{
			name:   "options that return functions or lines",
			source: `print((select(2, pcall(debug.getinfo, 1, "f"))))`,
			want:   "bad argument #2 to 'getinfo' (what 'f' is not shown here; known: S l n u)",
		},
		{
			name: "a traceback where the error was raised",
			source: `local function bad() local x = nil; return x.y end
			local _, m = xpcall(bad, debug.traceback) print((m:gsub("\n%s*", "|")))`,
			want: "test.lua:1: attempt to index local 'x' (a nil value)|stack traceback:|test.lua:1: " +
				"in function <test.lua:1>|[Go]: in function 'xpcall'|test.lua:2: in main chunk",
		},
		{
			name: "a value that is not text stays",
			source: `local t = {} print(debug.traceback(t) == t, debug.traceback("m", ` +
				`1):match("^m\nstack traceback:") ~= nil)`,
			want: "true\ttrue",
		},
	})
}

func TestIO(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{
			name:   "write gives true and takes numbers",
			source: `print(io.write("a", 1, 2.5, 0xffffffffffffffff, "\n"))`,
			want:   "a12.50xffffffffffffffff\ntrue",
		},
		{
			name: "read",
			source: `print(io.read()) print(io.read("*n", "*n")) print(io.read(1) == "\n", io.read(3), ` +
				`io.read("*l"), io.read("*a")) print(io.read(), io.read("*a") == "", io.read(0))`,
			want: "first line\n42\t16\ntrue\tres\tt\tof it\nnil\ttrue\tnil",
		},
		{name: "lines", source: `local n = 0 for l in io.lines() do n = n + 1 end print(n)`, want: "4"},
		{
			name: "methods of the streams",
			source: `print(io.stdout:write("x"), io.stdin:read("*l"), io.type(io.stdin), io.type(5), ` +
				`io.stdout:flush(), io.stdout:setvbuf("no"))`,
			want: "xtrue\tfirst line\tfile\tnil\ttrue\ttrue",
		},
		{
			name:   "the streams stay open",
			source: `print(io.stdout:close())`,
			want:   "nil\tcannot close standard file",
		},
		{
			name:   "no files",
			source: `print(io.open, pcall(io.lines, "/etc/passwd"))`,
			want: "nil\tfalse\tbad argument #1 to 'lines' (no files here: without --allow fs " +
				"(Config.Allow.FS) only the standard input can be read)",
		},
		{
			name: "no clock",
			source: `print(os.clock, (pcall(os.time)), (select(2, pcall(os.date))), os.time{year = 2020, ` +
				`month = 1, day = 1, hour = 0}, os.date("%Y-%m-%d", 0))`,
			want: "nil\tfalse\tbad argument #1 to 'date' (give a time: the host's clock is not allowed " +
				"(set --allow clock, Config.Allow.Clock))\t1577836800\t1970-01-01",
		},
	})
}

func TestHostDoors(t *testing.T) {
	dir := t.TempDir()
	var out, stderr bytes.Buffer
	rt := newRuntime(t, vm.Config{
		Stdout: &out,
		Stderr: &stderr,
		Allow:  everyDoor,
	})
	if err := rt.Set("dir", dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VM_TEST", "open")
	err := run(t, rt, `
		local name = dir .. "/x.txt"
		local f = assert(io.open(name, "w"))
		f:write("one\n", 2, "\nthree") f:close()
		print(pcall(f.write, f, "x"))
		print(io.type(f), tostring(f))
		for l in io.lines(name) do io.write(l, ";") end print()
		f = assert(io.open(name)) print(f:read("*l"), f:seek("cur"), f:seek("set", 1), f:read(2), `+
		`f:seek("end")) f:close()
		f = assert(io.open(name, "a+")) f:write("!") f:seek("set") print(#f:read("*a")) f:close()
		print(io.open(dir .. "/none/x"))
		print(io.open(name, "q"))
		assert(os.rename(name, dir .. "/y.txt")) print(os.remove(name)) assert(os.remove(dir .. "/y.txt"))
		print(os.getenv("VM_TEST"), os.getenv("VM_TEST_NONE"))
		print(type(os.time()), type(os.clock()), os.date() ~= "")
		local p = io.popen("echo from the shell") print(p:read("*l"), p:close())
		print(os.execute("exit 3") / 256)
		io.output(dir .. "/out.txt") io.write("redirected") io.close() io.output(io.stdout)
		io.input(dir .. "/out.txt") print(io.read("*a")) io.input(io.stdin)
		local tmp = io.tmpfile() tmp:write("t") tmp:seek("set") print(tmp:read("*a"))
		io.stderr:write("to stderr")
		pcall(os.exit, 7)
		print("not reached")`)
	want := `false	test.lua:5: attempt to use a closed file
closed file	file (closed)
one;2;three;
one	4	1	ne	11
12
nil	` + dir + `/none/x: No such file or directory	2
nil	invalid mode 'q'; known: r w a r+ w+ a+	22
nil	` + dir + `/x.txt: No such file or directory	2
open	nil
number	number	true
from the shell	true
3
redirected
t
`
	want = strings.Replace(want, "test.lua:5: ", "", 1)
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if stderr.String() != "to stderr" {
		t.Errorf("stderr: %q", stderr.String())
	}
	var exit *vm.ExitError
	if !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("os.exit(7) under pcall gave %v, want an ExitError with 7", err)
	}
}

// TestSeeds checks that each runtime has a random generator of its own, and equal seeds equal numbers.
func TestSeeds(t *testing.T) {
	draw := func(seed uint64) string {
		var out bytes.Buffer
		rt := newRuntime(t, vm.Config{Stdout: &out, Seed: seed})
		const source = `for i = 1, 20 do io.write(math.random(1e6), " ", math.random(), " ") end`
		if err := run(t, rt, source); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, again := draw(1), draw(1)
	if again != first || first == draw(2) || first == draw(0) {
		t.Error("got other numbers for equal seeds or the same for different ones")
	}
	// Every value of a small range is drawn about equally often.
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out})
	if err := run(t, rt, `local n = {} for i = 1, 60000 do local v = math.random(6) n[v] = (n[v] or 0) + `+
		`1 end for i = 1, 6 do assert(n[i] > 9500 and n[i] < 10500, n[i]) end assert(n[0] == nil and `+
		`n[7] == nil)`); err != nil {
		t.Error(err)
	}
}

func TestAssertions(t *testing.T) {
	good := []string{
		`assert.equals(1, 1) assert.equals("a", "a") assert.equals(nil, nil) ` +
			`assert.equals(0xffffffffffffffff, bit.bnot(0))`,
		`assert.equal(1, 1) assert.are.equal(1, 1) assert.are.equals(1, 1) assert.is.equal(1, 1) ` +
			`assert.are_equal(1, 1)`,
		`assert.same({1, {2, a = 3}}, {1, {2, a = 3}}) assert.are.same({}, {}) local t = {} t.t = t ` +
			`local u = {} u.t = u assert.same(t, u)`,
		`assert.is_not.equals(1, 2) assert.are_not.equal(1, "1") assert.are_not.same({1}, {2}) ` +
			`assert.not_equals(1, 2) assert.Not.equals(1, 2) assert.is_not_same({1}, {1, 2}) ` +
			`assert.are["not"].equal(1, 2)`,
		`assert.is_true(true) assert.True(true) assert.is.True(true) assert.is_false(false) ` +
			`assert.is_nil(nil) assert.is_not_nil(0) assert.is.not_nil(1) assert.is_not_true(1)`,
		`assert.is_truthy(0) assert.truthy("") assert.is_falsy(nil) assert.falsy(false) ` +
			`assert.is_not.truthy(nil) assert.is_not_falsy(1)`,
		`assert.near(1, 1.05, 0.1) assert.near(0xffffffffffffffff, 0xfffffffffffffffe, 1) ` +
			`assert.is_not.near(1, 2, 0.5) assert.near(0x20000000000000, 0x1fffffffffffff, 1)`,
		`assert.matches("b+", "abbc") assert.matches("^%d+$", 123) assert.is_not.matches("x", "abc") ` +
			`assert.has.match("c$", "abc")`,
		`assert.has_error(function() error("boom") end) assert.has_error(function() error("boom") end, ` +
			`"boom") assert.has.errors(function() error({1}) end, {1}) assert.error(function() error() ` +
			`end)`,
		`assert.has_no_error(function() end) assert.has_no.errors(function() end) ` +
			`assert.has_no.error(function() return 1 end) assert.error_matches(function() error("a 12") ` +
			`end, "%d+")`,
		`assert.is_string("x") assert.is_number(1) assert.is_table({}) assert.is_function(print) ` +
			`assert.is.boolean(true) assert.is_userdata(0xffffffffffffffff) assert.is_not.string(1)`,
		`assert.Is_True(true) assert.has.No.Error(function() end) assert.are.Not.Equal(1, 2) ` +
			`assert.is_not.Nil(1) assert.is.Function(print) assert.Has.Error(error)`,
		`local a, b = assert(1, 2) assert(a == 1 and b == 2)`,
		`assert(assert.equals(5, 5) == 5) assert(assert.is_not_nil("v") == "v") ` +
			`assert(assert.has_error(function() error("e", 0) end) == "e")`,
		`local ok = check.equals(1, 1) assert(ok) check.is.equal(2, 2) check(true)`,
	}
	for _, source := range good {
		if err := run(t, newRuntime(t, vm.Config{}), source); err != nil {
			t.Errorf("%s\n%v", source, err)
		}
	}
	bad := []struct{ name, source, want string }{
		{
			name:   "equals",
			source: `assert.equals(1, 2)`,
			want:   "assert.equals failed\n  expected: 1\n  found:    2",
		},
		{
			name:   "a message",
			source: `assert.equals(1, 2, "the count")`,
			want:   "the count (assert.equals)\n  expected: 1\n  found:    2",
		},
		{
			name:   "values that print the same",
			source: `assert.equals(1, "1")`,
			want:   "assert.equals failed\n  expected: 1\n  found:    \"1\"",
		},
		{
			name:   "two tables",
			source: `assert.equals({}, {})`,
			want: "assert.equals failed\n  expected: {} (table: 0x00000001)\n  found:    {} (table: " +
				"0x00000002)",
		},
		{
			name:   "u64",
			source: `assert.are.equal(0xffffff8008c5a004, 0xffffff8008c5a005)`,
			want:   "assert.equal failed\n  expected: 0xffffff8008c5a004\n  found:    0xffffff8008c5a005",
		},
		{
			name:   "same",
			source: `assert.same({a = 1, b = {x = 1}, c = 3}, {a = 1, b = {x = 2}, d = 4})`,
			want: "assert.same failed\n  expected: { a = 1, b = { x = 1 }, c = 3 }\n  found:    { a = " +
				"1, b = { x = 2 }, d = 4 }\n  .b.x: expected 1, found 2\n  .c: expected 3, found nil\n  " +
				".d: expected nothing, found 4",
		},
		{
			name:   "same, a list",
			source: `assert.same({1, 2, 3}, {1, 2})`,
			want: "assert.same failed\n  expected: { 1, 2, 3 }\n  found:    { 1, 2 }\n  [3]: expected " +
				"3, found nil",
		},
		{
			name:   "not equals",
			source: `assert.are_not.equals(1, 1)`,
			want:   "assert.is_not equals failed\n  expected: not 1\n  found:    1",
		},
		{
			name:   "is_true",
			source: `assert.is_true(1)`,
			want:   "assert.is_true failed\n  expected: true\n  found:    1",
		},
		{
			name:   "is_not_nil",
			source: `assert.is_not_nil(nil, "no event")`,
			want:   "no event (assert.is_not_nil)\n  expected: not nil\n  found:    nil",
		},
		{
			name:   "near",
			source: `assert.near(1, 2, 0.5)`,
			want:   "assert.near failed\n  expected: within 0.5 of 1\n  found:    2",
		},
		{
			name:   "near of a value that is not a number",
			source: `assert.near(1, nil, 0.5)`,
			want:   "assert.near failed\n  expected: within 0.5 of 1\n  found:    nil",
		},
		{
			name:   "matches",
			source: `assert.matches("%d", "abc")`,
			want:   "assert.matches failed\n  expected: a match of \"%d\"\n  found:    \"abc\"",
		},
		{
			name:   "matches of nil",
			source: `assert.matches("%d", nil)`,
			want:   "assert.matches failed\n  expected: a match of \"%d\"\n  found:    nil",
		},
		{
			name:   "has_error",
			source: `assert.has_error(function() return 5 end)`,
			want:   "assert.has_error failed\n  expected: an error\n  found:    no error",
		},
		{
			name:   "another error",
			source: `assert.has_error(function() error("a", 0) end, "b")`,
			want:   "assert.has_error failed\n  expected: error \"b\"\n  found:    \"a\"",
		},
		{
			name:   "has_no_error",
			source: `assert.has_no_error(function() error("a", 0) end)`,
			want:   "assert.has_no_error failed\n  expected: no error\n  found:    \"a\"",
		},
		{
			name:   "has_no_error with a message",
			source: `assert.has_no_error(function() error("a", 0) end, "it is quiet")`,
			want:   "it is quiet (assert.has_no_error)\n  expected: no error\n  found:    \"a\"",
		},
		{
			name:   "has_error with a message",
			source: `assert.has_error(function() end, nil, "it is loud")`,
			want:   "it is loud (assert.has_error)\n  expected: an error\n  found:    no error",
		},
		{
			name:   "a word that there is not",
			source: `assert.equlas(1, 1)`,
			want:   "unknown assertion 'equlas'; did you mean 'equals'?",
		},
		{
			name:   "nor without its underscore",
			source: `assert.is.True(true) assert.Is_True(true) assert.isTrue(true)`,
			want:   "unknown assertion 'isTrue'; did you mean 'is_true'?",
		},
		{
			name:   "nor in a chain",
			source: `assert.is_not.sme(1, 1)`,
			want:   "unknown assertion 'sme'; did you mean 'same'?",
		},
		{
			name:   "an argument that is missing",
			source: `assert.equals(1)`,
			want:   "bad argument #2 to 'equals' (value expected)",
		},
		{
			name:   "has_error of no function",
			source: `assert.has_error(5)`,
			want:   "bad argument #1 to 'has_error' (function expected, got number)",
		},
		{
			name:   "check without a collector",
			source: `check.equals(1, 2)`,
			want:   "assert.equals failed\n  expected: 1\n  found:    2",
		},
	}
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			err := run(t, newRuntime(t, vm.Config{}), c.source)
			var e *vm.Error
			if !errors.As(err, &e) {
				t.Fatalf("gave %v", err)
			}
			if e.Message != "test.lua:1: "+c.want {
				t.Errorf("got\n%s\nwant\n%s", e.Message, "test.lua:1: "+c.want)
			}
		})
	}
}

// TestFailures checks that the error has the failed assertion, whatever it passed through.
func TestFailures(t *testing.T) {
	var refused error = syscall.ENOSPC
	board := vm.Module{Name: "board", Global: true,
		Open: func(s *vm.State) (lua.LValue, error) {
			m := s.L().NewTable()
			m.RawSetString("register", s.L().NewFunction(func(L *lua.LState) int {
				L.Push(lua.LNil)
				L.Push(s.Refuse(refused))
				L.Push(lua.LString("ENOSPC"))
				return 3
			}))
			return m, nil
		},
		Asserts: map[string]lua.LGFunction{
			"quiet": func(L *lua.LState) int {
				vm.Fail(L, &vm.Failure{
					Assertion: "quiet",
					Comparison: vm.Comparison{
						Expected: vm.Side{Words: "silence"},
						Found:    vm.Side{Words: "noise"},
						Details:  []vm.Detail{{Path: "WCR0", Found: vm.Side{Words: "0x1e5"}}},
					},
				})
				return 0
			},
		},
	}
	get := func(t *testing.T, source string) (*vm.Failure, error) {
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{board}})
		err := run(t, rt, source)
		var f *vm.Failure
		if !errors.As(err, &f) {
			t.Fatalf("got error %v, want one with a Failure", err)
		}
		return f, err
	}
	f, _ := get(t, "\n\nassert.equals(1, 2, 'm')")
	if f.Assertion != "equals" || f.Expected.String() != "1" || f.Found.String() != "2" || f.Message != "m" ||
		f.Script != "test.lua" || f.Line != 3 {
		t.Errorf("%+v", f)
	}
	f, err := get(t, "local x = 1\nassert.quiet()")
	if f.Line != 2 || f.Expected.String() != "silence" || !strings.Contains(err.Error(), "WCR0: 0x1e5") {
		t.Errorf("%+v %v", f, err)
	}
	f, err = get(t, "assert(board.register())")
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(f, syscall.ENOSPC) || f.Assertion != "assert" ||
		f.Message != refused.Error() {
		t.Errorf("%+v %v", f, err)
	}
	f, err = get(t, "assert(false, 'plain')")
	if f.Message != "plain" || err.Error() != "test.lua:1: plain" {
		t.Errorf("%+v %v", f, err)
	}
	f, _ = get(t, "coroutine.wrap(function() pcall(error) assert.is_nil(5) end)()")
	if f.Assertion != "is_nil" {
		t.Errorf("%+v", f)
	}
}

// TestBothSides checks that a plain assert of a comparison shows both operands.
func TestBothSides(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{
			name:   "equal",
			source: `local function f() return 5 end assert(f() == 6)`,
			want:   "left of ==:  5|right of ==: 6",
		},
		{
			name:   "with a message",
			source: `assert("a" ~= "a", "same")`,
			want:   `left of ~=:  "a"|right of ~=: "a"`,
		},
		{name: "order", source: `local t = {1, 2} assert(#t > 5)`, want: "left of >:  2|right of >: 5"},
		{name: "at most", source: `assert(7 <= 6)`, want: "left of <=:  7|right of <=: 6"},
		{
			name:   "u64",
			source: `local x = 0xffffff8008c5a004 assert(x + 1 == x)`,
			want:   "left of ==:  0xffffff8008c5a005|right of ==: 0xffffff8008c5a004",
		},
		{
			name: "metamethods",
			source: `local mt = {__le = function() return false end, __tostring = function() return ` +
				`"obj" end} local a, b = setmetatable({}, mt), setmetatable({}, mt) assert(a <= b)`,
			want: "left of <=:  obj|right of <=: obj",
		},
		{
			name:   "with and, and a message",
			source: `local a, b = 1, 2 assert(a and b == 3, "text")`,
			want:   "left of ==:  2|right of ==: 3",
		},
		{
			name:   "the one of several that failed",
			source: `local a, b = 1, 2 assert(a == 1 and b == 3 and a == 5)`,
			want:   "left of ==:  2|right of ==: 3",
		},
		{
			name:   "with or, all of them",
			source: `local a, b = 1, 2 assert(a == 2 or b > 3)`,
			want:   "left of ==:  1|right of ==: 2|left of >:   2|right of >:  3",
		},
		{name: "with not", source: `local a = 1 assert(not (a == 1))`, want: "left of ==:  1|right of ==: 1"},
		{name: "and before it", source: `local a assert(a and a == 1, "text")`, want: ""},
		{
			name:   "a wide literal",
			source: `local a = 5 assert(a and a >= 0xffffff8000000000, "text")`,
			want:   "left of >=:  5|right of >=: 0xffffff8000000000",
		},
		{
			name:   "a value, as in Lua",
			source: `local a = assert(nil or 1 == 1 and 7) assert(a == 8)`,
			want:   "left of ==:  7|right of ==: 8",
		},
		{name: "not of an earlier one", source: `assert(1 == 1) local ok = 2 == 3 assert(ok)`, want: ""},
		{
			name:   "not of one in another function",
			source: `local function g() return pcall(assert, 1 == 2) end g() assert(false)`,
			want:   "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t, newRuntime(t, vm.Config{}), c.source)
			var f *vm.Failure
			if !errors.As(err, &f) {
				t.Fatalf("got error %v, want one with a Failure", err)
			}
			if got := strings.Join(f.DetailLines(), "|"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	err := run(t, newRuntime(t, vm.Config{}), `assert({} < 1)`)
	if err == nil || !strings.Contains(err.Error(), "attempt to compare") {
		t.Errorf("comparing a table with a number gave %v", err)
	}
}

// TestChecks checks that check.* reports to the collector and lets the script go on.
func TestChecks(t *testing.T) {
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out})
	var failures []*vm.Failure
	rt.OnCheck(func(f *vm.Failure) { failures = append(failures, f) })
	err := run(t, rt, `
		print(check.equals(1, 2, "first"))
		print(check.is_true(true))
		check.are.same({1}, {2})
		check.is_not_nil(nil)
		check(1 == 2, "plain")
		print(pcall(check.equals, 1))
		pcall(function() check.has_error(function() end) end)
		print "end"`)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "false\ntrue\nfalse\tbad argument #2 to 'equals' (value expected)\nend\n" {
		t.Errorf("printed %q", got)
	}
	var got []string
	for _, f := range failures {
		got = append(got, f.Assertion)
	}
	if strings.Join(got, " ") != "equals same is_not_nil assert has_error" ||
		failures[0].Line != 2 || failures[2].Line != 5 {
		t.Errorf("collected %v, first at line %d, third at line %d", got, failures[0].Line, failures[2].Line)
	}
	// A limit is not a failed check.
	rt = newRuntime(t, vm.Config{Limits: vm.Limits{Steps: 10_000}})
	rt.OnCheck(func(f *vm.Failure) { t.Errorf("collected %v", f) })
	endless := must(t, `check.has_error(function() while true do end end)`)
	if _, err := rt.Run(context.Background(), endless); !errors.Is(err, vm.ErrSteps) {
		t.Errorf("gave %v", err)
	}
}

// TestCoroutinesNest checks that 200 coroutines may wait for one another.
func TestCoroutinesNest(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	err := run(t, rt, `
		local function nest(n) if n == 0 then return 0 end return 1 + coroutine.wrap(nest)(n - 1) end
		assert(nest(200) == 200 and select(2, pcall(nest, 200)) == 200)
		local function resume(n)
			if n == 0 then return "bottom" end
			return select(2, coroutine.resume(coroutine.create(resume), n - 1))
		end
		assert(resume(200) == "bottom" and resume(300):find "^stack overflow")`)
	if err != nil {
		t.Error(err)
	}
}
