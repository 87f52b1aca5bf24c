// The vocabulary: attributes of an event, kinds of access, and the debug registers of a CPU.

// Package hwdebug defines the vocabulary and the contract of hardware breakpoints and watchpoints
// on Linux/arm64: the attributes of an event, the errors, the registers of a CPU, and Target, a
// machine that has them. It has no behavior of its own: package sim models the kernel, and package
// conform compares a Target with recorded runs of a real one.
//
//	m, err := sim.New(sim.Config{CPUs: 4})
//	if err != nil {
//		return err
//	}
//	t := m.Target()
//	ev, err := t.Open(hwdebug.Attr{Type: hwdebug.W, Addr: 0x400000, Len: 4}, hwdebug.NoTask, 0)
//	if errors.Is(err, syscall.ENOSPC) {
//		// every watchpoint register of CPU 0 is reserved
//	}
package hwdebug

import "strconv"

// MaxCPUs is the most CPUs that a model, a board or a recording has.
const MaxCPUs = 1024

// A BPType is the kernel's bp_type: the kinds of access that an event watches for.
type BPType uint32

// The values that the kernel names. Other numbers may be requested and are refused where the kernel
// refuses them.
const (
	Empty   BPType = 0
	R       BPType = 1
	W       BPType = 2
	RW      BPType = R | W
	X       BPType = 4
	Invalid BPType = RW | X
)

// String returns "r", "w", "rw", "x", or the number of any other type.
func (t BPType) String() string {
	names := [...]string{R: "r", W: "w", RW: "rw", X: "x"}
	if t < BPType(len(names)) && names[t] != "" {
		return names[t]
	}
	return strconv.FormatUint(uint64(t), 10)
}

// Data reports whether events of this type are counted as watchpoints (R-CON-3).
func (t BPType) Data() bool { return t&RW != 0 }

// An Attr is a request for an event: the fields of perf_event_attr that matter here. The zero value
// of each flag is the kernel's.
type Attr struct {
	Type         BPType
	Addr         uint64 // as requested, not rounded
	Len          uint64 // bytes, as requested
	SamplePeriod uint64 // 0: handlers are never called (R-EXC-12)

	Disabled, Pinned, Inherit             bool
	ExcludeUser, ExcludeKernel, ExcludeHV bool
	EnableOnExec, RemoveOnExec            bool
	InheritThread                         bool // copies go to threads only, not to other processes
	Sigtrap                               bool // a hit sends SIGTRAP to the task
	Freq                                  bool // SamplePeriod is a frequency
	// PERF_SAMPLE_READ, PERF_SAMPLE_TID and PERF_SAMPLE_BRANCH_STACK in sample_type.
	SampleRead, SampleTID, BranchStack bool
	ReadFormat                         ReadFormat
	Name                               string // a label for people; the kernel never sees it
}

// A ReadFormat is a set of the kernel's PERF_FORMAT bits: what a read of an event returns.
type ReadFormat uint8

// The bits of a ReadFormat, with the kernel's values.
const (
	ReadTimeEnabled ReadFormat = 1 << iota
	ReadTimeRunning
	ReadID
	ReadGroup
)

// HwBreakpointInit returns the attributes that the kernel's hw_breakpoint_init sets: pinned, period
// 1 (R-VAL-6).
func HwBreakpointInit() Attr { return Attr{Pinned: true, SamplePeriod: 1} }

// A Kind is the kind of one access.
type Kind uint8

// The kinds of an access.
const (
	Load Kind = iota
	Store
	Exec
)

// String returns "load", "store" or "exec".
func (k Kind) String() string { return [...]string{"load", "store", "exec"}[k] }

// Regs holds the values that the debug registers of one CPU read.
type Regs struct {
	CPU      int
	BVR, BCR []uint64
	WVR, WCR []uint64
	MDSCR    uint64
}

// A Trap describes the SIGTRAPs of one access.
type Trap struct {
	N       int     // how often the task was stopped for its tracer
	Addr    uint64  // si_addr of the first stop
	Errno   int     // si_errno of the first stop: the number of the register of a 32-bit task
	Handled Handled // the signals that the task's own handler took
}

// Handled describes the signals of one access that a task's own SIGTRAP handler took. Every third one of
// an access moves the pc past the instruction.
type Handled struct {
	N    int
	Code int    // si_code of the first
	Addr uint64 // si_addr of the first
}

// A RegWrite is one write to a debug register: Reg is n, 16+n, 32+n or 48+n for DBGBVRn, DBGBCRn, DBGWVRn
// or DBGWCRn, and RegMDSCR for MDSCR_EL1.
type RegWrite struct {
	CPU, Reg int
	Value    uint64
}

// RegMDSCR is the number of MDSCR_EL1 in a RegWrite.
const RegMDSCR = 100
