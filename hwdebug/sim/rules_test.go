// Rules of the specification that its vectors do not reach, each under its number.

package sim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// flexible makes an attribute set flexible.
func flexible(a hwdebug.Attr) hwdebug.Attr {
	a.Pinned = false
	return a
}

// TestReservationExamples is the table of spec 4.2, in sequence.
func TestReservationExamples(t *testing.T) {
	for _, kernel := range sim.Profiles() {
		t.Run(kernel, func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 2, WRPs: 4, Kernel: kernel})
			tt, u := newTask(t, m, "t", 0), newTask(t, m, "u", 0)
			made := map[int]*sim.Event{}
			for _, row := range []struct {
				n    int
				task *sim.Task
				cpu  int
				ok   bool
			}{
				{1, nil, 0, true}, {2, nil, 0, true}, {3, tt, -1, true}, {4, tt, -1, true}, {5, tt, -1, false},
				{6, tt, 1, true}, {7, u, -1, true}, {8, nil, 0, false}, {9, nil, 1, true}, {10, nil, 1, false},
				{11, tt, 0, false}, {12, u, -1, true}, {13, nil, 1, true}, {14, nil, 0, false},
			} {
				if row.n == 13 {
					must(t, made[4].Close())
				}
				ev, err := m.PerfEventOpen(userW(userAddr+8*uint64(row.n)), row.task, row.cpu)
				if row.ok && err != nil {
					t.Fatalf("row %d: %v", row.n, err)
				}
				if !row.ok {
					wantErrno(t, fmt.Sprintf("row %d", row.n), err, syscall.ENOSPC)
				}
				made[row.n] = ev
			}
			must(t, m.CheckInvariants())
		})
	}
}

