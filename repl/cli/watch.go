// --watch: run again the scenarios that depend on a changed file.

package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/scenario"
)

// settle is how long files must stay unchanged before a run begins: editors write in several steps.
const settle = 100 * time.Millisecond

// watching runs the scenarios, waits until Lua files change, and runs again, until it is interrupted.
// Of changed files it runs the scenarios among them and those that load one of them.
func (o *runOptions) watching(ctx context.Context, env Env, paths []string) (int, error) {
	if len(paths) == 0 {
		return 0, usagef("--watch needs a PATH: the built-in scenarios do not change")
	}
	if slices.Contains(paths, "-") {
		return 0, usagef("--watch cannot watch standard input")
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return 0, usagef("--watch: %v", err)
	}
	defer w.Close()
	run := func(paths []string) {
		if _, err := o.run(ctx, env, paths); err != nil {
			usage(env, "run", err)
		}
	}
	run(paths)
	for ctx.Err() == nil {
		sources, err := scenario.Find(paths, nil)
		if err != nil {
			usage(env, "run", err)
		}
		// Watch folders rather than files: editors replace files.
		for _, s := range sources {
			l := loadsOf(s)
			for file := range l.files {
				w.Add(filepath.Dir(file))
			}
			if l.unknown {
				addFolders(w, l.root)
			}
		}
		for _, p := range paths {
			addFolders(w, p)
		}
		fmt.Fprintln(env.Stderr, "hwlua run: waiting for changes")
		changed := changes(ctx, w)
		if ctx.Err() != nil {
			break
		}
		if sources, err = scenario.Find(paths, nil); err != nil {
			continue // the next round reports it
		}
		if todo := depending(sources, changed); len(todo) > 0 {
			fmt.Fprintf(env.Stderr, "hwlua run: %s changed\n", strings.Join(changed, ", "))
			run(todo)
		}
	}
	fmt.Fprintln(env.Stderr) // the terminal shows ^C
	return exitInterrupted, nil
}

// addFolders watches a folder and those below it.
func addFolders(w *fsnotify.Watcher, root string) {
	filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			w.Add(name)
		}
		return nil
	})
}

// changes waits until Lua files have changed and then stayed unchanged for a moment, and returns their names.
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

// depending returns the scenario files to run after a change: those that changed, and those that load a
// changed file with require, dofile or loadfile.
func depending(sources []*scenario.Source, changed []string) []string {
	var todo []string
	for _, s := range sources {
		l := loadsOf(s)
		if slices.ContainsFunc(changed, l.mayInclude) {
			todo = append(todo, s.Disk())
		}
	}
	return todo
}

// loads holds the files that a scenario loads, itself included.
type loads struct {
	root    string // the folder of the scenario, to which names are relative
	files   map[string]bool
	unknown bool // a name is computed, so any file below root may be loaded
}

func loadsOf(s *scenario.Source) *loads {
	file := filepath.Clean(s.Disk())
	l := &loads{root: filepath.Dir(file), files: map[string]bool{}}
	l.add(file)
	return l
}

func (l *loads) mayInclude(file string) bool {
	rel, err := filepath.Rel(l.root, file)
	return l.files[file] || l.unknown && err == nil && !strings.HasPrefix(rel, "..")
}

// add adds a Lua file and the files it loads. A file that does not exist is added too, as it may be created.
func (l *loads) add(file string) {
	if l.files[file] {
		return
	}
	l.files[file] = true
	b, err := os.ReadFile(file)
	if err != nil {
		return
	}
	call := "" // the function of the last token, with or without a bracket behind it
	for t := range vm.Tokens(string(b)) {
		switch {
		case t.Kind == vm.TokenName && slices.Contains([]string{"require", "dofile", "loadfile"}, t.Text):
			call = t.Text
		case call == "", t.Is("("):
		default:
			l.load(call, t)
			call = ""
		}
	}
}

// load adds the file that a call loads, given the first token of its argument.
func (l *loads) load(call string, arg vm.Token) {
	if arg.Kind != vm.TokenString || arg.Content() == "" {
		l.unknown = true
		return
	}
	if call != "require" {
		l.add(filepath.Join(l.root, filepath.FromSlash(arg.Content())))
		return
	}
	path := filepath.Join(l.root, filepath.FromSlash(strings.ReplaceAll(arg.Content(), ".", "/")))
	l.add(path + scenario.Ext)
	l.add(filepath.Join(path, "init"+scenario.Ext))
}
