// The first look at source text, before gopher-lua's parser sees it: size, nesting, numbers, and the
// mistakes of those who know another Lua. The parser and the compiler recurse as deep as the
// text is nested and some of their work grows with the square of its size; what would
// hurt them is refused here, in one pass and without recursion.

package syntax

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// maxChain is how many operators, calls or fields one expression may be a chain of.
const maxChain = 4000

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokName
	tokKeyword
	tokNumber
	tokString
	tokOp
)

// scanner reads the tokens of source text.
type scanner struct {
	src string
	pos int

	kind tokenKind
	text string // of the token
	at   int    // where it begins
}

func (s *scanner) fail(at int, incomplete bool, format string, args ...any) *Error {
	start := strings.LastIndexByte(s.src[:at], '\n') + 1
	return &Error{
		Line:       1 + strings.Count(s.src[:at], "\n"),
		Col:        at - start + 1,
		Message:    fmt.Sprintf(format, args...),
		Incomplete: incomplete,
	}
}

var keywords = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true,
	"function": true, "goto": true, "if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true,
	"return": true, "then": true, "true": true, "until": true, "while": true,
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// IsName reports whether s is a Lua name: letters, digits and underscores, no digit first and no keyword.
func IsName(s string) bool {
	if s == "" || isDigit(s[0]) || keywords[s] {
		return false
	}
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return true
}

func (s *scanner) peek(n int) byte {
	if s.pos+n < len(s.src) {
		return s.src[s.pos+n]
	}
	return 0
}

// longBracket is the level of the long bracket at pos, or -1.
func (s *scanner) longBracket() int {
	i := s.pos + 1
	for i < len(s.src) && s.src[i] == '=' {
		i++
	}
	if i < len(s.src) && s.src[i] == '[' {
		return i - s.pos - 1
	}
	return -1
}

// skipLong goes behind the long string or comment that opens at pos.
func (s *scanner) skipLong(level, at int, what string) *Error {
	end := "]" + strings.Repeat("=", level) + "]"
	i := strings.Index(s.src[s.pos:], end)
	if i < 0 {
		return s.fail(at, true, "unfinished long %s", what)
	}
	s.pos += i + len(end)
	return nil
}

// next reads one token.
func (s *scanner) next() *Error {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			s.pos++
			continue
		}
		if c != '-' || s.peek(1) != '-' {
			break
		}
		at := s.pos
		s.pos += 2
		if s.peek(0) == '[' {
			if level := s.longBracket(); level >= 0 {
				if err := s.skipLong(level, at, "comment"); err != nil {
					return err
				}
				continue
			}
		}
		if i := strings.IndexByte(s.src[s.pos:], '\n'); i >= 0 {
			s.pos += i
		} else {
			s.pos = len(s.src)
		}
	}
	s.at = s.pos
	if s.pos == len(s.src) {
		s.kind, s.text = tokEOF, "<eof>"
		return nil
	}
	c := s.src[s.pos]
	switch {
	case isDigit(c) || c == '.' && isDigit(s.peek(1)):
		return s.number()
	case isNameByte(c):
		for s.pos < len(s.src) && isNameByte(s.src[s.pos]) {
			s.pos++
		}
		s.text, s.kind = s.src[s.at:s.pos], tokName
		if keywords[s.text] {
			s.kind = tokKeyword
		}
		return nil
	case c == '"' || c == '\'':
		return s.quoted(c)
	case c == '[':
		if level := s.longBracket(); level >= 0 {
			s.kind, s.text = tokString, "[["
			return s.skipLong(level, s.at, "string")
		}
	}
	return s.operator(c)
}

func (s *scanner) quoted(quote byte) *Error {
	s.kind, s.text = tokString, `"`
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; c {
		case quote:
			s.pos++
			return nil
		case '\n':
			return s.fail(s.at, false, "unfinished string")
		case '\\':
			if s.pos++; s.peek(0) == '\r' && s.peek(1) == '\n' {
				s.pos++
			}
			if c := s.peek(0); isDigit(c) {
				n := int(c - '0')
				for k := 0; k < 2 && isDigit(s.peek(1)); k++ {
					s.pos++
					n = n*10 + int(s.src[s.pos]-'0')
				}
				if n > 255 {
					return s.fail(s.pos-2, false, "escape sequence too large near '\\%d'", n)
				}
			}
		}
	}
	return s.fail(s.at, false, "unfinished string")
}

