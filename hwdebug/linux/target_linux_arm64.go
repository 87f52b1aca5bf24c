// The target: perf events, tasks and accesses as system calls.

package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Target is the running kernel.
type Target struct {
	host   *Host
	events []int      // file descriptors, -1 when closed
	tasks  []*process // nil when they have exited
	pids   []int      // of all tasks
	down   []int      // CPUs that were taken down
}

var (
	_ hwdebug.Target     = (*Target)(nil)
	_ hwdebug.Tasker     = (*Target)(nil)
	_ hwdebug.Ptracer    = (*Target)(nil)
	_ hwdebug.Hotplugger = (*Target)(nil)
	_ hwdebug.Shutdowner = (*Target)(nil)
)

// CPUs returns the number of possible CPUs.
func (t *Target) CPUs() int { return t.host.cpus }

// BRPs returns how many breakpoint registers the kernel uses.
func (t *Target) BRPs() int { return t.host.brps }

// WRPs returns how many watchpoint registers the kernel uses.
func (t *Target) WRPs() int { return t.host.wrps }

// Supports returns nil, or why user space cannot do f.
func (t *Target) Supports(f hwdebug.Feature) error { return supports(f, t.host.hotplug) }

// Open calls perf_event_open.
func (t *Target) Open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) (hwdebug.EventID, error) {
	pid := -1
	if task != hwdebug.NoTask {
		if int(task) < 0 || int(task) >= len(t.pids) {
			return 0, fmt.Errorf("no task %d on this target", task)
		}
		pid = t.pids[task]
	}
	fd, err := unix.PerfEventOpen(attr(&a), pid, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("perf_event_open: %w", err)
	}
	t.events = append(t.events, fd)
	return hwdebug.EventID(len(t.events) - 1), nil
}

// attr returns the attributes as the kernel reads them.
func attr(a *hwdebug.Attr) *unix.PerfEventAttr {
	const breakpoint = 5 // PERF_TYPE_BREAKPOINT
	p := &unix.PerfEventAttr{
		Type: breakpoint, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})), Sample: a.SamplePeriod,
		Bp_type: uint32(a.Type), Ext1: a.Addr, Ext2: a.Len,
	}
	for _, f := range []struct {
		set bool
		bit uint
	}{
		{a.Disabled, 0}, {a.Inherit, 1}, {a.Pinned, 2}, {a.ExcludeUser, 4}, {a.ExcludeKernel, 5},
		{a.ExcludeHV, 6}, {a.Freq, 10}, {a.EnableOnExec, 12}, {a.InheritThread, 35}, {a.RemoveOnExec, 36},
		{a.Sigtrap, 37},
	} {
		if f.set {
			p.Bits |= 1 << f.bit
		}
	}
	return p
}

// fd returns the file of an event.
func (t *Target) fd(id hwdebug.EventID) (int, error) {
	if id < 0 || int(id) >= len(t.events) || t.events[id] < 0 {
		return -1, fmt.Errorf("no event %d on this target", id)
	}
	return t.events[id], nil
}

// ioctl sends a request to an event.
func (t *Target) ioctl(id hwdebug.EventID, name string, request uint, arg uintptr) error {
	fd, err := t.fd(id)
	if err != nil {
		return err
	}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), arg); e != 0 {
		return fmt.Errorf("%s: %w", name, e)
	}
	return nil
}

// Enable sends PERF_EVENT_IOC_ENABLE.
func (t *Target) Enable(id hwdebug.EventID) error {
	return t.ioctl(id, "PERF_EVENT_IOC_ENABLE", unix.PERF_EVENT_IOC_ENABLE, 0)
}

// Disable sends PERF_EVENT_IOC_DISABLE.
func (t *Target) Disable(id hwdebug.EventID) error {
	return t.ioctl(id, "PERF_EVENT_IOC_DISABLE", unix.PERF_EVENT_IOC_DISABLE, 0)
}

// Modify sends PERF_EVENT_IOC_MODIFY_ATTRIBUTES.
func (t *Target) Modify(id hwdebug.EventID, a hwdebug.Attr) error {
	return t.ioctl(id, "PERF_EVENT_IOC_MODIFY_ATTRIBUTES", unix.PERF_EVENT_IOC_MODIFY_ATTRIBUTES,
		uintptr(unsafe.Pointer(attr(&a))))
}

// Read reads the count. Nothing can be read from an event in the error state.
func (t *Target) Read(id hwdebug.EventID) (count uint64, ok bool, err error) {
	fd, err := t.fd(id)
	if err != nil {
		return 0, false, err
	}
	var buf [8]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return 0, false, fmt.Errorf("read: %w", err)
	}
	return binary.LittleEndian.Uint64(buf[:]), n == len(buf), nil
}

// Close closes an event.
func (t *Target) Close(id hwdebug.EventID) error {
	fd, err := t.fd(id)
	if err != nil {
		return err
	}
	t.events[id] = -1
	return unix.Close(fd)
}

// process returns a task that has not exited.
func (t *Target) process(id hwdebug.TaskID) (*process, error) {
	if id < 0 || int(id) >= len(t.tasks) || t.tasks[id] == nil {
		return nil, fmt.Errorf("no task %d on this target: %w", id, unix.ESRCH)
	}
	return t.tasks[id], nil
}

// add returns the number of a new task.
func (t *Target) add(p *process) hwdebug.TaskID {
	t.tasks = append(t.tasks, p)
	t.pids = append(t.pids, p.pid)
	return hwdebug.TaskID(len(t.tasks) - 1)
}

