// The pass over the syntax tree between gopher-lua's parser and its compiler. It makes what the
// compiler would get wrong into what it gets right:
//
//   - integer literals of 2^53 and above become constants that each runtime fills with its own u64;
//   - comparisons with one of them become calls, because Lua 5.1 compares no number with a userdata;
//   - table constructors that are too long for the compiler are cut into pieces and joined;
//   - assignments to several variables happen at once, and not one after the other;
//   - a numeric for between u64s counts its turns, because the compiler's counts in floats;
//   - leading zeros and literals beyond the range of floats are spelt as the compiler reads them.
//
// It also bounds what the compiler does slowly, and notes where local variables live, which
// the compiler forgets.

package syntax

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Bounds on what one function may hold; the compiler's work grows with their squares.
const (
	maxConstants = 16_384
	maxLabels    = 1_000
	maxTreeDepth = maxChain + 2*MaxNesting
)

// Sizes at which table constructors are cut: the compiler stores items 50 at a time and has room
// for 511 such stores.
const (
	maxItems  = 20_000
	minData   = 256 // constants in a row that become data instead of code
	maxPieces = 40
)

// A Constant is left open by the compiler: each runtime puts its own value there. It is a u64, a plan for
// Join, or a function.
type Constant struct {
	Wide   uint64
	Plan   *Plan
	Helper Helper
	Op     string // of Compare and Assert: the operator
}

// A Helper is a function that compiled code calls and that a script never sees.
type Helper uint8

const (
	Compare Helper = iota + 1 // compares two values, one of which may be a u64
	Assert                    // compares two values and remembers them for assert
	Join                      // makes one table of the pieces of a long constructor, given a plan
	Loop                      // prepares the bounds of a loop; see (*rewriter).wideLoop
)

// A Plan lists the pieces of a table in order.
type Plan struct {
	Pieces []Piece
	Items  int // in all pieces of data
}

// A Piece is data, or a table of Count items that code makes (-1: as many as it has).
type Piece struct {
	Data  []Item
	Count int
}

// An Item is a constant in a table. Value is nil if it is a u64.
type Item struct {
	Value lua.LValue
	Wide  uint64
}

// funcInfo is what the compiler forgets about one function.
type funcInfo struct {
	locals   []localInfo
	children []*funcInfo

	active    int // locals in scope
	constants map[any]struct{}
	labels    int
	main      bool
}

type localInfo struct {
	name string
	reg  int
	last int // the last line of its scope, 0 for the whole function
}

type rewriter struct {
	open    []Constant
	index   map[Constant]int
	wide    map[ast.Expr]bool       // arithmetic with a wide literal
	markers map[*ast.StringExpr]int // the injection of each; they get their text when all strings are known
	strings map[string]bool         // strings of the program that begin like a marker
	prefix  string                  // of the markers
	fn      *funcInfo
	depth   int
}

// rewrite rewrites chunk in place.
func rewrite(chunk []ast.Stmt) (r *rewriter, err *Error) {
	r = &rewriter{index: map[Constant]int{}, wide: map[ast.Expr]bool{}, markers: map[*ast.StringExpr]int{}, strings: map[string]bool{}}
	r.fn = &funcInfo{constants: map[any]struct{}{}, main: true}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	r.block(chunk)
	prefix := markerPrefix
	for clash := true; clash; {
		clash = false
		for s := range r.strings {
			if strings.HasPrefix(s, prefix) {
				prefix, clash = prefix+"!", true
			}
		}
	}
	r.prefix = prefix
	for m, i := range r.markers {
		m.Value = prefix + strconv.Itoa(i)
	}
	return r, nil
}

// markerPrefix begins the strings that stand for injections until the program is linked.
const markerPrefix = "\x00vm:"

func (r *rewriter) fail(line int, format string, args ...any) {
	panic(&Error{Line: line, Message: fmt.Sprintf(format, args...)})
}

