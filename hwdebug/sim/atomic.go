// Atomic context: where a CPU must not sleep, and what a call that may sleep does there (spec 6.2.2).

package sim

import "github.com/hwlua/hwlua/hwdebug"

// An execContext is what a CPU executes in: a thread, or something that interrupts one.
type execContext uint8

const (
	inTask    execContext = iota
	inDebug               // a debug exception: within rcu_read_lock, entered with interrupts off
	inSoftirq             // a timer's function
	inHardirq             // an interrupt, entered with interrupts off
)

// String returns the context as a refusal names it.
func (x execContext) String() string {
	return [...]string{"a thread", "a hit handler (a debug exception)", "a softirq", "an interrupt"}[x]
}

// A runState is the part of a CPU's state that an exception saves and restores.
type runState struct {
	context execContext
	irqsOff bool // PSTATE.I
}

// enterContext begins x on the CPU and returns the state to restore at its end.
func (c *CPU) enterContext(x execContext) runState {
	was := c.runState
	c.runState = runState{x, was.irqsOff || x == inDebug || x == inHardirq}
	return was
}

// rawSpinUnlockIrq models a raw_spin_unlock_irq: it switches interrupts on, whatever they were before.
// perf_event_disable and perf_event_enable pass one before their cross call, and so does not warn (R-EXC-19).
func (m *Machine) rawSpinUnlockIrq() { m.cpu.irqsOff = false }

// atomic reports whether the CPU that runs now must not sleep.
func (m *Machine) atomic() bool { return m.cpu.context != inTask }

// mightSleep logs what a kernel with CONFIG_DEBUG_ATOMIC_SLEEP says where fn, which may sleep, is called in
// atomic context, once for each call into the machine (R-EXC-20).
//
// kernel/sched/core.c: ___might_sleep, __might_resched
func (m *Machine) mightSleep(fn traceFn) {
	if !m.atomic() || !m.cfg.DebugAtomicSleep || m.sleepLogged {
		return
	}
	m.sleepLogged = true
	c := m.cpu
	inner := []traceFn{fn, fnMightSleep, fnMightSleepInner}
	if m.prof.six {
		inner[2] = fnMightResched
	}
	k := m.enterAll(inner...)
	f := &fns[fn.Name()]
	m.logf("BUG: sleeping function called from invalid context at %s:%d", f.File, lineIn(f.Name))
	irqs, preempt := bit(c.irqsOff)<<7, bit(m.prof.debugPreemptOff || c.context != inDebug || !c.irqsOff)
	if m.prof.six {
		m.logf("in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s",
			preempt, irqs, c.curr.pid, c.curr.comm)
		m.logf("preempt_count: %x, expected: 0", preempt*c.context.preemptCount())
		m.logf("RCU nest depth: %d, expected: 0", bit(c.context == inDebug))
	} else {
		m.logf("in_atomic(): %d, irqs_disabled(): %d, pid: %d, name: %s",
			preempt, irqs, c.curr.pid, c.curr.comm)
	}
	m.dumpStack()
	m.leaveAll(k)
	m.taint |= taintW
}

// preemptCount returns preempt_count() in the context.
func (x execContext) preemptCount() uint64 {
	return [...]uint64{inTask: 0, inDebug: 1, inSoftirq: 0x100, inHardirq: 0x10000}[x]
}

// gracePeriod returns an error where op would wait in fn for an RCU grace period in atomic context: the
// debug exception's own rcu_read_lock holds the grace period up, and an interrupt cannot be switched out.
// With one CPU online there is nothing to wait for (R-EXC-21).
func (m *Machine) gracePeriod(op, fn string) error {
	if !m.atomic() {
		return nil
	}
	if m.nrOnline() == 1 {
		m.rawSpinUnlockIrq() // in rcu_sync_enter
		return nil
	}
	why := "the rcu_read_lock around the handler holds that up"
	if m.cpu.context != inDebug {
		why = "it cannot be switched out for that"
	}
	return misusef("%s in %s: %s waits for an RCU grace period, and %s: the machine would hang here "+
		"(R-EXC-21); fix: perf_event_disable_inatomic, or leave it to a work item",
		op, m.cpu.context, fn, why)
}

func (m *Machine) nrOnline() (n int) {
	for _, c := range m.cpus {
		n += int(bit(c.online))
	}
	return n
}

// mutexFree returns an error if a call that must not wait needs the mutex of x while another thread holds it.
func (m *Machine) mutexFree(op string, x *perfContext) error {
	if m.trapped == 0 || x == nil || x.held == 0 {
		return nil
	}
	return misusef("%s in %s: the mutex of %s is held by %s, and waiting for it would sleep",
		op, m.noSleep(), x.name(), threadName(x.holder))
}

// noSleep names what must not sleep: the CPU's context, or a function of cpu:run.
func (m *Machine) noSleep() string {
	if m.atomic() {
		return m.cpu.context.String()
	}
	return "a function run by cpu:run"
}

// createAtomic checks a call that creates an event, of a CPU if task is nil. Reserving a CPU's event waits
// for a grace period where the accounting has a per-CPU semaphore (D-12), and so does a task's event that
// switches the scheduler hooks on.
func (m *Machine) createAtomic(op string, task *Task, x *perfContext) error {
	if m.prof.perCPUSem && (task == nil || !m.hooks()) {
		fn := "percpu_down_write in reserve_bp_slot"
		if task != nil {
			fn = "synchronize_rcu in account_event"
		}
		if err := m.gracePeriod(op, fn); err != nil {
			return err
		}
	}
	return m.mutexFree(op, x)
}

// releaseAtomic checks a call that releases events: a CPU's event takes the same semaphore.
func (m *Machine) releaseAtomic(op string, events ...*Event) error {
	for _, ev := range events {
		if ev == nil {
			continue
		}
		if m.prof.perCPUSem && ev.task == nil {
			if err := m.gracePeriod(op, "percpu_down_write in release_bp_slot"); err != nil {
				return err
			}
		}
		if err := m.mutexFree(op, ev.ctx); err != nil {
			return err
		}
	}
	return nil
}

// modifyAtomic checks a call that gives ev another type: the reservation moves under the semaphore.
func (m *Machine) modifyAtomic(op string, ev *Event, a *hwdebug.Attr) error {
	if m.prof.perCPUSem && ev.task == nil && a.Type != ev.attr.Type {
		if err := m.gracePeriod(op, "percpu_down_write in modify_bp_slot"); err != nil {
			return err
		}
	}
	return nil
}
