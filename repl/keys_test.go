package repl

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestKeys(t *testing.T) {
	k := func(rs ...rune) []key {
		var ks []key
		for _, r := range rs {
			ks = append(ks, key{r: r})
		}
		return ks
	}
	text := func(s string) []key { return []key{{keyInsert, s}} }
	long := strings.Repeat("x", burst)
	tests := []struct {
		name, in string
		want     []key
	}{
		{"characters", "aé日", k('a', 'é', '日')},
		{"arrows", "\x1b[A\x1bOB\x1b[C\x1b[D", k(ctrlP, ctrlN, ctrlF, ctrlB)},
		{"home and end, five ways", "\x1b[H\x1b[1~\x1bOH\x1b[7~\x1b[F\x1b[4~",
			k(ctrlA, ctrlA, ctrlA, ctrlA, ctrlE, ctrlE)},
		{"Delete is not Ctrl-D", "\x1b[3~", k(keyDelete)},
		{"words", "\x1bb\x1bf\x1b[1;5C\x1b[1;3D\x1bd\x1b\x7f",
			k(metaB, metaF, metaF, metaB, metaD, metaBackspace)},
		{"shifted arrows are arrows", "\x1b[1;2C", k(ctrlF)},
		{"Alt-Enter", "\x1b\r", k(keyNewline)},
		{"undo", "\x1f", k(keyUndo)},
		{"unknown control characters", "\x00\x0f\x11\x16\x18\x1c\x1d\x1e", nil},
		{"function keys", "\x1bOP\x1b[15~\x1b[[A\x1b[24;2~", nil},
		{"answers of the terminal", "\x1b]11;rgb:1/2/3\x1b\\\x1bP1$r0m\x1b\\\x1b[?1;2c", nil},
		{"bytes that are no text", "\xff\xc3(\x80", k('(')},
		{"our own characters are not to be typed", string(keyDelete) + string(metaB), nil},
		{"text in one piece", long, text(long)},
		{"text in one piece and a key", long + "\r", append(text(long), key{r: ctrlM})},
		{"a paste", "\x1b[200~a\tb\x1b[201~", text("a\tb")},
		{"a paste's line breaks", "\x1b[200~a\r\nb\rc\nd\r\n\x1b[201~", text("a\nb\nc\nd")},
		{"keys in a paste", "\x1b[200~a\x03\x04\x1b[A\x00b\x1b[201~c", append(text("a[Ab"), k('c')...)},
		{"an empty paste", "\x1b[200~\x1b[201~x", k('x')},
		{"nearly the end of a paste", "\x1b[200~a\x1b[201\x1b[201~", text("a[201")},
		{"a CSI that never ends", "\x1b[" + strings.Repeat("1", 40) + "x", k([]rune("1111111x")...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := new(decoder).feed(nil, []byte(test.in)); !slices.Equal(got, test.want) {
				t.Errorf("%q is %s, want %s", test.in, show(got), show(test.want))
			}
		})
		t.Run(test.name+", byte by byte", func(t *testing.T) {
			if strings.Contains(test.in, long) {
				t.Skip("it comes in one piece or it does not")
			}
			var d decoder
			var got []key
			for i := range len(test.in) {
				got = d.feed(got, []byte(test.in[i:i+1]))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q is %s, want %s", test.in, show(got), show(test.want))
			}
		})
	}
}

func show(ks []key) string { return fmt.Sprintf("%q", ks) }

func TestPasteLimit(t *testing.T) {
	var d decoder
	keys := d.feed(nil, []byte("\x1b[200~"))
	block := []byte(strings.Repeat("x", 1<<20))
	for range 20 {
		keys = d.feed(keys, block)
	}
	keys = d.feed(keys, []byte("\x1b[201~y"))
	if len(keys) != 2 || len(keys[0].text) != pasteLimit || keys[1].r != 'y' {
		t.Errorf("%d keys, the first with %d bytes", len(keys), len(keys[0].text))
	}
}

// FuzzKeys checks that the decoder accepts any input, however it is cut, and returns only known keys.
// that the decoder takes anything, however it is cut, and gives only what is to be given.
func FuzzKeys(f *testing.F) {
	for _, s := range []string{
		"abc\r", "\x1b[200~a\r\nb\x1b[201~", "\x1b[1;5C\x1bOA", "日\xff\x1b]0;t\x07", "\x1b[3~\x04\x03",
	} {
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, in []byte, at int) {
		whole := new(decoder).feed(nil, in)
		for _, k := range whole {
			switch {
			case k.r == keyInsert:
				control := strings.ContainsAny(k.text, "\x00\x1b\r\x7f")
				if k.text == "" || control || !utf8.ValidString(k.text) {
					t.Errorf("the decoder inserts %q", k.text)
				}
			case k.text != "":
				t.Errorf("key %q has a text", k.r)
			case k.r < ' ' && !known(byte(k.r)):
				t.Errorf("control character %d", k.r)
			}
		}
		if len(in) == 0 || len(in) >= burst {
			return // bursts depend on how they come
		}
		at = (at%len(in) + len(in)) % len(in)
		var d decoder
		cut := d.feed(d.feed(nil, in[:at]), in[at:])
		if !slices.Equal(whole, cut) {
			t.Errorf("%q is %s, cut at %d %s", in, show(whole), at, show(cut))
		}
	})
}
