// Invariants: what must hold after every call, and what a scenario has left behind.

package sim

import "github.com/hwlua/hwlua/hwdebug/arm64"

// CheckInvariants returns an error for the first invariant that does not hold. Once a script has
// written to a bank (WriteWbReg, HwBreakpointSlotSetup, HwBreakpointControl, EventSchedIn,
// EventSchedOut) it checks reservations only.
func (m *Machine) CheckInvariants() error {
	for _, c := range m.cpus {
		for typ := range m.limits {
			if err := c.checkReserved(slotType(typ)); err != nil {
				return err
			}
		}
		if m.handmade || c.suspended || !c.online {
			continue
		}
		if err := c.checkInstalled(); err != nil {
			return err
		}
		if t := c.curr.ctx; t != nil && c.taskCtx != nil && c.taskCtx != t {
			return broken("R-CTX-3: cpu%d runs %s with another task's context", c.id, c.curr.comm)
		}
	}
	for _, ev := range m.live {
		if ev.state == StateActive && ev.slot < 0 && !m.handmade {
			return broken("R-CTX-11: %s is in no slot", ev.describe())
		}
	}
	return nil
}

func broken(format string, args ...any) error { return misusef("invariant broken: "+format, args...) }

// checkReserved counts the events of the CPU and of every task again.
func (c *CPU) checkReserved(typ slotType) error {
	pinned, most := 0, 0
	hist := [arm64.MaxRegs + 1]int{}
	for _, ev := range c.m.live {
		if ev.reserved && ev.reservedAs == typ && ev.task == nil && ev.cpu == c.id {
			pinned++
		}
	}
	for _, t := range c.m.tasks {
		if n := t.ownPinned(c, typ); n > 0 {
			hist[n-1]++
			most = max(most, n)
		}
	}
	if pinned != c.cpuPinned[typ] || hist != c.tskPinned[typ] {
		return broken("R-CON-1: cpu%d counts %d %s events and tasks %v, want %d and %v",
			c.id, c.cpuPinned[typ], typ, c.tskPinned[typ], pinned, hist)
	}
	if pinned+most > c.m.limits[typ] {
		return broken("R-CON-13: cpu%d has %d %s events and a task with %d, want at most %d together",
			c.id, pinned, typ, most, c.m.limits[typ])
	}
	return nil
}

// checkInstalled compares the CPU's slots with its registers and with the users that its debug
// monitors count.
func (c *CPU) checkInstalled() error {
	mde, kde := 0, 0
	for _, watch := range [...]bool{false, true} {
		slots, _, _ := c.slots(watch)
		for i, ev := range slots {
			if err := c.checkSlot(watch, i); err != nil {
				return err
			}
			if ev == nil {
				continue
			}
			mde++
			if levelOf(ev.image.Privilege) == activeEL1 {
				kde++
			}
		}
	}
	if c.steppingKernel == stepActive {
		mde, kde = mde+1, kde+1
	}
	if mde != c.mde || kde != c.kde {
		return broken("R-MON-8: cpu%d counts mde %d kde %d, want %d and %d", c.id, c.mde, c.kde, mde, kde)
	}
	if c.m.debugEnabled && (c.mdscr&arm64.MDSCRMDE != 0) != (mde > 0) {
		return broken("R-MON-5: cpu%d MDSCR_EL1 is 0x%x with %d users", c.id, c.mdscr, mde)
	}
	return nil
}

// checkSlot compares slot i with its register pair.
func (c *CPU) checkSlot(watch bool, i int) error {
	slots, value, ctrl := c.slots(watch)
	ev := slots[i]
	if ev == nil {
		if c.reg[ctrl+i] != 0 {
			return broken("R-SLOT-7: cpu%d %s is 0x%x, want 0: slot %d is empty",
				c.id, arm64.RegName(ctrl+i), c.reg[ctrl+i], i)
		}
		return nil
	}
	if ev.state != StateActive || ev.oncpu != c.id || ev.slot != i {
		return broken("R-SLOT-3: slot %d of cpu%d holds %s", i, c.id, ev.describe())
	}
	want := uint64(ev.image.Encode())
	if !watch && c.copies {
		want = uint64(arm64.DBGBCR(want).Stored())
	}
	if c.reg[value+i] != ev.address&^3 || (c.reg[ctrl+i]^want)&^1 != 0 {
		return broken("R-SLOT-7: cpu%d pair %d is 0x%x 0x%x for %s",
			c.id, i, c.reg[value+i], c.reg[ctrl+i], ev.describe())
	}
	return nil
}

// Leaks returns one line for each thing that a scenario has left behind: events not released, freed
// events in slots, and work that is armed, queued or running.
func (m *Machine) Leaks() []string {
	var left []string
	for _, ev := range m.live {
		if ev.parent == nil {
			left = append(left, "reserved: "+ev.describe())
		}
	}
	for _, c := range m.cpus {
		for _, watch := range [...]bool{false, true} {
			slots, _, _ := c.slots(watch)
			for i, ev := range slots {
				if ev != nil && (ev.freed || ev.state != StateActive) {
					left = append(left, sprintf("installed: cpu%d %s slot %d: %s",
						c.id, ev.reservedAs, i, ev.describe()))
				}
			}
		}
	}
	for _, w := range m.works {
		if s := w.State(); s != "idle" {
			left = append(left, sprintf("work %s is %s", w.name, s))
		}
	}
	for _, t := range m.timers {
		if t.Pending() {
			left = append(left, sprintf("timer %s is pending", t.name))
		}
	}
	for _, w := range m.irqWorks {
		if w.pending {
			left = append(left, sprintf("irq_work %s is pending", w.name))
		}
	}
	return left
}
