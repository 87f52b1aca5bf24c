// Contexts: which events are scheduled in where and when, and rescheduling (kernel/events/core.c,
// spec 5.2 to 5.6).

package sim

import "time"

// An eventType is a set of enum event_type_t bits, the classes of a context that an operation
// affects (R-CTX-7).
type eventType uint8

const (
	eventFlexible eventType = 1
	eventPinned   eventType = 2
	eventTime     eventType = 4
	eventCPU      eventType = 8
	eventAll                = eventFlexible | eventPinned
)

// A perfContext is a software context: a CPU's, or a task's (R-CTX-1).
type perfContext struct {
	cpu    *CPU  // of a CPU's context
	task   *Task // of a task's context: its present owner (R-CTX-19)
	online bool  // of a CPU's context

	active   eventType
	dead     bool     // its task has exited
	pinned   class    // by insertion
	flexible class    //
	events   []*Event // both classes, oldest first
	held     int      // ctx->mutex is held: by its holder, and by handlers that do not wait for it
	holder   *Task
	time     time.Duration // that it was scheduled in for, until since
	since    time.Duration // when it was scheduled in, if timed
	timed    bool          // its clock runs
	pins     int           // callers that wait for the mutex: it is not exchanged with a clone's

	parent           *perfContext // the context it is a clone of
	parentGeneration uint64
	generation       uint64
}

// A class is one tree of a context, in order of insertion, and the list of its ACTIVE events, in
// the order they were scheduled in (R-CTX-2).
type class struct {
	tree   []*Event
	active []*Event
}

func (x *perfContext) class(pinned bool) *class {
	if pinned {
		return &x.pinned
	}
	return &x.flexible
}

func (x *perfContext) unclone() {
	x.parent = nil
	x.generation++
}

// remove deletes the first x from the list, if it is there, and keeps the order of the others.
func remove[T any](list []*T, x *T) []*T {
	for i, e := range list {
		if e == x {
			copy(list[i:], list[i+1:])
			list[len(list)-1] = nil
			return list[:len(list)-1]
		}
	}
	return list
}

// addEventToCtx attaches ev at the end of its tree, or of its group.
//
// kernel/events/core.c: add_event_to_ctx, list_add_event
func (m *Machine) addEventToCtx(ev *Event, x *perfContext) {
	k := m.enter1(fnAddEventToCtx, ev.arg())
	k2 := m.enter1(fnListAddEvent, ev.arg())
	ev.attached, ev.ctx = true, x
	ev.tstamp = x.clock(m.now)
	if ev.leads() {
		cls := x.class(ev.pinned)
		cls.tree = append(cls.tree, ev)
	}
	x.events = append(x.events, ev)
	ev.groupAttach()
	x.generation++
	m.leave(k2)
	m.leave(k)
}

// listDelEvent detaches ev.
func (x *perfContext) listDelEvent(ev *Event) {
	if !ev.attached {
		return
	}
	ev.updateTime()
	ev.attached = false
	if ev.leads() {
		cls := x.class(ev.pinned)
		cls.tree = remove(cls.tree, ev)
	}
	x.events = remove(x.events, ev)
	x.generation++
	if ev.state > StateOff {
		ev.setState(StateOff)
	}
}

// typeOf returns the type bits of ev, which are those of its group (R-CTX-7).
func typeOf(ev *Event) eventType {
	t := eventFlexible
	if ev.leader.pinned {
		t = eventPinned
	}
	if ev.task == nil {
		t |= eventCPU
	}
	return t
}

// ctxResched schedules out the classes that t affects and schedules all in again, in order (R-CTX-8).
//
// kernel/events/core.c: ctx_resched
func (m *Machine) ctxResched(taskCtx *perfContext, t eventType) {
	k := m.enter2(fnCtxResched, uint64(m.cpu.id), uint64(t))
	cpuEvent := t&eventCPU != 0
	if t&eventPinned != 0 {
		t |= eventFlexible
	}
	class := t & eventAll
	if taskCtx != nil {
		m.taskCtxSchedOut(taskCtx, class)
	}
	if cpuEvent {
		m.cpuCtxSchedOut(class)
	} else if class&eventPinned != 0 {
		m.cpuCtxSchedOut(eventFlexible)
	}
	m.perfEventSchedIn(taskCtx)
	m.leave(k)
}

