// Hits: to which events an exception is reported, and how perf counts and delivers it (spec 6.1, 6.2).

package sim

import (
	"math/bits"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// esr returns the fields of ESR_EL1 that the handlers use (R-REG-20).
func esr(class uint64, el int, write bool) uint64 {
	v := (class + uint64(el)) << 26
	if write {
		v |= 1 << 6
	}
	return v
}

// breakpointHandler reports every slot that matches the pc, ignoring enable and privilege bits (R-EXC-3 to
// 5). If an event with the default handler is among them, it disables the breakpoints and steps over the
// instruction.
//
// arch/arm64/kernel/hw_breakpoint.c: breakpoint_handler
func (m *Machine) breakpointHandler(a *Access) error {
	defer m.leave(m.enter2(m.handlerFn(fnBreakpointHandler), 0, esr(0x30, a.el, false)))
	c := m.cpu
	step := false
	for i, ev := range c.bpOnReg[:m.brps] {
		if ev == nil {
			continue
		}
		v, _ := m.readWbReg(arm64.BVR, i)
		if v != a.pc&^3 {
			continue
		}
		ctrl, _ := m.readWbReg(arm64.BCR, i)
		if arm64.DecodeCtrl(uint32(ctrl)).Len>>(a.pc&3)&1 == 0 {
			continue
		}
		if err := m.perfBpEvent(ev, a, a.pc, i); err != nil {
			return err
		}
		step = step || ev.defaultHandler()
	}
	if step {
		m.stepOver(arm64.BCR, a.el)
	}
	return nil
}

// untag returns addr without its tag, as watchpoint distances are measured (R-EXC-10).
func (m *Machine) untag(addr uint64) uint64 {
	extended := uint64(int64(addr<<8) >> 8)
	if m.prof.untagAnd {
		return extended & addr
	}
	return extended
}

// watchDistance returns how far addr is from the bytes that a slot watches, 0 inside (R-EXC-7).
func watchDistance(addr, wvr uint64, bas uint8) uint64 {
	if bas == 0 {
		return ^uint64(0)
	}
	low := wvr + uint64(bits.TrailingZeros8(bas))
	high := wvr + uint64(7-bits.LeadingZeros8(bas))
	switch {
	case addr < low:
		return low - addr
	case addr > high:
		return addr - high
	}
	return 0
}

// watchpointHandler reports every slot that covers far, or the nearest one if none does (R-EXC-6 to 11),
// and steps over the instruction if one of them requests it.
//
// arch/arm64/kernel/hw_breakpoint.c: watchpoint_handler
func (m *Machine) watchpointHandler(a *Access, far uint64) error {
	defer m.leave(m.enter2(m.handlerFn(fnWatchpointHandler), far, esr(0x34, a.el, a.wnr)))
	c := m.cpu
	kind := hwdebug.R
	if a.wnr {
		kind = hwdebug.W
	}
	addr := m.untag(far)
	step := false
	nearest, least := -1, ^uint64(0)
	for i, ev := range c.wpOnReg[:m.wrps] {
		if ev == nil || ev.attr.Type&kind == 0 {
			continue
		}
		wvr, _ := m.readWbReg(arm64.WVR, i)
		ctrl, _ := m.readWbReg(arm64.WCR, i)
		d := watchDistance(addr, wvr, arm64.DecodeCtrl(uint32(ctrl)).Len)
		if d < least || nearest < 0 {
			nearest, least = i, d
		}
		if d != 0 {
			continue
		}
		wants, err := m.watchpointReport(ev, a, far, i)
		if err != nil {
			return err
		}
		step = wants || step && !m.prof.lastStepWins
	}
	if least != 0 && nearest >= 0 {
		wants, err := m.watchpointReport(c.wpOnReg[nearest], a, far, nearest)
		if err != nil {
			return err
		}
		step = wants
	}
	if step {
		m.stepOver(arm64.WCR, a.el)
	}
	return nil
}

// stepOver disables the breakpoints of the exception's level, or the watchpoints of its level and below,
// and starts the step over the instruction that hit one.
func (m *Machine) stepOver(ctrl, el int) {
	t := m.cpu.curr
	if el == 0 || ctrl == arm64.WCR {
		m.toggleBpRegisters(ctrl, activeEL0, false)
	}
	if el != 0 {
		m.toggleBpRegisters(ctrl, activeEL1, false)
		m.startKernelStep()
		return
	}
	off, stepping := &t.bpsDisabled, t.wpsDisabled
	if ctrl == arm64.WCR {
		off, stepping = &t.wpsDisabled, t.bpsDisabled
	}
	*off = true
	if !stepping {
		m.startUserStep(t)
	}
}

// watchpointReport reports a hit of one watchpoint. step is true if the kernel must step over the instruction
// (R-EXC-11).
//
// arch/arm64/kernel/hw_breakpoint.c: watchpoint_report
func (m *Machine) watchpointReport(ev *Event, a *Access, far uint64, slot int) (step bool, err error) {
	if m.prof.watchReport {
		defer m.exitBool(m.enter2(fnWatchpointReport, ev.arg(), far), &step)
	}
	if m.prof.userHitNotReported && a.el != 0 && ev.image.Privilege == arm64.EL0 {
		return true, nil
	}
	if err := m.perfBpEvent(ev, a, far, slot); err != nil {
		return false, err
	}
	return ev.defaultHandler(), nil
}

// defaultHandler reports whether the kernel steps over this event's hits (R-EXC-13, 14).
func (ev *Event) defaultHandler() bool { return ev.handler == nil && !ev.tracer }

// perfBpEvent counts a hit, unless the event excludes its level, and calls the handler if it is due
// (R-EXC-12).
//
// kernel/events/core.c: perf_bp_event
func (m *Machine) perfBpEvent(ev *Event, a *Access, trigger uint64, slot int) error {
	defer m.leave(m.enter1(fnPerfBpEvent, ev.arg()))
	if ev.stopped || a.el == 0 && ev.attr.ExcludeUser || a.el != 0 && ev.attr.ExcludeKernel {
		return nil
	}
	return m.perfSweventEvent(ev, a, trigger, slot)
}

// kernel/events/core.c: perf_swevent_event
func (m *Machine) perfSweventEvent(ev *Event, a *Access, trigger uint64, slot int) error {
	defer m.leave(m.enter1(fnPerfSweventEvent, ev.arg()))
	if ev.attr.Freq {
		m.freqTicks(ev)
	}
	ev.count++
	if n := ev.sampling.hit(&ev.attr); n > 0 {
		return m.perfSweventOverflow(ev, a, trigger, slot, n)
	}
	return nil
}

// perfSweventOverflow completes n samples, or as many as the event's limit lets it.
//
// kernel/events/core.c: perf_swevent_overflow
func (m *Machine) perfSweventOverflow(ev *Event, a *Access, trigger uint64, slot int, n uint64) error {
	defer m.leave(m.enter1(fnPerfSweventOverflow, ev.arg()))
	for range n {
		if last, err := m.perfEventOverflow(ev, a, trigger, slot); last || err != nil {
			return err
		}
	}
	return nil
}

// perfEventOverflow calls the event's handler: that of ptrace, a module's, or perf's own. An inherited
// event passes its original to a module's handler. last is true if the event's limit ran out.
//
// kernel/events/core.c: __perf_event_overflow
func (m *Machine) perfEventOverflow(ev *Event, a *Access, trigger uint64, slot int) (last bool, err error) {
	defer m.leave(m.enter1(fnPerfEventOverflow, ev.arg()))
	c := m.cpu
	if ev.attr.Freq {
		m.freqSample(ev)
	}
	last = m.limitReached(ev)
	m.sigtrap(ev)
	switch {
	case ev.tracer:
		m.ptraceHbptriggered(ev, trigger)
	case ev.handler != nil:
		h := ev.handler
		original := ev
		if ev.parent != nil {
			original = ev.parent
		}
		hit := Hit{
			CPU: c.id, Task: c.curr, EL: a.el, Kind: a.kindOfHit(), Addr: trigger, Size: a.size, PC: a.pc,
			Slot: slot,
		}
		if !a.hasPC {
			hit.PC, hit.PCMadeUp = m.madeUpPC(a.el), true
		}
		pc := hit.PC
		if err := h(original, &hit); err != nil {
			return last, err
		}
		if hit.Skip || hit.PC != pc {
			a.skipped = true
		}
	default:
		m.leave(m.enter1(fnPerfEventOutputForward, ev.arg()))
		if ev.parent != nil {
			ev = ev.parent
		}
		ev.sampling.count++
	}
	return last, nil
}
