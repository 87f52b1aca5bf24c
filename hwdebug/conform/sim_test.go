// The model is held against every recorded step, and against itself.

package conform_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

func machine(kernel string, meta conform.Meta) (*sim.Machine, error) {
	return sim.New(sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, kernel))
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
	agrees(t, recordings, 4185,
		conform.Tally{Steps: 115341, Agreeing: 113724, Marked: 1617, MarkedAgreeing: 1617})
}

// TestModelAgreesWithMoreRecordings replays what the project has recorded itself, of two kernels:
// see testdata/more/README.md.
func TestModelAgreesWithMoreRecordings(t *testing.T) {
	agrees(t, moreRecordings(t), 5096,
		conform.Tally{Steps: 188424, Agreeing: 182996, Marked: 5428, MarkedAgreeing: 5428})
}

// agrees replays recordings on the model and compares the outcomes.
func agrees(t *testing.T, files []string, cases int, want conform.Tally) {
	t.Helper()
	report, err := conform.Run(context.Background(), conform.Config{Open: openModel, MaxDivergences: 20},
		files...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Divergences {
		t.Errorf("%s", d.String())
	}
	if report.Cases != cases || report.Tally != want {
		t.Errorf("%d cases, %+v; wanted are %d, %+v", report.Cases, report.Tally, cases, want)
	}
}

func moreRecordings(t *testing.T) []string {
	names, err := filepath.Glob("testdata/more/*.jsonl.gz")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	return names
}

// TestStaleWnR shows that a machine whose syndrome is never stale does not agree (R-REG-27).
func TestStaleWnR(t *testing.T) {
	open := func(meta conform.Meta) (hwdebug.Target, error) {
		cfg := sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, meta.Kernel())
		cfg.StaleWnR = false
		m, err := sim.New(cfg)
		if err != nil {
			return nil, err
		}
		return m.Target(), nil
	}
	report, err := conform.Run(context.Background(), conform.Config{Open: open},
		"testdata/more/wnr.jsonl.gz", "testdata/more/wnr-ptrace.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	if report.Tally.Diverging == 0 {
		t.Error("nothing diverges without it")
	}
}

// TestMemoryStaysFlat replays one recording many times over as one long file, and looks at the heap
// as it goes.
func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("replays a megabyte of cases")
	}
	text := []byte(metaLine + "\n")
	for range 12 {
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
	_, err := conform.Run(context.Background(),
		conform.Config{Open: openModel, Progress: func(p conform.Progress) {
			switch p.Cases {
			case 300:
				early = live()
			case 3700:
				late = live()
			}
		}}, name)
	if err != nil || late == 0 {
		t.Fatalf("%v, %d bytes at case 3700", err, late)
	}
	if late > early+4<<20 {
		t.Errorf("%d bytes are live after 3700 cases, %d after 300", late, early)
	}
}

// A feed turns bytes into choices, and choices into steps; after the last byte every choice is the
// first. It keeps the names that it has given out, so that most steps mean something.
type feed struct {
	b       []byte
	handles [3][]int // by what opens them: perf, wide, user
	next    int      // the next handle
	tasks   []int    // alive, if making them worked
	made    int
	aims    []conform.Step // what was registered last
	theme   theme
	opened  map[int]conform.Step // by handle: what opened it last
	at      map[int]int          // by task: its CPU, where CPUs go away
	off     map[int]bool         // CPUs that are away
	opening bool                 // the next step is an open
}

// A theme restricts a sequence to some operations, to reach states that take many steps of a kind.
type theme int

const (
	everything theme = iota
	families         // tasks that fork and exit, with events that are inherited
	debuggers        // register sets and events at the same addresses
	groups           // events in groups
	samplers         // periods, limits, frequencies and signals
	images           // execs, 32-bit tasks and tracers
	plugging         // CPUs that go away and come back
	numThemes
)

func (f *feed) pick(n int) int {
	if len(f.b) == 0 {
		return 0
	}
	v := int(f.b[0]) % n
	f.b = f.b[1:]
	return v
}

func oneOf[T any](f *feed, of ...T) T { return of[f.pick(len(of))] }

// mostly returns false once in eight times.
func (f *feed) mostly() bool { return f.pick(8) != 7 }

