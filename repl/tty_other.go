// Terminal signals on systems without them.

//go:build !unix

package repl

func watchSize(func()) (stop func()) { return func() {} }

func watchContinued(func()) (stop func()) { return func() {} }

func suspendSelf() {}
