// The tables with known fields: those that calls take, and those that they return.

package bindings

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/describe"
)

// attrFields are the fields of every attribute table. Scripts pass and get them.
var attrFields = []describe.Field{
	option("type", "0", "the accesses to watch for; a number is passed on as bp_type",
		func(a *attr) *hwdebug.BPType { return &a.Type }),
	inHex(option("addr", "0", "the address", func(a *attr) *uint64 { return &a.Addr })),
	opt("len", describe.U64, `0, 4 for "x"`, "the length in bytes",
		both(
			get(func(a attr) uint64 { return a.Len }),
			set(func(v value, a *attr) { a.Len, a.hasLen = v.u64(), true }),
		)),
	flag("disabled", "do not enable it yet", func(a *attr) *bool { return &a.Disabled }),
	option("pinned", "false; true for register_*", "it must be in a register whenever its CPU or task runs",
		func(a *attr) *bool { return &a.Pinned }),
	option("sample_period", "0; 1 for register_*",
		"the number of hits for each call of the handler; 0 never calls it",
		func(a *attr) *uint64 { return &a.SamplePeriod }),
	flag("exclude_user", "ignore accesses from EL0", func(a *attr) *bool { return &a.ExcludeUser }),
	flag("exclude_kernel", "ignore accesses from EL1", func(a *attr) *bool { return &a.ExcludeKernel }),
	flag("exclude_hv", "ignore accesses from a hypervisor", func(a *attr) *bool { return &a.ExcludeHV }),
	flag("inherit", "children of the task inherit it", func(a *attr) *bool { return &a.Inherit }),
	flag("enable_on_exec", "enable it when the task starts a new image",
		func(a *attr) *bool { return &a.EnableOnExec }),
	flag("remove_on_exec", "end it when the task starts a new image, from 5.13 on",
		func(a *attr) *bool { return &a.RemoveOnExec }),
	flag("inherit_thread", "with inherit: new threads inherit it, and new processes do not, from 5.13 on",
		func(a *attr) *bool { return &a.InheritThread }),
	flag("sigtrap", "a sample sends SIGTRAP to the task, from 5.13 on; needs remove_on_exec",
		func(a *attr) *bool { return &a.Sigtrap }),
	opt("freq", describe.Union(describe.Bool, describe.U64), "false",
		"true: sample_period is a frequency in Hz; a number is that frequency",
		both(get(func(a attr) bool { return a.Freq }), set(setFreq))),
	opt("read_format", describe.Array(formatWords.typ()), "{}", "what ev:read_values() returns",
		both(show(showFormat), set(func(v value, a *attr) { a.ReadFormat = v.readFormat() }))),
	flag("sample_read", "PERF_SAMPLE_READ in sample_type", func(a *attr) *bool { return &a.SampleRead }),
	flag("sample_tid", "PERF_SAMPLE_TID in sample_type; from 6.12 on sample_read and inherit need it",
		func(a *attr) *bool { return &a.SampleTID }),
	flag("branch_stack", "PERF_SAMPLE_BRANCH_STACK in sample_type",
		func(a *attr) *bool { return &a.BranchStack }),
	maybe("name", describe.String, "a label for the script; the kernel never sees it",
		both(
			getIf(func(a attr) (string, bool) { return a.Name, a.Name != "" }),
			set(func(v value, a *attr) { a.Name = v.string() }),
		)),
}

var (
	taskField = maybe("task", describe.Object("task"), "the task to follow",
		set(func(v value, a *attr) { a.task = v.task() }))
	groupField = maybe("group", describe.Object("event"),
		"the leader of the group that it joins: it is in a register only together with the others",
		set(func(v value, a *attr) { a.group = v.event() }))
	cpuField = opt("cpu", describe.Int, "-1", "the CPU to count on; -1 counts wherever the task runs",
		at(func(a *attr) *int { return &a.cpu }))
	hitField = maybe("on_hit",
		describe.Func1([]describe.Param{
			param("ev", describe.Object("event"), ""),
			param("hit", describe.Object("hit"), ""),
		}, nil),
		"a custom handler; the kernel then does not step over the access, so disable the event, move it "+
			"or set hit.skip",
		set(func(v value, a *attr) { a.onHit = v.handler() }))
)

