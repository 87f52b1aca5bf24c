// Control of one run: it answers who goes on next, and keeps what it answered.

package explore

import (
	"errors"
	"fmt"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A node is a point with more than one possibility on the path of a depth-first search.
type node struct {
	hash    uint32
	n       int
	chosen  int
	running bool
	weight  float64 // of the subtree below the possibility chosen

	sleep []sleeper   // when the search came here: actors that other schedules run first
	steps []footprint // by possibility: what its first step touched, once it has been run
	names []actor     // by possibility
}

// An actor is what goes on at a point: a thread by its pid, or a timer of a CPU by its name.
type actor struct {
	kind sim.Kind
	id   int
	name string
}

// actorOf returns the actor of a possibility. A thread is the same actor whether it goes on, wakes or gets
// the answer to its cross call.
func actorOf(p *sim.Possibility) actor {
	if p.Kind == sim.KindTimer {
		return actor{sim.KindTimer, p.ID, p.Name}
	}
	return actor{sim.KindThread, p.ID, ""}
}

// A mark says when an actor has come to a point: its count of points so far. It finds the point again in a
// run that differs.
type mark struct {
	actor actor
	count int
}

// A rest is a point where no thread ran.
type rest struct {
	mark mark
	open int // its number
}

// A Control answers the points of one run.
type Control struct {
	cfg    *Config
	policy policy
	path   []node // of the search; the run follows it, and adds to it
	depth  int    // points passed of it

	points   int // all, those with a single possibility included
	open     int // those with more than one
	since    int // of these, since the last departure
	digest   uint32
	schedule []departure
	fitted   int // departures of a schedule that were taken
	hashes   []uint32
	marks    []mark // of the departures
	opens    []int  // the numbers of their points
	rests    []rest // points with more than one possibility where no thread ran
	targets  []actor
	told     *telling
	last     actor  // who went on last
	counts   []mark // points so far, by actor

	preemptions int
	machines    []*sim.Machine
	number      int // of the run, from 0
	asleep      []sleeper
	from        bool // the step of the last node's possibility is under way
	fromAt      int
	reduce      bool
	end         error // what ended the run
	pruned      bool
	ahead       uint32 // the hash of the possibilities before an access to a variable
	learnt      bool   // the run has found a variable that threads share
	shared      *sharing
}

// A policy chooses at a point with n possibilities behind the path of the search.
type policy interface {
	choose(c *Control, p *sim.Point) int
}

// first is the policy of the default order.
type first struct{}

func (first) choose(*Control, *sim.Point) int { return 0 }

// Machine returns the configuration of the run's machine.
func (c *Control) Machine() sim.Config { return c.Configure(c.cfg.Machine) }

// Configure returns the configuration of a machine of the run that the program makes from cfg.
func (c *Control) Configure(cfg sim.Config) sim.Config {
	cfg.FineGrain = cfg.FineGrain || c.cfg.Machine.FineGrain
	cfg.Choose, cfg.Seed = c.Choose, 0
	cfg.Slack = c.cfg.Slack
	return cfg
}

// Attach has c follow the run on m, which was made with c's configuration.
func (c *Control) Attach(m *sim.Machine) {
	c.machines = append(c.machines, m)
	if c.reduce {
		m.Track()
	}
}

// Told reports whether the run is the one that a report tells of: the first, in the default order or nearest
// to it, and a failing one that is shown.
func (c *Control) Told() bool { return c.number == 0 || c.told != nil }

// stop ends the run because of err.
func (c *Control) stop(p *sim.Point, err error) int {
	if c.end == nil {
		c.end = err
	}
	p.Machine.EndRun(err)
	return sim.Stop
}

// errPruned ends a run whose rest another schedule has covered, errForeign one of another share.
var (
	errPruned  = errors.New("explore: another schedule has covered the rest")
	errForeign = errors.New("explore: the schedule belongs to another share")
)

// Choose answers a point.
func (c *Control) Choose(p *sim.Point) int {
	if len(p.Next) == 0 {
		c.rested(p.Machine)
		return 0
	}
	c.points++
	if c.cfg.MaxPoints > 0 && c.points > c.cfg.MaxPoints {
		return c.stop(p, c.restless(p))
	}
	if text := p.Machine.Bug(); text != "" {
		return c.stop(p, &BugError{text})
	}
	at := c.mark(p)
	if c.reduce {
		asleep := c.arrive(p)
		if len(p.Next) == 1 && sleeps(asleep, reducedActor(&p.Next[0])) {
			c.pruned = true
			return c.stop(p, errPruned)
		}
	}
	i := 0
	if len(p.Next) > 1 {
		if i = c.decide(p); i < 0 {
			return i
		}
		if i >= len(p.Next) {
			return c.stop(p, &FitError{c.open,
				fmt.Sprintf("it takes possibility %d, and there are %s", i, numbered(p.Next))})
		}
		c.depart(p, i, at)
	}
	c.last = actorOf(&p.Next[i])
	if c.told != nil {
		c.told.point(c.machines, p, i)
	}
	return i
}

// mark counts the point of an actor: that of the running thread, or of whoever went on last.
func (c *Control) mark(p *sim.Point) mark {
	who := c.last
	if p.Running {
		who = actorOf(&p.Next[0])
	}
	for i := range c.counts {
		if m := &c.counts[i]; m.actor == who {
			m.count++
			return *m
		}
	}
	c.counts = append(c.counts, mark{who, 1})
	return mark{who, 1}
}

// count returns how often an actor has come to a point.
func (c *Control) count(who actor) int {
	for i := range c.counts {
		if c.counts[i].actor == who {
			return c.counts[i].count
		}
	}
	return 0
}

// depart records the choice of possibility i.
func (c *Control) depart(p *sim.Point, i int, at mark) {
	if !p.Running {
		c.rests = append(c.rests, rest{at, c.open})
	}
	if i == 0 {
		c.since++
		return
	}
	c.schedule = append(c.schedule, departure{c.since, i})
	c.marks = append(c.marks, at)
	c.opens = append(c.opens, c.open)
	c.targets = append(c.targets, actorOf(&p.Next[i]))
	c.since = 0
	if p.Running {
		c.preemptions++
	}
}

// decide chooses at a point with more than one possibility, or ends the run.
func (c *Control) decide(p *sim.Point) int {
	c.open++
	h := hashPoint(p)
	c.digest = c.digest*31 + h
	c.hashes = append(c.hashes, h)
	return c.policy.choose(c, p)
}

// text returns the schedule of the run so far.
func (c *Control) text() string {
	s := Schedule{departures: c.schedule, digest: c.digestAt()}
	return s.String()
}

// digestAt returns the digest over the points up to the last departure.
func (c *Control) digestAt() uint16 {
	open := 0
	for _, d := range c.schedule {
		open += d.after + 1
	}
	return digestOf(c.hashes[:open])
}

func digestOf(hashes []uint32) uint16 {
	d := uint32(0)
	for _, h := range hashes {
		d = d*31 + h
	}
	return uint16(d ^ d>>16)
}

// A BugError reports a BUG or a WARNING of the kernel.
type BugError struct{ Line string }

func (e *BugError) Error() string { return "the kernel logged: " + e.Line }

// A RestlessError reports a run with too many points.
type RestlessError struct {
	Points int
	Thread string
	Where  sim.Position
}

func (e *RestlessError) Error() string {
	s := fmt.Sprintf("restless: the run does not end within %d points", e.Points)
	if e.Thread != "" {
		s += ": " + e.Thread + " goes on"
	}
	if at := e.Where.String(); at != "" {
		s += " at " + at
	}
	return s
}

func (c *Control) restless(p *sim.Point) error {
	e := &RestlessError{Points: c.cfg.MaxPoints, Where: p.Machine.Where()}
	if p.Thread != nil {
		e.Thread = p.Thread.String()
	} else if len(p.Next) > 0 {
		e.Thread = p.Next[0].Name
	}
	return e
}

// A ChangedError reports a run that differs from an earlier one although it made the same choices: the
// program depends on something outside of it, so no verdict is possible.
type ChangedError struct {
	Point  int
	Thread string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("a run differs from an earlier one although it made the same choices: at point "+
		"%d, %s; what the program does must depend on nothing from outside of it", e.Point, e.Thread)
}

// threadAt names the thread of a point.
func threadAt(p *sim.Point) string {
	if p.Thread != nil {
		return "in " + p.Thread.String()
	}
	return "where no thread runs"
}
