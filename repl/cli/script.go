// Scripts: hwlua FILE, -e, -l, -i, -v, -W and standard input, in the order that lua gives them.

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
	"github.com/hwlua/hwlua/vm/scenario"
)

// scriptOptions are those before FILE.
type scriptOptions struct {
	steps       []step // -e and -l, in the order given
	interactive bool
	version     bool
	warn        bool
	color       string
	machine     machineOptions
	allow       vm.Allow
	trace       []string
}

// A step is one -e or -l.
type step struct{ option, text string }

// name is the step's name as a chunk.
func (s step) name() string { return "(command line)" }

// chunk is the step as Lua code. As lua does, -l gives the module's value to the global of its name.
func (s step) chunk() string {
	if s.option == "-e" {
		return s.text
	}
	return fmt.Sprintf("local name = %q; local v = require(name); if v ~= true then _G[name] = v end", s.text)
}

func (o *scriptOptions) table() []option {
	add := func(name string) func(string) error {
		return func(s string) error { o.steps = append(o.steps, step{name, s}); return nil }
	}
	opts := []option{
		{short: "e", arg: "CODE", help: "run CODE (repeatable, with -l in the order given)", set: add("-e")},
		{short: "l", arg: "MOD", help: "require MOD (repeatable)", set: add("-l")},
		{short: "i", help: "the interactive loop afterwards", set: setTrue(&o.interactive)},
		{short: "v", help: "print the version", set: setTrue(&o.version)},
		{long: "version", set: setTrue(&o.version)},
		{short: "W", help: "warn of globals that functions set by accident", set: setTrue(&o.warn)},
	}
	opts = append(opts, o.machine.table()...)
	return append(opts,
		option{long: "allow", arg: "LIST", help: "open fs, env, exec, clock (any of them, by commas) to scripts", set: allowing(&o.allow)},
		option{long: "trace", arg: "FILE", help: "write what the machines did: .txt as ftrace's function_graph, .json for Perfetto,\n.jsonl as records", set: addString(&o.trace)},
		option{long: "color", arg: "WHEN", help: "auto, always or never", set: oneOf(&o.color, "auto", "always", "never")},
		option{short: "h", long: "help", help: "this page", set: nil},
	)
}

// oneOf sets a variable to one of a few words.
func oneOf(p *string, words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("'%s' is none of %s", s, strings.Join(words, ", "))
		}
		*p = s
		return nil
	}
}

// A door is one of the library's to the host.
type door struct {
	name string
	open *bool
}

func doorsOf(a *vm.Allow) []door {
	return []door{{"fs", &a.FS}, {"env", &a.Env}, {"exec", &a.Exec}, {"clock", &a.Clock}}
}

// allowed names the doors that are open, as --allow takes them.
func allowed(a *vm.Allow) string {
	var names []string
	for _, d := range doorsOf(a) {
		if *d.open {
			names = append(names, d.name)
		}
	}
	return strings.Join(names, ",")
}

// allowing opens doors of the library by name.
func allowing(a *vm.Allow) func(string) error {
	doors := doorsOf(a)
	return func(s string) error {
		for _, name := range strings.Split(s, ",") {
			name = strings.TrimSpace(name)
			i := slices.IndexFunc(doors, func(d door) bool { return d.name == name })
			if i < 0 {
				return fmt.Errorf("'%s' is none of fs, env, exec, clock", name)
			}
			*doors[i].open = true
		}
		return nil
	}
}

