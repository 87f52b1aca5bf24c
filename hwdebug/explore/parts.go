// Parts of a search: consecutive runs, which one worker makes.

package explore

import (
	"slices"
	"sync/atomic"
)

// A part is some consecutive runs of a phase of the search.
type part interface {
	// next makes the next run of the part, and returns nil after the last one.
	next(w *worker) *ran

	// cut ends the part early, after its first run has been made, and returns one with the runs that it
	// gives away, which come after its own. It returns nil if it gives none away.
	cut() part
}

// A drawing says how the runs of a draw choose.
type drawing struct {
	of      func(w *worker, run int) policy
	guesses bool // it depends on the longest run so far
}

var (
	firstRun = drawing{of: func(*worker, int) policy { return first{} }}
	drawnRun = drawing{of: func(w *worker, run int) policy { return drawn{diceOf(w.cfg.Seed, run)} }}

	prioritisedRun = drawing{guesses: true, of: func(w *worker, run int) policy {
		return newPriorities(diceOf(^w.cfg.Seed, run), w.cfg.Depth, int(w.open.Load()))
	}}
)

// drawRun makes run number i of a draw.
func (w *worker) drawRun(of drawing, i int) *ran {
	assumed := w.open.Load()
	r := w.checked(w.control(of.of(w, i), nil))
	r.number, r.assumed = i, assumed
	return r
}

// draws are the runs from i to n-1 of a draw.
type draws struct {
	of   drawing
	i, n int
}

func (d *draws) next(w *worker) *ran {
	if d.n > 1 {
		for d.i < d.n && d.i%w.cfg.Shares != w.cfg.Share-1 {
			d.i++
		}
	}
	if d.i >= d.n {
		return nil
	}
	d.i++
	return w.drawRun(d.of, d.i-1)
}

// drawn together: how many runs of a draw a worker makes at a time.
const drawsOfPart = 32

func (d *draws) cut() part {
	end := d.i + drawsOfPart
	if end >= d.n {
		return nil
	}
	others := &draws{of: d.of, i: end, n: d.n}
	d.n = end
	return others
}

// A tree is all schedules of a depth-first search.
type tree struct {
	search search
	bound  int
	left   atomic.Bool // the bound has left out a schedule
}

// A subtree is the schedules that begin with the first floor choices of a path.
type subtree struct {
	tree  *tree
	path  []node
	floor int
	begun bool
}

// next makes the next run of the subtree. Its weight is the part of the tree that it stands for.
func (s *subtree) next(w *worker) *ran {
	if s.begun && !s.advance() {
		return nil
	}
	s.begun = true
	t := s.tree
	c := w.control(&t.search, s.path)
	c.reduce = t.search.reduce
	r := w.checked(c)
	s.path = c.path
	switch n := len(s.path); {
	case n == 0:
		r.weight = 1
	case !r.foreign:
		r.weight = s.path[n-1].weight
	}
	return r
}

// advance changes the path to the next one, and reports whether there is one.
func (s *subtree) advance() bool {
	for len(s.path) > s.floor {
		last := &s.path[len(s.path)-1]
		next := last.chosen + 1
		if s.tree.search.reduce {
			next = last.after()
		}
		if next < last.n {
			if s.tree.bound == NoBound || !last.running || last.chosen > 0 ||
				preemptions(s.path[:len(s.path)-1]) < s.tree.bound {
				last.chosen = next
				return true
			}
			s.tree.left.Store(true)
		}
		s.path = s.path[:len(s.path)-1]
	}
	return false
}

// floorOfPart is how many choices the schedules of a part of a depth-first search have in common.
const floorOfPart = 10

func (s *subtree) cut() part {
	others := &subtree{tree: s.tree, floor: s.floor, begun: true}
	s.floor = min(len(s.path), floorOfPart)
	for _, n := range s.path[:s.floor] {
		n.steps = slices.Clone(n.steps)
		others.path = append(others.path, n)
	}
	if !others.advance() {
		return nil
	}
	others.begun = false
	return others
}
