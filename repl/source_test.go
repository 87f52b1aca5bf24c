package repl

import (
	"io"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm/phrase"
)

func TestLocalsOf(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{src: "local t = m:task {}", want: "t"},
		{src: "local a, b", want: "a b"},
		{src: "local a b = 1", want: "a"},
		{src: "local function f() local x end local y", want: "f y"},
		{src: "for i = 1, 2 do local x end"},
		{src: "if a then local x else local y end local z", want: "z"},
		{src: "x = function() local y end"},
		{src: "repeat local x until x local y", want: "y"},
		{src: "-- local x"},
		{src: "local -- the address\na = 1", want: "a"},
		{src: "'local x'"},
		{src: "local"},
	} {
		if got := strings.Join(localsOf(tt.src), " "); got != tt.want {
			t.Errorf("localsOf(%q) = %q, want %q", tt.src, got, tt.want)
		}
	}
}

func TestChain(t *testing.T) {
	tests := []struct{ src, want string }{
		{"m", "n m"},
		{"x = m.cpu[0].wcr", "n m . cpu [ . wcr"},
		{"f(m.cpu[n + 1]:read_wb_reg(\"WCR\", 0)", "n m . cpu [ : read_wb_reg ("},
		{"m:perf_event_open{a = {1}}.state", "n m : perf_event_open ( . state"},
		{"require 'hw'.machine", "n require ( . machine"},
		{"('x'):rep", "\" : rep"},
		{"(m).cpu[0]", "n m . cpu ["},
		{"'x':rep", "\" : rep"},
		{"a.b.c.", ""},
		{"(a + b).c", ""},
		{"{1}[1]", ""},
		{"return m.now", "n m . now"},
		{"if m.now", "n m . now"},
		{"-- m.now", ""},
	}
	for _, test := range tests {
		toks := scan(test.src)
		steps, _ := chainBefore(toks, len(toks))
		var got []string
		for _, s := range steps {
			got = append(got, strings.TrimSpace(string(s.kind)+" "+s.name))
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("chainBefore(%q) = %q, want %q", test.src, s, test.want)
		}
	}
}

// FuzzScan checks that the functions that read tokens accept any source.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		"m.cpu[0]:load(0x10, 8)", "x = [==[ a ]=] ]==] .. 'b\\'c'", "--[[ x", "for i=1,2 do f{a=1,b",
		"...)}]",
		"\"\\", "1..2", "0x1p-3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > 300 {
			return // the time grows with the square of the length
		}
		toks := scan(src)
		for i := range toks {
			chainBefore(toks, i+1)
			enclosing(toks[:i])
		}
		splitArgs(toks)
		if got := withoutEquals(src); len(got) > len(src) {
			t.Errorf("%q became %q", src, got)
		}
	})
}

// FuzzLayout checks that no row is wider than the terminal and that the cursor is on the screen. that
// no row is wider than the terminal, that nothing is lost, and that the cursor is on the screen.
func FuzzLayout(f *testing.F) {
	f.Add("for i = 1, 2 do\n\tprint('日本')\nend", 5, 20)
	f.Add("👨‍👩‍👧e\u0301\tx", 3, 4)
	f.Fuzz(func(t *testing.T, text string, cursor, width int) {
		text = pasted([]byte(text))
		width = 2 + (width%200+200)%200
		if cursor < 0 || cursor > len(text) {
			cursor = len(text)
		}
		v := layout(fit("> ", width), fit(">> ", width), text, cursor, width)
		if v.row < 0 || v.row >= len(v.rows) || v.col < 0 || v.col >= max(width, 1) {
			t.Fatalf("the cursor is at %d, %d of %d rows, width %d", v.row, v.col, len(v.rows), width)
		}
		for _, r := range v.rows {
			if w := phrase.Width(r.prompt + r.text); w > width {
				t.Errorf("row %q is %d wide of %d", r.text, w, width)
			}
		}
		for h := 1; h < 5; h++ {
			w := v.window(h)
			if len(w.rows) > h || w.row < 0 || w.row >= len(w.rows) {
				t.Errorf("a window of %d has %d rows, the cursor in %d", h, len(w.rows), w.row)
			}
		}
	})
}

// FuzzScreen checks that a changed screen shows the same as one that is drawn anew. that what the
// terminal shows after any change is what would be drawn anew.
func FuzzScreen(f *testing.F) {
	f.Add("abc", "abd", 10)
	f.Add("日本\nxyz", "日x\nxyz123", 7)
	f.Add("a\nb\nc", "", 20)
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		a, b = pasted([]byte(a)), pasted([]byte(b))
		width = 8 + (width%80+80)%80
		if strings.Count(a+b, "\n") > 20 || len(a)+len(b) > 500 {
			return
		}
		changed, fresh := newVT(width, 200), newVT(width, 200)
		var s, u screen
		for _, text := range []string{a, b, a, b} {
			io.WriteString(changed, s.draw(layout("> ", ">> ", text, len(text), width)))
		}
		io.WriteString(fresh, u.draw(layout("> ", ">> ", b, len(b), width)))
		if got, want := changed.text(), fresh.text(); got != want {
			t.Errorf("%q after %q shows\n%s\nwant\n%s", b, a, got, want)
		}
		if _, c := changed.cursor(); c != u.shown.col {
			t.Errorf("%q after %q: the cursor is in column %d, want %d", b, a, c, u.shown.col)
		}
	})
}
