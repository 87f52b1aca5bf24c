// Package syntax is the front end of the Lua runtime: it checks source text, corrects what gopher-lua's
// compiler gets wrong, and compiles it.
//
// The constants that only a runtime can make, such as u64s, are left open: a Chunk lists where they go.
package syntax

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// MaxNesting is how deep source text may be nested.
const MaxNesting = 200

// An Error is a mistake at a known place of the source.
type Error struct {
	Line, Col  int // from 1; Col counts bytes and is 0 if it is unknown
	Message    string
	Incomplete bool // more text could fix it
}

// A Chunk is compiled source text. It is immutable.
type Chunk struct {
	Proto     *lua.FunctionProto
	Constants []Constant // left open
	// Patches holds the open constants of each proto that has some, and nothing for one that only
	// contains such a proto.
	Patches map[*lua.FunctionProto][]Patch
}

// A Patch maps constant Index of a proto to the open constant Constant of the chunk.
type Patch struct {
	Index, Constant int
}

// A Constant is left open by the compiler: each runtime puts its own value there. It is a u64, -0, a text, a
// plan for Join, or a function.
type Constant struct {
	Wide      uint64
	MinusZero bool
	Text      string
	Plan      *Plan
	Helper    Helper
	Op        string // of Compare, Assert and AssertWide: the operator
}

// A Helper is a function that compiled code calls and that a script never sees.
type Helper uint8

const (
	Compare    Helper = iota + 1 // compares two values, one of which may be a u64
	Assert                       // compares two values and remembers them for assert
	AssertWide                   // compares as Compare does and remembers the values for assert
	Join                         // makes one table of the pieces of a long constructor, given a plan
)

// Parse returns the statements of text as they are written.
func Parse(name, text string) ([]ast.Stmt, *Error) {
	unclosed, serr := check(text)
	if serr != nil {
		return nil, serr
	}
	chunk, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, parseError(err, unclosed, text)
	}
	if unclosed != nil {
		return nil, unclosed
	}
	return chunk, nil
}

// Compile compiles text, which name stands for in positions. It answers text of any kind and size.
func Compile(name, text string) (*Chunk, *Error) {
	chunk, serr := Parse(name, text)
	if serr != nil {
		return nil, serr
	}
	chunk, r, serr := rewrite(chunk)
	if serr != nil {
		return nil, serr
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, compileError(err)
	}
	c := &Chunk{Proto: proto, Constants: r.open, Patches: map[*lua.FunctionProto][]Patch{}}
	c.link(proto)
	fixJumps(proto, r.jumps)
	fixLocals(proto, r.fn)
	trim(proto)
	return c, nil
}

// parseError returns the parser's error in the words of lua5.1, with the column of the token that it names.
// At the end of the text it prefers unclosed, if there is one.
func parseError(err error, unclosed *Error, src string) *Error {
	var perr *parse.Error
	if !errors.As(err, &perr) {
		return &Error{Line: 1, Message: err.Error()}
	}
	if perr.Pos.Line == parse.EOF {
		if unclosed != nil {
			return unclosed
		}
		end := strings.TrimRight(src, " \t\r\n")
		line := 1 + strings.Count(end, "\n")
		return &Error{Line: line, Message: "syntax error near '<eof>'", Incomplete: true}
	}
	message := perr.Message
	if perr.Token != "" {
		message += " near '" + strings.TrimSpace(perr.Token) + "'"
	}
	column := max(0, perr.Pos.Column)
	e := &Error{Line: perr.Pos.Line, Col: max(0, column-len(perr.Token)+1), Message: message}
	line := Line(src, e.Line)
	if i := strings.LastIndex(line[:min(len(line), column)], perr.Token); i >= 0 && perr.Token != "" {
		e.Col = i + 1
	}
	if perr.Token == "<" && strings.HasPrefix(strings.TrimSpace(line), "local ") {
		e.Message += " (variables have no attributes in Lua 5.1)"
	}
	return e
}

// Line returns line n of src, which counts from 1.
func Line(src string, n int) string {
	for range n - 1 {
		_, src, _ = strings.Cut(src, "\n")
	}
	line, _, _ := strings.Cut(src, "\n")
	return line
}

// compileError returns the compiler's error with its limits in numbers.
func compileError(err error) *Error {
	var cerr *lua.CompileError
	if !errors.As(err, &cerr) {
		return &Error{Line: 1, Message: err.Error()}
	}
	message := cerr.Message
	switch {
	case strings.HasPrefix(message, "register overflow"):
		message = "function or expression needs too many registers " +
			"(more than 200 local variables and temporaries)"
	case message == "too many local variables":
		message = "function has too many local variables (more than 200)"
	}
	return &Error{Line: max(cerr.Line, 1), Message: message}
}

