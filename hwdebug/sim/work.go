// Work: items, delayed items, and the workers that run them (kernel/workqueue.c, spec 8.2, 8.3).

package sim

import (
	"slices"
	"strconv"
	"time"
)

// A Work is a work item, delayed or not, of the queue events.
type Work struct {
	m       *Machine
	name    string
	nameID  uint64
	fn      func() error
	delayed bool

	pending bool    // the PENDING bit: armed or queued
	cpu     int     // requested CPU, -1: any
	pool    *pool   // where it is queued
	running *worker // that runs it now
	last    *pool   // where it ran last
	runs    int
	id      uint64        // from 1 in order of creation
	queued  time.Duration // when it was queued last
	timer   *timer
	blocked int // number of cancel_*_sync that wait: queueing fails meanwhile
}

// A pool is the normal pool of one CPU.
type pool struct {
	cpu       *CPU
	workers   []*worker
	idle      []*worker // most recently idle last
	list      []*Work
	nrRunning int // number of workers that are neither idle nor asleep
}

// A worker is one kworker.
type worker struct {
	pool      *pool
	id        int
	thread    *thread
	task      *Task
	current   *Work
	busy      bool    // it has found an item since it was idle
	woken     bool    // from a sleep in its function, and not counted as running yet (R-WQ-22)
	scheduled []*Work // items that were queued while this worker ran them (R-WQ-5)
	idleSince time.Duration
}

// init gives the pool of at's CPU its first worker, which runs as the kernel thread t.
func (p *pool) init(at *part, t *Task) {
	w := &at.worker
	p.cpu = &at.cpu
	w.pool, w.task, w.thread = p, t, &at.thread
	w.thread.m, w.thread.task, w.thread.state, w.thread.worker = t.m, t, threadIdle, w
	t.thread = w.thread
	t.node = t.m.push(0, fnRetFromFork, fnKthread)
	p.workers = append(p.workers, w)
	p.idle = append(p.idle, w)
}

// home returns the CPU where the pool's workers run: its own, or the first online one while that is down
// (R-WQ-19).
func (p *pool) home() *CPU {
	if p.cpu.online {
		return p.cpu
	}
	return p.cpu.m.lowestOnline()
}

// newWorker creates a worker with the lowest free ID (R-WQ-13) and wakes it once (R-WQ-16).
func (p *pool) newWorker() *worker {
	m := p.cpu.m
	id := 0
	for slices.ContainsFunc(p.workers, func(w *worker) bool { return w.id == id }) {
		id++
	}
	t := m.addTask("kworker/"+strconv.Itoa(p.cpu.id)+":"+strconv.Itoa(id), m.pid(), p.home())
	t.kernel, t.fresh = true, false
	t.node = m.push(0, fnRetFromFork, fnKthread)
	w := &worker{pool: p, id: id, task: t}
	w.thread = m.newThread(t, nil)
	w.thread.worker = w
	t.thread = w.thread
	p.workers = append(p.workers, w)
	w.wake()
	return w
}

// wake marks an idle or new worker as ready to run.
func (w *worker) wake() {
	p := w.pool
	p.idle = remove(p.idle, w)
	p.nrRunning++
	w.task.cpu = p.home().id
	m := p.cpu.m
	if w.thread.coroutine == nil {
		m.enlist(w.thread)
	}
	m.ready(w.thread)
}

// enlist adds th to the threads that Close ends.
func (m *Machine) enlist(th *thread) {
	if !slices.Contains(m.threads, th) {
		m.threads = append(m.threads, th)
	}
}

// nextItem returns the item that the worker runs now or at its next turn, or nil.
func (w *worker) nextItem() *Work {
	if w.current != nil {
		return w.current
	}
	if len(w.scheduled) > 0 {
		return w.scheduled[0]
	}
	if len(w.pool.list) > 0 {
		return w.pool.list[0]
	}
	return nil
}

// slept records that a worker of the pool blocked, and wakes another one if work is queued (R-WQ-17).
func (p *pool) slept() {
	p.cpu.m.touch(ResPool, uint64(p.cpu.id), true)
	p.nrRunning--
	p.wakeIfNeeded()
}

// wakes counts a worker that wakes in its function as running: at once in 4.19, once it runs in 5.10 and
// later (R-WQ-22).
//
// kernel/workqueue.c: wq_worker_waking_up, wq_worker_running
func (w *worker) wakes() {
	if w.woken = w.pool.cpu.m.prof.countsAtRun; !w.woken {
		w.pool.nrRunning++
	}
}

