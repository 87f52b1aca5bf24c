// What the library does beyond lua5.1, and the known defects of the packages below it, each closed.

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
			rt := newRuntime(t, vm.Config{Stdout: &out, Stdin: strings.NewReader("first line\n42 0x10\nrest\nof it"), Seed: 7})
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
		{"tonumber reads 64 bits", `print(tonumber("0xffffff8008c5a004"), tonumber("18446744073709551615"), tonumber("9007199254740993"))`,
			"0xffffff8008c5a004\t0xffffffffffffffff\t0x20000000000001"},
		{"tonumber in a base reads 64 bits", `print(tonumber("ffffffffffffffff", 16), tonumber(("1"):rep(64), 2), tonumber("3w5e11264sgsf", 36))`,
			"0xffffffffffffffff\t0xffffffffffffffff\t0xffffffffffffffff"},
		{"what does not fit is no number", `print(tonumber("0x10000000000000000"), tonumber("10000000000000000", 16))`, "nil\tnil"},
		{"a u64 is its own number", `local v = 0xffffffffffffffff print(tonumber(v) == v, tonumber(tostring(v)) == v)`, "true\ttrue"},
		{"small ones are plain", `print(type(tonumber("0x1fffffffffffff")), type(tonumber("0x20000000000000")))`, "number\tuserdata"},
		{"minus wraps as in a program", `print(tonumber("-0xffffffffffffffff"), tonumber("-0x10"), -0xffffffffffffffff)`, "1\t-16\t1"},
		{"formats", `local v = 0xffffff8008c5a004 print(("%x %X %d %u %#x %o"):format(v, v, v, v, v, v))`,
			"ffffff8008c5a004 FFFFFF8008C5A004 18446743524100907012 18446743524100907012 0xffffff8008c5a004 1777777770001061320004"},
		{"formats with widths", `print(("%20x|%-20x|%020x|%.18x"):format(0xffffff8008c5a004, 0xffffff8008c5a004, 0xffffff8008c5a004, 0xffffff8008c5a004))`,
			"    ffffff8008c5a004|ffffff8008c5a004    |0000ffffff8008c5a004|00ffffff8008c5a004"},
		{"%s and .. show the hex", `print(("%s"):format(0xffffff8008c5a004), 0xffffff8008c5a004 .. "!")`, "0xffffff8008c5a004\t0xffffff8008c5a004!"},
		{"%q too", `print(("%q"):format(0xffffff8008c5a004))`, `"0xffffff8008c5a004"`},
		{"%g gives the nearest float", `print(("%.17g"):format(0x8000000000000000))`, "9.2233720368547758e+18"},
		{"floats of the whole range print exactly", `print(("%x %d"):format(2^63, 2^63 + 2048))`, "8000000000000000 9223372036854777856"},
		{"negative ones as two's complement", `print(("%x %X %o"):format(-1, -16, -1))`, "ffffffffffffffff FFFFFFFFFFFFFFF0 1777777777777777777777"},
		{"concat and join", `print(table.concat({0xffffffffffffffff, 1, 0.5}, " "))`, "0xffffffffffffffff 1 0.5"},
		{"floor, max and min take them", `local v = 0xffffffffffffffff print(math.floor(v) == v, math.max(1, v, 5) == v, math.min(v, 3), math.max(v, 2^70) == 2^70)`,
			"true\ttrue\t3\ttrue"},
		{"other functions of math refuse them", `print((select(2, pcall(math.sin, 0xffffffffffffffff))))`,
			"bad argument #1 to 'sin' (number below 2^53 expected, got 0xffffffffffffffff)"},
		{"random in their range", `for i = 1, 100 do local v = math.random(0xfffffffffffffff0, 0xffffffffffffffff) assert(v - 0xfffffffffffffff0 <= 15) end
			print(math.random(0xffffffffffffffff, 0xffffffffffffffff))`, "0xffffffffffffffff"},
		{"keys", `local t = {[0xffffffffffffffff] = 1} print(t[tonumber("0xffffffffffffffff")], rawget(t, bit.bnot(0)), next(t))`, "1\t1\t0xffffffffffffffff\t1"},
	})
}

