// The report of a run: the counts, and each divergence in words.

package conform

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
)

// A Divergence is a step, or the end of a case, at which the target and the kernel differ.
type Divergence struct {
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line"`
	Case     string   `json:"case"`
	Step     int      `json:"step"`             // from 1; 0: the end of the case
	Marks    []string `json:"marks,omitempty"`  // of the step; a marked divergence does not fail a run
	Writes   bool     `json:"writes,omitempty"` // it concerns the order of register writes
	Asked    string   `json:"asked"`
	Expected string   `json:"expected"` // the outcome on the kernel
	Found    string   `json:"found"`    // the outcome on the target
	// Fields lists, for registers, the fields that differ, in words.
	Fields []string `json:"fields,omitempty"`
}

// String returns the divergence in several lines, without a final newline.
func (d *Divergence) String() string {
	var b strings.Builder
	place := "at the end"
	if d.Step > 0 {
		place = "step " + strconv.Itoa(d.Step)
	}
	if d.Writes {
		place += ", register writes"
	}
	fmt.Fprintf(&b, "case %s, %s", d.Case, place)
	if len(d.Marks) > 0 {
		fmt.Fprintf(&b, " (marked %s)", strings.Join(d.Marks, ", "))
	}
	if d.File != "" {
		fmt.Fprintf(&b, " (%s:%d)", d.File, d.Line)
	}
	fmt.Fprintf(&b, "\n  asked   %s\n  kernel  %s\n  model   %s", d.Asked, d.Expected, d.Found)
	for _, f := range d.Fields {
		b.WriteString("\n          " + f)
	}
	return b.String()
}

// diverge describes step i of c, for which the target's outcome was got.
func diverge(c *Case, i int, got *outcome) *Divergence {
	s := &c.Steps[i]
	want := outcome{ret: s.Ret, obs: s.Obs}
	d := &Divergence{Case: c.ID, Line: c.Line, Step: i + 1, Marks: s.Mark.Names(), Asked: s.String()}
	if s.Op == OpDump && s.Ret == OK && got.ret == OK {
		d.Expected, d.Found, d.Fields = diffRegs(&s.Obs.Regs, &got.obs.Regs)
		return d
	}
	if s.Op == OpPtraceGet && s.Ret == OK && got.ret == OK {
		d.Fields = diffPairs(s, &got.obs)
	}
	d.Expected, d.Found = outcomeText(s.Op, &want), outcomeText(s.Op, got)
	return d
}

// outcomeText returns the outcome of a step on one line: "OK, count 3", "ENOSPC".
func outcomeText(op Op, g *outcome) string {
	if g.ret != OK {
		if g.err != nil {
			return g.ret.String() + " (" + g.err.Error() + ")"
		}
		return g.ret.String()
	}
	o := &g.obs
	switch op {
	case OpRead:
		if o.Failed {
			return "OK, in the error state"
		}
		if o.Uncounted {
			return "OK, any count"
		}
		return "OK, count " + strconv.FormatUint(o.Count, 10)
	case OpAccess, OpUAccess, OpKAccess:
		return "OK, " + hitsText(o)
	case OpDump:
		return "OK, " + regsText(&o.Regs)
	case OpReadGroup:
		if o.Failed {
			return "OK, in the error state"
		}
		return "OK, counts" + countsText(o.Group)
	case OpHbpGet:
		return fmt.Sprintf("OK, value 0x%x", o.Value)
	case OpPtraceGet:
		var b strings.Builder
		fmt.Fprintf(&b, "OK, info 0x%x", o.Info)
		for i, p := range o.Pairs {
			fmt.Fprintf(&b, ", %d: 0x%x 0x%x", i, p.Addr, p.Ctrl)
		}
		return b.String()
	}
	return "OK"
}

// countsText returns counts by handle, each after a blank: " h0:1 h3:1".
func countsText(counts []Hit) (s string) {
	for _, h := range counts {
		s += fmt.Sprintf(" h%d:%d", h.H, int64(h.N))
	}
	return s
}

// handlesText returns a list of handles, each after a blank.
func handlesText(list []int) (s string) {
	for _, h := range list {
		s += " h" + strconv.Itoa(h)
	}
	return s
}

