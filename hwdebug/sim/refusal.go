// Refusals: what the kernel answered no to, why, and who holds what was asked for.

package sim

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// A Refusal explains why the kernel refused a request.
type Refusal struct {
	Errno   syscall.Errno
	Rule    string   // of the specification
	Fn      string   // the kernel function that refused
	Op      string   // the call
	Asked   string   // what was asked
	Found   string   // what was in the way
	Mend    string   // what would help
	CPU     int      // on which CPU there was no room, when Holders is not empty
	Holders []*Event // the events that hold the slots: the CPU's own, then the counting task's

	holders []string // as they were
}

// String says it all in words.
func (r *Refusal) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", r.Op, r.Asked, r.Found)
	fmt.Fprintf(&b, "\n%s from %s (%s)", hwdebug.ErrnoName(r.Errno), r.Fn, r.Rule)
	for _, h := range r.holders {
		b.WriteString("\n  " + h)
	}
	if r.Mend != "" {
		b.WriteString("\nto mend it, " + r.Mend)
	}
	return b.String()
}

// Why explains the last refusal; it is nil before the first.
func (m *Machine) Why() *Refusal { return m.refusal }

// refuse keeps the explanation and returns the error.
func (m *Machine) refuse(r *Refusal, err *hwdebug.Error) error {
	err.Rule, err.Fn = r.Rule, r.Fn
	r.Errno, r.Op, r.Asked, r.Found, r.Mend = err.Errno, err.Op, err.Asked, err.Found, err.Mend
	for _, h := range r.Holders {
		r.holders = append(r.holders, h.describe())
	}
	m.refusal = r
	return err
}

// describe says what an event watches, for whom, and how it is.
func (ev *Event) describe() string {
	s := sprintf("%s: %s at 0x%016x len %d", ev.Label(), ev.attr.Type, ev.attr.Addr, ev.attr.Len)
	if ev.attr.Name != "" {
		s += sprintf(" %q", ev.attr.Name)
	}
	if ev.task != nil {
		s += sprintf(", task %s (pid %d)", ev.task.comm, ev.task.pid)
	}
	if ev.cpu >= 0 {
		s += sprintf(", cpu%d", ev.cpu)
	}
	s += ", " + ev.state.String()
	if ev.slot >= 0 {
		s += sprintf(" in slot %d", ev.slot)
	}
	return s
}
