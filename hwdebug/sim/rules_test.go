// Rules of the specification that its vectors do not cover, by number.

package sim_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// flexible returns a without pinned.
func flexible(a hwdebug.Attr) hwdebug.Attr {
	a.Pinned = false
	return a
}

// TestReservationExamples reserves in the sequence of the table in spec 4.2.
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
				{n: 1, task: nil, cpu: 0, ok: true},
				{n: 2, task: nil, cpu: 0, ok: true},
				{n: 3, task: tt, cpu: -1, ok: true},
				{n: 4, task: tt, cpu: -1, ok: true},
				{n: 5, task: tt, cpu: -1, ok: false},
				{n: 6, task: tt, cpu: 1, ok: true},
				{n: 7, task: u, cpu: -1, ok: true},
				{n: 8, task: nil, cpu: 0, ok: false},
				{n: 9, task: nil, cpu: 1, ok: true},
				{n: 10, task: nil, cpu: 1, ok: false},
				{n: 11, task: tt, cpu: 0, ok: false},
				{n: 12, task: u, cpu: -1, ok: true},
				{n: 13, task: nil, cpu: 1, ok: true},
				{n: 14, task: nil, cpu: 0, ok: false},
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

// unevenConfig has two CPUs with four watchpoint registers of the first and two of the second.
func unevenConfig(kernel string) sim.Config {
	return sim.Config{CPUs: 2, BRPsPerCPU: []int{6, 6}, WRPsPerCPU: []int{4, 2}, Kernel: kernel}
}

