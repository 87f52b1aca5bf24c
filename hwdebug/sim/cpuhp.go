// Hotplug callbacks of drivers: the states of the hotplug machine that a driver adds (kernel/cpu.c).

package sim

import (
	"slices"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
)

// A hotplugState is a dynamic state of CPUHP_AP_ONLINE_DYN.
type hotplugState struct {
	id                int
	name              string
	startup, teardown func(cpu int) error // nil: none
}

const (
	firstDynState = 170 // CPUHP_AP_ONLINE_DYN; the number depends on the release
	maxDynStates  = 31  // up to CPUHP_AP_ONLINE_DYN_END
)

// CpuhpSetupState adds a state with the callbacks startup and teardown, each of which may be nil, and
// returns its number. startup runs in cpuhp/N on every online CPU now, in ascending order, and on each
// later one when it has come up; teardown runs before a CPU goes down. If startup fails on a CPU,
// teardown runs on those before it, and the error is returned (R-HP-17, 18).
func (m *Machine) CpuhpSetupState(name string, startup, teardown func(cpu int) error) (id int, err error) {
	if err := m.mayHotplug("cpuhp_setup_state"); err != nil {
		return 0, err
	}
	m.hotplugBy = m.cpu.curr
	defer m.unlockHotplug()
	defer m.done(m.here())
	defer m.exit(m.enter1(fnCpuhpSetupState, uint64(m.rec.Name(name))), &err)
	s := &hotplugState{id: firstDynState, name: name, startup: startup, teardown: teardown}
	for slices.ContainsFunc(m.hotplugStates, func(o *hotplugState) bool { return o.id == s.id }) {
		s.id++
	}
	if s.id >= firstDynState+maxDynStates {
		return 0, m.refuse(&hwdebug.Error{
			Errno: syscall.ENOSPC, Rule: "R-HP-17", Fn: "cpuhp_reserve_state", Op: "cpuhp_setup_state",
			Asked: sprintf("%q", name), Found: sprintf("%d dynamic states are in use", maxDynStates),
			Fix: "remove one (cpuhp_remove_state)",
		})
	}
	m.hotplugStates = append(m.hotplugStates, s)
	slices.SortFunc(m.hotplugStates, func(a, b *hotplugState) int { return a.id - b.id })
	for _, c := range m.cpus {
		if !c.online {
			continue
		}
		if err := m.cpuhpCall(c, s, true); err != nil {
			for _, before := range m.cpus[:c.id] {
				if before.online {
					_ = m.cpuhpCall(before, s, false) // the error of startup is the one that counts
				}
			}
			m.hotplugStates = remove(m.hotplugStates, s)
			return 0, err
		}
	}
	return s.id, nil
}

// CpuhpRemoveState removes a state. Its teardown runs in cpuhp/N on every online CPU first, in
// ascending order (R-HP-19).
func (m *Machine) CpuhpRemoveState(id int) (err error) {
	i := slices.IndexFunc(m.hotplugStates, func(s *hotplugState) bool { return s.id == id })
	if i < 0 {
		return misusef("cpuhp_remove_state: no state has the number %d", id)
	}
	s := m.hotplugStates[i]
	if err := m.mayHotplug("cpuhp_remove_state"); err != nil {
		return err
	}
	m.hotplugBy = m.cpu.curr
	defer m.unlockHotplug()
	defer m.done(m.here())
	defer m.exit(m.enter1(fnCpuhpRemoveState, uint64(id)), &err)
	for _, c := range m.cpus {
		if c.online {
			if e := m.cpuhpCall(c, s, false); e != nil && err == nil {
				err = e
			}
		}
	}
	m.hotplugStates = remove(m.hotplugStates, s)
	return err
}

// mayHotplug waits until no other thread changes CPUs or states. It returns an error where op must not
// sleep, and in a callback, whose caller would wait for itself.
func (m *Machine) mayHotplug(op string) error {
	if m.trapped > 0 {
		return misusef("%s: %s must not sleep", op, m.noSleep())
	}
	if err := m.preempt(); err != nil {
		return err
	}
	return m.awaitHotplug(op)
}

