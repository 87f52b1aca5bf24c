// Coroutines: the stacks on which threads run.

package sim

import "iter"

// A coroutine runs a thread. On a machine that has been reset it then waits for the next one, so that neither
// the coroutine nor its stack is made again.
type coroutine struct {
	thread *thread
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
}

// begin gives th, which runs for the first time, a coroutine.
func (m *Machine) begin(th *thread) {
	if co := pop(&m.spare.coroutines); co != nil {
		co.thread, th.coroutine = th, co
		return
	}
	co := &coroutine{thread: th}
	th.coroutine = co
	co.next, co.stop = iter.Pull(func(yield func(struct{}) bool) {
		co.yield = yield
		for co.thread.run(); m.spare.keeps; co.thread.run() {
			co.thread = nil
			m.spare.coroutines = append(m.spare.coroutines, co)
			if !yield(struct{}{}) {
				return
			}
		}
	})
}

// run runs the thread's function to its end. A threadEnd that reaches it ends the thread.
func (th *thread) run() {
	defer func() {
		th.ended = true
		if r := recover(); r != nil {
			if _, ok := r.(threadEnd); !ok {
				panic(r)
			}
		}
	}()
	switch {
	case th.worker != nil:
		th.err = th.worker.run()
	case th.fn != nil:
		th.err = th.fn()
	default:
		th.err = th.task.run()
	}
}
