// The machine: its configuration, its state, and how a call from outside enters it.

// Package sim models what Linux on arm64 does with hardware breakpoints and watchpoints: the debug registers of
// every CPU, the slot arrays and the reservation arithmetic, perf's contexts and cross calls, context switches,
// hits and single-stepping, ptrace's register sets, hotplug and suspend, timers and workqueues, and the kernel
// log. The releases are those of Profiles; the rules it follows are numbered in hwdebug/spec.
//
// It leaves out grouped events, cgroup events, BPF handlers, kgdb and virtualisation, instruction semantics
// (an access is asked for, it is not decoded from code), interrupts other than those that move events, and the
// cost of time: no call takes any.
//
// A machine is a function of its Config, the calls made and the choices taken. It belongs to one goroutine at a
// time, and calls back on coroutines of its own, one at a time too.
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
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// Config describes a machine. The zero value is the default machine: four Cortex-A57 CPUs, 4.19.116.
type Config struct {
	CPUs       int   // 1 to 64; 0: 4
	BRPs, WRPs int   // implemented breakpoint and watchpoint registers, 1 to 16; 0: the preset's
	BRPsPerCPU []int // one count per CPU, CPU 0 first; overrides BRPs
	WRPsPerCPU []int // one count per CPU, CPU 0 first; overrides WRPs

	CPU        string // preset, "cortex-a57" when empty
	Kernel     string // profile, "4.19.116" when empty
	HZ         int    // timer ticks a second; 0: 250
	Name       string // hardware name in logs, "test_mach" when empty
	VABits     int    // 0: 39
	VHE        bool   // the kernel runs at EL2
	NoDebugMon bool   // the boot option nodebugmon
	FAR        string // address a watchpoint reports: "exact" (when empty), "start" or "floor16"
	BASCopies  bool   // DBGBCR reads BAS[0] and BAS[2] in BAS[1] and BAS[3] too, as QEMU's CPUs do (R-REG-21)
	StaleWnR   bool   // a watchpoint that stores have fired reports later loads as stores too, as on QEMU's CPUs (R-REG-27)

	Release, Version, Taint string // what dump_stack headers print; empty: the profile's, not tainted

	LogOps bool // hw_breakpoint_control logs its operation, as the seed's author made it do (R-LOG-12)

	TraceSize int // records kept; 0: 65536, below 0: none, and no call chains either

	Seed   uint64                       // 0: one fixed order where the kernel leaves order open
	Choose func(kind Choice, n int) int // answers choices, from 0 to n-1, instead of Seed; any other answer is 0

	Paranoid      int  // perf_event_paranoid
	NoCapSysAdmin bool // the callers lack CAP_SYS_ADMIN and CAP_PERFMON
}

// Recording is the Config of a machine on which the recordings of package conform can be replayed: QEMU's CPUs and their
// peculiarities, VA_BITS 48, and no trace.
func Recording(cpus, brps, wrps int, kernel string) Config {
	return Config{CPUs: cpus, BRPs: brps, WRPs: wrps, Kernel: kernel, VABits: 48, BASCopies: true, StaleWnR: true, TraceSize: -1}
}

type farPolicy uint8

const (
	farExact farPolicy = iota
	farStart
	farFloor16
)

// A Machine is one modelled machine with its kernel.
type Machine struct {
	cfg     Config
	prof    *profile
	preset  *Preset
	far     farPolicy
	chooser func(Choice, int) int
	rec     *trace.Recorder
	traced  bool

	syscallNode trace.NodeID // the stack of a task in a system call
	toUserNode  trace.NodeID // that of a task on its way back to user space

	hz     int64
	tickNs int64
	now    int64 // ns since boot

	cpus []*CPU
	cpu  *CPU // where the code that runs now runs

	brps, wrps   int    // core_num_brps, core_num_wrps: what the slot loops use (R-REG-11)
	limits       [2]int // nr_slots of the constraints code: the boot CPU's (R-REG-10)
	taskSize     uint64
	debugEnabled bool

	script  *Task
	tasks   []*Task // in order of creation, idle threads and workers included
	nextPID int

	eventSeq   int      // ids given out
	fresh      []Event  // not yet given out
	events     []*Event // every event ever made, by id-1, for the trace; none without one
	live       []*Event // events not yet freed, in order of creation
	wides      []*Wide
	works      []*Work
	threads    []*thread
	thread     *thread // the coroutine that runs now; nil: the script's goroutine
	pendingErr error   // of something that ran while a caller was spinning
	turn       int     // calls and records of the turn that a thread has
	turnSeq    uint64  // the trace's sequence number at the last of them
	turns      int     // turns cut short, one after the other, at turnsAt
	turnsAt    int64
	lockers    int // threads that wait for a context's mutex
	trapped    int // nesting of debug exceptions and other contexts that must not sleep
	leaving    int // nesting of exits that are in a script's own functions

	perfTasks int // task events alive: the scheduler hooks are on while > 0
	hooksOff  int64

	timerSeq uint64
	regSeq   uint64 // order of debug register writes

	log       []string
	taint     uint32
	warned    uint32 // once-only warnings printed, by bit
	dumpIn    []bool // functions whose entry dumps the stack, by number
	dumps     bool
	dumping   bool
	kernelMem memory

	refusal   *hwdebug.Error
	frames    func([]string) []string
	frameBuf  []string
	interrupt func() error
	getStack  func() any
	putStack  func(any)
	closed    bool
	handmade  bool // a bank was written by hand: invariants answer for nothing any more
}

