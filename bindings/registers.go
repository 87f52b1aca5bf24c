// The layouts of the debug registers, and topics that help explains.

package bindings

import "github.com/hwlua/hwlua/vm/describe"

// bits describes a field of a register. values are pairs of a value and its meaning.
func bits(name string, hi, lo int, doc string, values ...string) describe.Bits {
	b := describe.Bits{Name: name, Hi: hi, Lo: lo, Doc: doc}
	for i := 0; i+1 < len(values); i += 2 {
		b.Values = append(b.Values, describe.Word{Value: values[i], Doc: values[i+1]})
	}
	return b
}

// reserved describes bits that are RES0.
func reserved(hi, lo int) describe.Bits { return bits("RES0", hi, lo, "Reserved.") }

// privilegeBits describes the levels at which a register matches.
func privilegeBits(name, doc string) describe.Bits {
	return bits(name, 2, 1, doc, "1", "EL1", "2", "EL0", "3", "both")
}

var (
	enableBits = bits("E", 0, 0,
		"Enable. The kernel sets it at installation, depending on the task that is current then.",
		"0", "disabled", "1", "enabled")
	hmcBits = bits("HMC", 13, 13,
		"Higher mode control: EL2 matches too. The kernel sets it for its own events when it runs at EL2.",
		"0", "EL2 does not match", "1", "EL2 matches")
	sscBits = bits("SSC", 15, 14, "Security state control. The kernel leaves it 0.",
		"0", "any", "1", "Non-secure", "2", "Secure", "3", "by HMC and PAC")
	lbnBits  = bits("LBN", 19, 16, "Number of the linked breakpoint. The kernel never links.")
	addrBits = []describe.Bits{
		bits("VA", 63, 2, "The address, without its two lowest bits."),
		bits("RES0", 1, 0, "Reserved; reads 0."),
	}
)

var registers = []describe.Register{
	{
		Name:    "DBGWCR",
		Aliases: []string{"WCR", "DBGWCRn_EL1"},
		Width:   32,
		Doc: "Watchpoint control: cpu.wcr[n]. hw.ctrl.encode makes its value, hw.explain explains it " +
			"in words.",
		Fields: []describe.Bits{
			reserved(31, 29),
			bits("MASK", 28, 24, "Number of low address bits that are ignored. The kernel leaves it 0.",
				"0", "none: BAS selects", "1 2", "reserved", "3 to 31", "that many; BAS is ignored"),
			reserved(23, 21),
			bits("WT", 20, 20, "Watchpoint type. The kernel leaves it 0.",
				"0", "not linked", "1", "linked to breakpoint LBN"),
			lbnBits, sscBits, hmcBits,
			bits("BAS", 12, 5, "Byte address select: bit k is byte k from the value register's address.",
				"0x0f", "4 bytes at +0", "0xf0", "4 bytes at +4", "0xff", "8 bytes at +0"),
			bits("LSC", 4, 3, "Load/store control.",
				"0", "reserved: matches nothing", "1", "loads", "2", "stores", "3", "loads and stores"),
			privilegeBits("PAC", "Privileged access control: the level of the access."),
			enableBits,
		},
	},
	{
		Name:    "DBGBCR",
		Aliases: []string{"BCR", "DBGBCRn_EL1"},
		Width:   32,
		Doc: "Breakpoint control: cpu.bcr[n]. hw.ctrl.encode makes its value, hw.explain explains it " +
			"in words.",
		Fields: []describe.Bits{
			reserved(31, 24),
			bits("BT", 23, 20, "Breakpoint type. The kernel leaves it 0.",
				"0", "unlinked address match", "1", "linked address match",
				"2", "unlinked context ID match", "3", "linked context ID match"),
			lbnBits, sscBits, hmcBits,
			bits("RES0", 12, 9, "Reserved; reads as written."),
			bits("BAS", 8, 5, "Byte address select. Bits 1 and 3 read as copies of bits 0 and 2.",
				"0xf", "the instruction at +0", "0x3", "the halfword instruction at +0",
				"0xc", "the halfword instruction at +2"),
			reserved(4, 3),
			privilegeBits("PMC", "Privilege mode control: the level of the instruction."),
			enableBits,
		},
	},
	{
		Name:    "DBGWVR",
		Aliases: []string{"WVR", "DBGWVRn_EL1"},
		Width:   64,
		Doc:     "Watchpoint value: cpu.wvr[n]. If bit 2 is set, only bytes +0 to +3 can be selected.",
		Fields:  addrBits,
	},
	{
		Name:    "DBGBVR",
		Aliases: []string{"BVR", "DBGBVRn_EL1"},
		Width:   64,
		Doc:     "Breakpoint value: cpu.bvr[n].",
		Fields:  addrBits,
	},
	{
		Name:    "MDSCR_EL1",
		Aliases: []string{"MDSCR"},
		Width:   32,
		Doc: "Monitor debug system control: cpu.mdscr_el1. At rest 0x1000, with MDE 0x9000, with MDE " +
			"and KDE 0xb000.",
		Fields: []describe.Bits{
			bits("...", 31, 16, "External debug; the kernel leaves it 0."),
			bits("MDE", 15, 15, "Breakpoint and watchpoint exceptions.", "0", "off", "1", "on"),
			bits("HDE", 14, 14, "Halting debug."),
			bits("KDE", 13, 13,
				"Debug exceptions from the kernel's own level. It can stay set after the last event that "+
					"needed it is gone."),
			bits("TDCC", 12, 12,
				"EL0 accesses to the debug communication channel trap. CPU bring-up sets it."),
			bits("...", 11, 1, "Reserved, and ERR."),
			bits("SS", 0, 0, "Software step."),
		},
	},
	{
		Name:    "ID_AA64DFR0_EL1",
		Aliases: []string{"ID_AA64DFR0", "AA64DFR0"},
		Width:   64,
		Doc:     "Debug features: cpu.id_aa64dfr0_el1. Counts are one more than their fields.",
		Fields: []describe.Bits{
			bits("...", 63, 32, "Trace, statistical profiling, buffers."),
			bits("CTX_CMPs", 31, 28, "Context-aware breakpoints, minus one."),
			reserved(27, 24),
			bits("WRPs", 23, 20, "Watchpoints, minus one."),
			reserved(19, 16),
			bits("BRPs", 15, 12, "Breakpoints, minus one."),
			bits("PMUVer", 11, 8, "Performance monitors."),
			bits("TraceVer", 7, 4, "Trace unit."),
			bits("DebugVer", 3, 0, "Debug architecture.",
				"6", "ARMv8.0", "7", "ARMv8.1 with VHE", "8", "ARMv8.2", "9", "ARMv8.4", "10", "ARMv8.8"),
		},
	},
}

