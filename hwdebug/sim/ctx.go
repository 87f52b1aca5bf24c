// Contexts: which events are scheduled in where and when, and rescheduling (kernel/events/core.c, spec 5.2 to 5.6).

package sim

// An eventType is a set of enum event_type_t bits: which classes of a context an operation is about (R-CTX-7).
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
	task   *Task // of a task's context: the one it belongs to now (R-CTX-19)
	online bool  // of a CPU's context

	active   eventType
	dead     bool     // its task has exited
	pinned   class    // by insertion
	flexible class    //
	events   []*Event // both classes, oldest first
	locked   bool     // ctx->mutex is held

	parent           *perfContext // the context it is a clone of
	parentGeneration uint64
	generation       uint64
}

// A class is one tree of a context, in order of insertion, and the list of what of it is ACTIVE, in the order it
// was scheduled in (R-CTX-2).
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

// remove takes x out of a list that has it once, or not at all; the order of the others stays.
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

// addEventToCtx attaches ev at the end of its tree.
//
// kernel/events/core.c: add_event_to_ctx, list_add_event
func (m *Machine) addEventToCtx(ev *Event, x *perfContext) {
	defer m.leave(m.enter(fnAddEventToCtx, ev.arg()))
	defer m.leave(m.enter(fnListAddEvent, ev.arg()))
	k := x.class(ev.pinned)
	ev.attached, ev.ctx = true, x
	k.tree = append(k.tree, ev)
	x.events = append(x.events, ev)
	x.generation++
}

// listDelEvent detaches ev.
func (x *perfContext) listDelEvent(ev *Event) {
	if !ev.attached {
		return
	}
	ev.attached = false
	k := x.class(ev.pinned)
	k.tree = remove(k.tree, ev)
	x.events = remove(x.events, ev)
	x.generation++
	if ev.state > StateOff {
		ev.state = StateOff
	}
}

// typeOf returns the type bits of ev (R-CTX-7).
func typeOf(ev *Event) eventType {
	t := eventFlexible
	if ev.pinned {
		t = eventPinned
	}
	if ev.task == nil {
		t |= eventCPU
	}
	return t
}

// ctxResched takes out what the type reaches and schedules everything in again, in order (R-CTX-8).
//
// kernel/events/core.c: ctx_resched
func (m *Machine) ctxResched(taskCtx *perfContext, t eventType) {
	defer m.leave(m.enter(fnCtxResched, uint64(m.cpu.id), uint64(t)))
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
}

// kernel/events/core.c: task_ctx_sched_out
func (m *Machine) taskCtxSchedOut(x *perfContext, t eventType) {
	defer m.leave(m.enter(fnTaskCtxSchedOut, uint64(m.cpu.id), uint64(t)))
	if m.cpu.taskCtx == x {
		m.ctxSchedOut(x, t)
	}
}

// kernel/events/core.c: cpu_ctx_sched_out
func (m *Machine) cpuCtxSchedOut(t eventType) {
	defer m.leave(m.enter(fnCPUCtxSchedOut, uint64(m.cpu.id), uint64(t)))
	m.ctxSchedOut(&m.cpu.ctx, t)
}

// ctxSchedOut uninstalls the classes in t that are in, pinned before flexible, in the order they went in (R-CTX-9).
//
// kernel/events/core.c: ctx_sched_out
func (m *Machine) ctxSchedOut(x *perfContext, t eventType) {
	defer m.leave(m.enter(fnCtxSchedOut, uint64(m.cpu.id), uint64(t)))
	if len(x.events) == 0 {
		return
	}
	was := x.active
	x.active &^= t
	if x.active&eventAll == 0 {
		x.active = 0
	}
	if x.task != nil && x.active == 0 {
		m.cpu.taskCtx = nil
	}
	gone := was &^ x.active
	if gone&eventPinned != 0 {
		m.classSchedOut(&x.pinned)
	}
	if gone&eventFlexible != 0 {
		m.classSchedOut(&x.flexible)
	}
}

func (m *Machine) classSchedOut(k *class) {
	for len(k.active) > 0 {
		m.groupSchedOut(k.active[0])
	}
}

// kernel/events/core.c: group_sched_out
func (m *Machine) groupSchedOut(ev *Event) {
	defer m.leave(m.enter(fnGroupSchedOut, ev.arg()))
	m.eventSchedOut(ev)
}

// eventSchedOut uninstalls ev if it is ACTIVE.
//
// kernel/events/core.c: event_sched_out
func (m *Machine) eventSchedOut(ev *Event) {
	defer m.leave(m.enter(fnEventSchedOut, ev.arg()))
	if ev.state != StateActive {
		return
	}
	if ev.ctx != nil {
		k := ev.ctx.class(ev.pinned)
		k.active = remove(k.active, ev)
	}
	m.hwBreakpointDel(ev)
	ev.oncpu, ev.state = -1, StateInactive
}

