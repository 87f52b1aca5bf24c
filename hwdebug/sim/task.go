// Tasks: what a thread has of its own, its switches, fork, exec and exit (spec 5.6, 5.7).

package sim

import (
	"slices"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

type taskState uint8

const (
	taskAlive taskState = iota
	taskDead
)

// A Task is one thread of the machine: a user task, or one of the kernel's.
type Task struct {
	m      *Machine
	pid    int
	comm   string
	commID uint32
	cpu    int
	compat bool
	kernel bool // a kernel thread
	state  taskState
	node   trace.NodeID // its stack while it is not running; 0: in user mode

	exiting  bool
	fresh    bool // has never run
	ctx      *perfContext
	reserved []*Event // events charged to it (bp_task_head)

	bpsDisabled, wpsDisabled bool // struct debug_info
	suspendedStep            bool
	singleStep               bool // TIF_SINGLESTEP
	ptrace                   [2][16]*Event
	traced                   bool
	tracerStep               bool     // its tracer steps it
	stopSignal               *Siginfo // to be delivered on the way to user mode
	siginfo                  *Siginfo

	mem    *memory // user memory, shared with what it forks
	thread *thread
	onExit []exitHook
}

type exitHook struct {
	name string
	fn   func() error
}

// A TaskConfig describes a task.
type TaskConfig struct {
	Comm   string // at most 15 characters are kept; "task-PID" when empty
	PID    int    // 0: the next free one
	CPU    int
	Compat bool              // a 32-bit task
	Body   func(*Task) error // what it does when its CPU's turn comes; nil: it never runs by itself
}

const firstUserPID = 1000

// NewTask makes a task. It does not run yet: it is switched to, or its body gets its turn.
func (m *Machine) NewTask(cfg TaskConfig) (*Task, error) {
	c := m.CPU(cfg.CPU)
	if c == nil {
		return nil, misusef("there is no cpu%d for a task; the machine has CPUs 0 to %d", cfg.CPU, len(m.cpus)-1)
	}
	if !c.online {
		return nil, misusef("cpu%d is offline; a task starts on an online CPU", cfg.CPU)
	}
	pid, err := m.userPID(cfg.PID)
	if err != nil {
		return nil, err
	}
	if cfg.Comm == "" {
		cfg.Comm = "task-" + itoa(pid)
	}
	t := m.addTask(cfg.Comm, pid, c)
	t.compat = cfg.Compat
	t.mem = &memory{}
	if cfg.Body != nil {
		t.thread = m.newThread(t, func() error {
			if err := cfg.Body(t); err != nil {
				return err
			}
			if t.state == taskDead {
				return nil
			}
			return t.exitHere()
		})
		m.ready(t.thread)
	}
	return t, nil
}

func (m *Machine) userPID(pid int) (int, error) {
	if pid < 0 || pid > 1<<22 {
		return 0, misusef("pid %d asked for; pids are 1 to %d", pid, 1<<22)
	}
	if pid == 0 {
		m.nextPID = max(m.nextPID, firstUserPID)
		return m.pid(), nil
	}
	switch t := m.taskByPID(pid); {
	case t == nil:
	case t.kernel && t != m.script:
		t.pid = m.pid() // a script that asks for a number knows nothing of the kernel's own threads
	default:
		return 0, misusef("pid %d belongs to %s", pid, t.comm)
	}
	return pid, nil
}

func (m *Machine) taskByPID(pid int) *Task {
	for _, t := range m.tasks {
		if t.pid == pid && pid != 0 && t.state != taskDead {
			return t
		}
	}
	return nil
}

func (m *Machine) addTask(comm string, pid int, c *CPU) *Task {
	if len(comm) > 15 {
		comm = comm[:15]
	}
	t := &Task{m: m, pid: pid, comm: comm, cpu: c.id, fresh: true}
	m.tasks = append(m.tasks, t)
	return t
}

// commName is the number of the task's name in the trace.
func (t *Task) commName() uint32 {
	if t.commID == 0 {
		t.commID = t.m.rec.Name(t.comm)
	}
	return t.commID
}

// PID returns the task's pid, 0 for an idle thread.
func (t *Task) PID() int { return t.pid }

// Comm returns the task's name, at most 15 characters.
func (t *Task) Comm() string { return t.comm }

// CPU returns the CPU the task is on, or was last on.
func (t *Task) CPU() int { return t.cpu }

// Compat reports whether the task is a 32-bit one.
func (t *Task) Compat() bool { return t.compat }

// Kernel reports whether the task is a kernel thread.
func (t *Task) Kernel() bool { return t.kernel }

// State returns "running" while the task is current, "runnable", "sleeping" or "dead".
func (t *Task) State() string {
	switch {
	case t.state == taskDead:
		return "dead"
	case t.running():
		return "running"
	case t.thread != nil && t.thread.sleeping():
		return "sleeping"
	}
	return "runnable"
}

// running is task_curr: the task is current on its CPU.
func (t *Task) running() bool { return t.m.cpus[t.cpu].curr == t }

// alive is ESRCH for a task that has exited, of which op was asked.
func (t *Task) alive(op string) error {
	if t.state == taskDead {
		return t.m.refuse(&Refusal{Rule: "R-EVT-25", Fn: op}, &hwdebug.Error{Op: op, Asked: sprintf("task %s (pid %d)", t.comm, t.pid),
			Found: "it has exited and is dead", Mend: "use a living task", Errno: esrch})
	}
	return nil
}

// ContextSwitch switches the CPU's current task out and t in (nil: the thread that is there when nothing else is).
// t stays current until something else is switched to. A task of another CPU is EINVAL, a dead one ESRCH.
func (c *CPU) ContextSwitch(t *Task) error {
	m := c.m
	if err := c.usable(); err != nil {
		return err
	}
	refuse := func(found, mend string, errno error) error {
		return m.refuse(&Refusal{Rule: "R-CTX-17", Fn: "__schedule"}, &hwdebug.Error{Op: "context_switch",
			Asked: sprintf("to task %s (pid %d) on cpu%d", t.comm, t.pid, c.id), Found: found, Mend: mend, Errno: hwdebug.Errno(errno)})
	}
	if t == nil {
		t = m.restThread(c)
	}
	if t.state == taskDead {
		return refuse("it has exited", "switch to a living task", esrch)
	}
	if t.cpu != c.id {
		return refuse(sprintf("it belongs to cpu%d", t.cpu), "migrate it first", einval)
	}
	if m.trapped > 0 && m.cpu == c {
		return misusef("context_switch cannot be called from a handler or a function that runs on cpu%d", c.id)
	}
	if m.thread != nil && m.thread.task.cpu == c.id {
		return misusef("context_switch on cpu%d cannot be called from %s, which runs there", c.id, m.thread.task.comm)
	}
	c.base = t
	if c.curr == t {
		return nil
	}
	prev := m.cpu
	m.cpu = c
	defer func() { m.cpu = prev }()
	m.contextSwitch(t)
	return nil
}

// restThread is who is current on c when nothing has been switched to.
func (m *Machine) restThread(c *CPU) *Task {
	if c.id == 0 {
		return m.script
	}
	return c.idle
}

// contextSwitch makes next current on the CPU that runs now (R-CTX-17).
//
// kernel/sched/core.c: __schedule, context_switch
func (m *Machine) contextSwitch(next *Task) {
	c := m.cpu
	prev := c.curr
	prev.node = c.node
	prevArg, nextArg := pidArg(prev), pidArg(next)
	if !prev.kernel && c.node == 0 {
		c.node = m.entryNode(prev)
	}
	hooks := m.hooks()

	k1 := m.enter(fnSchedule)
	k2 := m.enter(fnScheduleInner)
	k3 := m.enter(fnContextSwitch, prevArg, nextArg)
	if hooks {
		k4 := m.enter(fnPrepareTaskSwitch, prevArg, nextArg)
		m.perfTaskSchedOut(prev, next)
		m.leave(k4)
	}
	k4 := m.enter(fnSwitchTo, prevArg, nextArg)
	m.hwBreakpointThreadSwitch(next)
	m.leave(k4)
	m.leave(k3)
	m.leave(k2)
	m.leave(k1)

	c.curr, c.node = next, next.node
	var k marks
	switch {
	case next.fresh:
		next.fresh = false
		c.node = m.push(0, fnRetFromFork)
		k = m.enterAll(fnScheduleTail)
	default:
		if !next.kernel && c.node == 0 {
			c.node = m.entryNode(next)
		}
		k = m.enterAll(fnSchedule, fnScheduleInner, fnContextSwitch)
	}
	k5 := m.enter(fnFinishTaskSwitch, prevArg)
	if hooks {
		m.perfTaskSchedIn(prev, next)
	}
	m.leave(k5)
	m.leaveAll(k)
	c.node = next.node
}

// perfTaskSchedOut takes prev's context out, or exchanges it with next's where they are clones (R-CTX-19).
//
// kernel/events/core.c: __perf_event_task_sched_out, perf_event_context_sched_out
func (m *Machine) perfTaskSchedOut(prev, next *Task) {
	defer m.leave(m.enter(fnPerfEventTaskSchedOut, pidArg(prev), pidArg(next)))
	defer m.leave(m.enter(fnPerfEventContextSchedOut, pidArg(prev), pidArg(next)))
	x := prev.ctx
	if x == nil || m.cpu.taskCtx == nil {
		return
	}
	if y := next.ctx; y != nil && x.cloneOf(y) {
		x.task, y.task = next, prev
		prev.ctx, next.ctx = y, x
		return
	}
	m.taskCtxSchedOut(x, eventAll)
}

// cloneOf reports whether both contexts descend unmodified from one original.
func (x *perfContext) cloneOf(y *perfContext) bool {
	switch {
	case x == y.parent && x.generation == y.parentGeneration:
		return true
	case x.parent == y && x.parentGeneration == y.generation:
		return true
	case x.parent != nil && x.parent == y.parent && x.parentGeneration == y.parentGeneration:
		return true
	}
	return false
}

// perfTaskSchedIn schedules next's context in (R-CTX-17, step 3).
//
// kernel/events/core.c: __perf_event_task_sched_in, perf_event_context_sched_in
func (m *Machine) perfTaskSchedIn(prev, next *Task) {
	defer m.leave(m.enter(fnPerfEventTaskSchedIn, pidArg(prev), pidArg(next)))
	x := next.ctx
	if x == nil {
		return
	}
	defer m.leave(m.enter(fnPerfEventContextSchedIn, pidArg(next)))
	if m.cpu.taskCtx == x || len(x.events) == 0 {
		return
	}
	if len(x.pinned.tree) > 0 {
		m.cpuCtxSchedOut(eventFlexible)
	}
	m.perfEventSchedIn(x)
}

// Migrate moves the task to another CPU. A task that is current leaves its CPU and is current nowhere.
func (t *Task) Migrate(cpu int) error {
	m := t.m
	if err := t.alive("migrate"); err != nil {
		return err
	}
	if t.kernel {
		return misusef("%s is bound to cpu%d", t.comm, t.cpu)
	}
	c := m.CPU(cpu)
	if c == nil || !c.online {
		return m.refuse(&Refusal{Rule: "R-HP-11", Fn: "set_cpus_allowed_ptr"}, &hwdebug.Error{Op: "migrate",
			Asked: sprintf("task %s (pid %d) to cpu%d", t.comm, t.pid, cpu), Found: "there is no such CPU online", Mend: "choose an online CPU", Errno: einval})
	}
	if err := m.cpus[t.cpu].powered(); err != nil {
		return err
	}
	if t.thread != nil && m.thread == t.thread {
		return misusef("task %s cannot migrate itself from its body", t.comm)
	}
	m.leaveCPU(t)
	t.cpu = cpu
	if t.thread != nil && t.thread.queued() {
		m.requeue(t.thread, c)
	}
	return nil
}

// leaveCPU switches t out where it is current.
func (m *Machine) leaveCPU(t *Task) {
	c := m.cpus[t.cpu]
	if c.base == t {
		c.base = m.restThread(c)
	}
	if c.curr != t {
		return
	}
	prev := m.cpu
	m.cpu = c
	defer func() { m.cpu = prev }()
	next := c.base
	if next == t {
		next = m.restThread(c)
	}
	m.contextSwitch(next)
}

// become switches the task's CPU to it, where it stays.
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
		return misusef("task %s (pid %d) cannot act on cpu%d while %s (pid %d) runs there; act from the script, or migrate it first", t.comm, t.pid, c.id, c.curr.comm, c.curr.pid)
	}
	prev := m.cpu
	m.cpu = c
	defer func() { m.cpu = prev }()
	c.base = t
	m.contextSwitch(t)
	return nil
}

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
	if comm == "" {
		comm = t.comm
	}
	p, err := m.userPID(pid)
	if err != nil {
		return nil, err
	}
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
		m.tasks = remove2(m.tasks, child)
		return nil, err
	}
	return child, nil
}

