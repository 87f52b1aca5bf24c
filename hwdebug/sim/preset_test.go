// Presets, machines of unequal cores, and what an external debugger sets.

package sim_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestPresetRegisters: the fields of each core follow from its ID_AA64DFR0_EL1, which a machine of it reads.
func TestPresetRegisters(t *testing.T) {
	for _, p := range sim.Presets() {
		m := newMachine(t, sim.Config{CPUs: 1, CPU: p.Name})
		d := arm64.IDAA64DFR0(p.DFR0)
		got := m.CPU(0).IDAA64DFR0()
		if got != p.DFR0 || d.BRPs() != p.BRPs || d.WRPs() != p.WRPs || p.Source == "" {
			t.Errorf("%s reads %#x, want %#x with %d and %d registers", p.Name, got, p.DFR0, p.BRPs, p.WRPs)
		}
		if v := d.DebugVer(); v < 6 || v > 11 || v != p.DebugVer || d.CTXCMPs() != 2 || p.UAO != (v > 6) {
			t.Errorf("%s: debug version %d, %d context-aware breakpoints, UAO %v", p.Name, v, d.CTXCMPs(),
				p.UAO)
		}
	}
	m := newMachine(t, sim.Config{CPUs: 1, CPU: "cortex-a710", BRPs: 4, WRPs: 2})
	if got := m.CPU(0).IDAA64DFR0(); got != 0x11f010103619 {
		t.Errorf("with 4 and 2 registers: %#x, want 0x11f010103619", got)
	}
}

// TestCoresOfEachCPU: each CPU has the counts and the register of its own core, and the kernel takes what all
// have (R-REG-9, 32).
func TestCoresOfEachCPU(t *testing.T) {
	m := newMachine(t, sim.Config{Cores: []string{"cortex-a55", "cortex-a55", "cortex-a78ae"}})
	if m.NrCPUs() != 3 || m.CPU(1).IDAA64DFR0() != 0x10305408 || m.CPU(2).IDAA64DFR0() != 0x110305408 {
		t.Errorf("%d CPUs, %#x, %#x", m.NrCPUs(), m.CPU(1).IDAA64DFR0(), m.CPU(2).IDAA64DFR0())
	}
	m = newMachine(t, sim.Config{Cores: []string{"cortex-a53", "max"}})
	info, err := newTask(t, m, "t", 0).PtraceInfo(hwdebug.HwWatch)
	must(t, err)
	if m.CoreNumBRPs() != 6 || m.CPU(1).BRPs() != 16 || info != 0x604 {
		t.Errorf("kernel uses %d, cpu1 has %d, info %#x; want 6, 16, 0x604",
			m.CoreNumBRPs(), m.CPU(1).BRPs(), info)
	}
	for _, cfg := range []sim.Config{
		{CPUs: 3, Cores: []string{"cortex-a53"}},
		{Cores: []string{"cortex-a53", ""}},
		{Cores: []string{"cortex-b1"}},
	} {
		var e *sim.OptionError
		if _, err := sim.New(cfg); !errors.As(err, &e) || e.Option != "cpu" {
			t.Errorf("cores %q: %v, want an error about cpu", cfg.Cores, err)
		}
	}
}

// TestHaltingDebug: HDE shows in MDSCR_EL1, survives the kernel's writes, and halts the CPU at a debug event;
// bringing the CPU up clears the debugger's registers all the same (R-MON-9, R-HP-2).
func TestHaltingDebug(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		const hde = 1 << 14
		c := m.CPU(1)
		must(t, c.WriteMDSCR(hde, 0))
		must(t, c.WriteWbReg(arm64.WVR, 3, addrA))
		must(t, c.WriteWbReg(arm64.WCR, 3, 0x1ff3))
		ev, err := m.PerfEventCreateKernelCounter(kernelW(addrA+64, 8), 1, nil, nil)
		must(t, err)
		if v, err := c.MDSCR(); v != 0xf000 || err != nil {
			t.Errorf("MDSCR_EL1 is %#x, %v, want 0xf000", v, err)
		}
		if err := c.Store(addrA, 8, 1); err == nil || !strings.Contains(err.Error(), "halts "+
			"in Debug state") {
			t.Errorf("a store that matches = %v, want a halt", err)
		}
		must(t, m.PerfEventReleaseKernel(ev))
		must(t, m.CPUDown(1))
		must(t, m.CPUUp(1))
		if v, err := c.Reg(arm64.WCR, 3); v != 0 || err != nil {
			t.Errorf("WCR 3 is %#x, %v after the CPU came up, want 0", v, err)
		}
		must(t, c.WriteMDSCR(0, hde))
		if v, err := c.MDSCR(); v != 0x1000 || err != nil {
			t.Errorf("MDSCR_EL1 is %#x, %v, want 0x1000", v, err)
		}
		if err := c.WriteMDSCR(1<<5, 0); err == nil {
			t.Error("an unknown bit is accepted")
		}
	})
}

// TestOSLock: while the OS lock is locked nothing is hit and a step never ends; bringing the CPU up
// unlocks it (R-MON-10).
func TestOSLock(t *testing.T) {
	onProfiles(t, func(t *testing.T, m *sim.Machine, _ *sim.Task) {
		c, task := m.CPU(1), newTask(t, m, "u", 1)
		ev, err := m.PerfEventOpen(userW(userAddr), task, -1)
		must(t, err)
		must(t, c.WriteOSLAR(1))
		must(t, task.PtraceSinglestep(true))
		must(t, task.Store(userAddr, 8, 1))
		if v, err := c.OSLSR(); v != 0xa || err != nil || ev.Count() != 0 {
			t.Errorf("OSLSR_EL1 %#x, %v, %d hits; want 0xa and none", v, err, ev.Count())
		}
		must(t, task.PtraceSinglestep(false))
		must(t, task.Migrate(0))
		must(t, m.CPUDown(1))
		must(t, m.CPUUp(1))
		must(t, task.Migrate(1))
		must(t, task.Store(userAddr, 8, 1))
		if v, err := c.OSLSR(); v != 8 || err != nil || ev.Count() != 1 {
			t.Errorf("OSLSR_EL1 %#x, %v, %d hits; want 8 and one", v, err, ev.Count())
		}
	})
}
