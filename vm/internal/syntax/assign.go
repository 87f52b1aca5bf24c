// Assignments to several variables, which gopher-lua's compiler performs one after the other, and the three
// values of a generic for, of which it loses some.

package syntax

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// simultaneous corrects assignments such as `a, b = b, a`. The compiler evaluates an expression straight into
// the local variable that it is for, so whatever is evaluated later sees the new value: the line above loses
// a. An assignment in which that makes a difference becomes
//
//	do
//	  local o, k, x, y = t, i, ...  -- tables and keys of the left side, then the right side
//	  o[k] = y                      -- a, t[i] = ..., last first as in lua5.1
//	  a = x
//	end
func simultaneous(s *ast.AssignStmt) ast.Stmt {
	if !dependent(s) {
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
