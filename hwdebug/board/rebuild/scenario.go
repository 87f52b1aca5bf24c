// Scenarios: what the board did, done on the model and written down as Lua.

package rebuild

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// defaultKernel is the profile for a board that does not name its kernel: it refuses least.
const defaultKernel = "6.1.176"

// A player does steps on a machine, and writes each of them as a line of Lua. A line that would not do on the
// model what the board did becomes a comment, and a note says why.
type player struct {
	m      *sim.Machine
	lines  []string
	notes  []note
	events map[int]*played
	wides  map[int]*sim.Wide
	tasks  map[string]*sim.Task
	names  map[string]string // of tasks in the script
	pids   map[int]bool
	down   map[int]bool
	first  *difference
}

// A played event is one on the machine.
type played struct {
	ev   *sim.Event
	name string // in the script
	perf bool   // it is a file
	off  bool   // as the last call left it
}

// A note says why a line is left out.
type note struct {
	line int // of the case, from 1
	why  string
}

// A difference is where the model first does something else.
type difference struct {
	text  string
	event *board.Event
}

// newPlayer returns a player on a machine like b.
func newPlayer(b *board.Board) (*player, error) {
	profile, _, ok := sim.Nearest(cmp.Or(b.Kernel, defaultKernel))
	if !ok {
		profile = defaultKernel
	}
	cfg := sim.Config{
		CPUs: len(b.CPUs), BRPs: b.BRPs, WRPs: b.WRPs, Kernel: profile, VABits: 48, VHE: b.EL == 2,
	}
	m, err := sim.New(cfg)
	if err != nil {
		return nil, err
	}
	p := &player{
		m: m, events: map[int]*played{}, wides: map[int]*sim.Wide{}, tasks: map[string]*sim.Task{},
		names: map[string]string{}, pids: map[int]bool{0: true, 1: true}, down: map[int]bool{},
	}
	vhe := ""
	if cfg.VHE {
		vhe = ", vhe = true"
	}
	p.write("local m = hw.machine { cpus = %d, brps = %d, wrps = %d, kernel = %q, va_bits = 48%s }", cfg.CPUs,
		cfg.BRPs, cfg.WRPs, profile, vhe)
	p.write("local e, w, t = {}, {}, {} -- events, wide registrations, tasks")
	return p, nil
}

// write adds a line.
func (p *player) write(format string, a ...any) { p.lines = append(p.lines, fmt.Sprintf(format, a...)) }

// omit adds a line that the model does not do as the board did, and says why.
func (p *player) omit(ev *board.Event, line, why string) {
	p.write("-- %s", line)
	p.notes = append(p.notes, note{len(p.lines), why})
	if p.first == nil {
		p.first = &difference{why, ev}
	}
}

// play does one step.
func (p *player) play(s *step) {
	if s.op == stepOpen || s.op == stepClose || s.op == stepModify {
		p.ready(s)
	}
	switch s.op {
	case stepOpen:
		if s.wide == 0 {
			p.open(s)
		}
	case stepClose:
		p.close(s)
	case stepModify:
		p.modify(s)
	case stepRefused:
		p.refused(s)
	case stepWideDone:
		p.wide(s)
	case stepUnwide:
		p.unwide(s)
	case stepDown:
		p.hotplug(s.cpu, true)
	case stepExchange:
		a, b := s.event.ID, s.other
		if p.events[a] != nil && p.events[b] != nil {
			p.events[a], p.events[b] = p.events[b], p.events[a]
		}
	case stepUp:
		p.hotplug(s.cpu, false)
	case stepMark:
		p.mark(s)
	}
}

// ready switches the task of an event in where it acts on its own event, and out where ptrace has stopped
// it: in which slots its events are depends on that.
func (p *player) ready(s *step) {
	task := p.tasks[fmt.Sprint(s.event.Task.Ptr)]
	if task == nil {
		return
	}
	name := p.names[fmt.Sprint(s.event.Task.Ptr)]
	current := p.m.CPU(task.CPU()).Current() == task
	switch {
	case s.op == stepModify && s.event.Owner == board.ByPtrace:
		if current {
			p.switchCPU(task.CPU(), nil, "nil")
		}
	case s.by > 0 && s.by == s.event.Task.PID && !current && s.cpu < p.m.NrCPUs() && !p.down[s.cpu]:
		p.migrate(task, name, s.cpu)
		p.switchCPU(s.cpu, task, name)
	}
}

