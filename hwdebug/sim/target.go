// Target: the machine as a hwdebug.Target, driven one step at a time.

package sim

import (
	"errors"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A Target drives a machine as a test program drives a real one. The program runs on CPU 0. Its tasks run
// only while they perform an operation, and are switched out again afterwards.
type Target struct {
	m      *Machine
	events []targetEvent
	tasks  []*Task

	catches bool            // an event sends signals, which the tasks handle
	caught  hwdebug.Handled // during this access
	timed   bool            // an event has a frequency, so that the time between accesses matters
	preempt bool            // the next fork or exec is preempted
}

// stepTime is the time that passes between two accesses of a test program, for events with a frequency.
// On the recorded machines it is between one tick and two.
const stepTime = 5 * time.Millisecond

// passTime lets the time between two accesses pass.
func (t *Target) passTime() error {
	if !t.timed {
		return nil
	}
	return t.m.Msleep(stepTime)
}

type targetEvent struct {
	ev   *Event
	wide *Wide
}

var (
	_ hwdebug.Target          = (*Target)(nil)
	_ hwdebug.KernelRegistrar = (*Target)(nil)
	_ hwdebug.Tasker          = (*Target)(nil)
	_ hwdebug.UserCopier      = (*Target)(nil)
	_ hwdebug.Dumper          = (*Target)(nil)
	_ hwdebug.Ptracer         = (*Target)(nil)
	_ hwdebug.Switcher        = (*Target)(nil)
	_ hwdebug.Hotplugger      = (*Target)(nil)
	_ hwdebug.Sampler         = (*Target)(nil)
	_ hwdebug.Grouper         = (*Target)(nil)
	_ hwdebug.WriteLogger     = (*Target)(nil)
	_ hwdebug.Execer          = (*Target)(nil)
	_ hwdebug.Preempter       = (*Target)(nil)
	_ hwdebug.CompatTasker    = (*Target)(nil)
	_ hwdebug.Shutdowner      = (*Target)(nil)
)

// Target returns the machine as a hwdebug.Target.
func (m *Machine) Target() *Target { return &Target{m: m} }

// CPUs returns the number of possible CPUs.
func (t *Target) CPUs() int { return len(t.m.cpus) }

// BRPs returns how many breakpoint registers the kernel uses.
func (t *Target) BRPs() int { return t.m.brps }

// WRPs returns how many watchpoint registers the kernel uses.
func (t *Target) WRPs() int { return t.m.wrps }

// Supports returns nil for the features of the contract that the model has.
func (t *Target) Supports(f hwdebug.Feature) error {
	switch f {
	case hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess, hwdebug.FeatureTasks,
		hwdebug.FeatureUserCopy, hwdebug.FeatureRegisters, hwdebug.FeaturePtrace, hwdebug.FeatureSwitch,
		hwdebug.FeatureHotplug, hwdebug.FeatureExec, hwdebug.FeatureCompat, hwdebug.FeatureSampling,
		hwdebug.FeatureGroups, hwdebug.FeatureWrites, hwdebug.FeaturePreemption:
		return nil
	case hwdebug.FeaturePMUEvents,
		hwdebug.FeatureSoftwareEvents, hwdebug.FeatureBPF:
		return hwdebug.NotSupported(string(f), "the model has no "+string(f))
	}
	return misusef("'%s' is not a feature of the contract", f)
}

// Shutdown closes the machine.
func (t *Target) Shutdown() error {
	t.m.Close()
	return nil
}

// event returns an event of the target.
func (t *Target) event(id hwdebug.EventID) (*Event, error) {
	if id < 0 || int(id) >= len(t.events) || t.events[id].ev == nil {
		return nil, misusef("no event %d on this target", id)
	}
	return t.events[id].ev, nil
}

// task returns a task of the target.
func (t *Target) task(id hwdebug.TaskID) (*Task, error) {
	if id < 0 || int(id) >= len(t.tasks) {
		return nil, misusef("no task %d on this target", id)
	}
	return t.tasks[id], nil
}

// onEvent calls fn with an event of the target.
func (t *Target) onEvent(id hwdebug.EventID, fn func(*Event) error) error {
	ev, err := t.event(id)
	if err != nil {
		return err
	}
	return fn(ev)
}

// onTask calls fn with a task of the target.
func (t *Target) onTask(id hwdebug.TaskID, fn func(*Task) error) error {
	tsk, err := t.task(id)
	if err != nil {
		return err
	}
	return fn(tsk)
}

// onCPU calls fn with a CPU of the machine.
func (t *Target) onCPU(cpu int, fn func(*CPU) error) error {
	if !t.m.hasCPU(cpu) {
		return t.m.noCPU(cpu)
	}
	return fn(t.m.cpus[cpu])
}

// add returns the ID of a new event, unless its creation failed.
func (t *Target) add(e targetEvent, err error) (hwdebug.EventID, error) {
	if err != nil {
		return 0, err
	}
	t.events = append(t.events, e)
	return hwdebug.EventID(len(t.events) - 1), nil
}

// addTask returns the ID of a new task, unless its creation failed.
func (t *Target) addTask(tsk *Task, err error) (hwdebug.TaskID, error) {
	if err != nil {
		return 0, err
	}
	t.tasks = append(t.tasks, tsk)
	return hwdebug.TaskID(len(t.tasks) - 1), nil
}

// handler returns h as a handler of the machine.
func (t *Target) handler(h hwdebug.Handler, id hwdebug.EventID) Handler {
	if h == nil {
		return nil
	}
	return func(_ *Event, hit *Hit) error {
		hit.Skip = h(id, hit.Addr)
		return nil
	}
}

// Open opens an event (hwdebug.Target).
func (t *Target) Open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) (hwdebug.EventID, error) {
	return t.open(a, task, cpu, nil)
}

