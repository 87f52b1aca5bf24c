// The pattern engine against a slow twin that is obviously right, and the counting of its work.

package pattern

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The twin parses a pattern into items first and then tries every way in the order that Lua's
// manual gives, with captures that are never changed in place.

type twinItem struct {
	// 'c' class, '(' open, ')' close, 'p' position, 'b' balance, 'f' frontier, '$' end, '0'..'9' reference
	kind  byte
	class func(byte) bool
	quant byte // of a class: 0 * + - ?
	x, y  byte
}

type twinCapture struct {
	from, to int
	state    byte // 'o' open, 'p' position, 'd' done
}

// twinClass parses one class at the start of p.
func twinClass(p string) (class func(byte) bool, rest string, ok bool) {
	named := func(l byte) func(byte) bool {
		const letters, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
		sets := map[byte]string{
			'a': letters + strings.ToUpper(letters),
			'd': digits,
			'l': letters,
			'u': strings.ToUpper(letters),
			'w': letters + strings.ToUpper(letters) + digits,
			'x': digits + "abcdefABCDEF",
			's': " \t\n\v\f\r",
			'p': "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
			'z': "\x00",
		}
		lower := l
		if 'A' <= l && l <= 'Z' {
			lower = l + 32
		}
		set, ok := sets[lower]
		if lower == 'c' {
			for i := range 32 {
				set += string(rune(i))
			}
			set += "\x7f"
			ok = true
		}
		if !ok {
			return func(c byte) bool { return c == l }
		}
		return func(c byte) bool { return strings.IndexByte(set, c) >= 0 == (l == lower) }
	}
	switch p[0] {
	case '.':
		return func(byte) bool { return true }, p[1:], true
	case '%':
		if len(p) < 2 {
			return nil, "", false
		}
		return named(p[1]), p[2:], true
	case '[':
		rest, negated := p[1:], false
		if strings.HasPrefix(rest, "^") {
			rest, negated = rest[1:], true
		}
		var any []func(byte) bool
		for first := true; ; first = false {
			if rest == "" {
				return nil, "", false
			}
			if rest[0] == ']' && !first {
				rest = rest[1:]
				break
			}
			if rest[0] == '%' {
				if len(rest) < 2 {
					return nil, "", false
				}
				any, rest = append(any, named(rest[1])), rest[2:]
				continue
			}
			lo, hi := rest[0], rest[0]
			if len(rest) > 2 && rest[1] == '-' && rest[2] != ']' {
				hi = rest[2]
				if hi == '%' { // in "a-%", the engine takes the '%' as the end of the range
					return nil, "", false
				}
				rest = rest[3:]
			} else {
				rest = rest[1:]
			}
			any = append(any, func(c byte) bool { return lo <= c && c <= hi })
		}
		return func(c byte) bool {
			return slices.ContainsFunc(any, func(f func(byte) bool) bool { return f(c) }) != negated
		}, rest, true
	}
	c := p[0]
	return func(b byte) bool { return b == c }, p[1:], true
}

// twinParse returns the items of a pattern without its '^'. It is not ok if the pattern is malformed
// anywhere.
func twinParse(p string) (items []twinItem, ok bool) {
	open, done := []int{}, []bool{}
	for p != "" {
		switch {
		case strings.HasPrefix(p, "()"):
			items, p = append(items, twinItem{kind: 'p'}), p[2:]
			done = append(done, true)
			continue
		case p[0] == '(':
			items, p = append(items, twinItem{kind: '('}), p[1:]
			open, done = append(open, len(done)), append(done, false)
			continue
		case p[0] == ')':
			if len(open) == 0 {
				return nil, false
			}
			done[open[len(open)-1]] = true
			items, p, open = append(items, twinItem{kind: ')'}), p[1:], open[:len(open)-1]
			continue
		case p == "$":
			items, p = append(items, twinItem{kind: '$'}), ""
			continue
		case strings.HasPrefix(p, "%b"):
			if len(p) < 4 {
				return nil, false
			}
			items, p = append(items, twinItem{kind: 'b', x: p[2], y: p[3]}), p[4:]
			continue
		case strings.HasPrefix(p, "%f"):
			if len(p) < 3 || p[2] != '[' {
				return nil, false
			}
			class, rest, ok := twinClass(p[2:])
			if !ok {
				return nil, false
			}
			items, p = append(items, twinItem{kind: 'f', class: class}), rest
			continue
		case len(p) > 1 && p[0] == '%' && '0' <= p[1] && p[1] <= '9':
			if k := int(p[1]) - '1'; k < 0 || k >= len(done) || !done[k] {
				return nil, false
			}
			items, p = append(items, twinItem{kind: p[1]}), p[2:]
			continue
		}
		class, rest, ok := twinClass(p)
		if !ok {
			return nil, false
		}
		item := twinItem{kind: 'c', class: class}
		if rest != "" && strings.IndexByte("*+-?", rest[0]) >= 0 {
			item.quant, rest = rest[0], rest[1:]
		}
		items, p = append(items, item), rest
	}
	return items, len(open) == 0 && len(done) <= maxCaptures
}

