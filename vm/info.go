// What Go can ask about programs and functions without running them, and values as text that is kept.

package vm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/syntax"
	lua "github.com/yuin/gopher-lua"
)

// Defined tells where a function was written: the program and its first and last lines; lines are 0 for one
// that is not written in Lua.
func (f *Function) Defined() (script string, first, last int) {
	if f == nil || f.fn == nil || f.fn.IsG || f.fn.Proto == nil {
		return "", 0, 0
	}
	return f.fn.Proto.SourceName, f.fn.Proto.LineDefined, f.fn.Proto.LastLineDefined
}

// A Global is one global name that a program uses, in one of the ways there are.
type Global struct {
	Name string
	Line int  // of the first such use
	Set  bool // it is assigned to; else it is read
	Main bool // in the main chunk, not in a function
}

// Globals are the global names that the program uses in its text, a line for each way of use (read or set, in the main
// chunk or in functions), in the order of the text. Names that are made while it runs (_G[name]) are not seen.
func (p *Program) Globals() []Global {
	var found []Global
	var walk func(proto *lua.FunctionProto, main bool)
	walk = func(proto *lua.FunctionProto, main bool) {
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
			walk(child, false)
		}
	}
	walk(p.chunk.Proto, true)
	slices.SortStableFunc(found, func(a, b Global) int { return a.Line - b.Line })
	return found
}

// Bounds of Format.
const (
	formatDepth = 32
	formatSize  = 1 << 20
)

// Format is a value that Run, Call or an argument gave as text that does not depend on the run: tables with all that is
// in them, a line for each entry, keys sorted. Unlike a failure's text nothing is left out up to a MiB. It runs the
// __tostring of values that have one, so it belongs where the runtime is at work: into functions of modules.
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
		if !v.live() {
			return v.copyText()
		}
		f := formatter{rt: v.rt, open: map[*lua.LTable]bool{}}
		f.table(v.t, "", 0)
		return f.b.String()
	case *Function:
		if v == nil || v.rt == nil || v.life != v.rt.life.Load() {
			return "function"
		}
		return v.rt.plainString(v.fn)
	}
	return fmt.Sprint(v)
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
	for i := 1; i <= n; i++ {
		f.b.WriteString(inner)
		f.value(t.RawGetInt(i), inner, depth+1)
		f.b.WriteString(",\n")
	}
	for _, k := range keys {
		f.b.WriteString(inner)
		if s, ok := k.(lua.LString); ok && syntax.IsName(string(s)) {
			f.b.WriteString(string(s))
		} else {
			f.b.WriteByte('[')
			if _, ok := k.(*lua.LTable); ok {
				f.b.WriteString(f.rt.plainString(k))
			} else {
				f.value(k, inner, depth+1)
			}
			f.b.WriteByte(']')
		}
		f.b.WriteString(" = ")
		f.value(t.RawGet(k), inner, depth+1)
		f.b.WriteString(",\n")
	}
	f.b.WriteString(indent + "}")
	f.rt.charge(int64(f.b.Len() - before))
}