// OpenMember opens an event as a member of a group (hwdebug.Grouper).
func (t *Target) OpenMember(a hwdebug.Attr, task hwdebug.TaskID, cpu int, leader hwdebug.EventID) (
	hwdebug.EventID, error) {
	l, err := t.event(leader)
	if err != nil {
		return 0, err
	}
	return t.open(a, task, cpu, l)
}

func (t *Target) open(a hwdebug.Attr, task hwdebug.TaskID, cpu int, leader *Event) (hwdebug.EventID, error) {
	var tsk *Task
	if task != hwdebug.NoTask {
		var err error
		if tsk, err = t.task(task); err != nil {
			return 0, err
		}
	}
	ev, err := t.m.PerfEventOpenGroup(a, tsk, cpu, leader)
	t.catches = t.catches || err == nil && a.Sigtrap
	t.timed = t.timed || err == nil && a.Freq
	return t.add(targetEvent{ev: ev}, err)
}

// LogWrites begins or ends the log of register writes.
func (t *Target) LogWrites(on bool) { t.m.logWrites = on }

// TakeWrites appends the register writes since the last call to dst.
func (t *Target) TakeWrites(dst []hwdebug.RegWrite) []hwdebug.RegWrite {
	dst = append(dst, t.m.writes...)
	t.m.writes = t.m.writes[:0]
	return dst
}

// EnableGroup and DisableGroup issue the fd requests for an event's group.
func (t *Target) EnableGroup(id hwdebug.EventID) error  { return t.onEvent(id, (*Event).EnableGroup) }
func (t *Target) DisableGroup(id hwdebug.EventID) error { return t.onEvent(id, (*Event).DisableGroup) }

// ReadGroup appends the counts of an event's group to dst.
func (t *Target) ReadGroup(id hwdebug.EventID, dst []hwdebug.GroupCount) (
	counts []hwdebug.GroupCount, ok bool, err error) {
	ev, err := t.event(id)
	if err != nil {
		return nil, false, err
	}
	v, ok, err := ev.ReadValues()
	for _, c := range v.Counts {
		dst = append(dst, hwdebug.GroupCount{Event: t.idOf(c.Event), Count: c.Count})
	}
	return dst, ok, err
}

// idOf returns the ID of an event of the target, -1 for another one.
func (t *Target) idOf(ev *Event) hwdebug.EventID {
	for i := range t.events {
		if t.events[i].ev == ev {
			return hwdebug.EventID(i)
		}
	}
	return -1
}

// Reset issues the fd request RESET.
func (t *Target) Reset(id hwdebug.EventID) error { return t.onEvent(id, (*Event).Reset) }

