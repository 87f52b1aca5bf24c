// The commands: those of the prompt itself, those of Config, and those written in Lua.

package repl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A builtin is a command of the prompt itself.
type builtin struct {
	name, doc string
	run       func(s *session, ctx context.Context, rest string) error
}

// builtins are in the order in which :help lists them. It is a function because one of them lists it.
func builtins() []builtin {
	return []builtin{
		{"help", "[NAME]  this list, or what is known of a name", func(s *session, _ context.Context, rest string) error {
			name, err := s.commandName(strings.TrimPrefix(rest, ":"))
			switch {
			case rest == "":
				s.say(s.overview())
			case err == nil && strings.TrimPrefix(rest, ":") == name:
				s.say(s.commandHelp(name))
				if len(s.index.Lookup(name)) > 0 && rest == name {
					s.say(fmt.Sprintf("help %q is about something else", name))
				}
			default:
				s.say(s.help(rest))
			}
			return nil
		}},
		{"watch", "[EXPR]  show EXPR after each input, changed bits marked; without it, list", func(s *session, ctx context.Context, rest string) error {
			if rest != "" {
				return s.addWatch(ctx, rest)
			}
			if len(s.watches) == 0 {
				fmt.Fprintln(s.out, "no watches")
			}
			for i, w := range s.watches {
				fmt.Fprintf(s.out, "%2d  %s\n", i+1, w.text)
			}
			return nil
		}},
		{"unwatch", "[N]  take away watch N, or all", func(s *session, _ context.Context, rest string) error { return s.removeWatch(rest) }},
		{"load", "FILE  run a file here", func(s *session, ctx context.Context, rest string) error {
			if rest == "" {
				return errors.New("which file? For example :load board.lua")
			}
			return s.load(ctx, rest)
		}},
		{"reload", "run the last file again", func(s *session, ctx context.Context, _ string) error {
			if s.file == "" {
				return errors.New("no file has been loaded; :load FILE does")
			}
			return s.load(ctx, s.file)
		}},
		{"time", "[CODE]  run CODE and say how long it took; without it, the last input", func(s *session, ctx context.Context, rest string) error {
			before, known := s.clock(ctx)
			if rest != "" {
				if err := s.run(ctx, rest); err != nil {
					return errShown{err}
				}
			}
			s.freshLine()
			line := s.used.String()
			if after, ok := s.clock(ctx); ok && known && rest != "" {
				line += fmt.Sprintf(", %.6f s on the machine", after-before)
			}
			fmt.Fprintln(s.out, line)
			return nil
		}},
		{"undo", "the machine and the globals as before the last input", func(s *session, ctx context.Context, _ string) error { return s.undo(ctx) }},
		{"reset", "everything as at the start", func(s *session, ctx context.Context, _ string) error {
			if err := s.rebuild(ctx, nil); err != nil {
				return err
			}
			if s.rec != nil {
				s.rec.from = 0
			}
			fmt.Fprintln(s.out, "as at the start")
			s.showWatches(ctx)
			return nil
		}},
		{"record", "FILE  write a scenario from what follows", func(s *session, _ context.Context, rest string) error { return s.startRecording(rest) }},
		{"stop", "end the recording", func(s *session, _ context.Context, _ string) error { return s.stopRecording() }},
		{"tour", "[stop]  a story in six steps", func(s *session, ctx context.Context, rest string) error {
			if rest == "stop" {
				if s.tour == nil {
					return errors.New("there is no tour to stop; :tour begins one")
				}
				s.tour = nil
				return nil
			}
			return s.startTour(ctx)
		}},
		{"bt", "the last error in full, with the functions that were being called", func(s *session, _ context.Context, _ string) error {
			s.say(s.backtrace())
			return nil
		}},
		{"quit", "leave", func(*session, context.Context, string) error { return errQuit }},
	}
}

// builtins are those that this session has.
func (s *session) builtins() []builtin {
	return slices.DeleteFunc(builtins(), func(b builtin) bool {
		switch b.name {
		case "tour":
			return s.cfg.NoMachine
		case "load", "reload":
			return s.cfg.Files == nil
		case "record", "stop":
			return s.cfg.Files == nil || s.cfg.Files.Write == nil
		}
		return false
	})
}

// clock is the virtual time, where there is one.
func (s *session) clock(ctx context.Context) (float64, bool) {
	if s.fns["clock"] == nil {
		return 0, false
	}
	vs, err := s.invoke(ctx, "clock")
	if err != nil || len(vs) == 0 {
		return 0, false
	}
	now, ok := vs[0].Go().(float64)
	return now, ok
}