func TestContextRules(t *testing.T) {
	onEvery(t, "R-CTX-8 a flexible CPU event takes out the task's flexible ones only", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		open(t, m, userW(userAddr), task, -1)             // pinned
		open(t, m, flexible(userW(userAddr+8)), task, -1) // flexible
		must(t, m.CPU(0).ContextSwitch(task))
		w := watch(t, m, 0)
		open(t, m, flexible(kernelRW(addrA, false)), nil, 0)
		w.want("registered", "WCR1=0x0 M=0xb000 WVR1=0xffffff8008080000 WCR1=0x1ffb WVR2=0x400008 WCR2=0x1f5")
	})
	onEvery(t, "R-CTX-8 a pinned task event takes out the CPU's flexible ones", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		must(t, m.CPU(0).ContextSwitch(task))
		pinned := open(t, m, kernelRW(addrA, false), nil, 0)
		flex := open(t, m, flexible(kernelRW(addrB, false)), nil, 0)
		w := watch(t, m, 0)
		ev := open(t, m, userW(userAddr), task, -1)
		w.want("registered", "WCR1=0x0 WVR1=0x400000 WCR1=0x1f5 WVR2=0xffffff8008080008 WCR2=0x1ffb")
		wantSlots(t, "after it", "0 1 2", pinned, ev, flex)
	})
	onEvery(t, "R-CTX-8 a pinned CPU event takes everything out, pinned before flexible", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		open(t, m, flexible(kernelRW(addrB, false)), nil, 0)
		open(t, m, userW(userAddr), task, -1)
		must(t, m.CPU(0).ContextSwitch(task))
		w := watch(t, m, 0)
		open(t, m, kernelRW(addrA, false), nil, 0)
		// The switch has put the CPU's flexible event behind the task's pinned one: slots 0 and 1.
		w.want("registered", "WCR0=0x0 WCR1=0x0 M=0x1000 M=0xb000 WVR0=0xffffff8008080000 WCR0=0x1ffb "+
			"WVR1=0x400000 WCR1=0x1f5 WVR2=0xffffff8008080008 WCR2=0x1ffb")
	})
	onEvery(t, "R-CTX-8 a flexible task event leaves the CPU's alone", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		must(t, m.CPU(0).ContextSwitch(task))
		open(t, m, kernelRW(addrA, false), nil, 0)
		open(t, m, flexible(kernelRW(addrB, false)), nil, 0)
		w := watch(t, m, 0)
		open(t, m, flexible(userW(userAddr)), task, -1)
		w.want("registered", "WVR2=0x400000 WCR2=0x1f5")
	})
	onEvery(t, "R-CTX-18 CPU-flexible events move only for a task with pinned ones", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, flexible(kernelRW(addrA, false)), nil, 0)
		pinned, flex, bare := newTask(t, m, "pinned", 0), newTask(t, m, "flexible", 0), newTask(t, m, "bare", 0)
		open(t, m, userW(userAddr), pinned, -1)
		open(t, m, flexible(userW(userAddr)), flex, -1)
		w := watch(t, m, 0)
		for _, step := range []struct {
			to     *sim.Task
			writes string
		}{
			{flex, "WVR1=0x400000 WCR1=0x1f5"},
			{bare, "WCR1=0x0"},
			{pinned, "WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5 M=0xb000 WVR1=0xffffff8008080000 WCR1=0x1ffb"},
			{bare, "WCR0=0x0"},
		} {
			must(t, m.CPU(0).ContextSwitch(step.to))
			w.want("to "+step.to.Comm(), step.writes)
		}
	})
	onEvery(t, "R-EVT-6 a task that is away changes states, never registers", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, flexible(kernelRW(addrA, false)), nil, 0) // would move, were anything rescheduled
		task := newTask(t, m, "t", 1)
		ev := open(t, m, userW(userAddr), task, -1)
		w0, w1 := watch(t, m, 0), watch(t, m, 1)
		must(t, m.PerfEventDisable(ev))
		wantState(t, "disabled", ev, sim.StateOff)
		must(t, m.PerfEventEnable(ev))
		wantState(t, "enabled", ev, sim.StateInactive)
		must(t, ev.Close())
		w0.want("on the caller's CPU", "")
		w1.want("on the task's CPU", "")
	})
	onEvery(t, "R-EVT-15 switches reach perf from the first task event until a second after the last", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		a, b := newTask(t, m, "a", 1), newTask(t, m, "b", 1)
		w := watch(t, m, 1)
		reaches := func(step string, want int) {
			t.Helper()
			w.writes()
			must(t, m.CPU(1).ContextSwitch(a))
			must(t, m.CPU(1).ContextSwitch(b))
			if n := w.entered("__perf_event_task_sched_out"); n != 2*want {
				t.Errorf("%s: %d of 2 switches reach perf", step, n)
			}
		}
		open(t, m, kernelRW(addrA, false), nil, 1)
		reaches("a CPU's event", 0)
		first, last := open(t, m, userW(userAddr), a, -1), open(t, m, userW(userAddr), b, -1)
		reaches("two tasks' events", 1)
		must(t, first.Close())
		must(t, m.Msleep(2e9))
		reaches("one of them is left", 1)
		must(t, last.Close())
		must(t, m.Msleep(1e9-1))
		reaches("almost a second after the last", 1)
		must(t, m.Msleep(1))
		reaches("a second after the last", 0)
		open(t, m, userW(userAddr), a, -1)
		reaches("and another one", 1)
	})
	onEvery(t, "R-CTX-4 an event of a task for another CPU waits", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		here, there := open(t, m, userW(userAddr), task, 0), open(t, m, userW(userAddr+8), task, 1)
		must(t, m.CPU(0).ContextSwitch(task))
		wantSlots(t, "on CPU 0", "0 -1", here, there)
		must(t, task.Migrate(1))
		must(t, m.CPU(1).ContextSwitch(task))
		wantSlots(t, "on CPU 1", "-1 0", here, there)
		wantState(t, "on CPU 1", here, sim.StateInactive)
	})
	onEvery(t, "R-CTX-16 a failure stops later events that are not software-capable", func(t *testing.T, kernel string) {
		// Two usable slots, a limit of four: by R-CON-13 the third cannot go in.
		m := newMachine(t, sim.Config{CPUs: 2, BRPsPerCPU: []int{6, 6}, WRPsPerCPU: []int{4, 2}, Kernel: kernel})
		for i := range uint64(2) {
			open(t, m, kernelRW(addrA+8*i, false), nil, 0)
		}
		// On CPU 0 only, as a module does it: a wide registration while CPU 1 is away.
		must(t, m.CPUDown(1))
		var evs []*sim.Event
		for i := range uint64(2) {
			a := flexible(kernelRW(addrC+8*i, false))
			w, err := m.RegisterWideHwBreakpoint(a, nil)
			must(t, err)
			evs = append(evs, w.Event(0))
		}
		w := watch(t, m, 0)
		before := w.entered("hw_breakpoint_add")
		must(t, m.PerfEventDisable(evs[1]))
		must(t, m.PerfEventEnable(evs[1]))
		if n := w.entered("hw_breakpoint_add") - before; n != 1 {
			t.Errorf("%d flexible events were tried, want the first only", n)
		}
		wantState(t, "the first", evs[0], sim.StateInactive)
		wantState(t, "the second", evs[1], sim.StateInactive)
	})
	onEvery(t, "D-7 since 6.1 a pinned event that fails stops later pinned ones too", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, BRPsPerCPU: []int{6, 6}, WRPsPerCPU: []int{4, 2}, Kernel: kernel})
		open(t, m, kernelRW(addrA, false), nil, 0)
		open(t, m, kernelRW(addrB, false), nil, 0)
		task := newTask(t, m, "t", 0)
		var evs []*sim.Event
		for i := range uint64(2) { // from the kernel: not software-capable
			ev, err := m.RegisterUserHwBreakpoint(userW(userAddr+8*i), nil, task)
			must(t, err)
			evs = append(evs, ev)
		}
		w := watch(t, m, 0)
		must(t, m.CPU(0).ContextSwitch(task))
		want := 2
		if is61(kernel) {
			want = 1
		}
		if n := w.entered("hw_breakpoint_add"); n != want {
			t.Errorf("%d of the two were tried, want %d", n, want)
		}
		for _, ev := range evs {
			wantState(t, "with both slots taken", ev, sim.StateError)
		}
	})
	onEvery(t, "D-6 since 6.1 an event leaves an inactive context without a cross call", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		ev := open(t, m, userW(userAddr), newTask(t, m, "t", 1), -1)
		w := watch(t, m, 1)
		before := w.entered("smp_call_function_single")
		must(t, ev.Close())
		want := 1
		if is61(kernel) {
			want = 0
		}
		if n := w.entered("smp_call_function_single") - before; n != want {
			t.Errorf("%d cross calls, want %d", n, want)
		}
	})
	onEvery(t, "R-VAL-12 the vectors page ends a 32-bit caller's space", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		caller, err := m.NewTask(sim.TaskConfig{Comm: "caller", Compat: true})
		must(t, err)
		must(t, m.CPU(0).ContextSwitch(caller))
		_, err = m.PerfEventOpen(userW(0xfffff000), caller, -1)
		if kernel == "4.19.0" || kernel == "4.19.116" {
			must(t, err)
		} else {
			wantErrno(t, "in the page", err, syscall.EINVAL)
		}
		_, err = m.PerfEventOpen(userW(0xffffeffc), caller, -1)
		must(t, err)
	})
	onEvery(t, "R-STEP-14 while one bank is off the other goes off too and neither steps", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		must(t, s.task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1f5))
		must(t, s.m.CPU(0).ContextSwitch(s.task))
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil) // the default one is reported last
		s.user(userAttr(hwdebug.X, 0x400580, 4), nil)
		if err := s.task.Store(0x1000, 4, 1); err == nil {
			t.Fatal("no signal")
		}
		off := func(step string, want ...uint64) {
			t.Helper()
			got := []uint64{reg(t, s.m, 0, arm64.WCR, 0), reg(t, s.m, 0, arm64.WCR, 1), reg(t, s.m, 0, arm64.BCR, 0)}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: WCR0, WCR1, BCR0 are %#x, want %#x", step, got, want)
			}
		}
		off("after the signal", 0x1f4, 0x1f4, 0x1e5)
		must(t, s.task.Exec(0x400580))
		off("after the breakpoint", 0x1f4, 0x1f4, 0x1e4)
		must(t, s.task.Store(0x1000, 4, 1))
		must(t, s.task.Exec(0x400580))
		s.wantCounts("nothing is seen any more", "1 1")
		// A kernel step leaves the EL0 watchpoints of such a task off (R-STEP-7).
		k := open(t, s.m, kernelRW(addrA, false), nil, 0)
		must(t, s.m.CPU(0).Store(addrA, 8, 1))
		if k.Count() != 0 {
			t.Errorf("an EL1 event installed while wps_disabled is set was hit %d times (R-SLOT-11)", k.Count())
		}
		// Another task is not affected.
		must(t, s.m.CPU(0).ContextSwitch(newTask(t, s.m, "u", 0)))
		if v := reg(t, s.m, 0, arm64.WCR, 0); v != 0x1ffa {
			t.Errorf("the EL1 slot reads %#x; the switch changes EL0 slots only", v)
		}
	})
	onEvery(t, "R-STEP-7 a kernel step leaves the EL0 slots of a task that steps off", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		k := open(t, s.m, kernelRW(addrA, false), nil, 0)
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil)
		a := s.begin(hwdebug.Store, 0x1000, 4)
		s.step(a, false)
		s.wantW("the user's watchpoint is off", "WCR1=0x1f4")
		must(t, s.m.CPU(0).Store(addrA, 8, 1))
		s.wantW("a kernel step meanwhile", "WCR1=0x1f4 WCR0=0x1ffa WCR0=0x1ffb")
		if k.Count() != 1 {
			t.Errorf("%d hits", k.Count())
		}
		s.step(a, false)
		s.step(a, true)
		s.wantW("the user's step ends", "WCR1=0x1f5")
	})
	onEvery(t, "R-TMR-4 at one jiffy the higher level fires first, in a bucket the last armed", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		atJiffy(t, m, 1000)
		var order []string
		arm := func(name string, delay uint64) {
			dw := m.NewDelayedWork(name, func() error { order = append(order, name); return nil })
			_, err := m.QueueDelayedWorkOn(1, dw, delay)
			must(t, err)
		}
		arm("level 1 first", 64) // 1072
		arm("level 1 second", 65)
		atJiffy(t, m, 1050)
		arm("level 0 first", 21) // 1072
		arm("level 0 second", 21)
		_, err := m.Run()
		must(t, err)
		want := "level 1 second, level 1 first, level 0 second, level 0 first"
		if got := strings.Join(order, ", "); got != want {
			t.Errorf("ran %s, want %s", got, want)
		}
	})
	onEvery(t, "R-WQ-9 cancelling in sync keeps a running work from queueing itself", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		var dw *sim.Work
		requeued := true
		dw = m.NewDelayedWork("self", func() error {
			if err := m.Msleep(20e6); err != nil {
				return err
			}
			var err error
			requeued, err = m.QueueDelayedWorkOn(1, dw, 5)
			return err
		})
		_, err := m.QueueDelayedWorkOn(1, dw, 1)
		must(t, err)
		must(t, m.Msleep(15e6))
		if !dw.Running() || dw.Pending() {
			t.Fatalf("running %v, pending %v: the test begins at the wrong time", dw.Running(), dw.Pending())
		}
		was, err := m.CancelDelayedWorkSync(dw)
		must(t, err)
		if was || requeued || dw.Running() || dw.Pending() {
			t.Errorf("it was pending: %v, queued itself: %v, runs: %v, is pending: %v; want none of it", was, requeued, dw.Running(), dw.Pending())
		}
		_, err = m.Run()
		must(t, err)
		if dw.Runs() != 1 {
			t.Errorf("it ran %d times", dw.Runs())
		}
		queued, err := m.QueueDelayedWorkOn(1, dw, 1)
		must(t, err)
		if !queued {
			t.Error("afterwards it cannot be queued")
		}
	})
	onEvery(t, "R-WQ-5 an item that is queued while it runs waits for the worker that runs it", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		var ran []string
		here := func(name string) { ran = append(ran, name+" in "+m.Current().Comm()) }
		var x *sim.Work
		x = m.NewWork("x", func() error {
			here("x")
			if x.Runs() > 1 {
				return nil
			}
			if queued, err := m.ScheduleWork(x); err != nil || !queued {
				t.Errorf("queueing itself: %v, %v", queued, err)
			}
			return m.Msleep(20e6)
		})
		y := m.NewWork("y", func() error { here("y"); return nil })
		_, err := m.QueueWorkOn(1, x)
		must(t, err)
		must(t, m.Msleep(4e6))
		if !x.Running() || !x.Pending() {
			t.Fatalf("running %v, pending %v: the test begins at the wrong time", x.Running(), x.Pending())
		}
		_, err = m.QueueWorkOn(1, y)
		must(t, err)
		_, err = m.Run()
		must(t, err)
		// kworker/1:1 makes kworker/1:2 before it sees that x is not its to run (R-WQ-16).
		want := "x in kworker/1:0, y in kworker/1:2, x in kworker/1:0"
		if got := strings.Join(ran, ", "); got != want {
			t.Errorf("ran %s, want %s", got, want)
		}
	})
	onEvery(t, "R-WQ-5 an item that waits for its own worker can be taken out", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		dw := m.NewDelayedWork("dw", func() error { return m.Msleep(20e6) })
		_, err := m.QueueDelayedWorkOn(1, dw, 0)
		must(t, err)
		must(t, m.Msleep(4e6))
		_, err = m.QueueDelayedWorkOn(1, dw, 0)
		must(t, err)
		must(t, m.Msleep(4e6))
		was, err := m.CancelDelayedWork(dw)
		must(t, err)
		if !was || !dw.Running() {
			t.Errorf("pending %v, running %v; want both", was, dw.Running())
		}
		_, err = m.Run()
		must(t, err)
		if dw.Runs() != 1 {
			t.Errorf("it ran %d times", dw.Runs())
		}
	})
	onEvery(t, "R-EVT-26 ptrace events go after the files", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
		reserved := -1
		must(t, task.OnExit("hook", func() error { reserved = mustSlots(t, m, 1).WP.TaskPinned; return nil }))
		must(t, task.Exit())
		if reserved != 1 || mustSlots(t, m, 1).WP.TaskPinned != 0 {
			t.Errorf("%d reserved in exit_files and %d afterwards; want 1 and 0", reserved, mustSlots(t, m, 1).WP.TaskPinned)
		}
	})
	onEvery(t, "R-PTR-13 a stopped tracee does not run while the tracer waits for a cross call", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, Choose: func(kind sim.Choice, n int) int {
			if kind == sim.ChoiceIPI {
				return 1
			}
			return 0
		}})
		ran := false
		task, err := m.NewTask(sim.TaskConfig{CPU: 1, Body: func(*sim.Task) error { ran = true; return nil }})
		must(t, err)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
		if ran {
			t.Error("it ran while it was stopped")
		}
		_, err = m.Run()
		must(t, err)
		if u := mustSlots(t, m, 1); !ran || u.WP.TaskPinned != 0 {
			t.Errorf("ran: %v, still reserved: %d", ran, u.WP.TaskPinned)
		}
	})
	onEvery(t, "R-HP-7 a CPU that goes down loses its events newest first", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		a, b := open(t, m, kernelRW(addrA, false), nil, 1), open(t, m, kernelRW(addrB, false), nil, 1)
		w := watch(t, m, 1)
		must(t, m.CPUDown(1))
		w.want("down", "WCR1=0x0 WCR0=0x0 M=0x1000")
		wantState(t, "A", a, sim.StateOff)
		wantState(t, "B", b, sim.StateOff)
		if u := mustSlots(t, m, 1); u.WP.CPUPinned != 2 {
			t.Errorf("%d reserved, want both to keep their reservation (R-HP-8)", u.WP.CPUPinned)
		}
		must(t, a.Close())
		must(t, b.Close())
		w.want("released", "")
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-CTX-19 clones exchange their contexts without a register write", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		parent := newTask(t, m, "parent", 0)
		a := userW(userAddr)
		a.Inherit = true
		ev := open(t, m, a, parent, -1)
		must(t, m.CPU(0).ContextSwitch(parent))
		child, err := parent.Fork("child", 0)
		must(t, err)
		w := watch(t, m, 0)
		must(t, m.CPU(0).ContextSwitch(child))
		w.want("straight to the child", "")
		wantSlots(t, "the original is in", "0", ev)
		must(t, child.Store(userAddr, 4, 1))
		if ev.Count() != 1 {
			t.Errorf("%d hits", ev.Count())
		}
		w.writes()
		must(t, m.CPU(0).ContextSwitch(nil))
		w.want("to a third task: an ordinary switch", "WCR0=0x0 M=0x1000")
		// A registration for either breaks the equivalence.
		open(t, m, userW(userAddr+64), child, -1)
		must(t, m.CPU(0).ContextSwitch(parent))
		w.writes()
		must(t, m.CPU(0).ContextSwitch(child))
		w.want("no clones any more", "WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5 WVR1=0x400040 WCR1=0x1f5")
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-EVT-24 an exec that enables an event makes the context no clone any more, another leaves it one", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		for _, step := range []struct {
			disabled bool
			writes   string
		}{
			{false, ""},
			{true, "WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5"},
		} {
			parent := newTask(t, m, "parent", 0)
			a := userW(userAddr)
			a.Inherit, a.Disabled, a.EnableOnExec = true, step.disabled, step.disabled
			ev := open(t, m, a, parent, -1)
			child, err := parent.Fork("child", 0)
			must(t, err)
			must(t, m.CPU(0).ContextSwitch(nil))
			must(t, child.Execve())
			must(t, m.PerfEventEnable(ev)) // the parent's; not what makes the difference
			w := watch(t, m, 0)
			must(t, m.CPU(0).ContextSwitch(parent))
			w.want("from the child to its parent", step.writes)
			must(t, m.CPU(0).ContextSwitch(nil))
			must(t, ev.Close())
		}
	})
	onEvery(t, "R-EVT-24 nor is the context of a parent that has so exec'd one that its child's is a clone of", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		parent := newTask(t, m, "parent", 0)
		a := userW(userAddr)
		a.Inherit, a.Disabled, a.EnableOnExec = true, true, true
		open(t, m, a, parent, -1)
		child, err := parent.Fork("child", 0)
		must(t, err)
		must(t, parent.Execve())
		w := watch(t, m, 0)
		must(t, m.CPU(0).ContextSwitch(child))
		w.want("from the parent to its child", "WCR0=0x0 M=0x1000")
	})
	onEvery(t, "R-EVT-24 enable_on_exec is for one exec, even for one that finds the event enabled", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := userW(userAddr)
		a.EnableOnExec = true
		ev := open(t, m, a, task, -1)
		must(t, task.Execve())
		if ev.Attr().EnableOnExec {
			t.Error("the attribute is still there")
		}
		must(t, ev.Disable())
		must(t, task.Execve())
		wantState(t, "after the second exec", ev, sim.StateOff)
	})
	onEvery(t, "R-EVT-25 a child that exits gives its reservations back and its count to the original", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		parent := newTask(t, m, "parent", 0)
		var evs []*sim.Event
		for i := range uint64(4) {
			a := userW(userAddr + 8*i)
			a.Inherit = true
			evs = append(evs, open(t, m, a, parent, -1))
		}
		child, err := parent.Fork("child", 0)
		must(t, err)
		// Through a third task each time: no exchange of contexts (R-CTX-19).
		for _, task := range []*sim.Task{child, parent} {
			must(t, m.CPU(0).ContextSwitch(nil))
			must(t, task.Store(userAddr, 4, 1))
		}
		must(t, m.CPU(0).ContextSwitch(nil))
		if n := evs[0].Count(); n != 2 {
			t.Errorf("%d hits while both live, want the sum 2 (R-EVT-28)", n)
		}
		live := len(m.Events())
		must(t, child.Exit())
		if n := live - len(m.Events()); n != 4 {
			t.Errorf("%d events are freed by the exit, want the child's 4", n)
		}
		if n := evs[0].Count(); n != 2 {
			t.Errorf("%d hits after the child is gone, want 2", n)
		}
		must(t, parent.Exit())
		_, err = m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
		wantErrno(t, "the originals keep theirs", err, syscall.ENOSPC)
		for _, ev := range evs {
			must(t, ev.Close())
		}
		open(t, m, kernelRW(addrA, false), nil, 0)
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-EVT-17, 19 an original that is closed takes its copies with it, and nothing of them is left", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		parent := newTask(t, m, "parent", 0)
		a := userW(userAddr)
		a.Inherit = true
		ev := open(t, m, a, parent, -1)
		for range 2 {
			child, err := parent.Fork("child", 0)
			must(t, err)
			must(t, m.CPU(0).ContextSwitch(nil))
			must(t, child.Store(userAddr, 4, 1))
			must(t, m.CPU(0).ContextSwitch(nil))
		}
		if n := len(m.Events()); n != 3 {
			t.Fatalf("%d events, want the original and 2 copies", n)
		}
		must(t, ev.Close())
		if n := len(m.Events()); n != 0 {
			t.Errorf("%d events are left", n)
		}
		if ev.Count() != 2 {
			t.Errorf("%d of the copies' 2 hits are", ev.Count())
		}
		if u := mustSlots(t, m, 0); u.WP.TaskPinned != 0 {
			t.Errorf("%d are reserved still", u.WP.TaskPinned)
		}
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-EVT-22 a fork whose copies do not fit fails with their errno, and nothing of it is left", func(t *testing.T, kernel string) {
		// As in V-117: u runs with t's four events, and four more are charged to it.
		f := newFamily(t, kernel)
		for i := range uint64(4) {
			f.open(flexible(inheritW(userAddr+8*i)), -1)
		}
		f.fork(true)
		must(t, f.t.Exit())
		for i := range uint64(4) {
			open(t, f.m, flexible(inheritW(userAddr+64+8*i)), f.u, -1)
		}
		left := func() string {
			return fmt.Sprintf("%d tasks, %d events, %d reserved", len(f.m.Tasks()), len(f.m.Events()), mustSlots(t, f.m, 1).WP.TaskPinned)
		}
		before := left()
		child, err := f.u.Fork("child", 0)
		wantErrno(t, "eight copies for four slots", err, syscall.ENOSPC)
		if child != nil || left() != before {
			t.Errorf("there are %s, before it there were %s", left(), before)
		}
		must(t, f.m.CheckInvariants())
	})
	onEvery(t, "R-REG-26 what is powered down forgets its registers, those too that the kernel does not use", func(t *testing.T, kernel string) {
		for name, off := range map[string]func(m *sim.Machine) error{
			"offline":   func(m *sim.Machine) error { return errors.Join(m.CPUDown(1), m.CPUUp(1)) },
			"suspended": func(m *sim.Machine) error { return errors.Join(m.CPUSuspend(1), m.CPUResume(1)) },
		} {
			m := newMachine(t, sim.Config{CPUs: 2, BRPsPerCPU: []int{6, 6}, WRPsPerCPU: []int{2, 4}, Kernel: kernel})
			must(t, m.CPU(1).WriteWbReg(arm64.WVR, 3, addrB)) // R-HP-2 clears two
			must(t, m.CPU(1).WriteWbReg(arm64.WCR, 3, 0x1ffb))
			must(t, off(m))
			if v, c := reg(t, m, 1, arm64.WVR, 3), reg(t, m, 1, arm64.WCR, 3); v != 0 || c != 0 {
				t.Errorf("%s: DBGWVR3_EL1 is %#x, DBGWCR3_EL1 %#x", name, v, c)
			}
			open(t, m, kernelRW(addrA, false), nil, 1) // for MDE and KDE
			must(t, m.CPU(1).Store(addrB, 8, 1))       // nothing would step over it
		}
	})
	onEvery(t, "R-HP-11 only the tasks of a CPU that goes down move", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 3, Kernel: kernel})
		moved, stays := newTask(t, m, "moved", 1), newTask(t, m, "stays", 2)
		ev := open(t, m, userW(userAddr), stays, -1)
		must(t, m.CPU(2).ContextSwitch(stays))
		must(t, m.CPUDown(1))
		if moved.CPU() != 0 || stays.CPU() != 2 || m.CPU(2).Current() != stays {
			t.Errorf("they are on CPUs %d and %d", moved.CPU(), stays.CPU())
		}
		wantState(t, "the other CPU's", ev, sim.StateActive)
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-HP-16 the boot CPU's events survive a suspend of the system", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		boot, other := open(t, m, kernelRW(addrA, false), nil, 0), open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUDown(1))
		must(t, m.CPUSuspend(0))
		if _, err := m.PerfEventOpen(kernelRW(addrB, false), nil, 0); err == nil {
			t.Error("an event is opened while no CPU has power")
		}
		must(t, m.CPUResume(0))
		must(t, m.CPUUp(1))
		wantState(t, "the boot CPU's", boot, sim.StateActive)
		wantState(t, "the other's", other, sim.StateOff)
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if boot.Count() != 1 {
			t.Errorf("%d hits", boot.Count())
		}
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-HP-10 it is the system call that refuses a CPU that is offline", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		must(t, m.CPUDown(1))
		_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 1)
		wantErrno(t, "on the CPU", err, syscall.ENODEV)
		if fn := m.Why().Fn; !strings.Contains(fn, "sys_perf_event_open") || m.Why().Rule != "R-HP-10" {
			t.Errorf("%s refuses it by %s", fn, m.Why().Rule)
		}
	})
	onEvery(t, "R-SLOT-4 installing twice by hand takes two slots", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		ev := open(t, m, kernelRW(addrA, true), nil, 0)
		for want := range 2 {
			if slot, err := m.CPU(0).HwBreakpointSlotSetup(true, ev, sim.Install); err != nil || slot != want {
				t.Errorf("install %d: slot %d, %v", want+1, slot, err)
			}
		}
		_, err := m.CPU(0).HwBreakpointSlotSetup(true, ev, 9)
		wantErrno(t, "operation 9", err, syscall.EINVAL)
		if n := logged(m, "Unhandled hw breakpoint ops 9"); n != 1 {
			t.Errorf("the warning is there %d times", n)
		}
		_, err = m.CPU(0).HwBreakpointSlotSetup(true, open(t, m, kernelRW(addrB, true), nil, 0), sim.Restore)
		wantErrno(t, "restoring what is in no slot", err, syscall.ENOSPC)
	})
	onEvery(t, "R-VAL-23 a failed modify starts what was registered enabled", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		ev := open(t, m, kernelRW(addrA, false), nil, 0)
		must(t, m.PerfEventDisable(ev))
		a := ev.Attr()
		a.Len = 9
		wantErrno(t, "length 9", m.ModifyUserHwBreakpoint(ev, a), syscall.EINVAL)
		wantState(t, "registered enabled, stopped since", ev, sim.StateActive)
		off := open(t, m, kernelRW(addrB, true), nil, 0)
		must(t, m.PerfEventEnable(off))
		wantState(t, "registered disabled, started since", off, sim.StateActive)
		wantErrno(t, "length 9", m.ModifyUserHwBreakpoint(off, a), syscall.EINVAL)
		wantState(t, "the failed modify stops it", off, sim.StateOff)
	})
}

