// Class cpu, its banks of registers and its slots, and the list of CPUs.

package bindings

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var (
	regParam = param("reg", describe.Union(bankWords.typ(), describe.Int),
		"the bank, or its base as in the kernel: 0, 16, 32, 48")
	numParam = param("n", describe.Int, "the register's number in the bank")
	opParam  = param("op", describe.Union(opWords.typ(), describe.Int),
		"the operation, or its number in the kernel: 0, 1, 2")
	addrParam = param("addr", describe.U64, "the address")
	sizeParam = param("size", describe.Int, "bytes: 1 to 64, a power of two")
	valParam  = optional("value", describe.U64, "0", "the value to store, little endian")

	slotOut  = one("slot", describe.Int, "the slot's index")
	loadOut  = one("value", describe.U64, "little endian")
	slotErrs = []describe.Errno{
		errno("ENOSPC", "no slot is empty, or the event is in none"),
		errno("EINVAL", "the kernel has no such operation"),
	}
	errFault = errno("EFAULT", "the address is not the user's")
)

var cpuClass = describe.Class{
	Name:  "cpu",
	Short: "cpu",
	Doc:   "A CPU: its debug registers, its slots, and what happens inside it.",
	Sample: `
local cpu = m.cpu[0]
cpu:write_wb_reg("WVR", 0, 0xffffff8008c5a000)
print(hw.hex(cpu.wvr[0]), #cpu.wvr)`,
	Fields: []describe.Field{
		prop("id", "The CPU's number.", (*sim.CPU).ID),
		changing("online", "Whether the kernel runs on it.", "m:cpu_down(n) and m:cpu_up(n) change it",
			(*sim.CPU).Online),
		prop("suspended", "Whether m:cpu_suspend powered it down.", (*sim.CPU).Suspended),
		changing("current", "The task that is current there; the idle thread swapper/N if no other is.",
			"cpu:context_switch(t) changes it", (*sim.CPU).Current),
		field("mdscr_el1",
			describe.Hex, "MDSCR_EL1: 0x1000 at rest, with MDE 0x9000, with MDE and KDE 0xb000.",
			getOrRaise((*sim.CPU).MDSCR)),
		inHex(field("oslsr_el1", describe.U64, "OSLSR_EL1: 0x8, or 0xa while the OS lock is locked.",
			getOrRaise((*sim.CPU).OSLSR))),
		inHex(prop("id_aa64dfr0_el1",
			"ID_AA64DFR0_EL1, which gives the number of registers that the CPU implements.",
			(*sim.CPU).IDAA64DFR0)),
		bankField("bvr", arm64.BVR, "DBGBVRn_EL1: breakpoint values, by n from 0."),
		bankField("bcr", arm64.BCR, "DBGBCRn_EL1: breakpoint controls, by n from 0."),
		bankField("wvr", arm64.WVR, "DBGWVRn_EL1: watchpoint values, by n from 0."),
		bankField("wcr", arm64.WCR, "DBGWCRn_EL1: watchpoint controls, by n from 0."),
		onRegField("bp_on_reg", false, "The events in the breakpoint slots, by index from 0."),
		onRegField("wp_on_reg", true, "The events in the watchpoint slots, by index from 0."),
	},
	Methods: []describe.Func{
		{
			Name: "write_wb_reg",
			Doc: "Write a debug register. Numbers run on from bank to bank, as in the kernel: " +
				"(\"BVR\", 16) is BCR 0. A number beyond all banks logs the kernel's warning; a " +
				"register that this CPU does not implement raises.",
			Params: []describe.Param{regParam, numParam, param("val", describe.U64, "the value")},
			Errors: []describe.Errno{errno("EINVAL", "no register has that number")},
			Kernel: archC,
			See:    []string{"cpu:read_wb_reg", "hw.ctrl.encode"},
			Sample: `
m.cpu[0]:write_wb_reg("WCR", 3, hw.ctrl.encode { type = "w", len = 4, privilege = "el0", enabled = true })`,
			Go: func(c *call, cpu *sim.CPU) int {
				reg := wordOrNumber(c.arg(0), bankWords)
				return c.done(cpu.WriteWbReg(reg, c.arg(1).int(), c.arg(2).u64()))
			},
		},
		{
			Name: "write_mdscr",
			Doc: "Set bits of MDSCR_EL1 by hand; those that are left out stay. HDE is what an external " +
				"debugger sets: debug events then halt the CPU. The kernel's writes do not change it.",
			Params: one("bits", describe.Table("mdscr_bits"), ""),
			See:    []string{"cpu:write_oslar", "cpu.mdscr_el1"},
			Sample: `
m.cpu[1]:write_mdscr { hde = true }
assert.equals(0x5000, m.cpu[1].mdscr_el1)`,
			Go: func(c *call, cpu *sim.CPU) int {
				var b mdscrBits
				c.fill(0, &b)
				return c.done(cpu.WriteMDSCR(b.set, b.clear))
			},
		},
		{
			Name: "write_oslar",
			Doc: "Write OSLAR_EL1: 1 locks the OS lock, 0 unlocks it. While it is locked the CPU takes no " +
				"debug exception. Bringing the CPU up unlocks it.",
			Params: one("n", describe.Int, "1 or 0"),
			See:    []string{"cpu:write_mdscr", "cpu.oslsr_el1"},
			Sample: `
m.cpu[1]:write_oslar(1)
assert.equals(0xa, m.cpu[1].oslsr_el1)`,
			Go: func(c *call, cpu *sim.CPU) int { return c.done(cpu.WriteOSLAR(c.arg(0).u64())) },
		},
		{
			Name:    "read_wb_reg",
			Doc:     "Read a debug register. A number beyond all banks logs the kernel's warning.",
			Params:  []describe.Param{regParam, numParam},
			Results: one("value", describe.Hex, ""),
			Errors: []describe.Errno{
				errno("EINVAL", "no register has that number; the kernel itself reads 0"),
			},
			Kernel: archC,
			See:    []string{"cpu.wcr"},
			Sample: `print(m.cpu[0]:read_wb_reg("WCR", 0))`,
			Go: func(c *call, cpu *sim.CPU) int {
				return c.u64(cpu.ReadWbReg(wordOrNumber(c.arg(0), bankWords), c.arg(1).int()))
			},
		},
		{
			Name:    "hw_breakpoint_slot_setup",
			Doc:     "Find, take or leave a slot, without touching registers.",
			Params:  []describe.Param{param("kind", slotWords.typ(), "the kind of slot"), evParam, opParam},
			Results: slotOut,
			Errors:  slotErrs,
			Kernel:  archC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint {
  type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true
})
print(m.cpu[0]:hw_breakpoint_slot_setup("wp", w[0], "install"))`,
			Go: func(c *call, cpu *sim.CPU) int {
				watch, ev := word(c.arg(0), slotWords), c.arg(1).event()
				return c.int(cpu.HwBreakpointSlotSetup(watch, ev, wordOrNumber(c.arg(2), opWords)))
			},
		},
		{
			Name:    "hw_breakpoint_control",
			Doc:     "Find, take or leave a slot, and write its registers.",
			Params:  []describe.Param{evParam, opParam},
			Results: slotOut,
			Errors:  slotErrs,
			Kernel:  archC,
			Sample: `
local w = assert(m:register_wide_hw_breakpoint {
  type = "w", addr = 0xffffff8008c5a000, len = 8, disabled = true
})
m.cpu[0]:hw_breakpoint_control(w[0], "install")
print(hw.explain(m.cpu[0].wcr[0]))`,
			Go: func(c *call, cpu *sim.CPU) int {
				return c.int(cpu.HwBreakpointControl(c.arg(0).event(), wordOrNumber(c.arg(1), opWords)))
			},
		},
		{
			Name:   "event_sched_in",
			Doc:    "Install one event in a register: a step of perf's own.",
			Params: []describe.Param{evParam},
			Errors: []describe.Errno{
				errno("ENOSPC", "no slot is empty"),
				errno("EAGAIN", "it could not be installed"),
			},
			Kernel: coreC,
			See:    []string{"cpu:event_sched_out"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m.cpu[0]:event_sched_out(w[0])
m.cpu[0]:event_sched_in(w[0])`,
			Go: func(c *call, cpu *sim.CPU) int { return c.done(cpu.EventSchedIn(c.arg(0).event())) },
		},
		{
			Name:   "event_sched_out",
			Doc:    "Uninstall one event from its register: a step of perf's own.",
			Params: []describe.Param{evParam},
			Kernel: coreC,
			See:    []string{"cpu:event_sched_in"},
			Sample: `
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
m.cpu[0]:event_sched_out(w[0])
assert.equals("inactive", w[0].state)`,
			Go: func(c *call, cpu *sim.CPU) int { return c.done(cpu.EventSchedOut(c.arg(0).event())) },
		},
		{
			Name: "context_switch",
			Doc: "Switch to a task: the events of the current task are uninstalled, those of this " +
				"task installed.",
			Params: oneIf("task", describe.Object("task"), "",
				"the task; nil for the thread that runs when no task is switched to"),
			Errors: []describe.Errno{
				errno("EINVAL", "the task belongs to another CPU; t:migrate first"),
				errSrch,
			},
			Kernel: "kernel/sched/core.c",
			See:    []string{"t:migrate"},
			Sample: `
local t = m:task { comm = "t" }
m.cpu[0]:context_switch(t)
assert.equals(t, m.cpu[0].current)`,
			Go: func(c *call, cpu *sim.CPU) int { return c.done(cpu.ContextSwitch(c.arg(0).task())) },
		},
		{
			Name:    "load",
			Doc:     "One load by the kernel, at EL1.",
			Params:  []describe.Param{addrParam, sizeParam, accessParam},
			Results: loadOut,
			See:     []string{"cpu:store", "cpu:atomic", "cpu:get_user"},
			Sample:  `print(m.cpu[0]:load(0xffffff8008080000, 8))`,
			Go:      func(c *call, cpu *sim.CPU) int { return loadBy(c, cpu.Load, cpu.Access) },
		},
		{
			Name:    "store",
			Doc:     "One store by the kernel, at EL1.",
			Params:  []describe.Param{addrParam, sizeParam, valParam, accessParam},
			Results: storedOut,
			See:     []string{"cpu:load", "cpu:atomic", "cpu:put_user"},
			Sample: `
local ev = assert(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
m.cpu[0]:store(0xffffff8008080000, 8, 0x1122334455667788)
assert.equals(1, ev.count)`,
			Go: func(c *call, cpu *sim.CPU) int { return storeBy(c, cpu.Store, cpu.Access) },
		},
		{
			Name:    "atomic",
			Doc:     "One atomic instruction by the kernel, at EL1: it loads and stores.",
			Params:  atomicParams,
			Results: one("old", describe.U64, "the value before"),
			See:     []string{"cpu:store"},
			Sample:  `assert.equals(0, m.cpu[0]:atomic("add", 0xffffff8008080000, 4, 1))`,
			Go:      func(c *call, cpu *sim.CPU) int { return atomicBy(c, cpu.Atomic) },
		},
		{
			Name:   "exec",
			Doc:    "One instruction by the kernel, at EL1.",
			Params: []describe.Param{addrParam},
			Sample: `m.cpu[0]:exec(0xffffff8008080000)`,
			Go:     func(c *call, cpu *sim.CPU) int { return c.done(cpu.Exec(c.arg(0).u64())) },
		},
		{
			Name:    "get_user",
			Doc:     "One load by the kernel on behalf of the current task.",
			Params:  []describe.Param{addrParam, sizeParam},
			Results: loadOut,
			Errors:  []describe.Errno{errFault},
			Kernel:  "arch/arm64/include/asm/uaccess.h",
			Sample:  `m.cpu[0]:context_switch(m:task {}) print(m.cpu[0]:get_user(0x400000, 4))`,
			Go: func(c *call, cpu *sim.CPU) int {
				return c.u64(cpu.GetUser(c.arg(0).u64(), c.arg(1).int()))
			},
		},
		{
			Name:   "put_user",
			Doc:    "One store by the kernel on behalf of the current task.",
			Params: []describe.Param{addrParam, sizeParam, valParam},
			Errors: []describe.Errno{errFault},
			Kernel: "arch/arm64/include/asm/uaccess.h",
			Sample: `m.cpu[0]:context_switch(m:task {}) m.cpu[0]:put_user(0x400000, 4, 7)`,
			Go: func(c *call, cpu *sim.CPU) int {
				return c.done(cpu.PutUser(c.arg(0).u64(), c.arg(1).int(), c.arg(2).u64()))
			},
		},
		{
			Name: "run",
			Doc:  "Run a function as this CPU's current thread.",
			Params: []describe.Param{
				param("fn",
					describe.Func1(anything(""), []describe.Param{{Type: describe.Any, Variadic: true}}),
					"the function"),
				anything("its arguments")[0],
			},
			Results: anything("the results of the function"),
			Sample:  `print(m.cpu[1]:run(function(a) return m.current.comm, a end, 7))`,
			Go:      runOn,
		},
	},
}

