// Work: the machine's calls on it, and class work.

package bindings

import (
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	dwParam    = param("dw", describe.Object("work"), "the delayed work")
	wParam     = param("w", describe.Object("work"), "the work")
	nameParam  = param("name", describe.String, "the function's name in chains and logs")
	delayParam = param("delay", describe.Union(describe.Int, describe.String),
		`jiffies, or a time with a unit, rounded up to them: "28s", "250ms"`)

	queuedOut  = one("queued", describe.Bool, "false if it was pending already; then nothing changes")
	pendingOut = one("pending", describe.Bool, "whether it was pending")
	waitedOut  = one("waited", describe.Bool, "false if it was idle")
)

var workMethods = []describe.Func{
	{
		Name:    "work",
		Doc:     "Make a work item. A kworker calls its function with the item.",
		Params:  []describe.Param{nameParam, param("fn", callback("w", "work"), "the function")},
		Results: one("w", describe.Object("work"), ""),
		Kernel:  wqC,
		Sample: `
local w = m:work("probe", function() print(m.current.comm) end)
m:schedule_work(w)
m:run()`,
		Go: func(c *call, m *sim.Machine) int { return newWork(c, m.NewWork) },
	},
	{
		Name:    "delayed_work",
		Doc:     "Make a work item with a timer.",
		Params:  []describe.Param{nameParam, param("fn", callback("dw", "work"), "the function")},
		Results: one("dw", describe.Object("work"), ""),
		Kernel:  wqC,
		Sample: `
local dw = m:delayed_work("watch_point_delayed_work_func", function() print(m.now) end)
m:queue_delayed_work_on(1, dw, "28s")
m:run()`,
		Go: func(c *call, m *sim.Machine) int { return newWork(c, m.NewDelayedWork) },
	},
	{
		Name:    "schedule_work",
		Doc:     "Queue work on events, on the CPU that makes the call.",
		Params:  []describe.Param{wParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `m:schedule_work(m:work("probe", function() end))`,
		Go:      func(c *call, m *sim.Machine) int { return c.bool(m.ScheduleWork(c.arg(0).work())) },
	},
	{
		Name:    "schedule_work_on",
		Doc:     "Queue work on events, on a given CPU.",
		Params:  []describe.Param{cpuParam, wParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `m:schedule_work_on(1, m:work("probe", function() end))`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.ScheduleWorkOn(c.arg(0).int(), c.arg(1).work()))
		},
	},
	{
		Name:    "queue_work_on",
		Doc:     "Queue work on events, on a given CPU.",
		Params:  []describe.Param{cpuParam, wParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `m:queue_work_on(1, m:work("probe", function() end))`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.QueueWorkOn(c.arg(0).int(), c.arg(1).work()))
		},
	},
	{
		Name:    "schedule_delayed_work",
		Doc:     "Queue delayed work on events after the delay, on the CPU of its timer.",
		Params:  []describe.Param{dwParam, delayParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `m:schedule_delayed_work(m:delayed_work("probe", function() end), "1s")`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.ScheduleDelayedWork(c.arg(0).work(), c.arg(1).jiffies(m)))
		},
	},
	{
		Name:    "schedule_delayed_work_on",
		Doc:     "Queue delayed work on events, on a given CPU.",
		Params:  []describe.Param{cpuParam, dwParam, delayParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `m:schedule_delayed_work_on(1, m:delayed_work("probe", function() end), "1s")`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.ScheduleDelayedWorkOn(c.arg(0).int(), c.arg(1).work(), c.arg(2).jiffies(m)))
		},
	},
	{
		Name:    "queue_delayed_work_on",
		Doc:     "Queue delayed work on events, on a given CPU.",
		Params:  []describe.Param{cpuParam, dwParam, delayParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `assert(m:queue_delayed_work_on(1, m:delayed_work("probe", function() end), 25))`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.QueueDelayedWorkOn(c.arg(0).int(), c.arg(1).work(), c.arg(2).jiffies(m)))
		},
	},
	{
		Name: "mod_delayed_work_on",
		Doc: "Set a new delay, whether the work is pending or not. A function that is running is not " +
			"disturbed.",
		Params:  []describe.Param{cpuParam, dwParam, delayParam},
		Results: pendingOut,
		Kernel:  wqC,
		Sample: `
local dw = m:delayed_work("probe", function() end)
m:schedule_delayed_work(dw, "1s")
assert(m:mod_delayed_work_on(1, dw, "2s"))`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.ModDelayedWorkOn(c.arg(0).int(), c.arg(1).work(), c.arg(2).jiffies(m)))
		},
	},
	{
		Name: "cancel_delayed_work",
		Doc: "Cancel the timer of delayed work, or take it off its queue. It does not wait for a " +
			"running function.",
		Params:  []describe.Param{dwParam},
		Results: pendingOut,
		Kernel:  wqC,
		Sample:  `m:cancel_delayed_work(m:delayed_work("probe", function() end))`,
		Go:      func(c *call, m *sim.Machine) int { return c.bool(m.CancelDelayedWork(c.arg(0).work())) },
	},
	{
		Name: "cancel_delayed_work_sync",
		Doc: "Cancel delayed work and wait for its function. In that function itself it would " +
			"deadlock, and raises.",
		Params:  []describe.Param{dwParam},
		Results: pendingOut,
		Kernel:  wqC,
		Sample:  `m:cancel_delayed_work_sync(m:delayed_work("probe", function() end))`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.CancelDelayedWorkSync(c.arg(0).work()))
		},
	},
	{
		Name:    "cancel_work_sync",
		Doc:     "Take work off its queue and wait for its function.",
		Params:  []describe.Param{wParam},
		Results: pendingOut,
		Kernel:  wqC,
		Sample:  `m:cancel_work_sync(m:work("probe", function() end))`,
		Go:      func(c *call, m *sim.Machine) int { return c.bool(m.CancelWorkSync(c.arg(0).work())) },
	},
	{
		Name:    "flush_delayed_work",
		Doc:     "Queue delayed work at once if its timer is armed, then wait for it.",
		Params:  []describe.Param{dwParam},
		Results: waitedOut,
		Kernel:  wqC,
		Sample: `
local dw = m:delayed_work("probe", function() print "now" end)
m:schedule_delayed_work(dw, "28s")
m:flush_delayed_work(dw)`,
		Go: func(c *call, m *sim.Machine) int { return c.bool(m.FlushDelayedWork(c.arg(0).work())) },
	},
	{
		Name:    "flush_work",
		Doc:     "Wait for the last queued instance of work.",
		Params:  []describe.Param{wParam},
		Results: waitedOut,
		Kernel:  wqC,
		Sample: `
local w = m:work("probe", function() print "now" end)
m:schedule_work(w)
m:flush_work(w)`,
		Go: func(c *call, m *sim.Machine) int { return c.bool(m.FlushWork(c.arg(0).work())) },
	},
}

// newWork returns new work, which is also the argument of its function.
func newWork(c *call, make func(name string, fn func() error) *sim.Work) int {
	name, fn, rt, m := c.arg(0).string(), c.arg(1).function(), c.rt, c.m
	var w *sim.Work
	w = make(name, func() error {
		_, err := rt.s.Call(fn, 0, showWork(rt, m, w))
		return err
	})
	return c.value(showWork(rt, m, w))
}

var workClass = describe.Class{
	Name:  "work",
	Short: "work",
	Doc:   "A work item, delayed or not.",
	Fields: []describe.Field{
		field("name", describe.String, "The function's name.", get((*sim.Work).Name)),
		field("pending", describe.Bool,
			"Whether it is queued or its timer is armed. It is not pending while its function runs.",
			get((*sim.Work).Pending)),
		field("running", describe.Bool, "Whether its function is running.", get((*sim.Work).Running)),
		field("runs", describe.Int, "How often its function was started.", get((*sim.Work).Runs)),
	},
	Sample: `
local dw = m:delayed_work("probe", function() end)
m:schedule_delayed_work(dw, "28s")
assert(dw.pending)`,
}