// link finds the places of the open constants in proto and in the functions inside it. It reports
// whether there are any.
func (c *Chunk) link(proto *lua.FunctionProto) bool {
	if len(c.Constants) == 0 {
		return false
	}
	var found []Patch
	for i, v := range proto.Constants {
		if k := c.marked(v); k >= 0 {
			found = append(found, Patch{Index: i, Constant: k})
		}
	}
	inside := false
	for _, sub := range proto.FunctionPrototypes {
		inside = c.link(sub) || inside
	}
	if len(found) > 0 || inside {
		c.Patches[proto] = found
		return true
	}
	return false
}

// marked returns the index of the open constant that v stands for, or -1.
func (c *Chunk) marked(v lua.LValue) int {
	switch v := v.(type) {
	case lua.LString:
		if digits, ok := strings.CutPrefix(string(v), markerPrefix); ok {
			k, _ := strconv.Atoi(digits)
			return k
		}
	case lua.LNumber:
		if k := math.Float64bits(float64(v)) - math.Float64bits(keyMarker(0)); k < uint64(len(c.Constants)) {
			return int(k)
		}
	}
	return -1
}

// fixLocals corrects the scopes of local variables, which the compiler gets wrong when a register is used
// twice.
func fixLocals(proto *lua.FunctionProto, info *funcInfo) {
	if len(proto.FunctionPrototypes) == len(info.children) {
		for i, sub := range proto.FunctionPrototypes {
			fixLocals(sub, info.children[i])
		}
	}
	if len(proto.DbgLocals) != len(info.locals) {
		return
	}
	for i := len(info.locals) - 1; i >= 0; i-- {
		if info.locals[i].name != proto.DbgLocals[i].Name {
			return
		}
		proto.DbgLocals[i].EndPc = scopeEnd(proto, info.locals, i)
	}
}

// scopeEnd returns the first instruction behind the scope of locals[i]: where the next variable takes its
// register, or where its block ends.
func scopeEnd(proto *lua.FunctionProto, locals []localInfo, i int) int {
	l, start := locals[i], proto.DbgLocals[i].StartPc
	end := len(proto.Code)
	for j := i + 1; j < len(locals); j++ {
		if locals[j].reg <= l.reg {
			end = min(end, proto.DbgLocals[j].StartPc)
			break
		}
	}
	if l.last == 0 {
		return end
	}
	for pc := start; pc < end; pc++ {
		if proto.DbgSourcePositions[pc] > l.last {
			end = pc
		}
	}
	return min(end, reused(proto, l.reg, start, end))
}

// reused returns the first instruction in proto.Code[start:end] that loads a function to call into reg, or
// end. A variable's register is not used that way, so the scope of a variable in reg has ended by then,
// maybe within a line.
func reused(proto *lua.FunctionProto, reg, start, end int) int {
	for pc := start; pc < end; pc++ {
		inst := proto.Code[pc]
		switch int(inst >> 26) {
		case lua.OP_CLOSURE:
			pc += int(proto.FunctionPrototypes[inst&0x3ffff].NumUpvalues)
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_SELF:
			if target(inst) == reg {
				return loaded(proto, reg, start, pc)
			}
		}
	}
	return end
}

// loaded returns the last instruction in proto.Code[start:pc] that sets reg, or pc.
func loaded(proto *lua.FunctionProto, reg, start, pc int) int {
	for at := pc - 1; at >= start; at-- {
		switch inst := proto.Code[at]; int(inst >> 26) {
		case lua.OP_GETGLOBAL, lua.OP_GETUPVAL, lua.OP_MOVE, lua.OP_LOADK, lua.OP_NEWTABLE:
			if target(inst) == reg {
				return at
			}
		}
	}
	return pc
}

// target returns the register that most instructions set, operand A.
func target(inst uint32) int { return int(inst>>18) & 0xff }

// trim frees the spare capacity of the compiler's slices by copying them.
func trim(proto *lua.FunctionProto) {
	proto.Code = slices.Clone(proto.Code)
	proto.Constants = slices.Clone(proto.Constants)
	proto.FunctionPrototypes = slices.Clone(proto.FunctionPrototypes)
	proto.DbgSourcePositions = slices.Clone(proto.DbgSourcePositions)
	proto.DbgLocals = slices.Clone(proto.DbgLocals)
	proto.DbgCalls = slices.Clone(proto.DbgCalls)
	proto.DbgUpvalues = slices.Clone(proto.DbgUpvalues)
	for _, sub := range proto.FunctionPrototypes {
		trim(sub)
	}
}
