// What the code of a block begins with. gopher-lua's compiler shortens a jump that leads to another jump,
// but takes the wrong one if that other jump comes before it: it goes anywhere (yuin/gopher-lua#540). So
// the code that a jump can lead back to, the head of a loop or what follows a label, must not begin with a
// jump.

package syntax

import "github.com/yuin/gopher-lua/ast"

// A start is what the code of a statement or condition begins with.
type start uint8

const (
	noCode start = iota
	plain        // an instruction that does not jump
	jumps        // a jump, perhaps
)

// pad returns a statement of one instruction, which does nothing.
func pad(old ast.PositionHolder) ast.Stmt {
	local := at(&ast.LocalAssignStmt{Names: []string{"(jump target)"}}, old)
	return at(&ast.DoBlockStmt{Stmts: []ast.Stmt{local}}, old)
}

// padded returns stmts with a pad before them if they may begin with a jump.
func padded(stmts []ast.Stmt) []ast.Stmt {
	if startOf(stmts) != jumps {
		return stmts
	}
	return append([]ast.Stmt{pad(stmts[0])}, stmts...)
}

func padFor(s *ast.GenericForStmt) { s.Stmts = padded(s.Stmts) }

// padWhile pads the body of an endless loop. If the condition may begin with a jump, the loop becomes
//
//	while true do
//	  if not condition then break end
//	  ...
//	end
func padWhile(s *ast.WhileStmt) {
	switch startOfCondition(s.Condition) {
	case noCode:
		s.Stmts = padded(s.Stmts)
	case jumps:
		leave := at(&ast.IfStmt{
			Condition: at(&ast.UnaryNotOpExpr{Expr: s.Condition}, s),
			Then:      []ast.Stmt{at(&ast.BreakStmt{}, s)},
		}, s)
		s.Condition = at(&ast.TrueExpr{}, s)
		s.Stmts = append([]ast.Stmt{pad(s), leave}, s.Stmts...)
	}
}

// padRepeat pads the body of a repeat. A loop that is nothing but a constant leads back to itself only.
func padRepeat(s *ast.RepeatStmt) {
	s.Stmts = padded(s.Stmts)
	if startOf(s.Stmts) == noCode && !isConstant(s.Condition) && startOfCondition(s.Condition) == jumps {
		s.Stmts = append([]ast.Stmt{pad(s)}, s.Stmts...)
	}
}

// padLabels pads what follows labels.
func padLabels(stmts []ast.Stmt) []ast.Stmt {
	for i, s := range stmts {
		if _, ok := s.(*ast.LabelStmt); !ok || startOf(stmts[i+1:]) != jumps {
			continue
		}
		if _, ok := stmts[i+1].(*ast.LabelStmt); ok {
			continue // the pad comes behind the last of them
		}
		rest := append([]ast.Stmt{pad(s)}, stmts[i+1:]...)
		return append(stmts[:i+1:i+1], padLabels(rest)...)
	}
	return stmts
}

func startOf(stmts []ast.Stmt) start {
	for _, s := range stmts {
		if st := startOfStmt(s); st != noCode {
			return st
		}
	}
	return noCode
}

// startOfStmt returns how the code of a statement begins. A statement without code, such as a label, leaves
// that to the next one.
func startOfStmt(stmt ast.Stmt) start {
	switch s := stmt.(type) {
	case *ast.LabelStmt:
		return noCode
	case *ast.BreakStmt:
		return jumps
	case *ast.DoBlockStmt:
		return startOf(s.Stmts)
	case *ast.IfStmt:
		return startOfIf(s)
	case *ast.WhileStmt:
		return startOfLoop(startOfCondition(s.Condition), s.Stmts)
	case *ast.RepeatStmt:
		if st := startOf(s.Stmts); st != noCode {
			return st
		}
		return max(plain, startOfLoop(startOfCondition(s.Condition), nil))
	case *ast.AssignStmt:
		return startOfExprs(append(s.Lhs[:len(s.Lhs):len(s.Lhs)], s.Rhs...)...)
	case *ast.LocalAssignStmt:
		return startOfExprs(s.Exprs...)
	case *ast.FuncCallStmt:
		return startOfExprs(s.Expr)
	case *ast.NumberForStmt:
		return startOfExprs(s.Init, s.Limit, s.Step)
	case *ast.GenericForStmt:
		return startOfExprs(s.Exprs...)
	case *ast.ReturnStmt:
		return startOfExprs(s.Exprs...)
	}
	return plain
}

// startOfLoop returns what a loop begins with whose condition comes first. Without any code it is one jump.
func startOfLoop(condition start, body []ast.Stmt) start {
	if condition != noCode {
		return condition
	}
	if st := startOf(body); st != noCode {
		return st
	}
	return jumps
}

func startOfIf(s *ast.IfStmt) start {
	if st := startOfCondition(s.Condition); st != noCode {
		return st
	}
	st := startOf(s.Then)
	if st == noCode && len(s.Else) > 0 {
		return jumps // behind the other branch
	}
	return st
}

func startOfCondition(e ast.Expr) start {
	switch e.(type) {
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return noCode
	}
	if beginsConstant(e) {
		return jumps
	}
	return startOfExprs(e)
}

// startOfExprs returns what the code of exprs begins with: a jump only if one of them has a logical
// operator whose left side begins with a constant.
func startOfExprs(exprs ...ast.Expr) start {
	for _, e := range exprs {
		if e != nil && decided(e) {
			return jumps
		}
	}
	return plain
}

// beginsConstant reports whether the first operand of a chain of logical operators is a constant, or becomes
// one (see fold).
func beginsConstant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.LogicalOpExpr:
		return beginsConstant(e.Lhs)
	case *ast.UnaryNotOpExpr:
		return beginsConstant(e.Expr)
	}
	_, folded := numeral(e)
	return folded || isConstant(e)
}

// decided reports whether a logical operator in e, outside of functions, begins with a constant.
func decided(expr ast.Expr) bool {
	switch e := expr.(type) {
	case *ast.LogicalOpExpr:
		return beginsConstant(e.Lhs) || decided(e.Lhs) || decided(e.Rhs)
	case *ast.AttrGetExpr:
		return decided(e.Object) || decided(e.Key)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			if f.Key != nil && decided(f.Key) || decided(f.Value) {
				return true
			}
		}
	case *ast.FuncCallExpr:
		if e.Func != nil && decided(e.Func) || e.Receiver != nil && decided(e.Receiver) {
			return true
		}
		for _, a := range e.Args {
			if decided(a) {
				return true
			}
		}
	case *ast.RelationalOpExpr:
		return decided(e.Lhs) || decided(e.Rhs)
	case *ast.StringConcatOpExpr:
		return decided(e.Lhs) || decided(e.Rhs)
	case *ast.ArithmeticOpExpr:
		return decided(e.Lhs) || decided(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		return decided(e.Expr)
	case *ast.UnaryNotOpExpr:
		return decided(e.Expr)
	case *ast.UnaryLenOpExpr:
		return decided(e.Expr)
	}
	return false
}
