package vm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

// TestSymbolicLinks checks that a link is followed inside the script folder only.
func TestSymbolicLinks(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "scripts")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Skip(err) // no links here
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	must(os.WriteFile(filepath.Join(root, "secret.lua"), []byte(`return "secret"`), 0o644))
	must(os.WriteFile(filepath.Join(dir, "sub", "inside.lua"), []byte(`return "inside"`), 0o644))
	must(os.Symlink("../secret.lua", filepath.Join(dir, "out.lua")))
	must(os.Symlink(filepath.Join(root, "secret.lua"), filepath.Join(dir, "absolute.lua")))
	must(os.Symlink("..", filepath.Join(dir, "up")))
	must(os.Symlink("sub/inside.lua", filepath.Join(dir, "in.lua")))

	rt := newRuntime(t, vm.Config{Scripts: os.DirFS(dir)})
	err := run(t, rt, `
		assert(require "in" == "inside" and dofile "sub/../in.lua" == "inside")
		assert(require "sub.inside" == "inside")
		for _, name in ipairs { "out", "absolute", "up.secret" } do
			local ok, message = pcall(require, name)
			assert(not ok and message:find("leads out of the script folder", 1, true), message)
			local path = name:gsub("%.", "/") .. ".lua"
			local ok, message = pcall(dofile, path)
			assert(not ok and message:find("cannot open " .. path .. ": leads out", 1, true), message)
		end
		local ok, message = pcall(require, "none")
		assert(not ok and not message:find "leads out", message)`)
	if err != nil {
		t.Error(err)
	}
	if got := vm.Confined(os.DirFS(dir)); vm.Confined(got) != got {
		t.Error("confining twice gives another file system")
	}
	if _, err := vm.Confined(os.DirFS(dir)).Open("../secret.lua"); err == nil ||
		strings.Contains(err.Error(), root) {
		t.Errorf("got %v, want an error without the place of the folder", err)
	}
}