// from picks one of names, or sometimes any name.
func (f *feed) from(names []int) int {
	if f.theme >= groups && len(names) > 3 && f.pick(2) == 0 {
		names = names[len(names)-3:] // so that something happens to one of them
	}
	if len(names) > 0 && f.mostly() {
		return names[f.pick(len(names))]
	}
	return f.pick(8)
}

// An opOf is an op and the kind of handle that it takes or returns.
type opOf struct {
	op   conform.Op
	kind int
}

// step returns any step of the format, valid or not, without its outcome.
func (f *feed) step() conform.Step {
	s := f.anyStep()
	f.flavor(&s)
	return s
}

// anyStep returns a step without what only some themes have. A custom handler excludes nothing, because
// the kernel would retry an excluded hit endlessly.
func (f *feed) anyStep() conform.Step {
	s := conform.Step{T: -1, Task: -1}
	o := oneOf(f, opOf{conform.OpAccess, 0}, opOf{conform.OpOpen, 0}, opOf{conform.OpTask, 0},
		opOf{conform.OpKAccess, 0},
		opOf{conform.OpKWide, 1}, opOf{conform.OpClose, 0}, opOf{conform.OpEnable, 0},
		opOf{conform.OpDisable, 0},
		opOf{conform.OpModify, 0}, opOf{conform.OpRead, 0}, opOf{conform.OpRead, 1},
		opOf{conform.OpKUnwide, 1},
		opOf{conform.OpKUser, 2}, opOf{conform.OpKMod, 2}, opOf{conform.OpKUnreg, 2}, opOf{conform.OpFork, 0},
		opOf{conform.OpMigrate, 0}, opOf{conform.OpExit, 0}, opOf{conform.OpUAccess, 0},
		opOf{conform.OpDump, 0},
		opOf{conform.OpPtraceSet, 0}, opOf{conform.OpPtraceGet, 0}, opOf{conform.OpAccess, 0},
		opOf{conform.OpOpen, 0},
		opOf{conform.OpAccess, 0}, opOf{conform.OpOpen, 0}, opOf{conform.OpKUser, 2},
		opOf{conform.OpKAccess, 0})
	switch f.theme {
	case families:
		o.op = oneOf(f, conform.OpOpen, conform.OpOpen, conform.OpOpen, conform.OpFork, conform.OpExit,
			conform.OpAccess, conform.OpAccess,
			conform.OpDump, conform.OpClose, conform.OpEnable, conform.OpDisable, conform.OpModify,
			conform.OpRead, conform.OpMigrate, conform.OpOpen)
		o.kind = 0
	case debuggers:
		o.op = oneOf(f, conform.OpPtraceSet, conform.OpOpen, conform.OpAccess, conform.OpAccess,
			conform.OpAccess, conform.OpPtraceGet,
			conform.OpClose, conform.OpDump, conform.OpPtraceSet, conform.OpMigrate, conform.OpFork,
			conform.OpDisable, conform.OpUAccess)
		o.kind = 0
	case groups, samplers, images, plugging:
		o = f.opOfTheme()
	}
	if f.opening {
		o = opOf{conform.OpOpen, 0}
	}
	switch {
	case f.opening:
	case len(f.tasks) == 0 && f.mostly():
		o.op = conform.OpTask
	case len(f.tasks) > 1 && o.op == conform.OpTask && f.mostly():
		o.op = conform.OpAccess
	}
	if s.Op, s.CPU = o.op, f.pick(2); !f.mostly() {
		s.CPU += 2
	}
	switch s.Op {
	case conform.OpOpen, conform.OpKUser, conform.OpKWide:
		if s.H = f.next % 40; f.mostly() {
			f.next++
		} else {
			s.H = f.pick(40)
		}
		f.handles[o.kind] = append(f.handles[o.kind], s.H)
		if s.Op != conform.OpKWide {
			s.Task = f.from(f.tasks)
		}
		if s.Op == conform.OpOpen {
			switch f.pick(4) {
			case 0:
				s.CPU = -1
			case 1:
				s.CPU = f.pick(6) - 1
			case 2:
				s.Task = -1
			}
		}
	case conform.OpTask, conform.OpFork:
		s.T, s.From = f.made, f.from(f.tasks)
		if f.mostly() {
			f.made++
		} else {
			s.T = f.pick(8)
		}
		f.tasks = append(f.tasks, s.T)
	case conform.OpDump:
		if f.pick(2) == 0 {
			s.T = f.from(f.tasks)
		}
	case conform.OpKAccess:
	default:
		s.H, s.T = f.from(f.handles[o.kind]), f.from(f.tasks)
	}
	if s.Op == conform.OpExit {
		f.tasks = slices.DeleteFunc(f.tasks, func(n int) bool { return n == s.T })
	}
	s.Kind = oneOf(f, hwdebug.Store, hwdebug.Load, hwdebug.Exec, hwdebug.Store)
	s.Size = 1 << f.pick(4)
	s.Addr.N = uint64(64 + 8*f.pick(2)) // few places, so that events share accesses
	if f.pick(2) == 0 {
		s.Addr.N += uint64(f.pick(8))
	}
	user := s.Task >= 0 || s.Op == conform.OpModify || s.Op == conform.OpKMod || f.pick(2) == 0
	switch s.Op {
	case conform.OpAccess, conform.OpUAccess:
		s.Addr.Base = conform.UBuf
		if s.Kind == hwdebug.Exec && s.Op == conform.OpUAccess {
			s.Kind = hwdebug.Load
		} else if s.Kind == hwdebug.Exec {
			s.Addr = conform.Addr{Base: conform.UCode, N: s.Addr.N &^ 3}
		}
	case conform.OpKAccess:
		s.Addr.Base = conform.KBuf
		if s.Kind == hwdebug.Exec {
			s.Addr = conform.Addr{Base: conform.KCode, N: s.Addr.N &^ 3}
		}
	default:
		s.Attr.Type = oneOf(f, hwdebug.W, hwdebug.R, hwdebug.RW, hwdebug.X)
		s.Attr.Len = uint64(1 + f.pick(8))
		s.Addr.Base = conform.UBuf
		switch code := s.Attr.Type == hwdebug.X; {
		case code && user:
			s.Addr.Base = conform.UCode
		case code:
			s.Addr.Base = conform.KCode
		case !user:
			s.Addr.Base = conform.KBuf
		}
		if s.Attr.Type == hwdebug.X && f.mostly() {
			s.Addr.N &^= 3
		}
	}
	if f.theme == families && s.Op == conform.OpOpen {
		if s.Task = f.from(f.tasks); f.mostly() {
			s.CPU = -1
		}
	}
	odd := 24
	if f.theme != everything {
		odd = 240
	}
	switch f.pick(odd) { // something that is refused, or ought to be
	case 20:
		s.Attr.Type = oneOf[hwdebug.BPType](f, 0, 5, 6, 7, 8)
	case 21:
		s.Attr.Len = oneOf[uint64](f, 0, 9, 16, 1<<63)
	case 22, 23:
		if s.Op != conform.OpAccess && s.Op != conform.OpUAccess && s.Op != conform.OpKAccess {
			s.Addr = conform.Addr{N: oneOf[uint64](f, 0, 1<<48-2, 1<<48, 1<<48+3, 1<<64-1, 1<<64-8, 1<<64-3)}
		}
	}
	switch s.Op {
	case conform.OpOpen, conform.OpKUser, conform.OpKWide:
		f.aims = append(f.aims[max(0, len(f.aims)-3):], s)
	case conform.OpAccess, conform.OpKAccess:
		if len(f.aims) > 0 && f.mostly() {
			f.aim(&s)
		}
	}
	flags := f.pick(256)
	switch s.Op {
	case conform.OpOpen, conform.OpKWide, conform.OpKUser, conform.OpKMod:
	case conform.OpModify:
		flags &= 1
	default:
		flags = 0
	}
	s.Attr.Disabled = flags&0x11 == 1
	s.Attr.Pinned = flags&2 != 0 && s.Op == conform.OpOpen
	s.Attr.Inherit = (flags&4 != 0 || f.theme == families && flags&0x10 == 0) && s.Op == conform.OpOpen
	s.Attr.ExcludeUser, s.Attr.ExcludeKernel = flags&0x18 == 0x18, flags&0x60 == 0x60
	s.Custom = flags&0x80 != 0 && s.Op != conform.OpOpen && !s.Attr.ExcludeUser && !s.Attr.ExcludeKernel
	s.Which = oneOf(f, hwdebug.HwWatch, hwdebug.HwBreak)
	if s.Op == conform.OpPtraceSet {
		defer f.aimAtSet(&s)
	}
	s.Idx = f.pick(3)
	if !f.mostly() {
		s.Idx = f.pick(16)
	}
	if s.Op == conform.OpPtraceSet && f.mostly() {
		s.Addr = conform.Addr{Base: conform.UBuf, N: uint64(64 + 8*f.pick(2))}
		if s.Which == hwdebug.HwBreak {
			s.Addr.Base = conform.UCode
		}
	}
	s.Ctrl = oneOf[uint32](f, 0x1f5, 0x1fd, 0x1e5, 0x1e15, 0x1ffd, 0x1ed, 0x25, 0xa5, 0x1f4, 0, 0x785,
		0xffffffff)
	return s
}

