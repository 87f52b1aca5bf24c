// Selection of the cases of a file.

package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// selected returns copies of the cases of f that the options select, marked with the round.
func (r *runner) selected(f *file, round int) []*Case {
	if f == nil {
		return nil
	}
	o := &r.o
	var picked []*Case
	for _, c := range f.cases {
		name := c.Name()
		switch {
		case len(f.src.Lines) > 0 && !slices.ContainsFunc(f.src.Lines, f.atLine(c)):
		case o.Filter != nil && !o.Filter.MatchString(name):
		case o.Skip != nil && o.Skip.MatchString(name):
		case len(o.Tags) > 0 && !slices.ContainsFunc(o.Tags, c.tagged):
		case o.Select != nil && !o.Select(c):
		default:
			copied := *c
			copied.Round = round
			picked = append(picked, &copied)
		}
	}
	return picked
}

// tagged reports whether the case has a tag.
func (c *Case) tagged(tag string) bool { return slices.Contains(c.Tags, tag) }

// atLine returns a predicate that reports whether FILE:line selects the case.
func (f *file) atLine(c *Case) func(line int) bool {
	return func(line int) bool {
		return f.known[c.Kernel] != nil || slices.Contains(f.casesAt(c.Kernel, line), c)
	}
}

// casesAt returns the cases of a profile that FILE:line selects: the innermost one around the line,
// else those of the innermost describe around it, else those whose name is on the line.
func (f *file) casesAt(kernel string, line int) []*Case {
	var hit []*Case
	best := [2]int{0, math.MaxInt}
	pick := func(c *Case, lines [2]int) {
		if lines[0] > line || line > lines[1] {
			return
		}
		size, smallest := lines[1]-lines[0], best[1]-best[0]
		if size < smallest {
			hit, best = nil, lines
		}
		if size <= smallest {
			hit = append(hit, c)
		}
	}
	cases := slices.DeleteFunc(slices.Clone(f.cases), func(c *Case) bool { return c.Kernel != kernel })
	for _, c := range cases {
		// A case inside the lines of another function, such as a row of a table, wins.
		pick(c, [2]int{c.Line, c.LastLine})
	}
	if len(hit) > 0 {
		return hit
	}
	// Outside of all cases: the line of a describe selects all of its cases.
	for _, c := range cases {
		for _, lines := range c.around {
			pick(c, lines)
		}
	}
	if len(hit) > 0 {
		hit = slices.Compact(hit) // a case inside two describes on one line
		return slices.DeleteFunc(hit, func(c *Case) bool { return !slices.Contains(c.around, best) })
	}
	// The line of an it or describe whose function begins below.
	return slices.DeleteFunc(cases, func(c *Case) bool {
		return !strings.Contains(f.line(line), c.Path[len(c.Path)-1])
	})
}

// noCaseAt reports a FILE:LINE that selects no case, or returns nil.
func (f *file) noCaseAt() *Broken {
	for _, line := range f.src.Lines {
		if slices.ContainsFunc(f.cases, func(c *Case) bool { return f.atLine(c)(line) }) {
			continue
		}
		var at []string
		for _, c := range f.cases {
			if n := fmt.Sprint(c.Line); c.Kernel == f.cases[0].Kernel && !slices.Contains(at, n) {
				at = append(at, n)
			}
		}
		if len(at) > 12 {
			at = append(at[:12], "...")
		}
		message := "no case at this line; cases begin at " + strings.Join(at, ", ")
		return &Broken{File: f.src.Path, Line: line, Message: message}
	}
	return nil
}

// spot returns FILE:LINE for the case, or the file if the line selects other cases too.
func (f *file) spot(c *Case) (at string, exact bool) {
	if c.Whole {
		return f.src.Path, true
	}
	if len(f.casesAt(c.Kernel, c.Line)) == 1 {
		return fmt.Sprintf("%s:%d", f.src.Path, c.Line), true
	}
	return f.src.Path, false
}
