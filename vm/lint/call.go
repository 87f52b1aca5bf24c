// Calls: arguments, options and constants against the description of the function.

package lint

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"github.com/hwlua/hwlua/vm/describe"
)

// call checks a call and returns what is known of its first result.
func (c *checker) call(e *ast.FuncCallExpr) value {
	if mark := len(c.found); expectsError(pathOf(e.Func)) {
		defer func() { c.found = c.found[:mark] }()
	}
	var fn *describe.Func
	if e.Method != "" {
		object := c.expr(e.Receiver).typ
		fn = c.member(e.Line(), object, e.Method).fn
	} else if v := c.expr(e.Func); !isCall(e.Func) {
		fn = v.fn
	}
	if fn == nil {
		values := c.exprs(e.Args)
		return c.returned(e, values)
	}
	var values []value
	for i, arg := range e.Args {
		p, known := param(fn, i)
		if f, ok := arg.(*ast.FunctionExpr); ok && known {
			c.function(f, callbackParams(p.Type))
			continue
		}
		v := c.expr(arg)
		values = append(values, v)
		if known {
			c.argument(arg, v.typ, p.Type, place{fn: fn.Name, n: i + 1})
		}
	}
	c.required(e, fn)
	if v := c.returned(e, values); v.typ.Kind != describe.KindAny {
		return v
	}
	v := value{fn: fn, typ: describe.True}
	if len(fn.Results) > 0 {
		v.typ = plain(fn.Results[0].Type)
	}
	return v
}

// pathOf returns a chain of names such as assert.is_not.nil as text, "" for any other expression.
func pathOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return e.Value
	case *ast.AttrGetExpr:
		object := pathOf(e.Object)
		if key, ok := e.Key.(*ast.StringExpr); ok && object != "" {
			return object + "." + key.Value
		}
	}
	return ""
}

// expectsError reports whether a function of that name calls its argument to see it fail.
func expectsError(path string) bool {
	table, name, _ := strings.Cut(path, ".")
	return path == "pcall" || path == "xpcall" ||
		(table == "assert" || table == "check") && strings.Contains(name, "error")
}

// isCall reports whether an expression is a call, whose value names the function that was called.
func isCall(e ast.Expr) bool {
	_, ok := e.(*ast.FuncCallExpr)
	return ok
}

// param returns the described parameter of argument i, from 0.
func param(fn *describe.Func, i int) (describe.Param, bool) {
	if i < len(fn.Params) {
		return fn.Params[i], true
	}
	if n := len(fn.Params); n > 0 && fn.Params[n-1].Variadic {
		return fn.Params[n-1], true
	}
	return describe.Param{}, false
}

// callbackParams returns the parameters of a function that is passed where typ is expected.
func callbackParams(typ describe.Type) []describe.Param {
	if typ.Kind == describe.KindUnion {
		for _, e := range typ.Elem {
			if e.Kind == describe.KindFunc {
				return e.Params
			}
		}
	}
	return typ.Params
}

// returned returns the result of the calls whose result depends on an argument: require("NAME"), and
// assertions, which return what they were given.
func (c *checker) returned(e *ast.FuncCallExpr, args []value) value {
	name := pathOf(e.Func)
	if _, local := c.local(name); local || len(e.Args) == 0 {
		return value{}
	}
	switch name {
	case "require":
		text, ok := e.Args[0].(*ast.StringExpr)
		if !ok {
			return value{}
		}
		for _, entry := range c.index.Lookup(text.Value) {
			if entry.Kind == describe.IsModule && entry.Path == text.Value {
				return described(entry)
			}
		}
	case "assert", "assert.succeeds":
		if len(args) > 0 {
			return value{typ: args[0].typ}
		}
	}
	return value{}
}

// required reports the first argument that a call lacks. A call or ... at the end may give any number.
func (c *checker) required(e *ast.FuncCallExpr, fn *describe.Func) {
	given := len(e.Args)
	if given > 0 {
		switch e.Args[given-1].(type) {
		case *ast.FuncCallExpr, *ast.Comma3Expr:
			return
		}
	}
	if given >= len(fn.Params) {
		return
	}
	if p := fn.Params[given]; !p.Optional && !p.Variadic && !p.Type.TakesNil() {
		c.report(e.Line(), "argument #%d of '%s' (%s) is missing", given+1, fn.Name, p.Name)
	}
}

// A place names an argument, or a field of it.
type place struct {
	fn    string
	n     int
	field string
}

// wrong reports an argument of the wrong type.
func (c *checker) wrong(line int, at place, want, got string) {
	field := ""
	if at.field != "" {
		field = "field '" + at.field + "': "
	}
	c.report(line, "bad argument #%d to '%s' (%s%s expected, got %s)", at.n, at.fn, field, want, got)
}

