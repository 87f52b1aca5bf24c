// Footprint: the memory that a machine takes, and its coroutines.

package sim

// Approximate sizes of the parts of a machine in bytes.
const (
	footMachine = 32 << 10
	footCPU     = 4 << 10
	footEvent   = 640
	footTask    = 1 << 10
	footThread  = 8 << 10 // a coroutine's stack
	footWork    = 384
	footLine    = 32 // a line of the log, without its text
	footRecord  = 96
)

// Footprint estimates the bytes that the machine holds, for an embedder who limits memory. It grows
// with events, tasks, work, the log, the trace and the modelled memory that has been written.
func (m *Machine) Footprint() int64 {
	pages := len(m.kernelMem.pages)
	for i, t := range m.tasks {
		if t.mem != nil && (i == 0 || m.tasks[i-1].mem != t.mem) {
			pages += len(t.mem.pages)
		}
	}
	n := footMachine + footCPU*len(m.cpus) + footEvent*max(len(m.events), len(m.live)) +
		footTask*len(m.tasks) + footThread*len(m.threads) + footWork*len(m.works) +
		footWork*(len(m.timers)+len(m.irqWorks)+len(m.hotplugStates)) +
		footLine*len(m.log) + m.logSize + (pageSize+64)*pages
	if m.cfg.TraceSize >= 0 {
		n += footRecord * int(m.rec.Seq()+1-m.rec.Oldest())
	}
	return int64(n)
}

// Threads returns the number of coroutines of the machine that have begun and not ended, those included that
// wait for another thread to run (see Reset). A machine without any needs no Close.
func (m *Machine) Threads() int {
	n := len(m.spare.coroutines)
	for _, th := range m.threads {
		if th.coroutine != nil && th.state != threadDone {
			n++
		}
	}
	return n
}
