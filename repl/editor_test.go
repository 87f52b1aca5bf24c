package repl

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// A typist types into an editor whose terminal is a model. an editor whose terminal is a model, and
// someone who types.
type typist struct {
	t    testing.TB
	more func(string) bool
	vt   *vt
	e    *editor
	w    *io.PipeWriter
	got  chan entryResult
}

type entryResult struct {
	text string
	err  error
}

func newTypist(t testing.TB, width, height int, suggest func(string, int) suggestions) *typist {
	t.Helper()
	r, w := io.Pipe()
	k := &typist{t: t, more: unfinished, vt: newVT(width, height), w: w, got: make(chan entryResult, 1)}
	none := func() error { return nil }
	t0 := tty{size: func() (int, int) { return width, height }, raw: none, cooked: none}
	e, err := newEditor(r, k.vt, t0, nil, suggest)
	if err != nil {
		t.Fatal(err)
	}
	k.e = e
	t.Cleanup(func() {
		e.Close()
		w.Close()
		if len(k.vt.strange) > 0 {
			t.Errorf("the terminal was sent %q", k.vt.strange)
		}
	})
	return k
}

// unfinished replaces the compiler: an entry is incomplete if it has more "do" than "end". a stand-in
// for the compiler: an entry goes on while it has more "do" than "end".
func unfinished(s string) bool { return strings.Count(s, "do") > strings.Count(s, "end") }

func (k *typist) read() {
	go func() {
		text, err := k.e.ReadEntry(context.Background(), "> ", ">> ", k.more)
		k.got <- entryResult{text, err}
	}()
}

func (k *typist) types(s string) {
	k.t.Helper()
	if _, err := io.WriteString(k.w, s); err != nil {
		k.t.Fatal(err)
	}
}

// sees waits until the screen shows want and the cursor is in column col; a negative col means any.
// want and the cursor stands in column col of its last row.
func (k *typist) sees(want string, col int) {
	k.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		got := k.vt.text()
		_, c := k.vt.cursor()
		if got == want && (c == col || col < 0) {
			return
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("screen, cursor in column %d:\n%s\nwant, column %d:\n%s", c, got, col, want)
		}
		time.Sleep(time.Millisecond)
	}
}

func (k *typist) entry() entryResult {
	k.t.Helper()
	select {
	case r := <-k.got:
		return r
	case <-time.After(time.Minute):
		k.t.Fatalf("no entry; the screen shows\n%s", k.vt.text())
		return entryResult{}
	}
}

func (k *typist) wantEntry(want string) {
	k.t.Helper()
	if r := k.entry(); r.err != nil || r.text != want {
		k.t.Fatalf("entry %q, %v; want %q", r.text, r.err, want)
	}
}

