// Damaged traces: what is missing is noticed, and no wrong register is drawn as a known one.

package rebuild_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
)

// textOf returns the text of a recording.
func textOf(t testing.TB, file string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("../testdata", file+".txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// linesOf returns the lines of a recording.
func linesOf(t testing.TB, file string) []string {
	t.Helper()
	return strings.SplitAfter(strings.TrimSuffix(string(textOf(t, file)), "\n"), "\n")
}

// follow follows lines to their end.
func follow(lines []string, opt rebuild.Options) *rebuild.Tracker {
	r := ftrace.NewReader(strings.NewReader(strings.Join(lines, "")))
	tr := rebuild.New(opt)
	for rec := range r.Records() {
		tr.Add(rec, r.Facts())
	}
	tr.Finish()
	return tr
}

// doubts reports whether a tracker says that its trace is incomplete.
func doubts(tr *rebuild.Tracker) bool {
	return slices.ContainsFunc(tr.Findings(), func(f board.Finding) bool {
		return f.Kind == board.NotSure || f.Kind == board.Older || f.Kind == board.UnmatchedUninstall
	})
}

// wrong returns the known registers of got that differ from those of want, and the halts that differ.
func wrong(tr *rebuild.Tracker, got, want *board.Board) (list []string) {
	for _, h := range tr.Halts() {
		if h.Seen && !h.Equal {
			list = append(list, fmt.Sprintf("halt %d: %+v", h.N, h.Diffs))
		}
	}
	differ := func(cpu int, name string, got, want []board.Value) {
		for i := range got {
			if got[i].Known && got[i] != want[i] {
				list = append(list, fmt.Sprintf("cpu%d %s%d: %+v, want %+v", cpu, name, i, got[i], want[i]))
			}
		}
	}
	for i := range min(len(got.CPUs), len(want.CPUs)) {
		differ(i, "wcr", got.CPUs[i].WCR, want.CPUs[i].WCR)
		differ(i, "bcr", got.CPUs[i].BCR, want.CPUs[i].BCR)
	}
	return list
}

// unseen reports whether nothing can show the loss of line i: it installs an event of which no later line
// tells, so that it could as well have been disabled before.
func unseen(lines []string, i int) bool {
	_, bp, ok := strings.Cut(lines[i], "bp=")
	if !ok || !strings.Contains(lines[i], " control: ") || !strings.Contains(lines[i], "ops=0") {
		return false
	}
	bp, _, _ = strings.Cut(bp, " ")
	return !slices.ContainsFunc(lines[i+1:], func(l string) bool { return strings.Contains(l, bp) })
}

// TestDropEach: without any one of its lines a recording gives a doubt, or registers that are right.
func TestDropEach(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			lines := linesOf(t, r.name+"/trace")
			halts := haltsOf(t, r.name)
			want := follow(lines, rebuild.Options{}).Board()
			silent := 0
			for i := range lines {
				if testing.Short() && i%7 != 0 {
					continue
				}
				tr := follow(slices.Delete(slices.Clone(lines), i, i+1), rebuild.Options{Halts: halts})
				if doubts(tr) || unseen(lines, i) {
					continue
				}
				silent++
				if w := wrong(tr, tr.Board(), want); len(w) > 0 {
					t.Errorf("without line %d:\n%sno doubt, though %s", i+1, lines[i], strings.Join(w, "\n"))
				}
			}
			if silent > 2*len(lines)/5 {
				t.Errorf("%d of %d lines can be dropped without a doubt", silent, len(lines))
			}
		})
	}
}

// TestDropControl: of the control records only a last install can be lost without a doubt.
func TestDropControl(t *testing.T) {
	lines := linesOf(t, "kernel-6.12/trace")
	n, seen := 0, 0
	for i := range lines {
		if !strings.Contains(lines[i], " control: ") {
			continue
		}
		n++
		if doubts(follow(slices.Delete(slices.Clone(lines), i, i+1), rebuild.Options{})) {
			seen++
		}
	}
	if n == 0 || seen < n {
		t.Errorf("%d of %d lost control records are noticed", seen, n)
	}
}

// TestSwapEach: two neighbouring records of one CPU in the wrong order are noticed.
func TestSwapEach(t *testing.T) {
	lines := linesOf(t, "kernel-6.12/trace")
	cpu := func(l string) string {
		_, rest, _ := strings.Cut(l, "[")
		cpu, _, ok := strings.Cut(rest, "]")
		if !ok {
			return l
		}
		return cpu
	}
	for i := 0; i+1 < len(lines); i++ {
		if cpu(lines[i]) != cpu(lines[i+1]) {
			continue
		}
		swapped := slices.Clone(lines)
		swapped[i], swapped[i+1] = lines[i+1], lines[i]
		if !doubts(follow(swapped, rebuild.Options{})) {
			t.Errorf("lines %d and %d swapped: no doubt\n%s%s", i+1, i+2, lines[i], lines[i+1])
		}
	}
}

