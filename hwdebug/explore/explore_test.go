// Tests of the exploration against closed forms and known races.

package explore_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

func binomial(n, k int) int { return int(new(big.Int).Binomial(int64(n), int64(k)).Int64()) }

// stores returns a program of n tasks on n CPUs of k stores each. The first `shared` of each go to one word.
func stores(n, k, shared int) func(*sim.Machine) error {
	return func(m *sim.Machine) error {
		for b := range n {
			_, err := m.NewTask(sim.TaskConfig{CPU: b, Body: func(*sim.Task) error {
				for i := range k {
					addr := uint64(0xffffff8000001000)
					if i >= shared {
						addr += 8 * uint64(b+1)
					}
					if err := m.CPU(b).Store(addr, 8, uint64(b)); err != nil {
						return err
					}
				}
				return nil
			}})
			if err != nil {
				return err
			}
		}
		_, err := m.Run()
		return err
	}
}

// TestReduction counts the classes of schedules that differ only in the order of independent steps.
func TestReduction(t *testing.T) {
	for _, test := range []struct{ n, k, shared, want int }{
		{2, 3, 0, 1}, {2, 3, 1, 2}, {3, 2, 1, 6}, {2, 3, 3, binomial(6, 3)}, {3, 2, 2, 90},
	} {
		for _, reduce := range []bool{false, true} {
			cfg := explore.Config{
				Machine: sim.Config{CPUs: test.n}, Strategy: explore.DFS, Reduce: reduce, MaxRuns: -1,
				Timeout: -1,
			}
			r, err := explore.Run(context.Background(), cfg, stores(test.n, test.k, test.shared))
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%d tasks, %d stores, %d shared, reduced %v", test.n, test.k,
				test.shared, reduce)
			if !r.OK || !r.Complete {
				t.Errorf("%s: ok %v, complete %v", name, r.OK, r.Complete)
			}
			if reduce && r.Schedules != test.want {
				t.Errorf("%s: %d schedules, %d pruned, want %d", name, r.Schedules, r.Pruned, test.want)
			}
			if !reduce && test.n == 2 && r.Schedules != binomial(2*test.k+2, test.k+1) {
				t.Errorf("%s: %d schedules, want %d", name, r.Schedules, binomial(2*test.k+2, test.k+1))
			}
		}
	}
}

// run explores fn, which must not make a verdict impossible.
func run(t *testing.T, cfg explore.Config, fn func(*sim.Machine) error) *explore.Result {
	t.Helper()
	cfg.Timeout = -1
	r, err := explore.Run(context.Background(), cfg, fn)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// twoWorks has two CPUs register a wide event each; reserved returns what is reserved on a CPU.
func twoWorks(m *sim.Machine) (reserved func(cpu int) int, err error) {
	for cpu := range 2 {
		w := m.NewWork("w", func() error {
			_, err := m.RegisterWideHwBreakpoint(watch, nil)
			return err
		})
		if _, err := m.ScheduleWorkOn(cpu, w); err != nil {
			return nil, err
		}
	}
	return func(cpu int) int {
		use, _ := m.Slots(cpu)
		return use.WP.CPUPinned
	}, nil
}

var watch = hwdebug.Attr{Type: hwdebug.W, Addr: 0xffffff8008c5a000, Len: 8, Pinned: true, SamplePeriod: 1}

// TestProperties sets one property of each kind, that holds and that does not.
func TestProperties(t *testing.T) {
	for _, test := range []struct {
		kind  sim.PropertyKind
		holds func(a, b int) bool
		want  string // the kind of the failure, "" for none
	}{
		{sim.Always, func(a, b int) bool { return a >= b }, ""}, // CPU 0 is first in a wide registration
		{sim.Always, func(a, b int) bool { return a == b }, "always"},
		{sim.Eventually, func(a, b int) bool { return a == b && a == 2 }, ""},
		{sim.Eventually, func(a, b int) bool { return a == 1 }, "eventually"},
		{sim.Sometimes, func(a, b int) bool { return a == 1 && b == 0 }, ""},
		{sim.Sometimes, func(a, b int) bool { return a == 3 }, "sometimes"},
	} {
		r := run(t, explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS},
			func(m *sim.Machine) error {
				reserved, err := twoWorks(m)
				if err != nil {
					return err
				}
				err = m.Property(test.kind, "reserved", func() (bool, error) {
					return test.holds(reserved(0), reserved(1)), nil
				})
				if err == nil {
					_, err = m.Run()
				}
				return err
			})
		kind := ""
		if r.Failure != nil {
			kind = r.Failure.Kind
		}
		if kind != test.want || r.OK != (test.want == "") {
			t.Errorf("%s: ok %v with a failure of kind %q, want kind %q", test.kind, r.OK, kind, test.want)
		}
		if test.want == "sometimes" && r.Failure != nil {
			want := fmt.Sprintf("sometimes: %q holds in none of %d schedules", "reserved", r.Schedules)
			if r.Failure.Message != want {
				t.Errorf("failure %q, want %q", r.Failure.Message, want)
			}
		}
		if test.want == "" && test.kind == sim.Sometimes && r.Sometimes["reserved"] == 0 {
			t.Errorf("%s: held in no schedule: %v", test.kind, r.Sometimes)
		}
	}
}

