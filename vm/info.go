// Globals of programs, found without running them, and values as text that does not depend on the run.

package vm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// A Global is a use of a global name by a program.
type Global struct {
	Name string
	Line int  // of the first such use
	Set  bool // the program assigns to it, instead of reading it
	Main bool // in the main chunk, not in a function
}

// Globals returns the global names that the program's text uses, in its order, with an entry for
// each way of use: read or set, in the main chunk or in functions. Names that are made while it
// runs (_G[name]) are not found.
func (p *Program) Globals() []Global {
	found := appendGlobals(nil, p.chunk.Proto, true)
	slices.SortStableFunc(found, func(a, b Global) int { return a.Line - b.Line })
	return found
}

// appendGlobals adds the uses in one function and in the functions inside it to found.
func appendGlobals(found []Global, proto *lua.FunctionProto, main bool) []Global {
	for pc, inst := range proto.Code {
		op := int(inst >> 26)
		if op != lua.OP_GETGLOBAL && op != lua.OP_SETGLOBAL {
			continue
		}
		name, ok := proto.Constants[inst&0x3ffff].(lua.LString)
		if !ok {
			continue
		}
		g := Global{Name: string(name), Set: op == lua.OP_SETGLOBAL, Main: main}
		if pc < len(proto.DbgSourcePositions) {
			g.Line = proto.DbgSourcePositions[pc]
		}
		same := func(x Global) bool { return x.Name == g.Name && x.Set == g.Set && x.Main == g.Main }
		if i := slices.IndexFunc(found, same); i < 0 {
			found = append(found, g)
		} else if g.Line > 0 && g.Line < found[i].Line {
			found[i].Line = g.Line
		}
	}
	for _, child := range proto.FunctionPrototypes {
		found = appendGlobals(found, child, false)
	}
	return found
}

// Bounds of Format.
const (
	formatDepth = 32
	formatSize  = 1 << 20
)

// Format prints a value that Run, Call or an argument gave, as text that does not depend on the
// run: tables with all that is in them, a line for each entry, keys sorted. Unlike the text of a
// failure it leaves nothing out up to a MiB. It runs the __tostring of values that have one, so
// call it where the runtime is at work: in functions of modules.
func Format(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return v
	case uint64:
		return Hex(v, 0)
	case float64:
		return number.String(v)
	case *Table:
		if t := v.lua(); t != nil {
			return v.rt.format(t)
		}
		return v.copyText()
	case *Function:
		if v == nil || !v.live() {
			return "function"
		}
		return v.rt.plainString(v.value)
	}
	return fmt.Sprint(v)
}

// format prints a table of the runtime.
func (rt *Runtime) format(t *lua.LTable) string {
	f := formatter{rt: rt, open: map[*lua.LTable]bool{}}
	f.table(t, "", 0)
	return f.b.String()
}

type formatter struct {
	rt   *Runtime
	b    strings.Builder
	open map[*lua.LTable]bool
}

func (f *formatter) value(v lua.LValue, indent string, depth int) {
	f.rt.steps(1)
	switch v := v.(type) {
	case lua.LString:
		f.b.WriteString(quote(string(v)))
		return
	case *lua.LTable:
		if f.rt.main.GetMetaField(v, "__tostring") == lua.LNil {
			f.table(v, indent, depth)
			return
		}
	}
	f.b.WriteString(f.rt.toString(f.rt.main, v))
}

// table prints t over several lines, the later ones behind indent: its items, then its other
// entries in the order of their keys.
func (f *formatter) table(t *lua.LTable, indent string, depth int) {
	switch {
	case f.open[t]:
		f.b.WriteString("{<cycle>}")
		return
	case depth >= formatDepth || f.b.Len() > formatSize:
		f.b.WriteString("{...}")
		return
	}
	f.open[t] = true
	defer delete(f.open, t)
	n := t.Len()
	var keys []lua.LValue
	for k, _, _ := tableNext(t, lua.LNil); k != lua.LNil; k, _, _ = tableNext(t, k) {
		if i, ok := k.(lua.LNumber); !ok || i < 1 || i > lua.LNumber(n) || i != lua.LNumber(int(i)) {
			keys = append(keys, k)
		}
	}
	if n == 0 && len(keys) == 0 {
		f.b.WriteString("{}")
		return
	}
	slices.SortStableFunc(keys, compareKeys)
	before := f.b.Len()
	f.rt.charge(int64(n+len(keys)) * sizeEntry)
	inner := indent + "  "
	f.b.WriteString("{\n")
	entry := func(key string, v lua.LValue) {
		f.b.WriteString(inner + key)
		f.value(v, inner, depth+1)
		f.b.WriteString(",\n")
	}
	for i := 1; i <= n; i++ {
		entry("", t.RawGetInt(i))
	}
	for _, k := range keys {
		entry(f.key(k)+" = ", t.RawGet(k))
	}
	f.b.WriteString(indent + "}")
	f.rt.charge(int64(f.b.Len() - before))
}

// key prints a key as a table constructor has it.
func (f *formatter) key(k lua.LValue) string {
	var text string
	switch k := k.(type) {
	case lua.LString:
		if syntax.IsName(string(k)) {
			return string(k)
		}
		f.rt.steps(1)
		text = quote(string(k))
	case *lua.LTable:
		text = f.rt.plainString(k)
	default:
		f.rt.steps(1)
		text = f.rt.toString(f.rt.main, k)
	}
	return "[" + text + "]"
}
