// sim_test.go: the model is held against every recorded step, and against itself.

package conform_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

func machine(kernel string, meta conform.Meta) (*sim.Machine, error) {
	return sim.New(sim.Config{CPUs: meta.CPUs, BRPs: meta.BRPs, WRPs: meta.WRPs, Kernel: kernel, VABits: 48, TraceSize: -1})
}

func openModel(meta conform.Meta) (hwdebug.Target, error) {
	m, err := machine(meta.Kernel(), meta)
	if err != nil {
		return nil, err
	}
	return m.Target(), nil
}

// TestModelAgreesWithEveryRecordedStep replays all recordings, the marked steps included.
func TestModelAgreesWithEveryRecordedStep(t *testing.T) {
	report, err := conform.Run(context.Background(), conform.Config{Open: openModel, MaxDivergences: 20}, recordings...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Divergences {
		t.Errorf("%s", d.String())
	}
	want := conform.Tally{Steps: 115341, Agreeing: 113724, Marked: 1617, MarkedAgreeing: 1617}
	if report.Cases != 4185 || report.Tally != want {
		t.Errorf("%d cases, %+v; wanted are 4185, %+v", report.Cases, report.Tally, want)
	}
}

// TestMemoryStaysFlat replays one recording many times over as one long file, and looks at the heap as it goes.
func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("replays a megabyte of cases")
	}
	text := []byte(metaLine + "\n")
	for range 20 {
		for _, line := range lines(t, "testdata/D.jsonl.gz", 0) {
			text = append(append(text, line...), '\n')
		}
	}
	name := t.TempDir() + "/long.jsonl"
	if err := os.WriteFile(name, text, 0o666); err != nil {
		t.Fatal(err)
	}
	text = nil
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	_, err := conform.Run(context.Background(), conform.Config{Open: openModel, Progress: func(p conform.Progress) {
		switch p.Cases {
		case 300:
			early = live()
		case 6200:
			late = live()
		}
	}}, name)
	if err != nil || late == 0 {
		t.Fatalf("%v, %d bytes at case 6200", err, late)
	}
	if late > early+4<<20 {
		t.Errorf("%d bytes are live after 6200 cases, %d after 300", late, early)
	}
}

// feed turns bytes into choices; after the last byte every choice is the first.
type feed struct{ b []byte }

func (f *feed) pick(n int) int {
	if len(f.b) == 0 {
		return 0
	}
	v := int(f.b[0]) % n
	f.b = f.b[1:]
	return v
}

func oneOf[T any](f *feed, of ...T) T { return of[f.pick(len(of))] }

