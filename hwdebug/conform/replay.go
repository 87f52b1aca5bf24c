// The driver: performs the steps of a case on a target and observes the results.

package conform

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A handleKind is the call that opened a handle. It determines which calls accept the handle.
type handleKind uint8

const (
	hNone  handleKind = iota // not live
	hPerf                    // open
	hWide                    // kwide
	hUser                    // kuser
	hOther                   // pmu, sw: an event other than a breakpoint
)

// A handle is the state of one name of an event.
type handle struct {
	kind   handleKind
	id     hwdebug.EventID
	last   uint64 // the count at the last observation
	opened hwdebug.Attr
	calls  int // of the custom handler

	samples   uint64 // written until the last observation
	throttled bool   // before the last observation
	mapped    bool   // has a buffer for samples, which an inherited event of a task cannot have
}

// A task is the state of one name of a task. Names are not reused.
type task struct {
	made, live bool
	id         hwdebug.TaskID
}

// A player performs steps on one target as the program did that made the recordings. It reuses its
// storage for the next case.
type player struct {
	t    hwdebug.Target
	meta *Meta

	sampler hwdebug.Sampler     // t, if it is one
	writes  hwdebug.WriteLogger // t, if it is one and the case has register writes
	blind   bool                // the target cannot read registers: steps that do are left out

	handles []handle // by number
	tasks   []task   // by number
	live    []int    // the numbers of the live handles, rising
	asked   [2]bool  // whether breakpoints, whether watchpoints were requested
	onCode  bool     // whether a watchpoint on stores to the tasks' code page was requested

	got outcome
	reg hwdebug.Regs

	preempter hwdebug.Preempter // t, if it is one
	course    course
}

// An outcome is the result of a step. Its slices are valid until the next step.
type outcome struct {
	ret    Ret
	err    error // of the target, if it failed
	obs    Obs
	writes []hwdebug.RegWrite

	counts []hwdebug.GroupCount
}

// begin takes a fresh target for the next case.
func (p *player) begin(t hwdebug.Target, meta *Meta) {
	clear(p.handles)
	clear(p.tasks)
	p.live = p.live[:0]
	p.asked, p.onCode = [2]bool{}, false
	p.t, p.meta = t, meta
	p.sampler, _ = t.(hwdebug.Sampler)
	p.preempter = nil
	if t.Supports(hwdebug.FeaturePreemption) == nil {
		p.preempter, _ = t.(hwdebug.Preempter)
	}
	p.course.begin()
	p.writes = nil
	p.blind = t.Supports(hwdebug.FeatureRegisters) != nil
}

// logWrites has the target log its register writes.
func (p *player) logWrites() {
	if l, ok := p.t.(hwdebug.WriteLogger); ok && p.t.Supports(hwdebug.FeatureWrites) == nil {
		l.LogWrites(true)
		p.writes = l
	}
}

// handle returns the state of name n. The pointer is valid until a larger n is passed.
func (p *player) handle(n int) *handle { return at(&p.handles, n) }

func (p *player) task(n int) *task { return at(&p.tasks, n) }

// at returns element n of s, which grows if needed.
func at[T any](s *[]T, n int) *T {
	if n >= len(*s) {
		*s = append(*s, make([]T, n+1-len(*s))...)
	}
	return &(*s)[n]
}

// retOf returns the ret of a call that returned err.
func retOf(err error) Ret {
	var errno syscall.Errno
	switch e := err.(type) {
	case nil:
		return OK
	case *hwdebug.Error: // nearly all refusals: spare them errors.As
		errno = e.Errno
	default:
		errno = hwdebug.Errno(err)
	}
	if errno == 0 {
		return noErrno
	}
	return Ret(hwdebug.ErrnoNumber(errno))
}

// supports returns an error if the target lacks the methods that op needs.
func (p *player) supports(op Op) error {
	f := opRules[op].needs
	if f == "" || hwdebug.Implements(p.t, f) {
		return nil
	}
	return hwdebug.NotSupported(op.String(), "the target has no "+string(f))
}

// do performs s and returns its outcome, which is valid until the next step.
func (p *player) do(s *Step) *outcome {
	g := &p.got
	g.ret, g.err = OK, nil
	g.obs = Obs{Hits: g.obs.Hits[:0], Err: g.obs.Err[:0], Pairs: g.obs.Pairs[:0],
		Samples: g.obs.Samples[:0], Throttled: g.obs.Throttled[:0], Group: g.obs.Group[:0]}
	p.perform(s, g)
	if g.writes = g.writes[:0]; p.writes != nil {
		g.writes = p.writes.TakeWrites(g.writes)
	}
	return g
}