func (s *session) builtin(name string) *builtin {
	for _, b := range s.builtins() {
		if b.name == name {
			return &b
		}
	}
	return nil
}

// errShown is an error that has been shown.
type errShown struct{ error }

func (e errShown) Unwrap() error { return e.error }

// enterCommand runs what was typed after the colon.
func (s *session) enterCommand(ctx context.Context, line string) error {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	rest = strings.TrimSpace(rest)
	err := s.command(ctx, name, rest)
	if err == nil {
		return nil
	}
	var shown errShown
	var exit *vm.ExitError
	if errors.Is(err, errQuit) || errors.As(err, &shown) || errors.As(err, &exit) || ctx.Err() != nil {
		return err
	}
	s.showError(err)
	return err
}

func (s *session) command(ctx context.Context, name, rest string) error {
	full, err := s.commandName(name)
	if err != nil {
		return err
	}
	if b := s.builtin(full); b != nil {
		return b.run(s, ctx, rest)
	}
	for _, c := range s.cfg.Commands {
		if c.Name == full {
			_, err := s.during(ctx, func(ctx context.Context) error { return c.Run(ctx, s.rt, rest, s.out) })
			s.freshLine()
			return err
		}
	}
	return s.luaCommand(ctx, full, rest)
}

// luaCommand runs a command written in Lua. One that may change something is an input like any other.
func (s *session) luaCommand(ctx context.Context, name, rest string) error {
	out, err := s.invoke(ctx, "command", name)
	if err != nil {
		return err
	}
	pure, _ := out[2].Go().(bool)
	code, _ := out[3].Go().(string)
	in := input{kind: luaCommand, name: name, rest: rest, code: code, text: ":" + strings.TrimSpace(name+" "+rest)}
	if pure {
		stopped, err := s.during(ctx, func(ctx context.Context) error {
			_, _, err := s.perform(ctx, s.rt, &in)
			return err
		})
		s.freshLine()
		if stopped {
			fmt.Fprintln(s.errOut, s.colors.err("interrupted"))
			return errShown{err}
		}
		return plainError(err)
	}
	if n := len(rest); n > 0 && code != "" && digits(rest) {
		in.code = fmt.Sprintf("for _ = 1, %s do %s end", rest, code)
	}
	s.count++
	err = s.execute(ctx, &in)
	s.inputs = append(s.inputs, in)
	if err != nil {
		return errShown{err}
	}
	return nil
}

// plainError takes the position away from an error that one of our own commands raised.
func plainError(err error) error {
	var e *vm.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Script, "lua/") {
		return errors.New(strings.TrimPrefix(e.Message, fmt.Sprintf("%s:%d: ", e.Script, e.Line)))
	}
	return err
}

// commandNames are the names of all commands.
func (s *session) commandNames() []string {
	var names []string
	for _, c := range s.commandCandidates() {
		names = append(names, c.name)
	}
	return names
}

// commandName finds the command that was meant: by its name, or by as much of it as no other begins
// with.
func (s *session) commandName(name string) (string, error) {
	if name == "" {
		return "", errors.New("a command's name goes here; :help lists them")
	}
	names := s.commandNames()
	if slices.Contains(names, name) {
		return name, nil
	}
	var found []string
	for _, n := range names {
		if strings.HasPrefix(n, name) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", unknownCommand(name, names)
	}
	return "", fmt.Errorf(":%s may be :%s", name, strings.Join(found, " or :"))
}

func unknownCommand(name string, names []string) error {
	if n, ok := phrase.Nearest(name, names); ok {
		return fmt.Errorf("there is no command :%s; did you mean :%s?", name, n)
	}
	return fmt.Errorf("there is no command :%s; :help lists them", name)
}

// commandCandidates are all commands, for completion.
func (s *session) commandCandidates() []candidate {
	var out []candidate
	add := func(name, doc string) {
		args, text := splitDoc(doc)
		k := candidate{name: name, typ: args, doc: text}
		if args != "" {
			k.after = " "
		}
		out = append(out, k)
	}
	for _, b := range s.builtins() {
		add(b.name, b.doc)
	}
	for _, c := range s.cfg.Commands {
		add(c.Name, c.Doc)
	}
	if s.fns["list"] != nil {
		vs, err := s.invoke(context.Background(), "list")
		if err == nil && len(vs) == 1 {
			text, _ := vs[0].Go().(string)
			for line := range strings.SplitSeq(text, "\n") {
				if name, doc, ok := strings.Cut(line, "\t"); ok {
					add(name, doc)
				}
			}
		}
	}
	slices.SortStableFunc(out, byName)
	return out
}

