package vm_test

import (
	"strings"
	"testing"
)

// 64-bit values are exact everywhere, in a numeric for as well.
func TestForOverU64s(t *testing.T) {
	const before = "local out, a = {}, 0xffffff8008c5a000 local function put(v) out[#out + 1] = tostring(v) end "
	for _, c := range []struct{ src, want string }{
		{"for v = 0xffffff8008c5a000, 0xffffff8008c5a008, 4 do put(v) end", "0xffffff8008c5a000 0xffffff8008c5a004 0xffffff8008c5a008"},
		{"for v = a, a + 2 do put(v) end", "0xffffff8008c5a000 0xffffff8008c5a001 0xffffff8008c5a002"},
		{"for v = a + 8, a, -8 do put(v) end", "0xffffff8008c5a008 0xffffff8008c5a000"},
		{"for v = a, a + 7, 4 do put(v) end", "0xffffff8008c5a000 0xffffff8008c5a004"},
		// It ends at the largest value, and turns neither way round.
		{"for v = 0xfffffffffffffffe, 0xffffffffffffffff do put(v) end", "0xfffffffffffffffe 0xffffffffffffffff"},
		{"for v = 0xfffffffffffffff0, 0xffffffffffffffff, 10 do put(v) end", "0xfffffffffffffff0 0xfffffffffffffffa"},
		{"for v = a, a - 1 do put(v) end for v = a, a + 1, -1 do put(v) end", ""},
		// A value below 2^53 is a plain number, from there up it is a u64.
		{"for v = 0x1fffffffffffff, 0x20000000000000 do put(v) put(type(v)) end", "9007199254740991 number 0x20000000000000 userdata"},
		{"for v = 0x20000000000000, 0x1fffffffffffff, -1 do put(v) put(type(v)) end", "0x20000000000000 userdata 9007199254740991 number"},
		{"for v = 0, 0xffffffffffffffff, 0x8000000000000000 do put(v) end", "0 0x8000000000000000"},
		{"for v = -1, 0x20000000000000, 0x20000000000000 do put(v) end", "-1 9007199254740991"},
		{"for v = 1, 0xffffffffffffffff do put(v) if v == 2 then break end end", "1 2"},
		{"for v = a, math.huge do put(v) if v == a + 1 then break end end", "0xffffff8008c5a000 0xffffff8008c5a001"},
		// The body is any loop's body.
		{"for v = a, a + 3 do if v == a + 1 then goto continue end put(v - a) ::continue:: end", "0 2 3"},
		{"for v = a, a + 1 do local w = v v = 0 put(w - a) end", "0 1"},
		{"local fs = {} for v = a, a + 1 do fs[#fs + 1] = function() v = v + 1 return v end end put(fs[1]() - a) put(fs[1]() - a) put(fs[2]() - a)", "1 2 2"},
		{"for v = a, a + 1 do for w = v, a + 1 do put(v - a) put(w - a) end end", "0 0 0 1 1 1"},
		{"for v in coroutine.wrap(function() for v = a, a + 1 do coroutine.yield(v) end end) do put(v - a) end", "0 1"},
		{"local function f() for v = a, a + 9 do if v == a + 5 then return v - a end end end put(f())", "5"},
		// Plain numbers are counted as ever.
		{"local x, y = 1, 3 for v = x, y do put(v) end for v = y, x, -2 do put(v) end for v = x, 2 * x, 0.5 do put(v) end", "1 2 3 3 1 1 1.5 2"},
		{"local function f() return 1, 9, 9 end for v = f(), f() do put(v) end for v = f(), 2 * f(), f() do put(v) end", "1 1 2"},
		{"local function f(...) for v = ..., select(2, ...) do put(v) end end f(2, 3)", "2 3"},
	} {
		got, err := eval(t, before+c.src+" return table.concat(out, ' ')")
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s\n got %v, %v\nwant %q", c.src, got, err, c.want)
		}
	}
	for _, c := range []struct{ src, want string }{
		{"for v = a, a + 4, 0.5 do end", "test.lua:1: 'for' step must be an exact integer beside a u64, got 0.5"},
		{"for v = 1.5, 0xffffffffffffffff do end", "test.lua:1: 'for' initial value must be an exact integer beside a u64, got 1.5"},
		{"for v = a, a + 4, 0 do end", "test.lua:1: 'for' step is zero"},
		{"local x for v = a, x do end", "test.lua:1: 'for' limit must be a number"},
		{"local x for v = x, x do end", "test.lua:1: 'for' initial value must be a number"},
		{"local x for v = a, a, x do end", "test.lua:1: 'for' step must be a number"},
	} {
		if _, err := eval(t, before+c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.src, err, c.want)
		}
	}
}
