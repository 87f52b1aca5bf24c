// The call chains of real kernels, each a subsequence of a full chain of the model.

package sim_test

import (
	"compress/gzip"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// recordedChains returns the chains of a recording, without the suffixes that a compiler adds and without the
// functions of the driver's own module and what called that.
func recordedChains(t *testing.T, file string) (chains []string) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	text, err := io.ReadAll(z)
	must(t, err)
	line := regexp.MustCompile(`(?m)^   \[cpu \d+, current [^]]*\] (.*)$`)
	suffix := regexp.MustCompile(`\.(part|constprop|isra)\.\d+`)
	module := regexp.MustCompile(` < orc_[a-z_]+( < do_vfs_ioctl)?( < __arm64_sys_ioctl)?`)
	for _, m := range line.FindAllStringSubmatch(string(text), -1) {
		chain := module.ReplaceAllString(suffix.ReplaceAllString(m[1], ""), "")
		if !slices.Contains(chains, chain) {
			chains = append(chains, chain)
		}
	}
	return chains
}

// leftOut are the functions of recorded chains that the model does not have: how a thread came to be
// preempted or stopped, other threads of the kernel, and the closing of files. CPU 0, whose idle thread
// begins in rest_init, runs the script.
var leftOut = []string{
	"ptrace_stop", "preempt_schedule", "preempt_schedule_common", "__cond_resched", "rcu_gp_kthread",
	"__stop_cpus", "multi_cpu_stop", "cpu_stopper_thread", "schedule_timeout", "filp_close", "rest_init",
}

// TestRealChains: each chain recorded on 4.19.118, 6.12.117 and 7.3.4 is, in order, a subsequence of a full
// chain of the model on that kernel's profile, from the probed function outwards (spec 11).
func TestRealChains(t *testing.T) {
	for file, kernel := range map[string]string{
		"4.19.118": "4.19.116", "6.12.117": "6.12.117", "7.3.4": "7.3.4",
	} {
		t.Run(file, func(t *testing.T) {
			model := modelChains(t, kernel)
			compared := 0
			for _, chain := range recordedChains(t, "../conform/testdata/chains/"+file+".txt.gz") {
				names := strings.Split(chain, " < ")
				if slices.ContainsFunc(names, func(n string) bool { return slices.Contains(leftOut, n) }) ||
					slices.Equal(names[len(names)-2:], []string{"kthread", "ret_from_fork"}) &&
						slices.Contains(names, "smpboot_thread_fn") &&
						!slices.Contains(names, "cpuhp_thread_fun") {
					continue // the last: a migration thread
				}
				// A return address behind the call that never returns: an artefact of the recording.
				names = slices.DeleteFunc(names, func(n string) bool { return n == "__wake_up_parent" })
				names = slices.Compact(names) // a function that the compiler has split
				compared++
				if !slices.ContainsFunc(model[names[0]],
					func(full []string) bool { return within(names, full) }) {
					t.Errorf("no chain of the model contains\n%s\nof %d", strings.Join(names, " < "),
						len(model[names[0]]))
					if len(model[names[0]]) > 0 {
						t.Logf("such as %s", strings.Join(model[names[0]][0], " < "))
					}
				}
			}
			if compared < 30 {
				t.Errorf("%d chains are compared", compared)
			}
		})
	}
}

// within reports whether names occur in full in their order.
func within(names, full []string) bool {
	for _, n := range full {
		if len(names) > 0 && n == names[0] {
			names = names[1:]
		}
	}
	return len(names) == 0
}

// modelChains performs what the recording's scenarios do and returns the full chains by function.
func modelChains(t *testing.T, kernel string) map[string][][]string {
	m := newMachine(t, sim.Config{CPUs: 4, Kernel: kernel, TraceSize: 1 << 20})
	asDriver(t, m)
	fromWork(t, m)
	asTasks(t, m)
	must(t, m.CPUDown(3))
	must(t, m.CPUUp(3))
	rec := m.Recorder()
	chains := map[string][][]string{}
	seen := map[string]bool{}
	for r := range rec.Records {
		n, ok := rec.Record(r.Seq)
		if !ok {
			continue
		}
		chain := rec.Chain(n.Node, trace.Full)
		if key := strings.Join(chain, " "); !seen[key] {
			seen[key] = true
			chains[chain[0]] = append(chains[chain[0]], chain)
		}
	}
	return chains
}

