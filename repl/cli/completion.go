// hwlua completion and hwlua doc --man: the tables of commands and options for shells and for man.

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
)

const completionText = `Prints a completion script for SHELL: bash, zsh or fish. Load it with

  bash   source <(hwlua completion bash)
  zsh    source <(hwlua completion zsh)
  fish   hwlua completion fish | source
`

// A shell is one format of the completion script.
type shell struct {
	name  string
	print func(w io.Writer, all []listed)
}

func shells() []shell {
	return []shell{{"bash", completeBash}, {"zsh", completeZsh}, {"fish", completeFish}}
}

// A listed command is a row of the command table with its visible options.
type listed struct {
	command
	opts []option
}

// listing returns all commands with their options. The first one has no name: it is the program itself.
func listing() []listed {
	all := []listed{{command{short: "run a script"}, shown(new(scriptOptions).table())}}
	for _, c := range commands() {
		l := listed{command: c}
		if c.make != nil {
			opts, _ := c.make()
			l.opts = append(shown(opts), option{short: "h", long: "help", help: "print the help"})
		}
		all = append(all, l)
	}
	return all
}

// shown returns the options that the help shows.
func shown(opts []option) []option {
	var out []option
	for i := range opts {
		if opts[i].help != "" {
			out = append(out, opts[i])
		}
	}
	return out
}

func completionMain(_ context.Context, env Env, args []string) (int, error) {
	var names []string
	for _, s := range shells() {
		if len(args) == 1 && args[0] == s.name {
			return output(env, "completion", func(w io.Writer) { s.print(w, listing()) }), nil
		}
		names = append(names, s.name)
	}
	if len(args) == 0 {
		return 0, usagef("SHELL is missing (want %s)", strings.Join(names, ", "))
	}
	return 0, usagef("unknown shell '%s' (want %s)", args[0], strings.Join(names, ", "))
}

// flags returns the spellings of an option, such as -v and --verbose.
func (o *option) flags() []string {
	var names []string
	if o.short != "" {
		names = append(names, "-"+o.short)
	}
	if o.long != "" {
		names = append(names, "--"+o.long)
	}
	return names
}

// allFlags returns the spellings of all options, separated by blanks.
func allFlags(opts []option) string {
	var names []string
	for i := range opts {
		names = append(names, opts[i].flags()...)
	}
	return strings.Join(names, " ")
}

// firstLine returns the first line of a help text.
func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// completeBash offers commands and files as the first word, and the options of the command after it.
func completeBash(w io.Writer, all []listed) {
	var names []string
	for _, c := range all[1:] {
		names = append(names, c.name)
	}
	fmt.Fprintf(w, "# bash completion for hwlua\n_hwlua() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words\n")
	fmt.Fprintf(w, "\tif [ \"$COMP_CWORD\" = 1 ] && [[ $cur != -* ]]; then\n")
	fmt.Fprintf(w, "\t\tmapfile -t COMPREPLY < <(compgen -W %s -- \"$cur\"; compgen -f -- "+
		"\"$cur\")\n\t\treturn\n\tfi\n",
		quoteShell(strings.Join(names, " ")))
	fmt.Fprint(w, "\tcase ${COMP_WORDS[1]} in\n")
	for _, c := range all[1:] {
		fmt.Fprintf(w, "\t%s) words=%s ;;\n", c.name, quoteShell(allFlags(c.opts)))
	}
	fmt.Fprintf(w, "\t*) words=%s ;;\n\tesac\n", quoteShell(allFlags(all[0].opts)))
	fmt.Fprint(w, "\tif [[ $cur == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "+
		"\"$cur\")\n")
	fmt.Fprint(w, "\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\tfi\n}\n")
	fmt.Fprint(w, "complete -o filenames -F _hwlua hwlua\n")
}

