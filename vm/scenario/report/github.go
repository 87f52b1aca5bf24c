// github: annotations for the log of a workflow, and a table for the summary of its job.

package report

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm/scenario"
)

type github struct {
	*out
	o   Options
	bad []string // rows of the table
}

func newGitHub(w *out, o Options) Writer { return &github{out: w, o: o} }

func (w *github) Begin(i scenario.Info) {}

func (w *github) Case(r *scenario.Result) {
	if r.Flaky != nil {
		w.annotate("warning", r.Case.File, r.Case.Line, r.Case.Name()+round(r.Case), flaky(r))
	}
	if !r.Status.Bad() {
		return
	}
	file, line := r.Case.File, r.Case.Line
	if f := r.Cause(); f != nil && f.File != "" {
		file, line = f.File, f.Line
	}
	name := r.Case.Name() + round(r.Case)
	w.annotate("error", file, line, name, strings.TrimRight(whole(r), "\n"))
	w.row(name, scenario.Place(file, line), headline(r))
}

// row adds a row to the table of failures.
func (w *github) row(name, place, failure string) {
	w.bad = append(w.bad, fmt.Sprintf("| %s | %s | %s |\n", cell(name), cell(place), cell(failure)))
}

func (w *github) Broken(b *scenario.Broken) {
	w.annotate("error", b.File, b.Line, "cannot be used", b.Message)
	w.row("(the file)", scenario.Place(b.File, b.Line), b.Message)
}

func (w *github) Warning(text string) { w.annotate("warning", "", 0, "", text) }

// End writes the totals, and the summary of the job.
func (w *github) End(s *scenario.Summary) {
	line := strings.Join(counts(s), ", ")
	w.printf("::notice title=hwlua::%s\n", data(line))
	if w.o.Summary == nil {
		return
	}
	md := &out{w: w.o.Summary}
	md.printf("### hwlua: %s\n\n%s, %s\n", totals(s), line, seconds(s.Elapsed))
	for _, l := range extras(s) {
		md.printf("\n%s\n", l)
	}
	if len(w.bad) > 0 {
		md.print("\n| case | place | failure |\n| --- | --- | --- |\n")
		for _, row := range w.bad {
			md.print(row)
		}
	}
	if w.err == nil {
		w.err = md.err
	}
}

// annotate writes a workflow command, which annotates a line of a file if they are known.
func (w *github) annotate(kind, file string, line int, title, text string) {
	var props []string
	if file != "" {
		props = append(props, "file="+property(file))
	}
	if line > 0 {
		props = append(props, fmt.Sprintf("line=%d", line))
	}
	if title != "" {
		props = append(props, "title="+property(title))
	}
	sep := ""
	if len(props) > 0 {
		sep = " "
	}
	w.printf("::%s%s%s::%s\n", kind, sep, strings.Join(props, ","), data(text))
}

// data escapes the text of a workflow command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(clean(s))
}

// property escapes a parameter of a workflow command.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}

// cell escapes text for a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(clean(s))
}
