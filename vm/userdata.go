// What native modules put into userdata, as the runtime sees it.

package vm

import lua "github.com/yuin/gopher-lua"

// Sized is implemented by what a native module puts into a userdata when it holds memory that the walk over Lua
// values does not find: Size is how many bytes, beside the userdata itself. It is asked when live memory is
// counted; what is allocated in between is to be asked for with State.Charge.
type Sized interface {
	Size() int64
}

// Native is implemented by what a native module puts into its userdata. A Go program that got one from a script
// (Run, Get, an error's Value) may hand it back, and the script then finds the same value again: Native gives that
// value and the runtime that it belongs to.
type Native interface {
	Native() (lua.LValue, *Runtime)
}