// kernel/events/core.c: task_ctx_sched_out
func (m *Machine) taskCtxSchedOut(x *perfContext, t eventType) {
	k := m.enter2(fnTaskCtxSchedOut, uint64(m.cpu.id), uint64(t))
	if m.cpu.taskCtx == x {
		m.ctxSchedOut(x, t)
	}
	m.leave(k)
}

// kernel/events/core.c: cpu_ctx_sched_out
func (m *Machine) cpuCtxSchedOut(t eventType) {
	k := m.enter2(fnCPUCtxSchedOut, uint64(m.cpu.id), uint64(t))
	m.ctxSchedOut(&m.cpu.ctx, t)
	m.leave(k)
}

// ctxSchedOut uninstalls the active classes in t, pinned before flexible, in the order they were
// scheduled in (R-CTX-9).
//
// kernel/events/core.c: ctx_sched_out
func (m *Machine) ctxSchedOut(x *perfContext, t eventType) {
	k := m.enter2(fnCtxSchedOut, uint64(m.cpu.id), uint64(t))
	if len(x.events) == 0 {
		m.leave(k)
		return
	}
	was := x.active
	x.active &^= t
	if x.active&eventAll == 0 {
		m.deactivate(x)
	}
	gone := was &^ x.active
	if m.prof.pmuContexts && gone&eventAll != 0 {
		m.leave(m.pmuCtxSchedOut(x, gone))
	} else {
		m.classesSchedOut(x, gone)
	}
	m.leave(k)
}

// kernel/events/core.c: __pmu_ctx_sched_out
func (m *Machine) pmuCtxSchedOut(x *perfContext, gone eventType) mark {
	k := m.enter1(fnPmuCtxSchedOut, uint64(gone))
	m.classesSchedOut(x, gone)
	return k
}

// classesSchedOut uninstalls the classes in gone, pinned before flexible.
func (m *Machine) classesSchedOut(x *perfContext, gone eventType) {
	if gone&eventPinned != 0 {
		m.classSchedOut(&x.pinned)
	}
	if gone&eventFlexible != 0 {
		m.classSchedOut(&x.flexible)
	}
}

func (m *Machine) classSchedOut(cls *class) {
	for len(cls.active) > 0 {
		ev := cls.active[0]
		m.groupSchedOut(ev)
		if len(cls.active) > 0 && cls.active[0] == ev { // a failed EventSchedIn has made it INACTIVE
			cls.active = remove(cls.active, ev)
		}
	}
}

// groupSchedOut uninstalls an ACTIVE group, the leader first (R-GRP-3).
//
// kernel/events/core.c: group_sched_out
func (m *Machine) groupSchedOut(ev *Event) {
	k := m.enter1(fnGroupSchedOut, ev.arg())
	if ev.state == StateActive {
		m.eventSchedOut(ev)
		for _, s := range ev.siblings {
			m.eventSchedOut(s)
		}
	}
	m.leave(k)
}

// eventSchedOut uninstalls ev if it is ACTIVE.
//
// kernel/events/core.c: event_sched_out
func (m *Machine) eventSchedOut(ev *Event) {
	k := m.enter1(fnEventSchedOut, ev.arg())
	if ev.state != StateActive {
		m.leave(k)
		return
	}
	if ev.ctx != nil && ev.leads() {
		cls := ev.ctx.class(ev.pinned)
		cls.active = remove(cls.active, ev)
	}
	m.hwBreakpointDel(ev)
	if ev.attr.Freq {
		m.freqTicks(ev)
		ev.sampling.freq.active = false
	}
	ev.setState(StateInactive)
	ev.oncpu = -1
	if ev.sampling.disable { // its irq_work comes too late (R-IRQW-4)
		ev.sampling.disable = false
		ev.setState(StateOff)
	}
	m.leave(k)
}

// kernel/events/hw_breakpoint.c: hw_breakpoint_del
func (m *Machine) hwBreakpointDel(ev *Event) {
	k := m.enter2(fnHwBreakpointDel, ev.arg(), 0)
	m.archUninstall(ev)
	m.leave(k)
}

