// Tasks: the state of a task or kernel thread, how it is made, and what callers see of it.

package sim

import (
	"strconv"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A Task is one thread of the machine: a user task or a kernel thread.
type Task struct {
	m         *Machine
	pid       int
	comm      string
	commID    uint32
	cpu       int
	compat    bool
	kernel    bool // a kernel thread
	uid       int
	uncapable bool // it lacks CAP_SYS_ADMIN and CAP_PERFMON
	dead      bool
	node      trace.NodeID // its stack while it is switched out; 0: in user mode

	exiting  bool
	fresh    bool // has never run
	ctx      *perfContext
	reserved []*Event // events charged to it (bp_task_head)

	bpsDisabled, wpsDisabled bool // struct debug_info
	suspendedStep            bool
	singleStep               bool // TIF_SINGLESTEP
	ptrace                   [2][16]*Event
	traced                   bool
	held                     bool // its tracer holds it in ptrace_stop
	stops                    int  // number of tracers that keep it stopped: its thread gets no turn
	tracerStep               bool // its tracer single-steps it

	signals []*Siginfo // pending, taken on the way to user mode
	siginfo *Siginfo   // of the last one taken
	actions []action   // by number; nil: none set
	blocked uint64     // signals whose handlers run
	jobStop bool       // stopped by SIGSTOP or its like

	mem    *memory           // user memory, shared with its children until they exec
	body   func(*Task) error // nil: none
	thread *thread
	onExit []exitHook

	skip bool // a signal's handler moved the pc past the interrupted instruction
}

type exitHook struct {
	name string
	fn   func() error
}

// A TaskConfig describes a task.
type TaskConfig struct {
	Comm        string // the first 15 characters are kept; empty: "task-PID"
	PID         int    // 0: the next free one
	CPU         int
	Compat      bool              // a 32-bit task
	UID         int               // its effective user ID, which decides nothing; 0 is root's
	CapSysAdmin Capability        // whether it has CAP_SYS_ADMIN and CAP_PERFMON
	Body        func(*Task) error // runs when the task is scheduled; nil: nothing schedules the task
}

const (
	firstUserPID = 1000
	maxUID       = 1<<32 - 2 // the last number stands for none
)

// NewTask creates a task. It runs once it is switched to or, if it has a body, once its CPU schedules it.
func (m *Machine) NewTask(cfg TaskConfig) (*Task, error) {
	if m.closed {
		return nil, ErrClosed
	}
	if !m.hasCPU(cfg.CPU) {
		return nil, m.noCPU(cfg.CPU)
	}
	c := m.cpus[cfg.CPU]
	if !c.online {
		return nil, misusef("cpu%d is offline (a task starts on an online CPU)", cfg.CPU)
	}
	if uid := int64(cfg.UID); uid < 0 || uid > maxUID {
		return nil, misusef("invalid uid %d (want 0 to %d)", uid, int64(maxUID))
	}
	pid, err := m.userPID(cfg.PID)
	if err != nil {
		return nil, err
	}
	if cfg.Comm == "" {
		cfg.Comm = "task-" + strconv.Itoa(pid)
	}
	t := m.addTask(cfg.Comm, pid, c)
	t.compat, t.uid = cfg.Compat, cfg.UID
	t.uncapable = cfg.CapSysAdmin.lacks(m)
	m.memories++
	t.mem = m.spare.memory(m.memories)
	if cfg.Body != nil {
		m.gives(ResTask, uint64(t.pid))
		t.body = cfg.Body
		t.thread = m.newThread(t, nil)
		m.ready(t.thread)
	}
	return t, nil
}

// run is the thread of a task with a body. The task exits after it, if it failed too, unless the whole run is
// interrupted.
func (t *Task) run() error {
	m := t.m
	m.takes(ResTask, uint64(t.pid))
	err := m.ownSignals(t.thread)
	if err == nil {
		err = t.body(t)
	}
	if !t.dead && err == nil {
		err = m.ownSignals(t.thread)
	}
	if t.dead || err != nil && m.interrupted() != nil {
		return err
	}
	if e := t.exitHere(); err == nil {
		err = e
	}
	return err
}

// userPID returns the pid of a new user task that requests pid, 0 for any.
func (m *Machine) userPID(pid int) (int, error) {
	if pid < 0 || pid > 1<<22 {
		return 0, misusef("invalid pid %d (want 1 to %d)", pid, 1<<22)
	}
	if pid == 0 {
		m.nextPID = max(m.nextPID, firstUserPID)
		return m.pid(), nil
	}
	switch t := m.taskByPID(pid); {
	case t == nil:
	case t.kernel && t != m.script:
		t.pid = m.pid() // a script cannot know which pids the kernel's own threads have
	default:
		return 0, misusef("pid %d belongs to %s", pid, t.comm)
	}
	return pid, nil
}

// taskByPID returns the living task with that pid, or nil.
func (m *Machine) taskByPID(pid int) *Task {
	for _, t := range m.tasks {
		if t.pid == pid && pid != 0 && !t.dead {
			return t
		}
	}
	return nil
}

func (m *Machine) addTask(comm string, pid int, c *CPU) *Task {
	if len(comm) > 15 {
		comm = comm[:15]
	}
	t := m.spare.task()
	t.m, t.pid, t.comm, t.cpu, t.fresh = m, pid, comm, c.id, true
	m.tasks = append(m.tasks, t)
	return t
}

// String returns the task's name and pid: "task sh (pid 1000)".
func (t *Task) String() string { return sprintf("task %s (pid %d)", t.comm, t.pid) }

// PID returns the task's pid, 0 for an idle thread.
func (t *Task) PID() int { return t.pid }

// Comm returns the task's name, at most 15 characters.
func (t *Task) Comm() string { return t.comm }

// CPU returns the CPU that the task is on, or was last on.
func (t *Task) CPU() int { return t.cpu }

// UID returns the task's effective user ID.
func (t *Task) UID() int { return t.uid }

// Compat reports whether the task is a 32-bit task.
func (t *Task) Compat() bool { return t.compat }

// State returns "running" while the task is current, "runnable", "sleeping" or "dead".
func (t *Task) State() string {
	switch {
	case t.dead:
		return "dead"
	case t.running():
		return "running"
	case t.jobStop:
		return "sleeping"
	case t.thread != nil && (t.thread.sleeping() || t.thread.worker != nil && t.thread.state == threadIdle):
		return "sleeping"
	case t.kernel && t.thread == nil && t.pid != 0 && t != t.m.script:
		return "sleeping" // cpuhp/N and kworker/N:0H wait for work
	}
	return "runnable"
}

// running reports whether the task is current on its CPU (task_curr).
func (t *Task) running() bool { return t.m.cpus[t.cpu].curr == t }

// alive returns ESRCH for op on a task that has exited, and ErrClosed if the machine is closed.
func (t *Task) alive(op string) error {
	if t.m.closed {
		return ErrClosed
	}
	if t.dead {
		return t.m.refuse(&hwdebug.Error{
			Errno: esrch, Rule: "R-EVT-25", Fn: op, Op: op, Asked: t.String(),
			Found: "the task has exited", Fix: "use a living task",
		})
	}
	return nil
}

// aliveUser returns an error for op on a task that has exited or is a kernel thread.
func (t *Task) aliveUser(op string) error {
	if err := t.alive(op); err != nil {
		return err
	}
	if t.kernel {
		return misusef("%s: %s is a kernel thread", op, t.comm)
	}
	return nil
}

// Wait waits until the task has exited.
func (t *Task) Wait() error {
	m := t.m
	if err := m.preemptFor(); err != nil {
		return err
	}
	m.touch(ResTask, uint64(t.pid), false)
	err := m.waitFor(Wait{Fn: "wait", For: t.named(), To: "exit", HeldAs: "run by", holder: t.self},
		func() bool { return t.dead })
	m.takes(ResTask, workEnds|uint64(t.pid))
	return err
}
