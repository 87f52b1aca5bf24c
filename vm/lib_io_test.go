// Files of the host: what they answer, compared with lua5.1 where it is installed.

package vm_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/vm"
)

var everyDoor = vm.Allow{FS: true, Env: true, Exec: true, Clock: true, Exit: true}

// fileCases lists code and what it prints, here and in lua5.1. DIR is a new folder.
var fileCases = []struct{ name, source, want string }{
	{
		name: "the closed output",
		source: `io.output(DIR .. "/f") io.write("kept") print(io.close())
			print(select(2, pcall(function() io.write("LOST") end)))
			print(select(2, pcall(function() io.flush() end)))
			print(select(2, pcall(function() io.close() end)))
			io.output(io.stdout) print(io.open(DIR .. "/f"):read("*a"))`,
		want: "true\n:2: standard output file is closed\n:3: standard output file is closed\n" +
			":4: attempt to use a closed file\nkept",
	},
	{
		name: "the closed input",
		source: `io.open(DIR .. "/f", "w"):close() io.input(DIR .. "/f") print(io.close(io.input()))
			print(select(2, pcall(function() return (io.read()) end)))
			print(select(2, pcall(function() io.lines() end)))`,
		want: "true\n:2: standard input file is closed\n:3: attempt to use a closed file",
	},
	{
		name: "errnos",
		source: `print(io.open(DIR .. "/none")) print(os.remove(DIR .. "/none"))
			print(os.rename(DIR .. "/none", DIR .. "/x")) print(io.open(DIR, "w"))
			print(io.open(DIR):read(1)) print(io.open(DIR):read("*l"))
			local w = io.open(DIR .. "/f", "w") print(w:read()) print(w:read("*a")) print(w:seek("set", -1))
			print(w:write("x")) w:close() local r = io.open(DIR .. "/f") print(r:write("x"))
			print(select(2, io.open(DIR .. "/f", "q")) ~= nil, select(3, io.open(DIR .. "/f", "q")))`,
		want: "nil\tDIR/none: No such file or directory\t2\nnil\tDIR/none: No such file or directory\t2\n" +
			"nil\tDIR/none: No such file or directory\t2\nnil\tDIR: Is a directory\t21\n" +
			"nil\tIs a directory\t21\nnil\tIs a directory\t21\nnil\tBad file descriptor\t9\n" +
			"nil\tBad file descriptor\t9\nnil\tInvalid argument\t22\ntrue\nnil\tBad file descriptor\t9\n" +
			"true\t22",
	},
	{
		name: "errors that raise",
		source: `print(select(2, pcall(function() io.lines(DIR .. "/none") end)))
			print(select(2, pcall(function() io.input(DIR .. "/none") end)))
			print(select(2, pcall(function() io.output(DIR .. "/none/f") end)))
			print(select(2, pcall(function() io.open(DIR .. "/f", "w"):lines()() end)))
			local f = io.open(DIR .. "/f") local lines = f:lines() f:close()
			print(select(2, pcall(function() lines() end)))`,
		want: ":1: bad argument #1 to 'lines' (DIR/none: No such file or directory)\n" +
			":2: bad argument #1 to 'input' (DIR/none: No such file or directory)\n" +
			":3: bad argument #1 to 'output' (DIR/none/f: No such file or directory)\n" +
			":4: Bad file descriptor\n:6: file is already closed",
	},
	{
		name: "lines end with no value, and close the file",
		source: `local f = io.open(DIR .. "/f", "w") f:write("a\nb") f:close()
			local lines = io.lines(DIR .. "/f") print(lines(), lines()) print(select("#", lines()))
			print(select(2, pcall(function() lines() end)))
			f = io.open(DIR .. "/f") for l in f:lines() do io.write(l, ";") end print(io.type(f), f:read())`,
		want: "a\tb\n0\n:3: file is already closed\na;b;file\tnil",
	},
	{
		name: "setvbuf",
		source: `local name = DIR .. "/f" local f = io.open(name, "w")
			local function seen() return (io.open(name):read("*a"):gsub("\n", "|")) end
			f:write("1") print(seen()) print(f:setvbuf("no")) print(seen()) f:write("2") print(seen())
			print(f:setvbuf("line")) f:write("3") print(seen()) f:write("4\n5") print(seen():sub(1, 5))
			f:close() print(seen())
			print(select(2, pcall(function() io.stdout:setvbuf() end)))`,
		want: "\ntrue\n1\n12\ntrue\n12\n1234|\n1234|5\n:6: bad argument #1 to 'setvbuf' (string expected, " +
			"got no value)",
	},
	{
		name: "writing after reading",
		source: `local name = DIR .. "/f" local f = io.open(name, "w") f:write("abcdef") f:close()
			f = io.open(name, "r+") print(f:read(2)) f:seek("cur", 0) f:write("XY") f:seek("cur", 0)
			print(f:read(1)) f:close() print(io.open(name):read("*a"))`,
		want: "ab\ne\nabXYef",
	},
	{
		name: "numbers as scanf reads them",
		source: `local f = io.open(DIR .. "/f", "w") f:write("12abc  -1.5e3xyz 0x1fg .5.5 1e5+3 7") f:close()
			f = io.open(DIR .. "/f") print(f:read("*n", 3)) print(f:read("*n", 3)) print(f:read("*n", 1))
			print(f:read("*n", "*n")) print(f:read("*n", "*n", "*n", "*n"))`,
		want: "12\tabc\n-1500\txyz\n31\tg\n0.5\t0.5\n100000\t3\t7\tnil",
	},
	{
		name:   "pipes",
		source: `print(io.popen("exit 3"):close()) local p = io.popen("echo out") print(p:read("*a"), p:close())`,
		want:   "true\nout\n\ttrue",
	},
	{
		name: "dropped files are closed",
		source: `for i = 1, 3000 do local f = assert(io.open(DIR .. "/" .. i % 7, "w")) f:write(i) end
			for i = 1, 3000 do assert(io.lines(DIR .. "/1"))() end
			local kept = io.open(DIR .. "/kept", "w") kept:write("still ")
			for i = 1, 500 do assert(io.open(DIR .. "/1")) end
			kept:write("open") print(kept:close()) print(io.open(DIR .. "/kept"):read("*a"))`,
		want: "true\nstill open",
	},
	{
		name: "a dropped file is written out by the collector",
		source: `do local f = io.open(DIR .. "/f", "w") f:write("all of it") f = nil end
			collectgarbage() collectgarbage() print(io.open(DIR .. "/f"):read("*a"))`,
		want: "all of it",
	},
	{
		name: "the current input and output, and iterators, keep their files",
		source: `local f = io.open(DIR .. "/f", "w") for i = 1, 9 do f:write(i, "\n") end f:close()
			io.input(DIR .. "/f") io.output(DIR .. "/out") local lines = io.lines(DIR .. "/f") collectgarbage()
			io.write(io.read("*l"), lines()) io.close() io.output(io.stdout) print(io.open(DIR .. "/out"):read("*a"))`,
		want: "11",
	},
}