// anything describes any number of parameters or results of any type.
func anything(doc string) []describe.Param {
	return []describe.Param{{Name: "...", Type: describe.Any, Variadic: true, Doc: doc}}
}

// runOn passes arguments and results of the function through.
func runOn(c *call, cpu *sim.CPU) int {
	v := c.arg(0)
	fn, ok := v.v.(*lua.LFunction)
	if !ok {
		v.wrong()
	}
	args := c.rest(1)
	var results []lua.LValue
	err := cpu.Run(func() (err error) {
		results, err = c.rt.s.Call(fn, lua.MultRet, args...)
		return err
	})
	if err != nil {
		return c.fail(err)
	}
	c.m.settle()
	for _, v := range results {
		c.L.Push(v)
	}
	return len(results)
}

// A cpuList is the CPUs of a machine.
type cpuList struct{ m *sim.Machine }

func (l cpuList) Len() int { return l.m.NrCPUs() }

var cpusClass = describe.Class{
	Name: "cpus",
	Doc:  "The CPUs of a machine, m.cpu.",
	Index: &describe.Indexed{
		Key:   param("n", describe.Int, ""),
		Value: describe.Object("cpu"),
		Doc:   "CPU n, from 0; any other number raises.",
		Each:  "for cpu in m:cpus() iterates over them",
		Go: elementOf(func(rt *runtime, m *machine, l cpuList, n int) (lua.LValue, error) {
			if n < 0 || n >= l.Len() {
				return nil, fmt.Errorf("the machine has no CPU %d; its CPUs are 0 to %d", n, l.Len()-1)
			}
			return showCPU(rt, m, l.m.CPU(n)), nil
		}),
	},
	Len: "the number of CPUs",
}

