// Accesses: loads, stores and executed instructions, until they are performed or stopped (spec chapter 6).

package sim

import (
	"math/bits"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// maxTraps is how often one access may come back to custom handlers before the machine says that it always will.
const maxTraps = 1000

// An Access is one access in progress. It is performed, or stopped, by calling Step until done.
type Access struct {
	m      *Machine
	task   *Task // of a user access
	kind   hwdebug.Kind
	addr   uint64
	size   int
	pc     uint64
	hasPC  bool
	value  uint64
	el     int  // of the code that makes it
	unpriv bool // LDTR or STTR: judged as EL0 (R-REG-24)
	user   bool // of user memory, whoever makes it

	traps   int
	wnr     bool // the syndrome calls it a store (R-REG-20, 27)
	state   accessState
	skipped bool // its instruction was passed over
}

type accessState uint8

const (
	accessPending accessState = iota
	accessPerformed
	accessDone
)

// Siginfo is what a SIGTRAP carries.
type Siginfo struct {
	Code  int // TRAP_BRKPT 1, TRAP_TRACE 2, TRAP_HWBKPT 4
	Addr  uint64
	Errno int
}

const (
	trapTrace  = 2
	trapHwbkpt = 4
)

// CodeName returns the name of si_code.
func (s *Siginfo) CodeName() string {
	switch s.Code {
	case trapTrace:
		return "TRAP_TRACE"
	case trapHwbkpt:
		return "TRAP_HWBKPT"
	}
	return "TRAP_BRKPT"
}

// A Signal is the answer to an access that a signal stopped: it was not performed, except under TRAP_TRACE, which comes
// after the instruction.
type Signal struct {
	Name string // "SIGTRAP"
	Info Siginfo
	comm string
	pid  int
}

func (s *Signal) Error() string {
	if s.Info.Code == trapTrace {
		return sprintf("task %s (pid %d) performed the access and was then stopped by %s (%s)", s.comm, s.pid, s.Name, s.Info.CodeName())
	}
	return sprintf("task %s (pid %d) was stopped by %s (%s) at 0x%016x and did not perform the access",
		s.comm, s.pid, s.Name, s.Info.CodeName(), s.Info.Addr)
}

func checkAccess(k hwdebug.Kind, size int) error {
	if k == hwdebug.Exec {
		return nil
	}
	switch size {
	case 1, 2, 4, 8, 16:
		return nil
	}
	return misusef("an access of %d bytes; one access has 1, 2, 4, 8 or 16", size)
}

// access performs a to its end.
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

// Value returns what a finished load read.
func (a *Access) Value() uint64 { return a.value }

// Step goes on to the next debug exception, or to the end of the access. Between two steps the task can be switched out
// and in again. An error ends the access: a *Signal when a signal stopped it, or what a handler returned.
func (a *Access) Step() (done bool, err error) {
	m := a.m
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
		if err == nil && a.task != nil {
			err = m.deliver(a)
		}
		return err == nil, err
	}
	return true, nil
}

