// Pending: what the machine has still to do, for those who look at it.

package sim

import "time"

// A Pending is a timer that is armed, or work that is queued or runs.
type Pending struct {
	Kind  string // "timer", "delayed work" or "work"
	Name  string
	CPU   int
	State string        // "armed", "queued" or "running"
	At    time.Duration // since boot, when a timer fires; 0 for queued and running work
}

// Pending returns what is armed, by CPU and time, then work that is queued or runs, by age.
func (m *Machine) Pending() []Pending {
	var list []Pending
	for _, c := range m.cpus {
		for _, t := range c.timers {
			kind := "timer"
			if _, ok := t.owner.(*Work); ok {
				kind = "delayed work"
			}
			list = append(list, Pending{kind, t.owner.timerName(), c.id, "armed", m.dueAt(t)})
		}
	}
	for _, w := range m.works {
		kind := "work"
		if w.delayed {
			kind = "delayed work"
		}
		if w.running != nil {
			list = append(list, Pending{kind, w.name, w.running.task.cpu, "running", 0})
		}
		if w.pool != nil {
			list = append(list, Pending{kind, w.name, w.pool.cpu.id, "queued", 0})
		}
	}
	return list
}

// Reserved returns the events whose reservation counts on the CPU, in order of creation, whether or not they
// are installed there.
func (c *CPU) Reserved() []*Event {
	var list []*Event
	for _, ev := range c.m.live {
		if ev.reserved && ev.countsOn(c) {
			list = append(list, ev)
		}
	}
	return list
}

// Machine returns the machine that the CPU belongs to.
func (c *CPU) Machine() *Machine { return c.m }
