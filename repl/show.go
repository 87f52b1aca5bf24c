// What is shown: results, registers, refusals, errors.

package repl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
	"github.com/hwlua/hwlua/vm/phrase"
)

// show prints the values of an expression.
func (s *session) show(ctx context.Context, in *input, results []vm.Value) error {
	if len(results) == 0 {
		return nil
	}
	if message, errno, ok := s.refusal(results); ok {
		in.refused = errno
		if s.cfg.Quiet {
			return nil
		}
		if !strings.Contains(message, errno) {
			message += " (" + errno + ")"
		}
		fmt.Fprintln(s.out, s.colors.err(s.fit(printable(message))))
		if why := s.why(ctx, in.text, errno); why != "" {
			fmt.Fprintln(s.out, s.colors.note(s.fit("why: "+printable(why))))
		}
		return nil
	}
	if s.rec != nil {
		s.note(ctx, in, results)
	}
	if s.cfg.Quiet {
		return nil
	}
	text, err := s.text(ctx, in.text, results)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, text)
	return nil
}

// text is the values of an expression as they are printed.
func (s *session) text(ctx context.Context, source string, results []vm.Value) (string, error) {
	regs := s.registersIn(source, len(results))
	if regs != nil {
		parts := make([]string, len(results))
		for i, v := range results {
			n, ok := integer(v.Go())
			if regs[i] == nil || !ok {
				regs = nil
				break
			}
			parts[i] = s.registerText(regs[i], n)
		}
		if regs != nil {
			return strings.Join(parts, "\n"), nil
		}
	}
	args := []any{s.width()}
	for _, v := range results {
		args = append(args, v)
	}
	out, err := s.invoke(ctx, "values", args...)
	if err != nil {
		return "", err
	}
	text, _ := out[0].Go().(string)
	if len(text) > maxShown {
		cut := maxShown
		for cut > 0 && text[cut]&0xc0 == 0x80 {
			cut--
		}
		text = fmt.Sprintf("%s… (%d bytes in all; print(_) writes them)", text[:cut], len(text))
	}
	return printable(text), nil
}

// maxShown is how much of a value is shown.
const maxShown = 20_000

// refusal recognises what a refused call returns: nil, a message and the name of an errno.
func (s *session) refusal(results []vm.Value) (message, errno string, ok bool) {
	if len(results) != 3 || !results[0].IsNil() {
		return "", "", false
	}
	message, ok1 := results[1].Go().(string)
	errno, ok2 := results[2].Go().(string)
	if !ok1 || !ok2 {
		return "", "", false
	}
	for _, e := range s.index.Lookup(errno) {
		if e.Kind == describe.IsErrno && e.Name == errno {
			return message, errno, true
		}
	}
	return "", "", false
}

// why asks the object whose method was refused, or else a global machine, for its reasons.
func (s *session) why(ctx context.Context, source, errno string) string {
	names := []string{"m"}
	if toks := scan(source); len(toks) > 0 && toks[0].kind == tokName {
		names = append([]string{toks[0].text}, names...)
	}
	for _, name := range names {
		v, ok := s.rt.Look(name)
		if !ok || s.index.Member(v.Class(), "why") == nil {
			continue
		}
		out, err := s.invoke(ctx, "why", v, errno)
		if err == nil && len(out) == 1 {
			why, _ := out[0].Go().(string)
			return why
		}
	}
	return ""
}

// integer is a value that a register can hold.
func integer(v any) (uint64, bool) {
	switch v := v.(type) {
	case uint64:
		return v, true
	case float64:
		if v >= 0 && v < 1<<53 && v == float64(uint64(v)) {
			return uint64(v), true
		}
	}
	return 0, false
}

// registersIn are the registers that a list of n expressions reads, nil for those that read none; nil
// when it is another number of expressions.
func (s *session) registersIn(source string, n int) []*describe.Register {
	parts := splitArgs(scan(source))
	if len(parts) != n {
		return nil
	}
	regs := make([]*describe.Register, n)
	found := false
	for i, toks := range parts {
		if n := len(toks); n > 0 && toks[n-1].is(";") {
			toks = toks[:n-1]
		}
		regs[i] = s.registerRead(toks)
		found = found || regs[i] != nil
	}
	if !found {
		return nil
	}
	return regs
}

