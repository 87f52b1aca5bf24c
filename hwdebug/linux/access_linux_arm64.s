// Single accesses: each function has one instruction that reads, writes or runs memory at the address.

#include "textflag.h"

// func load1(addr uintptr)
TEXT ·load1(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	MOVBU (R0), R1
	RET

// func load2(addr uintptr)
TEXT ·load2(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	MOVHU (R0), R1
	RET

// func load4(addr uintptr)
TEXT ·load4(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	MOVWU (R0), R1
	RET

// func load8(addr uintptr)
TEXT ·load8(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	MOVD (R0), R1
	RET

// func load16(addr uintptr)
TEXT ·load16(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	LDP (R0), (R1, R2)
	RET

// func load32(addr uintptr)
TEXT ·load32(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	FLDPQ (R0), (F0, F1)
	RET

// func store1(addr uintptr, value uint64)
TEXT ·store1(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD value+8(FP), R1
	MOVB R1, (R0)
	RET

// func store2(addr uintptr, value uint64)
TEXT ·store2(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD value+8(FP), R1
	MOVH R1, (R0)
	RET

// func store4(addr uintptr, value uint64)
TEXT ·store4(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD value+8(FP), R1
	MOVW R1, (R0)
	RET

// func store8(addr uintptr, value uint64)
TEXT ·store8(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD value+8(FP), R1
	MOVD R1, (R0)
	RET

// func store16(addr uintptr, value uint64)
TEXT ·store16(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD value+8(FP), R1
	STP (R1, R1), (R0)
	RET

// func store32(addr uintptr, value uint64)
TEXT ·store32(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD value+8(FP), R1
	VDUP R1, V0.D2
	VMOV V0.B16, V1.B16
	FSTPQ (F0, F1), (R0)
	RET

// func call(addr uintptr)
TEXT ·call(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	CALL (R0)
	RET
