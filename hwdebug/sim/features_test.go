// CPU features: what the log says of cores that differ (R-REG-10).

package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestUnequalCores: the lines of a board with unequal cores, in their order, and again at each bring-up of
// the CPU that differs, where the second line comes once a boot.
func TestUnequalCores(t *testing.T) {
	onEvery(t, "R-REG-10", func(t *testing.T, kernel string) {
		const (
			sanity = "CPU features: SANITY CHECK: Unexpected variation in SYS_ID_AA64DFR0_EL1. " +
				"Boot CPU: 0x00000010305106, CPU2: 0x00000010103106"
			once = "CPU features: Unsupported CPU feature variation detected."
		)
		m := newMachine(t, sim.Config{CPUs: 3, Kernel: kernel,
			BRPsPerCPU: []int{6, 6, 4}, WRPsPerCPU: []int{4, 4, 2}})
		features := func() (lines []string) {
			for _, l := range m.Dmesg() {
				if _, text, _ := strings.Cut(l, "] "); strings.HasPrefix(text, "CPU features: ") {
					lines = append(lines, text)
				}
			}
			return lines
		}
		want := []string{sanity, once}
		for bringUps := range 3 {
			if got := features(); !slices.Equal(got, want) {
				t.Fatalf("after %d bring-ups:\n%s\nwant\n%s", bringUps,
					strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			for _, n := range []int{1, 2} {
				must(t, m.CPUDown(n))
				must(t, m.CPUUp(n))
			}
			want = append(want, sanity)
		}
	})
}
