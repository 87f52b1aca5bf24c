// Numbers and conversions against math/big, strconv and the Lua reader.

package vm

import (
	"context"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", "9007199254740992", "0xffffffffffffffff", "18446744073709551616", "-0x1", " 12 ", "1e3", "0x", "1e400", ".5", "5.", "-", "+7", "00012"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, ok := parseNumber(s)
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
				if err != nil && !math.IsInf(want, 0) || x.exact || want != x.float {
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
		if v.IsInt64() && v.CmpAbs(big.NewInt(twoTo53)) < 0 {
			if x.exact || x.float != float64(v.Int64()) {
				t.Fatalf("%q is %v, want %v", s, x, v)
			}
			return
		}
		v.And(v, new(big.Int).SetUint64(math.MaxUint64)) // two's complement
		if v.Cmp(big.NewInt(twoTo53)) < 0 {
			if x.exact || x.float != float64(v.Uint64()) {
				t.Fatalf("%q is %v, want %v", s, x, v)
			}
		} else if !x.exact || x.wide != v.Uint64() {
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
	rt, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	defer rt.Close()
	f.Fuzz(func(t *testing.T, spec string, v float64, s string) {
		p, n, wrong := scanSpec(spec)
		if wrong != "" {
			return
		}
		if n > len(spec) || p.width > 99 || p.precision > 99 {
			t.Fatalf("%q: width %d, precision %d, %d bytes", spec, p.width, p.precision, n)
		}
		for _, verb := range []byte("eEfgG") {
			p.verb = verb
			got := string(p.appendFloat(nil, v))
			if len(got) < p.width {
				t.Errorf("%%%s%c of %v is %q, less than its width", spec, verb, v, got)
			}
			if back, err := strconv.ParseFloat(strings.Trim(got, " +"), 64); err != nil && !math.IsInf(back, 0) && v == v {
				t.Errorf("%%%s%c of %v is %q: %v", spec, verb, v, got, err)
			} else if p.precision >= 20 && (verb == 'e' || verb == 'g') && back != v && v == v {
				t.Errorf("%%%s%c of %v reads back as %v", spec, verb, v, back)
			}
		}
		u := math.Float64bits(v)
		for verb, base := range map[byte]int{'d': 10, 'u': 10, 'x': 16, 'X': 16, 'o': 8} {
			p.verb = verb
			got := string(p.appendInteger(nil, u, false))
			text := strings.ToLower(strings.Trim(got, " +"))
			if base == 16 {
				text = strings.TrimPrefix(text, "0x")
			}
			if back, err := strconv.ParseUint(text, base, 64); len(got) < p.width || (err != nil || back != u) && !(u == 0 && p.precision == 0) {
				t.Errorf("%%%s%c of %d is %q: %d %v", spec, verb, u, got, back, err)
			}
		}
		if got := string(p.appendString(nil, s)); len(got) < p.width {
			t.Errorf("%%%ss of %q is %q", spec, s, got)
		}
		program, err := Compile("q", "return "+string(appendQuoted(nil, s)))
		if err != nil {
			if len(s) > 1000 || !strings.Contains(s, "\x00") {
				t.Errorf("%%q of %q does not compile: %v", s, err)
			}
			return
		}
		if got, err := rt.Run(context.Background(), program); err != nil || got[0] != s {
			t.Errorf("%%q of %q reads back as %q, %v", s, got, err)
		}
	})
}

// TestNumberString: integers keep their digits, the rest is C's %.14g.
func TestNumberString(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {-1, "-1"}, {1e15, "1000000000000000"}, {twoTo53 - 1, "9007199254740991"},
		{twoTo53, "9.007199254741e+15"}, {1e100, "1e+100"}, {0.1, "0.1"}, {1.0 / 3, "0.33333333333333"}, {1e-7, "1e-07"},
		{math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {math.NaN(), "nan"}, {123456.789, "123456.789"}, {-2.5, "-2.5"},
		{100000000000000.5, "1e+14"}, {12345678901234.5, "12345678901234"},
	} {
		if got := numberString(c.f); got != c.want {
			t.Errorf("%v prints as %q, want %q", c.f, got, c.want)
		}
	}
}

// TestCompare: numbers and u64s are ordered as math/big orders them, on every pair of borders.
func TestCompare(t *testing.T) {
	rt, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	floats := []float64{0, -1, 1, 0.5, 1 << 52, 1<<53 - 1, 1 << 53, 1<<53 + 2, 1 << 63, 1<<63 + 2048, 1<<64 - 2048, 1 << 64, 1e300, -1e300, math.Inf(1), math.Inf(-1)}
	wides := []uint64{1 << 53, 1<<53 + 1, 1<<53 + 2, 1 << 63, 1<<63 + 1, 1<<63 + 2048, 1<<64 - 2048, 1<<64 - 1}
	type both struct {
		lua lua.LValue
		big *big.Float
	}
	var all []both
	for _, f := range floats {
		all = append(all, both{lua.LNumber(f), new(big.Float).SetPrec(2000).SetFloat64(f)})
	}
	for _, u := range wides {
		all = append(all, both{rt.u64(u), new(big.Float).SetPrec(2000).SetUint64(u)})
	}
	for _, x := range all {
		for _, y := range all {
			if c, ok := compareNumbers(x.lua, y.lua); !ok || c != x.big.Cmp(y.big) {
				t.Errorf("%v and %v: %d, %v, want %d", x.big, y.big, c, ok, x.big.Cmp(y.big))
			}
		}
		nan := lua.LNumber(math.NaN())
		for _, pair := range [][2]lua.LValue{{x.lua, nan}, {nan, x.lua}} {
			if c, ok := compareNumbers(pair[0], pair[1]); !ok || c != unordered {
				t.Errorf("%v beside NaN: %d, %v", x.big, c, ok)
			}
		}
		if _, ok := compareNumbers(x.lua, lua.LString("1")); ok {
			t.Errorf("%v compares with text", x.big)
		}
	}
}
