// The picture of a real machine: its CPUs, the registers as far as they are known, and the events.

// Package board holds what was seen of a real machine's debug registers: the banks of each CPU, the
// events behind them, and what is wrong with them. It only holds values. Package board/rebuild makes
// them from a trace, board/gdb and board/kernel from a halted or a running machine.
//
// A value that the source does not tell is unknown, which is not the same as 0: see Value and Slot.
//
//	b, err := rebuild.Read(file, rebuild.Options{})
//	if err != nil {
//		return err
//	}
//	if wcr := b.CPUs[1].WCR[0]; wcr.Known {
//		fmt.Printf("0x%x\n", wcr.Bits)
//	}
package board

import (
	"strconv"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Source names where a picture comes from.
type Source string

// The sources.
const (
	FromTrace Source = "trace"
	FromGDB   Source = "gdb"
	FromKCore Source = "kcore"
)

// A Board is a real machine as it was at one moment.
type Board struct {
	Source     Source
	Kernel     string        // the release that the machine names, "" if unknown
	BRPs, WRPs int           // breakpoint and watchpoint registers that the kernel uses
	EL         int           // the kernel's exception level: 1, or 2 (VHE); 0: unknown
	T          time.Duration // the moment in the source's own clock; 0 of a live machine
	CPUs       []CPU         // by number
	Events     []Event       // those that existed at T, in order of creation
	Findings   []Finding     // worst first

	// Origin made the picture. It may implement Recorded or Live.
	Origin any `json:"-"`
}

// A Recorded origin has a record of which it can show other moments.
type Recorded interface {
	At(t time.Duration) (*Board, error)
}

// A Live origin can look again.
type Live interface {
	Refresh() (*Board, error)
}

// A CPU is one CPU of a board. The slices have BRPs or WRPs elements of the board.
type CPU struct {
	Online   *bool         // nil: unknown
	Step     time.Duration // since when its task is in a step over a hit, 0: in none that is known
	Task     Task          // current, PID -1 if unknown
	MDSCR    Value
	BVR, BCR []Value
	WVR, WCR []Value
	BP, WP   []Slot // bp_on_reg, wp_on_reg
}

// A Value is what a register reads, if that is known.
type Value struct {
	Bits  uint64
	Known bool
}

// Known returns the value of a register that was read or computed.
func Known(bits uint64) Value { return Value{Bits: bits, Known: true} }

// A Slot is one element of bp_on_reg or wp_on_reg.
type Slot struct {
	Known bool
	Event int // ID, 0: no event
}

// A Task names a thread of the board.
type Task struct {
	Ptr  uint64 // of its task_struct, 0 if unknown
	PID  int    // -1 if unknown, 0 an idle thread
	Comm string // "" if unknown
}

// NoTask is the target of an event of a CPU, and a task of which nothing is known.
var NoTask = Task{PID: -1}

// String returns comm-pid as far as they are known, otherwise the pointer, "" if nothing is known.
func (t Task) String() string {
	switch {
	case t.PID < 0 && t.Comm == "" && t.Ptr == 0:
		return ""
	case t.PID < 0 && t.Comm == "":
		return "task 0x" + strconv.FormatUint(t.Ptr, 16)
	case t.PID < 0:
		return t.Comm
	}
	comm := t.Comm
	if comm == "" {
		comm = "?"
	}
	return comm + "-" + strconv.Itoa(t.PID)
}

// An Owner is the interface through which an event was opened.
type Owner string

// The owners.
const (
	ByPerf   Owner = "perf"   // perf_event_open
	ByPtrace Owner = "ptrace" // PTRACE_SETREGSET and its like
	ByKernel Owner = "kernel" // register_user_hw_breakpoint, perf_event_create_kernel_counter
	ByWide   Owner = "wide"   // register_wide_hw_breakpoint
)

// An Event is one perf_event of type breakpoint.
type Event struct {
	ID          int          // from 1, in order of creation where the source knows it
	Ptr         uint64       // of its perf_event, 0 if unknown
	Attr        hwdebug.Attr // as it is at the moment of the picture
	CPU         int          // -1: follows its task
	Task        Task         // the target, NoTask of a CPU's event
	By          Task         // who opened it
	Owner       Owner        // "" if unknown
	Handler     uint64       // the overflow handler's address, 0 if unknown or the default
	HandlerName string       // its symbol, "" if unknown
	Own         bool         // the handler is known to be neither perf's nor ptrace's
	Wide        int          // number of its wide registration, from 1; 0: none
	Parent      int          // ID of the event that it was inherited from, 0: none
	Opened      time.Duration
	State       string // "active" "inactive" "off" "error"; "" if unknown
	OnCPU       int    // where it is in a register, -1: nowhere
	Slot        int    // which, -1: none
}

// Event returns the event with that ID, or nil.
func (b *Board) Event(id int) *Event {
	for i := range b.Events {
		if b.Events[i].ID == id {
			return &b.Events[i]
		}
	}
	return nil
}

// NewCPU returns a CPU of which nothing is known.
func NewCPU(brps, wrps int) CPU {
	return CPU{
		Task: NoTask,
		BVR:  make([]Value, brps), BCR: make([]Value, brps), BP: make([]Slot, brps),
		WVR: make([]Value, wrps), WCR: make([]Value, wrps), WP: make([]Slot, wrps),
	}
}
