// Package lint finds mistakes in a script without running it: names that the description of its API does not
// have, options and constants that a call would refuse, and globals that nothing defines. It looks into
// branches that no run takes.
//
//	found, err := lint.Check("story.lua", text, index, []string{"print", "pairs"})
//	for _, f := range found {
//		fmt.Println(f) // story.lua:3: machine has no 'registr'; did you mean 'register_user_hw_breakpoint'?
//	}
//
// It reports only what it is sure of, and nothing inside a call of pcall or of an assertion on errors: a
// local variable that is assigned twice, a parameter of a function of the script, and whatever comes from
// them have any type.
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/gopher-lua/ast"

	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/internal/syntax"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A Finding is a mistake at a line of a script.
type Finding struct {
	File    string
	Line    int
	Message string
}

// String formats the finding as "story.lua:3: message".
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message) }

// Check returns the mistakes in text, sorted by line. A syntax error is the only finding. globals are the
// names that exist besides those of the index.
func Check(file, text string, index *describe.Index, globals []string) []Finding {
	stmts, serr := syntax.Parse(file, text)
	if serr != nil {
		return []Finding{{file, serr.Line, serr.Message}}
	}
	c := &checker{file: file, index: index, known: map[string]bool{}, assigned: map[string]bool{}}
	for _, name := range globals {
		c.known[name] = true
	}
	c.block(stmts, nil) // learns which names are assigned
	c.found, c.learned = nil, true
	c.block(stmts, nil)
	slices.SortFunc(c.found, func(a, b Finding) int {
		return cmp.Or(a.Line-b.Line, strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(c.found)
}

// A checker walks over a script twice: first to learn what is assigned, then to find mistakes.
type checker struct {
	file     string
	index    *describe.Index
	known    map[string]bool // globals that exist
	assigned map[string]bool // variables that an assignment changes
	learned  bool
	scope    *scope
	found    []Finding
}

// A scope holds the local variables of a block.
type scope struct {
	types map[string]describe.Type
	outer *scope
}

// A value is what is known of an expression: its type, and for a function its description. The zero value
// says nothing.
type value struct {
	typ describe.Type
	fn  *describe.Func
}

// report adds a finding.
func (c *checker) report(line int, format string, args ...any) {
	c.found = append(c.found, Finding{c.file, line, fmt.Sprintf(format, args...)})
}

// block checks statements in a scope of their own, with some variables in it already.
func (c *checker) block(stmts []ast.Stmt, vars map[string]describe.Type) {
	c.scope = &scope{types: map[string]describe.Type{}, outer: c.scope}
	for name, typ := range vars {
		c.declare(name, typ)
	}
	for _, s := range stmts {
		c.stmt(s)
	}
	c.scope = c.scope.outer
}

// declare adds a local variable. If something assigns to a variable of that name, its type is unknown.
func (c *checker) declare(name string, typ describe.Type) {
	if c.assigned[name] {
		typ = describe.Type{}
	}
	c.scope.types[name] = typ
}

// local returns the type of a local variable.
func (c *checker) local(name string) (describe.Type, bool) {
	for s := c.scope; s != nil; s = s.outer {
		if t, ok := s.types[name]; ok {
			return t, true
		}
	}
	return describe.Type{}, false
}

// stmt checks one statement.
func (c *checker) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.LocalAssignStmt:
		c.localAssign(s)
	case *ast.AssignStmt:
		c.exprs(s.Rhs)
		for _, target := range s.Lhs {
			c.assign(target)
		}
	case *ast.FuncCallStmt:
		c.expr(s.Expr)
	case *ast.DoBlockStmt:
		c.block(s.Stmts, nil)
	case *ast.WhileStmt:
		c.expr(s.Condition)
		c.block(s.Stmts, nil)
	case *ast.RepeatStmt:
		c.block(append(slices.Clone(s.Stmts), &ast.FuncCallStmt{Expr: s.Condition}), nil)
	case *ast.IfStmt:
		c.expr(s.Condition)
		c.block(s.Then, nil)
		c.block(s.Else, nil)
	case *ast.NumberForStmt:
		c.exprs([]ast.Expr{s.Init, s.Limit})
		if s.Step != nil {
			c.expr(s.Step)
		}
		c.block(s.Stmts, map[string]describe.Type{s.Name: describe.Number})
	case *ast.GenericForStmt:
		c.block(s.Stmts, c.loopVars(s))
	case *ast.FuncDefStmt:
		c.funcDef(s)
	case *ast.ReturnStmt:
		c.exprs(s.Exprs)
	}
}

// localAssign declares local variables with the types of their values.
func (c *checker) localAssign(s *ast.LocalAssignStmt) {
	if f, ok := only[*ast.FunctionExpr](s.Exprs); ok && len(s.Names) == 1 { // local function f
		c.declare(s.Names[0], describe.Type{})
		c.function(f, nil)
		return
	}
	values := c.exprs(s.Exprs)
	for i, name := range s.Names {
		var typ describe.Type
		if i < len(values) {
			typ = values[i].typ
		}
		c.declare(name, typ)
	}
}

// only returns the single expression of a list if it is of type T.
func only[T ast.Expr](exprs []ast.Expr) (e T, ok bool) {
	if len(exprs) == 1 {
		e, ok = exprs[0].(T)
	}
	return e, ok
}

// assign checks the target of an assignment.
func (c *checker) assign(target ast.Expr) {
	switch target := target.(type) {
	case *ast.IdentExpr:
		c.assigned[target.Value] = true
	case *ast.AttrGetExpr:
		object := c.expr(target.Object).typ
		key, ok := target.Key.(*ast.StringExpr)
		if !ok {
			c.expr(target.Key)
			return
		}
		if object.Kind != describe.KindClass {
			return
		}
		m := c.index.Member(object.Name, key.Value)
		switch {
		case m == nil:
			c.missing(target.Line(), object, key.Value)
		case m.Field != nil && !m.Field.Writable && m.Field.Change != "":
			c.report(target.Line(), "field '%s' of %s cannot be set; fix: %s", key.Value,
				object.Name, m.Field.Change)
		case m.Field == nil || !m.Field.Writable:
			c.report(target.Line(), "field '%s' of %s cannot be set", key.Value, object.Name)
		}
	}
}

// loopVars returns the variables of a generic for with their types.
func (c *checker) loopVars(s *ast.GenericForStmt) map[string]describe.Type {
	values := c.exprs(s.Exprs)
	vars := map[string]describe.Type{}
	for i, name := range s.Names {
		vars[name] = describe.Type{}
		if len(values) > 0 && values[0].typ.Kind == describe.KindFunc && i < len(values[0].typ.Results) {
			vars[name] = plain(values[0].typ.Results[i].Type)
		}
	}
	return vars
}

// funcDef checks function NAME(...) and function NAME:METHOD(...).
func (c *checker) funcDef(s *ast.FuncDefStmt) {
	var self map[string]describe.Type
	switch {
	case s.Name.Receiver != nil:
		c.expr(s.Name.Receiver)
		self = map[string]describe.Type{"self": {}}
	default:
		c.assign(s.Name.Func)
	}
	c.scope = &scope{types: self, outer: c.scope}
	c.function(s.Func, nil)
	c.scope = c.scope.outer
}

// function checks the body of a function. params describes its parameters where they are known.
func (c *checker) function(f *ast.FunctionExpr, params []describe.Param) {
	vars := map[string]describe.Type{}
	for i, name := range f.ParList.Names {
		vars[name] = describe.Type{}
		if i < len(params) {
			vars[name] = plain(params[i].Type)
		}
	}
	c.block(f.Stmts, vars)
}

// exprs checks expressions and returns their values. A call at the end gives all its results.
func (c *checker) exprs(list []ast.Expr) []value {
	var values []value
	for i, e := range list {
		v := c.expr(e)
		values = append(values, v)
		if call, ok := e.(*ast.FuncCallExpr); ok && i == len(list)-1 && v.fn != nil && !call.AdjustRet {
			for _, r := range v.fn.Results[min(1, len(v.fn.Results)):] {
				values = append(values, value{typ: plain(r.Type)})
			}
		}
		values[i].fn = nil
	}
	return values
}

// expr checks an expression and returns what is known of its value. That of a call has the function that was
// called.
func (c *checker) expr(e ast.Expr) value {
	switch e := e.(type) {
	case *ast.StringExpr:
		return value{typ: describe.String}
	case *ast.NumberExpr:
		return value{typ: describe.Number}
	case *ast.TrueExpr, *ast.FalseExpr:
		return value{typ: describe.Bool}
	case *ast.IdentExpr:
		return c.ident(e)
	case *ast.AttrGetExpr:
		object := c.expr(e.Object)
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return c.member(e.Line(), object.typ, key.Value)
		}
		c.expr(e.Key)
		return value{typ: plain(c.index.Element(object.typ))}
	case *ast.FuncCallExpr:
		return c.call(e)
	case *ast.FunctionExpr:
		c.function(e, nil)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			if f.Key != nil {
				c.expr(f.Key)
			}
			c.expr(f.Value)
		}
		return value{typ: describe.AnyTab}
	default:
		c.operation(e)
	}
	return value{}
}

