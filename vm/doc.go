// Package vm embeds a Lua 5.1 runtime in a Go program that runs scripts which it does not trust.
//
// It builds on gopher-lua and closes the gaps that a script or its author could fall into.
//
//   - Integers are exact to 64 bits: a literal of 2^53 and above is a u64, one Lua value for each
//     number.
//
//   - Steps, live memory, call depth and the deadline of the context stop a script wherever it is,
//     also in library functions, and nothing in the script can catch that.
//
//   - Source text of any kind compiles or gives an error.
//
//   - A script reaches only those parts of the host that Config opens.
//
//   - Errors name the variable, and a Go error that passes through Lua keeps its identity.
//
//     prog, err := vm.Compile("demo.lua", src) // once, for any number of goroutines
//     rt, err := vm.New(vm.Config{Stdout: os.Stdout, Limits: vm.Limits{Steps: 10_000_000, Memory: 64 << 20}})
//     defer rt.Close()
//     results, err := rt.Run(ctx, prog, "argument")
//
// A Pool resets its runtimes for each run. A Module adds plain Go functions; Set gives scripts a Go
// value of the embedder's. Modules that are written for gopher-lua use a State.
//
// The package has no debugger hooks and no bytecode, and knows nothing of what its modules model.
// Differences lists what a script can see differently than in lua5.1. The release of gopher-lua is
// fixed, because the package looks at state that gopher-lua does not export; New fails if that state
// has another layout.
package vm
