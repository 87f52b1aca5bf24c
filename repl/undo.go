// :undo, :redo and :reset. The modules cannot go back, so a new runtime runs the earlier entries again: those
// that changed something, and those whose results others use. An entry that only looked counts for nothing.

package repl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// undoCommand restores the state before the last n entries that changed something, 1 if rest is empty.
func (s *session) undoCommand(ctx context.Context, rest string) error {
	if s.stop != nil {
		return errAbandon
	}
	n, err := entryCount(rest)
	if err != nil {
		return err
	}
	at, found := len(s.inputs), 0
	for i := len(s.inputs) - 1; i >= 0 && found < n; i-- {
		if !s.inputs[i].look {
			at, found = i, found+1
		}
	}
	if found == 0 {
		return errors.New("no entry to undo")
	}
	return s.restore(ctx, at, s.entryLine("undone", &s.inputs[at], found))
}

// redoCommand runs the next n entries that changed something again, 1 if rest is empty, and of the others
// those whose results are used.
func (s *session) redoCommand(ctx context.Context, rest string) error {
	n, err := entryCount(rest)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(s.undone, func(in input) bool { return !in.look }) {
		return errors.New("nothing to redo")
	}
	for n > 0 && len(s.undone) > 0 {
		in, left := s.undone[0], s.undone[1:]
		if !needed(s.undone, 0) {
			s.undone = left
			continue
		}
		var err error
		if in.look {
			err = s.quietly(ctx, &in)
		} else {
			n--
			fmt.Fprintln(s.out, s.entryLine("redone", &in, 1))
			err = s.executed(ctx, &in)
		}
		s.undone = left
		if leaves(err) || ctx.Err() != nil || in.look && err != nil {
			return err
		}
	}
	return nil
}

// quietly runs an input again for its result, and shows nothing.
func (s *session) quietly(ctx context.Context, in *input) error {
	defer s.mute(true)()
	_, err := s.during(ctx, func(ctx context.Context) error { return s.rerun(ctx, s.rt, in) })
	s.inputs = append(s.inputs, *in)
	return err
}

func (s *session) resetCommand(ctx context.Context, _ string) error {
	s.armed = true // for the sources that run again
	err := s.restore(ctx, 0, "reset to the start")
	s.armed = false
	if errors.Is(err, errAbandon) {
		return errors.New("dropped; nothing has changed")
	}
	return err
}

// entryCount returns the argument of :undo and :redo.
func entryCount(rest string) (int, error) {
	if rest == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("invalid count '%s' (want an integer from 1)", rest)
	}
	return n, nil
}

// entryLine returns what was done with an entry, which is the first of n.
func (s *session) entryLine(did string, in *input, n int) string {
	what := in.text
	if in.kind == loadedFile {
		what = ":load " + in.name
	}
	first, _, several := strings.Cut(strings.TrimSpace(what), "\n")
	if several {
		first += " …"
	}
	if n > 1 {
		did += fmt.Sprintf(" %d, from", n)
	}
	did += ": "
	return s.colors.note(did) + phrase.Truncate(printable(first), max(s.width()-len(did)-1, 8))
}

// restore restores the state after the first n inputs and reports that with a message.
func (s *session) restore(ctx context.Context, n int, message string) error {
	dropped := slices.Clone(s.inputs[n:])
	if took := again(s.inputs[:n]); took > time.Second {
		text := fmt.Sprintf("running %v of entries again; Ctrl-C stops that", took.Round(time.Second/10))
		fmt.Fprintln(s.out, s.colors.note(text))
	}
	if err := s.rebuild(ctx, s.inputs[:n:n]); err != nil {
		return err
	}
	s.undone = append(dropped, s.undone...)
	if s.rec != nil {
		s.rec.from = min(s.rec.from, len(s.inputs))
	}
	fmt.Fprintln(s.out, message)
	s.showWatches(ctx)
	return nil
}

// again returns how long the inputs that have to be run again took.
func again(inputs []input) (took time.Duration) {
	for i := range inputs {
		if needed(inputs, i) {
			took += inputs[i].took
		}
	}
	return took
}

