// The test vectors of spec 12.4 (hits and stepping) and V-97 to V-104 (ptrace), each under its name.

package sim_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A scene is a task on CPU 0 with events in slots 0, 1, ... in order of registration.
type scene struct {
	*testing.T
	m    *sim.Machine
	w    *watcher
	task *sim.Task
	evs  []*sim.Event
}

// newScene returns a scene on a machine with two CPUs; shape, if not nil, changes its Config.
func newScene(t *testing.T, kernel string, shape func(*sim.Config)) *scene {
	t.Helper()
	cfg := sim.Config{CPUs: 2, BRPs: 6, WRPs: 4, Kernel: kernel}
	if shape != nil {
		shape(&cfg)
	}
	m := newMachine(t, cfg)
	s := &scene{T: t, m: m, w: watch(t, m, 0), task: newTask(t, m, "t", 0)}
	must(t, m.CPU(0).ContextSwitch(s.task))
	return s
}

func farStart(c *sim.Config)   { c.FAR = "start" }
func farFloor16(c *sim.Config) { c.FAR = "floor16" }

func userAttr(typ hwdebug.BPType, addr, length uint64) hwdebug.Attr {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = typ, addr, length
	return a
}

// user registers an event for the task; a nil h stands for the default handler.
func (s *scene) user(a hwdebug.Attr, h sim.Handler) *sim.Event {
	s.Helper()
	ev, err := s.m.RegisterUserHwBreakpoint(a, h, s.task)
	must(s.T, err)
	s.evs = append(s.evs, ev)
	s.w.writes()
	return ev
}

// counts returns the Count of each event.
func (s *scene) counts() string {
	var out []string
	for _, ev := range s.evs {
		out = append(out, fmt.Sprint(ev.Count()))
	}
	return strings.Join(out, " ")
}

// wantCounts compares the Counts of the events in order of registration.
func (s *scene) wantCounts(step, want string) {
	s.Helper()
	if got := s.counts(); got != want {
		s.Errorf("%s: hits %s, want %s", step, got, want)
	}
}

// begin prepares an access by the task's instruction at 0x400580.
func (s *scene) begin(k hwdebug.Kind, addr uint64, size int) *sim.Access {
	s.Helper()
	a, err := s.task.Begin(k, addr, size, 0, 0x400580)
	must(s.T, err)
	return a
}

// step runs the access to its next debug exception or to its end.
func (s *scene) step(a *sim.Access, wantDone bool) {
	s.Helper()
	done, err := a.Step()
	must(s.T, err)
	if done != wantDone {
		s.Fatalf("Step = %v, want %v", done, wantDone)
	}
}

// traps returns the addresses that were passed to fn, watchpoint_handler or breakpoint_handler, after
// record since.
func (s *scene) traps(fn string, since uint64) []uint64 {
	rec := s.m.Recorder()
	var addrs []uint64
	for seq := since + 1; seq <= rec.Seq(); seq++ {
		if r, ok := rec.Record(seq); ok && rec.Functions()[r.Fn].Name == fn {
			addrs = append(addrs, r.Args[0])
		}
	}
	return addrs
}

