// The model's slow twin, written down rule by rule, with nothing kept that can be counted again.

package conform_test

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"sort"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A plain is a machine for the steps of the format only: one step after the other, no task running
// between steps. It has no call chains and no cross calls, and counts reservations from the definition.
type plain struct {
	rules
	cpus   [4]plainCPU
	events []*plainEvent // all ever made
	tasks  []*plainTask
	byID   []any // *plainEvent or []*plainEvent (wide)
	clock  int   // of register writes and insertions
	limit  uint64

	preempt bool // the next fork or exec
	logs    bool
	writes  []hwdebug.RegWrite
	timed   bool // an event has a frequency: time passes between accesses
	now     uint64
}

// rules are the differences between releases that the steps can see; the zero value is near 6.1.176.
type rules struct {
	userHitReported  bool // D-1: a hit by the kernel on behalf of the user is a hit as any other
	anyMatchSteps    bool // D-2: any of several matches decides to step, not the last
	overflowRefused  bool // D-4: a byte select shifted beyond bit 7 is EINVAL
	disabledResched  bool // D-5: a disabled event that joins a CPU's context reschedules it
	offsets4190      bool // D-3: 32-bit watchpoints at odd offsets are limited to a few lengths
	attrs513         bool // D-19: remove_on_exec, inherit_thread and sigtrap exist
	deadAfterLimit   bool // D-21: an event whose limit ran out stays stopped
	wholeCompat      bool // R-VAL-12: the addresses of a 32-bit caller end at 2^32
	pinnedGoOn       bool // D-7: after a pinned event that does not fit later ones are still tried
	modifyOne        bool // D-17: a request to modify does not reach inherited events
	ordinaryUserCopy bool // R-EXC-17: user copies use ordinary instructions, which user events do not see
}

// rulesOf are the rules of each profile on a CPU without UAO.
var rulesOf = map[string]rules{
	"4.19.0": {userHitReported: true, anyMatchSteps: true, disabledResched: true, pinnedGoOn: true,
		modifyOne: true, ordinaryUserCopy: true, offsets4190: true, wholeCompat: true},
	"4.19.116": {userHitReported: true, anyMatchSteps: true, disabledResched: true, pinnedGoOn: true,
		modifyOne: true, ordinaryUserCopy: true},
	"4.19.266": {disabledResched: true, pinnedGoOn: true, modifyOne: true, ordinaryUserCopy: true},
	"5.10.223": {modifyOne: true, ordinaryUserCopy: true},
	"6.1.176":  {attrs513: true},
	"6.1.192":  {attrs513: true, overflowRefused: true},
	"6.12.117": {attrs513: true, overflowRefused: true},
	"6.18.15":  {attrs513: true, deadAfterLimit: true},
	"7.3.4":    {attrs513: true, deadAfterLimit: true, overflowRefused: true},
}

type plainCPU struct {
	id             int
	online         bool
	slots          [2][]*plainEvent // breakpoints, watchpoints
	value, control [2][]uint64
	wrote          []int  // watchpoint pairs
	stored         []bool // those that a store has fired since
	mdscr          uint64
	mde, kde       int
	ctx            plainCtx
	current        *plainTask // nil: the driver, or idle
	taskIn         *plainCtx
}

type plainCtx struct {
	dead            bool
	events          []*plainEvent    // in order of arrival
	in              [2]bool          // flexible, pinned: the class is scheduled in
	active          [2][]*plainEvent // leaders
	parent          *plainCtx
	gen, parentsGen int
}

type plainTask struct {
	cpu            int
	dead, compat   bool
	ctx            *plainCtx
	bpsOff, wpsOff bool
	single         bool
	ptrace         [2][16]*plainEvent
	signal         bool
	signalAddr     uint64
	signalErrno    int
	sigtraps       []*plainEvent // whose signals are due
	handled        hwdebug.Handled
}

type plainEvent struct {
	attr       hwdebug.Attr
	task       *plainTask
	cpu        int
	kernelMade bool
	tracer     bool
	handler    hwdebug.Handler
	id         hwdebug.EventID
	watch      bool // as it is reserved
	reserved   bool
	state      int // 1 active, 0 inactive, -1 off, -2 error, -3 exit, -4 dead
	ctx        *plainCtx
	on         *plainCPU
	addr       uint64
	ctrl       uint64 // without E
	el1        bool
	attached   bool
	leader     *plainEvent // itself if single
	members    []*plainEvent
	number     int // of insertion among the leaders of the context; 0: not among them
	errno      int // of a tracer's event
	count      uint64
	gone       uint64
	parent     *plainEvent
	children   []*plainEvent

	// chapter 14
	period, last uint64
	left         int64
	limit        int32
	stopped      bool
	off          bool // the limit ran out
	samples      uint64
	sampleTime   uint64
	stamp        uint64 // of a frequency: the count at the last tick
}

const plainTaskSize = 1 << 48

func newPlain(r rules) *plain {
	p := &plain{rules: r, limit: plainTaskSize, now: 1 << 40}
	for i := range p.cpus {
		c := &p.cpus[i]
		c.id, c.online, c.mdscr = i, true, 0x1000
		for k, n := range []int{6, 4} {
			c.slots[k] = make([]*plainEvent, n)
			c.value[k], c.control[k] = make([]uint64, n), make([]uint64, n)
		}
		c.wrote, c.stored = make([]int, 4), make([]bool, 4)
	}
	return p
}

func kindOf(watch bool) int {
	if watch {
		return 1
	}
	return 0
}

func class(pinned bool) int { return kindOf(pinned) }

// ---- reservation (chapter 4)

