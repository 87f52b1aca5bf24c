package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm/scenario"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDepending(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.lua", `local h = require "_lib.helper"`)
	write(t, "b.lua", "-- require \"_lib.helper\" is not meant\nlocal x = dofile('_data.lua')")
	write(t, "c.lua", `local name = "x" local y = require(name)`)
	write(t, "sub/d.lua", `require "_more"`)
	write(t, "_lib/helper.lua", `return require("_lib.deep")`)
	write(t, "_lib/deep.lua", ``)
	write(t, "_data.lua", ``)
	write(t, "sub/_more.lua", ``)
	for _, c := range []struct{ changed, want string }{
		{"a.lua", "a.lua c.lua"},
		{"_lib/helper.lua", "a.lua c.lua"},
		{"_lib/deep.lua", "a.lua c.lua"},
		{"_data.lua", "b.lua c.lua"},
		{"sub/_more.lua", "c.lua sub/d.lua"},
		{"c.lua", "c.lua"},
		{"elsewhere/x.lua", "c.lua"},
		{"../x.lua", ""},
	} {
		sources, err := scenario.Find([]string{"."}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(depending(sources, []string{filepath.FromSlash(c.changed)}), " "); got != c.want {
			t.Errorf("%s changed: %q run, want %q", c.changed, got, c.want)
		}
	}
}

// A guarded buffer is written by a run and read by the test.
type guarded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}

func TestWatching(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	write(t, "a.lua", `it("a", function() assert.equals(1, require "_m") end)`)
	write(t, "b.lua", `it("b", function() end)`)
	write(t, "_m.lua", `return 1`)
	ctx, cancel := context.WithCancel(t.Context())
	var out, log guarded
	done := make(chan int)
	go func() {
		o := newRunOptions()
		env := Env{Args: []string{"hwlua"}, Stdout: &out, Stderr: &log, Getenv: os.Getenv}
		done <- o.watching(ctx, env, []string{"."})
	}()
	wait := func(what string, n int) {
		t.Helper()
		for range 6000 {
			if strings.Count(log.String(), "waiting for changes") >= n {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if !strings.Contains(out.String(), what) {
			t.Errorf("after %d runs the report has no %q:\n%s\n%s", n, what, out.String(), log.String())
		}
	}
	wait("2 cases in 2 files: 2 passed", 1)
	write(t, "_m.lua", `return 2`)
	wait("1 case in 1 file: 0 passed, 1 failed", 2)
	write(t, "b.lua", `it("b", function() end) it("c", function() end)`)
	wait("2 cases in 1 file: 2 passed", 3)
	cancel()
	if code := <-done; code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}

// A file that is gone is missed once, and runs again when it is back.
func TestWatchingAFileThatGoes(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	write(t, "a.lua", `it("a", function() end)`)
	ctx, cancel := context.WithCancel(t.Context())
	var out, log guarded
	done := make(chan int)
	go func() {
		env := Env{Args: []string{"hwlua"}, Stdout: &out, Stderr: &log, Getenv: os.Getenv}
		done <- newRunOptions().watching(ctx, env, []string{"a.lua"})
	}()
	waits := func(n int) bool {
		for range 500 {
			if strings.Count(log.String(), "waiting for changes") >= n {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("waits less than %d times:\n%s", n, log.String())
		return false
	}
	if waits(1) && os.Remove("a.lua") == nil && waits(2) {
		if n := strings.Count(log.String(), "no such file"); n != 1 {
			t.Errorf("missed %d times:\n%s", n, log.String())
		}
		write(t, "a.lua", `it("b", function() end) it("c", function() end)`)
		if waits(3); !strings.Contains(out.String(), "2 cases in 1 file: 2 passed") {
			t.Errorf("%s", out.String())
		}
	}
	cancel()
	if code := <-done; code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}
