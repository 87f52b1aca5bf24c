// Call chains: the functions through which a modelled function was entered (spec chapter 11).

package sim

import (
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// ChainOptions select one entry of a function and the view of its chain.
type ChainOptions struct {
	CPU  *CPU       // nil: any
	Nth  int        // counted from 1; 0: the last
	View trace.View // Frames leaves out the names that the specification puts in parentheses
}

var errNoTrace = misusef("the machine keeps no trace; make trace_size larger")

// Modelled returns a hwdebug.UnknownError if the model does not have fn.
func (m *Machine) Modelled(fn string) error {
	_, err := m.modelled(fn)
	return err
}

func (m *Machine) modelled(fn string) (trace.FnID, error) {
	id, ok := m.rec.Lookup(fn)
	if !ok || id == 0 {
		return 0, &hwdebug.UnknownError{What: "a modelled kernel function", Name: fn, Known: m.resembling(fn)}
	}
	return id, nil
}

// resembling returns the modelled names that the unknown name fn may stand for: the body of the system call
// of that name, or all of them.
func (m *Machine) resembling(fn string) []string {
	prefix := "__se_sys_"
	if m.prof.six {
		prefix = "__do_sys_"
	}
	body := prefix + strings.TrimPrefix(fn, "sys_")
	if _, ok := m.rec.Lookup(body); ok {
		return []string{body}
	}
	return m.rec.Names()
}

// Callchain returns the call chain of the last or nth entry of fn: the names from fn outwards to the bottom
// of the thread's stack. It returns nil if fn was never entered, and an error if fn is not modelled.
func (m *Machine) Callchain(fn string, o ChainOptions) ([]string, error) {
	id, err := m.modelled(fn)
	if err != nil {
		return nil, err
	}
	if !m.traced {
		return nil, errNoTrace
	}
	cpu := -1
	if c := o.CPU; c != nil {
		if cpu = c.id; c.m != m {
			return nil, misusef("callchain needs a CPU of this machine")
		}
		if !m.hasCPU(cpu) {
			return nil, m.noCPU(cpu)
		}
	}
	if o.Nth < 0 {
		return nil, misusef("invalid entry %d (entries are counted from 1)", o.Nth)
	}
	n, ok := m.rec.Last(id, cpu)
	if o.Nth > 0 {
		if n, ok = m.rec.Nth(id, cpu, uint64(o.Nth)); !ok && uint64(o.Nth) <= m.rec.Count(id, cpu) {
			return nil, misusef("entry %d of %s is no longer in the trace; make trace_size larger", o.Nth, fn)
		}
	}
	if !ok {
		return nil, nil
	}
	return m.rec.Chain(n, o.View), nil
}

// EventByID returns the event with that ID, or nil. A machine without a trace finds only
// events that have not been freed.
func (m *Machine) EventByID(id int) *Event {
	if m.traced {
		if id < 1 || id > len(m.events) {
			return nil
		}
		return m.events[id-1]
	}
	for _, ev := range m.live {
		if ev.id == id {
			return ev
		}
	}
	return nil
}

// TraceArg returns argument i of a record: an *Event or *Task for one that the machine knows, a string for
// a name, an int64 for a count, a uint64 for an address or a register value.
func (m *Machine) TraceArg(r *trace.Record, i int) any {
	v := r.Args[i]
	kind := trace.Hex
	if args := fns[r.Fn].Args; i < len(args) {
		kind = args[i].Kind
	}
	switch kind {
	case trace.Event:
		if ev := m.EventByID(int(v >> 1)); ev != nil {
			return ev
		}
		return nil
	case trace.PID:
		pid := int(int64(v))
		if pid < 0 {
			return nil
		}
		if t := m.taskByPID(pid); t != nil {
			return t
		}
		for _, t := range slices.Backward(m.tasks) { // a task that has exited since
			if t.pid == pid {
				return t
			}
		}
		return int64(pid)
	case trace.Text:
		return m.rec.NameOf(uint32(v))
	case trace.Hex:
		return v
	}
	return int64(v)
}

// TraceRet returns a record's result: nil while the function runs or if it returns nothing, a string such
// as "-ENOSPC" for an errno, otherwise an int64 or a uint64.
func (m *Machine) TraceRet(r *trace.Record) any {
	if r.State == trace.Running {
		return nil
	}
	switch fns[r.Fn].Ret {
	case trace.NoValue:
		return nil
	case trace.Errno:
		if r.Ret < 0 {
			if e, ok := hwdebug.ErrnoByNumber(int(-r.Ret)); ok {
				return "-" + hwdebug.ErrnoName(e)
			}
		}
		return r.Ret
	case trace.Hex:
		return uint64(r.Ret)
	}
	return r.Ret
}
