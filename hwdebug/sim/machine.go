// The machine: its configuration, its state, and how a call from outside enters it.

// Package sim models what Linux on arm64 does with hardware breakpoints and watchpoints: the debug
// registers of every CPU, the slot arrays and the reservation arithmetic, perf's contexts and cross
// calls, context switches, hits and single-stepping, ptrace's register sets, signals, hotplug and
// suspend, timers, irq_work and workqueues, and the kernel log. The releases are those of Profiles;
// the rules it follows are numbered in hwdebug/spec.
//
// It leaves out cgroup events, BPF handlers, kgdb and virtualisation, instruction semantics (an
// access is a request, not decoded from code), interrupts other than those of timers, irq_work and
// cross calls, and the time that calls take: they take none.
//
// A machine is a function of its Config, the calls made and the choices taken. It belongs to one
// goroutine at a time, and calls back on coroutines of its own, also one at a time.
//
//	m, err := sim.New(sim.Config{CPUs: 2})
//	if err != nil {
//		return err
//	}
//	defer m.Close()
//	w, err := m.RegisterWideHwBreakpoint(hwdebug.Attr{Type: hwdebug.W, Addr: 0xffffff8008c5a000, Len: 8,
//		Pinned: true, SamplePeriod: 1}, nil)
//	wcr, err := m.CPU(1).Reg(arm64.WCR, 0) // 0x1ff3
package sim

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// Config describes a machine. The zero value is the default machine: four Cortex-A57 CPUs, 4.19.116.
type Config struct {
	CPUs       int   // 1 to hwdebug.MaxCPUs; 0: 4
	BRPs, WRPs int   // implemented breakpoint and watchpoint registers, 1 to 16; 0: the preset's
	BRPsPerCPU []int // one count per CPU, CPU 0 first; overrides BRPs
	WRPsPerCPU []int // one count per CPU, CPU 0 first; overrides WRPs

	CPU        string   // preset, "cortex-a57" if empty
	Cores      []string // one preset per CPU, CPU 0 first; overrides CPU
	Kernel     string   // profile, "4.19.116" if empty
	HZ         int      // timer ticks a second; 0: 250
	Name       string   // hardware name in logs, "test_mach" if empty
	VABits     int      // 0: 39
	VHE        bool     // the kernel runs at EL2
	NoDebugMon bool     // the boot option nodebugmon
	FAR        string   // address a watchpoint reports: "exact" (if empty), "start", "floor16" or "above"
	BASCopies  bool     // DBGBCR reads back BAS[1] = BAS[0] and BAS[3] = BAS[2], as on QEMU (R-REG-21)
	StaleWnR   bool     // a watchpoint fired by a store reports later loads as stores, as on QEMU (R-REG-27)

	Release, Version, Taint string // for dump_stack headers; empty: the profile's, not tainted

	FineGrain bool // points inside of kernel paths that can be preempted, where a chooser is asked

	LogOps bool // hw_breakpoint_control logs its operation, as in the seed (R-LOG-12)

	TraceSize int // records kept; 0: 65536, below 0: none, and no call chains either

	Seed   uint64           // 0: a fixed order where the kernel leaves order open
	Choose func(*Point) int // picks one of p.Next at each point, instead of Seed
	Slack  time.Duration    // how far timers may overtake a thread that could run; 0: 10 ms, below 0: none

	DebugAtomicSleep bool // CONFIG_DEBUG_ATOMIC_SLEEP: a call that may sleep in atomic context logs it first

	Paranoid      int  // perf_event_paranoid
	NoCapSysAdmin bool // user tasks lack CAP_SYS_ADMIN and CAP_PERFMON unless TaskConfig says otherwise
}

// Recording returns the Config of a machine that can replay the recordings of package conform:
// QEMU's CPUs and their peculiarities, VA_BITS 48, and no trace.
func Recording(cpus, brps, wrps int, kernel string) Config {
	return Config{
		CPUs: cpus, BRPs: brps, WRPs: wrps, Kernel: kernel, VABits: 48,
		BASCopies: true, StaleWnR: true, TraceSize: -1,
	}
}