// hwBreakpointAdd starts ev's clock and installs it (R-CTX-15).
//
// kernel/events/hw_breakpoint.c: hw_breakpoint_add
func (m *Machine) hwBreakpointAdd(ev *Event) (err error) {
	k := m.enter2(fnHwBreakpointAdd, ev.arg(), 1)
	if ev.attr.Freq {
		m.freqTicks(ev)
	}
	if ev.attr.SamplePeriod > 0 {
		ev.sampling.last = ev.sampling.period
		ev.sampling.setPeriod()
	}
	return m.end(k, m.archInstall(ev))
}

// perfEventSchedIn schedules in the inactive classes of the CPU and the task: CPU pinned, task
// pinned, CPU flexible, task flexible.
//
// kernel/events/core.c: perf_event_sched_in
func (m *Machine) perfEventSchedIn(taskCtx *perfContext) {
	k := m.enter2(fnPerfEventSchedIn, uint64(m.cpu.id), pidArg(m.cpu.curr))
	m.cpuCtxSchedIn(eventPinned)
	if taskCtx != nil {
		m.ctxSchedIn(taskCtx, eventPinned)
	}
	m.cpuCtxSchedIn(eventFlexible)
	if taskCtx != nil {
		m.ctxSchedIn(taskCtx, eventFlexible)
	}
	m.leave(k)
}

// kernel/events/core.c: cpu_ctx_sched_in
func (m *Machine) cpuCtxSchedIn(t eventType) {
	k := m.enter2(fnCPUCtxSchedIn, uint64(m.cpu.id), uint64(t))
	m.ctxSchedIn(&m.cpu.ctx, t)
	m.leave(k)
}

// kernel/events/core.c: ctx_sched_in
func (m *Machine) ctxSchedIn(x *perfContext, t eventType) {
	k := m.enter2(fnCtxSchedIn, uint64(m.cpu.id), uint64(t))
	if len(x.events) == 0 {
		m.leave(k)
		return
	}
	was := x.active
	x.active |= t | eventTime
	if was == 0 && x.task != nil {
		m.cpu.taskCtx = x
	}
	if !x.timed {
		x.timed, x.since = true, m.now
	}
	fresh := x.active &^ was
	if fresh&eventPinned != 0 {
		m.ctxClassSchedIn(fnCtxPinnedSchedIn, &x.pinned)
	}
	if fresh&eventFlexible != 0 {
		m.ctxClassSchedIn(fnCtxFlexibleSchedIn, &x.flexible)
	}
	m.leave(k)
}

func (m *Machine) ctxClassSchedIn(fn traceFn, cls *class) {
	k := m.enter0(fn)
	m.visitGroupsMerge(cls)
	m.leave(k)
}

// visitGroupsMerge schedules in the events that may run on this CPU, oldest first (R-CTX-4, 5).
//
// kernel/events/core.c: visit_groups_merge
func (m *Machine) visitGroupsMerge(cls *class) {
	k := m.enter1(fnVisitGroupsMerge, uint64(m.cpu.id))
	canAdd := true
	for _, ev := range cls.tree {
		if ev.cpu == -1 || ev.cpu == m.cpu.id {
			canAdd = m.mergeSchedIn(ev, cls, canAdd)
		}
	}
	m.leave(k)
}

// mergeSchedIn schedules one group in and reports whether later groups that are not
// software-capable may still be tried (R-CTX-11 to 16). Releases before 6.1 have a function for
// each class (D-14).
//
// kernel/events/core.c: pinned_sched_in, flexible_sched_in, merge_sched_in
func (m *Machine) mergeSchedIn(ev *Event, cls *class, canAdd bool) bool {
	k := m.enter1(m.mergeFn(ev), ev.arg())
	canAdd = m.mergeGroup(ev, cls, canAdd)
	m.leave(k)
	return canAdd
}

func (m *Machine) mergeGroup(ev *Event, cls *class, canAdd bool) bool {
	if ev.state <= StateOff {
		return canAdd
	}
	if (ev.fd || canAdd) && m.groupSchedIn(ev) == nil && ev.state == StateActive {
		cls.active = append(cls.active, ev)
	}
	switch {
	case ev.state != StateInactive:
		return canAdd
	case ev.pinned:
		ev.setState(StateError)
		return canAdd && !m.prof.pinnedFailureStops
	}
	return false
}

