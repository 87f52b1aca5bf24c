// Class task.

package bindings

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	setParam = param("which", setWords.typ(), "the register set")
	idxParam = param("idx", describe.Int, "the entry, from 0")
	sigtrap  = errno("SIGTRAP",
		"a ptrace entry stopped the access, which is not performed; t.siginfo has the details")

	accessErrs = []describe.Errno{sigtrap, errSrch}
	exited     = []describe.Errno{errSrch}
)

var taskClass = describe.Class{
	Name:  "task",
	Short: "t",
	Doc: "A task. A task with a body is a thread, which runs when its CPU schedules it; a task " +
		"without one is only switched to and acted through.",
	Sample: `
local t = m:task { comm = "t", cpu = 1 }
local ev = assert(m:perf_event_open { type = "rw", addr = 0x1000, len = 8, task = t })
t:store(0x1000, 8)
print(ev.count)`,
	Fields: []describe.Field{
		prop("pid", "Its number.", (*sim.Task).PID),
		prop("comm", "Its name, of at most 15 characters.", (*sim.Task).Comm),
		changing("cpu", "The CPU that it is on.", "t:migrate(n) moves it", (*sim.Task).CPU),
		prop("compat", "Whether it is a 32-bit task.", (*sim.Task).Compat),
		prop("uid", "Its effective user ID.", (*sim.Task).UID),
		field("state",
			describe.Enum(
				"running", "current on its CPU",
				"runnable", "waiting to be scheduled",
				"sleeping", "waiting for something else",
				"dead", "exited",
			),
			"Its state.", get((*sim.Task).State)),
		maybe("siginfo", describe.Table("siginfo"), "The last signal that it took, nil before the first.",
			show(func(rt *runtime, m *machine, t *sim.Task) lua.LValue {
				if info := t.Siginfo(); info != nil {
					return rt.table(m, "siginfo", info)
				}
				return lua.LNil
			})),
	},
	Methods: slices.Concat(taskSignals, tracerRequests, []describe.Func{
		{
			Name:    "load",
			Doc:     "One load by the task, at EL0. Its CPU switches to it first.",
			Params:  []describe.Param{addrParam, sizeParam, accessParam},
			Results: loadOut,
			Errors:  accessErrs,
			See:     []string{"t:store", "t:atomic"},
			Sample:  `print(m:task {}:load(0x1000, 8))`,
			Go:      func(c *call, t *sim.Task) int { return loadBy(c, t.Load, t.Access) },
		},
		{
			Name:    "store",
			Doc:     "One store by the task, at EL0. Its CPU switches to it first.",
			Params:  []describe.Param{addrParam, sizeParam, valParam, accessParam},
			Results: storedOut,
			Errors:  accessErrs,
			See:     []string{"t:load", "t:atomic"},
			Sample: `
local t = m:task {}
t:store(0x1000, 8, 0x1122334455667788)
assert.equals(0x1122334455667788, t:load(0x1000, 8))`,
			Go: func(c *call, t *sim.Task) int { return storeBy(c, t.Store, t.Access) },
		},
		{
			Name:    "atomic",
			Doc:     "One atomic instruction by the task, at EL0: it loads and stores.",
			Params:  atomicParams,
			Results: one("old", describe.U64, "the value before"),
			Errors:  accessErrs,
			See:     []string{"t:store"},
			Sample:  `assert.equals(0, m:task {}:atomic("swp", 0x1000, 8, 7))`,
			Go:      func(c *call, t *sim.Task) int { return atomicBy(c, t.Atomic) },
		},
		{
			Name:   "exec",
			Doc:    "One instruction by the task, at EL0. Its CPU switches to it first.",
			Params: []describe.Param{addrParam, optional("options", describe.Table("exec_options"), "", "")},
			Errors: accessErrs,
			Sample: `m:task {}:exec(0x400580, { svc = true })`,
			Go: func(c *call, t *sim.Task) int {
				addr := c.arg(0).u64()
				var o sim.AccessOptions
				if !c.given(1) {
					return c.done(t.Exec(addr))
				}
				c.fill(1, &o)
				_, _, err := t.Access(hwdebug.Exec, addr, 0, 0, o)
				return c.done(err)
			},
		},
		{
			Name: "migrate",
			Doc: "Move the task to another CPU. A current task leaves its CPU and is current nowhere; " +
				"a body that moves itself continues when the new CPU schedules it.",
			Params: []describe.Param{cpuParam},
			Errors: []describe.Errno{errno("EINVAL", "there is no such CPU, or it is offline"), errSrch},
			See:    []string{"cpu:context_switch"},
			Sample: `local t = m:task {} assert(t:migrate(1))`,
			Go:     func(c *call, t *sim.Task) int { return c.done(t.Migrate(c.arg(0).int())) },
		},
		{
			Name: "fork",
			Doc: "Make a child on the same CPU. Inherited events are copied, each with its own " +
				"reservation; the child does not become current.",
			Params: []describe.Param{
				optional("options", describe.Table("fork_options"), "", ""),
			},
			Results: one("child", describe.Object("task"), ""),
			Errors:  []describe.Errno{errno("ENOSPC", "an inherited event does not fit"), errSrch},
			Kernel:  "kernel/fork.c",
			Sample:  `local child = assert(m:task {}:fork { comm = "child" })`,
			Go: func(c *call, t *sim.Task) int {
				var o forkOptions
				c.fill(0, &o)
				return c.task(t.Fork(o.comm, o.pid))
			},
		},
		{
			Name: "execve",
			Doc: "Start a new image: ptrace events are released, events with enable_on_exec are enabled, " +
				"and those with remove_on_exec end.",
			Params: oneIf("options", describe.Table("execve_options"),
				"an image of the task's own width", ""),
			Errors: exited,
			Kernel: "fs/exec.c",
			Sample: `
local t = m:task {}
assert(t:execve { compat = true })
assert.is_true(t.compat)`,
			Go: func(c *call, t *sim.Task) int {
				o := execveOptions{t.Compat()}
				c.fill(0, &o)
				return c.done(t.ExecveAs(o.compat))
			},
		},
		{
			Name: "exit",
			Doc: "Switch to the task and run the whole exit path as that task. Its events stay " +
				"reserved until they are closed.",
			Errors: exited,
			Kernel: "kernel/exit.c",
			See:    []string{"t:on_exit"},
			Sample: `m:task {}:exit()`,
			Go:     func(c *call, t *sim.Task) int { return c.done(t.Exit()) },
		},
		{
			Name: "on_exit",
			Doc:  "Set a function that exit_files calls, under a given name, when the task exits.",
			Params: []describe.Param{
				param("name", describe.String, "the function's name in chains"),
				param("fn", callback("t", "task"), "the function"),
			},
			Errors: exited,
			See:    []string{"t:exit"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "rw", addr = 0xffffff8008c5a000, len = 8 })
local t = m:task { comm = "mali-cmar-backe" }
t:on_exit("_unregister_wp_bp", function() m:unregister_wide_hw_breakpoint(w) end)
t:exit()`,
			Go: func(c *call, t *sim.Task) int {
				name, fn := c.arg(0).string(), c.arg(1).body()
				return c.done(t.OnExit(name, func() error { return fn(t) }))
			},
		},
		{
			Name: "wait",
			Doc:  "Wait until the task has exited.",
			Sample: `
local t = m:task { body = function(t) m:msleep(10) end }
t:wait()
assert.equals("dead", t.state)`,
			Go: func(c *call, t *sim.Task) int { return c.done(t.Wait()) },
		},
		{
			Name: "ptrace_set",
			Doc: "Write the register set up to entry idx, as PTRACE_SETREGSET does. Entries below it " +
				"are written with the values that they read.",
			Params: []describe.Param{
				setParam, idxParam, addrParam, param("ctrl", describe.U64, "the control word, 32 bits"),
				tracerParam,
			},
			Errors: []describe.Errno{
				errno("ENOSPC", "the entry does not fit"),
				errno("EINVAL", "the address, mask or type is invalid, the index is 16 or more, or the "+
					"tracer is a 32-bit task"),
				errSrch,
			},
			Kernel: ptraceC,
			See:    []string{"t:ptrace_get", "t.siginfo"},
			Sample: `
local t = m:task {}
assert(t:ptrace_set("watch", 0, 0x1000, 0x1f5))
print(t:store(0x1000, 4))
print(t.siginfo.code, hw.hex(t.siginfo.addr))`,
			Go: func(c *call, t *sim.Task) int {
				which, idx := word(c.arg(0), setWords), c.arg(1).int()
				addr, ctrl := c.arg(2).u64(), c.arg(3).u32()
				return c.done(t.PtraceSetBy(c.tracer(4), which, idx, addr, ctrl))
			},
		},
		{
			Name:   "ptrace_get",
			Doc:    "Read one entry of a register set.",
			Params: []describe.Param{setParam, idxParam, tracerParam},
			Results: []describe.Param{
				param("addr", describe.Hex, "the address"),
				param("ctrl", describe.Hex, "the control word"),
			},
			Errors: []describe.Errno{errno("EINVAL", "the index is 16 or more"), errSrch},
			Kernel: ptraceC,
			Sample: `print(m:task {}:ptrace_get("watch", 0))`,
			Go:     ptraceGet,
		},
		{
			Name:    "ptrace_info",
			Doc:     "Read the info word of a register set: the debug version in [15:8], the count in [7:0].",
			Params:  []describe.Param{setParam, tracerParam},
			Results: one("info", describe.Hex, ""),
			Errors:  []describe.Errno{errno("EINVAL", "the tracer is a 32-bit task"), errSrch},
			Kernel:  ptraceC,
			Sample:  `print(hw.hex(m:task {}:ptrace_info("watch")))`,
			Go: func(c *call, t *sim.Task) int {
				which := word(c.arg(0), setWords)
				info, err := t.PtraceInfoBy(c.tracer(1), which)
				return c.u64(uint64(info), err)
			},
		},
		{
			Name: "ptrace_singlestep",
			Doc: "End each instruction of the task in SIGTRAP (TRAP_TRACE), after its access, as " +
				"PTRACE_SINGLESTEP does for one. A step that the kernel takes for its own purposes is " +
				"not reported.",
			Params: one("on", describe.Bool, "false: the task runs on, as with PTRACE_CONT"),
			Errors: exited,
			Kernel: ptraceC,
			See:    []string{"t:ptrace_set", "t.siginfo"},
			Sample: `
local t = m:task {}
t:ptrace_singlestep(true)
print(t:store(0x1000, 4, 7))
t:ptrace_singlestep(false)
assert.equals(7, t:load(0x1000, 4))`,
			Go: func(c *call, t *sim.Task) int { return c.done(t.PtraceSinglestep(c.arg(0).bool())) },
		},
	}),
}

// ptraceGet returns two values, the address and the control word.
func ptraceGet(c *call, t *sim.Task) int {
	which, idx := word(c.arg(0), setWords), c.arg(1).int()
	addr, ctrl, err := t.PtraceGetBy(c.tracer(2), which, idx)
	if err != nil {
		return c.fail(err)
	}
	c.m.settle()
	c.L.Push(c.rt.u64(addr))
	c.L.Push(c.rt.u64(uint64(ctrl)))
	return 2
}

// forkOptions are the options of t:fork.
type forkOptions struct {
	comm string
	pid  int
}
