// The string library. It works on bytes, counts its work and charges its results.

package vm

import (
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/hwlua/hwlua/vm/internal/number"
	"github.com/hwlua/hwlua/vm/internal/pattern"
	lua "github.com/yuin/gopher-lua"
)

// maxString is the length of the longest string that library functions make, whatever the limits. A
// script that wants more gets an error before the host runs out of memory.
const maxString = 1 << 28

func openString(rt *Runtime) {
	t := rt.newLib("string", []libFunc{
		{"byte", rt.strByte}, {"char", rt.strChar}, {"find", rt.strFind}, {"format", rt.strFormat},
		{"gmatch", rt.strGmatch}, {"gsub", rt.strGsub}, {"len", strLen},
		rt.onBytes("lower", flipCase('A', 'Z')),
		{"match", rt.strMatch}, {"rep", rt.strRep}, rt.onBytes("reverse", slices.Reverse[[]byte]),
		{"sub", rt.strSub}, rt.onBytes("upper", flipCase('a', 'z')),
	})
	t.RawSetString("gfind", t.RawGetString("gmatch")) // its old name
	meta := rt.main.CreateTable(0, 1)
	meta.RawSetString("__index", t)
	rt.main.SetMetatable(lua.LString(""), meta)
}

// chargeText charges for a string of n bytes that is about to be made, and counts the work: a step for
// 16 bytes.
func (rt *Runtime) chargeText(L *lua.LState, n int) {
	if n > maxString {
		raise(L, 1, "resulting string too large")
	}
	rt.charge(allocated(int64(n)) + sizeString)
	if n >= 1024 {
		rt.steps(n / 16)
	}
}

// span converts Lua's i and j to slice bounds of n bytes. They count from 1, or from the end if negative.
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
	return give(L, lua.LNumber(len(args{L, "len"}.str(1))))
}

func (rt *Runtime) strSub(L *lua.LState) int {
	a := args{L, "sub"}
	s := a.str(1)
	from, to := span(len(s), a.int(2), a.optInt(3, -1))
	return give(L, rt.piece(s, from, to))
}

// oneByte holds all strings of one byte, which scripts that walk over text use all the time.
var oneByte = func() (all [256]lua.LValue) {
	for i := range all {
		all[i] = lua.LString([]byte{byte(i)})
	}
	return all
}()

// sharedString is the length up to which a string shares its bytes with every piece of it.
const sharedString = 64

// piece returns s[from:to] as a value. It copies a short piece of a long string, so that keeping the
// piece does not keep the whole; other pieces share the bytes of s.
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
	return give(L, lua.LString(string(b)))
}

// onBytes returns a library function that changes the bytes of its argument in place.
func (rt *Runtime) onBytes(name string, change func([]byte)) libFunc {
	return libFunc{name, func(L *lua.LState) int {
		s := args{L, name}.str(1)
		rt.chargeText(L, len(s))
		b := []byte(s)
		change(b)
		return give(L, lua.LString(string(b)))
	}}
}

// flipCase returns a function that changes the case of the letters from first to last.
func flipCase(first, last byte) func([]byte) {
	return func(b []byte) {
		for i, c := range b {
			if first <= c && c <= last {
				b[i] ^= 0x20
			}
		}
	}
}

