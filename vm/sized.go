// What userdata hold outside of Lua.

package vm

// Sized is implemented by what a native module puts into a userdata when it holds memory that the walk over Lua
// values does not find: Size is how many bytes, beside the userdata itself. It is asked when live memory is
// counted; what is allocated in between is to be asked for with State.Charge.
type Sized interface {
	Size() int64
}
