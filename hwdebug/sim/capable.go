// The capabilities that opening and registering events need (kernel/capability.c, spec 2.1).

package sim

// A Capability says whether a user task has CAP_SYS_ADMIN and CAP_PERFMON. Kernel threads have all.
type Capability uint8

const (
	CapDefault Capability = iota // as Config.NoCapSysAdmin says
	CapGranted
	CapRevoked
)

// lacks returns whether a new user task of the machine lacks the capabilities.
func (c Capability) lacks(m *Machine) bool {
	if c == CapDefault {
		return m.cfg.NoCapSysAdmin
	}
	return c == CapRevoked
}

// CapSysAdmin reports whether the task has CAP_SYS_ADMIN and CAP_PERFMON.
func (t *Task) CapSysAdmin() bool { return !t.uncapable }

// capable reports whether the current task has CAP_SYS_ADMIN: whoever makes the call, not the target.
func (m *Machine) capable() bool { return !m.cpu.curr.uncapable }

// paranoid reports whether perf_event_paranoid is above level and the current task lacks the capability that
// passes it.
func (m *Machine) paranoid(level int) bool { return m.cfg.Paranoid > level && !m.capable() }

// perfCapability names the capability that allows a CPU's event and profiling the kernel (D-11).
func (m *Machine) perfCapability() string {
	if m.prof.capPerfmon {
		return "CAP_PERFMON or CAP_SYS_ADMIN"
	}
	return "CAP_SYS_ADMIN"
}

// lacksFor returns why the current task may not do something, for a refusal.
func (m *Machine) lacksFor(capability, what string) string {
	return sprintf("%s, in whose name the call is made, lacks %s%s", m.cpu.curr, capability, what)
}

// paranoidFound returns the same for a limit of perf_event_paranoid.
func (m *Machine) paranoidFound(capability string) string {
	return sprintf("perf_event_paranoid is %d and %s", m.cfg.Paranoid, m.lacksFor(capability, ""))
}
