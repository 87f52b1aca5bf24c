// The writers against golden files, the reader against the writer, differences and filters.

package trace_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	. "github.com/hwlua/hwlua/hwdebug/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./hwdebug/trace -update writes it)", err)
	}
	if d := firstLineThatDiffers(got, string(want)); d != "" {
		t.Errorf("%s: %s\n(go test ./hwdebug/trace -update rewrites it)", file, d)
	}
}

func firstLineThatDiffers(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		x, y := "(end)", "(end)"
		if i < len(g) {
			x = g[i]
		}
		if i < len(w) {
			y = w[i]
		}
		if x != y {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, x, y)
		}
	}
	return ""
}

func render(t *testing.T, f Format, es []Entry) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f, slices.Values(es)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	all := entries(t)
	for _, tt := range []struct {
		name, file string
		format     Format
		entries    []Entry
	}{
		{"the call tree", "story.trace", FormatText, all},
		{"function_graph with a column a CPU", "story.graph", FormatGraph, all},
		{"ftrace's text", "story.ftrace", FormatFtrace, all},
		{"JSON lines", "story.jsonl", FormatJSON, all},
		{"Chrome trace events", "story.json", FormatPerfetto, all},
		{"the frames view leaves inlined functions out", "frames.trace", FormatText,
			slices.Collect(story(t, 100).Entries(Filter{}, Frames))},
		{
			name:   "a filter by function keeps the nesting of what it selects",
			file:   "filtered.trace",
			format: FormatText,
			entries: slices.Collect(story(t,
				100).Entries(Filter{Fns: []string{"write_wb_reg", "*_bp_slot", "hw_breakpoint_control"}},
				Full)),
		},
		{"callers whose records have gone stand above the first call", "short_ring.trace", FormatText,
			slices.Collect(story(t, 12).Entries(Filter{}, Full))},
		{"nothing", "empty.trace", FormatText, nil},
		{"nothing as a graph", "empty.graph", FormatGraph, nil},
		{"nothing as trace events", "empty.json", FormatPerfetto, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := render(t, tt.format, tt.entries)
			golden(t, tt.file, got)
			if again := render(t, tt.format, tt.entries); again != got {
				t.Errorf("written twice it differs: %s", firstLineThatDiffers(again, got))
			}
		})
	}
}

func TestTextLine(t *testing.T) {
	// The line that STYLE section 6 shows.
	tell := newTeller(t, 10)
	tell.now = 12_500
	s := tell.thread(1, 34, "kworker/1:1")
	s.call(-28, "reserve_bp_slot", 5<<1|1, 1)
	got := render(t, FormatText, slices.Collect(tell.rec.Entries(Filter{}, Full)))
	want := "cpu1 12.500us  [kworker/1:1-34]\ncpu1 12.500us  reserve_bp_slot(w5, data) = -ENOSPC\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		kind Kind
		v    uint64
		want string
	}{
		{Int, minus(7), "-7"}, {Hex, 0xffffff8008c5a000, "0xffffff8008c5a000"}, {Hex, 0, "0x0"},
		{Event, 5<<1 | 1, "w5"}, {Event, 5 << 1, "b5"}, {Event, 0, "none"}, {PID, 3237, "3237"},
		{CPU, 2, "cpu2"}, {CPU, minus(1), "-1"},
		{Slot, 0, "inst"}, {Slot, 1, "data"}, {Slot, 2, "2"}, {Slot, minus(1), "-1"},
		{Op, 0, "install"}, {Op, 1, "uninstall"}, {Op, 2, "restore"}, {Op, 3, "3"},
		{
			kind: Bank,
			v:    0,
			want: "BVR",
		}, {
			kind: Bank,
			v:    16,
			want: "BCR",
		}, {
			kind: Bank,
			v:    32,
			want: "WVR",
		}, {
			kind: Bank,
			v:    48,
			want: "WCR",
		}, {
			kind: Bank,
			v:    64,
			want: "64",
		}, {
			kind: Bank,
			v:    17,
			want: "17",
		},
		{Level, 0, "el0"}, {Level, 1, "el1"}, {Switch, 0, "off"}, {Switch, 1, "on"},
		{Text, 2, "reserve_bp_slot"}, {Text, 1 << 40, "1099511627776"},
		{Jiffy, 1 << 63, "9223372036854775808"}, {NoValue, 7, ""},
		{Errno, 0, "0"}, {Errno, minus(28), "-ENOSPC"}, {Errno, minus(524), "-ENOTSUPP"},
		{Errno, 3, "3"}, {Errno, minus(33), "-33"}, {Errno, 1 << 63, "-9223372036854775808"},
	} {
		if got := valueOf(tt.kind, tt.v); got != tt.want {
			t.Errorf("value %#x of kind %d prints as %q, want %q", tt.v, tt.kind, got, tt.want)
		}
	}
	for _, e := range hwdebug.Errnos {
		if got, want := valueOf(Errno, minus(int64(e.Number))), "-"+e.Name; got != want {
			t.Errorf("errno %d prints as %q, want %q", -e.Number, got, want)
		}
	}
}

