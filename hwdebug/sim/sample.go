// Sampling: periods, limits and the signals of events, and the requests that set them (kernel/events/core.c,
// spec 6.6).

package sim

import (
	"math/bits"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
)

// maxSampleRate is kernel.perf_event_max_sample_rate, which bounds a frequency (R-PER-3).
const maxSampleRate = 100000

// A sampling is the state of an event's periods.
type sampling struct {
	period uint64 // hw.sample_period
	last   uint64 // hw.last_period
	left   int64  // hw.period_left: negative while hits are missing until the next sample
	limit  int32  // event_limit: samples until the event is disabled, 0: no limit
	count  uint64 // samples written

	disable bool // pending_disable: the limit has run out
	signal  bool // pending_sigtrap

	freq frequency
}

// newSampling returns the state of a new event (perf_event_alloc).
func newSampling(a *hwdebug.Attr) sampling {
	period := a.SamplePeriod
	if a.Freq && period != 0 {
		period = 1
	}
	return sampling{period: period, last: period, left: int64(period)}
}

// setPeriod returns how many periods have ended and starts the next one (R-PER-2).
//
// kernel/events/core.c: perf_swevent_set_period
func (s *sampling) setPeriod() uint64 {
	period := s.last
	s.last = s.period
	if s.left < 0 {
		return 0
	}
	n := (period + uint64(s.left)) / period
	s.left -= int64(n * period)
	return n
}

// hit counts one hit and returns how many samples it completes.
func (s *sampling) hit(a *hwdebug.Attr) uint64 {
	switch {
	case a.SamplePeriod == 0:
		return 0
	case s.period == 1 && !a.Freq:
		return 1
	}
	if s.left++; s.left < 0 {
		return 0
	}
	return s.setPeriod()
}

// limitReached counts a sample against the event's limit. When that runs out, the event is disabled as soon
// as interrupts are on, and from 6.16 on stopped at once, which only PERIOD takes back (R-PER-5, 6).
func (m *Machine) limitReached(ev *Event) bool {
	s := &ev.sampling
	if s.limit == 0 {
		return false
	}
	if s.limit--; s.limit != 0 {
		return false
	}
	if m.prof.deadAfterLimit {
		ev.stopped = true
	}
	s.disable = true
	m.queuePending(ev)
	return true
}

// sigtrap has a hit of an event with sigtrap send its signal as soon as interrupts are on (R-PER-8).
func (m *Machine) sigtrap(ev *Event) {
	if !ev.attr.Sigtrap || ev.sampling.signal {
		return
	}
	ev.sampling.signal = true
	m.queuePending(ev)
}

// ioctl runs a request on the file of ev.
func (ev *Event) ioctl(name string, fn func() error) error {
	m := ev.m
	if err := ev.gone(); err != nil {
		return err
	}
	if !ev.fd {
		return misusef("%s has no file for %s; it was registered in the kernel", ev.Label(), name)
	}
	return m.onEvent(name, ev, func() (err error) {
		m.viaIoctl()
		defer m.exit(m.enter1(fnPerfIoctl, ev.arg()), &err)
		m.via(fnPerfIoctlInner)
		return fn()
	})
}

// Reset issues the fd request RESET: the count of the event, and of each inherited one, becomes 0. What
// inherited events have counted that are gone is kept (R-PER-7).
func (ev *Event) Reset() error {
	return ev.ioctl("reset", func() error {
		ev.resetCount()
		for _, c := range ev.children {
			c.resetCount()
		}
		return nil
	})
}

// resetCount sets the count to 0, after the ticks until now have seen what it was.
func (ev *Event) resetCount() {
	if ev.attr.Freq {
		ev.m.freqTicks(ev)
	}
	ev.count = 0
}

// Refresh issues the fd request REFRESH: it adds n to the number of samples after which the event is
// disabled, and enables the event. An event that is inherited or does not sample is EINVAL (R-PER-5).
func (ev *Event) Refresh(n int32) error {
	m := ev.m
	return ev.ioctl("refresh", func() (err error) {
		defer m.exit(m.enter1(fnPerfEventRefresh, ev.arg()), &err)
		if ev.attr.Inherit || ev.attr.SamplePeriod == 0 {
			return ev.refuse(einval, "R-PER-5", "_perf_event_refresh", "refresh", &ev.attr,
				"the event is inherited or has no sample_period", "open it with a period and without inherit")
		}
		ev.sampling.limit += n
		m.perfEventEnableInner(ev)
		return nil
	})
}