// perform performs s and stores its outcome in g.
func (p *player) perform(s *Step, g *outcome) {
	switch s.Op {
	case OpOpen, OpKWide, OpKUser:
		p.register(s, g)
	case OpClose, OpEnable, OpDisable, OpModify, OpReset, OpRefresh, OpPeriod, OpReadGroup:
		p.onHandle(s, hPerf, g)
	case OpKUnwide:
		p.onHandle(s, hWide, g)
	case OpKMod, OpKUnreg:
		p.onHandle(s, hUser, g)
	case OpRead:
		h := p.handle(s.H)
		if h.kind == hNone {
			g.ret = NoHandle
			return
		}
		var ok bool
		g.obs.Count, ok, g.err = p.t.Read(h.id)
		g.obs.Failed = !ok
		g.ret = retOf(g.err)
	case OpTask, OpFork:
		p.makeTask(s, g)
	case OpPMU, OpSW, OpBPF:
		if g.err = p.supports(s.Op); g.err == nil {
			g.err = hwdebug.NotSupported(s.Op.String(), "a replay cannot make such an event yet")
		}
		g.ret = retOf(g.err)
	default:
		p.onTask(s, g)
	}
}

// attr returns the attributes that s requests. Those of kernel code start from the kernel's presets.
func (p *player) attr(s *Step) hwdebug.Attr {
	a := s.Attr
	if s.Op != OpOpen {
		preset := hwdebug.HwBreakpointInit()
		a.Pinned = preset.Pinned
		if s.fields&fPeriod == 0 {
			a.SamplePeriod = preset.SamplePeriod
		}
	}
	a.Addr = s.Addr.Value(p.meta)
	p.ask(&a)
	return a
}

// ask records a request, whether or not it succeeds.
func (p *player) ask(a *hwdebug.Attr) {
	if !a.Type.Data() {
		p.asked[0] = true
		return
	}
	p.asked[1] = true
	if a.Type&hwdebug.W != 0 && a.Addr+7 >= p.meta.UCode && a.Addr < p.meta.UCode+codePage {
		p.onCode = true
	}
}

const codePage = 4096 // bytes of ucode

// register performs open, kwide and kuser.
func (p *player) register(s *Step, g *outcome) {
	h := p.handle(s.H)
	if h.kind != hNone {
		g.ret = BusyHandle
		return
	}
	if s.InGroup {
		p.handle(max(s.Group, s.H)) // grow first, so that h below stays valid
		if h = p.handle(s.H); !p.inGroup(s.Group) {
			g.ret = NoHandle
			return
		}
	}
	target := hwdebug.NoTask
	if s.Task >= 0 {
		t := p.task(s.Task)
		if !t.made {
			g.ret = NoTask
			return
		}
		target = t.id // of a task that has exited: its old pid
	}
	a := p.attr(s)
	if g.err = p.supports(s.Op); g.err == nil {
		*h, g.err = p.create(s, a, target)
	}
	if g.ret = retOf(g.err); g.ret != OK {
		*h = handle{}
		return
	}
	i, _ := slices.BinarySearch(p.live, s.H)
	p.live = slices.Insert(p.live, i, s.H)
}

// inGroup reports whether handle n is live and has a file, as the leader of a group must.
func (p *player) inGroup(n int) bool {
	k := p.handle(n).kind
	return k == hPerf || k == hOther
}

// create performs open, kwide or kuser.
func (p *player) create(s *Step, a hwdebug.Attr, target hwdebug.TaskID) (h handle, err error) {
	var handler hwdebug.Handler
	if s.Custom {
		n := s.H
		handler = func(hwdebug.EventID, uint64) bool { return p.customHandler(n) }
	}
	h.opened = a
	switch s.Op {
	case OpKWide:
		h.kind = hWide
		h.id, err = p.t.(hwdebug.KernelRegistrar).RegisterWide(a, handler)
	case OpKUser:
		h.kind = hUser
		h.id, err = p.t.(hwdebug.KernelRegistrar).RegisterUser(a, target, handler)
	default:
		h.kind = hPerf
		h.mapped = a.SamplePeriod > 0 && !(a.Inherit && s.CPU == -1)
		if s.InGroup {
			h.id, err = p.t.(hwdebug.Grouper).OpenMember(a, target, s.CPU, p.handle(s.Group).id)
		} else {
			h.id, err = p.t.Open(a, target, s.CPU)
		}
	}
	return h, err
}

