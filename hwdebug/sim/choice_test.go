// Tests of points: a small walker runs every order of a scenario, and counts them against closed forms.

package sim_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A walk is a depth-first search over all schedules of fn with at most bound preemptions, below 0: any
// number.
type walk struct {
	cfg   sim.Config
	bound int

	path []walkStep
	at   int
	cost int
}

type walkStep struct {
	chosen, n int
	running   bool
}

func (w *walk) choose(p *sim.Point) int {
	if len(p.Next) < 2 {
		return 0
	}
	if w.at == len(w.path) {
		w.path = append(w.path, walkStep{0, len(p.Next), p.Running})
	}
	s := w.path[w.at]
	if s.n != len(p.Next) || s.running != p.Running {
		panic(fmt.Sprintf("point %d has %d possibilities, and had %d", w.at, len(p.Next), s.n))
	}
	w.at++
	if s.running && s.chosen > 0 {
		w.cost++
	}
	return s.chosen
}

// next goes on to the next schedule, and reports whether there is one.
func (w *walk) next() bool {
	for len(w.path) > 0 {
		last := &w.path[len(w.path)-1]
		spent := 0
		for _, s := range w.path[:len(w.path)-1] {
			if s.running && s.chosen > 0 {
				spent++
			}
		}
		if last.chosen+1 < last.n && (w.bound < 0 || !last.running || spent < w.bound) {
			last.chosen++
			return true
		}
		w.path = w.path[:len(w.path)-1]
	}
	return false
}

// outcomes runs fn on a machine of its own for each schedule, and counts what it returns.
func (w *walk) outcomes(t *testing.T, fn func(m *sim.Machine) string) (schedules int, seen map[string]int) {
	t.Helper()
	seen = map[string]int{}
	for {
		w.at, w.cost = 0, 0
		cfg := w.cfg
		cfg.Choose, cfg.TraceSize = w.choose, -1
		m, err := sim.New(cfg)
		must(t, err)
		seen[fn(m)]++
		schedules++
		if err := m.CheckInvariants(); err != nil {
			t.Fatalf("schedule %d: %v", schedules, err)
		}
		m.Close()
		if schedules > 200_000 {
			t.Fatal("no end of schedules")
		}
		if !w.next() {
			return schedules, seen
		}
	}
}

func binomial(n, k int) int { return int(new(big.Int).Binomial(int64(n), int64(k)).Int64()) }

// tasks returns a scenario of tasks that make calls[i] stores each, on that many CPUs.
func tasks(t *testing.T, cpus int, calls ...int) func(*sim.Machine) string {
	return func(m *sim.Machine) string {
		for i, n := range calls {
			_, err := m.NewTask(sim.TaskConfig{CPU: i % cpus, Body: func(task *sim.Task) error {
				for range n {
					must(t, task.Store(userAddr, 8, 1))
				}
				return nil
			}})
			must(t, err)
		}
		_, err := m.Run()
		must(t, err)
		return ""
	}
}

// TestEverySchedule counts the schedules of threads without anything in common: the interleavings of their
// steps, one more for each thread than it makes calls.
func TestEverySchedule(t *testing.T) {
	check := func(name string, want, cpus int, slack time.Duration, fn func(*sim.Machine) string) {
		t.Helper()
		w := walk{cfg: sim.Config{CPUs: cpus, Slack: slack}, bound: -1}
		if got, _ := w.outcomes(t, fn); got != want {
			t.Errorf("%s: %d schedules, want %d", name, got, want)
		}
	}
	for k := range 5 {
		for cpus := 1; cpus <= 2; cpus++ {
			check(fmt.Sprintf("two tasks of %d calls on %d CPUs", k, cpus), binomial(2*k+2, k+1), cpus, 0,
				tasks(t, cpus, k, k))
		}
		name := fmt.Sprintf("two works of %d calls", k)
		check(name, binomial(2*k+2, k+1), 2, 0, func(m *sim.Machine) string {
			for cpu := range 2 {
				queue(t, m, cpu, "w", func() error {
					for range k {
						_, err := m.CPU(cpu).Load(addrA, 8)
						must(t, err)
					}
					return nil
				})
			}
			_, err := m.Run()
			must(t, err)
			return ""
		})
	}
	check("three tasks without a call", 6, 1, 0, tasks(t, 1, 0, 0, 0))
	check("four tasks with a call", 2520, 1, 0, tasks(t, 1, 1, 1, 1, 1))
	check("0, 1 and 2 calls", 60, 1, 0, tasks(t, 1, 0, 1, 2))
	check("2, 2 and 1 calls", 560, 3, 0, tasks(t, 3, 2, 2, 1))
	check("4 and 0 calls", 6, 1, 0, tasks(t, 1, 4, 0))
	check("1, 1, 1 and 0 calls", 630, 2, 0, tasks(t, 2, 1, 1, 1, 0))
	for n, want := range map[int]int{2: 6, 3: 90, 4: 2520} {
		check(fmt.Sprintf("%d delayed works due at once", n), want, n, -1, func(m *sim.Machine) string {
			for cpu := range n {
				_, err := m.ScheduleDelayedWorkOn(cpu, m.NewDelayedWork("d", nil), ticks(m, 3))
				must(t, err)
			}
			_, err := m.Run()
			must(t, err)
			return ""
		})
	}
}

