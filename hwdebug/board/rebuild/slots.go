// CPUs: which event is in which slot, and since when that is not certain.

package rebuild

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

const forever = time.Duration(math.MaxInt64)

// A cpu is one CPU of the board.
type cpu struct {
	id     int
	bp, wp bank
	last   time.Duration // of its last record
	pid    int           // its current thread, as of that record
	down   bool          // its events left because it goes down
	online bool          // a record of it has come, and it has not gone down since
	unsure []interval    // when its slots were not known
	steps  cpuSteps
}

// A bank is one kind of register pairs.
type bank struct {
	slots []*event
	value []board.Value // what the value registers hold
}

// An interval is a stretch of time; one without an end yet ends at forever.
type interval struct{ from, to time.Duration }

func (c *cpu) name() string { return "cpu" + strconv.Itoa(c.id) }

// cpu returns a CPU; it and those below it exist from then on.
func (t *Tracker) cpu(n int) *cpu {
	for len(t.cpus) <= n {
		c := &cpu{id: len(t.cpus), pid: -1}
		c.resize(t.brps, t.wrps)
		for _, d := range t.doubts {
			if d.cpu == allCPUs {
				c.unsure = append(c.unsure, interval{d.from, forever})
			}
		}
		t.cpus = append(t.cpus, c)
	}
	return t.cpus[n]
}

// resize gives the CPU other numbers of registers.
func (c *cpu) resize(brps, wrps int) {
	c.bp.resize(brps)
	c.wp.resize(wrps)
}

func (b *bank) resize(n int) {
	for i, ev := range b.slots {
		if i >= n && ev != nil {
			n = i + 1
		}
	}
	for len(b.slots) < n {
		b.slots, b.value = append(b.slots, nil), append(b.value, board.Value{})
	}
	b.slots, b.value = b.slots[:n], b.value[:n]
}

// bank returns the bank of watchpoints or breakpoints.
func (c *cpu) bank(data bool) *bank {
	if data {
		return &c.wp
	}
	return &c.bp
}

// insert puts ev into the first free slot. It returns false if all are taken.
func (c *cpu) insert(ev *event) bool {
	b := c.bank(ev.data)
	i := slices.Index(b.slots, nil)
	if i < 0 {
		return false
	}
	b.slots[i] = ev
	b.value[i] = board.Value{Bits: ev.address, Known: ev.known && !ev.refused}
	ev.OnCPU, ev.Slot = c.id, i
	return true
}

// remove takes ev out of its slot.
func (c *cpu) remove(ev *event) {
	for _, b := range []*bank{&c.bp, &c.wp} {
		if i := slices.Index(b.slots, ev); i >= 0 {
			b.slots[i] = nil
		}
	}
	ev.OnCPU, ev.Slot = -1, -1
}

// sure reports whether the slots are known at a moment.
func (c *cpu) sure(at time.Duration) bool {
	for _, u := range c.unsure {
		if u.from <= at && at < u.to {
			return false
		}
	}
	return true
}

// alive notes a record of the CPU. One of its hotplug thread says that it may be going down.
func (c *cpu) alive(r *ftrace.Record) {
	c.online = !strings.HasPrefix(r.Comm, "cpuhp/")
}

// control follows hw_breakpoint_control.
func (t *Tracker) control(r *ftrace.Record) {
	if r.CPU < 0 || r.CPU >= hwdebug.MaxCPUs {
		return
	}
	c := t.cpu(r.CPU)
	ev := t.byPtr[r.BP]
	if ev == nil && r.Has&ftrace.FAddr != 0 && !t.older[r.BP] && r.Ops == 0 {
		ev = t.newEvent(r) // the record names its attributes
		t.keep(ev, r.BP)
		t.fromBefore(r.BP)
	}
	if ev == nil {
		t.fromBefore(r.BP)
		if r.Form == ftrace.Perf && r.Ops == 1 {
			t.perfMissing++
		}
		return
	}
	if !ev.known && r.Has&ftrace.FAddr != 0 {
		t.setAttr(ev, attrOf(r))
	}
	switch r.Ops {
	case 0:
		t.install(c, ev, r)
	case 1:
		t.uninstall(c, ev, r)
	}
	ev.touched = r.T
}

