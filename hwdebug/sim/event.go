// Events: the life of a perf event of type breakpoint from creation to release.

package sim

import (
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A State is an event's state (spec 5.1). States compare numerically: enabled means StateInactive or above.
type State int8

const (
	StateDead     State = -4 // being released
	StateExit     State = -3 // its task exited
	StateError    State = -2 // pinned and could not be installed
	StateOff      State = -1 // disabled
	StateInactive State = 0  // enabled, not installed
	StateActive   State = 1  // installed
)

// String returns the state's name in the script API.
func (s State) String() string {
	return [...]string{"dead", "exit", "error", "off", "inactive", "active"}[s+4]
}

// slotType is TYPE_INST or TYPE_DATA: which registers an event counts for.
type slotType uint8

const (
	typeInst slotType = 0
	typeData slotType = 1
)

func (t slotType) String() string { return [...]string{"breakpoint", "watchpoint"}[t] }

// slotTypeOf is the kernel's find_slot_idx (R-CON-3).
func slotTypeOf(t hwdebug.BPType) slotType {
	if t.Data() {
		return typeData
	}
	return typeInst
}

// A Handler is an overflow handler of a module. An error ends the access that hit with that error.
type Handler func(ev *Event, hit *Hit) error

// A Hit is what a handler learns.
type Hit struct {
	CPU  int
	Task *Task        // current when it hit
	EL   int          // level of the access: 0 or 1
	Kind hwdebug.Kind // of the access
	Addr uint64       // as reported, with its tag
	Size int          // of the access in bytes
	PC   uint64       // of the instruction, 0 where the access was given none
	Slot int          // where the event is installed
	Skip bool         // set by the handler: the pc is moved past the instruction, which is not performed
}

// An Event is one perf_event of type PERF_TYPE_BREAKPOINT.
type Event struct {
	m       *Machine
	id      int
	attr    hwdebug.Attr
	image   arm64.Ctrl // the kernel's arch_hw_breakpoint_ctrl
	address uint64     // aligned, as it goes into the value register
	cpu     int        // -1: follows its task
	task    *Task      // target, charged for it; nil: a CPU's event
	wide    *Wide
	handler Handler // nil: the default one
	tracer  bool    // made by ptrace
	fd      bool    // made by perf_event_open: software-capable, closed by its file

	state    State
	ctx      *perfContext
	attached bool
	order    uint64 // insertion number in its tree
	pinned   bool   // attr.pinned as of creation
	oncpu    int
	slot     int // where it is installed, -1 in no register
	slotCPU  *CPU

	reserved   bool
	reservedAs slotType

	count      uint64
	childCount uint64
	periodLeft int64
	stopped    bool // hw.state
	parent     *Event
	children   []*Event
	refs       int
	closed     bool // its owner has let it go
	freed      bool
}

// ID returns the event's number, from 1 in order of creation; refused ones have numbers too.
func (ev *Event) ID() int { return ev.id }

// Label returns the event's printed name: w5 for a watchpoint, b5 for a breakpoint.
func (ev *Event) Label() string {
	if ev.attr.Type.Data() {
		return "w" + itoa(ev.id)
	}
	return "b" + itoa(ev.id)
}

// arg returns the event as a trace argument.
func (ev *Event) arg() uint64 {
	if ev == nil {
		return 0
	}
	a := uint64(ev.id) << 1
	if ev.attr.Type.Data() {
		a |= 1
	}
	return a
}

// Type returns bp_type.
func (ev *Event) Type() hwdebug.BPType { return ev.attr.Type }

// Addr returns bp_addr: as asked for, not rounded.
func (ev *Event) Addr() uint64 { return ev.attr.Addr }

// Len returns bp_len as asked for.
func (ev *Event) Len() uint64 { return ev.attr.Len }

// CPU returns the CPU the event is bound to, -1 when it follows its task.
func (ev *Event) CPU() int { return ev.cpu }

// Task returns the event's target, nil for a CPU's event.
func (ev *Event) Task() *Task { return ev.task }

// State returns the event's state.
func (ev *Event) State() State { return ev.state }

// Attr returns the attributes as of creation or the last accepted modification.
func (ev *Event) Attr() hwdebug.Attr { return ev.attr }

// Wide returns the wide registration that the event belongs to, or nil.
func (ev *Event) Wide() *Wide { return ev.wide }

// Closed reports whether the event has been closed or unregistered.
func (ev *Event) Closed() bool { return ev.closed }

// Slot returns the register pair that holds the event; ok is false while it is in no register.
func (ev *Event) Slot() (slot int, ok bool) { return max(ev.slot, 0), ev.slot >= 0 }

// Value returns what goes into the event's value register.
func (ev *Event) Value() uint64 { return ev.address }

// Control returns the kernel's image of the event's control register (R-REG-13).
func (ev *Event) Control() uint32 { return ev.image.Encode() }

// Count returns the event's hits, those of its inherited events included (R-EVT-28).
func (ev *Event) Count() uint64 {
	n := ev.count + ev.childCount
	for _, c := range ev.children {
		n += c.count
	}
	return n
}

// FD reports whether the event is a file, made by PerfEventOpen.
func (ev *Event) FD() bool { return ev.fd }

// gone fails for an event that its owner has let go.
func (ev *Event) gone() error {
	if ev.closed {
		return misusef("%s is closed", ev.Label())
	}
	return nil
}

// needs fails when using the event needs a CPU that is suspended.
func (ev *Event) needs() error {
	switch {
	case ev.cpu >= 0 && ev.task == nil:
		return ev.m.cpus[ev.cpu].powered()
	case ev.ctx != nil && ev.ctx.task != nil:
		return ev.m.cpus[ev.ctx.task.cpu].powered()
	}
	return nil
}

const (
	eperm      = syscall.EPERM
	enoent     = syscall.ENOENT
	esrch      = syscall.ESRCH
	enxio      = syscall.ENXIO
	eagain     = syscall.EAGAIN
	eacces     = syscall.EACCES
	ebusy      = syscall.EBUSY
	enodev     = syscall.ENODEV
	einval     = syscall.EINVAL
	enospc     = syscall.ENOSPC
	eopnotsupp = syscall.EOPNOTSUPP
)

// create is one request to make an event.
type create struct {
	op      string
	attr    hwdebug.Attr
	task    *Task
	cpu     int
	handler Handler
	fd      bool
	tracer  bool
	parent  *Event
	wide    *Wide
}

func (r *create) asked() string { return askedOf(&r.attr, r.task, r.cpu) }

func askedOf(a *hwdebug.Attr, t *Task, cpu int) string {
	s := slotTypeOf(a.Type).String()
	if a.Type != hwdebug.X && a.Type != hwdebug.R && a.Type != hwdebug.W && a.Type != hwdebug.RW {
		s = sprintf("event of type %d", uint32(a.Type))
	} else if a.Type != hwdebug.X {
		s += " " + a.Type.String()
	}
	s += sprintf(" at 0x%016x len %d", a.Addr, a.Len)
	switch {
	case t != nil && cpu >= 0:
		s += sprintf(" for task %s (pid %d) on cpu%d", t.comm, t.pid, cpu)
	case t != nil:
		s += sprintf(" for task %s (pid %d)", t.comm, t.pid)
	default:
		s += sprintf(" on cpu%d", cpu)
	}
	return s
}

// createKernelCounter creates an event in the kernel and puts it into its context (R-VAL-1).
//
// kernel/events/core.c: perf_event_create_kernel_counter
func (m *Machine) createKernelCounter(r *create) (ev *Event, err error) {
	defer m.exit(m.enter(fnPerfEventCreateKernelCounter, r.attr.Addr, uint64(int64(r.cpu)), pidArg(r.task)), &err)
	return m.createEvent(r)
}

// createEvent is what perf_event_create_kernel_counter and perf_event_open share: allocation, then the context.
func (m *Machine) createEvent(r *create) (*Event, error) {
	ev, err := m.perfEventAlloc(r)
	if err != nil {
		return nil, err
	}
	if err := m.findContext(r, ev); err != nil {
		m.freeEvent(ev)
		return nil, err
	}
	m.perfInstallInContext(ev)
	return ev, nil
}

// newEvent gives out the next id. Events come from the heap a few at a time, which halves what one costs.
func (m *Machine) newEvent() *Event {
	if len(m.fresh) == 0 {
		m.fresh = make([]Event, 16)
	}
	ev := &m.fresh[0]
	m.fresh = m.fresh[1:]
	m.eventSeq++
	ev.m, ev.id = m, m.eventSeq
	if m.traced {
		m.events = append(m.events, ev)
	}
	return ev
}

// perfEventAlloc makes the event and lets the PMU reserve and parse; nothing of it is left when it fails.
//
// kernel/events/core.c: perf_event_alloc
func (m *Machine) perfEventAlloc(r *create) (ev *Event, err error) {
	defer m.exit(m.enter(fnPerfEventAlloc, r.attr.Addr, uint64(int64(r.cpu)), pidArg(r.task)), &err)
	const fn = "perf_event_alloc"
	if r.cpu < 0 || r.cpu >= len(m.cpus) {
		if r.task == nil || r.cpu != -1 {
			return nil, m.refuse(&Refusal{Rule: "R-VAL-1", Fn: fn}, &hwdebug.Error{Op: r.op, Asked: r.asked(),
				Found: sprintf("the machine has CPUs 0 to %d", len(m.cpus)-1),
				Mend:  "name one of them, or a task with cpu -1", Errno: einval})
		}
	}
	if r.attr.Inherit && r.attr.SampleRead {
		return nil, m.refuse(&Refusal{Rule: "R-VAL-1", Fn: fn}, &hwdebug.Error{Op: r.op, Asked: r.asked(),
			Found: "inherit and PERF_SAMPLE_READ exclude each other", Mend: "leave one out", Errno: einval})
	}
	ev = m.newEvent()
	ev.attr, ev.cpu, ev.task, ev.handler = r.attr, r.cpu, r.task, r.handler
	ev.fd, ev.tracer, ev.parent, ev.wide, ev.pinned = r.fd, r.tracer, r.parent, r.wide, r.attr.Pinned
	ev.state, ev.oncpu, ev.slot, ev.refs, ev.periodLeft = StateOff, -1, -1, 1, int64(r.attr.SamplePeriod)
	if !r.attr.Disabled {
		ev.state = StateInactive
	}
	if err := m.perfInitEvent(r, ev); err != nil {
		ev.state, ev.closed, ev.freed = StateDead, true, true
		return nil, err
	}
	m.live = append(m.live, ev)
	if ev.task != nil && ev.parent == nil {
		m.perfTasks++
	}
	return ev, nil
}

func (m *Machine) perfInitEvent(r *create, ev *Event) (err error) {
	defer m.exit(m.enter(fnPerfInitEvent, ev.arg()), &err)
	return m.perfTryInitEvent(r, ev)
}

func (m *Machine) perfTryInitEvent(r *create, ev *Event) (err error) {
	defer m.exit(m.enter(fnPerfTryInitEvent, ev.arg()), &err)
	return m.hwBreakpointEventInit(r, ev)
}

// kernel/events/hw_breakpoint.c: hw_breakpoint_event_init
func (m *Machine) hwBreakpointEventInit(r *create, ev *Event) (err error) {
	defer m.exit(m.enter(fnHwBreakpointEventInit, ev.arg()), &err)
	if r.attr.BranchStack {
		return m.refuse(&Refusal{Rule: "R-VAL-1", Fn: "hw_breakpoint_event_init"}, &hwdebug.Error{Op: r.op, Asked: r.asked(),
			Found: "breakpoint events have no branch stack", Mend: "leave branch sampling out", Errno: eopnotsupp})
	}
	return m.registerPerfHwBreakpoint(r, ev)
}

// registerPerfHwBreakpoint reserves first and parses then, so that a bad request on a full machine is ENOSPC
// (R-VAL-2).
//
// kernel/events/hw_breakpoint.c: register_perf_hw_breakpoint
func (m *Machine) registerPerfHwBreakpoint(r *create, ev *Event) (err error) {
	defer m.exit(m.enter(fnRegisterPerfHwBreakpoint, ev.arg()), &err)
	if err := m.reserveBpSlot(r.op, ev); err != nil {
		return err
	}
	image, address, err := m.hwBreakpointParse(r.op, ev, &r.attr)
	if err != nil {
		m.releaseBpSlot(ev)
		return err
	}
	ev.image, ev.address = image, address
	return nil
}

// findContext finds the context of a new event, with the checks of steps 11 to 13 of R-VAL-1.
func (m *Machine) findContext(r *create, ev *Event) error {
	const fn = "find_get_context"
	if ev.task == nil {
		if m.cfg.Paranoid > 0 && m.cfg.NoCapSysAdmin {
			need := "CAP_SYS_ADMIN"
			if m.prof.capPerfmon {
				need = "CAP_PERFMON or CAP_SYS_ADMIN"
			}
			return m.refuse(&Refusal{Rule: "R-VAL-1", Fn: fn}, &hwdebug.Error{Op: r.op, Asked: r.asked(),
				Found: sprintf("perf_event_paranoid is %d and the caller lacks %s", m.cfg.Paranoid, need),
				Mend:  "set it to 0 or below, or use a task's event", Errno: eacces})
		}
		c := m.cpus[ev.cpu]
		if !c.ctx.online {
			return m.refuse(&Refusal{Rule: "R-HP-10", Fn: r.creator(m)}, &hwdebug.Error{Op: r.op, Asked: r.asked(),
				Found: sprintf("cpu%d is offline", ev.cpu), Mend: "bring it up first", Errno: enodev})
		}
		ev.ctx = &c.ctx
		return nil
	}
	t := ev.task
	if t.exiting || t.ctx != nil && t.ctx.dead {
		return m.refuse(&Refusal{Rule: "R-VAL-1", Fn: fn}, &hwdebug.Error{Op: r.op, Asked: r.asked(),
			Found: sprintf("task %s (pid %d) has exited", t.comm, t.pid), Mend: "register for a living task", Errno: esrch})
	}
	if t.ctx == nil {
		t.ctx = &perfContext{task: t}
	} else {
		t.ctx.unclone()
	}
	ev.ctx = t.ctx
	return nil
}

func (r *create) creator(m *Machine) string {
	if r.fd {
		return fns[m.openFn()].Name
	}
	return "perf_event_create_kernel_counter"
}

// freeEvent drops everything that an event holds (R-EVT-19).
//
// kernel/events/core.c: _free_event
func (m *Machine) freeEvent(ev *Event) {
	defer m.leave(m.enter(fnFreeEvent, ev.arg()))
	m.bpPerfEventDestroy(ev)
	if ev.task != nil && ev.parent == nil {
		if m.perfTasks--; m.perfTasks == 0 {
			m.hooksOff = m.now + 1e9
		}
	}
	ev.freed, ev.closed = true, true
	if ev.state > StateDead && ev.state != StateExit {
		ev.state = StateDead
	}
	for i, e := range m.live {
		if e == ev {
			m.live = append(m.live[:i], m.live[i+1:]...)
			break
		}
	}
}

// kernel/events/hw_breakpoint.c: bp_perf_event_destroy
func (m *Machine) bpPerfEventDestroy(ev *Event) {
	defer m.leave(m.enter(fnBpPerfEventDestroy, ev.arg()))
	m.releaseBpSlot(ev)
}

// hooks reports whether context switches reach perf (R-EVT-15).
func (m *Machine) hooks() bool { return m.perfTasks > 0 || m.now < m.hooksOff }

// PerfEventOpen opens a breakpoint event for task (nil: none) on cpu (-1: wherever the task runs), as
// perf_event_open does for a caller with one file descriptor each (R-VAL-1, R-VAL-5).
func (m *Machine) PerfEventOpen(a hwdebug.Attr, task *Task, cpu int) (*Event, error) {
	r := &create{op: "perf_event_open", attr: a, task: task, cpu: cpu, fd: true}
	if err := m.createNeeds(r); err != nil {
		return nil, err
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return nil, err
	}
	return m.perfEventOpen(r)
}

func (m *Machine) openFn() traceFn {
	if m.prof.six {
		return fnPerfEventOpen61
	}
	return fnPerfEventOpen
}

func (m *Machine) perfEventOpen(r *create) (ev *Event, err error) {
	fn := m.openFn()
	defer m.exit(m.enter(fn, r.attr.Addr, pidArg(r.task), uint64(int64(r.cpu))), &err)
	no := func(rule, found, mend string, errno syscall.Errno) error {
		return m.refuse(&Refusal{Rule: rule, Fn: fns[fn].Name}, &hwdebug.Error{Op: r.op, Asked: r.asked(), Found: found, Mend: mend, Errno: errno})
	}
	if !r.attr.ExcludeKernel && m.cfg.Paranoid > 1 && m.cfg.NoCapSysAdmin {
		return nil, no("R-VAL-5", sprintf("perf_event_paranoid is %d and the caller may not profile the kernel", m.cfg.Paranoid), "set exclude_kernel", eacces)
	}
	if r.attr.SamplePeriod>>63 != 0 {
		return nil, no("R-VAL-5", "sample_period has bit 63 set", "use a period below 2^63", einval)
	}
	if r.task != nil && r.task.state == taskDead {
		return nil, no("R-VAL-5", sprintf("there is no task with pid %d any more", r.task.pid), "open events for living tasks", esrch)
	}
	return m.createEvent(r)
}

// createNeeds fails for a request that needs a CPU that is suspended.
func (m *Machine) createNeeds(r *create) error {
	if r.task != nil {
		return m.cpus[r.task.cpu].powered()
	}
	if r.cpu >= 0 && r.cpu < len(m.cpus) {
		return m.cpus[r.cpu].powered()
	}
	return nil
}

// RegisterUserHwBreakpoint registers an event for task from kernel code. A nil handler is the kernel's default one
// (R-CON-19).
func (m *Machine) RegisterUserHwBreakpoint(a hwdebug.Attr, h Handler, task *Task) (*Event, error) {
	if task == nil {
		return nil, misusef("register_user_hw_breakpoint needs a task")
	}
	r := &create{op: "register_user_hw_breakpoint", attr: a, task: task, cpu: -1, handler: h}
	if err := m.createNeeds(r); err != nil {
		return nil, err
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return nil, err
	}
	return m.registerUserHwBreakpoint(r)
}

func (m *Machine) registerUserHwBreakpoint(r *create) (ev *Event, err error) {
	defer m.exit(m.enter(fnRegisterUserHwBreakpoint, r.attr.Addr, pidArg(r.task)), &err)
	return m.createKernelCounter(r)
}

// UnregisterHwBreakpoint releases an event that RegisterUserHwBreakpoint made; nil does nothing (R-CON-19).
func (m *Machine) UnregisterHwBreakpoint(ev *Event) error {
	if ev == nil {
		return nil
	}
	if err := m.release(ev, "unregister_hw_breakpoint", "close it instead", !ev.fd && !ev.tracer && ev.wide == nil); err != nil {
		return err
	}
	defer m.done(m.here())
	m.unregisterHwBreakpoint(ev, false)
	return nil
}

// release makes the checks that come before any release.
func (m *Machine) release(ev *Event, op, mend string, own bool) error {
	if err := ev.gone(); err != nil {
		return err
	}
	if !own {
		return misusef("%s cannot release %s, which it did not register; %s", op, ev.Label(), mend)
	}
	if err := ev.needs(); err != nil {
		return err
	}
	return m.preempt()
}

func (m *Machine) unregisterHwBreakpoint(ev *Event, inlined bool) {
	var k mark
	if inlined {
		k = m.enterHidden(fnUnregisterHwBreakpoint, ev.arg())
	} else {
		k = m.enter(fnUnregisterHwBreakpoint, ev.arg())
	}
	defer m.leave(k)
	ev.closed = true
	m.perfEventReleaseKernel(ev)
}

// Close closes the event's file (R-EVT-21).
func (ev *Event) Close() error {
	m := ev.m
	if err := m.release(ev, "close", "unregister it instead", ev.fd); err != nil {
		return err
	}
	v := m.here()
	defer m.done(v)
	// The last put of a file is task work: the caller is on its way back to user space, and what was on its stack is
	// not there any more (C-12).
	if m.prof.six {
		m.cpu.node = m.push(0, fnEl0t64Sync, fnEl0t64SyncHandler, fnEl0Svc)
	} else {
		m.cpu.node = m.push(0, fnWorkPending)
	}
	k := m.enterAll(fnDoNotifyResume, fnTaskWorkRun, fnFput, fnFputInner)
	defer m.leaveAll(k)
	defer m.leave(m.enter(fnPerfRelease, ev.arg()))
	ev.closed = true
	m.perfEventReleaseKernel(ev)
	return nil
}

// PerfEventEnable is the kernel's perf_event_enable of this one event (R-EVT-3).
func (m *Machine) PerfEventEnable(ev *Event) error {
	return m.onEvent(ev, func() { m.perfEventEnable(ev) })
}

// PerfEventDisable is the kernel's perf_event_disable of this one event (R-EVT-4).
func (m *Machine) PerfEventDisable(ev *Event) error {
	return m.onEvent(ev, func() { m.perfEventDisable(ev) })
}

func (m *Machine) onEvent(ev *Event, fn func()) error {
	if err := ev.gone(); err != nil {
		return err
	}
	if err := ev.needs(); err != nil {
		return err
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return err
	}
	fn()
	return nil
}

// file fails for an event that is not a file.
func (ev *Event) file(op string) error {
	if err := ev.gone(); err != nil {
		return err
	}
	if !ev.fd {
		return misusef("%s has no file to %s; it was registered in the kernel", ev.Label(), op)
	}
	return nil
}

// Enable is the fd request ENABLE: the event, then each inherited one (R-EVT-27). On an event registered in the
// kernel it is perf_event_enable.
func (ev *Event) Enable() error {
	return ev.m.onEvent(ev, func() {
		if !ev.fd {
			ev.m.perfEventEnable(ev)
			return
		}
		defer ev.m.leave(ev.m.enter(fnPerfIoctl, ev.arg()))
		ev.m.perfEventEnableInner(ev)
		for _, c := range ev.children {
			ev.m.perfEventEnableInner(c)
		}
	})
}

// Disable is the fd request DISABLE: the event, then each inherited one. On an event registered in the kernel it
// is perf_event_disable.
func (ev *Event) Disable() error {
	return ev.m.onEvent(ev, func() {
		if !ev.fd {
			ev.m.perfEventDisable(ev)
			return
		}
		defer ev.m.leave(ev.m.enter(fnPerfIoctl, ev.arg()))
		ev.m.perfEventDisableInner(ev)
		for _, c := range ev.children {
			ev.m.perfEventDisableInner(c)
		}
	})
}

// Read returns the event's count (R-EVT-28); ok is false for a file whose event is in ERROR, which reads nothing.
func (ev *Event) Read() (n uint64, ok bool, err error) {
	if err := ev.gone(); err != nil {
		return 0, false, err
	}
	m := ev.m
	defer m.done(m.here())
	defer m.leave(m.enter(fnPerfRead, ev.arg()))
	if ev.fd && ev.state == StateError {
		return 0, false, nil
	}
	return ev.Count(), true, nil
}

// Modify is the fd request MODIFY_ATTRIBUTES (R-VAL-25). Only address, type, length and disabled may differ.
func (ev *Event) Modify(a hwdebug.Attr) error {
	if err := ev.file("modify"); err != nil {
		return err
	}
	if err := ev.needs(); err != nil {
		return err
	}
	m := ev.m
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return err
	}
	return m.perfEventModifyAttr(ev, a)
}

