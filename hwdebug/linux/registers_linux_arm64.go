// How many debug registers the kernel uses.

package linux

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hwlua/hwlua/hwdebug"
)

// DebugRegisters returns how many breakpoint and watchpoint registers the kernel uses. It asks ptrace for a
// process that is stopped before its first instruction, and ends it.
func DebugRegisters() (brps, wrps int, err error) {
	runtime.LockOSThread() // ptrace knows its tracer by the thread
	defer runtime.UnlockOSThread()
	child, err := os.StartProcess("/proc/self/exe", []string{"stopped"},
		&os.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		child.Kill()
		child.Wait()
	}()
	if _, err := wait(child.Pid, 0); err != nil {
		return 0, 0, err
	}
	for which, n := range map[hwdebug.PtraceSet]*int{hwdebug.HwBreak: &brps, hwdebug.HwWatch: &wrps} {
		var buf [headBytes + maxEntries*entryBytes]byte
		if _, err := regset(unix.PTRACE_GETREGSET, child.Pid, setNumber(which), buf[:]); err != nil {
			return 0, 0, fmt.Errorf("PTRACE_GETREGSET: %w", err)
		}
		*n = int(buf[0])
	}
	return brps, wrps, nil
}
