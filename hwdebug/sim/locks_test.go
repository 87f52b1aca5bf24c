// Tests of the locks of a driver, and of a machine that comes to rest while a thread waits.

package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestMutexExcludes walks every order of three threads that lock around a step (R-LOCK-1, 2).
func TestMutexExcludes(t *testing.T) {
	w := walk{cfg: sim.Config{CPUs: 3}, bound: -1}
	_, seen := w.outcomes(t, func(m *sim.Machine) string {
		l, inside, order := m.NewMutex("lock"), 0, ""
		for cpu := range 3 {
			body(t, m, fmt.Sprint(cpu), cpu, func() error {
				must(t, m.MutexLock(l))
				if inside++; inside > 1 || l.Owner() != m.Current() {
					t.Errorf("%d inside, the owner is %v", inside, l.Owner())
				}
				must(t, m.CondResched())
				if taken, err := m.MutexTrylock(l); taken || err != nil {
					t.Errorf("MutexTrylock = %v, %v, want false, nil", taken, err)
				}
				order += fmt.Sprint(cpu)
				inside--
				return m.MutexUnlock(l)
			})
		}
		_, err := m.Run()
		must(t, err)
		return order
	})
	if len(seen) != 6 {
		t.Errorf("orders %v, want all six", seen)
	}
}

// TestMutexMisuse locks twice, unlocks what others hold, and sleeps in a handler (R-LOCK-2, 5).
func TestMutexMisuse(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	l, c := m.NewMutex("dev->lock"), m.NewCompletion("ready")
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %q", err, want)
		}
	}
	refused(m.MutexUnlock(l), "which nobody holds")
	must(t, m.MutexLock(l))
	refused(m.MutexLock(l), "deadlock")
	body(t, m, "other", 0, func() error { return m.MutexUnlock(l) })
	_, err := m.Run()
	refused(err, "hwlua (pid 1) holds it")
	must(t, m.CPU(0).Run(func() error {
		refused(m.MutexLock(l), "must not sleep")
		refused(m.WaitForCompletion(c), "must not sleep")
		return m.Complete(c)
	}))
	must(t, m.WaitForCompletion(c))
	other := newMachine(t, sim.Config{CPUs: 1})
	refused(other.MutexLock(l), "a mutex of this machine")
	refused(other.Complete(c), "a completion of this machine")
}

// TestCompletion lets one waiter pass for each complete, and all for complete_all (R-LOCK-3, 4).
func TestCompletion(t *testing.T) {
	for _, all := range []bool{false, true} {
		m := newMachine(t, sim.Config{CPUs: 1})
		c, passed := m.NewCompletion("ready"), 0
		for range 3 {
			body(t, m, "waiter", 0, func() error {
				err := m.WaitForCompletion(c)
				passed++
				return err
			})
		}
		body(t, m, "waker", 0, func() error {
			if all {
				return m.CompleteAll(c)
			}
			return errors.Join(m.Complete(c), m.Complete(c))
		})
		_, err := m.Run()
		want := 2
		if all {
			want = 3
			must(t, err)
		} else if e, ok := errors.AsType[*sim.DeadlockError](err); !ok || len(e.Waits) != 1 {
			t.Errorf("Run() = %v, want one waiter left", err)
		}
		if passed != want || c.Passes() != all {
			t.Errorf("complete_all %v: %d passed, another may: %v; want %d", all, passed, c.Passes(), want)
		}
	}
}

// TestDeadlockAtRest names the waiting threads, what they wait for, the functions, held by whom.
func TestDeadlockAtRest(t *testing.T) {
	tests := []struct {
		name string
		want []string
		run  func(t *testing.T, m *sim.Machine)
	}{
		{
			name: "works that cancel each other",
			want: []string{
				"kworker/0:0 (a_func) waits for work b_func, run by kworker/1:0 (b_func), in " +
					"cancel_work_sync",
				"kworker/1:0 (b_func) waits for work a_func, run by kworker/0:0 (a_func), in " +
					"cancel_work_sync",
			},
			run: func(t *testing.T, m *sim.Machine) {
				var a, b *sim.Work
				pause := func() { must(t, m.Msleep(5e6)) }
				a = queue(t, m, 0, "a_func",
					func() error { pause(); _, err := m.CancelWorkSync(b); return err })
				b = queue(t, m, 1, "b_func",
					func() error { pause(); _, err := m.CancelWorkSync(a); return err })
			},
		},
		{
			name: "a work that is flushed under the lock that it takes",
			want: []string{
				"remove (pid 1000) waits for work poll, run by kworker/1:0 (poll), in flush_work",
				"kworker/1:0 (poll) waits for mutex dev->lock, held by remove (pid 1000), in mutex_lock",
			},
			run: func(t *testing.T, m *sim.Machine) {
				l := m.NewMutex("dev->lock")
				w := queue(t, m, 1, "poll", func() error { return m.MutexLock(l) })
				body(t, m, "remove", 0, func() error {
					must(t, m.MutexLock(l))
					must(t, m.Msleep(1e6))
					_, err := m.FlushWork(w)
					return err
				})
			},
		},
		{
			name: "a task that waits for one without a body",
			want: []string{"waiter (pid 1000) waits for task never to exit, run by never (pid 1001), in " +
				"wait"},
			run: func(t *testing.T, m *sim.Machine) {
				var never *sim.Task
				body(t, m, "waiter", 0, func() error { return never.Wait() })
				never = newTask(t, m, "never", 0)
			},
		},
	}
	for _, test := range tests {
		m := newMachine(t, sim.Config{CPUs: 2})
		test.run(t, m)
		_, err := m.Run()
		e, ok := errors.AsType[*sim.DeadlockError](err)
		if !ok || len(e.Waits) != len(test.want) {
			t.Errorf("%s: Run() = %v, want %d waits", test.name, err, len(test.want))
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: Run() = %v, want %q in it", test.name, err, want)
			}
		}
	}
}

// TestCPURelax waits in a loop for another thread and for a timer: the loop ends by default and in any order.
func TestCPURelax(t *testing.T) {
	for seed := range uint64(30) {
		m := newMachine(t, sim.Config{CPUs: 2, Seed: seed})
		ready, late := false, false
		body(t, m, "spins", 0, func() error {
			for !ready || !late {
				if err := m.CPURelax(); err != nil {
					return err
				}
			}
			return nil
		})
		body(t, m, "sets", 0, func() error { ready = true; return nil })
		_, err := m.ScheduleDelayedWorkOn(1,
			m.NewDelayedWork("late", func() error { late = true; return nil }), ticks(m, 9))
		must(t, err)
		steps, err := m.Run()
		must(t, err)
		if steps > 20 {
			t.Errorf("seed %d: %d steps, want few", seed, steps)
		}
	}
}
