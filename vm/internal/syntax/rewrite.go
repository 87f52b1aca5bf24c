// The pass over the syntax tree between gopher-lua's parser and its compiler. It replaces what the compiler
// would get wrong:
//
//   - integer literals of 2^53 and above become constants that each runtime fills with its own u64;
//   - comparisons with one of them become calls, because Lua 5.1 cannot compare a number with a userdata;
//   - table constructors that are too long for the compiler are cut into pieces and joined;
//   - assignments to several variables happen at once instead of one after the other;
//   - assignments whose value the compiler would lose go through a variable of their own (logical.go);
//   - loops and labels that begin with a jump get an instruction before it (head.go);
//   - break and goto close the variables that closures have captured, and no others (jump.go);
//   - leading zeros and literals beyond the range of floats are written as the compiler reads them, and so
//     are the constant -0 and remainders of constants.
//
// It also bounds what the compiler does slowly, and notes the registers of local variables, which the
// compiler forgets.

package syntax

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/yuin/gopher-lua/ast"
)

// Bounds on what one function may hold; the compiler's work grows with their squares.
const (
	maxConstants = 16_384
	maxLabels    = 1_000
	maxTreeDepth = maxChain + 2*MaxNesting
)

// A funcInfo holds what the compiler forgets about one function, and what is counted in it.
type funcInfo struct {
	locals   []localInfo
	children []*funcInfo

	names     []string // of the locals in scope
	constants map[any]struct{}
	labels    int
	block     *block
	loop      *loop
}

// active returns the number of locals in scope.
func (f *funcInfo) active() int { return len(f.names) }

// has reports whether name is a local variable of this function that is in scope.
func (f *funcInfo) has(name string) bool { return slices.Contains(f.names, name) }

type localInfo struct {
	name string
	reg  int
	last int // the last line of its scope, 0 for the whole function
}

// A rewriter walks over the syntax tree of one chunk. A constant that is left open is a string in the tree,
// its marker, until the chunk is linked. So is a string of the program that looks like a marker.
type rewriter struct {
	open     []Constant
	index    map[Constant]int        // of open
	markers  map[*ast.StringExpr]int // the open constant of each marker
	wide     map[ast.Expr]bool       // wide literals and arithmetic with them
	compares map[ast.Expr]string     // the operators of calls of Compare
	fn       *funcInfo
	jumps    []*jump
	idents   map[string]int // how often each name was read or written so far
	depth    int
}

const markerPrefix = "\x00vm:"