// slowWheel is R-TMR-2 and R-TMR-3 read aloud, for a wheel of that many levels.
func slowWheel(jiffies, delay uint64, levels int) uint64 {
	clk := jiffies + 1
	expires := jiffies + delay
	granule, next := uint64(1), uint64(63) // of the level, and the delta from which the next one is taken
	for range levels - 1 {
		if expires-clk >= next {
			granule *= 8
		}
		next *= 8
	}
	// What the last level cannot hold fires at its end.
	if cut := 63 * granule; expires-clk >= cut {
		expires = clk + cut - granule
	}
	return (expires/granule + 1) * granule
}

func TestTimerWheel(t *testing.T) {
	for hz, levels := range map[int]int{250: 9, 100: 8} {
		t.Run(fmt.Sprintf("HZ %d", hz), func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 1, HZ: hz, TraceSize: -1})
			r := rand.New(rand.NewPCG(8, 1))
			var at uint64
			dw := m.NewDelayedWork("probe", func() error { at = m.Jiffies(); return nil })
			edges := []uint64{1, 62, 63, 64, 65, 503, 504, 505, 506, 4031, 4032, 4033, 4034, 32255, 32256, 32257, 32258, 258000}
			for k := 4; k < levels; k++ {
				edge := uint64(63) << (3 * k)
				edges = append(edges, edge-1, edge, edge+1, edge+2)
			}
			cut := uint64(63)<<(3*(levels-1)) + 1 // the first delay that is cut
			edges = append(edges, 2*cut, 1<<40)
			n := 3000
			if testing.Short() {
				n = 300
			}
			for i := range n {
				jiffies := int64(4096) // to some jiffy or other, anywhere in a bucket of the level in question
				delay := 1 + r.Uint64N([]uint64{70, 600, 5000, 40000, 258000}[r.IntN(5)])
				if i < 4*len(edges) {
					delay = edges[i%len(edges)]
					jiffies += int64(min(delay, cut))
				}
				must(t, m.Msleep(r.Int64N(jiffies*int64(time.Second)/int64(hz))))
				start := m.Jiffies()
				_, err := m.ScheduleDelayedWork(dw, delay)
				must(t, err)
				_, err = m.Run()
				must(t, err)
				if want := slowWheel(start, delay, levels); at != want {
					t.Fatalf("armed at jiffy %d with delay %d it ran at %d, want %d", start, delay, at, want)
				}
				if delay < cut && at <= start+delay-1 {
					t.Fatalf("armed at jiffy %d with delay %d it ran early, at %d", start, delay, at)
				}
			}
		})
	}
}

