// Accesses: loads, stores and executed instructions, from the first attempt to completion or a signal (spec
// chapter 6).

package sim

import (
	"math/bits"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// maxTraps bounds the traps of one access. An access that exceeds it would trap forever.
const maxTraps = 1000

// An Access is one access in progress. Step drives it until it is performed or stopped.
type Access struct {
	m      *Machine
	task   *Task // nil for an access by the kernel
	kind   hwdebug.Kind
	addr   uint64
	size   int
	pc     uint64
	hasPC  bool
	value  uint64
	el     int  // exception level of the instruction
	unpriv bool // made by LDTR or STTR: checked as EL0 (R-REG-24)
	user   bool // goes to user memory, from either level

	traps   int
	wnr     bool // ESR_EL1.WnR: the syndrome reports a store (R-REG-20, 27)
	state   accessState
	skipped bool       // a handler skipped the instruction
	class   debugClass // of its last debug exception

	exclusive, svc bool
	atomic         AtomicOp
	lost           bool // a store exclusive found the monitor lost
}

type accessState uint8

const (
	accessPending accessState = iota
	accessPerformed
	accessDone
)

// checkAccess validates the size of a load or store.
func checkAccess(k hwdebug.Kind, size int) error {
	if k != hwdebug.Exec && (size < 1 || size > 64 || size&(size-1) != 0) {
		return misusef("invalid access size %d (want 1, 2, 4, 8, 16, 32 or 64)", size)
	}
	return nil
}

// access runs a to its end and returns the value that a load read.
func (m *Machine) access(a *Access) (uint64, error) {
	for {
		done, err := a.Step()
		if err != nil {
			return 0, err
		}
		if done {
			return a.value, nil
		}
	}
}

// Step runs the access to its next debug exception or to its end. Between two steps the task may be
// switched out and in again. An error ends the access: a *Signal if a signal stopped it, otherwise the
// error of a handler.
func (a *Access) Step() (done bool, err error) {
	if a.m.closed {
		return false, ErrClosed
	}
	switch a.state {
	case accessPending:
		if a.quiet() {
			a.perform()
			a.state = accessDone
			return true, nil
		}
		err := a.attempt()
		if err != nil {
			a.state = accessDone
		}
		return false, err
	case accessPerformed:
		a.state = accessDone
		err := a.stepException()
		if err == nil {
			err = a.takeSignals()
		}
		return err == nil, err
	}
	return true, nil
}

// quiet reports whether the access certainly does not trap: no armed pair is near it and no step is
// pending. It is the fast path of Step, and may return false for an access that attempt then performs.
func (a *Access) quiet() bool {
	c := a.m.cpu
	if a.task != nil {
		c = a.m.cpus[a.task.cpu]
		if a.task.singleStep || len(a.task.signals) > 0 {
			return false
		}
	} else if c.steppingKernel != stepNone {
		return false
	}
	if c.mdscr&arm64.MDSCRMDE == 0 && c.fired == 0 {
		return true
	}
	if a.kind == hwdebug.Exec || a.hasPC {
		if c.armedB != 0 {
			return false
		}
	}
	return a.kind == hwdebug.Exec || c.fired == 0 && !c.near(a.addr, a.size)
}

// attempt executes the instruction once: the access is performed, or its first debug exception is handled.
// A breakpoint on the instruction comes before a watchpoint on its data.
func (a *Access) attempt() error {
	m := a.m
	c := m.cpu
	if a.task != nil {
		if err := a.task.become(); err != nil {
			return err
		}
		c = m.cpus[a.task.cpu]
		if prev := m.cpu; prev != c { // a body of c itself may continue on another CPU after its trap
			m.cpu = c
			defer func() { m.cpu = prev }()
		}
	}
	if err := m.interrupted(); err != nil {
		return err
	}
	if err := a.takeSignals(); err != nil {
		return err
	}
	if a.skipped {
		a.state = accessDone
		return nil
	}
	if (a.kind == hwdebug.Exec || a.hasPC) && a.enabled(c, a.el) && a.breakpointMatches(c) {
		if err := c.halts("breakpoint"); err != nil {
			return err
		}
		return a.trap(c, debugBreakpoint, func() error { return m.breakpointHandler(a) })
	}
	if a.kind != hwdebug.Exec {
		el := a.el
		if a.unpriv {
			el = 0
		}
		if first, ok := a.watchpointFires(c, el); ok {
			if err := c.halts("watchpoint"); err != nil {
				return err
			}
			return a.trap(c, debugWatchpoint, func() error {
				return m.watchpointHandler(a, a.reported(first))
			})
		}
	}
	a.perform()
	a.state = accessDone
	if a.svc {
		m.syscallExit(a)
		if err := a.takeSignals(); err != nil {
			return err
		}
	}
	if a.stepPending(c) {
		a.state = accessPerformed
	}
	return nil
}

// enabled reports whether c takes debug exceptions from el (R-REG-19).
func (a *Access) enabled(c *CPU, el int) bool {
	if c.mdscr&arm64.MDSCRMDE == 0 || c.osLock {
		return false
	}
	return el == 0 || c.mdscr&arm64.MDSCRKDE != 0 && c.masked == 0
}

// breakpointMatches reports whether an armed breakpoint of c matches the instruction.
func (a *Access) breakpointMatches(c *CPU) bool {
	for left := c.armedB; left != 0; left &= left - 1 {
		i := bits.TrailingZeros16(left)
		value, ctrl := c.reg[arm64.BVR+i], arm64.DBGBCR(c.reg[arm64.BCR+i])
		if arm64.MatchBreakpoint(value, ctrl, a.pc, c.m.matchLevel(a.el)) {
			return true
		}
	}
	return false
}

// matchLevel returns the architectural exception level of code at el: a VHE kernel runs at EL2.
func (m *Machine) matchLevel(el int) int {
	if el == 1 && m.cfg.VHE {
		return 2
	}
	return el
}

// watchpointFires reports whether a watchpoint of c traps the access, and the first byte that it watches.
// If several match, the one written longest ago fires (R-REG-23).
func (a *Access) watchpointFires(c *CPU, el int) (first uint64, ok bool) {
	a.wnr = a.kind == hwdebug.Store
	if c.stale {
		return a.staleFires(c, el)
	}
	slot := 0
	for left := c.armedW; left != 0; left &= left - 1 {
		i := bits.TrailingZeros16(left)
		at, match := a.matches(c, i, el)
		if match && (!ok || c.wrote[i] < c.wrote[slot]) {
			slot, first, ok = i, at, true
		}
	}
	return first, ok && a.enabled(c, a.el)
}

// staleFires replaces watchpointFires on a core whose pairs keep the kind of access that they last fired
// for (R-REG-27). The core compares the pairs in the order in which they were written. A pair that does not
// match forgets its kind; the pairs behind the one that fires are not compared. Nothing is compared unless
// the access touches a 4 KB page with an armed pair.
func (a *Access) staleFires(c *CPU, el int) (first uint64, ok bool) {
	page := func(addr uint64) uint64 { return addr &^ 0xfff }
	touched := false
	for left := c.armedW; left != 0; left &= left - 1 {
		p := page(c.reg[arm64.WVR+bits.TrailingZeros16(left)])
		touched = touched || p == page(a.addr) || p == page(a.addr+uint64(a.size)-1)
	}
	if !touched {
		return 0, false
	}
	enabled := a.enabled(c, a.el)
	for left := c.armedW; left != 0; {
		i := c.oldest(left)
		left &^= 1 << i
		at, match := a.matches(c, i, el)
		if !match || !enabled {
			c.forget(i)
			continue
		}
		c.fired |= 1 << i
		if a.wnr {
			c.stored |= 1 << i
		}
		a.wnr = c.stored>>i&1 != 0
		return at, true
	}
	return 0, false
}

// matches reports whether watchpoint pair i of c watches the access made at el, and the first byte that it
// watches.
func (a *Access) matches(c *CPU, i, el int) (first uint64, ok bool) {
	if a.atomic != AtomicNone {
		return a.atomicMatches(c, i, el)
	}
	return arm64.MatchWatchpoint(c.reg[arm64.WVR+i], arm64.DBGWCR(c.reg[arm64.WCR+i]), a.addr, a.size,
		a.kind == hwdebug.Store, c.m.matchLevel(el))
}

// oldest returns the pair of a non-empty set that was written longest ago.
func (b *bank) oldest(set uint16) int {
	oldest := bits.TrailingZeros16(set)
	for left := set & (set - 1); left != 0; left &= left - 1 {
		if i := bits.TrailingZeros16(left); b.wrote[i] < b.wrote[oldest] {
			oldest = i
		}
	}
	return oldest
}

// reported returns the value of FAR_EL1 by the machine's policy (R-REG-23); first is the first watched byte.
func (a *Access) reported(first uint64) uint64 {
	switch a.m.cfg.FAR {
	case "start":
		return a.addr
	case "floor16":
		return a.addr &^ 15
	case "above":
		return a.addr + uint64(a.size) - 1
	}
	return first
}

// perform loads or stores the access's bytes.
func (a *Access) perform() {
	m := a.m
	if a.kind == hwdebug.Exec {
		return
	}
	mem, addr := &m.kernelMem, a.addr
	if a.user {
		t := a.task
		if t == nil {
			t = m.cpu.curr
		}
		addr &= addrBits
		if t.mem != nil {
			mem = t.mem
		}
	}
	if m.tracking {
		m.touchMemory(mem, addr, a.size, a.kind == hwdebug.Store)
	}
	c := m.cpu
	if a.task != nil {
		c = m.cpus[a.task.cpu]
	}
	a.complete(c, mem, addr)
}

// trap takes one debug exception on c. Afterwards a pending signal ends the access, a handler may have
// skipped its instruction, and otherwise the access is attempted again.
func (a *Access) trap(c *CPU, class debugClass, handle func() error) error {
	m := a.m
	m.touchAll()
	a.class = class
	if a.traps++; a.traps > maxTraps {
		return misusef("the %s at 0x%016x traps again whenever it is resumed (%d times): %s",
			a.kind, a.addr, maxTraps, a.culprit(c))
	}
	if a.task == nil {
		defer m.done(m.visit(c))
	}
	c.openMonitor()
	node := c.node
	if a.task != nil {
		c.node = 0
	}
	m.trapped++
	c.masked++ // PSTATE.D is set on entry to the handler
	masker := c.masker
	c.masker = m.thread
	was := c.enterContext(inDebug)
	k := m.debugEntry(a.el, class)
	err := handle()
	m.leaveAll(k)
	c.runState = was
	c.masked--
	c.masker = masker
	m.trapped--
	c.node = node
	if len(c.raised) > 0 && !c.irqsOff && (a.task != nil || a.user || c.steppingKernel == stepNone) {
		if e := m.irqWorkRun(); err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	if err := a.takeSignals(); err != nil {
		return err
	}
	if a.skipped {
		a.state = accessDone
		if a.stepPending(c) {
			a.state = accessPerformed // another match requested a step, of the next instruction
		}
		return nil
	}
	if m.chooser != nil && a.task != nil && m.thread != nil && m.thread.task == a.task && m.lent == 0 {
		if err := m.pointHere(m.thread, PlaceStep); err != nil {
			return err
		}
		return a.takeSignals()
	}
	return nil
}

// culprit returns why the access traps forever, and the fix.
func (a *Access) culprit(c *CPU) string {
	slots := &c.wpOnReg
	if a.kind == hwdebug.Exec {
		slots = &c.bpOnReg
	}
	for _, ev := range slots {
		if ev != nil && ev.tracer {
			return ev.describe() +
				" was made by ptrace, and this kernel does not step over it (R-EXC-11, R-PTR-16)"
		}
		if ev != nil && ev.handler != nil {
			return ev.describe() + " has its own handler, so the kernel does not step over it; " +
				"fix: disable the event in the handler, or skip the instruction"
		}
	}
	return "the matching register belongs to no event, so the kernel does not disable it for a step; " +
		"fix: clear its control register"
}

// stepPending reports whether a step exception follows the instruction that has just completed on c.
func (a *Access) stepPending(c *CPU) bool {
	if c.osLock {
		return false
	}
	if a.task != nil {
		return a.task.singleStep
	}
	return c.mdscr&arm64.MDSCRSS != 0 && c.mdscr&arm64.MDSCRKDE != 0 && c.masked == 0
}

// takeSignals has the task take its signals on the way back to the instruction. An error ends the access: the
// task was killed or stopped (R-EXC-16, R-PTR-17, R-SIG-5).
func (a *Access) takeSignals() error {
	if a.task == nil || len(a.task.signals) == 0 {
		return nil
	}
	err := a.m.returnToUser(a.task, a.m.fromDebugNode[a.class])
	if err != nil {
		a.state = accessDone
	}
	if a.task.skip {
		a.task.skip, a.skipped = false, true
	}
	return err
}

// user prepares an access by t in user mode and makes t current on its CPU.
func (t *Task) user(k hwdebug.Kind, addr uint64, size int, value uint64) (*Access, error) {
	if err := checkAccess(k, size); err != nil {
		return nil, err
	}
	if t.kernel {
		return nil, misusef("%s is a kernel thread and has no user memory", t.comm)
	}
	if t.jobStop && (t.thread == nil || t.thread != t.m.thread) {
		return nil, misusef("%s is stopped by a signal; fix: send it SIGCONT", t)
	}
	if err := t.become(); err != nil {
		return nil, err
	}
	if t.m.chooser != nil || t.m.thread != nil {
		if err := t.m.preemptFor(); err != nil {
			return nil, err
		}
	}
	if t.thread != t.m.thread {
		t.m.touchAll()
	}
	a := t.m.newAccess()
	a.task, a.kind, a.addr, a.size, a.value, a.user = t, k, addr, size, value, true
	a.atInstruction()
	return a, nil
}

// newAccess returns an access of m. Its caller may give it back in m.spare.accesses when it has ended.
func (m *Machine) newAccess() *Access {
	a := pop(&m.spare.accesses)
	if a == nil {
		a = new(Access)
	}
	*a = Access{m: m}
	return a
}

// atInstruction sets the pc of an access that executes an instruction, and its size.
func (a *Access) atInstruction() {
	if a.kind == hwdebug.Exec {
		a.pc, a.hasPC, a.size = a.addr, true, 4
	}
}

// Begin prepares one access by the task in user mode, to be run by Step. pc is the address of the
// instruction; with 0 no breakpoint matches it.
func (t *Task) Begin(k hwdebug.Kind, addr uint64, size int, value, pc uint64) (*Access, error) {
	a, err := t.user(k, addr, size, value)
	if err == nil && pc != 0 {
		a.pc, a.hasPC = pc, true
	}
	return a, err
}

// quiet reports whether a data access on c certainly does not trap and nothing else can happen meanwhile,
// so that it amounts to an access to memory.
func (c *CPU) quiet(addr uint64, size int) bool {
	return size > 0 && size <= 8 && size&(size-1) == 0 && c.online && !c.suspended && !c.m.closed &&
		c.m.chooser == nil && c.fired == 0 && c.m.monitors == 0 &&
		(c.mdscr&arm64.MDSCRMDE == 0 || !c.near(addr, size)) && c.m.shortTurn()
}

// quiet reports the same for an access by the task in user mode.
func (t *Task) quiet(addr uint64, size int) bool {
	c := t.m.cpus[t.cpu]
	return c.curr == t && t.mem != nil && !t.singleStep && len(t.signals) == 0 && c.quiet(addr, size)
}

// Load reads size bytes (1 to 64, a power of two) at addr as the task in user mode and returns the low 8.
func (t *Task) Load(addr uint64, size int) (uint64, error) {
	if t.quiet(addr, size) {
		return t.mem.load(addr&addrBits, size), nil
	}
	return t.access(hwdebug.Load, addr, size, 0)
}

// Store writes the low size bytes of v at addr as the task in user mode.
func (t *Task) Store(addr uint64, size int, v uint64) error {
	if t.quiet(addr, size) {
		t.mem.store(addr&addrBits, size, v)
		return nil
	}
	_, err := t.access(hwdebug.Store, addr, size, v)
	return err
}

// Exec executes the instruction at addr as the task in user mode.
func (t *Task) Exec(addr uint64) error {
	_, err := t.access(hwdebug.Exec, addr, 0, 0)
	return err
}

// access runs one access by the task in user mode to its end.
func (t *Task) access(k hwdebug.Kind, addr uint64, size int, value uint64) (uint64, error) {
	defer t.borrow()()
	a, err := t.user(k, addr, size, value)
	if err != nil {
		return 0, err
	}
	v, err := t.m.access(a)
	t.m.spare.accesses = append(t.m.spare.accesses, a)
	return v, err
}

// kernelAccess runs an access by the kernel on c; user accesses go to the memory of c's current task.
func (c *CPU) kernelAccess(k hwdebug.Kind, addr uint64, size int, value uint64, user bool) (uint64, error) {
	a := c.m.newAccess()
	a.kind, a.addr, a.size, a.value, a.user = k, addr, size, value, user
	v, err := c.kernelRun(a, func(*Access) error { return nil })
	c.m.spare.accesses = append(c.m.spare.accesses, a)
	return v, err
}

// kernelRun runs a in the kernel on c, after apply has completed it.
func (c *CPU) kernelRun(a *Access, apply func(*Access) error) (uint64, error) {
	if err := checkAccess(a.kind, a.size); err != nil {
		return 0, err
	}
	if err := apply(a); err != nil {
		return 0, err
	}
	if err := c.usable(); err != nil {
		return 0, err
	}
	m := c.m
	if m.thread != nil {
		if err := m.preemptFor(); err != nil {
			return 0, err
		}
	} else {
		m.noPoint()
	}
	if a.user || a.kind == hwdebug.Exec {
		m.touchAll()
	}
	prev := m.cpu
	m.cpu = c
	defer func() { m.cpu = prev }()
	if a.user && !c.curr.kernel && !m.userRange(a.addr, a.size) {
		op := "put_user"
		if a.kind == hwdebug.Load {
			op = "get_user"
		}
		return 0, m.refuse(&hwdebug.Error{
			Errno: syscall.EFAULT, Rule: "R-EXC-17", Fn: op, Op: op,
			Asked: sprintf("%d bytes at 0x%016x for %s", a.size, a.addr, c.curr),
			Found: "not user memory", Fix: "use addresses below TASK_SIZE",
		})
	}
	a.m, a.el = m, 1
	a.unpriv = a.user && (m.prof.uaccessUnpriv || m.uao)
	a.atInstruction()
	loaded, err := m.access(a)
	if len(c.raised) > 0 && c.masked == 0 && !c.irqsOff {
		defer m.done(m.visit(c))
		if e := m.irqWorkRun(); err == nil {
			err = e
		}
	}
	return loaded, err
}

// userRange reports whether the bytes lie below TASK_SIZE of the current task (access_ok).
func (m *Machine) userRange(addr uint64, size int) bool {
	limit := m.callerTaskSize()
	return addr < limit && uint64(size) <= limit-addr
}

// Load reads size bytes at addr in the kernel (EL1) on this CPU.
func (c *CPU) Load(addr uint64, size int) (uint64, error) {
	if c.steppingKernel == stepNone && c.quiet(addr, size) {
		return c.m.kernelMem.load(addr, size), nil
	}
	return c.kernelAccess(hwdebug.Load, addr, size, 0, false)
}

// Store writes the low size bytes of v at addr in the kernel on this CPU.
func (c *CPU) Store(addr uint64, size int, v uint64) error {
	if c.steppingKernel == stepNone && c.quiet(addr, size) {
		c.m.kernelMem.store(addr, size, v)
		return nil
	}
	_, err := c.kernelAccess(hwdebug.Store, addr, size, v, false)
	return err
}

// Exec executes the kernel instruction at addr on this CPU.
func (c *CPU) Exec(addr uint64) error {
	_, err := c.kernelAccess(hwdebug.Exec, addr, 0, 0, false)
	return err
}

// GetUser reads user memory of the CPU's current task in the kernel on its behalf (R-EXC-17).
func (c *CPU) GetUser(addr uint64, size int) (uint64, error) {
	return c.kernelAccess(hwdebug.Load, addr, size, 0, true)
}

// PutUser writes user memory of the CPU's current task in the kernel on its behalf.
func (c *CPU) PutUser(addr uint64, size int, v uint64) error {
	_, err := c.kernelAccess(hwdebug.Store, addr, size, v, true)
	return err
}