// TestFormats: what C's printf makes of the corners of each conversion, also where no lua5.1 stands beside us.
func TestFormats(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{"the other form of integers", `print(("%#o %#o %#x %#X %#x"):format(8, 0, 255, 255, 0))`, "010 0 0xff 0XFF 0"},
		{"no digit of zero at precision 0", `print(("[%.0d] [%.0x] [%5.0d] [%+.0d] [%.0d]"):format(0, 0, 0, 0, 1))`, "[] [] [     ] [+] [1]"},
		{"digits before zeros before blanks", `print(("%.3d %08.3d %-8.3d| %+d % d %05d %5d"):format(5, 5, 5, 5, 5, -5, -5))`, "005      005 005     | +5  5 -0005    -5"},
		{"exponents", `print(("%e %E %.0e %#.0e %#.0f %.0f %#.0E"):format(1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1e10))`, "1.500000e+00 1.500000E+00 2e+00 2.e+00 2. 2 1.E+10"},
		{"the shorter of two", `print(("%g %G %.0g %.1g %#.1g %#.0g %#.3g %#g"):format(1e20, 1e-10, 123, 123, 123, 1, 100, 1))`, "1e+20 1E-10 1e+02 1e+02 1.e+02 1. 100. 1.00000"},
		{"where %g changes", `print(("%g %g %g %g %g %g"):format(1e5, 1e6, 999999.5, 0.0001, 0.00001, 0))`, "100000 1e+06 1e+06 0.0001 1e-05 0"},
		{"signs and widths of floats", `print(("%f %10.2f|%-10.2f|%+.1f|% .1f|%010.2f|%+010.2f"):format(0.5, -1.5, 1.5, 1.5, 1.5, -1.5, 1.5))`,
			"0.500000      -1.50|1.50      |+1.5| 1.5|-000001.50|+000001.50"},
		{"what is no finite number", `print(("%f %g %G %e %E %5.1f|%-5f|%05f|%+f"):format(1/0, -1/0, 1/0, 0/0, 0/0, 1/0, 1/0, 1/0, 1/0))`, "inf -inf INF nan NAN   inf|inf  |  inf|+inf"},
		{"parts of text", `print(("%s|%.2s|%5.1s|%-5.1s|%.0s|%.9s"):format("abc", "abc", "abc", "abc", "abc", "abc"))`, "abc|ab|    a|a    ||abc"},
		{"text that is read back", `print((("%q"):format('a\r\n"\\\0z'):gsub("\n", "?")))`, `"a\r\?\"\\\000z"`},
		{"characters", `print(("%c%c|%3c|%-3c|%%"):format(72, 105, 33, 33))`, "Hi|  !|!  |%"},
		{"signs before other bases", `print(tonumber("-ff", 16), tonumber("+10", 2), tonumber("-0x10", 16), tonumber("0x10", 16), tonumber(" 11 ", 2), tonumber("-ffffffffffffffff", 16))`, "-255\t2\t-16\t16\t3\t1"},
		{"what is no number of that base", `print(tonumber("8", 8), tonumber("", 16), tonumber("-", 16), tonumber("--1", 16), tonumber("0x", 16), tonumber("1.5", 16))`, "nil\tnil\tnil\tnil\tnil\tnil"},
		{"zero keeps its sign", `print(1 / tonumber("-0"), 1 / tonumber("0"), 1 / tonumber("-0x0"))`, "-inf\tinf\tinf"},
		{"exponents are read", `print(tonumber("1e+2"), tonumber("1E-2"), tonumber("1e"), tonumber("1e+"), tonumber("."), tonumber("5."), tonumber(".5"), tonumber("1e5x"))`, "100\t0.01\tnil\tnil\tnil\t5\t0.5\tnil"},
	})
}

