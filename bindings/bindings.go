// The module hw: what an embedder adds to a runtime, and what one runtime keeps of it.

// Package bindings describes the Lua module hw and binds it to the machines of package sim: objects
// with computed fields and methods, tables of options, refusals as results, misuse as errors that
// suggest the nearest known name, and assertions on registers, errnos, call chains, logs and leaks.
//
//	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
//	if err != nil {
//		return err
//	}
//	defer rt.Close()
//	prog, err := vm.Compile("first.lua", `
//		local m = hw.machine { cpus = 2 }
//		assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })`)
//	if err != nil {
//		return err
//	}
//	_, err = rt.Run(ctx, prog)
//
// Each function, class and table is described once, with the Go code that implements it. Everything
// else follows: the module itself, the help and completion of the prompt, the reference and the
// editor's definitions. A function unpacks its own arguments from a call, so adding one changes only
// its description. Every object of a machine is one userdata for as long as the runtime lives, so
// it is the same table key wherever a script finds it.
//
// Left out: what scripts can do without hardware (exact integers, bit, the ordinary assertions).
// Package vm does it; only its description is here.
package bindings

import (
	"weak"

	lua "github.com/yuin/gopher-lua"

	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/explore"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// Options configure the module.
type Options struct {
	// Machine configures the machine that is the global m from the start. Without it a script makes
	// its own machines.
	Machine *sim.Config

	// Defaults are the options of hw.machine that a script leaves out.
	Defaults sim.Config

	// Board is the global board from the start, if it is not nil.
	Board *board.Board

	// Control, if it is set, answers the points of the machines that a script makes; Names are those of the
	// variables that have points, nil for none.
	Control *explore.Control
	Names   *VariableNames

	// Flags changes the configuration of it.explore. It reports whether variables have no points.
	Flags func(*explore.Config) (luaOff bool)

	// Made is called with each machine of the runtime when it is made. Of an exploration it gets that of the
	// first run.
	Made func(*sim.Machine)

	// Explored is called after an exploration with the machines of the runs to tell of, the first and,
	// unless f is nil, the failing one, which may be the same.
	Explored func(told []*sim.Machine, f *explore.Failure)

	// Progress follows explorations, unless it is nil.
	Progress func(explore.Progress)

	// Focus follows what the script uses, unless it is nil.
	Focus *Focus

	// Activity counts what the script does to its machines, unless it is nil.
	Activity *Activity

	// Breaks stop the machines that the script makes, unless it is nil.
	Breaks *Breaks
}

// Hardware returns the module hw, which is also a global, with the assertions of its domain.
func Hardware(options ...Option) vm.Module {
	var o Options
	for _, set := range options {
		set(&o)
	}
	return HardwareWith(o)
}

// HardwareWith returns the module hw with options. vm.New returns the error about an invalid
// configuration of Options.Machine.
func HardwareWith(o Options) vm.Module {
	missing := map[string]string{}
	if o.Machine == nil {
		missing["m"] = "a script makes its own: local m = hw.machine {}"
	}
	if o.Board == nil {
		missing["board"] = "hwlua run --board FILE opens one, hw.board(text) reads one"
	}
	return vm.Module{
		Name:    "hw",
		Global:  true,
		Missing: missing,
		Open:    func(s *vm.State) (lua.LValue, error) { return open(s, o) },
		Asserts: assertions,
		Explore: exploreFunc.Name,
		Hex:     hexNames(),
	}
}

// A runtime is what one Lua runtime keeps of the module.
type runtime struct {
	s         *vm.State
	options   Options
	L         *lua.LState
	plan      *plan
	classes   [numClasses]classState
	machines  []weak.Pointer[machine]
	tidyAt    int        // how many machines there are when the list drops those that were collected
	ready     *machine   // the global m of Options.Machine
	watching  *exploring // of Options.Control
	exploring *exploring // the exploration under way
	idle      *call      // calls that can be used again
}

// A classState is what a class needs in one runtime. It is made with the first object of the class.
type classState struct {
	meta    *lua.LTable
	methods []*lua.LFunction
}

// open returns the module for one runtime.
func open(s *vm.State, o Options) (lua.LValue, error) {
	rt := &runtime{s: s, options: o, L: s.L(), plan: thePlan()}
	module := rt.moduleTable(&rt.plan.hw, "hw")
	s.SetRoots(rt.roots)
	s.OnClose(rt.close)
	s.OnReset(rt.reset)
	o.Breaks.join(rt)
	if o.Board != nil {
		rt.L.G.Global.RawSetString("board", rt.showBoard(o.Board))
	}
	if o.Machine != nil {
		m, err := sim.New(*o.Machine)
		if err != nil {
			return nil, err
		}
		rt.ready = rt.adopt(m)
		rt.L.G.Global.RawSetString("m", rt.ready.ud)
	}
	return module, nil
}

// moduleTable returns the table of a module: its functions, its values and the modules in it.
func (rt *runtime) moduleTable(p *modulePlan, name string) *lua.LTable {
	t := rt.L.CreateTable(0, len(p.names))
	for _, f := range p.functions {
		t.RawSetString(f.desc.Name, rt.bind(f))
	}
	for _, v := range p.desc.Fields {
		t.RawSetString(v.Name, v.Go.(func(*runtime) lua.LValue)(rt))
	}
	for i := range p.modules {
		sub := &p.modules[i]
		t.RawSetString(sub.desc.Name, rt.moduleTable(sub, name+"."+sub.desc.Name))
	}
	rt.guard(t, name+" has no '%s'", p.names)
	return t
}

// guard sets a metatable on t that raises for unknown names.
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

// alive calls fn for each machine that was not collected, the newest first.
func (rt *runtime) alive(fn func(*machine)) {
	for i := len(rt.machines) - 1; i >= 0; i-- {
		if m := rt.machines[i].Value(); m != nil {
			fn(m)
		}
	}
}

// roots yields the values that live as long as the runtime: the machines with threads, which run on
// when no script refers to them. Any other machine lives as long as a script refers to one of its
// objects.
func (rt *runtime) roots(yield func(lua.LValue)) {
	rt.alive(func(m *machine) {
		if m.m.Threads() > 0 {
			yield(m.ud)
		}
	})
}

// close closes the machines.
func (rt *runtime) close() {
	rt.options.Breaks.leave(rt)
	rt.alive(func(m *machine) { m.m.Close() })
	rt.machines, rt.idle = nil, nil
}

// reset prepares the module for the next user of a pooled runtime. It closes the machines and puts
// a new one behind the userdata of the global m.
func (rt *runtime) reset() {
	rt.close()
	rt.options.Breaks.join(rt)
	if rt.ready == nil {
		return
	}
	ud := rt.ready.ud
	m, err := sim.New(rt.ready.m.Config())
	if err != nil {
		panic("bindings: a valid configuration became invalid: " + err.Error())
	}
	rt.ready = rt.adopt(m)
	ud.Value, rt.ready.ud = rt.ready.ud.Value, ud
}