// rewrite returns chunk as the compiler is to see it. It changes the tree in place.
func rewrite(chunk []ast.Stmt) (out []ast.Stmt, r *rewriter, err *Error) {
	r = &rewriter{
		index:    map[Constant]int{},
		markers:  map[*ast.StringExpr]int{},
		wide:     map[ast.Expr]bool{},
		compares: map[ast.Expr]string{},
		fn:       &funcInfo{constants: map[any]struct{}{}},
		idents:   map[string]int{},
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	return r.body(chunk), r, nil
}

// fail ends the rewriting with an error.
func (r *rewriter) fail(line int, format string, args ...any) {
	panic(&Error{Line: line, Message: fmt.Sprintf(format, args...)})
}

func (r *rewriter) enter(n ast.PositionHolder) {
	if r.depth++; r.depth > maxTreeDepth {
		r.fail(n.Line(), "expression or statement is nested too deep (more than %d)", maxTreeDepth)
	}
}

// constant counts a constant of the current function.
func (r *rewriter) constant(n ast.PositionHolder, v any) {
	if _, ok := r.fn.constants[v]; ok {
		return
	}
	if len(r.fn.constants) >= maxConstants {
		r.fail(n.Line(), "function has too many constants (more than %d); "+
			"split it, or keep the data in a table constructor", maxConstants)
	}
	r.fn.constants[v] = struct{}{}
}

// local notes a variable, in the order in which the compiler registers them.
func (r *rewriter) local(name string, last int) {
	r.fn.locals = append(r.fn.locals, localInfo{name: name, reg: r.fn.active(), last: last})
	r.fn.names = append(r.fn.names, name)
}

// lastLine returns the last line of stmts, or otherwise if stmts is empty.
func lastLine(stmts []ast.Stmt, otherwise int) int {
	if len(stmts) == 0 {
		return otherwise
	}
	s := stmts[len(stmts)-1]
	return max(s.Line(), s.LastLine())
}

// within rewrites the statements of a block, which ends at line otherwise if it is empty. names are the
// variables of a loop.
func (r *rewriter) within(stmts []ast.Stmt, otherwise int, names ...string) []ast.Stmt {
	defer r.enterBlock()()
	last := lastLine(stmts, otherwise)
	for _, name := range names {
		r.local(name, last)
	}
	return r.stmts(stmts, last, false)
}

// body rewrites the statements of a function.
func (r *rewriter) body(stmts []ast.Stmt) []ast.Stmt {
	defer r.enterBlock()()
	return r.stmts(stmts, 0, false)
}

// stmts rewrites the statements of a block, whose variables are in scope up to line last (0: to the end of
// the function). follows reports that a condition in the same scope follows.
func (r *rewriter) stmts(stmts []ast.Stmt, last int, follows bool) []ast.Stmt {
	stmts = padLabels(stmts)
	for i, s := range stmts {
		switch x := s.(type) {
		case *ast.AssignStmt:
			s = r.assign(x)
		case *ast.BreakStmt:
			s = r.leaveLoop(x)
		case *ast.LabelStmt:
			r.label(x, !follows && onlyLabels(stmts[i:]))
		}
		stmts[i] = r.stmt(s, last)
	}
	return stmts
}

// stmt rewrites what a statement consists of, in the order in which the compiler visits it, so that
// variables are noted in the compiler's order. It returns what the compiler is to see in the place of the
// statement.
func (r *rewriter) stmt(stmt ast.Stmt, last int) ast.Stmt {
	r.enter(stmt)
	defer func() { r.depth-- }()
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		r.exprs(s.Lhs)
		r.exprs(s.Rhs)
		single(s)
	case *ast.LocalAssignStmt:
		r.localAssign(s, last)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		s.Stmts = r.within(s.Stmts, s.LastLine())
	case *ast.WhileStmt:
		return r.while(s)
	case *ast.RepeatStmt:
		return r.repeat(s)
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		s.Then = r.within(s.Then, s.Line())
		s.Else = r.within(s.Else, s.Line())
	case *ast.NumberForStmt:
		return r.numberFor(s)
	case *ast.GenericForStmt:
		return r.genericFor(s)
	case *ast.FuncDefStmt:
		r.funcDef(s)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	case *ast.LabelStmt:
		r.countLabel(s)
	case *ast.GotoStmt:
		r.jump(s)
	}
	return stmt
}

// countLabel counts a label or goto of the program.
func (r *rewriter) countLabel(s ast.Stmt) {
	if r.fn.labels++; r.fn.labels > maxLabels {
		r.fail(s.Line(), "function has too many labels and gotos (more than %d)", maxLabels)
	}
}

// localAssign rewrites a local statement. The parser makes the same tree of `local function f` and
// `local f = function`, and the compiler takes both for the first, in which f is in scope in its own body.
// Only the first has a last line. The second gets another value if its body uses the name.
func (r *rewriter) localAssign(s *ast.LocalAssignStmt, last int) {
	before := 0
	if len(s.Names) > 0 {
		before = r.idents[s.Names[0]]
	}
	r.exprs(s.Exprs)
	if len(s.Names) == 1 && len(s.Exprs) == 1 && s.LastLine() == 0 {
		_, single := s.Exprs[0].(*ast.FunctionExpr)
		if single && r.idents[s.Names[0]] > before {
			s.Exprs = append(s.Exprs, at(&ast.NilExpr{}, s))
		}
	}
	for _, name := range s.Names {
		r.local(name, last)
	}
}

func (r *rewriter) while(s *ast.WhileStmt) ast.Stmt {
	padWhile(s)
	s.Condition = r.expr(s.Condition)
	return r.inLoop(s, func() { s.Stmts = r.within(s.Stmts, s.LastLine()) })
}

// repeat rewrites a repeat statement, whose condition is in the scope of the block.
func (r *rewriter) repeat(s *ast.RepeatStmt) ast.Stmt {
	padRepeat(s)
	return r.inLoop(s, func() {
		defer r.enterBlock()()
		s.Stmts = r.stmts(s.Stmts, max(lastLine(s.Stmts, 0), s.LastLine()), true)
		s.Condition = r.expr(s.Condition)
	})
}

func (r *rewriter) numberFor(s *ast.NumberForStmt) ast.Stmt {
	s.Init, s.Limit = r.expr(s.Init), r.expr(s.Limit)
	if s.Step != nil {
		s.Step = r.expr(s.Step)
	}
	return r.inLoop(s, func() {
		s.Stmts = r.within(s.Stmts, s.Line(), "(for index)", "(for limit)", "(for step)", s.Name)
	})
}

