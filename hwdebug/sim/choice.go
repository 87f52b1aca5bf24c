// Points: the places where the kernel leaves open who goes on next, and what may happen there.

package sim

import (
	"slices"
	"time"
)

// A Kind is a kind of thing that may happen next.
type Kind uint8

const (
	KindThread Kind = iota // a thread goes on
	KindCall               // a cross call arrives, and the thread that waits for it goes on
	KindTimer              // a timer fires
	KindWake               // a sleeping thread becomes able to run
)

// String returns the kind's name in reports.
func (k Kind) String() string { return [...]string{"thread", "cross call", "timer", "wake"}[k] }

// A Possibility is one thing that may happen next.
type Possibility struct {
	Kind Kind
	CPU  int    // where it happens
	ID   int    // the pid of a thread, the CPU of a timer
	Name string // of the thread, or of the timer's function

	thread *thread
	timer  *timer
	at     time.Duration // when it is due, for a timer or a sleeper
}

// Task returns the task of the thread that goes on or wakes, or nil for a timer.
func (p *Possibility) Task() *Task {
	if p.thread == nil {
		return nil
	}
	return p.thread.task
}

// Due returns when a timer fires or a sleeper wakes, 0 for what can happen at once.
func (p *Possibility) Due() time.Duration { return p.at }

// A Place is where a thread has come to a point.
type Place uint8

const (
	PlaceEnd      Place = iota // no thread runs: the last one sleeps, waits or has ended
	PlaceCall                  // before a call into the machine
	PlaceSpin                  // while it waits for another CPU to answer a cross call
	PlaceResched               // in cond_resched
	PlaceRelax                 // in cpu_relax
	PlaceStep                  // before it steps over the instruction that hit
	PlacePath                  // inside a kernel path
	PlaceVariable              // before it reads or writes a variable of the caller
)

// A Point is a place where the machine asks who goes on next. A Point and its possibilities are
// valid only until the chooser returns.
type Point struct {
	Machine *Machine
	Place   Place
	Thread  *Task         // whose point it is, nil for PlaceEnd
	Running bool          // the first possibility is that the running thread goes on
	Next    []Possibility // by order of preference: the first is the default; none when the machine rests
}

// Stop is the answer of a chooser that ends the run: every later call fails with ErrStopped.
const Stop = -1

// ErrStopped is the error of calls on a machine whose chooser has ended the run.
var ErrStopped = misusef("the run has been stopped")

// defaultSlack is how long a thread that could run may be kept waiting unless Config says otherwise.
const defaultSlack = 10 * time.Millisecond

// ask returns the chooser's answer at a point. It sets m.stopErr if the run is to end.
func (m *Machine) ask(place Place, running bool) int {
	m.point.Machine, m.point.Place, m.point.Running = m, place, running
	i := m.chooser(&m.point)
	if m.stopErr == nil && (i < 0 || i >= len(m.point.Next)) && len(m.point.Next) > 0 {
		m.stopErr = ErrStopped
	}
	if m.stopErr != nil {
		return Stop
	}
	return i
}

// EndRun has every later call fail with err. A chooser calls it before it returns Stop.
func (m *Machine) EndRun(err error) { m.stopErr = err }

// pointHere asks who goes on at a point of the running thread th, and returns when th goes on.
func (m *Machine) pointHere(th *thread, place Place) error {
	m.stale = true
	m.wake()
	if m.stepped(); m.stopErr != nil {
		m.giveTurn(th, nil)
		return m.stopErr
	}
	m.possibilities(th, place)
	if len(m.point.Next) == 0 { // only for a spin whose call cannot arrive, or cpu_relax
		m.giveTurn(th, nil)
		return m.stopErr
	}
	running := m.point.Next[0].thread == th
	m.point.Thread = th.task
	i := m.ask(place, running)
	if i == 0 && running {
		m.touch(ResCPU, uint64(th.task.cpu), true)
		return nil
	}
	if i == Stop {
		m.giveTurn(th, nil)
		return m.stopErr
	}
	p := m.point.Next[i]
	m.giveTurn(th, &p)
	return m.stopErr
}

// pathPoint is a point inside of a kernel path that can be preempted. Only a machine with fine grain has
// them.
func (m *Machine) pathPoint() {
	th := m.thread
	if !m.cfg.FineGrain || m.chooser == nil || th == nil || m.lent > 0 || m.trapped > 0 {
		return
	}
	m.touchAll()
	th.inPath = true
	_ = m.pointHere(th, PlacePath) // a run that has ended resumes no thread
	th.inPath = false
	m.touchAll()
}

// giveTurn lets p happen before th goes on. A thread that loses its CPU to another one goes to the end of
// the run queue. One that only waits while other CPUs go on keeps its CPU, and its place at the head.
func (m *Machine) giveTurn(th *thread, p *Possibility) {
	c := m.cpus[th.task.cpu]
	if p != nil {
		m.next, m.hasNext = *p, true
	}
	switch {
	case c.spinner == th:
	case p != nil && p.Kind == KindThread && p.CPU == c.id:
		c.runq = append(c.runq, th)
	default:
		c.runq = slices.Insert(c.runq, 0, th)
	}
	m.pause(th, threadReady)
}

