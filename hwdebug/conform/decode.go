// The lines of a recording: the meta line and cases.

package conform

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/hwlua/hwlua/hwdebug"
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

// require fails for the first of keys that is in must but was not seen.
func (d *decoder) require(what string, keys *words, must, seen uint32) {
	if missing := must &^ seen; missing != 0 {
		d.fail(d.i, fmt.Sprintf("%s has no %q", what, keys.names[bits.TrailingZeros32(missing)]), "")
	}
}

var metaKeys = wordsOf("release", "version", "qemu", "machine", "cpus", "brps", "wrps", "dfr0", "ubuf",
	"ucode", "kbuf", "kcode")

// decodeMeta reads the first line. It skips keys that it does not know: they say where a recording
// comes from and cannot change its meaning.
func (d *decoder) decodeMeta(line []byte) *FormatError {
	d.scanner, d.c, d.step = scanner{b: line}, nil, 0
	m := d.meta
	*m = Meta{CPUs: 4}
	d.want('{')
	if key, _ := d.text(); d.err == nil && string(key) != "meta" {
		d.fail(0, fmt.Sprintf("the first line holds %q", key), `it must be {"meta":{...}}`)
	}
	d.want(':')
	seen := d.metaFields(m)
	d.require("meta", metaKeys, 0b1111_0110_0001, seen) // version, qemu, machine, cpus and dfr0 are optional
	if m.BRPs > 16 || m.WRPs > 16 {
		d.fail(d.i, "meta has more than 16 registers of a kind", "the architecture has at most 16")
	}
	d.want('}')
	return d.finish()
}

// metaFields reads the members of meta and returns the set of those found.
func (d *decoder) metaFields(m *Meta) (seen uint32) {
	texts := [...]*string{&m.Release, &m.Version, &m.QEMU, &m.Machine}
	counts := [...]*int{&m.CPUs, &m.BRPs, &m.WRPs}
	values := [...]*uint64{&m.DFR0, &m.UBuf, &m.UCode, &m.KBuf, &m.KCode}
	return d.object("", metaKeys, func(i int) {
		s, at := d.text()
		ok := true
		switch {
		case i < len(texts):
			*texts[i] = string(s)
		case i < len(texts)+len(counts):
			var n uint64
			n, ok = parseDec(s)
			ok = ok && 1 <= n && n <= 64
			*counts[i-len(texts)] = int(n)
		default:
			*values[i-len(texts)-len(counts)], ok = parseHex(s)
		}
		if !ok {
			d.fail(at, fmt.Sprintf("invalid %s %q", metaKeys.names[i], s),
				"want counts from 1 to 64 in decimal, addresses and dfr0 as hex strings without prefix")
		}
	})
}

var caseKeys = wordsOf("id", "cpus", "steps", "residue", "violation")

// decodeCase reads one case into c.
func (d *decoder) decodeCase(line []byte, c *Case) *FormatError {
	d.scanner, d.c, d.step = scanner{b: line}, c, 0
	*c = Case{Line: c.Line, Steps: c.Steps[:0], KDE: c.KDE[:0], words: c.words[:0], hits: c.hits[:0],
		pairs: c.pairs[:0]}
	seen := d.object("a case", caseKeys, func(i int) {
		switch i {
		case 0:
			id, at := d.text()
			if c.ID = string(id); c.ID == "" {
				d.fail(at, "an empty id", "it is a family, a slash and a name")
			}
		case 1:
			d.peek()
			at := d.i
			if c.CPUs = d.int("cpus", 1, 64); c.CPUs != d.meta.CPUs {
				d.fail(at, fmt.Sprintf("cpus is %d, on a machine of %d", c.CPUs, d.meta.CPUs), "")
			}
		case 2:
			d.steps()
		case 3:
			d.residue()
		case 4:
			c.Violation = d.skip()
		}
	})
	d.require("the case", caseKeys, 0b111, seen)
	return d.finish()
}

var residueKeys = wordsOf("kde")

// residue reads the CPUs whose KDE stayed set.
func (d *decoder) residue() {
	seen := d.object("residue", residueKeys, func(int) {
		d.want('[')
		for n := 0; d.more(&n, ']'); {
			d.peek()
			at := d.i
			cpu := d.int("CPU", 0, d.meta.CPUs-1)
			if slices.Contains(d.c.KDE, cpu) {
				d.fail(at, fmt.Sprintf("CPU %d twice", cpu), "")
			}
			d.c.KDE = append(d.c.KDE, cpu)
		}
	})
	slices.Sort(d.c.KDE)
	d.require("residue", residueKeys, 1, seen)
}