// migrate moves a task to another CPU.
func (p *player) migrate(task *sim.Task, name string, cpu int) {
	if task.CPU() == cpu {
		return
	}
	if err := task.Migrate(cpu); err == nil {
		p.write("%s:migrate(%d)", name, cpu)
	}
}

// attrFields returns attributes as the fields of a Lua table. Those that kernel registrations have from the
// beginning are left out.
func attrFields(a hwdebug.Attr, kernel bool) []string {
	list := []string{
		fmt.Sprintf("type = %q", a.Type), fmt.Sprintf("addr = 0x%x", a.Addr), fmt.Sprintf("len = %d", a.Len),
	}
	flag := func(name string, on, preset bool) {
		if on != preset {
			list = append(list, fmt.Sprintf("%s = %v", name, on))
		}
	}
	flag("disabled", a.Disabled, false)
	flag("pinned", a.Pinned, kernel)
	flag("inherit", a.Inherit, false)
	flag("exclude_user", a.ExcludeUser, false)
	flag("exclude_kernel", a.ExcludeKernel, false)
	flag("exclude_hv", a.ExcludeHV, false)
	flag("enable_on_exec", a.EnableOnExec, false)
	preset := uint64(0)
	if kernel {
		preset = 1
	}
	if a.SamplePeriod != preset {
		list = append(list, fmt.Sprintf("sample_period = %d", a.SamplePeriod))
	}
	return list
}

// task returns the task of an event on the machine, nil for an event of a CPU.
func (p *player) task(ev *board.Event) (*sim.Task, string) {
	if ev.Task.Ptr == 0 && ev.Task.PID < 0 {
		return nil, ""
	}
	key := fmt.Sprint(ev.Task.Ptr)
	if t := p.tasks[key]; t != nil {
		return t, p.names[key]
	}
	cfg := sim.TaskConfig{Comm: ev.Task.Comm}
	fields := []string{}
	if cfg.Comm != "" {
		fields = append(fields, fmt.Sprintf("comm = %q", cfg.Comm))
	}
	if pid := ev.Task.PID; pid > 0 && !p.pids[pid] {
		cfg.PID, p.pids[pid] = pid, true
		fields = append(fields, fmt.Sprintf("pid = %d", pid))
	}
	t, err := p.m.NewTask(cfg)
	if err != nil {
		t, err = p.m.NewTask(sim.TaskConfig{Comm: ev.Task.Comm})
		if err != nil {
			return nil, ""
		}
	}
	name := fmt.Sprintf("t[%d]", len(p.tasks)+1)
	p.tasks[key], p.names[key] = t, name
	p.write("%s = m:task { %s }", name, strings.Join(fields, ", "))
	return t, name
}

// request opens an event like ev on the machine, and returns the call in Lua.
func (p *player) request(ev *board.Event, a hwdebug.Attr) (made *sim.Event, call string, err error) {
	task, name := p.task(ev)
	kernel := ev.Owner == board.ByKernel || ev.Owner == board.ByPtrace || ev.Owner == board.ByWide
	fields := attrFields(a, kernel)
	if ev.CPU >= 0 || task == nil || !kernel {
		fields = append(fields, fmt.Sprintf("cpu = %d", ev.CPU))
	}
	if task != nil {
		fields = append(fields, "task = "+name)
	}
	fn := "perf_event_open"
	switch {
	case !kernel:
		made, err = p.m.PerfEventOpen(a, task, ev.CPU)
	case task != nil && ev.CPU < 0:
		fn = "register_user_hw_breakpoint"
		made, err = p.m.RegisterUserHwBreakpoint(a, nil, task)
	default:
		fn = "perf_event_create_kernel_counter"
		made, err = p.m.PerfEventCreateKernelCounter(a, ev.CPU, task, nil)
	}
	return made, fmt.Sprintf("m:%s { %s }", fn, strings.Join(fields, ", ")), err
}

// open opens an event.
func (p *player) open(s *step) {
	if !s.known {
		p.omit(&s.event, fmt.Sprintf("event %d", s.event.ID), "its attributes are not known")
		return
	}
	ev, call, err := p.request(&s.event, s.event.Attr)
	name := fmt.Sprintf("e[%d]", s.event.ID)
	if err != nil {
		p.omit(&s.event, name+" = "+call, "the model refuses with "+hwdebug.ErrnoName(hwdebug.Errno(err)))
		return
	}
	perf := s.event.Owner == board.ByPerf || s.event.Owner == ""
	p.events[s.event.ID] = &played{ev: ev, name: name, perf: perf, off: s.event.Attr.Disabled}
	p.write("%s = assert(%s)", name, call)
}

