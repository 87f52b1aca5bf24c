// The conversions of string.format, as C's printf makes them.

package number

import (
	"math"
	"strconv"
	"strings"
)

// A Spec is one conversion of a format string: %[flags][width][.precision]verb.
type Spec struct {
	minus, plus, space, sharp, zero bool
	Width                           int
	Precision                       int // -1: none given
	Verb                            byte
}

// ParseSpec reads the conversion that follows a '%' at the start of s. It returns how long it is, or
// what is wrong with it, in lua5.1's words.
func ParseSpec(s string) (spec Spec, n int, wrong string) {
	spec.Precision = -1
flags:
	for ; n < len(s); n++ {
		switch s[n] {
		case '-':
			spec.minus = true
		case '+':
			spec.plus = true
		case ' ':
			spec.space = true
		case '#':
			spec.sharp = true
		case '0':
			spec.zero = true
		default:
			break flags
		}
	}
	if n > 5 {
		return spec, n, "invalid format (repeated flags)"
	}
	twoDigits := func() (v int) {
		for i := 0; i < 2 && n < len(s) && isDigit(s[n]); i++ {
			v = v*10 + int(s[n]-'0')
			n++
		}
		return v
	}
	spec.Width = twoDigits()
	if n < len(s) && s[n] == '.' {
		n++
		spec.Precision = twoDigits()
	}
	if n < len(s) && isDigit(s[n]) {
		return spec, n, "invalid format (width or precision too long)"
	}
	if n == len(s) {
		return spec, n, "invalid option '%' to 'format'"
	}
	spec.Verb = s[n]
	return spec, n + 1, ""
}

// appendPadded adds sign, prefix and body, filled up to the width. Zeros go between sign and body.
func (spec *Spec) appendPadded(b []byte, sign, prefix string, body []byte, zeros bool) []byte {
	fill := spec.Width - len(sign) - len(prefix) - len(body)
	if fill > 0 && !spec.minus && !zeros {
		b = appendRepeated(b, ' ', fill)
	}
	b = append(b, sign...)
	b = append(b, prefix...)
	if fill > 0 && !spec.minus && zeros {
		b = appendRepeated(b, '0', fill)
	}
	b = append(b, body...)
	if fill > 0 && spec.minus {
		b = appendRepeated(b, ' ', fill)
	}
	return b
}

func appendRepeated(b []byte, c byte, n int) []byte {
	for range n {
		b = append(b, c)
	}
	return b
}

func (spec *Spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case spec.plus:
		return "+"
	case spec.space:
		return " "
	}
	return ""
}

// AppendInteger formats d i u o x X. For d and i the value is the magnitude and negative its sign;
// for the others a negative number comes as its two's complement.
func (spec *Spec) AppendInteger(b []byte, magnitude uint64, negative bool) []byte {
	base, sign, prefix := 10, "", ""
	switch spec.Verb {
	case 'd', 'i':
		sign = spec.sign(negative)
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if spec.sharp && magnitude != 0 {
			prefix = "0" + string(spec.Verb)
		}
	}
	var buf [128]byte
	digits := strconv.AppendUint(buf[:0], magnitude, base)
	if spec.Verb == 'X' {
		for i, c := range digits {
			if 'a' <= c {
				digits[i] = c - 'a' + 'A'
			}
		}
	}
	if spec.Precision == 0 && magnitude == 0 {
		digits = digits[:0]
	}
	if missing := spec.Precision - len(digits); missing > 0 {
		n := len(digits)
		digits = digits[:n+missing]
		copy(digits[missing:], digits[:n])
		for i := range missing {
			digits[i] = '0'
		}
	}
	if spec.Verb == 'o' && spec.sharp && (len(digits) == 0 || digits[0] != '0') {
		prefix = "0"
	}
	return spec.appendPadded(b, sign, prefix, digits, spec.zero && spec.Precision < 0)
}

// AppendFloat formats e E f g G.
func (spec *Spec) AppendFloat(b []byte, f float64) []byte {
	negative := math.Signbit(f) && f == f
	sign := spec.sign(negative)
	upper := spec.Verb == 'E' || spec.Verb == 'G'
	if math.IsInf(f, 0) || f != f {
		word := "inf"
		if f != f {
			word = "nan"
		}
		if upper {
			word = strings.ToUpper(word)
		}
		return spec.appendPadded(b, sign, "", []byte(word), false)
	}
	f = math.Abs(f)
	precision := spec.Precision
	if precision < 0 {
		precision = 6
	}
	var buf [512]byte
	digits := buf[:0]
	switch spec.Verb | 0x20 {
	case 'e':
		digits = strconv.AppendFloat(digits, f, 'e', precision, 64)
	case 'f':
		digits = strconv.AppendFloat(digits, f, 'f', precision, 64)
	case 'g':
		digits = appendG(digits, f, precision, spec.sharp)
	}
	if spec.sharp && spec.Verb|0x20 != 'g' && precision == 0 {
		digits = insertPoint(digits)
	}
	if upper {
		for i, c := range digits {
			if c == 'e' {
				digits[i] = 'E'
			}
		}
	}
	return spec.appendPadded(b, sign, "", digits, spec.zero)
}

// appendG is C's %g: the shorter of %e and %f by the exponent that rounding gives, without trailing
// zeros unless keep says so.
func appendG(b []byte, f float64, precision int, keep bool) []byte {
	if precision == 0 {
		precision = 1
	}
	var buf [160]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', precision-1, 64)
	mark := len(e) - 1
	for e[mark] != 'e' {
		mark--
	}
	exp, _ := strconv.Atoi(string(e[mark+1:]))
	if exp < -4 || exp >= precision {
		mantissa := e[:mark]
		if !keep {
			mantissa = trimZeros(mantissa)
		} else if precision == 1 {
			b = append(b, mantissa...)
			b = append(b, '.')
			return append(b, e[mark:]...)
		}
		b = append(b, mantissa...)
		return append(b, e[mark:]...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', precision-1-exp, 64)
	if !keep {
		return b[:start+len(trimZeros(b[start:]))]
	}
	if precision-1-exp == 0 {
		b = append(b, '.')
	}
	return b
}

// trimZeros cuts trailing zeros after a decimal point, and the point when nothing follows it.
func trimZeros(b []byte) []byte {
	point := -1
	for i, c := range b {
		if c == '.' {
			point = i
			break
		}
	}
	if point < 0 {
		return b
	}
	n := len(b)
	for b[n-1] == '0' {
		n--
	}
	if n-1 == point {
		n--
	}
	return b[:n]
}

// insertPoint puts the point that '#' asks for after the digits of a number without fraction.
func insertPoint(b []byte) []byte {
	at := len(b)
	for i, c := range b {
		if c == 'e' {
			at = i
			break
		}
	}
	b = append(b, 0)
	copy(b[at+1:], b[at:])
	b[at] = '.'
	return b
}

// AppendText formats s and c: precision cuts, width fills.
func (spec *Spec) AppendText(b []byte, s string) []byte {
	if spec.Precision >= 0 && spec.Precision < len(s) {
		s = s[:spec.Precision]
	}
	fill := spec.Width - len(s)
	if fill > 0 && !spec.minus {
		b = appendRepeated(b, ' ', fill)
	}
	b = append(b, s...)
	if fill > 0 && spec.minus {
		b = appendRepeated(b, ' ', fill)
	}
	return b
}
