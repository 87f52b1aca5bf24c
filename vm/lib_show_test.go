package vm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// failureOf runs a script and returns the assertion that failed in it.
func failureOf(t *testing.T, source string) *vm.Failure {
	t.Helper()
	err := run(t, newRuntime(t, vm.Config{}), source)
	var f *vm.Failure
	if !errors.As(err, &f) {
		t.Fatalf("%s: got %v, want a *vm.Failure", source, err)
	}
	return f
}

// Both sides of a failure show the difference, however long the values are and wherever it is.
func TestSidesShowTheDifference(t *testing.T) {
	for _, c := range []struct {
		name            string
		source          string
		expected, found string // that each side alone must contain
	}{
		{
			name:     "a string after byte 2,000",
			source:   `local s = ("x"):rep(2500) assert.equals(s .. "old" .. s, s .. "new" .. s)`,
			expected: "xxold",
			found:    "xxnew",
		},
		{
			name:     "the end of a long string",
			source:   `local s = ("x"):rep(5000) assert.equals(s, s .. "more")`,
			expected: `xx" (from byte`,
			found:    `xxmore" (from byte`,
		},
		{
			name:     "a line after byte 2,000",
			source:   `local s = ("line\n"):rep(1000) assert.equals(s .. "old\n", s .. "new\n")`,
			expected: `line\nold\n`,
			found:    `line\nnew\n`,
		},
		{
			name:     "a character of several bytes",
			source:   `local s = ("é"):rep(2000) assert.equals(s .. "x", s .. "y")`,
			expected: "éx",
			found:    "éy",
		},
		{
			name: "one of 60 numbers",
			source: `local a, b = {}, {} for i = 1, 60 do a[i], b[i] = i, i end
				b[55] = 550 assert.same(a, b)`,
			expected: "[55] = 55,",
			found:    "[55] = 550,",
		},
		{
			name: "a key of many",
			source: `local a, b = {}, {} for i = 1, 500 do a["k" .. i], b["k" .. i] = i, i end
				b.k77 = nil assert.same(a, b)`,
			expected: "k77 = 77",
			found:    "k78 = 78",
		},
		{
			name: "a value deep in nested tables",
			source: `local function nest(v) for i = 1, 20 do v = { v } end return v end
				assert.same(nest(1), nest(2))`,
			expected: "{ 1 }",
			found:    "{ 2 }",
		},
		{
			name: "a value behind large neighbors",
			source: `local function big()
					local t = {} for i = 1, 40 do t[i] = {} for j = 1, 50 do t[i][j] = j end end return t
				end
				local a, b = big(), big() b[40][50] = 0 assert.same(a, b)`,
			expected: "50,\n",
			found:    "0,\n",
		},
		{
			name:     "a shared cycle",
			source:   `local a, b = {1}, {2} a.self, b.self = a, b assert.same(a, b)`,
			expected: "{ 1, self = {<cycle>} }",
			found:    "{ 2, self = {<cycle>} }",
		},
		{
			name:     "empty tables that are not one",
			source:   `assert.equals({}, {})`,
			expected: "{} (table: 0x",
			found:    "{} (table: 0x",
		},
		{
			name:     "a long string where a short one was expected",
			source:   `assert.equals("short", ("x"):rep(3000))`,
			expected: `"short"`,
			found:    `xxx"... (3000 bytes)`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := failureOf(t, c.source)
			expected, found := f.Expected.String(), f.Found.String()
			if expected == found {
				t.Errorf("both sides are %.200s", expected)
			}
			if !strings.Contains(expected, c.expected) {
				t.Errorf("got expected %.2000s\nwant %q in it", expected, c.expected)
			}
			if !strings.Contains(found, c.found) {
				t.Errorf("got found %.2000s\nwant %q in it", found, c.found)
			}
			if n := len(expected) + len(found); n > 20_000 {
				t.Errorf("got sides of %d bytes, want them bounded", n)
			}
		})
	}
}

// The diff shows the lines around the difference only.
func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name   string
		source string
		want   []string
	}{
		{
			name: "one of 60 numbers",
			source: `local a, b = {}, {} for i = 1, 60 do a[i], b[i] = i, i end
				b[55] = 550 assert.same(a, b)`,
			want: []string{
				"--- expected",
				"+++ found",
				"@@ -44,7 +44,7 @@",
				"   [52] = 52,",
				"   [53] = 53,",
				"   [54] = 54,",
				"-  [55] = 55,",
				"+  [55] = 550,",
				"   [56] = 56,",
				"   [57] = 57,",
				"   [58] = 58,",
			},
		},
		{
			name:   "a line after byte 2,000, by its number",
			source: `local s = ("line\n"):rep(1000) assert.equals(s .. "old\n", s .. "new\n")`,
			want: []string{
				"--- expected",
				"+++ found",
				"@@ -998,4 +998,4 @@",
				" line",
				" line",
				" line",
				"-old",
				"+new",
			},
		},
		{name: "two lines", source: `assert.equals("a\nb", "a\nc")`},
		{name: "a pattern and a text of several lines", source: `assert.matches("d", "a\nb\nc\n")`},
		{name: "words and a table", source: `assert.is_nil({ ("x"):rep(50), ("y"):rep(50), ("z"):rep(50) })`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := failureOf(t, c.source)
			got := f.Diff()
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
			text := f.Error()
			for _, l := range c.want {
				if !strings.Contains(text, "\n  "+l) {
					t.Errorf("got %q\nwant the line %q in it", text, l)
				}
			}
		})
	}
}

// Numbers under a key of Module.Hex are hexadecimal in failures, their paths and Format. A large integer
// outside of a table shows both of its spellings, and a list from 0 its indices.
func TestHexadecimalNumbers(t *testing.T) {
	rt := newRuntime(t, vm.Config{Modules: []vm.Module{{Name: "dev", Hex: []string{"addr", "wcr"}}}})
	for _, c := range []struct{ name, code, want string }{
		{name: "a field", code: `assert.same({ addr = 0x7f3000 }, { addr = 0x7f2000 })`,
			want: ".addr: expected 0x7f3000, found 0x7f2000"},
		{name: "its neighbor", code: `assert.same({ addr = 1, len = 4096 }, { addr = 1, len = 4097 })`,
			want: "{ addr = 0x1, len = 4096 }"},
		{name: "below a field", code: `assert.same({ wcr = { [0] = 17 } }, { wcr = { [0] = 16 } })`,
			want: ".wcr[0]: expected 0x11, found 0x10"},
		{name: "a fraction", code: `assert.same({ addr = 1.5 }, {})`, want: "{ addr = 1.5 }"},
		{name: "a large integer alone", code: `assert.equals(4096, 0)`, want: "expected: 4096 (0x1000)"},
		{name: "a small one alone", code: `assert.equals(4095, 0)`, want: "expected: 4095\n"},
		{name: "operands", code: `assert(0x2000 == 0x1000)`, want: "left of ==:  8192 (0x2000)"},
		{name: "a list from 0", code: `assert.same({ [0] = 7, 8, 9 }, {})`,
			want: "{ [0] = 7, [1] = 8, [2] = 9 }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t, rt, c.code)
			f, ok := errors.AsType[*vm.Failure](err)
			if !ok {
				t.Fatalf("got %v, want a failure", err)
			}
			if got := strings.Join(f.Lines(vm.Style{}), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("got\n%s\nwant %q in it", got, c.want)
			}
		})
	}
}