// TestNothingIsLeft runs a bit of everything, lets go of it, and finds nothing.
func TestNothingIsLeft(t *testing.T) {
	for _, kernel := range sim.Profiles() {
		t.Run(kernel, func(t *testing.T) {
			m := vectorMachine(t, kernel)
			wide, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			must(t, err)
			task := newTask(t, m, "t", 1)
			ev := open(t, m, userW(userAddr), task, -1)
			dw := m.NewDelayedWork("late", func() error { return nil })
			_, err = m.QueueDelayedWorkOn(1, dw, 1000)
			must(t, err)
			leaks := strings.Join(m.Leaks(), "\n")
			for _, want := range []string{"0xffffff8008080000", "0x0000000000400000", "late"} {
				if !strings.Contains(leaks, want) {
					t.Errorf("nothing is said of %s in\n%s", want, leaks)
				}
			}
			must(t, m.UnregisterWideHwBreakpoint(wide))
			must(t, ev.Close())
			_, err = m.CancelDelayedWorkSync(dw)
			must(t, err)
			if left := m.Leaks(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			for cpu := range 2 {
				for n := range 4 {
					if v := reg(t, m, cpu, arm64.WCR, n); v != 0 {
						t.Errorf("cpu%d: %s is %#x", cpu, arm64.RegName(arm64.WCR+n), v)
					}
				}
			}
		})
	}
}

// TestLogOps is the line of the seed's second listing: the operation, and the enable bit that goes with it
// (R-LOG-12).
func TestLogOps(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, LogOps: true})
	must(t, m.DumpStackIn("hw_breakpoint_control"))
	ev := open(t, m, kernelRW(addrA, false), nil, 0)
	if n := logged(m, " hw-breakpoint: ops: 0, reg_enable: 1."); n != 1 {
		t.Errorf("the installation is logged %d times", n)
	}
	before := len(m.Dmesg())
	must(t, ev.Close())
	lines := m.Dmesg()[before:]
	if len(lines) < 2 || !strings.HasSuffix(lines[0], "hw-breakpoint: ops: 1, reg_enable: 1.") || !strings.Contains(lines[1], "CPU: 0 PID: 1 Comm: hwlua") {
		t.Errorf("the removal logs %q", lines)
	}
	// Whoever steps over a watchpoint has its bank off, and what is installed meanwhile is off with it
	// (R-SLOT-8, 11).
	task := newTask(t, m, "t", 0)
	open(t, m, userW(userAddr), task, -1)
	store, err := task.Begin(hwdebug.Store, userAddr, 4, 1, 0)
	must(t, err)
	_, err = store.Step()
	must(t, err)
	open(t, m, kernelRW(addrB, false), nil, 0)
	if n := logged(m, " hw-breakpoint: ops: 0, reg_enable: 0."); n != 2 {
		t.Errorf("%d of two installations during a step are logged as off", n)
	}
	if m := newMachine(t, sim.Config{CPUs: 1}); logged(m, "ops:") != 0 {
		t.Error("it is logged without being asked for")
	}
}

