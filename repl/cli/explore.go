// Exploration on the command line: the options of hwlua run --explore, and how a case is explored.

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// exploreOptions are the options of hwlua run that explore cases. An option that is not set is left to the
// case.
type exploreOptions struct {
	explore         bool
	strategy        string
	bound           *int
	slack           time.Duration
	maxRuns         int
	timeout         time.Duration
	grain           string
	noReduce        bool
	noShrink        bool
	luaOff          bool
	share, shares   int
	keepGoing       bool
	schedule        string
	requireComplete bool
	schedules       string // the folder of failing schedules
}

// table returns the options in the order of the help. All but --explore and --schedule only shape an
// exploration.
func (o *exploreOptions) table() []option {
	return []option{
		toggle("explore", &o.explore, "run each case in every order that the kernel allows"),
		value("strategy", "NAME", oneOf(&o.strategy, explore.Strategies()...),
			"explore: "+strings.Join(explore.Strategies(), ", ")),
		value("bound", "N", func(s string) error {
			n, err := parseInt(s, 0, 1<<20)
			o.bound = &n
			return err
		}, "explore: dfs with at most N preemptions"),
		value("slack", "D", limitOption(&o.slack),
			"explore: how long timers may overtake threads (0: not at all)"),
		value("max-runs", "N", func(s string) error {
			n, err := parseInt(s, 0, 1<<30)
			if o.maxRuns = n; n == 0 {
				o.maxRuns = -1
			}
			return err
		}, "explore: the most runs of a case (default 10000; 0: no limit)"),
		value("explore-timeout", "D", limitOption(&o.timeout),
			"explore: the longest exploration of a case (default 10s; 0: no limit)"),
		value("grain", "GRAIN", oneOf(&o.grain, "call", "fine"),
			"explore: points before calls, or in kernel paths too"),
		toggle("no-reduce", &o.noReduce, "explore: run also schedules that differ only in independent steps"),
		toggle("no-shrink", &o.noShrink, "explore: leave a failing schedule as it was found"),
		value("lua-points", "WHERE", func(s string) error {
			if o.luaOff = s == "off"; s != "off" && s != "race" {
				return fmt.Errorf("'%s' is not one of: race off", s)
			}
			return nil
		}, "explore: race, or off for no points at variables"),
		value("split", "I/N", o.setSplit, "explore: the I-th of N shares of the schedules"),
		toggle("keep-going", &o.keepGoing,
			"explore: count failing schedules instead of stopping at the first"),
		value("schedule", "S", func(s string) error {
			o.schedule = s
			_, err := explore.ParseSchedule(s)
			return err
		}, "run the selected case under this schedule only"),
		value("schedules", "DIR", setString(&o.schedules),
			"explore: keep failing schedules in DIR, one file a case, and run those first"),
		toggle("require-complete", &o.requireComplete, "explore: fail where the budget ends an exploration"),
	}
}

// limitOption returns a function that sets a duration, below 0 for the word 0.
func limitOption(p *time.Duration) func(string) error {
	return func(s string) error {
		if s == "0" {
			*p = -1
			return nil
		}
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return fmt.Errorf("invalid duration '%s' (want 5s, 500ms, or 0)", s)
		}
		if *p = d; d == 0 {
			*p = -1
		}
		return nil
	}
}

func (o *exploreOptions) setSplit(s string) error {
	a, b, ok := strings.Cut(s, "/")
	i, err1 := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || i < 1 || n < i {
		return fmt.Errorf("'%s' is not I/N with 1 <= I <= N", s)
	}
	o.share, o.shares = i, n
	return nil
}

// flags returns the function that applies the command line to the explorations of a case.
func (o *exploreOptions) flags(c *scenario.Case) func(*explore.Config) bool {
	return func(cfg *explore.Config) bool {
		if o.schedules != "" {
			file := filepath.Join(o.schedules, scheduleFile(c))
			if kept, err := os.ReadFile(file); err == nil {
				cfg.Kept = append(cfg.Kept, strings.TrimSpace(string(kept)))
			}
			cfg.Keep = func(schedule string) error { return explore.KeepIn(file, schedule) }
		}
		return o.apply(cfg)
	}
}