// kernel/events/core.c: perf_event_modify_attr
func (m *Machine) perfEventModifyAttr(ev *Event, a hwdebug.Attr) (err error) {
	defer m.exit(m.enter(fnPerfEventModifyAttr, ev.arg()), &err)
	if err := m.perfEventModifyBreakpoint(ev, a); err != nil || !m.prof.modifyChildren {
		return err
	}
	for _, c := range ev.children {
		if err := m.perfEventModifyBreakpoint(c, a); err != nil {
			return err
		}
	}
	return nil
}

// kernel/events/core.c: perf_event_modify_breakpoint
func (m *Machine) perfEventModifyBreakpoint(ev *Event, a hwdebug.Attr) (err error) {
	defer m.exit(m.enter(fnPerfEventModifyBreakpoint, ev.arg()), &err)
	m.perfEventDisableInner(ev)
	err = m.modifyCheck("modify_attributes", ev, a, true)
	if !ev.attr.Disabled {
		m.perfEventEnableInner(ev)
	}
	return err
}

// ModifyUserHwBreakpoint gives a registered event another address, type, length and disabled (R-VAL-22 to 24).
func (m *Machine) ModifyUserHwBreakpoint(ev *Event, a hwdebug.Attr) error {
	if err := ev.gone(); err != nil {
		return err
	}
	if err := ev.needs(); err != nil {
		return err
	}
	defer m.done(m.here())
	if err := m.preempt(); err != nil {
		return err
	}
	return m.modifyUserHwBreakpoint(ev, a)
}

