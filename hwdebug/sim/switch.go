// Switches: what happens to contexts and registers when a CPU goes from one task to another, and a
// task to another CPU (spec 5.6).

package sim

import (
	"slices"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

// ContextSwitch switches the CPU's current task out and t in; nil stands for the CPU's idle thread,
// on CPU 0 for the script's task. t stays current until the next switch. A task of another CPU is
// EINVAL, a dead one ESRCH.
func (c *CPU) ContextSwitch(t *Task) error {
	m := c.m
	if err := c.usable(); err != nil {
		return err
	}
	refuse := func(errno syscall.Errno, found, fix string) error {
		return m.refuse(&hwdebug.Error{
			Errno: errno, Rule: "R-CTX-17", Fn: "__schedule", Op: "context_switch",
			Asked: sprintf("to %s on cpu%d", t, c.id), Found: found, Fix: fix,
		})
	}
	if t == nil {
		t = m.restThread(c)
	}
	if t.m != m {
		return misusef("context_switch needs a task of this machine")
	}
	if t.dead {
		return refuse(esrch, "the task has exited", "use a living task")
	}
	if t.cpu != c.id {
		return refuse(einval, sprintf("the task belongs to cpu%d", t.cpu), "migrate it first")
	}
	if m.trapped > 0 && m.cpu == c {
		return misusef("context_switch cannot be called from a handler or a function on cpu%d", c.id)
	}
	if c.curr.leaving() {
		return misusef("context_switch on cpu%d must wait: %s is exiting there", c.id, c.curr.comm)
	}
	if m.thread != nil && m.thread.task.cpu == c.id {
		return misusef("context_switch on cpu%d cannot be called from %s, which runs there",
			c.id, m.thread.task.comm)
	}
	c.base = t
	m.switchOn(c, t)
	return t.interruptUser()
}

// restThread returns the task that is current on c before any switch.
func (m *Machine) restThread(c *CPU) *Task {
	if c.id == 0 {
		return m.script
	}
	return c.idle
}

// contextSwitch switches the CPU that runs now to next (R-CTX-17).
//
// kernel/sched/core.c: __schedule, context_switch
func (m *Machine) contextSwitch(next *Task) {
	c := m.cpu
	c.openMonitor()
	prev := c.curr
	prev.node = c.node
	if !prev.kernel && c.node == 0 {
		c.node = m.parkedNode(prev)
	}
	hooks := m.hooks()
	if hooks || prev.ctx != nil || next.ctx != nil {
		m.touch(ResPerf, 0, true)
	}

	k1 := m.enter0(fnSchedule)
	k2 := m.enter0(fnScheduleInner)
	k3 := m.enter2(fnContextSwitch, pidArg(prev), pidArg(next))
	if hooks {
		k4 := m.enter2(fnPrepareTaskSwitch, pidArg(prev), pidArg(next))
		m.perfTaskSchedOut(prev, next)
		m.leave(k4)
	}
	k4 := m.enter2(fnSwitchTo, pidArg(prev), pidArg(next))
	m.hwBreakpointThreadSwitch(next)
	m.leave(k4)
	m.leave(k3)
	m.leave(k2)
	m.leave(k1)

	c.curr, c.node = next, next.node
	var k marks
	if next.fresh {
		next.fresh = false
		c.node = m.push(0, fnRetFromFork)
		k = m.enterAll(fnScheduleTail)
	} else {
		if !next.kernel && c.node == 0 {
			c.node = m.parkedNode(next)
		}
		k = m.enterAll(fnSchedule, fnScheduleInner, fnContextSwitch)
	}
	k5 := m.enter1(fnFinishTaskSwitch, pidArg(prev))
	if hooks {
		m.perfTaskSchedIn(prev, next)
	}
	m.leave(k5)
	m.leaveAll(k)
	c.node = next.node
}

// perfTaskSchedOut schedules prev's context out, or exchanges it with next's if they are clones
// (R-CTX-19).
//
// kernel/events/core.c: __perf_event_task_sched_out, perf_event_context_sched_out
func (m *Machine) perfTaskSchedOut(prev, next *Task) {
	k := m.enter2(fnPerfEventTaskSchedOut, pidArg(prev), pidArg(next))
	k2 := m.enter2(fnPerfEventContextSchedOut, pidArg(prev), pidArg(next))
	x, y := prev.ctx, next.ctx
	switch {
	case x == nil || m.cpu.taskCtx == nil:
	case y != nil && x.cloneOf(y) && !x.readsPerThread():
		x.task, y.task = next, prev
		prev.ctx, next.ctx = y, x
	default:
		m.taskCtxSchedOut(x, eventAll)
	}
	m.leave(k2)
	m.leave(k)
}

// cloneOf reports whether both contexts descend unmodified from one original and neither is pinned.
//
// kernel/events/core.c: context_equiv
func (x *perfContext) cloneOf(y *perfContext) bool {
	if x.pins > 0 || y.pins > 0 {
		return false
	}
	return x == y.parent && x.generation == y.parentGeneration ||
		x.parent == y && x.parentGeneration == y.generation ||
		x.parent != nil && x.parent == y.parent && x.parentGeneration == y.parentGeneration
}

// readsPerThread reports whether an event of x is read for each thread apart, so that x is not exchanged
// (D-20).
func (x *perfContext) readsPerThread() bool {
	return slices.ContainsFunc(x.events, func(ev *Event) bool {
		return ev.attr.Inherit &&
			ev.attr.SampleRead
	})
}

// perfTaskSchedIn schedules next's context in (R-CTX-17, step 3).
//
// kernel/events/core.c: __perf_event_task_sched_in, perf_event_context_sched_in
func (m *Machine) perfTaskSchedIn(prev, next *Task) {
	k := m.enter2(fnPerfEventTaskSchedIn, pidArg(prev), pidArg(next))
	if x := next.ctx; x != nil {
		k := m.enter1(fnPerfEventContextSchedIn, pidArg(next))
		m.contextSchedIn(x)
		m.leave(k)
	}
	m.leave(k)
}

// contextSchedIn schedules x in, unless it is in already. Flexible events of the CPU make room for
// pinned ones of x.
func (m *Machine) contextSchedIn(x *perfContext) {
	if m.cpu.taskCtx == x || len(x.events) == 0 {
		return
	}
	if len(x.pinned.tree) > 0 {
		m.cpuCtxSchedOut(eventFlexible)
	}
	m.perfEventSchedIn(x)
}

// Migrate moves the task to another CPU. A current task leaves its CPU and is then current nowhere;
// a body that moves itself continues when its turn comes on the new CPU.
func (t *Task) Migrate(cpu int) error {
	m := t.m
	if err := t.alive("migrate"); err != nil {
		return err
	}
	if t.kernel {
		return misusef("%s is bound to cpu%d", t.comm, t.cpu)
	}
	c := m.CPU(cpu)
	if !c.online {
		return m.refuse(&hwdebug.Error{
			Errno: einval, Rule: "R-HP-11", Fn: "set_cpus_allowed_ptr", Op: "migrate",
			Asked: sprintf("%s to cpu%d", t, cpu),
			Found: sprintf("cpu%d is not online", cpu), Fix: "use an online CPU",
		})
	}
	if err := m.cpus[t.cpu].powered(); err != nil {
		return err
	}
	if err := t.undisturbed("migrate"); err != nil {
		return err
	}
	if t.thread != nil && m.thread == t.thread {
		if m.trapped > 0 {
			return misusef("migrate of %s cannot be called from a handler or a function of cpu:run", t.comm)
		}
		m.moveSelf(c)
		return nil
	}
	if waited, err := t.outOfCall("move"); err != nil {
		return err
	} else if waited {
		return t.Migrate(cpu)
	}
	m.leaveCPU(t)
	t.cpu = cpu
	if t.thread != nil && t.thread.queued() {
		m.requeue(t.thread, c)
	}
	return nil
}

// moveSelf moves the running thread to c and returns when its turn comes there.
func (m *Machine) moveSelf(c *CPU) {
	th := m.thread
	if th.task.cpu == c.id {
		return
	}
	m.leaveCPU(th.task)
	th.task.cpu = c.id
	c.runq = append(c.runq, th)
	m.giveUp(th, threadReady)
}

// leaveCPU switches t out of its CPU if it is current there.
func (m *Machine) leaveCPU(t *Task) {
	c := m.cpus[t.cpu]
	if c.base == t {
		c.base = m.restThread(c)
	}
	if c.curr != t {
		return
	}
	next := c.base
	if next == t {
		next = m.restThread(c)
	}
	m.switchOn(c, next)
}

// borrow switches to t on the CPU of the calling thread, so that t can act there. giveBack switches
// back to the thread.
func (t *Task) borrow() (giveBack func()) {
	m := t.m
	th, c := m.thread, m.cpus[t.cpu]
	if th == nil || m.trapped > 0 || t.kernel || t.dead {
		return keep
	}
	if th.task == t || th.task.cpu != c.id || c.curr != th.task {
		return keep
	}
	m.switchOn(c, t)
	return func() {
		if th.state != threadDone && !th.task.dead {
			m.switchOn(c, th.task)
		}
	}
}

func keep() {}

// become switches to the task on its CPU.
func (t *Task) become() error {
	m := t.m
	if err := t.alive("schedule"); err != nil {
		return err
	}
	c := m.cpus[t.cpu]
	if err := c.usable(); err != nil {
		return err
	}
	if c.curr == t {
		return nil
	}
	if m.trapped > 0 && m.cpu == c || m.thread != nil && m.thread.task.cpu == c.id && m.thread.task != t {
		return misusef("%s cannot act on cpu%d while %s runs there; fix: act from the script, or migrate it",
			t, c.id, c.curr)
	}
	c.base = t
	m.switchOn(c, t)
	return nil
}
