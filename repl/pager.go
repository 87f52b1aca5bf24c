// The pager: text that is longer than the terminal is shown a screen at a time.

package repl

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/phrase"
)

// page prints text of the prompt, on a terminal with a pager unless PAGER is cat.
func (s *session) page(text string) {
	text = strings.TrimRight(text, "\n")
	if e, ok := s.lr.(*editor); ok && s.cfg.Getenv("PAGER") != "cat" {
		s.freshLine()
		if e.page(s.base, text) {
			return
		}
	}
	fmt.Fprintln(s.out, text)
}

// paged shows what fn prints as code with the pager.
func (s *session) paged(fn func() error) error {
	if _, ok := s.lr.(*editor); !ok {
		return fn()
	}
	var text bytes.Buffer
	was := *s.codeOut
	s.codeOut.w, s.codeOut.crlf = &text, false
	err := fn()
	*s.codeOut = was
	if s.mid = false; text.Len() > 0 {
		s.page(text.String())
	}
	return err
}

// page shows text a screen at a time and waits for a key between screens. It reports false, and has shown
// nothing, if the text fits the terminal, or if keys have been typed ahead: they are not for the pager.
func (e *editor) page(ctx context.Context, text string) bool {
	width, height := e.tty.size()
	lines := strings.Split(text, "\n")
	if rowsOf(lines, width) < height || height < 3 || e.src.pending() > 0 || e.tty.raw() != nil {
		return false
	}
	defer e.tty.cooked()
	shown := 0
	for room := height - 1; room > 0; {
		for first := true; shown < len(lines); first = false {
			rows := rowsOf(lines[shown:shown+1], width)
			if rows > room && !first {
				break
			}
			e.write(lines[shown] + "\r\n")
			room -= rows
			shown++
		}
		if shown == len(lines) {
			break
		}
		bar := fmt.Sprintf("-- %d of %d lines: space, Enter, q", shown, len(lines))
		e.write(phrase.Truncate(bar, max(width-1, 1)))
		room = e.pagerKey(ctx, height-1)
		e.write("\r\x1b[K")
	}
	return true
}

// rowsOf returns how many rows of a terminal the lines take.
func rowsOf(lines []string, width int) (rows int) {
	for _, line := range lines {
		rows += max(1, (phrase.Width(line)+width-1)/max(width, 1))
	}
	return rows
}

// pagerKey waits for a key between screens and returns how many rows to show next: 0 ends the pager.
func (e *editor) pagerKey(ctx context.Context, screen int) (rows int) {
	for {
		c, err := e.src.pump.receive(ctx.Done())
		if err != nil {
			return 0
		}
		e.src.pump.took(c)
		if len(c.b) == 0 {
			return 0
		}
		keys := e.src.dec.feed(nil, c.b)
		for i, k := range keys {
			switch k.r {
			case ' ', 'f', ctrlF:
				rows = screen
			case ctrlM, ctrlJ, ctrlN, 'j':
				rows = 1
			case 'G', '>':
				rows = 1 << 30
			case 'q', 'Q', ctrlC, ctrlD:
			default:
				continue
			}
			e.src.set(func() { e.src.keys = append(e.src.keys, keys[i+1:]...) })
			return rows
		}
	}
}
