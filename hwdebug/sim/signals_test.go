// Signals: spec chapter 13.

package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

func signo(t testing.TB, name string) sim.Signo {
	t.Helper()
	n, err := sim.SignalByName(name)
	must(t, err)
	return n
}

// onProfiles runs fn for each kernel profile, with a machine of two CPUs and a task on CPU 0.
func onProfiles(t *testing.T, fn func(t *testing.T, m *sim.Machine, task *sim.Task)) {
	for _, kernel := range sim.Profiles() {
		t.Run(kernel, func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel})
			fn(t, m, newTask(t, m, "t", 0))
		})
	}
}

// TestSignalDuringStepCountsTwice: a signal between the trap and the step makes the hit count once more, of
// a watchpoint and of a breakpoint; one that is ignored does not (R-SIG-5, R-SIG-2).
func TestSignalDuringStepCountsTwice(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    hwdebug.Kind
		typ     hwdebug.BPType
		signals []string
		ignore  bool
		want    uint64
	}{
		{"no signal", hwdebug.Store, hwdebug.W, nil, false, 1},
		{"one signal", hwdebug.Store, hwdebug.W, []string{"SIGALRM"}, false, 2},
		{"two at once", hwdebug.Store, hwdebug.W, []string{"SIGALRM SIGUSR1"}, false, 2},
		{"two in turn", hwdebug.Store, hwdebug.W, []string{"SIGALRM", "SIGUSR1"}, false, 3},
		{"ignored", hwdebug.Store, hwdebug.W, []string{"SIGALRM"}, true, 1},
		{"a breakpoint", hwdebug.Exec, hwdebug.X, []string{"SIGPROF"}, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
				a := hwdebug.Attr{Type: c.typ, Addr: 0x1000, Len: 4, ExcludeKernel: true}
				ev, err := m.PerfEventOpen(a, task, -1)
				must(t, err)
				if c.ignore {
					must(t, task.Sigaction(signo(t, c.signals[0]), nil, true))
				}
				access, err := task.Begin(c.kind, 0x1000, 4, 7, 0)
				must(t, err)
				for i := 0; ; i++ {
					done, err := access.Step()
					must(t, err)
					if done {
						break
					}
					if i < len(c.signals) {
						must(t, m.CPU(0).Run(func() error { return sendAll(t, m, task, c.signals[i]) }))
					}
				}
				if ev.Count() != c.want {
					t.Errorf("%d hits counted, want %d", ev.Count(), c.want)
				}
				must(t, m.CheckInvariants())
				if got, err := task.Load(0x1000, 4); c.kind == hwdebug.Store && (got != 7 || err != nil) {
					t.Errorf("the store left %d, %v; want 7", got, err)
				}
			})
		})
	}
}

// sendAll sends the named signals.
func sendAll(t testing.TB, m *sim.Machine, task *sim.Task, names string) error {
	var errs []error
	for _, name := range strings.Fields(names) {
		errs = append(errs, m.SendSig(task, signo(t, name)))
	}
	return errors.Join(errs...)
}

// TestHandlerThatSendsSignal: a custom handler that only sends SIGTRAP is called once, and the task is
// killed on its way back to the instruction (R-SIG-9).
func TestHandlerThatSendsSignal(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		calls := 0
		a := hwdebug.HwBreakpointInit()
		a.Type, a.Addr, a.Len = hwdebug.W, 0x1000, 8
		_, err := m.RegisterUserHwBreakpoint(a, func(_ *sim.Event, hit *sim.Hit) error {
			calls++
			return m.SendSig(hit.Task, signo(t, "SIGTRAP"))
		}, task)
		must(t, err)
		var s *sim.Signal
		if err := task.Store(0x1000, 8, 1); !errors.As(err, &s) || s.Name != "SIGTRAP" {
			t.Fatalf("Store = %v, want a SIGTRAP", err)
		}
		if calls != 1 || task.State() != "dead" || s.Info.CodeName() != "SI_USER" {
			t.Errorf("%d calls, task %s, %s; want 1 call, dead, SI_USER",
				calls, task.State(), s.Info.CodeName())
		}
		chain, err := m.Callchain("do_exit", sim.ChainOptions{View: trace.Full})
		must(t, err)
		want := strings.Fields("do_exit do_group_exit get_signal " + signalPath(m.Kernel()))
		if !slices.Equal(chain[:len(want)], want) {
			t.Errorf("do_exit was called by %v, want %v", chain, want)
		}
		must(t, m.CheckInvariants())
	})
}

// TestOrderOfSignals: SIGKILL precedes signals of instructions, these precede the others, and of two
// handlers the one of the higher number runs first (R-SIG-4, 5). A second instance of a standard signal
// is dropped, one of a real-time signal is not (R-SIG-3).
func TestOrderOfSignals(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		must(t, sendAll(t, m, task, "SIGUSR1 SIGRTMIN+1 SIGHUP SIGSEGV SIGALRM SIGUSR1 "+
			"SIGRTMIN+1 SIGKILL"))
		want := "[SIGKILL SIGSEGV SIGHUP SIGUSR1 SIGALRM SIGRTMIN+1 SIGRTMIN+1]"
		if got := fmt.Sprint(task.Pending()); got != want {
			t.Errorf("pending %s, want %s", got, want)
		}

		u, ran := newTask(t, m, "u", 0), []string{}
		for _, name := range []string{"SIGUSR1", "SIGALRM"} {
			must(t, u.Sigaction(signo(t, name), func(u *sim.Task, s *sim.Siginfo) error {
				ran = append(ran, s.Signo.String())
				return nil
			}, false))
		}
		must(t, sendAll(t, m, u, "SIGALRM SIGUSR1"))
		must(t, u.Store(0x1000, 8, 1))
		if got := fmt.Sprint(ran); got != "[SIGALRM SIGUSR1]" {
			t.Errorf("handlers ran as %s, want [SIGALRM SIGUSR1]", got)
		}
	})
}

