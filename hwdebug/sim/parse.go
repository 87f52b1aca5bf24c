// The translation of attributes into register values, without an event.

package sim

import (
	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// ParseAttr returns the control word and the address that hw_breakpoint_arch_parse computes for a, which
// belongs to a 64-bit task if ofTask is set, and otherwise to a CPU. Its error is the kernel's refusal; it
// changes nothing, not even what Why returns.
func (m *Machine) ParseAttr(a hwdebug.Attr, ofTask bool) (ctrl arm64.Ctrl, address uint64, err error) {
	defer m.done(m.here())
	last := m.refusal
	ev := &Event{m: m, attr: a, cpu: -1, slot: -1}
	if ofTask {
		ev.task = m.script
	}
	ctrl, address, err = m.hwBreakpointArchParse("parse", ev, &a)
	m.refusal = last
	return ctrl, address, err
}
