// Package pattern matches Lua 5.1 patterns and counts the work: every comparison is a step, so that a
// pattern that backtracks without end is stopped by a limit or a deadline like any other loop.
//
// It works on bytes and knows no Lua values. Unlike lua5.1, whose patterns are C strings, a zero byte
// in a pattern stands for itself.
//
//	m := pattern.New("key = value", "(%w+) = (%w+)", host)
//	if m.Find(0) {
//		from, to, _ := m.Capture(0) // "key"
//	}
package pattern

import "strings"

// Limits of the engine. lua5.1 has the first; the second replaces the C stack, which overflows there.
const (
	maxCaptures = 32
	maxDepth    = 20_000
)

// The values of capture.len for a capture without a length.
const (
	capUnfinished = -1
	capPosition   = -2
)

// stepBatch is how many comparisons are made between two calls of Host.Steps: few enough that a
// deadline is noticed within microseconds, and enough that counting costs nothing.
const stepBatch = 4096

// A Host is told about the work and the mistakes of a match. Neither method needs to return: in a
// runtime both raise.
type Host interface {
	// Steps counts n more comparisons.
	Steps(n int)
	// Malformed reports a mistake in the pattern, in the words of lua5.1.
	Malformed(message string)
}

type capture struct {
	start, len int
}

// A Matcher holds one subject, one pattern and the captures of the last match.
//
// Positions in it are indexes from 0, and internal functions return the end of a match or -1.
type Matcher struct {
	Host       Host // may be replaced between matches
	src, pat   string
	first      int // where the pattern begins, after its anchor
	start, end int // of the last match
	n          int // comparisons not yet reported
	depth      int
	level      int
	capture    [maxCaptures]capture
}

// New returns a matcher of pat against src. A '^' at the start of pat is an anchor.
func New(src, pat string, host Host) Matcher {
	m := NewUnanchored(src, pat, host)
	if pat != "" && pat[0] == '^' {
		m.first = 1
	}
	return m
}

// NewUnanchored returns a matcher for gmatch, in which a '^' at the start of pat stands for itself.
func NewUnanchored(src, pat string, host Host) Matcher {
	return Matcher{Host: host, src: src, pat: pat}
}

// Anchored reports whether the pattern can match only where the search begins.
func (m *Matcher) Anchored() bool { return m.first > 0 }

// Find looks for the first match that begins at from or later and reports whether there is one.
func (m *Matcher) Find(from int) bool {
	for ; from <= len(m.src); from++ {
		if m.MatchAt(from) {
			m.Flush()
			return true
		}
		if m.Anchored() {
			break
		}
	}
	m.Flush()
	return false
}

// MatchAt reports whether the pattern matches at the index from.
func (m *Matcher) MatchAt(from int) bool {
	m.level, m.depth = 0, 0
	m.start, m.end = from, m.match(from, m.first)
	return m.end >= 0
}

// Span returns where the last match begins and ends.
func (m *Matcher) Span() (start, end int) { return m.start, m.end }

// Match returns the text of the last match.
func (m *Matcher) Match() string { return m.src[m.start:m.end] }

// Subject returns the text that is searched.
func (m *Matcher) Subject() string { return m.src }

// Captures returns how many captures the last match has.
func (m *Matcher) Captures() int { return m.level }

func (m *Matcher) tick(n int) {
	if m.n += n; m.n >= stepBatch {
		m.Flush()
	}
}

// Flush reports the steps that the host has not been told of yet.
func (m *Matcher) Flush() {
	if n := m.n; n > 0 {
		m.n = 0
		m.Host.Steps(n)
	}
}

// fail reports a malformed pattern. If the host returns, the match fails.
func (m *Matcher) fail(message string) int {
	m.Host.Malformed(message)
	return -1
}

func (m *Matcher) match(s, p int) int {
	if m.depth == maxDepth {
		return m.fail("pattern too complex")
	}
	m.depth++
	e := m.matchHere(s, p)
	m.depth--
	return e
}