// TestContextRules covers rules of chapters 2 and 4 to 9 on every kernel.
func TestContextRules(t *testing.T) {
	onEvery(t, "R-CTX-8 a flexible CPU event reschedules flexible ones", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		open(t, m, userW(userAddr), task, -1)             // pinned
		open(t, m, flexible(userW(userAddr+8)), task, -1) // flexible
		must(t, m.CPU(0).ContextSwitch(task))
		w := watch(t, m, 0)
		open(t, m, flexible(kernelRW(addrA, false)), nil, 0)
		w.want("registered", "WCR1=0x0 M=0xb000 WVR1=0xffffff8008080000 WCR1=0x1ffb WVR2=0x400008 WCR2=0x1f5")
	})
	onEvery(t, "R-CTX-8 a pinned task event reschedules flexible ones", func(t *testing.T, kernel string) {
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
	onEvery(t, "R-CTX-8 a pinned CPU event reschedules everything", func(t *testing.T, kernel string) {
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
	onEvery(t, "R-CTX-18 CPU-flexible events move for pinned ones only", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, flexible(kernelRW(addrA, false)), nil, 0)
		pinned, flex := newTask(t, m, "pinned", 0), newTask(t, m, "flexible", 0)
		bare := newTask(t, m, "bare", 0)
		open(t, m, userW(userAddr), pinned, -1)
		open(t, m, flexible(userW(userAddr)), flex, -1)
		w := watch(t, m, 0)
		for _, step := range []struct {
			to     *sim.Task
			writes string
		}{
			{to: flex, writes: "WVR1=0x400000 WCR1=0x1f5"},
			{to: bare, writes: "WCR1=0x0"},
			{to: pinned, writes: "WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5 " +
				"M=0xb000 WVR1=0xffffff8008080000 WCR1=0x1ffb"},
			{to: bare, writes: "WCR0=0x0"},
		} {
			must(t, m.CPU(0).ContextSwitch(step.to))
			w.want("to "+step.to.Comm(), step.writes)
		}
	})
	onEvery(t, "R-EVT-6 no register changes while the task is out", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, flexible(kernelRW(addrA, false)), nil, 0) // a reschedule would move it
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
	onEvery(t, "R-EVT-15 hooks stay on for 1 s after the last event", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		a, b := newTask(t, m, "a", 1), newTask(t, m, "b", 1)
		w := watch(t, m, 1)
		reaches := func(step string, want int) {
			t.Helper()
			w.writes()
			must(t, m.CPU(1).ContextSwitch(a))
			must(t, m.CPU(1).ContextSwitch(b))
			if n := w.entered("__perf_event_task_sched_out"); n != 2*want {
				t.Errorf("%s: __perf_event_task_sched_out is entered %d times, want %d", step, n, 2*want)
			}
		}
		open(t, m, kernelRW(addrA, false), nil, 1)
		reaches("a CPU's event", 0)
		first, last := open(t, m, userW(userAddr), a, -1), open(t, m, userW(userAddr), b, -1)
		reaches("two tasks' events", 1)
		must(t, first.Close())
		must(t, m.Msleep(2e9))
		reaches("after one is closed", 1)
		must(t, last.Close())
		must(t, m.Msleep(1e9-1))
		reaches("almost a second after the last", 1)
		must(t, m.Msleep(1))
		reaches("a second after the last", 0)
		open(t, m, userW(userAddr), a, -1)
		reaches("another task event", 1)
	})
	onEvery(t, "R-CTX-4 a task's event for another CPU stays inactive", func(t *testing.T, kernel string) {
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
	onEvery(t, "R-CTX-16 a failure stops later hardware-only events", func(t *testing.T, kernel string) {
		// Two usable slots with a limit of four: by R-CON-13 the third event finds no slot.
		m := newMachine(t, unevenConfig(kernel))
		for i := range uint64(2) {
			open(t, m, kernelRW(addrA+8*i, false), nil, 0)
		}
		// A wide registration while CPU 1 is offline is how a module gets events on CPU 0 only.
		must(t, m.CPUDown(1))
		var evs []*sim.Event
		for i := range uint64(2) {
			a := flexible(kernelRW(addrC+8*i, false))
			w, err := m.RegisterWideHwBreakpoint(a, nil)
			must(t, err)
			evs = append(evs, eventOn(w, 0))
		}
		w := watch(t, m, 0)
		before := w.entered("hw_breakpoint_add")
		must(t, m.PerfEventDisable(evs[1]))
		must(t, m.PerfEventEnable(evs[1]))
		if n := w.entered("hw_breakpoint_add") - before; n != 1 {
			t.Errorf("hw_breakpoint_add is entered %d times, want 1", n)
		}
		wantState(t, "the first", evs[0], sim.StateInactive)
		wantState(t, "the second", evs[1], sim.StateInactive)
	})
	onEvery(t, "D-7 from 6.1 on a failed pinned event stops the rest", func(t *testing.T, kernel string) {
		m := newMachine(t, unevenConfig(kernel))
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
		if since(kernel, "5.10.223") {
			want = 1
		}
		if n := w.entered("hw_breakpoint_add"); n != want {
			t.Errorf("hw_breakpoint_add is entered %d times, want %d", n, want)
		}
		for _, ev := range evs {
			wantState(t, "with both slots taken", ev, sim.StateError)
		}
	})
	onEvery(t, "D-6 6.1 leaves an inactive context without an IPI", func(t *testing.T, kernel string) {
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
		if kernel == "4.19.0" {
			must(t, err)
		} else {
			wantErrno(t, "PerfEventOpen(0xfffff000)", err, syscall.EINVAL)
		}
		_, err = m.PerfEventOpen(userW(0xffffeffc), caller, -1)
		must(t, err)
	})
	onEvery(t, "R-STEP-14 with one bank off neither bank steps", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		must(t, s.task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1f5))
		must(t, s.m.CPU(0).ContextSwitch(s.task))
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil) // reported after the ptrace event
		s.user(userAttr(hwdebug.X, 0x400580, 4), nil)
		if err := s.task.Store(0x1000, 4, 1); err == nil {
			t.Fatal("Store = nil, want a signal")
		}
		off := func(step string, want ...uint64) {
			t.Helper()
			got := []uint64{
				reg(t, s.m, 0, arm64.WCR, 0), reg(t, s.m, 0, arm64.WCR, 1), reg(t, s.m, 0, arm64.BCR, 0),
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: WCR0, WCR1, BCR0 = %#x, want %#x", step, got, want)
			}
		}
		off("after the signal", 0x1f4, 0x1f4, 0x1e5)
		must(t, s.task.Exec(0x400580))
		off("after the breakpoint", 0x1f4, 0x1f4, 0x1e4)
		must(t, s.task.Store(0x1000, 4, 1))
		must(t, s.task.Exec(0x400580))
		s.wantCounts("with both banks off", "1 1")
		// A kernel step leaves the EL0 watchpoints of such a task off (R-STEP-7).
		k := open(t, s.m, kernelRW(addrA, false), nil, 0)
		must(t, s.m.CPU(0).Store(addrA, 8, 1))
		if n := k.Count(); n != 0 {
			t.Errorf("an EL1 event installed while wps_disabled is set: Count = %d, want 0 (R-SLOT-11)", n)
		}
		// Another task is not affected.
		must(t, s.m.CPU(0).ContextSwitch(newTask(t, s.m, "u", 0)))
		if v := reg(t, s.m, 0, arm64.WCR, 0); v != 0x1ffa {
			t.Errorf("WCR0 of the EL1 slot = %#x, want 0x1ffa: a switch changes EL0 slots only", v)
		}
	})
	onEvery(t, "R-STEP-7 a kernel step keeps a stepping task's EL0 off", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		k := open(t, s.m, kernelRW(addrA, false), nil, 0)
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil)
		a := s.begin(hwdebug.Store, 0x1000, 4)
		s.step(a, false)
		s.wantW("the user's watchpoint is off", "WCR1=0x1f4")
		must(t, s.m.CPU(0).Store(addrA, 8, 1))
		s.wantW("a kernel step meanwhile", "WCR1=0x1f4 WCR0=0x1ffa WCR0=0x1ffb")
		if k.Count() != 1 {
			t.Errorf("Count = %d, want 1", k.Count())
		}
		s.step(a, false)
		s.step(a, true)
		s.wantW("the user's step ends", "WCR1=0x1f5")
	})
	onEvery(t, "R-TMR-4 a higher level fires first, LIFO in a bucket", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		atJiffy(t, m, 1000)
		var order []string
		arm := func(name string, delay uint64) {
			dw := m.NewDelayedWork(name, func() error { order = append(order, name); return nil })
			_, err := m.QueueDelayedWorkOn(1, dw, ticks(m, delay))
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
	onEvery(t, "R-WQ-9 a sync cancel stops a work queueing itself", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		var dw *sim.Work
		requeued := true
		dw = m.NewDelayedWork("self", func() error {
			if err := m.Msleep(20e6); err != nil {
				return err
			}
			var err error
			requeued, err = m.QueueDelayedWorkOn(1, dw, ticks(m, 5))
			return err
		})
		_, err := m.QueueDelayedWorkOn(1, dw, ticks(m, 1))
		must(t, err)
		must(t, m.Msleep(15e6))
		if !dw.Running() || dw.Pending() {
			t.Fatalf("running %v, pending %v; want true, false", dw.Running(), dw.Pending())
		}
		was, err := m.CancelDelayedWorkSync(dw)
		must(t, err)
		if was || requeued || dw.Running() || dw.Pending() {
			t.Errorf("was pending %v, queued itself %v, running %v, pending %v; want all false",
				was, requeued, dw.Running(), dw.Pending())
		}
		_, err = m.Run()
		must(t, err)
		if dw.Runs() != 1 {
			t.Errorf("Runs = %d, want 1", dw.Runs())
		}
		queued, err := m.QueueDelayedWorkOn(1, dw, ticks(m, 1))
		must(t, err)
		if !queued {
			t.Error("QueueDelayedWorkOn after the cancel = false, want true")
		}
	})
	onEvery(t, "R-WQ-5 a running item queues for its own worker", func(t *testing.T, kernel string) {
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
				t.Errorf("ScheduleWork of the running item = %v, %v; want true, nil", queued, err)
			}
			return m.Msleep(20e6)
		})
		y := m.NewWork("y", func() error { here("y"); return nil })
		_, err := m.QueueWorkOn(1, x)
		must(t, err)
		must(t, m.Msleep(4e6))
		if !x.Running() || !x.Pending() {
			t.Fatalf("running %v, pending %v; want both", x.Running(), x.Pending())
		}
		_, err = m.QueueWorkOn(1, y)
		must(t, err)
		_, err = m.Run()
		must(t, err)
		// kworker/1:1 makes kworker/1:2 before it leaves x to kworker/1:0 (R-WQ-16).
		want := "x in kworker/1:0, y in kworker/1:2, x in kworker/1:0"
		if got := strings.Join(ran, ", "); got != want {
			t.Errorf("ran %s, want %s", got, want)
		}
	})
	onEvery(t, "R-WQ-5 an item queued for its worker can be canceled", func(t *testing.T, kernel string) {
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
			t.Errorf("Runs = %d, want 1", dw.Runs())
		}
	})
	onEvery(t, "R-EVT-26 ptrace events go after the files", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
		reserved := -1
		must(t, task.OnExit("hook", func() error { reserved = mustSlots(t, m, 1).WP.TaskPinned; return nil }))
		must(t, task.Exit())
		if after := mustSlots(t, m, 1).WP.TaskPinned; reserved != 1 || after != 0 {
			t.Errorf("%d reserved in exit_files and %d afterwards, want 1 and 0", reserved, after)
		}
	})
	onEvery(t, "R-PTR-13 a stopped tracee stays out during an IPI", func(t *testing.T, kernel string) {
		spins := 0
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, Choose: func(p *sim.Point) int {
			if p.Place == sim.PlaceSpin {
				spins++
				return len(p.Next) - 1
			}
			return 0
		}})
		ran := false
		task, err := m.NewTask(sim.TaskConfig{CPU: 1, Body: func(*sim.Task) error { ran = true; return nil }})
		must(t, err)
		_, err = m.NewTask(sim.TaskConfig{CPU: 0, Body: func(*sim.Task) error {
			err := task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5)
			if ran || spins == 0 {
				t.Errorf("the tracee ran: %v, in %d cross calls; want false in at least one", ran, spins)
			}
			return err
		}})
		must(t, err)
		_, err = m.Run()
		must(t, err)
		if u := mustSlots(t, m, 1); !ran || u.WP.TaskPinned != 0 {
			t.Errorf("ran %v with %d reserved, want true with 0", ran, u.WP.TaskPinned)
		}
	})
	onEvery(t, "R-HP-7 cpu_down removes events newest first", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		a, b := open(t, m, kernelRW(addrA, false), nil, 1), open(t, m, kernelRW(addrB, false), nil, 1)
		w := watch(t, m, 1)
		must(t, m.CPUDown(1))
		w.want("down", "WCR1=0x0 WCR0=0x0 M=0x1000")
		wantState(t, "A", a, sim.StateOff)
		wantState(t, "B", b, sim.StateOff)
		if u := mustSlots(t, m, 1); u.WP.CPUPinned != 2 {
			t.Errorf("%d reserved, want 2: both keep their reservation (R-HP-8)", u.WP.CPUPinned)
		}
		must(t, a.Close())
		must(t, b.Close())
		w.want("released", "")
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-CTX-19 clones swap contexts, not registers", func(t *testing.T, kernel string) {
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
			t.Errorf("Count = %d, want 1", ev.Count())
		}
		w.writes()
		must(t, m.CPU(0).ContextSwitch(nil))
		w.want("to a third task: an ordinary switch", "WCR0=0x0 M=0x1000")
		// An event for one of them makes the contexts differ.
		open(t, m, userW(userAddr+64), child, -1)
		must(t, m.CPU(0).ContextSwitch(parent))
		w.writes()
		must(t, m.CPU(0).ContextSwitch(child))
		w.want("no longer clones",
			"WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5 WVR1=0x400040 WCR1=0x1f5")
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-EVT-24 only an exec that enables unclones", func(t *testing.T, kernel string) {
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
			must(t, m.PerfEventEnable(ev)) // the parent's event: this does not unclone the child
			w := watch(t, m, 0)
			must(t, m.CPU(0).ContextSwitch(parent))
			w.want("from the child to its parent", step.writes)
			must(t, m.CPU(0).ContextSwitch(nil))
			must(t, ev.Close())
		}
	})
	onEvery(t, "R-EVT-24 a parent's exec unclones the child's too", func(t *testing.T, kernel string) {
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
	onEvery(t, "R-EVT-24 enable_on_exec holds for one exec", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := userW(userAddr)
		a.EnableOnExec = true
		ev := open(t, m, a, task, -1)
		must(t, task.Execve())
		if ev.Attr().EnableOnExec {
			t.Error("EnableOnExec = true after an exec, want false")
		}
		must(t, ev.Disable())
		must(t, task.Execve())
		wantState(t, "after the second exec", ev, sim.StateOff)
	})
	onEvery(t, "R-EVT-25 an exited child's counts go to the original", func(t *testing.T, kernel string) {
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
			t.Errorf("Count while both live = %d, want the sum 2 (R-EVT-28)", n)
		}
		live := len(m.Events())
		must(t, child.Exit())
		if n := live - len(m.Events()); n != 4 {
			t.Errorf("the exit frees %d events, want the child's 4", n)
		}
		if n := evs[0].Count(); n != 2 {
			t.Errorf("Count after the child's exit = %d, want 2", n)
		}
		must(t, parent.Exit())
		_, err = m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
		wantErrno(t, "while the originals keep their reservations", err, syscall.ENOSPC)
		for _, ev := range evs {
			must(t, ev.Close())
		}
		open(t, m, kernelRW(addrA, false), nil, 0)
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-EVT-17, 19 closing the original frees its copies", func(t *testing.T, kernel string) {
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
			t.Errorf("%d events are left, want 0", n)
		}
		if ev.Count() != 2 {
			t.Errorf("Count = %d, want the copies' 2 hits", ev.Count())
		}
		if u := mustSlots(t, m, 0); u.WP.TaskPinned != 0 {
			t.Errorf("%d reserved, want 0", u.WP.TaskPinned)
		}
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-EVT-22 a fork without room for copies is undone", func(t *testing.T, kernel string) {
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
			return fmt.Sprintf("%d tasks, %d events, %d reserved",
				len(f.m.Tasks()), len(f.m.Events()), mustSlots(t, f.m, 1).WP.TaskPinned)
		}
		before := left()
		child, err := f.u.Fork("child", 0)
		wantErrno(t, "eight copies for four slots", err, syscall.ENOSPC)
		if child != nil || left() != before {
			t.Errorf("Fork = %v and leaves %s, want nil and %s", child, left(), before)
		}
		must(t, f.m.CheckInvariants())
	})
	onEvery(t, "R-REG-26 power-down clears unused registers too", func(t *testing.T, kernel string) {
		for name, off := range map[string]func(m *sim.Machine) error{
			"offline":   func(m *sim.Machine) error { return errors.Join(m.CPUDown(1), m.CPUUp(1)) },
			"suspended": func(m *sim.Machine) error { return errors.Join(m.CPUSuspend(1), m.CPUResume(1)) },
		} {
			cfg := unevenConfig(kernel)
			cfg.WRPsPerCPU = []int{2, 4}
			m := newMachine(t, cfg)
			must(t, m.CPU(1).WriteWbReg(arm64.WVR, 3, addrB)) // the kernel uses and clears two (R-HP-2)
			must(t, m.CPU(1).WriteWbReg(arm64.WCR, 3, 0x1ffb))
			must(t, off(m))
			if v, c := reg(t, m, 1, arm64.WVR, 3), reg(t, m, 1, arm64.WCR, 3); v != 0 || c != 0 {
				t.Errorf("%s: DBGWVR3_EL1 = %#x, DBGWCR3_EL1 = %#x, want 0", name, v, c)
			}
			open(t, m, kernelRW(addrA, false), nil, 1) // for MDE and KDE
			must(t, m.CPU(1).Store(addrB, 8, 1))       // a hit would trap forever
		}
	})
	onEvery(t, "R-HP-11 only the tasks of a CPU that goes down move", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 3, Kernel: kernel})
		moved, stays := newTask(t, m, "moved", 1), newTask(t, m, "stays", 2)
		ev := open(t, m, userW(userAddr), stays, -1)
		must(t, m.CPU(2).ContextSwitch(stays))
		must(t, m.CPUDown(1))
		if moved.CPU() != 0 || stays.CPU() != 2 || m.CPU(2).Current() != stays {
			t.Errorf("the tasks are on CPUs %d and %d, want 0 and 2", moved.CPU(), stays.CPU())
		}
		wantState(t, "the other CPU's", ev, sim.StateActive)
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-HP-16 the boot CPU's events survive a suspend", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		boot := open(t, m, kernelRW(addrA, false), nil, 0)
		other := open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUDown(1))
		must(t, m.CPUSuspend(0))
		if _, err := m.PerfEventOpen(kernelRW(addrB, false), nil, 0); err == nil {
			t.Error("PerfEventOpen on a suspended CPU succeeds")
		}
		must(t, m.CPUResume(0))
		must(t, m.CPUUp(1))
		wantState(t, "the boot CPU's", boot, sim.StateActive)
		wantState(t, "the other's", other, sim.StateOff)
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if boot.Count() != 1 {
			t.Errorf("Count = %d, want 1", boot.Count())
		}
		must(t, m.CheckInvariants())
	})
	onEvery(t, "R-HP-10 the system call refuses an offline CPU", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		must(t, m.CPUDown(1))
		_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 1)
		wantErrno(t, "on the CPU", err, syscall.ENODEV)
		if e := m.Why(); !strings.Contains(e.Fn, "sys_perf_event_open") || e.Rule != "R-HP-10" {
			t.Errorf("refused by %s (%s), want sys_perf_event_open (R-HP-10)", e.Fn, e.Rule)
		}
	})
	onEvery(t, "R-SLOT-4 installing twice takes two slots", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		ev := open(t, m, kernelRW(addrA, true), nil, 0)
		for want := range 2 {
			slot, err := m.CPU(0).HwBreakpointSlotSetup(true, ev, sim.Install)
			if err != nil || slot != want {
				t.Errorf("install %d = %d, %v; want %d, nil", want+1, slot, err, want)
			}
		}
		_, err := m.CPU(0).HwBreakpointSlotSetup(true, ev, 9)
		wantErrno(t, "operation 9", err, syscall.EINVAL)
		if n := logged(m, "Unhandled hw breakpoint ops 9"); n != 1 {
			t.Errorf("the warning is logged %d times, want 1", n)
		}
		_, err = m.CPU(0).HwBreakpointSlotSetup(true, open(t, m, kernelRW(addrB, true), nil, 0), sim.Restore)
		wantErrno(t, "restoring an event that is not in a slot", err, syscall.ENOSPC)
	})
	onEvery(t, "R-VAL-23 a failed modify restarts an enabled event", func(t *testing.T, kernel string) {
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
		wantState(t, "a failed modify of an event registered disabled", off, sim.StateOff)
	})
}

