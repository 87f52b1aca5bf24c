// What the comparison of register writes leaves out, and what the first line and odd cases say.

package conform

import (
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
)

func list(values ...uint64) (l []hwdebug.RegWrite) {
	for _, v := range values {
		l = append(l, hwdebug.RegWrite{Reg: 48, Value: v})
	}
	return l
}

// TestWithoutRounds: adjacent repetitions of any length are taken out, and nothing else.
func TestWithoutRounds(t *testing.T) {
	for _, row := range []struct {
		name       string
		list, want []hwdebug.RegWrite
	}{
		{"nothing", list(), list()},
		{"no repetition", list(1, 2, 1, 3), list(1, 2, 1, 3)},
		{"one write twice", list(1, 1, 2), list(1, 2)},
		{"a round three times", list(9, 1, 2, 1, 2, 1, 2, 8), list(9, 1, 2, 8)},
		{"a round that holds a repetition", list(1, 1, 2, 1, 2), list(1, 2)},
		{"a round at a distance", list(1, 2, 3, 1, 2), list(1, 2, 3, 1, 2)},
	} {
		if got := writesText(withoutRounds(row.list)); got != writesText(row.want) {
			t.Errorf("%s: %s is left, want %s", row.name, got, writesText(row.want))
		}
	}
}

// TestCore: the word behind cpu names the core.
func TestCore(t *testing.T) {
	for machine, want := range map[string]string{
		"virt, gic-version 3, cpu cortex-a57, entered at EL1": "cortex-a57", "virt, cpu max": "max",
		"cpu": "", "": "", "virt": "",
	} {
		if got := (&Meta{Machine: machine}).Core(); got != want {
			t.Errorf("Core of %q = %q, want %q", machine, got, want)
		}
	}
}

// TestViolatedCase: a case that left the machine unusable is read whatever its steps are, and another one
// is not.
func TestViolatedCase(t *testing.T) {
	meta := Meta{CPUs: 4}
	for line, want := range map[string]bool{
		`{"id":"x/y","cpus":4,"steps":[{"op":"exit","t":"t0"}],"violation":"hung"}`: true,
		`{"id":"x/y","cpus":4,"steps":[{"op":"nop"}],"violation":{"slots":[1]}}`:    true,
		`{"id":"","cpus":4,"steps":[{"op":"nop"}],"violation":{"slots":[1]}}`:       false,
		`{"id":"violation","cpus":4,"steps":[{"op":"exit","t":"t0"}]}`:              false,
		`{"id":"x/y","cpus":4,"steps":[{"op":"exit","t":"t0"}],"violation":"hung"`:  false,
	} {
		var c Case
		if err := DecodeCase(&meta, []byte(line), &c); (err == nil) != want {
			t.Errorf("%s: %v", line, err)
		}
		if want && (c.Violation == "" || len(c.Steps) != 1) {
			t.Errorf("%s: violation %q of %d steps", line, c.Violation, len(c.Steps))
		}
	}
}
