// Register writes: the last one of a register, as the trace holds it.

package sim

import (
	"time"

	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A RegisterWrite is one write of a debug register.
type RegisterWrite struct {
	At    time.Duration // since boot
	Comm  string        // of the task that was current
	PID   int
	Value uint64
	Chain []string // from the writing function outwards, in the frames view
}

// LastWrite returns the last write of register n of a bank of the CPU (arm64.BVR, BCR, WVR, WCR). ok is false
// if the trace holds none: there was none, it is older than the records kept, or the machine has no trace.
func (c *CPU) LastWrite(bank, n int) (w RegisterWrite, ok bool) {
	return c.lastWrite(fnWriteWbReg, func(r *trace.Record) (uint64, bool) {
		return r.Args[2], r.Args[0] == uint64(bank) && r.Args[1] == uint64(n)
	})
}

// LastMDSCRWrite returns the same for MDSCR_EL1.
func (c *CPU) LastMDSCRWrite() (w RegisterWrite, ok bool) {
	return c.lastWrite(fnMdscrWrite, func(r *trace.Record) (uint64, bool) { return r.Args[0], true })
}

// lastWrite returns the last entry of fn on the CPU for which value reports the written value.
func (c *CPU) lastWrite(fn traceFn, value func(*trace.Record) (uint64, bool)) (w RegisterWrite, ok bool) {
	rec := c.m.rec
	for seq := rec.Seq(); seq > 0 && seq >= rec.Oldest(); seq-- {
		r, kept := rec.Record(seq)
		if !kept || int(r.CPU) != c.id || r.Fn != trace.FnID(fn.Name()) {
			continue
		}
		if v, ok := value(&r); ok {
			return RegisterWrite{
				At: r.T, Comm: rec.NameOf(r.Comm), PID: int(r.PID), Value: v,
				Chain: rec.Chain(r.Node, trace.Frames),
			}, true
		}
	}
	return w, false
}
