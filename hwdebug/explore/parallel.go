// Workers: several of them make the runs of a search, whose results come in the order of one.

package explore

import (
	"runtime"
	"sync"
)

// programs returns a program for one worker, and what ends it.
type programs func() (Program, func())

// newWorker returns a worker with a program of its own.
func (e *explorer) newWorker() *worker {
	p, end := e.programs()
	e.ends = append(e.ends, end)
	return &worker{cfg: e.cfg, program: p, shared: newSharing(), open: e.open, reuses: e.reuses}
}

// end ends the programs.
func (e *explorer) end() {
	for _, end := range e.ends {
		end()
	}
}

// runs returns a function that makes the next run of p, and returns nil behind the last one. stop must be
// called in the end.
func (e *explorer) runs(p part) (next func() *ran, stop func()) {
	if e.cfg.Workers < 2 {
		return func() *ran { return p.next(e.worker) }, func() {}
	}
	t := newTeam(e, p)
	return t.next, t.stop
}

// A team is workers under way. The one that takes a part makes its first run, and leaves what it cuts off to
// the next one.
type team struct {
	parts chan *job // that nobody has taken: at most one
	order chan *job // by their place in the search
	ended chan struct{}
	group sync.WaitGroup

	job  *job // whose runs come next
	runs []*ran
}

// A job is a part with its runs.
type job struct {
	part part
	runs chan []*ran
	died bool // a program has panicked, or has ended its goroutine
	why  any  // the panic
}

const (
	runsAtOnce = 32 // that a worker hands over
	partsAhead = 8  // for each worker
	runsAhead  = 16 // handed over, of a part
)

// newTeam starts workers on p.
func newTeam(e *explorer, p part) *team {
	t := &team{
		parts: make(chan *job, 1), order: make(chan *job, partsAhead*e.cfg.Workers),
		ended: make(chan struct{}),
	}
	t.offer(p)
	for len(e.team) < e.cfg.Workers {
		e.team = append(e.team, e.newWorker())
	}
	for _, w := range e.team {
		t.group.Add(1)
		go t.work(w)
	}
	return t
}

// offer lets the next worker take p; nil ends the search.
func (t *team) offer(p part) {
	if p == nil {
		close(t.order)
		close(t.parts)
		return
	}
	j := &job{part: p, runs: make(chan []*ran, runsAhead)}
	select {
	case t.order <- j:
		t.parts <- j
	case <-t.ended:
	}
}

// work makes runs until nothing is left.
func (t *team) work(w *worker) {
	defer t.group.Done()
	for {
		select {
		case <-t.ended:
			return
		case j, ok := <-t.parts:
			if !ok || !t.do(w, j) {
				return
			}
		}
	}
}

// do makes the runs of j, and reports whether they are wanted.
func (t *team) do(w *worker, j *job) (wanted bool) {
	alive := false
	defer func() {
		if !alive {
			j.died, j.why = true, recover()
		}
		close(j.runs)
	}()
	var runs []*ran
	r := j.part.next(w)
	t.offer(j.part.cut())
	for ; r != nil; r = j.part.next(w) {
		runs = append(runs, r)
		if len(runs) < runsAtOnce && r.f == nil && r.fatal == nil {
			continue
		}
		if !t.hand(j, runs) {
			alive = true
			return false
		}
		runs = nil
	}
	alive = true
	return t.hand(j, runs)
}

// hand gives runs to whoever counts them, and reports whether they are wanted.
func (t *team) hand(j *job, runs []*ran) bool {
	select {
	case j.runs <- runs:
		return true
	case <-t.ended:
		return false
	}
}

// next returns the next run of the search. It ends as the program of the run has ended.
func (t *team) next() *ran {
	for len(t.runs) == 0 {
		if t.job == nil {
			if t.job = <-t.order; t.job == nil {
				return nil
			}
		}
		runs, ok := <-t.job.runs
		switch t.runs = runs; {
		case ok:
		case t.job.why != nil:
			panic(t.job.why)
		case t.job.died:
			runtime.Goexit()
		default:
			t.job = nil
		}
	}
	r := t.runs[0]
	t.runs = t.runs[1:]
	return r
}

// stop ends the workers.
func (t *team) stop() {
	close(t.ended)
	t.group.Wait()
}
