// The search: which runs are made, and what they add to the result.

package explore

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// How many runs Auto draws in each way.
const autoDraws = 200

// checkEvery is how often a run is repeated to see whether it does the same again.
const checkEvery = 64

// An explorer is one exploration under way.
type explorer struct {
	cfg     *Config
	program Program
	budget  *budget
	res     *Result
	shared  *sharing
	maxOpen int
	fatal   error
	failed  *attempt // the first run that failed
	covered float64
	made    int             // runs of any kind
	names   map[string]bool // of the properties of kind Sometimes
}

// An attempt is a run that failed.
type attempt struct {
	c *Control
	f *Failure
}

// explore runs the strategy, again when it finds a variable that threads share.
func (e *explorer) explore() (*Result, error) {
	e.shared = newSharing()
	if e.cfg.Schedule != "" {
		return e.replayed()
	}
	for {
		e.res = &Result{Outcomes: map[string]int{}, Sometimes: map[string]int{}, Near: -1}
		e.failed, e.covered, e.maxOpen, e.names = nil, 0, 0, map[string]bool{}
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
	e.count(c, out)
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
				"sometimes: %q holds in no schedule", name)}
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
		return e.draw(math.MaxInt, e.drawn) == again
	case PCT:
		return e.draw(math.MaxInt, e.prioritised) == again
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
		func() verdict { return e.draw(1, func(int) policy { return first{} }) },
		func() verdict { return e.draw(autoDraws, e.drawn) },
		func() verdict { return e.draw(autoDraws, e.prioritised) },
	}
	for bound := range 3 {
		phases = append(phases, func() verdict { return e.dfs(bound, false) })
	}
	phases = append(phases, func() verdict { return e.dfs(NoBound, e.cfg.Reduce) })
	for _, phase := range phases {
		if v := phase(); v != more {
			return v
		}
		if e.maxOpen == 0 { // there is one order only
			e.res.Complete = true
			return done
		}
	}
	return done
}

// draw makes n runs with policies of their own.
func (e *explorer) draw(n int, of func(run int) policy) verdict {
	for i := range n {
		if n > 1 && i%e.cfg.Shares != e.cfg.Share-1 {
			continue
		}
		if e.spent() {
			return done
		}
		c := e.control(of(i), nil)
		if v := e.judge(c, e.run(c)); v != more {
			return v
		}
	}
	return more
}

func (e *explorer) drawn(run int) policy { return drawn{diceOf(e.cfg.Seed, run)} }
func (e *explorer) prioritised(run int) policy {
	return newPriorities(diceOf(^e.cfg.Seed, run), e.cfg.Depth, e.maxOpen)
}

// dfs makes every run with at most bound preemptions. It ends the search if no schedule is left out.
func (e *explorer) dfs(bound int, reduce bool) verdict {
	s := &search{reduce: reduce}
	if e.cfg.Shares > 1 {
		s.shares = &split{e.cfg.Share, e.cfg.Shares, splitDepth}
	}
	e.covered = 0
	var path []node
	cut := false
	for {
		if e.spent() {
			return done
		}
		c := e.control(s, path)
		c.reduce = reduce
		out := e.run(c)
		path = c.path
		if c.from { // a failure ended the step
			c.note(&footprint{All: true})
		}
		if v := e.judge(c, out); v != more {
			return v
		}
		if len(path) == 0 {
			e.covered = 1
		} else if s.shares == nil || s.shares.has(path) {
			e.covered += path[len(path)-1].weight
		}
		var left bool
		if path, left = e.advance(path, bound, reduce, &cut); !left {
			break
		}
	}
	if cut {
		return more
	}
	e.res.Complete = true
	return done
}

