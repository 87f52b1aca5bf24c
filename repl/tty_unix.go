// Terminal signals.

//go:build unix

package repl

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// watchSize calls fn after each change of the terminal's size.
func watchSize(fn func()) (stop func()) { return watchSignal(syscall.SIGWINCH, fn) }

// watchSignal calls fn at each signal until stop is called.
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

// suspendSelf stops the process group, as Ctrl-Z on a cooked terminal does. The stop takes effect
// shortly after the system call, so give it time.
func suspendSelf() {
	syscall.Kill(0, syscall.SIGTSTP)
	time.Sleep(2 * time.Millisecond)
}

// watchContinued calls fn when the process is resumed after a stop. The shell has changed the
// terminal's mode by then.
func watchContinued(fn func()) (stop func()) { return watchSignal(syscall.SIGCONT, fn) }
