// Options: one table for a command's options, read by the parser, the help and the suggestions alike.

package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hwlua/hwlua/vm/phrase"
)

// An option is one flag of a command. With arg set it takes a value: "--name value", "--name=value", "-n value", "-nvalue".
type option struct {
	short string // "e", without the dash
	long  string // "filter", without the dashes
	arg   string // what its value is called in the help, "" for a switch
	help  string
	set   func(value string) error
}

func (o *option) names() string {
	var names []string
	if o.short != "" {
		names = append(names, "-"+o.short)
	}
	if o.long != "" {
		names = append(names, "--"+o.long)
	}
	s := strings.Join(names, ", ")
	if o.arg != "" {
		s += " " + o.arg
	}
	return s
}

// errHelp is what parse returns for -h and --help.
var errHelp = errors.New("help")

// A usageError is a command line that cannot be used: exit code 2.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, a ...any) error { return &usageError{fmt.Sprintf(format, a...)} }

// parse reads options up to the first argument that is none, or, when mixed is set, wherever they stand, and returns
// what is left. "--" ends the options; "-" is an argument.
func parse(args []string, opts []option, mixed bool) (rest []string, err error) {
	for len(args) > 0 {
		a := args[0]
		if a == "--" {
			return append(rest, args[1:]...), nil
		}
		if len(a) < 2 || a[0] != '-' {
			if !mixed {
				return append(rest, args...), nil
			}
			rest, args = append(rest, a), args[1:]
			continue
		}
		if a == "-h" || a == "--help" {
			return nil, errHelp
		}
		o, value, has := lookup(opts, a)
		args = args[1:]
		switch {
		case o == nil:
			return nil, unknown(opts, a)
		case o.arg == "" && has:
			return nil, usagef("%s takes no value", nameIn(a))
		case o.arg != "" && !has:
			if len(args) == 0 {
				return nil, usagef("%s wants %s", a, o.arg)
			}
			value, args = args[0], args[1:]
		}
		if err := o.set(value); err != nil {
			var u *usageError
			if errors.As(err, &u) {
				return nil, err
			}
			return nil, usagef("%s: %v", nameIn(a), err)
		}
	}
	return rest, nil
}

// nameIn is the option's name in an argument as it was typed.
func nameIn(a string) string {
	if strings.HasPrefix(a, "--") {
		a, _, _ = strings.Cut(a, "=")
		return a
	}
	return a[:2]
}

func lookup(opts []option, a string) (o *option, value string, has bool) {
	if long, ok := strings.CutPrefix(a, "--"); ok {
		name, value, has := strings.Cut(long, "=")
		for i := range opts {
			if opts[i].long == name && name != "" {
				return &opts[i], value, has
			}
		}
		return nil, "", false
	}
	for i := range opts {
		o := &opts[i]
		if o.short == "" || a[1:2] != o.short {
			continue
		}
		if len(a) == 2 {
			return o, "", false
		}
		if o.arg != "" {
			return o, a[2:], true // -ecode, as lua takes it
		}
		return nil, "", false
	}
	return nil, "", false
}

func unknown(opts []option, a string) error {
	name := nameIn(a)
	if !strings.HasPrefix(a, "--") {
		name, _, _ = strings.Cut(a, "=")
	}
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
	width := 0
	for i := range opts {
		if n := len(opts[i].names()); n > width && n <= 26 {
			width = n
		}
	}
	for i := range opts {
		if opts[i].help == "" {
			continue
		}
		names := opts[i].names()
		if len(names) > width {
			fmt.Fprintf(w, "  %s\n  %*s", names, width, "")
		} else {
			fmt.Fprintf(w, "  %-*s", width, names)
		}
		for n, line := range strings.Split(opts[i].help, "\n") {
			if n > 0 {
				fmt.Fprintf(w, "  %*s", width, "")
			}
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

// Ways to set variables.

func setString(p *string) func(string) error { return func(s string) error { *p = s; return nil } }
func setTrue(p *bool) func(string) error     { return func(string) error { *p = true; return nil } }

func addString(p *[]string) func(string) error {
	return func(s string) error { *p = append(*p, s); return nil }
}

func setInt(p *int, min int) func(string) error {
	return func(s string) error {
		var n int
		if _, err := fmt.Sscanf(s+"\n", "%d\n", &n); err != nil || fmt.Sprint(n) != s {
			return fmt.Errorf("'%s' is no whole number", s)
		}
		if n < min {
			return fmt.Errorf("%d is below %d", n, min)
		}
		*p = n
		return nil
	}
}
