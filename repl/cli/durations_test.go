package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm/scenario"
)

// The slowest cases come first, as many as asked for. Those that were skipped took no time.
func TestSlowest(t *testing.T) {
	s := &slowest{n: 2}
	for i, ms := range []time.Duration{5, 20, 900, 30} {
		status := scenario.Passed
		if ms == 900 {
			status = scenario.Skipped
		}
		s.Case(&scenario.Result{
			Case:    &scenario.Case{File: "a.lua", Path: []string{"case"}, Line: i + 1},
			Status:  status,
			Elapsed: ms * time.Millisecond,
			Look:    scenario.Look{Modelled: time.Duration(i) * time.Hour},
		})
	}
	var out bytes.Buffer
	s.print(&out)
	want := `the slowest 2 of 4 cases
      host     machine
    0.030s  10800.000s  a.lua:4: case
    0.020s   3600.000s  a.lua:2: case
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
