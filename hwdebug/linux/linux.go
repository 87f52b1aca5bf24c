// The package, for every system.

// Package linux is the arm64 kernel that the program runs on as a hwdebug.Target, from user space: perf
// events, ptrace, accesses of tasks, fork, exit, hotplug. It needs root.
//
//	linux.Work() // first in main: returns unless the process is a worker
//	h, err := linux.Start()
//	if err != nil {
//		return err
//	}
//	defer h.Close()
//	t := h.Target() // fresh: no events, no tasks
//
// Each task is a process of its own, the program in worker mode, that waits for commands. Its accesses
// are single instructions in a thread that blocks every signal: on arm64 a signal during the step over
// a hit makes the hit count twice. A task is off its CPU at the end of every call.
//
// Left out is what needs a module in the kernel: events registered by the kernel, accesses by it, and
// reading the debug registers.
package linux

// Addresses of the memory of a task: data, and code of which each word is a return. A task shares both with
// those that it forks.
const (
	UserData = 0x10000000
	UserCode = 0x20000000
)
