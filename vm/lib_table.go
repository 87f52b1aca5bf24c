// The table library. Like lua5.1's it reads and writes raw. It counts its work, and reports order functions
// that contradict themselves.

package vm

import (
	"strconv"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
)

func openTable(rt *Runtime) {
	rt.newLib("table", []libFunc{
		{"concat", rt.tabConcat}, {"foreach", rt.tabForeach}, {"foreachi", rt.tabForeachi}, {"getn", tabGetn},
		{"insert", rt.tabInsert}, {"maxn", rt.tabMaxn}, {"pack", rt.tabPack}, {"remove", rt.tabRemove},
		{"setn", tabSetn}, {"sort", rt.tabSort}, {"unpack", rt.baseUnpack},
	})
}

func tabSetn(L *lua.LState) int {
	args{L, "setn"}.table(1)
	raise(L, 1, "'setn' is obsolete")
	return 0
}

// tabConcat measures the result first and then allocates it once.
func (rt *Runtime) tabConcat(L *lua.LState) int {
	a := args{L, "concat"}
	t := a.table(1)
	sep := a.optStr(2, "")
	i, j := a.items(t, 3)
	if i > j {
		return give(L, lua.LString(""))
	}
	b := &charged{rt: rt, L: L}
	b.grow(rt.concatLen(L, t, sep, i, j))
	for k := i; k <= j; k++ {
		v := tableGet(t, k)
		if x, ok := v.(lua.LNumber); ok {
			b.buf = number.Append(b.buf, float64(x))
		} else {
			s, _ := textOf(v)
			b.buf = append(b.buf, s...)
		}
		if k < j {
			b.buf = append(b.buf, sep...)
		}
	}
	return give(L, lua.LString(b.String()))
}

// concatLen returns the length of the items i to j of t with sep between them.
func (rt *Runtime) concatLen(L *lua.LState, t *lua.LTable, sep string, i, j int) int {
	n := 0
	for k := i; k <= j; k++ {
		v := tableGet(t, k)
		s, ok := textOf(v)
		if !ok {
			raise(L, 1, "invalid value ("+typeName(v)+") at index "+strconv.Itoa(k)+" in table for 'concat'")
		}
		n += len(s)
		if k < j {
			n += len(sep)
		}
		if (k-i)&1023 == 1023 {
			rt.steps(1024)
		}
		if n > maxString {
			rt.charge(int64(n)) // the limit, if there is one, comes first
			raise(L, 1, "resulting string too large")
		}
	}
	rt.steps((j - i) & 1023)
	return n
}

// items returns the range of items of t that arguments n and n+1 give: all of them without arguments.
func (a args) items(t *lua.LTable, n int) (first, last int) {
	first = a.optInt(n, 1)
	if a.absent(n + 1) {
		return first, t.Len()
	}
	return first, a.int(n + 1)
}

// tableGet reads t[k] raw, inside or outside the array.
func tableGet(t *lua.LTable, k int) lua.LValue {
	if k >= 1 && k < lua.MaxArrayIndex {
		return t.RawGetInt(k)
	}
	return t.RawGet(lua.LNumber(k))
}

// tableSet writes t[k] raw and charges what the table grows by.
func (rt *Runtime) tableSet(t *lua.LTable, k int, v lua.LValue) {
	rt.chargeSet(t, lua.LNumber(k), v)
	t.RawSetInt(k, v)
}

// chargeSet charges for t[k] = v.
func (rt *Runtime) chargeSet(t *lua.LTable, k, v lua.LValue) {
	if _, ok := k.(lua.LNumber); ok || v != lua.LNil {
		rt.chargeStore(t, k)
	}
}

func tabGetn(L *lua.LState) int {
	return give(L, lua.LNumber(args{L, "getn"}.table(1).Len()))
}

// tabInsert shifts the array in one go. As in lua5.1, a position outside the items is allowed.
func (rt *Runtime) tabInsert(L *lua.LState) int {
	a := args{L, "insert"}
	t := a.table(1)
	n := t.Len() + 1
	switch L.GetTop() {
	case 2:
		rt.tableSet(t, n, L.Get(2))
		return 0
	case 3:
	default:
		raise(L, 1, "wrong number of arguments to 'insert'")
	}
	pos := a.int(2)
	if pos > n {
		n = pos
	}
	v := L.Get(3)
	if pos < 1 {
		// Move everything up from pos one by one, as lua5.1 does.
		for i := n; i > pos; i-- {
			rt.steps(1)
			rt.tableSet(t, i, tableGet(t, i-1))
		}
		rt.tableSet(t, pos, v)
		return 0
	}
	rt.steps((n - pos) / 16)
	if n > pos {
		last := t.RawGetInt(n - 1)
		rt.tableSet(t, n, last)
		array := viewTable(t).array
		copy(array[pos:n-1], array[pos-1:n-2])
	}
	rt.tableSet(t, pos, v)
	return 0
}