// aimAtSet lets later accesses aim at what a debugger's register watches.
func (f *feed) aimAtSet(s *conform.Step) {
	at := *s
	if at.Attr.Type = hwdebug.RW; s.Which == hwdebug.HwBreak {
		at.Attr.Type = hwdebug.X
	}
	at.Task, at.CPU = s.T, -1
	f.aims = append(f.aims[max(0, len(f.aims)-3):], at)
}

// aim turns an access to something that was registered.
func (f *feed) aim(s *conform.Step) {
	at := f.aims[f.pick(len(f.aims))]
	if at.Op != conform.OpKWide && at.CPU >= 0 {
		s.CPU = at.CPU & 3
	}
	if s.Addr = at.Addr; f.pick(4) == 0 {
		s.Addr.N += uint64(f.pick(8))
	}
	switch at.Attr.Type {
	case hwdebug.R:
		s.Kind = hwdebug.Load
	case hwdebug.W:
		s.Kind = hwdebug.Store
	case hwdebug.X:
		s.Kind = hwdebug.Exec
		s.Addr.N &^= 3
	default:
		s.Kind = oneOf(f, hwdebug.Load, hwdebug.Store)
	}
	if at.Addr.Base == conform.KBuf || at.Addr.Base == conform.KCode {
		s.Op, s.T = conform.OpKAccess, -1
		return
	}
	if s.Op = conform.OpAccess; at.Task >= 0 {
		s.T = at.Task
	} else {
		s.T = f.from(f.tasks)
	}
}

