// hwlua run --pdb: the prompt in the first case that failed.

package cli

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

//go:embed pdb.lua
var pdbSource string

// A firstFailure is a sink that keeps the first case that failed.
type firstFailure struct {
	scenario.Sinks
	result *scenario.Result
}

func (f *firstFailure) Case(r *scenario.Result) {
	if f.result == nil && r.Status.Bad() {
		f.result = r
	}
}

// debug opens the prompt in a runtime in which the case runs again and fails: the model is deterministic,
// so it fails in the same way. The local variables at the failure are globals there, and m is the machine.
func (o *runOptions) debug(
	ctx context.Context, env Env, sources []*scenario.Source, so scenario.Options, c *scenario.Case,
) error {
	i := slices.IndexFunc(sources, func(s *scenario.Source) bool { return s.Path == c.File })
	if i < 0 {
		return fmt.Errorf("%s: the file of the failed case is gone", c.File)
	}
	text, err := sources[i].Read()
	if err != nil {
		return err
	}
	machines := caseMachines(&o.machine, c, o.withM)
	seed := o.seed(c)
	machines.defaults.Seed = seed
	machines.forPrompt()
	cfg := vm.Config{
		Modules: slices.Concat(so.Modules, machines.modules(), []vm.Module{
			pdbModule(c), vm.LocalsModule("hwlua.pdb.locals"),
		}, scenario.PreludeModules()),
		Scripts: sources[i].Folder(), ScriptsPath: sources[i].FolderPath(),
		Limits: so.Limits, Allow: so.Allow, Seed: seed, Args: []string{c.File},
	}
	cfg.Allow.Exit = true
	runPrompt(ctx, env, machines, repl.Config{
		Banner: fmt.Sprintf("%s: the case %q failed; its variables are globals. To stop inside of it: "+
			":break FN, then :reset. For help :help.", c.File, c.Name()),
		Runtime: cfg,
		Start: []repl.Source{
			{Name: "=pdb", Text: pdbSource},
			{Name: "=scenario", Text: scenario.Prelude()},
			{Name: c.File, Text: string(text), Lenient: c.Whole},
			{Name: "=pdb", Text: `require "hwlua.pdb"[1]()`, Lenient: true},
			{Name: "=pdb", Text: `require "hwlua.pdb".stopped()`},
		},
		Head:  o.machine.recordHead(),
		Color: repl.Color(o.color),
	})
	return nil
}

// pdbModule returns what pdb.lua needs to know of the case.
func pdbModule(c *scenario.Case) vm.Module {
	return vm.Module{
		Name:  "hwlua.pdb.host",
		Funcs: map[string]any{"path": strings.Join(c.Path, "\x00")},
	}
}
