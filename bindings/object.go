// Objects: machines, CPUs, tasks, events and work as Lua values, one for each.

package bindings

import (
	"fmt"
	"slices"
	"strings"
	"weak"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// The classes, in the order of the description.
const (
	clsMachine = iota
	clsCPUs
	clsCPU
	clsBank
	clsOnReg
	clsTask
	clsEvent
	clsWide
	clsHit
	clsRefusal
	clsWork
	clsMutex
	clsCompletion
	clsTimer
	clsIrqWork
	clsBoard
	clsBoardCPUs
	clsBoardCPU
	clsBoardBank
	clsBoardSlots
	numClasses
)

// An object is what the userdata of an object of a machine holds.
type object[T any] struct {
	mach  *machine
	val   T
	ud    *lua.LUserData
	class *classPlan
}

// tagged is implemented by objects of every class.
type tagged interface {
	className() string
	halt() string
}

func (o *object[T]) className() string { return o.class.name }

// halt returns the kernel function in which the machine is stopped, or "".
func (o *object[T]) halt() string { return o.mach.halted }

// A machine is one machine of a runtime and the userdata of its objects.
type machine struct {
	rt   *runtime
	m    *sim.Machine
	ud   *lua.LUserData
	cpus *lua.LUserData
	cpu  []cpuValues
	L    *lua.LState // the Lua thread that called the machine last

	called *function // what it called
	halted string    // the kernel function in which it is stopped, or ""

	activity *Activity // of a machine that the script made

	tasks  map[*sim.Task]*lua.LUserData
	events map[*sim.Event]*lua.LUserData
	wides  map[*sim.Wide]*lua.LUserData
	works  map[*sim.Work]*lua.LUserData

	mutexes     map[*sim.Mutex]*lua.LUserData
	completions map[*sim.Completion]*lua.LUserData
	timers      map[*sim.Timer]*lua.LUserData
	irqWorks    map[*sim.IrqWork]*lua.LUserData

	why  *lua.LUserData
	held *lua.LTable // the machine's userdata and the script's functions; every object refers to it

	charged int64 // bytes of the machine that the script was charged for
	calls   int
	polls   int // rounds of the machine's loops that were not counted as steps yet
}

type cpuValues struct {
	ud    *lua.LUserData
	banks [4]*lua.LUserData
	onReg [2]*lua.LUserData
}

// sizeObject is the size of an object without the state of the machine: its userdata and its entry
// in a map.
const sizeObject = 192

// adopt adds m to the machines of the runtime: its objects become userdata, its stacks include Lua
// functions, and it stops when the script has to.
func (rt *runtime) adopt(m *sim.Machine) *machine {
	mach := rt.register(m)
	rt.options.Breaks.watch(mach)
	if mach.activity = rt.options.Activity; mach.activity != nil {
		mach.activity.changes++
	}
	if rt.options.Made != nil {
		rt.options.Made(m)
	}
	return mach
}

// register does so for a machine that Options.Made is not told of.
func (rt *runtime) register(m *sim.Machine) *machine {
	mach := &machine{
		rt: rt, m: m, L: rt.L,
		cpu:    make([]cpuValues, m.NrCPUs()),
		tasks:  map[*sim.Task]*lua.LUserData{},
		events: map[*sim.Event]*lua.LUserData{},
		wides:  map[*sim.Wide]*lua.LUserData{},
		works:  map[*sim.Work]*lua.LUserData{},

		mutexes:     map[*sim.Mutex]*lua.LUserData{},
		completions: map[*sim.Completion]*lua.LUserData{},
		timers:      map[*sim.Timer]*lua.LUserData{},
		irqWorks:    map[*sim.IrqWork]*lua.LUserData{},
	}
	mach.held = rt.L.CreateTable(1, 0)
	mach.charged = m.Footprint()
	mach.ud = newObject(mach, clsMachine, m)
	mach.held.Append(mach.ud)
	m.SetFrames(func(dst []string) []string { return rt.s.Frames(mach.L, dst) })
	m.SetWhere(func() sim.Position {
		file, line := rt.s.Where(mach.L)
		at := sim.Position{File: file, Line: line}
		if f := mach.called; f != nil {
			at.Call = f.short + ":" + f.desc.Name
		}
		return at
	})
	m.SetStack(func() any { return rt.s.Current() }, func(L any) {
		mach.L = L.(*lua.LState)
		rt.s.SetCurrent(mach.L)
	})
	m.SetInterrupt(func() error {
		mach.polls++
		return rt.s.Interrupted()
	})
	if len(rt.machines) >= rt.tidyAt {
		collected := func(p weak.Pointer[machine]) bool { return p.Value() == nil }
		rt.machines = slices.DeleteFunc(rt.machines, collected)
		rt.tidyAt = 2*len(rt.machines) + 16
	}
	rt.machines = append(rt.machines, weak.Make(mach))
	return mach
}

// newObject returns a new userdata for an object.
func newObject[T any](m *machine, class int, val T) *lua.LUserData {
	rt := m.rt
	rt.s.Charge(sizeObject)
	o := &object[T]{mach: m, val: val, class: &rt.plan.classes[class]}
	o.ud = &lua.LUserData{Value: o, Metatable: rt.meta(class), Env: m.held}
	return o.ud
}

// String returns the object's text, as tostring does in a script.
func (o *object[T]) String() string { return objectText(o.ud) }

func (o *object[T]) model() (any, *sim.Machine) { return o.val, o.mach.m }

func (o *object[T]) runtime() *runtime { return o.mach.rt }

// modelled is implemented by objects of every class, and by none of another package.
type modelled interface {
	model() (any, *sim.Machine)
}

// Machine returns the machine of a value that a script gave to Go, which is the machine itself or one of its
// objects: a CPU, a task, an event, a work item and so on. ok is false for any other value.
func Machine(v any) (m *sim.Machine, ok bool) {
	if o, is := v.(modelled); is {
		_, m = o.model()
	}
	return m, m != nil // a board has none
}

// Object returns what a value that a script gave to Go stands for in the model: a *sim.Machine, *sim.CPU,
// *sim.Task, *sim.Event, *sim.Wide, *sim.Hit, *sim.Work, *sim.Timer, *sim.IrqWork, *sim.Mutex,
// *sim.Completion or *hwdebug.Error. ok is false for any other value, and for views of a CPU's registers
// and slots.
func Object(v any) (obj any, ok bool) {
	o, ok := v.(modelled)
	if !ok {
		return nil, false
	}
	obj, m := o.model()
	switch obj.(type) {
	case bank, onReg, cpuList:
		return nil, false
	}
	if m == nil {
		return nil, false
	}
	return obj, true
}

// Native returns the userdata of the object and its runtime, for values that Go passes back to a script.
func (o *object[T]) Native() (lua.LValue, *vm.Runtime) { return o.ud, o.mach.rt.s.Runtime() }

// meta returns the metatable of a class, which it makes with the first object of the class.
func (rt *runtime) meta(id int) *lua.LTable {
	if c := &rt.classes[id]; c.meta != nil {
		return c.meta
	}
	p := &rt.plan.classes[id]
	meta := rt.L.CreateTable(0, 6)
	meta.RawSetString("__index", rt.L.NewFunction(func(L *lua.LState) int { return p.index(rt, L) }))
	meta.RawSetString("__newindex", rt.L.NewFunction(func(L *lua.LState) int { return p.assign(rt, L) }))
	meta.RawSetString("__tostring", rt.L.NewFunction(func(L *lua.LState) int {
		text := ""
		if ud, ok := L.Get(1).(*lua.LUserData); ok {
			text = objectText(ud)
		}
		rt.s.Charge(int64(len(text)))
		L.Push(lua.LString(text))
		return 1
	}))
	if p.element.len != nil {
		meta.RawSetString("__len", rt.L.NewFunction(func(L *lua.LState) int {
			ud, _ := L.Get(1).(*lua.LUserData)
			L.Push(rt.int(p.element.len(ud.Value)))
			return 1
		}))
	}
	meta.RawSetString("__name", lua.LString(p.name))
	if x := p.desc.Index; x != nil && x.Each != "" {
		meta.RawSetString("__each", lua.LString(x.Each))
	}
	meta.RawSetString("__metatable", lua.LString(p.name))
	rt.classes[id] = classState{meta: meta, methods: make([]*lua.LFunction, len(p.functions))}
	return meta
}

// find returns the userdata of val, which it makes when a script first gets val.
func find[K comparable](m *machine, values map[K]*lua.LUserData, class int, val K) lua.LValue {
	if val == *new(K) {
		return lua.LNil
	}
	ud, ok := values[val]
	if !ok {
		ud = newObject(m, class, val)
		values[val] = ud
	}
	return ud
}

func (m *machine) task(t *sim.Task) lua.LValue    { return showTask(m.rt, m, t) }
func (m *machine) event(ev *sim.Event) lua.LValue { return showEvent(m.rt, m, ev) }

// lazily returns the userdata of val at a place of its own, which it makes when a script first gets val.
func lazily[T any](m *machine, place **lua.LUserData, class int, val T) lua.LValue {
	if *place == nil {
		*place = newObject(m, class, val)
	}
	return *place
}

func showCPUs(_ *runtime, m *machine, v cpuList) lua.LValue { return lazily(m, &m.cpus, clsCPUs, v) }
func showCPU(_ *runtime, m *machine, v *sim.CPU) lua.LValue {
	return lazily(m, &m.cpu[v.ID()].ud, clsCPU, v)
}

func showBank(_ *runtime, m *machine, v bank) lua.LValue {
	return lazily(m, &m.cpu[v.cpu.ID()].banks[v.base/arm64.MaxRegs], clsBank, v)
}

func showOnReg(_ *runtime, m *machine, v onReg) lua.LValue {
	return lazily(m, &m.cpu[v.cpu.ID()].onReg[v.kind()], clsOnReg, v)
}

// showRefusal returns the same userdata until the machine refuses something else.
func showRefusal(_ *runtime, m *machine, v *hwdebug.Error) lua.LValue {
	if v == nil {
		return lua.LNil
	}
	if m.why == nil || m.why.Value.(*object[*hwdebug.Error]).val != v {
		m.why = newObject(m, clsRefusal, v)
	}
	return m.why
}

// settle counts what a call used: steps for the rounds of the machine's loops and, every 16 calls, memory.
func (m *machine) settle() {
	if n := m.polls; n > 0 {
		m.polls = 0
		m.rt.s.Steps(n)
	}
	if m.calls++; m.calls%16 == 0 {
		m.weigh()
	}
}

// weigh charges for the growth of the machine since the last time.
func (m *machine) weigh() {
	if size := m.m.Footprint(); size > m.charged {
		grown := size - m.charged
		m.charged = size
		m.rt.s.Charge(grown)
	}
}

// Size returns the bytes that an object holds outside of Lua. Those of all objects of a machine
// count as its own.
func (o *object[T]) Size() int64 {
	if m, ok := any(o.val).(*sim.Machine); ok {
		return m.Footprint()
	}
	return 0
}

// objectText returns the text that tostring gives for an object.
func objectText(ud *lua.LUserData) string {
	switch o := ud.Value.(type) {
	case *object[*sim.Machine]:
		return fmt.Sprintf("machine %s (%d cpus, %s)", o.val.Config().Name, o.val.NrCPUs(), o.val.Kernel())
	case *object[cpuList]:
		return fmt.Sprintf("cpus 0 to %d", o.val.Len()-1)
	case *object[*sim.CPU]:
		return fmt.Sprintf("cpu%d", o.val.ID())
	case *object[bank]:
		return fmt.Sprintf("%s of cpu%d (%d registers)", o.val.name(), o.val.cpu.ID(), o.val.Len())
	case *object[onReg]:
		kind := slotWords.text(o.val.watch)
		return fmt.Sprintf("%s_on_reg of cpu%d (%d slots)", kind, o.val.cpu.ID(), o.val.Len())
	case *object[*sim.Task]:
		return fmt.Sprintf("task %s (pid %d)", o.val.Comm(), o.val.PID())
	case *object[*sim.Event]:
		return "event " + eventText(o.val)
	case *object[*sim.Wide]:
		return fmt.Sprintf("wide %d", o.val.ID())
	case *object[*sim.Hit]:
		h := o.val
		return fmt.Sprintf("hit: %s of %d at 0x%016x on cpu%d", h.Kind, h.Size, h.Addr, h.CPU)
	case *object[*hwdebug.Error]:
		return o.val.Explain()
	case *object[*sim.IrqWork]:
		return "irq_work " + o.val.Name()
	case *object[*sim.Timer]:
		return "timer " + o.val.Name()
	case *object[*sim.Work]:
		return "work " + o.val.Name()
	case *object[*sim.Mutex]:
		return "mutex " + o.val.Name()
	case *object[*boardView]:
		return fmt.Sprintf("board (%d cpus, %s)", len(o.val.b.CPUs), o.val.b.Source)
	case *object[boardCPUs]:
		return fmt.Sprintf("cpus 0 to %d of a board", o.val.Len()-1)
	case *object[boardCPU]:
		return fmt.Sprintf("cpu%d of a board", o.val.n)
	case *object[boardBank]:
		return fmt.Sprintf("%s of a board (%d registers)", o.val.name, o.val.Len())
	case *object[boardSlots]:
		return fmt.Sprintf("slots of a board (%d)", o.val.Len())
	case *object[*sim.Completion]:
		return "completion " + o.val.Name()
	}
	return "userdata"
}

// eventText returns an event's label, attributes, place and state.
func eventText(ev *sim.Event) string {
	var b strings.Builder
	a := ev.Attr()
	fmt.Fprintf(&b, "%s (%s at 0x%016x len %d", ev.Label(), a.Type, a.Addr, a.Len)
	if t := ev.Task(); t != nil {
		fmt.Fprintf(&b, ", task %s pid %d", t.Comm(), t.PID())
	}
	if ev.CPU() >= 0 {
		fmt.Fprintf(&b, ", cpu%d", ev.CPU())
	}
	state := ev.State().String()
	if ev.Closed() {
		state = "closed"
	}
	fmt.Fprintf(&b, ", %s)", state)
	return b.String()
}

// typeName returns the type of a value as hw.type has it.
func typeName(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if o, ok := ud.Value.(tagged); ok {
			return o.className()
		}
		if isU64(v) {
			return "u64"
		}
	}
	return v.Type().String()
}

// gone returns the error about using a closed event or registration, nil for anything else.
func gone(v any) error {
	switch v := v.(type) {
	case *sim.Event:
		if v.Closed() {
			return fmt.Errorf("event %s is closed", v.Label())
		}
	case *sim.Wide:
		if v.Closed() {
			return fmt.Errorf("wide event %d is closed", v.ID())
		}
	}
	return nil
}
