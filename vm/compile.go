// Compiling: from source text to a Program that any number of runtimes share.

package vm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/internal/syntax"
)

// MaxSource is how many bytes of source Compile takes, MaxNesting how deep it may be nested.
const (
	MaxSource  = 1 << 20
	MaxNesting = syntax.MaxNesting
)

// A Program is a compiled script. It is immutable: any number of goroutines may run it at once,
// each in a runtime of its own.
type Program struct {
	name  string
	src   string
	chunk *syntax.Chunk
}

// Name returns the name that the program was compiled with.
func (p *Program) Name() string { return p.name }

// Compile turns source text into a Program. It skips a byte order mark and a first line that begins
// with #. The error is an *Error with Script, Line, Source and, where it is known, Column. Text of any
// kind and size gives a program or an error.
func Compile(name, src string) (*Program, error) {
	if len(src) > MaxSource {
		return nil, &Error{
			Script: name,
			Message: fmt.Sprintf("%s: source of %d bytes is too large (at most %d)",
				name, len(src), MaxSource),
		}
	}
	text := strings.TrimPrefix(src, "\ufeff")
	if strings.HasPrefix(text, "#") {
		line, _, _ := strings.Cut(text, "\n")
		text = text[len(line):]
	}
	chunk, err := syntax.Compile(name, text)
	if err != nil {
		out := &Error{
			Script:     name,
			Line:       err.Line,
			Message:    fmt.Sprintf("%s:%d: %s", name, err.Line, err.Message),
			incomplete: err.Incomplete,
		}
		out.locate(text, err.Col)
		return nil, out
	}
	return &Program{name: name, src: text, chunk: chunk}, nil
}

// Incomplete reports whether err is a syntax error that more text could fix. A prompt asks it after
// every line.
func Incomplete(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.incomplete
}
