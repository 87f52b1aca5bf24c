// Compiling: from source text to a Program that any number of runtimes share.

package vm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// MaxSource is how many bytes of source Compile takes, MaxNesting how deep it may be nested.
const (
	MaxSource  = 1 << 20
	MaxNesting = 200
)

// A Program is a compiled script. It is immutable: any number of goroutines may run it at once,
// each in a runtime of its own.
type Program struct {
	name    string
	src     string
	proto   *lua.FunctionProto
	patches map[*lua.FunctionProto][]patch // of protos that hold injected constants, or contain one that does
	inject  []injection
}

// A patch is a constant that each runtime fills in.
type patch struct {
	constant, injection int
}

// Name is the name that the program was compiled with.
func (p *Program) Name() string { return p.name }

// Compile turns source text into a Program. A byte order mark and a first line that begins with # are
// skipped. The error is an *Error with Script, Line, Source and, where it is known, Column. Text of any kind and
// size is answered with a program or an error.
func Compile(name, src string) (*Program, error) {
	if len(src) > MaxSource {
		return nil, &Error{Script: name, Message: fmt.Sprintf("%s: source of %d bytes is too large (at most %d)", name, len(src), MaxSource)}
	}
	text := strings.TrimPrefix(src, "\ufeff")
	if strings.HasPrefix(text, "#") {
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			text = text[i:]
		} else {
			text = ""
		}
	}
	unclosed, serr := checkSource(text)
	if serr != nil {
		return nil, serr.in(name, text)
	}
	chunk, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, parseError(err, unclosed, text).in(name, text)
	}
	if unclosed != nil {
		return nil, unclosed.in(name, text)
	}
	r, serr := rewrite(chunk)
	if serr != nil {
		return nil, serr.in(name, text)
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, compileError(err).in(name, text)
	}
	p := &Program{name: name, src: text, proto: proto, inject: r.injected, patches: map[*lua.FunctionProto][]patch{}}
	p.link(proto, r.prefix)
	fixLocals(proto, r.fn)
	trim(proto)
	return p, nil
}

// in makes an Error of e, with the line of source that it is about.
func (e *syntaxError) in(name, src string) *Error {
	out := &Error{Script: name, Line: e.line, Message: fmt.Sprintf("%s:%d: %s", name, e.line, e.message), incomplete: e.incomplete}
	out.locate(src, e.col)
	return out
}

// parseError puts the parser's message into the words of lua5.1.
func parseError(err error, unclosed *syntaxError, src string) *syntaxError {
	var perr *parse.Error
	if !errors.As(err, &perr) {
		return &syntaxError{line: 1, message: err.Error()}
	}
	if perr.Pos.Line == parse.EOF {
		if unclosed != nil {
			return unclosed
		}
		end := strings.TrimRight(src, " \t\r\n")
		return &syntaxError{line: 1 + strings.Count(end, "\n"), message: "syntax error near '<eof>'", incomplete: true}
	}
	message := perr.Message
	if perr.Token != "" {
		message += " near '" + strings.TrimSpace(perr.Token) + "'"
	}
	col := max(0, perr.Pos.Column-len(perr.Token)+1)
	e := &syntaxError{line: perr.Pos.Line, col: col, message: message}
	line := lineOf(src, e.line)
	if i := strings.LastIndex(line[:min(len(line), max(perr.Pos.Column, 0))], perr.Token); i >= 0 && perr.Token != "" {
		e.col = i + 1
	}
	if perr.Token == "<" && strings.HasPrefix(strings.TrimSpace(line), "local ") {
		e.message += " (variables have no attributes in Lua 5.1)"
	}
	return e
}

func lineOf(src string, n int) string {
	for range n - 1 {
		_, src, _ = strings.Cut(src, "\n")
	}
	line, _, _ := strings.Cut(src, "\n")
	return line
}

func compileError(err error) *syntaxError {
	var cerr *lua.CompileError
	if !errors.As(err, &cerr) {
		return &syntaxError{line: 1, message: err.Error()}
	}
	message := cerr.Message
	switch {
	case strings.HasPrefix(message, "register overflow"):
		message = "function or expression needs too many registers (more than 200 local variables and temporaries)"
	case message == "too many local variables":
		message = "function has too many local variables (more than 200)"
	}
	return &syntaxError{line: max(cerr.Line, 1), message: message}
}

// link finds the constants that stand for injections. It says whether proto or one inside it has any.
func (p *Program) link(proto *lua.FunctionProto, prefix string) bool {
	if len(p.inject) == 0 {
		return false
	}
	var found []patch
	first := keyMarker(0)
	for i, c := range proto.Constants {
		switch c := c.(type) {
		case lua.LString:
			if n, ok := strings.CutPrefix(string(c), prefix); ok {
				if k, err := strconv.Atoi(n); err == nil && k < len(p.inject) {
					found = append(found, patch{i, k})
				}
			}
		case lua.LNumber:
			if f := float64(c); f >= first {
				for k := range p.inject {
					if keyMarker(k) == f {
						found = append(found, patch{i, k})
					}
				}
			}
		}
	}
	inside := false
	for _, sub := range proto.FunctionPrototypes {
		inside = p.link(sub, prefix) || inside
	}
	if len(found) > 0 || inside {
		p.patches[proto] = found
		return true
	}
	return false
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

// Incomplete says whether err is a syntax error that more text could mend, as a prompt asks after every line.
func Incomplete(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.incomplete
}
