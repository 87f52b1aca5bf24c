// Requests: the calls on events, from opening and registering to modifying and closing.

package sim

import (
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

// PerfEventOpen opens a breakpoint event for task (nil: none) on cpu (-1: wherever the task runs), as the
// system call does for a caller that keeps one file descriptor for each event (R-VAL-1, R-VAL-5).
func (m *Machine) PerfEventOpen(a hwdebug.Attr, task *Task, cpu int) (*Event, error) {
	return m.openEvent(&create{op: "perf_event_open", attr: a, task: task, cpu: cpu, fd: true})
}

// openEvent runs perf_event_open for the caller.
func (m *Machine) openEvent(r *create) (*Event, error) {
	if err := m.createNeeds(r); err != nil {
		return nil, err
	}
	defer m.done(m.here())
	if err := m.createTurn(r); err != nil {
		return nil, err
	}
	return m.perfEventOpen(r)
}

// openFn returns the body of the system call perf_event_open.
func (m *Machine) openFn() traceFn {
	if m.prof.six {
		return fnPerfEventOpen61
	}
	return fnPerfEventOpen
}

// perfEventOpen checks the request as the system call does and creates the event.
//
// kernel/events/core.c: perf_event_open
func (m *Machine) perfEventOpen(r *create) (ev *Event, err error) {
	fn := m.openFn()
	m.via(fnArm64SysPerfEventOpen)
	k := m.enter3(fn, r.attr.Addr, pidArg(r.task), uint64(int64(r.cpu)))
	refuse := func(rule string, errno syscall.Errno, found, fix string) error {
		return m.end(k, m.refuse(&hwdebug.Error{
			Errno: errno, Rule: rule, Fn: fns[fn.Name()].Name, Op: r.op, Asked: r.asked(),
			Found: found, Fix: fix,
		}))
	}
	if errno, found, fix := m.perfCopyAttr(&r.attr); errno != 0 {
		return nil, refuse("R-VAL-5", errno, found, fix)
	}
	if m.prof.paranoidAny && m.paranoid(2) {
		return nil, refuse("R-VAL-27", eacces, m.paranoidFound("CAP_SYS_ADMIN"), "set it to 2 or below")
	}
	if !r.attr.ExcludeKernel && m.paranoid(1) {
		return nil, refuse("R-VAL-5", eacces, m.paranoidFound(m.perfCapability()),
			"set exclude_kernel, or set it to 1 or below")
	}
	switch {
	case r.attr.Freq && r.attr.SamplePeriod > maxSampleRate:
		return nil, refuse("R-VAL-5", einval, sprintf("sample_freq is above %d", maxSampleRate),
			"use a lower frequency")
	case !r.attr.Freq && r.attr.SamplePeriod>>63 != 0:
		return nil, refuse("R-VAL-5", einval, "sample_period has bit 63 set", "use a period below 2^63")
	}
	if r.task != nil && r.task.dead {
		return nil, refuse("R-VAL-5", esrch, "the task has exited", "use a living task")
	}
	if l := r.leader; l != nil && r.task != nil && l.attr.Inherit != r.attr.Inherit {
		return nil, refuse("R-GRP-1", einval, "leader and member differ in inherit",
			"set it in both or in none")
	}
	ev, err = m.createEvent(r)
	return ev, m.end(k, err)
}

// perfCopyAttr checks the attributes that came with 5.13: which of them a kernel knows, and which go together
// (R-VAL-26). Without an errno they are valid.
//
// kernel/events/core.c: perf_copy_attr
func (m *Machine) perfCopyAttr(a *hwdebug.Attr) (errno syscall.Errno, found, fix string) {
	known := m.prof.attrs513
	switch {
	case a.Sigtrap && !known:
		return syscall.E2BIG, "sigtrap: this kernel's perf_event_attr has no sig_data", "use 5.13 or later"
	case (a.RemoveOnExec || a.InheritThread) && !known:
		return einval, "remove_on_exec and inherit_thread are unknown to this kernel", "use 5.13 or later"
	case a.InheritThread && !a.Inherit:
		return einval, "inherit_thread without inherit", "set inherit too"
	case a.RemoveOnExec && a.EnableOnExec:
		return einval, "remove_on_exec and enable_on_exec exclude each other", "leave one out"
	case a.Sigtrap && !a.RemoveOnExec:
		return einval, "sigtrap without remove_on_exec", "set remove_on_exec too"
	}
	return 0, "", ""
}

// createNeeds returns an error if the task is of another machine or the request needs a CPU that is
// suspended.
func (m *Machine) createNeeds(r *create) error {
	if r.task != nil {
		if r.task.m != m {
			return misusef("%s needs a task of this machine", r.op)
		}
		return m.cpus[r.task.cpu].powered()
	}
	if r.cpu >= 0 && r.cpu < len(m.cpus) {
		return m.cpus[r.cpu].powered()
	}
	return nil
}

// createTurn calls preempt for a request to create an event, and returns an error if the caller must not wait
// for what the request then needs.
func (m *Machine) createTurn(r *create) error {
	if err := m.preempt(); err != nil {
		return err
	}
	switch {
	case r.task != nil:
		return m.createAtomic(r.op, r.task, r.task.ctx)
	case r.cpu >= 0 && r.cpu < len(m.cpus):
		return m.createAtomic(r.op, nil, &m.cpus[r.cpu].ctx)
	}
	return nil
}

// RegisterUserHwBreakpoint registers an event for task from kernel code. A nil h stands for the kernel's
// default handler (R-CON-19).
func (m *Machine) RegisterUserHwBreakpoint(a hwdebug.Attr, h Handler, task *Task) (*Event, error) {
	if task == nil {
		return nil, misusef("register_user_hw_breakpoint needs a task")
	}
	r := &create{op: "register_user_hw_breakpoint", attr: a, task: task, cpu: -1, handler: h}
	if err := m.createNeeds(r); err != nil {
		return nil, err
	}
	defer m.done(m.here())
	if err := m.createTurn(r); err != nil {
		return nil, err
	}
	return m.registerUserHwBreakpoint(r)
}

// kernel/events/hw_breakpoint.c: register_user_hw_breakpoint
func (m *Machine) registerUserHwBreakpoint(r *create) (ev *Event, err error) {
	defer m.exit(m.enter2(fnRegisterUserHwBreakpoint, r.attr.Addr, pidArg(r.task)), &err)
	return m.createKernelCounter(r)
}

// UnregisterHwBreakpoint releases an event that kernel code created, one of a wide registration too; nil does
// nothing (R-CON-19, 22).
func (m *Machine) UnregisterHwBreakpoint(ev *Event) error {
	if ev == nil {
		return nil
	}
	if err := m.release(ev, "unregister_hw_breakpoint", ev.fixRelease(), ev.ofKernel()); err != nil {
		return err
	}
	defer m.done(m.here())
	m.unregisterHwBreakpoint(ev, true)
	ev.leaveWide()
	return nil
}

// release checks whether op can release ev; own is set if op may do so.
func (m *Machine) release(ev *Event, op, fix string, own bool) error {
	if err := m.owns(op, ev); err != nil {
		return err
	}
	if !own {
		return misusef("%s cannot release %s, which it did not register; fix: %s", op, ev.Label(), fix)
	}
	if err := ev.needs(); err != nil {
		return err
	}
	if err := ev.turn(); err != nil {
		return err
	}
	return m.releaseAtomic(op, ev)
}

// turn calls preempt for a call on ev, and returns an error if another thread has released ev meanwhile.
func (ev *Event) turn() error {
	if err := ev.m.preempt(); err != nil {
		return err
	}
	return ev.gone()
}

// drop releases the reference that a call holds on ev, so that ev outlives the call even if others release
// it.
func (ev *Event) drop() {
	if ev.refs--; ev.refs == 0 && !ev.freed {
		ev.m.freeEvent(ev)
	}
}

// unregisterHwBreakpoint releases ev; frame is false if the compiler inlines the function in its caller.
//
// kernel/events/hw_breakpoint.c: unregister_hw_breakpoint
func (m *Machine) unregisterHwBreakpoint(ev *Event, frame bool) {
	defer m.leave(m.enter1(framed(fnUnregisterHwBreakpoint, frame), ev.arg()))
	ev.closed = true
	m.perfEventReleaseKernel(ev)
}

// Close closes the event's file (R-EVT-21).
func (ev *Event) Close() error {
	m := ev.m
	if err := m.release(ev, "close", "unregister it", ev.fd); err != nil {
		return err
	}
	defer m.done(m.here())
	m.fput(ev)
	return nil
}

// fput drops the last reference to ev's file. Until 6.1 it runs as task work, on the caller's way back to
// user space. The caller's stack is no longer there (C-12).
//
// fs/file_table.c: ____fput, __fput
func (m *Machine) fput(ev *Event) {
	k := m.enterClose()
	k2 := m.enter1(fnPerfRelease, ev.arg())
	ev.closed = true
	m.perfEventReleaseKernel(ev)
	m.leave(k2)
	m.leaveAll(k)
}

// PerfEventEnable calls the kernel's perf_event_enable for this one event (R-EVT-3).
func (m *Machine) PerfEventEnable(ev *Event) error {
	return m.onEvent("perf_event_enable", ev, func() error { m.perfEventEnable(ev); return nil })
}

// PerfEventDisable calls the kernel's perf_event_disable for this one event (R-EVT-4).
func (m *Machine) PerfEventDisable(ev *Event) error {
	return m.onEvent("perf_event_disable", ev, func() error { m.perfEventDisable(ev); return nil })
}

// onEvent checks that op on ev is possible, and calls fn with a reference held on ev.
func (m *Machine) onEvent(op string, ev *Event, fn func() error) error {
	if err := m.owns(op, ev); err != nil {
		return err
	}
	if err := ev.needs(); err != nil {
		return err
	}
	defer m.done(m.here())
	if err := ev.turn(); err != nil {
		return err
	}
	if err := m.mutexFree(op, ev.ctx); err != nil {
		return err
	}
	ev.refs++
	defer ev.drop()
	return fn()
}

// Enable issues the fd request ENABLE, which enables the event and then each inherited one (R-EVT-27). For
// an event registered in the kernel it calls perf_event_enable.
func (ev *Event) Enable() error { return ev.request(ev.m.perfEventEnable, ev.m.perfEventEnableInner) }

// Disable issues the fd request DISABLE, which disables the event and then each inherited one. For an event
// registered in the kernel it calls perf_event_disable.
func (ev *Event) Disable() error {
	return ev.request(ev.m.perfEventDisable, ev.m.perfEventDisableInner)
}

// request calls inner for ev and each inherited event, or whole for an event registered in the kernel.
func (ev *Event) request(whole, inner func(*Event)) error {
	m := ev.m
	return m.onEvent("ioctl", ev, func() error {
		if !ev.fd {
			whole(ev)
			return nil
		}
		m.viaIoctl()
		defer m.leave(m.enter1(fnPerfIoctl, ev.arg()))
		m.via(fnPerfIoctlInner)
		inner(ev)
		for _, c := range ev.children {
			inner(c)
		}
		return nil
	})
}

// Read returns the event's count (R-EVT-28); ok is false for a file whose event is in ERROR: it reads 0
// bytes.
func (ev *Event) Read() (n uint64, ok bool, err error) {
	if err := ev.gone(); err != nil {
		return 0, false, err
	}
	m := ev.m
	defer m.done(m.here())
	defer m.leave(m.enter1(fnPerfRead, ev.arg()))
	m.mightSleep(fnMutexLock)
	if ev.fd && ev.state == StateError {
		return 0, false, nil
	}
	return ev.Count(), true, nil
}

// Modify issues the fd request MODIFY_ATTRIBUTES (R-VAL-25). Only address, type, length and disabled may
// differ.
func (ev *Event) Modify(a hwdebug.Attr) error {
	if err := ev.gone(); err != nil {
		return err
	}
	if !ev.fd {
		return misusef("%s has no file to modify; it was registered in the kernel", ev.Label())
	}
	m := ev.m
	return m.onEvent("modify", ev, func() error {
		if err := m.modifyAtomic("modify", ev, &a); err != nil {
			return err
		}
		return m.perfEventModifyAttr(ev, a)
	})
}

// kernel/events/core.c: perf_event_modify_attr
func (m *Machine) perfEventModifyAttr(ev *Event, a hwdebug.Attr) (err error) {
	m.viaIoctl()
	defer m.exit(m.enter1(fnPerfIoctl, ev.arg()), &err)
	m.via(fnPerfIoctlInner)
	defer m.exit(m.enter1(fnPerfEventModifyAttr, ev.arg()), &err)
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
	defer m.exit(m.enter1(fnPerfEventModifyBreakpoint, ev.arg()), &err)
	m.perfEventDisableInner(ev)
	m.pathPoint()
	err = m.modifyCheck("modify_attributes", ev, a, true)
	m.pathPoint()
	if !ev.attr.Disabled {
		m.perfEventEnableInner(ev)
	}
	return err
}

// ModifyUserHwBreakpoint changes address, type, length and disabled of a registered event (R-VAL-22 to 24).
func (m *Machine) ModifyUserHwBreakpoint(ev *Event, a hwdebug.Attr) error {
	const op = "modify_user_hw_breakpoint"
	return m.onEvent(op, ev, func() error {
		if err := m.modifyAtomic(op, ev, &a); err != nil {
			return err
		}
		return m.modifyUserHwBreakpoint(ev, a)
	})
}

// kernel/events/hw_breakpoint.c: modify_user_hw_breakpoint
func (m *Machine) modifyUserHwBreakpoint(ev *Event, a hwdebug.Attr) (err error) {
	defer m.exit(m.enter1(fnModifyUserHwBreakpoint, ev.arg()), &err)
	if m.cpu.irqsOff && ev.ctx != nil && ev.ctx.task == m.cpu.curr {
		m.perfEventDisableLocal(ev)
	} else {
		m.perfEventDisable(ev)
	}
	m.pathPoint()
	err = m.modifyCheck("modify_user_hw_breakpoint", ev, a, false)
	m.pathPoint()
	if !ev.attr.Disabled {
		m.perfEventEnable(ev)
	}
	return err
}

// modifyCheck performs steps (b) to (d) of R-VAL-22. With check it also makes the comparison of R-VAL-25.
//
// kernel/events/hw_breakpoint.c: modify_user_hw_breakpoint_check
func (m *Machine) modifyCheck(op string, ev *Event, a hwdebug.Attr, check bool) (err error) {
	defer m.exit(m.enter1(fnModifyUserHwBreakpointCheck, ev.arg()), &err)
	image, address, err := m.hwBreakpointParse(op, ev, &a)
	if err != nil {
		return err
	}
	if check {
		b := ev.attr
		b.Type, b.Addr, b.Len, b.Disabled, b.Name = a.Type, a.Addr, a.Len, a.Disabled, a.Name
		if a != b {
			return ev.refuse(einval, "R-VAL-25", "modify_user_hw_breakpoint_check", op, &a,
				"an attribute other than address, type, length and disabled differs", "open a new event")
		}
	}
	if a.Type != ev.attr.Type {
		if err := m.modifyBpSlot(op, ev, a.Type); err != nil {
			return err
		}
	}
	ev.attr.Addr, ev.attr.Len, ev.attr.Disabled = a.Addr, a.Len, a.Disabled
	ev.setType(a.Type)
	ev.image, ev.address = image, address
	return nil
}
