// Registers taken apart into named fields, compared, and put into words.

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
	Words  string // what the value says: "store", "EL0", "4 bytes at +4"
}

// String is "LSC[4:3] 2 (store)".
func (f Field) String() string {
	pos := strconv.Itoa(int(f.Hi))
	if f.Hi != f.Lo {
		pos += ":" + strconv.Itoa(int(f.Lo))
	}
	s := f.Name + "[" + pos + "] " + fieldText(f.Name, f.Value)
	if f.Words != "" {
		s += " (" + f.Words + ")"
	}
	return s
}

// A FieldDiff is one field in which two values of a register differ.
type FieldDiff struct {
	Name               string
	Old, New           uint64 // the field's bits, shifted down to bit 0
	OldWords, NewWords string // what the values say; empty where they say nothing or the same
}

// String is "E 1 -> 0 (enabled -> disabled)", masks in hexadecimal, the address of a value register in full.
func (d FieldDiff) String() string {
	old, new := d.Values()
	return d.Name + " " + old + " -> " + new
}

// Values are the two sides of String: "1" and "0 (enabled -> disabled)".
func (d FieldDiff) Values() (old, new string) {
	old, new = fieldText(d.Name, d.Old), fieldText(d.Name, d.New)
	if d.OldWords != "" && d.NewWords != "" {
		new += " (" + d.OldWords + " -> " + d.NewWords + ")"
	}
	return old, new
}

// fieldText prints a field's value as an engineer writes it.
func fieldText(name string, v uint64) string {
	switch name {
	case "VA":
		return fmt.Sprintf("0x%016x", v<<2)
	case "BAS", "RES0":
		return "0x" + strconv.FormatUint(v, 16)
	}
	return strconv.FormatUint(v, 10)
}

// A layout entry is a field's name, place and words. An entry named RES0 is shown only when it is
// not zero.
type layoutEntry struct {
	name   string
	hi, lo uint8
	words  func(v, field uint64) string // v: the whole register; nil: none
}

// Each layout covers all 64 bits, highest first: so two values differ in a field if they differ.
var layouts = [numRegs][]layoutEntry{
	RegBVR: {{"VA", 63, 2, nil}, {"RES0", 1, 0, nil}},
	RegWVR: {{"VA", 63, 2, nil}, {"RES0", 1, 0, nil}},
	RegBCR: {
		{"RES0", 63, 24, nil},
		{"BT", 23, 20, btWords},
		{"LBN", 19, 16, nil},
		{"SSC", 15, 14, sscWords},
		{"HMC", 13, 13, hmcWords},
		{"RES0", 12, 9, nil},
		{"BAS", 8, 5, func(_, f uint64) string { return bcrBASWords(uint8(f)) }},
		{"RES0", 4, 3, nil},
		{"PMC", 2, 1, levelWords},
		{"E", 0, 0, enabledWords},
	},
	RegWCR: {
		{"RES0", 63, 29, nil},
		{"MASK", 28, 24, func(_, f uint64) string { return maskWords(uint8(f)) }},
		{"RES0", 23, 21, nil},
		{"WT", 20, 20, func(_, f uint64) string { return pick(f, "not linked", "linked") }},
		{"LBN", 19, 16, nil},
		{"SSC", 15, 14, sscWords},
		{"HMC", 13, 13, hmcWords},
		{"BAS", 12, 5, func(_, f uint64) string { return wcrBASWords(uint8(f)) }},
		{"LSC", 4, 3, func(_, f uint64) string {
			return pick(f, "reserved, behaves as disabled", "load", "store", "load and store")
		}},
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
		{"MDE", 15, 15, func(_, f uint64) string {
			return pick(f, "breakpoints and watchpoints off", "breakpoints and watchpoints on")
		}},
		{"HDE", 14, 14, func(_, f uint64) string { return pick(f, "no halting debug", "halting debug") }},
		{"KDE", 13, 13, func(_, f uint64) string {
			return pick(f, "no debug exceptions from EL1", "debug exceptions from EL1")
		}},
		{"TDCC", 12, 12, func(_, f uint64) string {
			return pick(f, "EL0 may use the communication channel", "EL0 access to the communication channel traps")
		}},
		{"RES0", 11, 7, nil},
		{"ERR", 6, 6, nil},
		{"RES0", 5, 1, nil},
		{"SS", 0, 0, func(_, f uint64) string { return pick(f, "no software step", "software step") }},
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
		{"CTX_CMPs", 31, 28, func(_, f uint64) string { return count(f, "context-aware breakpoint") }},
		{"RES0", 27, 24, nil},
		{"WRPs", 23, 20, func(_, f uint64) string { return count(f, "watchpoint") }},
		{"RES0", 19, 16, nil},
		{"BRPs", 15, 12, func(_, f uint64) string { return count(f, "breakpoint") }},
		{"PMUVer", 11, 8, nil},
		{"TraceVer", 7, 4, nil},
		{"DebugVer", 3, 0, debugVerWords},
	},
}

