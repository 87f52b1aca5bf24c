// Entries that are attended to: functions that dump the stack, or call back, when they are entered.

package sim

import "github.com/hwlua/hwlua/hwdebug/trace"

// An entryAction is a set of what happens at the entries of a function.
type entryAction uint8

const (
	dumpsStack entryAction = 1 << iota
	callsBack
)

var errHalted = misusef("the machine is halted in a modelled function: it can only be looked at")

// SetEntered has fn called at each later entry of one of the modelled functions in names, before the function
// does anything, with the record of the entry. It replaces what was set before; without names fn is never
// called. fn may only look at the machine: a call that would change it fails meanwhile.
func (m *Machine) SetEntered(names []string, fn func(*trace.Record)) error {
	if m.closed {
		return ErrClosed
	}
	for i := range m.onEntry {
		m.onEntry[i] &^= callsBack
	}
	m.entered = fn
	for _, name := range names {
		if err := m.attendTo(name, callsBack); err != nil {
			return err
		}
	}
	return nil
}

// attendTo adds an action to the later entries of a modelled function.
func (m *Machine) attendTo(name string, a entryAction) error {
	switch {
	case m.closed:
		return ErrClosed
	case !m.traced:
		return errNoTrace
	}
	id, err := m.modelled(name)
	if err != nil {
		return err
	}
	if m.onEntry == nil {
		m.onEntry = make([]entryAction, len(fns))
	}
	m.onEntry[id] |= a
	m.attends = true
	return nil
}

// attend does what belongs to the entry of fn with that sequence number.
func (m *Machine) attend(fn trace.FnID, seq uint64) {
	if m.onEntry[fn]&dumpsStack != 0 {
		m.dumpStack()
	}
	if m.onEntry[fn]&callsBack == 0 || m.halted {
		return
	}
	m.halted = true
	defer func() { m.halted = false }()
	if r, ok := m.rec.Record(seq); ok {
		m.entered(&r)
	}
}
