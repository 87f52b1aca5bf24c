// ptrace: how a debugger reads and writes the two register sets of a task (arch/arm64/kernel/ptrace.c, spec
// chapter 7).

package sim

import (
	"encoding/binary"
	"math/bits"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

const (
	ptraceEntries = 16
	headerBytes   = 8  // info and its pad
	entryBytes    = 16 // address, control, pad
)

// setName returns the note type of a register set.
func setName(which hwdebug.PtraceSet) string {
	if which == hwdebug.HwWatch {
		return "NT_ARM_HW_WATCH"
	}
	return "NT_ARM_HW_BREAK"
}

// traceable returns an error if a debugger cannot stop the task.
func (t *Task) traceable() error {
	if err := t.aliveUser("ptrace"); err != nil {
		return err
	}
	if t.exiting {
		return t.m.refuse(&hwdebug.Error{
			Errno: esrch, Rule: "R-VAL-1", Fn: "ptrace_check_attach", Op: "ptrace", Asked: t.String(),
			Found: "the task is exiting", Fix: "use a living task",
		})
	}
	return t.m.cpus[t.cpu].powered()
}

// stopped runs fn while a tracer has the task stopped. The task is switched out for it, and runs for a
// moment before and after, as a stop and a continue cause (R-PTR-13, 18).
func (t *Task) stopped(fn func() error) error {
	m := t.m
	if err := t.traceable(); err != nil {
		return err
	}
	if err := m.preempt(); err != nil {
		return err
	}
	if _, err := t.outOfCall("stop"); err != nil { // a task stops on its way back to user mode
		return err
	}
	if err := t.traceable(); err != nil { // the task may have exited meanwhile
		return err
	}
	if m.trapped > 0 {
		return misusef("cannot stop task %s from a handler or a function given to run: they "+
			"must not sleep",
			t.comm)
	}
	if m.thread != nil && m.thread.task == t {
		return misusef("task %s cannot trace itself", t.comm)
	}
	t.traced = true
	return t.whileStopped(fn)
}

// whileStopped runs fn between the switches of a stop and a continue.
func (t *Task) whileStopped(fn func() error) error {
	m := t.m
	c := m.cpus[t.cpu]
	was := c.curr
	rest := was
	if was == t {
		rest = m.restThread(c)
	}
	m.switchOn(c, t)
	t.held = true
	m.switchOn(c, rest)
	t.stops++
	err := fn()
	t.stops--
	m.switchOn(c, t)
	t.held = false
	if !t.tracerStep && t.singleStep {
		m.userDisableSingleStep(t)
	}
	m.switchOn(c, was)
	return err
}

// switchOn switches c to next, if next is not already current.
func (m *Machine) switchOn(c *CPU, next *Task) {
	if c.curr == next {
		return
	}
	prev := m.cpu
	m.cpu = c
	m.contextSwitch(next)
	m.cpu = prev
}

// trapStop stops t by a signal and has its tracer continue it: t is switched out and in again, and a step
// that the kernel had begun ends (R-PTR-17, 18).
func (m *Machine) trapStop(t *Task) {
	c := m.cpus[t.cpu]
	if c.curr == t {
		defer func(node trace.NodeID) { c.node = node }(c.node)
		c.node = m.under(c.node, fnPtraceSignal, fnPtraceStop)
		m.switchOn(c, m.restThread(c))
		if t.singleStep && !t.tracerStep {
			m.userDisableSingleStep(t)
		}
		m.switchOn(c, t)
	}
}

// PtraceSinglestep with on makes each instruction of the task end in SIGTRAP with TRAP_TRACE, as
// PTRACE_SINGLESTEP does for one instruction.
func (t *Task) PtraceSinglestep(on bool) error {
	return t.stopped(func() error {
		t.tracerStep = on
		if on {
			t.singleStep = true
		}
		return nil
	})
}

// PtraceInfo returns the info word of a register set: DebugVer in bits 15 to 8, the number of registers in
// bits 7 to 0 (R-PTR-3).
func (t *Task) PtraceInfo(which hwdebug.PtraceSet) (uint32, error) { return t.PtraceInfoBy(nil, which) }

// PtraceInfoBy does so for a tracer; nil stands for a 64-bit one that is not of this machine.
func (t *Task) PtraceInfoBy(tracer *Task, which hwdebug.PtraceSet) (uint32, error) {
	return t.m.ptraceInfo(which), t.regset(tracer, "ptrace_info", which, func() error { return nil })
}

func (m *Machine) ptraceInfo(which hwdebug.PtraceSet) uint32 {
	n := m.brps
	if which == hwdebug.HwWatch {
		n = m.wrps
	}
	return uint32(m.version)<<8 | uint32(n)
}

// PtraceGet reads entry idx, 0 to 15. An entry that was never written reads 0 (R-PTR-4, 9).
func (t *Task) PtraceGet(which hwdebug.PtraceSet, idx int) (addr uint64, ctrl uint32, err error) {
	return t.PtraceGetBy(nil, which, idx)
}

// PtraceGetBy does so for a tracer; nil stands for a 64-bit one that is not of this machine.
func (t *Task) PtraceGetBy(tracer *Task, which hwdebug.PtraceSet, idx int) (
	addr uint64, ctrl uint32, err error) {
	if idx < 0 || idx >= ptraceEntries {
		return 0, 0, t.m.refuseIndex("ptrace_get", t, which, idx)
	}
	err = t.regset(tracer, "ptrace_get", which, func() error {
		reg := t.ptraceReg(which, idx)
		addr, ctrl = reg.Addr, reg.Ctrl
		return nil
	})
	return addr, ctrl, err
}

// regset runs fn for a tracer that reads or writes a register set of the stopped task. A 32-bit tracer
// does not have these sets (R-PTR-19).
func (t *Task) regset(tracer *Task, op string, which hwdebug.PtraceSet, fn func() error) error {
	if tracer == t {
		return misusef("task %s cannot trace itself", t.comm)
	}
	m := t.m
	return m.asTracer(tracer, false, func() error {
		return t.stopped(func() error {
			if tracer != nil && tracer.compat {
				return m.refuse(&hwdebug.Error{
					Errno: einval, Rule: "R-PTR-19", Fn: "ptrace_regset", Op: op,
					Asked: sprintf("%s of %s by %s", setName(which), t, tracer),
					Found: "a 32-bit tracer does not have this register set", Fix: "use ptrace_sethbpregs",
				})
			}
			return fn()
		})
	})
}

func (t *Task) ptraceReg(which hwdebug.PtraceSet, idx int) hwdebug.PtraceReg {
	ev := t.ptrace[which][idx]
	if ev == nil {
		return hwdebug.PtraceReg{}
	}
	return hwdebug.PtraceReg{Addr: ev.address, Ctrl: ev.image.Encode()}
}

// PtraceRead returns the whole set as PTRACE_GETREGSET does: 264 bytes (R-PTR-1).
func (t *Task) PtraceRead(which hwdebug.PtraceSet) ([]byte, error) {
	var b []byte
	err := t.stopped(func() error {
		b = t.ptraceBytes(which)
		return nil
	})
	return b, err
}

func (t *Task) ptraceBytes(which hwdebug.PtraceSet) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(t.m.ptraceInfo(which)))
	for i := range ptraceEntries {
		reg := t.ptraceReg(which, i)
		b = binary.LittleEndian.AppendUint64(b, reg.Addr)
		b = binary.LittleEndian.AppendUint64(b, uint64(reg.Ctrl))
	}
	return b
}