// kernel/events/hw_breakpoint.c: hw_breakpoint_del
func (m *Machine) hwBreakpointDel(ev *Event) {
	defer m.leave(m.enter(fnHwBreakpointDel, ev.arg(), 0))
	m.archUninstall(ev)
}

// hwBreakpointAdd starts ev's clock and installs it (R-CTX-15).
//
// kernel/events/hw_breakpoint.c: hw_breakpoint_add
func (m *Machine) hwBreakpointAdd(ev *Event) (err error) {
	defer m.exit(m.enter(fnHwBreakpointAdd, ev.arg(), 1), &err)
	ev.stopped = false
	if ev.attr.SamplePeriod > 0 {
		ev.refreshPeriod()
	}
	return m.archInstall(ev)
}

// perfEventSchedIn schedules in the CPU's and the task's classes that are not in: CPU pinned, task pinned, CPU
// flexible, task flexible.
//
// kernel/events/core.c: perf_event_sched_in
func (m *Machine) perfEventSchedIn(taskCtx *perfContext) {
	defer m.leave(m.enter(fnPerfEventSchedIn, uint64(m.cpu.id), pidArg(m.cpu.curr)))
	m.cpuCtxSchedIn(eventPinned)
	if taskCtx != nil {
		m.ctxSchedIn(taskCtx, eventPinned)
	}
	m.cpuCtxSchedIn(eventFlexible)
	if taskCtx != nil {
		m.ctxSchedIn(taskCtx, eventFlexible)
	}
}

// kernel/events/core.c: cpu_ctx_sched_in
func (m *Machine) cpuCtxSchedIn(t eventType) {
	defer m.leave(m.enter(fnCPUCtxSchedIn, uint64(m.cpu.id), uint64(t)))
	m.ctxSchedIn(&m.cpu.ctx, t)
}

// kernel/events/core.c: ctx_sched_in
func (m *Machine) ctxSchedIn(x *perfContext, t eventType) {
	defer m.leave(m.enter(fnCtxSchedIn, uint64(m.cpu.id), uint64(t)))
	if len(x.events) == 0 {
		return
	}
	was := x.active
	x.active |= t | eventTime
	if x.task != nil && was == 0 {
		m.cpu.taskCtx = x
	}
	fresh := x.active &^ was
	if fresh&eventPinned != 0 {
		m.ctxClassSchedIn(fnCtxPinnedSchedIn, &x.pinned)
	}
	if fresh&eventFlexible != 0 {
		m.ctxClassSchedIn(fnCtxFlexibleSchedIn, &x.flexible)
	}
}

func (m *Machine) ctxClassSchedIn(fn traceFn, k *class) {
	defer m.leave(m.enter(fn))
	m.visitGroupsMerge(k)
}

// visitGroupsMerge goes through the events that may run on this CPU, oldest first (R-CTX-4, 5).
//
// kernel/events/core.c: visit_groups_merge
func (m *Machine) visitGroupsMerge(k *class) {
	defer m.leave(m.enter(fnVisitGroupsMerge, uint64(m.cpu.id)))
	canAdd := true
	for _, ev := range k.tree {
		if ev.cpu == -1 || ev.cpu == m.cpu.id {
			canAdd = m.mergeSchedIn(ev, k, canAdd)
		}
	}
}

