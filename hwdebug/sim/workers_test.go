// Tests of the number of workers that a pool keeps (spec 8.3).

package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// workersOf returns the numbers of the normal workers of CPU 1.
func workersOf(m *sim.Machine) string {
	var ids []string
	for _, task := range m.Tasks() {
		if id, ok := strings.CutPrefix(task.Comm(), "kworker/1:"); ok && !strings.HasSuffix(id, "H") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// sleepers queues n works on CPU 1 that sleep.
func sleepers(t *testing.T, m *sim.Machine, n int, d time.Duration) {
	t.Helper()
	for range n {
		_, err := m.ScheduleWorkOn(1, m.NewWork("sleeper", func() error { return m.Msleep(d) }))
		must(t, err)
	}
}

func TestIdleWorkersEnd(t *testing.T) {
	const second = time.Second
	const rule = "R-WQ-18 beyond two, after 300 s, the longest idle first"
	onEvery(t, rule, func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		start := m.Now()
		for i := range time.Duration(4) {
			sleepers(t, m, 1, (i+1)*second)
		}
		must(t, m.Msleep(5*second))
		if got := workersOf(m); got != "0 1 2 3 4" {
			t.Fatalf("four sleeping works leave workers %s, want 0 1 2 3 4 (R-WQ-16)", got)
		}
		// Worker 4 has been idle since it was made, 0 to 3 since seconds 1 to 4.
		for _, step := range []struct {
			at   time.Duration
			want string
		}{
			{299, "0 1 2 3 4"}, {300, "0 1 2 3"}, {301, "1 2 3"}, {302, "2 3"}, {1000, "2 3"},
		} {
			must(t, m.Msleep(start+step.at*second-m.Now()))
			if got := workersOf(m); got != step.want {
				t.Errorf("workers at second %d: got %s, want %s", step.at, got, step.want)
			}
		}
	})
	for busy, want := range map[int]string{
		5: "0 1 2 3 4 5 6 7", // of three idle ones one is beyond two, but less than a quarter of five
		4: "0 1 2 3 4 5",     // it is a quarter of four: number 6 ends, idle since it was made
	} {
		name := fmt.Sprintf("R-WQ-18 a third idle worker with %d busy ones", busy)
		onEvery(t, name, func(t *testing.T, kernel string) {
			m := vectorMachine(t, kernel)
			sleepers(t, m, 2, second)
			sleepers(t, m, busy, 1000*second)
			must(t, m.Msleep(400*second))
			if got := workersOf(m); got != want {
				t.Errorf("workers: got %s, want %s", got, want)
			}
			sleepers(t, m, 2, second) // takes both idle workers if there are two
			must(t, m.Msleep(second))
			want := strings.Join(strings.Split("0 1 2 3 4 5 6 7", " ")[:busy+3], " ")
			if got := workersOf(m); got != want {
				t.Errorf("workers after two more works: got %s, want %s (R-WQ-13)", got, want)
			}
		})
	}
	onEvery(t, "R-WQ-13 a new worker has the lowest number that is free", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		sleepers(t, m, 4, second)
		must(t, m.Msleep(400*second))
		left := workersOf(m)
		sleepers(t, m, 2, second)
		must(t, m.Msleep(2*second))
		if got := workersOf(m); left != "2 3" || got != "0 2 3" {
			t.Errorf("workers: got %s, and %s after two more works; want 2 3 and 0 2 3", left, got)
		}
	})
}

// TestWokenWorkers queues an item while a worker has woken in its function and has not run yet. If
// that worker does not count as running yet, the item wakes another worker, which can run it first.
func TestWokenWorkers(t *testing.T) {
	onEvery(t, "R-WQ-22", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, Choose: func(p *sim.Point) int {
			other := func(q sim.Possibility) bool { return q.Name == "kworker/1:1" }
			return max(slices.IndexFunc(p.Next, other), 0)
		}})
		by := ""
		item := m.NewWork("item", func() error { by = m.Current().Comm(); return nil })
		sleepers(t, m, 1, 1e6)
		must(t, m.Msleep(0)) // kworker/1:0 sleeps
		_, err := m.NewTask(sim.TaskConfig{CPU: 0, Body: func(*sim.Task) error {
			if err := m.Msleep(1e6); err != nil {
				return err
			}
			_, err := m.ScheduleWorkOn(1, item)
			return err
		}})
		must(t, err)
		_, err = m.Run()
		must(t, err)
		want := "kworker/1:0"
		if since(kernel, "5.10.223") {
			want = "kworker/1:1"
		}
		if by != want {
			t.Errorf("the item runs in %s, want %s", by, want)
		}
	})
}
