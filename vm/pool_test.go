package vm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// snapshot prints all that a script can find out about its runtime, in order.
const snapshot = `
	local seen, out = {}, {}
	local function walk(path, v)
		out[#out + 1] = path .. " " .. type(v) .. " " .. (type(v) == "table" and "" or tostring(v))
		if type(v) ~= "table" or seen[v] then return end
		seen[v] = true
		local mt = getmetatable(v)
		if type(mt) == "table" then walk(path .. "!", mt) end
		for k, x in pairs(v) do walk(path .. "." .. tostring(k), x) end
	end
	walk("_G", _G)
	walk("string", getmetatable("").__index)
	out[#out + 1] = tostring(math.random()) .. tostring({}) ..
	tostring(function() end) .. collectgarbage("count")
	return table.concat(out, "\n")`

func TestPoolGivesRuntimesAsNew(t *testing.T) {
	var resets atomic.Int32
	cfg := vm.Config{
		Seed:    7,
		Scripts: fstest.MapFS{"lib.lua": {Data: []byte("return {n = 0}")}},
		Modules: []vm.Module{
			{Name: "plain", Global: true, Funcs: map[string]any{"f": func() int { return 1 }}},
			{Name: "native", Open: func(s *vm.State) (lua.LValue, error) {
				s.OnReset(func() { resets.Add(1) })
				return s.L().NewTable(), nil
			}},
		},
		Limits: vm.Limits{Memory: 4 << 20},
	}
	ctx := context.Background()
	pool := vm.NewPool(cfg, 1)
	defer pool.Close()
	fresh, err := pool.Run(ctx, must(t, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []string{
		"a, b, c = 1, 2, 3", "c, b, a = 1, 2, 3", "string.format = nil string.more = 1",
		"print, _G.pairs = nil", "setmetatable(_G, {__index = function() return 1 end})",
		"math.random() math.randomseed(5) tostring({})", "require('lib').n = 1 require('native').x = 1 " +
			"require('plain').f = nil", "for k in pairs(_G) do _G[k] = nil end",
		"for i = 1, 5000 do _G['k' .. i] = i end", "setfenv(1, {})", "pcall(setfenv, 0, {})",
		"local f = coroutine.wrap(function() coroutine.yield() end) f() keep = f",
		"package.loaded.string = nil package.path = 'x'",
		"getmetatable('').__index = nil", "t = {} t[0xffffffffffffffff] = 1", "error('x')", "while true " +
			"do x = (x or 'x') .. (x or 'x') end", "local function f() return f() + 1 end f()",
		"assert.same = nil plain.g = 1 plain[1] = 2", "table.insert(package, 1)", "io.write = print",
		"coroutine.wrap(function() error('x') end)()", "pcall(rawset, bit, 'band', 1)",
		"for k, v in pairs(os) do os[k] = nil end", "collectgarbage()", "arg = 5", "local s = " +
			"('x'):rep(1000000) keep = {s, s .. 'y'}",
	} {
		pool.Run(ctx, must(t, src), "an", "argument")
		got, err := pool.Run(ctx, must(t, snapshot))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(fresh) {
			t.Errorf("after %s:\n%v, %v", src, difference(fmt.Sprint(fresh), fmt.Sprint(got)), err)
		}
	}
	if resets.Load() == 0 {
		t.Error("the module was not told")
	}
}

// difference returns the first lines that differ.
func difference(a, b string) string {
	x, y := lines(a), lines(b)
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("line %d: want %s, got %s", i, x[i], append(y, make([]string, i+1)...)[i])
		}
	}
	return "more lines than before"
}

func TestPoolWaitsAndCloses(t *testing.T) {
	inside, leave := make(chan bool, 2), make(chan bool)
	var out bytes.Buffer
	pool := vm.NewPool(vm.Config{
		Stdout: &out,
		Modules: []vm.Module{
			{Name: "wait", Global: true, Funcs: map[string]any{"here": func() { inside <- true; <-leave }}},
		},
	}, 2)
	ctx := context.Background()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := pool.Run(ctx, must(t, "wait.here()")); err != nil {
				t.Error(err)
			}
		})
	}
	<-inside
	<-inside
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := pool.Run(short, must(t, "return 1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a runtime: %v", err)
	}
	pool.Close()
	if _, err := pool.Run(ctx, must(t, "return 1")); !errors.Is(err, vm.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	close(leave)
	wg.Wait()
	pool.Close()
}

