// The string library. All of it works on bytes, counts its work and charges its results.

package vm

import (
	"math"
	"strings"
	"unsafe"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/pattern"
	lua "github.com/yuin/gopher-lua"
)

// maxString is the longest string that library functions make, whatever the limits: beyond it a
// script is told so instead of the host running out of memory.
const maxString = 1 << 28

func openString(rt *Runtime) {
	t := rt.newLib("string", []libFunc{
		{"byte", rt.strByte}, {"char", rt.strChar}, {"find", rt.strFind}, {"format", rt.strFormat},
		{"gmatch", rt.strGmatch}, {"gsub", rt.strGsub}, {"len", strLen}, {"lower", rt.strLower},
		{"match", rt.strMatch}, {"rep", rt.strRep}, {"reverse", rt.strReverse}, {"sub", rt.strSub},
		{"upper", rt.strUpper},
	})
	meta := rt.main.CreateTable(0, 1)
	meta.RawSetString("__index", t)
	rt.main.SetMetatable(lua.LString(""), meta)
}

// text charges and returns a string made by a library function.
func (rt *Runtime) text(L *lua.LState, s string) int {
	L.Push(lua.LString(s))
	return 1
}

// chargeText counts a string of n bytes that is about to be made; the work of making it is counted
// as well, a step for each 16 bytes.
func (rt *Runtime) chargeText(L *lua.LState, n int) {
	if n > maxString {
		raise(L, 1, "resulting string too large")
	}
	rt.charge(int64(n) + sizeString)
	if n >= 1024 {
		rt.steps(n / 16)
	}
}

// span turns Lua's i and j, from 1, negative ones from the end, into a slice of n bytes.
func span(n, i, j int) (from, to int) {
	if i < 0 {
		i = max(i+n+1, 1)
	} else if i == 0 {
		i = 1
	}
	if j < 0 {
		j += n + 1
	} else if j > n {
		j = n
	}
	if i > j {
		return 0, 0
	}
	return i - 1, j
}

func strLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(args{L, "len"}.str(1))))
	return 1
}

func (rt *Runtime) strSub(L *lua.LState) int {
	a := args{L, "sub"}
	s := a.str(1)
	from, to := span(len(s), a.int(2), a.optInt(3, -1))
	L.Push(rt.piece(s, from, to))
	return 1
}

// oneByte are the strings of one byte, which programs that walk over text make all the time.
var oneByte = func() (all [256]lua.LValue) {
	for i := range all {
		all[i] = lua.LString([]byte{byte(i)})
	}
	return all
}()

// sharedString is how long a string may be for pieces of it to share its bytes in any case.
const sharedString = 64

// piece is s[from:to] as a value. A short piece of a long string is copied, so that keeping it does not
// keep the whole; the rest share their bytes.
func (rt *Runtime) piece(s string, from, to int) lua.LValue {
	n := to - from
	switch {
	case n == 0:
		return lua.LString("")
	case n == 1:
		return oneByte[s[from]]
	case n == len(s):
		rt.charge(sizeString)
		return lua.LString(s)
	}
	rt.charge(int64(n) + sizeString)
	if len(s) > sharedString && n < len(s)-n {
		return lua.LString(strings.Clone(s[from:to]))
	}
	return lua.LString(s[from:to])
}

func (rt *Runtime) strByte(L *lua.LState) int {
	a := args{L, "byte"}
	s := a.str(1)
	i := a.optInt(2, 1)
	from, to := span(len(s), i, a.optInt(3, i))
	rt.room(L, to-from, "string slice too long")
	for _, c := range []byte(s[from:to]) {
		L.Push(lua.LNumber(c))
	}
	return to - from
}

