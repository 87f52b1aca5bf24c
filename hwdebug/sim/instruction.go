// Instructions beyond plain loads and stores: exclusives, atomics, dc zva, system calls, and their addresses.

package sim

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// AccessOptions say more about the instruction of an access.
type AccessOptions struct {
	PC        uint64 // its address; 0: unknown, and no breakpoint matches it
	Exclusive bool   // a load or store exclusive (R-REG-29)
	ZVA       bool   // dc zva: the block of 64 bytes that contains the address becomes 0 (R-REG-30)
	SVC       bool   // of an executed instruction: it is a system call (R-STEP-16)
}

// zvaBlock is the size of a block of dc zva.
const zvaBlock = 64

// apply validates o for the access, which it completes.
func (o *AccessOptions) apply(a *Access) error {
	switch {
	case o.SVC && a.kind != hwdebug.Exec:
		return misusef("svc is an option of exec, not of a %s", a.kind)
	case (o.Exclusive || o.ZVA) && a.kind == hwdebug.Exec:
		return misusef("an executed instruction makes no access; exclusive and zva are " +
			"options of load and store")
	case o.Exclusive && (a.size > 16 || a.addr%uint64(a.size) != 0):
		return misusef("invalid exclusive access of %d bytes at 0x%x (want at most 16, "+
			"aligned to their number)",
			a.size, a.addr)
	case o.ZVA && (a.kind != hwdebug.Store || a.size != zvaBlock || o.Exclusive):
		return misusef("dc zva is a store of %d bytes", zvaBlock)
	case o.PC != 0 && a.kind == hwdebug.Exec:
		return misusef("the pc of an executed instruction is its address")
	}
	a.exclusive, a.svc = o.Exclusive, o.SVC
	if o.ZVA {
		a.addr &^= zvaBlock - 1
		a.value = 0
	}
	if o.PC != 0 {
		a.pc, a.hasPC = o.PC, true
	}
	return nil
}

// Access performs one access by the task in user mode and returns the value that a load read. done is false
// for a store exclusive that found the monitor lost, and stored nothing.
func (t *Task) Access(k hwdebug.Kind, addr uint64, size int, value uint64, o AccessOptions) (
	v uint64, done bool, err error) {
	defer t.borrow()()
	a, err := t.user(k, addr, size, value)
	if err == nil {
		err = o.apply(a)
	}
	if err != nil {
		return 0, false, err
	}
	v, err = t.m.access(a)
	return v, err == nil && !a.lost, err
}

// Access performs one access in the kernel on this CPU, as Task.Access does in user mode.
func (c *CPU) Access(k hwdebug.Kind, addr uint64, size int, value uint64, o AccessOptions) (
	v uint64, done bool, err error) {
	a := &Access{kind: k, addr: addr, size: size, value: value}
	v, err = c.kernelRun(a, o.apply)
	return v, err == nil && !a.lost, err
}

// An AtomicOp is the operation of an atomic instruction.
type AtomicOp uint8

const (
	AtomicNone AtomicOp = iota
	AtomicAdd           // ldadd
	AtomicSwp           // swp
	AtomicSet           // ldset: or
	AtomicClr           // ldclr: and not
	AtomicEor           // ldeor
)

// result returns what the operation leaves in memory.
func (op AtomicOp) result(old, v uint64) uint64 {
	switch op {
	case AtomicAdd:
		return old + v
	case AtomicSet:
		return old | v
	case AtomicClr:
		return old &^ v
	case AtomicEor:
		return old ^ v
	}
	return v
}

// checkAtomic validates an atomic access.
func checkAtomic(addr uint64, size int) error {
	if size < 1 || size > 8 || size&(size-1) != 0 || addr%uint64(size) != 0 {
		return misusef("invalid atomic access of %d bytes at 0x%x (want 1, 2, 4 or 8, aligned "+
			"to their number)",
			size, addr)
	}
	return nil
}

// Atomic performs one atomic instruction by the task in user mode and returns the old value.
func (t *Task) Atomic(op AtomicOp, addr uint64, size int, value uint64) (uint64, error) {
	if err := checkAtomic(addr, size); err != nil {
		return 0, err
	}
	defer t.borrow()()
	a, err := t.user(hwdebug.Store, addr, size, value)
	if err != nil {
		return 0, err
	}
	a.atomic = op
	return t.m.access(a)
}