// Period issues the fd request PERIOD: n becomes the event's period, or its frequency, and its next hit
// completes a sample (R-PER-4).
func (ev *Event) Period(n uint64) error {
	return ev.ioctl("period", func() error { return ev.m.perfEventPeriod(ev, n) })
}

// kernel/events/core.c: _perf_event_period
func (m *Machine) perfEventPeriod(ev *Event, n uint64) (err error) {
	defer m.exit(m.enter2(fnPerfEventPeriod, ev.arg(), n), &err)
	refuse := func(found, fix string) error {
		return ev.refuse(einval, "R-PER-4", "_perf_event_period", "period", &ev.attr, found, fix)
	}
	switch {
	case ev.attr.SamplePeriod == 0:
		return refuse("the event has no sample_period", "open it with one")
	case n == 0:
		return refuse("the period is 0", "use 1 or more")
	case ev.attr.Freq && n > maxSampleRate:
		return refuse(sprintf("the frequency is above %d", maxSampleRate), "use a lower one")
	case !ev.attr.Freq && n>>63 != 0:
		return refuse("the period has bit 63 set", "use a period below 2^63")
	}
	m.eventFunctionCall(ev, callPeriod, n)
	return nil
}

// perfEventPeriodFn sets the period where the event's context is. Stopping and starting an ACTIVE event ends
// the state in which a limit has left it.
//
// kernel/events/core.c: __perf_event_period
func (m *Machine) perfEventPeriodFn(ev *Event, n uint64) {
	defer m.leave(m.enter2(fnPerfEventPeriodFn, ev.arg(), n))
	if ev.attr.Freq {
		m.freqTicks(ev)
	}
	ev.attr.SamplePeriod = n
	if !ev.attr.Freq {
		ev.sampling.period = n
	}
	ev.sampling.left = 0
	if ev.state == StateActive {
		ev.stopped = false
	}
}

// Samples returns how many samples the event has written to its buffer, those of its inherited events
// included.
func (ev *Event) Samples() uint64 { return ev.sampling.count }

// A frequency is what an event with freq needs to adapt its period (R-PER-9).
type frequency struct {
	stamp  time.Duration // freq_time_stamp: of the last sample
	count  uint64        // freq_count_stamp: the count at the last tick
	jiffy  uint64        // up to which the ticks have been counted
	active bool          // whether it was ACTIVE since then
}

// calculatePeriod returns the period in which count hits in d make the event's frequency.
//
// kernel/events/core.c: perf_calculate_period
func (ev *Event) calculatePeriod(d time.Duration, count uint64) uint64 {
	hi, lo := bits.Mul64(count, 1e9)
	divisor := uint64(d) * ev.attr.SamplePeriod
	if divisor == 0 || hi >= divisor {
		return lo
	}
	q, _ := bits.Div64(hi, lo, divisor)
	return q
}

// adjustPeriod moves the event's period an eighth of the way to what its frequency wants.
//
// kernel/events/core.c: perf_adjust_period
func (ev *Event) adjustPeriod(d time.Duration, count uint64) {
	s := &ev.sampling
	delta := int64(ev.calculatePeriod(d, count)-s.period) + 7
	s.period = max(s.period+uint64(delta/8), 1)
	if s.left > 8*int64(s.period) {
		s.left = 0
	}
}

// freqTicks applies the timer ticks since it was last called: the first tick behind a hit adapts the period,
// if the event was ACTIVE then.
//
// kernel/events/core.c: perf_adjust_freq_unthr_context
func (m *Machine) freqTicks(ev *Event) {
	f := &ev.sampling.freq
	now := m.Jiffies()
	if f.active && now > f.jiffy {
		if ev.count > f.count { // RESET makes it less
			ev.adjustPeriod(m.tick, ev.count-f.count)
		}
		f.count = ev.count
	}
	f.jiffy, f.active = now, ev.state == StateActive
}

// freqSample adapts the period to the time since the last sample, if that is less than two ticks.
//
// kernel/events/core.c: __perf_event_account_interrupt
func (m *Machine) freqSample(ev *Event) {
	f := &ev.sampling.freq
	d := m.now - f.stamp
	first := f.stamp == 0
	if f.stamp = m.now; !first && d > 0 && d < 2*m.tick {
		ev.adjustPeriod(d, ev.sampling.last)
	}
}
