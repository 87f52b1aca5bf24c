// Signals of a terminal.

//go:build unix

package repl

import (
	"os"
	"os/signal"
	"syscall"
)

// watchSize calls fn when the terminal's size has changed.
func watchSize(fn func()) (stop func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGWINCH)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ch:
				fn()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(done)
	}
}

// suspendSelf stops the process group, as Ctrl-Z does where the terminal sees to it, and returns when
// it goes on.
func suspendSelf() { syscall.Kill(0, syscall.SIGTSTP) }
