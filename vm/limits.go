// The limits of a runtime: steps, memory, depth, and the context's deadline. gopher-lua asks the
// context of a thread whether it is done before every instruction; our context answers after
// having counted the instruction and what it is about to allocate.

package vm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// What a script is stopped for; the error that Run returns matches with errors.Is.
var (
	ErrSteps  = errors.New("vm: step limit reached")
	ErrMemory = errors.New("vm: memory limit reached")
	ErrClosed = errors.New("vm: runtime is closed")
	ErrBusy   = errors.New("vm: another goroutine is in this runtime")
)

// Limits bound what a script may use. Zero means no limit, except for CallDepth.
type Limits struct {
	// Steps is how many steps one Run or Call may take: an instruction is one, and library
	// functions that loop count their rounds. The count is exact and the same every time.
	Steps int64

	// Memory is how many bytes of strings, tables, functions, coroutines and large integers may be
	// live at once. An allocation that would go beyond fails before it is made.
	Memory int64

	// CallDepth is how many calls may be nested; 0 is DefaultCallDepth. A script that goes beyond
	// gets the ordinary error "stack overflow".
	CallDepth int
}

// DefaultCallDepth is the CallDepth of a runtime that names none, maxCallDepth the largest.
const (
	DefaultCallDepth = 16_000
	maxCallDepth     = 200_000
)

// maxNest is how many times Lua may go through Go into Lua again (metamethods, sort, gsub, resumed
// coroutines), as LUAI_MAXCCALLS in lua5.1.
const maxNest = 200

// A limitError is a limit that was hit: kind is ErrSteps or ErrMemory.
type limitError struct {
	kind error
	what string
}

func (e *limitError) Error() string { return e.what }
func (e *limitError) Unwrap() error { return e.kind }

const unlimited = int64(1) << 62

// meter is what a runtime has used and may use.
type meter struct {
	left     int64 // steps that are left
	look     int64 // when fewer are left, look at the clock
	work     int64 // bytes asked for since then
	mem      int64 // bytes taken: what was live at the last count, and all that was asked for since
	memStop  int64 // where mem must be counted again
	held     int64 // bytes in the hands of library functions, which no count of what is reachable finds
	maxDepth int
	stop     atomic.Bool // the context is done, or fatal is set
	fatal    error       // what stopped the script; every later instruction raises it again
	ctx      context.Context
	until    time.Duration // the deadline, since begin
	since    time.Duration // when the turn began
}

// arm prepares the meter for one Run. The function that it returns ends it.
func (rt *Runtime) arm(ctx context.Context) (disarm func()) {
	m := &rt.meter
	m.ctx = &runContext{ctx, rt}
	m.fatal = nil
	m.held = 0
	m.stop.Store(false)
	m.left = rt.cfg.Limits.Steps
	if m.left <= 0 {
		m.left = unlimited
	}
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
		return func() { m.ctx = context.Background() }
	}
	release := context.AfterFunc(ctx, func() { m.stop.Store(true) })
	return func() {
		release()
		m.ctx = context.Background()
	}
}

// runContext is the context that Go functions below a run are given: a Call with it goes on inside the run.
type runContext struct {
	context.Context
	rt *Runtime
}

type runKey struct{}

func (c *runContext) Value(key any) any {
	if key == (runKey{}) {
		return c.rt
	}
	return c.Context.Value(key)
}

// inside says whether ctx is that of the run that is going on.
func (rt *Runtime) inside(ctx context.Context) bool {
	in, _ := ctx.Value(runKey{}).(*Runtime)
	return in == rt && rt.owner.Load() == ownerBusy
}

// thread is the context of one Lua thread. Done is called before every instruction.
type thread struct {
	rt       *Runtime
	L        *lstate
	base     int // frames of the threads that wait for this one
	nest     int // how often Go and Lua alternate on the stack below
	nestBase int // of it, what belongs to the threads that wait for this one
	regs     int // registers that were counted
	frames   int // the stack has to grow beyond so many
}

func (t *thread) Deadline() (time.Time, bool) { return t.rt.meter.ctx.Deadline() }
func (t *thread) Err() error                  { return t.rt.meter.ctx.Err() }

func (t *thread) Value(key any) any {
	if key == (threadKey{}) {
		return t
	}
	return t.rt.meter.ctx.Value(key)
}

// Done counts the instruction that is about to be executed. It never reports that the context is
// done: when a limit is hit, it raises.
func (t *thread) Done() <-chan struct{} {
	cf := t.L.currentFrame
	if cf == nil || cf.Fn.IsG {
		return nil // asked by a Go function, not by the interpreter
	}
	m := &t.rt.meter
	op := cf.Fn.Proto.Code[cf.Pc-1] >> 26
	m.left--
	m.mem += int64(opCost[op&63])
	if m.left < m.look || m.mem > m.memStop || m.stop.Load() || cf.Idx+t.base >= m.maxDepth {
		t.slow(cf)
	}
	if opHeavy[op&63] {
		t.heavy(cf, cf.Fn.Proto.Code[cf.Pc-1])
	}
	return nil
}

// slow finds out which limit was hit and raises it.
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

// check raises when the script has to stop.
func (rt *Runtime) check() {
	m := &rt.meter
	if m.fatal == nil {
		if m.fatal = rt.interrupted(); m.fatal == nil {
			return
		}
	}
	rt.raiseFatal()
}

// raiseFatal raises what stopped the script, here and at every later instruction.
func (rt *Runtime) raiseFatal() {
	m := &rt.meter
	m.stop.Store(true)
	panic(rt.apiError(lua.LString(m.fatal.Error()), m.fatal, rt.traceOf(rt.L.G.CurrentThread)))
}

// charge asks for n bytes before they are allocated. It raises when they are not to be had.
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

// steps counts n steps of a library function. It raises when a limit is hit.
func (rt *Runtime) steps(n int) {
	m := &rt.meter
	m.left -= int64(n)
	if m.left < m.look || m.stop.Load() {
		rt.check()
		rt.breathe()
	}
}

// How many steps, or bytes asked for, there are between two looks at the clock.
const (
	stepsPerLook = 512
	workPerLook  = 512 << 10
)

// turn is how long a script runs before it lets others run. Go itself lets a goroutine run for ten
// milliseconds, and with many scripts at once none of them would hear of its deadline in time.
const turn = time.Millisecond

// begin is when the process looked at the clock first; Since of it reads only the monotonic clock.
var begin = time.Now()

// breathe looks at the clock: when its turn is over, other goroutines run.
func (rt *Runtime) breathe() {
	m := &rt.meter
	m.look = max(0, m.left-stepsPerLook)
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

// stopped is why the context is done, or nil. Being told to stop may be news of a context that an
// earlier run had; so the flag goes down first, and up again when there is a reason.
func (m *meter) stopped() error {
	if !m.stop.Swap(false) {
		return nil
	}
	err := m.ctx.Err()
	if err == nil && time.Since(begin) > m.until {
		err = context.DeadlineExceeded // its own timer may be late
	}
	if err != nil {
		m.stop.Store(true)
	}
	return err
}

// interrupted is check for code that must not raise where it is.
func (rt *Runtime) interrupted() error {
	m := &rt.meter
	if m.fatal != nil {
		return m.fatal
	}
	if err := m.stopped(); err != nil {
		return err
	}
	if m.left < 0 {
		return &limitError{ErrSteps, fmt.Sprintf("step limit of %d reached", rt.cfg.Limits.Steps)}
	}
	return nil
}
