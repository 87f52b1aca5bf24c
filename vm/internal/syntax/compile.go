// Package syntax is the front end of the Lua runtime: it checks source text, corrects what gopher-lua's
// compiler gets wrong, and compiles it.
//
// The constants that only a runtime can make, such as u64s, are left open: a Chunk lists where they go.
package syntax

import (
	"errors"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
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

// A Patch says that constant Index of a proto is the open constant Constant of the chunk.
type Patch struct {
	Index, Constant int
}

// Compile compiles text, which name stands for in positions. It answers text of any kind and size.
func Compile(name, text string) (*Chunk, *Error) {
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
	r, serr := rewrite(chunk)
	if serr != nil {
		return nil, serr
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, compileError(err)
	}
	c := &Chunk{Proto: proto, Constants: r.open, Patches: map[*lua.FunctionProto][]Patch{}}
	c.link(proto, r.prefix)
	fixLocals(proto, r.fn)
	trim(proto)
	return c, nil
}

// parseError puts the parser's message into the words of lua5.1.
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
		return &Error{Line: 1 + strings.Count(end, "\n"), Message: "syntax error near '<eof>'", Incomplete: true}
	}
	message := perr.Message
	if perr.Token != "" {
		message += " near '" + strings.TrimSpace(perr.Token) + "'"
	}
	col := max(0, perr.Pos.Column-len(perr.Token)+1)
	e := &Error{Line: perr.Pos.Line, Col: col, Message: message}
	line := Line(src, e.Line)
	if i := strings.LastIndex(line[:min(len(line), max(perr.Pos.Column, 0))], perr.Token); i >= 0 && perr.Token != "" {
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

func compileError(err error) *Error {
	var cerr *lua.CompileError
	if !errors.As(err, &cerr) {
		return &Error{Line: 1, Message: err.Error()}
	}
	message := cerr.Message
	switch {
	case strings.HasPrefix(message, "register overflow"):
		message = "function or expression needs too many registers (more than 200 local variables and temporaries)"
	case message == "too many local variables":
		message = "function has too many local variables (more than 200)"
	}
	return &Error{Line: max(cerr.Line, 1), Message: message}
}

// link finds the places of the open constants in proto and in the functions inside it. It reports
// whether there are any.
func (c *Chunk) link(proto *lua.FunctionProto, prefix string) bool {
	if len(c.Constants) == 0 {
		return false
	}
	var found []Patch
	for i, v := range proto.Constants {
		if k := c.marked(v, prefix); k >= 0 {
			found = append(found, Patch{Index: i, Constant: k})
		}
	}
	inside := false
	for _, sub := range proto.FunctionPrototypes {
		inside = c.link(sub, prefix) || inside
	}
	if len(found) > 0 || inside {
		c.Patches[proto] = found
		return true
	}
	return false
}

// marked returns the index of the open constant that v stands for, or -1.
func (c *Chunk) marked(v lua.LValue, prefix string) int {
	switch v := v.(type) {
	case lua.LString:
		if digits, ok := strings.CutPrefix(string(v), prefix); ok {
			if k, err := strconv.Atoi(digits); err == nil && k < len(c.Constants) {
				return k
			}
		}
	case lua.LNumber:
		if k := math.Float64bits(float64(v)) - math.Float64bits(keyMarker(0)); k < uint64(len(c.Constants)) {
			return int(k)
		}
	}
	return -1
}

// fixLocals corrects the scopes of local variables, which the compiler gets wrong as soon as a
// register is used twice.
func fixLocals(proto *lua.FunctionProto, info *funcInfo) {
	if len(proto.FunctionPrototypes) == len(info.children) {
		for i, sub := range proto.FunctionPrototypes {
			fixLocals(sub, info.children[i])
		}
	}
	if len(proto.DbgLocals) != len(info.locals) {
		return
	}
	end := len(proto.Code)
	for i := len(info.locals) - 1; i >= 0; i-- {
		l, d := info.locals[i], proto.DbgLocals[i]
		if l.name != d.Name {
			return
		}
		d.EndPc = end
		for j := i + 1; j < len(info.locals); j++ {
			if info.locals[j].reg <= l.reg {
				d.EndPc = min(end, proto.DbgLocals[j].StartPc)
				break
			}
		}
		if l.last > 0 {
			for pc := d.StartPc; pc < d.EndPc && pc < end; pc++ {
				if proto.DbgSourcePositions[pc] > l.last {
					d.EndPc = pc
				}
			}
			d.EndPc = min(d.EndPc, reused(proto, l.reg, d.StartPc, d.EndPc))
		}
	}
}

// reused is where, from start on, the register of a local variable of an inner block is first used for the function of a
// call, which is never a variable's: the scope has ended before, be it in the same line.
func reused(proto *lua.FunctionProto, reg, start, end int) int {
	for pc := start; pc < end && pc < len(proto.Code); pc++ {
		switch int(proto.Code[pc] >> 26) {
		case lua.OP_CLOSURE:
			pc += int(proto.FunctionPrototypes[proto.Code[pc]&0x3ffff].NumUpvalues)
			continue
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_SELF:
		default:
			continue
		}
		if int(proto.Code[pc]>>18)&0xff != reg {
			continue
		}
		for at := pc - 1; at >= start; at-- {
			inst := proto.Code[at]
			switch int(inst >> 26) {
			case lua.OP_GETGLOBAL, lua.OP_GETUPVAL, lua.OP_MOVE, lua.OP_LOADK, lua.OP_NEWTABLE:
				if int(inst>>18)&0xff == reg {
					return at
				}
			}
		}
		return pc
	}
	return end
}

// trim gives back what the compiler allocated for code that did not come.
func trim(proto *lua.FunctionProto) {
	proto.Code = clip(proto.Code)
	proto.Constants = clip(proto.Constants)
	proto.FunctionPrototypes = clip(proto.FunctionPrototypes)
	proto.DbgSourcePositions = clip(proto.DbgSourcePositions)
	proto.DbgLocals = clip(proto.DbgLocals)
	proto.DbgCalls = clip(proto.DbgCalls)
	proto.DbgUpvalues = clip(proto.DbgUpvalues)
	for _, sub := range proto.FunctionPrototypes {
		trim(sub)
	}
}

func clip[T any](s []T) []T {
	if len(s) == cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}
