// The layout of an entry on a terminal, and the fewest bytes that make the terminal show it.

package repl

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/mattn/go-runewidth"
)

const tabStop = 4

// A view is a layout: rows that fit the terminal, and the position of the cursor.
type view struct {
	rows     []viewRow
	row, col int
}

type viewRow struct {
	prompt string
	text   string
	width  int // of both
}

// layout breaks an entry into rows of at most width columns. cursor is a byte index into text.
func layout(prompt, cont, text string, cursor, width int) view {
	var v view
	var b strings.Builder
	cur := viewRow{prompt: prompt}
	col := min(phrase.Width(prompt), width)
	flush := func(next string) {
		cur.text, cur.width = b.String(), col
		v.rows = append(v.rows, cur)
		b.Reset()
		cur = viewRow{prompt: next}
		col = min(phrase.Width(next), width)
	}
	lineCol := 0 // in the line, for tabs
	at := 0
	g := graphemes.FromString(text)
	for g.Next() {
		c := g.Value()
		if c == "\n" || c == "\r\n" {
			if at <= cursor && cursor < at+len(c) {
				if col >= width {
					flush("")
				}
				v.row, v.col = len(v.rows), col
			}
			flush(cont)
			lineCol = 0
			at += len(c)
			continue
		}
		w := phrase.ClusterWidth(c)
		if c == "\t" {
			w = min(tabStop-lineCol%tabStop, max(width, 1))
			c = strings.Repeat(" ", w)
		}
		n := len(g.Value())
		if col+w > width && col > 0 && (b.Len() > 0 || cur.prompt != "") {
			flush("")
		}
		if at <= cursor && cursor < at+n {
			v.row, v.col = len(v.rows), col
		}
		b.WriteString(c)
		col += w
		lineCol += w
		at += n
	}
	if cursor >= at {
		if col >= width {
			flush("")
		}
		v.row, v.col = len(v.rows), col
	}
	flush("")
	return v
}

// window returns the rows around the cursor that fit a terminal of that height.
func (v view) window(height int) view {
	if len(v.rows) <= height {
		return v
	}
	from := max(0, v.row-height+1)
	if len(v.rows)-v.row < height/2 {
		from = max(from, len(v.rows)-height)
	}
	from = min(from, len(v.rows)-height)
	return view{rows: v.rows[from : from+height], row: v.row - from, col: v.col}
}

// A screen knows what the terminal shows of the entry, and changes it.
type screen struct {
	shown view
	on    bool // an entry is shown
	buf   bytes.Buffer
}

// draw returns the bytes that turn what is shown into next.
func (s *screen) draw(next view) string {
	s.buf.Reset()
	row, col := s.shown.row, s.shown.col
	if !s.on {
		s.shown, row, col = view{}, 0, 0
		s.buf.WriteString("\r")
	}
	goTo := func(r, c int) {
		last := max(0, len(s.shown.rows)-1)
		if r < row {
			fmt.Fprintf(&s.buf, "\x1b[%dA", row-r)
		} else if down := min(r, max(last, row)) - row; down > 0 {
			fmt.Fprintf(&s.buf, "\x1b[%dB", down)
			row += down
		}
		for ; row < r; row++ { // rows that do not exist yet
			s.buf.WriteString("\r\n")
			col = 0
		}
		row = r
		if c != col {
			s.buf.WriteByte('\r')
			if c > 0 {
				fmt.Fprintf(&s.buf, "\x1b[%dC", c)
			}
		}
		col = c
	}
	for i, r := range next.rows {
		var old viewRow
		if i < len(s.shown.rows) {
			if old = s.shown.rows[i]; old == r {
				continue
			}
		} else {
			goTo(i, 0)
			s.shown.rows = append(s.shown.rows, viewRow{})
		}
		keep := 0 // columns that remain
		rest := r.prompt + r.text
		// A mark at the start of the text combines with the prompt, so the row is drawn anew.
		if old.prompt == r.prompt && old.width > 0 && !beginsWithMark(old.text) && !beginsWithMark(r.text) {
			n := samePrefix(old.text, r.text)
			keep = r.width - phrase.Width(r.text[n:])
			rest = r.text[n:]
		}
		goTo(i, keep)
		if old.width > keep && (old.width > r.width || keep == 0 || !ascii(old.text)) {
			s.buf.WriteString("\x1b[K")
		}
		s.buf.WriteString(rest)
		col = r.width
		s.shown.rows[i] = r
		if i+1 < len(next.rows) && i+1 >= len(s.shown.rows) {
			s.buf.WriteString("\r\n")
			row, col = i+1, 0
			s.shown.rows = append(s.shown.rows, viewRow{})
		}
	}
	if len(s.shown.rows) > len(next.rows) {
		goTo(len(next.rows), 0)
		s.buf.WriteString("\x1b[J")
		s.shown.rows = s.shown.rows[:len(next.rows)]
	}
	goTo(next.row, next.col)
	s.shown = view{rows: slices.Clone(next.rows), row: next.row, col: next.col}
	s.on = true
	return s.buf.String()
}

// samePrefix returns the length of the common prefix of two texts that may remain on the terminal. It
// is ASCII, so it consists of whole characters of one column each.
func samePrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] && a[n] < 0x80 {
		n++
	}
	// A mark may combine with the last character.
	if n > 0 && (n < len(a) && a[n] >= 0x80 || n < len(b) && b[n] >= 0x80) {
		n--
	}
	return n
}

func beginsWithMark(s string) bool {
	if s == "" || s[0] < 0x80 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s)
	return runewidth.RuneWidth(r) == 0
}

func ascii(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }

// clear returns the bytes that remove the entry and leave the cursor where it began.
func (s *screen) clear() string {
	if !s.on {
		return ""
	}
	s.buf.Reset()
	if s.shown.row > 0 {
		fmt.Fprintf(&s.buf, "\x1b[%dA", s.shown.row)
	}
	s.buf.WriteString("\r\x1b[J")
	s.shown, s.on = view{}, false
	return s.buf.String()
}

// leave returns the bytes that move the cursor to a new line below the entry, which remains.
func (s *screen) leave() string {
	if !s.on {
		return ""
	}
	s.buf.Reset()
	if down := len(s.shown.rows) - 1 - s.shown.row; down > 0 {
		fmt.Fprintf(&s.buf, "\x1b[%dB", down)
	}
	s.buf.WriteString("\r\n")
	s.shown, s.on = view{}, false
	return s.buf.String()
}

// resized computes the row of the cursor after the terminal has broken the rows anew for another width.
func (s *screen) resized(width int) {
	if !s.on || width < 1 {
		return
	}
	row := 0
	for i, r := range s.shown.rows {
		n := max(1, (r.width+width-1)/width)
		if i < s.shown.row {
			row += n
		} else if i == s.shown.row {
			row += s.shown.col / width
		}
	}
	s.shown.row = row
}
