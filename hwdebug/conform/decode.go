// The lines of a recording: the meta line and cases.

package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A decoder reads the lines of a recording and checks them against the format. It allocates only
// when storage must grow. encoding/json takes 16 times as long without any check; it is the slow
// twin of the fuzz test.
type decoder struct {
	scanner
	meta *Meta
	c    *Case
	step int // from 1; 0: outside of steps
}

// finish returns the failure of the line, with its place in the case, or nil.
func (d *decoder) finish() *FormatError {
	d.end()
	if d.err != nil && d.c != nil {
		d.err.Case, d.err.Step = d.c.ID, d.step
	}
	return d.err
}

// keys are the keys of one kind of object in a recording, with the way to read the value of each.
type keys[T any] struct {
	*words
	read []func(*decoder, *T)
}

// A key is one of them. Its number, by which sets of keys are made, is its place in the list.
type key[T any] struct {
	name string
	read func(*decoder, *T)
}

func keysOf[T any](all []key[T]) *keys[T] {
	k := &keys[T]{}
	var names []string
	for _, key := range all {
		names = append(names, key.name)
		k.read = append(k.read, key.read)
	}
	k.words = wordsOf(names...)
	return k
}

// object reads an object into v and returns the set of the keys found as bits. It fails for a
// repeated key and for an unknown one; with an empty where, it skips unknown keys.
func object[T any](d *decoder, where string, k *keys[T], v *T) (seen uint64) {
	d.want('{')
	for n := 0; d.more(&n, '}'); {
		name, at := d.text()
		d.want(':')
		i, ok := k.find(name)
		switch {
		case d.err != nil:
		case !ok && where == "":
			d.skip()
		case !ok:
			d.fail(at, fmt.Sprintf("unknown key %q in %s", name, where), k.fix())
		case seen>>i&1 != 0:
			d.repeated(at, k.names[i])
		default:
			seen |= 1 << i
			k.read[i](d, v)
		}
	}
	return seen
}

// require fails for the first of keys that is in must but was not seen.
func (d *decoder) require(what string, keys *words, must, seen uint64) {
	if missing := must &^ seen; missing != 0 {
		d.fail(d.i, fmt.Sprintf("%s has no %q", what, keys.names[bits.TrailingZeros64(missing)]), "")
	}
}

var metaKeys = keysOf([]key[Meta]{
	{"release", func(d *decoder, m *Meta) { m.Release = d.string() }},
	{"version", func(d *decoder, m *Meta) { m.Version = d.string() }},
	{"qemu", func(d *decoder, m *Meta) { m.QEMU = d.string() }},
	{"machine", func(d *decoder, m *Meta) { m.Machine = d.string() }},
	{"cpus", func(d *decoder, m *Meta) { m.CPUs = d.count("cpus", hwdebug.MaxCPUs) }},
	{"brps", func(d *decoder, m *Meta) { m.BRPs = d.count("brps", arm64.MaxRegs) }},
	{"wrps", func(d *decoder, m *Meta) { m.WRPs = d.count("wrps", arm64.MaxRegs) }},
	{"dfr0", func(d *decoder, m *Meta) { m.DFR0 = d.hex("dfr0", math.MaxUint64) }},
	{"ubuf", func(d *decoder, m *Meta) { m.UBuf = d.hex("ubuf", math.MaxUint64) }},
	{"ucode", func(d *decoder, m *Meta) { m.UCode = d.hex("ucode", math.MaxUint64) }},
	{"kbuf", func(d *decoder, m *Meta) { m.KBuf = d.hex("kbuf", math.MaxUint64) }},
	{"kcode", func(d *decoder, m *Meta) { m.KCode = d.hex("kcode", math.MaxUint64) }},
})

// decodeMeta reads the first line. It skips keys that it does not know: they say where a recording
// comes from and cannot change its meaning.
func (d *decoder) decodeMeta(line []byte) *FormatError {
	d.scanner, d.c, d.step = scanner{b: line}, nil, 0
	*d.meta = Meta{CPUs: 4}
	d.want('{')
	if key, _ := d.text(); d.err == nil && string(key) != "meta" {
		d.fail(0, fmt.Sprintf("the first line holds %q", key), `it must be {"meta":{...}}`)
	}
	d.want(':')
	seen := object(d, "", metaKeys, d.meta)
	// version, qemu, machine, cpus and dfr0 are optional
	d.require("meta", metaKeys.words, 0b1111_0110_0001, seen)
	d.want('}')
	return d.finish()
}