// registerRead is the register that an expression reads: a field that is called like one, an element
// of such a field, or a call with a register's name for its first argument.
func (s *session) registerRead(toks []token) *describe.Register {
	steps, start := chainBefore(toks, len(toks))
	if start != 0 || len(steps) < 2 {
		return nil
	}
	last := len(steps) - 1
	switch steps[last].kind {
	case '.':
		return s.registerField(steps)
	case '[':
		if steps[last-1].kind == '.' {
			return s.registerField(steps[:last])
		}
	case '(':
		args := steps[last].args
		if len(args) == 0 || args[0].kind != tokString || steps[last-1].kind != ':' {
			return nil
		}
		t := s.completer.resolve(steps[:last])
		if t.entry == nil || t.entry.Func == nil || len(t.entry.Func.Params) == 0 {
			return nil
		}
		name := stringText(args[0])
		if p := t.entry.Func.Params[0].Type; slices.Contains(wordsOf(p), name) && len(t.entry.Func.Results) > 0 {
			return s.register(name)
		}
	}
	return nil
}

// wordsOf are the strings that a type allows.
func wordsOf(t describe.Type) []string {
	if t.Kind != describe.KindUnion {
		return t.Strings()
	}
	var out []string
	for _, e := range t.Elem {
		out = append(out, e.Strings()...)
	}
	return out
}

