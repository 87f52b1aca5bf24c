// The writers against golden files, the reader against the writer, differences and filters.

package trace_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
		{"JSON lines", "story.jsonl", FormatJSON, all},
		{"Chrome trace events", "story.json", FormatPerfetto, all},
		{"the frames view leaves inlined functions out", "frames.trace", FormatText,
			slices.Collect(story(t, 100).Entries(Filter{}, Frames))},
		{"a filter by function keeps the nesting of what it selects", "filtered.trace", FormatText,
			slices.Collect(story(t, 100).Entries(Filter{Fns: []string{"write_wb_reg", "*_bp_slot", "hw_breakpoint_control"}}, Full))},
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
	rec := NewRecorder(NewTable(fns), 2, 0)
	minus := func(n int64) uint64 { return uint64(-n) }
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
		{Bank, 0, "BVR"}, {Bank, 16, "BCR"}, {Bank, 32, "WVR"}, {Bank, 48, "WCR"}, {Bank, 64, "64"}, {Bank, 17, "17"},
		{Level, 0, "el0"}, {Level, 1, "el1"}, {Switch, 0, "off"}, {Switch, 1, "on"},
		{Text, 2, "reserve_bp_slot"}, {Text, 1 << 40, "1099511627776"},
		{Jiffy, 1 << 63, "9223372036854775808"}, {NoValue, 7, ""},
		{Errno, 0, "0"}, {Errno, minus(28), "-ENOSPC"}, {Errno, minus(524), "-ENOTSUPP"},
		{Errno, 3, "3"}, {Errno, minus(33), "-33"}, {Errno, 1 << 63, "-9223372036854775808"},
	} {
		if got := rec.Format(tt.kind, tt.v); got != tt.want {
			t.Errorf("kind %d of %#x is %q, want %q", tt.kind, tt.v, got, tt.want)
		}
	}
	for _, e := range hwdebug.Errnos {
		if got := ErrnoText(int64(-e.Number)); got != "-"+e.Name {
			t.Errorf("%d is printed as %q, the errno table calls it %s", -e.Number, got, e.Name)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]Format{
		"a.txt": FormatText, "a.trace": FormatText, "A.TXT": FormatText, "x/a.graph": FormatGraph, "a.jsonl": FormatJSON, "a.json": FormatPerfetto,
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
		{"a function", Filter{Fns: []string{"write_wb_reg"}}, func(e *Entry) bool { return e.Fn == "write_wb_reg" }},
		{"a pattern", Filter{Fns: []string{"*_bp_*t"}}, func(e *Entry) bool {
			return e.Fn == "reserve_bp_slot" || e.Fn == "toggle_bp_slot" || e.Fn == "perf_bp_event"
		}},
		{"a pattern that is the whole name", Filter{Fns: []string{"*msleep*"}}, func(e *Entry) bool { return e.Fn == "msleep" }},
		{"a CPU", Filter{CPUs: []int{1}}, func(e *Entry) bool { return e.CPU == 1 }},
		{"CPU 0 and a time", Filter{CPUs: []int{0}, Until: 12_501}, func(e *Entry) bool { return e.CPU == 0 }},
		{"a pid", Filter{PIDs: []int{34, 99}}, func(e *Entry) bool { return e.PID == 34 }},
		{"a comm", Filter{Comms: []string{"kworker/*"}}, func(e *Entry) bool { return e.PID == 34 }},
		{"since", Filter{Since: 28_809_660_123}, func(e *Entry) bool { return e.T > 12_500 }},
		{"until", Filter{Until: 28_809_660_123}, func(e *Entry) bool { return e.T == 12_500 }},
		{"failed", Filter{Failed: true}, func(e *Entry) bool { return strings.HasPrefix(e.Ret, "-") }},
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

func TestJSONComesBack(t *testing.T) {
	es := entries(t)
	// And what no machine has said yet.
	es = append(es,
		Entry{Seq: 1 << 63, T: -5, CPU: 63, Comm: "a \"b\" \\ \u2028 <&> \x01 ü", Depth: 1, Via: []string{"<anonymous>"}, Fn: "f",
			Args: []NamedValue{{"n", "-9007199254740991"}, {"big", "9007199254740992"}, {"zero", "-0"}, {"lead", "007"}, {"text", ""}, {"n", "again"}}},
		Entry{Fn: "g", Running: true})
	text := render(t, FormatJSON, es)
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	back, err := readAll(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := render(t, FormatJSON, back); d != text {
		t.Errorf("written, read and written: %s", firstLineThatDiffers(d, text))
	}
	if d := Diff(slices.Values(es), slices.Values(back)); d != nil {
		t.Errorf("what was read differs from what was written: %v", d)
	}
	for _, f := range []Format{FormatText, FormatGraph, FormatPerfetto} {
		if a, b := render(t, f, es), render(t, f, back); a != b {
			t.Errorf("%s from what was read: %s", f, firstLineThatDiffers(b, a))
		}
	}
}

func readAll(text string) ([]Entry, error) {
	var es []Entry
	for e, err := range ReadJSON(strings.NewReader(text)) {
		if err != nil {
			return es, err
		}
		es = append(es, e)
	}
	return es, nil
}

func TestReadJSONRefuses(t *testing.T) {
	good := `{"seq":1,"t":0,"cpu":0,"pid":1,"comm":"hwlua","depth":0,"fn":"f"}`
	if es, err := readAll("\n" + good + "\n\n" + good); err != nil || len(es) != 2 {
		t.Fatalf("two records between blank lines: %d, %v", len(es), err)
	}
	for _, tt := range []struct{ name, line, message string }{
		{"text", "hello", "line 2: not a trace record"},
		{"an empty object", "{}", `it has no "seq" or no "fn"`},
		{"an unknown field", `{"seq":1,"fn":"f","colour":"red"}`, `unknown field "colour"`},
		{"two objects", good + good, "more than one object"},
		{"a negative CPU", `{"seq":1,"fn":"f","cpu":-1}`, "cpu -1"},
		{"a depth that via contradicts", `{"seq":1,"fn":"f","depth":1,"via":["a","b"]}`, "depth 1 with 2 callers"},
		{"arguments that are no object", `{"seq":1,"fn":"f","args":[1]}`, "args: an object is expected"},
		{"an argument that is a list", `{"seq":1,"fn":"f","args":{"a":[1]}}`, "args: a: [1] is neither text nor an integer"},
		{"a number that lost precision", `{"seq":1,"fn":"f","ret":18446744073709551615}`, "ret: 18446744073709551615 is neither"},
		{"a fraction", `{"seq":1,"fn":"f","args":{"a":1.5}}`, "a: 1.5 is neither"},
		{"a line beyond the limit", strings.Repeat(" ", 2<<20), "token too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			es, err := readAll(good + "\n" + tt.line + "\n" + good)
			if err == nil || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("%v, want %q", err, tt.message)
			}
			if len(es) != 1 {
				t.Errorf("%d records were read, want the one before", len(es))
			}
		})
	}
}

type brokenWriter struct{}

var errBroken = errors.New("no space left")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsComeBack(t *testing.T) {
	for _, f := range []Format{FormatText, FormatGraph, FormatJSON, FormatPerfetto} {
		if err := Write(brokenWriter{}, f, slices.Values(entries(t))); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestDiff(t *testing.T) {
	change := func(i int, f func(e *Entry)) []Entry {
		es := entries(t)
		f(&es[i])
		return es
	}
	a := entries(t)
	at := slices.IndexFunc(a, func(e Entry) bool { return e.Ret == "-ENOSPC" })
	for _, tt := range []struct {
		name string
		b    []Entry
		want string // empty: no difference
	}{
		{"the same", entries(t), ""},
		{"other sequence numbers", change(3, func(e *Entry) { e.Seq = 99 }), ""},
		{"another result", change(at, func(e *Entry) { e.Ret = "0" }),
			"reserve_bp_slot(b3, inst) returned -ENOSPC in the first, returned 0 in the second\n" +
				"- cpu1 28809660.123us  [kworker/1:1-34] reserve_bp_slot(b3, inst) = -ENOSPC\n" +
				"+ cpu1 28809660.123us  [kworker/1:1-34] reserve_bp_slot(b3, inst) = 0\n" +
				"  in perf_event_create_kernel_counter < watch_point_delayed_work_func < process_one_work < worker_thread < kthread < ret_from_fork"},
		{"another function", change(at, func(e *Entry) { e.Fn = "f" }), "reserve_bp_slot(b3, inst) in the first, f(b3, inst) in the second"},
		{"another CPU", change(at, func(e *Entry) { e.CPU = 0 }), "reserve_bp_slot ran on cpu1 in the first, cpu0 in the second"},
		{"another task", change(at, func(e *Entry) { e.PID = 35 }), "ran as kworker/1:1-34 in the first, kworker/1:1-35 in the second"},
		{"another argument", change(at, func(e *Entry) { e.Args[0].Value = "b4" }), "reserve_bp_slot: bp is b3 in the first, b4 in the second"},
		{"another argument's name", change(at, func(e *Entry) { e.Args[0].Name = "ev" }), "argument 1 of reserve_bp_slot is called bp in the first, ev in the second"},
		{"fewer arguments", change(at, func(e *Entry) { e.Args = e.Args[:1] }), "has 2 arguments in the first, 1 in the second"},
		{"not returned", change(at, func(e *Entry) { e.Running = true }), "returned -ENOSPC in the first, has not returned in the second"},
		{"another caller", change(0, func(e *Entry) { e.Via = []string{"main"} }), "at depth 1 through watch_everything in the first, at depth 1 through main in the second"},
		{"another time", change(at, func(e *Entry) { e.T++ }), "was entered at 28809660.123us in the first, 28809660.124us in the second"},
		{"one ends", entries(t)[:at], "the second ends, the first goes on with reserve_bp_slot(b3, inst)"},
		{"one is empty", nil, "after 0 entries that agree: the second ends, the first goes on with register_wide_hw_breakpoint()"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Diff(slices.Values(a), slices.Values(tt.b))
			switch {
			case tt.want == "" && d != nil:
				t.Errorf("%v", d)
			case tt.want != "" && (d == nil || !strings.Contains(d.String(), tt.want)):
				t.Errorf("got\n%v\nwant\n%s", d, tt.want)
			}
			if back := Diff(slices.Values(tt.b), slices.Values(a)); (back == nil) != (d == nil) {
				t.Errorf("the other way round it is %v", back)
			}
		})
	}
}

// TestPerfettoNests holds what a viewer relies on: valid JSON, times that never go back, and on each track ends that meet
// beginnings.
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

// TestMigration tells of a task that sleeps on one CPU and wakes on another: its calls end there and go on here.
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

func FuzzReadJSON(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "story.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"seq":1,"t":-9223372036854775808,"cpu":0,"pid":0,"depth":3,"via":["a"],"fn":"f","args":{"a":1,"a":"x"},"ret":0}`))
	f.Add([]byte(`{"seq":1,"fn":"process_one_work"}` + "\n" + `{"seq":2,"depth":2,"cpu":3,"fn":"g"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		es, err := readAll(string(data))
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		// What was read can be written in every format, and comes back.
		text := render(t, FormatJSON, es)
		back, err := readAll(text)
		if err != nil {
			t.Fatalf("what was read is written as what cannot be read: %v\n%s", err, text)
		}
		if d := Diff(slices.Values(es), slices.Values(back)); d != nil {
			t.Errorf("%v", d)
		}
		render(t, FormatText, es)
		render(t, FormatGraph, es)
		p := render(t, FormatPerfetto, es)
		if !json.Valid([]byte(p)) {
			t.Errorf("not JSON: %s", p)
		}
	})
}

func BenchmarkWriteText(b *testing.B) { benchmarkWrite(b, FormatText) }

func BenchmarkWriteJSON(b *testing.B) { benchmarkWrite(b, FormatJSON) }

func BenchmarkWritePerfetto(b *testing.B) { benchmarkWrite(b, FormatPerfetto) }

func benchmarkWrite(b *testing.B, f Format) {
	text, err := os.ReadFile(filepath.Join("testdata", "story.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	es, err := readAll(string(text))
	if err != nil {
		b.Fatal(err)
	}
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

// A deferred Close beside one whose error is looked at leaves the file whole.
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