func (m *Machine) mergeFn(ev *Event) traceFn {
	switch {
	case m.prof.mergeSchedIn:
		return fnMergeSchedIn
	case ev.pinned:
		return fnPinnedSchedIn
	}
	return fnFlexibleSchedIn
}

// groupSchedIn installs a group, the leader first. If one of its events does not fit, it takes out those
// before it (R-GRP-3).
//
// kernel/events/core.c: group_sched_in
func (m *Machine) groupSchedIn(ev *Event) (err error) {
	k := m.enter1(fnGroupSchedIn, ev.arg())
	if err := m.eventSchedIn(ev); err != nil || len(ev.siblings) == 0 {
		return m.end(k, err)
	}
	for i, s := range ev.siblings {
		if err = m.eventSchedIn(s); err != nil {
			for _, in := range ev.siblings[:i] {
				m.eventSchedOut(in)
			}
			m.eventSchedOut(ev)
			break
		}
	}
	return m.end(k, err)
}

// eventSchedIn installs ev on the CPU that runs now (R-CTX-11, 12).
//
// kernel/events/core.c: event_sched_in
func (m *Machine) eventSchedIn(ev *Event) (err error) {
	k := m.enter1(fnEventSchedIn, ev.arg())
	if ev.state <= StateOff {
		return m.end(k, nil)
	}
	ev.setState(StateActive)
	ev.oncpu = m.cpu.id
	if err := m.hwBreakpointAdd(ev); err != nil {
		ev.setState(StateInactive)
		ev.oncpu = -1
		return m.end(k, eagain)
	}
	return m.end(k, nil)
}

// perfInstallInContext adds a new event to its context, whose mutex the caller holds (R-EVT-11 to 13).
//
// kernel/events/core.c: perf_install_in_context
func (m *Machine) perfInstallInContext(ev *Event) {
	x := ev.ctx
	inPlace := m.prof.addInPlace && ev.effectiveState() == StateOff && len(x.events) > 0
	framedHere := inPlace || x.task != nil && !x.task.running()
	k := m.enter2(framed(fnPerfInstallInContext, framedHere), ev.arg(), uint64(int64(ev.cpu)))
	switch {
	case inPlace:
		m.addEventToCtx(ev, x)
		m.rawSpinUnlockIrq()
	case x.task == nil:
		_ = m.cpuFunctionCall(ev.cpu, callInstall, ev, 0)
	default:
		m.installForTask(ev, x)
	}
	m.leave(k)
}

// installForTask retries until the task's CPU has run installInContext, the context has died, or
// the task runs nowhere.
func (m *Machine) installForTask(ev *Event, x *perfContext) {
	for m.taskFunctionCall(x.task, callInstall, ev, 0) != nil && !x.dead {
		if !x.task.running() {
			m.addEventToCtx(ev, x)
			m.rawSpinUnlockIrq()
			return
		}
	}
}

// installInContext runs on the event's CPU, or on the task's (R-EVT-12).
//
// kernel/events/core.c: __perf_install_in_context
func (m *Machine) installInContext(ev *Event) (err error) {
	k := m.enter1(fnInstallInContext, ev.arg())
	c, x := m.cpu, ev.ctx
	taskCtx := c.taskCtx
	if x.task != nil {
		taskCtx = x
		if x.task != c.curr {
			if x.task.running() {
				return m.end(k, esrch)
			}
			m.addEventToCtx(ev, x)
			return m.end(k, nil)
		}
	}
	m.stopClock(x)
	m.addEventToCtx(ev, x)
	m.ctxResched(taskCtx, typeOf(ev))
	return m.end(k, nil)
}

// stopClock clears the context's time bit, which rescheduling sets again.
func (m *Machine) stopClock(x *perfContext) {
	if len(x.events) == 0 {
		return
	}
	x.active &^= eventTime
	if x.active&eventAll == 0 {
		m.deactivate(x)
	}
}