// valueOf returns the text of a result of that kind.
func valueOf(k Kind, v uint64) string {
	rec := NewRecorder(NewTable([]Fn{{Name: "f", Ret: k}, {Name: "g"}, {Name: "reserve_bp_slot"}}), 1, 1)
	r := rec.Next()
	r.Node, r.PID = rec.Child(0, KeyOf(0, false)), 1
	r.Return(r.Seq, int64(v))
	for e := range rec.Entries(Filter{}, Full) {
		return e.Ret.String()
	}
	return ""
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]Format{
		"a.txt": FormatText, "a.trace": FormatText, "A.TXT": FormatText, "x/a.graph": FormatGraph,
		"a.jsonl": FormatJSON, "a.json": FormatPerfetto, "a.ftrace": FormatFtrace,
	} {
		if got, err := FormatOf(file); got != want || err != nil {
			t.Errorf("FormatOf(%q) = %q, %v, want %q", file, got, err, want)
		}
	}
	if _, err := FormatOf("trace.xml"); err == nil || !strings.Contains(err.Error(), ".json (Perfetto") {
		t.Errorf("an unknown ending gives %v, which does not say what there is", err)
	}
	if err := Write(&bytes.Buffer{}, "xml", nil); err == nil {
		t.Error("an unknown format is written")
	}
}

// Seen has the functions entered and those that called them, which may be no calls of their own.
func TestSeen(t *testing.T) {
	table := NewTable([]Fn{{Name: "(none)"}, {Name: "kthread"}, {Name: "schedule"}, {Name: "panic"}})
	r := NewRecorder(table, 1, 0)
	r.Child(r.Child(r.Child(0, KeyOf(1, false)), KeyOf(r.Name("a_script"), false)), KeyOf(2, true))
	if got, want := r.Seen(), []bool{false, true, true, false}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFilter(t *testing.T) {
	rec := story(t, 100)
	count := func(f Filter) int { return len(slices.Collect(rec.Entries(f, Full))) }
	all := entries(t)
	by := func(keep func(*Entry) bool) (n int) {
		for i := range all {
			if keep(&all[i]) {
				n++
			}
		}
		return n
	}
	for _, tt := range []struct {
		name string
		f    Filter
		keep func(*Entry) bool
	}{
		{"none", Filter{}, func(*Entry) bool { return true }},
		{
			name: "a function",
			f:    Filter{Fns: []string{"write_wb_reg"}},
			keep: func(e *Entry) bool { return e.Fn == "write_wb_reg" },
		},
		{"a pattern", Filter{Fns: []string{"*_bp_*t"}}, func(e *Entry) bool {
			return e.Fn == "reserve_bp_slot" || e.Fn == "toggle_bp_slot" || e.Fn == "perf_bp_event"
		}},
		{
			name: "a pattern that is the whole name",
			f:    Filter{Fns: []string{"*msleep*"}},
			keep: func(e *Entry) bool { return e.Fn == "msleep" },
		},
		{"a CPU", Filter{CPUs: []int{1}}, func(e *Entry) bool { return e.CPU == 1 }},
		{
			name: "CPU 0 and a time",
			f:    Filter{CPUs: []int{0}, Until: 12_501},
			keep: func(e *Entry) bool { return e.CPU == 0 },
		},
		{"a pid", Filter{PIDs: []int{34, 99}}, func(e *Entry) bool { return e.PID == 34 }},
		{"a comm", Filter{Comms: []string{"kworker/*"}}, func(e *Entry) bool { return e.PID == 34 }},
		{"since", Filter{Since: 28_809_660_123}, func(e *Entry) bool { return e.T > 12_500 }},
		{"until", Filter{Until: 28_809_660_123}, func(e *Entry) bool { return e.T == 12_500 }},
		{"failed", Filter{Failed: true}, func(e *Entry) bool { return e.Failed() }},
		{"none of them", Filter{CPUs: []int{7}}, func(*Entry) bool { return false }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := count(tt.f), by(tt.keep)
			if got != want {
				t.Errorf("%d records, want %d", got, want)
			}
			if want == 0 && tt.name != "none of them" {
				t.Error("the story has no such record: the test says nothing")
			}
		})
	}
}