// runs counts a worker that gets its turn as running, if it is not counted yet.
func (w *worker) runs() {
	if w.woken {
		w.woken = false
		w.pool.cpu.m.touch(ResPool, uint64(w.pool.cpu.id), true)
		w.pool.nrRunning++
	}
}

// wakeIfNeeded wakes the most recently idle worker if work is queued and no worker of the pool runs
// (R-WQ-15).
func (p *pool) wakeIfNeeded() {
	if len(p.list) == 0 || p.nrRunning > 0 {
		return
	}
	if n := len(p.idle); n > 0 {
		p.idle[n-1].wake()
		return
	}
	p.newWorker()
}

// run executes a worker: it runs items until none is queued, then sleeps. It makes another worker
// before it runs an item if no other is idle; the order in which the two run is not modelled. After each item
// it goes to the head of its CPU's run queue, on the CPU that is the pool's home by then.
//
// kernel/workqueue.c: worker_thread
func (w *worker) run() error {
	p, m := w.pool, w.pool.cpu.m
	m.enter0(fnWorkerThread)
	for {
		m.touch(ResPool, uint64(p.cpu.id), true)
		for w.busy = w.needed(); w.busy; w.busy = w.needed() {
			if len(w.scheduled) == 0 && len(p.idle) == 0 && !p.waking(w) {
				p.newWorker()
			}
			if item := w.take(); item != nil {
				w.thread.fail = m.processOneWork(w, item)
			}
			if w.needed() {
				c := p.home()
				w.task.cpu = c.id
				w.thread.since = w.nextItem().queued
				c.runq = append([]*thread{w.thread}, c.runq...)
				m.pause(w.thread, threadReady)
			}
		}
		w.idleSince = m.now
		p.idle = append(p.idle, w)
		p.nrRunning--
		m.pause(w.thread, threadIdle)
	}
}

// needed reports whether the worker has an item to run: one of its own, or one of the pool's unless another
// worker of the pool runs.
//
// kernel/workqueue.c: need_more_worker, keep_working
func (w *worker) needed() bool {
	return len(w.scheduled) > 0 || len(w.pool.list) > 0 &&
		!slices.ContainsFunc(w.pool.workers, func(o *worker) bool {
			return o != w && o.busy && !o.thread.sleeping() && !o.woken
		})
}

// waking reports whether a worker of the pool other than w has been woken and has not run yet.
func (p *pool) waking(w *worker) bool {
	return slices.ContainsFunc(p.workers, func(o *worker) bool {
		return o != w && o.current == nil && o.thread.state == threadReady
	})
}

// take removes and returns the item that the worker runs next: the first of its own, or of the pool's. If
// another worker runs that item, take leaves it to that worker, which runs it again when it has finished,
// and returns nil (R-WQ-5).
func (w *worker) take() *Work {
	w.pool.cpu.m.touch(ResPool, uint64(w.pool.cpu.id), true)
	if len(w.scheduled) > 0 {
		item := w.scheduled[0]
		w.scheduled = w.scheduled[1:]
		return item
	}
	p := w.pool
	item := p.list[0]
	p.list = p.list[1:]
	if r := item.running; r != nil {
		r.scheduled = append(r.scheduled, item)
		return nil
	}
	return item
}

// processOneWork runs the function of item (R-WQ-21).
//
// kernel/workqueue.c: process_one_work
func (m *Machine) processOneWork(w *worker, item *Work) error {
	defer m.leave(m.enter1(fnProcessOneWork, item.nameID))
	m.touch(ResWork, item.id, true)
	item.pending, item.pool = false, nil
	item.running, item.last, w.current = w, w.pool, item
	m.takes(ResWork, item.id)
	item.runs++
	defer func() {
		m.touch(ResWork, item.id, true)
		m.touch(ResPool, uint64(w.pool.cpu.id), true)
		m.gives(ResWork, workEnds|item.id)
		item.running, w.current = nil, nil
	}()
	return m.named(item.name, item.fn)
}

