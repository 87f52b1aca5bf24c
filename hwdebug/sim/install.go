// Slots, control registers and debug monitors of one CPU (arch/arm64/kernel/hw_breakpoint.c, spec
// chapter 3).

package sim

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// An op is enum hw_breakpoint_ops.
type op int

// The operations of hw_breakpoint_control, with the kernel's numbers (R-SLOT-3).
const (
	opInstall   op = 0
	opUninstall op = 1
	opRestore   op = 2
)

// The operations that HwBreakpointSlotSetup and HwBreakpointControl take.
const (
	Install   = int(opInstall)
	Uninstall = int(opUninstall)
	Restore   = int(opRestore)
)

// A level is the DBG_ACTIVE_* level of an event, which tells the monitors that it needs (R-SLOT-13).
type level uint8

const (
	activeEL0 level = 0
	activeEL1 level = 1
)

func levelOf(p arm64.Privilege) level {
	if p == arm64.EL1 {
		return activeEL1
	}
	return activeEL0
}

// slots returns the watchpoint or breakpoint slots that the loops use, and the bases of their banks
// (R-SLOT-2).
func (c *CPU) slots(watch bool) (slots []*Event, value, control int) {
	if watch {
		return c.wpOnReg[:c.m.wrps], arm64.WVR, arm64.WCR
	}
	return c.bpOnReg[:c.m.brps], arm64.BVR, arm64.BCR
}

func (ev *Event) watches() bool { return ev.image.Type != arm64.Execute }

// slotSetup finds ev's slot, or an empty one, on the CPU that runs now (R-SLOT-3 to 6). It touches
// no register.
//
// arch/arm64/kernel/hw_breakpoint.c: hw_breakpoint_slot_setup
func (m *Machine) slotSetup(slots []*Event, ev *Event, o op) (i int, err error) {
	k := m.enter3(fnHwBreakpointSlotSetup, uint64(len(slots)), ev.arg(), uint64(o))
	for i := range slots {
		switch o {
		case opInstall:
			if slots[i] == nil {
				slots[i] = ev
				ev.slot, ev.slotCPU = i, m.cpu
				return i, m.end(k, nil)
			}
		case opUninstall:
			if slots[i] == ev {
				slots[i] = nil
				ev.slot, ev.slotCPU = -1, nil
				for j := range slots {
					if m.handmade && slots[j] == ev { // installed twice (R-SLOT-4)
						ev.slot, ev.slotCPU = j, m.cpu
					}
				}
				return i, m.end(k, nil)
			}
		case opRestore:
			if slots[i] == ev {
				return i, m.end(k, nil)
			}
		default:
			text := sprintf("Unhandled hw breakpoint ops %d", int(o))
			m.warnOnce(warnUnhandledOps, text, fnHwBreakpointSlotSetup)
			return 0, m.end(k, einval)
		}
	}
	return 0, m.end(k, enospc)
}

// control installs, uninstalls or restores ev on the CPU that runs now, in the register order of
// R-SLOT-7.
//
// arch/arm64/kernel/hw_breakpoint.c: hw_breakpoint_control
func (m *Machine) control(ev *Event, o op) (slot int, err error) {
	c := m.cpu
	enabled := !c.curr.bpsDisabled // R-SLOT-8
	if ev.watches() {
		enabled = !c.curr.wpsDisabled
	}
	if m.cfg.LogOps { // R-LOG-12
		m.logf("hw-breakpoint: ops: %d, reg_enable: %d.", int(o), bit(enabled))
	}
	k := m.enter2(fnHwBreakpointControl, ev.arg(), uint64(o))
	slots, value, ctrl := c.slots(ev.watches())
	i, err := m.slotSetup(slots, ev, o)
	if err != nil {
		m.warnOnce(warnNoSlot, "Can't find any breakpoint slot", fnHwBreakpointControl)
		return 0, m.end(k, err)
	}
	switch o {
	case opInstall:
		m.enableDebugMonitors(levelOf(ev.image.Privilege))
		fallthrough
	case opRestore:
		m.writeWbReg(value, i, ev.address)
		image := ev.image
		image.Enabled = enabled
		m.writeWbReg(ctrl, i, uint64(image.Encode()))
	case opUninstall:
		m.writeWbReg(ctrl, i, 0)
		m.disableDebugMonitors(levelOf(ev.image.Privilege))
	}
	return i, m.end(k, nil)
}

