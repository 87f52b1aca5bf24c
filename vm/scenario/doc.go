// What the package is for, and the options of a run.

// Package scenario runs scenario files: Lua files with describe, it, before_each, after_each and pending as in busted,
// or without them, then the file is one case. It finds the files, picks cases, runs each in a runtime of its own for
// which the file is loaded afresh, and tells a Sink what became of them. It does not know what a breakpoint is: the
// caller brings the modules, says what a file may need, and adds to a failure what the machines know about it.
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
// Cases may run at once; what the sink is told does not depend on how many do, times apart.
package scenario

import (
	"regexp"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// Options shape a run. The zero Options run every case, one at a time, and tell nobody.
type Options struct {
	Sink    Sink
	Watcher Watcher

	// Modules are there in every runtime; Environment adds what one case alone gets. It may be called from
	// several goroutines at once.
	Modules     []vm.Module
	Environment func(*Case) (Environment, error)
	Limits      vm.Limits
	Allow       vm.Allow
	Seed        uint64 // of math.random; from the second round on the round is added to it

	// Facts are what "-- needs:" lines are held against, on that profile ("" the default one).
	Facts func(kernel string) []Fact
	// Kernel turns a name of a "-- kernel:" line into the full name of a profile.
	Kernel func(name string) (string, error)
	// Profile, when it is set, is the one profile of this run: a file that names others is skipped.
	Profile string

	Filter  *regexp.Regexp   // on the full name: only these
	Skip    *regexp.Regexp   // on the full name: not these
	Tags    []string         // any of them
	Select  func(*Case) bool // a further condition
	Shard   Shard
	Engine  string // who asked for the shard, for reports
	Shuffle bool
	Order   uint64 // the seed of the shuffle
	Repeat  int    // rounds; below 2: one

	Parallel    int           // cases at once; below 2: one
	Timeout     time.Duration // of a case whose file asks for none; 0: none
	MaxFailures int           // the run ends after that many; 0: never
	StopReason  string        // what to call that, "--fail-fast"

	Update bool // write snapshots instead of comparing with them
	// Errno is the kernel's name of an error that a case passed on, "" for none.
	Errno func(error) string
	// Repro is the command that runs one case again; at is FILE:LINE where that says it exactly, else the file.
	Repro      func(c *Case, at string, exact bool) string
	Properties []Property // facts about the run for its reports

	anyNeed bool // every need is met
}

// An Environment is what one case gets for itself.
type Environment struct {
	Modules []vm.Module
	Seed    *uint64 // replaces Options.Seed

	// Look is called when the case has ended, before its runtime is closed; bad tells whether it failed.
	Look func(bad bool) Look
}

// OutputLimit is how many bytes of what a case prints are kept.
const OutputLimit = 256 << 10
