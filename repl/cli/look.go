// What machines have to say beside a failure: the last refusal, who holds the slots, the last records, a timeline.

package cli

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/scenario"
)

const (
	lastRecords  = 12  // records shown with a failure
	timelineMax  = 400 // records drawn of a case that failed
	timelineWell = 120 // and of one that did not
	machinesSeen = 3   // machines spoken of
)

// look asks the machines of a case that has ended.
func (m *machines) look(bad, timelines bool) scenario.Look {
	var l scenario.Look
	for i, x := range m.list {
		if i == machinesSeen {
			break
		}
		name := ""
		if len(m.list) > 1 {
			name = fmt.Sprintf(" of machine %d", i+1)
		}
		if bad {
			l.Notes = append(l.Notes, notes(x, name, m.booted[i])...)
		}
		if timelines {
			n := timelineWell
			if bad {
				n = timelineMax
			}
			if t := timeline(x, name, n, m.booted[i]); len(t.Tracks) > 0 {
				l.Timelines = append(l.Timelines, t)
			}
		}
	}
	return l
}

// refusal is the machine's last refusal in lines.
func refusal(m *sim.Machine) []string {
	if why := m.Why(); why != nil {
		return strings.Split(why.Explain(), "\n")
	}
	return nil
}

func notes(m *sim.Machine, name string, booted uint64) []scenario.Paragraph {
	var list []scenario.Paragraph
	add := func(title string, lines []string) {
		if len(lines) > 0 {
			list = append(list, scenario.Paragraph{Title: title + name, Lines: lines})
		}
	}
	add("the last refusal", refusal(m))
	add("who holds the slots", holders(m))
	add("the last records", tail(m.Recorder(), lastRecords, booted))
	return list
}

// holders says for every CPU what is installed and reserved; CPUs without anything are left out.
func holders(m *sim.Machine) []string {
	var lines []string
	for cpu := range m.NrCPUs() {
		s, err := m.Slots(cpu)
		if err != nil {
			continue
		}
		for _, u := range []struct {
			kind string
			use  sim.Use
		}{{"bp", s.BP}, {"wp", s.WP}} {
			reserved := u.use.CPUPinned + u.use.TaskPinned
			var held []string
			for slot, ev := range u.use.OnReg {
				if ev == nil {
					continue
				}
				who := fmt.Sprintf("%d: %s 0x%016x", slot, ev.Label(), ev.Addr())
				if t := ev.Task(); t != nil {
					who += fmt.Sprintf(" (%s)", t.Comm())
				}
				held = append(held, who)
			}
			if reserved == 0 && len(held) == 0 {
				continue
			}
			line := fmt.Sprintf("cpu%d %s: %d of %d reserved", cpu, u.kind, reserved, u.use.Limit)
			if len(held) > 0 {
				line += "; installed " + strings.Join(held, ", ")
			}
			lines = append(lines, line)
		}
	}
	const most = 16
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("and %d more", len(lines)-most))
	}
	return lines
}

// newest are the last n entries that stand in the frames view.
func newest(rec *trace.Recorder, n int) []trace.Entry {
	if rec == nil {
		return nil
	}
	// The records of the last instants are enough: only they are put into words.
	var since int64
	times := make([]int64, 0, 4*n)
	for r := range rec.Records {
		if len(times) == cap(times) {
			copy(times, times[1:])
			times = times[:len(times)-1]
		}
		times = append(times, r.T)
	}
	if len(times) > 0 {
		since = times[0]
	}
	var list []trace.Entry
	for e := range rec.Entries(trace.Filter{Since: since}, trace.Frames) {
		if len(list) >= 2*n {
			copy(list, list[len(list)-n:])
			list = list[:n]
		}
		list = append(list, e)
	}
	return list[max(0, len(list)-n):]
}

// afterBoot leaves out the machine's start, which nobody asked about.
func afterBoot(entries []trace.Entry, booted uint64) []trace.Entry {
	for len(entries) > 0 && entries[0].Seq <= booted {
		entries = entries[1:]
	}
	return entries
}

