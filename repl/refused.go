// Refusals: calls that were refused while the entry dropped what they answered.

package repl

import (
	"errors"
	"fmt"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// noteRefused tells of the last refusal among an entry's calls if the entry assigned nil to a name and kept
// no message: e = m:perf_event_open{...} shows nothing otherwise. It remembers the names for noteNil.
func (s *session) noteRefused(in *input, before uint64) {
	n, refusal := s.rt.Refused()
	if n == before || in.kind != typedCode || in.gave {
		return
	}
	names, kept := s.assignedNil(in, refusal.Error())
	if kept || len(names) == 0 && !assignsElement(in.text) {
		return
	}
	for _, name := range names {
		s.refused[name] = refusal
	}
	s.freshLine()
	fmt.Fprintln(s.out, s.colors.note(s.oneLine("refused: "+brief(refusal))))
}

// brief returns a refusal without what was asked, which stands in the entry.
func brief(refusal error) string {
	if e, ok := refusal.(interface{ Brief() string }); ok {
		return e.Brief()
	}
	return refusal.Error()
}

// oneLine cuts text to the width of a line.
func (s *session) oneLine(text string) string { return phrase.Truncate(printable(text), s.width()-1) }

// assignedNil returns the names that an entry assigned and that are nil now, and whether one of the others
// holds the message. Of a local statement only a single name counts: a second one takes the message.
func (s *session) assignedNil(in *input, message string) (names []string, kept bool) {
	for _, g := range in.prog.Globals() {
		if !g.Set || !g.Main {
			continue
		}
		v, ok := s.rt.Look(g.Name)
		if !ok || v.IsNil() {
			names = append(names, g.Name)
		} else if text, isText := v.Go().(string); isText && text == message {
			kept = true
		}
	}
	if locals := localsOf(in.text); len(locals) == 1 {
		names = append(names, locals[0])
	}
	return names, kept
}

// noteNil explains an error of an entry that used a name which is nil because a call was refused.
func (s *session) noteNil(in *input, err error) {
	if _, ok := errors.AsType[*vm.Error](err); !ok {
		return
	}
	for _, g := range in.prog.Globals() {
		refusal := s.refused[g.Name]
		if refusal == nil || g.Set {
			continue
		}
		if s.defined(g.Name) {
			delete(s.refused, g.Name)
			continue
		}
		s.freshLine()
		fmt.Fprintln(s.errOut, s.colors.note(s.oneLine(g.Name+" is nil: "+brief(refusal))))
	}
}
