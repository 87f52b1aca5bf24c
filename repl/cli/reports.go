// --report: the writers of a run's reports and their files.

package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/hwlua/hwlua/hwdebug/spec"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
	"github.com/hwlua/hwlua/vm/scenario/report"
)

// reports holds the reports of one run.
type reports struct {
	all           scenario.Sinks
	watcher       scenario.Watcher // shows progress on a terminal, or nil
	wantTimelines bool

	stdout   io.Writer // of the report without a file
	onStdout string    // that report, as asked for
	closers  []func() error
}

// finish completes the reports and returns the errors of those that could not be written.
func (s *reports) finish() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// openReports opens the reports of --report. Bazel asks for JUnit's format with a variable that names
// its file. sharded reports whether the run is one of several shards.
func (o *runOptions) openReports(env Env, sharded bool) (*reports, error) {
	s := &reports{stdout: env.Stdout}
	asked := o.reports
	if len(asked) == 0 {
		asked = []string{"pretty"}
		f := env.Getenv("XML_OUTPUT_FILE")
		if f != "" && env.Getenv("TEST_TOTAL_SHARDS")+env.Getenv("TEST_TMPDIR") != "" {
			asked = append(asked, "junit:"+f)
		}
	}
	_, tty := terminal(env.Stdout)
	if tty && env.Getenv("TERM") != "dumb" && !inCI(env) {
		s.showProgress(env)
	}
	ro := report.Options{Verbose: o.verbose, Command: strings.Join(env.Args, " "), Terms: rulesIn}
	ro.Host, _ = os.Hostname()
	if env.Getenv("TAP_VERSION") == "13" { // prove reads no later version
		ro.TAP = 13
	}
	for _, a := range asked {
		_, _, toFile := cutReport(a)
		ro.Color = !toFile && phrase.WantColor(o.color, env.Getenv, tty)
		if err := s.open(env, a, ro, sharded); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// rulesIn returns the rules of the specification that a text names.
func rulesIn(text string) []report.Term {
	var terms []report.Term
	for _, id := range spec.Named(text) {
		if rule, ok := spec.Find(id); ok && strings.HasPrefix(id, "R-") {
			text := strings.TrimPrefix(rule.Text, "**"+id+"** ") // the page shows the name before it
			terms = append(terms, report.Term{Name: id, Text: strings.ReplaceAll(text, "**", "")})
		}
	}
	return terms
}

// showProgress shows progress on standard error if it is a terminal.
func (s *reports) showProgress(env Env) {
	width, ok := terminal(env.Stderr)
	if !ok {
		return
	}
	p := report.NewProgress(env.Stderr, func() int {
		if w, ok := terminal(env.Stderr); ok {
			width = w
		}
		return width
	})
	s.watcher = p
	s.stdout = p.Writer(env.Stdout)
	s.closers = append(s.closers, func() error { p.Close(); return nil })
}

// cutReport splits FORMAT:FILE and FORMAT=FILE. toFile is false if asked is FORMAT alone.
func cutReport(asked string) (format, file string, toFile bool) {
	if i := strings.IndexAny(asked, ":="); i >= 0 {
		return asked[:i], asked[i+1:], true
	}
	return asked, "", false
}

// open opens one report.
func (s *reports) open(env Env, asked string, ro report.Options, sharded bool) error {
	format, file, toFile := cutReport(asked)
	if _, err := report.New(format, io.Discard, ro); err != nil { // before a file is made for it
		return usagef("--report: %v", err)
	}
	to, err := s.writer(asked, file, toFile)
	if err != nil {
		return err
	}
	if f := env.Getenv("GITHUB_STEP_SUMMARY"); f != "" && format == "github" {
		summary, err := os.OpenFile(f, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return usagef("GITHUB_STEP_SUMMARY: %v", err)
		}
		ro.Summary = summary
		s.closers = append(s.closers, summary.Close)
	}
	buffered := bufio.NewWriter(to)
	w, err := report.New(format, buffered, ro)
	if err != nil {
		return usagef("--report: %v", err)
	}
	s.closers = append(s.closers, func() error {
		err := cmp.Or(w.Err(), buffered.Flush())
		if err != nil && (toFile || !errors.Is(err, syscall.EPIPE)) {
			return fmt.Errorf("report %s: %w", asked, err)
		}
		return nil
	})
	if toFile {
		s.all = append(s.all, w)
	} else {
		s.all = append(s.all, flushing{w, buffered})
	}
	// The JSON report of a shard holds what any report of the whole run may show.
	s.wantTimelines = s.wantTimelines || format == "html" || format == "json" && sharded
	return nil
}

// writer returns where a report goes: a file of its own, or standard output if no other report goes there.
func (s *reports) writer(asked, file string, toFile bool) (io.Writer, error) {
	switch {
	case toFile && file == "":
		return nil, usagef("--report %s: a report needs a file of its own", asked)
	case !toFile && s.onStdout != "":
		return nil, usagef("--report %s and --report %s both go to standard output; "+
			"give one a file, such as %s:FILE", s.onStdout, asked, asked)
	case !toFile:
		s.onStdout = asked
		return s.stdout, nil
	}
	f, err := os.Create(file)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err // asked names the path already
		}
		return nil, usagef("--report %s: %v", asked, err)
	}
	s.closers = append(s.closers, f.Close)
	return f, nil
}

// flushing shows on standard output what a report has written, after each event.
type flushing struct {
	scenario.Sink
	w *bufio.Writer
}

func (f flushing) Case(r *scenario.Result)   { f.Sink.Case(r); f.w.Flush() }
func (f flushing) Broken(b *scenario.Broken) { f.Sink.Broken(b); f.w.Flush() }
func (f flushing) Warning(text string)       { f.Sink.Warning(text); f.w.Flush() }
func (f flushing) End(s *scenario.Summary)   { f.Sink.End(s); f.w.Flush() }
