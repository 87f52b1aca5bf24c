// How results, registers, refusals and errors are shown.

package repl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// maxShown is how many bytes of a value are shown.
const maxShown = 20_000

// show prints the values of an expression.
func (s *session) show(ctx context.Context, in *input, results []vm.Value) error {
	if message, errno, ok := s.refusal(results); ok {
		in.refused = errno
		if !s.cfg.Quiet {
			s.showRefusal(ctx, in.text, message, errno)
		}
		return nil
	}
	if s.rec != nil {
		s.note(ctx, in, results)
	}
	if s.cfg.Quiet {
		return nil
	}
	parts, err := s.parts(ctx, in.text, results)
	if err != nil {
		return err
	}
	s.page(s.join(parts))
	return nil
}

// A part is one result as text: the digits of a register and the meaning of its fields, or any text.
type part struct{ digits, text string }

// join returns the parts as they are printed.
func (s *session) join(parts []part) string {
	lines := make([]string, len(parts))
	for i, p := range parts {
		lines[i] = s.colors.value(p.digits) + p.text
	}
	return strings.Join(lines, "\n")
}

// parts returns the values of an expression as text: one part for each register, if the source reads
// only registers, and otherwise one part.
func (s *session) parts(ctx context.Context, source string, results []vm.Value) ([]part, error) {
	if parts := s.registerParts(source, results); parts != nil {
		return parts, nil
	}
	args := []any{s.width(), s.hexIn(source, len(results))}
	for _, v := range results {
		args = append(args, v)
	}
	text, err := s.invokeText(ctx, "values", args...)
	if err != nil {
		return nil, err
	}
	if len(text) > maxShown {
		cut := maxShown
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = fmt.Sprintf("%s… (%d bytes; for all of them: print(_))", text[:cut], len(text))
	}
	return []part{{text: printable(text)}}, nil
}

// registerParts returns the results as registers, or nil if one of them is not.
func (s *session) registerParts(source string, results []vm.Value) []part {
	regs := s.registersIn(source, len(results))
	parts := make([]part, len(regs))
	for i, r := range regs {
		n, ok := integer(results[i].Go())
		if r == nil || !ok {
			return nil
		}
		parts[i] = s.registerPart(r, n)
	}
	if len(parts) == 0 {
		return nil
	}
	return parts
}

// registerPart returns the digits of a register and the meaning of its fields, wrapped to the width of
// the terminal.
func (s *session) registerPart(r *describe.Register, v uint64) part {
	p := part{digits: fmt.Sprintf("0x%0*x", max(1, r.Width/4), v)}
	if d := decode(r, v); d != "" {
		at := len(p.digits) + 2
		if at+phrase.Width(d) > s.room() {
			d = phrase.Wrap(d, max(s.room()-at, 8), strings.Repeat(" ", at))
		}
		p.text = "  " + d
	}
	return p
}

// refusal recognizes the results of a refused call: nil, a message and the name of an errno.
func (s *session) refusal(results []vm.Value) (message, errno string, ok bool) {
	if len(results) != 3 || !results[0].IsNil() {
		return "", "", false
	}
	message, ok1 := results[1].Go().(string)
	errno, ok2 := results[2].Go().(string)
	known := func(e *describe.Entry) bool { return e.Kind == describe.IsErrno && e.Name == errno }
	return message, errno, ok1 && ok2 && slices.ContainsFunc(s.index.Lookup(errno), known)
}

// showRefusal prints the message of a refused call, and the reasons of the machine.
func (s *session) showRefusal(ctx context.Context, source, message, errno string) {
	if !strings.Contains(message, errno) {
		message += " (" + errno + ")"
	}
	fmt.Fprintln(s.out, s.colors.err(s.fit(printable(message))))
	if why := s.why(ctx, source, errno); why != "" {
		fmt.Fprintln(s.out, s.colors.note(s.fit("why: "+printable(why))))
	}
}

// why asks the object whose method was refused, or else the global m, for its reasons.
func (s *session) why(ctx context.Context, source, errno string) string {
	names := []string{"m"}
	if toks := scan(source); len(toks) > 0 && toks[0].Kind == vm.TokenName {
		names = []string{toks[0].Text, "m"}
	}
	for _, name := range names {
		v, ok := s.rt.Look(name)
		if !ok || s.index.Member(v.Class(), "why") == nil {
			continue
		}
		if why, err := s.invokeText(ctx, "why", v, errno); err == nil {
			return why
		}
	}
	return ""
}

