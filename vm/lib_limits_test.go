// Limits hold inside every library function.

package vm_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// hostileLibrary lists scripts that spend all their time or memory inside one library function.
var hostileLibrary = []struct{ name, source string }{
	{name: "rep", source: `local s = ("x"):rep(3e9)`},
	{name: "rep beyond every integer", source: `local s = ("x"):rep(1e19)`},
	{name: "rep of a long string", source: `local s = ("x"):rep(1e6) s = s:rep(1e5)`},
	{name: "rep in a loop that is caught", source: `while true do pcall(string.rep, "x", 1e10) end`},
	{name: "find that backtracks", source: `(("a"):rep(30000)):find(".-.-.-.-b")`},
	{name: "match that backtracks", source: `(("a"):rep(200)):match(("a?"):rep(200) .. ("a"):rep(201))`},
	{name: "match with captures", source: `(("a"):rep(3000)):match("(.-)(.-)(.-)(.-)(.-)b")`},
	{name: "gmatch that backtracks", source: `for x in (("a"):rep(20000)):gmatch(".-.-.-b") do end`},
	{name: "gsub that backtracks", source: `(("a"):rep(20000)):gsub(".-.-.-b", "")`},
	{
		name:   "gsub with a function for ever",
		source: `(("a"):rep(1e6)):gsub(".", function() for i = 1, 1e9 do end end)`,
	},
	{name: "gsub that grows", source: `local s = "xxxxxxxxxx" while true do s = s:gsub(".", "%0%0%0%0") end`},
	{name: "gsub with a long replacement", source: `(("a"):rep(1e5)):gsub("a", ("b"):rep(1e5))`},
	{
		name:   "balance",
		source: `(("("):rep(1e5)):find("%b()") for i = 1, 1e5 do (("("):rep(1e5)):gsub("%b()", "") end`,
	},
	{name: "back references", source: `local s = ("a"):rep(1e4) s:find("(.*)%1b")`},
	{name: "plain find for ever", source: `local s = ("a"):rep(1e6) while true do s:find("b", 1, true) end`},
	{
		name: "concat",
		source: `local t = {} for i = 1, 1000 do t[i] = ("x"):rep(1000) end while true do t[1] = ` +
			`table.concat(t) end`,
	},
	{
		name: "concat with a long separator",
		source: `local t = {} for i = 1, 1000 do t[i] = i end while true do table.concat(t, ` +
			`("x"):rep(1e5)) end`,
	},
	{
		name: "format widths",
		source: `local t = {} while true do t[#t + 1] = ("%99d"):rep(1000):gsub("%%99d", function() ` +
			`return ("%99d"):format(1) end) end`,
	},
	{
		name: "format of a long string",
		source: `local s, t = ("x"):rep(1e6), {} while true do t[#t + 1] = ("%s%s%s%s"):format(s, s, s, ` +
			`s) end`,
	},
	{
		name:   "format quotes",
		source: `local s, t = ("\0"):rep(1e6), {} while true do t[#t + 1] = ("%q"):format(s) end`,
	},
	{
		name: "sort with an order that loops",
		source: `local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() while true do ` +
			`end end)`,
	},
	{
		name: "sort for ever",
		source: `local t = {} for i = 1, 1e5 do t[i] = -i end while true do table.sort(t, function(a, ` +
			`b) return a < b end) table.sort(t, function(a, b) return a > b end) end`,
	},
	{
		name: "sort of a million",
		source: `local t = {} for i = 1, 3e5 do t[i] = -i end while true do table.sort(t) for i = 1, ` +
			`3e5 do t[i] = -t[i] end end`,
	},
	{name: "insert at the front", source: `local t = {} while true do table.insert(t, 1, 0) end`},
	{
		name:   "insert below the first",
		source: `local t = {} for i = 1, 1000 do t[i] = i end while true do table.insert(t, -1e9, 0) end`,
	},
	{name: "insert far away", source: `while true do table.insert({}, 6e7, 0) end`},
	{name: "rawset far away", source: `local k = {} for i = 1, 1e6 do k[i] = {} rawset(k[i], 6e7, 0) end`},
	{
		name: "remove from the front",
		source: `local t = {} for i = 1, 1e5 do t[i] = i end while true do table.insert(t, ` +
			`table.remove(t, 1)) end`,
	},
	{name: "unpack", source: `while true do pcall(unpack, {}, 1, 1e8) pcall(unpack, {}, 1, 9e4) end`},
	{name: "unpack of everything", source: `unpack({}, -2^53, 2^53)`},
	{name: "byte", source: `local s = ("x"):rep(1e6) while true do pcall(string.byte, s, 1, -1) end`},
	{
		name: "char",
		source: `local t = {} for i = 1, 5e4 do t[i] = 65 end local all = {} while true do all[#all + ` +
			`1] = string.char(unpack(t)) end`,
	},
	{
		name:   "select",
		source: `local function f(...) while true do select(2, ...) end end f(unpack({}, 1, 9e4))`,
	},
	{
		name: "upper, lower, reverse",
		source: `local s, t = ("x"):rep(1e6), {} while true do t[#t + 1] = s:upper() .. s:lower() .. ` +
			`s:reverse() end`,
	},
	{name: "sub for ever", source: `local s, t = ("x"):rep(1e6), {} while true do t[#t + 1] = s:sub(2) end`},
	{name: "tostring", source: `local t = {} while true do t[#t + 1] = tostring({}) end`},
	{
		name:   "tostring that loops",
		source: `tostring(setmetatable({}, {__tostring = function() while true do end end}))`,
	},
	{name: "print", source: `local s = ("x"):rep(1e5) while true do print(s, s, s, s) end`},
	{
		name: "next over nothing",
		source: `local t = {} for i = 1, 1e5 do t["k" .. i] = 1 end for k in pairs(t) do t[k] = nil end ` +
			`while true do next(t) end`,
	},
	{
		name:   "load in a loop",
		source: `local t = {} while true do t[#t + 1] = loadstring("return " .. #t) end`,
	},
	{name: "load from an endless reader", source: `load(function() return "x = 1; " end)`},
	{
		name:   "load of what nests",
		source: `while true do loadstring("return " .. ("("):rep(150) .. "1" .. (")"):rep(150)) end`,
	},
	{
		name: "coroutines that never end",
		source: `local t = {} while true do t[#t + 1] = coroutine.wrap(function() coroutine.yield() ` +
			`end) t[#t]() end`,
	},
	{
		name:   "coroutines that nobody holds",
		source: `while true do coroutine.wrap(function() coroutine.yield() end)() end`,
	},
	{
		name:   "coroutines in coroutines",
		source: `local function f() return coroutine.wrap(f)() end while true do pcall(f) end`,
	},
	{
		name:   "a coroutine that loops",
		source: `coroutine.wrap(function() pcall(function() while true do end end) end)()`,
	},
	{
		name:   "a coroutine that catches",
		source: `coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()`,
	},
	{
		name: "wrap in a gsub in a sort",
		source: `table.sort({3, 2, 1}, function(a, b) ("x"):gsub("x", coroutine.wrap(function() while ` +
			`true do end end)) end)`,
	},
	{name: "pcall for ever", source: `while true do pcall(function() while true do end end) end`},
	{name: "xpcall with a handler for ever", source: `xpcall(error, function() while true do end end)`},
	{
		name:   "xpcall in its handler",
		source: `local function h() return xpcall(error, h) end while true do h() end`,
	},
	{name: "error in a loop", source: `while true do pcall(error, ("x"):rep(1e5)) end`},
	{
		name:   "deep recursion, caught",
		source: `local function f() return 1 + f() end while true do pcall(f) end`,
	},
	{name: "recursion through pcall", source: `local function f() pcall(f) pcall(f) end f()`},
	{
		name:   "recursion through gsub",
		source: `local function f() ("x"):gsub("x", f) ("x"):gsub("x", f) end f()`,
	},
	{
		name: "recursion through a metamethod",
		source: `local t = setmetatable({}, {__index = function(t, k) return t[k .. "x"] end}) while ` +
			`true do pcall(function() return t.x end) end`,
	},
	{
		name: "same of what is deep",
		source: `local function deep(n) local t = {} local at = t for i = 1, n do at.x = {} at = at.x ` +
			`end return t end while true do pcall(assert.same, deep(5000), deep(5000)) end`,
	},
	{
		name: "same of what is wide",
		source: `local a, b = {}, {} for i = 1, 2e4 do a[i] = {i} b[i] = {i} end while true do ` +
			`assert.same(a, b) end`,
	},
	{name: "has_error that never ends", source: `assert.has_error(function() while true do end end)`},
	{name: "checks that never end", source: `while true do pcall(check.equals, 1, 2) end`},
	{
		name: "show of a great table",
		source: `local t = {} for i = 1, 1e5 do t[i] = {i, {i}} end while true do pcall(assert.is_nil, ` +
			`t) end`,
	},
	{name: "assert.matches that backtracks", source: `assert.matches(".-.-.-.-b", ("a"):rep(30000))`},
	{
		name:   "collectgarbage",
		source: `local t = {} for i = 1, 1e5 do t[i] = {} end while true do collectgarbage() end`,
	},
	{name: "rep of nothing much, for ever", source: `while true do ("ab"):rep(10):upper():find("B") end`},
	{name: "math.random", source: `while true do math.random(1, 1e9) end`},
	{
		name:   "tonumber of much",
		source: `local s = ("1"):rep(1e6) while true do tonumber(s) tonumber(s, 36) end`,
	},
	{
		name: "setmetatable cycles",
		source: `local t = {} setmetatable(t, t) t.__index = t while true do pcall(function() return ` +
			`t.x end) end`,
	},
	{
		name: "traceback",
		source: `local function f(n) if n == 0 then while true do debug.traceback() end end return 1 + ` +
			`f(n - 1) end f(5000)`,
	},
	{name: "the reader of load", source: `load(function() while true do end end)`},
	{name: "date", source: `while true do os.date(("%c"):rep(10000), 0) end`},
	{name: "foreach", source: `table.foreach({1}, function() while true do end end)`},
	{
		name:   "maxn",
		source: `local t = {} for i = 1, 1e5 do t[i + 0.5] = i end while true do table.maxn(t) end`,
	},
}

