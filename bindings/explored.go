// Explorations as values for reports.

package bindings

import (
	"fmt"
	"time"

	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/vm"
)

// racesShown is how many races of variables a report shows.
const racesShown = 4

// ExplorationOf returns what an exploration found, for reports.
func ExplorationOf(r *explore.Result) vm.Exploration {
	x := vm.Exploration{Runs: r.Schedules, Complete: r.Complete, Limit: limitOf(r), Failed: !r.OK,
		Failures: r.Failures}
	var races []string
	for i := range r.Races[:min(racesShown, len(r.Races))] {
		races = append(races, raceText(&r.Races[i]))
	}
	if x.Notes = races; r.Near >= 0 {
		x.Notes = append(x.Notes, fmt.Sprintf("with a slack of %v a later timer could come first, too",
			r.Near.Round(time.Microsecond)))
	}
	if r.Unasked > 0 {
		x.Notes = append(x.Notes, fmt.Sprintf("functions of interrupts make %s without a point: "+
			"no order is tried in which another CPU comes in between", calls(r.Unasked)))
	}
	if f := r.Failure; f != nil {
		summary := append(explore.Summary(f), races...)
		if r.Failures > 1 {
			summary = append(summary, x.String())
		}
		x.Schedule = vm.Schedule{
			Text: f.Schedule, Runs: r.Schedules, Steps: stepsOf(f), Lines: explore.Report(f),
			Summary: summary, Failure: f.Message,
		}
	}
	return x
}

func calls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// limitOf says why an exploration that found no failure proves little, or returns "".
func limitOf(r *explore.Result) string {
	if r.Complete || r.Stopped == "" || r.Stopped == "failure" {
		return ""
	}
	text := "not all: " + r.Stopped + " ended the exploration"
	if percent := 100 * r.Share; percent >= 0.1 {
		text += fmt.Sprintf(" with about %.1f %% of the orders", percent)
	}
	return text
}

func raceText(r *explore.Race) string {
	return fmt.Sprintf("race: %s is written at %s and used at %s, and nothing orders the two",
		r.Name, r.Write.String(), r.Other.String())
}

// stepsOf returns the steps of a failing schedule that a report shows.
func stepsOf(f *explore.Failure) []vm.ScheduleStep {
	var list []vm.ScheduleStep
	for _, i := range explore.Shown(f.Steps) {
		s := &f.Steps[i]
		step := vm.ScheduleStep{
			Number: i + 1, Track: track(s.CPU), Text: s.Text(), Next: s.Next, Taken: s.Taken,
			Departed: s.Departed,
		}
		if s.Departed && s.Running {
			step.Left = track(s.InsteadCPU)
		}
		list = append(list, step)
	}
	return list
}

func track(cpu int) string { return fmt.Sprintf("cpu%d", cpu) }