func TestBit(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{"64 bits wide", `print(bit.band(0xffffff8008c5a007, bit.bnot(7)), bit.bor(0xff00000000000000, 1), bit.bxor(0xffffffffffffffff, 0xff))`,
			"0xffffff8008c5a000\t0xff00000000000001\t0xffffffffffffff00"},
		{"nothing and many", `print(bit.band(), bit.bor(), bit.bxor(), bit.band(15, 7, 3), bit.bor(1, 2, 4))`, "0xffffffffffffffff\t0\t0\t3\t7"},
		{"shifts", `print(bit.lshift(1, 63), bit.rshift(0x8000000000000000, 63), bit.arshift(0x8000000000000000, 63), bit.arshift(0x4000000000000000, 62))`,
			"0x8000000000000000\t1\t0xffffffffffffffff\t1"},
		{"shifts by 64 and more", `print(bit.lshift(1, 64), bit.rshift(-1, 64), bit.arshift(-1, 64), bit.arshift(1, 64), bit.lshift(1, 1e9), bit.rshift(1, 2^60))`,
			"0\t0\t0xffffffffffffffff\t0\t0\t0"},
		{"negative counts go the other way", `print(bit.lshift(16, -4), bit.rshift(1, -4), bit.arshift(1, -4), bit.lshift(1, -64))`, "1\t16\t16\t0"},
		{"negative numbers are two's complement", `print(bit.band(-8, 0xff), bit.bnot(-1), bit.bor(-1, 0))`, "248\t0\t0xffffffffffffffff"},
		{"rotation", `print(bit.rol(0x8000000000000001, 1), bit.ror(1, 1), bit.rol(1, 64), bit.ror(1, -1))`, "3\t0x8000000000000000\t1\t2"},
		{"extract and replace", `print(bit.extract(0x1fe0, 5, 8), bit.extract(0x8000000000000000, 63), bit.replace(0, 0xff, 4, 4), bit.replace(0xff, 0, 0), bit.extract(-1, 0, 64))`,
			"255\t1\t240\t254\t0xffffffffffffffff"},
		{"fields that are not there", `print((select(2, pcall(bit.extract, 1, 60, 8))), (select(2, pcall(bit.extract, 1, -1))), (select(2, pcall(bit.extract, 1, 0, 0))))`,
			"trying to access non-existent bits\tbad argument #2 to 'extract' (field cannot be negative)\tbad argument #3 to 'extract' (width must be positive)"},
		{"tohex of all digits and of more", `print(bit.tohex(0xabcdef, -16), bit.tohex(0xabcdef, -17), bit.tohex(0xabcdef, 17), bit.tohex(0xabcdef, 1), bit.tohex(0xabcdef, 15))`,
			"0000000000ABCDEF\t0000000000ABCDEF\t0000000000abcdef\tf\t000000000abcdef"},
		{"tohex", `print(bit.tohex(255), bit.tohex(255, 4), bit.tohex(0xabcdef, -4), bit.tohex(0xffffff8008c5a004), bit.tohex(1, 0) == "", bit.tohex(-1, 99))`,
			"00000000000000ff\t00ff\tCDEF\tffffff8008c5a004\ttrue\tffffffffffffffff"},
		{"text is read", `print(bit.band("0xff", "15"))`, "15"},
		{"a fraction is refused", `print((select(2, pcall(bit.band, 1.5))))`, "bad argument #1 to 'band' (integer expected, got 1.5)"},
		{"a fraction of a bit too", `print((select(2, pcall(bit.lshift, 1, 1.5))))`, "bad argument #2 to 'lshift' (integer expected, got 1.5)"},
		{"a float that lost its low bits is refused with the right spelling", `print((select(2, pcall(bit.band, 2^63))))`,
			`bad argument #1 to 'band' (9.2233720368548e+18 has lost precision; write the value as a literal (0x8000000000000000), as hw.u64 "0x8000000000000000", or with bit.lshift(1, 63))`},
		{"so is what is no number", `print((select(2, pcall(bit.band, {}))), (select(2, pcall(bit.band, 0/0))), (select(2, pcall(bit.bnot))))`,
			"bad argument #1 to 'band' (number expected, got table)\tbad argument #1 to 'band' (integer expected, got nan)\tbad argument #1 to 'bnot' (number expected, got no value)"},
	})
}

