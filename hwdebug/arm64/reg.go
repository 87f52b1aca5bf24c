// The numbering of the four banks and the names of the registers.

package arm64

import "strconv"

// Bases of the kernel's unified numbering: a register is base + n, n from 0 to MaxRegs-1.
//
// Rule R-REG-2; arch/arm64/include/asm/hw_breakpoint.h: AARCH64_DBG_REG_BVR and its like.
const (
	BVR = 0  // DBGBVRn_EL1, breakpoint value
	BCR = 16 // DBGBCRn_EL1, breakpoint control
	WVR = 32 // DBGWVRn_EL1, watchpoint value
	WCR = 48 // DBGWCRn_EL1, watchpoint control
)

// MaxRegs is the number of registers in each bank's array, whatever a CPU implements.
const MaxRegs = 16

var bankNames = [4]string{"DBGBVR", "DBGBCR", "DBGWVR", "DBGWCR"}

// regNames is filled once so that RegName does not allocate.
var regNames = func() (names [4 * MaxRegs]string) {
	for i := range names {
		names[i] = bankNames[i/MaxRegs] + strconv.Itoa(i%MaxRegs) + "_EL1"
	}
	return names
}()

// RegName gives the manual's name of a register by its unified number, "DBGWVR3_EL1" for 35, and
// "" for a number outside 0..63.
func RegName(unified int) string {
	if uint(unified) >= uint(len(regNames)) {
		return ""
	}
	return regNames[unified]
}

// A Reg is a kind of register: its format, not one of its instances.
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

// String is the manual's name without an instance's number.
func (r Reg) String() string {
	switch r {
	case RegBVR:
		return "DBGBVR"
	case RegBCR:
		return "DBGBCR"
	case RegWVR:
		return "DBGWVR"
	case RegWCR:
		return "DBGWCR"
	case RegMDSCR:
		return "MDSCR_EL1"
	case RegIDAA64DFR0:
		return "ID_AA64DFR0_EL1"
	}
	return "register format " + strconv.Itoa(int(r))
}

// RegOf gives the format of a register by its unified number; ok is false outside 0..63.
func RegOf(unified int) (r Reg, ok bool) {
	if uint(unified) >= uint(len(regNames)) {
		return 0, false
	}
	return Reg(unified / MaxRegs), true
}
