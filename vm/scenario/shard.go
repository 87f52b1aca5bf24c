// Sharding: the part of a run that this process runs.

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

// Has reports whether the case at that position (from 0) among all selected cases belongs to the
// shard. Each position belongs to exactly one of the shards 0 to Total-1.
func (s Shard) Has(position int) bool {
	return s.Total <= 1 || position%s.Total == s.Index
}

func (s Shard) String() string {
	if s.Total <= 1 {
		return "1/1"
	}
	return fmt.Sprintf("%d/%d", s.Index+1, s.Total)
}

// ParseShard parses "I/N", with I from 1.
func ParseShard(text string) (Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(i)
	total, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil {
		return Shard{}, fmt.Errorf("invalid shard '%s' (want I/N, such as 2/4)", text)
	}
	return newShard(index-1, total, 1, "shard "+text)
}

func newShard(index, total, from int, what string) (Shard, error) {
	if total < 1 || index < 0 || index >= total {
		return Shard{}, fmt.Errorf("%s: the index must be from %d to %d", what, from, total-1+from)
	}
	return Shard{Index: index, Total: total}, nil
}

// shardVars lists the CI systems whose variables select a shard, the most specific first.
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

// An EnvShard is the shard that the variables of a CI system select.
type EnvShard struct {
	Shard
	Engine string // "" if no variables are set
	Index  string // the variable with the index
	Status string // a file to create to show that sharding is supported, or ""
	Note   string // how to set the total if only the index is set
}

// ShardFromEnv reads the variables of Bazel, GoogleTest, Buildkite, CircleCI, GitLab (which counts
// from 1) and indexed jobs of Kubernetes (which set no total, so the manifest of the job has to set
// JOB_COMPLETIONS). A total above 0 replaces the total of the CI system.
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
			const format = "%s is set but %s is not, so every case runs here; use --shard /N for N parts"
			e.Note = fmt.Sprintf(format, v.index, v.total)
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
