// Virtual time: jiffies and the timer wheel's rounding (kernel/time/timer.c, spec 8.1).

package sim

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"time"
)

// Jiffies returns the ticks since boot.
func (m *Machine) Jiffies() uint64 {
	m.touch(ResTime, 0, false)
	return uint64(m.now / m.tick)
}

// JiffiesOf returns the jiffies of a delay, rounded up; of a negative one, MAX_JIFFY_OFFSET (R-TMR-1).
func (m *Machine) JiffiesOf(d time.Duration) uint64 {
	if d < 0 {
		return maxJiffies
	}
	return uint64(int64(d/time.Second)*m.hz + (int64(d%time.Second)*m.hz+1e9-1)/1e9)
}

// DelayOf returns the longest delay whose jiffies are n. ok is false if virtual time ends before.
func (m *Machine) DelayOf(n uint64) (d time.Duration, ok bool) {
	hi, lo := bits.Mul64(n, 1e9)
	if hi >= uint64(m.hz) {
		return 0, false
	}
	ns, _ := bits.Div64(hi, lo, uint64(m.hz))
	return time.Duration(ns), ns <= uint64(maxTime)
}

// delay returns the jiffies of a delay that op is given.
func (m *Machine) delayOf(op string, d time.Duration) (jiffies uint64, err error) {
	if d < 0 {
		return 0, misusef("%s: invalid delay %v (want 0 or more)", op, d)
	}
	return m.JiffiesOf(d), nil
}

const (
	maxJiffies = 1<<62 - 1 // MAX_JIFFY_OFFSET
	levelShift = 3
)

// A timer is an armed timer of a CPU.
type timer struct {
	owner timerOwner
	cpu   *CPU   // where it is armed, nil once it has fired or was taken away
	fires uint64 // jiffy
	level uint
	seq   uint64 // order of arming
}

// A timerOwner is what a timer belongs to: delayed work, or a Timer.
type timerOwner interface {
	timerName() string
	expired() error // runs in the timer's softirq
}

// wheelFires returns the jiffy at which the wheel fires a timer armed at jiffy now with a delay, and
// the timer's level (R-TMR-2, 3, 8).
func wheelFires(now, delay uint64, hz int64) (fires uint64, level uint) {
	if delay == 0 {
		return now + 1, 0
	}
	last := uint(levelShift * 8)
	if hz <= 100 {
		last = levelShift * 7
	}
	clk := now + 1
	expires := now + delay
	if expires-clk >= 63<<last {
		expires = clk + 62<<last
	}
	for limit := uint64(63); expires-clk >= limit; limit <<= levelShift {
		level++
	}
	shift := levelShift * level
	return (expires>>shift + 1) << shift, level
}

// arm starts a timer of owner on c.
func (m *Machine) arm(c *CPU, owner timerOwner, delay uint64) *timer {
	m.touch(ResTimers, uint64(c.id), true)
	m.timerSeq++
	t := &timer{owner: owner, cpu: c, seq: m.timerSeq}
	t.fires, t.level = wheelFires(m.Jiffies(), delay, m.hz)
	c.timers = append(c.timers, t)
	return t
}

// disarm takes an armed timer away.
func (m *Machine) disarm(t *timer) {
	m.touch(ResTimers, uint64(t.cpu.id), true)
	t.cpu.timers = remove(t.cpu.timers, t)
	t.cpu = nil
}

// first returns the timer of c that fires next: of the earliest jiffy that of the highest level, of
// these the one armed last (R-TMR-4).
func (c *CPU) first() *timer {
	return slices.MinFunc(c.timers, func(a, b *timer) int {
		return cmp.Or(cmp.Compare(a.fires, b.fires), cmp.Compare(b.level, a.level), cmp.Compare(b.seq, a.seq))
	})
}

// ticking reports whether c's timers can fire: not while a debug exception is handled there.
func (c *CPU) ticking() bool { return c.online && !c.suspended && c.masked == 0 }

// dueAt returns when t fires.
func (m *Machine) dueAt(t *timer) time.Duration {
	if t.fires > uint64(maxTime/m.tick) {
		return maxTime + 1
	}
	return time.Duration(t.fires) * m.tick
}

// nextTime returns when the next timer fires or thread wakes.
func (m *Machine) nextTime() time.Duration {
	at := maxTime + 1
	for _, c := range m.cpus {
		if len(c.timers) == 0 || !c.ticking() {
			continue
		}
		at = min(at, m.dueAt(c.first()))
	}
	for _, th := range m.threads {
		if th.state == threadAsleep {
			at = min(at, th.wakeAt)
		}
	}
	return at
}

// due reports whether a timer of c is to fire now.
func (c *CPU) due() bool {
	return len(c.timers) > 0 && c.ticking() && c.first().fires <= c.m.Jiffies()
}

// fireTimer runs c's next timer from its timer interrupt (spec 11, C-23). The next step returns its error.
func (m *Machine) fireTimer(c *CPU) string {
	t := c.first()
	cpu := m.cpu
	m.cpu = c
	k := m.enterTimer(c)
	m.disarm(t)
	if err := t.owner.expired(); err != nil && m.pendingErr == nil {
		m.pendingErr = err
	}
	m.leaveAll(k)
	m.cpu = cpu
	if !m.describes {
		return ""
	}
	return "cpu" + strconv.Itoa(c.id) + " timer: " + t.owner.timerName()
}

// enterTimer enters the functions from c's timer interrupt to the timer's function.
func (m *Machine) enterTimer(c *CPU) marks {
	k := m.enterIrq(c)
	if m.prof.six {
		return m.enterMore(k, fnIrqExitRcu, fnIrqExitRcuInner, fnDoSoftirqOwnStack, fnCallOnIrqStack,
			fnDoSoftirqInner61, fnDoSoftirq, fnRunTimerSoftirq, fnRunTimers, fnExpireTimers, fnCallTimerFn)
	}
	return m.enterMore(k, fnGicHandleIrq, fnHandleDomainIrq, fnIrqExit,
		fnDoSoftirq, fnRunTimerSoftirq, fnRunTimers, fnExpireTimers, fnCallTimerFn)
}
