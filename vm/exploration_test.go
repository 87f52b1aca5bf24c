package vm_test

import (
	"fmt"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// The extent of an exploration is said on one line, with what limits it.
func TestExplorationString(t *testing.T) {
	for want, x := range map[string]vm.Exploration{
		"explored 35 schedules, all that there are":          {Runs: 35, Complete: true},
		"explored 6 schedules; 1 fails":                      {Runs: 6, Failed: true, Failures: 1},
		"explored 35 schedules, all that there are; 16 fail": {Runs: 35, Complete: true, Failures: 16},
		"explored 1 schedule; not all: the budget has ended": {Runs: 1, Limit: "not all: the budget " +
			"has ended"},
		"explored 1 schedule, all that there are; nobody runs": {Runs: 1, Complete: true, Limit: "nobody " +
			"runs"},
	} {
		if got := x.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What fails in a schedule is said below its steps, unless the report has said so.
func TestScheduleBelow(t *testing.T) {
	s := vm.Schedule{Summary: []string{"1 preemption"}}
	if got := fmt.Sprintf("%q", s.Below()); got != `["1 preemption"]` {
		t.Error(got)
	}
	s.Failure = "one\n  two"
	if got := fmt.Sprintf("%q", s.Below()); got != `["failure: one" "  two" "1 preemption"]` {
		t.Error(got)
	}
	if got := s.Title(); got != "after 0 schedules" {
		t.Error(got)
	}
}
