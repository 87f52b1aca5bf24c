// Class machine: what a driver and an administrator do, and time.

package api

import (
	"math"

	"github.com/hwlua/hwlua/bindings/schema"
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

const (
	coreC    = "kernel/events/core.c"
	bpC      = "kernel/events/hw_breakpoint.c"
	archC    = "arch/arm64/kernel/hw_breakpoint.c"
	wqC      = "kernel/workqueue.c"
	wideText = "one event for each CPU"
)

var (
	errInval  = schema.Errno{Name: "EINVAL", Doc: "the attributes are not valid: length, alignment, address, or a CPU that does not exist"}
	errNoSpc  = schema.Errno{Name: "ENOSPC", Doc: "every register of that kind is spoken for; m:why() names the holders"}
	errNoDev  = schema.Errno{Name: "ENODEV", Doc: "the CPU is offline"}
	errSrch   = schema.Errno{Name: "ESRCH", Doc: "the task has exited"}
	errAcces  = schema.Errno{Name: "EACCES", Doc: "perf_event_paranoid and the caller's capabilities do not allow it"}
	openErrs  = []schema.Errno{errNoSpc, errInval, errNoDev, errSrch, errAcces}
	kernErrs  = []schema.Errno{errNoSpc, errInval, errSrch}
	modErrs   = []schema.Errno{errInval, errNoSpc}
	eventSelf = schema.Param{Name: "ev", Type: schema.Object("event"), Doc: "the event"}
	dwParam   = schema.Param{Name: "dw", Type: schema.Object("work"), Doc: "the delayed work"}
	wParam    = schema.Param{Name: "w", Type: schema.Object("work"), Doc: "the work"}
	cpuParam  = schema.Param{Name: "cpu", Type: schema.Int, Doc: "the CPU's number"}
	delay     = schema.Param{Name: "delay", Type: schema.Union(schema.Int, schema.String), Doc: "jiffies, or text with a unit that is rounded up to them: \"28s\", \"250ms\""}
	queued    = []schema.Param{{Name: "queued", Type: schema.Bool, Doc: "false when it was pending already, and nothing has changed"}}
	pending   = []schema.Param{{Name: "pending", Type: schema.Bool, Doc: "whether it was pending"}}
)

var machineClass = schema.Class{
	Name: "machine",
	Doc: "A machine: its CPUs and the kernel that runs on them. The script is the kernel thread hwlua (pid 1), which is " +
		"current on CPU 0 while nothing else has been switched to there. No call costs virtual time.",
	Sample: `
local m = hw.machine { cpus = 2 }
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
print(hw.explain(m.cpu[1].wcr[0]))`,
	Fields: []schema.Field{
		{Name: "nr_cpus", Type: schema.Int, Doc: "How many CPUs the machine has.", Go: (*sim.Machine).NrCPUs},
		{Name: "core_num_brps", Type: schema.Int, Doc: "How many breakpoint registers the kernel uses: the smallest count over the CPUs.", Go: (*sim.Machine).CoreNumBRPs},
		{Name: "core_num_wrps", Type: schema.Int, Doc: "How many watchpoint registers the kernel uses: the smallest count over the CPUs.", Go: (*sim.Machine).CoreNumWRPs},
		{Name: "now", Type: schema.Number, Doc: "Virtual time in seconds since boot.", Change: "m:msleep(ms) lets time pass", Go: func(m *sim.Machine) float64 { return float64(m.Now()) / 1e9 }},
		{Name: "jiffies", Type: schema.U64, Doc: "The tick count.", Go: (*sim.Machine).Jiffies},
		{Name: "kernel", Type: schema.String, Doc: "The full name of the kernel profile.", Go: (*sim.Machine).Kernel},
		{Name: "name", Type: schema.String, Doc: "The hardware's name, as logs print it.", Go: func(m *sim.Machine) string { return m.Config().Name }},
		{Name: "hz", Type: schema.Int, Doc: "Timer ticks a second.", Go: func(m *sim.Machine) int { return m.Config().HZ }},
		{Name: "current", Type: schema.Object("task"), Doc: "The task in whose name calls are made now.", Go: (*sim.Machine).Current},
		{Name: "cpu", Type: schema.Object("cpus"), Doc: "The CPUs by number, m.cpu[0] to m.cpu[m.nr_cpus-1]; any other number raises.", Go: func(m *sim.Machine) CPUs { return CPUs{m} }},
	},
	Methods: []schema.Func{
		{
			Name: "cpus", Doc: "Go through the CPUs, CPU 0 first.",
			Results: []schema.Param{{Name: "next", Type: schema.Func1(nil, []schema.Param{{Type: schema.Object("cpu"), Optional: true}}), Doc: "for a generic for"}},
			Sample:  `for cpu in m:cpus() do print(cpu.id, cpu.mdscr_el1) end`,
			Go:      cpus,
		},
		{
			Name: "tasks", Doc: "The tasks that exist, in order of creation. The kernel's own threads are among them.",
			Results: []schema.Param{{Name: "tasks", Type: schema.Array(schema.Object("task"))}},
			Sample:  `for _, t in ipairs(m:tasks()) do print(t.pid, t.comm, t.state) end`,
			Go:      (*sim.Machine).Tasks,
		},
		{
			Name: "events", Doc: "The events that live, in order of creation.",
			Results: []schema.Param{{Name: "events", Type: schema.Array(schema.Object("event"))}},
			Sample:  `assert(#m:events() == 0)`,
			Go:      (*sim.Machine).Events,
		},
		{
			Name: "works", Doc: "The work items that were made, in order of creation.",
			Results: []schema.Param{{Name: "works", Type: schema.Array(schema.Object("work"))}},
			Sample:  `for _, w in ipairs(m:works()) do print(w.name, w.pending) end`,
			Go:      (*sim.Machine).Works,
		},
		// Time
		{
			Name: "msleep", Doc: "Let virtual time pass. Timers, work and runnable tasks that fall due run in order. In a task body or a work function " +
				"that thread sleeps; in on_hit it raises.",
			Params: []schema.Param{{Name: "ms", Type: schema.Number, Doc: "milliseconds of virtual time"}},
			See:    []string{"m:run", "m:step", "m.now"},
			Sample: `m:msleep(27000)`,
			Go:     msleep,
		},
		{
			Name: "run", Doc: "Run until nothing is runnable and no timer is pending. A machine that never comes to rest raises and names what is still " +
				"going. Only the script may call it.",
			Results: []schema.Param{{Name: "steps", Type: schema.Int, Doc: "the number of steps taken"}},
			See:     []string{"m:step", "m:msleep"},
			Sample: `
m:schedule_delayed_work(m:delayed_work("probe", function() print(m.jiffies) end), "1s")
m:run()`,
			Go: (*sim.Machine).Run,
		},
		{
			Name: "step", Doc: "Perform the one next action. Only the script may call it.",
			Results: []schema.Param{{Name: "what", Type: schema.String, Optional: true, Doc: "what was done, nil when the machine is idle"}},
			See:     []string{"m:run"},
			Sample: `
m:schedule_work(m:work("probe", function() end))
for what in function() return (m:step()) end do print(what) end`,
			Go: (*sim.Machine).Step,
		},
		{
			Name: "dmesg", Doc: "The kernel log, in the kernel's own format.",
			Params:  []schema.Param{{Name: "pattern", Type: schema.String, Optional: true, Doc: "a Lua pattern that the lines have to match", Default: "all lines"}},
			Results: []schema.Param{{Name: "lines", Type: schema.Array(schema.String)}},
			See:     []string{"assert.dmesg", "m:dump_stack_in"},
			Sample:  `print(m:dmesg("hw%-breakpoint")[1])`,
			Go:      dmesg,
		},
		// Power
		{
			Name: "cpu_down", Doc: "Take a CPU offline, as hotplug does; one that is offline stays so. Its own events are lost for good; its tasks move to the lowest CPU that is online.",
			Params: []schema.Param{{Name: "n", Type: schema.Int, Doc: "the CPU's number"}},
			Errors: []schema.Errno{{Name: "EBUSY", Doc: "CPU 0 stays"}, {Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "kernel/cpu.c", See: []string{"m:cpu_up"}, Sample: `assert(m:cpu_down(1))`,
			Go: (*sim.Machine).CPUDown,
		},
		{
			Name: "cpu_up", Doc: "Bring a CPU online, as hotplug does; one that is online stays so. Its registers are zeroed and no event returns.",
			Params: []schema.Param{{Name: "n", Type: schema.Int, Doc: "the CPU's number"}},
			Errors: []schema.Errno{{Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "kernel/cpu.c", See: []string{"m:cpu_down"}, Sample: `m:cpu_down(1) assert(m:cpu_up(1))`,
			Go: (*sim.Machine).CPUUp,
		},
		{
			Name: "cpu_suspend", Doc: "Power a CPU down with its kernel state kept. Its debug registers are lost, and what needs it raises until it resumes. One that is offline or suspended raises.",
			Params: []schema.Param{{Name: "n", Type: schema.Int, Doc: "the CPU's number"}},
			Errors: []schema.Errno{{Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "arch/arm64/kernel/suspend.c", See: []string{"m:cpu_resume"}, Sample: `m:cpu_suspend(1) m:cpu_resume(1)`,
			Go: (*sim.Machine).CPUSuspend,
		},
		{
			Name: "cpu_resume", Doc: "Let a suspended CPU come back: every register pair is written again from its slot. One that is not suspended raises.",
			Params: []schema.Param{{Name: "n", Type: schema.Int, Doc: "the CPU's number"}},
			Errors: []schema.Errno{{Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "arch/arm64/kernel/suspend.c", See: []string{"m:cpu_suspend"}, Sample: `m:cpu_suspend(1) m:cpu_resume(1)`,
			Go: (*sim.Machine).CPUResume,
		},
		// Tasks and events
		{
			Name: "task", Doc: "Make a task. One without a body never runs by itself: it is only switched to and acted through.",
			Params:  []schema.Param{{Name: "options", Type: schema.Table("task_options"), Optional: true}},
			Results: []schema.Param{{Name: "t", Type: schema.Object("task")}},
			Sample:  `local t = m:task { comm = "mali-cmar-backe", pid = 3237 }`,
			Go:      newTask,
		},
		{
			Name: "perf_event_open", Doc: "Open a breakpoint event as user space does. It is an event that is also a file; all attributes start from zero.",
			Params:  []schema.Param{{Name: "attr", Type: schema.Table("perf_event_attr")}},
			Results: []schema.Param{{Name: "ev", Type: schema.Object("event")}},
			Errors:  openErrs, Kernel: coreC, See: []string{"ev:close", "m:why", "m:slots"},
			Sample: `local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })`,
			Go:     perfEventOpen,
		},
		{
			Name: "register_user_hw_breakpoint", Doc: "Register an event that follows a task. Attributes start from hw_breakpoint_init: pinned, period 1.",
			Params:  []schema.Param{{Name: "attr", Type: schema.Table("user_attr")}},
			Results: []schema.Param{{Name: "ev", Type: schema.Object("event")}},
			Errors:  kernErrs, Kernel: bpC, See: []string{"m:unregister_hw_breakpoint", "m:modify_user_hw_breakpoint"},
			Sample: `
local t = m:task {}
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
  on_hit = function(ev, hit)
    print(hit.kind, hw.hex(hit.addr))
    m:perf_event_disable(ev)
  end })
t:store(0x1000, 8)`,
			Go: registerUser,
		},
		{
			Name: "unregister_hw_breakpoint", Doc: "Release an event that was registered; nil is none, and nothing is done.",
			Params: []schema.Param{{Name: "ev", Type: schema.Union(schema.Object("event"), schema.Nil), Doc: "the event, or nil"}}, Kernel: bpC,
			Sample: `
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = m:task {} })
m:unregister_hw_breakpoint(ev)`,
			Go: (*sim.Machine).UnregisterHwBreakpoint,
		},
		{
			Name: "modify_user_hw_breakpoint", Doc: "Change an event in place. Fields left out keep what ev.attr has.",
			Params: []schema.Param{eventSelf, {Name: "attr", Type: schema.Table("attr"), Doc: "what changes"}},
			Errors: modErrs, Kernel: bpC,
			Sample: `
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = m:task {} })
assert(m:modify_user_hw_breakpoint(ev, { addr = 0x2000 }))`,
			Go: modifyUser,
		},
		{
			Name: "register_wide_hw_breakpoint", Doc: "Register one event on every online CPU, all or none. Attributes start from hw_breakpoint_init: pinned, period 1.",
			Params:  []schema.Param{{Name: "attr", Type: schema.Table("wide_attr"), Doc: "where and what"}},
			Results: []schema.Param{{Name: "w", Type: schema.Object("wide"), Doc: wideText}},
			Errors:  []schema.Errno{{Name: "ENOSPC", Doc: "a CPU has every slot reserved; what the others got is rolled back"}, errInval},
			Kernel:  bpC, See: []string{"m:unregister_wide_hw_breakpoint", "m:why"},
			Sample: `local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })`,
			Go:     registerWide,
		},
		{
			Name: "unregister_wide_hw_breakpoint", Doc: "Release the events of a wide registration, CPU 0 first.",
			Params: []schema.Param{{Name: "w", Type: schema.Object("wide"), Doc: "the wide event"}}, Kernel: bpC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:unregister_wide_hw_breakpoint(w)
assert.no_leaks(m)`,
			Go: (*sim.Machine).UnregisterWideHwBreakpoint,
		},
		{
			Name: "perf_event_enable", Doc: "Enable one event, as a driver does. Its context is rescheduled, which compacts the slots.",
			Params: []schema.Param{eventSelf}, Kernel: coreC, See: []string{"ev:enable", "m:perf_event_disable"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true })
for cpu in m:cpus() do m:perf_event_enable(w[cpu.id]) end`,
			Go: (*sim.Machine).PerfEventEnable,
		},
		{
			Name: "perf_event_disable", Doc: "Disable one event, as a driver does. It leaves its register; the others keep theirs.",
			Params: []schema.Param{eventSelf}, Kernel: coreC, See: []string{"ev:disable", "m:perf_event_enable"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:perf_event_disable(w[0])`,
			Go: (*sim.Machine).PerfEventDisable,
		},
		{
			Name: "why", Doc: "What the last refusal was about. tostring says it all in words.",
			Results: []schema.Param{{Name: "why", Type: schema.Object("refusal"), Optional: true, Doc: "nil before the first refusal"}},
			Sample: `
m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 }
print(m:why())`,
			Go: (*sim.Machine).Why,
		},
		{
			Name: "slots", Doc: "What is reserved and installed on a CPU, or on each.",
			Params:  []schema.Param{{Name: "cpu", Type: schema.Int, Optional: true, Doc: "the CPU's number", Default: "all, by CPU number"}},
			Results: []schema.Param{{Name: "slots", Type: schema.Union(schema.Table("slots"), schema.Map(schema.Int, schema.Table("slots")))}},
			See:     []string{"cpu.wp_on_reg", "m:why"},
			Sample:  `print(m:slots(0).wp.limit, m:slots()[1].bp.cpu_pinned)`,
			Go:      slots,
		},
		// Work
		{
			Name: "work", Doc: "Make a work item. Its function runs in a kworker and is given the item.",
			Params: []schema.Param{
				{Name: "name", Type: schema.String, Doc: "the function's name in chains and logs"},
				{Name: "fn", Type: schema.Func1([]schema.Param{{Name: "w", Type: schema.Object("work")}}, nil), Doc: "what it does"}},
			Results: []schema.Param{{Name: "w", Type: schema.Object("work")}}, Kernel: wqC,
			Sample: `
local w = m:work("probe", function() print(m.current.comm) end)
m:schedule_work(w)
m:run()`,
			Go: newWork,
		},
		{
			Name: "delayed_work", Doc: "Make a work item with a timer.",
			Params: []schema.Param{
				{Name: "name", Type: schema.String, Doc: "the function's name in chains and logs"},
				{Name: "fn", Type: schema.Func1([]schema.Param{{Name: "dw", Type: schema.Object("work")}}, nil), Doc: "what it does"}},
			Results: []schema.Param{{Name: "dw", Type: schema.Object("work")}}, Kernel: wqC,
			Sample: `
local dw = m:delayed_work("watch_point_delayed_work_func", function() print(m.now) end)
m:queue_delayed_work_on(1, dw, "28s")
m:run()`,
			Go: newDelayedWork,
		},
		{
			Name: "schedule_work", Doc: "Queue work on events, on the CPU that runs.",
			Params: []schema.Param{wParam}, Results: queued, Kernel: wqC, Sample: `m:schedule_work(m:work("probe", function() end))`,
			Go: (*sim.Machine).ScheduleWork,
		},
		{
			Name: "schedule_work_on", Doc: "Queue work on events, on a CPU of your choice.",
			Params: []schema.Param{cpuParam, wParam}, Results: queued, Kernel: wqC, Sample: `m:schedule_work_on(1, m:work("probe", function() end))`,
			Go: (*sim.Machine).ScheduleWorkOn,
		},
		{
			Name: "queue_work_on", Doc: "Queue work on events, on a CPU of your choice.",
			Params: []schema.Param{cpuParam, wParam}, Results: queued, Kernel: wqC, Sample: `m:queue_work_on(1, m:work("probe", function() end))`,
			Go: (*sim.Machine).QueueWorkOn,
		},
		{
			Name: "schedule_delayed_work", Doc: "Queue delayed work on events when the delay is over, on the CPU whose timer it was.",
			Params: []schema.Param{dwParam, delay}, Results: queued, Kernel: wqC,
			Sample: `m:schedule_delayed_work(m:delayed_work("probe", function() end), "1s")`,
			Go: func(m *sim.Machine, w *sim.Work, d Delay) (bool, error) {
				return m.ScheduleDelayedWork(w, d.in(m))
			},
		},
		{
			Name: "schedule_delayed_work_on", Doc: "Queue delayed work on events, on a CPU of your choice.",
			Params: []schema.Param{cpuParam, dwParam, delay}, Results: queued, Kernel: wqC,
			Sample: `m:schedule_delayed_work_on(1, m:delayed_work("probe", function() end), "1s")`,
			Go: func(m *sim.Machine, cpu int, w *sim.Work, d Delay) (bool, error) {
				return m.ScheduleDelayedWorkOn(cpu, w, d.in(m))
			},
		},
		{
			Name: "queue_delayed_work_on", Doc: "Queue delayed work on events, on a CPU of your choice.",
			Params: []schema.Param{cpuParam, dwParam, delay}, Results: queued, Kernel: wqC,
			Sample: `assert(m:queue_delayed_work_on(1, m:delayed_work("probe", function() end), 25))`,
			Go: func(m *sim.Machine, cpu int, w *sim.Work, d Delay) (bool, error) {
				return m.QueueDelayedWorkOn(cpu, w, d.in(m))
			},
		},
		{
			Name: "mod_delayed_work_on", Doc: "Set the delay anew, pending or not. A function that runs is not disturbed.",
			Params: []schema.Param{cpuParam, dwParam, delay}, Results: pending, Kernel: wqC,
			Sample: `
local dw = m:delayed_work("probe", function() end)
m:schedule_delayed_work(dw, "1s")
assert(m:mod_delayed_work_on(1, dw, "2s"))`,
			Go: func(m *sim.Machine, cpu int, w *sim.Work, d Delay) (bool, error) {
				return m.ModDelayedWorkOn(cpu, w, d.in(m))
			},
		},
		{
			Name: "cancel_delayed_work", Doc: "Take delayed work out of its timer or queue. It does not wait for a function that runs.",
			Params: []schema.Param{dwParam}, Results: pending, Kernel: wqC,
			Sample: `m:cancel_delayed_work(m:delayed_work("probe", function() end))`, Go: (*sim.Machine).CancelDelayedWork,
		},
		{
			Name: "cancel_delayed_work_sync", Doc: "Take delayed work out and wait for its function. In that function itself it would wait for ever, and raises.",
			Params: []schema.Param{dwParam}, Results: pending, Kernel: wqC,
			Sample: `m:cancel_delayed_work_sync(m:delayed_work("probe", function() end))`, Go: (*sim.Machine).CancelDelayedWorkSync,
		},
		{
			Name: "cancel_work_sync", Doc: "Take work out of its queue and wait for its function.",
			Params: []schema.Param{wParam}, Results: pending, Kernel: wqC,
			Sample: `m:cancel_work_sync(m:work("probe", function() end))`, Go: (*sim.Machine).CancelWorkSync,
		},
		{
			Name: "flush_delayed_work", Doc: "Queue delayed work at once if its timer is armed, then wait for it.",
			Params: []schema.Param{dwParam}, Results: []schema.Param{{Name: "waited", Type: schema.Bool, Doc: "false when it was idle"}}, Kernel: wqC,
			Sample: `
local dw = m:delayed_work("probe", function() print "now" end)
m:schedule_delayed_work(dw, "28s")
m:flush_delayed_work(dw)`, Go: (*sim.Machine).FlushDelayedWork,
		},
		{
			Name: "flush_work", Doc: "Wait for the last queued instance.",
			Params: []schema.Param{wParam}, Results: []schema.Param{{Name: "waited", Type: schema.Bool, Doc: "false when it was idle"}}, Kernel: wqC,
			Sample: `
local w = m:work("probe", function() print "now" end)
m:schedule_work(w)
m:flush_work(w)`, Go: (*sim.Machine).FlushWork,
		},
		// Looking back
		{
			Name: "callchain", Doc: "The call chain when a modelled kernel function was entered: names from the function itself outwards to the bottom of " +
				"the thread's stack. A Lua function stands in it under the name by which it was called.",
			Params: []schema.Param{
				{Name: "fn", Type: modelledFn, Doc: "the kernel function; one that is not modelled raises"},
				{Name: "options", Type: schema.Table("callchain_options"), Optional: true}},
			Results: []schema.Param{{Name: "names", Type: schema.Array(schema.String), Optional: true, Doc: "nil when it never was entered"}},
			See:     []string{"assert.callchain", "m:trace", "m:dump_stack_in"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
print(table.concat(m:callchain("write_wb_reg", { cpu = 0 }), " < "))`,
			Go: callchain,
		},
		{
			Name: "trace", Doc: "The records of modelled calls that are kept, in order of entry.",
			Params:  []schema.Param{{Name: "filter", Type: schema.Table("trace_filter"), Optional: true}},
			Results: []schema.Param{{Name: "records", Type: schema.Array(schema.Table("trace_record"))}},
			See:     []string{"m:callchain"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
for _, r in ipairs(m:trace { fn = "write_wb_reg" }) do print(r.cpu, r.args[1], r.args[2], hw.hex(r.args[3])) end`,
			Go: traceRecords,
		},
		{
			Name: "dump_stack_in", Doc: "From now on each entry of a modelled function logs a dump_stack, in the kernel's format.",
			Params: []schema.Param{{Name: "fn", Type: modelledFn, Doc: "the kernel function"}},
			See:    []string{"m:dmesg"}, Sample: `m:dump_stack_in("write_wb_reg")`,
			Go: (*sim.Machine).DumpStackIn,
		},
	},
}

var cpusClass = schema.Class{
	Name: "cpus", Doc: "The CPUs of a machine, m.cpu.",
	Index: &schema.Indexed{Key: schema.Param{Name: "n", Type: schema.Int}, Value: schema.Object("cpu"),
		Doc: "CPU n, from 0; any other number raises.", Each: "for cpu in m:cpus() goes through them", Go: func(c CPUs, n int) *sim.CPU { return c.Machine.CPU(n) }},
	Len: "how many there are",
}

func cpus(m *sim.Machine) Each[*sim.CPU] {
	list := make(Each[*sim.CPU], m.NrCPUs())
	for i := range list {
		list[i] = m.CPU(i)
	}
	return list
}

func msleep(m *sim.Machine, ms Millis) error { return m.Msleep(int64(math.Round(float64(ms) * 1e6))) }

func dmesg(m *sim.Machine, wanted Match) []string {
	lines := m.Dmesg()
	if wanted == nil {
		return lines
	}
	some := []string{}
	for _, line := range lines {
		if wanted(line) {
			some = append(some, line)
		}
	}
	return some
}

// TaskOptions are the options of m:task.
type TaskOptions struct {
	sim.TaskConfig
	Body TaskFunc
}

func newTask(m *sim.Machine, fill Fill[TaskOptions]) (*sim.Task, error) {
	var o TaskOptions
	fill(&o)
	o.TaskConfig.Body = o.Body
	return m.NewTask(o.TaskConfig)
}

func perfEventOpen(m *sim.Machine, fill Fill[Attr]) (*sim.Event, error) {
	a := attrOf(hwdebug.Attr{}, fill)
	return m.PerfEventOpen(a.Attr, a.Task, a.CPU)
}

func registerUser(m *sim.Machine, fill Fill[Attr]) (*sim.Event, error) {
	a := attrOf(hwdebug.HwBreakpointInit(), fill)
	return m.RegisterUserHwBreakpoint(a.Attr, a.OnHit, a.Task)
}

func registerWide(m *sim.Machine, fill Fill[Attr]) (*sim.Wide, error) {
	a := attrOf(hwdebug.HwBreakpointInit(), fill)
	return m.RegisterWideHwBreakpoint(a.Attr, a.OnHit)
}

func modifyUser(m *sim.Machine, ev *sim.Event, fill Fill[Attr]) error {
	a := Attr{Attr: ev.Attr()}
	fill(&a)
	return m.ModifyUserHwBreakpoint(ev, a.Attr)
}

func slots(m *sim.Machine, cpu Maybe) (Slots, error) {
	if cpu.Set {
		use, err := m.Slots(cpu.N)
		return Slots{Use: []sim.SlotUse{use}, One: true}, err
	}
	s := Slots{Use: make([]sim.SlotUse, m.NrCPUs())}
	for i := range s.Use {
		use, err := m.Slots(i)
		if err != nil {
			return Slots{}, err
		}
		s.Use[i] = use
	}
	return s, nil
}

func newWork(m *sim.Machine, name string, fn WorkFunc) (w *sim.Work) {
	w = m.NewWork(name, func() error { return fn(w) })
	return w
}

func newDelayedWork(m *sim.Machine, name string, fn WorkFunc) (w *sim.Work) {
	w = m.NewDelayedWork(name, func() error { return fn(w) })
	return w
}