// cullWorkers ends workers that have been idle for 300 s. It keeps two idle workers in each pool, and one
// for every four busy ones beyond that (R-WQ-18).
func (m *Machine) cullWorkers() {
	const timeout = 300 * time.Second
	for _, c := range m.cpus {
		p := &c.pool
		for len(p.idle) > 2 && (len(p.idle)-2)*4 >= len(p.workers)-len(p.idle) {
			w := p.idle[0]
			if m.now-w.idleSince < timeout {
				break
			}
			p.idle = p.idle[1:]
			p.workers = remove(p.workers, w)
			w.task.dead = true
			m.dropThread(w.task)
		}
	}
}

// NewWork creates a work item of the queue events that calls fn; call chains show it as name. A nil fn does
// nothing.
func (m *Machine) NewWork(name string, fn func() error) *Work { return m.newWork(name, fn, false) }

// NewDelayedWork creates a delayed work item, see NewWork.
func (m *Machine) NewDelayedWork(name string, fn func() error) *Work {
	return m.newWork(name, fn, true)
}

func (m *Machine) newWork(name string, fn func() error, delayed bool) *Work {
	if fn == nil {
		fn = func() error { return nil }
	}
	w := &Work{m: m, id: uint64(len(m.works)) + 1, name: name, nameID: uint64(m.rec.Name(name)),
		fn: fn, delayed: delayed, cpu: -1}
	m.works = append(m.works, w)
	return w
}

// Name returns the name of the item's function.
func (w *Work) Name() string { return w.name }

// Delayed reports whether the item is a delayed work item.
func (w *Work) Delayed() bool { return w.delayed }

// Pending reports whether the item is armed or queued (R-WQ-2).
func (w *Work) Pending() bool { return w.pending }

// waitIn describes a thread that waits in fn for the work's function.
func (w *Work) waitIn(fn string) Wait {
	return Wait{Fn: fn, For: "work " + w.name, HeldAs: "run by", holder: func() *Task {
		if w.running == nil {
			return nil
		}
		return w.running.task
	}}
}

// Running reports whether a worker runs the item's function.
func (w *Work) Running() bool { return w.running != nil }

// Runs returns how many times the function has been called.
func (w *Work) Runs() int { return w.runs }

// State returns "idle", "armed", "queued", "running" or "running, pending" (R-WQ-20).
func (w *Work) State() string {
	switch {
	case w.running != nil && w.pending:
		return "running, pending"
	case w.running != nil:
		return "running"
	case w.timer != nil:
		return "armed"
	case w.pending:
		return "queued"
	}
	return "idle"
}

// onWork checks the arguments of a call on a work item.
func (m *Machine) onWork(op string, w *Work, delayed bool) error {
	if w == nil || w.m != m {
		return misusef("%s needs a work item of this machine", op)
	}
	if w.delayed != delayed {
		if delayed {
			return misusef("%s: %s is not a delayed work item", op, w.name)
		}
		return misusef("%s: %s is a delayed work item", op, w.name)
	}
	err := m.preemptFor()
	m.touch(ResWork, w.id, true)
	return err
}

// workEnds marks the end of a work's function as an object that threads meet at.
const workEnds = 1 << 48

// anyCPU stands for the CPU that the caller runs on.
const anyCPU = -1 << 31

// onWorkCPU checks a call that queues w on cpu after d, and returns the CPU, -1 for anyCPU, and the jiffies
// of d.
func (m *Machine) onWorkCPU(op string, w *Work, delayed bool, cpu int, d time.Duration) (
	on int, delay uint64, err error) {
	if err := m.onWork(op, w, delayed); err != nil {
		return 0, 0, err
	}
	if cpu == anyCPU {
		cpu = -1
	} else if cpu < 0 || cpu >= len(m.cpus) {
		return 0, 0, m.refuseCPU(op, "R-WQ-4", cpu)
	}
	delay, err = m.delayOf(op, d)
	return cpu, delay, err
}

// QueueWorkOn queues w on a CPU. It returns false, and changes nothing, if w is already pending.
func (m *Machine) QueueWorkOn(cpu int, w *Work) (bool, error) {
	return m.queue("queue_work_on", cpu, w, false, 0)
}

// ScheduleWorkOn does the same as QueueWorkOn: there is one queue.
func (m *Machine) ScheduleWorkOn(cpu int, w *Work) (bool, error) {
	return m.queue("schedule_work_on", cpu, w, false, 0)
}

