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
	t.now = r.T
	t.change(Change{Op: OpChain, CPU: r.CPU, Text: text})
}
