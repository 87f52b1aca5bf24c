// The limits of a runtime: steps, memory, depth, and the context's deadline. The interpreter loop counts
// each instruction, and what it is about to allocate, before it executes it.

package vm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Reasons why a script is stopped, or not run, for errors.Is. ErrBusy is for a second goroutine,
// and for a Go function that a script called and that calls back without the context that it was
// given.
var (
	ErrSteps  = errors.New("vm: step limit reached")
	ErrMemory = errors.New("vm: memory limit reached")
	ErrClosed = errors.New("vm: runtime is closed")
	ErrBusy   = errors.New("vm: another goroutine is in this runtime")
)

// Limits bound what a script may use. Zero means no limit, except for CallDepth. New fails for
// negative limits.
type Limits struct {
	// Steps is how many steps one Run or Call may take: an instruction is one, and library
	// functions that loop count their rounds. The count is exact and the same every time.
	Steps int64

	// Memory is how many bytes of strings, tables, functions, coroutines and large integers may be
	// live at once. An allocation that would exceed it fails before it is made.
	Memory int64

	// CallDepth is how many calls may be nested, at most 200,000; 0 means 16,000. A script that
	// exceeds it gets the ordinary error "stack overflow".
	CallDepth int
}

const (
	defaultCallDepth = 16_000
	maxCallDepth     = 200_000

	// maxNest is how many times Lua may go through Go into Lua again (metamethods, sort, gsub,
	// resumed coroutines). LUAI_MAXCCALLS of lua5.1 is 200; here 200 coroutines may wait for one
	// another below the few calls that lead to the first.
	maxNest = 206
)

// A limitError reports a limit that was hit. kind is ErrSteps or ErrMemory.
type limitError struct {
	kind error
	what string
}

func (e *limitError) Error() string { return e.what }
func (e *limitError) Unwrap() error { return e.kind }

const unlimited = int64(1) << 62

// A meter counts what a runtime has used and may use.
type meter struct {
	left     int64 // steps
	look     int64 // look at the clock when fewer steps are left
	work     int64 // bytes asked for since the last look
	asked    int64 // bytes asked for since relieve was called
	mem      int64 // bytes that were live at the last count, and all that were asked for since
	memStop  int64 // count again when mem exceeds it
	held     int64 // bytes that library functions hold, which a count does not find
	large    map[*ltable]largeTable
	maxDepth int
	stop     atomic.Bool // the context is done, or fatal is set
	fatal    error       // why the script was stopped; every later instruction raises it again
	ctx      context.Context
	inner    []*runContext // of calls inside the run that came with their own context
	entering *runContext   // the one of them whose thread is about to be entered
	until    time.Duration // the deadline, since begin
	since    time.Duration // when the turn began
}

// arm prepares the meter for one run. release, if it is not nil, stops watching ctx.
func (rt *Runtime) arm(ctx context.Context) (release func() bool) {
	m := &rt.meter
	r := &running{}
	r.own = runContext{Context: ctx, rt: rt, run: r}
	r.given = runContext{Context: ctx, rt: rt, run: r, given: true}
	m.ctx = &r.own
	rt.now.Store(r)
	m.fatal = nil
	m.held = 0
	m.stop.Store(false)
	m.left = cmp.Or(rt.cfg.Limits.Steps, unlimited)
	m.look = max(0, m.left-stepsPerLook)
	m.work = 0
	m.since = time.Since(begin)
	m.until = math.MaxInt64
	if d, ok := ctx.Deadline(); ok {
		m.until = d.Sub(begin)
	}
	if ctx.Err() != nil {
		m.stop.Store(true)
	}
	if ctx.Done() == nil {
		return nil
	}
	return context.AfterFunc(ctx, func() { m.stop.Store(true) })
}

// disarm drops the run's context and limits, and what stopped it, so that Go can read its tables
// afterwards.
func (rt *Runtime) disarm() {
	m := &rt.meter
	m.ctx = context.Background()
	rt.now.Store(nil)
	m.fatal = nil
	m.stop.Store(false)
	m.left, m.until = unlimited, math.MaxInt64
	m.look = m.left - stepsPerLook
}

// running is a Run or Call in progress, with its two contexts.
type running struct {
	own, given runContext
}

// A runContext is the context of a run. A Call with it, or with a context derived from it, is
// inside the run.
type runContext struct {
	context.Context
	rt    *Runtime
	run   *running
	given bool // to a Go function, which the runtime waits for, and not to native code
}

