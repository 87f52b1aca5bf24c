// Tests of several workers: the result is that of one.

package explore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// lastStores is a program whose runs fail where the first of n tasks ends last, if fails is set.
func lastStores(n, k int, fails bool) func(*sim.Machine) error {
	return func(m *sim.Machine) error {
		last := -1
		for i := range n {
			_, err := m.NewTask(sim.TaskConfig{CPU: i % 2, Body: func(t *sim.Task) error {
				for range k {
					if err := t.Store(0x1000, 8, 0); err != nil {
						return err
					}
				}
				last = i
				return nil
			}})
			if err != nil {
				return err
			}
		}
		ends := func() (bool, error) { return last == n-1, nil }
		err := m.Property(sim.Sometimes, "the last task ends last", ends)
		if err == nil {
			_, err = m.Run()
		}
		if err == nil && fails && last == 0 {
			err = errors.New("the first task ends last")
		}
		return err
	}
}

// report returns everything that an exploration says.
func report(r *explore.Result) string {
	text := *r
	text.Failure = nil
	s := fmt.Sprintf("%+v\n", text)
	if f := r.Failure; f != nil {
		s += fmt.Sprintf("%+v\n%s", *f, strings.Join(append(explore.Report(f), explore.Summary(f)...), "\n"))
	}
	return s
}

// TestNumberOfWorkers compares the reports of one, two and four workers, byte for byte.
func TestNumberOfWorkers(t *testing.T) {
	bound := 2
	rows := map[string]explore.Config{
		"dfs":      {Strategy: explore.DFS},
		"cut":      {Strategy: explore.DFS, MaxRuns: 1000},
		"reduced":  {Strategy: explore.DFS, Reduce: true},
		"bounded":  {Strategy: explore.DFS, Bound: &bound},
		"a share":  {Strategy: explore.DFS, Share: 2, Shares: 3},
		"random":   {Strategy: explore.Random, MaxRuns: 700},
		"pct":      {Strategy: explore.PCT, MaxRuns: 700, Share: 1, Shares: 2},
		"auto":     {},
		"counting": {Strategy: explore.DFS, KeepGoing: true},
	}
	for name, cfg := range rows {
		cfg.Machine.CPUs = 2
		for _, fails := range []bool{false, true} {
			want := ""
			for _, workers := range []int{1, 2, 4} {
				cfg.Workers = workers
				got := report(run(t, cfg, lastStores(3, 2, fails)))
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s, failing %t: %d workers report\n%s\nwant, as one,\n%s",
						name, fails, workers, got, want)
				}
			}
		}
	}
}

// TestWorkersPanic has a program panic in a worker: the caller of the exploration panics.
func TestWorkersPanic(t *testing.T) {
	defer func() {
		if got := recover(); got != "in a run" {
			t.Errorf("recovered %v, want the panic of the program", got)
		}
	}()
	cfg := explore.Config{Workers: 2, Strategy: explore.DFS}
	run(t, cfg, func(m *sim.Machine) error { panic("in a run") })
}