// TestDumpLeads is which of the dump's own frames lead a stack: show_stack vanished in the seed's build,
// not in 6.1 (R-LOG-8).
func TestDumpLeads(t *testing.T) {
	for kernel, want := range map[string]string{
		"4.19.116": "dump_backtrace dump_stack write_wb_reg",
		"6.1.192":  "dump_backtrace show_stack dump_stack_lvl dump_stack write_wb_reg",
	} {
		m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
		must(t, m.DumpStackIn("write_wb_reg"))
		must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, 0x1000))
		_, trace, _ := strings.Cut(strings.Join(m.Dmesg(), "\n"), "Call trace:\n")
		var names []string
		for line := range strings.SplitSeq(trace, "\n") {
			name, at, _ := strings.Cut(line[strings.Index(line, "] ")+3:], "+")
			if self := strings.HasPrefix(at, "0x0/"); self != (len(names) == 0) {
				t.Errorf("%s: frame %d is %s+%s; the first alone is the function itself", kernel, len(names), name, at)
			}
			names = append(names, name)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: the stack begins with %s, want %s", kernel, got, want)
		}
	}
}

// TestStatesOfKernelThreads: a kernel thread that waits for its work sleeps.
func TestStatesOfKernelThreads(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	want := map[string]string{"hwlua": "running", "swapper/0": "runnable", "cpuhp/0": "sleeping", "kworker/0:0": "sleeping", "kworker/0:0H": "sleeping"}
	for _, task := range m.Tasks() {
		if task.State() != want[task.Comm()] {
			t.Errorf("%s is %s, want %s", task.Comm(), task.State(), want[task.Comm()])
		}
	}
}