func TestPoolTogether(t *testing.T) {
	var out bytes.Buffer
	pool := vm.NewPool(vm.Config{Stdout: &out, Limits: vm.Limits{Steps: 100_000}}, 3)
	defer pool.Close()
	prog := must(t, "n = (n or 0) + (...) print(n) return n, 0xffffffffffffff00 + n")
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			got, err := pool.Run(context.Background(), prog, i)
			if err != nil || got[0] != float64(i) || got[1] != 0xffffffffffffff00+uint64(i) {
				t.Error(i, got, err)
			}
			if i%7 == 0 {
				if _, err := pool.Run(context.Background(), must(t, "while true do end")); !errors.Is(err,
					vm.ErrSteps) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(lines(out.String())); n != 60 {
		t.Errorf("%d lines", n)
	}
}

// Results that Go has dropped do not count, even before Go's collector has found that out.
func TestDroppedResultsDoNotCount(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const src = "local t = {} for i = 1, 20000 do t['k' .. i] = {i} end "
	cfg := vm.Config{Limits: vm.Limits{Memory: 8 << 20}}
	pool := vm.NewPool(cfg, 1)
	defer pool.Close()
	rt := newRuntime(t, cfg)
	for range 5 {
		var e *vm.Error
		if _, err := pool.Run(t.Context(), must(t, src+"error(t)")); !errors.As(err, &e) || e.Value != nil {
			t.Fatalf("error(t): got %v, want an Error without a value", err)
		}
		if _, err := pool.Run(t.Context(), must(t, src)); err != nil {
			t.Fatalf("the next run in the pool: %v", err)
		}
		if _, err := rt.Run(t.Context(), must(t, src+"return t")); err != nil {
			t.Fatalf("another run in the runtime: %v", err)
		}
	}
}

// What a pool's Run returns is copied within the limits of the run.
func TestPoolResultsWithinLimits(t *testing.T) {
	pool := vm.NewPool(vm.Config{Limits: vm.Limits{Memory: 8 << 20}}, 1)
	defer pool.Close()
	for _, src := range []string{
		"local t = {} for i = 1, 32000 do t[i] = {i} end ",
		"local t = {} for i = 1, 9000 do t[i] = {k = i} end ",
		"local t = {} for i = 1, 20000 do t['k' .. i] = {i} end ",
	} {
		if _, err := pool.Run(t.Context(), must(t, src)); err != nil {
			t.Errorf("%s: got %v, want nil", src, err)
		}
		if results, err := pool.Run(t.Context(), must(t, src+"return t")); results != nil ||
			!errors.Is(err, vm.ErrMemory) {
			t.Errorf("%sreturn t: got %v, %v; want %v", src, results, err, vm.ErrMemory)
		}
		var e *vm.Error
		if _, err := pool.Run(t.Context(), must(t, src+"error(t)")); !errors.As(err, &e) || e.Value != nil {
			t.Errorf("%serror(t): got %v, want an Error without a value", src, err)
		}
	}
	results, err := pool.Run(t.Context(), must(t, "local t = {1, 2, nil, 4, [0] = 'z', [7.5] = 'h', "+
		"[2^40] = 'far', k = {}} for i = 5, 20000 do t[i] = i end t[9] = nil return t"))
	if err != nil {
		t.Fatal(err)
	}
	table := results[0].(*vm.Table)
	n := 0
	for k, v := range table.All() {
		if k == nil || v == nil || !reflect.DeepEqual(table.Get(k), v) {
			t.Fatalf("%v: %v, and %v", k, v, table.Get(k))
		}
		n++
	}
	if n != 20000-2+4 || table.Get(3) != nil || table.Get(9) != nil || table.Get(20001) != nil ||
		table.Get(0) != "z" || table.Get(7.5) != "h" || table.Get(uint64(1)<<40) != "far" {
		t.Errorf("%d fields", n)
	}
}