// completeZsh offers the same through _arguments and _describe, with the help of each option.
func completeZsh(w io.Writer, all []listed) {
	fmt.Fprint(w, "#compdef hwlua\n# zsh completion for hwlua\n_hwlua() {\n\tlocal -a "+
		"commands\n\tcommands=(\n")
	for _, c := range all[1:] {
		fmt.Fprintf(w, "\t\t%s\n", quoteShell(c.name+":"+c.short))
	}
	fmt.Fprint(w, "\t)\n\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n")
	fmt.Fprint(w, "\t\t_describe command commands\n\t\t_files\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, c := range append(all[1:], all[0]) {
		pattern := c.name
		if pattern == "" {
			pattern = "*"
		}
		fmt.Fprintf(w, "\t%s)\n\t\t_arguments", pattern)
		for i := range c.opts {
			for _, flag := range c.opts[i].flags() {
				if c.opts[i].optional {
					flag += "=-" // the value is in the same word
				}
				fmt.Fprintf(w, " \\\n\t\t\t%s",
					quoteShell("*"+flag+"["+zshText(c.opts[i].help)+"]"+zshValue(&c.opts[i])))
			}
		}
		fmt.Fprint(w, " \\\n\t\t\t'*:file:_files'\n\t\t;;\n")
	}
	fmt.Fprint(w, "\tesac\n}\ncompdef _hwlua hwlua\n")
}

// zshText escapes the characters that _arguments reads inside a description.
func zshText(help string) string {
	return strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(firstLine(help))
}

// zshValue returns the part of an _arguments specification that names an option's value.
func zshValue(o *option) string {
	switch {
	case o.arg == "":
		return ""
	case o.optional:
		return "::" + zshText(o.arg) + ":_files"
	}
	return ":" + zshText(o.arg) + ":_files"
}

// completeFish prints one line for each command and each option.
func completeFish(w io.Writer, all []listed) {
	fmt.Fprint(w, "# fish completion for hwlua\n")
	for _, c := range all[1:] {
		fmt.Fprintf(w, "complete -c hwlua -n __fish_use_subcommand -a %s -d %s\n", c.name,
			quoteShell(c.short))
	}
	for _, c := range all {
		when := "__fish_use_subcommand"
		if c.name != "" {
			when = "__fish_seen_subcommand_from " + c.name
		}
		for i := range c.opts {
			o := &c.opts[i]
			fmt.Fprintf(w, "complete -c hwlua -n %s", quoteShell(when))
			if o.short != "" {
				fmt.Fprintf(w, " -s %s", o.short)
			}
			if o.long != "" {
				fmt.Fprintf(w, " -l %s", o.long)
			}
			if o.arg != "" && !o.optional {
				fmt.Fprint(w, " -r")
			}
			fmt.Fprintf(w, " -d %s\n", quoteShell(firstLine(o.help)))
		}
	}
}

// quoteShell quotes text as one word of a POSIX shell, zsh or fish.
func quoteShell(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// manPage prints the manual page hwlua(1).
func manPage(w io.Writer) {
	fmt.Fprint(w, ".TH HWLUA 1\n.SH NAME\nhwlua \\- Lua scripts on a model of Linux/arm64 hardware "+
		"breakpoints\n")
	fmt.Fprint(w, ".SH SYNOPSIS\n")
	all := listing()
	for _, c := range all {
		line := "[OPTION...] FILE [ARG...]"
		if c.name != "" {
			line = c.usage(c.opts[:max(len(c.opts)-1, 0)]) // without --help
		}
		fmt.Fprintf(w, ".B hwlua\n%s\n.br\n", roff(line))
	}
	fmt.Fprint(w, ".SH OPTIONS\n")
	manOptions(w, all[0].opts)
	fmt.Fprint(w, ".SH COMMANDS\n")
	for _, c := range all[1:] {
		fmt.Fprintf(w, ".SS %s\n%s\n.PP\n.nf\n%s.fi\n", roff(strings.TrimSpace(c.name+" "+c.args)),
			roff(c.short), roff(c.text))
		manOptions(w, c.opts)
	}
	fmt.Fprint(w, ".SH EXIT STATUS\n")
	for _, e := range [][2]string{
		{"0", "passed"},
		{"1", "a scenario failed, a step diverged, a script raised, or there are findings"},
		{"2", "the command line or a file could not be used"},
		{"130", "interrupted"},
	} {
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", e[0], e[1])
	}
}

func manOptions(w io.Writer, opts []option) {
	for i := range opts {
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(opts[i].names()), roff(opts[i].help))
	}
}

// roff escapes text for the manual page: backslashes, hyphens, and a control character at the start of a
// line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
