// What a failed case shows of its machines: the last refusal, the slots in use, the last records and a
// timeline.

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/scenario"
)

// Bounds of what is shown.
const (
	lastRecords    = 12  // records in the notes on a failed case
	timelineFailed = 400 // records in the timeline of a failed case
	timelinePassed = 60  // records in the timeline of another case
	machinesShown  = 3
	holdersShown   = 16 // lines about the holders of slots
)

// look describes the machines of a case that has ended: notes if it failed, timelines if they are wanted.
func (m *machines) look(failed, timelines bool) scenario.Look {
	var l scenario.Look
	for _, x := range m.list {
		l.Modelled = max(l.Modelled, time.Duration(x.Now()))
	}
	for i, x := range m.list[:min(machinesShown, len(m.list))] {
		name := ""
		if len(m.list) > 1 {
			name = fmt.Sprintf(" of machine %d", i+1)
		}
		records := timelinePassed
		if failed {
			records = timelineFailed
			l.Notes = append(l.Notes, m.notes(x, name, m.booted[i])...)
		}
		if !timelines {
			continue
		}
		if t := timeline(x, name, records, m.booted[i], m.points(i)); len(t.Tracks) > 0 {
			l.Timelines = append(l.Timelines, t)
		}
	}
	return l
}

// refusal returns the machine's last refusal, line by line, or nil if nothing was refused.
func refusal(m *sim.Machine) []string {
	if why := m.Why(); why != nil {
		return strings.Split(why.Explain(), "\n")
	}
	return nil
}

// notes returns the paragraphs about a machine. name tells it from the others.
func (m *machines) notes(x *sim.Machine, name string, booted uint64) []scenario.Paragraph {
	var list []scenario.Paragraph
	add := func(title string, lines []string) {
		if len(lines) > 0 {
			list = append(list, scenario.Paragraph{Title: title + name, Lines: lines})
		}
	}
	add("the last refusal", refusal(x))
	add("the slots in use", holders(x))
	explored := m.failure != nil // its schedule says what happened
	if !explored || len(x.Pending()) > 0 {
		add("the machine at "+seconds(x.Now()), pending(x))
	}
	if explored {
		return list
	}
	of, match := m.about(x)
	add("the last records"+of, tail(x.Recorder(), lastRecords, booted, match))
	return list
}

// about returns whose records to show of a machine, as ", cpu1", and which these are: those of the object
// that the script used last. match is nil for all.
func (m *machines) about(x *sim.Machine) (of string, match func(*trace.Entry) bool) {
	obj, owner := m.focus.Object()
	if owner != x {
		return "", nil
	}
	switch o := obj.(type) {
	case *sim.CPU:
		return fmt.Sprintf(", cpu%d", o.ID()), func(e *trace.Entry) bool { return e.CPU == o.ID() }
	case *sim.Task:
		return ", " + o.String(), func(e *trace.Entry) bool { return e.PID == o.PID() }
	case *sim.Event:
		return ", " + o.Label(), func(e *trace.Entry) bool { return mentions(e, o.Label()) }
	case *sim.Wide:
		return fmt.Sprintf(", wide %d", o.ID()), func(e *trace.Entry) bool {
			for cpu := range x.NrCPUs() {
				if ev, err := o.Event(cpu); err == nil && mentions(e, ev.Label()) {
					return true
				}
			}
			return false
		}
	}
	return "", nil
}

// mentions reports whether an argument of the call is the event with that label.
func mentions(e *trace.Entry, label string) bool {
	return slices.ContainsFunc(e.Args, func(v trace.Value) bool {
		return v.Kind == trace.Event &&
			v.String() == label
	})
}

