// The call chains of spec 11, C-1 to C-25, in both views, for 4.19 and 6.1.

package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A grammar holds the abbreviations of spec 11 for one kernel. Names without a frame of their own in the
// seed's build are in parentheses.
type grammar struct {
	inst, uninst     string
	remove           string // UNINST under __perf_remove_from_context
	ipiIdle, ipiUser string
	kwork, syscall   string
	debug0, debug1   string // from do_debug_exception outwards
	report           string // between perf_bp_event and watchpoint_handler
	starting         string // from hw_breakpoint_reset to notify_cpu_starting
}

const (
	idleStack  = "arch_cpu_idle < (default_idle_call) < do_idle < cpu_startup_entry < secondary_start_kernel"
	localCPU   = "remote_function < generic_exec_single < smp_call_function_single < (cpu_function_call)"
	localTask  = "remote_function < generic_exec_single < smp_call_function_single < (task_function_call)"
	hpThread   = "cpuhp_thread_fun < smpboot_thread_fn < kthread < ret_from_fork"
	scriptTail = "kthread < ret_from_fork" // the script is a kernel thread
)

// grammarOf returns the grammar of a kernel.
func grammarOf(kernel string) grammar {
	inst := func(merge, class string) string {
		return "write_wb_reg < hw_breakpoint_control < (arch_install_hw_breakpoint) < " +
			"hw_breakpoint_add < event_sched_in < group_sched_in < " +
			merge + " < visit_groups_merge < (" + class + ") < ctx_sched_in"
	}
	g := grammar{
		uninst: "write_wb_reg < hw_breakpoint_control < (arch_uninstall_hw_breakpoint) < " +
			"hw_breakpoint_del < event_sched_out",
		kwork: "process_one_work < worker_thread < kthread < ret_from_fork",
	}
	if is61(kernel) {
		const ipi = "__flush_smp_call_function_queue < generic_smp_call_function_single_interrupt < " +
			"(do_handle_IPI) < ipi_handler < " +
			"handle_percpu_devid_irq < handle_irq_desc < generic_handle_domain_irq < gic_handle_irq < " +
			"call_on_irq_stack < do_interrupt_handler < "
		g.inst = inst("merge_sched_in", "ctx_pinned_sched_in")
		g.ipiIdle = "remote_function < " + ipi + "el1_interrupt < el1h_64_irq_handler < el1h_64_irq < " +
			idleStack
		g.syscall = "invoke_syscall < el0_svc_common < do_el0_svc < el0_svc < el0t_64_sync_handler < " +
			"el0t_64_sync"
		g.debug0 = "do_debug_exception < el0_dbg < el0t_64_sync_handler < el0t_64_sync"
		g.debug1 = "do_debug_exception < el1_dbg < el1h_64_sync_handler < el1h_64_sync"
		g.starting = "hw_breakpoint_reset < cpuhp_invoke_callback < __cpuhp_invoke_callback_range < " +
			"(cpuhp_invoke_callback_range_nofail) < notify_cpu_starting"
	} else {
		const ipi = "remote_function < flush_smp_call_function_queue < " +
			"generic_smp_call_function_single_interrupt < handle_IPI < gic_handle_irq < "
		g.inst = inst("pinned_sched_in", "ctx_pinned_sched_in")
		if since(kernel, "5.10.223") {
			g.inst = inst("merge_sched_in", "ctx_pinned_sched_in")
		}
		g.ipiIdle = ipi + "el1_irq < " + idleStack
		g.ipiUser = ipi + "el0_irq_naked"
		g.syscall = "el0_svc_common < el0_svc_handler < el0_svc"
		g.debug0 = "do_debug_exception < el0_dbg"
		g.debug1 = "do_debug_exception < el1_dbg"
		g.starting = "hw_breakpoint_reset < cpuhp_invoke_callback < notify_cpu_starting"
	}
	g.remove = g.uninst + " < __perf_remove_from_context"
	if since(kernel, "6.1.192") {
		g.remove = g.uninst + " < __event_disable < __perf_remove_from_context"
	}
	g.report = "watchpoint_handler"
	if since(kernel, "4.19.266") {
		g.report = "(watchpoint_report) < watchpoint_handler"
	}
	return g
}