// archInstall calls hw_breakpoint_control with INSTALL.
//
// arch/arm64/kernel/hw_breakpoint.c: arch_install_hw_breakpoint
func (m *Machine) archInstall(ev *Event) (err error) {
	k := m.enter1(fnArchInstallHwBreakpoint, ev.arg())
	_, err = m.control(ev, opInstall)
	return m.end(k, err)
}

// archUninstall calls hw_breakpoint_control with UNINSTALL. Its result is ignored, as in the kernel.
//
// arch/arm64/kernel/hw_breakpoint.c: arch_uninstall_hw_breakpoint
func (m *Machine) archUninstall(ev *Event) {
	k := m.enter1(fnArchUninstallHwBreakpoint, ev.arg())
	_, _ = m.control(ev, opUninstall)
	m.leave(k)
}

// monitors counts the users of debug exceptions on one CPU (spec 3.3).
type monitors struct {
	mde, kde int
}

// enableDebugMonitors takes a reference for one event or step of that level (R-MON-1).
//
// arch/arm64/kernel/debug-monitors.c: enable_debug_monitors
func (m *Machine) enableDebugMonitors(l level) {
	k := m.enter1(fnEnableDebugMonitors, uint64(l))
	c := m.cpu
	var set uint64
	if c.mde++; c.mde == 1 {
		set = arm64.MDSCRMDE
	}
	if l == activeEL1 {
		if c.kde++; c.kde == 1 {
			set |= arm64.MDSCRKDE
		}
	}
	if set != 0 && m.debugEnabled {
		m.mdscrWrite(c.mdscr | set)
	}
	m.leave(k)
}

// disableDebugMonitors drops a reference. KDE outlives its last user while an EL0 user remains
// (R-MON-2 to 4).
//
// arch/arm64/kernel/debug-monitors.c: disable_debug_monitors
func (m *Machine) disableDebugMonitors(l level) {
	k := m.enter1(fnDisableDebugMonitors, uint64(l))
	c := m.cpu
	var keep uint64
	if c.mde--; c.mde == 0 {
		keep = ^uint64(arm64.MDSCRMDE)
	}
	if l == activeEL1 {
		if c.kde--; c.kde == 0 {
			keep &= ^uint64(arm64.MDSCRKDE)
		}
	}
	if keep != 0 {
		m.mdscrWrite(c.mdscr & keep)
	}
	m.leave(k)
}

// mdscrWrite writes MDSCR_EL1 with every exception masked (R-MON-6).
//
// arch/arm64/kernel/debug-monitors.c: mdscr_write
func (m *Machine) mdscrWrite(v uint64) {
	k := m.enter1(fnMdscrWrite, v)
	m.cpu.mdscr = v
	if m.logWrites {
		m.writes = append(m.writes, hwdebug.RegWrite{CPU: m.cpu.id, Reg: hwdebug.RegMDSCR, Value: v})
	}
	m.leave(k)
}

// toggleBpRegisters sets or clears the enable bit of every occupied slot of one level (R-STEP-1).
//
// arch/arm64/kernel/hw_breakpoint.c: toggle_bp_registers
func (m *Machine) toggleBpRegisters(ctrl int, l level, on bool) {
	defer m.leave(m.enter3(fnToggleBpRegisters, uint64(ctrl), uint64(l), bit(on)))
	slots, _, _ := m.cpu.slots(ctrl == arm64.WCR)
	for i, ev := range slots {
		if ev == nil || levelOf(ev.image.Privilege) != l {
			continue
		}
		v, _ := m.readWbReg(ctrl, i)
		m.writeWbReg(ctrl, i, v&^1|bit(on))
	}
}

