package vm_test

import (
	"context"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// rawState returns a state of gopher-lua, set up as its documentation does.
func rawState(b *testing.B) *lua.LState {
	L := lua.NewState()
	b.Cleanup(L.Close)
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	L.SetContext(ctx)
	return L
}

// rawChunk compiles src for L.
func rawChunk(b *testing.B, L *lua.LState, src string) *lua.LFunction {
	fn, err := L.LoadString(src)
	if err != nil {
		b.Fatal(err)
	}
	return fn
}

func benchRaw(b *testing.B, L *lua.LState, src string) {
	fn := rawChunk(b, L, src)
	b.ReportAllocs()
	for b.Loop() {
		L.Push(fn)
		if err := L.PCall(0, 0, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func benchVM(b *testing.B, cfg vm.Config, src string) {
	rt, err := vm.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	p, err := vm.Compile("bench.lua", src)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rt.Run(ctx, p); err != nil {
			b.Fatal(err)
		}
	}
}

var allLimits = vm.Limits{Steps: 1 << 50, Memory: 64 << 20}

const additions = `local x = 0 for i = 1, 1000000 do x = x + i end return x`

func BenchmarkLoop(b *testing.B) {
	b.Run("raw", func(b *testing.B) { benchRaw(b, rawState(b), additions) })
	b.Run("vm", func(b *testing.B) { benchVM(b, vm.Config{Limits: allLimits}, additions) })
}

func BenchmarkNew(b *testing.B) {
	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			lua.NewState().Close()
		}
	})
	b.Run("vm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rt, err := vm.New(vm.Config{Limits: allLimits})
			if err != nil {
				b.Fatal(err)
			}
			rt.Close()
		}
	})
}

func BenchmarkPool(b *testing.B) {
	pool := vm.NewPool(vm.Config{Limits: allLimits}, 1)
	defer pool.Close()
	prog := must(b, "x = 1 return x")
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pool.Run(ctx, prog); err != nil {
			b.Fatal(err)
		}
	}
}

// u64s adds 64-bit values 100,000 times: the same ones over and over, or new ones each time.
const (
	u64Same = `local a, b, r = A, B, nil for i = 1, 100000 do r = a + b end return r`
	u64New  = `local a, b = A, B for i = 1, 100000 do a = a + b end return a`
)

// BenchmarkU64 compares with the barest __add of a userdata in Go.
func BenchmarkU64(b *testing.B) {
	raw := func(b *testing.B) *lua.LState {
		L := rawState(b)
		mt := L.NewTable()
		value := func(v uint64) *lua.LUserData { return &lua.LUserData{Value: v, Metatable: mt} }
		mt.RawSetString("__add", L.NewFunction(func(L *lua.LState) int {
			L.Push(value(L.Get(1).(*lua.LUserData).Value.(uint64) + L.Get(2).(*lua.LUserData).Value.(uint64)))
			return 1
		}))
		L.SetGlobal("A", value(0xffffff8008c5a004))
		L.SetGlobal("B", value(0x7fffff8008c5a001))
		return L
	}
	ours := "A, B = 0xffffff8008c5a004, 0x7fffff8008c5a001 "
	b.Run("same/raw", func(b *testing.B) { benchRaw(b, raw(b), u64Same) })
	b.Run("same/vm", func(b *testing.B) { benchVM(b, vm.Config{Limits: allLimits}, ours+u64Same) })
	b.Run("new/raw", func(b *testing.B) { benchRaw(b, raw(b), u64New) })
	b.Run("new/vm", func(b *testing.B) { benchVM(b, vm.Config{Limits: allLimits}, ours+u64New) })
}

// Whole scripts, with all limits against gopher-lua with a context that can be cancelled.
var scripts = []struct{ name, src string }{
	{name: "calls", src: `local function f(x) return x end for i = 1, 200000 do f(i) end`},
	{
		name: "fib",
		src: `local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end ` +
			`return fib(20)`,
	},
	{
		name: "tables",
		src: `local t = {} for i = 1, 20000 do t[i] = {x = i, y = i} end local s = 0 for i, v in ` +
			`ipairs(t) do s = s + v.x end`,
	},
	{name: "fields", src: `local t = {a = 1} for i = 1, 200000 do t.a = t.a + 1 end`},
	{
		name: "strings",
		src:  `local t = {} for i = 1, 2000 do t[#t + 1] = "k" .. i .. "v" end return #table.concat(t)`,
	},
	{name: "closures", src: `for i = 1, 50000 do local f = function() return i end f() end`},
	{name: "pcall", src: `for i = 1, 20000 do pcall(error, "x") end`},
	{
		name: "coroutines",
		src: `local f = coroutine.wrap(function() while true do coroutine.yield() end end) for i = 1, ` +
			`20000 do f() end`,
	},
	{
		name: "methods",
		src: `local C = {} C.__index = C function C:get() return self.v end local o = setmetatable({v ` +
			`= 1}, C) for i = 1, 100000 do o:get() end`,
	},
}

func BenchmarkScripts(b *testing.B) {
	for _, s := range scripts {
		b.Run(s.name+"/raw", func(b *testing.B) { benchRaw(b, rawState(b), s.src) })
		b.Run(s.name+"/vm", func(b *testing.B) { benchVM(b, vm.Config{Limits: allLimits}, s.src) })
	}
}
