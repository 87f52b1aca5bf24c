package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

var update = flag.Bool("update", false, "write the golden files")

// words returns a side of a failure without a value.
func words(text string) vm.Side { return vm.Side{Words: text} }

// caseAt returns a case of three lines. A slash in name separates the describes.
func caseAt(file, name string, line int) *scenario.Case {
	return &scenario.Case{
		File: file, Path: strings.Split(name, "/"), Line: line, LastLine: line + 2, Tags: []string{"seed"},
	}
}

// failedRegisters returns a case with a failed check, a table of registers, notes and a timeline.
func failedRegisters() *scenario.Result {
	return &scenario.Result{
		Case:   caseAt("a/one.lua", "slots/hold", 20),
		Status: scenario.Failed,
		Repro:  "hwlua run a/one.lua:20",
		Tries:  3,
		Output: "\tprinted\n  twice\n",
		Failures: []*scenario.Failure{
			{
				Kind: "assertion", Soft: true, Message: "check.equals failed",
				File: "a/one.lua", Line: 21, Source: "  check.equals(1, 2)",
				Comparison: vm.Comparison{Expected: words("1"), Found: words("2")},
			},
			{
				Kind: "assertion", Message: "assert.regs failed",
				File: "a/one.lua", Line: 22, Source: "  assert.regs(m, want)",
				Comparison: vm.Comparison{Registers: []vm.RegisterDiff{
					{
						CPU: "cpu0", Name: "DBGWCR0_EL1", Expected: 0x1e5, Found: 0x1e4,
						Fields: []vm.FieldDiff{{Name: "E", Expected: "1", Found: "0"}},
					},
					{
						CPU: "cpu1", Name: "MDSCR_EL1", Expected: 0xb000, Found: 0x1000,
						Fields: []vm.FieldDiff{
							{Name: "MDE", Expected: "1", Found: "0"},
							{Name: "KDE", Expected: "1", Found: "0"},
						},
					},
					{CPU: "cpu1", Name: "DBGWCR1_EL1", Expected: 0x1e5, Found: 0x5},
					{CPU: "cpu1", Name: "DBGWCR2_EL1", Expected: 0x5, Found: 0x15},
				}},
			},
		},
		Look: scenario.Look{
			Notes: []scenario.Paragraph{{
				Title: "last records",
				Lines: []string{
					"cpu0 28.000000s  write_wb_reg(48, 0, 0x1e4)",
					"cpu0 28.000000s    <nested> & more",
				},
			}},
			Timelines: []scenario.Timeline{timeline()},
		},
	}
}

// timeline returns a drawing with every kind of span.
func timeline() scenario.Timeline {
	return scenario.Timeline{
		Title: "timeline",
		Ticks: []scenario.Tick{{At: 0, Label: "0.000000s"}, {At: 3, Label: "28.000000s"}},
		Tracks: []scenario.Track{
			{Name: "schedule", Spans: []scenario.Span{
				{Start: 1, End: 2, Label: "1", Detail: "point 1: app starts", Kind: "point"},
				{Start: 4, End: 5, Label: "2-13", Detail: "point 2*: irq\npoint 13: app", Kind: "departure"},
			}},
			{Name: "cpu0 tasks", Spans: []scenario.Span{{Start: 0, End: 6, Label: "hwlua-1", Kind: "task"}}},
			{Name: "cpu0", Spans: []scenario.Span{
				{
					Start: 0, End: 4, Label: "reserve_bp_slot", Detail: "reserve_bp_slot(w1) = -ENOSPC",
					Kind: "refused",
				},
				{Start: 1, End: 2, Label: "write_wb_reg", Kind: "write", Depth: 1},
				{Start: 5, End: 5, Label: "hit", Kind: "hit"},
			}},
			{Name: "cpu0 slots", Spans: []scenario.Span{
				{Start: 2, End: 6, Label: "1 installed", Kind: "level", Level: 1},
			}},
		},
	}
}

