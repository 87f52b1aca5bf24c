// Locks between processes with flock.

//go:build unix && !solaris && !aix

package repl

import (
	"errors"
	"os"
	"syscall"
)

// lockFile waits for the exclusive lock on f.
func lockFile(f *os.File) (unlock func(), err error) {
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if errors.Is(err, errors.ErrUnsupported) || err == syscall.ENOLCK {
		return func() {}, nil // the file system has no locks: keep the history without
	}
	if err != nil {
		return nil, err
	}
	return func() { syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }, nil
}
