package spec_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/spec"
)

func TestFind(t *testing.T) {
	for _, c := range []struct{ name, id, file, begins, holds string }{
		{name: "an item of a list", id: "R-CON-7", file: "04-constraints.md",
			begins: "**R-CON-7** need = 1 + max",
			holds:  "| CPU event on c | cpu_pinned(c) + maxtask(c) |"},
		{name: "in lower case", id: "r-reg-1", file: "01-registers.md",
			begins: "**R-REG-1** There are four banks"},
		{name: "a row of the differences", id: "D-9", file: "README.md",
			begins: "id: D-9\nsubject: address untagging",
			holds:  "6.1: left as reported"},
		{name: "a chain", id: "C-3", file: "11-callchains.md", begins: "**C-3** Create a wide event"},
		{name: "a vector", id: "V-12", file: "12-vectors.md", holds: "V-12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ok := spec.Find(c.id)
			if !ok || r.File != c.file || !strings.HasPrefix(r.Text, c.begins) ||
				!strings.Contains(r.Text, c.holds) {
				t.Errorf("Find(%q) = %+v, %t; want file %s, a text that begins with %q and holds %q",
					c.id, r, ok, c.file, c.begins, c.holds)
			}
		})
	}
	if r, ok := spec.Find("R-CON-999"); ok {
		t.Errorf("Find(R-CON-999) = %+v, want nothing", r)
	}
}

// A rule ends where the next one begins.
func TestRulesEnd(t *testing.T) {
	r, _ := spec.Find("R-REG-3")
	if strings.Contains(r.Text, "R-REG-4") || !strings.Contains(r.Text, "even when the number is unknown") {
		t.Errorf("R-REG-3 reads\n%s", r.Text)
	}
}

// Every rule is found, once, and every rule that a file names exists.
func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range spec.Rules() {
		if seen[r.ID] {
			t.Errorf("%s: %s is there twice", r.File, r.ID)
		}
		seen[r.ID] = true
		if r.Text == "" {
			t.Errorf("%s: %s has no text", r.File, r.ID)
		}
	}
	if len(seen) < 300 {
		t.Errorf("got %d rules, want at least 300", len(seen))
	}
	names, err := fs.Glob(os.DirFS("."), "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range regexp.MustCompile(`\bR-[A-Z]+-[0-9]+\b`).FindAllString(string(text), -1) {
			if !seen[id] {
				t.Errorf("%s names %s, which does not exist", name, id)
			}
		}
	}
}

// Named finds rules in text, once each, and nothing that only looks like one.
func TestNamed(t *testing.T) {
	got := spec.Named("-- R-CON-7, (R-EVT-22): see R-CON-7, XR-CON-8, R-CON-999, V-94 and UTF-8")
	if want := []string{"R-CON-7", "R-EVT-22", "V-94"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