// TestSchedules replays a failing schedule, and refuses other texts and schedules that do not fit.
func TestSchedules(t *testing.T) {
	lost := errors.New("lost update")
	bump := func(m *sim.Machine) error {
		n := 0
		for cpu := range 2 {
			_, err := m.NewTask(sim.TaskConfig{CPU: cpu, Body: func(*sim.Task) error {
				was := n
				err := m.CondResched()
				n = was + 1
				return err
			}})
			if err != nil {
				return err
			}
		}
		if _, err := m.Run(); err != nil {
			return err
		}
		if n != 2 {
			return lost
		}
		return nil
	}
	cfg := explore.Config{Machine: sim.Config{CPUs: 2}}
	r := run(t, cfg, bump)
	if r.OK || r.Failure.Preemptions != 1 || r.Failure.Choices != 1 || !errors.Is(r.Failure.Err, lost) {
		t.Fatalf("failure %+v, want one preemption and one choice", r.Failure)
	}
	again, err := explore.Replay(context.Background(), cfg, r.Failure.Schedule, bump)
	if err != nil || again.OK || again.Runs != 1 || again.Failure.Schedule != r.Failure.Schedule {
		t.Errorf("replay of %s: %+v, %v", r.Failure.Schedule, again, err)
	}
	for text, want := range map[string]string{
		"x1-zz":        "not a schedule",
		"x1-":          "not a schedule",
		"x1-0.0-0000":  "not a schedule",
		"x1-0.1":       "not a schedule",
		"x1--1.1-0000": "not a schedule",
		"x2-0":         "not a schedule",
		"x1-0.7-0000":  "does not fit: at point 1",
		"x1-0.1-0000":  "does not fit: at point 1",
		"x1-99.1-0000": "does not fit: at point 2 the run ends",
	} {
		_, err := explore.Replay(context.Background(), cfg, text, bump)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("replay of %q: %v, want %q", text, err, want)
		}
	}
	r = run(t, explore.Config{Machine: sim.Config{CPUs: 2}, Schedule: explore.DefaultOrder}, bump)
	if !r.OK || r.Runs != 1 {
		t.Errorf("the default order: ok %v in %d runs, want true in 1", r.OK, r.Runs)
	}
}

// TestShares splits the schedules: no share has one of another, and together they have all.
func TestShares(t *testing.T) {
	for _, shares := range []int{1, 2, 3, 7} {
		sum := 0
		for share := 1; share <= shares; share++ {
			r := run(t, explore.Config{
				Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS, Share: share, Shares: shares,
				MaxRuns: -1,
			}, stores(2, 6, 0))
			if !r.Complete || r.Share != 1 {
				t.Errorf("share %d of %d: complete %v, share %v", share, shares, r.Complete, r.Share)
			}
			sum += r.Schedules
		}
		if want := binomial(14, 7); sum != want {
			t.Errorf("%d shares have %d schedules, want %d", shares, sum, want)
		}
	}
}

