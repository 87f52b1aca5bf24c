// Fuzzing: bytes become calls and choices; the invariants must hold after each, and two runs must
// agree.

package sim_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A player makes the calls that its input encodes.
type player struct {
	m      *sim.Machine
	in     []byte
	tasks  []*sim.Task
	events []*sim.Event
	wides  []*sim.Wide
	works  []*sim.Work
	hand   bool
	log    bytes.Buffer
}

func (p *player) byte() byte {
	if len(p.in) == 0 {
		return 0
	}
	b := p.in[0]
	p.in = p.in[1:]
	return b
}

func (p *player) n(n int) int { return int(p.byte()) % n }

func pick[T any](p *player, list []T) (v T, ok bool) {
	if len(list) == 0 {
		return v, false
	}
	return list[p.n(len(list))], true
}

var fuzzAddrs = [...]uint64{
	0x400000, 0x400004, 0x400001, 0x400580, 0x7ffffffffc, 0xffffff8008080000, 0xffffff8008080008,
	0xffffff8008080004, 0xfffffffffffffffc, 0xfffffffffffffff8, 0,
}

func (p *player) addr() uint64 { return fuzzAddrs[p.n(len(fuzzAddrs))] }

func (p *player) attr() hwdebug.Attr {
	a := hwdebug.Attr{Type: hwdebug.BPType(p.n(6)), Addr: p.addr(), Len: uint64(p.n(10))}
	f := p.byte()
	a.Disabled, a.Pinned, a.Inherit = f&1 != 0, f&2 != 0, f&4 != 0
	a.ExcludeKernel, a.ExcludeUser, a.EnableOnExec = f&8 != 0, f&16 != 0, f&32 != 0
	if f&64 != 0 {
		a.SamplePeriod = 3
	}
	return a
}

// handler returns one of several overflow handlers, nil among them.
func (p *player) handler() sim.Handler {
	switch p.n(4) {
	case 0:
		return nil
	case 1:
		return func(ev *sim.Event, _ *sim.Hit) error { return p.m.PerfEventDisable(ev) }
	case 2:
		n := 0
		return func(_ *sim.Event, h *sim.Hit) error { n++; h.Skip = n%3 == 0; return nil }
	}
	return func(*sim.Event, *sim.Hit) error { return nil }
}

// body returns a task body that returns, sleeps, stores or queues work.
func (p *player) body(depth int) func(*sim.Task) error {
	k, a, n := p.n(4), p.addr(), p.n(40)
	return func(t *sim.Task) error {
		switch k {
		case 0:
			return nil
		case 1:
			return p.m.Msleep(time.Duration(n) * time.Millisecond)
		case 2:
			_ = t.Store(a, 4, uint64(n))
			_ = p.m.Msleep(3e6)
			_ = t.Store(a, 1, 0)
			return nil
		}
		if w, ok := pick(&player{in: []byte{byte(n)}}, p.works); ok && depth < 3 {
			_, _ = p.m.ScheduleWork(w)
			_, _ = p.m.ScheduleDelayedWork(w, ticks(p.m, uint64(n)))
		}
		return nil
	}
}

