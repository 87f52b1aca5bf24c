// Findings: what single events and the end of the trace show.

package rebuild

import (
	"cmp"
	"slices"
	"time"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// An Op is a kind of change.
type Op uint8

// The changes.
const (
	OpOpen Op = iota + 1
	OpClose
	OpModify
	OpRefused
	OpInstall
	OpUninstall
	OpReset
	OpHit
	OpStep    // a step over begins
	OpStepped // it ends
	OpMark
	OpChain // a stack through the breakpoint code: Text is install, uninstall or ""
	OpDoubt
)

// A Change is one line of the timeline.
type Change struct {
	Op      Op
	T       time.Duration
	CPU     int
	Task    board.Task // the current thread
	Event   board.Event
	Finding *board.Finding
	Text    string
}

// change tells the caller of a change.
func (t *Tracker) change(c Change) {
	if t.opt.Change == nil {
		return
	}
	c.T = t.now
	if c.Task == (board.Task{}) && c.CPU >= 0 && c.CPU < len(t.cpus) {
		c.Task = board.Task{PID: t.cpus[c.CPU].pid, Comm: t.names.comms[t.cpus[c.CPU].pid]}
	}
	c.Event.Task = t.taskOf(c.Event.Task)
	t.opt.Change(c)
}

// taskOf returns a task with its name.
func (t *Tracker) taskOf(task board.Task) board.Task {
	if task.Ptr == 0 {
		return task
	}
	return t.names.of(task.Ptr)
}

// snapshot returns ev as it is now.
func (t *Tracker) snapshot(ev *event) *board.Event {
	e := ev.Event
	e.Task = t.taskOf(e.Task)
	switch {
	case ev.OnCPU >= 0:
		e.State = "active"
	case ev.Attr.Disabled && ev.isNew():
		e.State = "off"
	default:
		e.State = "inactive"
	}
	return &e
}

// find keeps a finding.
func (t *Tracker) find(f board.Finding) {
	if len(t.findings) >= maxFindings {
		t.dropped++
		return
	}
	t.findings = append(t.findings, f)
	if t.opt.Found != nil {
		t.opt.Found(f)
	}
}

// about returns a finding about ev by whoever made the record.
func (t *Tracker) about(k board.Kind, ev *event, r *ftrace.Record, rule string) board.Finding {
	return board.Finding{
		Kind: k, T: r.T, CPU: ev.CPU, Task: ev.By, Event: t.snapshot(ev), Asked: ev.Attr, Rule: rule,
	}
}

// judge looks at the attributes that ev has got.
func (t *Tracker) judge(ev *event, r *ftrace.Record) {
	if !ev.known {
		return
	}
	if ev.data && ev.Attr.Len <= 8 && ev.Attr.Addr&7+ev.Attr.Len > 8 {
		t.find(t.about(board.Cut, ev, r, "R-VAL-15"))
	}
	kernel := ev.Owner == board.ByWide || ev.Owner == board.ByKernel
	user := !ev.refused && ev.ctrl.Privilege == arm64.EL0
	if kernel && user && !ev.ofTask() && !emptyRequest(ev.Attr) {
		t.find(t.about(board.HashedPointer, ev, r, "R-VAL-11"))
	}
}

// trapsAgain is how many hits in a row at one pc show that a handler does not move on.
const trapsAgain = 3

// hit follows perf_bp_event.
func (t *Tracker) hit(r *ftrace.Record) {
	ev := t.byPtr[r.BP]
	if ev == nil {
		t.fromBefore(r.BP)
		return
	}
	t.change(Change{Op: OpHit, CPU: r.CPU, Event: ev.Event})
	t.beginStep(ev, r)
	if !ev.Own || r.Has&ftrace.FPC == 0 {
		return
	}
	if ev.hitPC != r.PC {
		ev.hitPC, ev.hits = r.PC, 0
	}
	ev.hits++
	if ev.hits >= trapsAgain {
		t.trapped(ev, r)
	}
}

// trapped reports an own handler whose access comes back to it, or counts one hit more.
func (t *Tracker) trapped(ev *event, r *ftrace.Record) {
	for i := range t.findings {
		f := &t.findings[i]
		if f.Kind == board.OwnHandler && f.Event.ID == ev.ID && f.PC == r.PC {
			f.N = ev.hits
			return
		}
	}
	f := t.about(board.OwnHandler, ev, r, "R-EXC-14")
	f.CPU, f.N, f.PC = r.CPU, ev.hits, r.PC
	t.find(f)
}

// leak reports an event that was not released.
func (t *Tracker) leak(ev *event) {
	t.find(board.Finding{
		Kind: board.NeverReleased, T: ev.Opened, CPU: ev.CPU, Task: ev.By, Event: t.snapshot(ev),
		Asked: ev.Attr, Rule: "R-CON-10",
	})
}

// leaks reports the events that are left at the end. Those of an open that failed are not among them.
func (t *Tracker) leaks() {
	for _, ev := range t.live {
		if ev.reserved {
			t.leak(ev)
		}
	}
}

// wideMissingOn reports the wide registrations that have nothing in a register of a CPU that comes up.
func (t *Tracker) wideMissingOn(c *cpu, r *ftrace.Record) {
	for _, w := range t.wides {
		ev := w.on(c.id)
		if ev == nil || ev.OnCPU < 0 {
			t.wideMissing(w, ev, c.id, r.T)
		}
	}
}

// on returns the registration's event of a CPU.
func (w *wide) on(cpu int) *event {
	i := slices.IndexFunc(w.events, func(ev *event) bool { return ev.CPU == cpu })
	if i < 0 {
		return nil
	}
	return w.events[i]
}

// wideMissing reports it once for each CPU.
func (t *Tracker) wideMissing(w *wide, ev *event, cpu int, at time.Duration) {
	if w.missed[cpu] || len(w.events) == 0 {
		return
	}
	w.missed[cpu] = true
	like := ev
	if like == nil {
		like = w.events[0]
	}
	t.find(board.Finding{
		Kind: board.WideMissing, T: at, CPU: cpu, Task: w.by, Event: t.snapshot(like), Asked: like.Attr,
		Rule: "R-HP-9",
	})
}

// missingWides looks at the end for enabled wide events that are in no register. If their CPU did not go
// down, their install was lost.
func (t *Tracker) missingWides() {
	for _, w := range t.wides {
		for _, ev := range w.events {
			if w.ends || ev.OnCPU >= 0 || ev.CPU < 0 || ev.Attr.Disabled {
				continue
			}
			t.wideMissing(w, ev, ev.CPU, ev.touched)
			if c := t.cpu(ev.CPU); !ev.offline && !t.forms[formPerf] && c.sure(t.now) {
				t.doubtOn(c, ev.touched, 1, "")
			}
		}
	}
}

const formPerf = ftrace.Perf

// conclude adds what is said of the whole trace, and sorts the findings.
func (t *Tracker) conclude() {
	lost := board.Finding{Kind: board.NotSure, CPU: -1, Task: board.NoTask, T: forever}
	for _, d := range t.doubts {
		switch {
		case d.quiet || t.forms[formPerf] && d.cause == "":
		case d.cause != "":
			t.find(board.Finding{
				Kind: board.NotSure, T: d.from, CPU: d.cpu, Task: board.NoTask, Cause: d.cause,
			})
		default:
			lost.N += d.n
			lost.T = min(lost.T, d.from)
		}
	}
	if lost.N > 0 {
		t.find(lost)
	}
	if n := len(t.older); n > 0 && !t.forms[formPerf] {
		t.find(board.Finding{
			Kind: board.Older, T: t.start, CPU: -1, Task: board.NoTask, N: n,
		})
	}
	if t.forms[formPerf] {
		t.find(board.Finding{
			Kind: board.PerfRecord, T: t.start, CPU: -1, Task: board.NoTask, N: t.perfMissing,
		})
	}
	slices.SortStableFunc(t.findings, func(a, b board.Finding) int { return cmp.Compare(a.Kind, b.Kind) })
}
