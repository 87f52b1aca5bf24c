// Specs that real busted runs, too: go test ./vm/scenario -run Busted -update rewrites what it said.

package scenario_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm/scenario"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestBustedSpecs runs the specs in testdata/busted: each case passes, fails or is pending as in busted, and
// prints the same. Busted counts hooks that fail as tests of their own; each case of ours reports its own.
func TestBustedSpecs(t *testing.T) {
	specs, err := filepath.Glob("testdata/busted/*_spec.lua")
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs (%v)", err)
	}
	for _, spec := range specs {
		golden := strings.TrimSuffix(spec, ".lua") + ".txt"
		said := busted(t, spec)
		if *update && said != "" {
			if err := os.WriteFile(golden, []byte(said), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if said != "" && said != string(want) {
			t.Errorf("%s: busted now says\n%s\nbut %s has\n%s", spec, said, golden, want)
		}
		text, err := os.ReadFile(spec)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, r := range runFS(t, files("spec.lua", string(text)), scenario.Options{}).results {
			result := "not ok"
			switch r.Status {
			case scenario.Passed:
				result = "ok"
			case scenario.Pending:
				result = "pending"
			}
			fmt.Fprintf(&got, "%s%s - %s\n", r.Output, result, r.Case.Name())
		}
		if got.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant (as busted)\n%s", spec, got.String(), want)
		}
	}
}

// busted returns what busted makes of a spec, or "" if it is not installed.
func busted(t *testing.T, spec string) string {
	path, err := exec.LookPath("busted")
	if err != nil {
		return ""
	}
	cmd := exec.Command(path, "-o", "TAP", filepath.Base(spec))
	cmd.Dir = filepath.Dir(spec)
	out, _ := cmd.Output() // it fails if a case does
	var kept strings.Builder
	for line := range strings.Lines(string(out)) {
		if line[0] != '#' && !strings.HasPrefix(line, "1..") {
			kept.WriteString(line)
		}
	}
	text := regexp.MustCompile(`(?m)^(ok|not ok) \d+ - `).ReplaceAllString(kept.String(), "$1 - ")
	return regexp.MustCompile(`(?m)^ok - # SKIP (\S+:\d+: )?`).ReplaceAllString(text, "pending - ")
}

// The function of a group may use what before_each has set for cases before it.
func TestGroupsAfterCases(t *testing.T) {
	l := runFS(t, files("a.lua", `
		describe("a", function()
			local v
			before_each(function() v = { 1, 2 } end)
			it("first", function() v = nil end)
			describe("b", function() for i in ipairs(v) do it("uses " .. i, function() end) end end)
		end)`),
		scenario.Options{})
	compare(t, l.lines(), "passed a first", "passed a b uses 1", "passed a b uses 2")
	l = runFS(t, files("a.lua", `
		describe("a", function()
			local v
			before_each(function() v = { 1, 2 } end)
			describe("b", function() for i in ipairs(v) do it("uses " .. i, function() end) end end)
		end)`),
		scenario.Options{})
	if len(l.results) != 1 || l.results[0].Status != scenario.Errored {
		t.Errorf("without a case before: got %q, want an error", l.lines())
	}
}

// The setup of a group runs before the functions of the groups inside it, as in busted. If it fails, each
// case of those groups does.
func TestSetupBeforeInnerGroups(t *testing.T) {
	l := runFS(t, files("a.lua", `
		local lib
		setup(function() lib = { 1, 2 } end)
		describe("uses", function() for i, v in ipairs(lib) do it(i, function() end) end end)
		describe("fails", function()
			setup(function() error "no" end)
			describe("inside", function() it("x", function() end) end)
		end)
		describe("after", function() it("y", function() assert.message("why").is_true(false) end) end)`),
		scenario.Options{})
	compare(t, l.lines(), "passed uses 1", "passed uses 2", "error fails inside x | error:6 no",
		"failed after y | assertion:9 why (assert.is_true)")
}
