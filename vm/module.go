// Modules: what an embedder adds to the runtime, either as plain Go functions bound by reflection
// or, for package bindings, as a native module that builds its own Lua value.

package vm

import (
	lua "github.com/yuin/gopher-lua"
)

// A Module is a library that scripts reach with require, and by a global of its name when Global
// is set.
type Module struct {
	Name   string
	Global bool

	// Funcs are plain Go functions by the name that Lua knows them by. A first parameter of type
	// context.Context is given the context of the Run; a last result of type error, when it is not
	// nil, is raised in Lua, with its identity kept for errors.Is. Integers are exact to 64 bits,
	// and a value that does not fit its parameter is refused. Values that are not functions are
	// set as they are.
	//
	// A Lua function for a parameter of a func type becomes a Go function that may be called until the function that
	// got it returns, and later while the runtime is idle, one call at a time. It should have an error as last
	// result: without one, what Lua raises goes up through the Go code that called, as a panic.
	Funcs map[string]any

	// Open builds the module's value, once per runtime, when a script first needs it. With Open,
	// Funcs are added to the table that Open returns.
	Open func(*State) (lua.LValue, error)

	// Asserts are added to the assert table by name.
	Asserts map[string]lua.LGFunction

	// Missing says of globals that are not there how a script comes by one, in messages about using nil.
	Missing map[string]string

	// Close is called when a runtime that opened the module is closed.
	Close func()
}

// Allow opens doors to the host, each by its own name. All are shut by default.
type Allow struct {
	FS    bool // io.open, io.lines, os.remove, os.rename, os.tmpname: the host's files
	Env   bool // os.getenv
	Exec  bool // os.execute, io.popen
	Clock bool // os.time, os.clock and os.date tell the host's time
	Exit  bool // os.exit ends the script: Run returns an ExitError
}
