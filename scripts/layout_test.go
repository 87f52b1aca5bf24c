// The layout: which part of the tree may import which, and what the model may use.

package scripts_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hwlua/hwlua"

// imports maps each part of the tree to the parts that it may import: vm and repl know no
// breakpoint, hwdebug knows no Lua, bindings and repl/cli join them.
var imports = map[string][]string{
	"vm":       {"vm"},
	"repl":     {"repl", "vm"},
	"hwdebug":  {"hwdebug"},
	"bindings": {"bindings", "vm", "hwdebug"},
	"repl/cli": {"repl", "repl/cli", "bindings", "vm", "hwdebug", "scripts"},
	"scripts":  {},
	"":         {"repl/cli"},
}

// outside lists foreign packages and the packages of ours that may import them, in tests too.
var outside = []struct {
	path  string
	in    []string
	tests []string // packages whose tests may import it as well
}{
	{path: "github.com/yuin/gopher-lua", in: []string{"vm", "vm/internal/syntax", "vm/lint", "bindings"}},
	{path: "layeh.com/gopher-luar", in: []string{"vm"}},
	{path: "github.com/chzyer/readline", in: []string{"repl"}},
	{path: "github.com/cilium/ebpf", in: []string{"hwdebug/board/kernel"}},
	// benchmarks against the host
	{path: "golang.org/x/sys/unix", in: []string{"hwdebug/linux"}, tests: []string{"hwdebug/sim"}},
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports",
		module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func ours(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// part returns the part of the tree that a package path of ours, relative to the module, belongs to.
func part(name string) string {
	if name == "repl/cli" {
		return name
	}
	top, _, _ := strings.Cut(name, "/")
	return top
}

// Imports between the parts of the tree follow the law, those of tests too where they could hide a
// dependency.
func TestImports(t *testing.T) {
	all := list(t)
	if len(all) < 10 {
		t.Fatalf("found %d packages, want at least 10", len(all))
	}
	for _, p := range all {
		name, _ := ours(p.ImportPath)
		allowed, known := imports[part(name)]
		if !known {
			t.Errorf("package %s belongs to no part of the tree: %v", name, slices.Sorted(maps.Keys(imports)))
			continue
		}
		found := p.Imports
		if top := part(name); top == "vm" || top == "hwdebug" {
			found = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		}
		for _, i := range found {
			if to, mine := ours(i); mine && !slices.Contains(allowed, part(to)) {
				t.Errorf("%s imports %s; it may import %v", name, to, allowed)
			}
		}
	}
}

// Foreign packages are used only by the packages that wrap them.
func TestForeignImports(t *testing.T) {
	for _, p := range list(t) {
		name, _ := ours(p.ImportPath)
		for _, o := range outside {
			is := func(i string) bool { return i == o.path || strings.HasPrefix(i, o.path+"/") }
			inCode := slices.ContainsFunc(p.Imports, is)
			inTests := slices.ContainsFunc(slices.Concat(p.TestImports, p.XTestImports), is)
			if !slices.Contains(o.in, name) && (inCode || inTests && !slices.Contains(o.tests, name)) {
				t.Errorf("%s imports %s, which belongs in %s only", name, o.path, strings.Join(o.in, ", "))
			}
		}
	}
}

// The model is a function of its Config, the calls made and the choices taken: it uses no clock,
// random source, environment or concurrency. Of package time it uses durations only. sync.OnceValue is
// allowed, since its result does not depend on the first caller.
func TestTheModelIsClosed(t *testing.T) {
	closed := []string{
		"os", "sync/atomic", "math/rand", "math/rand/v2", "context", "net", "io/fs",
		"crypto/rand", "runtime",
	}
	durations := []string{
		"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour", "ParseDuration",
	}
	for _, name := range []string{"hwdebug/arm64", "hwdebug/trace", "hwdebug/sim"} {
		files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(name), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no Go files: %v", name, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range f.Imports {
				if path, _ := strconv.Unquote(i.Path.Value); slices.Contains(closed, path) {
					t.Errorf("%s imports %s: the model must not depend on the host",
						fset.Position(i.Pos()), path)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				what := ""
				switch n := n.(type) {
				case *ast.GoStmt:
					what = "a go statement"
				case *ast.ChanType:
					what = "a channel"
				case *ast.SelectStmt:
					what = "a select"
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					if ok && x.Name == "sync" && x.Obj == nil && !strings.HasPrefix(n.Sel.Name, "Once") {
						what = "sync." + n.Sel.Name
					}
					if ok && x.Name == "time" && x.Obj == nil && !slices.Contains(durations, n.Sel.Name) {
						what = "time." + n.Sel.Name
					}
				}
				if what != "" {
					t.Errorf("%s: %s in the model, which runs one thing at a time",
						fset.Position(n.Pos()), what)
				}
				return true
			})
		}
	}
}