// registerField is the register that the last field of a chain is called like, if what has the field
// is not known to be anything else.
func (s *session) registerField(steps []step) *describe.Register {
	last := len(steps) - 1
	if t := s.completer.resolve(steps[:last]); !t.nothing() {
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

func (s *session) register(name string) *describe.Register {
	for _, e := range s.index.Lookup(name) {
		if e.Kind == describe.IsRegister {
			return e.Register
		}
	}
	return nil
}

// registerText is a register's value and what its fields mean.
func (s *session) registerText(r *describe.Register, v uint64) string {
	text := s.colors.value(fmt.Sprintf("0x%0*x", max(1, r.Width/4), v))
	if d := decode(r, v); d != "" {
		text += "  "
		if at := phrase.Width(text); at+phrase.Width(d) > s.room() {
			d = wrapText(d, max(s.room()-at, 8), strings.Repeat(" ", at))
		}
		text += d
	}
	return text
}

// decode says which fields of a register are not 0, and what that means. An address is no news.
func decode(r *describe.Register, v uint64) string {
	var parts []string
	for i := range r.Fields {
		f := &r.Fields[i]
		bits := f.Hi - f.Lo + 1
		x := v >> f.Lo
		if bits < 64 {
			x &= 1<<bits - 1
		}
		if x == 0 || bits > 32 {
			continue
		}
		name := f.Name
		if !isName(name) || name == "RES0" {
			name += f.Range()
		}
		text := name
		if bits > 1 {
			text = fmt.Sprintf("%s=%s", name, fieldNumber(x, bits))
		}
		if w := wordFor(f.Values, x); w != "" && bits > 1 {
			text += " (" + w + ")"
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

func wordFor(words []describe.Word, x uint64) string {
	for _, w := range words {
		if n, err := strconv.ParseUint(w.Value, 0, 64); err == nil && n == x {
			return w.Doc
		}
	}
	return ""
}

// showError prints an error: its message, the line it is about and a caret, as far as they are known.
func (s *session) showError(err error) {
	s.lastErr = err
	if errors.Is(err, context.Canceled) {
		s.freshLine()
		fmt.Fprintln(s.errOut, s.colors.err("interrupted"))
		return
	}
	s.complain("%s", s.message(err))
	if line, caret, ok := s.excerpt(err); ok {
		width := s.width()
		if cut := phrase.Width(line[:caret]); cut > width-20 { // keep the caret in sight
			from := len(line) - len(strings.TrimLeft(line[max(0, caret-width/2):], " "))
			for from < len(line) && line[from]&0xc0 == 0x80 {
				from++
			}
			line, caret = "…"+line[from:], caret-from+len("…")
		}
		fmt.Fprintf(s.errOut, "  %s\n", phrase.Truncate(line, width-3))
		fmt.Fprintf(s.errOut, "  %s%s\n", strings.Repeat(" ", phrase.Width(line[:caret])), s.colors.err("^"))
	}
}

// position is where an error happened: where its message says, which is not where it was raised when
// it was raised in the name of a caller.
func (s *session) position(e *vm.Error) (script string, line int, rest string) {
	for i := strings.IndexByte(e.Message, ':'); i > 0 && i < len(e.Message); {
		name := e.Message[:i]
		if _, ok := s.sources[name]; ok {
			number, text, found := strings.Cut(e.Message[i+1:], ": ")
			if n, err := strconv.Atoi(number); found && err == nil {
				return name, n, text
			}
		}
		n := strings.IndexByte(e.Message[i+1:], ':')
		if n < 0 || strings.Contains(e.Message[:i], "\n") {
			break
		}
		i += n + 1
	}
	return e.Script, e.Line, e.Message
}

// message is an error's text; where it happened is left out when it is what has just been typed, and
// only its line matters there.
func (s *session) message(err error) string {
	text := err.Error()
	var e *vm.Error
	if errors.As(err, &e) {
		script, line, rest := s.position(e)
		text = e.Message
		if s.typed(script) {
			text = rest
			if strings.Contains(s.sources[script], "\n") && line > 0 {
				text = fmt.Sprintf("line %d: %s", line, text)
			}
		}
	}
	var p *vm.PanicError
	switch {
	case errors.As(err, &p):
		text += "\n:bt shows where"
	case errors.Is(err, vm.ErrMemory):
		text += "; set what is large to nil, or :reset"
	}
	return text
}

// typed says whether a chunk was typed here.
func (s *session) typed(chunk string) bool {
	_, ok := s.sources[chunk]
	return ok && strings.HasPrefix(chunk, "in") && digits(chunk[2:])
}

func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

// where is the position of an error, for a message about something else.
func (s *session) where(err error) string {
	var e *vm.Error
	if !errors.As(err, &e) || e.Line == 0 {
		return ""
	}
	if s.typed(e.Script) {
		if strings.Contains(s.sources[e.Script], "\n") {
			return fmt.Sprintf(" in line %d", e.Line)
		}
		return ""
	}
	return fmt.Sprintf(" at %s:%d", e.Script, e.Line)
}

// excerpt is the line that an error is about, and where in it the caret goes.
func (s *session) excerpt(err error) (line string, caret int, ok bool) {
	var e *vm.Error
	if !errors.As(err, &e) {
		return "", 0, false
	}
	script, n, _ := s.position(e)
	src, ok := s.sources[script]
	lines := strings.Split(src, "\n")
	if !ok || n < 1 || n > len(lines) {
		return "", 0, false
	}
	raw := strings.TrimRight(lines[n-1], " \t\r")
	line = printable(strings.ReplaceAll(raw, "\t", "    "))
	if line == "" {
		return "", 0, false
	}
	return line, caretFor(line, e.Message), true
}

// caretFor is where a message about a line points to: at a name or token that the message quotes, else
// at the line's first word.
func caretFor(line, message string) int {
	toks := scan(line)
	quotes := quoted(message)
	for i := len(quotes) - 1; i >= 0; i-- {
		q := quotes[i]
		for j := len(toks) - 1; j >= 0; j-- {
			if t := toks[j]; t.text == q || t.kind == tokString && stringText(t) == q {
				return t.pos
			}
		}
		if n := strings.LastIndex(line, q); n >= 0 && !isName(q) {
			return n
		}
	}
	words := scan(message)
	for i := len(words) - 1; i >= 0; i-- { // after the position, a message may begin with who complains
		if words[i].kind == tokName && i+1 < len(words) && words[i+1].is(":") {
			for _, t := range toks {
				if t.text == words[i].text {
					return t.pos
				}
			}
		}
	}
	for _, m := range words {
		for _, t := range toks {
			if m.kind == tokNumber && t.kind == tokNumber && t.text == m.text {
				return t.pos
			}
		}
	}
	if strings.Contains(message, "<eof>") || strings.Contains(message, "EOF") {
		return len(line)
	}
	return len(line) - len(strings.TrimLeft(line, " \t"))
}

// quoted are the words in quotes in a message.
func quoted(message string) []string {
	var words []string
	for {
		i := strings.IndexAny(message, "'`\"")
		if i < 0 {
			return words
		}
		closing := message[i]
		if closing == '`' {
			closing = '\''
		}
		n := strings.IndexByte(message[i+1:], closing)
		if n < 0 {
			return words
		}
		if n > 0 {
			words = append(words, message[i+1:i+1+n])
		}
		message = message[i+n+2:]
	}
}
