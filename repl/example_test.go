package repl_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hwlua/hwlua/repl"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

// A prompt for an embedder's modules. In and Out may also be a connection.: In and Out may as well be a
// connection.
func ExampleRun() {
	board := describe.Module{
		Name: "board", Doc: "The board under test.",
		Funcs: []describe.Func{{
			Name: "reset", Doc: "Pull a reset line.",
			Params: []describe.Param{{Name: "line", Type: describe.Int}},
		}},
		Fields: []describe.Field{{Name: "status", Doc: "What the board is at.", Type: describe.U64}},
		Registers: []describe.Register{{Name: "STATUS", Width: 16, Fields: []describe.Bits{
			{Name: "MODE", Hi: 3, Lo: 2, Values: []describe.Word{{Value: "2", Doc: "fast"}}},
			{Name: "ON", Hi: 0, Lo: 0},
		}}},
	}
	err := repl.Run(context.Background(), repl.Config{
		In:      strings.NewReader("board.reset(3)\nboard.status\nhelp 'board.reset'\n:ping all\n:quit\n"),
		Out:     os.Stdout,
		Prompt:  "board> ",
		Modules: []*describe.Module{&board},
		Runtime: vm.Config{Modules: []vm.Module{{Name: "board", Global: true, Funcs: map[string]any{
			"reset":  func(line int) string { return fmt.Sprintf("line %d pulled", line) },
			"status": 9,
		}}}},
		Commands: []repl.Command{{
			Name: "ping", Doc: "WHO  answer",
			Run: func(_ context.Context, _ *vm.Runtime, rest string, out io.Writer) error {
				_, err := fmt.Fprintln(out, "pong", rest)
				return err
			},
		}},
		NoMachine: true,
		Getenv:    func(string) string { return "" },
	})
	fmt.Println(err)
	// Output:
	// board> line 3 pulled
	// board> 0x0009  MODE=2 (fast) ON
	// board> board.reset(line: integer) -> true
	//   Pull a reset line.
	// board> pong all
	// board> <nil>
}
