// Refusals that an entry drops are told, once, and again when the nil is used.

package repl_test

import (
	"strings"
	"testing"
)

func TestRefusedAndAssigned(t *testing.T) {
	const open = `m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 }`
	const told = "refused: perf_event_open: invalid length 9 (EINVAL)"
	for _, c := range []struct {
		name    string
		entries []string
		tells   int      // lines that begin as told
		says    []string // somewhere
	}{
		{"a global", []string{"e = " + open}, 1, nil},
		{"a local", []string{"local e = " + open}, 1, nil},
		{"an element", []string{"t = {}", "t.e = " + open, "t[1] = " + open}, 2, nil},
		{"the message is kept", []string{"e, why = " + open, "local e, why = " + open}, 0, nil},
		{"shown", []string{open}, 0, []string{"fix: use 1 to 8"}},
		{"handled in a loop", []string{"for i = 1, 2 do local e = " + open + " if not e then break end " +
			"end"}, 0, nil},
		{"in a function that is only defined", []string{"function f() e = " + open + " end"}, 0, nil},
		{"not refused", []string{"e = m:task {}"}, 0, nil},
		{"used later", []string{"e = " + open, "1", "e:read()"}, 1,
			[]string{"e is nil: perf_event_open: invalid length 9 (EINVAL)"}},
		{"set since", []string{"e = " + open, "e = 1", "e.x.y = 2"}, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := converse(t, config(), c.entries...)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(out, told); n != c.tells {
				t.Errorf("told %d times, want %d:\n%s", n, c.tells, out)
			}
			for _, s := range c.says {
				if !strings.Contains(out, s) {
					t.Errorf("no %q in\n%s", s, out)
				}
			}
			if c.name == "set since" && strings.Contains(out, "e is nil") {
				t.Errorf("calls e nil:\n%s", out)
			}
		})
	}
}