// wregs removes the writes to MDSCR_EL1: the vectors do not say when the entry code sets SS for a user step.
func wregs(writes string) string {
	var out []string
	for _, w := range strings.Fields(writes) {
		if !strings.HasPrefix(w, "M=") {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// wantW compares the writes to breakpoint and watchpoint registers since the last call.
func (s *scene) wantW(step, want string) {
	s.Helper()
	if got := wregs(s.w.writes()); got != want {
		s.Errorf("%s:\n got %s\nwant %s", step, got, want)
	}
}

// TestVectorsHits runs V-80 to V-96.
func TestVectorsHits(t *testing.T) {
	const store = hwdebug.Store
	onEvery(t, "V-80", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		s.user(userAttr(hwdebug.W, 0x1004, 4), nil)
		since := s.m.Recorder().Seq()
		a := s.begin(store, 0x1005, 1)
		s.step(a, false)
		s.wantW("the hit", "WCR0=0x1e14")
		if got := s.traps("watchpoint_handler", since); len(got) != 1 || got[0] != 0x1005 {
			t.Errorf("reported addresses = %#x, want 0x1005", got)
		}
		s.step(a, false) // performed, a step is pending
		s.wantW("the instruction", "")
		s.step(a, true)
		s.wantW("the step exception", "WCR0=0x1e15")
		s.wantCounts("one store", "1")
		must(t, s.task.Store(0x1005, 1, 7))
		s.wantW("again, in one go", "WCR0=0x1e14 WCR0=0x1e15")
		s.wantCounts("two stores", "2")
		if v, err := s.task.Load(0x1005, 1); err != nil || v != 7 {
			t.Errorf("Load = %d, %v; want 7, nil", v, err)
		}
	})
	onEvery(t, "V-81", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		s.user(userAttr(hwdebug.W, 0x1004, 4), nil)
		must(t, s.task.Store(0x1003, 1, 0))
		s.wantW("no exception", "")
		s.wantCounts("no exception", "0")
	})
	onEvery(t, "V-82", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		s.user(userAttr(hwdebug.W, 0x1004, 4), nil)
		_, err := s.task.Load(0x1004, 4)
		must(t, err)
		s.wantW("no exception", "")
		s.wantCounts("no exception", "0")
	})

	// inexact stores 16 bytes at addr, for which the core reports an address outside the watched bytes, and
	// compares that address and the Counts.
	type inexactRow struct {
		far            func(*sim.Config)
		addr, reported uint64
		counts         string
		attrs          []hwdebug.Attr
	}
	inexact := func(t *testing.T, kernel string, row inexactRow) {
		t.Helper()
		s := newScene(t, kernel, row.far)
		for _, a := range row.attrs {
			s.user(a, nil)
		}
		since := s.m.Recorder().Seq()
		must(t, s.task.Store(row.addr, 16, 0))
		if got := s.traps("watchpoint_handler", since); len(got) != 1 || got[0] != row.reported {
			t.Errorf("reported addresses = %#x, want %#x", got, row.reported)
		}
		s.wantCounts("attributed", row.counts)
	}
	onEvery(t, "V-83", func(t *testing.T, kernel string) {
		inexact(t, kernel, inexactRow{
			far: farStart, addr: 0x1000, reported: 0x1000, counts: "1",
			attrs: []hwdebug.Attr{userAttr(hwdebug.W, 0x1007, 1)},
		})
	})
	onEvery(t, "V-84", func(t *testing.T, kernel string) {
		inexact(t, kernel, inexactRow{
			far: farStart, addr: 0x1008, reported: 0x1008, counts: "0 1",
			attrs: []hwdebug.Attr{userAttr(hwdebug.W, 0x1010, 1), userAttr(hwdebug.W, 0x1004, 1)},
		})
	})
	onEvery(t, "V-85", func(t *testing.T, kernel string) {
		low, high := userAttr(hwdebug.W, 0x1004, 1), userAttr(hwdebug.W, 0x100c, 1)
		for _, attrs := range [][]hwdebug.Attr{{high, low}, {low, high}} {
			inexact(t, kernel, inexactRow{
				far: farStart, addr: 0x1008, reported: 0x1008, counts: "1 0", attrs: attrs,
			})
		}
	})
	onEvery(t, "V-86", func(t *testing.T, kernel string) {
		inexact(t, kernel, inexactRow{
			far: farFloor16, addr: 0x1014, reported: 0x1010, counts: "0 1",
			attrs: []hwdebug.Attr{userAttr(hwdebug.R, 0x1010, 1), userAttr(hwdebug.W, 0x101c, 1)},
		})
	})
	onEvery(t, "V-87", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		var trigger uint64
		s.user(userAttr(hwdebug.W, 0x1004, 4), func(_ *sim.Event, hit *sim.Hit) error {
			trigger, hit.Skip = hit.Addr, true
			return nil
		})
		must(t, s.task.Store(0x5a00000000001004, 1, 0))
		if trigger != 0x5a00000000001004 {
			t.Errorf("reported address = %#x, want 0x5a00000000001004 with its tag", trigger)
		}
		s.wantCounts("distance 0", "1")
	})
	onEvery(t, "V-88", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		calls := 0
		custom := func(*sim.Event, *sim.Hit) error { calls++; return nil }
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil)
		s.user(userAttr(hwdebug.W, 0x1000, 4), custom)
		a := s.begin(store, 0x1000, 4)
		s.step(a, false)
		early := kernel == "4.19.0" || kernel == "4.19.116"
		if early {
			s.wantW("both exact, before .130", "WCR0=0x1f4 WCR1=0x1f4")
			s.step(a, false)
			s.step(a, true)
			s.wantW("stepped", "WCR0=0x1f5 WCR1=0x1f5")
			s.wantCounts("once", "1 1")
			return
		}
		s.wantW("both exact: the one with its own handler is last", "")
		s.step(a, false)
		s.wantCounts("it traps again", "2 2")
		if calls != 2 {
			t.Errorf("the handler was called %d times, want 2", calls)
		}
	})
	onEvery(t, "V-89", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		calls := 0
		s.user(userAttr(hwdebug.W, 0x1000, 4), func(*sim.Event, *sim.Hit) error { calls++; return nil })
		a := s.begin(store, 0x1000, 4)
		for range 5 {
			s.step(a, false)
		}
		s.wantW("no step", "")
		s.wantCounts("five traps", "5")
		if calls != 5 {
			t.Errorf("the handler was called %d times, want 5", calls)
		}
		err := s.task.Store(0x1000, 4, 0)
		if err == nil || !strings.Contains(err.Error(), "traps again") {
			t.Errorf("Store that traps forever = %v, want an error that says so", err)
		}
	})
	onEvery(t, "V-90", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		attr := userAttr(hwdebug.W, 0x1000, 4)
		attr.SamplePeriod = 0
		s.user(attr, nil)
		before := s.w.entered("__perf_event_overflow")
		a := s.begin(store, 0x1000, 4)
		s.step(a, false)
		if n := s.w.entered("__perf_event_overflow") - before; n != 0 {
			t.Errorf("the handler was called %d times, want 0", n)
		}
		s.wantW("it steps", "WCR0=0x1f4")
		s.step(a, false)
		s.step(a, true)
		s.wantCounts("counted", "1")
	})
	onEvery(t, "V-91", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		var at []int
		hits := 0
		attr := userAttr(hwdebug.W, 0x1000, 4)
		attr.SamplePeriod = 3
		s.user(attr, func(*sim.Event, *sim.Hit) error { at = append(at, hits); return nil })
		a := s.begin(store, 0x1000, 4)
		for hits = 1; hits <= 7; hits++ {
			s.step(a, false)
		}
		s.wantCounts("seven hits", "7")
		if fmt.Sprint(at) != "[3 6]" {
			t.Errorf("the handler was called on hits %v, want [3 6]", at)
		}
	})
	onEvery(t, "V-92", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		x, w := userAttr(hwdebug.X, 0x400580, 4), userAttr(hwdebug.W, 0x1000, 4)
		s.user(x, nil)
		s.user(w, nil)
		a := s.begin(store, 0x1000, 4)
		s.step(a, false)
		s.wantW("the breakpoint", "BCR0=0x1e4")
		s.step(a, false)
		s.wantW("the watchpoint", "WCR0=0x1f4")
		s.step(a, false)
		s.wantW("the instruction", "")
		s.step(a, true)
		s.wantW("one step exception", "BCR0=0x1e5 WCR0=0x1f5")
		s.wantCounts("both", "1 1")
	})
	onEvery(t, "V-93", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil)
		must(t, s.task.PtraceSinglestep(true))
		must(t, s.m.CPU(0).ContextSwitch(s.task))
		s.w.writes()
		err := s.task.Store(0x1000, 4, 0)
		var sig *sim.Signal
		if !errors.As(err, &sig) || sig.Name != "SIGTRAP" || sig.Info.CodeName() != "TRAP_TRACE" {
			t.Errorf("Store = %v, want SIGTRAP TRAP_TRACE", err)
		}
		// The watchpoint is disabled and enabled again before the signal.
		const want = "WCR0=0x1f4 WCR0=0x1f5"
		if got := wregs(s.w.writes()); !strings.HasPrefix(got, want) {
			t.Errorf("writes = %s, want %s ...", got, want)
		}
		s.wantCounts("hit once", "1")
	})
	onEvery(t, "V-94", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		el0 := open(t, m, kernelRW(userAddr, false), nil, 0)
		el1 := open(t, m, kernelRW(addrA, false), nil, 0)
		wantSlots(t, "V-94", "0 1", el0, el1)
		w := watch(t, m, 0)
		must(t, m.CPU(0).Store(addrA, 8, 1))
		w.want("the hit and its step", "WCR0=0x1ffc WCR1=0x1ffa M=0xb001 WCR1=0x1ffb WCR0=0x1ffd M=0xb000")
		if el0.Count() != 0 || el1.Count() != 1 {
			t.Errorf("Counts = %d and %d, want 0 and 1", el0.Count(), el1.Count())
		}
		must(t, m.CheckInvariants())
	})
	onEvery(t, "V-95", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		must(t, s.m.CPU(0).ContextSwitch(nil))
		wide := open(t, s.m, userW(0x2000), nil, 0)
		own, err := s.m.RegisterUserHwBreakpoint(userW(0x1000), nil, s.task)
		must(t, err)
		other := newTask(t, s.m, "u", 0)
		must(t, s.m.CPU(0).ContextSwitch(s.task))
		wantSlots(t, "V-95", "0 1", wide, own)
		s.w.writes()
		a := s.begin(store, 0x1000, 4)
		s.step(a, false)
		s.wantW("a step over its own event: every EL0 slot is off", "WCR0=0x1f4 WCR1=0x1f4")
		must(t, s.m.CPU(0).ContextSwitch(other))
		s.wantW("switched out: its own is uninstalled, the CPU's is on again", "WCR1=0x0 WCR0=0x1f5")
		must(t, s.m.CPU(0).ContextSwitch(s.task))
		s.wantW("switched in: both are off", "WCR0=0x1f4 WVR1=0x1000 WCR1=0x1f4")
		s.step(a, false)
		s.step(a, true)
		s.wantW("the step exception", "WCR0=0x1f5 WCR1=0x1f5")
		must(t, s.m.CheckInvariants())
	})
	onEvery(t, "V-96", func(t *testing.T, kernel string) {
		// 4.19 uses unprivileged instructions only on a core with UAO.
		s := newScene(t, kernel, func(c *sim.Config) { c.CPU = "cortex-a76" })
		el1 := open(t, s.m, kernelRW(addrA, false), nil, 0)
		ev := s.user(userAttr(hwdebug.W, 0x1000, 4), nil)
		wantSlots(t, "V-96", "0 1", el1, ev)
		since := s.m.Recorder().Seq()
		must(t, s.m.CPU(0).PutUser(0x1000, 4, 5))
		want := "0"
		if kernel == "4.19.0" || kernel == "4.19.116" {
			want = "1"
		}
		s.wantCounts("the callback", want)
		if n := len(s.traps("watchpoint_handler", since)); n != 1 {
			t.Errorf("%d exceptions, want 1", n)
		}
		s.w.want("a kernel step in either case",
			"WCR1=0x1f4 WCR0=0x1ffa M=0xb001 WCR0=0x1ffb WCR1=0x1f5 M=0xb000")
		if v, err := s.task.Load(0x1000, 4); err != nil || v != 5 {
			t.Errorf("Load = %d, %v; want 5, nil", v, err)
		}
		must(t, s.m.CheckInvariants())
	})
	// The second row of 6.5: without an EL1 event KDE is clear and the copy does not trap.
	onEvery(t, "R-EXC-17 without an EL1 event", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, func(c *sim.Config) { c.CPU = "cortex-a76" })
		s.user(userAttr(hwdebug.W, 0x1000, 4), nil)
		must(t, s.m.CPU(0).PutUser(0x1000, 4, 5))
		s.wantCounts("no exception", "0")
		s.w.want("no exception", "")
	})
	onEvery(t, "R-STEP-14", func(t *testing.T, kernel string) {
		// An instruction with a breakpoint of the default handler and one of ptrace: the signal precedes
		// the step, PTRACE_CONT cancels the step, and the bank stays off.
		s := newScene(t, kernel, nil)
		s.user(userAttr(hwdebug.X, 0x400580, 4), nil)
		must(t, s.task.PtraceSet(hwdebug.HwBreak, 0, 0x400580, 0x1e5))
		must(t, s.m.CPU(0).ContextSwitch(s.task))
		s.w.writes()
		err := s.task.Exec(0x400580)
		var sig *sim.Signal
		if !errors.As(err, &sig) || sig.Info.CodeName() != "TRAP_HWBKPT" || sig.Info.Addr != 0x400580 {
			t.Fatalf("Exec = %v, want SIGTRAP TRAP_HWBKPT at 0x400580", err)
		}
		if v := reg(t, s.m, 0, arm64.BCR, 0); v != 0x1e4 {
			t.Errorf("BCR0 = %#x, want 0x1e4: it stays off", v)
		}
		must(t, s.task.Exec(0x400580))
		s.wantCounts("the second time, with the bank off", "1")
	})
}

