// Waits: what a thread waits for and who holds it, and the report of a machine that rests while one waits.

package sim

import "strings"

// A Position is a place in the source of the machine's caller.
type Position struct {
	File string
	Line int
	Call string // the call into the machine that is under way there, "" if unknown
}

// String returns "file:line", or "" if the position is unknown.
func (p Position) String() string {
	if p.File == "" {
		return ""
	}
	return sprintf("%s:%d", p.File, p.Line)
}

// A Wait describes a thread that waits.
type Wait struct {
	Task   *Task    // the thread that waits
	Work   string   // the work function that it runs, "" for none
	Fn     string   // the function that it waits in
	For    string   // what it waits for: "work b_func", "mutex dev->lock"
	To     string   // what that has to do, "" if its name says it
	Holder *Task    // the thread that holds it or runs it, nil if nobody does
	HeldAs string   // "held by" or "run by"
	Where  Position // of the call

	holder func() *Task
	mutex  bool // it waits for the mutex of a perf context
}

// waitsFor returns what the thread waits for in words.
func (w *Wait) waitsFor() string {
	if w.To == "" {
		return w.For
	}
	return w.For + " to " + w.To
}

// String returns the wait on one line.
func (w *Wait) String() string {
	s := threadName(w.Task) + " waits for " + w.waitsFor()
	switch {
	case w.Holder != nil:
		s += ", " + w.HeldAs + " " + threadName(w.Holder) + ","
	case w.HeldAs != "":
		s += ", which nobody holds,"
	}
	if w.Fn != "" {
		s += " in " + w.Fn
	}
	if at := w.Where.String(); at != "" {
		s += " at " + at
	}
	return strings.TrimSuffix(s, ",")
}

// threadName returns a thread's name, with the work function that it runs or its pid.
func threadName(t *Task) string {
	if th := t.thread; th != nil && th.worker != nil && th.worker.current != nil {
		return sprintf("%s (%s)", t.comm, th.worker.current.name)
	}
	return sprintf("%s (pid %d)", t.comm, t.pid)
}

// A DeadlockError reports that the machine has come to rest while threads wait.
type DeadlockError struct {
	Waits []Wait
}

func (e *DeadlockError) Error() string {
	texts := make([]string, len(e.Waits))
	for i := range e.Waits {
		texts[i] = e.Waits[i].String()
	}
	return "deadlock: nothing is left to run, but " + strings.Join(texts, "; ")
}

// SetWhere sets the function that returns where the caller's code is that called the machine last. The
// machine calls it when a thread begins to wait.
func (m *Machine) SetWhere(fn func() Position) { m.where = fn }

// Where returns where the caller's code is that called the machine last.
func (m *Machine) Where() Position {
	if m.where == nil {
		return Position{}
	}
	return m.where()
}

// Ended returns the error that the chooser or a property has ended the run with, or nil.
func (m *Machine) Ended() error { return m.stopErr }

// deadlock returns the error for a machine where nothing is left to run although the caller waits by w.
func (m *Machine) deadlock(w Wait) error {
	waits := []Wait{w.known()}
	return &DeadlockError{append(waits, m.waiting()...)}
}

// atRest returns an error if a thread waits although nothing is left to run.
func (m *Machine) atRest() error {
	if waits := m.waiting(); len(waits) > 0 {
		return &DeadlockError{waits}
	}
	return nil
}

// waiting returns the waits of all threads, in order of their creation.
func (m *Machine) waiting() []Wait {
	var waits []Wait
	for _, th := range m.threads {
		switch {
		case th.state == threadWaiting:
			w := th.wait
			w.Task = th.task
			waits = append(waits, w.known())
		case th.state == threadReady && th.target != nil && !th.answered():
			w := Wait{Task: th.task, Fn: "smp_call_function_single", HeldAs: "held by",
				For: sprintf("cpu%d to answer a cross call", th.target.id)}
			if h := th.target.masker; h != nil {
				w.Holder = h.task
			}
			waits = append(waits, w)
		}
	}
	return waits
}

// known returns w with its holder and its thread's work.
func (w Wait) known() Wait {
	if w.holder != nil {
		w.Holder = w.holder()
	}
	if th := w.Task.thread; th != nil && th.worker != nil && th.worker.current != nil {
		w.Work = th.worker.current.name
	}
	return w
}

func (t *Task) named() string { return sprintf("task %s", t.comm) }
func (t *Task) self() *Task   { return t }
