// MDSCR_EL1 and ID_AA64DFR0_EL1.

package arm64

// Bits of MDSCR_EL1 that the kernel uses (R-REG-18). After CPU bring-up the register holds MDSCRTDCC alone.
const (
	MDSCRSS   = 1 << 0  // software step
	MDSCRTDCC = 1 << 12 // EL0 accesses to the debug communication channel trap
	MDSCRKDE  = 1 << 13 // debug exceptions from the kernel's own level
	MDSCRMDE  = 1 << 15 // breakpoint and watchpoint exceptions
)

// DebugVer values of ID_AA64DFR0_EL1.
const (
	DebugV8P0 = 6  // ARMv8.0
	DebugV8P1 = 7  // ARMv8.1 with VHE
	DebugV8P2 = 8  // ARMv8.2
	DebugV8P4 = 9  // ARMv8.4
	DebugV8P8 = 10 // ARMv8.8
)

// An IDAA64DFR0 is the value of ID_AA64DFR0_EL1, which describes the debug hardware of a CPU.
//
//	 31      28 27  24 23  20 19  16 15  12 11   8 7     4 3      0
//	+----------+------+------+------+------+------+-------+--------+
//	| CTX_CMPs |      | WRPs |      | BRPs |PMUVer|TraceVr|DebugVer|
//	+----------+------+------+------+------+------+-------+--------+
type IDAA64DFR0 uint64

// MakeIDAA64DFR0 returns the register of a CPU with the given numbers of breakpoints, watchpoints
// and context-aware breakpoints, PMUVer 1 and no trace. It clamps the numbers to 1..16 and
// truncates debugVer to four bits.
func MakeIDAA64DFR0(brps, wrps, ctxcmps int, debugVer uint8) IDAA64DFR0 {
	field := func(n int) IDAA64DFR0 { return IDAA64DFR0(min(max(n, 1), MaxRegs) - 1) }
	return field(ctxcmps)<<28 | field(wrps)<<20 | field(brps)<<12 | 1<<8 | IDAA64DFR0(debugVer&15)
}

// DebugVer returns the debug architecture version, such as DebugV8P0 for ARMv8.0.
func (d IDAA64DFR0) DebugVer() uint8 { return uint8(d & 15) }

// BRPs returns the number of breakpoints: the field plus one.
func (d IDAA64DFR0) BRPs() int { return int(d>>12&15) + 1 }

// WRPs returns the number of watchpoints: the field plus one.
func (d IDAA64DFR0) WRPs() int { return int(d>>20&15) + 1 }

// CTXCMPs returns the number of context-aware breakpoints: the field plus one. The kernel does not use it.
func (d IDAA64DFR0) CTXCMPs() int { return int(d>>28&15) + 1 }
