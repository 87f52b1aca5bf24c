// Control words, in fields.

package bindings

import (
	"errors"
	"fmt"
	"math"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// ctrlFields are the fields of hw.ctrl.encode. A number may be notGiven.
type ctrlFields struct {
	typ              hwdebug.BPType // noType if it was left out
	bas, len, offset int
	privilege        arm64.Privilege
	enabled, hmc     bool
}

// notGiven stands for a number of a control word that was left out.
const notGiven = math.MinInt

// noType stands for a type of a control word that was left out.
const noType = hwdebug.BPType(1 << 31)

// newCtrlFields returns the fields of a control word of which nothing is given yet.
func newCtrlFields() ctrlFields {
	return ctrlFields{typ: noType, bas: notGiven, len: notGiven, offset: notGiven, privilege: arm64.EL0}
}

// encode returns the control word, or an error that names the invalid or missing field.
func (f *ctrlFields) encode() (uint64, error) {
	c := arm64.Ctrl{Enabled: f.enabled, HMC: f.hmc, Privilege: f.privilege}
	switch {
	case f.typ == hwdebug.X:
	case f.typ >= hwdebug.R && f.typ <= hwdebug.RW:
		c.Type = arm64.CtrlType(f.typ)
	case f.typ == noType:
		return 0, errors.New(`field 'type' is missing, want "r", "w", "rw" or "x"`)
	default:
		return 0, fmt.Errorf(`field 'type': %v is not a type of control words, want "r", "w", "rw" or "x"`,
			f.typ)
	}
	mask, err := f.mask()
	if err != nil {
		return 0, err
	}
	c.Len = mask
	return uint64(c.Encode()), nil
}

// mask returns the byte mask of bas, or of len and offset. Where both are given they must agree.
func (f *ctrlFields) mask() (uint8, error) {
	n, offset := f.len, max(f.offset, 0)
	switch {
	case f.bas == notGiven && n == notGiven && f.typ != hwdebug.X:
		return 0, errors.New("field 'len' is missing: " +
			"a watchpoint's control word needs bas, or len and offset")
	case f.bas == notGiven && n == notGiven:
		n = 4
	case f.bas != notGiven && (f.bas < 0 || f.bas > 0xff):
		return 0, fmt.Errorf("field 'bas': %d is not a byte mask of 8 bits", f.bas)
	case n == notGiven:
		if _, at, _ := arm64.MaskSpan(uint8(f.bas)); f.offset != notGiven && f.offset != at {
			return 0, fmt.Errorf("field 'offset': mask 0x%x does not begin at %d; "+
				"give bas, or len and offset", f.bas, f.offset)
		}
		return uint8(f.bas), nil
	}
	mask, ok := arm64.LenMask(n)
	if !ok {
		return 0, fmt.Errorf("field 'len': got %d bytes, want 1 to 8", n)
	}
	if f.offset != notGiven && f.offset < 0 || offset+n > 8 {
		return 0, fmt.Errorf("field 'offset': %d bytes at %+d exceed the doubleword of the mask", n, f.offset)
	}
	mask <<= offset
	if f.bas != notGiven && mask != uint8(f.bas) {
		return 0, fmt.Errorf("field 'bas': 0x%x is not the mask of len %d at offset %d; "+
			"give one or the other", f.bas, n, offset)
	}
	return mask, nil
}

// A ctrlWord is a control word that scripts get in fields.
type ctrlWord uint32

func (w ctrlWord) bas() uint64   { return uint64(arm64.DecodeCtrl(uint32(w)).Len) }
func (w ctrlWord) enabled() bool { return arm64.DecodeCtrl(uint32(w)).Enabled }
func (w ctrlWord) hmc() bool     { return arm64.DBGWCR(w).HMC() }

func (w ctrlWord) typ() hwdebug.BPType {
	t := arm64.DecodeCtrl(uint32(w)).Type
	if t == arm64.Execute {
		return hwdebug.X
	}
	return hwdebug.BPType(t)
}

func (w ctrlWord) privilege() string {
	return privilegeWords.text(arm64.DecodeCtrl(uint32(w)).Privilege)
}

// len returns the number of bytes, ok if the mask is one run of them.
func (w ctrlWord) len() (n int, ok bool) {
	n, _, ok = arm64.MaskSpan(uint8(w.bas()))
	return n, ok
}

// offset returns the first byte, ok if the mask is one run of bytes.
func (w ctrlWord) offset() (at int, ok bool) {
	_, at, ok = arm64.MaskSpan(uint8(w.bas()))
	return at, ok
}