// awaitHotplug waits until no other thread changes CPUs or states.
func (m *Machine) awaitHotplug(op string) error {
	if m.hotplugBy == nil {
		return nil
	}
	if m.ownHotplug() {
		return misusef("deadlock: %s in a hotplug callback waits for cpu_hotplug_lock, "+
			"which the caller of the callback holds", op)
	}
	w := Wait{Fn: op, For: "cpu_hotplug_lock", HeldAs: "held by", holder: func() *Task { return m.hotplugBy }}
	for m.hotplugBy != nil {
		if err := m.waitFor(w, func() bool { return m.hotplugBy == nil }); err != nil {
			return err
		}
	}
	return nil
}

// readHotplug takes and releases cpu_hotplug_lock for reading: op waits while a CPU goes down or comes up.
func (m *Machine) readHotplug(op string) error {
	if !m.hotplugWrite {
		return nil
	}
	return m.awaitHotplug(op)
}

func (m *Machine) unlockHotplug() { m.hotplugBy, m.hotplugWrite = nil, false }

// ownHotplug reports whether the running thread is a cpuhp/N that runs a callback.
func (m *Machine) ownHotplug() bool {
	th := m.thread
	return th != nil && th.task == m.cpus[th.task.cpu].hp
}

// cpuhpCall runs the startup or teardown of s for c in c's cpuhp thread, and waits for it.
//
// kernel/cpu.c: cpuhp_issue_call, cpuhp_invoke_ap_callback
func (m *Machine) cpuhpCall(c *CPU, s *hotplugState, up bool) (err error) {
	fn := s.teardown
	if up {
		fn = s.startup
	}
	if fn == nil {
		return nil
	}
	if err := c.powered(); err != nil {
		return err
	}
	defer m.exit(m.enter2(fnCpuhpIssueCall, uint64(c.id), uint64(s.id)), &err)
	done := false
	th := m.newThread(c.hp, func() error {
		node := c.node
		m.via(fnCpuhpThreadFun)
		defer func() { c.node = node }()
		defer m.leave(m.enter2(fnCpuhpInvokeCallback, uint64(c.id), uint64(m.rec.Name(s.name))))
		err = m.named(s.name, func() error { return fn(c.id) })
		done = true
		return nil
	})
	c.hp.thread = th
	m.ready(th)
	w := Wait{Fn: "wait_for_completion", For: sprintf("%s of %s", s.callback(up), s.name), HeldAs: "run by",
		holder: c.hp.self}
	if e := m.waitFor(w, func() bool { return done }); e != nil {
		return e
	}
	c.hp.thread = nil
	return err
}

// callback names one of the callbacks of s.
func (s *hotplugState) callback(up bool) string {
	if up {
		return "startup"
	}
	return "teardown"
}

// goOnline runs the startup callbacks of a CPU that has come up, in the order of the states. If one
// fails, the teardown callbacks of those before it have run when goOnline returns.
func (m *Machine) goOnline(c *CPU) error {
	for i, s := range m.hotplugStates {
		if err := m.cpuhpCall(c, s, true); err != nil {
			for _, before := range slices.Backward(m.hotplugStates[:i]) {
				_ = m.cpuhpCall(c, before, false)
			}
			return err
		}
	}
	return nil
}

// goOffline runs the teardown callbacks of a CPU that is to go down, in reverse order. If one fails, the
// startup callbacks of those that have run are called again.
func (m *Machine) goOffline(c *CPU) error {
	for i, s := range slices.Backward(m.hotplugStates) {
		if err := m.cpuhpCall(c, s, false); err != nil {
			for _, above := range m.hotplugStates[i+1:] {
				_ = m.cpuhpCall(c, above, true)
			}
			return err
		}
	}
	return nil
}
