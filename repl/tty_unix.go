// Terminal signals.

//go:build unix

package repl

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// watchTerminal calls resized after each change of the terminal's size, and resumed when the process
// is resumed after a stop. The shell has changed the terminal's mode by then.
func watchTerminal(resized, resumed func()) (stop func()) {
	ch := make(chan os.Signal, 16) // room, so that no kind displaces the other
	signal.Notify(ch, syscall.SIGWINCH, syscall.SIGCONT)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-ch:
				if sig == syscall.SIGCONT {
					resumed()
				} else {
					resized()
				}
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
