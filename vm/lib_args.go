// Arguments of library functions: checked and converted as lua5.1 does, with its messages.

package vm

import (
	"math"
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

// fail raises "bad argument #n to 'fn' (message)". As in lua5.1 the receiver of a method call, s:rep(x),
// does not count.
func (a args) fail(n int, message string) {
	if calledAsMethod(view(a.L).currentFrame) {
		if n--; n == 0 {
			raise(a.L, 1, "calling '"+a.fn+"' on bad self ("+message+")")
		}
	}
	raise(a.L, 1, "bad argument #"+strconv.Itoa(n)+" to '"+a.fn+"' ("+message+")")
}

// failType raises that argument n is not a want.
func (a args) failType(n int, want string) {
	got := "no value"
	if n <= a.L.GetTop() {
		got = TypeName(a.L.Get(n))
	}
	a.fail(n, want+" expected, got "+got+instead(a.L.Get(n), want))
}

// instead is what an embedder's class says of how to go through one of its objects, which is no table.
func instead(v lua.LValue, want string) string {
	if ud, ok := v.(*lua.LUserData); ok && want == "table" {
		if mt, ok := ud.Metatable.(*lua.LTable); ok {
			if hint, ok := mt.RawGetString("__each").(lua.LString); ok {
				return "; " + string(hint)
			}
		}
	}
	return ""
}

// raise raises message as a Lua error with the position of the function at level before it: 1 is
// the one that called the running library function.
func raise(L *lua.LState, level int, message string) {
	L.Error(lua.LString(position(L, level)+message), 0)
}

// calledAsMethod says whether the function of cf was called as receiver:name(...). What wrote the
// register of the called function last is then OP_SELF.
func calledAsMethod(cf *frame) bool {
	if cf == nil || cf.Parent == nil || cf.Parent.Fn.IsG || cf.TailCall > 0 {
		return false
	}
	code, pc := cf.Parent.Fn.Proto.Code, cf.Parent.Pc-1
	if op := int(code[pc] >> 26); op != lua.OP_CALL && op != lua.OP_TAILCALL {
		return false // a metamethod, or the generic for
	}
	called := code[pc] >> 18 & 0xff
	for pc--; pc >= 0; pc-- {
		if code[pc]>>18&0xff != called {
			continue
		}
		switch int(code[pc] >> 26) {
		case lua.OP_SELF:
			return true
		case lua.OP_MOVE, lua.OP_MOVEN, lua.OP_LOADK, lua.OP_GETUPVAL, lua.OP_GETGLOBAL, lua.OP_GETTABLE, lua.OP_GETTABLEKS,
			lua.OP_CLOSURE, lua.OP_CALL, lua.OP_VARARG:
			return false
		}
	}
	return false
}

// position is "file:line: " of the function at the given level, or "" where that is not Lua's.
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

// typeName is what the library's messages call a value: its type as in lua5.1, or "u64". TypeName also knows the names of our
// objects.
func typeName(v lua.LValue) string {
	if IsU64(v) {
		return "u64"
	}
	return v.Type().String()
}

// any is argument n, which must be there, though it may be nil.
func (a args) any(n int) lua.LValue {
	if n > a.L.GetTop() {
		a.fail(n, "value expected")
	}
	return a.L.Get(n)
}

// absent says whether argument n is nil or missing.
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
	v := a.L.Get(n)
	if s, ok := v.(lua.LString); ok {
		return string(s)
	}
	s, ok := textOf(v)
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

// textOf is the text of what Lua takes for a string: strings and numbers of both kinds.
func textOf(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return number.String(float64(v)), true
	case *lua.LUserData:
		if u, err := u64Of(v); err == nil {
			return Hex(u, 0), true
		}
	}
	return "", false
}

// number is argument n as a float64 or as an exact integer.
func (a args) number(n int) number.Number {
	switch v := a.L.Get(n).(type) {
	case lua.LNumber:
		return number.Number{Float: float64(v)}
	case lua.LString:
		if x, ok := number.Parse(string(v)); ok {
			return x
		}
	case *lua.LUserData:
		if u, err := u64Of(v); err == nil {
			return number.Number{Wide: u, Exact: true}
		}
	}
	a.failType(n, "number")
	return number.Number{}
}

// float is argument n as a plain number; a u64 is none.
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

// int is argument n cut to an integer; what is out of range is the nearest there is.
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

func clampInt(f float64) int {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt
	case f > math.MinInt64:
		return int(f)
	}
	return math.MinInt // NaN as well
}

// integer is argument n cut to an integer of at most 64 bits, as magnitude and sign.
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

// option is argument n as one of the words given.
func (a args) option(n int, otherwise string, words ...string) string {
	s := a.optStr(n, otherwise)
	for _, w := range words {
		if s == w {
			return s
		}
	}
	a.fail(n, "invalid option '"+s+"'; known: "+strings.Join(words, " "))
	return ""
}