func remove2(list []*Task, t *Task) []*Task {
	return slices.DeleteFunc(list, func(u *Task) bool { return u == t })
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
			if err := m.inheritEvent(ev, parent, child); err != nil {
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
func (m *Machine) inheritEvent(ev *Event, parent, child *Task) (err error) {
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

// Execve gives the task a new image: its ptrace events are released, and events with enable_on_exec start (R-EVT-24).
func (t *Task) Execve() error {
	m := t.m
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
		if ev.attr.EnableOnExec && ev.state < StateInactive {
			ev.attr.EnableOnExec = false
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
	if t.exiting {
		return misusef("task %s is exiting already", t.comm)
	}
	if err := t.become(); err != nil {
		return err
	}
	m := t.m
	if m.thread != nil && m.thread == t.thread {
		if err := t.exitHere(); err != nil {
			return err
		}
		m.thread.finish()
		return nil
	}
	return t.exitHere()
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
	m.leave(k2)
	m.leaveAll(k)
	t.state = taskDead
	c.node = 0
	m.dropThread(t)
	m.leaveCPU(t)
	node = c.node
	return err
}

// doExit is the order of do_exit as far as events can see it; perf comes last before 6.1 and first since (D-10).
//
// kernel/exit.c: do_exit
func (m *Machine) doExit(t *Task) error {
	t.exiting = true
	if m.prof.exitPerfFirst {
		m.perfEventExitTask(t)
		m.flushPtrace(t)
		return m.exitFiles(t)
	}
	err := m.exitFiles(t)
	m.perfEventExitTask(t)
	m.flushPtrace(t)
	return err
}

func (m *Machine) exitFiles(t *Task) error {
	defer m.leave(m.enter(fnExitFiles, pidArg(t)))
	hooks := t.onExit
	t.onExit = nil
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
	c := m.cpu
	node := c.node
	if name != "" {
		c.node = m.rec.Child(node, m.rec.Name(name), false)
		if id, ok := m.rec.Lookup(name); ok && m.dumps && m.dumpIn[id] {
			m.dumpStack()
		}
	}
	defer func() { c.node = node }()
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

// Wait waits until the task has exited.
func (t *Task) Wait() error {
	m := t.m
	return m.waitFor(sprintf("task %s (pid %d) to exit", t.comm, t.pid), func() bool { return t.state == taskDead })
}