func (r *rewriter) genericFor(s *ast.GenericForStmt) ast.Stmt {
	threeValues(s)
	padFor(s)
	r.exprs(s.Exprs)
	names := append([]string{"(for generator)", "(for state)", "(for control)"}, s.Names...)
	return r.inLoop(s, func() { s.Stmts = r.within(s.Stmts, s.Line(), names...) })
}

func (r *rewriter) funcDef(s *ast.FuncDefStmt) {
	method := s.Name.Func == nil
	if method {
		s.Name.Receiver = r.expr(s.Name.Receiver)
		r.constant(s, s.Name.Method)
	} else {
		s.Name.Func = r.expr(s.Name.Func)
	}
	r.function(s.Func, method)
}

// function rewrites the body of f with a funcInfo of its own.
func (r *rewriter) function(f *ast.FunctionExpr, method bool) {
	outer := r.fn
	r.fn = &funcInfo{constants: map[any]struct{}{}}
	outer.children = append(outer.children, r.fn)
	if method {
		r.local("self", 0)
	}
	for _, name := range f.ParList.Names {
		r.local(name, 0)
	}
	if f.ParList.HasVargs {
		r.local("arg", 0)
	}
	f.Stmts = r.body(f.Stmts)
	r.fn.constants = nil
	r.fn = outer
}

func (r *rewriter) exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = r.expr(e)
	}
}

// at sets the position of the new node e to that of old and returns e.
func at[E ast.PositionHolder](e E, old ast.PositionHolder) E {
	e.SetLine(old.Line())
	e.SetLastLine(old.LastLine())
	return e
}

// expr returns what the compiler is to see in the place of expr.
func (r *rewriter) expr(expr ast.Expr) ast.Expr {
	r.enter(expr)
	defer func() { r.depth-- }()
	switch e := expr.(type) {
	case *ast.NumberExpr:
		return r.number(e)
	case *ast.StringExpr:
		return r.text(e)
	case *ast.IdentExpr:
		r.idents[e.Value]++
		r.constant(e, e.Value)
	case *ast.AttrGetExpr:
		e.Object = r.expr(e.Object)
		e.Key = r.key(e.Key)
	case *ast.TableExpr:
		return r.table(e)
	case *ast.FuncCallExpr:
		r.funcCall(e)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		return r.relation(e)
	case *ast.StringConcatOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
		r.wide[e] = r.wide[e.Lhs] || r.wide[e.Rhs]
		return r.fold(e)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
		r.wide[e] = r.wide[e.Expr]
		return r.fold(e)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e, false)
	}
	return expr
}

// fold replaces two constants that the compiler calculates in another way: a remainder, and -0, which it
// takes for the constant 0.
func (r *rewriter) fold(e ast.Expr) ast.Expr {
	f, ok := numeral(e)
	if ok && f == 0 && math.Signbit(f) {
		return r.inject(e, Constant{MinusZero: true})
	}
	if op, is := e.(*ast.ArithmeticOpExpr); ok && is && op.Operator == "%" {
		return at(&ast.NumberExpr{Value: strconv.FormatFloat(f, 'g', -1, 64)}, e)
	}
	return e
}

// numeral returns the value of a constant that the compiler calculates.
func numeral(expr ast.Expr) (float64, bool) {
	switch e := expr.(type) {
	case *ast.NumberExpr:
		f, err := strconv.ParseFloat(e.Value, 64)
		return f, err == nil
	case *ast.UnaryMinusOpExpr:
		f, ok := numeral(e.Expr)
		return -f, ok
	case *ast.ArithmeticOpExpr:
		x, ok := numeral(e.Lhs)
		y, ok2 := numeral(e.Rhs)
		switch e.Operator {
		case "%":
			return number.Mod(x, y), ok && ok2
		case "+":
			return x + y, ok && ok2
		case "-":
			return x - y, ok && ok2
		case "*":
			return x * y, ok && ok2
		case "/":
			return x / y, ok && ok2
		case "^":
			return math.Pow(x, y), ok && ok2
		}
	}
	return 0, false
}

func (r *rewriter) text(e *ast.StringExpr) ast.Expr {
	if _, ok := r.markers[e]; ok {
		return e
	}
	if strings.HasPrefix(e.Value, markerPrefix) {
		return r.inject(e, Constant{Text: e.Value})
	}
	r.constant(e, e.Value)
	return e
}

func (r *rewriter) funcCall(e *ast.FuncCallExpr) {
	if e.Func != nil {
		e.Func = r.expr(e.Func)
	} else {
		e.Receiver = r.expr(e.Receiver)
		r.constant(e, e.Method)
	}
	r.exprs(e.Args)
	r.assertion(e)
}

