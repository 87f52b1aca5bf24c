// The commands: those of the prompt itself, those of Config, and those written in Lua.

package repl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// A builtin is a command of the prompt itself.
type builtin struct {
	name, doc string
	run       func(s *session, ctx context.Context, rest string) error
}

// builtins returns the commands of this session, in the order in which :help lists them.
func (s *session) builtins() []builtin {
	all := []builtin{
		{"help", "[NAME]  this list, or the help on a name", (*session).helpCommand},
		{"watch", "[EXPR]  show EXPR after each input, with changed bits marked; without it, list",
			(*session).watchCommand},
		{"unwatch", "[N]  remove watch N, or all", plain((*session).removeWatch)},
		{"hex", "[on|off]  show every integer in hexadecimal, not only addresses, registers and masks",
			plain((*session).hexCommand)},
		{"load", "FILE  run a file here", (*session).loadCommand},
		{"reload", "run the last file again", (*session).reloadCommand},
		{"time", "[CODE]  run CODE and show how long it took; without it, the last input",
			(*session).timeCommand},
		{"undo", "[N]  take back the last N entries that changed something", (*session).undoCommand},
		{"redo", "[N]  do again the next N that :undo took back", (*session).redoCommand},
		{"reset", "restore everything from the start", (*session).resetCommand},
		{"record", "FILE  write a scenario from what follows", plain((*session).startRecording)},
		{"stop", "end the recording", plain(func(s *session, _ string) error { return s.stopRecording() })},
		{"tour", "[stop]  a story in six steps", (*session).tourCommand},
		{"bt", "where code has stopped, or the last error with its traceback",
			plain((*session).backtraceCommand)},
		{"break", "[FN [cpu=N]]  stop when a kernel function is entered, on that CPU; without FN, list",
			plain((*session).breakCommand)},
		{"delete", "[N]  delete breakpoint N, or all", plain((*session).deleteCommand)},
		{"until", "FN [cpu=N]  continue, or run the machine, until FN is entered", (*session).untilCommand},
		{"continue", "go on after a breakpoint", plain((*session).continueCommand)},
		{"quit", "leave", plain(func(*session, string) error { return errQuit })},
	}
	return slices.DeleteFunc(all, func(b builtin) bool {
		switch b.name {
		case "tour":
			return s.cfg.NoMachine
		case "load", "reload":
			return s.cfg.Files == nil
		case "break", "delete", "until", "continue":
			return s.cfg.Breaks == nil
		case "record", "stop":
			return s.cfg.Files == nil || s.cfg.Files.Write == nil
		}
		return false
	})
}

// plain adapts a command that needs no context.
func plain(run func(*session, string) error) func(*session, context.Context, string) error {
	return func(s *session, _ context.Context, rest string) error { return run(s, rest) }
}