// TestLibraryDefects: what gopher-lua's own library does wrong (notes L3, L4, L6, L8, L9, L13, L19 to L23, L25).
func TestLibraryDefects(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{"L3 tonumber", `print(tonumber("1e3"), tonumber("0x20", 16), tonumber("ffff", 16))`, "1000\t32\t65535"},
		{"L4 format", `print(("%u %q %g"):format(7, "a\nb", 1e20), pcall(string.format, "%d", "x"), pcall(string.format, "%s"), pcall(string.format, "%T", 1))`,
			"7 \"a\\\nb\" 1e+20\tfalse\tfalse\tfalse\tinvalid option '%T' to 'format'"},
		{"L6 yield across pcall", `local co = coroutine.wrap(function() local ok, v = pcall(function() local v = coroutine.yield(1) error("e" .. v, 0) end) coroutine.yield(v) return "end" end) print(co(), co(2), co())`,
			"1\te2\tend"},
		{"L6 yield across a metamethod", `local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end, __add = function() return coroutine.yield("add") end})
			local co = coroutine.wrap(function() return t.x, t + 1 end) print(co(), co(5), co(6))`, "x\tadd\t5\t6"},
		{"L6 yield across an iterator, sort and gsub", `local co = coroutine.wrap(function()
				for i in function(_, i) return coroutine.yield("iter") end do break end
				table.sort({1, 2}, function(a, b) coroutine.yield("sort") return a < b end)
				return (("ab"):gsub(".", function(c) return coroutine.yield(c) end))
			end)
			local r = {} for i = 1, 6 do r[#r + 1] = tostring(co(i)) end print(table.concat(r, " "))`, "iter sort sort a b 56"},
		{"L6 yield across xpcall, load and tostring", `local co = coroutine.wrap(function()
				local _, v = xpcall(coroutine.yield, error, "x")
				local s = tostring(setmetatable({}, {__tostring = function() return coroutine.yield("str") end}))
				local f = load(coroutine.wrap(function() coroutine.yield("return 7") end))
				return v, s, f()
			end) print(co(), co(1), co("text"))`, "x\tstr\t1\ttext\t7"},
		{"L6 yield in a message handler", `local co = coroutine.wrap(function() return xpcall(error, function(m) return coroutine.yield("in handler") end, "m") end) print(co(), co("done"))`,
			"in handler\tfalse\tdone"},
		{"L8 L9 rep is guarded", `print(pcall(string.rep, "x", 1e11), pcall(string.rep, "x", 1e19))`, "false\tfalse\tresulting string too large"},
		{"L13 long lists", `local t = {} for i = 1, 50000 do t[i] = "x" end print(#table.concat(t), select("#", unpack(t)))`, "50000\t50000"},
		{"L13 too long lists", `print(pcall(unpack, {}, 1, 1e7))`, "false\ttoo many results to unpack"},
		{"L18 errors name the function by its name", `print((select(2, pcall(function() string.rep() end))), (select(2, pcall(function() ("x"):rep({}) end))), (select(2, pcall(function() local s = string s.rep("x", {}) end))))`,
			"test.lua:1: bad argument #1 to 'rep' (string expected, got no value)\ttest.lua:1: bad argument #1 to 'rep' (number expected, got table)\ttest.lua:1: bad argument #2 to 'rep' (number expected, got table)"},
		{"L19 what was missing is there", `print(collectgarbage("count") > 0, load("return 1")(), #table.pack(1, 2), (("THE (quick)"):find("%f[%a]%a+")))`, "true\t1\t2\t1"},
		{"L19 numbers print as in C", `print(0/0 ~= 0/0 and tostring(0/0), 1/0, -1/0, 1e100, 0.1, 1/3)`, "nan\tinf\t-inf\t1e+100\t0.1\t0.33333333333333"},
		{"L19 a wrong order is found", `print(pcall(table.sort, {3, 1, 2, 3, 1}, function() return true end))`, "false\tinvalid order function for sorting"},
		{"L21 random is seeded", `local a = {} for i = 1, 5 do a[i] = math.random(1000) end math.randomseed(7) for i = 1, 5 do assert(a[i] == math.random(1000)) end math.randomseed(8) print(math.random(1000) == a[1])`, "false"},
		{"L22 the doors are shut", `print(os.exit, os.execute, io.popen, os.remove, newproxy, channel, _printregs, module, string.dump, debug.getregistry)`,
			"nil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\tnil"},
		{"L23 ten thousand coroutines", `local t = {} for i = 1, 10000 do t[i] = coroutine.wrap(function() coroutine.yield(i) return -i end) t[i]() end local s = 0 for i = 1, 10000 do s = s + t[i]() end print(s)`, "-50005000"},
		{"variables that are shared stay shared after a caught error", `local x = 1 local get = function() return x end pcall(error, "e") x = 2 print(get())
			local keep pcall(function() local y = 5 keep = function() y = y + 1 return y end error("e") end) local a, b, c = 0, 0, 0 print(keep(), keep(), a)`, "2\n6\t7\t0"},
		{"tostring numbers what it meets", `local a, b = {}, function() end print(a, b, print, a, coroutine.create(b), io.stdout)`,
			"table: 0x00000001\tfunction: 0x00000002\tfunction: 0x00000003\ttable: 0x00000001\tthread: 0x00000004\tfile (0x00000005)"},
		{"pairs goes in the order of insertion, and survives removal", `local t = {z = 1, a = 2, m = 3} t.b = 4 for k, v in pairs(t) do io.write(k, v, " ") t[k] = nil end print(next(t))`, "z1 a2 m3 b4 nil"},
		{"the library's own tables are in order", `local n = 0 for k in pairs(string) do n = n + 1 if n <= 3 then io.write(k, " ") end end print(n)`, "byte char find 13"},
	})
}

