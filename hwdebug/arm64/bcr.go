// DBGBCRn_EL1 and the comparison of a fetched instruction with a breakpoint.

package arm64

// A DBGBCR is the value of a breakpoint control register.
//
//	 31    24 23  20 19  16 15 14 13  12  9 8    5 4 3 2   1 0
//	+--------+------+------+-----+---+-----+------+---+-----+-+
//	|   0    |  BT  | LBN  | SSC |HMC|  0  | BAS  | 0 | PMC |E|
//	+--------+------+------+-----+---+-----+------+---+-----+-+
type DBGBCR uint32

// E is the enable bit.
func (b DBGBCR) E() bool { return b&1 != 0 }

// PMC is privilege mode control: bit 0 is EL1, bit 1 EL0.
func (b DBGBCR) PMC() uint8 { return uint8(b >> 1 & 3) }

// BAS is byte address select: 0xf or 0x3 an instruction at the value register's address, 0xc one
// two bytes on.
func (b DBGBCR) BAS() uint8 { return uint8(b >> 5 & 15) }

// HMC is higher mode control: set, EL2 matches too.
func (b DBGBCR) HMC() bool { return b>>13&1 != 0 }

// SSC is security state control.
func (b DBGBCR) SSC() uint8 { return uint8(b >> 14 & 3) }

// LBN is the number of the linked context breakpoint.
func (b DBGBCR) LBN() uint8 { return uint8(b >> 16 & 15) }

// BT is the breakpoint type; 0 is an unlinked address match, the only one the kernel makes.
func (b DBGBCR) BT() uint8 { return uint8(b >> 20 & 15) }

// Stored is what a read gives after b was written: BAS[1] and BAS[3] are copies of BAS[0] and
// BAS[2]. Every other bit, the RES0 ones [12:9] too, reads as written. The architecture permits
// this, and the machines that were recorded do it (R-REG-21): 0x3c5 reads 0x385.
func (b DBGBCR) Stored() DBGBCR {
	const even = 1<<5 | 1<<7 // BAS[0], BAS[2]
	return b&^(even<<1) | b&even<<1
}

// MatchBreakpoint says whether an instruction fetched at pc, at exception level el (0, 1 or 2),
// matches the breakpoint. bcr is what the register holds: pass a written value through Stored
// first. Bits [1:0] of bvr are RES0 and take no part, all others do.
//
// BAS values other than 0xf, 0x3 and 0xc are CONSTRAINED UNPREDICTABLE: they match nothing, as do
// linked and context breakpoints (BT other than 0) and any other level.
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
