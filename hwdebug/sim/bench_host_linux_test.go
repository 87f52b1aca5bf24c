// Benchmarks of a hit and of a registration against the host's own kernel.

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
)

// watched is on the heap because a goroutine's stack may move.
var watched = new(uint64)

// hostEvent opens a breakpoint event on the host that counts stores to watched: those of thread pid
// (0: the caller), or with pid -1 those of a CPU.
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

// sideBySide runs host and model in turns of about the same length, a thousand in one iteration. It
// reports the time of a call in the quietest turn of each side, which other load disturbs least,
// the ratio of the two, and the ratio of the means over all turns.
func sideBySide(b *testing.B, host, model func()) {
	const turns = 1000
	sides := [2]struct {
		call       func()
		calls      int // in a turn
		least, sum time.Duration
	}{{call: host, calls: 50}, {call: model, calls: 250}}
	for b.Loop() {
		for n := range 2 * turns {
			s := &sides[n%2]
			begin := time.Now()
			for range s.calls {
				s.call()
			}
			d := time.Since(begin)
			if s.sum += d; s.least == 0 || d < s.least {
				s.least = d
			}
		}
	}
	each := func(i int, d time.Duration) float64 { return float64(d) / float64(sides[i].calls) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(each(0, sides[0].least), "host-ns")
	b.ReportMetric(each(1, sides[1].least), "model-ns")
	b.ReportMetric(each(0, sides[0].least)/each(1, sides[1].least), "host/model")
	b.ReportMetric(each(0, sides[0].sum)/each(1, sides[1].sum), "mean-host/model")
}

// BenchmarkAccessHitBesideHost times the hit of a counting watchpoint on the host and on the model.
func BenchmarkAccessHitBesideHost(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fd, err := hostEvent(0, -1)
	if err != nil {
		b.Skipf("the host has no breakpoint event: %v", err)
	}
	defer unix.Close(fd)
	_, task := fourWatched(b)
	stores := uint64(0)
	sideBySide(b, func() {
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
		b.Fatalf("the host counted %d stores, want %d", n, stores)
	}
}

// BenchmarkRegisterBesideHost times opening and closing a breakpoint event, of the CPU that makes
// the call and of the calling task, on the host and on a machine with a trace and one without.
func BenchmarkRegisterBesideHost(b *testing.B) {
	for _, row := range []struct {
		name      string
		pid, cpu  int
		whose     string
		traceSize int
	}{
		{name: "cpu/untraced", pid: -1, cpu: 0, whose: "cpu", traceSize: -1},
		{name: "cpu/traced", pid: -1, cpu: 0, whose: "cpu"},
		{name: "task/untraced", pid: 0, cpu: -1, whose: "task", traceSize: -1},
		{name: "task/traced", pid: 0, cpu: -1, whose: "task"},
	} {
		b.Run(row.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			defer stayOn(b, 0)()
			open := func() error {
				fd, err := hostEvent(row.pid, row.cpu)
				if err != nil {
					return err
				}
				return unix.Close(fd)
			}
			if err := open(); err != nil {
				b.Skipf("the host has no breakpoint event: %v", err)
			}
			sideBySide(b, func() {
				if err := open(); err != nil {
					b.Fatal(err)
				}
			}, registerOne(b, row.whose, row.traceSize))
		})
	}
}

// stayOn binds the calling thread to one of the host's CPUs until back is called.
func stayOn(b *testing.B, cpu int) (back func()) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		b.Fatal(err)
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		b.Skipf("the thread cannot be bound to cpu%d: %v", cpu, err)
	}
	return func() {
		if err := unix.SchedSetaffinity(0, &before); err != nil {
			b.Error(err)
		}
	}
}
