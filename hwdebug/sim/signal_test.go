package sim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// A signal says on which side of the access it came.
func TestSignalSaysWhetherTheAccessWasPerformed(t *testing.T) {
	m, err := sim.New(sim.Config{CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	task, err := m.NewTask(sim.TaskConfig{Comm: "t"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		arrange func() error
		code    string
		text    string
		value   uint64
	}{
		{"a ptrace entry stops before it", func() error { return task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1ff5) },
			"TRAP_HWBKPT", "did not perform the access", 0},
		{"a step ends after it", func() error {
			return errors.Join(task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0), task.PtraceSinglestep(true))
		}, "TRAP_TRACE", "performed the access and was then stopped", 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.arrange(); err != nil {
				t.Fatal(err)
			}
			var s *sim.Signal
			if err := task.Store(0x1000, 8, 7); !errors.As(err, &s) || s.Info.CodeName() != c.code || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("%v, expected %s: ... %s", err, c.code, c.text)
			}
			if err := errors.Join(task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0), task.PtraceSinglestep(false)); err != nil {
				t.Fatal(err)
			}
			if v, err := task.Load(0x1000, 8); v != c.value || err != nil {
				t.Errorf("memory holds %d, %v; expected %d", v, err, c.value)
			}
		})
	}
}
