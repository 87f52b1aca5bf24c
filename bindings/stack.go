// Stacks that were pasted from a real kernel: its log, tracefs, perf.

package bindings

import (
	"regexp"
	"strings"
)

// stackFrame matches one line of a stack. The name stands alone, behind "=>" or behind an address, and may
// have an offset.
//
//	[   12.302705]  write_wb_reg+0x3c/0x284
//	 => hw_breakpoint_control
//		ffff800008031410 hw_breakpoint_control+0x0 ([kernel.kallsyms])
var stackFrame = regexp.MustCompile(
	`^\s*(?:<\d+>)?(?:\[[^\]]*\]\s*)*(?:=>\s*)?(?:\[?<?(?:0x)?[0-9a-f]{8,16}>?\]?\s+)?` +
		`([A-Za-z_][A-Za-z0-9_.$]*)(?:\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?)?(?:\s+[(\[<].*)?\s*$`)

// cloneSuffix matches what compilers append to the names of copies of a function.
var cloneSuffix = regexp.MustCompile(`(?:\.(?:constprop|isra|part|cold|llvm)(?:\.\d+)*)+$`)

// tracing are the functions by which a stack was printed: they stand above what is asked for.
var tracing = map[string]bool{
	"dump_backtrace": true, "show_stack": true, "dump_stack": true, "dump_stack_lvl": true,
	"dump_backtrace.part.0": true, "__dump_stack": true, "kprobe_trace_func": true, "kprobe_dispatcher": true,
	"aggr_pre_handler": true, "kprobe_breakpoint_handler": true, "call_break_hook": true, "brk_handler": true,
	"do_debug_exception": true, "el1_dbg": true, "el1h_64_sync_handler": true, "el1h_64_sync": true,
	"kretprobe_trace_func": true, "kretprobe_dispatcher": true, "__kretprobe_trampoline_handler": true,
	"trampoline_probe_handler": true, "arch_rethook_trampoline": true, "kretprobe_trampoline": true,
}

// interrupts are the entries of interrupts. The functions below one were interrupted: a comparison ends
// here.
var interrupts = map[string]bool{
	"el1h_64_irq": true, "el0t_64_irq": true, "el1_irq": true, "el0_irq": true, "el0t_32_irq": true,
}

// artefacts are functions that stand behind one that never returns, whose return address is theirs.
var artefacts = map[string]bool{"__wake_up_parent": true}

// pastedStack returns the functions of a stack, innermost first, up to the entry of an interrupt and without
// those that printed it.
func pastedStack(text string) (names []string) {
	for line := range strings.Lines(text) {
		m := stackFrame.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil || !strings.ContainsAny(line, "+_=") && len(names) == 0 {
			continue
		}
		name := cloneSuffix.ReplaceAllString(m[1], "")
		switch {
		case len(names) == 0 && tracing[name]:
		case len(names) > 0 && names[len(names)-1] == name: // a part of it that the compiler split off
		case artefacts[name]:
		case interrupts[name]:
			return append(names, name)
		default:
			names = append(names, name)
		}
	}
	return names
}
