// Reduction: of schedules that differ only in the order of independent steps, one runs to its end (sleep
// sets).

package explore

import (
	"strings"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A footprint is what a step has touched.
type footprint = sim.Touched

// A sleeper is an actor whose next step need not come first here: schedules where it does are covered by
// others.
type sleeper struct {
	actor actor
	step  footprint
}

// rested takes the last step of a run into account, when the machine has come to rest.
func (c *Control) rested(m *sim.Machine) {
	if c.reduce {
		c.note(m.TakeTouched())
	}
}

// note keeps what the step from the last node has touched.
func (c *Control) note(step *footprint) {
	if c.from {
		n := &c.path[c.fromAt]
		n.steps[n.chosen] = step.Clone()
		c.from = false
	}
	c.asleep = slept(c.asleep, step)
}

// slept returns the set without the actors whose next step depends on step, which has been taken.
func slept(set []sleeper, step *footprint) []sleeper {
	var left []sleeper
	for i := range set {
		if set[i].step.Independent(step) {
			left = append(left, set[i])
		}
	}
	return left
}

// sleeps reports whether the actor is in the set.
func sleeps(set []sleeper, a actor) bool {
	for i := range set {
		if set[i].actor == a {
			return true
		}
	}
	return false
}

// reducedActor returns the actor of a possibility. A worker goes by its name, since its pid depends on who
// was made first.
func reducedActor(p *sim.Possibility) actor {
	a := actorOf(p)
	if a.kind == sim.KindThread && strings.HasPrefix(p.Name, "kworker/") {
		return actor{sim.KindThread, 0, p.Name}
	}
	return a
}

// arrive takes what the last step touched into account, and returns the actors that sleep at the point.
func (c *Control) arrive(p *sim.Point) []sleeper {
	c.note(p.Machine.TakeTouched())
	return c.asleep
}

// begin sets up a new node: its first possibility that does not sleep, -1 if all do.
func (s *search) begin(c *Control, n *node, p *sim.Point) {
	n.sleep = c.asleep
	n.steps = make([]footprint, n.n)
	n.names = make([]actor, n.n)
	for i := range p.Next {
		n.names[i] = reducedActor(&p.Next[i])
	}
	n.chosen = -1
	if next := n.after(); next < n.n {
		n.chosen = next
	}
}

// after returns the next possibility to be tried, n.n if none is left.
func (n *node) after() int {
	for i := n.chosen + 1; i < n.n; i++ {
		if !sleeps(n.sleep, n.names[i]) {
			return i
		}
	}
	return n.n
}

// begun notes that the run goes on from a node: what was tried there before sleeps until a step depends on
// it.
func (s *search) begun(c *Control, n *node) {
	set := append([]sleeper(nil), n.sleep...)
	for i := range n.chosen {
		if !sleeps(n.sleep, n.names[i]) {
			set = append(set, sleeper{n.names[i], n.steps[i]})
		}
	}
	c.asleep = set
	c.from, c.fromAt = true, c.depth-1
}
