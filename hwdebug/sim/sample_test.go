// Periods, limits and signals of events, exec, and 32-bit tracers.

package sim_test

import (
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// sampling returns a watchpoint on stores at userAddr with a period.
func sampling(period uint64) hwdebug.Attr {
	a := userW(userAddr)
	a.SamplePeriod = period
	return a
}

// stores makes n stores at userAddr as t.
func stores(t *testing.T, task *sim.Task, n int) {
	t.Helper()
	for range n {
		must(t, task.Store(userAddr, 4, 1))
	}
}

func wantCounts(t *testing.T, what string, ev *sim.Event, count, samples uint64) {
	t.Helper()
	if ev.Count() != count || ev.Samples() != samples {
		t.Errorf("%s: count %d, samples %d, want %d and %d", what, ev.Count(), ev.Samples(), count, samples)
	}
}

// TestPeriods: a sample ends each period, and the next hit after PERIOD completes one (R-PER-2, 4, 7).
func TestPeriods(t *testing.T) {
	onEvery(t, "R-PER-2", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		ev := open(t, m, sampling(3), nil, 0)
		stores(t, task, 7)
		wantCounts(t, "seven hits", ev, 7, 2)
		must(t, ev.Reset())
		wantCounts(t, "R-PER-7: RESET", ev, 0, 2)
		must(t, ev.Period(2))
		stores(t, task, 1)
		wantCounts(t, "R-PER-4: the hit after PERIOD", ev, 1, 3)
		stores(t, task, 4)
		wantCounts(t, "two periods of 2", ev, 5, 5)
		wantErrno(t, "period 0", ev.Period(0), syscall.EINVAL)
		wantErrno(t, "bit 63", ev.Period(1<<63), syscall.EINVAL)
		counting := open(t, m, sampling(0), nil, 0)
		wantErrno(t, "PERIOD without sampling", counting.Period(1), syscall.EINVAL)
		wantErrno(t, "REFRESH without sampling", counting.Refresh(1), syscall.EINVAL)
	})
}

// TestLimit: REFRESH enables an event for some samples. From 6.16 on the event is dead after the last of them
// until PERIOD (R-PER-5, 6).
func TestLimit(t *testing.T) {
	onEvery(t, "R-PER-5", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		ev := open(t, m, sampling(1), nil, 0)
		must(t, ev.Refresh(2))
		stores(t, task, 2)
		wantState(t, "after two samples", ev, sim.StateOff)
		stores(t, task, 1)
		wantCounts(t, "and a third store", ev, 2, 2)
		must(t, ev.Refresh(5))
		if v := reg(t, m, 0, arm64.WCR, 0); v&1 == 0 {
			t.Errorf("DBGWCR0 = %#x after REFRESH, want it enabled", v)
		}
		stores(t, task, 1)
		want := uint64(3)
		if since(kernel, "6.18.15") {
			want = 2
		}
		wantCounts(t, "R-PER-6: after REFRESH", ev, want, want)
		must(t, ev.Period(1))
		stores(t, task, 1)
		wantCounts(t, "R-PER-6: after PERIOD", ev, want+1, want+1)
		inherited := sampling(1)
		inherited.Inherit = true
		wantErrno(t, "an inherited event", open(t, m, inherited, task, -1).Refresh(1), syscall.EINVAL)
	})
}

// TestFrequency: with a frequency the period grows while hits come faster (R-PER-9, P.freq/cpu-1), and a
// frequency has a limit (R-PER-1).
func TestFrequency(t *testing.T) {
	onEvery(t, "R-PER-9", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := sampling(1)
		a.Freq = true
		ev := open(t, m, a, nil, 0)
		for range 5 {
			must(t, m.Msleep(5e6))
			stores(t, task, 1)
		}
		wantCounts(t, "five hits at 1 Hz", ev, 5, 3)
		a.SamplePeriod = 100001
		_, err := m.PerfEventOpen(a, nil, 0)
		wantErrno(t, "a frequency above the limit", err, syscall.EINVAL)
		wantErrno(t, "PERIOD above the limit", ev.Period(100001), syscall.EINVAL)
	})
}

