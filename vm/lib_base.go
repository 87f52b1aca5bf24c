// The standard library: what a new runtime has in its globals. The basic functions are here, the rest in the
// other lib_ files.

package vm

import (
	"fmt"
	"maps"
	"math"
	"weak"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

// A libState holds the library's state of one runtime.
type libState struct {
	random     pcg
	coroutines map[*lua.LState]*coroutine // the ones that are not dead
	sweepAt    int
	numbers    numbering
	loaded     *lua.LTable // package.loaded
	preload    *lua.LTable // package.preload
	pkg        *lua.LTable
	tostring   lua.LValue     // the library's own
	next, step *lua.LFunction // the iterators of pairs and ipairs
	assert     *assertions
	io         *ioState
	sides      []sides
}

// A libFunc is one library function under its name.
type libFunc struct {
	name string
	fn   lua.LGFunction
}

// newTable returns a table of functions. pairs visits them in the order given.
func (rt *Runtime) newTable(fns []libFunc) *lua.LTable {
	t := rt.main.CreateTable(0, len(fns))
	for _, f := range fns {
		t.RawSetString(f.name, rt.main.NewFunction(f.fn))
	}
	return t
}

// newLib adds a library: a table of functions that is a global and in package.loaded.
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
		{"gcinfo", rt.baseGcinfo}, {"getfenv", baseGetfenv}, {"getmetatable", baseGetmetatable},
		{"load", rt.baseLoad}, {"loadfile", rt.baseLoadfile}, {"loadstring", rt.baseLoadstring},
		{"next", baseNext}, {"pcall", rt.basePcall},
		{"print", rt.basePrint}, {"rawequal", baseRawequal}, {"rawget", baseRawget},
		{"rawlen", baseRawlen}, {"rawset", rt.baseRawset}, {"require", rt.baseRequire},
		{"select", rt.baseSelect}, {"setfenv", baseSetfenv}, {"setmetatable", baseSetmetatable},
		{"tonumber", rt.baseTonumber}, {"tostring", rt.baseTostring}, {"type", baseType},
		{"unpack", rt.baseUnpack}, {"xpcall", rt.baseXpcall},
	} {
		rt.global(f.name, rt.main.NewFunction(f.fn))
	}
	rt.lib.tostring = rt.main.G.Global.RawGetString("tostring")
	// The generic for calls next and ipairsStep itself; they are made once.
	rt.lib.next = rt.main.G.Global.RawGetString("next").(*lua.LFunction)
	rt.lib.step = rt.main.NewFunction(ipairsStep)
	rt.global("ipairs", rt.main.NewFunction(iterator("ipairs", rt.lib.step, lua.LNumber(0))))
	rt.global("pairs", rt.main.NewFunction(iterator("pairs", rt.lib.next, lua.LNil)))
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

// iterator returns a function of a table that returns the three values of a generic for.
func iterator(name string, step, first lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int { return give(L, step, args{L, name}.table(1), first) }
}

// A numbering numbers tables, functions, threads and userdata in the order in which they are first printed,
// without keeping them alive. No number is given twice.
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

// number returns the number of p, which is last+1 if p is new.
func (w *weakNumbers[T]) number(p *T, last *uint64) uint64 {
	key := weak.Make(p)
	if n, ok := w.of[key]; ok {
		return n
	}
	if w.of == nil {
		w.of = map[weak.Pointer[T]]uint64{}
	}
	if len(w.of) >= max(w.purgeAt, 1024) {
		maps.DeleteFunc(w.of, func(p weak.Pointer[T], _ uint64) bool { return p.Value() == nil })
		w.purgeAt = 2 * len(w.of)
	}
	*last++
	w.of[key] = *last
	return *last
}

// numberSize is the cost of remembering the number of one value.
const numberSize = 64

// plainString returns v as tostring writes it without metamethods.
func (rt *Runtime) plainString(v lua.LValue) string {
	n := &rt.lib.numbers
	before := n.last
	var id uint64
	switch v := v.(type) {
	case *lua.LTable:
		id = n.tables.number(v, &n.last)
	case *lua.LFunction:
		id = n.functions.number(v, &n.last)
	case *lua.LState:
		id = n.threads.number(v, &n.last)
	case *lua.LUserData:
		if u, ok := u64Of(v); ok {
			return Hex(u, 0)
		}
		id = n.userdata.number(v, &n.last)
	case lua.LNumber:
		return number.String(float64(v))
	default:
		return v.String() // a string, a boolean or nil
	}
	if n.last != before {
		rt.charge(numberSize)
	}
	return fmt.Sprintf("%s: 0x%08x", v.Type(), id)
}

// toString returns what Lua's tostring returns, as a Go string.
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
			return call(L, fn, v)
		}
	}
	s := rt.plainString(v)
	rt.charge(int64(len(s)) + sizeString)
	return lua.LString(s)
}

