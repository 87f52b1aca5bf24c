// Tests of threads that sleep, fail, move and end.

package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestScriptHasNoPoints has the script make a cross call while a body is ready: the call is answered at once,
// and nobody is asked who goes on. The body's error is that of the next call that drives the machine, once.
func TestScriptHasNoPoints(t *testing.T) {
	broken := errors.New("broken")
	asked := 0
	m := newMachine(t, sim.Config{CPUs: 3, Choose: func(*sim.Point) int { asked++; return 0 }})
	_, err := m.NewTask(sim.TaskConfig{CPU: 2, Body: func(*sim.Task) error { return broken }})
	must(t, err)
	ev := open(t, m, kernelRW(addrA, false), nil, 1)
	wantState(t, "opened", ev, sim.StateActive)
	if asked != 0 {
		t.Errorf("asked %d times who goes on, want never", asked)
	}
	if _, err := m.Run(); !errors.Is(err, broken) {
		t.Errorf("Run() = %v, want %v", err, broken)
	}
	_, err = m.Run()
	must(t, err)
}

// TestCPUGoesBack checks that the CPU returns to its former task when a body sleeps and when it ends.
func TestCPUGoesBack(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	for cpu := range 2 {
		there := newTask(t, m, "there", cpu)
		must(t, m.CPU(cpu).ContextSwitch(there))
		_, err := m.NewTask(sim.TaskConfig{CPU: cpu, Body: func(*sim.Task) error { return m.Msleep(10e6) }})
		must(t, err)
		for range 2 {
			must(t, m.Msleep(8e6))
			if got := m.CPU(cpu).Current(); got != there {
				t.Errorf("cpu%d runs %s, want %s", cpu, got.Comm(), there.Comm())
			}
		}
	}
}

// TestWorkerWaits has a work function wait for another item of its pool, which another worker runs
// (R-WQ-17).
func TestWorkerWaits(t *testing.T) {
	onEvery(t, "R-WQ-17", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		var ran []string
		here := func(name string) { ran = append(ran, name+" in "+m.Current().Comm()) }
		inner := m.NewWork("inner", func() error { here("inner"); return nil })
		outer := m.NewWork("outer", func() error {
			if _, err := m.ScheduleWorkOn(1, inner); err != nil {
				return err
			}
			waited, err := m.FlushWork(inner)
			if !waited {
				t.Error("FlushWork did not wait")
			}
			here("outer")
			return err
		})
		first := m.NewWork("first", nil) // makes the second worker, which runs once without an item (R-WQ-16)
		for _, w := range []*sim.Work{first, outer} {
			_, err := m.ScheduleWorkOn(1, w)
			must(t, err)
			_, err = m.Run()
			must(t, err)
		}
		const want = "inner in kworker/1:0, outer in kworker/1:1"
		if got := strings.Join(ran, ", "); got != want {
			t.Errorf("ran %s, want %s", got, want)
		}
	})
}

// TestWorkersComeBack queues work for a CPU that is down: the CPU's worker runs it elsewhere, or
// there once the CPU is up again (R-WQ-19).
func TestWorkersComeBack(t *testing.T) {
	for _, back := range []bool{false, true} {
		m := newMachine(t, sim.Config{CPUs: 2})
		where := ""
		w := m.NewWork("w", func() error {
			for cpu := range 2 {
				if task := m.CPU(cpu).Current(); task == m.Current() {
					where += fmt.Sprintf("%s on CPU %d", task.Comm(), cpu)
				}
			}
			return nil
		})
		must(t, m.CPUDown(1))
		_, err := m.ScheduleWorkOn(1, w)
		must(t, err)
		want := "kworker/1:0 on CPU 0"
		if back {
			must(t, m.CPUUp(1))
			want = "kworker/1:0 on CPU 1"
		}
		_, err = m.Run()
		must(t, err)
		if where != want {
			t.Errorf("CPU up again: %v: the work ran in %s, want %s", back, where, want)
		}
		must(t, m.CheckInvariants())
	}
}

