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

// Mod returns x modulo y as lua5.1 computes it. The product is rounded before it is subtracted on every
// architecture.
func Mod(x, y float64) float64 { return x - float64(math.Floor(x/y)*y) }

// Log returns the natural logarithm of x. math.Log is wrong for the smallest numbers on some architectures.
func Log(x float64) float64 {
	const small, scale = 0x1p-1000, 0x1p60
	if 0 < x && x < small {
		return math.Log(x*scale) - 60*math.Ln2
	}
	return math.Log(x)
}

// Log10 returns the decimal logarithm of x, which is a whole number if x is a power of ten.
func Log10(x float64) float64 {
	r := math.Log10(x)
	if 0 < x && x < 0x1p-1000 {
		r = Log(x) / math.Ln10
	}
	if n := math.Round(r); n != r && math.Abs(n-r) < 1e-12 {
		if power, _ := strconv.ParseFloat("1e"+strconv.Itoa(int(n)), 64); power == x {
			return n
		}
	}
	return r
}

// Bits returns an integer as 64 bits, a negative one as its two's complement.
func (x Number) Bits() uint64 {
	if x.Exact {
		return x.Wide
	}
	return uint64(int64(x.Float))
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
	s, negative := cutSign(strings.Trim(text, spaces))
	_, hex := cutHex(s)
	n, err := ParseLiteral(s)
	if err == strconv.ErrRange && !hex {
		n.Float, err = parseFloat(s)
	}
	switch {
	case err != nil:
		return Number{}, false
	case !negative || hex && n == Number{}: // -0x0 is 0, though -0 has a sign
		return n, true
	case n.Exact:
		return integer(n.Wide, true), true
	}
	return Number{Float: -n.Float}, true
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

// ParseBase reads an integer in the given base, 2 to 36, as tonumber does with one.
func ParseBase(text string, base int) (Number, bool) {
	s, negative := cutSign(strings.Trim(text, spaces))
	if hex, ok := cutHex(s); ok && base == 16 {
		s = hex
	}
	v, err := strconv.ParseUint(s, base, 64)
	return integer(v, negative), err == nil
}

// ParseLiteral reads a number in source text. The error is strconv.ErrRange for an integer above 2^64-1
// and strconv.ErrSyntax for anything else that is not a number.
func ParseLiteral(text string) (Number, error) {
	if hex, ok := cutHex(text); ok {
		return parseInteger(hex, 16)
	}
	if isInteger(text) {
		return parseInteger(text, 10)
	}
	f, err := parseFloat(text)
	return Number{Float: f}, err
}

// isInteger reports whether s holds nothing but decimal digits.
func isInteger(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// parseFloat reads a decimal number without a sign. Beyond the range of floats it is infinite. strconv also
// reads "inf", "0x1p4" and "1_000".
func parseFloat(s string) (float64, error) {
	if unsigned, _ := cutSign(s); unsigned != s || strings.TrimLeft(s, "0123456789.eE+-") != "" {
		return 0, strconv.ErrSyntax
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, strconv.ErrSyntax
	}
	return f, nil
}

func parseInteger(digits string, base int) (Number, error) {
	v, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return Number{}, err.(*strconv.NumError).Err
	}
	return integer(v, false), nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
