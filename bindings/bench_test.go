// The cost of the bindings compared with gopher-lua bound by hand, and budgets for allocations.

package bindings

import (
	"context"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// A rawEvent is an object whose one field and method are bound by hand, behind an __index function.
type rawEvent struct{ count uint64 }

func rawState(tb testing.TB) *lua.LState {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	tb.Cleanup(L.Close)
	methods := map[string]*lua.LFunction{
		"read": L.NewFunction(func(L *lua.LState) int {
			ev, ok := L.CheckUserData(1).Value.(*rawEvent)
			if !ok {
				L.ArgError(1, "event expected")
			}
			L.Push(lua.LNumber(ev.count))
			return 1
		}),
		"write": L.NewFunction(func(L *lua.LState) int {
			ev, ok := L.CheckUserData(1).Value.(*rawEvent)
			if !ok {
				L.ArgError(1, "event expected")
			}
			_, _ = L.CheckString(2), L.CheckInt(3)
			ev.count = uint64(L.CheckNumber(4))
			L.Push(lua.LTrue)
			return 1
		}),
	}
	meta := L.NewTable()
	meta.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		if fn, ok := methods[L.CheckString(2)]; ok {
			L.Push(fn)
			return 1
		}
		L.Push(lua.LNil)
		return 1
	}))
	L.SetGlobal("ev", &lua.LUserData{Value: &rawEvent{}, Metatable: meta})
	return L
}

// rawLoop compiles a loop of n rounds for gopher-lua alone.
func rawLoop(tb testing.TB, L *lua.LState, setup, body string) func(n int) {
	fn, err := L.LoadString(setup + " return function(n) for i = 1, n do " + body + " end end")
	if err != nil {
		tb.Fatal(err)
	}
	L.Push(fn)
	if err := L.PCall(0, 1, nil); err != nil {
		tb.Fatal(err)
	}
	loop := L.Get(-1)
	L.Pop(1)
	return func(n int) {
		L.Push(loop)
		L.Push(lua.LNumber(n))
		if err := L.PCall(1, 0, nil); err != nil {
			tb.Fatal(err)
		}
	}
}

// ourLoop compiles the same loop for a runtime of package vm, with a machine m that keeps no trace.
func ourLoop(tb testing.TB, setup, body string) func(n int) {
	module := HardwareWith(Options{Machine: &sim.Config{TraceSize: -1}})
	rt, err := vm.New(vm.Config{Modules: []vm.Module{module}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { rt.Close() })
	prog, err := vm.Compile("bench.lua", setup+" return function(n) for i = 1, n do "+body+" end end")
	if err != nil {
		tb.Fatal(err)
	}
	ctx := context.Background()
	results, err := rt.Run(ctx, prog)
	if err != nil {
		tb.Fatal(err)
	}
	loop := results[0].(*vm.Function)
	return func(n int) {
		if _, err := rt.Call(ctx, loop, float64(n)); err != nil {
			tb.Fatal(err)
		}
	}
}

const openEvent = `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 }) `

var cases = []struct {
	name, setup, body string
	raw               string  // what it is compared with
	allocs            float64 // budget for one round
}{
	{
		name:   "event_read",
		setup:  openEvent,
		body:   "ev:read()",
		raw:    "ev:read()",
		allocs: 2,
	},
	{
		name:   "write_wb_reg",
		setup:  "local cpu = m.cpu[0] ",
		body:   `cpu:write_wb_reg("WVR", 3, 7)`,
		raw:    `ev:write("WVR", 3, 7)`,
		allocs: 2,
	},
	{
		name:   "bank",
		setup:  "local wcr = m.cpu[0].wcr ",
		body:   "local v = wcr[0]",
		raw:    "local v = ev.read",
		allocs: 0,
	},
	{
		name:   "cpu_bank",
		setup:  "local cpu = m.cpu[0] ",
		body:   "local v = cpu.wcr[0]",
		raw:    "local v = ev.read",
		allocs: 1,
	},
	{
		name:   "field",
		setup:  openEvent,
		body:   "local v = ev.count",
		raw:    "local v = ev.read",
		allocs: 1,
	},
}

// BenchmarkCall reports the time of a round and its ratio to the same loop around a method that is
// bound by hand ("x-raw"). Both are the best of interleaved runs, so other work of the host counts
// for neither. The budget is 1.5 for the two methods.
func BenchmarkCall(b *testing.B) {
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			ours, raw := ourLoop(b, c.setup, c.body), rawLoop(b, rawState(b), "", c.raw)
			b.ResetTimer()
			ours(b.N)
			b.StopTimer()
			const rounds = 20_000
			best := func(loop func(int), least time.Duration) time.Duration {
				start := time.Now()
				loop(rounds)
				return min(least, time.Since(start))
			}
			o, r := time.Hour, time.Hour
			for range 15 {
				r = best(raw, r)
				o = best(ours, o)
			}
			b.ReportMetric(float64(o)/float64(r), "x-raw")
			b.ReportMetric(float64(o)/rounds, "best-ns/op")
		})
	}
}

// TestAllocations holds the budgets: what one round of the loop allocates.
func TestAllocations(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			loop := ourLoop(t, c.setup, c.body)
			loop(100)
			const rounds = 1000
			perLoop := testing.AllocsPerRun(5, func() { loop(rounds) })
			if got := perLoop / rounds; got > c.allocs+0.1 {
				t.Errorf("%s makes %.2f allocations, want at most %v", c.body, got, c.allocs)
			}
		})
	}
}

func BenchmarkNewRaw(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		L := lua.NewState()
		L.Close()
	}
}

func BenchmarkNewHardware(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		rt, err := vm.New(vm.Config{Modules: []vm.Module{Hardware()}})
		if err != nil {
			b.Fatal(err)
		}
		rt.Close()
	}
}

func BenchmarkNewBare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		rt, err := vm.New(vm.Config{})
		if err != nil {
			b.Fatal(err)
		}
		rt.Close()
	}
}
