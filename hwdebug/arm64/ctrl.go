// The kernel's image of a control word, struct arch_hw_breakpoint_ctrl.

package arm64

import "math/bits"

// A CtrlType is the type field of a control word: LSC in a DBGWCR, zero in a DBGBCR.
type CtrlType uint8

// The types of R-REG-14.
const (
	Execute   CtrlType = 0
	Load      CtrlType = 1
	Store     CtrlType = 2
	LoadStore CtrlType = 3
)

// String returns "execute", "load", "store" or "load and store".
func (t CtrlType) String() string {
	return [4]string{"execute", "load", "store", "load and store"}[t&3]
}

// A Privilege is the privilege field of a control word, PMC or PAC, with one bit for each exception level.
type Privilege uint8

// The two levels of R-REG-14. The kernel never selects both.
const (
	EL1 Privilege = 1
	EL0 Privilege = 2
)

// String returns the names of the selected levels.
func (p Privilege) String() string {
	return [4]string{"no level", "EL1", "EL0", "EL1 and EL0"}[p&3]
}

// A Ctrl is the kernel's image of a control word (R-REG-13 to R-REG-17).
//
//	 31        14 13  12            5 4    3 2       1 0
//	+------------+---+---------------+------+---------+-------+
//	|     0      |HMC|  Len (BAS)    | Type |Privilege|Enabled|
//	+------------+---+---------------+------+---------+-------+
type Ctrl struct {
	Len       uint8 // the BAS mask, shifted by the address offset: not a length
	Type      CtrlType
	Privilege Privilege
	Enabled   bool
	// HMC is not in the kernel's image: Encode sets bit 13 for it, DecodeCtrl leaves it false. The
	// kernel adds the bit if it runs at EL2 (VHE) and Privilege is EL1.
	HMC bool
}

// Encode returns the 32-bit control word. It truncates Type and Privilege to two bits, as the
// kernel's bit fields do.
//
// arch/arm64/include/asm/hw_breakpoint.h: encode_ctrl_reg
func (c Ctrl) Encode() uint32 {
	v := uint32(c.Len)<<5 | uint32(c.Type&3)<<3 | uint32(c.Privilege&3)<<1
	if c.Enabled {
		v |= 1
	}
	if c.HMC {
		v |= 1 << 13
	}
	return v
}

// DecodeCtrl returns the four fields of the kernel's image. It ignores the bits from 13 up
// (R-REG-16), including HMC: use DBGWCR(v).HMC() for that.
//
// arch/arm64/include/asm/hw_breakpoint.h: decode_ctrl_reg
func DecodeCtrl(v uint32) Ctrl {
	return Ctrl{
		Len:       uint8(v >> 5),
		Type:      CtrlType(v >> 3 & 3),
		Privilege: Privilege(v >> 1 & 3),
		Enabled:   v&1 != 0,
	}
}

// LenMask returns the BAS mask of n bytes, n from 1 to 8, before it is shifted (R-REG-15).
func LenMask(n int) (uint8, bool) {
	if n < 1 || n > 8 {
		return 0, false
	}
	return uint8(1<<n - 1), true
}

// MaskLen returns the length of an unshifted BAS mask: 0x01 to 0xff without gaps. ok is false for
// other masks.
func MaskLen(mask uint8) (n int, ok bool) {
	if mask == 0 || mask&(mask+1) != 0 {
		return 0, false
	}
	return bits.Len8(mask), true
}

// MaskSpan returns the length and the offset of the run of bytes that a shifted mask selects. ok is
// false for 0 and for a mask with gaps.
func MaskSpan(mask uint8) (n, offset int, ok bool) {
	offset = bits.TrailingZeros8(mask)
	n, ok = MaskLen(mask >> offset)
	if !ok {
		return 0, 0, false
	}
	return n, offset, true
}