// TestVectorsPtrace runs V-97 to V-104.
func TestVectorsPtrace(t *testing.T) {
	entry := func(t *testing.T, task *sim.Task, which hwdebug.PtraceSet, idx int, addr uint64, ctrl uint32) {
		t.Helper()
		a, c, err := task.PtraceGet(which, idx)
		must(t, err)
		if a != addr || c != ctrl {
			t.Errorf("entry %d = %#x, %#x; want %#x, %#x", idx, a, c, addr, ctrl)
		}
	}
	on := func(t *testing.T, kernel string) *sim.Task {
		return newTask(t, vectorMachine(t, kernel), "tracee", 1)
	}
	onEvery(t, "V-97", func(t *testing.T, kernel string) {
		b, err := on(t, kernel).PtraceRead(hwdebug.HwWatch)
		must(t, err)
		if len(b) != 264 || binary.LittleEndian.Uint32(b) != 0x604 {
			t.Fatalf("%d bytes with info %#x, want 264 with 0x604", len(b), b[:4])
		}
		for i, x := range b[4:] {
			if x != 0 {
				t.Errorf("byte %d = %#x, want 0", i+4, x)
			}
		}
		info, err := on(t, kernel).PtraceInfo(hwdebug.HwBreak)
		must(t, err)
		if info != 0x606 {
			t.Errorf("PtraceInfo of the breakpoint set = %#x, want 0x606 (R-PTR-3)", info)
		}
	})
	onEvery(t, "V-98", func(t *testing.T, kernel string) {
		task := on(t, kernel)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1004, 0x1f5))
		entry(t, task, hwdebug.HwWatch, 0, 0x1000, 0x1e15)
	})
	onEvery(t, "V-99", func(t *testing.T, kernel string) {
		task := on(t, kernel)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1e15))
		entry(t, task, hwdebug.HwWatch, 0, 0x1000, 0x1e15)
		must(t, task.PtraceSetHBPRegs(nil, -2, 0x1e15)) // the control word alone
		entry(t, task, hwdebug.HwWatch, 0, 0x1008, 0x1f5)
	})
	onEvery(t, "V-100", func(t *testing.T, kernel string) {
		err := on(t, kernel).PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x05<<5|0x15)
		wantErrno(t, "BAS 0x05", err, syscall.EINVAL)
	})
	onEvery(t, "V-101", func(t *testing.T, kernel string) {
		task := on(t, kernel)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1004, 0x1f5))
		must(t, task.PtraceSetHBPRegs(nil, -2, 0))
		entry(t, task, hwdebug.HwWatch, 0, 0x1000, 0x1e14)
	})
	onEvery(t, "V-102", func(t *testing.T, kernel string) {
		task := on(t, kernel)
		err := task.PtraceWrite(hwdebug.HwWatch, make([]byte, 264))
		wantErrno(t, "16 entries of zeros", err, syscall.ENOSPC)
		for i := range 16 {
			want := uint32(0)
			if i < 4 {
				want = 0x1fc // a freshly created event (R-PTR-9)
			}
			entry(t, task, hwdebug.HwWatch, i, 0, want)
		}
	})
	onEvery(t, "V-103", func(t *testing.T, kernel string) {
		err := on(t, kernel).PtraceSet(hwdebug.HwBreak, 0, 0x1000, 0x1f5)
		wantErrno(t, "type 2 in the breakpoint set", err, syscall.EINVAL)
	})
	onEvery(t, "V-104", func(t *testing.T, kernel string) {
		wantErrno(t, "12 bytes", on(t, kernel).PtraceWrite(hwdebug.HwWatch, make([]byte, 12)), syscall.EINVAL)
	})
}
