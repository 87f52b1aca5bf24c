// Marks: how a modelled function records its entry and its exit.

package sim

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// A mark holds what the exit of a function needs from its entry. It is zero on a machine without a
// trace.
type mark struct {
	rec  *trace.Record
	seq  uint64
	node trace.NodeID
}

// fnKeys holds the key of each modelled function.
var fnKeys = func() (keys [len(fns)]trace.Key) {
	for i := range fns {
		keys[i] = trace.KeyOf(uint32(i), fns[i].Inlined)
	}
	return keys
}()

// enter records the entry of a modelled function on the CPU that runs now. Its caller passes the
// mark to leave, end or, by defer, to one of the exits.
func (m *Machine) enter(fn trace.FnID, args ...uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.recordSlice(fn, fns[fn].Inlined, args)
}

// enterAs does the same for a function that has a frame of its own in some places only.
func (m *Machine) enterAs(fn trace.FnID, hidden bool, args ...uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.recordSlice(fn, hidden, args)
}

func (m *Machine) recordSlice(fn trace.FnID, hidden bool, args []uint64) mark {
	var a [trace.MaxArgs]uint64
	n := copy(a[:], args)
	return m.record(trace.KeyOf(uint32(fn), hidden), n, a[0], a[1], a[2], a[3])
}

// enter0 to enter4 are enter for the functions that register, release and switch events: without a
// slice an entry costs half as much on a machine without a trace.
func (m *Machine) enter0(fn trace.FnID) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fnKeys[fn], 0, 0, 0, 0, 0)
}

func (m *Machine) enter1(fn trace.FnID, a uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fnKeys[fn], 1, a, 0, 0, 0)
}

func (m *Machine) enter2(fn trace.FnID, a, b uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fnKeys[fn], 2, a, b, 0, 0)
}

func (m *Machine) enter3(fn trace.FnID, a, b, c uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fnKeys[fn], 3, a, b, c, 0)
}

func (m *Machine) enter4(fn trace.FnID, a, b, c, d uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fnKeys[fn], 4, a, b, c, d)
}

// record records an entry with n arguments. The compiler inlines what it calls of trace.
func (m *Machine) record(key trace.Key, n int, a, b, c, d uint64) mark {
	cpu, rec := m.cpu, m.rec.Next()
	k := mark{rec, rec.Seq, cpu.node}
	cpu.node = m.rec.Child(cpu.node, key)
	fn := trace.FnID(key.Name())
	rec.T, rec.Node, rec.Fn, rec.CPU, rec.NArgs = m.now, cpu.node, fn, int16(cpu.id), uint8(n)
	rec.Args[0], rec.Args[1], rec.Args[2], rec.Args[3] = a, b, c, d
	t := cpu.curr
	if t.commID == 0 {
		t.commID = m.rec.Name(t.comm)
	}
	rec.PID, rec.Comm = int32(t.pid), t.commID
	if m.dumps && m.dumpIn[fn] {
		m.dumpStack()
	}
	return k
}

// leave ends a function without a result.
func (m *Machine) leave(k mark) {
	if k.rec != nil {
		m.cpu.node = k.node
		k.rec.Return(k.seq, 0)
	}
}

// end ends a function whose result is err, and returns err.
func (m *Machine) end(k mark, err error) error {
	if k.rec != nil {
		m.returnErr(k, err)
	}
	return err
}

// exit ends a function whose result is *err.
func (m *Machine) exit(k mark, err *error) {
	if k.rec != nil {
		m.returnErr(k, *err)
	}
}

func (m *Machine) returnErr(k mark, err error) {
	ret := int64(0)
	if err != nil {
		ret = -errnoNumber(err)
	}
	m.returnInt(k, ret)
}

// errnoNumber returns the kernel's number for err. Its body is not part of returnErr, where the
// target of errors.As would be allocated for a nil error too.
func errnoNumber(err error) int64 { return int64(hwdebug.ErrnoNumber(hwdebug.Errno(err))) }

func (m *Machine) returnInt(k mark, ret int64) {
	m.cpu.node = k.node
	k.rec.Return(k.seq, ret)
}

// exitInt ends a function whose result is *ret.
func (m *Machine) exitInt(k mark, ret *int) {
	if k.rec != nil {
		m.returnInt(k, int64(*ret))
	}
}

// exitHex ends a function whose result is the register value *ret.
func (m *Machine) exitHex(k mark, ret *uint64) {
	if k.rec != nil {
		m.returnInt(k, int64(*ret))
	}
}

// exitBool ends a function whose result is *ret.
func (m *Machine) exitBool(k mark, ret *bool) {
	if k.rec != nil {
		m.returnInt(k, int64(bit(*ret)))
	}
}
