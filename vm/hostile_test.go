package vm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// A hostile script and the limit that its first line says must stop it.
type hostile struct {
	name, limit string
	prog        *vm.Program
}

func hostileScripts(t *testing.T) []hostile {
	t.Helper()
	paths, err := filepath.Glob("testdata/hostile/*.lua")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d hostile scripts, %v; at least 60 expected", len(paths), err)
	}
	var all []hostile
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(src), "\n")
		limit, ok := strings.CutPrefix(first, "-- stopped by: ")
		if !ok {
			t.Fatalf("%s: the first line does not name the limit", path)
		}
		prog, err := vm.Compile(filepath.Base(path), string(src))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, hostile{filepath.Base(path), limit, prog})
	}
	return all
}

const (
	hostileDeadline = 50 * time.Millisecond
	hostileMemory   = 16 << 20

	// hang is how long a test waits before it reports a hang. Nothing else is judged by the clock:
	// a loaded machine gives the same result as an idle one.
	hang = 2 * time.Minute
)

// stoppedBy names the limit that err reports.
func stoppedBy(err error) string {
	switch {
	case err == nil:
		return "nothing"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	case errors.Is(err, vm.ErrSteps):
		return "steps"
	case errors.Is(err, vm.ErrMemory):
		return "memory"
	}
	for _, text := range []string{
		"stack overflow", "error in error handling", "too many results to unpack", "loop in gettable",
	} {
		if strings.Contains(err.Error(), text) {
			return "depth"
		}
	}
	return "error"
}

// runHostile runs the script. A deadline is set only for a script that nothing else stops: how far
// a script gets before its deadline depends on the machine.
func runHostile(h hostile) error {
	limits, deadline := vm.Limits{Memory: hostileMemory}, hang
	switch h.limit {
	case "steps":
		limits.Steps = 1_000_000
	case "deadline":
		deadline = hostileDeadline
	}
	rt, err := vm.New(vm.Config{Limits: limits})
	if err != nil {
		return err
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	defer guard(h.name)()
	_, err = rt.Run(ctx, h.prog)
	return err
}

// guard panics, which prints all goroutines, unless the function that it returns is called before
// hang has passed.
func guard(name string) (stop func() bool) {
	return time.AfterFunc(hang+time.Minute, func() { panic(name + " hangs") }).Stop
}

// heap returns how many bytes are in use after a collection.
func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// allocated returns how many bytes f allocated.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// peak watches the heap while f runs.
func peak(f func()) uint64 {
	var most uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			most = max(most, s.HeapAlloc)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most
}

func TestHostileOneAfterAnother(t *testing.T) {
	scripts := hostileScripts(t)
	before, goroutines := heap(), runtime.NumGoroutine()
	for _, h := range scripts {
		t.Run(h.name, func(t *testing.T) {
			base := heap()
			var err error
			most := peak(func() { err = runHostile(h) })
			if got := stoppedBy(err); got != h.limit {
				t.Errorf("stopped by %s (%v), want %s", got, err, h.limit)
			}
			if used := int64(most) - int64(base); used > hostileMemory+16<<20 {
				t.Errorf("heap grew by %d MB, want at most %d", used>>20, hostileMemory>>20+16)
			}
		})
	}
	healthy(t, before, goroutines)
}

// expired is a context whose deadline has passed but whose timer has not fired, as on a loaded
// machine: only a look at the clock tells.
type expired struct{ context.Context }

func (expired) Deadline() (time.Time, bool) { return time.Unix(0, 0), true }

// looks are the most steps that a script may take between two looks at the clock: one round of
// library code counts its steps at once.
const looks = 20_000

// TestDeadlineWithoutItsTimer counts the steps that a script takes until it notices that its
// deadline has passed.
func TestDeadlineWithoutItsTimer(t *testing.T) {
	for _, h := range hostileScripts(t) {
		if h.limit != "deadline" {
			continue
		}
		t.Run(h.name, func(t *testing.T) {
			defer guard(h.name)()
			rt := newRuntime(t, vm.Config{Limits: vm.Limits{Memory: hostileMemory}})
			_, used, err := rt.Eval(expired{context.Background()}, h.prog, 0)
			if got := stoppedBy(err); got != h.limit || used > looks {
				t.Errorf("stopped by %s (%v) after %d steps, want %s after at most %d", got, err, used,
					h.limit, looks)
			}
		})
	}
}

// TestHostileSteps stops each script that runs until its deadline by a step limit, at the same step
// every time.
func TestHostileSteps(t *testing.T) {
	for _, h := range hostileScripts(t) {
		if h.limit != "deadline" {
			continue
		}
		t.Run(h.name, func(t *testing.T) {
			defer guard(h.name)()
			var first int64
			for try := range 2 {
				rt := newRuntime(t, vm.Config{Limits: vm.Limits{Memory: hostileMemory}})
				_, used, err := rt.Eval(context.Background(), h.prog, 500)
				if got := stoppedBy(err); got != "steps" {
					t.Errorf("stopped by %s (%v), want steps", got, err)
				}
				if try == 0 {
					first = used
				} else if used != first {
					t.Errorf("stopped after %d steps, then after %d", first, used)
				}
			}
		})
	}
}

// healthy fails if the process keeps memory or goroutines.
func healthy(t *testing.T, before uint64, goroutines int) {
	t.Helper()
	const pause = 10 * time.Millisecond
	for try := 0; ; try++ {
		after, now := heap(), runtime.NumGoroutine()
		if after < before+4<<20 && now <= goroutines+2 {
			return
		}
		if try == int(hang/pause) {
			t.Errorf("left %d KB of heap (%d KB before) and %d goroutines (%d before)", after>>10,
				before>>10, now, goroutines)
			return
		}
		time.Sleep(pause)
	}
}

func TestHostileAllAtOnce(t *testing.T) {
	scripts := hostileScripts(t)
	before, goroutines := heap(), runtime.NumGoroutine()
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			h := scripts[i*len(scripts)/64]
			err := runHostile(h)
			if got := stoppedBy(err); got != h.limit {
				t.Errorf("%s: stopped by %s (%v), want %s", h.name, got, err, h.limit)
			}
		})
	}
	wg.Wait()
	healthy(t, before, goroutines)
}