// matchHere matches the pattern from p on against the subject from s on. It loops over items that match in
// one way and recurses where several ways have to be tried.
func (m *Matcher) matchHere(s, p int) int {
	src, pat := m.src, m.pat
	for {
		m.tick(1)
		if p == len(pat) {
			return s
		}
		switch pat[p] {
		case '(':
			if p+1 < len(pat) && pat[p+1] == ')' {
				return m.startCapture(s, p+2, capPosition)
			}
			return m.startCapture(s, p+1, capUnfinished)
		case ')':
			return m.endCapture(s, p+1)
		case '$':
			if p+1 == len(pat) {
				if s == len(src) {
					return s
				}
				return -1
			}
		case '%':
			if p+1 == len(pat) {
				return m.fail("malformed pattern (ends with '%')")
			}
			switch c := pat[p+1]; {
			case c == 'b':
				if s = m.matchBalance(s, p+2); s < 0 {
					return -1
				}
				p += 4
				continue
			case c == 'f':
				if p = m.frontier(s, p+2); p < 0 {
					return -1
				}
				continue
			case '0' <= c && c <= '9':
				if s = m.matchCapture(s, c); s < 0 {
					return -1
				}
				p += 2
				continue
			}
		}

		ep := m.classEnd(p)
		if ep < 0 {
			return -1
		}
		var suffix byte
		if ep < len(pat) {
			suffix = pat[ep]
		}
		switch suffix {
		case '?':
			if s < len(src) && singleMatch(src[s], pat, p, ep) {
				if e := m.match(s+1, ep+1); e >= 0 {
					return e
				}
			}
			p = ep + 1
		case '*':
			return m.maxExpand(s, p, ep, 0)
		case '+':
			return m.maxExpand(s, p, ep, 1)
		case '-':
			return m.minExpand(s, p, ep)
		default:
			if s == len(src) || !singleMatch(src[s], pat, p, ep) {
				return -1
			}
			s++
			p = ep
		}
	}
}

// frontier matches %f at s, whose set is at p. It returns the end of the set, or -1.
func (m *Matcher) frontier(s, p int) int {
	if p == len(m.pat) || m.pat[p] != '[' {
		return m.fail("missing '[' after '%f' in pattern")
	}
	ep := m.classEnd(p)
	if ep < 0 {
		return -1
	}
	var before, here byte
	if s > 0 {
		before = m.src[s-1]
	}
	if s < len(m.src) {
		here = m.src[s]
	}
	if matchSet(before, m.pat, p, ep-1) || !matchSet(here, m.pat, p, ep-1) {
		return -1
	}
	return ep
}

// classEnd returns the end of the single-character class that begins at p, or -1.
func (m *Matcher) classEnd(p int) int {
	pat := m.pat
	c := pat[p]
	p++
	switch c {
	case '%':
		if p == len(pat) {
			return m.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(pat) && pat[p] == '^' {
			p++
		}
		for first := true; first || p == len(pat) || pat[p] != ']'; first = false {
			if p == len(pat) {
				return m.fail("malformed pattern (missing ']')")
			}
			c := pat[p]
			p++
			if c == '%' && p < len(pat) {
				p++
			}
		}
		return p + 1
	}
	return p
}

func singleMatch(c byte, pat string, p, ep int) bool {
	switch pat[p] {
	case '.':
		return true
	case '%':
		return matchClass(c, pat[p+1])
	case '[':
		return matchSet(c, pat, p, ep-1)
	}
	return pat[p] == c
}

// matchSet reports whether c is in the set pat[p:end+1], where pat[p] is '[' and pat[end] is ']'.
func matchSet(c byte, pat string, p, end int) bool {
	in := true
	p++
	if pat[p] == '^' {
		in = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case pat[p] == '%':
			p++
			if matchClass(c, pat[p]) {
				return in
			}
		case pat[p+1] == '-' && p+2 < end:
			p += 2
			if pat[p-2] <= c && c <= pat[p] {
				return in
			}
		case pat[p] == c:
			return in
		}
	}
	return !in
}

// The classes of a byte in the C locale, one bit each.
const (
	alpha = 1 << iota
	cntrl
	digit
	lower
	punct
	space
	upper
	xdigit
	zero
)

// classes maps a class letter to the classes that it stands for.
var classes = [256]uint16{
	'a': alpha, 'c': cntrl, 'd': digit, 'l': lower, 'p': punct, 's': space, 'u': upper, 'w': alpha | digit,
	'x': xdigit, 'z': zero,
}

