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

var (
	shortChain = regexp.MustCompile(`(?m)^   \[cpu \d+, current [^]]*\] (.*)$`)
	stackDump  = regexp.MustCompile(`(?m)^   Call trace:\n((?:    .*\n)+)`)
	stackFrame = regexp.MustCompile(`(?m)^    ([^+]*)\+.*$\n`)
	ofCompiler = regexp.MustCompile(`\.(part|constprop|isra)\.\d+`)
	ofModule   = regexp.MustCompile(` < orc_[a-z_]+( < do_vfs_ioctl)?( < __arm64_sys_ioctl)?`)
)

// recordedChains returns the chains of a recording, and those of the stacks in write_wb_reg that it has from
// there outwards, without the suffixes that a compiler adds and without the functions of the driver's own
// module and what called that.
func recordedChains(t *testing.T, file string) (chains []string) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	text, err := io.ReadAll(z)
	must(t, err)
	add := func(chain string) {
		chain = ofModule.ReplaceAllString(ofCompiler.ReplaceAllString(chain, ""), "")
		if !slices.Contains(chains, chain) {
			chains = append(chains, chain)
		}
	}
	for _, m := range shortChain.FindAllStringSubmatch(string(text), -1) {
		add(m[1])
	}
	for _, m := range stackDump.FindAllStringSubmatch(string(text), -1) {
		stack := strings.TrimSuffix(stackFrame.ReplaceAllString(m[1], "$1 < "), " < ")
		if _, outer, ok := strings.Cut(stack, "dump_stack < write_wb_reg"); ok {
			add("write_wb_reg" + outer)
		}
	}
	return chains
}

// cuts are the places of recorded chains from which on outwards the model does not follow, with the reason.
// The chain is compared up to there.
var cuts = map[string]string{
	"preempt_schedule": "where a thread is preempted is the scheduler's choice; the model has " +
		"schedule",
	"preempt_schedule_common": "as preempt_schedule, inlined there",
	"__cond_resched":          "as preempt_schedule: a task work that is none of perf's gives way",
	"schedule_timeout":        "register_kprobe of the recorder itself",
}

// interrupted are threads that an interrupt meets on the recorded machines and cannot meet in the model: the
// idle thread of CPU 0, in whose place the script runs, and a thread of RCU. What they did begins outside of
// the interrupt's entry, up to which the chain is compared.
var interrupted = []string{"rest_init", "rcu_gp_kthread"}

// inlinedInSeed are frames of recorded chains that the seed's stack does not show: its build decides for the
// functions given to OnExit.
var inlinedInSeed = []string{"filp_close", "put_files_struct"}

// comparable returns the part of a recorded chain that a chain of the model must contain.
func comparable(names []string) []string {
	for i, n := range names {
		entry := n == "el1_irq" || n == "el1h_64_irq"
		isInterrupted := func(n string) bool { return slices.Contains(interrupted, n) }
		if entry && slices.ContainsFunc(names, isInterrupted) {
			names = names[:i+1]
			break
		}
		if cuts[n] != "" {
			names = names[:i]
			break
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		// A return address behind the call that never returns: an artefact of the recording.
		return n == "__wake_up_parent" || slices.Contains(inlinedInSeed, n)
	})
	return slices.Compact(names) // a function that the compiler has split
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
			chains := recordedChains(t, "../conform/testdata/chains/"+file+".txt.gz")
			if file == "4.19.118" {
				chains = append(chains, recordedChains(t, "testdata/write_wb_reg-4.19.118.txt.gz")...)
			}
			for _, chain := range chains {
				names := comparable(strings.Split(chain, " < "))
				if len(names) < 3 {
					t.Errorf("nothing is left to compare of %s", chain)
					continue
				}
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
			if compared < 39 {
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
	// A thread of smpboot, as migration/N.
	_, err := m.CpuhpSetupState("state", func(int) error { return nil }, nil)
	must(t, err)
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
	w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
	must(t, err)
	must(t, running.OnExit("release", func() error { return m.UnregisterWideHwBreakpoint(w) }))
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
		_, err := m.QueueDelayedWorkOn(cpu, dw, ticks(m, 10))
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
