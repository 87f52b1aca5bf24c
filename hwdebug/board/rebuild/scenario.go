// Steps: what the board did, in the words of the model's calls.

package rebuild

import (
	"syscall"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// A stepOp is what a step does.
type stepOp uint8

const (
	stepOpen stepOp = iota + 1
	stepClose
	stepModify
	stepRefused
	stepWide
	stepWideDone
	stepWideFailed
	stepUnwide
	stepMark
)

// A step is one thing that the board did.
type step struct {
	op     stepOp
	ev     int
	attr   hwdebug.Attr
	wide   int
	parent int
	errno  syscall.Errno
	modify bool
	text   string
	event  board.Event
}

// step keeps a step for a scenario.
func (t *Tracker) step(s step) {
	if t.opt.Steps {
		t.steps = append(t.steps, s)
	}
}

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
