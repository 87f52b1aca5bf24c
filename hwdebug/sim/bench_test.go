// Benchmarks of the machine's usual steps, with a trace and without; the register path must not
// allocate.

package sim_test

import (
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// traced runs a benchmark on a machine with a trace and on one without.
func traced(b *testing.B, cpus int, fn func(b *testing.B, m *sim.Machine)) {
	for _, row := range []struct {
		name string
		size int
	}{{"traced", 4096}, {"untraced", -1}} {
		b.Run(row.name, func(b *testing.B) {
			m, err := sim.New(sim.Config{CPUs: cpus, TraceSize: row.size})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			b.ReportAllocs()
			fn(b, m)
		})
	}
}

func BenchmarkWriteWbReg(b *testing.B) {
	traced(b, 1, func(b *testing.B, m *sim.Machine) {
		c := m.CPU(0)
		for b.Loop() {
			if err := c.WriteWbReg(arm64.WVR, 3, 0xffffff8008c5a000); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// switching opens four events for a new task and returns CPU 0 and the task.
func switching(tb testing.TB, m *sim.Machine) (*sim.CPU, *sim.Task) {
	task, err := m.NewTask(sim.TaskConfig{Comm: "t"})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range uint64(4) {
		a := hwdebug.Attr{Type: hwdebug.W, Addr: 0x400000 + 8*i, Len: 8, Pinned: true}
		if _, err := m.PerfEventOpen(a, task, -1); err != nil {
			tb.Fatal(err)
		}
	}
	return m.CPU(0), task
}

// BenchmarkContextSwitch times a switch in and a switch out of a task with four events.
func BenchmarkContextSwitch(b *testing.B) {
	traced(b, 1, func(b *testing.B, m *sim.Machine) {
		c, task := switching(b, m)
		for b.Loop() {
			if err := c.ContextSwitch(task); err != nil {
				b.Fatal(err)
			}
			if err := c.ContextSwitch(nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRegisterWide times registering and unregistering a wide event on eight CPUs.
func BenchmarkRegisterWide(b *testing.B) {
	traced(b, 8, registerWide)
}

// registerWide registers and unregisters a wide event.
func registerWide(b *testing.B, m *sim.Machine) {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, 0xffffff8008c5a000, 8
	for b.Loop() {
		w, err := m.RegisterWideHwBreakpoint(a, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.UnregisterWideHwBreakpoint(w); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNew times making and closing a machine of four CPUs.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m, err := sim.New(sim.Config{})
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}

func TestEverydayStepsDoNotAllocate(t *testing.T) {
	for _, row := range []struct {
		name string
		size int
	}{{"traced", 512}, {"untraced", -1}} {
		t.Run(row.name, func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 1, TraceSize: row.size})
			c, task := switching(t, m)
			step := func(name string, fn func() error) {
				do := func() {
					if err := fn(); err != nil {
						t.Fatal(err)
					}
				}
				for range 100 { // fills the ring and creates every call context
					do()
				}
				if n := testing.AllocsPerRun(200, do); n != 0 {
					t.Errorf("%s allocates %v times, want 0", name, n)
				}
			}
			step("a switch in and out", func() error {
				if err := c.ContextSwitch(task); err != nil {
					return err
				}
				return c.ContextSwitch(nil)
			})
			step("a register write", func() error { return c.WriteWbReg(arm64.WVR, 3, 0x1000) })
			step("a register read", func() error { _, err := c.ReadWbReg(arm64.WCR, 3); return err })
		})
	}
}