// refused does a request that the board refused.
func (p *player) refused(s *step) {
	errno := hwdebug.ErrnoName(s.errno)
	switch {
	case !s.known:
		return
	case s.modify:
		p.modifyRefused(s, errno)
		return
	case s.wide > 0:
		w, err := p.m.RegisterWideHwBreakpoint(s.attr, nil)
		call := wideCall(s.attr)
		p.expect(&s.event, errno, call, err)
		if err == nil {
			_ = p.m.UnregisterWideHwBreakpoint(w)
		}
		return
	}
	ev, call, err := p.request(&s.event, s.attr)
	p.expect(&s.event, errno, call, err)
	if err == nil {
		_ = p.release(&played{ev: ev, perf: strings.HasPrefix(call, "m:perf_event_open ")})
	}
}

// expect writes that a call is refused, if the model refuses it too.
func (p *player) expect(ev *board.Event, errno, call string, err error) {
	line := fmt.Sprintf("assert.errno(%q, %s)", errno, call)
	if got := hwdebug.ErrnoName(hwdebug.Errno(err)); err == nil {
		p.omit(ev, line, "the model grants what the board refuses")
	} else if got != errno {
		p.omit(ev, line, "the model refuses with "+got)
	} else {
		p.write("%s", line)
	}
}

// release releases an event on the machine.
func (p *player) release(e *played) error {
	if e.perf {
		return e.ev.Close()
	}
	return p.m.UnregisterHwBreakpoint(e.ev)
}

// close closes an event.
func (p *player) close(s *step) {
	e := p.events[s.event.ID]
	if w := p.wides[s.wide]; w != nil {
		if ev, err := w.Event(s.event.CPU); err == nil {
			e = &played{ev: ev, name: fmt.Sprintf("w[%d][%d]", s.wide, s.event.CPU)}
		}
	}
	if e == nil || e.ev.Closed() {
		return
	}
	line := fmt.Sprintf("m:unregister_hw_breakpoint(%s)", e.name)
	if e.perf {
		line = e.name + ":close()"
	}
	if err := p.release(e); err != nil {
		p.omit(&s.event, line, err.Error())
		return
	}
	p.write("%s", line)
	delete(p.events, s.event.ID)
}

// modifyCall changes an event on the machine, and returns the call in Lua.
func (p *player) modifyCall(e *played, a hwdebug.Attr) (call string, err error) {
	now := e.ev.Attr()
	a.Name = now.Name
	fields := strings.Join(attrFields(a, now.Pinned), ", ")
	if a.Pinned != now.Pinned {
		fields += fmt.Sprintf(", pinned = %v", a.Pinned)
	}
	if !a.Disabled {
		fields += ", disabled = false"
	}
	if e.perf {
		return fmt.Sprintf("%s:modify { %s }", e.name, fields), e.ev.Modify(a)
	}
	call = fmt.Sprintf("m:modify_user_hw_breakpoint(%s, { %s })", e.name, fields)
	return call, p.m.ModifyUserHwBreakpoint(e.ev, a)
}

// modify changes an event.
func (p *player) modify(s *step) {
	e := p.events[s.event.ID]
	if e == nil {
		return
	}
	call, err := p.modifyCall(e, s.attr)
	if err != nil {
		p.omit(&s.event, call, "the model refuses with "+hwdebug.ErrnoName(hwdebug.Errno(err)))
		return
	}
	e.off = s.attr.Disabled
	p.write("assert(%s)", call)
}

// modifyRefused does a change that the board refused.
func (p *player) modifyRefused(s *step, errno string) {
	if e := p.events[s.event.ID]; e != nil {
		call, err := p.modifyCall(e, s.attr)
		p.expect(&s.event, errno, call, err)
	}
}

// wideCall returns a wide registration in Lua.
func wideCall(a hwdebug.Attr) string {
	return fmt.Sprintf("m:register_wide_hw_breakpoint { %s }", strings.Join(attrFields(a, true), ", "))
}

