// The command line: which command was meant, and what its exit code is.

// Package cli is the program hwlua: it reads the command line, wires a machine, a runtime and a front end together,
// and turns what happened into an exit code. Everything else happens in the packages that it calls.
//
//	func main() { os.Exit(cli.Main(cli.OS())) }
//
// Results go to standard output, everything else to standard error. Exit codes: 0 all well; 1 a scenario failed, a step
// diverged or a script raised; 2 the command line or a file could not be used; 130 interrupted.
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
	"strings"
	"syscall"

	"github.com/hwlua/hwlua/vm/phrase"
	"golang.org/x/term"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// An Env is what the program sees of the world around it.
type Env struct {
	Args   []string // with the program's name first
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
}

// OS is the environment of this process.
func OS() Env {
	return Env{Args: os.Args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
}

// terminal tells whether a stream of the environment is one, and how wide it is.
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

// A command is one word of the command line.
type command struct {
	name  string
	args  string
	short string // one line
	run   func(ctx context.Context, env Env, args []string) int
}

func commands() []command {
	return []command{
		{"run", "[PATH...]", "run scenario files and folders (default: those built in) and report", runMain},
		{"conform", "FILE...", "replay recorded runs of a real kernel and compare each step", conformMain},
		{"doc", "[NAME]", "reference of the script API", docMain},
		{"types", "[DIR]", "write the editor definition file (LuaLS)", typesMain},
		{"version", "", "print the version", versionMain},
		{"help", "[COMMAND]", "this page, or that of a command", nil},
	}
}

// Main runs the program and returns its exit code. An interrupt (SIGINT, SIGTERM) ends what runs, lets reports be
// completed and gives 130; a second one ends the process at once.
func Main(env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Little is alive at any moment, so most collections of a run find nothing to keep; a few MiB more halve its time.
	if env.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	// After the first signal the next one is not ours: it ends the process.
	defer context.AfterFunc(ctx, stop)()

	args := env.Args[1:]
	if len(args) > 0 {
		for _, c := range commands() {
			if args[0] != c.name {
				continue
			}
			if c.run == nil {
				return helpMain(env, args[1:])
			}
			return c.run(ctx, env, args[1:])
		}
	}
	return scriptMain(ctx, env, args)
}

// helpMain prints the help of a command.
func helpMain(env Env, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return output(env, "help", mainHelp)
	}
	for _, c := range commands() {
		if c.name == args[0] && c.run != nil {
			return c.run(context.Background(), env, []string{"--help"})
		}
	}
	return usage(env, "help", unknownCommand(args[0]))
}

func unknownCommand(name string) error {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	if n, ok := phrase.Nearest(name, names); ok {
		return usagef("unknown command '%s'; did you mean '%s'?", name, n)
	}
	return usagef("unknown command '%s' (there are %s)", name, strings.Join(names, ", "))
}

// output has a command's result printed, and complains when it cannot be written.
func output(env Env, command string, print func(io.Writer)) int {
	w := bufio.NewWriter(env.Stdout)
	print(w)
	if err := w.Flush(); err != nil {
		fmt.Fprintf(env.Stderr, "%s: %v\n", strings.TrimSpace("hwlua "+command), err)
		return exitUsage
	}
	return exitOK
}

// inCI tells whether an engine runs us: CI is set, and not to what means that it is not.
func inCI(env Env) bool {
	v := env.Getenv("CI")
	return v != "" && v != "0" && v != "false"
}

// usage complains about the command line.
func usage(env Env, command string, err error) int {
	what := "hwlua"
	if command != "" {
		what += " " + command
	}
	fmt.Fprintf(env.Stderr, "%s: %v\n", what, err)
	var u *usageError
	if errors.As(err, &u) {
		fmt.Fprintf(env.Stderr, "%s --help shows what there is\n", what)
	}
	return exitUsage
}

func mainHelp(w io.Writer) {
	fmt.Fprint(w, `hwlua runs Lua scripts on a faithful model of Linux/arm64 hardware breakpoints.

usage
  hwlua                         the interactive loop on a terminal; otherwise the script on standard input
  hwlua [OPTION...] FILE [ARG...]
                                run one script; a file with describe and it has its cases run. '-' is standard input
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  hwlua %-23s %s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	fmt.Fprint(w, "\noptions, before FILE\n")
	printOptions(w, new(scriptOptions).table())
	fmt.Fprint(w, `
A file called like a command is ./run. Exit codes: 0 all well; 1 a scenario failed, a step diverged or a script
raised; 2 the command line or a file could not be used; 130 interrupted.
`)
}

func commandHelp(env Env, usage, text string, opts []option) int {
	command, _, _ := strings.Cut(usage, " ")
	return output(env, command, func(w io.Writer) {
		fmt.Fprintf(w, "usage: hwlua %s\n\n%s", usage, text)
		if len(opts) > 0 {
			fmt.Fprint(w, "\noptions\n")
			printOptions(w, opts)
		}
	})
}

// version is what the build knows about itself.
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

func versionMain(_ context.Context, env Env, args []string) int {
	rest, err := parse(args, nil, true)
	switch {
	case errors.Is(err, errHelp):
		return commandHelp(env, "version", "Prints the version of hwlua, of its Lua and of the modelled kernels.\n", nil)
	case err == nil && len(rest) > 0:
		err = usagef("too many arguments")
	}
	if err != nil {
		return usage(env, "version", err)
	}
	return output(env, "version", func(w io.Writer) { fmt.Fprint(w, versionText()) })
}