// A Machine is one modelled machine with its kernel.
type Machine struct {
	cfg                  Config
	prof                 *profile
	uao                  bool  // user copies use unprivileged instructions on every core
	version              uint8 // ID_AA64DFR0_EL1.DebugVer as the kernel takes it
	chooser              func(*Point) int
	point                Point       // the one that the chooser is asked about
	next                 Possibility // what a thread that gave up its turn was left for, if hasNext is set
	hasNext              bool
	bounded              bool          // the chooser ends a run that never comes to rest
	slack                time.Duration // see Config
	limit                time.Duration // when the present drive of the machine ends
	near                 time.Duration // the smallest slack that would admit another timer, -1: none
	properties           []property
	describes            bool                      // Step wants to say what happens
	looking              bool                      // a property is being asked
	bug                  string                    // see Bug
	memories             uint64                    // of tasks, created so far
	locks                uint64                    // created so far
	meet                 func(*Task, uint64, bool) // see SetOrder
	rest                 func()
	stale                bool   // what Ahead has returned may not hold any more
	tracking             bool   // what steps touch is noted
	blind                uint16 // resources that are not
	touched, lastTouched Touched
	stopErr              error // what the chooser has ended the run with
	rec                  *trace.Recorder
	traced               bool

	syscallNode trace.NodeID // the stack of a task in a system call
	readNode    trace.NodeID // the stack of a task that waits in a read from a pipe
	toUserNode  trace.NodeID // the stack of a task that returns to user space

	fromDebugNode [3]trace.NodeID // the same after a debug exception, by its class
	fromIrqNode   trace.NodeID    // and after an interrupt

	hz   int64
	tick time.Duration
	now  time.Duration // since boot

	cpus []*CPU
	cpu  *CPU // where the caller, or the running thread, executes

	brps, wrps   int    // core_num_brps, core_num_wrps: what the slot loops use (R-REG-11)
	limits       [2]int // nr_slots of the constraints code: the boot CPU's (R-REG-10)
	taskSize     uint64
	debugEnabled bool

	script  *Task
	tasks   []*Task // in order of creation, idle threads and workers included
	nextPID int

	eventSeq    int      // the last ID
	fresh       []Event  // allocated, not yet used
	events      []*Event // all events, by ID-1, for the trace; empty without one
	live        []*Event // events not yet freed, in order of creation
	wides       []*Wide
	works       []*Work
	threads     []*thread
	thread      *thread // the coroutine that runs now; nil: the script's goroutine
	pendingErr  error   // of a step that ran after the script's wait was over
	turn        int     // calls and records of the running thread's turn
	turnSeq     uint64  // the trace's sequence number at the last of them
	turns       int     // turns cut short in a row at turnsAt
	turnsAt     time.Duration
	relaxers    int  // threads in cpu_relax
	lockers     int  // threads that wait for a context's mutex
	monitors    int  // CPUs whose exclusive monitor is set
	trapped     int  // nesting of debug exceptions and other contexts that must not sleep
	sleepLogged bool // the present call has logged that it may sleep in atomic context
	unasked     int  // calls in such functions, where a thread has a point
	lent        int  // nesting of functions given to cpu:run, which have no points
	leaving     int  // nesting of exits that run a script's functions

	tracer        tracerWidth // of a ptrace request of a tracer that is not of this machine
	timers        []*Timer
	irqWorks      []*IrqWork
	hotplugStates []*hotplugState // by number
	hotplugBy     *Task           // that holds cpu_hotplug_lock or cpuhp_state_mutex
	hotplugWrite  bool            // the former, for writing
	logWrites     bool            // writes to debug registers go to writes
	writes        []hwdebug.RegWrite

	perfTasks int // task events alive: the scheduler hooks are on while > 0
	hooksOff  time.Duration

	timerSeq uint64
	regSeq   uint64 // order of debug register writes

	log       []string
	logSize   int // its bytes
	taint     uint32
	warned    uint32        // once-only warnings printed, by bit
	onEntry   []entryAction // what happens at a function's entry, by number; nil before there is something
	attends   bool          // onEntry has an action
	entered   func(*trace.Record)
	halted    bool // entered is being called
	dumping   bool
	kernelMem memory

	refusal   *hwdebug.Error
	refusedBy []string // the rules of all refusals
	frames    func([]string) []string
	frameBuf  []string
	interrupt func() error
	where     func() Position
	getStack  func() any
	putStack  func(any)
	closed    bool
	spare     spare
	handmade  bool // a script has written to a bank: CheckInvariants checks reservations only
}