// next makes one step, valid or not, of all that the format has, but for what came of it. A custom handler excludes
// nothing: the kernel would retry an excluded hit for ever.
func (f *feed) next() conform.Step {
	s := conform.Step{T: -1, Task: -1}
	s.Op = oneOf(f, conform.OpAccess, conform.OpOpen, conform.OpTask, conform.OpKAccess, conform.OpKWide, conform.OpClose,
		conform.OpEnable, conform.OpDisable, conform.OpModify, conform.OpRead, conform.OpKUnwide, conform.OpKUser, conform.OpKMod,
		conform.OpKUnreg, conform.OpFork, conform.OpMigrate, conform.OpExit, conform.OpUAccess, conform.OpDump, conform.OpPtraceSet,
		conform.OpPtraceGet, conform.OpAccess, conform.OpOpen)
	s.H, s.CPU = f.pick(12), f.pick(4)
	switch s.Op {
	case conform.OpOpen, conform.OpKUser:
		s.Task = f.pick(5)
		if s.Op == conform.OpOpen {
			s.Task, s.CPU = s.Task-f.pick(2), f.pick(6)-1
		}
	case conform.OpKAccess:
	case conform.OpDump:
		s.T = f.pick(5) - 1
	default:
		s.T, s.From = f.pick(5), f.pick(5)
	}
	s.Attr.Type = oneOf(f, hwdebug.W, hwdebug.R, hwdebug.RW, hwdebug.X, hwdebug.X, hwdebug.W, hwdebug.Empty, hwdebug.Invalid, 5, 8)
	s.Attr.Len = uint64(oneOf(f, 4, 8, 1, 2, 3, 5, 6, 7, 4, 8, 0, 9, 64))
	s.Kind = oneOf(f, hwdebug.Store, hwdebug.Load, hwdebug.Exec)
	s.Addr.N = uint64(64 + f.pick(20))
	switch {
	case s.Op == conform.OpAccess && s.Kind == hwdebug.Exec:
		s.Addr = conform.Addr{Base: conform.UCode, N: s.Addr.N &^ 3}
	case s.Op == conform.OpAccess, s.Op == conform.OpUAccess:
		s.Addr.Base = conform.UBuf
	case s.Op == conform.OpKAccess && s.Kind == hwdebug.Exec:
		s.Addr = conform.Addr{Base: conform.KCode, N: s.Addr.N &^ 3}
	case s.Op == conform.OpKAccess:
		s.Addr.Base = conform.KBuf
	default:
		s.Addr.Base = oneOf(f, conform.UBuf, conform.UCode, conform.KBuf, conform.KCode, conform.UBuf, conform.UCode, conform.Absolute)
		if s.Addr.Base == conform.Absolute {
			s.Addr.N = oneOf[uint64](f, 0, 1<<48-2, 1<<48, 1<<48+3, 1<<64-1, 1<<64-8, 1<<64-3)
		}
	}
	s.Size = 1 << f.pick(4)
	if s.Op == conform.OpUAccess && s.Kind == hwdebug.Exec {
		s.Kind = hwdebug.Load
	}
	flags := f.pick(256)
	switch s.Op {
	case conform.OpOpen, conform.OpKWide, conform.OpKUser, conform.OpKMod:
	case conform.OpModify:
		flags &= 1
	default:
		flags = 0
	}
	s.Attr.Disabled = flags&1 != 0
	s.Attr.Pinned = flags&2 != 0 && s.Op == conform.OpOpen
	s.Attr.Inherit = flags&4 != 0 && s.Op == conform.OpOpen
	s.Attr.ExcludeUser, s.Attr.ExcludeKernel = flags&0x18 == 0x18, flags&0x60 == 0x60
	s.Custom = flags&0x83 == 0x80 && s.Op != conform.OpOpen && !s.Attr.ExcludeUser && !s.Attr.ExcludeKernel
	s.Which = oneOf(f, hwdebug.HwWatch, hwdebug.HwBreak)
	s.Idx = f.pick(7)
	s.Ctrl = oneOf[uint32](f, 0x1f5, 0x1e5, 0x1fd, 0, 0x1e15, 0x1ffd, 0x25, 0xa5, 0x1f4, 0xffffffff, 0x785)
	return s
}

// steps makes at most n steps of bytes.
func stepsOf(data []byte, n int) (steps []conform.Step) {
	f := &feed{data}
	for len(f.b) > 0 && len(steps) < n {
		steps = append(steps, f.next())
	}
	return steps
}

// guarded makes a machine whose calls end with an error if they loop for too long.
func guarded(t testing.TB, kernel string, meta conform.Meta) *sim.Machine {
	m, err := machine(kernel, meta)
	if err != nil {
		t.Fatal(err)
	}
	polls := 0
	m.SetInterrupt(func() error {
		if polls++; polls > 1_000_000 {
			return errors.New("a call that does not end")
		}
		return nil
	})
	return m
}

// settled fails t unless a case that was taken away left nothing but KDE.
func settled(t *testing.T, p *conform.Player, m *sim.Machine) {
	if _, violation := p.Finish(); len(violation) > 0 {
		t.Fatalf("left behind: %v", violation)
	}
	if err := m.CheckInvariants(); err != nil {
		t.Fatalf("after the end of the case: %v", err)
	}
}

// story tells what was done so far.
func story(steps []conform.Step, upTo int) (s string) {
	for i := range steps[:upTo+1] {
		s += fmt.Sprintf("%3d %s\n", i+1, steps[i].String())
	}
	return s
}

// FuzzSteps performs whatever steps the bytes make, and holds the model to its invariants after each.
func FuzzSteps(f *testing.F) {
	seedSteps(f)
	meta := recordedMeta()
	f.Fuzz(func(t *testing.T, data []byte) {
		steps := stepsOf(data, 60)
		m := guarded(t, "6.1.176", meta)
		target := m.Target()
		defer hwdebug.Shutdown(target)
		var p conform.Player
		p.Begin(target, &meta)
		for i := range steps {
			got := p.Do(&steps[i])
			if got.Ret.String() == "FAILED" {
				t.Fatalf("step %d answers without an errno\n%s", i+1, story(steps, i))
			}
			if err := m.CheckInvariants(); err != nil {
				t.Fatalf("after step %d: %v\n%s", i+1, err, story(steps, i))
			}
		}
		settled(t, &p, m)
	})
}