func (p *plain) room(task *plainTask, cpu int, watch bool) bool {
	limit := []int{6, 4}[kindOf(watch)]
	own := func(t *plainTask, c int) (n int) {
		for _, e := range p.events {
			if e.reserved && e.watch == watch && e.task == t && (e.cpu == -1 || e.cpu == c) {
				n++
			}
		}
		return n
	}
	for c := range p.cpus {
		if cpu >= 0 && c != cpu {
			continue
		}
		pinned := 0
		for _, e := range p.events {
			if e.reserved && e.watch == watch && e.task == nil && e.cpu == c {
				pinned++
			}
		}
		need := 1 + pinned
		if task != nil {
			need += own(task, c)
		} else {
			most := 0
			for _, t := range p.tasks {
				most = max(most, own(t, c))
			}
			need += most
		}
		if need > limit {
			return false
		}
	}
	return true
}

// ---- validation (chapter 2)

func (p *plain) parse(a hwdebug.Attr, task *plainTask) (addr, ctrl uint64, el1 bool, err error) {
	lsc, off := uint64(0), uint64(7)
	switch a.Type {
	case hwdebug.R, hwdebug.W, hwdebug.RW:
		lsc = uint64(a.Type)
	case hwdebug.X:
		off = 3
	default:
		return 0, 0, false, syscall.EINVAL
	}
	if a.Len < 1 || a.Len > 8 {
		return 0, 0, false, syscall.EINVAL
	}
	n := a.Len
	if task != nil && task.compat {
		if a.Type == hwdebug.X && n != 2 && n != 4 || !p.compatOffset(a.Addr, n) {
			return 0, 0, false, syscall.EINVAL
		}
		if off = 3; n == 8 {
			off = 7
		}
	} else if a.Type == hwdebug.X {
		n = 4
	}
	el1 = a.Addr >= p.limit && a.Addr+n-1 >= p.limit
	bas := (uint64(1)<<n - 1) << (a.Addr & off) & 0xff
	if p.overflowRefused && (uint64(1)<<n-1)<<(a.Addr&off) > 0xff {
		return 0, 0, false, syscall.EINVAL
	}
	addr = a.Addr &^ off
	if el1 && task != nil {
		return 0, 0, false, syscall.EINVAL
	}
	again := uint64(0)
	if bas&(bas+1) == 0 {
		again = uint64(bits.OnesCount64(bas))
	}
	if addr >= p.limit && addr+again-1 >= p.limit && a.ExcludeKernel {
		return 0, 0, false, syscall.EINVAL
	}
	ctrl = bas<<5 | lsc<<3 | 2<<1
	if el1 {
		ctrl = bas<<5 | lsc<<3 | 1<<1
	}
	return addr, ctrl, el1, nil
}

// compatOffset looks up the table of R-VAL-16.
func (p *plain) compatOffset(addr, n uint64) bool {
	if n == 8 {
		return addr&7 == 0
	}
	switch addr & 3 {
	case 0:
		return true
	case 1:
		return n <= 2
	case 2:
		return n == 2 || n == 1 && !p.offsets4190
	}
	return n == 1 && !p.offsets4190
}

// ---- slots and monitors (chapter 3)

func (p *plain) monitors(c *plainCPU, el1 bool, by int) {
	mask := uint64(0)
	if by > 0 {
		if c.mde++; c.mde == 1 {
			mask = 1 << 15
		}
		if el1 {
			if c.kde++; c.kde == 1 {
				mask |= 1 << 13
			}
		}
		if mask != 0 {
			p.writeMDSCR(c, c.mdscr|mask)
		}
		return
	}
	if c.mde--; c.mde == 0 {
		mask = ^uint64(1 << 15)
	}
	if el1 {
		if c.kde--; c.kde == 0 {
			mask &= ^uint64(1 << 13)
		}
	}
	if mask != 0 {
		p.writeMDSCR(c, c.mdscr&mask)
	}
}

func (p *plain) writeMDSCR(c *plainCPU, v uint64) {
	c.mdscr = v
	p.log(c, hwdebug.RegMDSCR, v)
}

func (p *plain) log(c *plainCPU, reg int, v uint64) {
	if p.logs {
		p.writes = append(p.writes, hwdebug.RegWrite{CPU: c.id, Reg: reg, Value: v})
	}
}

func (p *plain) writeValue(c *plainCPU, k, i int, v uint64) {
	p.clock++
	p.log(c, 32*k+i, v)
	c.value[k][i] = v
	if k == 1 {
		c.wrote[i], c.stored[i] = p.clock, false
	}
}

func (p *plain) writeControl(c *plainCPU, k, i int, v uint64) {
	p.clock++
	p.log(c, 32*k+16+i, v)
	if k == 0 {
		v = v&^(1<<6|1<<8) | v&(1<<5)<<1 | v&(1<<7)<<1 // BAS[1] and [3] are copies
	} else {
		c.wrote[i], c.stored[i] = p.clock, false
	}
	c.control[k][i] = v
}

func (p *plain) install(c *plainCPU, e *plainEvent) bool {
	k := kindOf(e.ctrl>>3&3 != 0)
	for i, held := range c.slots[k] {
		if held != nil {
			continue
		}
		c.slots[k][i] = e
		e.on = c
		p.monitors(c, e.el1, +1)
		p.writeValue(c, k, i, e.addr)
		v := e.ctrl | 1
		if t := c.current; t != nil && (k == 0 && t.bpsOff || k == 1 && t.wpsOff) {
			v--
		}
		p.writeControl(c, k, i, v)
		return true
	}
	return false
}

func (p *plain) uninstall(e *plainEvent) {
	c := e.on
	for k := range c.slots {
		for i, held := range c.slots[k] {
			if held == e {
				c.slots[k][i] = nil
				p.writeControl(c, k, i, 0)
				p.monitors(c, e.el1, -1)
				e.on = nil
				return
			}
		}
	}
}

func (p *plain) toggle(c *plainCPU, k int, el1, on bool) {
	for i, e := range c.slots[k] {
		if e != nil && e.el1 == el1 {
			v := c.control[k][i] &^ 1
			if on {
				v |= 1
			}
			p.writeControl(c, k, i, v)
		}
	}
}

// ---- contexts (chapter 5)

