// Class machine: the calls of a driver and of an administrator, and time. Calls on work are in work.go.

package bindings

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	errInval = errno("EINVAL",
		"the attributes are invalid: length, alignment, address, or a CPU that does not exist")
	errNoSpc = errno("ENOSPC", "every register of that kind is reserved; m:why() names the holders")
	errNoDev = errno("ENODEV", "the CPU is offline")
	errSrch  = errno("ESRCH", "the task has exited, or exits and has no perf context")
	errAcces = errno("EACCES", "perf_event_paranoid and the caller's capabilities do not allow it")
	errNoCPU = errno("EINVAL", "there is no such CPU")
	openErrs = []describe.Errno{errNoSpc, errInval, errNoDev, errSrch, errAcces}
	kernErrs = []describe.Errno{errNoSpc, errInval, errSrch}
	modErrs  = []describe.Errno{errInval, errNoSpc}
)

var (
	evParam  = param("ev", describe.Object("event"), "the event")
	cpuParam = param("cpu", describe.Int, "the CPU's number")
	nParam   = one("n", describe.Int, "the CPU's number")
	evOut    = one("ev", describe.Object("event"), "")
	changes  = param("attr", describe.Table("attr"), "the attributes to change")
)

var machineClass = describe.Class{
	Name:  "machine",
	Short: "m",
	Doc: "A machine: its CPUs and the kernel that runs on them. The script is the kernel thread hwlua " +
		"(pid 1), which is current on CPU 0 until another task is switched to there. Calls take no " +
		"virtual time.",
	Sample: `
local m = hw.machine { cpus = 2 }
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
print(hw.explain(m.cpu[1].wcr[0]))`,
	Fields: []describe.Field{
		prop("nr_cpus", "The number of CPUs.", (*sim.Machine).NrCPUs),
		prop("core_num_brps",
			"The number of breakpoint registers that the kernel uses: the smallest count of all CPUs.",
			(*sim.Machine).CoreNumBRPs),
		prop("core_num_wrps",
			"The number of watchpoint registers that the kernel uses: the smallest count of all CPUs.",
			(*sim.Machine).CoreNumWRPs),
		changing("now", "Virtual time in seconds since boot.", "m:msleep(ms) lets time pass",
			func(m *sim.Machine) float64 { return float64(m.Now()) / 1e9 }),
		prop("jiffies", "The tick count.", (*sim.Machine).Jiffies),
		prop("kernel", "The full name of the kernel profile.", (*sim.Machine).Kernel),
		prop("name", "The hardware's name in logs.", func(m *sim.Machine) string { return m.Config().Name }),
		prop("hz", "Timer ticks a second.", func(m *sim.Machine) int { return m.Config().HZ }),
		prop("current", "The task in whose name the script's calls are made.", (*sim.Machine).Current),
		field("cpu", describe.Object("cpus"),
			"The CPUs by number, m.cpu[0] to m.cpu[m.nr_cpus-1]; any other number raises.",
			show(func(rt *runtime, m *machine, x *sim.Machine) lua.LValue {
				return showCPUs(rt, m, cpuList{x})
			})),
	},
	Methods: slices.Concat(lookMethods, timeMethods, powerMethods, eventMethods, workMethods, driverMethods,
		signalMethods, lockMethods, propertyMethods, chainMethods),
}