// New returns a booted machine.
func New(cfg Config) (*Machine, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	m := &Machine{
		cfg:          cfg,
		prof:         profileByName(cfg.Kernel),
		preset:       presetByName(cfg.CPU),
		chooser:      cfg.Choose,
		hz:           int64(cfg.HZ),
		tickNs:       (1e9 + int64(cfg.HZ)/2) / int64(cfg.HZ), // TICK_NSEC
		taskSize:     1 << cfg.VABits,
		debugEnabled: !cfg.NoDebugMon,
		nextPID:      2,
	}
	m.cfg.Kernel = m.prof.name
	switch cfg.FAR {
	case "start":
		m.far = farStart
	case "floor16":
		m.far = farFloor16
	}
	if m.chooser == nil && cfg.Seed != 0 {
		m.chooser = seeded(cfg.Seed)
	}
	size := cfg.TraceSize
	if size == 0 {
		size = 65536
	}
	if m.traced = size > 0; m.traced {
		m.rec = trace.NewRecorder(fnTable, cfg.CPUs, size)
	} else {
		m.rec = trace.NewRecorder(fnTable, 0, 0)
	}
	m.taint = parseTaint(cfg.Taint)
	m.boot()
	return m, nil
}

// An OptionError reports a Config that no machine can have.
type OptionError struct {
	Option string // the field's name in the script API: "cpus", "va_bits"
	Got    any    // an int or a string
	Want   string // what is possible instead
}

func (e *OptionError) Error() string { return "sim: option " + e.Option + ": " + e.Detail() }

// Detail returns the error without the option's name: "got 65, want 1 to 64".
func (e *OptionError) Detail() string { return fmt.Sprintf("got %#v, want %s", e.Got, e.Want) }

