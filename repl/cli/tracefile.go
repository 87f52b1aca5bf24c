// --trace: what machines did, as files for people and for viewers.

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
	"github.com/hwlua/hwlua/vm/scenario"
)

// traceFormat chooses the format by the end of a file's name.
func traceFormat(file string) (trace.Format, error) {
	if strings.HasSuffix(file, ".txt") {
		return trace.FormatGraph, nil // as ftrace's function_graph prints it
	}
	return trace.FormatOf(file)
}

func checkTraceFile(file string) error {
	if _, err := traceFormat(file); err != nil {
		return usagef("--trace: no trace format ends as %s does; use .txt (as ftrace's function_graph), .json (Perfetto, chrome://tracing) or .jsonl (records)", file)
	}
	return nil
}

// rendered is the trace of one machine in one format.
type rendered struct {
	title string
	text  []byte
}

func render(m *sim.Machine, file, title string) (rendered, error) {
	format, err := traceFormat(file)
	if err != nil {
		return rendered{}, err
	}
	var b bytes.Buffer
	err = trace.Write(&b, format, m.Recorder().Entries(trace.Filter{}, trace.Frames))
	return rendered{title, b.Bytes()}, err
}

// numbered is the name of the n-th file, from 1: a.json, a.2.json, ...
func numbered(file string, n int) string {
	if n == 1 {
		return file
	}
	ext := filepath.Ext(file)
	return fmt.Sprintf("%s.%d%s", strings.TrimSuffix(file, ext), n, ext)
}

// A traceFile takes machines one after the other: text forms follow each other in one file, each under a line that
// says whose it is; the others get a file each, for their readers expect one machine.
type traceFile struct {
	name string
	n    int
	text *os.File
}

func (t *traceFile) add(r rendered, note io.Writer) error {
	t.n++
	format, err := traceFormat(t.name)
	if err != nil {
		return err
	}
	if format != trace.FormatText && format != trace.FormatGraph {
		name := numbered(t.name, t.n)
		if t.n > 1 {
			fmt.Fprintf(note, "trace %s: %s\n", name, r.title)
		}
		return os.WriteFile(name, r.text, 0o644)
	}
	if t.text == nil {
		if t.text, err = os.Create(t.name); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(t.text)
	}
	fmt.Fprintf(t.text, "# %s\n", r.title)
	_, err = t.text.Write(r.text)
	return err
}

func (t *traceFile) close() error {
	if t.text != nil {
		return t.text.Close()
	}
	if t.n == 0 { // nobody made a machine: a trace of nothing says so better than an old file
		format, err := traceFormat(t.name)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if format == trace.FormatPerfetto {
			if err := trace.Write(&b, format, func(func(trace.Entry) bool) {}); err != nil {
				return err
			}
		}
		return os.WriteFile(t.name, b.Bytes(), 0o644)
	}
	return nil
}

// traces writes the traces of a run: cases end in any order, files are written in the order of the plan.
type traces struct {
	files []*traceFile
	note  io.Writer
	mu    sync.Mutex
	errs  []error
}

func newTraces(files []string, note io.Writer) *traces {
	t := &traces{note: note}
	for _, f := range files {
		t.files = append(t.files, &traceFile{name: f})
	}
	return t
}

// A keptTrace is what the machines of one case did, by file, then machine.
type keptTrace [][]rendered

// of puts the machines of a case that has ended into words; the case's result carries them to Case.
func (t *traces) of(c *scenario.Case, m *machines) any {
	if len(t.files) == 0 {
		return nil
	}
	all := make(keptTrace, len(t.files))
	for i, f := range t.files {
		for k, x := range m.list {
			title := c.File + ": " + c.Name()
			if len(m.list) > 1 {
				title += fmt.Sprintf(" (machine %d)", k+1)
			}
			r, err := render(x, f.name, title)
			if err != nil {
				t.failed(err)
			}
			all[i] = append(all[i], r)
		}
	}
	return all
}

func (t *traces) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errs = append(t.errs, err)
}

// traces is a sink: cases come in the order of the plan.
func (t *traces) Begin(scenario.Info)     {}
func (t *traces) Broken(*scenario.Broken) {}
func (t *traces) Warning(string)          {}
func (t *traces) End(*scenario.Summary)   {}
func (t *traces) Case(r *scenario.Result) {
	all, _ := r.Look.Keep.(keptTrace)
	for i, list := range all {
		for _, x := range list {
			if err := t.files[i].add(x, t.note); err != nil {
				t.failed(err)
			}
		}
	}
}

// finish completes the files.
func (t *traces) finish() error {
	for _, f := range t.files {
		if err := f.close(); err != nil {
			t.errs = append(t.errs, err)
		}
	}
	if len(t.errs) > 0 {
		return fmt.Errorf("--trace: %w", errors.Join(t.errs...))
	}
	return nil
}

// writeTraces writes the traces of a script's machines.
func writeTraces(files []string, m *machines, note io.Writer) error {
	t := newTraces(files, note)
	for _, f := range t.files {
		for k, x := range m.list {
			r, err := render(x, f.name, fmt.Sprintf("machine %d", k+1))
			if err == nil {
				err = f.add(r, t.note)
			}
			if err != nil {
				t.failed(err)
			}
		}
	}
	return t.finish()
}
