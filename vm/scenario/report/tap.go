// tap: the Test Anything Protocol, version 14, with the plan at the end. For a reader of version 13 only
// the first line differs, because version 14 can be read as 13.

package report

import (
	"strings"

	"github.com/hwlua/hwlua/vm/scenario"
)

type tap struct {
	*out
	version int
	n       int
}

func newTAP(w *out, o Options) Writer {
	if o.TAP == 13 {
		return &tap{out: w, version: 13}
	}
	return &tap{out: w, version: 14}
}

func (w *tap) Begin(i scenario.Info) {
	w.printf("TAP version %d\n", w.version)
	i.Properties = nil // other than the order of the run
	for _, p := range facts(i) {
		w.printf("# %s %s\n", p.Name, p.Value)
	}
}

// Case writes a test point, with a YAML block if it failed.
func (w *tap) Case(r *scenario.Result) {
	w.n++
	ok := "ok"
	if r.Status.Bad() {
		ok = "not ok"
	}
	w.printf("%s %d - %s: %s", ok, w.n, tapText(r.Case.File), tapText(r.Case.Name()+round(r.Case)))
	if r.Status == scenario.Skipped || r.Status == scenario.Pending {
		w.printf(" # SKIP %s", tapReason(r.Why()))
	}
	w.print("\n")
	if r.Flaky != nil {
		w.Warning(flaky(r))
	}
	if !r.Status.Bad() {
		return
	}
	w.print("  ---\n")
	w.yaml("message", headline(r))
	w.yaml("severity", map[bool]string{true: "fail", false: "error"}[r.Status == scenario.Failed])
	if f := r.Cause(); f != nil {
		if f.File != "" && f.Line > 0 {
			w.printf("  at:\n    file: %s\n    line: %d\n", yamlQuote(f.File), f.Line)
		}
		if f.HasSides() {
			w.yaml("expected", f.Expected.String())
			w.yaml("found", f.Found.String())
		}
	}
	w.printf("  duration_ms: %.3f\n", float64(r.Elapsed.Microseconds())/1000)
	if r.Repro != "" {
		w.yaml("again", r.Repro)
	}
	w.yaml("detail", whole(r))
	if r.Output != "" {
		w.yaml("output", r.Output)
	}
	w.print("  ...\n")
}

func (w *tap) Broken(b *scenario.Broken) {
	w.n++
	w.printf("not ok %d - %s: cannot be used\n  ---\n", w.n, tapText(b.File))
	w.yaml("message", b.Message)
	w.print("  severity: error\n")
	if b.Line > 0 {
		w.printf("  at:\n    file: %s\n    line: %d\n", yamlQuote(b.File), b.Line)
	}
	w.print("  ...\n")
}

func (w *tap) Warning(text string) {
	for l := range strings.Lines(clean(text)) {
		w.printf("# %s\n", strings.TrimRight(l, "\n"))
	}
}

func (w *tap) End(s *scenario.Summary) {
	w.printf("1..%d\n", w.n)
	w.printf("# %s in %s\n", strings.Join(counts(s), ", "), seconds(s.Elapsed))
	for _, l := range extras(s) {
		w.printf("# %s\n", tapReason(l))
	}
	if s.Interrupted {
		w.print("Bail out! interrupted\n")
	}
}

// yaml writes a key: text of several lines as a block, other text quoted. The small YAML readers of TAP
// consumers need empty lines of a block to be indented, and a block not to begin with a blank.
func (w *tap) yaml(key, value string) {
	value = strings.TrimRight(clean(value), "\n")
	if !strings.Contains(value, "\n") || strings.ContainsAny(value[:1], " \t\n") {
		w.printf("  %s: %s\n", key, yamlQuote(value))
		return
	}
	w.printf("  %s: |\n", key)
	for l := range strings.Lines(value) {
		w.printf("    %s\n", strings.TrimRight(l, "\n"))
	}
}

// yamlQuote formats s as a double-quoted YAML scalar.
func yamlQuote(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`).Replace(clean(s)) + `"`
}

// tapText formats a description: one line, # and \ escaped.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`, "\n", " ").Replace(clean(s))
}

// tapReason formats the text after a directive: one line.
func tapReason(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }
