// What drivers do besides, as calls of the fuzz target FuzzMachine.

package sim_test

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// driver decodes and makes one call of a driver, a debugger or another task.
func (p *player) driver() error {
	m := p.m
	cpu := p.n(m.NrCPUs())
	switch op := p.n(14); op {
	case 0, 1:
		t, ok := pick(p, p.tasks)
		if !ok {
			return nil
		}
		sig := []sim.Signo{5, 9, 10, 14, 15, 18, 19, 35}[p.n(8)]
		if op == 0 {
			return m.SendSig(t, sig)
		}
		addr := p.addr()
		return t.Sigaction(sig, func(t *sim.Task, _ *sim.Siginfo) error {
			_ = t.Store(addr, 8, 1)
			return nil
		}, p.n(3) == 0)
	case 2:
		if ev, ok := pick(p, p.events); ok {
			return m.CPU(cpu).Run(func() error { return m.PerfEventDisableInatomic(ev) })
		}
	case 3:
		t := m.TimerSetup("timer", p.interrupt())
		_, err := m.ModTimer(t, ticks(m, uint64(p.byte())))
		return err
	case 4:
		_, err := m.IrqWorkQueue(m.NewIrqWork("irq_work", p.interrupt()))
		return err
	case 5:
		return m.SmpCallFunctionSingle(cpu, p.interrupt())
	case 6:
		return m.OnEachCPU(p.interrupt())
	case 7:
		attr, keep := p.attr(), p.n(2) == 0
		id, err := m.CpuhpSetupState("state", func(cpu int) error {
			ev, err := m.PerfEventCreateKernelCounter(attr, cpu, nil, nil)
			if err == nil {
				p.events = append(p.events, ev)
			}
			return err
		}, func(int) error { return nil })
		if err != nil || keep {
			return err
		}
		return m.CpuhpRemoveState(id)
	case 8:
		ev, err := m.PerfEventCreateKernelCounter(p.attr(), cpu-p.n(2), nil, p.handler())
		if err == nil {
			p.events = append(p.events, ev)
		}
		return err
	case 9:
		if w, ok := pick(p, p.wides); ok {
			return m.UnregisterHwBreakpoint(eventOn(w, cpu))
		}
	case 10:
		o := sim.AccessOptions{Exclusive: p.n(2) == 0, PC: p.addr()}
		_, _, err := m.CPU(cpu).Access(hwdebug.Kind(p.n(2)), p.addr(), 1<<p.n(7), 1, o)
		return err
	case 11:
		if t, ok := pick(p, p.tasks); ok {
			_, err := t.Atomic(sim.AtomicOp(1+p.n(5)), p.addr(), 1<<p.n(4), uint64(p.byte()))
			return err
		}
	case 12:
		t, ok := pick(p, p.tasks)
		if !ok {
			return nil
		}
		tracer, _ := pick(p, p.tasks)
		if p.n(2) == 0 {
			return t.PtraceSetHBPRegs(tracer, p.n(70)-35, uint32(p.addr()))
		}
		return t.PtraceSetBy(tracer, hwdebug.PtraceSet(p.n(2)), p.n(6), p.addr(), uint32(p.byte())<<5|1)
	case 13:
		if p.n(2) == 0 {
			return m.CPU(cpu).WriteOSLAR(uint64(p.n(2)))
		}
		return m.CPU(cpu).WriteMDSCR(uint64(p.n(2))<<14, 0)
	}
	return nil
}

// interrupt returns a function for an interrupt: it accesses memory, disables an event, or tries to sleep.
func (p *player) interrupt() func() error {
	m, k, addr := p.m, p.n(4), p.addr()
	ev, ok := pick(p, p.events)
	return func() error {
		switch {
		case k == 0:
			_ = m.CPU(m.SmpProcessorID()).Store(addr, 8, 1)
		case k == 1 && ok:
			_ = m.PerfEventDisableInatomic(ev)
		case k == 2:
			_ = m.Msleep(1e6)
		}
		return nil
	}
}