// TestFrequencyAfterReset: a tick that finds a smaller count than the last one adapts nothing (R-PER-9).
func TestFrequencyAfterReset(t *testing.T) {
	onEvery(t, "R-PER-9", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := sampling(1000)
		a.Freq = true
		ev := open(t, m, a, nil, 0)
		for i := range 6 {
			if i == 3 {
				must(t, ev.Reset())
			}
			must(t, m.Msleep(5e6))
			stores(t, task, 1)
		}
		wantCounts(t, "six hits at 1000 Hz, RESET after three", ev, 3, 6)

		a.SamplePeriod = 1
		ev = open(t, m, a, nil, 0)
		for i := range 4 {
			stores(t, task, 1)
			must(t, m.Msleep(10e6))
			if i == 0 {
				must(t, ev.Reset())
			}
		}
		wantCounts(t, "four hits at 1 Hz, RESET after the first tick", ev, 3, 3)
	})
}

// TestFrequencyOfSleeper: ticks do not adapt the period while the event's task sleeps (R-PER-9).
func TestFrequencyOfSleeper(t *testing.T) {
	onEvery(t, "R-PER-9", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := sampling(1)
		a.Freq = true
		ev := open(t, m, a, task, -1)
		stores(t, task, 1)
		must(t, m.CPU(0).ContextSwitch(nil))
		must(t, m.Msleep(50e6))
		must(t, ev.Period(3))
		stores(t, task, 1)
		wantCounts(t, "two hits at 1 and at 3 Hz", ev, 2, 2)
	})
}

// TestRemoveOnExecOrder: of a group whose events all go at an exec the newest goes first, so that it still
// names its leader (R-EVT-29, R-GRP-5).
func TestRemoveOnExecOrder(t *testing.T) {
	onEvery(t, "R-EVT-29", func(t *testing.T, kernel string) {
		if !is61(kernel) {
			return
		}
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := userW(userAddr)
		a.Pinned, a.RemoveOnExec, a.ReadFormat = false, true, hwdebug.ReadGroup
		leader, err := m.PerfEventOpen(a, task, -1)
		must(t, err)
		member, err := m.PerfEventOpenGroup(a, task, -1, leader)
		must(t, err)
		must(t, task.ExecveAs(false))
		v, ok, err := member.ReadValues()
		if must(t, err); !ok || len(v.Counts) != 1 || v.Counts[0].Event != leader {
			t.Errorf("a read through the member returns %v, want the leader's count alone", v.Counts)
		}
	})
}

// TestSigtrap: the signal comes before the step, so that its handler must skip the instruction (R-PER-8,
// S.sigtrap/task-w-1-xr), and only kernels from 5.13 on have the attribute (R-VAL-26, X.valid).
func TestSigtrap(t *testing.T) {
	onEvery(t, "R-PER-8", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := sampling(1)
		a.Sigtrap, a.RemoveOnExec = true, true
		ev, err := m.PerfEventOpen(a, task, -1)
		if !is61(kernel) {
			wantErrno(t, "sigtrap", err, syscall.E2BIG)
			a.Sigtrap = false
			_, err := m.PerfEventOpen(a, task, -1)
			wantErrno(t, "remove_on_exec", err, syscall.EINVAL)
			return
		}
		must(t, err)
		calls := 0
		sigtrap, err := sim.SignalByName("SIGTRAP")
		must(t, err)
		must(t, task.Sigaction(sigtrap, func(task *sim.Task, s *sim.Siginfo) error {
			if calls++; calls == 4 {
				task.SkipInstruction()
			}
			if s.CodeName() != "TRAP_PERF" || s.Addr != userAddr {
				t.Errorf("%s at %#x, want TRAP_PERF at %#x", s.CodeName(), s.Addr, userAddr)
			}
			return nil
		}, false))
		stores(t, task, 1)
		if calls != 4 {
			t.Errorf("the handler ran %d times, want 4", calls)
		}
		wantCounts(t, "one store", ev, 4, 4)
		_, err = m.PerfEventOpen(a, nil, 0)
		wantErrno(t, "sigtrap of a CPU's event", err, syscall.EINVAL)
		a.RemoveOnExec = false
		_, err = m.PerfEventOpen(a, task, -1)
		wantErrno(t, "sigtrap without remove_on_exec", err, syscall.EINVAL)
		a.Sigtrap, a.InheritThread = false, true
		_, err = m.PerfEventOpen(a, task, -1)
		wantErrno(t, "inherit_thread without inherit", err, syscall.EINVAL)
		a.InheritThread, a.RemoveOnExec, a.EnableOnExec = false, true, true
		_, err = m.PerfEventOpen(a, task, -1)
		wantErrno(t, "both on exec", err, syscall.EINVAL)
	})
}