// order returns the leaders of a class in the order of their numbers.
func (x *plainCtx) order(k int) (leaders []*plainEvent) {
	for _, e := range x.events {
		if e.leader == e && e.number > 0 && class(e.attr.Pinned) == k {
			leaders = append(leaders, e)
		}
	}
	sort.Slice(leaders, func(i, j int) bool { return leaders[i].number < leaders[j].number })
	return leaders
}

func (p *plain) number() int {
	p.clock++
	return p.clock
}

func (p *plain) add(x *plainCtx, e *plainEvent) {
	x.events = append(x.events, e)
	x.gen++
	e.ctx, e.attached = x, true
	if e.leader == nil {
		e.leader = e
	}
	if e.leader == e {
		e.number = p.number()
	} else {
		e.leader.members = append(e.leader.members, e)
	}
}

func without(l []*plainEvent, e *plainEvent) (rest []*plainEvent) {
	for _, f := range l {
		if f != e {
			rest = append(rest, f)
		}
	}
	return rest
}

func (p *plain) schedOut(e *plainEvent) {
	if e.state == 1 {
		p.uninstall(e)
		k := class(e.attr.Pinned)
		e.ctx.active[k] = without(e.ctx.active[k], e)
		e.state = 0
	}
}

func (p *plain) groupOut(e *plainEvent) {
	if e.state == 1 {
		p.schedOut(e)
		for _, m := range e.members {
			p.schedOut(m)
		}
	}
}

// leave takes an event out of its group. The members of a leader become single events, but a member keeps
// the name of its leader (R-GRP-5).
func (p *plain) leave(e *plainEvent) {
	if e.leader != e {
		e.leader.members = without(e.leader.members, e)
		return
	}
	for _, m := range e.members {
		m.leader = m
		if e.attached {
			m.number = p.number()
			if m.state == 1 {
				k := class(m.attr.Pinned)
				m.ctx.active[k] = append(m.ctx.active[k], m)
			}
		}
	}
	e.members = nil
}

// detach takes an event out of its context, and out of its group too if it leaves that.
func (p *plain) detach(e *plainEvent, leaves bool) {
	p.schedOut(e)
	if leaves && e.leader != nil {
		p.leave(e)
	}
	if e.state > -1 {
		e.state = -1
	}
	if !e.attached {
		return
	}
	x := e.ctx
	e.attached, e.number = false, 0
	x.events = without(x.events, e)
	x.gen++
	if len(x.events) == 0 {
		x.in = [2]bool{}
		for i := range p.cpus {
			if p.cpus[i].taskIn == x {
				p.cpus[i].taskIn = nil
			}
		}
	}
}

func (p *plain) classOut(x *plainCtx, k int) {
	x.in[k] = false
	for len(x.active[k]) > 0 {
		p.groupOut(x.active[k][0])
	}
}

func (p *plain) classIn(c *plainCPU, x *plainCtx, k int) {
	if x == nil || len(x.events) == 0 || x.in[k] {
		return
	}
	x.in[k] = true
	all := true
	for _, e := range x.order(k) {
		if e.cpu != -1 && e.cpu != c.id || e.state <= -1 {
			continue
		}
		if (!e.kernelMade || all) && p.groupIn(c, e) {
			x.active[k] = append(x.active[k], e)
			continue
		}
		if k == 1 {
			e.state = -2
			all = all && p.pinnedGoOn
		} else {
			all = false
		}
	}
}

// groupIn installs a group, all of it or nothing (R-GRP-3).
func (p *plain) groupIn(c *plainCPU, e *plainEvent) bool {
	if !p.schedIn(c, e) {
		return false
	}
	for i, m := range e.members {
		if !p.schedIn(c, m) {
			for _, m := range e.members[:i] {
				p.schedOut(m)
			}
			p.schedOut(e)
			return false
		}
	}
	return true
}

func (p *plain) schedIn(c *plainCPU, e *plainEvent) bool {
	if e.state <= -1 {
		return true
	}
	if e.attr.SamplePeriod > 0 {
		e.last = e.period
		e.complete()
	}
	if !p.install(c, e) {
		return false
	}
	e.state = 1
	return true
}

// resched brings up to date a class of the context of c, or of x, the context of the task that is
// current there (R-CTX-8).
func (p *plain) resched(c *plainCPU, x *plainCtx, pinned bool) {
	out := func(y *plainCtx) {
		if pinned {
			p.classOut(y, 1)
		}
		p.classOut(y, 0)
	}
	if x != nil {
		out(x)
		if pinned {
			p.classOut(&c.ctx, 0)
		}
	} else {
		out(&c.ctx)
	}
	p.allIn(c, x)
}

func (p *plain) allIn(c *plainCPU, x *plainCtx) {
	p.classIn(c, &c.ctx, 1)
	p.classIn(c, x, 1)
	p.classIn(c, &c.ctx, 0)
	p.classIn(c, x, 0)
}

func (p *plain) enable(e *plainEvent) {
	if e.state >= 0 || e.state < -2 || e.ctx == nil || e.ctx.dead {
		return
	}
	e.state = -1
	c := e.on0(p)
	if c != nil && !c.online {
		return
	}
	if e.state = 0; c != nil && len(c.ctx.events) > 0 && (e.leader == e || e.leader.state == 1) {
		p.resched(c, nil, e.leader.attr.Pinned)
	}
}

// on0 returns the CPU of a CPU's event.
func (e *plainEvent) on0(p *plain) *plainCPU {
	if e.task != nil {
		return nil
	}
	return &p.cpus[e.cpu]
}

func (p *plain) disable(e *plainEvent) {
	if c := e.on0(p); c != nil && !c.online || e.state <= -1 {
		return
	}
	if e.leader == e {
		p.groupOut(e)
	} else {
		p.schedOut(e)
	}
	e.state = -1
}

