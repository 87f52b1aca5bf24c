// Assignments to several variables, compared with their meaning and with the same assignments in steps.

package vm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestAssignmentsHappenAtOnce(t *testing.T) {
	for _, row := range []struct{ name, src, want string }{
		{name: "two locals change places", src: "local a, b = 1, 2; a, b = b, a; return a, b", want: "2 1"},
		{
			name: "three locals go round",
			src:  "local a, b, c = 1, 2, 3; a, b, c = c, a, b; return a, b, c",
			want: "3 1 2",
		},
		{name: "a constant comes first", src: "local a, b = 1, 2; a, b = 9, a; return a, b", want: "9 1"},
		{
			name: "a call sees the old value",
			src:  "local a, b = 1, 2; local function g() return a end; a, b = 9, g(); return a, b",
			want: "9 1",
		},
		{
			name: "several results",
			src:  "local a, b, c = 1, 2, 3; a, b, c = 7, (function() return a, b end)(); return a, b, c",
			want: "7 1 2",
		},
		{name: "too few values", src: "local a, b = 0, 1; a, b = b; return a, b", want: "1 nil"},
		{name: "too many values", src: "local a, b = 0, 1; a, b = b, a, error; return a, b", want: "1 0"},
		{
			name: "a key is the old one",
			src:  "local i, t = 1, {}; i, t[i] = i + 1, 20; return i, t[1], t[2]",
			want: "2 20 nil",
		},
		{
			name: "a key is the old one, other order",
			src:  "local i, t = 1, {}; t[i], i = 20, i + 1; return i, t[1], t[2]",
			want: "2 20 nil",
		},
		{
			name: "a key is the old one beside constants",
			src:  "local i, t = 1, {}; i, t[i] = 5, 20; return i, t[1], t[5]",
			want: "5 20 nil",
		},
		{
			name: "a table is the old one",
			src:  "local t = {1}; local u = t; t, t[1] = {}, 9; return u[1], t[1]",
			want: "9 nil",
		},
		{
			name: "the last is assigned first",
			src: "local s = ''; local t = setmetatable({}, {__newindex = function(_, k) s = s .. k " +
				"end}); local x; t.a, x, t.b = 1, 2, 3; return s",
			want: "ba",
		},
		{
			name: "variables of an outer function",
			src:  "local a, b = 1, 2; local function f() a, b = b, a end; f(); return a, b",
			want: "2 1",
		},
		{name: "globals", src: "A, B = 1, 2; A, B = B, A; return A, B", want: "2 1"},
		{
			name: "varargs",
			src:  "local function f(...) local a, b = 1, 2; a, b = b, ...; return a, b end; return f(5, 6)",
			want: "2 5",
		},
		{
			name: "wide literals",
			src:  "local a, b = 0xffffffffffffffff, 1; a, b = b, a; return a, b == 0xffffffffffffffff",
			want: "1 true",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := evaluate(t, row.src); got != row.want {
				t.Errorf("%s\ngot %s, want %s", row.src, got, row.want)
			}
		})
	}
}

func evaluate(t *testing.T, src string) string {
	t.Helper()
	prog, err := Compile("assign.lua", src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	rt, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	results, err := rt.Run(context.Background(), prog)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	words := make([]string, len(results))
	for i, v := range results {
		words[i] = fmt.Sprint(v)
		if v == nil {
			words[i] = "nil"
		}
	}
	return strings.Join(words, " ")
}

// TestAssignmentTwin runs random assignments in two forms: as they are, and one variable at a time with
// temporaries.
func TestAssignmentTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	var left, right func(depth int) string
	right = func(depth int) string {
		if depth > 2 {
			return pick("a", "b", "c", "1", "G")
		}
		return pick("a", "b", "c", "7", "t[a]", "t[b]", "get()", "G",
			"("+right(depth+1)+" + "+right(depth+1)+")", "(function() return a end)()")
	}
	left = func(int) string { return pick("a", "b", "c", "G", "t[a]", "t[c]", "t[1]", "u.x", "u[b]") }
	for range 300 {
		n := 2 + rng.IntN(3)
		ls, rs := make([]string, n), make([]string, n)
		for i := range ls {
			ls[i], rs[i] = left(0), right(0)
		}
		head := "local a, b, c = 1, 2, 3; G = 4; local t, u = {10, 20, 30, 40}, {x = 5}; local function " +
			"get() return b * 100 end\n"
		tail := "\nreturn a, b, c, G, t[1], t[2], t[3], t[4], u.x, u[1], u[2], u[3]"
		once := head + strings.Join(ls, ", ") + " = " + strings.Join(rs, ", ") + tail
		var step strings.Builder
		step.WriteString(head)
		for i := range ls { // keys first, then values, then the assignments, last first
			if at := strings.IndexByte(ls[i], '['); at > 0 {
				fmt.Fprintf(&step, "local k%d = %s\n", i, ls[i][at+1:len(ls[i])-1])
				ls[i] = fmt.Sprintf("%s[k%d]", ls[i][:at], i)
			}
		}
		for i := range rs {
			fmt.Fprintf(&step, "local v%d = %s\n", i, rs[i])
		}
		for i := n - 1; i >= 0; i-- {
			fmt.Fprintf(&step, "%s = v%d\n", ls[i], i)
		}
		step.WriteString(tail)
		if got, want := evaluate(t, once), evaluate(t, step.String()); got != want {
			t.Fatalf("%s\ngot  %s\nwant %s as in steps:\n%s", once, got, want, step.String())
		}
	}
}