// New returns a booted machine.
func New(cfg Config) (*Machine, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, prof: profileByName(cfg.Kernel)}
	m.cfg.Kernel = m.prof.name
	if size := cmp.Or(cfg.TraceSize, 65536); size > 0 {
		m.traced = true
		m.rec = trace.NewRecorder(fnTable, cfg.CPUs, size)
	} else {
		m.rec = trace.NewRecorder(fnTable, 0, 0)
	}
	m.start()
	return m, nil
}

// start boots a machine that has its configuration, its profile and its recorder.
func (m *Machine) start() {
	cfg := &m.cfg
	m.chooser = cfg.Choose
	if m.chooser == nil && cfg.Seed != 0 {
		m.chooser = seeded(cfg.Seed)
	}
	m.hz = int64(cfg.HZ)
	m.tick = time.Duration((1e9 + m.hz/2) / m.hz) // TICK_NSEC
	m.taskSize = 1 << cfg.VABits
	m.debugEnabled = !cfg.NoDebugMon
	m.nextPID = 2
	m.near = -1
	m.slack = max(cmp.Or(cfg.Slack, defaultSlack), 0)
	m.taint = parseTaint(cfg.Taint)
	m.boot()
}

// An OptionError reports a Config that no machine can have.
type OptionError struct {
	Option string // the field's name in the script API: "cpus", "va_bits"
	Got    any    // an int or a string
	Want   string // what is possible instead
}

func (e *OptionError) Error() string { return "sim: option " + e.Option + ": " + e.Detail() }

// Detail returns the error without the option's name: "got 1025, want 1 to 1024".
func (e *OptionError) Detail() string { return fmt.Sprintf("got %#v, want %s", e.Got, e.Want) }

// fill sets the defaults and validates c.
func (c *Config) fill() error {
	cores, err := c.fillCPUs()
	if err != nil {
		return err
	}
	prof := profileByName(c.Kernel)
	if prof == nil {
		want := "one of " + strings.Join(Profiles(), " ") + ", or any other release, such as 5.15"
		return &OptionError{"kernel", c.Kernel, want}
	}
	brps := func(p *Preset) int { return p.BRPs }
	if err := fillCounts("brps", &c.BRPs, &c.BRPsPerCPU, cores, brps); err != nil {
		return err
	}
	wrps := func(p *Preset) int { return p.WRPs }
	if err := fillCounts("wrps", &c.WRPs, &c.WRPsPerCPU, cores, wrps); err != nil {
		return err
	}
	c.HZ = cmp.Or(c.HZ, 250)
	if c.HZ < 1 || c.HZ > 1000 {
		return &OptionError{"hz", c.HZ, "1 to 1000 ticks a second (arm64 has 100, 250, 300 and 1000)"}
	}
	c.VABits = cmp.Or(c.VABits, 39)
	switch c.VABits {
	case 36, 39, 42, 47, 48, 52:
	default:
		return &OptionError{"va_bits", c.VABits, "36, 39, 42, 47, 48 or 52"}
	}
	c.FAR = cmp.Or(c.FAR, "exact")
	switch c.FAR {
	case "exact", "start", "floor16", "above":
	default:
		return &OptionError{"far", c.FAR, `"exact", "start", "floor16" or "above"`}
	}
	c.Name = cmp.Or(c.Name, "test_mach")
	c.Release = cmp.Or(c.Release, prof.name)
	c.Version = cmp.Or(c.Version, "#1 SMP PREEMPT")
	for _, r := range c.Taint {
		if !strings.ContainsRune(taintLetters, r) && r != ' ' && r != 'G' {
			return &OptionError{"taint", string(r), "letters of " + taintLetters}
		}
	}
	if c.Paranoid < -1 || c.Paranoid > 4 {
		return &OptionError{"paranoid", c.Paranoid, "-1 to 4"}
	}
	return nil
}

// fillCPUs does so for the number of CPUs and their cores, which it returns.
func (c *Config) fillCPUs() ([]*Preset, error) {
	c.CPUs = cmp.Or(c.CPUs, max(len(c.BRPsPerCPU), len(c.WRPsPerCPU), len(c.Cores)), 4)
	if c.CPUs < 1 || c.CPUs > hwdebug.MaxCPUs {
		return nil, &OptionError{"cpus", c.CPUs, fmt.Sprintf("1 to %d", hwdebug.MaxCPUs)}
	}
	if len(c.Cores) > 0 && len(c.Cores) != c.CPUs {
		return nil, &OptionError{"cpu", len(c.Cores), fmt.Sprintf("%d cores, one for each CPU", c.CPUs)}
	}
	cores := make([]*Preset, c.CPUs)
	for i := range cores {
		name := c.CPU
		if len(c.Cores) > 0 {
			name = c.Cores[i]
		}
		if cores[i] = presetByName(name); cores[i] == nil || name == "" && len(c.Cores) > 0 {
			return nil, &OptionError{"cpu", name, "one of " + presetNames()}
		}
	}
	c.CPU = cores[0].Name
	return cores, nil
}

