// Groups: events that are scheduled as one unit, and what reads of events return (kernel/events/core.c, spec
// 5.8).

package sim

import (
	"slices"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
)

// PerfEventOpenGroup opens an event as PerfEventOpen does, as a member of the group that leader leads
// (R-GRP-1). A nil leader stands for none.
func (m *Machine) PerfEventOpenGroup(a hwdebug.Attr, task *Task, cpu int, leader *Event) (*Event, error) {
	if leader != nil {
		if err := m.owns("perf_event_open", leader); err != nil {
			return nil, err
		}
		if !leader.fd {
			return nil, misusef("%s has no file, so that no event can join its group", leader.Label())
		}
	}
	return m.openEvent(&create{op: "perf_event_open", attr: a, task: task, cpu: cpu, fd: true,
		leader: leader})
}

// Leader returns the leader of the event's group: itself if it is in none.
func (ev *Event) Leader() *Event { return ev.leader }

// Siblings returns the members of the group that the event leads, in order of opening.
func (ev *Event) Siblings() []*Event { return slices.Clone(ev.siblings) }

// leads reports whether the event leads a group or is in none.
func (ev *Event) leads() bool { return ev.leader == ev }

// groupAttach puts a member behind the others of its group.
//
// kernel/events/core.c: perf_group_attach
func (ev *Event) groupAttach() {
	if ev.grouped {
		return
	}
	ev.grouped = true
	if !ev.leads() {
		ev.leader.siblings = append(ev.leader.siblings, ev)
	}
}

// groupDetach takes ev out of its group. The members of a leader become single events, behind the others of
// their own class, and keep their registers (R-GRP-5).
//
// kernel/events/core.c: perf_group_detach
func (ev *Event) groupDetach() {
	if !ev.grouped {
		return
	}
	ev.grouped = false
	if !ev.leads() {
		ev.leader.siblings = remove(ev.leader.siblings, ev)
		return
	}
	for _, s := range ev.siblings {
		s.leader = s
		if !ev.attached {
			continue
		}
		cls := ev.ctx.class(s.pinned)
		cls.tree = append(cls.tree, s)
		if s.state == StateActive {
			cls.active = append(cls.active, s)
		}
	}
	ev.siblings = nil
}

// joinable returns an error if the event of r, whose context is x, cannot join the group of its leader
// (R-GRP-1).
func (r *create) joinable(m *Machine, x *perfContext) error {
	leader := r.leader
	var found, fix string
	switch {
	case leader == nil:
		return nil
	case !leader.leads():
		found, fix = leader.Label()+" is itself a member of a group", "name the group's leader"
	case leader.cpu != r.cpu:
		found, fix = sprintf("the leader is an event of another CPU (%d)", leader.cpu), "use the same cpu"
	case leader.ctx != x:
		found, fix = "the leader is an event of another task", "use the same task"
	case r.attr.Pinned:
		found, fix = "only a leader can be pinned", "pin the leader"
	default:
		return nil
	}
	return r.refuse(m, einval, "R-GRP-1", r.creator(m), found, fix)
}

// effectiveState returns the event's state, or the leader's if that is disabled (R-GRP-2).
//
// kernel/events/core.c: __perf_effective_state
func (ev *Event) effectiveState() State {
	if ev.leader.state <= StateOff {
		return ev.leader.state
	}
	return ev.state
}

// clock returns the time that x was scheduled in for.
func (x *perfContext) clock(now time.Duration) time.Duration {
	if !x.timed {
		return x.time
	}
	return x.time + now - x.since
}

// setState changes the event's state and counts the time that it was in the old one (R-EVT-2).
//
// kernel/events/core.c: perf_event_set_state
func (ev *Event) setState(s State) {
	if ev.m.now != 0 { // otherwise no time has passed yet
		ev.updateTime()
		for _, member := range ev.siblings {
			member.updateTime() // its effective state may change with the leader's
		}
	}
	ev.state = s
}

// updateTime adds the time since the last call.
//
// kernel/events/core.c: perf_event_update_time
func (ev *Event) updateTime() {
	if ev.ctx == nil || !ev.attached {
		return
	}
	now := ev.ctx.clock(ev.m.now)
	delta := now - ev.tstamp
	ev.tstamp = now
	state := ev.effectiveState()
	if state >= StateInactive {
		ev.enabledTime += delta
	}
	if state >= StateActive {
		ev.runningTime += delta
	}
}

// keepChild adds what an inherited event has counted, which is about to be freed.
func (ev *Event) keepChild(c *Event) {
	c.updateTime()
	ev.childCount += c.count
	ev.childEnabled += c.enabledTime
	ev.childRunning += c.runningTime
}

// EnableGroup issues the fd request ENABLE for every event of the event's group, the leader first.
func (ev *Event) EnableGroup() error { return ev.requestGroup(ev.m.perfEventEnableInner) }

// DisableGroup issues the fd request DISABLE for every event of the event's group, the leader first.
func (ev *Event) DisableGroup() error { return ev.requestGroup(ev.m.perfEventDisableInner) }

// requestGroup calls inner for each event of the group and each inherited event of that (R-GRP-6).
//
// kernel/events/core.c: perf_event_for_each
func (ev *Event) requestGroup(inner func(*Event)) error {
	return ev.ioctl("ioctl", func() error {
		for _, e := range ev.group() {
			inner(e)
			for _, c := range e.children {
				inner(c)
			}
		}
		return nil
	})
}

// group returns the events of the event's group, the leader first.
func (ev *Event) group() []*Event { return append([]*Event{ev.leader}, ev.leader.siblings...) }

// Values is what a read of an event returns besides its ID.
type Values struct {
	Enabled, Running time.Duration // total_time_enabled and total_time_running
	Counts           []GroupCount
}

// A GroupCount is an event and its count.
type GroupCount struct {
	Event *Event
	Count uint64
}

// ReadValues reads the event's times and the counts of its group, the leader's first (R-GRP-7). ok is false
// in the error state, in which a read returns 0 bytes. The times are those of the leader.
func (ev *Event) ReadValues() (v Values, ok bool, err error) {
	if _, ok, err := ev.Read(); !ok || err != nil {
		return v, ok, err
	}
	group := []*Event{ev}
	if ev.attr.ReadFormat&hwdebug.ReadGroup != 0 {
		group = ev.group()
	}
	for _, e := range append(group[:1:1], group[0].children...) {
		e.updateTime()
		v.Enabled += e.enabledTime
		v.Running += e.runningTime
	}
	v.Enabled += group[0].childEnabled
	v.Running += group[0].childRunning
	for i, e := range group {
		v.Counts = append(v.Counts, GroupCount{e, e.count + e.childCount})
		for _, c := range group[0].children {
			if members := c.group(); i < len(members) {
				v.Counts[i].Count += members[i].count
			}
		}
	}
	return v, true, nil
}
