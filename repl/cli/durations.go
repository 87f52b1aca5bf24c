// --durations: the cases that took longest.

package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

// slowest is a sink that keeps the n cases that took longest on the host, with the time that passed on their
// machines, which may be hours in a millisecond. Host time differs from run to run, so the table goes to
// standard error and into no report.
type slowest struct {
	scenario.Sinks // none: ignores the events other than Case
	n, all         int
	cases          []timedCase
}

type timedCase struct {
	name, place    string
	host, modelled time.Duration
}

func (s *slowest) Case(r *scenario.Result) {
	s.all++
	if s.n == 0 || r.Status == scenario.Skipped {
		return
	}
	s.cases = append(s.cases, timedCase{
		r.Case.Name(), scenario.Place(r.Case.File, r.Case.Line), r.Elapsed, r.Look.Modelled,
	})
	slices.SortStableFunc(s.cases, func(x, y timedCase) int { return cmp.Compare(y.host, x.host) })
	s.cases = s.cases[:min(s.n, len(s.cases))]
}

// print prints the table, if --durations asked for it.
func (s *slowest) print(w io.Writer) {
	if s.n == 0 {
		return
	}
	fmt.Fprintf(w, "the slowest %d of %s\n", len(s.cases), phrase.Plural(s.all, "case"))
	fmt.Fprintf(w, "      host     machine\n")
	for _, c := range s.cases {
		fmt.Fprintf(w, "%9.3fs %10.3fs  %s: %s\n", c.host.Seconds(), c.modelled.Seconds(), c.place, c.name)
	}
}
