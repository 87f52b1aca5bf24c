// The report of a failing schedule.

package explore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// steps returns a schedule of n steps of one thread, of which some depart.
func steps(n int, departures ...int) []explore.Step {
	list := make([]explore.Step, n)
	for i := range list {
		at := sim.Position{Call: "load", File: "a.go", Line: 1}
		list[i] = explore.Step{Thread: "app", Place: sim.PlaceCall, Where: at}
	}
	for _, d := range departures {
		list[d].CPU, list[d].Departed, list[d].Instead = 1, true, "irq"
	}
	return list
}

// TestShown: a report shows the steps near departures and ends, and leaves out long stretches only.
func TestShown(t *testing.T) {
	tests := []struct {
		name  string
		steps []explore.Step
		want  string
	}{
		{"none", nil, "[]"},
		{"a few", steps(9), "[0 1 2 3 4 5 6 7 8]"},
		{"three more than shown", steps(11), "[0 1 2 3 4 5 6 7 8 9 10]"},
		{"a stretch", steps(12), "[0 1 2 3 8 9 10 11]"},
		{"around a departure", steps(40, 20),
			"[0 1 2 3 16 17 18 19 20 21 22 23 24 36 37 38 39]"},
		{"departures at the ends", steps(20, 0, 19), "[0 1 2 3 4 15 16 17 18 19]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(explore.Shown(tt.steps)); got != tt.want {
			t.Errorf("%s: shown %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestReportLeavesOut: ten thousand steps are a few lines, aligned, that say how many are missing.
func TestReportLeavesOut(t *testing.T) {
	lines := explore.Report(&explore.Failure{Steps: steps(10_000, 5_000)})
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"\n    1   app: load (a.go:1)\n",
		"\n        ... 4992 steps in the default order\n",
		"\n 5001 * ", "   app: load (a.go:1), before irq\n",
		"\n10000   app: load (a.go:1)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(lines) > 24 {
		t.Errorf("%d lines", len(lines))
	}
}

// TestStepsNamePossibilities: each step of a failing schedule says who could go on, which machine it
// belongs to, and behind which record of the trace it comes.
func TestStepsNamePossibilities(t *testing.T) {
	var order string
	cfg := explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS}
	r, err := explore.Explore(context.Background(), cfg, func(c *explore.Control) explore.Outcome {
		m, err := sim.New(c.Machine())
		if err != nil {
			return explore.Outcome{Err: &explore.ProgramError{Err: err}}
		}
		defer m.Close()
		c.Attach(m)
		order = ""
		for i, name := range []string{"one", "two"} {
			if _, err := m.NewTask(sim.TaskConfig{Comm: name, CPU: i, Body: func(*sim.Task) error {
				order += name
				return nil
			}}); err != nil {
				return explore.Outcome{Err: err}
			}
		}
		if _, err := m.Run(); err != nil {
			return explore.Outcome{Err: err}
		}
		if order == "twoone" {
			return explore.Outcome{Err: errors.New("two went first")}
		}
		return explore.Outcome{}
	})
	if err != nil || r.OK {
		t.Fatal(r, err)
	}
	s := r.Failure.Steps
	if got, want := fmt.Sprint(s[0].Next, s[0].Taken, s[0].Machine, s[0].Departed),
		"[one two] 1 0 true"; got != want {
		t.Errorf("step 1: %s, want %s", got, want)
	}
	last := s[len(s)-1]
	if last.Next != nil || last.Record <= s[0].Record {
		t.Errorf("last step: possibilities %v, record %d after %d", last.Next, last.Record, s[0].Record)
	}
}

// TestProgress: a search tells how far it has come by its number of runs, with an estimate, and when it ends.
func TestProgress(t *testing.T) {
	var told []explore.Progress
	cfg := explore.Config{
		Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS, KeepGoing: true, MaxRuns: 1000,
		Progress: func(p explore.Progress) { told = append(told, p) },
	}
	r, err := explore.Run(context.Background(), cfg, func(m *sim.Machine) error {
		for cpu := range 2 {
			if _, err := m.NewTask(sim.TaskConfig{CPU: cpu, Body: func(t *sim.Task) error {
				for range 3 {
					m.CondResched()
				}
				return nil
			}}); err != nil {
				return err
			}
		}
		_, err := m.Run()
		return err
	})
	if err != nil || r.Runs != 70 {
		t.Fatal(r, err)
	}
	if len(told) != 70/explore.ProgressEvery+1 || !told[len(told)-1].Ended {
		t.Fatalf("told %v", told)
	}
	for i, p := range told[:len(told)-1] {
		if p.Runs != (i+1)*explore.ProgressEvery || p.About < p.Runs || p.About > 300 {
			t.Errorf("told %+v", p)
		}
	}
}

// TestMisfitNamesPossibilities: a schedule of another program is refused with the point and its
// possibilities.
func TestMisfitNamesPossibilities(t *testing.T) {
	program := func(m *sim.Machine) error {
		for i, name := range []string{"one", "two"} {
			if _, err := m.NewTask(sim.TaskConfig{Comm: name, CPU: i, Body: func(*sim.Task) error {
				return nil
			}}); err != nil {
				return err
			}
		}
		_, err := m.Run()
		return err
	}
	for schedule, want := range map[string]string{
		"x1-0.5-0000": "at point 1 it takes possibility 5, and there are 0 one, 1 two; fix: ",
		"x1-0.1-0000": "at point 1 it takes possibility 1; the possibilities there (0 one, 1 two) or at " +
			"an earlier",
		"x1-9.1-0000": "the run ends before the schedule does",
	} {
		cfg := explore.Config{Machine: sim.Config{CPUs: 2}}
		_, err := explore.Replay(context.Background(), cfg, schedule, program)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", schedule, err, want)
		}
	}
}
