// Table constructors that gopher-lua's compiler gets wrong: they are cut into pieces of code and of data,
// which a helper joins.
//
// The compiler has no room for more than 511 stores of 50 items. And once the number of items so far is a
// multiple of 50, it stores the last 50 again with each keyed field, after the registers have been used for
// something else; it stores the results of a last call over the first items; and it takes the results of a
// last call with a key for items as well.

package syntax

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// Sizes at which table constructors are cut.
const (
	Batch     = 50 // items that the compiler stores at a time
	maxItems  = 20_000
	minData   = 256 // constants in a row that become data instead of code
	maxPieces = 40
)

// A Plan lists the pieces of a table in order.
type Plan struct {
	Pieces []Piece
	Items  int // in all pieces of data
}

// A Piece is data, or a table that code makes. The first piece, if it is code, is a table of Count items
// (-1: as many as it has) and its fields. Any other is a list of the values of Keyed: an item for false, a
// key and a value for true. If Count is -1, more items follow in the list.
type Piece struct {
	Data  []Item
	Keyed []bool
	Count int
}

// An Item is a constant in a table. Value is nil if it is a u64.
type Item struct {
	Value lua.LValue
	Wide  uint64
}

// table rewrites a constructor, and cuts it if it is too long for the compiler.
func (r *rewriter) table(t *ast.TableExpr) ast.Expr {
	if n := len(t.Fields); n > 0 && t.Fields[n-1].Key != nil {
		adjust(t.Fields[n-1].Value)
	}
	pieces, plan := cut(t, true)
	if len(pieces) > maxPieces {
		pieces, plan = cut(t, false)
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

// adjust gives an expression that may have several values one.
func adjust(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

func (r *rewriter) fields(fields []*ast.Field) {
	for _, f := range fields {
		if f.Key != nil {
			f.Key = r.key(f.Key)
		}
		f.Value = r.expr(f.Value)
	}
}

// cut divides a constructor into pieces of code and, if data is set, of data. The plan is nil if the
// constructor may stay whole.
func cut(t *ast.TableExpr, data bool) ([]*ast.TableExpr, *Plan) {
	if len(t.Fields) <= Batch {
		return nil, nil
	}
	c := &cutter{whole: t, plan: &Plan{}}
	for rest := t.Fields; len(rest) > 0; {
		if items := constants(rest); data && len(items) >= minData {
			c.data(items)
			rest = rest[len(items):]
			continue
		}
		multiple := len(rest) == 1 && rest[0].Key == nil && hasResults(rest[0].Value)
		if c.full(rest[0], multiple) {
			c.end()
		}
		if !multiple {
			adjust(rest[0].Value) // may come to stand last in its piece
		}
		c.code(rest[0])
		if rest = rest[1:]; multiple {
			c.count = -1
		}
	}
	c.end()
	if len(c.plan.Pieces) == 1 && len(c.pieces) == 1 {
		return nil, nil
	}
	return c.pieces, c.plan
}

type cutter struct {
	whole  *ast.TableExpr
	plan   *Plan
	pieces []*ast.TableExpr // of code
	piece  *ast.TableExpr   // the one under way, or nil
	count  int              // items in it
	keyed  []bool           // of its fields, unless it is the first
}

// full reports whether the piece under way cannot take f as well. multiple says that f may have several
// values.
func (c *cutter) full(f *ast.Field, multiple bool) bool {
	return c.count >= maxItems || c.count > 0 && c.count%Batch == 0 && (multiple || f.Key != nil && c.first())
}

// first reports whether the piece under way is the first one.
func (c *cutter) first() bool { return len(c.plan.Pieces) == 0 }

// code adds a field to the piece under way.
func (c *cutter) code(f *ast.Field) {
	if c.piece == nil {
		c.piece = at(&ast.TableExpr{}, c.whole)
	}
	switch {
	case c.first():
		c.piece.Fields = append(c.piece.Fields, f)
	case f.Key != nil:
		c.piece.Fields = append(c.piece.Fields, &ast.Field{Value: f.Key}, &ast.Field{Value: f.Value})
		c.count += 2
	default:
		c.piece.Fields = append(c.piece.Fields, f)
	}
	if f.Key == nil {
		c.count++
	}
	if !c.first() {
		c.keyed = append(c.keyed, f.Key != nil)
	}
}

// data adds a piece of data.
func (c *cutter) data(items []Item) {
	c.end()
	c.plan.Pieces = append(c.plan.Pieces, Piece{Data: items})
	c.plan.Items += len(items)
}

// end finishes the piece under way.
func (c *cutter) end() {
	if c.piece != nil {
		c.plan.Pieces = append(c.plan.Pieces, Piece{Keyed: c.keyed, Count: c.count})
		c.pieces = append(c.pieces, c.piece)
		c.piece, c.keyed, c.count = nil, nil, 0
	}
}

// constants returns the items at the head of fields whose value is known now.
func constants(fields []*ast.Field) []Item {
	var items []Item
	for _, f := range fields {
		item, ok := constant(f.Value)
		if !ok || f.Key != nil {
			break
		}
		items = append(items, item)
	}
	return items
}

// constant returns the value of e if it is known now.
func constant(e ast.Expr) (Item, bool) {
	switch e := e.(type) {
	case *ast.NumberExpr:
		n, err := number.ParseLiteral(e.Value)
		if n.Exact {
			return Item{Wide: n.Wide}, true
		}
		return Item{Value: lua.LNumber(n.Float)}, err == nil
	case *ast.StringExpr:
		return Item{Value: lua.LString(e.Value)}, true
	case *ast.TrueExpr:
		return Item{Value: lua.LTrue}, true
	case *ast.FalseExpr:
		return Item{Value: lua.LFalse}, true
	case *ast.NilExpr:
		return Item{Value: lua.LNil}, true
	}
	return Item{}, false
}
