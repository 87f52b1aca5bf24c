// Threads: the coroutines that task bodies and workers run on, and the scheduler that gives them their turns.

package sim

import (
	"iter"
	"strconv"
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
	fn     func() error
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	state  threadState
	wakeAt int64
	cond   func() bool
	what   string // what it waits for, in words
	err    error
	fail   error // of a work function: to be handed to whoever drives the machine
	worker *worker
}

// threadEnd unwinds a coroutine that will not be resumed. Nothing may stop it on its way.
type threadEnd struct{}

// UnwindsLua marks the panic as one that no protected call may catch.
func (threadEnd) UnwindsLua() {}

// midCall reports whether the thread is in a kernel call that has begun to change things and cannot be given up: it
// spins for a cross call, or waits for a context's mutex.
func (th *thread) midCall() bool {
	return th.state == threadReady && th.m.cpus[th.task.cpu].spinner == th || th.state == threadWaiting && th.what == ""
}

// outOfCall waits until the task is in no kernel call that cannot be given up, and until a tracer that holds it stopped is
// done with it, before someone else makes it do something: it does that on its way back.
func (t *Task) outOfCall(to string) (waited bool, err error) {
	th := t.thread
	busy := func() bool { return t.stops > 0 || th != nil && th != t.m.thread && th.midCall() }
	if !busy() {
		return false, nil
	}
	return true, t.m.waitFor(sprintf("task %s (pid %d) to %s", t.comm, t.pid, to), func() bool { return !busy() })
}

func (m *Machine) newThread(t *Task, fn func() error) *thread {
	th := &thread{m: m, task: t, fn: fn, state: threadIdle}
	m.threads = append(m.threads, th)
	return th
}

func (th *thread) sleeping() bool { return th.state == threadAsleep || th.state == threadWaiting }
func (th *thread) queued() bool   { return th.state == threadReady }

func (th *thread) start() {
	th.next, th.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(threadEnd); !ok {
					panic(r)
				}
			}
		}()
		th.yield = yield
		th.err = th.fn()
	})
}

// end unwinds the thread if it has begun and has not finished.
func (th *thread) end() {
	if th.stop != nil && th.state != threadDone {
		th.state = threadDone
		stack := th.m.leaveStack()
		th.stop()
		th.m.enterStack(stack)
	}
	th.state = threadDone
}

// finish ends the thread that runs now.
func (th *thread) finish() { panic(threadEnd{}) }

// pause gives the CPU up; it returns when the thread has its turn again. A thread that acts for another task on that
// one's CPU, as who lets it exit does, goes on as that task there.
func (m *Machine) pause(th *thread, s threadState) {
	c, t := m.cpu, m.cpu.curr
	m.giveUp(th, s)
	if t != th.task && t.cpu == c.id && t.state != taskDead {
		if m.cpu = c; c.curr != t {
			m.contextSwitch(t)
		}
	}
}

// giveUp is pause for a thread that has left its CPU.
func (m *Machine) giveUp(th *thread, s threadState) {
	th.state = s
	stack := m.leaveStack()
	if !th.yield(struct{}{}) {
		panic(threadEnd{})
	}
	m.enterStack(stack)
	th.state = threadRunning
}

// leaveStack and enterStack stand around every switch to another coroutine (SetStack).
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

