// The driver: performs the steps of a case on a target and observes what comes of them.

package conform

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A handleKind is what a handle was opened as; it says which calls take it.
type handleKind uint8

const (
	hNone handleKind = iota // not live
	hPerf                   // open
	hWide                   // kwide
	hUser                   // kuser
)

// A handle is what the driver knows of one name.
type handle struct {
	kind   handleKind
	id     hwdebug.EventID
	last   uint64 // the count when it was last looked at
	opened hwdebug.Attr
	calls  int // of the custom handler
}

// A task is what the driver knows of one name. Names are never free again.
type task struct {
	made, live bool
	id         hwdebug.TaskID
}

// A player performs steps on one target, as the program did that made the recordings. Its storage is used again
// for the next case.
type player struct {
	t    hwdebug.Target
	meta *Meta

	kernel hwdebug.KernelRegistrar // nil: t is not one, and so on
	tasker hwdebug.Tasker
	copier hwdebug.UserCopier
	dumper hwdebug.Dumper
	tracer hwdebug.Ptracer

	handles []handle // by number
	tasks   []task   // by number
	live    []int    // the numbers of the live handles, rising
	asked   [2]bool  // whether anything was asked of breakpoints, of watchpoints
	onCode  bool     // whether a watch of stores was asked for in the code page of the tasks

	got outcome
	reg hwdebug.Regs
}

// An outcome is what came of a step. Its slices are good until the next one.
type outcome struct {
	ret Ret
	err error // what the target said, if it failed
	obs Obs
}

// begin takes a fresh target for the next case.
func (p *player) begin(t hwdebug.Target, meta *Meta) {
	clear(p.handles)
	clear(p.tasks)
	p.live = p.live[:0]
	p.asked, p.onCode = [2]bool{}, false
	p.t, p.meta = t, meta
	p.kernel, _ = t.(hwdebug.KernelRegistrar)
	p.tasker, _ = t.(hwdebug.Tasker)
	p.copier, _ = t.(hwdebug.UserCopier)
	p.dumper, _ = t.(hwdebug.Dumper)
	p.tracer, _ = t.(hwdebug.Ptracer)
}

// handle returns what is known of name n.
func (p *player) handle(n int) *handle {
	for n >= len(p.handles) {
		p.handles = append(p.handles, handle{})
	}
	return &p.handles[n]
}

func (p *player) task(n int) *task {
	for n >= len(p.tasks) {
		p.tasks = append(p.tasks, task{})
	}
	return &p.tasks[n]
}

// retOf says what a call returned.
func retOf(err error) Ret {
	switch e := err.(type) {
	case nil:
		return OK
	case *hwdebug.Error:
		return errnoRet(e.Errno)
	case syscall.Errno:
		return errnoRet(e)
	}
	return errnoRet(hwdebug.Errno(err))
}

func errnoRet(e syscall.Errno) Ret {
	if e == 0 {
		return noErrno
	}
	return Ret(hwdebug.ErrnoNumber(e))
}

func cannot(op Op, what hwdebug.Feature) error {
	return hwdebug.NotSupported(op.String(), "the target has no "+string(what))
}

// do performs s and returns what came of it, which is good until the next step.
func (p *player) do(s *Step) *outcome {
	g := &p.got
	g.ret, g.err = OK, nil
	g.obs = Obs{Hits: g.obs.Hits[:0], Err: g.obs.Err[:0], Pairs: g.obs.Pairs[:0]}
	switch s.Op {
	case OpOpen, OpKWide, OpKUser:
		p.register(s, g)
	case OpClose, OpEnable, OpDisable, OpModify:
		p.onHandle(s, hPerf, g)
	case OpKUnwide:
		p.onHandle(s, hWide, g)
	case OpKMod, OpKUnreg:
		p.onHandle(s, hUser, g)
	case OpRead:
		h := p.handle(s.H)
		if h.kind == hNone {
			g.ret = NoHandle
			return g
		}
		var ok bool
		g.obs.Count, ok, g.err = p.t.Read(h.id)
		g.obs.Failed = !ok
		g.ret = retOf(g.err)
	case OpTask, OpFork:
		p.makeTask(s, g)
	default:
		p.onTask(s, g)
	}
	return g
}

