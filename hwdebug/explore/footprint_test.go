// Tests of reduction: it loses no outcome, and each kind of footprint is needed for that.

package explore_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A scene makes threads, and returns a function for the outcome of a run, which is called when the machine
// rests.
type scene func(m *sim.Machine) (outcome func() string, err error)

// outcomesOf explores a scene depth-first. It returns its outcomes and the number of complete runs.
func outcomesOf(t *testing.T, s scene, cpus int, reduce bool, blind ...sim.Resource) (map[string]bool, int) {
	t.Helper()
	outcomes := map[string]bool{}
	cfg := explore.Config{Machine: sim.Config{CPUs: cpus}, Strategy: explore.DFS, Reduce: reduce, MaxRuns: -1,
		Timeout: -1, KeepGoing: true, NoShrink: true}
	r, err := explore.Run(t.Context(), cfg, func(m *sim.Machine) error {
		if len(blind) > 0 {
			m.Track(blind...)
		}
		outcome, err := s(m)
		if err != nil {
			return err
		}
		_, err = m.Run()
		if dead, ok := errors.AsType[*sim.DeadlockError](err); ok {
			outcomes["deadlock "+dead.Error()] = true
		} else if err == nil {
			outcomes[outcome()] = true
		}
		return err
	})
	if err != nil || !r.Complete {
		t.Fatalf("complete %t, %v", r != nil && r.Complete, err)
	}
	return outcomes, r.Schedules
}

// tasks makes a task on each CPU for each body.
func tasks(m *sim.Machine, bodies ...func(t *sim.Task) error) error {
	for cpu, body := range bodies {
		if _, err := m.NewTask(sim.TaskConfig{CPU: cpu % m.NrCPUs(), Body: body}); err != nil {
			return err
		}
	}
	return nil
}

const word = 0xffffff8000001000

// sceneOf has scenes whose outcomes depend on the order of steps that touch one kind of resource. "count" are
// those where only the number of schedules can.
var sceneOf = map[sim.Resource]struct {
	name  string
	count bool
	scene scene
}{
	sim.ResCPU: {name: "CPU", count: true, scene: func(m *sim.Machine) (func() string, error) {
		body := func(*sim.Task) error { return nil }
		return func() string { return "" }, tasks(m, body, nil, nil, body) // on one CPU
	}},
	sim.ResMemory: {name: "memory", scene: func(m *sim.Machine) (func() string, error) {
		store := func(t *sim.Task) error { return m.CPU(t.CPU()).Store(word, 8, uint64(t.CPU())) }
		return func() string {
			v, err := m.CPU(0).Load(word, 8)
			return fmt.Sprint(v, err)
		}, tasks(m, store, store)
	}},
	sim.ResPool: {name: "pool", scene: func(m *sim.Machine) (func() string, error) {
		ran := ""
		queue := func(name string) func(*sim.Task) error {
			w := m.NewWork(name, func() error { m.Touch("ran", true); ran += name; return nil })
			return func(*sim.Task) error { _, err := m.QueueWorkOn(2, w); return err }
		}
		_, err := m.QueueWorkOn(2, m.NewWork("first", nil)) // wakes the worker
		if err == nil {
			err = tasks(m, queue("a"), queue("b"))
		}
		return func() string { return ran }, err
	}},
	sim.ResWork: {name: "work", scene: func(m *sim.Machine) (func() string, error) {
		var queued [2]bool
		w := m.NewDelayedWork("w", nil)
		queue := func(t *sim.Task) (err error) {
			queued[t.CPU()], err = m.QueueDelayedWorkOn(t.CPU(), w, 20*time.Millisecond)
			return err
		}
		return func() string { return fmt.Sprint(queued) }, tasks(m, queue, queue)
	}},
	sim.ResLock: {name: "lock", scene: func(m *sim.Machine) (func() string, error) {
		var got [2]bool
		l := m.NewMutex("l")
		try := func(t *sim.Task) (err error) {
			got[t.CPU()], err = m.MutexTrylock(l)
			return err
		}
		return func() string { return fmt.Sprint(got) }, tasks(m, try, try)
	}},
	sim.ResTime: {name: "time", scene: func(m *sim.Machine) (func() string, error) {
		now := time.Duration(0)
		return func() string { return fmt.Sprint(now) }, tasks(m,
			func(*sim.Task) error {
				err := m.CondResched()
				now = m.Now()
				return err
			},
			func(*sim.Task) error { return m.Msleep(2e6) })
	}},
	sim.ResTimers: {name: "timers", scene: func(m *sim.Machine) (func() string, error) {
		ran := ""
		queue := func(name string) func(*sim.Task) error {
			w := m.NewDelayedWork(name, func() error { m.Touch("ran", true); ran += name; return nil })
			return func(*sim.Task) error {
				_, err := m.QueueDelayedWorkOn(2, w, 20*time.Millisecond)
				return err
			}
		}
		return func() string { return ran }, tasks(m, queue("a"), queue("b"))
	}},
	sim.ResTask: {name: "task", count: true, scene: func(m *sim.Machine) (func() string, error) {
		first, err := m.NewTask(sim.TaskConfig{Body: func(*sim.Task) error { return nil }})
		if err == nil {
			err = tasks(m, nil, func(*sim.Task) error { return first.Wait() })
		}
		return func() string { return "" }, err
	}},
	sim.ResPerf: {name: "events", count: true, scene: func(m *sim.Machine) (func() string, error) {
		exits, err := m.NewTask(sim.TaskConfig{Body: func(*sim.Task) error { return nil }})
		if err == nil {
			_, err = m.PerfEventOpen(hwdebug.Attr{Type: hwdebug.W, Addr: 0x2000, Len: 8}, exits, -1)
		}
		if err == nil {
			err = tasks(m, nil, func(t *sim.Task) error { return m.CPU(t.CPU()).Store(word, 8, 1) })
		}
		return func() string { return "" }, err
	}},
	sim.ResAll: {name: "hotplug", scene: func(m *sim.Machine) (func() string, error) {
		return func() string { return fmt.Sprint(len(m.Events())) }, tasks(m,
			func(*sim.Task) error { return m.CPUDown(2) },
			func(*sim.Task) error {
				_, err := m.RegisterWideHwBreakpoint(watch, nil)
				return err
			})
	}},
	sim.ResVariable: {name: "variable", scene: func(m *sim.Machine) (func() string, error) {
		last := 0
		set := func(t *sim.Task) error { m.Touch("last", true); last = t.CPU(); return nil }
		return func() string { return fmt.Sprint(last) }, tasks(m, set, set)
	}},
}

