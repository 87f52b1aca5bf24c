//go:build unix

package repl_test

import (
	"fmt"
	"strings"
	"testing"
)

// Lists and objects in lists break between words, not where the terminal ends., and not where the
// terminal ends: lists of commands and of names, objects in a list.
func TestNothingIsWiderThanTheTerminal(t *testing.T) {
	for _, width := range []int{40, 80} {
		p := sit(t, room{width: width, height: 100})
		help := p.answer(":help")
		want := "\n:watch [EXPR]     show EXPR after each input, with changed bits marked; without\n" +
			"                  it, list\n"
		if width == 40 {
			want = "\n:undo [N]         take back the last N\n                  entries that changed\n" +
				"                  something\n"
		}
		if !strings.Contains(help, want) {
			t.Errorf(":help at %d lacks %q:\n%s", width, want, help)
		}
		for n := range 12 { // a list whose objects are as wide as the terminal, or nearly
			entry := fmt.Sprintf("{ m:task { comm = ('x'):rep(%d), pid = %d }, 1 }", n+1, 100+n)
			if text := p.answer(entry); strings.Contains(text, "\n,") {
				t.Errorf("%s at %d:\n%s", entry, width, text)
			}
		}
	}
}

// On a narrow terminal the rows of tables continue below, broken between words. the rows of tables go
// on below their beginning, at words: the terminal breaks none.
func TestTablesFitNarrowTerminals(t *testing.T) {
	p := sit(t, room{width: 40, height: 60})
	p.answer("w = m:register_wide_hw_breakpoint { type = 'w', addr = 0xffffff8008c5a000, len = 8 }")
	p.answer("bad = { type = 'w', addr = 8, len = 9, cpu = 0 }")
	for _, c := range []struct{ entry, want string }{
		{"m.cpu[1].wcr[0]", "0x00001ff3  BAS=0xff (8 bytes at +0)\n            LSC=2 (stores) PAC=1 (EL1) E"},
		{":regs", "cpu0  mdscr_el1  0x0000b000\n  MDE KDE TDCC\n" +
			"      wvr0  0xffffff8008c5a000\n        wcr0  0x00001ff3  w1  BAS=0xff\n" +
			"        (8 bytes at +0) LSC=2 (stores)\n        PAC=1 (EL1) E\n" +
			"cpu1  mdscr_el1  0x0000b000\n  MDE KDE TDCC\n" +
			"      wvr0  0xffffff8008c5a000\n        wcr0  0x00001ff3  w2  BAS=0xff\n" +
			"        (8 bytes at +0) LSC=2 (stores)\n        PAC=1 (EL1) E"},
		{":slots 0", "cpu0  bp  6 of 6 usable,\n        pinned: 0 cpu + 0 task\n        - - - - - -\n" +
			"      wp  4 of 4 usable,\n        pinned: 1 cpu + 0 task  w1 - - -"},
		{":events", "w1  w  0xffffff8008c5a000 len 8  active\n  cpu0  any task  count 0, slot 0\n" +
			"w2  w  0xffffff8008c5a000 len 8  active\n  cpu1  any task  count 0, slot 0"},
		{"m:perf_event_open(bad)", "perf_event_open: watchpoint w at\n" +
			"  0x0000000000000008 len 9 on cpu0:\n  invalid length 9 (EINVAL); fix: use 1\n  to 8\n" +
			"why: R-VAL-8, refused by\n  arch_build_bp_info"},
		{":watch m.cpu[1].wcr[0]", "watch m.cpu[1].wcr[0] = 0x00001ff3\n  BAS=0xff (8 bytes at +0) LSC=2\n" +
			"  (stores) PAC=1 (EL1) E"},
		{":unwatch", ""},
		{"m:perf_event_open { type = 'q' }", "bad argument #1 to 'perf_event_open'\n" +
			"  (field 'type': unknown value \"q\", want\n  \"r\", \"w\", \"rw\" or \"x\")\n  " +
			"m:perf_event_open { type = 'q' }\n  ^"},
		{"m:why()", "perf_event_open: watchpoint w at\n" +
			"  0x0000000000000008 len 9 on cpu0:\n  invalid length 9\n" +
			"EINVAL from arch_build_bp_info (R-VAL-8)\nfix: use 1 to 8"},
		{"help 'watch'", ":watch [EXPR]\n" +
			"  show EXPR after each input, with\n  changed bits marked; without it, list"},
	} {
		if got := p.answer(c.entry); got != c.want {
			t.Errorf("%s shows\n%s\nwant\n%s", c.entry, got, c.want)
		}
	}
}
