// Cross calls: running a function of an event on another CPU, or on this one (kernel/smp.c, spec 5.3).

package sim

import "github.com/hwlua/hwlua/hwdebug/trace"

// A remoteCall names a function that runs on another CPU.
type remoteCall uint8

const (
	callInstall remoteCall = iota
	callEnable
	callDisable
	callRemove
	callPeriod
)

// cpuFunctionCall runs f on a CPU, or returns ENXIO if the CPU is offline (R-EVT-6).
//
// kernel/events/core.c: cpu_function_call
func (m *Machine) cpuFunctionCall(cpu int, f remoteCall, ev *Event, flags uint64) (err error) {
	k := m.enter1(fnCPUFunctionCall, uint64(cpu))
	return m.end(k, m.smpCallFunctionSingle(m.cpus[cpu], nil, f, ev, flags))
}

// taskFunctionCall runs f on the CPU the task was last on, if it is current there (R-EVT-6, 8).
//
// kernel/events/core.c: task_function_call
func (m *Machine) taskFunctionCall(t *Task, f remoteCall, ev *Event, flags uint64) (err error) {
	k := m.enter1(fnTaskFunctionCall, pidArg(t))
	for {
		err = m.smpCallFunctionSingle(m.cpus[t.cpu], t, f, ev, flags)
		if err != eagain {
			return m.end(k, err)
		}
	}
}

// smpCallFunctionSingle runs f on c: directly on this CPU, and on another one in an interrupt while
// the caller spins (R-EVT-7).
//
// kernel/smp.c: smp_call_function_single
func (m *Machine) smpCallFunctionSingle(c *CPU, t *Task, f remoteCall, ev *Event, flags uint64) (err error) {
	k := m.enter1(fnSmpCallFunctionSingle, uint64(c.id))
	if m.cpu.runState != (runState{}) {
		m.warnCrossCall()
	}
	if m.prof.callSingleInner {
		m.via(fnSmpCallFunctionSingleInner)
	}
	if c == m.cpu {
		return m.end(k, m.genericExecSingle(c, t, f, ev, flags))
	}
	if !c.online {
		return m.end(k, enxio)
	}
	m.spin(c)
	return m.end(k, m.interruptCPU(c, t, f, ev, flags))
}

// warnCrossCall warns of a cross call with interrupts off, which can deadlock, and, where the release looks,
// of one outside of a thread (R-EXC-19). The call is made all the same.
func (m *Machine) warnCrossCall() {
	if m.cpu.irqsOff {
		m.warnOnce(warnCallIrqsOff, "", fnSmpCallFunctionSingle)
	}
	if m.prof.crossCallInTask && m.cpu.context > inDebug {
		m.warnOnce(warnCallNotTask, "", fnSmpCallFunctionSingle)
	}
}

// interruptCPU runs f in an interrupt on c.
func (m *Machine) interruptCPU(c *CPU, t *Task, f remoteCall, ev *Event, flags uint64) error {
	here := m.cpu
	m.cpu = c
	k := m.enterIPI(c)
	err := m.remoteFunction(t, f, ev, flags)
	m.leaveAll(k)
	m.cpu = here
	return err
}

// kernel/smp.c: generic_exec_single
func (m *Machine) genericExecSingle(c *CPU, t *Task, f remoteCall, ev *Event, flags uint64) (err error) {
	k := m.enter1(fnGenericExecSingle, uint64(c.id))
	return m.end(k, m.remoteFunction(t, f, ev, flags))
}

// remoteFunction runs f if t is nil or current here.
//
// kernel/events/core.c: remote_function
func (m *Machine) remoteFunction(t *Task, f remoteCall, ev *Event, flags uint64) (err error) {
	k := m.enter0(fnRemoteFunction)
	switch {
	case t != nil && t.cpu != m.cpu.id:
		err = eagain
	case t != nil && t != m.cpu.curr:
		err = esrch
	case f == callInstall:
		err = m.installInContext(ev)
	default:
		err = m.eventFunction(ev, f, flags)
	}
	m.leave(k)
	return err
}

// marks holds what the exit of several functions needs that were entered in a row.
type marks struct {
	node        trace.NodeID
	first, last uint64
}

