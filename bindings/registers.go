// The layouts of the debug registers, and the topics that are no function.

package bindings

import "github.com/hwlua/hwlua/vm/describe"

func values(pairs ...string) []describe.Word {
	var ws []describe.Word
	for i := 0; i+1 < len(pairs); i += 2 {
		ws = append(ws, describe.Word{Value: pairs[i], Doc: pairs[i+1]})
	}
	return ws
}

var (
	enableBits = describe.Bits{Name: "E", Hi: 0, Lo: 0, Doc: "Enable. The kernel sets it when it installs, by the task that is current then.", Values: values("0", "disabled", "1", "enabled")}
	levels     = values("1", "EL1", "2", "EL0", "3", "both")
	hmcBits    = describe.Bits{Name: "HMC", Hi: 13, Lo: 13, Doc: "Higher mode control: EL2 matches too. The kernel sets it for its own events when it runs at EL2.", Values: values("0", "EL2 does not match", "1", "EL2 matches")}
	sscBits    = describe.Bits{Name: "SSC", Hi: 15, Lo: 14, Doc: "Security state control. The kernel leaves it 0.", Values: values("0", "any", "1", "Non-secure", "2", "Secure", "3", "by HMC and PAC")}
	lbnBits    = describe.Bits{Name: "LBN", Hi: 19, Lo: 16, Doc: "Number of the linked breakpoint. The kernel never links."}
	addrBits   = []describe.Bits{{Name: "VA", Hi: 63, Lo: 2, Doc: "The address, without its two lowest bits."}, {Name: "RES0", Hi: 1, Lo: 0, Doc: "Reserved; reads 0."}}
)

var registers = []describe.Register{
	{Name: "DBGWCR", Aliases: []string{"WCR", "DBGWCRn_EL1"}, Width: 32, Doc: "Watchpoint control: cpu.wcr[n]. hw.ctrl.encode makes its value, hw.explain says it in words.", Fields: []describe.Bits{
		{Name: "RES0", Hi: 31, Lo: 29, Doc: "Reserved."},
		{Name: "MASK", Hi: 28, Lo: 24, Doc: "Number of low address bits that are ignored. The kernel leaves it 0.", Values: values("0", "none: BAS selects", "1 2", "reserved", "3 to 31", "so many; BAS is ignored")},
		{Name: "RES0", Hi: 23, Lo: 21, Doc: "Reserved."},
		{Name: "WT", Hi: 20, Lo: 20, Doc: "Watchpoint type. The kernel leaves it 0.", Values: values("0", "not linked", "1", "linked to breakpoint LBN")},
		lbnBits, sscBits, hmcBits,
		{Name: "BAS", Hi: 12, Lo: 5, Doc: "Byte address select: bit k is byte k from the value register's address.", Values: values("0x0f", "4 bytes at +0", "0xf0", "4 bytes at +4", "0xff", "8 bytes at +0")},
		{Name: "LSC", Hi: 4, Lo: 3, Doc: "Load/store control.", Values: values("0", "reserved: matches nothing", "1", "loads", "2", "stores", "3", "loads and stores")},
		{Name: "PAC", Hi: 2, Lo: 1, Doc: "Privileged access control: from which level.", Values: levels},
		enableBits,
	}},
	{Name: "DBGBCR", Aliases: []string{"BCR", "DBGBCRn_EL1"}, Width: 32, Doc: "Breakpoint control: cpu.bcr[n]. hw.ctrl.encode makes its value, hw.explain says it in words.", Fields: []describe.Bits{
		{Name: "RES0", Hi: 31, Lo: 24, Doc: "Reserved."},
		{Name: "BT", Hi: 23, Lo: 20, Doc: "Breakpoint type. The kernel leaves it 0.", Values: values("0", "unlinked address match", "1", "linked address match", "2", "unlinked context ID match", "3", "linked context ID match")},
		lbnBits, sscBits, hmcBits,
		{Name: "RES0", Hi: 12, Lo: 9, Doc: "Reserved; reads as written."},
		{Name: "BAS", Hi: 8, Lo: 5, Doc: "Byte address select. Bits 1 and 3 read as copies of bits 0 and 2.", Values: values("0xf", "the instruction at +0", "0x3", "the halfword instruction at +0", "0xc", "the halfword instruction at +2")},
		{Name: "RES0", Hi: 4, Lo: 3, Doc: "Reserved."},
		{Name: "PMC", Hi: 2, Lo: 1, Doc: "Privilege mode control: at which level.", Values: levels},
		enableBits,
	}},
	{Name: "DBGWVR", Aliases: []string{"WVR", "DBGWVRn_EL1"}, Width: 64, Doc: "Watchpoint value: cpu.wvr[n]. With bit 2 set only bytes +0 to +3 can be selected.", Fields: addrBits},
	{Name: "DBGBVR", Aliases: []string{"BVR", "DBGBVRn_EL1"}, Width: 64, Doc: "Breakpoint value: cpu.bvr[n].", Fields: addrBits},
	{Name: "MDSCR_EL1", Aliases: []string{"MDSCR"}, Width: 32, Doc: "Monitor debug system control: cpu.mdscr_el1. At rest 0x1000, with MDE 0x9000, with MDE and KDE 0xb000.", Fields: []describe.Bits{
		{Name: "...", Hi: 31, Lo: 16, Doc: "External debug; the kernel leaves it 0."},
		{Name: "MDE", Hi: 15, Lo: 15, Doc: "Breakpoint and watchpoint exceptions.", Values: values("0", "off", "1", "on")},
		{Name: "HDE", Hi: 14, Lo: 14, Doc: "Halting debug."},
		{Name: "KDE", Hi: 13, Lo: 13, Doc: "Debug exceptions from the kernel's own level. It can outlive the last event that needed it."},
		{Name: "TDCC", Hi: 12, Lo: 12, Doc: "EL0 accesses to the debug communication channel trap. CPU bring-up sets it."},
		{Name: "...", Hi: 11, Lo: 1, Doc: "Reserved, and ERR."},
		{Name: "SS", Hi: 0, Lo: 0, Doc: "Software step."},
	}},
	{Name: "ID_AA64DFR0_EL1", Aliases: []string{"ID_AA64DFR0", "AA64DFR0"}, Width: 64, Doc: "Debug features: cpu.id_aa64dfr0_el1. Counts are one more than their fields.", Fields: []describe.Bits{
		{Name: "...", Hi: 63, Lo: 32, Doc: "Trace, statistical profiling, buffers."},
		{Name: "CTX_CMPs", Hi: 31, Lo: 28, Doc: "Context-aware breakpoints, less one."},
		{Name: "RES0", Hi: 27, Lo: 24, Doc: "Reserved."},
		{Name: "WRPs", Hi: 23, Lo: 20, Doc: "Watchpoints, less one."},
		{Name: "RES0", Hi: 19, Lo: 16, Doc: "Reserved."},
		{Name: "BRPs", Hi: 15, Lo: 12, Doc: "Breakpoints, less one."},
		{Name: "PMUVer", Hi: 11, Lo: 8, Doc: "Performance monitors."},
		{Name: "TraceVer", Hi: 7, Lo: 4, Doc: "Trace unit."},
		{Name: "DebugVer", Hi: 3, Lo: 0, Doc: "Debug architecture.", Values: values("6", "ARMv8.0", "7", "ARMv8.1 with VHE", "8", "ARMv8.2", "9", "ARMv8.4", "10", "ARMv8.8")},
	}},
}