// argument checks the expression arg, whose type is got as far as it is known, against the described type.
func (c *checker) argument(arg ast.Expr, got, want describe.Type, at place) {
	if want = plain(want); want.Kind == describe.KindUnion {
		c.union(arg, got, want, at)
		return
	}
	switch arg := arg.(type) {
	case *ast.StringExpr:
		c.text(arg, want, at)
	case *ast.NumberExpr:
		c.number(arg, want, at)
	case *ast.TrueExpr, *ast.FalseExpr:
		if !slices.Contains([]describe.Kind{describe.KindAny, describe.KindBool,
			describe.KindLiteral}, want.Kind) {
			c.wrong(arg.Line(), at, want.String(), "boolean")
		}
	case *ast.TableExpr:
		c.table(arg, want, at)
	default:
		if got.Kind == describe.KindClass && (want.Kind == describe.KindClass && got.Name != want.Name ||
			slices.Contains(scalars, want.Kind)) {
			c.wrong(arg.Line(), at, want.String(), got.Name)
		}
	}
}

var scalars = []describe.Kind{describe.KindBool, describe.KindInt, describe.KindU64, describe.KindNumber,
	describe.KindString, describe.KindEnum}

// union checks an argument that may be of several types: it must fit one of them.
func (c *checker) union(arg ast.Expr, got, want describe.Type, at place) {
	before := len(c.found)
	var first []Finding
	for _, e := range want.Elem {
		c.argument(arg, got, e, at)
		if len(c.found) == before {
			return
		}
		if _, isTable := arg.(*ast.TableExpr); first == nil || isTable && e.Kind == describe.KindRecord {
			first = slices.Clone(c.found[before:])
		}
		c.found = c.found[:before]
	}
	if len(first) > 0 && len(want.Elem) > 1 {
		if _, isTable := arg.(*ast.TableExpr); !isTable {
			c.wrong(arg.Line(), at, want.String(), literal(arg))
			return
		}
	}
	c.found = append(c.found, first...)
}

// literal describes a constant in a message.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StringExpr:
		return strconv.Quote(e.Value)
	case *ast.NumberExpr:
		return e.Value
	case *ast.TrueExpr, *ast.FalseExpr:
		return "boolean"
	}
	return "another type"
}

// text checks a text constant.
func (c *checker) text(s *ast.StringExpr, want describe.Type, at place) {
	switch want.Kind {
	case describe.KindAny, describe.KindString:
	case describe.KindEnum:
		if words := want.Strings(); !slices.Contains(words, s.Value) {
			c.report(s.Line(), "bad argument #%d to '%s' (%sinvalid value '%s'%s)", at.n, at.fn,
				fieldOf(at), s.Value, hint(s.Value, words))
		}
	case describe.KindInt, describe.KindU64, describe.KindNumber:
		if _, err := strconv.ParseFloat(s.Value, 64); err != nil {
			c.wrong(s.Line(), at, want.String(), "string")
		}
	default:
		c.wrong(s.Line(), at, want.String(), "string")
	}
}

func fieldOf(at place) string {
	if at.field == "" {
		return ""
	}
	return "field '" + at.field + "': "
}

// number checks a number constant.
func (c *checker) number(n *ast.NumberExpr, want describe.Type, at place) {
	switch want.Kind {
	case describe.KindAny, describe.KindNumber, describe.KindString:
	case describe.KindInt, describe.KindU64:
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && f != math.Trunc(f) {
			c.wrong(n.Line(), at, "integer", n.Value)
		}
	default:
		c.wrong(n.Line(), at, want.String(), "number")
	}
}

// table checks a table constructor against the table that a call takes.
func (c *checker) table(t *ast.TableExpr, want describe.Type, at place) {
	switch want.Kind {
	case describe.KindAny, describe.KindTable, describe.KindArray, describe.KindMap, describe.KindFunc:
		return
	case describe.KindRecord:
	default:
		c.wrong(t.Line(), at, want.String(), "table")
		return
	}
	record := c.index.Record(want.Name)
	given := map[string]bool{}
	for _, f := range t.Fields {
		key, ok := f.Key.(*ast.StringExpr)
		if !ok {
			return // positions, or names that only a run knows
		}
		given[key.Value] = true
		m := c.index.Member(want.Name, key.Value)
		if m == nil {
			c.report(f.Value.Line(), "%s has no option '%s'%s", at.fn, key.Value,
				hint(key.Value, c.members(want.Name)))
			continue
		}
		at.field = key.Value
		c.field(f.Value, m.Field.Type, at)
	}
	for i := range record.Fields {
		if f := &record.Fields[i]; !f.Optional && !given[f.Name] {
			c.report(t.Line(), "%s: option '%s' is missing", at.fn, f.Name)
		}
	}
}

// field checks the value of an option. The parameters of a handler get their types.
func (c *checker) field(e ast.Expr, want describe.Type, at place) {
	if f, ok := e.(*ast.FunctionExpr); ok {
		c.function(f, callbackParams(want))
		return
	}
	mark := len(c.found)
	got := c.expr(e).typ
	c.found = c.found[:mark] // expr has reported it before
	c.argument(e, got, want, at)
}