var topics = []describe.Topic{
	{
		Name: "refusals",
		Doc: "A call that the kernel refuses returns nil, a message and the errno's name: local ev, " +
			"message, errno = m:perf_event_open{...}. A call with invalid arguments raises, with file " +
			"and line. assert(m:perf_event_open{...}) raises for a refusal too; m:why() explains it.",
	},
	{
		Name: "integers",
		Doc: "Integers are exact up to 2^64-1. A value below 2^53 is an ordinary number; a larger one " +
			"is a u64. Equal values are one Lua value, so == and table keys work. + - * wrap modulo " +
			"2^64, / and % are unsigned integer division. < and <= compare u64s, and a number with a " +
			"wide literal; hw.lt and hw.le take any mixture. for v = a, b counts u64s exactly. " +
			"bit.band and the like work on 64 bits.",
	},
	{
		Name: "time",
		Doc: "Time is virtual and stands still during calls. m:msleep lets it pass, m:run runs until " +
			"the machine is at rest, m:step takes one step. A delay is a number of jiffies or a time " +
			"with a unit: \"28s\", \"250ms\"; it is rounded up.",
	},
	{
		Name: "who acts",
		Doc: "The script is the kernel thread hwlua, pid 1, which is current on CPU 0 until another " +
			"task is switched to there. Its calls are made on CPU 0 in kernel mode, in the name of " +
			"the task that is current: local calls for CPU 0, cross calls for other CPUs. " +
			"m.cpu[2]:run(fn) runs a function as another CPU's current thread.",
	},
	{
		Name:  "rules",
		Names: "R-[A-Z]+(-[0-9]+)?",
		Doc: "R-CON-7 and the like, in m:why() and in messages, are numbered rules of what the kernel " +
			"does. Help on such a number prints the rule; all of them are in hwdebug/spec of the sources.",
	},
}
