// Doubts: what shows that a record was lost, and from which moment on nothing is certain.

package rebuild

import (
	"time"

	"github.com/hwlua/hwlua/hwdebug/board"
)

// The CPUs that a doubt may concern instead of one.
const (
	allCPUs = -1
	noCPU   = -2 // no register is in doubt
)

// A doubt is what one contradiction shows.
type doubt struct {
	cpu   int
	from  time.Duration
	n     int    // records that were lost
	cause string // instead of a number
	quiet bool   // another finding says it
}

// maxDoubts bounds the doubts that are kept; more of them change nothing.
const maxDoubts = 1000

// addDoubt keeps d, and makes the slots of its CPUs unknown from d.from on.
func (t *Tracker) addDoubt(d doubt) {
	for i := range t.cpus {
		if d.cpu == allCPUs || d.cpu == i {
			t.cpus[i].doubtFrom(d.from)
		}
	}
	if n := len(t.doubts); n >= maxDoubts {
		t.doubts[n-1].n += d.n
		return
	}
	t.doubts = append(t.doubts, d)
	if d.cpu != noCPU {
		t.change(Change{Op: OpDoubt, CPU: d.cpu, Text: board.Seconds(d.from)})
	}
}

// doubtFrom marks the slots as unknown from a moment on.
func (c *cpu) doubtFrom(from time.Duration) {
	for i := range c.unsure {
		if u := &c.unsure[i]; u.to == forever {
			u.from = min(u.from, from)
			return
		}
	}
	c.unsure = append(c.unsure, interval{from, forever})
}

// doubtOn notes that the slots of one CPU are uncertain. If that shows a lost record, others may have been
// lost with it that nothing shows, so no CPU is certain from then on.
func (t *Tracker) doubtOn(c *cpu, from time.Duration, n int, cause string) {
	if cause != "" && t.doubted(c.id, cause) {
		return
	}
	d := doubt{cpu: c.id, from: from, n: n, cause: cause}
	if n > 0 {
		d.cpu = allCPUs
	}
	t.addDoubt(d)
}

// doubtAll notes that records of any kind may have been lost.
func (t *Tracker) doubtAll(from time.Duration, n int, cause string) {
	if cause != "" && t.doubted(allCPUs, cause) {
		return
	}
	t.addDoubt(doubt{cpu: allCPUs, from: from, n: n, cause: cause})
}

// doubtNone notes that records were lost that say nothing of registers.
func (t *Tracker) doubtNone(from time.Duration, n int) {
	t.addDoubt(doubt{cpu: noCPU, from: from, n: n})
}

// doubted reports whether a doubt with that cause is known.
func (t *Tracker) doubted(cpu int, cause string) bool {
	for i := range t.doubts {
		if d := &t.doubts[i]; d.cpu == cpu && d.cause == cause {
			return true
		}
	}
	return false
}

// redoubt marks the registers of ev as unknown, since its attributes are not certain any more.
func (t *Tracker) redoubt(ev *event) {
	if ev.OnCPU < 0 {
		return
	}
	c := t.cpu(ev.OnCPU)
	if !ev.typed {
		t.doubtOn(c, t.now, 0, "the kind of an event is not known")
		return
	}
	c.bank(ev.data).value[ev.Slot].Known = false
}

// maxOlder bounds the events from before the trace that are told apart.
const maxOlder = 4096

// fromBefore notes an event that was opened before the trace. Others may stand in any slot.
func (t *Tracker) fromBefore(ptr uint64) {
	if len(t.older) == 0 && !t.forms[formPerf] {
		t.addDoubt(doubt{cpu: allCPUs, from: t.start, quiet: true})
	}
	if len(t.older) < maxOlder {
		t.older[ptr] = true
	}
}

// certain reports whether nothing has shown that the trace is incomplete.
func (t *Tracker) certain() bool { return len(t.doubts) == 0 && len(t.older) == 0 }
