// The debug registers of one CPU: four banks behind one numbering, and what is armed in them.

package sim

import (
	"math/bits"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A bank holds the DBGB* and DBGW* pairs of one CPU, and MDSCR_EL1.
type bank struct {
	brps, wrps int // implemented
	dfr0       arm64.IDAA64DFR0
	reg        [4 * arm64.MaxRegs]uint64
	mdscr      uint64
	copies     bool // Config.BASCopies
	stale      bool // Config.StaleWnR

	armedB, armedW uint16                // pairs whose E bit is set
	span           [arm64.MaxRegs]span   // a superset of what each armed watchpoint watches
	wrote          [arm64.MaxRegs]uint64 // when each watchpoint pair was last written
	fired, stored  uint16                // if stale: pairs that fired, and for a store (R-REG-27)
}

// A span covers the bytes first to first+size-1.
type span struct{ first, size uint64 }

const addrBits = 1<<56 - 1 // an EL0 address without its tag (R-REG-22)

func (b *bank) init(brps, wrps int, core *Preset, cfg *Config) {
	b.brps, b.wrps, b.copies, b.stale = brps, wrps, cfg.BASCopies, cfg.StaleWnR
	b.dfr0 = core.dfr0(brps, wrps)
}

// set writes one register as the hardware does: value registers lose bits [1:0], control registers
// bits [63:32], and DBGBCR's BAS[1] and BAS[3] may be copies (R-REG-6, 21, 25).
func (b *bank) set(unified int, val, seq uint64) {
	n := unified & (arm64.MaxRegs - 1)
	switch unified &^ (arm64.MaxRegs - 1) {
	case arm64.BVR:
		b.reg[unified] = val &^ 3
	case arm64.BCR:
		c := arm64.DBGBCR(val)
		if b.copies {
			c = c.Stored()
		}
		b.reg[unified] = uint64(c)
		b.armedB &^= 1 << n
		if c.E() && n < b.brps {
			b.armedB |= 1 << n
		}
	case arm64.WVR:
		b.reg[unified] = val &^ 3
		b.wrote[n] = seq
		b.forget(n)
		b.arm(n)
	case arm64.WCR:
		b.reg[unified] = val & 0xffffffff
		b.wrote[n] = seq
		b.forget(n)
		b.arm(n)
	}
}

// forget drops what a watchpoint pair has fired for.
func (b *bank) forget(n int) {
	if b.fired != 0 {
		b.fired &^= 1 << n
		b.stored &^= 1 << n
	}
}

// arm updates armedW and the span of watchpoint pair n.
func (b *bank) arm(n int) {
	c := arm64.DBGWCR(b.reg[arm64.WCR+n])
	b.armedW &^= 1 << n
	if !c.E() || n >= b.wrps {
		return
	}
	b.armedW |= 1 << n
	first := b.reg[arm64.WVR+n]
	bas := c.BAS()
	if first&4 != 0 {
		bas &= 0xf // R-REG-22
	}
	size := uint64(bits.Len8(bas))
	if bas != 0 {
		low := uint64(bits.TrailingZeros8(bas))
		first, size = first+low, size-low
	}
	if k := c.MASK(); k != 0 {
		size = 1 << k
		first &^= size - 1
	}
	b.span[n] = span{first & addrBits, size}
}

// near reports whether the access may touch a byte that an armed watchpoint watches. It may return
// true too often.
func (b *bank) near(addr uint64, size int) bool {
	a := addr & addrBits
	for left := b.armedW; left != 0; left &= left - 1 {
		s := &b.span[bits.TrailingZeros16(left)&(arm64.MaxRegs-1)]
		if (a-s.first)&addrBits < s.size || (s.first-a)&addrBits < uint64(size) {
			return true
		}
	}
	return false
}

// writeWbReg writes register base+n on the CPU that runs now. For an unknown number it logs a
// warning (R-REG-3, 5).
//
// arch/arm64/kernel/hw_breakpoint.c: write_wb_reg
func (m *Machine) writeWbReg(base, n int, val uint64) (known bool) {
	k := m.enter3(fnWriteWbReg, uint64(base), uint64(n), val)
	reg := base + n
	if reg < 0 || reg >= 4*arm64.MaxRegs {
		m.logf("hw-breakpoint: attempt to write to unknown breakpoint register %d", n)
		m.leave(k)
		return false
	}
	m.regSeq++
	m.cpu.bank.set(reg, val, m.regSeq)
	if m.logWrites {
		m.writes = append(m.writes, hwdebug.RegWrite{CPU: m.cpu.id, Reg: reg, Value: val})
	}
	m.leave(k)
	return true
}

// readWbReg reads register base+n. For an unknown number it logs a warning and returns 0 (R-REG-4, 5).
//
// arch/arm64/kernel/hw_breakpoint.c: read_wb_reg
func (m *Machine) readWbReg(base, n int) (val uint64, known bool) {
	k := m.enter2(fnReadWbReg, uint64(base), uint64(n))
	reg := base + n
	if known = reg >= 0 && reg < 4*arm64.MaxRegs; known {
		val = m.cpu.reg[reg]
	} else {
		m.logf("hw-breakpoint: attempt to read from unknown breakpoint register %d", n)
	}
	m.leaveWith(k, int64(val))
	return val, known
}

// implemented returns an error if the CPU cannot be used, or for a register that the numbering has and
// this CPU does not.
func (c *CPU) implemented(base, n int) error {
	if err := c.usable(); err != nil {
		return err
	}
	reg := base + n
	if reg < 0 || reg >= 4*arm64.MaxRegs {
		return nil
	}
	count := c.brps
	if reg >= arm64.WVR {
		count = c.wrps
	}
	if i := reg & (arm64.MaxRegs - 1); i >= count {
		return misusef("cpu%d does not implement %s; it has %d breakpoint and %d watchpoint registers",
			c.id, arm64.RegName(reg), c.brps, c.wrps)
	}
	return nil
}

// WriteWbReg writes register base+n of this CPU as the kernel's write_wb_reg does. For an unknown
// number it logs the kernel's warning and returns EINVAL; a register that this CPU does not
// implement is misuse. CheckInvariants no longer checks the machine's banks afterwards.
func (c *CPU) WriteWbReg(base, n int, val uint64) error {
	if err := c.implemented(base, n); err != nil {
		return err
	}
	m := c.m
	defer m.done(m.visit(c))
	m.handmade = true
	if !m.writeWbReg(base, n, val) {
		return m.unknownReg("write_wb_reg", base, n)
	}
	return nil
}

// ReadWbReg reads register base+n of this CPU as the kernel's read_wb_reg does.
func (c *CPU) ReadWbReg(base, n int) (uint64, error) {
	if err := c.implemented(base, n); err != nil {
		return 0, err
	}
	m := c.m
	defer m.done(m.visit(c))
	val, known := m.readWbReg(base, n)
	if !known {
		return 0, m.unknownReg("read_wb_reg", base, n)
	}
	return val, nil
}

func (m *Machine) unknownReg(op string, base, n int) error {
	return m.refuse(&hwdebug.Error{
		Errno: einval, Rule: "R-REG-5", Fn: op, Op: op,
		Asked: sprintf("register %d of base %d", n, base), Found: "no such register",
		Fix: "use base 0, 16, 32 or 48 and a number from 0 to 15",
	})
}

// HwBreakpointSlots returns the number of registers that the kernel uses for TYPE_INST (0) or
// TYPE_DATA (1). For any other type it logs a warning and returns 0 (R-REG-10).
//
// arch/arm64/kernel/hw_breakpoint.c: hw_breakpoint_slots
func (m *Machine) HwBreakpointSlots(typ int) (n int) {
	defer m.done(m.here())
	k := m.enter1(fnHwBreakpointSlots, uint64(typ))
	switch typ {
	case int(typeInst):
		n = m.brps
	case int(typeData):
		n = m.wrps
	default:
		m.logf("hw-breakpoint: unknown slot type: %d", typ)
	}
	m.leaveWith(k, int64(n))
	return n
}
