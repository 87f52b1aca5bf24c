// The bytes of a terminal become keys: escape sequences, pastes and text that came in one piece.

package repl

import (
	"bytes"
	"unicode/utf8"
)

// A key is one thing that the editor is told: a control character or a character as readline knows
// it, or one of the private ones below.
type key struct {
	r    rune
	text string // of keyInsert
}

// Keys that readline has no word for. They stand in a private use area, go through readline as
// characters, and are taken out of the line again by the editor, which does what they mean.
const (
	keyInsert     rune = 0xF0000 + iota // text that came at once: a paste, or typed ahead
	keyNewline                          // a line break within the entry
	keyUp                               // within an entry of several lines
	keyDown                             //
	keyUndo                             //
	keyLeft                             // by one character as it is seen
	keyRight                            //
	keyBackspace                        //
	keyDelete                           // never the end of the session, whatever the line holds
	keyTab                              // an indentation
	keyRefresh                          // the terminal has another size
	keyGoesOn                           // the process was stopped and goes on
	keyPrivateEnd = 0xF00FF
)

// Control characters in readline's sense.
const (
	ctrlA, ctrlB, ctrlC, ctrlD, ctrlE, ctrlF, ctrlG, ctrlH = 1, 2, 3, 4, 5, 6, 7, 8
	ctrlJ, ctrlK, ctrlL, ctrlM, ctrlN, ctrlP, ctrlR, ctrlS = 10, 11, 12, 13, 14, 16, 18, 19
	ctrlT, ctrlU, ctrlW, ctrlY, ctrlZ, escape, ctrlUndo    = 20, 21, 23, 25, 26, 27, 31
	tab, backspace                                         = 9, 127

	metaB rune = 0xF0100 + iota
	metaF
	metaD
	metaBackspace
)

// pasteLimit is how much of one paste is taken. More would be no text that a person wrote.
const pasteLimit = 16 << 20

// burst is how many characters must come in one read to be taken as one insertion.
const burst = 48

type decodeState uint8

const (
	ground decodeState = iota
	gotEsc
	gotCSI
	gotLinuxFn // ESC [ [ x, the function keys of the Linux console
	gotSS3
	inString    // OSC, DCS and the like: answers of a terminal that nobody asked for
	inStringEsc //
	inPaste
)

// A decoder turns bytes into keys. It keeps what is not complete for the next feed, and never fails:
// what means nothing is dropped.
type decoder struct {
	state  decodeState
	params []byte
	paste  []byte
	part   []byte // of a UTF-8 sequence
}

var pasteEnd = []byte("\x1b[201~")

// feed appends the keys that b completes to keys.
func (d *decoder) feed(keys []key, b []byte) []key {
	if len(d.part) > 0 {
		b = append(d.part, b...)
		d.part = nil
	}
	for len(b) > 0 {
		if d.state == inPaste {
			keys, b = d.feedPaste(keys, b)
			continue
		}
		if d.state == ground {
			if n := run(b); n >= burst {
				keys = append(keys, key{r: keyInsert, text: string(b[:n])})
				b = b[n:]
				continue
			}
			if b[0] >= utf8.RuneSelf {
				if !utf8.FullRune(b) {
					d.part = append([]byte(nil), b...)
					return keys
				}
				r, n := utf8.DecodeRune(b)
				b = b[n:]
				if !private(r) && !(r == utf8.RuneError && n == 1) {
					keys = append(keys, key{r: r})
				}
				continue
			}
		}
		keys = d.feedByte(keys, b[0])
		b = b[1:]
	}
	return keys
}

// run is the length of the plain text that b begins with, whole characters only.
func run(b []byte) int {
	n := 0
	for n < len(b) {
		if c := b[n]; c < utf8.RuneSelf {
			if c < ' ' || c == backspace {
				break
			}
			n++
			continue
		}
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 || private(r) {
			break
		}
		n += size
	}
	return n
}

func private(r rune) bool { return r >= keyInsert && r <= 0xF01FF }

