// Refusals: the errors of the kernel, kept for Why, with snapshots of the events that caused them.

package sim

import (
	"fmt"
	"slices"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// Why returns the last refusal, nil before the first.
func (m *Machine) Why() *hwdebug.Error { return m.refusal }

// refuse keeps e for Why and returns it.
func (m *Machine) refuse(e *hwdebug.Error) error {
	m.refusal = e
	if !slices.Contains(m.refusedBy, e.Rule) {
		m.refusedBy = append(m.refusedBy, e.Rule)
	}
	return e
}

// RefusedBy returns the rules by which the machine has refused calls, in the order of their first refusals.
func (m *Machine) RefusedBy() []string { return slices.Clone(m.refusedBy) }

// refuse refuses the creation of an event.
func (r *create) refuse(m *Machine, e syscall.Errno, rule, fn, found, fix string) error {
	return m.refuse(&hwdebug.Error{
		Errno: e, Rule: rule, Fn: fn, Op: r.op, Asked: r.asked(), Found: found, Fix: fix,
	})
}

// refuse refuses the attributes a for ev.
func (ev *Event) refuse(e syscall.Errno, rule, fn, op string, a *hwdebug.Attr, found, fix string) error {
	return ev.m.refuse(&hwdebug.Error{
		Errno: e, Rule: rule, Fn: fn, Op: op, Asked: ev.asked(a), Found: found, Fix: fix,
	})
}

// cpuRange returns the CPUs that the machine has, for an error.
func (m *Machine) cpuRange() string { return sprintf("the machine has CPUs 0 to %d", len(m.cpus)-1) }

// refuseCPU refuses op on a CPU that the machine does not have.
func (m *Machine) refuseCPU(op, rule string, n int) error {
	return m.refuse(&hwdebug.Error{
		Errno: einval, Rule: rule, Fn: op, Op: op, Asked: sprintf("cpu%d", n),
		Found: m.cpuRange(), Fix: "use one of them",
	})
}

// noCPU returns the error of a call on a CPU that the machine does not have.
func (m *Machine) noCPU(n int) error {
	return &misuse{sprintf("there is no cpu%d; %s", n, m.cpuRange()), ErrNoCPU}
}

// holder returns a snapshot of ev for a refusal that ev causes.
func (ev *Event) holder() hwdebug.Holder {
	h := hwdebug.Holder{
		ID: ev.id, Label: ev.Label(), Attr: ev.attr, PID: -1, CPU: ev.cpu,
		State: ev.state.String(), Slot: ev.slot,
	}
	if ev.task != nil {
		h.Comm, h.PID = ev.task.comm, ev.task.pid
	}
	return h
}

// describe returns what an event watches, for which task and on which CPU, its state and its slot.
func (ev *Event) describe() string {
	h := ev.holder()
	return h.String()
}
