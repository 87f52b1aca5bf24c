//go:build unix

package repl_test

import (
	"strings"
	"testing"
)

// TestPersonPages pages through a text that is longer than the terminal.
func TestPersonPages(t *testing.T) {
	p := sit(t, room{width: 60, height: 10, env: []string{"PAGER=less"}})
	p.enters("t = {} for i = 1, 30 do t[i] = 'line ' .. i end")
	p.enters("t")
	p.shows("-- 9 of 32 lines: space, Enter, q")
	p.types("\r")
	p.shows("-- 10 of 32 lines: space, Enter, q")
	p.types("z ") // the pager ignores z
	p.shows("-- 19 of 32 lines: space, Enter, q")
	if text := p.vt.Text(); strings.Contains(text, "line 19") || strings.Contains(text, "-- 9 of") {
		t.Errorf("after a line and a screen the terminal shows\n%s", text)
	}
	p.types("q")
	if got := p.answer("1 + 1"); got != "2" {
		t.Errorf("after q: %s", got)
	}
	p.enters(":trace 40") // of a command
	p.shows("of 40 lines")
	p.types("G")
	p.enters(":help")
	p.shows("-- 9 of ")
	p.types("\x03")
	if got := p.answer("{ 1 }"); got != "{1}" {
		t.Errorf("after Ctrl-C: %s", got)
	}
	// What code prints is not paged, nor is anything while more has been typed.
	p.enters("for i = 1, 12 do print('printed ' .. i) end")
	p.expect("printed 12")
	p.prompt()
	p.types(":help\r'typed' .. ' ahead'\r")
	p.expect("typed ahead")
}

// TestPersonHasNoPager shows everything at once where PAGER is cat.
func TestPersonHasNoPager(t *testing.T) {
	p := sit(t, room{width: 60, height: 10})
	p.enters(":help")
	p.expect("repl.command(name, doc, fn)")
	if got := p.answer("1 + 1"); got != "2" {
		t.Errorf("after :help: %s", got)
	}
}