// switchTo switches c to t, or to the driver or the idle thread if t is nil.
func (p *plain) switchTo(c *plainCPU, t *plainTask) {
	prev := c.current
	if prev == t {
		return
	}
	if prev != nil && prev.ctx != nil && c.taskIn != nil {
		x := prev.ctx
		if t != nil && t.ctx != nil && x.clone(t.ctx) {
			prev.ctx, t.ctx = t.ctx, x
		} else {
			c.taskIn = nil
			p.classOut(x, 1)
			p.classOut(x, 0)
		}
	}
	was, is := prev, t
	if was == nil {
		was = &plainTask{}
	}
	if is == nil {
		is = &plainTask{}
	}
	if was.bpsOff != is.bpsOff {
		p.toggle(c, 0, false, !is.bpsOff)
	}
	if was.wpsOff != is.wpsOff {
		p.toggle(c, 1, false, !is.wpsOff)
	}
	c.current = t
	if t == nil || t.ctx == nil || len(t.ctx.events) == 0 || c.taskIn == t.ctx {
		return
	}
	c.taskIn = t.ctx
	if len(t.ctx.order(1)) > 0 {
		p.classOut(&c.ctx, 0)
	}
	p.allIn(c, t.ctx)
}

func (x *plainCtx) clone(y *plainCtx) bool {
	return y.parent == x && y.parentsGen == x.gen || x.parent == y && x.parentsGen == y.gen ||
		x.parent != nil && x.parent == y.parent && x.parentsGen == y.parentsGen
}

// create creates an event but does not install it.
func (p *plain) create(e *plainEvent) error {
	if e.attr.Type == 0 || e.attr.Type == 7 {
		return syscall.EINVAL
	}
	e.watch = e.attr.Type.Data()
	if !p.room(e.task, e.cpu, e.watch) {
		return syscall.ENOSPC
	}
	var err error
	if e.addr, e.ctrl, e.el1, err = p.parse(e.attr, e.task); err != nil {
		return err
	}
	e.reserved = true
	if e.state = 0; e.attr.Disabled {
		e.state = -1
	}
	e.start()
	p.events = append(p.events, e)
	return nil
}

// open creates an event and adds it to its context.
func (p *plain) open(e *plainEvent) error {
	if e.cpu < 0 || e.cpu > 3 {
		if e.cpu != -1 || e.task == nil {
			return syscall.EINVAL
		}
	}
	if e.attr.Sigtrap && e.task == nil {
		return syscall.EINVAL
	}
	if err := p.create(e); err != nil {
		return err
	}
	x := p.contextOf(e)
	if err := p.joins(e, x); err != nil {
		e.reserved = false
		return err
	}
	was := len(x.events)
	p.add(x, e)
	if c := e.on0(p); c != nil && (e.effective() != -1 || was == 0 || p.disabledResched) {
		p.resched(c, nil, e.leader.attr.Pinned)
	}
	return nil
}

// contextOf returns the context that a new event goes to. A task's context stops being a clone then.
func (p *plain) contextOf(e *plainEvent) *plainCtx {
	if e.task == nil {
		return &p.cpus[e.cpu].ctx
	}
	x := e.task.context()
	x.parent = nil
	x.gen++
	return x
}

// context returns the task's context, which its first event makes.
func (t *plainTask) context() *plainCtx {
	if t.ctx == nil {
		t.ctx = &plainCtx{}
	}
	return t.ctx
}

// joins checks what is left once an event is valid: its CPU (R-HP-10) and its leader (R-GRP-1).
func (p *plain) joins(e *plainEvent, x *plainCtx) error {
	if c := e.on0(p); c != nil && !c.online {
		return syscall.ENODEV
	}
	if l := e.leader; l != nil && (l.leader != l || l.cpu != e.cpu || l.ctx != x || e.attr.Pinned) {
		return syscall.EINVAL
	}
	return nil
}

// effective returns the state that an event has as a part of its group (D-5).
func (e *plainEvent) effective() int {
	if e.leader.state <= -1 {
		return e.leader.state
	}
	return e.state
}

func (p *plain) release(e *plainEvent) {
	p.detach(e, true)
	e.state, e.reserved = -4, false
	for _, c := range e.children {
		p.detach(c, true)
		c.state, c.reserved = -4, false
	}
	e.children = nil
}

// change performs steps (b) to (d) of R-VAL-22.
func (p *plain) change(e *plainEvent, a hwdebug.Attr, all bool) error {
	addr, ctrl, el1, err := p.parse(a, e.task)
	if err != nil {
		return err
	}
	if same := e.attr; all { // R-VAL-25
		same.Type, same.Addr, same.Len, same.Disabled = a.Type, a.Addr, a.Len, a.Disabled
		if same != a {
			return syscall.EINVAL
		}
	}
	if a.Type != e.attr.Type {
		e.reserved = false
		if ok := p.room(e.task, e.cpu, a.Type.Data()); !ok {
			e.reserved = true
			return syscall.ENOSPC
		}
		e.reserved, e.watch = true, a.Type.Data()
	}
	e.attr.Type, e.attr.Addr, e.attr.Len, e.attr.Disabled = a.Type, a.Addr, a.Len, a.Disabled
	e.addr, e.ctrl, e.el1 = addr, ctrl, el1
	return nil
}

func (p *plain) modify(e *plainEvent, a hwdebug.Attr, all bool) error {
	p.disable(e)
	err := p.change(e, a, all)
	if !e.attr.Disabled {
		p.enable(e)
	}
	return err
}

// ---- hits (chapter 6)

// hit counts and takes samples; skip says that a handler moved the pc.
func (p *plain) hit(c *plainCPU, e *plainEvent, user bool, addr uint64) (skip bool) {
	if e.stopped || user && e.attr.ExcludeUser || !user && e.attr.ExcludeKernel {
		return false
	}
	e.count++
	for range p.due(e) {
		if e.attr.Freq {
			p.adaptAtSample(e)
		}
		skip = p.sample(c, e, addr) || skip
		if e.limit == 0 {
			continue
		}
		if e.limit--; e.limit == 0 {
			e.off, e.stopped = true, p.deadAfterLimit
			break
		}
	}
	return skip
}

