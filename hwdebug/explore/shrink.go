// Shrinking: fewer departures that fail in the same way, then fewer preemptions.

package explore

import "slices"

// shrinkRuns is how many runs may look for a failure with fewer preemptions.
const shrinkRuns = 10_000

// shrunk returns the failure of a run, of a smaller one if there is one, with its steps.
func (e *explorer) shrunk(a *attempt) *Failure {
	run := a.f.Run
	if !e.cfg.NoShrink {
		a = e.fewerDepartures(a)
		a = e.movedDepartures(a)
		a = e.fewerPreemptions(a)
		a = e.fewestDepartures(a)
	}
	a.f.Run = run
	c := e.control(replay{Schedule{a.c.schedule, a.c.digestAt()}}, nil)
	c.told = &telling{}
	e.run(c)
	a.f.Steps = c.told.steps
	return a.f
}

// retry makes a run under g. It returns the attempt if it fails in the same way as a, else nil.
func (e *explorer) retry(a *attempt, g guided) *attempt {
	c := e.control(g, nil)
	out := e.run(c)
	f := failureOf(c, out)
	if e.fatal != nil || !alike(a.f, f) {
		return nil
	}
	return &attempt{c: c, f: f}
}

// guide returns a policy for the departures of a that keep selects.
func (a *attempt) guide(keep func(i int) bool) guided {
	g := guided{to: map[mark]actor{}, ends: map[actor]actor{}}
	for i := range a.c.schedule {
		if keep(i) {
			g.to[a.c.marks[i]] = a.c.targets[i]
		}
	}
	return g
}

// alike reports whether two failures are the same but for numbers in their messages.
func alike(a, b *Failure) bool {
	return b != nil && a.Kind == b.Kind && wordsOf(a.Message) == wordsOf(b.Message)
}

// wordsOf returns text without digits.
func wordsOf(text string) string {
	return string(slices.DeleteFunc([]byte(text), func(b byte) bool { return b >= '0' && b <= '9' }))
}

// fewerDepartures drops departures, largest groups first.
func (e *explorer) fewerDepartures(a *attempt) *attempt {
	for size := len(a.c.schedule); size > 0; size /= 2 {
		for from := 0; from < len(a.c.schedule); {
			g := a.guide(func(i int) bool { return i < from || i >= from+size })
			if b := e.retry(a, g); b != nil && b.f.Choices < a.f.Choices {
				a = b
			} else {
				from += size
			}
			if e.fatal != nil || e.budget.cancelled() != nil {
				return a
			}
		}
		if size > len(a.c.schedule) {
			size = 2 * len(a.c.schedule)
		}
	}
	return a
}

// movedDepartures moves departures that preempt a thread to where no thread runs: to the point where that
// thread got its turn, or to the one where it gives it up.
func (e *explorer) movedDepartures(a *attempt) *attempt {
	for i := 0; i < len(a.c.schedule) && e.budget.cancelled() == nil; i++ {
		var b *attempt
		for _, move := range []func(guided, *attempt, int) bool{earlier, later} {
			g := a.guide(func(j int) bool { return j != i })
			if !move(g, a, i) {
				continue
			}
			if b = e.retry(a, g); b != nil && b.f.Preemptions < a.f.Preemptions {
				break
			}
			b = nil
		}
		if b != nil {
			a = e.fewerDepartures(b)
			i = -1
		}
	}
	return a
}

// earlier moves departure i of a to the last point before it where no thread ran.
func earlier(g guided, a *attempt, i int) bool {
	for _, r := range slices.Backward(a.c.rests) {
		if r.open < a.c.opens[i] {
			g.to[r.mark] = a.c.targets[i]
			return true
		}
	}
	return false
}

// later moves departure i of a to where its actor gives up its turn.
func later(g guided, a *attempt, i int) bool {
	g.ends[a.c.marks[i].actor] = a.c.targets[i]
	return true
}

// fewerPreemptions walks the schedules with fewer preemptions, if they are few enough, for one that fails in
// the same way.
func (e *explorer) fewerPreemptions(a *attempt) *attempt {
	left := shrinkRuns
	for bound := 0; bound < a.f.Preemptions; bound++ {
		b, runs, all := e.failingWithin(a, bound, left)
		left -= runs
		if b != nil {
			return e.fewerDepartures(b)
		}
		if !all {
			a.f.Minimal = 0
			return a
		}
		a.f.Minimal += runs
	}
	return a
}

// fewestRuns is how many runs may look for a failure with fewer departures.
const fewestRuns = 500

// fewestDepartures walks the schedules with fewer departures and no more preemptions, if they are few enough,
// for one that fails in the same way.
func (e *explorer) fewestDepartures(a *attempt) *attempt {
	left := fewestRuns
	for most := 0; most < a.f.Choices; most++ {
		b, runs, all := e.failing(a, left, func(path []node, last *node) bool {
			return last.chosen > 0 || departures(path) < most &&
				(!last.running || preemptions(path) < a.f.Preemptions)
		})
		if b != nil {
			b.f.Minimal = a.f.Minimal
			return b
		}
		if left -= runs; !all {
			break
		}
	}
	return a
}

func departures(path []node) int {
	n := 0
	for i := range path {
		if path[i].chosen > 0 {
			n++
		}
	}
	return n
}

// failingWithin looks for a failure like a among all schedules with at most bound preemptions, in at most
// that many runs. all reports whether it has seen all of them.
func (e *explorer) failingWithin(a *attempt, bound, most int) (found *attempt, runs int, all bool) {
	return e.failing(a, most, func(path []node, last *node) bool {
		return !last.running || last.chosen > 0 || preemptions(path) < bound
	})
}

// failing looks for a failure like a among the schedules that may admits: it is asked whether the last node
// of a path may take another possibility.
func (e *explorer) failing(a *attempt, most int, may func(path []node, last *node) bool) (
	found *attempt, runs int, all bool,
) {
	s := &search{}
	var path []node
	for ; runs < most; runs++ {
		c := e.control(s, path)
		out := e.run(c)
		if e.fatal != nil || e.budget.cancelled() != nil {
			return nil, runs, false
		}
		if f := failureOf(c, out); alike(a.f, f) {
			return &attempt{c: c, f: f}, runs + 1, false
		}
		path = c.path
		if runs == 0 && atLeast(path, may) > most {
			return nil, 1, false
		}
		left := false
		for len(path) > 0 && !left {
			last := &path[len(path)-1]
			if left = last.chosen+1 < last.n && may(path[:len(path)-1], last); left {
				last.chosen++
			} else {
				path = path[:len(path)-1]
			}
		}
		if !left {
			return nil, runs + 1, true
		}
	}
	return nil, runs, false
}

// atLeast estimates how many schedules there are, from the first one: those that depart from it once, or, as
// often as they may where no thread runs.
func atLeast(path []node, may func(path []node, last *node) bool) int {
	once, often := 1, 1
	first := len(path)
	for i := range path {
		if !may(path[:i], &path[i]) {
			continue
		}
		once += path[i].n - 1
		first = min(first, i)
		departed := slices.Clone(path[:i])
		if departed = append(departed, path[i]); i > first {
			departed[first].chosen = 1
			if !may(departed[:i], &path[i]) {
				continue
			}
		}
		if !path[i].running {
			often = min(often*path[i].n, 1<<30)
		}
	}
	return max(once, often)
}