// ScheduleWork queues w on the CPU that the caller runs on.
func (m *Machine) ScheduleWork(w *Work) (bool, error) {
	return m.queue("schedule_work", anyCPU, w, false, 0)
}

// queueWork adds a pending item to a pool: that of cpu, or that of the worker that runs the item (R-WQ-4, 5).
//
// kernel/workqueue.c: __queue_work
func (m *Machine) queueWork(w *Work, cpu int) {
	defer m.leave(m.enter2(fnQueueWorkInner, uint64(int64(cpu)), w.nameID))
	c := m.cpu
	if cpu >= 0 {
		c = m.cpus[cpu]
	}
	w.queued = m.now
	p := &c.pool
	if w.running != nil && w.running.pool != p {
		p = w.running.pool
	}
	m.touch(ResWork, w.id, true)
	m.touch(ResPool, uint64(p.cpu.id), true)
	defer m.leave(m.enter1(fnInsertWork, w.nameID))
	w.pool = p
	p.list = append(p.list, w)
	p.wakeIfNeeded()
}

// ScheduleDelayedWork queues w after a delay, rounded up to jiffies, on the CPU where its timer fires
// (R-WQ-4, 7).
func (m *Machine) ScheduleDelayedWork(w *Work, delay time.Duration) (bool, error) {
	return m.queue("schedule_delayed_work", anyCPU, w, true, delay)
}

// ScheduleDelayedWorkOn does the same as QueueDelayedWorkOn: there is one queue.
func (m *Machine) ScheduleDelayedWorkOn(cpu int, w *Work, delay time.Duration) (bool, error) {
	return m.queue("schedule_delayed_work_on", cpu, w, true, delay)
}

// QueueDelayedWorkOn queues w on a CPU after a delay, rounded up to jiffies. It returns false, and changes
// nothing, if w is already pending.
func (m *Machine) QueueDelayedWorkOn(cpu int, w *Work, delay time.Duration) (bool, error) {
	return m.queue("queue_delayed_work_on", cpu, w, true, delay)
}

// queue queues w, delayed or not, unless it is pending already.
func (m *Machine) queue(op string, on int, w *Work, delayed bool, d time.Duration) (queued bool, err error) {
	cpu, delay, err := m.onWorkCPU(op, w, delayed, on, d)
	if err != nil {
		return false, err
	}
	defer m.done(m.here())
	if delayed {
		defer m.exitBool(m.enter3(fnQueueDelayedWorkOn, uint64(int64(cpu)), w.nameID, delay), &queued)
	} else {
		defer m.exitBool(m.enter2(fnQueueWorkOn, uint64(int64(cpu)), w.nameID), &queued)
	}
	if w.pending || w.blocked > 0 {
		return false, nil
	}
	w.pending = true
	m.gives(ResWork, w.id)
	m.delay(w, cpu, delay)
	return true, nil
}

// delay arms a pending item's timer; without a delay it queues the item at once (R-WQ-6).
func (m *Machine) delay(w *Work, cpu int, delay uint64) {
	w.cpu = cpu
	if delay == 0 {
		m.queueWork(w, cpu)
		return
	}
	c := m.cpu
	if cpu >= 0 {
		c = m.cpus[cpu]
	}
	w.timer = m.arm(c, w, delay)
}

func (w *Work) timerName() string { return w.name }

// expired queues an item whose delay has passed.
func (w *Work) expired() error {
	w.timer = nil
	w.m.delayedWorkTimerFn(w)
	return nil
}

// kernel/workqueue.c: delayed_work_timer_fn
func (m *Machine) delayedWorkTimerFn(w *Work) {
	defer m.leave(m.enter1(fnDelayedWorkTimerFn, w.nameID))
	m.queueWork(w, w.cpu)
}

// grab takes an item out of its timer or queue, and reports whether it was pending.
func (m *Machine) grab(w *Work) bool {
	if !w.pending {
		return false
	}
	if w.timer != nil {
		m.disarm(w.timer)
		w.timer = nil
	}
	if p := w.pool; p != nil {
		m.touch(ResPool, uint64(p.cpu.id), true)
		p.list = remove(p.list, w)
		for _, o := range p.workers {
			o.scheduled = remove(o.scheduled, w)
		}
		w.pool = nil
	}
	w.pending = false
	return true
}

