package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// show writes the tokens of src one after the other: kind and text, and an ellipsis for an open one.
func show(src string) string {
	names := map[Kind]string{
		Name: "name", Keyword: "keyword", Number: "number", String: "string", Op: "op", Comment: "comment",
	}
	var out []string
	for t := range Tokens(src) {
		word := names[t.Kind] + " " + t.Text
		if t.Open {
			word += "..."
		}
		out = append(out, word)
	}
	return strings.Join(out, "|")
}

func TestTokens(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"a statement", "x = 1", "name x|op =|number 1"},
		{"no space is needed", "a..b~=c", "name a|op ..|name b|op ~=|name c"},
		{"numbers", "0xffULL 1e-5 .5 3..x", "number 0xffULL|number 1e-5|number .5|number 3..x"},
		{"keywords are no names", "local function end_", "keyword local|keyword function|name end_"},
		{"a string with an escaped quote", `'it\'s'`, `string 'it\'s'`},
		{"a string that the text ends in", `f "ab`, `name f|string "ab...`},
		{"a string that the line ends in", "'ab\nx", "string 'ab|name x"},
		{"a backslash at the end", `'\`, `string '\...`},
		{"a bad escape", `'\999' x`, `string '\999'|name x`},
		{"a long string", "[==[ ]] ]==] x", "string [==[ ]] ]==]|name x"},
		{"an open long string", "[[ ab", "string [[ ab..."},
		{"finished comments are left out", "a -- b\nc --[[ d ]] e", "name a|name c|name e"},
		{"a comment that the text ends in", "a -- b", "name a|comment -- b..."},
		{"an open long comment", "--[[ b\n", "comment --[[ b\n..."},
		{"operators of other languages", "a != b", "name a|op !=|name b"},
		{"foreign bytes", "a \xff\x00", "name a|op \xff|op \x00"},
	} {
		if got := show(test.src); got != test.want {
			t.Errorf("%s: %q gives\n%s, want\n%s", test.name, test.src, got, test.want)
		}
	}
}

func TestContent(t *testing.T) {
	for src, want := range map[string]string{
		`"a b"`: "a b", `''`: "", `'`: "", `'ab`: "ab", `'\''`: `\'`,
		"[[x]]": "x", "[=[x]=]": "x", "[[": "", "[[x": "x",
	} {
		for tok := range Tokens(src) {
			if got := tok.Content(); got != want {
				t.Errorf("the content of %s is %q, want %q", src, got, want)
			}
		}
	}
}

// FuzzTokens checks that the tokens are pieces of the source in order, that only blanks and comments lie
// between them, and that lines are counted.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{
		"m.cpu[0]:load(0x10, 8)", "x = [==[ a ]=] ]==] .. 'b\\'c'", "--[[ x", "for i=1,2 do f{a=1,b",
		"...)}]", "\"\\", "1..2", "0x1p-3", "a\n\n-- b\nc",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		end := 0
		for tok := range Tokens(src) {
			if tok.Text == "" || tok.Pos < end || tok.End() > len(src) || src[tok.Pos:tok.End()] != tok.Text {
				t.Fatalf("token %+v after offset %d of %q", tok, end, src)
			}
			if want := 1 + strings.Count(src[:tok.Pos], "\n"); tok.Line != want {
				t.Errorf("token %+v of %q is in line %d, want %d", tok, src, tok.Line, want)
			}
			between := strings.TrimLeft(src[end:tok.Pos], " \t\r\n")
			if between != "" && !strings.HasPrefix(between, "--") {
				t.Errorf("%q was lost before token %+v of %q", between, tok, src)
			}
			if tok.Kind == String {
				_ = tok.Content() // must not panic
			}
			end = tok.End()
		}
	})
}

func ExampleTokens() {
	for t := range Tokens("local x = 'open") {
		fmt.Println(t.Pos, t.Text, t.Open)
	}
	// Output:
	// 0 local false
	// 6 x false
	// 8 = false
	// 10 'open true
}