// install puts ev into the first free slot of c, after the records that were lost before are noticed.
func (t *Tracker) install(c *cpu, ev *event, r *ftrace.Record) {
	if ev.OnCPU >= 0 { // its uninstall was lost
		old := t.cpu(ev.OnCPU)
		t.doubtOn(old, ev.installed, 1, "")
		old.remove(ev)
	}
	if ev.changing != nil {
		t.endModify(ev.changing)
	}
	if ev.CPU < 0 && ev.Wide > 0 {
		ev.CPU = c.id
	}
	if ev.CPU >= 0 && ev.CPU != c.id {
		t.doubtOn(c, r.T, 1, "")
	}
	ev.installed, ev.everIn, ev.offline, ev.gone = r.T, true, false, false
	ev.pid = r.PID
	if !ev.typed {
		t.doubtOn(c, r.T, 0, "the kind of an event is not known")
		return
	}
	if !c.insert(ev) {
		t.doubtOn(c, t.start, 1, "")
		return
	}
	t.names.guess(ev, r)
	t.exchanged(ev, r.PID)
	t.change(Change{Op: OpInstall, CPU: c.id, Event: ev.Event})
}

// left notices the events of a task that are still in slots of c while another thread runs there: their
// uninstalls were lost. Clones that inherited events may share them across a switch.
func (t *Tracker) left(c *cpu, pid int) {
	if !t.parents {
		return
	}
	for _, b := range []*bank{&c.bp, &c.wp} {
		for _, ev := range b.slots {
			if ev != nil && ev.ofTask() && ev.alone() && ev.pid != pid {
				t.doubtOn(c, ev.installed, 1, "")
				c.remove(ev)
			}
		}
	}
}

// exited notes the events that an exiting thread has to take out of their slots.
func (t *Tracker) exited(c *cpu, pid int) {
	for _, b := range []*bank{&c.bp, &c.wp} {
		for _, ev := range b.slots {
			if ev != nil && ev.ofTask() && ev.alone() && ev.pid == pid {
				ev.gone = true
			}
		}
	}
}

// stayed notices at the end the events that are in a slot though their thread has exited.
func (t *Tracker) stayed() {
	for _, ev := range t.live {
		if ev.OnCPU >= 0 && ev.gone && t.parents {
			c := t.cpu(ev.OnCPU)
			t.doubtOn(c, ev.installed, 1, "")
			c.remove(ev)
		}
	}
}

// uninstall takes ev out of its slot. If it is in none, its install was lost since it was last seen.
func (t *Tracker) uninstall(c *cpu, ev *event, r *ftrace.Record) {
	if ev.OnCPU >= 0 && ev.OnCPU != c.id {
		old := t.cpu(ev.OnCPU)
		t.doubtOn(old, ev.installed, 1, "")
		old.remove(ev)
		t.doubtOn(c, ev.touched, 0, "")
	}
	if ev.OnCPU < 0 {
		if ev.typed {
			t.unmatched(c, ev, r)
		}
		return
	}
	ev.offline = strings.HasPrefix(r.Comm, "cpuhp/")
	if ev.offline && !c.down {
		c.down = true
		t.step(step{op: stepDown, cpu: c.id})
	}
	t.change(Change{Op: OpUninstall, CPU: c.id, Event: ev.Event})
	c.remove(ev)
}

// unmatched reports an uninstall of what is in no slot.
func (t *Tracker) unmatched(c *cpu, ev *event, r *ftrace.Record) {
	if r.Form == ftrace.Perf {
		t.perfMissing++
		return
	}
	from := ev.touched
	if !ev.everIn {
		from = ev.Opened
	}
	t.doubtOn(c, from, 1, "")
	t.find(board.Finding{
		Kind: board.UnmatchedUninstall, T: r.T, CPU: c.id, Task: board.Task{PID: r.PID, Comm: r.Comm},
		Event: t.snapshot(ev), Rule: "R-SLOT-4",
	})
}

// reset follows hw_breakpoint_reset: the registers of empty slots are cleared, those of others written
// again.
func (t *Tracker) reset(r *ftrace.Record) {
	if r.OnCPU < 0 || r.OnCPU >= hwdebug.MaxCPUs {
		return
	}
	c := t.cpu(r.OnCPU)
	empty := true
	for _, b := range []*bank{&c.bp, &c.wp} {
		for i, ev := range b.slots {
			if ev == nil {
				b.value[i] = board.Known(0)
			} else {
				empty = false
			}
		}
	}
	if empty && len(t.older) == 0 {
		for i := range c.unsure {
			c.unsure[i].to = min(c.unsure[i].to, r.T)
		}
	}
	t.change(Change{Op: OpReset, CPU: c.id})
	if !c.down {
		t.step(step{op: stepDown, cpu: c.id})
	}
	c.down = false
	t.step(step{op: stepUp, cpu: c.id})
	t.wideMissingOn(c, r)
}