// TestDispositions: what each signal does to a task that has set nothing for it, and what it may set
// (R-SIG-1, 2, 6, 7).
func TestDispositions(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		for name, want := range map[string]string{
			"SIGTERM": "dead", "SIGKILL": "dead", "SIGTRAP": "dead",
			"SIGALRM": "running", "SIGCHLD": "running",
		} {
			task := newTask(t, m, "t", 1)
			must(t, m.CPU(1).ContextSwitch(task))
			must(t, m.SendSig(task, signo(t, name)))
			if got := task.State(); got != want {
				t.Errorf("after %s the task is %s, want %s", name, got, want)
			}
		}
		task := newTask(t, m, "t", 0)
		if err := task.Sigaction(signo(t, "SIGKILL"), nil, true); errnoOf(err) != "EINVAL" {
			t.Errorf("ignoring SIGKILL = %v, want EINVAL", err)
		}
		must(t, task.Sigaction(signo(t, "SIGALRM"), nil, false))
		must(t, m.SendSig(task, signo(t, "SIGALRM")))
		var s *sim.Signal
		if err := task.Store(0x1000, 8, 1); !errors.As(err, &s) || s.Name != "SIGALRM" {
			t.Errorf("Store with the default of SIGALRM = %v, want a SIGALRM", err)
		}
		if err := m.SendSig(task, signo(t, "SIGALRM")); errnoOf(err) != "ESRCH" {
			t.Errorf("a signal to a task that has exited = %v, want ESRCH", err)
		}
		must(t, m.CPU(1).ContextSwitch(nil))
		idle := m.CPU(1).Current()
		must(t, m.SendSig(idle, signo(t, "SIGKILL")))
		if idle.State() == "dead" {
			t.Errorf("SIGKILL killed the kernel thread %s", idle)
		}
	})
}

// TestStopSignal: a task that SIGSTOP has stopped gets no turn until SIGCONT (R-SIG-7).
func TestStopSignal(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		turns := 0
		task, err := m.NewTask(sim.TaskConfig{CPU: 1, Body: func(task *sim.Task) error {
			for range 4 {
				turns++
				if err := m.Msleep(10e6); err != nil {
					return err
				}
			}
			return nil
		}})
		must(t, err)
		must(t, m.Msleep(15e6))
		must(t, m.SendSig(task, signo(t, "SIGSTOP")))
		must(t, m.Msleep(100e6))
		if turns != 2 || task.State() != "sleeping" {
			t.Errorf("stopped: %d turns, %s; want 2, sleeping", turns, task.State())
		}
		must(t, m.SendSig(task, signo(t, "SIGCONT")))
		if _, err := m.Run(); err != nil || turns != 4 || task.State() != "dead" {
			t.Errorf("continued: %d turns, %s, %v; want 4, dead", turns, task.State(), err)
		}
	})
}

// TestTracerSeesSignals: a signal stops a traced task before the access; the tracer keeps SIGTRAP and
// passes others on (R-SIG-8). If one access hits two ptrace events, the first is reported (R-SIG-3).
func TestTracerSeesSignals(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		task, err := m.NewTask(sim.TaskConfig{Compat: true})
		must(t, err)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1f5))
		must(t, task.PtraceSet(hwdebug.HwWatch, 1, 0x1000, 0x1f5))
		var s *sim.Signal
		if err := task.Store(0x1000, 4, 1); !errors.As(err, &s) || s.Info.Errno != -1 {
			t.Fatalf("Store = %v (%+v), want a SIGTRAP with errno -1, of entry 0", err, s)
		}
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1f4))
		must(t, task.PtraceSet(hwdebug.HwWatch, 1, 0x1000, 0x1f4))
		must(t, m.SendSig(task, signo(t, "SIGALRM")))
		must(t, task.Store(0x1000, 4, 1))
		must(t, m.SendSig(task, signo(t, "SIGTRAP")))
		must(t, task.Store(0x1000, 4, 2)) // the task was current: the stop came before the store
		if got := task.Siginfo(); got.Signo != signo(t, "SIGTRAP") || task.State() != "running" {
			t.Errorf("siginfo %+v, task %s; want SIGTRAP, running", got, task.State())
		}
	})
}

// TestExitingTaskTakesNoSignals: a signal to a task that exits is not taken by what its files do last.
func TestExitingTaskTakesNoSignals(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		runs := 0
		must(t, task.OnExit("release", func() error {
			runs++
			must(t, m.SendSig(task, signo(t, "SIGKILL")))
			return task.Store(userAddr, 8, 1)
		}))
		must(t, task.Exit())
		if runs != 1 || task.Siginfo() != nil || task.State() != "dead" {
			t.Errorf("%d runs, siginfo %v, %s; want 1, none, dead", runs, task.Siginfo(), task.State())
		}
		must(t, m.CheckInvariants())
	})
}