// ModDelayedWorkOn queues w on a CPU after a delay, rounded up to jiffies, which replaces an earlier one. It
// reports whether w was pending (R-WQ-8).
func (m *Machine) ModDelayedWorkOn(on int, w *Work, d time.Duration) (was bool, err error) {
	cpu, delay, err := m.onWorkCPU("mod_delayed_work_on", w, true, on, d)
	if err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter3(fnModDelayedWorkOn, uint64(int64(cpu)), w.nameID, delay), &was)
	was = m.grab(w)
	if w.blocked > 0 {
		return was, nil
	}
	w.pending = true
	m.gives(ResWork, w.id)
	m.delay(w, cpu, delay)
	return was, nil
}

// CancelDelayedWork cancels w if it is pending, without waiting for a running function. It reports whether
// w was pending (R-WQ-9).
func (m *Machine) CancelDelayedWork(w *Work) (was bool, err error) {
	if err := m.onWork("cancel_delayed_work", w, true); err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter1(fnCancelDelayedWork, w.nameID), &was)
	return m.grab(w), nil
}

// CancelDelayedWorkSync cancels w, waits for a running function and keeps w from being queued meanwhile. It
// reports whether w was pending. From w's own function it would deadlock, which is an error.
func (m *Machine) CancelDelayedWorkSync(w *Work) (bool, error) {
	return m.cancelSync("cancel_delayed_work_sync", fnCancelDelayedWorkSync, w, true)
}

// CancelWorkSync does the same for an item that is not delayed.
func (m *Machine) CancelWorkSync(w *Work) (bool, error) {
	return m.cancelSync("cancel_work_sync", fnCancelWorkSync, w, false)
}

func (m *Machine) cancelSync(op string, fn traceFn, w *Work, delayed bool) (was bool, err error) {
	if err := m.onWorkWait(op, w, delayed); err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter1(fn, w.nameID), &was)
	m.startFlushWork(w)
	was = m.grab(w)
	w.blocked++
	defer func() { w.blocked-- }()
	err = m.waitFor(w.waitIn(op), func() bool { return w.running == nil })
	m.takes(ResWork, workEnds|w.id)
	return was, err
}

// onWorkWait checks a call that waits for w's function, which that function itself cannot make.
func (m *Machine) onWorkWait(op string, w *Work, delayed bool) error {
	if err := m.onWork(op, w, delayed); err != nil {
		return err
	}
	if th := m.thread; th != nil && th.worker != nil && th.worker.current == w {
		return misusef("deadlock: %s of %s from its own function waits for itself", op, w.name)
	}
	return nil
}

// startFlushWork enters the part of a call that may wait for w, which leaves interrupts switched on
// (R-EXC-19).
//
// kernel/workqueue.c: start_flush_work
func (m *Machine) startFlushWork(w *Work) {
	if m.atomic() {
		m.mightSleep(fnStartFlushWork)
		m.rawSpinUnlockIrq()
	}
}

// FlushWork waits until w, as last queued, has run. It returns false at once if w is idle (R-WQ-10).
func (m *Machine) FlushWork(w *Work) (bool, error) {
	return m.flush("flush_work", fnFlushWork, w, false)
}

// FlushDelayedWork does the same, and first queues w if its timer is armed, on the CPU that it was armed for.
func (m *Machine) FlushDelayedWork(w *Work) (bool, error) {
	return m.flush("flush_delayed_work", fnFlushDelayedWork, w, true)
}

// flush queues w if its timer is armed, and waits for the last queued run of w. It reports whether it waited.
//
// kernel/workqueue.c: __flush_work
func (m *Machine) flush(op string, fn traceFn, w *Work, delayed bool) (waited bool, err error) {
	if err := m.onWorkWait(op, w, delayed); err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter1(fn, w.nameID), &waited)
	m.startFlushWork(w)
	if w.timer != nil {
		cpu := w.cpu
		if cpu < 0 {
			cpu = w.timer.cpu.id
		}
		m.disarm(w.timer)
		w.timer = nil
		m.queueWork(w, cpu)
	}
	if !w.pending && w.running == nil {
		m.takes(ResWork, workEnds|w.id)
		return false, nil
	}
	until := w.runs
	if w.pending {
		until++
	}
	err = m.waitFor(w.waitIn(op), func() bool {
		return w.runs > until || w.runs == until && w.running == nil || !w.pending && w.running == nil
	})
	m.takes(ResWork, workEnds|w.id)
	return true, err
}
