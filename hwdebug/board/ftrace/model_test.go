package ftrace_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// markLine is a line as the readers of ftrace's text split it: up to five flags, the time, the event's name.
var markLine = regexp.MustCompile(`^ *\S.*-\d+ +\[\d+\] [a-zA-Z0-9.]{1,5} +\d+\.\d+: tracing_mark_write: [BE]\|\d+`)

// What the model writes as ftrace's text comes back as marks: each call with its time, CPU, thread and
// text, in order, and every slice ends inside those around it.
func TestTextOfTheModel(t *testing.T) {
	m, err := sim.New(sim.Config{CPUs: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	attr := hwdebug.Attr{Type: hwdebug.W, Addr: 0xffffff8008c5a000, Len: 8}
	if _, err := m.RegisterWideHwBreakpoint(attr, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.CPU(1).Store(attr.Addr, 8, 1); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	entries := m.Recorder().Entries(trace.Filter{}, trace.Frames)
	if err := trace.WriteFtrace(&text, entries); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") && !markLine.MatchString(line) {
			t.Errorf("not a line of a marker: %s", line)
		}
	}
	var want, got []string
	for e := range entries {
		want = append(want, fmt.Sprintf("%v cpu%d %d %s", time.Duration(e.T), e.CPU, e.PID, e.Text()))
	}
	open, last := map[int]int{}, time.Duration(0)
	r := ftrace.NewReader(&text)
	for rec := range r.Records() {
		if rec.Name == ftrace.Head {
			continue
		}
		if rec.Name != ftrace.Mark || rec.Form != ftrace.Tracefs || rec.T < last {
			t.Fatalf("line %d: %v, form %v, at %v after %v", rec.Line, rec.Name, rec.Form, rec.T, last)
		}
		last = rec.T
		switch id := fmt.Sprintf("|%d", rec.PID); {
		case rec.Text == "E"+id:
			open[rec.PID]--
		case strings.HasPrefix(rec.Text, "B"+id+"|"):
			open[rec.PID]++
			call := strings.TrimPrefix(rec.Text, "B"+id+"|")
			got = append(got, fmt.Sprintf("%v cpu%d %d %s", rec.T, rec.CPU, rec.PID, call))
		}
		if open[rec.PID] < 0 {
			t.Fatalf("line %d ends a slice that is not open", rec.Line)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	for pid, n := range open {
		if n != 0 {
			t.Errorf("%d slices of pid %d do not end", n, pid)
		}
	}
	// Callers without entries of their own are slices too.
	i := 0
	for _, line := range got {
		if i < len(want) && line == want[i] {
			i++
		}
	}
	if i < len(want) {
		t.Errorf("call %d of %d does not come back: %s", i+1, len(want), want[i])
	}
}
