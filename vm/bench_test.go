package vm_test

import (
	"context"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/vm"
)

// rawState is gopher-lua as its own documentation uses it.
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