// fillCounts does so for the counts of one kind of registers: all applies to every CPU if per is nil, and
// if it is 0 each core has its own.
func fillCounts(option string, all *int, per *[]int, cores []*Preset, own func(*Preset) int) error {
	if *per == nil {
		for _, core := range cores {
			*per = append(*per, cmp.Or(*all, own(core)))
		}
	}
	*all = cmp.Or(*all, own(cores[0]))
	if len(*per) != len(cores) {
		return &OptionError{option, len(*per), fmt.Sprintf("%d counts, one for each CPU", len(cores))}
	}
	for i, n := range *per {
		if n < 1 || n > arm64.MaxRegs {
			return &OptionError{option, n, fmt.Sprintf("1 to %d registers on cpu%d", arm64.MaxRegs, i)}
		}
	}
	return nil
}

// Config returns the machine's configuration with every default filled in.
func (m *Machine) Config() Config { return m.cfg }

// NrCPUs returns the number of possible CPUs.
func (m *Machine) NrCPUs() int { return len(m.cpus) }

// CoreNumBRPs returns the number of breakpoint registers that the slot loops use: the smallest
// count of a CPU (R-REG-9).
func (m *Machine) CoreNumBRPs() int { return m.brps }

// CoreNumWRPs returns the number of watchpoint registers that the slot loops use.
func (m *Machine) CoreNumWRPs() int { return m.wrps }

// Now returns the virtual time since boot.
func (m *Machine) Now() time.Duration {
	m.touch(ResTime, 0, false)
	return m.now
}

// Kernel returns the full name of the kernel profile.
func (m *Machine) Kernel() string { return m.prof.name }

// CPU returns CPU n. A CPU that the machine does not have is offline, and calls on it return ErrNoCPU.
func (m *Machine) CPU(n int) *CPU {
	if !m.hasCPU(n) {
		return &CPU{m: m, id: n}
	}
	return m.cpus[n]
}

func (m *Machine) hasCPU(n int) bool { return n >= 0 && n < len(m.cpus) }

// Current returns the task in whose name calls are made.
func (m *Machine) Current() *Task { return m.cpu.curr }

// Tasks returns the tasks that exist, in order of creation, the kernel's own threads included.
func (m *Machine) Tasks() []*Task {
	var ts []*Task
	for _, t := range m.tasks {
		if !t.dead {
			ts = append(ts, t)
		}
	}
	return ts
}

// Events returns the events that have not been freed, in order of creation.
func (m *Machine) Events() []*Event { return append([]*Event(nil), m.live...) }

// Works returns the work items, in order of creation.
func (m *Machine) Works() []*Work { return append([]*Work(nil), m.works...) }

// Recorder returns the machine's trace.
func (m *Machine) Recorder() *trace.Recorder { return m.rec }

// SetFrames sets the function that appends the names of the caller's functions on its stack to dst,
// innermost first. The machine calls it on every call from outside.
func (m *Machine) SetFrames(fn func(dst []string) []string) { m.frames = fn }

// SetInterrupt sets a function that the machine calls in every loop. A call returns the error that
// fn returns.
func (m *Machine) SetInterrupt(fn func() error) { m.interrupt = fn }

// SetStack lets a caller with stacks of its own, such as an interpreter, follow the machine's
// switches between coroutines: the machine calls get before a switch and passes its result to put
// when it returns to that coroutine.
func (m *Machine) SetStack(get func() any, put func(any)) { m.getStack, m.putStack = get, put }

func (m *Machine) interrupted() error {
	if m.halted {
		return errHalted
	}
	if m.interrupt != nil {
		return m.interrupt()
	}
	return nil
}

// Close ends the machine's threads. What the machine holds can still be read; calls that do more return
// ErrClosed. It may be called twice.
func (m *Machine) Close() {
	if m.closed {
		return
	}
	m.endThreads()
	for _, co := range m.spare.coroutines {
		co.stop()
	}
	m.spare.coroutines = nil
}

