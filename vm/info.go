// Globals of programs, found without running them, and values as text that does not depend on the run.

package vm

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/hwlua/hwlua/vm/internal/number"
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
	return goText(v)
}

// goText prints a Go value, whose memory's addresses depend on the run: as its String or Error method does,
// or else, unless it is a basic value, by the name of its type, as tostring does in a script.
func goText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	t := reflect.TypeOf(v)
	switch t.Kind() {
	case reflect.Pointer:
		t = t.Elem()
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array, reflect.Func, reflect.Chan,
		reflect.UnsafePointer:
	default:
		return fmt.Sprint(v)
	}
	return "object: " + t.Name()
}

// format prints a table of the runtime.
func (rt *Runtime) format(t *lua.LTable) string {
	g := grower{rt: rt, L: rt.main, bounds: formatted, open: map[*lua.LTable]bool{}}
	return g.table(t, nil, 0).format(0)
}