// pending lists what the machine has still to do.
func pending(m *sim.Machine) []string {
	var lines []string
	for _, p := range m.Pending() {
		line := fmt.Sprintf("%s %s is %s on cpu%d", p.Kind, p.Name, p.State, p.CPU)
		if p.State == "armed" {
			line += " and fires at " + seconds(p.At)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return []string{"no timer and no work is pending"}
	}
	if more := len(lines) - holdersShown; more > 0 {
		lines = append(lines[:holdersShown], fmt.Sprintf("and %d more", more))
	}
	return lines
}

// holders lists for each CPU the reserved and installed slots. It omits CPUs that have none.
func holders(m *sim.Machine) []string {
	var lines []string
	for n := range m.NrCPUs() {
		s, err := m.Slots(n)
		if err != nil {
			continue
		}
		held := m.CPU(n).Reserved()
		for _, u := range []struct {
			kind string
			data bool
			use  sim.Use
		}{{"bp", false, s.BP}, {"wp", true, s.WP}} {
			if line := useLine(u.use, u.data, held); line != "" {
				lines = append(lines, fmt.Sprintf("cpu%d %s: %s", n, u.kind, line))
			}
		}
	}
	if more := len(lines) - holdersShown; more > 0 {
		lines = append(lines[:holdersShown], fmt.Sprintf("and %d more", more))
	}
	return lines
}

// useLine describes the slots of one type on one CPU, or returns "" if none is in use: the events that are
// installed, and those that are only reserved.
func useLine(u sim.Use, data bool, reserved []*sim.Event) string {
	var in, out []string
	for slot, ev := range u.OnReg {
		if ev != nil {
			in = append(in, fmt.Sprintf("%d: %s", slot, holder(ev)))
		}
	}
	for _, ev := range reserved {
		if ev.Type().Data() == data && !slices.Contains(u.OnReg, ev) {
			out = append(out, fmt.Sprintf("%s, %s", holder(ev), ev.State()))
		}
	}
	count := u.CPUPinned + u.TaskPinned
	if count == 0 && len(in) == 0 {
		return ""
	}
	line := fmt.Sprintf("%d of %d reserved", count, u.Limit)
	if len(in) > 0 {
		line += "; installed " + strings.Join(in, ", ")
	}
	if len(out) > 0 {
		line += "; not installed " + strings.Join(out, "; ")
	}
	return line
}

// holder names an event that holds a slot, with its address and its task.
func holder(ev *sim.Event) string {
	owner := ""
	if t := ev.Task(); t != nil {
		owner = fmt.Sprintf(" (%s)", t.Comm())
	}
	return fmt.Sprintf("%s 0x%016x%s", ev.Label(), ev.Addr(), owner)
}

// newest returns the last n entries of the frames view that match, except those of the machine's boot, which
// ended with record number booted. A nil match means all.
func newest(rec *trace.Recorder, n int, booted uint64, match func(*trace.Entry) bool) []trace.Entry {
	if rec == nil {
		return nil
	}
	if match != nil {
		return newestOf(rec, n, booted, match)
	}
	// Making an entry is expensive, so make only those from the time of the 4n-th last record on.
	seq := rec.Seq()
	first, ok := rec.Record(max(rec.Oldest(), seq-min(seq, uint64(4*n))+1))
	if !ok {
		return nil
	}
	var list []trace.Entry
	for e := range rec.Entries(trace.Filter{Since: first.T}, trace.Frames) {
		if len(list) == 2*n { // time may have stood still for long
			list = slices.Delete(list, 0, n)
		}
		if e.Seq > booted {
			list = append(list, e)
		}
	}
	return list[max(0, len(list)-n):]
}

// newestOf does so for those that match, which may be far from the end.
func newestOf(rec *trace.Recorder, n int, booted uint64, match func(*trace.Entry) bool) []trace.Entry {
	var list []trace.Entry
	for e := range rec.Entries(trace.Filter{}, trace.Frames) {
		if e.Seq > booted && match(&e) {
			if len(list) == 2*n {
				list = slices.Delete(list, 0, n)
			}
			list = append(list, e)
		}
	}
	return list[max(0, len(list)-n):]
}

// tail returns the end of a trace, one line for each entry that matches, indented by nesting.
func tail(rec *trace.Recorder, n int, booted uint64, match func(*trace.Entry) bool) []string {
	entries := newest(rec, n, booted, match)
	var lines []string
	least := leastDepth(entries, nil)
	for _, e := range entries {
		indent := strings.Repeat("  ", min(e.Depth-least, 20))
		lines = append(lines, fmt.Sprintf("cpu%d %s  %s%s", e.CPU, seconds(e.T), indent, e.Text()))
	}
	return lines
}

// leastDepth returns the least nesting depth of the entries that match; a nil match means all.
func leastDepth(entries []trace.Entry, match func(*trace.Entry) bool) int {
	least := 1 << 30
	for i := range entries {
		if match == nil || match(&entries[i]) {
			least = min(least, entries[i].Depth)
		}
	}
	return least
}

func seconds(t time.Duration) string { return fmt.Sprintf("%d.%06ds", t/1e9, t%1e9/1e3) }

// timeline draws the newest entries of a machine: the points of a schedule, the tasks and calls of each CPU,
// and how many slots are in use.
func timeline(m *sim.Machine, name string, most int, booted uint64, points []trace.Point) scenario.Timeline {
	entries := newest(m.Recorder(), most, booted, nil)
	t := scenario.Timeline{Title: "timeline" + name}
	now := time.Duration(-1)
	for i, e := range entries {
		if e.T != now {
			now = e.T
			t.Ticks = append(t.Ticks, scenario.Tick{At: i, Label: seconds(e.T)})
		}
	}
	if track := pointTrack(entries, points); len(track.Spans) > 0 {
		t.Tracks = append(t.Tracks, track)
	}
	for cpu := range m.NrCPUs() {
		for _, track := range tracks(entries, cpu) {
			if len(track.Spans) > 0 {
				t.Tracks = append(t.Tracks, track)
			}
		}
	}
	return t
}

// pointTrack returns the points of a schedule among entries, those between the same two entries as one span.
func pointTrack(entries []trace.Entry, points []trace.Point) scenario.Track {
	track := scenario.Track{Name: "schedule"}
	for i := range points {
		p := &points[i]
		at, _ := slices.BinarySearchFunc(entries, p.After+1, func(e trace.Entry, seq uint64) int {
			return cmp.Compare(e.Seq, seq)
		})
		if at == 0 && len(entries) > 0 && entries[0].Seq > p.After+1 { // before the part that is drawn
			continue
		}
		kind := "point"
		if p.Departed {
			kind = "departure"
		}
		if k := len(track.Spans) - 1; k >= 0 && track.Spans[k].Start == at {
			s := &track.Spans[k]
			first, _, _ := strings.Cut(s.Label, "-")
			s.Label, s.Detail = fmt.Sprintf("%s-%d", first, p.Number), s.Detail+"\n"+p.Comment()
			if p.Departed {
				s.Kind = kind
			}
			continue
		}
		track.Spans = append(track.Spans, scenario.Span{
			Start: at, End: at + 1, Kind: kind, Label: strconv.Itoa(p.Number), Detail: p.Comment(),
		})
	}
	return track
}

// A cpuTracks builds the part of a timeline that shows one CPU.
type cpuTracks struct {
	tasks, calls, slots scenario.Track
	least               int   // the depth of the outermost call
	open                []int // calls that have not ended, as indices into the spans of calls
	installed           int   // events in slots
}

// tracks returns the tasks, the calls and the slots in use of one CPU.
func tracks(entries []trace.Entry, cpu int) [3]scenario.Track {
	name := fmt.Sprintf("cpu%d", cpu)
	b := cpuTracks{
		tasks: scenario.Track{Name: name + " tasks"},
		calls: scenario.Track{Name: name},
		slots: scenario.Track{Name: name + " slots"},
		least: leastDepth(entries, func(e *trace.Entry) bool { return e.CPU == cpu }),
	}
	for i := range entries {
		if e := &entries[i]; e.CPU == cpu {
			b.task(i, e)
			b.call(i, e)
			b.slot(i, len(entries), e)
		}
	}
	return [3]scenario.Track{b.tasks, b.calls, b.slots}
}

func taskOf(e *trace.Entry) string { return fmt.Sprintf("%s-%d", e.Comm, e.PID) }

// task extends the span of the current task, or begins that of the next one.
func (b *cpuTracks) task(i int, e *trace.Entry) {
	spans, label := b.tasks.Spans, taskOf(e)
	if k := len(spans) - 1; k >= 0 && spans[k].Label == label {
		spans[k].End = i + 1
		return
	}
	b.tasks.Spans = append(spans, scenario.Span{Start: i, End: i + 1, Label: label, Kind: "task"})
}

// call begins the span of a call. It ends the open calls at its depth or deeper, and extends those around it.
func (b *cpuTracks) call(i int, e *trace.Entry) {
	depth := e.Depth - b.least
	for len(b.open) > 0 && b.calls.Spans[b.open[len(b.open)-1]].Depth >= depth {
		b.open = b.open[:len(b.open)-1]
	}
	for _, k := range b.open {
		b.calls.Spans[k].End = i + 1
	}
	span := scenario.Span{
		Start: i, End: i + 1, Depth: min(depth, 24), Label: e.Fn, Kind: kindOf(e),
		Detail: e.Text() + "\n" + seconds(e.T) + "  " + taskOf(e),
	}
	if span.Kind == "write" && len(e.Args) == 3 {
		reg := e.Args[0].String() + e.Args[1].String()
		span.Label = reg + " " + e.Args[2].String()
		span.Anchor = fmt.Sprintf("cpu%d DBG%s_EL1", e.CPU, reg)
	}
	b.calls.Spans = append(b.calls.Spans, span)
	b.open = append(b.open, len(b.calls.Spans)-1)
}

// slot begins the span of another number of installed events, which lasts until the next one or the end.
func (b *cpuTracks) slot(i, end int, e *trace.Entry) {
	step, _ := e.SlotChange()
	if step == 0 || e.Running {
		return
	}
	b.installed = max(b.installed+step, 0)
	if k := len(b.slots.Spans) - 1; k >= 0 {
		b.slots.Spans[k].End = i
	}
	b.slots.Spans = append(b.slots.Spans, scenario.Span{
		Start: i, End: end, Kind: "level", Level: b.installed,
		Label: fmt.Sprintf("%d installed", b.installed),
	})
}

// kindOf returns the kind of span that draws a call.
func kindOf(e *trace.Entry) string {
	switch {
	case e.Failed():
		return "refused"
	case e.Fn == "write_wb_reg":
		return "write"
	case e.Fn == "perf_bp_event" || e.Fn == "watchpoint_handler" || e.Fn == "breakpoint_handler":
		return "hit"
	}
	return "call"
}
