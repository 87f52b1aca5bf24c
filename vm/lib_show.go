// Values as a person wants to see them: in failures, in the REPL, in differences.

package vm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// How much of a value is shown.
const (
	showDepth  = 6
	showItems  = 50
	showString = 2000
	showLine   = 76 // a table that is shorter stands on one line
)

// quote is s between double quotes, with what does not print as escapes that Lua reads.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ' || c == 0x7f:
			b.WriteByte('\\')
			b.WriteByte('0' + c/100)
			b.WriteByte('0' + c/10%10)
			b.WriteByte('0' + c%10)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// show is v as a failure shows it: text in quotes, tables with what is in them, objects as they print.
func (rt *Runtime) show(L *lua.LState, v lua.LValue) string {
	s := shower{rt: rt, L: L, open: map[*lua.LTable]bool{}}
	text := s.value(v, 0)
	rt.charge(int64(len(text)))
	return text
}

// showKey is the path step that key k stands for: .name or [k].
func (rt *Runtime) showKey(L *lua.LState, k lua.LValue) string {
	if s, ok := k.(lua.LString); ok && syntax.IsName(string(s)) {
		return "." + string(s)
	}
	return "[" + rt.show(L, k) + "]"
}

type shower struct {
	rt    *Runtime
	L     *lua.LState
	open  map[*lua.LTable]bool // tables around the value
	total int
}

func (s *shower) value(v lua.LValue, depth int) string {
	s.rt.steps(1)
	switch v := v.(type) {
	case lua.LString:
		if len(v) > showString {
			return quote(string(v[:showString])) + "... (" + number.String(float64(len(v))) + " bytes)"
		}
		return quote(string(v))
	case *lua.LTable:
		if s.L.GetMetaField(v, "__tostring") == lua.LNil {
			return s.table(v, depth)
		}
	}
	return s.rt.toString(s.L, v)
}

func (s *shower) table(t *lua.LTable, depth int) string {
	switch {
	case s.open[t]:
		return "{<cycle>}"
	case depth >= showDepth:
		return "{...}"
	}
	s.open[t] = true
	defer delete(s.open, t)

	var items []string
	left := 0
	add := func(prefix string, v lua.LValue) {
		if s.total++; len(items) >= showItems || s.total > 20*showItems {
			left++
			return
		}
		items = append(items, prefix+s.value(v, depth+1))
	}
	n := t.Len()
	for i := 1; i <= n; i++ {
		add("", t.RawGetInt(i))
	}
	var keys []lua.LValue
	for k, _, _ := tableNext(t, lua.LNil); k != lua.LNil; k, _, _ = tableNext(t, k) {
		s.rt.steps(1)
		if f, ok := k.(lua.LNumber); ok && f >= 1 && f <= lua.LNumber(n) && f == lua.LNumber(int(f)) {
			continue
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(keys, compareKeys)
	for _, k := range keys {
		name := ""
		if text, ok := k.(lua.LString); ok && syntax.IsName(string(text)) {
			name = string(text)
		} else if _, ok := k.(*lua.LTable); ok {
			name = "[" + s.rt.plainString(k) + "]"
		} else {
			name = "[" + s.value(k, depth+1) + "]"
		}
		add(name+" = ", t.RawGet(k))
	}
	if left > 0 {
		items = append(items, "... "+number.String(float64(left))+" more")
	}
	if len(items) == 0 {
		return "{}"
	}
	line := "{ " + strings.Join(items, ", ") + " }"
	if len(line) <= showLine && !strings.Contains(line, "\n") {
		return line
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, item := range items {
		b.WriteString("  " + strings.ReplaceAll(item, "\n", "\n  ") + ",\n")
	}
	b.WriteString("}")
	return b.String()
}

// compareKeys orders keys for printing: numbers, then text, then the rest in the table's own order.
func compareKeys(a, b lua.LValue) int {
	rank := func(v lua.LValue) int {
		switch v.(type) {
		case lua.LNumber:
			return 0
		case *lua.LUserData:
			if IsU64(v) {
				return 0
			}
			return 3
		case lua.LString:
			return 1
		}
		return 2
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch rank(a) {
	case 0:
		if c, _ := compareNumbers(a, b); c != unordered {
			return c
		}
	case 1:
		return strings.Compare(string(a.(lua.LString)), string(b.(lua.LString)))
	}
	return 0
}
