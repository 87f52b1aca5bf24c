// Coroutines. Each runs its Lua thread on a Go coroutine of its own (iter.Pull), so a script may yield from
// anywhere: inside pcall, metamethods, iterators, sort, gsub and functions of modules that call back.
// gopher-lua's own coroutines lose their stack in all of these.

package vm

import (
	"iter"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// coroutineSize is the measured Go stack of a coroutine that has begun, which it costs besides its Lua
// thread.
const coroutineSize = 5 << 10

// nestSize is roughly the Go stack that another level of Lua called by Go takes.
const nestSize = 1200

// sweepAt is the number of suspended coroutines at which the unreachable ones are looked for.
const sweepAt = 1024

type coroutineState uint8

const (
	coSuspended coroutineState = iota
	coRunning                  // it, or a coroutine that it waits for
	coDead
)

// A coroutine is one Lua thread and the Go coroutine that it runs on.
type coroutine struct {
	rt     *Runtime
	th     *lua.LState
	state  coroutineState
	killed bool

	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool

	values []lua.LValue // passed in by a resume, and out by a yield or the end
	err    *lua.ApiError
	crash  any // a limit or a Go panic, which continues in the thread that resumed the coroutine
}

// killCoroutine is the panic that unwinds a suspended coroutine.
type killCoroutine struct{}

// UnwindsLua marks the panic as one that passes through pcall.
func (killCoroutine) UnwindsLua() {}

func openCoroutine(rt *Runtime) {
	rt.newLib("coroutine", []libFunc{
		{"create", rt.coCreate}, {"isyieldable", rt.coIsYieldable}, {"resume", rt.coResume},
		{"running", rt.coRunning}, {"status", rt.coStatus}, {"wrap", rt.coWrap}, {"yield", rt.coYield},
	})
}

func (rt *Runtime) newCoroutine(L *lua.LState, fn *lua.LFunction) *coroutine {
	if len(rt.lib.coroutines) >= rt.lib.sweepAt {
		rt.collect()
		rt.lib.sweepAt = max(2*len(rt.lib.coroutines), sweepAt)
	}
	rt.steps(100)
	co := &coroutine{rt: rt, th: rt.newThread(L)}
	co.th.Push(fn)
	rt.lib.coroutines[co.th] = co
	threadOf(co.th).co = co
	return co
}

// run executes on the Go coroutine. It ends when the Lua function returns, raises or is killed.
func (co *coroutine) run(yield func(struct{}) bool) {
	co.yield = yield
	th := co.th
	defer func() {
		co.state = coDead
		delete(co.rt.lib.coroutines, th)
		threadOf(th).co = nil
		if r := recover(); r != nil {
			co.values = nil
			if _, ok := r.(killCoroutine); !ok && !co.killed {
				co.crash = r
			}
		}
	}()
	if err := co.rt.protect(th, co.take(th), lua.MultRet, nil); err != nil {
		co.err = err
		return
	}
	co.values = takeAll(th, 1)
}

// take pushes co.values on L's stack and returns their number.
func (co *coroutine) take(L *lua.LState) int {
	values := co.values
	co.values = nil
	return give(L, values...)
}

// takeAll copies the values of L's stack from index i up.
func takeAll(L *lua.LState, i int) []lua.LValue {
	values := make([]lua.LValue, max(0, L.GetTop()-i+1))
	for k := range values {
		values[k] = L.Get(i + k)
	}
	return values
}

// resume runs co until it yields or ends. It leaves the results in co.values, or returns the error that ended
// co. A limit or a Go panic continues in L.
func (rt *Runtime) resume(L *lua.LState, co *coroutine, values []lua.LValue) *lua.ApiError {
	if t := threadOf(co.th); threadOf(L).nest+t.nest-t.nestBase >= maxNest {
		return rt.apiError(lua.LString(threadsTooDeep), nil, rt.traceOf(L))
	}
	if co.next == nil {
		rt.charge(coroutineSize)
		co.next, co.stop = iter.Pull(iter.Seq[struct{}](co.run))
	}
	rt.enterThread(co.th, L)
	co.values, co.err = values, nil
	co.state = coRunning
	_, alive := co.next()
	L.G.CurrentThread = L
	if !alive {
		if co.crash != nil {
			panic(co.crash)
		}
		if rt.meter.fatal != nil {
			rt.raiseFatal()
		}
		return co.err
	}
	co.state = coSuspended
	return nil
}

// goStack returns the size of the Go stack of the thread's coroutine.
func (rt *Runtime) goStack(th *lua.LState) int64 {
	if co := rt.lib.coroutines[th]; co != nil && co.next != nil {
		t := threadOf(th)
		return coroutineSize + nestSize*int64(max(0, t.nest-t.nestBase))
	}
	return 0
}

// kill ends a suspended coroutine by unwinding its Go stack.
func (co *coroutine) kill() {
	delete(co.rt.lib.coroutines, co.th)
	threadOf(co.th).co = nil
	if co.state != coSuspended {
		return
	}
	co.killed = true
	co.state = coDead
	if co.stop != nil {
		co.stop()
	}
}

func (rt *Runtime) coYield(L *lua.LState) int {
	co := threadOf(L).co
	if co == nil {
		raise(L, 1, "attempt to yield from outside a coroutine")
	}
	co.values = takeAll(L, 1)
	L.SetTop(0)
	if !co.yield(struct{}{}) {
		panic(killCoroutine{})
	}
	return co.take(L)
}

// coroutineArg returns the first argument as a thread. Its coroutine is nil if it is dead.
func (rt *Runtime) coroutineArg(a args) (*lua.LState, *coroutine) {
	th, ok := a.L.Get(1).(*lua.LState)
	if !ok {
		a.failType(1, "coroutine")
	}
	return th, rt.lib.coroutines[th]
}

func (rt *Runtime) coCreate(L *lua.LState) int {
	co := rt.newCoroutine(L, args{L, "create"}.function(1))
	return give(L, co.th)
}

// status returns what th, whose coroutine is co, is for L: suspended, running, normal (it waits for
// another thread) or dead.
func (rt *Runtime) status(L, th *lua.LState, co *coroutine) string {
	switch {
	case th == L:
		return "running"
	case co == nil && th != rt.main || co != nil && co.state == coDead:
		return "dead"
	case co == nil || co.state == coRunning:
		return "normal"
	}
	return "suspended"
}

func (rt *Runtime) coResume(L *lua.LState) int {
	th, co := rt.coroutineArg(args{L, "resume"})
	if status := rt.status(L, th, co); status != "suspended" {
		return give(L, lua.LFalse, lua.LString("cannot resume "+status+" coroutine"))
	}
	if err := rt.resume(L, co, takeAll(L, 2)); err != nil {
		return give(L, lua.LFalse, err.Object)
	}
	return give(L, lua.LTrue) + co.take(L)
}

func (rt *Runtime) coWrap(L *lua.LState) int {
	co := rt.newCoroutine(L, args{L, "wrap"}.function(1))
	// The thread is an upvalue, so that a walk over what is reachable finds it.
	return give(L, L.NewClosure(func(L *lua.LState) int {
		if co.state != coSuspended {
			raise(L, 1, "cannot resume "+rt.status(L, co.th, co)+" coroutine")
		}
		if err := rt.resume(L, co, takeAll(L, 1)); err != nil {
			rt.passOn(L, err)
		}
		return co.take(L)
	}, co.th))
}

// passOn raises in L the error that ended a coroutine. As in lua5.1, a string gets the position of the
// caller. The error keeps the Go error behind it and the coroutine's own stack.
func (rt *Runtime) passOn(L *lua.LState, err *lua.ApiError) {
	value := err.Object
	if s, ok := value.(lua.LString); ok {
		value = lua.LString(position(L, 1) + string(s))
	}
	var cause error
	stack := rt.traceOf(L)
	if e, ok := err.Cause.(*thrown); ok {
		cause = e.err
		stack.frames = append(slices.Clone(e.trace.frames), stack.frames...)
		stack.skipped += e.trace.skipped
	}
	panic(rt.apiError(value, cause, stack))
}

func (rt *Runtime) coStatus(L *lua.LState) int {
	th, co := rt.coroutineArg(args{L, "status"})
	return give(L, lua.LString(rt.status(L, th, co)))
}

// coRunning returns the coroutine that calls it, or nil outside of one.
func (rt *Runtime) coRunning(L *lua.LState) int {
	if rt.lib.coroutines[L] == nil {
		return give(L, lua.LNil)
	}
	return give(L, L)
}

func (rt *Runtime) coIsYieldable(L *lua.LState) int {
	return give(L, lua.LBool(rt.lib.coroutines[L] != nil))
}

// killCoroutines ends every suspended coroutine.
func (rt *Runtime) killCoroutines() {
	rt.sweepCoroutines(func(*lua.LState) bool { return false })
	clear(rt.lib.coroutines)
	rt.lib.sweepAt = sweepAt
}

// sweepCoroutines ends the suspended coroutines that a script can no longer reach.
func (rt *Runtime) sweepCoroutines(reachable func(*lua.LState) bool) {
	for _, co := range slices.Collect(maps.Values(rt.lib.coroutines)) {
		if co.state == coSuspended && !reachable(co.th) {
			co.kill()
		}
	}
}
