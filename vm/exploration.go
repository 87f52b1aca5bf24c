// Explorations as values, for reports: what a module found by running a function in many orders.

package vm

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/phrase"
)

// An Exploration says what a module found by running a function in many orders of its steps.
type Exploration struct {
	Runs     int      // orders that were run to their end
	Complete bool     // all of them were, or equivalent ones
	Limit    string   // why that proves little: what ended it early, that there was nothing to explore
	Notes    []string // what else is known of it
	Failed   bool     // a run failed, or a property held in none
	Failures int      // runs that failed
	Schedule Schedule // of the first of them
}

// A Schedule is the order in which the steps of one run happened.
type Schedule struct {
	Text    string         // replays the run; "" if no single run failed
	Runs    int            // of the exploration, to their end
	Steps   []ScheduleStep // those to show; their numbers tell how many are left out
	Lines   []string       // the same as a table of text
	Summary []string       // how far it is from the default order, races of variables
	Failure string         // what failed in it; "" where a report says so anyway
}

// A ScheduleStep is what happened between two points.
type ScheduleStep struct {
	Number   int      // of the step, from 1
	Track    string   // where it happened: "cpu1"
	Text     string   // who did what: "app: t:load (race.lua:8)"
	Next     []string `json:",omitempty"` // who could go on before it, the default first; nil: only one could
	Taken    int      `json:",omitempty"` // which of them did
	Departed bool     `json:",omitempty"` // it is not the step of the default order
	// Left is the track on which the first of Next was left although it could go on, "" if it could not.
	Left string `json:",omitempty"`
}

// String returns the extent of the exploration on one line.
func (x *Exploration) String() string {
	text := "explored " + phrase.Plural(x.Runs, "schedule")
	if x.Complete {
		text += ", all that there are"
	}
	switch {
	case x.Failures == 1:
		text += "; 1 fails"
	case x.Failures > 1:
		text += fmt.Sprintf("; %d fail", x.Failures)
	}
	if x.Limit != "" {
		text += "; " + x.Limit
	}
	return text
}

// Title returns the heading of a report of s.
func (s *Schedule) Title() string {
	if s.Text == "" {
		return "after " + phrase.Plural(s.Runs, "schedule")
	}
	return "the order that fails: schedule " + s.Text
}

// Below returns what a report says below the steps.
func (s *Schedule) Below() []string {
	if s.Failure == "" {
		return s.Summary
	}
	return append(strings.Split("failure: "+s.Failure, "\n"), s.Summary...)
}

// OnRun sets a function to call when a run of an exploration begins. told reports whether it is one that
// reports tell of: the first, or the failing one at the end.
func (rt *Runtime) OnRun(fn func(told bool)) { rt.onRun = fn }

// OnExplored sets the receiver of explorations that modules have made.
func (rt *Runtime) OnExplored(fn func(*Exploration)) { rt.onExplored = fn }

// Begin prepares for one of several runs of a function, which must not see each other: back sets math.random
// to where it is now, and returns the first check that has failed meanwhile. For told see Runtime.OnRun.
func (s *State) Begin(told bool) (back func() error) {
	if s.rt.onRun != nil {
		s.rt.onRun(told)
	}
	lib := &s.rt.lib
	random, outer := lib.random, lib.assert.onCheck
	var first error
	lib.assert.onCheck = func(f *Failure) {
		if first == nil {
			first = f
		}
	}
	return func() error {
		lib.random, lib.assert.onCheck = random, outer
		return first
	}
}

// Explored tells the embedder what an exploration found.
func (s *State) Explored(x *Exploration) {
	if s.rt.onExplored != nil {
		s.rt.onExplored(x)
	}
}
