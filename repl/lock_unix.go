// Locks between processes, where flock is known.

//go:build unix && !solaris && !aix

package repl

import (
	"errors"
	"os"
	"syscall"
)

// lockFile waits for the only lock on f.
func lockFile(f *os.File) (unlock func(), err error) {
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if errors.Is(err, errors.ErrUnsupported) || err == syscall.ENOLCK {
		return func() {}, nil // a file system that has no locks: better a history than none
	}
	if err != nil {
		return nil, err
	}
	return func() { syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }, nil
}
