// Timers of drivers.

package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// TestTimerFires arms timers and looks at when, where and in which order they fire (R-TMR-2, 4, 8, 9).
func TestTimerFires(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		var fired []string
		timer := func(name string) *sim.Timer {
			return m.TimerSetup(name, func() error {
				fired = append(fired, fmt.Sprintf("%s@%d", name, m.Jiffies()))
				return nil
			})
		}
		a, b, c, d := timer("a"), timer("b"), timer("c"), timer("d")
		for _, step := range []struct {
			timer *sim.Timer
			delay uint64
			was   bool
		}{
			{a, 5, false}, {b, 5, false}, {c, 0, false}, {d, 100, false},
			{a, 5, true}, // the same time: a keeps its place, and so fires after b
			{d, 8, true},
		} {
			was, err := m.ModTimer(step.timer, ticks(m, step.delay))
			if must(t, err); was != step.was {
				t.Errorf("mod_timer(%s, %d) = %v, want %v", step.timer.Name(), step.delay, was, step.was)
			}
		}
		_, err := m.Run()
		must(t, err)
		if got := strings.Join(fired, " "); got != "c@1 b@6 a@6 d@9" {
			t.Errorf("fired %s, want c@1 b@6 a@6 d@9", got)
		}
		if a.Pending() || a.Runs() != 1 {
			t.Errorf("a is pending %v after %d runs, want false after 1", a.Pending(), a.Runs())
		}
	})
}

// TestTimerSameBucket: a pending timer that stays in its bucket keeps its CPU, one that moves to
// another goes to the caller's (R-TMR-9).
func TestTimerSameBucket(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	timer := m.TimerSetup("t", nil)
	mod := func(delay uint64) {
		t.Helper()
		must(t, m.CPU(1).Run(func() error { _, err := m.ModTimer(timer, ticks(m, delay)); return err }))
	}
	_, err := m.ModTimer(timer, ticks(m, 100))
	must(t, err)
	for _, c := range []struct{ delay, expires, cpu uint64 }{{101, 101, 0}, {200, 200, 1}} {
		mod(c.delay)
		if cpu, ok := timer.CPU(); !ok || cpu != int(c.cpu) || timer.Expires() != c.expires {
			t.Errorf("after mod_timer(%d): cpu %d %v, expires %d, want cpu %d",
				c.delay, cpu, ok, timer.Expires(), c.cpu)
		}
	}
	for _, want := range []bool{true, false} {
		if was, err := m.DelTimer(timer); was != want || err != nil {
			t.Errorf("del_timer = %v, %v, want %v", was, err, want)
		}
	}
}

// TestTimerContext: a timer's function runs in softirq context on its CPU and must not sleep, a watchpoint
// fires in it, and it may arm its timer again but not wait for itself (R-TMR-10).
func TestTimerContext(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		var timer *sim.Timer
		var slept, synced error
		timer = m.TimerSetup("poll", func() error {
			slept = m.Msleep(1e6)
			_, synced = m.DelTimerSync(timer)
			if err := m.CPU(1).Store(addrA, 8, 1); err != nil {
				return err
			}
			if timer.Runs() == 3 {
				return errors.New("third time")
			}
			_, err := m.ModTimer(timer, ticks(m, 10))
			return err
		})
		must(t, m.CPU(1).Run(func() error { _, err := m.ModTimer(timer, ticks(m, 10)); return err }))
		if left := m.Leaks(); len(left) != 3 || left[2] != "timer poll is pending" {
			t.Errorf("left behind: %q, want two events and the timer", left)
		}
		if _, err := m.Run(); err == nil || err.Error() != "third time" {
			t.Errorf("Run = %v, want the function's error", err)
		}
		if slept == nil || synced == nil || !strings.Contains(synced.Error(), "deadlock") {
			t.Errorf("msleep = %v, del_timer_sync = %v, want errors", slept, synced)
		}
		if eventOn(w, 1).Count() != 3 || eventOn(w, 0).Count() != 0 {
			t.Errorf("counts %d and %d, want 0 and 3", eventOn(w, 0).Count(), eventOn(w, 1).Count())
		}
		chain, err := m.Callchain("watchpoint_handler", sim.ChainOptions{CPU: m.CPU(1), View: trace.Full})
		must(t, err)
		got := strings.Join(chain, " ")
		if !strings.Contains(got, "poll call_timer_fn expire_timers __run_timers run_timer_softirq") {
			t.Errorf("watchpoint_handler was called by %s", got)
		}
	})
}

