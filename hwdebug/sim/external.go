// What an external debugger sets in a CPU: halting debug and the OS lock.

package sim

import "github.com/hwlua/hwlua/hwdebug/arm64"

// WriteMDSCR sets the bits of set and clears those of clear in MDSCR_EL1 of this CPU by hand: MDE, KDE,
// SS and TDCC as the kernel might, and HDE as an external debugger does through EDSCR. The kernel's own
// writes do not change HDE (R-MON-9). CheckInvariants no longer checks the banks afterwards.
func (c *CPU) WriteMDSCR(set, clear uint64) error {
	const known = arm64.MDSCRMDE | arm64.MDSCRKDE | arm64.MDSCRSS | arm64.MDSCRTDCC
	if bad := (set | clear) &^ (known | mdscrHDE); bad != 0 {
		return misusef("write_mdscr: unknown bits 0x%x of MDSCR_EL1 (want MDE, HDE, KDE, TDCC "+
			"or SS)", bad)
	}
	if err := c.usable(); err != nil {
		return err
	}
	m := c.m
	defer m.done(m.visit(c))
	switch {
	case set&mdscrHDE != 0:
		c.halting = true
	case clear&mdscrHDE != 0:
		c.halting = false
	}
	if (set|clear)&known != 0 {
		m.handmade = true
		m.mdscrWrite(c.mdscr&^(clear&known) | set&known)
	}
	return nil
}

// mdscrHDE is MDSCR_EL1.HDE, which shows EDSCR.HDE.
const mdscrHDE = 1 << 14

// WriteOSLAR writes OSLAR_EL1 of this CPU: bit 0 locks or unlocks the OS lock. While it is locked no debug
// exception is taken (R-MON-10).
func (c *CPU) WriteOSLAR(v uint64) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.osLock = v&1 != 0
	return nil
}

// OSLSR returns OSLSR_EL1 of this CPU, or an error if the CPU is suspended or offline: 0x8, or 0xa while
// the OS lock is locked.
func (c *CPU) OSLSR() (uint64, error) {
	if err := c.readable(); err != nil {
		return 0, err
	}
	return 8 | bit(c.osLock)<<1, nil
}

// halts returns an error if a debug event of c halts it instead of being taken as an exception (R-MON-9).
func (c *CPU) halts(what string) error {
	if !c.halting || c.osLock {
		return nil
	}
	return misusef("cpu%d halts in Debug state: MDSCR_EL1.HDE is set, so the %s that matches is the "+
		"external debugger's (R-MON-9); fix: write_mdscr { hde = false }, or disable the register", c.id,
		what)
}