// customHandler skips the instruction at every third call, as the handler of the recording module
// does. For an event with a custom handler the kernel does not step over the instruction, which would
// hit again endlessly.
func (p *player) customHandler(n int) bool {
	h := p.handle(n)
	h.calls++
	return h.calls%3 == 0
}

// onHandle performs the calls that take a live handle of one kind.
func (p *player) onHandle(s *Step, kind handleKind, g *outcome) {
	h := p.handle(s.H)
	if h.kind != kind {
		g.ret = NoHandle
		return
	}
	switch s.Op {
	case OpClose, OpKUnwide, OpKUnreg:
		g.err = p.release(h)
	case OpEnable:
		g.err = p.onGroup(s, h.id, p.t.Enable, hwdebug.Grouper.EnableGroup)
	case OpDisable:
		g.err = p.onGroup(s, h.id, p.t.Disable, hwdebug.Grouper.DisableGroup)
	case OpReset, OpRefresh, OpPeriod:
		g.err = p.sample(s, h)
	case OpReadGroup:
		g.err = p.readGroup(h, g)
	case OpModify:
		a := h.opened
		a.Type, a.Addr, a.Len, a.Disabled = s.Attr.Type, s.Addr.Value(p.meta), s.Attr.Len, s.Attr.Disabled
		p.ask(&a)
		g.err = p.t.Modify(h.id, a)
	case OpKMod:
		g.err = p.t.(hwdebug.KernelRegistrar).ModifyUser(h.id, p.attr(s))
	}
	g.ret = retOf(g.err)
	if h.kind == hNone {
		i, _ := slices.BinarySearch(p.live, s.H)
		p.live = slices.Delete(p.live, i, i+1)
	}
}

// onGroup calls whole for the event's group if s requests that, or one for the event alone.
func (p *player) onGroup(s *Step, id hwdebug.EventID, one func(hwdebug.EventID) error,
	whole func(hwdebug.Grouper, hwdebug.EventID) error) error {
	if !s.FlagGroup {
		return one(id)
	}
	return whole(p.t.(hwdebug.Grouper), id)
}

// sample performs reset, refresh and period. Reset and period change what the next look compares with.
func (p *player) sample(s *Step, h *handle) error {
	if p.sampler == nil {
		return p.supports(s.Op)
	}
	switch s.Op {
	case OpRefresh:
		return p.sampler.Refresh(h.id, s.N)
	case OpPeriod:
		return p.sampler.Period(h.id, s.N)
	}
	err := p.sampler.Reset(h.id)
	if count, ok, e := p.t.Read(h.id); err == nil && ok && e == nil {
		h.last = count
	}
	return err
}

// readGroup reads the counts of a group and names its events by their handles.
func (p *player) readGroup(h *handle, g *outcome) (err error) {
	var ok bool
	g.counts, ok, err = p.t.(hwdebug.Grouper).ReadGroup(h.id, g.counts[:0])
	g.obs.Failed = !ok
	for _, c := range g.counts {
		for _, n := range p.live {
			if l := &p.handles[n]; l.kind == hPerf && l.id == c.Event {
				g.obs.Group = append(g.obs.Group, Hit{n, c.Count})
			}
		}
	}
	return err
}

// release closes or unregisters the event of h. If it succeeds, h is no longer live.
func (p *player) release(h *handle) (err error) {
	switch h.kind {
	case hPerf:
		err = p.t.Close(h.id)
	case hWide:
		err = p.t.(hwdebug.KernelRegistrar).UnregisterWide(h.id)
	case hUser:
		err = p.t.(hwdebug.KernelRegistrar).Unregister(h.id)
	}
	if err == nil {
		*h = handle{}
	}
	return err
}

// makeTask performs task and fork.
func (p *player) makeTask(s *Step, g *outcome) {
	p.task(max(s.T, s.From)) // grow first, so that the pointers below stay valid
	t := p.task(s.T)
	if t.made {
		g.ret = BusyTask
		return
	}
	var from *task
	if s.Op == OpFork {
		if from = p.task(s.From); !from.live {
			g.ret = NoTask
			return
		}
	}
	var id hwdebug.TaskID
	if g.err = p.supports(s.Op); g.err == nil {
		tasker := p.t.(hwdebug.Tasker)
		switch {
		case s.Compat:
			id, g.err = p.t.(hwdebug.CompatTasker).NewCompatTask(s.CPU)
		case s.Op == OpTask:
			id, g.err = tasker.NewTask(s.CPU)
		default:
			p.choose()
			id, g.err = tasker.Fork(from.id)
		}
	}
	if g.ret = retOf(g.err); g.ret != OK {
		return
	}
	*t = task{made: true, live: true, id: id}
	if s.Op == OpTask && p.onCode {
		p.fillCode(id, g)
	}
}

