// Hotplug and power: CPUs going down and up, suspend and resume (spec chapter 9).

package sim

import (
	"slices"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// hotplugCPU returns CPU n for a hotplug or power call, once no registration or cross call is under
// way. A task body that takes its own CPU down moves to CPU 0 first.
func (m *Machine) hotplugCPU(op string, n int) (*CPU, error) {
	if m.closed {
		return nil, ErrClosed
	}
	if !m.hasCPU(n) {
		return nil, m.refuseCPU(op, "R-HP-1", n)
	}
	c := m.cpus[n]
	if m.trapped > 0 {
		return nil, misusef("%s cannot be called from a handler or a function run by cpu:run", op)
	}
	own := m.thread != nil && m.thread.task.cpu == n && op != "cpu_up"
	exits := op != "cpu_up" && c.curr.leaving() && m.cpu == c
	if own && (op != "cpu_down" || m.thread.task.kernel) || exits {
		return nil, misusef("%s of cpu%d cannot be called from %s, which runs there", op, n, c.curr.comm)
	}
	if own && n != 0 && c.usable() == nil {
		m.moveSelf(m.cpus[0]) // where the other tasks of the CPU will follow
	}
	if err := m.preemptOn(c); err != nil {
		return nil, err
	}
	if err := m.awaitHotplug(op); err != nil {
		return nil, err
	}
	if err := m.awaitQuiet(op, c); err != nil {
		return nil, err
	}
	return c, nil
}

// awaitQuiet waits until the machine is quiescent.
func (m *Machine) awaitQuiet(op string, c *CPU) error {
	quiescent := func() bool { return m.quiescent(c) }
	w := Wait{Fn: op, For: "cpu_hotplug_lock", HeldAs: "held by", holder: m.callInProgress}
	for !quiescent() { // again: others may have run between the end of the wait and this thread's turn
		if err := m.waitFor(w, quiescent); err != nil {
			return err
		}
	}
	return nil
}

// quiescent reports whether no registration, cross call or debug exception is under way, nor an exit on c.
// Hotplug waits for that, as for cpu_hotplug_lock and in stop_machine.
func (m *Machine) quiescent(c *CPU) bool {
	return m.lockers == 0 && (m.hotplugBy == nil || m.hotplugWrite) && !c.exiting() &&
		!slices.ContainsFunc(m.cpus, func(c *CPU) bool {
			return c.spinning > 0 || c.masker != nil && c.masker != m.thread
		})
}

// exiting reports whether the task that is current on c exits and cannot do so elsewhere: another task's
// thread has it exit.
func (c *CPU) exiting() bool {
	th := c.curr.thread
	return c.curr.leaving() && (th == nil || th.state == threadRunning)
}

// callInProgress returns a task that makes hotplug wait, or nil.
func (m *Machine) callInProgress() *Task {
	for _, c := range m.cpus {
		switch {
		case c.spinner != nil:
			return c.spinner.task
		case c.masker != nil:
			return c.masker.task
		}
	}
	for _, th := range m.threads {
		if th.state == threadWaiting && th.wait.mutex {
			return th.task
		}
	}
	return nil
}

// preemptOn calls preempt unless the call is about the CPU that runs now, which may be suspended.
func (m *Machine) preemptOn(c *CPU) error {
	if c == m.cpu {
		return m.interrupted()
	}
	return m.preempt()
}

// CPUDown takes a CPU down: its events leave their context and keep their reservation, and its
// tasks, the caller among them, move to the lowest online CPU (R-HP-6 to 9). CPU 0 cannot go down
// (EBUSY). It does nothing if the CPU is down.
func (m *Machine) CPUDown(n int) error {
	c, err := m.hotplugCPU("cpu_down", n)
	if err != nil {
		return err
	}
	if n == 0 {
		return m.refuse(&hwdebug.Error{
			Errno: ebusy, Rule: "R-HP-6", Fn: "cpu_down", Op: "cpu_down", Asked: "cpu0",
			Found: "the boot CPU cannot go down", Fix: "take another CPU down",
		})
	}
	if err := c.powered(); err != nil {
		return err
	}
	if !c.online {
		return nil
	}
	m.hotplugBy, m.hotplugWrite = m.cpu.curr, true
	defer m.unlockHotplug()
	if err := m.goOffline(c); err != nil {
		return err
	}
	if err := m.awaitQuiet("cpu_down", c); err != nil {
		return err
	}
	m.takeDown(c)
	return nil
}

// takeDown takes a CPU down whose callbacks of drivers have run.
func (m *Machine) takeDown(c *CPU) {
	c.base = c.idle
	m.switchOn(c, c.idle)
	m.asHotplug(c, func() {
		defer m.leave(m.enter2(fnCpuhpInvokeCallback, uint64(c.id), uint64(m.rec.Name("perf:online"))))
		m.perfEventExitCPU(c)
	})
	c.online = false
	c.lose()
	m.moveFrom(c)
}

// moveFrom moves the tasks and workers of an offline CPU to the lowest online one, and its timers
// to the CPU that runs now.
func (m *Machine) moveFrom(c *CPU) {
	heir := m.lowestOnline()
	for _, t := range m.tasks {
		if t.cpu == c.id && !t.kernel && !t.dead {
			t.cpu = heir.id
		}
	}
	for _, w := range c.pool.workers {
		w.task.cpu = heir.id
	}
	heir.runq = append(heir.runq, c.runq...)
	c.runq = nil
	for _, t := range c.timers {
		t.cpu = m.cpu
		m.timerSeq++
		t.seq = m.timerSeq
	}
	m.cpu.timers = append(m.cpu.timers, c.timers...)
	c.timers = nil
}

// lowestOnline returns the first online CPU. There is one, because CPU 0 cannot go down.
func (m *Machine) lowestOnline() *CPU { return m.cpus[slices.IndexFunc(m.cpus, (*CPU).Online)] }

// kernel/events/core.c: perf_event_exit_cpu
func (m *Machine) perfEventExitCPU(c *CPU) {
	defer m.leave(m.enter1(fnPerfEventExitCPU, uint64(c.id)))
	defer m.leave(m.enter1(fnPerfEventExitCPUContext, uint64(c.id)))
	k := m.enterAll(fnSmpCallFunctionSingle, fnGenericExecSingle, fnPerfEventExitContext)
	x := &c.ctx
	m.stopClock(x)
	for len(x.events) > 0 { // newest first (R-HP-7)
		m.removeFromContext(x.events[len(x.events)-1], detachGroup)
	}
	m.leaveAll(k)
	x.online = false
}

// CPUUp brings a CPU up: its context is online before it runs, its registers are cleared, and its
// old events are not attached again (R-HP-1 to 4, 9). It does nothing if the CPU is up.
func (m *Machine) CPUUp(n int) error {
	c, err := m.hotplugCPU("cpu_up", n)
	if err != nil {
		return err
	}
	if c.online {
		return c.powered()
	}
	c.ctx.online = true
	func() {
		defer m.done(m.here())
		m.leave(m.enter1(fnPerfEventInitCPU, uint64(n)))
	}()
	m.updateCPUFeatures(c)
	c.mdscr = arm64.MDSCRTDCC
	c.osLock = false // arm64/debug_monitors:starting (R-HP-1)
	c.steppingKernel = stepNone
	prev := m.cpu
	m.cpu = c
	c.curr, c.base, c.node = c.idle, c.idle, 0
	outer := []traceFn{fnSecondaryStartKernel, fnNotifyCPUStarting}
	if m.prof.six {
		outer = append(outer, fnCpuhpInvokeCallbackRangeNofail, fnCpuhpInvokeCallbackRange)
	}
	k := m.enterAll(outer...)
	m.cpuhpReset(c)
	m.leaveAll(k)
	c.node = c.idle.node
	c.online = true
	m.cpu = prev
	for _, w := range c.pool.workers {
		if w.thread == m.thread {
			continue // it returns there when it next sleeps or finishes its item
		}
		m.leaveCPU(w.task)
		w.task.cpu = n
		if w.thread.queued() {
			m.requeue(w.thread, c)
		}
	}
	m.hotplugBy, m.hotplugWrite = m.cpu.curr, true
	defer m.unlockHotplug()
	err = m.goOnline(c)
	if err != nil {
		m.takeDown(c)
	}
	return err
}

// cpuhpReset runs the hotplug callback that clears or restores the registers of the CPU that runs now.
func (m *Machine) cpuhpReset(c *CPU) {
	callback := m.rec.Name("perf/arm64/hw_breakpoint:starting")
	defer m.leave(m.enter2(fnCpuhpInvokeCallback, uint64(c.id), uint64(callback)))
	m.hwBreakpointReset()
}

// CPUSuspend powers a CPU down, which loses its registers (R-HP-13). Calls that need the CPU fail
// until it resumes.
func (m *Machine) CPUSuspend(n int) error {
	c, err := m.hotplugCPU("cpu_suspend", n)
	if err != nil {
		return err
	}
	if err := c.usable(); err != nil {
		return err
	}
	c.suspended = true
	c.savedMDSCR = c.mdscr
	c.mdscr = 0
	c.bank.lose()
	return nil
}

// CPUResume powers a CPU up: it restores MDSCR_EL1 and then rewrites every pair from its slot
// (R-HP-13, 15).
func (m *Machine) CPUResume(n int) error {
	c, err := m.hotplugCPU("cpu_resume", n)
	if err != nil {
		return err
	}
	if !c.suspended {
		return misusef("cpu%d is not suspended", n)
	}
	c.suspended = false
	c.mdscr = c.savedMDSCR
	defer m.done(m.visit(c))
	k := m.enterAll(fnCPUSuspend, fnCPUSuspendExit)
	m.hwBreakpointReset()
	m.leaveAll(k)
	return nil
}

// lose clears the registers, as power-down does.
func (b *bank) lose() {
	b.reg = [len(b.reg)]uint64{}
	b.armedB, b.armedW = 0, 0
}
