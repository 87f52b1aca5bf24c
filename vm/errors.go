// Errors on their way between Lua and Go: an error of a script as a Go error, a Go error as a Lua value.

package vm

import (
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// An Error reports that a script did not compile or raised an error that it did not catch.
type Error struct {
	Script    string  // the chunk that raised it, "" if Go code did
	Line      int     // the line in Script, 0 if unknown
	Column    int     // the byte of Source that the message is about, from 1; 0 if unknown
	Source    string  // the text of that line, "" if unknown
	Message   string  // begins with the position, as in Lua
	Frames    []Frame // the functions that were running, innermost first
	Traceback string  // Frames as text, in the form of debug.traceback
	Value     any     // the error value, converted as Run converts results

	cause      error
	raised     *raised
	incomplete bool
}

// raised keeps the Lua error value, so that it can be raised again.
type raised struct {
	rt    *Runtime
	value lua.LValue
	trace trace
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the Go error that the script raised or passed on, or the limit that stopped it.
func (e *Error) Unwrap() error { return e.cause }

// Excerpt returns the numbered source line with a caret below Column, or "" if the line is unknown or e is
// nil.
func (e *Error) Excerpt() string {
	if e == nil || e.Source == "" {
		return ""
	}
	const width = 100
	from := 0
	if e.Column > width*3/4 {
		from = min(e.Column-width/2, len(e.Source))
	}
	shown := strings.ToValidUTF8(e.Source[from:min(len(e.Source), from+width)], "?")
	head := fmt.Sprintf("%5d | ", e.Line)
	text := head + strings.ReplaceAll(shown, "\t", " ")
	if before := e.Column - 1 - from; before >= 0 && before <= len(shown) {
		text += "\n" + strings.Repeat(" ", len(head)+utf8.RuneCountInString(shown[:before])) + "^"
	}
	return text
}

// locate sets the source line of the error and the column in it.
func (e *Error) locate(src string, column int) {
	e.Source = strings.TrimRight(syntax.Line(src, e.Line), "\r \t")
	if e.Source != "" {
		e.Column = column
	}
}

// A PanicError reports a Go panic below a script. It is a fault of the host, so pcall does not catch it.
type PanicError struct {
	Value     any     // the argument of panic
	Stack     string  // the Go stack
	Frames    []Frame // the Lua functions above it, innermost first
	Traceback string  // Frames as text
}

func (e *PanicError) Error() string { return fmt.Sprintf("vm: Go panic below a script: %v", e.Value) }

// Unwrap returns the argument of panic if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// An ExitError reports that the script called os.exit, which Allow.Exit permits.
type ExitError struct {
	Code int
}

func (e *ExitError) Error() string { return fmt.Sprintf("exit with code %d", e.Code) }

// A Frame is a function that was running when an error was raised.
type Frame struct {
	Func    string // the name by which it was called, "" if unknown
	File    string // its chunk, "" for a Go function
	Line    int    // the line that was running, 0 for a Go function
	Defined int    // the line where its definition begins, 0 for a main chunk or a Go function
	Tail    bool   // reached by a tail call, so its caller is not in the stack
	Skipped int    // frames left out before this one
}

// String formats the frame as a line of a traceback, such as "board.lua:3: in function 'open'".
func (f Frame) String() string {
	at := "[Go]"
	if f.File != "" {
		at = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	switch {
	case f.Func != "":
		return fmt.Sprintf("%s: in function '%s'", at, f.Func)
	case f.File == "":
		return at + ": in function"
	case f.Defined == 0:
		return at + ": in main chunk"
	}
	return fmt.Sprintf("%s: in function <%s:%d>", at, f.File, f.Defined)
}

// TraceLines formats frames as lines, with a line of their own for skipped frames and tail calls.
func TraceLines(frames []Frame) []string {
	var lines []string
	for _, f := range frames {
		if f.Skipped > 0 {
			lines = append(lines, fmt.Sprintf("... %d more", f.Skipped))
		}
		lines = append(lines, f.String())
		if f.Tail {
			lines = append(lines, "(...tail calls...)")
		}
	}
	return lines
}

// traceback formats frames as debug.traceback does.
func traceback(frames []Frame) string {
	return strings.Join(append([]string{"stack traceback:"}, TraceLines(frames)...), "\n\t")
}

// Unwind is implemented by values that an embedder panics with to leave Lua code: the panic passes
// through pcall, coroutines and State.Call unchanged.
type Unwind interface {
	UnwindsLua()
}

// noTrace keeps gopher-lua from formatting a traceback of its own, which takes quadratic time.
const noTrace = " "

// thrown is the cause of an ApiError on its way through gopher-lua.
type thrown struct {
	err   error // the Go error behind it, or nil
	trace trace
}

func (e *thrown) Error() string { return "Lua error" }
func (e *thrown) Unwrap() error { return e.err }

// panicLua raises the value on top of the stack. It is the Panic function of every thread.
func (rt *Runtime) panicLua(L *lua.LState) {
	value := L.Get(-1)
	if s, ok := value.(lua.LString); ok {
		t := threadOf(L)
		value = lua.LString(rt.explain(t, t.L.currentFrame, string(s)))
	}
	panic(rt.apiError(value, nil, rt.traceOf(L)))
}

// protect calls the function below the nargs values on top of L's stack. After an error L is as before
// the call, without function and arguments. A non-nil catch is called with the error value before the
// stack that raised it is unwound, and returns the value to continue with.
func (rt *Runtime) protect(
	L *lua.LState, nargs, nret int, catch func(lua.LValue) lua.LValue,
) (err *lua.ApiError) {
	v := view(L)
	cf := v.currentFrame
	sp := depth(cf)
	base := v.reg.top - nargs - 1
	t := threadOf(L)
	nest, held := t.nest, rt.meter.held
	done := false
	defer func() {
		if done {
			return
		}
		r := recover()
		if r == nil {
			return // runtime.Goexit
		}
		err = rt.caught(L, r)
		if catch != nil && rt.meter.fatal == nil {
			err.Object = catch(err.Object)
		}
		closeUpvalues(L, base)
		cutStack(L, sp, cf)
		local := 0
		if cf != nil {
			local = cf.LocalBase
		}
		L.SetTop(base - local)
		t.nest, rt.meter.held = nest, held
	}()
	L.Call(nargs, nret)
	done = true
	return nil
}

// pcall does what protect does, but passes on errors that a script must not catch.
func (rt *Runtime) pcall(L *lua.LState, nargs, nret int, catch func(lua.LValue) lua.LValue) *lua.ApiError {
	err := rt.protect(L, nargs, nret, catch)
	if err != nil && rt.meter.fatal != nil {
		rt.raiseFatal()
	}
	return err
}

// caught converts the argument of a panic into an error. Any value but an error of Lua is a PanicError
// and ends the run.
func (rt *Runtime) caught(L *lua.LState, r any) *lua.ApiError {
	switch r := r.(type) {
	case Unwind:
		panic(r)
	case *lua.ApiError:
		return r
	case string:
		if r == "lua callstack overflow" {
			return rt.apiError(lua.LString("stack overflow"), nil, rt.traceOf(L))
		}
	}
	e := &PanicError{Value: r, Stack: string(debug.Stack())}
	trace := rt.traceOf(L)
	e.Frames = trace.values()
	e.Traceback = traceback(e.Frames)
	rt.meter.fatal = e
	rt.meter.stop.Store(true)
	return rt.apiError(lua.LString(e.Error()), e, trace)
}

// apiError wraps an error in the form in which gopher-lua passes errors on.
func (rt *Runtime) apiError(value lua.LValue, err error, trace trace) *lua.ApiError {
	return &lua.ApiError{
		Type: lua.ApiErrorRun, Object: value, StackTrace: noTrace, Cause: &thrown{err: err, trace: trace},
	}
}

// errorOf converts err into the error that Run and Call return.
func (rt *Runtime) errorOf(err *lua.ApiError) error {
	var cause error
	var trace trace
	if e, ok := err.Cause.(*thrown); ok {
		cause, trace = e.err, e.trace
	}
	before := rt.meter.fatal
	text := rt.errorText(err.Object)
	if fatal := rt.meter.fatal; fatal != nil {
		switch fatal.(type) {
		case *PanicError, *ExitError:
			return fatal
		}
		if !errors.Is(cause, fatal) { // else the cause may say where
			cause = fatal
		}
		if before == nil { // formatting the error exceeded a limit
			text = fatal.Error()
		}
	}
	frames := trace.values()
	out := &Error{
		Message: text, Frames: frames, Traceback: traceback(frames), Value: rt.toGo(err.Object), cause: cause,
	}
	out.raised = &raised{rt, err.Object, trace}
	out.Script, out.Line = trace.position()
	switch v := err.Object.(type) {
	case lua.LString:
		if out.cause == nil {
			out.cause = rt.origins.of(string(v))
		}
	case *lua.LUserData:
		if e, ok := v.Value.(error); ok && out.cause == nil {
			out.cause = e
		}
	}
	if src, ok := rt.sources[out.Script]; ok && out.Line > 0 {
		out.locate(src, culprit(syntax.Line(src, out.Line), out.Message))
	}
	return out
}

// errorText returns the message of an error value.
func (rt *Runtime) errorText(v lua.LValue) string {
	switch v.(type) {
	case lua.LString, lua.LNumber:
		return v.String()
	}
	if fn, ok := rt.main.GetMetaField(v, "__tostring").(*lua.LFunction); ok && rt.meter.fatal == nil {
		if r, err := rt.callLua(fn, 1, []lua.LValue{v}); err == nil {
			if s, ok := r[0].(lua.LString); ok {
				return string(s)
			}
		}
	}
	return "(error object is a " + TypeName(v) + " value)"
}

// culprit returns the column of the name that the message is about, or 0 if that is not certain.
func culprit(line, message string) int {
	m := culpritName.FindStringSubmatch(message)
	if m == nil || m[1] == "?" {
		return 0
	}
	// A name that the line has several times is meant where it is indexed or called.
	name := `\b` + regexp.QuoteMeta(m[1])
	for _, pattern := range []string{name + `\b`, name + `\s*[.:\[(]`} {
		if found := regexp.MustCompile(pattern).FindAllStringIndex(line, 2); len(found) == 1 {
			return found[0][0] + 1
		}
	}
	return 0
}

// culpritName finds the name in a message of Lua, or about an object or options with described fields.
var culpritName = regexp.MustCompile(`(?:attempt to | has no |unknown field )[^']*'([^']+)'`)

// whereLua returns the position of the innermost Lua function that has begun to run, to be put before a
// message.
func whereLua(L *lua.LState) string {
	for cf := view(L).currentFrame; cf != nil; cf = cf.Parent {
		if !cf.Fn.IsG && cf.Pc > 0 {
			return fmt.Sprintf("%s:%d: ", cf.Fn.Proto.SourceName, cf.Fn.Proto.DbgSourcePositions[cf.Pc-1])
		}
	}
	return ""
}

// raiseText raises a message that begins with the position.
func (rt *Runtime) raiseText(L *lua.LState, message string) {
	panic(rt.apiError(lua.LString(whereLua(L)+message), nil, rt.traceOf(L)))
}

// raiseError raises err in L with the position before its text.
func (rt *Runtime) raiseError(L *lua.LState, err error) {
	text := err.Error()
	rt.origins.note(text, err)
	panic(rt.apiError(lua.LString(whereLua(L)+text), err, rt.traceOf(L)))
}

// guard calls f, which may raise outside of any Lua function.
func (rt *Runtime) guard(f func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *lua.ApiError:
			err = rt.errorOf(r)
		default:
			panic(r)
		}
	}()
	return f()
}

// origins finds the Go error behind a Lua string, so that a script that passes the text of an error
// on (assert(f()), error(err), error("open: " .. err)) does not lose the error. Equal strings are
// one Lua value, so the string is the key. The oldest half is forgotten when the newer one is full.
type origins struct{ newer, older map[string]error }

const (
	maxOrigins = 64   // errors in each half
	maxOrigin  = 4096 // bytes of the text of one
)

// note records that a script is given the text of err.
func (o *origins) note(text string, err error) {
	if text == "" || len(text) > maxOrigin {
		return
	}
	if len(o.newer) >= maxOrigins {
		o.older, o.newer = o.newer, nil
	}
	if o.newer == nil {
		o.newer = map[string]error{}
	}
	o.newer[text] = err
}

// of returns the error whose text is the message, or what follows a position or another prefix that ends
// with ": " in it. If there is no such error it returns nil.
func (o *origins) of(message string) error {
	for more := true; more; _, message, more = strings.Cut(message, ": ") {
		for _, half := range []map[string]error{o.newer, o.older} {
			if err := half[message]; err != nil {
				return err
			}
		}
	}
	return nil
}

// bytes returns the size of the texts.
func (o *origins) bytes() (n int64) {
	for _, half := range []map[string]error{o.newer, o.older} {
		for text := range half {
			n += int64(len(text))
		}
	}
	return n
}
