// Breakpoints: places in the modules at which code stops, the prompt inside of code that has stopped, and the
// commands for both.

package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A Breaker stops running code at places in the modules, such as the entries of functions.
type Breaker interface {
	// Place returns a place, typed after :break, in the form in which lists show it.
	Place(text string) (string, error)

	// Names returns the words with which a place begins, for completion.
	Names() []describe.Word

	// Arm replaces the places at which code stops. stop is called in the middle of the code, which goes on
	// when it returns.
	Arm(places []string, stop func(Stop)) error
}

// A Stop describes code that has stopped.
type Stop struct {
	Context context.Context // runs code in the runtime meanwhile
	Place   int             // the index of the place
	Name    string          // for the prompt
	At      string          // on one line, where in the modules that is
	Chain   []string        // the functions of the modules that are running, innermost first
	Stack   []vm.Frame      // those of the code
}

// A breakpoint is a place at which code stops.
type breakpoint struct {
	id    int
	place string
	once  bool // of :until
	hits  int
}

var (
	errContinue = errors.New("continue")
	errAbandon  = errors.New("abandon the entry that has stopped")
)

// arm tells the modules the places of the breakpoints.
func (s *session) arm() error {
	var places []string
	for _, b := range s.breaks {
		places = append(places, b.place)
	}
	return s.cfg.Breaks.Arm(places, s.stopAt)
}

// addBreak adds a breakpoint.
func (s *session) addBreak(text string, once bool) (*breakpoint, error) {
	place, err := s.cfg.Breaks.Place(text)
	if err != nil {
		return nil, err
	}
	s.lastBreak++
	s.breaks = append(s.breaks, breakpoint{id: s.lastBreak, place: place, once: once})
	if err := s.arm(); err != nil {
		s.breaks = s.breaks[:len(s.breaks)-1]
		s.arm()
		return nil, err
	}
	return &s.breaks[len(s.breaks)-1], nil
}

// breakCommand adds a breakpoint, or lists all.
func (s *session) breakCommand(rest string) error {
	if rest != "" {
		b, err := s.addBreak(rest, false)
		if err == nil {
			fmt.Fprintln(s.out, s.colors.note(fmt.Sprintf("breakpoint %d: %s", b.id, b.place)))
		}
		return err
	}
	if len(s.breaks) == 0 {
		fmt.Fprintln(s.out, "no breakpoints")
	}
	for _, b := range s.breaks {
		line := fmt.Sprintf("%2d  %s  %s", b.id, b.place, phrase.Plural(b.hits, "hit"))
		if b.once {
			line += ", once"
		}
		fmt.Fprintln(s.out, line)
	}
	return nil
}

// deleteCommand removes the breakpoint of that number, or all.
func (s *session) deleteCommand(rest string) error {
	n, err := strconv.Atoi(rest)
	i := slices.IndexFunc(s.breaks, func(b breakpoint) bool { return b.id == n })
	switch {
	case rest == "":
		s.breaks = nil
	case err != nil || i < 0:
		return fmt.Errorf("no breakpoint '%s'; for a list: :break", rest)
	default:
		s.breaks = slices.Delete(s.breaks, i, i+1)
	}
	return s.arm()
}

// untilCommand lets what has stopped, or else the machine, run to a place.
func (s *session) untilCommand(ctx context.Context, rest string) error {
	b, err := s.addBreak(rest, true)
	if err != nil {
		return err
	}
	if s.stop != nil {
		return errContinue
	}
	id := b.id
	if err := s.luaCommand(ctx, "run", ""); err != nil {
		return err
	}
	if slices.ContainsFunc(s.breaks, func(b breakpoint) bool { return b.id == id }) {
		text := fmt.Sprintf("%s was not entered; the next entry stops (:delete %d takes that back)", rest, id)
		fmt.Fprintln(s.out, s.colors.note(s.fit(text)))
	}
	return nil
}

func (s *session) continueCommand(string) error {
	if s.stop == nil {
		return errors.New("nothing has stopped; to stop code: :break FN")
	}
	return errContinue
}

// stopAt runs a prompt inside code that has stopped, until :continue. What ends the session there ends the
// code first.
func (s *session) stopAt(st Stop) {
	if !s.armed || s.leaving != nil || st.Place >= len(s.breaks) {
		return
	}
	began := time.Now()
	cancel, resume := s.aside()
	s.stop, s.base = &st, st.Context
	s.tellStop()
	err := safely(func() error { return s.converse(st.Context, st.Name+s.cfg.Prompt) })
	resume()
	s.paused += time.Since(began)
	if !errors.Is(err, errContinue) {
		s.leaving = err
		cancel()
	}
}

