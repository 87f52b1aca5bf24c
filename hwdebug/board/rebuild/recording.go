// Recordings: traces that are kept, so that any moment of them can be shown.

package rebuild

import (
	"bytes"
	"fmt"
	"time"

	"github.com/hwlua/hwlua/hwdebug/board"
	"github.com/hwlua/hwlua/hwdebug/board/ftrace"
)

// A Recording is a trace in memory. It is the Origin of the boards that are drawn from it.
type Recording struct {
	texts [][]byte
	opt   Options
	end   *Tracker
}

// An UnreadableError reports a text in which nothing is a trace. Line is 0 for an empty text.
type UnreadableError struct {
	Line int
	Text string
}

func (e *UnreadableError) Error() string {
	if e.Line == 0 {
		return "nothing to read: the trace is empty"
	}
	return fmt.Sprintf("nothing in it is a trace; line %d: %q", e.Line, e.Text)
}

// Read follows the parts of one trace to their end.
func Read(opt Options, texts ...[]byte) (*Recording, error) {
	r := &Recording{texts: texts, opt: opt, end: New(opt)}
	var first *UnreadableError
	var facts ftrace.Facts
	read := false
	for _, text := range texts {
		in := ftrace.NewReader(bytes.NewReader(text))
		in.Carry(facts)
		if err := r.end.Feed(in); err != nil {
			return nil, err
		}
		facts = in.Facts()
		if err := Unreadable(in); err == nil {
			read = true
		} else if first == nil {
			first = err
		}
	}
	if !read && first != nil {
		return nil, first
	}
	r.end.Finish()
	return r, nil
}

// Unreadable returns an error if a reader has found nothing that is a trace.
func Unreadable(in *ftrace.Reader) *UnreadableError {
	if in.Count() > 0 || in.Skipped() > 0 || in.Facts() != (ftrace.Facts{}) {
		return nil
	}
	line, text := in.FirstNotRead()
	return &UnreadableError{line, text}
}

// Feed follows all records of a reader.
func (t *Tracker) Feed(in *ftrace.Reader) error {
	for rec := range in.Records() {
		t.Add(rec, in.Facts())
	}
	if facts := in.Facts(); facts != t.facts {
		t.learn(facts)
	}
	return in.Err()
}

// Tracker returns the tracker at the end of the trace.
func (r *Recording) Tracker() *Tracker { return r.end }

// Board returns the board at the end of the trace.
func (r *Recording) Board() *board.Board {
	b := r.end.Board()
	b.Origin = r
	return b
}

// At returns the board at a moment of the trace. What a later record shows to be uncertain then is
// unknown.
func (r *Recording) At(at time.Duration) (*board.Board, error) {
	first, last := r.end.Span()
	if at < first || at > last {
		return nil, fmt.Errorf("%s is not in the trace, which goes from %s to %s",
			board.Seconds(at), board.Seconds(first), board.Seconds(last))
	}
	opt := r.opt
	opt.Until, opt.Change, opt.Found, opt.Halts, opt.Steps = at, nil, nil, nil, false
	t := New(opt)
	var facts ftrace.Facts
	for _, text := range r.texts {
		in := ftrace.NewReader(bytes.NewReader(text))
		in.Carry(facts)
		if err := t.Feed(in); err != nil {
			return nil, err
		}
		facts = in.Facts()
	}
	t.now = at
	for i, c := range r.end.cpus {
		t.cpu(i).unsure = c.unsure
	}
	b := t.Board()
	b.Findings = r.until(at)
	b.Origin = r
	return b, nil
}

// until returns the findings up to a moment, the leaks apart: they are known only at the end.
func (r *Recording) until(at time.Duration) (list []board.Finding) {
	for _, f := range r.end.findings {
		if f.T <= at && f.Kind != board.NeverReleased {
			list = append(list, f)
		}
	}
	return list
}
