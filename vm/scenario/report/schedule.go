// The table of a failing schedule in the page: a column for each CPU, a row for each step.

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
)

// A drawnSchedule is a schedule as a table.
type drawnSchedule struct {
	*vm.Schedule
	Tracks []string // the columns
	Rows   []scheduleRow
}

// A scheduleRow is a step, or says what happens between two of them.
type scheduleRow struct {
	Number string // "5", "5 *" for a departure, "" between steps
	Class  string // "departed" or "between"
	Column int
	Text   string
	Others string // who else could go on
}

// newSchedule lays out a schedule.
func newSchedule(s *vm.Schedule) *drawnSchedule {
	d := &drawnSchedule{Schedule: s}
	for i := range s.Steps {
		for _, track := range []string{s.Steps[i].Track, s.Steps[i].Left} {
			if track != "" && !slices.Contains(d.Tracks, track) {
				d.Tracks = append(d.Tracks, track)
			}
		}
	}
	slices.SortFunc(d.Tracks, func(a, b string) int { // cpu2 before cpu10
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	last := 0
	for i := range s.Steps {
		step := &s.Steps[i]
		if n := step.Number - last - 1; n > 0 {
			d.between(step.Track, fmt.Sprintf("… %d steps in the default order", n))
		}
		if step.Left != "" {
			d.between(step.Left, "… "+step.Next[0]+" is left here although it could go on")
		}
		last = step.Number
		d.step(step)
	}
	return d
}

// between adds a row between two steps.
func (d *drawnSchedule) between(track, text string) {
	d.Rows = append(d.Rows, scheduleRow{Class: "between", Column: slices.Index(d.Tracks, track), Text: text})
}

// step adds the row of a step.
func (d *drawnSchedule) step(s *vm.ScheduleStep) {
	row := scheduleRow{Number: fmt.Sprint(s.Number), Column: slices.Index(d.Tracks, s.Track), Text: s.Text}
	others := slices.Clone(s.Next)
	if len(others) > 0 {
		others = slices.Delete(others, s.Taken, s.Taken+1)
	}
	if s.Departed {
		row.Number += " *"
		row.Class, row.Others = "departed", "instead of "+others[0]
		others = others[1:]
	}
	if len(others) > 0 {
		row.Others = strings.TrimPrefix(row.Others+"; could also go on: "+strings.Join(others, ", "), "; ")
	}
	d.Rows = append(d.Rows, row)
}