// deactivate marks x as scheduled out on the CPU that runs now.
func (m *Machine) deactivate(x *perfContext) {
	x.active = 0
	if x.timed {
		x.timed = false
		x.time += m.now - x.since
	}
	if x.task != nil {
		m.cpu.taskCtx = nil
	}
}

// eventFunctionCall runs f where the event's context is active, or else in place (R-EVT-6).
//
// kernel/events/core.c: event_function_call
func (m *Machine) eventFunctionCall(ev *Event, f remoteCall, flags uint64) {
	k := m.enter1(fnEventFunctionCall, ev.arg())
	x := ev.ctx
	done := x.task == nil
	if done {
		_ = m.cpuFunctionCall(ev.cpu, f, ev, flags)
	}
	for !done && !x.dead {
		done = m.taskFunctionCall(x.task, f, ev, flags) == nil
		if !done && !x.dead && x.active == 0 { // nothing is installed: f changes states and lists only
			m.perform(ev, f, flags)
			m.rawSpinUnlockIrq()
			done = true
		}
	}
	m.leave(k)
}

// perform runs f on the CPU that runs now.
func (m *Machine) perform(ev *Event, f remoteCall, flags uint64) {
	switch f {
	case callEnable:
		m.perfEventEnableFn(ev)
	case callDisable:
		m.perfEventDisableFn(ev)
	case callRemove:
		m.removeFromContext(ev, flags)
	case callPeriod:
		m.perfEventPeriodFn(ev, flags)
	}
}

// eventFunction runs on the event's CPU (R-EVT-6).
//
// kernel/events/core.c: event_function
func (m *Machine) eventFunction(ev *Event, f remoteCall, flags uint64) (err error) {
	k := m.enter1(fnEventFunction, ev.arg())
	if x := ev.ctx; x.task != nil && x.task != m.cpu.curr {
		return m.end(k, esrch)
	}
	m.perform(ev, f, flags)
	return m.end(k, nil)
}

// perfEventEnable handles the in-kernel request (R-EVT-3).
//
// kernel/events/core.c: perf_event_enable
func (m *Machine) perfEventEnable(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventEnable, ev.arg()))
	m.perfEventEnableInner(ev)
}

// kernel/events/core.c: _perf_event_enable
func (m *Machine) perfEventEnableInner(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventEnableInner, ev.arg()))
	if ev.ctx == nil {
		return
	}
	m.lock(ev.ctx)
	m.rawSpinUnlockIrq() // after the look at the state
	if ev.state < StateInactive && ev.state >= StateError {
		if ev.state == StateError {
			ev.setState(StateOff)
		}
		m.eventFunctionCall(ev, callEnable, 0)
	}
	m.unlock(ev.ctx)
}

// kernel/events/core.c: __perf_event_enable
func (m *Machine) perfEventEnableFn(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventEnableFn, ev.arg()))
	if ev.state >= StateInactive || ev.state <= StateError {
		return
	}
	x := ev.ctx
	ev.setState(StateInactive)
	if x.active == 0 || ev.cpu >= 0 && ev.cpu != m.cpu.id || !ev.leads() && ev.leader.state != StateActive {
		return
	}
	taskCtx := m.cpu.taskCtx
	m.stopClock(x)
	m.ctxResched(taskCtx, typeOf(ev))
}

// kernel/events/core.c: perf_event_disable
func (m *Machine) perfEventDisable(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventDisable, ev.arg()))
	m.perfEventDisableInner(ev)
}

// kernel/events/core.c: _perf_event_disable
func (m *Machine) perfEventDisableInner(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventDisableInner, ev.arg()))
	if ev.ctx == nil {
		return
	}
	m.lock(ev.ctx)
	m.rawSpinUnlockIrq() // after the look at the state
	if ev.state > StateOff {
		m.eventFunctionCall(ev, callDisable, 0)
	}
	m.unlock(ev.ctx)
}

// perfEventDisableLocal disables an event of the current task without a cross call, for callers with
// interrupts off (R-VAL-22).
//
// kernel/events/core.c: perf_event_disable_local, event_function_local
func (m *Machine) perfEventDisableLocal(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventDisableLocal, ev.arg()))
	defer m.leave(m.enter1(fnEventFunctionLocal, ev.arg()))
	if !ev.ctx.dead {
		m.perfEventDisableFn(ev)
	}
}