// bit returns 1 if b holds and 0 otherwise.
func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// hwBreakpointThreadSwitch turns the registers still in use off or on if the debug flags of the
// outgoing and the incoming task differ (R-SWITCH-1, 2).
//
// arch/arm64/kernel/hw_breakpoint.c: hw_breakpoint_thread_switch
func (m *Machine) hwBreakpointThreadSwitch(next *Task) {
	k := m.enter1(fnHwBreakpointThreadSwitch, pidArg(next))
	prev := m.cpu.curr
	if prev.bpsDisabled != next.bpsDisabled {
		m.toggleBpRegisters(arm64.BCR, activeEL0, !next.bpsDisabled)
	}
	if prev.wpsDisabled != next.wpsDisabled {
		m.toggleBpRegisters(arm64.WCR, activeEL0, !next.wpsDisabled)
	}
	m.leave(k)
}

// hwBreakpointReset clears empty pairs, control first, and restores occupied ones, value first
// (R-HP-2).
//
// arch/arm64/kernel/hw_breakpoint.c: hw_breakpoint_reset
func (m *Machine) hwBreakpointReset() {
	defer m.leave(m.enter1(fnHwBreakpointReset, uint64(m.cpu.id)))
	for _, watch := range [...]bool{false, true} {
		slots, value, ctrl := m.cpu.slots(watch)
		for i, ev := range slots {
			if ev != nil {
				_, _ = m.control(ev, opRestore)
				continue
			}
			m.writeWbReg(ctrl, i, 0)
			m.writeWbReg(value, i, 0)
		}
	}
}

// byHand runs one of the kernel's inner functions for a script, on CPU c in the name of its current
// task. CheckInvariants no longer checks the banks afterwards.
func (c *CPU) byHand(op string, ev *Event, fn func() (int, error)) (int, error) {
	if err := c.usable(); err != nil {
		return 0, err
	}
	m := c.m
	if err := m.owns(op, ev); err != nil {
		return 0, err
	}
	defer m.done(m.visit(c))
	m.handmade = true
	return fn()
}

// slotRefusal returns the refusal for the errno of an inner function called by a script, or nil.
func (m *Machine) slotRefusal(fn string, ev *Event, o int, err error) error {
	if err == nil {
		return nil
	}
	found, fix := "no slot is empty", "uninstall an event"
	switch {
	case err == einval:
		found, fix = "unknown operation", "use install (0), uninstall (1) or restore (2)"
	case op(o) != opInstall:
		found, fix = sprintf("%s is not in a slot of cpu%d", ev.Label(), m.cpu.id), "install it first"
	}
	return m.refuse(&hwdebug.Error{
		Errno: hwdebug.Errno(err), Rule: "R-SLOT-3", Fn: fn, Op: fn,
		Asked: sprintf("operation %d for %s on cpu%d", o, ev.Label(), m.cpu.id), Found: found, Fix: fix,
	})
}

// HwBreakpointSlotSetup calls the kernel's hw_breakpoint_slot_setup for this CPU's breakpoint or
// watchpoint slots and returns the slot. CheckInvariants no longer checks the banks afterwards.
func (c *CPU) HwBreakpointSlotSetup(watch bool, ev *Event, o int) (int, error) {
	return c.byHand("hw_breakpoint_slot_setup", ev, func() (int, error) {
		slots, _, _ := c.slots(watch)
		i, err := c.m.slotSetup(slots, ev, op(o))
		return i, c.m.slotRefusal("hw_breakpoint_slot_setup", ev, o, err)
	})
}

// HwBreakpointControl calls the kernel's hw_breakpoint_control on this CPU, which writes registers.
func (c *CPU) HwBreakpointControl(ev *Event, o int) (int, error) {
	return c.byHand("hw_breakpoint_control", ev, func() (int, error) {
		i, err := c.m.control(ev, op(o))
		return i, c.m.slotRefusal("hw_breakpoint_control", ev, o, err)
	})
}

// EventSchedIn calls perf's event_sched_in for ev on this CPU.
func (c *CPU) EventSchedIn(ev *Event) error {
	_, err := c.byHand("event_sched_in", ev, func() (int, error) {
		err := c.m.eventSchedIn(ev)
		return 0, c.m.slotRefusal("event_sched_in", ev, int(opInstall), err)
	})
	return err
}

// EventSchedOut calls perf's event_sched_out for ev on this CPU.
func (c *CPU) EventSchedOut(ev *Event) error {
	_, err := c.byHand("event_sched_out", ev, func() (int, error) {
		c.m.eventSchedOut(ev)
		return 0, nil
	})
	return err
}
