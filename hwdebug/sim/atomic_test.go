// Atomic context: what handlers may call (R-EXC-18 to 21).

package sim_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// inHandler runs fn in the handler of a hit on CPU 0 and returns what it returned, and the lines logged.
func inHandler(t *testing.T, m *sim.Machine, fn func() error) (log []string, err error) {
	t.Helper()
	w, e := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), func(_ *sim.Event, hit *sim.Hit) error {
		err = fn()
		hit.Skip = true
		return nil
	})
	must(t, e)
	before := len(m.Dmesg())
	must(t, m.CPU(0).Store(addrA, 8, 1))
	log = m.Dmesg()[before:]
	if !w.Closed() {
		must(t, m.UnregisterWideHwBreakpoint(w))
	}
	return log, err
}

func countLines(log []string, text string) (n int) {
	for _, l := range log {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

// handlerCalls are calls of a handler. warns and hangs say what the kernel does before 6.1 and from 6.1 on.
var handlerCalls = []struct {
	name              string
	warnsOld, warns61 bool
	hangs61           bool
	sleeps            int // calls that take a mutex, allocate or flush
	setUp             func(t *testing.T, m *sim.Machine) func() error
}{
	{"register_wide_hw_breakpoint", true, false, true, 1,
		func(_ *testing.T, m *sim.Machine) func() error {
			return func() error {
				_, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
				return err
			}
		}},
	{"perf_event_create_kernel_counter", true, false, true, 1,
		func(_ *testing.T, m *sim.Machine) func() error {
			return func() error {
				_, err := m.PerfEventCreateKernelCounter(kernelRW(addrB, false), 1, nil, nil)
				return err
			}
		}},
	{"perf_event_release_kernel", true, false, true, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			ev, err := m.PerfEventCreateKernelCounter(kernelRW(addrB, false), 1, nil, nil)
			must(t, err)
			return func() error { return m.PerfEventReleaseKernel(ev) }
		}},
	{"unregister_wide_hw_breakpoint", true, false, true, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
			must(t, err)
			return func() error { return m.UnregisterWideHwBreakpoint(w) }
		}},
	{"perf_event_open of a CPU", true, false, true, 1,
		func(_ *testing.T, m *sim.Machine) func() error {
			return func() error { _, err := m.PerfEventOpen(kernelRW(addrB, false), nil, 1); return err }
		}},
	{"close of a CPU's event", true, false, true, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			return open(t, m, kernelRW(addrB, false), nil, 1).Close
		}},
	{"register_user_hw_breakpoint, not the first event of a task", true, true, false, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			task := newTask(t, m, "app", 1)
			open(t, m, userW(userAddr), task, -1)
			return func() error {
				_, err := m.RegisterUserHwBreakpoint(userW(userAddr+8), nil, task)
				return err
			}
		}},
	{"register_user_hw_breakpoint, the first event of a task", true, false, true, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			task := newTask(t, m, "app", 1)
			return func() error {
				_, err := m.RegisterUserHwBreakpoint(userW(userAddr), nil, task)
				return err
			}
		}},
	{"unregister_hw_breakpoint of a task's event", true, false, false, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			ev := register(t, m, newTask(t, m, "app", 1))
			return func() error { return m.UnregisterHwBreakpoint(ev) }
		}},
	{"perf_event_disable", false, false, false, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			ev := open(t, m, kernelRW(addrB, false), nil, 1)
			return func() error { return m.PerfEventDisable(ev) }
		}},
	{"perf_event_enable", false, false, false, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			ev := open(t, m, kernelRW(addrB, true), nil, 1)
			return func() error { return m.PerfEventEnable(ev) }
		}},
	{"modify_user_hw_breakpoint", false, false, false, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
			must(t, err)
			return func() error { return m.ModifyUserHwBreakpoint(eventOn(w, 1), kernelRW(addrC, false)) }
		}},
	{"modify_user_hw_breakpoint to another type", false, false, true, 1,
		func(t *testing.T, m *sim.Machine) func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
			must(t, err)
			return func() error { return m.ModifyUserHwBreakpoint(eventOn(w, 1), kernelX(addrC)) }
		}},
	{"disable, then unregister", false, false, true, 2,
		func(t *testing.T, m *sim.Machine) func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
			must(t, err)
			return func() error {
				must(t, m.PerfEventDisable(eventOn(w, 0)))
				return m.UnregisterWideHwBreakpoint(w)
			}
		}},
	{"flush_work of an idle item", false, false, false, 1,
		func(_ *testing.T, m *sim.Machine) func() error {
			w := m.NewWork("w", nil)
			return func() error { _, err := m.FlushWork(w); return err }
		}},
	{"cancel_delayed_work_sync", false, false, false, 1,
		func(_ *testing.T, m *sim.Machine) func() error {
			w := m.NewDelayedWork("w", nil)
			return func() error { _, err := m.CancelDelayedWorkSync(w); return err }
		}},
	{"schedule_work", false, false, false, 0,
		func(_ *testing.T, m *sim.Machine) func() error {
			w := m.NewWork("w", nil)
			return func() error { _, err := m.ScheduleWork(w); return err }
		}},
}