func (rt *Runtime) strChar(L *lua.LState) int {
	a := args{L, "char"}
	b := make([]byte, L.GetTop())
	for i := range b {
		c := a.int(i + 1)
		if c != int(byte(c)) {
			a.fail(i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	rt.chargeText(L, len(b))
	return rt.text(L, string(b))
}

func (rt *Runtime) strLower(L *lua.LState) int {
	return rt.mapBytes(L, "lower", func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		return c
	})
}

func (rt *Runtime) strUpper(L *lua.LState) int {
	return rt.mapBytes(L, "upper", func(c byte) byte {
		if 'a' <= c && c <= 'z' {
			c &^= 0x20
		}
		return c
	})
}

func (rt *Runtime) mapBytes(L *lua.LState, fn string, f func(byte) byte) int {
	s := args{L, fn}.str(1)
	rt.chargeText(L, len(s))
	b := []byte(s)
	for i, c := range b {
		b[i] = f(c)
	}
	return rt.text(L, string(b))
}

func (rt *Runtime) strReverse(L *lua.LState) int {
	s := args{L, "reverse"}.str(1)
	rt.chargeText(L, len(s))
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	return rt.text(L, string(b))
}

func (rt *Runtime) strRep(L *lua.LState) int {
	a := args{L, "rep"}
	s, n := a.str(1), a.int(2)
	if n <= 0 || s == "" {
		return rt.text(L, "")
	}
	if n > maxString/len(s) {
		// Before the product can overflow. The limit, if there is one, comes first: it is what the
		// embedder asked for.
		if n > math.MaxInt/2/len(s) {
			n = math.MaxInt / 2 / len(s)
		}
		rt.charge(int64(n * len(s)))
		raise(L, 1, "resulting string too large")
	}
	rt.chargeText(L, n*len(s))
	if n == 1 {
		return rt.text(L, s)
	}
	return rt.text(L, strings.Repeat(s, n))
}

// A patternHost counts the work of a matcher in a runtime and raises its errors.
type patternHost struct {
	rt *Runtime
	L  *lua.LState
}

func (h *patternHost) Steps(n int)              { h.rt.steps(n) }
func (h *patternHost) Malformed(message string) { raise(h.L, 1, message) }

// Matches reports whether the Lua pattern is found in text. It is for the native functions of modules:
// a malformed pattern raises in L where the running function was called.
func Matches(L *lua.LState, text, luaPattern string) bool {
	m := pattern.New(text, luaPattern, &patternHost{threadOf(L).rt, L})
	found := m.Find(0)
	for i := range m.Captures() {
		m.Capture(i) // raises if the capture is unfinished
	}
	return found
}

// pushCaptures pushes the captures of the last match. Without captures it pushes the whole match if
// whole is set.
func (rt *Runtime) pushCaptures(L *lua.LState, m *pattern.Matcher, whole bool) int {
	n := m.Captures()
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		L.Push(rt.capture(m, i))
	}
	return n
}

func (rt *Runtime) capture(m *pattern.Matcher, i int) lua.LValue {
	from, to, position := m.Capture(i)
	if position > 0 {
		return lua.LNumber(position)
	}
	return rt.piece(m.Subject(), from, to)
}

func (rt *Runtime) strFind(L *lua.LState) int  { return rt.find(L, "find", true) }
func (rt *Runtime) strMatch(L *lua.LState) int { return rt.find(L, "match", false) }

func (rt *Runtime) find(L *lua.LState, fn string, find bool) int {
	a := args{L, fn}
	s, p := a.str(1), a.str(2)
	init := a.optInt(3, 1)
	if init < 0 {
		init += len(s) + 1
	}
	init = min(max(init-1, 0), len(s))
	if find && (L.ToBool(4) || !pattern.HasSpecials(p)) {
		rt.steps((len(s) - init) / 16)
		i := strings.Index(s[init:], p)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(init + i + 1))
		L.Push(lua.LNumber(init + i + len(p)))
		return 2
	}
	m := pattern.New(s, p, &patternHost{rt, L})
	if !m.Find(init) {
		L.Push(lua.LNil)
		return 1
	}
	if !find {
		return rt.pushCaptures(L, &m, true)
	}
	start, end := m.Span()
	L.Push(lua.LNumber(start + 1))
	L.Push(lua.LNumber(end))
	return 2 + rt.pushCaptures(L, &m, false)
}

