// Coroutines. Each runs its Lua thread on a Go coroutine of its own (iter.Pull), so a yield may
// leave from anywhere: through pcall, metamethods, iterators, sort, gsub and functions of modules
// that call back. gopher-lua's own coroutines lose their stack in all of these.

package vm

import (
	"iter"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// coroutineSize is what a coroutine that has begun costs besides its Lua thread: a Go stack, measured.
const coroutineSize = 5 << 10

// nestSize is about what one more level of Lua called by Go takes on the Go stack.
const nestSize = 1200

// sweepAt is how many suspended coroutines there are before the unreachable ones are looked for.
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

	values []lua.LValue // what goes in at a resume and comes out at a yield or the end
	err    *lua.ApiError
	crash  any // what is to go on in the thread that resumed it: a limit, a Go panic
}

// killCoroutine unwinds a suspended coroutine that nobody will resume.
type killCoroutine struct{}

// UnwindsLua makes the panic pass through pcall.
func (killCoroutine) UnwindsLua() {}

func openCoroutine(rt *Runtime) {
	rt.newLib("coroutine", []libFunc{
		{"create", rt.coCreate}, {"isyieldable", rt.coIsYieldable}, {"resume", rt.coResume}, {"running", rt.coRunning},
		{"status", rt.coStatus}, {"wrap", rt.coWrap}, {"yield", rt.coYield},
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
	return co
}

// run is the body of the Go coroutine: it ends when the Lua function does, one way or another.
func (co *coroutine) run(yield func(struct{}) bool) {
	co.yield = yield
	th := co.th
	defer func() {
		co.state = coDead
		delete(co.rt.lib.coroutines, th)
		if r := recover(); r != nil {
			co.values = nil
			if _, ok := r.(killCoroutine); !ok && !co.killed {
				co.crash = r
			}
		}
	}()
	args := co.values
	co.values = nil
	for _, v := range args {
		th.Push(v)
	}
	if err := co.rt.protect(th, len(args), lua.MultRet, nil); err != nil {
		co.err = err
		return
	}
	co.values = takeAll(th, 1)
}

// takeAll copies the values of L's stack from index i up.
func takeAll(L *lua.LState, i int) []lua.LValue {
	n := L.GetTop() - i + 1
	if n <= 0 {
		return nil
	}
	values := make([]lua.LValue, n)
	for k := range values {
		values[k] = L.Get(i + k)
	}
	return values
}

// resume runs co until it yields or ends. What it hands over is then in co.values, or the error that
// ended it in err. A limit or a Go panic goes on in L.
func (rt *Runtime) resume(L *lua.LState, co *coroutine, values []lua.LValue) *lua.ApiError {
	if co.next == nil {
		rt.charge(coroutineSize)
		co.next, co.stop = iter.Pull(iter.Seq[struct{}](co.run))
	}
	leave := rt.enterThread(co.th, L)
	co.values, co.err = values, nil
	co.state = coRunning
	_, alive := co.next()
	leave()
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

// goStack is what the Go stack of the thread's coroutine costs.
func (rt *Runtime) goStack(th *lua.LState) int64 {
	if co := rt.lib.coroutines[th]; co != nil && co.next != nil {
		t := threadOf(th)
		return coroutineSize + nestSize*int64(max(0, t.nest-t.nestBase))
	}
	return 0
}

// kill ends a suspended coroutine: its Go stack is unwound and let go.
func (co *coroutine) kill() {
	delete(co.rt.lib.coroutines, co.th)
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
	co := rt.lib.coroutines[L]
	if co == nil {
		raise(L, 1, "attempt to yield from outside a coroutine")
	}
	co.values = takeAll(L, 1)
	L.SetTop(0)
	if !co.yield(struct{}{}) {
		panic(killCoroutine{})
	}
	values := co.values
	co.values = nil
	for _, v := range values {
		L.Push(v)
	}
	return len(values)
}

// coroutineArg is argument n as a thread. It has no coroutine when it is dead.
func (rt *Runtime) coroutineArg(a args, n int) (*lua.LState, *coroutine) {
	th, ok := a.L.Get(n).(*lua.LState)
	if !ok {
		a.failType(n, "coroutine")
	}
	return th, rt.lib.coroutines[th]
}

func (rt *Runtime) coCreate(L *lua.LState) int {
	co := rt.newCoroutine(L, args{L, "create"}.function(1))
	L.Push(co.th)
	return 1
}

// cannotResume says why co cannot be resumed, or "".
func cannotResume(L, th *lua.LState, co *coroutine) string {
	switch {
	case th == L:
		return "cannot resume running coroutine"
	case co == nil || co.state == coDead:
		return "cannot resume dead coroutine"
	case co.state == coRunning:
		return "cannot resume normal coroutine"
	}
	return ""
}

func (rt *Runtime) coResume(L *lua.LState) int {
	th, co := rt.coroutineArg(args{L, "resume"}, 1)
	if why := cannotResume(L, th, co); why != "" {
		L.Push(lua.LFalse)
		L.Push(lua.LString(why))
		return 2
	}
	if err := rt.resume(L, co, takeAll(L, 2)); err != nil {
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.Push(lua.LTrue)
	return 1 + rt.handOver(L, co)
}

func (rt *Runtime) handOver(L *lua.LState, co *coroutine) int {
	values := co.values
	co.values = nil
	for _, v := range values {
		L.Push(v)
	}
	return len(values)
}

func (rt *Runtime) coWrap(L *lua.LState) int {
	co := rt.newCoroutine(L, args{L, "wrap"}.function(1))
	// The thread is an upvalue, so that whoever counts what is reachable finds it.
	L.Push(L.NewClosure(func(L *lua.LState) int {
		if why := cannotResume(L, co.th, co); why != "" {
			raise(L, 1, why)
		}
		if err := rt.resume(L, co, takeAll(L, 1)); err != nil {
			rt.passOn(L, err)
		}
		return rt.handOver(L, co)
	}, co.th))
	return 1
}

// passOn raises in L what ended a coroutine. As in lua5.1, the position of whoever called goes before
// a text. The Go error behind it and the coroutine's own stack stay with it.
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
	th, co := rt.coroutineArg(args{L, "status"}, 1)
	status := "dead"
	switch {
	case th == L:
		status = "running"
	case co == nil:
		if th == rt.main {
			status = "normal"
		}
	case co.state == coSuspended:
		status = "suspended"
	case co.state == coRunning:
		status = "normal"
	}
	L.Push(lua.LString(status))
	return 1
}

// coRunning gives the coroutine that asks, nil outside of one.
func (rt *Runtime) coRunning(L *lua.LState) int {
	if rt.lib.coroutines[L] == nil {
		L.Push(lua.LNil)
	} else {
		L.Push(L)
	}
	return 1
}

func (rt *Runtime) coIsYieldable(L *lua.LState) int {
	L.Push(lua.LBool(rt.lib.coroutines[L] != nil))
	return 1
}

// killCoroutines ends every suspended coroutine.
func (rt *Runtime) killCoroutines() {
	for _, co := range rt.coroutines() {
		co.kill()
	}
	clear(rt.lib.coroutines)
	rt.lib.sweepAt = sweepAt
}

func (rt *Runtime) coroutines() []*coroutine {
	all := make([]*coroutine, 0, len(rt.lib.coroutines))
	for _, co := range rt.lib.coroutines {
		all = append(all, co)
	}
	return all
}

// sweepCoroutines ends the suspended coroutines that a script can no longer reach.
func (rt *Runtime) sweepCoroutines(reachable func(*lua.LState) bool) {
	for _, co := range rt.coroutines() {
		if co.state == coSuspended && !reachable(co.th) {
			co.kill()
		}
	}
}
