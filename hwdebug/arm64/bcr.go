// DBGBCRn_EL1 and the match of a fetched instruction with a breakpoint.

package arm64

// A DBGBCR is the value of a breakpoint control register.
//
//	 31    24 23  20 19  16 15 14 13  12  9 8    5 4 3 2   1 0
//	+--------+------+------+-----+---+-----+------+---+-----+-+
//	|   0    |  BT  | LBN  | SSC |HMC|  0  | BAS  | 0 | PMC |E|
//	+--------+------+------+-----+---+-----+------+---+-----+-+
type DBGBCR uint32

// E returns the enable bit.
func (b DBGBCR) E() bool { return b&1 != 0 }

// PMC returns privilege mode control: bit 0 selects EL1, bit 1 EL0.
func (b DBGBCR) PMC() uint8 { return uint8(b >> 1 & 3) }

// BAS returns byte address select: 0xf or 0x3 selects an instruction at the address in the value
// register, 0xc one two bytes above.
func (b DBGBCR) BAS() uint8 { return uint8(b >> 5 & 15) }

// HMC returns higher mode control: if set, EL2 matches too.
func (b DBGBCR) HMC() bool { return b>>13&1 != 0 }

// SSC returns security state control.
func (b DBGBCR) SSC() uint8 { return uint8(b >> 14 & 3) }

// LBN returns the number of the linked context breakpoint.
func (b DBGBCR) LBN() uint8 { return uint8(b >> 16 & 15) }

// BT returns the breakpoint type. The kernel writes only 0, an unlinked address match.
func (b DBGBCR) BT() uint8 { return uint8(b >> 20 & 15) }

// Stored returns what the register reads after b was written: BAS[1] and BAS[3] become copies of
// BAS[0] and BAS[2]. All other bits, including the RES0 bits [12:9], read as written. The
// architecture permits this, and the recorded machines do it (R-REG-21): 0x3c5 reads as 0x385.
func (b DBGBCR) Stored() DBGBCR {
	const even = 1<<5 | 1<<7 // BAS[0], BAS[2]
	return b&^(even<<1) | b&even<<1
}

// MatchBreakpoint reports whether an instruction fetched at pc, at exception level el (0, 1 or 2),
// matches the breakpoint. bcr is the content of the register: pass a written value through Stored
// first. Bits [1:0] of bvr are RES0 and are not compared.
//
// BAS values other than 0xf, 0x3 and 0xc are CONSTRAINED UNPREDICTABLE. They match nothing, and
// neither do linked and context breakpoints (BT other than 0) and other exception levels.
//
// Rules R-REG-21, R-REG-24.
func MatchBreakpoint(bvr uint64, bcr DBGBCR, pc uint64, el int) bool {
	if bcr&1 == 0 || (bvr^pc)>>2 != 0 {
		return false
	}
	var level DBGBCR
	switch el {
	case 0:
		level = 2 << 1
	case 1:
		level = 1 << 1
	case 2:
		level = 1 << 13
	}
	if bcr&level == 0 || bcr.BT() != 0 || bcr.SSC() == 2 {
		return false
	}
	switch bcr.BAS() {
	case 0xf, 0x3:
		return pc&3 == 0
	case 0xc:
		return pc&3 == 2
	}
	return false
}
