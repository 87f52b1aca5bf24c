// Threads: the coroutines of task bodies and workers, and the scheduler that runs them.

package sim

import (
	"slices"
	"strconv"
	"time"
)

type threadState uint8

const (
	threadReady   threadState = iota // in its CPU's run queue
	threadRunning                    // has its CPU
	threadAsleep                     // until wakeAt
	threadWaiting                    // until cond holds
	threadIdle                       // a worker without work
	threadDone
)

// A thread is a coroutine of the machine: exactly one runs at a time.
type thread struct {
	m      *Machine
	task   *Task
	fn     func() error // nil: a worker's, or the body of the task
	state  threadState
	since  time.Duration // when it became able to run: created, queued or woken
	wakeAt time.Duration
	cond   func() bool
	wait   Wait // what it waits for
	target *CPU // of the cross call that it waits for
	err    error
	fail   error // of a work function, for the caller that drives the machine
	worker *worker

	coroutine *coroutine // nil: it has not begun
	ended     bool       // its function has returned or was unwound
	ending    bool       // it is being unwound

	inPath  bool // at a point inside of a kernel path
	relaxed bool // in cpu_relax, until something else has happened
}

// threadEnd is the panic that unwinds a coroutine that will not be resumed. Nothing may recover it.
type threadEnd struct{}

// UnwindsLua marks the panic as one that a protected call of an interpreter must not catch.
func (threadEnd) UnwindsLua() {}

// midCall reports whether the thread is in a kernel call that cannot be abandoned: it spins for a
// cross call or waits for a context's mutex.
func (th *thread) midCall() bool {
	return th.state == threadReady && (th.m.cpus[th.task.cpu].spinner == th || th.inPath) ||
		th.state == threadWaiting && th.wait.mutex
}

// outOfCall waits until the task has left any kernel call that cannot be abandoned and no tracer
// holds it stopped. Only then may another thread make the task act.
func (t *Task) outOfCall(to string) (waited bool, err error) {
	th := t.thread
	busy := func() bool { return t.stops > 0 || th != nil && th != t.m.thread && th.midCall() }
	if !busy() {
		return false, nil
	}
	return true, t.m.waitFor(Wait{For: t.named(), To: to, HeldAs: "run by", holder: t.self},
		func() bool { return !busy() })
}

func (m *Machine) newThread(t *Task, fn func() error) *thread {
	th := m.spare.thread()
	th.m, th.task, th.fn, th.state = m, t, fn, threadIdle
	m.threads = append(m.threads, th)
	return th
}

func (th *thread) sleeping() bool { return th.state == threadAsleep || th.state == threadWaiting }
func (th *thread) queued() bool   { return th.state == threadReady }

// end unwinds the thread if it has begun and has not finished.
func (th *thread) end() {
	begun := th.coroutine != nil && th.state != threadDone
	th.state, th.ending = threadDone, true
	if begun {
		stack := th.m.leaveStack()
		th.coroutine.next()
		th.m.enterStack(stack)
	}
}

// pause gives up the CPU and returns when the thread runs again. A thread that acts for another
// task on that task's CPU, as during an exit, continues as that task.
func (m *Machine) pause(th *thread, s threadState) {
	c, t := m.cpu, m.cpu.curr
	m.giveUp(th, s)
	if t != th.task && t.cpu == c.id && !t.dead {
		if m.cpu = c; c.curr != t {
			m.contextSwitch(t)
		}
	}
}

// giveUp switches away from the coroutine and returns when the thread runs again.
func (m *Machine) giveUp(th *thread, s threadState) {
	th.state = s
	trapped, tracer := m.trapped, m.tracer
	stack := m.leaveStack()
	if !th.ending {
		th.coroutine.yield(struct{}{})
	}
	if th.ending {
		panic(threadEnd{})
	}
	m.enterStack(stack)
	m.stale = true
	th.state, m.trapped, m.tracer = threadRunning, trapped, tracer
}

// leaveStack and enterStack surround every switch to another coroutine (see SetStack).
func (m *Machine) leaveStack() any {
	if m.getStack == nil {
		return nil
	}
	return m.getStack()
}

func (m *Machine) enterStack(stack any) {
	if m.putStack != nil {
		m.putStack(stack)
	}
}

