// Target: the operations of any machine with debug registers, and those of some.

package hwdebug

type (
	// A TaskID names a task of a Target.
	TaskID int
	// An EventID names an event, or a wide registration, of a Target.
	EventID int
)

// NoTask as the task of an event makes it an event of a CPU.
const NoTask TaskID = -1

// A Feature is an ability that not every Target has.
type Feature string

// The features and the methods that each of them adds.
const (
	FeatureKernelEvents Feature = "kernel events" // KernelRegistrar: registration by kernel code
	FeatureKernelAccess Feature = "kernel access" // Target.KernelAccess
	FeatureTasks        Feature = "tasks"         // Tasker
	FeatureUserCopy     Feature = "user copy"     // UserCopier
	FeatureRegisters    Feature = "registers"     // Dumper
	FeaturePtrace       Feature = "ptrace"        // Ptracer
	FeatureSwitch       Feature = "switch"        // Switcher
	FeatureHotplug      Feature = "hotplug"       // Hotplugger
	FeatureGroups       Feature = "groups"        // Grouper
	FeatureSampling     Feature = "sampling"      // Sampler, and the fields of Attr that it names
	FeatureExec         Feature = "exec"          // Execer
	FeatureCompat       Feature = "32-bit tasks"  // CompatTasker
	FeatureWrites       Feature = "write order"   // WriteLogger
	FeaturePreemption   Feature = "preemption"    // Preempter

	FeaturePMUEvents      Feature = "PMU events"      // no method yet: events that are no breakpoints
	FeatureSoftwareEvents Feature = "software events" // likewise
	FeatureBPF            Feature = "BPF programs"    // likewise
)

// A Target is a machine with debug registers on which a caller in user space can open events and
// access memory. Refusals unwrap to the errno that the kernel returns. A Target is used by one
// goroutine at a time.
type Target interface {
	// CPUs returns the number of possible CPUs; BRPs and WRPs return the numbers of registers that
	// the kernel uses.
	CPUs() int
	BRPs() int
	WRPs() int
	// Supports returns nil, or an error that says why f is missing and how to get it.
	Supports(f Feature) error

	// Open is perf_event_open of a breakpoint event for task (or NoTask) on cpu (-1: wherever the task runs).
	Open(a Attr, task TaskID, cpu int) (EventID, error)
	// Enable, Disable and Modify are the ioctls. They apply to inherited events too (R-EVT-27).
	Enable(EventID) error
	Disable(EventID) error
	Modify(EventID, Attr) error
	// Read returns the count. ok is false for an event in the error state, from which nothing can be read.
	Read(EventID) (count uint64, ok bool, err error)
	// Close closes the event's last file descriptor.
	Close(EventID) error

	// Access performs one access in user mode as task and returns the traps that stopped it, if
	// any. A trap prevents the access.
	Access(task TaskID, k Kind, addr uint64, size int) (Trap, error)
	// KernelAccess performs one access by the kernel on cpu.
	KernelAccess(cpu int, k Kind, addr uint64, size int) error
}

// A KernelRegistrar registers events as a kernel module does.
type KernelRegistrar interface {
	// RegisterWide is register_wide_hw_breakpoint. A nil handler means the kernel's default handler.
	RegisterWide(a Attr, h Handler) (EventID, error)
	UnregisterWide(EventID) error
	// RegisterUser is register_user_hw_breakpoint.
	RegisterUser(a Attr, task TaskID, h Handler) (EventID, error)
	// ModifyUser is modify_user_hw_breakpoint.
	ModifyUser(EventID, Attr) error
	// Unregister is unregister_hw_breakpoint.
	Unregister(EventID) error
}

// A Handler is the overflow handler of a module. It returns true to move the pc past the
// instruction that hit.
type Handler func(id EventID, addr uint64) (skip bool)

// A Tasker creates tasks that run only on request.
type Tasker interface {
	// NewTask creates a task that is bound to cpu and parked.
	NewTask(cpu int) (TaskID, error)
	// Fork makes the parked task t fork and park again; the child is bound to the same CPU.
	Fork(t TaskID) (TaskID, error)
	// Migrate binds the parked task t to cpu.
	Migrate(t TaskID, cpu int) error
	// Exit makes t run, exit and be reaped.
	Exit(t TaskID) error
}

// A UserCopier accesses user memory in the kernel on behalf of a task (get_user, put_user).
type UserCopier interface {
	UserCopy(task TaskID, k Kind, addr uint64, size int) error
}

// A Dumper reads the debug registers back.
type Dumper interface {
	// DumpTask reads the registers of the CPU that task runs on, while it runs.
	DumpTask(task TaskID, r *Regs) error
	// DumpCPU reads the registers of cpu while no task of the caller runs there.
	DumpCPU(cpu int, r *Regs) error
}

// A PtraceSet names one of the two register sets.
type PtraceSet uint8

const (
	HwBreak PtraceSet = iota // NT_ARM_HW_BREAK
	HwWatch                  // NT_ARM_HW_WATCH
)

// A PtraceReg is one entry of a register set.
type PtraceReg struct {
	Addr uint64
	Ctrl uint32
}

