//go:build linux

package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bombs fill the memory with values of one kind each.
var bombs = []struct{ name, body string }{
	{"coroutines", `t[i] = coroutine.create(function() end)`},
	{"coroutines that have begun", `t[i] = coroutine.wrap(function() coroutine.yield() end) t[i]()`},
	{"results of failed calls", `t[i] = {pcall(error, {i})}`},
	{"fractional keys", `t[i + 0.5] = i`},
	{"tracebacks", `t[i] = debug.traceback("x" .. i)`},
	{"u64s", `t[i] = 0xffffffff00000000 + i`},
	{"tables", `t[i] = {}`},
	{"strings", `t[i] = ("x"):rep(100) .. i`},
	{"closures", `local a, b = i, i t[i] = function() a = a + 1 return a + b end`},
	{"text keys", `t["key" .. i] = true`},
	{"tables of fields", `t[i] = {x = i, y = i}`},
	{"linked tables", `t[1] = {next = t[1]}`},
}

// TestMemoryOfTheProcess checks that a script that fills its memory ends at the limit, and that the process
// has not held much more: 48 MiB are for the program, Go's own tables and garbage that waits for the
// collector.
func TestMemoryOfTheProcess(t *testing.T) {
	const most = 48
	limits, list := []int64{64, 256}, bombs
	if testing.Short() {
		limits, list = limits[:1], bombs[:4]
	}
	program := filepath.Join(t.TempDir(), "hwlua")
	build := exec.Command("go", "build", "-o", program, "github.com/hwlua/hwlua")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, limit := range limits {
		for _, b := range list {
			t.Run(fmt.Sprintf("%s under %d MiB", b.name, limit), func(t *testing.T) {
				cmd := exec.Command("maxrss", program, "--memory", fmt.Sprint(limit), "-e",
					"local t = {} for i = 1, 1e9 do "+b.body+" end")
				cmd.Env = append(os.Environ(), "GOGC=", "GOMEMLIMIT=")
				var out bytes.Buffer
				cmd.Stderr = &out
				text, err := cmd.Output()
				if err != nil || !strings.Contains(out.String(), "memory limit of") {
					t.Fatalf("got %v, want the memory limit\n%s", err, out.String())
				}
				var held int64
				if _, err := fmt.Sscan(string(text), &held); err != nil || held > limit+most {
					t.Errorf("the process held %d MiB (%v), want at most %d", held, err, limit+most)
				}
			})
		}
	}
}
