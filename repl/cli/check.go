// hwlua check: mistakes in scripts that the description of the API shows.

package cli

import (
	"context"
	"fmt"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/lint"
	"github.com/hwlua/hwlua/vm/scenario"
)

const checkText = `Reads scripts without running them and prints one line for each mistake: a name
that the API does not have, an option or a constant that a call would refuse, a
comparison that is never true, a global that nothing defines. Branches that no run
takes are read too. PATH is a file, a folder, or '-'. Exit code 1: there are findings.
`

// checkMain prints the findings of all sources. Finding something is exit code 1, as a failed case is.
func checkMain(_ context.Context, env Env, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usagef("no PATH given (want scripts, or folders of scripts)")
	}
	sources, err := scenario.Find(args, env.Stdin)
	if err != nil {
		return 0, err
	}
	globals, err := globalNames()
	if err != nil {
		return 0, err
	}
	code := exitOK
	for _, src := range sources {
		text, err := src.Read()
		if err != nil {
			return 0, err
		}
		for _, f := range lint.Check(src.Path, string(text), bindings.Index(), globals) {
			fmt.Fprintln(env.Stdout, f)
			code = exitFailed
		}
	}
	return code, nil
}

// globalNames returns the names of the globals of a new runtime.
func globalNames() ([]string, error) {
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
	if err != nil {
		return nil, err
	}
	defer rt.Close()
	g, _ := rt.Look("_G")
	return append(g.Names(), "arg"), nil
}
