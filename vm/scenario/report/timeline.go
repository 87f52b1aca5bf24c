// The timelines of the page, as SVG.

package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/scenario"
)

// The drawing of a timeline, in SVG units.
const (
	stepWidth  = 14
	rowHeight  = 15
	trackGap   = 6
	axisHeight = 18
	charWidth  = 7
)

// A drawing is a timeline with the coordinates of its parts. Each step at which a span begins has a column;
// that of a register write or a point is as wide as its label. The drawing of a case that passed has no
// tooltips and one path for each class of spans, which is a quarter of the size.
type drawing struct {
	Title         string
	Width, Height int
	Ticks         []drawnTick
	Tracks        []drawnTrack
	Compact       bool
	Folded        bool
	Paths         []drawnPath

	columns []int             // the left edge of each step, and the right edge of the last
	anchors map[string]string // the id of the last write of each register
}

type drawnTick struct {
	X     int
	Label string
}

type drawnTrack struct {
	Name  string
	Y     int
	Spans []drawnSpan
}

type drawnSpan struct {
	ID                  string // what links to it, "" if nothing does
	Title, Class        string
	X, Y, Width, Height int
	Label               string // "" if it does not fit
}

// A drawnPath is all spans of one class.
type drawnPath struct{ Class, D string }

// drawings lays out the timelines of a case, or returns nil if the page has no room for them. If a failure is
// about one CPU, the tracks of the others are drawn apart and folded.
func (w *page) drawings(r *scenario.Result) []*drawing {
	w.cases++
	if w.drawn > drawnMost || w.drawn > drawnPassed && !r.Status.Bad() {
		return nil
	}
	cpu := failedCPU(r.Failures)
	var list []*drawing
	for i, t := range r.Look.Timelines {
		id := fmt.Sprintf("w%d-%d", w.cases, i)
		own, others := split(t, cpu)
		list = append(list, newDrawing(own, id, !r.Status.Bad()))
		if len(others.Tracks) > 0 {
			d := newDrawing(others, id+"o", false)
			d.Folded = true
			list = append(list, d)
		}
	}
	return list
}

// split returns the part of a timeline that shows the CPU, and the rest. Without a track of that CPU the
// first part is the whole.
func split(t scenario.Timeline, cpu string) (own, others scenario.Timeline) {
	own, others = t, t
	own.Tracks, others.Tracks = nil, nil
	for _, track := range t.Tracks {
		if name, _, _ := strings.Cut(track.Name, " "); name == cpu || ofSchedule(track) {
			own.Tracks = append(own.Tracks, track)
		} else {
			others.Tracks = append(others.Tracks, track)
		}
	}
	if !slices.ContainsFunc(own.Tracks, func(t scenario.Track) bool { return !ofSchedule(t) }) {
		return t, scenario.Timeline{}
	}
	others.Title += ": the other CPUs"
	return own, others
}

// ofSchedule reports whether a track shows the points of a schedule, which belong to every CPU.
func ofSchedule(t scenario.Track) bool {
	return len(t.Spans) > 0 && (t.Spans[0].Kind == "point" || t.Spans[0].Kind == "departure")
}

// failedCPU returns the CPU of the first register that differs, or "".
func failedCPU(failures []*scenario.Failure) string {
	for i := range failures {
		if regs := failures[i].Registers; len(regs) > 0 {
			return regs[0].CPU
		}
	}
	return ""
}

// A linkedFailure is a failure with the ids of the writes of its registers.
type linkedFailure struct {
	*scenario.Failure
	Links map[string]string // by CPU and register
}

// linked adds to failures the writes that a drawing shows.
func linked(failures []*scenario.Failure, drawings []*drawing) []linkedFailure {
	links := map[string]string{}
	for _, d := range drawings {
		for anchor, id := range d.anchors {
			links[anchor] = id
		}
	}
	list := make([]linkedFailure, len(failures))
	for i := range failures {
		list[i] = linkedFailure{failures[i], links}
	}
	return list
}

// newDrawing lays out a timeline: its tracks one below the other, each as high as its spans are nested.
// Ids begin with id.
func newDrawing(t scenario.Timeline, id string, compact bool) *drawing {
	d := &drawing{Title: t.Title, Compact: compact, columns: columns(t), anchors: map[string]string{}}
	d.ticks(t.Ticks)
	y := axisHeight
	for _, track := range t.Tracks {
		drawn := drawnTrack{Name: track.Name, Y: y}
		rows := 1
		for _, s := range track.Spans {
			rows = max(rows, s.Depth+1)
			span := d.span(s, y)
			if s.Anchor != "" && !compact {
				span.ID = fmt.Sprintf("%s-%d", id, s.Start)
				d.anchors[s.Anchor] = span.ID
			}
			drawn.Spans = append(drawn.Spans, span)
		}
		d.Tracks = append(d.Tracks, drawn)
		y += rows*rowHeight + trackGap
	}
	d.Width, d.Height = d.columns[len(d.columns)-1]+8, y
	if n := len(d.Ticks); n > 0 {
		d.Width = max(d.Width, d.Ticks[n-1].X+labelWidth(d.Ticks[n-1].Label))
	}
	if compact {
		d.Paths = paths(d.Tracks)
	}
	return d
}

// ticks lays out the ticks of the axis. Of several at one place it keeps the last one, as nothing is drawn
// between them. A label that would cover the one before is left out; its line stays.
func (d *drawing) ticks(list []scenario.Tick) {
	free, end := 0, d.columns[len(d.columns)-1]
	for i, tick := range list {
		x := d.x(tick.At)
		if x >= end || i+1 < len(list) && d.x(list[i+1].At) == x {
			continue
		}
		label := tick.Label
		if x < free {
			label = ""
		} else {
			free = x + labelWidth(label)
		}
		d.Ticks = append(d.Ticks, drawnTick{x, label})
	}
}

// labelWidth returns the room that the label of a tick takes.
func labelWidth(label string) int { return len([]rune(clean(label)))*charWidth + 10 }

// columns returns the left edge of each step of a timeline, and the right edge of the last one. A step at
// which no span begins has no width: it belongs to a CPU that is drawn elsewhere.
func columns(t scenario.Timeline) []int {
	widths := []int{0}
	for _, track := range t.Tracks {
		for _, s := range track.Spans {
			for len(widths) < max(s.End, s.Start+1) {
				widths = append(widths, 0)
			}
			widths[s.Start] = max(widths[s.Start], stepWidth)
			if s.Kind == "write" || s.Kind == "point" || s.Kind == "departure" {
				widths[s.Start] = max(widths[s.Start], len(clean(s.Label))*charWidth+6)
			}
		}
	}
	edges := []int{0}
	for i, w := range widths {
		edges = append(edges, edges[i]+w)
	}
	return edges
}

// x returns the left edge of a step.
func (d *drawing) x(step int) int { return d.columns[min(max(step, 0), len(d.columns)-1)] }

// span lays out a span of the track whose first row begins at y.
func (d *drawing) span(s scenario.Span, y int) drawnSpan {
	x := d.x(s.Start)
	drawn := drawnSpan{
		Title:  strings.TrimSuffix(s.Label+"\n"+s.Detail, "\n"),
		Class:  "call",
		X:      x,
		Y:      y + s.Depth*rowHeight,
		Width:  max(d.x(s.End)-x, 3),
		Height: rowHeight - 1,
	}
	label := s.Label
	switch s.Kind {
	case "task", "refused", "hit", "write", "point", "departure":
		drawn.Class = s.Kind
	case "level":
		drawn.Class, label = s.Kind, strconv.Itoa(s.Level)
	}
	runes := []rune(clean(label))
	switch room := (drawn.Width - 4) / charWidth; {
	case len(runes) <= room:
		drawn.Label = string(runes)
	case room > 3:
		drawn.Label = string(runes[:room-1]) + "…"
	}
	return drawn
}

// paths returns the outlines of all spans, one path for each class, in the order of first use.
func paths(tracks []drawnTrack) []drawnPath {
	var list []drawnPath
	for _, t := range tracks {
		for _, s := range t.Spans {
			i := slices.IndexFunc(list, func(p drawnPath) bool { return p.Class == s.Class })
			if i < 0 {
				i = len(list)
				list = append(list, drawnPath{Class: s.Class})
			}
			list[i].D += fmt.Sprintf("M%d %dh%dv%dh-%dz", s.X, s.Y, s.Width, s.Height, s.Width)
		}
	}
	return list
}