// TestHandlerCalls covers R-EXC-18, 19 and 21: a call in a hit handler is silent, warns, or would hang.
func TestHandlerCalls(t *testing.T) {
	for _, call := range handlerCalls {
		onEvery(t, call.name, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel})
			log, err := inHandler(t, m, call.setUp(t, m))
			hangs, warns := is61(kernel) && call.hangs61, call.warnsOld
			if is61(kernel) {
				warns = call.warns61
			}
			if hangs != (err != nil) || hangs &&
				!strings.Contains(err.Error(), "the machine would hang here") {
				t.Errorf("got error %v, want one that says that the machine would hang: %v", err, hangs)
			}
			if n := countLines(log, "kernel/smp.c:"); n != map[bool]int{true: 1}[warns] {
				t.Errorf("%d warnings of kernel/smp.c, want one: %v; log:\n%s", n, warns,
					strings.Join(log, "\n"))
			}
			if n := countLines(log, "BUG:"); n != 0 {
				t.Errorf("%d BUG lines without debug_atomic_sleep", n)
			}
			must(t, m.CheckInvariants())
		})
	}
}

// TestHandlerCallsWithAtomicSleep covers R-EXC-20: with CONFIG_DEBUG_ATOMIC_SLEEP each call that may sleep in
// a handler logs it once, before anything else, and outside of one nothing does.
func TestHandlerCallsWithAtomicSleep(t *testing.T) {
	for _, call := range handlerCalls {
		onEvery(t, call.name, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, DebugAtomicSleep: true})
			log, err := inHandler(t, m, call.setUp(t, m))
			if err != nil {
				return // it hangs, above
			}
			n := countLines(log, "BUG: sleeping function called from invalid context at ")
			if n != call.sleeps {
				t.Errorf("%d lines of a sleeping function, want %d:\n%s", n, call.sleeps,
					strings.Join(log, "\n"))
			}
			if n > 0 && !strings.Contains(log[0], "BUG: sleeping") {
				t.Errorf("first line %q, want the BUG line", log[0])
			}
			if all := countLines(m.Dmesg(), "BUG:"); all != n {
				t.Errorf("%d BUG lines in all, %d of them in the handler: calls of a thread may sleep", all,
					n)
			}
		})
	}
}

// TestWarnsOnce covers R-EXC-19: the warning of a cross call with interrupts off comes once a boot, with the
// stack of the handler, and taints.
func TestWarnsOnce(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	for i := range 3 {
		log, err := inHandler(t, m, func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
			must(t, err)
			return m.UnregisterWideHwBreakpoint(w)
		})
		must(t, err)
		if n := countLines(log, "WARNING"); n != map[int]int{0: 1}[i] {
			t.Errorf("hit %d: %d warnings", i, n)
		}
	}
	log := strings.Join(m.Dmesg(), "\n")
	for _, frame := range []string{"smp_call_function_single+", "watchpoint_handler+"} {
		if !strings.Contains(log, "]  "+frame) {
			t.Errorf("no frame %s in\n%s", frame, log)
		}
	}
	must(t, m.DumpStack())
	if log := m.Dmesg(); countLines(log, "Tainted: G        W ") == 0 {
		t.Errorf("not tainted W:\n%s", strings.Join(log, "\n"))
	}
}

// TestHandlerMeetsHeldMutex covers R-EXC-20: a handler cannot wait for a mutex that another thread holds.
func TestHandlerMeetsHeldMutex(t *testing.T) {
	var met int
	for seed := range uint64(300) {
		m := newMachine(t, sim.Config{CPUs: 3, Seed: seed})
		ev := open(t, m, kernelRW(addrB, false), nil, 2)
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), func(_ *sim.Event, hit *sim.Hit) error {
			hit.Skip = true
			if err := m.PerfEventDisable(ev); err != nil {
				if !strings.Contains(err.Error(),
					"the mutex of the perf context of cpu2 is held by kworker/0") {
					t.Fatal(err)
				}
				met++
			}
			return nil
		})
		must(t, err)
		for cpu, fn := range []func() error{
			func() error { return m.PerfEventEnable(ev) },
			func() error { return m.CPU(1).Store(addrA, 8, 1) },
		} {
			_, err = m.ScheduleWorkOn(cpu, m.NewWork("w", fn))
			must(t, err)
		}
		_, err = m.ScheduleWorkOn(0, m.NewWork("off", func() error { return m.PerfEventDisable(ev) }))
		must(t, err)
		_, err = m.Run()
		must(t, err)
		must(t, m.CheckInvariants())
	}
	if met == 0 {
		t.Error("in 300 orders the handler never met the held mutex")
	}
}

// kernelX returns the attributes of a pinned breakpoint in the kernel.
func kernelX(addr uint64) hwdebug.Attr {
	a := kernelRW(addr, false)
	a.Type, a.Len = hwdebug.X, 4
	return a
}