func withAttr(fields ...describe.Field) []describe.Field { return slices.Concat(attrFields, fields) }

// countField describes a number of registers for all CPUs, or for each its own.
func countField(name, def, kind string, fields func(*sim.Config) (all *int, per *[]int)) describe.Field {
	return opt(name, describe.Union(describe.Int, describe.Array(describe.Int)), def,
		"implemented "+kind+" registers, 1 to 16; a table gives one count per CPU, CPU 0 first",
		set(func(v value, c *sim.Config) {
			all, per := fields(c)
			*all, *per = v.counts()
		}))
}

// positive describes an option whose zero value stands for the default in Go, but is a mistake in a
// script. want says what is possible.
func positive[T any](name, def, doc, want string, at func(*T) *int) describe.Field {
	return opt(name, describe.Int, def, doc, set(func(v value, c *T) { *at(c) = v.atLeast1(want) }))
}

var cpuRange = fmt.Sprintf("1 to %d", hwdebug.MaxCPUs)

// coreName and kernelName are texts of which completion knows the usual ones.
var (
	coreName   = describe.NameOf(namesOf(sim.Presets(), func(p sim.Preset) string { return p.Name }))
	kernelName = describe.NameOf(namesOf(sim.Profiles(), func(name string) string { return name }))
)

func namesOf[T any](list []T, name func(T) string) []describe.Word {
	var out []describe.Word
	for _, v := range list {
		out = append(out, describe.Word{Value: name(v)})
	}
	return out
}

var machineOptions = []describe.Field{
	positive("cpus", "4", "CPUs, "+cpuRange, cpuRange, func(c *sim.Config) *int { return &c.CPUs }),
	countField("brps", "6", "breakpoint",
		func(c *sim.Config) (*int, *[]int) { return &c.BRPs, &c.BRPsPerCPU }),
	countField("wrps", "4", "watchpoint",
		func(c *sim.Config) (*int, *[]int) { return &c.WRPs, &c.WRPsPerCPU }),
	opt("cpu", describe.Union(coreName, describe.Array(coreName)), `"cortex-a57"`,
		"the core: the two counts and its features; hw.presets lists them; a table gives one core per CPU, "+
			"CPU 0 first",
		set(func(v value, c *sim.Config) { c.CPU, c.Cores = v.cores() })),
	opt("kernel", kernelName, `"4.19.116"`,
		"behavior and call chains; hw.kernels lists them, any other release means the nearest",
		at(func(c *sim.Config) *string { return &c.Kernel })),
	positive("hz", "250", "timer ticks a second",
		"1 to 1000 ticks a second (arm64 has 100, 250, 300 and 1000)",
		func(c *sim.Config) *int { return &c.HZ }),
	option("name", `"test_mach"`, "hardware name in logs", func(c *sim.Config) *string { return &c.Name }),
	positive("va_bits", "39", "size of the user's address space", "36, 39, 42, 47, 48 or 52",
		func(c *sim.Config) *int { return &c.VABits }),
	flag("vhe", "the kernel runs at EL2", func(c *sim.Config) *bool { return &c.VHE }),
	flag("nodebugmon", "the boot option nodebugmon", func(c *sim.Config) *bool { return &c.NoDebugMon }),
	opt("far",
		describe.Enum(
			"exact", "the first watched byte of the access",
			"start", "the first byte of the access",
			"floor16", "the first byte of the access, rounded down to 16",
			"above", "the last byte of the access, which may lie above the watched bytes",
		),
		`"exact"`, "the address that a watchpoint reports",
		at(func(c *sim.Config) *string { return &c.FAR })),
	option("release", "from the profile", "the release in the headers of dump_stack",
		func(c *sim.Config) *string { return &c.Release }),
	option("version", "from the profile", "the version in the headers of dump_stack",
		func(c *sim.Config) *string { return &c.Version }),
	option("taint", "not tainted", "taint flags, one letter each",
		func(c *sim.Config) *string { return &c.Taint }),
	opt("trace_size",
		describe.Int, "65536", "the number of records of modelled calls that are kept; 0 keeps none",
		set(setTraceSize)),
	flag("bas_copies",
		"DBGBCR reads back BAS[1] and BAS[3] as copies of BAS[0] and BAS[2], as on the recorded machine",
		func(c *sim.Config) *bool { return &c.BASCopies }),
	flag("stale_wnr",
		"a watchpoint that stores have fired reports later loads as stores too, as on the recorded machine "+
			"(R-REG-27)",
		func(c *sim.Config) *bool { return &c.StaleWnR }),
	flag("log_ops", "hw_breakpoint_control logs its operation, as in the seed's second listing",
		func(c *sim.Config) *bool { return &c.LogOps }),
	option("seed", "0",
		"where the kernel leaves order open, 0 takes one fixed order; any other seed draws the order",
		func(c *sim.Config) *uint64 { return &c.Seed }),
	option("paranoid", "0", "perf_event_paranoid", func(c *sim.Config) *int { return &c.Paranoid }),
	flag("debug_atomic_sleep",
		"a call that may sleep logs it first where sleeping is not allowed (CONFIG_DEBUG_ATOMIC_SLEEP)",
		func(c *sim.Config) *bool { return &c.DebugAtomicSleep }),
	flag("no_cap_sys_admin",
		"user tasks lack CAP_SYS_ADMIN and CAP_PERFMON unless the task says otherwise; kernel threads "+
			"and the script have all",
		func(c *sim.Config) *bool { return &c.NoCapSysAdmin }),
}

