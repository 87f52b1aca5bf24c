// A board that is saved and loaded is the same; a damaged file is an error.

package board_test

import (
	"bytes"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
)

func sample() *board.Board {
	b := &board.Board{Source: board.FromGDB, Kernel: "6.1.176", BRPs: 6, WRPs: 4}
	on := true
	c := board.NewCPU(6, 4)
	c.Online = &on
	c.WCR[0] = board.Known(0x1ff3)
	c.WVR[0] = board.Known(0xffff800000d097c0)
	c.WP[0] = board.Slot{Known: true, Event: 1}
	b.CPUs = []board.CPU{c, board.NewCPU(6, 4)}
	ev := board.Event{
		ID: 1, Attr: hwdebug.Attr{Type: hwdebug.W, Addr: 0xffff800000d097c0, Len: 8, Pinned: true},
		Task: board.NoTask, By: board.Task{PID: 37, Comm: "kworker/1:1"},
		Owner: board.ByWide, Wide: 1, Slot: 0,
	}
	b.Events = []board.Event{ev}
	b.Findings = []board.Finding{{
		Kind: board.Refused, T: 1500 * time.Millisecond, Errno: syscall.ENOSPC,
		Holders: []board.Holder{{Event: ev, Slot: 0, Counts: true}},
	}}
	return b
}

func TestSaveAndLoad(t *testing.T) {
	var buf bytes.Buffer
	want := sample()
	if err := board.Save(&buf, want); err != nil {
		t.Fatal(err)
	}
	got, err := board.Load(buf.String())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got.CPUs[1].WCR[0].Known {
		t.Error("an unknown register is known after loading")
	}
	if n := len(got.Refusals()); n != 1 {
		t.Errorf("%d refusals, want 1", n)
	}
}

func TestLoadRefuses(t *testing.T) {
	var buf bytes.Buffer
	if err := board.Save(&buf, sample()); err != nil {
		t.Fatal(err)
	}
	good := buf.String()
	for _, tt := range []struct{ name, text, want string }{
		{"another file", "hello\nworld", `line 1: "hello"`},
		{"clipped", good[:len(good)/2], "damaged"},
		{"too many registers", strings.Replace(good, `"WRPs": 4`, `"WRPs": 400000000`, 1), "400000000"},
		{"fewer registers than it says", strings.Replace(good, `"WRPs": 4`, `"WRPs": 5`, 1), "cpu0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := board.Load(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestTaskString(t *testing.T) {
	for _, tt := range []struct {
		task board.Task
		want string
	}{
		{board.Task{PID: 97, Comm: "victim", Ptr: 1}, "victim-97"},
		{board.Task{PID: 97}, "?-97"},
		{board.Task{PID: -1, Ptr: 0xffff00}, "task 0xffff00"},
		{board.NoTask, ""},
	} {
		if got := tt.task.String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.task, got, tt.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	var buf bytes.Buffer
	if err := board.Save(&buf, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.String())
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := board.Load(text); err == nil && len(b.CPUs[0].WCR) != b.WRPs {
			t.Errorf("%d registers, want %d", len(b.CPUs[0].WCR), b.WRPs)
		}
	})
}