func (g *grammar) inCPU() string {
	return g.inst + " < (cpu_ctx_sched_in) < (perf_event_sched_in) < ctx_resched"
}
func (g *grammar) inTask() string { return g.inst + " < (perf_event_sched_in) < ctx_resched" }
func (g *grammar) outCPU() string {
	return g.uninst + " < group_sched_out < ctx_sched_out < (cpu_ctx_sched_out) < ctx_resched"
}
func (g *grammar) outTask() string {
	return g.uninst + " < group_sched_out < ctx_sched_out < (task_ctx_sched_out) < ctx_resched"
}

// build61 are the names that differ in Debian's builds from 6.1 on, as 11.0 of the specification lists them.
var build61 = strings.NewReplacer(
	"(arch_install_hw_breakpoint)", "arch_install_hw_breakpoint",
	"(arch_uninstall_hw_breakpoint)", "arch_uninstall_hw_breakpoint",
	"(perf_event_sched_in)", "perf_event_sched_in",
	"(perf_install_in_context)", "perf_install_in_context",
	"(perf_remove_from_context)", "perf_remove_from_context",
	"(put_event)", "put_event",
	"(task_ctx_sched_out)", "task_ctx_sched_out",
	"(perf_event_exit_task_context)", "perf_event_exit_task_context",
	"(unregister_hw_breakpoint) < flush_ptrace", "unregister_hw_breakpoint < flush_ptrace",
	"(ptrace_hbp_set_addr)", "ptrace_hbp_set_addr",
	"(ptrace_hbp_set_ctrl)", "ptrace_hbp_set_ctrl",
	"(default_idle_call)", "default_idle_call",
	"(do_signal)", "do_signal",
	"group_sched_in", "(group_sched_in)",
	"arch_cpu_idle", "(arch_cpu_idle)",
)

// inBuild returns a chain of the grammar with the parentheses of the kernel's build.
func inBuild(kernel, chain string) string {
	if since(kernel, "6.12.117") {
		chain = paths612.Replace(chain)
	}
	if since(kernel, "6.18.15") {
		chain = strings.ReplaceAll(chain, "__fput_sync", "fput_close_sync")
	}
	if is61(kernel) {
		return build61.Replace(chain)
	}
	return chain
}

// paths612 are the ways that differ from 6.12 on.
var paths612 = strings.NewReplacer(
	"group_sched_out < ctx_sched_out", "group_sched_out < __pmu_ctx_sched_out < ctx_sched_out",
	"do_debug_exception < el0_dbg", "el0_watchpt", "do_debug_exception < el1_dbg", "el1_watchpt",
	"single_step_handler < do_debug_exception < el0_dbg", "(single_step_handler) < el0_softstp",
	"breakpoint_handler < do_debug_exception < el0_dbg", "(breakpoint_handler) < do_breakpoint < el0_breakpt",
	"watchpoint_handler < do_debug_exception < el0_dbg", "(watchpoint_handler) < do_watchpoint < el0_watchpt",
	"watchpoint_handler < do_debug_exception < el1_dbg", "(watchpoint_handler) < do_watchpoint < el1_watchpt",
	"____fput < task_work_run < do_notify_resume < el0_svc < ", "__fput_sync < "+
		"invoke_syscall < el0_svc_common < do_el0_svc < el0_svc < ",
	"task_work_run < do_notify_resume < el0_svc < ", "",
)

