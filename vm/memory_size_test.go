package vm_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// kept lists expressions of i. A script keeps the value of each for many i.
var kept = []struct {
	name, code string
	n          int
}{
	{"empty tables", `t[i] = {}`, 100_000},
	{"tables of one item", `t[i] = {i}`, 50_000},
	{"tables of three items", `t[i] = {1, 2, 3}`, 50_000},
	{"tables of an item added", `local u = {} u[1] = true t[i] = u`, 30_000},
	{"tables of fields", `t[i] = {x = true, y = true}`, 30_000},
	{"tables of a field added", `local u = {} u.x = true t[i] = u`, 10_000},
	{"tables of fields and items", `t[i] = {1, 2, x = true}`, 30_000},
	{"tables of 20 fields", `local u = {} for k = 1, 20 do u["f" .. k] = true end t[i] = u`, 4_000},
	{"tables of a key that is a table", `t[i] = {[t] = true}`, 30_000},
	{"results of a failed pcall", `t[i] = {pcall(error, {i})}`, 30_000},
	{"linked tables", `t[1] = {next = t[1]}`, 50_000},
	{"fractional keys", `t[i + 0.5] = true`, 200_000},
	{"text keys", `t["key" .. i] = true`, 200_000},
	{"table keys", `t[{}] = true`, 50_000},
	{"strings", `t[i] = "text number " .. i`, 100_000},
	{"longer strings", `t[i] = ("x"):rep(1000)`, 20_000},
	{"tracebacks", `t[i] = debug.traceback("x" .. i)`, 20_000},
	{"numbers", `t[i] = i + 0.5`, 200_000},
	{"u64s", `t[i] = 0xffffffff00000000 + i`, 100_000},
	{"closures", `local a, b = i, i t[i] = function() a = b return a end`, 50_000},
	{"coroutines", `t[i] = coroutine.create(print)`, 10_000},
	{"coroutines that have begun", `t[i] = coroutine.wrap(function() coroutine.yield() end) t[i]()`, 5_000},
	{"chunks", `t[i] = loadstring("local x = " .. i .. " return function() return x end")`, 2_000},
	{"lists", `local u = {} for k = 1, 100 do u[k] = true end t[i] = u`, 5_000},
	{"unpacked lists", `t[i] = {unpack(list)}`, 1_000},
	{"table.pack", `t[i] = table.pack(1, 2)`, 10_000},
	{"gmatch", `t[i] = ("abc"):gmatch("b")`, 10_000},
	{"getinfo", `t[i] = debug.getinfo(1)`, 5_000},
}

// TestCountedIsAllocated compares the memory that is counted for values that a script keeps with what
// they take in Go's heap.
func TestCountedIsAllocated(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	for _, k := range kept {
		t.Run(k.name, func(t *testing.T) {
			rt := newRuntime(t, vm.Config{})
			if err := run(t, rt, `t, list = {}, {} for i = 1, 1000 do list[i] = true end`); err != nil {
				t.Fatal(err)
			}
			counted := func() int64 {
				v, err := rt.Run(context.Background(), must(t, `return collectgarbage "count" * 1024`))
				if err != nil {
					t.Fatal(err)
				}
				return int64(v[0].(float64))
			}
			before, c := heap(), counted()
			if err := run(t, rt,
				fmt.Sprintf(`local t = t for i = 1, %d do %s end`, k.n, k.code)); err != nil {
				t.Fatal(err)
			}
			c = counted() - c
			took := heap() - before
			if ratio := float64(c) / float64(took); ratio < 0.8 || ratio > 1.4 {
				t.Errorf("counted %d bytes each, allocated %d: ratio %.2f, want 0.8 to 1.4",
					c/int64(k.n), took/int64(k.n), ratio)
			}
		})
	}
}