// count reads a number of things, which the first line holds as a string.
func (d *decoder) count(what string, limit uint64) int {
	s, at := d.text()
	n, ok := parseDec(s)
	if !ok || n == 0 || n > limit {
		d.fail(at, fmt.Sprintf("invalid %s %q", what, s),
			fmt.Sprintf("want a number from 1 to %d in decimal", limit))
	}
	return int(n)
}

var caseKeys = keysOf([]key[Case]{
	{"id", (*decoder).id},
	{"cpus", (*decoder).cpus},
	{"steps", (*decoder).steps},
	{"residue", (*decoder).residue},
	{"violation", func(d *decoder, c *Case) { c.Violation = d.skip() }},
})

// decodeCase reads one case into c.
func (d *decoder) decodeCase(line []byte, c *Case) *FormatError {
	d.scanner, d.c, d.step = scanner{b: line}, c, 0
	*c = Case{Line: c.Line, Steps: c.Steps[:0], KDE: c.KDE[:0], words: c.words[:0], hits: c.hits[:0],
		pairs: c.pairs[:0], writes: c.writes[:0]}
	seen := object(d, "a case", caseKeys, c)
	d.require("the case", caseKeys.words, 0b111, seen)
	err := d.finish()
	if err != nil && violated(line, c) {
		return nil
	}
	return err
}

// violated reports whether the line is a case that left the recorded machine unusable, and keeps no more than
// its name: its steps need not have results, and it is not replayed.
func violated(line []byte, c *Case) bool {
	var v struct {
		ID        string
		Violation json.RawMessage
		Steps     []json.RawMessage
	}
	if !bytes.Contains(line, []byte(`"violation"`)) || json.Unmarshal(line, &v) != nil ||
		v.ID == "" || len(v.Violation) == 0 {
		return false
	}
	c.ID, c.Violation = v.ID, string(v.Violation)
	c.Steps = append(c.Steps[:0], make([]Step, len(v.Steps))...)
	return true
}

func (d *decoder) id(c *Case) {
	id, at := d.text()
	if c.ID = string(id); c.ID == "" {
		d.fail(at, "an empty id", "it is a family, a slash and a name")
	}
}

func (d *decoder) cpus(c *Case) {
	at := d.next()
	if c.CPUs = d.int("cpus", 1, hwdebug.MaxCPUs); c.CPUs != d.meta.CPUs {
		d.fail(at, fmt.Sprintf("cpus is %d, on a machine of %d", c.CPUs, d.meta.CPUs), "")
	}
}

var residueKeys = keysOf([]key[Case]{{"kde", (*decoder).kde}})

func (d *decoder) residue(c *Case) {
	seen := object(d, "residue", residueKeys, c)
	d.require("residue", residueKeys.words, 1, seen)
}

// kde reads the CPUs whose KDE stayed set and sorts them.
func (d *decoder) kde(c *Case) {
	d.want('[')
	for n := 0; d.more(&n, ']'); {
		at := d.next()
		cpu := d.int("CPU", 0, d.meta.CPUs-1)
		if slices.Contains(c.KDE, cpu) {
			d.fail(at, fmt.Sprintf("CPU %d twice", cpu), "")
		}
		c.KDE = append(c.KDE, cpu)
	}
	slices.Sort(c.KDE)
}

// steps reads the steps of the case.
func (d *decoder) steps(c *Case) {
	d.want('[')
	for d.more(&d.step, ']') {
		begin := d.next() + 1
		c.Steps = append(c.Steps, Step{Op: numOps, T: -1, Task: -1})
		s := &c.Steps[d.step-1]
		s.fields = fieldSet(object(d, "a step", fields, s))
		if d.err == nil {
			if found, fix := s.wrong(d.meta); found != "" {
				d.fail(begin, found, fix)
			}
		}
	}
	if d.err == nil {
		d.step = 0
	}
}

var (
	kinds  = wordsOf("r", "w", "x")           // hwdebug.Load to Exec
	sets   = wordsOf("break", "watch")        // hwdebug.HwBreak and HwWatch
	types  = wordsOf("", "r", "w", "rw", "x") // hwdebug.R to X
	failed = wordsOf("error")

	counted = wordsOf("error", "ok") // of events other than breakpoints
)

