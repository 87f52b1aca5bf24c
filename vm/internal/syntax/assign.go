// Assignments to several variables, which gopher-lua's compiler performs one after the other, and the three values of a for
// loop, of which it forgets some.

package syntax

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// simultaneous makes `a, b = b, a` mean what it says. The compiler evaluates an expression straight into the local
// variable that it is for, so that what comes later on either side sees the new value: the line above loses a. What can
// tell the difference is cut into
//
//	do
//	  local o, k, x, y = t, i, ...  -- tables and keys of the left side, then the right side
//	  a, t[i] = ... becomes, last first as in lua5.1:
//	  o[k] = y
//	  a = x
//	end
func simultaneous(s *ast.AssignStmt) ast.Stmt {
	if len(s.Lhs) < 2 {
		return s
	}
	named, indexed, plain := false, false, len(s.Rhs) >= len(s.Lhs)
	for _, e := range s.Lhs {
		if _, ok := e.(*ast.IdentExpr); ok {
			named = true
		} else {
			indexed = true
		}
	}
	for _, e := range s.Rhs {
		plain = plain && isConstant(e)
	}
	if !named || plain && !indexed {
		return s
	}
	local := at(&ast.LocalAssignStmt{}, s)
	keep := func(e ast.Expr) ast.Expr {
		name := "(assignment " + strconv.Itoa(len(local.Names)+1) + ")"
		local.Names = append(local.Names, name)
		if e != nil {
			local.Exprs = append(local.Exprs, e)
		}
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
		assign := at(&ast.AssignStmt{Lhs: left[i : i+1], Rhs: []ast.Expr{keep(nil)}}, s)
		block.Stmts[len(left)-i] = assign
	}
	local.Exprs = append(local.Exprs, s.Rhs...)
	return block
}

// isConstant reports whether an expression is the same whenever it is evaluated.
func isConstant(e ast.Expr) bool {
	switch e.(type) {
	case *ast.NumberExpr, *ast.StringExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr:
		return true
	}
	return false
}

// threeValues gives a generic for the three values that it needs. The compiler writes as many as there are expressions or
// loop variables and leaves in the others what the registers held: `for k in next, t` began anywhere.
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
	// It fits the results of a call to the values that are left only if that is the expression of a variable.
	for len(s.Names) < n {
		s.Names = append(s.Names, "(for nothing)")
	}
}

// hasResults tells whether an expression may stand for several values, or none.
func hasResults(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}