var topics = []describe.Topic{
	{Name: "refusals", Doc: "What the kernel refuses returns nil, a message and the errno's name: local ev, message, errno = m:perf_event_open{...}. " +
		"What cannot be asked at all raises, with file and line. assert(m:perf_event_open{...}) turns the one into the other; m:why() tells more."},
	{Name: "integers", Doc: "Integers are exact up to 2^64-1. Below 2^53 a value is an ordinary number; from there up it is a u64, one Lua value for each value, so == and table keys work. " +
		"+ - * wrap modulo 2^64, / and % are unsigned integer division. < and <= compare u64s, and a number with a wide literal; hw.lt and hw.le take any mixture. " +
		"for v = a, b counts them exactly. bit.band and its like work on 64 bits."},
	{Name: "time", Doc: "Time is virtual and stands still during calls. m:msleep lets it pass, m:run runs until the machine is at rest, m:step takes one step. " +
		"A delay is a number of jiffies or text with a unit: \"28s\", \"250ms\"; it is rounded up."},
	{Name: "who acts", Doc: "The script is the kernel thread hwlua, pid 1, current on CPU 0 while nothing else has been switched to there. What it calls is done on CPU 0 in kernel mode, " +
		"in the name of the task that is current: local calls for CPU 0, cross calls for other CPUs. m.cpu[2]:run(fn) runs a function as another CPU's current thread."},
	{Name: "rules", Names: "R-[A-Z]+(-[0-9]+)?", Doc: "R-CON-7 and its like, in m:why() and in messages, are numbered rules of what the kernel does, in hwdebug/spec of the sources: " +
		"REG in 01-registers.md, VAL in 02-validation.md, SLOT and MON in 03-slots.md, CON in 04-constraints.md, EVT and CTX in 05-perf-lifecycle.md, " +
		"EXC, STEP and SWITCH in 06-exceptions.md, PTR in 07-ptrace.md, WQ and TMR in 08-workqueue.md, HP in 09-hotplug-suspend.md, LOG in 10-logs.md."},
}
