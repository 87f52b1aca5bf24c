package vm_test

import (
	"strings"
	"testing"
)

// TestForOverU64s checks that 64-bit values are exact in a numeric for.
func TestForOverU64s(t *testing.T) {
	const before = "local out, a = {}, 0xffffff8008c5a000 local function put(v) out[#out + 1] = " +
		"tostring(v) end "
	for _, c := range []struct{ src, want string }{
		{
			src:  "for v = 0xffffff8008c5a000, 0xffffff8008c5a008, 4 do put(v) end",
			want: "0xffffff8008c5a000 0xffffff8008c5a004 0xffffff8008c5a008",
		},
		{
			src:  "for v = a, a + 2 do put(v) end",
			want: "0xffffff8008c5a000 0xffffff8008c5a001 0xffffff8008c5a002",
		},
		{src: "for v = a + 8, a, -8 do put(v) end", want: "0xffffff8008c5a008 0xffffff8008c5a000"},
		{src: "for v = a, a + 7, 4 do put(v) end", want: "0xffffff8008c5a000 0xffffff8008c5a004"},
		// It ends at the largest value and never wraps.
		{
			src:  "for v = 0xfffffffffffffffe, 0xffffffffffffffff do put(v) end",
			want: "0xfffffffffffffffe 0xffffffffffffffff",
		},
		{
			src:  "for v = 0xfffffffffffffff0, 0xffffffffffffffff, 10 do put(v) end",
			want: "0xfffffffffffffff0 0xfffffffffffffffa",
		},
		{src: "for v = a, a - 1 do put(v) end for v = a, a + 1, -1 do put(v) end", want: ""},
		// A value below 2^53 is a plain number, and a u64 from there on.
		{
			src:  "for v = 0x1fffffffffffff, 0x20000000000000 do put(v) put(type(v)) end",
			want: "9007199254740991 number 0x20000000000000 userdata",
		},
		{
			src:  "for v = 0x20000000000000, 0x1fffffffffffff, -1 do put(v) put(type(v)) end",
			want: "0x20000000000000 userdata 9007199254740991 number",
		},
		{
			src:  "for v = 0, 0xffffffffffffffff, 0x8000000000000000 do put(v) end",
			want: "0 0x8000000000000000",
		},
		{src: "for v = -1, 0x20000000000000, 0x20000000000000 do put(v) end", want: "-1 9007199254740991"},
		{src: "for v = 1, 0xffffffffffffffff do put(v) if v == 2 then break end end", want: "1 2"},
		{
			src:  "for v = a, math.huge do put(v) if v == a + 1 then break end end",
			want: "0xffffff8008c5a000 0xffffff8008c5a001",
		},
		// The body may be that of any loop.
		{
			src:  "for v = a, a + 3 do if v == a + 1 then goto continue end put(v - a) ::continue:: end",
			want: "0 2 3",
		},
		{src: "for v = a, a + 1 do local w = v v = 0 put(w - a) end", want: "0 1"},
		{
			src: "local fs = {} for v = a, a + 1 do fs[#fs + 1] = function() v = v + 1 return v end end " +
				"put(fs[1]() - a) put(fs[1]() - a) put(fs[2]() - a)",
			want: "1 2 2",
		},
		{src: "for v = a, a + 1 do for w = v, a + 1 do put(v - a) put(w - a) end end", want: "0 0 0 1 1 1"},
		{
			src: "for v in coroutine.wrap(function() for v = a, a + 1 do coroutine.yield(v) end end) do " +
				"put(v - a) end",
			want: "0 1",
		},
		{
			src: "local function f() for v = a, a + 9 do if v == a + 5 then return v - a end end end " +
				"put(f())",
			want: "5",
		},
		// Plain numbers are counted as before.
		{
			src: "local x, y = 1, 3 for v = x, y do put(v) end for v = y, x, -2 do put(v) end for v = " +
				"x, 2 * x, 0.5 do put(v) end",
			want: "1 2 3 3 1 1 1.5 2",
		},
		{
			src: "local function f() return 1, 9, 9 end for v = f(), f() do put(v) end for v = f(), 2 * " +
				"f(), f() do put(v) end",
			want: "1 1 2",
		},
		{src: "local function f(...) for v = ..., select(2, ...) do put(v) end end f(2, 3)", want: "2 3"},
	} {
		got, err := eval(t, before+c.src+" return table.concat(out, ' ')")
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\n got %v, %v\nwant %q", c.src, got, err, c.want)
		}
	}
	for _, c := range []struct{ src, want string }{
		{
			src:  "for v = a, a + 4, 0.5 do end",
			want: "test.lua:1: 'for' step must be an exact integer beside a u64, got 0.5",
		},
		{
			src:  "for v = 1.5, 0xffffffffffffffff do end",
			want: "test.lua:1: 'for' initial value must be an exact integer beside a u64, got 1.5",
		},
		{src: "for v = a, a + 4, 0 do end", want: "test.lua:1: 'for' step is zero"},
		{src: "local x for v = a, x do end", want: "test.lua:1: 'for' limit must be a number"},
		{src: "local x for v = x, x do end", want: "test.lua:1: 'for' initial value must be a number"},
		{src: "local x for v = a, a, x do end", want: "test.lua:1: 'for' step must be a number"},
	} {
		if _, err := eval(t, before+c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.src, err, c.want)
		}
	}
}
