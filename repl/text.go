// Text for a terminal: control characters and colors.

package repl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// printable replaces control characters, which would act on the terminal, and invalid UTF-8 by escape
// sequences. Line breaks and tabs stay.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n', r == '\t', r >= ' ' && r < 0x7f, r >= 0xa0 && !(r == utf8.RuneError && n == 1):
			b.WriteString(s[i : i+n])
		default:
			for _, c := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, "\\%03d", c)
			}
		}
		i += n
	}
	return b.String()
}

// A palette colors text, or leaves it alone if false.
type palette bool

func (p palette) sgr(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) err(s string) string    { return p.sgr("31", s) }
func (p palette) note(s string) string   { return p.sgr("2", s) }
func (p palette) strong(s string) string { return p.sgr("1", s) }
func (p palette) value(s string) string  { return p.sgr("36", s) }
func (p palette) change(s string) string { return p.sgr("1;33", s) }