// TestImpossibleVerdicts ends explorations whose runs differ without a choice.
func TestImpossibleVerdicts(t *testing.T) {
	runs := 0
	_, err := explore.Run(context.Background(),
		explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS},
		func(m *sim.Machine) error {
			runs++
			return stores(2, 1+runs%2, 0)(m)
		})
	if _, ok := errors.AsType[*explore.ChangedError](err); !ok {
		t.Errorf("%v, want a ChangedError", err)
	}
}

// TestKeptSchedulesRunFirst finds a failure again in one run by the schedule that was kept, and leaves out
// one that does not fit.
func TestKeptSchedulesRunFirst(t *testing.T) {
	failing := func(m *sim.Machine) error {
		last := 0
		for i := range 2 {
			_, err := m.NewTask(sim.TaskConfig{CPU: i, Body: func(t *sim.Task) error {
				if err := t.Store(0x1000, 8, 0); err != nil {
					return err
				}
				last = i
				return nil
			}})
			if err != nil {
				return err
			}
		}
		if _, err := m.Run(); err != nil {
			return err
		}
		if last == 0 {
			return errors.New("the first task ends last")
		}
		return nil
	}
	var kept []string
	cfg := explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS}
	cfg.Keep = func(schedule string) error { kept = append(kept, schedule); return nil }
	first := run(t, cfg, failing)
	if first.OK || len(kept) != 1 || kept[0] != first.Failure.Schedule {
		t.Fatalf("OK %t, kept %q, want the schedule of the failure", first.OK, kept)
	}
	cfg.Kept, cfg.Keep = []string{"x1-40.1-0000", kept[0]}, nil
	again := run(t, cfg, failing)
	if again.OK || again.Runs != 1 || again.Failure.Schedule != kept[0] {
		t.Errorf("OK %t, %d runs, want the kept schedule to fail in 1", again.OK, again.Runs)
	}
}

// TestBudget stops at a number of runs, and says so.
func TestBudget(t *testing.T) {
	r := run(t, explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS, MaxRuns: 100},
		stores(2, 7, 0))
	if !r.OK || r.Complete || r.Runs != 100 || r.Stopped != "max_runs" || r.Share <= 0 || r.Share >= 1 {
		t.Errorf("%+v, want 100 runs that prove nothing", r)
	}
	r = run(t, explore.Config{Machine: sim.Config{CPUs: 1}, MaxPoints: 50}, func(m *sim.Machine) error {
		_, err := m.NewTask(sim.TaskConfig{Body: func(*sim.Task) error {
			for {
				if err := m.CPURelax(); err != nil {
					return err
				}
			}
		}})
		if err == nil {
			_, err = m.Run()
		}
		return err
	})
	if r.OK || r.Failure.Kind != "restless" {
		t.Errorf("%+v, want a restless run", r.Failure)
	}
}

// FuzzSchedule reads any text, and writes what it has read in the same way.
func FuzzSchedule(f *testing.F) {
	for _, text := range []string{"x1-0", "x1-12.1-0.2-3.1-09af", "x1-1.1-zzzz", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := explore.ParseSchedule(text)
		if err != nil {
			return
		}
		again, err := explore.ParseSchedule(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q is %q, and then %q, %v", text, s.String(), again.String(), err)
		}
	})
}

// TestInsideGoTest explores a program that passes in every order.
func TestInsideGoTest(t *testing.T) {
	explore.Test(t, explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS}, stores(2, 2, 1))
}

// TestUnasked counts the calls in a timer's function, which is run without points.
func TestUnasked(t *testing.T) {
	r := run(t, explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS},
		func(m *sim.Machine) error {
			timer := m.TimerSetup("timer", func() error {
				for range 2 {
					if err := m.CPU(0).Store(0xffffff8000001000, 8, 1); err != nil {
						return err
					}
				}
				return nil
			})
			_, err := m.ModTimer(timer, 1)
			if err == nil {
				_, err = m.Run()
			}
			return err
		})
	if !r.OK || r.Unasked != 2 {
		t.Errorf("ok %t, %d calls without a point, want 2", r.OK, r.Unasked)
	}
}
