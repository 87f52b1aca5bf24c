// The standard library: what a new runtime finds in its globals. The basic functions are here, the
// rest in the other lib_ files.

package vm

import (
	"fmt"
	"math"
	"weak"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// libState is what the library keeps for one runtime.
type libState struct {
	random     pcg
	coroutines map[*lua.LState]*coroutine // those that are not dead
	sweepAt    int
	numbers    numbering
	loaded     *lua.LTable // package.loaded
	preload    *lua.LTable // package.preload
	pkg        *lua.LTable
	assert     *assertions
	io         *ioState
	sides      sides
}

// A libFunc is one library function under its name.
type libFunc struct {
	name string
	fn   lua.LGFunction
}

// newTable makes a table of functions. They stand in it in the order given, which is the order in
// which pairs meets them.
func (rt *Runtime) newTable(fns []libFunc) *lua.LTable {
	t := rt.main.CreateTable(0, len(fns))
	for _, f := range fns {
		t.RawSetString(f.name, rt.main.NewFunction(f.fn))
	}
	return t
}

// newLib makes a library: a table of functions that is also a global and in package.loaded.
func (rt *Runtime) newLib(name string, fns []libFunc) *lua.LTable {
	t := rt.newTable(fns)
	rt.global(name, t)
	rt.lib.loaded.RawSetString(name, t)
	return t
}

func (rt *Runtime) global(name string, v lua.LValue) {
	rt.main.G.Global.RawSetString(name, v)
}

// openLibs fills the globals of a new runtime.
func openLibs(rt *Runtime) {
	rt.lib = libState{
		coroutines: map[*lua.LState]*coroutine{},
		sweepAt:    sweepAt,
		loaded:     rt.main.CreateTable(0, 16),
		preload:    rt.main.CreateTable(0, 4),
	}
	rt.lib.random.seed(rt.cfg.Seed)

	for _, f := range []libFunc{
		{"collectgarbage", rt.baseCollectgarbage}, {"dofile", rt.baseDofile}, {"error", baseError},
		{"getfenv", rt.baseGetfenv}, {"getmetatable", baseGetmetatable}, {"load", rt.baseLoad},
		{"loadfile", rt.baseLoadfile}, {"loadstring", rt.baseLoadstring}, {"next", baseNext},
		{"pcall", rt.basePcall}, {"print", rt.basePrint}, {"rawequal", baseRawequal}, {"rawget", baseRawget},
		{"rawlen", baseRawlen}, {"rawset", rt.baseRawset}, {"require", rt.baseRequire}, {"select", rt.baseSelect},
		{"setfenv", baseSetfenv}, {"setmetatable", baseSetmetatable}, {"tonumber", rt.baseTonumber},
		{"tostring", rt.baseTostring}, {"type", baseType}, {"unpack", rt.baseUnpack}, {"xpcall", rt.baseXpcall},
	} {
		rt.global(f.name, rt.main.NewFunction(f.fn))
	}
	// The generic for calls the functions below itself; they are made once.
	next := rt.main.G.Global.RawGetString("next")
	step := rt.main.NewFunction(ipairsStep)
	rt.global("ipairs", rt.main.NewFunction(func(L *lua.LState) int {
		t := args{L, "ipairs"}.table(1)
		L.Push(step)
		L.Push(t)
		L.Push(lua.LNumber(0))
		return 3
	}))
	rt.global("pairs", rt.main.NewFunction(func(L *lua.LState) int {
		t := args{L, "pairs"}.table(1)
		L.Push(next)
		L.Push(t)
		L.Push(lua.LNil)
		return 3
	}))
	rt.global("_G", rt.main.G.Global)
	rt.global("_VERSION", lua.LString("Lua 5.1"))
	rt.lib.loaded.RawSetString("_G", rt.main.G.Global)

	openPackage(rt)
	openBit(rt)
	openCoroutine(rt)
	openDebug(rt)
	openIO(rt)
	openMath(rt)
	openOS(rt)
	openString(rt)
	openTable(rt)
	openAssert(rt)
}

// A numbering gives tables, functions, threads and userdata numbers in the order in which they are
// first printed, without keeping them alive. No number is given twice.
type numbering struct {
	last      uint64
	tables    weakNumbers[lua.LTable]
	functions weakNumbers[lua.LFunction]
	threads   weakNumbers[lua.LState]
	userdata  weakNumbers[lua.LUserData]
}

type weakNumbers[T any] struct {
	of      map[weak.Pointer[T]]uint64
	purgeAt int
}

func (w *weakNumbers[T]) number(p *T, last *uint64) uint64 {
	key := weak.Make(p)
	if n, ok := w.of[key]; ok {
		return n
	}
	if w.of == nil {
		w.of = map[weak.Pointer[T]]uint64{}
	}
	if len(w.of) >= max(w.purgeAt, 1024) {
		for key := range w.of {
			if key.Value() == nil {
				delete(w.of, key)
			}
		}
		w.purgeAt = 2 * len(w.of)
	}
	*last++
	w.of[key] = *last
	return *last
}

// numberSize is what remembering the number of one value costs.
const numberSize = 64

// plainString is how v prints when nothing but its type and identity says so.
func (rt *Runtime) plainString(v lua.LValue) string {
	n := &rt.lib.numbers
	before := n.last
	var id uint64
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return number.String(float64(v))
	case lua.LBool:
		if v {
			return "true"
		}
		return "false"
	case *lua.LTable:
		id = n.tables.number(v, &n.last)
	case *lua.LFunction:
		id = n.functions.number(v, &n.last)
	case *lua.LState:
		id = n.threads.number(v, &n.last)
	case *lua.LUserData:
		if u, err := u64Of(v); err == nil {
			return Hex(u, 0)
		}
		id = n.userdata.number(v, &n.last)
	default:
		return "nil"
	}
	if n.last != before {
		rt.charge(numberSize)
	}
	return fmt.Sprintf("%s: 0x%08x", v.Type(), id)
}

