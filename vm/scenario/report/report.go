// The formats, and the parts that their writers share.

// Package report writes the stream of a scenario run (vm/scenario) in the formats pretty (for a
// terminal), tap (version 14), junit, json (with the field names of "go test -json"), github
// (annotations of a workflow) and html (one page that needs no network). It runs nothing and knows no
// breakpoint: the state of machines comes as text and timelines in the results.
//
//	w, err := report.New("junit", file, report.Options{})
//	summary, err := scenario.Run(ctx, sources, scenario.Options{Sink: w})
//	err = w.Err()
//
// Writers write the cases as they come, in the order of the plan. Their output is complete after End,
// which a run calls even after an interrupt.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

// Options configure the writers.
type Options struct {
	Color   bool      // pretty: with colors
	Verbose bool      // pretty: all cases and their output
	Summary io.Writer // github: for the Markdown summary of the job; may be nil
	Command string    // html: the command line of the run
	Version string    // of the program
	Host    string    // junit: the name of the host, "" for localhost
	TAP     int       // tap: the version, 13 or 14; 0 is 14
}

// A Writer is a sink that keeps the first error of its output.
type Writer interface {
	scenario.Sink
	Err() error
}

// formats lists the formats with their writers.
var formats = []struct {
	name string
	make func(*out, Options) Writer
}{
	{"pretty", newPretty},
	{"tap", newTAP},
	{"junit", newJUnit},
	{"json", newJSON},
	{"github", newGitHub},
	{"html", newHTML},
}

// Formats returns the names that New knows.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// New returns a writer of a format. It returns an error only if the format is unknown.
func New(format string, w io.Writer, o Options) (Writer, error) {
	for _, f := range formats {
		if f.name == format {
			return f.make(&out{w: w}, o), nil
		}
	}
	msg := fmt.Sprintf("unknown report '%s'", format)
	if n, ok := phrase.Nearest(format, Formats()); ok {
		msg += fmt.Sprintf("; did you mean '%s'?", n)
	}
	return nil, fmt.Errorf("%s (there are %s)", msg, strings.Join(Formats(), ", "))
}

// out is an output that keeps its first error and writes nothing after it.
type out struct {
	w    io.Writer
	size int // bytes so far
	err  error
}

func (o *out) write(b []byte) {
	if o.err == nil {
		_, o.err = o.w.Write(b)
		o.size += len(b)
	}
}

func (o *out) print(s string)                 { o.write([]byte(s)) }
func (o *out) printf(format string, a ...any) { o.write(fmt.Appendf(nil, format, a...)) }
func (o *out) Err() error                     { return o.err }

// round returns the round of a repeated case, which makes its name unique.
func round(c *scenario.Case) string {
	if c.Round == 0 {
		return ""
	}
	return fmt.Sprintf(" (round %d)", c.Round)
}

// seconds formats a duration as reports do.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }

// place returns "file.lua:12", or the file alone if the line is unknown.
func place(file string, line int) string {
	if line <= 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// notPassed lists the other statuses in the order of reports.
var notPassed = []scenario.Status{
	scenario.Failed, scenario.Errored, scenario.Interrupted, scenario.Skipped, scenario.Pending,
}

// statusWord returns what reports say after a number of cases.
func statusWord(s scenario.Status, n int) string {
	switch {
	case s != scenario.Errored:
		return s.String()
	case n == 1:
		return "with an error"
	}
	return "with errors"
}

// totals returns the numbers of cases and files.
func totals(s *scenario.Summary) string {
	return phrase.Plural(s.Cases(), "case") + " in " + phrase.Plural(s.Files, "file")
}

// counts returns the numbers of cases by status, without those that are 0.
func counts(s *scenario.Summary) []string {
	parts := []string{fmt.Sprintf("%d passed", s.Counts[scenario.Passed])}
	for _, st := range notPassed {
		if n := s.Counts[st]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, statusWord(st, n)))
		}
	}
	return parts
}

