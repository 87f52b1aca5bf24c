// Names of tasks: a task is its pointer, and several records say which pid that is.

package rebuild

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

const (
	maxNames = 1 << 16 // tasks whose names are remembered
	maxComms = 1 << 16
)

// names holds what is known of tasks.
type names struct {
	tasks map[uint64]board.Task // by pointer
	comms map[int]string        // by pid, as last seen
}

func (n *names) init() { n.tasks, n.comms = map[uint64]board.Task{}, map[int]string{} }

// see notes the name of the thread that made a record.
func (n *names) see(pid int, comm string) {
	if pid <= 0 || comm == "" || n.comms[pid] == comm {
		return
	}
	if len(n.comms) >= maxComms {
		clear(n.comms)
	}
	n.comms[pid] = comm
}

// name notes that the task at ptr has that pid.
func (n *names) name(ptr uint64, pid int, comm string) {
	if ptr == 0 || pid <= 0 {
		return
	}
	if len(n.tasks) >= maxNames {
		clear(n.tasks)
	}
	n.tasks[ptr] = board.Task{Ptr: ptr, PID: pid, Comm: comm}
}

// of returns the task at ptr with the name that it has now.
func (n *names) of(ptr uint64) board.Task {
	task, ok := n.tasks[ptr]
	if !ok {
		return board.Task{Ptr: ptr, PID: -1}
	}
	if comm := n.comms[task.PID]; comm != "" {
		task.Comm = comm
	}
	return task
}

// gone keeps the last name of the tasks of a pid, which may be given to another thread.
func (n *names) gone(pid int) {
	for ptr, task := range n.tasks {
		if task.PID == pid {
			n.tasks[ptr] = n.of(ptr)
		}
	}
	delete(n.comms, pid)
}

// guess takes the current thread of an install for the event's task, unless contexts may have been
// exchanged between clones.
func (n *names) guess(ev *event, r *ftrace.Record) {
	if ev.Task.Ptr == 0 || ev.Parent != 0 || ev.children > 0 {
		return
	}
	if _, ok := n.tasks[ev.Task.Ptr]; !ok {
		n.name(ev.Task.Ptr, r.PID, r.Comm)
	}
}

// name follows the records that name tasks.
func (t *Tracker) name(r *ftrace.Record) {
	th := t.thread(r)
	switch r.Name {
	case ftrace.Find:
		if th.finding {
			t.doubtNone(r.T, 1)
		}
		th.finding, th.vpid = true, r.VPID
	case ftrace.FindRet:
		if !th.finding {
			t.doubtNone(r.T, 1)
			return
		}
		th.finding = false
		if th.vpid == 0 {
			th.vpid = r.PID
		}
		t.names.name(uint64(r.Ret), th.vpid, "")
	case ftrace.Fork:
		t.names.see(r.ChildPID, r.ChildComm)
		for _, ptr := range th.forked {
			t.names.name(ptr, r.ChildPID, r.ChildComm)
		}
		th.forked = nil
	case ftrace.Exit:
		if r.CPU >= 0 && r.CPU < hwdebug.MaxCPUs {
			t.exited(t.cpu(r.CPU), r.PID)
		}
		t.names.gone(r.PID)
		if t.stepping(r.PID) {
			t.tasks[r.PID].dying = true
		} else {
			delete(t.tasks, r.PID)
		}
		delete(t.threads, th.key)
	}
}
