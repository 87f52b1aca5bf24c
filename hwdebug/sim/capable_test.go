// Capabilities: they are those of the task in whose name a call is made (R-VAL-1, R-VAL-5, R-VAL-27).

package sim_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestCapabilityOfCaller: an app lacks CAP_SYS_ADMIN; kernel threads, which run a driver's work, have it.
func TestCapabilityOfCaller(t *testing.T) {
	onEvery(t, "app and worker", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, NoCapSysAdmin: true, Paranoid: 2})
		register := func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			if err == nil {
				err = m.UnregisterWideHwBreakpoint(w)
			}
			return err
		}
		must(t, register()) // the script
		must(t, m.CPU(1).Run(register))

		work := m.NewDelayedWork("probe", register)
		app, err := m.NewTask(sim.TaskConfig{Comm: "app", Body: func(*sim.Task) error {
			wantErrno(t, "app", register(), syscall.EPERM)
			_, err := m.ScheduleDelayedWorkOn(1, work, ticks(m, 3))
			return err
		}})
		must(t, err)
		_, err = m.Run()
		must(t, err) // the work's error ends it
		if app.State() != "dead" || work.Runs() != 1 {
			t.Errorf("app %s, work ran %d times; want dead, 1", app.State(), work.Runs())
		}
	})
}

// TestCapabilityOfTask: a task's own setting wins over the machine's, and a child has its parent's.
func TestCapabilityOfTask(t *testing.T) {
	for _, row := range []struct {
		machine bool // NoCapSysAdmin
		task    sim.Capability
		has     bool
	}{
		{false, sim.CapDefault, true}, {false, sim.CapGranted, true}, {false, sim.CapRevoked, false},
		{true, sim.CapDefault, false}, {true, sim.CapGranted, true}, {true, sim.CapRevoked, false},
	} {
		m := newMachine(t, sim.Config{CPUs: 1, NoCapSysAdmin: row.machine})
		task, err := m.NewTask(sim.TaskConfig{CapSysAdmin: row.task})
		must(t, err)
		child, err := task.Fork("child", 0)
		must(t, err)
		must(t, child.Execve())
		for _, u := range []*sim.Task{task, child} {
			must(t, m.CPU(0).ContextSwitch(u))
			ev, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
			if row.has {
				must(t, err)
			} else {
				wantErrno(t, fmt.Sprintf("%+v %s", row, u), err, syscall.EPERM)
			}
			if u.CapSysAdmin() != row.has {
				t.Errorf("%+v: CapSysAdmin of %s = %v", row, u, u.CapSysAdmin())
			}
			if err == nil {
				must(t, ev.Close())
			}
		}
	}
}

// TestParanoid covers the levels of perf_event_paranoid in R-VAL-1, 5 and 27: what they refuse an app.
func TestParanoid(t *testing.T) {
	onEvery(t, "app", func(t *testing.T, kernel string) {
		for level := -1; level <= 4; level++ {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel, Paranoid: level})
			app, err := m.NewTask(sim.TaskConfig{CapSysAdmin: sim.CapRevoked})
			must(t, err)
			for _, row := range []struct {
				name          string
				cpu           int
				excludeKernel bool
				from          int // the first level that refuses it
			}{
				{"a CPU's event", 0, true, 1}, {"with the kernel", -1, false, 2}, {"user only", -1, true, 3},
			} {
				a, task := userW(userAddr), app
				if a.ExcludeKernel = row.excludeKernel; row.cpu >= 0 {
					task = nil
				}
				must(t, m.CPU(0).ContextSwitch(nil))
				ev, err := m.PerfEventOpen(a, task, row.cpu)
				must(t, err) // the script has all capabilities
				must(t, ev.Close())

				must(t, m.CPU(0).ContextSwitch(app))
				ev, err = m.PerfEventOpen(a, task, row.cpu)
				if level >= row.from && (row.from < 3 || since(kernel, "5.10.223")) {
					wantErrno(t, fmt.Sprintf("paranoid %d, %s", level, row.name), err, syscall.EACCES)
					continue
				}
				must(t, err)
				must(t, ev.Close())
			}
		}
	})
}