// tabRemove shifts the array in one go.
func (rt *Runtime) tabRemove(L *lua.LState) int {
	a := args{L, "remove"}
	t := a.table(1)
	n := t.Len()
	pos := a.optInt(2, n)
	if pos < 1 || pos > n {
		return 0
	}
	v := t.RawGetInt(pos)
	array := viewTable(t).array
	rt.steps((n - pos) / 16)
	copy(array[pos-1:n-1], array[pos:n])
	t.RawSetInt(n, lua.LNil)
	if len(array) == n {
		array[n-1] = nil
		viewTable(t).array = array[:n-1]
	}
	return give(L, v)
}

func (rt *Runtime) tabMaxn(L *lua.LState) int {
	t := args{L, "maxn"}.table(1)
	best := 0.0
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		rt.steps(1)
		if f, ok := k.(lua.LNumber); ok && v != lua.LNil && float64(f) > best {
			best = float64(f)
		}
	}
	return give(L, lua.LNumber(best))
}

// tabPack returns a table of its arguments with their number in field n, as in Lua 5.2.
func (rt *Runtime) tabPack(L *lua.LState) int {
	n := L.GetTop()
	rt.charge(constructorBytes(n, 1) + sizeFirstKey)
	t := L.CreateTable(n, 1)
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, L.Get(i))
	}
	t.RawSetString("n", lua.LNumber(n))
	return give(L, t)
}

func (rt *Runtime) tabForeach(L *lua.LState) int {
	a := args{L, "foreach"}
	t, f := a.table(1), a.function(2)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		rt.steps(1)
		if r := call(L, f, k, v); r != lua.LNil {
			return give(L, r)
		}
	}
	return 0
}

func (rt *Runtime) tabForeachi(L *lua.LState) int {
	a := args{L, "foreachi"}
	t, f := a.table(1), a.function(2)
	for i, n := 1, t.Len(); i <= n; i++ {
		rt.steps(1)
		if r := call(L, f, lua.LNumber(i), t.RawGetInt(i)); r != lua.LNil {
			return give(L, r)
		}
	}
	return 0
}

// A sorter sorts a copy of the items, so that an order function may look at the table, change it or
// yield. The result is written back at the end.
type sorter struct {
	rt    *Runtime
	L     *lua.LState
	less  *lua.LFunction
	items []lua.LValue
}

func (s *sorter) before(x, y lua.LValue) bool {
	if s.less == nil {
		if x, ok := x.(lua.LNumber); ok {
			if y, ok := y.(lua.LNumber); ok {
				return x < y
			}
		}
		if x.Type() != y.Type() {
			raise(s.L, 1, compareMessage(x, y))
		}
		return s.L.LessThan(x, y)
	}
	return lua.LVAsBool(call(s.L, s.less, x, y))
}

// tabSort sorts by merging: it compares n log n times whatever the answers, so a wrong order function can
// neither lead it out of bounds nor keep it running. lua5.1 notices a wrong order by chance; here an order
// with both a < b and b < a for two neighbors of the result is always an error.
func (rt *Runtime) tabSort(L *lua.LState) int {
	a := args{L, "sort"}
	t := a.table(1)
	s := sorter{rt: rt, L: L}
	if !a.absent(2) {
		s.less = a.function(2)
	}
	n := t.Len()
	if n < 2 {
		return 0
	}
	rt.charge(int64(2 * n * sizeSlot))
	s.items = make([]lua.LValue, n, 2*n)
	for i := range n {
		s.items[i] = t.RawGetInt(i + 1)
	}
	s.sort(s.items, s.items[n:2*n])
	for i := 1; i < n; i++ {
		rt.steps(1)
		if s.before(s.items[i], s.items[i-1]) {
			raise(L, 1, "invalid order function for sorting")
		}
	}
	for i, v := range s.items {
		rt.tableSet(t, i+1, v)
	}
	return 0
}

// sort sorts items stably, with room for a copy of them in spare.
func (s *sorter) sort(items, spare []lua.LValue) {
	if len(items) <= 8 {
		for i := 1; i < len(items); i++ {
			v, j := items[i], i
			for s.rt.steps(1); j > 0 && s.before(v, items[j-1]); j-- {
				items[j] = items[j-1]
				s.rt.steps(1)
			}
			items[j] = v
		}
		return
	}
	half := len(items) / 2
	s.sort(items[:half], spare[:half])
	s.sort(items[half:], spare[half:])
	if !s.before(items[half], items[half-1]) {
		return
	}
	copy(spare, items)
	left, right := spare[:half], spare[half:]
	for i := range items {
		s.rt.steps(1)
		if len(left) > 0 && (len(right) == 0 || !s.before(right[0], left[0])) {
			items[i], left = left[0], left[1:]
		} else {
			items[i], right = right[0], right[1:]
		}
	}
}
