// Events: the life of a perf event of type breakpoint from creation to release.

package sim

import (
	"strconv"
	"syscall"
	"time"

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

// slotTypeOf returns the slot type that events of type t count as (R-CON-3).
//
// kernel/events/hw_breakpoint.c: find_slot_idx
func slotTypeOf(t hwdebug.BPType) slotType {
	if t.Data() {
		return typeData
	}
	return typeInst
}

// A Handler is an overflow handler of a module. An error ends the access that hit with that error.
type Handler func(ev *Event, hit *Hit) error

// A Hit describes one hit to a handler.
type Hit struct {
	CPU  int
	Task *Task        // the current task
	EL   int          // exception level of the access: 0 or 1
	Kind hwdebug.Kind // of the access
	Addr uint64       // reported address, with its tag
	Size int          // of the access in bytes
	PC   uint64       // of the instruction; a handler that changes it moves the task there
	Slot int          // of the event
	Skip bool         // set by a handler to move the pc past the instruction without performing it

	PCMadeUp bool // the access names no pc: PC follows from the line of the caller (R-EXC-23)
}

// An Event is one perf_event of type PERF_TYPE_BREAKPOINT. Small fields are adjacent: programs open and
// close events by the thousand, and the cost of one is mostly its memory.
type Event struct {
	m       *Machine
	id      int
	attr    hwdebug.Attr
	address uint64 // aligned, the contents of the value register
	cpu     int    // -1: follows its task
	task    *Task  // the target, charged for the event; nil: a CPU's event
	wide    *Wide
	handler Handler // nil: the default handler

	image      arm64.Ctrl // the kernel's arch_hw_breakpoint_ctrl
	state      State
	reservedAs slotType
	reserved   bool
	tracer     bool // made by ptrace
	fd         bool // made by perf_event_open: closed through its file
	pinned     bool // attr.pinned at creation
	attached   bool // to ctx
	stopped    bool // hw.state: set when a limit has run out, from 6.16 on (D-21)
	closed     bool // released by its owner
	freed      bool

	ctx     *perfContext
	oncpu   int
	slot    int // where it is installed, -1: not installed
	slotCPU *CPU

	pendingOn *CPU // whose list its irq_work is on

	traceArg uint64 // the event as a trace argument

	count      uint64
	childCount uint64
	sampling   sampling
	parent     *Event
	children   []*Event
	refs       int

	leader   *Event   // of its group: itself if it is in none
	siblings []*Event // the members of the group that it leads, in order of opening
	grouped  bool     // attached to its group

	enabledTime, runningTime   time.Duration // until tstamp
	childEnabled, childRunning time.Duration // of inherited events that are gone
	tstamp                     time.Duration // of the context's clock
}

// ID returns the event's number, from 1 in order of creation. Refused events have numbers too.
func (ev *Event) ID() int { return ev.id }

// Label returns the event's printed name: w5 for a watchpoint, b5 for a breakpoint.
func (ev *Event) Label() string {
	if ev.attr.Type.Data() {
		return "w" + strconv.Itoa(ev.id)
	}
	return "b" + strconv.Itoa(ev.id)
}

// arg returns the event as a trace argument.
func (ev *Event) arg() uint64 {
	if ev == nil {
		return 0
	}
	return ev.traceArg
}

// setType sets bp_type and what follows from it.
func (ev *Event) setType(t hwdebug.BPType) {
	ev.attr.Type = t
	ev.traceArg = uint64(ev.id)<<1 | bit(t.Data())
}

// Type returns bp_type.
func (ev *Event) Type() hwdebug.BPType { return ev.attr.Type }

// Addr returns bp_addr as requested, not rounded.
func (ev *Event) Addr() uint64 { return ev.attr.Addr }

// Len returns bp_len as requested.
func (ev *Event) Len() uint64 { return ev.attr.Len }

// CPU returns the CPU that the event is bound to, -1 if it follows its task.
func (ev *Event) CPU() int { return ev.cpu }

// Task returns the event's target task, nil for a CPU's event.
func (ev *Event) Task() *Task { return ev.task }

// State returns the event's state.
func (ev *Event) State() State { return ev.state }

// Attr returns the attributes of creation or of the last accepted modification.
func (ev *Event) Attr() hwdebug.Attr { return ev.attr }

// Wide returns the wide registration that the event belongs to, or nil.
func (ev *Event) Wide() *Wide { return ev.wide }

// Closed reports whether the event has been closed or unregistered.
func (ev *Event) Closed() bool { return ev.closed }

// Slot returns the register pair that holds the event; ok is false while the event is not installed.
func (ev *Event) Slot() (slot int, ok bool) { return max(ev.slot, 0), ev.slot >= 0 }

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

// owns returns an error if ev does not belong to m or has been released.
func (m *Machine) owns(op string, ev *Event) error {
	if ev == nil || ev.m != m {
		return misusef("%s needs an event of this machine", op)
	}
	return ev.gone()
}

// gone returns an error if ev has been released or its machine closed.
func (ev *Event) gone() error {
	if ev.m.closed {
		return ErrClosed
	}
	if ev.closed {
		return misusef("%s is closed", ev.Label())
	}
	return nil
}

// needs returns an error if a call on ev needs a CPU that is suspended.
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

// A create is one request to create an event.
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
	leader  *Event
}

