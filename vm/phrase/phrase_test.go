// Suggestions and columns.

package phrase_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm/phrase"
)

func TestNearest(t *testing.T) {
	types := []string{"r", "w", "rw", "x"}
	commands := []string{"filter", "shard", "run", "conform"}
	names := []string{
		"disabled", "pinned", "addr", "len", "register_wide_hw_breakpoint", "ENOSPC", "cpu", "now",
	}
	for _, tt := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{ // not its opposite
			"register_hw_breakpoint", []string{"unregister_hw_breakpoint", "register_user_hw_breakpoint"},
			"register_user_hw_breakpoint",
		},
		{"wr", types, "rw"}, // a transposition before an edit
		{"ww", types, "w"},
		{"rx", types, "r"},
		{"fliter", commands, "filter"},
		{"fileter", commands, "filter"},
		{"shards", commands, "shard"},
		{"rnu", commands, "run"},
		{"xyz", commands, ""},
		{"disable", names, "disabled"},
		{"Disabled", names, "disabled"},
		{"pined", names, "pinned"},
		{"adrr", names, "addr"},
		{"lne", names, "len"},
		{"register_wide_hw_breakpont", names, "register_wide_hw_breakpoint"},
		{"ENSPC", names, "ENOSPC"},
		{"enospc", names, "ENOSPC"},
		{"cpu_count", names, "cpu"},
		{"wide_hw_breakpoint", names, "register_wide_hw_breakpoint"},
		{"foo", names, ""},
		{"x", names, ""},
		{"", names, ""},
		{"completely_else", names, ""},
		{strings.Repeat("a", 100), names, ""},
	} {
		if got, ok := phrase.Nearest(tt.name, tt.candidates); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Nearest(%q) = %q, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	names := []string{
		"hw_breakpoint_add", "hw_breakpoint_del", "hw_breakpoint_start", "hw_breakpoint_stop",
		"hw_break_get",
	}
	for _, tt := range []struct {
		name string
		n    int // of names
		want string
	}{
		{"hw_breakpoint_ad", 5, "did you mean 'hw_breakpoint_add'?"},
		{
			"hw_breakpoint", 4, "did you mean 'hw_breakpoint_add', 'hw_breakpoint_del', " +
				"'hw_breakpoint_start' (or one of 1 more)?",
		},
		{"hw_breakpoint", 2, "did you mean 'hw_breakpoint_add' or 'hw_breakpoint_del'?"},
		{"perf", 5, ""},
	} {
		if got := phrase.Suggest(tt.name, names[:tt.n]); got != tt.want {
			t.Errorf("Suggest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, tt := range []struct {
		s         string
		width     int
		truncated string // to 4 columns
		padded    string // to 4 columns
	}{
		{"abc", 3, "abc", "abc "},
		{"abcde", 5, "abc…", "abcde"},
		{"\x1b[31mabcde\x1b[0m", 5, "\x1b[31mabc…\x1b[0m", "\x1b[31mabcde\x1b[0m"},
		{"日本語", 6, "日…", "日本語"},
		{"é", 1, "é", "é   "},
	} {
		if got := phrase.Width(tt.s); got != tt.width {
			t.Errorf("Width(%q) = %d, want %d", tt.s, got, tt.width)
		}
		if got := phrase.Truncate(tt.s, 4); got != tt.truncated {
			t.Errorf("Truncate(%q, 4) = %q, want %q", tt.s, got, tt.truncated)
		}
		if got := phrase.Pad(tt.s, 4); got != tt.padded {
			t.Errorf("Pad(%q, 4) = %q, want %q", tt.s, got, tt.padded)
		}
	}
}
