// Timers of drivers: arming, taking away, and their functions in softirq context (kernel/time/timer.c).

package sim

import (
	"slices"
	"time"
)

// A Timer is a timer_list of a driver.
type Timer struct {
	m      *Machine
	name   string
	nameID uint64
	fn     func() error

	timer   *timer // while it is armed
	expires uint64
	running bool
	runs    int
}

// TimerSetup creates a timer whose function is fn; call chains show it as name. A nil fn does nothing.
func (m *Machine) TimerSetup(name string, fn func() error) *Timer {
	if fn == nil {
		fn = func() error { return nil }
	}
	t := &Timer{m: m, name: name, nameID: uint64(m.rec.Name(name)), fn: fn}
	defer m.done(m.here())
	m.leave(m.enter1(fnInitTimerKey, t.nameID))
	m.timers = append(m.timers, t)
	return t
}

// Name returns the name of the timer's function.
func (t *Timer) Name() string { return t.name }

// Pending reports whether the timer is armed.
func (t *Timer) Pending() bool { return t.timer != nil }

// Runs returns how many times the function has been called.
func (t *Timer) Runs() int { return t.runs }

// CPU returns the CPU on which the timer is armed; ok is false if it is not.
func (t *Timer) CPU() (cpu int, ok bool) {
	if t.timer == nil {
		return 0, false
	}
	return t.timer.cpu.id, true
}

// Expires returns the jiffy that the timer was last armed for.
func (t *Timer) Expires() uint64 { return t.expires }

// Timers returns the timers that were set up, in order.
func (m *Machine) Timers() []*Timer { return slices.Clone(m.timers) }

// onTimer checks a call on a timer.
func (m *Machine) onTimer(op string, t *Timer) error {
	if t == nil || t.m != m {
		return misusef("%s needs a timer of this machine", op)
	}
	return m.preempt()
}

// ModTimer arms t for a delay from now, rounded up to jiffies, on the CPU that the caller runs on, and
// reports whether it was pending. One that was and falls into the same bucket of the wheel keeps its place
// and its CPU (R-TMR-9). Any context may call it.
//
// kernel/time/timer.c: mod_timer
func (m *Machine) ModTimer(t *Timer, d time.Duration) (was bool, err error) {
	if err := m.onTimer("mod_timer", t); err != nil {
		return false, err
	}
	delay, err := m.delayOf("mod_timer", d)
	if err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter2(fnModTimer, t.nameID, delay), &was)
	was = t.timer != nil
	t.expires = m.Jiffies() + delay
	if was {
		fires, level := wheelFires(m.Jiffies(), delay, m.hz)
		if t.timer.fires == fires && t.timer.level == level {
			return true, nil
		}
		m.disarm(t.timer)
	}
	t.timer = m.arm(m.cpu, t, delay)
	return was, nil
}

// DelTimer takes t away and reports whether it was pending. It does not wait for the function. Any
// context may call it.
//
// kernel/time/timer.c: del_timer
func (m *Machine) DelTimer(t *Timer) (was bool, err error) {
	if err := m.onTimer("del_timer", t); err != nil {
		return false, err
	}
	defer m.done(m.here())
	defer m.exitBool(m.enter1(m.delTimerFn(), t.nameID), &was)
	return m.takeTimer(t), nil
}

// DelTimerSync takes t away, and waits until its function has returned. From that function itself it would
// wait for itself; that returns an error. A call from an interrupt warns (R-TMR-10).
//
// kernel/time/timer.c: del_timer_sync
func (m *Machine) DelTimerSync(t *Timer) (was bool, err error) {
	if err := m.onTimer("del_timer_sync", t); err != nil {
		return false, err
	}
	if t.running {
		return false, misusef("deadlock: del_timer_sync of %s from its own function waits for "+
			"itself", t.name)
	}
	defer m.done(m.here())
	fn, warns := fnDelTimerSync, fnDelTimerSync
	if m.prof.timerDelete {
		fn, warns = fnTimerDeleteSync, fnTimerDeleteSyncInner
	}
	defer m.exitBool(m.enter1(fn, t.nameID), &was)
	if m.cpu.context == inHardirq {
		if warns != fn {
			m.via(warns)
		}
		m.warn("", warns)
	}
	return m.takeTimer(t), nil
}

// delTimerFn returns del_timer by the name that the release has for it.
func (m *Machine) delTimerFn() traceFn {
	if m.prof.timerDelete {
		return fnTimerDelete
	}
	return fnDelTimer
}

// takeTimer takes t away if it is armed, and reports whether it was.
func (m *Machine) takeTimer(t *Timer) bool {
	if t.timer == nil {
		return false
	}
	m.disarm(t.timer)
	t.timer = nil
	return true
}

func (t *Timer) timerName() string { return t.name }

// expired calls the timer's function in the softirq that found it due. The function may arm the timer
// again.
func (t *Timer) expired() error {
	t.timer = nil
	t.runs++
	t.running = true
	defer func() { t.running = false }()
	return t.m.interrupting(inSoftirq, func() error { return t.m.named(t.name, t.fn) })
}

// interrupting calls a function of the script in an interrupt or a softirq of the CPU that runs now: it
// must not sleep, and no other thread comes in between.
func (m *Machine) interrupting(x execContext, fn func() error) error {
	c := m.cpu
	m.touchAll()
	was := c.enterContext(x)
	m.touchAll()
	m.trapped++
	m.lent++
	defer func() {
		c.runState = was
		m.trapped--
		m.lent--
	}()
	return fn()
}