// isPath reports whether a name is of the entry code, of a system call or of files: the grammar leaves these
// names of the full view out, and TestRealChains compares them.
func isPath(name string) bool {
	return strings.HasPrefix(name, "__arm64_sys_") || slices.Contains([]string{
		"do_vfs_ioctl", "_perf_ioctl", "__free_event", "inherit_task_group", "rest_init", "start_kernel",
		"__primary_switched", "__secondary_switched", "__smp_call_function_single", "pipe_wait", "pipe_read",
		"anon_pipe_read", "new_sync_read", "__vfs_read", "vfs_read", "ksys_read",
	}, name)
}

// wantChain compares, in both views, the chain of the nth entry (0: the last) of the first name of parts.
// With "..." at the end, the rest of the chain is not compared.
func wantChain(t *testing.T, m *sim.Machine, cpu, nth int, parts ...string) {
	t.Helper()
	want := strings.Split(inBuild(m.Kernel(), strings.Join(parts, " < ")), " < ")
	open := want[len(want)-1] == "..."
	if open {
		want = want[:len(want)-1]
	}
	var full, frames []string
	for i, name := range want {
		bare := strings.Trim(name, "()")
		full = append(full, bare)
		if bare == name || i == 0 {
			frames = append(frames, bare)
		}
	}
	for _, v := range []struct {
		name string
		view trace.View
		want []string
	}{{"full view", trace.Full, full}, {"seed view", trace.Frames, frames}} {
		got, err := m.Callchain(full[0], sim.ChainOptions{CPU: m.CPU(cpu), Nth: nth, View: v.view})
		must(t, err)
		got = slices.DeleteFunc(got, isPath)
		if open && len(got) > len(v.want) {
			got = got[:len(v.want)]
		}
		if !slices.Equal(got, v.want) {
			t.Errorf("%s of %s on cpu%d:\n got %s\nwant %s",
				v.name, full[0], cpu, strings.Join(got, " < "), strings.Join(v.want, " < "))
		}
	}
}

// onEveryChain runs a subtest on every kernel with its grammar.
func onEveryChain(t *testing.T, name string, f func(t *testing.T, m *sim.Machine, g grammar, six bool)) {
	t.Helper()
	onEvery(t, name, func(t *testing.T, kernel string) {
		f(t, vectorMachine(t, kernel), grammarOf(kernel), is61(kernel))
	})
}

// inWork runs fn in a worker on CPU 1, as _register_wp_bp called by the seed's work function.
func inWork(t *testing.T, m *sim.Machine, fn func() error) {
	t.Helper()
	running := false
	m.SetFrames(func(dst []string) []string {
		if running {
			dst = append(dst, "_register_wp_bp")
		}
		return dst
	})
	dw := m.NewDelayedWork("watch_point_delayed_work_func", func() error {
		running = true
		defer func() { running = false }()
		return fn()
	})
	_, err := m.QueueDelayedWorkOn(1, dw, ticks(m, 7000))
	must(t, err)
	_, err = m.Run()
	must(t, err)
	if dw.Runs() != 1 {
		t.Fatalf("Runs = %d, want 1", dw.Runs())
	}
}

const seedWork = "_register_wp_bp < watch_point_delayed_work_func"

