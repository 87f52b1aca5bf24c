// Tests of the memory against a slow twin.

package sim_test

import (
	"math/rand/v2"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestMemoryAgreesWithTwin stores to and loads from a few pages and across their bounds, as user
// and as kernel, and compares with a map of bytes. A store of 16 bytes gives the low 8 and writes 0
// to the others.
func TestMemoryAgreesWithTwin(t *testing.T) {
	type port interface {
		Load(addr uint64, size int) (uint64, error)
		Store(addr uint64, size int, v uint64) error
	}
	m := newMachine(t, sim.Config{CPUs: 1})
	task := newTask(t, m, "t", 0)
	armed := newMachine(t, sim.Config{CPUs: 1}) // a watchpoint elsewhere rules out the short path
	open(t, armed, kernelRW(K+1<<20, false), nil, 0)
	for _, c := range []struct {
		name string
		port port
		base uint64
	}{{"user", task, userAddr}, {"kernel", m.CPU(0), K}, {"kernel, armed", armed.CPU(0), K}} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 1))
			twin := map[uint64]byte{}
			for i := range 4000 {
				page := []uint64{5, 1, 3, 2}[r.IntN(4)] * 4096
				addr := c.base + page + r.Uint64N(32)
				if r.IntN(3) == 0 {
					addr = c.base + page - r.Uint64N(16)
				}
				size := []int{1, 2, 4, 8, 16}[r.IntN(5)]
				if r.IntN(2) == 0 {
					v := r.Uint64() >> (8 * r.IntN(9))
					must(t, c.port.Store(addr, size, v))
					for b := range size {
						twin[addr+uint64(b)] = byte(v >> (8 * b))
					}
					continue
				}
				var want uint64
				for b := range min(size, 8) {
					want |= uint64(twin[addr+uint64(b)]) << (8 * b)
				}
				got, err := c.port.Load(addr, size)
				must(t, err)
				if got != want {
					t.Fatalf("access %d: load of %d bytes at %#x = %#x, want %#x", i, size, addr, got, want)
				}
			}
		})
	}
}

// TestSizesOfAccesses checks that every call takes accesses of 1 to 64 bytes, powers of two only.
func TestSizesOfAccesses(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	task, c := newTask(t, m, "t", 0), m.CPU(0)
	for size := -1; size <= 129; size++ {
		ok := size >= 1 && size <= 64 && size&(size-1) == 0
		for range 2 { // the second time the task is current, which may take the short path
			_, tl := task.Load(userAddr, size)
			_, cl := c.Load(K, size)
			_, gu := c.GetUser(userAddr, size)
			for name, err := range map[string]error{
				"task load": tl, "task store": task.Store(userAddr, size, 1),
				"load": cl, "store": c.Store(K, size, 1),
				"get_user": gu, "put_user": c.PutUser(userAddr, size, 1),
			} {
				if (err == nil) != ok {
					t.Errorf("%s of %d bytes: error %v, want success %v", name, size, err, ok)
				}
			}
		}
	}
}
