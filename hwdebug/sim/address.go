// Addresses: what one is that the kernel does not take for a user address, for refusals (R-VAL-11, 12, 28).

package sim

// An addressKind is what an address is that is not below the caller's TASK_SIZE.
type addressKind uint8

const (
	kernelAddress addressKind = iota
	beyondCaller              // a user address of a 64-bit task, above TASK_SIZE of a 32-bit caller
	taggedUser                // a user address with a tag in its top byte
	taggedKernel              // a kernel address whose top byte is not 0xff
	signedUser                // bits above VA_BITS are neither all clear nor all set, bit 55 is clear
	signedKernel              // the same, bit 55 is set
)

// classify returns what addr is and, for a pointer with a tag or an authentication code, the address without
// it. Bit 55 tells user from kernel (R-VAL-28).
func (m *Machine) classify(addr uint64) (kind addressKind, plain uint64) {
	const topByte = uint64(0xff) << 56
	va := ^uint64(0) << m.cfg.VABits
	switch {
	case addr < m.taskSize:
		return beyondCaller, addr
	case addr >= va:
		return kernelAddress, addr
	case addr>>55&1 == 0 && addr&^topByte < m.taskSize:
		return taggedUser, addr &^ topByte
	case addr>>55&1 == 0:
		return signedUser, addr &^ va
	case addr|topByte >= va:
		return taggedKernel, addr | topByte
	}
	return signedKernel, addr | va
}

// notUser returns why addr is not below the caller's TASK_SIZE, and what to do. plain is set for a kernel
// address, which needs no explanation.
func (m *Machine) notUser(addr uint64) (why, fix string, plain bool) {
	kind, bare := m.classify(addr)
	tag := addr >> 56
	switch kind {
	case kernelAddress:
		return "a kernel address", "use a CPU's event, or a user address", true
	case beyondCaller:
		return sprintf("0x%016x is not below TASK_SIZE (0x%x) of the caller, %s, which is a 32-bit task",
				addr, m.callerTaskSize(), m.cpu.curr),
			"make the call from a 64-bit task or a kernel thread", false
	case taggedUser:
		return sprintf("0x%016x is the user address 0x%016x with the tag 0x%02x, which the kernel does not "+
			"remove here", addr, bare, tag), sprintf("use 0x%016x", bare), false
	case taggedKernel:
		return sprintf("0x%016x is the kernel address 0x%016x with the tag 0x%02x, which the kernel does "+
			"not remove here", addr, bare, tag), sprintf("use a CPU's event at 0x%016x", bare), false
	}
	fix = sprintf("use 0x%016x", bare)
	if kind == signedKernel {
		fix = sprintf("use a CPU's event at 0x%016x", bare)
	}
	return sprintf("0x%016x is neither a user nor a kernel address of %d bits; if it is a pointer with an "+
		"authentication code (PAC), it points to 0x%016x", addr, m.cfg.VABits, bare), fix, false
}