func isLimit(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, vm.ErrMemory) ||
		errors.Is(err, vm.ErrSteps)
}

// TestLibraryLimits runs each script until a deadline of 50 ms or its memory limit stops it.
func TestLibraryLimits(t *testing.T) {
	for _, c := range hostileLibrary {
		t.Run(c.name, func(t *testing.T) {
			rt := newRuntime(t, vm.Config{Limits: vm.Limits{Memory: 32 << 20}})
			ctx, cancel := context.WithTimeout(context.Background(), hostileDeadline)
			defer cancel()
			defer guard(c.name)()
			if _, err := rt.Run(ctx, must(t, c.source)); !isLimit(err) && !isBound(err) {
				t.Errorf("ended with %v, want a limit", err)
			}
			if _, err := rt.Run(context.Background(), must(t, "return 1")); err != nil {
				t.Errorf("the next run: %v", err)
			}
		})
	}
}

// isBound reports whether err is an ordinary error that bounds what one call may do.
func isBound(err error) bool {
	for _, text := range []string{"too many results", "pattern too complex", "stack overflow"} {
		if err != nil && strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func must(t testing.TB, source string) *vm.Program {
	t.Helper()
	p, err := vm.Compile("test.lua", source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLibrarySteps stops the same scripts by a step limit, at the same step every time, unless they
// use up their memory first.
func TestLibrarySteps(t *testing.T) {
	for _, c := range hostileLibrary {
		t.Run(c.name, func(t *testing.T) {
			var first string
			for range 2 {
				rt := newRuntime(t, vm.Config{Limits: vm.Limits{Steps: 100_000, Memory: 32 << 20}})
				ctx, cancel := context.WithTimeout(context.Background(), hang)
				_, err := rt.Run(ctx, must(t, c.source))
				cancel()
				if err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("ended with %v, want a limit", err)
				}
				if first == "" {
					first = err.Error()
				} else if err.Error() != first {
					t.Fatalf("ended with %q, then with %q, want the same error", first, err)
				}
			}
		})
	}
}

// TestCoroutinesEnd checks that closing a runtime ends the goroutines of its suspended coroutines.
func TestCoroutinesEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	rt, err := vm.New(vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t, rt, `
		local yield = coroutine.yield
		local ways = {
			function() pcall(function() yield() error("never") end) end,
			function() xpcall(error, function() yield() end) end,
			function() while true do pcall(pcall, yield) end end,
			function() ("abc"):gsub(".", yield) end,
			function() table.sort({3, 2, 1}, yield) end,
			function() return setmetatable({}, {__index = yield}).x end,
			function() tostring(setmetatable({}, {__tostring = yield})) end,
			function() for x in yield do end end,
			function() load(yield) end,
			function() coroutine.wrap(function() coroutine.wrap(yield)() yield() end)() yield() end,
		}
		keep = {}
		for i = 1, 500 do keep[i] = coroutine.wrap(ways[i % #ways + 1]) keep[i]() end`); err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine(); n < before+500 {
		t.Fatalf("got %d goroutines before and %d with 500 coroutines, want 500 more", before, n)
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	defer guard("a coroutine")()
	for runtime.NumGoroutine() > before {
		time.Sleep(time.Millisecond)
	}
}

// TestCoroutinesNobodyHolds checks that coroutines that no script can resume are collected.
func TestCoroutinesNobodyHolds(t *testing.T) {
	before := runtime.NumGoroutine()
	rt := newRuntime(t, vm.Config{})
	if err := run(t, rt,
		`for i = 1, 20000 do coroutine.wrap(function() coroutine.yield() end)() end`); err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine() - before; n > 5000 {
		t.Errorf("got %d goroutines after 20000 unreachable coroutines, want few", n)
	}
	if err := run(t, rt, `co = coroutine.create(function(a) while true do a = coroutine.yield(a) end end)
		for i = 1, 5000 do coroutine.wrap(function() coroutine.yield() end)()
		assert(select(2, coroutine.resume(co, i)) == i) end`); err != nil {
		t.Error("a reachable coroutine was ended: ", err)
	}
}

// A process that a shell has started may outlive it and keep its output open. The deadline must hold anyway.
func TestDeadlineOfCommands(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a POSIX shell")
	}
	for _, source := range []string{
		`os.execute("sleep 200; true")`,
		`io.popen("sleep 200; true"):read("*a")`,
		`io.popen("sleep 200; true"):close()`,
	} {
		var out bytes.Buffer // no file, so that its end is waited for
		rt, err := vm.New(vm.Config{Stdout: &out, Stderr: &out, Allow: vm.Allow{Exec: true}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		hangs := time.AfterFunc(time.Minute, func() { panic(source + " waits for what its shell started") })
		if _, err := rt.Run(ctx, must(t, source)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want %v", source, err, context.DeadlineExceeded)
		}
		hangs.Stop()
		cancel()
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A tail call whose arguments grow until the registers are full raises, as any other endless call does.
func TestTailCallThatFillsTheRegisters(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	many := strings.Repeat("1, ", 150)
	err := run(t, rt, `
		local function f(...) return f(`+many+`...) end
		local ok, message = pcall(f)
		assert.is_false(ok)
		assert.matches("stack overflow", message)
		f()`)
	var p *vm.PanicError
	if err == nil || errors.As(err, &p) || !strings.Contains(err.Error(), "stack overflow") {
		t.Errorf("got %v, want a stack overflow", err)
	}
}
