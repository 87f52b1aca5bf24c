// The traces of a machine in every format: repeatable and properly nested.

package sim_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// seedStory runs the seed's story: a delayed work registers a wide watchpoint, a fifth one is refused, a
// task hits the first and releases it when it exits.
func seedStory(t *testing.T, cfg sim.Config) *sim.Machine {
	m := newMachine(t, cfg)
	var wide *sim.Wide
	dw := m.NewDelayedWork("watch_point_delayed_work_func", func() (err error) {
		wide, err = m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		return err
	})
	_, err := m.QueueDelayedWorkOn(1, dw, ticks(m, 7000))
	must(t, err)
	_, err = m.Run()
	must(t, err)
	for i := range uint64(3) {
		open(t, m, kernelRW(addrB+8*i, true), nil, 1)
	}
	if _, err := m.RegisterWideHwBreakpoint(kernelRW(addrA+64, false), nil); err == nil {
		t.Fatal("the fifth registration succeeds")
	}
	task, err := m.NewTask(sim.TaskConfig{Comm: "mali-cmar-backe", PID: 3237, CPU: 0})
	must(t, err)
	open(t, m, userW(userAddr), task, 0) // CPU 1 is full
	must(t, task.Store(userAddr, 4, 1))
	must(t, m.CPU(0).Store(addrA, 8, 1))
	must(t, task.OnExit("_unregister_wp_bp", func() error { return m.UnregisterWideHwBreakpoint(wide) }))
	must(t, task.Exit())
	must(t, m.CPUDown(1))
	must(t, m.CPUUp(1))
	return m
}

// traceText returns m's trace in a format and a view.
func traceText(t *testing.T, m *sim.Machine, f trace.Format, v trace.View) string {
	t.Helper()
	var b bytes.Buffer
	must(t, trace.Write(&b, f, m.Recorder().Entries(trace.Filter{}, v)))
	return b.String()
}

// TestTraceOfTheSeed: two runs of the seed's story have the same traces, which agree with the golden files.
func TestTraceOfTheSeed(t *testing.T) {
	for _, kernel := range sim.Profiles() {
		t.Run(kernel, func(t *testing.T) {
			cfg := sim.Config{CPUs: 2, BRPs: 6, WRPs: 4, Kernel: kernel}
			a, b := seedStory(t, cfg), seedStory(t, cfg)
			for _, f := range []trace.Format{
				trace.FormatText, trace.FormatGraph, trace.FormatJSON, trace.FormatPerfetto,
			} {
				for _, v := range []trace.View{trace.Full, trace.Frames} {
					if x, y := traceText(t, a, f, v), traceText(t, b, f, v); x != y {
						t.Errorf("%s: two runs of one story have different traces", f)
					}
				}
			}
			checkNesting(t, traceText(t, a, trace.FormatPerfetto, trace.Full))
			if kernel == "4.19.116" {
				golden(t, "seed.trace", traceText(t, a, trace.FormatText, trace.Full))
				golden(t, "seed.graph", traceText(t, a, trace.FormatGraph, trace.Frames))
			}
		})
	}
}

