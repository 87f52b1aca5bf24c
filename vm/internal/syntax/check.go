// The first check of source text, before gopher-lua's parser sees it. The parser and the compiler recurse
// as deep as the text is nested, and some of their work grows with the square of its size. Text that would
// hurt them is refused here, in one pass and without recursion.

package syntax

import (
	"cmp"
	"fmt"
	"strings"
)

// maxChain is how many operators, calls or fields one expression may be a chain of.
const maxChain = 4000

// An opening is a bracket or block that has not been closed yet.
type opening struct {
	text    string
	at      int
	chain   int // operators and suffixes so far in the expression at this level
	inner   int // how deep the brackets in it are
	unary   int // prefix operators in a row
	elseifs int
}

// A checker reads the whole text once. What passes is nested at most MaxNesting deep, and has no malformed
// token and no expression that is too long a chain.
type checker struct {
	scanner
	stack   []opening // the first one is the text itself
	operand bool      // the last token can end an expression
}

// check returns an error if src must not reach the parser. unclosed is the error of a text that ends in a
// bracket or block: it counts if the parser finds nothing wrong before the end.
func check(src string) (unclosed, err *Error) {
	c := &checker{scanner: scanner{src: src}, stack: make([]opening, 1, 64)}
	for {
		if err := c.next(); err != nil {
			return nil, err
		}
		switch c.tok.Kind {
		case eof:
			return c.unclosed(), nil
		case Comment:
			continue
		}
		r := c.role()
		if err := c.count(r); err != nil {
			return nil, err
		}
		c.nest(r)
		c.operand = r.ends
	}
}

// A role is what a token does to the nesting and to the expression that it stands in.
type role struct {
	open, shut string // what it opens or closes
	starts     bool   // a new expression or statement starts here
	prefix     bool   // it is a prefix operator
	chains     bool   // it is one more operator, call or field of a chain
	ends       bool   // it can end an expression
}

func (c *checker) role() role {
	switch c.tok.Kind {
	case Name, Number:
		return role{ends: true, starts: c.operand}
	case String:
		return role{ends: true, chains: c.operand}
	case Keyword:
		return keywords[c.tok.Text]
	}
	return operatorRole(c.tok.Text, c.operand)
}

// keywords maps the reserved words to their roles.
var keywords = map[string]role{
	"and": {chains: true}, "or": {chains: true}, "not": {prefix: true},
	"nil": {ends: true}, "true": {ends: true}, "false": {ends: true},
	"if": {open: "if", starts: true}, "do": {open: "do", starts: true},
	"repeat": {open: "repeat", starts: true}, "while": {open: "while", starts: true},
	"for": {open: "for", starts: true}, "function": {open: "function"},
	"end": {shut: "end", ends: true}, "until": {shut: "until"},
	"break": {starts: true}, "else": {starts: true}, "elseif": {starts: true}, "goto": {starts: true},
	"in": {starts: true}, "local": {starts: true}, "return": {starts: true}, "then": {starts: true},
}

// operatorRole returns the role of an operator or bracket behind an operand, or behind none.
func operatorRole(op string, operand bool) role {
	switch op {
	case "(", "{", "[":
		return role{open: op, chains: operand}
	case ")", "}", "]":
		return role{shut: op, ends: true}
	case ";", ",", "=", "::":
		return role{starts: true}
	case "...":
		return role{ends: true}
	case "#":
		return role{prefix: true}
	case "-":
		return role{prefix: !operand, chains: operand}
	}
	return role{chains: true}
}

// count counts the last token and returns an error if that is one too many.
func (c *checker) count(r role) *Error {
	top := &c.stack[len(c.stack)-1]
	if c.tok.Is("elseif") {
		top.elseifs++
	}
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
	at := c.tok.Pos
	switch {
	case top.elseifs > maxChain:
		return c.fail(at, "too many elseif in a row (more than %d)", maxChain)
	case top.chain > maxChain:
		return c.fail(at, "expression is too long "+
			"(a chain of more than %d operators, calls or fields)", maxChain)
	case top.chain+top.inner > maxTreeDepth:
		return c.fail(at, "expression is nested too deep (more than %d)", maxTreeDepth)
	case len(c.stack)+top.unary > MaxNesting+1:
		return c.fail(at, "chunk has too many syntax levels (more than %d)", MaxNesting)
	}
	return nil
}

// nest opens and closes what the last token opens and closes. A token that does not match is left to the
// parser, which has the better message.
func (c *checker) nest(r role) {
	top := &c.stack[len(c.stack)-1]
	switch {
	case r.open == "do" && (top.text == "while" || top.text == "for"):
		top.text += " do" // one block
	case r.open != "":
		c.stack = append(c.stack, opening{text: r.open, at: c.tok.Pos})
	case r.shut != "" && len(c.stack) > 1 && closing(top.text) == r.shut:
		c.stack = c.stack[:len(c.stack)-1]
		outer := &c.stack[len(c.stack)-1]
		outer.inner = max(outer.inner, top.chain+top.inner+1)
	}
}

// closing returns the token that ends what open began.
func closing(open string) string {
	return cmp.Or(closers[open], "end")
}

var closers = map[string]string{"(": ")", "{": "}", "[": "]", "repeat": "until"}

// unclosed returns the error of a text that ends in a bracket or block, or nil.
func (c *checker) unclosed() *Error {
	if len(c.stack) == 1 {
		return nil
	}
	o := c.stack[len(c.stack)-1]
	err := c.fail(len(c.src), "'%s' expected near '<eof>'", closing(o.text))
	err.Incomplete = true
	if line := 1 + strings.Count(c.src[:o.at], "\n"); line != err.Line {
		name, _, _ := strings.Cut(o.text, " ")
		err.Message = fmt.Sprintf("'%s' expected (to close '%s' at line %d) near '<eof>'",
			closing(o.text), name, line)
	}
	return err
}
