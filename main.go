// Command hwlua runs Lua scripts on a faithful model of Linux/arm64 hardware breakpoints. It has an
// interactive prompt, runs scenario files, and replays recordings of real kernels. "hwlua --help"
// lists its commands.
package main

import (
	"os"

	"github.com/hwlua/hwlua/repl/cli"
)

func main() { os.Exit(cli.Main(cli.OS())) }
