package cli

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file below testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join(here, "testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range g {
			if i >= len(w) || g[i] != w[i] {
				old := "(the end)"
				if i < len(w) {
					old = w[i]
				}
				t.Fatalf("%s differs in line %d:\n  is  %s\n  was %s\n"+
					"if that is right: go test ./repl/cli -run %s -update", name, i+1, g[i], old, t.Name())
			}
		}
		t.Fatalf("%s is shorter than it was; if that is right: go test ./repl/cli -run %s -update", name,
			t.Name())
	}
}

var here, _ = os.Getwd()

// still takes the times out of a stream.
type still struct{ scenario.Sink }

func (s still) Case(r *scenario.Result) {
	c := *r
	c.Start, c.Elapsed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 0
	s.Sink.Case(&c)
}

func (s still) End(sum *scenario.Summary) {
	c := *sum
	c.Elapsed = 0
	s.Sink.End(&c)
}

// runStill runs paths as hwlua run does and returns every report of it, by format.
func runStill(t *testing.T, parallel int, verbose bool, paths ...string) map[string][]byte {
	t.Helper()
	o := newRunOptions()
	o.parallel = parallel
	env := Env{Getenv: func(string) string { return "" }}
	sources, err := find(env, paths)
	if err != nil {
		t.Fatal(err)
	}
	so, err := o.scenarioOptions(env)
	if err != nil {
		t.Fatal(err)
	}
	so.Properties = so.Properties[1:] // the version of this build
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		m := caseMachines(&o.machine, c, false)
		return scenario.Environment{
			Modules: m.modules(), Look: func(bad bool) scenario.Look { return m.look(bad, true) },
		}, nil
	}
	out := map[string]*bytes.Buffer{}
	var all scenario.Sinks
	for _, f := range report.Formats() {
		out[f] = &bytes.Buffer{}
		w, err := report.New(f, out[f], report.Options{
			Command: "hwlua run", Host: "host", Verbose: verbose, Terms: rulesIn,
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, still{w})
	}
	so.Sink = all
	if _, err := scenario.Run(t.Context(), sources, so); err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for f, b := range out {
		got[f] = b.Bytes()
	}
	return got
}

// Each of the failures as a person reads it. What the other forms make of a failure is held in
// package report.
func TestFailuresExplainThemselves(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "failures"))
	golden(t, "failures.pretty", runStill(t, 1, false, "failures.lua")["pretty"])
}

// Reports do not depend on how many cases run at once.
func TestParallelReportsAreTheSame(t *testing.T) {
	paths := []string{filepath.Join(here, "testdata", "failures"), filepath.Join(here, "..", "..", "scripts")}
	eight := runStill(t, 8, true, paths...)
	one := runStill(t, 1, true, paths...)
	for f, text := range eight {
		if !bytes.Equal(text, one[f]) {
			t.Errorf("%s: 8 at once and one after the other differ", f)
		}
	}
}

var (
	unseen = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<[^>]*>`)
	blanks = regexp.MustCompile(`\n\s*\n+`)
)

// The picture in the README is one of the page that hwlua writes today. With -update a browser draws it anew
// if the text of the page has changed.
func TestPictureOfThePage(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "page"))
	page := runStill(t, 1, false, "length.lua")["html"]
	text := blanks.ReplaceAll(unseen.ReplaceAll(page, []byte("\n")), []byte("\n"))
	const file, picture = "page.txt", "page.png"
	was, _ := os.ReadFile(file)
	if *update && !bytes.Equal(text, was) {
		draw(t, page, picture)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		was = text
	}
	if !bytes.Equal(text, was) {
		t.Errorf("the text of the page is not that of its picture; go test ./repl/cli -run %s -update\n%s",
			t.Name(), text)
	}
	if info, err := os.Stat(picture); err != nil || info.Size() > 200<<10 {
		t.Errorf("%s: %v, want at most 200 KiB", picture, err)
	}
}

// draw has Chromium write a picture of the page.
func draw(t *testing.T, page []byte, picture string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, page, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1000,1290", "--screenshot="+picture,
		"file://"+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
}
