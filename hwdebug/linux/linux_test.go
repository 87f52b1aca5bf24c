// What the target offers, on every system; the kernel itself is tried where the tests run on one.

package linux_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/linux"
)

func TestMain(m *testing.M) {
	linux.Work()
	os.Exit(m.Run())
}

// start returns the kernel that the tests run on, or skips the test.
func start(t *testing.T) *linux.Host {
	t.Helper()
	h, err := linux.Start()
	if err != nil && runtime.GOOS == "linux" && runtime.GOARCH == "arm64" && os.Geteuid() == 0 {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// Elsewhere the error says what is needed.
func TestStartElsewhere(t *testing.T) {
	if runtime.GOOS == "linux" && runtime.GOARCH == "arm64" {
		t.Skip("this is arm64 Linux")
	}
	_, err := linux.Start()
	if err == nil || !strings.Contains(err.Error(), "fix: run the program on the board") {
		t.Errorf("Start: %v", err)
	}
}

func TestSupports(t *testing.T) {
	target := start(t).Target()
	for _, f := range []hwdebug.Feature{hwdebug.FeatureTasks, hwdebug.FeaturePtrace} {
		if err := target.Supports(f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, f := range []hwdebug.Feature{
		hwdebug.FeatureKernelEvents, hwdebug.FeatureKernelAccess, hwdebug.FeatureRegisters, "none",
	} {
		if err := target.Supports(f); !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// A watchpoint counts the accesses that it covers, of the task and of the tasks that it forks, and a ptrace
// watchpoint stops the task before the access.
func TestAccesses(t *testing.T) {
	target := start(t).Target()
	defer hwdebug.Shutdown(target)
	tasks := target.(hwdebug.Tasker)
	task, err := tasks.NewTask(target.CPUs() - 1)
	if err != nil {
		t.Fatal(err)
	}
	attr := hwdebug.Attr{Type: hwdebug.W, Addr: linux.UserData + 64, Len: 4, Inherit: true}
	ev, err := target.Open(attr, task, -1)
	if err != nil {
		t.Fatal(err)
	}
	child, err := tasks.Fork(task)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []struct {
		task hwdebug.TaskID
		kind hwdebug.Kind
		addr uint64
		size int
	}{
		{task, hwdebug.Store, linux.UserData + 64, 4}, {task, hwdebug.Load, linux.UserData + 64, 4},
		{child, hwdebug.Store, linux.UserData + 66, 2}, {task, hwdebug.Store, linux.UserData + 56, 16},
		{task, hwdebug.Store, linux.UserData + 32, 32}, {task, hwdebug.Exec, linux.UserCode + 8, 4},
	} {
		if trap, err := target.Access(a.task, a.kind, a.addr, a.size); err != nil || trap.N != 0 {
			t.Fatalf("%+v: trap %+v, %v", a, trap, err)
		}
	}
	if n, ok, err := target.Read(ev); n != 3 || !ok || err != nil {
		t.Errorf("count %d, %v, %v, want 3", n, ok, err)
	}
	const store8 = 0x1ff5
	err = target.(hwdebug.Ptracer).PtraceSetReg(task, hwdebug.HwWatch, 0,
		hwdebug.PtraceReg{Addr: linux.UserData + 128, Ctrl: store8})
	if err != nil {
		t.Fatal(err)
	}
	trap, err := target.Access(task, hwdebug.Store, linux.UserData+128, 8)
	if err != nil || trap.N != 1 || trap.Addr != linux.UserData+128 {
		t.Errorf("trap %+v, %v", trap, err)
	}
}
