// Stacks through the breakpoint code: they name a CPU and a thread, and no event.

package rebuild

import (
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// addChain notes a stack.
func (t *Tracker) addChain(r *ftrace.Record, text string) {
	task := board.Task{PID: r.PID, Comm: r.Comm}
	t.change(Change{Op: OpChain, CPU: r.CPU, Text: text, Task: task})
	for i := range t.chains {
		if c := &t.chains[i]; c.CPU == r.CPU && c.Task == task && c.What == text {
			c.N++
			return
		}
	}
	if len(t.chains) < maxChains {
		t.chains = append(t.chains, Chains{CPU: r.CPU, Task: task, What: text, N: 1})
	}
}

// maxChains bounds the kinds of stacks that are told apart.
const maxChains = 1000

// Chains are stacks of one thread on one CPU that did the same.
type Chains struct {
	CPU  int
	Task board.Task
	What string // "install", "uninstall", "hw_breakpoint_reset", "toggle_bp_registers" or ""
	N    int
}

// Chains returns the stacks through the breakpoint code. They name no event.
func (t *Tracker) Chains() []Chains { return t.chains }
