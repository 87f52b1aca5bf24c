// Columns, plurals and truncation.

// Package phrase measures and shapes text for people: columns of a terminal, plurals, truncation,
// and suggestions for misspelt names. The prompt, the reports and the error messages share it, so a
// name is suggested and a column is counted the same way everywhere.
package phrase

import (
	"fmt"
	"strings"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/mattn/go-runewidth"
)

// Plural returns n and noun, such as "1 case" or "2 cases". The plural of noun is formed with s.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ClusterWidth returns the columns of one grapheme cluster: 0, 1 or 2.
func ClusterWidth(s string) int {
	if len(s) == 1 {
		return 1
	}
	return min(2, runewidth.StringWidth(s))
}

// Width returns the number of columns that s takes on a terminal. s has no line break; escape
// sequences take no column.
func Width(s string) int {
	w := 0
	for s != "" {
		if n := EscapeLen(s); n > 0 {
			s = s[n:]
			continue
		}
		g := graphemes.FromString(s)
		g.Next()
		c := g.Value()
		w += ClusterWidth(c)
		s = s[len(c):]
	}
	return w
}

// EscapeLen returns the length in bytes of the escape sequence at the beginning of s, or 0.
func EscapeLen(s string) int {
	if len(s) < 2 || s[0] != 0x1b || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
	}
	return len(s)
}

// Truncate shortens a line to width columns, ending it with an ellipsis if it was longer. Escape
// sequences take no column and are kept; colors are reset after a cut.
func Truncate(s string, width int) string {
	if width < 1 {
		return ""
	}
	if len(s) <= width || Width(s) <= width {
		return s
	}
	var b strings.Builder
	w, colored := 0, false
	for s != "" {
		if n := EscapeLen(s); n > 0 {
			b.WriteString(s[:n])
			s = s[n:]
			colored = true
			continue
		}
		g := graphemes.FromString(s)
		g.Next()
		c := g.Value()
		if w+ClusterWidth(c) > width-1 {
			break
		}
		b.WriteString(c)
		w += ClusterWidth(c)
		s = s[len(c):]
	}
	b.WriteString("…")
	if colored {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// Pad appends spaces to s up to width columns.
func Pad(s string, width int) string {
	if n := width - Width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// Wrap breaks a text into lines of at most width columns. Lines after the first begin with indent.
func Wrap(text string, width int, indent string) string {
	var b strings.Builder
	n := 0
	for word := range strings.FieldsSeq(text) {
		w := Width(word)
		switch {
		case n == 0:
		case n+1+w > width:
			b.WriteString("\n" + indent)
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += w
	}
	return b.String()
}
