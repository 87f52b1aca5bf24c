// --watch: run again what depends on a file that changed.

package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hwlua/hwlua/vm/scenario"
)

// settle is how long files must be left alone before a run begins: editors write in several steps.
const settle = 100 * time.Millisecond

// watching runs, waits for changes of Lua files and runs again, until it is interrupted. A changed scenario file runs
// alone, a file that others require runs those.
func (o *runOptions) watching(ctx context.Context, env Env, paths []string) int {
	if len(paths) == 0 {
		return usage(env, "run", usagef("--watch wants a PATH: the built-in scenarios do not change"))
	}
	if slices.Contains(paths, "-") {
		return usage(env, "run", usagef("--watch cannot watch standard input"))
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return usage(env, "run", usagef("--watch: %v", err))
	}
	defer w.Close()
	o.run(ctx, env, paths)
	for ctx.Err() == nil {
		sources, err := scenario.Find(paths, nil)
		if err != nil {
			usage(env, "run", err)
		}
		// Folders are watched, not files: editors replace files.
		for _, dir := range folders(sources, paths) {
			w.Add(dir)
		}
		fmt.Fprintln(env.Stderr, "hwlua run: waiting for changes")
		changed := changes(ctx, w)
		if ctx.Err() != nil {
			break
		}
		if sources, err = scenario.Find(paths, nil); err != nil {
			continue // which says so
		}
		if todo := depending(sources, changed); len(todo) > 0 {
			fmt.Fprintf(env.Stderr, "hwlua run: %s changed\n", strings.Join(changed, ", "))
			o.run(ctx, env, todo)
		}
	}
	fmt.Fprintln(env.Stderr) // the terminal has shown ^C
	return exitInterrupted
}

// folders are those that hold the sources and those that were named.
func folders(sources []*scenario.Source, paths []string) []string {
	var dirs []string
	add := func(d string) {
		if !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	for _, s := range sources {
		add(filepath.Dir(s.Disk()))
	}
	for _, p := range paths {
		filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				add(name)
			}
			return nil
		})
	}
	return dirs
}

// changes waits until Lua files have changed and then been left alone for a moment, and names them.
func changes(ctx context.Context, w *fsnotify.Watcher) []string {
	var changed []string
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return changed
			}
			if strings.HasSuffix(e.Name, scenario.Ext) && !e.Has(fsnotify.Chmod) {
				if name := filepath.Clean(e.Name); !slices.Contains(changed, name) {
					changed = append(changed, name)
				}
				quiet = time.After(settle)
			}
		case <-w.Errors:
		case <-quiet:
			slices.Sort(changed)
			return changed
		}
	}
}

// depending are the scenario files to run after those files have changed: they are among them, or reach one of them by
// require, dofile or loadfile.
func depending(sources []*scenario.Source, changed []string) []string {
	var todo []string
	for _, s := range sources {
		reached := map[string]bool{}
		file := filepath.Clean(s.Disk())
		sure := reach(file, filepath.Dir(file), reached)
		for _, c := range changed {
			if reached[c] || !sure && within(c, filepath.Dir(file)) {
				todo = append(todo, s.Disk())
				break
			}
		}
	}
	return todo
}

func within(file, dir string) bool {
	rel, err := filepath.Rel(dir, file)
	return err == nil && !strings.HasPrefix(rel, "..")
}

var (
	loads    = regexp.MustCompile(`\b(require|dofile|loadfile)\b\s*\(?\s*(?:"([^"\n]*)"|'([^'\n]*)'|\[\[([^\]\n]*)\]\])?`)
	comments = regexp.MustCompile(`(?m)--[^\[\n].*$`)
)

// reach notes the files that a Lua file reaches, itself among them; root is the folder that names count from. It is
// false when a name is not written down in the file, so that any file may be meant.
func reach(file, root string, reached map[string]bool) (sure bool) {
	if reached[file] {
		return true
	}
	reached[file] = true
	b, err := os.ReadFile(file)
	if err != nil {
		return true
	}
	sure = true
	for _, m := range loads.FindAllStringSubmatch(comments.ReplaceAllString(string(b), ""), -1) {
		name := m[2] + m[3] + m[4]
		if name == "" {
			sure = false
			continue
		}
		names := []string{name}
		if m[1] == "require" {
			path := strings.ReplaceAll(name, ".", "/")
			names = []string{path + scenario.Ext, path + "/init" + scenario.Ext}
		}
		for _, n := range names {
			f := filepath.Join(root, filepath.FromSlash(n))
			if _, err := os.Stat(f); err == nil {
				sure = reach(f, root, reached) && sure
			} else {
				reached[f] = true // it may be made
			}
		}
	}
	return sure
}
