// Arguments of library functions: checked and converted as lua5.1 does, with its messages.

package vm

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// args reads the arguments of the library function fn.
type args struct {
	L  *lua.LState
	fn string
}

// give pushes the results of a library function and returns their number.
func give(L *lua.LState, results ...lua.LValue) int {
	for _, v := range results {
		L.Push(v)
	}
	return len(results)
}

// call calls fn and returns its first result.
func call(L *lua.LState, fn lua.LValue, args ...lua.LValue) lua.LValue {
	L.Push(fn)
	L.Call(give(L, args...), 1)
	return pop(L)
}

func pop(L *lua.LState) lua.LValue {
	v := L.Get(-1)
	L.Pop(1)
	return v
}

// fail raises "bad argument #n to 'fn' (message)". As in lua5.1, the receiver of a method call such as
// s:rep(x) does not count.
func (a args) fail(n int, message string) {
	if calledAsMethod(view(a.L).currentFrame) {
		if n--; n == 0 {
			raise(a.L, 1, "calling '"+a.fn+"' on bad self ("+message+")")
		}
	}
	raise(a.L, 1, "bad argument #"+strconv.Itoa(n)+" to '"+a.fn+"' ("+message+")")
}

// failType raises the error of an argument that does not have the type want.
func (a args) failType(n int, want string) {
	v, got := a.L.Get(n), "no value"
	if n <= a.L.GetTop() {
		got = TypeName(v)
	}
	// An embedder's class says how to walk over one of its objects, which is not a table.
	if hint := metaText(v, "__each"); want == "table" && hint != "" {
		got += "; " + hint
	}
	a.fail(n, want+" expected, got "+got)
}

// raise raises message as a Lua error, after the position of the function at level. Level 1 is the caller of
// the running library function.
func raise(L *lua.LState, level int, message string) {
	L.Error(lua.LString(position(L, level)+message), 0)
}

// calledAsMethod reports whether the function of cf was called as receiver:name(...). The instruction
// that set the register of the called function is then OP_SELF.
func calledAsMethod(cf *frame) bool {
	if cf == nil || cf.Parent == nil || cf.Parent.Fn.IsG || cf.TailCall > 0 {
		return false
	}
	code, pc := cf.Parent.Fn.Proto.Code, cf.Parent.Pc-1
	call := instruction(code[pc])
	if call.op() != lua.OP_CALL && call.op() != lua.OP_TAILCALL {
		return false // a metamethod, or the generic for
	}
	for pc--; pc >= 0; pc-- {
		if inst := instruction(code[pc]); sets(inst, call.a()) {
			return inst.op() == lua.OP_SELF
		}
	}
	return false
}

// position returns "file:line: " for the function at the given level, or "" if it is not a Lua function.
func position(L *lua.LState, level int) string {
	dbg, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", dbg, lua.LNil); err != nil || dbg.What == "G" || dbg.CurrentLine <= 0 {
		return ""
	}
	return dbg.Source + ":" + strconv.Itoa(dbg.CurrentLine) + ": "
}

// typeName returns the type of v for the library's messages: as in lua5.1, or "u64". TypeName also returns
// the names of objects.
func typeName(v lua.LValue) string {
	if IsU64(v) {
		return "u64"
	}
	return v.Type().String()
}

// any returns argument n, which must be given but may be nil.
func (a args) any(n int) lua.LValue {
	if n > a.L.GetTop() {
		a.fail(n, "value expected")
	}
	return a.L.Get(n)
}

// absent reports whether argument n is nil or missing.
func (a args) absent(n int) bool { return a.L.Get(n) == lua.LNil }

func (a args) table(n int) *lua.LTable {
	t, ok := a.L.Get(n).(*lua.LTable)
	if !ok {
		a.failType(n, "table")
	}
	return t
}

func (a args) function(n int) *lua.LFunction {
	f, ok := a.L.Get(n).(*lua.LFunction)
	if !ok {
		a.failType(n, "function")
	}
	return f
}

func (a args) str(n int) string {
	s, ok := textOf(a.L.Get(n))
	if !ok {
		a.failType(n, "string")
	}
	return s
}

func (a args) optStr(n int, otherwise string) string {
	if a.absent(n) {
		return otherwise
	}
	return a.str(n)
}

// textOf returns the text of a value that Lua accepts as a string: a string, a number or a u64.
func textOf(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return number.String(float64(v)), true
	}
	if u, ok := u64Of(v); ok {
		return Hex(u, 0), true
	}
	return "", false
}

// number returns argument n as a number of either kind.
func (a args) number(n int) number.Number {
	v := a.L.Get(n)
	x, ok := asNumber(v)
	if s, isText := v.(lua.LString); isText {
		x, ok = number.Parse(string(s))
	}
	if !ok {
		a.failType(n, "number")
	}
	return x
}

// float returns argument n as a plain number; a u64 is an error.
func (a args) float(n int) float64 {
	if f, ok := a.L.Get(n).(lua.LNumber); ok {
		return float64(f)
	}
	x := a.number(n)
	if x.Exact {
		a.fail(n, "number below 2^53 expected, got "+Hex(x.Wide, 0))
	}
	return x.Float
}

// int returns argument n truncated to an integer, or the nearest int if it is out of range.
func (a args) int(n int) int {
	if f, ok := a.L.Get(n).(lua.LNumber); ok {
		return clampInt(float64(f))
	}
	x := a.number(n)
	if x.Exact {
		return math.MaxInt
	}
	return clampInt(x.Float)
}

func (a args) optInt(n, otherwise int) int {
	if a.absent(n) {
		return otherwise
	}
	return a.int(n)
}

// clampInt cuts f to an integer. A value beyond the range of int becomes its limit.
func clampInt(f float64) int {
	switch {
	case f >= math.MaxInt:
		return math.MaxInt
	case f > math.MinInt:
		return int(f)
	}
	return math.MinInt // also for NaN
}

// integer returns argument n truncated to an integer of at most 64 bits, as magnitude and sign.
func (a args) integer(n int) (magnitude uint64, negative bool) {
	x := a.number(n)
	if x.Exact {
		return x.Wide, false
	}
	f := math.Trunc(x.Float)
	switch {
	case f >= 0 && f < 1<<64:
		return uint64(f), false
	case f < 0 && f >= -1<<63:
		return uint64(-f), true
	}
	a.fail(n, "number has no integer representation")
	return 0, false
}

// option returns argument n, which must be one of words.
func (a args) option(n int, otherwise string, words ...string) string {
	s := a.optStr(n, otherwise)
	if !slices.Contains(words, s) {
		a.fail(n, "invalid option '"+s+"'; known: "+strings.Join(words, " "))
	}
	return s
}
