// The exploration: its configuration, its result, and how a program is explored.

// Package explore runs a program once for each order that the kernel allows, or for as many as its budget
// allows, and reports how many those were. The program makes tasks, work and timers on a machine of package
// sim and runs it; where the machine asks who goes on next, the exploration answers.
//
// A search goes depth-first over all orders, with or without a bound on preemptions, or draws them: at
// random, or by random priorities (PCT). A run that fails ends it, unless Config says otherwise; the
// failing schedule is shrunk, and its text replays it.
//
// Left out: memory models (each access is a step of its own, in one global order), and preemption inside of
// kernel paths, unless the machine's grain is fine.
//
//	r, err := explore.Run(ctx, explore.Config{Machine: sim.Config{CPUs: 2}}, func(m *sim.Machine) error {
//		// create tasks, work and timers on m, then
//		_, err := m.Run()
//		return err
//	})
//	if err == nil && !r.OK {
//		fmt.Println(r.Failure.Message, r.Failure.Schedule)
//	}
package explore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// The strategies.
const (
	Auto   = "auto"   // the default order, 200 random, 200 PCT, then depth-first, bounded and unbounded
	DFS    = "dfs"    // every schedule, depth-first
	Random = "random" // uniformly drawn possibilities
	PCT    = "pct"    // random priorities that change at random points
)

// Strategies returns the names of the strategies.
func Strategies() []string { return []string{Auto, DFS, Random, PCT} }

// NoBound stands for any number of preemptions.
const NoBound = -1

// A Config describes an exploration. The zero value explores machines of the zero sim.Config with Auto.
type Config struct {
	Machine  sim.Config    // Choose, Seed and Slack are set by the exploration
	Strategy string        // Auto if empty
	Bound    *int          // the most preemptions of DFS; nil: any number
	Reduce   bool          // DFS runs one of the schedules that differ only in independent steps
	Slack    time.Duration // 0: 10 ms; below 0: none

	MaxRuns   int           // 0: 10,000; below 0: no limit
	Timeout   time.Duration // in real time; 0: 10 s; below 0: no limit
	MaxPoints int           // of one run; 0: 10,000; below 0: no limit

	Seed  uint64 // of Random and PCT; 0: 1
	Depth int    // of PCT; 0: 3

	NoShrink  bool
	KeepGoing bool   // count the failing schedules instead of stopping at the first
	Schedule  string // run this one only

	// Kept schedules run before the search, and one that fails ends it. Those that do not fit any more are
	// left out. Keep gets the schedule of a failure that the search found.
	Kept []string
	Keep func(schedule string) error

	// Progress is called every ProgressEvery runs of a search, and when it has ended.
	Progress func(Progress)

	RequireComplete bool // an exploration that its budget ends fails
	Share           int  // with Shares: explore share Share of Shares, from 1
	Shares          int  // 0: 1

	// Workers make runs at the same time, each on a machine of its own; 0: 1. The result does not depend on
	// their number, unless the timeout ends the exploration. The function that is explored must not use
	// variables from outside of it.
	Workers int

	// KindOf returns the kind of a failure that err is, for errors that are not the machine's own. nil:
	// "error".
	KindOf func(error) string
}

// A Result is what an exploration found.
type Result struct {
	OK        bool
	Complete  bool // every schedule of the share was run or is equivalent to one that was
	Runs      int  // without those that check or shrink
	Schedules int  // runs that reached their end
	Pruned    int  // the other ones, cut by reduction
	Stopped   string
	Share     float64 // how much of the tree was run, by weight
	MaxPoints int     // of the longest run
	Outcomes  map[string]int
	Failures  int
	Sometimes map[string]int
	Near      time.Duration // the smallest slack that would admit a later timer; below 0: none
	Unasked   int           // the most calls of a run in functions of interrupts, which have no points
	Failure   *Failure      // the first
	Races     []Race
}

// ProgressEvery is the number of runs between two calls of Config.Progress.
const ProgressEvery = 16

// A Progress is how far a search has come.
type Progress struct {
	Runs     int
	About    int // how many runs there will be, estimated from the part of the tree that was run; 0: unknown
	Failures int
	Ended    bool
}

// A Failure is a schedule that fails, or a property that no schedule shows.
type Failure struct {
	Kind        string // "assert", "error", "deadlock", "always", "eventually", "bug", ...
	Message     string
	Err         error
	Schedule    string // "" for "sometimes"
	Preemptions int
	Choices     int // where it departs from the default order
	Run         int
	Steps       []Step
	Minimal     int // runs that show that no schedule with fewer preemptions fails; 0: not shown
}

// A Race is a variable that two threads use in no order, one of them writing.
type Race struct {
	Name  string
	Write sim.Position
	Other sim.Position
}

// A Program makes one run. It passes c.Machine's result to sim.New, or attaches c to a machine.
type Program func(c *Control) Outcome