// strGmatch: as in lua5.1, a '^' at the start of the pattern is not an anchor here but stands for itself.
func (rt *Runtime) strGmatch(L *lua.LState) int {
	a := args{L, "gmatch"}
	s, p := a.str(1), a.str(2)
	m := pattern.NewUnanchored(s, p, nil)
	rt.charge(1024)
	next := 0
	L.Push(L.NewClosure(func(L *lua.LState) int {
		m.SetHost(&patternHost{rt, L})
		if !m.Find(next) {
			next = len(s) + 1
			L.Push(lua.LNil)
			return 1
		}
		start, end := m.Span()
		if next = end; end == start {
			next++
		}
		return rt.pushCaptures(L, &m, true)
	}, lua.LString(s), lua.LString(p)))
	return 1
}

func (rt *Runtime) strGsub(L *lua.LState) int {
	a := args{L, "gsub"}
	s, p := a.str(1), a.str(2)
	repl := L.Get(3)
	var replText string
	switch r := repl.(type) {
	case *lua.LFunction, *lua.LTable:
	default:
		var ok bool
		if replText, ok = textOf(r); !ok {
			a.fail(3, "string/function/table expected")
		}
	}
	most := a.optInt(4, len(s)+1)
	m := pattern.New(s, p, &patternHost{rt, L})
	b := &charged{rt: rt, L: L}
	n, at := 0, 0
	for n < most {
		end := -1
		if m.MatchAt(at) {
			_, end = m.Span()
			n++
			rt.appendReplacement(b, &m, repl, replText)
		}
		if end > at {
			at = end
		} else if at < len(s) {
			b.addByte(s[at])
			at++
		} else {
			break
		}
		if m.Anchored() {
			break
		}
	}
	m.Flush()
	if n == 0 {
		L.Push(lua.LString(s))
		L.Push(lua.LNumber(0))
		return 2
	}
	if at < len(s) {
		b.add(s[at:])
	}
	rt.text(L, b.String())
	L.Push(lua.LNumber(n))
	return 2
}

// appendReplacement appends what gsub puts in the place of the last match.
func (rt *Runtime) appendReplacement(b *charged, m *pattern.Matcher, repl lua.LValue, text string) {
	L := b.L
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LFunction:
		L.Push(r)
		n := rt.pushCaptures(L, m, true)
		L.Call(n, 1)
		v = L.Get(-1)
		L.Pop(1)
	case *lua.LTable:
		v = L.GetTable(r, rt.capture(m, 0))
	default:
		b.addTemplate(m, text)
		return
	}
	if lua.LVIsFalse(v) {
		b.add(m.Match())
		return
	}
	piece, ok := textOf(v)
	if !ok {
		raise(L, 1, "invalid replacement value (a "+typeName(v)+")")
	}
	b.add(piece)
}

// addTemplate appends text with each %0 to %9 replaced by the match or one of its captures.
func (b *charged) addTemplate(m *pattern.Matcher, text string) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '%' {
			b.addByte(c)
			continue
		}
		i++
		switch {
		case i == len(text):
			b.addByte(0) // the end of a C string, which lua5.1 copies
		case text[i] == '0':
			b.add(m.Match())
		case '1' <= text[i] && text[i] <= '9':
			if from, to, position := m.Capture(int(text[i] - '1')); position > 0 {
				b.grow(20)
				b.buf = number.Append(b.buf, float64(position))
			} else {
				b.add(m.Subject()[from:to])
			}
		default:
			b.addByte(text[i])
		}
	}
}

// A charged buffer grows a string and counts its memory before it is there.
type charged struct {
	rt  *Runtime
	L   *lua.LState
	buf []byte
}