func TestEditing(t *testing.T) {
	tests := []struct {
		name  string
		width int
		keys  string
		text  string
		row   string // of the cursor, "" for any
		col   int
	}{
		{"characters", 40, "abc", "> abc", "> abc", 5},
		{"left and insert", 40, "ac\x1b[Db", "> abc", "", 4},
		{"home and end", 40, "bc\x1b[Ha\x1b[Fd", "> abcd", "", 6},
		{"backspace", 40, "abc\x7f\x7f", "> a", "", 3},
		{"delete key", 40, "abc\x01\x1b[3~", "> bc", "", 2},
		{"delete key at the end does nothing", 40, "abc\x1b[3~", "> abc", "", 5},
		{"delete key on an empty line does nothing", 40, "\x1b[3~", ">", "", 2},
		{"Ctrl-D within a line deletes", 40, "abc\x01\x04", "> bc", "", 2},
		{"Ctrl-D at the end of a line does nothing", 40, "abc\x04", "> abc", "", 5},
		{"transpose with one character", 40, "a\x14", "> a", "", 3},
		{"transpose", 40, "ab\x14", "> ba", "", 4},
		{"kill and yank", 40, "abc def\x01\x0b\x19\x19", "> abc defabc def", "", 16},
		{"words", 40, "abc def\x1bb\x1b[1;5Dx", "> xabc def", "", 3},
		{"Ctrl-W kills a word", 40, "ab.cd ef\x17x", "> ab.cd x", "", 9},
		{"Ctrl-W in the first word kills that word", 40, "abc def\x01\x1b[C\x1b[C\x17", "> c def", "", 2},
		{"and Ctrl-Y brings it back", 40, "abc\x01\x1b[C\x1b[C\x17\x05\x19", "> cab", "", 5},
		{"Alt-Backspace in the first word", 40, "abc def\x01\x1b[C\x1b[C\x1b\x7f", "> c def", "", 2},
		{"Ctrl-W in brackets", 40, "((ab\x1b[D\x17", "> ((b", "", 4},
		{"undo", 40, "abc\x1f\x1f", "> a", "", 3},
		{"a NUL is nothing", 40, "a\x00b", "> ab", "", 4},
		{"function keys are nothing", 40, "a\x1bOP\x1b[15~\x1b[[Ab", "> ab", "", 4},
		{"a terminal's answer is nothing", 40, "a\x1b]11;rgb:0/0/0\x07b\x1b[4;2Rc", "> abc", "", 5},
		{"wraps", 8, "abcdefghij", "> abcdef\nghij", "ghij", 4},
		{"the edge", 8, "abcdef", "> abcdef", "", 0},
		{"back over the edge", 8, "abcdefg\x1b[D\x1b[D\x1b[DX", "> abcdXe\nfg", "> abcdXe", 7},
		{"wide characters", 40, "日本語\x1b[Dx", "> 日本x語", "", 7},
		{"a wide character does not fit", 8, "abcde日", "> abcde\n日", "日", 2},
		{"backspace over a family", 40, "a👨‍👩‍👧b\x1b[D\x7f", "> ab", "", 3},
		{"backspace over an accent", 40, "ae\u0301\x7f", "> a", "", 3},
		{"left over an accent", 40, "e\u0301b\x1b[D\x1b[Da", "> ae\u0301b", "", 3},
		{"tabs at the start of a further line", 40, "for do\r\tx", "> for do\n>>     x", ">>     x", 8},
		{"enter continues", 40, "for do\rx", "> for do\n>> x", ">> x", 4},
		{"up within an entry", 40, "for do\rxy\x1b[AZ", "> foZr do\n>> xy", "> foZr do", 5},
		{"and down again", 40, "for do\rxy\x1b[A\x1b[BZ", "> for do\n>> xyZ", ">> xyZ", 6},
		{"Alt-Enter breaks the line", 40, "a\x1b\rb", "> a\n>> b", ">> b", 4},
		{"narrow", 3, "abcd", "abc\nd", "d", 1},
		{"one column", 1, "ab", "a\nb", "", 0},
		{"very wide", 1000, strings.Repeat("x", 997), "> " + strings.Repeat("x", 997), "", 999},
		{"kill a wrapped line", 8, "abcdefghijklmnop\x15", ">", "", 2},
		{"paste", 40, "\x1b[200~if x then\r\n\ty()\r\nend\x1b[201~",
			"> if x then\n>>     y()\n>> end", ">> end", 6},
		{"a paste ends without its line break", 40, "\x1b[200~x\n\n\x1b[201~y", "> xy", "", 4},
		{"escapes in a paste do not act", 40, "\x1b[200~a\x1b[3~\x03\x04b\x1b[201~", "> a[3~b", "", 7},
		{"clear the screen", 40, "abc\x0c", "> abc", "", 5},
		{"transpose in a search", 40, "a\x13\x14\x07b", "> ab", "", 4},
		{"search finds nothing", 40, "\x12zz", ">\nnot in the history backwards: zz", "", 2},
		{"Ctrl-G leaves a search", 40, "\x12zz\x07a", "> a", "", 3},
		{"Ctrl-C leaves a search", 40, "\x12zz\x03a", "> a", "", 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			k := newTypist(t, test.width, 24, nil)
			k.read()
			k.types(test.keys)
			k.sees(test.text, test.col)
			if row, _ := k.vt.cursor(); test.row != "" && row != test.row {
				t.Errorf("the cursor is in %q, want %q", row, test.row)
			}
		})
		t.Run(test.name+", key by key", func(t *testing.T) {
			if len(test.keys) > 200 || strings.ContainsRune(test.keys, 0x1b) {
				t.Skip("a sequence that is cut is another sequence")
			}
			k := newTypist(t, test.width, 24, nil)
			k.read()
			for i := range len(test.keys) {
				k.types(test.keys[i : i+1])
				time.Sleep(200 * time.Microsecond)
			}
			k.sees(test.text, test.col)
		})
	}
}

