package report_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

// timeless passes on a run as if it had taken no time, so that two runs can be compared.
type timeless struct{ scenario.Sink }

func (k timeless) Case(r *scenario.Result) {
	r.Start, r.Elapsed = time.Unix(0, 0), 0
	k.Sink.Case(r)
}

func (k timeless) End(s *scenario.Summary) {
	s.Elapsed = 0
	k.Sink.End(s)
}

// suite has cases with every kind of result, warnings, and files that cannot be used.
var suite = map[string]string{
	"a/one.lua": `-- tag: slow
		-- tags: quick
		describe("one", function()
			it("passes", function() print "\255 and \27[31m \244\143\191\189 \\x41" end)
			it("fails in \255 text", function() assert.equals("a\nb\nc\255", "a\nb\nd") end)
			it("fails in a table", function()
				check.same({ 1, { x = "two" } }, { 1, { x = "2" } })
				error "after"
			end)
			it("passes later", function() assert(require("host").tries(1) > 1) end)
			pending("comes later")
			it("passes, too", function() end)
		end)`,
	"a/two.lua":    `assert(1 + 1 == 3, "a whole file")`,
	"b/broken.lua": "local x =\n\t= 1 -- \255",
	"b/needs.lua":  "-- needs: cpus>=8\nerror 'not run'",
	"c.lua": "-- kernel: old, new\n-- kernels: new\n" +
		"it('on both', function() end) it('fails', function() error{} end)",
}

// sourcesOf returns the files of a suite.
func sourcesOf(t *testing.T, suite map[string]string) []*scenario.Source {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range suite {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	sources, err := scenario.FindFS(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// runTo runs the suite and writes the report of its stream.
func runTo(t *testing.T, format string, o scenario.Options) []byte {
	t.Helper()
	failed := map[string]bool{} // each run has a host of its own
	host := vm.Module{Name: "host", Funcs: map[string]any{"tries": func(n int) int {
		again := failed["once"]
		failed["once"] = true
		if again {
			n++
		}
		return n
	}}}
	var b bytes.Buffer
	w, err := report.New(format, &b, report.Options{Verbose: true})
	if err != nil {
		t.Fatal(err)
	}
	o.Sink, o.Modules, o.Retry = timeless{w}, []vm.Module{host}, 1
	o.Properties = append(o.Properties, scenario.Property{Name: "kernel", Value: "6.1"})
	o.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		return scenario.Environment{Look: func(bad bool) scenario.Look {
			note := scenario.Paragraph{Title: "note", Lines: []string{c.ID()}}
			return scenario.Look{
				Timelines: []scenario.Timeline{timeline()}, Keep: t, Notes: []scenario.Paragraph{note},
			}
		}}, nil
	}
	if _, err := scenario.Run(context.Background(), sourcesOf(t, suite), o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shardsOf runs the suite in n shards and reads their reports, the last one first.
func shardsOf(t *testing.T, n int, o scenario.Options) (shards []*report.Shard) {
	t.Helper()
	for i := range n {
		o.Shard = scenario.Shard{Index: i, Total: n}
		name := fmt.Sprintf("%d.json", i+1)
		s, err := report.ReadShard(name, bytes.NewReader(runTo(t, "json", o)))
		if err != nil {
			t.Fatal(err)
		}
		shards = append(shards, s)
	}
	slices.Reverse(shards)
	return shards
}

// The merged reports of shards equal the report of the run without shards, byte for byte: in each format,
// order and number of rounds, and with more shards than cases.
func TestMerge(t *testing.T) {
	for _, tc := range []struct {
		name string
		n    int
		o    scenario.Options
	}{
		{"two", 2, scenario.Options{}},
		{"three rounds", 3, scenario.Options{Repeat: 2}},
		{"shuffled", 3, scenario.Options{Shuffle: true, Order: 5, Repeat: 2}},
		{"empty shards", 15, scenario.Options{Parallel: 4}},
		{"nothing selected", 2, scenario.Options{Select: func(*scenario.Case) bool { return false }}},
	} {
		shards := shardsOf(t, tc.n, tc.o)
		for _, format := range report.Formats() {
			t.Run(tc.name+"/"+format, func(t *testing.T) {
				var got bytes.Buffer
				w, err := report.New(format, &got, report.Options{Verbose: true})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := report.Merge(shards, w); err != nil {
					t.Fatal(err)
				}
				want := runTo(t, format, tc.o)
				if !bytes.Equal(got.Bytes(), want) {
					t.Errorf("merged:\n%s\nin one run:\n%s", got.Bytes(), want)
				}
			})
		}
	}
}

// Reports that are not those of all shards of one run are refused, and nothing is reported.
func TestMergeRefuses(t *testing.T) {
	three, two := shardsOf(t, 3, scenario.Options{}), shardsOf(t, 2, scenario.Options{})
	other := shardsOf(t, 3, scenario.Options{Properties: []scenario.Property{{Name: "cpus", Value: "8"}}})
	for _, tc := range []struct {
		name, want string
		shards     []*report.Shard
	}{
		{"none", "no reports given", nil},
		{"missing", "the report of shard 2/3 is missing", []*report.Shard{three[0], three[2]}},
		{"twice", "1.json and 1.json are both reports of shard 1/3", []*report.Shard{three[2], three[2]}},
		{"other number", "are reports of different runs: kernel 6.1, shard 3/3; kernel 6.1, shard 2/2",
			[]*report.Shard{three[0], two[0]}},
		{"other machine", "different runs: kernel 6.1, shard 3/3; cpus 8, kernel 6.1, shard 2/3",
			[]*report.Shard{three[0], other[1]}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sum, err := report.Merge(tc.shards, nil)
			if err == nil || sum != nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// A file that is not the report of a shard, or not a whole one, is named.
func TestReadShard(t *testing.T) {
	whole := runTo(t, "json", scenario.Options{Shard: scenario.Shard{Total: 2}})
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "x.json: not the JSON report of a shard (hwlua run --shard I/N --report json)"},
		{"no shard", `{"Run":{"Shard":{"Index":3,"Total":2}}}`, "x.json: not the JSON report of a shard"},
		{"no case", `{"Run":{"Shard":{"Total":2}}} {"Result":{}}`, "x.json: not the JSON report of a"},
		{"other", "<html>", "x.json: not the JSON report of a shard"},
		{"unsharded", string(runTo(t, "json", scenario.Options{})), "x.json: not the JSON report of a"},
		{"cut", string(whole[:bytes.LastIndexByte(whole[:len(whole)-1], '\n')]), "x.json: the report ends"},
		{"cut in a line", string(whole[:len(whole)-9]), "x.json: not a JSON report: unexpected EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := report.ReadShard("x.json", strings.NewReader(tc.text))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