func (r *rewriter) enter(n ast.PositionHolder) {
	if r.depth++; r.depth > maxTreeDepth {
		r.fail(n.Line(), "expression or statement is nested too deep (more than %d)", maxTreeDepth)
	}
}

func (r *rewriter) constant(n ast.PositionHolder, v any) {
	if _, ok := r.fn.constants[v]; ok {
		return
	}
	if len(r.fn.constants) >= maxConstants {
		r.fail(n.Line(), "function has too many constants (more than %d); split it, or keep the data in a table constructor", maxConstants)
	}
	r.fn.constants[v] = struct{}{}
}

// local notes a variable in the order in which the compiler registers it.
func (r *rewriter) local(name string, last int) {
	r.fn.locals = append(r.fn.locals, localInfo{name: name, reg: r.fn.active, last: last})
	r.fn.active++
}

// scope runs body and ends the scope of what it declared.
func (r *rewriter) scope(last int, body func(last int)) {
	active := r.fn.active
	body(last)
	r.fn.active = active
}

func lastLine(stmts []ast.Stmt, otherwise int) int {
	if len(stmts) == 0 {
		return otherwise
	}
	s := stmts[len(stmts)-1]
	return max(s.Line(), s.LastLine())
}

func (r *rewriter) block(stmts []ast.Stmt) { r.stmts(stmts, 0) }

func (r *rewriter) stmts(stmts []ast.Stmt, last int) {
	for i, s := range stmts {
		switch x := s.(type) {
		case *ast.AssignStmt:
			s = simultaneous(x)
		case *ast.NumberForStmt:
			s = r.wideLoop(x)
		}
		stmts[i] = s
		r.stmt(s, last)
	}
}

func (r *rewriter) stmt(stmt ast.Stmt, last int) {
	r.enter(stmt)
	defer func() { r.depth-- }()
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		for i, e := range s.Lhs {
			s.Lhs[i] = r.expr(e)
		}
		r.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		if len(s.Names) == 1 && len(s.Exprs) == 1 {
			if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
				r.local(s.Names[0], last)
				r.exprs(s.Exprs)
				return
			}
		}
		r.exprs(s.Exprs)
		for _, name := range s.Names {
			r.local(name, last)
		}
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.scope(lastLine(s.Stmts, s.LastLine()), func(last int) { r.stmts(s.Stmts, last) })
	case *ast.WhileStmt:
		s.Condition = r.expr(s.Condition)
		r.scope(lastLine(s.Stmts, s.LastLine()), func(last int) { r.stmts(s.Stmts, last) })
	case *ast.RepeatStmt:
		r.scope(max(lastLine(s.Stmts, s.LastLine()), s.LastLine()), func(last int) {
			r.stmts(s.Stmts, last)
			s.Condition = r.expr(s.Condition)
		})
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		r.scope(lastLine(s.Then, s.Line()), func(last int) { r.stmts(s.Then, last) })
		r.scope(lastLine(s.Else, s.Line()), func(last int) { r.stmts(s.Else, last) })
	case *ast.NumberForStmt:
		r.scope(lastLine(s.Stmts, s.Line()), func(last int) {
			r.local("(for index)", last)
			s.Init = r.expr(s.Init)
			r.local("(for limit)", last)
			s.Limit = r.expr(s.Limit)
			r.local("(for step)", last)
			if s.Step != nil {
				s.Step = r.expr(s.Step)
			}
			r.local(s.Name, last)
			r.stmts(s.Stmts, last)
		})
	case *ast.GenericForStmt:
		threeValues(s)
		r.scope(lastLine(s.Stmts, s.Line()), func(last int) {
			r.local("(for generator)", last)
			r.local("(for state)", last)
			r.local("(for control)", last)
			r.exprs(s.Exprs)
			for _, name := range s.Names {
				r.local(name, last)
			}
			r.stmts(s.Stmts, last)
		})
	case *ast.FuncDefStmt:
		if s.Name.Func == nil {
			s.Name.Receiver = r.expr(s.Name.Receiver)
			r.constant(s, s.Name.Method)
			r.function(s.Func, true)
		} else {
			s.Name.Func = r.expr(s.Name.Func)
			r.function(s.Func, false)
		}
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	case *ast.LabelStmt, *ast.GotoStmt:
		if r.fn.labels++; r.fn.labels > maxLabels {
			r.fail(stmt.Line(), "function has too many labels and gotos (more than %d)", maxLabels)
		}
	}
}