// TestStaleStoreBit is R-REG-27: with handlers of their own nothing is stepped over, so no register is
// written between a store and a load, and the load is taken for a store.
func TestStaleStoreBit(t *testing.T) {
	for _, c := range []struct {
		name  string
		stale bool
		again string // what is done between the store and the load
		want  uint64 // hits of the load by a watchpoint on stores beside one on both
	}{
		{"a load by a pair that has fired for a store is a store", true, "", 1},
		{"a pair that was passed over has forgotten", true, "elsewhere", 0},
		{"a pair that was written has forgotten", true, "write", 0},
		{"an access to another page looks at none", true, "page", 1},
		{"without the option the bit says what was done", false, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: "6.1.176", StaleWnR: c.stale})
			task := newTask(t, m, "t", 0)
			once := func(_ *sim.Event, h *sim.Hit) error { h.Skip = true; return nil }
			var evs []*sim.Event
			for _, kind := range []hwdebug.BPType{hwdebug.RW, hwdebug.W} {
				a := userW(userAddr)
				a.Type, a.SamplePeriod = kind, 1
				ev, err := m.RegisterUserHwBreakpoint(a, once, task)
				must(t, err)
				evs = append(evs, ev)
			}
			must(t, task.Store(userAddr, 4, 1))
			switch c.again {
			case "elsewhere":
				must(t, task.Store(userAddr+64, 4, 1))
			case "page":
				must(t, task.Store(userAddr+4096, 4, 1))
			case "write":
				must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, userAddr))
			}
			before := evs[1].Count()
			_, err := task.Load(userAddr, 4)
			must(t, err)
			if n := evs[1].Count() - before; n != c.want || evs[0].Count() != 2 {
				t.Errorf("the load hit the watchpoint on stores %d times, wanted %d; the one on both has %d hits", n, c.want, evs[0].Count())
			}
		})
	}
}