// attr returns what s asks for of an event made by kernel code, where the kernel's own presets are under it.
func (p *player) attr(s *Step) hwdebug.Attr {
	a := s.Attr
	if s.Op != OpOpen {
		preset := hwdebug.HwBreakpointInit()
		a.Pinned, a.SamplePeriod = preset.Pinned, preset.SamplePeriod
	}
	a.Addr = s.Addr.Value(p.meta)
	p.ask(&a)
	return a
}

// ask notes what was asked for, whatever comes of it.
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
	target := hwdebug.NoTask
	if s.Task >= 0 {
		t := p.task(s.Task)
		if !t.made {
			g.ret = NoTask
			return
		}
		target = t.id // one that has existed is asked for by its old pid
	}
	a := p.attr(s)
	var id hwdebug.EventID
	kind := hPerf
	if s.Op == OpOpen {
		id, g.err = p.t.Open(a, target, s.CPU)
	} else if p.kernel == nil {
		g.err = cannot(s.Op, hwdebug.FeatureKernelEvents)
	} else {
		var handler hwdebug.Handler
		if s.Custom {
			n := s.H
			handler = func(hwdebug.EventID, uint64) bool { return p.customHandler(n) }
		}
		if s.Op == OpKWide {
			kind = hWide
			id, g.err = p.kernel.RegisterWide(a, handler)
		} else {
			kind = hUser
			id, g.err = p.kernel.RegisterUser(a, target, handler)
		}
	}
	if g.ret = retOf(g.err); g.ret != OK {
		return
	}
	*h = handle{kind: kind, id: id, opened: a}
	i, _ := slices.BinarySearch(p.live, s.H)
	p.live = slices.Insert(p.live, i, s.H)
}

// customHandler is the module's own handler: without one the kernel steps over the instruction that hit; with one
// it hits again for ever, so every third call moves the pc past it.
func (p *player) customHandler(n int) bool {
	h := p.handle(n)
	h.calls++
	return h.calls%3 == 0
}

// onHandle performs what wants a live handle of one kind.
func (p *player) onHandle(s *Step, kind handleKind, g *outcome) {
	h := p.handle(s.H)
	if h.kind != kind {
		g.ret = NoHandle
		return
	}
	gone := false
	switch s.Op {
	case OpClose:
		g.err = p.t.Close(h.id)
		gone = true
	case OpEnable:
		g.err = p.t.Enable(h.id)
	case OpDisable:
		g.err = p.t.Disable(h.id)
	case OpModify:
		a := h.opened
		a.Type, a.Addr, a.Len, a.Disabled = s.Attr.Type, s.Addr.Value(p.meta), s.Attr.Len, s.Attr.Disabled
		p.ask(&a)
		g.err = p.t.Modify(h.id, a)
	case OpKMod:
		g.err = p.kernel.ModifyUser(h.id, p.attr(s))
	case OpKUnwide:
		g.err = p.kernel.UnregisterWide(h.id)
		gone = true
	case OpKUnreg:
		g.err = p.kernel.Unregister(h.id)
		gone = true
	}
	g.ret = retOf(g.err)
	if gone && g.ret == OK {
		p.forget(s.H)
	}
}

func (p *player) forget(n int) {
	*p.handle(n) = handle{}
	if i, ok := slices.BinarySearch(p.live, n); ok {
		p.live = slices.Delete(p.live, i, i+1)
	}
}

// makeTask performs task and fork.
func (p *player) makeTask(s *Step, g *outcome) {
	p.task(max(s.T, s.From)) // grow first: the pointers below stay
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
	switch {
	case p.tasker == nil:
		g.err = cannot(s.Op, hwdebug.FeatureTasks)
	case s.Op == OpTask:
		id, g.err = p.tasker.NewTask(s.CPU)
	default:
		id, g.err = p.tasker.Fork(from.id)
	}
	if g.ret = retOf(g.err); g.ret != OK {
		return
	}
	*t = task{made: true, live: true, id: id}
	if s.Op == OpTask && p.onCode {
		p.fillCode(id, g)
	}
}