type twin struct {
	src  string
	left int // steps, so that fuzzing ends
}

func (t *twin) match(items []twinItem, s int, caps []twinCapture) (end int, got []twinCapture, ok bool) {
	if t.left--; t.left < 0 {
		panic("enough")
	}
	if len(items) == 0 {
		return s, caps, true
	}
	item, rest := items[0], items[1:]
	with := func(c twinCapture) []twinCapture { return append(slices.Clone(caps), c) }
	switch item.kind {
	case '(':
		return t.match(rest, s, with(twinCapture{s, 0, 'o'}))
	case 'p':
		return t.match(rest, s, with(twinCapture{s, s, 'p'}))
	case ')':
		caps = slices.Clone(caps)
		for i := len(caps) - 1; i >= 0; i-- {
			if caps[i].state == 'o' {
				caps[i] = twinCapture{caps[i].from, s, 'd'}
				return t.match(rest, s, caps)
			}
		}
		panic("close without open")
	case '$':
		return s, caps, s == len(t.src)
	case 'b':
		depth := 0
		for e := s; e < len(t.src); e++ {
			switch c := t.src[e]; {
			case e == s:
				if c != item.x {
					return 0, nil, false
				}
				depth = 1
			case c == item.y:
				if depth--; depth == 0 {
					return t.match(rest, e+1, caps)
				}
			case c == item.x:
				depth++
			}
		}
		return 0, nil, false
	case 'f':
		var before, here byte
		if s > 0 {
			before = t.src[s-1]
		}
		if s < len(t.src) {
			here = t.src[s]
		}
		if item.class(before) || !item.class(here) {
			return 0, nil, false
		}
		return t.match(rest, s, caps)
	case 'c':
		least, most := 1, 1
		switch item.quant {
		case '*', '-':
			least, most = 0, len(t.src)
		case '+':
			most = len(t.src)
		case '?':
			least = 0
		}
		run := 0
		for run < most && s+run < len(t.src) && item.class(t.src[s+run]) {
			run++
		}
		counts := []int{}
		for n := least; n <= run; n++ {
			counts = append(counts, n)
		}
		if item.quant != '-' {
			slices.Reverse(counts)
		}
		for _, n := range counts {
			if end, got, ok = t.match(rest, s+n, caps); ok {
				return end, got, true
			}
		}
		return 0, nil, false
	}
	c := caps[item.kind-'1']
	if c.state == 'p' {
		return 0, nil, false
	}
	if text := t.src[c.from:c.to]; strings.HasPrefix(t.src[s:], text) {
		return t.match(rest, s+len(text), caps)
	}
	return 0, nil, false
}

// twinFind returns the result of string.find without init, as text.
func twinFind(src, pat string) (result string, valid bool) {
	anchored := strings.HasPrefix(pat, "^")
	items, ok := twinParse(strings.TrimPrefix(pat, "^"))
	if !ok {
		return "", false
	}
	t := &twin{src: src, left: 200_000}
	for s := 0; s <= len(src); s++ {
		if e, caps, ok := t.match(items, s, nil); ok {
			out := fmt.Sprint(s, " ", e)
			for _, c := range caps {
				if c.state == 'p' {
					out += fmt.Sprint(" @", c.from+1)
				} else {
					out += fmt.Sprintf(" %q", src[c.from:c.to])
				}
			}
			return out, true
		}
		if anchored {
			break
		}
	}
	return "no match", true
}