// advance changes the path to the next one, and reports whether there is one. It sets cut if the bound has
// left out a schedule.
func (e *explorer) advance(path []node, bound int, reduce bool, cut *bool) ([]node, bool) {
	for len(path) > 0 {
		last := &path[len(path)-1]
		next := last.chosen + 1
		if reduce {
			next = last.after()
		}
		if next < last.n {
			if bound == NoBound || !last.running || last.chosen > 0 ||
				preemptions(path[:len(path)-1]) < bound {
				last.chosen = next
				return path, true
			}
			*cut = true
		}
		path = path[:len(path)-1]
	}
	return nil, false
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

// control returns the control of a new run.
func (e *explorer) control(p policy, path []node) *Control {
	n := e.made
	e.made++
	return &Control{
		cfg: e.cfg, policy: p, path: path, counts: map[actor]int{}, shared: e.shared, number: n,
		hashes: make([]uint32, 0, e.maxOpen),
	}
}

// run makes one run.
func (e *explorer) run(c *Control) Outcome {
	c.shared.run = nil
	out := e.program(c)
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
func (e *explorer) judge(c *Control, out Outcome) verdict {
	if e.fatal != nil {
		return done
	}
	if s, ok := c.policy.(*search); ok && s.shares != nil && !s.shares.has(c.path) {
		return more
	}
	failed := e.count(c, out)
	switch {
	case failed && !e.cfg.KeepGoing:
		e.res.Stopped = "failure"
		return done
	case c.learnt:
		return again
	}
	if (e.res.Runs-1)%checkEvery == 0 && !c.pruned {
		if e.check(c, out); e.fatal != nil {
			return done
		}
	}
	return more
}

// count adds a run to the result, and reports whether it failed.
func (e *explorer) count(c *Control, out Outcome) (failed bool) {
	r := e.res
	r.Runs++
	r.MaxPoints = max(r.MaxPoints, c.points)
	e.maxOpen = max(e.maxOpen, c.open)
	for _, m := range c.machines {
		if near := time.Duration(m.Near()); near >= 0 && (r.Near < 0 || near < r.Near) {
			r.Near = near
		}
	}
	if c.pruned {
		r.Pruned++
		return false
	}
	r.Schedules++
	held := map[string]bool{}
	for _, m := range c.machines {
		m.Held(func(name string, yes bool) bool {
			e.names[name] = true
			held[name] = held[name] || yes
			return true
		})
	}
	for name, yes := range held {
		if yes {
			r.Sometimes[name]++
		}
	}
	if f := failureOf(c, out); f != nil {
		f.Run = r.Runs
		r.Failures++
		if e.failed == nil {
			e.failed = &attempt{c: c, f: f}
		}
		return true
	}
	if out.Given {
		r.Outcomes[out.Text]++
	}
	return false
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

// check runs the same schedule again and compares.
func (e *explorer) check(c *Control, out Outcome) {
	same := &repeat{replay: replay{Schedule{departures: c.schedule}}, hashes: c.hashes}
	d := e.control(same, nil)
	o := e.run(d)
	switch {
	case e.fatal != nil:
	case len(d.hashes) != len(c.hashes):
		e.fatal = &ChangedError{len(d.hashes) + 1, "where the run ends"}
	case o.Text != out.Text || o.Given != out.Given || (o.Err == nil) != (out.Err == nil) ||
		o.Err != nil && o.Err.Error() != out.Err.Error():
		e.fatal = &ChangedError{len(d.hashes) + 1, "where the run ends, with another outcome"}
	}
}

// repeat is the policy of a run that must do what an earlier one did.
type repeat struct {
	replay
	hashes []uint32
}

func (r *repeat) choose(c *Control, p *sim.Point) int {
	if n := len(c.hashes); n > len(r.hashes) || c.hashes[n-1] != r.hashes[n-1] {
		return c.stop(p, &ChangedError{c.open, threadAt(p)})
	}
	s := r.s.departures
	if c.fitted == len(s) || c.since < s[c.fitted].after {
		return 0
	}
	c.fitted++
	return s[c.fitted-1].choice
}