// ready appends th, which has become able to run, to its CPU's run queue.
func (m *Machine) ready(th *thread) {
	m.touch(ResCPU, uint64(th.task.cpu), true)
	m.touch(ResTime, 0, false)
	m.stale = true
	th.state, th.since = threadReady, m.now
	c := m.cpus[th.task.cpu]
	c.runq = append(c.runq, th)
}

func (m *Machine) unqueue(th *thread) {
	for _, c := range m.cpus {
		c.runq = remove(c.runq, th)
	}
}

func (m *Machine) requeue(th *thread, c *CPU) {
	m.unqueue(th)
	c.runq = append(c.runq, th)
}

// dropThread ends the body of a task that has exited, unless it is the running one.
func (m *Machine) dropThread(t *Task) {
	th := t.thread
	if th == nil || th == m.thread {
		return
	}
	m.unqueue(th)
	cpu, node, cur := m.cpu, m.cpu.node, m.thread
	m.thread = th
	th.end()
	m.cpu, m.cpu.node, m.thread = cpu, node, cur
	m.threads = remove(m.threads, th)
}

// preempt lets another thread run first at the point before a call into the machine. Every call that does
// more than look makes it. It returns an error if the caller has been interrupted.
func (m *Machine) preempt() error {
	err := m.preemptAt(PlaceCall)
	m.touchAll()
	return err
}

// preemptFor does so for a call that itself notes what it touches.
func (m *Machine) preemptFor() error { return m.preemptAt(PlaceCall) }

// preemptAt asks who goes on at a point of the running thread. Nobody is asked for the script, nor in a
// function given to cpu:run.
// Without a chooser another thread runs only when the turn has ended.
func (m *Machine) preemptAt(place Place) error {
	m.stale = true
	if err := m.mayCall(); err != nil {
		return err
	}
	th := m.thread
	m.noPoint()
	if th == nil || m.lent > 0 {
		return nil
	}
	if m.trapped == 0 {
		if err := m.ownSignals(th); err != nil {
			return err
		}
	}
	if m.chooser != nil {
		if err := m.pointHere(th, place); err != nil || m.trapped > 0 {
			return err
		}
		return m.ownSignals(th)
	}
	if m.trapped > 0 {
		return nil
	}
	if over, err := m.turnOver(); err != nil || !over {
		return err
	}
	c := m.cpus[th.task.cpu]
	c.runq = append(c.runq, th)
	m.pause(th, threadReady)
	return m.ownSignals(th)
}

// mayCall returns an error if the machine cannot be called now.
func (m *Machine) mayCall() error {
	if m.closed {
		return ErrClosed
	}
	if m.stopErr != nil {
		return m.stopErr
	}
	if m.looking {
		return misusef("a property must only look: it cannot call what changes the machine")
	}
	if err := m.cpu.powered(); err != nil {
		return err
	}
	return m.interrupted()
}

const (
	turnCalls = 100_000 // calls and records of one turn, after which another thread runs, as after a tick
	maxTurns  = 30      // such turns at one virtual time, after which the thread is considered stuck
)

// turnOver counts a call of the running thread and reports whether its turn has ended.
func (m *Machine) turnOver() (bool, error) {
	seq := m.rec.Seq()
	m.turn += 1 + int(seq-m.turnSeq)
	m.turnSeq = seq
	if m.turn < turnCalls {
		return false, nil
	}
	m.turn = 0
	if m.turnsAt != m.now {
		m.turnsAt, m.turns = m.now, 0
	}
	if m.turns++; m.turns > maxTurns {
		return false, misusef("livelock: at %d.%06d s %s calls the machine in a loop and never sleeps",
			m.now/1e9, m.now%1e9/1e3, m.thread.task)
	}
	return true, nil
}

// shortTurn counts a memory access of the running thread. It returns false once the turn may be over.
func (m *Machine) shortTurn() bool {
	if m.thread == nil {
		return true
	}
	m.turn++
	return m.turn < turnCalls
}

// spin asks who goes on while the running thread waits for target to answer a cross call. The thread's own
// CPU runs no other thread meanwhile.
func (m *Machine) spin(target *CPU) {
	th := m.thread
	if m.chooser == nil || th == nil || m.lent > 0 {
		return
	}
	here, c := m.cpu, m.cpus[th.task.cpu]
	here.spinning++
	outer := c.spinner
	c.spinner, th.target = th, target
	_ = m.pointHere(th, PlaceSpin) // a run that has ended resumes no thread
	m.touchAll()                   // the rest of the call is a step of its own
	c.spinner, th.target = outer, nil
	here.spinning--
}