// slowWheel returns the jiffy at which a delay fires, by R-TMR-2 and R-TMR-3, on a wheel of that many levels.
func slowWheel(jiffies, delay uint64, levels int) uint64 {
	clk := jiffies + 1
	expires := jiffies + delay
	granule, next := uint64(1), uint64(63) // of a level; next is the first delta of the level above
	for range levels - 1 {
		if expires-clk >= next {
			granule *= 8
		}
		next *= 8
	}
	// A delay that exceeds the last level fires at its end.
	if cut := 63 * granule; expires-clk >= cut {
		expires = clk + cut - granule
	}
	return (expires/granule + 1) * granule
}

// TestTimerWheel compares random delays, and those at the edges of each level, with slowWheel.
func TestTimerWheel(t *testing.T) {
	for hz, levels := range map[int]int{250: 9, 100: 8} {
		t.Run(fmt.Sprintf("HZ %d", hz), func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 1, HZ: hz, TraceSize: -1})
			r := rand.New(rand.NewPCG(8, 1))
			var at uint64
			dw := m.NewDelayedWork("probe", func() error { at = m.Jiffies(); return nil })
			edges := []uint64{
				1, 62, 63, 64, 65, 503, 504, 505, 506, 4031, 4032, 4033, 4034,
				32255, 32256, 32257, 32258, 258000,
			}
			for k := 4; k < levels; k++ {
				edge := uint64(63) << (3 * k)
				edges = append(edges, edge-1, edge, edge+1, edge+2)
			}
			cut := uint64(63)<<(3*(levels-1)) + 1 // the first delay that exceeds the last level
			edges = append(edges, 2*cut, 1<<38)
			n := 3000
			if testing.Short() {
				n = 300
			}
			for i := range n {
				jiffies := int64(4096) // at most: to a random place in a bucket of the level
				delay := 1 + r.Uint64N([]uint64{70, 600, 5000, 40000, 258000}[r.IntN(5)])
				if i < 4*len(edges) {
					delay = edges[i%len(edges)]
					jiffies += int64(min(delay, cut))
				}
				must(t, m.Msleep(time.Duration(r.Int64N(jiffies*int64(time.Second)/int64(hz)))))
				start := m.Jiffies()
				_, err := m.ScheduleDelayedWork(dw, ticks(m, delay))
				must(t, err)
				_, err = m.Run()
				must(t, err)
				if want := slowWheel(start, delay, levels); at != want {
					t.Fatalf("armed at jiffy %d with delay %d: ran at %d, want %d", start, delay, at, want)
				}
				if delay < cut && at <= start+delay-1 {
					t.Fatalf("armed at jiffy %d with delay %d: ran too early at %d", start, delay, at)
				}
			}
		})
	}
}

