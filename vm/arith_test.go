// Arithmetic that gopher-lua does otherwise than lua5.1.

package vm

import "testing"

func TestTextInArithmetic(t *testing.T) {
	for _, row := range []struct{ src, want string }{
		{src: `return "010" + 0, "0777" * 1, "0x10" + 0, -"010", "1e500" + 0`,
			want: "10 777 16 -10 +Inf"},
		{src: `return " 5 " - 0, "1e2" / "2", "7" % "4", 2 ^ "3"`, want: "5 50 3 8"},
		{src: `return pcall(function() return "1_000" + 0 end)`,
			want: "false assign.lua:1: attempt to perform " +
				"arithmetic on a string value"},
		{src: `return pcall(function() return "0b11" + 0 end)`,
			want: "false assign.lua:1: attempt to perform " +
				"arithmetic on a string value"},
		{src: `return pcall(function() return -"0o17" end)`,
			want: "false assign.lua:1: attempt to perform " +
				"arithmetic on a string value"},
		{src: `local s = "x" return pcall(function() return 1 + s end)`,
			want: "false assign.lua:1: attempt to " +
				"perform arithmetic on upvalue 's' (a string value)"},
		{
			src: `return pcall(function() return "9007199254740993" + 0 end)`,
			want: "false assign.lua:1: attempt to perform arithmetic on text of an integer above 2^53; " +
				"convert it with hw.u64 or tonumber",
		},
		{
			src: `local o = setmetatable({}, {__add = function(a, b) return "added" end}) return o + "1",
				"x" + o`,
			want: "added added",
		},
		{src: `local n = 0 for i = "1", "3" do n = n + i end return n`, want: "6"},
		{src: `local n = 0 for i = 1, " 3", "2" do n = n + i end return n`, want: "4"},
	} {
		if got := evaluate(t, row.src); got != row.want {
			t.Errorf("%s\ngot %s, want %s", row.src, got, row.want)
		}
	}
}

func TestSignsOfZero(t *testing.T) {
	const head = "local zero, inf, one = 0, 1 / 0, 1 "
	for src, want := range map[string]string{
		"return 1 / (-one / inf)":             "-Inf",
		"return 1 / (zero * -one)":            "-Inf",
		"return 1 / -zero":                    "-Inf",
		"return 1 / (-one % 1)":               "+Inf",
		"local x = -zero return 1 / (x + x)":  "-Inf",
		"local x = -zero return 1 / (x - -x)": "-Inf",
	} {
		if got := evaluate(t, head+src); got != want {
			t.Errorf("%s\ngot %s, want %s", src, got, want)
		}
	}
}

func TestRemainders(t *testing.T) {
	for src, want := range map[string]string{
		"local a, b = 5, 3 return a % b, -a % b, a % -b, -a % -b": "2 1 -1 -2",
		"return 5 % 3, -5 % 3, 5 % -3, -5 % -3":                   "2 1 -1 -2",
		"local a, b = 5.5, 2 return a % b, -a % b, 5.5 % 2":       "1.5 0.5 1.5",
		"local a, b = 5, 1 / 0 return a % b, 5 % (1 / 0), a % 0":  "NaN NaN NaN",
		"local a, b = 0x1fffffffffffff, 10 return a % b":          "1",
	} {
		if got := evaluate(t, src); got != want {
			t.Errorf("%s\ngot %s, want %s", src, got, want)
		}
	}
}

func TestLogarithms(t *testing.T) {
	for src, want := range map[string]string{
		"for i = -307, 308 do if math.log10(tonumber('1e' .. i)) ~= i then return i end end": "",
		"return ('%.9g %.9g'):format(math.log(5e-324), math.log(2 ^ " +
			"-1040))": "-744.440072 -720.873068",
		"return math.log(0), math.log(-1), math.log10(0), math.log10(1)": "-Inf NaN " +
			"-Inf 0",
	} {
		if got := evaluate(t, src); got != want {
			t.Errorf("%s\ngot %s, want %s", src, got, want)
		}
	}
}

func TestU64AndObject(t *testing.T) {
	const head = "local o = setmetatable({}, {__add = function(a, b) return a == 0xffffffffffffffff end, " +
		"__concat = function() return 'joined' end}) local u = 0xffffffffffffffff "
	for src, want := range map[string]string{
		"return u + o, o + u": "true false",
		"return u .. o":       "joined",
		"return pcall(function() return u - o end)": "false assign.lua:1: attempt to perform arithmetic " +
			"(-) on a u64 and a table value",
	} {
		if got := evaluate(t, head+src); got != want {
			t.Errorf("%s\ngot %s, want %s", src, got, want)
		}
	}
}

func TestNextBehindTheKeyZero(t *testing.T) {
	const src = "local s = '' for k, v in pairs{5, [0] = 6, [-1] = 7, [0.5] = 8} do " +
		"s = s .. k .. v .. ' ' end return s"
	if got, want := evaluate(t, src), "15 06 -17 0.58 "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