// PtraceSet writes the set up to entry idx as PTRACE_SETREGSET does: it writes the entries below idx back
// and gives entry idx addr and ctrl. The first error ends the write; entries written before it keep their
// values (R-PTR-5).
func (t *Task) PtraceSet(which hwdebug.PtraceSet, idx int, addr uint64, ctrl uint32) error {
	return t.PtraceSetBy(nil, which, idx, addr, ctrl)
}

// PtraceSetBy does so for a tracer; nil stands for a 64-bit one that is not of this machine.
func (t *Task) PtraceSetBy(tracer *Task, which hwdebug.PtraceSet, idx int, addr uint64, ctrl uint32) error {
	if idx < 0 || idx >= ptraceEntries {
		return t.m.refuseIndex("ptrace_set", t, which, idx)
	}
	return t.regset(tracer, "ptrace_set", which, func() error {
		b := t.ptraceBytes(which)[:headerBytes+idx*entryBytes]
		b = binary.LittleEndian.AppendUint64(b, addr)
		b = binary.LittleEndian.AppendUint64(b, uint64(ctrl))
		return t.m.ptraceWrite(t, which, b)
	})
}

// PtraceWrite writes the set's first bytes as PTRACE_SETREGSET does. A write may end after an address
// (R-PTR-5).
func (t *Task) PtraceWrite(which hwdebug.PtraceSet, b []byte) error {
	return t.regset(nil, "ptrace_set", which, func() error { return t.m.ptraceWrite(t, which, b) })
}