// TestLeaks opens events and queues work, releases them, and expects Leaks to report them only in between.
func TestLeaks(t *testing.T) {
	for _, kernel := range sim.Profiles() {
		t.Run(kernel, func(t *testing.T) {
			m := vectorMachine(t, kernel)
			wide, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			must(t, err)
			task := newTask(t, m, "t", 1)
			ev := open(t, m, userW(userAddr), task, -1)
			dw := m.NewDelayedWork("late", func() error { return nil })
			_, err = m.QueueDelayedWorkOn(1, dw, ticks(m, 1000))
			must(t, err)
			leaks := strings.Join(m.Leaks(), "\n")
			for _, want := range []string{"0xffffff8008080000", "0x0000000000400000", "late"} {
				if !strings.Contains(leaks, want) {
					t.Errorf("Leaks does not contain %q:\n%s", want, leaks)
				}
			}
			must(t, m.UnregisterWideHwBreakpoint(wide))
			must(t, ev.Close())
			_, err = m.CancelDelayedWorkSync(dw)
			must(t, err)
			if left := m.Leaks(); len(left) > 0 {
				t.Errorf("Leaks after the release = %q, want none", left)
			}
			for cpu := range 2 {
				for n := range 4 {
					if v := reg(t, m, cpu, arm64.WCR, n); v != 0 {
						t.Errorf("cpu%d: %s = %#x, want 0", cpu, arm64.RegName(arm64.WCR+n), v)
					}
				}
			}
		})
	}
}

