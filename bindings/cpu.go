// Class cpu, its banks and its slots.

package bindings

import (
	"fmt"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	regParam = describe.Param{Name: "reg", Type: describe.Union(describe.Enum("BVR", "breakpoint value", "BCR", "breakpoint control",
		"WVR", "watchpoint value", "WCR", "watchpoint control"), describe.Int), Doc: "the bank, or its base as in the kernel: 0, 16, 32, 48"}
	numParam  = describe.Param{Name: "n", Type: describe.Int, Doc: "the register's number in the bank"}
	kindParam = describe.Param{Name: "kind", Type: describe.Enum("bp", "a breakpoint's slot", "wp", "a watchpoint's slot"), Doc: "which slots"}
	opParam   = describe.Param{Name: "op", Type: describe.Union(describe.Enum("install", "take the first empty slot", "uninstall", "leave the slot",
		"restore", "find the slot again"), describe.Int), Doc: "what to do, or the kernel's number of it: 0, 1, 2"}
	slotResult = []describe.Param{{Name: "slot", Type: describe.Int, Doc: "the slot's index"}}
	slotErrs   = []describe.Errno{{Name: "ENOSPC", Doc: "no slot is empty, or the event is in none"}, {Name: "EINVAL", Doc: "the kernel knows no such operation"}}
	addrParam  = describe.Param{Name: "addr", Type: describe.U64, Doc: "the address"}
	sizeParam  = describe.Param{Name: "size", Type: describe.Int, Doc: "bytes"}
	valueParam = describe.Param{Name: "value", Type: describe.U64, Doc: "what is written, little endian", Optional: true, Default: "0"}
	errFault   = describe.Errno{Name: "EFAULT", Doc: "the address is not the user's"}
)