// fill sets defaults and checks every option.
func (c *Config) fill() error {
	preset, err := c.fillCPUs()
	if err != nil {
		return err
	}
	prof := profileByName(c.Kernel)
	if prof == nil {
		return &OptionError{"kernel", c.Kernel, "one of " + strings.Join(Profiles(), " ") + ", or 4.19 or 6.1 for short"}
	}
	if err := fillCounts("brps", &c.BRPs, &c.BRPsPerCPU, preset.BRPs, c.CPUs); err != nil {
		return err
	}
	if err := fillCounts("wrps", &c.WRPs, &c.WRPsPerCPU, preset.WRPs, c.CPUs); err != nil {
		return err
	}
	if c.HZ == 0 {
		c.HZ = 250
	}
	if c.HZ < 1 || c.HZ > 1000 {
		return &OptionError{"hz", c.HZ, "1 to 1000 ticks a second (arm64 has 100, 250, 300 and 1000)"}
	}
	if c.VABits == 0 {
		c.VABits = 39
	}
	switch c.VABits {
	case 36, 39, 42, 47, 48, 52:
	default:
		return &OptionError{"va_bits", c.VABits, "36, 39, 42, 47, 48 or 52"}
	}
	switch c.FAR {
	case "":
		c.FAR = "exact"
	case "exact", "start", "floor16":
	default:
		return &OptionError{"far", c.FAR, `"exact", "start" or "floor16"`}
	}
	if c.Name == "" {
		c.Name = "test_mach"
	}
	if c.Release == "" {
		c.Release = prof.release
	}
	if c.Version == "" {
		c.Version = prof.version
	}
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

// fillCPUs is fill for the number of CPUs and their core, which it returns.
func (c *Config) fillCPUs() (*Preset, error) {
	if c.CPUs == 0 {
		c.CPUs = 4
		if n := max(len(c.BRPsPerCPU), len(c.WRPsPerCPU)); n > 0 {
			c.CPUs = n
		}
	}
	if c.CPUs < 1 || c.CPUs > 64 {
		return nil, &OptionError{"cpus", c.CPUs, "1 to 64"}
	}
	preset := presetByName(c.CPU)
	if preset == nil {
		names := make([]string, len(presets))
		for i := range presets {
			names[i] = presets[i].Name
		}
		return nil, &OptionError{"cpu", c.CPU, "one of " + strings.Join(names, " ")}
	}
	c.CPU = preset.Name
	return preset, nil
}

// fillCounts fills the counts of one kind of registers; all is that of every CPU where per is nil.
func fillCounts(option string, all *int, per *[]int, preset, cpus int) error {
	if *all == 0 {
		*all = preset
	}
	if *per == nil {
		*per = slices.Repeat([]int{*all}, cpus)
	}
	if len(*per) != cpus {
		return &OptionError{option, len(*per), fmt.Sprintf("%d counts, one for each CPU", cpus)}
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

// CoreNumBRPs returns how many breakpoint registers the slot loops use: the smallest count over the CPUs (R-REG-9).
func (m *Machine) CoreNumBRPs() int { return m.brps }

// CoreNumWRPs returns how many watchpoint registers the slot loops use.
func (m *Machine) CoreNumWRPs() int { return m.wrps }

// Now returns the virtual time in ns since boot.
func (m *Machine) Now() int64 { return m.now }

// Kernel returns the full name of the kernel profile.
func (m *Machine) Kernel() string { return m.prof.name }

// CPU returns CPU n, or nil when there is none.
func (m *Machine) CPU(n int) *CPU {
	if n < 0 || n >= len(m.cpus) {
		return nil
	}
	return m.cpus[n]
}

// Current returns the task in whose name calls are made now.
func (m *Machine) Current() *Task { return m.cpu.curr }

// Tasks returns the tasks that exist, in order of creation, the kernel's own threads included.
func (m *Machine) Tasks() []*Task {
	var ts []*Task
	for _, t := range m.tasks {
		if t.state != taskDead {
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

// SetFrames tells the machine how to learn, when a call enters it, which functions of the caller are on its
// stack: names, innermost first, appended to dst.
func (m *Machine) SetFrames(fn func(dst []string) []string) { m.frames = fn }

// SetInterrupt gives the machine a function that it asks in every loop; an error ends the call with that error.
func (m *Machine) SetInterrupt(fn func() error) { m.interrupt = fn }

// SetStack lets a caller that keeps books on its own stacks, as an interpreter does, follow the machine's switches
// between coroutines: get is asked for the stack that is current before each, and put is given it when the machine
// comes back there.
func (m *Machine) SetStack(get func() any, put func(any)) { m.getStack, m.putStack = get, put }

func (m *Machine) interrupted() error {
	if m.interrupt != nil {
		return m.interrupt()
	}
	return nil
}

// Close ends the machine's threads. It may be called twice; a closed machine must not be used.
func (m *Machine) Close() {
	if m.closed {
		return
	}
	m.closed = true
	for _, th := range m.threads {
		th.end()
	}
	m.threads = nil
}

// A visit is a call from outside while it is in the machine.
type visit struct {
	cpu  *CPU
	curr *Task
	node trace.NodeID
	prev *CPU
}

// visit enters the machine on CPU c in the name of c's current task, with the caller's own functions on the
// stack. Its caller defers done.
func (m *Machine) visit(c *CPU) visit {
	v := visit{cpu: c, curr: c.curr, node: c.node, prev: m.cpu}
	m.cpu = c
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

func (m *Machine) done(v visit) {
	c := m.cpu
	own := v.curr.thread == nil || v.curr.thread == m.thread // else the script acted in a thread's name, which may have gone on
	if own {
		v.curr.node = v.node
	}
	if c.curr != v.curr || !own { // it has been switched out meanwhile, or has exited
		c.node = c.curr.node
	} else {
		c.node = v.node
	}
	if v.prev != v.cpu { // else a body that slept here may go on elsewhere
		m.cpu = v.prev
	}
}

// here is visit on the CPU where the caller runs.
func (m *Machine) here() visit { return m.visit(m.cpu) }

// entryNode returns the stack on which t is when it has entered the kernel: that of a system call for a user task,
// and nothing more than it has for a kernel thread.
func (m *Machine) entryNode(t *Task) trace.NodeID {
	if t.kernel {
		return 0
	}
	return m.syscallNode
}

func (m *Machine) push(n trace.NodeID, names ...trace.FnID) trace.NodeID {
	if !m.traced {
		return 0
	}
	for _, fn := range names {
		n = m.rec.Child(n, fnKeys[fn])
	}
	return n
}

// pushUserNodes makes the stacks that every system call begins and ends with.
func (m *Machine) pushUserNodes() {
	if m.prof.six {
		svc := m.push(0, fnEl0t64Sync, fnEl0t64SyncHandler, fnEl0Svc)
		m.syscallNode = m.push(svc, fnDoEl0Svc, fnEl0SvcCommon, fnInvokeSyscall)
		m.toUserNode = svc
		return
	}
	m.syscallNode = m.push(0, fnEl0Svc, fnEl0SvcHandler, fnEl0SvcCommon)
	m.toUserNode = m.push(0, fnWorkPending)
}

// A misuse is a call that cannot be passed on to the kernel.
type misuse struct{ text string }

func (e *misuse) Error() string { return e.text }

func misusef(format string, args ...any) error { return &misuse{fmt.Sprintf(format, args...)} }
