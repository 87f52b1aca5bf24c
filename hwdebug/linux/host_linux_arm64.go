// The host: the process that all tasks are forked from, and the sockets to them.

package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hwlua/hwlua/hwdebug"
)

// A Host is the kernel that the program runs on. Its targets are used by one goroutine, one after the other.
type Host struct {
	first      *process // from which the tasks of a target are forked; it has no events and does no accesses
	command    *exec.Cmd
	sockets    []int // of this process, one for each possible task
	inUse      []bool
	cpus       int
	brps, wrps int
	hotplug    error // why CPUs cannot be taken down
	tracer     *tracer
}

// A process is a worker.
type process struct {
	pid    int
	socket int // index
	traced bool
}

// Start starts the first worker and reads what the kernel has.
func Start() (*Host, error) {
	if !mayWork.Load() {
		return nil, errors.New("main must call linux.Work first: the program is started again as a worker")
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("the target linux needs root")
	}
	h := &Host{inUse: make([]bool, maxTasks), tracer: newTracer()}
	if err := h.start(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// start starts the first worker.
func (h *Host) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	h.command = exec.Command(self)
	h.command.Env = append(os.Environ(), workerEnv+"=1", "GOMAXPROCS=1", "GOGC=off")
	h.command.Stderr = os.Stderr
	for range maxTasks {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		h.sockets = append(h.sockets, pair[0])
		f := os.NewFile(uintptr(pair[1]), "worker")
		defer f.Close()
		h.command.ExtraFiles = append(h.command.ExtraFiles, f)
	}
	if err := h.command.Start(); err != nil {
		return err
	}
	h.first = &process{pid: h.command.Process.Pid}
	h.inUse[0] = true
	if err := h.parked(h.first); err != nil {
		return fmt.Errorf("the worker does not start: %w", err)
	}
	return h.facts()
}

// facts reads how many CPUs and registers the kernel has, and whether CPUs can be taken down.
func (h *Host) facts() error {
	text, err := os.ReadFile("/sys/devices/system/cpu/possible")
	if err != nil {
		return err
	}
	list := strings.TrimSpace(string(text))
	last, err := strconv.Atoi(list[strings.LastIndexAny(list, "-,")+1:])
	if err != nil {
		return fmt.Errorf("unknown list of possible CPUs %q", list)
	}
	h.cpus = last + 1
	if f, err := os.OpenFile(onlineFile(h.cpus-1), os.O_WRONLY, 0); err != nil {
		h.hotplug = hwdebug.NotSupported("hotplug", "no CPU can be taken down: "+err.Error())
	} else {
		f.Close()
	}
	for which, n := range map[hwdebug.PtraceSet]*int{hwdebug.HwBreak: &h.brps, hwdebug.HwWatch: &h.wrps} {
		info, _, err := h.tracer.get(h.first, which)
		if err != nil {
			return err
		}
		*n = int(info & 0xff)
	}
	h.tracer.release(h.first)
	return bindSelf(0)
}

// bindSelf binds all threads of this process to one CPU, as the program that made the recordings was.
func bindSelf(cpu int) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			bind(tid, cpu)
		}
	}
	return nil
}

// bind binds a thread to a CPU.
func bind(tid, cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(tid, &set)
}

// Target returns a target without events and tasks.
func (h *Host) Target() hwdebug.Target { return &Target{host: h} }

// Close ends the workers.
func (h *Host) Close() error {
	for _, fd := range h.sockets {
		unix.Close(fd) // a worker ends when its socket is closed
	}
	h.sockets = nil
	h.tracer.stop()
	if h.command == nil || h.command.Process == nil {
		return nil
	}
	h.command.Process.Kill()
	h.command.Wait() // it was killed
	h.command = nil
	return nil
}

// fork forks a worker. The child waits for commands on a socket of its own.
func (h *Host) fork(from *process) (*process, error) {
	i := slices.Index(h.inUse, false)
	if i < 0 {
		return nil, fmt.Errorf("more than %d tasks", maxTasks-1)
	}
	pid, err := h.tell(from, command{op: opFork, arg: uint64(firstSocket + i)})
	if err != nil {
		return nil, err
	}
	h.inUse[i] = true
	child := &process{pid: int(pid), socket: i}
	return child, errors.Join(h.parked(from), h.parked(child))
}

// reap waits for a worker that exits, and frees its socket.
func (h *Host) reap(p *process) error {
	var status unix.WaitStatus
	err := error(unix.EINTR)
	for err == unix.EINTR || err == nil && !status.Exited() && !status.Signaled() {
		_, err = unix.Wait4(p.pid, &status, unix.WALL, nil)
	}
	if err != nil {
		return fmt.Errorf("wait for %d: %w", p.pid, err)
	}
	h.inUse[p.socket] = false
	return nil
}

// tell sends a command and returns the answer.
func (h *Host) tell(p *process, c command) (int64, error) {
	if err := h.send(p, c); err != nil {
		return 0, err
	}
	return h.answer(p)
}

func (h *Host) send(p *process, c command) error {
	var buf [32]byte
	for i, v := range []uint64{c.op, c.addr, c.size, c.arg} {
		binary.LittleEndian.PutUint64(buf[8*i:], v)
	}
	if _, err := unix.Write(h.sockets[p.socket], buf[:]); err != nil {
		return fmt.Errorf("worker %d: %w", p.pid, err)
	}
	return nil
}

// answer waits for the answer to a command.
func (h *Host) answer(p *process) (int64, error) {
	var buf [8]byte
	for {
		n, err := unix.Read(h.sockets[p.socket], buf[:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, fmt.Errorf("worker %d: %w", p.pid, err)
		case n != len(buf):
			return 0, fmt.Errorf("worker %d ended", p.pid)
		}
		v := int64(binary.LittleEndian.Uint64(buf[:]))
		if v < 0 {
			return 0, unix.Errno(-v)
		}
		return v, nil
	}
}

// answered reports whether an answer is there, waiting for it at most a millisecond. An interrupted wait is
// not a time-out, but asking again is as good.
func (h *Host) answered(p *process) bool {
	fds := []unix.PollFd{{Fd: int32(h.sockets[p.socket]), Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, 1)
	return n > 0
}

// parked waits until a worker waits for a command and is off its CPU. The kernel answers the file only for a
// thread that is, with the number of its system call.
func (h *Host) parked(p *process) error {
	want := strconv.Itoa(unix.SYS_READ) + " "
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", p.pid))
		if err != nil {
			return fmt.Errorf("%w; fix: use a kernel with CONFIG_HAVE_ARCH_TRACEHOOK and /proc", err)
		}
		if strings.HasPrefix(string(text), want) {
			return nil
		}
		if len(text) == 0 {
			return fmt.Errorf("worker %d ended", p.pid)
		}
		runtime.Gosched()
	}
}

func onlineFile(cpu int) string { return fmt.Sprintf("/sys/devices/system/cpu/cpu%d/online", cpu) }
