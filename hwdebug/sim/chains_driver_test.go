// The call chains of drivers and signals: spec 11.7.

package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// TestDriverChains holds C-32 to C-37 on each profile: the chain of one function in the full view begins so.
func TestDriverChains(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, task *sim.Task) {
		pick := func(old, six string) string {
			if strings.HasPrefix(m.Kernel(), "4.") || strings.HasPrefix(m.Kernel(), "5.") {
				return old
			}
			return six
		}
		ev, err := m.PerfEventCreateKernelCounter(kernelW(K, 8), 0, nil, nil)
		must(t, err)
		store := func() error { return m.CPU(m.SmpProcessorID()).Store(K, 8, 1) }
		dies := func() error {
			if err := m.SendSig(task, signo(t, "SIGTERM")); err != nil {
				return err
			}
			if _, err := task.Load(userAddr, 8); err == nil {
				t.Error("the task survives SIGTERM")
			}
			return nil
		}
		for _, c := range []struct {
			rule, fn string
			do       func() error
			want     string
		}{
			{"C-34", "watchpoint_handler", func() error {
				if _, err := m.ModTimer(m.TimerSetup("tick", store), ticks(m, 1)); err != nil {
					return err
				}
				_, err := m.Run()
				return err
			}, "tick call_timer_fn expire_timers __run_timers run_timer_softirq __do_softirq"},
			{"C-35", "watchpoint_handler", func() error {
				_, err := m.IrqWorkQueue(m.NewIrqWork("poke", store))
				return err
			}, pick("poke irq_work_run_list irq_work_run handle_IPI",
				"poke irq_work_single irq_work_run_list irq_work_run do_handle_IPI ipi_handler")},
			{"C-36", "watchpoint_handler", func() error { return m.SmpCallFunctionSingle(0, store) },
				"generic_exec_single"},
			{"C-37", "watchpoint_handler", func() error {
				_, err := m.CpuhpSetupState("state", func(int) error { return store() }, nil)
				return err
			}, "state cpuhp_invoke_callback cpuhp_thread_fun smpboot_thread_fn kthread ret_from_fork"},
			{"C-35", "__perf_event_disable", func() error { return m.PerfEventDisableInatomic(ev) },
				"event_function_local perf_event_disable_local " +
					pick("perf_pending_event", "perf_pending_irq") + " irq_work_run_list irq_work_run"},
			{"C-33", "do_exit", dies, "do_group_exit get_signal " + signalPath(m.Kernel())},
			{"C-32", "complete_signal", func() error { return nil },
				pick("__send_signal send_signal", "__send_signal_locked send_signal_locked") +
					" do_send_sig_info send_sig_info send_sig"},
		} {
			must(t, c.do())
			chain, err := m.Callchain(c.fn, sim.ChainOptions{View: trace.Full})
			must(t, err)
			want := strings.Fields(c.want)
			i := slices.Index(chain, want[0])
			if i < 0 || len(chain) < i+len(want) || !slices.Equal(chain[i:i+len(want)], want) {
				t.Errorf("%s: %s\nis not part of %s", c.rule, c.want, strings.Join(chain, " "))
			}
		}
	})
}

// signalPath returns the functions on the way back to user mode that take signals (C-33).
func signalPath(kernel string) string {
	if since(kernel, "7.3.4") {
		return "arch_do_signal_or_restart exit_to_user_mode_loop"
	}
	return "do_signal do_notify_resume"
}
