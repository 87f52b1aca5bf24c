// Groups: what may join one, how it is scheduled, and what a read returns.

package sim_test

import (
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// member opens a member of leader's group that watches stores at addr, on CPU 0.
func member(t *testing.T, m *sim.Machine, leader *sim.Event, addr uint64) *sim.Event {
	t.Helper()
	ev, err := m.PerfEventOpenGroup(flexible(userW(addr)), nil, 0, leader)
	must(t, err)
	return ev
}

// TestGroupRefusals: a group has one leader, one CPU and one target, and reservation comes first (R-GRP-1,
// G.errors).
func TestGroupRefusals(t *testing.T) {
	onEvery(t, "R-GRP-1", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		leader := open(t, m, userW(userAddr), nil, 0)
		of := member(t, m, leader, userAddr+8)
		tasks := open(t, m, userW(userAddr), task, -1)
		inherit := flexible(userW(userAddr + 16))
		inherit.Inherit = true
		for _, row := range []struct {
			name   string
			a      hwdebug.Attr
			task   *sim.Task
			cpu    int
			leader *sim.Event
			ok     bool
		}{
			{"a member as leader", userW(userAddr), nil, 0, of, false},
			{"another CPU", userW(userAddr), nil, 1, leader, false},
			{"another target", userW(userAddr), task, 0, leader, false},
			{"a pinned member", pinned(userW(userAddr)), nil, 0, leader, false},
			{"inherit of a task's event", inherit, task, -1, tasks, false},
			{"inherit of a CPU's event", inherit, nil, 0, leader, true},
		} {
			_, err := m.PerfEventOpenGroup(row.a, row.task, row.cpu, row.leader)
			if row.ok {
				must(t, err)
				continue
			}
			wantErrno(t, row.name, err, syscall.EINVAL)
		}
		_, err := m.PerfEventOpenGroup(pinned(userW(userAddr)), nil, 0, leader)
		wantErrno(t, "on a full machine", err, syscall.ENOSPC)
	})
}

// TestGroupAsUnit: a group is installed and taken out as one, and closing its leader makes single events of
// its members (R-GRP-3 to 6, G.slots/cpu-3-0-leader).
func TestGroupAsUnit(t *testing.T) {
	onEvery(t, "R-GRP-3", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		leader := open(t, m, flexible(userW(userAddr)), nil, 0)
		a, b := member(t, m, leader, userAddr+8), member(t, m, leader, userAddr+16)
		wantSlots(t, "the group", "0 1 2", leader, a, b)
		other := open(t, m, flexible(userW(userAddr+24)), nil, 0)
		must(t, leader.Disable())
		wantSlots(t, "R-GRP-4: DISABLE of the leader", "-1 -1 -1 3", leader, a, b, other)
		wantState(t, "a member", a, sim.StateInactive)
		must(t, a.Disable())
		must(t, a.Enable())
		wantSlots(t, "R-GRP-4: ENABLE of a member", "-1 -1", leader, a)
		must(t, b.EnableGroup())
		wantSlots(t, "R-GRP-6: ENABLE of the group", "0 1 2 3", leader, a, b, other)
		must(t, a.Disable())
		wantSlots(t, "DISABLE of a member", "0 -1 2", leader, a, b)
		must(t, a.Enable())
		must(t, leader.Close())
		wantSlots(t, "R-GRP-5: the leader is closed", "1 2 3", a, b, other)
		open(t, m, pinned(userW(userAddr+32)), nil, 0)
		wantSlots(t, "R-GRP-5: behind the events opened before", "2 3 1", a, b, other)
		must(t, m.CheckInvariants())
	})
}

// TestGroupWithoutRoom: a pinned group of which one member does not fit is in ERROR by its leader; ENABLE
// tries again (R-GRP-3). The slot is taken behind the reservation's back.
func TestGroupWithoutRoom(t *testing.T) {
	onEvery(t, "R-GRP-3", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, WRPsPerCPU: []int{4, 2}, Kernel: kernel}) // only 2 are usable
		leader := open(t, m, pinned(userW(userAddr)), nil, 0)
		a, b := member(t, m, leader, userAddr+8), member(t, m, leader, userAddr+16)
		wantState(t, "the leader", leader, sim.StateError)
		wantSlots(t, "none is installed", "-1 -1 -1", leader, a, b)
		if _, ok, err := leader.Read(); ok || err != nil {
			t.Errorf("the leader reads, %v", err)
		}
		if _, ok, err := a.ReadValues(); !ok || err != nil {
			t.Errorf("a member does not read: %v, %v", ok, err)
		}
		must(t, b.Close())
		must(t, leader.Enable())
		wantSlots(t, "without the third", "0 1", leader, a)
	})
}

// TestGroupRead: a read returns the counts of the group and the times of its leader, those of inherited
// groups included (R-GRP-7, 8, R-EVT-2).
func TestGroupRead(t *testing.T) {
	onEvery(t, "R-GRP-7", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 0)
		a := flexible(userW(userAddr))
		a.Inherit, a.ReadFormat = true, hwdebug.ReadGroup|hwdebug.ReadTimeEnabled|hwdebug.ReadTimeRunning
		leader := open(t, m, a, task, -1)
		a.Addr += 8
		of, err := m.PerfEventOpenGroup(a, task, -1, leader)
		must(t, err)
		must(t, task.Store(userAddr, 4, 1))
		must(t, m.Msleep(1e6))
		child, err := task.Fork("c", 0)
		must(t, err)
		must(t, child.Store(userAddr+8, 4, 1))
		must(t, m.Msleep(2e6))
		must(t, of.Disable())
		must(t, m.Msleep(4e6))
		v, ok, err := of.ReadValues()
		if !ok || err != nil || len(v.Counts) != 2 {
			t.Fatalf("%+v, %v, %v", v, ok, err)
		}
		if v.Counts[0].Event != leader || v.Counts[0].Count != 1 || v.Counts[1].Count != 1 {
			t.Errorf("counts %d and %d, want 1 and 1", v.Counts[0].Count, v.Counts[1].Count)
		}
		if v.Enabled != 7e6 || v.Running != 7e6 {
			t.Errorf("enabled %d ns, running %d ns, want 7 ms of each", v.Enabled, v.Running)
		}
	})
}

// TestTimes: the clock of a task's event runs while the task does, that of running while the event is
// installed (R-EVT-2).
func TestTimes(t *testing.T) {
	m := vectorMachine(t, "6.1.192")
	task := newTask(t, m, "t", 0)
	ev := open(t, m, userW(userAddr), task, -1)
	must(t, m.Msleep(1e6))
	must(t, m.CPU(0).ContextSwitch(task))
	must(t, m.Msleep(2e6))
	must(t, ev.Disable())
	must(t, m.Msleep(4e6))
	must(t, ev.Enable())
	must(t, m.Msleep(8e6))
	must(t, m.CPU(0).ContextSwitch(nil))
	must(t, m.Msleep(16e6))
	v, _, err := ev.ReadValues()
	must(t, err)
	if v.Enabled != 10e6 || v.Running != 10e6 {
		t.Errorf("enabled %d ns, running %d ns, want 10 ms of each", v.Enabled, v.Running)
	}
}
