// --watch: run again what depends on a file that changed.

package cli

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hwlua/hwlua/vm/scenario"
)

// settle is how long files must be left alone before a run begins: editors write in several steps.
const settle = 100 * time.Millisecond

// watching runs, waits for changes of Lua files and runs again, until it is interrupted. A changed scenario file runs
// alone; any other changed Lua file runs the scenarios of its folder and below, which may require it.
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
			usage(env, "run", err)
			continue
		}
		if todo := depending(sources, changed); len(todo) > 0 {
			fmt.Fprintf(env.Stderr, "hwlua run: %s changed\n", strings.Join(changed, ", "))
			o.run(ctx, env, todo)
		}
	}
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

// depending are the scenario files to run after those files have changed.
func depending(sources []*scenario.Source, changed []string) []string {
	var todo []string
	for _, s := range sources {
		file := filepath.Clean(s.Disk())
		for _, c := range changed {
			isScenario := slices.ContainsFunc(sources, func(s *scenario.Source) bool { return filepath.Clean(s.Disk()) == c })
			within := strings.HasPrefix(file, filepath.Dir(c)+string(filepath.Separator)) || filepath.Dir(c) == "."
			if file == c || !isScenario && within {
				todo = append(todo, s.Disk())
				break
			}
		}
	}
	return todo
}
