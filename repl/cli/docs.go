// hwlua doc and hwlua types: the description of the script API, as reference and as editor definitions.

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm/describe"
)

const docText = `Prints the reference of the script API: an overview, or the help on NAME. NAME is a
function (hw.machine), a method (m:perf_event_open, or perf_event_open alone), a
class (event), a register (DBGWCR), one of its fields, an option, an errno, a topic,
a rule of the kernel (R-CON-7), or a word to search for. The topic "kernels" lists the
profiles: what each rests on, and how they differ; "cores" the cores, and where their
registers are from; "lua" what differs from Lua 5.1.
`

// docCommand returns hwlua doc and its options, which print the whole description in another format.
func docCommand() ([]option, runner) {
	var format func([]*describe.Module) []byte
	var man bool
	whole := func(name, help string, f func([]*describe.Module) []byte) option {
		return option{long: name, help: help, set: func(string) error { format = f; return nil }}
	}
	run := func(ctx context.Context, env Env, args []string) (int, error) {
		switch {
		case man && len(args) == 0:
			return output(env, "doc", manPage), nil
		case format == nil && !man:
			return docMain(ctx, env, args)
		case len(args) > 0:
			return 0, usagef("--json, --markdown and --man print everything, without NAME")
		}
		return output(env, "doc", func(w io.Writer) { w.Write(format(bindings.Modules())) }), nil
	}
	return []option{
		whole("json", "print the whole description as JSON", describe.JSON),
		whole("markdown", "print the whole reference as Markdown", describe.Markdown),
		toggle("man", &man, "print the manual page hwlua(1)"),
	}, run
}

// docMain prints the overview, the help on a name, or the entries that contain it.
func docMain(_ context.Context, env Env, args []string) (int, error) {
	index := bindings.Index()
	if len(args) == 0 {
		return output(env, "doc", func(w io.Writer) { overview(w, index) }), nil
	}
	name := args[0]
	switch name {
	case "kernels":
		return output(env, "doc", kernelsDoc), nil
	case "cores":
		return output(env, "doc", coresDoc), nil
	case "lua":
		return output(env, "doc", func(w io.Writer) { luaDoc(w, pageWidth(env)) }), nil
	}
	entries := index.Lookup(name)
	if class := classOf(index, name); class != "" && class != name {
		entries = append(index.Lookup(class), entries...)
	}
	if len(entries) > 0 {
		width, _ := terminal(env.Stdout)
		return output(env, "doc", func(w io.Writer) {
			for i, e := range entries {
				if i > 0 {
					fmt.Fprintln(w)
				}
				fmt.Fprint(w, index.Help(e, min(width, 100)))
			}
		}), nil
	}
	found := index.Search(name)
	if len(found) == 0 {
		hint := ""
		if near, ok := index.Near(name); ok {
			hint = fmt.Sprintf("; did you mean '%s'?", near)
		}
		return 0, fmt.Errorf("no entry for '%s'%s", name, hint)
	}
	return output(env, "doc", func(w io.Writer) {
		for _, e := range found {
			fmt.Fprintf(w, "%-40s %s\n", e.Path, e.Summary())
		}
	}), nil
}

// pageWidth returns the width of a page of text on the standard output.
func pageWidth(env Env) int {
	const widest = 100
	if width, tty := terminal(env.Stdout); tty {
		return min(width, widest)
	}
	return widest
}

// classOf returns the class of the values that the reference calls by that name: m is a machine, ev an event.
func classOf(index *describe.Index, name string) string {
	for _, e := range index.Entries() {
		if strings.HasPrefix(e.Path, name+":") {
			return e.Owner
		}
	}
	return ""
}

// overview prints one line for each entry, grouped by owner. It omits register fields and errnos, as
// their registers and calls list them.
func overview(w io.Writer, index *describe.Index) {
	owner := ""
	for _, e := range index.Entries() {
		if e.Kind == describe.IsBits || e.Kind == describe.IsErrno {
			continue
		}
		if e.Owner != owner && e.Owner != "" {
			fmt.Fprintf(w, "\n%s\n", e.Owner)
		}
		owner = e.Owner
		indent := ""
		if owner != "" {
			indent = "  "
		}
		fmt.Fprintf(w, "%s%-38s %s\n", indent, e.Path, e.Summary())
	}
	fmt.Fprintln(w, "\nFor more: hwlua doc NAME")
}

const typesText = `Writes the editor definition file into DIR (default: the current folder) for the Lua
language server, and its settings file unless there is one. If DIR is '-', prints
the definitions to standard output.
`

func typesMain(_ context.Context, env Env, args []string) (int, error) {
	dir := "."
	if len(args) == 1 {
		dir = args[0]
	}
	if dir == "-" {
		return output(env, "types", func(w io.Writer) { w.Write(describe.LuaLS(bindings.Modules())) }), nil
	}
	files, err := describe.Types(dir, bindings.Modules())
	for _, f := range files {
		fmt.Fprintln(env.Stdout, f)
	}
	return exitOK, err
}
