// JSON of one line, piece by piece.

package conform

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

func (d *decoder) ws() {
	for d.i < len(d.b) {
		switch d.b[d.i] {
		case ' ', '\t', '\r', '\n':
			d.i++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (d *decoder) peek() byte {
	d.ws()
	if d.i < len(d.b) {
		return d.b[d.i]
	}
	return 0
}

// want reads the byte c.
func (d *decoder) want(c byte) bool {
	if d.i < len(d.b) && d.b[d.i] == c {
		d.i++
		return true
	}
	if d.peek() == c {
		d.i++
		return true
	}
	return d.unexpected("'" + string(c) + "'")
}

func (d *decoder) unexpected(expected string) bool {
	d.ws()
	if d.i >= len(d.b) {
		return d.refuse("the line ends where "+expected+" was expected", cutShort)
	}
	return d.refuse("found "+strconv.QuoteRune(rune(d.b[d.i]))+" where "+expected+" was expected", "")
}

// more goes on to the next element of an object or array that close ends; n counts the elements.
func (d *decoder) more(n *int, close byte) bool {
	if d.err != nil {
		return false
	}
	c := d.peek()
	if c == close {
		d.i++
		return false
	}
	*n++
	if *n == 1 {
		return true
	}
	if c != ',' {
		return d.unexpected("',' or '" + string(close) + "'")
	}
	d.i++
	return true
}

// end checks that nothing follows.
func (d *decoder) end() bool {
	if d.peek(); d.i < len(d.b) {
		return d.unexpected("the end of the line")
	}
	return true
}

// str reads a string. The bytes are good until the line goes.
func (d *decoder) str() ([]byte, bool) {
	if d.peek() != '"' {
		return nil, d.unexpected("a string")
	}
	b, start := d.b, d.i
	for i := start + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			d.i = i + 1
			return b[start+1 : i], true
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			d.i = i
			return nil, d.refuse("a control character in a string", "")
		}
	}
	d.i = len(b)
	return nil, d.refuse("the line ends in the middle of a string", cutShort)
}

// escaped reads a string with escapes in it, which no recording has.
func (d *decoder) escaped(start int) ([]byte, bool) {
	for i := start + 1; i < len(d.b); i++ {
		switch d.b[i] {
		case '\\':
			i++
		case '"':
			var s string
			if json.Unmarshal(d.b[start:i+1], &s) != nil {
				return nil, d.refuseAt(start, "a string that is not JSON", "")
			}
			d.i = i + 1
			return []byte(s), true
		}
	}
	d.i = len(d.b)
	return nil, d.refuse("the line ends in the middle of a string", cutShort)
}

// key reads a key and its colon.
func (d *decoder) key() ([]byte, bool) {
	k, ok := d.str()
	return k, ok && d.want(':')
}

// num reads a whole number. An end of the line right after it is left to the caller, who wants a bracket.
func (d *decoder) num(what string) (v uint64, negative, ok bool) {
	c := d.peek()
	start := d.i
	if c == '-' {
		negative = true
		d.i++
	}
	first := d.i
	for d.i < len(d.b) && d.b[d.i]-'0' <= 9 {
		digit := uint64(d.b[d.i] - '0')
		if v > math.MaxUint64/10 || v*10 > math.MaxUint64-digit {
			return 0, false, d.refuseAt(start, what+" does not fit into 64 bits", "")
		}
		v = v*10 + digit
		d.i++
	}
	switch {
	case d.i == first:
		return 0, false, d.unexpected("a whole number")
	case d.b[first] == '0' && d.i > first+1:
		return 0, false, d.refuseAt(start, "a number that begins with 0", "")
	case d.i < len(d.b) && (d.b[d.i] == '.' || d.b[d.i]|0x20 == 'e'):
		return 0, false, d.refuseAt(start, what+" is not a whole number", "")
	}
	return v, negative, true
}

func (d *decoder) uint(what string) (uint64, bool) {
	at := d.i
	v, negative, ok := d.num(what)
	if ok && negative {
		return 0, d.refuseAt(at, what+" is below 0", "")
	}
	return v, ok
}

// small reads a number from lo up to hi.
func (d *decoder) small(what string, lo, hi int) (int, bool) {
	d.ws()
	at := d.i
	v, negative, ok := d.num(what)
	if !ok {
		return 0, false
	}
	n := int(min(v, math.MaxInt32))
	if negative {
		n = -n
	}
	if n < lo || n > hi {
		return 0, d.refuseAt(at, fmt.Sprintf("%s %d is out of range", what, n), fmt.Sprintf("it goes from %d to %d", lo, hi))
	}
	return n, true
}

func (d *decoder) literal(word string) bool {
	if len(d.b)-d.i >= len(word) && string(d.b[d.i:d.i+len(word)]) == word {
		d.i += len(word)
		return true
	}
	return false
}

func (d *decoder) boolean() (v, ok bool) {
	d.ws()
	switch {
	case d.literal("true"):
		return true, true
	case d.literal("false"):
		return false, true
	}
	return false, d.unexpected("true or false")
}

// skip reads any JSON value and returns its text.
func (d *decoder) skip() (string, bool) {
	d.ws()
	j := json.NewDecoder(strings.NewReader(string(d.b[d.i:])))
	var raw json.RawMessage
	if err := j.Decode(&raw); err != nil {
		return "", d.refuse("no JSON value", cutShort)
	}
	d.i += int(j.InputOffset())
	return string(raw), true
}

func parseHex(s []byte) (v uint64, ok bool) {
	if len(s) == 0 || len(s) > 16 {
		return 0, false
	}
	for _, c := range s {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c -= 'a' - 10
		case c-'A' <= 5:
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint64(c)
	}
	return v, true
}

func parseDec(s []byte) (v uint64, ok bool) {
	if len(s) == 0 || len(s) > 20 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range s {
		c -= '0'
		if c > 9 || v > math.MaxUint64/10 || v*10 > math.MaxUint64-uint64(c) {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	return v, true
}
