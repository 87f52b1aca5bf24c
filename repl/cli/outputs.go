// The files that a run writes.

package cli

import (
	"os"
	"path/filepath"
)

// checkOutputs returns an error if two options name one file to write, or one names a file that the run
// reads, which it would overwrite. Links and other spellings of a path name the same file.
func (o *runOptions) checkOutputs(inputs []string) error {
	type output struct{ option, file string }
	var outputs []output
	for _, asked := range o.reports {
		if _, file, toFile := cutReport(asked); toFile {
			outputs = append(outputs, output{"--report " + asked, file})
		}
	}
	for _, file := range o.trace {
		outputs = append(outputs, output{"--trace " + file, file})
	}
	if o.coverageFile != "" {
		outputs = append(outputs, output{"--coverage=" + o.coverageFile, o.coverageFile})
	}
	for i, out := range outputs {
		for _, other := range outputs[:i] {
			if sameFile(out.file, other.file) {
				return usagef("%s and %s write the same file; give each a file of its own", other.option,
					out.option)
			}
		}
		for _, in := range inputs {
			if sameFile(out.file, in) {
				return usagef("%s would overwrite %s, which is read; give another file", out.option, in)
			}
		}
	}
	return nil
}

// sameFile reports whether two paths name one regular file, or one that is not there yet.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	switch {
	case errX == nil && errY == nil:
		return os.SameFile(x, y) && x.Mode().IsRegular()
	case errX == nil || errY == nil:
		return false
	}
	x, errX = os.Stat(filepath.Dir(a))
	y, errY = os.Stat(filepath.Dir(b))
	return errX == nil && errY == nil && os.SameFile(x, y) && filepath.Base(a) == filepath.Base(b)
}
