// A Runtime: making one, running programs in it, and closing it.

package vm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// A Config describes a runtime. The zero value describes one that can only compute. A context that
// ends while the script waits for a reader, a writer or Scripts stops it only when they return. The
// error of a writer is the result of io.write in the script; print, as in Lua, ignores it.
type Config struct {
	Stdout, Stderr io.Writer // default: discarded
	Stdin          io.Reader // default: empty

	Modules []Module
	Scripts fs.FS // what require and dofile may see (see Confined); default: nothing

	// ScriptsPath names the folder Scripts in messages: its file lib.lua is ScriptsPath/lib.lua
	// there. By default it is lib.lua alone, which is right if the current directory is that
	// folder.
	ScriptsPath string

	Limits Limits
	Seed   uint64 // of math.random
	Allow  Allow

	// Args is the command line, as the global table arg shows it: Args[ArgScript] is arg[0].
	// Without it, Run sets arg from its own arguments.
	Args      []string
	ArgScript int
}

// A Runtime runs programs, one at a time.
type Runtime struct {
	main  *lua.LState // the main Lua thread
	cfg   Config
	owner atomic.Int32
	now   atomic.Pointer[running] // the Run or Call in progress
	life  atomic.Uint64           // how often a pool has reset the runtime
	meter meter
	st    *State
	lib   libState

	locals map[string]lua.LValue // at the last error; nil if nothing asks for them

	loop    func(*lua.LState, *frame) // gopher-lua's interpreter loop
	runs    func(*lua.LState, *frame) // ours around it
	raise   func(*lua.LState)
	modules []moduleState
	closers []func()
	resets  []func()
	remain  *pristine // in a pool: what the runtime is reset to
	roots   []func(yield func(lua.LValue))
	pool    []*lua.LState // idle threads of State.Call
	active  []*lua.LState // threads of State.Call that are running or wait
	program *lua.FunctionProto
	u64s    u64Table
	linked  map[*Program]*lua.FunctionProto // programs with this runtime's constants in them
	helpers map[syntax.Constant]*lua.LFunction
	sources map[string]string // by chunk name, for excerpts

	handles    handles
	objects    map[objectKind]*lua.LTable
	converting int

	origins origins

	refusals uint64 // see Refused
	refusal  error
	watch    func(*Access)                 // see State.Watch
	readers  map[*lua.LFunction]AccessMode // library functions that use a table

	onRun      func(told bool)    // see OnRun
	onExplored func(*Exploration) // see OnExplored
}

const (
	ownerNone = iota
	ownerBusy
	ownerOut // a Go function runs that a script called: calls that belong to it may come in
	ownerClosed
)

type moduleState struct {
	Module
	value lua.LValue // nil until it is opened
	late  bool       // opened by a script, not by New
}

