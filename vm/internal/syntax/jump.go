// Jumps out of blocks: break and goto. A closure keeps a variable that it captured after the block of the
// variable has ended, so a jump out of the block has to close it first. gopher-lua's compiler does that for
// a break only if the outermost block of the loop was captured from, and for a goto that leaves no such
// block it closes every variable of the function.

package syntax

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// A block is a block of the current function.
type block struct {
	outer   *block
	first   int            // locals in scope where it begins
	labels  map[string]int // locals in scope at each label
	pending []*jump        // without a label so far
}

// A jump is a goto statement. While the compiler runs, the line of its instructions is jumpLine and its
// index.
type jump struct {
	label  string
	line   int
	active int // locals in scope where it is, or at the end of the block that it has left
	keep   int // locals that stay open at its target
}

const jumpLine = 1 << 30

// A loop is a loop around the current statement.
type loop struct {
	outer  *loop
	active int // locals in scope outside
	made   int // functions made so far where it begins
	label  string
}

// enterBlock begins a block; leave ends it.
func (r *rewriter) enterBlock() (leave func()) {
	fn := r.fn
	fn.block = &block{outer: fn.block, first: fn.active()}
	return func() {
		b := fn.block
		fn.names = fn.names[:b.first]
		fn.block = b.outer
		for _, j := range b.pending {
			j.active = min(j.active, b.first)
			r.resolve(j)
		}
	}
}

// resolve finds the label of j among those of the current block, or leaves j pending there.
func (r *rewriter) resolve(j *jump) {
	b := r.fn.block
	if b == nil {
		r.fail(j.line, "no visible label '%s' for <goto> at line %d", j.label, j.line)
	}
	if keep, ok := b.labels[j.label]; ok {
		j.keep = keep
	} else {
		b.pending = append(b.pending, j)
	}
}

// label notes a label. last reports that nothing but labels follows in its block, whose variables are out
// of scope there.
func (r *rewriter) label(s *ast.LabelStmt, last bool) {
	b, active := r.fn.block, r.fn.active()
	if last {
		active = b.first
	}
	if b.labels == nil {
		b.labels = map[string]int{}
	}
	if _, ok := b.labels[s.Name]; ok {
		return // which the compiler reports
	}
	b.labels[s.Name] = active
	pending := b.pending
	b.pending = nil
	for _, j := range pending {
		if j.label == s.Name && j.active < active {
			r.fail(j.line, "<goto %s> at line %d jumps into the scope of local '%s'",
				j.label, j.line, r.fn.names[active-1])
		}
		r.resolve(j)
	}
}

// onlyLabels reports whether stmts consists of labels.
func onlyLabels(stmts []ast.Stmt) bool {
	for _, s := range stmts {
		if _, ok := s.(*ast.LabelStmt); !ok {
			return false
		}
	}
	return true
}

// jump notes a goto of the program.
func (r *rewriter) jump(s *ast.GotoStmt) {
	if s.Line() >= jumpLine {
		return // made by leaveLoop
	}
	r.countLabel(s)
	r.resolve(r.mark(s))
}

// mark gives s a line that fixJumps finds.
func (r *rewriter) mark(s *ast.GotoStmt) *jump {
	j := &jump{label: s.Label, line: s.Line(), active: r.fn.active()}
	s.SetLastLine(j.line)
	s.SetLine(jumpLine + len(r.jumps))
	r.jumps = append(r.jumps, j)
	return j
}

// inLoop rewrites the body of a loop. If a break became a goto, the loop gets a label behind it.
func (r *rewriter) inLoop(s ast.Stmt, body func()) ast.Stmt {
	l := &loop{outer: r.fn.loop, active: r.fn.active(), made: len(r.fn.children)}
	r.fn.loop = l
	body()
	r.fn.loop = l.outer
	if l.label == "" {
		return s
	}
	return at(&ast.DoBlockStmt{Stmts: []ast.Stmt{s, at(&ast.LabelStmt{Name: l.label}, s)}}, s)
}

// leaveLoop makes a goto of a break that may have to close variables: if the loop has made a function
// before it, or if a goto may have led there from behind it.
func (r *rewriter) leaveLoop(s *ast.BreakStmt) ast.Stmt {
	l := r.fn.loop
	if l == nil || len(r.fn.children) == l.made && r.fn.labels == 0 {
		return s
	}
	if l.label == "" {
		l.label = "(break " + strconv.Itoa(len(r.jumps)) + ")"
	}
	out := at(&ast.GotoStmt{Label: l.label}, s)
	r.mark(out).keep = l.active
	return out
}

// fixJumps makes the gotos in proto close the variables that end at their targets.
func fixJumps(proto *lua.FunctionProto, jumps []*jump) {
	for pc, line := range proto.DbgSourcePositions {
		if line < jumpLine {
			continue
		}
		j := jumps[line-jumpLine]
		proto.DbgSourcePositions[pc] = j.line
		if inst := proto.Code[pc]; int(inst>>26) == lua.OP_CLOSE {
			proto.Code[pc] = inst&^(0xff<<18) | uint32(j.keep)<<18
		}
	}
	for _, sub := range proto.FunctionPrototypes {
		fixJumps(sub, jumps)
	}
}
