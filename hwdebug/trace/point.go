// Points of a schedule among the entries of a trace: where the machine left open who goes on next.

package trace

import (
	"iter"
	"strconv"
	"time"
)

// A Point is a place where the order of steps was open, and who went on there.
type Point struct {
	Number   int           // of the step that follows, from 1
	After    uint64        // the number of the record before it
	T        time.Duration // virtual time
	CPU      int           // of who went on
	Text     string        // who went on, and with what
	Next     []string
	Departed bool   // it is not the default that went on
	Left     string // the thread that was running there and could have gone on, or ""
}

// WithPoints returns entries with points among them, each behind the record that it follows. The points are
// in order.
func WithPoints(entries iter.Seq[Entry], points []Point) iter.Seq[Entry] {
	if len(points) == 0 {
		return entries
	}
	return func(yield func(Entry) bool) {
		next := 0
		before := func(seq uint64) bool {
			for ; next < len(points) && points[next].After < seq; next++ {
				p := &points[next]
				if !yield(Entry{Seq: p.After, T: p.T, CPU: p.CPU, PID: -1, Point: p}) {
					return false
				}
			}
			return true
		}
		for e := range entries {
			if !before(e.Seq) || !yield(e) {
				return
			}
		}
		before(1 << 63)
	}
}

// mark returns a star for a point that departs from the default order.
func (p *Point) mark() string {
	if p.Departed {
		return "*"
	}
	return ""
}

// Comment returns the point on one line: "point 5*: app starts; kworker/1:0 could have gone on".
func (p *Point) Comment() string {
	text := "point " + strconv.Itoa(p.Number) + p.mark() + ": " + p.Text
	switch {
	case p.Left != "":
		text += "; " + p.Left + " is left here although it could go on"
	case p.Departed:
		text += ", before " + p.Next[0]
	}
	return text
}

// values returns the point's fields for formats with named values.
func (p *Point) values() []Value {
	list := []Value{integer("number", p.Number), text("step", p.Text)}
	for i, name := range p.Next {
		list = append(list, text("next"+strconv.Itoa(i), name))
	}
	if p.Departed {
		list = append(list, text("default", p.Next[0]))
	}
	if p.Left != "" {
		list = append(list, text("left", p.Left))
	}
	return list
}
