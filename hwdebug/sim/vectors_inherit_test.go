// The test vectors of spec 12.6 (inheritance, 6.1), each under its name.

package sim_test

import (
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A family is task t on CPU 1 with inheritable watchpoints, and its child u.
type family struct {
	*testing.T
	m    *sim.Machine
	t, u *sim.Task
	evs  []*sim.Event
}

func newFamily(t *testing.T, kernel string) *family {
	m := newMachine(t, sim.Config{CPUs: 2, BRPs: 6, WRPs: 4, Kernel: kernel})
	return &family{T: t, m: m, t: newTask(t, m, "t", 1)}
}

func (f *family) open(a hwdebug.Attr, cpu int) *sim.Event {
	f.Helper()
	ev := open(f.T, f.m, a, f.t, cpu)
	f.evs = append(f.evs, ev)
	return ev
}

// fork has t fork. With swap the CPU switches straight to the child, which exchanges the contexts (R-CTX-19);
// without, it switches to its idle thread first.
func (f *family) fork(swap bool) {
	f.Helper()
	u, err := f.t.Fork("u", 0)
	must(f.T, err)
	f.u = u
	if swap {
		f.run(u)
	}
	f.run(nil)
}

// run switches CPU 1 to a task.
func (f *family) run(task *sim.Task) {
	f.Helper()
	must(f.T, f.m.CPU(1).ContextSwitch(task))
}

// slots returns the watchpoint addresses that are enabled while a task runs on CPU 1, by slot; 0 is disabled.
func (f *family) slots(task *sim.Task) (out [4]uint64) {
	f.Helper()
	f.run(nil)
	f.run(task)
	for n := range out {
		if reg(f.T, f.m, 1, arm64.WCR, n)&1 != 0 {
			out[n] = reg(f.T, f.m, 1, arm64.WVR, n)
		}
	}
	f.run(nil)
	return out
}

// want compares slots with want.
func (f *family) want(step string, task *sim.Task, want ...uint64) {
	f.Helper()
	var w [4]uint64
	copy(w[:], want)
	if got := f.slots(task); got != w {
		f.Errorf("%s, %s: slots %#x, want %#x", step, task.Comm(), got, w)
	}
}

func inheritW(addr uint64) hwdebug.Attr {
	a := userW(addr)
	a.Inherit = true
	return a
}

// on61 runs a subtest on the kernels that 12.6 covers.
func on61(t *testing.T, name string, run func(t *testing.T, kernel string)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, kernel := range sim.Profiles() {
			if is61(kernel) {
				t.Run(kernel, func(t *testing.T) { run(t, kernel) })
			}
		}
	})
}

// TestVectorsInheritance runs V-115 to V-121.
func TestVectorsInheritance(t *testing.T) {
	const addr1, addr2, addr3 = 0x1000, 0x2000, 0x3000
	on61(t, "V-115", func(t *testing.T, kernel string) {
		// The copies are in the order B, A. The child has them, after an exchange the parent, as in the
		// recorded run C.inherit/2.
		for _, swap := range []bool{false, true} {
			f := newFamily(t, kernel)
			f.open(inheritW(addr1), 1)
			f.open(inheritW(addr2), -1)
			f.want("before", f.t, addr1, addr2)
			f.run(f.t)
			f.fork(swap)
			copies, originals := f.u, f.t
			if swap {
				copies, originals = f.t, f.u
			}
			f.want("the copies", copies, addr2, addr1)
			f.want("the originals", originals, addr1, addr2)
			must(t, f.m.CheckInvariants())
		}
	})
	on61(t, "V-116", func(t *testing.T, kernel string) {
		f := newFamily(t, kernel)
		f.open(inheritW(addr1), 1)
		f.open(inheritW(addr2), -1)
		f.open(userW(addr3), -1)
		f.run(f.t)
		f.fork(true) // not clones: nothing is exchanged
		f.want("the child", f.u, addr2, addr1)
		f.want("the parent", f.t, addr1, addr2, addr3)
	})
	// surplus begins V-117 and V-118: u has eight watchpoints for four slots.
	surplus := func(t *testing.T, kernel string, pinned bool) (f *family, fresh []*sim.Event) {
		f = newFamily(t, kernel)
		shape := func(a hwdebug.Attr) hwdebug.Attr { a.Pinned = pinned; return a }
		for i := range uint64(4) {
			f.open(shape(inheritW(addr1+8*i)), -1)
		}
		f.run(f.t)
		f.fork(true)
		must(t, f.t.Exit())
		for i := range uint64(4) {
			fresh = append(fresh, open(t, f.m, shape(userW(addr2+8*i)), f.u, -1))
		}
		f.want("u", f.u, addr1, addr1+8, addr1+16, addr1+24)
		return f, fresh
	}
	const noSlot = "Can't find any breakpoint slot"
	on61(t, "V-117", func(t *testing.T, kernel string) {
		f, fresh := surplus(t, kernel, true)
		for _, ev := range fresh {
			wantState(t, "after the first switch in", ev, sim.StateError)
		}
		if n := logged(f.m, noSlot); n != 1 {
			t.Errorf("the warning is logged %d times, want 1", n)
		}
	})
	on61(t, "V-118 and V-119", func(t *testing.T, kernel string) {
		f, fresh := surplus(t, kernel, false)
		for _, ev := range fresh {
			wantState(t, "after the first switch in", ev, sim.StateInactive)
			if ev.Count() != 0 {
				t.Errorf("Count of %s = %d, want 0", ev.Label(), ev.Count())
			}
		}
		must(t, f.evs[0].Close())
		f.want("the first event of t is closed", f.u, addr1+8, addr1+16, addr1+24, addr2)
	})
	on61(t, "V-120", func(t *testing.T, kernel string) {
		f := newFamily(t, kernel)
		ev := f.open(inheritW(addr1), -1)
		must(t, ev.Disable())
		f.run(f.t)
		f.fork(true)
		f.want("disabled", f.t)
		f.want("disabled", f.u)
		must(t, ev.Enable())
		must(t, f.t.Store(addr1, 4, 1))
		f.run(nil)
		must(t, f.u.Store(addr1, 4, 1))
		f.run(nil)
		n, ok, err := ev.Read()
		must(t, err)
		if !ok || n != 2 {
			t.Errorf("Read = %d, %v; want the sum 2, true", n, ok)
		}
	})
	on61(t, "V-121", func(t *testing.T, kernel string) {
		f := newFamily(t, kernel)
		ev := f.open(inheritW(addr1), -1)
		f.run(f.t)
		f.fork(true)
		for i := range uint64(6) {
			open(t, f.m, userAttr(hwdebug.X, 0x400580+4*i, 4), f.u, -1)
		}
		a := ev.Attr()
		a.Type, a.Addr, a.Len = hwdebug.X, 0x400600, 4
		wantErrno(t, "from W to X", ev.Modify(a), syscall.ENOSPC)
		if ev.Type() != hwdebug.X {
			t.Errorf("Type of the original = %v, want x", ev.Type())
		}
		f.run(f.t)
		if v := reg(t, f.m, 1, arm64.WCR, 0); v != 0x1f5 {
			t.Errorf("WCR0 while t runs = %#x, want 0x1f5: the copy stays a watchpoint", v)
		}
		f.run(nil)
		f.run(f.u)
		if v := reg(t, f.m, 1, arm64.WCR, 0); v&1 != 0 {
			t.Errorf("WCR0 while u runs = %#x, want it off: the original is a breakpoint now", v)
		}
	})
}