// needed reports whether inputs[i] has to be run again: it changed something or left a trace, or its result
// is the last one or one that a later input may use.
func needed(inputs []input, i int) bool {
	in, later := inputs[i], inputs[i+1:]
	gives := func(in input) bool { return in.gave }
	return !in.look || in.traced ||
		in.gave && (!slices.ContainsFunc(later, gives) || slices.ContainsFunc(later, usesResults))
}

func usesResults(in input) bool {
	result := func(g vm.Global) bool { return isResult(g.Name) }
	return in.prog == nil || slices.ContainsFunc(in.prog.Globals(), result)
}

// isResult reports whether a global is one of those that hold earlier results: _, _1, ..., _9.
func isResult(name string) bool {
	return name == "_" || len(name) == 2 && name[0] == '_' && name[1] >= '1' && name[1] <= '9'
}

// activity returns how often code has changed the modules' state, and how often it has left a trace there.
func (s *session) activity() (changes, traces uint64) {
	if s.cfg.Activity == nil {
		return 0, 0
	}
	return s.cfg.Activity()
}

// onlyReads reports whether code that was typed leaves the globals, tables and functions of Lua as they are,
// as far as its text tells. What its calls of described functions do is counted while they run.
func (s *session) onlyReads(in *input) bool {
	if in.kind != typedCode || s.cfg.Activity == nil {
		return false
	}
	toks := scan(in.text)
	return !assigns(toks) && !s.callsUnknown(toks)
}

// assigns reports whether code has a statement that assigns to anything but new local variables.
func assigns(toks []vm.Token) bool {
	var open []vm.Token // brackets and blocks
	for i, t := range toks {
		switch {
		case opens(t), isAny(t, "function", "do", "if", "repeat"):
			if t.Is("function") && i+1 < len(toks) && toks[i+1].Kind == vm.TokenName &&
				(i == 0 || !toks[i-1].Is("local")) {
				return true
			}
			open = append(open, t)
		case closes(t), isAny(t, "end", "until"):
			open = open[:max(0, len(open)-1)]
		case t.Is("="):
			inTable := len(open) > 0 && open[len(open)-1].Is("{")
			if !inTable && !declares(toks[:i]) {
				return true
			}
		}
	}
	return false
}

// declares reports whether toks end in the names of a local statement or of a loop.
func declares(toks []vm.Token) bool {
	for i := len(toks) - 1; i > 0; i -= 2 {
		if toks[i].Kind != vm.TokenName || !isAny(toks[i-1], ",", "local", "for") {
			return false
		}
		if !toks[i-1].Is(",") {
			return true
		}
	}
	return false
}

// callsUnknown reports whether code calls a function that is neither described nor one of Lua's library that
// changes nothing.
func (s *session) callsUnknown(toks []vm.Token) bool {
	s.completer.scope = nil
	for i := range toks {
		isString := toks[i].Kind == vm.TokenString
		if i == 0 || !isAny(toks[i], "(", "{") && !isString || !ends(toks[i-1]) {
			continue
		}
		steps, _ := chainBefore(toks, i)
		if steps == nil || !s.harmless(steps) {
			return true
		}
	}
	return false
}

// harmless reports whether a call of a chain leaves Lua's values as they are.
func (s *session) harmless(steps []step) bool {
	last := len(steps) - 1
	if s.completer.resolve(steps).function() != nil {
		return true
	}
	if steps[last].kind == ':' {
		owner := s.completer.resolve(steps[:last]).typ.Kind
		return owner == describe.KindString || owner == describe.KindClass
	}
	path := ""
	for _, st := range steps {
		if st.kind != 'n' && st.kind != '.' {
			return false
		}
		path = strings.TrimPrefix(path+"."+st.name, ".")
	}
	v, ok := s.rt.Look(pathOf(path)...)
	return ok && v.Type() == "function" && v.Signature() == "" && slices.Contains(reading, path)
}

// reading are the functions of Lua's library that change nothing.
var reading = strings.Fields(`print tostring tonumber type pairs ipairs next select unpack rawget rawequal
	getmetatable error help apropos io.write table.concat table.maxn
	string.byte string.char string.find string.format string.gmatch string.len string.lower string.match
	string.rep string.reverse string.sub string.upper
	math.abs math.ceil math.floor math.fmod math.huge math.max math.min math.modf math.pow math.sqrt`)
