// A step of a case: what was asked for and what was observed.

package conform

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/hwlua/hwlua/hwdebug"
)

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
