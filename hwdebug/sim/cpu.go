// One CPU: its current task, its stack, and what callers may read of it.

package sim

import (
	"strconv"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A CPU is one CPU of a machine.
type CPU struct {
	m         *Machine
	id        int
	online    bool
	suspended bool

	curr *Task        // never nil
	base *Task        // current while no thread is ready
	idle *Task        // swapper/N
	hp   *Task        // cpuhp/N
	node trace.NodeID // the stack; 0: user mode, or a kernel thread without one

	bank
	monitors

	bpOnReg, wpOnReg [arm64.MaxRegs]*Event

	steppingKernel kernelStep
	masked         int     // PSTATE.D: debug exceptions from EL1 are not taken, interrupts neither
	masker         *thread // that handles the exception, nil for the script
	savedMDSCR     uint64  // while suspended

	ctx     perfContext  // the CPU's software context
	taskCtx *perfContext // that of the running task, while active

	cpuPinned [2]int                    // by slot type (R-CON-1)
	tskPinned [2][arm64.MaxRegs + 1]int // [type][k]: tasks with k+1 events counting here

	timers []*timer // armed here
	pool   pool
	runq   []*thread

	runState
	monitor monitor  // of exclusive accesses
	halting bool     // EDSCR.HDE, set by an external debugger
	osLock  bool     // OSLSR_EL1.OSLK
	raised  []raised // irq_work to do as soon as interrupts are on

	spinning int     // calls that wait for another CPU to answer
	spinner  *thread // the spinning thread
}

// A part is a CPU and the kernel's threads on it, allocated together.
type part struct {
	cpu    CPU
	tasks  [4]Task
	comms  [4]string // of the tasks
	worker worker    // the first of the pool
	thread thread    // of the worker
}

// clear returns p, the part of CPU i, to its zero value, except for memory that is used again.
func (p *part) clear(i int) {
	if p.comms[0] == "" {
		n := strconv.Itoa(i)
		p.comms = [...]string{"swapper/" + n, "cpuhp/" + n, "kworker/" + n + ":0", "kworker/" + n + ":0H"}
	}
	c := &p.cpu
	pool := pool{workers: c.pool.workers[:0], idle: c.pool.idle[:0], list: c.pool.list[:0]}
	p.cpu = CPU{timers: c.timers[:0], runq: c.runq[:0], raised: c.raised[:0], pool: pool}
	p.tasks, p.worker, p.thread = [4]Task{}, worker{}, thread{}
}

// boot creates the CPUs and the kernel's first threads, and brings the CPUs up.
func (m *Machine) boot() {
	n := m.cfg.CPUs
	if m.spare.parts == nil {
		m.spare.parts = make([]part, n)
		m.cpus = make([]*CPU, n)
		m.tasks = make([]*Task, 0, 4*n+9)
	}
	parts := m.spare.parts
	newThread := func(i, cpu, pid int) *Task {
		t := &parts[cpu].tasks[i]
		t.m, t.pid, t.comm, t.cpu, t.kernel = m, pid, parts[cpu].comms[i], cpu, true
		m.tasks = append(m.tasks, t)
		return t
	}
	newPID := func() int { m.nextPID++; return m.nextPID - 1 } // m.pid looks for ones that are taken
	m.brps, m.wrps = arm64.MaxRegs, arm64.MaxRegs
	cores := m.cfg.cores()
	m.uao, m.version = common(cores)
	for i := range parts {
		parts[i].clear(i)
		c := &parts[i].cpu
		m.cpus[i] = c
		c.m, c.id, c.online = m, i, true
		c.bank.init(m.cfg.BRPsPerCPU[i], m.cfg.WRPsPerCPU[i], cores[i], &m.cfg)
		c.ctx.cpu, c.ctx.online = c, true
		c.mdscr = arm64.MDSCRTDCC
		m.brps, m.wrps = min(m.brps, c.brps), min(m.wrps, c.wrps)
	}
	m.limits = [2]int{m.cpus[0].brps, m.cpus[0].wrps}
	m.script = m.spare.task()
	m.script.m, m.script.pid, m.script.comm, m.script.kernel = m, 1, "hwlua", true
	m.tasks = append(m.tasks, m.script)
	m.pushUserNodes()
	m.readNode = m.under(m.syscallNode, m.pipeRead()...)
	kthread := m.push(0, fnRetFromFork, fnKthread)
	m.script.node = kthread
	for i, c := range m.cpus {
		c.idle = newThread(0, i, 0)
		c.idle.node = m.push(m.push(0, m.idleBottom(c.id)...),
			fnCPUStartupEntry, fnDoIdle, fnDefaultIdleCall, fnArchCPUIdle)
		c.curr, c.base, c.node = c.idle, c.idle, c.idle.node
		c.hp = newThread(1, i, newPID())
		c.hp.node = m.push(kthread, fnSmpbootThreadFn)
		c.pool.init(&parts[i], newThread(2, i, newPID()))
		newThread(3, i, newPID())
	}
	boot := m.cpus[0]
	boot.curr, boot.base, boot.node = m.script, m.script, m.script.node
	m.cpu = boot

	for _, c := range m.cpus[1:] {
		m.updateCPUFeatures(c)
	}
	m.logf("hw-breakpoint: found %d breakpoint and %d watchpoint registers.", m.brps, m.wrps)
	for _, c := range m.cpus {
		m.asHotplug(c, func() { m.cpuhpReset(c) })
	}
}

// lenientDFR0 are the fields of ID_AA64DFR0_EL1 that may differ between CPUs: PMSVer and PMUVer.
const lenientDFR0 = 0xf<<32 | 0xf<<8

// updateCPUFeatures compares the registers of a CPU that starts with those of the boot CPU, and warns if they
// differ, at every start (R-REG-10).
//
// arch/arm64/kernel/cpufeature.c: update_cpu_features, check_update_ftr_reg
func (m *Machine) updateCPUFeatures(c *CPU) {
	boot, val := uint64(m.cpus[0].dfr0), uint64(c.dfr0)
	if boot&^lenientDFR0 == val&^lenientDFR0 {
		return
	}
	m.logf("CPU features: SANITY CHECK: Unexpected variation in SYS_ID_AA64DFR0_EL1. "+
		"Boot CPU: 0x%014x, CPU%d: 0x%014x", boot, c.id, val)
	if m.once(warnVariation) {
		m.logf("CPU features: Unsupported CPU feature variation detected.")
	}
	m.taint |= taintS
}

// asThread runs fn on c as its kernel thread t, without a modelled switch.
func (m *Machine) asThread(c *CPU, t *Task, fn func()) {
	prev, curr, node := m.cpu, c.curr, c.node
	m.cpu, c.curr, c.node = c, t, t.node
	defer func() { m.cpu, c.curr, c.node = prev, curr, node }()
	fn()
}

// asHotplug does so as its thread cpuhp/N.
func (m *Machine) asHotplug(c *CPU, fn func()) {
	m.asThread(c, c.hp, func() {
		m.via(fnCpuhpThreadFun)
		fn()
	})
}

func (m *Machine) pid() int {
	for m.taskByPID(m.nextPID) != nil {
		m.nextPID++
	}
	m.nextPID++
	return m.nextPID - 1
}

// ID returns the CPU's number.
func (c *CPU) ID() int { return c.id }

// Online reports whether the CPU is up.
func (c *CPU) Online() bool { return c.online }

// Suspended reports whether the CPU is powered down (R-HP-13).
func (c *CPU) Suspended() bool { return c.suspended }

// Current returns the task that is current on the CPU: never nil on a CPU that the machine has.
func (c *CPU) Current() *Task { return c.curr }

// IDAA64DFR0 returns ID_AA64DFR0_EL1 of this CPU.
func (c *CPU) IDAA64DFR0() uint64 { return uint64(c.dfr0) }

// BRPs returns the number of breakpoint registers that this CPU implements.
func (c *CPU) BRPs() int { return c.brps }

// WRPs returns the number of watchpoint registers that this CPU implements.
func (c *CPU) WRPs() int { return c.wrps }

// MDSCR returns MDSCR_EL1, or an error if the CPU is suspended or offline.
func (c *CPU) MDSCR() (uint64, error) {
	if err := c.readable(); err != nil {
		return 0, err
	}
	return c.mdscr | bit(c.halting)<<14, nil
}

// Reg returns register n of the bank (arm64.BVR, BCR, WVR, WCR). It returns an error if the CPU
// does not implement the register, is suspended or is offline.
func (c *CPU) Reg(bank, n int) (uint64, error) {
	if err := c.readable(); err != nil {
		return 0, err
	}
	count, name := c.wrps, "watchpoint"
	switch bank {
	case arm64.BVR, arm64.BCR:
		count, name = c.brps, "breakpoint"
	case arm64.WVR, arm64.WCR:
	default:
		return 0, misusef("invalid bank %d (want BVR (0), BCR (16), WVR (32) or WCR (48))", bank)
	}
	if n < 0 || n >= count {
		return 0, misusef("cpu%d has %s registers 0 to %d, got %d", c.id, name, count-1, n)
	}
	return c.reg[bank+n], nil
}

// BpOnReg returns the event in breakpoint slot n, or nil.
func (c *CPU) BpOnReg(n int) *Event { return slotAt(&c.bpOnReg, n) }

// WpOnReg returns the event in watchpoint slot n, or nil.
func (c *CPU) WpOnReg(n int) *Event { return slotAt(&c.wpOnReg, n) }

func slotAt(slots *[arm64.MaxRegs]*Event, n int) *Event {
	if n < 0 || n >= len(slots) {
		return nil
	}
	return slots[n]
}

// usable returns an error if the CPU cannot run, since the machine is closed or the CPU is not readable.
func (c *CPU) usable() error {
	if c.m.closed {
		return ErrClosed
	}
	return c.readable()
}

// readable returns an error if the CPU has no registers: it does not exist, is suspended or is offline.
func (c *CPU) readable() error {
	switch {
	case c.suspended:
		return misusef("cpu%d is suspended; fix: resume it (cpu_resume)", c.id)
	case !c.m.hasCPU(c.id):
		return c.m.noCPU(c.id)
	case !c.online:
		return misusef("cpu%d is offline; fix: bring it up (cpu_up)", c.id)
	}
	return nil
}

// powered returns an error if the CPU is suspended. The kernel itself handles offline CPUs.
func (c *CPU) powered() error {
	if c.suspended {
		return c.usable()
	}
	return nil
}

// Run runs fn as the CPU's current thread.
func (c *CPU) Run(fn func() error) error {
	if err := c.usable(); err != nil {
		return err
	}
	m := c.m
	v := m.visit(c)
	defer m.done(v)
	m.trapped++
	m.lent++
	defer func() {
		m.trapped--
		m.lent--
	}()
	return fn()
}