// sample delivers one sample.
func (p *plain) sample(c *plainCPU, e *plainEvent, addr uint64) (skip bool) {
	original := e
	if e.parent != nil {
		original = e.parent
	}
	t := c.current
	if e.attr.Sigtrap && t != nil && e.ctx == t.ctx {
		t.sigtraps = append(t.sigtraps, e)
	}
	switch {
	case e.tracer && !t.signal:
		t.signal, t.signalAddr, t.signalErrno = true, addr, 0
		if t.compat {
			t.signalErrno = e.errno
		}
	case e.tracer:
	case e.handler != nil:
		return e.handler(original.id, addr)
	default:
		original.samples++
	}
	return false
}

func (e *plainEvent) stepped() bool { return e.handler == nil && !e.tracer }

// access does one access on c: as the current task in user mode, in the kernel, or by the kernel
// for the task.
func (p *plain) access(c *plainCPU, k hwdebug.Kind, addr uint64, size int, user,
	unprivileged bool) (trapped bool) {
	t := c.current
	if t == nil {
		t = &plainTask{}
	}
	kernelStep, skip := false, false
	for round := 0; !skip; round++ {
		if round > 5000 {
			panic("an access that does not end")
		}
		far, bank, store, ok := p.matches(c, k, addr, size, user, unprivileged)
		if !ok {
			break
		}
		step := false
		if bank == 0 {
			for i, e := range c.slots[0] {
				if e != nil && c.value[0][i] == addr&^3 && c.control[0][i]>>(5+addr&3)&1 != 0 {
					skip = p.hit(c, e, user, addr) || skip
					step = step || e.stepped()
				}
			}
		} else {
			exact := false
			for i, e := range c.slots[1] {
				want := hwdebug.R
				if store {
					want = hwdebug.W
				}
				bas := uint8(c.control[1][i] >> 5)
				if e == nil || e.attr.Type&want == 0 || bas == 0 {
					continue
				}
				low, high := c.value[1][i]+uint64(bits.TrailingZeros8(bas)),
					c.value[1][i]+uint64(bits.Len8(bas)-1)
				if far < low || far > high {
					continue
				}
				exact = true
				wants := true
				if user || e.el1 || p.userHitReported {
					skip = p.hit(c, e, user, far) || skip
					wants = e.stepped()
				}
				step = wants || step && p.anyMatchSteps
			}
			if !exact {
				panic("the machine reports an address that it does not watch")
			}
		}
		if step {
			if bank == 1 {
				p.toggle(c, 1, false, false)
			}
			if user {
				if bank == 0 {
					p.toggle(c, 0, false, false)
				}
				other := t.wpsOff
				if bank == 1 {
					other = t.bpsOff
				}
				if bank == 0 {
					t.bpsOff = true
				} else {
					t.wpsOff = true
				}
				if !other {
					t.single = true
				}
			} else {
				p.toggle(c, bank, true, false)
				if !kernelStep {
					kernelStep = true
					p.writeMDSCR(c, c.mdscr|1)
					p.monitors(c, true, +1)
				}
			}
		}
		if user || unprivileged {
			p.interruptsOn()
		}
		if t.signal {
			t.signal, t.sigtraps = false, nil
			p.switchTo(c, nil)
			t.single = false
			p.switchTo(c, t)
			return true
		}
		if len(t.sigtraps) > 0 {
			skip = p.handleSigtrap(c, t) || skip
		}
	}
	if user && t.single {
		p.stepped(c, t)
	}
	if kernelStep {
		p.toggle(c, 0, true, true)
		p.toggle(c, 1, true, true)
		if !t.wpsOff {
			p.toggle(c, 1, false, true)
		}
		p.writeMDSCR(c, c.mdscr&^1)
		p.monitors(c, true, -1)
	}
	p.interruptsOn()
	return false
}

// stepped ends a step in user mode (R-STEP-6).
func (p *plain) stepped(c *plainCPU, t *plainTask) {
	t.single = false
	if t.bpsOff {
		t.bpsOff = false
		p.toggle(c, 0, false, true)
	}
	if t.wpsOff {
		t.wpsOff = false
		p.toggle(c, 1, false, true)
	}
}

// interruptsOn disables the events whose limits ran out (R-PER-5).
func (p *plain) interruptsOn() {
	for _, e := range p.events {
		if e.off {
			e.off = false
			p.disable(e)
		}
	}
}

// handleSigtrap runs the task's handler, whose first instruction ends the step (R-PER-8), and reports
// whether it moves the pc on.
func (p *plain) handleSigtrap(c *plainCPU, t *plainTask) (skip bool) {
	h := &t.handled
	if h.N++; h.N == 1 {
		h.Code, h.Addr = 6, t.sigtraps[0].attr.Addr
	}
	t.sigtraps = nil
	if t.single {
		p.stepped(c, t)
	}
	return h.N%3 == 0
}

// matches returns the bank that traps the access and what the machine reports: among the enabled
// watchpoints that overlap the access, the one whose register was written longest ago provides the
// first watched byte, and a store if it has fired for a store. The watchpoints examined before it
// forget what they fired for. All of this requires a watchpoint in a page of the access (R-REG-27).
func (p *plain) matches(
	c *plainCPU, k hwdebug.Kind, addr uint64, size int, user, unprivileged bool,
) (far uint64, bank int, store, ok bool) {
	taken := c.mdscr>>15&1 != 0 && (user || c.mdscr>>13&1 != 0)
	level := uint64(1 << 1)
	if user || unprivileged {
		level = 2 << 1
	}
	if k == hwdebug.Exec {
		for i, v := range c.control[0] {
			bas := v >> 5 & 0xf
			first := bas == 0xf || bas == 3
			if taken && v&1 != 0 && v&level != 0 && c.value[0][i]>>2 == addr>>2 &&
				(first && addr&3 == 0 || bas == 0xc && addr&3 == 2) {
				return addr, 0, false, true
			}
		}
		return 0, 0, false, false
	}
	lsc := uint64(1 << 3)
	if k == hwdebug.Store {
		lsc = 2 << 3
	}
	var order []int
	near := false
	for i, v := range c.control[1] {
		if v&1 != 0 {
			order = append(order, i)
			near = near || c.value[1][i]>>12 == addr>>12 || c.value[1][i]>>12 == (addr+uint64(size)-1)>>12
		}
	}
	if !near {
		return 0, 0, false, false
	}
	slices.SortFunc(order, func(i, j int) int { return c.wrote[i] - c.wrote[j] })
	for _, i := range order {
		v := c.control[1][i]
		if taken && v&level != 0 && v&lsc != 0 {
			for a := addr; a != addr+uint64(size); a++ {
				bytes := uint64(8) // that the byte select covers (R-REG-22)
				if c.value[1][i]&4 != 0 {
					bytes = 4
				}
				if d := a - c.value[1][i]; d < bytes && uint8(v>>5)>>d&1 != 0 {
					c.stored[i] = c.stored[i] || k == hwdebug.Store
					return a, 1, c.stored[i], true
				}
			}
		}
		c.stored[i] = false
	}
	return 0, 0, false, false
}

