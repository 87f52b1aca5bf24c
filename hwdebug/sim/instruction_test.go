// Instructions beyond plain loads and stores.

package sim_test

import (
	"errors"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestExclusives: a trap between the load and the store of an exclusive pair, and another CPU's store,
// make the store fail; a watched lock never gets through (R-REG-29).
func TestExclusives(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		ex := sim.AccessOptions{Exclusive: true}
		try := func(between func() error) bool {
			t.Helper()
			_, _, err := m.CPU(0).Access(hwdebug.Load, K, 4, 0, ex)
			must(t, err)
			must(t, between())
			_, stored, err := m.CPU(0).Access(hwdebug.Store, K, 4, 7, ex)
			must(t, err)
			return stored
		}
		nothing := func() error { return nil }
		for _, c := range []struct {
			name    string
			between func() error
			want    bool
		}{
			{"alone", nothing, true},
			{"another CPU stores", func() error { return m.CPU(1).Store(K+3, 1, 1) }, false},
			{"another CPU stores beside", func() error { return m.CPU(1).Store(K+4, 1, 1) }, true},
			{"another CPU loads", func() error { _, err := m.CPU(1).Load(K, 4); return err }, true},
			{"a switch", func() error { return m.CPU(0).ContextSwitch(task) }, false},
			{"an interrupt", func() error {
				return m.SmpCallFunctionSingle(1, func() error {
					return m.SmpCallFunctionSingle(0, nil)
				})
			}, false},
		} {
			if got := try(c.between); got != c.want {
				t.Errorf("%s: stored %v, want %v", c.name, got, c.want)
			}
		}
		if _, stored, err := m.CPU(0).Access(hwdebug.Store, K, 4, 7, ex); stored || err != nil {
			t.Errorf("a store without its load: %v, %v, want false", stored, err)
		}
		ev, err := m.PerfEventCreateKernelCounter(kernelW(K, 4), 0, nil, nil)
		must(t, err)
		for range 3 {
			if try(nothing) {
				t.Error("a watched lock gets through")
			}
		}
		if ev.Count() != 3 {
			t.Errorf("%d hits, want 3", ev.Count())
		}
	})
}

// kernelW returns a watchpoint for stores of a CPU.
func kernelW(addr, size uint64) hwdebug.Attr {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, addr, size
	return a
}

// TestAtomics performs each operation, and looks at which watchpoints are hit: of a load and a store
// watchpoint on the same bytes only the former (R-REG-28).
func TestAtomics(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		for _, c := range []struct {
			op   sim.AtomicOp
			want uint64
		}{
			{sim.AtomicSwp, 0x0f}, {sim.AtomicAdd, 0x1e}, {sim.AtomicSet, 0x1f},
			{sim.AtomicClr, 0x10}, {sim.AtomicEor, 0x1f},
		} {
			before, err := task.Load(userAddr, 4)
			must(t, err)
			if old, err := task.Atomic(c.op, userAddr, 4, 0x0f); old != before || err != nil {
				t.Errorf("operation %d returns %#x, %v, want %#x", c.op, old, err, before)
			}
			if after, err := task.Load(userAddr, 4); after != c.want || err != nil {
				t.Errorf("operation %d leaves %#x, %v, want %#x", c.op, after, err, c.want)
			}
		}
		for _, c := range []struct {
			name  string
			types []hwdebug.BPType
			want  []uint64
		}{
			{"stores", []hwdebug.BPType{hwdebug.W}, []uint64{1}},
			{"loads", []hwdebug.BPType{hwdebug.R}, []uint64{1}},
			{"both in one", []hwdebug.BPType{hwdebug.RW}, []uint64{1}},
			{"one for each", []hwdebug.BPType{hwdebug.W, hwdebug.R}, []uint64{0, 1}},
		} {
			var evs []*sim.Event
			for _, typ := range c.types {
				a := kernelW(K, 8)
				a.Type = typ
				ev, err := m.PerfEventCreateKernelCounter(a, 0, nil, nil)
				must(t, err)
				evs = append(evs, ev)
			}
			_, err := m.CPU(0).Atomic(sim.AtomicAdd, K, 8, 1)
			must(t, err)
			for i, ev := range evs {
				if ev.Count() != c.want[i] {
					t.Errorf("%s: event %d has %d hits, want %d", c.name, i, ev.Count(), c.want[i])
				}
				must(t, m.PerfEventReleaseKernel(ev))
			}
		}
		if _, err := m.CPU(0).Atomic(sim.AtomicAdd, K+1, 8, 1); err == nil {
			t.Error("an unaligned atomic access succeeds")
		}
	})
}

