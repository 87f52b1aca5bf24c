// Fork, exec and exit: which events a child inherits, and how a task's events end (spec 5.7).

package sim

import (
	"slices"

	"github.com/hwlua/hwlua/hwdebug/trace"
)

// Fork creates a child of the task on the same CPU and copies the events with inherit (R-EVT-22). An empty
// comm stands for the parent's, pid 0 for the next free one. Fork fails with the errno of the first copy
// that fails.
func (t *Task) Fork(comm string, pid int) (*Task, error) {
	m := t.m
	if err := t.undisturbed("fork"); err != nil {
		return nil, err
	}
	if comm == "" {
		comm = t.comm
	}
	p, err := m.userPID(pid)
	if err != nil {
		return nil, err
	}
	defer t.borrow()()
	if err := t.become(); err != nil {
		return nil, err
	}
	c := m.cpus[t.cpu]
	defer m.done(m.visit(c))
	if err := m.preempt(); err != nil {
		return nil, err
	}
	return m.fork(t, comm, p)
}

// kernel/fork.c: _do_fork, kernel_clone, copy_process
func (m *Machine) fork(t *Task, comm string, pid int) (child *Task, err error) {
	defer m.exit(m.enter0(m.forkFn()), &err)
	defer m.exit(m.enter0(fnCopyProcess), &err)
	child = m.addTask(comm, pid, m.cpus[t.cpu])
	child.compat, child.mem, child.uid, child.uncapable = t.compat, t.mem, t.uid, t.uncapable
	if err := m.perfEventInitTask(t, child); err != nil {
		child.dead, child.exiting = true, true
		m.tasks = remove(m.tasks, child)
		return nil, err
	}
	return child, nil
}

// perfEventInitTask copies the parent's inherited events: pinned ones first, then flexible ones, each by
// CPU and then by age (R-EVT-22). If all events were inherited, the child's context is a clone of the
// parent's (R-CTX-19).
//
// kernel/events/core.c: perf_event_init_task
func (m *Machine) perfEventInitTask(parent, child *Task) (err error) {
	defer m.exit(m.enter1(fnPerfEventInitTask, pidArg(child)), &err)
	x := parent.ctx
	if x == nil {
		return nil
	}
	m.lockPinned(x)
	defer m.unlock(x)
	if len(x.events) == 0 {
		return nil
	}
	all := true
	for _, k := range [...]*class{&x.pinned, &x.flexible} {
		tree := slices.Clone(k.tree)
		slices.SortStableFunc(tree, func(a, b *Event) int { return a.cpu - b.cpu })
		for _, ev := range tree {
			if !ev.inheritable() {
				all = false
				continue
			}
			if err := m.inheritTaskGroup(ev, child); err != nil {
				m.freeInherited(child)
				return err
			}
		}
	}
	if child.ctx != nil && all {
		child.ctx.parent, child.ctx.parentGeneration = x, x.generation
		if x.parent != nil {
			child.ctx.parent, child.ctx.parentGeneration = x.parent, x.parentGeneration
		}
	}
	return nil
}

// inheritable reports whether a new process inherits ev. Events with inherit_thread go to threads only
// (R-EVT-30).
func (ev *Event) inheritable() bool {
	return ev.attr.Inherit && !ev.attr.InheritThread
}

// kernel/events/core.c: inherit_task_group
func (m *Machine) inheritTaskGroup(ev *Event, child *Task) (err error) {
	k := m.enter1(fnInheritTaskGroup, ev.arg())
	return m.end(k, m.inheritGroup(ev, child))
}

// inheritGroup creates copies of a leader and of its members (R-GRP-8).
//
// kernel/events/core.c: inherit_group
func (m *Machine) inheritGroup(ev *Event, child *Task) error {
	leader, err := m.inheritEvent(ev, child, nil)
	if err != nil || leader == nil {
		return err
	}
	for _, s := range ev.siblings {
		if _, err := m.inheritEvent(s, child, leader); err != nil {
			return err
		}
	}
	return nil
}

// inheritEvent creates a copy of ev for child, linked to the original event and charged to child, as a member
// of the group of leader. The copy is nil if the original is being released.
//
// kernel/events/core.c: inherit_event
func (m *Machine) inheritEvent(ev *Event, child *Task, leader *Event) (c *Event, err error) {
	defer m.exit(m.enter2(fnInheritEvent, ev.arg(), pidArg(child)), &err)
	original := ev
	if ev.parent != nil {
		original = ev.parent
	}
	c, err = m.perfEventAlloc(&create{op: "fork", attr: original.attr, task: child, cpu: original.cpu,
		handler: original.handler, fd: original.fd, parent: original, leader: leader})
	if err != nil {
		return nil, err
	}
	if child.ctx == nil {
		child.ctx = &perfContext{task: child}
	}
	if original.state == StateDead { // being released: the copy has no parent
		m.freeEvent(c)
		return nil, nil
	}
	original.refs++
	c.state = StateOff
	if ev.state >= StateInactive {
		c.state = StateInactive
	}
	c.pinned = original.pinned
	m.addEventToCtx(c, child.ctx)
	original.children = append(original.children, c)
	return c, nil
}

