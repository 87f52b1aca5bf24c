// Events as the tracker keeps them, and the calls of the threads that make them.

package rebuild

import (
	"slices"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// An event is a perf_event that the trace has shown.
type event struct {
	board.Event
	known    bool // its attributes are
	typed    bool // its type at least is
	data     bool // a watchpoint
	ctrl     arm64.Ctrl
	address  uint64
	refused  bool // hw_breakpoint_arch_parse of the model refuses its attributes
	reserved bool
	asData   bool // reserved as a watchpoint
	children int

	installed time.Duration // when it was last installed
	touched   time.Duration // when a record last said where it is
	everIn    bool          // it has been in a register
	offline   bool          // its CPU went down with it
	pid       int           // in whose name it was installed
	gone      bool          // that thread has exited
	follows   int           // the pid in whose context it is, 0: its target's
	changing  *thread       // whose modify of it has no result yet

	hitPC uint64 // of its last hit
	hits  int    // at that pc in a row
}

// isNew reports whether ev has not been seen in a register.
func (ev *event) isNew() bool { return !ev.everIn }

// alone reports whether ev was neither inherited nor is it inherited by others.
func (ev *event) alone() bool { return ev.Parent == 0 && ev.children == 0 }

// ofTask reports whether ev belongs to a task.
func (ev *event) ofTask() bool { return ev.Task.Ptr != 0 || ev.Task.PID >= 0 }

// countsOn reports whether ev counts on a CPU.
func (ev *event) countsOn(cpu int) bool { return ev.CPU < 0 && ev.ofTask() || ev.CPU == cpu }

// attrOf returns the attributes in a record.
func attrOf(r *ftrace.Record) hwdebug.Attr {
	has := func(bit uint64) bool { return r.Flags&bit != 0 }
	return hwdebug.Attr{
		Type: hwdebug.BPType(r.Type), Addr: r.Addr, Len: r.Len, SamplePeriod: r.Period,
		Disabled: has(ftrace.FlagDisabled), Inherit: has(ftrace.FlagInherit), Pinned: has(ftrace.FlagPinned),
		ExcludeUser: has(ftrace.FlagExcludeUser), ExcludeKernel: has(ftrace.FlagExcludeKernel),
		ExcludeHV: has(ftrace.FlagExcludeHV), EnableOnExec: has(ftrace.FlagEnableOnExec),
	}
}

// newEvent creates an event from a record. It is not among the live ones yet.
func (t *Tracker) newEvent(r *ftrace.Record) *event {
	t.nextID++
	ev := &event{Event: board.Event{
		ID: t.nextID, CPU: -1, Task: board.NoTask, By: board.Task{PID: r.PID, Comm: r.Comm},
		Opened: r.T, OnCPU: -1, Slot: -1, Handler: r.Handler,
	}, touched: r.T}
	if r.Has&ftrace.FCPU != 0 {
		ev.CPU = r.OnCPU
	}
	if r.Task != 0 {
		ev.Task = board.Task{Ptr: r.Task, PID: -1}
		if r.Has&ftrace.FPID != 0 && r.Parent == 0 && r.Has&ftrace.FParent != 0 {
			t.names.name(r.Task, r.TaskPID, r.TaskComm)
		}
	}
	if r.Parent != 0 {
		ev.Parent = -1 // of an event from before the trace
		if p := t.byPtr[r.Parent]; p != nil {
			ev.Parent, ev.Owner = p.ID, p.Owner
			p.children++
		}
	}
	if r.Has&ftrace.FAddr != 0 {
		t.setAttr(ev, attrOf(r))
	} else if r.Has&ftrace.FType != 0 {
		ev.typed, ev.data = true, hwdebug.BPType(r.Type).Data()
		ev.Attr.Type = hwdebug.BPType(r.Type)
	}
	return ev
}

// setAttr gives ev attributes, and computes what its registers hold.
func (t *Tracker) setAttr(ev *event, a hwdebug.Attr) {
	ev.Attr, ev.known, ev.typed, ev.data = a, true, true, a.Type.Data()
	var err error
	ev.ctrl, ev.address, err = t.parser.ParseAttr(a, ev.ofTask())
	ev.refused = err != nil
}

// keep puts ev among the live events under its address. An event that still stands there was released
// without a record.
func (t *Tracker) keep(ev *event, ptr uint64) {
	if old := t.byPtr[ptr]; old != nil && old != ev {
		t.doubtNone(old.touched, 1)
		t.leak(old)
		t.drop(old)
	}
	if ev.Ptr != ptr || t.byPtr[ptr] != ev {
		ev.Ptr = ptr
		t.byPtr[ptr] = ev
		delete(t.older, ptr)
		t.live = append(t.live, ev)
	}
}

// drop removes ev from the live events. An event that is still in a slot has lost its uninstall.
func (t *Tracker) drop(ev *event) {
	if ev.OnCPU >= 0 {
		c := t.cpu(ev.OnCPU)
		t.doubtOn(c, ev.installed, 1, "")
		c.remove(ev)
	}
	if t.byPtr[ev.Ptr] == ev {
		delete(t.byPtr, ev.Ptr)
	}
	ev.reserved = false
	if i := slices.Index(t.live, ev); i >= 0 {
		t.live = slices.Delete(t.live, i, i+1)
	}
	if ev.Wide > 0 {
		t.leaveWide(ev)
	}
}

// A thread is a thread of the board in the middle of calls.
type thread struct {
	key      int
	call     *call   // perf_event_alloc or register_perf_hw_breakpoint
	reserve  *event  // __reserve_bp_slot of this event has no result yet
	data     bool    // it asks for a watchpoint
	wide     *wide   // register_wide_hw_breakpoint
	modify   *modify // modify_user_hw_breakpoint_check
	finding  bool    // find_task_by_vpid
	vpid     int
	released *event   // the last that __release_bp_slot released
	forked   []uint64 // tasks of the events that it has inherited to a child
}

// A call is an open that has no result yet.
type call struct {
	ev      *event // nil: an event of another kind
	refusal *refusal
	counted bool // its reservation has a result
}

// A modify is a change of attributes that has no result yet.
type modify struct {
	ev      *event // nil: from before the trace
	attr    hwdebug.Attr
	refusal *refusal
}

// maxThreads bounds the threads in the middle of calls that are remembered.
const maxThreads = 4096

// thread returns the thread that made the record.
func (t *Tracker) thread(r *ftrace.Record) *thread {
	key := r.PID
	if key == 0 {
		key = -1 - r.CPU // idle threads share a pid
	}
	th := t.threads[key]
	if th == nil {
		if len(t.threads) >= maxThreads {
			t.forget()
		}
		th = &thread{key: key}
		t.threads[key] = th
	}
	return th
}

// forget drops the threads that are in no call.
func (t *Tracker) forget() {
	for key, th := range t.threads {
		if th.call == nil && th.reserve == nil && th.wide == nil && th.modify == nil {
			delete(t.threads, key)
		}
	}
	if len(t.threads) >= maxThreads {
		clear(t.threads)
	}
}
