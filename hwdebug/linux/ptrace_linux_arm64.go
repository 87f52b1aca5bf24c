// Ptrace: the register sets of tasks, and the traps that stop them.

package linux

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/hwlua/hwlua/hwdebug"
)

// Kinds of register sets (PTRACE_GETREGSET).
const (
	setRegisters = 1     // NT_PRSTATUS
	setHwBreak   = 0x402 // NT_ARM_HW_BREAK
	setHwWatch   = 0x403 // NT_ARM_HW_WATCH
)

// maxEntries is how many entries a set can have.
const maxEntries = 16

// Bytes of struct user_hwdebug_state: a head, then entries.
const (
	headBytes  = 8
	entryBytes = 16
)

// A tracer makes ptrace calls. The kernel takes those of a tracee from one thread only, so they are
// made in a thread of its own.
type tracer struct {
	work chan func()
	done chan struct{}
}

func newTracer() *tracer {
	t := &tracer{work: make(chan func()), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		for f := range t.work {
			f()
			t.done <- struct{}{}
		}
	}()
	return t
}

// do runs f in the tracer's thread.
func (t *tracer) do(f func()) {
	t.work <- f
	<-t.done
}

// stop ends the thread.
func (t *tracer) stop() {
	if t.work != nil {
		close(t.work)
		t.work = nil
	}
}

