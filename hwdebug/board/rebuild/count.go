// Reservations: who holds the slots for which a request was refused.

package rebuild

import (
	"fmt"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// limit returns the slots of a kind.
func (t *Tracker) limit(data bool) int {
	if data {
		return t.wrps
	}
	return t.brps
}

// nrCPUs returns the CPUs of the board as far as they are known.
func (t *Tracker) nrCPUs() int {
	n := max(len(t.cpus), t.facts.CPUs, 1)
	if t.opt.CPUs > 0 {
		n = t.opt.CPUs
	}
	return min(n, hwdebug.MaxCPUs)
}

// sameTask reports whether two events belong to one task.
func sameTask(a, b *event) bool {
	return a.Task.Ptr == b.Task.Ptr && a.Task.PID == b.Task.PID
}

// A crowd is what is reserved on one CPU: the CPU's own events, and those of its tasks.
type crowd struct {
	cpu    int
	own    []*event
	tasks  [][]*event
	counts []*event // of the task that counts
}

func (w *crowd) size() int { return len(w.own) + len(w.counts) }

// crowdOn returns the events that stand in the way of ev on a CPU.
func (t *Tracker) crowdOn(cpu int, ev *event, data bool) crowd {
	w := crowd{cpu: cpu}
	for _, e := range t.live {
		if !e.reserved || e == ev || e.asData != data || !e.countsOn(cpu) {
			continue
		}
		if !e.ofTask() {
			w.own = append(w.own, e)
			continue
		}
		w.add(e)
	}
	for _, list := range w.tasks {
		if ev.ofTask() && sameTask(list[0], ev) || !ev.ofTask() && len(list) > len(w.counts) {
			w.counts = list
		}
	}
	return w
}

// add puts a task's event to the others of its task.
func (w *crowd) add(e *event) {
	for i, list := range w.tasks {
		if sameTask(list[0], e) {
			w.tasks[i] = append(list, e)
			return
		}
	}
	w.tasks = append(w.tasks, []*event{e})
}

// busiest returns the fullest CPU of those that ev counts on.
func (t *Tracker) busiest(ev *event, data bool) crowd {
	if ev.CPU >= 0 {
		return t.crowdOn(ev.CPU, ev, data)
	}
	most := crowd{cpu: -1}
	for cpu := range t.nrCPUs() {
		if w := t.crowdOn(cpu, ev, data); most.cpu < 0 || w.size() > most.size() {
			most = w
		}
	}
	return most
}

// holders returns the events of a crowd, those that count first.
func (t *Tracker) holders(w crowd, ev *event) []board.Holder {
	var list []board.Holder
	add := func(e *event, counts bool) {
		h := board.Holder{Event: *t.snapshot(e), Slot: -1, Counts: counts}
		if e.OnCPU == w.cpu && t.cpu(w.cpu).sure(t.now) {
			h.Slot = e.Slot
		}
		list = append(list, h)
	}
	for _, e := range w.own {
		add(e, true)
	}
	for _, e := range w.counts {
		add(e, true)
	}
	if ev.ofTask() {
		return list
	}
	for _, others := range w.tasks {
		if len(w.counts) > 0 && others[0] == w.counts[0] {
			continue
		}
		for _, e := range others {
			add(e, false)
		}
	}
	return list
}

// A refusal is a request that was refused, before its call has returned.
type refusal struct {
	f    board.Finding
	step step
}

// refuse describes a request that is refused. For ENOSPC it names who holds the slots.
func (t *Tracker) refuse(
	ev *event, op string, asked hwdebug.Attr, errno syscall.Errno, r *ftrace.Record,
) *refusal {
	if ev.Owner == "" {
		t.own(ev, "")
	}
	f := board.Finding{
		Kind: board.Refused, T: r.T, CPU: r.CPU, Task: board.Task{PID: r.PID, Comm: r.Comm},
		Errno: errno, Op: op, Asked: asked, Event: t.snapshot(ev), Rule: "R-VAL-1",
	}
	if errno == syscall.ENOSPC {
		data := asked.Type.Data()
		w := t.busiest(ev, data)
		f.Rule, f.CPU, f.Limit, f.N = "R-CON-7", w.cpu, t.limit(data), w.size()
		f.Holders = t.holders(w, ev)
		if w.size() < f.Limit && t.certain() {
			t.differs(r, fmt.Sprintf("the board refuses with ENOSPC though %d of %d "+
				"slots are counted", w.size(),
				f.Limit), ev)
		}
	}
	return &refusal{f, step{
		op: stepRefused, attr: asked, known: ev.known, errno: errno, wide: ev.Wide, event: *f.Event,
		modify: op == "modify",
	}}
}

// report reports a refusal when its call has returned.
func (t *Tracker) report(r *refusal) {
	r.f.T = t.now
	t.settleWides()
	t.find(r.f)
	t.change(Change{Op: OpRefused, CPU: r.f.CPU, Event: *r.f.Event, Finding: &r.f})
	t.step(r.step)
}

// overbooked notices a reservation that the model would refuse.
func (t *Tracker) overbooked(ev *event, data bool, r *ftrace.Record) {
	if !t.certain() {
		return
	}
	if w := t.busiest(ev, data); w.size() >= t.limit(data) {
		t.differs(r, fmt.Sprintf("the board grants one slot more than the %d that are "+
			"reserved", w.size()), ev)
	}
}

// differs reports the first divergence from the model.
func (t *Tracker) differs(r *ftrace.Record, cause string, ev *event) {
	for i := range t.findings {
		if t.findings[i].Kind == board.Differs {
			return
		}
	}
	t.find(board.Finding{
		Kind: board.Differs, T: r.T, CPU: r.CPU, Task: board.Task{PID: r.PID, Comm: r.Comm}, Cause: cause,
		Event: t.snapshot(ev), Rule: "R-CON-7",
	})
}