// byteClass maps a byte to its classes.
var byteClass = func() (t [256]uint16) {
	for i := range 128 {
		c := byte(i)
		switch {
		case 'a' <= c && c <= 'z':
			t[i] = alpha | lower
		case 'A' <= c && c <= 'Z':
			t[i] = alpha | upper
		case '0' <= c && c <= '9':
			t[i] = digit | xdigit
		case c < ' ' || c == 0x7f:
			t[i] = cntrl
		case c != ' ':
			t[i] = punct
		}
		if c == ' ' || '\t' <= c && c <= '\r' {
			t[i] |= space
		}
		if 'a' <= c|0x20 && c|0x20 <= 'f' && t[i]&alpha != 0 {
			t[i] |= xdigit
		}
	}
	t[0] |= zero
	return t
}()

// matchClass reports whether c belongs to the class %cl. An upper-case letter means the complement; a
// character that is not a class letter stands for itself.
func matchClass(c, cl byte) bool {
	want := classes[cl|0x20]
	if want == 0 {
		return cl == c
	}
	return byteClass[c]&want != 0 == (cl&0x20 != 0)
}

// maxExpand matches as many of the class at p as it can, then fewer until the rest matches.
func (m *Matcher) maxExpand(s, p, ep, least int) int {
	src, pat := m.src, m.pat
	i := 0
	for s+i < len(src) && singleMatch(src[s+i], pat, p, ep) {
		i++
		m.tick(1)
	}
	for ; i >= least; i-- {
		if e := m.match(s+i, ep+1); e >= 0 {
			return e
		}
	}
	return -1
}

// minExpand matches as few of the class at p as it can, then more until the rest matches.
func (m *Matcher) minExpand(s, p, ep int) int {
	for {
		if e := m.match(s, ep+1); e >= 0 {
			return e
		}
		if s == len(m.src) || !singleMatch(m.src[s], m.pat, p, ep) {
			return -1
		}
		s++
	}
}

func (m *Matcher) startCapture(s, p, what int) int {
	if m.level >= maxCaptures {
		return m.fail("too many captures")
	}
	m.capture[m.level] = capture{s, what}
	m.level++
	e := m.match(s, p)
	if e < 0 {
		m.level--
	}
	return e
}

func (m *Matcher) endCapture(s, p int) int {
	l := m.level - 1
	for l >= 0 && m.capture[l].len != capUnfinished {
		l--
	}
	if l < 0 {
		return m.fail("invalid pattern capture")
	}
	m.capture[l].len = s - m.capture[l].start
	e := m.match(s, p)
	if e < 0 {
		m.capture[l].len = capUnfinished
	}
	return e
}

// matchBalance matches %b at s, whose two characters are at p.
func (m *Matcher) matchBalance(s, p int) int {
	if p+1 >= len(m.pat) {
		return m.fail("unbalanced pattern")
	}
	open, closing := m.pat[p], m.pat[p+1]
	if s == len(m.src) || m.src[s] != open {
		return -1
	}
	depth := 1
	for s++; s < len(m.src); s++ {
		m.tick(1)
		switch m.src[s] {
		case closing:
			if depth--; depth == 0 {
				return s + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

// matchCapture matches the text of an earlier capture, given as its digit.
func (m *Matcher) matchCapture(s int, c byte) int {
	l := int(c) - '1'
	if l < 0 || l >= m.level || m.capture[l].len == capUnfinished {
		return m.fail("invalid capture index")
	}
	n := m.capture[l].len
	if n < 0 || len(m.src)-s < n {
		return -1
	}
	m.tick(n / 16)
	start := m.capture[l].start
	if m.src[start:start+n] != m.src[s:s+n] {
		return -1
	}
	return s + n
}

// Capture returns capture i of the last match as src[from:to], or for a position capture the position,
// which counts from 1; position is 0 otherwise. Capture 0 of a pattern without captures is the whole match.
func (m *Matcher) Capture(i int) (from, to, position int) {
	if i >= m.level {
		if i > 0 {
			m.fail("invalid capture index")
			return 0, 0, 0
		}
		return m.start, m.end, 0
	}
	c := m.capture[i]
	switch c.len {
	case capPosition:
		return 0, 0, c.start + 1
	case capUnfinished:
		m.fail("unfinished capture")
		return 0, 0, 0
	}
	return c.start, c.start + c.len, 0
}

// HasSpecials reports whether pat contains a character with a meaning other than itself.
func HasSpecials(pat string) bool { return strings.ContainsAny(pat, "^$*+?.([%-") }
