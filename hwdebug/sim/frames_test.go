// Frames: the default view of the releases from 6.1 on shows the frames of real stacks (spec 11.0).

package sim_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestFramesOfRealStacks compares with stacks taken in kprobes on Debian's 6.12.117, from the probed
// function to the module's call.
func TestFramesOfRealStacks(t *testing.T) {
	for _, kernel := range []string{"6.1.176", "6.1.192", "6.12.117"} {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel})
		want := func(cpu int, fn, chain string) {
			t.Helper()
			got, err := m.Callchain(fn, sim.ChainOptions{CPU: m.CPU(cpu)})
			must(t, err)
			if text := strings.Join(got, " < "); !strings.HasPrefix(text, chain) {
				t.Errorf("%s, %s on cpu%d:\n got %s\nwant %s ...", kernel, fn, cpu, text, chain)
			}
		}
		const install = "arch_install_hw_breakpoint < hw_breakpoint_add < event_sched_in < " +
			"merge_sched_in < visit_groups_merge < ctx_sched_in < perf_event_sched_in < ctx_resched < "
		w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
		must(t, err)
		want(0, "arch_install_hw_breakpoint", install+"__perf_install_in_context < remote_function < "+
			"generic_exec_single < smp_call_function_single < perf_install_in_context < "+
			"perf_event_create_kernel_counter < register_wide_hw_breakpoint < ")
		want(1, "arch_install_hw_breakpoint", install+"__perf_install_in_context < remote_function < "+
			"__flush_smp_call_function_queue < generic_smp_call_function_single_interrupt < ipi_handler < "+
			"handle_percpu_devid_irq < handle_irq_desc < generic_handle_domain_irq < gic_handle_irq < "+
			"call_on_irq_stack < do_interrupt_handler < el1_interrupt < el1h_64_irq_handler < el1h_64_irq < "+
			"default_idle_call < do_idle < cpu_startup_entry < secondary_start_kernel")
		must(t, m.UnregisterWideHwBreakpoint(w))
		want(0, "__perf_remove_from_context",
			"__perf_remove_from_context < event_function < remote_function < "+
				"generic_exec_single < smp_call_function_single < event_function_call < "+
				"perf_remove_from_context < perf_event_release_kernel < unregister_wide_hw_breakpoint < ")
		want(0, "_free_event", "_free_event < put_event < perf_event_release_kernel < "+
			"unregister_wide_hw_breakpoint < ")

		pmu := ""
		if since(kernel, "6.12.117") {
			pmu = "__pmu_ctx_sched_out < "
		}
		task := newTask(t, m, "app", 0)
		must(t, task.Store(userAddr, 4, 1))
		register(t, m, task)
		must(t, m.CPU(0).ContextSwitch(nil))
		want(0, "arch_uninstall_hw_breakpoint", "arch_uninstall_hw_breakpoint < hw_breakpoint_del < "+
			"event_sched_out < group_sched_out < "+pmu+"ctx_sched_out < task_ctx_sched_out < "+
			"__perf_event_task_sched_out < __schedule < schedule")
		must(t, m.CPU(0).ContextSwitch(task))
		want(0, "arch_install_hw_breakpoint", strings.TrimSuffix(install, "ctx_resched < ")+
			"__perf_event_task_sched_in < finish_task_switch < __schedule < schedule")
	}
}
