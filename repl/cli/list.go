// --list: the selected cases, as text or JSON.

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hwlua/hwlua/vm/scenario"
)

// printList prints the cases for --list, in each format of --report. Files that cannot be used are
// reported on standard error.
func (o *runOptions) printList(
	ctx context.Context, env Env, sources []*scenario.Source, so scenario.Options,
) (int, error) {
	for _, asked := range o.reports {
		if format, _, _ := cutReport(asked); format != "pretty" && format != "json" {
			return 0, usagef("--list --report %s: cases are listed as text (pretty) or json", asked)
		}
	}
	cases, broken, err := o.cases(ctx, sources, so)
	if ctx.Err() != nil {
		return exitInterrupted, nil
	}
	if err != nil {
		return 0, err
	}
	code, err := o.writeLists(env, cases)
	if err != nil {
		return 0, err
	}
	for _, b := range broken {
		fmt.Fprintf(env.Stderr, "%v\n", &scenario.UsageError{Path: b.File, Line: b.Line, Message: b.Message})
		code = exitUsage
	}
	if len(broken) == 0 && len(cases) == 0 && so.Shard.Total <= 1 {
		fmt.Fprintln(env.Stderr, "hwlua run: no case selected")
		return exitUsage, nil
	}
	return code, nil
}

// writeLists writes the list of cases for each --report, or as text to standard output.
func (o *runOptions) writeLists(env Env, cases []*scenario.Case) (code int, err error) {
	files := &reports{stdout: env.Stdout}
	asked := o.reports
	if len(asked) == 0 {
		asked = []string{"pretty"}
	}
	for _, a := range asked {
		format, file, toFile := cutReport(a)
		to, err := files.writer(a, file, toFile)
		if err != nil {
			return 0, err
		}
		env.Stdout = to
		list := listText
		if format == "json" {
			list = listJSON
		}
		code = max(code, output(env, "run", func(w io.Writer) { list(w, cases) }))
	}
	return code, files.finish()
}

// listText writes a line for each case.
func listText(w io.Writer, cases []*scenario.Case) {
	for _, c := range cases {
		fmt.Fprintf(w, "%s:%d: %s\n", c.File, c.Line, strings.ReplaceAll(c.Name(), "\n", " "))
	}
}

// A listedCase is a case in the JSON of --list.
type listedCase struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	LastLine int      `json:"last_line"`
	Name     string   `json:"name"`             // as --filter matches it and reports show it
	Path     []string `json:"path"`             // the names of its describes, then its own
	Tags     []string `json:"tags"`             // [] if it has none
	Kernel   string   `json:"kernel,omitempty"` // the profile if the file or the run lists some
	Round    int      `json:"round,omitempty"`  // of --repeat
}

// listJSON writes the cases as one array.
func listJSON(w io.Writer, cases []*scenario.Case) {
	list := make([]listedCase, len(cases))
	for i, c := range cases {
		tags := c.Tags
		if tags == nil {
			tags = []string{}
		}
		list[i] = listedCase{c.File, c.Line, c.LastLine, c.Name(), c.Path, tags, c.Kernel, c.Round}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(list) // its only error is that of w, which is buffered
}

// cases lists the cases that are selected.
func (o *runOptions) cases(ctx context.Context, sources []*scenario.Source, so scenario.Options) (
	[]*scenario.Case, []*scenario.Broken, error,
) {
	so.Environment = func(c *scenario.Case) (scenario.Environment, error) {
		return scenario.Environment{Modules: caseMachines(&o.machine, c, false).modules()}, nil
	}
	return scenario.List(ctx, sources, so)
}

// casesNamed is how many cases an error names.
const casesNamed = 10

// oneCase returns an error if --schedule has several cases to run: it belongs to one.
func (o *runOptions) oneCase(ctx context.Context, sources []*scenario.Source, so scenario.Options) error {
	cases, _, err := o.cases(ctx, sources, so)
	if err != nil || len(cases) < 2 { // the run itself reports what is amiss
		return nil
	}
	var list strings.Builder
	listText(&list, cases[:min(casesNamed, len(cases))])
	if n := len(cases) - casesNamed; n > 0 {
		fmt.Fprintf(&list, "and %d more\n", n)
	}
	return usagef("--schedule is that of one case, but %d are selected:\n%s"+
		"fix: select one, as in %s:%d, or with --filter",
		len(cases), list.String(), cases[0].File, cases[0].Line)
}
