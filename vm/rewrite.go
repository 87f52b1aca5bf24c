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

package vm

import (
	"fmt"
	"math"
	"strconv"
	"strings"

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

// An injection is a constant that the compiler does not know: each runtime puts its own value there.
type injection struct {
	kind injectionKind
	wide uint64
	join *joinPlan
}

type injectionKind uint8

const (
	injectWide injectionKind = iota
	injectLT
	injectLE
	injectGT
	injectGE
	injectJoin     // the function that joins the pieces of a table
	injectLoop     // the function that counts a loop over u64s; see wideLoop
	injectAssertEQ // the functions that compare for assert; see assertSides
	injectAssertNE
	injectAssertLT
	injectAssertLE
	injectAssertGT
	injectAssertGE
	injectPlan // its first argument
)

// A joinPlan says what the pieces of a table are, in order.
type joinPlan struct {
	pieces []joinPiece
	items  int
}

// A joinPiece is data, or a table of count items that is made by code (-1: as many as there are).
type joinPiece struct {
	data  []dataItem
	count int
}

type dataItem struct {
	value lua.LValue // nil when it is a u64
	wide  uint64
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
	injected []injection
	index    map[any]int
	wide     map[ast.Expr]bool       // arithmetic with a wide literal
	markers  map[*ast.StringExpr]int // the injection of each; they get their text when all strings are known
	strings  map[string]bool         // strings of the program that begin like a marker
	prefix   string                  // of the markers
	fn       *funcInfo
	depth    int
}

// rewrite rewrites chunk in place.
func rewrite(chunk []ast.Stmt) (r *rewriter, err *syntaxError) {
	r = &rewriter{index: map[any]int{}, wide: map[ast.Expr]bool{}, markers: map[*ast.StringExpr]int{}, strings: map[string]bool{}}
	r.fn = &funcInfo{constants: map[any]struct{}{}, main: true}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *syntaxError:
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
	panic(&syntaxError{line: line, message: fmt.Sprintf(format, args...)})
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
		kind, ok := map[string]injectionKind{"<": injectLT, "<=": injectLE, ">": injectGT, ">=": injectGE}[e.Operator]
		if ok && (r.isWide(e.Lhs) || r.isWide(e.Rhs)) {
			return at(&ast.FuncCallExpr{
				Func:      r.inject(e, injection{kind: kind}),
				Args:      []ast.Expr{e.Lhs, e.Rhs},
				AdjustRet: true,
			}, e)
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
	kind := map[string]injectionKind{"==": injectAssertEQ, "~=": injectAssertNE, "<": injectAssertLT, "<=": injectAssertLE,
		">": injectAssertGT, ">=": injectAssertGE}[e.Operator]
	call.Args[0] = at(&ast.FuncCallExpr{
		Func:      r.inject(e, injection{kind: kind}),
		Args:      []ast.Expr{e.Lhs, e.Rhs},
		AdjustRet: true,
	}, e)
}

// number spells a literal as the compiler reads it, or injects it.
func (r *rewriter) number(e *ast.NumberExpr) ast.Expr {
	wide, float, err := parseLiteral(e.Value)
	if err != nil {
		r.fail(e.Line(), "malformed number near '%s'", e.Value)
	}
	if wide != 0 {
		return r.inject(e, injection{kind: injectWide, wide: wide})
	}
	e.Value = strconv.FormatFloat(float, 'g', -1, 64)
	if math.IsInf(float, 0) {
		e.Value = "Inf"
	}
	r.constant(e, float)
	return e
}

// key is an expression in the place of a table key. The compiler takes a string constant there
// for a field name, so a u64 goes in disguised as a number.
func (r *rewriter) key(e ast.Expr) ast.Expr {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return r.expr(e)
	}
	wide, _, err := parseLiteral(n.Value)
	if err != nil || wide == 0 {
		return r.expr(e)
	}
	i := r.place(injection{kind: injectWide, wide: wide})
	n.Value = strconv.FormatFloat(keyMarker(i), 'g', -1, 64)
	r.constant(n, keyMarker(i))
	return n
}

// keyMarker is the number that stands for injection i.
func keyMarker(i int) float64 { return math.Float64frombits(0x7fd5_55aa_5a00_0000 + uint64(i)) }

// place is the number of the injection.
func (r *rewriter) place(in injection) int {
	var same any = in
	if in.join != nil {
		same = in.join
	}
	i, ok := r.index[same]
	if !ok {
		i = len(r.injected)
		r.index[same] = i
		r.injected = append(r.injected, in)
	}
	return i
}

// inject is the expression for an injection.
func (r *rewriter) inject(old ast.PositionHolder, in injection) ast.Expr {
	i := r.place(in)
	e := at(&ast.StringExpr{}, old)
	r.markers[e] = i
	r.constant(old, keyMarker(i))
	return e
}

// injectionOf is the injection that e stands for, or nil.
func (r *rewriter) injectionOf(e ast.Expr) *injection {
	if s, ok := e.(*ast.StringExpr); ok {
		if i, ok := r.markers[s]; ok {
			return &r.injected[i]
		}
	}
	return nil
}

// isWide says whether e is a wide literal, or arithmetic with one.
func (r *rewriter) isWide(e ast.Expr) bool {
	if r.wide[e] {
		return true
	}
	in := r.injectionOf(e)
	return in != nil && in.kind == injectWide
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
	args := []ast.Expr{r.inject(t, injection{kind: injectPlan, join: plan})}
	for _, p := range pieces {
		r.fields(p.Fields)
		args = append(args, p)
	}
	return at(&ast.FuncCallExpr{Func: r.inject(t, injection{kind: injectJoin}), Args: args, AdjustRet: true}, t)
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
func (r *rewriter) cut(t *ast.TableExpr, data bool) ([]*ast.TableExpr, *joinPlan) {
	if len(t.Fields) < minData {
		return nil, nil
	}
	var (
		pieces []*ast.TableExpr
		plan   = &joinPlan{}
		piece  *ast.TableExpr
		count  int
	)
	end := func(last bool) {
		if piece != nil {
			n := count
			if last {
				n = -1
			}
			plan.pieces = append(plan.pieces, joinPiece{count: n})
			pieces = append(pieces, piece)
			piece, count = nil, 0
		}
	}
	for i := 0; i < len(t.Fields); {
		if data {
			items := constants(t.Fields[i:])
			if len(items) >= minData {
				end(false)
				plan.pieces = append(plan.pieces, joinPiece{data: items})
				plan.items += len(items)
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
	if len(plan.pieces) == 1 && len(pieces) == 1 {
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
func constants(fields []*ast.Field) []dataItem {
	var items []dataItem
	for _, f := range fields {
		if f.Key != nil {
			break
		}
		var item dataItem
		switch e := f.Value.(type) {
		case *ast.NumberExpr:
			wide, float, err := parseLiteral(e.Value)
			if err != nil {
				return items
			}
			if item.wide = wide; wide == 0 {
				item.value = lua.LNumber(float)
			}
		case *ast.StringExpr:
			item.value = lua.LString(e.Value)
		case *ast.TrueExpr:
			item.value = lua.LTrue
		case *ast.FalseExpr:
			item.value = lua.LFalse
		case *ast.NilExpr:
			item.value = lua.LNil
		default:
			return items
		}
		items = append(items, item)
	}
	return items
}