func TestCoroutines(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{"values both ways", `local co = coroutine.create(function(...) local a = {coroutine.yield(select("#", ...), ...)} return #a, unpack(a) end)
			print(coroutine.resume(co, 1, nil, 3)) print(coroutine.resume(co, 4, 5)) print(coroutine.resume(co)) print(coroutine.status(co))`,
			"true\t3\t1\tnil\t3\ntrue\t2\t4\t5\nfalse\tcannot resume dead coroutine\ndead"},
		{"status from every side", `local co co = coroutine.create(function() local inner = coroutine.create(function() return coroutine.status(co) end) return coroutine.status(co), select(2, coroutine.resume(inner)) end)
			print(coroutine.status(co), coroutine.resume(co))`, "suspended\ttrue\trunning\tnormal"},
		{"running and isyieldable", `print(coroutine.running(), coroutine.isyieldable()) local co co = coroutine.create(function() return coroutine.running() == co, coroutine.isyieldable() end) print(coroutine.resume(co))`,
			"nil\tfalse\ntrue\ttrue\ttrue"},
		{"it cannot resume itself", `local co co = coroutine.create(function() return coroutine.resume(co) end) print(coroutine.resume(co))`, "true\tfalse\tcannot resume running coroutine"},
		{"nor whoever waits for it", `local a, b a = coroutine.create(function() return coroutine.resume(b) end) b = coroutine.create(function() return coroutine.resume(a) end) print(coroutine.resume(a))`,
			"true\ttrue\tfalse\tcannot resume normal coroutine"},
		{"wrap of a dead one raises", `local f = coroutine.wrap(function() end) f() print(pcall(f))`, "false\tcannot resume dead coroutine"},
		{"an error object stays itself", `local e = {} local co = coroutine.create(function() error(e) end) print(select(2, coroutine.resume(co)) == e) print(select(2, pcall(coroutine.wrap(function() error(e) end))) == e)`, "true\ntrue"},
		{"a yield outside says so", `print(pcall(coroutine.yield, 1))`, "false\tattempt to yield from outside a coroutine"},
		{"a wrapped yield as a function of others", `local co = coroutine.wrap(function() return pcall(coroutine.yield, "a") end) print(co(), co("b"))`, "a\ttrue\tb"},
		{"deep in recursion", `local function deep(n) if n == 0 then coroutine.yield("bottom") return 0 end return 1 + deep(n - 1) end local co = coroutine.wrap(function() return deep(3000) end) print(co(), co())`, "bottom\t3000"},
		{"an overflow inside is an error, and the rest goes on", `local co = coroutine.create(function() local function f() return 1 + f() end return f() end) local ok, e = coroutine.resume(co) print(ok, e:match("stack overflow"), coroutine.status(co))`, "false\tstack overflow\tdead"},
		{"closures outlive their coroutine", `local get, set local co = coroutine.wrap(function() local v = 1 get = function() return v end set = function(x) v = x end coroutine.yield() v = v + 10 end) co() set(5) co() print(get())`, "15"},
		{"a generator left in the middle", `for i in coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end) do if i == 3 then print(i) break end end`, "3"},
		{"producer, filter, consumer", `local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
			local function filter(p, g) return coroutine.wrap(function() for x in g do if p(x) then coroutine.yield(x) end end end) end
			local out = {} for x in filter(function(x) return x % 3 == 0 end, filter(function(x) return x % 2 == 0 end, gen(30))) do out[#out + 1] = x end print(table.concat(out, " "))`, "6 12 18 24 30"},
		{"many nested ones are an error, not a crash", `local function f(n) return coroutine.wrap(function() return f(n + 1) end)() end local ok, e = pcall(f, 1) print(ok, tostring(e):match("stack overflow"))`, "false\tstack overflow"},
	})
}

func TestDebug(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{"where a function runs", `local function f() local i = debug.getinfo(1) return i.currentline, i.short_src, i.what, i.name, i.func end print(f())`, "1\ttest.lua\tLua\tf\tnil"},
		{"the caller", "local function f()\n  return debug.getinfo(2, 'l').currentline\nend\nlocal x = f()\nprint(x)", "4"},
		{"functions", `print(debug.getinfo(print).what, debug.getinfo(print, "S").short_src, debug.getinfo(function() end, "S").linedefined)`, "C\t[C]\t1"},
		{"nobody", `print(debug.getinfo(50), debug.getinfo(-1))`, "nil\tnil"},
		{"what is not handed out", `print((select(2, pcall(debug.getinfo, 1, "f"))))`, "bad argument #2 to 'getinfo' (what 'f' is not shown here; known: S l n u)"},
		{"a traceback where the error was raised", `local function bad() local x = nil; return x.y end
			local _, m = xpcall(bad, debug.traceback) print((m:gsub("\n%s*", "|")))`,
			"test.lua:1: attempt to index local 'x' (a nil value)|stack traceback:|test.lua:1: in function <test.lua:1>|[Go]: in function 'xpcall'|test.lua:2: in main chunk"},
		{"what is no text stays", `local t = {} print(debug.traceback(t) == t, debug.traceback("m", 1):match("^m\nstack traceback:") ~= nil)`, "true\ttrue"},
	})
}