// freeInherited frees the copies that a fork made before it failed.
func (m *Machine) freeInherited(child *Task) {
	if child.ctx == nil {
		return
	}
	for len(child.ctx.events) > 0 {
		c := child.ctx.events[0]
		c.groupDetach()
		child.ctx.listDelEvent(c)
		c.parent.children = remove(c.parent.children, c)
		c.parent.refs--
		m.freeEvent(c)
	}
	child.ctx.dead = true
}

// Execve gives the task a new image of its own width. It releases the task's ptrace events, enables the
// events with enable_on_exec, once, and ends those with remove_on_exec (R-EVT-24, 29).
func (t *Task) Execve() error { return t.ExecveAs(t.compat) }

// ExecveAs gives the task a new image as Execve does, a 32-bit one if compat is set.
func (t *Task) ExecveAs(compat bool) error {
	m := t.m
	if err := t.undisturbed("execve"); err != nil {
		return err
	}
	defer t.borrow()()
	if err := t.become(); err != nil {
		return err
	}
	defer m.done(m.visit(m.cpus[t.cpu]))
	m.via(fnArm64SysExecve)
	defer m.leave(m.enter0(fnDoExecve))
	node := m.cpu.node
	m.viaExec([]traceFn{fnFlushOldExec, fnFlushThread}, []traceFn{fnBeginNewExec, fnFlushThread})
	m.flushPtrace(t)
	m.cpu.node = node
	m.memories++
	t.mem, t.compat = m.spare.memory(m.memories), compat
	m.viaExec([]traceFn{fnSetupNewExec}, []traceFn{fnBeginNewExec})
	m.perfEventExec(t)
	m.cpu.node = node
	return nil
}

// perfEventExec enables the task's events with enable_on_exec and ends those with remove_on_exec.
//
// kernel/events/core.c: perf_event_exec
func (m *Machine) perfEventExec(t *Task) {
	defer m.leave(m.enter0(fnPerfEventExec))
	if t.ctx != nil {
		m.perfEventEnableOnExec(t.ctx)
		m.perfEventRemoveOnExec(t.ctx)
	}
}

// perfEventEnableOnExec enables the events of x with enable_on_exec. If one changes state, the classes of all
// events of x are rescheduled, not only its own (R-EVT-24).
//
// kernel/events/core.c: perf_event_enable_on_exec
func (m *Machine) perfEventEnableOnExec(x *perfContext) {
	var types eventType
	enabled := false
	for _, ev := range x.events {
		types |= typeOf(ev)
		if !ev.attr.EnableOnExec {
			continue
		}
		ev.attr.EnableOnExec = false
		if ev.state < StateInactive {
			ev.setState(StateInactive)
			enabled = true
		}
	}
	if enabled {
		m.stopClock(x)
		x.unclone()
		m.ctxResched(x, types)
	}
}

// perfEventRemoveOnExec ends the events of x with remove_on_exec, the newest first: an original stays
// allocated with its reservation, as after an exit, and an inherited one is freed (R-EVT-29).
//
// kernel/events/core.c: perf_event_remove_on_exec
func (m *Machine) perfEventRemoveOnExec(x *perfContext) {
	modified := false
	for _, ev := range slices.Backward(slices.Clone(x.events)) {
		if ev.attr.RemoveOnExec {
			modified = true
			m.perfRemoveFrom(ev, detachGroup)
			m.perfEventExitEvent(x, ev)
		}
	}
	if modified {
		x.unclone()
	}
}

// OnExit adds a function that exit_files calls when the task exits; call chains show it as name.
func (t *Task) OnExit(name string, fn func() error) error {
	if err := t.aliveUser("on_exit"); err != nil {
		return err
	}
	if t.exiting {
		return misusef("on_exit of %s: the task is exiting already", t)
	}
	if fn == nil {
		fn = func() error { return nil }
	}
	t.onExit = append(t.onExit, exitHook{name, fn})
	return nil
}

// Exit switches to the task and has it exit (R-EVT-25, 26). A task that is in a system call finishes the
// call first.
func (t *Task) Exit() error {
	if err := t.undisturbed("exit"); err != nil {
		return err
	}
	m := t.m
	if waited, err := t.outOfCall("exit"); err != nil {
		return err
	} else if waited {
		return t.Exit()
	}
	defer t.borrow()()
	if err := t.become(); err != nil {
		return err
	}
	if m.thread != nil && m.thread == t.thread {
		if err := t.exitHere(); err != nil {
			return err
		}
		panic(threadEnd{}) // the thread has exited
	}
	return t.exitHere()
}

// leaving reports whether the task has begun to exit but is not dead yet.
func (t *Task) leaving() bool { return t.exiting && !t.dead }

// exitText returns how far the exit of the task has come, for a refusal.
func (t *Task) exitText() string {
	if t.dead {
		return t.String() + " has exited"
	}
	return t.String() + " is exiting and has no perf context"
}