func (r *rewriter) exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = r.expr(e)
	}
}

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
	r.block(f.Stmts)
	r.fn.constants = nil
	r.fn = outer
}

// at gives the new node e the place of old.
func at[E ast.PositionHolder](e E, old ast.PositionHolder) E {
	e.SetLine(old.Line())
	e.SetLastLine(old.LastLine())
	return e
}

func (r *rewriter) expr(expr ast.Expr) ast.Expr {
	r.enter(expr)
	defer func() { r.depth-- }()
	switch e := expr.(type) {
	case *ast.NumberExpr:
		return r.number(e)
	case *ast.StringExpr:
		if _, ok := r.markers[e]; ok {
			return e
		}
		if strings.HasPrefix(e.Value, markerPrefix) {
			r.strings[e.Value] = true
		}
		r.constant(e, e.Value)
	case *ast.IdentExpr:
		r.constant(e, e.Value)
	case *ast.AttrGetExpr:
		e.Object = r.expr(e.Object)
		e.Key = r.key(e.Key)
	case *ast.TableExpr:
		return r.table(e)
	case *ast.FuncCallExpr:
		if e.Func != nil {
			e.Func = r.expr(e.Func)
		} else {
			e.Receiver = r.expr(e.Receiver)
			r.constant(e, e.Method)
		}
		r.exprs(e.Args)
		r.assertion(e)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
		ordered := e.Operator != "==" && e.Operator != "~="
		if ordered && (r.isWide(e.Lhs) || r.isWide(e.Rhs)) {
			return r.call(e, Constant{Helper: Compare, Op: e.Operator}, e.Lhs, e.Rhs)
		}
	case *ast.StringConcatOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
		if r.isWide(e.Lhs) || r.isWide(e.Rhs) {
			r.wide[e] = true
		}
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
		if r.isWide(e.Expr) {
			r.wide[e] = true
		}
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e, false)
	}
	return expr
}

// assertion makes the comparison in assert(a == b) a call that remembers both sides.
func (r *rewriter) assertion(call *ast.FuncCallExpr) {
	name, ok := call.Func.(*ast.IdentExpr)
	if !ok || name.Value != "assert" && name.Value != "check" || len(call.Args) == 0 {
		return
	}
	e, ok := call.Args[0].(*ast.RelationalOpExpr)
	if !ok {
		return
	}
	call.Args[0] = r.call(e, Constant{Helper: Assert, Op: e.Operator}, e.Lhs, e.Rhs)
}

// call returns a call of a helper, at the place of old, which gives one value.
func (r *rewriter) call(old ast.PositionHolder, helper Constant, args ...ast.Expr) ast.Expr {
	return at(&ast.FuncCallExpr{Func: r.inject(old, helper), Args: args, AdjustRet: true}, old)
}

// number spells a literal as the compiler reads it, or injects it.
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

// key is an expression in the place of a table key. The compiler takes a string constant there
// for a field name, so a u64 goes in disguised as a number.
func (r *rewriter) key(e ast.Expr) ast.Expr {
	literal, ok := e.(*ast.NumberExpr)
	if !ok {
		return r.expr(e)
	}
	n, err := number.ParseLiteral(literal.Value)
	if err != nil || !n.Exact {
		return r.expr(e)
	}
	i := r.place(Constant{Wide: n.Wide})
	literal.Value = strconv.FormatFloat(keyMarker(i), 'g', -1, 64)
	r.constant(literal, keyMarker(i))
	return literal
}

