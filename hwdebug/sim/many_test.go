// Machines of many CPUs: what they cost, which is linear in their number, and that nothing is cut off at 64.

package sim_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestManyCPUs takes the last CPU of the largest machine through a hit and hotplug.
func TestManyCPUs(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: hwdebug.MaxCPUs})
	last := hwdebug.MaxCPUs - 1
	hits := 0
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, 0xffffff8008c5a000, 8
	w, err := m.RegisterWideHwBreakpoint(a, func(_ *sim.Event, hit *sim.Hit) error {
		hits++
		hit.Skip = true
		if hit.CPU != last {
			t.Errorf("a hit on cpu%d, want cpu%d", hit.CPU, last)
		}
		return nil
	})
	must(t, err)
	must(t, m.CPU(last).Store(a.Addr, 8, 1))
	if hits != 1 || reg(t, m, last, arm64.WCR, 0) != reg(t, m, 0, arm64.WCR, 0) {
		t.Errorf("%d hits, want 1; DBGWCR0 is 0x%x", hits, reg(t, m, last, arm64.WCR, 0))
	}
	work := m.NewWork("w", func() error { return m.CPUDown(last - 1) })
	_, err = m.ScheduleWorkOn(last, work)
	must(t, err)
	_, err = m.Run()
	must(t, err)
	must(t, m.CPUDown(last))
	if m.CPU(last).Online() || m.CPU(last-1).Online() {
		t.Error("the last two CPUs are online, want them offline")
	}
	must(t, m.CPUUp(last))
	must(t, m.UnregisterWideHwBreakpoint(w))
	must(t, m.CheckInvariants())
	if left := m.Leaks(); left != nil {
		t.Errorf("left: %v", left)
	}
	chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{CPU: m.CPU(last)})
	if must(t, err); len(chain) == 0 {
		t.Error("no call chain of the last CPU")
	}
}

// TestManyCPUsAreLinear compares the bytes that machines and wide registrations take: each CPU costs the
// same.
func TestManyCPUsAreLinear(t *testing.T) {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, 0xffffff8008c5a000, 8
	bytes := func(cpus int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := newMachine(t, sim.Config{CPUs: cpus})
		_, err := m.RegisterWideHwBreakpoint(a, nil)
		must(t, err)
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / uint64(cpus)
	}
	if few, many := bytes(64), bytes(hwdebug.MaxCPUs); many > few*12/10 {
		t.Errorf("a CPU of a large machine takes %d bytes, one of 64 CPUs %d", many, few)
	}
}

// onCPUs runs a benchmark on machines of 1 to 1,024 CPUs, without a trace.
func onCPUs(b *testing.B, fn func(b *testing.B, m *sim.Machine)) {
	for _, n := range []int{1, 4, 64, hwdebug.MaxCPUs} {
		b.Run(fmt.Sprintf("cpus=%d", n), func(b *testing.B) {
			m, err := sim.New(sim.Config{CPUs: n, TraceSize: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			b.ReportAllocs()
			fn(b, m)
		})
	}
}

// BenchmarkManyNew times making and closing a machine with a trace.
func BenchmarkManyNew(b *testing.B) {
	onCPUs(b, func(b *testing.B, m *sim.Machine) {
		for b.Loop() {
			m, err := sim.New(sim.Config{CPUs: m.NrCPUs()})
			if err != nil {
				b.Fatal(err)
			}
			m.Close()
		}
	})
}

// BenchmarkManyWide times registering and unregistering a wide event.
func BenchmarkManyWide(b *testing.B) {
	onCPUs(b, registerWide)
}

// BenchmarkManyHotplug times taking the last CPU down and up.
func BenchmarkManyHotplug(b *testing.B) {
	onCPUs(b, func(b *testing.B, m *sim.Machine) {
		last := m.NrCPUs() - 1
		for b.Loop() {
			if err := m.CPUDown(last); err != nil && last > 0 {
				b.Fatal(err)
			}
			if err := m.CPUUp(last); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkManyWorks times one work item on each CPU.
func BenchmarkManyWorks(b *testing.B) {
	onCPUs(b, func(b *testing.B, m *sim.Machine) {
		works := make([]*sim.Work, m.NrCPUs())
		for i := range works {
			works[i] = m.NewWork("w", nil)
		}
		for b.Loop() {
			for cpu, w := range works {
				if _, err := m.ScheduleWorkOn(cpu, w); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := m.Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
