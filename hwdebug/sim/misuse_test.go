// Calls that a Go program cannot make: their errors, and that they change nothing.

package sim_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestMisuse: a nil argument, or an object of another machine, is an error that says what the call needs.
func TestMisuse(t *testing.T) {
	machine := func() *sim.Machine {
		m, err := sim.New(sim.Config{CPUs: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return m
	}
	m, other := machine(), machine()
	attr := hwdebug.Attr{Type: hwdebug.W, Addr: 0xffffff8008c5a000, Len: 8, Pinned: true, SamplePeriod: 1}
	user := hwdebug.Attr{Type: hwdebug.W, Addr: 0x400000, Len: 8}
	task, err := other.NewTask(sim.TaskConfig{})
	if err != nil {
		t.Fatal(err)
	}
	wide, err := other.RegisterWideHwBreakpoint(attr, nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.RegisterUserHwBreakpoint(user, nil, task)
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range []*sim.Event{nil, foreign} {
		for name, err := range map[string]error{
			"perf_event_enable":         m.PerfEventEnable(ev),
			"perf_event_disable":        m.PerfEventDisable(ev),
			"modify_user_hw_breakpoint": m.ModifyUserHwBreakpoint(ev, user),
			"event_sched_in":            m.CPU(0).EventSchedIn(ev),
			"event_sched_out":           m.CPU(0).EventSchedOut(ev),
			"hw_breakpoint_slot_setup":  second(m.CPU(0).HwBreakpointSlotSetup(true, ev, sim.Install)),
			"hw_breakpoint_control":     second(m.CPU(0).HwBreakpointControl(ev, sim.Install)),
		} {
			if err == nil || err.Error() != name+" needs an event of this machine" {
				t.Errorf("%s = %v, want an error about an event of this machine", name, err)
			}
		}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{m.UnregisterHwBreakpoint(foreign), "unregister_hw_breakpoint needs an event of this machine"},
		{m.UnregisterWideHwBreakpoint(wide), "needs a wide registration of this machine"},
		{m.UnregisterWideHwBreakpoint(nil), "needs a wide registration of this machine"},
		{second(m.PerfEventOpen(user, task, -1)), "perf_event_open needs a task of this machine"},
		{
			second(m.RegisterUserHwBreakpoint(user, nil, task)),
			"register_user_hw_breakpoint needs a task of this machine",
		},
		{m.CPU(0).ContextSwitch(task), "context_switch needs a task of this machine"},
		{second(m.CPU(0).Reg(7, 0)), "invalid bank 7"},
		{second(m.CPU(0).Reg(1000, 0)), "invalid bank 1000"},
		{second(m.CPU(0).Reg(-1, 0)), "invalid bank -1"},
		{second(m.CPU(0).Reg(arm64.WCR, 4)), "watchpoint registers 0 to 3, got 4"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error = %v, want %q", c.err, c.want)
		}
	}
	if n := len(m.Events()); n != 0 || m.Recorder().Seq() != machine().Recorder().Seq() {
		t.Errorf("%d events and %d records, want no event and the records of a new machine",
			n, m.Recorder().Seq())
	}
	for _, m := range []*sim.Machine{m, other} {
		if err := m.CheckInvariants(); err != nil {
			t.Error(err)
		}
	}
	if err := other.UnregisterWideHwBreakpoint(wide); err != nil {
		t.Error(err)
	}
}

// second returns the error of a call with a result.
func second[T any](_ T, err error) error { return err }

// TestNoFunction: work items and exit hooks without a function do nothing.
func TestNoFunction(t *testing.T) {
	m, err := sim.New(sim.Config{CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	w := m.NewWork("empty_work_func", nil)
	if queued, err := m.ScheduleWork(w); !queued || err != nil {
		t.Fatalf("ScheduleWork = %v, %v; want true, nil", queued, err)
	}
	task, err := m.NewTask(sim.TaskConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := task.OnExit("empty_release", nil); err != nil {
		t.Fatal(err)
	}
	if err := task.Exit(); err != nil {
		t.Error(err)
	}
	if _, err := m.Run(); err != nil || w.Runs() != 1 {
		t.Errorf("Runs = %d, err = %v; want 1, nil", w.Runs(), err)
	}
}

// TestFailedSchedInByHand makes an installed event INACTIVE by hand where no register is left. Its task is
// switched out nevertheless.
func TestFailedSchedInByHand(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1, WRPs: 4})
	c, task := switching(t, m)
	must(t, c.ContextSwitch(task))
	ev := m.Events()[0]
	if err := c.EventSchedIn(ev); err == nil {
		t.Fatal("event_sched_in with all registers in use succeeds, want an error")
	}
	wantState(t, "after event_sched_in", ev, sim.StateInactive)
	must(t, c.ContextSwitch(nil))
	must(t, c.ContextSwitch(task))
	must(t, c.ContextSwitch(nil))
}