// heirs begins with a task whose registers are full when it forks, and that exits at times: its
// heir then runs with events that it is not charged for (R-CON-13).
func (f *feed) heirs() []conform.Step {
	cpu := f.pick(4)
	steps := []conform.Step{{Op: conform.OpTask, T: 0, Task: -1, CPU: cpu}}
	for f.next < 4 {
		s := conform.Step{Op: conform.OpOpen, H: f.next, T: -1, CPU: -1,
			Addr: conform.Addr{Base: conform.UBuf, N: uint64(64 + 8*f.pick(2))},
			Attr: hwdebug.Attr{Type: oneOf(f, hwdebug.W, hwdebug.RW, hwdebug.R), Len: 4,
				Inherit: f.mostly(), Pinned: f.pick(2) == 0}}
		if f.pick(4) == 0 {
			s.CPU = cpu
		}
		f.handles[0] = append(f.handles[0], f.next)
		f.aims = append(f.aims, s)
		f.next++
		steps = append(steps, s)
	}
	steps = append(steps, conform.Step{Op: conform.OpFork, T: 1, Task: -1})
	if f.tasks, f.made = []int{0, 1}, 2; f.pick(2) == 0 {
		steps = append(steps, conform.Step{Op: conform.OpExit, T: 0, Task: -1})
		f.tasks = []int{1}
	}
	return steps
}

// stepsOf returns at most n steps that the bytes stand for.
func stepsOf(data []byte, n int) (steps []conform.Step) {
	f := &feed{b: data, opened: map[int]conform.Step{}, at: map[int]int{}, off: map[int]bool{}}
	switch f.theme = theme(f.pick(int(numThemes))); f.theme {
	case families:
		steps = f.heirs()
	case groups, samplers, images:
		steps = f.opens()
	}
	for len(f.b) > 0 && len(steps) < n {
		steps = append(steps, f.step())
	}
	for cpu := range 4 { // at the end of a case all CPUs are back
		if f.off[cpu] {
			steps = append(steps, conform.Step{Op: conform.OpCPUUp, T: -1, Task: -1, CPU: cpu})
		}
	}
	return steps
}

