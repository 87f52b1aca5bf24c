// Objects: machines, CPUs, tasks, events and work as Lua values, one for each.

package bindings

import (
	"fmt"
	"slices"
	"strings"
	"weak"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
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
	numClasses
)

// An object is what a userdata of ours holds.
type object[T any] struct {
	mach *machine
	val  T
	ud   *lua.LUserData
}

// tagged is any object, whatever it holds.
type tagged interface {
	class() int
}

func (o *object[T]) class() int { return classOf[T]() }

// classOf is the class of objects that hold a T.
func classOf[T any]() int {
	var zero *T
	switch any(zero).(type) {
	case **sim.Machine:
		return clsMachine
	case *CPUs:
		return clsCPUs
	case **sim.CPU:
		return clsCPU
	case *Bank:
		return clsBank
	case *OnReg:
		return clsOnReg
	case **sim.Task:
		return clsTask
	case **sim.Event:
		return clsEvent
	case **sim.Wide:
		return clsWide
	case **sim.Hit:
		return clsHit
	case **hwdebug.Error:
		return clsRefusal
	case **sim.Work:
		return clsWork
	}
	panic("bindings: no class for a Go type")
}

// A machine is one machine of a runtime and the values that stand for its objects.
type machine struct {
	rt   *runtime
	m    *sim.Machine
	ud   *lua.LUserData
	cpus *lua.LUserData
	cpu  []cpuValues
	L    *lua.LState // the Lua thread that called the machine last

	tasks  map[*sim.Task]*lua.LUserData
	events map[*sim.Event]*lua.LUserData
	wides  map[*sim.Wide]*lua.LUserData
	works  map[*sim.Work]*lua.LUserData
	why    *lua.LUserData
	held   *lua.LTable // the machine's value and what scripts handed over: every object of the machine leads there

	charged int64 // bytes that memory was charged for
	calls   int
	polls   int // rounds of the machine's loops that steps were not counted for yet
}

type cpuValues struct {
	ud    *lua.LUserData
	banks [4]*lua.LUserData
	onReg [2]*lua.LUserData
}

// sizeObject is what an object costs beside what the machine holds of it: its userdata, and the place where it is
// found again.
const sizeObject = 192

// adopt makes m a machine of the runtime.
func (rt *runtime) adopt(m *sim.Machine) *machine {
	mach := &machine{
		rt: rt, m: m, L: rt.L,
		cpu:    make([]cpuValues, m.NrCPUs()),
		tasks:  map[*sim.Task]*lua.LUserData{},
		events: map[*sim.Event]*lua.LUserData{},
		wides:  map[*sim.Wide]*lua.LUserData{},
		works:  map[*sim.Work]*lua.LUserData{},
	}
	mach.held = rt.L.CreateTable(1, 0)
	mach.charged = m.Footprint()
	mach.ud = newObject(mach, m)
	mach.held.Append(mach.ud)
	m.SetFrames(func(dst []string) []string { return rt.s.Frames(mach.L, dst) })
	m.SetStack(func() any { return rt.s.Current() }, func(L any) {
		mach.L = L.(*lua.LState)
		rt.s.SetCurrent(mach.L)
	})
	m.SetInterrupt(func() error {
		mach.polls++
		return rt.s.Interrupted()
	})
	if len(rt.machines) >= rt.tidyAt {
		rt.machines = slices.DeleteFunc(rt.machines, func(p weak.Pointer[machine]) bool { return p.Value() == nil })
		rt.tidyAt = 2*len(rt.machines) + 16
	}
	rt.machines = append(rt.machines, weak.Make(mach))
	if rt.options.Made != nil {
		rt.options.Made(m)
	}
	return mach
}

// newObject makes the userdata of an object.
func newObject[T any](m *machine, val T) *lua.LUserData {
	rt := m.rt
	rt.s.Charge(sizeObject)
	o := &object[T]{mach: m, val: val}
	o.ud = &lua.LUserData{Value: o, Metatable: rt.meta(classOf[T]()), Env: m.held}
	return o.ud
}

// Native is the object as a script sees it.
func (o *object[T]) Native() (lua.LValue, *vm.Runtime) { return o.ud, o.mach.rt.s.Runtime() }