// quiet reports, quickly, that the access meets nothing: no armed pair can match and no step is pending.
func (a *Access) quiet() bool {
	c := a.m.cpu
	if a.task != nil {
		c = a.m.cpus[a.task.cpu]
		if a.task.singleStep || a.task.stopSignal != nil {
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

// attempt lets the processor try the access once: it is performed, or a debug exception is taken.
func (a *Access) attempt() error {
	m := a.m
	c := m.cpu
	if a.task != nil {
		if err := a.task.become(); err != nil {
			return err
		}
		c = m.cpus[a.task.cpu]
		if prev := m.cpu; prev != c { // else the body may go on elsewhere after its trap
			m.cpu = c
			defer func() { m.cpu = prev }()
		}
	}
	if err := m.interrupted(); err != nil {
		return err
	}
	if (a.kind == hwdebug.Exec || a.hasPC) && a.enabled(c, a.el) && a.breakpointMatches(c) {
		return a.trap(c, func() error { return m.breakpointException(a) })
	}
	if a.kind != hwdebug.Exec {
		el := a.el
		if a.unpriv {
			el = 0
		}
		if first, ok := a.watchpointFires(c, el); ok {
			return a.trap(c, func() error { return m.watchpointException(a, a.reported(first)) })
		}
	}
	a.perform()
	a.state = accessDone
	if a.stepPending(c) {
		a.state = accessPerformed
	}
	return nil
}

// enabled reports whether debug exceptions are taken from that level (R-REG-19).
func (a *Access) enabled(c *CPU, el int) bool {
	if c.mdscr&arm64.MDSCRMDE == 0 {
		return false
	}
	return el == 0 || c.mdscr&arm64.MDSCRKDE != 0 && c.masked == 0
}

func (a *Access) breakpointMatches(c *CPU) bool {
	for left := c.armedB; left != 0; left &= left - 1 {
		i := bits.TrailingZeros16(left)
		if arm64.MatchBreakpoint(c.reg[arm64.BVR+i], arm64.DBGBCR(c.reg[arm64.BCR+i]), a.pc, c.m.matchLevel(a.el)) {
			return true
		}
	}
	return false
}

// matchLevel is the exception level of the architecture: a VHE kernel runs at EL2.
func (m *Machine) matchLevel(el int) int {
	if el == 1 && m.cfg.VHE {
		return 2
	}
	return el
}

// watchpointFires returns the first byte of the access that a watchpoint watches, if the exception may be taken; where
// several match, that of the one written longest ago (R-REG-23).
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

// staleFires is watchpointFires on a CPU that remembers what a pair has fired for (R-REG-27): pairs are looked at in the
// order in which they were written, those without a match are forgotten, and those behind the one that fires are not
// looked at. It does not look at all unless an armed pair lies in a 4 KB page that the access touches.
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

// matches compares the access with watchpoint pair i.
func (a *Access) matches(c *CPU, i, el int) (first uint64, ok bool) {
	return arm64.MatchWatchpoint(c.reg[arm64.WVR+i], arm64.DBGWCR(c.reg[arm64.WCR+i]), a.addr, a.size,
		a.kind == hwdebug.Store, c.m.matchLevel(el))
}

// oldest is the pair of a set that was written longest ago.
func (b *bank) oldest(set uint16) int {
	oldest := bits.TrailingZeros16(set)
	for left := set & (set - 1); left != 0; left &= left - 1 {
		if i := bits.TrailingZeros16(left); b.wrote[i] < b.wrote[oldest] {
			oldest = i
		}
	}
	return oldest
}

// reported is what FAR_EL1 holds, by the machine's policy (R-REG-23).
func (a *Access) reported(first uint64) uint64 {
	switch a.m.far {
	case farStart:
		return a.addr
	case farFloor16:
		return a.addr &^ 15
	}
	return first
}

// perform does the access on memory.
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
	if a.kind == hwdebug.Load {
		a.value = mem.load(addr, min(a.size, 8))
	} else {
		mem.store(addr, min(a.size, 8), a.value)
		if a.size == 16 {
			mem.store(addr+8, 8, 0)
		}
	}
}

// trap takes one debug exception and decides what becomes of the access afterwards.
func (a *Access) trap(c *CPU, handle func() error) error {
	m := a.m
	if a.traps++; a.traps > maxTraps {
		return misusef("the %s at 0x%016x traps again and again (%d times): %s", a.kind, a.addr, maxTraps, a.culprit(c))
	}
	if a.task == nil {
		defer m.done(m.visit(c))
	}
	node := c.node
	if a.task != nil {
		c.node = 0
	}
	m.trapped++
	c.masked++ // PSTATE.D is set on entry to the handler
	err := handle()
	c.masked--
	m.trapped--
	c.node = node
	if err != nil {
		return err
	}
	if a.task != nil && a.task.stopSignal != nil {
		return m.deliver(a)
	}
	if a.skipped {
		a.state = accessDone
		if a.stepPending(c) {
			a.state = accessPerformed // another match wanted a step: it is of the instruction that follows
		}
		return nil
	}
	if a.task != nil && m.chooser != nil && m.thread != nil && m.thread.task == a.task && m.choose(ChoiceStep, 2) == 1 {
		c.runq = append(c.runq, m.thread)
		m.pause(m.thread, threadReady)
	}
	return nil
}

// culprit says why an access never gets past its trap, and how to mend it.
func (a *Access) culprit(c *CPU) string {
	slots := &c.wpOnReg
	if a.kind == hwdebug.Exec {
		slots = &c.bpOnReg
	}
	for _, ev := range slots {
		if ev != nil && ev.tracer {
			return ev.describe() + " was made by ptrace, and this kernel steps over it neither for the tracer nor for itself (R-EXC-11, R-PTR-16)"
		}
		if ev != nil && ev.handler != nil {
			return ev.describe() + " has a handler of its own, so the kernel does not step over it; disable the event in the handler, or skip the instruction"
		}
	}
	return "the register that matches belongs to no event, so the kernel does not switch it off for a step; clear its control register"
}

// stepPending reports whether the instruction that has just completed is followed by a step exception.
func (a *Access) stepPending(c *CPU) bool {
	if a.task != nil {
		return a.task.singleStep
	}
	return c.mdscr&arm64.MDSCRSS != 0 && c.mdscr&arm64.MDSCRKDE != 0 && c.masked == 0
}

// deliver stops the task by its pending signal (R-EXC-16, R-PTR-17).
func (m *Machine) deliver(a *Access) error {
	t := a.task
	s := t.stopSignal
	if s == nil {
		return nil
	}
	t.stopSignal = nil
	t.siginfo = s
	a.state = accessDone
	m.trapStop(t)
	return &Signal{Name: "SIGTRAP", Info: *s, comm: t.comm, pid: t.pid}
}

// user prepares an access by t in user mode, which switches its CPU to it.
func (t *Task) user(k hwdebug.Kind, addr uint64, size int, value uint64) (*Access, error) {
	if err := checkAccess(k, size); err != nil {
		return nil, err
	}
	if t.kernel {
		return nil, misusef("%s is a kernel thread; it has no user memory", t.comm)
	}
	if err := t.become(); err != nil {
		return nil, err
	}
	if t.m.chooser != nil || t.m.thread != nil {
		if err := t.m.preempt(); err != nil {
			return nil, err
		}
	}
	a := &Access{m: t.m, task: t, kind: k, addr: addr, size: size, value: value, user: true}
	if k == hwdebug.Exec {
		a.pc, a.hasPC = addr, true
	}
	return a, nil
}

// Begin prepares one access by the task in user mode that is performed by calling Step. pc is the address of the
// instruction that makes it, 0 where it has none.
func (t *Task) Begin(k hwdebug.Kind, addr uint64, size int, value, pc uint64) (*Access, error) {
	a, err := t.user(k, addr, size, value)
	if err == nil && pc != 0 {
		a.pc, a.hasPC = pc, true
	}
	return a, err
}

// quiet reports whether a data access by code on c meets nothing, so that it is only an access to memory.
func (c *CPU) quiet(addr uint64, size int) bool {
	return size <= 8 && c.online && !c.suspended && c.m.chooser == nil && c.fired == 0 && (c.mdscr&arm64.MDSCRMDE == 0 || !c.near(addr, size)) && c.m.shortTurn()
}

// quiet is the same for the task in user mode.
func (t *Task) quiet(addr uint64, size int) bool {
	c := t.m.cpus[t.cpu]
	return c.curr == t && t.mem != nil && !t.singleStep && t.stopSignal == nil && c.quiet(addr, size)
}

// Load reads size bytes (1, 2, 4, 8 or 16, of which the low 8 are returned) at addr as the task in user mode.
func (t *Task) Load(addr uint64, size int) (uint64, error) {
	if size > 0 && size&(size-1) == 0 && t.quiet(addr, size) {
		return t.mem.load(addr&addrBits, size), nil
	}
	defer t.borrow()()
	a, err := t.user(hwdebug.Load, addr, size, 0)
	if err != nil {
		return 0, err
	}
	return t.m.access(a)
}

// Store writes the low size bytes of v at addr as the task in user mode.
func (t *Task) Store(addr uint64, size int, v uint64) error {
	if size > 0 && size&(size-1) == 0 && t.quiet(addr, size) {
		t.mem.store(addr&addrBits, size, v)
		return nil
	}
	defer t.borrow()()
	a, err := t.user(hwdebug.Store, addr, size, v)
	if err != nil {
		return err
	}
	_, err = t.m.access(a)
	return err
}

// Exec executes the instruction at addr as the task in user mode.
func (t *Task) Exec(addr uint64) error {
	defer t.borrow()()
	a, err := t.user(hwdebug.Exec, addr, 4, 0)
	if err != nil {
		return err
	}
	_, err = t.m.access(a)
	return err
}

// kernelAccess performs an access of kernel code on the CPU, or on behalf of its current task.
func (c *CPU) kernelAccess(k hwdebug.Kind, addr uint64, size int, value uint64, user bool) (uint64, error) {
	if err := checkAccess(k, size); err != nil {
		return 0, err
	}
	if err := c.usable(); err != nil {
		return 0, err
	}
	m := c.m
	if m.thread != nil {
		if err := m.preempt(); err != nil {
			return 0, err
		}
	}
	prev := m.cpu
	m.cpu = c
	if user && !c.curr.kernel && !m.userRange(addr, size) {
		op := "put_user"
		if k == hwdebug.Load {
			op = "get_user"
		}
		m.cpu = prev
		return 0, m.refuse(&hwdebug.Error{
			Errno: syscall.EFAULT, Rule: "R-EXC-17", Fn: op, Op: op,
			Asked: sprintf("%d bytes at 0x%016x for %s", size, addr, c.curr),
			Found: "not user memory", Fix: "use addresses below TASK_SIZE",
		})
	}
	a := &Access{m: m, kind: k, addr: addr, size: size, value: value, el: 1, user: user}
	a.unpriv = user && (m.prof.uaccessUnpriv || m.preset.UAO)
	if k == hwdebug.Exec {
		a.pc, a.hasPC = addr, true
	}
	v, err := m.access(a)
	m.cpu = prev
	return v, err
}

// userRange reports whether the bytes lie in the current task's half of the address space, as access_ok asks.
func (m *Machine) userRange(addr uint64, size int) bool {
	limit := m.callerTaskSize()
	return addr < limit && uint64(size) <= limit-addr
}

// Load reads size bytes at addr in the kernel (EL1) on this CPU.
func (c *CPU) Load(addr uint64, size int) (uint64, error) {
	if size > 0 && size&(size-1) == 0 && c.steppingKernel == stepNone && c.quiet(addr, size) {
		return c.m.kernelMem.load(addr, size), nil
	}
	return c.kernelAccess(hwdebug.Load, addr, size, 0, false)
}

// Store writes the low size bytes of v at addr in the kernel on this CPU.
func (c *CPU) Store(addr uint64, size int, v uint64) error {
	if size > 0 && size&(size-1) == 0 && c.steppingKernel == stepNone && c.quiet(addr, size) {
		c.m.kernelMem.store(addr, size, v)
		return nil
	}
	_, err := c.kernelAccess(hwdebug.Store, addr, size, v, false)
	return err
}

// Exec executes the kernel instruction at addr on this CPU.
func (c *CPU) Exec(addr uint64) error {
	_, err := c.kernelAccess(hwdebug.Exec, addr, 4, 0, false)
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