// Atomic performs one atomic instruction in the kernel on this CPU and returns the old value.
func (c *CPU) Atomic(op AtomicOp, addr uint64, size int, value uint64) (uint64, error) {
	if err := checkAtomic(addr, size); err != nil {
		return 0, err
	}
	a := &Access{kind: hwdebug.Store, addr: addr, size: size, value: value, atomic: op}
	return c.kernelRun(a, func(*Access) error { return nil })
}

// A monitor is the exclusive monitor of a CPU.
type monitor struct {
	mem  *memory // nil: open
	addr uint64
	size int
}

// openMonitor clears c's exclusive monitor, as every exception and return from one does.
func (c *CPU) openMonitor() {
	if c.monitor.mem != nil {
		c.monitor = monitor{}
		c.m.monitors--
	}
}

// setMonitor marks the bytes of a load exclusive on c.
func (a *Access) setMonitor(c *CPU, mem *memory, addr uint64) {
	c.openMonitor()
	c.monitor = monitor{mem, addr, a.size}
	a.m.monitors++
}

// loseMonitors opens the monitors of other CPUs that mark a byte of a store.
func (a *Access) loseMonitors(c *CPU, mem *memory, addr uint64) {
	for _, o := range a.m.cpus {
		w := &o.monitor
		overlap := addr-w.addr < uint64(w.size) || w.addr-addr < uint64(a.size)
		if o != c && w.mem == mem && overlap {
			o.openMonitor()
		}
	}
}

// complete stores the bytes of a, or loads them, in mem. Of more than 8 bytes only the low 8 carry a value.
func (a *Access) complete(c *CPU, mem *memory, addr uint64) {
	n := min(a.size, 8)
	if a.kind == hwdebug.Load {
		a.value = mem.load(addr, n)
		if a.exclusive {
			a.setMonitor(c, mem, addr)
		}
		return
	}
	if a.exclusive {
		a.lost = c.monitor != monitor{mem, addr, a.size}
		c.openMonitor()
		if a.lost {
			return
		}
	}
	if a.m.monitors > 0 {
		a.loseMonitors(c, mem, addr)
	}
	v := a.value
	if a.atomic != AtomicNone {
		a.value = mem.load(addr, n)
		v = a.atomic.result(a.value, v)
	}
	mem.store(addr, n, v)
	for at := 8; at < a.size; at += 8 {
		mem.store(addr+uint64(at), 8, 0)
	}
}

// atomicMatches reports whether watchpoint pair i of c watches an atomic access, which loads and stores.
// The syndrome reports a load if a load would have matched (R-REG-28).
func (a *Access) atomicMatches(c *CPU, i, el int) (first uint64, ok bool) {
	value, ctrl := c.reg[arm64.WVR+i], arm64.DBGWCR(c.reg[arm64.WCR+i])
	for _, store := range [...]bool{false, true} {
		first, ok = arm64.MatchWatchpoint(value, ctrl, a.addr, a.size, store, c.m.matchLevel(el))
		if ok {
			a.wnr = a.wnr && store
			return first, true
		}
	}
	return 0, false
}

// syscallExit runs the part of a system call that a step over its instruction meets: from 4.19.134
// and 5.8 on a stepped system call reports a pseudo step, which kills a task that nobody traces (R-STEP-16).
//
// arch/arm64/kernel/ptrace.c: syscall_trace_exit
func (m *Machine) syscallExit(a *Access) {
	t, c := a.task, m.cpu
	c.openMonitor()
	if t == nil || !m.prof.pseudoStep || !t.singleStep {
		return
	}
	node := c.node
	c.node = m.syscallNode
	k := m.enterAll(fnSyscallTraceExit)
	t.force(&Siginfo{Signo: sigtrap, Code: trapTrace, Addr: a.pc + 4})
	m.leaveAll(k)
	c.node = node
}

// madeUpPC returns an address for an instruction whose access names none: the same for each access that the
// same line of the caller makes.
func (m *Machine) madeUpPC(el int) uint64 {
	if m.where == nil {
		return 0
	}
	p := m.where()
	if p.File == "" {
		return 0
	}
	base := uint64(0x400000)
	if el != 0 {
		base = 0xffffff8008080000
	}
	return base + uint64(hash(p.String())%0x40000)*4
}

// kindOfHit returns the kind of the access as the syndrome reports it.
func (a *Access) kindOfHit() hwdebug.Kind {
	if a.atomic != AtomicNone && !a.wnr {
		return hwdebug.Load
	}
	return a.kind
}
