// pretty: for people. A line for each file, and below it its failures.

package report

import (
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

type pretty struct {
	*out
	p     paint
	o     Options
	file  string
	cases []*scenario.Result // of file: all if verbose, else those to explain
	sum   scenario.Summary   // of file: counts and time
	bad   []*scenario.Result // for the list at the end
}

func newPretty(w *out, o Options) Writer {
	return &pretty{out: w, p: paint{o.Color}, o: o}
}

func (w *pretty) Begin(i scenario.Info) {
	if i.Shard.Total > 1 {
		from := ""
		if i.ShardFrom != "" {
			from = " (from " + i.ShardFrom + ")"
		}
		w.printf("shard %s%s\n", i.Shard, from)
	}
	if i.Shuffled {
		w.printf("shuffled; --shuffle %d repeats this order\n", i.Seed)
	}
}

func (w *pretty) Case(r *scenario.Result) {
	if w.file != r.Case.File {
		w.flush()
		w.file = r.Case.File
	}
	w.sum.Counts[r.Status]++
	w.sum.Elapsed += r.Elapsed
	limited := r.Explored != nil && r.Explored.Limit != ""
	if w.o.Verbose || limited || r.Status.Bad() || r.Flaky != nil ||
		r.Status == scenario.Skipped && len(w.cases) == 0 {
		w.cases = append(w.cases, r)
	}
	if r.Status.Bad() {
		w.bad = append(w.bad, r)
	}
}

// flush prints the file whose cases came last.
func (w *pretty) flush() {
	n, total, bad := w.sum.Counts, w.sum.Cases(), w.sum.Bad()
	if total == 0 {
		return
	}
	word := w.p.green("ok   ")
	switch {
	case bad > 0:
		word = w.p.red("FAIL ")
	case n[scenario.Skipped]+n[scenario.Pending] == total:
		word = w.p.yellow("skip ")
	}
	what := phrase.Plural(total, "case")
	for _, st := range notPassed {
		if n[st] > 0 && !(st == scenario.Skipped && n[st] == total) {
			what += fmt.Sprintf(", %d %s", n[st], statusWord(st, n[st]))
		}
	}
	if n[scenario.Skipped] == total && len(w.cases) > 0 {
		what += " skipped: " + w.cases[0].Reason
	}
	w.printf("%s %-40s  %s  %s\n", word, w.file, what, w.p.dim(seconds(w.sum.Elapsed)))
	for _, r := range w.cases {
		w.one(r)
	}
	if bad > 0 {
		w.print("\n")
	}
	w.file, w.cases, w.sum = "", nil, scenario.Summary{}
}

// one prints a case: a line if it passed, everything if it failed.
func (w *pretty) one(r *scenario.Result) {
	name := clean(r.Case.Name()) + round(r.Case)
	switch r.Status {
	case scenario.Passed:
		w.printf("  %s %s  %s\n", w.p.green("ok   "), name, w.p.dim(seconds(r.Elapsed)))
		if r.Flaky != nil {
			w.lines([]string{w.p.yellow(flaky(r))})
		}
		if x := r.Explored; x != nil {
			w.lines([]string{w.p.dim(x.String())})
			if w.o.Verbose {
				w.lines(x.Notes)
			}
		}
		if w.o.Verbose {
			w.output(r)
		}
		return
	case scenario.Skipped, scenario.Pending:
		if !w.o.Verbose {
			return
		}
		why := r.Why()
		if r.Status == scenario.Skipped {
			why = "skipped: " + why
		}
		w.printf("  %s %s  %s\n", w.p.yellow("skip "), name, w.p.dim(clean(why)))
		return
	}
	w.printf("\n  %s %s\n", w.p.red(strings.ToUpper(r.Status.String())+":"), w.p.bold(name))
	for i, f := range r.Failures {
		if i > 0 {
			w.print("\n")
		}
		w.lines(f.Lines(vm.Style{Color: w.p.part}))
	}
	w.output(r)
	w.lines(around(r))
}

func (w *pretty) lines(lines []string) {
	for _, l := range lines {
		if l == "" {
			w.print("\n")
			continue
		}
		w.print("    " + strings.ReplaceAll(w.safe(l), "\n", "\n    ") + "\n")
	}
}

// safe cleans a line, except for our own colors.
func (w *pretty) safe(l string) string {
	if !w.p.on {
		return clean(l)
	}
	parts := strings.Split(l, "\x1b[")
	for i := range parts {
		parts[i] = clean(parts[i])
	}
	return strings.Join(parts, "\x1b[")
}

func (w *pretty) output(r *scenario.Result) {
	if r.Output == "" {
		return
	}
	w.lines([]string{"", "output"})
	for l := range strings.Lines(r.Output) {
		w.lines([]string{"  " + strings.TrimRight(l, "\r\n")})
	}
}

func (w *pretty) Broken(b *scenario.Broken) {
	w.flush()
	w.printf("%s %s\n", w.p.red("FAIL "), w.p.bold(scenario.Place(b.File, b.Line)))
	if text := b.Err.Excerpt(); text != "" {
		w.lines(strings.Split(text, "\n"))
	}
	w.lines(strings.Split(b.Message, "\n"))
}

func (w *pretty) Warning(text string) {
	w.flush()
	w.printf("%s %s\n", w.p.yellow("note:"), clean(text))
}

// End prints the list of failed cases and the totals.
func (w *pretty) End(s *scenario.Summary) {
	w.flush()
	if len(w.bad) > 1 {
		w.print("\nfailed:\n")
		for _, r := range w.bad {
			line := r.Case.Line
			if f := r.Cause(); f != nil && f.File == r.Case.File && f.Line > 0 {
				line = f.Line
			}
			w.printf("  %s  %s\n", scenario.Place(r.Case.File, line), clean(r.Case.Name())+round(r.Case))
		}
	}
	word := w.p.green("ok")
	switch {
	case s.Bad() > 0 || s.Unusable > 0 || s.Interrupted:
		word = w.p.red("FAIL")
	case s.Cases()+s.OtherShards == 0:
		word = w.p.yellow("none")
	}
	w.printf("\n%s  %s: %s  %s\n",
		word, totals(s), strings.Join(counts(s), ", "), w.p.dim(seconds(s.Elapsed)))
	for _, l := range extras(s) {
		w.printf("    %s\n", clean(l))
	}
}
