// Reservation: counting events against the registers of every CPU they may ever run on (spec 4).

package sim

import "github.com/hwlua/hwlua/hwdebug"

// countsOn reports whether a task's event counts on CPU c (R-CON-4).
func (ev *Event) countsOn(c *CPU) bool { return ev.cpu < 0 || ev.cpu == c.id }

// ownPinned returns own(t, c), the number of t's events of one type that count on CPU c.
func (t *Task) ownPinned(c *CPU, typ slotType) int {
	n := 0
	for _, ev := range t.reserved {
		if ev.reservedAs == typ && ev.countsOn(c) {
			n++
		}
	}
	return n
}

// maxTaskPinned returns maxtask(c), the number of events that the busiest task has on CPU c.
func (c *CPU) maxTaskPinned(typ slotType) int {
	hist := &c.tskPinned[typ]
	for k := c.m.limits[typ] - 1; k >= 0; k-- { // no task has more (R-CON-13)
		if hist[k] > 0 {
			return k + 1
		}
	}
	return 0
}

// considered returns the CPUs that ev counts on: its own, or all possible ones (R-CON-6).
func (m *Machine) considered(ev *Event) []*CPU {
	if ev.cpu >= 0 {
		return m.cpus[ev.cpu : ev.cpu+1]
	}
	return m.cpus
}

// reserveBpSlot counts ev against every CPU it may ever run on. It touches no register: a slot is
// picked only at sched-in. It fails with ENOSPC if the busiest of those CPUs would exceed its
// registers, even if ev's task never gets there.
//
// kernel/events/hw_breakpoint.c: reserve_bp_slot
func (m *Machine) reserveBpSlot(op string, ev *Event) (err error) {
	k := m.enter1(fnReserveBpSlot, ev.arg())
	return m.end(k, m.reserveAs(op, ev, ev.attr.Type))
}

// reserveAs reserves ev as an event of type t (R-CON-7, 8).
//
// kernel/events/hw_breakpoint.c: __reserve_bp_slot
func (m *Machine) reserveAs(op string, ev *Event, t hwdebug.BPType) (err error) {
	k := m.enter2(fnReserveBpSlotInner, ev.arg(), uint64(t))
	if t == hwdebug.Empty || t == hwdebug.Invalid {
		return m.end(k, ev.refuse(einval, "R-VAL-1", "__reserve_bp_slot", op, &ev.attr,
			sprintf("invalid bp_type %d", uint32(t)), fixType))
	}
	typ := slotTypeOf(t)
	busiest, most := m.busiest(ev, typ)
	if most+1 > m.limits[typ] {
		return m.end(k, m.noRoom(op, ev, t, busiest, most))
	}
	m.toggleBpSlot(ev, typ, true)
	return m.end(k, nil)
}

// busiest returns the CPU, of those that ev counts on, with the most slots taken for ev, and their
// number.
func (m *Machine) busiest(ev *Event, typ slotType) (at *CPU, most int) {
	most = -1
	for _, c := range m.considered(ev) {
		n := c.cpuPinned[typ]
		if ev.task == nil {
			n += c.maxTaskPinned(typ)
		} else {
			n += ev.task.ownPinned(c, typ)
		}
		if n > most {
			at, most = c, n
		}
	}
	return at, most
}

// noRoom refuses ev for the lack of a slot on c and names the events that hold the slots.
func (m *Machine) noRoom(op string, ev *Event, t hwdebug.BPType, c *CPU, found int) error {
	typ := slotTypeOf(t)
	var holders []hwdebug.Holder
	for _, h := range m.holders(ev, typ, c) {
		holders = append(holders, h.holder())
	}
	a := ev.attr
	a.Type = t
	return m.refuse(&hwdebug.Error{
		Errno: enospc, Rule: "R-CON-7", Fn: "__reserve_bp_slot", Op: op, Asked: askedOf(&a, ev.task, ev.cpu),
		Found:   sprintf("%d of %d %s slots reserved on cpu%d", found, m.limits[typ], typ, c.id),
		Holders: holders,
		Fix:     "release one of them",
	})
}

