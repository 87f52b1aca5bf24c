// Scripts: hwlua FILE, -e, -l, -i, -v, -W and standard input, in the order in which lua runs them.

package cli

import (
	"cmp"
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

// scriptOptions are the options before FILE.
type scriptOptions struct {
	steps       []step // -e and -l, in the order given
	interactive bool
	version     bool
	warn        bool
	noRC        bool
	color       string
	machine     machineOptions
	allow       vm.Allow
	trace       []string
}

// A step is one -e or -l.
type step struct{ option, text string }

// stepChunk is the chunk name of a step.
const stepChunk = "(command line)"

// chunk returns the step as Lua code. As in lua, -l assigns the module to the global of its name.
func (s step) chunk() string {
	if s.option == "-e" {
		return s.text
	}
	return fmt.Sprintf("local name = %q; local v = require(name); if v ~= true then _G[name] = v end", s.text)
}

// table returns the options of a script, which keep the order in which -e and -l are given.
func (o *scriptOptions) table() []option {
	add := func(name string) func(string) error {
		return func(s string) error { o.steps = append(o.steps, step{name, s}); return nil }
	}
	opts := []option{
		{short: "e", arg: "CODE", help: "run CODE (repeatable, with -l in the order given)", set: add("-e")},
		{short: "l", arg: "MOD", help: "require MOD (repeatable)", set: add("-l")},
		{short: "i", help: "start the prompt afterwards", set: setTrue(&o.interactive)},
		{short: "v", help: "print the version", set: setTrue(&o.version)},
		{long: "version", set: setTrue(&o.version)},
		{short: "W", help: "warn about globals that functions set by accident", set: setTrue(&o.warn)},
		toggle("no-rc", &o.noRC, "start the prompt without ~/.config/hwlua/rc.lua"),
	}
	opts = append(opts, o.machine.table()...)
	return append(opts, allowOption(&o.allow), traceOption(&o.trace), colorOption(&o.color),
		option{short: "h", long: "help", help: "this page"})
}

// scriptMain runs hwlua without a command.
func scriptMain(ctx context.Context, env Env, args []string) int {
	var o scriptOptions
	rest, err := parse(args, o.table(), false)
	if errors.Is(err, errHelp) {
		return output(env, "", mainHelp)
	}
	if err == nil {
		env.notice(o.machine.kernel)
		err = o.machine.check()
	}
	if err != nil {
		return usage(env, "", err)
	}
	idle := len(rest) == 0 && len(o.steps) == 0 && !o.interactive
	if o.version {
		fmt.Fprint(env.Stdout, versionText())
		if idle {
			return exitOK
		}
	}
	_, tty := terminal(env.Stdin)
	loop := o.interactive || idle && tty

	words := rest
	if idle && !tty {
		words = []string{"-"}
	}
	var src *source
	var prog *vm.Program
	if len(words) > 0 {
		if src, err = readScript(words[0], env.Stdin); err != nil {
			return usage(env, "", err)
		}
		if prog, err = vm.Compile(src.name, src.text); err != nil {
			return complain(env, err, exitUsage)
		}
		if o.warn {
			warnGlobals(env.Stderr, prog)
		}
		if isScenario(prog) {
			return runScenarioScript(ctx, env, &o, src, rest, loop)
		}
	}
	traces, err := newTraces(o.trace, env.Stderr)
	if err != nil {
		return usage(env, "", err)
	}
	hasM := src == nil || src.stdin || len(o.steps) > 0 || loop
	machines := newMachines(&o.machine, "", hasM)
	if loop {
		machines.forPrompt()
	}
	cfg := scriptConfig(env, &o, src, len(args)-len(rest), machines)
	holdMemory(env, cfg.Limits.Memory, 1)
	var code int
	if loop {
		code = runLoop(ctx, env, &o, cfg, src, machines)
	} else {
		code = runScript(ctx, env, &o, cfg, machines, prog, rest)
	}
	traces.add(machines.traces("hwlua"))
	if err := traces.finish(); err != nil {
		code = max(code, usage(env, "", err))
	}
	return code
}

// A source is the text of a script and its origin.
type source struct {
	name, text string
	stdin      bool
}

// readScript reads a script file, or standard input for "-". The error about a missing file suggests a
// command of a similar name.
func readScript(path string, stdin io.Reader) (*source, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		message := "is a folder; to run the scenarios in it: hwlua run " + path
		return nil, &scenario.UsageError{Path: path, Message: message}
	}
	list, err := scenario.Find([]string{path}, stdin)
	if err != nil {
		missing, ok := errors.AsType[*scenario.UsageError](err)
		if ok && errors.Is(missing.Err, fs.ErrNotExist) &&
			len(path) > 2 && !strings.ContainsAny(path, "./\\") {
			_, names := findCommand("")
			if n, ok := phrase.Nearest(path, names); ok {
				missing.Message += fmt.Sprintf("; did you mean the command '%s'?", n)
			}
		}
		return nil, err
	}
	b, err := list[0].Read()
	if err != nil {
		return nil, err
	}
	if path == "-" {
		return &source{name: "stdin", text: string(b), stdin: true}, nil
	}
	return &source{name: filepath.ToSlash(path), text: string(b)}, nil
}