// ---- the contract

func (p *plain) CPUs() int { return 4 }
func (p *plain) BRPs() int { return 6 }
func (p *plain) WRPs() int { return 4 }

// Supports refuses what the twin has no rules for: other events than breakpoints.
func (p *plain) Supports(f hwdebug.Feature) error {
	switch f {
	case hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess, hwdebug.FeatureTasks,
		hwdebug.FeatureUserCopy, hwdebug.FeatureRegisters, hwdebug.FeaturePtrace, hwdebug.FeatureSwitch,
		hwdebug.FeaturePreemption, hwdebug.FeatureGroups, hwdebug.FeatureSampling, hwdebug.FeatureExec,
		hwdebug.FeatureHotplug, hwdebug.FeatureCompat, hwdebug.FeatureWrites:
		return nil
	}
	return errors.ErrUnsupported
}

func (p *plain) LogWrites(on bool) { p.logs = on }

func (p *plain) TakeWrites(dst []hwdebug.RegWrite) []hwdebug.RegWrite {
	dst = append(dst, p.writes...)
	p.writes = p.writes[:0]
	return dst
}

func (p *plain) event(id hwdebug.EventID) *plainEvent { return p.byID[id].(*plainEvent) }

func (p *plain) named(v any) hwdebug.EventID {
	p.byID = append(p.byID, v)
	return hwdebug.EventID(len(p.byID) - 1)
}

func (p *plain) Open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) (hwdebug.EventID, error) {
	return p.openFile(a, task, cpu, nil)
}

func (p *plain) openFile(a hwdebug.Attr, task hwdebug.TaskID, cpu int, leader *plainEvent) (
	hwdebug.EventID, error) {
	if err := p.fileAttr(&a); err != nil {
		return 0, err
	}
	e := &plainEvent{attr: a, cpu: cpu, leader: leader}
	if task != hwdebug.NoTask {
		if e.task = p.tasks[task]; e.task.dead {
			return 0, syscall.ESRCH
		}
		if leader != nil && leader.attr.Inherit != a.Inherit {
			return 0, syscall.EINVAL
		}
	}
	if err := p.open(e); err != nil {
		return 0, err
	}
	p.timed = p.timed || a.Freq
	return p.named(e), nil
}

func (p *plain) family(id hwdebug.EventID) []*plainEvent {
	e := p.event(id)
	return append([]*plainEvent{e}, e.children...)
}

func (p *plain) Enable(id hwdebug.EventID) error {
	for _, e := range p.family(id) {
		p.enable(e)
	}
	return nil
}

func (p *plain) Disable(id hwdebug.EventID) error {
	for _, e := range p.family(id) {
		p.disable(e)
	}
	return nil
}

func (p *plain) Modify(id hwdebug.EventID, a hwdebug.Attr) error {
	for i, e := range p.family(id) {
		if i > 0 && p.modifyOne {
			break
		}
		if err := p.modify(e, a, true); err != nil {
			return err
		}
	}
	return nil
}

func (p *plain) Read(id hwdebug.EventID) (n uint64, ok bool, err error) {
	if wide, ok := p.byID[id].([]*plainEvent); ok {
		for _, e := range wide {
			n += e.count
		}
		return n, true, nil
	}
	e := p.event(id)
	if e.state == -2 && !e.kernelMade {
		return 0, false, nil
	}
	n = e.count + e.gone
	for _, c := range e.children {
		n += c.count
	}
	return n, true, nil
}

func (p *plain) Close(id hwdebug.EventID) error {
	p.release(p.event(id))
	return nil
}

func (p *plain) RegisterWide(a hwdebug.Attr, h hwdebug.Handler) (hwdebug.EventID, error) {
	var wide []*plainEvent
	id := hwdebug.EventID(len(p.byID))
	for cpu := range p.cpus {
		if !p.cpus[cpu].online {
			continue
		}
		e := &plainEvent{attr: a, cpu: cpu, kernelMade: true, handler: h, id: id}
		if err := p.open(e); err != nil {
			for _, e := range wide {
				p.release(e)
			}
			return 0, err
		}
		wide = append(wide, e)
	}
	return p.named(wide), nil
}

func (p *plain) UnregisterWide(id hwdebug.EventID) error {
	for _, e := range p.byID[id].([]*plainEvent) {
		p.release(e)
	}
	return nil
}

func (p *plain) RegisterUser(a hwdebug.Attr, task hwdebug.TaskID, h hwdebug.Handler) (hwdebug.EventID,
	error) {
	t := p.tasks[task]
	if t.dead {
		return 0, syscall.ESRCH
	}
	e := &plainEvent{attr: a, task: t, cpu: -1, kernelMade: true, handler: h,
		id: hwdebug.EventID(len(p.byID))}
	if err := p.open(e); err != nil {
		return 0, err
	}
	return p.named(e), nil
}

