// Text that fits a terminal: truncation, columns, colors.

package repl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

func moreRows(n int) string { return fmt.Sprintf("… and %d more", n) }

// printable shows control characters, which would otherwise steer the terminal, and bytes that are no
// text by their escapes. Line breaks and tabs stay.
func printable(s string) string {
	plain := func(r rune, n int) bool {
		return r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && !(r >= 0x80 && r < 0xa0) && !(r == utf8.RuneError && n == 1)
	}
	clean := true
	for i := 0; i < len(s) && clean; {
		r, n := utf8.DecodeRuneInString(s[i:])
		clean = plain(r, n)
		i += n
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if plain(r, n) {
			b.WriteString(s[i : i+n])
		} else {
			for _, c := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, "\\%03d", c)
			}
		}
		i += n
	}
	return b.String()
}

// A palette colors text, or leaves it alone.
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
