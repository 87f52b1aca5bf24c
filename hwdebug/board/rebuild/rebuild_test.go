// The recordings of real boards: every halt, refusal and leak that their READMEs name.

package rebuild_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
)

// haltsOf reads the registers of a recording.
func haltsOf(t testing.TB, dir string) (list []rebuild.Halt) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../testdata", dir, "regs.*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h, err := rebuild.ParseHalt(file, text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
	}
	return list
}

// track follows a recording to its end.
func track(t testing.TB, file string, opt rebuild.Options) *rebuild.Tracker {
	t.Helper()
	f, err := os.Open(filepath.Join("../testdata", file+".txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := ftrace.NewReader(f)
	tr := rebuild.New(opt)
	for rec := range r.Records() {
		tr.Add(rec, r.Facts())
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	tr.Finish()
	return tr
}

// recordings are those whose halts were read, with what their READMEs and found.txt say of them.
var recordings = []struct {
	name    string
	halts   int
	holders []int // of each ENOSPC in order
	einval  int
	leaks   int
	other   []string // names of all other findings
}{
	{name: "mixed", halts: 7, holders: []int{4, 5, 5, 5, 5}, leaks: 8},
	{name: "hotplug", halts: 4, other: []string{"wide event missing on cpu2"}},
	{name: "ptrace", halts: 9, holders: []int{4, 4, 4, 4}, leaks: 2},
	{name: "modify", halts: 11, holders: []int{6, 6}, einval: 1, leaks: 9, other: []string{"cut " +
		"at 8 bytes"}},
	{name: "hits", halts: 7, leaks: 3},
	{name: "kernel-5.10", halts: 7, holders: []int{6, 6, 6, 4, 7}, leaks: 6},
	{name: "kernel-6.12", halts: 7, holders: []int{6, 6, 6, 4, 7}, leaks: 6},
	{
		name: "kernel-5.10-modify", halts: 11, holders: []int{6, 6}, einval: 1, leaks: 9,
		other: []string{"cut at 8 bytes"},
	},
	{name: "kernel-5.10-hits", halts: 7, leaks: 3},
}

func TestRecordings(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			tr := track(t, r.name+"/trace", rebuild.Options{Halts: haltsOf(t, r.name)})
			equal := 0
			for _, h := range tr.Halts() {
				if h.Equal {
					equal++
					continue
				}
				t.Errorf("halt %d: %d states, best %+v", h.N, h.States, h.Diffs)
			}
			if equal != r.halts || len(tr.Halts()) != r.halts {
				t.Errorf("halts: %d of %d equal, want %d", equal, len(tr.Halts()), r.halts)
			}
			var holders []int
			einval := 0
			var other []string
			for _, f := range tr.Findings() {
				switch {
				case f.Kind == board.Refused && f.Errno == syscall.ENOSPC:
					holders = append(holders, len(f.Holders))
					if f.N != f.Limit {
						t.Errorf("%s: %d of %d counted", board.Seconds(f.T), f.N, f.Limit)
					}
				case f.Kind == board.Refused && f.Errno == syscall.EINVAL:
					einval++
				case f.Kind != board.NeverReleased:
					other = append(other, f.Name())
				}
			}
			if leaks := len(tr.Board().Leaks()); leaks != r.leaks {
				t.Errorf("%d leaks, want %d", leaks, r.leaks)
			}
			if !slices.Equal(holders, r.holders) || einval != r.einval || !slices.Equal(other, r.other) {
				t.Errorf("holders %v, %d EINVAL, others %v\nwant %v, %d, %v", holders, einval, other,
					r.holders, r.einval, r.other)
			}
		})
	}
}

