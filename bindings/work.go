// Work: the machine's calls on it, and class work.

package bindings

import (
	"time"

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
	onWork("schedule_work", "Queue work on events, on the CPU that makes the call.", wParam, queuedOut,
		`m:schedule_work(m:work("probe", function() end))`, (*sim.Machine).ScheduleWork),
	workOn("schedule_work_on", (*sim.Machine).ScheduleWorkOn),
	workOn("queue_work_on", (*sim.Machine).QueueWorkOn),
	{
		Name:    "schedule_delayed_work",
		Doc:     "Queue delayed work on events after the delay, on the CPU of its timer.",
		Params:  []describe.Param{dwParam, delayParam},
		Results: queuedOut,
		Kernel:  wqC,
		Sample:  `m:schedule_delayed_work(m:delayed_work("probe", function() end), "1s")`,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(m.ScheduleDelayedWork(c.arg(0).work(), c.arg(1).delay(m)))
		},
	},
	delayedOn("schedule_delayed_work_on", "Queue delayed work on events, on a given CPU.", queuedOut,
		`m:schedule_delayed_work_on(1, m:delayed_work("probe", function() end), "1s")`,
		(*sim.Machine).ScheduleDelayedWorkOn),
	delayedOn("queue_delayed_work_on", "Queue delayed work on events, on a given CPU.", queuedOut,
		`assert(m:queue_delayed_work_on(1, m:delayed_work("probe", function() end), 25))`,
		(*sim.Machine).QueueDelayedWorkOn),
	delayedOn("mod_delayed_work_on",
		"Set a new delay, whether the work is pending or not. A function that is running is not disturbed.",
		pendingOut, `
local dw = m:delayed_work("probe", function() end)
m:schedule_delayed_work(dw, "1s")
assert(m:mod_delayed_work_on(1, dw, "2s"))`,
		(*sim.Machine).ModDelayedWorkOn),
	onWork("cancel_delayed_work",
		"Cancel the timer of delayed work, or take it off its queue. It does not wait for a running "+
			"function.",
		dwParam, pendingOut, `m:cancel_delayed_work(m:delayed_work("probe", function() end))`,
		(*sim.Machine).CancelDelayedWork),
	onWork("cancel_delayed_work_sync",
		"Cancel delayed work and wait for its function. In that function itself it would deadlock, and "+
			"raises.",
		dwParam, pendingOut, `m:cancel_delayed_work_sync(m:delayed_work("probe", function() end))`,
		(*sim.Machine).CancelDelayedWorkSync),
	onWork("cancel_work_sync", "Take work off its queue and wait for its function.", wParam, pendingOut,
		`m:cancel_work_sync(m:work("probe", function() end))`, (*sim.Machine).CancelWorkSync),
	onWork("flush_delayed_work", "Queue delayed work at once if its timer is armed, then wait for it.",
		dwParam, waitedOut, `
local dw = m:delayed_work("probe", function() print "now" end)
m:schedule_delayed_work(dw, "28s")
m:flush_delayed_work(dw)`,
		(*sim.Machine).FlushDelayedWork),
	onWork("flush_work", "Wait for the last queued instance of work.", wParam, waitedOut, `
local w = m:work("probe", function() print "now" end)
m:schedule_work(w)
m:flush_work(w)`,
		(*sim.Machine).FlushWork),
}

// onWork describes a call with one argument, the work.
func onWork(name, doc string, work describe.Param, results []describe.Param, sample string,
	do func(*sim.Machine, *sim.Work) (bool, error)) describe.Func {
	return describe.Func{
		Name: name, Doc: doc, Params: []describe.Param{work}, Results: results, Kernel: wqC, Sample: sample,
		Go: func(c *call, m *sim.Machine) int { return c.bool(do(m, c.arg(0).work())) },
	}
}

// workOn describes a call that queues work on a CPU.
func workOn(name string, do func(*sim.Machine, int, *sim.Work) (bool, error)) describe.Func {
	return describe.Func{
		Name: name, Doc: "Queue work on events, on a given CPU.",
		Params: []describe.Param{cpuParam, wParam}, Results: queuedOut, Kernel: wqC,
		Sample: `m:` + name + `(1, m:work("probe", function() end))`,
		Go:     func(c *call, m *sim.Machine) int { return c.bool(do(m, c.arg(0).int(), c.arg(1).work())) },
	}
}

// delayedOn describes a call that sets the delay of work on a CPU.
func delayedOn(name, doc string, results []describe.Param, sample string,
	do func(m *sim.Machine, cpu int, w *sim.Work, delay time.Duration) (bool, error)) describe.Func {
	return describe.Func{
		Name: name, Doc: doc, Params: []describe.Param{cpuParam, dwParam, delayParam}, Results: results,
		Kernel: wqC, Sample: sample,
		Go: func(c *call, m *sim.Machine) int {
			return c.bool(do(m, c.arg(0).int(), c.arg(1).work(), c.arg(2).delay(m)))
		},
	}
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
		prop("name", "The function's name.", (*sim.Work).Name),
		prop("pending",
			"Whether it is queued or its timer is armed. It is not pending while its function runs.",
			(*sim.Work).Pending),
		prop("running", "Whether its function is running.", (*sim.Work).Running),
		prop("runs", "How often its function was started.", (*sim.Work).Runs),
	},
	Sample: `
local dw = m:delayed_work("probe", function() end)
m:schedule_delayed_work(dw, "28s")
assert(dw.pending)`,
}
