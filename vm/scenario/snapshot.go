// Snapshots: values that were checked once and must not change.

package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hwlua/hwlua/vm"
)

// SnapExt is the extension of snapshots: those of a.lua are in a.lua.snap.
const SnapExt = ".snap"

// snapshots holds the snapshots of all files of a run.
type snapshots struct {
	update bool
	mu     sync.Mutex
	files  map[string]*snapFile // by Source.Path
}

// A snapFile holds the snapshots of one file.
type snapFile struct {
	src     *Source
	err     error
	entries map[string]string
	used    map[string]bool
	changed bool
	ran     int // cases that ran to their end
	cases   int // of the file
	matched int
	written int
}

func newSnapshots(update bool) *snapshots {
	return &snapshots{update: update, files: map[string]*snapFile{}}
}

// of returns the snapshots of the source, which it reads when first called.
func (s *snapshots) of(src *Source) *snapFile {
	f := s.files[src.Path]
	if f == nil {
		f = &snapFile{src: src, entries: map[string]string{}, used: map[string]bool{}}
		s.files[src.Path] = f
		b, err := fs.ReadFile(src.fsys, src.name+SnapExt)
		switch {
		case err == nil:
			f.entries, f.err = parseSnaps(string(b))
		case !errors.Is(err, fs.ErrNotExist):
			f.err = err
		}
	}
	return f
}

// A snapMismatch reports a value that differs from its snapshot, or that has none.
type snapMismatch struct{ text, want, got string }

func (e *snapMismatch) Error() string { return e.text }

// snapshot implements assert.snapshot(name, value); args is the number of its arguments.
func (s *session) snapshot(name string, value any, args int) error {
	if args < 2 {
		return &errPlace{"assert.snapshot takes a name and a value; no value was given"}
	}
	if s.snaps == nil || s.caseOf == nil || !s.running && !s.caseOf.Whole {
		return &errPlace{"assert.snapshot called outside a case"}
	}
	if s.file.src.fsys == nil {
		return &errPlace{"assert.snapshot: a script on standard input has no file for snapshots"}
	}
	got := vm.Format(value)
	return s.snaps.check(s.file.src, s.caseOf.Name()+" / "+name, name, got)
}

// check compares a value with its snapshot, or saves it if the run updates snapshots.
func (s *snapshots) check(src *Source, key, name, got string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.of(src)
	if f.err != nil {
		return fmt.Errorf("snapshots of %s: %w", src.Path, f.err)
	}
	want, have := f.entries[key]
	f.used[key] = true
	switch {
	case have && want == got:
		f.matched++
		return nil
	case s.update:
		f.entries[key] = got
		f.changed = true
		f.written++
		return nil
	case !have:
		const format = "no snapshot '%s'; check the value, then run with --update to save it:\n%s"
		return &snapMismatch{text: fmt.Sprintf(format, name, got)}
	}
	const format = "snapshot '%s' differs; if the new value is right, run with --update"
	return &snapMismatch{fmt.Sprintf(format, name), want, got}
}

// tally counts the cases of the file that ran to their end, and so used all their snapshots.
func (s *snapshots) tally(file *file, r *Result) {
	if r.Case.Round > 1 || file.src.fsys == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[file.src.Path]
	if f == nil {
		if _, err := fs.Stat(file.src.fsys, file.src.name+SnapExt); err != nil {
			return
		}
		f = s.of(file.src)
	}
	if c := r.Cause(); r.Status == Passed || r.Status == Failed && c != nil && c.Soft {
		f.ran++
	}
	f.cases = len(file.cases)
}

// finish writes the files that changed. It finds, and in an update removes, the snapshots that no
// case used, in files whose cases all ran to their end.
func (s *snapshots) finish(sum *SnapshotSummary, complete bool) []*Broken {
	var problems []*Broken
	for _, p := range slices.Sorted(maps.Keys(s.files)) {
		f := s.files[p]
		sum.Matched += f.matched
		if f.err != nil {
			continue
		}
		removed := 0
		if complete && f.cases > 0 && f.ran == f.cases {
			for _, key := range slices.Sorted(maps.Keys(f.entries)) {
				if f.used[key] {
					continue
				}
				if s.update {
					delete(f.entries, key)
					f.changed = true
					removed++
				} else {
					sum.Obsolete = append(sum.Obsolete, p+": "+key)
				}
			}
		}
		if f.changed {
			if err := f.save(); err != nil {
				message := "cannot be written: " + reason(err)
				problems = append(problems, &Broken{File: p + SnapExt, Message: message})
				continue
			}
		}
		sum.Written += f.written
		sum.Removed += removed
	}
	return problems
}

// save writes the file in the order of the keys, or removes an empty one.
func (f *snapFile) save() error {
	if f.src.disk == "" {
		return errors.New("the scenario file is not on disk")
	}
	path := f.src.disk + SnapExt
	if len(f.entries) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var b strings.Builder
	b.WriteString("# Snapshots of " + filepath.Base(f.src.disk) + ", written by hwlua run --update.\n")
	for _, key := range slices.Sorted(maps.Keys(f.entries)) {
		fmt.Fprintf(&b, "\n[%s]\n", strconv.Quote(key))
		for l := range strings.Lines(f.entries[key] + "\n") {
			if l == "\n" {
				b.WriteString("|\n")
			} else {
				b.WriteString("| " + l)
			}
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// parseSnaps parses a file that save wrote.
func parseSnaps(text string) (map[string]string, error) {
	values := map[string][]string{}
	key, have := "", false
	n := 0
	for l := range strings.Lines(text) {
		n++
		l = strings.TrimRight(l, "\r\n")
		switch {
		case l == "" || strings.HasPrefix(l, "#"):
		case strings.HasPrefix(l, "[") && strings.HasSuffix(l, "]"):
			k, err := strconv.Unquote(l[1 : len(l)-1])
			if err != nil {
				return nil, fmt.Errorf("line %d: '%s' is not a quoted name in brackets", n, l)
			}
			key, have, values[k] = k, true, nil
		case have && (l == "|" || strings.HasPrefix(l, "| ")):
			values[key] = append(values[key], strings.TrimPrefix(l[1:], " "))
		default:
			return nil, fmt.Errorf("line %d: expected [\"name\"] or '| text', found '%s'", n, l)
		}
	}
	entries := map[string]string{}
	for key, lines := range values {
		entries[key] = strings.Join(lines, "\n")
	}
	return entries, nil
}
