package number

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// FuzzParse compares integers with math/big and everything else with strconv.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"0", "9007199254740992", "0xffffffffffffffff", "18446744073709551616", "-0x1", " 12 ", "1e3", "0x",
		"1e400", ".5", "5.", "-", "+7", "00012",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Parse(s)
		trimmed := strings.Trim(s, spaces)
		digits := strings.TrimLeft(trimmed, "+-")
		base := 10
		if len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X") {
			base, digits = 16, digits[2:]
		}
		whole := digits != "" && strings.Trim(strings.ToLower(digits), "0123456789abcdef"[:base]) == ""
		switch {
		case len(trimmed)-len(strings.TrimLeft(trimmed, "+-")) > 1, !whole && base == 16:
			if ok {
				t.Errorf("Parse(%q) = %v, want an error", s, got)
			}
		case whole:
			v, _ := new(big.Int).SetString(digits, base)
			checkInteger(t, s, v, base)
		case ok:
			want, err := strconv.ParseFloat(trimmed, 64)
			if err != nil && !math.IsInf(want, 0) || got.Exact || want != got.Float {
				t.Errorf("Parse(%q) = %v, want %v (%v)", s, got, want, err)
			}
		}
	})
}

// checkInteger checks that s is read as an integer of magnitude v, modulo 2^64 if it is negative.
func checkInteger(t *testing.T, s string, v *big.Int, base int) {
	t.Helper()
	got, ok := Parse(s)
	if v.BitLen() > 64 {
		if base == 16 && ok {
			t.Errorf("Parse(%q) = %v, want an error: it needs more than 64 bits", s, got)
		}
		return
	}
	if strings.HasPrefix(strings.Trim(s, spaces), "-") {
		v.Neg(v)
	}
	var want Number
	if v.CmpAbs(big.NewInt(TwoTo53)) < 0 {
		want.Float = float64(v.Int64())
	} else if v.And(v, new(big.Int).SetUint64(math.MaxUint64)); v.Cmp(big.NewInt(TwoTo53)) < 0 {
		want.Float = float64(v.Uint64())
	} else {
		want = Number{Wide: v.Uint64(), Exact: true}
	}
	if !ok || got != want {
		t.Errorf("Parse(%q) = %v, %v, want %v", s, got, ok, want)
	}
}

// FuzzFormat reads back what is formatted.
func FuzzFormat(f *testing.F) {
	f.Add("5d", 42.0, "x")
	f.Add("-08.3f", -3.25, "abc")
	f.Add("#x", 255.0, "\x00\n\"")
	f.Add("+.0e", 1e300, "")
	f.Add("#.0g", -87.0, "")
	f.Add(" .99g", 5e-324, "é")
	f.Fuzz(func(t *testing.T, spec string, v float64, s string) {
		p, n, wrong := ParseSpec(spec)
		if wrong != "" {
			return
		}
		if n > len(spec) || p.Width > 99 || p.Precision > 99 {
			t.Fatalf("ParseSpec(%q) = %+v, %d, want at most 99 for each number", spec, p, n)
		}
		for _, verb := range []byte("eEfgG") {
			p.Verb = verb
			checkFloat(t, p, v)
		}
		for _, verb := range []byte("duxXo") {
			p.Verb = verb
			checkUnsigned(t, p, math.Float64bits(v))
		}
		if got := string(p.AppendText(nil, s)); len(got) < p.Width {
			t.Errorf("%+v of %q is %q, shorter than its width", p, s, got)
		}
	})
}

func checkFloat(t *testing.T, p Spec, v float64) {
	t.Helper()
	got := string(p.AppendFloat(nil, v))
	if len(got) < p.Width {
		t.Errorf("%+v of %v is %q, shorter than its width", p, v, got)
	}
	back, err := strconv.ParseFloat(strings.Trim(got, " +"), 64)
	exact := p.Precision >= 20 && p.Verb != 'f'
	if v == v && (err != nil && !math.IsInf(back, 0) || exact && back != v) {
		t.Errorf("%+v of %v is %q, which reads back as %v (%v)", p, v, got, back, err)
	}
}

func checkUnsigned(t *testing.T, p Spec, v uint64) {
	t.Helper()
	base := map[byte]int{'d': 10, 'u': 10, 'x': 16, 'X': 16, 'o': 8}[p.Verb]
	got := string(p.AppendInteger(nil, v, false))
	if len(got) < p.Width {
		t.Errorf("%+v of %d is %q, shorter than its width", p, v, got)
	}
	text := strings.ToLower(strings.Trim(got, " +"))
	if base == 16 {
		text = strings.TrimPrefix(text, "0x")
	}
	back, err := strconv.ParseUint(text, base, 64)
	if (err != nil || back != v) && !(v == 0 && p.Precision == 0) {
		t.Errorf("%+v of %d is %q, which reads back as %d (%v)", p, v, got, back, err)
	}
}

// TestString checks that integers keep their digits and that the rest is C's %.14g.
func TestString(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "-0"},
		{-1, "-1"},
		{1e15, "1000000000000000"},
		{TwoTo53 - 1, "9007199254740991"},
		{TwoTo53, "9.007199254741e+15"},
		{1e100, "1e+100"},
		{0.1, "0.1"},
		{1.0 / 3, "0.33333333333333"},
		{1e-7, "1e-07"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
		{math.NaN(), "nan"},
		{123456.789, "123456.789"},
		{-2.5, "-2.5"},
		{100000000000000.5, "1e+14"},
		{12345678901234.5, "12345678901234"},
	} {
		if got := String(c.f); got != c.want {
			t.Errorf("String(%v) = %q, want %q", c.f, got, c.want)
		}
	}
}
