// Locks of a driver and the calls that give up a turn: methods of a machine, classes mutex and completion.

package bindings

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

const (
	mutexC      = "kernel/locking/mutex.c"
	completionC = "kernel/sched/completion.c"
)

var (
	lockName   = one("name", describe.String, "its name in messages")
	mutexParam = one("l", describe.Object("mutex"), "the mutex")
	complParam = one("c", describe.Object("completion"), "the completion")
)

var lockMethods = []describe.Func{
	{
		Name:    "mutex",
		Doc:     "Make a mutex of the driver, unlocked.",
		Params:  lockName,
		Results: one("l", describe.Object("mutex"), ""),
		Kernel:  mutexC,
		See:     []string{"m:mutex_lock", "m:mutex_trylock", "m:mutex_unlock"},
		Sample:  `local lock = m:mutex("dev->lock")`,
		Go: func(c *call, m *sim.Machine) int {
			return c.value(showMutex(c.rt, c.m, m.NewMutex(c.arg(0).string())))
		},
	},
	{
		Name: "mutex_lock",
		Doc: "Take a mutex, and sleep until it is free. In a handler it raises, and so it does for the " +
			"owner, who would wait for itself.",
		Params: mutexParam,
		Kernel: mutexC,
		See:    []string{"m:mutex_unlock", "mutex.owner"},
		Sample: `
local lock = m:mutex("dev->lock")
m:mutex_lock(lock)
assert(lock.owner == m.current)
m:mutex_unlock(lock)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.MutexLock(c.arg(0).mutex())) },
	},
	{
		Name:    "mutex_trylock",
		Doc:     "Take a mutex if it is free.",
		Params:  mutexParam,
		Results: one("taken", describe.Bool, ""),
		Kernel:  mutexC,
		Sample:  `assert(m:mutex_trylock(m:mutex("dev->lock")))`,
		Go:      func(c *call, m *sim.Machine) int { return c.bool(m.MutexTrylock(c.arg(0).mutex())) },
	},
	{
		Name:   "mutex_unlock",
		Doc:    "Release a mutex. Only its owner can.",
		Params: mutexParam,
		Kernel: mutexC,
		Sample: `
local lock = m:mutex("dev->lock")
m:mutex_lock(lock)
m:mutex_unlock(lock)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.MutexUnlock(c.arg(0).mutex())) },
	},
	{
		Name:    "completion",
		Doc:     "Make a completion, not completed.",
		Params:  lockName,
		Results: one("c", describe.Object("completion"), ""),
		Kernel:  completionC,
		See:     []string{"m:complete", "m:complete_all", "m:wait_for_completion"},
		Sample:  `local ready = m:completion("dev->ready")`,
		Go: func(c *call, m *sim.Machine) int {
			return c.value(showCompletion(c.rt, c.m, m.NewCompletion(c.arg(0).string())))
		},
	},
	{
		Name:   "complete",
		Doc:    "Let one waiter pass, now or later. A handler may call it.",
		Params: complParam,
		Kernel: completionC,
		Sample: `m:complete(m:completion("dev->ready"))`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.Complete(c.arg(0).completion())) },
	},
	{
		Name:   "complete_all",
		Doc:    "Let every waiter pass, now and later. A handler may call it.",
		Params: complParam,
		Kernel: completionC,
		Sample: `m:complete_all(m:completion("dev->ready"))`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.CompleteAll(c.arg(0).completion())) },
	},
	{
		Name:   "wait_for_completion",
		Doc:    "Sleep until a completion is completed, and take one from it. In a handler it raises.",
		Params: complParam,
		Kernel: completionC,
		Sample: `
local ready = m:completion("dev->ready")
m:schedule_work(m:work("probe", function() m:complete(ready) end))
m:wait_for_completion(ready)`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.WaitForCompletion(c.arg(0).completion())) },
	},
	{
		Name:   "cond_resched",
		Doc:    "Let another thread run first, if the order of the run says so, and do nothing else.",
		Kernel: "kernel/sched/core.c",
		See:    []string{"m:cpu_relax"},
		Sample: `m:task { body = function() m:cond_resched() end }`,
		Go:     func(c *call, m *sim.Machine) int { return c.done(m.CondResched()) },
	},
	{
		Name: "cpu_relax",
		Doc: "Wait in a loop: the thread continues when something else has happened on the machine, if " +
			"anything can. Called by the script it performs the next action.",
		Kernel: "arch/arm64/include/asm/vdso/processor.h",
		See:    []string{"m:cond_resched"},
		Sample: `
local ready = false
m:schedule_work_on(1, m:work("probe", function() ready = true end))
m:task { body = function() while not ready do m:cpu_relax() end end }
m:run()`,
		Go: func(c *call, m *sim.Machine) int { return c.done(m.CPURelax()) },
	},
}

var mutexClass = describe.Class{
	Name:  "mutex",
	Short: "l",
	Doc:   "A mutex of the driver.",
	Fields: []describe.Field{
		prop("name", "Its name in messages.", (*sim.Mutex).Name),
		maybe("owner", describe.Object("task"), "The task that holds it.",
			show(func(rt *runtime, m *machine,
				l *sim.Mutex) lua.LValue {
				return showTask(rt, m, l.Owner())
			})),
	},
	Sample: `
local lock = m:mutex("dev->lock")
assert(lock.owner == nil)`,
}

var completionClass = describe.Class{
	Name:  "completion",
	Short: "c",
	Doc:   "A completion of the driver.",
	Fields: []describe.Field{
		prop("name", "Its name in messages.", (*sim.Completion).Name),
		prop("done", "Whether the next wait passes at once.", (*sim.Completion).Passes),
	},
	Sample: `
local ready = m:completion("dev->ready")
m:complete(ready)
assert(ready.done)`,
}

func (v value) mutex() *sim.Mutex           { return objectOf[*sim.Mutex](v) }
func (v value) completion() *sim.Completion { return objectOf[*sim.Completion](v) }

func showMutex(_ *runtime, m *machine, v *sim.Mutex) lua.LValue {
	return find(m, m.mutexes, clsMutex, v)
}

func showCompletion(_ *runtime, m *machine, v *sim.Completion) lua.LValue {
	return find(m, m.completions, clsCompletion, v)
}