// fillCode stores the instructions of the code page, four bytes at a time, as a new process of the
// recording does first. Only a watchpoint on stores there can see it.
func (p *player) fillCode(id hwdebug.TaskID, g *outcome) {
	for at := uint64(0); at < codePage && g.ret == OK; at += 4 {
		_, g.err = p.t.Access(id, hwdebug.Store, p.meta.UCode+at, 4)
		g.ret = retOf(g.err)
	}
}

// onTask performs the calls that take a live task or a CPU.
func (p *player) onTask(s *Step, g *outcome) {
	var id hwdebug.TaskID
	if s.T >= 0 {
		t := p.task(s.T)
		if !t.live {
			g.ret = NoTask
			return
		}
		id = t.id
	}
	if opRules[s.Op].must&fOn != 0 && !p.task(s.On).live {
		g.ret = NoTask
		return
	}
	if g.err = p.supports(s.Op); g.err == nil {
		g.err = p.act(s, id, &g.obs)
	}
	g.ret = retOf(g.err)
	if g.ret == OK && opRules[s.Op].obsMust&oHits != 0 {
		p.look(g)
	}
}

// act performs a step on the task with that id or on a CPU, and observes what the call returns.
func (p *player) act(s *Step, id hwdebug.TaskID, o *Obs) (err error) {
	addr := s.Addr.Value(p.meta)
	switch s.Op {
	case OpMigrate:
		err = p.t.(hwdebug.Tasker).Migrate(id, s.CPU)
	case OpExit:
		err = p.t.(hwdebug.Tasker).Exit(id)
		p.task(s.T).live = err != nil
	case OpAccess:
		o.Trap, err = p.t.Access(id, s.Kind, addr, s.Size)
	case OpUAccess:
		err = p.t.(hwdebug.UserCopier).UserCopy(id, s.Kind, addr, s.Size)
	case OpKAccess:
		err = p.t.KernelAccess(s.CPU, s.Kind, addr, s.Size)
	case OpDump:
		if s.T >= 0 {
			err = p.t.(hwdebug.Dumper).DumpTask(id, &p.reg)
		} else {
			err = p.t.(hwdebug.Dumper).DumpCPU(s.CPU, &p.reg)
		}
		o.Regs = p.reg
	case OpCPUDown:
		err = p.t.(hwdebug.Hotplugger).CPUDown(s.CPU)
	case OpCPUUp:
		err = p.t.(hwdebug.Hotplugger).CPUUp(s.CPU)
	case OpExec:
		p.choose()
		err = p.t.(hwdebug.Execer).Exec(id, s.Compat)
	case OpHbpSet, OpHbpGet:
		err = p.hbp(s, id, o)
	case OpPtraceSet:
		p.asked[s.Which] = true
		err = p.t.(hwdebug.Ptracer).PtraceSetReg(id, s.Which, s.Idx,
			hwdebug.PtraceReg{Addr: addr, Ctrl: s.Ctrl})
	case OpPtraceGet:
		o.Info, o.Pairs, err = p.t.(hwdebug.Ptracer).PtraceGetRegs(id, s.Which)
	}
	return err
}

// hbp performs hbp_set and hbp_get.
func (p *player) hbp(s *Step, tracer hwdebug.TaskID, o *Obs) (err error) {
	t := p.task(s.On)
	if s.Op == OpHbpSet {
		p.asked[hwdebug.HwBreak], p.asked[hwdebug.HwWatch] = true, true
		return p.t.(hwdebug.CompatTasker).SetHBPRegs(tracer, t.id, s.Num, s.Ctrl)
	}
	o.Value, err = p.t.(hwdebug.CompatTasker).GetHBPRegs(tracer, t.id, s.Num)
	return err
}

// look observes the growth of the count of every live handle since the last look.
func (p *player) look(g *outcome) {
	for _, n := range p.live {
		h := &p.handles[n]
		count, ok, err := p.t.Read(h.id)
		switch {
		case err != nil:
			g.err = fmt.Errorf("read of h%d: %w", n, err)
			g.ret = retOf(err)
			return
		case !ok:
			g.obs.Err = append(g.obs.Err, n)
		case count != h.last:
			g.obs.Hits = append(g.obs.Hits, Hit{n, count - h.last})
			h.last = count
		}
		if h.mapped && p.sampler != nil {
			p.lookAtSamples(n, h, g)
		}
	}
}

