// The history file: what was entered, across sessions that may run at once.

package repl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// DefaultHistoryLimit is how many entries a history file keeps when Config does not say.
const DefaultHistoryLimit = 2000

// maxHistoryEntry is the largest entry that goes into the history; what is larger was pasted, and
// is somewhere else already.
const maxHistoryEntry = 64 << 10

// DefaultHistory is the history file of a program: $XDG_STATE_HOME/name/history, or the same below
// ~/.local/state. It is "" where there is no home. getenv is os.Getenv.
func DefaultHistory(name string, getenv func(string) string) string {
	dir := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) { // also when it is not set; the specification has relative ones ignored
		home := getenv("HOME")
		if home == "" {
			home = getenv("USERPROFILE")
		}
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, name, "history")
}

// A history is a file with an entry on each line, line breaks and backslashes escaped. It is only
// ever appended to, one write an entry, and shortened in place under a lock, so that sessions that
// run at once lose nothing of each other.
type history struct {
	path    string
	limit   int
	entries []string // of earlier sessions, then this one's
}

// openHistory reads the file; there need not be one. With an error the history still works, within
// the session.
func openHistory(path string, limit int) (*history, error) {
	if limit <= 0 {
		limit = DefaultHistoryLimit
	}
	h := &history{path: path, limit: limit}
	if path == "" {
		return h, nil
	}
	err := h.load()
	if err != nil {
		h.path = ""
		err = fmt.Errorf("history is not kept: %w", err)
	}
	return h, err
}

func (h *history) load() error {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	return h.locked(func(f *os.File) error {
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		lines := bytes.Split(b, []byte("\n"))
		last := lines[len(lines)-1] // what a session that died left without its end, or nothing
		lines = lines[:len(lines)-1]
		if len(last) > 0 {
			lines = append(lines, last)
		}
		drop := max(0, len(lines)-h.limit)
		// A file that is a little too long is left alone, so that not every start rewrites it.
		if drop > h.limit/10 || len(last) > 0 {
			keep := append(bytes.Join(lines[drop:], []byte("\n")), '\n')
			if _, err := f.WriteAt(keep, 0); err != nil {
				return err
			}
			if err := f.Truncate(int64(len(keep))); err != nil {
				return err
			}
		}
		for _, line := range lines[drop:] {
			if s := unescapeEntry(string(line)); s != "" {
				h.entries = append(h.entries, s)
			}
		}
		return nil
	})
}

// locked opens the file, for this user alone, and holds its lock while fn runs.
func (h *history) locked(fn func(*os.File) error) error {
	f, err := os.OpenFile(h.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && st.Mode().Perm() != 0o600 {
		if err := f.Chmod(0o600); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	unlock, err := lockFile(f)
	if err != nil {
		return err
	}
	defer unlock()
	return fn(f)
}

// add takes an entry; one that is the same as the last is not noted again.
func (h *history) add(entry string) error {
	entry = strings.TrimRight(entry, "\n")
	if strings.TrimSpace(entry) == "" || len(entry) > maxHistoryEntry {
		return nil
	}
	if n := len(h.entries); n > 0 && h.entries[n-1] == entry {
		return nil
	}
	h.entries = append(h.entries, entry)
	if over := len(h.entries) - h.limit; over > 0 {
		h.entries = append(h.entries[:0], h.entries[over:]...)
	}
	if h.path == "" {
		return nil
	}
	err := h.locked(func(f *os.File) error {
		end, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		_, err = f.WriteAt([]byte(escapeEntry(entry)+"\n"), end)
		return err
	})
	if err != nil {
		h.path = ""
		return fmt.Errorf("history is no longer kept: %w", err)
	}
	return nil
}

func escapeEntry(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`).Replace(s)
}

func unescapeEntry(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r").Replace(s)
}