// aside sets aside what belongs to the code that has stopped, so that the prompt can be used. cancel ends the
// code once resume has been called.
func (s *session) aside() (cancel, resume func()) {
	s.mu.Lock()
	cancel = s.cancel
	s.cancel = nil
	s.mu.Unlock()
	s.unlisten()
	code, tee, muted, tour, rt, base := *s.code, s.codeOut.tee, s.codeOut.mute, s.tour, s.rt, s.base
	s.codeOut.tee, s.tour, s.armed = nil, nil, false
	s.mute(false)
	if s.starting != nil {
		s.rt = s.starting
	}
	return cancel, func() {
		s.mute(muted)
		*s.code, s.codeOut.tee, s.tour, s.rt, s.base = code, tee, tour, rt, base
		s.stop, s.armed = nil, true
		s.listen()
		s.mu.Lock()
		s.cancel = cancel
		s.mu.Unlock()
	}
}

// tellStop shows where code has stopped, counts that, and deletes a breakpoint of :until.
func (s *session) tellStop() {
	s.freshLine()
	b := &s.breaks[s.stop.Place]
	b.hits++
	head := fmt.Sprintf("breakpoint %d", b.id)
	if b.once {
		head = "stopped"
		s.breaks = slices.Delete(s.breaks, s.stop.Place, s.stop.Place+1)
		s.arm()
	}
	fmt.Fprintln(s.out, s.fit(s.colors.strong(head)+"  "+printable(s.stop.At)))
	for _, f := range s.stop.Stack {
		if f.File != "" && f.Line > 0 {
			s.tellLine(f)
			break
		}
	}
	s.showWatches(s.stop.Context)
}

// tellLine shows the line of code that a frame is in, unless that is all that was typed.
func (s *session) tellLine(f vm.Frame) {
	src := s.sources[f.File]
	lines := strings.Split(src.text, "\n")
	if src.typed && len(lines) == 1 || f.Line > len(lines) {
		return
	}
	where := fmt.Sprintf("%s:%d", f.File, f.Line)
	if src.typed {
		where = fmt.Sprintf("line %d", f.Line)
	}
	fmt.Fprintln(s.out, s.colors.note(s.oneLine(where+"  "+strings.TrimSpace(lines[f.Line-1]))))
}

// stackOfStop shows the functions that are running where code has stopped, without those of sources that are
// not files.
func (s *session) stackOfStop() {
	var text strings.Builder
	for _, name := range s.stop.Chain {
		text.WriteString("  " + name + "\n")
	}
	text.WriteString("Lua\n")
	own := slices.DeleteFunc(slices.Clone(s.stop.Stack), func(f vm.Frame) bool {
		return strings.HasPrefix(f.File, "=")
	})
	for _, line := range vm.TraceLines(own) {
		text.WriteString("  " + printable(line) + "\n")
	}
	s.say(text.String())
}

// converse reads and runs entries until something ends that, and returns what it was.
func (s *session) converse(ctx context.Context, prompt string) error {
	prompt, cont := s.colors.strong(prompt), s.colors.strong(s.cfg.Cont)
	for {
		s.freshLine()
		text, err := s.read(ctx, prompt, cont)
		switch {
		case errors.Is(err, ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			return errQuit
		case err != nil:
			return err
		}
		err = s.enter(ctx, text)
		if errors.Is(err, context.Canceled) {
			s.pasted = nil
		}
		if errors.Is(err, errAbandon) && s.stop == nil {
			err = s.undoCommand(ctx, "")
		}
		_, exit := errors.AsType[*vm.ExitError](err)
		switch {
		case errors.Is(err, errQuit), errors.Is(err, errContinue), errors.Is(err, errAbandon):
			return err
		case !exit && ctx.Err() != nil:
			return ctx.Err()
		case err != nil && (exit || s.cfg.Quiet):
			return err
		}
	}
}

// read returns the next entry. Code that stops in one of several entries that were pasted at once gets the
// next of them.
func (s *session) read(ctx context.Context, prompt, cont string) (string, error) {
	if len(s.pasted) == 0 {
		text, err := s.lr.ReadEntry(ctx, prompt, cont, s.more)
		if err != nil {
			return "", err
		}
		s.remember(text)
		s.pasted = s.split(text)
	}
	text := s.pasted[0]
	s.pasted = s.pasted[1:]
	return text, nil
}