// TestLogOps: with LogOps, hw_breakpoint_control logs its operation and the enable bit (R-LOG-12), as the
// seed's second listing shows.
func TestLogOps(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, LogOps: true})
	must(t, m.DumpStackIn("hw_breakpoint_control"))
	ev := open(t, m, kernelRW(addrA, false), nil, 0)
	if n := logged(m, " hw-breakpoint: ops: 0, reg_enable: 1."); n != 1 {
		t.Errorf("the installation is logged %d times, want 1", n)
	}
	before := len(m.Dmesg())
	must(t, ev.Close())
	lines := m.Dmesg()[before:]
	if len(lines) < 2 || !strings.HasSuffix(lines[0], "hw-breakpoint: ops: 1, reg_enable: 1.") ||
		!strings.Contains(lines[1], "CPU: 0 PID: 1 Comm: hwlua") {
		t.Errorf("the removal logs %q, want the operation and a stack", lines)
	}
	// During a step over a watchpoint the bank is off, and so is an event installed meanwhile (R-SLOT-8, 11).
	task := newTask(t, m, "t", 0)
	open(t, m, userW(userAddr), task, -1)
	store, err := task.Begin(hwdebug.Store, userAddr, 4, 1, 0)
	must(t, err)
	_, err = store.Step()
	must(t, err)
	open(t, m, kernelRW(addrB, false), nil, 0)
	if n := logged(m, " hw-breakpoint: ops: 0, reg_enable: 0."); n != 2 {
		t.Errorf("%d installations during a step are logged as off, want 2", n)
	}
	if m := newMachine(t, sim.Config{CPUs: 1}); logged(m, "ops:") != 0 {
		t.Error("operations are logged without LogOps")
	}
}

