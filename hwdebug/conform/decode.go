// decode.go: a scanner for exactly the lines of a recording.

package conform

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
)

// A decoder takes one line apart. It accepts JSON as encoding/json does (white space, any order of keys, escapes in
// strings), refuses what the format does not have, unknown and repeated keys included, and allocates only when
// storage must grow. encoding/json takes nine times as long without any check; it is the slow twin of the fuzz test.
//
// Each method that reads something returns false once anything was refused; err says what.
type decoder struct {
	meta *Meta
	b    []byte
	i    int
	err  *FormatError
	c    *Case
	step int // from 1; 0: outside of steps
}

// limits on numbers in names: what a driver can hold, so that a replay's tables stay small.
const maxName = 1 << 16

func (d *decoder) start(line []byte) {
	d.b, d.i, d.err, d.c, d.step = line, 0, nil, nil, 0
}

func (d *decoder) refuse(found, mend string) bool {
	if d.err == nil {
		d.err = &FormatError{Col: d.i + 1, Found: found, Mend: mend, Step: d.step}
		if d.c != nil {
			d.err.Case = d.c.ID
		}
	}
	return false
}

// refuseAt is refuse for something that began at byte i.
func (d *decoder) refuseAt(i int, found, mend string) bool {
	d.refuse(found, mend)
	d.err.Col = i + 1
	return false
}

