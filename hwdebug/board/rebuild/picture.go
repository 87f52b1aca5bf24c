// The picture: the board as the tracker knows it.

package rebuild

import (
	"cmp"
	"fmt"
	"time"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// Board returns the board as it is at the last record that was followed.
func (t *Tracker) Board() *board.Board {
	b := &board.Board{
		Source: board.FromTrace, Kernel: t.kernel(), BRPs: t.brps, WRPs: t.wrps, EL: t.level(), T: t.now,
		Findings: t.Findings(),
	}
	for i := range t.nrCPUs() {
		b.CPUs = append(b.CPUs, t.picture(t.cpu(i)))
	}
	for _, ev := range t.live {
		if ev.reserved {
			b.Events = append(b.Events, *t.snapshot(ev))
		}
	}
	return b
}

// Findings returns what was found so far; it is complete and sorted, worst first, after Finish.
func (t *Tracker) Findings() []board.Finding { return append([]board.Finding(nil), t.findings...) }

// Dropped returns how many findings there were beyond those that are kept.
func (t *Tracker) Dropped() int { return t.dropped }

// Records returns the number of records that were followed.
func (t *Tracker) Records() int { return t.records }

// Span returns the times of the first and the last record.
func (t *Tracker) Span() (first, last time.Duration) { return t.start, t.now }

// Events returns how many events the trace has opened or tried to, and Wides how many wide registrations.
func (t *Tracker) Events() int { return t.nextID }

// Wides returns the number of wide registrations.
func (t *Tracker) Wides() int { return t.wideID }

// Perf reports whether the trace has lines of perf script.
func (t *Tracker) Perf() bool { return t.forms[ftrace.Perf] }

// kernel returns the release of the board.
func (t *Tracker) kernel() string {
	if t.opt.Kernel != "" {
		return t.opt.Kernel
	}
	return t.facts.Kernel
}

// level returns the exception level of the board's kernel, 0 if neither options nor the trace tell it.
func (t *Tracker) level() int { return cmp.Or(t.opt.EL, t.facts.EL) }

// picture returns one CPU. Without doubt its empty control registers are 0.
func (t *Tracker) picture(c *cpu) board.CPU {
	p := board.NewCPU(t.brps, t.wrps)
	if c.online {
		p.Online = new(true)
	}
	if c.pid >= 0 {
		p.Task = board.Task{PID: c.pid, Comm: t.names.comms[c.pid]}
		if c.pid == 0 {
			p.Task.Comm = fmt.Sprintf("swapper/%d", c.id)
		}
	}
	p.Step = t.stepSince(c)
	if !c.sure(t.now) || !t.probed() {
		return p
	}
	t.draw(c, &c.bp, p.BVR, p.BCR, p.BP)
	t.draw(c, &c.wp, p.WVR, p.WCR, p.WP)
	return p
}

// stepSince returns since when the current task of c is in a step over, which clears enable bits or leaves
// them unknown. It returns 0 if that task is in none.
func (t *Tracker) stepSince(c *cpu) time.Duration {
	if c.steps.hit != nil {
		return c.steps.hitT
	}
	ts := t.tasks[c.pid]
	switch {
	case ts == nil:
		return 0
	case ts.bp.on:
		return ts.bp.since
	case ts.wp.on:
		return ts.wp.since
	}
	return 0
}

// probed reports whether the trace has records of the probes: stacks alone tell no register.
func (t *Tracker) probed() bool {
	for name := ftrace.Alloc; name <= ftrace.Reset; name++ {
		if t.seen[name] {
			return true
		}
	}
	return false
}

// draw fills in the registers and slots of one bank.
func (t *Tracker) draw(c *cpu, b *bank, value, control []board.Value, slots []board.Slot) {
	for i := range value {
		value[i] = b.value[i]
		slots[i].Known = true
		control[i] = board.Known(0)
		if ev := b.slots[i]; ev != nil {
			slots[i].Event = ev.ID
			control[i] = t.controlOf(c, ev)
		}
	}
}

// controlOf returns what the control register of an event in a slot of c reads. A kernel at EL2 adds HMC
// to what matches in kernel mode (R-REG-13).
func (t *Tracker) controlOf(c *cpu, ev *event) board.Value {
	on, known := t.enabled(c, ev)
	word := ev.ctrl
	word.Enabled = on
	word.HMC = t.level() == 2 && word.Privilege == arm64.EL1
	return board.Value{Bits: uint64(word.Encode()), Known: known && ev.known && !ev.refused}
}