// TestHotplugStates runs callbacks on the CPUs that are online, that come up and that go down, in the
// order of R-HP-17 and R-HP-19, each in its cpuhp thread.
func TestHotplugStates(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		var log []string
		state := func(name string) (up, down func(int) error) {
			note := func(what string) func(int) error {
				return func(cpu int) error {
					if got := m.Current().Comm(); got != fmt.Sprintf("cpuhp/%d", cpu) {
						t.Errorf("%s of cpu%d runs in %s", what, cpu, got)
					}
					log = append(log, fmt.Sprint(what, cpu))
					return m.Msleep(1e6)
				}
			}
			return note(name + "+"), note(name + "-")
		}
		expect := func(step, want string) {
			t.Helper()
			if got := strings.Join(log, " "); got != want {
				t.Errorf("%s: %s, want %s", step, got, want)
			}
			log = nil
		}
		up, down := state("a")
		a, err := m.CpuhpSetupState("a:online", up, down)
		must(t, err)
		expect("setup of a", "a+0 a+1")
		up, down = state("b")
		b, err := m.CpuhpSetupState("b:online", up, down)
		must(t, err)
		expect("setup of b", "b+0 b+1")
		must(t, m.CPUDown(1))
		expect("cpu1 down", "b-1 a-1")
		must(t, m.CPUUp(1))
		expect("cpu1 up", "a+1 b+1")
		must(t, m.CpuhpRemoveState(a))
		expect("removal of a", "a-0 a-1")
		must(t, m.CPUDown(1))
		must(t, m.CpuhpRemoveState(b))
		expect("cpu1 down, removal of b", "b-1 b-0")
		if err := m.CpuhpRemoveState(b); err == nil {
			t.Error("a state is removed twice")
		}
		chain, err := m.Callchain("msleep", sim.ChainOptions{View: trace.Full})
		must(t, err)
		want := "msleep b:online cpuhp_invoke_callback cpuhp_thread_fun " +
			"smpboot_thread_fn kthread ret_from_fork"
		if got := strings.Join(chain, " "); got != want {
			t.Errorf("chain %s, want %s", got, want)
		}
		must(t, m.CheckInvariants())
	})
}

// TestHotplugStateFails: a startup that fails rolls back, during setup and while a CPU comes up; a teardown
// that fails keeps the CPU up (R-HP-18).
func TestHotplugStateFails(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		var log []string
		fail := errors.New("no")
		failing := ""
		add := func(name string) error {
			call := func(what string) func(int) error {
				return func(cpu int) error {
					log = append(log, fmt.Sprint(what, cpu))
					if fmt.Sprint(what, cpu) == failing {
						return fail
					}
					return nil
				}
			}
			_, err := m.CpuhpSetupState(name, call(name+"+"), call(name+"-"))
			return err
		}
		for _, c := range []struct {
			step, failing string
			do            func() error
			want          string
			online        bool
		}{
			{"setup", "a+1", func() error { return add("a") }, "a+0 a+1 a-0", true},
			{"setup again", "", func() error {
				return errors.Join(add("a"), add("b"), fail)
			}, "a+0 a+1 b+0 b+1", true},
			{"down", "a-1", func() error { return m.CPUDown(1) }, "b-1 a-1 b+1", true},
			{"down again", "", func() error { return errors.Join(m.CPUDown(1), fail) }, "b-1 a-1", false},
			{"up", "b+1", func() error { return m.CPUUp(1) }, "a+1 b+1 a-1", false},
			{"up again", "", func() error { return errors.Join(m.CPUUp(1), fail) }, "a+1 b+1", true},
		} {
			log, failing = nil, c.failing
			err := c.do()
			got := strings.Join(log, " ")
			if got != c.want || !errors.Is(err, fail) || m.CPU(1).Online() != c.online {
				t.Errorf("%s: %s, %v, online %v; want %s, an error, online %v",
					c.step, got, err, m.CPU(1).Online(), c.want, c.online)
			}
		}
		must(t, m.CheckInvariants())
	})
}

