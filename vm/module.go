// Modules: what an embedder adds to the runtime, either as plain Go functions that are bound by
// reflection or, as package bindings does, as a native module that builds its own Lua value.

package vm

import (
	"fmt"
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// A Module is a library that scripts reach with require, and by a global of its name if Global is set.
type Module struct {
	Name   string
	Global bool

	// Funcs are plain Go functions, by their names in Lua. A first parameter of type
	// context.Context gets the context of the Run; a last result of type error that is not nil is
	// raised in Lua and keeps its identity for errors.Is. Integers are exact to 64 bits, and a
	// value that does not fit its parameter is refused. Values that are not functions are set as
	// they are.
	//
	// A Lua function for a parameter of a func type becomes a Go function. It may be called until
	// the function that got it returns, and later while the runtime is idle, one call at a time. It
	// should have an error as its last result: without one, what Lua raises goes as a panic through
	// the Go code that called.
	Funcs map[string]any

	// Open builds the module's value, once per runtime, when a script first needs it. Funcs are
	// added to the table that it returns.
	Open func(*State) (lua.LValue, error)

	// Asserts are added to the assert table by name.
	Asserts map[string]lua.LGFunction

	// Missing maps an undefined global to a hint, which the error message for using nil then contains.
	Missing map[string]string

	// Hex names the fields of tables whose numbers failures, snapshots and Format print in hexadecimal,
	// such as "addr".
	Hex []string

	// Explore names the function of the module that runs a function once for each order of its steps:
	// it.explore of package scenario calls it with options and the function.
	Explore string

	// Close is called when a runtime that opened the module is closed.
	Close func()
}

// Allow opens parts of the host to scripts. All are closed by default.
type Allow struct {
	FS    bool // io.open, io.lines, os.remove, os.rename, os.tmpname: the host's files
	Env   bool // os.getenv
	Exec  bool // os.execute, io.popen
	Clock bool // os.time, os.clock and os.date tell the host's time
	Exit  bool // os.exit ends the script: Run returns an ExitError
}

// ChunkModule returns a module of that name whose value is a program as a function: a part of a library in
// Lua that most scripts do without.
func ChunkModule(name string, program func() (*Program, error)) Module {
	return Module{Name: name, Open: func(s *State) (lua.LValue, error) {
		p, err := program()
		if err != nil {
			return nil, err
		}
		return s.rt.function(p), nil
	}}
}

// check validates the functions of m.
func (m *Module) check() error {
	for name, f := range m.Asserts {
		if f == nil {
			return fmt.Errorf("assertion %s is nil", name)
		}
	}
	for name, f := range m.Funcs {
		if err := callableShape(reflect.ValueOf(f)); err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
	}
	return nil
}
