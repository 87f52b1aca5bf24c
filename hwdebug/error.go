// Error: a request that the kernel refused, the reason, and snapshots of the events in its way.

package hwdebug

import (
	"fmt"
	"strings"
	"syscall"
)

// An Error is a request that the kernel refused. It unwraps to the errno that the kernel returns.
type Error struct {
	Errno   syscall.Errno
	Rule    string   // the rule of the specification: "R-CON-7"
	Fn      string   // the kernel function that refused: "__reserve_bp_slot"
	Op      string   // the call: "perf_event_open"
	Asked   string   // "watchpoint w at 0xffff800010a01238 len 8 on cpu1"
	Found   string   // "4 of 4 watchpoint slots reserved on cpu1"
	Holders []Holder // the events that hold these slots: the CPU's own, then the counting task's
	Fix     string   // "release one of them"
}

// Error returns the error on one line, with the labels of the holders.
func (e *Error) Error() string {
	s := e.headline() + " (" + ErrnoName(e.Errno) + ")"
	if e.Fix != "" {
		s += "; fix: " + e.Fix
	}
	return s
}

// Brief returns what the kernel found and the errno, without the request.
func (e *Error) Brief() string { return e.Op + ": " + e.found() + " (" + ErrnoName(e.Errno) + ")" }

// Explain returns the error in lines: the request, the errno and where it comes from, a line for each
// holder, the fix.
func (e *Error) Explain() string {
	var b strings.Builder
	b.WriteString(e.headline())
	fmt.Fprintf(&b, "\n%s from %s (%s)", ErrnoName(e.Errno), e.Fn, e.Rule)
	for _, h := range e.Holders {
		b.WriteString("\n  " + h.String())
	}
	if e.Fix != "" {
		b.WriteString("\nfix: " + e.Fix)
	}
	return b.String()
}

// headline returns the call, what it asked for and what the kernel found.
func (e *Error) headline() string {
	s := e.Op + ": "
	if e.Asked != "" {
		s += e.Asked + ": "
	}
	return s + e.found()
}

// found returns what the kernel found, with the labels of the holders.
func (e *Error) found() string {
	if len(e.Holders) == 0 {
		return e.Found
	}
	labels := make([]string, len(e.Holders))
	for i := range e.Holders {
		labels[i] = e.Holders[i].Label
	}
	return e.Found + " (" + strings.Join(labels, " ") + ")"
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Errno }

// A Holder is an event as it was when it stood in the way of a request.
type Holder struct {
	ID    int
	Label string // the event's printed name, "w5"
	Attr  Attr
	Comm  string // of its task
	PID   int    // of its task, -1 for a CPU's event
	CPU   int    // -1: follows its task
	State string // "active"
	Slot  int    // the register pair that holds it, -1 if none does
}

// String returns what the event watches, for which task and on which CPU, its state and its slot.
func (h *Holder) String() string {
	s := fmt.Sprintf("%s: %s at 0x%016x len %d", h.Label, h.Attr.Type, h.Attr.Addr, h.Attr.Len)
	if h.Attr.Name != "" {
		s += fmt.Sprintf(" %q", h.Attr.Name)
	}
	if h.PID >= 0 {
		s += fmt.Sprintf(", task %s (pid %d)", h.Comm, h.PID)
	}
	if h.CPU >= 0 {
		s += fmt.Sprintf(", cpu%d", h.CPU)
	}
	s += ", " + h.State
	if h.Slot >= 0 {
		s += fmt.Sprintf(" in slot %d", h.Slot)
	}
	return s
}