func (d *decoder) ws() {
	for d.i < len(d.b) {
		switch d.b[d.i] {
		case ' ', '\t', '\r', '\n':
			d.i++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (d *decoder) peek() byte {
	d.ws()
	if d.i < len(d.b) {
		return d.b[d.i]
	}
	return 0
}

// want reads the byte c.
func (d *decoder) want(c byte) bool {
	if d.i < len(d.b) && d.b[d.i] == c {
		d.i++
		return true
	}
	if d.peek() == c {
		d.i++
		return true
	}
	return d.unexpected("'" + string(c) + "'")
}

func (d *decoder) unexpected(expected string) bool {
	d.ws()
	if d.i >= len(d.b) {
		return d.refuse("the line ends where "+expected+" was expected", cutShort)
	}
	return d.refuse("found "+strconv.QuoteRune(rune(d.b[d.i]))+" where "+expected+" was expected", "")
}

// more goes on to the next element of an object or array that close ends; n counts the elements.
func (d *decoder) more(n *int, close byte) bool {
	if d.err != nil {
		return false
	}
	c := d.peek()
	if c == close {
		d.i++
		return false
	}
	*n++
	if *n == 1 {
		return true
	}
	if c != ',' {
		return d.unexpected("',' or '" + string(close) + "'")
	}
	d.i++
	return true
}

// end checks that nothing follows.
func (d *decoder) end() bool {
	if d.peek(); d.i < len(d.b) {
		return d.unexpected("the end of the line")
	}
	return true
}

// str reads a string. The bytes are good until the line goes.
func (d *decoder) str() ([]byte, bool) {
	if d.peek() != '"' {
		return nil, d.unexpected("a string")
	}
	b, start := d.b, d.i
	for i := start + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			d.i = i + 1
			return b[start+1 : i], true
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			d.i = i
			return nil, d.refuse("a control character in a string", "")
		}
	}
	d.i = len(b)
	return nil, d.refuse("the line ends in the middle of a string", cutShort)
}

// escaped reads a string with escapes in it, which no recording has.
func (d *decoder) escaped(start int) ([]byte, bool) {
	for i := start + 1; i < len(d.b); i++ {
		switch d.b[i] {
		case '\\':
			i++
		case '"':
			var s string
			if json.Unmarshal(d.b[start:i+1], &s) != nil {
				return nil, d.refuseAt(start, "a string that is not JSON", "")
			}
			d.i = i + 1
			return []byte(s), true
		}
	}
	d.i = len(d.b)
	return nil, d.refuse("the line ends in the middle of a string", cutShort)
}

// key reads a key and its colon.
func (d *decoder) key() ([]byte, bool) {
	k, ok := d.str()
	return k, ok && d.want(':')
}

// num reads a whole number. An end of the line right after it is left to the caller, who wants a bracket.
func (d *decoder) num(what string) (v uint64, negative, ok bool) {
	c := d.peek()
	start := d.i
	if c == '-' {
		negative = true
		d.i++
	}
	first := d.i
	for d.i < len(d.b) && d.b[d.i]-'0' <= 9 {
		digit := uint64(d.b[d.i] - '0')
		if v > math.MaxUint64/10 || v*10 > math.MaxUint64-digit {
			return 0, false, d.refuseAt(start, what+" does not fit into 64 bits", "")
		}
		v = v*10 + digit
		d.i++
	}
	switch {
	case d.i == first:
		return 0, false, d.unexpected("a whole number")
	case d.b[first] == '0' && d.i > first+1:
		return 0, false, d.refuseAt(start, "a number that begins with 0", "")
	case d.i < len(d.b) && (d.b[d.i] == '.' || d.b[d.i]|0x20 == 'e'):
		return 0, false, d.refuseAt(start, what+" is not a whole number", "")
	}
	return v, negative, true
}

func (d *decoder) uint(what string) (uint64, bool) {
	at := d.i
	v, negative, ok := d.num(what)
	if ok && negative {
		return 0, d.refuseAt(at, what+" is below 0", "")
	}
	return v, ok
}

// small reads a number from lo up to hi.
func (d *decoder) small(what string, lo, hi int) (int, bool) {
	d.ws()
	at := d.i
	v, negative, ok := d.num(what)
	if !ok {
		return 0, false
	}
	n := int(min(v, math.MaxInt32))
	if negative {
		n = -n
	}
	if n < lo || n > hi {
		return 0, d.refuseAt(at, fmt.Sprintf("%s %d is out of range", what, n), fmt.Sprintf("it goes from %d to %d", lo, hi))
	}
	return n, true
}

func (d *decoder) literal(word string) bool {
	if len(d.b)-d.i >= len(word) && string(d.b[d.i:d.i+len(word)]) == word {
		d.i += len(word)
		return true
	}
	return false
}

func (d *decoder) boolean() (v, ok bool) {
	d.ws()
	switch {
	case d.literal("true"):
		return true, true
	case d.literal("false"):
		return false, true
	}
	return false, d.unexpected("true or false")
}

// skip reads any JSON value and returns its text.
func (d *decoder) skip() (string, bool) {
	d.ws()
	j := json.NewDecoder(strings.NewReader(string(d.b[d.i:])))
	var raw json.RawMessage
	if err := j.Decode(&raw); err != nil {
		return "", d.refuse("no JSON value", cutShort)
	}
	d.i += int(j.InputOffset())
	return string(raw), true
}

func parseHex(s []byte) (v uint64, ok bool) {
	if len(s) == 0 || len(s) > 16 {
		return 0, false
	}
	for _, c := range s {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c -= 'a' - 10
		case c-'A' <= 5:
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint64(c)
	}
	return v, true
}

func parseDec(s []byte) (v uint64, ok bool) {
	if len(s) == 0 || len(s) > 20 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range s {
		c -= '0'
		if c > 9 || v > math.MaxUint64/10 || v*10 > math.MaxUint64-uint64(c) {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	return v, true
}

// hex reads a register value: a hex string without prefix.
func (d *decoder) hex(what string, limit uint64) (uint64, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	v, ok := parseHex(s)
	if !ok || v > limit {
		return 0, d.refuseAt(at, fmt.Sprintf("%s %q is not a value", what, s), fmt.Sprintf("a hex string without prefix, at most %x", limit))
	}
	return v, true
}

// name reads a handle's or task's name: the prefix and a number.
func (d *decoder) name(prefix byte) (int, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	return d.parseName(s, prefix, at)
}

func (d *decoder) parseName(s []byte, prefix byte, at int) (int, bool) {
	if len(s) >= 2 && s[0] == prefix {
		if v, ok := parseDec(s[1:]); ok && v < maxName {
			return int(v), true
		}
	}
	what := "handle"
	if prefix == 't' {
		what = "task"
	}
	return 0, d.refuseAt(at, fmt.Sprintf("%q is no name of a %s", s, what), fmt.Sprintf("they are called %c0, %c1, ...", prefix, prefix))
}

// word reads a string and returns its place among names.
func (d *decoder) word(what string, names []string) (int, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	for i, name := range names {
		if string(s) == name {
			return i, true
		}
	}
	return 0, d.refuseAt(at, fmt.Sprintf("unknown %s %q", what, s), "known are "+strings.Join(names, " "))
}

func (d *decoder) addr() (a Addr, ok bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return a, false
	}
	switch {
	case len(s) > 5 && s[4] == '+' && string(s[:4]) == "ubuf":
		a.Base = UBuf
		a.N, ok = parseDec(s[5:])
	case len(s) > 5 && s[4] == '+' && string(s[:4]) == "kbuf":
		a.Base = KBuf
		a.N, ok = parseDec(s[5:])
	case len(s) > 6 && s[5] == '+' && string(s[:5]) == "ucode":
		a.Base = UCode
		a.N, ok = parseDec(s[6:])
	case len(s) > 6 && s[5] == '+' && string(s[:5]) == "kcode":
		a.Base = KCode
		a.N, ok = parseDec(s[6:])
	case len(s) > 2 && s[0] == '0' && s[1] == 'x':
		a.N, ok = parseHex(s[2:])
	default:
		ok = false
	}
	if !ok {
		return Addr{}, d.refuseAt(at, fmt.Sprintf("%q is no address", s), "one is ubuf+N, ucode+N, kbuf+N or kcode+N with N decimal, or a hex string such as 0x1000")
	}
	return a, true
}

func (d *decoder) bpType() (hwdebug.BPType, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	switch string(s) {
	case "r":
		return hwdebug.R, true
	case "w":
		return hwdebug.W, true
	case "rw":
		return hwdebug.RW, true
	case "x":
		return hwdebug.X, true
	}
	if v, ok := parseDec(s); ok && v <= math.MaxUint32 {
		return hwdebug.BPType(v), true
	}
	return 0, d.refuseAt(at, fmt.Sprintf("%q is no type", s), "it is r, w, rw, x or a number as a string")
}

func (d *decoder) ret() (Ret, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	switch string(s) {
	case "OK":
		return OK, true
	case "NOHANDLE":
		return NoHandle, true
	case "NOTASK":
		return NoTask, true
	case "BUSYHANDLE":
		return BusyHandle, true
	case "BUSYTASK":
		return BusyTask, true
	}
	for i := range hwdebug.Errnos {
		if hwdebug.Errnos[i].Name == string(s) {
			return Ret(hwdebug.Errnos[i].Number), true
		}
	}
	return 0, d.refuseAt(at, fmt.Sprintf("unknown ret %q", s), "it is OK, the name of an errno, NOHANDLE, NOTASK, BUSYHANDLE or BUSYTASK")
}

func (d *decoder) done() *FormatError {
	if d.err == nil {
		d.end()
	}
	return d.err
}

func (d *decoder) repeated(at int, name string) bool {
	return d.refuseAt(at, fmt.Sprintf("key %q twice", name), "")
}

func (d *decoder) unknown(at int, key []byte, where string, names []string) bool {
	return d.refuseAt(at, fmt.Sprintf("unknown key %q in %s", key, where), "known are "+strings.Join(names, " "))
}

// decodeMeta reads the first line. Keys that it does not know are passed over: they say where a recording comes
// from and cannot change its meaning.
func (d *decoder) decodeMeta(line []byte) *FormatError {
	d.start(line)
	*d.meta = Meta{CPUs: 4}
	if d.want('{') {
		if k, ok := d.key(); ok && string(k) != "meta" {
			d.refuseAt(0, fmt.Sprintf("the first line holds %q", k), `it must be {"meta":{...}}`)
		}
	}
	if d.err == nil && d.want('{') {
		d.metaFields()
	}
	if d.err == nil {
		d.want('}')
	}
	return d.done()
}

func (d *decoder) metaFields() {
	m := d.meta
	count := func(v *int) func([]byte) bool {
		return func(s []byte) bool {
			n, ok := parseDec(s)
			*v = int(n)
			return ok && n >= 1 && n <= 64
		}
	}
	value := func(v *uint64) func([]byte) bool {
		return func(s []byte) (ok bool) {
			*v, ok = parseHex(s)
			return ok
		}
	}
	text := func(v *string) func([]byte) bool {
		return func(s []byte) bool {
			*v = string(s)
			return true
		}
	}
	fields := []struct {
		name string
		must bool
		set  func([]byte) bool
		seen bool
	}{
		{name: "release", must: true, set: text(&m.Release)}, {name: "version", set: text(&m.Version)},
		{name: "qemu", set: text(&m.QEMU)}, {name: "machine", set: text(&m.Machine)},
		{name: "cpus", set: count(&m.CPUs)},
		{name: "brps", must: true, set: count(&m.BRPs)}, {name: "wrps", must: true, set: count(&m.WRPs)},
		{name: "dfr0", set: value(&m.DFR0)},
		{name: "ubuf", must: true, set: value(&m.UBuf)}, {name: "ucode", must: true, set: value(&m.UCode)},
		{name: "kbuf", must: true, set: value(&m.KBuf)}, {name: "kcode", must: true, set: value(&m.KCode)},
	}
next:
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return
		}
		for i := range fields {
			f := &fields[i]
			if string(k) != f.name {
				continue
			}
			if f.seen {
				d.repeated(at, f.name)
				return
			}
			f.seen = true
			d.ws()
			at := d.i
			s, ok := d.str()
			if !ok {
				return
			}
			if !f.set(s) {
				d.refuseAt(at, fmt.Sprintf("%s %q is not a value", f.name, s), "counts are decimal from 1 to 64, addresses and dfr0 hex strings without prefix")
				return
			}
			continue next
		}
		if _, ok := d.skip(); !ok {
			return
		}
	}
	for i := range fields {
		if d.err == nil && fields[i].must && !fields[i].seen {
			d.refuse(fmt.Sprintf("meta has no %q", fields[i].name), "")
		}
	}
	if d.err == nil && (m.BRPs > 16 || m.WRPs > 16) {
		d.refuse("meta has more than 16 registers of a kind", "the architecture has at most 16")
	}
}