// TestPreemptionBound counts the interleavings of two tasks by their preemptions.
func TestPreemptionBound(t *testing.T) {
	for k, want := range map[int][]int{3: {2, 8, 26, 44, 62}, 7: {2, 16, 114, 408, 1290}} {
		for bound, n := range want {
			w := walk{cfg: sim.Config{CPUs: 2}, bound: bound}
			if got, _ := w.outcomes(t, tasks(t, 2, k, k)); got != n {
				t.Errorf("%d calls, at most %d preemptions: %d schedules, want %d", k, bound, got, n)
			}
		}
	}
}

// queue queues a work item that calls fn.
func queue(t *testing.T, m *sim.Machine, cpu int, name string, fn func() error) *sim.Work {
	t.Helper()
	w := m.NewWork(name, fn)
	_, err := m.ScheduleWorkOn(cpu, w)
	must(t, err)
	return w
}

// races are known races of drivers, with the number of their schedules and of each outcome.
var races = []struct {
	name string
	cpus int
	wrps int
	want map[string]int
	run  func(t *testing.T, m *sim.Machine) string
}{
	{
		name: "release cancels without waiting", cpus: 2,
		want: map[string]int{"cancelled": 4, "closed": 15, "left registered": 16},
		run: func(t *testing.T, m *sim.Machine) string {
			return exitRace(t, m, m.CancelDelayedWork)
		},
	},
	{
		name: "release cancels and waits", cpus: 2, want: map[string]int{"cancelled": 4, "closed": 31},
		run: func(t *testing.T, m *sim.Machine) string {
			return exitRace(t, m, m.CancelDelayedWorkSync)
		},
	},
	{
		name: "hotplug beside a wide registration", cpus: 2, want: map[string]int{"hit": 4, "missed": 6},
		run: func(t *testing.T, m *sim.Machine) string {
			hits := 0
			body(t, m, "driver", 0, func() error {
				count := func(_ *sim.Event, hit *sim.Hit) error { hits, hit.Skip = hits+1, true; return nil }
				_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), count)
				return err
			})
			body(t, m, "hotplug", 0, func() error { return errors.Join(m.CPUDown(1), m.CPUUp(1)) })
			_, err := m.Run()
			must(t, err)
			must(t, m.CPU(1).Store(addrA, 8, 1))
			if hits == 1 {
				return "hit"
			}
			return "missed"
		},
	},
	{
		name: "two works cancel each other", cpus: 2, want: map[string]int{"deadlock": 4, "": 2},
		run: func(t *testing.T, m *sim.Machine) string {
			var a, b *sim.Work
			a = queue(t, m, 0, "a_func", func() error { _, err := m.CancelWorkSync(b); return err })
			b = queue(t, m, 1, "b_func", func() error { _, err := m.CancelWorkSync(a); return err })
			_, err := m.Run()
			if e, ok := errors.AsType[*sim.DeadlockError](err); ok && len(e.Waits) == 2 {
				return "deadlock"
			}
			must(t, err)
			return ""
		},
	},
	{
		name: "check then act on one register", cpus: 2, wrps: 1, want: map[string]int{"ENOSPC": 12,
			"registered": 2},
		run: armTwice,
	},
	{
		name: "check then act on two registers", cpus: 2, wrps: 2, want: map[string]int{"leak": 15,
			"registered": 2},
		run: armTwice,
	},
	{
		name: "release from close and from work", cpus: 2, want: map[string]int{"closed": 10, "": 2},
		run: func(t *testing.T, m *sim.Machine) string {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			must(t, err)
			release := func() error {
				if w == nil {
					return nil
				}
				err := m.UnregisterWideHwBreakpoint(w)
				w = nil
				return err
			}
			body(t, m, "close", 0, release)
			queue(t, m, 1, "cancel_func", release)
			_, err = m.Run()
			if err != nil && strings.Contains(err.Error(), "is closed") {
				return "closed"
			}
			must(t, err)
			return ""
		},
	},
	{
		name: "modify beside a store", cpus: 2, want: map[string]int{"hit": 11, "missed": 4},
		run: func(t *testing.T, m *sim.Machine) string {
			ev := open(t, m, kernelRW(addrA, false), nil, 1)
			body(t, m, "modify", 0, func() error { return m.ModifyUserHwBreakpoint(ev, ev.Attr()) })
			body(t, m, "store", 1, func() error { return m.CPU(1).Store(addrA, 8, 1) })
			_, err := m.Run()
			must(t, err)
			if ev.Count() == 1 {
				return "hit"
			}
			return "missed"
		},
	},
}

