package repl

import (
	"strings"
	"testing"
)

var pasteOfLines = strings.Repeat("x = 1 -- a line of a paste, and what it is about\n", 1<<20/50)

func BenchmarkLayoutMegabyte(b *testing.B) {
	text := strings.TrimRight(pasteOfLines, "\n")
	for b.Loop() {
		layout("> ", ">> ", text, len(text), 80)
	}
}

func BenchmarkCompileMegabyte(b *testing.B) {
	for b.Loop() {
		if _, _, err := compile("in1", pasteOfLines); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPasteMegabyte pastes a megabyte into the editor and reads the entry. a paste into the editor
// up to the finished entry, compiled once.
func BenchmarkPasteMegabyte(b *testing.B) {
	for b.Loop() {
		k := newTypist(b, 80, 24, nil)
		k.more = func(text string) bool { _, _, err := compile("in1", text); return err != nil }
		k.read()
		k.types("\x1b[200~" + pasteOfLines + "\x1b[201~\r")
		if r := k.entry(); r.err != nil || len(r.text) < len(pasteOfLines)-1 {
			b.Fatal(len(r.text), r.err)
		}
		k.e.Close()
	}
}