// setTraceSize sets a size that is negative in Go if a script wants no trace.
func setTraceSize(v value, c *sim.Config) {
	switch n := v.int(); {
	case n < 0:
		v.c.bad(fmt.Errorf("got %d, want 0 or more", n))
	case n == 0:
		c.TraceSize = -1
	default:
		c.TraceSize = n
	}
}

var records = []describe.Record{
	{Name: "machine_options", Doc: "The options of hw.machine.", Fields: machineOptions},
	{
		Name:   "attr",
		Doc:    "The attributes of an event: the fields of perf_event_attr that matter here.",
		Fields: attrFields,
	},
	{
		Name:   "perf_event_attr",
		Doc:    "The argument of m:perf_event_open: attributes, and where to count.",
		Fields: withAttr(taskField, cpuField, groupField),
	},
	{
		Name:   "user_attr",
		Doc:    "The argument of m:register_user_hw_breakpoint: attributes, the task, and a handler.",
		Fields: withAttr(taskField, hitField),
	},
	{
		Name: "kernel_attr",
		Doc: "The argument of m:perf_event_create_kernel_counter: attributes, where to count, and a " +
			"handler.",
		Fields: withAttr(taskField, cpuField, hitField),
	},
	{
		Name:   "wide_attr",
		Doc:    "The argument of m:register_wide_hw_breakpoint: attributes and a handler.",
		Fields: withAttr(hitField),
	},
	{Name: "task_options", Doc: "The options of m:task.", Fields: []describe.Field{
		option("comm", "made up", "its name", func(o *sim.TaskConfig) *string { return &o.Comm }),
		positive("pid", "the next one", "its number", "1 to 4194304",
			func(o *sim.TaskConfig) *int { return &o.PID }),
		option("cpu", "0", "its CPU", func(o *sim.TaskConfig) *int { return &o.CPU }),
		flag("compat", "a 32-bit task", func(o *sim.TaskConfig) *bool { return &o.Compat }),
		option("uid", "0", "its effective user ID, in the headers of dumps from 6.12 on; it decides "+
			"nothing: see cap_sys_admin", func(o *sim.TaskConfig) *int { return &o.UID }),
		opt("cap_sys_admin", describe.Bool, "the machine's", "whether it has CAP_SYS_ADMIN and CAP_PERFMON",
			set(func(v value, o *sim.TaskConfig) {
				o.CapSysAdmin = sim.CapRevoked
				if v.bool() {
					o.CapSysAdmin = sim.CapGranted
				}
			})),
		opt("body", callback("t", "task"), "none", "the function of its thread",
			set(func(v value, o *sim.TaskConfig) { o.Body = v.body() })),
	}},
	{Name: "tracer_options", Doc: "The options of ptrace requests.", Fields: tracerFields},
	{Name: "mdscr_bits", Doc: "The argument of cpu:write_mdscr.", Fields: mdscrFields},
	{Name: "access_options", Doc: "The options of load and store.", Fields: accessFields},
	{Name: "exec_options", Doc: "The options of t:exec.", Fields: execFields},
	{Name: "fork_options", Doc: "The options of t:fork.", Fields: []describe.Field{
		option("comm", "the parent's", "the child's name", func(o *forkOptions) *string { return &o.comm }),
		positive("pid", "the next one", "the child's number", "1 to 4194304",
			func(o *forkOptions) *int { return &o.pid }),
	}},
	{Name: "execve_options", Doc: "The options of t:execve.", Fields: []describe.Field{
		option("compat", "as the task is", "a 32-bit image",
			func(o *execveOptions) *bool { return &o.compat }),
	}},
	{Name: "ioctl_options", Doc: "The options of ev:enable and ev:disable.", Fields: []describe.Field{
		flag("group", "for its whole group, as with PERF_IOC_FLAG_GROUP",
			func(o *ioctlOptions) *bool { return &o.group }),
	}},
	{Name: "event_values", Out: true, Doc: "What a read of an event returns.", Fields: []describe.Field{
		maybe("value", describe.U64, `the count, without "group" in read_format`,
			getIf(func(v values) (uint64, bool) { return v.Counts[0].Count, !v.asked(hwdebug.ReadGroup) })),
		maybe("group", describe.Array(describe.Table("group_count")),
			`the counts of its group, the leader's first, with "group" in read_format`, show(showGroup)),
		maybe("total_time_enabled", describe.Int, "the time that it was enabled, in ns",
			getIf(func(v values) (int, bool) { return int(v.Enabled), v.asked(hwdebug.ReadTimeEnabled) })),
		maybe("total_time_running", describe.Int, "the time that it was in a register, in ns",
			getIf(func(v values) (int, bool) { return int(v.Running), v.asked(hwdebug.ReadTimeRunning) })),
	}},
	{Name: "group_count", Out: true, Doc: "The event, which is also [1], and its count, which is also [2].",
		Fields: []describe.Field{
			field("ev", describe.Object("event"), "the event",
				show(func(rt *runtime, m *machine, c sim.GroupCount) lua.LValue {
					return showEvent(rt, m, c.Event)
				})),
			prop("count", "its count", func(c sim.GroupCount) uint64 { return c.Count }),
		}},
	{Name: "callchain_options", Doc: "The options of m:callchain.", Fields: []describe.Field{
		option("cpu", "any", "only entries on that CPU", func(o *chainOptions) *int { return &o.cpu }),
		positive("nth", "the last", "the entry, counted from 1", "1 or more",
			func(o *chainOptions) *int { return &o.Nth }),
		opt("view", viewWords.typ(), `"frames"`, "the names that are shown",
			set(func(v value, o *chainOptions) { o.View = word(v, viewWords) })),
	}},
	{Name: "trace_filter", Doc: "The options of m:trace.", Fields: []describe.Field{
		opt("fn", modelledFn, "all", "only that kernel function",
			at(func(o *traceFilter) *string { return &o.fn })),
		option("cpu", "all", "only on that CPU", func(o *traceFilter) *int { return &o.cpu }),
		option("since", "0", "only from that time on, in seconds",
			func(o *traceFilter) *float64 { return &o.since }),
	}},
	{Name: "ctrl_fields", Doc: "The fields of hw.ctrl.encode.", Fields: []describe.Field{
		field("type", typeOrNumber, "the accesses to match",
			at(func(f *ctrlFields) *hwdebug.BPType { return &f.typ })),
		inHex(option("bas", "of len and offset", "the byte mask",
			func(f *ctrlFields) *int { return &f.bas })),
		option("len", `4 for "x"`, "the number of bytes, 1 to 8", func(f *ctrlFields) *int { return &f.len }),
		option("offset", "0", "the first byte in the doubleword",
			func(f *ctrlFields) *int { return &f.offset }),
		opt("privilege", privilegeWords.typ(), `"el0"`, "the exception level",
			set(func(v value, f *ctrlFields) { f.privilege = word(v, privilegeWords) })),
		flag("enabled", "the enable bit", func(f *ctrlFields) *bool { return &f.enabled }),
		flag("hmc", "EL2 matches too", func(f *ctrlFields) *bool { return &f.hmc }),
	}},
	{Name: "ctrl", Out: true, Doc: "A control word, in fields.", Fields: []describe.Field{
		field("type", typeWords.typ(), "the accesses that match", get(ctrlWord.typ)),
		inHex(field("bas", describe.Int, "the byte mask", get(ctrlWord.bas))),
		field("privilege", privilegeWords.typ(), "the exception level", get(ctrlWord.privilege)),
		prop("enabled", "the enable bit", ctrlWord.enabled),
		prop("hmc", "EL2 matches too", ctrlWord.hmc),
		maybe("len", describe.Int, "the number of bytes, if the mask is one run", getIf(ctrlWord.len)),
		maybe("offset", describe.Int, "the first byte in the doubleword, if the mask is one run",
			getIf(ctrlWord.offset)),
	}},
	{Name: "siginfo", Out: true, Doc: "The siginfo of a signal.", Fields: []describe.Field{
		prop("signo", "si_signo; SIGTRAP is 5", func(s sim.Siginfo) int { return int(s.Signo) }),
		prop("name", "the signal's name", func(s sim.Siginfo) string { return s.Signo.String() }),
		prop("code", "si_code; TRAP_HWBKPT is 4, SI_USER 0", func(s sim.Siginfo) int { return s.Code }),
		prop("code_name", "the name of si_code", func(s sim.Siginfo) string { return s.CodeName() }),
		inHex(maybe("addr", describe.U64, "si_addr, of a signal that an instruction caused",
			getIf(func(s sim.Siginfo) (uint64, bool) { return s.Addr, s.Code != 0 }))),
		maybe("pid", describe.Int, "si_pid: the sender's, of a signal that was sent",
			getIf(func(s sim.Siginfo) (int, bool) { return s.PID, s.Code == 0 })),
		prop("errno", "si_errno", func(s sim.Siginfo) int { return s.Errno }),
	}},
	{Name: "slots", Out: true, Doc: "The reserved and installed slots of one CPU.", Fields: []describe.Field{
		field("bp", describe.Table("slot_use"), "its breakpoints",
			show(func(rt *runtime, m *machine, u sim.SlotUse) lua.LValue {
				return rt.table(m, "slot_use", &u.BP)
			})),
		field("wp", describe.Table("slot_use"), "its watchpoints",
			show(func(rt *runtime, m *machine, u sim.SlotUse) lua.LValue {
				return rt.table(m, "slot_use", &u.WP)
			})),
	}},
	{Name: "slot_use", Out: true, Doc: "The slots of one kind on one CPU.", Fields: []describe.Field{
		prop("limit", "the number that may be reserved: the boot CPU's count",
			func(u sim.Use) int { return u.Limit }),
		prop("usable", "the number that the slot loops use: the smallest count over the CPUs",
			func(u sim.Use) int { return u.Usable }),
		prop("cpu_pinned", "reserved by events of the CPU", func(u sim.Use) int { return u.CPUPinned }),
		prop("task_pinned", "reserved by the busiest task", func(u sim.Use) int { return u.TaskPinned }),
		field("on_reg",
			describe.Map(describe.Int, describe.Object("event")), "the installed events, by slot from 0",
			show(showInstalled)),
	}},
	{Name: "trace_record", Out: true, Doc: "One entry of a modelled function.", Fields: []describe.Field{
		prop("fn", "the kernel function", func(r record) string { return r.rec.Functions()[r.Fn].Name }),
		prop("cpu", "the CPU", func(r record) int { return int(r.CPU) }),
		prop("t", "the time, in seconds", func(r record) float64 { return seconds(r.Record) }),
		prop("pid", "the task that was current", func(r record) int { return int(r.PID) }),
		prop("comm", "that task's name", func(r record) string { return r.rec.NameOf(r.Comm) }),
		field("args",
			describe.Array(describe.Union(describe.Any, describe.Nil)),
			"its arguments, in the kernel's order",
			show(showArgs)),
		maybe("ret", describe.Union(describe.Int, describe.U64, describe.String, describe.Bool),
			`its result: "-ENOSPC" for an errno; nil while it runs, and for a function without one`,
			show(func(rt *runtime, m *machine, r record) lua.LValue {
				return showAny(rt, m, r.m.TraceRet(r.Record))
			})),
		prop("depth", "the number of callers on the same stack", func(r record) int { return int(r.Depth) }),
		prop("text", "the call and its result as traces show them: write_wb_reg(WCR, 0, 0x1ff3)",
			record.text),
	}},
	{Name: "preset", Out: true, Doc: "A core that a machine can have.", Fields: []describe.Field{
		prop("name", "its name", func(p sim.Preset) string { return p.Name }),
		prop("brps", "breakpoint registers", func(p sim.Preset) int { return p.BRPs }),
		prop("wrps", "watchpoint registers", func(p sim.Preset) int { return p.WRPs }),
		prop("uao", "it has user access override", func(p sim.Preset) bool { return p.UAO }),
		prop("debugver", "ID_AA64DFR0_EL1.DebugVer", func(p sim.Preset) int { return int(p.DebugVer) }),
		inHex(prop("id_aa64dfr0_el1", "ID_AA64DFR0_EL1", func(p sim.Preset) uint64 { return p.DFR0 })),
		prop("source", "where that value is from", func(p sim.Preset) string { return p.Source }),
	}},
	{Name: "regs", Doc: "The argument of assert.regs and assert.regs_exactly.", Fields: []describe.Field{
		regsField("bvr", "breakpoint values, by number from 0"),
		regsField("bcr", "breakpoint controls, by number from 0"),
		regsField("wvr", "watchpoint values, by number from 0"),
		regsField("wcr", "watchpoint controls, by number from 0"),
		{Name: "mdscr_el1", Type: describe.Hex, Optional: true, Doc: "MDSCR_EL1"},
	}},
}

// regsField describes a field that assert.regs reads itself.
func regsField(name, doc string) describe.Field {
	t := describe.Map(describe.Int, describe.Hex)
	t.Hex = true
	return describe.Field{Name: name, Type: t, Optional: true, Doc: doc}
}

func showInstalled(rt *runtime, m *machine, u sim.Use) lua.LValue {
	t := rt.L.CreateTable(len(u.OnReg), 1)
	for slot, ev := range u.OnReg {
		if ev != nil {
			t.RawSetInt(slot, showEvent(rt, m, ev))
		}
	}
	return t
}