// TestJSON reads every line back with encoding/json and compares it with its entry.
func TestJSON(t *testing.T) {
	es := append(entries(t),
		Entry{Seq: 1 << 63, T: -5, CPU: 63, Comm: "a \"b\" \\ \u2028 <&> \x01 ü", Depth: 1,
			Via: []string{"<anonymous>"}, Fn: "f",
			Args: []Value{
				{Name: "least", Kind: Int, Bits: minus(1<<53 - 1)},
				{Name: "tooLow", Kind: Int, Bits: minus(1 << 53)},
				{Name: "most", Kind: Jiffy, Bits: 1<<53 - 1},
				{Name: "tooHigh", Kind: Jiffy, Bits: 1<<64 - 1},
				{Name: "<&>", Kind: Event, Bits: 5},
			}},
		Entry{Fn: "g", Running: true})
	lines := strings.Split(strings.TrimSuffix(render(t, FormatJSON, es), "\n"), "\n")
	if len(lines) != len(es) {
		t.Fatalf("%d lines for %d entries", len(lines), len(es))
	}
	for i, line := range lines {
		var got struct {
			Seq             uint64
			T               time.Duration
			CPU, PID, Depth int
			Comm, Fn        string
			Via             []string
			Args            map[string]any
			Ret             any
			Running         bool
		}
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		d.DisallowUnknownFields()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		e := &es[i]
		text := Entry{Seq: got.Seq, T: got.T, CPU: got.CPU, PID: got.PID, Comm: got.Comm,
			Depth: got.Depth, Via: got.Via, Fn: got.Fn, Running: got.Running}
		same := *e
		same.Args, same.Ret = nil, Value{}
		if !reflect.DeepEqual(text, same) {
			t.Errorf("got  %+v\nwant %+v", text, same)
		}
		for _, v := range append(slices.Clone(e.Args), e.Ret) {
			back, ok := got.Args[v.Name]
			if v.Name == "" {
				back, ok = got.Ret, v.Kind == NoValue == (got.Ret == nil)
			}
			if back == nil {
				back = ""
			}
			if !ok || fmt.Sprint(back) != v.String() {
				t.Errorf("%q of %s = %v, want %s", v.Name, e.Fn, back, v)
			}
			if n, isNumber := back.(json.Number); isNumber {
				if f, _ := n.Float64(); math.Abs(f) >= 1<<53 {
					t.Errorf("%q is the number %s, which readers may round", v.Name, n)
				}
			}
		}
	}
}

func minus(n int64) uint64 { return uint64(-n) }

type brokenWriter struct{}

