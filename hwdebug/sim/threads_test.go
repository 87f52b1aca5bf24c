// Threads of the machine that sleep, fail, move and end: what their CPU and those that wait for them see of it.

package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestBodyFailsMeanwhile: the error of a body that gets its turn while the script spins for a cross call is that of the script's
// next drive of the machine, once; the cross call is none the worse.
func TestBodyFailsMeanwhile(t *testing.T) {
	broken := errors.New("broken")
	m := newMachine(t, sim.Config{CPUs: 3, Choose: func(kind sim.Choice, n int) int {
		if kind == sim.ChoiceIPI {
			return 1
		}
		return 0
	}})
	_, err := m.NewTask(sim.TaskConfig{CPU: 2, Body: func(*sim.Task) error { return broken }})
	must(t, err)
	ev := open(t, m, kernelRW(addrA, false), nil, 1)
	wantState(t, "opened", ev, sim.StateActive)
	if _, err := m.Run(); !errors.Is(err, broken) {
		t.Errorf("the machine runs on with %v", err)
	}
	_, err = m.Run()
	must(t, err)
}

// TestCPUGoesBack: when a body sleeps, and when it is done, its CPU goes back to what was current there before.
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
				t.Errorf("cpu%d goes back to %s", cpu, got.Comm())
			}
		}
	}
}

// TestWorkerWaits: a function that waits for another item of its pool sleeps, so that another worker runs it (R-WQ-17).
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
				t.Error("it does not wait")
			}
			here("outer")
			return err
		})
		first := m.NewWork("first", nil) // the second worker, which it makes, runs once without being woken for an item (R-WQ-16)
		for _, w := range []*sim.Work{first, outer} {
			_, err := m.ScheduleWorkOn(1, w)
			must(t, err)
			_, err = m.Run()
			must(t, err)
		}
		if got := strings.Join(ran, ", "); got != "inner in kworker/1:0, outer in kworker/1:1" {
			t.Errorf("ran %s", got)
		}
	})
}

// TestWorkersComeBack: what was queued while a CPU was away runs elsewhere, in the CPU's worker; once the CPU is back, there (R-WQ-19).
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
			t.Errorf("the CPU is back: %v; it is run by %s, want %s", back, where, want)
		}
		must(t, m.CheckInvariants())
	}
}

// TestExitGoesOnElsewhere: a task whose CPU goes down while it sleeps in exit_files exits on another one, and what its old CPU runs
// when it is back is nothing of it (R-HP-11).
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
			t.Fatalf("the task is %s on CPU %d: the test begins at the wrong time", task.State(), task.CPU())
		}
		_, err = m.Run()
		must(t, err)
		if task.State() != "dead" || ev.State() != sim.StateExit || m.CPU(0).Current() != m.Current() {
			t.Errorf("the task is %s, its event %s, CPU 0 runs %s", task.State(), ev.State(), m.CPU(0).Current().Comm())
		}
		must(t, ev.Close())
		for cpu, want := range []string{"kthread ret_from_fork", "cpu_startup_entry secondary_start_kernel"} {
			open(t, m, kernelRW(addrA, false), nil, cpu)
			chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{CPU: cpu})
			must(t, err)
			if got := strings.Join(chain, " "); !strings.HasSuffix(got, want) || strings.Contains(got, "exit") {
				t.Errorf("afterwards CPU %d writes a register through %s", cpu, got)
			}
		}
		must(t, m.CheckInvariants())
	})
}

