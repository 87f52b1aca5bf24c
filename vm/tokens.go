// The door to the scanner, for a prompt and for tools that read Lua text without compiling it.

package vm

import (
	"iter"

	"github.com/hwlua/hwlua/vm/internal/syntax"
)

// A Token is one word of source text: its Kind, its Text as written, Pos (the byte offset) and Line (from 1).
// Open reports that it is a string or comment that the text ends in.
//
// Its methods are End, the byte offset behind the token; Is(word), which reports whether it is that operator
// or keyword; and Content, the text between the quotes or brackets of a string, escapes as written.
type Token = syntax.Token

// A TokenKind is the class of a token.
type TokenKind = syntax.Kind

const (
	TokenName    = syntax.Name
	TokenKeyword = syntax.Keyword
	TokenNumber  = syntax.Number
	TokenString  = syntax.String
	TokenOp      = syntax.Op
	TokenComment = syntax.Comment
)

// Tokens splits src into tokens with the scanner that Compile uses. It takes any text, unfinished input
// included; what Compile would refuse becomes tokens as well. A comment is left out unless src ends in it,
// as a line comment without a newline does. Whether a block or bracket is still open is what Incomplete
// reports of the error of Compile.
func Tokens(src string) iter.Seq[Token] { return syntax.Tokens(src) }

// IsName reports whether s is a Lua name that may stand without quotes: not empty, no keyword.
func IsName(s string) bool { return syntax.IsName(s) }

// Keywords lists the reserved words of the language in order.
func Keywords() []string { return syntax.Keywords() }
