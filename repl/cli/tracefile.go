// --trace: what machines did, as files for people and for viewers.

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

// numbered is the name of the n-th file, from 1: a.json, a.2.json, ...
func numbered(file string, n int) string {
	if n == 1 {
		return file
	}
	ext := filepath.Ext(file)
	return fmt.Sprintf("%s.%d%s", strings.TrimSuffix(file, ext), n, ext)
}

// A traceFile takes machines one after the other. Text forms follow each other in one file, each under a line that says
// whose it is, and trace events have the CPUs of all machines in one file; of records every machine has a file, for
// their readers expect one.
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
		return nil, usagef("--trace: no trace format ends as %s does; use .txt (as ftrace's function_graph), .json (Perfetto, chrome://tracing) or .jsonl (records)", name)
	}
	return &traceFile{name: name, format: format}, nil
}

// create makes the file or, of records, the next machine's.
func (t *traceFile) create() (err error) {
	if t.out != nil && t.format != trace.FormatJSON {
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

func (t *traceFile) add(m machineTrace, note io.Writer) error {
	t.n++
	if err := t.create(); err != nil {
		return err
	}
	entries := m.records.Entries(trace.Filter{}, trace.Frames)
	switch t.format {
	case trace.FormatPerfetto:
		return t.events.Machine(m.title, entries)
	case trace.FormatJSON:
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

// finish completes the file. If nobody made a machine, a trace of nothing says so better than an old file.
func (t *traceFile) finish() error {
	if t.n == 0 {
		if err := t.create(); err != nil {
			return err
		}
	}
	return t.close()
}

// traces writes the traces of a run: cases end in any order, files are written in the order of the plan.
type traces struct {
	files []*traceFile
	note  io.Writer
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

// A machineTrace is what one machine did. It outlives the machine.
type machineTrace struct {
	title   string
	records *trace.Recorder
}

// of is what the machines of a case that has ended did; the case's result carries it to Case.
func (t *traces) of(c *scenario.Case, m *machines) any {
	if len(t.files) == 0 {
		return nil
	}
	return m.traces(c.File + ": " + c.Name())
}

// traces gives what the machines did under a title and, if there are several, their numbers.
func (m *machines) traces(title string) []machineTrace {
	var all []machineTrace
	for k, x := range m.list {
		one := machineTrace{title, x.Recorder()}
		if len(m.list) > 1 {
			one.title += fmt.Sprintf(" (machine %d)", k+1)
		}
		all = append(all, one)
	}
	return all
}

// traces is a sink: cases come in the order of the plan.
func (t *traces) Begin(scenario.Info)     {}
func (t *traces) Broken(*scenario.Broken) {}
func (t *traces) Warning(string)          {}
func (t *traces) End(*scenario.Summary)   {}
func (t *traces) Case(r *scenario.Result) {
	all, _ := r.Look.Keep.([]machineTrace)
	t.add(all)
}

func (t *traces) add(all []machineTrace) {
	for _, f := range t.files {
		for _, m := range all {
			if f.err == nil {
				f.err = f.add(m, t.note)
			}
		}
	}
}

// finish completes the files.
func (t *traces) finish() error {
	var errs []error
	for _, f := range t.files {
		if err := cmp.Or(f.err, f.finish()); err != nil {
			errs = append(errs, fmt.Errorf("--trace: %w", err))
		}
	}
	return errors.Join(errs...)
}