// guarded returns a machine whose calls end with an error if they loop for too long.
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

// story tells what was done so far.
func story(steps []conform.Step) (s string) {
	for i := range steps {
		s += fmt.Sprintf("%3d %s\n", i+1, steps[i].String())
	}
	return s
}

// perform does the steps on a machine, and says after which one an invariant was broken, an answer
// was none of the kernel's, or something was left behind at the end.
func perform(m *sim.Machine, meta *conform.Meta, steps []conform.Step) error {
	target := m.Target()
	defer target.Shutdown()
	var p conform.Player
	p.Begin(target, meta)
	for i := range steps {
		if got := p.Do(&steps[i]); got.Ret.String() == "FAILED" {
			return fmt.Errorf("step %d answers without an errno\n%s", i+1, story(steps[:i+1]))
		}
		if err := m.CheckInvariants(); err != nil {
			return fmt.Errorf("after step %d: %w\n%s", i+1, err, story(steps[:i+1]))
		}
	}
	if _, violation := p.Finish(); len(violation) > 0 {
		return fmt.Errorf("left behind: %v\n%s", violation, story(steps))
	}
	if err := m.CheckInvariants(); err != nil {
		return fmt.Errorf("after the end of the case: %w\n%s", err, story(steps))
	}
	return nil
}

// FuzzSteps performs whatever steps the bytes make, on the kernel that the first byte chooses, and
// holds the model to its invariants after each.
func FuzzSteps(f *testing.F) {
	seedSteps(f)
	meta := recordedMeta()
	kernels := sim.Profiles()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		kernel := kernels[int(data[0])%len(kernels)]
		if err := perform(guarded(t, kernel, meta), &meta, stepsOf(data[1:], 60)); err != nil {
			t.Fatalf("%s: %v", kernel, err)
		}
	})
}

// twins are pairs of kernels that the steps of the format cannot distinguish (hwdebug/spec,
// differences at a glance), and the steps that must be excluded for that.
//
//   - 4.19.0 and 4.19.116, which behaves as 4.19.113, differ only in 32-bit tasks: in the offsets of their
//     watchpoints (D-3) and the end of their addresses (R-VAL-12).
//   - 6.1.176 and 6.1.192 differ only in D-4, a byte select shifted beyond bit 7: a watched range that
//     leaves its doubleword. (A breakpoint's byte select is 0xf shifted by at most 3.)
var twins = []struct {
	a, b   string
	unfelt func(s *conform.Step, meta *conform.Meta) bool
}{
	{"4.19.0", "4.19.116", func(s *conform.Step, _ *conform.Meta) bool { return !s.Compat }},
	{"6.1.176", "6.1.192", func(s *conform.Step, meta *conform.Meta) bool {
		switch s.Op {
		case conform.OpOpen, conform.OpModify, conform.OpKWide, conform.OpKUser, conform.OpKMod:
			return !s.Attr.Type.Data() || s.Addr.Value(meta)&7+s.Attr.Len <= 8
		case conform.OpPtraceSet:
			return s.Addr.Value(meta)&7 == 0
		case conform.OpHbpSet:
			return s.Num&1 == 0 || s.Ctrl&7 == 0
		}
		return true
	}},
}