// TestDumpLeads: a stack begins with the dump's own frames. The seed's build has no frame for show_stack, 6.1
// has (R-LOG-8).
func TestDumpLeads(t *testing.T) {
	for kernel, want := range map[string]string{
		"4.19.116": "dump_backtrace dump_stack write_wb_reg",
		"6.1.192":  "dump_backtrace show_stack dump_stack_lvl dump_stack write_wb_reg",
		"7.3.4":    "show_stack dump_stack_lvl dump_stack write_wb_reg",
	} {
		m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
		must(t, m.DumpStackIn("write_wb_reg"))
		must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, 0x1000))
		_, trace, _ := strings.Cut(strings.Join(m.Dmesg(), "\n"), "Call trace:\n")
		var names []string
		for line := range strings.SplitSeq(trace, "\n") {
			name, at, _ := strings.Cut(line[strings.Index(line, "] ")+3:], "+")
			self := strings.HasPrefix(at, "0x0/")
			if since(kernel, "7.3.4") {
				self = strings.HasSuffix(at, " (C)")
			}
			if self != (len(names) == 0) {
				t.Errorf("%s: frame %d is %s+%s, want the first frame only to be marked",
					kernel, len(names), name, at)
			}
			names = append(names, name)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: the stack begins with %s, want %s", kernel, got, want)
		}
	}
}

// TestPrintk: a printk is one message of at most 991 bytes, and only a newline that is not its last begins a
// line (R-LOG-13). An empty text is a line in 6.1 and nothing in 4.19 (D-18).
func TestPrintk(t *testing.T) {
	x := strings.Repeat("x", 989)
	for _, kernel := range sim.Profiles() {
		var empty []string
		if is61(kernel) {
			empty = []string{""}
		}
		for _, c := range []struct {
			name, text string
			want       []string
		}{
			{"nothing", "", empty},
			{"a newline", "\n", []string{""}},
			{"a line", "one", []string{"one"}},
			{"a line with its end", "one\n", []string{"one"}},
			{"an empty line at the end", "one\n\n", []string{"one", ""}},
			{"an empty line first", "\n one", []string{"", " one"}},
			{"lines", "one\n\ntwo\n", []string{"one", "", "two"}},
			{"the end of a C string", "one\x00\ntwo", []string{"one"}},
			{"what looks like a format", "%d%%", []string{"%d%%"}},
			{"the longest", x + "yz", []string{x + "yz"}},
			{"one byte more", x + "yz!", []string{x + "yz"}},
			{"a newline as the last byte kept", x + "y\nlost", []string{x + "y"}},
			{"a newline as the one before", x + "\nylost", []string{x, "y"}},
		} {
			t.Run(kernel+"/"+c.name, func(t *testing.T) {
				m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
				must(t, m.Msleep(28_809_660_123))
				before := len(m.Dmesg())
				must(t, m.Printk(c.text))
				got := m.Dmesg()[before:]
				var want []string
				for _, line := range c.want {
					want = append(want, "[   28.809660] "+line)
				}
				if !slices.Equal(got, want) {
					t.Errorf("Printk(%q) logs %q, want %q", c.text, got, want)
				}
			})
		}
	}
}

// TestStatesOfKernelThreads: a kernel thread that waits for work is sleeping.
func TestStatesOfKernelThreads(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	want := map[string]string{
		"hwlua": "running", "swapper/0": "runnable",
		"cpuhp/0": "sleeping", "kworker/0:0": "sleeping", "kworker/0:0H": "sleeping",
	}
	for _, task := range m.Tasks() {
		if task.State() != want[task.Comm()] {
			t.Errorf("State of %s = %s, want %s", task.Comm(), task.State(), want[task.Comm()])
		}
	}
}

// TestStaleStoreBit: events with their own handlers are not stepped over, so no register is written between a
// store and a load, and the core reports the load as a store (R-REG-27).
func TestStaleStoreBit(t *testing.T) {
	for _, c := range []struct {
		name  string
		stale bool
		again string // the operation between the store and the load
		want  uint64 // hits of the load by a watchpoint on stores
	}{
		{name: "a load after a store is reported as a store", stale: true, want: 1},
		{name: "an access elsewhere clears the pair's bit", stale: true, again: "elsewhere", want: 0},
		{name: "a write to the pair clears its bit", stale: true, again: "write", want: 0},
		{name: "an access to another page keeps the bit", stale: true, again: "page", want: 1},
		{name: "without StaleWnR a load is a load", stale: false, want: 0},
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
			if n := evs[1].Count() - before; n != c.want {
				t.Errorf("the load hits the watchpoint on stores %d times, want %d", n, c.want)
			}
			if n := evs[0].Count(); n != 2 {
				t.Errorf("Count of the watchpoint on loads and stores = %d, want 2", n)
			}
		})
	}
}

