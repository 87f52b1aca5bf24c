// The stream: what a run tells, in an order that does not depend on how many cases run at once.

package scenario

import (
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// A Case is one it(...) of one file on one kernel profile, or a file that has none.
type Case struct {
	File     string   // Source.Path
	Path     []string // the names of the describes around it, outermost first, then its own
	Kernel   string   // the profile, when the file asks for a list of them; else ""
	Tags     []string // of the file's head, and #words of the names
	Line     int      // where its function begins; 1 for a file without cases
	LastLine int      // where it ends
	Index    int      // its place in the file, from 0
	Round    int      // from 1 under Repeat, else 0
	Whole    bool     // the file itself is the case

	around [][2]int // first and last lines of the describes around it
}

// Name is the full name: the describes and the case joined by spaces, then the profile in brackets.
func (c *Case) Name() string {
	name := strings.Join(c.Path, " ")
	if c.Kernel != "" {
		name += " [" + c.Kernel + "]"
	}
	return name
}

// ID tells the case from every other: the file and the full name.
func (c *Case) ID() string { return c.File + "::" + c.Name() }

// A Status says how a case ended.
type Status uint8

const (
	Passed      Status = iota // it ended, and every check held
	Failed                    // an assertion did not hold
	Errored                   // it raised anything else, ran out of time, or could not be loaded
	Skipped                   // what the file needs is missing
	Pending                   // it says itself that it is not written yet
	Interrupted               // the run was ended while it ran
)

var statusNames = [...]string{"passed", "failed", "error", "skipped", "pending", "interrupted"}

func (s Status) String() string { return statusNames[s] }

// Bad tells whether the status makes the run a failed one.
func (s Status) Bad() bool { return s == Failed || s == Errored || s == Interrupted }

// A Result is how one case ended.
type Result struct {
	Case     *Case
	Status   Status
	Reason   string     // why it was skipped or is pending
	Failures []*Failure // the soft ones in order, the one that ended the case, then what hooks after it added
	Output   string     // what it printed
	Start    time.Time
	Elapsed  time.Duration
	Repro    string // the command that runs exactly this case again
	Title    string // the file's first comment
	Look     Look   // what the machines had to say
}

// Cause is the failure that ended the case, or the last of those that it survived; nil when it has none.
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

// A Failure is one reason why a case is not well.
type Failure struct {
	Kind      string // "assertion", "error", "timeout", "limit", "panic", "interrupt", "load"
	Message   string // what happened, without the place
	File      string
	Line      int     // 0: unknown
	Source    string  // the text of that line
	Column    int     // the byte of Source that an error is about, from 1; 0 if unknown
	Expected  vm.Side // the zero Side if the failure has no sides
	Found     vm.Side
	Details   []string // further lines of the assertion: differences, the expression
	Registers []vm.RegisterDiff
	Errno     string      // the errno that was passed on, "ENOSPC"
	Frames    []vm.Frame  // the functions that were running, innermost first
	Soft      bool        // from check.*: the case went on
	After     bool        // of a hook after a case that had failed already
	Notes     []Paragraph // what else was said, such as a Go stack
}

// HasSides reports whether the failure says what was expected and what was found.
func (f *Failure) HasSides() bool { return f.Expected != vm.Side{} || f.Found != vm.Side{} }

// A Paragraph is a title and lines below it.
type Paragraph struct {
	Title string
	Lines []string
}

// A Look is what the caller's inspection of the machines adds to a result.
type Look struct {
	Notes     []Paragraph // shown with a failure: the last records, who holds the slots
	Timelines []Timeline  // drawn in the HTML report
	Keep      any         // for the caller's own sinks
}

// A Timeline is what happened on one machine. Its axis counts steps, not time, for on a machine whose calls cost no
// virtual time nearly everything happens at one instant; Ticks say where time moved on.
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

// A Track is one CPU's part of a timeline, or one counter's.
type Track struct {
	Name  string
	Spans []Span
}

// A Span is one stretch of a track, from step Start to before step End; one without length is a moment.
type Span struct {
	Start, End int
	Label      string // shown in it
	Detail     string // shown on demand
	Kind       string // "task", "call", "refused", "hit", "write" or "level"
	Level      int    // of "level": how much, such as slots taken
	Depth      int    // nesting, 0 the outermost
}

// An Info is what is known when a run begins.
type Info struct {
	Shard      Shard
	ShardFrom  string // the engine whose variables said so
	Shuffled   bool
	Seed       uint64 // of the shuffle
	Properties []Property
}

// A Property is one fact about a run, for readers of its reports.
type Property struct{ Name, Value string }

// A Broken is a file that cannot be used, or a file-wide fault beside its cases.
type Broken struct {
	File    string
	Line    int
	Message string
	Err     *vm.Error // why the file does not compile; nil for any other reason
}

// Excerpt returns the line that does not compile with a caret below the error, or "" if it is unknown.
func (b *Broken) Excerpt() string {
	if b.Err == nil {
		return ""
	}
	return b.Err.Excerpt()
}

// A Summary is what is known when a run has ended.
type Summary struct {
	Counts      [6]int // by Status
	Unusable    int    // files that cannot be used
	Files       int
	Deselected  int // cases that a filter left out
	OtherShards int // cases that belong to other shards
	Elapsed     time.Duration
	Interrupted bool
	Stopped     string          // why it ended early: "--fail-fast", "--max-failures 3"
	Snapshots   SnapshotSummary // what became of them
}

// Count is the number of cases that ended that way.
func (s *Summary) Count(st Status) int { return s.Counts[st] }

// Cases is the number of cases that were to run here.
func (s *Summary) Cases() int {
	n := 0
	for _, c := range s.Counts {
		n += c
	}
	return n
}

// Bad is the number of cases that did not end well.
func (s *Summary) Bad() int {
	return s.Counts[Failed] + s.Counts[Errored] + s.Counts[Interrupted]
}

// A SnapshotSummary counts snapshots.
type SnapshotSummary struct {
	Matched, Written int
	Obsolete         []string // "file.lua: name"
	Removed          int
}

// A Sink takes the stream of one run. Calls come one at a time: Begin, then for every case Case, between them
// Broken and Warning, then End, which comes after an interrupt too. The cases come in the order of the
// plan, whatever finished first.
type Sink interface {
	Begin(Info)
	Case(*Result)
	Broken(*Broken)
	Warning(text string)
	End(*Summary)
}

// Sinks gives what it gets to each of its members in turn.
type Sinks []Sink

// Begin is Sink's, as are those that follow.
func (s Sinks) Begin(i Info) {
	for _, k := range s {
		k.Begin(i)
	}
}

func (s Sinks) Case(r *Result) {
	for _, k := range s {
		k.Case(r)
	}
}

func (s Sinks) Broken(b *Broken) {
	for _, k := range s {
		k.Broken(b)
	}
}

func (s Sinks) Warning(text string) {
	for _, k := range s {
		k.Warning(text)
	}
}

func (s Sinks) End(sum *Summary) {
	for _, k := range s {
		k.End(sum)
	}
}

// A Watcher sees what happens at the moment it does, from several goroutines at once: for progress, not for reports.
type Watcher interface {
	Planned(n int)       // n more cases are to run
	Started(c *Case)     // it runs now
	Finished(r *Result)  // it has ended
	Loading(file string) // the file is being read
}