// call decodes and makes one call. An error is a valid answer, which play records.
func (p *player) call() error {
	m := p.m
	switch op := p.n(34); op {
	case 0:
		cfg := sim.TaskConfig{CPU: p.n(m.NrCPUs() + 1), Compat: p.n(4) == 0}
		if p.n(3) == 0 {
			cfg.Body = p.body(0)
		}
		t, err := m.NewTask(cfg)
		if err == nil {
			p.tasks = append(p.tasks, t)
		}
		return err
	case 1, 2:
		var t *sim.Task
		if p.n(2) == 0 {
			t, _ = pick(p, p.tasks)
		}
		ev, err := m.PerfEventOpen(p.attr(), t, p.n(m.NrCPUs()+2)-1)
		if err == nil {
			p.events = append(p.events, ev)
		}
		return err
	case 3:
		w, err := m.RegisterWideHwBreakpoint(p.attr(), p.handler())
		if err == nil {
			p.wides = append(p.wides, w)
		}
		return err
	case 4:
		t, ok := pick(p, p.tasks)
		if !ok {
			return nil
		}
		ev, err := m.RegisterUserHwBreakpoint(p.attr(), p.handler(), t)
		if err == nil {
			p.events = append(p.events, ev)
		}
		return err
	case 5:
		if w, ok := pick(p, p.wides); ok {
			return m.UnregisterWideHwBreakpoint(w)
		}
	case 6, 7, 8, 9, 10, 11, 12:
		ev, ok := pick(p, p.events)
		if !ok {
			return nil
		}
		switch op {
		case 6:
			return ev.Close()
		case 7:
			return ev.Enable()
		case 8:
			return ev.Disable()
		case 9:
			return ev.Modify(p.attr())
		case 10:
			return m.ModifyUserHwBreakpoint(ev, p.attr())
		case 11:
			return m.UnregisterHwBreakpoint(ev)
		}
		_, _, err := ev.Read()
		return err
	case 13, 14, 15, 16, 17, 18, 19, 20:
		t, ok := pick(p, p.tasks)
		if !ok {
			return nil
		}
		switch op {
		case 13:
			return t.Store(p.addr(), 1<<p.n(5), uint64(p.byte()))
		case 14:
			_, err := t.Load(p.addr(), 1<<p.n(5))
			return err
		case 15:
			return t.Exec(p.addr())
		case 16:
			return t.Migrate(p.n(m.NrCPUs()))
		case 17:
			c, err := t.Fork("", 0)
			if err == nil {
				p.tasks = append(p.tasks, c)
			}
			return err
		case 18:
			if p.n(2) == 0 {
				return t.Execve()
			}
			return t.Exit()
		case 19:
			which, idx, addr := hwdebug.PtraceSet(p.n(2)), p.n(6), p.addr()
			return t.PtraceSet(which, idx, addr, uint32(p.byte())<<5|uint32(p.byte()))
		}
		return m.CPU(t.CPU()).ContextSwitch(t)
	case 21:
		return m.CPU(p.n(m.NrCPUs())).ContextSwitch(nil)
	case 22:
		return m.CPU(p.n(m.NrCPUs())).Store(p.addr(), 8, 1)
	case 23:
		_, err := m.CPU(p.n(m.NrCPUs())).GetUser(p.addr(), 4)
		return err
	case 24:
		return m.CPUDown(p.n(m.NrCPUs()))
	case 25:
		return m.CPUUp(p.n(m.NrCPUs()))
	case 26:
		n := p.n(m.NrCPUs())
		if err := m.CPUSuspend(n); err != nil {
			return err
		}
		return m.CPUResume(n)
	case 27:
		k, n := p.n(3), p.n(len(fuzzAddrs))
		name := fmt.Sprintf("work%d", len(p.works))
		fn := func() error {
			switch k {
			case 0:
				return m.Msleep(time.Duration(n) * time.Millisecond)
			case 1:
				if ev, ok := pick(&player{in: []byte{byte(n)}}, p.events); ok {
					_ = m.PerfEventDisable(ev)
					_ = m.PerfEventEnable(ev)
				}
			}
			return nil
		}
		p.works = append(p.works, m.NewDelayedWork(name, fn), m.NewWork(name, fn))
	case 28, 29:
		w, ok := pick(p, p.works)
		if !ok {
			return nil
		}
		var err error
		switch {
		case w.Delayed() && op == 28:
			_, err = m.QueueDelayedWorkOn(p.n(m.NrCPUs()), w, ticks(m, uint64(p.byte())))
		case w.Delayed():
			_, err = m.ModDelayedWorkOn(p.n(m.NrCPUs()), w, ticks(m, uint64(p.byte())))
		default:
			_, err = m.QueueWorkOn(p.n(m.NrCPUs()), w)
		}
		return err
	case 30:
		w, ok := pick(p, p.works)
		if !ok {
			return nil
		}
		var err error
		switch k := p.n(2); {
		case w.Delayed() && k == 0:
			_, err = m.CancelDelayedWorkSync(w)
		case w.Delayed():
			_, err = m.FlushDelayedWork(w)
		case k == 0:
			_, err = m.CancelWorkSync(w)
		default:
			_, err = m.FlushWork(w)
		}
		return err
	case 31:
		return m.Msleep(time.Duration(p.byte()) * time.Millisecond)
	case 32:
		_, err := m.Run()
		return err
	case 33:
		if !p.hand {
			return p.driver()
		}
		c := m.CPU(p.n(m.NrCPUs()))
		ev, ok := pick(p, p.events)
		switch k := p.n(5); {
		case k == 0 || !ok:
			return c.WriteWbReg(16*p.n(4), p.n(18), uint64(p.byte())<<5|uint64(p.byte()))
		case k == 1:
			_, err := c.HwBreakpointSlotSetup(p.n(2) == 0, ev, p.n(5))
			return err
		case k == 2:
			_, err := c.HwBreakpointControl(ev, p.n(5))
			return err
		case k == 3:
			return c.EventSchedIn(ev)
		default:
			return c.EventSchedOut(ev)
		}
	}
	return nil
}

