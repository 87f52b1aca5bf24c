// Numbers as text and text as numbers, the way lua5.1 reads and writes them except where that would
// lose digits of an integer.

package vm

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// twoTo53 is where floats stop telling integers apart: 2^53 and 2^53+1 are one float.
const twoTo53 = 1 << 53

// numberString is how a plain number prints: integers below 2^53 with all their digits, the rest as
// C's "%.14g". Infinities and NaN have one spelling on every host.
func numberString(f float64) string {
	var buf [32]byte
	return string(appendNumber(buf[:0], f))
}

// plainInteger says whether f prints as an integer does, which is also how gopher-lua prints it.
func plainInteger(f float64) bool {
	return f == math.Trunc(f) && math.Abs(f) < twoTo53 && (f != 0 || !math.Signbit(f))
}

func appendNumber(b []byte, f float64) []byte {
	if plainInteger(f) {
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

// A number is a float64, or, from 2^53 up, an exact unsigned integer.
type number struct {
	float float64
	wide  uint64
	exact bool // wide holds the value, which is at least 2^53
}

// asNumber is a Lua value as a number; it is not ok for what is neither a number nor a u64.
func asNumber(v lua.LValue) (n number, ok bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return number{float: float64(v)}, true
	case *lua.LUserData:
		u, ok := v.Value.(wide)
		return number{wide: uint64(u), exact: true}, ok
	}
	return number{}, false
}

// less compares two numbers by value, exactly.
func (x number) less(y number) bool {
	switch {
	case !x.exact && !y.exact:
		return x.float < y.float
	case x.exact && y.exact:
		return x.wide < y.wide
	case x.exact:
		// x is an integer of at least 2^53, and so is every float as large.
		return y.float >= 1<<64 || y.float >= twoTo53 && x.wide < uint64(y.float)
	}
	return x.float < twoTo53 || x.float < 1<<64 && uint64(x.float) < y.wide
}

func integerNumber(v uint64, negative bool) number {
	if negative {
		// As unary minus does: what fits a plain number is one, the rest wraps modulo 2^64.
		if v < twoTo53 {
			return number{float: float64(-int64(v))}
		}
		v = -v
	}
	if v < twoTo53 {
		return number{float: float64(v)}
	}
	return number{wide: v, exact: true}
}

const spaces = " \t\n\v\f\r"

// parseNumber reads a number as tonumber does without a base: decimal or hexadecimal, with blanks
// around it. Integers up to 2^64-1 are exact. A hexadecimal integer beyond that is no number: there
// is nothing that it could be without losing digits.
func parseNumber(text string) (number, bool) {
	s := strings.Trim(text, spaces)
	digits, negative := s, false
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		v, ok := parseDigits(digits[2:], 16)
		if !ok {
			return number{}, false
		}
		return integerNumber(v, negative), true
	}
	if v, ok := parseDigits(digits, 10); ok {
		if v == 0 && negative {
			return number{float: math.Copysign(0, -1)}, true
		}
		return integerNumber(v, negative), true
	}
	// Only what is a decimal float; strconv also reads "inf", "0x1p4" and "1_000".
	if !isDecimalFloat(digits) {
		return number{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return number{}, false
	}
	return number{float: f}, true
}

func isDecimalFloat(s string) bool {
	i, n := 0, 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		n++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]); i++ {
			n++
		}
	}
	if n == 0 {
		return false
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if i == len(s) {
			return false
		}
		for ; i < len(s) && isDigit(s[i]); i++ {
		}
	}
	return i == len(s)
}

// parseDigits reads an unsigned integer of at most 64 bits; s holds nothing but digits of base.
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

// parseBase reads an integer in the given base, 2 to 36, as tonumber does with one.
func parseBase(text string, base int) (number, bool) {
	s := strings.Trim(text, spaces)
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	v, ok := parseDigits(s, uint64(base))
	if !ok {
		return number{}, false
	}
	return integerNumber(v, negative), true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseLiteral is the value of a number in source text: an exact integer when it is one of 2^53 or
// above, otherwise a float.
func parseLiteral(text string) (wide uint64, float float64, err error) {
	if len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		u, err := strconv.ParseUint(strings.TrimLeft(text[2:], "0"), 16, 64)
		if strings.Trim(text[2:], "0") == "" {
			u, err = 0, nil
		}
		if err != nil {
			return 0, 0, err.(*strconv.NumError).Err
		}
		if u < twoTo53 {
			return 0, float64(u), nil
		}
		return u, 0, nil
	}
	if strings.Trim(text, "0123456789") == "" {
		if u, err := strconv.ParseUint(text, 10, 64); err == nil && u >= twoTo53 {
			return u, 0, nil
		} else if err != nil {
			return 0, 0, err.(*strconv.NumError).Err
		}
	}
	if strings.ContainsAny(text, "_xXpPnN") { // what Go would take and Lua does not
		return 0, 0, strconv.ErrSyntax
	}
	float, err = strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(float, 0) {
		return 0, 0, strconv.ErrSyntax
	}
	return 0, float, nil
}
