// Steps: what the board did, as far as a scenario needs it.

package rebuild

import (
	"slices"
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
	stepWideDone
	stepUnwide
	stepMark
	stepDown // a CPU goes down
	stepUp
	stepExchange // the contexts of two events of a family
)

// A step is one thing that the board did.
type step struct {
	op     stepOp
	event  board.Event  // the event concerned, as it was before
	attr   hwdebug.Attr // of a modify and of a refusal: what was asked for
	known  bool         // its attributes are
	modify bool         // of a refusal: of a modify
	errno  syscall.Errno
	wide   int
	cpu    int          // where it was done
	by     int          // the pid of whoever did it
	text   string       // of a mark
	other  int          // of an exchange: the other event
	board  *board.Board // at a mark: the fullest state up to the next mark
}

// step keeps a step for a scenario.
func (t *Tracker) step(s step) {
	if t.opt.Steps {
		t.steps = append(t.steps, s)
	}
}

// exchanged notes that contexts of clones were exchanged: an inherited event, or the one that it was
// inherited from, is installed for the task of the other.
func (t *Tracker) exchanged(ev *event, pid int) {
	if ev.alone() || !t.opt.Steps {
		return
	}
	if t.followed(ev) == pid {
		return
	}
	for _, other := range t.live {
		related := other.Parent == ev.ID || ev.Parent == other.ID
		related = related || ev.Parent > 0 && ev.Parent == other.Parent
		if related && other != ev && t.followed(other) == pid {
			ev.follows, other.follows = pid, t.followed(ev)
			t.step(step{op: stepExchange, event: *t.snapshot(ev), other: other.ID})
			return
		}
	}
}

// followed returns the pid of the task whose context ev is in.
func (t *Tracker) followed(ev *event) int {
	if ev.follows == 0 {
		return t.names.of(ev.Task.Ptr).PID
	}
	return ev.follows
}

// markStep begins or ends the stretch between two marks. A halt lies somewhere in it.
func (t *Tracker) markStep(text string) {
	t.marking = nil
	if _, ok := numberAfter(text, "hwlua-point "); ok && t.opt.Steps {
		t.marking = t.Board()
		t.step(step{op: stepMark, text: text, board: t.marking})
	}
}

// fuller takes the picture for the mark that is going on, if more slots are taken now: tasks are switched in
// and out event by event, and only the whole is a state that lasts.
func (t *Tracker) fuller(r *ftrace.Record) {
	if t.marking == nil || r.Name != ftrace.Control {
		return
	}
	if now := t.Board(); taken(now) > taken(t.marking) {
		*t.marking = *now
	}
}

// taken returns how many slots of a board hold an event.
func taken(b *board.Board) (n int) {
	for i := range b.CPUs {
		n += held(&b.CPUs[i])
	}
	return n
}

// held returns how many slots of a CPU hold an event.
func held(c *board.CPU) (n int) {
	for _, s := range slices.Concat(c.BP, c.WP) {
		if s.Event != 0 {
			n++
		}
	}
	return n
}
