// Policies: how a run chooses at its points.

package explore

import (
	"fmt"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// search follows the path of a depth-first search and takes the first possibility behind it.
type search struct {
	shares *split // nil: the whole tree
	reduce bool
}

// choose returns the possibility that the path has here. Behind its end it adds a point to the path and takes
// the first possibility, unless another share has the schedule or reduction has run an equivalent one. It
// ends the run if the point is not the one that an earlier run met with the same choices.
func (s *search) choose(c *Control, p *sim.Point) int {
	if c.depth == len(c.path) {
		if s.shares != nil && len(c.path) == s.shares.depth && !s.shares.has(c.path) {
			return c.stop(p, errForeign)
		}
		weight := 1.0
		if n := len(c.path); n > 0 {
			weight = c.path[n-1].weight
		}
		next := node{
			hash: c.hashes[len(c.hashes)-1], n: len(p.Next), running: p.Running,
			weight: weight / float64(len(p.Next)),
		}
		if s.reduce {
			s.begin(c, &next, p)
			if next.chosen < 0 {
				c.pruned = true
				return c.stop(p, errPruned)
			}
		}
		c.path = append(c.path, next)
	}
	at := &c.path[c.depth]
	if at.hash != c.hashes[len(c.hashes)-1] || at.n != len(p.Next) || at.running != p.Running {
		return c.stop(p, &ChangedError{c.open, threadAt(p)})
	}
	c.depth++
	if s.reduce {
		s.begun(c, at)
	}
	return at.chosen
}

// split assigns the subtrees at a depth to shares.
type split struct {
	share, shares int
	depth         int
}

// splitDepth is how many choices decide which share a schedule belongs to.
const splitDepth = 10

// has reports whether a schedule that begins with the path belongs to the share.
func (s *split) has(path []node) bool {
	h := uint32(2166136261)
	for _, n := range path[:min(len(path), s.depth)] {
		h = (h ^ uint32(n.chosen)) * 16777619
	}
	h ^= h >> 15
	return int(h%uint32(s.shares)) == s.share-1
}

// A dice draws numbers from a seed (splitmix64).
type dice struct{ state uint64 }

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// diceOf returns dice for one run.
func diceOf(seed uint64, run int) *dice {
	d := &dice{seed}
	d.state = d.next() ^ uint64(run)*0xd1342543de82ef95
	return d
}

// drawn takes each possibility with the same probability.
type drawn struct{ dice *dice }

func (d drawn) choose(_ *Control, p *sim.Point) int {
	return int(d.dice.next() % uint64(len(p.Next)))
}

// priorities takes the possibility of the actor with the highest priority, and lowers the priority of whoever
// would go on at some random points.
type priorities struct {
	dice    *dice
	changes []int // by number of points passed
	of      map[actor]uint64
}

// newPriorities returns the policy for a run of about that many points.
func newPriorities(d *dice, depth, points int) *priorities {
	p := &priorities{dice: d, of: map[actor]uint64{}}
	for range depth - 1 {
		p.changes = append(p.changes, int(d.next()%uint64(max(points, 1))))
	}
	return p
}

func (r *priorities) choose(c *Control, p *sim.Point) int {
	best := r.best(p)
	for i, at := range r.changes {
		if at == c.open-1 {
			r.of[actorOf(&p.Next[best])] = uint64(i) // lower than any that was drawn
			best = r.best(p)
		}
	}
	return best
}

func (r *priorities) best(p *sim.Point) int {
	best, most := 0, uint64(0)
	for i := range p.Next {
		who := actorOf(&p.Next[i])
		prio, ok := r.of[who]
		if !ok {
			prio = r.dice.next() | 1<<63
			r.of[who] = prio
		}
		if prio > most || i == 0 {
			best, most = i, prio
		}
	}
	return best
}

// replay follows a schedule exactly.
type replay struct{ s Schedule }

func (r replay) choose(c *Control, p *sim.Point) int {
	if c.fitted == len(r.s.departures) || c.since < r.s.departures[c.fitted].after {
		return 0
	}
	d := r.s.departures[c.fitted]
	c.fitted++
	if d.choice >= len(p.Next) {
		return c.stop(p, &FitError{c.open, fmt.Sprintf("it takes possibility %d, and there are %s", d.choice,
			numbered(p.Next))})
	}
	if c.fitted == len(r.s.departures) && digestOf(c.hashes) != r.s.digest {
		return c.stop(p, &FitError{c.open, fmt.Sprintf("it takes possibility %d; the possibilities there "+
			"(%s) or at an earlier point are not its own", d.choice, numbered(p.Next))})
	}
	return d.choice
}

// unfit returns the error about a schedule of which the run did not reach all departures.
func (r replay) unfit(c *Control) error {
	if c.fitted < len(r.s.departures) {
		return &FitError{c.open, "the run ends before the schedule does"}
	}
	return nil
}

// guided takes some departures of an earlier run: each where the same actor has come to the same point of its
// own, if the one that went on then can.
type guided struct {
	to   map[mark]actor
	ends map[actor]actor // who goes on when an actor first gives up its turn
}

// choose returns a departure that is due at this point, if the actor that it goes to can go on, otherwise 0.
func (g guided) choose(c *Control, p *sim.Point) int {
	who := c.last
	if p.Running {
		who = actorOf(&p.Next[0])
	}
	want, ok := g.to[mark{who, c.count(who)}]
	if next, ends := g.ends[who]; ends && !p.Running {
		want, ok = next, true
		delete(g.ends, who)
	}
	if !ok {
		return 0
	}
	for i := range p.Next {
		if actorOf(&p.Next[i]) == want {
			return i
		}
	}
	return 0
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
