// Discovery of scenario files from paths, folders and patterns, in a stable order.

package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/phrase"
)

// Ext is the extension of a scenario file.
const Ext = ".lua"

// A Source is one scenario file before it is read.
type Source struct {
	Path  string // as reports name it: as on the command line, with slashes
	Lines []int  // only the cases at these lines; nil: all

	fsys   fs.FS  // its file system; nil if text holds it
	name   string // its name in fsys
	text   []byte
	folder fs.FS  // from which text may require modules
	disk   string // its path on disk, or ""
	root   string // Options.Root
}

// SourceText returns a Source for text that is in no file.
func SourceText(path string, text []byte) *Source {
	return &Source{Path: path, text: text}
}

// Disk returns the path on disk, or "" for standard input and embedded files.
func (s *Source) Disk() string { return s.disk }

// Read returns the contents of the file. It rejects a file that is too large to compile before
// reading it.
func (s *Source) Read() ([]byte, error) {
	if s.fsys == nil {
		return s.text, nil
	}
	fsys, name := s.fsys, s.name
	if s.disk != "" {
		fsys, name = hostFS{}, s.disk // os.DirFS rejects names that are not UTF-8
	}
	if info, err := fs.Stat(fsys, name); err == nil && info.Mode().IsRegular() && info.Size() > vm.MaxSource {
		message := fmt.Sprintf("source of %d bytes is too large (at most %d)", info.Size(), vm.MaxSource)
		return nil, &UsageError{Path: s.Path, Message: message}
	}
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, &UsageError{Path: s.Path, Message: reason(err)}
	}
	return b, nil
}

// hostFS opens any path of the host.
type hostFS struct{}

func (hostFS) Open(name string) (fs.File, error) { return os.Open(name) }

// Folder returns what require and dofile see: Options.Root of the run, the folder of the file, the current
// one for standard input, or nil. Symbolic links do not lead out of a folder on disk.
func (s *Source) Folder() fs.FS {
	if s.root != "" {
		return vm.Confined(os.DirFS(s.root))
	}
	if s.fsys == nil {
		return s.folder
	}
	fsys, dir := vm.Confined(s.fsys), path.Dir(s.name)
	if dir == "." {
		return fsys
	}
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil
	}
	return sub
}

// FolderPath returns the path of Folder, as reports name it.
func (s *Source) FolderPath() string { return cmp.Or(filepath.ToSlash(s.root), path.Dir(s.Path)) }

// required returns the name in Folder of a file by its name in reports.
func (s *Source) required(file string) string {
	if dir := s.FolderPath(); dir != "." {
		return strings.TrimPrefix(file, strings.TrimSuffix(dir, "/")+"/")
	}
	return file
}

// A UsageError reports a path, file or option that cannot be used, which is not the fault of a scenario.
type UsageError struct {
	Path    string // "" if no file is to blame
	Line    int    // 0 if no line is
	Message string
	Err     error // the cause, or nil
}

func (e *UsageError) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return Place(e.Path, e.Line) + ": " + e.Message
}

func (e *UsageError) Unwrap() error { return e.Err }

// reason describes why a file cannot be read, without its path, which the caller adds.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// Find returns the sources that the paths of a command line name. A path is a file, FILE:LINE, a
// folder (every *.lua in it and below, except *.d.lua and names that begin with a dot or an
// underscore), a pattern (* ? [a-z], ** for any number of folders), or - for stdin. The order is
// that of the paths, and of the names in a folder or pattern. A file comes once. Find returns a
// *UsageError for a path that does not exist and for a folder or pattern without scenario files.
func Find(paths []string, stdin io.Reader) ([]*Source, error) {
	var c collector
	for _, p := range paths {
		if p == "-" {
			if stdin == nil {
				stdin = strings.NewReader("")
			}
			text, err := io.ReadAll(stdin)
			if err != nil {
				return nil, &UsageError{Path: "stdin", Message: err.Error(), Err: err}
			}
			src := SourceText("stdin", text)
			src.folder = os.DirFS(".")
			c.add(src, 0)
			continue
		}
		if err := c.path(p); err != nil {
			return nil, err
		}
	}
	return c.list, nil
}

// FindFS returns all scenario files of fsys, in the order of their names. Reports put prefix before
// each.
func FindFS(fsys fs.FS, prefix string) ([]*Source, error) {
	if fsys == nil {
		return nil, &UsageError{Path: prefix, Message: "no file system given"}
	}
	var c collector
	err := walk(fsys, ".", func(name string) {
		c.add(&Source{Path: path.Join(prefix, name), fsys: fsys, name: name}, 0)
	})
	if err != nil {
		return nil, &UsageError{Path: prefix, Message: reason(err), Err: err}
	}
	return c.list, nil
}

