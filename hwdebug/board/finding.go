// Findings: what is wrong on a board, or with what was seen of it.

package board

import (
	"fmt"
	"syscall"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Kind is a kind of finding.
type Kind uint8

// The kinds, worst first.
const (
	NotSure            Kind = iota + 1 // from T on; N records missed, or Cause
	PerfRecord                         // N installs are missing
	UnmatchedUninstall                 // of what is in no slot
	Older                              // N events are from before the trace
	Differs                            // the first divergence from the model
	Refused                            // an open or a modify
	NeverReleased
	WideMissing   // on CPU
	HashedPointer // a kernel event at an address below TASK_SIZE
	Cut           // at the end of the doubleword
	OwnHandler    // hit N times at one PC
	NoEvent       // a slot is armed, and no event is in it
	Disarmed      // an event in a slot, its register disabled
	Mismatch      // register and event differ
	OSLocked
	MonitorsOff // MDE clear while E is set
)

// A Finding is one thing that is wrong.
type Finding struct {
	Kind    Kind
	T       time.Duration
	CPU     int  // -1: of no CPU
	Task    Task // who did it, or whom it concerns
	Rule    string
	Errno   syscall.Errno // of Refused
	Op      string        // the call that was refused: "perf_event_open"
	Event   *Event        // the event concerned, as it was
	Asked   hwdebug.Attr  // of Refused: the attributes that were asked for
	Limit   int           // of Refused with ENOSPC: the slots of that type on CPU
	Holders []Holder      // of Refused with ENOSPC
	N       int           // see the kinds
	PC      uint64
	Cause   string // of NotSure and Differs
	Reg     string // "DBGWCR1_EL1"
	Is      Value  // what the register reads
	Want    Value  // what it should read
}

// A Holder is an event that is counted where a request was refused.
type Holder struct {
	Event  Event // as it was
	Slot   int   // its register on the CPU of the finding, -1: none there
	Counts bool  // among the N of N: the CPU's own, and those of the busiest task
}

// Name returns the name of the finding as reports and --json print it.
func (f *Finding) Name() string {
	switch f.Kind {
	case NotSure:
		if f.Cause != "" {
			return fmt.Sprintf("not sure from %s on: %s", Seconds(f.T), f.Cause)
		}
		return fmt.Sprintf("not sure from %s on: %d records missed", Seconds(f.T), f.N)
	case PerfRecord:
		return fmt.Sprintf("perf record leaves out what fires inside perf: %d installs are missing; "+
			"use trace_pipe or trace-cmd", f.N)
	case UnmatchedUninstall:
		return "unmatched uninstall"
	case Older:
		return fmt.Sprintf("%d events are from before the trace", f.N)
	case Differs:
		return "differs from the model"
	case Refused:
		return "refused"
	case NeverReleased:
		return "never released"
	case WideMissing:
		return fmt.Sprintf("wide event missing on cpu%d", f.CPU)
	case HashedPointer:
		return "armed for a user address, privilege EL0: hashed pointer?"
	case Cut:
		return "cut at 8 bytes"
	case OwnHandler:
		return fmt.Sprintf("custom handler, hit %d times at one pc", f.N)
	case NoEvent:
		return "armed, but no event of the kernel is in that slot"
	case Disarmed:
		return "event in the slot, register disabled"
	case Mismatch:
		return "register and event differ"
	case OSLocked:
		return "OS lock set"
	case MonitorsOff:
		return "MDE clear while E is set"
	}
	return fmt.Sprintf("finding %d", f.Kind)
}

// Seconds returns t as traces print it, "12.302705".
func Seconds(t time.Duration) string {
	us := t.Microseconds()
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

// Refusals returns the findings of kind Refused.
func (b *Board) Refusals() []Finding { return b.of(Refused) }

// Leaks returns the findings of kind NeverReleased.
func (b *Board) Leaks() []Finding { return b.of(NeverReleased) }

func (b *Board) of(k Kind) (list []Finding) {
	for i := range b.Findings {
		if b.Findings[i].Kind == k {
			list = append(list, b.Findings[i])
		}
	}
	return list
}
