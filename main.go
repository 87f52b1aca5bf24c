// Command hwlua runs Lua scripts on a faithful model of Linux/arm64 hardware breakpoints: as an interactive loop, as
// a runner of scenarios, and as a replayer of a real kernel's recordings. "hwlua --help" says how.
package main

import (
	"os"

	"github.com/hwlua/hwlua/repl/cli"
)

func main() { os.Exit(cli.Main(cli.OS())) }