// kernel/events/core.c: __perf_event_disable
func (m *Machine) perfEventDisableFn(ev *Event) {
	defer m.leave(m.enter1(fnPerfEventDisableFn, ev.arg()))
	if ev.state < StateInactive {
		return
	}
	switch {
	case ev.state != StateActive:
	case ev.leads():
		m.groupSchedOut(ev)
	default:
		m.eventSchedOut(ev)
	}
	ev.setState(StateOff)
}

// detach flags of perf_remove_from_context.
const (
	detachGroup = 1
	detachDead  = 4
)

// perfRemoveFromContext removes ev from its context (R-EVT-17, 18).
//
// kernel/events/core.c: perf_remove_from_context
func (m *Machine) perfRemoveFromContext(ev *Event) {
	flags := uint64(detachGroup)
	if m.prof.deadAtOnce {
		flags |= detachDead
	}
	m.perfRemoveFrom(ev, flags)
}

// perfRemoveFrom removes ev from its context with the given flags.
func (m *Machine) perfRemoveFrom(ev *Event, flags uint64) {
	k := m.enter2(fnPerfRemoveFromContext, ev.arg(), flags)
	if m.prof.removeInPlace {
		m.rawSpinUnlockIrq() // after the look at the context
	}
	if m.prof.removeInPlace && ev.ctx.active == 0 {
		m.removeFromContext(ev, flags)
	} else {
		m.eventFunctionCall(ev, callRemove, flags)
	}
	ev.groupDetach() // of a context that is dead or offline
	m.leave(k)
}

// kernel/events/core.c: __perf_remove_from_context
func (m *Machine) removeFromContext(ev *Event, flags uint64) {
	k := m.enter2(fnRemoveFromContext, ev.arg(), flags)
	x := ev.ctx
	if m.prof.eventDisable && flags&detachDead != 0 && ev.state == StateActive {
		m.eventDisable61(ev)
	} else if ev.state == StateActive {
		m.eventSchedOut(ev)
	}
	ev.groupDetach()
	x.listDelEvent(ev)
	if flags&detachDead != 0 {
		ev.state = StateDead
	}
	if len(x.events) == 0 && x.active != 0 {
		m.deactivate(x)
	}
	m.leave(k)
}

// eventDisable61 runs the step that 6.1.192 has between removal and scheduling out.
//
// kernel/events/core.c: __event_disable
func (m *Machine) eventDisable61(ev *Event) {
	defer m.leave(m.enter1(fnEventDisable61, ev.arg()))
	m.eventSchedOut(ev)
	ev.setState(StateOff)
}

// perfEventReleaseKernel releases an event and the events inherited from it (R-EVT-17 to 20).
//
// kernel/events/core.c: perf_event_release_kernel
func (m *Machine) perfEventReleaseKernel(ev *Event) {
	k := m.enter1(fnPerfEventReleaseKernel, ev.arg())
	m.detachEvent(ev)
	for len(ev.children) > 0 {
		c := ev.children[0]
		ev.children = ev.children[1:]
		ev.keepChild(c)
		m.detachEvent(c)
		m.freeChild(c)
		ev.refs--
	}
	m.putEvent(ev)
	m.leave(k)
}

func (m *Machine) detachEvent(ev *Event) {
	if ev.ctx != nil {
		m.lock(ev.ctx)
		m.perfRemoveFromContext(ev)
		m.rawSpinUnlockIrq() // after its state was set
		m.unlock(ev.ctx)
	}
	ev.state = StateDead
}

// freeChild frees an inherited event.
//
// kernel/events/core.c: free_event, from 6.12 on put_event
func (m *Machine) freeChild(c *Event) {
	fn := fnFreeEventOuter
	if m.prof.pmuContexts {
		fn = fnPutEvent
	}
	k := m.enter1(fn, c.arg())
	m.freeEvent(c)
	m.leave(k)
}

// kernel/events/core.c: put_event
func (m *Machine) putEvent(ev *Event) {
	k := m.enter1(fnPutEvent, ev.arg())
	if ev.refs--; ev.refs == 0 {
		m.freeEvent(ev)
	}
	m.leave(k)
}
