// Validation: the checks of an attribute set, and its translation into register values (spec chapter 2).

package sim

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// callerTaskSize returns TASK_SIZE of the current task, which need not be the target, or of the tracer that
// makes a ptrace request (R-VAL-12, R-PTR-19).
func (m *Machine) callerTaskSize() uint64 {
	if m.tracer == tracer64 || m.tracer == tracerCurrent && !m.cpu.curr.compat {
		return m.taskSize
	}
	if m.prof.compatVectorsPage {
		return 1<<32 - 4096
	}
	return 1 << 32
}

// inKernel reports whether a range is in the kernel's half, modulo 2^64: a range that begins below
// TASK_SIZE or wraps is in the user's (R-VAL-11, 20).
//
// arch/arm64/kernel/hw_breakpoint.c: arch_check_bp_in_kernelspace
func (m *Machine) inKernel(address uint64, mask uint8) bool {
	n, _ := arm64.MaskLen(mask) // a shifted mask counts as length 0
	size := m.callerTaskSize()
	return address >= size && address+uint64(n)-1 >= size
}

// hwBreakpointParse translates attributes into register values, or refuses them (steps 8 to 10 of R-VAL-1).
// It does not change ev.
//
// kernel/events/hw_breakpoint.c: hw_breakpoint_parse
func (m *Machine) hwBreakpointParse(op string, ev *Event, a *hwdebug.Attr) (
	image arm64.Ctrl, address uint64, err error) {
	k := m.enter1(fnHwBreakpointParse, ev.arg())
	image, address, err = m.hwBreakpointArchParse(op, ev, a)
	if err != nil {
		return image, address, m.end(k, err)
	}
	if !m.inKernel(address, image.Len) {
		return image, address, m.end(k, nil)
	}
	why, fix, plain := m.notUser(a.Addr)
	if a.ExcludeKernel {
		why = "an event with exclude_kernel needs an address below TASK_SIZE: " + why
		if plain {
			why, fix = "an event with exclude_kernel at a kernel address", "leave exclude_kernel out"
		}
		return image, address, m.end(k, ev.refuse(einval, "R-VAL-1", "hw_breakpoint_parse", op, a, why, fix))
	}
	if !m.capable() {
		why = m.lacksFor("CAP_SYS_ADMIN", " for an address that is not below TASK_SIZE: ") + why
		if plain {
			why, fix = m.lacksFor("CAP_SYS_ADMIN", " for a kernel address"), "use a user address"
		}
		return image, address, m.end(k, ev.refuse(eperm, "R-VAL-1", "hw_breakpoint_parse", op, a, why, fix))
	}
	return image, address, m.end(k, nil)
}

// hwBreakpointArchParse decides type, length, privilege and alignment (R-VAL-7 to 19): the address is
// rounded down to a word or doubleword, and the byte mask shifted up by the offset.
//
// arch/arm64/kernel/hw_breakpoint.c: hw_breakpoint_arch_parse
func (m *Machine) hwBreakpointArchParse(op string, ev *Event, a *hwdebug.Attr) (
	image arm64.Ctrl, address uint64, err error) {
	k := m.enter1(fnHwBreakpointArchParse, ev.arg())
	refuse := func(rule, found, fix string) error {
		return m.end(k, ev.refuse(einval, rule, "hw_breakpoint_arch_parse", op, a, found, fix))
	}
	image, err = m.archBuildBpInfo(op, ev, a)
	if err != nil {
		return image, 0, m.end(k, err)
	}
	address = a.Addr
	compat := ev.task != nil && ev.task.compat
	mask := uint64(7)
	if compat && image.Len != 0xff || !compat && image.Type == arm64.Execute {
		mask = 3
	}
	offset := address & mask
	if compat && !m.compatOffset(offset, image.Len) {
		n, _ := arm64.MaskLen(image.Len)
		return image, 0, refuse("R-VAL-16",
			sprintf("a 32-bit task cannot watch %d bytes at offset %d", n, offset),
			"align the address to the length")
	}
	shifted := uint(image.Len) << offset
	if shifted > 0xff && m.prof.basOverflow {
		return image, 0, refuse("R-VAL-15",
			sprintf("the range ends beyond the doubleword at 0x%016x", address&^mask),
			"split it at the next multiple of 8")
	}
	address &^= mask
	image.Len = uint8(shifted)
	if image.Privilege == arm64.EL1 && ev.task != nil {
		why, fix, plain := m.notUser(a.Addr)
		if plain {
			why = "a task's event cannot watch " + why
		} else {
			why = "a task's event needs an address below TASK_SIZE: " + why
		}
		return image, 0, refuse("R-VAL-19", why, fix)
	}
	return image, address, m.end(k, nil)
}

// compatOffset reports whether a 32-bit task may watch the bytes of mask at that offset (the table of
// R-VAL-16).
func (m *Machine) compatOffset(offset uint64, mask uint8) bool {
	one, two := mask == 0x01, mask == 0x03
	switch offset {
	case 0:
		return true
	case 1:
		return one || two
	case 2:
		return two || one && m.prof.compatByteOffsets
	case 3:
		return one && m.prof.compatByteOffsets
	}
	return false
}

const fixType = "use r (1), w (2), rw (3) or x (4)"

// archBuildBpInfo decides type, length and privilege from the address as requested (R-VAL-7 to 13).
//
// arch/arm64/kernel/hw_breakpoint.c: arch_build_bp_info
func (m *Machine) archBuildBpInfo(op string, ev *Event, a *hwdebug.Attr) (image arm64.Ctrl, err error) {
	k := m.enter1(fnArchBuildBpInfo, ev.arg())
	refuse := func(rule, found, fix string) error {
		return m.end(k, ev.refuse(einval, rule, "arch_build_bp_info", op, a, found, fix))
	}
	if a.Type < hwdebug.R || a.Type > hwdebug.X {
		return image, refuse("R-VAL-7", sprintf("invalid bp_type %d", uint32(a.Type)), fixType)
	}
	image.Type = [...]arm64.CtrlType{
		hwdebug.X: arm64.Execute, hwdebug.R: arm64.Load, hwdebug.W: arm64.Store, hwdebug.RW: arm64.LoadStore,
	}[a.Type]
	n := int(a.Len)
	if a.Len < 1 || a.Len > 8 {
		return image, refuse("R-VAL-8", sprintf("invalid length %d", a.Len), "use 1 to 8")
	}
	if image.Type == arm64.Execute {
		if ev.task != nil && ev.task.compat {
			if n != 2 && n != 4 {
				return image, refuse("R-VAL-10",
					sprintf("invalid breakpoint length %d in a 32-bit task", n), "use 2 or 4")
			}
		} else {
			n = 4
		}
	}
	image.Len, _ = arm64.LenMask(n)
	image.Privilege = arm64.EL0
	if m.inKernel(a.Addr, image.Len) {
		image.Privilege = arm64.EL1
		image.HMC = m.cfg.VHE
	}
	image.Enabled = !a.Disabled
	return image, m.end(k, nil)
}