// A bank is one CPU's registers of one kind.
type bank struct {
	cpu  *sim.CPU
	base int
}

// Len returns the number of registers that the CPU implements.
func (b bank) Len() int {
	if b.base < arm64.WVR {
		return b.cpu.BRPs()
	}
	return b.cpu.WRPs()
}

func (b bank) name() string { return bankWords.text(b.base) }

func bankField(name string, base int, doc string) describe.Field {
	return field(name, describe.Object("bank"), doc,
		show(func(rt *runtime, m *machine, cpu *sim.CPU) lua.LValue {
			return showBank(rt, m, bank{cpu, base})
		}))
}

var bankClass = describe.Class{
	Name: "bank",
	Doc:  "The debug registers of one kind of one CPU, such as cpu.wcr.",
	Index: &describe.Indexed{
		Key:   param("n", describe.Int, ""),
		Value: describe.Hex,
		Doc:   "The value of register n, from 0; a number beyond those that the CPU implements raises.",
		Write: `cpu:write_wb_reg("WCR", n, value) writes a register`,
		Each:  "for n = 0, #bank - 1 iterates over it",
		Go: elementOf(func(rt *runtime, _ *machine, b bank, n int) (lua.LValue, error) {
			v, err := b.cpu.Reg(b.base, n)
			return rt.u64(v), err
		}),
	},
	Len:    "the number of registers that the CPU implements",
	Sample: `for n = 0, #m.cpu[0].wcr - 1 do print(n, m.cpu[0].wcr[n]) end`,
}

