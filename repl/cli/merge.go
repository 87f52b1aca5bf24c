// --merge: the report of a run from those of its shards.

package cli

import (
	"os"
	"reflect"

	"github.com/hwlua/hwlua/vm/scenario/report"
)

// mergeShards reads the JSON reports of shards and writes the reports of the whole run. It returns the exit
// code of that run.
func (o *runOptions) mergeShards(env Env, paths []string) (int, error) {
	apply := newRunOptions()
	apply.merge, apply.reports, apply.verbose, apply.color = o.merge, o.reports, o.verbose, o.color
	if !reflect.DeepEqual(o, apply) {
		return 0, usagef("--merge runs nothing: of the other options only --report, --verbose and --color " +
			"apply")
	}
	if err := o.checkOutputs(paths); err != nil {
		return 0, err
	}
	var shards []*report.Shard
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			return 0, err
		}
		s, err := report.ReadShard(p, f)
		f.Close()
		if err != nil {
			return 0, err
		}
		shards = append(shards, s)
	}
	reports, err := o.openReports(env, false)
	if err != nil {
		return 0, err
	}
	sum, err := report.Merge(shards, reports.all)
	if err != nil {
		return 0, err
	}
	code := o.exitCode(env, sum)
	if err := reports.finish(); err != nil {
		code = max(code, usage(env, "run", err))
	}
	return code, nil
}