func TestIO(t *testing.T) {
	checkOutput(t, []struct{ name, source, want string }{
		{"write gives true and takes numbers", `print(io.write("a", 1, 2.5, 0xffffffffffffffff, "\n"))`, "a12.50xffffffffffffffff\ntrue"},
		{"read", `print(io.read()) print(io.read("*n", "*n")) print(io.read(1) == "\n", io.read(3), io.read("*l"), io.read("*a")) print(io.read(), io.read("*a") == "", io.read(0))`,
			"first line\n42\t16\ntrue\tres\tt\tof it\nnil\ttrue\tnil"},
		{"lines", `local n = 0 for l in io.lines() do n = n + 1 end print(n)`, "4"},
		{"methods of the streams", `print(io.stdout:write("x"), io.stdin:read("*l"), io.type(io.stdin), io.type(5), io.stdout:flush(), io.stdout:setvbuf("no"))`, "xtrue\tfirst line\tfile\tnil\ttrue\ttrue"},
		{"the streams stay open", `print(io.stdout:close())`, "nil\ta standard stream stays open"},
		{"no files", `print(io.open, pcall(io.lines, "/etc/passwd"))`, "nil\tfalse\tbad argument #1 to 'lines' (no files here: without --allow fs (Config.Allow.FS) only the standard input can be read)"},
		{"no clock", `print(os.clock, (pcall(os.time)), (select(2, pcall(os.date))), os.time{year = 2020, month = 1, day = 1, hour = 0}, os.date("%Y-%m-%d", 0))`,
			"nil\tfalse\tbad argument #1 to 'date' (give a time: the host's clock is not allowed (set --allow clock, Config.Allow.Clock))\t1577836800\t1970-01-01"},
	})
}

func TestHostDoors(t *testing.T) {
	dir := t.TempDir()
	var out, stderr bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out, Stderr: &stderr, Allow: vm.Allow{FS: true, Env: true, Exec: true, Clock: true, Exit: true}})
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
		f = assert(io.open(name)) print(f:read("*l"), f:seek("cur"), f:seek("set", 1), f:read(2), f:seek("end")) f:close()
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
nil	` + dir + `/none/x: no such file or directory
nil	invalid mode 'q'; known: r w a r+ w+ a+
nil	` + dir + `/x.txt: no such file or directory
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
		t.Errorf("os.exit(7) under pcall gave %v", err)
	}
}

// TestSeeds: each runtime draws its own numbers, the same for the same seed.
func TestSeeds(t *testing.T) {
	draw := func(seed uint64) string {
		var out bytes.Buffer
		rt := newRuntime(t, vm.Config{Stdout: &out, Seed: seed})
		if err := run(t, rt, `for i = 1, 20 do io.write(math.random(1e6), " ", math.random(), " ") end`); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, again := draw(1), draw(1)
	if again != first || first == draw(2) || first == draw(0) {
		t.Error("seeds do not decide what is drawn")
	}
	// Every value of a small range comes, about as often as the others.
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out})
	if err := run(t, rt, `local n = {} for i = 1, 60000 do local v = math.random(6) n[v] = (n[v] or 0) + 1 end for i = 1, 6 do assert(n[i] > 9500 and n[i] < 10500, n[i]) end assert(n[0] == nil and n[7] == nil)`); err != nil {
		t.Error(err)
	}
}

