// Fields of registers: their names, values and meanings.

package arm64

import (
	"fmt"
	"strconv"
	"strings"
)

// A Field is one field of a register's value.
type Field struct {
	Name   string // the manual's name: "LSC"
	Hi, Lo uint8  // bits Hi down to Lo
	Value  uint64 // the field's bits, shifted down to bit 0
	Words  string // the meaning of the value: "store", "EL0", "4 bytes at +4"; may be empty
}

// String returns the field with its place, value and meaning: "LSC[4:3] 2 (store)".
func (f Field) String() string {
	pos := strconv.Itoa(int(f.Hi))
	if f.Hi != f.Lo {
		pos += ":" + strconv.Itoa(int(f.Lo))
	}
	return f.Name + "[" + pos + "] " + f.Text()
}

// Text returns the value and its meaning: "2 (store)".
func (f Field) Text() string {
	if f.Words != "" {
		return f.number() + " (" + f.Words + ")"
	}
	return f.number()
}

// number returns the value in the usual notation: masks in hexadecimal, the address of a value
// register in full.
func (f Field) number() string {
	switch f.Name {
	case "VA":
		return fmt.Sprintf("0x%016x", f.Value<<2)
	case "BAS", "RES0":
		return "0x" + strconv.FormatUint(f.Value, 16)
	}
	return strconv.FormatUint(f.Value, 10)
}

// A FieldDiff is one field in which two values of a register differ.
type FieldDiff struct {
	Name     string
	Old, New Field
}

// String returns the two sides: "E 1 -> 0 (enabled -> disabled)".
func (d FieldDiff) String() string {
	old, new := d.Values()
	return d.Name + " " + old + " -> " + new
}

// Values returns the two sides of String: "1" and "0 (enabled -> disabled)". They have no meaning
// if it is the same.
func (d FieldDiff) Values() (old, new string) {
	old, new = d.Old.number(), d.New.number()
	if d.Old.Words != d.New.Words {
		new += " (" + d.Old.Words + " -> " + d.New.Words + ")"
	}
	return old, new
}

// A layoutEntry describes a field. Fields shows an entry named RES0 only if it is not zero.
type layoutEntry struct {
	name   string
	hi, lo uint8
	words  func(field uint64) string // nil: the value has no meaning
}

// Each layout covers all 64 bits, highest first, so two different values differ in a field.
var layouts = [numRegs][]layoutEntry{
	RegBVR: {{"VA", 63, 2, nil}, {"RES0", 1, 0, nil}},
	RegWVR: {{"VA", 63, 2, nil}, {"RES0", 1, 0, nil}},
	RegBCR: {
		{"RES0", 63, 24, nil},
		{"BT", 23, 20, btWords},
		{"LBN", 19, 16, nil},
		{"SSC", 15, 14, sscWords},
		{"HMC", 13, 13, oneOf("EL2 does not match", "EL2 matches")},
		{"RES0", 12, 9, nil},
		{"BAS", 8, 5, bcrBASWords},
		{"RES0", 4, 3, nil},
		{"PMC", 2, 1, levelWords},
		{"E", 0, 0, enabledWords},
	},
	RegWCR: {
		{"RES0", 63, 29, nil},
		{"MASK", 28, 24, maskWords},
		{"RES0", 23, 21, nil},
		{"WT", 20, 20, oneOf("not linked", "linked")},
		{"LBN", 19, 16, nil},
		{"SSC", 15, 14, sscWords},
		{"HMC", 13, 13, oneOf("EL2 does not match", "EL2 matches")},
		{"BAS", 12, 5, wcrBASWords},
		{"LSC", 4, 3, oneOf("reserved, behaves as disabled", "load", "store", "load and store")},
		{"PAC", 2, 1, levelWords},
		{"E", 0, 0, enabledWords},
	},
	RegMDSCR: {
		{"RES0", 63, 32, nil},
		{"TFO", 31, 31, nil},
		{"RXfull", 30, 30, nil},
		{"TXfull", 29, 29, nil},
		{"RES0", 28, 28, nil},
		{"RXO", 27, 27, nil},
		{"TXU", 26, 26, nil},
		{"RES0", 25, 24, nil},
		{"INTdis", 23, 22, nil},
		{"TDA", 21, 21, nil},
		{"RES0", 20, 20, nil},
		{"SC2", 19, 19, nil},
		{"RES0", 18, 16, nil},
		{"MDE", 15, 15, oneOf("breakpoints and watchpoints off", "breakpoints and watchpoints on")},
		{"HDE", 14, 14, oneOf("no halting debug", "halting debug")},
		{"KDE", 13, 13, oneOf("no debug exceptions from EL1", "debug exceptions from EL1")},
		{"TDCC", 12, 12, oneOf(
			"EL0 may use the communication channel", "EL0 access to the communication channel traps")},
		{"RES0", 11, 7, nil},
		{"ERR", 6, 6, nil},
		{"RES0", 5, 1, nil},
		{"SS", 0, 0, oneOf("no software step", "software step")},
	},
	RegIDAA64DFR0: {
		{"HPMN0", 63, 60, nil},
		{"RES0", 59, 56, nil},
		{"BRBE", 55, 52, nil},
		{"MTPMU", 51, 48, nil},
		{"TraceBuffer", 47, 44, nil},
		{"TraceFilt", 43, 40, nil},
		{"DoubleLock", 39, 36, nil},
		{"PMSVer", 35, 32, nil},
		{"CTX_CMPs", 31, 28, counting("context-aware breakpoint")},
		{"RES0", 27, 24, nil},
		{"WRPs", 23, 20, counting("watchpoint")},
		{"RES0", 19, 16, nil},
		{"BRPs", 15, 12, counting("breakpoint")},
		{"PMUVer", 11, 8, nil},
		{"TraceVer", 7, 4, nil},
		{"DebugVer", 3, 0, debugVerWords},
	},
}

