// The description as a whole, and the index that help, completion and the generated files read.

// Package api is the description of everything that scripts see of the machine: the functions, classes, options,
// assertions and constants of module hw, each beside the plain Go function that does it. It also describes the
// words that the runtime and the scenario runner bring themselves (bit, assert, describe, exact integers), so
// that there is one place where help and reference come from; those have no Go function here.
//
//	for _, e := range api.Index().Lookup("m:perf_event_open") {
//		fmt.Println(api.Index().Help(e, 80))
//	}
//
// It makes machines of package sim and knows nothing of Lua: functions that scripts hand over arrive as Go
// functions, tables as a Fill that writes into a Go struct. Left out: what a value looks like in Lua, which is
// the business of package bindings.
package api

import (
	"sync"

	"github.com/hwlua/hwlua/vm/describe"
)

// Hardware describes module hw.
var Hardware = describe.Module{
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
	return []*describe.Module{&Hardware, &Bit, &Assert, &Check, &Words}
}

// Index is the index of all modules.
var Index = sync.OnceValue(func() *describe.Index { return describe.NewIndex(Modules()...) })
