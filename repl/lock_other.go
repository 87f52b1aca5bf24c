// Locks between processes on systems without flock: a second file.

//go:build !unix || solaris || aix

package repl

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// lockFile waits for the exclusive lock on f. It removes a lock that is too old to be in use.
func lockFile(f *os.File) (unlock func(), err error) {
	name := f.Name() + ".lock"
	for {
		l, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			l.Close()
			return func() { os.Remove(name) }, nil
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if st, err := os.Stat(name); err == nil && time.Since(st.ModTime()) > 10*time.Second {
			os.Remove(name)
			continue
		}
		time.Sleep(5 * time.Millisecond)
	}
}