// of returns the field of v.
func (e layoutEntry) of(v uint64) Field {
	f := Field{Name: e.name, Hi: e.hi, Lo: e.lo, Value: v >> e.lo & (1<<(e.hi-e.lo+1) - 1)}
	if e.words != nil {
		f.Words = e.words(f.Value)
	}
	return f
}

// layoutOf returns the layout of a format; that of an unknown one is a single field.
func layoutOf(r Reg) []layoutEntry {
	if r >= numRegs {
		return []layoutEntry{{"value", 63, 0, nil}}
	}
	return layouts[r]
}

// Fields returns the fields of a value, highest first. It shows reserved bits, as RES0, only if one
// is set. An unknown format has one field of 64 bits.
func Fields(r Reg, v uint64) []Field {
	var fields []Field
	for _, e := range layoutOf(r) {
		f := e.of(v)
		switch {
		case f.Name == "VA":
			f.Words = fmt.Sprintf("address 0x%016x", f.Value<<2)
		case f.Name == "RES0" && f.Value == 0:
			continue
		case f.Name == "RES0":
			f.Words = "reserved, not zero"
		}
		fields = append(fields, f)
	}
	return fields
}

// Diff returns the fields in which two values differ, highest first.
func Diff(r Reg, old, new uint64) (diffs []FieldDiff) {
	for _, e := range layoutOf(r) {
		if a, b := e.of(old), e.of(new); a.Value != b.Value {
			diffs = append(diffs, FieldDiff{e.name, a, b})
		}
	}
	return diffs
}

// Explain returns the meaning of a register's value in one sentence. It is defined for every value
// of every format.
func Explain(r Reg, v uint64) string {
	switch r {
	case RegBVR:
		return fmt.Sprintf("instruction address 0x%016x", v&^3)
	case RegWVR:
		if v&4 != 0 {
			return fmt.Sprintf("data address 0x%016x, of which only bytes +0 to +3 can be selected", v&^3)
		}
		return fmt.Sprintf("data address 0x%016x", v&^3)
	case RegBCR:
		return explainBCR(DBGBCR(v))
	case RegWCR:
		return explainWCR(DBGWCR(v))
	case RegMDSCR:
		return explainMDSCR(v)
	case RegIDAA64DFR0:
		d := IDAA64DFR0(v)
		return fmt.Sprintf("%s and %s, %s, debug architecture %s",
			count(uint64(d.BRPs()-1), "breakpoint"), count(uint64(d.WRPs()-1), "watchpoint"),
			count(uint64(d.CTXCMPs()-1), "context-aware breakpoint"), debugVerWords(uint64(d.DebugVer())))
	}
	return fmt.Sprintf("0x%016x", v)
}

// ExplainCtrl returns the meaning of a control word whose register is not known. By the kernel's
// encoding, a word with type 0 belongs to a breakpoint and any other to a watchpoint.
func ExplainCtrl(v uint32) string {
	if DecodeCtrl(v).Type == Execute {
		return explainBCR(DBGBCR(v))
	}
	return explainWCR(DBGWCR(v))
}

// explainBCR returns "breakpoint on the instruction at +0 at EL0, enabled".
func explainBCR(b DBGBCR) string {
	var s strings.Builder
	s.WriteString("breakpoint on ")
	switch {
	case b.BT() != 0:
		s.WriteString(btWords(uint64(b.BT())))
	case b.BAS() == 0:
		s.WriteString("no instruction (BAS 0)")
	default:
		s.WriteString(bcrBASWords(uint64(b.BAS())))
	}
	writeLevels(&s, " at ", b.PMC(), b.HMC(), b.SSC())
	if b.BT()&1 != 0 {
		fmt.Fprintf(&s, ", linked to breakpoint %d", b.LBN())
	}
	return s.String() + ", " + enabledWords(uint64(b&1))
}

