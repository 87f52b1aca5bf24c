// Benchmarks of an access and of a registration.

package sim_test

import (
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

const benchBuf = 0x10000000

// fourWatched returns a machine with four watchpoints armed on CPU 1, and the task that is current
// there.
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
		a := hwdebug.Attr{Type: hwdebug.W, Addr: benchBuf + 16*i, Len: 4}
		if _, err := m.PerfEventOpen(a, nil, 1); err != nil {
			b.Fatal(err)
		}
	}
	if err := m.CPU(1).ContextSwitch(task); err != nil {
		b.Fatal(err)
	}
	return m, task
}

// BenchmarkAccessMiss times an access that hits none of four watchpoints.
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
		t.Errorf("a miss allocates %v times, want 0", n)
	}
	for _, ev := range m.Events() {
		if n := ev.Count(); n != 0 {
			t.Errorf("%s counts %d hits, want 0", ev.Label(), n)
		}
	}
}

// BenchmarkAccessHit times a store that hits one of four watchpoints, is counted and stepped over.
func BenchmarkAccessHit(b *testing.B) {
	_, task := fourWatched(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := task.Store(benchBuf+32, 4, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRegister opens and closes an event of a CPU, and one of the task that is current there.
func BenchmarkRegister(b *testing.B) {
	for _, whose := range []string{"cpu", "task"} {
		b.Run(whose, func(b *testing.B) {
			register := registerOne(b, whose, -1)
			b.ReportAllocs()
			for b.Loop() {
				register()
			}
		})
	}
}

// registerOne returns a function that opens and closes an event of a CPU, or of the task there, on
// a new machine.
func registerOne(b *testing.B, whose string, traceSize int) func() {
	m, err := sim.New(sim.Config{
		CPUs: 4, BRPs: 6, WRPs: 4, Kernel: "6.1.176", VABits: 48, TraceSize: traceSize,
	})
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
