// Reading Lua source as far as a prompt has to: tokens, and the chain of names before the cursor.

package repl

import (
	"slices"
	"strings"
)

type tokenKind uint8

const (
	tokName tokenKind = iota
	tokKeyword
	tokNumber
	tokString
	tokOp
	tokComment
)

// A token is a word of the source. open says that it goes on beyond the end of the text.
type token struct {
	kind tokenKind
	text string
	pos  int
	open bool
}

func (t token) end() int { return t.pos + len(t.text) }

func (t token) is(op string) bool { return (t.kind == tokOp || t.kind == tokKeyword) && t.text == op }

var keywords = strings.Fields("and break do else elseif end false for function goto if in local nil not or repeat return then true until while")

var isKeyword = func() map[string]bool {
	m := map[string]bool{}
	for _, k := range keywords {
		m[k] = true
	}
	return m
}()

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// isName says whether s can stand where a name stands.
func isName(s string) bool {
	if s == "" || !letter(s[0]) || isKeyword[s] {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !letter(s[i]) && !digit(s[i]) {
			return false
		}
	}
	return true
}

// scan splits source into tokens; it takes anything. Comments are left out unless they reach the end.
func scan(src string) []token {
	var toks []token
	for i := 0; i < len(src); {
		c := src[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			i++
		case letter(c):
			for i < len(src) && (letter(src[i]) || digit(src[i])) {
				i++
			}
			k := tokName
			if isKeyword[src[start:i]] {
				k = tokKeyword
			}
			toks = append(toks, token{kind: k, text: src[start:i], pos: start})
		case digit(c) || c == '.' && i+1 < len(src) && digit(src[i+1]):
			i++
			for i < len(src) && (letter(src[i]) || digit(src[i]) || src[i] == '.' && !strings.HasPrefix(src[i:], "..") ||
				(src[i] == '+' || src[i] == '-') && (src[i-1]|0x20) == 'e' && !strings.HasPrefix(src[start:i], "0x")) {
				i++
			}
			toks = append(toks, token{kind: tokNumber, text: src[start:i], pos: start})
		case c == '"' || c == '\'':
			open := true
			for i++; i < len(src); i++ {
				if src[i] == '\\' && i+1 < len(src) {
					i++
				} else if src[i] == c {
					i++
					open = false
					break
				} else if src[i] == '\n' {
					open = false
					break
				}
			}
			toks = append(toks, token{kind: tokString, text: src[start:i], pos: start, open: open})
		case c == '[' && longBracket(src[i:]) >= 0:
			n, open := longEnd(src[i:], longBracket(src[i:]))
			i += n
			toks = append(toks, token{kind: tokString, text: src[start:i], pos: start, open: open})
		case strings.HasPrefix(src[i:], "--"):
			open := false
			if level := longBracket(src[i+2:]); level >= 0 {
				var n int
				n, open = longEnd(src[i+2:], level)
				i += 2 + n
			} else if n := strings.IndexByte(src[i:], '\n'); n >= 0 {
				i += n
			} else {
				i, open = len(src), true
			}
			if open {
				toks = append(toks, token{kind: tokComment, text: src[start:i], pos: start, open: true})
			}
		default:
			n := 1
			for _, op := range [...]string{"...", "..", "==", "~=", "<=", ">=", "::"} {
				if strings.HasPrefix(src[i:], op) {
					n = len(op)
					break
				}
			}
			i += n
			toks = append(toks, token{kind: tokOp, text: src[start:i], pos: start})
		}
	}
	return toks
}

// longBracket is the level of the long bracket that s begins with, -1 if it begins with none.
func longBracket(s string) int {
	if s == "" || s[0] != '[' {
		return -1
	}
	i := 1
	for i < len(s) && s[i] == '=' {
		i++
	}
	if i < len(s) && s[i] == '[' {
		return i - 1
	}
	return -1
}

func longEnd(s string, level int) (n int, open bool) {
	end := "]" + strings.Repeat("=", level) + "]"
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end), false
	}
	return len(s), true
}

// A step is one part of a chain such as m.cpu[0]:read_wb_reg("WCR", 0): a name, a field, a method, an
// index or a call.
type step struct {
	kind byte // 'n', '.', ':', '[', '('
	name string
	args []token // between the brackets
}

