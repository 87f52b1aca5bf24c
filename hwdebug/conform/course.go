// The choices that the kernel leaves to its scheduler, and the search for those of a recorded run.

package conform

import (
	"slices"

	"github.com/hwlua/hwlua/hwdebug"
)

// mostReplays bounds the replays of one case.
const mostReplays = 256

// A course is one way through a case: what the scheduler chose at each fork and exec, in order
// (hwdebug.Preempter), and where the replay first diverged.
type course struct {
	preempt []bool // the choices; those after the last are false
	asked   []int  // the step of each choice that came up
	step    int    // that is performed
	// The first steps that diverged, among all and among the unmarked; -1: none.
	first, unmarked int
}

func (c *course) begin() {
	c.asked = c.asked[:0]
	c.first, c.unmarked = -1, -1
}

// note records the outcome of step i.
func (c *course) note(i int, marked, same bool) {
	if same {
		return
	}
	if c.first < 0 {
		c.first = i
	}
	if !marked && c.unmarked < 0 {
		c.unmarked = i
	}
}

// choose has the target take the course's next choice.
func (p *player) choose() {
	if p.preempter == nil {
		return
	}
	c := &p.course
	c.asked = append(c.asked, c.step)
	if n := len(c.asked); n <= len(c.preempt) && c.preempt[n-1] {
		p.preempter.PreemptNext()
	}
}

// next turns the choices into the next ones to try after a replay that diverged at step i, and returns
// false if none is left. It changes the last choice before that step: with the same choices up to there
// the replay would diverge there again.
func (c *course) next(i int) bool {
	n := 0
	for n < len(c.asked) && c.asked[n] <= i {
		n++
	}
	for len(c.preempt) < n {
		c.preempt = append(c.preempt, false)
	}
	for n > 0 && c.preempt[n-1] {
		n--
	}
	c.preempt = c.preempt[:n]
	if n > 0 {
		c.preempt[n-1] = true
	}
	return n > 0
}

// diverged returns the first step that diverged, among all or among the unmarked, or -1.
func (c *course) diverged(all bool) int {
	if all {
		return c.first
	}
	return c.unmarked
}

// An attempt is the outcome of one replay of a case.
type attempt struct {
	tally Tally
	found []Divergence // at most Config.MaxDivergences
}

// attempt replays the case that was read last on t, with the choices of the player's course, and shuts t
// down.
func (r *runner) attempt(t hwdebug.Target, file string, meta *Meta) (a attempt, err error) {
	r.player.replay(t, meta, &r.c, &a.tally, func(d *Divergence) {
		if len(a.found) < r.cfg.MaxDivergences {
			d.File = file
			a.found = append(a.found, *d)
		}
	})
	return a, r.shutdown(t, file)
}

// search replays the case that was read last, which diverged, with the other choices that the kernel
// leaves to its scheduler. It returns the attempt that agrees in all steps, or else, if unmarked ones
// diverged, one that agrees in those; ok is false if no attempt does.
func (r *runner) search(file string, meta *Meta) (a attempt, ok bool, err error) {
	c := &r.player.course
	first := *c
	first.asked = slices.Clone(c.asked)
	tries := 1
	for _, all := range []bool{true, false} {
		if !all && !slices.ContainsFunc(r.c.Steps, func(s Step) bool { return s.Mark != 0 }) {
			break // it would be the same search
		}
		*c = first
		c.asked = slices.Clone(first.asked)
		at := c.diverged(all)
		for ; at >= 0 && tries < mostReplays && c.next(at); tries++ {
			t, err := r.open(file, meta)
			if err != nil {
				return a, false, err
			}
			if a, err = r.attempt(t, file, meta); err != nil {
				return a, false, err
			}
			if at = c.diverged(all); at < 0 {
				return a, true, nil
			}
		}
	}
	return a, false, nil
}