// hitsText returns the observation of an access: "hits h0:1 h3:1, in the error state h2, trap x1 at
// 0x10000040".
func hitsText(o *Obs) string {
	s := "no hits"
	if len(o.Hits) > 0 {
		s = "hits" + countsText(o.Hits)
	}
	if len(o.Samples) > 0 {
		s += ", samples" + countsText(o.Samples)
	}
	if len(o.Throttled) > 0 {
		s += ", throttled" + handlesText(o.Throttled)
	}
	if len(o.Err) > 0 {
		s += ", in the error state" + handlesText(o.Err)
	}
	if o.Trap.N > 0 {
		s += fmt.Sprintf(", trap x%d at 0x%x", o.Trap.N, o.Trap.Addr)
		if o.Trap.Errno != 0 {
			s += fmt.Sprintf(" errno %d", o.Trap.Errno)
		}
	}
	if h := &o.Trap.Handled; h.N > 0 {
		s += fmt.Sprintf(", signal handled x%d code %d at 0x%x", h.N, h.Code, h.Addr)
	}
	return s
}

func residueText(kde []int, violation string) string {
	s := "no residue"
	if len(kde) > 0 {
		s = "MDSCR_EL1.KDE is set on"
		for _, cpu := range kde {
			s += " cpu" + strconv.Itoa(cpu)
		}
	}
	if violation != "" {
		s += "; " + violation
	}
	return s
}

// A register is one register of a dump.
type register struct {
	reg  arm64.Reg
	name string
	v    uint64
}

func registersOf(r *hwdebug.Regs) []register {
	var regs []register
	for _, bank := range []struct {
		base int
		kind arm64.Reg
		v    []uint64
	}{
		{arm64.BVR, arm64.RegBVR, r.BVR}, {arm64.BCR, arm64.RegBCR, r.BCR},
		{arm64.WVR, arm64.RegWVR, r.WVR}, {arm64.WCR, arm64.RegWCR, r.WCR},
	} {
		for i, v := range bank.v {
			regs = append(regs, register{bank.kind, arm64.RegName(bank.base + i), v})
		}
	}
	return append(regs, register{arm64.RegMDSCR, "MDSCR_EL1", r.MDSCR})
}

func regsText(r *hwdebug.Regs) string {
	s := "cpu" + strconv.Itoa(r.CPU)
	for _, reg := range registersOf(r) {
		s += fmt.Sprintf(" %s=0x%x", reg.name, reg.v)
	}
	return s
}

// diffRegs returns the registers in which two dumps differ, on each side, and the fields that
// differ in words.
func diffRegs(want, got *hwdebug.Regs) (expected, found string, fields []string) {
	a, b := registersOf(want), registersOf(got)
	cpu := "cpu" + strconv.Itoa(want.CPU)
	expected, found = "OK, "+cpu, "OK, cpu"+strconv.Itoa(got.CPU)
	if want.CPU != got.CPU {
		fields = append(fields, fmt.Sprintf("CPU: kernel %d, model %d", want.CPU, got.CPU))
	}
	if len(a) != len(b) {
		return expected + " with " + strconv.Itoa(len(a)) + " registers",
			found + " with " + strconv.Itoa(len(b)), fields
	}
	for i := range a {
		x, y := a[i], b[i]
		if x.v == y.v && x.name == y.name {
			continue
		}
		expected += fmt.Sprintf(" %s=0x%x", x.name, x.v)
		found += fmt.Sprintf(" %s=0x%x", y.name, y.v)
		fields = append(fields, diffFields(cpu+" "+x.name, x.reg, x.v, y.v)...)
	}
	return expected, found, fields
}

// diffFields returns a line for each field in which two values of a register differ, and the
// meaning of both values.
func diffFields(name string, reg arm64.Reg, want, got uint64) (lines []string) {
	for _, f := range arm64.Diff(reg, want, got) {
		lines = append(lines, fmt.Sprintf("%s %s: kernel %s, model %s", name, f.Name, f.Old.Text(),
			f.New.Text()))
	}
	if reg == arm64.RegBCR || reg == arm64.RegWCR {
		lines = append(lines, name+" kernel: "+meaning(reg, want), name+" model: "+meaning(reg, got))
	}
	return lines
}

func meaning(reg arm64.Reg, v uint64) string {
	if v == 0 {
		return "not installed"
	}
	return arm64.Explain(reg, v)
}

// diffPairs returns a line for each address and each field in which two register sets differ.
func diffPairs(s *Step, got *Obs) (fields []string) {
	reg := arm64.RegBCR
	if s.Which == hwdebug.HwWatch {
		reg = arm64.RegWCR
	}
	for i := 0; i < len(s.Obs.Pairs) && i < len(got.Pairs); i++ {
		a, b := s.Obs.Pairs[i], got.Pairs[i]
		name := sets.names[s.Which] + " entry " + strconv.Itoa(i)
		if a.Addr != b.Addr {
			fields = append(fields,
				fmt.Sprintf("%s address: kernel 0x%016x, model 0x%016x", name, a.Addr, b.Addr))
		}
		if a.Ctrl != b.Ctrl {
			fields = append(fields, diffFields(name+" control", reg, uint64(a.Ctrl), uint64(b.Ctrl))...)
		}
	}
	return fields
}

