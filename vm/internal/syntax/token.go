// Tokens: how source text is split into words. The checker, the prompt and the watcher all read Lua with
// this scanner.

package syntax

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/number"
)

// A Kind is the class of a token.
type Kind uint8

const (
	eof Kind = iota
	Name
	Keyword
	Number
	String
	Op
	Comment
)

// A Token is one word of source text.
type Token struct {
	Kind Kind
	Text string // as written
	Pos  int    // the byte offset
	Line int    // from 1
	Open bool   // a string or comment that the source text ends in
}

// End returns the byte offset behind the token.
func (t Token) End() int { return t.Pos + len(t.Text) }

// Is reports whether t is the operator or keyword word.
func (t Token) Is(word string) bool { return (t.Kind == Op || t.Kind == Keyword) && t.Text == word }

// Content returns the text between the quotes or brackets of a string, escapes as written.
func (t Token) Content() string {
	n := 1
	if t.Text[0] == '[' {
		n = longLevel(t.Text) + 2
	}
	content := t.Text[n:]
	if !t.Open && len(content) >= n && (n > 1 || content[len(content)-1] == t.Text[0]) {
		content = content[:len(content)-n]
	}
	return content
}

// Tokens splits src into tokens. It takes any text: what Lua would refuse becomes tokens as well. A comment
// is left out unless src ends in it, as a line comment without a newline does.
func Tokens(src string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		s := &scanner{src: src}
		line, from := 1, 0
		for s.next(); s.tok.Kind != eof; s.next() {
			t := s.tok
			if t.Kind == Comment && !t.Open {
				continue
			}
			line += strings.Count(src[from:t.Pos], "\n")
			t.Line, from = line, t.Pos
			if !yield(t) {
				return
			}
		}
	}
}

// Keywords lists the reserved words in order.
func Keywords() []string { return slices.Sorted(maps.Keys(keywords)) }

func isKeyword(s string) bool {
	_, ok := keywords[s]
	return ok
}

// IsName reports whether s is a Lua name: letters, digits and underscores, no digit first and no keyword.
func IsName(s string) bool {
	return s != "" && !isDigit(s[0]) && !isKeyword(s) && nameLen(s) == len(s)
}

// nameLen returns how many bytes at the start of s may belong to a name.
func nameLen(s string) int {
	n := 0
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	return n
}

func isNameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// A scanner reads the tokens of source text.
type scanner struct {
	src string
	pos int
	tok Token // read last, without its line
}

// fail returns an error at the byte offset at.
func (s *scanner) fail(at int, format string, args ...any) *Error {
	start := strings.LastIndexByte(s.src[:at], '\n') + 1
	return &Error{
		Line:    1 + strings.Count(s.src[:at], "\n"),
		Col:     at - start + 1,
		Message: fmt.Sprintf(format, args...),
	}
}

// peek returns the byte n behind pos, 0 at the end.
func (s *scanner) peek(n int) byte {
	if s.pos+n < len(s.src) {
		return s.src[s.pos+n]
	}
	return 0
}

// next reads one token into s.tok. If the token is malformed, next returns an error and still moves behind
// it, so that a caller may go on.
func (s *scanner) next() *Error {
	for c := s.peek(0); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = s.peek(0) {
		s.pos++
	}
	s.tok = Token{Pos: s.pos}
	err := s.read()
	s.tok.Text = s.src[s.tok.Pos:s.pos]
	return err
}

// read moves behind the token at pos and notes its kind.
func (s *scanner) read() *Error {
	if s.pos == len(s.src) {
		return nil
	}
	c := s.src[s.pos]
	switch {
	case isDigit(c) || c == '.' && isDigit(s.peek(1)):
		return s.number()
	case isNameByte(c):
		return s.word()
	case c == '"' || c == '\'':
		return s.quoted(c)
	case c == '[' && longLevel(s.src[s.pos:]) >= 0:
		s.tok.Kind = String
		return s.long("string")
	case c == '-' && s.peek(1) == '-':
		return s.comment()
	}
	return s.operator(c)
}

func (s *scanner) word() *Error {
	start := s.pos
	s.pos += nameLen(s.src[start:])
	s.tok.Kind = Name
	if isKeyword(s.src[start:s.pos]) {
		s.tok.Kind = Keyword
	}
	return nil
}

func (s *scanner) comment() *Error {
	s.tok.Kind = Comment
	s.pos += 2
	if longLevel(s.src[s.pos:]) >= 0 {
		return s.long("comment")
	}
	if i := strings.IndexByte(s.src[s.pos:], '\n'); i >= 0 {
		s.pos += i
	} else {
		s.pos, s.tok.Open = len(s.src), true
	}
	return nil
}

