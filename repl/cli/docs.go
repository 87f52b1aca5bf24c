// hwlua doc and hwlua types: what the description of the script API has to say.

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm/describe"
)

const docText = `Prints the reference of the script API: everything, or what NAME means: a function (hw.machine), a method
(m:perf_event_open, or perf_event_open alone), a class (event), a register (DBGWCR), one of its fields, an option, an
errno, a topic, or a word that occurs in these.
`

func docMain(_ context.Context, env Env, args []string) int {
	names, err := parse(args, nil, true)
	if errors.Is(err, errHelp) {
		return commandHelp(env, "doc [NAME]", docText, nil)
	}
	if err == nil && len(names) > 1 {
		err = usagef("one NAME at a time")
	}
	if err != nil {
		return usage(env, "doc", err)
	}
	index := bindings.Index()
	width, _ := terminal(env.Stdout)
	width = min(width, 100)
	if len(names) == 0 {
		return output(env, "doc", func(w io.Writer) { overview(w, index) })
	}
	name := names[0]
	entries := index.Lookup(name)
	if class := standsFor(index, name); class != "" && class != name {
		entries = append(index.Lookup(class), entries...)
	}
	if len(entries) == 0 {
		found := index.Search(name)
		if len(found) == 0 {
			hint := ""
			if near, ok := index.Near(name); ok {
				hint = fmt.Sprintf("; did you mean '%s'?", near)
			}
			fmt.Fprintf(env.Stderr, "hwlua doc: nothing is called '%s'%s\n", name, hint)
			return exitUsage
		}
		return output(env, "doc", func(w io.Writer) {
			for _, e := range found {
				fmt.Fprintf(w, "%-40s %s\n", e.Path, e.Summary())
			}
		})
	}
	return output(env, "doc", func(w io.Writer) {
		for i, e := range entries {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprint(w, index.Help(e, width))
		}
	})
}

// standsFor is the class whose values the reference calls by that name: m is a machine, ev an event.
func standsFor(index *describe.Index, name string) string {
	for _, e := range index.Entries() {
		if strings.HasPrefix(e.Path, name+":") {
			return e.Owner
		}
	}
	return ""
}

// overview is a line for everything, grouped by what it belongs to.
func overview(w io.Writer, index *describe.Index) {
	owner := "\x00"
	for _, e := range index.Entries() {
		if e.Kind == describe.IsBits || e.Kind == describe.IsErrno {
			continue // a register and a call name theirs
		}
		if e.Owner != owner {
			owner = e.Owner
			if owner != "" {
				fmt.Fprintf(w, "\n%s\n", owner)
			}
		}
		indent := ""
		if owner != "" {
			indent = "  "
		}
		fmt.Fprintf(w, "%s%-38s %s\n", indent, e.Path, e.Summary())
	}
	fmt.Fprintln(w, "\nhwlua doc NAME says more.")
}

const typesText = `Writes the editor definition file into DIR (default: the current folder) for the Lua language server, and the settings
that make it read them, unless there are some. With DIR '-' the definitions go to standard output.
`

func typesMain(_ context.Context, env Env, args []string) int {
	dirs, err := parse(args, nil, true)
	if errors.Is(err, errHelp) {
		return commandHelp(env, "types [DIR]", typesText, nil)
	}
	if err == nil && len(dirs) > 1 {
		err = usagef("one DIR at a time")
	}
	if err != nil {
		return usage(env, "types", err)
	}
	dir := "."
	if len(dirs) == 1 {
		dir = dirs[0]
	}
	if dir == "-" {
		return output(env, "types", func(w io.Writer) { w.Write(describe.LuaLS(bindings.Modules())) })
	}
	files, err := describe.Types(dir, bindings.Modules())
	for _, f := range files {
		fmt.Fprintln(env.Stdout, f)
	}
	if err != nil {
		return usage(env, "types", usagef("%v", err))
	}
	return exitOK
}
