// Assignments that gopher-lua's compiler gets wrong: those to several variables, which it performs one
// after the other, and those whose value or table it loses; and the three values of a generic for, of which
// it loses some.

package syntax

import (
	"slices"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// assign corrects an assignment. The compiler evaluates an expression straight into the local variable that
// it is for. So whatever is evaluated later sees the new value, as in `a, b = b, a`; some values are left
// in another register (see loses); and a call in parentheses overwrites the last parameter before its
// arguments are evaluated. A constant that is indexed it takes for the number of a register. Such an
// assignment becomes
//
//	do
//	  local o, k, x, y = t, i, ...  -- tables and keys of the left side, then the right side
//	  o[k] = y                      -- a, t[i] = ..., last first as in lua5.1
//	  a = x
//	end
func (r *rewriter) assign(s *ast.AssignStmt) ast.Stmt {
	if !dependent(s) && !r.misplaced(s) && !slices.ContainsFunc(s.Lhs, indexesConstant) {
		return s
	}
	local := at(&ast.LocalAssignStmt{}, s)
	keep := func(exprs ...ast.Expr) ast.Expr {
		name := "(assignment " + strconv.Itoa(len(local.Names)+1) + ")"
		local.Names = append(local.Names, name)
		local.Exprs = append(local.Exprs, exprs...)
		return at(&ast.IdentExpr{Value: name}, s)
	}
	left := make([]ast.Expr, len(s.Lhs))
	for i, e := range s.Lhs {
		left[i] = e
		if x, ok := e.(*ast.AttrGetExpr); ok {
			y := at(&ast.AttrGetExpr{Object: keep(x.Object), Key: x.Key}, x)
			if !isConstant(x.Key) {
				y.Key = keep(x.Key)
			}
			left[i] = y
		}
	}
	block := at(&ast.DoBlockStmt{}, s)
	block.Stmts = make([]ast.Stmt, 1+len(left))
	block.Stmts[0] = local
	for i := range left {
		block.Stmts[len(left)-i] = at(&ast.AssignStmt{Lhs: left[i : i+1], Rhs: []ast.Expr{keep()}}, s)
	}
	local.Exprs = append(local.Exprs, s.Rhs...)
	return block
}

// dependent reports whether the order of an assignment's parts may matter: if it sets several targets, one
// of them a variable, and an expression, table or key may depend on that variable.
func dependent(s *ast.AssignStmt) bool {
	named, plain := false, len(s.Rhs) >= len(s.Lhs)
	for _, e := range s.Lhs {
		if _, ok := e.(*ast.IdentExpr); ok {
			named = true
		} else {
			plain = false
		}
	}
	for _, e := range s.Rhs {
		plain = plain && isConstant(e)
	}
	return len(s.Lhs) > 1 && named && !plain
}

// single makes a call the only value of a single target. One variable takes one value anyway, and a call
// that is adjusted to one value overwrites the last parameter before its arguments are evaluated.
func single(s *ast.AssignStmt) {
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		if call, ok := s.Rhs[0].(*ast.FuncCallExpr); ok {
			call.AdjustRet = false
		}
	}
}

// misplaced reports whether the compiler may lose the value of the only variable that s sets: if that is a
// local variable, and its value a logical expression or not the only one.
func (r *rewriter) misplaced(s *ast.AssignStmt) bool {
	name, ok := s.Lhs[0].(*ast.IdentExpr)
	if !ok || len(s.Lhs) > 1 || !r.fn.has(name.Value) {
		return false
	}
	return len(s.Rhs) > 1 || r.loses(s.Rhs[0], true, true, false)
}

// loses reports whether the compiler leaves the value of a logical expression e in the wrong register when
// e is assigned to a local variable: if a part of it that is the left side of an and, and that is neither a
// constant, a comparison nor a local variable, may be the result because it is false.
//
// whenFalse and whenTrue report that e ends the whole expression if it is false, or true; or that e is the
// left side of an or.
func (r *rewriter) loses(expr ast.Expr, whenFalse, whenTrue, or bool) bool {
	switch e := expr.(type) {
	case *ast.LogicalOpExpr:
		if e.Operator == "and" {
			return r.loses(e.Lhs, whenFalse, false, false) || r.loses(e.Rhs, whenFalse, whenTrue, or)
		}
		return r.loses(e.Lhs, false, whenTrue, true) || r.loses(e.Rhs, whenFalse, whenTrue, or)
	case *ast.TableExpr, *ast.FunctionExpr:
		return false
	case *ast.RelationalOpExpr: // becomes a call if it has a wide literal
		if !isWideLiteral(e.Lhs) && !isWideLiteral(e.Rhs) {
			return false
		}
	case *ast.IdentExpr:
		if r.fn.has(e.Value) {
			return false
		}
	}
	return whenFalse && !whenTrue && !or && !isConstant(expr)
}

// indexesConstant reports whether a target is a field of a constant, or of an operation that the compiler
// may make one of.
func indexesConstant(e ast.Expr) bool {
	x, ok := e.(*ast.AttrGetExpr)
	if !ok {
		return false
	}
	switch x.Object.(type) {
	case *ast.NumberExpr, *ast.StringExpr, *ast.ArithmeticOpExpr, *ast.UnaryMinusOpExpr:
		return true
	}
	return false
}

// isConstant reports whether an expression is the same whenever it is evaluated.
func isConstant(e ast.Expr) bool {
	_, ok := constant(e)
	return ok
}

// threeValues completes the three values that a generic for needs. The compiler sets as many as there are
// expressions or loop variables and leaves the others as the registers were: `for k in next, t` began
// anywhere.
func threeValues(s *ast.GenericForStmt) {
	const values = 3
	n := len(s.Exprs)
	if n > values {
		return
	}
	last := s.Exprs[n-1]
	if !hasResults(last) {
		for ; n < values; n++ {
			s.Exprs = append(s.Exprs, at(&ast.NilExpr{}, last))
		}
		return
	}
	// The compiler adjusts the results of a call to the remaining values only if it is the expression of a
	// variable.
	for len(s.Names) < n {
		s.Names = append(s.Names, "(for nothing)")
	}
}

// hasResults reports whether an expression may have several values, or none.
func hasResults(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}