// lookAtSamples observes what came into the buffer of h since the last look.
func (p *player) lookAtSamples(n int, h *handle, g *outcome) {
	samples, throttled := p.sampler.Samples(h.id)
	if samples != h.samples {
		g.obs.Samples = append(g.obs.Samples, Hit{n, samples - h.samples})
		h.samples = samples
	}
	if throttled && !h.throttled {
		g.obs.Throttled = append(g.obs.Throttled, n)
		h.throttled = true
	}
}

// A residue is what remains after everything of a case was released.
type residue struct {
	kde       []int    // CPUs whose MDSCR_EL1.KDE is set
	violation []string // anything else, in words
}

func (r *residue) add(format string, args ...any) {
	r.violation = append(r.violation, fmt.Sprintf(format, args...))
}

// addSet adds the registers of a bank that are not 0.
func (r *residue) addSet(cpu, base int, bank []uint64) {
	for i, v := range bank {
		if v != 0 {
			r.add("cpu%d %s is 0x%x at the end", cpu, arm64.RegName(base+i), v)
		}
	}
}

// finish releases everything of the case, in the order of the recording driver, and returns what remains.
func (p *player) finish() (r residue) {
	for _, n := range p.live {
		if err := p.release(&p.handles[n]); err != nil {
			r.add("closing h%d at the end: %v", n, err)
		}
	}
	for n := range p.tasks {
		if t := &p.tasks[n]; t.live {
			if err := p.t.(hwdebug.Tasker).Exit(t.id); err != nil {
				r.add("exit of t%d at the end: %v", n, err)
			}
		}
	}
	p.checkRegisters(&r)
	p.checkRoom(&r)
	return r
}

// checkRegisters adds control registers and bits of MDSCR_EL1 that are still set.
func (p *player) checkRegisters(r *residue) {
	dumper, ok := p.t.(hwdebug.Dumper)
	if !ok || p.blind {
		return
	}
	for cpu := range p.meta.CPUs {
		if err := dumper.DumpCPU(cpu, &p.reg); err != nil {
			r.add("dump of cpu%d at the end: %v", cpu, err)
			continue
		}
		r.addSet(cpu, arm64.BCR, p.reg.BCR)
		r.addSet(cpu, arm64.WCR, p.reg.WCR)
		if p.reg.MDSCR&arm64.MDSCRMDE != 0 {
			r.add("cpu%d MDSCR_EL1.MDE is set at the end", cpu)
		}
		if p.reg.MDSCR&arm64.MDSCRKDE != 0 {
			r.kde = append(r.kde, cpu)
		}
	}
}

// checkRoom finds leaked reservations: as many disabled wide events as there are registers must
// fit. It skips a kind of which nothing was requested, because this check is half the cost of the
// end of a case.
func (p *player) checkRoom(r *residue) {
	kernel, ok := p.t.(hwdebug.KernelRegistrar)
	if !ok {
		return
	}
	ids := make([]hwdebug.EventID, 0, 32)
	fill := func(typ hwdebug.BPType, addr uint64, n int) {
		for i := range n {
			a := hwdebug.HwBreakpointInit()
			a.Type, a.Addr, a.Len, a.Disabled = typ, addr, 4, true
			id, err := kernel.RegisterWide(a, nil)
			if err != nil {
				r.add("only %d of %d disabled wide events of type %s fit at the end: %v", i, n, typ, err)
				return
			}
			ids = append(ids, id)
		}
	}
	if p.asked[1] {
		fill(hwdebug.W, p.meta.KBuf, p.meta.WRPs)
	}
	if p.asked[0] {
		fill(hwdebug.X, p.meta.KCode, p.meta.BRPs)
	}
	for _, id := range ids {
		if err := kernel.UnregisterWide(id); err != nil {
			r.add("releasing a disabled wide event at the end: %v", err)
		}
	}
}

// A Tally counts steps. Marked steps are counted apart.
type Tally struct {
	Steps           int `json:"steps"`
	Agreeing        int `json:"agreeing"`
	Diverging       int `json:"diverging"`
	Marked          int `json:"marked"`
	MarkedAgreeing  int `json:"marked_agreeing"`
	MarkedDiverging int `json:"marked_diverging"`
	// Lists counts the steps whose register writes were compared, ListsDiverging those of another order.
	Lists          int `json:"lists,omitempty"`
	ListsDiverging int `json:"lists_diverging,omitempty"`
	// Unobserved counts the steps that read registers on a target that cannot; they are not compared.
	Unobserved int `json:"unobserved,omitempty"`
	// Residues counts the cases that left another residue than on the kernel.
	Residues int `json:"residues"`
}

