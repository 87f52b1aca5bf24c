// Scenarios and models: the board's state on the model.

package rebuild_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
)

// recordingOf keeps a recording in memory.
func recordingOf(t *testing.T, file, kernel string) *rebuild.Recording {
	t.Helper()
	r, err := rebuild.Read(rebuild.Options{Kernel: kernel}, textOf(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestScenarios: every recording becomes a scenario that leaves out no refusal, and no register but those of
// one moment on 5.10, where the tree that orders a context's events puts them the other way round.
func TestScenarios(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			kernel := "6.1.176"
			switch {
			case strings.HasPrefix(r.name, "kernel-5.10"):
				kernel = "5.10.223"
			case strings.HasPrefix(r.name, "kernel-6.12"):
				kernel = "6.12.117"
			}
			text, err := recordingOf(t, r.name+"/trace", kernel).Scenario()
			if err != nil {
				t.Fatal(err)
			}
			left := 0
			if r.name == "kernel-5.10" {
				left = 1
			}
			if got := strings.Count(text, " is left out: "); got != left {
				t.Errorf("%d lines are left out, want %d:\n%s", got, left, text[:min(len(text), 2000)])
			}
			if got := strings.Count(text, `assert.errno("ENOSPC"`); got != len(r.holders) {
				t.Errorf("%d refusals with ENOSPC, want %d", got, len(r.holders))
			}
			if got := strings.Count(text, "-- hwlua-point "); got != r.halts {
				t.Errorf("%d marks, want %d", got, r.halts)
			}
		})
	}
}

// TestModel: at any moment at which all is known the model of a board has the board's registers, and refuses
// for the same reason.
func TestModel(t *testing.T) {
	r := recordingOf(t, "ptrace/trace", "6.1.176")
	b, err := r.At(7528000 * time.Microsecond)
	if err != nil {
		t.Fatal(err)
	}
	m, err := rebuild.Model(b)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for cpu, c := range b.CPUs {
		for i, v := range c.WCR {
			if got, err := m.CPU(cpu).Reg(arm64.WCR, i); err != nil || v.Known && got != v.Bits {
				t.Errorf("cpu%d wcr[%d] is %#x (%v), want %#x", cpu, i, got, err, v.Bits)
			}
		}
	}
	task := m.Tasks()
	for _, victim := range task {
		if victim.Comm() != "victim" {
			continue
		}
		_, err := m.PerfEventOpen(hwdebug.Attr{Type: hwdebug.W, Addr: 0x1000, Len: 8}, victim, -1)
		if !errors.Is(err, syscall.ENOSPC) || len(m.Why().Holders) != 4 {
			t.Errorf("a fifth watchpoint: %v", err)
		}
	}
}

// TestLevel: the control words of kernel addresses have HMC where the kernel runs at EL2 (R-REG-13), those
// of user addresses do not, and the model and the scenario do the same.
func TestLevel(t *testing.T) {
	const both = 14_327_460 * time.Microsecond // a moment at which registers have both kinds
	trace := string(textOf(t, "mixed/trace"))
	for _, tt := range []struct {
		head string
		opt  rebuild.Options
		el   int
		hmc  uint64 // bit 13 of the words of kernel addresses
	}{
		{head: ""},
		{head: "# hwlua level el=1\n", el: 1},
		{head: "# hwlua level el=2\n", el: 2, hmc: 1},
		{opt: rebuild.Options{EL: 2}, el: 2, hmc: 1},
		{head: "# hwlua level el=2\n", opt: rebuild.Options{EL: 1}, el: 1},
	} {
		r, err := rebuild.Read(tt.opt, []byte(tt.head+trace))
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.At(both)
		if err != nil {
			t.Fatal(err)
		}
		if b.EL != tt.el {
			t.Errorf("%q %+v: EL%d, want %d", tt.head, tt.opt, b.EL, tt.el)
		}
		words := map[arm64.Privilege]uint64{} // their bits from 13 on
		for i := range b.CPUs {
			for _, v := range b.CPUs[i].WCR {
				if v.Bits != 0 {
					words[arm64.DecodeCtrl(uint32(v.Bits)).Privilege] |= v.Bits >> 13
				}
			}
		}
		if len(words) != 2 || words[arm64.EL0] != 0 || words[arm64.EL1] != tt.hmc {
			t.Errorf("%q %+v: bits from 13 on by level %v, want 0 and %d", tt.head, tt.opt, words, tt.hmc)
		}
		text, err := r.Scenario()
		if err != nil || strings.Contains(text, ", vhe = true }") != (tt.hmc != 0) ||
			strings.Contains(text, "is left out") {
			t.Errorf("%q %+v: %v, scenario\n%.900s", tt.head, tt.opt, err, text)
		}
	}
}

// TestModelRefuses: a board of which the registers are not known has no model.
func TestModelRefuses(t *testing.T) {
	for _, b := range []*board.Board{
		recordingOf(t, "seed/perf-script", "").Board(),
		{BRPs: 6, WRPs: 4, CPUs: []board.CPU{board.NewCPU(6, 4)}},
	} {
		_, err := rebuild.Model(b)
		if e, ok := errors.AsType[*hwdebug.Error](err); !ok || hwdebug.ErrnoName(e.Errno) != "EOPNOTSUPP" {
			t.Errorf("got %v", err)
		}
	}
}

// TestAt: a moment before a record was lost is drawn, one after it is not, and one outside is an error.
func TestAt(t *testing.T) {
	lines := linesOf(t, "ptrace/trace")
	text := []byte(strings.Join(append(lines[:300:300], lines[301:]...), ""))
	r, err := rebuild.Read(rebuild.Options{}, text)
	if err != nil {
		t.Fatal(err)
	}
	early, err := r.At(6300 * time.Millisecond)
	if err != nil || !early.CPUs[1].WCR[0].Known {
		t.Errorf("before: %v", err)
	}
	late, err := r.At(9100 * time.Millisecond)
	if err != nil || late.CPUs[1].WCR[0].Known {
		t.Errorf("after: it is drawn, %v", err)
	}
	if _, err := r.At(time.Hour); err == nil {
		t.Error("a moment after the end is no error")
	}
	if _, err := rebuild.Read(rebuild.Options{}, []byte("hello\n")); err == nil ||
		err.Error() != `nothing in it is a trace; line 1: "hello"` {
		t.Errorf("got %v", err)
	}
}
