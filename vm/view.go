// A view of the parts of gopher-lua's state that it does not export: the running frame, the
// registers, the open upvalues, the inside of a table. Limits that hold before an instruction is
// executed, variable names in errors and the memory count need them. The structs mirror
// gopher-lua's own field for field. checkLayout compares them, and New fails if they differ, so
// another release of gopher-lua gives an error message and never a wrong read.

package vm

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// frame mirrors gopher-lua's callFrame.
type frame struct {
	Idx        int
	Fn         *lua.LFunction
	Parent     *frame
	Pc         int
	Base       int
	LocalBase  int
	ReturnBase int
	NArgs      int
	NRet       int
	TailCall   int
}

// registry mirrors gopher-lua's registry, the value stack of one thread.
type registry struct {
	array  []lua.LValue
	top    int
	growBy int
	_      int               // maxSize
	_      unsafe.Pointer    // alloc
	_      [2]unsafe.Pointer // handler
}

// upvalue mirrors lua.Upvalue.
type upvalue struct {
	next   *upvalue
	reg    *registry
	index  int
	value  lua.LValue
	closed bool
}

// lstate mirrors lua.LState.
type lstate struct {
	G       *lua.Global
	Parent  *lua.LState
	Env     *lua.LTable
	Panic   func(*lua.LState)
	Dead    bool
	Options lua.Options

	stop         int32
	reg          *registry
	stack        [2]unsafe.Pointer
	alloc        unsafe.Pointer
	currentFrame *frame
	wrapped      bool
	uvcache      *upvalue
	hasErrorFunc bool
	mainLoop     func(*lua.LState, *frame)
	ctx          context.Context
	ctxCancelFn  context.CancelFunc
}

// growingStack mirrors autoGrowingCallFrameStack, the call stack of a thread with MinimizeStackMemory.
type growingStack struct {
	segments []unsafe.Pointer
	segIdx   uint16
	segSp    uint8
}

// Frames come in segments of 8. A thread begins with room for firstFrames and gets more before it
// runs out, because the table of segments is as large as the deepest stack that it can hold.
const (
	segmentFrames = lua.FramesPerSegment
	firstFrames   = 512
	spareFrames   = maxNest + 56 // more than Go functions can push between two instructions
)

// growStack adds room for more frames on t's stack.
func (t *thread) growStack() {
	st := (*growingStack)(t.L.stack[1])
	n := len(st.segments)
	t.rt.charge(int64(n) * (8 + segmentFrames*80))
	st.segments = slices.Concat(st.segments, make([]unsafe.Pointer, n))
	t.frames = 2*n*segmentFrames - spareFrames
}

// ltable mirrors lua.LTable.
type ltable struct {
	Metatable lua.LValue

	array   []lua.LValue
	dict    map[lua.LValue]lua.LValue
	strdict map[string]lua.LValue
	keys    []lua.LValue
	k2i     map[lua.LValue]int
}

func view(L *lua.LState) *lstate          { return (*lstate)(unsafe.Pointer(L)) }
func viewTable(t *lua.LTable) *ltable     { return (*ltable)(unsafe.Pointer(t)) }
func viewUpvalue(u *lua.Upvalue) *upvalue { return (*upvalue)(unsafe.Pointer(u)) }

// checkLayout compares every mirrored struct with the original, once per process.
var checkLayout = sync.OnceValue(func() error {
	state := reflect.TypeFor[lua.LState]()
	field := func(name string) reflect.Type {
		if f, ok := state.FieldByName(name); ok && f.Type.Kind() == reflect.Pointer {
			return f.Type.Elem()
		}
		return reflect.TypeFor[struct{}]()
	}
	// The call stack is behind an interface: only a state shows its type.
	L := lua.NewState(lua.Options{
		SkipOpenLibs:        true,
		CallStackSize:       firstFrames,
		MinimizeStackMemory: true,
		RegistrySize:        128,
	})
	stack := stackOf(L).Type()
	L.Close()
	if stack.Kind() == reflect.Pointer {
		stack = stack.Elem()
	}
	for _, pair := range [][2]reflect.Type{
		{stack, reflect.TypeFor[growingStack]()},
		{state, reflect.TypeFor[lstate]()},
		{field("currentFrame"), reflect.TypeFor[frame]()},
		{field("reg"), reflect.TypeFor[registry]()},
		{reflect.TypeFor[lua.Upvalue](), reflect.TypeFor[upvalue]()},
		{reflect.TypeFor[lua.LTable](), reflect.TypeFor[ltable]()},
	} {
		if err := sameLayout(pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
})

// sameLayout returns an error if two structs differ in a field's name (unless ours is blank),
// offset, size or kind.
func sameLayout(theirs, ours reflect.Type) error {
	refuse := func(what string) error {
		return fmt.Errorf("vm: this gopher-lua is not the one that package vm was written for (%s: %s); "+
			"build with github.com/yuin/gopher-lua v1.1.2", theirs, what)
	}
	if theirs.NumField() != ours.NumField() || theirs.Size() != ours.Size() {
		return refuse(fmt.Sprintf("%d fields in %d bytes, expected %d in %d",
			theirs.NumField(), theirs.Size(), ours.NumField(), ours.Size()))
	}
	for i := range theirs.NumField() {
		a, b := theirs.Field(i), ours.Field(i)
		kind := a.Type.Kind()
		same := kind == b.Type.Kind() ||
			kind == reflect.Interface && b.Type.Kind() == reflect.Array ||
			kind == reflect.Pointer && b.Type.Kind() == reflect.UnsafePointer
		named := a.Name == b.Name || b.Name == "_"
		if !named || a.Offset != b.Offset || a.Type.Size() != b.Type.Size() || !same {
			return refuse(fmt.Sprintf("field %s %s at %d, expected %s %s at %d",
				a.Name, a.Type, a.Offset, b.Name, b.Type, b.Offset))
		}
	}
	return nil
}

var stackField, _ = reflect.TypeFor[lua.LState]().FieldByName("stack")

// stackOf returns the call stack of L, which gopher-lua keeps behind an interface of its own.
func stackOf(L *lua.LState) reflect.Value {
	return reflect.NewAt(stackField.Type, unsafe.Add(unsafe.Pointer(L), stackField.Offset)).Elem().Elem()
}

// cutStack takes the call stack of L back to sp frames. It is slow because of reflection; only
// errors need it.
func cutStack(L *lua.LState, sp int, cf *frame) {
	stackOf(L).Interface().(interface{ SetSp(int) }).SetSp(sp)
	view(L).currentFrame = cf
}

// depth returns the number of live frames up to cf.
func depth(cf *frame) int {
	if cf == nil {
		return 0
	}
	return cf.Idx + 1
}

// closeUpvalues copies the registers of L from index on into the closures that still refer to them.
// gopher-lua itself does this for the whole thread when an error is raised, which separates
// functions that go on running from the closures that share their variables.
func closeUpvalues(L *lua.LState, index int) {
	v := view(L)
	link := &v.uvcache
	for uv := *link; uv != nil; uv = *link {
		if uv.index < index {
			link = &uv.next
			continue
		}
		*link = uv.next
		(*lua.Upvalue)(unsafe.Pointer(uv)).Close()
	}
}