// New returns a runtime. It fails for negative limits, and for modules without a name, with the same
// name, or with a function that Lua cannot call.
func New(cfg Config) (*Runtime, error) {
	if err := checkLayout(); err != nil {
		return nil, err
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.Stdout = cmp.Or(cfg.Stdout, io.Discard)
	cfg.Stderr = cmp.Or(cfg.Stderr, io.Discard)
	cfg.Stdin = cmp.Or[io.Reader](cfg.Stdin, strings.NewReader(""))
	cfg.Scripts = Confined(cfg.Scripts)
	cfg.Limits.CallDepth = cmp.Or(cfg.Limits.CallDepth, defaultCallDepth)
	rt := &Runtime{
		cfg:     cfg,
		linked:  map[*Program]*lua.FunctionProto{},
		helpers: map[syntax.Constant]*lua.LFunction{},
		sources: map[string]string{},
		objects: map[objectKind]*lua.LTable{},
	}
	rt.st = &State{rt: rt}
	rt.runs, rt.raise = rt.run, rt.panicLua
	rt.disarm()
	rt.meter.maxDepth = cfg.Limits.CallDepth
	rt.resetMemory()
	rt.openMain()
	for _, m := range cfg.Modules {
		rt.modules = append(rt.modules, moduleState{Module: m})
	}
	openLibs(rt)
	for i := range rt.modules {
		m := &rt.modules[i]
		if err := rt.openGlobal(m); err != nil {
			rt.main.Close()
			return nil, fmt.Errorf("vm: module %s: %w", m.Name, err)
		}
	}
	if cfg.Args != nil {
		rt.setArgs(cfg.ArgScript, cfg.Args)
	}
	return rt, nil
}

// resetMemory sets the meter to a runtime that holds nothing.
func (rt *Runtime) resetMemory() {
	rt.meter.mem = 0
	rt.meter.memStop = cmp.Or(rt.cfg.Limits.Memory, unlimited)
}

// openMain creates the main thread. Stacks begin small and grow, because most scripts need little.
func (rt *Runtime) openMain() {
	rt.main = lua.NewState(lua.Options{
		SkipOpenLibs:        true,
		CallStackSize:       firstFrames,
		MinimizeStackMemory: true,
		RegistrySize:        256,
		RegistryMaxSize:     maxRegisters,
		RegistryGrowStep:    256,
	})
	rt.main.G.MainThread = rt.main
	rt.main.G.CurrentThread = rt.main
	rt.main.Options.RegistrySize = firstRegisters // of other threads
	rt.adopt(rt.main)
	rt.initU64()
}

// check validates cfg.
func (cfg *Config) check() error {
	l := cfg.Limits
	for _, limit := range []struct {
		name  string
		value int64
	}{{"Steps", l.Steps}, {"Memory", l.Memory}, {"CallDepth", int64(l.CallDepth)}} {
		if limit.value < 0 {
			return fmt.Errorf("vm: Limits.%s is %d; 0 is the default", limit.name, limit.value)
		}
	}
	if l.CallDepth > maxCallDepth {
		return fmt.Errorf("vm: Limits.CallDepth is %d; at most %d is possible", l.CallDepth, maxCallDepth)
	}
	seen := map[string]bool{}
	for i, m := range cfg.Modules {
		if m.Name == "" {
			return fmt.Errorf("vm: Modules[%d] has no name", i)
		}
		if seen[m.Name] {
			return fmt.Errorf("vm: two modules are called %s", m.Name)
		}
		seen[m.Name] = true
		if err := m.check(); err != nil {
			return fmt.Errorf("vm: module %s: %w", m.Name, err)
		}
	}
	return nil
}

// maxRegisters is how many values the stack of a thread may hold.
const maxRegisters = 1 << 18

// firstRegisters is how many values the stack of a thread other than the main one holds at first.
const firstRegisters = 32

// adopt gives L our context and our functions for raising errors and running.
func (rt *Runtime) adopt(L *lua.LState) *thread {
	v := view(L)
	t := &thread{
		rt: rt, L: v, regs: len(v.reg.array), frames: firstFrames - spareFrames, numbersUsed: blockNumbers,
	}
	v.hasErrorFunc = true // see closeUpvalues
	L.Panic = rt.raise
	L.SetContext(t)
	if rt.loop == nil {
		rt.loop = v.mainLoop
	}
	v.mainLoop = rt.runs
	return t
}

// run runs the interpreter loop of a thread. The loop of its first function is counted in enterThread.
func (rt *Runtime) run(L *lua.LState, base *frame) {
	t := threadOf(L)
	t.L.hasErrorFunc, t.L.Panic = true, rt.raise // a native module's own PCall has changed both
	if base.Idx == 0 {
		t.execute(base)
		return
	}
	if t.nest++; t.nest > maxNest {
		t.nest--
		rt.raiseText(L, fmt.Sprintf("stack overflow (Go and Lua functions call each other %d deep)", maxNest))
	}
	t.execute(base)
	t.nest--
}

// execute executes the current frame: a Lua function here, a Go function in gopher-lua.
func (t *thread) execute(base *frame) {
	if f := t.L.currentFrame; f == nil || f.Fn.IsG {
		t.rt.loop(t.state(), base)
	} else {
		t.interpret(base)
	}
}

func threadOf(L *lua.LState) *thread {
	ctx := view(L).ctx
	if t, ok := ctx.(*thread); ok {
		return t
	}
	// A native module made the thread with gopher-lua's NewThread: its context derives from ours.
	return ctx.Value(threadKey{}).(*thread).rt.adopt(L)
}

type threadKey struct{}

// newThread returns a Lua thread (for a coroutine, or for State.Call) that obeys the runtime's limits.
func (rt *Runtime) newThread(L *lua.LState) *lua.LState {
	rt.charge(sizeThread + firstRegisters*sizeSlot)
	v := view(rt.main)
	ctx := v.ctx
	v.ctx = nil // NewThread would wrap it in one with a cancel function
	th, _ := rt.main.NewThread()
	v.ctx = ctx
	if L != nil {
		th.Env = L.Env
	}
	rt.adopt(th)
	return th
}

// enterThread lets th run while L waits for it, so that depth and nesting are
// counted over all threads that wait for one another. Afterwards the caller makes L
// the current thread again.
func (rt *Runtime) enterThread(th, L *lua.LState) {
	o, t := threadOf(L), threadOf(th)
	t.nest = o.nest + 1 + t.nest - t.nestBase
	t.nestBase = o.nest + 1
	t.base = o.base + depth(o.L.currentFrame)
	t.inner = o.inner
	if c := rt.meter.entering; c != nil {
		t.inner, rt.meter.entering = append(slices.Clip(o.inner), c), nil
	}
	if t.nest > maxNest {
		rt.raiseText(L, threadsTooDeep)
	}
	L.G.CurrentThread = th
}

var threadsTooDeep = fmt.Sprintf("stack overflow (threads wait for each other %d deep)", maxNest)

// enter takes the runtime for the caller's goroutine.
func (rt *Runtime) enter() error {
	if rt.owner.CompareAndSwap(ownerNone, ownerBusy) {
		return nil
	}
	if rt.owner.Load() == ownerClosed {
		return ErrClosed
	}
	return ErrBusy
}

func (rt *Runtime) leave() { rt.owner.Store(ownerNone) }

// outside calls a function of the embedder's, which may call back. Then it waits for a call on another
// goroutine that the function did not wait for.
func (rt *Runtime) outside(fn func()) {
	if rt.owner.CompareAndSwap(ownerBusy, ownerOut) {
		defer func() {
			for !rt.owner.CompareAndSwap(ownerOut, ownerBusy) {
				time.Sleep(20 * time.Microsecond)
			}
		}()
	}
	fn()
}

// Run runs the program and returns its results: nil, bool, float64, uint64 (a value of 2^53 and
// above), string, *Table, *Function, or the Go value behind a userdata. The script sees args as ...
// and in the table arg.
func (rt *Runtime) Run(ctx context.Context, p *Program, args ...any) ([]any, error) {
	if ctx == nil || p == nil || p.chunk == nil {
		return nil, errors.New("vm: Run needs a context and a program")
	}
	leave, nested, err := rt.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	main := func() *lua.LFunction { return rt.function(p) }
	if nested {
		return rt.results(main, args)
	}
	rt.program = p.chunk.Proto
	rt.noteSource(p)
	if len(args) > 0 && rt.cfg.Args == nil {
		names := []string{p.name}
		for _, a := range args {
			names = append(names, fmt.Sprint(a))
		}
		rt.setArgs(0, names)
	}
	results, err := rt.results(main, args)
	if rt.remain != nil {
		return rt.copyOut(results, err)
	}
	return results, err
}

// Call calls a function that Run, Get or Call returned. A Go function that a script called may call
// back, until it returns, with the context that it was given or one derived from it. Such a call
// counts against the limits of the run and also ends when its own context does. With any other
// context the runtime is busy, and it may be for a goroutine that outlives the function.
func (rt *Runtime) Call(ctx context.Context, fn *Function, args ...any) ([]any, error) {
	if err := rt.callable(ctx, fn, "Call"); err != nil {
		return nil, err
	}
	leave, _, err := rt.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return rt.results(fn.fn, args)
}

// begin takes the runtime for a call: inside the run that ctx belongs to, or as a run of its own.
// leave ends it. The context that a Go function got admits one call at a time while that function
// runs: any other call comes from a goroutine that nothing waits for.
func (rt *Runtime) begin(ctx context.Context) (leave func(), nested bool, err error) {
	c := rt.inside(ctx)
	switch {
	case c == nil:
		leave, err = rt.take(ctx)
		return leave, false, err
	case !c.given:
		return rt.narrow(ctx), true, nil
	}
	if leave = rt.takeBack(ctx); leave == nil {
		err = ErrBusy
	}
	return leave, true, err
}

// take takes the runtime for a run of its own. leave ends it.
func (rt *Runtime) take(ctx context.Context) (leave func(), err error) {
	if err := rt.enter(); err != nil {
		return nil, err
	}
	release := rt.arm(ctx)
	return func() {
		if release != nil {
			release()
		}
		rt.disarm()
		rt.leave()
	}, nil
}

// callable returns an error if fn cannot be called.
func (rt *Runtime) callable(ctx context.Context, fn *Function, op string) error {
	switch {
	case fn == nil || fn.rt == nil || fn.rt != rt:
		return fmt.Errorf("vm: %s of a function that does not belong to this runtime", op)
	case fn.err != nil:
		return fn.err
	case !fn.live():
		return fmt.Errorf("vm: %s of a function of a run that has ended: %w", op, ErrClosed)
	case ctx == nil:
		return fmt.Errorf("vm: %s needs a context", op)
	}
	return nil
}

// values calls a function inside a run.
func (rt *Runtime) values(fn func() *lua.LFunction, args []any) (out []lua.LValue, err error) {
	err = rt.guard(func() error {
		values := make([]lua.LValue, len(args))
		for i, a := range args {
			var err error
			if values[i], err = rt.toLua(a); err != nil {
				return fmt.Errorf("vm: argument %d: %w", i+1, err)
			}
		}
		out, err = rt.callLua(fn(), lua.MultRet, values)
		return err
	})
	return out, err
}

// results calls a function inside a run and returns its results as Go sees them.
func (rt *Runtime) results(fn func() *lua.LFunction, args []any) ([]any, error) {
	values, err := rt.values(fn, args)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = rt.toGo(v)
	}
	return out, nil
}

