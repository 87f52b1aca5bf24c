// The search: which runs are made, and what they add to the result.

package explore

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// How many runs Auto draws in each way.
const autoDraws = 200

// checkEvery is how often a run is repeated to see whether it does the same again.
const checkEvery = 64

// An explorer is one exploration under way.
type explorer struct {
	*worker  // that makes the runs which no other worker makes
	programs programs
	ends     []func()  // of programs
	team     []*worker // that make runs at the same time
	budget   *budget
	res      *Result
	fatal    error
	failed   *attempt // the first run that failed
	covered  float64
	before   int             // runs before the walk of which covered is the part
	names    map[string]bool // of the properties of kind Sometimes
}

// An attempt is a run that failed.
type attempt struct {
	c *Control
	f *Failure
}

// explore runs the strategy, again when it finds a variable that threads share.
func (e *explorer) explore() (*Result, error) {
	if e.cfg.Schedule != "" {
		return e.replayed()
	}
	for {
		e.res = &Result{Outcomes: map[string]int{}, Sometimes: map[string]int{}, Near: -1}
		e.failed, e.covered, e.names = nil, 0, map[string]bool{}
		e.open.Store(0)
		relearn := e.strategy()
		if e.fatal != nil {
			return nil, e.fatal
		}
		if !relearn {
			return e.finish()
		}
	}
}

// replayed runs one schedule.
func (e *explorer) replayed() (*Result, error) {
	s, err := ParseSchedule(e.cfg.Schedule)
	if err != nil {
		return nil, err
	}
	e.res = &Result{Outcomes: map[string]int{}, Sometimes: map[string]int{}, Near: -1}
	e.names = map[string]bool{}
	c := e.control(replay{s}, nil)
	c.told = &telling{}
	out := e.run(c)
	if e.fatal == nil {
		e.fatal = replay{s}.unfit(c)
	}
	if e.fatal != nil {
		return nil, e.fatal
	}
	e.count(e.result(c, out))
	if e.failed != nil {
		e.res.Failure = e.failed.f
		e.res.Failure.Steps = c.told.steps
	}
	e.res.Races = e.shared.races()
	e.res.OK = e.failed == nil
	return e.res, nil
}

// finish shrinks the failure and judges.
func (e *explorer) finish() (*Result, error) {
	r := e.res
	r.Races = e.shared.races()
	r.Share = min(e.covered, 1)
	if r.Complete {
		r.Share = 1
	}
	if e.failed != nil {
		r.Failure = e.shrunk(e.failed)
		if e.fatal != nil {
			return nil, e.fatal
		}
	}
	if r.Failure == nil && r.Complete && e.cfg.Shares == 1 {
		r.Failure = e.neverHeld()
	}
	if r.Failure == nil && e.cfg.RequireComplete && r.Stopped != "" {
		r.Failure = &Failure{Kind: "incomplete", Message: fmt.Sprintf(
			"incomplete: %s ended the exploration after %d runs, with %.1f %% of the tree", r.Stopped, r.Runs,
			100*r.Share)}
	}
	r.OK = r.Failure == nil
	return r, nil
}

// neverHeld returns the failure of a property that no schedule shows, or nil.
func (e *explorer) neverHeld() *Failure {
	for _, name := range slices.Sorted(maps.Keys(e.names)) {
		if e.res.Sometimes[name] == 0 {
			return &Failure{Kind: sim.Sometimes.String(), Message: fmt.Sprintf(
				"sometimes: %q holds in none of %d schedules", name, e.res.Schedules)}
		}
	}
	return nil
}

// strategy makes the runs, and reports whether the search has to begin again.
func (e *explorer) strategy() (relearn bool) {
	switch e.cfg.Strategy {
	case DFS:
		bound := NoBound
		if e.cfg.Bound != nil {
			bound = *e.cfg.Bound
		}
		return e.dfs(bound, e.cfg.Reduce) == again
	case Random:
		return e.draw(math.MaxInt, drawnRun) == again
	case PCT:
		return e.draw(math.MaxInt, prioritisedRun) == again
	}
	return e.auto() == again
}

// A verdict says how the search goes on after a run or a phase.
type verdict uint8

const (
	more  verdict = iota // with the next run or phase
	done                 // it ends
	again                // from the beginning
)

// auto goes through the phases of Auto.
func (e *explorer) auto() verdict {
	phases := []func() verdict{
		func() verdict { return e.draw(1, firstRun) },
		func() verdict { return e.draw(autoDraws, drawnRun) },
		func() verdict { return e.draw(autoDraws, prioritisedRun) },
	}
	for bound := range 3 {
		phases = append(phases, func() verdict { return e.dfs(bound, false) })
	}
	phases = append(phases, func() verdict { return e.dfs(NoBound, e.cfg.Reduce) })
	for _, phase := range phases {
		if v := phase(); v != more {
			return v
		}
		if e.open.Load() == 0 { // there is one order only
			e.res.Complete = true
			return done
		}
	}
	return done
}

// draw makes n runs with policies of their own.
func (e *explorer) draw(n int, of drawing) verdict {
	runs, stop := e.runs(&draws{of: of, n: n})
	defer stop()
	for !e.spent() {
		r := runs()
		if r == nil {
			return more
		}
		if r.assumed != e.open.Load() && of.guesses {
			r = e.drawRun(of, r.number)
		}
		if v := e.judge(r); v != more {
			return v
		}
	}
	return done
}

