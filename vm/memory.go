// Counting live memory: what is reachable from the runtime, when what was asked for reaches the limit.

package vm

import "fmt"

// recount sets the meter to what is live and raises when that and the n bytes asked for are too much.
func (rt *Runtime) recount(n int64) {
	m := &rt.meter
	if m.mem <= m.memStop && n >= 0 {
		return
	}
	m.fatal = &limitError{ErrMemory, fmt.Sprintf("memory limit of %d bytes reached", rt.cfg.Limits.Memory)}
	rt.raiseFatal()
}
