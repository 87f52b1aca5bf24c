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
	for _, tt := range []struct{ changed, want string }{
		{changed: "a.lua", want: "a.lua c.lua"},
		{changed: "_lib/helper.lua", want: "a.lua c.lua"},
		{changed: "_lib/deep.lua", want: "a.lua c.lua"},
		{changed: "_data.lua", want: "b.lua c.lua"},
		{changed: "sub/_more.lua", want: "c.lua sub/d.lua"},
		{changed: "c.lua", want: "c.lua"},
		{changed: "elsewhere/x.lua", want: "c.lua"},
		{changed: "../x.lua", want: ""},
	} {
		sources, err := scenario.Find([]string{"."}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(depending(sources, []string{filepath.FromSlash(tt.changed)}), " ")
		if got != tt.want {
			t.Errorf("depending on %s: got %q, want %q", tt.changed, got, tt.want)
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

// A watchedRun is hwlua run --watch in a goroutine.
type watchedRun struct {
	t        *testing.T
	out, log guarded
}

// startWatching starts hwlua run --watch in a temporary folder. When the test ends it interrupts the
// run and checks the exit code.
func startWatching(t *testing.T, path string) *watchedRun {
	t.Helper()
	w := &watchedRun{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		env := Env{Args: []string{"hwlua"}, Stdout: &w.out, Stderr: &w.log, Getenv: os.Getenv}
		code, err := newRunOptions().watching(ctx, env, []string{path})
		if code != exitInterrupted || err != nil {
			t.Errorf("watching = %d, %v, want %d, nil", code, err, exitInterrupted)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// waits waits until the run has waited n times for changes.
func (w *watchedRun) waits(n int) {
	w.t.Helper()
	guard := time.Now().Add(time.Minute)
	for strings.Count(w.log.String(), "waiting for changes") < n {
		if time.Now().After(guard) {
			w.t.Fatalf("no run number %d; got\n%s\n%s", n, w.out.String(), w.log.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// shows checks that the reports contain want.
func (w *watchedRun) shows(want string) {
	w.t.Helper()
	if got := w.out.String(); !strings.Contains(got, want) {
		w.t.Errorf("the report lacks %q; got\n%s\n%s", want, got, w.log.String())
	}
}

func TestWatching(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	write(t, "a.lua", `it("a", function() assert.equals(1, require "_m") end)`)
	write(t, "b.lua", `it("b", function() end)`)
	write(t, "_m.lua", `return 1`)
	w := startWatching(t, ".")
	w.waits(1)
	w.shows("2 cases in 2 files: 2 passed")
	write(t, "_m.lua", `return 2`)
	w.waits(2)
	w.shows("1 case in 1 file: 0 passed, 1 failed")
	write(t, "b.lua", `it("b", function() end) it("c", function() end)`)
	w.waits(3)
	w.shows("2 cases in 1 file: 2 passed")
}

// A removed file is reported once, and runs again when it is back.
func TestWatchingRemovedFile(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	write(t, "a.lua", `it("a", function() end)`)
	w := startWatching(t, "a.lua")
	w.waits(1)
	if err := os.Remove("a.lua"); err != nil {
		t.Fatal(err)
	}
	w.waits(2)
	if got := strings.Count(w.log.String(), "no such file"); got != 1 {
		t.Errorf("the removed file is reported %d times, want 1:\n%s", got, w.log.String())
	}
	write(t, "a.lua", `it("b", function() end) it("c", function() end)`)
	w.waits(3)
	w.shows("2 cases in 1 file: 2 passed")
}

// A file that was named alone runs again when a file in another folder changes that it requires, directly or
// through others, or that appears where it looked for one.
func TestWatchingFollowsRequire(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	write(t, "a.lua", `it("a", function() assert.equals(1, require "lib.first") end)`)
	write(t, "lib/first.lua", `return require "lib.deep.second"`)
	write(t, "lib/deep/second.lua", `return 1`)
	w := startWatching(t, "a.lua")
	w.waits(1)
	w.shows("1 case in 1 file: 1 passed")
	write(t, "lib/deep/second.lua", `return 2`)
	w.waits(2)
	w.shows("1 case in 1 file: 0 passed, 1 failed")
	write(t, "a.lua", `local name = "lib.deep.third"
		it("b", function() end) it("c", function() assert(require(name)) end)`)
	w.waits(3)
	w.shows("2 cases in 1 file: 1 passed, 1 with an error")
	write(t, "lib/deep/third.lua", `return true`)
	w.waits(4)
	w.shows("2 cases in 1 file: 2 passed")
}
