// JSON of one line, value by value.

package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A scanner reads one line of JSON. It accepts what encoding/json accepts (white space, any order
// of keys, escapes in strings) but no repeated or unknown keys, and it allocates only to store a
// failure.
//
// The first failure is kept and moves the scanner to the end of the line: its methods may be called
// after a failure, return zero values then, and read nothing.
type scanner struct {
	b   []byte
	i   int
	err *FormatError
}

// fail records what was found at byte at, unless an earlier failure is recorded, and how to fix it.
func (d *scanner) fail(at int, found, fix string) {
	if d.err == nil {
		d.err = &FormatError{Col: at + 1, Found: found, Fix: fix}
	}
	d.i = len(d.b)
}

// peek returns the next byte that is not white space, 0 at the end. It is just small enough to be inlined.
func (d *scanner) peek() (c byte) {
	if d.i < len(d.b) {
		c = d.b[d.i]
	}
	if c > ' ' {
		return c
	}
	return d.afterSpace()
}

func (d *scanner) afterSpace() byte {
	for d.i < len(d.b) && bytes.IndexByte([]byte(" \t\r\n"), d.b[d.i]) >= 0 {
		d.i++
	}
	if d.i < len(d.b) {
		return d.b[d.i]
	}
	return 0
}

// next returns where the next value begins.
func (d *scanner) next() int {
	d.peek()
	return d.i
}

// want reads the byte c.
func (d *scanner) want(c byte) {
	if d.peek() == c {
		d.i++
		return
	}
	d.unexpected("'" + string(c) + "'")
}

// unexpected fails for the next byte or for the end of the line.
func (d *scanner) unexpected(expected string) {
	if d.peek(); d.i >= len(d.b) {
		d.fail(d.i, "the line ends where "+expected+" was expected", cutShort)
		return
	}
	d.fail(d.i, "found "+strconv.QuoteRune(rune(d.b[d.i]))+" where "+expected+" was expected", "")
}

// more advances to the next element of an object or array that close ends; n counts the elements.
func (d *scanner) more(n *int, close byte) bool {
	c := d.peek()
	switch {
	case d.err != nil:
		return false
	case c == close:
		d.i++
		return false
	case *n > 0 && c != ',':
		d.unexpected("',' or '" + string(close) + "'")
		return false
	case *n > 0:
		d.i++
	}
	*n++
	return true
}

// end checks that nothing follows.
func (d *scanner) end() {
	if d.peek(); d.i < len(d.b) {
		d.unexpected("the end of the line")
	}
}

// text reads a string and returns it with the place where it begins. The bytes are valid until the
// next line is read.
func (d *scanner) text() (s []byte, at int) {
	if d.peek() != '"' {
		d.unexpected("a string")
		return nil, d.i
	}
	b, at := d.b, d.i
	for i := at + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			d.i = i + 1
			return b[at+1 : i], at
		case c == '\\':
			return d.escaped(at), at
		case c < ' ':
			d.fail(i, "a control character in a string", "")
			return nil, at
		}
	}
	d.fail(len(b), "the line ends in the middle of a string", cutShort)
	return nil, at
}

// string reads a string.
func (d *scanner) string() string {
	s, _ := d.text()
	return string(s)
}

// escaped reads a string that contains escapes. No recording has one, so it may be slow.
func (d *scanner) escaped(at int) []byte {
	for i := at + 1; i < len(d.b); i++ {
		switch d.b[i] {
		case '\\':
			i++
		case '"':
			var s string
			if json.Unmarshal(d.b[at:i+1], &s) != nil {
				d.fail(at, "a string that is not JSON", "")
			} else {
				d.i = i + 1
			}
			return []byte(s)
		}
	}
	d.fail(len(d.b), "the line ends in the middle of a string", cutShort)
	return nil
}

// Words are the names that the format has in one place, numbered from 0. Most of a line is such
// names, so they are found by a hash of three instructions instead of a map.
type words struct {
	names []string
	slots [128]uint8 // the number of a name plus 1, at its hash or after it; 0: empty
}

func wordsOf(names ...string) *words {
	w := &words{names: names}
	for i, name := range names {
		h := hash([]byte(name))
		for w.slots[h%128] != 0 {
			h++
		}
		w.slots[h%128] = uint8(i + 1)
	}
	return w
}

// hash has few collisions among the names of the format: its factors were searched for.
func hash(s []byte) uint {
	if len(s) == 0 {
		return 0
	}
	return uint(s[0]) + 11*uint(s[len(s)-1]) + 2*uint(len(s))
}

// find returns the number of s.
func (w *words) find(s []byte) (i int, ok bool) {
	for h := hash(s); ; h++ {
		n := int(w.slots[h%128])
		if n == 0 {
			return 0, false
		}
		if w.names[n-1] == string(s) {
			return n - 1, true
		}
	}
}

