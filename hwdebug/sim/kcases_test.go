// The nine cases of the kernel's own unit tests for breakpoint constraints (spec 4.4, K-1 to K-9).

package sim_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A kunit is one run of a case on a machine where the task me runs on CPU 0 and the task other never runs.
type kunit struct {
	*testing.T
	m         *sim.Machine
	n         int // data slots
	me, other *sim.Task
	made      []*sim.Event // in order; nil for a released one
	addrs     int
}

// open registers one event with the attributes of the suite: RW, length 1, pinned, period 1, its own
// address. On arm64 a task's event cannot have a kernel address (R-VAL-19), so it gets a user address.
func (k *kunit) open(cpu int, task *sim.Task) (*sim.Event, error) {
	k.addrs++
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Len, a.Addr = hwdebug.RW, 1, 0xffffff8008080000+uint64(k.addrs)
	if task != nil {
		a.Addr = 0x400000 + uint64(k.addrs)
	}
	return k.m.PerfEventOpen(a, task, cpu)
}

// ok registers one event and returns its index in made; a failure ends the test.
func (k *kunit) ok(cpu int, task *sim.Task) int {
	k.Helper()
	ev, err := k.open(cpu, task)
	if err != nil {
		k.Fatalf("(%d, %s): %v", cpu, who(task), err)
	}
	k.made = append(k.made, ev)
	return len(k.made) - 1
}

// fill registers n-skip events and returns the index of the first.
func (k *kunit) fill(cpu int, task *sim.Task, skip int) int {
	k.Helper()
	first := len(k.made)
	for range k.n - skip {
		k.ok(cpu, task)
	}
	return first
}

// no registers one event, which must fail with ENOSPC and change nothing.
func (k *kunit) no(cpu int, task *sim.Task) {
	k.Helper()
	before := k.counts()
	ev, err := k.open(cpu, task)
	switch {
	case err == nil:
		k.Errorf("(%d, %s): opened as %s, want ENOSPC", cpu, who(task), ev.Label())
		k.made = append(k.made, ev)
	case !errors.Is(err, syscall.ENOSPC):
		k.Errorf("(%d, %s): %v, want ENOSPC", cpu, who(task), err)
	}
	if after := k.counts(); err != nil && after != before {
		k.Errorf("(%d, %s): counts after the refusal = %s, want %s", cpu, who(task), after, before)
	}
}

func (k *kunit) release(i int) {
	k.Helper()
	if err := k.made[i].Close(); err != nil {
		k.Fatal(err)
	}
	k.made[i] = nil
	k.check()
}

func (k *kunit) check() {
	k.Helper()
	if err := k.m.CheckInvariants(); err != nil {
		k.Errorf("%v", err)
	}
}

// counts returns the reservation counts of each CPU as text.
func (k *kunit) counts() string {
	s := ""
	for c := range k.m.NrCPUs() {
		u := mustSlots(k.T, k.m, c)
		s += fmt.Sprintf("[%d+%d %d+%d]", u.BP.CPUPinned, u.BP.TaskPinned, u.WP.CPUPinned, u.WP.TaskPinned)
	}
	return s
}

func who(t *sim.Task) string {
	if t == nil {
		return "none"
	}
	return t.Comm()
}

var kcases = []struct {
	name string
	minN int
	run  func(k *kunit)
}{
	{"K-1 one_cpu", 1, func(k *kunit) {
		k.fill(0, nil, 0)
		k.no(-1, k.me)
		k.no(0, nil)
	}},
	{"K-2 many_cpus", 1, func(k *kunit) {
		for c := range k.m.NrCPUs() {
			if 512-k.addrs < k.n {
				break
			}
			k.fill(c, nil, 0)
			k.no(c, nil)
		}
	}},
	{"K-3 one_task_on_all_cpus", 1, func(k *kunit) {
		first := k.fill(-1, k.me, 0)
		k.no(-1, k.me)
		k.no(0, k.me)
		k.no(0, nil)
		k.release(first)
		k.ok(0, nil)
	}},
	{"K-4 two_tasks_on_all_cpus", 1, func(k *kunit) {
		first := k.fill(-1, k.me, 0)
		k.fill(-1, k.other, 0)
		k.no(-1, k.me)
		k.no(-1, k.other)
		k.no(0, k.me)
		k.no(0, k.other)
		k.no(0, nil)
		k.release(first)
		k.no(0, nil)
	}},
	{"K-5 one_task_on_one_cpu", 1, func(k *kunit) {
		first := k.fill(0, k.me, 0)
		k.no(-1, k.me)
		k.no(0, k.me)
		k.no(0, nil)
		k.release(first)
		k.ok(0, nil)
	}},
	{"K-6 one_task_mixed", 3, func(k *kunit) {
		bound := k.ok(0, k.me)
		following := k.fill(-1, k.me, 1)
		k.no(-1, k.me)
		k.no(0, k.me)
		k.no(0, nil)
		k.release(bound)
		k.release(following)
		k.ok(0, nil)
		k.ok(0, nil)
		k.no(0, nil)
	}},
	{"K-7 two_tasks_on_one_cpu", 1, func(k *kunit) {
		k.fill(0, k.me, 0)
		k.fill(0, k.other, 0)
		k.no(-1, k.me)
		k.no(-1, k.other)
		k.no(0, k.me)
		k.no(0, k.other)
		k.no(0, nil)
		k.fill(1, nil, 0)
	}},
	{"K-8 two_tasks_on_one_all_cpus", 1, func(k *kunit) {
		k.fill(0, k.me, 0)
		k.fill(-1, k.other, 0)
		k.no(-1, k.me)
		k.no(-1, k.other)
		k.no(0, k.me)
		k.no(0, k.other)
		k.no(0, nil)
		k.no(1, nil)
	}},
	{"K-9 task_on_all_and_one_cpu", 3, func(k *kunit) {
		k.fill(-1, k.me, 2)
		a := k.ok(0, k.me)
		k.ok(-1, k.me)
		k.no(-1, k.me)
		k.no(0, k.me)
		k.no(0, nil)
		b := k.ok(1, nil)
		k.no(1, nil)
		k.release(a)
		k.no(-1, k.me) // b is still on CPU 1
		k.release(b)
		k.ok(-1, k.me)
		k.no(-1, k.me)
		k.no(0, k.me)
		k.no(0, nil)
		k.no(1, nil)
	}},
}

// TestKCases runs each case for several numbers of slots and CPUs.
func TestKCases(t *testing.T) {
	for _, kernel := range sim.Profiles() {
		for _, n := range []int{2, 3, 4, 6, 16} {
			for _, cpus := range []int{2, 4, 8} {
				for _, c := range kcases {
					if n < c.minN {
						continue // a precondition of the suite
					}
					t.Run(fmt.Sprintf("%s/N=%d/cpus=%d/%s", c.name, n, cpus, kernel), func(t *testing.T) {
						m := newMachine(t, sim.Config{Kernel: kernel, CPUs: cpus, WRPs: n})
						k := &kunit{T: t, m: m, n: n}
						k.me, k.other = newTask(t, m, "me", 0), newTask(t, m, "other", 1)
						must(t, m.CPU(0).ContextSwitch(k.me))
						empty := k.counts()
						c.run(k)
						k.check()
						for i, ev := range k.made {
							if ev != nil {
								k.release(i)
							}
						}
						if after := k.counts(); after != empty {
							t.Errorf("counts after the release = %s, want %s", after, empty)
						}
						if leaks := m.Leaks(); len(leaks) > 0 {
							t.Errorf("Leaks after the release = %q, want none", leaks)
						}
					})
				}
			}
		}
	}
}