// Refresh issues the fd request REFRESH.
func (t *Target) Refresh(id hwdebug.EventID, n uint64) error {
	return t.onEvent(id, func(ev *Event) error { return ev.Refresh(int32(n)) })
}

// Period issues the fd request PERIOD.
func (t *Target) Period(id hwdebug.EventID, n uint64) error {
	return t.onEvent(id, func(ev *Event) error { return ev.Period(n) })
}

// Samples returns the number of samples in the event's buffer. The model throttles no event.
func (t *Target) Samples(id hwdebug.EventID) (n uint64, throttled bool) {
	ev, err := t.event(id)
	if err != nil {
		return 0, false
	}
	return ev.Samples(), false
}

// catch gives a 64-bit task a handler of SIGTRAP, which skips the instruction at its every third call during
// an access.
func (t *Target) catch(tsk *Task) error {
	t.caught = hwdebug.Handled{}
	if !t.catches || tsk.compat {
		return nil
	}
	return tsk.Sigaction(sigtrap, func(tsk *Task, s *Siginfo) error {
		if t.caught.N++; t.caught.N == 1 {
			t.caught.Code, t.caught.Addr = s.Code, s.Addr
		}
		if t.caught.N%3 == 0 {
			tsk.SkipInstruction()
		}
		return nil
	}, false)
}

// Enable issues the fd request ENABLE.
func (t *Target) Enable(id hwdebug.EventID) error { return t.onEvent(id, (*Event).Enable) }

// Disable issues the fd request DISABLE.
func (t *Target) Disable(id hwdebug.EventID) error { return t.onEvent(id, (*Event).Disable) }

// Modify issues the fd request MODIFY_ATTRIBUTES.
func (t *Target) Modify(id hwdebug.EventID, a hwdebug.Attr) error {
	return t.onEvent(id, func(ev *Event) error { return ev.Modify(a) })
}

// Read returns an event's count, for a wide registration the sum over the CPUs.
func (t *Target) Read(id hwdebug.EventID) (count uint64, ok bool, err error) {
	if id >= 0 && int(id) < len(t.events) && t.events[id].wide != nil {
		for _, ev := range t.events[id].wide.events {
			if ev != nil {
				count += ev.Count()
			}
		}
		return count, true, nil
	}
	ev, err := t.event(id)
	if err != nil {
		return 0, false, err
	}
	return ev.Read()
}

// Close closes an event's file.
func (t *Target) Close(id hwdebug.EventID) error { return t.onEvent(id, (*Event).Close) }

// running calls fn with the task current on its CPU, and parks the task again.
func (t *Target) running(id hwdebug.TaskID, fn func(*Task, *CPU) error) error {
	tsk, err := t.task(id)
	if err != nil {
		return err
	}
	c := t.m.cpus[tsk.cpu]
	if err := c.ContextSwitch(tsk); err != nil {
		return err
	}
	err = fn(tsk, c)
	if perr := c.ContextSwitch(nil); err == nil {
		err = perr
	}
	return err
}

// Access performs one access of the task in user mode.
func (t *Target) Access(id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) (hwdebug.Trap, error) {
	if err := t.passTime(); err != nil {
		return hwdebug.Trap{}, err
	}
	err := t.running(id, func(tsk *Task, _ *CPU) error {
		if err := t.catch(tsk); err != nil {
			return err
		}
		_, err := tsk.access(k, addr, size, 0)
		return err
	})
	var s *Signal
	if errors.As(err, &s) {
		return hwdebug.Trap{N: 1, Addr: s.Info.Addr, Errno: s.Info.Errno, Handled: t.caught}, nil
	}
	return hwdebug.Trap{Handled: t.caught}, err
}

// KernelAccess performs one access of the kernel on cpu.
func (t *Target) KernelAccess(cpu int, k hwdebug.Kind, addr uint64, size int) error {
	return t.onCPU(cpu, func(c *CPU) error {
		if !c.online { // where the driver binds itself first
			return t.m.refuse(&hwdebug.Error{
				Errno: einval, Rule: "R-HP-11", Fn: "set_cpus_allowed_ptr", Op: "kaccess",
				Asked: sprintf("an access on cpu%d", cpu), Found: "the CPU is offline", Fix: "bring it up",
			})
		}
		if err := t.passTime(); err != nil {
			return err
		}
		_, err := c.kernelAccess(k, addr, size, 0, false)
		return err
	})
}