// number reads a number as lua5.1 does: everything that could belong to one, which must then be one.
func (s *scanner) number() *Error {
	for isDigit(s.peek(0)) || s.peek(0) == '.' {
		s.pos++
	}
	if c := s.peek(0); c == 'e' || c == 'E' {
		if s.pos++; s.peek(0) == '+' || s.peek(0) == '-' {
			s.pos++
		}
	}
	for s.pos < len(s.src) && isNameByte(s.src[s.pos]) {
		s.pos++
	}
	s.kind, s.text = tokNumber, s.src[s.at:s.pos]
	_, err := number.ParseLiteral(s.text)
	switch err {
	case nil:
		return nil
	case strconv.ErrRange:
		return s.fail(s.at, false, "integer literal %s is larger than 2^64-1", s.text)
	}
	hint := ""
	if t := strings.TrimRight(strings.ToLower(s.text), "ul"); len(t) < len(s.text) {
		if _, err := number.ParseLiteral(t); err == nil {
			hint = "; integers are exact up to 2^64-1 without a suffix: write " + s.src[s.at:s.at+len(t)]
		}
	}
	return s.fail(s.at, false, "malformed number near '%s'%s", s.text, hint)
}

// operators of other Lua versions and languages, and what to write instead.
var foreign = []struct{ op, hint string }{
	{"//", "there is no integer division operator: use math.floor(a / b); between u64s, / divides whole numbers"},
	{"<<", "bitwise operators are functions here: use bit.lshift(a, n)"},
	{">>", "bitwise operators are functions here: use bit.rshift(a, n)"},
	{"!=", "not equal is written ~="},
	{"&&", "write and"},
	{"||", "write or"},
	{"+=", "write x = x + ..."},
	{"-=", "write x = x - ..."},
	{"*=", "write x = x * ..."},
	{"/=", "write x = x / ..."},
	{"&", "bitwise operators are functions here: use bit.band(a, b)"},
	{"|", "bitwise operators are functions here: use bit.bor(a, b)"},
	{"!", "write not"},
}

func (s *scanner) operator(c byte) *Error {
	rest := s.src[s.pos:]
	for _, f := range foreign {
		if strings.HasPrefix(rest, f.op) {
			return s.fail(s.at, false, "unexpected symbol near '%s' (%s)", f.op, f.hint)
		}
	}
	s.kind = tokOp
	for _, op := range [...]string{"...", "..", "==", "~=", "<=", ">=", "::"} {
		if strings.HasPrefix(rest, op) {
			s.text = op
			s.pos += len(op)
			return nil
		}
	}
	if strings.IndexByte("+-*/%^#(){}[];,.:<>=", c) < 0 {
		if c == '~' {
			return s.fail(s.at, false, "unexpected symbol near '~' (bitwise operators are functions here: use bit.bxor(a, b) or bit.bnot(a))")
		}
		shown := rest[:1]
		if c >= 0x80 || c < ' ' {
			shown = fmt.Sprintf("char(%d)", c)
		}
		return s.fail(s.at, false, "unexpected symbol near '%s'", shown)
	}
	s.text = rest[:1]
	s.pos++
	return nil
}

// opening is a bracket or block that has not been closed yet.
type opening struct {
	text    string
	at      int
	chain   int // operators and suffixes so far in the expression at this level
	inner   int // how deep the brackets in it are
	unary   int // prefix operators in a row
	elseifs int
}

// A role is what a token does to the nesting and to the expression that it stands in.
type role struct {
	open, shut string // what it opens or closes
	starts     bool   // a new expression or statement starts here
	prefix     bool   // it is a prefix operator
	chains     bool   // it is one more operator, call or field of a chain
	ends       bool   // it can end an expression
}