// progress returns the function that shows how far exploring a case has come, nil if nobody looks.
func (o *runOptions) progress(c *scenario.Case) func(explore.Progress) {
	if o.watcher == nil {
		return nil
	}
	return func(p explore.Progress) { o.watcher.Exploring(c, p.Runs, p.About, p.Failures) }
}

// scheduleFile returns the name of the file that keeps a schedule of the case. It ends in a hash, as
// different names may be the same in letters and digits.
func scheduleFile(c *scenario.Case) string {
	name := c.File + " " + c.Name()
	h := fnv.New32a()
	h.Write([]byte(name))
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '-'
	}, name)
	return fmt.Sprintf("%s-%08x.schedule", plain[:min(len(plain), 100)], h.Sum32())
}

// apply sets what the command line has set in a configuration. It reports whether variables have no points.
func (o *exploreOptions) apply(c *explore.Config) (luaOff bool) {
	if o.strategy != "" {
		c.Strategy = o.strategy
	}
	if o.bound != nil {
		c.Bound, c.Reduce = o.bound, false
	}
	if o.slack != 0 {
		c.Slack = o.slack
	}
	if o.maxRuns != 0 {
		c.MaxRuns = o.maxRuns
	}
	if o.timeout != 0 {
		c.Timeout = o.timeout
	}
	if o.grain != "" {
		c.Machine.FineGrain = o.grain == "fine"
	}
	if o.shares != 0 {
		c.Share, c.Shares = o.share, o.shares
	}
	c.Reduce = c.Reduce && !o.noReduce
	c.NoShrink = c.NoShrink || o.noShrink
	c.KeepGoing = c.KeepGoing || o.keepGoing
	c.RequireComplete = o.requireComplete
	if o.schedule != "" {
		c.Schedule = o.schedule
	}
	return o.luaOff
}

// exploreCase explores a case that is not an it.explore: the machines that it makes are explored, and each
// run has a runtime of its own. told holds the machines of the run to tell of: the failing or the first one.
func (o *runOptions) exploreCase(ctx context.Context, c *scenario.Case,
	run func(context.Context, scenario.Environment) error) (x *scenario.Explored, told *machines, err error) {
	cfg := explore.Config{Reduce: o.explore.bound == nil && !o.explore.luaOff, KindOf: bindings.FailureKind}
	luaOff := o.explore.flags(c)(&cfg)
	cfg.Progress = o.progress(c)
	names := bindings.NewVariableNames()
	told = caseMachines(&o.machine, c, o.withM)
	r, err := explore.Explore(ctx, cfg, func(control *explore.Control) explore.Outcome {
		m := caseMachines(&o.machine, c, o.withM)
		m.control = control
		if !luaOff {
			m.names = names
		}
		if control.Told() {
			told = m
		}
		seed := o.seed(c)
		env := scenario.Environment{Modules: m.modules(), Seed: &seed, Failed: m.focus.Hold}
		err := run(ctx, env)
		o.cover.machines(m.list)
		if err != nil && ctx.Err() != nil { // the order is not to blame
			err = &explore.ProgramError{Err: err}
		}
		return explore.Outcome{Err: err}
	})
	x = &scenario.Explored{}
	if fit, ok := errors.AsType[*explore.FitError](err); ok && fit.Point == 0 {
		x.Exploration = &vm.Exploration{}
		err = errors.New("--schedule: the case has no points; " +
			"one that calls hw.explore gives it a schedule itself: hw.explore({ schedule = \"...\" }, fn)")
	}
	if err != nil {
		return x, told, err
	}
	if r.MaxPoints > 0 { // else there are no threads, or the case explores by itself
		found := bindings.ExplorationOf(r)
		x.Exploration, told.failure = &found, r.Failure
	}
	if r.Failure == nil {
		return x, told, nil
	}
	return x, told, cmp.Or(r.Failure.Err, errors.New(r.Failure.Message))
}
