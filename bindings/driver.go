// What drivers do besides: single kernel events, hotplug callbacks, timers, irq_work and cross calls.

package bindings

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var driverMethods = []describe.Func{
	{
		Name: "perf_event_create_kernel_counter",
		Doc: "Create one event in the kernel: of a CPU (cpu = n), of a task, or of a task on " +
			"one CPU. Attributes start from those of hw_breakpoint_init: pinned, " +
			"sample_period 1.",
		Params:  one("attr", describe.Table("kernel_attr"), ""),
		Results: evOut,
		Errors:  openErrs,
		Kernel:  coreC,
		See:     []string{"m:perf_event_release_kernel", "m:unregister_hw_breakpoint", "m:cpuhp_setup_state"},
		Sample: `
local ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = 0xffffff8008c5a000, len = 8,
  cpu = 1, on_hit = function(ev, hit) hit.skip = true end })
m.cpu[1]:store(0xffffff8008c5a000, 8)
assert.equals(1, ev.count)`,
		Go: func(c *call, m *sim.Machine) int {
			a := c.attr(0, hwdebug.HwBreakpointInit())
			return c.event(m.PerfEventCreateKernelCounter(a.Attr, a.cpu, a.task, a.onHit))
		},
	},
	{
		Name: "perf_event_release_kernel",
		Doc: "Release an event that was created in the kernel: by " +
			"perf_event_create_kernel_counter or by a register_* call.",
		Params: []describe.Param{evParam},
		Kernel: coreC,
		See:    []string{"m:unregister_hw_breakpoint"},
		Sample: `
local ev = assert(m:perf_event_create_kernel_counter { type = "w", addr = 0xffffff8008c5a000, len = 8,
  cpu = 1 })
m:perf_event_release_kernel(ev)
assert.no_leaks(m)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.PerfEventReleaseKernel(c.arg(0).event())) },
	},
	{
		Name: "cpuhp_setup_state",
		Doc: "Add a hotplug state. startup(cpu) runs in cpuhp/N on each online CPU now, and " +
			"on every later one when it has come up; teardown(cpu) runs there before a " +
			"CPU goes down. A startup that raises, or that returns a refusal, rolls back: " +
			"teardown runs on the CPUs before it, and the state is gone.",
		Params: []describe.Param{
			param("name", describe.String, `the state's name: "mydriver:online"`),
			param("startup", describe.Union(hotplugFn, describe.Nil),
				"the callback of a CPU that has come up, or nil"),
			optional("teardown", hotplugFn, "none", "the callback of a CPU that is to go down"),
		},
		Results: one("state", describe.Int, "its number"),
		Errors:  []describe.Errno{errno("ENOSPC", "31 dynamic states are in use, or startup was refused so")},
		Kernel:  "kernel/cpu.c",
		See: []string{
			"m:cpuhp_remove_state", "m:cpu_up", "m:cpu_down", "m:perf_event_create_kernel_counter",
		},
		Sample: `
local ev = {}
local s = m:cpuhp_setup_state("mydriver:online", function(cpu)
  ev[cpu] = assert(m:perf_event_create_kernel_counter { type = "w", addr = 0xffffff8008c5a000, len = 8,
    cpu = cpu })
end, function(cpu) m:perf_event_release_kernel(ev[cpu]) end)
m:cpu_down(1) m:cpu_up(1)
assert.equals("active", ev[1].state)
m:cpuhp_remove_state(s)`,
		Go: cpuhpSetupState,
	},
	{
		Name:   "cpuhp_remove_state",
		Doc:    "Remove a hotplug state. Its teardown runs on each online CPU first.",
		Params: one("state", describe.Int, "the number that m:cpuhp_setup_state returned"),
		Kernel: "kernel/cpu.c",
		See:    []string{"m:cpuhp_setup_state"},
		Sample: `
local s = m:cpuhp_setup_state("mydriver:online", nil, function(cpu) print(cpu) end)
m:cpuhp_remove_state(s)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.CpuhpRemoveState(c.arg(0).int())) },
	},
	{
		Name: "timer_setup",
		Doc: "Make a timer. Its function runs in softirq context on the CPU where it was " +
			"armed, with the timer as argument, and must not sleep.",
		Params:  []describe.Param{nameParam, param("fn", callback("t", "timer"), "the function")},
		Results: one("t", describe.Object("timer"), ""),
		Kernel:  timerC,
		See:     []string{"m:mod_timer", "m:del_timer_sync"},
		Sample: `
local t = m:timer_setup("poll", function(t) print(m.jiffies) end)
m:mod_timer(t, "10ms")
m:run()`,
		Go: timerSetup,
	},
	{
		Name: "mod_timer",
		Doc: "Arm a timer on the CPU that makes the call, whether it is pending or not. The " +
			"delay counts from now; any context may call it, the timer's own function too.",
		Params:  []describe.Param{timerParam, delayParam},
		Results: pendingOut,
		Kernel:  timerC,
		See:     []string{"m:timer_setup"},
		Sample: `
local t = m:timer_setup("poll", function(t) end)
m:mod_timer(t, 25)
assert(m:mod_timer(t, "1s"))`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.ModTimer(c.arg(0).timer(), c.arg(1).delay(m)))
		},
	},
	onTimer("del_timer", "Take a timer away. It does not wait for a running function.",
		(*sim.Machine).DelTimer),
	onTimer("del_timer_sync", "Take a timer away and wait for its function. In that function itself it "+
		"would deadlock, and raises.", (*sim.Machine).DelTimerSync),
	{
		Name: "irq_work",
		Doc: "Make an irq_work. Its function runs in an interrupt of the CPU where it was " +
			"queued, with the work as argument, and must not sleep.",
		Params:  []describe.Param{nameParam, param("fn", callback("w", "irq_work"), "the function")},
		Results: one("w", describe.Object("irq_work"), ""),
		Kernel:  irqWorkC,
		See:     []string{"m:irq_work_queue"},
		Sample: `
local w = m:irq_work("poke", function(w) print(m.current.comm) end)
m:irq_work_queue(w)`,
		Go: newIrqWork,
	},
	{
		Name: "irq_work_queue",
		Doc: "Queue an irq_work on the CPU that makes the call. It runs as soon as interrupts " +
			"are on: at once in a thread or a timer's function, after the handler in " +
			"on_hit. Any context may call it.",
		Params:  one("w", describe.Object("irq_work"), "the irq_work"),
		Results: queuedOut,
		Kernel:  irqWorkC,
		See:     []string{"m:irq_work", "m:perf_event_disable_inatomic"},
		Sample: `
local w = m:irq_work("poke", function(w) end)
assert(m:irq_work_queue(w))`,
		Go: func(c *call, m *sim.Machine) int { return c.bool(m.IrqWorkQueue(c.arg(0).irqWork())) },
	},
	{
		Name: "perf_event_disable_inatomic",
		Doc: "Disable one event from any context, through irq_work: the right way in a hit " +
			"handler, which must not sleep.",
		Params: []describe.Param{evParam},
		Kernel: coreC,
		See:    []string{"m:perf_event_disable"},
		Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8,
  on_hit = function(ev, hit) m:perf_event_disable_inatomic(ev) end })
m.cpu[0]:store(0xffffff8008c5a000, 8, 1)
assert.equals("off", w[0].state)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.PerfEventDisableInatomic(c.arg(0).event())) },
	},
	{
		Name: "smp_call_function_single",
		Doc: "Run a function on a CPU: in an interrupt there, on the caller's own CPU with " +
			"interrupts off. The function must not sleep. It has run when the call " +
			"returns, with or without wait.",
		Params: []describe.Param{cpuParam, crossFn, optional("wait", describe.Bool, "true", "wait for it")},
		Errors: []describe.Errno{errno("ENXIO", "the CPU is offline or does not exist")},
		Kernel: smpC,
		See:    []string{"m:on_each_cpu", "m:smp_processor_id"},
		Sample: `m:smp_call_function_single(1, function() print(m.current.comm) end)`,
		Go: func(c *call, m *sim.Machine) int {
			cpu, fn := c.arg(0).int(), c.arg(1).onCPU()
			c.arg(2).bool()
			return c.done(m.SmpCallFunctionSingle(cpu, fn))
		},
	},
	{
		Name: "on_each_cpu",
		Doc: "Run a function on every online CPU: on the others in an interrupt, then on the " +
			"caller's own with interrupts off. It must not sleep.",
		Params: []describe.Param{crossFn},
		Kernel: smpC,
		See:    []string{"m:smp_call_function_single"},
		Sample: `m:on_each_cpu(function() print(m:smp_processor_id()) end)`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.OnEachCPU(c.arg(0).onCPU())) },
	},
	{
		Name:    "smp_processor_id",
		Doc:     "The number of the CPU that makes the call.",
		Results: one("cpu", describe.Int, ""),
		Kernel:  "include/linux/smp.h",
		See:     []string{"m:on_each_cpu", "m.current"},
		Sample:  `assert.equals(1, m.cpu[1]:run(function() return m:smp_processor_id() end))`,
		Go:      func(c *call, m *sim.Machine) int { return c.int(m.SmpProcessorID(), nil) },
	},
}

const (
	timerC   = "kernel/time/timer.c"
	irqWorkC = "kernel/irq_work.c"
	smpC     = "kernel/smp.c"
)

var (
	hotplugFn  = describe.Func1([]describe.Param{param("cpu", describe.Int, "")}, anything(""))
	timerParam = param("t", describe.Object("timer"), "the timer")
	crossFn    = param("fn", describe.Func1([]describe.Param{param("cpu", describe.Int, "")}, nil),
		"the function, called with the CPU's number")
)

// onTimer describes a call that takes a timer away.
func onTimer(name, doc string, do func(*sim.Machine, *sim.Timer) (bool, error)) describe.Func {
	return describe.Func{
		Name: name, Doc: doc, Params: []describe.Param{timerParam}, Results: pendingOut, Kernel: timerC,
		See: []string{"m:mod_timer"},
		Sample: `
local t = m:timer_setup("poll", function(t) end)
m:mod_timer(t, "1s")
assert(m:` + name + `(t))`,
		Go: func(c *call, m *sim.Machine) int { return c.bool(do(m, c.arg(0).timer())) },
	}
}

// timerSetup returns a new timer, which is also the argument of its function.
func timerSetup(c *call, m *sim.Machine) int {
	name, fn, rt, mach := c.arg(0).string(), c.arg(1).function(), c.rt, c.m
	var t *sim.Timer
	t = m.TimerSetup(name, func() error {
		_, err := rt.s.Call(fn, 0, showTimer(rt, mach, t))
		return err
	})
	return c.value(showTimer(rt, mach, t))
}

// newIrqWork returns a new irq_work, which is also the argument of its function.
func newIrqWork(c *call, m *sim.Machine) int {
	name, fn, rt, mach := c.arg(0).string(), c.arg(1).function(), c.rt, c.m
	var w *sim.IrqWork
	w = m.NewIrqWork(name, func() error {
		_, err := rt.s.Call(fn, 0, showIrqWork(rt, mach, w))
		return err
	})
	return c.value(showIrqWork(rt, mach, w))
}

// onCPU returns a function of the script that is called with the number of the CPU that it runs on. It is not
// kept.
func (v value) onCPU() func() error {
	fn, ok := v.v.(*lua.LFunction)
	if !ok {
		v.wrong()
	}
	m := v.c.m
	return func() error {
		_, err := m.rt.s.Call(fn, 0, m.rt.int(m.m.SmpProcessorID()))
		return err
	}
}

func cpuhpSetupState(c *call, m *sim.Machine) int {
	name, startup, teardown := c.arg(0).string(), c.arg(1).hotplug(), c.arg(2).hotplug()
	return c.int(m.CpuhpSetupState(name, startup, teardown))
}

// hotplug returns a hotplug callback, nil for none.
func (v value) hotplug() func(cpu int) error {
	if v.v == lua.LNil {
		return nil
	}
	fn, m := v.function(), v.c.m
	return func(cpu int) error {
		results, err := m.rt.s.Call(fn, lua.MultRet, m.rt.int(cpu))
		if err != nil {
			return err
		}
		return m.refused(results)
	}
}

// refused returns the refusal that a function of the script has passed on as its results: nil, a
// message and an errno's name.
func (m *machine) refused(results []lua.LValue) error {
	if len(results) < 3 || results[0] != lua.LNil {
		return nil
	}
	name, ok := results[2].(lua.LString)
	e, known := hwdebug.ErrnoByName(string(name))
	if !ok || !known {
		return nil
	}
	if why := m.m.Why(); why != nil && why.Errno == e {
		return why
	}
	return &hwdebug.Error{Errno: e, Op: "startup", Found: lua.LVAsString(results[1])}
}

var irqWorkClass = describe.Class{
	Name:  "irq_work",
	Short: "irq_work",
	Doc:   "An irq_work of a driver.",
	Fields: []describe.Field{
		prop("name", "The function's name.", (*sim.IrqWork).Name),
		prop("pending", "Whether it is queued and has not begun.", (*sim.IrqWork).Pending),
		prop("runs", "How often its function was called.", (*sim.IrqWork).Runs),
	},
	Sample: `print(m:irq_work("poke", function(w) end).pending)`,
}

var timerClass = describe.Class{
	Name:  "timer",
	Short: "timer",
	Doc:   "A timer of a driver.",
	Fields: []describe.Field{
		prop("name", "The function's name.", (*sim.Timer).Name),
		prop("pending", "Whether it is armed.", (*sim.Timer).Pending),
		prop("runs", "How often its function was called.", (*sim.Timer).Runs),
		prop("expires", "The jiffy that it was last armed for.", (*sim.Timer).Expires),
		maybe("cpu", describe.Int, "The CPU where it is armed, nil if it is not.", getIf((*sim.Timer).CPU)),
	},
	Sample: `
local t = m:timer_setup("poll", function(t) end)
m:mod_timer(t, "1s")
assert(t.pending)`,
}
