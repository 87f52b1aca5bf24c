// A model of the screen of a terminal, so that tests can check what a person would see., so that tests
// see what a person would see.

package repl

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// A vt is a terminal of fixed size that understands the sequences the editor uses and records all
// others. that understands what the editor sends, and complains about everything else.
type vt struct {
	mu            sync.Mutex
	width, height int
	rows          [][]cell // with those scrolled off the screen
	row, col      int      // row within rows
	top           int      // first row on the screen
	wrap          bool     // the next character begins a new row
	part          []byte
	paste         bool // bracketed paste is on
	sgr           int  // color sequences seen
	escapes       int  // escape sequences of any kind
	bytes         int
	strange       []string
}

type cell struct {
	s    string // "" behind a wide character
	wide bool
}

func newVT(width, height int) *vt {
	return &vt{width: width, height: height, rows: make([][]cell, 1)}
}

func (v *vt) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := len(b)
	v.bytes += n
	b = append(v.part, b...)
	v.part = nil
	for len(b) > 0 {
		switch c := b[0]; {
		case c == 0x1b:
			used := v.escape(b)
			if used == 0 {
				v.part = append([]byte(nil), b...)
				return n, nil
			}
			b = b[used:]
		case c == '\r':
			v.col, v.wrap = 0, false
			b = b[1:]
		case c == '\n':
			v.down(1, true)
			v.wrap = false
			b = b[1:]
		case c == '\b':
			v.col = max(0, v.col-1)
			v.wrap = false
			b = b[1:]
		case c == '\t':
			v.col = min(v.width-1, (v.col/8+1)*8)
			b = b[1:]
		case c == 7:
			b = b[1:]
		case c < ' ' || c == 0x7f:
			v.strange = append(v.strange, fmt.Sprintf("control character %#x", c))
			b = b[1:]
		default:
			if !utf8.FullRune(b) {
				v.part = append([]byte(nil), b...)
				return n, nil
			}
			r, size := utf8.DecodeRune(b)
			v.put(r)
			b = b[size:]
		}
	}
	return n, nil
}

func (v *vt) put(r rune) {
	w := runewidth.RuneWidth(r)
	line := func() []cell {
		for len(v.rows[v.row]) < v.width {
			v.rows[v.row] = append(v.rows[v.row], cell{s: " "})
		}
		return v.rows[v.row]
	}
	if w == 0 { // combines with the character before
		c := v.col - 1
		if v.wrap {
			c = v.col
		}
		for c > 0 && line()[c].s == "" {
			c--
		}
		if c >= 0 {
			line()[c].s += string(r)
		}
		return
	}
	if v.wrap || v.col+w > v.width {
		v.down(1, true)
		v.col, v.wrap = 0, false
	}
	l := line()
	l[v.col] = cell{s: string(r), wide: w == 2}
	if w == 2 {
		l[v.col+1] = cell{}
	}
	v.col += w
	if v.col >= v.width {
		v.col, v.wrap = v.width-1, true
	}
}

func (v *vt) down(n int, scroll bool) {
	for range n {
		if v.row == v.top+v.height-1 {
			if !scroll {
				return
			}
			v.top++
		}
		v.row++
		for len(v.rows) <= v.row {
			v.rows = append(v.rows, nil)
		}
	}
}

// escape performs the sequence that b begins with and returns its length, or 0 if it is incomplete. the
// sequence that b begins with and returns its length, 0 when it is not complete.
func (v *vt) escape(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	if b[1] != '[' {
		v.strange = append(v.strange, fmt.Sprintf("%q", b[:2]))
		return 2
	}
	i := 2
	for i < len(b) && (b[i] < 0x40 || b[i] > 0x7e) {
		i++
	}
	if i == len(b) {
		return 0
	}
	v.escapes++
	params := string(b[2:i])
	n := 1
	fmt.Sscanf(params, "%d", &n)
	switch b[i] {
	case 'A':
		v.row, v.wrap = max(v.top, v.row-n), false
	case 'B':
		v.down(n, false)
		v.wrap = false
	case 'C':
		v.col, v.wrap = min(v.width-1, v.col+n), false
	case 'D':
		v.col, v.wrap = max(0, v.col-n), false
	case 'H':
		v.row, v.col, v.wrap = v.top, 0, false
	case 'J':
		if params == "2" {
			for r := v.top; r < len(v.rows); r++ {
				v.rows[r] = nil
			}
			break
		}
		v.cut()
		for r := v.row + 1; r < len(v.rows); r++ {
			v.rows[r] = nil
		}
	case 'K':
		if params == "2" {
			v.rows[v.row] = nil
			break
		}
		v.cut()
	case 'm':
		v.sgr++
	case 'h', 'l':
		if params == "?2004" {
			v.paste = b[i] == 'h'
			break
		}
		fallthrough
	default:
		v.strange = append(v.strange, fmt.Sprintf("%q", b[:i+1]))
	}
	return i + 1
}

func (v *vt) cut() {
	if v.wrap {
		return
	}
	if l := v.rows[v.row]; len(l) > v.col {
		v.rows[v.row] = l[:v.col]
	}
}

// text returns the screen and what has scrolled off, without trailing blanks. what has scrolled away,
// without blanks at the ends of lines.
func (v *vt) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.textLocked()
}

func (v *vt) textLocked() string {
	var lines []string
	for _, row := range v.rows {
		var b strings.Builder
		for _, c := range row {
			b.WriteString(c.s)
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// cursor returns the text of the row of the cursor, and its column.: the row's text, and the column.
func (v *vt) cursor() (row string, col int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var b strings.Builder
	for _, c := range v.rows[v.row] {
		b.WriteString(c.s)
	}
	col = v.col
	if v.wrap {
		col++
	}
	return strings.TrimRight(b.String(), " "), col
}