// An onReg is one CPU's slots of one kind.
type onReg struct {
	cpu   *sim.CPU
	watch bool
}

// Len returns the number of slots.
func (s onReg) Len() int {
	if s.watch {
		return s.cpu.WRPs()
	}
	return s.cpu.BRPs()
}

// kind returns the index of the kind of slots in slotWords.
func (s onReg) kind() int {
	if s.watch {
		return 1
	}
	return 0
}

// event returns the event in slot n, nil if it is empty.
func (s onReg) event(n int) *sim.Event {
	if s.watch {
		return s.cpu.WpOnReg(n)
	}
	return s.cpu.BpOnReg(n)
}

func onRegField(name string, watch bool, doc string) describe.Field {
	return field(name, describe.Object("slots_on_reg"), doc,
		show(func(rt *runtime, m *machine, cpu *sim.CPU) lua.LValue {
			return showOnReg(rt, m, onReg{cpu, watch})
		}))
}

var onRegClass = describe.Class{
	Name: "slots_on_reg",
	Doc:  "The slots of one kind of one CPU: cpu.bp_on_reg or cpu.wp_on_reg.",
	Index: &describe.Indexed{
		Key:   param("n", describe.Int, ""),
		Value: describe.Union(describe.Object("event"), describe.Nil),
		Doc:   "The event in slot n, from 0, nil if it is empty; a slot that the CPU does not have raises.",
		Write: "cpu:hw_breakpoint_slot_setup(kind, ev, op) takes and leaves slots",
		Each:  "for n = 0, #slots - 1 iterates over them",
		Go: elementOf(func(rt *runtime, m *machine, s onReg, n int) (lua.LValue, error) {
			if n < 0 || n >= s.Len() {
				return nil, fmt.Errorf("cpu%d has no slot %d; its slots are 0 to %d",
					s.cpu.ID(), n, s.Len()-1)
			}
			return showEvent(rt, m, s.event(n)), nil
		}),
	},
	Len:    "the number of slots",
	Sample: `for n = 0, #m.cpu[0].wp_on_reg - 1 do print(n, m.cpu[0].wp_on_reg[n]) end`,
}

// mdscrBits are the bits of cpu:write_mdscr.
type mdscrBits struct{ set, clear uint64 }

// mdscrBit describes one of them.
func mdscrBit(name string, bit int, doc string) describe.Field {
	return opt(name, describe.Bool, "as it is", doc, set(func(v value, b *mdscrBits) {
		if v.bool() {
			b.set |= 1 << bit
		} else {
			b.clear |= 1 << bit
		}
	}))
}

var mdscrFields = []describe.Field{
	mdscrBit("hde", 14, "halting debug: debug events halt the CPU"),
	mdscrBit("mde", 15, "breakpoints and watchpoints are taken"),
	mdscrBit("kde", 13, "and from EL1"),
	mdscrBit("tdcc", 12, "accesses to the debug communications channel trap"),
	mdscrBit("ss", 0, "software step"),
}