// role is the role of the token that was read last; operand says that the one before it could end an expression.
func (s *scanner) role(operand bool) (r role) {
	switch s.kind {
	case tokName, tokNumber:
		r.ends, r.starts = true, operand
	case tokString:
		r.ends, r.chains = true, operand
	case tokKeyword:
		switch s.text {
		case "and", "or":
			r.chains = true
		case "not":
			r.prefix = true
		case "nil", "true", "false":
			r.ends = true
		case "function":
			r.open = s.text
		case "if", "do", "repeat", "while", "for":
			r.open, r.starts = s.text, true
		case "end", "until":
			r.shut, r.ends = s.text, s.text == "end"
		default:
			r.starts = true
		}
	case tokOp:
		switch s.text {
		case "(", "{", "[":
			r.open, r.chains = s.text, operand
		case ")", "}", "]":
			r.shut, r.ends = s.text, true
		case ";", ",", "=", "::":
			r.starts = true
		case "...":
			r.ends = true
		case "#":
			r.prefix = true
		case "-":
			r.prefix, r.chains = !operand, operand
		default:
			r.chains = true
		}
	}
	return r
}

// check reads the whole text once. What it accepts is nested at most MaxNesting deep, has no
// number that is not one, and no expression that is too long a chain. unclosed, when it is not nil, is
// what to say if the parser finds nothing wrong before the end of the text.
func check(src string) (unclosed, err *Error) {
	s := &scanner{src: src}
	stack := make([]opening, 1, 64)
	operand := false // the token before could end an expression
	for {
		if err := s.next(); err != nil {
			return nil, err
		}
		top := &stack[len(stack)-1]
		if s.kind == tokEOF {
			if len(stack) > 1 {
				return s.unclosed(top), nil
			}
			return nil, nil
		}
		if s.kind == tokKeyword && s.text == "elseif" {
			if top.elseifs++; top.elseifs > maxChain {
				return nil, s.fail(s.at, false, "too many elseif in a row (more than %d)", maxChain)
			}
		}
		r := s.role(operand)
		if r.chains {
			top.chain++
		}
		switch {
		case r.prefix:
			top.unary++
		case r.starts:
			top.chain, top.inner, top.unary = 0, 0, 0
		case r.open == "":
			top.unary = 0
		}
		if top.chain > maxChain {
			return nil, s.fail(s.at, false, "expression is too long (a chain of more than %d operators, calls or fields)", maxChain)
		}
		if top.chain+top.inner > maxTreeDepth {
			return nil, s.fail(s.at, false, "expression is nested too deep (more than %d)", maxTreeDepth)
		}
		if len(stack)+top.unary > MaxNesting+1 {
			return nil, s.fail(s.at, false, "chunk has too many syntax levels (more than %d)", MaxNesting)
		}
		if r.open == "do" && (top.text == "while" || top.text == "for") {
			top.text += " do" // one block
		} else if r.open != "" {
			stack = append(stack, opening{text: r.open, at: s.at})
		}
		if r.shut != "" && len(stack) > 1 && closes(top.text, r.shut) {
			stack = stack[:len(stack)-1]
			outer := &stack[len(stack)-1]
			outer.inner = max(outer.inner, top.chain+top.inner+1)
		}
		operand = r.ends
	}
}

// closes says whether shut is the end of what open began. What does not match is left to the parser,
// which says it better.
func closes(open, shut string) bool {
	switch open {
	case "(":
		return shut == ")"
	case "{":
		return shut == "}"
	case "[":
		return shut == "]"
	case "repeat":
		return shut == "until"
	}
	return shut == "end"
}

// unclosed is the error for a text that ends inside o.
func (s *scanner) unclosed(o *opening) *Error {
	want := map[string]string{"(": ")", "{": "}", "[": "]", "repeat": "until"}[o.text]
	if want == "" {
		want = "end"
	}
	line := 1 + strings.Count(s.src[:o.at], "\n")
	name, _, _ := strings.Cut(o.text, " ")
	err := s.fail(len(s.src), true, "'%s' expected (to close '%s' at line %d) near '<eof>'", want, name, line)
	if line == err.Line {
		err.Message = fmt.Sprintf("'%s' expected near '<eof>'", want)
	}
	return err
}