// fillCode does what a new process does first: it stores the instructions of its code page, four bytes at a time. Only a
// watch of stores there can see it.
func (p *player) fillCode(id hwdebug.TaskID, g *outcome) {
	for at := uint64(0); at < codePage && g.ret == OK; at += 4 {
		_, g.err = p.t.Access(id, hwdebug.Store, p.meta.UCode+at, 4)
		g.ret = retOf(g.err)
	}
}

// onTask performs what wants a live task or a CPU.
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
	switch s.Op {
	case OpMigrate:
		if p.tasker == nil {
			g.err = cannot(s.Op, hwdebug.FeatureTasks)
			break
		}
		g.err = p.tasker.Migrate(id, s.CPU)
	case OpExit:
		if p.tasker == nil {
			g.err = cannot(s.Op, hwdebug.FeatureTasks)
			break
		}
		if g.err = p.tasker.Exit(id); g.err == nil {
			p.task(s.T).live = false
		}
	case OpAccess:
		g.obs.Trap, g.err = p.t.Access(id, s.Kind, s.Addr.Value(p.meta), s.Size)
	case OpUAccess:
		if p.copier == nil {
			g.err = cannot(s.Op, hwdebug.FeatureUserCopy)
			break
		}
		g.err = p.copier.UserCopy(id, s.Kind, s.Addr.Value(p.meta), s.Size)
	case OpKAccess:
		g.err = p.t.KernelAccess(s.CPU, s.Kind, s.Addr.Value(p.meta), s.Size)
	case OpDump:
		switch {
		case p.dumper == nil:
			g.err = cannot(s.Op, hwdebug.FeatureRegisters)
		case s.T >= 0:
			g.err = p.dumper.DumpTask(id, &p.reg)
		default:
			g.err = p.dumper.DumpCPU(s.CPU, &p.reg)
		}
		g.obs.Regs = p.reg
	case OpPtraceSet:
		if p.tracer == nil {
			g.err = cannot(s.Op, hwdebug.FeaturePtrace)
			break
		}
		p.asked[s.Which] = true
		g.err = p.tracer.PtraceSetReg(id, s.Which, s.Idx, hwdebug.PtraceReg{Addr: s.Addr.Value(p.meta), Ctrl: s.Ctrl})
	case OpPtraceGet:
		if p.tracer == nil {
			g.err = cannot(s.Op, hwdebug.FeaturePtrace)
			break
		}
		g.obs.Info, g.obs.Pairs, g.err = p.tracer.PtraceGetRegs(id, s.Which)
	}
	g.ret = retOf(g.err)
	if g.ret == OK && opRules[s.Op].obsMust&oHits != 0 {
		p.look(g)
	}
}

// look observes the growth of every live handle's count since the last look at it.
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
	}
}

// A rest is what was left behind when all of a case was taken away.
type rest struct {
	kde       []int    // CPUs whose MDSCR_EL1.KDE is set
	violation []string // anything else, in words
}

// finish takes everything of the case away, in the order in which the driver does it, and looks what is left.
func (p *player) finish() (r rest) {
	bad := func(format string, args ...any) { r.violation = append(r.violation, fmt.Sprintf(format, args...)) }
	for _, n := range p.live {
		h := &p.handles[n]
		var err error
		switch h.kind {
		case hPerf:
			err = p.t.Close(h.id)
		case hWide:
			err = p.kernel.UnregisterWide(h.id)
		case hUser:
			err = p.kernel.Unregister(h.id)
		}
		if err != nil {
			bad("closing h%d at the end: %v", n, err)
		}
	}
	for n := range p.tasks {
		if t := &p.tasks[n]; t.live {
			if err := p.tasker.Exit(t.id); err != nil {
				bad("exit of t%d at the end: %v", n, err)
			}
		}
	}
	p.checkRegisters(&r, bad)
	p.checkRoom(bad)
	return r
}