// possibilities lists in m.point what may happen next, the running thread first: threads by CPU and place
// in the run queue, cross calls and timers by CPU, sleepers by pid. A timer or sleeper may come before a
// thread that could run only within the slack, counted from when that thread became able to run.
func (m *Machine) possibilities(running *thread, place Place) {
	list := m.point.Next[:0]
	since := maxTime
	if running != nil && place != PlaceRelax {
		since = running.since
		if place != PlaceSpin || running.answered() {
			list = append(list, running.as(KindThread))
		}
	}
	relaxed := 0
	for _, c := range m.cpus {
		for _, th := range c.runq {
			switch {
			case th.task.stops > 0 || th.idleTurn():
			case th.relaxed:
				relaxed++
			default:
				since = min(since, th.since)
				if c.admits(th) {
					list = append(list, th.as(KindThread))
				}
			}
		}
	}
	for _, c := range m.cpus {
		if th := c.spinner; th != nil && th != running && th.state == threadReady {
			since = min(since, th.since)
			if th.answered() {
				list = append(list, th.as(KindCall))
			}
		}
	}
	m.point.Next = list
	m.listTimers(since)
	if len(m.point.Next) == 0 && (relaxed > 0 || place == PlaceRelax) {
		m.listRelaxed(running)
	}
}

// as returns the possibility that th goes on or wakes.
func (th *thread) as(k Kind) Possibility {
	return Possibility{Kind: k, CPU: th.task.cpu, ID: th.task.pid, Name: th.task.comm, thread: th}
}

// listTimers appends the timers and sleepers that may come next if a thread has been able to run since
// then, maxTime for none.
func (m *Machine) listTimers(since time.Duration) {
	list := m.point.Next
	ready := len(list)
	first := m.nextTime()
	from := since
	if since == maxTime {
		from = first
	}
	limit := min(m.limit, max(from+m.slack, m.now))
	if first > limit {
		m.noteNear(first, from)
		return
	}
	for _, c := range m.cpus {
		if len(c.timers) == 0 || !c.ticking() {
			continue
		}
		if t := c.first(); m.dueAt(t) > limit {
			m.noteNear(m.dueAt(t), from)
		} else {
			list = append(list, Possibility{
				Kind: KindTimer, CPU: c.id, ID: c.id, Name: t.owner.timerName(), timer: t, at: m.dueAt(t),
			})
		}
	}
	timers := len(list)
	for _, th := range m.threads {
		if th.state == threadAsleep && th.wakeAt <= limit {
			list = addSleeper(list, timers, th)
		} else if th.state == threadAsleep {
			m.noteNear(th.wakeAt, from)
		}
	}
	slices.SortFunc(list[timers:], func(a, b Possibility) int { return a.ID - b.ID })
	m.point.Next = list
	if ready == 0 {
		frontDefault(list, first)
	}
}

// noteNear notes that what is due then was too late by the slack of a thread that could run since from.
func (m *Machine) noteNear(due, from time.Duration) {
	if need := due - from; due <= m.limit && (m.near < 0 || need < m.near) {
		m.near = need
	}
}

// Near returns the smallest slack at which a later timer would have been a possibility, -1 for none.
func (m *Machine) Near() time.Duration { return m.near }

// Unasked returns the number of calls without a point in functions of timers, irq_work, cross calls and
// CPU.Run: no other CPU gets its turn there.
func (m *Machine) Unasked() int { return m.unasked }

// noPoint counts a call for Unasked.
func (m *Machine) noPoint() {
	if m.lent > 0 && m.chooser != nil {
		m.unasked++
	}
}

// addSleeper adds th to the sleepers in list, unless another one wakes at the same time: they wake together.
func addSleeper(list []Possibility, from int, th *thread) []Possibility {
	p := th.as(KindWake)
	p.at = th.wakeAt
	for i := from; i < len(list); i++ {
		if list[i].at == p.at {
			if p.ID < list[i].ID {
				list[i] = p
			}
			return list
		}
	}
	return append(list, p)
}

// frontDefault moves what is due first to the front: without a choice, time goes on to that.
func frontDefault(list []Possibility, first time.Duration) {
	i := slices.IndexFunc(list, func(p Possibility) bool { return p.at <= first })
	if i > 0 {
		p := list[i]
		copy(list[1:i+1], list[:i])
		list[0] = p
	}
}

// listRelaxed lists the threads that relax, since nothing else can happen.
func (m *Machine) listRelaxed(running *thread) {
	list := m.point.Next
	if running != nil {
		list = append(list, running.as(KindThread))
	}
	for _, c := range m.cpus {
		for _, th := range c.runq {
			if th.relaxed && th != running && c.admits(th) {
				list = append(list, th.as(KindThread))
			}
		}
	}
	m.point.Next = list
}