// play runs the calls that in encodes and returns the story: every answer, the registers after it,
// and the whole trace. A machine without a trace must give the same answers.
func play(t *testing.T, in []byte) string {
	answers, story := playOn(t, in, 512)
	if quiet, _ := playOn(t, in, -1); quiet != answers {
		t.Fatalf("the answers without a trace differ:\n%s\n---\n%s", quiet, answers)
	}
	return answers + story
}

// playOn plays in on a machine with that TraceSize.
func playOn(t *testing.T, in []byte, traceSize int) (answers, story string) {
	p := &player{in: in}
	m, err := sim.New(p.config(traceSize))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	return p.play(t, m)
}

// config decodes the configuration of the machine that the input is for.
func (p *player) config(traceSize int) sim.Config {
	head := p.byte()
	kernels := sim.Profiles()
	cfg := sim.Config{
		CPUs: 1 + int(head)%3, Kernel: kernels[int(head>>2)%len(kernels)],
		TraceSize: traceSize, Seed: uint64(p.byte()),
	}
	if head&0x80 != 0 {
		cfg.BRPsPerCPU = []int{6, 2, 6}[:cfg.CPUs]
		cfg.WRPsPerCPU = []int{4, 2, 3}[:cfg.CPUs]
	}
	return cfg
}

// play makes the calls that the rest of the input encodes.
func (p *player) play(t *testing.T, m *sim.Machine) (answers, story string) {
	p.hand = p.byte()%4 == 0
	p.m = m
	calls := 0
	m.SetInterrupt(func() error {
		if calls++; calls > 20000 {
			return errors.New("enough")
		}
		return nil
	})
	for step := 0; len(p.in) > 0 && step < 200; step++ {
		err := p.call()
		fmt.Fprintf(&p.log, "%d %v\n", step, err)
		if err := m.CheckInvariants(); err != nil {
			t.Fatalf("after step %d: %v\n%s", step, err, p.log.String())
		}
		for n := range m.NrCPUs() {
			p.registers(m.CPU(n))
		}
	}
	answers = p.log.String()
	p.log.Reset()
	for _, line := range m.Dmesg() {
		p.log.WriteString(line + "\n")
	}
	if err := trace.WriteText(&p.log, m.Recorder().Entries(trace.Filter{}, trace.Full)); err != nil {
		t.Fatal(err)
	}
	return answers, p.log.String()
}

// registers adds a CPU's registers to the story.
func (p *player) registers(c *sim.CPU) {
	v, err := c.MDSCR()
	fmt.Fprintf(&p.log, "cpu%d %x %v", c.ID(), v, err)
	for i := range 2*c.BRPs() + 2*c.WRPs() {
		banks, n := []int{arm64.BVR, arm64.BCR}, i
		if i >= 2*c.BRPs() {
			banks, n = []int{arm64.WVR, arm64.WCR}, i-2*c.BRPs()
		}
		v, _ := c.Reg(banks[n%2], n/2) // fails while the CPU is suspended, as MDSCR has above
		fmt.Fprintf(&p.log, " %x", v)
	}
	fmt.Fprintln(&p.log)
}

func FuzzMachine(f *testing.F) {
	f.Add([]byte{1, 0, 1, 0, 0, 1, 1, 1, 0, 3, 4, 5, 8, 2, 0})
	f.Add([]byte{9, 7, 0, 27, 1, 2, 28, 0, 1, 9, 32, 31, 200, 0, 1, 0, 0, 3, 2, 20, 0})
	f.Add([]byte("the quick brown fox jumps over the lazy dog, and again and again"))
	f.Fuzz(func(t *testing.T, in []byte) {
		first := play(t, in)
		if second := play(t, in); first != second {
			t.Fatalf("the same bytes give two stories:\n%s\n---\n%s", first, second)
		}
	})
}