// tail is the end of a trace as text, a line for each entry, indented as far as they are nested in each other.
func tail(rec *trace.Recorder, n int, booted uint64) []string {
	entries := afterBoot(newest(rec, n), booted)
	if len(entries) == 0 {
		return nil
	}
	least := entries[0].Depth
	for _, e := range entries {
		least = min(least, e.Depth)
	}
	var lines []string
	for _, e := range entries {
		lines = append(lines, fmt.Sprintf("cpu%d %s  %s%s%s", e.CPU, seconds(e.T), strings.Repeat("  ", min(e.Depth-least, 20)), e.Call(), resultOf(&e)))
	}
	return lines
}

func seconds(ns int64) string { return fmt.Sprintf("%d.%06ds", ns/1e9, ns%1e9/1e3) }

// timeline draws the newest entries of a machine: on each CPU the tasks and the calls, and how many slots are taken.
func timeline(m *sim.Machine, name string, most int, booted uint64) scenario.Timeline {
	entries := afterBoot(newest(m.Recorder(), most), booted)
	t := scenario.Timeline{Title: "timeline" + name}
	if len(entries) == 0 {
		return t
	}
	now := int64(-1)
	for i, e := range entries {
		if e.T != now {
			now = e.T
			t.Ticks = append(t.Ticks, scenario.Tick{At: i, Label: seconds(e.T)})
		}
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

// tracks are one CPU's part of a timeline: its tasks, its calls, and how many slots were taken.
func tracks(entries []trace.Entry, cpu int) [3]scenario.Track {
	tasks := scenario.Track{Name: fmt.Sprintf("cpu%d tasks", cpu)}
	callsOf := scenario.Track{Name: fmt.Sprintf("cpu%d", cpu)}
	slots := scenario.Track{Name: fmt.Sprintf("cpu%d slots", cpu)}
	least := 1 << 30
	for _, e := range entries {
		if e.CPU == cpu {
			least = min(least, e.Depth)
		}
	}
	level := 0
	var open []int // spans of calls that may still go on
	for i, e := range entries {
		if e.CPU != cpu {
			continue
		}
		who := fmt.Sprintf("%s-%d", e.Comm, e.PID)
		if k := len(tasks.Spans) - 1; k >= 0 && tasks.Spans[k].Label == who {
			tasks.Spans[k].End = i + 1
		} else {
			tasks.Spans = append(tasks.Spans, scenario.Span{Start: i, End: i + 1, Label: who, Kind: "task"})
		}
		depth := e.Depth - least
		// What is at this depth or deeper has ended; what is above goes on.
		for len(open) > 0 && callsOf.Spans[open[len(open)-1]].Depth >= depth {
			open = open[:len(open)-1]
		}
		for _, k := range open {
			callsOf.Spans[k].End = i + 1
		}
		callsOf.Spans = append(callsOf.Spans, scenario.Span{
			Start: i, End: i + 1, Depth: min(depth, 24), Label: e.Fn, Kind: kindOf(&e),
			Detail: e.Call() + resultOf(&e) + "\n" + seconds(e.T) + "  " + who,
		})
		open = append(open, len(callsOf.Spans)-1)
		step := slotsTaken(&e)
		if step == 0 {
			continue
		}
		level = max(level+step, 0)
		if k := len(slots.Spans) - 1; k >= 0 {
			slots.Spans[k].End = i
		}
		slots.Spans = append(slots.Spans, scenario.Span{
			Start: i, End: len(entries), Label: fmt.Sprintf("%d installed", level), Kind: "level", Level: level,
		})
	}
	return [3]scenario.Track{tasks, callsOf, slots}
}

// slotsTaken is 1 for a call that has put an event into a slot, -1 for one that has taken it out, else 0.
func slotsTaken(e *trace.Entry) int {
	if e.Fn != "hw_breakpoint_control" || e.Ret == "" || strings.HasPrefix(e.Ret, "-") {
		return 0
	}
	switch value(e, "ops") {
	case "install":
		return 1
	case "uninstall":
		return -1
	}
	return 0
}

func kindOf(e *trace.Entry) string {
	switch {
	case strings.HasPrefix(e.Ret, "-"):
		return "refused"
	case e.Fn == "write_wb_reg":
		return "write"
	case e.Fn == "perf_bp_event" || e.Fn == "watchpoint_handler" || e.Fn == "breakpoint_handler":
		return "hit"
	}
	return "call"
}

func resultOf(e *trace.Entry) string {
	switch {
	case e.Running:
		return " = ?"
	case e.Ret != "":
		return " = " + e.Ret
	}
	return ""
}

func value(e *trace.Entry, name string) string {
	for _, a := range e.Args {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}