func (w *words) fix() string { return "want one of " + strings.Join(w.names, " ") }

func (d *scanner) repeated(at int, name string) { d.fail(at, fmt.Sprintf("key %q twice", name), "") }

// word reads a string and returns its number among all.
func (d *scanner) word(what string, all *words) int {
	s, at := d.text()
	i, ok := all.find(s)
	if !ok {
		d.fail(at, fmt.Sprintf("unknown %s %q", what, s), all.fix())
	}
	return i
}

// number reads the digits of an integer and returns them with their sign, empty after a failure.
func (d *scanner) number(what string) (digits []byte, at int) {
	at = d.next()
	if at < len(d.b) && d.b[at] == '-' {
		d.i++
	}
	first := d.i
	for d.i < len(d.b) && d.b[d.i]-'0' <= 9 {
		d.i++
	}
	switch end := d.i; {
	case end == first:
		d.unexpected("an integer")
	case d.b[first] == '0' && end > first+1:
		d.fail(at, "a number that begins with 0", "")
	case end < len(d.b) && (d.b[end] == '.' || d.b[end]|0x20 == 'e'):
		d.fail(at, what+" is not an integer", "")
	default:
		return d.b[at:end], at
	}
	return nil, at
}

// uint reads an integer from 0 up to 2^64-1.
func (d *scanner) uint(what string) uint64 {
	digits, at := d.number(what)
	v, ok := parseDec(digits)
	switch {
	case digits == nil || ok:
	case digits[0] == '-':
		d.fail(at, what+" is below 0", "")
	default:
		d.fail(at, what+" does not fit into 64 bits", "")
	}
	return v
}

// int reads an integer from lo up to hi, which are at most 32 bits wide.
func (d *scanner) int(what string, lo, hi int) int {
	digits, at := d.number(what)
	abs, negative := bytes.CutPrefix(digits, []byte("-"))
	v, ok := parseDec(abs)
	n := int(min(v, 1<<32))
	if negative {
		n = -n
	}
	if digits != nil && (!ok || n < lo || n > hi) {
		d.fail(at, fmt.Sprintf("%s %s is out of range", what, digits), fmt.Sprintf("want %d to %d", lo, hi))
	}
	return n
}

// literal reads word if it comes next.
func (d *scanner) literal(word string) bool {
	d.peek()
	end := d.i + len(word)
	if end > len(d.b) || string(d.b[d.i:end]) != word {
		return false
	}
	d.i = end
	return true
}

func (d *scanner) bool() bool {
	if d.literal("true") {
		return true
	}
	if !d.literal("false") {
		d.unexpected("true or false")
	}
	return false
}

// boolOrBit reads true or false, or 1 or 0, which some recordings have instead.
func (d *scanner) boolOrBit() bool {
	if c := d.peek(); c == '0' || c == '1' {
		return d.int("flag", 0, 1) == 1
	}
	return d.bool()
}

// hex reads a string of hexadecimal digits without prefix.
func (d *scanner) hex(what string, limit uint64) uint64 {
	if end := d.i + 3; end <= len(d.b) && string(d.b[d.i:end]) == `"0"` { // most registers read 0
		d.i = end
		return 0
	}
	s, at := d.text()
	v, ok := parseHex(s)
	if !ok || v > limit {
		d.fail(at, fmt.Sprintf("invalid %s %q", what, s),
			fmt.Sprintf("want a hex string without prefix, at most %x", limit))
	}
	return v
}

// skip reads any JSON value and returns its text.
func (d *scanner) skip() string {
	j := json.NewDecoder(bytes.NewReader(d.b[d.i:]))
	var raw json.RawMessage
	if err := j.Decode(&raw); err != nil {
		d.fail(d.i, "not a JSON value", cutShort)
		return ""
	}
	d.i += int(j.InputOffset())
	return string(raw)
}

// parseHex returns the value of 1 to 16 hexadecimal digits.
func parseHex(s []byte) (v uint64, ok bool) {
	for _, c := range s {
		digit := hexDigits[c]
		if digit == 0 {
			return 0, false
		}
		v = v<<4 | uint64(digit-1)
	}
	return v, 0 < len(s) && len(s) <= 16
}

// hexDigits holds the value of each hexadecimal digit plus 1.
var hexDigits = func() (values [256]uint8) {
	for i := range 16 {
		values["0123456789abcdef"[i]] = uint8(i + 1)
		values["0123456789ABCDEF"[i]] = uint8(i + 1)
	}
	return values
}()

// parseDec returns the value of a decimal number below 2^64 without leading zeros.
func parseDec(s []byte) (v uint64, ok bool) {
	if len(s) == 0 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range s {
		c -= '0'
		high, low := bits.Mul64(v, 10)
		if v = low + uint64(c); c > 9 || high != 0 || v < low {
			return 0, false
		}
	}
	return v, true
}
