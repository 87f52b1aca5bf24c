// Functions in assembly: each has one instruction that accesses memory.

package linux

func load1(addr uintptr) // reads a byte

func load2(addr uintptr) // reads two bytes

func load4(addr uintptr)

func load8(addr uintptr)

func load16(addr uintptr) // LDP

func load32(addr uintptr) // LDP of vector registers

func store1(addr uintptr, value uint64)

func store2(addr uintptr, value uint64)

func store4(addr uintptr, value uint64)

func store8(addr uintptr, value uint64)

func store16(addr uintptr, value uint64) // STP of value twice

func store32(addr uintptr, value uint64) // STP of vector registers

func call(addr uintptr) // BLR