// TestHotplugStateLocks: what waits for cpu_hotplug_lock deadlocks in a callback, what does not need
// the lock works there (R-HP-20), and 31 states fit (R-HP-17).
func TestHotplugStateLocks(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	got := map[string]error{}
	var made *sim.Event
	_, err := m.CpuhpSetupState("a", func(cpu int) (err error) {
		if cpu == 0 {
			return nil
		}
		got["down"] = m.CPUDown(1)
		_, got["setup"] = m.CpuhpSetupState("inner", nil, nil)
		_, got["wide"] = m.RegisterWideHwBreakpoint(kernelRW(addrA+64, false), nil)
		if made == nil {
			made, err = m.PerfEventCreateKernelCounter(kernelRW(addrA, false), cpu, nil, nil)
		}
		return err
	}, nil)
	must(t, err)
	if made == nil || got["down"] == nil || got["setup"] == nil || got["wide"] != nil {
		t.Errorf("in setup: %v, event %v; want errors but for wide", got, made)
	}
	must(t, m.CPUDown(1))
	must(t, m.CPUUp(1))
	if got["wide"] == nil || !strings.Contains(got["wide"].Error(), "cpu_hotplug_lock") {
		t.Errorf("register_wide_hw_breakpoint while a CPU comes up = %v, want a deadlock", got["wide"])
	}
	for n := 1; ; n++ {
		if _, err := m.CpuhpSetupState("x", nil, nil); err != nil {
			if n != 31 || errnoOf(err) != "ENOSPC" {
				t.Errorf("state %d: %v, want ENOSPC at the 31st", n, err)
			}
			break
		}
	}
}

// TestDelTimerSyncInInterrupt: from a hard interrupt it warns each time, and takes the timer away all the
// same; elsewhere it does not warn (R-TMR-10).
func TestDelTimerSyncInInterrupt(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		timer := m.TimerSetup("t", nil)
		armed := 0
		del := func() error {
			if _, err := m.ModTimer(timer, ticks(m, 5)); err != nil {
				return err
			}
			was, err := m.DelTimerSync(timer)
			if was {
				armed++
			}
			return err
		}
		must(t, del())
		_, err := inHandler(t, m, del)
		must(t, err)
		for range 2 {
			_, err = m.IrqWorkQueue(m.NewIrqWork("i", del))
			must(t, err)
		}
		n := countLines(m.Dmesg(), "kernel/time/timer.c")
		if n != 2 || armed != 4 || timer.Pending() {
			t.Errorf("%d warnings, taken away %d times, pending %v; want 2, 4, false", n, armed,
				timer.Pending())
		}
	})
}

// TestSetupAndPrintkAreTraced: timer_setup and printk are calls of the kernel's functions, with the handler
// that makes them below.
func TestSetupAndPrintkAreTraced(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		printk := "printk"
		if is61(m.Kernel()) {
			printk = "_printk"
		}
		_, err := inHandler(t, m, func() error {
			m.TimerSetup("t", nil)
			return m.Printk("text")
		})
		must(t, err)
		for _, fn := range []string{"init_timer_key", printk} {
			chain, err := m.Callchain(fn, sim.ChainOptions{CPU: m.CPU(0), View: trace.Full})
			must(t, err)
			if len(chain) < 2 || chain[1] != "__perf_event_overflow" {
				t.Errorf("%s was called by %q, want __perf_event_overflow", fn, chain)
			}
		}
	})
}
