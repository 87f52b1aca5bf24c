//go:build unix

// What a run costs: allocations, memory that stays, time.

package explore_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// twoTasks are two tasks of ten stores each, which have 705,432 orders.
var twoTasks = stores(2, 10, 0)

// runsOf explores twoTasks for some runs.
func runsOf(tb testing.TB, runs, workers int) {
	cfg := explore.Config{
		Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS, MaxRuns: runs, Timeout: -1, Workers: workers,
	}
	if _, err := explore.Run(tb.Context(), cfg, twoTasks); err != nil {
		tb.Fatal(err)
	}
}

// TestRunsAllocateLittle counts the allocations of a run: most are the program's own, and those of an
// exploration do not grow with the number of runs.
func TestRunsAllocateLittle(t *testing.T) {
	const runs, budget = 1000, 16
	some := testing.AllocsPerRun(1, func() { runsOf(t, runs, 1) })
	twice := testing.AllocsPerRun(1, func() { runsOf(t, 2*runs, 1) })
	if each := (twice - some) / runs; each > budget {
		t.Errorf("a run of two tasks of ten stores allocates %.1f times, want at most %d", each, budget)
	}
}

// TestMemoryIsFlat compares what is in use after many runs with what was after some.
func TestMemoryIsFlat(t *testing.T) {
	var used []uint64
	made := 0
	cfg := explore.Config{Machine: sim.Config{CPUs: 2}, Strategy: explore.DFS, MaxRuns: 20_000, Timeout: -1}
	_, err := explore.Run(t.Context(), cfg, func(m *sim.Machine) error {
		if made++; made%9_000 == 0 {
			var s runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&s)
			used = append(used, s.HeapAlloc)
		}
		return twoTasks(m)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) < 2 || used[1] > used[0]+32<<10 {
		t.Errorf("after 9,000 and 18,000 runs %d bytes are in use, want no growth", used)
	}
}

// BenchmarkTwoTasks explores two tasks of ten stores each: one operation is a run.
func BenchmarkTwoTasks(b *testing.B) {
	b.ReportAllocs()
	begin := cpuTime()
	runsOf(b, b.N, 1)
	b.ReportMetric(float64(b.N)/(cpuTime()-begin).Seconds(), "runs/cpu-s")
}

// BenchmarkExploredRun compares, in turns, runs of an exploration with runs of the same calls in one order:
// on a machine of their own, and on one that is reset.
func BenchmarkExploredRun(b *testing.B) {
	const runs = 500
	m, err := sim.New(sim.Config{CPUs: 2, TraceSize: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	var explored, fresh, reset float64
	timed := func(sum *float64, fn func()) {
		begin := cpuTime()
		fn()
		*sum += (cpuTime() - begin).Seconds()
	}
	for b.Loop() {
		timed(&explored, func() { runsOf(b, runs, 1) })
		timed(&fresh, func() {
			for range runs {
				one, err := sim.New(sim.Config{CPUs: 2, TraceSize: -1})
				if err == nil {
					err = twoTasks(one)
				}
				if err != nil {
					b.Fatal(err)
				}
				one.Close()
			}
		})
		timed(&reset, func() {
			for range runs {
				err := m.Reset()
				if err == nil {
					err = twoTasks(m)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.ReportMetric(explored/fresh, "explored/new")
	b.ReportMetric(explored/reset, "explored/reset")
}

// BenchmarkWorkers compares the elapsed time of one worker with that of two. The machine must be quiet.
func BenchmarkWorkers(b *testing.B) {
	const runs = 20_000
	var times [2]float64
	for b.Loop() {
		for i := range times {
			times[i] += elapsed(func() { runsOf(b, runs, 1+i) })
		}
	}
	b.ReportMetric(times[0]/times[1], "one/two")
}

// cpuTime returns the time that the process has spent on CPUs.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for invalid arguments only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func elapsed(fn func()) float64 {
	begin := time.Now()
	fn()
	return time.Since(begin).Seconds()
}