// extras returns the lines below the counts: what did not run, and why the run stopped.
func extras(s *scenario.Summary) []string {
	var lines []string
	if s.Unusable > 0 {
		lines = append(lines, phrase.Plural(s.Unusable, "file")+" could not be used")
	}
	if s.Deselected > 0 {
		lines = append(lines, phrase.Plural(s.Deselected, "case")+" not selected")
	}
	if s.OtherShards > 0 {
		lines = append(lines, phrase.Plural(s.OtherShards, "case")+" in other shards")
	}
	if s.Interrupted {
		lines = append(lines, "interrupted: cases that had not started are missing")
	} else if s.Stopped != "" {
		lines = append(lines, "stopped early: "+s.Stopped)
	}
	snap := s.Snapshots
	if snap.Written > 0 {
		lines = append(lines, phrase.Plural(snap.Written, "snapshot")+" written")
	}
	if snap.Removed > 0 {
		lines = append(lines, phrase.Plural(snap.Removed, "obsolete snapshot")+" removed")
	}
	for _, o := range snap.Obsolete {
		lines = append(lines, "obsolete snapshot (remove it with --update): "+o)
	}
	return lines
}

// explain formats a failure as lines, without the name of the case, for all text formats.
func explain(f *scenario.Failure, p *paint) []string {
	lines := position(f, p)
	for l := range strings.Lines(f.Message) {
		lines = append(lines, p.bold(strings.TrimRight(l, "\n")))
	}
	lines = append(lines, sides(f, p)...)
	for _, d := range f.Details {
		for l := range strings.Lines(d) {
			lines = append(lines, "  "+strings.TrimRight(l, "\n"))
		}
	}
	if len(f.Registers) > 0 {
		lines = append(lines, "")
		for _, l := range registerTable(f.Registers, p) {
			lines = append(lines, "  "+l)
		}
	}
	notes := f.Notes
	if showTrace(f) {
		trace := scenario.Paragraph{Title: "Lua stack, innermost first", Lines: vm.TraceLines(f.Frames)}
		notes = append([]scenario.Paragraph{trace}, notes...)
	}
	for _, n := range notes {
		lines = append(lines, paragraph(n)...)
	}
	return lines
}

// position formats the position of a failure and its source line.
func position(f *scenario.Failure, p *paint) (lines []string) {
	if f.File != "" {
		at := place(f.File, f.Line)
		if f.Soft {
			at += " (check: the case continued)"
		}
		lines = append(lines, p.dim(at))
	}
	if f.Source != "" {
		lines = append(lines, fmt.Sprintf("%s %s", p.dim(fmt.Sprintf("%5d |", f.Line)), f.Source))
		if f.Column > 0 {
			column := len("    1 | ") + phrase.Width(f.Source[:f.Column-1])
			lines = append(lines, strings.Repeat(" ", column)+"^")
		}
	}
	return lines
}

// sides formats both sides of a failure, or the diff of long ones.
func sides(f *scenario.Failure, p *paint) (lines []string) {
	if diff := vm.Diff(f.Expected, f.Found); diff != nil {
		lines = append(lines, "")
		for _, l := range diff {
			lines = append(lines, "  "+p.diffLine(l))
		}
	} else if f.HasSides() {
		expected, found := f.Expected.String(), f.Found.String()
		lines = append(lines, "  expected: "+p.green(indent(expected, "            ")))
		lines = append(lines, "  found:    "+p.red(indent(found, "            ")))
		if n := apart(expected, found); n > 0 {
			lines = append(lines, "            "+strings.Repeat(" ", n)+p.dim("^ first difference"))
		}
	}
	return lines
}

// apart returns the column in which two lines begin to differ, 0 if that is easy to see.
func apart(a, b string) int {
	if len(a) < 16 || len(b) < 16 || strings.ContainsAny(a+b, "\n\t") {
		return 0
	}
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	anyNames := strings.HasPrefix(string(x[n:]), "...")
	if n < 4 || n == len(x) && n == len(y) || anyNames {
		return 0
	}
	return phrase.Width(string(x[:n]))
}

// showTrace reports whether the frames tell more than the place does.
func showTrace(f *scenario.Failure) bool {
	lua := 0
	for _, frame := range f.Frames {
		if frame.File != "" {
			lua++
		}
	}
	return f.Kind != "assertion" && (lua > 1 || f.Kind == "panic")
}

// paragraph formats a note.
func paragraph(n scenario.Paragraph) []string {
	lines := []string{"", n.Title}
	for _, l := range n.Lines {
		lines = append(lines, "  "+l)
	}
	return lines
}