// testHost stops a match that takes too long and keeps the first error.
type testHost struct {
	steps, most int
	err         string
}

type tooLong struct{}

func (h *testHost) Steps(n int) {
	if h.steps += n; h.most > 0 && h.steps > h.most {
		panic(tooLong{})
	}
}

func (h *testHost) Malformed(message string) {
	if h.err == "" {
		h.err = message
	}
	panic(tooLong{})
}

func engineFind(src, pat string, host *testHost) (result string) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(tooLong); !ok {
				panic(r)
			}
			result = "error " + host.err
		}
	}()
	m := New(src, pat, host)
	if !m.Find(0) {
		return "no match"
	}
	start, end := m.Span()
	out := fmt.Sprint(start, " ", end)
	for i := range m.Captures() {
		if from, to, position := m.Capture(i); position > 0 {
			out += fmt.Sprint(" @", position)
		} else {
			out += fmt.Sprintf(" %q", src[from:to])
		}
	}
	return out
}

func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"hello world", "(%w+) (%w+)"}, {"key = value", "^(%w+)%s*=%s*(.-)$"}, {"f(a(b)c)", "%b()"},
		{"THE (quick) fox", "%f[%a]%a+"}, {"aaa", "a-b"}, {"abab", "(ab)%1"}, {"x", "[^%s]?"},
		{"a.b", "[a-c]%.[]]*"}, {"", "()$"}, {"a\x00b", "%z."}, {"aXbX", "(.-)X"}, {"[[x]]", "%[(%b[])%]"},
		{"2024-01-02", "(%d+)-(%d+)-(%d+)"}, {"\xff\xfe", "[\x80-\xff]+"}, {"aab", "(a*(.)%2?)"},
		{"()", "%(%)"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, src, pat string) {
		if len(src) > 100 || len(pat) > 60 {
			return
		}
		host := &testHost{most: 1 << 20}
		got := engineFind(src, pat, host)
		if host.steps > host.most {
			return
		}
		var want string
		var valid bool
		func() {
			defer func() {
				if r := recover(); r != nil && r != "enough" {
					panic(r)
				}
			}()
			want, valid = twinFind(src, pat)
		}()
		if valid && got != want {
			t.Errorf("find(%q, %q)\n got  %s\n want %s", src, pat, got, want)
		}
	})
}

// TestPatternWork checks that the cost of a match is counted during the match, so that an endless one can be
// stopped.
func TestPatternWork(t *testing.T) {
	for _, c := range []struct{ name, src, pat string }{
		{"lazy pieces", strings.Repeat("a", 30000), ".-.-.-.-b"},
		{"optional pieces", strings.Repeat("a", 200), strings.Repeat("a?", 200) + strings.Repeat("a", 201)},
		{"greedy captures", strings.Repeat("a", 5000), "(.*)(.*)(.*)(.*)b"},
		{"balance at every place", strings.Repeat("(", 100000), "%b()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := &testHost{most: 3_000_000}
			engineFind(c.src, c.pat, host)
			if host.steps <= host.most {
				t.Fatalf("ended after %d steps, want it stopped", host.steps)
			}
			if host.steps > host.most+2*stepBatch {
				t.Errorf("the match took %d steps, want at most two batches more than %d",
					host.steps, host.most)
			}
		})
	}
	host := &testHost{most: 1 << 30}
	got := engineFind("x", strings.Repeat("x?", maxDepth*2), host)
	if host.err != "" && host.err != "pattern too complex" {
		t.Errorf("got error %q, want none or %q (%s)", host.err, "pattern too complex", got)
	}
	host = &testHost{most: 1 << 30}
	engineFind(strings.Repeat("x", maxDepth*2), strings.Repeat("x?", maxDepth*2), host)
	if host.err != "pattern too complex" {
		t.Errorf("a pattern of %d optional items gave error %q, want it too complex", maxDepth*2, host.err)
	}
}