var caseNames = []string{"id", "cpus", "steps", "residue", "violation"}

// decodeCase reads one case into c.
func (d *decoder) decodeCase(line []byte, c *Case) *FormatError {
	d.start(line)
	d.c = c
	*c = Case{Line: c.Line, Steps: c.Steps[:0], KDE: c.KDE[:0], words: c.words[:0], hits: c.hits[:0], pairs: c.pairs[:0]}
	if !d.want('{') {
		return d.err
	}
	var seen [5]bool
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			break
		}
		i := slices.Index(caseNames, string(k))
		if i < 0 {
			d.unknown(at, k, "a case", caseNames)
			break
		}
		if seen[i] {
			d.repeated(at, caseNames[i])
			break
		}
		seen[i] = true
		switch i {
		case 0:
			d.ws()
			at := d.i
			if s, ok := d.str(); ok {
				if c.ID = string(s); c.ID == "" {
					d.refuseAt(at, "an empty id", "it is a family, a slash and a name")
				}
			}
		case 1:
			d.ws()
			at := d.i
			if c.CPUs, ok = d.small("cpus", 1, 64); ok && c.CPUs != d.meta.CPUs {
				d.refuseAt(at, fmt.Sprintf("cpus is %d, on a machine of %d", c.CPUs, d.meta.CPUs), "")
			}
		case 2:
			d.steps()
		case 3:
			d.residue()
		case 4:
			c.Violation, _ = d.skip()
		}
	}
	for i, name := range caseNames[:3] {
		if d.err == nil && !seen[i] {
			d.refuse(fmt.Sprintf("the case has no %q", name), "")
		}
	}
	return d.done()
}

