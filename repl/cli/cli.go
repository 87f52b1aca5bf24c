// The command line: the table of commands, help and exit codes.

// Package cli is the program hwlua: it reads the command line, connects a machine, a runtime and a
// front end, and turns the outcome into an exit code. All other work is done by the packages it calls.
//
//	func main() { os.Exit(cli.Main(cli.OS())) }
//
// Results go to standard output, everything else to standard error. Exit codes: 0 passed; 1 a scenario
// failed, a step diverged or a script raised; 2 the command line or a file could not be used; 130
// interrupted.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/hwlua/hwlua/hwdebug/linux"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm/phrase"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// An Env is what the program uses of its environment.
type Env struct {
	Args   []string // with the program's name first
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
}

// OS returns the environment of this process.
func OS() Env {
	return Env{Args: os.Args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
}

// terminal reports whether a stream of the environment is a terminal, and its width.
func terminal(stream any) (width int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w, true
	}
	return 80, true
}

// inCI reports whether a CI engine runs the program: CI is set, and not to a word for no.
func inCI(env Env) bool {
	v := env.Getenv("CI")
	return v != "" && v != "0" && v != "false"
}

// A runner does the work of a command, with the arguments that are not options. An error means exit code 2.
type runner func(ctx context.Context, env Env, args []string) (code int, err error)

// A command is one word of the command line.
type command struct {
	name  string
	args  string // as the help shows them
	most  int    // how many arguments it takes; -1: any number
	short string // one line for the list of commands
	text  string // the help page
	// make returns the options and the runner together, as the runner reads the variables that the
	// options set. It is nil for help.
	make func() ([]option, runner)
}

// commands returns the subcommands in the order of the help.
func commands() []command {
	return []command{
		{"run", "[PATH...]", -1, "run scenario files and folders (default: those built in) and report",
			runText, runCommand},
		{"explore", "[PATH...]", -1, "run scenarios in every order that the kernel allows (run --explore)",
			runText, exploreCommand},
		{"conform", "FILE...", -1, "replay recorded runs of a real kernel and compare each step",
			conformText, conformCommand},
		{"check", "PATH...", -1, "find mistakes in scripts without running them", checkText,
			without(checkMain)},
		{"probes", "", 0, "print a shell script that sets probes on a board and prints its trace", probesText,
			probesCommand},
		{"trace", "FILE...", -1, "rebuild the debug registers of a board from its trace", traceText,
			traceCommand},
		{"attach", "[ADDR]", 1, "read the debug registers of a machine through a gdb stub",
			attachText, attachCommand},
		{"who", "", 0, "print the events in the slots of the machine that hwlua runs on",
			whoText, whoCommand},
		{"diff-kernels", "A B [FILE...]", -1, "run scenarios on two kernels and compare what they do",
			diffText, diffKernelsCommand},
		{"doc", "[NAME]", 1, "reference of the script API", docText, docCommand},
		{"types", "[DIR]", 1, "write the editor definition file (LuaLS)", typesText, without(typesMain)},
		{"completion", "SHELL", 1, "print a completion script for bash, zsh or fish", completionText,
			without(completionMain)},
		{"version", "", 0, "print the version", versionHelp, without(versionMain)},
		{"help", "[COMMAND]", 1, "this page, or that of a command", "", nil},
	}
}

// without returns the make function of a command without options.
func without(run runner) func() ([]option, runner) {
	return func() ([]option, runner) { return nil, run }
}

// findCommand returns the command of that name, or nil and the names of all commands.
func findCommand(name string) (c *command, names []string) {
	for _, c := range commands() {
		if c.name == name {
			return &c, nil
		}
		names = append(names, c.name)
	}
	return nil, names
}

// Main runs the program and returns its exit code. An interrupt (SIGINT, SIGTERM) ends the work in
// progress, lets reports be completed and gives 130; a second one ends the process at once.
func Main(env Env) int {
	linux.Work() // does not return in a process of conform --on linux
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Little memory is alive at any time, so most collections of a run free nothing; a few MiB more
	// halve its time.
	if env.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	// After the first signal stop handling them: the next one ends the process.
	defer context.AfterFunc(ctx, stop)()

	args := env.Args[1:]
	if len(args) == 0 {
		return scriptMain(ctx, env, args)
	}
	switch c, _ := findCommand(args[0]); {
	case c == nil:
		return scriptMain(ctx, env, args)
	case c.make == nil:
		return helpMain(env, args[1:])
	default:
		return c.main(ctx, env, args[1:])
	}
}