// chainBefore is the chain of steps whose last token is toks[end-1], and where it begins. It is nil when
// what stands there does not begin with a name or a string.
func chainBefore(toks []token, end int) (steps []step, start int) {
	i := end
	for i > 0 {
		t := toks[i-1]
		switch {
		case t.kind == tokName && i >= 2 && (toks[i-2].is(".") || toks[i-2].is(":")):
			steps = append(steps, step{kind: toks[i-2].text[0], name: t.text})
			i -= 2
			continue
		case t.kind == tokName:
			steps = append(steps, step{kind: 'n', name: t.text})
			return reversed(steps), i - 1
		case t.is("]") || t.is(")") || t.is("}"):
			open := opening(toks, i-1)
			if open < 0 {
				return nil, end
			}
			s := step{kind: '(', args: toks[open+1 : i-1]}
			if t.is("]") {
				s.kind = '['
			}
			if open == 0 || !ends(toks[open-1]) { // nothing is called or indexed: (x) is x
				inner := toks[open+1 : i-1]
				if len(inner) == 1 && t.is(")") && inner[0].kind == tokString {
					return reversed(append(steps, step{kind: '"'})), open
				}
				if before, from := chainBefore(inner, len(inner)); t.is(")") && before != nil && from == 0 {
					return append(before, reversed(steps)...), open
				}
				return nil, end
			}
			steps = append(steps, s)
			i = open
			continue
		case t.kind == tokString && !t.open && i >= 2 && ends(toks[i-2]):
			steps = append(steps, step{kind: '(', args: toks[i-1 : i]})
			i--
			continue
		case t.kind == tokString && !t.open && len(steps) > 0 && steps[len(steps)-1].kind == ':':
			steps = append(steps, step{kind: '"'})
			return reversed(steps), i - 1
		}
		return nil, end
	}
	return nil, end
}

// ends says whether an index or a call may follow t.
func ends(t token) bool {
	return t.kind == tokName || t.kind == tokString || t.is("]") || t.is(")") || t.is("}")
}

// opening finds the bracket that toks[i] closes, -1 if there is none.
func opening(toks []token, i int) int {
	depth := 0
	for ; i >= 0; i-- {
		switch {
		case toks[i].is("]") || toks[i].is(")") || toks[i].is("}"):
			depth++
		case toks[i].is("[") || toks[i].is("(") || toks[i].is("{"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// enclosing finds the innermost bracket that is open at the end of toks, -1 if there is none.
func enclosing(toks []token) int {
	depth := 0
	for i := len(toks) - 1; i >= 0; i-- {
		switch {
		case toks[i].is("]") || toks[i].is(")") || toks[i].is("}"):
			depth++
		case toks[i].is("[") || toks[i].is("(") || toks[i].is("{"):
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// splitArgs splits tokens at the commas that are in no bracket and in no function body.
func splitArgs(toks []token) [][]token {
	if len(toks) == 0 {
		return nil
	}
	var parts [][]token
	depth, from := 0, 0
	for i, t := range toks {
		switch {
		case t.is("(") || t.is("{") || t.is("[") || t.is("function") || t.is("do") || t.is("then") || t.is("repeat"):
			depth++
		case t.is(")") || t.is("}") || t.is("]") || t.is("end") || t.is("until") || t.is("elseif") || t.is("else"):
			if depth > 0 {
				depth--
			}
			if t.is("else") {
				depth++
			}
		case t.is(",") && depth == 0:
			parts = append(parts, toks[from:i])
			from = i + 1
		}
	}
	return append(parts, toks[from:])
}

func reversed(s []step) []step {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
	return s
}

// stringText is the text of a string token, escapes left as they are.
func stringText(t token) string {
	s := t.text
	if s[0] == '[' {
		n := longBracket(s) + 2
		s = s[n:]
		if !t.open {
			s = s[:len(s)-n]
		}
		return s
	}
	s = s[1:]
	if !t.open && len(s) > 0 && s[len(s)-1] == t.text[0] {
		s = s[:len(s)-1]
	}
	return s
}

// localsOf are the names that a chunk declares local outside of its blocks and functions.
func localsOf(src string) []string {
	var names []string
	depth := 0
	toks := slices.DeleteFunc(scan(src), func(t token) bool { return t.kind == tokComment })
	for i, t := range toks {
		switch {
		case t.is("do"), t.is("if"), t.is("function"), t.is("repeat"):
			depth++
		case t.is("end"), t.is("until"):
			depth--
		case depth == 0 && t.is("local"):
			for k := i + 1; k < len(toks) && (toks[k].kind == tokName || toks[k].is("function") && k == i+1 || toks[k].is(",")); k++ {
				if toks[k].kind == tokName {
					if toks[k-1].kind == tokName {
						break // the next statement
					}
					names = append(names, toks[k].text)
				}
			}
		}
	}
	return names
}