func (p *player) checkRegisters(r *rest, bad func(string, ...any)) {
	if p.dumper == nil {
		return
	}
	for cpu := range p.meta.CPUs {
		if err := p.dumper.DumpCPU(cpu, &p.reg); err != nil {
			bad("dump of cpu%d at the end: %v", cpu, err)
			continue
		}
		for i, v := range p.reg.BCR {
			if v != 0 {
				bad("cpu%d DBGBCR%d_EL1 is 0x%x at the end", cpu, i, v)
			}
		}
		for i, v := range p.reg.WCR {
			if v != 0 {
				bad("cpu%d DBGWCR%d_EL1 is 0x%x at the end", cpu, i, v)
			}
		}
		if p.reg.MDSCR&arm64.MDSCRMDE != 0 {
			bad("cpu%d MDSCR_EL1.MDE is set at the end", cpu)
		}
		if p.reg.MDSCR&arm64.MDSCRKDE != 0 {
			r.kde = append(r.kde, cpu)
		}
	}
}

// checkRoom finds reservations that were left behind: as many disabled wide events as there are registers must fit. A
// kind of which nothing was asked is not tried; this is half of what the end of a case costs.
func (p *player) checkRoom(bad func(string, ...any)) {
	if p.kernel == nil {
		return
	}
	ids := make([]hwdebug.EventID, 0, 32)
	fill := func(typ hwdebug.BPType, addr uint64, n int) {
		for i := range n {
			a := hwdebug.HwBreakpointInit()
			a.Type, a.Addr, a.Len, a.Disabled = typ, addr, 4, true
			id, err := p.kernel.RegisterWide(a, nil)
			if err != nil {
				bad("only %d of %d disabled wide events of type %s fit at the end: %v", i, n, typ, err)
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
		if err := p.kernel.UnregisterWide(id); err != nil {
			bad("taking a disabled wide event away at the end: %v", err)
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
	// Residues counts the cases that left something else behind than the kernel did.
	Residues int `json:"residues"`
}

func (t *Tally) add(u Tally) {
	t.Steps += u.Steps
	t.Agreeing += u.Agreeing
	t.Diverging += u.Diverging
	t.Marked += u.Marked
	t.MarkedAgreeing += u.MarkedAgreeing
	t.MarkedDiverging += u.MarkedDiverging
	t.Residues += u.Residues
}

// Replay performs c on t, which must be fresh, and compares every step and what is left behind at the end. It
// calls diverged, which may be nil, for each divergence in turn. A step that diverges does not end the case.
func Replay(t hwdebug.Target, meta *Meta, c *Case, diverged func(*Divergence)) Tally {
	var p player
	return p.replay(t, meta, c, diverged)
}

func (p *player) replay(t hwdebug.Target, meta *Meta, c *Case, diverged func(*Divergence)) Tally {
	p.begin(t, meta)
	tally := Tally{Steps: len(c.Steps)}
	for i := range c.Steps {
		s := &c.Steps[i]
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
		if !same && diverged != nil {
			diverged(diverge(c, i, got))
		}
	}
	r := p.finish()
	if !slices.Equal(r.kde, c.KDE) || (len(r.violation) > 0) != (c.Violation != "") {
		tally.Residues++
		if diverged != nil {
			diverged(&Divergence{Case: c.ID, Line: c.Line, Asked: "everything of the case is taken away",
				Expected: residueText(c.KDE, c.Violation), Found: residueText(r.kde, strings.Join(r.violation, "; "))})
		}
	}
	return tally
}

// agrees says whether the target did what the kernel did.
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
		return a.Failed == b.Failed && (a.Failed || a.Count == b.Count)
	case OpAccess, OpUAccess, OpKAccess:
		return slices.Equal(a.Hits, b.Hits) && slices.Equal(a.Err, b.Err) && a.Trap == b.Trap
	case OpDump:
		return a.Regs.CPU == b.Regs.CPU && a.Regs.MDSCR == b.Regs.MDSCR &&
			slices.Equal(a.Regs.WCR, b.Regs.WCR) && slices.Equal(a.Regs.WVR, b.Regs.WVR) &&
			slices.Equal(a.Regs.BCR, b.Regs.BCR) && slices.Equal(a.Regs.BVR, b.Regs.BVR)
	case OpPtraceGet:
		return a.Info == b.Info && slices.Equal(a.Pairs, b.Pairs)
	}
	return true
}
