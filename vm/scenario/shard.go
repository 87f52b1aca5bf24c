// Sharding: which part of a run is this process's.

package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// A Shard is one of Total equal parts of a run. The zero Shard is the whole.
type Shard struct {
	Index int // from 0
	Total int // 0 and 1: the whole
}

// Has says whether the case at that position (from 0) among all selected ones belongs to the shard. The shards
// 0..Total-1 have every position once.
func (s Shard) Has(position int) bool {
	return s.Total <= 1 || position%s.Total == s.Index
}

func (s Shard) String() string {
	if s.Total <= 1 {
		return "1/1"
	}
	return fmt.Sprintf("%d/%d", s.Index+1, s.Total)
}

// ParseShard reads "I/N" with I from 1.
func ParseShard(text string) (Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(i)
	total, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil {
		return Shard{}, fmt.Errorf("shard '%s' is not I/N, such as 2/4", text)
	}
	return newShard(index-1, total, 1, "shard "+text)
}

func newShard(index, total, from int, what string) (Shard, error) {
	if total < 1 || index < 0 || index >= total {
		return Shard{}, fmt.Errorf("%s: the index goes from %d to %d", what, from, total-1+from)
	}
	return Shard{Index: index, Total: total}, nil
}

// shardVars are the engines whose variables say which part is wanted, the most specific first.
var shardVars = []struct {
	engine, index, total, status string
	from                         int
}{
	{"Bazel", "TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", "TEST_SHARD_STATUS_FILE", 0},
	{"GoogleTest", "GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS", "GTEST_SHARD_STATUS_FILE", 0},
	{"Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", "", 0},
	{"CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", "", 0},
	{"GitLab", "CI_NODE_INDEX", "CI_NODE_TOTAL", "", 1},
	{"Kubernetes", "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", "", 0},
}

// EnvShard is what the variables of an engine ask for.
type EnvShard struct {
	Shard
	Engine string // "" when no variables are set
	Index  string // the variable that held the index
	Status string // a file to create as a sign that sharding is understood, "" for none
	Note   string // set when an index is there but no total: how to name it
}

// ShardFromEnv looks for the variables of Bazel, GoogleTest, Buildkite, CircleCI, GitLab (which counts from 1) and
// Kubernetes' indexed jobs (which tell no total: the job's manifest has to set JOB_COMPLETIONS). total, when above
// 0, is used in place of the engine's.
func ShardFromEnv(getenv func(string) string, total int) (EnvShard, error) {
	for _, v := range shardVars {
		index, all := getenv(v.index), getenv(v.total)
		if total > 0 {
			all = strconv.Itoa(total)
		}
		if index == "" {
			continue
		}
		e := EnvShard{Engine: v.engine, Index: v.index}
		if all == "" {
			e.Note = fmt.Sprintf("%s is set, %s is not: every case runs here; say --shard /N for N parts", v.index, v.total)
			return e, nil
		}
		i, err1 := strconv.Atoi(index)
		n, err2 := strconv.Atoi(all)
		if err1 != nil || err2 != nil {
			return e, fmt.Errorf("%s=%s %s=%s: not numbers", v.index, index, v.total, all)
		}
		s, err := newShard(i-v.from, n, v.from, fmt.Sprintf("%s=%s %s=%s", v.index, index, v.total, all))
		if err != nil {
			return e, err
		}
		e.Shard = s
		if v.status != "" {
			e.Status = getenv(v.status)
		}
		return e, nil
	}
	return EnvShard{}, nil
}
