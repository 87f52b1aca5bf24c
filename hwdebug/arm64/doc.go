// Package arm64 holds the formats of the self-hosted debug registers of ARMv8-A as total
// functions: DBGBCR and DBGWCR, MDSCR_EL1, ID_AA64DFR0_EL1, the kernel's own image of a control
// word, and the comparison of an access with a breakpoint or watchpoint. It keeps no state and
// does not allocate on any path that a machine runs; what is stored where, and when an exception
// is taken, is the machine's business.
//
//	c := arm64.Ctrl{Len: 0x0f, Type: arm64.Store, Privilege: arm64.EL0, Enabled: true}
//	v := c.Encode()                                                  // 0x1f5
//	at, hit := arm64.MatchWatchpoint(0x1000, arm64.DBGWCR(v), 0x1002, 1, true, 0)
//	fmt.Println(at == 0x1002, hit)                                   // true true
//	fmt.Println(arm64.Explain(arm64.RegWCR, uint64(v)))
//	// watchpoint on stores from EL0 to 4 bytes at +0, enabled
//
// Left out: what the kernel never sets and this model does not follow, context matching and
// linking (BT other than 0, WT 1: such a register never matches here), AArch32 breakpoints on
// address mismatch, and the Secure state (the model's PEs are Non-secure, so SSC 2 never matches).
//
// Rules: hwdebug/spec/01-registers.md.
package arm64
