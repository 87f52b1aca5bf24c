// The exported surface of the public packages, compared with the list that CHANGELOG.md promises.

package scripts_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// surfaceFile lists the exported names of every public package. A name that is added or removed
// changes it, so a review sees the promise grow or break.
const surfaceFile = "testdata/exported.txt"

// TestSurface compares the exported names of the tree with surfaceFile. Packages below internal,
// and those without an exported name, are not part of the surface.
func TestSurface(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The exported names of the public packages, one package a paragraph; " +
		"CHANGELOG.md says which are stable.\n" +
		"# Rewrite with: go test ./scripts -update\n")
	for _, p := range list(t) {
		name, _ := ours(p.ImportPath)
		if strings.Contains("/"+name+"/", "/internal/") || strings.Contains(name, "testdata") {
			continue
		}
		if names := exported(t, filepath.FromSlash(path.Join("..", name))); len(names) > 0 {
			fmt.Fprintf(&b, "\n%s (%d)\n%s\n", name, len(names), strings.Join(names, "\n"))
		}
	}
	compareGenerated(t, surfaceFile, b.String())
}

// TestSurfaceIsPromised checks that the packages that CHANGELOG.md calls stable exist in surfaceFile.
func TestSurfaceIsPromised(t *testing.T) {
	surface, err := os.ReadFile(filepath.FromSlash(surfaceFile))
	if err != nil {
		t.Fatal(err)
	}
	changelog, err := os.ReadFile("../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vm", "bindings", "hwdebug", "hwdebug/sim"} {
		if !strings.Contains(string(changelog), "`"+name+"`") {
			t.Errorf("CHANGELOG.md does not name `%s`, which is stable", name)
		}
		if !strings.Contains(string(surface), "\n\n"+name+" (") {
			t.Errorf("%s does not list %s, which CHANGELOG.md promises", surfaceFile, name)
		}
	}
}

// exported returns the exported constants, variables, functions, types, methods and fields of the
// package in dir, sorted. A method or field is written Type.Name.
func exported(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name.Name == "main" {
			continue
		}
		for _, d := range f.Decls {
			declared(d, names)
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// declared adds the exported names of one declaration to names.
func declared(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		switch recv := receiver(d); {
		case !d.Name.IsExported():
		case d.Recv == nil:
			names[d.Name.Name] = true
		case ast.IsExported(recv):
			names[recv+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					if n.IsExported() {
						names[n.Name] = true
					}
				}
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					names[spec.Name.Name] = true
					members(spec, names)
				}
			}
		}
	}
}

// receiver returns the name of the type that d is a method of, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// members adds the exported fields of a struct and the methods of an interface to names.
func members(spec *ast.TypeSpec, names map[string]bool) {
	var list *ast.FieldList
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, n := range field.Names {
			if n.IsExported() {
				names[spec.Name.Name+"."+n.Name] = true
			}
		}
	}
}