// holders returns the events that leave no slot of type typ for ev on c: the CPU's own, then those
// of ev's task, or of the busiest task if ev has none.
func (m *Machine) holders(ev *Event, typ slotType, c *CPU) []*Event {
	var own, theirs []*Event
	t := ev.task
	if t == nil {
		most := 0
		for _, other := range m.tasks {
			if n := other.ownPinned(c, typ); n > most {
				t, most = other, n
			}
		}
	}
	for _, e := range m.live {
		if !e.reserved || e.reservedAs != typ || e == ev || !e.countsOn(c) {
			continue
		}
		switch {
		case e.task == nil:
			own = append(own, e)
		case e.task == t:
			theirs = append(theirs, e)
		}
	}
	return append(own, theirs...)
}

// toggleBpSlot adds ev to the counts or removes it.
//
// kernel/events/hw_breakpoint.c: toggle_bp_slot
func (m *Machine) toggleBpSlot(ev *Event, typ slotType, on bool) {
	weight := 1
	if !on {
		weight = -1
	}
	k := m.enter4(fnToggleBpSlot, ev.arg(), bit(on), uint64(typ), uint64(weight))
	ev.reserved, ev.reservedAs = on, typ
	if ev.task == nil {
		m.cpus[ev.cpu].cpuPinned[typ] += weight
		m.leave(k)
		return
	}
	if !on {
		ev.task.reserved = remove(ev.task.reserved, ev)
	}
	for _, c := range m.considered(ev) {
		n := ev.task.ownPinned(c, typ) // without ev
		hist := &c.tskPinned[typ]
		old, new := n, n+1
		if !on {
			old, new = n+1, n
		}
		if old > 0 {
			hist[old-1]--
		}
		if new > 0 {
			hist[new-1]++
		}
	}
	if on {
		ev.task.reserved = append(ev.task.reserved, ev)
	}
	m.leave(k)
}

// releaseBpSlot releases ev's reservation (R-CON-10).
//
// kernel/events/hw_breakpoint.c: release_bp_slot
func (m *Machine) releaseBpSlot(ev *Event) {
	k := m.enter1(fnReleaseBpSlot, ev.arg())
	if ev.reserved {
		m.toggleBpSlot(ev, ev.reservedAs, false)
	}
	m.leave(k)
}

// modifyBpSlot moves ev's reservation to another type: it releases it, reserves again, and restores
// it if that fails (R-VAL-22, 24).
//
// kernel/events/hw_breakpoint.c: modify_bp_slot
func (m *Machine) modifyBpSlot(op string, ev *Event, t hwdebug.BPType) (err error) {
	defer m.exit(m.enter3(fnModifyBpSlot, ev.arg(), uint64(ev.attr.Type), uint64(t)), &err)
	old := ev.reservedAs
	m.toggleBpSlot(ev, old, false)
	if err := m.reserveAs(op, ev, t); err != nil {
		m.toggleBpSlot(ev, old, true)
		return err
	}
	return nil
}

// A SlotUse holds what is reserved and installed on one CPU.
type SlotUse struct {
	BP, WP Use
}

// A Use holds the part of a SlotUse that belongs to one type.
type Use struct {
	Limit      int      // the most that can be reserved: the boot CPU's count
	Usable     int      // registers that the slot loops use: the smallest count of a CPU
	CPUPinned  int      // events of the CPU itself
	TaskPinned int      // events of the busiest task that count there
	OnReg      []*Event // by slot, nil where empty
}

// Slots returns what is reserved and installed on a CPU.
func (m *Machine) Slots(cpu int) (SlotUse, error) {
	if !m.hasCPU(cpu) {
		return SlotUse{}, m.noCPU(cpu)
	}
	c := m.cpus[cpu]
	use := func(typ slotType, usable int, slots []*Event) Use {
		return Use{
			Limit: m.limits[typ], Usable: usable,
			CPUPinned: c.cpuPinned[typ], TaskPinned: c.maxTaskPinned(typ),
			OnReg: append([]*Event(nil), slots[:usable]...),
		}
	}
	return SlotUse{use(typeInst, m.brps, c.bpOnReg[:]), use(typeData, m.wrps, c.wpOnReg[:])}, nil
}