// A Ptracer reads and writes a task's register sets as a debugger does.
type Ptracer interface {
	// PtraceSetReg stops the task, reads the set, replaces entry idx, writes back the header and
	// entries 0 to idx, and resumes the task.
	PtraceSetReg(task TaskID, which PtraceSet, idx int, reg PtraceReg) error
	// PtraceGetRegs returns the info word and the number of entries in its low byte.
	PtraceGetRegs(task TaskID, which PtraceSet) (info uint32, regs []PtraceReg, err error)
}

// A Switcher chooses which task a CPU runs next; NoTask stands for its idle thread.
type Switcher interface {
	Switch(cpu int, next TaskID) error
}

// A Hotplugger takes CPUs down and brings them up again.
type Hotplugger interface {
	CPUDown(cpu int) error
	CPUUp(cpu int) error
}

// A GroupCount is the count of one event of a group.
type GroupCount struct {
	Event EventID
	Count uint64
}

// A Grouper opens events as members of groups.
type Grouper interface {
	// OpenMember is Open with leader as the group's leader.
	OpenMember(a Attr, task TaskID, cpu int, leader EventID) (EventID, error)
	// EnableGroup and DisableGroup are the ioctls with PERF_IOC_FLAG_GROUP.
	EnableGroup(EventID) error
	DisableGroup(EventID) error
	// ReadGroup appends the counts of the event's group to dst, the leader's first. ok is false in the
	// error state, from which nothing can be read.
	ReadGroup(ev EventID, dst []GroupCount) (counts []GroupCount, ok bool, err error)
}

// A Sampler knows periods: SamplePeriod, Freq, EnableOnExec, RemoveOnExec, InheritThread and Sigtrap of an
// Attr, and the ioctls on them.
type Sampler interface {
	Reset(EventID) error
	Refresh(id EventID, n uint64) error
	Period(id EventID, n uint64) error
	// Samples returns how many samples the event has written, and whether it was ever throttled.
	Samples(EventID) (n uint64, throttled bool)
}

// An Execer has a task execute a new image.
type Execer interface {
	// Exec makes the parked task execute a 64-bit image, or a 32-bit one with compat, and park again.
	Exec(t TaskID, compat bool) error
}

// A CompatTasker runs 32-bit tasks and lets them trace others.
type CompatTasker interface {
	// NewCompatTask creates a parked 32-bit task that is bound to cpu.
	NewCompatTask(cpu int) (TaskID, error)
	// SetHBPRegs and GetHBPRegs are PTRACE_SETHBPREGS and PTRACE_GETHBPREGS of a 32-bit tracer.
	SetHBPRegs(tracer, t TaskID, num int, value uint32) error
	GetHBPRegs(tracer, t TaskID, num int) (uint32, error)
}

// A Preempter decides what the scheduler decides in Fork and Exec.
type Preempter interface {
	// PreemptNext has the next Fork or Exec preempted: the child runs before its parent has gone to
	// sleep, and the CPU goes back to the parent (R-CTX-19); the CPU runs something else once the task
	// has executed (R-EVT-31).
	PreemptNext()
}

// A WriteLogger keeps the order of register writes.
type WriteLogger interface {
	// LogWrites begins or ends the log. TakeWrites appends what was logged since the last call to dst.
	LogWrites(on bool)
	TakeWrites(dst []RegWrite) []RegWrite
}

// A Shutdowner holds resources, such as threads or file descriptors. Shutdown releases them; the
// target cannot be used afterwards.
type Shutdowner interface {
	Shutdown() error
}

// Shutdown releases the resources of t, if it holds any.
func Shutdown(t Target) error {
	if s, ok := t.(Shutdowner); ok {
		return s.Shutdown()
	}
	return nil
}

// Switch runs next on cpu. It fails with EOPNOTSUPP if t is not a Switcher.
func Switch(t Target, cpu int, next TaskID) error {
	if s, ok := t.(Switcher); ok {
		return s.Switch(cpu, next)
	}
	return NotSupported("switch", "the target cannot choose what a CPU runs")
}

// Implements reports whether t has the methods of f.
func Implements(t Target, f Feature) (ok bool) {
	switch f {
	case FeatureKernelEvents:
		_, ok = t.(KernelRegistrar)
	case FeatureTasks:
		_, ok = t.(Tasker)
	case FeatureUserCopy:
		_, ok = t.(UserCopier)
	case FeatureRegisters:
		_, ok = t.(Dumper)
	case FeaturePtrace:
		_, ok = t.(Ptracer)
	case FeatureSwitch:
		_, ok = t.(Switcher)
	case FeatureHotplug:
		_, ok = t.(Hotplugger)
	case FeatureGroups:
		_, ok = t.(Grouper)
	case FeatureSampling:
		_, ok = t.(Sampler)
	case FeatureExec:
		_, ok = t.(Execer)
	case FeatureCompat:
		_, ok = t.(CompatTasker)
	case FeatureWrites:
		_, ok = t.(WriteLogger)
	case FeaturePreemption:
		_, ok = t.(Preempter)
	case FeatureKernelAccess:
		ok = true
	}
	return ok
}

// NotSupported returns the error for an operation that a target does not support.
func NotSupported(op, why string) error {
	eop, _ := ErrnoByName("EOPNOTSUPP")
	return &Error{Op: op, Found: why, Fix: "use a target that has it", Errno: eop}
}
