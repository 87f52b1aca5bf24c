package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A log is a sink that keeps all it was told.
type log struct {
	results  []*scenario.Result
	broken   []*scenario.Broken
	warnings []string
	info     []scenario.Info
	sum      *scenario.Summary
}

func (l *log) Begin(i scenario.Info)     { l.info = append(l.info, i) }
func (l *log) Case(r *scenario.Result)   { l.results = append(l.results, r) }
func (l *log) Broken(b *scenario.Broken) { l.broken = append(l.broken, b) }
func (l *log) Warning(s string)          { l.warnings = append(l.warnings, s) }
func (l *log) End(s *scenario.Summary)   { l.sum = s }

// lines returns a line for each result: status, name, and failures or reason.
func (l *log) lines() []string {
	var lines []string
	for _, r := range l.results {
		line := r.Status.String() + " " + r.Case.Name()
		if r.Case.Round > 0 {
			line += fmt.Sprintf(" #%d", r.Case.Round)
		}
		if r.Reason != "" {
			line += " (" + r.Reason + ")"
		}
		for _, f := range r.Failures {
			line += fmt.Sprintf(" | %s:%d %s", f.Kind, f.Line, f.Message)
		}
		lines = append(lines, line)
	}
	for _, b := range l.broken {
		lines = append(lines, fmt.Sprintf("broken %s:%d %s", b.File, b.Line, b.Message))
	}
	return lines
}

