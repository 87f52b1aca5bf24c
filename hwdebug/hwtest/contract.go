// What hwdebug.Target and its optional interfaces promise, one check for each promise.

package hwtest

import (
	"errors"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// features are the features and whether a target has the interface of one.
var features = []struct {
	f   hwdebug.Feature
	has func(hwdebug.Target) bool
}{
	{hwdebug.FeatureKernelEvents, is[hwdebug.KernelRegistrar]},
	{hwdebug.FeatureKernelAccess, is[hwdebug.Target]},
	{hwdebug.FeatureTasks, is[hwdebug.Tasker]},
	{hwdebug.FeatureUserCopy, is[hwdebug.UserCopier]},
	{hwdebug.FeatureRegisters, is[hwdebug.Dumper]},
	{hwdebug.FeaturePtrace, is[hwdebug.Ptracer]},
	{hwdebug.FeatureSwitch, is[hwdebug.Switcher]},
	{hwdebug.FeatureHotplug, is[hwdebug.Hotplugger]},
}

func is[T any](tg hwdebug.Target) bool {
	_, ok := tg.(T)
	return ok
}

// A check is one promise.
type check struct {
	name  string
	needs []hwdebug.Feature
	run   func(*testing.T, hwdebug.Target, conform.Meta)
}

// needs is a list of features.
func needs(fs ...hwdebug.Feature) []hwdebug.Feature { return fs }

func contract(t *testing.T, s suite) {
	t.Run("what is supported is there", func(t *testing.T) {
		tg := s.target(t)
		for _, feature := range features {
			err := tg.Supports(feature.f)
			if err == nil && !feature.has(tg) {
				t.Errorf("%s is supported, and its interface is missing", feature.f)
			}
			if err != nil && err.Error() == "" {
				t.Errorf("%s is refused without a reason", feature.f)
			}
		}
		if tg.Supports("time travel") == nil {
			t.Error("a feature that nobody knows is supported")
		}
		if tg.CPUs() < 1 || tg.BRPs() < 1 || tg.WRPs() < 1 {
			t.Errorf("%d CPUs, %d breakpoint and %d watchpoint registers", tg.CPUs(), tg.BRPs(), tg.WRPs())
		}
	})
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(t, s.target(t, c.needs...), s.meta) })
	}
}

func newTask(t *testing.T, tg hwdebug.Target, cpu int) hwdebug.TaskID {
	t.Helper()
	id, err := tg.(hwdebug.Tasker).NewTask(cpu)
	if err != nil {
		t.Fatalf("no task on cpu %d: %v", cpu, err)
	}
	return id
}

func open(t *testing.T, tg hwdebug.Target, a hwdebug.Attr, task hwdebug.TaskID, cpu int) hwdebug.EventID {
	t.Helper()
	id, err := tg.Open(a, task, cpu)
	if err != nil {
		t.Fatalf("open of %+v for task %d on cpu %d: %v", a, task, cpu, err)
	}
	return id
}

func count(t *testing.T, tg hwdebug.Target, ev hwdebug.EventID) uint64 {
	t.Helper()
	n, ok, err := tg.Read(ev)
	if err != nil || !ok {
		t.Fatalf("read of event %d: ok %v, %v", ev, ok, err)
	}
	return n
}

// must fails t unless a call worked.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails t unless err is that errno.
func refused(t *testing.T, what string, err error, errno syscall.Errno) {
	t.Helper()
	if !errors.Is(err, errno) {
		t.Errorf("%s: %v, not %s", what, err, hwdebug.ErrnoName(errno))
	}
}

// does lets task make one access that nothing stops.
func does(t *testing.T, tg hwdebug.Target, task hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) {
	t.Helper()
	trap, err := tg.Access(task, k, addr, size)
	if err != nil || trap.N != 0 {
		t.Fatalf("%s of %d bytes at 0x%x: trap %+v, %v", k, size, addr, trap, err)
	}
}

