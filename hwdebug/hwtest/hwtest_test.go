// The suite tests the model, and targets with one fault each test the suite.

package hwtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/conform"
	"github.com/hwlua/hwlua/hwdebug/hwtest"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

func model(meta conform.Meta) (*sim.Target, error) {
	m, err := sim.New(sim.Recording(meta.CPUs, meta.BRPs, meta.WRPs, meta.Kernel()))
	if err != nil {
		return nil, err
	}
	return m.Target(), nil
}

func TestModel(t *testing.T) {
	hwtest.Run(t, func(meta conform.Meta) (hwdebug.Target, error) { return model(meta) })
}

// A broken target is the model with one fault.
type broken struct {
	*sim.Target
	fault string
}

// faults maps each fault to a subtest that must find it.
var faults = map[string]string{
	"counts every hit twice":           "contract/an_event_counts",
	"does not count stores of 1":       "selftest/event",
	"gives no slot back":               "contract/a_close_releases",
	"answers EINVAL for ENOSPC":        "contract/as_many_events",
	"reads KDE set":                    "recorded/A",
	"enables what is disabled":         "contract/disable_and_enable",
	"lies about hotplug":               "contract/supported_features",
	"traps one byte too high":          "contract/a_debugger's",
	"loses the last wide registration": "contract/a_wide_event_takes",
	"denies tasks without a reason":    "contract/supported_features",
}

func (b *broken) Supports(f hwdebug.Feature) error {
	switch {
	case b.fault == "lies about hotplug":
		return nil
	case b.fault == "denies tasks without a reason" && f == hwdebug.FeatureTasks:
		return fmt.Errorf("")
	}
	return b.Target.Supports(f)
}

func (b *broken) Read(id hwdebug.EventID) (uint64, bool, error) {
	n, ok, err := b.Target.Read(id)
	if b.fault == "counts every hit twice" {
		n *= 2
	}
	return n, ok, err
}

func (b *broken) Access(task hwdebug.TaskID, k hwdebug.Kind, addr uint64, size int) (hwdebug.Trap, error) {
	if b.fault == "does not count stores of 1" && size == 1 {
		return hwdebug.Trap{}, nil
	}
	trap, err := b.Target.Access(task, k, addr, size)
	if trap.N > 0 && b.fault == "traps one byte too high" {
		trap.Addr++
	}
	return trap, err
}

func (b *broken) Open(a hwdebug.Attr, task hwdebug.TaskID, cpu int) (hwdebug.EventID, error) {
	if b.fault == "enables what is disabled" {
		a.Disabled = false
	}
	id, err := b.Target.Open(a, task, cpu)
	if b.fault == "answers EINVAL for ENOSPC" && hwdebug.Errno(err) == syscall.ENOSPC {
		return 0, syscall.EINVAL
	}
	return id, err
}

func (b *broken) Close(id hwdebug.EventID) error {
	if b.fault == "gives no slot back" {
		return b.Target.Disable(id)
	}
	return b.Target.Close(id)
}

func (b *broken) UnregisterWide(id hwdebug.EventID) error {
	if b.fault == "loses the last wide registration" {
		return nil
	}
	return b.Target.UnregisterWide(id)
}

func (b *broken) DumpCPU(cpu int, r *hwdebug.Regs) error {
	err := b.Target.DumpCPU(cpu, r)
	if b.fault == "reads KDE set" {
		r.MDSCR |= 1 << 13
	}
	return err
}

const faultVariable = "HWTEST_FAULT"

// TestBroken runs the suite on a target with the fault that the environment names;
// TestSuiteFindsEachFault starts it.
func TestBroken(t *testing.T) {
	fault := os.Getenv(faultVariable)
	if fault == "" {
		t.Skip("no fault is set; TestSuiteFindsEachFault runs this test with each fault")
	}
	hwtest.Run(t, func(meta conform.Meta) (hwdebug.Target, error) {
		m, err := model(meta)
		return &broken{Target: m, fault: fault}, err
	})
}

func TestSuiteFindsEachFault(t *testing.T) {
	if os.Getenv(faultVariable) != "" {
		t.Skip("this is a child process")
	}
	for fault, finder := range faults {
		t.Run(fault, func(t *testing.T) {
			group, name, _ := strings.Cut(finder, "/")
			cmd := exec.Command(os.Args[0],
				"-test.run=^TestBroken$/"+group+"$/^"+strings.ReplaceAll(name, "'", "."))
			cmd.Env = append(os.Environ(), faultVariable+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestBroken/"+finder) {
				t.Errorf("%s did not fail with the fault %q: %v\n%.2000s", finder, fault, err, out)
			}
		})
	}
}

// A blind target is the model without registers to read.
type blind struct{ *sim.Target }

func (b blind) Supports(f hwdebug.Feature) error {
	if f == hwdebug.FeatureRegisters {
		return hwdebug.NotSupported(string(f), "this board does not show its registers")
	}
	return b.Target.Supports(f)
}

func (b blind) DumpCPU(int, *hwdebug.Regs) error { panic("read the registers of a blind target") }

func (b blind) DumpTask(hwdebug.TaskID, *hwdebug.Regs) error {
	panic("read the registers of a blind target")
}

// TestBlind: a target without registers replays the recordings all the same; a fault in what it counts is
// found.
func TestBlind(t *testing.T) {
	hwtest.Run(t, func(meta conform.Meta) (hwdebug.Target, error) {
		m, err := model(meta)
		return blind{m}, err
	})
}
