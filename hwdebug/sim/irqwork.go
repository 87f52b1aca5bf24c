// irq_work: what is left to do as soon as interrupts are on, of drivers and of perf (kernel/irq_work.c).

package sim

import "slices"

// An IrqWork is an irq_work of a driver.
type IrqWork struct {
	m      *Machine
	name   string
	nameID uint64
	fn     func() error

	pending bool
	runs    int
}

// A raised is one entry of a CPU's list of irq_work: a driver's, or the event's whose irq_work it is.
type raised struct {
	work *IrqWork
	ev   *Event
}

// NewIrqWork creates an irq_work whose function is fn; call chains show it as name. A nil fn does nothing.
func (m *Machine) NewIrqWork(name string, fn func() error) *IrqWork {
	if fn == nil {
		fn = func() error { return nil }
	}
	w := &IrqWork{m: m, name: name, nameID: uint64(m.rec.Name(name)), fn: fn}
	m.irqWorks = append(m.irqWorks, w)
	return w
}

// Name returns the name of the function.
func (w *IrqWork) Name() string { return w.name }

// Pending reports whether the work is queued and its function has not begun.
func (w *IrqWork) Pending() bool { return w.pending }

// Runs returns how many times the function has been called.
func (w *IrqWork) Runs() int { return w.runs }

// IrqWorkQueue queues w on the CPU that the caller runs on. It returns false if w is pending already. Any
// context may call it. The function runs in an interrupt of that CPU: at once where interrupts are on, and
// otherwise when the exception or interrupt that the caller is in has returned (R-IRQW-1, 2).
//
// kernel/irq_work.c: irq_work_queue
func (m *Machine) IrqWorkQueue(w *IrqWork) (queued bool, err error) {
	if w == nil || w.m != m {
		return false, misusef("irq_work_queue needs an irq_work of this machine")
	}
	if err := m.preempt(); err != nil {
		return false, err
	}
	defer m.done(m.here())
	k := m.enter1(fnIrqWorkQueue, w.nameID)
	if queued = !w.pending; queued {
		w.pending = true
		m.cpu.raised = append(m.cpu.raised, raised{work: w})
	}
	m.leaveWith(k, int64(bit(queued)))
	return queued, m.interruptsOn()
}

// PerfEventDisableInatomic disables an event from any context, through its irq_work (R-IRQW-3).
//
// kernel/events/core.c: perf_event_disable_inatomic
func (m *Machine) PerfEventDisableInatomic(ev *Event) error {
	if err := m.owns("perf_event_disable_inatomic", ev); err != nil {
		return err
	}
	if err := ev.turn(); err != nil {
		return err
	}
	defer m.done(m.here())
	k := m.enter1(fnPerfEventDisableInatomic, ev.arg())
	ev.sampling.disable = true
	m.queuePending(ev)
	m.leave(k)
	return m.interruptsOn()
}

// queuePending queues the irq_work of ev on the CPU that runs now, unless it is queued.
func (m *Machine) queuePending(ev *Event) {
	k := m.enter1(fnIrqWorkQueue, m.labelID(ev))
	if ev.pendingOn == nil {
		ev.pendingOn = m.cpu
		m.cpu.raised = append(m.cpu.raised, raised{ev: ev})
	}
	m.leave(k)
}

// labelID returns the event's printed name as an argument of a record.
func (m *Machine) labelID(ev *Event) uint64 {
	if !m.traced {
		return 0
	}
	return uint64(m.rec.Name(ev.Label()))
}

// interruptsOn runs the irq_work of the CPU that runs now, unless its interrupts are off.
func (m *Machine) interruptsOn() error {
	if c := m.cpu; len(c.raised) == 0 || c.irqsOff || !c.online {
		return nil
	}
	return m.irqWorkRun()
}

// irqWorkRun runs the irq_work of the CPU that runs now in an interrupt, in the order of queueing, and
// what is queued meanwhile. It returns the first error of a function.
//
// kernel/irq_work.c: irq_work_run
func (m *Machine) irqWorkRun() (err error) {
	c := m.cpu
	k := m.enterHandleIPI(c)
	k = m.enterMore(k, fnIrqWorkRun, fnIrqWorkRunList)
	was := c.enterContext(inHardirq)
	for len(c.raised) > 0 {
		r := c.raised[0]
		c.raised = slices.Delete(c.raised, 0, 1)
		if r.ev != nil {
			m.perfPending(r.ev)
		} else if e := m.irqWorkSingle(r.work); err == nil {
			err = e
		}
	}
	c.runState = was
	m.leaveAll(k)
	return err
}

// irqWorkSingle calls the function of one irq_work.
func (m *Machine) irqWorkSingle(w *IrqWork) error {
	if m.prof.six {
		defer m.leave(m.enter1(fnIrqWorkSingle, w.nameID))
	}
	w.pending = false
	w.runs++
	return m.interrupting(inHardirq, func() error { return m.named(w.name, w.fn) })
}

// perfPending sends the signal that a hit of ev has left to do, and disables ev if it is to be.
//
// kernel/events/core.c: perf_pending_event, perf_pending_irq
func (m *Machine) perfPending(ev *Event) {
	defer m.leave(m.enter1(m.pendingFn(), ev.arg()))
	on := ev.pendingOn
	ev.pendingOn = nil
	s := &ev.sampling
	if s.signal {
		s.signal = false
		if t := m.cpu.curr; ev.ctx != nil && ev.ctx.task == t && !t.exiting {
			m.sendSignal(t, &Siginfo{Signo: sigtrap, Code: trapPerf, Addr: ev.attr.Addr})
		}
	}
	if s.disable {
		m.pendingDisable(ev, on)
	}
}

// pendingDisable disables ev on the CPU that runs now, where its irq_work was queued. Up to 5.10 the event is
// taken to be installed here; later kernels look where it is, and go there (R-IRQW-3).
//
// kernel/events/core.c: perf_pending_event_disable, __perf_pending_irq
func (m *Machine) pendingDisable(ev *Event, on *CPU) {
	at := ev.slotCPU
	switch {
	case m.prof.six && at == nil:
		return // it has left its register, which disables it (R-IRQW-4)
	case m.prof.six && at != on:
		m.leave(m.enter2(fnIrqWorkQueueOn, m.labelID(ev), uint64(at.id)))
		ev.pendingOn = at
		at.raised = append(at.raised, raised{ev: ev})
		m.elsewhere(at)
		return
	case at != nil && at != on:
		m.handmade = true // it stays in a register of the other CPU
	}
	ev.sampling.disable = false
	m.perfEventDisableLocal(ev)
}

// elsewhere runs the irq_work of another CPU in an interrupt there, if that CPU takes it now.
func (m *Machine) elsewhere(c *CPU) {
	if c.masked > 0 || c.irqsOff || !c.online || c.suspended {
		return
	}
	here := m.cpu
	m.cpu = c
	if err := m.irqWorkRun(); err != nil && m.pendingErr == nil {
		m.pendingErr = err
	}
	m.cpu = here
}

// pendingFn returns the function of a perf event's irq_work.
func (m *Machine) pendingFn() traceFn {
	if m.prof.six {
		return fnPerfPendingIrq
	}
	return fnPerfPendingEvent
}
