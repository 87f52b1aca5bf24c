package vm_test

import (
	"context"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// What must not allocate, or only so much. Run itself takes a few; the loops beyond that nothing.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates as well")
	}
	for _, c := range []struct {
		name, src string
		most      float64
	}{
		{"an empty program", "", 12},
		{"sums of u64s that there are", "for i = 1, 100 do local x = a + b end", 16},
		{"comparisons with a wide literal", "for i = 1, 100 do local x = i < 0xffffffffffffffff end", 16},
		{"u64s as keys", "for i = 1, 100 do local x = t[a] end", 16},
		{"calls", "local function f(x) return x end for i = 1, 100 do f(i) end", 20},
		{"fields", "for i = 1, 100 do t.x = i end", 16},
	} {
		rt := newRuntime(t, vm.Config{Limits: allLimits})
		ctx := context.Background()
		if err := run(t, rt, "a, b = 0xffffff8008c5a000, 0x8000000000000004 t = {[a] = 1, x = 0} local "+
			"keep = a + b"); err != nil {
			t.Fatal(err)
		}
		prog := must(t, c.src)
		got := testing.AllocsPerRun(50, func() {
			if _, err := rt.Run(ctx, prog); err != nil {
				t.Fatal(err)
			}
		})
		if got > c.most {
			t.Errorf("%s: %v allocations, at most %v", c.name, got, c.most)
		}
	}
}

// A pooled run makes next to nothing anew.
func TestPoolAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates as well")
	}
	pool := vm.NewPool(vm.Config{Limits: allLimits}, 1)
	defer pool.Close()
	prog := must(t, "x = 1 return x")
	got := testing.AllocsPerRun(50, func() {
		if _, err := pool.Run(context.Background(), prog); err != nil {
			t.Fatal(err)
		}
	})
	if got > 30 {
		t.Errorf("%v allocations, at most 30", got)
	}
}