// UserCopy has the kernel access user memory for the task.
func (t *Target) UserCopy(id hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) error {
	return t.running(id, func(_ *Task, c *CPU) error {
		if k == hwdebug.Store {
			return c.PutUser(addr, size, 0)
		}
		_, err := c.GetUser(addr, size)
		return err
	})
}

// RegisterWide registers on every online CPU.
func (t *Target) RegisterWide(a hwdebug.Attr, h hwdebug.Handler) (hwdebug.EventID, error) {
	w, err := t.m.RegisterWideHwBreakpoint(a, t.handler(h, hwdebug.EventID(len(t.events))))
	return t.add(targetEvent{wide: w}, err)
}

// UnregisterWide releases a wide registration.
func (t *Target) UnregisterWide(id hwdebug.EventID) error {
	if id < 0 || int(id) >= len(t.events) || t.events[id].wide == nil {
		return misusef("no wide registration %d on this target", id)
	}
	return t.m.UnregisterWideHwBreakpoint(t.events[id].wide)
}

// RegisterUser registers an event for a task from the kernel, which looks the task up by its pid.
func (t *Target) RegisterUser(a hwdebug.Attr, task hwdebug.TaskID, h hwdebug.Handler) (
	hwdebug.EventID, error) {
	tsk, err := t.task(task)
	if err != nil {
		return 0, err
	}
	if tsk.dead {
		return 0, &hwdebug.Error{
			Errno: esrch, Op: "find_get_pid", Asked: sprintf("pid %d", tsk.pid), Found: "the task has exited",
		}
	}
	ev, err := t.m.RegisterUserHwBreakpoint(a, t.handler(h, hwdebug.EventID(len(t.events))), tsk)
	return t.add(targetEvent{ev: ev}, err)
}

// ModifyUser calls modify_user_hw_breakpoint.
func (t *Target) ModifyUser(id hwdebug.EventID, a hwdebug.Attr) error {
	return t.onEvent(id, func(ev *Event) error { return t.m.ModifyUserHwBreakpoint(ev, a) })
}

// Unregister calls unregister_hw_breakpoint.
func (t *Target) Unregister(id hwdebug.EventID) error {
	return t.onEvent(id, t.m.UnregisterHwBreakpoint)
}

// NewTask creates a parked task.
func (t *Target) NewTask(cpu int) (hwdebug.TaskID, error) {
	tsk, err := t.m.NewTask(TaskConfig{CPU: cpu})
	return t.addTask(tsk, err)
}

// PreemptNext has the next Fork or Exec preempted.
func (t *Target) PreemptNext() { t.preempt = true }

// preempted reports whether the operation that begins now is preempted.
func (t *Target) preempted() bool {
	p := t.preempt
	t.preempt = false
	return p
}

// Fork has a task fork. Its CPU switches from the parent straight to the child, and back if the child
// preempted the parent. Then both are parked (R-CTX-19).
func (t *Target) Fork(id hwdebug.TaskID) (hwdebug.TaskID, error) {
	var child *Task
	back := t.preempted()
	err := t.running(id, func(tsk *Task, c *CPU) (err error) {
		if child, err = tsk.Fork("", 0); err != nil {
			return err
		}
		if err := c.ContextSwitch(child); err != nil || !back {
			return err
		}
		return c.ContextSwitch(tsk)
	})
	return t.addTask(child, err)
}

// Migrate binds a parked task to another CPU.
func (t *Target) Migrate(id hwdebug.TaskID, cpu int) error {
	return t.onTask(id, func(tsk *Task) error { return tsk.Migrate(cpu) })
}

// Exit lets a task exit.
func (t *Target) Exit(id hwdebug.TaskID) error { return t.onTask(id, (*Task).Exit) }

// DumpTask reads the registers of the task's CPU while it runs.
func (t *Target) DumpTask(id hwdebug.TaskID, r *hwdebug.Regs) error {
	return t.running(id, func(_ *Task, c *CPU) error {
		c.dump(r)
		return nil
	})
}