// operation checks the operands of an operator.
func (c *checker) operation(e ast.Expr) {
	switch e := e.(type) {
	case *ast.LogicalOpExpr:
		c.expr(e.Lhs)
		c.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		x, y := c.expr(e.Lhs), c.expr(e.Rhs)
		if e.Operator == "==" || e.Operator == "~=" {
			c.comparison(e.Line(), x.typ, e.Rhs)
			c.comparison(e.Line(), y.typ, e.Lhs)
		}
	case *ast.StringConcatOpExpr:
		c.expr(e.Lhs)
		c.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		c.expr(e.Lhs)
		c.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		c.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		c.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		c.expr(e.Expr)
	}
}

// comparison reports a comparison of one of a few words with another text.
func (c *checker) comparison(line int, typ describe.Type, other ast.Expr) {
	text, ok := other.(*ast.StringExpr)
	if !ok || typ.Kind != describe.KindEnum || slices.Contains(typ.Strings(), text.Value) {
		return
	}
	c.report(line, "the value is never '%s'%s", text.Value, hint(text.Value, typ.Strings()))
}

// ident returns what is known of a variable.
func (c *checker) ident(e *ast.IdentExpr) value {
	if typ, ok := c.local(e.Value); ok {
		return value{typ: typ}
	}
	if c.assigned[e.Value] {
		return value{}
	}
	for _, entry := range c.index.Lookup(e.Value) {
		if entry.Path == e.Value && (entry.Kind == describe.IsModule || entry.Kind == describe.IsValue ||
			entry.Kind == describe.IsFunc) {
			return described(entry)
		}
	}
	if c.learned && !c.known[e.Value] {
		var names []string
		for name := range c.known {
			names = append(names, name)
		}
		slices.Sort(names)
		c.report(e.Line(), "undefined global '%s'%s", e.Value, hint(e.Value, names))
	}
	return value{}
}

