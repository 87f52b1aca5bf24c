// A target that is just enough to see what a replay does: flat memory, one CPU's worth of registers.

package conform_test

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

// A fake counts an event when an access overlaps it, whoever makes the access, and notes every call.
type fake struct {
	calls  []string
	events []*fakeEvent // by EventID
	tasks  int
	dead   map[hwdebug.TaskID]bool
	keep   int  // the number of leaked reservations
	kde    bool // CPU 2 reads KDE set
	regs   hwdebug.Regs
	down   error // what Shutdown returns
	shut   bool
}

type fakeEvent struct {
	a      hwdebug.Attr
	h      hwdebug.Handler
	count  uint64
	closed bool
	failed bool
}

func (f *fake) note(format string, args ...any) {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

func (f *fake) CPUs() int                         { return 4 }
func (f *fake) BRPs() int                         { return 6 }
func (f *fake) WRPs() int                         { return 4 }
func (f *fake) Supports(hwdebug.Feature) error    { return nil }
func (f *fake) Shutdown() error                   { f.shut = true; return f.down }
func (f *fake) Enable(id hwdebug.EventID) error   { f.note("enable %d", id); return nil }
func (f *fake) Disable(id hwdebug.EventID) error  { f.note("disable %d", id); return nil }
func (f *fake) Close(id hwdebug.EventID) error    { f.note("close %d", id); return f.drop(id) }
func (f *fake) Migrate(hwdebug.TaskID, int) error { return nil }

func (f *fake) drop(id hwdebug.EventID) error {
	f.events[id].closed = true
	return nil
}

func (f *fake) open(a hwdebug.Attr, h hwdebug.Handler) (hwdebug.EventID, error) {
	used, limit := f.keep, f.WRPs()
	for _, e := range f.events {
		if !e.closed && e.a.Type.Data() == a.Type.Data() {
			used++
		}
	}
	if !a.Type.Data() {
		limit = f.BRPs()
	}
	if used >= limit {
		return 0, &hwdebug.Error{Op: "open", Found: "full", Errno: syscall.ENOSPC}
	}
	f.events = append(f.events, &fakeEvent{a: a, h: h})
	return hwdebug.EventID(len(f.events) - 1), nil
}

func (f *fake) Open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) (hwdebug.EventID, error) {
	f.note("open %s 0x%x %d task %d cpu %d", a.Type, a.Addr, a.Len, task, cpu)
	if f.dead[task] {
		return 0, fmt.Errorf("asked the kernel: %w", syscall.ESRCH)
	}
	if a.Len == 0 {
		return 0, errors.New("no errno at all")
	}
	return f.open(a, nil)
}

func (f *fake) RegisterWide(a hwdebug.Attr, h hwdebug.Handler) (hwdebug.EventID, error) {
	return f.open(a, h)
}
func (f *fake) UnregisterWide(id hwdebug.EventID) error { f.note("unwide %d", id); return f.drop(id) }
func (f *fake) RegisterUser(a hwdebug.Attr, task hwdebug.TaskID, h hwdebug.Handler) (hwdebug.EventID, error) {
	return f.open(a, h)
}
func (f *fake) Unregister(id hwdebug.EventID) error { f.note("unreg %d", id); return f.drop(id) }

func (f *fake) ModifyUser(id hwdebug.EventID, a hwdebug.Attr) error { return f.Modify(id, a) }
func (f *fake) Modify(id hwdebug.EventID, a hwdebug.Attr) error {
	f.note("modify %d to %+v", id, a)
	f.events[id].a = a
	return nil
}

func (f *fake) Read(id hwdebug.EventID) (uint64, bool, error) {
	e := f.events[id]
	return e.count, !e.failed, nil
}

func (f *fake) access(k hwdebug.Kind, addr uint64, size int) {
	for again := true; again; {
		again = false
		for id, e := range f.events {
			if e.closed || addr+uint64(size) <= e.a.Addr || e.a.Addr+e.a.Len <= addr {
				continue
			}
			e.count++
			if e.h != nil && !e.h(hwdebug.EventID(id), addr) {
				again = true
			}
		}
	}
}

func (f *fake) Access(task hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) (hwdebug.Trap, error) {
	f.note("task %d %s 0x%x %d", task, k, addr, size)
	f.access(k, addr, size)
	return hwdebug.Trap{}, nil
}

func (f *fake) KernelAccess(cpu int, k hwdebug.Kind, addr uint64, size int) error {
	f.access(k, addr, size)
	return nil
}

func (f *fake) UserCopy(hwdebug.TaskID, hwdebug.Kind, uint64, int) error { return nil }

func (f *fake) NewTask(cpu int) (hwdebug.TaskID, error) {
	f.tasks++
	return hwdebug.TaskID(f.tasks - 1), nil
}

func (f *fake) Fork(t hwdebug.TaskID) (hwdebug.TaskID, error) { return f.NewTask(0) }

func (f *fake) Exit(t hwdebug.TaskID) error {
	f.note("exit %d", t)
	if f.dead == nil {
		f.dead = map[hwdebug.TaskID]bool{}
	}
	f.dead[t] = true
	return nil
}

func (f *fake) DumpTask(t hwdebug.TaskID, r *hwdebug.Regs) error { return f.DumpCPU(0, r) }

func (f *fake) DumpCPU(cpu int, r *hwdebug.Regs) error {
	*r = hwdebug.Regs{CPU: cpu, BVR: make([]uint64, 6), BCR: make([]uint64, 6), WVR: make([]uint64, 4),
		WCR: make([]uint64, 4), MDSCR: 0x1000}
	copy(r.WVR, f.regs.WVR)
	copy(r.WCR, f.regs.WCR)
	if f.kde && cpu == 2 {
		r.MDSCR |= 0x2000
	}
	return nil
}
