// The tour: a story told step by step, each step code that the user accepts or types.

package repl

import (
	"context"
	"fmt"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A tour is a story and how far it has been told.
type tour struct {
	steps []tourStep
	at    int
}

type tourStep struct{ say, code string }

// startTour reads the story, which is data in Lua, and begins it.
func (s *session) startTour(ctx context.Context) error {
	v, err := evalFile(ctx, s.rt, "lua/tour.lua")
	if err != nil {
		return err
	}
	t := &tour{}
	for i := 1.0; ; i++ {
		step, ok := v.Index(i)
		if !ok {
			break
		}
		t.steps = append(t.steps, tourStep{textAt(step, 1), textAt(step, 2)})
	}
	s.tour = t
	fmt.Fprintln(s.out, s.colors.note(s.fit("Enter does what is shown; you may type it, or anything else, yourself. :tour stop leaves.")))
	t.tell(s)
	return nil
}

func textAt(v vm.Value, i float64) string {
	x, _ := v.Index(i)
	text, _ := x.Go().(string)
	return text
}

// tell shows the step that comes.
func (t *tour) tell(s *session) {
	step := t.steps[t.at]
	s.freshLine()
	fmt.Fprintf(s.out, "\n%s %s\n", s.colors.strong(fmt.Sprintf("%d/%d", t.at+1, len(t.steps))), wrapText(step.say, s.helpWidth()-4, "    "))
	for line := range strings.SplitSeq(step.code, "\n") {
		fmt.Fprintf(s.out, "    %s\n", s.colors.value(s.fitCode(line, "    ")))
	}
}

// fitCode breaks a line of code that is too wide for the terminal, where Lua does not mind, and indents what follows.
func (s *session) fitCode(line, indent string) string {
	code := strings.TrimLeft(line, " ")
	indent += line[:len(line)-len(code)]
	if phrase.Width(indent+code) <= s.room() {
		return line
	}
	return line[:len(line)-len(code)] + wrapText(code, max(s.room()-phrase.Width(indent)-2, 10), indent+"  ")
}

// accept is the code of the step that comes, which an empty entry means.
func (t *tour) accept() string { return t.steps[t.at].code }

// entered is told of each entry that was run; the step's own takes the tour on.
func (t *tour) entered(s *session, text string) {
	if sameCode(text, t.steps[t.at].code) {
		if t.at++; t.at == len(t.steps) {
			s.tour = nil
			fmt.Fprintln(s.out, s.colors.note(s.fit("That was the tour. The machine is still in m: try :regs, :slots, :trace, help.")))
			return
		}
	}
	t.tell(s)
}

// sameCode compares sources by their tokens.
func sameCode(a, b string) bool {
	x, y := scan(a), scan(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].text != y[i].text {
			return false
		}
	}
	return true
}

// fit breaks a line that is too wide for the terminal at words, and indents what follows.
func (s *session) fit(line string) string {
	if phrase.Width(line) <= s.room() || strings.Contains(line, "\n") {
		return line
	}
	return wrapText(line, s.room()-2, "  ")
}

// wrapText breaks a text into lines of at most width columns; all but the first are indented.
func wrapText(text string, width int, indent string) string {
	var b strings.Builder
	n := 0
	for word := range strings.FieldsSeq(text) {
		w := phrase.Width(word)
		switch {
		case n == 0:
		case n+1+w > width:
			b.WriteString("\n" + indent)
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += w
	}
	return b.String()
}