// Set sets a global. Numbers, strings, booleans and nil become the same in Lua, exact to 64 bits; a
// negative integer below -2^53 is refused, because it would become a u64 of another value. A Go
// function becomes a Lua function; a struct, a pointer to one, a map or a slice becomes an object
// whose exported fields and methods scripts use (see Only). While a program runs, Set and Get fail
// with ErrBusy.
func (rt *Runtime) Set(name string, value any) error {
	leave, err := rt.take(context.Background())
	if err != nil {
		return err
	}
	defer leave()
	return rt.guard(func() error {
		v, err := rt.toLua(value)
		if err != nil {
			return fmt.Errorf("vm: %s: %w", name, err)
		}
		rt.chargeKey(rt.main.G.Global, name)
		rt.main.G.Global.RawSetString(name, v)
		return nil
	})
}

// Get reads a global, without metamethods.
func (rt *Runtime) Get(name string) (any, error) {
	if err := rt.enter(); err != nil {
		return nil, err
	}
	defer rt.leave()
	return rt.toGo(rt.main.G.Global.RawGetString(name)), nil
}

// Close ends the runtime; closing it again does nothing. It fails with ErrBusy while a program runs.
func (rt *Runtime) Close() error {
	switch err := rt.enter(); {
	case errors.Is(err, ErrClosed):
		return nil
	case err != nil:
		return err
	}
	rt.end(0)
	for i := range rt.modules {
		if m := &rt.modules[i]; m.Close != nil && m.value != nil {
			m.Close()
		}
	}
	rt.main.Close()
	rt.owner.Store(ownerClosed)
	return nil
}

