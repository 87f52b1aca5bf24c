package scenario_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// A printer is the smallest sink that is of use.
type printer struct{}

func (printer) Begin(scenario.Info)       {}
func (printer) Broken(b *scenario.Broken) { fmt.Println(b.File, b.Message) }
func (printer) Warning(text string)       { fmt.Println(text) }
func (printer) End(s *scenario.Summary)   { fmt.Println(s.Cases(), "cases,", s.Bad(), "failed") }
func (printer) Case(r *scenario.Result) {
	fmt.Printf("%s: %s\n", r.Status, r.Case.Name())
	for _, f := range r.Failures {
		fmt.Println(f)
	}
}

// Scenarios about an embedder's own module.
func ExampleRun() {
	fsys := fstest.MapFS{"board.lua": {Data: []byte(`describe("the board", function()
  it("has eight lines", function() assert.equals(8, board.lines()) end)
  it("is hot", function() assert.equals("hot", board.state()) end)
end)`)}}
	board := vm.Module{Name: "board", Global: true, Funcs: map[string]any{
		"lines": func() int { return 8 },
		"state": func() string { return "cold" },
	}}
	sources, err := scenario.FindFS(fsys, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	summary, err := scenario.Run(context.Background(), sources,
		scenario.Options{Sink: printer{}, Modules: []vm.Module{board}})
	fmt.Println(summary.Bad() > 0, err)
	// Output:
	// passed: the board has eight lines
	// failed: the board is hot
	// board.lua:3
	//     3 |   it("is hot", function() assert.equals("hot", board.state()) end)
	// assert.equals failed
	//   expected: "hot"
	//   found:    "cold"
	// 2 cases, 1 failed
	// true <nil>
}
