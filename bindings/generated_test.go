// The generated files are current, complete, and read by those they are for.

package bindings_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

// files are those that are checked in.
var files = []struct {
	path string
	make func() []byte
}{
	{"../scripts/hw.d.lua", func() []byte { return describe.LuaLS(bindings.Modules()) }},
	{"REFERENCE.md", func() []byte { return describe.Markdown(bindings.Modules()) }},
}

func TestFilesAreCurrent(t *testing.T) {
	for _, f := range files {
		want := f.make()
		if *update {
			if err := os.WriteFile(f.path, want, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(f.path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale; run: go test ./bindings -update", filepath.Clean(f.path))
		}
	}
}

func TestSameBytesEachTime(t *testing.T) {
	for _, make := range []func([]*describe.Module) []byte{describe.LuaLS, describe.Markdown, describe.JSON} {
		if !bytes.Equal(make(bindings.Modules()), make(bindings.Modules())) {
			t.Error("two runs differ")
		}
	}
}

// names returns the names that a reader has to find: every function, method, field and option.
func names() []string {
	var list []string
	for _, e := range bindings.Index().Entries() {
		switch e.Kind {
		case describe.IsFunc, describe.IsMethod, describe.IsField, describe.IsOption, describe.IsValue,
			describe.IsClass, describe.IsRecord:
			list = append(list, e.Name)
		}
	}
	return list
}

func TestDefinitionsAreLua(t *testing.T) {
	src := string(describe.LuaLS(bindings.Modules()))
	if _, err := vm.Compile(describe.DefinitionFile, src); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(src, "---@meta") {
		t.Error("the file does not begin with ---@meta")
	}
	for _, name := range names() {
		if !strings.Contains(src, name) {
			t.Errorf("%s is missing", name)
		}
	}
	// Every class that an annotation uses is one that it defines.
	defined := map[string]bool{}
	for line := range strings.SplitSeq(src, "\n") {
		if name, ok := strings.CutPrefix(line, "---@class "); ok {
			if defined[name] {
				t.Errorf("class %s is defined twice", name)
			}
			defined[name] = true
		}
	}
	for line := range strings.SplitSeq(src, "\n") {
		isReturn := strings.HasPrefix(line, "---@return")
		if !strings.HasPrefix(line, "---@param") && !strings.HasPrefix(line, "---@field") && !isReturn {
			continue
		}
		typ := strings.Fields(line)[1]
		if !isReturn {
			typ = strings.Fields(line)[2]
		}
		punctuation := func(r rune) bool { return strings.ContainsRune("|<>()[]?,: ", r) }
		for part := range strings.FieldsFuncSeq(typ, punctuation) {
			if strings.HasPrefix(part, "hw.") && !defined[part] {
				t.Errorf("%s: class %s is not defined", line, part)
			}
		}
	}
}

func TestReferenceNamesEverything(t *testing.T) {
	text := string(describe.Markdown(bindings.Modules()))
	for _, name := range names() {
		if !strings.Contains(text, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestJSONNamesEverything(t *testing.T) {
	data := describe.JSON(bindings.Modules())
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if name, ok := v["name"].(string); ok {
				found[name] = true
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
	for _, name := range names() {
		if !found[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestTypesWritesBothFilesAndKeepsSettings(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	wrote, err := describe.Types(dir, bindings.Modules())
	if err != nil || len(wrote) != 2 {
		t.Fatalf("wrote %v, %v; want two files", wrote, err)
	}
	rc := filepath.Join(dir, ".luarc.json")
	data, err := os.ReadFile(rc)
	if err != nil || !json.Valid(data) {
		t.Fatalf("%s: %v, valid JSON %v", rc, err, json.Valid(data))
	}
	if err := os.WriteFile(rc, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if wrote, err = describe.Types(dir, bindings.Modules()); err != nil || len(wrote) != 1 {
		t.Fatalf("wrote %v, %v the second time; want one file", wrote, err)
	}
	if data, _ := os.ReadFile(rc); string(data) != "{}" {
		t.Errorf("settings that were there became %q", data)
	}
}