func (d *decoder) residue() {
	if !d.want('{') {
		return
	}
	seen := false
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return
		}
		if string(k) != "kde" {
			d.unknown(at, k, "residue", []string{"kde"})
			return
		}
		if seen {
			d.repeated(at, "kde")
			return
		}
		seen = true
		if !d.want('[') {
			return
		}
		for n := 0; d.more(&n, ']'); {
			at := d.i
			cpu, ok := d.small("CPU", 0, d.meta.CPUs-1)
			if !ok {
				return
			}
			if slices.Contains(d.c.KDE, cpu) {
				d.refuseAt(at, fmt.Sprintf("CPU %d twice", cpu), "")
				return
			}
			d.c.KDE = append(d.c.KDE, cpu)
		}
		slices.Sort(d.c.KDE)
	}
	if d.err == nil && !seen {
		d.refuse(`residue has no "kde"`, "")
	}
}

func (d *decoder) steps() {
	if !d.want('[') {
		return
	}
	c := d.c
	for n := 0; d.more(&n, ']'); {
		d.step = n
		if len(c.Steps) < cap(c.Steps) {
			c.Steps = c.Steps[:n]
		} else {
			c.Steps = append(c.Steps, Step{})
		}
		s := &c.Steps[n-1]
		*s = Step{Op: numOps, T: -1, Task: -1}
		d.oneStep(s)
	}
	d.step = 0
}

