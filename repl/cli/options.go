// Options: one table for a command's options, read by the parser, the help and the suggestions alike.

package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// An option is one flag of a command. If arg is set it takes a value: "--name value", "--name=value",
// "-n value" or "-nvalue".
type option struct {
	short string // "e", without the dash
	long  string // "filter", without the dashes
	arg   string // name of the value in the help, "" for a switch
	// optional: the value may be left out, and follows a "=" otherwise
	optional bool
	help     string // "" hides the option
	set      func(value string) error
}

// names returns the option as the help shows it, such as "-v, --verbose".
func (o *option) names() string {
	var names []string
	if o.short != "" {
		names = append(names, "-"+o.short)
	}
	if o.long != "" {
		names = append(names, "--"+o.long)
	}
	s := strings.Join(names, ", ")
	switch {
	case o.optional:
		s += "[=" + o.arg + "]"
	case o.arg != "":
		s += " " + o.arg
	}
	return s
}

// errHelp is returned by parse for -h and --help.
var errHelp = errors.New("help")

// A usageError reports a command line that cannot be used: exit code 2.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, a ...any) error { return &usageError{fmt.Sprintf(format, a...)} }

// parse sets the options in args and returns the other arguments. Options may stand anywhere if mixed
// is set; otherwise the first argument that is not an option ends them. "--" always does, and "-" is an
// argument.
func parse(args []string, opts []option, mixed bool) (rest []string, err error) {
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			return append(rest, args...), nil
		case len(a) < 2 || a[0] != '-':
			rest = append(rest, a)
			if !mixed {
				return append(rest, args...), nil
			}
			continue
		case a == "-h" || a == "--help":
			return nil, errHelp
		}
		if args, err = parseOption(a, args, opts); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// parseOption sets the option in a, taking its value from args if a has none, and returns the remaining
// arguments.
func parseOption(a string, args []string, opts []option) ([]string, error) {
	o, value, has := lookup(opts, a)
	switch {
	case o == nil:
		return nil, unknown(opts, a)
	case o.arg == "" && has:
		return nil, usagef("%s takes no value", nameIn(a))
	case o.arg != "" && !has && !o.optional:
		if len(args) == 0 {
			return nil, usagef("%s wants %s", a, o.arg)
		}
		value, args = args[0], args[1:]
	}
	if err := o.set(value); err != nil {
		return nil, usagef("%s: %v", nameIn(a), err)
	}
	return args, nil
}

// nameIn returns the name of the option in an argument, as typed.
func nameIn(a string) string {
	if strings.HasPrefix(a, "--") {
		a, _, _ = strings.Cut(a, "=")
		return a
	}
	return a[:2]
}

// lookup finds the option in an argument. has reports whether the argument also holds a value. A switch
// does not match an argument with further letters: -vx is unknown.
func lookup(opts []option, a string) (o *option, value string, has bool) {
	if long, ok := strings.CutPrefix(a, "--"); ok {
		name, value, has := strings.Cut(long, "=")
		if i := slices.IndexFunc(opts, func(o option) bool { return o.long == name }); i >= 0 && name != "" {
			return &opts[i], value, has
		}
		return nil, "", false
	}
	i := slices.IndexFunc(opts, func(o option) bool { return o.short == a[1:2] })
	switch {
	case i < 0, len(a) > 2 && opts[i].arg == "":
		return nil, "", false
	}
	return &opts[i], a[2:], len(a) > 2 // -ecode, as lua takes it
}

// unknown returns the error for an argument that holds no option of the table.
func unknown(opts []option, a string) error {
	name := nameIn(a)
	var names []string
	for i := range opts {
		if opts[i].long != "" {
			names = append(names, opts[i].long)
		}
	}
	hint := ""
	if n, ok := phrase.Nearest(strings.TrimLeft(name, "-"), names); ok {
		hint = fmt.Sprintf("; did you mean --%s?", n)
	}
	return usagef("unknown option %s%s", name, hint)
}

// printOptions lists options for a help page, in the order of the table.
func printOptions(w io.Writer, opts []option) {
	const widest = 26 // longer names get a line of their own
	width := 0
	for i := range opts {
		if n := len(opts[i].names()); n <= widest {
			width = max(width, n)
		}
	}
	for i := range opts {
		if opts[i].help == "" {
			continue
		}
		names := opts[i].names()
		if len(names) > width {
			fmt.Fprintf(w, "  %s\n", names)
			names = ""
		}
		for line := range strings.SplitSeq(opts[i].help, "\n") {
			fmt.Fprintf(w, "  %-*s  %s\n", width, names, line)
			names = ""
		}
	}
}

// Setters of variables, for option.set.

func setString(p *string) func(string) error { return func(s string) error { *p = s; return nil } }
func setTrue(p *bool) func(string) error     { return func(string) error { *p = true; return nil } }

func addString(p *[]string) func(string) error {
	return func(s string) error { *p = append(*p, s); return nil }
}

func setInt(p *int, least int) func(string) error {
	return func(s string) (err error) {
		*p, err = parseInt(s, least, 0)
		return err
	}
}

// oneOf sets a variable to one of a few words.
func oneOf(p *string, words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("invalid value '%s' (want %s)", s, strings.Join(words, ", "))
		}
		*p = s
		return nil
	}
}

// parseInt reads an integer of at least least and, unless most is 0, at most most.
func parseInt(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || strconv.Itoa(n) != s:
		return 0, fmt.Errorf("'%s' is not an integer", s)
	case most > 0 && (n < least || n > most):
		return 0, fmt.Errorf("%d is out of range (want %d to %d)", n, least, most)
	case n < least:
		return 0, fmt.Errorf("%d is out of range (want %d or more)", n, least)
	}
	return n, nil
}

// value returns an option that takes a value.
func value(long, arg string, set func(string) error, help ...string) option {
	return option{long: long, arg: arg, help: strings.Join(help, "\n"), set: set}
}

// toggle returns an option that sets a variable to true.
func toggle(long string, p *bool, help string) option {
	return option{long: long, help: help, set: setTrue(p)}
}

// Options of several commands.

func colorOption(p *string) option {
	return value("color", "WHEN", oneOf(p, "auto", "always", "never"), "auto, always or never")
}

func traceOption(p *[]string) option {
	return value("trace", "FILE", addString(p),
		"write what the machines did: .txt as a graph of calls with a column for each CPU,",
		".ftrace as ftrace's text (for Perfetto and catapult), .json for Perfetto, .jsonl as",
		"records (repeatable)")
}

func allowOption(a *vm.Allow) option {
	return value("allow", "LIST", func(s string) error { return allow(a, s) },
		"let scripts use fs, env, exec, clock (any of them, separated by commas)")
}

// An access is one kind of access to the host that scripts can be allowed.
type access struct {
	name    string
	allowed *bool
}

// accesses returns the fields of a by the names that --allow takes.
func accesses(a *vm.Allow) []access {
	return []access{{"fs", &a.FS}, {"env", &a.Env}, {"exec", &a.Exec}, {"clock", &a.Clock}}
}

// allow sets the fields of a that a list names.
func allow(a *vm.Allow, names string) error {
	all := accesses(a)
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(x access) bool { return x.name == name })
		if i < 0 {
			return fmt.Errorf("invalid value '%s' (want fs, env, exec, clock)", name)
		}
		*all[i].allowed = true
	}
	return nil
}
