// The promises of hwdebug.Target and its optional interfaces, with a check for each.

package hwtest

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
)

// features are all features of the contract.
var features = []hwdebug.Feature{
	hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess, hwdebug.FeatureTasks, hwdebug.FeatureUserCopy,
	hwdebug.FeatureRegisters, hwdebug.FeaturePtrace, hwdebug.FeatureSwitch, hwdebug.FeatureHotplug,
}

// needs are the features that a check uses.
type needs []hwdebug.Feature

var tasks = needs{hwdebug.FeatureTasks}

// A check is a promise and its test.
type check struct {
	name  string
	needs needs
	run   func(*rig)
}

func contract(t *testing.T, s suite) {
	t.Run("supported features are implemented", func(t *testing.T) { supported(s.rig(t)) })
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(s.rig(t, c.needs...)) })
	}
}

// supported checks Supports against the interfaces of the target.
func supported(r *rig) {
	for _, f := range features {
		err := r.tg.Supports(f)
		if err == nil && !hwdebug.Implements(r.tg, f) {
			r.Errorf("Supports(%q) = nil, but its interface is missing", f)
		}
		if err != nil && err.Error() == "" {
			r.Errorf("Supports(%q) returns an error without text", f)
		}
	}
	if r.tg.Supports("time travel") == nil {
		r.Error("an unknown feature is supported")
	}
	if r.tg.CPUs() < 1 || r.tg.BRPs() < 1 || r.tg.WRPs() < 1 {
		r.Errorf("%d CPUs, %d breakpoint and %d watchpoint registers, want 1 or more",
			r.tg.CPUs(), r.tg.BRPs(), r.tg.WRPs())
	}
}

// A rig is a test on one target, which is like the machine of m.
type rig struct {
	*testing.T
	tg hwdebug.Target
	m  conform.Meta
}

func attr(typ hwdebug.BPType, addr, length uint64) hwdebug.Attr {
	return hwdebug.Attr{Type: typ, Addr: addr, Len: length}
}

func (r *rig) newTask(cpu int) hwdebug.TaskID {
	r.Helper()
	id, err := r.tg.(hwdebug.Tasker).NewTask(cpu)
	if err != nil {
		r.Fatalf("NewTask(%d): %v", cpu, err)
	}
	return id
}

func (r *rig) open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) hwdebug.EventID {
	r.Helper()
	id, err := r.tg.Open(a, task, cpu)
	if err != nil {
		r.Fatalf("Open(%+v, task %d, cpu %d): %v", a, task, cpu, err)
	}
	return id
}

// registerWide registers a wide watchpoint on stores to the kernel buffer.
func (r *rig) registerWide() (hwdebug.EventID, error) {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, r.m.KBuf, 8
	return r.tg.(hwdebug.KernelRegistrar).RegisterWide(a, nil)
}

func (r *rig) count(ev hwdebug.EventID) uint64 {
	r.Helper()
	n, ok, err := r.tg.Read(ev)
	if err != nil || !ok {
		r.Fatalf("Read(%d): ok %v, error %v", ev, ok, err)
	}
	return n
}

// counts fails the test unless the count of ev is want.
func (r *rig) counts(what string, ev hwdebug.EventID, want uint64) {
	r.Helper()
	r.equal("count of "+what, int(r.count(ev)), int(want))
}

// equal fails the test unless got is want.
func (r *rig) equal(what string, got, want int) {
	r.Helper()
	if got != want {
		r.Errorf("%s: got %d, want %d", what, got, want)
	}
}

// must ends the test if a call failed.
func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// refused fails the test unless err unwraps to errno.
func (r *rig) refused(what string, err error, errno syscall.Errno) {
	r.Helper()
	if !errors.Is(err, errno) {
		r.Errorf("%s: got %v, want %s", what, err, hwdebug.ErrnoName(errno))
	}
}

// does performs one access of task and fails the test if a trap stops it.
func (r *rig) does(task hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) {
	r.Helper()
	trap, err := r.tg.Access(task, k, addr, size)
	if err != nil || trap.N != 0 {
		r.Fatalf("%s of %d bytes at 0x%x: trap %+v, error %v", k, size, addr, trap, err)
	}
}