// fieldOf returns the place of a step's key among fieldNames, or -1.
func fieldOf(k []byte) int {
	switch string(k) {
	case "op":
		return 0
	case "h":
		return 1
	case "t":
		return 2
	case "from":
		return 3
	case "task":
		return 4
	case "cpu":
		return 5
	case "type":
		return 6
	case "addr":
		return 7
	case "len":
		return 8
	case "disabled":
		return 9
	case "pinned":
		return 10
	case "inherit":
		return 11
	case "exclude_user":
		return 12
	case "exclude_kernel":
		return 13
	case "exclude_hv":
		return 14
	case "custom":
		return 15
	case "kind":
		return 16
	case "size":
		return 17
	case "which":
		return 18
	case "idx":
		return 19
	case "ctrl":
		return 20
	case "ret":
		return 21
	case "obs":
		return 22
	case "mark":
		return 23
	}
	return -1
}

var opNames = func() []string {
	names := make([]string, numOps)
	for i := range names {
		names[i] = opRules[i].name
	}
	return names
}()

func (d *decoder) oneStep(s *Step) {
	if !d.want('{') {
		return
	}
	begin := d.i
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return
		}
		i := fieldOf(k)
		if i < 0 {
			d.unknown(at, k, "a step", fieldNames[:])
			return
		}
		f := fieldSet(1) << i
		if s.fields&f != 0 {
			d.repeated(at, fieldNames[i])
			return
		}
		s.fields |= f
		if !d.field(s, f) {
			return
		}
	}
	if d.err == nil {
		d.checkStep(s, begin)
	}
}