// NewTask forks a task from the first worker, with memory of its own.
func (t *Target) NewTask(cpu int) (hwdebug.TaskID, error) {
	p, err := t.host.fork(t.host.first)
	if err != nil {
		return 0, err
	}
	id := t.add(p)
	if err := bind(p.pid, cpu); err != nil {
		return 0, errors.Join(fmt.Errorf("sched_setaffinity: %w", err), t.Exit(id))
	}
	if _, err := t.host.tell(p, command{op: opMap}); err != nil {
		return 0, err
	}
	return id, t.host.parked(p)
}

// Fork forks a task.
func (t *Target) Fork(from hwdebug.TaskID) (hwdebug.TaskID, error) {
	p, err := t.process(from)
	if err != nil {
		return 0, err
	}
	child, err := t.host.fork(p)
	if err != nil {
		return 0, err
	}
	return t.add(child), nil
}

// Migrate binds a task to a CPU.
func (t *Target) Migrate(id hwdebug.TaskID, cpu int) error {
	p, err := t.process(id)
	if err != nil {
		return err
	}
	if err := bind(p.pid, cpu); err != nil {
		return fmt.Errorf("sched_setaffinity: %w", err)
	}
	return nil
}

// Exit ends a task and reaps it.
func (t *Target) Exit(id hwdebug.TaskID) error {
	p, err := t.process(id)
	if err != nil {
		return err
	}
	t.tasks[id] = nil
	if err := t.host.send(p, command{op: opExit}); err != nil {
		return err
	}
	if !p.traced {
		return t.host.reap(p)
	}
	t.host.tracer.do(func() { err = t.host.reap(p) })
	return err
}

// Access performs one access as a task, and takes the traps that stop it.
func (t *Target) Access(
	id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int,
) (trap hwdebug.Trap, err error) {
	p, err := t.process(id)
	if err != nil {
		return trap, err
	}
	if sizes := []int{1, 2, 4, 8, 16, 32}; k != hwdebug.Exec && !slices.Contains(sizes, size) {
		why := fmt.Sprintf("the target linux has no access of %d bytes", size)
		return trap, hwdebug.NotSupported("access", why)
	}
	op := map[hwdebug.Kind]uint64{hwdebug.Load: opLoad, hwdebug.Store: opStore, hwdebug.Exec: opExec}[k]
	if err := t.host.send(p, command{op: op, addr: addr, size: uint64(size)}); err != nil {
		return trap, err
	}
	for p.traced && !t.host.answered(p) {
		if err := t.host.tracer.trapped(p, k == hwdebug.Exec, &trap); err != nil {
			return trap, err
		}
	}
	if _, err := t.host.answer(p); err != nil {
		return trap, err
	}
	return trap, t.host.parked(p)
}

// KernelAccess needs a module.
func (t *Target) KernelAccess(int, hwdebug.Kind, uint64, int) error {
	return t.Supports(hwdebug.FeatureKernelAccess)
}

// PtraceSetReg writes a register set as a debugger does.
func (t *Target) PtraceSetReg(
	id hwdebug.TaskID, which hwdebug.PtraceSet, idx int, reg hwdebug.PtraceReg,
) error {
	p, err := t.process(id)
	if err != nil {
		return err
	}
	if err := t.host.tracer.set(p, which, idx, reg); err != nil {
		return err
	}
	return t.host.parked(p)
}

// PtraceGetRegs reads a register set.
func (t *Target) PtraceGetRegs(
	id hwdebug.TaskID, which hwdebug.PtraceSet,
) (info uint32, regs []hwdebug.PtraceReg, err error) {
	p, err := t.process(id)
	if err != nil {
		return 0, nil, err
	}
	if info, regs, err = t.host.tracer.get(p, which); err != nil {
		return 0, nil, err
	}
	return info, regs, t.host.parked(p)
}

// CPUDown takes a CPU down.
func (t *Target) CPUDown(cpu int) error {
	if err := os.WriteFile(onlineFile(cpu), []byte("0"), 0); err != nil {
		return err
	}
	t.down = append(t.down, cpu)
	return nil
}

// CPUUp brings a CPU up.
func (t *Target) CPUUp(cpu int) error {
	t.down = slices.DeleteFunc(t.down, func(c int) bool { return c == cpu })
	return os.WriteFile(onlineFile(cpu), []byte("1"), 0)
}

// Shutdown closes the events, ends the tasks and brings the CPUs up.
func (t *Target) Shutdown() error {
	var errs []error
	for id, fd := range t.events {
		if fd >= 0 {
			errs = append(errs, t.Close(hwdebug.EventID(id)))
		}
	}
	for id, p := range t.tasks {
		if p != nil {
			errs = append(errs, t.Exit(hwdebug.TaskID(id)))
		}
	}
	for _, cpu := range slices.Clone(t.down) {
		errs = append(errs, t.CPUUp(cpu))
	}
	return errors.Join(errs...)
}

// supports returns nil for the features that user space has, and otherwise the reason.
func supports(f hwdebug.Feature, hotplug error) error {
	switch f {
	case hwdebug.FeatureTasks, hwdebug.FeaturePtrace:
		return nil
	case hwdebug.FeatureHotplug:
		return hotplug
	case hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess, hwdebug.FeatureUserCopy:
		return hwdebug.NotSupported(string(f), "module operations need a module in the kernel")
	case hwdebug.FeatureRegisters:
		return hwdebug.NotSupported(string(f), "user space cannot read the debug registers")
	}
	return hwdebug.NotSupported(string(f), "the target linux has no "+string(f)+" yet")
}