// A Report is the result of a run.
type Report struct {
	Kernels []string `json:"kernels"` // the recorded kernels, each once
	Files   int      `json:"files"`
	Cases   int      `json:"cases"` // replayed
	Skipped []Skip   `json:"skipped,omitempty"`
	Tally
	// OtherOrder names the cases that agree once the scheduler chooses otherwise at a fork or an exec than it
	// does by default (R-CTX-19, R-EVT-31).
	OtherOrder []string `json:"other_order,omitempty"`
	Verbose    bool     `json:"-"` // Text names them
	// Divergences holds the first divergences, the unmarked before the marked ones.
	Divergences []Divergence `json:"divergences"`
}

// A Skip counts cases that were not replayed.
type Skip struct {
	Why   string `json:"why"`
	Cases int    `json:"cases"`
	Steps int    `json:"steps"`
}

// skip counts a case of that many steps.
func (r *Report) skip(why string, steps int) {
	for i := range r.Skipped {
		if s := &r.Skipped[i]; s.Why == why {
			s.Cases++
			s.Steps += steps
			return
		}
	}
	r.Skipped = append(r.Skipped, Skip{why, 1, steps})
}

// OK reports whether every unmarked step agreed, every case left the same residue as on the kernel, and the
// order of register writes agreed but for one list in 200: in about as many a worker ran in between.
func (r *Report) OK() bool {
	return r.Diverging == 0 && r.Residues == 0 && r.ListsDiverging*200 <= r.Lists
}

// JSON writes the report as one indented JSON object.
func (r *Report) JSON(w io.Writer) error {
	c := *r
	if c.Divergences == nil {
		c.Divergences = []Divergence{}
	}
	if c.Kernels == nil {
		c.Kernels = []string{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(&c)
}

// Text writes the report for people: the counts, then the first divergences.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for _, row := range []struct {
		name string
		n    int
		more string
	}{
		{"cases", r.Cases, ""},
		{"steps", r.Steps, ""},
		{"agreeing", r.Agreeing, percent(r.Agreeing, r.Agreeing+r.Diverging)},
		{"diverging", r.Diverging, ""},
		{"marked", r.Marked, fmt.Sprintf("%d agreeing, %d diverging", r.MarkedAgreeing, r.MarkedDiverging)},
	} {
		fmt.Fprintf(&b, "%-9s %8d", row.name, row.n)
		if row.more != "" {
			b.WriteString("  (" + row.more + ")")
		}
		b.WriteByte('\n')
	}
	if r.Unobserved > 0 {
		fmt.Fprintf(&b, "%-9s %8d  (steps that read registers, which the target cannot)\n", "left out",
			r.Unobserved)
	}
	if r.Residues > 0 {
		fmt.Fprintf(&b, "%-9s %8d  (cases with another residue)\n", "residues", r.Residues)
	}
	if r.Lists > 0 {
		fmt.Fprintf(&b, "%-9s %8d  (register writes: %d lists in another order)\n", "lists", r.Lists,
			r.ListsDiverging)
	}
	if n := len(r.OtherOrder); n > 0 {
		fmt.Fprintf(&b, "%-9s %8d  (cases agree with another order that the kernel allows)\n", "reordered", n)
	}
	if r.Verbose {
		for _, name := range r.OtherOrder {
			b.WriteString("  " + name + "\n")
		}
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "%-9s %8d  (cases, %d steps: %s)\n", "skipped", s.Cases, s.Steps, s.Why)
	}
	for i := range r.Divergences {
		b.WriteString("\n" + r.Divergences[i].String() + "\n")
	}
	shown, total := len(r.Divergences), r.Diverging+r.MarkedDiverging+r.Residues+r.ListsDiverging
	if shown > 0 && total > shown {
		fmt.Fprintf(&b, "\n%d more not shown\n", total-shown)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// percent returns n of all in percent, rounded down so that 100 % means all.
func percent(n, all int) string {
	if all == 0 {
		return ""
	}
	hundredths := n * 10000 / all
	return fmt.Sprintf("%d.%02d %% of the unmarked", hundredths/100, hundredths%100)
}
