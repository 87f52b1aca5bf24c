// Cross calls of drivers: functions that run on other CPUs (kernel/smp.c).

package sim

import (
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

// SmpCallFunctionSingle runs fn on a CPU: in an interrupt there, or with interrupts off on the CPU that makes
// the call. fn must not sleep. An offline CPU is ENXIO. Called with interrupts off it warns (R-SMP-1, 2).
func (m *Machine) SmpCallFunctionSingle(cpu int, fn func() error) error {
	if fn == nil {
		fn = func() error { return nil }
	}
	if err := m.preempt(); err != nil {
		return err
	}
	defer m.done(m.here())
	k := m.enter1(fnSmpCallFunctionSingle, uint64(cpu))
	c := m.CPU(cpu)
	if err := c.powered(); err != nil {
		return m.end(k, err)
	}
	m.checkCrossCall()
	if !c.online {
		const op = "smp_call_function_single"
		return m.end(k, m.refuse(&hwdebug.Error{
			Errno: syscall.ENXIO, Rule: "R-SMP-1", Fn: op, Op: op, Asked: sprintf("cpu%d", cpu),
			Found: "the CPU is offline or does not exist", Fix: "use an online CPU",
		}))
	}
	return m.end(k, m.callOn(c, fn))
}

// SmpProcessorID returns the number of the CPU that the caller runs on.
func (m *Machine) SmpProcessorID() int { return m.cpu.id }

// checkCrossCall warns where a cross call is made that may deadlock.
func (m *Machine) checkCrossCall() {
	if m.cpu.runState != (runState{}) {
		m.warnCrossCall()
	}
}

// callOn runs fn on c.
func (m *Machine) callOn(c *CPU, fn func() error) error {
	if c == m.cpu {
		defer m.leave(m.enter1(fnGenericExecSingle, uint64(c.id)))
		err := m.interrupting(inHardirq, fn)
		if e := m.interruptsOn(); err == nil {
			err = e
		}
		return err
	}
	m.spin(c)
	here := m.cpu
	m.cpu = c
	k := m.enterIPI(c)
	err := m.interrupting(inHardirq, fn)
	m.leaveAll(k)
	if e := m.interruptsOn(); err == nil {
		err = e
	}
	m.cpu = here
	return err
}

// OnEachCPU runs fn on every online CPU: on the others in ascending order, each in an interrupt, and then
// on the CPU that makes the call, with interrupts off (R-SMP-3). It returns the first error; fn runs on
// every CPU all the same.
func (m *Machine) OnEachCPU(fn func() error) (err error) {
	if fn == nil {
		fn = func() error { return nil }
	}
	if err := m.preempt(); err != nil {
		return err
	}
	defer m.done(m.here())
	defer m.leave(m.enter0(m.onEachFn()))
	here := m.cpu
	k := m.enterAll(fnSmpCallFunctionMany)
	m.checkCrossCall()
	for _, c := range m.cpus {
		if c == here || !c.online || c.suspended {
			continue
		}
		if e := m.callOn(c, fn); err == nil {
			err = e
		}
	}
	m.leaveAll(k)
	e := m.interrupting(inHardirq, fn)
	if err == nil {
		err = e
	}
	if e := m.interruptsOn(); err == nil {
		err = e
	}
	return err
}

// onEachFn returns on_each_cpu by the name that has a body in the release.
func (m *Machine) onEachFn() traceFn {
	if m.prof.six {
		return fnOnEachCPUCondMask
	}
	return fnOnEachCPU
}
