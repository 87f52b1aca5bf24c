// Package number reads and writes numbers as lua5.1 does, except where that would lose digits of an
// integer: integers from 2^53 to 2^64-1 are exact. It knows no Lua values.
package number

import (
	"math"
	"strconv"
	"strings"
)

// TwoTo53 is the first integer that a float64 cannot tell from its successor.
const TwoTo53 = 1 << 53

// String returns f as print writes it: integers below 2^53 with all their digits, the rest as C's
// "%.14g". Infinities and NaN have one spelling on every host.
func String(f float64) string {
	var buf [32]byte
	return string(Append(buf[:0], f))
}

// IsInteger reports whether f prints as an integer, which is also how gopher-lua prints it.
func IsInteger(f float64) bool {
	return f == math.Trunc(f) && math.Abs(f) < TwoTo53 && (f != 0 || !math.Signbit(f))
}

// Append appends String(f) to b.
func Append(b []byte, f float64) []byte {
	if IsInteger(f) {
		return strconv.AppendInt(b, int64(f), 10)
	}
	switch {
	case f == 0:
		return append(b, "-0"...)
	case f != f:
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	return strconv.AppendFloat(b, f, 'g', 14, 64)
}

// A Number is a float64, or, from 2^53 up, an exact unsigned integer.
type Number struct {
	Float float64
	Wide  uint64
	Exact bool // Wide holds the value, which is at least 2^53
}

// Less reports whether x is below y, compared exactly.
func (x Number) Less(y Number) bool {
	switch {
	case !x.Exact && !y.Exact:
		return x.Float < y.Float
	case x.Exact && y.Exact:
		return x.Wide < y.Wide
	case x.Exact:
		// x is an integer of at least 2^53, and so is every float as large.
		return y.Float >= 1<<64 || y.Float >= TwoTo53 && x.Wide < uint64(y.Float)
	}
	return x.Float < TwoTo53 || x.Float < 1<<64 && uint64(x.Float) < y.Wide
}

// integer returns v, negated as unary minus does it: a result of 2^53 or above wraps modulo 2^64.
func integer(v uint64, negative bool) Number {
	if negative {
		if v < TwoTo53 {
			return Number{Float: float64(-int64(v))}
		}
		v = -v
	}
	if v < TwoTo53 {
		return Number{Float: float64(v)}
	}
	return Number{Wide: v, Exact: true}
}

// spaces are the bytes that may surround a number.
const spaces = " \t\n\v\f\r"

// Parse reads a number as tonumber does without a base: decimal or hexadecimal, with blanks around it.
// Integers up to 2^64-1 are exact. A larger hexadecimal integer is an error, because every result would
// lose digits.
func Parse(text string) (Number, bool) {
	s := strings.Trim(text, spaces)
	unsigned, negative := cutSign(s)
	base := uint64(10)
	if hex, ok := cutHex(unsigned); ok {
		base, unsigned = 16, hex
	}
	v, ok := parseDigits(unsigned, base)
	switch {
	case ok && v == 0 && negative && base == 10:
		return Number{Float: math.Copysign(0, -1)}, true
	case ok:
		return integer(v, negative), true
	case base == 16 || !isDecimalFloat(unsigned): // strconv also reads "inf", "0x1p4" and "1_000"
		return Number{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return Number{}, false
	}
	return Number{Float: f}, true
}

// cutSign returns s without its sign.
func cutSign(s string) (unsigned string, negative bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}

// cutHex returns s without the 0x before its digits, and reports whether it has one.
func cutHex(s string) (digits string, ok bool) {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		return s[2:], true
	}
	return s, false
}

// isDecimalFloat reports whether s is digits, with a point, an exponent or both, and nothing else.
func isDecimalFloat(s string) bool {
	whole := digits(s)
	s = s[whole:]
	fraction := 0
	if s != "" && s[0] == '.' {
		fraction = digits(s[1:])
		s = s[1+fraction:]
	}
	if s != "" && s[0]|0x20 == 'e' {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if s == "" {
			return false
		}
		s = s[digits(s):]
	}
	return s == "" && whole+fraction > 0
}

// digits returns how many decimal digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// parseDigits reads an unsigned integer of at most 64 bits. It fails if s holds anything but digits of base.
func parseDigits(s string, base uint64) (v uint64, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		var d uint64
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			d = uint64(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			d = uint64(c|0x20-'a') + 10
		default:
			return 0, false
		}
		if d >= base || v > (math.MaxUint64-d)/base {
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}

// ParseBase reads an integer in the given base, 2 to 36, as tonumber does with one.
func ParseBase(text string, base int) (Number, bool) {
	s, negative := cutSign(strings.Trim(text, spaces))
	if hex, ok := cutHex(s); ok && base == 16 {
		s = hex
	}
	v, ok := parseDigits(s, uint64(base))
	if !ok {
		return Number{}, false
	}
	return integer(v, negative), true
}

// ParseLiteral reads a number in source text. The error is strconv.ErrRange for an integer above 2^64-1
// and strconv.ErrSyntax for anything else that is not a number.
func ParseLiteral(text string) (Number, error) {
	if hex, ok := cutHex(text); ok {
		return parseInteger(hex, 16)
	}
	if digits(text) == len(text) {
		return parseInteger(text, 10)
	}
	if !isDecimalFloat(text) {
		return Number{}, strconv.ErrSyntax
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return Number{}, strconv.ErrSyntax
	}
	return Number{Float: f}, nil
}

func parseInteger(digits string, base int) (Number, error) {
	v, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return Number{}, err.(*strconv.NumError).Err
	}
	return integer(v, false), nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
