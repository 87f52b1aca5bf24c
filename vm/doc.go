// Package vm is a Lua 5.1 runtime to embed: what a Go program takes in to run other people's scripts.
//
// It stands on gopher-lua and closes what a script, or its author, could trip over there. Integers are exact
// to 64 bits: a literal of 2^53 and above is a u64, one Lua value for each number. Limits hold: steps, live
// memory, call depth and the deadline of the context stop a script wherever it is, inside library functions
// too, and nothing in the script can catch that. Source text of any kind compiles or is an error. Of the host,
// a script sees only what Config opens. Errors name the variable, and a Go error stays the one that it was
// on its way through Lua.
//
//	prog, err := vm.Compile("demo.lua", src) // once, for any number of goroutines
//	rt, err := vm.New(vm.Config{Stdout: os.Stdout, Limits: vm.Limits{Steps: 10_000_000, Memory: 64 << 20}})
//	defer rt.Close()
//	results, err := rt.Run(ctx, prog, "argument")
//
// A Pool keeps runtimes that are as new for each run. A Module adds plain Go functions; Set gives scripts a Go
// value of the embedder's own. State is the inside, for modules that are written for gopher-lua.
//
// What it is not: it has no debugger hooks, no bytecode, and it knows nothing of what its modules model.
// The differences from lua5.1 that a script can see are published in the test of the library beside
// lua5.1. gopher-lua's release is fixed: the package looks at parts of its state that are not exported, and
// New refuses to work when they are not where they were.
package vm
