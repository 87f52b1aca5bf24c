// What the kernel's own arm64 breakpoint selftest expects, stated as a table.

package hwtest

import (
	"fmt"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
)

// A storeCase is one result of the selftest: a store of size bytes at offset store against a write watchpoint of
// length bytes at offset watch.
type storeCase struct {
	size, store, length, watch int
	counts                     bool
}

// storeCases returns the 213 results. For each size a store at every multiple of it up to 32 meets a watchpoint of
// the same size (at most 8, the longest there is) one size below, at, and one above; it counts exactly when both
// begin together. Then for each size a store that begins that many bytes below the middle, against a watchpoint of 8
// that begins 8 below: a wide store begins lower than the watched bytes and reaches them with its end.
func storeCases() (cases []storeCase) {
	const middle = 64
	for size := 1; size <= 32; size *= 2 {
		for store := 0; store <= 32; store += size {
			for _, watch := range []int{store - size, store, store + size} {
				cases = append(cases, storeCase{size, middle + store, min(size, 8), middle + watch, store == watch})
			}
		}
	}
	for size := 1; size <= 32; size *= 2 {
		cases = append(cases, storeCase{size, middle - size, 8, middle - 8, true})
	}
	return cases
}

func (c storeCase) String() string {
	return fmt.Sprintf("a store of %d at +%d against a watch of %d at +%d", c.size, c.store, c.length, c.watch)
}

// store makes a store of size bytes at addr as task, and returns the traps that stopped it. One of 32 is a store of a
// pair of 16 bytes each, which is over when its first half is stopped.
func (s suite) store(tg hwdebug.Target, task hwdebug.TaskID, c storeCase) (hwdebug.Trap, error) {
	addr, left := s.meta.UBuf+uint64(c.store), c.size
	for {
		size := min(left, 16)
		trap, err := tg.Access(task, hwdebug.Store, addr, size)
		addr, left = addr+uint64(size), left-size
		if left == 0 || err != nil || trap.N > 0 {
			return trap, err
		}
	}
}

// selftest lets a task's own event, and then a debugger's register, watch each store.
func selftest(t *testing.T, s suite) {
	t.Run("event", func(t *testing.T) {
		tg := s.target(t, hwdebug.FeatureTasks)
		task := newTask(t, tg, 1)
		for _, c := range storeCases() {
			ev, err := tg.Open(hwdebug.Attr{Type: hwdebug.W, Addr: s.meta.UBuf + uint64(c.watch), Len: uint64(c.length)}, task, -1)
			if err != nil {
				t.Errorf("%s: open: %v", c, err)
				continue
			}
			if trap, err := s.store(tg, task, c); err != nil || trap.N != 0 {
				t.Errorf("%s: access: trap %+v, %v", c, trap, err)
			}
			if got, want := count(t, tg, ev), boolCount(c.counts); got != want {
				t.Errorf("%s counts %d, not %d", c, got, want)
			}
			if err := tg.Close(ev); err != nil {
				t.Errorf("%s: close: %v", c, err)
			}
		}
	})
	t.Run("ptrace", func(t *testing.T) {
		tg := s.target(t, hwdebug.FeatureTasks, hwdebug.FeaturePtrace)
		tracer := tg.(hwdebug.Ptracer)
		for _, c := range storeCases() {
			task := newTask(t, tg, 1)
			addr := s.meta.UBuf + uint64(c.watch)
			// E, EL0, stores, and a byte select that begins where the aligned address leaves off.
			ctrl := uint32(1|2<<1|2<<3) | uint32(1<<c.length-1)<<(addr&7)<<5
			if err := tracer.PtraceSetReg(task, hwdebug.HwWatch, 0, hwdebug.PtraceReg{Addr: addr &^ 7, Ctrl: ctrl}); err != nil {
				t.Errorf("%s: set: %v", c, err)
				continue
			}
			trap, err := s.store(tg, task, c)
			if err != nil || trap.N != int(boolCount(c.counts)) {
				t.Errorf("%s: trapped %d times, not %d, %v", c, trap.N, boolCount(c.counts), err)
			}
			if err := tg.(hwdebug.Tasker).Exit(task); err != nil {
				t.Errorf("%s: exit: %v", c, err)
			}
		}
	})
}

func boolCount(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
