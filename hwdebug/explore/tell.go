// The story of a run: its steps in the caller's words.

package explore

import (
	"slices"
	"time"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A Step is what happened between two points.
type Step struct {
	CPU        int
	Thread     string        // the thread, or the function of the timer
	Kind       sim.Kind      // a thread, a cross call, a timer, a wake
	Place      sim.Place     // where the thread stands
	Where      sim.Position  // of the call
	Now        time.Duration // virtual time
	Departed   bool          // the default order is another
	Instead    string        // who goes on by default there
	InsteadCPU int
	Running    bool     // the thread could have continued
	Next       []string // who could go on there, the default first; nil if only one could
	Taken      int      // which of them did
	Machine    int      // of the run, in the order in which they were attached
	Record     uint64   // the number of the last record of its trace before the step
}

// A telling records the steps of a run.
type telling struct {
	steps    []Step
	variable *VariableAccess  // that is about to be made
	at       map[int]standing // by pid: where each thread stands
}

// A standing is where a thread waits for its turn.
type standing struct {
	place sim.Place
	where sim.Position
}

// point records who goes on at a point of one of the run's machines.
func (t *telling) point(machines []*sim.Machine, p *sim.Point, i int) {
	if t.at == nil {
		t.at = map[int]standing{}
	}
	if p.Place == sim.PlaceVariable && i == 0 { // as where nothing is known to be shared
		return
	}
	if p.Thread != nil {
		at := standing{p.Place, p.Machine.Where()}
		if v := t.variable; p.Place == sim.PlaceVariable {
			at.where = v.Where
			at.where.Call = "reads " + v.Text
			if v.Write {
				at.where.Call = "writes " + v.Text
			}
		}
		t.at[p.Thread.PID()] = at
	}
	q := &p.Next[i]
	s := Step{CPU: q.CPU, Thread: q.Name, Kind: q.Kind, Now: max(p.Machine.Now(), q.Due())}
	if q.Kind != sim.KindTimer {
		at := t.at[q.ID]
		s.Place, s.Where = at.place, at.where
	}
	s.Next, s.Taken = candidates(p.Next), i
	s.Machine = slices.Index(machines, p.Machine)
	if rec := p.Machine.Recorder(); rec != nil {
		s.Record = rec.Seq()
	}
	if i > 0 {
		s.Departed, s.Running = true, p.Running
		s.Instead, s.InsteadCPU = s.Next[0], p.Next[0].CPU
	}
	t.steps = append(t.steps, s)
}

// candidates returns the names of several possibilities, or nil for a single one.
func candidates(next []sim.Possibility) []string {
	if len(next) < 2 {
		return nil
	}
	names := make([]string, len(next))
	for i := range next {
		names[i] = candidate(&next[i])
	}
	return names
}

// candidate names a possibility.
func candidate(p *sim.Possibility) string {
	switch p.Kind {
	case sim.KindTimer:
		return "timer of " + p.Name
	case sim.KindWake:
		return p.Name + " wakes"
	}
	return p.Name
}