// splitDoc takes the arguments off a command's text: "[n]  what it does".
func splitDoc(doc string) (args, text string) {
	if args, text, ok := strings.Cut(doc, "  "); ok {
		return args, text
	}
	if i := strings.IndexByte(doc, ' '); i > 0 && (doc[0] == '[' || doc[0] == '<' || strings.ToUpper(doc[:i]) == doc[:i] && i > 1) {
		return doc[:i], strings.TrimSpace(doc[i:])
	}
	return "", doc
}

// commandList is what :help says of commands.
func (s *session) commandList() string {
	var b strings.Builder
	for _, k := range s.commandCandidates() {
		b.WriteString(hanging(strings.TrimSpace(":"+k.name+" "+k.typ), k.doc, s.helpWidth()))
	}
	b.WriteString("repl.command(name, doc, fn) adds one.\n")
	return b.String()
}

func (s *session) commandHelp(name string) string {
	for _, k := range s.commandCandidates() {
		if k.name == name {
			return fmt.Sprintf(":%s\n  %s\n", strings.TrimSpace(k.name+" "+k.typ), wrapText(k.doc, s.helpWidth()-2, "  "))
		}
	}
	return unknownCommand(name, s.commandNames()).Error() + "\n"
}

// load runs a file. It is an input like what is typed.
func (s *session) load(ctx context.Context, file string) error {
	b, err := s.cfg.Files.Read(file)
	if err != nil {
		return err
	}
	s.file = file
	text := string(b)
	name := filepath.ToSlash(file)
	s.sources[name] = text
	s.count++
	in := input{kind: loadedFile, text: withoutHashBang(text), name: name}
	if in.prog, err = vm.Compile(name, text); err != nil {
		s.showError(err)
		return errShown{err}
	}
	if s.holdsCases(in.prog) {
		return fmt.Errorf("%s has cases (describe, it), which are not run here; %s run %s", name, s.cfg.Name, name)
	}
	err = s.execute(ctx, &in)
	s.inputs = append(s.inputs, in)
	if err != nil {
		return errShown{err}
	}
	return nil
}

// holdsCases tells whether a program calls describe or it, and nobody has given these a meaning.
func (s *session) holdsCases(prog *vm.Program) bool {
	calls := false
	for _, g := range prog.Globals() {
		if g.Name != "describe" && g.Name != "it" {
			continue
		}
		if v, err := s.rt.Get(g.Name); g.Set || err != nil || v != nil {
			return false
		}
		calls = calls || g.Main
	}
	return calls
}

// withoutHashBang is a file without its first line if that is for the system.
func withoutHashBang(text string) string {
	if strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// undo makes everything as before the last input, by running all others again: they do the same.
func (s *session) undo(ctx context.Context) error {
	n := len(s.inputs)
	if n == 0 {
		return errors.New("nothing has been entered")
	}
	last := s.inputs[n-1]
	if err := s.rebuild(ctx, s.inputs[:n-1:n-1]); err != nil {
		return err
	}
	if s.rec != nil && s.rec.from > len(s.inputs) {
		s.rec.from = len(s.inputs)
	}
	what := last.text
	if last.kind == loadedFile {
		what = ":load " + last.name
	}
	first, _, several := strings.Cut(strings.TrimSpace(what), "\n")
	if several {
		first += " …"
	}
	fmt.Fprintln(s.out, s.colors.note("undone: ")+phrase.Truncate(printable(first), s.width()-9))
	s.showWatches(ctx)
	return nil
}

// backtrace is the last error in full.
func (s *session) backtrace() string {
	if s.lastErr == nil {
		return "there has been no error"
	}
	text := s.lastErr.Error()
	var e *vm.Error
	if errors.As(s.lastErr, &e) {
		text = e.Message
		if e.Traceback != "" && !strings.Contains(text, e.Traceback) {
			text += "\n" + e.Traceback
		}
	}
	var p *vm.PanicError
	if errors.As(s.lastErr, &p) {
		text += "\n" + p.Traceback + "\n" + p.Stack
	}
	var f *faultError
	if errors.As(s.lastErr, &f) {
		text += "\n" + f.stack
	}
	return printable(text)
}