// asDriver makes the calls of the recording's driver, a user task on CPU 0.
func asDriver(t *testing.T, m *sim.Machine) {
	t.Helper()
	worker := newTask(t, m, "worker", 1)
	running := newTask(t, m, "running", 2)
	must(t, m.CPU(2).ContextSwitch(running))
	_, err := m.NewTask(sim.TaskConfig{CPU: 0, Body: func(*sim.Task) error {
		for range 2 {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			must(t, err)
			must(t, m.CPU(0).Store(addrA, 4, 1))
			must(t, m.UnregisterWideHwBreakpoint(w))
		}
		for _, a := range []hwdebug.Attr{kernelRW(addrB, false), pinned(kernelRW(addrB, true)),
			flexible(kernelRW(addrC, false))} {
			for cpu := range 2 {
				ev := open(t, m, a, nil, cpu)
				must(t, ev.Disable())
				must(t, ev.Enable())
				b := ev.Attr()
				b.Addr += 8
				must(t, ev.Modify(b))
				b.Type, b.Len = hwdebug.X, 4
				must(t, ev.Modify(b))
				must(t, m.PerfEventDisable(ev))
				must(t, m.PerfEventEnable(ev))
				must(t, ev.Close())
			}
		}
		for _, task := range []*sim.Task{worker, running} {
			ev := open(t, m, userW(userAddr), task, -1)
			must(t, ev.Disable())
			must(t, ev.Enable())
			must(t, ev.Modify(ev.Attr()))
			must(t, ev.Close())
			user, err := m.RegisterUserHwBreakpoint(userW(userAddr), nil, task)
			must(t, err)
			must(t, m.ModifyUserHwBreakpoint(user, user.Attr()))
			must(t, m.UnregisterHwBreakpoint(user))
			must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
			must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
		}
		return nil
	}})
	must(t, err)
	_, err = m.Run()
	must(t, err)
	must(t, worker.Execve())
	must(t, running.Exit())
}

// fromWork makes the calls of the recording's delayed works.
func fromWork(t *testing.T, m *sim.Machine) {
	t.Helper()
	for _, cpu := range []int{1, 2} {
		dw := m.NewDelayedWork("dw", func() error {
			w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			must(t, err)
			for _, on := range []int{1, 2} {
				ev, err := m.PerfEventCreateKernelCounter(kernelRW(addrB, true), on, nil, nil)
				must(t, err)
				must(t, m.PerfEventEnable(ev))
				must(t, m.PerfEventDisable(ev))
				must(t, m.UnregisterHwBreakpoint(ev))
			}
			return m.UnregisterWideHwBreakpoint(w)
		})
		must(t, m.CPU(0).ContextSwitch(nil))
		_, err := m.QueueDelayedWorkOn(cpu, dw, 10)
		must(t, err)
		_, err = m.Run()
		must(t, err)
	}
}

// asTasks switches, forks and ends tasks with events, which are hit, and takes a CPU down.
func asTasks(t *testing.T, m *sim.Machine) {
	t.Helper()
	for _, a := range []hwdebug.Attr{userW(userAddr), flexible(userW(userAddr)),
		userAttr(hwdebug.X, 0x400580, 4)} {
		task := newTask(t, m, "worker", 1)
		a.Inherit = true
		ev := open(t, m, a, task, -1)
		must(t, task.Store(userAddr, 4, 1))
		must(t, task.Exec(0x400580))
		must(t, m.CPU(1).ContextSwitch(nil))
		child, err := task.Fork("c", 0)
		must(t, err)
		must(t, m.CPU(1).ContextSwitch(child))
		must(t, m.CPU(1).ContextSwitch(nil))
		must(t, child.Store(userAddr, 4, 1))
		grand, err := child.Fork("d", 0)
		must(t, err)
		must(t, child.Exit())
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr+64, 0x1f5))
		must(t, task.Exit())
		must(t, ev.Close())
		must(t, grand.Exit())
	}
	open(t, m, kernelRW(addrC, false), nil, 3)
}
