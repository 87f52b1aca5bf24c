// The tour: a story told in steps of code, which the user accepts or types.

package repl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A tour is a story and the index of the next step.
type tour struct {
	steps []tourStep
	at    int
}

type tourStep struct{ say, code string }

// startTour reads the story from lua/tour.lua and shows the first step.
func (s *session) startTour(ctx context.Context) error {
	story, err := evalFile(ctx, s.rt.Runtime, "lua/tour.lua")
	if err != nil {
		return err
	}
	t := &tour{}
	for row := range rows(story) {
		t.steps = append(t.steps, tourStep{say: row[0], code: row[1]})
	}
	s.tour = t
	how := "Press Enter to run the code shown, or type it or anything else. :tour stop leaves."
	fmt.Fprintln(s.out, s.colors.note(s.fit(how)))
	t.tell(s)
	return nil
}

// tell shows the next step.
func (t *tour) tell(s *session) {
	step := t.steps[t.at]
	s.freshLine()
	number := s.colors.strong(fmt.Sprintf("%d/%d", t.at+1, len(t.steps)))
	fmt.Fprintf(s.out, "\n%s %s\n", number, phrase.Wrap(step.say, s.helpWidth()-4, "    "))
	for line := range strings.SplitSeq(step.code, "\n") {
		fmt.Fprintf(s.out, "    %s\n", s.colors.value(s.fitCode(line, "    ")))
	}
}

// fitCode breaks a line of code that is wider than the terminal between words, and indents the rest of it.
func (s *session) fitCode(line, indent string) string {
	code := strings.TrimLeft(line, " ")
	own := line[:len(line)-len(code)]
	indent += own
	if phrase.Width(indent+code) <= s.room() {
		return line
	}
	return own + phrase.Wrap(code, max(s.room()-phrase.Width(indent)-2, 10), indent+"  ")
}

// accept returns the code of the next step, which an empty entry runs.
func (t *tour) accept() string { return t.steps[t.at].code }

// entered advances the tour if the entry was the code of the next step.
func (t *tour) entered(s *session, text string) {
	if sameCode(text, t.steps[t.at].code) {
		t.at++
	}
	if t.at < len(t.steps) {
		t.tell(s)
		return
	}
	s.tour = nil
	end := "This is the end of the tour. The machine is still in m: try :regs, :slots, :trace, help."
	fmt.Fprintln(s.out, s.colors.note(s.fit(end)))
}

// sameCode reports whether two sources have the same tokens.
func sameCode(a, b string) bool {
	return slices.EqualFunc(scan(a), scan(b), func(x, y vm.Token) bool { return x.Text == y.Text })
}

// fit breaks the lines that are wider than the terminal between words, and indents the rest of each.
func (s *session) fit(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if phrase.Width(line) > s.room() {
			words := strings.TrimLeft(line, " ")
			indent := line[:len(line)-len(words)]
			lines[i] = indent + phrase.Wrap(words, max(s.room()-len(indent)-2, 10), indent+"  ")
		}
	}
	return strings.Join(lines, "\n")
}
