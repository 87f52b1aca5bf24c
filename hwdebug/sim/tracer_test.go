// Tracers and their widths.

package sim_test

import (
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestWidthOfTracer: the register sets and the addresses that a tracer may use follow from its own width, not
// from that of the tracee or of the task that happens to be current (R-PTR-15, 19).
func TestWidthOfTracer(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task64 *sim.Task) {
		newTask := func(comm string, compat bool) *sim.Task {
			t.Helper()
			task, err := m.NewTask(sim.TaskConfig{Comm: comm, CPU: 1, Compat: compat})
			must(t, err)
			return task
		}
		task32, gdb32, gdb64 := newTask("t32", true), newTask("gdb32", true), newTask("gdb64", false)
		must(t, m.CPU(1).ContextSwitch(gdb32)) // current, and not the tracer
		const low, high = 0x1000, 0x7000001000
		for _, c := range []struct {
			name           string
			tracer, tracee *sim.Task
			addr           uint64
			want           string
		}{
			{"the script", nil, task64, high, ""},
			{"the script, of a 32-bit task", nil, task32, high, ""},
			{"a 64-bit tracer", gdb64, task64, high, ""},
			{"a 64-bit tracer of a 32-bit task", gdb64, task32, low, ""},
			{"a 32-bit tracer", gdb32, task64, low, "EINVAL"},
			{"a 32-bit tracer of a 32-bit task", gdb32, task32, low, "EINVAL"},
		} {
			err := c.tracee.PtraceSetBy(c.tracer, hwdebug.HwWatch, 0, c.addr, 0x1f5)
			if got := errnoOf(err); got != c.want {
				t.Errorf("%s sets 0x%x: %q, want %q", c.name, c.addr, got, c.want)
			}
			if _, _, err := c.tracee.PtraceGetBy(c.tracer, hwdebug.HwWatch, 0); errnoOf(err) != c.want {
				t.Errorf("%s reads: %v, want %q", c.name, err, c.want)
			}
		}
		above := "EINVAL" // 0xfffff000 is below the TASK_SIZE of 4.19.0
		if m.Kernel() == "4.19.0" {
			above = ""
		}
		for _, c := range []struct {
			name   string
			tracer *sim.Task
			num    int
			value  uint32
			want   string
		}{
			{"a 32-bit tracer sets", gdb32, -3, low, ""},
			{"a tracer left out sets", nil, -3, low, ""},
			{"a 32-bit tracer sets above its TASK_SIZE", gdb32, -3, 0xfffff000, above},
			{"a 64-bit tracer sets", gdb64, -3, low, "EIO"},
			{"a 32-bit tracer sets number 33", gdb32, 33, low, "EINVAL"},
		} {
			if got := errnoOf(task64.PtraceSetHBPRegs(c.tracer, c.num, c.value)); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		if _, err := task64.PtraceGetHBPRegs(gdb64, 0); errnoOf(err) != "EIO" {
			t.Errorf("a 64-bit tracer reads number 0: %v, want EIO", err)
		}
		if err := gdb64.PtraceSetBy(gdb64, hwdebug.HwWatch, 0, low, 0x1f5); err == nil {
			t.Error("a task traces itself")
		}
		must(t, m.CheckInvariants())
	})
}
