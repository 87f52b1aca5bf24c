// Failures of assertions as values, and the one place that formats them.

package vm

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm/phrase"
)

// A Failure is a failed assertion. Run and Call return it inside their error, where errors.As finds it.
type Failure struct {
	Assertion string // its name: "equals", "is_not nil", "regs"; "assert" for a plain assert
	Message   string // the message that the script passed
	Script    string // the chunk that called the assertion
	Line      int
	Comparison

	// Cause is the Go error whose message was asserted, such as an errno, or nil.
	Cause error
}

// A Comparison holds what an assertion compared.
type Comparison struct {
	Expected  Side // the zero Side if the assertion has no sides
	Found     Side
	Details   []Detail
	More      int            // details left out
	Registers []RegisterDiff // the registers that differ
}

// A Detail is a difference inside the compared values, or an operand of the comparison in assert(a == b).
type Detail struct {
	Path     string // ".slots[2]", "name 3"; of an operand: "right of =="
	Expected Side   // the zero Side for an operand
	Found    Side
}

// A RegisterDiff is a register that does not hold the expected value.
type RegisterDiff struct {
	CPU             string // "cpu2"
	Field           string // the script's name of it: "wcr[0]"
	Name            string // the manual's name of it: "DBGWCR0_EL1"
	Expected, Found uint64
	Digits          int // hexadecimal digits to print
	Fields          []FieldDiff
	Written         *Written // the last write, nil if none is known
}

// A Written is the last write of a register.
type Written struct {
	At    float64 // seconds
	By    string  // "app (pid 1000)"
	Value uint64
	Chain []string // from the writing function outwards
}

// String formats the write as "at 0.000000 s by app (pid 1000): write_wb_reg < ...".
func (w *Written) String() string {
	return fmt.Sprintf("at %.6f s by %s: %s", w.At, w.By, strings.Join(w.Chain, " < "))
}

// writers returns a line for each of the first registers that says who wrote it last,
// where that is known.
func (c *Comparison) writers(style Style) (lines []string) {
	const listed = 3
	for _, r := range c.Registers[:min(listed, len(c.Registers))] {
		if r.Written == nil {
			continue
		}
		name := r.Name
		if style.script {
			name = r.Field
		}
		text := r.CPU + " " + name + " was last written " + r.Written.String()
		lines = append(lines, strings.Split(phrase.Wrap(text, 100, "    "), "\n")...)
	}
	return lines
}

// A FieldDiff is a field of a register that differs, with both values in words.
type FieldDiff struct{ Name, Expected, Found string }

// String formats the field as "E 1 -> 0".
func (f FieldDiff) String() string { return f.Name + " " + f.Expected + " -> " + f.Found }

// maxListed limits the registers that Error lists.
const maxListed = 24

// Error formats the whole failure: the headline, then the comparison.
func (f *Failure) Error() string {
	c := f.Comparison
	c.Registers = c.Registers[:min(maxListed, len(c.Registers))]
	lines := append([]string{f.Headline("assert")}, c.Lines(Style{script: true})...)
	if n := len(f.Registers) - maxListed; n > 0 {
		lines = append(lines, "  and "+phrase.Plural(n, "more register"))
	}
	return strings.Join(lines, "\n")
}

// Headline returns the message of the script and the assertion that failed, which table ("assert" or
// "check") holds.
func (f *Failure) Headline(table string) string {
	switch {
	case f.Assertion == "assert" || f.Assertion == "":
		return f.Message
	case f.Message != "":
		return fmt.Sprintf("%s (%s.%s)", f.Message, table, f.Assertion)
	}
	return fmt.Sprintf("%s.%s failed", table, f.Assertion)
}

// Unwrap returns Cause.
func (f *Failure) Unwrap() error { return f.Cause }

// A Style says how to format a failure. The zero Style is that of plain reports.
type Style struct {
	// Color returns text in the color of a part: "expected", "found", "bold" or "dim".
	Color func(part, text string) string

	// script formats the message of a Lua error: compact, with the script's names of registers.
	script bool
}

// Paint returns text in the color of a part.
func (s Style) Paint(part, text string) string {
	if s.Color == nil {
		return text
	}
	return s.Color(part, text)
}

// gap returns the empty line before a table or diff, which the message of a Lua error does without.
func (s Style) gap() []string {
	if s.script {
		return nil
	}
	return []string{""}
}

