// The tables with known fields: what calls take, and what they return.

package bindings

import (
	"fmt"
	"slices"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

var bpType = describe.Union(describe.Enum("r", "loads", "w", "stores", "rw", "loads and stores", "x", "instructions"), describe.Int)

// attrFields are what every attribute table may have.
var attrFields = []describe.Field{
	{Name: "type", Type: bpType, Optional: true, Default: "0", Doc: "what to watch for; a number is passed on as bp_type", Go: func(a *Attr) *hwdebug.BPType { return &a.Type }},
	{Name: "addr", Type: describe.U64, Optional: true, Default: "0", Doc: "the address", Go: func(a *Attr) *uint64 { return &a.Addr }},
	{Name: "len", Type: describe.U64, Optional: true, Default: `0, 4 for "x"`, Doc: "how many bytes from there",
		Go: func(a *Attr, n uint64) { a.Len, a.hasLen = n, true }},
	{Name: "disabled", Type: describe.Bool, Optional: true, Default: "false", Doc: "do not enable it yet", Go: func(a *Attr) *bool { return &a.Disabled }},
	{Name: "pinned", Type: describe.Bool, Optional: true, Default: "false; true for register_*", Doc: "it must be in a register whenever its CPU or task runs", Go: func(a *Attr) *bool { return &a.Pinned }},
	{Name: "sample_period", Type: describe.U64, Optional: true, Default: "0; 1 for register_*", Doc: "call the handler on every so many hits; 0: never", Go: func(a *Attr) *uint64 { return &a.SamplePeriod }},
	{Name: "exclude_user", Type: describe.Bool, Optional: true, Default: "false", Doc: "not for accesses from EL0", Go: func(a *Attr) *bool { return &a.ExcludeUser }},
	{Name: "exclude_kernel", Type: describe.Bool, Optional: true, Default: "false", Doc: "not for accesses from EL1", Go: func(a *Attr) *bool { return &a.ExcludeKernel }},
	{Name: "exclude_hv", Type: describe.Bool, Optional: true, Default: "false", Doc: "not for accesses from a hypervisor", Go: func(a *Attr) *bool { return &a.ExcludeHV }},
	{Name: "inherit", Type: describe.Bool, Optional: true, Default: "false", Doc: "children of the task get it too", Go: func(a *Attr) *bool { return &a.Inherit }},
	{Name: "enable_on_exec", Type: describe.Bool, Optional: true, Default: "false", Doc: "enable it when the task starts a new image", Go: func(a *Attr) *bool { return &a.EnableOnExec }},
	{Name: "sample_read", Type: describe.Bool, Optional: true, Default: "false", Doc: "PERF_SAMPLE_READ in sample_type", Go: func(a *Attr) *bool { return &a.SampleRead }},
	{Name: "branch_stack", Type: describe.Bool, Optional: true, Default: "false", Doc: "PERF_SAMPLE_BRANCH_STACK in sample_type", Go: func(a *Attr) *bool { return &a.BranchStack }},
	{Name: "name", Type: describe.String, Optional: true, Doc: "a label of yours; the kernel never sees it", Go: func(a *Attr) *string { return &a.Name }},
}

var (
	taskField = describe.Field{Name: "task", Type: describe.Object("task"), Optional: true, Doc: "the task to follow", Go: func(a *Attr) **sim.Task { return &a.Task }}
	cpuField  = describe.Field{Name: "cpu", Type: describe.Int, Optional: true, Default: "-1", Doc: "the CPU to count on; -1: wherever the task runs", Go: func(a *Attr) *int { return &a.CPU }}
	hitField  = describe.Field{Name: "on_hit", Type: describe.Func1([]describe.Param{{Name: "ev", Type: describe.Object("event")}, {Name: "hit", Type: describe.Object("hit")}}, nil), Optional: true,
		Doc: "a handler of your own; the kernel then does not step over the access, so disable the event, move it or set hit.skip", Go: func(a *Attr) *sim.Handler { return &a.OnHit }}
)

func withAttr(fields ...describe.Field) []describe.Field {
	return append(slices.Clone(attrFields), fields...)
}

func opt[T, V any](name string, t describe.Type, def, doc string, at func(*T) *V) describe.Field {
	return describe.Field{Name: name, Type: t, Optional: true, Default: def, Doc: doc, Go: at}
}

// positive is an option whose zero is the default in Go, but a mistake where a script writes it down.
func positive[T any](name, def, doc, mistake string, at func(*T) *int) describe.Field {
	return describe.Field{Name: name, Type: describe.Int, Optional: true, Default: def, Doc: doc, Go: func(c *T, n int) error {
		if n < 1 {
			return fmt.Errorf(mistake, n)
		}
		*at(c) = n
		return nil
	}}
}

func out(name string, t describe.Type, doc string) describe.Field {
	return describe.Field{Name: name, Type: t, Doc: doc}
}

func maybe(name string, t describe.Type, doc string) describe.Field {
	return describe.Field{Name: name, Type: t, Doc: doc, Optional: true}
}

var records = []describe.Record{
	{Name: "machine_options", Doc: "The options of hw.machine.", Fields: []describe.Field{
		positive("cpus", "4", "CPUs, 1 to 64", "got %d, want 1 to 64", func(c *sim.Config) *int { return &c.CPUs }),
		{Name: "brps", Type: describe.Union(describe.Int, describe.Array(describe.Int)), Optional: true, Default: "6", Doc: "implemented breakpoint registers, 1 to 16; a table gives one count per CPU, CPU 0 first",
			Go: func(c *sim.Config, n Counts) { c.BRPs, c.BRPsPerCPU = n.All, n.Per }},
		{Name: "wrps", Type: describe.Union(describe.Int, describe.Array(describe.Int)), Optional: true, Default: "4", Doc: "implemented watchpoint registers, 1 to 16; a table gives one count per CPU, CPU 0 first",
			Go: func(c *sim.Config, n Counts) { c.WRPs, c.WRPsPerCPU = n.All, n.Per }},
		opt("cpu", describe.String, `"cortex-a57"`, "preset of the two counts and of features; hw.presets lists them", func(c *sim.Config) *string { return &c.CPU }),
		opt("kernel", describe.String, `"4.19.116"`, "behaviour and call chains; hw.kernels lists them, \"4.19\" and \"6.1\" will do", func(c *sim.Config) *string { return &c.Kernel }),
		positive("hz", "250", "timer ticks a second", "got %d, want 1 to 1000 ticks a second (arm64 has 100, 250, 300 and 1000)", func(c *sim.Config) *int { return &c.HZ }),
		opt("name", describe.String, `"test_mach"`, "hardware name in logs", func(c *sim.Config) *string { return &c.Name }),
		positive("va_bits", "39", "size of the user's address space", "got %d, want 36, 39, 42, 47, 48 or 52", func(c *sim.Config) *int { return &c.VABits }),
		opt("vhe", describe.Bool, "false", "the kernel runs at EL2", func(c *sim.Config) *bool { return &c.VHE }),
		opt("nodebugmon", describe.Bool, "false", "the boot option nodebugmon", func(c *sim.Config) *bool { return &c.NoDebugMon }),
		opt("far", describe.Enum("exact", "first watched byte of the access", "start", "its own first byte", "floor16", "that rounded down to 16"), `"exact"`, "the address that a watchpoint reports",
			func(c *sim.Config) *string { return &c.FAR }),
		opt("release", describe.String, "from the profile", "the release that dump_stack headers print", func(c *sim.Config) *string { return &c.Release }),
		opt("version", describe.String, "from the profile", "the version that dump_stack headers print", func(c *sim.Config) *string { return &c.Version }),
		opt("taint", describe.String, "not tainted", "taint flags, one letter each", func(c *sim.Config) *string { return &c.Taint }),
		{Name: "trace_size", Type: describe.Int, Optional: true, Default: "65536", Doc: "records of modelled calls that are kept; older ones go, 0 keeps none",
			Go: func(c *sim.Config, n int) error {
				if n < 0 {
					return fmt.Errorf("%d records asked for; 0 keeps none", n)
				}
				if c.TraceSize = n; n == 0 {
					c.TraceSize = -1
				}
				return nil
			}},
		opt("bas_copies", describe.Bool, "false", "DBGBCR reads back BAS[1] and BAS[3] as copies of BAS[0] and BAS[2], as the recorded machine does", func(c *sim.Config) *bool { return &c.BASCopies }),
		opt("stale_wnr", describe.Bool, "false", "a watchpoint that stores have fired reports later loads as stores too, as the recorded machine does (R-REG-27)", func(c *sim.Config) *bool { return &c.StaleWnR }),
		opt("log_ops", describe.Bool, "false", "hw_breakpoint_control logs its operation, as in the seed's second listing", func(c *sim.Config) *bool { return &c.LogOps }),
		opt("seed", describe.U64, "0", "0: where the kernel leaves order open, one fixed order; else drawn from this seed", func(c *sim.Config) *uint64 { return &c.Seed }),
		opt("paranoid", describe.Int, "0", "perf_event_paranoid", func(c *sim.Config) *int { return &c.Paranoid }),
		opt("no_cap_sys_admin", describe.Bool, "false", "the callers lack CAP_SYS_ADMIN and CAP_PERFMON", func(c *sim.Config) *bool { return &c.NoCapSysAdmin }),
	}},
	{Name: "attr", Doc: "Attributes of an event: what perf_event_attr holds, as far as it matters here.", Fields: attrFields},
	{Name: "perf_event_attr", Doc: "What m:perf_event_open takes: attributes, and where to count.", Fields: withAttr(taskField, cpuField)},
	{Name: "user_attr", Doc: "What m:register_user_hw_breakpoint takes: attributes, the task, and a handler.", Fields: withAttr(taskField, hitField)},
	{Name: "wide_attr", Doc: "What m:register_wide_hw_breakpoint takes: attributes and a handler.", Fields: withAttr(hitField)},
	{Name: "task_options", Doc: "The options of m:task.", Fields: []describe.Field{
		opt("comm", describe.String, "made up", "its name", func(o *TaskOptions) *string { return &o.Comm }),
		positive("pid", "the next one", "its number", "%d asked for; pids are 1 to 4194304", func(o *TaskOptions) *int { return &o.PID }),
		opt("cpu", describe.Int, "0", "its CPU", func(o *TaskOptions) *int { return &o.CPU }),
		opt("compat", describe.Bool, "false", "a 32-bit task", func(o *TaskOptions) *bool { return &o.Compat }),
		opt("body", describe.Func1([]describe.Param{{Name: "t", Type: describe.Object("task")}}, nil), "none", "what its thread does", func(o *TaskOptions) *TaskFunc { return &o.Body }),
	}},
	{Name: "fork_options", Doc: "The options of t:fork.", Fields: []describe.Field{
		opt("comm", describe.String, "the parent's", "the child's name", func(o *ForkOptions) *string { return &o.Comm }),
		positive("pid", "the next one", "the child's number", "%d asked for; pids are 1 to 4194304", func(o *ForkOptions) *int { return &o.PID }),
	}},
	{Name: "callchain_options", Doc: "The options of m:callchain.", Fields: []describe.Field{
		opt("cpu", describe.Int, "any", "only entries on that CPU", func(o *ChainOptions) *int { return &o.CPU }),
		positive("nth", "the last", "which entry, counted from 1", "%d asked for; entries are counted from 1", func(o *ChainOptions) *int { return &o.Nth }),
		opt("view", describe.Enum("frames", "what a stack dump of the reference build shows", "full", "every modelled function"), `"frames"`, "which names are shown", func(o *ChainOptions) *View { return &o.View }),
	}},
	{Name: "trace_filter", Doc: "The options of m:trace.", Fields: []describe.Field{
		opt("fn", modelledFn, "all", "only that kernel function", func(o *TraceFilter) *string { return &o.Fn }),
		opt("cpu", describe.Int, "all", "only on that CPU", func(o *TraceFilter) *int { return &o.CPU }),
		opt("since", describe.Number, "0", "only from that time on, in seconds", func(o *TraceFilter) *float64 { return &o.Since }),
	}},
	{Name: "ctrl_fields", Doc: "The fields of hw.ctrl.encode.", Fields: []describe.Field{
		{Name: "type", Type: bpType, Doc: "what is watched for", Go: func(c *CtrlFields) *hwdebug.BPType { return &c.Type }},
		opt("bas", describe.Int, "of len and offset", "the byte mask", func(c *CtrlFields) *int { return &c.BAS }),
		opt("len", describe.Int, `4 for "x"`, "how many bytes, 1 to 8", func(c *CtrlFields) *int { return &c.Len }),
		opt("offset", describe.Int, "0", "from which byte of the doubleword", func(c *CtrlFields) *int { return &c.Offset }),
		opt("privilege", privilege, `"el0"`, "which exception level", func(c *CtrlFields) *string { return &c.Privilege }),
		opt("enabled", describe.Bool, "false", "the enable bit", func(c *CtrlFields) *bool { return &c.Enabled }),
		opt("hmc", describe.Bool, "false", "EL2 matches too", func(c *CtrlFields) *bool { return &c.HMC }),
	}},
	{Name: "ctrl", Out: true, Doc: "A control word taken apart.", Fields: []describe.Field{
		out("type", describe.Enum("r", "loads", "w", "stores", "rw", "loads and stores", "x", "instructions"), "what is watched for"), out("bas", describe.Int, "the byte mask"), out("privilege", privilege, "which exception level"),
		out("enabled", describe.Bool, "the enable bit"), out("hmc", describe.Bool, "EL2 matches too"),
		maybe("len", describe.Int, "how many bytes, where the mask is one run"), maybe("offset", describe.Int, "from which byte of the doubleword, where the mask is one run"),
	}},
	{Name: "siginfo", Out: true, Doc: "What a SIGTRAP told the task.", Fields: []describe.Field{
		out("code", describe.Int, "si_code; TRAP_HWBKPT is 4"), out("code_name", describe.String, "its name"), out("addr", describe.U64, "si_addr"), out("errno", describe.Int, "si_errno"),
	}},
	{Name: "slots", Out: true, Doc: "What is reserved and installed on one CPU.", Fields: []describe.Field{
		out("bp", describe.Table("slot_use"), "its breakpoints"), out("wp", describe.Table("slot_use"), "its watchpoints"),
	}},
	{Name: "slot_use", Out: true, Doc: "The slots of one kind on one CPU.", Fields: []describe.Field{
		out("limit", describe.Int, "how many may be reserved: the boot CPU's count"), out("usable", describe.Int, "how many the slot loops use: the smallest count over the CPUs"),
		out("cpu_pinned", describe.Int, "reserved by the CPU's own events"), out("task_pinned", describe.Int, "reserved by the busiest task"),
		out("on_reg", describe.Map(describe.Int, describe.Object("event")), "the events installed, by slot from 0"),
	}},
	{Name: "trace_record", Out: true, Doc: "One entry of a modelled function.", Fields: []describe.Field{
		out("fn", describe.String, "the kernel function"), out("cpu", describe.Int, "where"), out("t", describe.Number, "when, in seconds"), out("pid", describe.Int, "in whose name"),
		out("comm", describe.String, "that task's name"), out("args", describe.Array(describe.Union(describe.Any, describe.Nil)), "its arguments, in the kernel's order"),
		maybe("ret", describe.Union(describe.Int, describe.U64, describe.String, describe.Bool), "its result: \"-ENOSPC\" for an errno; nil while it runs, and for a function without one"),
		out("depth", describe.Int, "how many callers are on the same stack"),
		out("text", describe.String, "the call and its result as traces show them: write_wb_reg(WCR, 0, 0x1ff3)"),
	}},
	{Name: "preset", Out: true, Doc: "A core that a machine can have.", Fields: []describe.Field{
		out("name", describe.String, "its name"), out("brps", describe.Int, "breakpoint registers"), out("wrps", describe.Int, "watchpoint registers"),
		out("uao", describe.Bool, "it has user access override"), out("debugver", describe.Int, "ID_AA64DFR0_EL1.DebugVer"),
	}},
	{Name: "regs", Doc: "What assert.regs and assert.regs_exactly expect.", Fields: []describe.Field{
		maybe("bvr", describe.Map(describe.Int, describe.U64), "breakpoint values, by number from 0"), maybe("bcr", describe.Map(describe.Int, describe.U64), "breakpoint controls, by number from 0"),
		maybe("wvr", describe.Map(describe.Int, describe.U64), "watchpoint values, by number from 0"), maybe("wcr", describe.Map(describe.Int, describe.U64), "watchpoint controls, by number from 0"),
		maybe("mdscr_el1", describe.U64, "MDSCR_EL1"),
	}},
}

var privilege = describe.Enum("el0", "user mode", "el1", "the kernel", "el0+el1", "both", "none", "neither")