// asked returns the request in a line, for a refusal.
func (r *create) asked() string { return askedOf(&r.attr, r.task, r.cpu) }

// asked returns a request to give ev the attributes a on one line.
func (ev *Event) asked(a *hwdebug.Attr) string { return askedOf(a, ev.task, ev.cpu) }

// askedOf returns a request for an event of t or cpu on one line.
func askedOf(a *hwdebug.Attr, t *Task, cpu int) string {
	var s string
	switch a.Type {
	case hwdebug.X:
		s = "breakpoint"
	case hwdebug.R, hwdebug.W, hwdebug.RW:
		s = "watchpoint " + a.Type.String()
	default:
		s = sprintf("event of type %d", uint32(a.Type))
	}
	s += sprintf(" at 0x%016x len %d", a.Addr, a.Len)
	if t != nil {
		s += " for " + t.String()
	}
	if t == nil || cpu >= 0 {
		s += sprintf(" on cpu%d", cpu)
	}
	return s
}

// createKernelCounter creates an event in the kernel and puts it into its context (R-VAL-1).
//
// kernel/events/core.c: perf_event_create_kernel_counter
func (m *Machine) createKernelCounter(r *create) (ev *Event, err error) {
	k := m.enter3(fnPerfEventCreateKernelCounter, r.attr.Addr, uint64(int64(r.cpu)), pidArg(r.task))
	ev, err = m.createEvent(r)
	return ev, m.end(k, err)
}

// createEvent allocates an event and puts it into its context, for perf_event_create_kernel_counter and
// perf_event_open.
func (m *Machine) createEvent(r *create) (*Event, error) {
	ev, err := m.perfEventAlloc(r)
	if err != nil {
		return nil, err
	}
	m.pathPoint() // nr_bp_mutex is dropped
	x, err := m.findGetContext(r, ev)
	if err != nil {
		m.freeEvent(ev)
		return nil, err
	}
	x.pins++
	m.lock(x)
	if err = r.installable(x); err == nil {
		err = r.joinable(m, x)
	}
	if err == nil {
		ev.ctx = x
		m.perfInstallInContext(ev)
	}
	x.pins--
	m.unlock(x)
	if err != nil {
		m.freeEvent(ev)
		return nil, err
	}
	return ev, nil
}

// installable performs the checks of steps 13 and 14 of R-VAL-1, which need the mutex of the context: x
// may have died since findGetContext returned it.
func (r *create) installable(x *perfContext) error {
	switch {
	case x.dead:
		return r.refuse(r.task.m, esrch, "R-VAL-1", r.creator(r.task.m),
			r.task.exitText(), "use a living task")
	case x.cpu != nil && !x.online:
		return r.refuse(x.cpu.m, enodev, "R-HP-10", r.creator(x.cpu.m),
			sprintf("cpu%d is offline", x.cpu.id), "bring it up")
	}
	return nil
}

