package scenario_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwlua/hwlua/vm/scenario"
)

// randomSuite returns files with 0 to 6 cases; some are one case themselves.
func randomSuite(rng *rand.Rand) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := range 1 + rng.IntN(8) {
		var b strings.Builder
		if rng.IntN(4) > 0 {
			for k := range 1 + rng.IntN(6) {
				fmt.Fprintf(&b, "it('%s case %d', function() end)\n", []string{"red", "blue"}[rng.IntN(2)], k)
			}
		}
		fsys[fmt.Sprintf("f%d.lua", i)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return fsys
}

func ids(t *testing.T, fsys fstest.MapFS, o scenario.Options) []string {
	t.Helper()
	sources, err := scenario.FindFS(fsys, "")
	if err != nil {
		t.Fatal(err)
	}
	cases, broken, err := scenario.List(context.Background(), sources, o)
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	var list []string
	for _, c := range cases {
		list = append(list, c.ID())
	}
	return list
}

// The shards of a suite are the whole without overlap, whatever their number, with a filter and in
// any order.
func TestShardsAreTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		fsys := randomSuite(rng)
		o := scenario.Options{}
		if round%3 == 1 {
			o.Select = func(c *scenario.Case) bool { return strings.Contains(c.Name(), "red") }
		}
		if round%2 == 1 {
			o.Shuffle, o.Order = true, rng.Uint64()
		}
		whole := ids(t, fsys, o)
		slices.Sort(whole)
		total := 1 + rng.IntN(9)
		var union []string
		least, most := 1<<30, 0
		for i := range total {
			o.Shard = scenario.Shard{Index: i, Total: total}
			part := ids(t, fsys, o)
			least, most = min(least, len(part)), max(most, len(part))
			union = append(union, part...)
		}
		slices.Sort(union)
		if !slices.Equal(whole, union) {
			t.Fatalf("round %d: %d shards\n%v\nare not the whole\n%v", round, total, union, whole)
		}
		if most-least > 1 {
			t.Errorf("round %d: the largest of %d shards has %d cases, the smallest %d", round, total, most,
				least)
		}
	}
}

func TestShardFromEnv(t *testing.T) {
	for _, c := range []struct {
		name, env string
		total     int
		want      string
	}{
		{name: "nothing is set", env: "", total: 0, want: "1/1 "},
		{
			name:  "Bazel counts from 0",
			env:   "TEST_TOTAL_SHARDS=4 TEST_SHARD_INDEX=2 TEST_SHARD_STATUS_FILE=/x",
			total: 0,
			want:  "3/4 Bazel /x",
		},
		{
			name:  "GoogleTest counts from 0",
			env:   "GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=0",
			total: 0,
			want:  "1/2 GoogleTest",
		},
		{name: "GitLab counts from 1", env: "CI_NODE_TOTAL=3 CI_NODE_INDEX=3", total: 0, want: "3/3 GitLab"},
		{name: "GitLab without parallel sets a total alone", env: "CI_NODE_TOTAL=1", total: 0, want: "1/1 "},
		{name: "CircleCI", env: "CIRCLE_NODE_TOTAL=3 CIRCLE_NODE_INDEX=1", total: 0, want: "2/3 CircleCI"},
		{
			name:  "Buildkite",
			env:   "BUILDKITE_PARALLEL_JOB_COUNT=5 BUILDKITE_PARALLEL_JOB=4",
			total: 0,
			want:  "5/5 Buildkite",
		},
		{
			name:  "Kubernetes with a total of its own",
			env:   "JOB_COMPLETION_INDEX=1 JOB_COMPLETIONS=2",
			total: 0,
			want:  "2/2 Kubernetes",
		},
		{
			name:  "Kubernetes with a total from the command line",
			env:   "JOB_COMPLETION_INDEX=1",
			total: 3,
			want:  "2/3 Kubernetes",
		},
		{
			name:  "Kubernetes without a total says how to give one",
			env:   "JOB_COMPLETION_INDEX=1",
			total: 0,
			want: "1/1 Kubernetes JOB_COMPLETION_INDEX is set but JOB_COMPLETIONS is not, so every " +
				"case runs here; use --shard /N for N parts",
		},
		{
			name:  "the most specific engine wins",
			env:   "CI_NODE_TOTAL=3 CI_NODE_INDEX=1 TEST_TOTAL_SHARDS=4 TEST_SHARD_INDEX=2",
			total: 0,
			want:  "3/4 Bazel",
		},
		{
			name:  "an index beyond the total",
			env:   "CI_NODE_TOTAL=3 CI_NODE_INDEX=4",
			total: 0,
			want:  "error CI_NODE_INDEX=4 CI_NODE_TOTAL=3: the index must be from 1 to 3",
		},
		{
			name:  "index 0 where engines count from 1",
			env:   "CI_NODE_TOTAL=3 CI_NODE_INDEX=0",
			total: 0,
			want:  "error CI_NODE_INDEX=0 CI_NODE_TOTAL=3: the index must be from 1 to 3",
		},
		{
			name:  "no numbers",
			env:   "CIRCLE_NODE_TOTAL=x CIRCLE_NODE_INDEX=1",
			total: 0,
			want:  "error CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=x: not numbers",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{}
			for _, kv := range strings.Fields(c.env) {
				k, v, _ := strings.Cut(kv, "=")
				env[k] = v
			}
			e, err := scenario.ShardFromEnv(func(k string) string { return env[k] }, c.total)
			got := strings.TrimRight(fmt.Sprintf("%s %s %s%s", e.Shard, e.Engine, e.Status, e.Note), " ")
			if err != nil {
				got = "error " + err.Error()
			}
			if got != strings.TrimRight(c.want, " ") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseShard(t *testing.T) {
	if s, err := scenario.ParseShard("2/4"); err != nil || s != (scenario.Shard{Index: 1, Total: 4}) {
		t.Errorf("2/4 is %v, %v", s, err)
	}
	for _, bad := range []string{"", "2", "0/4", "5/4", "a/b", "1/0", "-1/2", "1/2/3"} {
		if s, err := scenario.ParseShard(bad); err == nil {
			t.Errorf("%q is read as %v", bad, s)
		}
	}
}
