package vm_test

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

func TestU64(t *testing.T) {
	holds(t,
		// Equal integers are one Lua value.
		"0xffffffffffffff00 + 0xff == 0xffffffffffffffff",
		"rawequal(0xffffffffffffff00 + 0xff, 0xffffffffffffffff)",
		"({[0xffffffffffffffff] = 1})[0xffffffffffffff00 + 255] == 1",
		"type(0xffffffffffffffff) == 'userdata'",
		// Plain numbers behave as in Lua.
		"type(2^53) == 'number'", "type(0x1fffffffffffff + 1) == 'number'",
		"2^53 ~= 'x' and 0x20000000000000 ~= 5 and 0x20000000000000 ~= 1/0 and 0x20000000000000 ~= 0/0",
		// A result that fits is a plain number.
		"type(0xffffffffffffffff - 0xfffffffffffffffe) == 'number'",
		"0xffffffffffffffff - 0xfffffffffffffffe == 1", "0xffffffffffffffff + 1 == 0",
		"0xffffffffffffffff + 2 == 1",
		// Results wrap, and negative numbers are two's complements.
		"0x8000000000000000 * 2 == 0", "0xffffffffffffffff * 0xffffffffffffffff == 1",
		"0xffffff8008c5a008 + -8 == 0xffffff8008c5a000", "-8 + 0xffffff8008c5a008 == 0xffffff8008c5a000",
		"-0xffffffffffffffff == 1", "5 - 0xffffffffffffffff == 6", "0xffffffffffffffff * -1 == 1",
		// Division and remainder are unsigned integer operations.
		"0xffffffffffffffff / 2 == 0x7fffffffffffffff", "0xffffffffffffffff % 10 == 5",
		"7 / 0xffffffffffffffff == 0", "7 % 0xffffffffffffffff == 7",
		// A number compares with a wide literal, and with an expression over one of any length.
		"(function(a) return a < 0xffffff8008c5a000 and a + 1 <= 0xffffff8008c5a000 - 8 and not (a > "+
			"-0x8000000000000000) end)(5)",
		"(function(a) return a < 0xffffff8008c5a000"+strings.Repeat(" + 1", 150)+" end)(5)",
		"(function(a) return "+strings.Repeat("-(", 101)+"0x8000000000000001"+strings.Repeat(")", 101)+
			" > a end)(5)",
		// Text.
		"tostring(0xffffff8008c5a004) == '0xffffff8008c5a004'",
		"'a' .. 0xffffff8008c5a004 == 'a0xffffff8008c5a004'",
		"0xffffff8008c5a004 .. 0xffffffffffffffff == '0xffffff8008c5a0040xffffffffffffffff'",
		"1 .. 0xffffff8008c5a004 == '10xffffff8008c5a004'", "getmetatable(0xffffffffffffffff) == 'u64'",
	)
	for _, c := range []struct{ src, want string }{
		{src: "return 0xffffffffffffffff / 0", want: "attempt to perform 'u64 / 0'"},
		{src: "return 0xffffffffffffffff % 0", want: "attempt to perform 'u64 % 0'"},
		{src: "return 0xffffffffffffffff + 0.5", want: "0.5 is not an integer"},
		{src: "return 2^60 + 0xffffffffffffffff", want: "lost precision"},
		{src: "return 0xffffffffffffffff - 0/0", want: "not an integer"},
		{src: "return 0xffffffffffffffff + {}", want: "a u64 and a table value"},
		{src: "return 0xffffffffffffffff ^ 2", want: "u64 has no operator ^"},
		{src: "return 0xffffffffffffffff .. {}", want: "attempt to concatenate a table value"},
		{src: "local a, b = 1, 0xffffffffffffffff return a < b", want: "use hw.lt(a, b) or hw.le(a, b)"},
		{
			src: "table.sort {1, 0xffffffffffffffff}",
			want: "test.lua:1: attempt to compare u64 with number (Lua 5.1 cannot compare a number with " +
				"a userdata; use hw.lt(a, b) or hw.le(a, b))",
		},
		{src: "return 0xffffffffffffffff < 'x'", want: "attempt to compare u64 with string"},
		{src: "local v = 0xffffffffffffffff v.x = 1", want: "attempt to index local 'v' (a u64 value)"},
		{src: "return (0xffffffffffffffff)()", want: "attempt to call a u64 value"},
		{
			src:  "local n = 0xffffffffffffffff for i = 1, n do end",
			want: "'for' limit must be a number, got a u64",
		},
	} {
		if _, err := eval(t, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.src, err, c.want)
		}
	}
}