// newEvent returns an event with the next ID. It allocates events in batches that grow with their number,
// which halves the cost of one.
func (m *Machine) newEvent() *Event {
	if len(m.fresh) == 0 {
		m.fresh = make([]Event, min(max(m.eventSeq, 8), 64))
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

// perfEventAlloc creates an event and has the PMU reserve a slot and parse the attributes. If it fails, only
// the event's ID remains used.
//
// kernel/events/core.c: perf_event_alloc
func (m *Machine) perfEventAlloc(r *create) (ev *Event, err error) {
	k := m.enter3(fnPerfEventAlloc, r.attr.Addr, uint64(int64(r.cpu)), pidArg(r.task))
	m.mightSleep(fnKmemCacheAlloc)
	if (r.cpu < 0 || r.cpu >= len(m.cpus)) && (r.task == nil || r.cpu != -1) {
		return nil, m.end(k, r.refuse(m, einval, "R-VAL-1", "perf_event_alloc",
			m.cpuRange(), "use one of them, or cpu -1 with a task"))
	}
	if r.attr.Sigtrap && r.task == nil {
		return nil, m.end(k, r.refuse(m, einval, "R-VAL-26", "perf_event_alloc",
			"sigtrap without a task", "open the event for a task"))
	}
	if r.attr.Inherit && r.attr.SampleRead && !(m.prof.inheritSampleRead && r.attr.SampleTID) {
		return nil, m.end(k, r.refuse(m, einval, "R-VAL-1", "perf_event_alloc",
			"inherit and PERF_SAMPLE_READ exclude each other",
			"leave one out, or from 6.12 on add PERF_SAMPLE_TID"))
	}
	ev = m.newEvent()
	ev.attr, ev.cpu, ev.task, ev.handler = r.attr, r.cpu, r.task, r.handler
	ev.setType(r.attr.Type)
	ev.fd, ev.tracer, ev.parent, ev.wide, ev.pinned = r.fd, r.tracer, r.parent, r.wide, r.attr.Pinned
	ev.state, ev.oncpu, ev.slot, ev.refs, ev.sampling = StateOff, -1, -1, 1, newSampling(&r.attr)
	if ev.leader = r.leader; ev.leader == nil {
		ev.leader = ev
	}
	if !r.attr.Disabled {
		ev.state = StateInactive
	}
	if err := m.perfInitEvent(r, ev); err != nil {
		ev.state, ev.closed, ev.freed = StateDead, true, true
		return nil, m.end(k, err)
	}
	m.live = append(m.live, ev)
	if ev.task != nil && ev.parent == nil {
		m.perfTasks++
	}
	return ev, m.end(k, nil)
}

func (m *Machine) perfInitEvent(r *create, ev *Event) (err error) {
	k := m.enter1(fnPerfInitEvent, ev.arg())
	return m.end(k, m.perfTryInitEvent(r, ev))
}

func (m *Machine) perfTryInitEvent(r *create, ev *Event) (err error) {
	k := m.enter1(fnPerfTryInitEvent, ev.arg())
	return m.end(k, m.hwBreakpointEventInit(r, ev))
}

// kernel/events/hw_breakpoint.c: hw_breakpoint_event_init
func (m *Machine) hwBreakpointEventInit(r *create, ev *Event) (err error) {
	k := m.enter1(fnHwBreakpointEventInit, ev.arg())
	if r.attr.BranchStack {
		return m.end(k, r.refuse(m, eopnotsupp, "R-VAL-1", "hw_breakpoint_event_init",
			"breakpoint events have no branch stack", "leave branch sampling out"))
	}
	return m.end(k, m.registerPerfHwBreakpoint(r, ev))
}

// registerPerfHwBreakpoint reserves a slot before it parses the attributes, so that an invalid request on a
// full machine fails with ENOSPC (R-VAL-2).
//
// kernel/events/hw_breakpoint.c: register_perf_hw_breakpoint
func (m *Machine) registerPerfHwBreakpoint(r *create, ev *Event) (err error) {
	k := m.enter1(fnRegisterPerfHwBreakpoint, ev.arg())
	if err := m.reserveBpSlot(r.op, ev); err != nil {
		return m.end(k, err)
	}
	image, address, err := m.hwBreakpointParse(r.op, ev, &r.attr)
	if err != nil {
		m.releaseBpSlot(ev)
		return m.end(k, err)
	}
	ev.image, ev.address = image, address
	return m.end(k, nil)
}

// findGetContext returns the context of a new event, after the checks of steps 11 and 12 of R-VAL-1. An
// exiting task is refused only if it has no context: one that it has stays until perf's part of its exit.
//
// kernel/events/core.c: find_get_context
func (m *Machine) findGetContext(r *create, ev *Event) (*perfContext, error) {
	if ev.task == nil {
		if m.paranoid(0) {
			return nil, r.refuse(m, eacces, "R-VAL-1", "find_get_context",
				m.paranoidFound(m.perfCapability()),
				"set it to 0 or below, or open the event for a task")
		}
		return &m.cpus[ev.cpu].ctx, nil
	}
	t := ev.task
	switch {
	case t.ctx != nil:
		t.ctx.unclone()
	case t.exiting:
		return nil, r.refuse(m, esrch, "R-VAL-1", "find_get_context",
			t.exitText(), "use a living task")
	default:
		t.ctx = &perfContext{task: t}
	}
	return t.ctx, nil
}

// creator returns the name of the kernel function that creates the event.
func (r *create) creator(m *Machine) string {
	if r.fd {
		return fns[m.openFn().Name()].Name
	}
	return "perf_event_create_kernel_counter"
}

// freeEvent releases everything that an event holds (R-EVT-19).
//
// kernel/events/core.c: _free_event
func (m *Machine) freeEvent(ev *Event) {
	k := m.enter1(fnFreeEvent, ev.arg())
	if m.prof.pmuContexts {
		m.via(fnFreeEventInner)
	}
	m.bpPerfEventDestroy(ev)
	if ev.task != nil && ev.parent == nil {
		if m.perfTasks--; m.perfTasks == 0 {
			m.hooksOff = m.now + time.Second
		}
	}
	ev.freed, ev.closed = true, true
	if ev.state > StateDead && ev.state != StateExit {
		ev.state = StateDead
	}
	for i, e := range m.live { // remove, inlined: a call costs 5 % of opening and closing an event
		if e == ev {
			m.live = append(m.live[:i], m.live[i+1:]...)
			break
		}
	}
	m.leave(k)
}

// kernel/events/hw_breakpoint.c: bp_perf_event_destroy
func (m *Machine) bpPerfEventDestroy(ev *Event) {
	k := m.enter1(fnBpPerfEventDestroy, ev.arg())
	m.releaseBpSlot(ev)
	m.leave(k)
}

// hooks reports whether context switches reach perf (R-EVT-15).
func (m *Machine) hooks() bool { return m.perfTasks > 0 || m.now < m.hooksOff }

// pidArg returns t's pid as a trace argument, -1 for nil.
func pidArg(t *Task) uint64 {
	if t == nil {
		return ^uint64(0)
	}
	return uint64(int64(t.pid))
}