func (d *decoder) field(s *Step, f fieldSet) (ok bool) {
	switch f {
	case fOp:
		var i int
		if i, ok = d.word("op", opNames); ok {
			s.Op = Op(i)
		}
	case fH:
		s.H, ok = d.name('h')
	case fT:
		s.T, ok = d.name('t')
	case fFrom:
		s.From, ok = d.name('t')
	case fTask:
		if d.peek() == 'n' {
			if ok = d.literal("null"); !ok {
				d.unexpected("null or the name of a task")
			}
			return ok
		}
		s.Task, ok = d.name('t')
	case fCPU:
		s.CPU, ok = d.small("cpu", math.MinInt32+1, math.MaxInt32)
	case fType:
		s.Attr.Type, ok = d.bpType()
	case fAddr:
		s.Addr, ok = d.addr()
	case fLen:
		s.Attr.Len, ok = d.uint("len")
	case fDisabled:
		s.Attr.Disabled, ok = d.boolean()
	case fPinned:
		s.Attr.Pinned, ok = d.boolean()
	case fInherit:
		s.Attr.Inherit, ok = d.boolean()
	case fExcludeUser:
		s.Attr.ExcludeUser, ok = d.boolean()
	case fExcludeKernel:
		s.Attr.ExcludeKernel, ok = d.boolean()
	case fExcludeHV:
		s.Attr.ExcludeHV, ok = d.boolean()
	case fCustom:
		s.Custom, ok = d.boolean()
	case fKind:
		var i int
		i, ok = d.word("kind", kindNames)
		s.Kind = hwdebug.Kind(i)
	case fSize:
		d.ws()
		at := d.i
		if s.Size, ok = d.small("size", 1, 8); ok && bits.OnesCount(uint(s.Size)) != 1 {
			ok = d.refuseAt(at, fmt.Sprintf("size %d", s.Size), "it is 1, 2, 4 or 8")
		}
	case fWhich:
		var i int
		i, ok = d.word("set", whichNames)
		s.Which = hwdebug.PtraceSet(i)
	case fIdx:
		s.Idx, ok = d.small("idx", 0, 255)
	case fCtrl:
		s.Ctrl, ok = d.ctrl()
	case fRet:
		s.Ret, ok = d.ret()
	case fObs:
		ok = d.observed(s)
	case fMark:
		ok = d.marks(s)
	}
	return ok
}

var (
	kindNames  = []string{hwdebug.Load: "r", hwdebug.Store: "w", hwdebug.Exec: "x"}
	whichNames = []string{hwdebug.HwBreak: "break", hwdebug.HwWatch: "watch"}
)

func (d *decoder) ctrl() (uint32, bool) {
	d.ws()
	at := d.i
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	if len(s) > 2 && s[0] == '0' && s[1] == 'x' {
		if v, ok := parseHex(s[2:]); ok && v <= math.MaxUint32 {
			return uint32(v), true
		}
	}
	return 0, d.refuseAt(at, fmt.Sprintf("%q is no control word", s), "it is a hex string of 32 bits such as 0x1f5")
}

func (d *decoder) marks(s *Step) bool {
	if !d.want('[') {
		return false
	}
	for n := 0; d.more(&n, ']'); {
		i, ok := d.word("mark", markNames[:])
		if !ok {
			return false
		}
		s.Mark |= 1 << i
	}
	return d.err == nil
}

