// Boards of many CPUs: whatever rebuild makes, the model can have.

package rebuild_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
)

// TestManyCPUs checks that a scenario and a machine can be made of a board of up to MaxCPUs CPUs, whether its
// head or a record says how many they are. CPUs beyond are left out.
func TestManyCPUs(t *testing.T) {
	lines := linesOf(t, "seed/kprobes-btf")
	record := lines[slices.IndexFunc(lines, func(s string) bool { return strings.Contains(s, "[000]") })]
	on := func(cpu int) string { return strings.Replace(record, "[000]", fmt.Sprintf("[%03d]", cpu), 1) }
	for text, want := range map[string]int{
		"#P:65\n": 65, "#P:1024\n": 1024, "#P:1025\n": 1024,
		on(0): 1, on(63): 64, on(64): 65, on(69): 70, on(1023): 1024, on(1024): 1,
	} {
		r, err := rebuild.Read(rebuild.Options{Steps: true}, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		b := r.Board()
		if len(b.CPUs) != want {
			t.Errorf("%s: got a board of %d CPUs, want %d", text, len(b.CPUs), want)
		}
		script, err := rebuild.Scenario(b)
		if part := fmt.Sprintf("cpus = %d,", want); err != nil || !strings.Contains(script, part) {
			t.Errorf("%s: got %q, %v, want %q in it", text, script, err, part)
		}
	}
}
