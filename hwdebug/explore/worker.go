// A worker: it makes runs one after the other, and says of each what the exploration wants to know.

package explore

import (
	"sync/atomic"
	"time"
)

// A worker makes runs. It shares nothing with other workers but the configuration and the longest run so far.
type worker struct {
	cfg     *Config
	program Program
	shared  *sharing
	open    *atomic.Int64 // points with more than one possibility of the longest run that has been counted
	made    int           // runs of any kind
	results int
	reuses  bool     // no machine of an earlier run asks its control any more
	free    *Control // of a run that has ended
}

// control returns the control of a new run.
func (w *worker) control(p policy, path []node) *Control {
	c := w.free
	if w.free = nil; c == nil {
		c = &Control{hashes: make([]uint32, 0, w.open.Load())}
	}
	*c = Control{
		cfg: w.cfg, policy: p, path: path, shared: w.shared, number: w.made,
		schedule: c.schedule[:0], hashes: c.hashes[:0], marks: c.marks[:0], opens: c.opens[:0],
		rests: c.rests[:0], targets: c.targets[:0], counts: c.counts[:0], machines: c.machines[:0],
	}
	w.made++
	return c
}

// run makes one run.
func (w *worker) run(c *Control) Outcome {
	w.shared.run = nil
	return w.program(c)
}

// A ran holds the results of a run that has ended.
type ran struct {
	text     string // what it returned, if given is set
	given    bool
	f        *Failure
	c        *Control // of a run that failed
	fatal    error    // makes a verdict impossible
	repeated bool     // fatal is that of the same run, made again
	points   int
	open     int
	unasked  int
	near     time.Duration
	held     map[string]bool // properties of kind Sometimes; nil: none
	pruned   bool
	learnt   bool
	foreign  bool    // it belongs to another share
	weight   float64 // of the schedule
	number   int     // of a draw
	assumed  int64   // the longest run when it was drawn
}

// result returns what counts of a run.
func (w *worker) result(c *Control, out Outcome) *ran {
	r := &ran{
		text: out.Text, given: out.Given, fatal: fatalOf(c, out), points: c.points, open: c.open, near: -1,
		pruned: c.pruned, learnt: c.learnt,
	}
	if r.fatal != nil {
		return r
	}
	if s, ok := c.policy.(*search); ok && s.shares != nil && !s.shares.has(c.path) {
		r.foreign = true
		return r
	}
	for _, m := range c.machines {
		if near := m.Near(); near >= 0 && (r.near < 0 || near < r.near) {
			r.near = near
		}
		r.unasked += m.Unasked()
		m.Held(func(name string, yes bool) bool {
			if r.held == nil {
				r.held = map[string]bool{}
			}
			r.held[name] = r.held[name] || yes
			return true
		})
	}
	if r.f = failureOf(c, out); r.f != nil {
		r.c = c
	}
	return r
}

// checked makes a run. It makes some runs again to see whether they do the same.
func (w *worker) checked(c *Control) *ran {
	out := w.run(c)
	if c.from { // a failure ended the step
		c.note(&footprint{All: true})
	}
	r := w.result(c, out)
	if r.fatal != nil || r.foreign || r.f != nil {
		return r
	}
	w.results++
	if (w.results-1)%checkEvery == 0 && !r.pruned && !r.learnt {
		r.fatal = w.check(c, out)
		r.repeated = r.fatal != nil
	}
	if w.reuses {
		w.free = c
	}
	return r
}

// check makes the same run again, and returns an error if it does something else.
func (w *worker) check(c *Control, out Outcome) error {
	same := &repeat{replay: replay{Schedule{departures: c.schedule}}, hashes: c.hashes}
	d := w.control(same, nil)
	o := w.run(d)
	if err := fatalOf(d, o); err != nil {
		return err
	}
	switch {
	case len(d.hashes) != len(c.hashes):
		return &ChangedError{len(d.hashes) + 1, "where the run ends"}
	case o.Text != out.Text || o.Given != out.Given || (o.Err == nil) != (out.Err == nil) ||
		o.Err != nil && o.Err.Error() != out.Err.Error():
		return &ChangedError{len(d.hashes) + 1, "where the run ends, with another outcome"}
	}
	return nil
}
