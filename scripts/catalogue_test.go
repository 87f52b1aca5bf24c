// The catalogue: README.md is generated from the first lines of the scenarios.

package scripts_test

import (
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// An entry is one scenario in the catalogue.
type entry struct {
	file, number, question, source string
	cases                          int
	head                           scenario.Head
}

var bugTitle = regexp.MustCompile(`^(HB-\d\d): (.*)$`)

// entries reads the heads of all scenarios, sorted by name.
func entries(t *testing.T) []entry {
	t.Helper()
	sources, err := scenario.FindFS(os.DirFS("."), "")
	if err != nil {
		t.Fatal(err)
	}
	cases, broken, err := scenario.List(context.Background(), sources, scenario.Options{
		Modules: []vm.Module{bindings.Hardware()}, Kernel: profile,
	})
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	var list []entry
	for _, s := range sources {
		text, err := s.Read()
		if err != nil {
			t.Fatal(err)
		}
		head, err := scenario.ParseHead(s.Path, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range head.Warnings {
			t.Error(w)
		}
		e := entry{file: s.Path, question: head.Title, source: sourceOf(string(text)), head: head}
		if m := bugTitle.FindStringSubmatch(head.Title); m != nil {
			e.number, e.question = m[1], m[2]
		}
		seen := map[int]bool{}
		for _, c := range cases {
			if c.File == s.Path && !seen[c.Index] {
				seen[c.Index] = true
				e.cases++
			}
		}
		list = append(list, e)
	}
	return list
}

// sourceOf returns the text after "-- Source:" in the head, which may continue on the next lines.
func sourceOf(text string) string {
	var words []string
	for line := range strings.Lines(text) {
		line, isComment := strings.CutPrefix(strings.TrimSpace(line), "--")
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "Source:"); ok {
			words = append(words, strings.TrimSpace(rest))
			continue
		}
		key, _, isKey := strings.Cut(line, ":")
		if !isComment || len(words) > 0 && (line == "" || isKey && !strings.Contains(key, " ")) {
			break
		}
		if len(words) > 0 {
			words = append(words, line)
		}
	}
	return strings.Join(words, " ")
}

// TestHeads checks the first lines of every scenario: a question, tags, and for a bug its number,
// source and kernels.
func TestHeads(t *testing.T) {
	for _, e := range entries(t) {
		if !strings.Contains(e.question, "?") {
			t.Errorf("%s: first paragraph is %q, want a question", e.file, e.question)
		}
		if len(e.head.Tags) == 0 {
			t.Errorf("%s: no tags", e.file)
		}
		if path.Dir(e.file) != "bugs" {
			continue
		}
		want := strings.ToLower(strings.ReplaceAll(e.number, "-", "")) + "_"
		if e.number == "" || !strings.HasPrefix(path.Base(e.file), want) {
			t.Errorf("%s: title is %q, want it to begin with the number in the file name",
				e.file, e.head.Title)
		}
		if e.source == "" {
			t.Errorf("%s: no '-- Source:' line", e.file)
		}
		if len(e.head.Kernels) == 0 {
			t.Errorf("%s: no '-- kernel:' line", e.file)
		}
		if !slices.Contains(e.head.Tags, "bug") {
			t.Errorf("%s: not tagged 'bug'", e.file)
		}
		text, err := os.ReadFile(e.file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "assert.no_leaks(m)") {
			t.Errorf("%s: no leak check", e.file)
		}
	}
}

func TestCatalogue(t *testing.T) {
	list := entries(t)
	var b strings.Builder
	b.WriteString(`# The scenarios

Each file is one story. It opens with the question that it answers; the golden trace in ` + "`traces/`" + `
is the answer. All are part of the program: ` + "`hwlua run`" + ` without paths runs them,
` + "`hwlua run --tags ptrace`" + ` runs those with a tag. A file without a list of kernels passes on every
profile (` + "`--kernel`" + `); one with a list runs once on each of them. "4.19" and "6.1" stand for all
profiles of that series. This page is generated from the files' first lines; rewrite it with
` + "`go test ./scripts -update`" + `.

## How the machine works

| no. | scenario | the question | cases | kernels | tags |
| --- | --- | --- | --- | --- | --- |
`)
	n := 0
	for _, e := range list {
		if path.Dir(e.file) == "." {
			n++
			fmt.Fprintf(&b, "| %d | [%s](%s) | %s | %d | %s | %s |\n",
				n, strings.TrimSuffix(e.file, scenario.Ext), e.file,
				cell(e.question), e.cases, kernels(e), cell(strings.Join(e.head.Tags, ", ")))
		}
	}
	b.WriteString(`
## Real bugs and confusions

What went wrong on real machines, on which kernels, and what the fix or the right use looks like
(` + "`hwlua run --tags bug`" + `).

| no. | scenario | the question | cases | kernels | tags | source |
| --- | --- | --- | --- | --- | --- | --- |
`)
	for _, e := range list {
		if path.Dir(e.file) == "bugs" {
			fmt.Fprintf(&b, "| %s | [%s](%s) | %s | %d | %s | %s | %s |\n", e.number,
				strings.TrimSuffix(path.Base(e.file), scenario.Ext), e.file, cell(e.question),
				e.cases, kernels(e), cell(strings.Join(e.head.Tags, ", ")), cell(e.source))
		}
	}
	compareGenerated(t, "README.md", b.String())
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// kernels returns the profiles of e in short: a complete series has one name, and "any" stands for
// all profiles (TestEverywhere).
func kernels(e entry) string {
	if len(e.head.Kernels) == 0 {
		return "any"
	}
	text := strings.Join(e.head.Kernels, ", ")
	text = strings.Replace(text, "4.19.0, 4.19.116, 4.19.266", "4.19", 1)
	return strings.Replace(text, "6.1.176, 6.1.192", "6.1", 1)
}
