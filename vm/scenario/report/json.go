// json: an object on each line, with the field names of "go test -json" for tools that read that.

package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

type jsonWriter struct {
	*out
	file    string
	bad     bool
	skipped bool
	spent   time.Duration
	now     time.Time
	held    []string       // warnings about the next file
	shard   *scenario.Info // of a run that is a shard, until an event has told it
	sharded bool
}

// A jsonEvent is a line. Readers of test2json ignore the fields below Output, which are ours.
type jsonEvent struct {
	Time    string   `json:",omitempty"`
	Action  string   // start, run, output, pass, fail, skip
	Package string   // the file
	Test    string   `json:",omitempty"` // the full name
	Elapsed *float64 `json:",omitempty"` // seconds
	Output  string   `json:",omitempty"`

	Status   string        `json:",omitempty"` // passed, failed, error, skipped, pending, interrupted
	Line     int           `json:",omitempty"` // where the case begins
	Reason   string        `json:",omitempty"`
	Tries    int           `json:",omitempty"` // of --retry
	Flaky    *jsonFailure  `json:",omitempty"` // why it failed before it passed
	Failures []jsonFailure `json:",omitempty"`
	Repro    string        `json:",omitempty"`
	Explored *jsonExplored `json:",omitempty"`

	// In the report of a shard only, for Merge: the run in the first event, in each event that ends a case
	// its whole result, in those about warnings and unusable files these, the summary in the last event.
	Run     *scenario.Info    `json:",omitempty"`
	Result  *scenario.Result  `json:",omitempty"`
	Broken  *jsonBroken       `json:",omitempty"`
	Warning string            `json:",omitempty"`
	Summary *scenario.Summary `json:",omitempty"`
}

// A jsonExplored says how a case was run in many orders.
type jsonExplored struct {
	Runs     int
	Complete bool
	Limit    string   `json:",omitempty"`
	Notes    []string `json:",omitempty"`
}

type jsonFailure struct {
	Kind      string
	Message   string
	File      string         `json:",omitempty"`
	Line      int            `json:",omitempty"`
	Source    string         `json:",omitempty"`
	Expected  *string        `json:",omitempty"`
	Found     *string        `json:",omitempty"`
	Details   []string       `json:",omitempty"`
	Errno     string         `json:",omitempty"`
	Registers []jsonRegister `json:",omitempty"`
	Traceback string         `json:",omitempty"`
	Soft      bool           `json:",omitempty"`
	Schedule  *jsonSchedule  `json:",omitempty"`
}

// A jsonSchedule is the order in which a failure happened.
type jsonSchedule struct {
	Text    string `json:",omitempty"`
	Steps   []vm.ScheduleStep
	Summary []string
}

type jsonRegister struct {
	CPU, Name, Expected, Found, Bits string
	Fields                           []vm.FieldDiff
	Written                          *vm.Written `json:",omitempty"`
}

// A jsonBroken is a file that cannot be used, with the line of source that its compiler complains about.
type jsonBroken struct {
	File    string
	Line    int
	Message string
	Source  string `json:",omitempty"`
	Column  int    `json:",omitempty"`
}

// newJSONFailure converts a failure.
func newJSONFailure(f *scenario.Failure) jsonFailure {
	j := jsonFailure{
		Kind:      f.Kind,
		Message:   f.Message,
		File:      f.File,
		Line:      f.Line,
		Source:    f.Source,
		Details:   f.DetailLines(),
		Errno:     f.Errno,
		Traceback: strings.Join(vm.TraceLines(f.Frames), "\n"),
		Soft:      f.Soft,
	}
	if f.HasSides() {
		expected, found := f.Expected.String(), f.Found.String()
		j.Expected, j.Found = &expected, &found
	}
	if s := f.Schedule; s != nil {
		j.Schedule = &jsonSchedule{s.Text, s.Steps, s.Below()}
	}
	for _, r := range f.Registers {
		row := r.Row()
		j.Registers = append(j.Registers,
			jsonRegister{row[0], row[1], row[2], row[3], row[4], r.Fields, r.Written})
	}
	return j
}

func newJSON(w *out, o Options) Writer { return &jsonWriter{out: w} }