// fields are the keys of a step, in the order of the constants from fOp on.
var fields = keysOf([]key[Step]{
	{"op", func(d *decoder, s *Step) { s.Op = Op(d.word("op", ops)) }},
	{"h", func(d *decoder, s *Step) { s.H = d.name('h') }},
	{"t", func(d *decoder, s *Step) { s.T = d.name('t') }},
	{"from", func(d *decoder, s *Step) { s.From = d.name('t') }},
	{"task", func(d *decoder, s *Step) {
		if !d.literal("null") {
			s.Task = d.name('t')
		}
	}},
	{"cpu", func(d *decoder, s *Step) { s.CPU = d.int("cpu", math.MinInt32, math.MaxInt32) }},
	{"type", func(d *decoder, s *Step) { s.Attr.Type = d.bpType() }},
	{"addr", func(d *decoder, s *Step) { s.Addr = d.addr() }},
	{"len", func(d *decoder, s *Step) { s.Attr.Len = d.uint("len") }},
	{"disabled", func(d *decoder, s *Step) { s.Attr.Disabled = d.bool() }},
	{"pinned", func(d *decoder, s *Step) { s.Attr.Pinned = d.bool() }},
	{"inherit", func(d *decoder, s *Step) { s.Attr.Inherit = d.bool() }},
	{"exclude_user", func(d *decoder, s *Step) { s.Attr.ExcludeUser = d.bool() }},
	{"exclude_kernel", func(d *decoder, s *Step) { s.Attr.ExcludeKernel = d.bool() }},
	{"exclude_hv", func(d *decoder, s *Step) { s.Attr.ExcludeHV = d.bool() }},
	{"custom", func(d *decoder, s *Step) { s.Custom = d.bool() }},
	{"kind", func(d *decoder, s *Step) { s.Kind = hwdebug.Kind(d.word("kind", kinds)) }},
	{"size", func(d *decoder, s *Step) { s.Size = d.int("size", 1, 8) }},
	{"which", func(d *decoder, s *Step) { s.Which = hwdebug.PtraceSet(d.word("set", sets)) }},
	{"idx", func(d *decoder, s *Step) { s.Idx = d.int("idx", 0, 255) }},
	{"ctrl", func(d *decoder, s *Step) { s.Ctrl = d.ctrl() }},
	{"ret", func(d *decoder, s *Step) { s.Ret = d.ret() }},
	{"obs", func(d *decoder, s *Step) { s.obs = obsSet(object(d, "obs", observations, &s.Obs)) }},
	{"mark", func(d *decoder, s *Step) {
		d.want('[')
		for n := 0; d.more(&n, ']'); {
			s.Mark |= 1 << d.word("mark", marks)
		}
	}},
	{"period", func(d *decoder, s *Step) { s.Attr.SamplePeriod = d.uint("period") }},
	{"freq", func(d *decoder, s *Step) { s.Attr.Freq = d.bool() }},
	{"enable_on_exec", func(d *decoder, s *Step) { s.Attr.EnableOnExec = d.bool() }},
	{"remove_on_exec", func(d *decoder, s *Step) { s.Attr.RemoveOnExec = d.bool() }},
	{"inherit_thread", func(d *decoder, s *Step) { s.Attr.InheritThread = d.bool() }},
	{"sigtrap", func(d *decoder, s *Step) { s.Attr.Sigtrap = d.bool() }},
	{"read_group", func(d *decoder, s *Step) {
		if d.bool() {
			s.Attr.ReadFormat = hwdebug.ReadGroup | hwdebug.ReadID
		}
	}},
	{"group", func(d *decoder, s *Step) { s.Group, s.InGroup = d.name('h'), true }},
	{"config", func(d *decoder, s *Step) { s.Config = d.uint("config") }},
	{"n", func(d *decoder, s *Step) { s.N = d.uint("n") }},
	{"flag_group", func(d *decoder, s *Step) { s.FlagGroup = d.bool() }},
	{"compat", func(d *decoder, s *Step) { s.Compat = d.boolOrBit() }},
	{"on", func(d *decoder, s *Step) { s.On = d.name('t') }},
	{"num", func(d *decoder, s *Step) { s.Num = d.int("num", math.MinInt32, math.MaxInt32) }},
	{"value", func(d *decoder, s *Step) { s.Ctrl = d.ctrl() }},
	{"w", (*decoder).writes},
})

