// Fork, exec and exit: what of a task's events its child gets, and what becomes of them in the end (spec 5.7).

package sim

import "slices"

// Fork makes a child of the task on the same CPU; only events with inherit are copied (R-EVT-22). An empty comm is the
// parent's, pid 0 the next free one. A failure of inheritance makes fork fail with that errno.
func (t *Task) Fork(comm string, pid int) (*Task, error) {
	m := t.m
	if err := t.alive("fork"); err != nil {
		return nil, err
	}
	if t.kernel {
		return nil, misusef("%s is a kernel thread; it does not fork", t.comm)
	}
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

// kernel/fork.c: _do_fork, copy_process
func (m *Machine) fork(t *Task, comm string, pid int) (child *Task, err error) {
	defer m.exit(m.enter(fnDoFork), &err)
	defer m.exit(m.enter(fnCopyProcess), &err)
	child = m.addTask(comm, pid, m.cpus[t.cpu])
	child.compat, child.mem = t.compat, t.mem
	if err := m.perfEventInitTask(t, child); err != nil {
		child.state, child.exiting = taskDead, true
		m.tasks = remove(m.tasks, child)
		return nil, err
	}
	return child, nil
}

// perfEventInitTask copies what is inherited: pinned then flexible, each by CPU and then age (R-EVT-22).
//
// kernel/events/core.c: perf_event_init_task
func (m *Machine) perfEventInitTask(parent, child *Task) (err error) {
	defer m.exit(m.enter(fnPerfEventInitTask, pidArg(child)), &err)
	x := parent.ctx
	if x == nil || len(x.events) == 0 {
		return nil
	}
	all := true
	for _, k := range [...]*class{&x.pinned, &x.flexible} {
		tree := slices.Clone(k.tree)
		slices.SortStableFunc(tree, func(a, b *Event) int { return a.cpu - b.cpu })
		for _, ev := range tree {
			if !ev.attr.Inherit {
				all = false
				continue
			}
			if err := m.inheritEvent(ev, child); err != nil {
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

// inheritEvent gives child its own copy of ev, linked to the original, charged to the child.
//
// kernel/events/core.c: inherit_event
func (m *Machine) inheritEvent(ev *Event, child *Task) (err error) {
	defer m.exit(m.enter(fnInheritEvent, ev.arg(), pidArg(child)), &err)
	original := ev
	if ev.parent != nil {
		original = ev.parent
	}
	c, err := m.perfEventAlloc(&create{op: "fork", attr: original.attr, task: child, cpu: original.cpu,
		handler: original.handler, fd: original.fd, parent: original})
	if err != nil {
		return err
	}
	if child.ctx == nil {
		child.ctx = &perfContext{task: child}
	}
	if original.state == StateDead { // being released: nothing to link to
		m.freeEvent(c)
		return nil
	}
	original.refs++
	c.state = StateOff
	if ev.state >= StateInactive {
		c.state = StateInactive
	}
	c.pinned = original.pinned
	m.addEventToCtx(c, child.ctx)
	original.children = append(original.children, c)
	return nil
}

// freeInherited frees the copies that a fork made before it failed.
func (m *Machine) freeInherited(child *Task) {
	if child.ctx == nil {
		return
	}
	for len(child.ctx.events) > 0 {
		c := child.ctx.events[0]
		child.ctx.listDelEvent(c)
		c.parent.children = remove(c.parent.children, c)
		c.parent.refs--
		m.freeEvent(c)
	}
	child.ctx.dead = true
}

// Execve gives the task a new image: its ptrace events are released, and events with enable_on_exec start, once
// (R-EVT-24).
func (t *Task) Execve() error {
	m := t.m
	if err := t.alive("execve"); err != nil {
		return err
	}
	if t.kernel {
		return misusef("%s is a kernel thread; it has no image to change", t.comm)
	}
	if err := t.undisturbed("execve"); err != nil {
		return err
	}
	defer t.borrow()()
	if err := t.become(); err != nil {
		return err
	}
	defer m.done(m.visit(m.cpus[t.cpu]))
	defer m.leave(m.enter(fnDoExecve))
	m.flushPtrace(t)
	t.mem = &memory{}
	defer m.leave(m.enter(fnPerfEventExec))
	x := t.ctx
	if x == nil {
		return nil
	}
	var types eventType
	for _, ev := range x.events {
		if !ev.attr.EnableOnExec {
			continue
		}
		ev.attr.EnableOnExec = false
		if ev.state < StateInactive {
			ev.state = StateInactive
			types |= typeOf(ev)
		}
	}
	if types != 0 {
		m.stopClock(x)
		x.unclone()
		m.ctxResched(x, types)
	}
	return nil
}

// OnExit names a function that runs inside exit_files when the task exits, under that name.
func (t *Task) OnExit(name string, fn func() error) error {
	if err := t.alive("on_exit"); err != nil {
		return err
	}
	if t.kernel {
		return misusef("%s is a kernel thread; it does not exit", t.comm)
	}
	if t.exiting {
		return misusef("task %s is exiting already; what is given to on_exit now would not run any more", t.comm)
	}
	if fn == nil {
		fn = func() error { return nil }
	}
	t.onExit = append(t.onExit, exitHook{name, fn})
	return nil
}

// Exit switches to the task and lets it exit (R-EVT-25, 26).
func (t *Task) Exit() error {
	if err := t.alive("exit"); err != nil {
		return err
	}
	if t.kernel {
		return misusef("%s is a kernel thread; it does not exit", t.comm)
	}
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
		m.thread.finish()
		return nil
	}
	return t.exitHere()
}

// leaving reports whether the task is on its way out and not gone yet.
func (t *Task) leaving() bool { return t.exiting && t.state != taskDead }

// undisturbed fails for a call that a task cannot make, or have made for it, while it exits or is in a debug exception.
func (t *Task) undisturbed(op string) error {
	if t.exiting {
		return misusef("%s of task %s (pid %d): it is exiting already", op, t.comm, t.pid)
	}
	if c := t.m.cpus[t.cpu]; c.curr == t && c.masked > 0 {
		return misusef("%s of task %s (pid %d) cannot be called from a handler, which interrupts it on cpu%d and must not sleep", op, t.comm, t.pid, c.id)
	}
	return nil
}

// exitHere is the exit path of the task that is current, by the exit system call.
func (t *Task) exitHere() (err error) {
	m := t.m
	c := m.cpus[t.cpu]
	prev, node := m.cpu, c.node
	m.cpu = c
	c.node = m.syscallNode(0)
	defer func() {
		c.node = node
		m.cpu = prev
	}()
	k := m.enterAll(fnSeSysExit, fnDoGroupExit)
	k2 := m.enter(fnDoExit, 0)
	err = m.doExit(t)
	if at := m.cpus[t.cpu]; at != c { // a hook has slept, and the task goes on elsewhere
		if prev == c {
			prev = at
		}
		c = at
	}
	m.leave(k2)
	m.leaveAll(k)
	t.state = taskDead
	c.node = 0
	m.dropThread(t)
	m.leaveCPU(t)
	node = c.node
	return err
}

// doExit is the order of do_exit as far as events can see it; perf comes after the files before 6.1 and first since
// (D-10), ptrace's events go last (R-EVT-26).
//
// kernel/exit.c: do_exit
func (m *Machine) doExit(t *Task) error {
	t.exiting = true
	if m.prof.exitPerfFirst {
		m.perfEventExitTask(t)
	}
	err := m.exitFiles(t)
	if !m.prof.exitPerfFirst {
		m.perfEventExitTask(t)
	}
	m.flushPtrace(t)
	return err
}

func (m *Machine) exitFiles(t *Task) error {
	defer m.leave(m.enter(fnExitFiles, pidArg(t)))
	hooks := t.onExit
	t.onExit = nil
	if m.thread == nil { // the script lets the task exit; a body's functions are in their own thread
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

// named runs a caller's function under its name.
func (m *Machine) named(name string, fn func() error) error {
	node := m.cpu.node
	if name != "" {
		m.cpu.node = m.rec.Child(node, m.rec.Name(name), false)
		if id, ok := m.rec.Lookup(name); ok && m.dumps && m.dumpIn[id] {
			m.dumpStack()
		}
	}
	defer func() { m.cpu.node = node }() // where it is by then
	return fn()
}

// perfEventExitTask ends the task's context: inherited events are freed, originals stay with their reservation
// (R-EVT-25).
//
// kernel/events/core.c: perf_event_exit_task
func (m *Machine) perfEventExitTask(t *Task) {
	defer m.leave(m.enter(fnPerfEventExitTask, pidArg(t)))
	defer m.leave(m.enter(fnPerfEventExitTaskContext, pidArg(t)))
	x := t.ctx
	if x == nil {
		return
	}
	m.taskCtxSchedOut(x, eventAll)
	x.dead = true
	x.unclone()
	t.ctx = x
	for len(x.events) > 0 {
		m.perfEventExitEvent(x, x.events[len(x.events)-1])
	}
}

// kernel/events/core.c: perf_event_exit_event
func (m *Machine) perfEventExitEvent(x *perfContext, ev *Event) {
	defer m.leave(m.enter(fnPerfEventExitEvent, ev.arg()))
	x.listDelEvent(ev)
	ev.state = StateExit
	if ev.parent == nil {
		return
	}
	p := ev.parent
	p.children = remove(p.children, ev)
	p.childCount += ev.count
	m.freeEvent(ev)
	m.putEvent(p)
}