// TestRegistersOfACPU: a number that no bank has is the kernel's warning and EINVAL (R-REG-5), one that
// this CPU has no register for cannot be written, nor anything be read while it is powered down.
func TestRegistersOfACPU(t *testing.T) {
	for count := 1; count <= arm64.MaxRegs; count++ {
		m := newMachine(t, sim.Config{CPUs: 1, BRPs: count, WRPs: count})
		c := m.CPU(0)
		for n := range arm64.MaxRegs {
			for _, bank := range []int{arm64.BVR, arm64.BCR, arm64.WVR, arm64.WCR} {
				_, get := c.Reg(bank, n)
				if put := c.WriteWbReg(bank, n, 0); (put == nil) != (n < count) || (get == nil) != (n < count) {
					t.Errorf("of %d registers %s: written %v, read %v", count, arm64.RegName(bank+n), put, get)
				}
			}
		}
	}
	m := newMachine(t, sim.Config{CPUs: 2})
	for _, r := range []struct{ bank, n int }{{arm64.BVR, -1}, {arm64.WCR, 16}, {arm64.BVR, 64}} {
		wantErrno(t, "write", m.CPU(0).WriteWbReg(r.bank, r.n, 1), syscall.EINVAL)
		if n := logged(m, fmt.Sprintf(" hw-breakpoint: attempt to write to unknown breakpoint register %d", r.n)); n != 1 {
			t.Errorf("register %d of bank %d: the warning is there %d times", r.n, r.bank, n)
		}
	}
	must(t, m.CPUSuspend(1))
	if v, err := m.CPU(1).MDSCR(); err == nil {
		t.Errorf("MDSCR_EL1 of a CPU that is powered down reads %#x", v)
	}
	if v, err := m.CPU(1).Reg(arm64.WCR, 0); err == nil {
		t.Errorf("DBGWCR0_EL1 of a CPU that is powered down reads %#x", v)
	}
}

