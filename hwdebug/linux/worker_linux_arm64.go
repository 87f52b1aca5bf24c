// The worker: a process that performs single accesses on command.

package linux

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// workerEnv is set in the environment of workers.
const workerEnv = "HWLUA_LINUX_WORKER"

// maxTasks is how many tasks a host can have at a time.
const maxTasks = 64

// firstSocket is the descriptor of the first worker's socket, in all workers.
const firstSocket = 3

// Operations of a worker.
const (
	opMap uint64 = iota // make the memory of a new task
	opLoad
	opStore
	opExec
	opFork // the child uses the socket arg
	opExit
)

// mayWork is set once Work was called: the program started again would be a worker.
var mayWork atomic.Bool

// A command is what a worker is told to do; answers tell the result, negative for an errno.
type command struct{ op, addr, size, arg uint64 }

// codePage holds the code of a task: returns.
var codePage [4096]byte

// codeName is the name of the file that holds the code of a task.
var codeName = [...]byte{'c', 'o', 'd', 'e', 0}

// returnInstruction is RET.
const returnInstruction = 0xd65f03c0

// Work does the work of a worker, if the process is one, and does not return then.
func Work() {
	if os.Getenv(workerEnv) == "" {
		mayWork.Store(true)
		return
	}
	runtime.LockOSThread()
	for i := range codePage {
		codePage[i] = byte(uint32(returnInstruction) >> (8 * (i % 4)))
	}
	all := ^uint64(0)
	const block = 0 // SIG_BLOCK
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, block, uintptr(unsafe.Pointer(&all)), 0, 8, 0, 0)
	work(firstSocket)
}

// work performs the commands that come through a socket until the host closes it. After a fork the
// child runs on without the threads of the Go runtime, so this function and those that it calls never
// enter the runtime: they have no stack check, allocate nothing and make raw system calls only.
//
//go:nosplit
func work(socket uintptr) {
	var c command
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, socket,
			uintptr(unsafe.Pointer(&c)), unsafe.Sizeof(c))
		if errno == unix.EINTR {
			continue
		}
		if n != unsafe.Sizeof(c) || errno != 0 {
			exit()
		}
		answer := int64(0)
		switch c.op {
		case opMap:
			answer = mapMemory()
		case opLoad:
			load(uintptr(c.addr), c.size)
		case opStore:
			store(uintptr(c.addr), c.size)
		case opExec:
			call(uintptr(c.addr))
		case opFork:
			const parent = unix.CLONE_PARENT | uintptr(unix.SIGCHLD)
			pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, parent, 0, 0, 0, 0, 0)
			if errno == 0 && pid == 0 {
				socket = uintptr(c.arg)
				continue
			}
			answer = int64(pid)
			if errno != 0 {
				answer = -int64(errno)
			}
		case opExit:
			exit()
		}
		syscall.RawSyscall(unix.SYS_WRITE, socket, uintptr(unsafe.Pointer(&answer)), unsafe.Sizeof(answer))
	}
}

//go:nosplit
func exit() {
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// load performs one load.
//
//go:nosplit
func load(addr uintptr, size uint64) {
	switch size {
	case 1:
		load1(addr)
	case 2:
		load2(addr)
	case 4:
		load4(addr)
	case 8:
		load8(addr)
	case 16:
		load16(addr)
	case 32:
		load32(addr)
	}
}

// store performs one store. It writes the bytes of the instruction RET, which the code consists of, so that
// code remains code.
//
//go:nosplit
func store(addr uintptr, size uint64) {
	const two = returnInstruction<<32 | returnInstruction
	shift := uint(addr%4) * 8
	value := uint64(two)>>shift | uint64(two)<<(64-shift)
	if shift == 0 {
		value = two
	}
	switch size {
	case 1:
		store1(addr, value)
	case 2:
		store2(addr, value)
	case 4:
		store4(addr, value)
	case 8:
		store8(addr, value)
	case 16:
		store16(addr, value)
	case 32:
		store32(addr, value)
	}
}

// mapMemory maps the data and the code of a new task. The code is a file: the kernel makes its pages
// coherent with the instruction cache when they are mapped.
//
//go:nosplit
func mapMemory() int64 {
	const size = uintptr(len(codePage))
	const rw, rwx = unix.PROT_READ | unix.PROT_WRITE, unix.PROT_READ | unix.PROT_WRITE | unix.PROT_EXEC
	_, _, errno := syscall.RawSyscall6(unix.SYS_MMAP, UserData, size, rw,
		unix.MAP_SHARED|unix.MAP_ANONYMOUS|unix.MAP_FIXED, ^uintptr(0), 0)
	if errno != 0 {
		return -int64(errno)
	}
	fd, _, errno := syscall.RawSyscall(unix.SYS_MEMFD_CREATE, uintptr(unsafe.Pointer(&codeName)), 0, 0)
	if errno != 0 {
		return -int64(errno)
	}
	syscall.RawSyscall6(unix.SYS_PWRITE64, fd, uintptr(unsafe.Pointer(&codePage)), size, 0, 0, 0)
	_, _, errno = syscall.RawSyscall6(unix.SYS_MMAP, UserCode, size, rwx,
		unix.MAP_SHARED|unix.MAP_FIXED, fd, 0)
	syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	return -int64(errno)
}
