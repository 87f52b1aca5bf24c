// bench_access_test.go: what an access costs, beside what the host's own kernel takes for the same.

package sim_test

import (
	"encoding/binary"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

const benchBuf = 0x10000000

// fourWatched makes a machine whose CPU 1 has four watchpoints armed for a task there.
func fourWatched(b testing.TB) (*sim.Machine, *sim.Task) {
	m, err := sim.New(sim.Config{CPUs: 4, BRPs: 6, WRPs: 4, Kernel: "6.1.176", VABits: 48, TraceSize: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	task, err := m.NewTask(sim.TaskConfig{Comm: "bench", CPU: 1})
	if err != nil {
		b.Fatal(err)
	}
	for i := range uint64(4) {
		if _, err := m.PerfEventOpen(hwdebug.Attr{Type: hwdebug.W, Addr: benchBuf + 16*i, Len: 4}, nil, 1); err != nil {
			b.Fatal(err)
		}
	}
	if err := m.CPU(1).ContextSwitch(task); err != nil {
		b.Fatal(err)
	}
	return m, task
}

// BenchmarkAccessMiss is an access that hits nothing with four watchpoints armed.
func BenchmarkAccessMiss(b *testing.B) {
	_, task := fourWatched(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := task.Store(benchBuf+8, 8, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAccessMissDoesNotAllocate(t *testing.T) {
	m, task := fourWatched(t)
	if n := testing.AllocsPerRun(1000, func() {
		if err := task.Store(benchBuf+8, 8, 1); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("an access that hits nothing allocates %v times", n)
	}
	for _, ev := range m.Events() {
		if n := ev.Count(); n != 0 {
			t.Errorf("%s counts %d", ev.Label(), n)
		}
	}
}

// BenchmarkAccessHit is a store that hits one of four watchpoints, is counted and stepped over.
func BenchmarkAccessHit(b *testing.B) {
	_, task := fourWatched(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := task.Store(benchBuf+32, 4, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRegister registers and unregisters an event of a CPU, and one of the task that is current there.
func BenchmarkRegister(b *testing.B) {
	for _, whose := range []string{"cpu", "task"} {
		b.Run(whose, func(b *testing.B) {
			register := registerOne(b, whose)
			b.ReportAllocs()
			for b.Loop() {
				register()
			}
		})
	}
}

// registerOne makes a machine and returns what registers and unregisters an event of a CPU, or of the task there.
func registerOne(b *testing.B, whose string) func() {
	m, err := sim.New(sim.Config{CPUs: 4, BRPs: 6, WRPs: 4, Kernel: "6.1.176", VABits: 48, TraceSize: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	a := hwdebug.Attr{Type: hwdebug.W, Addr: benchBuf, Len: 8}
	var task *sim.Task
	cpu := 0
	if whose == "task" {
		cpu = -1
		if task, err = m.NewTask(sim.TaskConfig{Comm: "bench"}); err != nil {
			b.Fatal(err)
		}
		if err := m.CPU(0).ContextSwitch(task); err != nil {
			b.Fatal(err)
		}
	}
	return func() {
		ev, err := m.PerfEventOpen(a, task, cpu)
		if err != nil {
			b.Fatal(err)
		}
		if err := ev.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// watched is on the heap, where it stays: a goroutine's stack moves.
var watched = new(uint64)

// hostEvent opens a breakpoint event on the host that counts stores to watched: those of a thread (0: the calling one), or
// with -1 those made on a CPU.
func hostEvent(pid, cpu int) (fd int, err error) {
	attr := unix.PerfEventAttr{
		Type:    5, // PERF_TYPE_BREAKPOINT
		Bp_type: uint32(hwdebug.W),
		Ext1:    uint64(uintptr(unsafe.Pointer(watched))), // bp_addr
		Ext2:    8,                                        // bp_len
		Bits:    unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	return unix.PerfEventOpen(&attr, pid, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
}

// beside lets host and model take turns, and reports what a call of either takes in its quietest turn, which whatever else
// runs on the machine moves least, how many times the model's fits into the host's, and the same of the mean of all turns.
func beside(b *testing.B, host, model func()) {
	const turn = 200
	var least, sum [2]time.Duration
	for b.Loop() {
		for i, call := range [2]func(){host, model} {
			begin := time.Now()
			for range turn {
				call()
			}
			d := time.Since(begin)
			if sum[i] += d; least[i] == 0 || d < least[i] {
				least[i] = d
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(least[0].Nanoseconds())/turn, "host-ns")
	b.ReportMetric(float64(least[1].Nanoseconds())/turn, "model-ns")
	b.ReportMetric(float64(least[0])/float64(max(least[1], 1)), "host/model")
	b.ReportMetric(float64(sum[0])/float64(max(sum[1], 1)), "mean-host/model")
}

// BenchmarkAccessHitBesideHost is the host kernel's hit of a counting watchpoint on a variable, beside the model's.
func BenchmarkAccessHitBesideHost(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fd, err := hostEvent(0, -1)
	if err != nil {
		b.Skipf("the host gives no breakpoint event: %v", err)
	}
	defer unix.Close(fd)
	_, task := fourWatched(b)
	stores := uint64(0)
	beside(b, func() {
		atomic.StoreUint64(watched, 1)
		stores++
	}, func() {
		if err := task.Store(benchBuf+32, 4, 1); err != nil {
			b.Fatal(err)
		}
	})
	var count [8]byte
	if _, err := unix.Read(fd, count[:]); err != nil {
		b.Fatal(err)
	}
	if n := binary.NativeEndian.Uint64(count[:]); n != stores {
		b.Fatalf("the host counted %d of %d stores", n, stores)
	}
}

// BenchmarkRegisterBesideHost is the host's perf_event_open and close of a breakpoint event, beside the model's: of the CPU
// that makes the call, and of the calling thread.
func BenchmarkRegisterBesideHost(b *testing.B) {
	for whose, target := range map[string]struct{ pid, cpu int }{"cpu": {-1, 0}, "task": {0, -1}} {
		b.Run(whose, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			defer stayOn(b, 0)()
			open := func() error {
				fd, err := hostEvent(target.pid, target.cpu)
				if err != nil {
					return err
				}
				return unix.Close(fd)
			}
			if err := open(); err != nil {
				b.Skipf("the host gives no breakpoint event: %v", err)
			}
			beside(b, func() {
				if err := open(); err != nil {
					b.Fatal(err)
				}
			}, registerOne(b, whose))
		})
	}
}

// stayOn keeps the calling thread on one of the host's CPUs until what it returns is called.
func stayOn(b *testing.B, cpu int) (back func()) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		b.Fatal(err)
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		b.Skipf("the host's cpu%d cannot be had: %v", cpu, err)
	}
	return func() {
		if err := unix.SchedSetaffinity(0, &before); err != nil {
			b.Error(err)
		}
	}
}