// integer returns a value as the contents of a register.
func integer(v any) (uint64, bool) {
	switch v := v.(type) {
	case uint64:
		return v, true
	case float64:
		return uint64(v), v >= 0 && v < 1<<53 && v == float64(uint64(v))
	}
	return 0, false
}

// registersIn returns the registers that a list of n expressions reads, nil for an expression that
// reads none. It returns nil if none does, or if the source is another number of expressions.
func (s *session) registersIn(source string, n int) []*describe.Register {
	parts := splitArgs(scan(source))
	if len(parts) != n {
		return nil
	}
	regs := make([]*describe.Register, n)
	found := false
	for i, toks := range parts {
		if k := len(toks); k > 0 && toks[k-1].Is(";") {
			toks = toks[:k-1]
		}
		regs[i] = s.registerRead(toks)
		found = found || regs[i] != nil
	}
	if !found {
		return nil
	}
	return regs
}

// registerRead returns the register that an expression reads: a field with the name of a register, an
// element of such a field, or a call whose first argument is that name.
func (s *session) registerRead(toks []vm.Token) *describe.Register {
	steps, start := chainBefore(toks, len(toks))
	last := len(steps) - 1
	if start != 0 || last < 1 {
		return nil
	}
	switch steps[last].kind {
	case '.':
		return s.registerField(steps)
	case '[':
		if steps[last-1].kind == '.' {
			return s.registerField(steps[:last])
		}
	case '(':
		args := steps[last].args
		if len(args) == 0 || args[0].Kind != vm.TokenString || steps[last-1].kind != ':' {
			return nil
		}
		f := s.completer.resolve(steps[:last]).function()
		if f == nil || len(f.Params) == 0 || len(f.Results) == 0 {
			return nil
		}
		name := args[0].Content()
		isName := func(k candidate) bool { return k.name == name }
		if slices.ContainsFunc(stringsOf(f.Params[0].Type, ""), isName) {
			return s.register(name)
		}
	}
	return nil
}

// registerField returns the register that the last field of a chain is named after, unless the
// description knows the owner of the field and no such field of it.
func (s *session) registerField(steps []step) *describe.Register {
	last := len(steps) - 1
	if t := s.completer.resolve(steps[:last]); !t.unknown() {
		switch t.typ.Kind {
		case describe.KindClass, describe.KindModule, describe.KindRecord:
		default:
			return nil
		}
		if s.index.Member(t.typ.Name, steps[last].name) == nil {
			return nil
		}
	}
	return s.register(steps[last].name)
}

// hexIn returns a letter for each of n results of a list of expressions: "x" if its number prints in
// hexadecimal, otherwise "d".
func (s *session) hexIn(source string, n int) string {
	if s.hexAll {
		return strings.Repeat("x", n)
	}
	letters := []byte(strings.Repeat("d", n))
	exprs := splitArgs(scan(source))
	for i, toks := range exprs {
		if k := len(toks); k > 0 && toks[k-1].Is(";") {
			toks = toks[:k-1]
		}
		steps, start := chainBefore(toks, len(toks))
		if start != 0 || len(steps) == 0 || i >= n {
			continue
		}
		f := s.completer.resolve(steps[:len(steps)-1]).function()
		switch last := steps[len(steps)-1].kind; {
		case last != '(' && s.completer.resolve(steps).typ.Hex:
			letters[i] = 'x'
		case last == '(' && f != nil && i == len(exprs)-1: // the last call gives all its results
			for j := i; j < n && j-i < len(f.Results); j++ {
				if f.Results[j-i].Type.Hex {
					letters[j] = 'x'
				}
			}
		}
	}
	return string(letters)
}

// register returns the described register of that name, or nil.
func (s *session) register(name string) *describe.Register {
	for _, e := range s.index.Lookup(name) {
		if e.Kind == describe.IsRegister {
			return e.Register
		}
	}
	return nil
}

