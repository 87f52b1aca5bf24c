// Target: what any machine with debug registers can do, and what only some can.

package hwdebug

type (
	// A TaskID names a task of a Target.
	TaskID int
	// An EventID names an event, or a wide registration, of a Target.
	EventID int
)

// NoTask stands for "no task": a CPU's own event.
const NoTask TaskID = -1

// A Feature is something that not every Target can do.
type Feature string

const (
	FeatureKernelEvents Feature = "kernel events" // registration by kernel code: KernelRegistrar
	FeatureKernelAccess Feature = "kernel access" // Target.KernelAccess
	FeatureTasks        Feature = "tasks"         // Tasker
	FeatureUserCopy     Feature = "user copy"     // UserCopier
	FeatureRegisters    Feature = "registers"     // Dumper
	FeaturePtrace       Feature = "ptrace"        // Ptracer
	FeatureSwitch       Feature = "switch"        // Switcher
	FeatureHotplug      Feature = "hotplug"       // Hotplugger
)

// A Target is a machine with debug registers that a caller in user space can ask for events and accesses.
// Refusals unwrap to the errno that the kernel gives. A Target belongs to one goroutine at a time.
type Target interface {
	// CPUs returns how many CPUs are possible; BRPs and WRPs how many registers the kernel uses.
	CPUs() int
	BRPs() int
	WRPs() int
	// Supports returns nil, or why f is not to be had and how to get it.
	Supports(f Feature) error

	// Open is perf_event_open of a breakpoint event for task (or NoTask) on cpu (-1: wherever the task runs).
	Open(a Attr, task TaskID, cpu int) (EventID, error)
	// Enable, Disable and Modify are the fd requests; they reach inherited events too (R-EVT-27).
	Enable(EventID) error
	Disable(EventID) error
	Modify(EventID, Attr) error
	// Read returns the count; ok is false for an event in the error state, which reads nothing.
	Read(EventID) (count uint64, ok bool, err error)
	// Close closes the event's last file descriptor.
	Close(EventID) error

	// Access does one access in user mode as task and returns the traps that stopped it, if any: an access that
	// a trap stops is not performed.
	Access(task TaskID, k Kind, addr uint64, size int) (Trap, error)
	// KernelAccess does one access of the kernel on cpu.
	KernelAccess(cpu int, k Kind, addr uint64, size int) error
}

// A KernelRegistrar registers events as a kernel module does.
type KernelRegistrar interface {
	// RegisterWide is register_wide_hw_breakpoint. A nil handler is the kernel's default one.
	RegisterWide(a Attr, h Handler) (EventID, error)
	UnregisterWide(EventID) error
	// RegisterUser is register_user_hw_breakpoint.
	RegisterUser(a Attr, task TaskID, h Handler) (EventID, error)
	// ModifyUser is modify_user_hw_breakpoint.
	ModifyUser(EventID, Attr) error
	// Unregister is unregister_hw_breakpoint.
	Unregister(EventID) error
}

// A Handler is an overflow handler of a module. It returns true to move the pc past the instruction that hit.
type Handler func(id EventID, addr uint64) (skip bool)

// A Tasker makes tasks that run only when asked to.
type Tasker interface {
	// NewTask makes a task that is bound to cpu and parked.
	NewTask(cpu int) (TaskID, error)
	// Fork lets the parked task t fork and park; the child is bound to the same CPU.
	Fork(t TaskID) (TaskID, error)
	// Migrate binds the parked task t to cpu.
	Migrate(t TaskID, cpu int) error
	// Exit lets t run, exit and be reaped.
	Exit(t TaskID) error
}

// A UserCopier lets the kernel access user memory on behalf of a task (get_user, put_user).
type UserCopier interface {
	UserCopy(task TaskID, k Kind, addr uint64, size int) error
}

// A Dumper reads the debug registers back.
type Dumper interface {
	// DumpTask reads those of the CPU that task runs on, while it runs.
	DumpTask(task TaskID, r *Regs) error
	// DumpCPU reads those of cpu while no task of the caller runs there.
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
	// PtraceSetReg stops the task, reads the set, replaces entry idx, writes the header and entries 0 to idx back,
	// and lets it continue.
	PtraceSetReg(task TaskID, which PtraceSet, idx int, reg PtraceReg) error
	// PtraceGetRegs returns the info word and as many entries as its low byte says.
	PtraceGetRegs(task TaskID, which PtraceSet) (info uint32, regs []PtraceReg, err error)
}

// A Switcher can say which task a CPU runs next; NoTask is its idle thread.
type Switcher interface {
	Switch(cpu int, next TaskID) error
}

// A Hotplugger can take CPUs down and bring them up again.
type Hotplugger interface {
	CPUDown(cpu int) error
	CPUUp(cpu int) error
}

// A Shutdowner holds something beyond its last use, such as threads or file descriptors. Shutdown gives it back;
// the target answers nothing afterwards.
type Shutdowner interface {
	Shutdown() error
}

// Shutdown gives back what t holds; it does nothing for a target that holds nothing.
func Shutdown(t Target) error {
	if s, ok := t.(Shutdowner); ok {
		return s.Shutdown()
	}
	return nil
}

// Switch makes cpu run next, or fails with EOPNOTSUPP where t cannot choose.
func Switch(t Target, cpu int, next TaskID) error {
	if s, ok := t.(Switcher); ok {
		return s.Switch(cpu, next)
	}
	return NotSupported("switch", "the target cannot choose what a CPU runs")
}

// NotSupported returns the error of an operation that a target cannot do.
func NotSupported(op, why string) error {
	eop, _ := ErrnoByName("EOPNOTSUPP")
	return &Error{Op: op, Found: why, Fix: "use the model, which can", Errno: eop}
}