// checkStep holds a step against the rule of its op. begin is where it began.
func (d *decoder) checkStep(s *Step, begin int) {
	if s.fields&fOp == 0 {
		d.refuseAt(begin, `the step has no "op"`, "")
		return
	}
	r := &opRules[s.Op]
	var must, may obsSet
	keys := fOp | fRet | r.must
	if s.Ret == OK && r.obsMust != 0 {
		keys |= fObs
		must, may = r.obsMust, r.obsMust|r.obsMay
	}
	if missing := keys &^ s.fields; missing != 0 {
		d.refuseAt(begin, fmt.Sprintf("%s without %q", r.name, fieldNames[bits.TrailingZeros32(uint32(missing))]), "")
		return
	}
	if extra := s.fields &^ (keys | r.may | fMark); extra != 0 {
		d.refuseAt(begin, fmt.Sprintf("%s that returned %s has no %q", r.name, s.Ret, fieldNames[bits.TrailingZeros32(uint32(extra))]), "")
		return
	}
	if missing := must &^ s.obs; missing != 0 {
		d.refuseAt(begin, fmt.Sprintf("obs of %s without %q", r.name, obsNames[bits.TrailingZeros16(uint16(missing))]), "")
		return
	}
	if extra := s.obs &^ may; extra != 0 {
		d.refuseAt(begin, fmt.Sprintf("obs of %s has no %q", r.name, obsNames[bits.TrailingZeros16(uint16(extra))]), "")
		return
	}
	if r.userOrCPU && (s.fields&fT != 0) == (s.fields&fCPU != 0) {
		d.refuseAt(begin, r.name+" wants either a task or a cpu", "")
		return
	}
	if r.whichCPU && s.fields&fCPU != 0 && (s.CPU < 0 || s.CPU >= d.meta.CPUs) {
		d.refuseAt(begin, fmt.Sprintf("%s on cpu %d", r.name, s.CPU), fmt.Sprintf("the machine has CPUs 0 to %d", d.meta.CPUs-1))
		return
	}
	if s.Op == OpKUser && s.Task < 0 {
		d.refuseAt(begin, "kuser without a task", "it is for a task's events")
		return
	}
	if r.readOrWriteKinds && s.Kind == hwdebug.Exec {
		d.refuseAt(begin, r.name+" of kind x", "it is r or w")
	}
}

// obsOf returns the place of an observation's key among obsNames, or -1.
func obsOf(k []byte) int {
	switch string(k) {
	case "hits":
		return 0
	case "err":
		return 1
	case "trap":
		return 2
	case "count":
		return 3
	case "cpu":
		return 4
	case "bvr":
		return 5
	case "bcr":
		return 6
	case "wvr":
		return 7
	case "wcr":
		return 8
	case "mdscr":
		return 9
	case "info":
		return 10
	case "regs":
		return 11
	}
	return -1
}

func (d *decoder) observed(s *Step) bool {
	if !d.want('{') {
		return false
	}
	o := &s.Obs
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return false
		}
		i := obsOf(k)
		if i < 0 {
			return d.unknown(at, k, "obs", obsNames[:])
		}
		f := obsSet(1) << i
		if s.obs&f != 0 {
			return d.repeated(at, obsNames[i])
		}
		s.obs |= f
		switch f {
		case oHits:
			ok = d.hits(o)
		case oErr:
			ok = d.errs(o)
		case oTrap:
			ok = d.trap(o)
		case oCount:
			if d.peek() == '"' {
				_, ok = d.word("count", []string{"error"})
				o.Failed = true
			} else {
				o.Count, ok = d.uint("count")
			}
		case oCPU:
			o.Regs.CPU, ok = d.small("cpu", 0, d.meta.CPUs-1)
		case oBVR:
			o.Regs.BVR, ok = d.bank("bvr", d.meta.BRPs)
		case oBCR:
			o.Regs.BCR, ok = d.bank("bcr", d.meta.BRPs)
		case oWVR:
			o.Regs.WVR, ok = d.bank("wvr", d.meta.WRPs)
		case oWCR:
			o.Regs.WCR, ok = d.bank("wcr", d.meta.WRPs)
		case oMDSCR:
			o.Regs.MDSCR, ok = d.hex("mdscr", math.MaxUint64)
		case oInfo:
			var v uint64
			v, ok = d.hex("info", math.MaxUint32)
			o.Info = uint32(v)
		case oRegs:
			ok = d.regset(o)
		}
		if !ok {
			return false
		}
	}
	if d.err == nil && s.obs&(oInfo|oRegs) == oInfo|oRegs && len(o.Pairs) != int(o.Info&0xff) {
		return d.refuse(fmt.Sprintf("%d pairs of registers, but info %x says %d", len(o.Pairs), o.Info, o.Info&0xff), "")
	}
	return d.err == nil
}

