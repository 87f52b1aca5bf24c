// Reading Lua source as far as a prompt needs: the chain of names before the cursor, brackets,
// arguments and locals.

package repl

import (
	"slices"

	"github.com/hwlua/hwlua/vm"
)

// scan returns the tokens of src. Comments are left out unless src ends in one.
func scan(src string) []vm.Token { return slices.Collect(vm.Tokens(src)) }

// isAny reports whether t is one of the operators or keywords.
func isAny(t vm.Token, words ...string) bool { return slices.ContainsFunc(words, t.Is) }

func opens(t vm.Token) bool  { return isAny(t, "(", "[", "{") }
func closes(t vm.Token) bool { return isAny(t, ")", "]", "}") }

// ends reports whether an index or a call may follow t.
func ends(t vm.Token) bool { return t.Kind == vm.TokenName || t.Kind == vm.TokenString || closes(t) }

// A step is one part of a chain such as m.cpu[0]:read_wb_reg("WCR", 0).
type step struct {
	kind byte       // 'n' a name, '.' a field, ':' a method, '[' an index, '(' a call, '"' a string
	name string     // of a name, a field or a method
	args []vm.Token // the tokens between the brackets of an index or a call
}

// chainBefore returns the steps of the chain whose last token is toks[end-1], and the index of its
// first token. steps is nil if those tokens are not a chain that begins with a name or a string.
func chainBefore(toks []vm.Token, end int) (steps []step, start int) {
	for i := end; i > 0; {
		t := toks[i-1]
		switch {
		case t.Kind == vm.TokenName && i >= 2 && isAny(toks[i-2], ".", ":"):
			steps = append(steps, step{kind: toks[i-2].Text[0], name: t.Text})
			i -= 2
		case t.Kind == vm.TokenName:
			return reversed(append(steps, step{kind: 'n', name: t.Text})), i - 1
		case closes(t):
			open := enclosing(toks[:i-1])
			if open < 0 {
				return nil, end
			}
			args := toks[open+1 : i-1]
			if open == 0 || !ends(toks[open-1]) { // in parentheses: (x) is x
				inner := parenthesized(t, args)
				if inner == nil {
					return nil, end
				}
				return append(inner, reversed(steps)...), open
			}
			kind := byte('(')
			if t.Is("]") {
				kind = '['
			}
			steps = append(steps, step{kind: kind, args: args})
			i = open
		case t.Kind == vm.TokenString && !t.Open && i >= 2 && ends(toks[i-2]): // f "text"
			steps = append(steps, step{kind: '(', args: toks[i-1 : i]})
			i--
		case t.Kind == vm.TokenString && !t.Open && len(steps) > 0 && steps[len(steps)-1].kind == ':':
			return reversed(append(steps, step{kind: '"'})), i - 1
		default:
			return nil, end
		}
	}
	return nil, end
}

// parenthesized returns the chain between parentheses, or nil if they hold anything else. end is the
// closing bracket.
func parenthesized(end vm.Token, inner []vm.Token) []step {
	if !end.Is(")") {
		return nil
	}
	if len(inner) == 1 && inner[0].Kind == vm.TokenString {
		return []step{{kind: '"'}}
	}
	if steps, from := chainBefore(inner, len(inner)); from == 0 {
		return steps
	}
	return nil
}

func reversed(s []step) []step {
	slices.Reverse(s)
	return s
}

// enclosing returns the index of the innermost bracket that is open at the end of toks, or -1.
func enclosing(toks []vm.Token) int {
	depth := 0
	for i, t := range slices.Backward(toks) {
		switch {
		case closes(t):
			depth++
		case opens(t) && depth == 0:
			return i
		case opens(t):
			depth--
		}
	}
	return -1
}

// closing returns the index of the bracket that closes toks[i], or len(toks).
func closing(toks []vm.Token, i int) int {
	depth := 0
	for ; i < len(toks); i++ {
		switch {
		case opens(toks[i]):
			depth++
		case closes(toks[i]):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return i
}

// chainEnd returns the index behind the chain that begins at toks[from].
func chainEnd(toks []vm.Token, from int) int {
	i := from
	for i < len(toks) {
		switch t := toks[i]; {
		case opens(t):
			if i > from && !ends(toks[i-1]) {
				return i
			}
			if i = closing(toks, i); i == len(toks) {
				return i
			}
		case isAny(t, ".", ":"):
			if i+1 == len(toks) || toks[i+1].Kind != vm.TokenName {
				return i
			}
			i++
		case i > from && (t.Kind != vm.TokenString || !ends(toks[i-1])),
			t.Kind != vm.TokenString && t.Kind != vm.TokenName:
			return i
		}
		i++
	}
	return i
}

// splitArgs splits tokens at the commas outside of brackets and blocks.
func splitArgs(toks []vm.Token) [][]vm.Token {
	if len(toks) == 0 {
		return nil
	}
	var parts [][]vm.Token
	depth, from := 0, 0
	for i, t := range toks {
		switch {
		case opens(t), isAny(t, "function", "do", "then", "repeat"):
			depth++
		case closes(t), isAny(t, "end", "until", "elseif"):
			depth = max(0, depth-1)
		case t.Is(",") && depth == 0:
			parts = append(parts, toks[from:i])
			from = i + 1
		}
	}
	return append(parts, toks[from:])
}

// localsOf returns the names that a chunk declares local outside of its blocks and functions.
func localsOf(src string) []string {
	var names []string
	depth := 0
	toks := scan(src)
	for i, t := range toks {
		switch {
		case isAny(t, "do", "if", "function", "repeat"):
			depth++
		case isAny(t, "end", "until"):
			depth--
		case depth == 0 && t.Is("local"):
			names = append(names, declared(toks[i+1:])...)
		}
	}
	return names
}

// assignsElement reports whether a chunk assigns to an element of a table, and to nothing else in that
// statement, outside of its blocks and functions: t.x = ..., t[1] = ....
func assignsElement(src string) bool {
	toks := scan(src)
	depth, first := 0, 0
	for i, t := range toks {
		switch {
		case opens(t), isAny(t, "function", "do", "then", "repeat"):
			depth++
		case closes(t), isAny(t, "end", "until", "elseif"):
			depth--
		case depth == 0 && t.Is(","):
			first = i + 1
		case depth == 0 && t.Is("=") && i > 1 && first == 0:
			if toks[i-1].Is("]") || toks[i-2].Is(".") {
				return true
			}
		}
	}
	return false
}

// declared returns the names of a local statement, given the tokens after "local".
func declared(toks []vm.Token) []string {
	if len(toks) > 0 && toks[0].Is("function") {
		toks = toks[1:]
	}
	var names []string
	for i := 0; i < len(toks) && toks[i].Kind == vm.TokenName; i += 2 {
		names = append(names, toks[i].Text)
		if i+1 == len(toks) || !toks[i+1].Is(",") {
			break
		}
	}
	return names
}
