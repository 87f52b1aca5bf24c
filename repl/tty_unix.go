// Signals of a terminal.

//go:build unix

package repl

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// watchSize calls fn when the terminal's size has changed.
func watchSize(fn func()) (stop func()) { return watchSignal(syscall.SIGWINCH, fn) }

func watchSignal(sig os.Signal, fn func()) (stop func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, sig)
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

// suspendSelf stops the process group, as Ctrl-Z does where the terminal sees to it. The stop comes a moment after the
// call, mostly before the return.
func suspendSelf() {
	syscall.Kill(0, syscall.SIGTSTP)
	time.Sleep(2 * time.Millisecond)
}

// watchContinued calls fn when the process goes on after a stop, whoever stopped it: the shell has set the terminal its
// own way by then.
func watchContinued(fn func()) (stop func()) { return watchSignal(syscall.SIGCONT, fn) }