// twins are pairs of kernels that differ in nothing that the steps of the format can see (hwdebug/spec, differences
// at a glance), and what must be kept out of the steps for that.
//
//   - 4.19.0 and 4.19.116 (which stands where 4.19.113 does) differ in D-3 alone, the offsets of a watchpoint of a 32-bit task; the format has no such
//     task.
//   - 6.1.176 and 6.1.192 differ in D-4 alone, a byte select shifted beyond bit 7: a watched range that leaves its
//     doubleword. (A breakpoint's is 0xf shifted by at most 3.)
var twins = []struct {
	a, b   string
	unfelt func(s *conform.Step, meta *conform.Meta) bool
}{
	{"4.19.0", "4.19.116", func(*conform.Step, *conform.Meta) bool { return true }},
	{"6.1.176", "6.1.192", func(s *conform.Step, meta *conform.Meta) bool {
		switch s.Op {
		case conform.OpOpen, conform.OpModify, conform.OpKWide, conform.OpKUser, conform.OpKMod:
			return !s.Attr.Type.Data() || s.Addr.Value(meta)&7+s.Attr.Len <= 8
		case conform.OpPtraceSet:
			return s.Addr.Value(meta)&7 == 0
		}
		return true
	}},
}

// FuzzTwins performs the same steps on both kernels of a pair and compares every outcome and every register.
func FuzzTwins(f *testing.F) {
	seedSteps(f)
	meta := recordedMeta()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, tw := range twins {
			var steps []conform.Step
			for _, s := range stepsOf(data, 60) {
				if tw.unfelt(&s, &meta) {
					steps = append(steps, s)
				}
			}
			a, b := guarded(t, tw.a, meta), guarded(t, tw.b, meta)
			ta, tb := a.Target(), b.Target()
			var pa, pb conform.Player
			pa.Begin(ta, &meta)
			pb.Begin(tb, &meta)
			for i := range steps {
				want := pa.Do(&steps[i])
				pb.Do(&steps[i])
				if !pb.Agrees(&want) {
					t.Fatalf("%s and %s differ in step %d\n%s", tw.a, tw.b, i+1, story(steps, i))
				}
				for cpu := range meta.CPUs {
					dump := conform.Step{Op: conform.OpDump, T: -1, CPU: cpu}
					want := pa.Do(&dump)
					pb.Do(&dump)
					if !pb.Agrees(&want) {
						t.Fatalf("the registers of CPU %d differ on %s and %s after step %d\n%s", cpu, tw.a, tw.b, i+1, story(steps, i))
					}
				}
			}
			kdeA, _ := pa.Finish()
			kdeB, _ := pb.Finish()
			if fmt.Sprint(kdeA) != fmt.Sprint(kdeB) {
				t.Fatalf("%s leaves KDE on %v, %s on %v\n%s", tw.a, kdeA, tw.b, kdeB, story(steps, len(steps)-1))
			}
			hwdebug.Shutdown(ta)
			hwdebug.Shutdown(tb)
		}
	})
}

// seedSteps adds inputs that reach far: a fixed linear congruence makes bytes that differ from seed to seed.
func seedSteps(f *testing.F) {
	for seed := range uint32(40) {
		data := make([]byte, 700)
		x := seed*2654435761 + 1
		for i := range data {
			x = x*1664525 + 1013904223
			data[i] = byte(x >> 24)
		}
		f.Add(data)
	}
}

// BenchmarkReplay replays a recording from its file: decompression, decoding, the model and the comparison.
func BenchmarkReplay(b *testing.B) {
	for _, name := range recordings {
		b.Run(name[len("testdata/"):][:1], func(b *testing.B) {
			steps := 0
			b.ReportAllocs()
			for b.Loop() {
				report, err := conform.Run(context.Background(), conform.Config{Open: openModel}, name)
				if err != nil {
					b.Fatal(err)
				}
				steps = report.Steps
			}
			perStep(b, steps)
		})
	}
}
