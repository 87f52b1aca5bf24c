// The options that shape machines.

package cli

import (
	"strings"
	"testing"
)

// TestRecordHead: a scenario recorded at the prompt makes the machine that the options made there.
func TestRecordHead(t *testing.T) {
	for want, words := range map[string][][2]string{
		"hw.machine {}":                                      {},
		`hw.machine { cpu = "max", cpus = 3 }`:               {{"cpu", "max"}, {"cpus", "3"}},
		`hw.machine { cpu = { "cortex-a55", "max" } }`:       {{"cpu", "cortex-a55, max"}},
		`hw.machine { brps = { 6, 4 }, kernel = "6.1.176" }`: {{"brps", "6,4"}, {"kernel", "6.1.176"}},
	} {
		var o machineOptions
		for _, w := range words {
			for _, opt := range o.table() {
				if opt.long == w[0] {
					if err := opt.set(w[1]); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if got := o.recordHead(); !strings.HasSuffix(got, "m = "+want+"\n") {
			t.Errorf("%v: got %q, want %q", words, got, want)
		}
	}
}