// relation replaces an ordered comparison with a wide expression by a call. A wide literal the interpreter
// compares itself, as long as it is sure to be an operand of the instruction.
func (r *rewriter) relation(e *ast.RelationalOpExpr) ast.Expr {
	e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	if !r.ordersWide(e) || len(r.fn.constants) < maxOperands && (r.literal(e.Lhs) || r.literal(e.Rhs)) {
		return e
	}
	c := r.call(e, Constant{Helper: Compare, Op: e.Operator}, e.Lhs, e.Rhs)
	r.compares[c] = e.Operator
	return c
}

// maxOperands is a number of constants of which each can be an operand of an instruction, with some to spare.
const maxOperands = 200

// literal reports whether e is a wide literal.
func (r *rewriter) literal(e ast.Expr) bool {
	s, ok := e.(*ast.StringExpr)
	return ok && r.wide[s]
}

// ordersWide reports whether e is an ordered comparison with a wide expression.
func (r *rewriter) ordersWide(e *ast.RelationalOpExpr) bool {
	return e.Operator != "==" && e.Operator != "~=" && (r.wide[e.Lhs] || r.wide[e.Rhs])
}

// assertion replaces the comparisons in assert(a == b) or check(a and b == c) by calls that remember both
// sides.
func (r *rewriter) assertion(call *ast.FuncCallExpr) {
	name, ok := call.Func.(*ast.IdentExpr)
	if !ok || name.Value != "assert" && name.Value != "check" || len(call.Args) == 0 {
		return
	}
	call.Args[0] = r.remembering(call.Args[0])
}

// remembering returns a condition with its comparisons replaced, also those below and, or and not.
func (r *rewriter) remembering(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.RelationalOpExpr:
		helper := Constant{Helper: Assert, Op: e.Operator}
		if r.ordersWide(e) {
			helper.Helper = AssertWide
		}
		return r.call(e, helper, e.Lhs, e.Rhs)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.remembering(e.Lhs), r.remembering(e.Rhs)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.remembering(e.Expr)
	case *ast.FuncCallExpr:
		if op := r.compares[e]; op != "" {
			return r.call(e, Constant{Helper: AssertWide, Op: op}, e.Args...)
		}
	}
	return e
}

// call returns a call of a helper, at the place of old, which gives one value.
func (r *rewriter) call(old ast.PositionHolder, helper Constant, args ...ast.Expr) ast.Expr {
	return at(&ast.FuncCallExpr{Func: r.inject(old, helper), Args: args, AdjustRet: true}, old)
}

// number writes a literal as the compiler reads it, or leaves it open.
func (r *rewriter) number(e *ast.NumberExpr) ast.Expr {
	n, err := number.ParseLiteral(e.Value)
	if err != nil {
		r.fail(e.Line(), "malformed number near '%s'", e.Value)
	}
	if n.Exact {
		return r.inject(e, Constant{Wide: n.Wide})
	}
	e.Value = strconv.FormatFloat(n.Float, 'g', -1, 64)
	if math.IsInf(n.Float, 0) {
		e.Value = "Inf"
	}
	r.constant(e, n.Float)
	return e
}

// key rewrites an expression that is a table key. The compiler takes a string constant there for a field
// name, so an open constant is marked with a number.
func (r *rewriter) key(e ast.Expr) ast.Expr {
	e = r.expr(e)
	if s, ok := e.(*ast.StringExpr); ok {
		if i, ok := r.markers[s]; ok {
			return at(&ast.NumberExpr{Value: strconv.FormatFloat(keyMarker(i), 'g', -1, 64)}, s)
		}
	}
	return e
}

// keyMarker returns the number that marks open constant i.
func keyMarker(i int) float64 { return math.Float64frombits(0x7fd5_55aa_5a00_0000 + uint64(i)) }

// place returns the index of the open constant c.
func (r *rewriter) place(c Constant) int {
	i, ok := r.index[c]
	if !ok {
		i = len(r.open)
		r.index[c] = i
		r.open = append(r.open, c)
	}
	return i
}

// inject returns an expression for the open constant c, at the place of old.
func (r *rewriter) inject(old ast.PositionHolder, c Constant) ast.Expr {
	i := r.place(c)
	e := at(&ast.StringExpr{Value: markerPrefix + strconv.Itoa(i)}, old)
	r.markers[e] = i
	r.wide[e] = c.Wide != 0
	r.constant(old, keyMarker(i))
	return e
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