// waitFor waits until cond holds: a thread gives up its CPU, the script drives the machine. It
// returns an error that names what it waits for if the script must not wait or nothing that can run makes
// cond hold.
func (m *Machine) waitFor(w Wait, cond func() bool) error {
	if cond() {
		return nil
	}
	if m.trapped > 0 {
		return misusef("cannot wait for %s: %s must not sleep", w.waitsFor(), m.noSleep())
	}
	if m.where != nil {
		w.Where = m.where()
	}
	if th := m.thread; th != nil {
		th.cond, th.wait = cond, w
		m.pause(th, threadWaiting)
		m.touchAll() // as in spin
		th.cond, th.wait = nil, Wait{}
		return nil
	}
	m.lendStack()
	defer m.takeBack(m.cpu)
	_, err := m.drive(maxTime, cond)
	if err == nil && !cond() {
		w.Task = m.cpu.curr
		return m.deadlock(w)
	}
	return err
}

// lendStack restores the stack of the current task's own thread while the script waits in the
// task's name. The thread continues, or is switched out, on that stack.
func (m *Machine) lendStack() {
	if c := m.cpu; c.curr.thread != nil {
		c.node = c.curr.node
	}
}

const (
	maxTime  = time.Duration(1) << 62
	maxSteps = 100_000 // steps of one call, after which the machine is considered to run without end
)

// drive performs the actions that are due at or before limit, until cond holds or none is left. It
// returns their number.
func (m *Machine) drive(limit time.Duration, cond func() bool) (steps int, err error) {
	for ; !cond(); steps++ {
		if steps > maxSteps && !m.bounded {
			return steps, m.restless(steps)
		}
		if _, ok, err := m.schedStep(limit); !ok || err != nil {
			return steps, err
		}
	}
	return steps, nil
}

func never() bool { return false }

// schedStep performs the next action that is due at or before limit. ok is false if no action is due.
func (m *Machine) schedStep(limit time.Duration) (desc string, ok bool, err error) {
	if err := m.interrupted(); err != nil {
		return "", false, err
	}
	if err := m.pendingErr; err != nil {
		m.pendingErr = nil
		return "", false, err
	}
	m.wake()
	m.limit = limit
	if m.chooser != nil {
		return m.openStep()
	}
	if desc, ok, err := m.runNext(); ok || err != nil {
		return desc, ok, err
	}
	at := m.nextTime()
	if at > limit {
		return m.runRelaxed()
	}
	m.passTo(at)
	if i := slices.IndexFunc(m.cpus, (*CPU).due); i >= 0 {
		m.unrelax(nil)
		return m.fireTimer(m.cpus[i]), true, nil
	}
	m.wake()
	return m.runNext()
}

// wake queues the threads whose time has come or whose condition holds. A woken thread whose condition does
// not hold any more, because another one was faster, sleeps again without a turn.
func (m *Machine) wake() {
	for _, th := range m.threads {
		if th.state == threadReady && th.cond != nil && !th.cond() {
			m.sleepAgain(th)
		}
		if th.state == threadAsleep && th.wakeAt <= m.now || th.state == threadWaiting && th.cond() {
			if th.worker != nil {
				th.task.cpu = th.worker.pool.home().id
				th.worker.wakes()
			}
			m.ready(th)
		}
	}
}

// sleepAgain returns a woken thread to its wait.
func (m *Machine) sleepAgain(th *thread) {
	m.unqueue(th)
	th.state = threadWaiting
	if c := m.cpus[th.task.cpu]; c.curr == th.task {
		m.switchOn(c, m.pickNext(c))
	}
	if w := th.worker; w != nil && w.woken {
		w.woken = false // it was not counted
	} else if w != nil {
		w.pool.slept()
	}
}

// runNext runs the first ready thread of the first CPU that can run one, and describes it.
func (m *Machine) runNext() (desc string, ok bool, err error) {
	for _, c := range m.cpus {
		if c.canRun() {
			desc, err := m.runThread(c, c.nextThread())
			return desc, true, err
		}
	}
	return "", false, nil
}

