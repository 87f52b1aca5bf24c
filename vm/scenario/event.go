// The stream of events of a run, in an order that does not depend on how many cases run at once.

package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// A Case is one it(...) of a file on one kernel profile, or a whole file that has none.
type Case struct {
	File     string   // Source.Path
	Path     []string // the names of its describes, outermost first, then its own
	Kernel   string   // the profile if the file lists some; else ""
	Needs    []Need   `json:",omitempty"` // of the head of the file
	Tags     []string // of the head of the file, and #words of the names
	Line     int      // where its function begins; 1 for a file without cases
	LastLine int      // where it ends
	Index    int      // its position in the file, from 0
	Round    int      // from 1 under Repeat, else 0
	Position int      // its position in the run, from 0, with the cases of all shards counted
	Whole    bool     // the file is the case

	around [][2]int // first and last lines of the describes around it
}

// Name returns the full name: describes and case joined by spaces, then the profile in brackets.
func (c *Case) Name() string {
	name := strings.Join(c.Path, " ")
	if c.Kernel != "" {
		name += " [" + c.Kernel + "]"
	}
	return name
}

// ID returns a unique name: the file and the full name.
func (c *Case) ID() string { return c.File + "::" + c.Name() }

// A Status says how a case ended.
type Status uint8

const (
	Passed      Status = iota
	Failed             // an assertion or a check failed
	Errored            // it raised another error, ran out of time, or could not be loaded
	Skipped            // a need of the file is not met
	Pending            // it calls pending, or has no function
	Interrupted        // the run was interrupted while it ran
)

var statusNames = [...]string{"passed", "failed", "error", "skipped", "pending", "interrupted"}

func (s Status) String() string { return statusNames[s] }

// MarshalText encodes the status as String does, for JSON.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText decodes what MarshalText returned.
func (s *Status) UnmarshalText(text []byte) error {
	i := slices.Index(statusNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("unknown status '%s'", text)
	}
	*s = Status(i)
	return nil
}

// Bad reports whether a case of this status fails the run.
func (s Status) Bad() bool { return s == Failed || s == Errored || s == Interrupted }

// A Result is the outcome of a case.
type Result struct {
	Case     *Case
	Status   Status
	Reason   string     // why it was skipped or is pending
	Failures []*Failure // failed checks, the failure that ended the case, then those of later hooks
	Output   string     // what it printed
	Start    time.Time
	Elapsed  time.Duration
	Repro    string   // the command that runs this case again
	Title    string   // the file's first comment
	Tries    int      // how often it ran if Options.Retry applied, else 0
	Flaky    *Failure // why it failed at first, if it did not fail when it ran again
	Look     Look     // the state of the machines

	Explored *vm.Exploration // of a case that was run in many orders, else nil
}

// Why returns why the case is skipped or pending.
func (r *Result) Why() string {
	switch {
	case r.Status != Pending:
		return r.Reason
	case r.Reason == "":
		return "pending"
	}
	return "pending: " + r.Reason
}

// Cause returns the failure that ended the case, else its last failed check, or nil.
func (r *Result) Cause() *Failure {
	var last *Failure
	for _, f := range r.Failures {
		if f.After && last != nil {
			break
		}
		last = f
	}
	return last
}

// A Failure is one reason why a case failed.
type Failure struct {
	Kind          string // "assertion", "error", "timeout", "limit", "panic", "interrupt", "load"
	Message       string // without the position
	File          string
	Line          int          // 0: unknown
	Source        string       // the text of that line
	Column        int          // the byte of Source that an error is about, from 1; 0 if unknown
	vm.Comparison              // of a failed assertion
	Errno         string       // the errno that the script passed on, "ENOSPC"
	Frames        []vm.Frame   // the functions that were running, innermost first
	Soft          bool         // of check.*: the case continued
	After         bool         // of a hook after a case that had already failed
	Schedule      *vm.Schedule // in which it happened, of an exploration; else nil
	Notes         []Paragraph  // such as a Go stack
}

// A Paragraph is a title with lines below it.
type Paragraph struct {
	Title string
	Lines []string
}

// Text formats the paragraph with an empty line before it.
func (p Paragraph) Text() []string {
	lines := []string{"", p.Title}
	for _, l := range p.Lines {
		lines = append(lines, "  "+l)
	}
	return lines
}