type runKey struct{ rt *Runtime }

func (c *runContext) Value(key any) any {
	if key == (runKey{c.rt}) {
		return c
	}
	return c.Context.Value(key)
}

// inside returns the context of the run in progress if ctx derives from it, else nil.
func (rt *Runtime) inside(ctx context.Context) *runContext {
	c, _ := ctx.Value(runKey{rt}).(*runContext)
	if c == nil || c.run != rt.now.Load() {
		return nil
	}
	return c
}

// takeBack takes the runtime while it waits for a Go function, for a call that also ends with ctx. It
// returns nil if the runtime does not wait for one.
func (rt *Runtime) takeBack(ctx context.Context) (leave func()) {
	if !rt.owner.CompareAndSwap(ownerOut, ownerBusy) {
		return nil
	}
	widen := rt.narrow(ctx)
	return func() {
		widen()
		rt.owner.Store(ownerOut)
	}
}

// comeIn takes the runtime for a callback: inside the run while it waits for a Go function, else
// for a run of its own.
func (rt *Runtime) comeIn(ctx context.Context, fn *Function) (leave func(), nested bool, err error) {
	if !fn.live() {
		return nil, false, fmt.Errorf("vm: callback of a run that has ended: %w", ErrClosed)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if rt.inside(ctx) == nil {
		if leave := rt.takeBack(ctx); leave != nil {
			return leave, true, nil
		}
	}
	return rt.begin(ctx)
}

// narrow lets ctx end a call inside a run, as the run's own context does. widen undoes that: what
// stopped the call then stops nothing else.
func (rt *Runtime) narrow(ctx context.Context) (widen func()) {
	if _, ok := ctx.(*runContext); ok || ctx == context.Background() {
		return func() {}
	}
	m := &rt.meter
	own := &runContext{Context: ctx, rt: rt, run: rt.now.Load(), given: true}
	m.inner = append(m.inner, own)
	m.entering = own
	m.stop.Store(true)
	release := context.AfterFunc(ctx, func() { m.stop.Store(true) })
	return func() {
		release()
		// Threads of a machine may take turns in such calls, and end them in any order.
		m.inner = slices.DeleteFunc(m.inner, func(c *runContext) bool { return c == own })
		m.entering = nil
		m.stop.Store(true)
		switch m.fatal.(type) {
		case *limitError, *PanicError, *ExitError:
			return
		}
		if rt.stopped() == nil {
			m.fatal = nil
		}
	}
}

// inner returns the contexts of the calls inside the run that the running thread is in.
func (rt *Runtime) inner() []*runContext { return threadOf(rt.main.G.CurrentThread).inner }

// given returns the context that a Go function gets.
func (rt *Runtime) given() context.Context {
	if inner := rt.inner(); len(inner) > 0 {
		return inner[len(inner)-1]
	}
	if r := rt.now.Load(); r != nil {
		return &r.given
	}
	return context.Background()
}

// A thread is what we keep about one Lua thread. It is the thread's context, through which it is found.
type thread struct {
	rt       *Runtime
	L        *lstate
	inner    []*runContext
	base     int        // frames of the threads that wait for this one
	nest     int        // how often Go and Lua alternate on the stack below
	nestBase int        // the part of nest that belongs to the threads that wait for this one
	regs     int        // registers that were counted
	frames   int        // the stack has to grow before it has more
	co       *coroutine // that runs on the thread, nil once it is dead

	numbers     *[blockNumbers]lua.LNumber // the block that box takes from
	numbersUsed int
}

func (t *thread) Deadline() (time.Time, bool) { return t.rt.meter.ctx.Deadline() }
func (t *thread) Err() error                  { return t.rt.meter.ctx.Err() }

func (t *thread) Value(key any) any {
	if key == (threadKey{}) {
		return t
	}
	return t.rt.meter.ctx.Value(key)
}

// Done counts the instruction that is about to be executed by gopher-lua's loop, which asks before each.
// That loop still runs where a native module has called a function on a thread of gopher-lua's own. Done
// never reports that the context is done: when a limit is hit, it raises an error.
func (t *thread) Done() <-chan struct{} {
	cf := t.L.currentFrame
	if cf == nil || cf.Fn.IsG {
		return nil // asked by a Go function
	}
	m := &t.rt.meter
	word := cf.Fn.Proto.Code[cf.Pc-1]
	m.left--
	m.mem += 2 * sizeNumber
	if m.left < m.look || m.mem > m.memStop || m.stop.Load() || cf.Idx+t.base >= m.maxDepth {
		t.slow(cf)
	}
	if opHeavy[word>>26] {
		t.heavy(cf, word)
	}
	if t.rt.watch != nil {
		t.watched(cf)
	}
	return nil
}

// slow raises an error for the limit that was hit, if one was.
func (t *thread) slow(cf *frame) {
	rt := t.rt
	rt.check()
	if rt.meter.left < rt.meter.look {
		rt.breathe()
	}
	if rt.meter.mem > rt.meter.memStop {
		rt.recount(0)
	}
	if cf.Idx+t.base >= rt.meter.maxDepth {
		t.state().RaiseError("stack overflow")
	}
}

// check raises an error if the script has to stop.
func (rt *Runtime) check() {
	m := &rt.meter
	if m.fatal == nil {
		if m.fatal = rt.interrupted(); m.fatal == nil {
			return
		}
	}
	rt.raiseFatal()
}

// raiseFatal raises the error that stopped the script, here and at every later instruction.
func (rt *Runtime) raiseFatal() {
	m := &rt.meter
	m.stop.Store(true)
	panic(rt.apiError(lua.LString(m.fatal.Error()), m.fatal, rt.traceOf(rt.main.G.CurrentThread)))
}

// charge asks for n bytes before they are allocated. It raises an error if the memory limit would
// be exceeded.
func (rt *Runtime) charge(n int64) {
	m := &rt.meter
	m.mem += n
	if m.mem > m.memStop || n < 0 {
		rt.recount(n)
	}
	if m.work += n; m.work > workPerLook {
		rt.breathe()
	}
	if m.stop.Load() {
		rt.check()
	}
}

// steps counts n steps of a library function. It raises an error if a limit is hit.
func (rt *Runtime) steps(n int) {
	m := &rt.meter
	m.left -= int64(n)
	if m.left < m.look || m.stop.Load() {
		rt.check()
		rt.breathe()
	}
}

// Steps, or bytes asked for, between two looks at the clock.
const (
	stepsPerLook = 512
	workPerLook  = 512 << 10
)

// turn is how long a script runs before it yields to other goroutines. Go itself lets a goroutine
// run for ten milliseconds, so that with many scripts at once none would notice its deadline in
// time.
const turn = time.Millisecond

// begin is an origin of times: Since of it reads only the monotonic clock.
var begin = time.Now()

// breathe looks at the clock. It raises an error if the deadline has passed, and lets other
// goroutines run after a turn.
func (rt *Runtime) breathe() {
	m := &rt.meter
	m.look = max(0, m.left-stepsPerLook)
	if m.asked += m.work; m.asked > askedPerRelief {
		m.asked = 0
		rt.relieve()
	}
	m.work = 0
	now := time.Since(begin)
	if now-m.since > turn {
		runtime.Gosched()
		now = time.Since(begin)
		m.since = now
	}
	if now > m.until {
		m.stop.Store(true)
	}
	if m.stop.Load() {
		rt.check()
	}
}

// stopped returns why the context is done, or nil. The flag may have been set by the context of an
// earlier run, so stopped clears it and sets it again if there is a reason.
func (rt *Runtime) stopped() error {
	m := &rt.meter
	if !m.stop.Swap(false) {
		return nil
	}
	err := m.ctx.Err()
	if len(m.inner) > 0 && err == nil {
		for _, c := range rt.inner() {
			if err = c.Err(); err != nil {
				break
			}
		}
		for _, c := range m.inner { // another thread in such a call has to stop too
			if c.Err() != nil {
				m.stop.Store(true)
			}
		}
	}
	if err == nil && time.Since(begin) > m.until {
		err = context.DeadlineExceeded // the context's own timer may be late
	}
	if err != nil {
		m.stop.Store(true)
	}
	return err
}

// interrupted returns why the script has to stop, or nil, for code that must not raise an error
// where it is.
func (rt *Runtime) interrupted() error {
	m := &rt.meter
	if m.fatal != nil {
		return m.fatal
	}
	if err := rt.stopped(); err != nil {
		return err
	}
	if m.left < 0 {
		return &limitError{ErrSteps, fmt.Sprintf("step limit of %d reached", rt.cfg.Limits.Steps)}
	}
	return nil
}
