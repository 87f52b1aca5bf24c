// The report of a failing schedule, as lines of text.

package explore

import (
	"fmt"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// Report returns the steps of a failing schedule as lines.
func Report(f *Failure) []string {
	var lines []string
	for i, s := range f.Steps {
		mark := " "
		if s.Departed {
			mark = "*"
		}
		line := fmt.Sprintf("%s %2d  cpu%d  %s: %s", mark, i+1, s.CPU, s.Thread, words(&s))
		lines = append(lines, line)
	}
	return lines
}

// words returns what a step does.
func words(s *Step) string {
	switch {
	case s.Kind == sim.KindTimer:
		return "timer fires"
	case s.Kind == sim.KindWake:
		return "wakes"
	case s.Place == sim.PlaceSpin:
		return "cross call answered, " + s.Where.Call + " goes on"
	case s.Where.Call == "":
		return "starts"
	}
	return s.Where.Call + "  " + s.Where.String()
}