func TestEntries(t *testing.T) {
	k := newTypist(t, 40, 24, nil)
	k.read()
	k.types("one\rtwo\r")
	k.wantEntry("one")
	k.read()
	k.wantEntry("two")
	k.read()
	k.types("half\x03")
	if r := k.entry(); r.err != ErrInterrupt {
		t.Fatalf("Ctrl-C gives %v", r.err)
	}
	k.read()
	k.types("for do\r\tx\rend\r")
	k.wantEntry("for do\n\tx\nend")
	k.sees("> one\n> two\n> half^C\n> for do\n>>     x\n>> end", 0)
	k.e.setHistory([]string{"alpha", "for do\nend", "beta"})
	k.read()
	k.types("\x1b[A\x1b[A")
	k.sees("> one\n> two\n> half^C\n> for do\n>>     x\n>> end\n> for do\n>> end", 6)
	k.types("\x12alp")
	k.types("\r")
	k.wantEntry("alpha")
	k.read()
	k.types("\x04")
	if r := k.entry(); r.err != io.EOF {
		t.Fatalf("Ctrl-D gives %v", r.err)
	}
}

func TestInputEnds(t *testing.T) {
	k := newTypist(t, 40, 24, nil)
	k.read()
	k.types("abc")
	k.w.Close()
	if r := k.entry(); r.err != io.EOF {
		t.Fatalf("the end of the input gives %q, %v", r.text, r.err)
	}
}

func TestContextEnds(t *testing.T) {
	k := newTypist(t, 40, 24, nil)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		text, err := k.e.ReadEntry(ctx, "> ", ">> ", unfinished)
		k.got <- entryResult{text, err}
	}()
	k.types("abc\x12x")
	cancel()
	if r := k.entry(); r.err != context.Canceled {
		t.Fatalf("a context that is done gives %q, %v", r.text, r.err)
	}
}

// FuzzEditor checks that no input makes the editor panic or hang: the end of the input ends the entry.
// that nothing that comes from a terminal makes the editor panic or hang: whatever is typed, the end of
// the input ends it.
func FuzzEditor(f *testing.F) {
	for _, s := range []string{
		"abc\r", "\x12x\x03\x12\x07", "\x1b[200~a\tb\x1b[201~\r", "a\x14\x14\x1f\x19\x0b", "日本\x1b[D\x7f",
		"\x1b[A\x1b[B\x10\x0e\r\n", "for do\r\tx\x1b[A\x1b[A\x04", "\t\t\x1a\x0c\x00\x1b\r",
	} {
		f.Add([]byte(s), 10)
	}
	suggest := func(text string, pos int) suggestions {
		switch len(text) % 3 {
		case 0:
			return suggestions{insert: "xy"}
		case 1:
			return suggestions{listing: []string{"one", strings.Repeat("two", 50)}}
		}
		return suggestions{}
	}
	f.Fuzz(func(t *testing.T, in []byte, width int) {
		if len(in) > 300 {
			return
		}
		k := newTypist(t, 2+(width%100+100)%100, 10, suggest)
		k.e.setHistory([]string{"alpha", "for do\nend", "日本"})
		go func() {
			k.w.Write(in)
			k.w.Close()
		}()
		for {
			k.read()
			r := k.entry()
			if r.err == io.EOF {
				return
			}
			if r.err != nil && r.err != ErrInterrupt {
				t.Fatal(r.err)
			}
		}
	})
}
