// The report of a failing schedule, as lines of text: a column for each CPU, a line for each step.

package explore

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// maxColumn is the width of a column at most, without the gap behind it.
const maxColumn = 52

// A cell is a line of the report: a text in the column of a CPU.
type cell struct {
	number string
	mark   string
	cpu    int
	text   string
}

// Report returns the steps of a failing schedule as lines. A step that is not the one of the default order
// has a star; where a thread was left although it could go on, a line says so.
func Report(f *Failure) []string {
	var cells []cell
	for i := range f.Steps {
		s := &f.Steps[i]
		mark := " "
		if s.Departed {
			mark = "*"
		}
		if s.Departed && s.Running {
			left := "... " + s.Instead + " is left here although it could go on"
			cells = append(cells, cell{cpu: s.InsteadCPU, text: left})
		}
		cells = append(cells, cell{fmt.Sprint(i + 1), mark, s.CPU, words(s)})
	}
	return layOut(cells)
}

// layOut returns cells as lines, after a line with the names of the CPUs that have some.
func layOut(cells []cell) []string {
	if len(cells) == 0 {
		return nil
	}
	var cpus []int
	width := map[int]int{}
	for _, c := range cells {
		if !slices.Contains(cpus, c.cpu) {
			cpus = append(cpus, c.cpu)
		}
		width[c.cpu] = min(max(width[c.cpu], utf8.RuneCountInString(c.text), 4), maxColumn)
	}
	slices.Sort(cpus)
	head := cell{}
	lines := []string{lineOf(head, cpus, width, func(cpu int) string { return fmt.Sprintf("cpu%d", cpu) })}
	for _, c := range cells {
		lines = append(lines, lineOf(c, cpus, width, func(cpu int) string {
			if cpu == c.cpu {
				return c.text
			}
			return ""
		}))
	}
	return lines
}

// lineOf returns a line with a text in each column.
func lineOf(c cell, cpus []int, width map[int]int, text func(cpu int) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%3s %1s ", c.number, c.mark)
	for _, cpu := range cpus {
		s := text(cpu)
		b.WriteString(s)
		b.WriteString(strings.Repeat(" ", max(2, width[cpu]+2-utf8.RuneCountInString(s))))
	}
	return strings.TrimRight(b.String(), " ")
}

// words returns what a step does, in the words of the caller.
func words(s *Step) string {
	at := ""
	if s.Where.File != "" {
		at = fmt.Sprintf(" (%s:%d)", path.Base(s.Where.File), s.Where.Line)
	}
	switch {
	case s.Kind == sim.KindTimer:
		return fmt.Sprintf("timer of %s fires at %d.%03d s", s.Thread, s.Now/1e9, s.Now%1e9/1e6)
	case s.Kind == sim.KindWake:
		return s.Thread + " wakes"
	case s.Place == sim.PlaceSpin:
		return s.Thread + ": cross call answered, goes on" + at
	case s.Where.Call == "":
		return s.Thread + " starts"
	case s.Place == sim.PlaceEnd:
		return s.Thread + ": goes on after " + s.Where.Call + at
	case s.Place == sim.PlacePath:
		return s.Thread + ": goes on inside " + s.Where.Call + at
	case s.Place == sim.PlaceStep:
		return s.Thread + ": steps over the hit" + at
	}
	return s.Thread + ": " + s.Where.Call + at
}

// Summary returns what is said below the steps: how far the schedule is from the default order.
func Summary(f *Failure) []string {
	if f.Schedule == "" {
		return nil
	}
	count := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	if f.Choices == 0 {
		return []string{"this is the default order"}
	}
	lines := []string{count(f.Preemptions, "preemption") + ", " +
		count(f.Choices, "departure") + " from the default order (*)"}
	switch {
	case f.Minimal == 0:
	case f.Preemptions == 1:
		lines = append(lines, "no schedule without a preemption fails ("+count(f.Minimal, "run")+")")
	default:
		lines = append(lines, "no schedule with fewer preemptions fails ("+count(f.Minimal, "run")+")")
	}
	return lines
}
