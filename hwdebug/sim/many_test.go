// Machines of many CPUs: what they cost, which is linear in their number, and that nothing is cut off at 64.

package sim_test

import (
	"fmt"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

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
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, 0xffffff8008c5a000, 8
	onCPUs(b, func(b *testing.B, m *sim.Machine) {
		for b.Loop() {
			w, err := m.RegisterWideHwBreakpoint(a, nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := m.UnregisterWideHwBreakpoint(w); err != nil {
				b.Fatal(err)
			}
		}
	})
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
