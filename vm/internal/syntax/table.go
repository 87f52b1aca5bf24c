// Table constructors that are too long for the compiler: they are cut into pieces of code and of data, which
// a helper joins.

package syntax

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// Sizes at which table constructors are cut. The compiler stores items 50 at a time and has room for 511
// such stores.
const (
	maxItems  = 20_000
	minData   = 256 // constants in a row that become data instead of code
	maxPieces = 40
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

// table rewrites a constructor, and cuts it if it is too long for the compiler.
func (r *rewriter) table(t *ast.TableExpr) ast.Expr {
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
	if len(t.Fields) < minData {
		return nil, nil
	}
	c := &cutter{whole: t, plan: &Plan{}}
	for rest := t.Fields; len(rest) > 0; {
		if items := constants(rest); data && len(items) >= minData {
			c.data(items)
			rest = rest[len(items):]
			continue
		}
		c.code(rest[0])
		if rest = rest[1:]; c.count == maxItems && len(rest) > 0 {
			c.end()
		}
	}
	if last := t.Fields[len(t.Fields)-1]; last.Key == nil && hasResults(last.Value) {
		c.count = -1
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
}

// code adds a field to the piece under way.
func (c *cutter) code(f *ast.Field) {
	if c.piece == nil {
		c.piece = at(&ast.TableExpr{}, c.whole)
	}
	c.piece.Fields = append(c.piece.Fields, f)
	if f.Key == nil {
		c.count++
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
		c.plan.Pieces = append(c.plan.Pieces, Piece{Count: c.count})
		c.pieces = append(c.pieces, c.piece)
		c.piece, c.count = nil, 0
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