// TestRegistersOfACPU: a write to a register that no CPU can have logs a warning and fails with EINVAL
// (R-REG-5). A register that this CPU lacks can be neither read nor written, and nothing can be read while
// the CPU is powered down.
func TestRegistersOfACPU(t *testing.T) {
	for count := 1; count <= arm64.MaxRegs; count++ {
		m := newMachine(t, sim.Config{CPUs: 1, BRPs: count, WRPs: count})
		c := m.CPU(0)
		for n := range arm64.MaxRegs {
			for _, bank := range []int{arm64.BVR, arm64.BCR, arm64.WVR, arm64.WCR} {
				_, get := c.Reg(bank, n)
				put := c.WriteWbReg(bank, n, 0)
				if want := n < count; (put == nil) != want || (get == nil) != want {
					t.Errorf("%d registers: write of %s = %v, read = %v, want success %v",
						count, arm64.RegName(bank+n), put, get, want)
				}
			}
		}
	}
	m := newMachine(t, sim.Config{CPUs: 2})
	for _, r := range []struct{ bank, n int }{{arm64.BVR, -1}, {arm64.WCR, 16}, {arm64.BVR, 64}} {
		wantErrno(t, "write", m.CPU(0).WriteWbReg(r.bank, r.n, 1), syscall.EINVAL)
		warning := fmt.Sprintf(" hw-breakpoint: attempt to write to unknown breakpoint register %d", r.n)
		if n := logged(m, warning); n != 1 {
			t.Errorf("register %d of bank %d: the warning is logged %d times, want 1", r.n, r.bank, n)
		}
	}
	must(t, m.CPUSuspend(1))
	if v, err := m.CPU(1).MDSCR(); err == nil {
		t.Errorf("MDSCR_EL1 of a suspended CPU = %#x, want an error", v)
	}
	if v, err := m.CPU(1).Reg(arm64.WCR, 0); err == nil {
		t.Errorf("DBGWCR0_EL1 of a suspended CPU = %#x, want an error", v)
	}
}

// TestHooksOfExit: exit_files calls each hook with only that hook's name on the stack, and Exit returns the
// first error.
func TestHooksOfExit(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	task := newTask(t, m, "t", 1)
	must(t, m.DumpStackIn("unregister_wide_hw_breakpoint")) // also the name of a hook
	first, second := errors.New("first"), errors.New("second")
	must(t, task.OnExit("first_hook", func() error { return first }))
	must(t, task.OnExit("unregister_wide_hw_breakpoint", func() error {
		must(t, m.CPU(1).WriteWbReg(arm64.WVR, 0, 0))
		return second
	}))
	if err := task.Exit(); !errors.Is(err, first) || errors.Is(err, second) {
		t.Errorf("Exit = %v, want %v", err, first)
	}
	chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{})
	must(t, err)
	want := "write_wb_reg unregister_wide_hw_breakpoint exit_files do_exit"
	if got := strings.Join(chain, " "); !strings.HasPrefix(got, want) {
		t.Errorf("the chain of the second hook is %s, want %s ...", got, want)
	}
	if n := logged(m, "Call trace:"); n != 1 {
		t.Errorf("%d stacks are dumped, want 1", n)
	}
}

// TestImpossibleCalls: a worker cannot take its own CPU down, a task cannot fork a child with a pid in use, a
// handler cannot have another task act on its CPU, and unregister_hw_breakpoint cannot release an event that
// it did not register.
func TestImpossibleCalls(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	task := newTask(t, m, "t", 1)
	if _, err := task.Fork("child", task.PID()); err == nil {
		t.Error("Fork with the parent's pid succeeds")
	}
	var down error
	w := m.NewWork("w", func() error { down = m.CPUDown(1); return nil })
	_, err := m.ScheduleWorkOn(1, w)
	must(t, err)
	_, err = m.Run()
	must(t, err)
	if down == nil || !m.CPU(1).Online() {
		t.Errorf("CPUDown from a work function on that CPU = %v, want an error", down)
	}
	// A handler interrupts its CPU; no other task can become current there meanwhile.
	var within error
	_, err = m.RegisterWideHwBreakpoint(kernelRW(addrA, false), func(_ *sim.Event, h *sim.Hit) error {
		within, h.Skip = task.Store(userAddr, 4, 1), true
		return nil
	})
	must(t, err)
	must(t, m.CPU(1).ContextSwitch(nil))
	must(t, m.CPU(1).Store(addrA, 8, 1))
	if within == nil || m.CPU(1).Current() == task {
		t.Errorf("Store by another task from a handler = %v, want an error", within)
	}
	// An event with a file is closed, and a debugger's event belongs to the debugger.
	must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
	open(t, m, userW(userAddr), task, -1)
	for _, ev := range m.Events() {
		if ev.Wide() != nil {
			continue
		}
		if err := m.UnregisterHwBreakpoint(ev); err == nil {
			t.Errorf("UnregisterHwBreakpoint of %s succeeds, want an error", ev.Label())
		}
	}
}

// TestWarning: the kernel logs a warning once, and its first frame is the function that gave it (R-LOG-9).
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
			warning, uid, packageID := "WARNING: CPU: 0 PID: 1 at arch/arm64/kernel/hw_breakpoint.c:*", "", ""
			switch {
			case since(kernel, "6.18.15"):
				uid, packageID = "UID: 0 ", " PREEMPTLAZY  " // and an empty package ID (R-LOG-3)
			case since(kernel, "6.12.117"):
				uid, packageID = "UID: 0 ", " "
			case is61(kernel):
				packageID = " "
			}
			if since(kernel, "7.3.4") {
				warning = "WARNING: arch/arm64/kernel/hw_breakpoint.c:480 at hw_breakpoint_control+*"
			}
			want := []string{
				"------------[ cut here ]------------",
				"Can't find any breakpoint slot",
				warning,
				"Modules linked in:",
				"CPU: 0 " + uid + "PID: 1 Comm: hwlua Not tainted " + kernel + " #1" + packageID,
				"Hardware name: test_mach (DT)",
				"Call trace:",
				" hw_breakpoint_control+*",
			}
			lines := m.Dmesg()[before:]
			for i, w := range want {
				got := lines[i][len("[    0.000000] "):]
				head, _, any := strings.Cut(w, "*")
				if !any && got != w || !strings.HasPrefix(got, head) ||
					strings.HasSuffix(got, " ") != strings.HasSuffix(w, " ") {
					t.Errorf("line %d = %q, want %q", i, got, w)
				}
			}
			frame := lines[7][len("[    0.000000]  "):]
			if !strings.Contains(lines[2], " "+frame) || strings.Contains(frame, "+0x0/") {
				t.Errorf("the warning %q does not name the first frame %q", lines[2], frame)
			}
			if last := lines[len(lines)-1]; !strings.Contains(last, "---[ end trace ") {
				t.Errorf("the last line is %q, want the end of the trace", last)
			}
			if n := logged(m, "Can't find any breakpoint slot"); n != 1 {
				t.Errorf("the warning is logged %d times, want 1", n)
			}
			must(t, m.DumpStackIn("write_wb_reg"))
			must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, 0))
			rest := strings.Join(m.Dmesg()[before+len(lines):], "\n")
			if !strings.Contains(rest, " Comm: hwlua Tainted: G        W ") {
				t.Errorf("the kernel is not tainted after a warning:\n%s", rest)
			}
			if named := strings.Contains(rest, "] Tainted: [W]=WARN\n"); named != since(kernel, "6.12.117") {
				t.Errorf("the taint flag is named: %t:\n%s", named, rest)
			}
		})
	}
}

