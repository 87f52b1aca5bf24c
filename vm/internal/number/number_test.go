package number

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", "9007199254740992", "0xffffffffffffffff", "18446744073709551616", "-0x1", " 12 ", "1e3", "0x", "1e400", ".5", "5.", "-", "+7", "00012"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, ok := Parse(s)
		trimmed := strings.Trim(s, spaces)
		digits := strings.TrimLeft(trimmed, "+-")
		if len(trimmed)-len(digits) > 1 {
			if ok {
				t.Fatalf("%q was read as a number", s)
			}
			return
		}
		base := 10
		if len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X") {
			base, digits = 16, digits[2:]
		}
		whole := digits != "" && strings.Trim(strings.ToLower(digits), "0123456789abcdef"[:base]) == ""
		if !whole {
			if base == 16 && ok {
				t.Fatalf("%q was read as a number", s)
			}
			if ok {
				want, err := strconv.ParseFloat(trimmed, 64)
				if err != nil && !math.IsInf(want, 0) || x.Exact || want != x.Float {
					t.Fatalf("%q is %v, want %v (%v)", s, x, want, err)
				}
			}
			return
		}
		v, _ := new(big.Int).SetString(digits, base)
		negative := trimmed[0] == '-'
		if v.BitLen() > 64 {
			if base == 16 && ok {
				t.Fatalf("%q does not fit and was read as %v", s, x)
			}
			return
		}
		if !ok {
			t.Fatalf("%q was not read", s)
		}
		if negative {
			v.Neg(v)
		}
		if v.IsInt64() && v.CmpAbs(big.NewInt(TwoTo53)) < 0 {
			if x.Exact || x.Float != float64(v.Int64()) {
				t.Fatalf("%q is %v, want %v", s, x, v)
			}
			return
		}
		v.And(v, new(big.Int).SetUint64(math.MaxUint64)) // two's complement
		if v.Cmp(big.NewInt(TwoTo53)) < 0 {
			if x.Exact || x.Float != float64(v.Uint64()) {
				t.Fatalf("%q is %v, want %v", s, x, v)
			}
		} else if !x.Exact || x.Wide != v.Uint64() {
			t.Fatalf("%q is %v, want the exact %v", s, x, v)
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add("5d", 42.0, "x")
	f.Add("-08.3f", -3.25, "abc")
	f.Add("#x", 255.0, "\x00\n\"")
	f.Add("+.0e", 1e300, "")
	f.Add(" .99g", 5e-324, "é")
	f.Fuzz(func(t *testing.T, spec string, v float64, s string) {
		p, n, wrong := ParseSpec(spec)
		if wrong != "" {
			return
		}
		if n > len(spec) || p.Width > 99 || p.Precision > 99 {
			t.Fatalf("%q: width %d, precision %d, %d bytes", spec, p.Width, p.Precision, n)
		}
		for _, verb := range []byte("eEfgG") {
			p.Verb = verb
			got := string(p.AppendFloat(nil, v))
			if len(got) < p.Width {
				t.Errorf("%%%s%c of %v is %q, less than its width", spec, verb, v, got)
			}
			if back, err := strconv.ParseFloat(strings.Trim(got, " +"), 64); err != nil && !math.IsInf(back, 0) && v == v {
				t.Errorf("%%%s%c of %v is %q: %v", spec, verb, v, got, err)
			} else if p.Precision >= 20 && (verb == 'e' || verb == 'g') && back != v && v == v {
				t.Errorf("%%%s%c of %v reads back as %v", spec, verb, v, back)
			}
		}
		u := math.Float64bits(v)
		for verb, base := range map[byte]int{'d': 10, 'u': 10, 'x': 16, 'X': 16, 'o': 8} {
			p.Verb = verb
			got := string(p.AppendInteger(nil, u, false))
			text := strings.ToLower(strings.Trim(got, " +"))
			if base == 16 {
				text = strings.TrimPrefix(text, "0x")
			}
			if back, err := strconv.ParseUint(text, base, 64); len(got) < p.Width || (err != nil || back != u) && !(u == 0 && p.Precision == 0) {
				t.Errorf("%%%s%c of %d is %q: %d %v", spec, verb, u, got, back, err)
			}
		}
		if got := string(p.AppendText(nil, s)); len(got) < p.Width {
			t.Errorf("%%%ss of %q is %q", spec, s, got)
		}
	})
}

// TestNumberString: integers keep their digits, the rest is C's %.14g.
func TestNumberString(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {-1, "-1"}, {1e15, "1000000000000000"}, {TwoTo53 - 1, "9007199254740991"},
		{TwoTo53, "9.007199254741e+15"}, {1e100, "1e+100"}, {0.1, "0.1"}, {1.0 / 3, "0.33333333333333"}, {1e-7, "1e-07"},
		{math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {math.NaN(), "nan"}, {123456.789, "123456.789"}, {-2.5, "-2.5"},
		{100000000000000.5, "1e+14"}, {12345678901234.5, "12345678901234"},
	} {
		if got := String(c.f); got != c.want {
			t.Errorf("%v prints as %q, want %q", c.f, got, c.want)
		}
	}
}