// TestTraceOfAnyOrder interleaves tasks, works and cross calls by seed, and checks that each trace is
// repeatable and properly nested.
func TestTraceOfAnyOrder(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() || slowBuild {
		seeds = 8
	}
	orders := map[string]bool{}
	for seed := uint64(1); seed <= seeds; seed++ {
		run := func() *sim.Machine {
			kernel := sim.Profiles()[seed%5]
			m := newMachine(t, sim.Config{CPUs: 3, Kernel: kernel, Seed: seed, TraceSize: 4096})
			var wides []*sim.Wide
			for i := range uint64(3) {
				dw := m.NewDelayedWork("register", func() error {
					w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA+8*i, false), nil)
					if err != nil {
						return err
					}
					wides = append(wides, w)
					if err := m.Msleep(time.Duration(i) * 8 * time.Millisecond); err != nil {
						return err
					}
					return m.UnregisterWideHwBreakpoint(w)
				})
				_, err := m.QueueDelayedWorkOn(int(i), dw, ticks(m, 5))
				must(t, err)
				body := func(task *sim.Task) error {
					ev, err := m.RegisterUserHwBreakpoint(userW(userAddr), nil, task)
					if err != nil {
						return err
					}
					for n := range 4 {
						if err := task.Store(userAddr, 4, uint64(n)); err != nil {
							return err
						}
						if err := m.Msleep(5e6); err != nil {
							return err
						}
					}
					return m.UnregisterHwBreakpoint(ev)
				}
				_, err = m.NewTask(sim.TaskConfig{Comm: "walker", CPU: int(i), Body: body})
				must(t, err)
			}
			_, err := m.Run()
			must(t, err)
			must(t, m.CheckInvariants())
			if left := m.Leaks(); len(left) > 0 {
				t.Errorf("seed %d: Leaks = %q, want none", seed, left)
			}
			return m
		}
		a, b := run(), run()
		if traceText(t, a, trace.FormatJSON, trace.Full) != traceText(t, b, trace.FormatJSON, trace.Full) {
			t.Fatalf("two runs of seed %d have different traces", seed)
		}
		checkNesting(t, traceText(t, a, trace.FormatPerfetto, trace.Full))
		orders[traceText(t, a, trace.FormatText, trace.Frames)] = true
		traceText(t, a, trace.FormatGraph, trace.Full)
		back := 0
		for e := range a.Recorder().Entries(trace.Filter{}, trace.Full) {
			back++
			if len(e.Via) > e.Depth {
				t.Fatalf("seed %d: record %d at depth %d has %d callers in Via",
					seed, e.Seq, e.Depth, len(e.Via))
			}
		}
		if kept := int(a.Recorder().Seq() - a.Recorder().Oldest() + 1); back != kept {
			t.Errorf("seed %d: %d entries, want the %d records kept", seed, back, kept)
		}
	}
	if len(orders) < int(seeds)/2 {
		t.Errorf("%d seeds have %d different orders, want at least half", seeds, len(orders))
	}
}

// checkNesting checks that each end on a track matches a beginning and that time increases, as a viewer
// requires.
func checkNesting(t *testing.T, text string) {
	t.Helper()
	var file struct {
		TraceEvents []struct {
			Ph, Name string
			Ts       float64
			TID      int
			Args     map[string]any
		}
	}
	must(t, json.Unmarshal([]byte(text), &file))
	depth := map[int]int{}
	last := -1.0
	kinds := map[string]int{}
	for i, e := range file.TraceEvents {
		kinds[e.Ph]++
		if e.Ph == "M" {
			continue
		}
		if e.Ts <= last {
			t.Fatalf("event %d (%s) at %v us, after %v us", i, e.Name, e.Ts, last)
		}
		last = e.Ts
		switch e.Ph {
		case "B":
			depth[e.TID]++
		case "E":
			if depth[e.TID]--; depth[e.TID] < 0 {
				t.Fatalf("event %d ends without a beginning", i)
			}
		}
	}
	for tid, n := range depth {
		if n != 0 {
			t.Errorf("track %d has %d beginnings without an end", tid, n)
		}
	}
	for _, ph := range []string{"M", "B", "E", "i", "C"} {
		if kinds[ph] == 0 {
			t.Errorf("no event of phase %s", ph)
		}
	}
}

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./hwdebug/sim -run Trace -update writes it)", err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		x, y := "(end)", "(end)"
		if i < len(g) {
			x = g[i]
		}
		if i < len(w) {
			y = w[i]
		}
		if x != y {
			t.Fatalf("%s line %d\n got %s\nwant %s\n(go test ./hwdebug/sim -run Trace -update rewrites it)",
				file, i+1, x, y)
		}
	}
}

func BenchmarkTraceText(b *testing.B) {
	m, err := sim.New(sim.Config{CPUs: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for m.Recorder().Seq() < 65536 {
		a := hwdebug.HwBreakpointInit()
		a.Type, a.Addr, a.Len = hwdebug.RW, addrA, 8
		w, err := m.RegisterWideHwBreakpoint(a, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.UnregisterWideHwBreakpoint(w); err != nil {
			b.Fatal(err)
		}
	}
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := trace.WriteText(&out, m.Recorder().Entries(trace.Filter{}, trace.Full)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/65536, "ns/entry")
}