func (rt *Runtime) baseTostring(L *lua.LState) int {
	return give(L, rt.toStringValue(L, args{L, "tostring"}.any(1)))
}

// basePrint writes one line with one Write. It converts its arguments with the global tostring.
func (rt *Runtime) basePrint(L *lua.LState) int {
	var line []byte
	own := rt.main.G.Global.RawGetString("tostring")
	for i, n := 1, L.GetTop(); i <= n; i++ {
		if i > 1 {
			line = append(line, '\t')
		}
		s, ok := "", true
		if own == rt.lib.tostring {
			s = rt.toString(L, L.Get(i))
		} else if s, ok = textOf(call(L, own, L.Get(i))); !ok {
			raise(L, 1, "'tostring' must return a string to 'print'")
		}
		rt.steps(1 + len(s)/16)
		if n > 1 || len(s) > 4096 {
			rt.charge(int64(len(s)))
		}
		line = append(line, s...)
	}
	rt.lib.io.stdout.write(append(line, '\n'))
	return 0
}

// value returns x as a Lua value.
func (rt *Runtime) value(x number.Number) lua.LValue {
	if x.Exact {
		return rt.u64(x.Wide)
	}
	return lua.LNumber(x.Float)
}

// baseTonumber returns a string as a number if it is one in the given base. A number stays what it is.
func (rt *Runtime) baseTonumber(L *lua.LState) int {
	a := args{L, "tonumber"}
	v := a.any(1)
	base := a.optInt(2, 10)
	text, isText := v.(lua.LString)
	rt.steps(len(text) / 16)
	var x number.Number
	var ok bool
	switch {
	case base != 10:
		s := a.str(1)
		if base < 2 || base > 36 {
			a.fail(2, "base out of range")
		}
		x, ok = number.ParseBase(s, base)
	case isText:
		x, ok = number.Parse(string(text))
	default:
		if _, ok := asNumber(v); ok {
			return give(L, v)
		}
	}
	if !ok {
		return give(L, lua.LNil)
	}
	return give(L, rt.value(x))
}

func baseType(L *lua.LState) int {
	return give(L, lua.LString(args{L, "type"}.any(1).Type().String()))
}

// tableNext returns the key behind key and its value, as lua_next does. It is not ok if t never had the key.
func tableNext(t *lua.LTable, key lua.LValue) (k, v lua.LValue, ok bool) {
	tv := viewTable(t)
	i, at := 0, 0 // in the array and in the keys of the hash part
	switch n, isNumber := key.(lua.LNumber); {
	case key == lua.LNil:
	case isNumber && n >= 1 && n < lua.LNumber(lua.MaxArrayIndex) && float64(n) == math.Trunc(float64(n)):
		i = int(n)
	default:
		if at, ok = tv.k2i[key]; !ok {
			return lua.LNil, lua.LNil, false
		}
		i, at = len(tv.array), at+1
	}
	for ; i < len(tv.array); i++ {
		if v := tv.array[i]; v != lua.LNil && v != nil {
			return lua.LNumber(i + 1), v, true
		}
	}
	for ; at < len(tv.keys); at++ {
		if v := t.RawGetH(tv.keys[at]); v != lua.LNil {
			return tv.keys[at], v, true
		}
	}
	return lua.LNil, lua.LNil, true
}

func baseNext(L *lua.LState) int {
	k, v, ok := tableNext(args{L, "next"}.table(1), L.Get(2))
	switch {
	case !ok:
		raise(L, 1, "invalid key to 'next'")
	case k == lua.LNil:
		return give(L, lua.LNil)
	}
	return give(L, k, v)
}

func ipairsStep(L *lua.LState) int {
	i := clampInt(float64(L.Get(2).(lua.LNumber))) + 1
	v := args{L, "ipairs"}.table(1).RawGetInt(i)
	if v == lua.LNil {
		return give(L, lua.LNil)
	}
	return give(L, lua.LNumber(i), v)
}

// room prepares the stack for n results, or raises message if they are too many.
func (rt *Runtime) room(L *lua.LState, n int, message string) {
	if n > maxResults {
		raise(L, 1, message)
	}
	rt.charge(int64(n) * sizeSlot)
	rt.steps(n / 16)
	// Let the stack grow once instead of in many steps that each copy it.
	top := L.GetTop()
	L.SetTop(top + n)
	L.SetTop(top)
}

// maxResults is the most values that a library function returns.
const maxResults = 100_000