// longLevel returns the level of the long bracket that s begins with, or -1.
func longLevel(s string) int {
	if s == "" || s[0] != '[' {
		return -1
	}
	n := 1
	for n < len(s) && s[n] == '=' {
		n++
	}
	if n < len(s) && s[n] == '[' {
		return n - 1
	}
	return -1
}

// long moves behind the long string or comment whose bracket is at pos.
func (s *scanner) long(what string) *Error {
	closing := "]" + strings.Repeat("=", longLevel(s.src[s.pos:])) + "]"
	i := strings.Index(s.src[s.pos:], closing)
	if i >= 0 {
		s.pos += i + len(closing)
		return nil
	}
	s.pos, s.tok.Open = len(s.src), true
	err := s.fail(s.tok.Pos, "unfinished long %s", what)
	err.Incomplete = true
	return err
}

// quoted moves behind a string in quotes, or to the newline that cuts it short.
func (s *scanner) quoted(quote byte) (err *Error) {
	s.tok.Kind = String
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case quote:
			s.pos++
			return err
		case '\n':
			return cmp.Or(err, s.fail(s.tok.Pos, "unfinished string"))
		case '\\':
			err = cmp.Or(err, s.escape())
		}
	}
	s.pos, s.tok.Open = len(s.src), true
	return cmp.Or(err, s.fail(s.tok.Pos, "unfinished string"))
}

// escape moves from a backslash to the last byte of its escape sequence.
func (s *scanner) escape() *Error {
	if s.pos++; s.peek(0) == '\r' && s.peek(1) == '\n' {
		s.pos++
	}
	c := s.peek(0)
	if !isDigit(c) {
		return nil
	}
	n := int(c - '0')
	for k := 0; k < 2 && isDigit(s.peek(1)); k++ {
		s.pos++
		n = n*10 + int(s.src[s.pos]-'0')
	}
	if n > 255 {
		return s.fail(s.pos-2, "escape sequence too large near '\\%d'", n)
	}
	return nil
}

// number reads a number as lua5.1 does: it takes every byte that could belong to one, and checks the
// whole.
func (s *scanner) number() *Error {
	s.tok.Kind = Number
	for isDigit(s.peek(0)) || s.peek(0) == '.' {
		s.pos++
	}
	if c := s.peek(0); c == 'e' || c == 'E' {
		if s.pos++; s.peek(0) == '+' || s.peek(0) == '-' {
			s.pos++
		}
	}
	s.pos += nameLen(s.src[s.pos:])
	text := s.src[s.tok.Pos:s.pos]
	_, err := number.ParseLiteral(text)
	switch err {
	case nil:
		return nil
	case strconv.ErrRange:
		return s.fail(s.tok.Pos, "integer literal %s is larger than 2^64-1", text)
	}
	hint := ""
	if plain := strings.TrimRight(text, "uUlL"); plain != text {
		if _, err := number.ParseLiteral(plain); err == nil {
			hint = "; integers are exact up to 2^64-1 without a suffix: write " + plain
		}
	}
	return s.fail(s.tok.Pos, "malformed number near '%s'%s", text, hint)
}

// foreign lists operators of other languages and Lua versions, and what to write instead.
var foreign = []struct{ op, hint string }{
	{"//", "there is no integer division operator: use math.floor(a / b); between u64s, / divides integers"},
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

// operator moves behind an operator, or behind a byte that Lua does not use.
func (s *scanner) operator(c byte) *Error {
	s.tok.Kind = Op
	rest := s.src[s.pos:]
	for _, f := range foreign {
		if strings.HasPrefix(rest, f.op) {
			s.pos += len(f.op)
			return s.fail(s.tok.Pos, "unexpected symbol near '%s' (%s)", f.op, f.hint)
		}
	}
	for _, op := range [...]string{"...", "..", "==", "~=", "<=", ">=", "::"} {
		if strings.HasPrefix(rest, op) {
			s.pos += len(op)
			return nil
		}
	}
	s.pos++
	switch {
	case strings.IndexByte("+-*/%^#(){}[];,.:<>=", c) >= 0:
		return nil
	case c == '~':
		return s.fail(s.tok.Pos, "unexpected symbol near '~' "+
			"(bitwise operators are functions here: use bit.bxor(a, b) or bit.bnot(a))")
	case c >= 0x80 || c < ' ':
		return s.fail(s.tok.Pos, "unexpected symbol near 'char(%d)'", c)
	}
	return s.fail(s.tok.Pos, "unexpected symbol near '%c'", c)
}