// DumpCPU reads the registers of a CPU.
func (t *Target) DumpCPU(cpu int, r *hwdebug.Regs) error {
	return t.onCPU(cpu, func(c *CPU) error {
		if !c.online {
			return t.m.refuse(&hwdebug.Error{
				Errno: enxio, Rule: "R-EVT-6", Fn: "smp_call_function_single", Op: "dump",
				Asked: sprintf("the registers of cpu%d", cpu), Found: "the CPU is offline",
				Fix: "bring it up",
			})
		}
		if err := c.usable(); err != nil {
			return err
		}
		c.dump(r)
		return nil
	})
}

// dump reads the debug registers of c into r.
func (c *CPU) dump(r *hwdebug.Regs) {
	r.CPU, r.MDSCR = c.id, c.mdscr
	r.BVR = append(r.BVR[:0], c.reg[arm64.BVR:arm64.BVR+c.brps]...)
	r.BCR = append(r.BCR[:0], c.reg[arm64.BCR:arm64.BCR+c.brps]...)
	r.WVR = append(r.WVR[:0], c.reg[arm64.WVR:arm64.WVR+c.wrps]...)
	r.WCR = append(r.WCR[:0], c.reg[arm64.WCR:arm64.WCR+c.wrps]...)
}

// PtraceSetReg writes entry idx of a task's register set, and writes the entries below it back.
func (t *Target) PtraceSetReg(id hwdebug.TaskID, which hwdebug.PtraceSet, idx int,
	reg hwdebug.PtraceReg) error {
	return t.onTask(id, func(tsk *Task) error { return tsk.PtraceSet(which, idx, reg.Addr, reg.Ctrl) })
}

// PtraceGetRegs reads as many entries as there are registers. It stops and continues the task, which
// therefore runs for a moment (R-PTR-18).
func (t *Target) PtraceGetRegs(id hwdebug.TaskID, which hwdebug.PtraceSet) (
	info uint32, regs []hwdebug.PtraceReg, err error) {
	err = t.onTask(id, func(tsk *Task) error {
		return tsk.stopped(func() error {
			info = t.m.ptraceInfo(which)
			for i := range int(info & 0xff) {
				regs = append(regs, tsk.ptraceReg(which, i))
			}
			return nil
		})
	})
	return info, regs, err
}

// Switch switches cpu to the task next.
func (t *Target) Switch(cpu int, next hwdebug.TaskID) error {
	return t.onCPU(cpu, func(c *CPU) error {
		if next == hwdebug.NoTask {
			return c.ContextSwitch(nil)
		}
		return t.onTask(next, c.ContextSwitch)
	})
}

// Exec has a task execute a new image, and switches it out and in at the end if it is preempted (R-EVT-31).
func (t *Target) Exec(id hwdebug.TaskID, compat bool) error {
	away := t.preempted()
	return t.running(id, func(tsk *Task, c *CPU) error {
		if err := tsk.ExecveAs(compat); err != nil || !away {
			return err
		}
		if err := c.ContextSwitch(nil); err != nil {
			return err
		}
		return c.ContextSwitch(tsk)
	})
}

// NewCompatTask creates a parked 32-bit task.
func (t *Target) NewCompatTask(cpu int) (hwdebug.TaskID, error) {
	tsk, err := t.m.NewTask(TaskConfig{CPU: cpu, Compat: true})
	return t.addTask(tsk, err)
}

// SetHBPRegs writes a register of a task as a 32-bit tracer does.
func (t *Target) SetHBPRegs(tracer, id hwdebug.TaskID, num int, value uint32) error {
	return t.running(tracer, func(by *Task, _ *CPU) error {
		return t.onTask(id, func(tsk *Task) error { return tsk.PtraceSetHBPRegs(by, num, value) })
	})
}

// GetHBPRegs reads a register of a task as a 32-bit tracer does.
func (t *Target) GetHBPRegs(tracer, id hwdebug.TaskID, num int) (v uint32, err error) {
	err = t.running(tracer, func(by *Task, _ *CPU) error {
		return t.onTask(id, func(tsk *Task) (err error) {
			v, err = tsk.PtraceGetHBPRegs(by, num)
			return err
		})
	})
	return v, err
}

// CPUDown takes a CPU down.
func (t *Target) CPUDown(cpu int) error { return t.m.CPUDown(cpu) }

// CPUUp brings a CPU up.
func (t *Target) CPUUp(cpu int) error { return t.m.CPUUp(cpu) }