func (b *charged) grow(n int) {
	need := len(b.buf) + n
	if need <= cap(b.buf) {
		return
	}
	if need > maxString {
		raise(b.L, 1, "resulting string too large")
	}
	size := need
	if b.buf != nil {
		size = min(max(2*cap(b.buf), need, 64), maxString)
	}
	b.rt.charge(int64(size))
	b.rt.steps(size / 16)
	buf := make([]byte, len(b.buf), size)
	copy(buf, b.buf)
	b.rt.meter.held += int64(size - cap(b.buf)) // a recount cannot find it
	b.buf = buf
}

func (b *charged) add(s string) {
	b.grow(len(s))
	b.buf = append(b.buf, s...)
}

func (b *charged) addByte(c byte) {
	if len(b.buf) == cap(b.buf) {
		b.grow(1)
	}
	b.buf = append(b.buf, c)
}

// String is what was added. The buffer becomes the string, unless much of it is empty.
func (b *charged) String() string {
	b.rt.charge(sizeString)
	defer func(size int) { b.rt.meter.held -= int64(size) }(cap(b.buf))
	if cap(b.buf)-len(b.buf) > len(b.buf)/4 {
		b.rt.charge(int64(len(b.buf)))
		return string(b.buf)
	}
	s := unsafe.String(unsafe.SliceData(b.buf), len(b.buf))
	b.buf = nil
	return s
}

func (rt *Runtime) strFormat(L *lua.LState) int {
	a := args{L, "format"}
	f := a.str(1)
	b := &charged{rt: rt, L: L}
	var scratch [512]byte
	arg := 1
	for i := 0; i < len(f); {
		c := f[i]
		if c != '%' {
			j := i + 1
			for j < len(f) && f[j] != '%' {
				j++
			}
			b.add(f[i:j])
			i = j
			continue
		}
		i++
		if i < len(f) && f[i] == '%' {
			b.addByte('%')
			i++
			continue
		}
		spec, n, wrong := number.ParseSpec(f[i:])
		if wrong != "" {
			raise(L, 1, wrong)
		}
		i += n
		arg++
		piece := scratch[:0]
		switch spec.Verb {
		case 'c':
			spec.Precision = -1
			piece = spec.AppendText(piece, string([]byte{byte(a.int(arg))}))
		case 'd', 'i':
			v, negative := a.integer(arg)
			piece = spec.AppendInteger(piece, v, negative)
		case 'u', 'o', 'x', 'X':
			v, negative := a.integer(arg)
			if negative {
				v = -v
			}
			piece = spec.AppendInteger(piece, v, false)
		case 'e', 'E', 'f', 'g', 'G':
			piece = spec.AppendFloat(piece, a.formatFloat(arg))
		case 'q':
			s := a.str(arg)
			b.grow(4*len(s) + 2)
			b.buf = appendQuoted(b.buf, s)
			continue
		case 's':
			s := rt.formatString(a, arg)
			if spec.Width == 0 && spec.Precision < 0 || spec.Precision < 0 && len(s) >= 100 {
				b.add(s)
				continue
			}
			piece = spec.AppendText(piece, s)
		default:
			raise(L, 1, "invalid option '%"+string(rune(spec.Verb))+"' to 'format'")
		}
		b.grow(len(piece))
		b.buf = append(b.buf, piece...)
	}
	return rt.text(L, b.String())
}

// formatFloat is argument n for a floating conversion, where a u64 is its nearest float.
func (a args) formatFloat(n int) float64 {
	x := a.number(n)
	if x.Exact {
		return float64(x.Wide)
	}
	return x.Float
}

// formatString is argument n for %s: text, a number, or an object that says how it prints.
func (rt *Runtime) formatString(a args, n int) string {
	v := a.L.Get(n)
	if s, ok := textOf(v); ok {
		return s
	}
	if a.L.GetMetaField(v, "__tostring") == lua.LNil {
		a.failType(n, "string")
	}
	return rt.toString(a.L, v)
}

// appendQuoted writes s so that the Lua reader reads it back.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			b = append(b, '\\', c)
		case '\r':
			b = append(b, `\r`...)
		case 0:
			b = append(b, `\000`...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
