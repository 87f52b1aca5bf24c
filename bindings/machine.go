// Class machine: what a driver and an administrator do, and time.

package bindings

import (
	"math"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

const (
	coreC    = "kernel/events/core.c"
	bpC      = "kernel/events/hw_breakpoint.c"
	archC    = "arch/arm64/kernel/hw_breakpoint.c"
	wqC      = "kernel/workqueue.c"
	wideText = "one event for each CPU"
)

var (
	errInval  = describe.Errno{Name: "EINVAL", Doc: "the attributes are not valid: length, alignment, address, or a CPU that does not exist"}
	errNoSpc  = describe.Errno{Name: "ENOSPC", Doc: "every register of that kind is spoken for; m:why() names the holders"}
	errNoDev  = describe.Errno{Name: "ENODEV", Doc: "the CPU is offline"}
	errSrch   = describe.Errno{Name: "ESRCH", Doc: "the task has exited"}
	errAcces  = describe.Errno{Name: "EACCES", Doc: "perf_event_paranoid and the caller's capabilities do not allow it"}
	openErrs  = []describe.Errno{errNoSpc, errInval, errNoDev, errSrch, errAcces}
	kernErrs  = []describe.Errno{errNoSpc, errInval, errSrch}
	modErrs   = []describe.Errno{errInval, errNoSpc}
	eventSelf = describe.Param{Name: "ev", Type: describe.Object("event"), Doc: "the event"}
	dwParam   = describe.Param{Name: "dw", Type: describe.Object("work"), Doc: "the delayed work"}
	wParam    = describe.Param{Name: "w", Type: describe.Object("work"), Doc: "the work"}
	cpuParam  = describe.Param{Name: "cpu", Type: describe.Int, Doc: "the CPU's number"}
	delay     = describe.Param{Name: "delay", Type: describe.Union(describe.Int, describe.String), Doc: "jiffies, or text with a unit that is rounded up to them: \"28s\", \"250ms\""}
	queued    = []describe.Param{{Name: "queued", Type: describe.Bool, Doc: "false when it was pending already, and nothing has changed"}}
	pending   = []describe.Param{{Name: "pending", Type: describe.Bool, Doc: "whether it was pending"}}
)

var machineClass = describe.Class{
	Name: "machine",
	Doc: "A machine: its CPUs and the kernel that runs on them. The script is the kernel thread hwlua (pid 1), which is " +
		"current on CPU 0 while nothing else has been switched to there. No call costs virtual time.",
	Sample: `
local m = hw.machine { cpus = 2 }
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
print(hw.explain(m.cpu[1].wcr[0]))`,
	Fields: []describe.Field{
		{Name: "nr_cpus", Type: describe.Int, Doc: "How many CPUs the machine has.", Go: (*sim.Machine).NrCPUs},
		{Name: "core_num_brps", Type: describe.Int, Doc: "How many breakpoint registers the kernel uses: the smallest count over the CPUs.", Go: (*sim.Machine).CoreNumBRPs},
		{Name: "core_num_wrps", Type: describe.Int, Doc: "How many watchpoint registers the kernel uses: the smallest count over the CPUs.", Go: (*sim.Machine).CoreNumWRPs},
		{Name: "now", Type: describe.Number, Doc: "Virtual time in seconds since boot.", Change: "m:msleep(ms) lets time pass", Go: func(m *sim.Machine) float64 { return float64(m.Now()) / 1e9 }},
		{Name: "jiffies", Type: describe.U64, Doc: "The tick count.", Go: (*sim.Machine).Jiffies},
		{Name: "kernel", Type: describe.String, Doc: "The full name of the kernel profile.", Go: (*sim.Machine).Kernel},
		{Name: "name", Type: describe.String, Doc: "The hardware's name, as logs print it.", Go: func(m *sim.Machine) string { return m.Config().Name }},
		{Name: "hz", Type: describe.Int, Doc: "Timer ticks a second.", Go: func(m *sim.Machine) int { return m.Config().HZ }},
		{Name: "current", Type: describe.Object("task"), Doc: "The task in whose name calls are made now.", Go: (*sim.Machine).Current},
		{Name: "cpu", Type: describe.Object("cpus"), Doc: "The CPUs by number, m.cpu[0] to m.cpu[m.nr_cpus-1]; any other number raises.", Go: func(m *sim.Machine) CPUs { return CPUs{m} }},
	},
	Methods: []describe.Func{
		{
			Name: "cpus", Doc: "Go through the CPUs, CPU 0 first.",
			Results: []describe.Param{{Name: "next", Type: describe.Func1(nil, []describe.Param{{Type: describe.Object("cpu"), Optional: true}}), Doc: "for a generic for"}},
			Sample:  `for cpu in m:cpus() do print(cpu.id, cpu.mdscr_el1) end`,
			Go:      cpus,
		},
		{
			Name: "tasks", Doc: "The tasks that exist, in order of creation. The kernel's own threads are among them.",
			Results: []describe.Param{{Name: "tasks", Type: describe.Array(describe.Object("task"))}},
			Sample:  `for _, t in ipairs(m:tasks()) do print(t.pid, t.comm, t.state) end`,
			Go:      (*sim.Machine).Tasks,
		},
		{
			Name: "events", Doc: "The events that live, in order of creation.",
			Results: []describe.Param{{Name: "events", Type: describe.Array(describe.Object("event"))}},
			Sample:  `assert(#m:events() == 0)`,
			Go:      (*sim.Machine).Events,
		},
		{
			Name: "works", Doc: "The work items that were made, in order of creation.",
			Results: []describe.Param{{Name: "works", Type: describe.Array(describe.Object("work"))}},
			Sample:  `for _, w in ipairs(m:works()) do print(w.name, w.pending) end`,
			Go:      (*sim.Machine).Works,
		},
		// Time
		{
			Name: "msleep", Doc: "Let virtual time pass. Timers, work and runnable tasks that fall due run in order. In a task body or a work function " +
				"that thread sleeps; in on_hit it raises.",
			Params: []describe.Param{{Name: "ms", Type: describe.Number, Doc: "milliseconds of virtual time"}},
			See:    []string{"m:run", "m:step", "m.now"},
			Sample: `m:msleep(27000)`,
			Go:     msleep,
		},
		{
			Name: "run", Doc: "Run until nothing is runnable and no timer is pending. A machine that never comes to rest raises and names what is still " +
				"going. Only the script may call it.",
			Results: []describe.Param{{Name: "steps", Type: describe.Int, Doc: "the number of steps taken"}},
			See:     []string{"m:step", "m:msleep"},
			Sample: `
m:schedule_delayed_work(m:delayed_work("probe", function() print(m.jiffies) end), "1s")
m:run()`,
			Go: (*sim.Machine).Run,
		},
		{
			Name: "step", Doc: "Perform the one next action. Only the script may call it.",
			Results: []describe.Param{{Name: "what", Type: describe.String, Optional: true, Doc: "what was done, nil when the machine is idle"}},
			See:     []string{"m:run"},
			Sample: `
m:schedule_work(m:work("probe", function() end))
for what in function() return (m:step()) end do print(what) end`,
			Go: (*sim.Machine).Step,
		},
		{
			Name: "dmesg", Doc: "The kernel log, in the kernel's own format.",
			Params:  []describe.Param{{Name: "pattern", Type: describe.String, Optional: true, Doc: "a Lua pattern that the lines have to match", Default: "all lines"}},
			Results: []describe.Param{{Name: "lines", Type: describe.Array(describe.String)}},
			See:     []string{"assert.dmesg", "m:dump_stack_in"},
			Sample:  `print(m:dmesg("hw%-breakpoint")[1])`,
			Go:      dmesg,
		},
		// Power
		{
			Name: "cpu_down", Doc: "Take a CPU offline, as hotplug does; one that is offline stays so. Its own events are lost for good; its tasks move to the lowest CPU that is online.",
			Params: []describe.Param{{Name: "n", Type: describe.Int, Doc: "the CPU's number"}},
			Errors: []describe.Errno{{Name: "EBUSY", Doc: "CPU 0 stays"}, {Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "kernel/cpu.c", See: []string{"m:cpu_up"}, Sample: `assert(m:cpu_down(1))`,
			Go: (*sim.Machine).CPUDown,
		},
		{
			Name: "cpu_up", Doc: "Bring a CPU online, as hotplug does; one that is online stays so. Its registers are zeroed and no event returns.",
			Params: []describe.Param{{Name: "n", Type: describe.Int, Doc: "the CPU's number"}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "kernel/cpu.c", See: []string{"m:cpu_down"}, Sample: `m:cpu_down(1) assert(m:cpu_up(1))`,
			Go: (*sim.Machine).CPUUp,
		},
		{
			Name: "cpu_suspend", Doc: "Power a CPU down with its kernel state kept. Its debug registers are lost, and what needs it raises until it resumes. One that is offline or suspended raises.",
			Params: []describe.Param{{Name: "n", Type: describe.Int, Doc: "the CPU's number"}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "arch/arm64/kernel/suspend.c", See: []string{"m:cpu_resume"}, Sample: `m:cpu_suspend(1) m:cpu_resume(1)`,
			Go: (*sim.Machine).CPUSuspend,
		},
		{
			Name: "cpu_resume", Doc: "Let a suspended CPU come back: every register pair is written again from its slot. One that is not suspended raises.",
			Params: []describe.Param{{Name: "n", Type: describe.Int, Doc: "the CPU's number"}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "there is no such CPU"}},
			Kernel: "arch/arm64/kernel/suspend.c", See: []string{"m:cpu_suspend"}, Sample: `m:cpu_suspend(1) m:cpu_resume(1)`,
			Go: (*sim.Machine).CPUResume,
		},
		// Tasks and events
		{
			Name: "task", Doc: "Make a task. One without a body never runs by itself: it is only switched to and acted through.",
			Params:  []describe.Param{{Name: "options", Type: describe.Table("task_options"), Optional: true}},
			Results: []describe.Param{{Name: "t", Type: describe.Object("task")}},
			Sample:  `local t = m:task { comm = "mali-cmar-backe", pid = 3237 }`,
			Go:      newTask,
		},
		{
			Name: "perf_event_open", Doc: "Open a breakpoint event as user space does. It is an event that is also a file; all attributes start from zero.",
			Params:  []describe.Param{{Name: "attr", Type: describe.Table("perf_event_attr")}},
			Results: []describe.Param{{Name: "ev", Type: describe.Object("event")}},
			Errors:  openErrs, Kernel: coreC, See: []string{"ev:close", "m:why", "m:slots"},
			Sample: `local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })`,
			Go:     perfEventOpen,
		},
		{
			Name: "register_user_hw_breakpoint", Doc: "Register an event that follows a task. Attributes start from hw_breakpoint_init: pinned, period 1.",
			Params:  []describe.Param{{Name: "attr", Type: describe.Table("user_attr")}},
			Results: []describe.Param{{Name: "ev", Type: describe.Object("event")}},
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
			Params: []describe.Param{{Name: "ev", Type: describe.Union(describe.Object("event"), describe.Nil), Doc: "the event, or nil"}}, Kernel: bpC,
			Sample: `
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = m:task {} })
m:unregister_hw_breakpoint(ev)`,
			Go: (*sim.Machine).UnregisterHwBreakpoint,
		},
		{
			Name: "modify_user_hw_breakpoint", Doc: "Change an event in place. Fields left out keep what ev.attr has.",
			Params: []describe.Param{eventSelf, {Name: "attr", Type: describe.Table("attr"), Doc: "what changes"}},
			Errors: modErrs, Kernel: bpC,
			Sample: `
local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = m:task {} })
assert(m:modify_user_hw_breakpoint(ev, { addr = 0x2000 }))`,
			Go: modifyUser,
		},
		{
			Name: "register_wide_hw_breakpoint", Doc: "Register one event on every online CPU, all or none. Attributes start from hw_breakpoint_init: pinned, period 1.",
			Params:  []describe.Param{{Name: "attr", Type: describe.Table("wide_attr"), Doc: "where and what"}},
			Results: []describe.Param{{Name: "w", Type: describe.Object("wide"), Doc: wideText}},
			Errors:  []describe.Errno{{Name: "ENOSPC", Doc: "a CPU has every slot reserved; what the others got is rolled back"}, errInval},
			Kernel:  bpC, See: []string{"m:unregister_wide_hw_breakpoint", "m:why"},
			Sample: `local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })`,
			Go:     registerWide,
		},
		{
			Name: "unregister_wide_hw_breakpoint", Doc: "Release the events of a wide registration, CPU 0 first.",
			Params: []describe.Param{{Name: "w", Type: describe.Object("wide"), Doc: "the wide event"}}, Kernel: bpC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:unregister_wide_hw_breakpoint(w)
assert.no_leaks(m)`,
			Go: (*sim.Machine).UnregisterWideHwBreakpoint,
		},
		{
			Name: "perf_event_enable", Doc: "Enable one event, as a driver does. Its context is rescheduled, which compacts the slots.",
			Params: []describe.Param{eventSelf}, Kernel: coreC, See: []string{"ev:enable", "m:perf_event_disable"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true })
for cpu in m:cpus() do m:perf_event_enable(w[cpu.id]) end`,
			Go: (*sim.Machine).PerfEventEnable,
		},
		{
			Name: "perf_event_disable", Doc: "Disable one event, as a driver does. It leaves its register; the others keep theirs.",
			Params: []describe.Param{eventSelf}, Kernel: coreC, See: []string{"ev:disable", "m:perf_event_enable"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m:perf_event_disable(w[0])`,
			Go: (*sim.Machine).PerfEventDisable,
		},
		{
			Name: "why", Doc: "What the last refusal was about. tostring says it all in words.",
			Results: []describe.Param{{Name: "why", Type: describe.Object("refusal"), Optional: true, Doc: "nil before the first refusal"}},
			Sample: `
m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 }
print(m:why())`,
			Go: (*sim.Machine).Why,
		},
		{
			Name: "slots", Doc: "What is reserved and installed on a CPU, or on each.",
			Params:  []describe.Param{{Name: "cpu", Type: describe.Int, Optional: true, Doc: "the CPU's number", Default: "all, by CPU number"}},
			Results: []describe.Param{{Name: "slots", Type: describe.Union(describe.Table("slots"), describe.Map(describe.Int, describe.Table("slots")))}},
			See:     []string{"cpu.wp_on_reg", "m:why"},
			Sample:  `print(m:slots(0).wp.limit, m:slots()[1].bp.cpu_pinned)`,
			Go:      slots,
		},
		// Work
		{
			Name: "work", Doc: "Make a work item. Its function runs in a kworker and is given the item.",
			Params: []describe.Param{
				{Name: "name", Type: describe.String, Doc: "the function's name in chains and logs"},
				{Name: "fn", Type: describe.Func1([]describe.Param{{Name: "w", Type: describe.Object("work")}}, nil), Doc: "what it does"}},
			Results: []describe.Param{{Name: "w", Type: describe.Object("work")}}, Kernel: wqC,
			Sample: `
local w = m:work("probe", function() print(m.current.comm) end)
m:schedule_work(w)
m:run()`,
			Go: newWork,
		},
		{
			Name: "delayed_work", Doc: "Make a work item with a timer.",
			Params: []describe.Param{
				{Name: "name", Type: describe.String, Doc: "the function's name in chains and logs"},
				{Name: "fn", Type: describe.Func1([]describe.Param{{Name: "dw", Type: describe.Object("work")}}, nil), Doc: "what it does"}},
			Results: []describe.Param{{Name: "dw", Type: describe.Object("work")}}, Kernel: wqC,
			Sample: `
local dw = m:delayed_work("watch_point_delayed_work_func", function() print(m.now) end)
m:queue_delayed_work_on(1, dw, "28s")
m:run()`,
			Go: newDelayedWork,
		},
		{
			Name: "schedule_work", Doc: "Queue work on events, on the CPU that runs.",
			Params: []describe.Param{wParam}, Results: queued, Kernel: wqC, Sample: `m:schedule_work(m:work("probe", function() end))`,
			Go: (*sim.Machine).ScheduleWork,
		},
		{
			Name: "schedule_work_on", Doc: "Queue work on events, on a CPU of your choice.",
			Params: []describe.Param{cpuParam, wParam}, Results: queued, Kernel: wqC, Sample: `m:schedule_work_on(1, m:work("probe", function() end))`,
			Go: (*sim.Machine).ScheduleWorkOn,
		},
		{
			Name: "queue_work_on", Doc: "Queue work on events, on a CPU of your choice.",
			Params: []describe.Param{cpuParam, wParam}, Results: queued, Kernel: wqC, Sample: `m:queue_work_on(1, m:work("probe", function() end))`,
			Go: (*sim.Machine).QueueWorkOn,
		},
		{
			Name: "schedule_delayed_work", Doc: "Queue delayed work on events when the delay is over, on the CPU whose timer it was.",
			Params: []describe.Param{dwParam, delay}, Results: queued, Kernel: wqC,
			Sample: `m:schedule_delayed_work(m:delayed_work("probe", function() end), "1s")`,
			Go: func(m *sim.Machine, w *sim.Work, d Delay) (bool, error) {
				return m.ScheduleDelayedWork(w, d.in(m))
			},
		},
		{
			Name: "schedule_delayed_work_on", Doc: "Queue delayed work on events, on a CPU of your choice.",
			Params: []describe.Param{cpuParam, dwParam, delay}, Results: queued, Kernel: wqC,
			Sample: `m:schedule_delayed_work_on(1, m:delayed_work("probe", function() end), "1s")`,
			Go: func(m *sim.Machine, cpu int, w *sim.Work, d Delay) (bool, error) {
				return m.ScheduleDelayedWorkOn(cpu, w, d.in(m))
			},
		},
		{
			Name: "queue_delayed_work_on", Doc: "Queue delayed work on events, on a CPU of your choice.",
			Params: []describe.Param{cpuParam, dwParam, delay}, Results: queued, Kernel: wqC,
			Sample: `assert(m:queue_delayed_work_on(1, m:delayed_work("probe", function() end), 25))`,
			Go: func(m *sim.Machine, cpu int, w *sim.Work, d Delay) (bool, error) {
				return m.QueueDelayedWorkOn(cpu, w, d.in(m))
			},
		},
		{
			Name: "mod_delayed_work_on", Doc: "Set the delay anew, pending or not. A function that runs is not disturbed.",
			Params: []describe.Param{cpuParam, dwParam, delay}, Results: pending, Kernel: wqC,
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
			Params: []describe.Param{dwParam}, Results: pending, Kernel: wqC,
			Sample: `m:cancel_delayed_work(m:delayed_work("probe", function() end))`, Go: (*sim.Machine).CancelDelayedWork,
		},
		{
			Name: "cancel_delayed_work_sync", Doc: "Take delayed work out and wait for its function. In that function itself it would wait for ever, and raises.",
			Params: []describe.Param{dwParam}, Results: pending, Kernel: wqC,
			Sample: `m:cancel_delayed_work_sync(m:delayed_work("probe", function() end))`, Go: (*sim.Machine).CancelDelayedWorkSync,
		},
		{
			Name: "cancel_work_sync", Doc: "Take work out of its queue and wait for its function.",
			Params: []describe.Param{wParam}, Results: pending, Kernel: wqC,
			Sample: `m:cancel_work_sync(m:work("probe", function() end))`, Go: (*sim.Machine).CancelWorkSync,
		},
		{
			Name: "flush_delayed_work", Doc: "Queue delayed work at once if its timer is armed, then wait for it.",
			Params: []describe.Param{dwParam}, Results: []describe.Param{{Name: "waited", Type: describe.Bool, Doc: "false when it was idle"}}, Kernel: wqC,
			Sample: `
local dw = m:delayed_work("probe", function() print "now" end)
m:schedule_delayed_work(dw, "28s")
m:flush_delayed_work(dw)`, Go: (*sim.Machine).FlushDelayedWork,
		},
		{
			Name: "flush_work", Doc: "Wait for the last queued instance.",
			Params: []describe.Param{wParam}, Results: []describe.Param{{Name: "waited", Type: describe.Bool, Doc: "false when it was idle"}}, Kernel: wqC,
			Sample: `
local w = m:work("probe", function() print "now" end)
m:schedule_work(w)
m:flush_work(w)`, Go: (*sim.Machine).FlushWork,
		},
		// Looking back
		{
			Name: "callchain", Doc: "The call chain when a modelled kernel function was entered: names from the function itself outwards to the bottom of " +
				"the thread's stack. A Lua function stands in it under the name by which it was called.",
			Params: []describe.Param{
				{Name: "fn", Type: modelledFn, Doc: "the kernel function; one that is not modelled raises"},
				{Name: "options", Type: describe.Table("callchain_options"), Optional: true}},
			Results: []describe.Param{{Name: "names", Type: describe.Array(describe.String), Optional: true, Doc: "nil when it never was entered"}},
			See:     []string{"assert.callchain", "m:trace", "m:dump_stack_in"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
print(table.concat(m:callchain("write_wb_reg", { cpu = 0 }), " < "))`,
			Go: callchain,
		},
		{
			Name: "trace", Doc: "The records of modelled calls that are kept, in order of entry.",
			Params:  []describe.Param{{Name: "filter", Type: describe.Table("trace_filter"), Optional: true}},
			Results: []describe.Param{{Name: "records", Type: describe.Array(describe.Table("trace_record"))}},
			See:     []string{"m:callchain"},
			Sample: `
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
for _, r in ipairs(m:trace { fn = "write_wb_reg" }) do print(r.cpu, r.args[1], r.args[2], hw.hex(r.args[3])) end`,
			Go: traceRecords,
		},
		{
			Name: "dump_stack_in", Doc: "From now on each entry of a modelled function logs a dump_stack, in the kernel's format.",
			Params: []describe.Param{{Name: "fn", Type: modelledFn, Doc: "the kernel function"}},
			See:    []string{"m:dmesg"}, Sample: `m:dump_stack_in("write_wb_reg")`,
			Go: (*sim.Machine).DumpStackIn,
		},
	},
}

var cpusClass = describe.Class{
	Name: "cpus", Doc: "The CPUs of a machine, m.cpu.",
	Index: &describe.Indexed{Key: describe.Param{Name: "n", Type: describe.Int}, Value: describe.Object("cpu"),
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