// TestEachFootprintIsNeeded explores scenes with reduction, and without one kind of footprint: then outcomes
// are lost, or schedules that no outcome tells apart.
func TestEachFootprintIsNeeded(t *testing.T) {
	for r := range sim.ResAll + 1 {
		row, ok := sceneOf[r]
		if !ok {
			t.Errorf("no scene shows that resource %d is needed", r)
			continue
		}
		all, _ := outcomesOf(t, row.scene, 3, false)
		some, n := outcomesOf(t, row.scene, 3, true)
		if !maps.Equal(all, some) {
			t.Errorf("%s: reduction has the outcomes %v, want %v", row.name, some, all)
		}
		blind, k := outcomesOf(t, row.scene, 3, true, r)
		if lost := !maps.Equal(all, blind); !lost && (!row.count || n == k) {
			t.Errorf("%s: without its footprints there are the outcomes %v in %d schedules, "+
				"with them %v in %d; want a difference", row.name, blind, k, some, n)
		}
	}
}

// randomScene makes up to three threads of some calls, whose results are its outcome.
func randomScene(seed uint64) scene {
	return func(m *sim.Machine) (func() string, error) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var results []string
		l := m.NewMutex("l")
		works := []*sim.Work{m.NewWork("w", func() error { return m.CPU(0).Store(word, 8, 7) }),
			m.NewDelayedWork("d", func() error { return m.CPU(1).Store(word, 8, 8) })}
		call := func(id, k, cpu int) func() {
			note := func(v any, err error) { results[id] += fmt.Sprint(v, err, " ") }
			return [...]func(){
				func() { note("", m.CPU(cpu).Store(word, 8, uint64(id+1))) },
				func() { note(m.CPU(cpu).Load(word, 8)) },
				func() { note(m.QueueWorkOn(cpu, works[0])) },
				func() { note(m.QueueDelayedWorkOn(cpu, works[1], 4*time.Millisecond)) },
				func() { note(m.CancelWorkSync(works[0])) },
				func() { note(m.CancelDelayedWork(works[1])) },
				func() { note(m.MutexTrylock(l)) },
				func() { note("", m.Msleep(1e6)) },
				func() { note(m.CondResched(), nil); note(m.Now(), nil) },
			}[k]
		}
		var bodies []func(*sim.Task) error
		for id := range 2 + rng.IntN(2) {
			var calls []func()
			for range 1 + rng.IntN(2) {
				calls = append(calls, call(id, rng.IntN(9), rng.IntN(2)))
			}
			results = append(results, "")
			bodies = append(bodies, func(*sim.Task) error {
				for _, c := range calls {
					c()
				}
				return nil
			})
		}
		return func() string {
			v, err := m.CPU(0).Load(word, 8)
			return fmt.Sprint(results, v, err, works[0].Runs(), works[1].Runs())
		}, tasks(m, bodies...)
	}
}

// TestReductionLosesNoOutcome compares the outcomes of small random programs with and without reduction.
func TestReductionLosesNoOutcome(t *testing.T) {
	programs := 24
	if testing.Short() {
		programs = 8
	}
	for seed := range uint64(programs) {
		all, n := outcomesOf(t, randomScene(seed), 2, false)
		some, k := outcomesOf(t, randomScene(seed), 2, true)
		if !maps.Equal(all, some) {
			t.Errorf("program %d: reduction has the outcomes %q in %d schedules, want %q (%d)", seed,
				slices.Sorted(maps.Keys(some)), k, slices.Sorted(maps.Keys(all)), n)
		}
	}
}