// builtin returns the command of the prompt of that name, or nil.
func (s *session) builtin(name string) *builtin {
	all := s.builtins()
	if i := slices.IndexFunc(all, func(b builtin) bool { return b.name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// hexCommand switches the base of integers, or tells which one it is.
func (s *session) hexCommand(rest string) error {
	switch rest {
	case "on", "off":
		s.hexAll = rest == "on"
	case "":
		fmt.Fprintln(s.out, map[bool]string{true: "on", false: "off"}[s.hexAll])
	default:
		return fmt.Errorf("invalid value '%s' (want on or off)", rest)
	}
	return nil
}

// errQuit ends the session.
var errQuit = errors.New("quit")

// errShown wraps an error that has been shown.
type errShown struct{ error }

func (e errShown) Unwrap() error { return e.error }

// enterCommand runs a line without its colon. It shows the error of a command, if that does not end the
// session.
func (s *session) enterCommand(ctx context.Context, line string) error {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	err := s.command(ctx, name, strings.TrimSpace(rest))
	_, shown := errors.AsType[errShown](err)
	_, exit := errors.AsType[*vm.ExitError](err)
	if err != nil && !shown && !exit && !leaves(err) && ctx.Err() == nil {
		s.showError(err)
	}
	return err
}

// leaves reports whether an error only ends a prompt.
func leaves(err error) bool {
	return errors.Is(err, errQuit) || errors.Is(err, errContinue) || errors.Is(err, errAbandon)
}

// command runs the command whose name, or a unique beginning of it, is name.
func (s *session) command(ctx context.Context, name, rest string) error {
	full, err := s.commandName(name)
	if err != nil {
		return err
	}
	if b := s.builtin(full); b != nil {
		if s.stop != nil && slices.Contains(changing, full) {
			return fmt.Errorf("code has stopped in %s; first :continue, or :undo to drop it", s.stop.Name)
		}
		return b.run(s, ctx, rest)
	}
	for _, c := range s.cfg.Commands {
		if c.Name == full {
			_, err := s.during(ctx, func(ctx context.Context) error {
				return c.Run(ctx, s.rt.Runtime, rest, s.out)
			})
			s.freshLine()
			return err
		}
	}
	return s.luaCommand(ctx, full, rest)
}

// luaCommand runs a command written in Lua. A command that may change the machine or the globals is an
// input like any other.
func (s *session) luaCommand(ctx context.Context, name, rest string) error {
	out, err := s.invoke(ctx, "command", name)
	if err != nil {
		return err
	}
	in := input{kind: luaCommand, name: name, rest: rest, text: ":" + strings.TrimSpace(name+" "+rest)}
	if pure, _ := out[0].Go().(bool); pure {
		err := s.paged(func() error {
			_, err := s.during(ctx, func(ctx context.Context) error {
				_, _, err := s.perform(ctx, s.rt, &in)
				return err
			})
			return err
		})
		s.freshLine()
		return plainError(err)
	}
	in.code, _ = out[1].Go().(string)
	if n, err := strconv.Atoi(rest); err == nil && in.code != "" {
		in.code = fmt.Sprintf("for _ = 1, %d do %s end", n, in.code)
	}
	s.count++
	return s.executed(ctx, &in)
}

// executed executes an input and adds it to those of the session. An error has been shown.
func (s *session) executed(ctx context.Context, in *input) error {
	err := s.execute(ctx, in)
	s.keep(in)
	if err != nil && !leaves(err) {
		return errShown{err}
	}
	return err
}

// changing are the commands that cannot be used while code has stopped.
var changing = []string{"load", "reload", "reset", "redo", "record", "stop", "tour"}

// shortNames are the names that users of debuggers expect.
var shortNames = map[string]string{"b": "break", "breaks": "break", "c": "continue", "d": "delete"}

// plainError removes the position from an error that a command of the prompt raised, unless it is an
// interrupt.
func plainError(err error) error {
	e, ok := errors.AsType[*vm.Error](err)
	if ok && strings.HasPrefix(e.Script, "lua/") && !errors.Is(err, context.Canceled) {
		return errors.New(messageOf(err))
	}
	return err
}

// commandName returns the full name of a command, given the name or a beginning of it that no other
// command has.
func (s *session) commandName(name string) (string, error) {
	if name == "" {
		return "", errors.New("no command given; for a list: :help")
	}
	if full := shortNames[name]; s.builtin(full) != nil {
		return full, nil
	}
	var names, found []string
	for _, c := range s.commandCandidates() {
		if c.name == name {
			return name, nil
		}
		names = append(names, c.name)
		if strings.HasPrefix(c.name, name) {
			found = append(found, c.name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if n, ok := phrase.Nearest(name, names); ok {
			return "", fmt.Errorf("unknown command :%s; did you mean :%s?", name, n)
		}
		return "", fmt.Errorf("unknown command :%s; for a list: :help", name)
	}
	return "", fmt.Errorf("ambiguous command :%s (want :%s)", name, strings.Join(found, " or :"))
}

// commandCandidates returns all commands, for completion and help.
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
	if vs, err := s.invoke(s.base, "list"); err == nil && len(vs) == 1 {
		for row := range rows(vs[0]) {
			add(row[0], row[1])
		}
	}
	slices.SortStableFunc(out, byName)
	return out
}

// splitDoc splits the description of a command into arguments and text: "[n]  what it does". Two spaces
// separate them; after a word in brackets or capitals one is enough.
func splitDoc(doc string) (args, text string) {
	if args, text, ok := strings.Cut(doc, "  "); ok {
		return args, text
	}
	args, text, ok := strings.Cut(doc, " ")
	capitals := len(args) > 1 && strings.ToUpper(args) == args
	if ok && (capitals || strings.HasPrefix(args, "[") || strings.HasPrefix(args, "<")) {
		return args, strings.TrimSpace(text)
	}
	return "", doc
}

// commandList returns the list of commands for :help.
func (s *session) commandList() string {
	var b strings.Builder
	for _, k := range s.commandCandidates() {
		b.WriteString(hanging(strings.TrimSpace(":"+k.name+" "+k.typ), k.doc, s.helpWidth()))
	}
	b.WriteString("repl.command(name, doc, fn) adds a command.\n")
	return b.String()
}

// commandHelp returns the help on a command.
func (s *session) commandHelp(name string) string {
	for _, k := range s.commandCandidates() {
		if k.name == name {
			head := strings.TrimSpace(k.name + " " + k.typ)
			return fmt.Sprintf(":%s\n  %s\n", head, phrase.Wrap(k.doc, s.helpWidth()-2, "  "))
		}
	}
	_, err := s.commandName(name)
	return fmt.Sprintf("%v\n", err)
}

func (s *session) helpCommand(_ context.Context, rest string) error {
	command := strings.TrimPrefix(rest, ":")
	name, err := s.commandName(command)
	switch {
	case rest == "":
		s.say(s.overview())
	case err == nil && command == name:
		s.say(s.commandHelp(name))
		if len(s.index.Lookup(name)) > 0 && rest == name {
			s.say(fmt.Sprintf("for the API entry of that name: help %q", name))
		}
	default:
		s.say(s.help(rest))
	}
	return nil
}

func (s *session) watchCommand(ctx context.Context, rest string) error {
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
}

func (s *session) timeCommand(ctx context.Context, rest string) error {
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
}

// clock returns the virtual time, if there is a machine.
func (s *session) clock(ctx context.Context) (float64, bool) {
	vs, err := s.invoke(ctx, "clock")
	if err != nil || len(vs) == 0 {
		return 0, false
	}
	now, ok := vs[0].Go().(float64)
	return now, ok
}

func (s *session) tourCommand(ctx context.Context, rest string) error {
	if rest != "stop" {
		return s.startTour(ctx)
	}
	if s.tour == nil {
		return errors.New("no tour to stop; to begin: :tour")
	}
	s.tour = nil
	return nil
}

func (s *session) loadCommand(ctx context.Context, rest string) error {
	if rest == "" {
		return errors.New("no FILE given (want one such as :load board.lua)")
	}
	return s.load(ctx, rest)
}

func (s *session) reloadCommand(ctx context.Context, _ string) error {
	if s.file == "" {
		return errors.New("no file loaded; to load one: :load FILE")
	}
	return s.load(ctx, s.file)
}

// load runs a file as an input of the session.
func (s *session) load(ctx context.Context, file string) error {
	b, err := s.cfg.Files.Read(file)
	if err != nil {
		return err
	}
	s.file = file
	text := string(b)
	name := filepath.ToSlash(file)
	s.sources[name] = sourceText{text: text}
	s.count++
	in := input{kind: loadedFile, text: withoutHashBang(text), name: name}
	if in.prog, err = vm.Compile(name, text); err != nil {
		s.showError(err)
		return errShown{err}
	}
	if s.holdsCases(in.prog) {
		return fmt.Errorf("%s has cases (describe, it); to run them: %s run %s", name, s.cfg.Name, name)
	}
	return s.executed(ctx, &in)
}

// holdsCases reports whether a program calls describe or it, and no global has that name.
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

// withoutHashBang returns a file without its #! line.
func withoutHashBang(text string) string {
	if strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// backtraceCommand prints the last error with the Lua and Go stacks.
func (s *session) backtraceCommand(string) error {
	if s.stop != nil {
		s.stackOfStop()
		return nil
	}
	if s.lastErr == nil {
		s.say("no error so far")
		return nil
	}
	text := s.lastErr.Error()
	if e, ok := errors.AsType[*vm.Error](s.lastErr); ok && e.Traceback != "" {
		text += "\n" + e.Traceback
	}
	if p, ok := errors.AsType[*vm.PanicError](s.lastErr); ok {
		text += "\n" + p.Traceback + "\n" + p.Stack
	}
	if f, ok := errors.AsType[*defectError](s.lastErr); ok {
		text += "\n" + f.stack
	}
	s.say(printable(text))
	return nil
}
