// Focus: the object that a script used last, for what is shown of a failure.

package bindings

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A Focus follows which object of a machine a script looked at or called last: a CPU (through its registers
// too), a task, an event, a work item and so on. An assertion on registers that fails moves it to the CPU
// of the first register that differs. Hold keeps it where it is.
type Focus struct {
	held bool
	ud   *lua.LUserData
	cpu  *sim.CPU
}

// Hold keeps the focus where it is, as when a case has failed and its hooks still run.
func (f *Focus) Hold() { f.held = true }

// Object returns the object and its machine. obj is nil if a machine itself, or nothing, was used last.
func (f *Focus) Object() (obj any, m *sim.Machine) {
	if f.cpu != nil {
		return f.cpu, f.cpu.Machine()
	}
	if f.ud == nil {
		return nil, nil
	}
	switch o := f.ud.Value.(type) {
	case *object[bank]:
		return o.val.cpu, o.mach.m
	case *object[onReg]:
		return o.val.cpu, o.mach.m
	case *object[cpuList], *object[*sim.Machine]:
		return nil, nil
	case modelled:
		return o.model()
	}
	return nil, nil
}

// on moves the focus to the object of ud.
func (f *Focus) on(ud *lua.LUserData) {
	if f != nil && !f.held {
		f.ud, f.cpu = ud, nil
	}
}

// onCPU moves the focus to a CPU.
func (f *Focus) onCPU(c *sim.CPU) {
	if f != nil && !f.held {
		f.ud, f.cpu = nil, c
	}
}