// endThreads unwinds all threads. Calls that their functions make meanwhile fail.
func (m *Machine) endThreads() {
	m.closed = true
	for _, th := range m.threads {
		th.end()
	}
	m.threads = m.threads[:0]
}

// A visit holds what a call from outside restores when it leaves the machine.
type visit struct {
	cpu  *CPU
	curr *Task
	node trace.NodeID
	prev *CPU
}

// visit enters the machine on CPU c in the name of c's current task, with the caller's functions on
// the stack. Its caller defers done.
func (m *Machine) visit(c *CPU) visit {
	v := visit{cpu: c, curr: c.curr, node: c.node, prev: m.cpu}
	m.cpu, m.sleepLogged = c, false
	if !m.traced {
		return v
	}
	if c.node == 0 {
		c.node = m.entryNode(c.curr)
	}
	if m.frames != nil {
		m.frameBuf = m.frames(m.frameBuf[:0])
		for i := len(m.frameBuf) - 1; i >= 0; i-- {
			c.node = m.rec.Child(c.node, trace.KeyOf(m.rec.Name(m.frameBuf[i]), false))
		}
	}
	return v
}

// done leaves the machine and restores the stack of the task that made the call.
func (m *Machine) done(v visit) {
	m.stale = true
	c := m.cpu
	// Otherwise the script acted in the name of a thread that may have run since.
	own := v.curr.thread == nil || v.curr.thread == m.thread
	if own {
		v.curr.node = v.node
	}
	if c.curr != v.curr || !own { // the task was switched out, or has exited
		c.node = c.curr.node
	} else {
		c.node = v.node
	}
	if v.prev != v.cpu { // otherwise a body that slept may continue on another CPU
		m.cpu = v.prev
	}
}

// here visits the CPU where the caller runs. A call from outside that records its stack begins with
//
//	defer m.done(m.here())
func (m *Machine) here() visit { return m.visit(m.cpu) }

// entryNode returns the stack of t right after it entered the kernel: that of a system call for a
// user task, and an empty one for a kernel thread.
func (m *Machine) entryNode(t *Task) trace.NodeID {
	if t.kernel {
		return 0
	}
	return m.syscallNode
}

// push returns the stack n with names on top.
func (m *Machine) push(n trace.NodeID, names ...traceFn) trace.NodeID {
	if !m.traced {
		return 0
	}
	for _, fn := range names {
		n = m.rec.Child(n, m.prof.key(fn))
	}
	return n
}

// pushUserNodes creates the stacks on which a task enters the kernel and leaves it.
func (m *Machine) pushUserNodes() {
	if m.prof.six {
		svc := m.push(0, fnEl0t64Sync, fnEl0t64SyncHandler, fnEl0Svc)
		m.syscallNode = m.push(svc, fnDoEl0Svc, fnEl0SvcCommon, fnInvokeSyscall)
		m.toUserNode = svc
		own := [...]traceFn{fnEl0Breakpt, fnEl0Watchpt, fnEl0Softstp}
		for class, fn := range own {
			if !m.prof.debugEntries {
				fn = fnEl0Dbg
			}
			m.fromDebugNode[class] = m.push(0, fnEl0t64Sync, fnEl0t64SyncHandler, fn)
		}
		m.fromIrqNode = m.push(0, fnEl0t64Irq, fnEl0t64IrqHandler, fnEl0IrqHandlerCommon, fnEl0Interrupt)
		return
	}
	m.syscallNode = m.push(0, fnEl0Svc, fnEl0SvcHandler, fnEl0SvcCommon)
	m.toUserNode = m.push(0, fnWorkPending)
	m.fromDebugNode = [...]trace.NodeID{m.toUserNode, m.toUserNode, m.toUserNode}
	m.fromIrqNode = m.toUserNode
}

// ErrClosed is the error of calls on a machine that has been closed.
var ErrClosed = misusef("the machine is closed")

// ErrNoCPU is wrapped by the error of a call on a CPU that the machine does not have. Where the kernel itself
// checks the number, the error is the kernel's: EINVAL of CPUDown, ENXIO of SmpCallFunctionSingle.
var ErrNoCPU = misusef("the machine has no such CPU")

// A misuse is an error of a call that no kernel could be asked.
type misuse struct {
	text string
	kind error // ErrNoCPU, or nil
}

func (e *misuse) Error() string { return e.text }
func (e *misuse) Unwrap() error { return e.kind }

func misusef(format string, args ...any) error { return &misuse{text: fmt.Sprintf(format, args...)} }
