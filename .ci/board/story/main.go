// The story runs in the guest: it opens events in five stages and waits at each of them to be looked at.

// Command story opens breakpoint events on its machine, in stages. After each it prints "STOP n" and
// waits for a line on its standard input. As "story spin CPU COMM [own]" it is a task that is always
// current on its CPU.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// main does the stages, or is one of the tasks.
func main() {
	runtime.LockOSThread() // ptrace knows its tracer by the thread
	if len(os.Args) > 3 && os.Args[1] == "spin" {
		spin(os.Args[2], os.Args[3], len(os.Args) > 4)
	}
	in := bufio.NewScanner(os.Stdin)
	for i, stage := range []func(){cpuEvents, taskEvents, pinnedEvent, fullCPU, traced} {
		stage()
		time.Sleep(300 * time.Millisecond) // what a stage started has become current
		mark(fmt.Sprintf("hwlua-point %d", i+1))
		fmt.Printf("\nSTOP %d\n", i+1)
		in.Scan()
		mark(fmt.Sprintf("hwlua-end %d", i+1))
	}
	for _, p := range spinning {
		p.Kill()
	}
	fmt.Println("\nSTORY DONE")
}

// mark writes into the trace.
func mark(text string) {
	check(os.WriteFile("/sys/kernel/tracing/trace_marker", []byte(text), 0))
}

func check(err error) {
	if err != nil {
		fmt.Println("story:", err)
	}
}

// Addresses that nothing accesses.
const (
	kernelAddr = 0xffffffff00000000
	userAddr   = 0x10000040
	userCode   = 0x10000080
)

// open opens an event and returns its file, or -1.
func open(kind uint32, addr, length uint64, pid, cpu int, bits uint64) int {
	a := unix.PerfEventAttr{Type: 5, Bp_type: kind, Ext1: addr, Ext2: length, Bits: bits}
	a.Size = uint32(unsafe.Sizeof(a))
	fd, err := unix.PerfEventOpen(&a, pid, cpu, -1, 0)
	fmt.Printf("open %d 0x%x pid %d cpu %d: %v\n", kind, addr, pid, cpu, err)
	return fd
}

var (
	files    []int
	spinning []*os.Process
)

func cpuEvents() {
	for cpu := range 4 {
		files = append(files, open(2, kernelAddr, 8, -1, cpu, 0))
	}
}

func taskEvents() { start(1, "alpha", "own") }

func pinnedEvent() {
	beta := start(2, "beta")
	open(3, userAddr+64, 2, beta, -1, 1<<2)
}

func fullCPU() {
	unix.Close(files[2])
	for i := range 5 {
		open(1, kernelAddr+uint64(64*i), 8, -1, 3, 0)
	}
}

// traced sets a watchpoint of a task as a debugger does.
func traced() {
	gamma := start(2, "gamma")
	check(unix.PtraceSeize(gamma))
	check(unix.PtraceInterrupt(gamma))
	var status unix.WaitStatus
	unix.Wait4(gamma, &status, unix.WALL, nil)
	const watch = 0x403
	var set [8 + 16]byte
	binary.LittleEndian.PutUint64(set[8:], userAddr+128)
	binary.LittleEndian.PutUint32(set[16:], 0x1ff5)
	iov := unix.Iovec{Base: &set[0], Len: uint64(len(set))}
	_, _, e := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SETREGSET, uintptr(gamma), watch,
		uintptr(unsafe.Pointer(&iov)), 0, 0)
	fmt.Println("ptrace:", e)
	check(unix.PtraceCont(gamma, 0))
}

// start starts a task that is bound to a CPU, and waits until it spins.
func start(cpu int, name string, more ...string) int {
	c := exec.Command("/bin/story", append([]string{"spin", strconv.Itoa(cpu), name}, more...)...)
	out, err := c.StdoutPipe()
	check(err)
	check(c.Start())
	out.Read(make([]byte, 1))
	spinning = append(spinning, c.Process)
	return c.Process.Pid
}

func spin(cpu, name string, own bool) {
	n, _ := strconv.Atoi(cpu)
	var set unix.CPUSet
	set.Set(n)
	check(unix.SchedSetaffinity(0, &set))
	comm := append([]byte(name), 0)
	check(unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&comm[0])), 0, 0, 0))
	if own {
		open(2, userAddr, 4, 0, -1, 0)
		open(4, userCode, 4, 0, -1, 0)
	}
	os.Stdout.Write([]byte{'.'})
	for {
	}
}