func (w *jsonWriter) emit(e jsonEvent) {
	if !w.now.IsZero() {
		e.Time = w.now.UTC().Format(time.RFC3339Nano)
	}
	b, err := json.Marshal(mapText(e, escapeBytes))
	if err != nil && w.err == nil {
		w.err = err
	}
	w.write(append(b, '\n'))
}

func (w *jsonWriter) Begin(i scenario.Info) {
	if w.sharded = i.Shard.Total > 1; w.sharded {
		w.shard = &i
	}
}

// open begins a file unless it has begun, with the warnings about it.
func (w *jsonWriter) open(file string) {
	if file == w.file {
		return
	}
	w.close(nil)
	w.file, w.skipped = file, true
	w.emit(jsonEvent{Action: "start", Package: file, Run: w.shard})
	w.shard = nil
	for _, text := range w.held {
		e := jsonEvent{Action: "output", Package: file, Output: text + "\n"}
		if w.sharded {
			e.Warning = packBytes(text)
		}
		w.emit(e)
	}
	w.held = nil
}

// close ends the file, if one has begun.
func (w *jsonWriter) close(sum *scenario.Summary) {
	if w.file == "" {
		return
	}
	action := "pass"
	switch {
	case w.bad:
		action = "fail"
	case w.skipped:
		action = "skip"
	}
	sec := w.spent.Seconds()
	w.emit(jsonEvent{Action: action, Package: w.file, Elapsed: &sec, Summary: sum})
	w.file, w.bad, w.spent = "", false, 0
}

// Case writes the events of a case.
func (w *jsonWriter) Case(r *scenario.Result) {
	if r.Case.File != w.file {
		w.close(nil) // before w.now is that of the next file
	}
	w.now = r.Start
	w.open(r.Case.File)
	name := r.Case.Name() + round(r.Case)
	w.emit(jsonEvent{Action: "run", Package: w.file, Test: name, Line: r.Case.Line})
	w.now = r.Start.Add(r.Elapsed)
	if r.Output != "" {
		w.emit(jsonEvent{Action: "output", Package: w.file, Test: name, Output: r.Output})
	}
	e := jsonEvent{Action: "pass", Package: w.file, Test: name}
	e.Status, e.Reason, e.Repro, e.Tries = r.Status.String(), r.Reason, r.Repro, r.Tries
	if r.Flaky != nil {
		f := newJSONFailure(r.Flaky)
		e.Flaky = &f
		w.emit(jsonEvent{Action: "output", Package: w.file, Test: name, Output: flaky(r) + "\n"})
	}
	if x := r.Explored; x != nil {
		e.Explored = &jsonExplored{x.Runs, x.Complete, x.Limit, x.Notes}
	}
	switch {
	case r.Status.Bad():
		e.Action, w.bad = "fail", true
		w.emit(jsonEvent{Action: "output", Package: w.file, Test: name, Output: whole(r)})
		for _, f := range r.Failures {
			e.Failures = append(e.Failures, newJSONFailure(f))
		}
	case r.Status == scenario.Skipped || r.Status == scenario.Pending:
		e.Action = "skip"
	}
	if e.Action != "skip" {
		w.skipped = false
	}
	sec := r.Elapsed.Seconds()
	e.Elapsed = &sec
	w.spent += r.Elapsed
	if w.sharded {
		e.Result = mapText(r, packBytes)
	}
	w.emit(e)
}

func (w *jsonWriter) Broken(b *scenario.Broken) {
	w.open(b.File)
	w.bad = true
	text := fmt.Sprintf("%s: %s\n", scenario.Place(b.File, b.Line), b.Message)
	e := jsonEvent{Action: "output", Package: w.file, Output: text}
	if w.sharded {
		e.Broken = &jsonBroken{File: b.File, Line: b.Line, Message: b.Message}
		if b.Err != nil {
			e.Broken.Source, e.Broken.Column = b.Err.Source, b.Err.Column
		}
	}
	e.Broken = mapText(e.Broken, packBytes)
	w.emit(e)
}

func (w *jsonWriter) Warning(text string) { w.held = append(w.held, text) }

// noFile names the package of a run without any file, which is reported as skipped.
const noFile = "hwlua"

// End ends the last file. The report of a shard is never empty, so that it can be told from a file that was
// not written.
func (w *jsonWriter) End(s *scenario.Summary) {
	if len(w.held) > 0 || w.shard != nil {
		w.open(noFile)
	}
	if !w.sharded {
		s = nil
	}
	w.close(s)
}