func (p *plain) ModifyUser(id hwdebug.EventID, a hwdebug.Attr) error {
	return p.modify(p.event(id), a, false)
}
func (p *plain) Unregister(id hwdebug.EventID) error { return p.Close(id) }

// running runs fn while the task is on its CPU, and then what ran there before.
func (p *plain) running(id hwdebug.TaskID, fn func(*plainTask, *plainCPU)) {
	t := p.tasks[id]
	c := &p.cpus[t.cpu]
	was := c.current
	p.switchTo(c, t)
	fn(t, c)
	p.switchTo(c, was)
}

func (p *plain) Access(id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) (trap hwdebug.Trap,
	err error) {
	p.passTime()
	p.running(id, func(t *plainTask, c *plainCPU) {
		t.handled = hwdebug.Handled{}
		if p.access(c, k, addr, size, true, false) {
			trap = hwdebug.Trap{N: 1, Addr: t.signalAddr, Errno: t.signalErrno}
		}
		trap.Handled = t.handled
	})
	return trap, nil
}

func (p *plain) UserCopy(id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) error {
	p.running(id, func(_ *plainTask, c *plainCPU) { p.access(c, k, addr, size, false, !p.ordinaryUserCopy) })
	return nil
}

func (p *plain) KernelAccess(cpu int, k hwdebug.Kind, addr uint64, size int) error {
	if !p.cpus[cpu].online {
		return syscall.EINVAL
	}
	p.passTime()
	p.access(&p.cpus[cpu], k, addr, size, false, false)
	return nil
}

func (p *plain) NewTask(cpu int) (hwdebug.TaskID, error) {
	p.tasks = append(p.tasks, &plainTask{cpu: cpu})
	return hwdebug.TaskID(len(p.tasks) - 1), nil
}

func (p *plain) PreemptNext() { p.preempt = true }

func (p *plain) Fork(id hwdebug.TaskID) (child hwdebug.TaskID, err error) {
	back := p.preempt
	p.preempt = false
	p.running(id, func(t *plainTask, c *plainCPU) {
		u := &plainTask{cpu: t.cpu, compat: t.compat}
		p.tasks = append(p.tasks, u)
		p.calledBy(t, func() { err = p.inherit(t, u) })
		if err == nil {
			child = hwdebug.TaskID(len(p.tasks) - 1)
			p.switchTo(c, u)
			if back {
				p.switchTo(c, t)
			}
		}
	})
	return child, err
}

func (p *plain) inherit(t, u *plainTask) error {
	if t.ctx == nil {
		return nil
	}
	all := true
	for _, k := range []int{1, 0} {
		order := t.ctx.order(k)
		sort.SliceStable(order, func(i, j int) bool { return order[i].cpu < order[j].cpu })
		for _, e := range order {
			var leader *plainEvent
			if !e.attr.Inherit || e.attr.InheritThread { // of the leader alone
				all = false
				continue
			}
			for i, f := range append([]*plainEvent{e}, e.members...) {
				c, err := p.copyTo(u, f, leader)
				if err != nil {
					p.dropCopies(u)
					return err
				}
				if i == 0 {
					leader = c
				}
			}
		}
	}
	if u.ctx != nil && all {
		if u.ctx.parent, u.ctx.parentsGen = t.ctx, t.ctx.gen; t.ctx.parent != nil {
			u.ctx.parent, u.ctx.parentsGen = t.ctx.parent, t.ctx.parentsGen
		}
	}
	return nil
}

// copyTo gives u a copy of e.
func (p *plain) copyTo(u *plainTask, e, leader *plainEvent) (*plainEvent, error) {
	original := e
	if e.parent != nil {
		original = e.parent
	}
	c := &plainEvent{attr: original.attr, task: u, cpu: original.cpu, kernelMade: original.kernelMade,
		handler: original.handler, parent: original, leader: leader}
	if err := p.create(c); err != nil {
		return nil, err
	}
	if c.state = -1; e.state >= 0 {
		c.state = 0
	}
	p.add(u.context(), c)
	original.children = append(original.children, c)
	return c, nil
}

// dropCopies undoes a fork that failed.
func (p *plain) dropCopies(u *plainTask) {
	if u.ctx == nil {
		return
	}
	for _, c := range u.ctx.events {
		c.reserved = false
		c.parent.children = without(c.parent.children, c)
	}
}

func (p *plain) Migrate(id hwdebug.TaskID, cpu int) error {
	if !p.cpus[cpu].online {
		return syscall.EINVAL
	}
	p.tasks[id].cpu = cpu
	return nil
}

func (p *plain) Exit(id hwdebug.TaskID) error {
	p.running(id, func(t *plainTask, c *plainCPU) {
		if x := t.ctx; x != nil {
			c.taskIn = nil
			p.classOut(x, 1)
			p.classOut(x, 0)
			for len(x.events) > 0 {
				e := x.events[len(x.events)-1]
				p.exitEvent(e, e.parent != nil)
			}
			x.dead = true
		}
		p.flushPtrace(t)
		t.dead = true
	})
	return nil
}

// exitEvent ends the life of an event with its task, or at its task's exec.
func (p *plain) exitEvent(e *plainEvent, leaves bool) {
	p.detach(e, leaves)
	e.state = -3
	if o := e.parent; o != nil {
		o.gone += e.count
		o.children = without(o.children, e)
		e.reserved = false
	}
}

// flushPtrace releases the events of a task's debugger (R-PTR-14).
func (p *plain) flushPtrace(t *plainTask) {
	for which := range t.ptrace {
		for i, e := range t.ptrace[which] {
			if e != nil {
				p.release(e)
				t.ptrace[which][i] = nil
			}
		}
	}
}

func (p *plain) DumpTask(id hwdebug.TaskID, r *hwdebug.Regs) error {
	p.running(id, func(_ *plainTask, c *plainCPU) { p.DumpCPU(c.id, r) })
	return nil
}