// wide registers on all CPUs.
func (p *player) wide(s *step) {
	if !s.known {
		p.omit(&s.event, fmt.Sprintf("w[%d]", s.wide), "its attributes are not known")
		return
	}
	call := wideCall(s.event.Attr)
	w, err := p.m.RegisterWideHwBreakpoint(s.event.Attr, nil)
	if err != nil {
		p.omit(&s.event, call, "the model refuses with "+hwdebug.ErrnoName(hwdebug.Errno(err)))
		return
	}
	p.wides[s.wide] = w
	p.write("w[%d] = assert(%s)", s.wide, call)
}

// unwide unregisters on all CPUs.
func (p *player) unwide(s *step) {
	w := p.wides[s.wide]
	if w == nil {
		return
	}
	line := fmt.Sprintf("m:unregister_wide_hw_breakpoint(w[%d])", s.wide)
	if err := p.m.UnregisterWideHwBreakpoint(w); err != nil {
		p.omit(nil, line, err.Error())
		return
	}
	delete(p.wides, s.wide)
	p.write("%s", line)
}

// hotplug takes a CPU down or up.
func (p *player) hotplug(cpu int, down bool) {
	line, do := fmt.Sprintf("m:cpu_up(%d)", cpu), p.m.CPUUp
	if down {
		line, do = fmt.Sprintf("m:cpu_down(%d)", cpu), p.m.CPUDown
	}
	if err := do(cpu); err != nil {
		p.omit(nil, line, err.Error())
		return
	}
	p.down[cpu] = down
	p.write("assert(%s)", line)
}

// mark brings each CPU into the state that the board had at the mark, and writes what its registers were.
func (p *player) mark(s *step) {
	p.write("-- %s", s.text)
	for cpu := range s.board.CPUs {
		if cpu >= p.m.NrCPUs() || p.down[cpu] {
			continue
		}
		p.switchTo(s.board, cpu)
	}
	for cpu := range s.board.CPUs {
		if cpu >= p.m.NrCPUs() || p.down[cpu] {
			continue
		}
		p.assertRegs(s.board, cpu)
	}
}

// inSlots returns the events in the slots of a CPU of the board.
func inSlots(b *board.Board, cpu int) (list []*board.Event) {
	for _, slots := range [][]board.Slot{b.CPUs[cpu].BP, b.CPUs[cpu].WP} {
		for _, s := range slots {
			if ev := b.Event(s.Event); ev != nil {
				list = append(list, ev)
			}
		}
	}
	return list
}

// switchTo switches in the task whose events are in slots of the CPU, or nothing if no task has any.
// It enables and disables what the board enabled and disabled, which no record tells.
func (p *player) switchTo(b *board.Board, cpu int) {
	var task *sim.Task
	name := "nil"
	in := inSlots(b, cpu)
	for _, ev := range in {
		p.enable(ev, true)
		if t, n := p.contextOf(ev); t != nil {
			task, name = t, n
		}
	}
	for i := range b.Events {
		ev := &b.Events[i]
		missing := ev.CPU == cpu && ev.OnCPU < 0 && ev.Task.Ptr == 0 && ev.Wide == 0
		if missing && len(b.CPUs[cpu].WP) > 0 && b.CPUs[cpu].WP[0].Known {
			p.enable(ev, false)
		}
	}
	c := p.m.CPU(cpu)
	if task != nil {
		p.migrate(task, name, cpu)
	}
	if c.Current() == task || task == nil && !p.mine(c.Current()) {
		return
	}
	p.switchCPU(cpu, task, name)
}

// contextOf returns the task in whose context an event is: its own, unless contexts were exchanged.
func (p *player) contextOf(ev *board.Event) (*sim.Task, string) {
	if e := p.events[ev.ID]; e != nil {
		for key, t := range p.tasks {
			if t == e.ev.Task() {
				return t, p.names[key]
			}
		}
	}
	return p.task(ev)
}

// mine reports whether a task was made for an event of the board.
func (p *player) mine(t *sim.Task) bool {
	for _, other := range p.tasks {
		if other == t {
			return true
		}
	}
	return false
}

// switchCPU switches a task in.
func (p *player) switchCPU(cpu int, task *sim.Task, name string) {
	if err := p.m.CPU(cpu).ContextSwitch(task); err == nil {
		p.write("m.cpu[%d]:context_switch(%s)", cpu, name)
	}
}