// TestExitGoesOnElsewhere takes a CPU down while its task sleeps in exit_files: the task exits on
// another CPU, and leaves nothing on the old one (R-HP-11).
func TestExitGoesOnElsewhere(t *testing.T) {
	onEvery(t, "R-HP-11", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task, err := m.NewTask(sim.TaskConfig{Comm: "t", CPU: 1, Body: func(*sim.Task) error { return nil }})
		must(t, err)
		must(t, task.OnExit("slow_release", func() error { return m.Msleep(20e6) }))
		ev := open(t, m, userW(userAddr), task, -1)
		must(t, m.Msleep(10e6))
		must(t, m.CPUDown(1))
		must(t, m.CPUUp(1))
		if task.State() != "sleeping" || task.CPU() != 0 {
			t.Fatalf("the task is %s on CPU %d, want sleeping on CPU 0", task.State(), task.CPU())
		}
		_, err = m.Run()
		must(t, err)
		if task.State() != "dead" || ev.State() != sim.StateExit || m.CPU(0).Current() != m.Current() {
			t.Errorf("the task is %s, its event %s, CPU 0 runs %s",
				task.State(), ev.State(), m.CPU(0).Current().Comm())
		}
		must(t, ev.Close())
		for cpu, want := range []string{"kthread ret_from_fork", "cpu_startup_entry secondary_start_kernel"} {
			open(t, m, kernelRW(addrA, false), nil, cpu)
			chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{CPU: m.CPU(cpu)})
			must(t, err)
			got := strings.Join(chain, " ")
			if !strings.HasSuffix(got, want) || strings.Contains(got, "exit") {
				t.Errorf("chain of write_wb_reg on CPU %d = %s, want a suffix %s", cpu, got, want)
			}
		}
		must(t, m.CheckInvariants())
	})
}

// TestExitForAnother has a body make a task of another CPU exit: it continues there as that task
// after an exit function has slept.
func TestExitForAnother(t *testing.T) {
	onEvery(t, "R-EVT-25", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		ev := open(t, m, userW(userAddr), task, -1)
		must(t, m.CPU(1).ContextSwitch(task))
		must(t, task.OnExit("slow_release", func() error {
			err := m.Msleep(20e6)
			if m.Current() != task {
				t.Errorf("%s is current in exit_files, want t", m.Current().Comm())
			}
			return err
		}))
		_, err := m.NewTask(sim.TaskConfig{
			Comm: "killer", CPU: 0, Body: func(*sim.Task) error { return task.Exit() },
		})
		must(t, err)
		_, err = m.Run()
		must(t, err)
		wantState(t, "its task has exited", ev, sim.StateExit)
		wantSlots(t, "its task has exited", "-1", ev)
		if v := reg(t, m, 1, arm64.WCR, 0); v != 0 || m.CPU(1).Current() == task {
			t.Errorf("DBGWCR0_EL1 is %#x, %s is current", v, m.CPU(1).Current().Comm())
		}
		must(t, m.CheckInvariants())
	})
}

// TestBodiesArePreempted lets a body lose its turn at every call, memory accesses included, watched
// or not.
func TestBodiesArePreempted(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, Choose: func(p *sim.Point) int {
		if len(p.Next) > 2 {
			t.Errorf("place %d has %d possibilities, want at most 2", p.Place, len(p.Next))
		}
		if p.Place == sim.PlaceCall {
			return len(p.Next) - 1
		}
		return 0
	}})
	order := ""
	for _, name := range []string{"a", "b"} {
		task, err := m.NewTask(sim.TaskConfig{Comm: name, Body: func(task *sim.Task) error {
			for i := range uint64(3) {
				if err := task.Store(userAddr, 4, i); err != nil {
					return err
				}
				order += name
			}
			return nil
		}})
		must(t, err)
		if name == "b" { // a step over its hits may be interrupted
			open(t, m, userW(userAddr), task, -1)
		}
	}
	_, err := m.Run()
	must(t, err)
	if order != "ababab" {
		t.Errorf("the bodies run in the order %s, want ababab", order)
	}
}

