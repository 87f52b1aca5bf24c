// The description as a whole, and the index that help, completion and the generated files read.

package bindings

import (
	"sync"

	"github.com/hwlua/hwlua/vm/describe"
)

// hardware describes module hw.
var hardware = describe.Module{
	Name: "hw",
	Doc: "A faithful model of hardware breakpoints and watchpoints of Linux on arm64. The kernel's API keeps the " +
		"kernel's names; what the kernel refuses returns nil, a message and the errno's name, what cannot be asked raises.",
	Funcs:     hwFuncs,
	Fields:    hwFields,
	Modules:   []describe.Module{ctrlModule},
	Classes:   []describe.Class{machineClass, cpusClass, cpuClass, bankClass, slotsClass, taskClass, eventClass, wideClass, hitClass, refusalClass, workClass},
	Records:   records,
	Registers: registers,
	Errnos:    errnos(),
	Topics:    topics,
}

// Modules are all modules described, hw first.
func Modules() []*describe.Module {
	return []*describe.Module{&hardware, &Bit, &Assert, &Check, &Words}
}

// Index is the index of all modules.
var Index = sync.OnceValue(func() *describe.Index { return describe.NewIndex(Modules()...) })