// enable enables or disables an event that the last call left otherwise.
func (p *player) enable(ev *board.Event, on bool) {
	e := p.events[ev.ID]
	if e == nil || e.off == !on {
		return
	}
	call, do := "enable", e.ev.Enable
	if !on {
		call, do = "disable", e.ev.Disable
	}
	if err := do(); err != nil {
		return
	}
	e.off = !on
	if e.perf {
		p.write("%s:%s()", e.name, call)
	} else {
		p.write("m:perf_event_%s(%s)", call, e.name)
	}
}

// A bankText is one bank as a scenario asserts it.
type bankText struct {
	name string
	base int
	list []board.Value
}

// wantRegs returns the registers of a CPU that the board tells and a scenario can assert: all control
// registers, and the value registers of slots that hold an event. The enable bit of a step over is
// not one of them.
func wantRegs(b *board.Board, cpu int) []bankText {
	c := &b.CPUs[cpu]
	held := func(values []board.Value, slots []board.Slot) []board.Value {
		list := slices.Clone(values)
		for i := range list {
			list[i].Known = list[i].Known && slots[i].Event != 0
		}
		return list
	}
	armed := func(controls []board.Value, slots []board.Slot) []board.Value {
		list := slices.Clone(controls)
		for i := range list {
			if slots[i].Event != 0 && list[i].Bits&1 == 0 {
				list[i].Known = false
			}
		}
		return list
	}
	return []bankText{
		{"bvr", arm64.BVR, held(c.BVR, c.BP)}, {"bcr", arm64.BCR, armed(c.BCR, c.BP)},
		{"wvr", arm64.WVR, held(c.WVR, c.WP)}, {"wcr", arm64.WCR, armed(c.WCR, c.WP)},
	}
}

// assertRegs writes what the registers of a CPU are, once the model's are the same.
func (p *player) assertRegs(b *board.Board, cpu int) {
	want := wantRegs(b, cpu)
	line := regsLine(want, cpu)
	if line == "" {
		return
	}
	diff := p.differs(want, cpu)
	if diff != "" {
		p.again(cpu)
		diff = p.differs(want, cpu)
	}
	if diff != "" && exchanged(b, cpu) {
		diff += "; tasks that inherited events have exchanged their contexts"
	}
	if diff != "" {
		p.omit(nil, line, diff)
		return
	}
	p.write("%s", line)
}

// exchanged reports whether the slots of a CPU hold an event that was inherited, or that others inherited:
// contexts of clones are exchanged without a record.
func exchanged(b *board.Board, cpu int) bool {
	family := func(ev *board.Event) bool { return ev.Parent != 0 || ev.Attr.Inherit }
	return slices.ContainsFunc(inSlots(b, cpu), family)
}

// again switches the current task out and in, which fills the slots from the first one on.
func (p *player) again(cpu int) {
	cur := p.m.CPU(cpu).Current()
	for key, t := range p.tasks {
		if t == cur {
			p.switchCPU(cpu, nil, "nil")
			p.switchCPU(cpu, t, p.names[key])
			return
		}
	}
}