// enterAll enters functions, each called by the one before.
func (m *Machine) enterAll(fs ...traceFn) marks {
	if !m.traced {
		return marks{}
	}
	return m.enterMore(marks{node: m.cpu.node, first: m.rec.Seq() + 1}, fs...)
}

// enterMore enters functions on top of those of k.
func (m *Machine) enterMore(k marks, fs ...traceFn) marks {
	for _, fn := range fs {
		m.enter0(fn)
	}
	k.last = m.rec.Seq()
	return k
}

func (m *Machine) leaveAll(k marks) {
	if k.first == 0 {
		return
	}
	m.cpu.node = k.node
	for seq := k.last; seq >= k.first; seq-- {
		m.rec.Exit(seq, 0)
	}
}

// enterIPI enters the functions from an interrupt on c to the queue of cross calls, on the stack of
// whatever runs there (spec 11, IPI).
func (m *Machine) enterIPI(c *CPU) marks {
	k := m.enterHandleIPI(c)
	if m.prof.six {
		return m.enterMore(k, fnGenericSmpCallFunctionSingleInterrupt, fnFlushSmpCallFunctionQueue61)
	}
	return m.enterMore(k, fnGenericSmpCallFunctionSingleInterrupt, fnFlushSmpCallFunctionQueue)
}

// enterHandleIPI enters the functions from an interrupt between CPUs to what tells its kinds apart.
func (m *Machine) enterHandleIPI(c *CPU) marks {
	k := m.enterIrq(c)
	if m.prof.six {
		return m.enterMore(k, fnDoInterruptHandler, fnCallOnIrqStack, fnGicHandleIrq,
			fnGenericHandleDomainIrq, fnHandleIrqDesc, fnHandlePercpuDevidIrq, fnIPIHandler, fnDoHandleIPI)
	}
	return m.enterMore(k, fnGicHandleIrq, fnHandleIPI)
}

// enterIrq enters the functions between an interrupt on c and the first that depends on its kind.
func (m *Machine) enterIrq(c *CPU) marks {
	c.openMonitor()
	switch user := m.inUser(c); {
	case m.prof.six && user:
		return m.enterAll(fnEl0t64Irq, fnEl0t64IrqHandler, fnEl0IrqHandlerCommon, fnEl0Interrupt)
	case m.prof.six:
		return m.enterAll(fnEl1h64Irq, fnEl1h64IrqHandler, fnEl1Interrupt)
	case user:
		return m.enterAll(fnEl0IrqNaked)
	}
	return m.enterAll(fnEl1Irq)
}

// inUser reports whether c runs in user mode.
func (m *Machine) inUser(c *CPU) bool { return !c.curr.kernel && c.node == 0 }

// lock takes a context's mutex and lets the thread that holds it finish first (R-EVT-10). Only
// Close ends a thread that holds one (outOfCall), so callers unlock without deferring it.
func (m *Machine) lock(x *perfContext) {
	m.mightSleep(fnMutexLock)
	if x.held > 0 && m.trapped == 0 {
		m.waitUnlocked(x)
	}
	if x.held++; x.held == 1 {
		x.holder = m.cpu.curr
	}
}

// lockPinned takes the mutex of the context of a task that runs. The context stays that task's
// while the mutex is waited for (R-CTX-19).
//
// kernel/events/core.c: perf_pin_task_context
func (m *Machine) lockPinned(x *perfContext) {
	x.pins++
	m.lock(x)
	x.pins--
}

func (m *Machine) waitUnlocked(x *perfContext) {
	m.lockers++
	defer func() { m.lockers-- }()
	w := Wait{
		Fn: "mutex_lock", For: "the mutex of " + x.name(), HeldAs: "held by", mutex: true,
		holder: func() *Task { return x.holder },
	}
	for x.held > 0 && m.waitFor(w, func() bool { return x.held == 0 }) == nil {
	}
}

func (m *Machine) unlock(x *perfContext) {
	if x.held--; x.held == 0 {
		x.holder = nil
	}
}

// name returns the context's name in messages.
func (x *perfContext) name() string {
	if x.task != nil {
		return "the perf context of " + x.task.String()
	}
	return sprintf("the perf context of cpu%d", x.cpu.id)
}
