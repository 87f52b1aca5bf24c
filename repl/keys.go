// Decoding the bytes of a terminal into keys: escape sequences, pastes, and text that arrived at once.

package repl

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// A key is one unit of input to the editor: a character or control character as readline knows it, or a
// private key.
type key struct {
	r    rune
	text string // of keyInsert
}

// Private keys, which readline does not know. They are characters of a private use area, so readline
// inserts them into the line; the editor removes them again and performs them.
const (
	keyInsert    rune = 0xF0000 + iota // text that arrived at once: a paste, or typed ahead
	keyNewline                         // a line break in the entry
	keyUp                              // in an entry of several lines
	keyDown                            //
	keyUndo                            //
	keyLeft                            // by one grapheme cluster
	keyRight                           //
	keyBackspace                       //
	keyDelete                          // never ends the session, even if the line is empty
	keyTab                             // indentation
	keyRefresh                         // the terminal has another size
	keyResumed                         // the process was stopped and has been resumed
)

// Control characters.
const (
	ctrlA, ctrlB, ctrlC, ctrlD, ctrlE, ctrlF, ctrlG, ctrlH, tab = 1, 2, 3, 4, 5, 6, 7, 8, 9
	ctrlJ, ctrlL, ctrlM, ctrlN, ctrlO, ctrlP, ctrlQ             = 10, 12, 13, 14, 15, 16, 17
	ctrlT, ctrlU, ctrlV, ctrlW, ctrlX, ctrlZ                    = 20, 21, 22, 23, 24, 26
	escape, ctrlUndo, backspace                                 = 27, 31, 127

	metaB rune = 0xF0100 + iota
	metaF
	metaD
	metaBackspace
)

// pasteLimit limits the size of a paste. The rest of a larger one is dropped.
const pasteLimit = 16 << 20

// burst is the number of characters in one read from which on they are inserted at once.
const burst = 48

type decodeState uint8

const (
	ground decodeState = iota
	gotEsc
	gotCSI
	gotLinuxFn // ESC [ [ x, the function keys of the Linux console
	gotSS3
	inString    // OSC, DCS and the like: reports of the terminal
	inStringEsc //
	inPaste
)

// A decoder turns bytes into keys. It keeps an incomplete sequence for the next feed, and drops
// sequences that have no meaning.
type decoder struct {
	state  decodeState
	params []byte
	paste  []byte
	part   []byte // of a UTF-8 sequence
}

var pasteEnd = []byte("\x1b[201~")

// feed appends to keys those that b completes.
func (d *decoder) feed(keys []key, b []byte) []key {
	b = append(d.part, b...)
	d.part = nil
	for len(b) > 0 {
		switch {
		case d.state == inPaste:
			keys, b = d.feedPaste(keys, b)
		case d.state == ground && plainLen(b) >= burst:
			n := plainLen(b)
			keys = append(keys, key{r: keyInsert, text: string(b[:n])})
			b = b[n:]
		case d.state == ground && b[0] >= utf8.RuneSelf:
			if !utf8.FullRune(b) {
				d.part = slices.Clone(b)
				return keys
			}
			r, n := utf8.DecodeRune(b)
			b = b[n:]
			if !private(r) && !(r == utf8.RuneError && n == 1) {
				keys = append(keys, key{r: r})
			}
		default:
			keys = d.feedByte(keys, b[0])
			b = b[1:]
		}
	}
	return keys
}

// plainLen returns the length of the text at the beginning of b that has no control characters, in
// whole characters.
func plainLen(b []byte) int {
	control := func(r rune) bool { return r < ' ' || r == backspace || r == utf8.RuneError || private(r) }
	if n := bytes.IndexFunc(b, control); n >= 0 {
		return n
	}
	return len(b)
}

// private reports whether r is a key that only this package uses.
func private(r rune) bool { return r >= keyInsert && r <= 0xF01FF }