// HasSides reports whether the comparison says what was expected and what was found.
func (c *Comparison) HasSides() bool { return c.Expected != Side{} || c.Found != Side{} }

// Lines formats the comparison: both sides or the diff of long ones, the details, and the registers.
func (c *Comparison) Lines(style Style) []string {
	lines := c.sides(style)
	for _, l := range c.DetailLines() {
		lines = append(lines, "  "+l)
	}
	if len(c.Registers) > 0 {
		lines = append(lines, style.gap()...)
		for _, l := range append(registerTable(c.Registers, style), c.writers(style)...) {
			lines = append(lines, "  "+l)
		}
	}
	return lines
}

// sides formats both sides, or the diff of long ones.
func (c *Comparison) sides(style Style) (lines []string) {
	if diff := c.Diff(); diff != nil {
		lines = style.gap()
		for _, l := range diff {
			lines = append(lines, "  "+style.Paint(DiffPart(l), l))
		}
		return lines
	}
	const indent = "            "
	expected, found := c.Expected.String(), c.Found.String()
	side := func(label, part, text string) {
		if text != "" {
			text = strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+indent)
			lines = append(lines, label+style.Paint(part, text))
		}
	}
	side("  expected: ", "expected", expected)
	side("  found:    ", "found", found)
	if n := apart(expected, found); n > 0 && !style.script {
		lines = append(lines, indent+strings.Repeat(" ", n)+style.Paint("dim", "^ first difference"))
	}
	return lines
}

// DiffPart returns the part of a line of a diff, for its color.
func DiffPart(line string) string {
	return map[byte]string{'-': "expected", '+': "found"}[line[0]]
}

// apart returns the column in which two lines begin to differ, 0 if that is easy to see.
func apart(a, b string) int {
	if len(a) < 16 || len(b) < 16 || strings.ContainsAny(a+b, "\n\t") {
		return 0
	}
	n := commonPrefix(a, b)
	for n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	if n < 4 || a == b || strings.HasPrefix(a[n:], "...") { // any names may follow
		return 0
	}
	return phrase.Width(a[:n])
}

// DetailLines formats the details: ".slots[2]: expected 1, found 2", operands one below the other.
func (c *Comparison) DetailLines() (lines []string) {
	width := 0
	for _, d := range c.Details {
		width = max(width, len(d.Path+": "))
	}
	for _, d := range c.Details {
		text := fmt.Sprintf("%s: expected %v, found %v", d.Path, d.Expected, d.Found)
		if d.Expected == (Side{}) {
			text = phrase.Pad(d.Path+":", width) + d.Found.String()
		}
		lines = append(lines, strings.Split(text, "\n")...)
	}
	if c.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more differences", c.More))
	}
	return lines
}

// RegisterHead lists the headings of a table of registers.
var RegisterHead = []string{"CPU", "register", "expected", "found", "bits", "fields"}

// Row returns the cells below RegisterHead.
func (r RegisterDiff) Row() []string {
	words := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		words[i] = f.String()
	}
	return []string{
		r.CPU, r.Name, Hex(r.Expected, r.Digits), Hex(r.Found, r.Digits),
		bitRanges(r.Expected ^ r.Found), strings.Join(words, ", "),
	}
}

// bitRanges names the bits that are set, the highest first: "12-5 0".
func bitRanges(v uint64) string {
	var parts []string
	for v != 0 {
		high := bits.Len64(v) - 1
		low := bits.Len64(^(v << (63 - high) >> (63 - high)) & (1<<high - 1))
		if low == high {
			parts = append(parts, fmt.Sprint(high))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", high, low))
		}
		v &= 1<<low - 1
	}
	return strings.Join(parts, " ")
}

// registerTable lays registers out in columns.
//
//	CPU   register     expected  found  bits  fields
//	cpu0  DBGWCR0_EL1  0x1e5     0x1e4  0     E 1 -> 0
func registerTable(regs []RegisterDiff, style Style) []string {
	rows := [][]string{RegisterHead}
	for _, r := range regs {
		row := r.Row()
		if style.script {
			row[1] = r.Field
		}
		rows = append(rows, row)
	}
	lines := make([]string, len(rows))
	for column, title := range RegisterHead {
		width := 0
		for _, row := range rows {
			width = max(width, phrase.Width(row[column])+2)
		}
		for i, row := range rows {
			part := title // "expected" and "found" have a color
			if i == 0 {
				part = "dim"
			}
			lines[i] += style.Paint(part, phrase.Pad(row[column], width))
		}
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}