// observations are the keys of what was observed, in the order of the constants from oHits on.
var observations = keysOf([]key[Obs]{
	{"hits", func(d *decoder, o *Obs) { o.Hits = d.growths() }},
	{"err", func(d *decoder, o *Obs) { o.Err = d.handleSet() }},
	{"trap", func(d *decoder, o *Obs) {
		seen := object(d, "trap", trapKeys, &o.Trap)
		d.require("trap", trapKeys.words, 0b11, seen)
	}},
	{"count", func(d *decoder, o *Obs) {
		if d.peek() == '"' {
			o.Uncounted = d.word("count", counted) == 1
			o.Failed = !o.Uncounted
		} else {
			o.Count = d.uint("count")
		}
	}},
	{"cpu", func(d *decoder, o *Obs) { o.Regs.CPU = d.int("cpu", 0, d.meta.CPUs-1) }},
	{"bvr", func(d *decoder, o *Obs) { o.Regs.BVR = d.bank("bvr", d.meta.BRPs) }},
	{"bcr", func(d *decoder, o *Obs) { o.Regs.BCR = d.bank("bcr", d.meta.BRPs) }},
	{"wvr", func(d *decoder, o *Obs) { o.Regs.WVR = d.bank("wvr", d.meta.WRPs) }},
	{"wcr", func(d *decoder, o *Obs) { o.Regs.WCR = d.bank("wcr", d.meta.WRPs) }},
	{"mdscr", func(d *decoder, o *Obs) { o.Regs.MDSCR = d.hex("mdscr", math.MaxUint64) }},
	{"info", func(d *decoder, o *Obs) { o.Info = uint32(d.hex("info", math.MaxUint32)) }},
	{"regs", func(d *decoder, o *Obs) { o.Pairs = d.regset() }},
	{"samples", func(d *decoder, o *Obs) { o.Samples = d.growths() }},
	{"throttled", func(d *decoder, o *Obs) { o.Throttled = d.handleSet() }},
	{"sigtrap", func(d *decoder, o *Obs) {
		seen := object(d, "sigtrap", sigtrapKeys, &o.Trap.Handled)
		d.require("sigtrap", sigtrapKeys.words, 0b111, seen)
	}},
	{"group", (*decoder).group},
	{"value", func(d *decoder, o *Obs) { o.Value = uint32(d.hex("value", math.MaxUint32)) }},
})

var trapKeys = keysOf([]key[hwdebug.Trap]{
	{"n", func(d *decoder, t *hwdebug.Trap) { t.N = d.int("the number of traps", 1, math.MaxInt32) }},
	{"addr", func(d *decoder, t *hwdebug.Trap) { t.Addr = d.hex("addr", math.MaxUint64) }},
	{"errno", func(d *decoder, t *hwdebug.Trap) { t.Errno = d.int("errno", math.MinInt32, math.MaxInt32) }},
})

var sigtrapKeys = keysOf([]key[hwdebug.Handled]{
	{"n", func(d *decoder, s *hwdebug.Handled) { s.N = d.int("the number of signals", 1, math.MaxInt32) }},
	{"code", func(d *decoder, s *hwdebug.Handled) { s.Code = d.int("code", math.MinInt32, math.MaxInt32) }},
	{"addr", func(d *decoder, s *hwdebug.Handled) { s.Addr = d.hex("addr", math.MaxUint64) }},
})