// scriptMain is hwlua without a command.
func scriptMain(ctx context.Context, env Env, args []string) int {
	var o scriptOptions
	rest, err := parse(args, o.table(), false)
	if errors.Is(err, errHelp) {
		return output(env, "", mainHelp)
	}
	if err == nil {
		err = o.machine.check()
	}
	if err != nil {
		return usage(env, "", err)
	}
	if o.version {
		fmt.Fprint(env.Stdout, versionText())
		if len(rest) == 0 && len(o.steps) == 0 && !o.interactive {
			return exitOK
		}
	}
	_, tty := terminal(env.Stdin)
	fromStdin := len(rest) == 0 && len(o.steps) == 0 && !o.interactive && !tty
	loop := o.interactive || len(rest) == 0 && len(o.steps) == 0 && tty

	var src *source
	switch {
	case fromStdin || len(rest) > 0 && rest[0] == "-":
		src, err = readStdin(env.Stdin)
	case len(rest) > 0:
		src, err = readScript(rest[0])
		var missing *scenario.UsageError
		if errors.As(err, &missing) && len(rest[0]) > 2 && !strings.ContainsAny(rest[0], "./\\") && errors.Is(missing.Err, fs.ErrNotExist) {
			var names []string
			for _, c := range commands() {
				names = append(names, c.name)
			}
			if n, ok := phrase.Nearest(rest[0], names); ok {
				missing.Message += fmt.Sprintf("; did you mean the command '%s'?", n)
			}
		}
	}
	if err != nil {
		return usage(env, "", err)
	}
	var prog *vm.Program
	if src != nil {
		if prog, err = vm.Compile(src.name, src.text); err != nil {
			return complain(env, err, exitUsage)
		}
		if o.warn {
			warnGlobals(env.Stderr, prog)
		}
		if isScenario(prog) {
			if len(o.steps) > 0 || loop {
				return usage(env, "", usagef("%s has cases (describe, it), each of which runs in a runtime of its own: -e, -l and -i do not reach them", src.name))
			}
			return runScenarioScript(ctx, env, &o, src, rest)
		}
	}
	traces, err := newTraces(o.trace, env.Stderr)
	if err != nil {
		return usage(env, "", err)
	}
	hasM := src == nil || src.stdin || len(o.steps) > 0 || loop
	watch := newMachines(&o.machine, "", hasM)
	cfg := scriptConfig(env, &o, src, len(args)-len(rest), watch)
	var code int
	if loop {
		code = runLoop(ctx, env, &o, cfg, src)
	} else {
		rt, err := vm.New(cfg)
		if err != nil {
			return usage(env, "", err)
		}
		s := &script{env: env, o: &o, rt: rt, machines: watch}
		code = s.all(ctx, prog, rest)
		rt.Close()
	}
	traces.add(watch.traces("hwlua"))
	if err := traces.finish(); err != nil {
		fmt.Fprintf(env.Stderr, "hwlua: %v\n", err)
		code = max(code, exitUsage)
	}
	return code
}

// A source is the text of a script and where it comes from.
type source struct {
	name, text string
	folder     string
	stdin      bool
}

func readStdin(r io.Reader) (*source, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, &scenario.UsageError{Path: "stdin", Message: err.Error(), Err: err}
	}
	return &source{name: "stdin", text: string(b), folder: ".", stdin: true}, nil
}

func readScript(path string) (*source, error) {
	list, err := scenario.Find([]string{path}, nil)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, &scenario.UsageError{Path: path, Message: "is a folder; hwlua run " + path + " runs the scenarios in it"}
	}
	b, err := list[0].Read()
	if err != nil {
		return nil, err
	}
	return &source{name: filepath.ToSlash(path), text: string(b), folder: filepath.Dir(path)}, nil
}

// scriptConfig is the runtime of one invocation. skipped is how many words stand before the script's name.
func scriptConfig(env Env, o *scriptOptions, src *source, skipped int, watch *machines) vm.Config {
	folder := "."
	if src != nil {
		folder = src.folder
	}
	cfg := vm.Config{
		Stdout: env.Stdout, Stderr: env.Stderr, Stdin: env.Stdin,
		Modules: watch.modules(), Scripts: os.DirFS(folder), ScriptsPath: filepath.ToSlash(folder),
		Seed: o.machine.seed, Allow: o.allow, Limits: o.machine.limits(),
	}
	cfg.Allow.Exit = true
	if src == nil {
		return cfg
	}
	if src.stdin {
		cfg.Stdin = strings.NewReader("") // the script was all of it
	}
	// As in lua: arg[0] is the script, arg[1] its first argument, what stands before it goes down from arg[-1].
	cfg.Args = slices.Clone(env.Args)
	cfg.ArgScript = min(1+skipped, len(cfg.Args))
	if src.stdin && cfg.ArgScript == len(cfg.Args) {
		cfg.Args = append(cfg.Args, "-")
	}
	return cfg
}

// A script is the runtime of one invocation.
type script struct {
	env      Env
	o        *scriptOptions
	rt       *vm.Runtime
	machines *machines
}

