// No part of the host is reachable: all values that a script can reach by fields, metatables,
// environments and upvalues are compared with a list.

package vm_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwlua/hwlua/vm"
)

// walk prints the path and type of every value that is reachable from the globals.
const walk = `
local seen, out = {}, {}
local function visit(path, v)
  out[#out + 1] = path .. " " .. type(v)
  if type(v) ~= "table" and type(v) ~= "userdata" and type(v) ~= "function" then return end
  if seen[v] then return end
  seen[v] = true
  if type(v) == "table" then
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, k in ipairs(keys) do
      if k ~= "out" then visit(path .. "." .. tostring(k), v[k]) end
    end
  end
  local mt = getmetatable(v)
  if mt ~= nil then visit(path .. "<meta>", mt) end
  local env = type(v) == "function" and getfenv(v)
  if env and env ~= _G then visit(path .. "<env>", env) end
end
visit("_G", _G)
visit("string value<meta>", getmetatable(""))
visit("u64<meta>", getmetatable(0xffffffffffffffff))
visit("thread<meta>", getmetatable(coroutine.create(print)))
print(table.concat(out, "\n"))
`

func reachable(t *testing.T, cfg vm.Config) string {
	t.Helper()
	var out bytes.Buffer
	cfg.Stdout = &out
	if err := run(t, newRuntime(t, cfg), walk); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestReachable compares the values with testdata/reachable.txt. -update rewrites the file; look at each new
// line with care.
func TestReachable(t *testing.T) {
	const golden = "testdata/reachable.txt"
	got := reachable(t, vm.Config{})
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the reachable values differ from %s; go test ./vm -run Reachable -update "+
			"shows the difference in git\n%s", golden, got)
	}
	for _, word := range []string{
		"execute", "popen", "getenv", "os.exit", "clock", "dump", "getlocal", "getupvalue",
		"getregistry", "sethook",
		"newproxy", "_printregs", "channel", "loadlib", "io.open", "os.remove",
		"tmpname",
	} {
		if strings.Contains(got, word) {
			t.Errorf("a closed runtime has %s, want nothing of the host", word)
		}
	}
}

// TestDoors checks that each field of Allow adds its own functions and nothing else.
func TestDoors(t *testing.T) {
	closed := lines(reachable(t, vm.Config{}))
	for _, door := range []struct {
		name  string
		allow vm.Allow
		adds  string
	}{
		{"FS", vm.Allow{FS: true}, "io.input io.open io.output io.tmpfile os.remove os.rename os.tmpname"},
		{"Env", vm.Allow{Env: true}, "os.getenv"},
		{"Exec", vm.Allow{Exec: true}, "io.popen os.execute"},
		{"Clock", vm.Allow{Clock: true}, "os.clock"},
		{"Exit", vm.Allow{Exit: true}, "os.exit"},
	} {
		t.Run(door.name, func(t *testing.T) {
			before := map[string]bool{}
			for _, l := range closed {
				before[l] = true
			}
			var added []string
			for _, l := range lines(reachable(t, vm.Config{Allow: door.allow})) {
				if !before[l] {
					added = append(added, strings.TrimSuffix(strings.TrimPrefix(l, "_G."), " function"))
				}
			}
			if got := strings.Join(added, " "); got != door.adds {
				t.Errorf("adds %q, want %q", got, door.adds)
			}
		})
	}
}

// TestScriptFolder checks that require and dofile read Config.Scripts and nothing outside, however a name is
// written.
func TestScriptFolder(t *testing.T) {
	files := fstest.MapFS{
		"lib.lua":      {Data: []byte("local M = {} M.name = ... return M")},
		"sub/init.lua": {Data: []byte("return 'sub'")},
		"sub/deep.lua": {Data: []byte("\ufeffreturn 'deep'")},
		"bang.lua":     {Data: []byte("#!/usr/bin/env hwlua\r\nreturn 'crlf'\r\n")},
		"broken.lua":   {Data: []byte("return = 1")},
		"loop.lua":     {Data: []byte("return require 'loop'")},
		"raises.lua": {
			Data: []byte("tries = (tries or 0) + 1 if tries == 1 then error('first') end return tries"),
		},
		"nothing.lua":    {Data: []byte("x = 1")},
		"bytecode.lua":   {Data: []byte("\x1bLuaQ\x00")},
		"large.lua":      {Data: bytes.Repeat([]byte("-"), vm.MaxSource+1)},
		"dofile.lua":     {Data: []byte("return 1, 2, 3")},
		"folder.lua/x":   {Data: []byte("")},
		"wide.lua":       {Data: []byte("return 0xffffff8008c5a004")},
		"secrets/key":    {Data: []byte("return 'key'")},
		"sub/secret.txt": {Data: []byte("not lua at all")},
	}
	for _, c := range []struct{ name, source, want string }{
		{
			name:   "a module gets its name",
			source: `print(require("lib").name, require("lib") == require("lib"))`,
			want:   "lib\ttrue",
		},
		{name: "init.lua stands for a folder", source: `print(require "sub")`, want: "sub"},
		{
			name:   "dots are folders, a byte order mark is skipped",
			source: `print(require "sub.deep")`,
			want:   "deep",
		},
		{name: "#! and CRLF", source: `print(require "bang")`, want: "crlf"},
		{
			name:   "a module that returns nothing is true",
			source: `print(require "nothing", x)`,
			want:   "true\t1",
		},
		{
			name:   "wide literals are exact in modules",
			source: `print(require "wide" == 0xffffff8008c5a004)`,
			want:   "true",
		},
		{
			name:   "a loop is an error",
			source: `print((select(2, pcall(require, "loop")):gsub("^.-:%d+: ", "")))`,
			want:   "loop or previous error loading module 'loop'",
		},
		{
			name:   "one that raised can be tried again",
			source: `print(pcall(require, "raises") , require "raises")`,
			want:   "false\t2",
		},
		{
			name:   "a syntax error names the file",
			source: `print((select(2, pcall(require, "broken")):find("broken.lua", 1, true)) ~= nil)`,
			want:   "true",
		},
		{
			name:   "bytecode is refused",
			source: `print((select(2, pcall(require, "bytecode")):find("bytecode", 1, true)) ~= nil)`,
			want:   "true",
		},
		{
			name:   "size is limited",
			source: `print((select(2, pcall(require, "large")):find("too large", 1, true)) ~= nil)`,
			want:   "true",
		},
		{
			name:   "the places tried are listed",
			source: `print(select(2, pcall(require, "no.such")):gsub("^.-:%d+: ", "") .. "")`,
			want: "module 'no.such' not found:\n\tno field package.preload['no.such']\n\tno file " +
				"'no/such.lua'\n\tno file 'no/such/init.lua'",
		},
		{
			name:   "package.path is honoured",
			source: `package.path = "secrets/?" print(require "key")`,
			want:   "key",
		},
		{
			name:   "package.preload is honoured",
			source: `package.preload.mine = function(n) return n .. "!" end print(require "mine")`,
			want:   "mine!",
		},
		{
			name:   "package.loaded is honoured",
			source: `package.loaded.lib = 5 print(require "lib")`,
			want:   "5",
		},
		{
			name: "a loader of one's own",
			source: `package.loaders[3] = function(n) return function() return "made " .. n end end ` +
				`print(require "any.thing")`,
			want: "made any.thing",
		},
		{name: "dofile gives all results", source: `print(dofile "dofile.lua")`, want: "1\t2\t3"},
		{
			name:   "./ is the folder itself",
			source: `print(dofile "./dofile.lua", dofile "sub/../dofile.lua")`,
			want:   "1\t1\t2\t3",
		},
		{
			name:   "loadfile gives nil and why",
			source: `print(loadfile "none.lua")`,
			want:   "nil\tcannot open none.lua: file does not exist",
		},
		{
			name:   "a folder is no file",
			source: `print(select(2, loadfile "sub"))`,
			want:   "cannot open sub: is a directory",
		},
		{
			name:   "nothing above",
			source: `print(pcall(dofile, "../vm/lib_base.go"))`,
			want:   "false\tcannot open ../vm/lib_base.go: outside of the script folder",
		},
		{
			name:   "nothing absolute",
			source: `print(pcall(dofile, "/etc/passwd"))`,
			want:   "false\tcannot open /etc/passwd: outside of the script folder",
		},
		{
			name:   "nothing above by require",
			source: `print(pcall(require, "..x") == false, package.path)`,
			want:   "true\t?.lua;?/init.lua",
		},
		{
			name: "nothing above by package.path",
			source: `package.path = "../../../etc/passwd;/etc/passwd;a/../../x" print((select(2, ` +
				`pcall(require, "x")):gsub("^.-\n.-\n", "")))`,
			want: "\tno file '../../../etc/passwd' (outside of the script folder)\n\tno file " +
				"'/etc/passwd' (outside of the script folder)\n\tno file 'a/../../x' (outside of the " +
				"script folder)",
		},
		{
			name:   "no backslashes",
			source: `print((select(2, loadfile "sub\\deep.lua")))`,
			want:   `cannot open sub\deep.lua: outside of the script folder`,
		},
		{name: "no zero bytes", source: `print((select(2, loadfile "lib.lua\0.txt")) ~= nil)`, want: "true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			rt := newRuntime(t, vm.Config{Stdout: &out, Scripts: files})
			if err := run(t, rt, c.source); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(out.String(), "\n"); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
