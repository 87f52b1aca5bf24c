// Tests of the conversion between delays and jiffies.

package sim_test

import (
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestDelayOf checks for each rate of ticks that a delay of n jiffies is the longest that is rounded up to n.
func TestDelayOf(t *testing.T) {
	for hz := 1; hz <= 1000; hz++ {
		if testing.Short() && hz%25 != 0 && hz != 7 {
			continue
		}
		m := newMachine(t, sim.Config{CPUs: 1, HZ: hz, TraceSize: -1})
		last := (1 << 62) / 1_000_000_000 * uint64(hz) // within the last second of virtual time
		for _, n := range []uint64{0, 1, 2, 3, 299, 300, 1e9, 1<<30 + 1, last} {
			d, ok := m.DelayOf(n)
			if !ok || m.JiffiesOf(d) != n || m.JiffiesOf(d+1) != n+1 {
				t.Errorf("hz %d: DelayOf(%d) = %v, %v, which is %d jiffies, and a ns more %d", hz, n, d, ok,
					m.JiffiesOf(d), m.JiffiesOf(d+1))
			}
		}
		for _, n := range []uint64{last + uint64(hz), 1 << 53, 1<<64 - 1} {
			if d, ok := m.DelayOf(n); ok {
				t.Errorf("hz %d: DelayOf(%d) = %v, want none", hz, n, d)
			}
		}
		if _, err := m.ModTimer(m.TimerSetup("t", nil), -1); err == nil {
			t.Error("a negative delay is taken")
		}
	}
}