// add adds the counts of another tally.
func (t *Tally) add(o *Tally) {
	t.Steps += o.Steps
	t.Agreeing += o.Agreeing
	t.Diverging += o.Diverging
	t.Marked += o.Marked
	t.MarkedAgreeing += o.MarkedAgreeing
	t.MarkedDiverging += o.MarkedDiverging
	t.Lists += o.Lists
	t.ListsDiverging += o.ListsDiverging
	t.Unobserved += o.Unobserved
	t.Residues += o.Residues
}

// Replay performs c on t, which must be fresh, and compares every step and the residue at the end.
// It calls diverged, which may be nil, for each divergence in turn. A divergent step does not end
// the case.
func Replay(t hwdebug.Target, meta *Meta, c *Case, diverged func(*Divergence)) Tally {
	var p player
	var tally Tally
	p.replay(t, meta, c, &tally, diverged)
	return tally
}

// replay implements Replay. It reuses the storage of p and adds the steps to tally.
func (p *player) replay(
	t hwdebug.Target, meta *Meta, c *Case, tally *Tally, diverged func(*Divergence),
) {
	p.begin(t, meta)
	if c.hasWrites {
		p.logWrites()
	}
	tally.Steps += len(c.Steps)
	for i := range c.Steps {
		s := &c.Steps[i]
		p.course.step = i
		if s.Op == OpDump && p.blind {
			tally.Unobserved++
			continue
		}
		got := p.do(s)
		same := agrees(s, got)
		switch {
		case s.Mark == 0 && same:
			tally.Agreeing++
		case s.Mark == 0:
			tally.Diverging++
		case same:
			tally.MarkedAgreeing++
		default:
			tally.MarkedDiverging++
		}
		if s.Mark != 0 {
			tally.Marked++
		}
		p.course.note(i, s.Mark != 0, same)
		if s.HasWrites && p.writes != nil {
			p.compareWrites(c, i, tally, diverged)
		}
		if !same && diverged != nil {
			diverged(diverge(c, i, got))
		}
	}
	r := p.finish()
	if !p.blind && !slices.Equal(r.kde, c.KDE) || (len(r.violation) > 0) != (c.Violation != "") {
		tally.Residues++
		p.course.note(len(c.Steps), false, false)
		if diverged != nil {
			diverged(&Divergence{
				Case: c.ID, Line: c.Line, Asked: "release everything of the case",
				Expected: residueText(c.KDE, c.Violation),
				Found:    residueText(r.kde, strings.Join(r.violation, "; ")),
			})
		}
	}
}

// agrees reports whether the target did what the kernel did.
func agrees(s *Step, g *outcome) bool {
	if s.Ret != g.ret {
		return false
	}
	if s.Ret != OK {
		return true
	}
	a, b := &s.Obs, &g.obs
	switch s.Op {
	case OpRead:
		return a.Failed == b.Failed && (a.Failed || a.Uncounted || a.Count == b.Count)
	case OpAccess, OpUAccess, OpKAccess:
		trap := b.Trap
		if s.HasWrites && a.Trap.Errno == 0 {
			trap.Errno = 0 // recordings with register writes do not say it
		}
		return slices.Equal(a.Hits, b.Hits) && slices.Equal(a.Err, b.Err) && a.Trap == trap &&
			slices.Equal(a.Samples, b.Samples) && slices.Equal(a.Throttled, b.Throttled)
	case OpDump:
		return a.Regs.CPU == b.Regs.CPU && a.Regs.MDSCR == b.Regs.MDSCR &&
			slices.Equal(a.Regs.WCR, b.Regs.WCR) && slices.Equal(a.Regs.WVR, b.Regs.WVR) &&
			slices.Equal(a.Regs.BCR, b.Regs.BCR) && slices.Equal(a.Regs.BVR, b.Regs.BVR)
	case OpPtraceGet:
		return a.Info == b.Info && slices.Equal(a.Pairs, b.Pairs)
	case OpReadGroup:
		return a.Failed == b.Failed && (a.Failed || slices.Equal(a.Group, b.Group))
	case OpHbpGet:
		return a.Value == b.Value
	}
	return true
}
