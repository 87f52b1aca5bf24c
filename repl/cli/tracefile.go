// --trace: the records of machines, as files for people and for viewers.

package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/scenario"
)

// A machineTrace holds the records of one machine. It outlives the machine.
type machineTrace struct {
	title   string
	records *trace.Recorder
	points  []trace.Point // of the failing schedule of an exploration
}

// traces returns the records of the machines under a title, numbered if there are several.
func (m *machines) traces(title string) []machineTrace {
	var all []machineTrace
	for k, x := range m.list {
		one := machineTrace{title, x.Recorder(), m.points(k)}
		if len(m.list) > 1 {
			one.title += fmt.Sprintf(" (machine %d)", k+1)
		}
		all = append(all, one)
	}
	return all
}

// traces is the sink that writes the --trace files of a run. Cases may end in any order; the sink
// receives them, and files are written, in the order of the plan.
type traces struct {
	scenario.Sinks // none: ignores the events other than Case
	files          []*traceFile
	note           io.Writer
}

func newTraces(files []string, note io.Writer) (*traces, error) {
	t := &traces{note: note}
	for _, name := range files {
		f, err := newTraceFile(name)
		if err != nil {
			return nil, err
		}
		t.files = append(t.files, f)
	}
	return t, nil
}

func (t *traces) Case(r *scenario.Result) {
	all, _ := r.Look.Keep.([]machineTrace)
	t.add(all)
}

// add writes the records of machines to every file. A file that failed is left alone.
func (t *traces) add(all []machineTrace) {
	for _, f := range t.files {
		for _, m := range all {
			if f.err == nil {
				f.err = f.add(m, t.note)
			}
		}
	}
}

// finish completes the files and returns their first errors.
func (t *traces) finish() error {
	var errs []error
	for _, f := range t.files {
		if err := cmp.Or(f.err, f.finish()); err != nil {
			errs = append(errs, fmt.Errorf("--trace: %w", err))
		}
	}
	return errors.Join(errs...)
}

// A traceFile receives one machine after the other. Text formats write all machines to one file, each
// below a title; Perfetto shows the CPUs of all machines in one file. Readers of records expect one
// machine in a file, so each gets its own.
type traceFile struct {
	name   string
	format trace.Format
	n      int // machines so far
	out    *os.File
	events *trace.Perfetto // for FormatPerfetto
	err    error           // the first
}

func newTraceFile(name string) (*traceFile, error) {
	if strings.HasSuffix(name, ".txt") {
		return &traceFile{name: name, format: trace.FormatGraph}, nil
	}
	format, err := trace.FormatOf(name)
	if err != nil {
		return nil, usagef("--trace: unknown trace format of %s (want .txt for a graph of calls, "+
			".ftrace for ftrace's text, .json for Perfetto and chrome://tracing, .jsonl for records)", name)
	}
	return &traceFile{name: name, format: format}, nil
}

// numbered returns the name of the n-th file, from 1: a.json, a.2.json, ...
func numbered(file string, n int) string {
	if n == 1 {
		return file
	}
	ext := filepath.Ext(file)
	return fmt.Sprintf("%s.%d%s", strings.TrimSuffix(file, ext), n, ext)
}

// alone reports whether each machine needs a file of its own: readers take all lines to be of one machine.
func (t *traceFile) alone() bool {
	return t.format == trace.FormatJSON || t.format == trace.FormatFtrace
}

// create opens the file, or the next machine's file of records.
func (t *traceFile) create() (err error) {
	if t.out != nil && !t.alone() {
		return nil
	}
	if err := t.close(); err != nil {
		return err
	}
	if t.out, err = os.Create(numbered(t.name, max(t.n, 1))); err == nil && t.format == trace.FormatPerfetto {
		t.events = trace.NewPerfetto(t.out)
	}
	return err
}

// add writes the records of the next machine. It tells note about each further file of records.
func (t *traceFile) add(m machineTrace, note io.Writer) error {
	t.n++
	if err := t.create(); err != nil {
		return err
	}
	entries := trace.WithPoints(m.records.Entries(trace.Filter{}, trace.Frames), m.points)
	switch t.format {
	case trace.FormatPerfetto:
		return t.events.Machine(m.title, entries)
	case trace.FormatJSON, trace.FormatFtrace:
		if t.n > 1 {
			fmt.Fprintf(note, "trace %s: %s\n", t.out.Name(), m.title)
		}
	default:
		if t.n > 1 {
			fmt.Fprintln(t.out)
		}
		fmt.Fprintf(t.out, "# %s\n", m.title)
	}
	return trace.Write(t.out, t.format, entries)
}

func (t *traceFile) close() error {
	if t.out == nil {
		return nil
	}
	var err error
	if t.events != nil {
		err = t.events.Close()
	}
	return errors.Join(err, t.out.Close())
}

// finish completes the file. Without any machine it writes an empty trace, so that no older file is
// mistaken for it.
func (t *traceFile) finish() error {
	if t.n == 0 {
		if err := t.create(); err != nil {
			return err
		}
	}
	return t.close()
}