// TestContextMutex has three bodies work on one context: each waits for the one before it, and
// again if another was faster (R-EVT-10).
func TestContextMutex(t *testing.T) {
	onEvery(t, "R-EVT-10", func(t *testing.T, kernel string) {
		ends := 0
		m := newMachine(t, sim.Config{CPUs: 4, Kernel: kernel, Choose: func(p *sim.Point) int {
			switch {
			case p.Place == sim.PlaceSpin && len(p.Next) > 1:
				return 1 // each call's interrupt is late
			case p.Place == sim.PlaceEnd:
				if ends++; ends > 1 {
					return len(p.Next) - 1
				}
			}
			return 0
		}})
		order := ""
		var evs []*sim.Event
		for i, cpu := range []int{0, 2, 3} {
			ev := open(t, m, kernelRW(addrA+8*uint64(i), true), nil, 1)
			evs = append(evs, ev)
			_, err := m.NewTask(sim.TaskConfig{CPU: cpu, Body: func(*sim.Task) error {
				err := m.PerfEventEnable(ev)
				order += ev.Label() + " "
				return err
			}})
			must(t, err)
		}
		_, err := m.Run()
		must(t, err)
		if order != "w1 w3 w2 " { // w2 waits for w1, and w3 is faster then
			t.Errorf("the bodies end in the order %s, want w1 w3 w2", order)
		}
		wantSlots(t, "all enabled", "0 1 2", evs...)
		must(t, m.CheckInvariants())
	})
}

// TestStackOfABody checks that the stack of a body does not hold what the script called in its
// task's name before.
func TestStackOfABody(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	w := m.NewWork("w", nil)
	_, err := m.ScheduleWork(w)
	must(t, err)
	body := func(*sim.Task) error { return m.CPU(0).WriteWbReg(arm64.WVR, 0, addrA) }
	task, err := m.NewTask(sim.TaskConfig{Comm: "t", Body: body})
	must(t, err)
	must(t, m.CPU(0).ContextSwitch(task))
	waited, err := m.FlushWork(w) // the worker runs first, and t is switched out for it
	must(t, err)
	_, err = m.Run()
	must(t, err)
	chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{})
	must(t, err)
	if got := strings.Join(chain, " "); !waited || strings.Contains(got, "flush_work") {
		t.Errorf("waited %v, chain %s; want true and no flush_work", waited, got)
	}
}

// TestSetStack checks that every coroutine finds its own stack again after others ran on theirs.
func TestSetStack(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	stack := "script"
	m.SetStack(func() any { return stack }, func(s any) { stack = s.(string) })
	for cpu, name := range []string{"a", "b"} {
		_, err := m.NewTask(sim.TaskConfig{Comm: name, CPU: cpu, Body: func(*sim.Task) error {
			stack = name
			for range 3 {
				if err := m.Msleep(8e6); err != nil {
					return err
				}
				if stack != name {
					t.Errorf("%s wakes on the stack of %s, want its own", name, stack)
				}
			}
			return nil
		}})
		must(t, err)
	}
	_, err := m.Run()
	must(t, err)
	if stack != "script" {
		t.Errorf("the script is on the stack of %s, want its own", stack)
	}
}

// TestRestless runs a machine that never stops: the error names the tasks and work that still run,
// and no others.
func TestRestless(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, TraceSize: -1})
	done, again := m.NewWork("done", nil), (*sim.Work)(nil)
	again = m.NewDelayedWork("again", func() error {
		_, err := m.ScheduleDelayedWork(again, ticks(m, 1))
		return err
	})
	_, err := m.ScheduleWork(done)
	must(t, err)
	_, err = m.ScheduleDelayedWork(again, ticks(m, 1))
	must(t, err)
	_, err = m.NewTask(sim.TaskConfig{Comm: "gone", PID: 7, Body: func(*sim.Task) error { return nil }})
	must(t, err)
	sleep := func(*sim.Task) error { return m.Msleep(1e18) }
	_, err = m.NewTask(sim.TaskConfig{Comm: "sleeper", PID: 9, Body: sleep})
	must(t, err)
	const want = " still running: work again, task sleeper (pid 9)"
	if _, err = m.Run(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Run() = %v, want an error that ends in %q", err, want)
	}
}