func (e layoutEntry) of(v uint64) uint64 {
	return v >> e.lo & (1<<(e.hi-e.lo+1) - 1)
}

// Fields takes a value apart, highest field first. Reserved bits appear, as RES0, only where they are
// set. An unknown format is one field of 64 bits.
func Fields(r Reg, v uint64) []Field {
	if r >= numRegs {
		return []Field{{Name: "value", Hi: 63, Value: v}}
	}
	fields := make([]Field, 0, len(layouts[r]))
	for _, e := range layouts[r] {
		f := Field{Name: e.name, Hi: e.hi, Lo: e.lo, Value: e.of(v)}
		switch {
		case e.words != nil:
			f.Words = e.words(v, f.Value)
		case e.name == "VA":
			f.Words = fmt.Sprintf("address 0x%016x", f.Value<<2)
		case e.name == "RES0":
			if f.Value == 0 {
				continue
			}
			f.Words = "reserved, not zero"
		}
		fields = append(fields, f)
	}
	return fields
}

// Diff lists the fields in which two values differ, highest first; none when they are equal.
func Diff(r Reg, old, new uint64) []FieldDiff {
	if old == new {
		return nil
	}
	if r >= numRegs {
		return []FieldDiff{{Name: "value", Old: old, New: new}}
	}
	var diffs []FieldDiff
	for _, e := range layouts[r] {
		if a, b := e.of(old), e.of(new); a != b {
			d := FieldDiff{Name: e.name, Old: a, New: b}
			if e.words != nil {
				if x, y := e.words(old, a), e.words(new, b); x != y {
					d.OldWords, d.NewWords = x, y
				}
			}
			diffs = append(diffs, d)
		}
	}
	return diffs
}

// Explain says in one sentence what a register's value means, for every value of every format.
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
			count(uint64(d.CTXCMPs()-1), "context-aware breakpoint"), debugVerWords(0, uint64(d.DebugVer())))
	}
	return fmt.Sprintf("0x%016x", v)
}

// ExplainCtrl explains a control word whose register is not known: by the kernel's encoding a word
// with type 0 is a breakpoint's and every other a watchpoint's.
func ExplainCtrl(v uint32) string {
	if DecodeCtrl(v).Type == Execute {
		return explainBCR(DBGBCR(v))
	}
	return explainWCR(DBGWCR(v))
}

func explainBCR(b DBGBCR) string {
	var s strings.Builder
	s.WriteString("breakpoint on ")
	switch {
	case b.BT() != 0:
		s.WriteString(btWords(0, uint64(b.BT())))
	case b.BAS() == 0:
		s.WriteString("no instruction (BAS 0)")
	default:
		s.WriteString(bcrBASWords(b.BAS()))
	}
	writeLevels(&s, " at ", b.PMC(), b.HMC(), b.SSC())
	if b.BT()&1 != 0 {
		fmt.Fprintf(&s, ", linked to breakpoint %d", b.LBN())
	}
	writeEnabled(&s, b.E())
	return s.String()
}