// feedByte advances the decoder by one byte outside of a paste.
func (d *decoder) feedByte(keys []key, c byte) []key {
	switch d.state {
	case ground:
		switch {
		case c == escape:
			d.state = gotEsc
		case c == ctrlUndo:
			keys = append(keys, key{r: keyUndo})
		case c >= ' ' && c != backspace, known(c):
			keys = append(keys, key{r: rune(c)})
		}
	case gotEsc:
		keys = d.afterEscape(keys, c)
	case gotCSI:
		switch {
		case c == '[' && len(d.params) == 0:
			d.state = gotLinuxFn
		case c >= 0x40 && c <= 0x7e:
			keys = d.csi(keys, c)
		case c == escape:
			d.state = gotEsc
		case c < ' ' || len(d.params) >= 32:
			d.state = ground
		default:
			d.params = append(d.params, c)
		}
	case gotSS3:
		keys = d.csi(keys, c)
	case inString:
		switch c {
		case 7, ctrlC, ctrlM:
			d.state = ground
		case escape:
			d.state = inStringEsc
		}
	case gotLinuxFn, inStringEsc:
		d.state = ground
	}
	return keys
}

// metaKeys maps the byte after an escape character to a key.
var metaKeys = map[byte]rune{
	'b': metaB, 'B': metaB, 'f': metaF, 'F': metaF, 'd': metaD, 'D': metaD, backspace: metaBackspace,
	ctrlH: metaBackspace, ctrlM: keyNewline, ctrlJ: keyNewline, ctrlC: ctrlC,
}

// afterEscape handles the byte after an escape character.
func (d *decoder) afterEscape(keys []key, c byte) []key {
	d.state, d.params = ground, d.params[:0]
	switch c {
	case '[':
		d.state = gotCSI
	case 'O':
		d.state = gotSS3
	case ']', 'P', 'X', '^', '_':
		d.state = inString
	case escape:
		d.state = gotEsc
	default:
		if r, ok := metaKeys[c]; ok {
			keys = append(keys, key{r: r})
		}
	}
	return keys
}

// csiKeys maps control sequences to keys.
var csiKeys = map[string]rune{
	"A": ctrlP, "B": ctrlN, "C": ctrlF, "D": ctrlB, "Alt-C": metaF, "Alt-D": metaB, "3~": keyDelete,
	"H": ctrlA, "1~": ctrlA, "7~": ctrlA, "F": ctrlE, "4~": ctrlE, "8~": ctrlE,
}

// csi handles a control sequence that ends with c.
func (d *decoder) csi(keys []key, c byte) []key {
	d.state = ground
	sequence := string(c)
	_, mod, _ := bytes.Cut(d.params, []byte(";"))
	switch {
	case c == '~':
		sequence = string(d.params) + "~"
	case len(mod) > 0 && mod[0] != '1' && mod[0] != '2' && (c == 'C' || c == 'D'):
		sequence = "Alt-" + sequence // or Ctrl
	}
	if sequence == "200~" {
		d.state, d.paste = inPaste, nil
	}
	if r := csiKeys[sequence]; r != 0 {
		keys = append(keys, key{r: r})
	}
	return keys
}

// feedPaste handles the bytes of a bracketed paste, and returns those after it.
func (d *decoder) feedPaste(keys []key, b []byte) ([]key, []byte) {
	from := max(0, len(d.paste)-len(pasteEnd)+1)
	d.paste = append(d.paste, b...)
	i := bytes.Index(d.paste[from:], pasteEnd)
	if i < 0 {
		if len(d.paste) > pasteLimit+len(pasteEnd) { // keep the end, where the end marker may begin
			copy(d.paste[pasteLimit:], d.paste[len(d.paste)-len(pasteEnd):])
			d.paste = d.paste[:pasteLimit+len(pasteEnd)]
		}
		return keys, nil
	}
	end := from + i
	rest := slices.Clone(d.paste[end+len(pasteEnd):])
	text := pasted(d.paste[:min(end, pasteLimit)])
	d.paste, d.state = nil, ground
	if text != "" {
		keys = append(keys, key{r: keyInsert, text: text})
	}
	return keys, rest
}

// pasted returns pasted bytes as text for the entry: with \n for line breaks of any kind, without other
// control characters than tabs, without invalid UTF-8, and without line breaks at the end, so that only
// Enter runs the entry.
func pasted(b []byte) string {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	b = bytes.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n', r == '\t', r >= ' ' && r < backspace, r >= 0xa0 && !private(r):
			return r
		}
		return -1
	}, bytes.ToValidUTF8(b, nil))
	return string(bytes.TrimRight(b, "\n"))
}

// known reports whether the editor uses a control character; readline would insert the others into the line.
func known(c byte) bool {
	return c == backspace || c > 0 && c < escape && !slices.Contains([]byte{ctrlO, ctrlQ, ctrlV, ctrlX}, c)
}
