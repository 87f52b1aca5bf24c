// The package comment and the options of a run.

// Package scenario runs scenario files: Lua files with describe, it, before_each, after_each and
// pending as in busted. A file without them is one case. The package finds the files, selects
// cases, runs each in a runtime of its own, for which it loads the file again, and reports the
// results to a Sink. It knows no breakpoint: the caller supplies the modules and the facts that a
// file may need, and adds the state of its machines to a failure.
//
//	sources, err := scenario.Find([]string{"scripts"}, nil)
//	summary, err := scenario.Run(ctx, sources, scenario.Options{
//		Sink:    sink,
//		Modules: []vm.Module{bindings.Hardware()},
//	})
//	if summary.Bad() > 0 { ... }
//
// In a Go test, one subtest a case:
//
//	func TestScenarios(t *testing.T) { scenario.Test(t, os.DirFS("testdata"), bindings.Hardware()) }
//
// Cases may run in parallel. Except for times, what a sink receives does not depend on how many do.
package scenario

import (
	"context"
	"regexp"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// Options configure a run. The zero Options run every case, one at a time, without a report.
type Options struct {
	Sink    Sink
	Watcher Watcher

	// Modules are opened in every runtime. Environment adds what one case needs; several goroutines
	// may call it at once.
	Modules     []vm.Module
	Environment func(*Case) (Environment, error)
	Limits      vm.Limits
	Allow       vm.Allow
	Seed        uint64 // of math.random; later rounds add their number

	// Facts returns what "-- needs:" lines may ask for on a profile, "" for the default one.
	Facts func(kernel string) []Fact
	// Kernel resolves a name of a "-- kernel:" line to the full name of a profile.
	Kernel func(name string) (string, error)
	// Profiles restricts the run to these profiles, if there are any. A file runs on those of them that it
	// names, and is skipped if it names none of them; one that names no profile runs on each of them.
	Profiles []string
	// EveryProfile runs every file on Profiles, whatever profiles it names.
	EveryProfile bool

	Filter  *regexp.Regexp   // on the full name: only these
	Skip    *regexp.Regexp   // on the full name: not these
	Tags    []string         // any of them
	Select  func(*Case) bool // a further condition
	Shard   Shard
	Engine  string // the CI system that set the shard, for reports
	Shuffle bool
	Order   uint64 // the seed of the shuffle
	Repeat  int    // rounds; below 2: one
	Retry   int    // how often a case that failed runs again, until it does not fail

	Root        string        // the folder that require and dofile see; "": that of the file
	Parallel    int           // cases at once; below 2: one
	Timeout     time.Duration // of a case whose file sets none; 0: none
	MaxFailures int           // failures after which the run stops; 0: never
	StopReason  string        // the option that set MaxFailures, "--fail-fast"

	Update bool // write snapshots instead of comparing with them
	// Errno returns the kernel's name of the errno in an error, or "".
	Errno func(error) string
	// Explore explores a case other than it.explore: it calls run once for each order, with the modules and
	// the seed of that run. The error is that of a run that fails;
	// the Explored is never nil. Without Explore cases run once.
	Explore func(ctx context.Context, c *Case,
		run func(context.Context, Environment) error) (*Explored, error)

	// Repro returns the command that runs one case again. at is FILE:LINE if that selects this case
	// only (exact), else the file.
	Repro      func(c *Case, at string, exact bool) string
	Properties []Property // facts about the run for its reports

	anyNeed bool // treat every need as met
}

// An Environment holds what one case gets besides the Options.
type Environment struct {
	Modules []vm.Module
	Seed    *uint64 // replaces Options.Seed

	// Look inspects the machines after the case, before its runtime is closed. bad reports whether
	// it failed.
	Look func(bad bool) Look

	// Failed is called when the case has failed, before its hooks run. It may be nil.
	Failed func()
}

// An Explored is what exploring a case found.
type Explored struct {
	Exploration *vm.Exploration     // nil if there was nothing to explore
	Look        func(bad bool) Look // inspects the machines of the run to tell of; may be nil
}

// OutputLimit limits the bytes kept of what a case prints.
const OutputLimit = 256 << 10