// failedSchedule returns a case that fails in one of its orders.
func failedSchedule() *scenario.Result {
	schedule := &vm.Schedule{
		Text: "x1-0.1-0.1-9.1-c556", Runs: 6,
		Steps: []vm.ScheduleStep{
			{
				Number: 1, Track: "cpu10", Text: "timer of arm_watch fires at 0.008 s",
				Next: []string{"app", "timer of arm_watch"}, Taken: 1, Departed: true,
			},
			{
				Number: 8, Track: "cpu10", Text: "kworker/10:0: m:register_wide_hw_breakpoint (race.lua:6)",
				Next: []string{"kworker/10:0", "app", "<idle>"},
			},
			{
				Number: 9, Track: "cpu2", Text: "app starts", Next: []string{"kworker/10:0", "app", "<idle>"},
				Taken: 1, Departed: true, Left: "cpu10",
			},
			{Number: 10, Track: "cpu2", Text: "app: t:load (race.lua:8)"},
		},
		Lines:   []string{"        cpu2      cpu10", "  1 *             timer of arm_watch fires"},
		Summary: []string{"1 preemption, 2 departures from the default order (*)"},
	}
	return &scenario.Result{
		Case: caseAt("a/three.lua", "release cancels its work", 2), Status: scenario.Failed,
		Repro:    "hwlua run a/three.lua:2 --schedule x1-0.1-0.1-9.1-c556",
		Explored: &vm.Exploration{Runs: 6, Failed: true, Failures: 1, Schedule: *schedule},
		Failures: []*scenario.Failure{{
			Kind: "assertion", Message: "assert.no_leaks failed", File: "a/three.lua", Line: 15,
			Comparison: vm.Comparison{Expected: words("nothing left"), Found: words("2 things left")},
			Schedule:   schedule,
		}},
		Look: scenario.Look{
			Notes: []scenario.Paragraph{{Title: "the slots in use", Lines: []string{"cpu2: 1"}}},
		},
	}
}

// failedTexts returns the cases of a/two.lua: an error, and differences of texts of all kinds.
func failedTexts() []*scenario.Result {
	compared := func(line int, expected, found string) *scenario.Failure {
		return &scenario.Failure{
			Kind: "assertion", Message: "assert.equals failed",
			File: "a/two.lua", Line: line, Source: "assert.equals(want, got)",
			Comparison: vm.Comparison{Expected: words(expected), Found: words(found)},
		}
	}
	checked := func(line int, expected, found string) *scenario.Failure {
		f := compared(line, expected, found)
		f.Soft, f.Message, f.Source = true, "check.equals failed", "check.equals(want, got)"
		return f
	}
	failed := func(name string, line int, failures ...*scenario.Failure) *scenario.Result {
		return &scenario.Result{
			Case: caseAt("a/two.lua", name, line), Status: scenario.Failed,
			Repro: fmt.Sprintf("hwlua run a/two.lua:%d", line), Failures: failures,
		}
	}
	behind := compared(13, `"found 6 breakpoint registers"`, `"found 8 breakpoint registers"`)
	behind.Details = []vm.Detail{{Path: "[1]", Expected: words("6"), Found: words("8")}}
	message := checked(17, "0x00000000000001e5", "0x00000000000001e50")
	message.Message = "a \"message\"\n\tof two lines"
	message.Notes = []scenario.Paragraph{{
		Title: "asked of the machine", Lines: []string{"4 of 4 slots <reserved>", "w1 w2 w3 w4"},
	}}
	matched := checked(18, "write_wb_reg < ...", "write_wb_reg < hw_breakpoint_control")
	matched.Message, matched.Source = "check.matches failed", "check.matches(want, got)"
	return []*scenario.Result{
		{
			Case: caseAt("a/two.lua", "goes wrong", 5), Status: scenario.Errored,
			Repro: "hwlua run a/two.lua:5",
			Failures: []*scenario.Failure{{
				Kind: "error", Message: "attempt to index local 'ev' (a nil value)",
				File: "a/lib.lua", Line: 7, Source: "return ev.slot", Errno: "ENOSPC",
				Frames: []vm.Frame{
					{Func: "slot", File: "a/lib.lua", Line: 7},
					{File: "a/two.lua", Line: 6, Defined: 5},
				},
			}},
		},
		failed("differs in text", 9, compared(10, "first\nsecond\nthird", "first\n2nd\nthird")),
		failed("differs behind", 12, behind),
		failed("says more", 16, message, matched,
			checked(18, "0x00000000000001e50", "0x00000000000001e5"),
			checked(18, "columns\tof a table", "columns\tof two tables"),
			compared(19, "abc0000000000000", "abd0000000000000")),
	}
}