// dfs makes every run with at most bound preemptions. It ends the search if no schedule is left out.
func (e *explorer) dfs(bound int, reduce bool) verdict {
	t := &tree{search: search{reduce: reduce}, bound: bound}
	if e.cfg.Shares > 1 {
		t.search.shares = &split{e.cfg.Share, e.cfg.Shares, splitDepth}
	}
	e.covered, e.before = 0, e.res.Runs
	runs, stop := e.runs(&subtree{tree: t})
	defer stop()
	for {
		if e.spent() {
			return done
		}
		r := runs()
		if r == nil {
			break
		}
		if v := e.judge(r); v != more {
			return v
		}
		e.covered += r.weight
	}
	if t.left.Load() {
		return more
	}
	e.res.Complete = true
	return done
}

func preemptions(path []node) int {
	n := 0
	for i := range path {
		if path[i].running && path[i].chosen > 0 {
			n++
		}
	}
	return n
}

// spent reports whether the budget is used up, and notes by what.
func (e *explorer) spent() bool {
	switch {
	case e.fatal != nil:
		return true
	case e.cfg.MaxRuns > 0 && e.res.Runs >= e.cfg.MaxRuns:
		e.res.Stopped = "max_runs"
	case e.budget.over():
		e.res.Stopped = "timeout"
		e.fatal = e.budget.cancelled()
	default:
		return false
	}
	return true
}

// run makes one run.
func (e *explorer) run(c *Control) Outcome {
	out := e.worker.run(c)
	if err := fatalOf(c, out); err != nil && e.fatal == nil {
		e.fatal = err
	}
	return out
}

// fatalOf returns an error that makes a verdict impossible, or nil.
func fatalOf(c *Control, out Outcome) error {
	for _, err := range []error{c.end, out.Err} {
		if e, ok := errors.AsType[*ChangedError](err); ok {
			return e
		}
		if e, ok := errors.AsType[*FitError](err); ok {
			return e
		}
		if e, ok := errors.AsType[*OutlivesError](err); ok {
			return e
		}
		if e, ok := errors.AsType[*ProgramError](err); ok {
			return e
		}
	}
	return nil
}

// judge adds a run to the result, and says how the search goes on.
func (e *explorer) judge(r *ran) verdict {
	if r.foreign {
		return more
	}
	if r.fatal == nil || r.repeated {
		failed := e.count(r)
		switch {
		case failed && !e.cfg.KeepGoing:
			e.res.Stopped = "failure"
			return done
		case r.learnt:
			return again
		}
	}
	if r.fatal != nil {
		e.fatal = r.fatal
		return done
	}
	return more
}

// count adds a run to the result, and reports whether it failed.
func (e *explorer) count(r *ran) (failed bool) {
	res := e.res
	res.Runs++
	res.MaxPoints = max(res.MaxPoints, r.points)
	res.Unasked = max(res.Unasked, r.unasked)
	e.open.Store(max(e.open.Load(), int64(r.open)))
	if e.cfg.Progress != nil && res.Runs%ProgressEvery == 0 {
		e.cfg.Progress(Progress{Runs: res.Runs, About: e.about(), Failures: res.Failures})
	}
	if r.near >= 0 && (res.Near < 0 || r.near < res.Near) {
		res.Near = r.near
	}
	if r.pruned {
		res.Pruned++
		return false
	}
	res.Schedules++
	for name, yes := range r.held {
		e.names[name] = true
		if yes {
			res.Sometimes[name]++
		}
	}
	if r.f != nil {
		r.f.Run = res.Runs
		res.Failures++
		if e.failed == nil {
			e.failed = &attempt{c: r.c, f: r.f}
		}
		return true
	}
	if r.given {
		res.Outcomes[r.text]++
	}
	return false
}

// maxAbout is the highest number of runs that an estimate gives: a tree that large is known to be large only.
const maxAbout = 1e9

// about estimates how many runs the search will make; 0 if nothing is known.
func (e *explorer) about() int {
	about := e.cfg.MaxRuns
	if e.covered > 0 {
		all := float64(e.before) + float64(e.res.Runs-e.before)/e.covered
		if all < maxAbout && (about <= 0 || all < float64(about)) {
			about = int(all)
		}
	}
	return max(about, 0)
}

// failureOf returns the failure of a run, or nil if it passed.
func failureOf(c *Control, out Outcome) *Failure {
	err := out.Err
	for _, m := range c.machines {
		if ended := m.Ended(); ended != nil {
			err = ended
		}
	}
	if c.end != nil {
		err = c.end
	}
	if c.pruned {
		return nil
	}
	for _, m := range c.machines {
		if text := m.Bug(); text != "" {
			err = &BugError{text}
		}
	}
	if err == nil {
		return nil
	}
	f := &Failure{
		Kind: kindOf(c.cfg, err), Message: err.Error(), Err: err,
		Schedule: c.text(), Preemptions: c.preemptions, Choices: len(c.schedule),
	}
	return f
}

// kindOf returns the kind of a failure.
func kindOf(cfg *Config, err error) string {
	if _, ok := errors.AsType[*sim.DeadlockError](err); ok {
		return "deadlock"
	}
	if e, ok := errors.AsType[*sim.PropertyError](err); ok {
		return e.Kind.String()
	}
	if _, ok := errors.AsType[*BugError](err); ok {
		return "bug"
	}
	if _, ok := errors.AsType[*RestlessError](err); ok {
		return "restless"
	}
	if cfg.KindOf != nil {
		return cfg.KindOf(err)
	}
	return "error"
}
