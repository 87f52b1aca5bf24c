// Steps over a hit: while one lasts, the enable bits of registers are clear though events are in them.

package rebuild

import (
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// A taskSteps says that a task is in a step over a hit in user mode: of a breakpoint, of a watchpoint.
type taskSteps struct {
	bp, wp span
	dying  bool // its thread is exiting: it steps until its last switch
}

// A span is a step over: since when, and how its end is known.
type span struct {
	on    bool
	maybe bool // the trace has no lines of the function tracer: it may be over
	ran   bool // its task was scheduled in since
	since time.Duration
}

// A cpuSteps says what a CPU does in kernel mode.
type cpuSteps struct {
	hit    *event // the last record was its hit
	hitT   time.Duration
	kernel bool          // the hit was in kernel mode
	last   string        // the last record was a toggle_bp_registers of this caller
	bp, wp bool          // a step in kernel mode: breakpoints, watchpoints are off
	toggle time.Duration // the last change of enable bits
}

// kernelHit reports whether a hit of ev was in kernel mode.
func kernelHit(ev *event, r *ftrace.Record) bool {
	if r.Has&ftrace.FPState != 0 {
		return r.PState&0xf != 0
	}
	return ev.ctrl.Privilege == arm64.EL1
}

// beginStep notes a hit that the default handler steps over.
func (t *Tracker) beginStep(ev *event, r *ftrace.Record) {
	if ev.Own || ev.Owner == board.ByPtrace || r.CPU < 0 || r.CPU >= hwdebug.MaxCPUs {
		return
	}
	s := &t.cpu(r.CPU).steps
	s.hit, s.hitT, s.kernel = ev, r.T, kernelHit(ev, r)
}

// steppingTask returns the steps of a thread.
func (t *Tracker) steppingTask(pid int) *taskSteps {
	ts := t.tasks[pid]
	if ts == nil {
		if len(t.tasks) >= maxThreads {
			clear(t.tasks)
		}
		ts = &taskSteps{}
		t.tasks[pid] = ts
	}
	return ts
}

// span returns the step of one kind.
func (ts *taskSteps) span(data bool) *span {
	if data {
		return &ts.wp
	}
	return &ts.bp
}

// beforeStep looks at the record that follows a hit on its CPU. Unless it is a line of the function tracer,
// the trace does not say when the step over ends.
func (t *Tracker) beforeStep(c *cpu, r *ftrace.Record) {
	s := &c.steps
	if s.hit != nil && r.Name != ftrace.Function && r.Name != ftrace.Hit {
		switch {
		case t.seen[ftrace.Function]:
			t.doubtOn(c, s.hitT, 1, "")
		case !s.kernel:
			*t.steppingTask(c.pid).span(s.hit.data) = span{on: true, maybe: true, since: s.hitT}
			t.change(Change{Op: OpStep, CPU: c.id, Event: s.hit.Event})
		}
		s.hit = nil
	}
	if r.Name != ftrace.Function {
		s.last = ""
	}
	if r.Name == ftrace.Control {
		t.ranSince(c, r)
	}
}

// ranSince ends a step over a load or a store, which is one instruction, once its task has been on a CPU
// for a whole turn: the trace does not say the end of a step, or has lost it. A system call can be stepped
// over for longer.
func (t *Tracker) ranSince(c *cpu, r *ftrace.Record) {
	ts := t.tasks[r.PID]
	if ts == nil || !ts.wp.on {
		return
	}
	switch {
	case r.Ops == 0:
		ts.wp.ran = true
	case ts.wp.ran && !r.IRQ:
		if !ts.wp.maybe {
			t.doubtOn(c, ts.wp.since, 1, "")
		}
		ts.wp = span{}
	}
}

// function follows a line of the function tracer.
func (t *Tracker) function(r *ftrace.Record) {
	if r.CPU < 0 || r.CPU >= hwdebug.MaxCPUs {
		return
	}
	c := t.cpu(r.CPU)
	s := &c.steps
	if endsStep(r.Where) {
		s.last = ""
		if t.endStep(c, r) {
			s.last = r.Where
		}
		return
	}
	if r.Where != "toggle_bp_registers" {
		return
	}
	switch r.Caller {
	case "watchpoint_handler", "do_watchpoint":
		t.handler(c, r, true)
	case "breakpoint_handler", "do_breakpoint":
		t.handler(c, r, false)
	case "hw_breakpoint_thread_switch":
		t.threadSwitch(c, r)
	default:
		if endsStep(r.Caller) && !t.endStep(c, r) && s.last != r.Caller {
			t.doubtOn(c, max(s.toggle, t.start), 1, "") // its begin was lost
		}
	}
	s.hit, s.last, s.toggle = nil, r.Caller, r.T
}

// endsStep reports whether a kernel function ends a step over.
func endsStep(fn string) bool {
	return fn == "reinstall_suspended_bps" || fn == "try_step_suspended_breakpoints"
}

// handler begins a step. The handler of watchpoints switches those of user mode off first; a second line
// right after it says that the hit was in kernel mode.
func (t *Tracker) handler(c *cpu, r *ftrace.Record, data bool) {
	s := &c.steps
	ts := t.steppingTask(r.PID)
	sp := ts.span(data)
	kernel := s.hit != nil && s.kernel || s.hit == nil && !data && c.onlyKernel(c.bp.slots)
	switch {
	case data && s.last == r.Caller:
		*sp = span{}
		s.wp = true
		return
	case kernel:
		*c.kernelStep(data) = true
	default:
		if sp.on && !sp.maybe {
			t.doubtOn(c, sp.since, 1, "") // the end of the last one was lost
		}
		*sp = span{on: true, since: r.T}
	}
	t.change(Change{Op: OpStep, CPU: c.id})
}

// kernelStep returns the switch of a step in kernel mode.
func (c *cpu) kernelStep(data bool) *bool {
	if data {
		return &c.steps.wp
	}
	return &c.steps.bp
}

// onlyKernel reports whether all events of the slots are of kernel mode.
func (c *cpu) onlyKernel(slots []*event) bool {
	any := false
	for _, ev := range slots {
		if ev != nil && ev.ctrl.Privilege == arm64.EL0 {
			return false
		}
		any = any || ev != nil
	}
	return any
}

// endStep ends the step of the CPU or of its task. It returns false if neither steps.
func (t *Tracker) endStep(c *cpu, r *ftrace.Record) bool {
	s := &c.steps
	kernel := s.bp || s.wp
	s.bp, s.wp = false, false
	if !kernel {
		if !t.stepping(r.PID) {
			return false
		}
		delete(t.tasks, r.PID)
	}
	t.change(Change{Op: OpStepped, CPU: c.id})
	return true
}

// stepping reports whether a task is in a step over.
func (t *Tracker) stepping(pid int) bool {
	ts := t.tasks[pid]
	return ts != nil && (ts.bp.on || ts.wp.on)
}

// threadSwitch follows a switch between a task in a step over and one that is in none. The record is
// made in the name of the task that leaves.
func (t *Tracker) threadSwitch(c *cpu, r *ftrace.Record) {
	if t.stepping(r.PID) {
		c.pid = -1
		if t.tasks[r.PID].dying {
			delete(t.tasks, r.PID)
		}
		return
	}
	for pid := range t.tasks {
		if t.stepping(pid) {
			c.pid = pid
			return
		}
	}
	t.doubtOn(c, max(c.steps.toggle, t.start), 1, "") // the begin of a step was lost
}

// enabled returns the enable bit of an event in a register of c, and whether it is known.
func (t *Tracker) enabled(c *cpu, ev *event) (on, known bool) {
	s := &c.steps
	if ev.ctrl.Privilege == arm64.EL1 {
		return !*c.kernelStep(ev.data), s.hit == nil || s.hit.data != ev.data
	}
	if s.hit != nil && s.hit.data == ev.data {
		return false, false
	}
	if ev.data && s.wp {
		return false, true
	}
	if ts := t.tasks[c.pid]; ts != nil {
		sp := ts.span(ev.data)
		return !sp.on, !sp.on || !sp.maybe
	}
	return true, true
}

// chain follows a stack through the breakpoint code, which names no event.
func (t *Tracker) chain(r *ftrace.Record) {
	text := ""
	for _, fn := range r.Stack {
		switch fn {
		case "arch_install_hw_breakpoint", "hw_breakpoint_add":
			text = "install"
		case "arch_uninstall_hw_breakpoint", "hw_breakpoint_del":
			text = "uninstall"
		case "hw_breakpoint_reset", "toggle_bp_registers":
			text = fn
		}
	}
	t.addChain(r, text)
}