// stream tells k about a run with everything in it that reports have to cope with.
func stream(k scenario.Sink, interrupted bool) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	sum := &scenario.Summary{Files: 5, Elapsed: 1234 * time.Millisecond, Deselected: 2, OtherShards: 9}
	tell := func(r *scenario.Result) {
		r.Start, r.Elapsed, r.Title = start, 12*time.Millisecond, "What does a report look like?"
		sum.Counts[r.Status]++
		k.Case(r)
	}
	k.Begin(scenario.Info{
		Shard: scenario.Shard{Index: 1, Total: 3}, ShardFrom: "GitLab", Shuffled: true, Seed: 42,
		Properties: []scenario.Property{{Name: "kernel", Value: "6.1.192"}},
	})
	tell(&scenario.Result{Case: caseAt("a/one.lua", "slots/are taken lowest first", 3)})
	tell(&scenario.Result{
		Case:   caseAt("a/one.lua", "slots/print # and \\ and %25 \"quoted\" <tags> & ]]>", 9),
		Output: "two\nlines \x1b[31m\x00 and \xff bytes\n",
	})
	tell(failedRegisters())
	k.Warning("a/two.lua:1: unknown key 'tag:'; did you mean 'tags'?")
	for _, r := range failedTexts() {
		tell(r)
	}
	tell(failedSchedule())
	tell(&scenario.Result{
		Case: caseAt("a/three.lua", "has many orders", 20),
		Explored: &vm.Exploration{
			Runs: 50, Limit: "not all: max_runs ended the exploration", Notes: []string{"race: n is written"},
		},
	})
	k.Broken(&scenario.Broken{File: "b/broken.lua", Line: 3, Message: "syntax error near 'end'"})
	tell(&scenario.Result{
		Case: caseAt("b/skipped.lua", "all skipped", 1), Status: scenario.Skipped, Reason: "needs vhe",
	})
	tell(&scenario.Result{
		Case: caseAt("c.lua", "needs more", 1), Status: scenario.Skipped, Reason: "needs cpus>=8, cpus is 4",
	})
	later := caseAt("c.lua", "comes later", 2)
	later.Round = 2
	tell(&scenario.Result{Case: later, Status: scenario.Pending, Reason: "until #7 is done"})
	on6 := caseAt("c.lua", "runs on", 4)
	on6.Kernel = "6.1.192"
	tell(&scenario.Result{Case: on6})
	tell(&scenario.Result{
		Case: caseAt("c.lua", "waits for the host #slow", 6), Tries: 2, Flaky: &scenario.Failure{
			Kind: "timeout", Message: "timed out after 1s; the script was here", File: "c.lua", Line: 7,
		},
	})
	sum.Flaky, sum.Unusable = 1, 1
	if interrupted {
		tell(&scenario.Result{
			Case: caseAt("c.lua", "was running", 8), Status: scenario.Interrupted,
			Failures: []*scenario.Failure{{
				Kind: "interrupt", Message: "interrupted",
				File: "c.lua", Line: 9, Source: "while true do end",
			}},
		})
		sum.Interrupted = true
		sum.Snapshots = scenario.SnapshotSummary{Written: 1, Removed: 2}
	} else {
		sum.Stopped = "--max-failures 3"
		sum.Snapshots = scenario.SnapshotSummary{Matched: 4, Obsolete: []string{"c.lua: gone / table"}}
	}
	k.End(sum)
}

func written(t *testing.T, format string, o report.Options, interrupted bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := report.New(format, &b, o)
	if err != nil {
		t.Fatal(err)
	}
	stream(w, interrupted)
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	return b.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; see it with: go test ./vm/scenario/report -update && git diff\n%s", name, got)
	}
}

