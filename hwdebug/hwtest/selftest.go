// The expectations of the kernel's own arm64 breakpoint selftest.

package hwtest

import (
	"fmt"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
)

// A storeCase is one result of the selftest: a store of size bytes at offset store against a write
// watchpoint of length bytes at offset watch.
type storeCase struct {
	size, store, length, watch int
	counts                     bool
}

// storeCases returns the 213 results. For each size, a store at every multiple of it up to 32 meets
// a watchpoint of the same size (at most 8, the longest) one size below, at, and one size above; it
// counts if and only if both begin at the same byte. Then, for each size, a store that begins that
// many bytes below the middle meets a watchpoint of 8 that begins 8 below: a wide store begins
// below the watched bytes and reaches them with its end.
func storeCases() (cases []storeCase) {
	const middle = 64
	for size := 1; size <= 32; size *= 2 {
		for store := 0; store <= 32; store += size {
			for _, watch := range []int{store - size, store, store + size} {
				cases = append(cases,
					storeCase{size, middle + store, min(size, 8), middle + watch, store == watch})
			}
		}
	}
	for size := 1; size <= 32; size *= 2 {
		cases = append(cases, storeCase{size, middle - size, 8, middle - 8, true})
	}
	return cases
}

func (c storeCase) String() string {
	return fmt.Sprintf("a store of %d at +%d against a watch of %d at +%d", c.size, c.store, c.length,
		c.watch)
}

// store performs the store of c as task and returns the traps that stopped it. A store of 32 is a
// pair of 16 bytes each; a trap at the first half prevents the second.
func (r *rig) store(task hwdebug.TaskID, c storeCase) (hwdebug.Trap, error) {
	addr, left := r.m.UBuf+uint64(c.store), c.size
	for {
		size := min(left, 16)
		trap, err := r.tg.Access(task, hwdebug.Store, addr, size)
		addr, left = addr+uint64(size), left-size
		if left == 0 || err != nil || trap.N > 0 {
			return trap, err
		}
	}
}

// selftest watches each store with a task's own event, and then with a debugger's register.
func selftest(t *testing.T, s suite) {
	t.Run("event", func(t *testing.T) {
		r := s.rig(t, hwdebug.FeatureTasks)
		task := r.newTask(1)
		for _, c := range storeCases() {
			ev := r.open(attr(hwdebug.W, r.m.UBuf+uint64(c.watch), uint64(c.length)), task, -1)
			if trap, err := r.store(task, c); err != nil || trap.N != 0 {
				t.Errorf("%s: trap %+v, error %v", c, trap, err)
			}
			r.counts(c.String(), ev, boolCount(c.counts))
			r.must(r.tg.Close(ev))
		}
	})
	t.Run("ptrace", func(t *testing.T) {
		r := s.rig(t, hwdebug.FeatureTasks, hwdebug.FeaturePtrace)
		for _, c := range storeCases() {
			task := r.newTask(1)
			addr := r.m.UBuf + uint64(c.watch)
			// E, EL0, stores, and a byte select that begins where the aligned address leaves off.
			ctrl := uint32(1|2<<1|2<<3) | uint32(1<<c.length-1)<<(addr&7)<<5
			reg := hwdebug.PtraceReg{Addr: addr &^ 7, Ctrl: ctrl}
			r.must(r.tg.(hwdebug.Ptracer).PtraceSetReg(task, hwdebug.HwWatch, 0, reg))
			trap, err := r.store(task, c)
			if want := int(boolCount(c.counts)); err != nil || trap.N != want {
				t.Errorf("%s: trapped %d times, want %d; error %v", c, trap.N, want, err)
			}
			r.must(r.tg.(hwdebug.Tasker).Exit(task))
		}
	})
}

func boolCount(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