// explainWCR returns "watchpoint on stores from EL0 to 4 bytes at +4, enabled".
func explainWCR(w DBGWCR) string {
	var s strings.Builder
	s.WriteString("watchpoint on ")
	s.WriteString([...]string{"nothing (LSC 0 is reserved)", "loads", "stores", "loads and stores"}[w.LSC()])
	writeLevels(&s, " from ", w.PAC(), w.HMC(), w.SSC())
	s.WriteString(" to ")
	switch {
	case w.MASK() == 0:
		s.WriteString(wcrBASWords(uint64(w.BAS())))
	case w.MASK() < 3:
		s.WriteString("nothing (MASK " + strconv.Itoa(int(w.MASK())) + " is reserved)")
	default:
		s.WriteString(maskWords(uint64(w.MASK())))
	}
	if w.WT() != 0 {
		fmt.Fprintf(&s, ", linked to breakpoint %d", w.LBN())
	}
	return s.String() + ", " + enabledWords(uint64(w&1))
}

func explainMDSCR(v uint64) string {
	s := "breakpoints and watchpoints are off"
	switch v & (MDSCRMDE | MDSCRKDE) {
	case MDSCRMDE:
		s = "breakpoints and watchpoints are taken from EL0 only"
	case MDSCRMDE | MDSCRKDE:
		s = "breakpoints and watchpoints are taken from EL0 and EL1"
	case MDSCRKDE:
		s += " (KDE alone enables none)"
	}
	if v&MDSCRSS != 0 {
		s += ", software step is on"
	}
	return s
}

// writeLevels writes the levels that a PMC or PAC, HMC and SSC select.
func writeLevels(s *strings.Builder, before string, pxc uint8, hmc bool, ssc uint8) {
	s.WriteString(before)
	switch {
	case pxc == 0 && hmc:
		s.WriteString("EL2")
	case hmc:
		s.WriteString(Privilege(pxc).String() + " and EL2")
	default:
		s.WriteString(Privilege(pxc).String())
	}
	if ssc != 0 {
		s.WriteString(" (" + sscWords(uint64(ssc)) + ")")
	}
}

// bcrBASWords returns the instruction that a breakpoint's BAS selects.
func bcrBASWords(bas uint64) string {
	switch bas {
	case 0:
		return "no instruction"
	case 0xf:
		return "the instruction at +0"
	case 0x3:
		return "the halfword instruction at +0"
	case 0xc:
		return "the halfword instruction at +2"
	}
	return fmt.Sprintf("no instruction (BAS 0x%x is constrained unpredictable)", bas)
}

// wcrBASWords returns the bytes that a watchpoint's BAS selects.
func wcrBASWords(bas uint64) string {
	if bas == 0 {
		return "no byte"
	}
	n, off, ok := MaskSpan(uint8(bas))
	switch {
	case !ok:
		return fmt.Sprintf("the bytes of mask 0x%02x", bas)
	case n == 1:
		return fmt.Sprintf("1 byte at +%d", off)
	}
	return fmt.Sprintf("%d bytes at +%d", n, off)
}

func maskWords(mask uint64) string {
	switch {
	case mask == 0:
		return "BAS selects"
	case mask < 3:
		return "reserved, behaves as disabled"
	}
	return fmt.Sprintf("the aligned block of %d bytes", uint64(1)<<mask)
}

var btWords = oneOf(
	"unlinked address match", "linked address match",
	"unlinked context ID match", "linked context ID match",
	"unlinked address mismatch", "linked address mismatch",
	"unlinked CONTEXTIDR_EL1 match", "linked CONTEXTIDR_EL1 match",
	"unlinked VMID match", "linked VMID match",
	"unlinked VMID and context ID match", "linked VMID and context ID match",
	"unlinked CONTEXTIDR_EL2 match", "linked CONTEXTIDR_EL2 match",
	"unlinked full context ID match", "linked full context ID match",
)

var (
	sscWords     = oneOf("any security state", "Non-secure only", "Secure only", "state by HMC and PAC")
	enabledWords = oneOf("disabled", "enabled")
)

func levelWords(f uint64) string { return Privilege(f).String() }

func debugVerWords(f uint64) string {
	minor := [...]string{DebugV8P0: "0", DebugV8P1: "1", DebugV8P2: "2", DebugV8P4: "4", DebugV8P8: "8"}
	if f < uint64(len(minor)) && minor[f] != "" {
		return "ARMv8." + minor[f]
	}
	return "version " + strconv.FormatUint(f, 10)
}

// count returns the number that a field of an ID register stands for, which is one more than the
// field, and its noun.
func count(field uint64, noun string) string {
	s := strconv.FormatUint(field+1, 10) + " " + noun
	if field != 0 {
		s += "s"
	}
	return s
}

// counting returns the words of a field that counts nouns.
func counting(noun string) func(uint64) string {
	return func(f uint64) string { return count(f, noun) }
}

// oneOf returns the words of a field that has as many values as there are words.
func oneOf(words ...string) func(uint64) string {
	return func(f uint64) string { return words[f] }
}
