// hwlua probes: the script that makes a board print what hwlua trace reads.

package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
	"github.com/hwlua/hwlua/hwdebug/board/kernel"
)

const probesText = `Prints a POSIX shell script for the board, which needs nothing installed there. Run as
root, it sets kprobes on the kernel's breakpoint code through tracefs, says on standard
error what it could not set and what that costs, prints the trace until it is ended, and
takes everything back. What it prints is read by hwlua trace:

  hwlua probes | ssh root@board sh | hwlua trace --follow -
  hwlua probes | adb shell su -c sh > trace.txt

Hits are not in the default set, and are refused on kernels below 5.10: there a probe on
perf_bp_event hangs the machine at the first watchpoint hit in kernel mode.
`

// probesOptions are the options of hwlua probes.
type probesOptions struct {
	btf    string
	script ftrace.ScriptOptions
}

func probesCommand() ([]option, runner) {
	o := &probesOptions{}
	return []option{
		value("btf", "FILE", setString(&o.btf),
			"the board's /sys/kernel/btf/vmlinux, or a kernel Image with it: names of tasks, and",
			"opens on kernels where perf_event_alloc cannot be probed (up to 5.10)"),
		value("with", "LIST", o.setWith,
			"stack: a stack below each record; hits: every hit with its pc; steps: when the step",
			"over a hit ends, by the function tracer (any of them, separated by commas)"),
		toggle("off", &o.script.Off, "print a script that takes back what an earlier run has left"),
	}, o.run
}

func (o *probesOptions) setWith(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(word) {
		case "stack":
			o.script.Stack = true
		case "hits":
			o.script.Hits = true
		case "steps":
			o.script.Steps = true
		default:
			return fmt.Errorf("invalid value '%s' (want stack, hits, steps)", word)
		}
	}
	return nil
}

// run prints the script.
func (o *probesOptions) run(_ context.Context, env Env, args []string) (int, error) {
	if o.btf != "" {
		offsets, err := readOffsets(o.btf)
		if err != nil {
			return 0, fmt.Errorf("--btf %s: %w", o.btf, err)
		}
		o.script.Offsets = offsets
	}
	if err := ftrace.WriteScript(env.Stdout, o.script); err != nil {
		return 0, err
	}
	return exitOK, nil
}

// readOffsets reads the offsets of structures from a file of BTF or a kernel Image.
func readOffsets(file string) (*ftrace.Offsets, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	blob, err := kernel.FindBTF(text)
	if err != nil {
		return nil, err
	}
	offsets, err := kernel.ReadOffsets(blob)
	if err != nil {
		return nil, err
	}
	o := ftrace.Offsets(offsets)
	return &o, nil
}