// kernel/events/hw_breakpoint.c: modify_user_hw_breakpoint
func (m *Machine) modifyUserHwBreakpoint(ev *Event, a hwdebug.Attr) (err error) {
	defer m.exit(m.enter(fnModifyUserHwBreakpoint, ev.arg()), &err)
	m.perfEventDisable(ev)
	err = m.modifyCheck("modify_user_hw_breakpoint", ev, a, false)
	if !ev.attr.Disabled {
		m.perfEventEnable(ev)
	}
	return err
}

// modifyCheck is steps (b) to (d) of R-VAL-22, with R-VAL-25's comparison where check is set.
//
// kernel/events/hw_breakpoint.c: modify_user_hw_breakpoint_check
func (m *Machine) modifyCheck(op string, ev *Event, a hwdebug.Attr, check bool) (err error) {
	defer m.exit(m.enter(fnModifyUserHwBreakpointCheck, ev.arg()), &err)
	image, address, err := m.hwBreakpointParse(op, ev, &a)
	if err != nil {
		return err
	}
	if check {
		b := ev.attr
		b.Type, b.Addr, b.Len, b.Disabled, b.Name = a.Type, a.Addr, a.Len, a.Disabled, a.Name
		if a != b {
			return m.refuse(&Refusal{Rule: "R-VAL-25", Fn: "modify_user_hw_breakpoint_check"}, &hwdebug.Error{Op: op,
				Asked: askedOf(&a, ev.task, ev.cpu), Found: "another attribute than address, type, length and disabled differs",
				Mend: "open a new event for that", Errno: einval})
		}
	}
	if a.Type != ev.attr.Type {
		if err := m.modifyBpSlot(op, ev, a.Type); err != nil {
			return err
		}
	}
	ev.attr.Addr, ev.attr.Type, ev.attr.Len, ev.attr.Disabled = a.Addr, a.Type, a.Len, a.Disabled
	ev.image, ev.address = image, address
	return nil
}

func pidArg(t *Task) uint64 {
	if t == nil {
		return ^uint64(0)
	}
	return uint64(int64(t.pid))
}