// decode returns the fields of a register that are not 0, with their meaning. It omits fields of more
// than 32 bits, which are addresses.
func decode(r *describe.Register, v uint64) string {
	var parts []string
	for i := range r.Fields {
		f := &r.Fields[i]
		bits := f.Hi - f.Lo + 1
		if bits > 32 {
			continue
		}
		x := v >> f.Lo & (1<<bits - 1)
		if x == 0 {
			continue
		}
		text := f.Name
		if !vm.IsName(text) || text == "RES0" {
			text += f.Range()
		}
		if bits > 1 {
			text += "=" + fieldNumber(x, bits)
			if w := wordFor(f.Values, x); w != "" {
				text += " (" + w + ")"
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func fieldNumber(x uint64, bits int) string {
	if bits > 4 {
		return fmt.Sprintf("0x%0*x", (bits+3)/4, x)
	}
	return strconv.FormatUint(x, 10)
}

// wordFor returns the meaning of a field's value, or "".
func wordFor(words []describe.Word, x uint64) string {
	for _, w := range words {
		if n, err := strconv.ParseUint(w.Value, 0, 64); err == nil && n == x {
			return w.Doc
		}
	}
	return ""
}

// showError prints an error: its message, and the line of source with a caret if they are known.
func (s *session) showError(err error) {
	s.lastErr = err
	if errors.Is(err, context.Canceled) {
		s.freshLine()
		fmt.Fprintln(s.errOut, s.colors.err("interrupted"))
		return
	}
	s.complain("%s", s.message(err))
	before, after := s.excerpt(err)
	if before+after == "" {
		return
	}
	width := s.width()
	if phrase.Width(before) > width-20 { // keep the caret visible
		runes := []rune(before)
		before = "…" + string(runes[len(runes)-width/2:])
	}
	fmt.Fprintf(s.errOut, "  %s\n", phrase.Truncate(before+after, width-3))
	fmt.Fprintf(s.errOut, "  %s%s\n", strings.Repeat(" ", phrase.Width(before)), s.colors.err("^"))
}

// position returns where the message of an error says it happened, and the message without that
// position. This is the innermost function, or a caller that the error was raised in the name of.
func position(e *vm.Error) (script string, line int, text string) {
	for _, f := range append([]vm.Frame{{File: e.Script, Line: e.Line}}, e.Frames...) {
		if text, ok := strings.CutPrefix(e.Message, fmt.Sprintf("%s:%d: ", f.File, f.Line)); ok {
			return f.File, f.Line, text
		}
	}
	return e.Script, e.Line, e.Message
}

// messageOf returns the message of an error without its position.
func messageOf(err error) string {
	if e, ok := errors.AsType[*vm.Error](err); ok {
		_, _, text := position(e)
		return text
	}
	return err.Error()
}

// message returns the text of an error. For code that was typed it has only the line number, and only
// if there are several lines.
func (s *session) message(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*vm.Error](err); ok {
		script, line, rest := position(e)
		text = e.Message
		if strings.HasPrefix(script, "lua/") {
			text = rest
		} else if src := s.sources[script]; src.typed {
			text = rest
			if strings.Contains(src.text, "\n") && line > 0 {
				text = fmt.Sprintf("line %d: %s", line, rest)
			}
		}
	}
	if _, ok := errors.AsType[*vm.PanicError](err); ok {
		text += "\nfor the details: :bt"
	} else if errors.Is(err, vm.ErrMemory) {
		text += "; fix: set large values to nil, or use :reset"
	}
	return text
}

// where returns the position of an interrupt, for a message.
func (s *session) where(err error) string {
	e, ok := errors.AsType[*vm.Error](err)
	if !ok || e.Line == 0 {
		return ""
	}
	switch src := s.sources[e.Script]; {
	case strings.HasPrefix(e.Script, "lua/"): // of a command
	case !src.typed:
		return fmt.Sprintf(" at %s:%d", e.Script, e.Line)
	case strings.Contains(src.text, "\n"):
		return fmt.Sprintf(" in line %d", e.Line)
	}
	return ""
}

// excerpt returns the line of source of an error, split where the caret goes: at the column of the
// error, or at the first word if the column is unknown.
func (s *session) excerpt(err error) (before, after string) {
	e, ok := errors.AsType[*vm.Error](err)
	if !ok {
		return "", ""
	}
	script, n, _ := position(e)
	lines := strings.Split(s.sources[script].text, "\n")
	if n < 1 || n > len(lines) {
		return "", ""
	}
	line := strings.TrimRight(lines[n-1], " \t\r")
	caret := len(line) - len(strings.TrimLeft(line, " \t"))
	if script == e.Script && n == e.Line && e.Column > 0 {
		// The compiled line of an expression has more text before the entry.
		before := max(0, len(e.Source)-len(line))
		caret = min(max(caret, e.Column-1-before), len(line))
	}
	visible := func(s string) string { return printable(strings.ReplaceAll(s, "\t", "    ")) }
	return visible(line[:caret]), visible(line[caret:])
}