// TestHooksOfExit: each function that runs in exit_files does so under its own name alone, and the first
// error is the exit's.
func TestHooksOfExit(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	task := newTask(t, m, "t", 1)
	must(t, m.DumpStackIn("unregister_wide_hw_breakpoint")) // a caller may call its own function so
	first, second := errors.New("first"), errors.New("second")
	must(t, task.OnExit("first_hook", func() error { return first }))
	must(t, task.OnExit("unregister_wide_hw_breakpoint", func() error {
		must(t, m.CPU(1).WriteWbReg(arm64.WVR, 0, 0))
		return second
	}))
	if err := task.Exit(); !errors.Is(err, first) || errors.Is(err, second) {
		t.Errorf("the exit ends with %v", err)
	}
	chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{CPU: -1})
	must(t, err)
	if got := strings.Join(chain, " "); !strings.HasPrefix(got, "write_wb_reg unregister_wide_hw_breakpoint exit_files do_exit") {
		t.Errorf("the second is called through %s", got)
	}
	if n := logged(m, "Call trace:"); n != 1 {
		t.Errorf("its stack is dumped %d times", n)
	}
}

// TestWhoCannot: a worker cannot take its own CPU down, nor a task fork a child under a number that is
// taken, nor a handler have another task act on its CPU, nor unregister_hw_breakpoint release what it did
// not register.
func TestWhoCannot(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	task := newTask(t, m, "t", 1)
	if _, err := task.Fork("child", task.PID()); err == nil {
		t.Error("a child has its parent's pid")
	}
	var down error
	w := m.NewWork("w", func() error { down = m.CPUDown(1); return nil })
	_, err := m.ScheduleWorkOn(1, w)
	must(t, err)
	_, err = m.Run()
	must(t, err)
	if down == nil || !m.CPU(1).Online() {
		t.Errorf("a work function takes its own CPU down: %v", down)
	}
	// A handler interrupts what runs on its CPU; nothing else can be made current there meanwhile.
	var within error
	_, err = m.RegisterWideHwBreakpoint(kernelRW(addrA, false), func(_ *sim.Event, h *sim.Hit) error {
		within, h.Skip = task.Store(userAddr, 4, 1), true
		return nil
	})
	must(t, err)
	must(t, m.CPU(1).ContextSwitch(nil))
	must(t, m.CPU(1).Store(addrA, 8, 1))
	if within == nil || m.CPU(1).Current() == task {
		t.Errorf("a handler has another task act on its CPU: %v", within)
	}
	// What has a file is closed, and what a debugger made is the debugger's.
	must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
	open(t, m, userW(userAddr), task, -1)
	for _, ev := range m.Events() {
		if err := m.UnregisterHwBreakpoint(ev); err == nil {
			t.Errorf("unregister_hw_breakpoint releases %s, which it did not register", ev.Label())
		}
	}
}

// TestWarning is R-LOG-9, once for each boot: the lines of a warning with text, of which the first frame is
// where it was given.
func TestWarning(t *testing.T) {
	for _, kernel := range sim.Profiles() {
		t.Run(kernel, func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 1, WRPs: 1, Kernel: kernel})
			ev := open(t, m, kernelRW(addrA, false), nil, 0)
			before := len(m.Dmesg())
			for range 2 {
				_, err := m.CPU(0).HwBreakpointControl(ev, 0)
				wantErrno(t, "a second slot of one", err, syscall.ENOSPC)
			}
			packageID := ""
			if is61(kernel) {
				packageID = " " // and no package id after it (R-LOG-3)
			}
			want := []string{
				"------------[ cut here ]------------",
				"Can't find any breakpoint slot",
				"WARNING: CPU: 0 PID: 1 at arch/arm64/kernel/hw_breakpoint.c:* hw_breakpoint_control+*",
				"Modules linked in:",
				"CPU: 0 PID: 1 Comm: hwlua Not tainted *" + packageID,
				"Hardware name: test_mach (DT)",
				"Call trace:",
				" hw_breakpoint_control+*",
			}
			lines := m.Dmesg()[before:]
			for i, w := range want {
				got := lines[i][len("[    0.000000] "):]
				head, _, any := strings.Cut(w, "*")
				if !any && got != w || !strings.HasPrefix(got, head) || strings.HasSuffix(got, " ") != strings.HasSuffix(w, " ") {
					t.Errorf("line %d is %q, want %q", i, got, w)
				}
			}
			frame := lines[7][len("[    0.000000]  "):]
			if !strings.HasSuffix(lines[2], " "+frame) || strings.Contains(frame, "+0x0/") {
				t.Errorf("the warning names %q, the first frame is %q", lines[2], frame)
			}
			if last := lines[len(lines)-1]; !strings.Contains(last, "---[ end trace ") || logged(m, "Can't find any breakpoint slot") != 1 {
				t.Errorf("it ends with %q, and is not there once", last)
			}
			must(t, m.DumpStackIn("write_wb_reg"))
			must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, 0))
			if rest := strings.Join(m.Dmesg()[before+len(lines):], "\n"); !strings.Contains(rest, " Comm: hwlua Tainted: G        W ") {
				t.Errorf("the kernel is not tainted by it:\n%s", rest)
			}
		})
	}
}

// TestPresets: every core that can be asked for has 6 and 4 registers, as the manuals have them, but the
// one that has all.
func TestPresets(t *testing.T) {
	for _, p := range sim.Presets() {
		brps, wrps := 6, 4
		if p.Name == "max" {
			brps, wrps = 16, 16
		}
		m := newMachine(t, sim.Config{CPUs: 1, CPU: p.Name})
		if c := m.CPU(0); c.BRPs() != brps || c.WRPs() != wrps {
			t.Errorf("%s has %d and %d registers", p.Name, c.BRPs(), c.WRPs())
		}
	}
}