// runRelaxed runs the first thread that relaxes, when nothing else can happen.
func (m *Machine) runRelaxed() (desc string, ok bool, err error) {
	m.unrelax(nil)
	return m.runNext()
}

// runThread takes th from c's run queue, unless it spins there, and runs it until it gives up its CPU. It
// describes the turn for Step.
func (m *Machine) runThread(c *CPU, th *thread) (desc string, err error) {
	c.runq = remove(c.runq, th)
	if th.relaxed {
		th.relaxed = false
		m.relaxers--
	}
	m.unrelax(th)
	if m.describes {
		desc = th.describe(c)
	}
	return desc, m.resume(c, th)
}

// describe returns the turn of th on c as text.
func (th *thread) describe(c *CPU) string {
	desc := "cpu" + strconv.Itoa(c.id) + " runs " + th.task.comm
	if th.worker != nil {
		if w := th.worker.nextItem(); w != nil {
			desc += ": " + w.name
		}
	} else if what := th.wait.waitsFor(); what != "" {
		desc += ": " + what
	}
	return desc
}

// canRun reports whether a thread of c is ready and may run: the one that spins there, or else the
// next in the queue.
func (c *CPU) canRun() bool {
	th := c.nextThread()
	return th != nil && (th == c.spinner || c.admits(th))
}

// nextThread returns the thread of c that runs next without a choice, or nil.
func (c *CPU) nextThread() *thread {
	if c.spinner != nil && c.spinner.state == threadReady {
		return c.spinner
	}
	if i := c.firstReady(); i >= 0 {
		return c.runq[i]
	}
	return nil
}

// resume runs th on c until it gives up its CPU.
func (m *Machine) resume(c *CPU, th *thread) error {
	cpu, cur, trapped, tracer := m.cpu, m.thread, m.trapped, m.tracer
	m.cpu, m.tracer = c, tracerCurrent
	m.touch(ResCPU, uint64(c.id), true)
	if c.curr != th.task {
		m.contextSwitch(th.task)
	}
	c.node = th.task.node // other threads may have acted in its name
	m.thread, m.trapped = th, 0
	m.turn, m.turnSeq = 0, m.rec.Seq()
	th.state = threadRunning
	if th.worker != nil {
		th.worker.runs()
	}
	if th.coroutine == nil {
		m.begin(th)
	}
	stack := m.leaveStack()
	th.coroutine.next()
	m.enterStack(stack)
	m.thread, m.trapped, m.tracer = cur, trapped, tracer
	m.cpu = c
	if th.ended {
		th.state = threadDone
		m.threads = remove(m.threads, th)
	}
	if th.worker != nil && th.sleeping() {
		th.worker.pool.slept()
	}
	gone := c.spinner != th && th.state != threadReady || th.task.cpu != c.id || th.task.jobStop
	if c.curr == th.task && gone {
		m.contextSwitch(m.pickNext(c))
	}
	c.curr.node = c.node // for a call that waited and finds it current
	m.cpu = cpu
	err := th.err
	if err == nil {
		err, th.fail = th.fail, nil
	} else {
		th.err = nil
	}
	return err
}

// firstReady returns the index in c's run queue of the next thread, or -1. Tasks that a tracer has
// stopped keep their places.
func (c *CPU) firstReady() int {
	return slices.IndexFunc(c.runq, func(th *thread) bool { return th.task.stops == 0 && !th.relaxed })
}

// pickNext returns the task that runs on c after its current thread has given it up.
func (m *Machine) pickNext(c *CPU) *Task {
	if i := c.firstReady(); i >= 0 {
		return c.runq[i].task
	}
	return m.restOf(c)
}

// restOf returns the task that is current on c while no thread is ready there.
func (m *Machine) restOf(c *CPU) *Task {
	if c.base.dead || c.base.cpu != c.id {
		c.base = m.restThread(c)
	}
	return c.base
}

// takeBack returns control to the script after a wait or an error: the task that was current on c
// before becomes current again. A thread that is current there but has not run yet returns to the
// run queue, so that the script does not act in its name; a thread that spins for a cross call
// finishes its spin first.
func (m *Machine) takeBack(c *CPU) {
	m.endSpin(c)
	th := c.curr.thread
	if th == nil || th.state != threadReady || c.spinner == th || c.curr == c.base || c.usable() != nil {
		return
	}
	m.switchOn(c, m.restOf(c))
}

