// Kernel counters: events that kernel code creates one by one, and their release (kernel/events/core.c).

package sim

import "github.com/hwlua/hwlua/hwdebug"

// PerfEventCreateKernelCounter creates one event in the kernel: of a CPU if task is nil, of a task
// wherever it runs if cpu is -1, and otherwise of the task on that CPU alone. A nil h stands for the
// kernel's default handler (R-CON-21).
func (m *Machine) PerfEventCreateKernelCounter(a hwdebug.Attr, cpu int, task *Task, h Handler) (
	*Event, error) {
	r := &create{op: "perf_event_create_kernel_counter", attr: a, task: task, cpu: cpu, handler: h}
	if err := m.createNeeds(r); err != nil {
		return nil, err
	}
	defer m.done(m.here())
	if err := m.createTurn(r); err != nil {
		return nil, err
	}
	return m.createKernelCounter(r)
}

// PerfEventReleaseKernel releases an event that kernel code created: by PerfEventCreateKernelCounter,
// RegisterUserHwBreakpoint or as part of a wide registration (R-CON-22).
func (m *Machine) PerfEventReleaseKernel(ev *Event) error {
	if ev == nil {
		return misusef("perf_event_release_kernel needs an event; unregister_hw_breakpoint " +
			"accepts none")
	}
	if err := m.release(ev, "perf_event_release_kernel", ev.fixRelease(), ev.ofKernel()); err != nil {
		return err
	}
	defer m.done(m.here())
	ev.closed = true
	m.perfEventReleaseKernel(ev)
	ev.leaveWide()
	return nil
}

// ofKernel reports whether kernel code created ev and may release it.
func (ev *Event) ofKernel() bool { return !ev.fd && !ev.tracer }

// fixRelease returns how an event of another kind is released.
func (ev *Event) fixRelease() string {
	if ev.tracer {
		return "its tracer disables it, and the task's exit or exec releases it"
	}
	return "close it"
}

// leaveWide takes an event that was released alone out of its wide registration, which skips its CPU
// from then on (R-CON-22).
func (ev *Event) leaveWide() {
	if w := ev.wide; w != nil && w.events[ev.cpu] == ev {
		w.events[ev.cpu] = nil
	}
}