func TestAssertions(t *testing.T) {
	good := []string{
		`assert.equals(1, 1) assert.equals("a", "a") assert.equals(nil, nil) assert.equals(0xffffffffffffffff, bit.bnot(0))`,
		`assert.equal(1, 1) assert.are.equal(1, 1) assert.are.equals(1, 1) assert.is.equal(1, 1) assert.are_equal(1, 1)`,
		`assert.same({1, {2, a = 3}}, {1, {2, a = 3}}) assert.are.same({}, {}) local t = {} t.t = t local u = {} u.t = u assert.same(t, u)`,
		`assert.is_not.equals(1, 2) assert.are_not.equal(1, "1") assert.are_not.same({1}, {2}) assert.not_equals(1, 2) assert.Not.equals(1, 2) assert.is_not_same({1}, {1, 2}) assert.are["not"].equal(1, 2)`,
		`assert.is_true(true) assert.True(true) assert.is.True(true) assert.is_false(false) assert.is_nil(nil) assert.is_not_nil(0) assert.is.not_nil(1) assert.is_not_true(1)`,
		`assert.is_truthy(0) assert.truthy("") assert.is_falsy(nil) assert.falsy(false) assert.is_not.truthy(nil) assert.is_not_falsy(1)`,
		`assert.near(1, 1.05, 0.1) assert.near(0xffffffffffffffff, 0xfffffffffffffffe, 1) assert.is_not.near(1, 2, 0.5) assert.near(0x20000000000000, 0x1fffffffffffff, 1)`,
		`assert.matches("b+", "abbc") assert.matches("^%d+$", 123) assert.is_not.matches("x", "abc") assert.has.match("c$", "abc")`,
		`assert.has_error(function() error("boom") end) assert.has_error(function() error("boom") end, "boom") assert.has.errors(function() error({1}) end, {1}) assert.error(function() error() end)`,
		`assert.has_no_error(function() end) assert.has_no.errors(function() end) assert.has_no.error(function() return 1 end) assert.error_matches(function() error("a 12") end, "%d+")`,
		`assert.is_string("x") assert.is_number(1) assert.is_table({}) assert.is_function(print) assert.is.boolean(true) assert.is_userdata(0xffffffffffffffff) assert.is_not.string(1)`,
		`assert.Is_True(true) assert.has.No.Error(function() end) assert.are.Not.Equal(1, 2) assert.is_not.Nil(1) assert.is.Function(print) assert.Has.Error(error)`,
		`local a, b = assert(1, 2) assert(a == 1 and b == 2)`,
		`assert(assert.equals(5, 5) == 5) assert(assert.is_not_nil("v") == "v") assert(assert.has_error(function() error("e", 0) end) == "e")`,
		`local ok = check.equals(1, 1) assert(ok) check.is.equal(2, 2) check(true)`,
	}
	for _, source := range good {
		if err := run(t, newRuntime(t, vm.Config{}), source); err != nil {
			t.Errorf("%s\n%v", source, err)
		}
	}
	bad := []struct{ name, source, want string }{
		{"equals", `assert.equals(1, 2)`, "assert.equals failed\n  expected: 1\n  found:    2"},
		{"a message", `assert.equals(1, 2, "the count")`, "the count (assert.equals)\n  expected: 1\n  found:    2"},
		{"what prints the same", `assert.equals(1, "1")`, "assert.equals failed\n  expected: 1\n  found:    \"1\""},
		{"two tables", `assert.equals({}, {})`, "assert.equals failed\n  expected: {} (table: 0x00000001)\n  found:    {} (table: 0x00000002)"},
		{"u64", `assert.are.equal(0xffffff8008c5a004, 0xffffff8008c5a005)`, "assert.equal failed\n  expected: 0xffffff8008c5a004\n  found:    0xffffff8008c5a005"},
		{"same", `assert.same({a = 1, b = {x = 1}, c = 3}, {a = 1, b = {x = 2}, d = 4})`,
			"assert.same failed\n  expected: { a = 1, b = { x = 1 }, c = 3 }\n  found:    { a = 1, b = { x = 2 }, d = 4 }\n  .b.x: expected 1, found 2\n  .c: expected 3, found nil\n  .d: expected nothing, found 4"},
		{"same, a list", `assert.same({1, 2, 3}, {1, 2})`, "assert.same failed\n  expected: { 1, 2, 3 }\n  found:    { 1, 2 }\n  [3]: expected 3, found nil"},
		{"not equals", `assert.are_not.equals(1, 1)`, "assert.is_not equals failed\n  expected: not 1\n  found:    1"},
		{"is_true", `assert.is_true(1)`, "assert.is_true failed\n  expected: true\n  found:    1"},
		{"is_not_nil", `assert.is_not_nil(nil, "no event")`, "no event (assert.is_not_nil)\n  expected: not nil\n  found:    nil"},
		{"near", `assert.near(1, 2, 0.5)`, "assert.near failed\n  expected: within 0.5 of 1\n  found:    2"},
		{"near of no number", `assert.near(1, nil, 0.5)`, "assert.near failed\n  expected: within 0.5 of 1\n  found:    nil"},
		{"matches", `assert.matches("%d", "abc")`, "assert.matches failed\n  expected: a match of \"%d\"\n  found:    \"abc\""},
		{"matches of nil", `assert.matches("%d", nil)`, "assert.matches failed\n  expected: a match of \"%d\"\n  found:    nil"},
		{"has_error", `assert.has_error(function() return 5 end)`, "assert.has_error failed\n  expected: an error\n  found:    no error"},
		{"another error", `assert.has_error(function() error("a", 0) end, "b")`, "assert.has_error failed\n  expected: error \"b\"\n  found:    \"a\""},
		{"has_no_error", `assert.has_no_error(function() error("a", 0) end)`, "assert.has_no_error failed\n  expected: no error\n  found:    \"a\""},
		{"has_no_error with a message", `assert.has_no_error(function() error("a", 0) end, "it is quiet")`, "it is quiet (assert.has_no_error)\n  expected: no error\n  found:    \"a\""},
		{"has_error with a message", `assert.has_error(function() end, nil, "it is loud")`, "it is loud (assert.has_error)\n  expected: an error\n  found:    no error"},
		{"a word that there is not", `assert.equlas(1, 1)`, "unknown assertion 'equlas'; did you mean 'equals'?"},
		{"nor without its underscore", `assert.is.True(true) assert.Is_True(true) assert.isTrue(true)`, "unknown assertion 'isTrue'; did you mean 'is_true'?"},
		{"nor in a chain", `assert.is_not.sme(1, 1)`, "unknown assertion 'sme'; did you mean 'same'?"},
		{"an argument that is missing", `assert.equals(1)`, "bad argument #2 to 'equals' (value expected)"},
		{"has_error of no function", `assert.has_error(5)`, "bad argument #1 to 'has_error' (function expected, got number)"},
		{"check without a collector", `check.equals(1, 2)`, "assert.equals failed\n  expected: 1\n  found:    2"},
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

// TestFailures: a runner finds the assertion in the error, whatever it went through.
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
		Asserts: map[string]lua.LGFunction{"quiet": func(L *lua.LState) int {
			vm.Fail(L, &vm.Failure{Assertion: "quiet", Expected: vm.Side{Words: "silence"}, Found: vm.Side{Words: "noise"}, Details: []string{"reg  found", "WCR0 0x1e5"}})
			return 0
		}},
	}
	get := func(t *testing.T, source string) (*vm.Failure, error) {
		rt := newRuntime(t, vm.Config{Modules: []vm.Module{board}})
		err := run(t, rt, source)
		var f *vm.Failure
		if !errors.As(err, &f) {
			t.Fatalf("no Failure in %v", err)
		}
		return f, err
	}
	f, _ := get(t, "\n\nassert.equals(1, 2, 'm')")
	if f.Assertion != "equals" || f.Expected.String() != "1" || f.Found.String() != "2" || f.Message != "m" || f.Script != "test.lua" || f.Line != 3 {
		t.Errorf("%+v", f)
	}
	f, err := get(t, "local x = 1\nassert.quiet()")
	if f.Line != 2 || f.Expected.String() != "silence" || !strings.Contains(err.Error(), "WCR0 0x1e5") {
		t.Errorf("%+v %v", f, err)
	}
	f, err = get(t, "assert(board.register())")
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(f, syscall.ENOSPC) || f.Assertion != "assert" || f.Message != refused.Error() {
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

// TestBothSides: a plain assert of a comparison shows what was compared.
func TestBothSides(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"equal", `local function f() return 5 end assert(f() == 6)`, "left of ==:  5|right of ==: 6"},
		{"with a message", `assert("a" ~= "a", "same")`, `left of ~=:  "a"|right of ~=: "a"`},
		{"order", `local t = {1, 2} assert(#t > 5)`, "left of >:  2|right of >: 5"},
		{"at most", `assert(7 <= 6)`, "left of <=:  7|right of <=: 6"},
		{"u64", `local x = 0xffffff8008c5a004 assert(x + 1 == x)`, "left of ==:  0xffffff8008c5a005|right of ==: 0xffffff8008c5a004"},
		{"metamethods", `local mt = {__le = function() return false end, __tostring = function() return "obj" end} local a, b = setmetatable({}, mt), setmetatable({}, mt) assert(a <= b)`, "left of <=:  obj|right of <=: obj"},
		{"not of an earlier one", `assert(1 == 1) local ok = 2 == 3 assert(ok)`, ""},
		{"not of one in another function", `local function g() return pcall(assert, 1 == 2) end g() assert(false)`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t, newRuntime(t, vm.Config{}), c.source)
			var f *vm.Failure
			if !errors.As(err, &f) {
				t.Fatalf("no Failure in %v", err)
			}
			if got := strings.Join(f.Details, "|"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	err := run(t, newRuntime(t, vm.Config{}), `assert({} < 1)`)
	if err == nil || !strings.Contains(err.Error(), "attempt to compare") {
		t.Errorf("comparing a table with a number gave %v", err)
	}
}

// TestChecks: check.* tells the collector and goes on.
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
	if strings.Join(got, " ") != "equals same is_not_nil assert has_error" || failures[0].Line != 2 || failures[2].Line != 5 {
		t.Errorf("collected %v, first at line %d, third at line %d", got, failures[0].Line, failures[2].Line)
	}
	// A limit is no failed check.
	rt = newRuntime(t, vm.Config{Limits: vm.Limits{Steps: 10_000}})
	rt.OnCheck(func(f *vm.Failure) { t.Errorf("collected %v", f) })
	if _, err := rt.Run(context.Background(), must(t, `check.has_error(function() while true do end end)`)); !errors.Is(err, vm.ErrSteps) {
		t.Errorf("gave %v", err)
	}
}