// lookMethods list what a machine has.
var lookMethods = []describe.Func{
	{
		Name: "cpus",
		Doc:  "Iterate over the CPUs, CPU 0 first.",
		Results: one("next",
			describe.Func1(nil, []describe.Param{{Type: describe.Object("cpu"), Optional: true}}),
			"for a generic for"),
		Sample: `for cpu in m:cpus() do print(cpu.id, cpu.mdscr_el1) end`,
		Go:     eachCPU,
	},
	{
		Name:    "tasks",
		Doc:     "The tasks that exist, in order of creation. The kernel's own threads are among them.",
		Results: one("tasks", describe.Array(describe.Object("task")), ""),
		Sample:  `for _, t in ipairs(m:tasks()) do print(t.pid, t.comm, t.state) end`,
		Go:      func(c *call, m *sim.Machine) int { return c.value(list(c.rt, c.m, m.Tasks(), showTask)) },
	},
	{
		Name:    "events",
		Doc:     "The events that are open, in order of creation.",
		Results: one("events", describe.Array(describe.Object("event")), ""),
		Sample:  `assert(#m:events() == 0)`,
		Go:      func(c *call, m *sim.Machine) int { return c.value(showEvents(c.rt, c.m, m.Events())) },
	},
	{
		Name:    "works",
		Doc:     "The work items that were made, in order of creation.",
		Results: one("works", describe.Array(describe.Object("work")), ""),
		Sample:  `for _, w in ipairs(m:works()) do print(w.name, w.pending) end`,
		Go:      func(c *call, m *sim.Machine) int { return c.value(list(c.rt, c.m, m.Works(), showWork)) },
	},
	{
		Name:    "dmesg",
		Doc:     "The kernel log, in the kernel's own format.",
		Params:  oneIf("pattern", describe.String, "all lines", "a Lua pattern that the lines match"),
		Results: one("lines", describe.Array(describe.String), ""),
		See:     []string{"assert.dmesg", "m:printk", "m:dump_stack", "m:dump_stack_in"},
		Sample:  `print(m:dmesg("hw%-breakpoint")[1])`,
		Go:      dmesg,
	},
	{
		Name: "printk",
		Doc: "Write a message into the kernel log, with a stamp on each of its lines. A newline at the " +
			"end ends the message and may be left out. What follows 991 bytes is cut, as in the kernel.",
		Params: one("text", describe.String, "the message, printed as it is"),
		Kernel: "kernel/printk/printk.c",
		See:    []string{"m:dmesg", "m:dump_stack"},
		Sample: `
m:printk("probe: armed\n")
print(m:dmesg("probe: ")[1])`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.Printk(c.arg(0).text())) },
	},
	{
		Name:    "why",
		Doc:     "Explain the last refusal. tostring of the result is the explanation in words.",
		Results: oneIf("why", describe.Object("refusal"), "", "nil before the first refusal"),
		Sample: `
m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 }
print(m:why())`,
		Go: func(c *call, m *sim.Machine) int { return c.value(showRefusal(c.rt, c.m, m.Why())) },
	},
	{
		Name:   "slots",
		Doc:    "The slots that are reserved and installed on a CPU, or on each.",
		Params: oneIf("cpu", describe.Int, "all, by CPU number", "the CPU's number"),
		Results: one("slots",
			describe.Union(describe.Table("slots"), describe.Map(describe.Int, describe.Table("slots"))), ""),
		See:    []string{"cpu.wp_on_reg", "m:why"},
		Sample: `print(m:slots(0).wp.limit, m:slots()[1].bp.cpu_pinned)`,
		Go:     slots,
	},
}

var timeMethods = []describe.Func{
	{
		Name: "msleep",
		Doc: "Let virtual time pass. Timers, work and runnable tasks that fall due run in order. In a " +
			"task body or a work function that thread sleeps; in on_hit it raises.",
		Params: one("ms", describe.Number, "milliseconds of virtual time"),
		See:    []string{"m:run", "m:step", "m.now"},
		Sample: `m:msleep(27000)`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.Msleep(c.arg(0).milliseconds())) },
	},
	{
		Name: "run",
		Doc: "Run until nothing is runnable and no timer is pending. For a machine that never comes " +
			"to rest it raises an error that names what is still active. Only the script may call it.",
		Results: one("steps", describe.Int, "the number of steps taken"),
		See:     []string{"m:step", "m:msleep"},
		Sample: `
m:schedule_delayed_work(m:delayed_work("probe", function() print(m.jiffies) end), "1s")
m:run()`,
		Go: func(c *call, m *sim.Machine) int { return c.int(m.Run()) },
	},
	{
		Name:    "step",
		Doc:     "Perform the next action. Only the script may call it.",
		Results: oneIf("what", describe.String, "", "the action, nil if the machine is idle"),
		See:     []string{"m:run"},
		Sample: `
m:schedule_work(m:work("probe", function() end))
for what in function() return (m:step()) end do print(what) end`,
		Go: func(c *call, m *sim.Machine) int {
			what, ok, err := m.Step()
			if !ok && err == nil {
				return c.value(lua.LNil)
			}
			return c.text(what, err)
		},
	},
}

