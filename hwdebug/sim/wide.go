// Wide registration: one event on every online CPU, all or none (spec 4.3).

package sim

import "github.com/hwlua/hwlua/hwdebug"

// A Wide is a wide registration: one event for each CPU that was online.
type Wide struct {
	m      *Machine
	id     int
	addr   uint64
	events []*Event // by CPU, nil for a CPU without one
	closed bool
}

// ID returns the registration's number, from 1 in order.
func (w *Wide) ID() int { return w.id }

// Closed reports whether it has been unregistered.
func (w *Wide) Closed() bool { return w.closed }

// Event returns the event of a CPU. It returns an error if the CPU has none: it was offline, its event has
// been unregistered, or the machine does not have it.
func (w *Wide) Event(cpu int) (*Event, error) {
	if !w.m.hasCPU(cpu) {
		return nil, w.m.noCPU(cpu)
	}
	if w.events[cpu] == nil {
		return nil, misusef("the wide registration at 0x%016x has no event on cpu%d", w.addr, cpu)
	}
	return w.events[cpu], nil
}

// RegisterWideHwBreakpoint registers one event on every online CPU in ascending order. If one fails, it
// releases the earlier ones and returns the error (R-CON-15, 16). A nil h stands for the kernel's default
// handler.
func (m *Machine) RegisterWideHwBreakpoint(a hwdebug.Attr, h Handler) (*Wide, error) {
	for _, c := range m.cpus {
		if err := c.powered(); err != nil {
			return nil, err
		}
	}
	if err := m.readHotplug("register_wide_hw_breakpoint"); err != nil {
		return nil, err
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return nil, err
	}
	for _, c := range m.cpus {
		if err := m.createAtomic("register_wide_hw_breakpoint", nil, &c.ctx); err != nil {
			return nil, err
		}
	}
	return m.registerWide(a, h)
}

// registerWide creates the events, and unregisters them if one fails.
//
// kernel/events/hw_breakpoint.c: register_wide_hw_breakpoint
func (m *Machine) registerWide(a hwdebug.Attr, h Handler) (w *Wide, err error) {
	defer m.exit(m.enter1(fnRegisterWideHwBreakpoint, a.Addr), &err)
	w = &Wide{m: m, id: len(m.wides) + 1, addr: a.Addr, events: make([]*Event, len(m.cpus))}
	m.wides = append(m.wides, w)
	m.lockers++ // cpus_read_lock: hotplug waits
	defer func() { m.lockers-- }()
	for _, c := range m.cpus {
		if !c.online {
			continue
		}
		r := &create{op: "register_wide_hw_breakpoint", attr: a, cpu: c.id, handler: h, wide: w}
		ev, e := m.createKernelCounter(r)
		if e != nil {
			err = e
			break
		}
		w.events[c.id] = ev
	}
	if err != nil {
		m.unregisterWide(w)
		return nil, err
	}
	return w, nil
}

// UnregisterWideHwBreakpoint releases the events of all possible CPUs in ascending order (R-CON-17).
func (m *Machine) UnregisterWideHwBreakpoint(w *Wide) error {
	if w == nil || w.m != m {
		return misusef("unregister_wide_hw_breakpoint needs a wide registration of this machine")
	}
	if err := w.gone(); err != nil {
		return err
	}
	for _, ev := range w.events {
		if ev != nil {
			if err := ev.needs(); err != nil {
				return err
			}
		}
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return err
	}
	if err := w.gone(); err != nil { // another thread may have unregistered it meanwhile
		return err
	}
	if err := m.releaseAtomic("unregister_wide_hw_breakpoint", w.events...); err != nil {
		return err
	}
	m.unregisterWide(w)
	return nil
}

// gone returns an error if w has been unregistered.
func (w *Wide) gone() error {
	if w.closed {
		return misusef("the wide registration at 0x%016x is closed", w.addr)
	}
	return nil
}

// kernel/events/hw_breakpoint.c: unregister_wide_hw_breakpoint
func (m *Machine) unregisterWide(w *Wide) {
	defer m.leave(m.enter1(fnUnregisterWideHwBreakpoint, w.addr))
	w.closed = true
	first := true
	for _, ev := range w.events {
		if ev == nil {
			continue
		}
		if !first {
			m.pathPoint() // no lock is held
		}
		first = false
		if !ev.closed {
			m.unregisterHwBreakpoint(ev, false)
		}
	}
}
