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
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

// Options configure the writers.
type Options struct {
	Color   bool                     // pretty: with colors
	Verbose bool                     // pretty: all cases and their output
	Summary io.Writer                // github: for the Markdown summary of the job; may be nil
	Command string                   // html: the command line of the run
	Terms   func(text string) []Term // html: the names in text that the page explains; may be nil
	Host    string                   // junit: the name of the host, "" for localhost
	TAP     int                      // tap: the version, 13 or 14; 0 is 14
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

// facts returns the properties of a run, with its shard and the seed of its order.
func facts(i scenario.Info) []scenario.Property {
	list := slices.Clone(i.Properties)
	if i.Shard.Total > 1 {
		list = append(list, scenario.Property{Name: "shard", Value: i.Shard.String()})
	}
	if i.Shuffled {
		list = append(list, scenario.Property{Name: "shuffle", Value: fmt.Sprint(i.Seed)})
	}
	return list
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
	count := func(n int, noun, rest string) {
		if n > 0 {
			lines = append(lines, phrase.Plural(n, noun)+rest)
		}
	}
	count(s.Flaky, "case", " failed at first and passed when run again (flaky)")
	count(s.Unusable, "file", " could not be used")
	count(s.Deselected, "case", " not selected")
	count(s.OtherShards, "case", " in other shards")
	if s.Interrupted {
		lines = append(lines, "interrupted: cases that had not started are missing")
	} else if s.Stopped != "" {
		lines = append(lines, "stopped early: "+s.Stopped)
	}
	snap := s.Snapshots
	count(snap.Written, "snapshot", " written")
	count(snap.Removed, "obsolete snapshot", " removed")
	for _, o := range snap.Obsolete {
		lines = append(lines, "obsolete snapshot (remove it with --update): "+o)
	}
	return lines
}

// around formats what follows all failures of a case: the notes and the command that reruns it.
func around(r *scenario.Result) []string {
	var lines []string
	for _, n := range r.Look.Notes {
		lines = append(lines, n.Text()...)
	}
	if r.Tries > 1 && r.Status.Bad() {
		lines = append(lines, "", fmt.Sprintf("failed in all %d runs", r.Tries))
	}
	if r.Repro != "" {
		lines = append(lines, "", "rerun: "+r.Repro)
	}
	return lines
}

// flaky returns on one line why a flaky case failed at first.
func flaky(r *scenario.Result) string {
	text := fmt.Sprintf("flaky: failed %d of %d times: ", r.Tries-1, r.Tries)
	if f := r.Flaky; f.File != "" {
		text += scenario.Place(f.File, f.Line) + ": "
	}
	return text + brief(r.Flaky)
}

// whole formats everything about a failed case as plain text.
func whole(r *scenario.Result) string {
	var lines []string
	for i, f := range r.Failures {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, f.Lines(vm.Style{})...)
	}
	lines = append(lines, around(r)...)
	return strings.Join(lines, "\n") + "\n"
}

// headline returns the failure that ended the case on one line.
func headline(r *scenario.Result) string {
	if f := r.Cause(); f != nil {
		return brief(f)
	}
	return r.Reason
}

// brief returns a failure on one line.
func brief(f *scenario.Failure) string {
	msg, _, _ := strings.Cut(f.Message, "\n")
	expected, found := f.Expected.String(), f.Found.String()
	if f.HasSides() && !strings.Contains(expected+found, "\n") && len(expected)+len(found) < 120 {
		msg += fmt.Sprintf(" (expected %s, found %s)", expected, found)
	}
	const listed = 3
	var regs []string
	for _, r := range f.Registers[:min(listed, len(f.Registers))] {
		row := r.Row()
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

// clean escapes what terminals and XML readers reject: control characters except tab and newline, and
// bytes that are not UTF-8.
func clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !printable(r) }) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case printable(r):
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(r)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			fmt.Fprintf(&b, `\x%02x`, r)
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
