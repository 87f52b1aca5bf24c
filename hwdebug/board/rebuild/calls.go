// Calls and their results: opens, reservations, releases, modifications, wide registrations.

package rebuild

import (
	"strings"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

const perfTypeBreakpoint = 5

// errnoOf returns the errno in a result of the kernel, 0 for any other value.
func errnoOf(ret int64) syscall.Errno {
	if ret >= -4095 && ret < 0 {
		e, _ := hwdebug.ErrnoByNumber(int(-ret))
		if e == 0 {
			e = syscall.Errno(-ret)
		}
		return e
	}
	return 0
}

// begin ends the calls of a thread that another open or modify shows to be over: their results were lost.
func (t *Tracker) begin(th *thread) {
	if th.call != nil {
		t.doubtNone(t.now, 1)
		t.endRefused(th.call.refusal)
		th.call = nil
	}
	t.endReserve(th)
	t.endModify(th)
	th.released = nil
}

// endRefused reports a refusal whose call has returned without a record, if there is one.
func (t *Tracker) endRefused(r *refusal) {
	if r != nil {
		t.report(r)
	}
}

// endReserve notices a reservation whose result was lost.
func (t *Tracker) endReserve(th *thread) {
	if th.reserve != nil {
		t.doubtNone(t.now, 1)
		th.reserve = nil
	}
}

// endModify notices a modification whose result was lost: whether it was done is not known.
func (t *Tracker) endModify(th *thread) {
	if th.modify == nil {
		return
	}
	t.doubtNone(t.now, 1)
	t.endRefused(th.modify.refusal)
	if ev := th.modify.ev; ev != nil {
		ev.changing = nil
		ev.known = false
		if th.modify.attr.Type.Data() != ev.data {
			ev.typed = false
		}
		t.redoubt(ev)
	}
	th.modify = nil
}

// alloc follows the call of perf_event_alloc.
func (t *Tracker) alloc(r *ftrace.Record) {
	th := t.thread(r)
	t.begin(th)
	if r.Has&ftrace.FKind != 0 && r.Kind != perfTypeBreakpoint {
		th.call = &call{}
		return
	}
	t.enter(th, t.newEvent(r), r)
}

// open follows the call of register_perf_hw_breakpoint, which knows the event already.
func (t *Tracker) open(r *ftrace.Record) {
	th := t.thread(r)
	t.begin(th)
	ev := t.newEvent(r)
	t.enter(th, ev, r)
	t.keep(ev, r.BP)
}

// enter records ev as the event that the thread opens.
func (t *Tracker) enter(th *thread, ev *event, r *ftrace.Record) {
	th.call = &call{ev: ev}
	t.parents = t.parents || r.Has&ftrace.FParent != 0
	if th.wide != nil && ev.Parent == 0 {
		ev.Wide, ev.Owner = th.wide.id, board.ByWide
		th.wide.events = append(th.wide.events, ev)
	}
	if ev.Parent != 0 && r.Task != 0 {
		th.forked = append(th.forked, r.Task)
	}
}

// opened follows the result of an open.
func (t *Tracker) opened(r *ftrace.Record) {
	th := t.thread(r)
	c := th.call
	th.call = nil
	errno := errnoOf(r.Ret)
	if c == nil {
		t.doubtNone(r.T, 1)
		if r.Name == ftrace.AllocRet && errno == 0 && t.byPtr[uint64(r.Ret)] == nil {
			t.keep(t.newEvent(&ftrace.Record{T: r.T, PID: r.PID, Comm: r.Comm}), uint64(r.Ret))
		}
		return
	}
	if c.ev == nil {
		return
	}
	t.endReserve(th)
	if !c.counted && t.seen[ftrace.ReserveRet] && r.Form != ftrace.Perf {
		t.doubtNone(r.T, 1)
	}
	ev := c.ev
	if errno != 0 {
		if c.refusal == nil {
			c.refusal = t.refuse(ev, openOp(ev), ev.Attr, errno, r)
		}
		t.report(c.refusal)
		t.drop(ev)
		return
	}
	if r.Name == ftrace.AllocRet {
		t.keep(ev, uint64(r.Ret))
	}
	t.settle(ev, r)
}

// settle notes what is certain of an event once it is open.
func (t *Tracker) settle(ev *event, r *ftrace.Record) {
	if !ev.reserved {
		ev.reserved, ev.asData = true, ev.data
	}
	t.own(ev, r.Caller)
	t.judge(ev, r)
	t.change(Change{Op: OpOpen, CPU: r.CPU, Event: ev.Event})
	t.step(step{op: stepOpen, known: ev.known, wide: ev.Wide, event: *t.snapshot(ev), cpu: r.CPU, by: r.PID})
}

// openOp returns the call that makes an event like ev.
func openOp(ev *event) string {
	switch {
	case ev.Wide > 0:
		return "register_wide_hw_breakpoint"
	case emptyRequest(ev.Attr):
		return "ptrace"
	}
	return "perf_event_open"
}

// emptyRequest reports whether a request has the form in which ptrace opens all its events: disabled, at
// address 0.
func emptyRequest(a hwdebug.Attr) bool { return a.Disabled && a.Pinned && a.Addr == 0 }

// own finds out by which interface ev was opened, and whether its handler is the opener's own.
func (t *Tracker) own(ev *event, caller string) {
	if emptyRequest(ev.Attr) && ev.Attr.Len == 4 && t.facts.PtraceHandler == 0 {
		t.ptraceHandler = ev.Handler
	}
	switch {
	case ev.Owner != "":
	case ev.Handler != 0 && ev.Handler == t.ptraceHandler:
		ev.Owner = board.ByPtrace
	case strings.HasPrefix(caller, "perf_event_create_kernel_counter"):
		ev.Owner = board.ByKernel
	case strings.Contains(caller, "perf_event_open"):
		ev.Owner = board.ByPerf
	case ev.Attr.Pinned:
		ev.Owner = board.ByKernel
	default:
		ev.Owner = board.ByPerf
	}
	if ev.Owner == board.ByPerf && ev.Handler != 0 && t.facts.PerfHandler == 0 {
		t.perfHandler = ev.Handler
	}
	handled := ev.Owner == board.ByKernel || ev.Owner == board.ByWide
	certain := t.perfHandler != 0 || t.seen[ftrace.Alloc]
	ev.Own = handled && ev.Handler != 0 && ev.Handler != t.perfHandler && certain
}

// reserve follows the call of __reserve_bp_slot.
func (t *Tracker) reserve(r *ftrace.Record) {
	th := t.thread(r)
	t.endReserve(th)
	th.data = hwdebug.BPType(r.Type).Data()
	known := t.byPtr[r.BP]
	switch {
	case th.modify != nil && th.modify.ev != nil && th.modify.ev == known:
		th.reserve = known
	case th.call != nil && th.call.ev != nil:
		th.reserve = th.call.ev
		t.keep(th.reserve, r.BP)
	case known != nil:
		th.reserve = known
		t.unexplained(known, r)
	case th.released != nil && th.released.Ptr == r.BP:
		th.reserve = th.released
		th.reserve.reserved = false
		t.keep(th.reserve, r.BP)
		t.unexplained(th.reserve, r)
	default:
		t.reserveNew(th, r)
	}
	if r.Has&ftrace.FType == 0 && th.reserve != nil {
		th.data = th.reserve.data
	}
	th.released = nil
}

// unexplained notes a change of kind without a modify, after which the address may be another one.
func (t *Tracker) unexplained(ev *event, r *ftrace.Record) {
	if t.seen[ftrace.Modify] || t.seen[ftrace.Alloc] {
		t.doubtNone(r.T, 1)
	}
	ev.known = false
	ev.data, ev.typed = hwdebug.BPType(r.Type).Data(), r.Has&ftrace.FType != 0
	t.redoubt(ev)
}

// reserveNew creates an event from its reservation, in a trace that has no opens.
func (t *Tracker) reserveNew(th *thread, r *ftrace.Record) {
	if t.older[r.BP] && th.modify != nil {
		return
	}
	if t.seen[ftrace.Alloc] || t.seen[ftrace.Open] {
		t.doubtNone(r.T, 1)
	}
	ev := t.newEvent(r)
	th.reserve = ev
	if w := th.wide; w != nil {
		ev.Wide, ev.Owner = w.id, board.ByWide
		if ev.CPU < 0 {
			ev.CPU = len(w.events) // one for each CPU, in order
		}
		if !ev.known && w.known {
			t.setAttr(ev, w.attr)
		}
		w.events = append(w.events, ev)
	}
	t.keep(ev, r.BP)
}

// reserved follows the result of __reserve_bp_slot.
func (t *Tracker) reserved(r *ftrace.Record) {
	th := t.thread(r)
	ev := th.reserve
	th.reserve = nil
	if ev == nil {
		if ev = t.unnamed(th, r); ev == nil {
			return
		}
		th.data = ev.data
	}
	inOpen := th.call != nil && th.call.ev == ev
	if inOpen {
		th.call.counted = true
	}
	errno := errnoOf(r.Ret)
	if errno == 0 {
		t.overbooked(ev, th.data, r)
		ev.reserved, ev.asData = true, th.data
		if !inOpen && th.modify == nil && !t.seen[ftrace.Alloc] && !t.seen[ftrace.Open] && ev.isNew() {
			t.settle(ev, r)
		}
		return
	}
	switch {
	case th.modify != nil && th.modify.ev == ev:
		th.modify.refusal = t.refuse(ev, "modify", th.modify.attr, errno, r)
	case inOpen:
		th.call.refusal = t.refuse(ev, openOp(ev), ev.Attr, errno, r)
	default:
		t.report(t.refuse(ev, openOp(ev), ev.Attr, errno, r))
		t.drop(ev)
	}
}

// unnamed returns the event of a reservation whose call has no record: none of a probe set without these
// calls, or a lost one.
func (t *Tracker) unnamed(th *thread, r *ftrace.Record) *event {
	if t.seen[ftrace.Reserve] {
		t.doubtNone(r.T, 1)
	}
	switch {
	case th.call != nil:
		th.call.counted = true
		return th.call.ev
	case th.modify != nil:
		return th.modify.ev
	case th.released != nil:
		ev := th.released
		th.released = nil
		ptr := ev.Ptr
		t.keep(ev, ptr)
		t.unexplained(ev, r)
		return ev
	}
	if r.Form != ftrace.Perf && !t.seen[ftrace.Reserve] {
		t.doubtNone(r.T, 1)
	}
	return nil
}

// parse follows hw_breakpoint_arch_parse, which alone names the attributes in a set without opens.
func (t *Tracker) parse(r *ftrace.Record) {
	ev := t.byPtr[r.BP]
	if ev == nil || ev.known {
		return
	}
	a := attrOf(r)
	th := t.thread(r)
	if (th.modify == nil || th.modify.ev != ev) && !t.seen[ftrace.Alloc] && !t.seen[ftrace.Open] {
		t.setAttr(ev, a)
		t.judge(ev, r)
	}
}

// release follows the release of a reservation: a close, a change of kind, or the end of a failed open.
func (t *Tracker) release(r *ftrace.Record) {
	ev := t.byPtr[r.BP]
	th := t.thread(r)
	switch {
	case ev == nil:
		t.fromBefore(r.BP)
		return
	case th.modify != nil && th.modify.ev == ev:
		ev.reserved = false
		return
	case th.call != nil && th.call.ev == ev:
		ev.reserved = false
		return
	}
	th.released = nil
	if r.Where != "bp_perf_event_destroy" {
		th.released = ev
	}
	t.change(Change{Op: OpClose, CPU: r.CPU, Event: ev.Event})
	t.step(step{op: stepClose, wide: ev.Wide, event: *t.snapshot(ev), cpu: r.CPU, by: r.PID})
	t.drop(ev)
}

// modify follows the call of modify_user_hw_breakpoint_check.
func (t *Tracker) modify(r *ftrace.Record) {
	th := t.thread(r)
	t.begin(th)
	ev := t.byPtr[r.BP]
	th.modify = &modify{ev: ev, attr: attrOf(r)}
	if ev == nil {
		t.fromBefore(r.BP)
		return
	}
	if ev.changing != nil {
		t.endModify(ev.changing)
	}
	if ev.OnCPU >= 0 { // it is disabled first: its uninstall was lost
		c := t.cpu(ev.OnCPU)
		t.doubtOn(c, ev.installed, 1, "")
		c.remove(ev)
	}
	th.modify.attr.SamplePeriod = ev.Attr.SamplePeriod
	ev.changing = th
}

// modified follows its result: only 0 counts.
func (t *Tracker) modified(r *ftrace.Record) {
	th := t.thread(r)
	m := th.modify
	errno := errnoOf(r.Ret)
	if m == nil {
		t.endReserve(th)
		if errno != 0 {
			t.doubtNone(r.T, 1)
			return
		}
		t.doubtAll(r.T, 1, "") // which event it changed is not known
		return
	}
	th.modify = nil
	t.endReserve(th)
	if m.ev == nil {
		return
	}
	m.ev.changing = nil
	if errno != 0 {
		if m.refusal == nil {
			m.refusal = t.refuse(m.ev, "modify", m.attr, errno, r)
		}
		t.report(m.refusal)
		return
	}
	was := m.ev.Attr
	t.step(step{
		op: stepModify, known: true, attr: m.attr, event: *t.snapshot(m.ev), cpu: r.CPU, by: r.PID,
	})
	changed := was.Type != m.attr.Type || was.Addr != m.attr.Addr || was.Len != m.attr.Len
	t.setAttr(m.ev, m.attr)
	m.ev.asData = m.ev.data
	if changed {
		t.judge(m.ev, r)
	}
	t.change(Change{Op: OpModify, CPU: r.CPU, Event: m.ev.Event})
}

// A wide is a wide registration.
type wide struct {
	id     int
	ptr    uint64
	by     board.Task
	events []*event
	attr   hwdebug.Attr
	known  bool         // attr is
	done   bool         // it succeeded
	ends   bool         // it is being unregistered
	missed map[int]bool // CPUs whose event was reported missing
}

// wide follows the call of register_wide_hw_breakpoint.
func (t *Tracker) wide(r *ftrace.Record) {
	th := t.thread(r)
	if th.wide != nil && t.seen[ftrace.WideRet] {
		t.doubtNone(r.T, 1)
	}
	if th.wide != nil {
		t.endWide(th.wide)
	}
	t.wideID++
	th.wide = &wide{id: t.wideID, by: board.Task{PID: r.PID, Comm: r.Comm}, missed: map[int]bool{}}
	if r.Has&ftrace.FAddr != 0 {
		th.wide.attr = attrOf(r)
		th.wide.attr.Pinned = true
		th.wide.known = r.Has&(ftrace.FType|ftrace.FLen) == ftrace.FType|ftrace.FLen
	}
}

// widened follows its result. All events of a registration that succeeded are in registers by then.
func (t *Tracker) widened(r *ftrace.Record) {
	th := t.thread(r)
	w := th.wide
	th.wide = nil
	if w == nil {
		t.doubtNone(r.T, 1)
		return
	}
	w.ptr = uint64(r.Ret)
	if errnoOf(r.Ret) != 0 {
		return
	}
	t.endWide(w)
	for _, ev := range w.events {
		if !ev.everIn && !ev.Attr.Disabled && ev.CPU >= 0 {
			t.doubtOn(t.cpu(ev.CPU), ev.Opened, 1, "")
		}
	}
}

// endWide keeps a registration that is in force.
func (t *Tracker) endWide(w *wide) {
	w.done = true
	if len(w.events) > 0 {
		t.wides = append(t.wides, w)
		t.step(step{op: stepWideDone, wide: w.id, known: w.events[0].known, event: *t.snapshot(w.events[0])})
	}
}

// settleWides keeps the registrations that have their event on every CPU, in a trace that has no results.
func (t *Tracker) settleWides() {
	if t.seen[ftrace.WideRet] {
		return
	}
	for _, th := range t.threads {
		if w := th.wide; w != nil && len(w.events) >= t.nrCPUs() && th.call == nil && th.reserve == nil {
			t.endWide(w)
			th.wide = nil
		}
	}
}

// endWides keeps the registrations without a result, in a trace that has no results.
func (t *Tracker) endWides() {
	for _, th := range t.threads {
		if th.wide != nil && !t.seen[ftrace.WideRet] {
			t.endWide(th.wide)
			th.wide = nil
		}
	}
}

// unwide follows unregister_wide_hw_breakpoint: its events are released one by one.
func (t *Tracker) unwide(r *ftrace.Record) {
	th := t.thread(r)
	if th.wide == nil {
		t.begin(th)
	}
	for _, w := range t.wides {
		if w.ptr == r.WidePtr {
			w.ends = true
			t.step(step{op: stepUnwide, wide: w.id})
		}
	}
	if th.wide != nil && !t.seen[ftrace.WideRet] {
		th.wide = nil // a set without results: the registration failed
	}
}

// leaveWide takes ev out of its registration.
func (t *Tracker) leaveWide(ev *event) {
	for i, w := range t.wides {
		if w.id != ev.Wide {
			continue
		}
		for j, other := range w.events {
			if other == ev {
				w.events = append(w.events[:j:j], w.events[j+1:]...)
				break
			}
		}
		if len(w.events) == 0 {
			t.wides = append(t.wides[:i], t.wides[i+1:]...)
		}
		return
	}
	for _, th := range t.threads {
		if th.wide != nil && th.wide.id == ev.Wide {
			for j, other := range th.wide.events {
				if other == ev {
					th.wide.events = append(th.wide.events[:j:j], th.wide.events[j+1:]...)
					return
				}
			}
		}
	}
}