// ready puts th at the end of its CPU's run queue.
func (m *Machine) ready(th *thread) {
	th.state = threadReady
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

// dropThread ends the body of a task that has exited, unless it is the one that runs now.
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

// preempt is the point at every call into the machine where a thread may lose its turn (API: a body may be preempted
// at every call). It also asks whether the caller's time is up.
func (m *Machine) preempt() error {
	if m.closed {
		return misusef("the machine is closed")
	}
	if err := m.cpu.powered(); err != nil {
		return err
	}
	if err := m.interrupted(); err != nil {
		return err
	}
	th := m.thread
	if th == nil || m.trapped > 0 {
		return nil
	}
	if over, err := m.turnOver(); err != nil {
		return err
	} else if !over && (m.chooser == nil || m.choose(ChoicePreempt, 2) == 0) {
		return nil
	}
	c := m.cpus[th.task.cpu]
	c.runq = append(c.runq, th)
	m.pause(th, threadReady)
	return nil
}

const (
	turnCalls = 100_000 // calls and records of one turn, after which whoever else is ready gets one, as by the tick
	maxTurns  = 30      // such turns without a step of virtual time after which the machine is taken to go on for ever
)

// turnOver counts a call of the thread that runs now; it is true when the thread has had enough of its turn.
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
		return false, misusef("the machine does not come to rest: at %d.%06d s task %s (pid %d) calls it again and again and never sleeps, so that no time passes",
			m.now/1e9, m.now%1e9/1e3, m.thread.task.comm, m.thread.task.pid)
	}
	return true, nil
}

// shortTurn counts a call that is only an access to memory; it is false when the turn may be over.
func (m *Machine) shortTurn() bool {
	if m.thread == nil {
		return true
	}
	m.turn++
	return m.turn < turnCalls
}

// spin lets something else happen on other CPUs before a cross call's interrupt arrives, where the choice says so.
func (m *Machine) spin() {
	if m.chooser == nil || m.trapped > 0 {
		return
	}
	for range 8 {
		if m.choose(ChoiceIPI, 2) == 0 {
			return
		}
		here := m.cpu
		here.spinning++
		th := m.thread
		if th != nil {
			m.pauseSpinning(th)
		} else {
			node := here.node
			m.lendStack()
			_, ok, err := m.schedStep(m.now)
			here.node = node
			if err != nil && m.pendingErr == nil {
				m.pendingErr = err
			}
			if !ok {
				here.spinning--
				return
			}
		}
		here.spinning--
	}
}

// pauseSpinning lets others run while th keeps its CPU.
func (m *Machine) pauseSpinning(th *thread) {
	c := m.cpus[th.task.cpu]
	c.spinner = th
	m.pause(th, threadReady)
	c.spinner = nil
}

// block waits until cond holds: a thread gives its CPU up, the script drives the machine. It returns false when
// nothing can make it hold.
func (m *Machine) block(cond func() bool) bool {
	return m.waitFor("", cond) == nil
}

// waitFor waits until cond holds, or says what was waited for in vain.
func (m *Machine) waitFor(what string, cond func() bool) error {
	if cond() {
		return nil
	}
	if m.trapped > 0 {
		return misusef("cannot wait for %s here: a handler, and what runs on a CPU by hand, must not sleep", what)
	}
	if th := m.thread; th != nil {
		th.cond, th.what = cond, what
		m.pause(th, threadWaiting)
		th.cond = nil
		return nil
	}
	m.lendStack()
	defer m.takeBack(m.cpu)
	for steps := 0; !cond(); steps++ {
		if steps > maxSteps {
			return m.restless(steps)
		}
		_, ok, err := m.schedStep(maxTime)
		if err != nil {
			return err
		}
		if !ok {
			return misusef("waited for %s, but nothing is left to run: it would wait for ever", what)
		}
	}
	return nil
}

// lendStack leaves the CPU to others while the script waits in the name of a task that is a thread: it is on that one's
// own stack that the thread goes on, or is switched out.
func (m *Machine) lendStack() {
	if c := m.cpu; c.curr.thread != nil {
		c.node = c.curr.node
	}
}

const (
	maxTime  = int64(1) << 62
	maxSteps = 100_000 // steps without rest after which the machine is taken to go on for ever
)