// toString is Lua's tostring as a Go string.
func (rt *Runtime) toString(L *lua.LState, v lua.LValue) string {
	v = rt.toStringValue(L, v)
	s, ok := textOf(v)
	if !ok {
		raise(L, 1, "'tostring' must return a string")
	}
	return s
}

func (rt *Runtime) toStringValue(L *lua.LState, v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case lua.LString:
		return v
	case lua.LNumber, lua.LBool, *lua.LNilType:
	default:
		if fn := L.GetMetaField(v, "__tostring"); fn != lua.LNil {
			L.Push(fn)
			L.Push(v)
			L.Call(1, 1)
			v = L.Get(-1)
			L.Pop(1)
			return v
		}
	}
	s := rt.plainString(v)
	rt.charge(int64(len(s)) + sizeString)
	return lua.LString(s)
}

func (rt *Runtime) baseTostring(L *lua.LState) int {
	L.Push(rt.toStringValue(L, args{L, "tostring"}.any(1)))
	return 1
}

// basePrint writes one line with one Write.
func (rt *Runtime) basePrint(L *lua.LState) int {
	var line []byte
	for i, n := 1, L.GetTop(); i <= n; i++ {
		if i > 1 {
			line = append(line, '\t')
		}
		s := rt.toString(L, L.Get(i))
		rt.steps(1 + len(s)/16)
		if n > 1 || len(s) > 4096 {
			rt.charge(int64(len(s)))
		}
		line = append(line, s...)
	}
	rt.lib.io.stdout.write(append(line, '\n'))
	return 0
}

// value makes a Lua value of a number.
func (rt *Runtime) value(x number.Number) lua.LValue {
	if x.Exact {
		return rt.u64(x.Wide)
	}
	return lua.LNumber(x.Float)
}

