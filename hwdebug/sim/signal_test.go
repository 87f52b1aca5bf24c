// The text of a signal.

package sim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestSignalSaysWhetherTheAccessWasPerformed: the text of a signal tells whether it preceded the access.
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
		{
			name:    "a ptrace entry stops the task before the access",
			arrange: func() error { return task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0x1ff5) },
			code:    "TRAP_HWBKPT", text: "did not perform the access", value: 0,
		},
		{
			name: "a step stops the task after the access",
			arrange: func() error {
				return errors.Join(task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0), task.PtraceSinglestep(true))
			},
			code: "TRAP_TRACE", text: "performed the access and was then stopped", value: 7,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.arrange(); err != nil {
				t.Fatal(err)
			}
			var s *sim.Signal
			err := task.Store(0x1000, 8, 7)
			if !errors.As(err, &s) || s.Info.CodeName() != c.code || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("Store = %v, want %s: ... %s", err, c.code, c.text)
			}
			must(t, task.PtraceSet(hwdebug.HwWatch, 0, 0x1000, 0))
			must(t, task.PtraceSinglestep(false))
			if v, err := task.Load(0x1000, 8); v != c.value || err != nil {
				t.Errorf("Load = %d, %v; want %d, nil", v, err, c.value)
			}
		})
	}
}