// ptraceWrite runs PTRACE_SETREGSET in the tracer.
func (m *Machine) ptraceWrite(t *Task, which hwdebug.PtraceSet, b []byte) (err error) {
	defer m.done(m.here())
	m.cpu.node = m.under(m.syscallNode, fnArm64SysPtrace) // the tracer's system call, from any caller
	defer m.exit(m.enter2(fnSeSysPtrace, 0x4205, pidArg(t)), &err)
	defer m.exit(m.enter1(fnArchPtrace, pidArg(t)), &err)
	defer m.exit(m.enter1(fnPtraceRequest, pidArg(t)), &err)
	defer m.exit(m.enter1(fnPtraceRegset, pidArg(t)), &err)
	return m.hwBreakSet(t, which, b)
}

// hwBreakSet writes the address and then the control word of each entry, each taking effect at once
// (R-PTR-5).
//
// arch/arm64/kernel/ptrace.c: hw_break_set
func (m *Machine) hwBreakSet(t *Task, which hwdebug.PtraceSet, b []byte) (err error) {
	defer m.exit(m.enter1(fnHwBreakSet, pidArg(t)), &err)
	b = b[min(headerBytes, len(b)):]
	for idx := 0; len(b) > 0; idx++ {
		if len(b) < 8 {
			return m.refuseEntry("hw_break_set", "R-PTR-5", t, which, idx,
				sprintf("%d bytes left for an address of 8", len(b)), "write whole addresses")
		}
		if err := m.ptraceHbpSetAddr(t, which, idx, binary.LittleEndian.Uint64(b)); err != nil {
			return err
		}
		b = b[8:]
		if len(b) == 0 {
			return nil
		}
		if len(b) < 4 {
			return m.refuseEntry("hw_break_set", "R-PTR-5", t, which, idx,
				sprintf("%d bytes left for a control word of 4", len(b)), "write whole control words")
		}
		if err := m.ptraceHbpSetCtrl(t, which, idx, binary.LittleEndian.Uint32(b)); err != nil {
			return err
		}
		b = b[min(8, len(b)):]
	}
	return nil
}

// ofEntry names in a refusal the part of an entry that was being written. The address precedes the control
// word and is checked with the entry's old type and length, so the refused event is not the one that the
// debugger requested.
func ofEntry(part string, which hwdebug.PtraceSet, idx int, err error) error {
	if e, ok := err.(*hwdebug.Error); ok {
		e.Asked = sprintf("%s %d of %s: %s", part, idx, setName(which), e.Asked)
	}
	return err
}

// refuseEntry refuses a write to entry idx of a register set of t.
func (m *Machine) refuseEntry(fn, rule string, t *Task, which hwdebug.PtraceSet, idx int,
	found, fix string) error {
	return m.refuse(&hwdebug.Error{
		Errno: einval, Rule: rule, Fn: fn, Op: "ptrace_set",
		Asked: sprintf("entry %d of %s of %s", idx, setName(which), t), Found: found, Fix: fix,
	})
}

// refuseIndex refuses an index that no register set has.
func (m *Machine) refuseIndex(op string, t *Task, which hwdebug.PtraceSet, idx int) error {
	return m.refuse(&hwdebug.Error{
		Errno: einval, Rule: "R-PTR-6", Fn: "ptrace_hbp_get_initialised_bp", Op: op,
		Asked: sprintf("entry %d of %s of %s", idx, setName(which), t), Found: "the set has entries 0 to 15",
		Fix: "use one of them",
	})
}

// ptraceEvent returns the event of an entry; the first access creates it (R-PTR-6).
//
// arch/arm64/kernel/ptrace.c: ptrace_hbp_create
func (m *Machine) ptraceEvent(t *Task, which hwdebug.PtraceSet, idx int) (ev *Event, err error) {
	if idx >= ptraceEntries {
		return nil, m.refuseIndex("ptrace_set", t, which, idx)
	}
	if ev := t.ptrace[which][idx]; ev != nil {
		return ev, nil
	}
	defer m.exit(m.enter2(fnPtraceHbpCreate, pidArg(t), uint64(idx)), &err)
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Len, a.Disabled, a.ExcludeKernel = hwdebug.X, 4, true, true
	if which == hwdebug.HwWatch {
		a.Type = hwdebug.RW
	}
	ev, err = m.registerUserHwBreakpoint(&create{op: "ptrace_set", attr: a, task: t, cpu: -1, tracer: true})
	if err != nil {
		return nil, ofEntry("entry", which, idx, err)
	}
	t.ptrace[which][idx] = ev
	return ev, nil
}