func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func runFS(t *testing.T, fsys fstest.MapFS, o scenario.Options) *log {
	t.Helper()
	sources, err := scenario.FindFS(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	return runSources(t, sources, o)
}

func runSources(t *testing.T, sources []*scenario.Source, o scenario.Options) *log {
	t.Helper()
	l := &log{}
	if prev, ok := o.Sink.(*log); ok {
		l = prev
	}
	o.Sink = l
	if _, err := scenario.Run(t.Context(), sources, o); err != nil {
		t.Fatal(err)
	}
	if l.sum == nil {
		t.Fatal("the run did not end")
	}
	return l
}

func compare(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{name: "a file without words is one case", text: `assert(1 == 1)`, want: []string{"passed a"}},
		{
			name: "a file without words fails as one",
			text: "\nerror('boom')",
			want: []string{"error a | error:2 boom"},
		},
		{name: "it at the top", text: `it("x", function() end)`, want: []string{"passed x"}},
		{
			name: "names are joined by blanks",
			text: `describe("a", function() describe("b", function() it("c", function() end) end) end)`,
			want: []string{"passed a b c"},
		},
		{
			name: "an assertion that fails is a failure, an error is not",
			text: "it('f', function()\n assert.equals(1, 2) end)\nit('e', function()\n" +
				" error('x') end)\nit('p', function()\n assert(false, 'why') end)",
			want: []string{
				"failed f | assertion:2 assert.equals failed",
				"error e | error:4 x",
				"failed p | assertion:6 why",
			},
		},
		{
			name: "checks go on, and count",
			text: "it('c', function()\n check.equals(1, 2)\n check(false, 'no')\n" +
				" assert.is_true(false) end)",
			want: []string{
				"failed c | assertion:2 check.equals failed | assertion:3 no | assertion:4 " +
					"assert.is_true failed",
			},
		},
		{
			name: "a check alone fails the case",
			text: "it('c', function() check.is_nil(1) end)",
			want: []string{"failed c | assertion:1 check.is_nil failed"},
		},
		{
			name: "hooks run from outside in and from inside out",
			text: `
			local log = {}
			local function note(s) return function() log[#log + 1] = s end end
			setup(note "S") teardown(function() note "T" () print(table.concat(log, " ")) end)
			before_each(note "b1") after_each(note "a1")
			describe("d", function()
				setup(note "s") teardown(note "t")
				before_each(note "b2") after_each(note "a2")
				it("x", note "X")
				it("last", function() note "L" () end)
			end)`,
			want: []string{"passed d x", "passed d last"},
		},
		{
			name: "no case sees what another did",
			text: `
			n = (n or 0) + 1
			local seen = 0
			describe("d", function()
				it("one", function() seen = seen + 1 assert.equals(1, seen) assert.equals(1, n) end)
				it("two", function() seen = seen + 1 assert.equals(1, seen) assert.equals(1, n) end)
			end)`,
			want: []string{"passed d one", "passed d two"},
		},
		{
			name: "pending in its three forms",
			text: `
			pending("a") it("b") it("c", function() pending("why") end)`,
			want: []string{"pending a", "pending b", "pending c (why)"},
		},
		{
			name: "each makes a case of each row",
			text: `
			it.each { {1, 2}, {3, 4} } ("%d and %d", function(a, b) assert.equals(a + 1, b) end)
			it.each { {name = "k", v = 1}, {name = "l", v = 2} } ("{name} is {v}", function(row)
				assert.equals(1, row.v) end)
			it.each { "p", "q" } ("%s", function(v) assert.is_string(v) end)
			it.each { {0xffffff8008c5a000} } ("at %x, 100%% of %s", function(v)
				assert.equals("u64", u64type and "u64" or "u64") end)`,
			want: []string{"passed 1 and 2", "passed 3 and 4", "passed k is 1",
				"failed l is 2 | assertion:4 assert.equals failed", "passed p", "passed q",
				"passed at ffffff8008c5a000, 100% of %s"},
		},
		{
			name: "after_each runs after a failure and adds its own",
			text: "after_each(function()\n error('after') end)\nit('x', function()\n error('in') end)",
			want: []string{"error x | error:4 in | error:2 after the case: after"},
		},
		{
			name: "between checks and hooks",
			text: "after_each(function()\n error('after') end)\nit('x', function()\n" +
				" check.equals(1, 2)\n error('in') end)",
			want: []string{
				"error x | assertion:4 check.equals failed | error:5 in | error:2 after the case: " +
					"after",
			},
		},
		{
			name: "an error in before_each is the case's",
			text: "before_each(function()\n error('before') end)\n" +
				"it('x', function() print('not reached') end)",
			want: []string{"error x | error:2 before"},
		},
		{
			name: "a hook without a function",
			text: "before_each()",
			want: []string{
				"error a | error:1 bad argument #1 to 'before_each' (function expected, got nil)",
			},
		},
		{
			name: "a hook inside of a case",
			text: "it('x', function()\n after_each(print) end)",
			want: []string{
				"error x | error:2 after_each called inside a case; call it in a describe or at the " +
					"top of the file",
			},
		},
		{
			name: "it inside of a case",
			text: "it('x', function()\n it('y', function() end) end)",
			want: []string{"error x | error:2 it 'y' called inside another case"},
		},
		{
			name: "describe inside of a case",
			text: "it('x', function()\n describe('y', function() end) end)",
			want: []string{"error x | error:2 describe 'y' called inside a case"},
		},
		{
			name: "a describe that raises fails the file",
			text: "describe('d', function()\n it('x', function() end)\n error('in describe') end)",
			want: []string{"error a | error:3 in describe"},
		},
		{
			name: "a describe that raises behind others fails the file",
			text: "it('x', function() end)\ndescribe('d', function()\n error('in describe') end)",
			want: []string{"error a | load:3 in describe"},
		},
		{
			name: "a program that does not compile is broken",
			text: "it('x', function()\n",
			want: []string{"broken a.lua:1 "},
		},
		{
			name: "a head that cannot be read is broken",
			text: "-- timeout: x\n",
			want: []string{"broken a.lua:1 invalid timeout 'x' (want 5s, 500ms)"},
		},
		{
			name: "pending hides no check that failed",
			text: "it('x', function()\n check.equals(1, 2)\n pending('why') end)",
			want: []string{"failed x | assertion:2 check.equals failed"},
		},
		{
			name: "nor a hook",
			text: "after_each(function()\n error('after') end)\nit('x', function() pending('why') end)",
			want: []string{"error x | error:2 after the case: after"},
		},
		{
			name: "finally outside of a case",
			text: "finally(print)",
			want: []string{"error a | error:1 finally called outside a case"},
		},
		{
			name: "it without a name",
			text: "it()",
			want: []string{"error a | error:1 bad argument #1 to 'it' (string expected, got nil)"},
		},
		{
			name: "it with a function alone",
			text: "it(function() end)",
			want: []string{
				"error a | error:1 bad argument #1 to 'it' (string expected, got function)",
			},
		},
		{
			name: "a snapshot without a name",
			text: "it('x', function()\n assert.snapshot('a long text') end)",
			want: []string{
				"error x | error:2 assert.snapshot takes a name and a value; no value was given",
			},
		},
		{
			name: "a describe without a case passes nothing",
			text: "describe('d', function() end)",
			want: []string{"pending a (describe without a case (it))"},
		},
		{
			name: "nor does one in another",
			text: "describe('d', function() describe('e', function() end) end)",
			want: []string{"pending a (describe without a case (it))"},
		},
		{
			name: "describe without a function",
			text: "describe('d')",
			want: []string{
				"error a | error:1 bad argument #2 to 'describe' (function expected, got nil)",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runFS(t, files("a.lua", c.text), scenario.Options{}).lines()
			if len(got) == 1 && len(c.want) == 1 && strings.HasSuffix(c.want[0], " ") &&
				strings.HasPrefix(got[0], c.want[0][:10]) {
				return // the compiler's own words
			}
			compare(t, got, c.want...)
		})
	}
}

func TestHookOrder(t *testing.T) {
	l := runFS(t, files("a.lua", `
		local function say(s) return function() io.write(s, " ") end end
		setup(say "S") teardown(say "T") before_each(say "b1") after_each(say "a1")
		describe("d", function()
			setup(say "s") teardown(say "t") before_each(say "b2") after_each(say "a2")
			it("x", say "X")
			it("y", function() finally(say "not this") finally(say "F") say "Y" () error "ends here" end)
		end)`), scenario.Options{})
	if got := l.results[0].Output; got != "S s b1 b2 X a2 a1 t T " {
		t.Errorf("order %q", got)
	}
	l2 := runFS(t, files("a.lua", `
		local function say(s) return function() io.write(s, " ") end end
		setup(function() io.write "S " error "no" end) teardown(say "T")
		before_each(say "b1") after_each(say "a1")
		describe("d", function() setup(say "s") teardown(say "t") it("x", say "X") end)`),
		scenario.Options{})
	if got := l2.results[0].Output; got != "S T " { // what was not entered is not left
		t.Errorf("after a setup that raises: order %q", got)
	}
	// finally belongs to the case and runs even if it fails.
	if got := l.results[1].Output; got != "S s b1 b2 Y F a2 a1 t T " {
		t.Errorf("order %q", got)
	}
}

