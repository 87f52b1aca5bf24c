// The layout: which package may import which, and what the model may use, held by go list and the syntax of the tree.

package scripts_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hwlua/hwlua"

// arrows is the table of the tree: what each package may import of ours. A package that is not in it fails the test.
var arrows = map[string][]string{
	"":                {"repl/cli"},
	"repl":            {"vm", "bindings/schema"},
	"repl/cli":        {"*"},
	"repl/report":     {"vm/scenario"},
	"vm":              {},
	"vm/scenario":     {"vm"},
	"bindings":        {"vm", "bindings/api", "bindings/schema", "hwdebug", "hwdebug/arm64", "hwdebug/trace", "hwdebug/sim"},
	"bindings/schema": {},
	"bindings/api":    {"bindings/schema", "hwdebug", "hwdebug/arm64", "hwdebug/trace", "hwdebug/sim"},
	"bindings/gen":    {"bindings/api", "bindings/schema"},
	"hwdebug":         {"hwdebug/arm64", "hwdebug/trace"},
	"hwdebug/arm64":   {},
	"hwdebug/trace":   {},
	"hwdebug/sim":     {"hwdebug", "hwdebug/arm64", "hwdebug/trace"},
	"hwdebug/explore": {"hwdebug", "hwdebug/sim", "hwdebug/trace"},
	"hwdebug/linux":   {"hwdebug", "hwdebug/arm64", "hwdebug/trace"},
	"hwdebug/gdbstub": {"hwdebug", "hwdebug/arm64"},
	"hwdebug/conform": {"hwdebug", "hwdebug/arm64"},
	"hwdebug/hwtest":  {"hwdebug", "hwdebug/arm64", "hwdebug/trace", "hwdebug/conform", "hwdebug/conform/testdata"},

	"hwdebug/conform/testdata": {}, // the recordings, embedded for tests
	"hwdebug/spec":             {},
	"scripts":                  {},
}

// outside says in which packages a foreign one may be used, by their tests too unless those are named.
var outside = []struct {
	path  string
	in    []string
	tests []string // whose tests may use it besides
}{
	{path: "github.com/yuin/gopher-lua", in: []string{"vm", "bindings"}},
	{path: "layeh.com/gopher-luar", in: []string{"vm"}},
	{path: "github.com/chzyer/readline", in: []string{"repl"}},
	{path: "golang.org/x/sys/unix", in: []string{"hwdebug/linux"}, tests: []string{"hwdebug/sim"}}, // measured beside the host's kernel
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
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

// The arrows between packages are those of the table, and no others.
func TestArrows(t *testing.T) {
	all := list(t)
	if len(all) < 10 {
		t.Fatalf("only %d packages were found", len(all))
	}
	for _, p := range all {
		name, _ := ours(p.ImportPath)
		allowed, known := arrows[name]
		if !known {
			t.Errorf("package %s is not in the table of arrows; say here and in the style guide what it owns and may import", name)
			continue
		}
		for _, i := range p.Imports {
			to, mine := ours(i)
			if mine && !slices.Contains(allowed, to) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s; it may import %v", name, to, allowed)
			}
		}
	}
}

// Arrows that never exist, tests included.
func TestArrowsThatNeverExist(t *testing.T) {
	for _, p := range list(t) {
		name, _ := ours(p.ImportPath)
		// A test may look at its package from outside, but not against the arrows.
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			to, mine := ours(i)
			top, _, _ := strings.Cut(to, "/")
			switch {
			case !mine:
			case strings.HasPrefix(name, "hwdebug") && top != "hwdebug":
				t.Errorf("%s imports %s: nothing under hwdebug knows our other folders", name, to)
			case name == "hwdebug/sim" && to == "hwdebug/linux" || name == "hwdebug/linux" && to == "hwdebug/sim":
				t.Errorf("%s imports %s: they meet only in the contract", name, to)
			case name == "vm" && to != "vm":
				t.Errorf("vm imports %s: it has no idea of ours", to)
			case name == "repl" && top == "hwdebug":
				t.Errorf("repl imports %s: it learns about hw only from bindings/schema", to)
			}
		}
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

// The model is a function of what it is given: nothing below it tells the time, draws lots, reads the environment or
// runs at once with something else. What is computed once (sync.OnceValue) is the same whoever asks first.
func TestTheModelIsClosed(t *testing.T) {
	closed := []string{"time", "os", "sync/atomic", "math/rand", "math/rand/v2", "context", "net", "io/fs", "crypto/rand", "runtime"}
	for _, name := range []string{"hwdebug/arm64", "hwdebug/trace", "hwdebug/sim"} {
		files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(name), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", name, err)
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
					t.Errorf("%s imports %s: the model must depend on nothing of the host", fset.Position(i.Pos()), path)
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
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "sync" && x.Obj == nil && !strings.HasPrefix(n.Sel.Name, "Once") {
						what = "sync." + n.Sel.Name
					}
				}
				if what != "" {
					t.Errorf("%s: %s in the model, which runs one thing at a time", fset.Position(n.Pos()), what)
				}
				return true
			})
		}
	}
}