// meta is the metatable of a class.
func (rt *runtime) meta(id int) *lua.LTable {
	if c := &rt.classes[id]; c.meta != nil {
		return c.meta
	}
	p := &thePlan().classes[id]
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
	if p.length != nil {
		meta.RawSetString("__len", rt.L.NewFunction(func(L *lua.LState) int {
			ud, _ := L.Get(1).(*lua.LUserData)
			L.Push(rt.int(p.length(ud)))
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

func find[K comparable](m *machine, values map[K]*lua.LUserData, val K) lua.LValue {
	var none K
	if val == none {
		return lua.LNil
	}
	if ud, ok := values[val]; ok {
		return ud
	}
	ud := newObject(m, val)
	values[val] = ud
	return ud
}

func (m *machine) task(t *sim.Task) lua.LValue    { return find(m, m.tasks, t) }
func (m *machine) event(ev *sim.Event) lua.LValue { return find(m, m.events, ev) }
func (m *machine) wide(w *sim.Wide) lua.LValue    { return find(m, m.wides, w) }
func (m *machine) work(w *sim.Work) lua.LValue    { return find(m, m.works, w) }

func (m *machine) cpuValue(c *sim.CPU) lua.LValue {
	if c == nil {
		return lua.LNil
	}
	v := &m.cpu[c.ID()]
	if v.ud == nil {
		v.ud = newObject(m, c)
	}
	return v.ud
}

func (m *machine) bank(b Bank) lua.LValue {
	v := &m.cpu[b.CPU.ID()].banks[b.Base/16]
	if *v == nil {
		*v = newObject(m, b)
	}
	return *v
}

func (m *machine) onReg(s OnReg) lua.LValue {
	i := 0
	if s.Watch {
		i = 1
	}
	v := &m.cpu[s.CPU.ID()].onReg[i]
	if *v == nil {
		*v = newObject(m, s)
	}
	return *v
}

func (m *machine) cpusValue(c CPUs) lua.LValue {
	if m.cpus == nil {
		m.cpus = newObject(m, c)
	}
	return m.cpus
}

func (m *machine) refusal(r *hwdebug.Error) lua.LValue {
	if r == nil {
		return lua.LNil
	}
	if m.why == nil || m.why.Value.(*object[*hwdebug.Error]).val != r {
		m.why = newObject(m, r)
	}
	return m.why
}

// settle counts what a call has used: steps for the rounds of the machine's loops, memory for what it has grown by.
func (m *machine) settle() {
	if n := m.polls; n > 0 {
		m.polls = 0
		m.rt.s.Steps(n)
	}
	if m.calls++; m.calls%16 == 0 {
		m.weigh()
	}
}

// weigh charges for what the machine has grown by since it was weighed last.
func (m *machine) weigh() {
	if size := m.m.Footprint(); size > m.charged {
		grown := size - m.charged
		m.charged = size
		m.rt.s.Charge(grown)
	}
}

// Size is what an object holds outside of Lua: for a machine, all of it.
func (o *object[T]) Size() int64 {
	if m, ok := any(o.val).(*sim.Machine); ok {
		return m.Footprint()
	}
	return 0
}

// objectText returns the text that tostring gives for an object of the model.
func objectText(ud *lua.LUserData) string {
	switch o := ud.Value.(type) {
	case *object[*sim.Machine]:
		return fmt.Sprintf("machine %s (%d cpus, %s)", o.val.Config().Name, o.val.NrCPUs(), o.val.Kernel())
	case *object[CPUs]:
		return fmt.Sprintf("cpus 0 to %d", o.val.Machine.NrCPUs()-1)
	case *object[*sim.CPU]:
		return fmt.Sprintf("cpu%d", o.val.ID())
	case *object[Bank]:
		return fmt.Sprintf("%s of cpu%d (%d registers)", o.val.Name(), o.val.CPU.ID(), o.val.Len())
	case *object[OnReg]:
		return fmt.Sprintf("%s_on_reg of cpu%d (%d slots)", KindWords[b2i(o.val.Watch)], o.val.CPU.ID(), o.val.Len())
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
	case *object[*sim.Work]:
		return "work " + o.val.Name()
	}
	return "userdata"
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// eventText says what an event watches, where, and how it is.
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

// typeName is what hw.type says.
func typeName(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if o, ok := ud.Value.(tagged); ok {
			return className(o.class())
		}
		if isU64(v) {
			return "u64"
		}
	}
	return v.Type().String()
}

// unknown is the error for a name that is not known; format has one %s for it.
func unknown(format, name string, known []string) error {
	if len(name) > 64 {
		name = name[:64] + "..."
	}
	text := fmt.Sprintf(format, name)
	if near, ok := phrase.Nearest(name, known); ok {
		text += "; did you mean '" + near + "'?"
	}
	return fmt.Errorf("%s", text)
}

// gone is the error for an object that was closed, nil while it lives.
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

// attrTable is an event's attributes as a table.
func (m *machine) attrTable(a hwdebug.Attr) lua.LValue {
	rt := m.rt
	rt.s.Charge(1024)
	t := rt.L.CreateTable(0, 16)
	t.RawSetString("type", rt.bpType(a.Type))
	t.RawSetString("addr", rt.u64(a.Addr))
	t.RawSetString("len", rt.u64(a.Len))
	t.RawSetString("sample_period", rt.u64(a.SamplePeriod))
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"disabled", a.Disabled}, {"pinned", a.Pinned}, {"exclude_user", a.ExcludeUser}, {"exclude_kernel", a.ExcludeKernel}, {"exclude_hv", a.ExcludeHV},
		{"inherit", a.Inherit}, {"enable_on_exec", a.EnableOnExec}, {"sample_read", a.SampleRead}, {"branch_stack", a.BranchStack},
	} {
		t.RawSetString(f.name, lua.LBool(f.on))
	}
	if a.Name != "" {
		t.RawSetString("name", lua.LString(a.Name))
	}
	return t
}

func (rt *runtime) bpType(t hwdebug.BPType) lua.LValue {
	switch t {
	case hwdebug.R, hwdebug.W, hwdebug.RW, hwdebug.X:
		return lua.LString(t.String())
	}
	return rt.u64(uint64(t))
}
