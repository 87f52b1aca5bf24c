// Hardware: the module hw as a runtime takes it, and what one runtime keeps of it.

// Package bindings turns the description of package api into the Lua module hw: objects with computed fields and
// methods, tables of options, refusals as results and misuse as errors that name the nearest known word, and the
// assertions on registers, errnos, call chains, logs and leaks.
//
//	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
//
// Every described function is bound once per process by a generic helper for its signature; a call converts its
// arguments, enters the machine, and converts the results, without reflection. Each object of a machine is one
// userdata for as long as the runtime lives, so that it is one table key wherever it is found.
//
// Left out: what scripts can do without hardware (exact integers, bit, the ordinary assertions), which is the
// business of package vm.
package bindings

import (
	"weak"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// Options say what a runtime finds there already.
type Options struct {
	// Machine is the configuration of the machine that the global m is; nil: there is none.
	Machine *sim.Config

	// Defaults is what hw.machine starts from: a script's options win.
	Defaults sim.Config

	// Made is told of every machine that the runtime has, when it is made.
	Made func(*sim.Machine)
}

// Hardware is the module hw, also a global, and the assertions of its domain.
func Hardware() vm.Module { return HardwareWith(Options{}) }

// HardwareWith is Hardware with a machine that is there already. The error of a configuration that is not
// possible is that of vm.New.
func HardwareWith(o Options) vm.Module {
	var missing map[string]string
	if o.Machine == nil {
		missing = map[string]string{"m": "a script makes its own: local m = hw.machine {}"}
	}
	return vm.Module{
		Name:    "hw",
		Global:  true,
		Missing: missing,
		Open: func(s *vm.State) (lua.LValue, error) {
			rt := open(s, o)
			if o.Machine != nil {
				m, err := sim.New(*o.Machine)
				if err != nil {
					return nil, err
				}
				rt.ready = rt.adopt(m)
				s.L().G.Global.RawSetString("m", rt.ready.ud)
			}
			return rt.module, nil
		},
		Asserts: assertions,
	}
}

// A runtime is what one Lua runtime keeps of the module.
type runtime struct {
	s        *vm.State
	options  Options
	L        *lua.LState
	module   *lua.LTable
	classes  [numClasses]classState
	machines []weak.Pointer[machine]
	tidyAt   int      // so many of them, and those that are gone are taken out
	ready    *machine // the global m that is there from the start
	cur      *machine // whose method reads its arguments now
	arg      argument // the one that is read
}

// A classState is what a class needs in one runtime; it is made when the first object of the class is.
type classState struct {
	meta    *lua.LTable
	methods []*lua.LFunction
}

// open makes the module in one runtime.
func open(s *vm.State, o Options) *runtime {
	rt := &runtime{s: s, options: o, L: s.L()}
	rt.module = rt.moduleTable(&thePlan().hw, "hw")
	s.SetRoots(rt.roots)
	s.OnClose(rt.close)
	s.OnReset(rt.reset)
	return rt
}

// moduleTable makes the table of the module of that name: its functions, its values and the modules in it.
func (rt *runtime) moduleTable(p *modulePlan, name string) *lua.LTable {
	t := rt.L.CreateTable(0, len(p.functions)+len(p.values)+len(p.modules))
	for _, f := range p.functions {
		t.RawSetString(f.desc.Name, rt.function(f))
	}
	for _, v := range p.values {
		t.RawSetString(v.name, v.make(rt))
	}
	for i := range p.modules {
		t.RawSetString(p.modules[i].name, rt.moduleTable(&p.modules[i], name+"."+p.modules[i].name))
	}
	rt.guard(t, name+" has no '%s'", p.names)
	return t
}

// guard has a table raise for names that it does not have.
func (rt *runtime) guard(t *lua.LTable, format string, names []string) {
	meta := rt.L.CreateTable(0, 2)
	meta.RawSetString("__index", rt.L.NewFunction(func(L *lua.LState) int {
		if key, ok := L.Get(2).(lua.LString); ok {
			rt.s.Raise(L, unknown(format, string(key), names))
		}
		L.Push(lua.LNil)
		return 1
	}))
	meta.RawSetString("__metatable", lua.LString("hw"))
	t.Metatable = meta
}

// function makes the Lua function of a described one.
func (rt *runtime) function(f *function) *lua.LFunction {
	return rt.L.NewFunction(func(L *lua.LState) int { return f.call(rt, L) })
}

// alive calls fn for the machines that were not left to the garbage collector, the newest first.
func (rt *runtime) alive(fn func(*machine)) {
	for i := len(rt.machines) - 1; i >= 0; i-- {
		if m := rt.machines[i].Value(); m != nil {
			fn(m)
		}
	}
}

// roots names the values that live as long as the runtime: the machines with threads, which run on when no script
// knows them any more. All others live as long as something of theirs is known.
func (rt *runtime) roots(yield func(lua.LValue)) {
	rt.alive(func(m *machine) {
		if m.m.Threads() > 0 {
			yield(m.ud)
		}
	})
}

// close ends the machines.
func (rt *runtime) close() {
	rt.alive(func(m *machine) { m.m.Close() })
	rt.machines, rt.cur, rt.arg = nil, nil, argument{}
}

// reset makes the module as new: no machine is left, and the one that is there from the start is a new one behind
// the same value.
func (rt *runtime) reset() {
	rt.close()
	if rt.ready == nil {
		return
	}
	ud := rt.ready.ud
	m, err := sim.New(rt.ready.m.Config())
	if err != nil {
		panic("bindings: a configuration that was possible is not any more: " + err.Error())
	}
	rt.ready = rt.adopt(m)
	ud.Value, rt.ready.ud = rt.ready.ud.Value, ud
}
