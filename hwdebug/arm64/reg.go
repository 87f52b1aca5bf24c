// Numbers and names of the registers.

package arm64

import "strconv"

// Bases of the kernel's unified numbering: register n of a bank, n from 0 to MaxRegs-1, has the
// number base + n.
//
// Rule R-REG-2; arch/arm64/include/asm/hw_breakpoint.h: AARCH64_DBG_REG_BVR and its like.
const (
	BVR = 0  // DBGBVRn_EL1, breakpoint value
	BCR = 16 // DBGBCRn_EL1, breakpoint control
	WVR = 32 // DBGWVRn_EL1, watchpoint value
	WCR = 48 // DBGWCRn_EL1, watchpoint control
)

// MaxRegs is the number of registers in the array of each bank, whatever a CPU implements.
const MaxRegs = 16

var formatNames = [numRegs]string{"DBGBVR", "DBGBCR", "DBGWVR", "DBGWCR", "MDSCR_EL1", "ID_AA64DFR0_EL1"}

// regNames is filled once so that RegName does not allocate.
var regNames = func() (names [4 * MaxRegs]string) {
	for i := range names {
		names[i] = formatNames[i/MaxRegs] + strconv.Itoa(i%MaxRegs) + "_EL1"
	}
	return names
}()

// RegName returns the manual's name of the register with that unified number, "DBGWVR3_EL1" for 35,
// or "" for a number outside 0..63.
func RegName(unified int) string {
	if uint(unified) >= uint(len(regNames)) {
		return ""
	}
	return regNames[unified]
}

// A Reg is the format of a register, not an instance.
type Reg uint8

// The formats that Fields, Diff and Explain know.
const (
	RegBVR        Reg = iota // DBGBVRn_EL1
	RegBCR                   // DBGBCRn_EL1
	RegWVR                   // DBGWVRn_EL1
	RegWCR                   // DBGWCRn_EL1
	RegMDSCR                 // MDSCR_EL1
	RegIDAA64DFR0            // ID_AA64DFR0_EL1
	numRegs       = iota
)

// String returns the manual's name, without the number of an instance.
func (r Reg) String() string {
	if r < numRegs {
		return formatNames[r]
	}
	return "register format " + strconv.Itoa(int(r))
}