func (rt *Runtime) baseTonumber(L *lua.LState) int {
	a := args{L, "tonumber"}
	v := a.any(1)
	base := a.optInt(2, 10)
	if s, ok := v.(lua.LString); ok {
		rt.steps(len(s) / 16)
	}
	if base == 10 {
		switch v := v.(type) {
		case lua.LNumber:
			L.Push(v)
			return 1
		case lua.LString:
			if x, ok := number.Parse(string(v)); ok {
				L.Push(rt.value(x))
				return 1
			}
		case *lua.LUserData:
			if IsU64(v) {
				L.Push(v)
				return 1
			}
		}
		L.Push(lua.LNil)
		return 1
	}
	s := a.str(1)
	if base < 2 || base > 36 {
		a.fail(2, "base out of range")
	}
	if x, ok := number.ParseBase(s, base); ok {
		L.Push(rt.value(x))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

func baseType(L *lua.LState) int {
	L.Push(lua.LString(args{L, "type"}.any(1).Type().String()))
	return 1
}

// tableNext is lua_next; ok is false when key is none of t's and never was.
func tableNext(t *lua.LTable, key lua.LValue) (k, v lua.LValue, ok bool) {
	tv := viewTable(t)
	i := 0
	switch n := key.(type) {
	case *lua.LNilType:
	case lua.LNumber:
		if n < 1 || n >= lua.LNumber(lua.MaxArrayIndex) || float64(n) != math.Trunc(float64(n)) {
			return hashNext(t, tv, key)
		}
		i = int(n)
	default:
		return hashNext(t, tv, key)
	}
	for ; i < len(tv.array); i++ {
		if v := tv.array[i]; v != lua.LNil && v != nil {
			return lua.LNumber(i + 1), v, true
		}
	}
	return keysNext(t, tv, 0)
}

func hashNext(t *lua.LTable, tv *ltable, key lua.LValue) (lua.LValue, lua.LValue, bool) {
	i, ok := tv.k2i[key]
	if !ok {
		return lua.LNil, lua.LNil, false
	}
	return keysNext(t, tv, i+1)
}

func keysNext(t *lua.LTable, tv *ltable, i int) (lua.LValue, lua.LValue, bool) {
	for ; i < len(tv.keys); i++ {
		if v := t.RawGetH(tv.keys[i]); v != lua.LNil {
			return tv.keys[i], v, true
		}
	}
	return lua.LNil, lua.LNil, true
}

func baseNext(L *lua.LState) int {
	t, isTable := L.Get(1).(*lua.LTable)
	if !isTable {
		args{L, "next"}.failType(1, "table")
	}
	k, v, ok := tableNext(t, L.Get(2))
	if !ok {
		raise(L, 1, "invalid key to 'next'")
	}
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

func ipairsStep(L *lua.LState) int {
	i := clampInt(float64(L.Get(2).(lua.LNumber))) + 1
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		args{L, "ipairs"}.failType(1, "table")
	}
	v := t.RawGetInt(i)
	if v == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

// room makes sure that n values can be returned at once.
func (rt *Runtime) room(L *lua.LState, n int, message string) {
	if n > maxResults {
		raise(L, 1, message)
	}
	rt.charge(int64(n) * sizeSlot)
	rt.steps(n / 16)
	// Let the stack grow once, not in many steps that copy it each time.
	top := L.GetTop()
	L.SetTop(top + n)
	L.SetTop(top)
}

// maxResults is the most values that a library function returns.
const maxResults = 100_000

func (rt *Runtime) baseSelect(L *lua.LState) int {
	top := L.GetTop()
	if L.Get(1) == lua.LString("#") {
		L.Push(lua.LNumber(top - 1))
		return 1
	}
	a := args{L, "select"}
	n := a.int(1)
	if n < 0 {
		n += top
	} else if n > top {
		n = top
	}
	if n < 1 {
		a.fail(1, "index out of range")
	}
	rt.steps((top - n) / 16)
	return top - n
}

func (rt *Runtime) baseUnpack(L *lua.LState) int {
	a := args{L, "unpack"}
	t := a.table(1)
	i := a.optInt(2, 1)
	j := 0
	if a.absent(3) {
		j = t.Len()
	} else {
		j = a.int(3)
	}
	if i > j {
		return 0
	}
	n := j - i + 1
	if n <= 0 {
		n = math.MaxInt
	}
	rt.room(L, n, "too many results to unpack")
	for ; i <= j; i++ {
		L.Push(tableGet(t, i))
	}
	return n
}

func baseRawequal(L *lua.LState) int {
	a := args{L, "rawequal"}
	L.Push(lua.LBool(a.any(1) == a.any(2)))
	return 1
}

func baseRawget(L *lua.LState) int {
	a := args{L, "rawget"}
	L.Push(a.table(1).RawGet(a.any(2)))
	return 1
}

func baseRawlen(L *lua.LState) int {
	switch v := L.Get(1).(type) {
	case *lua.LTable:
		L.Push(lua.LNumber(v.Len()))
	case lua.LString:
		L.Push(lua.LNumber(len(v)))
	default:
		args{L, "rawlen"}.failType(1, "table or string")
	}
	return 1
}

func (rt *Runtime) baseRawset(L *lua.LState) int {
	a := args{L, "rawset"}
	t, k, v := a.table(1), a.any(2), a.any(3)
	if k == lua.LNil {
		raise(L, 1, "table index is nil")
	}
	if f, ok := k.(lua.LNumber); ok && f != f {
		raise(L, 1, "table index is NaN")
	}
	rt.chargeSet(t, k, v)
	t.RawSet(k, v)
	L.SetTop(1)
	return 1
}

func baseGetmetatable(L *lua.LState) int {
	L.Push(L.GetMetatable(args{L, "getmetatable"}.any(1)))
	return 1
}

func baseSetmetatable(L *lua.LState) int {
	a := args{L, "setmetatable"}
	t := a.table(1)
	mt := L.Get(2)
	if _, ok := mt.(*lua.LTable); !ok && (mt != lua.LNil || L.GetTop() < 2) {
		a.fail(2, "nil or table expected")
	}
	if L.GetMetaField(t, "__metatable") != lua.LNil {
		raise(L, 1, "cannot change a protected metatable")
	}
	t.Metatable = mt
	L.Push(t)
	return 1
}

// baseError: a text, and so a number, gets the position of the function at the given level.
func baseError(L *lua.LState) int {
	v := L.Get(1)
	level := args{L, "error"}.optInt(2, 1)
	if s, ok := textOf(v); ok && level > 0 {
		raise(L, level, s)
	}
	L.Error(v, 0)
	return 0
}

func (rt *Runtime) basePcall(L *lua.LState) int {
	fn := args{L, "pcall"}.any(1)
	if !callable(L, fn) {
		L.Push(lua.LFalse)
		L.Push(lua.LString("attempt to call a " + typeName(fn) + " value"))
		return 2
	}
	if err := rt.pcall(L, L.GetTop()-1, lua.MultRet, nil); err != nil {
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// callable says whether v can be called.
func callable(L *lua.LState, v lua.LValue) bool {
	if _, ok := v.(*lua.LFunction); ok {
		return true
	}
	return L.GetMetaField(v, "__call") != lua.LNil
}

// baseXpcall hands further arguments on to the function, as Lua 5.2 does.
func (rt *Runtime) baseXpcall(L *lua.LState) int {
	a := args{L, "xpcall"}
	a.any(2)
	handler := L.Get(2)
	L.Remove(2)
	if err := rt.pcall(L, L.GetTop()-1, lua.MultRet, rt.handler(L, handler)); err != nil {
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(err.Object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// handler makes the message handler of xpcall: it runs on top of the stack that raised the error. Its
// own error takes the place of the one that it was to handle.
func (rt *Runtime) handler(L *lua.LState, fn lua.LValue) func(lua.LValue) lua.LValue {
	return func(v lua.LValue) lua.LValue {
		L.Push(fn)
		L.Push(v)
		if err := rt.pcall(L, 1, 1, nil); err != nil {
			return lua.LString("error in error handling")
		}
		v = L.Get(-1)
		L.Pop(1)
		return v
	}
}

func (rt *Runtime) baseCollectgarbage(L *lua.LState) int {
	a := args{L, "collectgarbage"}
	switch a.option(1, "collect", "collect", "stop", "restart", "count", "step", "setpause", "setstepmul") {
	case "count":
		L.Push(lua.LNumber(float64(rt.collect()+libraryBytes) / 1024))
	case "step":
		rt.collect()
		L.Push(lua.LTrue)
	case "collect":
		rt.collect()
		L.Push(lua.LNumber(0))
	default:
		L.Push(lua.LNumber(0))
	}
	return 1
}

// frameAt is the running function at a level, 1 being the caller of the library function.
func frameAt(L *lua.LState, level int) *lua.LFunction {
	cf := view(L).currentFrame
	for ; level > 0 && cf != nil; level-- {
		cf = cf.Parent
	}
	if cf == nil {
		return nil
	}
	return cf.Fn
}

// envArg is the function that getfenv and setfenv mean: itself, or by its level. thread is true for
// level 0.
func envArg(a args) (fn *lua.LFunction, thread bool) {
	if fn, ok := a.L.Get(1).(*lua.LFunction); ok {
		return fn, false
	}
	level := a.optInt(1, 1)
	if level < 0 {
		a.fail(1, "level must be non-negative")
	}
	if level == 0 {
		return nil, true
	}
	fn = frameAt(a.L, level)
	if fn == nil {
		a.fail(1, "invalid level")
	}
	return fn, false
}

func (rt *Runtime) baseGetfenv(L *lua.LState) int {
	fn, thread := envArg(args{L, "getfenv"})
	switch {
	case thread:
		L.Push(L.Env)
	case fn.IsG:
		L.Push(L.G.Global)
	default:
		L.Push(fn.Env)
	}
	return 1
}

func baseSetfenv(L *lua.LState) int {
	a := args{L, "setfenv"}
	env := a.table(2)
	fn, thread := envArg(a)
	if thread {
		L.Env = env
		return 0
	}
	if fn.IsG {
		raise(L, 1, "'setfenv' cannot change environment of given object")
	}
	fn.Env = env
	L.Push(fn)
	return 1
}
