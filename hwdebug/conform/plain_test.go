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

// A plain is a machine for the steps of the format only: one step after the other, 64-bit tasks, no
// task running between steps. It has no call chains, no clock and no cross calls, and counts
// reservations from the definition.
type plain struct {
	rules
	cpus   [4]plainCPU
	events []*plainEvent // all ever made
	tasks  []*plainTask
	byID   []any // *plainEvent or []*plainEvent (wide)
	clock  int   // of register writes

	preempt bool // the next fork
}

// rules are the differences between releases that the steps can see; the zero value is 6.1.176.
type rules struct {
	userHitReported  bool // D-1: a hit by the kernel on behalf of the user is a hit as any other
	anyMatchSteps    bool // D-2: any of several matches decides to step, not the last
	overflowRefused  bool // D-4: a byte select shifted beyond bit 7 is EINVAL
	disabledResched  bool // D-5: a disabled event that joins a CPU's context reschedules it
	pinnedGoOn       bool // D-7: after a pinned event that does not fit later ones are still tried
	modifyOne        bool // D-17: a request to modify does not reach inherited events
	ordinaryUserCopy bool // R-EXC-17: user copies use ordinary instructions, which user events do not see
}

// rulesOf are the rules of each profile on a CPU without UAO.
var rulesOf = map[string]rules{
	"4.19.0": {userHitReported: true, anyMatchSteps: true, disabledResched: true, pinnedGoOn: true,
		modifyOne: true, ordinaryUserCopy: true},
	"4.19.116": {userHitReported: true, anyMatchSteps: true, disabledResched: true, pinnedGoOn: true,
		modifyOne: true, ordinaryUserCopy: true},
	"4.19.266": {disabledResched: true, pinnedGoOn: true, modifyOne: true, ordinaryUserCopy: true},
	"5.10.223": {modifyOne: true, ordinaryUserCopy: true},
	"6.1.176":  {},
	"6.1.192":  {overflowRefused: true},
	"6.12.117": {overflowRefused: true},
	"6.18.15":  {},
	"7.3.4":    {overflowRefused: true},
}

type plainCPU struct {
	id             int
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
	events          []*plainEvent // in order of insertion
	in              [2]bool       // flexible, pinned: the class is scheduled in
	active          [2][]*plainEvent
	parent          *plainCtx
	gen, parentsGen int
}

type plainTask struct {
	cpu            int
	dead           bool
	ctx            *plainCtx
	bpsOff, wpsOff bool
	single         bool
	ptrace         [2][16]*plainEvent
	signal         bool
	signalAddr     uint64
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
	count      uint64
	gone       uint64
	parent     *plainEvent
	children   []*plainEvent
}

const plainTaskSize = 1 << 48