// TestExitForAnother: a body that lets a task of another CPU exit goes on there as that task when a function of its exit has slept.
func TestExitForAnother(t *testing.T) {
	onEvery(t, "R-EVT-25", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		ev := open(t, m, userW(userAddr), task, -1)
		must(t, m.CPU(1).ContextSwitch(task))
		must(t, task.OnExit("slow_release", func() error {
			err := m.Msleep(20e6)
			if m.Current() != task {
				t.Errorf("%s is current in exit_files", m.Current().Comm())
			}
			return err
		}))
		_, err := m.NewTask(sim.TaskConfig{Comm: "killer", CPU: 0, Body: func(*sim.Task) error { return task.Exit() }})
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

// TestBodiesArePreempted: a body may lose its turn at every call, an access to memory among them, whether it is watched or not.
func TestBodiesArePreempted(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, Choose: func(kind sim.Choice, n int) int {
		if n != 2 {
			t.Errorf("a choice of %v among %d; one CPU and two bodies make no other than between two", kind, n)
		}
		if kind == sim.ChoicePreempt {
			return 1
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
		t.Errorf("they go on as %s", order)
	}
}

// TestContextMutex: who works on an event of a context waits for whoever does so already, and again for whoever was faster then (R-EVT-10).
func TestContextMutex(t *testing.T) {
	onEvery(t, "R-EVT-10", func(t *testing.T, kernel string) {
		asked, turn := 0, -1
		m := newMachine(t, sim.Config{CPUs: 4, Kernel: kernel, Choose: func(kind sim.Choice, n int) int {
			switch kind {
			case sim.ChoiceIPI:
				asked++
				return asked % 2 // each call's interrupt is late once, and would not be for one that comes between
			case sim.ChoiceCPU:
				turn++
				return turn % n
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
		asked, turn = 0, -1
		_, err := m.Run()
		must(t, err)
		if order != "w1 w3 w2 " { // w2 waits for w1, and w3 is there first when that is done
			t.Errorf("they are done in the order %s", order)
		}
		wantSlots(t, "all enabled", "0 1 2", evs...)
		must(t, m.CheckInvariants())
	})
}

// TestStackOfABody: a body is called by nothing that the script called in its task's name before the body had its turn.
func TestStackOfABody(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	w := m.NewWork("w", nil)
	_, err := m.ScheduleWork(w)
	must(t, err)
	task, err := m.NewTask(sim.TaskConfig{Comm: "t", Body: func(*sim.Task) error { return m.CPU(0).WriteWbReg(arm64.WVR, 0, addrA) }})
	must(t, err)
	must(t, m.CPU(0).ContextSwitch(task))
	waited, err := m.FlushWork(w) // the worker has its turn first, and t is switched out for it
	must(t, err)
	_, err = m.Run()
	must(t, err)
	chain, err := m.Callchain("write_wb_reg", sim.ChainOptions{CPU: -1})
	must(t, err)
	if got := strings.Join(chain, " "); !waited || strings.Contains(got, "flush_work") {
		t.Errorf("waited: %v; the body writes a register through %s", waited, got)
	}
}

// TestSetStack: whoever has a stack of his own finds it as he left it, whatever ran on others meanwhile.
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
					t.Errorf("%s wakes on the stack of %s", name, stack)
				}
			}
			return nil
		}})
		must(t, err)
	}
	_, err := m.Run()
	must(t, err)
	if stack != "script" {
		t.Errorf("the script is on the stack of %s", stack)
	}
}

// TestRestless runs a machine that never stops: the error names the tasks and work that still run, and no others.
func TestRestless(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, TraceSize: -1})
	done, again := m.NewWork("done", nil), (*sim.Work)(nil)
	again = m.NewDelayedWork("again", func() error {
		_, err := m.ScheduleDelayedWork(again, 1)
		return err
	})
	_, err := m.ScheduleWork(done)
	must(t, err)
	_, err = m.ScheduleDelayedWork(again, 1)
	must(t, err)
	_, err = m.NewTask(sim.TaskConfig{Comm: "gone", PID: 7, Body: func(*sim.Task) error { return nil }})
	must(t, err)
	_, err = m.NewTask(sim.TaskConfig{Comm: "sleeper", PID: 9, Body: func(*sim.Task) error { return m.Msleep(1e18) }})
	must(t, err)
	const want = " still running: work again, task sleeper (pid 9)"
	if _, err = m.Run(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Run() = %v, want an error that ends in %q", err, want)
	}
}