// inDir prepares a source for both programs.
func inDir(dir, source string) string {
	return fmt.Sprintf("DIR = %q; %s", filepath.ToSlash(dir), source)
}

// withoutDir removes from output what differs between two runs: the folder and the names of chunks.
func withoutDir(dir, out string) string {
	out = strings.ReplaceAll(out, filepath.ToSlash(dir), "DIR")
	out = strings.ReplaceAll(out, "stdin:", ":")
	return strings.TrimSuffix(strings.ReplaceAll(out, "test.lua:", ":"), "\n")
}

func TestHostFiles(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the texts of errors are Linux's")
	}
	lua51, _ := exec.LookPath("lua5.1")
	for _, c := range fileCases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			var out bytes.Buffer
			rt := newRuntime(t, vm.Config{Stdout: &out, Allow: everyDoor})
			if err := run(t, rt, inDir(dir, c.source)); err != nil {
				t.Fatal(err)
			}
			if got := withoutDir(dir, out.String()); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if lua51 == "" {
				return
			}
			dir = t.TempDir()
			cmd := exec.Command(lua51, "-")
			cmd.Stdin = strings.NewReader(inDir(dir, c.source))
			text, err := cmd.CombinedOutput()
			if got := withoutDir(dir, string(text)); err != nil || got != c.want {
				t.Errorf("lua5.1: got\n%s\nwant\n%s (%v)", got, c.want, err)
			}
		})
	}
}

// TestFullDevice checks that a write that does not fit is an error where it becomes known: at the write
// without a buffer, else at the end.
func TestFullDevice(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	rt := newRuntime(t, vm.Config{Stdout: &out, Allow: everyDoor})
	err := run(t, rt, `local f = io.open("/dev/full", "w") print(f:write("x")) print(f:close())
		f = io.open("/dev/full", "w") f:setvbuf("no") print(f:write("x")) print(f:close())`)
	const full = "nil\tNo space left on device\t28\n"
	if want := "true\n" + full + full + "true\n"; err != nil || out.String() != want {
		t.Errorf("got\n%swant\n%s(%v)", out.String(), want, err)
	}
}

// TestDroppedFilesAreClosed counts the descriptors of the process while a script drops files.
func TestDroppedFilesAreClosed(t *testing.T) {
	const fds = "/proc/self/fd"
	if _, err := os.Stat(fds); err != nil {
		t.Skip(err)
	}
	count := func() int {
		list, err := os.ReadDir(fds)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	rt := newRuntime(t, vm.Config{Allow: everyDoor})
	before := count()
	source := `for i = 1, 1000 do assert(io.open(DIR .. "/f", "w")):write("x") end`
	if err := run(t, rt, inDir(t.TempDir(), source)); err != nil {
		t.Fatal(err)
	}
	if open := count() - before; open > 100 {
		t.Errorf("%d descriptors are open after 1000 dropped files, want at most 100", open)
	}
}

// TestPoolRestoresStreams checks that a script that makes a standard stream the current one of the other
// direction leaves the next run its own.
func TestPoolRestoresStreams(t *testing.T) {
	var out bytes.Buffer
	pool := vm.NewPool(vm.Config{Stdout: &out, Allow: everyDoor}, 1)
	defer pool.Close()
	for _, source := range []string{`io.input(io.stdout)`, `io.write("1") io.stdout:write("2")`} {
		p, err := vm.Compile("test.lua", source)
		if err == nil {
			_, err = pool.Run(t.Context(), p)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if out.String() != "12" {
		t.Errorf("got %q, want 12", out.String())
	}
}