// Whether a u64 equals a number of 2^53 or above, whose last digits are lost, is an error, not false.
func TestU64EqualsNoRoundedNumber(t *testing.T) {
	const literal = `literal (0x20000000000000), as hw.u64 "0x20000000000000"`
	for _, c := range []struct{ src, want string }{
		{src: "return x == 0x20000000000000", want: literal},
		{src: "return x ~= 0x20000000000000", want: literal},
		{src: "return 0x20000000000000 == x", want: literal},
		{src: "return x == 0x20000000000000 + 1", want: literal},
		{src: "return x == -0x20000000000000", want: literal},
		{src: "return -x == -0x20000000000000", want: "two's complement is 0xffe0000000000000"},
		{src: "return x * 2048 == 0xffffffffffffffff", want: "integer below 2^64 expected"},
		{src: "local y = x if not (y == 0x20000000000000) then return 1 end", want: literal},
		{src: "local t = { x = x } while t.x ~= 0x20000000000000 do break end", want: literal},
		{src: "local y = x return (function() return y == 0x20000000000000 end)()", want: literal},
		{src: "local w = 0x20000000000000 return w == x", want: literal},
		{src: "assert(x == 0x20000000000000)", want: literal},
		{src: "assert(x ~= 0x20000000000000)", want: literal},
		{src: "assert.equals(0x20000000000000, x)", want: literal},
		{src: "assert.is_not.equal(0x20000000000000, x)", want: literal},
		{src: "coroutine.wrap(function() return x == 0x20000000000000 end)()", want: literal},
	} {
		_, err := eval(t, "local x = 0x1fffffffffffff + 1 "+c.src)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.src, err, c.want)
		}
	}
}

// A u64 in use stays the only value of its integer while many others are made and collected.
func TestU64StaysOneValue(t *testing.T) {
	got, err := eval(t, `
		local kept, key = {}, 0xfffffffffffff000
		kept[key] = "here"
		local co = coroutine.wrap(function() local v = 0xfffffffffffff111 + 1 coroutine.yield() `+
		`return v end)
		co()
		local function f() return 0xfffffffffffff222 end
		local x = 0x8000000000000000
		for i = 1, 100000 do x = x + 1 end
		return kept[0xffffffffffffefff + 1], rawequal(next(kept), key), rawequal(co(), `+
		`0xfffffffffffff112), rawequal(f(), 0xfffffffffffff220 + 2)`)
	if want := []any{"here", true, true, true}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func FuzzU64(f *testing.F) {
	for _, v := range []uint64{
		0, 1, 7, 1<<53 - 1, 1 << 53, 1<<53 + 1, 1 << 63, 1<<64 - 1, 0xffffff8008c5a004,
	} {
		f.Add(v, uint64(3))
		f.Add(uint64(1<<64-2), v)
	}
	rt := newRuntime(f, vm.Config{})
	prog := must(f, `
		local a, b = ...
		local function try(f) local ok, v = pcall(f) if ok then return v end return "error" end
		return a + b, a - b, a * b, try(function() return a / b end), try(function() return a % b `+
		`end), -a,
			a == b, try(function() return a < b end), try(function() return a <= b end), `+
		`tostring(a), a .. ""`)
	mod := new(big.Int).Lsh(big.NewInt(1), 64)
	f.Fuzz(func(t *testing.T, a, b uint64) {
		got, err := rt.Run(context.Background(), prog, a, b)
		if err != nil {
			t.Fatal(err)
		}
		const wide = 1 << 53
		if a < wide && b < wide || a < wide {
			return // two plain numbers follow Lua; -a and tostring too
		}
		x, y := new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
		exact := func(v *big.Int) any {
			u := v.Mod(v, mod).Uint64()
			if u < wide {
				return float64(u)
			}
			return u
		}
		want := []any{
			exact(new(big.Int).Add(x, y)),
			exact(new(big.Int).Sub(x, y)),
			exact(new(big.Int).Mul(x, y)),
			"error", "error",
			exact(new(big.Int).Neg(x)),
			a == b,
			"error", "error",
			fmt.Sprintf("%#x", a),
			fmt.Sprintf("%#x", a),
		}
		if b != 0 {
			want[3], want[4] = exact(new(big.Int).Div(x, y)), exact(new(big.Int).Mod(x, y))
		}
		if b >= wide {
			want[7], want[8] = x.Cmp(y) < 0, x.Cmp(y) <= 0
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%#x, %#x:\n got %v\nwant %v", a, b, got, want)
		}
	})
}

// FuzzCompile compiles any text, and runs what compiles under limits.
func FuzzCompile(f *testing.F) {
	for _, src := range []string{
		"return 1", "x = {1, 2, [0xffffffffffffffff] = 3}",
		"for i = 1, 3 do print(i < 0xffffffffffffffff) end", "goto a ::a::",
		"local function f(...) return ... end return f(1, nil, 2)",
		"return ('x'):rep(10):gsub('x', '%0%0')", "--[==[ ]] ]==] return [[x]]",
		"if a then elseif b then else end", "repeat local x = 1 until x", "x = 'a\\", "x = 0x", "x = 1e",
		"\xff\xfe", "((((", "x = a.b.c:d{}''[[]]",
		"coroutine.wrap(function() coroutine.yield(pcall(error)) end)()",
		"return -0xffffffffffffffff % 3 ^ 2 .. 1", "return #{...}, not nil",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, err := vm.Compile("fuzz.lua", src)
		if err != nil {
			if e, ok := err.(*vm.Error); !ok || e.Message == "" {
				t.Errorf("%q: %#v", src, err)
			}
			return
		}
		rt, err := vm.New(vm.Config{Limits: vm.Limits{Steps: 20_000, Memory: 4 << 20}})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		_, err = rt.Run(context.Background(), p)
		if p, ok := err.(*vm.PanicError); ok {
			t.Errorf("%q: %v\n%s", src, p, p.Stack)
		}
	})
}