// admits reports whether th, which is in c's run queue, may run there now.
func (c *CPU) admits(th *thread) bool {
	return c.online && !c.suspended && c.spinning == 0 && (c.masked == 0 || c.masker == th)
}

// answered reports whether the CPU that th waits for can take the interrupt of its cross call: not while a
// debug exception is handled there.
func (th *thread) answered() bool { return th.target == nil || th.target.masked == 0 }

// openStep performs the next thing that may happen by limit, as the chooser says.
func (m *Machine) openStep() (desc string, ok bool, err error) {
	for {
		if m.stepped(); m.stopErr != nil {
			return "", false, m.stopErr
		}
		if !m.hasNext || !m.next.possible() {
			if th := m.firstIdleTurn(); th != nil {
				desc, err := m.runThread(m.cpus[th.task.cpu], th)
				return desc, true, err
			}
			m.possibilities(nil, PlaceEnd)
			m.point.Thread = nil
			if len(m.point.Next) == 0 {
				m.ask(PlaceEnd, false)
				return "", false, nil
			}
			i := m.ask(PlaceEnd, false)
			if i == Stop {
				return "", false, m.stopErr
			}
			m.next = m.point.Next[i]
		}
		m.hasNext = false
		if p := m.next; p.Kind != KindWake {
			desc, err := m.happen(&p)
			return desc, true, err
		}
		m.touch(ResCPU, uint64(m.next.CPU), true)
		m.passTo(m.next.at) // Run counts no step for a sleeper that wakes
		m.wake()
	}
}

// possible reports whether p, which a thread was left for, can still happen: the script may have acted since.
func (p *Possibility) possible() bool {
	switch p.Kind {
	case KindTimer:
		return p.timer.cpu != nil
	case KindWake:
		return p.thread.state == threadAsleep
	}
	return p.thread.state == threadReady
}

// happen performs p.
func (m *Machine) happen(p *Possibility) (desc string, err error) {
	if p.Kind == KindTimer {
		m.passTo(p.at)
		m.touch(ResTimers, uint64(p.CPU), true)
		m.unrelax(nil)
		return m.fireTimer(m.cpus[p.CPU]), nil
	}
	return m.runThread(m.cpus[p.CPU], p.thread)
}

// passTo lets virtual time pass until at, if that is later than now.
func (m *Machine) passTo(at time.Duration) {
	if at > m.now {
		m.touch(ResTime, 0, true)
		m.now = at
		m.cullWorkers()
	}
}

// firstIdleTurn returns the thread that would run next without a choice, if it is a worker that will find
// nothing to do. Nothing depends on when its turn comes, so nobody is asked.
func (m *Machine) firstIdleTurn() *thread {
	for _, c := range m.cpus {
		if c.canRun() {
			if th := c.nextThread(); th.idleTurn() {
				return th
			}
			return nil
		}
	}
	return nil
}

// idleTurn reports whether th is a worker that will find nothing to do.
func (th *thread) idleTurn() bool {
	return th.worker != nil && th.worker.current == nil && !th.worker.needed()
}

// unrelax lets the threads that called cpu_relax go on, because something else has happened.
func (m *Machine) unrelax(except *thread) {
	if m.relaxers == 0 {
		return
	}
	for _, c := range m.cpus {
		for _, th := range c.runq {
			if th != except && th.relaxed {
				th.relaxed = false
				m.relaxers--
			}
		}
	}
}

// CondResched lets another thread run first, as any call does, and does nothing else.
func (m *Machine) CondResched() error { return m.preemptAt(PlaceResched) }

// CPURelax waits until something else has happened on the machine, if anything can. The script performs
// the next action.
func (m *Machine) CPURelax() error {
	if m.closed {
		return ErrClosed
	}
	th := m.thread
	if th == nil || m.lent > 0 {
		if m.trapped == 0 && m.leaving == 0 {
			_, _, err := m.schedStep(maxTime)
			return err
		}
		return m.interrupted()
	}
	if m.trapped > 0 && m.chooser == nil {
		return m.interrupted()
	}
	if err := m.mayCall(); err != nil {
		return err
	}
	m.touchAll()
	th.relaxed = true
	m.relaxers++
	if m.chooser != nil {
		err := m.pointHere(th, PlaceRelax)
		if th.relaxed { // nothing else could happen
			th.relaxed = false
			m.relaxers--
		}
		return err
	}
	c := m.cpus[th.task.cpu]
	c.runq = append(c.runq, th)
	m.pause(th, threadReady)
	return nil
}

// seeded returns a chooser that draws from seed: the same seed gives the same answers (splitmix64).
func seeded(seed uint64) func(*Point) int {
	return func(p *Point) int {
		n := uint64(len(p.Next))
		if n < 2 {
			return 0
		}
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return int((z ^ z>>31) % n)
	}
}
