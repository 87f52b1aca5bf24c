// The description as a whole, and the helpers that it is written with.

package bindings

import (
	"slices"
	"sync"

	"github.com/hwlua/hwlua/hwdebug/spec"
	"github.com/hwlua/hwlua/vm/describe"
)

// hardware describes module hw.
var hardware = describe.Module{
	Name: "hw",
	Doc: "A faithful model of the hardware breakpoints and watchpoints of Linux on arm64. Calls of " +
		"the kernel's API have the kernel's names. A call that the kernel refuses returns nil, a " +
		"message and the errno's name; a call with invalid arguments raises.",
	Funcs:   hwFuncs,
	Fields:  hwFields,
	Modules: []describe.Module{ctrlModule},
	Classes: []describe.Class{
		clsMachine: machineClass,
		clsCPUs:    cpusClass,
		clsCPU:     cpuClass,
		clsBank:    bankClass,
		clsOnReg:   onRegClass,
		clsTask:    taskClass,
		clsEvent:   eventClass,
		clsWide:    wideClass,
		clsHit:     hitClass,
		clsRefusal: refusalClass,
		clsWork:    workClass,

		clsMutex:      mutexClass,
		clsCompletion: completionClass,
		clsTimer:      timerClass,
		clsIrqWork:    irqWorkClass,

		clsBoard:      boardClass,
		clsBoardCPUs:  boardCPUsClass,
		clsBoardCPU:   boardCPUClass,
		clsBoardBank:  boardBankClass,
		clsBoardSlots: boardSlotsClass,
	},
	Records:   slices.Concat(records, exploreRecords, boardRecords),
	Registers: registers,
	Errnos:    errnos(),
	Topics:    topics,
	Text:      ruleText,
}

// ruleText returns the rule of the specification that has the number.
func ruleText(number string) (string, bool) {
	r, ok := spec.Find(number)
	return r.Text + "\n\nhwdebug/spec/" + r.File, ok
}

// Modules returns the description of every module: hw first, then what package vm and the scenario
// runner bring.
func Modules() []*describe.Module {
	return []*describe.Module{&hardware, &bitModule, &assertModule, &checkModule, &scenarioWords,
		&spyModule, &stubModule, &mockModule, &matchModule}
}

// Index returns the index of all modules, which help, completion and the reference read.
func Index() *describe.Index { return theIndex() }

var theIndex = sync.OnceValue(func() *describe.Index { return describe.NewIndex(Modules()...) })

var hexNames = sync.OnceValue(func() []string { return describe.HexNames(Modules()...) })

// Kernel files that functions name.
const (
	coreC   = "kernel/events/core.c"
	bpC     = "kernel/events/hw_breakpoint.c"
	archC   = "arch/arm64/kernel/hw_breakpoint.c"
	ptraceC = "arch/arm64/kernel/ptrace.c"
	wqC     = "kernel/workqueue.c"
)

// field describes a field of an object or a table.
func field(name string, t describe.Type, doc string, how access) describe.Field {
	return describe.Field{Name: name, Type: t, Doc: doc, Go: how}
}

// prop describes a field that read returns; the Go type of its value gives the described type.
func prop[T, V any](name, doc string, read func(T) V) describe.Field {
	return field(name, kindOf[V]().typ, doc, get(read))
}

// inHex describes a field whose numbers print in hexadecimal.
func inHex(f describe.Field) describe.Field {
	f.Type.Hex = true
	return f
}

// changing describes a field that a script cannot set, with a hint at how it changes.
func changing[T, V any](name, doc, change string, read func(T) V) describe.Field {
	f := prop(name, doc, read)
	f.Change = change
	return f
}

// maybe describes a field that can be nil.
func maybe(name string, t describe.Type, doc string, how access) describe.Field {
	return describe.Field{Name: name, Type: t, Doc: doc, Optional: true, Go: how}
}

// opt describes a field that a script may leave out. def is its default, in Lua or in words.
func opt(name string, t describe.Type, def, doc string, how access) describe.Field {
	return describe.Field{Name: name, Type: t, Optional: true, Default: def, Doc: doc, Go: how}
}

// option describes such a field by the place of its value, whose Go type gives the described type.
func option[T, V any](name, def, doc string, place func(*T) *V) describe.Field {
	return opt(name, kindOf[V]().typ, def, doc, at(place))
}

// flag describes an option that is false by default.
func flag[T any](name, doc string, place func(*T) *bool) describe.Field {
	return option(name, "false", doc, place)
}

// param describes a parameter or a result.
func param(name string, t describe.Type, doc string) describe.Param {
	return describe.Param{Name: name, Type: t, Doc: doc}
}

// optional describes a parameter that may be left out. def is its default, "" if it has none.
func optional(name string, t describe.Type, def, doc string) describe.Param {
	return describe.Param{Name: name, Type: t, Optional: true, Default: def, Doc: doc}
}

// oneIf describes a single parameter that may be left out, or a single result that may be nil.
func oneIf(name string, t describe.Type, def, doc string) []describe.Param {
	return []describe.Param{optional(name, t, def, doc)}
}

// one describes a single parameter or result.
func one(name string, t describe.Type, doc string) []describe.Param {
	return []describe.Param{param(name, t, doc)}
}

// errno describes a refusal.
func errno(name, doc string) describe.Errno { return describe.Errno{Name: name, Doc: doc} }

// callback returns the type of a function of the script with one parameter.
func callback(name, class string) describe.Type {
	return describe.Func1(one(name, describe.Object(class), ""), nil)
}
