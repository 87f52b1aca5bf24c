// Findings: where the registers and the kernel's tables contradict each other.

package live

import (
	"slices"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/kernel"
)

// judge sets the findings of b, worst first. k is nil if the events were not read.
func judge(b *board.Board, osLocked []int, k *kernel.Kernel) {
	j := judgement{b: b, kernel: k}
	for cpu := range b.CPUs {
		if online := b.CPUs[cpu].Online; online == nil || *online {
			j.cpu(cpu)
		}
	}
	for _, cpu := range osLocked {
		j.add(board.Finding{Kind: board.OSLocked, CPU: cpu, Reg: "OSLSR_EL1"})
	}
	j.wide()
	slices.SortStableFunc(j.list, func(x, y board.Finding) int { return int(x.Kind) - int(y.Kind) })
	b.Findings = j.list
}

// A judgement collects findings.
type judgement struct {
	b      *board.Board
	kernel *kernel.Kernel
	list   []board.Finding
}

func (j *judgement) add(f board.Finding) {
	f.Task = j.b.CPUs[f.CPU].Task
	if f.Event != nil && f.Event.Task != board.NoTask {
		f.Task = f.Event.Task
	}
	j.list = append(j.list, f)
}

// cpu judges the registers of one CPU.
func (j *judgement) cpu(cpu int) {
	c := &j.b.CPUs[cpu]
	armed := false
	for _, bank := range []struct {
		value, control   int // bases of the registers
		values, controls []board.Value
		slots            []board.Slot
	}{{arm64.BVR, arm64.BCR, c.BVR, c.BCR, c.BP}, {arm64.WVR, arm64.WCR, c.WVR, c.WCR, c.WP}} {
		for n := range bank.slots {
			s := slot{
				cpu: cpu, value: arm64.RegName(bank.value + n), control: arm64.RegName(bank.control + n),
				addr: bank.values[n], ctrl: bank.controls[n], held: bank.slots[n],
			}
			armed = armed || s.enabled()
			j.slot(s)
		}
	}
	if mdscr := c.MDSCR; armed && mdscr.Known && mdscr.Bits&arm64.MDSCRMDE == 0 {
		j.add(board.Finding{
			Kind: board.MonitorsOff, CPU: cpu, Reg: "MDSCR_EL1", Is: mdscr,
			Want: board.Known(mdscr.Bits | arm64.MDSCRMDE),
		})
	}
}

// A slot is a register pair and what the kernel's table says about it.
type slot struct {
	cpu            int
	value, control string // names of the registers
	addr, ctrl     board.Value
	held           board.Slot
}

// enabled reports whether the control register is known to be enabled.
func (s *slot) enabled() bool { return s.ctrl.Known && s.ctrl.Bits&1 != 0 }

// slot compares one register pair with the event in its slot.
func (j *judgement) slot(s slot) {
	switch {
	case !s.held.Known || !s.ctrl.Known:
		return
	case s.held.Event == 0 && s.enabled():
		j.add(board.Finding{Kind: board.NoEvent, CPU: s.cpu, Reg: s.control, Is: s.ctrl})
		return
	case s.held.Event == 0:
		return
	}
	ev := j.b.Event(s.held.Event)
	if !s.enabled() {
		j.add(board.Finding{
			Kind: board.Disarmed, CPU: s.cpu, Event: ev, Reg: s.control, Is: s.ctrl,
			Want: board.Known(s.ctrl.Bits | 1), Cause: j.stepping(s, ev),
		})
	}
	addr, ctrl, ok := j.kernel.Wanted(ev.ID)
	if !ok {
		return
	}
	for _, r := range []struct {
		reg      string
		is       board.Value
		want     uint64
		compared uint64 // bits of the register that the event determines
	}{
		{s.value, s.addr, addr, ^uint64(3)},
		{s.control, s.ctrl, stored(ev, ctrl), controlBits},
	} {
		if r.is.Known && (r.is.Bits^r.want)&r.compared != 0 {
			j.add(board.Finding{
				Kind: board.Mismatch, CPU: s.cpu, Event: ev, Reg: r.reg, Is: r.is,
				Want: board.Known(r.is.Bits&^r.compared | r.want&r.compared),
			})
		}
	}
}

// controlBits are the bits of a control register that an event determines: byte select, kind and level.
// E has a finding of its own, and HMC depends on the kernel's own level.
const controlBits = 0x1ffe

// stored returns what a control register reads when the kernel has written ctrl.
func stored(ev *board.Event, ctrl uint32) uint64 {
	if ev.Attr.Type == hwdebug.X {
		return uint64(arm64.DBGBCR(ctrl).Stored())
	}
	return uint64(ctrl)
}

// stepping explains a disabled register: it returns a text if the current task of the CPU is in the step
// over a hit, during which the kernel disables the registers of that kind.
func (j *judgement) stepping(s slot, ev *board.Event) string {
	task := j.b.CPUs[s.cpu].Task
	if j.kernel.Stepping(task.Ptr, ev.Attr.Type == hwdebug.X) {
		return "in a step over a hit"
	}
	return ""
}

// wide finds the CPUs that lack an event of a wide registration.
func (j *judgement) wide() {
	last := 0
	for i := range j.b.Events {
		last = max(last, j.b.Events[i].Wide)
	}
	for w := 1; w <= last; w++ {
		var on []int
		var ev *board.Event
		for i := range j.b.Events {
			if e := &j.b.Events[i]; e.Wide == w {
				on = append(on, e.OnCPU)
				ev = e
			}
		}
		for cpu := range j.b.CPUs {
			online := j.b.CPUs[cpu].Online
			if (online == nil || *online) && !slices.Contains(on, cpu) {
				j.add(board.Finding{Kind: board.WideMissing, CPU: cpu, Event: ev})
			}
		}
	}
}