// Bodies of describes run when their turn comes, as in busted: what a later one does is not seen by
// earlier cases.
func TestDescribeBodiesAreOpenedInTurn(t *testing.T) {
	l := runFS(t, files("a.lua", `
		local n = 0
		describe("one", function() n = n + 1 it("x", function() assert.equals(1, n) end) end)
		describe("two", function() n = n + 1 it("x", function() assert.equals(2, n) end) end)`),
		scenario.Options{})
	compare(t, l.lines(), "passed one x", "passed two x")
}

func TestFailureExplains(t *testing.T) {
	fsys := files("a.lua", `local helper = require "lib.helper"
it("sides", function()
	assert.equals(1, 2)
end)
it("elsewhere", function() helper.check(3) end)
it("long", function()
	assert.equals("a\nb\nc\nd", "a\nb\nx\nd")
end)
it("long, with escapes", function()
	assert.equals("a\tb\n\"\\\\\r\n\0\1271\nd", "a\tb\n\"/\r\n\0\1271\nd") end)
it("long enough", function() assert.equals("a\nb\n", "a\nc\n") end)
`, "lib/_.lua", "",
		"lib/helper.lua", "local M = {}\nfunction M.check(v)\n  assert.equals(4, v)\nend\nreturn M\n")
	l := runFS(t, fsys, scenario.Options{
		Filter: regexp.MustCompile("sides|elsewhere|long"),
		Repro: func(c *scenario.Case, at string, exact bool) string {
			return fmt.Sprintf("again %s %v", at, exact)
		},
	})
	f := l.results[0].Failures[0]
	if f.Source != "    assert.equals(1, 2)" || f.Line != 3 || f.Expected.String() != "1" ||
		f.Found.String() != "2" {
		t.Errorf("sides: %+v", f)
	}
	if r := l.results[0].Repro; r != "again a.lua:2 true" {
		t.Errorf("repro %q", r)
	}
	f = l.results[1].Failures[0]
	if f.File != "lib/helper.lua" || f.Line != 3 || f.Source != "  assert.equals(4, v)" {
		t.Errorf("elsewhere: %+v", f)
	}
	f = l.results[2].Failures[0]
	if got := diffOf(f); got != "--- expected\n+++ found\n@@ -1,4 +1,4 @@\n a\n b\n-c\n+x\n d\n" {
		t.Errorf("long: %+v", f)
	}
	f = l.results[3].Failures[0]
	want := "--- expected\n+++ found\n@@ -1,4 +1,4 @@\n a\tb\n-\"\\\\\r\n+\"/\r\n \x00\x7f1\n d\n"
	if got := diffOf(f); got != want {
		t.Errorf("got diff %q, want %q: strings are compared without escapes", got, want)
	}
	if f = l.results[4].Failures[0]; diffOf(f) != "" || f.Expected.String() != `"a\nb\n"` {
		t.Errorf("two lines each are read beside each other: %+v", f)
	}
}

