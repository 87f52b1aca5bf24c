// Terminal signals on systems without them.

//go:build !unix

package repl

func watchTerminal(resized, resumed func()) (stop func()) { return func() {} }

func suspendSelf() {}