var cpuClass = describe.Class{
	Name: "cpu",
	Doc:  "A CPU: its debug registers, its slots, and what happens inside it.",
	Sample: `
local cpu = m.cpu[0]
cpu:write_wb_reg("WVR", 0, 0xffffff8008c5a000)
print(hw.hex(cpu.wvr[0]), #cpu.wvr)`,
	Fields: []describe.Field{
		{Name: "id", Type: describe.Int, Doc: "The CPU's number.", Go: (*sim.CPU).ID},
		{Name: "online", Type: describe.Bool, Doc: "Whether the kernel runs on it.", Change: "m:cpu_down(n) and m:cpu_up(n) change it", Go: (*sim.CPU).Online},
		{Name: "suspended", Type: describe.Bool, Doc: "Whether it is powered down by m:cpu_suspend.", Go: (*sim.CPU).Suspended},
		{Name: "current", Type: describe.Object("task"), Doc: "The task that is current there; the idle thread swapper/N when nothing else is.", Change: "cpu:context_switch(t) changes it", Go: (*sim.CPU).Current},
		{Name: "mdscr_el1", Type: describe.U64, Doc: "MDSCR_EL1: 0x1000 at rest, with MDE 0x9000, with MDE and KDE 0xb000.", Go: (*sim.CPU).MDSCR},
		{Name: "id_aa64dfr0_el1", Type: describe.U64, Doc: "ID_AA64DFR0_EL1, which says how many registers it implements.", Go: (*sim.CPU).IDAA64DFR0},
		{Name: "bvr", Type: describe.Object("bank"), Doc: "DBGBVRn_EL1: breakpoint values, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.BVR} }},
		{Name: "bcr", Type: describe.Object("bank"), Doc: "DBGBCRn_EL1: breakpoint controls, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.BCR} }},
		{Name: "wvr", Type: describe.Object("bank"), Doc: "DBGWVRn_EL1: watchpoint values, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.WVR} }},
		{Name: "wcr", Type: describe.Object("bank"), Doc: "DBGWCRn_EL1: watchpoint controls, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.WCR} }},
		{Name: "bp_on_reg", Type: describe.Object("slots_on_reg"), Doc: "The events in the breakpoint slots, by index from 0.", Go: func(c *sim.CPU) OnReg { return OnReg{c, false} }},
		{Name: "wp_on_reg", Type: describe.Object("slots_on_reg"), Doc: "The events in the watchpoint slots, by index from 0.", Go: func(c *sim.CPU) OnReg { return OnReg{c, true} }},
	},
	Methods: []describe.Func{
		{
			Name: "write_wb_reg", Doc: "Write a debug register. Numbers run on from bank to bank, as in the kernel: (\"BVR\", 16) is BCR 0. " +
				"A number beyond all banks logs the kernel's warning; a register that this CPU does not implement raises.",
			Params: []describe.Param{regParam, numParam, {Name: "val", Type: describe.U64, Doc: "the value"}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "no register has that number"}}, Kernel: archC, See: []string{"cpu:read_wb_reg", "hw.ctrl.encode"},
			Sample: `m.cpu[0]:write_wb_reg("WCR", 3, hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true })`,
			Go:     func(c *sim.CPU, reg Reg, n int, val uint64) error { return c.WriteWbReg(int(reg), n, val) },
		},
		{
			Name: "read_wb_reg", Doc: "Read a debug register. A number beyond all banks logs the kernel's warning.",
			Params: []describe.Param{regParam, numParam}, Results: []describe.Param{{Name: "value", Type: describe.U64}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "no register has that number; the kernel itself reads 0"}}, Kernel: archC, See: []string{"cpu.wcr"},
			Sample: `print(m.cpu[0]:read_wb_reg("WCR", 0))`,
			Go:     func(c *sim.CPU, reg Reg, n int) (uint64, error) { return c.ReadWbReg(int(reg), n) },
		},
		{
			Name: "hw_breakpoint_slot_setup", Doc: "Find, take or leave a slot; registers are not touched.",
			Params: []describe.Param{kindParam, eventSelf, opParam}, Results: slotResult, Errors: slotErrs, Kernel: archC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true })
print(m.cpu[0]:hw_breakpoint_slot_setup("wp", w[0], "install"))`,
			Go: func(c *sim.CPU, kind SlotKind, ev *sim.Event, op Op) (int, error) {
				return c.HwBreakpointSlotSetup(bool(kind), ev, int(op))
			},
		},
		{
			Name: "hw_breakpoint_control", Doc: "Find, take or leave a slot, and write its registers.",
			Params: []describe.Param{eventSelf, opParam}, Results: slotResult, Errors: slotErrs, Kernel: archC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true })
m.cpu[0]:hw_breakpoint_control(w[0], "install")
print(hw.explain(m.cpu[0].wcr[0]))`,
			Go: func(c *sim.CPU, ev *sim.Event, op Op) (int, error) { return c.HwBreakpointControl(ev, int(op)) },
		},
		{
			Name: "event_sched_in", Doc: "Perf's own step: put one event into a register.",
			Params: []describe.Param{eventSelf}, Errors: []describe.Errno{{Name: "ENOSPC", Doc: "no slot is empty"}, {Name: "EAGAIN", Doc: "it could not be installed"}}, Kernel: coreC,
			See: []string{"cpu:event_sched_out"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m.cpu[0]:event_sched_out(w[0])
m.cpu[0]:event_sched_in(w[0])`,
			Go: (*sim.CPU).EventSchedIn,
		},
		{
			Name: "event_sched_out", Doc: "Perf's own step: take one event out of its register.",
			Params: []describe.Param{eventSelf}, Kernel: coreC, See: []string{"cpu:event_sched_in"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m.cpu[0]:event_sched_out(w[0])
assert.equals("inactive", w[0].state)`,
			Go: (*sim.CPU).EventSchedOut,
		},
		{
			Name: "context_switch", Doc: "Switch to a task: the current one and its events go out, this one and its events come in.",
			Params: []describe.Param{{Name: "task", Type: describe.Object("task"), Optional: true, Doc: "the task; nil for the thread that is there when nothing else is"}},
			Errors: []describe.Errno{{Name: "EINVAL", Doc: "the task is another CPU's; t:migrate first"}, errSrch}, Kernel: "kernel/sched/core.c", See: []string{"t:migrate"},
			Sample: `
local t = m:task { comm = "t" }
m.cpu[0]:context_switch(t)
assert.equals(t, m.cpu[0].current)`,
			Go: (*sim.CPU).ContextSwitch,
		},
		{
			Name: "load", Doc: "One load by the kernel, at EL1.",
			Params: []describe.Param{addrParam, sizeParam}, Results: []describe.Param{{Name: "value", Type: describe.U64, Doc: "little endian"}},
			See: []string{"cpu:store", "cpu:get_user"}, Sample: `print(m.cpu[0]:load(0xffffff8008080000, 8))`, Go: (*sim.CPU).Load,
		},
		{
			Name: "store", Doc: "One store by the kernel, at EL1.",
			Params: []describe.Param{addrParam, sizeParam, valueParam}, See: []string{"cpu:load", "cpu:put_user"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
m.cpu[0]:store(0xffffff8008080000, 8, 0x1122334455667788)
assert.equals(1, ev.count)`,
			Go: (*sim.CPU).Store,
		},
		{
			Name: "exec", Doc: "One instruction by the kernel, at EL1.",
			Params: []describe.Param{addrParam}, Sample: `m.cpu[0]:exec(0xffffff8008080000)`, Go: (*sim.CPU).Exec,
		},
		{
			Name: "get_user", Doc: "One load by the kernel on behalf of the current task.",
			Params: []describe.Param{addrParam, sizeParam}, Results: []describe.Param{{Name: "value", Type: describe.U64, Doc: "little endian"}},
			Errors: []describe.Errno{errFault}, Kernel: "arch/arm64/include/asm/uaccess.h",
			Sample: `m.cpu[0]:context_switch(m:task {}) print(m.cpu[0]:get_user(0x400000, 4))`, Go: (*sim.CPU).GetUser,
		},
		{
			Name: "put_user", Doc: "One store by the kernel on behalf of the current task.",
			Params: []describe.Param{addrParam, sizeParam, valueParam}, Errors: []describe.Errno{errFault}, Kernel: "arch/arm64/include/asm/uaccess.h",
			Sample: `m.cpu[0]:context_switch(m:task {}) m.cpu[0]:put_user(0x400000, 4, 7)`, Go: (*sim.CPU).PutUser,
		},
		{
			Name: "run", Doc: "Run a function as this CPU's current thread.",
			Params: []describe.Param{{Name: "fn", Type: describe.Func1([]describe.Param{{Name: "...", Type: describe.Any, Variadic: true}}, []describe.Param{{Type: describe.Any, Variadic: true}}), Doc: "what to run"},
				{Name: "...", Type: describe.Any, Variadic: true, Doc: "its arguments"}},
			Results: []describe.Param{{Name: "...", Type: describe.Any, Variadic: true, Doc: "what it returns"}},
			Sample:  `print(m.cpu[1]:run(function(a) return m.current.comm, a end, 7))`,
			Go:      func(c *sim.CPU, fn Thunk) error { return c.Run(fn) },
		},
	},
}

var bankClass = describe.Class{
	Name: "bank", Doc: "The debug registers of one kind of one CPU, such as cpu.wcr.",
	Index: &describe.Indexed{Key: describe.Param{Name: "n", Type: describe.Int}, Value: describe.U64,
		Doc:   "What register n holds, from 0; asking beyond what the CPU implements raises.",
		Write: "cpu:write_wb_reg(\"WCR\", n, value) writes a register",
		Each:  "for n = 0, #bank - 1 goes through it",
		Go:    func(b Bank, n int) (uint64, error) { return b.CPU.Reg(b.Base, n) }},
	Len:    "how many the CPU implements",
	Sample: `for n = 0, #m.cpu[0].wcr - 1 do print(n, m.cpu[0].wcr[n]) end`,
}

var slotsClass = describe.Class{
	Name: "slots_on_reg", Doc: "The slots of one kind of one CPU: cpu.bp_on_reg or cpu.wp_on_reg.",
	Index: &describe.Indexed{Key: describe.Param{Name: "n", Type: describe.Int}, Value: describe.Union(describe.Object("event"), describe.Nil),
		Doc:   "The event in slot n, from 0, nil when it is empty; a slot that the CPU does not have raises.",
		Write: "cpu:hw_breakpoint_slot_setup(kind, ev, op) takes and leaves slots",
		Each:  "for n = 0, #slots - 1 goes through them",
		Go: func(s OnReg, n int) (*sim.Event, error) {
			if n < 0 || n >= s.Len() {
				return nil, fmt.Errorf("cpu%d has no such slot: %d asked for, it has 0 to %d", s.CPU.ID(), n, s.Len()-1)
			}
			return s.Event(n), nil
		}},
	Len:    "how many there are",
	Sample: `assert(m.cpu[0].wp_on_reg[0] == nil)`,
}
