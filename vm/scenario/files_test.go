package scenario_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// tree writes files into a folder of the test and makes it the current one.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		name, text, _ := strings.Cut(f, "\x00")
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

func paths(sources []*scenario.Source) []string {
	var list []string
	for _, s := range sources {
		list = append(list, s.Path)
	}
	return list
}

func TestFind(t *testing.T) {
	tree(t, "b.lua", "a.lua", "sub/c.lua", "sub/deep/d.lua", "sub/_helper.lua", "sub/.hidden.lua",
		"_lib/x.lua", ".git/y.lua", "hw.d.lua", "notes.txt", "other/e.lua", "empty/readme.md")
	for _, c := range []struct {
		name  string
		paths []string
		want  string // the paths, or the error
	}{
		{
			name:  "a folder is walked in order of the names, helpers and definitions left out",
			paths: []string{"."},
			want:  "a.lua b.lua other/e.lua sub/c.lua sub/deep/d.lua",
		},
		{
			name:  "paths keep their order",
			paths: []string{"sub", "a.lua"},
			want:  "sub/c.lua sub/deep/d.lua a.lua",
		},
		{
			name:  "a file named twice comes once",
			paths: []string{"a.lua", "./a.lua", "."},
			want:  "a.lua b.lua other/e.lua sub/c.lua sub/deep/d.lua",
		},
		{
			name:  "a file that is named is taken whatever it is called",
			paths: []string{"sub/_helper.lua", "notes.txt"},
			want:  "sub/_helper.lua notes.txt",
		},
		{name: "a pattern", paths: []string{"*.lua"}, want: "a.lua b.lua hw.d.lua"},
		{name: "a pattern in a folder", paths: []string{"sub/[a-c].lua"}, want: "sub/c.lua"},
		{name: "a pattern over folders", paths: []string{"**/d.lua"}, want: "sub/deep/d.lua"},
		{
			name:  "a pattern over any number of folders, none among them",
			paths: []string{"**/[ad].lua"},
			want:  "a.lua sub/deep/d.lua",
		},
		{
			name:  "a file that is not there names the nearest",
			paths: []string{"aa.lua"},
			want:  "aa.lua: no such file or folder; did you mean 'a.lua'?",
		},
		{
			name:  "an extension that was forgotten",
			paths: []string{"sub/c"},
			want:  "sub/c: no such file or folder; did you mean 'sub/c.lua'?",
		},
		{name: "no name at all", paths: []string{""}, want: "empty path"},
		{
			name:  "a folder without scenarios",
			paths: []string{"empty"},
			want:  "empty: no scenario files (*.lua) in this folder",
		},
		{
			name:  "a pattern that matches nothing",
			paths: []string{"x*.lua"},
			want:  "x*.lua: no file matches this pattern",
		},
		{
			name:  "a pattern in a folder that is not there",
			paths: []string{"nowhere/*.lua"},
			want:  "nowhere/*.lua: no file matches this pattern",
		},
		{name: "a pattern that is none", paths: []string{"[.lua"}, want: "[.lua: malformed pattern"},
		{
			name:  "a line of a file that is not there",
			paths: []string{"zzzz.lua:3"},
			want:  "zzzz.lua: no such file or folder",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := scenario.Find(c.paths, nil)
			text := strings.Join(paths(got), " ")
			if err != nil {
				text = err.Error()
			}
			if text != c.want {
				t.Errorf("found %q, want %q", text, c.want)
			}
		})
	}
}

func TestFindLines(t *testing.T) {
	tree(t, "a.lua", "b.lua:7")
	got, err := scenario.Find([]string{"a.lua:3", "a.lua:9", "b.lua:7"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0].Lines, []int{3, 9}) {
		t.Errorf("lines %v, want both", got[0].Lines)
	}
	if got[1].Path != "b.lua:7" || got[1].Lines != nil {
		t.Errorf("a file that is called like a line is that file, got %v %v", got[1].Path, got[1].Lines)
	}
	if got, _ := scenario.Find([]string{"a.lua:3", "a.lua"}, nil); got[0].Lines != nil {
		t.Errorf("a whole file and a line of it are the whole file, got %v", got[0].Lines)
	}
}

func TestFindStdin(t *testing.T) {
	got, err := scenario.Find([]string{"-"}, strings.NewReader("return 1"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := got[0].Read()
	if err != nil || string(b) != "return 1" || got[0].Path != "stdin" || got[0].Disk() != "" {
		t.Errorf("got %q %v %q", b, err, got[0].Path)
	}
}

func TestFindFS(t *testing.T) {
	fsys := fstest.MapFS{
		"b.lua": {}, "a/x.lua": {Data: []byte("-- x")}, "a/x.txt": {}, "_no/y.lua": {},
		"pipe.lua": {Mode: fs.ModeNamedPipe},
	}
	got, err := scenario.FindFS(fsys, "scripts")
	if err != nil {
		t.Fatal(err)
	}
	if p := strings.Join(paths(got), " "); p != "scripts/a/x.lua scripts/b.lua" {
		t.Errorf("found %q", p)
	}
	if b, err := got[0].Read(); err != nil || string(b) != "-- x" {
		t.Errorf("read %q, %v", b, err)
	}
	if got[0].Folder() == nil {
		t.Error("a file in a folder of the file system has no folder")
	}
}

// A name on disk may be any bytes; those of an fs.FS are UTF-8.
func TestReadNameOfBytes(t *testing.T) {
	tree(t, "sub/b.lua")
	if err := os.WriteFile("sub/a\xff.lua", []byte("-- read"), 0o644); err != nil {
		t.Skip("no such name here: ", err)
	}
	got, err := scenario.Find([]string{"sub"}, nil)
	if err != nil || len(got) != 2 {
		t.Fatal(paths(got), err)
	}
	if b, err := got[0].Read(); err != nil || string(b) != "-- read" {
		t.Errorf("read %q, %v", b, err)
	}
}

// A file that Compile would refuse for its size is not read: here it is all hole.
func TestReadTooLarge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large.lua")
	f, err := os.Create(name)
	if err == nil {
		err = errors.Join(f.Truncate(1<<40), f.Close())
	}
	if err != nil {
		t.Skip(err)
	}
	list, err := scenario.Find([]string{name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, vm.MaxSource); err != nil {
		t.Fatal(err)
	}
	if b, err := list[0].Read(); err != nil || len(b) != vm.MaxSource {
		t.Errorf("as much as Compile takes: %d bytes, %v", len(b), err)
	}
	if err := os.Truncate(name, 1<<40); err != nil {
		t.Fatal(err)
	}
	if _, err := list[0].Read(); err == nil ||
		!strings.Contains(err.Error(),
			"large.lua: source of 1099511627776 bytes is too large (at most 1048576)") {
		t.Errorf("it is read: %v", err)
	}
}