// TestCallChains compares the chains C-1 to C-25 of spec 11.
func TestCallChains(t *testing.T) {
	onEveryChain(t, "C-1", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		ev := open(t, m, kernelRW(addrA, true), nil, 1)
		inWork(t, m, func() error { return m.PerfEventEnable(ev) })
		wantChain(t, m, 1, 0, g.inCPU(), "__perf_event_enable < event_function", localCPU,
			"event_function_call < (_perf_event_enable) < perf_event_enable", seedWork, g.kwork)
	})
	onEveryChain(t, "C-2", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		ev := open(t, m, kernelRW(addrA, true), nil, 1)
		must(t, m.PerfEventEnable(ev))
		wantChain(t, m, 1, 0, g.inCPU(), "__perf_event_enable < event_function", g.ipiIdle)
		wantChain(t, m, 0, 0, "smp_call_function_single < (cpu_function_call) < event_function_call < "+
			"(_perf_event_enable) < perf_event_enable", scriptTail)
	})
	onEveryChain(t, "C-3", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		wantChain(t, m, 0, 0, g.inCPU(), "__perf_install_in_context", localCPU,
			"(perf_install_in_context) < perf_event_create_kernel_counter < "+
				"register_wide_hw_breakpoint", scriptTail)
		wantChain(t, m, 1, 0, g.inCPU(), "__perf_install_in_context", g.ipiIdle)
	})
	onEveryChain(t, "C-3 in the seed's work", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		inWork(t, m, func() error {
			_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
			return err
		})
		wantChain(t, m, 1, 0, g.inCPU(), "__perf_install_in_context", localCPU,
			"(perf_install_in_context) < perf_event_create_kernel_counter < "+
				"register_wide_hw_breakpoint", seedWork, g.kwork)
	})
	onEveryChain(t, "C-4", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		const creation = "register_perf_hw_breakpoint < hw_breakpoint_event_init < " +
			"perf_try_init_event < (perf_init_event) < " +
			"perf_event_alloc < perf_event_create_kernel_counter < register_wide_hw_breakpoint < " +
			scriptTail
		wantChain(t, m, 0, 0, "(toggle_bp_slot) < __reserve_bp_slot < reserve_bp_slot", creation)
		wantChain(t, m, 0, 0, "arch_build_bp_info < hw_breakpoint_arch_parse < "+
			"(hw_breakpoint_parse)", creation)
	})
	onEveryChain(t, "C-5", func(t *testing.T, m *sim.Machine, g grammar, six bool) {
		task := newTask(t, m, "t", 1)
		_, err := m.RegisterUserHwBreakpoint(userW(userAddr), nil, task)
		must(t, err)
		wantChain(t, m, 0, 0, "(list_add_event) < (add_event_to_ctx) < perf_install_in_context < "+
			"perf_event_create_kernel_counter < register_user_hw_breakpoint", scriptTail)
		must(t, m.CPU(1).ContextSwitch(task))
		_, err = m.RegisterUserHwBreakpoint(userW(userAddr+8), nil, task)
		must(t, err)
		if six {
			wantChain(t, m, 1, 0, g.inTask(), "__perf_install_in_context < remote_function < "+
				"__flush_smp_call_function_queue < ...")
		} else {
			wantChain(t, m, 1, 0, g.inTask(), "__perf_install_in_context", g.ipiUser)
		}
		// The task that registers its own event.
		err = m.CPU(1).Run(func() error {
			_, err := m.RegisterUserHwBreakpoint(userW(userAddr+16), nil, task)
			return err
		})
		must(t, err)
		wantChain(t, m, 1, 0, g.inTask(), "__perf_install_in_context", localTask,
			"(perf_install_in_context) < perf_event_create_kernel_counter < "+
				"register_user_hw_breakpoint < ...")
	})
	onEveryChain(t, "C-6", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		open(t, m, kernelRW(addrA, false), nil, 0)
		task := newTask(t, m, "t", 0)
		open(t, m, userW(userAddr), task, -1)
		must(t, m.CPU(0).ContextSwitch(task))
		before := int(m.Recorder().Count(mustLookup(t, m, "write_wb_reg"), 0))
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
		must(t, err)
		const tail = "(perf_install_in_context) < perf_event_create_kernel_counter < " +
			"register_wide_hw_breakpoint < ..."
		wantChain(t, m, 0, before+1, g.outTask(), "__perf_install_in_context", localCPU, tail)
		wantChain(t, m, 0, before+2, g.outCPU(), "__perf_install_in_context", localCPU, tail)
		wantChain(t, m, 0, before+3, g.inCPU(), "__perf_install_in_context", localCPU, tail)
		wantChain(t, m, 0, before+8, g.inTask(), "__perf_install_in_context", localCPU, tail)
	})
	onEveryChain(t, "C-7", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		task := newTask(t, m, "t", 1)
		a := userW(userAddr)
		a.Disabled = true
		ev := open(t, m, a, task, -1)
		must(t, m.PerfEventEnable(ev))
		wantChain(t, m, 0, 0, "__perf_event_enable < event_function_call < (_perf_event_enable) < "+
			"perf_event_enable", scriptTail)
	})
	onEveryChain(t, "C-8", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		near, far := open(t, m, kernelRW(addrA, false), nil, 0), open(t, m, kernelRW(addrA, false), nil, 1)
		task := newTask(t, m, "t", 1)
		away := open(t, m, userW(userAddr), task, -1)
		for _, ev := range []*sim.Event{near, far, away} {
			must(t, m.PerfEventDisable(ev))
			if ev == near {
				wantChain(t, m, 0, 0, g.uninst, "group_sched_out < __perf_event_disable < "+
					"event_function", localCPU,
					"event_function_call < (_perf_event_disable) < perf_event_disable", scriptTail)
			}
		}
		wantChain(t, m, 1, 0, g.uninst, "group_sched_out < __perf_event_disable < event_function", g.ipiIdle)
		wantChain(t, m, 0, 0, "__perf_event_disable < event_function_call < (_perf_event_disable) < "+
			"perf_event_disable", scriptTail)
	})
	onEveryChain(t, "C-9 and C-10", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		wide, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		task := newTask(t, m, "mali-cmar-backe", 0)
		must(t, task.OnExit("_unregister_wp_bp", func() error { return m.UnregisterWideHwBreakpoint(wide) }))
		must(t, task.Exit())
		wantChain(t, m, 0, 0, g.remove, "event_function", localCPU, "event_function_call < "+
			"(perf_remove_from_context) < perf_event_release_kernel < "+
			"(unregister_hw_breakpoint) < unregister_wide_hw_breakpoint < _unregister_wp_bp < "+
			"exit_files < do_exit < do_group_exit < __se_sys_exit", g.syscall)
		wantChain(t, m, 1, 0, g.remove, "event_function", g.ipiIdle)
	})
	onEveryChain(t, "C-11", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		wide, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		must(t, m.UnregisterWideHwBreakpoint(wide))
		wantChain(t, m, 0, 0, "(toggle_bp_slot) < release_bp_slot < bp_perf_event_destroy < "+
			"_free_event < (put_event) < perf_event_release_kernel < "+
			"(unregister_hw_breakpoint) < unregister_wide_hw_breakpoint", scriptTail)
	})
	onEveryChain(t, "C-12", func(t *testing.T, m *sim.Machine, g grammar, six bool) {
		task := newTask(t, m, "t", 0)
		must(t, m.CPU(0).ContextSwitch(task))
		here, there := open(t, m, kernelRW(addrA, false), nil, 0), open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, here.Close())
		must(t, there.Close())
		tail := "event_function_call < (perf_remove_from_context) < perf_event_release_kernel < " +
			"perf_release < __fput < ____fput < task_work_run < do_notify_resume < work_pending"
		if six {
			tail = strings.TrimSuffix(tail, "work_pending") + "el0_svc < el0t_64_sync_handler < el0t_64_sync"
		}
		wantChain(t, m, 0, 0, g.remove, "event_function", localCPU, tail)
		wantChain(t, m, 1, 0, g.remove, "event_function", g.ipiIdle)
		wantChain(t, m, 0, 0, "smp_call_function_single < (cpu_function_call)", tail)
	})
	onEveryChain(t, "C-13", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		task := newTask(t, m, "t", 0)
		open(t, m, userW(userAddr), task, -1)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x2000, 0x1f5))
		must(t, m.CPU(0).ContextSwitch(task))
		must(t, task.Exit())
		exit := "do_exit < do_group_exit < __se_sys_exit < " + g.syscall
		wantChain(t, m, 0, 0, g.uninst, "group_sched_out < ctx_sched_out < (task_ctx_sched_out) < "+
			"(perf_event_exit_task_context) < perf_event_exit_task", exit)
		wantChain(t, m, 0, 0, "release_bp_slot < bp_perf_event_destroy < _free_event < (put_event) < "+
			"perf_event_release_kernel < (unregister_hw_breakpoint) < flush_ptrace_hw_breakpoint", exit)
	})
	onEveryChain(t, "C-14 to C-16", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		task, other := newTask(t, m, "t", 0), newTask(t, m, "u", 0)
		open(t, m, userW(userAddr), task, -1)
		must(t, m.CPU(0).ContextSwitch(task))
		wantChain(t, m, 0, 0, g.inst, "(perf_event_sched_in) < (perf_event_context_sched_in) < "+
			"__perf_event_task_sched_in < finish_task_switch < schedule_tail < ret_from_fork")
		must(t, m.CPU(0).ContextSwitch(other))
		wantChain(t, m, 0, 0, g.uninst, "group_sched_out < ctx_sched_out < (task_ctx_sched_out) < "+
			"(perf_event_context_sched_out) < "+
			"__perf_event_task_sched_out < (prepare_task_switch) < (context_switch) < __schedule < "+
			"schedule < ...")
		must(t, m.CPU(0).ContextSwitch(task))
		wantChain(t, m, 0, 0, g.inst, "(perf_event_sched_in) < (perf_event_context_sched_in) < "+
			"__perf_event_task_sched_in < finish_task_switch < "+
			"(context_switch) < __schedule < schedule < ...")

		// The arch part of the switch writes registers if the flags differ and a CPU's EL0 event is
		// installed.
		must(t, m.CPU(0).ContextSwitch(other))
		open(t, m, userW(0x2000), nil, 0)
		a, err := task.Begin(hwdebug.Store, userAddr, 4, 0, 0)
		must(t, err)
		_, err = a.Step()
		must(t, err)
		before := int(m.Recorder().Count(mustLookup(t, m, "write_wb_reg"), 0))
		must(t, m.CPU(0).ContextSwitch(other))
		wantChain(t, m, 0, before+2, "write_wb_reg < toggle_bp_registers < "+
			"hw_breakpoint_thread_switch < __switch_to < (context_switch) < __schedule < schedule < ...")
	})
	onEveryChain(t, "C-17 to C-19", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		task := newTask(t, m, "t", 0)
		open(t, m, userW(userAddr), task, -1)
		open(t, m, userAttr(hwdebug.X, 0x400580, 4), task, -1)
		open(t, m, kernelRW(addrA, false), nil, 0)
		const callback = "__perf_event_overflow < perf_swevent_overflow < perf_swevent_event < perf_bp_event"
		must(t, task.Store(userAddr, 4, 0))
		wantChain(t, m, 0, 0, callback, g.report, g.debug0)
		wantChain(t, m, 0, 0, "write_wb_reg < toggle_bp_registers < reinstall_suspended_bps < "+
			"single_step_handler", g.debug0)
		must(t, task.Exec(0x400580))
		wantChain(t, m, 0, 0, callback, "breakpoint_handler", g.debug0)
		a, err := task.Begin(hwdebug.Store, userAddr, 4, 0, 0)
		must(t, err)
		_, err = a.Step()
		must(t, err)
		wantChain(t, m, 0, 0, "write_wb_reg < toggle_bp_registers < watchpoint_handler", g.debug0)
		for done := false; !done; {
			done, err = a.Step()
			must(t, err)
		}
		must(t, m.CPU(0).ContextSwitch(nil))
		must(t, m.CPU(0).Store(addrA, 8, 0))
		wantChain(t, m, 0, 0, callback, g.report, g.debug1, scriptTail)
	})
	onEveryChain(t, "C-20 and C-21", func(t *testing.T, m *sim.Machine, g grammar, six bool) {
		wantChain(t, m, 1, 1, "write_wb_reg < hw_breakpoint_reset < cpuhp_invoke_callback", hpThread)
		open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUDown(1))
		wantChain(t, m, 1, 0, g.uninst, "__perf_remove_from_context < __perf_event_exit_context < "+
			"generic_exec_single < smp_call_function_single < "+
			"(perf_event_exit_cpu_context) < perf_event_exit_cpu < cpuhp_invoke_callback", hpThread)
		must(t, m.CPUUp(1))
		wantChain(t, m, 1, 0, "write_wb_reg", g.starting, "secondary_start_kernel")
	})
	onEveryChain(t, "C-22", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		ev := open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUSuspend(1))
		before := int(m.Recorder().Count(mustLookup(t, m, "write_wb_reg"), 1))
		must(t, m.CPUResume(1))
		const tail = "hw_breakpoint_reset < __cpu_suspend_exit < cpu_suspend < ..."
		wantChain(t, m, 1, before+1, "write_wb_reg", tail)
		// Twelve writes clear six breakpoints first.
		wantChain(t, m, 1, before+13, "write_wb_reg < hw_breakpoint_control", tail)
		wantSlots(t, "C-22", "0", ev)
	})
	onEveryChain(t, "C-23", func(t *testing.T, m *sim.Machine, g grammar, six bool) {
		dw := m.NewDelayedWork("probe", func() error { return nil })
		_, err := m.QueueDelayedWorkOn(1, dw, ticks(m, 10))
		must(t, err)
		_, err = m.Run()
		must(t, err)
		chain := "(insert_work) < __queue_work < delayed_work_timer_fn < call_timer_fn < " +
			"(expire_timers) < (__run_timers) < run_timer_softirq < __do_softirq < "
		if six {
			wantChain(t, m, 1, 0, chain+"...")
			return
		}
		wantChain(t, m, 1, 0, chain+"irq_exit < __handle_domain_irq < gic_handle_irq < el1_irq", idleStack)
	})
	onEveryChain(t, "C-24", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		ev := open(t, m, kernelRW(addrA, false), nil, 0)
		in := strings.TrimPrefix(g.inst, "write_wb_reg < ")
		out := strings.TrimPrefix(g.uninst, "write_wb_reg < ")
		wantChain(t, m, 0, 0, "(mdscr_write) < enable_debug_monitors", in, "...")
		must(t, m.PerfEventDisable(ev))
		wantChain(t, m, 0, 0, "(mdscr_write) < disable_debug_monitors", out, "...")
	})
	onEveryChain(t, "C-25", func(t *testing.T, m *sim.Machine, g grammar, _ bool) {
		task := newTask(t, m, "tracee", 1)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1f5))
		const request = "hw_break_set < ptrace_regset < ptrace_request < arch_ptrace < ..."
		wantChain(t, m, 0, 0, "__perf_event_enable < event_function_call < (_perf_event_enable) < "+
			"perf_event_enable < modify_user_hw_breakpoint < (ptrace_hbp_set_ctrl)", request)
		// Disabling an event that is OFF does nothing.
		if n := m.Recorder().Count(mustLookup(t, m, "__perf_event_disable"), -1); n != 0 {
			t.Errorf("__perf_event_disable is entered %d times for an event that is OFF, want 0", n)
		}
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x2000, 0x1f4))
		wantChain(t, m, 0, 0, "__perf_event_disable < event_function_call < (_perf_event_disable) < "+
			"perf_event_disable < modify_user_hw_breakpoint < (ptrace_hbp_set_ctrl)", request)
	})
}

// mustLookup returns the ID of a modelled function.
func mustLookup(t *testing.T, m *sim.Machine, fn string) trace.FnID {
	t.Helper()
	id, ok := m.Recorder().Lookup(fn)
	if !ok {
		t.Fatalf("%s is not modelled", fn)
	}
	return id
}