// schedStep performs the one next action that is due at or before limit. ok is false when there is none.
func (m *Machine) schedStep(limit int64) (desc string, ok bool, err error) {
	if err := m.interrupted(); err != nil {
		return "", false, err
	}
	if err := m.pendingErr; err != nil {
		m.pendingErr = nil
		return "", false, err
	}
	m.wake()
	if desc, ok, err := m.runNext(); ok || err != nil {
		return desc, ok, err
	}
	at := m.nextTime()
	if at > limit {
		return "", false, nil
	}
	if at > m.now {
		m.now = at
	}
	m.cullWorkers()
	if c := m.dueCPU(); c != nil {
		return m.fireTimer(c), true, nil
	}
	m.wake()
	return m.runNext()
}

// wake makes threads ready whose time or condition has come.
func (m *Machine) wake() {
	for _, th := range m.threads {
		if th.state == threadAsleep && th.wakeAt <= m.now || th.state == threadWaiting && th.cond() {
			if th.worker != nil {
				th.task.cpu = th.worker.pool.home().id
				th.worker.pool.nrRunning++
			}
			m.ready(th)
		}
	}
}

// runNext gives one ready thread its turn.
func (m *Machine) runNext() (desc string, ok bool, err error) {
	var free [64]*CPU
	n := 0
	for _, c := range m.cpus {
		if c.spinner != nil && c.spinner.state == threadReady || c.spinning == 0 && c.firstReady() >= 0 && !c.suspended && c.online {
			free[n] = c
			n++
		}
	}
	if n == 0 {
		return "", false, nil
	}
	c := free[m.choose(ChoiceCPU, n)]
	th := c.spinner
	if th == nil {
		i := c.firstReady()
		th = c.runq[i]
		c.runq = append(c.runq[:i], c.runq[i+1:]...)
	}
	what := th.what
	desc = "cpu" + strconv.Itoa(c.id) + " runs " + th.task.comm
	if th.worker != nil {
		if w := th.worker.nextItem(); w != nil {
			desc += ": " + w.name
		}
	} else if what != "" {
		desc += ": " + what
	}
	return desc, true, m.resume(c, th)
}

// resume lets th run on c until it gives its CPU up.
func (m *Machine) resume(c *CPU, th *thread) error {
	cpu, cur, trapped := m.cpu, m.thread, m.trapped
	m.cpu = c
	if c.curr != th.task {
		m.contextSwitch(th.task)
	}
	c.node = th.task.node // who acted in its name meanwhile has left what is on its own stack
	m.thread, m.trapped = th, 0
	m.turn, m.turnSeq = 0, m.rec.Seq()
	th.state, th.what = threadRunning, ""
	if th.next == nil {
		th.start()
	}
	stack := m.leaveStack()
	_, alive := th.next()
	m.enterStack(stack)
	m.thread, m.trapped = cur, trapped
	m.cpu = c
	if !alive {
		th.state = threadDone
		m.threads = remove(m.threads, th)
	}
	if th.worker != nil && th.sleeping() {
		th.worker.pool.slept()
	}
	if c.curr == th.task && (c.spinner != th && th.state != threadReady || th.task.cpu != c.id) {
		m.contextSwitch(m.pickNext(c))
	}
	c.curr.node = c.node // where it is, should a call that waited find it current
	m.cpu = cpu
	err := th.err
	if err == nil {
		err, th.fail = th.fail, nil
	} else {
		th.err = nil
	}
	return err
}

// firstReady is the place in c's run queue of the thread that is next, -1 when there is none. Tasks that a tracer has
// stopped keep their places.
func (c *CPU) firstReady() int {
	for i, th := range c.runq {
		if th.task.stops == 0 {
			return i
		}
	}
	return -1
}

// pickNext is who gets c when its current thread has given it up.
func (m *Machine) pickNext(c *CPU) *Task {
	if i := c.firstReady(); i >= 0 {
		return c.runq[i].task
	}
	return m.atRest(c)
}

// atRest is who has c when nothing is ready there.
func (m *Machine) atRest(c *CPU) *Task {
	if c.base.state == taskDead || c.base.cpu != c.id {
		c.base = m.restThread(c)
	}
	return c.base
}