func (d *decoder) feedByte(keys []key, c byte) []key {
	switch d.state {
	case ground:
		switch {
		case c == escape:
			d.state = gotEsc
		case c == ctrlUndo:
			keys = append(keys, key{r: keyUndo})
		case c >= ' ' && c != backspace:
			keys = append(keys, key{r: rune(c)})
		case known(c):
			keys = append(keys, key{r: rune(c)})
		}
	case gotEsc:
		d.state = ground
		switch c {
		case '[':
			d.state, d.params = gotCSI, d.params[:0]
		case 'O':
			d.state, d.params = gotSS3, d.params[:0]
		case ']', 'P', 'X', '^', '_':
			d.state = inString
		case escape:
			d.state = gotEsc
		case 'b', 'B':
			keys = append(keys, key{r: metaB})
		case 'f', 'F':
			keys = append(keys, key{r: metaF})
		case 'd', 'D':
			keys = append(keys, key{r: metaD})
		case backspace, ctrlH:
			keys = append(keys, key{r: metaBackspace})
		case ctrlM, ctrlJ:
			keys = append(keys, key{r: keyNewline})
		case ctrlC:
			keys = append(keys, key{r: ctrlC})
		}
	case gotCSI:
		switch {
		case c == '[' && len(d.params) == 0:
			d.state = gotLinuxFn
		case c >= 0x40 && c <= 0x7e:
			d.state = ground
			keys = d.csi(keys, c)
		case c == escape:
			d.state = gotEsc
		case c < ' ' || len(d.params) >= 32:
			d.state = ground
		default:
			d.params = append(d.params, c)
		}
	case gotLinuxFn:
		d.state = ground
	case gotSS3:
		d.state = ground
		keys = d.csi(keys, c)
	case inString:
		switch c {
		case 7, ctrlC, ctrlM:
			d.state = ground
		case escape:
			d.state = inStringEsc
		}
	case inStringEsc:
		d.state = ground
	}
	return keys
}

// csi is a sequence that ends with c.
func (d *decoder) csi(keys []key, c byte) []key {
	p := string(d.params)
	_, mod, _ := bytes.Cut(d.params, []byte(";"))
	word := len(mod) > 0 && mod[0] != '1' && mod[0] != '2' // Alt or Ctrl is held
	var r rune
	switch c {
	case 'A':
		r = ctrlP
	case 'B':
		r = ctrlN
	case 'C':
		r = ctrlF
		if word {
			r = metaF
		}
	case 'D':
		r = ctrlB
		if word {
			r = metaB
		}
	case 'H':
		r = ctrlA
	case 'F':
		r = ctrlE
	case '~':
		switch p {
		case "1", "7":
			r = ctrlA
		case "4", "8":
			r = ctrlE
		case "3":
			r = keyDelete
		case "200":
			d.state, d.paste = inPaste, nil
		}
	}
	if r != 0 {
		keys = append(keys, key{r: r})
	}
	return keys
}

// feedPaste takes bytes up to the end of a bracketed paste.
func (d *decoder) feedPaste(keys []key, b []byte) ([]key, []byte) {
	from := max(0, len(d.paste)-len(pasteEnd)+1)
	d.paste = append(d.paste, b...)
	i := bytes.Index(d.paste[from:], pasteEnd)
	if i < 0 {
		if len(d.paste) > pasteLimit+len(pasteEnd) { // keep the end, where the marker may begin
			copy(d.paste[pasteLimit:], d.paste[len(d.paste)-len(pasteEnd):])
			d.paste = d.paste[:pasteLimit+len(pasteEnd)]
		}
		return keys, nil
	}
	end := from + i
	rest := append([]byte(nil), d.paste[end+len(pasteEnd):]...)
	text := pasted(d.paste[:min(end, pasteLimit)])
	d.paste, d.state = nil, ground
	if text != "" {
		keys = append(keys, key{r: keyInsert, text: text})
	}
	return keys, rest
}

// pasted is text as an editor means it: line breaks of any kind are one, tabs stay, other control
// characters and what is no UTF-8 go, and so do line breaks at the end, so that Enter stays the
// user's word.
func pasted(b []byte) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '\r':
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			out = append(out, '\n')
			i++
		case c == '\n' || c == '\t' || c >= ' ' && c < backspace:
			out = append(out, c)
			i++
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			if !(r == utf8.RuneError && n == 1) && !private(r) && r >= 0xa0 {
				out = append(out, b[i:i+n]...)
			}
			i += n
		default:
			i++
		}
	}
	return string(bytes.TrimRight(out, "\n"))
}

// known says whether a control character means something to the editor; readline would put the
// others into the line.
func known(c byte) bool {
	switch c {
	case ctrlA, ctrlB, ctrlC, ctrlD, ctrlE, ctrlF, ctrlG, ctrlH, tab, ctrlJ, ctrlK, ctrlL, ctrlM,
		ctrlN, ctrlP, ctrlR, ctrlS, ctrlT, ctrlU, ctrlW, ctrlY, ctrlZ, backspace:
		return true
	}
	return false
}