// end ends the coroutines, closes the files and calls the functions that OnClose registered after
// the first n.
func (rt *Runtime) end(n int) {
	rt.killCoroutines()
	rt.closeFiles()
	for _, fn := range slices.Backward(rt.closers[n:]) {
		fn()
	}
	rt.closers = rt.closers[:n]
}

// setArgs sets the global table arg.
func (rt *Runtime) setArgs(script int, args []string) {
	t := rt.main.CreateTable(len(args), 1)
	for i, a := range args {
		t.RawSet(lua.LNumber(i-script), lua.LString(a))
	}
	rt.main.G.Global.RawSetString("arg", t)
}

// openGlobal sets the global of a module that has one.
func (rt *Runtime) openGlobal(m *moduleState) error {
	if !m.Global {
		return nil
	}
	// Opening may raise an error: the memory limit may be too low for the module.
	return rt.guard(func() error {
		v, err := rt.openModule(m)
		if err == nil {
			rt.global(m.Name, v)
		}
		return err
	})
}

// openModule returns the module's value, which it builds the first time.
func (rt *Runtime) openModule(m *moduleState) (v lua.LValue, err error) {
	if m.value != nil {
		return m.value, nil
	}
	v = rt.main.NewTable()
	if m.Open != nil {
		if v, err = m.Open(rt.st); err != nil {
			return nil, err
		}
		if v == nil {
			return nil, errors.New("its Open gave no value")
		}
	}
	if t, ok := v.(*lua.LTable); ok {
		if err := rt.bindFuncs(t, m.Name, m.Funcs); err != nil {
			return nil, err
		}
	}
	m.value = v
	m.late = rt.owner.Load() == ownerBusy
	return v, nil
}

// module returns the value of a module of Config for require.
func (rt *Runtime) module(name string) (lua.LValue, bool, error) {
	for i := range rt.modules {
		if m := &rt.modules[i]; m.Name == name {
			v, err := rt.openModule(m)
			return v, true, err
		}
	}
	return nil, false, nil
}