// arch/arm64/kernel/ptrace.c: ptrace_hbp_set_addr
func (m *Machine) ptraceHbpSetAddr(t *Task, which hwdebug.PtraceSet, idx int, addr uint64) (err error) {
	defer m.exit(m.enter3(fnPtraceHbpSetAddr, pidArg(t), uint64(idx), addr), &err)
	ev, err := m.ptraceEvent(t, which, idx)
	if err != nil {
		return err
	}
	a := ev.attr
	a.Addr = addr
	return ofEntry("address of entry", which, idx, m.modifyUserHwBreakpoint(ev, a))
}

// ptraceHbpSetCtrl applies a control word. With E = 0 only disabled changes (R-PTR-8).
//
// arch/arm64/kernel/ptrace.c: ptrace_hbp_set_ctrl
func (m *Machine) ptraceHbpSetCtrl(t *Task, which hwdebug.PtraceSet, idx int, uctrl uint32) (err error) {
	defer m.exit(m.enter3(fnPtraceHbpSetCtrl, pidArg(t), uint64(idx), uint64(uctrl)), &err)
	ev, err := m.ptraceEvent(t, which, idx)
	if err != nil {
		return err
	}
	a := ev.attr
	ctrl := arm64.DecodeCtrl(uctrl)
	a.Disabled = !ctrl.Enabled
	if ctrl.Enabled {
		if found, fix := ptraceFillAttr(&a, which, ctrl); found != "" {
			return m.refuseEntry("ptrace_hbp_fill_attr_ctrl", "R-PTR-8", t, which, idx, found, fix)
		}
	}
	return ofEntry("control of entry", which, idx, m.modifyUserHwBreakpoint(ev, a))
}

// ptraceFillAttr sets type and length of a from a control word, and adds the BAS offset to its address
// (R-PTR-8, 10). If the word is invalid it returns why, and the fix.
//
// arch/arm64/kernel/ptrace.c: ptrace_hbp_fill_attr_ctrl
func ptraceFillAttr(a *hwdebug.Attr, which hwdebug.PtraceSet, ctrl arm64.Ctrl) (found, fix string) {
	if ctrl.Len == 0 {
		return "BAS selects no byte", "select 1 to 8 adjacent bytes"
	}
	offset := bits.TrailingZeros8(ctrl.Len)
	n, ok := arm64.MaskLen(ctrl.Len >> offset)
	if !ok {
		return sprintf("BAS 0x%02x has gaps", ctrl.Len), "select 1 to 8 adjacent bytes"
	}
	a.Type = [...]hwdebug.BPType{hwdebug.X, hwdebug.R, hwdebug.W, hwdebug.RW}[ctrl.Type&3]
	if (a.Type == hwdebug.X) != (which == hwdebug.HwBreak) {
		return sprintf("type %d is not valid in %s", ctrl.Type, setName(which)),
			"use type 0 for breakpoints, 1 to 3 for watchpoints"
	}
	a.Len = uint64(n)
	a.Addr += uint64(offset)
	return "", ""
}

// ptraceHbptriggered sends SIGTRAP to the current task; the kernel does not step (R-EXC-16, R-PTR-16). A
// 32-bit task gets the number of the entry in si_errno.
//
// arch/arm64/kernel/ptrace.c: ptrace_hbptriggered
func (m *Machine) ptraceHbptriggered(ev *Event, trigger uint64) {
	defer m.leave(m.enter1(fnPtraceHbptriggered, ev.arg()))
	t := m.cpu.curr
	s := &Siginfo{Signo: sigtrap, Code: trapHwbkpt, Addr: trigger}
	if t.compat {
		for i := range ptraceEntries {
			if t.ptrace[hwdebug.HwBreak][i] == ev {
				s.Errno = 2*i + 1
			}
			if t.ptrace[hwdebug.HwWatch][i] == ev {
				s.Errno = -(2*i + 1)
			}
		}
	}
	t.force(s)
}

// flushPtrace releases a task's ptrace events (R-PTR-14).
//
// arch/arm64/kernel/ptrace.c: flush_ptrace_hw_breakpoint
func (m *Machine) flushPtrace(t *Task) {
	defer m.leave(m.enter1(fnFlushPtraceHwBreakpoint, pidArg(t)))
	for which := range t.ptrace {
		for i, ev := range t.ptrace[which] {
			if ev != nil {
				t.ptrace[which][i] = nil
				m.unregisterHwBreakpoint(ev, m.prof.build != nil)
			}
		}
	}
}

