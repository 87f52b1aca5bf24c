// Stepping: how the kernel passes an instruction that hit, for a task and on a CPU (spec 6.3).

package sim

import "github.com/hwlua/hwlua/hwdebug/arm64"

// A kernelStep is stepping_kernel_bp of one CPU.
type kernelStep uint8

const (
	stepNone kernelStep = iota
	stepActive
	stepSuspend
)

// startUserStep has the task step one instruction, or notes that a debugger already steps it
// (R-STEP-3).
func (m *Machine) startUserStep(t *Task) {
	if t.singleStep {
		t.suspendedStep = true
		return
	}
	m.leave(m.enter1(fnUserEnableSingleStep, pidArg(t)))
	t.singleStep = true
}

// startKernelStep has the CPU step one kernel instruction (R-STEP-9).
func (m *Machine) startKernelStep() {
	c := m.cpu
	if c.steppingKernel != stepNone {
		return
	}
	if c.mdscr&arm64.MDSCRSS != 0 {
		c.steppingKernel = stepSuspend
		return
	}
	c.steppingKernel = stepActive
	defer m.leave(m.enter0(fnKernelEnableSingleStep))
	m.mdscrWrite(c.mdscr | arm64.MDSCRSS)
	m.enableDebugMonitors(activeEL1)
}

func (m *Machine) stopKernelStep() {
	c := m.cpu
	defer m.leave(m.enter0(fnKernelDisableSingleStep))
	m.mdscrWrite(c.mdscr &^ arm64.MDSCRSS)
	m.disableDebugMonitors(activeEL1)
}

// stepException takes the exception that follows a stepped instruction.
func (a *Access) stepException() error {
	m := a.m
	a.class = debugStep
	m.touchAll()
	if t := a.task; t != nil {
		if err := t.become(); err != nil {
			return err
		}
		c := m.cpus[t.cpu]
		prev, node := m.cpu, c.node
		m.cpu, c.node = c, 0
		defer func() { m.cpu, c.node = prev, node }()
	} else {
		v := m.visit(m.cpu)
		defer m.done(v)
	}
	m.cpu.openMonitor()
	m.trapped++
	defer func() { m.trapped-- }()
	defer m.leaveAll(m.debugEntry(a.el, debugStep))
	m.singleStepHandler(a)
	return nil
}

// singleStepHandler re-enables the registers that were off for the step (R-STEP-6 to 8).
//
// arch/arm64/kernel/debug-monitors.c: single_step_handler
func (m *Machine) singleStepHandler(a *Access) {
	defer m.leave(m.enter2(m.handlerFn(fnSingleStepHandler), 0, esr(0x32, a.el, false)))
	if m.reinstallSuspendedBps(a) {
		return
	}
	if a.el == 0 {
		t := m.cpu.curr
		t.force(&Siginfo{Signo: sigtrap, Code: trapTrace, Addr: a.pc})
		return
	}
	m.logf("Unexpected kernel single-step exception at EL1")
}

// reinstallSuspendedBps reports whether the step was the kernel's own.
//
// arch/arm64/kernel/hw_breakpoint.c: reinstall_suspended_bps
func (m *Machine) reinstallSuspendedBps(a *Access) bool {
	k := m.enter0(fnReinstallSuspendedBps)
	handled := false
	if t := m.cpu.curr; a.el == 0 {
		handled = m.reinstallUser(t)
	} else {
		handled = m.reinstallKernel(t)
	}
	m.leaveWith(k, int64(bit(!handled)))
	return handled
}

// reinstallUser re-enables the registers that were off while t stepped in user mode.
func (m *Machine) reinstallUser(t *Task) (handled bool) {
	if !t.bpsDisabled && !t.wpsDisabled {
		return false
	}
	if t.bpsDisabled {
		t.bpsDisabled = false
		m.toggleBpRegisters(arm64.BCR, activeEL0, true)
	}
	if t.wpsDisabled {
		t.wpsDisabled = false
		m.toggleBpRegisters(arm64.WCR, activeEL0, true)
	}
	if t.suspendedStep {
		t.suspendedStep = false
		return false
	}
	m.userDisableSingleStep(t)
	return true
}

// reinstallKernel re-enables the registers that were off while the CPU stepped in the kernel.
func (m *Machine) reinstallKernel(t *Task) (handled bool) {
	c := m.cpu
	was := c.steppingKernel
	if was == stepNone {
		return false
	}
	m.toggleBpRegisters(arm64.BCR, activeEL1, true)
	m.toggleBpRegisters(arm64.WCR, activeEL1, true)
	if !t.wpsDisabled {
		m.toggleBpRegisters(arm64.WCR, activeEL0, true)
	}
	c.steppingKernel = stepNone
	if was == stepSuspend {
		return false
	}
	m.stopKernelStep()
	return true
}

func (m *Machine) userDisableSingleStep(t *Task) {
	defer m.leave(m.enter1(fnUserDisableSingleStep, pidArg(t)))
	t.singleStep = false
}