// controls returns the control registers that are not 0 when task runs.
func controls(t *testing.T, tg hwdebug.Target, task hwdebug.TaskID) (r hwdebug.Regs, used int) {
	t.Helper()
	must(t, tg.(hwdebug.Dumper).DumpTask(task, &r))
	for _, bank := range [][]uint64{r.BCR, r.WCR} {
		for _, v := range bank {
			if v != 0 {
				used++
			}
		}
	}
	return r, used
}

// fills opens events of typ for task on cpu until one is refused, which must be for ENOSPC, and returns how many
// went in.
func fills(t *testing.T, tg hwdebug.Target, typ hwdebug.BPType, addr uint64, task hwdebug.TaskID, cpu int) (ids []hwdebug.EventID) {
	t.Helper()
	for len(ids) < 100 {
		id, err := tg.Open(hwdebug.Attr{Type: typ, Addr: addr + 8*uint64(len(ids)), Len: 4}, task, cpu)
		if err != nil {
			refused(t, "one event too many", err, syscall.ENOSPC)
			return ids
		}
		ids = append(ids, id)
	}
	t.Fatal("events without end")
	return nil
}

func ids(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, not %d", what, got, want)
	}
}

var checks = []check{
	{"as many events of a kind fit as there are registers, on every CPU", nil, func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		for cpu := range tg.CPUs() {
			ids(t, "watchpoints", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, cpu)), tg.WRPs())
			ids(t, "breakpoints", len(fills(t, tg, hwdebug.X, m.UCode, hwdebug.NoTask, cpu)), tg.BRPs())
		}
	}},
	{"a close gives its slot back at once", nil, func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		full := fills(t, tg, hwdebug.RW, m.UBuf, hwdebug.NoTask, 0)
		must(t, tg.Close(full[len(full)/2]))
		ids(t, "watchpoints after one close", len(fills(t, tg, hwdebug.R, m.UBuf+512, hwdebug.NoTask, 0)), 1)
	}},
	{"a disabled event holds its slot", nil, func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		for range tg.WRPs() {
			open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf, Len: 4, Disabled: true}, hwdebug.NoTask, 0)
		}
		ids(t, "watchpoints beside disabled ones", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 0)), 0)
	}},
	{"a malformed request is refused and reserves nothing", nil, func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		for _, tc := range []struct {
			name string
			a    hwdebug.Attr
			cpu  int
		}{
			{"length 0", hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf}, 0},
			{"length 9", hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf, Len: 9}, 0},
			{"type 0", hwdebug.Attr{Addr: m.UBuf, Len: 4}, 0},
			{"type read or execute", hwdebug.Attr{Type: hwdebug.R | hwdebug.X, Addr: m.UBuf, Len: 4}, 0},
			{"type read, write or execute", hwdebug.Attr{Type: hwdebug.Invalid, Addr: m.UBuf, Len: 4}, 0},
			{"a CPU that is not there", hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf, Len: 4}, 4096},
			{"neither task nor CPU", hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf, Len: 4}, -1},
		} {
			_, err := tg.Open(tc.a, hwdebug.NoTask, tc.cpu)
			refused(t, tc.name, err, syscall.EINVAL)
		}
		ids(t, "watchpoints after refusals", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 0)), tg.WRPs())
	}},
	{"a full CPU refuses a malformed request for want of room", nil, func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 0)
		_, err := tg.Open(hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf}, hwdebug.NoTask, 0)
		refused(t, "length 0 on a full CPU", err, syscall.ENOSPC)
	}},
	{"an event counts the accesses of its kind, and each once", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		for _, tc := range []struct {
			typ                hwdebug.BPType
			load, store, fetch uint64
		}{{hwdebug.R, 1, 0, 0}, {hwdebug.W, 0, 1, 0}, {hwdebug.RW, 1, 1, 0}, {hwdebug.X, 0, 0, 1}} {
			addr := m.UBuf + 64
			if tc.typ == hwdebug.X {
				addr = m.UCode + 64
			}
			ev := open(t, tg, hwdebug.Attr{Type: tc.typ, Addr: addr, Len: 4}, task, -1)
			for _, k := range []hwdebug.Kind{hwdebug.Load, hwdebug.Store, hwdebug.Exec} {
				at, want := m.UBuf+64, [...]uint64{tc.load, tc.store, tc.fetch}[k]
				if k == hwdebug.Exec {
					at = m.UCode + 64
				}
				before := count(t, tg, ev)
				for range 3 {
					does(t, tg, task, k, at, 4)
				}
				if got := count(t, tg, ev) - before; got != 3*want {
					t.Errorf("type %s counts %d of 3 %ss, not %d", tc.typ, got, k, 3*want)
				}
			}
			must(t, tg.Close(ev))
		}
	}},
	{"an access touches a watched byte or it does not", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		for length := 1; length <= 8; length++ {
			for off := 0; off+length <= 8; off++ {
				ev := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64 + uint64(off), Len: uint64(length)}, task, -1)
				for _, size := range []int{1, 2, 4, 8} {
					for at := 64 - 8; at <= 64+8; at++ {
						before := count(t, tg, ev)
						does(t, tg, task, hwdebug.Store, m.UBuf+uint64(at), size)
						want := boolCount(at < 64+off+length && 64+off < at+size)
						if got := count(t, tg, ev) - before; got != want {
							t.Errorf("a store of %d at +%d against %d bytes at +%d counts %d, not %d", size, at, length, 64+off, got, want)
						}
					}
				}
				must(t, tg.Close(ev))
			}
		}
	}},
	{"disable and enable stop and start the count, which stays", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		for _, cpu := range []int{-1, 1} {
			who := task
			if cpu >= 0 {
				who = hwdebug.NoTask
			}
			ev := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4, Disabled: true}, who, cpu)
			want := uint64(0)
			for i, call := range []func(hwdebug.EventID) error{nil, tg.Enable, tg.Enable, tg.Disable, tg.Disable, tg.Enable} {
				if call != nil {
					must(t, call(ev))
				}
				does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
				if on := i == 1 || i == 2 || i == 5; on {
					want++
				}
				if got := count(t, tg, ev); got != want {
					t.Errorf("on cpu %d, after call %d the count is %d, not %d", cpu, i, got, want)
				}
			}
			must(t, tg.Close(ev))
		}
	}},
	{"a CPU's event sees every task there and none elsewhere", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		here, too, there := newTask(t, tg, 1), newTask(t, tg, 1), newTask(t, tg, 2)
		ev := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, hwdebug.NoTask, 1)
		for _, task := range []hwdebug.TaskID{here, too, there} {
			does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		}
		if got := count(t, tg, ev); got != 2 {
			t.Errorf("two stores on its CPU and one elsewhere count %d", got)
		}
	}},
	{"a task's event follows the task, and one bound to a CPU counts only there", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task, other := newTask(t, tg, 1), newTask(t, tg, 1)
		follows := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, task, -1)
		bound := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, task, 1)
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		must(t, tg.(hwdebug.Tasker).Migrate(task, 2))
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		does(t, tg, other, hwdebug.Store, m.UBuf+64, 4)
		if a, b := count(t, tg, follows), count(t, tg, bound); a != 2 || b != 1 {
			t.Errorf("the counts are %d and %d, not 2 and 1", a, b)
		}
	}},
	{"an event outlives its task with its slot and count", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		ev := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, task, 1)
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		must(t, tg.(hwdebug.Tasker).Exit(task))
		if got := count(t, tg, ev); got != 1 {
			t.Errorf("the count is %d, not 1", got)
		}
		_, err := tg.Open(hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, task, -1)
		refused(t, "an event for a task that is gone", err, syscall.ESRCH)
		more := fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 1)
		ids(t, "watchpoints beside the one that is left", len(more), tg.WRPs()-1)
		must(t, tg.Close(ev))
		ids(t, "watchpoints after its close", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 1)), 1)
	}},
	{"modify moves the watch and keeps the count", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		a := hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}
		ev := open(t, tg, a, task, -1)
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		a.Addr, a.Type = m.UBuf+128, hwdebug.R
		must(t, tg.Modify(ev, a))
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		does(t, tg, task, hwdebug.Store, m.UBuf+128, 4)
		does(t, tg, task, hwdebug.Load, m.UBuf+128, 4)
		if got := count(t, tg, ev); got != 2 {
			t.Errorf("the count is %d, not 2", got)
		}
	}},
	{"a modify that is refused changes nothing of an event that runs", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		a := hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}
		ev := open(t, tg, a, task, -1)
		bad := a
		bad.Addr, bad.Len = m.UBuf+128, 9
		refused(t, "modify to length 9", tg.Modify(ev, bad), syscall.EINVAL)
		fills(t, tg, hwdebug.X, m.UCode, task, -1)
		full := a
		full.Type, full.Addr = hwdebug.X, m.UCode
		refused(t, "modify to a kind that is full", tg.Modify(ev, full), syscall.ENOSPC)
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		does(t, tg, task, hwdebug.Store, m.UBuf+128, 4)
		if got := count(t, tg, ev); got != 1 {
			t.Errorf("the count is %d, not 1", got)
		}
	}},
	{"an inherited event counts for both, the other only for its task", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		inherited := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4, Inherit: true}, task, -1)
		own := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, task, -1)
		child, err := tg.(hwdebug.Tasker).Fork(task)
		must(t, err)
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		does(t, tg, child, hwdebug.Store, m.UBuf+64, 4)
		if a, b := count(t, tg, inherited), count(t, tg, own); a != 2 || b != 1 {
			t.Errorf("the counts are %d and %d, not 2 and 1", a, b)
		}
		must(t, tg.(hwdebug.Tasker).Exit(child))
		if a := count(t, tg, inherited); a != 2 {
			t.Errorf("the count is %d after the child is gone, not 2", a)
		}
	}},
	{"a kernel access hits events on kernel addresses of its CPU", needs(hwdebug.FeatureKernelAccess), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		var evs []hwdebug.EventID
		for cpu := range 2 {
			evs = append(evs, open(t, tg, hwdebug.Attr{Type: hwdebug.RW, Addr: m.KBuf + 64, Len: 8}, hwdebug.NoTask, cpu))
		}
		must(t, tg.KernelAccess(1, hwdebug.Load, m.KBuf+64, 8))
		must(t, tg.KernelAccess(1, hwdebug.Store, m.KBuf+71, 1))
		must(t, tg.KernelAccess(1, hwdebug.Store, m.KBuf+72, 1))
		if a, b := count(t, tg, evs[0]), count(t, tg, evs[1]); a != 0 || b != 2 {
			t.Errorf("the counts are %d and %d, not 0 and 2", a, b)
		}
	}},
	{"a kernel address is not for a task's event", needs(hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		_, err := tg.Open(hwdebug.Attr{Type: hwdebug.W, Addr: m.KBuf, Len: 4}, task, -1)
		refused(t, "a kernel address for a task", err, syscall.EINVAL)
	}},
	{"a wide event takes a slot on every CPU, or none", needs(hwdebug.FeatureKernelEvents), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		k := tg.(hwdebug.KernelRegistrar)
		a := hwdebug.HwBreakpointInit()
		a.Type, a.Addr, a.Len = hwdebug.W, m.KBuf, 8
		w, err := k.RegisterWide(a, nil)
		must(t, err)
		last := tg.CPUs() - 1
		full := fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, last)
		ids(t, "watchpoints beside a wide one", len(full), tg.WRPs()-1)
		_, err = k.RegisterWide(a, nil)
		refused(t, "a wide event with the last CPU full", err, syscall.ENOSPC)
		ids(t, "watchpoints on the first CPU after that", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 0)), tg.WRPs()-1)
		must(t, k.UnregisterWide(w))
		ids(t, "watchpoints after the wide one is gone", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, last)), 1)
	}},
	{"a wide event counts the hits of all CPUs", needs(hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		k := tg.(hwdebug.KernelRegistrar)
		a := hwdebug.HwBreakpointInit()
		a.Type, a.Addr, a.Len = hwdebug.W, m.KBuf, 8
		w, err := k.RegisterWide(a, nil)
		must(t, err)
		for cpu := range tg.CPUs() {
			must(t, tg.KernelAccess(cpu, hwdebug.Store, m.KBuf, 8))
		}
		if got := count(t, tg, w); got != uint64(tg.CPUs()) {
			t.Errorf("%d CPUs with one store each count %d", tg.CPUs(), got)
		}
	}},
	{"a handler of a module is called again until it moves the pc", needs(hwdebug.FeatureKernelEvents, hwdebug.FeatureTasks), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		k := tg.(hwdebug.KernelRegistrar)
		task := newTask(t, tg, 1)
		a := hwdebug.HwBreakpointInit()
		a.Type, a.Addr, a.Len = hwdebug.W, m.UBuf+64, 4
		calls := 0
		var at uint64
		ev, err := k.RegisterUser(a, task, func(_ hwdebug.EventID, addr uint64) bool {
			calls++
			at = addr
			return calls == 5
		})
		must(t, err)
		does(t, tg, task, hwdebug.Store, m.UBuf+66, 1)
		if got := count(t, tg, ev); calls != 5 || got != 5 || at != m.UBuf+66 {
			t.Errorf("%d calls, count %d, the last for 0x%x; wanted are 5, 5 and 0x%x", calls, got, at, m.UBuf+66)
		}
		a.Addr = m.UBuf + 128
		must(t, k.ModifyUser(ev, a))
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		if calls != 5 {
			t.Errorf("the handler is called at the old address after a modify")
		}
		must(t, k.Unregister(ev))
		does(t, tg, task, hwdebug.Store, m.UBuf+128, 4)
		if calls != 5 {
			t.Errorf("the handler is called after the event is gone")
		}
	}},
	{"the kernel's copies to and from a user are not counted, and the watch goes on", needs(hwdebug.FeatureTasks, hwdebug.FeatureUserCopy), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		ev := open(t, tg, hwdebug.Attr{Type: hwdebug.RW, Addr: m.UBuf + 64, Len: 8}, task, -1)
		for _, k := range []hwdebug.Kind{hwdebug.Load, hwdebug.Store} {
			must(t, tg.(hwdebug.UserCopier).UserCopy(task, k, m.UBuf+64, 8))
		}
		if got := count(t, tg, ev); got != 0 {
			t.Errorf("two copies count %d", got)
		}
		does(t, tg, task, hwdebug.Load, m.UBuf+64, 8)
		if got := count(t, tg, ev); got != 1 {
			t.Errorf("a load after them makes the count %d, not 1", got)
		}
	}},
	{"registers hold what was asked for while the task runs, and nothing after", needs(hwdebug.FeatureTasks, hwdebug.FeatureRegisters), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		w := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 68, Len: 4}, task, -1)
		x := open(t, tg, hwdebug.Attr{Type: hwdebug.X, Addr: m.UCode + 64, Len: 4}, task, -1)
		r, used := controls(t, tg, task)
		const mde = 1 << 15
		if used != 2 || r.CPU != 1 || len(r.WVR) != tg.WRPs() || len(r.BVR) != tg.BRPs() || r.MDSCR&mde == 0 ||
			r.WVR[0] != m.UBuf+64 || r.WCR[0] != 0x1e15 || r.BVR[0] != m.UCode+64 || r.BCR[0] != 0x1e5 {
			t.Errorf("the registers are %+v", r)
		}
		var away hwdebug.Regs
		must(t, tg.(hwdebug.Dumper).DumpCPU(1, &away))
		if away.WCR[0] != 0 || away.BCR[0] != 0 || away.MDSCR&mde != 0 || away.WVR[0] != m.UBuf+64 {
			t.Errorf("while the task is away the registers are %+v", away)
		}
		must(t, tg.Close(w))
		must(t, tg.Close(x))
		if r, used = controls(t, tg, task); used != 0 || r.MDSCR&mde != 0 {
			t.Errorf("after the closes the registers are %+v", r)
		}
	}},
	{"a debugger's register set reads what was written and traps the access", needs(hwdebug.FeatureTasks, hwdebug.FeaturePtrace), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		p := tg.(hwdebug.Ptracer)
		task := newTask(t, tg, 1)
		info, regs, err := p.PtraceGetRegs(task, hwdebug.HwWatch)
		must(t, err)
		if int(info&0xff) != tg.WRPs() || len(regs) != tg.WRPs() {
			t.Errorf("info is 0x%x with %d entries, on %d registers", info, len(regs), tg.WRPs())
		}
		must(t, p.PtraceSetReg(task, hwdebug.HwWatch, 1, hwdebug.PtraceReg{Addr: m.UBuf + 64, Ctrl: 0x1f5}))
		if _, regs, err = p.PtraceGetRegs(task, hwdebug.HwWatch); err != nil || regs[1] != (hwdebug.PtraceReg{Addr: m.UBuf + 64, Ctrl: 0x1f5}) {
			t.Errorf("entry 1 reads %+v, %v", regs, err)
		}
		ids(t, "watchpoints beside two entries", len(fills(t, tg, hwdebug.W, m.UBuf+256, task, -1)), tg.WRPs()-2)
		trap, err := tg.Access(task, hwdebug.Store, m.UBuf+65, 1)
		if err != nil || trap != (hwdebug.Trap{N: 1, Addr: m.UBuf + 65}) {
			t.Errorf("the store is trapped as %+v, %v", trap, err)
		}
		does(t, tg, task, hwdebug.Load, m.UBuf+65, 1)
		err = p.PtraceSetReg(task, hwdebug.HwBreak, tg.BRPs(), hwdebug.PtraceReg{Addr: m.UCode, Ctrl: 0x1e5})
		refused(t, "an entry beyond the registers", err, syscall.ENOSPC)
	}},
	{"a switch brings a task's events in and takes them out", needs(hwdebug.FeatureTasks, hwdebug.FeatureRegisters, hwdebug.FeatureSwitch), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		task := newTask(t, tg, 1)
		open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, task, -1)
		var r hwdebug.Regs
		for _, next := range []hwdebug.TaskID{task, hwdebug.NoTask, task, hwdebug.NoTask} {
			must(t, hwdebug.Switch(tg, 1, next))
			must(t, tg.(hwdebug.Dumper).DumpCPU(1, &r))
			if want := next == task; (r.WCR[0] != 0) != want {
				t.Errorf("with task %d on the CPU its control register reads 0x%x", next, r.WCR[0])
			}
		}
	}},
	{"a CPU that goes down loses its own events and keeps their slots", needs(hwdebug.FeatureTasks, hwdebug.FeatureHotplug), func(t *testing.T, tg hwdebug.Target, m conform.Meta) {
		h := tg.(hwdebug.Hotplugger)
		ev := open(t, tg, hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, hwdebug.NoTask, 1)
		must(t, h.CPUDown(1))
		_, err := tg.Open(hwdebug.Attr{Type: hwdebug.W, Addr: m.UBuf + 64, Len: 4}, hwdebug.NoTask, 1)
		refused(t, "an event of a CPU that is down", err, syscall.ENODEV)
		must(t, tg.Enable(ev))
		must(t, h.CPUUp(1))
		must(t, tg.Enable(ev))
		task := newTask(t, tg, 1)
		does(t, tg, task, hwdebug.Store, m.UBuf+64, 4)
		if got := count(t, tg, ev); got != 0 {
			t.Errorf("the event counts %d after its CPU came back, not 0", got)
		}
		ids(t, "watchpoints beside it", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 1)), tg.WRPs()-1)
		must(t, tg.Close(ev))
		ids(t, "watchpoints after its close", len(fills(t, tg, hwdebug.W, m.UBuf, hwdebug.NoTask, 1)), 1)
	}},
}
