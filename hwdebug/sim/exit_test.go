// Exit: a task's context ends as a whole, and what is registered for the task meanwhile.

package sim_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestExitHoldsContextMutex covers R-EVT-10 and R-EVT-25: whatever the order, a registration for a task that
// exits on another CPU is either part of the exit or refused. No event of a dead task is left inactive.
func TestExitHoldsContextMutex(t *testing.T) {
	onEvery(t, "late registration", func(t *testing.T, kernel string) {
		ended := map[string]int{}
		for seed := range uint64(200) {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, Seed: seed})
			task, err := m.NewTask(sim.TaskConfig{Comm: "app", Body: func(*sim.Task) error { return nil }})
			must(t, err)
			_, err = m.RegisterUserHwBreakpoint(userW(userAddr), nil, task)
			must(t, err)
			must(t, task.OnExit("release", func() error {
				_, err := m.CPU(0).Load(0xffffff8000000000, 8)
				return err
			}))
			var late *sim.Event
			w := m.NewWork("late", func() error {
				var err error
				late, err = m.RegisterUserHwBreakpoint(userW(userAddr+8), nil, task)
				if err != nil {
					wantErrno(t, "late", err, syscall.ESRCH)
				}
				return nil
			})
			_, err = m.ScheduleWorkOn(1, w)
			must(t, err)
			_, err = m.Run()
			must(t, err)
			must(t, m.CheckInvariants())
			if late == nil {
				ended["refused"]++
			} else if ended[late.State().String()]++; late.State() != sim.StateExit {
				t.Fatalf("seed %d: the event of the dead task is %s, want exit", seed, late.State())
			}
		}
		if ended["refused"] == 0 || ended["exit"] == 0 {
			t.Errorf("outcomes %v, want both a refusal and an event that went through the exit", ended)
		}
	})
}

// TestRegisterForExitingTask covers steps 12 and 13 of R-VAL-1: the task's context takes new events until
// perf's part of the exit; they end in EXIT and keep their reservation.
func TestRegisterForExitingTask(t *testing.T) {
	onEvery(t, "from exit_files", func(t *testing.T, kernel string) {
		for _, hasContext := range []bool{false, true} {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel})
			task := newTask(t, m, "app", 0)
			if hasContext {
				must(t, m.UnregisterHwBreakpoint(register(t, m, task)))
			}
			var late *sim.Event
			var refused error
			must(t, task.OnExit("release", func() error {
				late, refused = m.RegisterUserHwBreakpoint(userW(userAddr+8), nil, task)
				if late != nil {
					wantState(t, "while the task exits", late, sim.StateActive)
				}
				return nil
			}))
			must(t, task.Exit())
			if is61(kernel) || !hasContext {
				wantErrno(t, "late", refused, syscall.ESRCH)
				if text := refused.Error(); !strings.Contains(text, "is exiting and has no perf context") {
					t.Errorf("refusal %q, want one that says that the task is exiting", text)
				}
				continue
			}
			must(t, refused)
			wantState(t, "after the exit", late, sim.StateExit)
			if n := mustSlots(t, m, 0).WP.TaskPinned; n != 1 {
				t.Errorf("%d watchpoints reserved after the exit, want 1: the event was not released", n)
			}
			must(t, m.UnregisterHwBreakpoint(late))
			if n := mustSlots(t, m, 0).WP.TaskPinned; n != 0 {
				t.Errorf("%d watchpoints reserved after the release, want 0", n)
			}
		}
	})
}

// TestDeadTaskRefused: once a task is dead its registration is refused with other words than while it exits.
func TestDeadTaskRefused(t *testing.T) {
	onEvery(t, "dead", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
		task := newTask(t, m, "app", 0)
		register(t, m, task)
		must(t, task.Exit())
		_, err := m.RegisterUserHwBreakpoint(userW(userAddr+8), nil, task)
		wantErrno(t, "register", err, syscall.ESRCH)
		if !strings.Contains(err.Error(), "has exited") {
			t.Errorf("refusal %q, want one that says that the task has exited", err)
		}
	})
}

// register registers a user watchpoint of task.
func register(t *testing.T, m *sim.Machine, task *sim.Task) *sim.Event {
	t.Helper()
	ev, err := m.RegisterUserHwBreakpoint(userW(userAddr), nil, task)
	must(t, err)
	return ev
}
