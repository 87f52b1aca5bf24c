// The table of formats, and what the writers have in common.

// Package report writes the stream of a scenario run (vm/scenario) in the forms that people and
// machines read: pretty for a terminal, tap (version 14), junit, json (the field names of "go test
// -json"), github (annotations of a workflow) and html (one page that needs no network). It runs
// nothing and knows nothing about breakpoints: what machines had to say comes as text and timelines
// in the results.
//
//	w, err := report.New("junit", file, report.Options{})
//	summary, err := scenario.Run(ctx, sources, scenario.Options{Sink: w})
//	err = w.Err()
//
// Every writer is given its cases in the order of the plan and writes as they come; what it has
// written is complete once End was called, which a run does after an interrupt too.
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

// Options shape what writers write.
type Options struct {
	Color   bool      // pretty: with colours
	Verbose bool      // pretty: every case, and what it printed
	Summary io.Writer // github: where the Markdown summary of the job goes; nil: nowhere
	Command string    // html, junit: the command line that ran
	Version string    // of the program
	Host    string    // junit: the name of the host; "" becomes localhost
	TAP     int       // tap: the version that its reader knows, 13 or 14; 0 is 14
}

// A Writer is a sink that remembers the first error of what it writes to.
type Writer interface {
	scenario.Sink
	Err() error
}

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

// New returns the writer of that format to w. It fails for an unknown format only.
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

// out is a writer that stops at the first error and keeps it.
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

// round is the number of a repetition, for names that would be the same otherwise.
func round(c *scenario.Case) string {
	if c.Round == 0 {
		return ""
	}
	return fmt.Sprintf(" (round %d)", c.Round)
}

// seconds prints a time as reports do.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }

// place is "file.lua:12", or the file alone.
func place(file string, line int) string {
	if line <= 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// counts says how the cases of a run ended, the parts that are 0 left out.
func counts(s *scenario.Summary) []string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	parts = append(parts, fmt.Sprintf("%d passed", s.Count(scenario.Passed)))
	add(s.Count(scenario.Failed), "failed")
	add(s.Count(scenario.Errored), "with errors")
	add(s.Count(scenario.Interrupted), "interrupted")
	add(s.Count(scenario.Skipped), "skipped")
	add(s.Count(scenario.Pending), "pending")
	return parts
}

// extras are the lines below the counts: what was left out and why the run ended.
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

// explain is a failure as lines of plain text, without the name of the case: what every text format
// shows.
func explain(f *scenario.Failure, p *paint) []string {
	var lines []string
	add := func(s string) { lines = append(lines, s) }
	if f.File != "" {
		at := place(f.File, f.Line)
		if f.Soft {
			at += " (check: the case continued)"
		}
		add(p.dim(at))
	}
	if f.Source != "" {
		add(fmt.Sprintf("%s %s", p.dim(fmt.Sprintf("%5d |", f.Line)), f.Source))
		if f.Column > 0 {
			add(strings.Repeat(" ", len("    1 | ")+phrase.Width(f.Source[:f.Column-1])) + "^")
		}
	}
	for l := range strings.Lines(f.Message) {
		add(p.bold(strings.TrimRight(l, "\n")))
	}
	if diff := vm.Diff(f.Expected, f.Found); diff != nil {
		add("")
		for _, l := range diff {
			add("  " + p.diffLine(l))
		}
	} else if f.HasSides() {
		expected, found := f.Expected.String(), f.Found.String()
		add("  expected: " + p.green(indent(expected, "            ")))
		add("  found:    " + p.red(indent(found, "            ")))
		if n := apart(expected, found); n > 0 {
			add("            " + strings.Repeat(" ", n) + p.dim("^ first difference"))
		}
	}
	for _, d := range f.Details {
		for l := range strings.Lines(d) {
			add("  " + strings.TrimRight(l, "\n"))
		}
	}
	if len(f.Registers) > 0 {
		add("")
		for _, l := range registerTable(f.Registers, p) {
			add("  " + l)
		}
	}
	if showTrace(f) {
		add("")
		add("Lua stack, innermost first")
		for _, l := range vm.TraceLines(f.Frames) {
			add("  " + l)
		}
	}
	for _, n := range f.Notes {
		lines = append(lines, paragraph(n)...)
	}
	return lines
}

// apart is the column in which two lines begin to differ, 0 when the eye needs no help.
func apart(a, b string) int {
	if len(a) < 16 || len(b) < 16 || strings.ContainsAny(a+b, "\n\t") {
		return 0
	}
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	if n < 4 || n == len(x) && n == len(y) || strings.HasPrefix(string(x[n:]), "...") { // which stands for anything
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

func paragraph(n scenario.Paragraph) []string {
	lines := []string{"", n.Title}
	for _, l := range n.Lines {
		lines = append(lines, "  "+l)
	}
	return lines
}

// around is what is said once for all failures of a case: the machines' notes and the command for
// another run.
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

// whole is everything about a case that is not well, as plain text.
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

// headline is the failure that ended the case in one line.
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

// registerHead is the heading of a table of registers.
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

// indent puts prefix before every line but the first.
func indent(s, prefix string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+prefix)
}

// clean replaces what a terminal or an XML reader must not get: control characters but tab and
// newline, and bytes that are no UTF-8.
func clean(s string) string {
	ok := true
	for _, r := range s {
		if !printable(r) {
			ok = false
			break
		}
	}
	if ok {
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

func printable(r rune) bool {
	return r == '\n' || r == '\t' || r >= 0x20 && r != 0x7f && !(r >= 0x80 && r < 0xa0) && r != utf8.RuneError && r != 0xfffe && r != 0xffff
}