// hits reads the growth of the handles, and sorts it by handle.
func (d *decoder) hits(o *Obs) bool {
	if !d.want('{') {
		return false
	}
	c := d.c
	from := len(c.hits)
	for n := 0; d.more(&n, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return false
		}
		h, ok := d.parseName(k, 'h', at)
		if !ok {
			return false
		}
		v, ok := d.uint("the growth of a count")
		if !ok {
			return false
		}
		if v == 0 {
			return d.refuseAt(at, fmt.Sprintf("h%d did not grow", h), "such handles are left out")
		}
		i := len(c.hits)
		for i > from && c.hits[i-1].H > h {
			i--
		}
		if i > from && c.hits[i-1].H == h {
			return d.repeated(at, "h"+strconv.Itoa(h))
		}
		c.hits = slices.Insert(c.hits, i, Hit{h, v})
	}
	if len(c.hits) > from {
		o.Hits = c.hits[from:len(c.hits):len(c.hits)]
	}
	return d.err == nil
}

func (d *decoder) errs(o *Obs) bool {
	if !d.want('[') {
		return false
	}
	for n := 0; d.more(&n, ']'); {
		d.ws()
		at := d.i
		h, ok := d.name('h')
		if !ok {
			return false
		}
		if slices.Contains(o.Err, h) {
			return d.repeated(at, "h"+strconv.Itoa(h))
		}
		o.Err = append(o.Err, h)
	}
	slices.Sort(o.Err)
	return d.err == nil
}

func (d *decoder) trap(o *Obs) bool {
	if !d.want('{') {
		return false
	}
	var n, addr bool
	for i := 0; d.more(&i, '}'); {
		d.ws()
		at := d.i
		k, ok := d.key()
		if !ok {
			return false
		}
		switch {
		case string(k) == "n" && !n:
			n = true
			o.Trap.N, ok = d.small("the number of traps", 1, math.MaxInt32)
		case string(k) == "addr" && !addr:
			addr = true
			o.Trap.Addr, ok = d.hex("addr", math.MaxUint64)
		case string(k) == "n" || string(k) == "addr":
			return d.repeated(at, string(k))
		default:
			return d.unknown(at, k, "trap", []string{"n", "addr"})
		}
		if !ok {
			return false
		}
	}
	if d.err == nil && !(n && addr) {
		return d.refuse(`trap wants "n" and "addr"`, "")
	}
	return d.err == nil
}

// bank reads the values of one bank of registers, of which there must be n.
func (d *decoder) bank(what string, n int) ([]uint64, bool) {
	d.ws()
	at := d.i
	if !d.want('[') {
		return nil, false
	}
	c := d.c
	from := len(c.words)
	for i := 0; d.more(&i, ']'); {
		// The common value takes the short way.
		if d.i+2 < len(d.b) && d.b[d.i] == '"' && d.b[d.i+1] == '0' && d.b[d.i+2] == '"' {
			d.i += 3
			c.words = append(c.words, 0)
			continue
		}
		v, ok := d.hex(what, math.MaxUint64)
		if !ok {
			return nil, false
		}
		c.words = append(c.words, v)
	}
	if d.err != nil {
		return nil, false
	}
	bank := c.words[from:len(c.words):len(c.words)]
	if len(bank) != n {
		return nil, d.refuseAt(at, fmt.Sprintf("%s has %d values, on a machine of %d registers", what, len(bank), n), "")
	}
	return bank, true
}

func (d *decoder) regset(o *Obs) bool {
	if !d.want('[') {
		return false
	}
	c := d.c
	from := len(c.pairs)
	for n := 0; d.more(&n, ']'); {
		var p hwdebug.PtraceReg
		if !d.want('[') {
			return false
		}
		var ok bool
		if p.Addr, ok = d.hex("addr", math.MaxUint64); !ok || !d.want(',') {
			return false
		}
		v, ok := d.hex("ctrl", math.MaxUint32)
		if !ok || !d.want(']') {
			return false
		}
		p.Ctrl = uint32(v)
		c.pairs = append(c.pairs, p)
	}
	if len(c.pairs) > from {
		o.Pairs = c.pairs[from:len(c.pairs):len(c.pairs)]
	}
	return d.err == nil
}