var errBroken = errors.New("no space left")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsComeBack(t *testing.T) {
	for _, f := range []Format{FormatText, FormatGraph, FormatFtrace, FormatJSON, FormatPerfetto} {
		if err := Write(brokenWriter{}, f, slices.Values(entries(t))); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// TestPerfettoNests holds what a viewer relies on: valid JSON, times that never go back, and on
// each track ends that meet beginnings.
func TestPerfettoNests(t *testing.T) {
	checkPerfetto(t, render(t, FormatPerfetto, entries(t)), 1)
}

// TestPerfettoOfSeveralMachines: CPUs and tracks of different machines are different, and times begin anew.
func TestPerfettoOfSeveralMachines(t *testing.T) {
	var b strings.Builder
	p := NewPerfetto(&b)
	for _, title := range []string{"first", "second \"one\"", "third"} {
		if err := p.Machine(title, slices.Values(entries(t))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	checkPerfetto(t, b.String(), 3)
	for _, want := range []string{
		`{"ph":"M","name":"process_name","pid":1,"args":{"name":"CPU 1: first"}}`,
		`"args":{"name":"CPU 1: second \"one\""}}`,
		`"args":{"sort_index":2001}}`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

func checkPerfetto(t *testing.T, text string, machines int) {
	t.Helper()
	var file struct {
		TraceEvents []struct {
			Ph, Name string
			Ts       float64
			PID, TID int
			Args     map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	open := map[int][]string{}
	owner := map[int]int{}
	processes := map[int]string{}
	last := -1.0
	for i, e := range file.TraceEvents {
		if e.TID != 0 {
			if pid, ok := owner[e.TID]; ok && pid != e.PID {
				t.Errorf("event %d: track %d is of processes %d and %d", i, e.TID, pid, e.PID)
			}
			owner[e.TID] = e.PID
		}
		if e.Ph == "M" {
			if e.Name == "process_name" {
				if was, ok := processes[e.PID]; ok {
					t.Errorf("event %d: process %d is %v and %s", i, e.PID, e.Args["name"], was)
				}
				processes[e.PID] = e.Args["name"].(string)
			}
			continue
		}
		if e.Ts <= last {
			if machines--; machines == 0 { // with more than one left, the next one's time begins
				t.Errorf("event %d (%s %s) at %v us, after one at %v us", i, e.Ph, e.Name, e.Ts, last)
			}
		}
		last = e.Ts
		switch e.Ph {
		case "B":
			open[e.TID] = append(open[e.TID], e.Name)
		case "E":
			if len(open[e.TID]) == 0 {
				t.Errorf("event %d ends a slice of track %d, which has none", i, e.TID)
				continue
			}
			open[e.TID] = open[e.TID][:len(open[e.TID])-1]
		}
	}
	for tid := range owner {
		if name, ok := processes[tid]; ok {
			t.Errorf("track %d has the number of process %q", tid, name)
		}
	}
	if machines > 1 {
		t.Errorf("%d machines fewer than there should be", machines-1)
	}
	for tid, names := range open {
		if len(names) > 0 {
			t.Errorf("track %d ends with %v open", tid, names)
		}
	}
}

func TestPerfettoShowsWorkHitsAndSlots(t *testing.T) {
	text := render(t, FormatPerfetto, entries(t))
	for _, want := range []string{
		`{"ph":"B","name":"watch_point_delayed_work_func",`, // on the work track
		`"name":"hit w2"`,
		`"name":"slots"`,
		`"args":{"bp":0,"wp":1}`,
		`"args":{"bp":"b3","type":"inst","ret":"-ENOSPC"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestMigration tells of a task that sleeps on one CPU and wakes on another: its calls end there
// and go on here.
func TestMigration(t *testing.T) {
	tell := newTeller(t, 100)
	s := tell.thread(0, 40, "walker", "body")
	s.enter("process_one_work", 0)
	s.enter("msleep", 5)
	s.cpu, tell.now = 1, 5_000_000
	s.call(0, "remote_function")
	s.exit(0)
	s.exit(0)
	es := slices.Collect(tell.rec.Entries(Filter{}, Full))
	golden(t, "migration.trace", render(t, FormatText, es))
	golden(t, "migration.graph", render(t, FormatGraph, es))
	text := render(t, FormatPerfetto, es)
	golden(t, "migration.json", text)
	checkPerfetto(t, text, 1)
}

// FuzzWrite tells a recorder whatever calls the bytes stand for: every format writes them, as valid
// JSON where it is JSON, and Perfetto's slices nest.
func FuzzWrite(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add([]byte("\x09\x00\x41\x80\x0c\x05\x80\x80\x06\x03"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tell := newTeller(t, 64)
		stacks := []*stack{tell.thread(0, 1, "hwlua"), tell.thread(1, 0, "swapper/1", "do_idle"),
			tell.thread(1, 34, "k\"w<&>")}
		for _, c := range data {
			s := stacks[int(c>>4)%len(stacks)]
			switch {
			case c >= 0xe0:
				tell.now += time.Duration(c)
			case c&0x80 != 0 && len(s.seqs) > 0 && s.seqs[len(s.seqs)-1] != 0:
				s.exit(int64(c&15) - 8)
			case c&0x80 != 0:
				s.cpu = int(c) & 1
			default:
				name := fns[int(c)%len(fns)].Name
				s.enter(name, uint64(c), uint64(c)&3, -uint64(c))
			}
		}
		es := slices.Collect(tell.rec.Entries(Filter{}, View(len(data)%2)))
		render(t, FormatText, es)
		render(t, FormatGraph, es)
		for line := range strings.Lines(render(t, FormatJSON, es)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("invalid JSON: %s", line)
			}
		}
		checkPerfetto(t, render(t, FormatPerfetto, es), 1)
	})
}

func BenchmarkWriteText(b *testing.B) { benchmarkWrite(b, FormatText) }

func BenchmarkWriteJSON(b *testing.B) { benchmarkWrite(b, FormatJSON) }

func BenchmarkWritePerfetto(b *testing.B) { benchmarkWrite(b, FormatPerfetto) }

func benchmarkWrite(b *testing.B, f Format) {
	es := entries(b)
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := Write(&out, f, slices.Values(es)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(es)), "ns/entry")
}

// A deferred Close after a checked Close leaves the file intact.
func TestPerfettoClosesOnce(t *testing.T) {
	var b bytes.Buffer
	p := NewPerfetto(&b)
	if err := p.Machine("", slices.Values([]Entry{{Seq: 1, Fn: "f", PID: 1, Comm: "c"}})); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := p.Machine("late", slices.Values([]Entry{{Seq: 1, Fn: "f"}})); err == nil {
		t.Error("a machine was added to a closed file")
	}
	if err := p.Close(); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("%v\n%s", err, b.Bytes())
	}
}
