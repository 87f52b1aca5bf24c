// Kernel counters, and the events of a wide registration one by one.

package sim_test

import (
	"fmt"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestKernelCounter creates one event of a CPU, of a task, and of a task on one CPU (R-CON-21).
func TestKernelCounter(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		a := hwdebug.HwBreakpointInit()
		a.Type, a.Addr, a.Len = hwdebug.W, userAddr, 8
		must(t, m.CPUDown(1))
		for _, c := range []struct {
			name string
			cpu  int
			task *sim.Task
			want string
		}{
			{"a CPU", 0, nil, ""},
			{"a task", -1, task, ""},
			{"a task on a CPU", 1, task, ""},
			{"neither", -1, nil, "EINVAL"},
			{"a CPU that is not there", 2, nil, "EINVAL"},
			{"an offline CPU", 1, nil, "ENODEV"},
		} {
			hits := 0
			ev, err := m.PerfEventCreateKernelCounter(a, c.cpu, c.task, func(_ *sim.Event, h *sim.Hit) error {
				hits++
				h.Skip = true
				return nil
			})
			if got := errnoOf(err); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			if err != nil {
				continue
			}
			must(t, task.Store(userAddr, 8, 1))
			if want := int(bit(c.cpu != 1)); hits != want || ev.Count() != uint64(want) {
				t.Errorf("%s: %d calls, count %d, want %d", c.name, hits, ev.Count(), want)
			}
			must(t, m.PerfEventReleaseKernel(ev))
			if err := m.PerfEventReleaseKernel(ev); err == nil {
				t.Errorf("%s: released twice", c.name)
			}
		}
		if left := m.Leaks(); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
		must(t, m.CheckInvariants())
	})
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// TestReleaseOneOfWide releases one CPU's event of a wide registration; the rest is released later, and
// what was created on that CPU instead is left alone (R-CON-22).
func TestReleaseOneOfWide(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		must(t, m.UnregisterHwBreakpoint(eventOn(w, 1)))
		if eventOn(w, 1) != nil || w.Closed() || mustSlots(t, m, 1).WP.CPUPinned != 0 {
			t.Errorf("w[1] = %v, closed %v, want nil and open", eventOn(w, 1), w.Closed())
		}
		ev, err := m.PerfEventCreateKernelCounter(kernelRW(addrA, false), 1, nil, nil)
		must(t, err)
		must(t, m.UnregisterWideHwBreakpoint(w))
		if got := fmt.Sprint(mustSlots(t, m, 0).WP.CPUPinned, mustSlots(t, m, 1).WP.CPUPinned); got != "0 1" {
			t.Errorf("reserved on cpu0 and cpu1: %s, want 0 1", got)
		}
		must(t, m.UnregisterHwBreakpoint(ev))
		if left := m.Leaks(); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}
