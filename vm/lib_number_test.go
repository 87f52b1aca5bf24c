// Quoted text and mixed comparisons, against the Lua reader and math/big.

package vm

import (
	"context"
	"math"
	"math/big"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// FuzzQuote checks that what %q writes is read back as it was.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"x", "abc", "\x00\n\"", "", "é"} {
		f.Add(s)
	}
	rt, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	defer rt.Close()
	f.Fuzz(func(t *testing.T, s string) {
		program, err := Compile("q", "return "+string(appendQuoted(nil, s)))
		if err != nil {
			if len(s) > 1000 || !strings.Contains(s, "\x00") {
				t.Errorf("%%q of %q does not compile: %v", s, err)
			}
			return
		}
		if got, err := rt.Run(context.Background(), program); err != nil || got[0] != s {
			t.Errorf("%%q of %q reads back as %q, %v; want %q", s, got, err, s)
		}
	})
}

// TestCompare compares every pair of boundary values, of numbers and u64s, with math/big.
func TestCompare(t *testing.T) {
	rt, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	floats := []float64{
		0, -1, 1, 0.5, 1 << 52, 1<<53 - 1, 1 << 53, 1<<53 + 2, 1 << 63, 1<<63 + 2048, 1<<64 - 2048, 1 << 64,
		1e300, -1e300, math.Inf(1), math.Inf(-1),
	}
	wides := []uint64{
		1 << 53, 1<<53 + 1, 1<<53 + 2, 1 << 63, 1<<63 + 1, 1<<63 + 2048, 1<<64 - 2048, 1<<64 - 1,
	}
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
				t.Errorf("compareNumbers(%v, %v) = %d, %v, want %d", x.big, y.big, c, ok, x.big.Cmp(y.big))
			}
		}
		nan := lua.LNumber(math.NaN())
		for _, pair := range [][2]lua.LValue{{x.lua, nan}, {nan, x.lua}} {
			if c, ok := compareNumbers(pair[0], pair[1]); !ok || c != unordered {
				t.Errorf("compareNumbers of %v and NaN = %d, %v, want unordered", x.big, c, ok)
			}
		}
		if _, ok := compareNumbers(x.lua, lua.LString("1")); ok {
			t.Errorf("compareNumbers(%v, text) is ok, want not ok", x.big)
		}
	}
}