// baseSelect returns its arguments from the given one on, or their number for "#".
func (rt *Runtime) baseSelect(L *lua.LState) int {
	top := L.GetTop()
	if L.Get(1) == lua.LString("#") {
		return give(L, lua.LNumber(top-1))
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

// baseUnpack returns the items of a table, or those in a range.
func (rt *Runtime) baseUnpack(L *lua.LState) int {
	a := args{L, "unpack"}
	t := a.table(1)
	i, j := a.items(t, 2)
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
	return give(L, lua.LBool(a.any(1) == a.any(2)))
}

func baseRawget(L *lua.LState) int {
	a := args{L, "rawget"}
	return give(L, a.table(1).RawGet(a.any(2)))
}

func baseRawlen(L *lua.LState) int {
	n := 0
	switch v := L.Get(1).(type) {
	case *lua.LTable:
		n = v.Len()
	case lua.LString:
		n = len(v)
	default:
		args{L, "rawlen"}.failType(1, "table or string")
	}
	return give(L, lua.LNumber(n))
}

func (rt *Runtime) baseRawset(L *lua.LState) int {
	a := args{L, "rawset"}
	t, k, v := a.table(1), a.any(2), a.any(3)
	if err := checkKey(k); err != nil {
		raise(L, 1, err.Error())
	}
	rt.chargeSet(t, k, v)
	t.RawSet(k, v)
	L.SetTop(1)
	return 1
}

func baseGetmetatable(L *lua.LState) int {
	return give(L, L.GetMetatable(args{L, "getmetatable"}.any(1)))
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
	return give(L, t)
}

// baseError raises its argument. A string or number gets the position of the function at the given level.
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
		return give(L, lua.LFalse, lua.LString("attempt to call a "+typeName(fn)+" value"))
	}
	return rt.try(L, nil)
}

// try calls the function at the bottom of the stack with the values above it. It leaves true and the
// results on the stack, or false and the error.
func (rt *Runtime) try(L *lua.LState, handler func(lua.LValue) lua.LValue) int {
	if err := rt.pcall(L, L.GetTop()-1, lua.MultRet, handler); err != nil {
		L.SetTop(0)
		return give(L, lua.LFalse, err.Object)
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// callable reports whether v can be called.
func callable(L *lua.LState, v lua.LValue) bool {
	if _, ok := v.(*lua.LFunction); ok {
		return true
	}
	return L.GetMetaField(v, "__call") != lua.LNil
}

// baseXpcall passes further arguments to the function, as Lua 5.2 does.
func (rt *Runtime) baseXpcall(L *lua.LState) int {
	handler := args{L, "xpcall"}.any(2)
	L.Remove(2)
	return rt.try(L, rt.handler(L, handler))
}

// handler returns the message handler of xpcall: it runs on top of the stack that raised the error. An error
// in it replaces the one that it was to handle.
func (rt *Runtime) handler(L *lua.LState, fn lua.LValue) func(lua.LValue) lua.LValue {
	return func(v lua.LValue) lua.LValue {
		L.Push(fn)
		L.Push(v)
		if err := rt.pcall(L, 1, 1, nil); err != nil {
			return lua.LString("error in error handling")
		}
		return pop(L)
	}
}

func (rt *Runtime) baseCollectgarbage(L *lua.LState) int {
	a := args{L, "collectgarbage"}
	var result lua.LValue = lua.LNumber(0)
	switch a.option(1, "collect", "collect", "stop", "restart", "count", "step", "setpause", "setstepmul") {
	case "count":
		result = lua.LNumber(float64(rt.collect()+libraryBytes) / 1024)
	case "step":
		rt.collect()
		result = lua.LTrue
	case "collect":
		rt.collect()
	}
	return give(L, result)
}

// baseGcinfo returns the live memory in KiB.
func (rt *Runtime) baseGcinfo(L *lua.LState) int {
	return give(L, lua.LNumber((rt.collect()+libraryBytes)/1024))
}

// frameAt returns the frame at a level, 1 being the caller of the library function, or nil.
func frameAt(L *lua.LState, level int) *frame {
	cf := view(L).currentFrame
	for ; level > 0 && cf != nil; level-- {
		cf = cf.Parent
	}
	return cf
}

// envArg returns the function that getfenv and setfenv mean, the argument itself or the one at that level. It
// is nil for level 0, which means the thread.
func envArg(a args) *lua.LFunction {
	if fn, ok := a.L.Get(1).(*lua.LFunction); ok {
		return fn
	}
	level := a.optInt(1, 1)
	if level < 0 {
		a.fail(1, "level must be non-negative")
	}
	if level == 0 {
		return nil
	}
	cf := frameAt(a.L, level)
	if cf == nil {
		a.fail(1, "invalid level")
	}
	return cf.Fn
}

func baseGetfenv(L *lua.LState) int {
	fn := envArg(args{L, "getfenv"})
	switch {
	case fn == nil:
		return give(L, L.Env)
	case fn.IsG:
		return give(L, L.G.Global)
	}
	return give(L, fn.Env)
}

func baseSetfenv(L *lua.LState) int {
	a := args{L, "setfenv"}
	env := a.table(2)
	fn := envArg(a)
	switch {
	case fn == nil:
		L.Env = env
		return 0
	case fn.IsG:
		raise(L, 1, "'setfenv' cannot change environment of given object")
	}
	fn.Env = env
	return give(L, fn)
}