// strRep repeats a string. It raises before the length can overflow.
func (rt *Runtime) strRep(L *lua.LState) int {
	a := args{L, "rep"}
	s, n := a.str(1), a.int(2)
	if n <= 0 || s == "" {
		return give(L, lua.LString(""))
	}
	if n > maxString/len(s) {
		// A memory limit, if there is one, is reported first.
		rt.charge(int64(min(n, math.MaxInt/2/len(s)) * len(s)))
		raise(L, 1, "resulting string too large")
	}
	rt.chargeText(L, n*len(s))
	return give(L, lua.LString(strings.Repeat(s, n)))
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
	if whole {
		n = max(n, 1)
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

// find implements string.find, and string.match if find is not set.
func (rt *Runtime) find(L *lua.LState, fn string, find bool) int {
	a := args{L, fn}
	s, p := a.str(1), a.str(2)
	init := startOf(a.optInt(3, 1), len(s))
	if find && (L.ToBool(4) || !pattern.HasSpecials(p)) {
		rt.steps((len(s) - init) / 16)
		i := strings.Index(s[init:], p)
		if i < 0 {
			return give(L, lua.LNil)
		}
		return give(L, lua.LNumber(init+i+1), lua.LNumber(init+i+len(p)))
	}
	m := pattern.New(s, p, &patternHost{rt, L})
	if !m.Find(init) {
		return give(L, lua.LNil)
	}
	if !find {
		return rt.pushCaptures(L, &m, true)
	}
	start, end := m.Span()
	return give(L, lua.LNumber(start+1), lua.LNumber(end)) + rt.pushCaptures(L, &m, false)
}

// startOf returns the index of position init in a text of n bytes, which counts from 1, or from the end.
func startOf(init, n int) int {
	if init < 0 {
		init += n + 1
	}
	return min(max(init-1, 0), n)
}

// strGmatch returns an iterator over matches. As in lua5.1, a '^' at the start of the pattern is not an
// anchor but stands for itself.
func (rt *Runtime) strGmatch(L *lua.LState) int {
	a := args{L, "gmatch"}
	s, p := a.str(1), a.str(2)
	m := pattern.NewUnanchored(s, p, nil)
	rt.charge(matcherSize + sizeUser + sizeClosure)
	next := 0
	return give(L, L.NewClosure(func(L *lua.LState) int {
		m.Host = &patternHost{rt, L}
		if !m.Find(next) {
			next = len(s) + 1
			return 0
		}
		start, end := m.Span()
		if next = end; end == start {
			next++
		}
		return rt.pushCaptures(L, &m, true)
	}, lua.LString(s), lua.LString(p), &lua.LUserData{Value: sized(matcherSize), Metatable: lua.LNil}))
}

// A sized value stands for Go memory of that many bytes in an upvalue.
type sized int64

// Size implements Sized.
func (n sized) Size() int64 { return int64(n) }

// matcherSize is the size of a matcher and of the variables of the closure around it.
const matcherSize = int64(unsafe.Sizeof(pattern.Matcher{})) + 64

// strGsub replaces matches by a template, by fields of a table or by results of a function.
func (rt *Runtime) strGsub(L *lua.LState) int {
	a := args{L, "gsub"}
	s, p := a.str(1), a.str(2)
	repl := L.Get(3)
	template, isText := textOf(repl)
	if t := repl.Type(); !isText && t != lua.LTFunction && t != lua.LTTable {
		a.fail(3, "string/function/table expected")
	}
	most := a.optInt(4, len(s)+1)
	m := pattern.New(s, p, &patternHost{rt, L})
	b := &charged{rt: rt, L: L}
	n, at := 0, 0
	for done := false; n < most && !done; done = done || m.Anchored() {
		end := -1
		if m.MatchAt(at) {
			_, end = m.Span()
			n++
			rt.appendReplacement(b, &m, repl, template)
		}
		switch {
		case end > at:
			at = end
		case at < len(s):
			b.addByte(s[at])
			at++
		default:
			done = true
		}
	}
	m.Flush()
	if n == 0 {
		return give(L, lua.LString(s), lua.LNumber(0))
	}
	if at < len(s) {
		b.add(s[at:])
	}
	return give(L, lua.LString(b.String()), lua.LNumber(n))
}

// appendReplacement appends what gsub puts in the place of the last match.
func (rt *Runtime) appendReplacement(b *charged, m *pattern.Matcher, repl lua.LValue, text string) {
	L := b.L
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LFunction:
		L.Push(r)
		L.Call(rt.pushCaptures(L, m, true), 1)
		v = pop(L)
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

// A charged buffer builds a string and charges for its memory before it allocates it.
type charged struct {
	rt  *Runtime
	L   *lua.LState
	buf []byte
}

// grow extends the capacity by n bytes if they do not fit.
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

// String returns what was added. The buffer becomes the string unless much of it is unused.
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

// strFormat formats its arguments as C does. A u64 is an integer of 64 bits.
func (rt *Runtime) strFormat(L *lua.LState) int {
	a := args{L, "format"}
	f := a.str(1)
	b := &charged{rt: rt, L: L}
	var scratch [128]byte
	arg := 1
	for f != "" {
		text, rest, found := strings.Cut(f, "%")
		if text != "" {
			b.add(text)
		}
		if f = rest; !found {
			break
		}
		if strings.HasPrefix(f, "%") {
			b.addByte('%')
			f = f[1:]
			continue
		}
		spec, n, wrong := number.ParseSpec(f)
		if wrong != "" {
			raise(L, 1, wrong)
		}
		f = f[n:]
		arg++
		b.addFormatted(a, arg, spec, scratch[:0])
	}
	return give(L, lua.LString(b.String()))
}

// addFormatted appends argument n as spec says. piece is empty and provides room to format it in.
func (b *charged) addFormatted(a args, n int, spec number.Spec, piece []byte) {
	switch spec.Verb {
	case 'c':
		spec.Precision = -1
		piece = spec.AppendText(piece, string([]byte{byte(a.int(n))}))
	case 'd', 'i':
		v, negative := a.integer(n)
		piece = spec.AppendInteger(piece, v, negative)
	case 'u', 'o', 'x', 'X':
		v, negative := a.integer(n)
		if negative {
			v = -v
		}
		piece = spec.AppendInteger(piece, v, false)
	case 'e', 'E', 'f', 'g', 'G':
		x := a.number(n)
		if x.Exact {
			x.Float = float64(x.Wide)
		}
		piece = spec.AppendFloat(piece, x.Float)
	case 'q':
		s := a.str(n)
		b.grow(4*len(s) + 2)
		b.buf = appendQuoted(b.buf, s)
		return
	case 's':
		s := b.rt.formatString(a, n)
		if spec.Precision < 0 && (spec.Width == 0 || len(s) >= 100) {
			b.add(s)
			return
		}
		piece = spec.AppendText(piece, s)
	default:
		raise(a.L, 1, "invalid option '%"+string(rune(spec.Verb))+"' to 'format'")
	}
	b.grow(len(piece))
	b.buf = append(b.buf, piece...)
}

// formatString returns argument n for %s: a string, a number, or an object with __tostring.
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

// appendQuoted appends s as a Lua literal.
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