// regsLine returns the assertion, "" if nothing is known.
func regsLine(banks []bankText, cpu int) string {
	var parts []string
	for _, bank := range banks {
		var regs []string
		for i, v := range bank.list {
			if v.Known {
				regs = append(regs, fmt.Sprintf("[%d] = 0x%x", i, v.Bits))
			}
		}
		if len(regs) > 0 {
			parts = append(parts, fmt.Sprintf("%s = { %s }", bank.name, strings.Join(regs, ", ")))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("assert.regs(m.cpu[%d], { %s })", cpu, strings.Join(parts, ", "))
}

// differs returns the first register in which the model differs, "" if none does.
func (p *player) differs(banks []bankText, cpu int) string {
	for _, bank := range banks {
		for i, v := range bank.list {
			if !v.Known {
				continue
			}
			got, err := p.m.CPU(cpu).Reg(bank.base, i)
			if err != nil || got != v.Bits {
				return fmt.Sprintf("%s of cpu%d is 0x%x on the board and 0x%x on the model",
					arm64.RegName(bank.base+i), cpu, v.Bits, got)
			}
		}
	}
	return ""
}

// replay does all steps of a trace on a machine.
func (t *Tracker) replay() (*player, error) {
	p, err := newPlayer(t.Board())
	if err != nil {
		return nil, err
	}
	marked := false
	for i := range t.steps {
		marked = marked || t.steps[i].op == stepMark
		p.play(&t.steps[i])
	}
	if !marked {
		p.mark(&step{text: "at the end", board: t.Board()})
	}
	return p, nil
}

// Scenario returns a scenario that does on the model what the board did. It passes: what the
// model does otherwise is left out, and its head names those lines.
func (r *Recording) Scenario() (string, error) {
	if !r.opt.Steps {
		opt := r.opt
		opt.Steps, opt.Change, opt.Found = true, nil, nil
		again, err := Read(opt, r.texts...)
		if err != nil {
			return "", err
		}
		r = again
	}
	p, err := r.end.replay()
	if err != nil {
		return "", err
	}
	defer p.m.Close()
	return p.text(r.end), nil
}

// Scenario returns a scenario that does on the model what b did, or, if b is not of a trace, that opens the
// events that it has.
func Scenario(b *board.Board) (string, error) {
	if r, ok := b.Origin.(*Recording); ok {
		return r.Scenario()
	}
	p, err := newPlayer(b)
	if err != nil {
		return "", err
	}
	defer p.m.Close()
	_ = p.reach(b) // what differs is left out and named
	return p.text(New(Options{})), nil
}

// text returns the file.
func (p *player) text(t *Tracker) string {
	head := []string{
		"-- What does this board do, and does the model do the same?",
		fmt.Sprintf("-- Written from a trace: %d records, %d events.", t.records, t.nextID),
		"-- tags: board",
	}
	if !t.certain() {
		head = append(head, "-- The trace is not complete: see the findings of hwlua trace.")
	}
	begin := len(head) + len(p.notes) + 4 // the lines before the first of the case
	for _, n := range p.notes {
		head = append(head, fmt.Sprintf("-- line %d is left out: %s", begin+n.line, n.why))
	}
	var b strings.Builder
	for _, line := range head {
		b.WriteString(line + "\n")
	}
	b.WriteString("\nlocal hw = require \"hw\"\n\nit(\"does on the model what the board did\", function()\n")
	for _, line := range p.lines {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("end)\n")
	return b.String()
}

// Model returns a machine that was brought into the state of b. It fails with EOPNOTSUPP if b does not tell
// what that state is, or the model cannot have it.
func Model(b *board.Board) (*sim.Machine, error) {
	eop, _ := hwdebug.ErrnoByName("EOPNOTSUPP")
	refuse := func(found string) error {
		return &hwdebug.Error{
			Errno: eop, Rule: "board", Fn: "board:model", Op: "board:model", Found: found,
			Fix: "use a whole trace of hwlua probes",
		}
	}
	for i := range b.CPUs {
		c := &b.CPUs[i]
		if slices.ContainsFunc(c.WP, func(s board.Slot) bool { return !s.Known }) ||
			slices.ContainsFunc(c.BP, func(s board.Slot) bool { return !s.Known }) {
			return nil, refuse(fmt.Sprintf("the events in the slots of cpu%d are not known", i))
		}
	}
	p, err := newPlayer(b)
	if err != nil {
		return nil, err
	}
	if err := p.reach(b); err != nil {
		p.m.Close()
		return nil, refuse(err.Error())
	}
	return p.m, nil
}

// reach opens the events of a board and switches its tasks in.
func (p *player) reach(b *board.Board) error {
	for i := range b.Events {
		ev := b.Events[i]
		s := &step{event: ev, known: ev.Attr.Len > 0, wide: ev.Wide}
		switch {
		case ev.Wide == 0:
			p.open(s)
		case p.wides[ev.Wide] == nil:
			p.wide(s)
		}
	}
	for id, w := range p.wides {
		for cpu := range b.CPUs {
			p.thinOut(b, id, w, cpu)
		}
	}
	p.mark(&step{text: "now", board: b})
	if p.first != nil {
		return errors.New(p.first.text)
	}
	return nil
}

// thinOut takes an event of a wide registration away where the board has none, and disables it where it is
// in no register.
func (p *player) thinOut(b *board.Board, id int, w *sim.Wide, cpu int) {
	i := slices.IndexFunc(b.Events, func(ev board.Event) bool { return ev.Wide == id && ev.CPU == cpu })
	ev, err := w.Event(cpu)
	switch {
	case err != nil:
	case i < 0:
		_ = p.m.UnregisterHwBreakpoint(ev)
	case b.Events[i].OnCPU < 0:
		_ = p.m.PerfEventDisable(ev)
	}
}
