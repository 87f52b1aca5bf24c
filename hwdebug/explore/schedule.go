// Schedules as text: where a run departs from the default order, and which possibility it takes there.

package explore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// DefaultOrder is the schedule that never departs from the default order.
const DefaultOrder = "x1-0"

// A departure is a point where a schedule does not take the first possibility.
type departure struct {
	after  int // points with more than one possibility since the last departure
	choice int
}

// A Schedule is a sequence of departures.
type Schedule struct {
	departures []departure
	digest     uint16 // over the possibilities up to the last departure
}

// ParseSchedule reads the text of a schedule.
func ParseSchedule(text string) (Schedule, error) {
	bad := func() (Schedule, error) {
		return Schedule{}, fmt.Errorf("not a schedule: %q (want x1-0, or such as x1-12.1-0.2-3fa0)", text)
	}
	rest, ok := strings.CutPrefix(text, "x1-")
	if !ok || len(text) > 1<<20 {
		return bad()
	}
	if rest == "0" {
		return Schedule{}, nil
	}
	parts := strings.Split(rest, "-")
	last := parts[len(parts)-1]
	digest, err := strconv.ParseUint(last, 16, 16)
	if err != nil || len(last) != 4 || len(parts) < 2 {
		return bad()
	}
	s := Schedule{digest: uint16(digest)}
	for _, p := range parts[:len(parts)-1] {
		a, b, ok := strings.Cut(p, ".")
		after, err1 := parseCount(a)
		choice, err2 := parseCount(b)
		if !ok || err1 != nil || err2 != nil || choice == 0 {
			return bad()
		}
		s.departures = append(s.departures, departure{after, choice})
	}
	return s, nil
}

// parseCount reads a number without a sign.
func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err
}

// String returns the text that ParseSchedule reads.
func (s Schedule) String() string {
	if len(s.departures) == 0 {
		return DefaultOrder
	}
	var b strings.Builder
	b.WriteString("x1")
	for _, d := range s.departures {
		fmt.Fprintf(&b, "-%d.%d", d.after, d.choice)
	}
	fmt.Fprintf(&b, "-%04x", s.digest)
	return b.String()
}

// A FitError reports a schedule that belongs to another program or to other options.
type FitError struct {
	Point int // counted from 1, of those with more than one possibility
	Why   string
}

func (e *FitError) Error() string {
	return fmt.Sprintf("schedule does not fit: at point %d %s; "+
		"fix: use the script and the options (machine, slack, lua, grain) that it was made with",
		e.Point, e.Why)
}

// numbered returns the possibilities with their numbers: "0 app, 1 timer of arm_watch".
func numbered(next []sim.Possibility) string {
	var b strings.Builder
	for i := range next {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s", i, candidate(&next[i]))
	}
	return b.String()
}

// hashPoint returns a hash over kinds, numbers and names of the possibilities.
func hashPoint(p *sim.Point) uint32 {
	h := uint32(2166136261)
	mix := func(b uint32) { h = (h ^ b) * 16777619 }
	for i := range p.Next {
		q := &p.Next[i]
		mix(uint32(q.Kind) + 1)
		mix(uint32(q.CPU))
		mix(uint32(q.ID))
		for j := range len(q.Name) {
			mix(uint32(q.Name[j]))
		}
	}
	return h
}
