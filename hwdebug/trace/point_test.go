// Points of a schedule among the entries of a trace.

package trace_test

import (
	"slices"
	"testing"

	. "github.com/hwlua/hwlua/hwdebug/trace"
)

// TestPoints: every format shows the points of a schedule where they were, and without points is as before.
func TestPoints(t *testing.T) {
	entries := []Entry{
		{Seq: 3, T: 1000, CPU: 1, PID: 34, Comm: "kworker/1:1", Via: []string{"arm_watch"}, Depth: 1,
			Fn: "register_wide_hw_breakpoint"},
		{Seq: 4, T: 1000, CPU: 1, PID: 34, Comm: "kworker/1:1", Depth: 2, Fn: "reserve_bp_slot"},
		{Seq: 9, T: 2000, CPU: 0, PID: 7, Comm: "app", Fn: "driver_release"},
	}
	points := []Point{
		{Number: 1, After: 0, T: 1000, CPU: 1, Text: "timer of arm_watch fires",
			Next:     []string{"app", "timer"},
			Departed: true},
		{Number: 2, After: 3, T: 1000, CPU: 1, Text: "kworker/1:1 goes on"},
		{Number: 3, After: 4, T: 1000, CPU: 0, Text: "app starts", Next: []string{"kworker/1:1", "app"},
			Departed: true, Left: "kworker/1:1"},
		{Number: 4, After: 9, T: 2000, CPU: 0, Text: "app: \"ends\"", Next: []string{"app", "kworker/1:1"}},
	}
	for file, format := range map[string]Format{
		"points.trace": FormatText, "points.graph": FormatGraph, "points.jsonl": FormatJSON,
		"points.json": FormatPerfetto, "points.ftrace": FormatFtrace,
	} {
		all := slices.Collect(WithPoints(slices.Values(entries), points))
		golden(t, file, render(t, format, all))
		if got, want := render(t, format, slices.Collect(WithPoints(slices.Values(entries), nil))),
			render(t, format, entries); got != want {
			t.Errorf("%s without points:\n%s\nwant\n%s", file, got, want)
		}
	}
}