// endSpin runs the machine until no thread spins on c for a cross call. The next step returns an
// error that occurs meanwhile.
func (m *Machine) endSpin(c *CPU) {
	for steps := 0; c.spinner != nil && steps < maxSteps && m.interrupted() == nil &&
		m.stopErr == nil; steps++ {
		late := m.pendingErr
		m.pendingErr = nil
		_, ok, err := m.schedStep(m.now)
		if late != nil {
			m.pendingErr = late
		} else if m.pendingErr == nil {
			m.pendingErr = err
		}
		if !ok && err == nil {
			return
		}
	}
}

// Msleep lets virtual time pass for d. In a task body or work function the thread sleeps; the
// script drives the machine meanwhile. A handler must not sleep.
func (m *Machine) Msleep(d time.Duration) error {
	if m.closed {
		return ErrClosed
	}
	if d < 0 {
		return misusef("invalid sleep of %v (want 0 or more)", d)
	}
	if m.trapped > 0 {
		return misusef("msleep: %s must not sleep", m.noSleep())
	}
	if err := m.interrupted(); err != nil {
		return err
	}
	deadline := m.now + d
	if deadline < m.now || deadline > maxTime {
		return misusef("invalid sleep of %v: virtual time ends at %v", d, maxTime)
	}
	if th := m.thread; th != nil {
		if err := m.preemptFor(); err != nil {
			return err
		}
		m.touch(ResTime, 0, false)
		defer m.done(m.here())
		k := m.enter1(fnMsleep, uint64(d/time.Millisecond))
		th.wakeAt, th.wait = m.now+d, Wait{For: "msleep"}
		m.pause(th, threadAsleep)
		th.wait = Wait{}
		m.leave(k)
		return m.ownSignals(th)
	}
	defer m.takeBack(m.cpu)
	if _, err := m.drive(deadline, never); err != nil {
		return err
	}
	m.now = max(m.now, deadline)
	m.cullWorkers()
	return nil
}

// Run runs until no thread is runnable and no timer is pending. It returns the number of steps, and
// an error that names what still runs if the machine runs without end.
func (m *Machine) Run() (steps int, err error) {
	if err := m.alone("run"); err != nil {
		return 0, err
	}
	defer m.takeBack(m.cpu)
	steps, err = m.drive(maxTime, never)
	if err == nil {
		err = m.atRest()
	}
	if m.rest != nil {
		m.rest()
	}
	if err == nil {
		err = m.rested()
	}
	return steps, err
}

// Step performs the next action and describes it. ok is false if no action is left.
func (m *Machine) Step() (desc string, ok bool, err error) {
	if err := m.alone("step"); err != nil {
		return "", false, err
	}
	m.describes = true
	desc, ok, err = m.schedStep(maxTime)
	m.describes = false
	if err != nil {
		m.takeBack(m.cpu)
	}
	return desc, ok, err
}

// alone returns an error unless the script itself makes the call.
func (m *Machine) alone(op string) error {
	if m.closed {
		return ErrClosed
	}
	if m.halted {
		return errHalted
	}
	if m.thread != nil || m.trapped > 0 || m.leaving > 0 {
		return misusef("%s is the script's alone: "+
			"a body, work function, on_exit function or handler cannot call it", op)
	}
	return nil
}

// restless returns the error for a machine that still runs after that many steps; it names what does.
func (m *Machine) restless(steps int) error {
	what := ""
	for _, w := range m.works {
		if w.pending || w.running != nil {
			what += sprintf(", work %s", w.name)
		}
	}
	for _, t := range m.timers {
		if t.Pending() {
			what += sprintf(", timer %s", t.name)
		}
	}
	for _, th := range m.threads {
		if th.worker == nil && th.state != threadDone {
			what += sprintf(", task %s (pid %d)", th.task.comm, th.task.pid)
		}
	}
	if what == "" {
		what = ", threads that wake each other"
	}
	return misusef("livelock: after %d steps, at %d.%06d s, still running: %s",
		steps, m.now/1e9, m.now%1e9/1e3, what[2:])
}