func TestFormats(t *testing.T) {
	for _, f := range report.Formats() {
		t.Run(f, func(t *testing.T) {
			var summary bytes.Buffer
			o := report.Options{Command: "hwlua run a b", Host: "host", Summary: &summary}
			golden(t, "stream."+f, written(t, f, o, false))
			if f == "pretty" {
				golden(t, "interrupted.pretty", written(t, f, o, true))
			}
			if f == "github" {
				golden(t, "stream.github.md", summary.Bytes())
			}
		})
	}
	t.Run("pretty, verbose, in color", func(t *testing.T) {
		golden(t, "stream.color.pretty",
			written(t, "pretty", report.Options{Verbose: true, Color: true}, false))
	})
}

func TestUnknownFormat(t *testing.T) {
	_, err := report.New("junti", io.Discard, report.Options{})
	if err == nil || !strings.Contains(err.Error(), "did you mean 'junit'") {
		t.Error(err)
	}
}

// both gives what is written of a run that ended and of one that was interrupted.
func both(t *testing.T, format string) map[string][]byte {
	return map[string][]byte{
		"ended":       written(t, format, report.Options{}, false),
		"interrupted": written(t, format, report.Options{}, true),
	}
}

// A reader of its own kind: the counts of the suites are those of their cases.
func TestJUnitIsRead(t *testing.T) {
	for name, text := range both(t, "junit") {
		var doc struct {
			Suites []struct {
				Name                             string `xml:"name,attr"`
				Tests, Failures, Errors, Skipped int    `xml:"-"`
				T                                int    `xml:"tests,attr"`
				F                                int    `xml:"failures,attr"`
				E                                int    `xml:"errors,attr"`
				S                                int    `xml:"skipped,attr"`
				Cases                            []struct {
					Failure *struct{} `xml:"failure"`
					Error   *struct{} `xml:"error"`
					Skipped *struct{} `xml:"skipped"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(text, &doc); err != nil {
			t.Fatal(name, err)
		}
		if len(doc.Suites) != 6 {
			t.Errorf("%s: %d suites, want one a file", name, len(doc.Suites))
		}
		for _, s := range doc.Suites {
			var f, e, k int
			for _, c := range s.Cases {
				if c.Failure != nil {
					f++
				}
				if c.Error != nil {
					e++
				}
				if c.Skipped != nil {
					k++
				}
			}
			if s.T != len(s.Cases) || s.F != f || s.E != e || s.S != k {
				t.Errorf("%s: %s says %d %d %d %d, has %d %d %d %d", name, s.Name, s.T, s.F, s.E, s.S,
					len(s.Cases), f, e, k)
			}
		}
	}
}

func TestJUnitSchema(t *testing.T) {
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	for name, text := range both(t, "junit") {
		cmd := exec.Command(tool, "--noout", "--schema", "testdata/junit.xsd", "-")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

var tapLine = regexp.MustCompile(`^(not )?ok (\d+) - [^#]*(# SKIP .*)?$`)

// Test points have consecutive numbers from 1, the plan counts them, and blocks end.
func TestTAPIsWellFormed(t *testing.T) {
	for name, text := range both(t, "tap") {
		n, plan, inside := 0, "", false
		for l := range strings.Lines(string(text)) {
			l = strings.TrimSuffix(l, "\n")
			switch {
			case l == "  ---":
				inside = true
			case l == "  ...":
				inside = false
			case inside:
				if !strings.HasPrefix(l, "  ") {
					t.Errorf("%s: %q is in no block", name, l)
				}
			case strings.HasPrefix(l, "1.."):
				plan = l
			case strings.HasPrefix(l, "ok") || strings.HasPrefix(l, "not ok"):
				n++
				m := tapLine.FindStringSubmatch(strings.ReplaceAll(l, `\#`, ""))
				if m == nil || m[2] != fmt.Sprint(n) {
					t.Errorf("%s: point %d is %q", name, n, l)
				}
			}
		}
		if plan != fmt.Sprintf("1..%d", n) {
			t.Errorf("%s: plan %q for %d points", name, plan, n)
		}
		if bail := strings.Contains(string(text), "\nBail out!"); bail != (name == "interrupted") {
			t.Errorf("%s: bail out %v", name, bail)
		}
	}
}

// Perl's own harness reads it. It knows version 13 only and asks for that with TAP_VERSION.
func TestTAPByProve(t *testing.T) {
	tool, err := exec.LookPath("prove")
	if err != nil {
		t.Skip("prove is not installed")
	}
	file := filepath.Join(t.TempDir(), "a.tap")
	text := written(t, "tap", report.Options{TAP: 13}, false)
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-e", "cat", file).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Errorf("prove finds nothing to complain about: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "Failed tests:  3-8") || strings.Contains(string(out), "Parse errors") {
		t.Errorf("prove reads something else:\n%s", out)
	}
}

// What gotestsum and the like build on: each test is run before it ends, each package ends once,
// after its tests.
func TestJSONIsATestStream(t *testing.T) {
	for name, text := range both(t, "json") {
		running, ended := map[string]bool{}, map[string]string{}
		dec := json.NewDecoder(bytes.NewReader(text))
		for dec.More() {
			var e struct {
				Action, Package, Test, Output string
				Elapsed                       *float64
			}
			if err := dec.Decode(&e); err != nil {
				t.Fatal(name, err)
			}
			key := e.Package + "\x00" + e.Test
			switch e.Action {
			case "start":
			case "run":
				running[key] = true
			case "output":
				if e.Test != "" && !running[key] {
					t.Errorf("%s: output of %q, which does not run", name, key)
				}
			case "pass", "fail", "skip":
				if e.Test != "" && !running[key] {
					t.Errorf("%s: %q ends without having run", name, key)
				}
				if e.Elapsed == nil {
					t.Errorf("%s: %q has no Elapsed", name, key)
				}
				delete(running, key)
				if ended[key] != "" || e.Test != "" && ended[e.Package+"\x00"] != "" {
					t.Errorf("%s: %q ends twice, or after its package", name, key)
				}
				ended[key] = e.Action
			default:
				t.Errorf("%s: unknown action %q", name, e.Action)
			}
		}
		if len(running) > 0 {
			t.Errorf("%s: still running: %v", name, running)
		}
		if ended["a/one.lua\x00"] != "fail" || ended["b/broken.lua\x00"] != "fail" {
			t.Errorf("%s: packages ended as %v", name, ended)
		}
	}
}

// The page is one file: it asks for nothing, and everything that a script could have put into it is
// escaped.
func TestHTMLStandsAlone(t *testing.T) {
	for name, text := range both(t, "html") {
		s := string(text)
		for _, bad := range []string{"http://", "https://", "src=", "<tags>", "<nested>", "@import", "url("} {
			if i := strings.Index(strings.ReplaceAll(s, "http://www.w3.org/2000/svg", ""), bad); i >= 0 {
				t.Errorf("%s: %q in the page", name, bad)
			}
		}
		if !strings.HasSuffix(s, "</html>\n") ||
			strings.Count(s, "<details") != strings.Count(s, "</details>") || strings.Count(s, "<svg") != 1 {
			t.Errorf("%s: the page is not complete", name)
		}
		svg := s[strings.Index(s, "<svg"):strings.Index(s, "</svg>")] + "</svg>"
		dec := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: the drawing is no XML: %v", name, err)
			}
		}
	}
}

// A run without a failure says so.
func TestAllPassed(t *testing.T) {
	for format, want := range map[string]string{
		"html":   "<h1>hwlua run: passed</h1>",
		"pretty": "\nok  1 case in 1 file: 1 passed  1.000s\n",
		"tap":    "TAP version 14\nok 1 - a.lua: x\n1..1\n# 1 passed in 1.000s\n",
	} {
		var b bytes.Buffer
		w, err := report.New(format, &b, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.Begin(scenario.Info{Shard: scenario.Shard{Index: 1, Total: 1}})
		w.Case(&scenario.Result{Case: &scenario.Case{File: "a.lua", Path: []string{"x"}, Line: 1}})
		sum := &scenario.Summary{Files: 1, Elapsed: time.Second}
		sum.Counts[scenario.Passed] = 1
		w.End(sum)
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s has no %q:\n%s", format, want, b.String())
		}
	}
}

// The page of a large run stays one that a browser can show: it says which timelines it leaves out,
// and those of failures come last to that.
func TestHTMLOfALargeRun(t *testing.T) {
	var spans []scenario.Span
	for i := range 5000 {
		spans = append(spans, scenario.Span{
			Start: i, End: i + 1, Label: "write_wb_reg", Detail: strings.Repeat("x", 200),
		})
	}
	look := scenario.Look{
		Timelines: []scenario.Timeline{
			{Title: "timeline", Tracks: []scenario.Track{{Name: "cpu0", Spans: spans}}},
		},
	}
	var b bytes.Buffer
	w, err := report.New("html", &b, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Begin(scenario.Info{})
	for range 40 {
		w.Case(&scenario.Result{Case: &scenario.Case{File: "a.lua", Path: []string{"passes"}}, Look: look})
	}
	before := bytes.Count(b.Bytes(), []byte("<svg"))
	w.Case(&scenario.Result{
		Case: &scenario.Case{File: "a.lua", Path: []string{"fails"}}, Status: scenario.Failed,
		Look: look,
	})
	w.End(&scenario.Summary{Counts: [6]int{40, 1}, Files: 1})
	if b.Len() > 32<<20 {
		t.Errorf("the page has %d bytes", b.Len())
	}
	if n := bytes.Count(b.Bytes(), []byte("<svg")); n != before+1 || before < 5 || before == 40 {
		t.Errorf("%d timelines, %d of them before the failure", n, before)
	}
	if want := fmt.Sprintf("<p>%d cases without a timeline, which would make this page too large</p>",
		40-before); !strings.Contains(b.String(), want) {
		t.Errorf("the page does not say %q", want)
	}
}

// In a browser the page's script runs without complaint: it counts the cases, and the filter box
// hides what it should.
func TestHTMLInABrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			browser = p
			break
		}
	}
	if browser == "" {
		t.Skip("no Chromium is installed")
	}
	if testing.Short() {
		t.Skip("-short")
	}
	dir := t.TempDir()
	page := filepath.Join(dir, "page.html")
	// A word is typed into the box once the page is there.
	text := written(t, "html", report.Options{}, false)
	want := fmt.Sprintf(`<span id="shown">2 of %d</span>`, bytes.Count(text, []byte(` data-k="`)))
	text = append(text, []byte(`<script>
		document.getElementById("q").value = "a/two.lua differs";
		document.getElementById("q").dispatchEvent(new Event("input"));
		document.title = "as wide as " + document.documentElement.scrollWidth;
		var row = document.querySelector(".sched .departed td[data-track]");
		row.title = getComputedStyle(row, "::before").content;
	</script>`)...)
	if err := os.WriteFile(page, text, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+filepath.Join(dir, "profile"),
		"--enable-logging=stderr", "--window-size=390,844", "--dump-dom", "file://"+page)
	var dom, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &dom, &log
	if err := cmd.Run(); err != nil {
		t.Skipf("%s does not run here: %v", browser, err)
	}
	if strings.Contains(log.String(), "CONSOLE") {
		t.Errorf("the console has something to say:\n%s", log.String())
	}
	if !strings.Contains(dom.String(), want) {
		t.Errorf("the filter does not show %s: %s", want,
			regexp.MustCompile(`<span id="shown">.*?</span>`).FindString(dom.String()))
	}
	// In a narrow window nothing is wider than the window, and the steps of a schedule name their CPU.
	width := regexp.MustCompile(`<title>as wide as (\d+)</title>`).FindStringSubmatch(dom.String())
	if n, err := strconv.Atoi(width[1]); err != nil || n > 500 { // Chromium's least width
		t.Errorf("the page is %s pixels wide", width[1])
	}
	if !strings.Contains(dom.String(), `title="&quot;cpu10 &quot;"`) {
		t.Errorf("a step does not name its CPU: %s",
			regexp.MustCompile(`<td data-track[^>]*>`).FindString(dom.String()))
	}
	if n := strings.Count(dom.String(), `hidden=""`); n < 9 {
		t.Errorf("%d elements are hidden", n)
	}
}

func TestWriteErrorsAreKept(t *testing.T) {
	for _, f := range report.Formats() {
		w, err := report.New(f, full{}, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		stream(w, false)
		if !errors.Is(w.Err(), errFull) {
			t.Errorf("%s: error %v", f, w.Err())
		}
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := report.NewProgress(&b, func() int { return 40 })
	out := p.Writer(&b)
	c := &scenario.Case{
		File: "a.lua", Path: []string{"a case with a name that is longer than the line is wide"},
	}
	p.Planned(2)
	p.Started(c)
	fmt.Fprint(out, "")
	fmt.Fprint(out, "half a ")
	p.Finished(&scenario.Result{Case: c, Status: scenario.Failed})
	fmt.Fprintln(out, "line")
	p.Close()
	s := b.String()
	if !strings.Contains(s, "half a line\n") {
		t.Errorf("the status line broke into a line of the report: %q", s)
	}
	if !strings.Contains(s, "0 of 2") ||
		!strings.HasSuffix(s, "\r\x1b[K") && !strings.HasSuffix(s, "line\n") {
		t.Errorf("%q", s)
	}
	for _, l := range strings.Split(s, "\r\x1b[K") {
		if n := len([]rune(strings.TrimSuffix(l, "\n"))); n > 39 {
			t.Errorf("%d columns in %q", n, l)
		}
	}
}

// The line says what is planned, what went wrong and how much runs at once; what is loaded shows
// while no case runs.
func TestProgressLine(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(1000, 0)
	p := report.NewProgressAt(&b, func() int { return 80 }, func() time.Time { return now })
	shown := func(want string) {
		t.Helper()
		now = now.Add(100 * time.Millisecond)
		if got := p.Line(80); got != want {
			t.Errorf("line %q, want %q", got, want)
		}
	}
	var cases []*scenario.Case
	for _, name := range []string{"one", "two\tlines", "three"} {
		cases = append(cases, &scenario.Case{File: "a.lua", Path: []string{name}})
	}
	shown("0 of 0  0.1s")
	p.Loading("a.lua")
	shown("0 of 0  0.2s  a.lua")
	p.Planned(1)
	p.Planned(2)
	p.Started(cases[0])
	shown("0 of 3  0.3s  a.lua: one")
	p.Exploring(cases[0], 32, 1000, 2)
	p.Exploring(cases[1], 16, 0, 0)
	shown("0 of 3  0.4s  runs 32 of about 1000, failures 2  a.lua: one")
	p.Exploring(cases[0], 48, 0, 0)
	shown("0 of 3  0.5s  runs 48, failures 0  a.lua: one")
	p.Exploring(cases[0], 0, 0, 0)
	p.Started(cases[1])
	p.Started(cases[2])
	shown("0 of 3  0.6s  a.lua: one and 2 more")
	p.Finished(&scenario.Result{Case: cases[0], Status: scenario.Passed})
	p.Finished(&scenario.Result{Case: cases[2], Status: scenario.Errored})
	shown("2 of 3, 1 failed  0.7s  runs 16, failures 0  a.lua: two lines")
	p.Finished(&scenario.Result{Case: cases[1], Status: scenario.Failed})
	p.Finished(&scenario.Result{Case: cases[1], Status: scenario.Skipped})
	shown("4 of 4, 2 failed  0.8s  a.lua")
	if got := p.Line(10); got != "4 of 4, …" {
		t.Errorf("in 10 columns: %q", got)
	}
}

// A register that differs links to its last write, on the CPU that the failure is about; the other CPUs are
// folded.
func TestHTMLLeadsToTheWrite(t *testing.T) {
	write := func(at int, cpu string) scenario.Span {
		return scenario.Span{
			Start: at, End: at + 1, Label: "WCR0 0x1ff3", Kind: "write", Anchor: cpu + " DBGWCR0_EL1",
		}
	}
	look := scenario.Look{Timelines: []scenario.Timeline{{Title: "timeline", Tracks: []scenario.Track{
		{Name: "cpu0", Spans: []scenario.Span{write(0, "cpu0")}},
		{Name: "cpu1", Spans: []scenario.Span{write(1, "cpu1"), write(2, "cpu1")}},
	}}}}
	regs := vm.Comparison{Registers: []vm.RegisterDiff{
		{CPU: "cpu1", Name: "DBGWCR0_EL1", Expected: 1, Found: 0x1ff3},
	}}
	var b bytes.Buffer
	w, err := report.New("html", &b, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Begin(scenario.Info{})
	w.Case(&scenario.Result{
		Case: &scenario.Case{File: "a.lua", Path: []string{"fails"}}, Status: scenario.Failed, Look: look,
		Failures: []*scenario.Failure{{Comparison: regs}},
	})
	w.End(&scenario.Summary{Counts: [6]int{0, 1}, Files: 1})
	page := b.String()
	for _, want := range []string{
		`<a href="#w1-0-2" title="the last write of this register">`, `<g id="w1-0-2">`,
		`<summary>timeline: the other CPUs</summary>`, `>WCR0 0x1ff3</text>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %s", want)
		}
	}
	own, folded := strings.Index(page, "<h3>timeline</h3>"), strings.Index(page, "the other CPUs")
	if own > folded {
		t.Error("the CPU of the failure does not come first")
	}
}

// What a text names leads to its explanation, which the page holds once. Names are whole words, and what a
// script says stays text.
func TestHTMLExplainsTerms(t *testing.T) {
	terms := func(text string) (list []report.Term) {
		for _, name := range []string{"R-1", "R-12"} {
			if strings.Contains(text, name) {
				list = append(list, report.Term{Name: name, Text: "the <text> of " + name})
			}
		}
		return list
	}
	var b bytes.Buffer
	w, err := report.New("html", &b, report.Options{Terms: terms})
	if err != nil {
		t.Fatal(err)
	}
	w.Begin(scenario.Info{})
	for range 2 {
		w.Case(&scenario.Result{
			Case: &scenario.Case{File: "a.lua", Path: []string{"fails"}}, Status: scenario.Failed,
			Failures: []*scenario.Failure{{Message: "<b> by R-12, XR-12 and R-1", Source: "-- R-1", Line: 1}},
		})
	}
	w.End(&scenario.Summary{Counts: [6]int{0, 2}, Files: 1})
	page := b.String()
	for want, n := range map[string]int{
		`&lt;b&gt; by <a href="#R-12">R-12</a>, XR-12 and <a href="#R-1">R-1</a>`: 2,
		`    1 | -- <a href="#R-1">R-1</a>`:                                       2,
		`<div id="R-12"><b>R-12</b><p>the &lt;text&gt; of R-12</p></div>`:         1,
		`<div id="R-1">`: 1,
	} {
		if got := strings.Count(page, want); got != n {
			t.Errorf("the page has %d of %s, want %d", got, want, n)
		}
	}
}

// The drawing of one CPU has no room for the steps of others. Of the ticks between two of its steps the last
// one counts, and a label that would cover the one before is left out.
func TestHTMLAxis(t *testing.T) {
	call := func(steps ...int) (spans []scenario.Span) {
		for _, at := range steps {
			spans = append(spans, scenario.Span{Start: at, End: at + 1, Label: "f"})
		}
		return spans
	}
	var times []scenario.Tick
	for i, at := range []int{0, 10, 20, 501, 502, 510, 900} {
		times = append(times, scenario.Tick{At: at, Label: fmt.Sprintf("%ds", i)})
	}
	look := scenario.Look{Timelines: []scenario.Timeline{{
		Title: "timeline",
		Ticks: times,
		Tracks: []scenario.Track{
			{Name: "cpu0", Spans: call(10, 11, 12, 13, 900)},
			{Name: "cpu1", Spans: call(0, 500, 501, 502, 503, 504, 505, 510)},
		},
	}}}
	var b bytes.Buffer
	w, err := report.New("html", &b, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Begin(scenario.Info{})
	regs := vm.Comparison{Registers: []vm.RegisterDiff{{CPU: "cpu1", Name: "DBGWCR0_EL1"}}}
	w.Case(&scenario.Result{
		Case: &scenario.Case{File: "a.lua", Path: []string{"fails"}}, Status: scenario.Failed, Look: look,
		Failures: []*scenario.Failure{{Comparison: regs}},
	})
	svg, _, _ := strings.Cut(b.String(), "</svg>")
	part := regexp.MustCompile(`<line class="g" x1="(\d+)"|<text class="d"[^>]*>([^<]*)`)
	var ticks []string
	for _, m := range part.FindAllStringSubmatch(svg, -1) {
		ticks = append(ticks, m[1]+m[2])
	}
	// A column is 14 wide and a label 24: 2s and 4s have no room.
	want := []string{"0", "0s", "14", "28", "3s", "42", "98", "5s"}
	if !slices.Equal(ticks, want) {
		t.Errorf("got %q, want %q", ticks, want)
	}
}
