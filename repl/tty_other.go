// Signals of a terminal, where there are none.

//go:build !unix

package repl

func watchSize(func()) (stop func()) { return func() {} }

func watchContinued(func()) (stop func()) { return func() {} }

func suspendSelf() {}