// TestHolders: a refusal says who holds the slots, by whom they were opened and where they are.
func TestHolders(t *testing.T) {
	tr := track(t, "ptrace/trace", rebuild.Options{})
	f := tr.Board().Refusals()[1]
	if f.T != 7480934*time.Microsecond || f.CPU != 1 || f.Task.String() != "victim-97" ||
		f.Op != "perf_event_open" {
		t.Errorf("got %+v", f)
	}
	var got []string
	for _, h := range f.Holders {
		got = append(got, fmt.Sprintf("%s at %#x len %d of %s by %s (%s): slot %d", h.Event.Attr.Type,
			h.Event.Attr.Addr, h.Event.Attr.Len, h.Event.Task, h.Event.By, h.Event.Owner, h.Slot))
	}
	want := []string{
		"w at 0x10000040 len 8 of victim-97 by agent-1 (perf): slot 2",
		"r at 0x10000080 len 1 of victim-97 by victim-97 (perf): slot 3",
		"rw at 0x10000148 len 2 of victim-97 by tracer-98 (ptrace): slot 0",
		"w at 0x10000150 len 8 of victim-97 by tracer-98 (ptrace): slot 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestInheritedNames: the events of a child are named after it, not after its parent.
func TestInheritedNames(t *testing.T) {
	tr := track(t, "kernel-6.12/trace", rebuild.Options{})
	for _, h := range tr.Board().Refusals()[0].Holders {
		if h.Event.Parent != 0 && h.Event.Task.PID != 151 {
			t.Errorf("the inherited event is of %s", h.Event.Task)
		}
	}
}

// TestSeedForms: the seed's story gives the same refusal in every form; perf script gives its own finding
// and no register.
func TestSeedForms(t *testing.T) {
	for _, name := range []string{"kprobes-nobtf", "kprobes-btf", "kprobes-stack", "trace-cmd"} {
		t.Run(name, func(t *testing.T) {
			tr := track(t, "seed/"+name, rebuild.Options{})
			f := tr.Findings()
			if len(f) != 1 || f[0].Kind != board.Refused || f[0].Errno != syscall.ENOSPC || f[0].CPU != 0 ||
				f[0].Asked.Addr != 0xffff800000d097e0 || f[0].Asked.Len != 8 || len(f[0].Holders) != 4 {
				t.Fatalf("got %+v", f)
			}
			for i, h := range f[0].Holders {
				if h.Event.Attr.Addr != 0xffff800000d097c0+8*uint64(i) && name != "trace-cmd" || h.Slot < 0 {
					t.Errorf("holder %d: %#x in slot %d", i, h.Event.Attr.Addr, h.Slot)
				}
			}
		})
	}
	for name, missing := range map[string]int{"perf-script": 40, "perf-script-stack": 40} {
		t.Run(name, func(t *testing.T) {
			tr := track(t, "seed/"+name, rebuild.Options{})
			if f := tr.Findings(); len(f) == 0 || f[0].Kind != board.PerfRecord || f[0].N != missing {
				t.Errorf("got %v", names(f))
			}
			for i, c := range tr.Board().CPUs {
				if c.WCR[0].Known || c.WVR[0].Known || c.WP[0].Known {
					t.Errorf("cpu%d is drawn", i)
				}
			}
		})
	}
}

// TestStacks: stacks in the kernel log give CPU, comm, install or uninstall, and no register.
func TestStacks(t *testing.T) {
	for _, name := range []string{"function-stack"} {
		counts := map[string]int{}
		track(t, "seed/"+name, rebuild.Options{Change: func(c rebuild.Change) {
			if c.Op == rebuild.OpChain {
				counts[c.Text]++
			}
		}})
		if counts["install"] == 0 || counts["uninstall"] == 0 || counts[""] > 0 {
			t.Errorf("%s: %v", name, counts)
		}
	}
}

// TestNoStepLines: without the lines of the function tracer a hit leaves the enable bits unknown.
func TestNoStepLines(t *testing.T) {
	var lines []string
	for _, l := range linesOf(t, "hits/trace") {
		if !strings.Contains(l, "toggle_bp_registers") && !strings.Contains(l, "reinstall_suspended") {
			lines = append(lines, l)
		}
	}
	halt := haltsOf(t, "hits")[3:4]
	tr := follow(lines, rebuild.Options{Halts: halt, Until: 12800 * time.Millisecond})
	if !tr.Halts()[0].Equal {
		t.Errorf("halt 3: %+v", tr.Halts()[0])
	}
	c := tr.Board().CPUs[3]
	if got := board.Seconds(c.Step); got != "12.682960" {
		t.Errorf("in a step over since %s, want 12.682960", got)
	}
	if c.BCR[0].Known || c.BCR[1].Known || !c.WCR[1].Known || !c.BP[0].Known {
		t.Errorf("got bcr %v wcr %v", c.BCR, c.WCR)
	}
}

func TestParseHalt(t *testing.T) {
	for _, tt := range []struct{ file, text, want string }{
		{"regs.txt", "", "no number of a mark"},
		{"regs.3.txt", "cpu01 DBGWCR0_EL1", `line 1: "cpu01 DBGWCR0_EL1"`},
		{"regs.3.txt", "\ncpu00 DBGWCR0_EL1 0x1", "line 2"},
		{"regs.3.txt", "cpu99999999 DBGWCR0_EL1 0x1", "invalid CPU"},
		{"regs.3.txt", "cpu01 DBGWCR0_EL1 one", "invalid value"},
	} {
		_, err := rebuild.ParseHalt(tt.file, []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: %v, want %s", tt.file, tt.text, err, tt.want)
		}
	}
	h, err := rebuild.ParseHalt("a/regs.3.txt", []byte("  cpu02 DBGWCR1_EL1   0x1ff3\n cpu02 "+
		"MDSCR_EL1 0x1"))
	if err != nil || h.N != 3 || len(h.CPUs) != 2 || h.CPUs[1][49] != 0x1ff3 {
		t.Errorf("%+v, %v", h, err)
	}
}
