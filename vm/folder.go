// Folders of scripts on the host, which symbolic links do not lead out of.

package vm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
)

// Confined returns fsys, where it is a folder of os.DirFS as one that symbolic links do not lead out of: a
// link is followed to places in that folder only, and an absolute one nowhere. Config.Scripts is confined
// by New.
func Confined(fsys fs.FS) fs.FS {
	if fsys == nil || reflect.TypeOf(fsys) != dirFS {
		return fsys
	}
	return folder(reflect.ValueOf(fsys).String())
}

var dirFS = reflect.TypeOf(os.DirFS("."))

// errLeadsOut is the error of a name that is a symbolic link out of the folder.
var errLeadsOut = errors.New("leads out of the script folder (symbolic link)")

// A folder is a path on the host. Its files are opened through os.Root.
type folder string

func (dir folder) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := os.OpenInRoot(string(dir), filepath.FromSlash(name))
	if err == nil {
		return f, nil
	}
	if _, refused := errors.AsType[syscall.Errno](err); !refused && !errors.Is(err, fs.ErrNotExist) {
		err = errLeadsOut // os.Root's own error, which its package does not export
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: plainFileError(err)}
}
