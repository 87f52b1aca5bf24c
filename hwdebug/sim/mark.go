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

// enter0 to enter4 record the entry of a modelled function on the CPU that runs now. The caller
// passes the mark to leave, end or, by defer, to one of the exits. There is one for each number of
// arguments because a slice of them would double the cost of an entry on a machine without a trace.
func (m *Machine) enter0(fn traceFn) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fn, 0, 0, 0, 0, 0)
}

func (m *Machine) enter1(fn traceFn, a uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fn, 1, a, 0, 0, 0)
}

func (m *Machine) enter2(fn traceFn, a, b uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fn, 2, a, b, 0, 0)
}

func (m *Machine) enter3(fn traceFn, a, b, c uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fn, 3, a, b, c, 0)
}

func (m *Machine) enter4(fn traceFn, a, b, c, d uint64) mark {
	if !m.traced {
		return mark{}
	}
	return m.record(fn, 4, a, b, c, d)
}

// record records an entry with n arguments. The compiler inlines what it calls of trace.
func (m *Machine) record(key traceFn, n int, a, b, c, d uint64) mark {
	if m.prof.build != nil {
		key = m.prof.key(key)
	}
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
	if m.attends && m.onEntry[fn] != 0 {
		m.attend(fn, k.seq)
	}
	return k
}

// leave ends a function without a result.
func (m *Machine) leave(k mark) { m.leaveWith(k, 0) }

// leaveWith ends a function whose result is ret.
func (m *Machine) leaveWith(k mark, ret int64) {
	if k.rec != nil {
		m.cpu.node = k.node
		k.rec.Return(k.seq, ret)
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
func (m *Machine) exit(k mark, err *error) { _ = m.end(k, *err) }

// exitBool ends a function whose result is *ret.
func (m *Machine) exitBool(k mark, ret *bool) { m.leaveWith(k, int64(bit(*ret))) }

func (m *Machine) returnErr(k mark, err error) {
	ret := int64(0)
	if err != nil {
		ret = -errnoNumber(err)
	}
	m.leaveWith(k, ret)
}

// errnoNumber returns the kernel's number for err. Its body is not part of returnErr, where the
// target of errors.As would be allocated for a nil error too.
func errnoNumber(err error) int64 { return int64(hwdebug.ErrnoNumber(hwdebug.Errno(err))) }
