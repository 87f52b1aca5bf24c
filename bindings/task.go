// Class task.

package bindings

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	whichParam = describe.Param{Name: "which", Type: describe.Enum("watch", "NT_ARM_HW_WATCH", "break", "NT_ARM_HW_BREAK"), Doc: "the register set"}
	idxParam   = describe.Param{Name: "idx", Type: describe.Int, Doc: "the entry, from 0"}
	sigtrap    = describe.Errno{Name: "SIGTRAP", Doc: "a ptrace entry stopped the access, which is not performed; t.siginfo has the rest"}
)

var taskClass = describe.Class{
	Name: "task",
	Doc:  "A task. One without a body is only switched to and acted through; a body is a thread that runs when its CPU's turn comes.",
	Sample: `
local t = m:task { comm = "t", cpu = 1 }
local ev = assert(m:perf_event_open { type = "rw", addr = 0x1000, len = 8, task = t })
t:store(0x1000, 8)
print(ev.count)`,
	Fields: []describe.Field{
		{Name: "pid", Type: describe.Int, Doc: "Its number.", Go: (*sim.Task).PID},
		{Name: "comm", Type: describe.String, Doc: "Its name, of at most 15 characters.", Go: (*sim.Task).Comm},
		{Name: "cpu", Type: describe.Int, Doc: "The CPU that it is on.", Change: "t:migrate(n) moves it", Go: (*sim.Task).CPU},
		{Name: "compat", Type: describe.Bool, Doc: "Whether it is a 32-bit task.", Go: (*sim.Task).Compat},
		{Name: "state", Type: describe.Enum("running", "current on its CPU", "runnable", "waits for its turn", "sleeping", "waits for something else", "dead", "has exited"),
			Doc: "What it does.", Go: (*sim.Task).State},
		{Name: "siginfo", Type: describe.Table("siginfo"), Optional: true, Doc: "The last SIGTRAP it got, nil before the first.", Go: (*sim.Task).Siginfo},
	},
	Methods: []describe.Func{
		{
			Name: "load", Doc: "One load by the task, at EL0. Its CPU switches to it first.",
			Params: []describe.Param{addrParam, sizeParam}, Results: []describe.Param{{Name: "value", Type: describe.U64, Doc: "little endian"}},
			Errors: []describe.Errno{sigtrap, errSrch}, See: []string{"t:store"}, Sample: `print(m:task {}:load(0x1000, 8))`, Go: (*sim.Task).Load,
		},
		{
			Name: "store", Doc: "One store by the task, at EL0. Its CPU switches to it first.",
			Params: []describe.Param{addrParam, sizeParam, valueParam}, Errors: []describe.Errno{sigtrap, errSrch}, See: []string{"t:load"},
			Sample: `
local t = m:task {}
t:store(0x1000, 8, 0x1122334455667788)
assert.equals(0x1122334455667788, t:load(0x1000, 8))`,
			Go: (*sim.Task).Store,
		},
		{
			Name: "exec", Doc: "One instruction by the task, at EL0. Its CPU switches to it first.",
			Params: []describe.Param{addrParam}, Errors: []describe.Errno{sigtrap, errSrch}, Sample: `m:task {}:exec(0x400580)`, Go: (*sim.Task).Exec,
		},
		{
			Name: "migrate", Doc: "Move the task to another CPU. A current one leaves its CPU and is current nowhere; a body that moves itself goes on there when its turn comes.",
			Params: []describe.Param{cpuParam}, Errors: []describe.Errno{{Name: "EINVAL", Doc: "there is no such CPU, or it is offline"}, errSrch}, See: []string{"cpu:context_switch"},
			Sample: `local t = m:task {} assert(t:migrate(1))`, Go: (*sim.Task).Migrate,
		},
		{
			Name: "fork", Doc: "Make a child on the same CPU. Inherited events are copied, each with a reservation of its own; the child does not become current.",
			Params: []describe.Param{{Name: "options", Type: describe.Table("fork_options"), Optional: true}}, Results: []describe.Param{{Name: "child", Type: describe.Object("task")}},
			Errors: []describe.Errno{{Name: "ENOSPC", Doc: "an inherited event does not fit"}, errSrch}, Kernel: "kernel/fork.c",
			Sample: `local child = assert(m:task {}:fork { comm = "child" })`,
			Go: func(t *sim.Task, fill Fill[ForkOptions]) (*sim.Task, error) {
				var o ForkOptions
				fill(&o)
				return t.Fork(o.Comm, o.PID)
			},
		},
		{
			Name: "execve", Doc: "Start a new image: ptrace events are released, events with enable_on_exec come on.",
			Errors: []describe.Errno{errSrch}, Kernel: "fs/exec.c", Sample: `assert(m:task {}:execve())`, Go: (*sim.Task).Execve,
		},
		{
			Name: "exit", Doc: "Switch to the task and go the whole way of exit as that task. Its events stay reserved until they are closed.",
			Errors: []describe.Errno{errSrch}, Kernel: "kernel/exit.c", See: []string{"t:on_exit"}, Sample: `m:task {}:exit()`, Go: (*sim.Task).Exit,
		},
		{
			Name: "on_exit", Doc: "Have a function called inside exit_files when the task exits, under a name of your choice.",
			Params: []describe.Param{{Name: "name", Type: describe.String, Doc: "the function's name in chains"},
				{Name: "fn", Type: describe.Func1([]describe.Param{{Name: "t", Type: describe.Object("task")}}, nil), Doc: "what it does"}},
			Errors: []describe.Errno{errSrch}, See: []string{"t:exit"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "rw", addr = 0xffffff8008c5a000, len = 8 })
local t = m:task { comm = "mali-cmar-backe" }
t:on_exit("_unregister_wp_bp", function() m:unregister_wide_hw_breakpoint(w) end)
t:exit()`,
			Go: func(t *sim.Task, name string, fn TaskFunc) error {
				return t.OnExit(name, func() error { return fn(t) })
			},
		},
		{
			Name: "wait", Doc: "Wait until the task has exited.",
			Sample: `
local t = m:task { body = function(t) m:msleep(10) end }
t:wait()
assert.equals("dead", t.state)`,
			Go: (*sim.Task).Wait,
		},
		{
			Name: "ptrace_set", Doc: "Write the register set up to entry idx as PTRACE_SETREGSET does, entries below it with what they read.",
			Params: []describe.Param{whichParam, idxParam, addrParam, {Name: "ctrl", Type: describe.U64, Doc: "the control word, 32 bits"}},
			Errors: []describe.Errno{{Name: "ENOSPC", Doc: "the entry does not fit"}, {Name: "EINVAL", Doc: "the address, mask or type is not valid, or the index is 16 or more"}, errSrch},
			Kernel: "arch/arm64/kernel/ptrace.c", See: []string{"t:ptrace_get", "t.siginfo"},
			Sample: `
local t = m:task {}
assert(t:ptrace_set("watch", 0, 0x1000, 0x1f5))
print(t:store(0x1000, 4))
print(t.siginfo.code, hw.hex(t.siginfo.addr))`,
			Go: func(t *sim.Task, which Which, idx int, addr uint64, ctrl Word) error {
				return t.PtraceSet(hwdebug.PtraceSet(which), idx, addr, uint32(ctrl))
			},
		},
		{
			Name: "ptrace_get", Doc: "Read one entry of a register set.",
			Params: []describe.Param{whichParam, idxParam}, Results: []describe.Param{{Name: "addr", Type: describe.U64, Doc: "the address"}, {Name: "ctrl", Type: describe.U64, Doc: "the control word"}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "the index is 16 or more"}, errSrch}, Kernel: "arch/arm64/kernel/ptrace.c",
			Sample: `print(m:task {}:ptrace_get("watch", 0))`,
			Go: func(t *sim.Task, which Which, idx int) (Entry, error) {
				addr, ctrl, err := t.PtraceGet(hwdebug.PtraceSet(which), idx)
				return Entry{addr, ctrl}, err
			},
		},
		{
			Name: "ptrace_info", Doc: "Read the info word of a register set: the debug version in [15:8], the count in [7:0].",
			Params: []describe.Param{whichParam}, Results: []describe.Param{{Name: "info", Type: describe.U64}}, Errors: []describe.Errno{errSrch}, Kernel: "arch/arm64/kernel/ptrace.c",
			Sample: `print(hw.hex(m:task {}:ptrace_info("watch")))`,
			Go: func(t *sim.Task, which Which) (uint64, error) {
				info, err := t.PtraceInfo(hwdebug.PtraceSet(which))
				return uint64(info), err
			},
		},
		{
			Name: "ptrace_singlestep", Doc: "Have each instruction of the task end in SIGTRAP (TRAP_TRACE), as PTRACE_SINGLESTEP does for one; the access is performed before. " +
				"A step that the kernel takes for its own is not told.",
			Params: []describe.Param{{Name: "on", Type: describe.Bool, Doc: "false: the task runs on, as with PTRACE_CONT"}},
			Errors: []describe.Errno{errSrch}, Kernel: "arch/arm64/kernel/ptrace.c", See: []string{"t:ptrace_set", "t.siginfo"},
			Sample: `
local t = m:task {}
t:ptrace_singlestep(true)
print(t:store(0x1000, 4, 7))
t:ptrace_singlestep(false)
assert.equals(7, t:load(0x1000, 4))`,
			Go: (*sim.Task).PtraceSinglestep,
		},
	},
}

type (
	// ForkOptions are the options of t:fork.
	ForkOptions struct {
		Comm string
		PID  int
	}
	// A Word is a value of 32 bits.
	Word uint32
	// An Entry is what one entry of a ptrace register set reads.
	Entry struct {
		Addr uint64
		Ctrl uint32
	}
)
