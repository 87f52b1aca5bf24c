package vm_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// TestDifferences runs the code of each difference: it gives here and in lua5.1 what the table says.
func TestDifferences(t *testing.T) {
	list := vm.Differences()
	var cases []string
	for _, d := range list {
		cases = append(cases, d.Code)
		if d.Name == "" || d.Why == "" || d.Code == "" || d.Here == "" || d.Here == d.Lua51 {
			t.Errorf("%q needs a name, a reason, code and values that differ", d.Name)
		}
	}
	source := script(t, cases)
	got := ours(t, source)
	if len(got) != len(cases) {
		t.Fatalf("%d cases gave %d lines", len(cases), len(got))
	}
	for i, d := range list {
		if want := "ok " + d.Here; got[i] != want {
			t.Errorf("%s\n%s\n got  %s\n want %s", d.Name, d.Code, got[i], want)
		}
	}
	theirs := lua51(t, source)
	for i, d := range list {
		want := "ok " + d.Lua51
		if theirs[i] != want && d.Lua51 != "" || theirs[i] == "ok "+d.Here {
			t.Errorf("%s\n%s\n lua5.1 gives %s\n want         %s", d.Name, d.Code, theirs[i], want)
		}
	}
}

const differencesPage = "DIFFERENCES.md"

// TestDifferencesPage checks that DIFFERENCES.md shows the table; go test ./vm -run DifferencesPage -update
// rewrites it.
func TestDifferencesPage(t *testing.T) {
	var b bytes.Buffer
	fmt.Fprint(&b, "# What differs from Lua 5.1\n\n"+phrase.Wrap("hwlua runs Lua 5.1. This page, which "+
		"`hwlua doc lua` prints too, lists what a script can see differently here and in Debian's lua5.1, "+
		"why, and what to write where it matters. Anything else that differs is a defect. The table is in "+
		"[differences.go](differences.go); a test runs each line of code here and in lua5.1.", 110, "")+"\n")
	for _, d := range vm.Differences() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", d.Name, phrase.Wrap(d.Why, 110, ""))
		if d.Instead != "" {
			fmt.Fprintf(&b, "\n%s\n", phrase.Wrap("Instead: "+d.Instead, 110, ""))
		}
		fmt.Fprintf(&b, "\n```lua\n%s\n```\n\n", d.Code)
		there := "something else in each run or on each host"
		if d.Lua51 != "" {
			there = "`" + d.Lua51 + "`"
		}
		fmt.Fprintf(&b, "Here `%s`, in lua5.1 %s.\n", d.Here, there)
	}
	if *update {
		if err := os.WriteFile(differencesPage, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := os.ReadFile(differencesPage); err != nil || !bytes.Equal(page, b.Bytes()) {
		t.Errorf("%s does not show the table (%v); go test ./vm -run DifferencesPage -update rewrites it",
			differencesPage, err)
	}
}