// scriptConfig returns the configuration of the runtime. skipped is the number of words before the
// script's name.
func scriptConfig(env Env, o *scriptOptions, src *source, skipped int, machines *machines) vm.Config {
	folder := "."
	if src != nil {
		folder = filepath.Dir(filepath.FromSlash(src.name))
	}
	cfg := vm.Config{
		Stdout: env.Stdout, Stderr: env.Stderr, Stdin: env.Stdin,
		Modules: machines.modules(), Scripts: os.DirFS(folder), ScriptsPath: filepath.ToSlash(folder),
		Seed: o.machine.seed, Allow: o.allow, Limits: o.machine.limits(),
	}
	cfg.Allow.Exit = true
	if src == nil {
		return cfg
	}
	if src.stdin {
		cfg.Stdin = strings.NewReader("") // the script has consumed it
	}
	// As in lua: arg[0] is the script, arg[1] its first argument; the words before it count down from
	// arg[-1].
	cfg.Args = slices.Clone(env.Args)
	cfg.ArgScript = min(1+skipped, len(cfg.Args))
	if src.stdin && cfg.ArgScript == len(cfg.Args) {
		cfg.Args = append(cfg.Args, "-")
	}
	return cfg
}

// runScript runs -e and -l in their order, then the script if there is one, and returns the exit code.
func runScript(
	ctx context.Context, env Env, o *scriptOptions, cfg vm.Config, machines *machines, prog *vm.Program,
	rest []string,
) int {
	rt, err := vm.New(cfg)
	if err != nil {
		return usage(env, "", err)
	}
	defer rt.Close()
	for _, st := range o.steps {
		p, err := vm.Compile(stepChunk, st.chunk())
		if err != nil {
			return complain(env, err, exitUsage)
		}
		if o.warn && st.option == "-e" {
			warnGlobals(env.Stderr, p)
		}
		if _, err := rt.Run(ctx, p); err != nil {
			if e, ok := errors.AsType[*vm.Error](err); ok && st.option == "-l" && e.Script == stepChunk {
				e.Source = "" // not a line of the user's
			}
			return failed(ctx, env, machines, err)
		}
	}
	if prog == nil {
		return exitOK
	}
	var args []any
	for _, a := range rest[min(1, len(rest)):] {
		args = append(args, a)
	}
	if _, err := rt.Run(ctx, prog, args...); err != nil {
		return failed(ctx, env, machines, err)
	}
	return exitOK
}

// failed reports the error that ended a script and returns the exit code.
func failed(ctx context.Context, env Env, machines *machines, err error) int {
	var exit *vm.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.Code & 0xff
	case ctx.Err() != nil:
		fmt.Fprintln(env.Stderr, "hwlua: interrupted")
		return exitInterrupted
	}
	complain(env, err, exitFailed)
	if e, ok := errors.AsType[*vm.Error](err); ok && strings.Contains(e.Message, "nil value") {
		// A refused call returned nil, and using it raised somewhere below.
		for _, m := range machines.list {
			if lines := refusal(m); lines != nil {
				fmt.Fprintf(env.Stderr, "the last refusal:\n\t%s\n", strings.Join(lines, "\n\t"))
			}
		}
	}
	return exitFailed
}

// complain prints an error as lua does, the program's name, the message and the traceback, with the
// line of source between them. It returns code.
func complain(env Env, err error, code int) int {
	fmt.Fprintf(env.Stderr, "hwlua: %v\n", err)
	if errors.Is(err, vm.ErrMemory) {
		fmt.Fprintln(env.Stderr, "fix: raise the limit with --memory MIB, or remove it with --memory 0")
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
		fmt.Fprintf(env.Stderr, "%s\n%s\n", p.Traceback, p.Stack)
		fmt.Fprintln(env.Stderr, "this is a defect of hwlua, not of the script")
	}
	return code
}

// warnGlobals names the globals that functions set but the main chunk does not: most are forgotten locals.
func warnGlobals(w io.Writer, prog *vm.Program) {
	uses := prog.Globals()
	declared := map[string]bool{}
	for _, g := range uses {
		declared[g.Name] = declared[g.Name] || g.Set && g.Main
	}
	for _, g := range uses {
		if g.Set && !declared[g.Name] {
			fmt.Fprintf(w, "%s:%d: warning: a function sets the global '%s'; did you forget 'local'?\n",
				prog.Name(), g.Line, g.Name)
		}
	}
}

// isScenario reports whether a program calls describe, it or pending, and defines none of the scenario
// functions.
func isScenario(prog *vm.Program) bool {
	found := false
	for _, g := range prog.Globals() {
		switch g.Name {
		case "describe", "it", "pending", "insulate", "expose":
			found = true
		case "before_each", "after_each", "context":
		default:
			continue
		}
		if g.Set {
			return false
		}
	}
	return found
}

// runScenarioScript runs a scenario file given as a script. A file on standard input gets the global m,
// as other scripts on standard input do.
func runScenarioScript(
	ctx context.Context, env Env, o *scriptOptions, src *source, rest []string, loop bool,
) int {
	if len(o.steps) > 0 || loop {
		return usage(env, "", usagef("%s has cases (describe, it), each of which runs in a runtime "+
			"of its own: -e, -l and -i do not apply", src.name))
	}
	r := newRunOptions()
	r.machine, r.allow, r.trace, r.withM = o.machine, o.allow, o.trace, src.stdin
	r.color = cmp.Or(o.color, r.color)
	paths := rest[:min(1, len(rest))]
	if src.stdin {
		env.Stdin, paths = strings.NewReader(src.text), []string{"-"}
	}
	code, err := r.run(ctx, env, paths)
	if err != nil {
		return usage(env, "run", err)
	}
	return code
}