// mergeSchedIn schedules one group in and says whether later ones that are not software-capable may still be tried
// (R-CTX-11 to 16). Releases before 6.1 have a function for each class (D-14).
//
// kernel/events/core.c: pinned_sched_in, flexible_sched_in, merge_sched_in
func (m *Machine) mergeSchedIn(ev *Event, k *class, canAdd bool) bool {
	defer m.leave(m.enter(m.mergeFn(ev), ev.arg()))
	if ev.state <= StateOff {
		return canAdd
	}
	if ev.fd || canAdd {
		if m.groupSchedIn(ev) == nil {
			if ev.state == StateActive {
				k.active = append(k.active, ev)
			}
		}
	}
	if ev.state != StateInactive {
		return canAdd
	}
	if ev.pinned {
		ev.state = StateError
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

// kernel/events/core.c: group_sched_in
func (m *Machine) groupSchedIn(ev *Event) (err error) {
	defer m.exit(m.enter(fnGroupSchedIn, ev.arg()), &err)
	if m.eventSchedIn(ev) != nil {
		return eagain
	}
	return nil
}

// eventSchedIn installs ev on the CPU that runs now (R-CTX-11, 12).
//
// kernel/events/core.c: event_sched_in
func (m *Machine) eventSchedIn(ev *Event) (err error) {
	defer m.exit(m.enter(fnEventSchedIn, ev.arg()), &err)
	if ev.state <= StateOff {
		return nil
	}
	ev.oncpu, ev.state = m.cpu.id, StateActive
	if err := m.hwBreakpointAdd(ev); err != nil {
		ev.oncpu, ev.state = -1, StateInactive
		return eagain
	}
	return nil
}

// perfInstallInContext puts a new event into its context (R-EVT-11 to 13).
//
// kernel/events/core.c: perf_install_in_context
func (m *Machine) perfInstallInContext(ev *Event) {
	m.lock(ev.ctx)
	m.installLocked(ev)
	m.unlock(ev.ctx)
}

// installLocked is perf_install_in_context with the context's mutex held.
func (m *Machine) installLocked(ev *Event) {
	x := ev.ctx
	inPlace := m.prof.addInPlace && ev.state == StateOff && len(x.events) > 0
	defer m.leave(m.enterAs(fnPerfInstallInContext, !inPlace && (x.task == nil || x.task.running()), ev.arg(), uint64(int64(ev.cpu))))
	if inPlace {
		m.addEventToCtx(ev, x)
		return
	}
	if x.task == nil {
		_ = m.cpuFunctionCall(ev.cpu, callInstall, ev, 0)
		return
	}
	for {
		if m.taskFunctionCall(x.task, callInstall, ev, 0) == nil {
			return
		}
		if x.dead {
			return
		}
		if !x.task.running() {
			m.addEventToCtx(ev, x)
			return
		}
	}
}

// installInContext runs on the event's CPU, or on the task's (R-EVT-12).
//
// kernel/events/core.c: __perf_install_in_context
func (m *Machine) installInContext(ev *Event) (err error) {
	defer m.exit(m.enter(fnInstallInContext, ev.arg()), &err)
	c, x := m.cpu, ev.ctx
	taskCtx := c.taskCtx
	if x.task != nil {
		taskCtx = x
		if x.task != c.curr {
			if x.task.running() {
				return esrch
			}
			m.addEventToCtx(ev, x)
			return nil
		}
	}
	m.stopClock(x)
	m.addEventToCtx(ev, x)
	m.ctxResched(taskCtx, typeOf(ev))
	return nil
}

// stopClock takes the context's time bit away; rescheduling brings it back.
func (m *Machine) stopClock(x *perfContext) {
	if len(x.events) == 0 {
		return
	}
	x.active &^= eventTime
	if x.active&eventAll == 0 {
		x.active = 0
		if x.task != nil {
			m.cpu.taskCtx = nil
		}
	}
}

// eventFunctionCall runs a function of the event where its context is active, or in place (R-EVT-6).
//
// kernel/events/core.c: event_function_call
func (m *Machine) eventFunctionCall(ev *Event, f remoteCall, flags uint64) {
	defer m.leave(m.enter(fnEventFunctionCall, ev.arg()))
	x := ev.ctx
	if x.task == nil {
		_ = m.cpuFunctionCall(ev.cpu, f, ev, flags)
		return
	}
	for !x.dead {
		if m.taskFunctionCall(x.task, f, ev, flags) == nil {
			return
		}
		if !x.dead && x.active == 0 { // nothing of it is in: states and lists change, no register does
			m.perform(ev, f, flags)
			return
		}
	}
}

// perform does what f names, on the CPU that runs now.
func (m *Machine) perform(ev *Event, f remoteCall, flags uint64) {
	switch f {
	case callEnable:
		m.perfEventEnableFn(ev)
	case callDisable:
		m.perfEventDisableFn(ev)
	case callRemove:
		m.removeFromContext(ev, flags)
	}
}

// eventFunction runs on the event's CPU (R-EVT-6).
//
// kernel/events/core.c: event_function
func (m *Machine) eventFunction(ev *Event, f remoteCall, flags uint64) (err error) {
	defer m.exit(m.enter(fnEventFunction, ev.arg()), &err)
	if x := ev.ctx; x.task != nil && x.task != m.cpu.curr {
		return esrch
	}
	m.perform(ev, f, flags)
	return nil
}

// perfEventEnable is the in-kernel request (R-EVT-3).
//
// kernel/events/core.c: perf_event_enable
func (m *Machine) perfEventEnable(ev *Event) {
	if !m.traced {
		(*untraced)(m).perfEventEnable(ev)
		return
	}
	defer m.leave(m.enter(fnPerfEventEnable, ev.arg()))
	m.perfEventEnableInner(ev)
}

// kernel/events/core.c: _perf_event_enable
func (m *Machine) perfEventEnableInner(ev *Event) {
	defer m.leave(m.enter(fnPerfEventEnableInner, ev.arg()))
	if ev.ctx == nil || ev.state >= StateInactive || ev.state < StateError {
		return
	}
	m.lock(ev.ctx)
	if ev.state == StateError {
		ev.state = StateOff
	}
	m.eventFunctionCall(ev, callEnable, 0)
	m.unlock(ev.ctx)
}

// kernel/events/core.c: __perf_event_enable
func (m *Machine) perfEventEnableFn(ev *Event) {
	defer m.leave(m.enter(fnPerfEventEnableFn, ev.arg()))
	if ev.state >= StateInactive || ev.state <= StateError {
		return
	}
	x := ev.ctx
	ev.state = StateInactive
	if x.active == 0 || ev.cpu >= 0 && ev.cpu != m.cpu.id {
		return
	}
	taskCtx := m.cpu.taskCtx
	m.stopClock(x)
	m.ctxResched(taskCtx, typeOf(ev))
}

// kernel/events/core.c: perf_event_disable
func (m *Machine) perfEventDisable(ev *Event) {
	if !m.traced {
		(*untraced)(m).perfEventDisable(ev)
		return
	}
	defer m.leave(m.enter(fnPerfEventDisable, ev.arg()))
	m.perfEventDisableInner(ev)
}

// kernel/events/core.c: _perf_event_disable
func (m *Machine) perfEventDisableInner(ev *Event) {
	defer m.leave(m.enter(fnPerfEventDisableInner, ev.arg()))
	if ev.ctx == nil || ev.state <= StateOff {
		return
	}
	m.lock(ev.ctx)
	m.eventFunctionCall(ev, callDisable, 0)
	m.unlock(ev.ctx)
}

// kernel/events/core.c: __perf_event_disable
func (m *Machine) perfEventDisableFn(ev *Event) {
	defer m.leave(m.enter(fnPerfEventDisableFn, ev.arg()))
	if ev.state < StateInactive {
		return
	}
	if ev.state == StateActive {
		m.groupSchedOut(ev)
	}
	ev.state = StateOff
}

// detach flags of perf_remove_from_context.
const (
	detachGroup = 1
	detachDead  = 4
)

// perfRemoveFromContext takes ev out of its context (R-EVT-17, 18).
//
// kernel/events/core.c: perf_remove_from_context
func (m *Machine) perfRemoveFromContext(ev *Event) {
	flags := uint64(detachGroup)
	if m.prof.deadAtOnce {
		flags |= detachDead
	}
	defer m.leave(m.enter(fnPerfRemoveFromContext, ev.arg(), flags))
	if m.prof.removeInPlace && ev.ctx.active == 0 {
		m.removeFromContext(ev, flags)
		return
	}
	m.eventFunctionCall(ev, callRemove, flags)
}

// kernel/events/core.c: __perf_remove_from_context
func (m *Machine) removeFromContext(ev *Event, flags uint64) {
	defer m.leave(m.enter(fnRemoveFromContext, ev.arg(), flags))
	x := ev.ctx
	if m.prof.eventDisable && flags&detachDead != 0 && ev.state == StateActive {
		m.eventDisable61(ev)
	} else if ev.state == StateActive {
		m.eventSchedOut(ev)
	}
	x.listDelEvent(ev)
	if flags&detachDead != 0 {
		ev.state = StateDead
	}
	if len(x.events) == 0 && x.active != 0 {
		x.active = 0
		if x.task != nil {
			m.cpu.taskCtx = nil
		}
	}
}

// eventDisable61 is the step that 6.1.192 has between removal and scheduling out.
//
// kernel/events/core.c: __event_disable
func (m *Machine) eventDisable61(ev *Event) {
	defer m.leave(m.enter(fnEventDisable61, ev.arg()))
	m.eventSchedOut(ev)
	ev.state = StateOff
}

// perfEventReleaseKernel lets go of an event and of what was inherited from it (R-EVT-17 to 20).
//
// kernel/events/core.c: perf_event_release_kernel
func (m *Machine) perfEventReleaseKernel(ev *Event) {
	defer m.leave(m.enter(fnPerfEventReleaseKernel, ev.arg()))
	m.detachEvent(ev)
	for len(ev.children) > 0 {
		c := ev.children[0]
		ev.children = ev.children[1:]
		ev.childCount += c.count
		m.detachEvent(c)
		m.freeEvent(c)
		ev.refs--
	}
	m.putEvent(ev)
}

func (m *Machine) detachEvent(ev *Event) {
	if ev.ctx != nil {
		m.lock(ev.ctx)
		m.perfRemoveFromContext(ev)
		m.unlock(ev.ctx)
	}
	ev.state = StateDead
}

// kernel/events/core.c: put_event
func (m *Machine) putEvent(ev *Event) {
	defer m.leave(m.enter(fnPutEvent, ev.arg()))
	if ev.refs--; ev.refs == 0 {
		m.freeEvent(ev)
	}
}
