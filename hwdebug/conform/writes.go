// The order of register writes: compared apart from results and observations.

package conform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hwlua/hwlua/hwdebug"
)

// compareWrites compares the register writes of step i with those of the target, which may leave out
// repetitions: where another task came in between, the kernel switched out and in once more.
func (p *player) compareWrites(c *Case, i int, tally *Tally, diverged func(*Divergence)) {
	tally.Lists++
	want, got := c.Steps[i].Writes, p.got.writes
	if slices.Equal(want, got) || slices.Equal(withoutRounds(want), withoutRounds(got)) {
		return
	}
	tally.ListsDiverging++
	if diverged != nil {
		diverged(&Divergence{
			Case: c.ID, Line: c.Line, Step: i + 1, Writes: true, Asked: c.Steps[i].String(),
			Expected: writesText(want), Found: writesText(got),
		})
	}
}

// withoutRounds returns list without adjacent repetitions of any length, the shortest taken out first.
func withoutRounds(list []hwdebug.RegWrite) []hwdebug.RegWrite {
	list = slices.Clone(list)
	for n := 1; 2*n <= len(list); n++ {
		for i := 0; i+2*n <= len(list); {
			if slices.Equal(list[i:i+n], list[i+n:i+2*n]) {
				list = slices.Delete(list, i, i+n)
				i, n = 0, 1
			} else {
				i++
			}
		}
	}
	return list
}

// writesText returns register writes on one line, in the notation of the recordings.
func writesText(list []hwdebug.RegWrite) string {
	if len(list) == 0 {
		return "no register writes"
	}
	text := make([]string, len(list))
	for i, w := range list {
		text[i] = fmt.Sprintf("%d:%d:%x", w.CPU, w.Reg, w.Value)
	}
	return "writes " + strings.Join(text, " ")
}