// keyMarker is the number that stands for injection i.
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
	e := at(&ast.StringExpr{}, old)
	r.markers[e] = i
	r.constant(old, keyMarker(i))
	return e
}

// isWide reports whether e is a wide literal, or arithmetic with one.
func (r *rewriter) isWide(e ast.Expr) bool {
	if r.wide[e] {
		return true
	}
	s, ok := e.(*ast.StringExpr)
	if !ok {
		return false
	}
	i, ok := r.markers[s]
	return ok && r.open[i].Wide != 0
}

// table cuts a constructor that is too long for the compiler.
func (r *rewriter) table(t *ast.TableExpr) ast.Expr {
	pieces, plan := r.cut(t, true)
	if len(pieces) > maxPieces {
		pieces, plan = r.cut(t, false)
	}
	if plan == nil {
		r.fields(t.Fields)
		return t
	}
	args := []ast.Expr{r.inject(t, Constant{Plan: plan})}
	for _, p := range pieces {
		r.fields(p.Fields)
		args = append(args, p)
	}
	return r.call(t, Constant{Helper: Join}, args...)
}

func (r *rewriter) fields(fields []*ast.Field) {
	for _, f := range fields {
		if f.Key != nil {
			f.Key = r.key(f.Key)
		}
		f.Value = r.expr(f.Value)
	}
}

// cut divides a constructor into pieces of code and of data. There is no plan when it may stay whole.
func (r *rewriter) cut(t *ast.TableExpr, data bool) ([]*ast.TableExpr, *Plan) {
	if len(t.Fields) < minData {
		return nil, nil
	}
	var (
		pieces []*ast.TableExpr
		plan   = &Plan{}
		piece  *ast.TableExpr
		count  int
	)
	end := func(last bool) {
		if piece != nil {
			n := count
			if last {
				n = -1
			}
			plan.Pieces = append(plan.Pieces, Piece{Count: n})
			pieces = append(pieces, piece)
			piece, count = nil, 0
		}
	}
	for i := 0; i < len(t.Fields); {
		if data {
			items := constants(t.Fields[i:])
			if len(items) >= minData {
				end(false)
				plan.Pieces = append(plan.Pieces, Piece{Data: items})
				plan.Items += len(items)
				i += len(items)
				continue
			}
		}
		if piece == nil {
			piece = at(&ast.TableExpr{}, t)
		}
		f := t.Fields[i]
		piece.Fields = append(piece.Fields, f)
		i++
		if f.Key == nil {
			count++
		}
		if count == maxItems && i < len(t.Fields) {
			end(false)
		}
	}
	end(len(t.Fields) > 0 && openEnded(t.Fields[len(t.Fields)-1]))
	if len(plan.Pieces) == 1 && len(pieces) == 1 {
		return nil, nil
	}
	return pieces, plan
}

// openEnded says whether f is an item that may be any number of values.
func openEnded(f *ast.Field) bool {
	if f.Key != nil {
		return false
	}
	switch e := f.Value.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// constants are the items at the head of fields that are known now.
func constants(fields []*ast.Field) []Item {
	var items []Item
	for _, f := range fields {
		if f.Key != nil {
			break
		}
		var item Item
		switch e := f.Value.(type) {
		case *ast.NumberExpr:
			n, err := number.ParseLiteral(e.Value)
			if err != nil {
				return items
			}
			if item.Wide = n.Wide; !n.Exact {
				item.Value = lua.LNumber(n.Float)
			}
		case *ast.StringExpr:
			item.Value = lua.LString(e.Value)
		case *ast.TrueExpr:
			item.Value = lua.LTrue
		case *ast.FalseExpr:
			item.Value = lua.LFalse
		case *ast.NilExpr:
			item.Value = lua.LNil
		default:
			return items
		}
		items = append(items, item)
	}
	return items
}