// TestSwappedInstall: an uninstall before its install is an unmatched uninstall.
func TestSwappedInstall(t *testing.T) {
	lines := linesOf(t, "ptrace/trace")
	var at []int
	for i, l := range lines {
		if strings.Contains(l, " control: ") && strings.Contains(l, "bp=0xffff0000032989c0 ") {
			at = append(at, i)
		}
	}
	if len(at) < 4 {
		t.Fatalf("%d control records of the event", len(at))
	}
	lines[at[2]], lines[at[3]] = lines[at[3]], lines[at[2]]
	tr := follow(lines, rebuild.Options{})
	unmatched := func(f board.Finding) bool { return f.Kind == board.UnmatchedUninstall }
	if !slices.ContainsFunc(tr.Findings(), unmatched) {
		t.Errorf("no unmatched uninstall in %v", names(tr.Findings()))
	}
}

// TestDropRelease: an event whose release is taken out is named as never released.
func TestDropRelease(t *testing.T) {
	for _, r := range recordings {
		lines := linesOf(t, r.name+"/trace")
		before := len(follow(lines, rebuild.Options{}).Board().Leaks())
		for i, l := range lines {
			if !strings.Contains(l, " release: ") {
				continue
			}
			if !strings.Contains(l, "bp_perf_event_destroy") && !closes(lines[i+1:]) {
				continue
			}
			tr := follow(slices.Delete(slices.Clone(lines), i, i+1), rebuild.Options{})
			if got := len(tr.Board().Leaks()); got != before+1 {
				t.Errorf("%s without line %d: %d leaks, want %d\n%s", r.name, i+1, got, before+1, l)
			}
		}
	}
}

// closes reports whether a release before these lines is a close: no reservation follows at once.
func closes(lines []string) bool { return len(lines) == 0 || !strings.Contains(lines[0], " reserve: ") }

// names returns what the findings are called.
func names(list []board.Finding) (names []string) {
	for i := range list {
		names = append(names, list[i].Name())
	}
	return names
}

// TestClippedHead: a trace that begins late names the events from before, and draws no register.
func TestClippedHead(t *testing.T) {
	lines := linesOf(t, "mixed/trace")
	tr := follow(lines[200:], rebuild.Options{})
	if f := tr.Findings(); len(f) == 0 || !slices.ContainsFunc(f, func(f board.Finding) bool {
		return f.Kind == board.Older && f.N >= 5
	}) {
		t.Errorf("got %v", names(tr.Findings()))
	}
	for i, c := range tr.Board().CPUs {
		for n, v := range c.WCR {
			if v.Known {
				t.Errorf("cpu%d wcr[%d] is drawn as %#x", i, n, v.Bits)
			}
		}
	}
}

// TestMissed: probes that missed calls make everything since the last report uncertain.
func TestMissed(t *testing.T) {
	lines := linesOf(t, "kernel-6.12/trace")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "hwlua-end 3") })
	head := slices.Concat(lines[:at], []string{"# missed=0\n"}, lines[at:], []string{"\n# missed=3\n"})
	tr := follow(head, rebuild.Options{})
	got := names(tr.Findings())
	if len(got) == 0 || !strings.HasPrefix(got[0], "not sure from 10.") ||
		!strings.HasSuffix(got[0], " on: 3 records missed") {
		t.Errorf("got %v, want 3 records missed since halt 3", got)
	}
	for i, c := range tr.Board().CPUs {
		if c.WCR[0].Known {
			t.Errorf("cpu%d is drawn", i)
		}
	}
}

// TestLost: what the tracer says that it lost is a doubt.
func TestLost(t *testing.T) {
	lines := linesOf(t, "kernel-6.12/trace")
	for _, tt := range []struct{ name, line, want string }{
		{"trace_pipe", "CPU:2 [LOST 7 EVENTS]\n", "7 records missed"},
		{"a buffer that overran", "# entries-in-buffer/entries-written: 458/470   " +
			"#P:4\n", "12 records missed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := follow(slices.Concat(lines[:200], []string{tt.line}, lines[200:]), rebuild.Options{})
			if got := names(tr.Findings()); !strings.HasSuffix(got[0], tt.want) {
				t.Errorf("got %v, want %s first", got, tt.want)
			}
		})
	}
}

// TestDropMany: with several lines missing at once a recording gives a doubt, or the halts are right; reading
// it never fails.
func TestDropMany(t *testing.T) {
	for _, r := range recordings {
		lines := linesOf(t, r.name+"/trace")
		halts := haltsOf(t, r.name)
		for seed := range int64(12) {
			rnd := rand.New(rand.NewSource(seed))
			kept := slices.DeleteFunc(slices.Clone(lines), func(string) bool {
				return rnd.Float64() < []float64{0.003, 0.02, 0.2}[seed%3]
			})
			tr := follow(kept, rebuild.Options{Halts: halts})
			for _, h := range tr.Halts() {
				if h.Seen && !h.Equal && !doubts(tr) {
					t.Errorf("%s, seed %d: halt %d differs without a doubt: %+v", r.name, seed, h.N, h.Diffs)
				}
			}
			rec, err := rebuild.Read(rebuild.Options{}, []byte(strings.Join(kept, "")))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := rec.Scenario(); err != nil {
				t.Errorf("%s, seed %d: %v", r.name, seed, err)
			}
		}
	}
}