// steps reads the steps of the case.
func (d *decoder) steps() {
	c := d.c
	d.want('[')
	for d.more(&d.step, ']') {
		d.peek()
		begin := d.i + 1
		c.Steps = append(c.Steps, Step{Op: numOps, T: -1, Task: -1})
		s := &c.Steps[d.step-1]
		s.fields = fieldSet(d.object("a step", fields, func(i int) { d.field(s, 1<<i) }))
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
)

// field reads the value of one key of a step.
func (d *decoder) field(s *Step, f fieldSet) {
	switch f {
	case fOp:
		s.Op = Op(d.word("op", ops))
	case fH:
		s.H = d.name('h')
	case fT:
		s.T = d.name('t')
	case fFrom:
		s.From = d.name('t')
	case fTask:
		if !d.literal("null") {
			s.Task = d.name('t')
		}
	case fCPU:
		s.CPU = d.int("cpu", math.MinInt32, math.MaxInt32)
	case fType:
		s.Attr.Type = d.bpType()
	case fAddr:
		s.Addr = d.addr()
	case fLen:
		s.Attr.Len = d.uint("len")
	case fDisabled:
		s.Attr.Disabled = d.bool()
	case fPinned:
		s.Attr.Pinned = d.bool()
	case fInherit:
		s.Attr.Inherit = d.bool()
	case fExcludeUser:
		s.Attr.ExcludeUser = d.bool()
	case fExcludeKernel:
		s.Attr.ExcludeKernel = d.bool()
	case fExcludeHV:
		s.Attr.ExcludeHV = d.bool()
	case fCustom:
		s.Custom = d.bool()
	case fKind:
		s.Kind = hwdebug.Kind(d.word("kind", kinds))
	case fSize:
		s.Size = d.int("size", 1, 8)
	case fWhich:
		s.Which = hwdebug.PtraceSet(d.word("set", sets))
	case fIdx:
		s.Idx = d.int("idx", 0, 255)
	case fCtrl:
		s.Ctrl = d.ctrl()
	case fRet:
		s.Ret = d.ret()
	case fObs:
		s.obs = obsSet(d.observed(&s.Obs))
	case fMark:
		d.want('[')
		for n := 0; d.more(&n, ']'); {
			s.Mark |= 1 << d.word("mark", marks)
		}
	}
}

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
	field := func(set fieldSet) string { return fields.names[bits.TrailingZeros32(uint32(set))] }
	obs := func(set obsSet) string { return observations.names[bits.TrailingZeros16(uint16(set))] }
	if missing := keys &^ s.fields; missing != 0 {
		return fmt.Sprintf("%s without %q", r.name, field(missing)), ""
	}
	if extra := s.fields &^ (keys | r.may | fMark); extra != 0 {
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

// observed reads what was observed and returns the set of its keys.
func (d *decoder) observed(o *Obs) uint32 {
	return d.object("obs", observations, func(i int) {
		switch obsSet(1) << i {
		case oHits:
			d.hits(o)
		case oErr:
			d.errs(o)
		case oTrap:
			d.trap(o)
		case oCount:
			if o.Failed = d.peek() == '"'; o.Failed {
				d.word("count", failed)
			} else {
				o.Count = d.uint("count")
			}
		case oCPU:
			o.Regs.CPU = d.int("cpu", 0, d.meta.CPUs-1)
		case oBVR:
			o.Regs.BVR = d.bank("bvr", d.meta.BRPs)
		case oBCR:
			o.Regs.BCR = d.bank("bcr", d.meta.BRPs)
		case oWVR:
			o.Regs.WVR = d.bank("wvr", d.meta.WRPs)
		case oWCR:
			o.Regs.WCR = d.bank("wcr", d.meta.WRPs)
		case oMDSCR:
			o.Regs.MDSCR = d.hex("mdscr", math.MaxUint64)
		case oInfo:
			o.Info = uint32(d.hex("info", math.MaxUint32))
		case oRegs:
			o.Pairs = d.regset()
		}
	})
}

// hits reads the growth of the handles and sorts it by handle.
func (d *decoder) hits(o *Obs) {
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
	o.Hits = c.hits[from:len(c.hits):len(c.hits)]
}

// errs reads the handles in the error state and sorts them.
func (d *decoder) errs(o *Obs) {
	d.want('[')
	for n := 0; d.more(&n, ']'); {
		d.peek()
		at := d.i
		h := d.name('h')
		if slices.Contains(o.Err, h) {
			d.repeated(at, "h"+strconv.Itoa(h))
		}
		o.Err = append(o.Err, h)
	}
	slices.Sort(o.Err)
}

var trapKeys = wordsOf("n", "addr")

func (d *decoder) trap(o *Obs) {
	seen := d.object("trap", trapKeys, func(i int) {
		if i == 0 {
			o.Trap.N = d.int("the number of traps", 1, math.MaxInt32)
		} else {
			o.Trap.Addr = d.hex("addr", math.MaxUint64)
		}
	})
	d.require("trap", trapKeys, 0b11, seen)
}

// bank reads the values of one bank of registers, of which there must be n.
func (d *decoder) bank(what string, n int) []uint64 {
	d.peek()
	at, c := d.i, d.c
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
			"want ubuf+N, ucode+N, kbuf+N or kcode+N with N in decimal, or a hex string such as 0x1000")
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