// takeBack ends the script's driving of the machine, by a wait that is over or by an error: it goes on as who was current on
// c before. A thread that was switched to there and has its turn still to come waits for it in the run queue, or else
// what the script calls would be done in that one's name; one that spins for a cross call comes to the spin's end first.
// After a step that was well the machine stays as the step left it.
func (m *Machine) takeBack(c *CPU) {
	m.endSpin(c)
	th := c.curr.thread
	if th == nil || th.state != threadReady || c.curr == c.base || c.spinner == th || !c.online || c.suspended {
		return
	}
	cpu := m.cpu
	m.cpu = c
	m.contextSwitch(m.atRest(c))
	m.cpu = cpu
}

// endSpin lets whoever spins on c for a cross call come to its end. An error on the way is told when the machine is next
// driven.
func (m *Machine) endSpin(c *CPU) {
	for steps := 0; c.spinner != nil && steps < maxSteps && m.interrupted() == nil; steps++ {
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

// Msleep lets ns of virtual time pass. In a task body or work function it is that thread that sleeps; the script
// drives the machine meanwhile. A handler must not sleep.
func (m *Machine) Msleep(ns int64) error {
	if ns < 0 {
		return misusef("cannot sleep for %d ns; time goes forward", ns)
	}
	if m.trapped > 0 {
		return misusef("msleep: a handler, and what runs on a CPU by hand, must not sleep")
	}
	if err := m.interrupted(); err != nil {
		return err
	}
	deadline := m.now + ns
	if deadline < m.now || deadline > maxTime {
		return misusef("cannot sleep for %d ns: virtual time ends at %d", ns, maxTime)
	}
	if th := m.thread; th != nil {
		defer m.done(m.here())
		defer m.leave(m.enter(fnMsleep, uint64(ns/1e6)))
		th.wakeAt, th.what = deadline, "msleep"
		m.pause(th, threadAsleep)
		return nil
	}
	defer m.takeBack(m.cpu)
	for steps := 0; ; steps++ {
		if steps > maxSteps {
			return m.restless(steps)
		}
		_, ok, err := m.schedStep(deadline)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
	}
	m.now = max(m.now, deadline)
	m.cullWorkers()
	return nil
}

// Run runs until nothing is runnable and no timer is pending. It returns the number of steps, and fails by naming
// what still goes on when the machine never comes to rest.
func (m *Machine) Run() (steps int, err error) {
	if err := m.alone("run"); err != nil {
		return 0, err
	}
	defer m.takeBack(m.cpu)
	for {
		_, ok, err := m.schedStep(maxTime)
		if err != nil {
			return steps, err
		}
		if !ok {
			return steps, nil
		}
		if steps++; steps > maxSteps {
			return steps, m.restless(steps)
		}
	}
}

// Step performs the one next action and describes it; ok is false when there is none.
func (m *Machine) Step() (desc string, ok bool, err error) {
	if err := m.alone("step"); err != nil {
		return "", false, err
	}
	desc, ok, err = m.schedStep(maxTime)
	if err != nil {
		m.takeBack(m.cpu)
	}
	return desc, ok, err
}

func (m *Machine) alone(op string) error {
	if m.closed {
		return misusef("the machine is closed")
	}
	if m.thread != nil || m.trapped > 0 || m.leaving > 0 {
		return misusef("%s is the script's alone; a task body, work function, on_exit function or handler cannot call it", op)
	}
	return nil
}

// restless is the error of a machine that never comes to rest.
func (m *Machine) restless(steps int) error {
	what := ""
	for _, w := range m.works {
		if w.pending || w.running != nil {
			what += sprintf(", work %s", w.name)
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
	return misusef("the machine does not come to rest: after %d steps, at %d.%06d s, there is still %s",
		steps, m.now/1e9, m.now%1e9/1e3, what[2:])
}