var powerMethods = []describe.Func{
	{
		Name: "cpu_down",
		Doc: "Take a CPU offline, as hotplug does; a CPU that is offline stays so. Its own events are " +
			"lost for good, and its tasks move to the lowest CPU that is online.",
		Params: nParam,
		Errors: []describe.Errno{errno("EBUSY", "CPU 0 cannot go offline"), errNoCPU},
		Kernel: "kernel/cpu.c",
		See:    []string{"m:cpu_up"},
		Sample: `assert(m:cpu_down(1))`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.CPUDown(c.arg(0).int())) },
	},
	{
		Name: "cpu_up",
		Doc: "Bring a CPU online, as hotplug does; a CPU that is online stays so. Its registers are " +
			"zeroed, and its events do not return.",
		Params: nParam,
		Errors: []describe.Errno{errNoCPU},
		Kernel: "kernel/cpu.c",
		See:    []string{"m:cpu_down"},
		Sample: `m:cpu_down(1) assert(m:cpu_up(1))`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.CPUUp(c.arg(0).int())) },
	},
	{
		Name: "cpu_suspend",
		Doc: "Power a CPU down and keep its kernel state. Its debug registers are lost, and calls " +
			"that need the CPU raise until it resumes. A CPU that is offline or suspended raises.",
		Params: nParam,
		Errors: []describe.Errno{errNoCPU},
		Kernel: "arch/arm64/kernel/suspend.c",
		See:    []string{"m:cpu_resume"},
		Sample: `m:cpu_suspend(1) m:cpu_resume(1)`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.CPUSuspend(c.arg(0).int())) },
	},
	{
		Name: "cpu_resume",
		Doc: "Resume a suspended CPU: every register pair is written again from its slot. A CPU that " +
			"is not suspended raises.",
		Params: nParam,
		Errors: []describe.Errno{errNoCPU},
		Kernel: "arch/arm64/kernel/suspend.c",
		See:    []string{"m:cpu_suspend"},
		Sample: `m:cpu_suspend(1) m:cpu_resume(1)`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.CPUResume(c.arg(0).int())) },
	},
}

var eventMethods = []describe.Func{
	{
		Name: "task",
		Doc: "Make a task. A task without a body never runs by itself: it is only switched to and " +
			"acted through.",
		Params:  oneIf("options", describe.Table("task_options"), "", ""),
		Results: one("t", describe.Object("task"), ""),
		Sample:  `local t = m:task { comm = "mali-cmar-backe", pid = 3237 }`,
		Go: func(c *call, m *sim.Machine) int {
			var cfg sim.TaskConfig
			c.fill(0, &cfg)
			return c.task(m.NewTask(cfg))
		},
	},
	{
		Name: "perf_event_open",
		Doc: "Open a breakpoint event as user space does: an event that is also a file. All " +
			"attributes start from zero.",
		Params:  one("attr", describe.Table("perf_event_attr"), ""),
		Results: evOut,
		Errors:  openErrs,
		Kernel:  coreC,
		See:     []string{"ev:close", "m:why", "m:slots"},
		Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })`,
		Go: func(c *call, m *sim.Machine) int {
			a := c.attr(0, hwdebug.Attr{})
			return c.event(m.PerfEventOpenGroup(a.Attr, a.task, a.cpu, a.group))
		},
	},
	{
		Name: "register_user_hw_breakpoint",
		Doc: "Register an event that follows a task. Attributes start from those of " +
			"hw_breakpoint_init: pinned, sample_period 1.",
		Params:  one("attr", describe.Table("user_attr"), ""),
		Results: evOut,
		Errors:  kernErrs,
		Kernel:  bpC,
		See:     []string{"m:unregister_hw_breakpoint", "m:modify_user_hw_breakpoint"},
		Sample: `
local t = m:task {}
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
  on_hit = function(ev, hit)
    print(hit.kind, hw.hex(hit.addr))
    m:perf_event_disable(ev)
  end })
t:store(0x1000, 8)`,
		Go: func(c *call, m *sim.Machine) int {
			a := c.attr(0, hwdebug.HwBreakpointInit())
			return c.event(m.RegisterUserHwBreakpoint(a.Attr, a.onHit, a.task))
		},
	},
	{
		Name: "unregister_hw_breakpoint",
		Doc: "Release a registered event, or the event of one CPU of a wide registration: w[cpu] is nil " +
			"then. For nil it does nothing.",
		Params: one("ev", describe.Union(describe.Object("event"), describe.Nil), "the event, or nil"),
		Kernel: bpC,
		Sample: `
