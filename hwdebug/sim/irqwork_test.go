// irq_work and cross calls: spec chapter 16.

package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// TestIrqWork queues work in a thread, in a handler and in a cross call, and looks at when its function runs
// (R-IRQW-1, 2).
func TestIrqWork(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		var log []string
		note := func(s string) { log = append(log, s) }
		w := m.NewIrqWork("poke", func() error {
			note(fmt.Sprintf("poke on cpu%d", m.SmpProcessorID()))
			if err := m.Msleep(1); err == nil || !strings.Contains(err.Error(), "an "+
				"interrupt must not sleep") {
				t.Errorf("msleep in an irq_work = %v", err)
			}
			return nil
		})
		queue := func(want bool) {
			t.Helper()
			if got, err := m.IrqWorkQueue(w); got != want || err != nil {
				t.Errorf("irq_work_queue = %v, %v, want %v", got, err, want)
			}
			note("queued")
		}
		expect := func(step, want string) {
			t.Helper()
			if got := strings.Join(log, ", "); got != want {
				t.Errorf("%s: %s; want %s", step, got, want)
			}
			log = nil
		}
		queue(true)
		expect("in a thread", "poke on cpu0, queued")

		ev, err := m.PerfEventCreateKernelCounter(kernelRW(addrA, false), 0, nil,
			func(_ *sim.Event, h *sim.Hit) error {
				queue(true)
				queue(false)
				if left := m.Leaks(); !strings.Contains(strings.Join(left, ","), "irq_work poke is pending") {
					t.Errorf("left behind: %q", left)
				}
				h.Skip = true
				return nil
			})
		must(t, err)
		must(t, m.CPU(0).Store(addrA, 8, 1))
		expect("in a handler", "queued, queued, poke on cpu0")
		chain, err := m.Callchain("irq_work_run", sim.ChainOptions{CPU: m.CPU(0), View: trace.Full})
		must(t, err)
		if got := strings.Join(chain, " "); !strings.Contains(got, "irq_work_run ") || len(chain) < 3 {
			t.Errorf("chain %s", got)
		}
		must(t, m.UnregisterHwBreakpoint(ev))

		must(t, m.SmpCallFunctionSingle(1, func() error {
			queue(true)
			note("returns")
			return nil
		}))
		expect("in a cross call", "queued, returns, poke on cpu1")
		if w.Runs() != 3 || w.Pending() {
			t.Errorf("%d runs, pending %v; want 3, false", w.Runs(), w.Pending())
		}
	})
}

// TestDisableInatomic disables an event in its handler, which ends the endless trap of a custom handler
// without a warning, in kernel and in user mode (R-IRQW-3, R-EXC-22).
func TestDisableInatomic(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		disable := func(ev *sim.Event, _ *sim.Hit) error { return m.PerfEventDisableInatomic(ev) }
		k, err := m.PerfEventCreateKernelCounter(kernelRW(addrA, false), 0, nil, disable)
		must(t, err)
		must(t, m.CPU(0).Store(addrA, 8, 7))
		a := kernelRW(userAddr, false)
		u, err := m.RegisterUserHwBreakpoint(a, disable, task)
		must(t, err)
		must(t, task.Store(userAddr, 8, 7))
		for _, ev := range []*sim.Event{k, u} {
			if ev.Count() != 1 || ev.State() != sim.StateOff {
				t.Errorf("%s: count %d, %s; want 1, off", ev.Label(), ev.Count(), ev.State())
			}
		}
		if v, err := m.CPU(0).Load(addrA, 8); v != 7 || err != nil {
			t.Errorf("the store was not performed: %d, %v", v, err)
		}
		if log := strings.Join(m.Dmesg(), " "); strings.Contains(log, "WARNING") {
			t.Errorf("logged: %s", log)
		}
		must(t, m.CheckInvariants())
	})
}

// TestDisableInatomicElsewhere calls it on another CPU than the event's (R-IRQW-3), and for an event in no
// register (R-IRQW-4).
func TestDisableInatomicElsewhere(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		goes := strings.HasPrefix(m.Kernel(), "6") || strings.HasPrefix(m.Kernel(), "7")
		ev, err := m.PerfEventCreateKernelCounter(kernelRW(addrA, false), 1, nil, nil)
		must(t, err)
		must(t, m.PerfEventDisableInatomic(ev))
		_, installed := ev.Slot()
		if ev.State() != sim.StateOff || installed == goes || (logged(m, "Can't find any "+
			"breakpoint slot") == 0) != goes {
			t.Errorf("%s, installed %v, %d warnings; want off, installed and warned up to "+
				"5.10 only",
				ev.State(), installed, logged(m, "Can't find any"))
		}

		u, err := m.RegisterUserHwBreakpoint(kernelRW(userAddr, false), nil, task)
		must(t, err)
		must(t, m.PerfEventDisableInatomic(u)) // task is not current
		if want := map[bool]sim.State{true: sim.StateInactive, false: sim.StateOff}[goes]; u.State() != want {
			t.Errorf("state %s of an event in no register, want %s", u.State(), want)
		}
		must(t, m.CPU(0).ContextSwitch(task))
		must(t, m.CPU(0).ContextSwitch(nil))
		if u.State() != sim.StateOff {
			t.Errorf("state %s after a switch out, want off", u.State())
		}
	})
}

// TestCrossCalls runs functions on this CPU, on another and on all (R-SMP-1, 3), and where that warns
// (R-SMP-2).
func TestCrossCalls(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		touch := func() error { return m.CPU(m.SmpProcessorID()).Store(addrA, 8, 1) }
		must(t, m.SmpCallFunctionSingle(0, touch))
		must(t, m.SmpCallFunctionSingle(1, touch))
		must(t, m.OnEachCPU(touch))
		if got := fmt.Sprint(eventOn(w, 0).Count(), eventOn(w, 1).Count()); got != "2 2" {
			t.Errorf("counts %s, want 2 2", got)
		}
		chain, err := m.Callchain("watchpoint_handler", sim.ChainOptions{CPU: m.CPU(1), View: trace.Full})
		must(t, err)
		const interrupt = "generic_smp_call_function_single_interrupt"
		if !slices.Contains(chain, interrupt) {
			t.Errorf("chain %s, want %s in it", chain, interrupt)
		}
		fail := errors.New("no")
		if err := m.OnEachCPU(func() error { return fail }); !errors.Is(err, fail) {
			t.Errorf("on_each_cpu = %v, want the function's error", err)
		}
		if log := strings.Join(m.Dmesg(), " "); strings.Contains(log, "WARNING") {
			t.Errorf("so far: %s", log)
		}
		must(t, m.SmpCallFunctionSingle(1, func() error { return m.SmpCallFunctionSingle(0, nil) }))
		if log := strings.Join(m.Dmesg(), " "); !strings.Contains(log, "kernel/smp.c") {
			t.Error("a cross call in an interrupt says nothing")
		}
		must(t, m.CPUDown(1))
		for _, cpu := range []int{1, 2, -1} {
			if err := m.SmpCallFunctionSingle(cpu, touch); errnoOf(err) != "ENXIO" {
				t.Errorf("cpu%d: %v, want ENXIO", cpu, err)
			}
		}
	})
}