func (p *plain) DumpCPU(cpu int, r *hwdebug.Regs) error {
	c := &p.cpus[cpu]
	if !c.online {
		return syscall.ENXIO
	}
	*r = hwdebug.Regs{CPU: cpu, MDSCR: c.mdscr}
	r.BVR, r.BCR = append(r.BVR, c.value[0]...), append(r.BCR, c.control[0]...)
	r.WVR, r.WCR = append(r.WVR, c.value[1]...), append(r.WCR, c.control[1]...)
	for i := range r.BVR {
		r.BVR[i] &^= 3
	}
	return nil
}

// ---- ptrace (chapter 7)

func (p *plain) stopped(id hwdebug.TaskID, fn func(*plainTask) error) (err error) {
	p.running(id, func(*plainTask, *plainCPU) {})
	err = fn(p.tasks[id])
	p.running(id, func(t *plainTask, _ *plainCPU) { t.single = false })
	return err
}

func (p *plain) entry(t *plainTask, which hwdebug.PtraceSet, idx int) (*plainEvent, error) {
	if e := t.ptrace[which][idx]; e != nil {
		return e, nil
	}
	a := hwdebug.Attr{Type: hwdebug.X, Len: 4, Disabled: true, Pinned: true, SamplePeriod: 1,
		ExcludeKernel: true}
	if which == hwdebug.HwWatch {
		a.Type = hwdebug.RW
	}
	e := &plainEvent{attr: a, task: t, cpu: -1, kernelMade: true, tracer: true, errno: 2*idx + 1}
	if which == hwdebug.HwWatch {
		e.errno = -e.errno
	}
	if err := p.open(e); err != nil {
		return nil, err
	}
	t.ptrace[which][idx] = e
	return e, nil
}

func (p *plain) setAddr(t *plainTask, which hwdebug.PtraceSet, idx int, addr uint64) error {
	e, err := p.entry(t, which, idx)
	if err != nil {
		return err
	}
	a := e.attr
	a.Addr = addr
	return p.modify(e, a, false)
}

func (p *plain) setCtrl(t *plainTask, which hwdebug.PtraceSet, idx int, ctrl uint32) error {
	e, err := p.entry(t, which, idx)
	if err != nil {
		return err
	}
	a := e.attr
	if a.Disabled = ctrl&1 == 0; !a.Disabled {
		bas := uint8(ctrl >> 5)
		off := bits.TrailingZeros8(bas)
		if bas == 0 || bas>>off&(bas>>off+1) != 0 {
			return syscall.EINVAL
		}
		a.Type = []hwdebug.BPType{hwdebug.X, hwdebug.R, hwdebug.W, hwdebug.RW}[ctrl>>3&3]
		if (a.Type == hwdebug.X) != (which == hwdebug.HwBreak) {
			return syscall.EINVAL
		}
		a.Len = uint64(bits.OnesCount8(bas))
		a.Addr += uint64(off)
	}
	return p.modify(e, a, false)
}

func (p *plain) setEntry(t *plainTask, which hwdebug.PtraceSet, idx int, reg hwdebug.PtraceReg) error {
	if err := p.setAddr(t, which, idx, reg.Addr); err != nil {
		return err
	}
	return p.setCtrl(t, which, idx, reg.Ctrl)
}

func (p *plain) readEntry(t *plainTask, which hwdebug.PtraceSet, idx int) (r hwdebug.PtraceReg) {
	if e := t.ptrace[which][idx]; e != nil {
		r = hwdebug.PtraceReg{Addr: e.addr, Ctrl: uint32(e.ctrl)}
		if !e.attr.Disabled {
			r.Ctrl |= 1
		}
	}
	return r
}

func (p *plain) PtraceSetReg(id hwdebug.TaskID, which hwdebug.PtraceSet, idx int,
	reg hwdebug.PtraceReg) error {
	return p.stopped(id, func(t *plainTask) error {
		var regs []hwdebug.PtraceReg
		for i := range idx {
			regs = append(regs, p.readEntry(t, which, i))
		}
		for i, r := range append(regs, reg) {
			if err := p.setEntry(t, which, i, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *plain) PtraceGetRegs(id hwdebug.TaskID, which hwdebug.PtraceSet) (info uint32,
	regs []hwdebug.PtraceReg, err error) {
	info = 0x606
	if which == hwdebug.HwWatch {
		info = 0x604
	}
	err = p.stopped(id, func(t *plainTask) error {
		for i := range int(info & 0xff) {
			regs = append(regs, p.readEntry(t, which, i))
		}
		return nil
	})
	return info, regs, err
}

// TestPlainTwinAgreesWithEveryRecordedStep shows that the twin may judge the model.
func TestPlainTwinAgreesWithEveryRecordedStep(t *testing.T) {
	open := func(meta conform.Meta) (hwdebug.Target, error) { return newPlain(rulesOf[meta.Kernel()]), nil }
	report, err := conform.Run(context.Background(), conform.Config{Open: open, MaxDivergences: 10},
		append(moreRecordings(t), recordings...)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Divergences {
		t.Errorf("%s", d.String())
	}
	if report.Diverging+report.MarkedDiverging+report.Residues != 0 {
		t.Errorf("%+v", report.Tally)
	}
}

// TestPlainTwinAgreesWithFiveKernels replays on the twin all that the model can do.
func TestPlainTwinAgreesWithFiveKernels(t *testing.T) {
	open := func(meta conform.Meta) (hwdebug.Target, error) {
		near, _, _ := sim.Nearest(meta.Kernel())
		return newPlain(rulesOf[near]), nil
	}
	report := replayFive(t, open, "*", 53)
	if report.Steps != fiveKernels || len(report.OtherOrder) != reorderedCases {
		t.Errorf("%d steps, %d cases with another order, want %d and %d", report.Steps,
			len(report.OtherOrder), fiveKernels, reorderedCases)
	}
	if report.Lists != 26370 || report.ListsDiverging*200 > report.Lists {
		t.Errorf("%d of %d lists of register writes differ", report.ListsDiverging, report.Lists)
	}
}
