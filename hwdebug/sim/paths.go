// Paths: the functions of the entry code, system calls and files around the modelled ones, which differ
// between releases (spec 11.6).

package sim

import "github.com/hwlua/hwlua/hwdebug/trace"

// under returns the stack n with functions on top that have no record of their own: callers of what is
// modelled. They are in the full view only.
func (m *Machine) under(n trace.NodeID, names ...traceFn) trace.NodeID {
	if !m.traced {
		return n
	}
	return m.push(n, names...)
}

// via puts such functions on the stack of the CPU that runs now, until the caller's own function is left.
func (m *Machine) via(names ...traceFn) { m.cpu.node = m.under(m.cpu.node, names...) }

// viaIoctl puts the functions between the system call ioctl and perf's on the stack.
func (m *Machine) viaIoctl() {
	m.via(fnArm64SysIoctl)
	if !m.prof.mergeSchedIn {
		m.via(fnDoVfsIoctl)
	}
}

// pipeRead returns the functions through which a parked task waits: it reads from a pipe.
func (m *Machine) pipeRead() []traceFn {
	switch {
	case m.prof.anonPipe:
		return []traceFn{fnArm64SysRead, fnKsysRead, fnVfsRead, fnAnonPipeRead}
	case m.prof.mergeSchedIn:
		return []traceFn{fnArm64SysRead, fnKsysRead, fnVfsRead, fnPipeRead}
	}
	return []traceFn{fnArm64SysRead, fnKsysRead, fnVfsRead, fnVfsReadInner, fnNewSyncRead,
		fnPipeRead, fnPipeWait}
}

// parkedNode returns the stack of a task that is switched out: of one without a thread, in a read from a
// pipe, or where its tracer holds it.
func (m *Machine) parkedNode(t *Task) trace.NodeID {
	switch {
	case t.kernel || t.thread != nil:
		return m.entryNode(t)
	case t.held:
		n := m.under(m.toUserNode, m.signalPath()...)
		return m.under(n, fnGetSignal, fnPtraceDoNotify, fnPtraceStop)
	}
	return m.readNode
}

// signalPath returns the functions on the way back to user mode that take signals.
func (m *Machine) signalPath() []traceFn {
	if m.prof.genericExit {
		return []traceFn{fnExitToUserLoop, fnArchDoSignalOrRestart}
	}
	return []traceFn{fnDoNotifyResume, fnDoSignal}
}

// idleBottom returns the functions below cpu_startup_entry on a CPU.
func (m *Machine) idleBottom(cpu int) []traceFn {
	var below []traceFn
	if cpu == 0 {
		if m.prof.pmuContexts {
			below = append(below, fnPrimarySwitched)
		}
		return append(below, fnStartKernel, fnRestInit)
	}
	if m.prof.pmuContexts {
		below = append(below, fnSecondarySwitched)
	}
	return append(below, fnSecondaryStartKernel)
}

// viaExec puts the functions between the system call execve and what begins a new image on the stack; rest
// are those above load_elf_binary.
func (m *Machine) viaExec(old, recent []traceFn) {
	if !m.prof.mergeSchedIn {
		m.via(fnDoExecveFile, fnSearchBinaryHandler, fnLoadElfBinary)
		m.via(old...)
		return
	}
	m.via(fnDoExecveatCommon, fnBprmExecve, fnSearchBinaryHandler, fnLoadElfBinary)
	m.via(recent...)
}

// forkFn returns the function between the system call clone, which it puts on the stack, and copy_process.
func (m *Machine) forkFn() traceFn {
	m.via(fnArm64SysClone)
	if m.prof.pmuContexts {
		m.via(fnDoSysClone)
	}
	if m.prof.mergeSchedIn {
		return fnKernelClone
	}
	return fnDoFork
}

// enterClose enters the functions from where a file is closed to __fput: task work on the way back to user
// mode, or from 6.12 on the system call itself (C-12).
func (m *Machine) enterClose() marks {
	switch {
	case m.prof.fputCloseSync:
		m.cpu.node = m.under(m.syscallNode, fnArm64SysClose)
		return m.enterAll(fnFputCloseSync, fnFputInner)
	case m.prof.pmuContexts:
		m.cpu.node = m.under(m.syscallNode, fnArm64SysClose)
		return m.enterAll(fnFputSync, fnFputInner)
	}
	m.cpu.node = m.toUserNode
	return m.enterAll(fnDoNotifyResume, fnTaskWorkRun, fnFput, fnFputInner)
}

// A debugClass is the kind of a debug exception.
type debugClass uint8

const (
	debugBreakpoint debugClass = iota
	debugWatchpoint
	debugStep
)

// debugEntry enters the functions between a debug exception from el and its handler. From 6.12 on each kind
// has an entry of its own, without a table of handlers (C-17).
func (m *Machine) debugEntry(el int, class debugClass) marks {
	switch {
	case m.prof.debugEntries:
		return m.ownDebugEntry(el, class)
	case m.prof.six && el == 0:
		return m.enterAll(fnEl0t64Sync, fnEl0t64SyncHandler, fnEl0Dbg, fnDoDebugException)
	case m.prof.six:
		return m.enterAll(fnEl1h64Sync, fnEl1h64SyncHandler, fnEl1Dbg, fnDoDebugException)
	case el == 0:
		return m.enterAll(fnEl0Dbg, fnDoDebugException)
	}
	return m.enterAll(fnEl1Dbg, fnDoDebugException)
}

// ownDebugEntry does so for a release with an entry for each kind.
func (m *Machine) ownDebugEntry(el int, class debugClass) marks {
	var k marks
	if el == 0 {
		own := [...]traceFn{fnEl0Breakpt, fnEl0Watchpt, fnEl0Softstp}
		k = m.enterAll(fnEl0t64Sync, fnEl0t64SyncHandler, own[class])
	} else {
		own := [...]traceFn{fnEl1Breakpt, fnEl1Watchpt, fnEl1Softstp}
		k = m.enterAll(fnEl1h64Sync, fnEl1h64SyncHandler, own[class])
	}
	switch {
	case !m.traced || class == debugStep:
		return k
	case class == debugBreakpoint:
		return m.enterMore(k, fnDoBreakpoint)
	}
	return m.enterMore(k, fnDoWatchpoint)
}

// handlerFn returns fn, the handler of a debug exception. From 6.12 on it has no frame: its name stands for
// do_breakpoint, do_watchpoint and the step's entry, so that scripts find hits by one name on every release.
func (m *Machine) handlerFn(fn traceFn) traceFn {
	if m.prof.debugEntries {
		return framed(fn, false)
	}
	return fn
}
