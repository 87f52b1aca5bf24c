// The conversions of string.format, as C's printf performs them.

package number

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Spec is one conversion of a format string: %[flags][width][.precision]verb.
type Spec struct {
	flags     string
	Width     int
	Precision int // -1: not given
	Verb      byte
}

// ParseSpec reads the conversion that follows a '%' at the start of s. It returns the length of the
// conversion, or what is wrong with it in the words of lua5.1.
func ParseSpec(s string) (spec Spec, n int, wrong string) {
	for n < len(s) && strings.IndexByte("-+ #0", s[n]) >= 0 {
		n++
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
	spec = Spec{flags: s[:n], Width: twoDigits(), Precision: -1}
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

func (spec *Spec) has(flag byte) bool {
	return spec.flags != "" && strings.IndexByte(spec.flags, flag) >= 0
}

// appendPadded appends prefix, such as a sign, and body, padded to the width. Zeros go between the two.
func (spec *Spec) appendPadded(b []byte, prefix string, body []byte, zeros bool) []byte {
	fill := spec.Width - len(prefix) - len(body)
	left := spec.has('-')
	if !left && !zeros {
		b = appendRepeated(b, ' ', fill)
	}
	b = append(b, prefix...)
	if !left && zeros {
		b = appendRepeated(b, '0', fill)
	}
	b = append(b, body...)
	if left {
		b = appendRepeated(b, ' ', fill)
	}
	return b
}

func appendRepeated(b []byte, c byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, c)
	}
	return b
}

func (spec *Spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case spec.has('+'):
		return "+"
	case spec.has(' '):
		return " "
	}
	return ""
}

// AppendInteger formats d i u o x X. For d and i the value is the magnitude and negative its sign; for the
// others a negative number is given as its two's complement.
func (spec *Spec) AppendInteger(b []byte, magnitude uint64, negative bool) []byte {
	base, prefix := 10, ""
	switch spec.Verb {
	case 'd', 'i':
		prefix = spec.sign(negative)
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if spec.has('#') && magnitude != 0 {
			prefix = "0" + string(spec.Verb)
		}
	}
	var buf [64]byte
	digits := strconv.AppendUint(buf[:0], magnitude, base)
	if spec.Precision == 0 && magnitude == 0 {
		digits = digits[:0]
	}
	if missing := spec.Precision - len(digits); missing > 0 {
		digits = strconv.AppendUint(appendRepeated(buf[:0], '0', missing), magnitude, base)
	}
	if spec.Verb == 'X' {
		upper(digits)
	}
	if spec.Verb == 'o' && spec.has('#') && (len(digits) == 0 || digits[0] != '0') {
		prefix = "0"
	}
	return spec.appendPadded(b, prefix, digits, spec.has('0') && spec.Precision < 0)
}

// upper converts the ASCII letters of b to upper case.
func upper(b []byte) {
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c &^ 0x20
		}
	}
}

// AppendFloat formats e E f g G.
func (spec *Spec) AppendFloat(b []byte, f float64) []byte {
	precision := spec.Precision
	if precision < 0 {
		precision = 6
	}
	var buf [64]byte // longer text is allocated
	digits, finite := buf[:0], false
	switch verb := spec.Verb | 0x20; {
	case f != f:
		digits = append(digits, "nan"...)
	case math.IsInf(f, 0):
		digits = append(digits, "inf"...)
	case spec.has('#'):
		finite = true
		digits = fmt.Appendf(digits, "%#.*"+string(verb), precision, math.Abs(f))
	default:
		finite = true
		digits = strconv.AppendFloat(digits, math.Abs(f), verb, precision, 64)
	}
	if spec.Verb == 'E' || spec.Verb == 'G' {
		upper(digits)
	}
	sign := spec.sign(math.Signbit(f) && f == f)
	return spec.appendPadded(b, sign, digits, finite && spec.has('0'))
}

// AppendText formats s and c: precision cuts, width pads.
func (spec *Spec) AppendText(b []byte, s string) []byte {
	if spec.Precision >= 0 && spec.Precision < len(s) {
		s = s[:spec.Precision]
	}
	return spec.appendPadded(b, s, nil, false)
}