// all runs -e and -l in their order, then the script.
func (s *script) all(ctx context.Context, prog *vm.Program, rest []string) int {
	for _, st := range s.o.steps {
		p, err := vm.Compile(st.name(), st.chunk())
		if err != nil {
			return complain(s.env, err, exitUsage)
		}
		if s.o.warn && st.option == "-e" {
			warnGlobals(s.env.Stderr, p)
		}
		if _, err := s.rt.Run(ctx, p); err != nil {
			if e := (*vm.Error)(nil); st.option == "-l" && errors.As(err, &e) && e.Script == st.name() {
				e.Source = "" // the line is ours, not the user's
			}
			return s.ended(ctx, err)
		}
	}
	if prog == nil {
		return exitOK
	}
	var args []any
	for _, a := range rest[min(1, len(rest)):] {
		args = append(args, a)
	}
	if _, err := s.rt.Run(ctx, prog, args...); err != nil {
		return s.ended(ctx, err)
	}
	return exitOK
}

// ended turns the error that a script ended with into an exit code.
func (s *script) ended(ctx context.Context, err error) int {
	var exit *vm.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.Code & 0xff
	case ctx.Err() != nil:
		fmt.Fprintln(s.env.Stderr, "hwlua: interrupted")
		return exitInterrupted
	}
	complain(s.env, err, exitFailed)
	if e := (*vm.Error)(nil); errors.As(err, &e) && strings.Contains(e.Message, "nil value") {
		// What was refused is nil, and using it raises somewhere below.
		for _, m := range s.machines.list {
			if lines := refusal(m); lines != nil {
				fmt.Fprintf(s.env.Stderr, "the last refusal:\n\t%s\n", strings.Join(lines, "\n\t"))
			}
		}
	}
	return exitFailed
}

// complain prints an error as lua does: the program's name, the message, the traceback; between them the line of source.
func complain(env Env, err error, code int) int {
	fmt.Fprintf(env.Stderr, "hwlua: %v\n", err)
	if errors.Is(err, vm.ErrMemory) {
		fmt.Fprintln(env.Stderr, "--memory MIB gives it more, --memory 0 all there is")
	}
	var e *vm.Error
	var p *vm.PanicError
	switch {
	case errors.As(err, &e):
		if text := e.Excerpt(); text != "" {
			fmt.Fprintln(env.Stderr, text)
		}
		if e.Traceback != "" && code == exitFailed {
			fmt.Fprintln(env.Stderr, e.Traceback)
		}
	case errors.As(err, &p):
		fmt.Fprintf(env.Stderr, "%s\n%s\nthis is a fault of hwlua, not of the script\n", p.Traceback, p.Stack)
	}
	return code
}

// warnGlobals names the globals that functions set and no main chunk does: most are forgotten locals.
func warnGlobals(w io.Writer, prog *vm.Program) {
	uses := prog.Globals()
	var declared []string
	for _, g := range uses {
		if g.Set && g.Main {
			declared = append(declared, g.Name)
		}
	}
	for _, g := range uses {
		if g.Set && !g.Main && !slices.Contains(declared, g.Name) {
			fmt.Fprintf(w, "%s:%d: warning: a function sets the global '%s'; did you forget 'local'?\n", prog.Name(), g.Line, g.Name)
		}
	}
}

// isScenario tells whether a program is written with describe or it.
func isScenario(prog *vm.Program) bool {
	words := []string{"describe", "it", "pending", "before_each", "after_each", "context"}
	found := false
	for _, g := range prog.Globals() {
		if slices.Contains(words, g.Name) {
			if g.Set {
				return false // a word of its own
			}
			found = found || g.Name == "describe" || g.Name == "it" || g.Name == "pending"
		}
	}
	return found
}

// runScenarioScript is hwlua FILE for a scenario file. One on standard input, which has been read, finds m as other
// scripts do there.
func runScenarioScript(ctx context.Context, env Env, o *scriptOptions, src *source, rest []string) int {
	r := newRunOptions()
	r.machine, r.allow, r.trace, r.withM = o.machine, o.allow, o.trace, src.stdin
	if o.color != "" {
		r.color = o.color
	}
	if src.stdin {
		env.Stdin = strings.NewReader(src.text)
		return r.run(ctx, env, []string{"-"})
	}
	return r.run(ctx, env, rest[:1])
}
