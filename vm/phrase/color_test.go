package phrase_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm/phrase"
)

func TestWantColor(t *testing.T) {
	for _, c := range []struct {
		mode, env string
		tty, want bool
	}{
		{mode: "auto", env: "", tty: true, want: true},
		{mode: "auto", env: "", tty: false, want: false},
		{mode: "auto", env: "NO_COLOR=1", tty: true, want: false},
		{mode: "auto", env: "TERM=dumb", tty: true, want: false},
		{mode: "auto", env: "FORCE_COLOR=1", tty: false, want: true},
		{mode: "auto", env: "FORCE_COLOR=0", tty: false, want: false},
		{mode: "auto", env: "CLICOLOR_FORCE=1", tty: false, want: true},
		{mode: "auto", env: "NO_COLOR=1 FORCE_COLOR=1", tty: true, want: false},
		{mode: "always", env: "NO_COLOR=1", tty: false, want: true},
		{mode: "never", env: "FORCE_COLOR=1", tty: true, want: false},
	} {
		getenv := func(k string) string {
			for _, kv := range strings.Fields(c.env) {
				if v, ok := strings.CutPrefix(kv, k+"="); ok {
					return v
				}
			}
			return ""
		}
		if got := phrase.WantColor(c.mode, getenv, c.tty); got != c.want {
			t.Errorf("WantColor(%q, %q, %v) = %v, want %v", c.mode, c.env, c.tty, got, c.want)
		}
	}
}