// A collector gathers sources, each file once.
type collector struct {
	list []*Source
	seen map[string]*Source
}

// add appends s unless it has the same file. A line above 0 selects the cases at that line only.
func (c *collector) add(s *Source, line int) {
	key := s.disk
	if key == "" {
		key = "\x00" + s.Path
	} else if abs, err := filepath.Abs(key); err == nil {
		key = abs
	}
	if old := c.seen[key]; old != nil {
		switch {
		case line == 0:
			old.Lines = nil
		case old.Lines != nil:
			old.Lines = append(old.Lines, line)
		}
		return
	}
	if line > 0 {
		s.Lines = []int{line}
	}
	if c.seen == nil {
		c.seen = map[string]*Source{}
	}
	c.seen[key] = s
	c.list = append(c.list, s)
}

// path adds the sources of a path.
func (c *collector) path(p string) error {
	if p == "" {
		return &UsageError{Message: "empty path"}
	}
	info, err := os.Stat(p)
	if err != nil {
		if file, line, ok := cutLine(p); ok {
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				c.add(onDisk(file), line)
				return nil
			}
			p = file
		} else if strings.ContainsAny(p, "*?[") {
			return c.pattern(p)
		}
		return &UsageError{Path: p, Message: reason(err) + near(p), Err: err}
	}
	if !info.IsDir() {
		c.add(onDisk(p), 0)
		return nil
	}
	found := 0
	err = walk(os.DirFS(p), ".", func(name string) {
		found++
		c.add(onDisk(filepath.Join(p, filepath.FromSlash(name))), 0)
	})
	if err != nil {
		var inner *fs.PathError
		if errors.As(err, &inner) && inner.Path != "." {
			p = filepath.Join(p, filepath.FromSlash(inner.Path))
		}
		return &UsageError{Path: p, Message: reason(err), Err: err}
	}
	if found == 0 {
		return &UsageError{Path: p, Message: "no scenario files (*.lua) in this folder"}
	}
	return nil
}

// pattern adds the files that match a pattern.
func (c *collector) pattern(p string) error {
	slash := filepath.ToSlash(p)
	i := strings.LastIndexByte(slash[:strings.IndexAny(slash, "*?[")], '/') + 1
	root, segs := path.Clean(slash[:i]), strings.Split(slash[i:], "/")
	for _, s := range segs {
		if _, err := path.Match(s, ""); err != nil {
			return &UsageError{Path: p, Message: "malformed pattern", Err: err}
		}
	}
	found := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			return nil
		}
		if d.IsDir() || !matchPath(segs, strings.Split(name, "/")) {
			return nil
		}
		found++
		c.add(onDisk(filepath.Join(root, filepath.FromSlash(name))), 0)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &UsageError{Path: p, Message: reason(err), Err: err}
	}
	if found == 0 {
		return &UsageError{Path: p, Message: "no file matches this pattern"}
	}
	return nil
}

// matchPath matches the parts of a path, where ** matches any number of parts.
func matchPath(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := 0; i <= len(name); i++ {
				if matchPath(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], name[0]); !ok {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}

// onDisk returns the source of a file on disk.
func onDisk(p string) *Source {
	dir, base := filepath.Split(p)
	if dir == "" {
		dir = "."
	}
	return &Source{
		Path: filepath.ToSlash(filepath.Clean(p)), fsys: os.DirFS(filepath.Clean(dir)), name: base, disk: p,
	}
}

// walk calls fn for each scenario file below dir, in the order of the names.
func walk(fsys fs.FS, dir string, fn func(name string)) error {
	return fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		hidden := name != dir && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
		if d.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0 {
			return nil // reading it may block
		}
		if !hidden && strings.HasSuffix(base, Ext) && !strings.HasSuffix(base, ".d"+Ext) {
			fn(name)
		}
		return nil
	})
}

// cutLine splits FILE:LINE.
func cutLine(p string) (file string, line int, ok bool) {
	i := strings.LastIndexByte(p, ':')
	if i <= 0 {
		return p, 0, false
	}
	n, err := strconv.Atoi(p[i+1:])
	if err != nil || n <= 0 {
		return p, 0, false
	}
	return p[:i], n, true
}

// near suggests a file in the folder of p with a similar name.
func near(p string) string {
	dir, base := filepath.Split(p)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	stems := make([]string, 0, len(entries)) // the extension would make all names similar
	names := map[string]string{}
	for _, e := range entries {
		stem := strings.TrimSuffix(e.Name(), Ext)
		stems, names[stem] = append(stems, stem), e.Name()
	}
	if n, ok := phrase.Nearest(strings.TrimSuffix(base, Ext), stems); ok && names[n] != base {
		return fmt.Sprintf("; did you mean '%s'?", filepath.Join(filepath.Dir(p), names[n]))
	}
	return ""
}