// described returns the value of an entry.
func described(e *describe.Entry) value {
	if e.Func != nil {
		return value{fn: e.Func}
	}
	return value{typ: plain(e.Type)}
}

// plain returns the type of a value that is there: a union with nil, or of one type, without the rest.
func plain(t describe.Type) describe.Type {
	if t.Kind != describe.KindUnion {
		return t
	}
	some := slices.DeleteFunc(slices.Clone(t.Elem),
		func(e describe.Type) bool { return e.Kind == describe.KindNil })
	if len(some) == 1 {
		return some[0]
	}
	return t
}

// member returns the field or method of a value, and reports one that its type does not have.
func (c *checker) member(line int, typ describe.Type, name string) value {
	switch typ.Kind {
	case describe.KindClass, describe.KindRecord, describe.KindModule:
		if m := c.index.Member(typ.Name, name); m != nil {
			return described(m)
		}
		if !c.index.Loose(typ) {
			c.missing(line, typ, name)
		}
	case describe.KindMap:
		return value{typ: plain(typ.Elem[1])}
	}
	return value{}
}

// missing reports a name that a described type does not have.
func (c *checker) missing(line int, typ describe.Type, name string) {
	c.report(line, "%s has no '%s'%s", typ.Name, name, hint(name, c.members(typ.Name)))
}

// members returns the names of a class, table or module.
func (c *checker) members(owner string) []string {
	var names []string
	for _, m := range c.index.Members(owner) {
		names = append(names, m.Name)
	}
	return names
}

// hint suggests the nearest of some names.
func hint(name string, names []string) string {
	if n, ok := phrase.Nearest(name, names); ok {
		return fmt.Sprintf("; did you mean '%s'?", n)
	}
	if len(names) > 0 && len(names) <= 8 {
		return " (want " + strings.Join(names, ", ") + ")"
	}
	return ""
}
