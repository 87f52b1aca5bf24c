// Records: what one line of a trace says, as values.

// Package ftrace reads what tracefs, trace-cmd, perf script and dmesg print about the breakpoint code of
// a kernel, and makes the shell script that sets the probes. It knows lines, not their meaning: package
// board/rebuild draws the registers from the records.
//
// A Reader tells the forms apart line by line, so that mixed, clipped and compressed files can be read. It
// keeps nothing of the lines before, and reuses its Record.
//
//	r := ftrace.NewReader(file)
//	for rec := range r.Records() {
//		if rec.Name == ftrace.Control {
//			fmt.Println(rec.T, rec.CPU, rec.BP, rec.Ops)
//		}
//	}
//	if err := r.Err(); err != nil {
//		return err
//	}
package ftrace

import "time"

// A Name is the kind of a record.
type Name uint8

// The records of the probe sets, and what else a trace holds.
const (
	Other      Name = iota // an event of no set
	Alloc                  // perf_event_alloc
	AllocRet               // Ret: the event or an errno
	Open                   // register_perf_hw_breakpoint
	OpenRet                // Ret: an errno
	Reserve                // __reserve_bp_slot
	ReserveRet             // Ret
	Release                // __release_bp_slot, release_bp_slot or bp_perf_event_destroy: see Where
	Parse                  // hw_breakpoint_arch_parse
	ParseRet               // Ret
	Modify                 // modify_user_hw_breakpoint_check
	ModifyRet              // Ret
	Control                // hw_breakpoint_control: Ops
	Hit                    // perf_bp_event: PC, PState
	Wide                   // register_wide_hw_breakpoint
	WideRet                // Ret
	Unwide                 // unregister_wide_hw_breakpoint: WidePtr
	Reset                  // hw_breakpoint_reset: OnCPU
	Find                   // find_task_by_vpid: VPID
	FindRet                // Ret
	Fork                   // sched_process_fork: ChildPID, ChildComm
	Exit                   // sched_process_exit
	Mark                   // tracing_mark_write: Text
	Function               // a line of the function tracer: Where, Caller
	Chain                  // a stack through the breakpoint code: Stack
	Head                   // a line that tells about the trace: see Facts
	Lost                   // the tracer lost N records of CPU, N 0 if it does not say how many
)

// A Form is the program whose lines a record has.
type Form uint8

// The forms.
const (
	Tracefs  Form = iota + 1
	TraceCmd      // trace-cmd report, and tracefs without a column of flags
	Perf          // perf script
	Dmesg
)

// String returns the name of the program or file.
func (f Form) String() string {
	return [...]string{"", "tracefs", "trace-cmd", "perf script", "dmesg"}[f]
}

// A Field is a set of fields that a record has.
type Field uint32

// The fields. A record has those that its line had.
const (
	FBP Field = 1 << iota
	FType
	FAddr
	FLen
	FFlags
	FPeriod
	FCPU
	FTask
	FParent
	FHandler
	FRet
	FOps
	FPC
	FPState
	FWide
	FVPID
	FPID
	FComm
	FKind // the type of the perf event, 5 for breakpoints
	FCheck
)

// Bits of Record.Flags, the flag word of perf_event_attr.
const (
	FlagDisabled      = 1 << 0
	FlagInherit       = 1 << 1
	FlagPinned        = 1 << 2
	FlagExcludeUser   = 1 << 4
	FlagExcludeKernel = 1 << 5
	FlagExcludeHV     = 1 << 6
	FlagEnableOnExec  = 1 << 12
)

// A Record is one line. Its strings may be kept; the record itself is used again for the next line.
type Record struct {
	Name Name
	Form Form
	Line int // from 1
	T    time.Duration
	CPU  int // where it happened, -1 if unknown
	PID  int // the current thread, -1 if unknown
	Comm string
	IRQ  bool   // the line has the flag of a hardware interrupt
	Has  Field  // which of the following the line had
	Kind uint64 // of the perf event, 5: breakpoint

	BP, Addr, Len, Flags, Period uint64
	Type                         uint32 // bp_type
	Ops                          int
	OnCPU                        int // cpu=
	Task, Parent, Handler        uint64
	TaskPID                      int    // pid=
	TaskComm                     string // comm=
	Ret                          int64
	PC, PState                   uint64
	WidePtr                      uint64
	VPID                         int
	Check                        uint64
	ChildPID                     int
	ChildComm                    string
	Where, Caller                string // the probed function, and whoever called it
	Text                         string
	Stack                        []string // innermost first; of Chain
	N                            int
}

// has reports whether r has all the fields of f.
func (r *Record) has(f Field) bool { return r.Has&f == f }

// Facts are what the heads of a trace say about the board.
type Facts struct {
	Probes             bool   // the head of hwlua probes was read
	Kernel             string // "6.1.0-50-arm64"
	CPUs               int    // 0: unknown
	BRPs, WRPs         int
	EL                 int    // the kernel's exception level: 1, or 2 (VHE); 0: unknown
	PtraceHandler      uint64 // ptrace_hbptriggered
	PerfHandler        uint64 // perf_event_output_forward
	Missed             int    // by the probes, as last reported
	Buffered, Written  int    // entries of the buffer; fewer than written: the oldest are gone
	HasMissed, Clipped bool   // Missed was reported; the buffer of some CPU began late
}
