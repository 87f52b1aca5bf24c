// Numeric for loops whose bounds may be u64s.

package syntax

import (
	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/yuin/gopher-lua/ast"
)

// wideLoop rewrites a numeric for whose bounds may be u64s so that it counts its iterations:
//
//	for v = a, b, c do ... end
//
// becomes
//
//	do
//	  local value, i, n, s = prepare(a, b, c)
//	  for turn = i, n, s do
//	    local v = turn
//	    if value then v = value(turn) end
//	    ...
//	  end
//	end
//
// prepare returns plain numbers unchanged, and nil for value. A loop that begins or ends at a plain literal
// is left alone: over u64s it would end at once or not in a lifetime.
func (r *rewriter) wideLoop(s *ast.NumberForStmt) ast.Stmt {
	const value, init, limit, by, turn = "(for value)", "(for first)", "(for last)", "(for by)", "(for turn)"
	if s.Name == turn {
		return s // made here
	}
	wide := isWideLiteral(s.Init) || isWideLiteral(s.Limit) || isWideLiteral(s.Step)
	if !wide && (isPlainBound(s.Init) || isPlainBound(s.Limit)) {
		return s
	}
	name := func(v string) ast.Expr { return at(&ast.IdentExpr{Value: v}, s) }
	step := s.Step
	if step == nil {
		step = at(&ast.NumberExpr{Value: "1"}, s)
	}
	prepare := at(&ast.FuncCallExpr{
		Func: r.inject(s, Constant{Helper: Loop}),
		Args: []ast.Expr{s.Init, s.Limit, step},
	}, s)
	convert := at(&ast.AssignStmt{
		Lhs: []ast.Expr{name(s.Name)},
		Rhs: []ast.Expr{at(&ast.FuncCallExpr{
			Func:      name(value),
			Args:      []ast.Expr{name(turn)},
			AdjustRet: true,
		}, s)},
	}, s)
	body := []ast.Stmt{
		at(&ast.LocalAssignStmt{Names: []string{s.Name}, Exprs: []ast.Expr{name(turn)}}, s),
		at(&ast.IfStmt{Condition: name(value), Then: []ast.Stmt{convert}}, s),
	}
	s.Name, s.Init, s.Limit, s.Step = turn, name(init), name(limit), name(by)
	s.Stmts = append(body, s.Stmts...)
	bounds := at(&ast.LocalAssignStmt{
		Names: []string{value, init, limit, by},
		Exprs: []ast.Expr{prepare},
	}, s)
	return at(&ast.DoBlockStmt{Stmts: []ast.Stmt{bounds, s}}, s)
}

// isWideLiteral reports whether e is, or calculates with, an integer literal of 2^53 or above.
func isWideLiteral(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NumberExpr:
		n, err := number.ParseLiteral(e.Value)
		return err == nil && n.Exact
	case *ast.UnaryMinusOpExpr:
		return isWideLiteral(e.Expr)
	case *ast.ArithmeticOpExpr:
		return isWideLiteral(e.Lhs) || isWideLiteral(e.Rhs)
	}
	return false
}

// isPlainBound reports whether e is a number below 2^53 for certain: a literal, or a length.
func isPlainBound(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NumberExpr:
		return !isWideLiteral(e)
	case *ast.UnaryMinusOpExpr:
		return isPlainBound(e.Expr)
	case *ast.UnaryLenOpExpr:
		return true
	}
	return false
}