// TestPresets: every core has 6 breakpoint and 4 watchpoint registers, as in the manuals; "max" has 16 of
// each.
func TestPresets(t *testing.T) {
	for _, p := range sim.Presets() {
		brps, wrps := 6, 4
		if p.Name == "max" {
			brps, wrps = 16, 16
		}
		m := newMachine(t, sim.Config{CPUs: 1, CPU: p.Name})
		if c := m.CPU(0); c.BRPs() != brps || c.WRPs() != wrps {
			t.Errorf("%s has %d and %d registers, want %d and %d", p.Name, c.BRPs(), c.WRPs(), brps, wrps)
		}
	}
}

// TestDumpHeader: the header of a dump as 4.19.118, 6.12.117 and 7.3.4 print it in the recordings of chains,
// but for what a distribution adds behind the version (R-LOG-3, 4). A dump of 7.3.4 says where a frame's
// address comes from (R-LOG-8).
func TestDumpHeader(t *testing.T) {
	for kernel, want := range map[string][]string{
		"4.19.116": {"CPU: 0 PID: 1 Comm: hwlua Tainted: G           O      4.19.118 #1"},
		"6.12.117": {
			"CPU: 0 UID: 0 PID: 1 Comm: hwlua Tainted: G           OE      6.12.117+deb12-arm64 #1 ",
			"Tainted: [O]=OOT_MODULE, [E]=UNSIGNED_MODULE",
		},
		"7.3.4": {
			"CPU: 0 UID: 0 PID: 1 Comm: hwlua Tainted: G           OE       7.3.4+deb13-arm64 " +
				"#1 PREEMPTLAZY  ",
			"Tainted: [O]=OOT_MODULE, [E]=UNSIGNED_MODULE",
		},
	} {
		release, taint := strings.Fields(want[0])[len(strings.Fields(want[0]))-2], "O"
		if kernel != "4.19.116" {
			taint = "OE"
		}
		if since(kernel, "7.3.4") {
			release = "7.3.4+deb13-arm64"
		}
		m := newMachine(t, sim.Config{
			CPUs: 1, Kernel: kernel, Release: release, Version: "#1 SMP Debian", Taint: taint,
		})
		open(t, m, kernelRW(addrA, false), nil, 0)
		must(t, m.DumpStackIn("perf_bp_event"))
		must(t, m.CPU(0).Store(addrA, 8, 0))
		var lines []string
		for _, line := range m.Dmesg() {
			lines = append(lines, line[strings.Index(line, "] ")+2:])
		}
		at := slices.Index(lines, want[0])
		if at < 0 || !slices.Equal(lines[at:at+len(want)], want) {
			t.Errorf("%s: the dump is\n%s\nwant it to begin with\n%s", kernel,
				strings.Join(lines, "\n"), strings.Join(want, "\n"))
			continue
		}
		if !since(kernel, "7.3.4") {
			continue
		}
		marked := 0
		for i, line := range lines {
			if strings.HasSuffix(line, " (P)") {
				if marked++; !strings.HasPrefix(lines[i-1], " el1h_64_sync+") {
					t.Errorf("%q is marked behind %q", line, lines[i-1])
				}
			}
		}
		if marked != 1 {
			t.Errorf("%d frames are marked as interrupted, want 1:\n%s", marked, strings.Join(lines, "\n"))
		}
	}
}

// A machine keeps the rules of all its refusals, each once, for those who ask what a scenario covers.
func TestRefusedBy(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2, WRPs: 1})
	must(t, m.CPUDown(1))
	for range 3 {
		m.PerfEventOpen(kernelRW(addrA, false), nil, 1)
		m.PerfEventOpen(kernelRW(addrA, true), nil, 0)
	}
	if got, want := m.RefusedBy(), []string{"R-HP-10", "R-CON-7"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestDumpUID: from 6.12 on a dump's header has the effective user ID of the current task, which a child
// inherits (R-LOG-3).
func TestDumpUID(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		app, err := m.NewTask(sim.TaskConfig{Comm: "app", UID: 10123, CPU: 1})
		must(t, err)
		child, err := app.Fork("child", 0)
		must(t, err)
		for _, task := range []*sim.Task{app, child, nil} {
			must(t, m.CPU(1).ContextSwitch(task))
			must(t, m.CPU(1).Run(func() error { return m.DumpStack() }))
		}
		log := m.Dmesg()
		for text, want := range map[string]int{
			" UID: 10123 PID: ": 2, "CPU: 1 UID: 0 PID: 0 Comm: swapper/1": 1,
		} {
			if !since(m.Kernel(), "6.12.117") {
				want = 0
			}
			if n := countLines(log, text); n != want {
				t.Errorf("%d lines with %q, want %d", n, text, want)
			}
		}
		if app.UID() != 10123 || child.UID() != 10123 {
			t.Errorf("user IDs %d and %d, want 10123", app.UID(), child.UID())
		}
	})
}