// A Look is what inspecting the machines adds to a result.
type Look struct {
	Notes     []Paragraph   // shown with a failure: the last records, who holds the slots
	Timelines []Timeline    // drawn in the HTML report
	Modelled  time.Duration // how far the clocks of its machines came, which is not time of the host
	Keep      any           `json:"-"` // for sinks of the caller
}

// A Timeline shows the steps of one machine. Its axis counts steps instead of time, because calls
// cost no virtual time and nearly everything would happen at one instant. Ticks mark where time
// advances.
type Timeline struct {
	Title  string
	Ticks  []Tick
	Tracks []Track
}

// A Tick is a label on the axis.
type Tick struct {
	At    int
	Label string
}

// A Track is the part of a timeline for one CPU or one counter.
type Track struct {
	Name  string
	Spans []Span
}

// A Span covers the steps of a track from Start to before End. If they are equal it marks one moment.
type Span struct {
	Start, End int
	Label      string `json:",omitzero"` // shown in it
	Detail     string `json:",omitzero"` // shown as its tooltip
	Anchor     string `json:",omitzero"` // the register that it writes: "cpu2 DBGWCR1_EL1"
	// Kind is "task", "call", "refused", "hit", "write", "level", "point" or "departure".
	Kind  string `json:",omitzero"`
	Level int    `json:",omitzero"` // of "level": the count, such as slots in use
	Depth int    `json:",omitzero"` // nesting, 0 the outermost
}

// An Info describes a run at its beginning.
type Info struct {
	Shard      Shard
	ShardFrom  string // the CI system whose variables set it
	Shuffled   bool
	Seed       uint64 // of the shuffle
	Properties []Property
}

// A Property is a fact about a run for its reports.
type Property struct{ Name, Value string }

// A Broken reports a file that cannot be used, or a fault of a file outside its cases.
type Broken struct {
	File    string
	Line    int
	Message string
	Err     *vm.Error // why the file does not compile; nil for any other reason
}

// A Summary describes a run at its end.
type Summary struct {
	Counts      [6]int // by Status
	Flaky       int    // cases that failed at first and not when they ran again
	Unusable    int    // files that cannot be used
	Files       int
	Deselected  int // cases that a filter excluded
	OtherShards int // cases that belong to other shards
	Elapsed     time.Duration
	Interrupted bool
	Stopped     string // why it stopped early: "--fail-fast", "--max-failures 3"
	Snapshots   SnapshotSummary
}

// Cases returns the number of selected cases of this shard.
func (s *Summary) Cases() int {
	n := 0
	for _, c := range s.Counts {
		n += c
	}
	return n
}

// Bad returns the number of cases that fail the run.
func (s *Summary) Bad() int {
	return s.Counts[Failed] + s.Counts[Errored] + s.Counts[Interrupted]
}

// A SnapshotSummary counts snapshots.
type SnapshotSummary struct {
	Matched, Written int
	Obsolete         []string // "file.lua: name"
	Removed          int
}

// A Sink receives the stream of one run, one call at a time: Begin, then Case for each case in the
// order of the plan, with Broken and Warning between them, then End, even after an interrupt.
type Sink interface {
	Begin(Info)
	Case(*Result)
	Broken(*Broken)
	Warning(text string)
	End(*Summary)
}

// Sinks passes each event to all of its members in turn.
type Sinks []Sink

// Begin implements Sink, as do the methods that follow.
func (s Sinks) Begin(i Info)         { s.each(func(k Sink) { k.Begin(i) }) }
func (s Sinks) Case(r *Result)       { s.each(func(k Sink) { k.Case(r) }) }
func (s Sinks) Broken(b *Broken)     { s.each(func(k Sink) { k.Broken(b) }) }
func (s Sinks) Warning(text string)  { s.each(func(k Sink) { k.Warning(text) }) }
func (s Sinks) End(summary *Summary) { s.each(func(k Sink) { k.End(summary) }) }

func (s Sinks) each(call func(Sink)) {
	for _, k := range s {
		call(k)
	}
}

// A Watcher is called at once when something happens, from several goroutines, to show progress.
type Watcher interface {
	Planned(n int) // n more cases are to run
	Started(c *Case)
	Finished(r *Result)
	Loading(file string) // the file is being read

	// Exploring says how far running a case in many orders has come: about how many runs there will be, 0 if
	// nothing is known. Runs is 0 when it has ended.
	Exploring(c *Case, runs, about, failures int)
}
