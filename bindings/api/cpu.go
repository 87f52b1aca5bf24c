// Class cpu, its banks and its slots.

package api

import (
	"fmt"

	"github.com/hwlua/hwlua/bindings/schema"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

var (
	regParam = schema.Param{Name: "reg", Type: schema.Union(schema.Enum("BVR", "breakpoint value", "BCR", "breakpoint control",
		"WVR", "watchpoint value", "WCR", "watchpoint control"), schema.Int), Doc: "the bank, or its base as in the kernel: 0, 16, 32, 48"}
	numParam  = schema.Param{Name: "n", Type: schema.Int, Doc: "the register's number in the bank"}
	kindParam = schema.Param{Name: "kind", Type: schema.Enum("bp", "a breakpoint's slot", "wp", "a watchpoint's slot"), Doc: "which slots"}
	opParam   = schema.Param{Name: "op", Type: schema.Union(schema.Enum("install", "take the first empty slot", "uninstall", "leave the slot",
		"restore", "find the slot again"), schema.Int), Doc: "what to do, or the kernel's number of it: 0, 1, 2"}
	slotResult = []schema.Param{{Name: "slot", Type: schema.Int, Doc: "the slot's index"}}
	slotErrs   = []schema.Errno{{Name: "ENOSPC", Doc: "no slot is empty, or the event is in none"}, {Name: "EINVAL", Doc: "the kernel knows no such operation"}}
	addrParam  = schema.Param{Name: "addr", Type: schema.U64, Doc: "the address"}
	sizeParam  = schema.Param{Name: "size", Type: schema.Int, Doc: "bytes"}
	valueParam = schema.Param{Name: "value", Type: schema.U64, Doc: "what is written, little endian", Optional: true, Default: "0"}
	errFault   = schema.Errno{Name: "EFAULT", Doc: "the address is not the user's"}
)

var cpuClass = schema.Class{
	Name: "cpu",
	Doc:  "A CPU: its debug registers, its slots, and what happens inside it.",
	Sample: `
local cpu = m.cpu[0]
cpu:write_wb_reg("WVR", 0, 0xffffff8008c5a000)
print(hw.hex(cpu.wvr[0]), #cpu.wvr)`,
	Fields: []schema.Field{
		{Name: "id", Type: schema.Int, Doc: "The CPU's number.", Go: (*sim.CPU).ID},
		{Name: "online", Type: schema.Bool, Doc: "Whether the kernel runs on it.", Change: "m:cpu_down(n) and m:cpu_up(n) change it", Go: (*sim.CPU).Online},
		{Name: "suspended", Type: schema.Bool, Doc: "Whether it is powered down by m:cpu_suspend.", Go: (*sim.CPU).Suspended},
		{Name: "current", Type: schema.Object("task"), Doc: "The task that is current there; the idle thread swapper/N when nothing else is.", Change: "cpu:context_switch(t) changes it", Go: (*sim.CPU).Current},
		{Name: "mdscr_el1", Type: schema.U64, Doc: "MDSCR_EL1: 0x1000 at rest, with MDE 0x9000, with MDE and KDE 0xb000.", Go: (*sim.CPU).MDSCR},
		{Name: "id_aa64dfr0_el1", Type: schema.U64, Doc: "ID_AA64DFR0_EL1, which says how many registers it implements.", Go: (*sim.CPU).IDAA64DFR0},
		{Name: "bvr", Type: schema.Object("bank"), Doc: "DBGBVRn_EL1: breakpoint values, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.BVR} }},
		{Name: "bcr", Type: schema.Object("bank"), Doc: "DBGBCRn_EL1: breakpoint controls, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.BCR} }},
		{Name: "wvr", Type: schema.Object("bank"), Doc: "DBGWVRn_EL1: watchpoint values, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.WVR} }},
		{Name: "wcr", Type: schema.Object("bank"), Doc: "DBGWCRn_EL1: watchpoint controls, by n from 0.", Go: func(c *sim.CPU) Bank { return Bank{c, arm64.WCR} }},
		{Name: "bp_on_reg", Type: schema.Object("slots_on_reg"), Doc: "The events in the breakpoint slots, by index from 0.", Go: func(c *sim.CPU) OnReg { return OnReg{c, false} }},
		{Name: "wp_on_reg", Type: schema.Object("slots_on_reg"), Doc: "The events in the watchpoint slots, by index from 0.", Go: func(c *sim.CPU) OnReg { return OnReg{c, true} }},
	},
	Methods: []schema.Func{
		{
			Name: "write_wb_reg", Doc: "Write a debug register. Numbers run on from bank to bank, as in the kernel: (\"BVR\", 16) is BCR 0. " +
				"A number beyond all banks logs the kernel's warning; a register that this CPU does not implement raises.",
			Params: []schema.Param{regParam, numParam, {Name: "val", Type: schema.U64, Doc: "the value"}},
			Errors: []schema.Errno{{Name: "EINVAL", Doc: "no register has that number"}}, Kernel: archC, See: []string{"cpu:read_wb_reg", "hw.ctrl.encode"},
			Sample: `m.cpu[0]:write_wb_reg("WCR", 3, hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true })`,
			Go:     func(c *sim.CPU, reg Reg, n int, val uint64) error { return c.WriteWbReg(int(reg), n, val) },
		},
		{
			Name: "read_wb_reg", Doc: "Read a debug register. A number beyond all banks logs the kernel's warning.",
			Params: []schema.Param{regParam, numParam}, Results: []schema.Param{{Name: "value", Type: schema.U64}},
			Errors: []schema.Errno{{Name: "EINVAL", Doc: "no register has that number; the kernel itself reads 0"}}, Kernel: archC, See: []string{"cpu.wcr"},
			Sample: `print(m.cpu[0]:read_wb_reg("WCR", 0))`,
			Go:     func(c *sim.CPU, reg Reg, n int) (uint64, error) { return c.ReadWbReg(int(reg), n) },
		},
		{
			Name: "hw_breakpoint_slot_setup", Doc: "Find, take or leave a slot; registers are not touched.",
			Params: []schema.Param{kindParam, eventSelf, opParam}, Results: slotResult, Errors: slotErrs, Kernel: archC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true })
print(m.cpu[0]:hw_breakpoint_slot_setup("wp", w[0], "install"))`,
			Go: func(c *sim.CPU, kind SlotKind, ev *sim.Event, op Op) (int, error) {
				return c.HwBreakpointSlotSetup(bool(kind), ev, int(op))
			},
		},
		{
			Name: "hw_breakpoint_control", Doc: "Find, take or leave a slot, and write its registers.",
			Params: []schema.Param{eventSelf, opParam}, Results: slotResult, Errors: slotErrs, Kernel: archC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true })
m.cpu[0]:hw_breakpoint_control(w[0], "install")
print(hw.explain(m.cpu[0].wcr[0]))`,
			Go: func(c *sim.CPU, ev *sim.Event, op Op) (int, error) { return c.HwBreakpointControl(ev, int(op)) },
		},
		{
			Name: "event_sched_in", Doc: "Perf's own step: put one event into a register.",
			Params: []schema.Param{eventSelf}, Errors: []schema.Errno{{Name: "ENOSPC", Doc: "no slot is empty"}, {Name: "EAGAIN", Doc: "it could not be installed"}}, Kernel: coreC,
			See: []string{"cpu:event_sched_out"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m.cpu[0]:event_sched_out(w[0])
m.cpu[0]:event_sched_in(w[0])`,
			Go: (*sim.CPU).EventSchedIn,
		},
		{
			Name: "event_sched_out", Doc: "Perf's own step: take one event out of its register.",
			Params: []schema.Param{eventSelf}, Kernel: coreC, See: []string{"cpu:event_sched_in"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m.cpu[0]:event_sched_out(w[0])
assert.equals("inactive", w[0].state)`,
			Go: (*sim.CPU).EventSchedOut,
		},
		{
			Name: "context_switch", Doc: "Switch to a task: the current one and its events go out, this one and its events come in.",
			Params: []schema.Param{{Name: "task", Type: schema.Object("task"), Optional: true, Doc: "the task; nil for the thread that is there when nothing else is"}},
			Errors: []schema.Errno{{Name: "EINVAL", Doc: "the task is another CPU's; t:migrate first"}, errSrch}, Kernel: "kernel/sched/core.c", See: []string{"t:migrate"},
			Sample: `
local t = m:task { comm = "t" }
m.cpu[0]:context_switch(t)
assert.equals(t, m.cpu[0].current)`,
			Go: (*sim.CPU).ContextSwitch,
		},
		{
			Name: "load", Doc: "One load by the kernel, at EL1.",
			Params: []schema.Param{addrParam, sizeParam}, Results: []schema.Param{{Name: "value", Type: schema.U64, Doc: "little endian"}},
			See: []string{"cpu:store", "cpu:get_user"}, Sample: `print(m.cpu[0]:load(0xffffff8008080000, 8))`, Go: (*sim.CPU).Load,
		},
		{
			Name: "store", Doc: "One store by the kernel, at EL1.",
			Params: []schema.Param{addrParam, sizeParam, valueParam}, See: []string{"cpu:load", "cpu:put_user"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
m.cpu[0]:store(0xffffff8008080000, 8, 0x1122334455667788)
assert.equals(1, ev.count)`,
			Go: (*sim.CPU).Store,
		},
		{
			Name: "exec", Doc: "One instruction by the kernel, at EL1.",
			Params: []schema.Param{addrParam}, Sample: `m.cpu[0]:exec(0xffffff8008080000)`, Go: (*sim.CPU).Exec,
		},
		{
			Name: "get_user", Doc: "One load by the kernel on behalf of the current task.",
			Params: []schema.Param{addrParam, sizeParam}, Results: []schema.Param{{Name: "value", Type: schema.U64, Doc: "little endian"}},
			Errors: []schema.Errno{errFault}, Kernel: "arch/arm64/include/asm/uaccess.h",
			Sample: `m.cpu[0]:context_switch(m:task {}) print(m.cpu[0]:get_user(0x400000, 4))`, Go: (*sim.CPU).GetUser,
		},
		{
			Name: "put_user", Doc: "One store by the kernel on behalf of the current task.",
			Params: []schema.Param{addrParam, sizeParam, valueParam}, Errors: []schema.Errno{errFault}, Kernel: "arch/arm64/include/asm/uaccess.h",
			Sample: `m.cpu[0]:context_switch(m:task {}) m.cpu[0]:put_user(0x400000, 4, 7)`, Go: (*sim.CPU).PutUser,
		},
		{
			Name: "run", Doc: "Run a function as this CPU's current thread.",
			Params: []schema.Param{{Name: "fn", Type: schema.Func1([]schema.Param{{Name: "...", Type: schema.Any, Variadic: true}}, []schema.Param{{Type: schema.Any, Variadic: true}}), Doc: "what to run"},
				{Name: "...", Type: schema.Any, Variadic: true, Doc: "its arguments"}},
			Results: []schema.Param{{Name: "...", Type: schema.Any, Variadic: true, Doc: "what it returns"}},
			Sample:  `print(m.cpu[1]:run(function(a) return m.current.comm, a end, 7))`,
			Go:      func(c *sim.CPU, fn Thunk) error { return c.Run(fn) },
		},
	},
}

var bankClass = schema.Class{
	Name: "bank", Doc: "The debug registers of one kind of one CPU, such as cpu.wcr.",
	Index: &schema.Indexed{Key: schema.Param{Name: "n", Type: schema.Int}, Value: schema.U64,
		Doc:   "What register n holds, from 0; asking beyond what the CPU implements raises.",
		Write: "cpu:write_wb_reg(\"WCR\", n, value) writes a register",
		Each:  "for n = 0, #bank - 1 goes through it",
		Go:    func(b Bank, n int) (uint64, error) { return b.CPU.Reg(b.Base, n) }},
	Len:    "how many the CPU implements",
	Sample: `for n = 0, #m.cpu[0].wcr - 1 do print(n, m.cpu[0].wcr[n]) end`,
}

var slotsClass = schema.Class{
	Name: "slots_on_reg", Doc: "The slots of one kind of one CPU: cpu.bp_on_reg or cpu.wp_on_reg.",
	Index: &schema.Indexed{Key: schema.Param{Name: "n", Type: schema.Int}, Value: schema.Union(schema.Object("event"), schema.Nil),
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