// A tracerWidth is the width of a tracer that the machine does not have as a task.
type tracerWidth uint8

const (
	tracerCurrent tracerWidth = iota // the current task makes the request
	tracer64
	tracer32
)

// asTracer runs fn in the name of tracer, which is current on its CPU meanwhile; nil stands for a tracer that
// the machine does not have, of the given width.
func (m *Machine) asTracer(tracer *Task, compat bool, fn func() error) error {
	if tracer == nil {
		was := m.tracer
		m.tracer = tracer64
		if compat {
			m.tracer = tracer32
		}
		defer func() { m.tracer = was }()
		return fn()
	}
	if err := tracer.undisturbed("ptrace"); err != nil {
		return err
	}
	defer tracer.borrow()()
	if err := tracer.become(); err != nil {
		return err
	}
	prev := m.cpu
	m.cpu = m.cpus[tracer.cpu]
	defer func() { m.cpu = prev }()
	return fn()
}

// needsCompat returns EIO unless the tracer is a 32-bit task: others do not have its requests. The kernel
// looks at the request once the tracee has stopped.
func (m *Machine) needsCompat(tracer *Task, op string) error {
	if tracer == nil || tracer.compat {
		return nil
	}
	return m.refuse(&hwdebug.Error{
		Errno: syscall.EIO, Rule: "R-PTR-15", Fn: "ptrace_request", Op: op, Asked: sprintf("by %s", tracer),
		Found: "a 64-bit tracer does not have this request", Fix: "use a 32-bit tracer, or PTRACE_SETREGSET",
	})
}

// PtraceGetHBPRegs performs the request GETHBPREGS of a 32-bit tracer, nil for one that is not of this
// machine. Number 0 reads the resource info, a positive number the address (odd) or the control word (even)
// of a breakpoint, a negative number that of a watchpoint (R-PTR-15).
func (t *Task) PtraceGetHBPRegs(tracer *Task, num int) (v uint32, err error) {
	m := t.m
	err = m.asTracer(tracer, true, func() error {
		return t.stopped(func() (err error) {
			defer m.done(m.here())
			if err := m.needsCompat(tracer, "ptrace_gethbpregs"); err != nil {
				return err
			}
			v, err = m.hbpGet(t, num)
			return err
		})
	})
	return v, err
}

// hbpGet reads one register by its number.
//
// arch/arm64/kernel/ptrace.c: compat_ptrace_gethbpregs
func (m *Machine) hbpGet(t *Task, num int) (uint32, error) {
	if num == 0 {
		return uint32(m.version)<<24 | 8<<16 | uint32(m.wrps)<<8 | uint32(m.brps), nil
	}
	which, idx := hbpIndex(num)
	if idx >= ptraceEntries {
		return 0, m.refuseIndex("ptrace_get", t, which, idx)
	}
	reg := t.ptraceReg(which, idx)
	if num&1 != 0 {
		return uint32(reg.Addr), nil
	}
	return reg.Ctrl, nil
}

// PtraceSetHBPRegs performs the request SETHBPREGS of a 32-bit tracer, nil for one that is not of this
// machine; writing number 0 does nothing. The address is tested by the tracer's TASK_SIZE (R-VAL-12).
func (t *Task) PtraceSetHBPRegs(tracer *Task, num int, v uint32) error {
	m := t.m
	return m.asTracer(tracer, true, func() error {
		return t.stopped(func() error {
			defer m.done(m.here())
			if err := m.needsCompat(tracer, "ptrace_sethbpregs"); err != nil {
				return err
			}
			which, idx := hbpIndex(num)
			switch {
			case num == 0:
				return nil
			case num&1 != 0:
				return m.ptraceHbpSetAddr(t, which, idx, uint64(v))
			}
			return m.ptraceHbpSetCtrl(t, which, idx, v)
		})
	})
}

// hbpIndex returns the set and the entry of a register number.
func hbpIndex(num int) (which hwdebug.PtraceSet, idx int) {
	if num < 0 {
		return hwdebug.HwWatch, (-num - 1) / 2
	}
	return hwdebug.HwBreak, (num - 1) / 2
}

// Siginfo returns the siginfo of the last signal, nil before the first.
func (t *Task) Siginfo() *Siginfo { return t.siginfo }
