// Explorations at the prompt: what the last one of an entry found.

package repl

import (
	"fmt"
	"slices"

	"github.com/hwlua/hwlua/vm"
)

// noteExplored tells of the last exploration of an entry: how many orders were run and, if one failed, its
// steps and what failed. The result that the entry shows or keeps has the same as a table.
func (s *session) noteExplored() {
	x := s.explored
	if x == nil {
		return
	}
	s.freshLine()
	fmt.Fprintln(s.out, s.colors.note(s.oneLine(x.String())))
	if x.Failed {
		for _, l := range schedule(&x.Schedule) {
			fmt.Fprintln(s.out, l)
		}
	}
}

// schedule returns a failing schedule as lines.
func schedule(f *vm.Schedule) []string {
	lines := []string{f.Title()}
	for _, l := range slices.Concat(f.Lines, f.Below()) {
		lines = append(lines, "  "+l)
	}
	return lines
}
