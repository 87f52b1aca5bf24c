// A handler skips an instruction over which another event of the same access requests a step.

package sim_test

import (
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestStepOfASkippedInstructionEnds: the step covers the next instruction and ends as any other: no
// register stays off and no monitor stays referenced.
func TestStepOfASkippedInstructionEnds(t *testing.T) {
	const kernel, user = 0xffff800000d0c000, 0x10000040
	skip := func(_ *sim.Event, hit *sim.Hit) error {
		hit.Skip = true
		return nil
	}
	for _, profile := range sim.Profiles() {
		for _, addr := range []uint64{kernel, user} {
			m, err := sim.New(sim.Config{Kernel: profile, VABits: 48})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			task, err := m.NewTask(sim.TaskConfig{CPU: 1})
			if err != nil {
				t.Fatal(err)
			}
			a := hwdebug.HwBreakpointInit()
			a.Type, a.Addr, a.Len = hwdebug.W, addr, 4
			var ws []*sim.Wide
			for _, h := range []sim.Handler{skip, nil} { // the default handler last decides in every kernel
				w, err := m.RegisterWideHwBreakpoint(a, h)
				if err != nil {
					t.Fatal(err)
				}
				ws = append(ws, w)
			}
			c := m.CPU(1)
			for n := uint64(1); n <= 2; n++ {
				if addr == kernel {
					err = c.Store(addr, 4, 7)
				} else {
					err = task.Store(addr, 4, 7)
				}
				if err != nil {
					t.Fatal(err)
				}
				for i, w := range ws {
					if count := eventOn(w, 1).Count(); count != n {
						t.Errorf("%s, 0x%x: Count of event %d = %d, want %d", profile, addr, i, count, n)
					}
					if v, err := c.Reg(arm64.WCR, i); err != nil || v&1 == 0 {
						t.Errorf("%s, 0x%x: DBGWCR%d_EL1 after store %d = 0x%x, %v; want it enabled",
							profile, addr, i, n, v, err)
					}
				}
				if v, err := c.MDSCR(); err != nil || v&arm64.MDSCRSS != 0 {
					t.Errorf("%s, 0x%x: MDSCR_EL1 after store %d = 0x%x, %v; want SS clear",
						profile, addr, n, v, err)
				}
				var got uint64
				if addr == kernel {
					got, err = c.Load(addr, 4)
				} else {
					got, err = task.Load(addr, 4)
				}
				if err != nil || got != 0 {
					t.Fatalf("%s, 0x%x: Load after the skipped store = %d, %v; want 0, nil",
						profile, addr, got, err)
				}
			}
			for _, w := range ws {
				if err := m.UnregisterWideHwBreakpoint(w); err != nil {
					t.Fatal(err)
				}
			}
			if v, err := c.MDSCR(); err != nil || v&arm64.MDSCRMDE != 0 {
				t.Errorf("%s, 0x%x: MDSCR_EL1 without events = 0x%x, %v; want MDE clear",
					profile, addr, v, err)
			}
			if err := m.CheckInvariants(); err != nil {
				t.Errorf("%s, 0x%x: %v", profile, addr, err)
			}
		}
	}
}
