// Compiling: from source text to a Program that any number of runtimes share.

package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// MaxSource is how many bytes of source Compile takes, MaxNesting how deep it may be nested.
const (
	MaxSource  = 1 << 20
	MaxNesting = 200
)

// A Program is a compiled script. It is immutable: any number of goroutines may run it at once,
// each in a runtime of its own.
type Program struct {
	name  string
	proto *lua.FunctionProto
}

// Name is the name that the program was compiled with.
func (p *Program) Name() string { return p.name }

// Compile turns source text into a Program. Errors are *Error with Script and Line set.
func Compile(name, src string) (*Program, error) {
	chunk, err := parse.Parse(strings.NewReader(src), name)
	if err != nil {
		return nil, &Error{Script: name, Message: err.Error(), cause: err}
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, &Error{Script: name, Message: err.Error(), cause: err}
	}
	return &Program{name: name, proto: proto}, nil
}

// function makes a Lua function of the program in this runtime.
func (rt *Runtime) function(p *Program) *lua.LFunction {
	return rt.L.NewFunctionFromProto(p.proto)
}

// load compiles source text that a script gives (load, loadstring, dofile, require).
func (rt *Runtime) load(name, src string) (*lua.LFunction, error) {
	rt.charge(int64(len(src)) * 8)
	p, err := Compile(name, src)
	if err != nil {
		return nil, err
	}
	return rt.function(p), nil
}
