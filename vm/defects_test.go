package vm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// TestDefects has one case for each defect of gopher-lua that a script or an embedder could meet and
// that this package fixes. Most have tests of their own as well.
func TestDefects(t *testing.T) {
	for _, c := range []struct{ name, expression string }{
		{
			name: "L1: a hexadecimal literal of 2^63 and above is no NaN",
			expression: "0xffffff8008c5a004 == 0xffffff8008c5a004 and 0xffffff8008c5a004 ~= " +
				"0xffffff8008c5a005",
		},
		{
			name:       "L2: integers beyond 2^53 are not rounded",
			expression: "9007199254740993 - 9007199254740992 == 1",
		},
		{
			name: "L3: tonumber knows exponents and bases",
			expression: "tonumber('1e3') == 1000 and tonumber('20', 16) == 32 and " +
				"tonumber('ffffffffffffffff', 16) == 0xffffffffffffffff",
		},
		{
			name:       "L4: string.format knows %u and wide values",
			expression: "string.format('%u %x %d', 7, 0xfffffffffffff800, 5) == '7 fffffffffffff800 5'",
		},
		{
			name: "L4: string.format refuses what is missing",
			expression: "not pcall(string.format, '%s') and not pcall(string.format, '%d', 'x') and not " +
				"pcall(string.format, '%T', 1)",
		},
		{
			name: "L6: yield leaves through pcall",
			expression: "(function() local co = coroutine.create(function() return pcall(function() " +
				"return coroutine.yield(1) + 1 end) end) local _, a = coroutine.resume(co) local _, b, " +
				"c = coroutine.resume(co, 41) return a == 1 and b and c == 42 end)()",
		},
		{
			name: "L6: yield leaves through a metamethod",
			expression: "(function() local t = setmetatable({}, {__index = function(_, k) return " +
				"coroutine.yield(k) end}) local f = coroutine.wrap(function() return t.x end) return " +
				"f() == 'x' and f(7) == 7 end)()",
		},
		{name: "L9: string.rep of more than there is raises", expression: "not pcall(string.rep, 'x', 1e19)"},
		{
			name: "L11: calls nest deeper than 256",
			expression: "(function() local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return " +
				"f(5000) == 5000 end)()",
		},
		{
			name: "L13: unpack and concat of many",
			expression: "(function() local t = {} for i = 1, 6000 do t[i] = i end return select('#', " +
				"unpack(t)) == 6000 and #table.concat(t, ',') == 28892 end)()",
		},
		{
			name: "L17: __tostring of an error value",
			expression: "(function() local ok, e = pcall(error, setmetatable({}, {__tostring = " +
				"function() return 'mine' end})) return tostring(e) == 'mine' end)()",
		},
		{
			name: "L19: bit, load of text, %f, # in messages",
			expression: "bit.band(6, 3) == 2 and load('return 4')() == 4 and ('THE (quick) " +
				"fox'):find('%f[%a]%a+%f[%A]') == 1 and collectgarbage('count') >= 0",
		},
		{
			name:       "L19: gmatch takes ^ for a character",
			expression: "(function() for _ in ('aaa'):gmatch('^a') do return false end return true end)()",
		},
		{
			name: "L19: nan and inf print as in Lua",
			expression: "tostring(1/0) == 'inf' and tostring(-1/0) == '-inf' and " +
				"tostring(0/0):find('nan') ~= nil",
		},
		{
			name: "L21: math.random draws from a seed",
			expression: "(function() math.randomseed(7) local a = math.random(1000000) " +
				"math.randomseed(7) return a == math.random(1000000) end)()",
		},
		{
			name: "L22: nothing of the host",
			expression: "os.exit == nil and os.execute == nil and io.popen == nil and os.remove == nil " +
				"and newproxy == nil and channel == nil and _printregs == nil and module == nil",
		},
	} {
		got, err := eval(t, "return "+c.expression)
		if err != nil || len(got) != 1 || got[0] != true {
			t.Errorf("%s: got %v, %v; want true", c.name, got, err)
		}
	}
}

// L12: the cost of a stack overflow grows with the number of calls, not with its square. It is counted
// in bytes.
func TestOverflowIsLinear(t *testing.T) {
	cost := func(depth int) uint64 {
		rt := newRuntime(t, vm.Config{Limits: vm.Limits{CallDepth: depth}})
		prog := must(t, "local function f() return 1 + f() end f()")
		return allocated(func() {
			if _, err := rt.Run(context.Background(), prog); err == nil ||
				!strings.Contains(err.Error(), "stack overflow") {
				t.Fatal(err)
			}
		})
	}
	if small, large := cost(4_000), cost(64_000); large > 64*small {
		t.Errorf("got %d bytes for 4,000 calls and %d for 64,000, want at most 64 times as many",
			small, large)
	}
}

// L20: output is written to Config.Stdout.
func TestOutputIsConfigured(t *testing.T) {
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out})
	if err := run(t, rt, "print('a') io.write('b') io.stdout:write('c')"); err != nil ||
		out.String() != "a\nbc" {
		t.Errorf("got %q, %v, want %q", out.String(), err, "a\nbc")
	}
}

// L23: a coroutine costs a few kilobytes, and unfinished ones are freed with their runtime.
func TestUnfinishedCoroutinesGo(t *testing.T) {
	before, goroutines := heap(), runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rt, err := vm.New(vm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000
	if _, err := rt.Run(ctx, must(t, fmt.Sprintf("keep = {} for i = 1, %d do keep[i] = "+
		"coroutine.wrap(function() coroutine.yield() end) keep[i]() end", n))); err != nil {
		t.Fatal(err)
	}
	if each := (int64(heap()) - int64(before)) / n; each > 16<<10 {
		t.Errorf("got %d bytes for each coroutine, want fewer", each)
	}
	rt.Close()
	rt = nil
	healthy(t, before, goroutines)
}

// L25: a byte order mark is skipped, and require stays in the folder that it was given.
func TestFiles(t *testing.T) {
	rt := newRuntime(t, vm.Config{
		Scripts: fstest.MapFS{
			"bom.lua":      {Data: []byte("\ufeffreturn 7")},
			"sub/deep.lua": {Data: []byte("#!/usr/bin/env lua\nreturn 8")},
		},
	})
	got, err := rt.Run(context.Background(), must(t, "return require('bom'), require('sub.deep'), "+
		"dofile('bom.lua'), pcall(require, '../secret'), pcall(dofile, '/etc/passwd')"))
	if err != nil || fmt.Sprint(got[:3]) != "[7 8 7]" || got[3] != false {
		t.Errorf("got %v, %v; want 7, 8, 7, false", got, err)
	}
}

// L7, L27: errors.Is finds the deadline in an error, also from a coroutine, and the runtime stays usable.
func TestDeadlineIsAnError(t *testing.T) {
	rt := newRuntime(t, vm.Config{})
	for range 50 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		_, err := rt.Run(ctx, must(t, "coroutine.wrap(function() while true do pcall(function() while "+
			"true do end end) end end)()"))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	if got, err := rt.Run(context.Background(), must(t,
		"return coroutine.wrap(function() return 1 end)()")); err != nil || got[0] != 1.0 {
		t.Errorf("got %v, %v; want 1", got, err)
	}
}