// An Outcome is the result of one run.
type Outcome struct {
	Text  string // what the program returned
	Given bool   // whether it returned something
	Err   error  // what it failed with
}

// fill sets the defaults and validates c.
func (c *Config) fill() error {
	c.Strategy = cmp.Or(c.Strategy, Auto)
	if !slices.Contains(Strategies(), c.Strategy) {
		return fmt.Errorf("explore: invalid strategy %q (want one of %v)", c.Strategy, Strategies())
	}
	if c.Bound != nil && c.Reduce {
		return errors.New("explore: a bound with reduction misses schedules; fix: leave one of them out")
	}
	if c.Bound != nil && *c.Bound < 0 {
		return fmt.Errorf("explore: invalid bound %d (want 0 or more)", *c.Bound)
	}
	c.Slack = cmp.Or(c.Slack, 10*time.Millisecond)
	c.MaxRuns = cmp.Or(c.MaxRuns, 10_000)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.MaxPoints = cmp.Or(c.MaxPoints, 10_000)
	c.Seed = cmp.Or(c.Seed, 1)
	c.Depth = cmp.Or(c.Depth, 3)
	c.Shares = cmp.Or(c.Shares, 1)
	c.Share = cmp.Or(c.Share, 1)
	if c.Shares < 1 || c.Share < 1 || c.Share > c.Shares {
		return fmt.Errorf("explore: invalid share %d of %d", c.Share, c.Shares)
	}
	return nil
}

// Run explores fn, which gets a new machine for each run. What fn shares with its threads is invisible to the
// exploration: reduction is sound only for variables that fn names with sim.Machine.Touch. The error is about
// the configuration, or makes a verdict impossible.
func Run(ctx context.Context, cfg Config, fn func(m *sim.Machine) error) (*Result, error) {
	return exploreKept(ctx, cfg, true, func() (Program, func()) { return onMachine(fn) })
}

// onMachine returns a program that runs fn on one machine, which is reset before each run, and a function
// that closes the machine.
func onMachine(fn func(m *sim.Machine) error) (p Program, end func()) {
	var m *sim.Machine
	var now *Control
	end = func() {
		if m != nil {
			m.Close()
		}
	}
	return func(c *Control) Outcome {
		now = c
		if m == nil || m.Reset() != nil {
			end()
			mc := c.Machine()
			mc.TraceSize = cmp.Or(mc.TraceSize, -1)
			mc.Choose = func(p *sim.Point) int { return now.Choose(p) }
			var err error
			if m, err = sim.New(mc); err != nil {
				return Outcome{Err: &ProgramError{err}}
			}
		}
		c.Attach(m)
		return Outcome{Err: fn(m)}
	}, end
}

// Replay runs fn once under a schedule.
func Replay(ctx context.Context, cfg Config, schedule string,
	fn func(m *sim.Machine) error) (*Result, error) {
	cfg.Schedule = schedule
	return Run(ctx, cfg, fn)
}

// A ProgramError is an error that makes it impossible to run the program at all. It ends the exploration.
type ProgramError struct{ Err error }

func (e *ProgramError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *ProgramError) Unwrap() error { return e.Err }

// Explore explores a program, with one worker. The schedules of cfg.Kept run first.
func Explore(ctx context.Context, cfg Config, p Program) (*Result, error) {
	cfg.Workers = 1
	return exploreKept(ctx, cfg, false, func() (Program, func()) { return p, func() {} })
}

// exploreKept runs the schedules of cfg.Kept, and explores if none of them fails. With reuses no machine of
// an earlier run asks its control any more.
func exploreKept(ctx context.Context, cfg Config, reuses bool, p programs) (*Result, error) {
	if cfg.Schedule != "" {
		return explore(ctx, cfg, reuses, p)
	}
	for _, schedule := range cfg.Kept {
		again := cfg
		again.Schedule = schedule
		// The search meets an error again unless it is about the schedule, which then is out of date.
		if r, err := explore(ctx, again, reuses, p); err == nil && !r.OK {
			return r, nil
		}
	}
	r, err := explore(ctx, cfg, reuses, p)
	if err == nil && !r.OK && r.Failure.Schedule != "" && cfg.Keep != nil {
		err = cfg.Keep(r.Failure.Schedule)
	}
	return r, err
}

// explore searches, or runs cfg.Schedule.
func explore(ctx context.Context, cfg Config, reuses bool, p programs) (*Result, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	e := &explorer{programs: p, budget: newBudget(ctx, &cfg)}
	defer e.end()
	e.worker = &worker{cfg: &cfg, shared: newSharing(), open: new(atomic.Int64), reuses: reuses}
	e.worker = e.newWorker()
	if cfg.Progress != nil {
		defer func() { cfg.Progress(Progress{Ended: true}) }()
	}
	return e.explore()
}
