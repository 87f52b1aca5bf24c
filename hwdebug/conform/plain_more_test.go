// The slow twin's groups, periods, exec, hotplug and 32-bit tasks.

package conform_test

import (
	"slices"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

// ---- periods, limits and signals (chapter 14)

const (
	maxFrequency = 100_000
	tick         = 4_000_000 // ns
)

// fileAttr checks what perf_event_open checks first (R-VAL-26, R-PER-1).
func (p *plain) fileAttr(a *hwdebug.Attr) error {
	switch {
	case a.Sigtrap && !p.attrs513:
		return syscall.E2BIG
	case (a.RemoveOnExec || a.InheritThread) && !p.attrs513,
		a.InheritThread && !a.Inherit, a.RemoveOnExec && a.EnableOnExec, a.Sigtrap && !a.RemoveOnExec,
		a.Freq && a.SamplePeriod > maxFrequency, a.SamplePeriod>>63 != 0:
		return syscall.EINVAL
	}
	return nil
}

// start sets the state of R-PER-1.
func (e *plainEvent) start() {
	if e.period = e.attr.SamplePeriod; e.attr.Freq {
		e.period = 1
	}
	e.last, e.left = e.period, int64(e.period)
}

// complete returns the samples that are complete (R-PER-2).
func (e *plainEvent) complete() uint64 {
	if e.left < 0 || e.last == 0 {
		return 0
	}
	n := (e.last + uint64(e.left)) / e.last
	e.left -= int64(n * e.last)
	e.last = e.period
	return n
}

// due returns the number of samples that a hit completes.
func (p *plain) due(e *plainEvent) uint64 {
	switch {
	case e.attr.SamplePeriod == 0:
		return 0
	case e.period == 1 && !e.attr.Freq:
		return 1
	}
	e.left++
	return e.complete()
}

// passTime lets 5 ms pass before an access if an event has a frequency, and the ticks in them.
func (p *plain) passTime() {
	if !p.timed {
		return
	}
	before := p.now
	p.now += 5_000_000
	if p.now/tick == before/tick {
		return
	}
	for _, e := range p.events {
		if e.state != 1 || !e.attr.Freq || e.attr.SamplePeriod == 0 {
			continue
		}
		if e.count > e.stamp {
			e.adapt(e.count-e.stamp, tick)
		}
		e.stamp = e.count
	}
}

// adapt changes the period of a frequency after n hits in a time (R-PER-9).
func (e *plainEvent) adapt(n, ns uint64) {
	f := int64(e.attr.SamplePeriod)
	period := int64(e.period)
	period += (int64(n)*1_000_000_000/(int64(ns)*f) - period + 7) / 8
	period = max(period, 1)
	if e.period = uint64(period); e.left > 8*period {
		e.left = 0
	}
}

// adaptAtSample adapts the period to the time since the sample before.
func (p *plain) adaptAtSample(e *plainEvent) {
	since := p.now - e.sampleTime
	if e.sampleTime = p.now; since > 0 && since < 2*tick {
		e.adapt(e.last, since)
	}
}

func (p *plain) Reset(id hwdebug.EventID) error {
	for _, e := range p.family(id) {
		e.count = 0
	}
	return nil
}

func (p *plain) Refresh(id hwdebug.EventID, n uint64) error {
	e := p.event(id)
	if e.attr.SamplePeriod == 0 || e.attr.Inherit {
		return syscall.EINVAL
	}
	e.limit += int32(n)
	p.enable(e)
	return nil
}

func (p *plain) Period(id hwdebug.EventID, n uint64) error {
	e := p.event(id)
	if e.attr.SamplePeriod == 0 || n == 0 || n>>63 != 0 || e.attr.Freq && n > maxFrequency {
		return syscall.EINVAL
	}
	if c := e.on0(p); c != nil && !c.online || e.ctx.dead {
		return nil
	}
	e.attr.SamplePeriod, e.left = n, 0
	if !e.attr.Freq {
		e.period = n
	}
	if e.state == 1 {
		e.stopped = false
	}
	return nil
}

func (p *plain) Samples(id hwdebug.EventID) (n uint64, throttled bool) {
	return p.event(id).samples, false
}

// ---- groups (R-GRP)

func (p *plain) OpenMember(a hwdebug.Attr, task hwdebug.TaskID, cpu int, leader hwdebug.EventID) (
	hwdebug.EventID, error) {
	return p.openFile(a, task, cpu, p.event(leader))
}

// eachOfGroup calls fn with each event of a group, and with those inherited from it (R-GRP-6).
func (p *plain) eachOfGroup(id hwdebug.EventID, fn func(*plainEvent)) error {
	l := p.event(id).leader
	for _, e := range append([]*plainEvent{l}, l.members...) {
		for _, f := range append([]*plainEvent{e}, e.children...) {
			fn(f)
		}
	}
	return nil
}

func (p *plain) EnableGroup(id hwdebug.EventID) error  { return p.eachOfGroup(id, p.enable) }
func (p *plain) DisableGroup(id hwdebug.EventID) error { return p.eachOfGroup(id, p.disable) }

func (p *plain) ReadGroup(id hwdebug.EventID, dst []hwdebug.GroupCount) (
	counts []hwdebug.GroupCount, ok bool, err error) {
	if p.event(id).state == -2 {
		return dst, false, nil
	}
	l := p.event(id).leader
	for i, e := range append([]*plainEvent{l}, l.members...) {
		n := e.count + e.gone
		for _, c := range l.children {
			if group := append([]*plainEvent{c}, c.members...); i < len(group) {
				n += group[i].count
			}
		}
		dst = append(dst, hwdebug.GroupCount{Event: p.idOf(e), Count: n})
	}
	return dst, true, nil
}

func (p *plain) idOf(e *plainEvent) hwdebug.EventID {
	return hwdebug.EventID(slices.IndexFunc(p.byID, func(v any) bool { return v == any(e) }))
}

// ---- exec

// Exec executes a new image in the order of R-EVT-24 and R-EVT-29.
func (p *plain) Exec(id hwdebug.TaskID, compat bool) error {
	away := p.preempt
	p.preempt = false
	p.running(id, func(t *plainTask, c *plainCPU) {
		p.flushPtrace(t)
		p.enableOnExec(t, c)
		p.removeOnExec(t)
		t.compat = compat
		if away {
			p.switchTo(c, nil)
			p.switchTo(c, t)
		}
	})
	return nil
}

func (p *plain) enableOnExec(t *plainTask, c *plainCPU) {
	if t.ctx == nil {
		return
	}
	enabled, pinned := false, false
	for _, e := range t.ctx.events {
		pinned = pinned || e.leader.attr.Pinned
		if e.attr.EnableOnExec && e.state < 0 {
			e.state, enabled = 0, true
		}
		e.attr.EnableOnExec = false
	}
	if enabled {
		t.ctx.parent = nil
		t.ctx.gen++
		p.resched(c, t.ctx, pinned)
		c.taskIn = t.ctx
	}
}

func (p *plain) removeOnExec(t *plainTask) {
	if t.ctx == nil {
		return
	}
	for _, e := range slices.Backward(slices.Clone(t.ctx.events)) {
		if e.attr.RemoveOnExec {
			t.ctx.parent = nil
			t.ctx.gen++
			p.exitEvent(e, true)
		}
	}
}

// ---- hotplug (chapter 9)

func (p *plain) CPUDown(cpu int) error {
	c := &p.cpus[cpu]
	for len(c.ctx.events) > 0 {
		p.detach(c.ctx.events[len(c.ctx.events)-1], true)
	}
	c.online = false
	return nil
}

func (p *plain) CPUUp(cpu int) error {
	c := &p.cpus[cpu]
	if c.online {
		return nil
	}
	c.online, c.mdscr = true, 0x1000
	for k := range c.slots {
		for i := range c.slots[k] {
			p.writeControl(c, k, i, 0)
			p.writeValue(c, k, i, 0)
		}
	}
	return nil
}

// ---- 32-bit tasks

func (p *plain) NewCompatTask(cpu int) (hwdebug.TaskID, error) {
	id, err := p.NewTask(cpu)
	p.tasks[id].compat = true
	return id, err
}

// calledBy performs a call of t, whose addresses end where those of its width do (R-VAL-12).
func (p *plain) calledBy(t *plainTask, call func()) {
	if t.compat {
		if p.limit = 1<<32 - 4096; p.wholeCompat {
			p.limit = 1 << 32
		}
	}
	call()
	p.limit = plainTaskSize
}

// hbp has tracer call fn on a register of t, which it stops for that (R-PTR-15).
func (p *plain) hbp(tracer, t hwdebug.TaskID, num int,
	fn func(t *plainTask, which hwdebug.PtraceSet, idx int, isAddr bool) error) (err error) {
	p.running(tracer, func(by *plainTask, _ *plainCPU) {
		err = p.stopped(t, func(t *plainTask) error {
			if !by.compat {
				return syscall.EIO
			}
			which, n := hwdebug.HwBreak, num
			if num < 0 {
				which, n = hwdebug.HwWatch, -num
			}
			if num != 0 && (n-1)/2 > 15 {
				return syscall.EINVAL
			}
			return fn(t, which, (n-1)/2, n%2 == 1)
		})
	})
	return err
}

func (p *plain) SetHBPRegs(tracer, id hwdebug.TaskID, num int, value uint32) error {
	set := func(t *plainTask, which hwdebug.PtraceSet, idx int, isAddr bool) error {
		switch {
		case num == 0:
			return nil
		case isAddr:
			return p.setAddr(t, which, idx, uint64(value))
		}
		return p.setCtrl(t, which, idx, value)
	}
	return p.hbp(tracer, id, num, func(t *plainTask, which hwdebug.PtraceSet, idx int, isAddr bool) error {
		var err error
		p.calledBy(p.tasks[tracer], func() { err = set(t, which, idx, isAddr) })
		return err
	})
}

func (p *plain) GetHBPRegs(tracer, id hwdebug.TaskID, num int) (v uint32, err error) {
	err = p.hbp(tracer, id, num, func(t *plainTask, which hwdebug.PtraceSet, idx int, isAddr bool) error {
		if num == 0 {
			v = 6<<24 | 8<<16 | 4<<8 | 6
			return nil
		}
		r := p.readEntry(t, which, idx)
		if v = r.Ctrl; isAddr {
			v = uint32(r.Addr)
		}
		return nil
	})
	return v, err
}