// around formats what follows all failures of a case: the notes and the command that reruns it.
func around(r *scenario.Result) []string {
	var lines []string
	for _, n := range r.Look.Notes {
		lines = append(lines, paragraph(n)...)
	}
	if r.Repro != "" {
		lines = append(lines, "", "rerun: "+r.Repro)
	}
	return lines
}

// whole formats everything about a failed case as plain text.
func whole(r *scenario.Result) string {
	var lines []string
	for i, f := range r.Failures {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, explain(f, &paint{})...)
	}
	lines = append(lines, around(r)...)
	return strings.Join(lines, "\n") + "\n"
}

// headline returns the failure that ended the case on one line.
func headline(r *scenario.Result) string {
	f := r.Cause()
	if f == nil {
		return r.Reason
	}
	msg, _, _ := strings.Cut(f.Message, "\n")
	expected, found := f.Expected.String(), f.Found.String()
	if f.HasSides() && !strings.Contains(expected+found, "\n") && len(expected)+len(found) < 120 {
		msg += fmt.Sprintf(" (expected %s, found %s)", expected, found)
	}
	const listed = 3
	var regs []string
	for _, r := range f.Registers[:min(listed, len(f.Registers))] {
		row := registerRow(&r)
		regs = append(regs, fmt.Sprintf("%s %s -> %s", strings.TrimSpace(row[0]+" "+row[1]), row[2], row[3]))
	}
	if len(regs) > 0 {
		msg += ": " + strings.Join(regs, ", ")
	}
	if n := len(f.Registers) - listed; n > 0 {
		msg += fmt.Sprintf("; %d more", n)
	}
	return msg
}

// registerHead lists the headings of a table of registers.
var registerHead = []string{"CPU", "register", "expected", "found", "bits", "fields"}

// registerRow returns the cells below registerHead.
func registerRow(r *vm.RegisterDiff) []string {
	words := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		words[i] = f.String()
	}
	return []string{
		r.CPU, r.Name, vm.Hex(r.Expected, r.Digits), vm.Hex(r.Found, r.Digits),
		bitRanges(r.Expected ^ r.Found), strings.Join(words, ", "),
	}
}

// bitRanges names the bits that are set, the highest first: "12-5 0".
func bitRanges(v uint64) string {
	var parts []string
	for hi := 63; hi >= 0; hi-- {
		lo := hi
		for ; lo >= 0 && v>>lo&1 == 1; lo-- {
		}
		switch n := hi - lo; {
		case n == 1:
			parts = append(parts, fmt.Sprint(hi))
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d-%d", hi, lo+1))
		default:
			continue
		}
		hi = lo
	}
	return strings.Join(parts, " ")
}

// registerTable lays registers out in columns.
//
//	CPU   register     expected  found  bits  fields
//	cpu0  DBGWCR0_EL1  0x1e5     0x1e4  0     E 1 -> 0
func registerTable(regs []vm.RegisterDiff, p *paint) []string {
	rows := [][]string{registerHead}
	for i := range regs {
		rows = append(rows, registerRow(&regs[i]))
	}
	width := make([]int, len(registerHead))
	for _, row := range rows {
		for i, c := range row {
			width[i] = max(width[i], phrase.Width(c))
		}
	}
	color := []func(string) string{plain, plain, p.green, p.red, plain, plain}
	lines := make([]string, len(rows))
	for n, row := range rows {
		var b strings.Builder
		for i, c := range row {
			cell := phrase.Pad(c, width[i]+2)
			if n == 0 {
				cell = p.dim(cell)
			} else {
				cell = color[i](cell)
			}
			b.WriteString(cell)
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

func plain(s string) string { return s }

// indent puts prefix before each line but the first.
func indent(s, prefix string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+prefix)
}

// clean escapes what terminals and XML readers reject: control characters except tab and newline, and
// bytes that are not UTF-8.
func clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !printable(r) }) {
		return s
	}
	var b strings.Builder
	for i, w := 0, 0; i < len(s); i += w {
		r, n := utf8.DecodeRuneInString(s[i:])
		w = n
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !printable(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
	}
	return b.String()
}

// printable reports whether reports write r as it is.
func printable(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return true
	case r < 0x20, r >= 0x7f && r < 0xa0, r == utf8.RuneError, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}