// TestInheritThread: a new process inherits neither an event with inherit_thread nor its parent's context
// (R-EVT-30).
func TestInheritThread(t *testing.T) {
	for _, thread := range []bool{false, true} {
		m := vectorMachine(t, "6.1.192")
		task := newTask(t, m, "t", 0)
		a := userW(userAddr)
		a.Inherit, a.InheritThread = true, thread
		ev := open(t, m, a, task, -1)
		child, err := task.Fork("c", 0)
		must(t, err)
		must(t, m.CPU(0).ContextSwitch(child))
		must(t, child.Store(userAddr, 4, 1))
		want := uint64(1)
		if thread {
			want = 0
		}
		wantCounts(t, "a store of the child", ev, want, want)
	}
}

// TestExecEvents: an exec enables events with enable_on_exec by rescheduling every class of their context
// (R-EVT-24), and ends those with remove_on_exec, which keep their reservation (R-EVT-29).
func TestExecEvents(t *testing.T) {
	m := vectorMachine(t, "6.1.192")
	task := newTask(t, m, "t", 0)
	open(t, m, pinned(userW(userAddr)), task, -1)
	late := userW(userAddr + 8)
	late.Disabled, late.EnableOnExec = true, true
	open(t, m, late, task, -1)
	gone := userW(userAddr + 16)
	gone.RemoveOnExec = true
	removed := open(t, m, gone, task, -1)
	must(t, m.CPU(0).ContextSwitch(task))
	w := watch(t, m, 0)
	must(t, task.Execve())
	w.want("exec", "WCR0=0x0 WCR1=0x0 M=0x1000 "+
		"M=0x9000 WVR0=0x400000 WCR0=0x1f5 WVR1=0x400008 WCR1=0x1f5 WVR2=0x400010 WCR2=0x1f5 WCR2=0x0")
	wantState(t, "after the exec", removed, sim.StateExit)
	must(t, removed.Enable())
	wantState(t, "after ENABLE", removed, sim.StateExit)
	if use, err := m.Slots(0); err != nil || use.WP.TaskPinned != 3 {
		t.Errorf("%d reservations, %v, want 3", use.WP.TaskPinned, err)
	}
	must(t, task.ExecveAs(true))
	if !task.Compat() {
		t.Error("the task is not a 32-bit task after an exec of a 32-bit image")
	}
}

// pinned returns a with pinned.
func pinned(a hwdebug.Attr) hwdebug.Attr {
	a.Pinned = true
	return a
}

// TestTracerWidth: SETHBPREGS tests the address by the TASK_SIZE of its 32-bit tracer, and a 64-bit tracer
// does not have the request (R-PTR-15, R-VAL-12, K.hbpaddr).
func TestTracerWidth(t *testing.T) {
	m := vectorMachine(t, "6.1.192")
	tracee := newTask(t, m, "tracee", 0)
	narrow, err := m.NewTask(sim.TaskConfig{CPU: 1, Compat: true})
	must(t, err)
	for _, tracer := range []*sim.Task{narrow, nil} {
		must(t, tracee.PtraceSetHBPRegs(tracer, 1, 0xffffeffc))
		wantErrno(t, "beyond the tracer's TASK_SIZE", tracee.PtraceSetHBPRegs(tracer, 1, 0xfffff000),
			syscall.EINVAL)
	}
	wide := newTask(t, m, "wide", 1)
	wantErrno(t, "a 64-bit tracer", tracee.PtraceSetHBPRegs(wide, 1, 0x400000), syscall.EIO)
	_, err = tracee.PtraceGetHBPRegs(wide, 0)
	wantErrno(t, "a 64-bit tracer", err, syscall.EIO)
	v, err := tracee.PtraceGetHBPRegs(narrow, 1)
	must(t, err)
	if v != 0xffffeffc {
		t.Errorf("register 1 reads %#x, want 0xffffeffc", v)
	}
}