local t = m:task {}
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t })
m:unregister_hw_breakpoint(ev)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.UnregisterHwBreakpoint(c.arg(0).event())) },
	},
	{
		Name:   "modify_user_hw_breakpoint",
		Doc:    "Change an event in place. Fields that are left out keep the values of ev.attr.",
		Params: []describe.Param{evParam, changes},
		Errors: modErrs,
		Kernel: bpC,
		Sample: `
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = m:task {} })
assert(m:modify_user_hw_breakpoint(ev, { addr = 0x2000 }))`,
		Go: func(c *call, m *sim.Machine) int {
			ev := c.arg(0).event()
			return c.done(m.ModifyUserHwBreakpoint(ev, c.modified(1, ev)))
		},
	},
	{
		Name: "register_wide_hw_breakpoint",
		Doc: "Register one event on every online CPU, all or none. Attributes start from those of " +
			"hw_breakpoint_init: pinned, sample_period 1.",
		Params:  one("attr", describe.Table("wide_attr"), ""),
		Results: one("w", describe.Object("wide"), "one event for each CPU"),
		Errors: []describe.Errno{
			errno("ENOSPC", "a CPU has every slot reserved; the events of the other CPUs are rolled back"),
			errInval,
		},
		Kernel: bpC,
		See:    []string{"m:unregister_wide_hw_breakpoint", "m:why"},
		Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })`,
		Go: func(c *call, m *sim.Machine) int {
			a := c.attr(0, hwdebug.HwBreakpointInit())
			return c.wide(m.RegisterWideHwBreakpoint(a.Attr, a.onHit))
		},
	},
	{
		Name:   "unregister_wide_hw_breakpoint",
		Doc:    "Release the events of a wide registration, CPU 0 first.",
		Params: one("w", describe.Object("wide"), "the wide event"),
		Kernel: bpC,
		Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:unregister_wide_hw_breakpoint(w)
assert.no_leaks(m)`,
		Go: func(c *call, m *sim.Machine) int {
			return c.done(m.UnregisterWideHwBreakpoint(c.arg(0).wide()))
		},
	},
	{
		Name:   "perf_event_enable",
		Doc:    "Enable one event, as a driver does. Its context is rescheduled, which compacts the slots.",
		Params: []describe.Param{evParam},
		Kernel: coreC,
		See:    []string{"ev:enable", "m:perf_event_disable"},
		Sample: `
local w = assert(m:register_wide_hw_breakpoint {
  type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true
})
for cpu in m:cpus() do m:perf_event_enable(w[cpu.id]) end`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.PerfEventEnable(c.arg(0).event())) },
	},
	{
		Name:   "perf_event_disable",
		Doc:    "Disable one event, as a driver does. It leaves its register; other events keep theirs.",
		Params: []describe.Param{evParam},
		Kernel: coreC,
		See:    []string{"ev:disable", "m:perf_event_enable"},
		Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:perf_event_disable(w[0])`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.PerfEventDisable(c.arg(0).event())) },
	},
}

// An attr is the attributes of an event, and the other fields of the tables that hold them.
type attr struct {
	hwdebug.Attr
	task  *sim.Task
	cpu   int
	onHit sim.Handler
	group *sim.Event // its leader

	hasLen bool
}

// attr returns the attributes of a new event. A breakpoint is 4 bytes long if the script gives no length.
func (c *call) attr(i int, defaults hwdebug.Attr) attr {
	a := attr{Attr: defaults, cpu: -1}
	c.fill(i, &a)
	if a.Type == hwdebug.X && !a.hasLen {
		a.Len = 4
	}
	return a
}

// modified returns the attributes of ev with the changes of a table.
func (c *call) modified(i int, ev *sim.Event) hwdebug.Attr {
	a := attr{Attr: ev.Attr()}
	c.fill(i, &a)
	return a.Attr
}

func eachCPU(c *call, m *sim.Machine) int {
	rt, mach, next := c.rt, c.m, 0
	return c.value(rt.L.NewFunction(func(L *lua.LState) int {
		if next >= m.NrCPUs() {
			L.Push(lua.LNil)
			return 1
		}
		next++
		L.Push(showCPU(rt, mach, m.CPU(next-1)))
		return 1
	}))
}

func dmesg(c *call, m *sim.Machine) int {
	matches := c.arg(0).match()
	lines := []string{}
	for _, line := range m.Dmesg() {
		if matches(line) {
			lines = append(lines, line)
		}
	}
	return c.texts(lines, nil)
}

func slots(c *call, m *sim.Machine) int {
	if c.given(0) {
		use, err := m.Slots(c.arg(0).int())
		return answer(c, showSlots, use, err)
	}
	t := c.rt.L.CreateTable(m.NrCPUs(), 1)
	for i := range m.NrCPUs() {
		use, err := m.Slots(i)
		if err != nil {
			return c.fail(err)
		}
		t.RawSetInt(i, showSlots(c.rt, c.m, use))
	}
	return c.value(t)
}

func showSlots(rt *runtime, m *machine, use sim.SlotUse) lua.LValue {
	return rt.table(m, "slots", &use)
}
