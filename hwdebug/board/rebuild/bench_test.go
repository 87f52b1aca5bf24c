// The speed of reading and following a trace, and the memory of one without end.

package rebuild_test

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
)

// repeated reads the same text again and again.
type repeated struct {
	text string
	left int // bytes
	at   int
}

func (r *repeated) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := copy(b, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	r.left -= n
	return n, nil
}

// BenchmarkTrace measures records, read and followed, a second.
func BenchmarkTrace(b *testing.B) {
	text := strings.Join(linesOf(b, "mixed/trace"), "") + "\n"
	b.ReportAllocs()
	records := 0
	for b.Loop() {
		r := ftrace.NewReader(strings.NewReader(text))
		t := rebuild.New(rebuild.Options{})
		if err := t.Feed(r); err != nil {
			b.Fatal(err)
		}
		t.Finish()
		records += t.Records()
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// TestFlatMemory: following a trace of a million records, with refusals and lost records all along, needs no
// more memory than the first tenth of it. The records of one recording are repeated, so that each round is
// out of order with the one before.
func TestFlatMemory(t *testing.T) {
	text := strings.Join(linesOf(t, "kernel-6.12/trace"), "") + "\n"
	rounds := 2200
	if testing.Short() {
		rounds = 220
	}
	r := ftrace.NewReader(&repeated{text: text, left: rounds * len(text)})
	tr := rebuild.New(rebuild.Options{})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	records, early := 0, uint64(0)
	for rec := range r.Records() {
		tr.Add(rec, r.Facts())
		if records++; records == rounds*458/10 {
			early = heap()
		}
	}
	tr.Finish()
	if late := heap(); late > early+32<<20 {
		t.Errorf("%d records: the heap grew from %d to %d bytes", records, early, late)
	}
	if tr.Dropped() == 0 && rounds > 2000 {
		t.Error("no finding was dropped; the trace is too short to tell")
	}
}

// FuzzRebuild: whatever records a trace has, following it neither fails nor draws a register that its CPU
// does not have.
func FuzzRebuild(f *testing.F) {
	for _, name := range []string{"ptrace/trace", "kernel-5.10/trace", "hits/trace", "seed/kprobes-btf"} {
		lines := linesOf(f, name)
		f.Add(strings.Join(lines[:min(len(lines), 60)], ""))
		f.Add(strings.Join(lines[len(lines)/2:], ""))
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := rebuild.Read(rebuild.Options{Steps: true}, []byte(text))
		if err != nil {
			return
		}
		b := r.Board()
		for i, c := range b.CPUs {
			if len(c.WCR) != b.WRPs || len(c.BCR) != b.BRPs {
				t.Fatalf("cpu%d has %d and %d registers", i, len(c.BCR), len(c.WCR))
			}
		}
		if _, err := rebuild.Scenario(b); err != nil {
			t.Fatal(err)
		}
		if m, err := rebuild.Model(b); err == nil {
			m.Close()
		}
	})
}