// wrong returns what violates the rule of the step's op and how to fix it, or "".
func (s *Step) wrong(meta *Meta) (found, fix string) {
	if s.fields&fOp == 0 {
		return `the step has no "op"`, ""
	}
	r := &opRules[s.Op]
	keys := fOp | fRet | r.must
	var must, may obsSet
	if s.Ret == OK && r.obsMust != 0 {
		keys |= fObs
		must, may = r.obsMust, r.obsMust|r.obsMay
	}
	field := func(set fieldSet) string { return fields.names[bits.TrailingZeros64(uint64(set))] }
	obs := func(set obsSet) string { return observations.names[bits.TrailingZeros32(uint32(set))] }
	if missing := keys &^ s.fields; missing != 0 {
		return fmt.Sprintf("%s without %q", r.name, field(missing)), ""
	}
	if extra := s.fields &^ (keys | r.may | fMark | fW); extra != 0 {
		return fmt.Sprintf("%s that returned %s has no %q", r.name, s.Ret, field(extra)), ""
	}
	if missing := must &^ s.obs; missing != 0 {
		return fmt.Sprintf("obs of %s without %q", r.name, obs(missing)), ""
	}
	if extra := s.obs &^ may; extra != 0 {
		return fmt.Sprintf("obs of %s has no %q", r.name, obs(extra)), ""
	}
	switch o := &s.Obs; {
	case s.obs&oInfo != 0 && len(o.Pairs) != int(o.Info&0xff):
		return fmt.Sprintf("%d pairs of registers, but info %x says %d", len(o.Pairs), o.Info,
			o.Info&0xff), ""
	case s.fields&fSize != 0 && bits.OnesCount(uint(s.Size)) != 1:
		return fmt.Sprintf("size %d", s.Size), "want 1, 2, 4 or 8"
	case r.userOrCPU && (s.fields&fT != 0) == (s.fields&fCPU != 0):
		return r.name + " needs either a task or a cpu", ""
	case r.whichCPU && s.fields&fCPU != 0 && (s.CPU < 0 || s.CPU >= meta.CPUs):
		return fmt.Sprintf("%s on cpu %d", r.name, s.CPU),
			fmt.Sprintf("the machine has CPUs 0 to %d", meta.CPUs-1)
	case s.Op == OpKUser && s.Task < 0:
		return "kuser without a task", "it registers a task's event"
	case r.readOrWriteKinds && s.Kind == hwdebug.Exec:
		return r.name + " of kind x", "want r or w"
	}
	return "", ""
}

// growths reads the growth of the handles and sorts it by handle.
func (d *decoder) growths() []Hit {
	c := d.c
	from := len(c.hits)
	d.want('{')
	for n := 0; d.more(&n, '}'); {
		key, at := d.text()
		h := d.parseName(key, at, 'h')
		d.want(':')
		growth := d.uint("the growth of a count")
		i, repeated := slices.BinarySearchFunc(c.hits[from:], h,
			func(hit Hit, h int) int { return hit.H - h })
		switch {
		case repeated:
			d.repeated(at, "h"+strconv.Itoa(h))
		case growth == 0:
			d.fail(at, fmt.Sprintf("h%d did not grow", h), "leave such handles out")
		}
		c.hits = slices.Insert(c.hits, from+i, Hit{h, growth})
	}
	return c.hits[from:len(c.hits):len(c.hits)]
}

// handleSet reads a list of handles, each once, and sorts it.
func (d *decoder) handleSet() (set []int) {
	d.want('[')
	for n := 0; d.more(&n, ']'); {
		at := d.next()
		h := d.name('h')
		if slices.Contains(set, h) {
			d.repeated(at, "h"+strconv.Itoa(h))
		}
		set = append(set, h)
	}
	slices.Sort(set)
	return set
}

// group reads the counts of a group, or the word for one in the error state.
func (d *decoder) group(o *Obs) {
	if o.Failed = d.peek() == '"'; o.Failed {
		d.word("group", failed)
		return
	}
	c := d.c
	from := len(c.hits)
	d.want('[')
	for n := 0; d.more(&n, ']'); {
		d.want('[')
		h := d.name('h')
		d.want(',')
		c.hits = append(c.hits, Hit{h, d.uint("count")})
		d.want(']')
	}
	o.Group = c.hits[from:len(c.hits):len(c.hits)]
}

// mdscrNumber stands for MDSCR_EL1 in a register write; the pairs of registers have the numbers below 64.
const mdscrNumber = hwdebug.RegMDSCR

// writes reads the register writes of a step: "cpu:register:value" each.
func (d *decoder) writes(s *Step) {
	c := d.c
	from := len(c.writes)
	d.want('[')
	for n := 0; d.more(&n, ']'); {
		text, at := d.text()
		w, ok := parseWrite(text)
		if !ok || w.CPU >= d.meta.CPUs {
			d.fail(at, fmt.Sprintf("invalid register write %q", text),
				"want CPU:REGISTER:VALUE, such as 0:48:1ff5; 100 is MDSCR_EL1")
		}
		c.writes = append(c.writes, w)
	}
	s.Writes, s.HasWrites, c.hasWrites = c.writes[from:len(c.writes):len(c.writes)], true, true
}

// parseWrite returns the register write that text describes.
func parseWrite(text []byte) (w hwdebug.RegWrite, ok bool) {
	cpu, rest, _ := bytes.Cut(text, []byte(":"))
	reg, value, _ := bytes.Cut(rest, []byte(":"))
	c, ok1 := parseDec(cpu)
	r, ok2 := parseDec(reg)
	v, ok3 := parseHex(value)
	ok = ok1 && ok2 && ok3 && c < 64 && (r < 64 || r == mdscrNumber)
	return hwdebug.RegWrite{CPU: int(c), Reg: int(r), Value: v}, ok
}