// TestBlocks: dc zva hits a watchpoint anywhere in its block and clears it (R-REG-30), and the policy "above"
// reports the last byte, which the kernel attributes to the nearest event (R-REG-31).
func TestBlocks(t *testing.T) {
	for _, far := range []string{"exact", "start", "floor16", "above"} {
		m := newMachine(t, sim.Config{CPUs: 1, FAR: far})
		must(t, m.CPU(0).Store(K+32, 8, 5))
		var reported uint64
		note := func(ev *sim.Event, h *sim.Hit) error {
			reported = h.Addr
			return m.PerfEventDisableInatomic(ev)
		}
		ev, err := m.PerfEventCreateKernelCounter(kernelW(K+32, 4), 0, nil, note)
		must(t, err)
		_, _, err = m.CPU(0).Access(hwdebug.Store, K+40, 64, 0, sim.AccessOptions{ZVA: true})
		must(t, err)
		want := map[string]uint64{"exact": K + 32, "start": K, "floor16": K, "above": K + 63}[far]
		if v, err := m.CPU(0).Load(K+32, 8); v != 0 || err != nil || ev.Count() != 1 || reported != want {
			t.Errorf("%s: %d left, %v, %d hits at %#x, want 0 and one hit at %#x",
				far, v, err, ev.Count(), reported, want)
		}
		for name, o := range map[string]sim.AccessOptions{"zva": {ZVA: true}, "svc": {SVC: true}} {
			if _, _, err := m.CPU(0).Access(hwdebug.Store, K, 8, 0, o); err == nil {
				t.Errorf("a store of 8 bytes with %s succeeds", name)
			}
		}
	}
}

// TestBreakpointOnSystemCall: the step over an svc kills an untraced task from 4.19.134 and 5.8 on
// (R-STEP-16).
func TestBreakpointOnSystemCall(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		a := hwdebug.Attr{Type: hwdebug.X, Addr: userAddr, Len: 4, ExcludeKernel: true}
		ev, err := m.PerfEventOpen(a, task, -1)
		must(t, err)
		_, _, err = task.Access(hwdebug.Exec, userAddr, 0, 0, sim.AccessOptions{SVC: true})
		killed := m.Kernel() != "4.19.0" && m.Kernel() != "4.19.116"
		var s *sim.Signal
		if errors.As(err, &s) != killed || (task.State() == "dead") != killed || ev.Count() != 1 {
			t.Errorf("%v, task %s, %d hits; want it killed: %v", err, task.State(), ev.Count(), killed)
		}
		must(t, m.CheckInvariants())
	})
}

// TestNamedPC: a breakpoint matches an access at the pc that it names, and a handler that writes the pc moves
// the task past the instruction (R-EXC-23).
func TestNamedPC(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		const pc = 0x401000
		var seen []uint64
		a := kernelW(userAddr, 8)
		_, err := m.RegisterUserHwBreakpoint(a, func(_ *sim.Event, h *sim.Hit) error {
			seen = append(seen, h.PC)
			h.PC += 8
			return nil
		}, task)
		must(t, err)
		a.Type, a.Addr, a.Len = hwdebug.X, pc, 4
		bp, err := m.RegisterUserHwBreakpoint(a, nil, task)
		must(t, err)
		_, _, err = task.Access(hwdebug.Store, userAddr, 8, 7, sim.AccessOptions{PC: pc})
		must(t, err)
		if len(seen) != 1 || seen[0] != pc || bp.Count() != 1 {
			t.Errorf("handler saw pc %#x, breakpoint %d hits; want one at %#x and 1", seen, bp.Count(), pc)
		}
		if v, err := task.Load(userAddr, 8); v != 0 || err != nil {
			t.Errorf("the store was performed: %d, %v", v, err)
		}
	})
}