// ptrace calls ptrace(2).
func ptrace(request, pid int, addr, data uintptr) error {
	_, _, e := syscall.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(pid), addr, data, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// regset reads or writes a set and returns the number of bytes that the kernel knows.
func regset(request, pid, set int, data []byte) (int, error) {
	iov := unix.Iovec{Base: &data[0], Len: uint64(len(data))}
	err := ptrace(request, pid, uintptr(set), uintptr(unsafe.Pointer(&iov)))
	return int(iov.Len), err
}

// stopped calls f while the task is stopped, and lets it go on. The first call makes the task a tracee.
func (t *tracer) stopped(p *process, f func() error) (err error) {
	t.do(func() {
		if !p.traced {
			if err = ptrace(unix.PTRACE_SEIZE, p.pid, 0, 0); err != nil {
				err = fmt.Errorf("PTRACE_SEIZE: %w", err)
				return
			}
			p.traced = true
		}
		if err = ptrace(unix.PTRACE_INTERRUPT, p.pid, 0, 0); err != nil {
			err = fmt.Errorf("PTRACE_INTERRUPT: %w", err)
			return
		}
		var status unix.WaitStatus
		if status, err = wait(p.pid, 0); err != nil {
			return
		}
		if !status.Stopped() {
			p.traced = false
			err = fmt.Errorf("task %d ended: %w", p.pid, unix.ESRCH)
			return
		}
		err = f()
		if cont := ptrace(unix.PTRACE_CONT, p.pid, 0, 0); err == nil && cont != nil {
			err = fmt.Errorf("PTRACE_CONT: %w", cont)
		}
	})
	return err
}

// wait waits for a change of a tracee.
func wait(pid, options int) (status unix.WaitStatus, err error) {
	err = unix.EINTR
	for err == unix.EINTR {
		var got int
		if got, err = unix.Wait4(pid, &status, unix.WALL|options, nil); err == nil && got == 0 {
			return 0, unix.EAGAIN
		}
	}
	return status, err
}

// release ends tracing. The registers that were set stay set.
func (t *tracer) release(p *process) {
	if !p.traced {
		return
	}
	t.stopped(p, func() error { return nil })
	t.do(func() {
		if ptrace(unix.PTRACE_INTERRUPT, p.pid, 0, 0) == nil {
			wait(p.pid, 0)
			ptrace(unix.PTRACE_DETACH, p.pid, 0, 0)
		}
	})
	p.traced = false
}

func setNumber(which hwdebug.PtraceSet) int {
	if which == hwdebug.HwBreak {
		return setHwBreak
	}
	return setHwWatch
}

// get reads a register set.
func (t *tracer) get(
	p *process, which hwdebug.PtraceSet,
) (info uint32, regs []hwdebug.PtraceReg, err error) {
	var buf [headBytes + maxEntries*entryBytes]byte
	n := 0
	err = t.stopped(p, func() (err error) {
		n, err = regset(unix.PTRACE_GETREGSET, p.pid, setNumber(which), buf[:])
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	info = binary.LittleEndian.Uint32(buf[:])
	for i := range min(int(info&0xff), (n-headBytes)/entryBytes) {
		at := buf[headBytes+i*entryBytes:]
		regs = append(regs, hwdebug.PtraceReg{
			Addr: binary.LittleEndian.Uint64(at), Ctrl: binary.LittleEndian.Uint32(at[8:]),
		})
	}
	return info, regs, nil
}

// set reads a set, replaces entry idx and writes the head and the entries up to idx.
func (t *tracer) set(p *process, which hwdebug.PtraceSet, idx int, reg hwdebug.PtraceReg) error {
	if idx < 0 || idx >= maxEntries {
		return fmt.Errorf("entry %d: %w", idx, unix.EINVAL)
	}
	var buf [headBytes + maxEntries*entryBytes]byte
	return t.stopped(p, func() error {
		if _, err := regset(unix.PTRACE_GETREGSET, p.pid, setNumber(which), buf[:]); err != nil {
			return err
		}
		at := buf[headBytes+idx*entryBytes:]
		binary.LittleEndian.PutUint64(at, reg.Addr)
		binary.LittleEndian.PutUint32(at[8:], reg.Ctrl)
		_, err := regset(unix.PTRACE_SETREGSET, p.pid, setNumber(which), buf[:headBytes+(idx+1)*entryBytes])
		return err
	})
}

// trapped looks whether the task was stopped. It counts a trap in trap and moves the task past the
// instruction: a load or store is not performed then, a call returns.
func (t *tracer) trapped(p *process, called bool, trap *hwdebug.Trap) (err error) {
	t.do(func() {
		status, waiting := wait(p.pid, unix.WNOHANG)
		switch {
		case waiting != nil:
			return
		case !status.Stopped():
			p.traced = false
			err = fmt.Errorf("task %d ended during the access", p.pid)
			return
		case status.StopSignal() == unix.SIGTRAP && status>>16 == 0:
			if err = note(p.pid, trap); err == nil {
				err = skip(p.pid, called)
			}
		}
		if cont := ptrace(unix.PTRACE_CONT, p.pid, 0, 0); err == nil {
			err = cont
		}
	})
	return err
}

// note adds the signal that stopped the task to trap.
func note(pid int, trap *hwdebug.Trap) error {
	const getSiginfo = 0x4202
	var info [128]byte // signo, errno, code, padding, address
	if err := ptrace(getSiginfo, pid, 0, uintptr(unsafe.Pointer(&info))); err != nil {
		return err
	}
	if trap.N++; trap.N == 1 {
		trap.Addr = binary.LittleEndian.Uint64(info[16:])
		trap.Errno = int(int32(binary.LittleEndian.Uint32(info[4:])))
	}
	return nil
}

// skip moves the task past the instruction, or back from the function that it was about to enter.
func skip(pid int, called bool) error {
	const registers, lr, pc = 34, 30, 32 // x0 to x30, sp, pc, pstate
	var buf [8 * registers]byte
	if _, err := regset(unix.PTRACE_GETREGSET, pid, setRegisters, buf[:]); err != nil {
		return err
	}
	next := binary.LittleEndian.Uint64(buf[8*pc:]) + 4
	if called {
		next = binary.LittleEndian.Uint64(buf[8*lr:])
	}
	binary.LittleEndian.PutUint64(buf[8*pc:], next)
	_, err := regset(unix.PTRACE_SETREGSET, pid, setRegisters, buf[:])
	return err
}