// bank reads the values of one bank of registers, of which there must be n.
func (d *decoder) bank(what string, n int) []uint64 {
	at, c := d.next(), d.c
	from := len(c.words)
	d.want('[')
	for i := 0; d.more(&i, ']'); {
		c.words = append(c.words, d.hex(what, math.MaxUint64))
	}
	if got := len(c.words) - from; got != n {
		d.fail(at, fmt.Sprintf("%s has %d values, on a machine of %d registers", what, got, n), "")
	}
	return c.words[from:len(c.words):len(c.words)]
}

// regset reads the address and control word of each entry of a register set.
func (d *decoder) regset() []hwdebug.PtraceReg {
	c := d.c
	from := len(c.pairs)
	d.want('[')
	for n := 0; d.more(&n, ']'); {
		d.want('[')
		addr := d.hex("addr", math.MaxUint64)
		d.want(',')
		ctrl := d.hex("ctrl", math.MaxUint32)
		d.want(']')
		c.pairs = append(c.pairs, hwdebug.PtraceReg{Addr: addr, Ctrl: uint32(ctrl)})
	}
	return c.pairs[from:len(c.pairs):len(c.pairs)]
}

// maxName bounds the numbers in names so that the tables of a replay stay small.
const maxName = 1 << 16

// name reads the name of a handle or task: the prefix and a number.
func (d *decoder) name(prefix byte) int {
	s, at := d.text()
	return d.parseName(s, at, prefix)
}

func (d *decoder) parseName(s []byte, at int, prefix byte) int {
	if len(s) >= 2 && s[0] == prefix {
		if v, ok := parseDec(s[1:]); ok && v < maxName {
			return int(v)
		}
	}
	what := "handle"
	if prefix == 't' {
		what = "task"
	}
	d.fail(at, fmt.Sprintf("invalid %s %q", what, s), fmt.Sprintf("want %c0, %c1, ...", prefix, prefix))
	return 0
}

// addr reads an address: a buffer and an offset in decimal, or a number in hexadecimal.
func (d *decoder) addr() (a Addr) {
	s, at := d.text()
	ok := false
	if base, offset, symbolic := bytes.Cut(s, []byte("+")); symbolic {
		i, _ := bases.find(base)
		a.Base = Base(i)
		a.N, ok = parseDec(offset)
		ok = ok && a.Base != Absolute
	} else {
		a.N, ok = prefixed(s)
	}
	if !ok {
		d.fail(at, fmt.Sprintf("invalid address %q", s),
			"want ubuf+N, ucode+N, tcode+N, kbuf+N or kcode+N with N in decimal, "+
				"or a hex string such as 0x1000")
	}
	return a
}

// prefixed returns the value of a hexadecimal number with its prefix.
func prefixed(s []byte) (uint64, bool) {
	digits, ok := bytes.CutPrefix(s, []byte("0x"))
	v, valid := parseHex(digits)
	return v, ok && valid
}

func (d *decoder) ctrl() uint32 {
	s, at := d.text()
	v, ok := prefixed(s)
	if !ok || v > math.MaxUint32 {
		d.fail(at, fmt.Sprintf("invalid control word %q", s), "want a hex string of 32 bits such as 0x1f5")
	}
	return uint32(v)
}

func (d *decoder) bpType() hwdebug.BPType {
	s, at := d.text()
	if i, _ := types.find(s); i > 0 {
		return hwdebug.BPType(i)
	}
	v, ok := parseDec(s)
	if !ok || v > math.MaxUint32 {
		d.fail(at, fmt.Sprintf("invalid type %q", s), "want r, w, rw, x or a number as a string")
	}
	return hwdebug.BPType(v)
}

func (d *decoder) ret() Ret {
	s, at := d.text()
	if i, ok := rets.find(s); ok && Ret(-i) != noErrno {
		return Ret(-i)
	}
	e, ok := hwdebug.ErrnoByName(string(s))
	if !ok {
		d.fail(at, fmt.Sprintf("unknown ret %q", s),
			"want OK, the name of an errno, NOHANDLE, NOTASK, BUSYHANDLE or BUSYTASK")
	}
	return Ret(hwdebug.ErrnoNumber(e))
}