// undisturbed returns an error for a call that only a living user task can make, and not while it exits
// or handles a debug exception.
func (t *Task) undisturbed(op string) error {
	if err := t.aliveUser(op); err != nil {
		return err
	}
	if t.exiting {
		return misusef("%s of %s: the task is exiting already", op, t)
	}
	if c := t.m.cpus[t.cpu]; c.curr == t && c.masked > 0 {
		return misusef("%s of %s from a handler that interrupts it on cpu%d and must not sleep", op, t, c.id)
	}
	return nil
}

// exitHere runs the exit system call of the task, which is current.
func (t *Task) exitHere() error {
	stack := t.m.syscallNode
	if t.m.prof.pmuContexts {
		stack = t.m.under(stack, fnArm64SysExitGroup)
	}
	return t.exitFrom(stack, 0, fnSeSysExit, fnDoGroupExit)
}

// exitFrom has the task, which is current, exit with a code, through the functions outer on a stack.
func (t *Task) exitFrom(stack trace.NodeID, code uint64, outer ...traceFn) (err error) {
	m := t.m
	c := m.cpus[t.cpu]
	prev, node := m.cpu, c.node
	m.cpu = c
	c.node = stack
	defer func() {
		c.node = node
		m.cpu = prev
	}()
	k := m.enterAll(outer...)
	k2 := m.enter1(fnDoExit, code)
	err = m.doExit(t)
	if at := m.cpus[t.cpu]; at != c { // a hook has slept, and the task has moved meanwhile
		if prev == c {
			prev = at
		}
		c = at
	}
	m.leave(k2)
	m.leaveAll(k)
	m.touch(ResTask, uint64(t.pid), true)
	m.gives(ResTask, workEnds|uint64(t.pid))
	t.dead = true
	c.node = 0
	m.dropThread(t)
	m.leaveCPU(t)
	node = c.node
	return err
}

// doExit runs the parts of do_exit that concern events: the files, then perf (from 6.1 on perf first,
// D-10), and ptrace's events last (R-EVT-26).
//
// kernel/exit.c: do_exit
func (m *Machine) doExit(t *Task) error {
	t.exiting = true
	m.pathPoint()
	if m.prof.exitPerfFirst {
		m.perfEventExitTask(t)
		m.pathPoint()
	}
	err := m.exitFiles(t)
	m.pathPoint()
	if !m.prof.exitPerfFirst {
		m.perfEventExitTask(t)
		m.pathPoint()
	}
	m.flushPtrace(t)
	return err
}

// exitFiles calls the functions given to OnExit and returns their first error.
//
// fs/file.c: exit_files
func (m *Machine) exitFiles(t *Task) error {
	defer m.leave(m.enter1(fnExitFiles, pidArg(t)))
	hooks := t.onExit
	t.onExit = nil
	if m.thread == nil { // the script has the task exit; the functions of a body run in its own thread
		m.leaving++
		defer func() { m.leaving-- }()
	}
	var first error
	for _, h := range hooks {
		if err := m.named(h.name, h.fn); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// named runs a caller's function, with name on the stack unless it is empty.
func (m *Machine) named(name string, fn func() error) error {
	node := m.cpu.node
	if name != "" {
		m.cpu.node = m.rec.Child(node, trace.KeyOf(m.rec.Name(name), false))
		if id, ok := m.rec.Lookup(name); ok && m.attends && m.onEntry[id]&dumpsStack != 0 {
			m.dumpStack()
		}
	}
	defer func() { m.cpu.node = node }() // of the CPU that it ends on
	return fn()
}

// perfEventExitTask ends the task's context, with its mutex held from the first step to the last: a
// registration or release on the same context comes before all of it or after (R-EVT-10, R-EVT-25).
// Inherited events are freed; originals keep their reservation.
//
// kernel/events/core.c: perf_event_exit_task
func (m *Machine) perfEventExitTask(t *Task) {
	defer m.leave(m.enter1(fnPerfEventExitTask, pidArg(t)))
	defer m.leave(m.enter1(fnPerfEventExitTaskContext, pidArg(t)))
	x := t.ctx
	if x == nil {
		return
	}
	m.touch(ResPerf, 0, true)
	m.lockPinned(x)
	m.taskCtxSchedOut(x, eventAll)
	x.dead = true
	t.ctx = nil
	x.unclone()
	for len(x.events) > 0 {
		m.perfEventExitEvent(x, x.events[len(x.events)-1])
	}
	m.unlock(x)
}

// kernel/events/core.c: perf_event_exit_event
func (m *Machine) perfEventExitEvent(x *perfContext, ev *Event) {
	defer m.leave(m.enter1(fnPerfEventExitEvent, ev.arg()))
	if ev.parent != nil {
		ev.groupDetach()
	}
	x.listDelEvent(ev)
	ev.setState(StateExit)
	if ev.parent == nil {
		return
	}
	p := ev.parent
	p.children = remove(p.children, ev)
	p.keepChild(ev)
	m.freeChild(ev)
	m.putEvent(p)
}
