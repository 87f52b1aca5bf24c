package hwdebug_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
)

// TestErrorText: an Error has a text of one line and an explanation of several.
func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		name          string
		err           hwdebug.Error
		text, explain string
	}{
		{
			name: "with holders",
			err: hwdebug.Error{
				Errno: syscall.ENOSPC, Rule: "R-CON-7", Fn: "__reserve_bp_slot", Op: "perf_event_open",
				Asked: "watchpoint w at 0x1000 len 8 on cpu1",
				Found: "2 of 2 watchpoint slots reserved on cpu1",
				Holders: []hwdebug.Holder{
					{
						ID: 1, Label: "w1",
						Attr: hwdebug.Attr{Type: hwdebug.W, Addr: 0x2000, Len: 4, Name: "flag"},
						PID:  -1, CPU: 1, State: "active", Slot: 0,
					},
					{
						ID: 3, Label: "w3", Attr: hwdebug.Attr{Type: hwdebug.RW, Addr: 0x3000, Len: 8},
						Comm: "sh", PID: 1000, CPU: -1, State: "inactive", Slot: -1,
					},
				},
				Fix: "release one of them",
			},
			text: "perf_event_open: watchpoint w at 0x1000 len 8 on cpu1: " +
				"2 of 2 watchpoint slots reserved on cpu1 (w1 w3) (ENOSPC); fix: release one of them",
			explain: "perf_event_open: watchpoint w at 0x1000 len 8 on cpu1: " +
				"2 of 2 watchpoint slots reserved on cpu1 (w1 w3)\n" +
				"ENOSPC from __reserve_bp_slot (R-CON-7)\n" +
				"  w1: w at 0x0000000000002000 len 4 \"flag\", cpu1, active in slot 0\n" +
				"  w3: rw at 0x0000000000003000 len 8, task sh (pid 1000), inactive\n" +
				"fix: release one of them",
		},
		{
			name: "without request and fix",
			err: hwdebug.Error{
				Errno: syscall.ESRCH, Rule: "R-EVT-25", Fn: "ptrace", Op: "ptrace",
				Found: "the task has exited",
			},
			text:    "ptrace: the task has exited (ESRCH)",
			explain: "ptrace: the task has exited\nESRCH from ptrace (R-EVT-25)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.err.Error(); got != c.text {
				t.Errorf("Error:\n got %s\nwant %s", got, c.text)
			}
			if got := c.err.Explain(); got != c.explain {
				t.Errorf("Explain:\n got %s\nwant %s", got, c.explain)
			}
			if !errors.Is(&c.err, c.err.Errno) {
				t.Errorf("the error does not unwrap to %s", hwdebug.ErrnoName(c.err.Errno))
			}
		})
	}
}
