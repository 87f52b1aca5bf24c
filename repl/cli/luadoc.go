// The differences from Lua 5.1, as the page of hwlua doc lua.

package cli

import (
	"fmt"
	"io"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

const luaIntro = "hwlua runs Lua 5.1. What a script can see differently here and in Debian's lua5.1, " +
	"why, and what to write where it matters:"

// luaDoc writes the page of hwlua doc lua in lines of at most width columns, except for code.
func luaDoc(w io.Writer, width int) {
	fmt.Fprintln(w, phrase.Wrap(luaIntro, width, ""))
	for _, d := range vm.Differences() {
		fmt.Fprintf(w, "\n%s\n  %s\n", phrase.Wrap(d.Name, width, ""), phrase.Wrap(d.Why, width-2, "  "))
		if d.Instead != "" {
			fmt.Fprintf(w, "  instead: %s\n", phrase.Wrap(d.Instead, width-11, "  "))
		}
		there := d.Lua51
		if there == "" {
			there = "(something else in each run or on each host)"
		}
		fmt.Fprintf(w, "    %s\n    here    %s\n    lua5.1  %s\n", d.Code, d.Here, there)
	}
}
