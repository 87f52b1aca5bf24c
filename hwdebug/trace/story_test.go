// A small story told to a recorder by hand, for the tests of every writer.

package trace_test

import (
	"slices"
	"testing"
	"time"

	. "github.com/hwlua/hwlua/hwdebug/trace"
)

// fns is a small table of modelled functions.
var fns = []Fn{
	{Name: "register_wide_hw_breakpoint", File: "kernel/events/hw_breakpoint.c", Ret: Errno},
	{Name: "perf_event_create_kernel_counter", File: "kernel/events/core.c",
		Args: []Arg{{"cpu", CPU}, {"task", PID}}, Ret: Event},
	{Name: "reserve_bp_slot", File: "kernel/events/hw_breakpoint.c",
		Args: []Arg{{"bp", Event}, {"type", Slot}}, Ret: Errno},
	{Name: "toggle_bp_slot", File: "kernel/events/hw_breakpoint.c",
		Args: []Arg{{"bp", Event}, {"enable", Switch}}, Ret: NoValue, Inlined: true},
	{Name: "smp_call_function_single", File: "kernel/smp.c", Args: []Arg{{"cpu", CPU}}, Ret: Errno},
	{Name: "remote_function", File: "kernel/events/core.c", Ret: NoValue},
	{Name: "hw_breakpoint_control", File: "arch/arm64/kernel/hw_breakpoint.c",
		Args: []Arg{{"bp", Event}, {"ops", Op}}, Ret: Errno},
	{Name: "enable_debug_monitors", File: "arch/arm64/kernel/debug-monitors.c",
		Args: []Arg{{"el", Level}}, Ret: NoValue},
	{Name: "write_wb_reg", File: "arch/arm64/kernel/hw_breakpoint.c",
		Args: []Arg{{"reg", Bank}, {"n", Int}, {"val", Hex}}, Ret: NoValue},
	{Name: "process_one_work", File: "kernel/workqueue.c", Args: []Arg{{"work", Text}}, Ret: NoValue},
	{Name: "delayed_work_timer_fn", File: "kernel/workqueue.c", Args: []Arg{{"expires", Jiffy}},
		Ret: NoValue},
	{Name: "msleep", File: "kernel/time/timer.c", Args: []Arg{{"msecs", Int}}, Ret: NoValue},
	{Name: "perf_bp_event", File: "kernel/events/hw_breakpoint.c", Args: []Arg{{"bp", Event}}, Ret: NoValue},
}

// A teller enters and leaves functions as a machine does.
type teller struct {
	t   testing.TB
	rec *Recorder
	now time.Duration
}

// A stack is one thread of the story.
type stack struct {
	*teller
	cpu  int
	pid  int32
	comm string
	node []NodeID
	seqs []uint64
}

func newTeller(t testing.TB, size int) *teller {
	return &teller{t: t, rec: NewRecorder(NewTable(fns), 2, size)}
}

func (t *teller) thread(cpu int, pid int32, comm string, frames ...string) *stack {
	s := &stack{teller: t, cpu: cpu, pid: pid, comm: comm}
	for _, f := range frames {
		s.frame(f)
	}
	return s
}

func (s *stack) top() NodeID {
	if len(s.node) == 0 {
		return 0
	}
	return s.node[len(s.node)-1]
}

// frame enters a function that is not modelled.
func (s *stack) frame(name string) {
	s.node = append(s.node, s.rec.Child(s.top(), KeyOf(s.rec.Name(name), false)))
	s.seqs = append(s.seqs, 0)
}

func (s *stack) enter(name string, args ...uint64) {
	s.t.Helper()
	fn, ok := s.rec.Lookup(name)
	if !ok {
		s.t.Fatalf("the story tells of %s, which is not in its table", name)
	}
	s.node = append(s.node, s.rec.Child(s.top(), KeyOf(uint32(fn), fns[fn].Inlined)))
	r := s.rec.Next()
	r.Fn, r.Node, r.T, r.CPU, r.PID, r.Comm = fn, s.top(), s.now, int16(s.cpu), s.pid, s.rec.Name(s.comm)
	r.NArgs = uint8(copy(r.Args[:], args))
	s.seqs = append(s.seqs, r.Seq)
}

func (s *stack) exit(ret int64) {
	n := len(s.node) - 1
	s.rec.Exit(s.seqs[n], ret)
	s.node, s.seqs = s.node[:n], s.seqs[:n]
}

func (s *stack) call(ret int64, name string, args ...uint64) {
	s.t.Helper()
	s.enter(name, args...)
	s.exit(ret)
}

const (
	w1, w2, b3 = 1<<1 | 1, 2<<1 | 1, 3 << 1
	none       = ^uint64(0)
)

// install performs the calls of one CPU that install an event in a slot.
func (s *stack) install(ev uint64, slot int64, addr uint64) {
	s.enter("hw_breakpoint_control", ev, 0)
	s.call(0, "enable_debug_monitors", 1)
	s.call(0, "write_wb_reg", 32, uint64(slot), addr)
	s.call(0, "write_wb_reg", 48, uint64(slot), 0x1ffb)
	s.exit(slot)
}

// story records a wide registration with a cross call, a refusal, work that sleeps, a hit, and a
// call that has not returned.
func story(t testing.TB, size int) *Recorder {
	tell := newTeller(t, size)
	tell.now = 12_500
	script := tell.thread(0, 1, "hwlua", "watch_everything")
	script.enter("register_wide_hw_breakpoint")
	for cpu, ev := range []uint64{w1, w2} {
		script.enter("perf_event_create_kernel_counter", uint64(cpu), none)
		script.enter("reserve_bp_slot", ev, 1)
		script.call(0, "toggle_bp_slot", ev, 1)
		script.exit(0)
		script.enter("smp_call_function_single", uint64(cpu))
		if cpu == 0 {
			script.enter("remote_function")
			script.install(ev, 0, 0xffffff8008c5a000)
			script.exit(0)
		} else {
			idle := tell.thread(1, 0, "swapper/1", "secondary_start_kernel", "do_idle", "el1_irq")
			idle.enter("remote_function")
			idle.install(ev, 0, 0xffffff8008c5a000)
			idle.exit(0)
		}
		script.exit(0)
		script.exit(int64(ev))
	}
	script.exit(0)

	tell.now = 28_809_660_123
	idle := tell.thread(1, 0, "swapper/1", "secondary_start_kernel", "do_idle", "el1_irq")
	idle.call(0, "delayed_work_timer_fn", 4_294_899_502)
	kworker := tell.thread(1, 34, "kworker/1:1", "ret_from_fork", "kthread", "worker_thread")
	work := tell.rec.Name("watch_point_delayed_work_func")
	kworker.enter("process_one_work", uint64(work))
	kworker.frame("watch_point_delayed_work_func")
	kworker.enter("perf_event_create_kernel_counter", none, 34)
	kworker.call(-28, "reserve_bp_slot", b3, 0)
	kworker.exit(0)
	kworker.enter("msleep", 20)
	tell.now += 20_000_000
	kworker.exit(0)
	kworker.call(0, "perf_bp_event", w2)
	kworker.enter("hw_breakpoint_control", w2, 1)
	return tell.rec
}

// entries returns all entries of the story.
func entries(t testing.TB) []Entry {
	return slices.Collect(story(t, 100).Entries(Filter{}, Full))
}
