// A control word made, read and explained.

package arm64_test

import (
	"fmt"

	"github.com/hwlua/hwlua/hwdebug/arm64"
)

func Example() {
	c := arm64.Ctrl{Len: 0x0f << 4, Type: arm64.Store, Privilege: arm64.EL0, Enabled: true}
	wcr := arm64.DBGWCR(c.Encode())
	fmt.Printf("%#x: %s\n", uint32(wcr), arm64.Explain(arm64.RegWCR, uint64(wcr)))

	at, hit := arm64.MatchWatchpoint(0x1000, wcr, 0x1002, 4, true, 0)
	fmt.Printf("a store of 4 bytes at 0x1002: %v at %#x\n", hit, at)

	for _, d := range arm64.Diff(arm64.RegWCR, uint64(wcr), 0x1e0a) {
		fmt.Println(d)
	}
	// Output:
	// 0x1e15: watchpoint on stores from EL0 to 4 bytes at +4, enabled
	// a store of 4 bytes at 0x1002: true at 0x1004
	// LSC 2 -> 1 (store -> load)
	// PAC 2 -> 1 (EL0 -> EL1)
	// E 1 -> 0 (enabled -> disabled)
}