// compare performs the steps on two targets, some forks and execs preempted, and says where an outcome,
// or a register of any CPU after it, differs.
func compare(a, b hwdebug.Target, meta *conform.Meta, steps []conform.Step) error {
	defer hwdebug.Shutdown(a)
	defer hwdebug.Shutdown(b)
	var pa, pb conform.Player
	pa.Begin(a, meta)
	pb.Begin(b, meta)
	wa, wb := a.(hwdebug.WriteLogger), b.(hwdebug.WriteLogger)
	wa.LogWrites(true)
	wb.LogWrites(true)
	both := func(s *conform.Step) bool {
		want := pa.Do(s)
		pb.Do(s)
		return pb.Agrees(&want)
	}
	for i := range steps {
		if op := steps[i].Op; i%3 == 0 && (op == conform.OpFork || op == conform.OpExec) {
			a.(hwdebug.Preempter).PreemptNext()
			b.(hwdebug.Preempter).PreemptNext()
		}
		if !both(&steps[i]) {
			return fmt.Errorf("step %d differs: %s, %s\n%s", i+1, pa.Said(&steps[i]), pb.Said(&steps[i]),
				story(steps[:i+1]))
		}
		if x, y := wa.TakeWrites(nil), wb.TakeWrites(nil); !slices.Equal(x, y) {
			return fmt.Errorf("step %d writes %x, %x\n%s", i+1, x, y, story(steps[:i+1]))
		}
		for cpu := range meta.CPUs {
			if !both(&conform.Step{Op: conform.OpDump, T: -1, CPU: cpu}) {
				dump := conform.Step{Op: conform.OpDump, T: -1, CPU: cpu}
				return fmt.Errorf("the registers of CPU %d differ after step %d: %s, %s\n%s", cpu, i+1,
					pa.Said(&dump), pb.Said(&dump), story(steps[:i+1]))
			}
		}
	}
	kdeA, _ := pa.Finish()
	kdeB, _ := pb.Finish()
	if !slices.Equal(kdeA, kdeB) {
		return fmt.Errorf("KDE is left on %v and on %v\n%s", kdeA, kdeB, story(steps))
	}
	return nil
}

// FuzzTwins performs the same steps on both kernels of a pair.
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
			if err := compare(guarded(t, tw.a, meta).Target(), guarded(t, tw.b, meta).Target(), &meta,
				steps); err != nil {
				t.Fatalf("%s and %s: %v", tw.a, tw.b, err)
			}
		}
	})
}

// FuzzPlain performs the same steps on the model and on its slow twin, by the rules of the kernel
// that the first byte chooses.
func FuzzPlain(f *testing.F) {
	seedSteps(f)
	meta := recordedMeta()
	kernels := sim.Profiles()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		kernel := kernels[int(data[0])%len(kernels)]
		r, ok := rulesOf[kernel]
		if !ok {
			t.Fatalf("the twin has no rules for %s", kernel)
		}
		if err := compare(newPlain(r), guarded(t, kernel, meta).Target(), &meta,
			stepsOf(data[1:], 60)); err != nil {
			t.Fatalf("%s, the twin and the model: %v", kernel, err)
		}
	})
}

// TestPlainTwinAgreesWithTheModel compares the twin and the model on random sequences of each theme, by the
// rules of each kernel.
func TestPlainTwinAgreesWithTheModel(t *testing.T) {
	stories := 120
	if testing.Short() || raceDetector {
		stories = 8
	}
	meta := recordedMeta()
	for _, kernel := range sim.Profiles() {
		for th := range numThemes {
			for seed := range stories {
				data := seeded(uint32(1000*seed) + uint32(th))
				data[0] = byte(th)
				if err := compare(newPlain(rulesOf[kernel]), guarded(t, kernel, meta).Target(), &meta,
					stepsOf(data, 40)); err != nil {
					t.Fatalf("%s, theme %d: %v", kernel, th, err)
				}
			}
		}
	}
}

// TestKernelsThatDifferAreToldApart shows that the comparison of twins can fail, and for what.
func TestKernelsThatDifferAreToldApart(t *testing.T) {
	meta := recordedMeta()
	for _, tc := range []struct{ a, b, because string }{
		{"6.1.176", "6.1.192", "a range that leaves its doubleword is EINVAL (D-4)"},
		{"4.19.116", "4.19.266", "the last of several handlers decides about the step (D-2)"},
		{"4.19.266", "6.1.176", "a disabled event joins without a reschedule (D-5)"},
	} {
		found := false
		for seed := uint32(0); seed < 400 && !found; seed++ {
			data := seeded(seed)
			data[0] %= byte(groups) // the themes that are about these differences
			if compare(guarded(t, tc.a, meta).Target(), guarded(t, tc.b, meta).Target(), &meta,
				stepsOf(data, 60)) != nil {
				found = true
			}
		}
		if !found {
			t.Errorf("%s and %s agree in 400 sequences, though %s", tc.a, tc.b, tc.because)
		}
	}
}

// seeded returns bytes that a linear congruence makes of a seed.
func seeded(seed uint32) []byte {
	data := make([]byte, 1300)
	x := seed*2654435761 + 1
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	return data
}

// seedSteps adds inputs that reach far.
func seedSteps(f *testing.F) {
	for seed := range uint32(100) {
		f.Add(seeded(seed))
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