// What the sink is told does not depend on how many cases run at once.
func TestParallelIsTheSame(t *testing.T) {
	fsys := fstest.MapFS{}
	for i := range 12 {
		text := "print('load')\n"
		for k := range 9 {
			text += fmt.Sprintf("it('case %d', function() print(%d, math.random(1000)) for i = 1, %d do end "+
				"assert(%d ~= 5) end)\n", k, k, 200*((i*7+k*3)%11), (i+k)%7)
		}
		fsys[fmt.Sprintf("f%02d.lua", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	told := func(o scenario.Options) string {
		l := runFS(t, fsys, o)
		var b strings.Builder
		for _, r := range l.results {
			fmt.Fprintln(&b, r.Case.ID(), r.Status, r.Output, r.Failures)
		}
		fmt.Fprintln(&b, l.sum.Counts, l.sum.Files, l.sum.Stopped)
		return b.String()
	}
	for _, o := range []scenario.Options{
		{}, {MaxFailures: 3}, {Shuffle: true, Order: 7}, {Repeat: 3, Seed: 5},
	} {
		o.Parallel = 1
		one := told(o)
		o.Parallel = 8
		for range 3 {
			if eight := told(o); eight != one {
				t.Fatalf("with %+v, 8 at once tell\n%s\none tells\n%s", o, eight, one)
			}
		}
	}
}

func TestSelection(t *testing.T) {
	fsys := files("a.lua", "-- tags: seed\ndescribe('d #slow', function()\n  it('one', function() end)\n"+
		"  it('two', function()\n  end)\nend)\nit('three',\n  function() end)\n",
		"b.lua", "it('one more', function() end)\n", "c.lua", "-- tags: wide\n")
	all := "a.lua::d #slow one a.lua::d #slow two a.lua::three b.lua::one more c.lua::c"
	for _, c := range []struct {
		name string
		o    scenario.Options
		want string
	}{
		{name: "everything", o: scenario.Options{}, want: all},
		{
			name: "a filter on the full name",
			o:    scenario.Options{Filter: regexp.MustCompile("slow one")},
			want: "a.lua::d #slow one",
		},
		{
			name: "a filter is a regular expression",
			o:    scenario.Options{Filter: regexp.MustCompile("^(three|c)$")},
			want: "a.lua::three c.lua::c",
		},
		{
			name: "skip",
			o:    scenario.Options{Skip: regexp.MustCompile("one")},
			want: "a.lua::d #slow two a.lua::three c.lua::c",
		},
		{
			name: "tags of files, any of them",
			o:    scenario.Options{Tags: []string{"seed", "wide"}},
			want: "a.lua::d #slow one a.lua::d #slow two a.lua::three c.lua::c",
		},
		{
			name: "tags in names",
			o:    scenario.Options{Tags: []string{"slow"}},
			want: "a.lua::d #slow one a.lua::d #slow two",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(ids(t, fsys, c.o), " "); got != c.want {
				t.Errorf("selected %q, want %q", got, c.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	tree(t, "a.lua\x00"+`describe("d", function()
  it("one", function()
    local x = 1
  end)

  it("two", function() end) it("three", function() end)
end)
for i = 1, 2 do
  it("row " .. i, function()
  end)
end
local small
local function large()
  small = function()
    return 1
  end
end
large()
it("small", small)
it("large", large)
`,
		"b.lua\x00"+strings.Repeat("it('x', function() end)\n", 13)+"\n",
		"c.lua\x00"+strings.Repeat("it('x', function() end)\n", 12)+"\n",
		"d.lua\x00local x = 1\nx = 2")
	for _, c := range []struct {
		at, want string
	}{
		{at: "a.lua:2", want: "d one"},
		{at: "a.lua:3", want: "d one"},
		{at: "a.lua:4", want: "d one"},
		{at: "a.lua:6", want: "d two, d three"},
		{at: "a.lua:1", want: "d one, d two, d three"},
		{at: "a.lua:5", want: "d one, d two, d three"},
		{at: "a.lua:9", want: "row 1, row 2"},
		{at: "a.lua:15", want: "small"},
		{at: "a.lua:13", want: "large"},
		{at: "a.lua:19", want: "small"},
		{at: "a.lua:20", want: "large"},
		{at: "a.lua:8", want: "a.lua:8: no case at this line; cases begin at 2, 6, 9, 14, 13"},
		{at: "a.lua:99", want: "a.lua:99: no case at this line; cases begin at 2, 6, 9, 14, 13"},
		{at: "d.lua:1", want: "d"},
		{at: "d.lua:2", want: "d"},
		{at: "d.lua:3", want: "d"},
		{
			at: "b.lua:14",
			want: "b.lua:14: no case at this line; cases begin at 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, " +
				"12, ...",
		},
		{
			at:   "c.lua:13",
			want: "c.lua:13: no case at this line; cases begin at 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
		},
	} {
		sources, err := scenario.Find([]string{c.at}, nil)
		if err != nil {
			t.Fatal(err)
		}
		cases, broken, err := scenario.List(t.Context(), sources, scenario.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range cases {
			names = append(names, c.Name())
		}
		for _, b := range broken {
			names = append(names, fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Message))
		}
		if got := strings.Join(names, ", "); got != c.want {
			t.Errorf("%s means %q, want %q", c.at, got, c.want)
		}
	}
}

func TestNeedsAndKernels(t *testing.T) {
	o := scenario.Options{
		Facts: func(kernel string) []scenario.Fact {
			if kernel == "" {
				kernel = "4.19.116"
			}
			return []scenario.Fact{
				{Name: "cpus", Value: "8"}, {Name: "vhe", Value: "false"}, {Name: "sim", Value: "true"},
				{Name: "kernel", Value: kernel},
			}
		},
		Kernel: func(name string) (string, error) {
			switch name {
			case "4.19":
				return "4.19.116", nil
			case "4.19.116", "6.1.192":
				return name, nil
			}
			return "", errors.New("no such profile")
		},
		Environment: func(c *scenario.Case) (scenario.Environment, error) {
			kernel := func() string { return c.Kernel }
			env := vm.Module{Name: "env", Global: true, Funcs: map[string]any{"kernel": kernel}}
			return scenario.Environment{Modules: []vm.Module{env}}, nil
		},
	}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{name: "a need that is met", text: "-- needs: cpus>=4, sim\nlocal x", want: []string{"passed a"}},
		{
			name: "a need that is not met says both",
			text: "-- needs: cpus>=16\n",
			want: []string{"skipped a (needs cpus>=16, but cpus is 8)"},
		},
		{
			name: "a feature that is not there",
			text: "-- needs: vhe\n",
			want: []string{"skipped a (needs vhe)"},
		},
		{
			name: "a need of which nothing is known",
			text: "-- needs: cpu>=2\n",
			want: []string{"skipped a (needs cpu>=2, which is unknown; did you mean 'cpus'?)"},
		},
		{
			name: "each operator, above and below",
			text: "-- needs: cpus<=8, cpus<9, cpus>7, cpus!=7, cpus~=9, cpus=8, cpus==8, cpus>=8\nlocal x",
			want: []string{"passed a"},
		},
		{
			name: "at most",
			text: "-- needs: cpus<=7\n",
			want: []string{"skipped a (needs cpus<=7, but cpus is 8)"},
		},
		{
			name: "above is not equal",
			text: "-- needs: cpus>8\n",
			want: []string{"skipped a (needs cpus>8, but cpus is 8)"},
		},
		{
			name: "below is not equal",
			text: "-- needs: cpus<8\n",
			want: []string{"skipped a (needs cpus<8, but cpus is 8)"},
		},
		{
			name: "other than",
			text: "-- needs: cpus!=8\n",
			want: []string{"skipped a (needs cpus!=8, but cpus is 8)"},
		},
		{
			name: "other than, as in Lua",
			text: "-- needs: cpus~=8\n",
			want: []string{"skipped a (needs cpus~=8, but cpus is 8)"},
		},
		{
			name: "equal",
			text: "-- needs: cpus=9\n",
			want: []string{"skipped a (needs cpus=9, but cpus is 8)"},
		},
		{
			name: "what is no number is compared as text",
			text: "-- needs: kernel>=4.x\n",
			want: []string{"skipped a (needs kernel>=4.x, but kernel is 4.19.116)"},
		},
		{
			name: "versions are compared by their numbers",
			text: "-- needs: kernel>=4.19.20\nlocal x",
			want: []string{"passed a"},
		},
		{
			name: "a file runs once for each kernel",
			text: "-- kernel: 4.19, 6.1.192\nit('x', function() assert.equals('6.1.192', " +
				"env.kernel()) end)",
			want: []string{
				"failed x [4.19.116] | assertion:2 assert.equals failed",
				"passed x [6.1.192]",
			},
		},
		{
			name: "a need is asked on each kernel",
			text: "-- kernel: 4.19, 6.1.192\n-- needs: kernel>=6\nit('x', function() end)",
			want: []string{
				"skipped a [4.19.116] (needs kernel>=6, but kernel is 4.19.116)",
				"passed x [6.1.192]",
			},
		},
		{
			name: "an unknown kernel is broken",
			text: "-- kernel: 5.4\n",
			want: []string{"broken a.lua:0 kernel '5.4': no such profile"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			compare(t, runFS(t, files("a.lua", c.text), o).lines(), c.want...)
		})
	}
	compare(t, runFS(t, files("a.lua", "-- only a comment\n"), o).lines(), "skipped a (the file has no code)")
	compare(t, runFS(t, files("a.lua", "-- needs: sim\n"), scenario.Options{}).lines(),
		"skipped a (needs sim, which is unknown)")
	o.Profiles = []string{"6.1.192"}
	fsys := files("a.lua", "-- kernel: 4.19\n", "b.lua", "-- kernel: 4.19 6.1.192\nlocal x\n", "c.lua",
		"local x")
	compare(t, runFS(t, fsys, o).lines(),
		"skipped a (is for kernel 4.19.116, this run is for 6.1.192)", "passed b [6.1.192]", "passed c")
}

func TestTimeoutShowsTheStack(t *testing.T) {
	hangs := "-- timeout: 1s\nlocal function spin()\n  while true do end\nend\n" +
		"it('hangs', function()\n  spin()\n  return 1\nend)\n"
	l := runFS(t, files("a.lua", hangs, "b.lua", "it('passes', function() end)\n"),
		scenario.Options{Timeout: time.Hour})
	f := l.results[0].Failures[0]
	if l.results[0].Status != scenario.Errored || f.Kind != "timeout" || f.Line != 3 {
		t.Errorf("got %v, %s in line %d; want error, timeout in line 3", l.results[0].Status, f.Kind, f.Line)
	}
	if !strings.Contains(fmt.Sprint(f.Frames), "a.lua:6:") || !strings.Contains(f.Message, "1s") {
		t.Errorf("got frames %v, message %q; want a.lua:6 and 1s in them", f.Frames, f.Message)
	}
	if got := l.results[1].Status; got != scenario.Passed {
		t.Errorf("the next file %v, want passed", got)
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fsys := files("a.lua", "it('passes', function() end)"+
		" it('hangs', function() rig.cancel() while true do end end) it('never', function() end)")
	sources, err := scenario.FindFS(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	l := &log{}
	rig := vm.Module{Name: "rig", Global: true, Funcs: map[string]any{"cancel": func() { cancel() }}}
	sum, err := scenario.Run(ctx, sources, scenario.Options{Sink: l, Modules: []vm.Module{rig}})
	if err != nil || !sum.Interrupted || l.sum == nil {
		t.Fatalf("got %+v, %v; want an interrupted run", sum, err)
	}
	compare(t, l.lines(), "passed passes", "interrupted hangs | interrupt:1 interrupted")
}

func TestRoundsAndSeeds(t *testing.T) {
	l := runFS(t, files("a.lua", "it('x', function() print(math.random(2^30)) end)"),
		scenario.Options{Repeat: 3, Seed: 1})
	compare(t, l.lines(), "passed x #1", "passed x #2", "passed x #3")
	if a, b := l.results[0].Output, l.results[1].Output; a == b {
		t.Errorf("rounds have one seed: %q", a)
	}
}

func TestShuffle(t *testing.T) {
	fsys := fstest.MapFS{}
	for i := range 5 {
		fsys[fmt.Sprintf("f%d.lua", i)] = &fstest.MapFile{
			Data: []byte("for i = 1, 6 do it('c' .. i, function() end) end"),
		}
	}
	plain := ids(t, fsys, scenario.Options{})
	one := ids(t, fsys, scenario.Options{Shuffle: true, Order: 1})
	again := ids(t, fsys, scenario.Options{Shuffle: true, Order: 1})
	two := ids(t, fsys, scenario.Options{Shuffle: true, Order: 2})
	if slices.Equal(plain, one) || slices.Equal(one, two) {
		t.Error("a seed does not change the order")
	}
	if !slices.Equal(one, again) {
		t.Error("one seed gives two orders")
	}
	fileOf := func(id string) string { name, _, _ := strings.Cut(id, "::"); return name }
	var order []string
	for _, id := range one {
		if n := len(order); n == 0 || order[n-1] != fileOf(id) {
			order = append(order, fileOf(id))
		}
	}
	if slices.IsSorted(order) {
		t.Errorf("files keep their order: %v", order)
	}
	slices.Sort(one)
	if !slices.Equal(plain, one) {
		t.Error("a shuffle changes the cases")
	}
	l := runFS(t, fsys, scenario.Options{
		Shuffle: true, Order: 7, Shard: scenario.Shard{Index: 1, Total: 2}, Engine: "Bazel",
		Properties: []scenario.Property{{Name: "kernel", Value: "6.1"}},
	})
	want := "[{Shard:2/2 ShardFrom:Bazel Shuffled:true Seed:7 Properties:[{Name:kernel Value:6.1}]}]"
	if got := fmt.Sprintf("%+v", l.info); got != want {
		t.Errorf("a run begins with %s", got)
	}
}

func TestMaxFailures(t *testing.T) {
	fsys := files("a.lua", "for i = 1, 9 do it('c' .. i, function() assert(i % 2 == 1) end) end")
	l := runFS(t, fsys, scenario.Options{MaxFailures: 2, StopReason: "--max-failures 2", Parallel: 4})
	if len(l.results) != 4 || l.sum.Bad() != 2 || l.sum.Stopped != "--max-failures 2" || l.sum.Interrupted {
		t.Errorf("%d results, %+v", len(l.results), l.sum)
	}
}

// A case that fails runs again, also if it is a whole file. It is flaky if it passes then; else the first
// failure is reported.
func TestRetry(t *testing.T) {
	var tries atomic.Int64
	host := vm.Module{Name: "host", Funcs: map[string]any{"tries": tries.Add}}
	for _, tc := range []struct {
		name, text, want string
		tries            int
		flaky            string
	}{
		{"passes at the third try", `it("x", function() assert(n >= 3, n) end)`, "passed x", 3, "1"},
		{"fails at each try", `it("x", function() error("try " .. n, 0) end)`,
			"error x | error:2 try 1", 4, ""},
		{"passes at once", `it("x", function() end)`, "passed x", 0, ""},
		{"a file that is one case", `assert(n >= 2, n)`, "passed whole", 2, "1"},
		{"a file that cannot be loaded at first", `describe("d", function() it("x", function() end)
			if n == 1 then error "no" end end)`, "passed d x", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tries.Store(0)
			text := `n = require("host").tries(1)` + "\n" + tc.text
			if strings.HasPrefix(tc.text, "it(") { // the file is loaded once more, to find its cases
				tries.Store(-1)
			}
			l := runFS(t, files("whole.lua", text), scenario.Options{Retry: 3, Modules: []vm.Module{host}})
			compare(t, l.lines(), tc.want)
			r, flaky := l.results[0], ""
			if r.Flaky != nil {
				flaky = r.Flaky.Message
			}
			if r.Tries != tc.tries || flaky != tc.flaky || (l.sum.Flaky == 1) != (tc.flaky != "") {
				t.Errorf("%d tries, flaky %q, %d in the summary; want %d, %q", r.Tries, flaky, l.sum.Flaky,
					tc.tries, tc.flaky)
			}
		})
	}
}

func TestOutputIsCapped(t *testing.T) {
	l := runFS(t, files("a.lua", "for i = 1, 20000 do print(('x'):rep(40)) end"), scenario.Options{})
	if n := len(l.results[0].Output); n > scenario.OutputLimit+100 ||
		!strings.Contains(l.results[0].Output, "more bytes were printed") {
		t.Errorf("%d bytes kept", n)
	}
}

func TestSnapshots(t *testing.T) {
	dir := tree(t, "a.lua\x00"+`
it("x", function() assert.snapshot("table", {1, "two", {k = 0xffffff8008c5a000}}) end)
it("y", function() assert.snapshot("text", "line\n\nend\n") end)
`)
	run := func(o scenario.Options) *log {
		sources, err := scenario.Find([]string{"a.lua"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return runSources(t, sources, o)
	}
	l := run(scenario.Options{})
	if l.sum.Counts[scenario.Failed] != 2 ||
		!strings.Contains(l.results[0].Failures[0].Message, "no snapshot 'table'") {
		t.Errorf("without a file: %v", l.lines())
	}
	if l = run(scenario.Options{Update: true}); l.sum.Bad() > 0 || l.sum.Snapshots.Written != 2 {
		t.Errorf("writing: %v %+v", l.lines(), l.sum.Snapshots)
	}
	b, err := os.ReadFile(filepath.Join(dir, "a.lua.snap"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `# Snapshots of a.lua, written by hwlua run --update.

["x / table"]
| {
|   1,
|   "two",
|   {
|     k = 0xffffff8008c5a000,
|   },
| }

["y / text"]
| line
|
| end
|
`
	if string(b) != want {
		t.Errorf("file\n%s\nwant\n%s", b, want)
	}
	if l = run(scenario.Options{}); l.sum.Bad() > 0 || l.sum.Snapshots.Matched != 2 ||
		len(l.sum.Snapshots.Obsolete) > 0 {
		t.Errorf("comparing: %v %+v", l.lines(), l.sum.Snapshots)
	}
	os.WriteFile("a.lua", []byte(`it("y", function() assert.snapshot("text", "line\n\nEND\n") end)`), 0o644)
	if l = run(scenario.Options{}); l.sum.Counts[scenario.Failed] != 1 ||
		l.results[0].Failures[0].Found.String() != "line\n\nEND\n" || diffOf(l.results[0].Failures[0]) == "" {
		t.Errorf("a changed value: %v %+v", l.lines(), l.results[0].Failures)
	}
	without := `it("y", function() assert.snapshot("text", "line\n\nend\n") end) it("z", function() end)`
	os.WriteFile("a.lua", []byte(without), 0o644)
	if l = run(scenario.Options{Filter: regexp.MustCompile("y")}); len(l.sum.Snapshots.Obsolete) > 0 {
		t.Errorf("a run of some cases cannot tell what is obsolete: %v", l.sum.Snapshots.Obsolete)
	}
	l = run(scenario.Options{})
	compare(t, l.sum.Snapshots.Obsolete, "a.lua: x / table")
	l = run(scenario.Options{Repeat: 2}) // each case is counted once, however often it runs
	compare(t, l.sum.Snapshots.Obsolete, "a.lua: x / table")
	if l = run(scenario.Options{Update: true}); l.sum.Snapshots.Removed != 1 {
		t.Errorf("removing: %+v", l.sum.Snapshots)
	}
	if l = run(scenario.Options{}); len(l.sum.Snapshots.Obsolete) > 0 || l.sum.Bad() > 0 {
		t.Errorf("after removing: %+v", l.sum.Snapshots)
	}
	os.WriteFile("a.lua", []byte(`it("y", function() end)`), 0o644)
	if l = run(scenario.Options{Update: true}); l.sum.Snapshots.Removed != 1 || l.sum.Unusable > 0 {
		t.Errorf("removing the last: %+v", l.sum.Snapshots)
	}
	if _, err := os.Stat("a.lua.snap"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file without snapshots stays: %v", err)
	}
}

// A file of snapshots that cannot be read fails what asks for them, and is left as it is.
func TestSnapshotsThatCannotBeRead(t *testing.T) {
	const damaged = "[\"x / n\"]\n1\n"
	tree(t, "a.lua\x00it('x', function() assert.snapshot('n', 1) end)", "a.lua.snap\x00"+damaged,
		"b.lua\x00it('x', function() end)", "b.lua.snap\x00"+damaged)
	sources, err := scenario.Find([]string{"."}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := runSources(t, sources, scenario.Options{Update: true})
	compare(t, l.lines(),
		`error x | error:1 snapshots of a.lua: line 2: expected ["name"] or '| text', found '1'`, "passed x")
	if b, err := os.ReadFile("a.lua.snap"); err != nil || string(b) != damaged {
		t.Errorf("the file holds %q, %v", b, err)
	}
	if l.sum.Snapshots.Removed != 0 {
		t.Errorf("%+v", l.sum.Snapshots)
	}
}

// What could not be written is not counted as written.
func TestSnapshotsThatCannotBeKept(t *testing.T) {
	l := runFS(t, files("a.lua", `it("x", function() assert.snapshot("n", 1) end)`),
		scenario.Options{Update: true})
	compare(t, l.lines(), "passed x",
		"broken a.lua.snap:0 cannot be written: the scenario file is not on disk")
	if l.sum.Snapshots.Written != 0 || l.sum.Unusable != 1 {
		t.Errorf("%+v", l.sum)
	}
}

func TestScenariosInGoTest(t *testing.T) {
	scenario.Test(t, files("a.lua", "-- needs: anything\n"+
		"describe('d', function() it('x', function() assert.equals(7, board.lines()) end) end)",
		"b.lua", "pending('later')"),
		vm.Module{Name: "board", Global: true, Funcs: map[string]any{"lines": func() int { return 7 }}})
}

// TestThatFails fails if TestWhatGoTestPrints runs it, in a process of its own.
func TestThatFails(t *testing.T) {
	switch os.Getenv("HWLUA_TEST_FAILS") {
	case "cases":
		scenario.Test(t, files("a.lua", "it('wrong', function()\n print('before') assert.equals(1, 2) end)\n"+
			"it('raises', function() bad.go() end)", "b.lua", "x = = 1"),
			vm.Module{Name: "bad", Global: true, Funcs: map[string]any{"go": func() { panic("ouch") }}})
	case "nothing":
		scenario.Test(t, nil)
	case "no files":
		scenario.Test(t, files("notes.txt", ""))
	case "an update":
		fsys := files("a.lua", "-- needs: vhe\nit('x', function() assert.snapshot('n', 1) end)")
		scenario.TestWith(t, fsys, scenario.Options{Update: true, Sink: &log{}})
	default:
		t.Skip("not asked for")
	}
}

func TestWhatGoTestPrints(t *testing.T) {
	for asked, want := range map[string][]string{
		"cases": {
			"--- FAIL: TestThatFails/a/wrong",
			"run_test.go:N: output: before run_test.go:N: a.lua:2 2 | print('before')",
			"assert.equals failed expected: 1 found: 2",
			"--- FAIL: TestThatFails/a/raises",
			"Go code called by the scenario panicked, which is not the scenario's fault: ouch",
			"Go stack goroutine",
			"scenario_test.TestThatFails.func1",
			"--- FAIL: TestThatFails/b", "run_test.go:N: b.lua:1: syntax error near '='",
		},
		"nothing":   {"run_test.go:N: no file system given"},
		"no files":  {"run_test.go:N: no scenario files (*.lua)"},
		"an update": {"--- FAIL: TestThatFails/a/x", "no snapshot 'n'"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestThatFails$")
		cmd.Env = append(os.Environ(), "HWLUA_TEST_FAILS="+asked)
		out, err := cmd.CombinedOutput()
		out = regexp.MustCompile(`run_test.go:\d+`).ReplaceAll(out, []byte("run_test.go:N"))
		if err == nil {
			t.Errorf("%s: passed", asked)
		}
		for _, w := range want {
			if !strings.Contains(strings.Join(strings.Fields(string(out)), " "), w) {
				t.Errorf("%s: no %q in\n%s", asked, w, out)
			}
		}
	}
}

func TestPanicIsNotTheScenariosFault(t *testing.T) {
	o := scenario.Options{
		Modules: []vm.Module{
			{Name: "bad", Global: true, Funcs: map[string]any{"go": func() { panic("ouch") }}},
		},
	}
	l := runFS(t, files("a.lua", "it('x', function()\n bad.go() end)"), o)
	f := l.results[0].Failures[0]
	if f.Kind != "panic" || !strings.Contains(f.Message, "ouch") || len(f.Notes) == 0 {
		t.Errorf("%+v", f)
	}
}

// A panic in Go code of the caller, such as Look, ends the case but not the run.
func TestPanicOfTheCaller(t *testing.T) {
	o := scenario.Options{Environment: func(c *scenario.Case) (scenario.Environment, error) {
		return scenario.Environment{Look: func(bad bool) scenario.Look {
			if c.Name() == "x" {
				panic("ouch")
			}
			return scenario.Look{}
		}}, nil
	}}
	l := runFS(t, files("a.lua", "it('x', function() end) it('y', function() end)"), o)
	if len(l.results) != 2 || l.results[0].Status != scenario.Errored ||
		l.results[0].Failures[0].Kind != "panic" || l.results[1].Status != scenario.Passed {
		t.Errorf("%v", l.lines())
	}
}

func TestErrnoIsKept(t *testing.T) {
	o := scenario.Options{Errno: func(err error) string {
		if errors.Is(err, errNoRoom) {
			return "ENOSPC"
		}
		return ""
	}, Modules: []vm.Module{
		{Name: "k", Global: true, Funcs: map[string]any{"open": func() error { return errNoRoom }}},
	}}
	l := runFS(t, files("a.lua", "it('x', function() k.open() end)"), o)
	if f := l.results[0].Failures[0]; f.Errno != "ENOSPC" {
		t.Errorf("%+v", f)
	}
}

// A case that gets no runtime is an error that says why, and what a head does not know is said once
// however often it runs.
func TestNoRuntimeAndWarnings(t *testing.T) {
	o := scenario.Options{Repeat: 2, Environment: func(c *scenario.Case) (scenario.Environment, error) {
		if c.Name() == "x" {
			return scenario.Environment{}, errNoRoom
		}
		return scenario.Environment{}, nil
	}}
	fsys := files("a.lua", "-- tag: seed\n-- need: vhe\nit('x', function() end) it('y', function() end)")
	l := runFS(t, fsys, o)
	compare(t, l.lines(), "error x #1 | error:0 cannot create a runtime: no room", "passed y #1",
		"error x #2 | error:0 cannot create a runtime: no room", "passed y #2")
	if len(l.warnings) != 2 || !strings.Contains(l.warnings[0], "'tags:'") ||
		!strings.Contains(l.warnings[1], "'needs:'") {
		t.Errorf("warnings %q", l.warnings)
	}
}

var errNoRoom = errors.New("no room")

func TestRunNeedsContextAndSources(t *testing.T) {
	var none context.Context
	sources, err := scenario.FindFS(files("a.lua", "x = 1"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scenario.Run(none, sources, scenario.Options{}); err == nil {
		t.Error("Run without a context")
	}
	if _, err := scenario.Run(context.Background(), []*scenario.Source{sources[0], nil},
		scenario.Options{}); err == nil {
		t.Error("Run of a source that is nil")
	}
	if _, _, err := scenario.List(none, sources, scenario.Options{}); err == nil {
		t.Error("List without a context")
	}
}

// diffOf returns the diff that reports show for a failure, a line end after each line.
func diffOf(f *scenario.Failure) string {
	var b strings.Builder
	for _, l := range f.Diff() {
		b.WriteString(l + "\n")
	}
	return b.String()
}