func explainWCR(w DBGWCR) string {
	var s strings.Builder
	s.WriteString("watchpoint on ")
	s.WriteString(pick(uint64(w.LSC()), "nothing (LSC 0 is reserved)", "loads", "stores", "loads and stores"))
	writeLevels(&s, " from ", w.PAC(), w.HMC(), w.SSC())
	s.WriteString(" to ")
	switch {
	case w.MASK() == 0:
		s.WriteString(wcrBASWords(w.BAS()))
	case w.MASK() < 3:
		s.WriteString("nothing (MASK " + strconv.Itoa(int(w.MASK())) + " is reserved)")
	default:
		s.WriteString(maskWords(w.MASK()))
	}
	if w.WT() != 0 {
		fmt.Fprintf(&s, ", linked to breakpoint %d", w.LBN())
	}
	writeEnabled(&s, w.E())
	return s.String()
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

// writeLevels adds the levels that a PMC or PAC, HMC and SSC select.
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
		s.WriteString(" (" + sscWords(0, uint64(ssc)) + ")")
	}
}

func writeEnabled(s *strings.Builder, on bool) {
	if on {
		s.WriteString(", enabled")
	} else {
		s.WriteString(", disabled")
	}
}

// bcrBASWords says which instruction a breakpoint's BAS selects.
func bcrBASWords(bas uint8) string {
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

// wcrBASWords says which bytes a watchpoint's BAS selects.
func wcrBASWords(bas uint8) string {
	if bas == 0 {
		return "no byte"
	}
	n, off, ok := MaskSpan(bas)
	switch {
	case !ok:
		return fmt.Sprintf("the bytes of mask 0x%02x", bas)
	case n == 1:
		return fmt.Sprintf("1 byte at +%d", off)
	}
	return fmt.Sprintf("%d bytes at +%d", n, off)
}

func maskWords(mask uint8) string {
	switch {
	case mask == 0:
		return "BAS selects"
	case mask < 3:
		return "reserved, behaves as disabled"
	}
	return fmt.Sprintf("the aligned block of %d bytes", uint64(1)<<mask)
}

func btWords(_, f uint64) string {
	return pick(f,
		"unlinked address match", "linked address match", "unlinked context ID match", "linked context ID match",
		"unlinked address mismatch", "linked address mismatch", "unlinked CONTEXTIDR_EL1 match", "linked CONTEXTIDR_EL1 match",
		"unlinked VMID match", "linked VMID match", "unlinked VMID and context ID match", "linked VMID and context ID match",
		"unlinked CONTEXTIDR_EL2 match", "linked CONTEXTIDR_EL2 match",
		"unlinked full context ID match", "linked full context ID match")
}

func sscWords(_, f uint64) string {
	return pick(f, "any security state", "Non-secure only", "Secure only", "state by HMC and PAC")
}

func hmcWords(_, f uint64) string { return pick(f, "EL2 does not match", "EL2 matches") }

func levelWords(_, f uint64) string { return Privilege(f).String() }

func enabledWords(_, f uint64) string { return pick(f, "disabled", "enabled") }

func debugVerWords(_, f uint64) string {
	switch f {
	case DebugV8P0:
		return "ARMv8.0"
	case DebugV8P1:
		return "ARMv8.1"
	case DebugV8P2:
		return "ARMv8.2"
	case DebugV8P4:
		return "ARMv8.4"
	case DebugV8P8:
		return "ARMv8.8"
	}
	return "version " + strconv.FormatUint(f, 10)
}

// count prints an ID register's count, which is one more than its field.
func count(field uint64, noun string) string {
	s := strconv.FormatUint(field+1, 10) + " " + noun
	if field != 0 {
		s += "s"
	}
	return s
}

// pick chooses words by a field, which has as many values as there are words.
func pick(f uint64, words ...string) string { return words[f] }
