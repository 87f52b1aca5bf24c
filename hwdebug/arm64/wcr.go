// DBGWCRn_EL1 and the match of a data access with a watchpoint.

package arm64

import "math/bits"

// A DBGWCR is the value of a watchpoint control register.
//
//	 31 29 28    24 23 21  20  19  16 15 14 13  12    5 4   3 2   1 0
//	+-----+--------+-----+----+------+-----+---+-------+-----+-----+-+
//	|  0  |  MASK  |  0  | WT | LBN  | SSC |HMC|  BAS  | LSC | PAC |E|
//	+-----+--------+-----+----+------+-----+---+-------+-----+-----+-+
type DBGWCR uint32

// E returns the enable bit.
func (w DBGWCR) E() bool { return w&1 != 0 }

// PAC returns privileged access control: bit 0 selects EL1, bit 1 EL0.
func (w DBGWCR) PAC() uint8 { return uint8(w >> 1 & 3) }

// LSC returns load/store control: 1 loads, 2 stores, 3 both; 0 is reserved and never matches.
func (w DBGWCR) LSC() uint8 { return uint8(w >> 3 & 3) }

// BAS returns byte address select: bit k selects byte k from the address in the value register.
func (w DBGWCR) BAS() uint8 { return uint8(w >> 5) }

// HMC returns higher mode control: if set, EL2 matches too.
func (w DBGWCR) HMC() bool { return w>>13&1 != 0 }

// SSC returns security state control.
func (w DBGWCR) SSC() uint8 { return uint8(w >> 14 & 3) }

// LBN returns the number of the linked context breakpoint.
func (w DBGWCR) LBN() uint8 { return uint8(w >> 16 & 15) }

// WT returns the watchpoint type: 1 is linked.
func (w DBGWCR) WT() uint8 { return uint8(w >> 20 & 1) }

// MASK returns the number of low address bits that are ignored, 0 or 3 to 31; 1 and 2 are reserved.
func (w DBGWCR) MASK() uint8 { return uint8(w >> 24 & 31) }

const (
	wcrMaskField = 31 << 24
	wcrWT        = 1 << 20
	wcrSSC       = 3 << 14
	wcrSecure    = 2 << 14

	el0AddrMask = 1<<56 - 1 // an EL0 address without its tag
)

// wcrNeed holds the bits that a control register must have set for an access to match: E, one bit
// of LSC, and one bit of PAC or HMC. The index is 2*el, plus 1 for a store. One AND then rejects
// most registers.
var wcrNeed = [6]DBGWCR{
	0: 1 | 1<<3 | 2<<1, 1: 1 | 2<<3 | 2<<1,
	2: 1 | 1<<3 | 1<<1, 3: 1 | 2<<3 | 1<<1,
	4: 1 | 1<<3 | 1<<13, 5: 1 | 2<<3 | 1<<13,
}

// NearWatchpoint returns false only if no access of size bytes at addr can match the watchpoint,
// whatever its kind and level. It is the cheap first half of MatchWatchpoint, small enough to be
// inlined in the loop over a CPU's registers. A watchpoint with a MASK is always near.
func NearWatchpoint(wvr uint64, wcr DBGWCR, addr uint64, size int) bool {
	// Only the bytes up to wvr|7 can be selected, at most eight. They overlap the access only if
	// wvr|7 is less than size+7 bytes above addr. Bits [55:0] of the distance decide for every
	// level.
	return ((wvr|7)-addr)&el0AddrMask < uint64(size)+7 || wcr&wcrMaskField != 0
}

// MatchWatchpoint reports whether an access of size bytes at addr, at exception level el (0, 1 or
// 2), matches the watchpoint, and returns the first watched byte of the access, with the tag of
// addr. An access that runs past the end of the address space continues at its beginning. A size
// below 1 and any other level match nothing.
//
// The architecture leaves some of this open. A BAS with gaps is CONSTRAINED UNPREDICTABLE: exactly
// the bytes whose bits are set are watched. BAS is ignored if MASK is used. The RESS bits of the
// value register may or may not be compared: they are, except for the tag of an EL0 access, bits
// [63:56] (TCR_EL1.TBI0 is set). A linked watchpoint (WT) needs a context breakpoint, which is not
// known here, and does not match.
//
// Rules R-REG-22, R-REG-24.
func MatchWatchpoint(
	wvr uint64, wcr DBGWCR, addr uint64, size int, store bool, el int,
) (first uint64, ok bool) {
	if wcr&1 == 0 || !NearWatchpoint(wvr, wcr, addr, size) {
		return 0, false
	}
	if uint(el) > 2 || size <= 0 {
		return 0, false
	}
	kind := el * 2
	if store {
		kind++
	}
	if need := wcrNeed[kind]; wcr&need != need || wcr&wcrWT != 0 || wcr&wcrSSC == wcrSecure {
		return 0, false
	}
	space := ^uint64(0)
	if el == 0 {
		space = el0AddrMask
	}
	// The watched byte that the access reaches first is the nearest above addr.
	nearest := ^uint64(0)
	switch mask := wcr.MASK(); {
	case mask == 0:
		base, bas := wvr&^3, wcr.BAS()
		if base&4 != 0 {
			bas &= 0x0f
		}
		for ; bas != 0; bas &= bas - 1 {
			nearest = min(nearest, (base+uint64(bits.TrailingZeros8(bas))-addr)&space)
		}
	case mask < 3:
		return 0, false
	default:
		block := uint64(1) << mask
		base := wvr &^ (block - 1)
		if nearest = (base - addr) & space; (addr-base)&space < block {
			nearest = 0
		}
	}
	if nearest >= uint64(size) {
		return 0, false
	}
	return addr + nearest, true
}