// main parses the arguments of a command and runs it.
func (c *command) main(ctx context.Context, env Env, args []string) int {
	opts, run := c.make()
	rest, err := parse(args, opts, true)
	switch {
	case errors.Is(err, errHelp):
		return c.help(env, opts)
	case err == nil && c.most >= 0 && len(rest) > c.most:
		err = usagef("too many arguments (usage: hwlua %s)", c.usage(opts))
	}
	code := exitOK
	if err == nil {
		code, err = run(ctx, env, rest)
	}
	if err != nil {
		return usage(env, c.name, err)
	}
	return code
}

// usage returns the command with its arguments, as the help shows it.
func (c *command) usage(opts []option) string {
	s := c.name
	if len(opts) > 0 {
		s += " [OPTION...]"
	}
	return strings.TrimSpace(s + " " + c.args)
}

// help prints the help page of a command.
func (c *command) help(env Env, opts []option) int {
	return output(env, c.name, func(w io.Writer) {
		fmt.Fprintf(w, "usage: hwlua %s\n\n%s", c.usage(opts), c.text)
		if len(opts) > 0 {
			fmt.Fprint(w, "\noptions\n")
			printOptions(w, opts)
		}
	})
}

// helpMain prints the help page of a command, or that of the program.
func helpMain(env Env, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return output(env, "help", mainHelp)
	}
	c, names := findCommand(args[0])
	if c == nil {
		hint := fmt.Sprintf(" (want %s)", strings.Join(names, ", "))
		if n, ok := phrase.Nearest(args[0], names); ok {
			hint = fmt.Sprintf("; did you mean '%s'?", n)
		}
		return usage(env, "help", usagef("unknown command '%s'%s", args[0], hint))
	}
	opts, _ := c.make()
	return c.help(env, opts)
}

// program returns the name of the program or of a command, for messages.
func program(command string) string { return strings.TrimSpace("hwlua " + command) }

// output prints the result of a command. If it cannot be written the exit code is 2.
func output(env Env, command string, print func(io.Writer)) int {
	w := bufio.NewWriter(env.Stdout)
	print(w)
	if err := w.Flush(); err != nil {
		return usage(env, command, err)
	}
	return exitOK
}

// usage reports an error of the command line or of a file and returns exit code 2.
func usage(env Env, command string, err error) int {
	fmt.Fprintf(env.Stderr, "%s: %v\n", program(command), err)
	var u *usageError
	if errors.As(err, &u) {
		fmt.Fprintf(env.Stderr, "for help: %s --help\n", program(command))
	}
	return exitUsage
}

// mainHelp prints the help page of the program.
func mainHelp(w io.Writer) {
	fmt.Fprint(w, `hwlua runs Lua scripts on a faithful model of Linux/arm64 hardware breakpoints.

usage
  hwlua                         the prompt if standard input is a terminal; otherwise run the script on it
  hwlua [OPTION...] FILE [ARG...]
                                run a script, or the cases of a file that uses describe and it;
                                '-' is standard input
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  hwlua %-23s %s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	fmt.Fprint(w, "\noptions, before FILE\n")
	printOptions(w, new(scriptOptions).table())
	fmt.Fprint(w, `
To run a file that is named like a command, write ./run. Exit codes: 0 passed; 1 a scenario failed, a step
diverged or a script raised; 2 the command line or a file could not be used; 130 interrupted.
`)
}

const versionHelp = "Prints the version of hwlua, of its Lua, and of the modelled kernels and CPUs.\n"

func versionMain(_ context.Context, env Env, _ []string) (int, error) {
	return output(env, "version", func(w io.Writer) { fmt.Fprint(w, versionText()) }), nil
}

// versionText returns the output of hwlua version.
func versionText() string {
	cpus := presetNames()
	slices.Sort(cpus)
	return fmt.Sprintf("hwlua %s\nLua 5.1 (gopher-lua) with exact 64-bit integers\nkernels: %s\nCPUs: %s\n",
		version(), strings.Join(sim.Profiles(), " "), strings.Join(cpus, " "))
}

// version returns the version and the revision of the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}
