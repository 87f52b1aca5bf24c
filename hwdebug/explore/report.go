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
// has a star; where a thread was left although it could go on, a line says so. Long stretches in which the
// run follows the default order are left out.
func Report(f *Failure) []string {
	var cells []cell
	last := -1
	for _, i := range Shown(f.Steps) {
		s := &f.Steps[i]
		if n := i - last - 1; n > 0 {
			text := fmt.Sprintf("... %d steps in the default order", n)
			cells = append(cells, cell{cpu: s.CPU, text: text})
		}
		last = i
		mark := " "
		if s.Departed {
			mark = "*"
		}
		if s.Departed && s.Running {
			left := "... " + s.Instead + " is left here although it could go on"
			cells = append(cells, cell{cpu: s.InsteadCPU, text: left})
		}
		text := s.Text()
		if s.Departed && !s.Running {
			text += ", before " + s.Instead
		}
		cells = append(cells, cell{fmt.Sprint(i + 1), mark, s.CPU, text})
	}
	return layOut(cells)
}

// How many steps a report shows around a departure and at both ends of a schedule, and how many it leaves out
// at least.
const (
	stepsAround = 4
	leastHidden = 4
)

// Shown returns the indices of the steps that a report shows: those near a departure or an end.
func Shown(steps []Step) []int {
	var list []int
	next := 0 // the first step that is not decided yet
	show := func(from, to int) {
		if from-next < leastHidden {
			from = next
		}
		for ; from < min(to, len(steps)); from++ {
			list = append(list, from)
		}
		next = max(next, to)
	}
	show(0, stepsAround)
	for i := range steps {
		if steps[i].Departed {
			show(i-stepsAround, i+stepsAround+1)
		}
	}
	show(len(steps)-stepsAround, len(steps))
	return list
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
	digits := max(3, len(cells[len(cells)-1].number)) // the last cell is a step
	name := func(cpu int) string { return fmt.Sprintf("cpu%d", cpu) }
	lines := []string{lineOf(cell{}, digits, cpus, width, name)}
	for _, c := range cells {
		lines = append(lines, lineOf(c, digits, cpus, width, func(cpu int) string {
			if cpu == c.cpu {
				return c.text
			}
			return ""
		}))
	}
	return lines
}

// lineOf returns a line with a text in each column.
func lineOf(c cell, digits int, cpus []int, width map[int]int, text func(cpu int) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%*s %1s ", digits, c.number, c.mark)
	for _, cpu := range cpus {
		s := text(cpu)
		b.WriteString(s)
		b.WriteString(strings.Repeat(" ", max(2, width[cpu]+2-utf8.RuneCountInString(s))))
	}
	return strings.TrimRight(b.String(), " ")
}

// Text returns what a step does, in the words of the caller, with the line of the call.
func (s *Step) Text() string {
	if s.Where.File == "" {
		return s.words()
	}
	return fmt.Sprintf("%s (%s:%d)", s.words(), path.Base(s.Where.File), s.Where.Line)
}

// words returns what a step does, without the line of the call.
func (s *Step) words() string {
	switch {
	case s.Kind == sim.KindTimer:
		return fmt.Sprintf("timer of %s fires at %d.%03d s", s.Thread, s.Now/1e9, s.Now%1e9/1e6)
	case s.Kind == sim.KindWake:
		return s.Thread + " wakes"
	case s.Place == sim.PlaceSpin:
		return s.Thread + ": cross call answered, goes on"
	case s.Where.Call == "":
		return s.Thread + " starts"
	case s.Place == sim.PlaceEnd:
		return s.Thread + ": goes on after " + s.Where.Call
	case s.Place == sim.PlacePath:
		return s.Thread + ": goes on inside " + s.Where.Call
	case s.Place == sim.PlaceStep:
		return s.Thread + ": steps over the hit"
	}
	return s.Thread + ": " + s.Where.Call
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
