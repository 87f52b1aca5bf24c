// The history file: the entries of all sessions, which may run at once.

package repl

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// DefaultHistoryLimit is the number of entries in the history if Config sets none.
const DefaultHistoryLimit = 2000

// maxHistoryEntry is the size of the largest entry in the history. A larger one was pasted, so it
// exists elsewhere.
const maxHistoryEntry = 64 << 10

// DefaultHistory returns the history file of a program, $XDG_STATE_HOME/name/history or
// ~/.local/state/name/history. It returns "" if both are undefined. getenv is os.Getenv.
func DefaultHistory(name string, getenv func(string) string) string {
	dir := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) { // unset, or relative, which the specification says to ignore
		home := cmp.Or(getenv("HOME"), getenv("USERPROFILE"))
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, name, "history")
}

// A history is a file with one entry on each line, in which line breaks and backslashes are escaped.
// Under a lock, entries are appended with one write each and the file is shortened in place, so
// sessions that run at once lose no entries of each other.
type history struct {
	path    string
	limit   int
	entries []string // of earlier sessions, then of this one
}

// openHistory reads the history file, which need not exist. After an error the history works within the
// session only.
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
		err = fmt.Errorf("cannot keep the history: %w", err)
	}
	return h, err
}

// load reads the entries and shortens a file that is too long.
func (h *history) load() error {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	return h.locked(func(f *os.File) error {
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		text := string(b)
		killed := text != "" && !strings.HasSuffix(text, "\n") // a session, while it was writing
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		drop := max(0, len(lines)-h.limit)
		// Tolerate a tenth more than the limit, so that not every start rewrites the file.
		if drop > h.limit/10 || killed {
			keep := []byte(strings.Join(lines[drop:], "\n") + "\n")
			if _, err := f.WriteAt(keep, 0); err != nil {
				return err
			}
			if err := f.Truncate(int64(len(keep))); err != nil {
				return err
			}
		}
		for _, line := range lines[drop:] {
			if s := unescapeEntry(line); s != "" {
				h.entries = append(h.entries, s)
			}
		}
		return nil
	})
}

// locked opens the file, which only this user may read, and holds its lock while fn runs.
func (h *history) locked(fn func(*os.File) error) error {
	f, err := os.OpenFile(h.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && st.Mode().Perm() != 0o600 {
		err := f.Chmod(0o600)
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
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

// add appends an entry unless it equals the last one.
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
		return fmt.Errorf("cannot keep the history any longer: %w", err)
	}
	return nil
}

var (
	escapeEntry   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`).Replace
	unescapeEntry = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r").Replace
)