func newPlain(r rules) *plain {
	p := &plain{rules: r}
	for i := range p.cpus {
		c := &p.cpus[i]
		c.id, c.mdscr = i, 0x1000
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
	if a.Type == hwdebug.X {
		n = 4
	}
	el1 = a.Addr >= plainTaskSize && a.Addr+n-1 >= plainTaskSize
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
	if addr >= plainTaskSize && addr+again-1 >= plainTaskSize && a.ExcludeKernel {
		return 0, 0, false, syscall.EINVAL
	}
	ctrl = bas<<5 | lsc<<3 | 2<<1
	if el1 {
		ctrl = bas<<5 | lsc<<3 | 1<<1
	}
	return addr, ctrl, el1, nil
}

// ---- slots and monitors (chapter 3)

func (p *plain) monitors(c *plainCPU, el1 bool, by int) {
	mask := uint64(0)
	if by > 0 {
		if c.mde++; c.mde == 1 {
			c.mdscr |= 1 << 15
		}
		if el1 {
			if c.kde++; c.kde == 1 {
				c.mdscr |= 1 << 13
			}
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
		c.mdscr &= mask
	}
}

func (p *plain) writeControl(c *plainCPU, k, i int, v uint64) {
	p.clock++
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
		p.clock++
		c.value[k][i] = e.addr
		if k == 1 {
			c.wrote[i], c.stored[i] = p.clock, false
		}
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

func (x *plainCtx) add(e *plainEvent) {
	x.events = append(x.events, e)
	x.gen++
	e.ctx = x
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

func (p *plain) detach(e *plainEvent) {
	p.schedOut(e)
	if e.state > -1 {
		e.state = -1
	}
	if x := e.ctx; x != nil {
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
	e.ctx = nil
}

func (p *plain) classOut(x *plainCtx, k int) {
	x.in[k] = false
	for len(x.active[k]) > 0 {
		p.schedOut(x.active[k][0])
	}
}

func (p *plain) classIn(c *plainCPU, x *plainCtx, k int) {
	if x == nil || len(x.events) == 0 || x.in[k] {
		return
	}
	x.in[k] = true
	all := true
	for _, e := range x.events {
		if class(e.attr.Pinned) != k || e.cpu != -1 && e.cpu != c.id || e.state <= -1 {
			continue
		}
		if !e.kernelMade || all {
			if p.install(c, e) {
				e.state = 1
				x.active[k] = append(x.active[k], e)
				continue
			}
		}
		if k == 1 {
			e.state = -2
			all = all && p.pinnedGoOn
		} else {
			all = false
		}
	}
}

// resched brings a class of a CPU's context up to date while no task runs there.
func (p *plain) resched(c *plainCPU, pinned bool) {
	if pinned {
		p.classOut(&c.ctx, 1)
	}
	p.classOut(&c.ctx, 0)
	p.classIn(c, &c.ctx, 1)
	p.classIn(c, &c.ctx, 0)
}

func (p *plain) enable(e *plainEvent) {
	if e.state >= 0 || e.state < -2 || e.ctx == nil || e.ctx.dead {
		return
	}
	e.state = 0
	if e.task == nil {
		p.resched(e.on0(p), e.attr.Pinned)
	}
}

// on0 returns the CPU of a CPU's event.
func (e *plainEvent) on0(p *plain) *plainCPU { return &p.cpus[e.cpu] }

func (p *plain) disable(e *plainEvent) {
	if e.state > -1 {
		p.schedOut(e)
		e.state = -1
	}
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
	for _, e := range t.ctx.events {
		if e.attr.Pinned {
			p.classOut(&c.ctx, 0)
			break
		}
	}
	p.classIn(c, &c.ctx, 1)
	p.classIn(c, t.ctx, 1)
	p.classIn(c, &c.ctx, 0)
	p.classIn(c, t.ctx, 0)
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
	if err := p.create(e); err != nil {
		return err
	}
	if e.task != nil {
		if e.task.ctx == nil {
			e.task.ctx = &plainCtx{}
		}
		e.task.ctx.parent = nil
		e.task.ctx.gen++
		e.task.ctx.add(e)
		return nil
	}
	c := &p.cpus[e.cpu]
	was := len(c.ctx.events)
	c.ctx.add(e)
	if !e.attr.Disabled || was == 0 || p.disabledResched {
		p.resched(c, e.attr.Pinned)
	}
	return nil
}

func (p *plain) release(e *plainEvent) {
	p.detach(e)
	e.state, e.reserved = -4, false
	for _, c := range e.children {
		p.detach(c)
		c.state, c.reserved = -4, false
	}
	e.children = nil
}

// change performs steps (b) to (d) of R-VAL-22.
func (p *plain) change(e *plainEvent, a hwdebug.Attr) error {
	addr, ctrl, el1, err := p.parse(hwdebug.Attr{Type: a.Type, Addr: a.Addr, Len: a.Len,
		ExcludeKernel: a.ExcludeKernel}, e.task)
	if err != nil {
		return err
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

func (p *plain) modify(e *plainEvent, a hwdebug.Attr) error {
	p.disable(e)
	err := p.change(e, a)
	if !e.attr.Disabled {
		p.enable(e)
	}
	return err
}

// ---- hits (chapter 6)

// hit counts and calls handlers; skip says that a handler moved the pc.
func (p *plain) hit(c *plainCPU, e *plainEvent, user bool, addr uint64) (skip bool) {
	if user && e.attr.ExcludeUser || !user && e.attr.ExcludeKernel {
		return false
	}
	e.count++
	switch {
	case e.attr.SamplePeriod == 0:
	case e.tracer:
		c.current.signal, c.current.signalAddr = true, addr
	case e.handler != nil:
		original := e
		if e.parent != nil {
			original = e.parent
		}
		return e.handler(original.id, addr)
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
					p.monitors(c, true, +1)
				}
			}
		}
		if t.signal {
			t.signal = false
			p.switchTo(c, nil)
			t.single = false
			p.switchTo(c, t)
			return true
		}
	}
	if user && t.single {
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
	if kernelStep {
		p.toggle(c, 0, true, true)
		p.toggle(c, 1, true, true)
		if !t.wpsOff {
			p.toggle(c, 1, false, true)
		}
		p.monitors(c, true, -1)
	}
	return false
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
			if taken && v&1 != 0 && v&level != 0 && c.value[0][i]>>2 == addr>>2 &&
				(bas == 0xf || bas == 3) && addr&3 == 0 {
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
				if d := a - c.value[1][i]; d < 8 && uint8(v>>5)>>d&1 != 0 {
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

// Supports refuses what the twin has no rules for: groups, limits and samples, exec, hotplug, 32-bit tasks,
// other events, and the order of writes.
func (p *plain) Supports(f hwdebug.Feature) error {
	switch f {
	case hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess, hwdebug.FeatureTasks,
		hwdebug.FeatureUserCopy, hwdebug.FeatureRegisters, hwdebug.FeaturePtrace, hwdebug.FeatureSwitch,
		hwdebug.FeaturePreemption:
		return nil
	}
	return errors.ErrUnsupported
}

func (p *plain) event(id hwdebug.EventID) *plainEvent { return p.byID[id].(*plainEvent) }

func (p *plain) named(v any) hwdebug.EventID {
	p.byID = append(p.byID, v)
	return hwdebug.EventID(len(p.byID) - 1)
}

func (p *plain) Open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) (hwdebug.EventID, error) {
	e := &plainEvent{attr: a, cpu: cpu}
	if task != hwdebug.NoTask {
		if e.task = p.tasks[task]; e.task.dead {
			return 0, syscall.ESRCH
		}
	}
	if err := p.open(e); err != nil {
		return 0, err
	}
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
		if err := p.modify(e, a); err != nil {
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

func (p *plain) ModifyUser(id hwdebug.EventID, a hwdebug.Attr) error { return p.modify(p.event(id), a) }
func (p *plain) Unregister(id hwdebug.EventID) error                 { return p.Close(id) }

// running runs fn while the task is on its CPU.
func (p *plain) running(id hwdebug.TaskID, fn func(*plainTask, *plainCPU)) {
	t := p.tasks[id]
	c := &p.cpus[t.cpu]
	p.switchTo(c, t)
	fn(t, c)
	p.switchTo(c, nil)
}

func (p *plain) Access(id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) (trap hwdebug.Trap,
	err error) {
	p.running(id, func(t *plainTask, c *plainCPU) {
		if p.access(c, k, addr, size, true, false) {
			trap = hwdebug.Trap{N: 1, Addr: t.signalAddr}
		}
	})
	return trap, nil
}

func (p *plain) UserCopy(id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) error {
	p.running(id, func(_ *plainTask, c *plainCPU) { p.access(c, k, addr, size, false, !p.ordinaryUserCopy) })
	return nil
}

func (p *plain) KernelAccess(cpu int, k hwdebug.Kind, addr uint64, size int) error {
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
		u := &plainTask{cpu: t.cpu}
		p.tasks = append(p.tasks, u)
		if err = p.inherit(t, u); err == nil {
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
	order := append([]*plainEvent(nil), t.ctx.events...)
	sort.SliceStable(order, func(i, j int) bool {
		a, b := order[i], order[j]
		if a.attr.Pinned != b.attr.Pinned {
			return a.attr.Pinned
		}
		return a.cpu < b.cpu
	})
	all := true
	for _, e := range order {
		if !e.attr.Inherit {
			all = false
			continue
		}
		original := e
		if e.parent != nil {
			original = e.parent
		}
		c := &plainEvent{attr: original.attr, task: u, cpu: original.cpu, kernelMade: original.kernelMade,
			handler: original.handler, parent: original}
		if err := p.create(c); err != nil {
			if u.ctx != nil {
				for _, c := range u.ctx.events {
					c.reserved = false
					c.parent.children = without(c.parent.children, c)
				}
			}
			return err
		}
		if c.state = -1; e.state >= 0 {
			c.state = 0
		}
		if u.ctx == nil {
			u.ctx = &plainCtx{}
		}
		u.ctx.add(c)
		original.children = append(original.children, c)
	}
	if u.ctx != nil && all {
		if u.ctx.parent, u.ctx.parentsGen = t.ctx, t.ctx.gen; t.ctx.parent != nil {
			u.ctx.parent, u.ctx.parentsGen = t.ctx.parent, t.ctx.parentsGen
		}
	}
	return nil
}

func (p *plain) Migrate(id hwdebug.TaskID, cpu int) error {
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
				e := x.events[0]
				p.detach(e)
				e.state = -3
				if o := e.parent; o != nil {
					o.gone += e.count
					o.children = without(o.children, e)
					e.reserved = false
				}
			}
			x.dead = true
		}
		for which := range t.ptrace {
			for _, e := range t.ptrace[which] {
				if e != nil {
					p.release(e)
				}
			}
		}
		t.dead = true
	})
	return nil
}

func (p *plain) DumpTask(id hwdebug.TaskID, r *hwdebug.Regs) error {
	p.running(id, func(_ *plainTask, c *plainCPU) { p.DumpCPU(c.id, r) })
	return nil
}

func (p *plain) DumpCPU(cpu int, r *hwdebug.Regs) error {
	c := &p.cpus[cpu]
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
	e := &plainEvent{attr: a, task: t, cpu: -1, kernelMade: true, tracer: true}
	if err := p.open(e); err != nil {
		return nil, err
	}
	t.ptrace[which][idx] = e
	return e, nil
}

func (p *plain) setEntry(t *plainTask, which hwdebug.PtraceSet, idx int, reg hwdebug.PtraceReg) error {
	e, err := p.entry(t, which, idx)
	if err != nil {
		return err
	}
	a := e.attr
	a.Addr = reg.Addr
	if err := p.modify(e, a); err != nil {
		return err
	}
	a = e.attr
	if a.Disabled = reg.Ctrl&1 == 0; !a.Disabled {
		bas := uint8(reg.Ctrl >> 5)
		off := bits.TrailingZeros8(bas)
		if bas == 0 || bas>>off&(bas>>off+1) != 0 {
			return syscall.EINVAL
		}
		a.Type = []hwdebug.BPType{hwdebug.X, hwdebug.R, hwdebug.W, hwdebug.RW}[reg.Ctrl>>3&3]
		if (a.Type == hwdebug.X) != (which == hwdebug.HwBreak) {
			return syscall.EINVAL
		}
		a.Len = uint64(bits.OnesCount8(bas))
		a.Addr += uint64(off)
	}
	return p.modify(e, a)
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

// TestPlainTwinAgreesWithFiveKernels shows the same of the suites whose operations the twin has rules for.
func TestPlainTwinAgreesWithFiveKernels(t *testing.T) {
	open := func(meta conform.Meta) (hwdebug.Target, error) {
		near, _, _ := sim.Nearest(meta.Kernel())
		return newPlain(rulesOf[near]), nil
	}
	report := replayFive(t, open, "[A-FI]", 22)
	if report.Steps != 276588 || len(report.Skipped) != 0 {
		t.Errorf("%d steps, %+v are skipped, want 276588 and none", report.Steps, report.Skipped)
	}
}