// controls returns the registers while task runs and the number of control registers that are not 0.
func (r *rig) controls(task hwdebug.TaskID) (regs hwdebug.Regs, used int) {
	r.Helper()
	r.must(r.tg.(hwdebug.Dumper).DumpTask(task, &regs))
	for _, bank := range [][]uint64{regs.BCR, regs.WCR} {
		for _, v := range bank {
			if v != 0 {
				used++
			}
		}
	}
	return regs, used
}

// fills opens events of typ for task on cpu until one is refused, which must be with ENOSPC, and
// returns the others.
func (r *rig) fills(typ hwdebug.BPType, addr uint64, task hwdebug.TaskID, cpu int) (ids []hwdebug.EventID) {
	r.Helper()
	for len(ids) < 100 {
		id, err := r.tg.Open(attr(typ, addr+8*uint64(len(ids)), 4), task, cpu)
		if err != nil {
			r.refused("one event too many", err, syscall.ENOSPC)
			return ids
		}
		ids = append(ids, id)
	}
	r.Fatal("100 events fit")
	return nil
}

var checks = []check{
	{name: "as many events of a kind fit as there are registers, on every CPU", run: func(r *rig) {
		for cpu := range r.tg.CPUs() {
			r.equal("watchpoints", len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, cpu)), r.tg.WRPs())
			r.equal("breakpoints", len(r.fills(hwdebug.X, r.m.UCode, hwdebug.NoTask, cpu)), r.tg.BRPs())
		}
	}},
	{name: "a close releases the reservation at once", run: func(r *rig) {
		full := r.fills(hwdebug.RW, r.m.UBuf, hwdebug.NoTask, 0)
		r.must(r.tg.Close(full[len(full)/2]))
		r.equal("watchpoints after one close", len(r.fills(hwdebug.R, r.m.UBuf+512, hwdebug.NoTask, 0)), 1)
	}},
	{name: "a disabled event holds its reservation", run: func(r *rig) {
		for range r.tg.WRPs() {
			r.open(hwdebug.Attr{Type: hwdebug.W, Addr: r.m.UBuf, Len: 4, Disabled: true}, hwdebug.NoTask, 0)
		}
		r.equal("watchpoints that fit besides disabled ones",
			len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 0)), 0)
	}},
	{name: "an invalid request is refused and reserves nothing", run: func(r *rig) {
		for _, tc := range []struct {
			name string
			a    hwdebug.Attr
			cpu  int
		}{
			{"length 0", hwdebug.Attr{Type: hwdebug.W, Addr: r.m.UBuf}, 0},
			{"length 9", attr(hwdebug.W, r.m.UBuf, 9), 0},
			{"type 0", hwdebug.Attr{Addr: r.m.UBuf, Len: 4}, 0},
			{"type read or execute", hwdebug.Attr{Type: hwdebug.R | hwdebug.X, Addr: r.m.UBuf, Len: 4}, 0},
			{"type read, write or execute", attr(hwdebug.Invalid, r.m.UBuf, 4), 0},
			{"a CPU that is not there", attr(hwdebug.W, r.m.UBuf, 4), 4096},
			{"neither task nor CPU", attr(hwdebug.W, r.m.UBuf, 4), -1},
		} {
			_, err := r.tg.Open(tc.a, hwdebug.NoTask, tc.cpu)
			r.refused(tc.name, err, syscall.EINVAL)
		}
		r.equal("watchpoints after refusals", len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 0)),
			r.tg.WRPs())
	}},
	{name: "a full CPU refuses an invalid request with ENOSPC", run: func(r *rig) {
		r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 0)
		_, err := r.tg.Open(hwdebug.Attr{Type: hwdebug.W, Addr: r.m.UBuf}, hwdebug.NoTask, 0)
		r.refused("length 0 on a full CPU", err, syscall.ENOSPC)
	}},
	{name: "an event counts each access of its kind once", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		for _, tc := range []struct {
			typ                hwdebug.BPType
			load, store, fetch uint64
		}{{hwdebug.R, 1, 0, 0}, {hwdebug.W, 0, 1, 0}, {hwdebug.RW, 1, 1, 0}, {hwdebug.X, 0, 0, 1}} {
			addr := r.m.UBuf + 64
			if tc.typ == hwdebug.X {
				addr = r.m.UCode + 64
			}
			ev := r.open(attr(tc.typ, addr, 4), task, -1)
			for _, k := range []hwdebug.Kind{hwdebug.Load, hwdebug.Store, hwdebug.Exec} {
				at, want := r.m.UBuf+64, [...]uint64{tc.load, tc.store, tc.fetch}[k]
				if k == hwdebug.Exec {
					at = r.m.UCode + 64
				}
				before := r.count(ev)
				for range 3 {
					r.does(task, k, at, 4)
				}
				if got := r.count(ev) - before; got != 3*want {
					r.Errorf("type %s counts %d of 3 %ss, want %d", tc.typ, got, k, 3*want)
				}
			}
			r.must(r.tg.Close(ev))
		}
	}},
	{name: "an event counts exactly the accesses that touch a watched byte", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		for length := 1; length <= 8; length++ {
			for off := 0; off+length <= 8; off++ {
				ev := r.open(attr(hwdebug.W, r.m.UBuf+64+uint64(off), uint64(length)), task, -1)
				for _, size := range []int{1, 2, 4, 8} {
					for at := 64 - 8; at <= 64+8; at++ {
						before := r.count(ev)
						r.does(task, hwdebug.Store, r.m.UBuf+uint64(at), size)
						want := boolCount(at < 64+off+length && 64+off < at+size)
						if got := r.count(ev) - before; got != want {
							c := storeCase{size, at, length, 64 + off, want == 1}
							r.Errorf("%s counts %d, want %d", c, got, want)
						}
					}
				}
				r.must(r.tg.Close(ev))
			}
		}
	}},
	{name: "disable and enable stop and resume the count", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		for _, cpu := range []int{-1, 1} {
			who := task
			if cpu >= 0 {
				who = hwdebug.NoTask
			}
			ev := r.open(hwdebug.Attr{Type: hwdebug.W, Addr: r.m.UBuf + 64, Len: 4, Disabled: true}, who, cpu)
			want := uint64(0)
			for i, call := range []func(hwdebug.EventID) error{nil, r.tg.Enable, r.tg.Enable,
				r.tg.Disable, r.tg.Disable, r.tg.Enable} {
				if call != nil {
					r.must(call(ev))
				}
				r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
				if on := i == 1 || i == 2 || i == 5; on {
					want++
				}
				r.counts(fmt.Sprintf("the event of cpu %d after call %d", cpu, i), ev, want)
			}
			r.must(r.tg.Close(ev))
		}
	}},
	{name: "a CPU's event counts every task there and none elsewhere", needs: tasks, run: func(r *rig) {
		here, too, there := r.newTask(1), r.newTask(1), r.newTask(2)
		ev := r.open(attr(hwdebug.W, r.m.UBuf+64, 4), hwdebug.NoTask, 1)
		for _, task := range []hwdebug.TaskID{here, too, there} {
			r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
		}
		r.counts("the event after two stores on its CPU and one elsewhere", ev, 2)
	}},
	{name: "a task's event follows the task, and counts only on a CPU that it is bound to",
		needs: tasks, run: func(r *rig) {
			task, other := r.newTask(1), r.newTask(1)
			follows := r.open(attr(hwdebug.W, r.m.UBuf+64, 4), task, -1)
			bound := r.open(attr(hwdebug.W, r.m.UBuf+64, 4), task, 1)
			r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
			r.must(r.tg.(hwdebug.Tasker).Migrate(task, 2))
			r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
			r.does(other, hwdebug.Store, r.m.UBuf+64, 4)
			r.counts("follows", follows, 2)
			r.counts("bound", bound, 1)
		}},
	{name: "an event outlives its task, with its reservation and count", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		ev := r.open(attr(hwdebug.W, r.m.UBuf+64, 4), task, 1)
		r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
		r.must(r.tg.(hwdebug.Tasker).Exit(task))
		r.counts("the event", ev, 1)
		_, err := r.tg.Open(attr(hwdebug.W, r.m.UBuf+64, 4), task, -1)
		r.refused("an event for a task that has exited", err, syscall.ESRCH)
		more := r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 1)
		r.equal("watchpoints that fit besides the remaining one", len(more), r.tg.WRPs()-1)
		r.must(r.tg.Close(ev))
		r.equal("watchpoints after its close", len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 1)), 1)
	}},
	{name: "modify changes the address and keeps the count", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		a := attr(hwdebug.W, r.m.UBuf+64, 4)
		ev := r.open(a, task, -1)
		r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
		a.Addr, a.Type = r.m.UBuf+128, hwdebug.R
		r.must(r.tg.Modify(ev, a))
		r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
		r.does(task, hwdebug.Store, r.m.UBuf+128, 4)
		r.does(task, hwdebug.Load, r.m.UBuf+128, 4)
		r.counts("the event", ev, 2)
	}},
	{name: "a refused modify leaves a running event unchanged", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		a := attr(hwdebug.W, r.m.UBuf+64, 4)
		ev := r.open(a, task, -1)
		bad := a
		bad.Addr, bad.Len = r.m.UBuf+128, 9
		r.refused("modify to length 9", r.tg.Modify(ev, bad), syscall.EINVAL)
		r.fills(hwdebug.X, r.m.UCode, task, -1)
		full := a
		full.Type, full.Addr = hwdebug.X, r.m.UCode
		r.refused("modify to a kind that is full", r.tg.Modify(ev, full), syscall.ENOSPC)
		r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
		r.does(task, hwdebug.Store, r.m.UBuf+128, 4)
		r.counts("the event", ev, 1)
	}},
	{name: "an inherited event counts for parent and child, another only for its task",
		needs: tasks, run: func(r *rig) {
			task := r.newTask(1)
			inherited := r.open(hwdebug.Attr{Type: hwdebug.W, Addr: r.m.UBuf + 64, Len: 4, Inherit: true},
				task, -1)
			own := r.open(attr(hwdebug.W, r.m.UBuf+64, 4), task, -1)
			child, err := r.tg.(hwdebug.Tasker).Fork(task)
			r.must(err)
			r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
			r.does(child, hwdebug.Store, r.m.UBuf+64, 4)
			r.counts("inherited", inherited, 2)
			r.counts("own", own, 1)
			r.must(r.tg.(hwdebug.Tasker).Exit(child))
			r.counts("the inherited event after the child has exited", inherited, 2)
		}},
	{name: "a kernel access hits events on kernel addresses of its CPU",
		needs: needs{hwdebug.FeatureKernelAccess}, run: func(r *rig) {
			var evs []hwdebug.EventID
			for cpu := range 2 {
				evs = append(evs, r.open(attr(hwdebug.RW, r.m.KBuf+64, 8), hwdebug.NoTask, cpu))
			}
			r.must(r.tg.KernelAccess(1, hwdebug.Load, r.m.KBuf+64, 8))
			r.must(r.tg.KernelAccess(1, hwdebug.Store, r.m.KBuf+71, 1))
			r.must(r.tg.KernelAccess(1, hwdebug.Store, r.m.KBuf+72, 1))
			r.counts("evs[0]", evs[0], 0)
			r.counts("evs[1]", evs[1], 2)
		}},
	{name: "a task's event cannot have a kernel address", needs: tasks, run: func(r *rig) {
		task := r.newTask(1)
		_, err := r.tg.Open(attr(hwdebug.W, r.m.KBuf, 4), task, -1)
		r.refused("a kernel address for a task", err, syscall.EINVAL)
	}},
	{name: "a wide event takes a slot on every CPU, or none",
		needs: needs{hwdebug.FeatureKernelEvents}, run: func(r *rig) {
			w, err := r.registerWide()
			r.must(err)
			last := r.tg.CPUs() - 1
			full := r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, last)
			r.equal("watchpoints that fit besides a wide one", len(full), r.tg.WRPs()-1)
			_, err = r.registerWide()
			r.refused("a wide event with the last CPU full", err, syscall.ENOSPC)
			r.equal("watchpoints on the first CPU after that",
				len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 0)), r.tg.WRPs()-1)
			r.must(r.tg.(hwdebug.KernelRegistrar).UnregisterWide(w))
			r.equal("watchpoints after the wide one was unregistered",
				len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, last)), 1)
		}},
	{name: "a wide event counts the hits of all CPUs",
		needs: needs{hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess}, run: func(r *rig) {
			w, err := r.registerWide()
			r.must(err)
			for cpu := range r.tg.CPUs() {
				r.must(r.tg.KernelAccess(cpu, hwdebug.Store, r.m.KBuf, 8))
			}
			r.counts("the event after one store on each CPU", w, uint64(r.tg.CPUs()))
		}},
	{name: "a custom handler is called again until it moves the pc",
		needs: needs{hwdebug.FeatureKernelEvents, hwdebug.FeatureTasks}, run: func(r *rig) {
			k := r.tg.(hwdebug.KernelRegistrar)
			task := r.newTask(1)
			a := hwdebug.HwBreakpointInit()
			a.Type, a.Addr, a.Len = hwdebug.W, r.m.UBuf+64, 4
			calls := 0
			var at uint64
			ev, err := k.RegisterUser(a, task, func(_ hwdebug.EventID, addr uint64) bool {
				calls++
				at = addr
				return calls == 5
			})
			r.must(err)
			r.does(task, hwdebug.Store, r.m.UBuf+66, 1)
			if got := r.count(ev); calls != 5 || got != 5 || at != r.m.UBuf+66 {
				r.Errorf("%d calls, count %d, the last address 0x%x; want 5, 5 and 0x%x", calls, got, at,
					r.m.UBuf+66)
			}
			a.Addr = r.m.UBuf + 128
			r.must(k.ModifyUser(ev, a))
			r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
			if calls != 5 {
				r.Errorf("the handler was called at the old address after a modify")
			}
			r.must(k.Unregister(ev))
			r.does(task, hwdebug.Store, r.m.UBuf+128, 4)
			if calls != 5 {
				r.Errorf("the handler was called after the event was unregistered")
			}
		}},
	{name: "copies to and from user memory are not counted, and the event stays armed",
		needs: needs{hwdebug.FeatureTasks, hwdebug.FeatureUserCopy}, run: func(r *rig) {
			task := r.newTask(1)
			ev := r.open(attr(hwdebug.RW, r.m.UBuf+64, 8), task, -1)
			for _, k := range []hwdebug.Kind{hwdebug.Load, hwdebug.Store} {
				r.must(r.tg.(hwdebug.UserCopier).UserCopy(task, k, r.m.UBuf+64, 8))
			}
			r.counts("the event after two copies", ev, 0)
			r.does(task, hwdebug.Load, r.m.UBuf+64, 8)
			r.counts("the event after a load", ev, 1)
		}},
	{name: "registers hold the request while the task runs, and nothing afterwards",
		needs: needs{hwdebug.FeatureTasks, hwdebug.FeatureRegisters}, run: func(r *rig) {
			task := r.newTask(1)
			w := r.open(attr(hwdebug.W, r.m.UBuf+68, 4), task, -1)
			x := r.open(attr(hwdebug.X, r.m.UCode+64, 4), task, -1)
			regs, used := r.controls(task)
			const mde = 1 << 15
			if used != 2 || regs.CPU != 1 || len(regs.WVR) != r.tg.WRPs() || len(regs.BVR) != r.tg.BRPs() ||
				regs.MDSCR&mde == 0 || regs.WVR[0] != r.m.UBuf+64 || regs.WCR[0] != 0x1e15 ||
				regs.BVR[0] != r.m.UCode+64 || regs.BCR[0] != 0x1e5 {
				r.Errorf("while the task runs the registers are %+v", regs)
			}
			var away hwdebug.Regs
			r.must(r.tg.(hwdebug.Dumper).DumpCPU(1, &away))
			if away.WCR[0] != 0 || away.BCR[0] != 0 || away.MDSCR&mde != 0 || away.WVR[0] != r.m.UBuf+64 {
				r.Errorf("while the task is away the registers are %+v", away)
			}
			r.must(r.tg.Close(w))
			r.must(r.tg.Close(x))
			if regs, used = r.controls(task); used != 0 || regs.MDSCR&mde != 0 {
				r.Errorf("after the closes the registers are %+v", regs)
			}
		}},
	{name: "a debugger's register set reads as written and traps the access",
		needs: needs{hwdebug.FeatureTasks, hwdebug.FeaturePtrace}, run: func(r *rig) {
			p := r.tg.(hwdebug.Ptracer)
			task := r.newTask(1)
			info, regs, err := p.PtraceGetRegs(task, hwdebug.HwWatch)
			r.must(err)
			if int(info&0xff) != r.tg.WRPs() || len(regs) != r.tg.WRPs() {
				r.Errorf("info is 0x%x with %d entries, on %d registers", info, len(regs), r.tg.WRPs())
			}
			r.must(p.PtraceSetReg(task, hwdebug.HwWatch, 1,
				hwdebug.PtraceReg{Addr: r.m.UBuf + 64, Ctrl: 0x1f5}))
			want := hwdebug.PtraceReg{Addr: r.m.UBuf + 64, Ctrl: 0x1f5}
			if _, regs, err = p.PtraceGetRegs(task, hwdebug.HwWatch); err != nil || regs[1] != want {
				r.Errorf("entry 1 reads %+v, %v", regs, err)
			}
			r.equal("watchpoints that fit besides two entries",
				len(r.fills(hwdebug.W, r.m.UBuf+256, task, -1)), r.tg.WRPs()-2)
			trap, err := r.tg.Access(task, hwdebug.Store, r.m.UBuf+65, 1)
			if err != nil || trap != (hwdebug.Trap{N: 1, Addr: r.m.UBuf + 65}) {
				r.Errorf("the store is trapped as %+v, %v", trap, err)
			}
			r.does(task, hwdebug.Load, r.m.UBuf+65, 1)
			err = p.PtraceSetReg(task, hwdebug.HwBreak, r.tg.BRPs(),
				hwdebug.PtraceReg{Addr: r.m.UCode, Ctrl: 0x1e5})
			r.refused("an entry beyond the registers", err, syscall.ENOSPC)
		}},
	{name: "a context switch installs and uninstalls a task's events",
		needs: needs{hwdebug.FeatureTasks, hwdebug.FeatureRegisters, hwdebug.FeatureSwitch},
		run: func(r *rig) {
			task := r.newTask(1)
			r.open(attr(hwdebug.W, r.m.UBuf+64, 4), task, -1)
			var regs hwdebug.Regs
			for _, next := range []hwdebug.TaskID{task, hwdebug.NoTask, task, hwdebug.NoTask} {
				r.must(hwdebug.Switch(r.tg, 1, next))
				r.must(r.tg.(hwdebug.Dumper).DumpCPU(1, &regs))
				if want := next == task; (regs.WCR[0] != 0) != want {
					r.Errorf("with task %d on the CPU its control register reads 0x%x", next, regs.WCR[0])
				}
			}
		}},
	{name: "a CPU that goes down disables its own events and keeps their reservations",
		needs: needs{hwdebug.FeatureTasks, hwdebug.FeatureHotplug}, run: func(r *rig) {
			h := r.tg.(hwdebug.Hotplugger)
			ev := r.open(attr(hwdebug.W, r.m.UBuf+64, 4), hwdebug.NoTask, 1)
			r.must(h.CPUDown(1))
			_, err := r.tg.Open(attr(hwdebug.W, r.m.UBuf+64, 4), hwdebug.NoTask, 1)
			r.refused("an event of a CPU that is down", err, syscall.ENODEV)
			r.must(r.tg.Enable(ev))
			r.must(h.CPUUp(1))
			r.must(r.tg.Enable(ev))
			task := r.newTask(1)
			r.does(task, hwdebug.Store, r.m.UBuf+64, 4)
			r.counts("the event after its CPU came back", ev, 0)
			r.equal("watchpoints that fit besides it",
				len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 1)), r.tg.WRPs()-1)
			r.must(r.tg.Close(ev))
			r.equal("watchpoints after its close", len(r.fills(hwdebug.W, r.m.UBuf, hwdebug.NoTask, 1)), 1)
		}},
}