// exitRace has a task exit while a delayed work registers for it; release calls cancel and then unregisters
// what is registered by then.
func exitRace(t *testing.T, m *sim.Machine, cancel func(*sim.Work) (bool, error)) string {
	var w *sim.Wide
	dw := m.NewDelayedWork("late", func() (err error) {
		w, err = m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		return err
	})
	app, err := m.NewTask(sim.TaskConfig{Comm: "app", Body: func(task *sim.Task) error {
		_, err := task.Load(userAddr, 8)
		return err
	}})
	must(t, err)
	end := "left registered"
	must(t, app.OnExit("driver_release", func() error {
		was, err := cancel(dw)
		if was {
			end = "cancelled"
		}
		if w != nil {
			end = "closed"
			err = errors.Join(err, m.UnregisterWideHwBreakpoint(w))
		}
		return err
	}))
	_, err = m.ScheduleDelayedWorkOn(1, dw, ticks(m, 1))
	must(t, err)
	_, err = m.Run()
	must(t, err)
	return end
}

// armTwice has two paths arm a watchpoint unless one is armed.
func armTwice(t *testing.T, m *sim.Machine) string {
	var w *sim.Wide
	for cpu := range 2 {
		queue(t, m, cpu, "arm", func() (err error) {
			if w == nil {
				var mine *sim.Wide
				if mine, err = m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil); err == nil {
					w = mine
				}
			}
			return err
		})
	}
	_, err := m.Run()
	if e, ok := errors.AsType[*hwdebug.Error](err); ok {
		return hwdebug.ErrnoName(e.Errno)
	}
	must(t, err)
	must(t, m.UnregisterWideHwBreakpoint(w))
	if len(m.Leaks()) > 0 {
		return "leak"
	}
	return "registered"
}

// body makes a task that runs fn.
func body(t *testing.T, m *sim.Machine, comm string, cpu int, fn func() error) {
	t.Helper()
	_, err := m.NewTask(sim.TaskConfig{Comm: comm, CPU: cpu, Body: func(*sim.Task) error { return fn() }})
	must(t, err)
}

// TestRaces counts the outcomes of known races over all schedules.
func TestRaces(t *testing.T) {
	for _, r := range races {
		w := walk{cfg: sim.Config{CPUs: r.cpus, WRPs: r.wrps, Slack: 10e6}, bound: -1}
		_, seen := w.outcomes(t, func(m *sim.Machine) string { return r.run(t, m) })
		if fmt.Sprint(seen) != fmt.Sprint(r.want) {
			t.Errorf("%s: %v, want %v", r.name, seen, r.want)
		}
	}
}

// TestFineGrain walks the known races with points inside of kernel paths: every outcome of the coarse grain
// is still there, and the machine's invariants hold after every run.
func TestFineGrain(t *testing.T) {
	for _, r := range races {
		w := walk{
			cfg: sim.Config{CPUs: r.cpus, WRPs: r.wrps, Slack: 10e6, FineGrain: true}, bound: 2,
		}
		schedules, seen := w.outcomes(t, func(m *sim.Machine) string { return r.run(t, m) })
		for outcome := range r.want {
			if seen[outcome] == 0 {
				t.Errorf("%s: %d schedules with outcomes %v, want %q among them", r.name, schedules,
					seen, outcome)
			}
		}
	}
}
