// Hits that the vectors do not cover (spec 1.5 and chapter 6).

package sim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestHitsOfVHE: pairs with HMC watch a kernel at EL2 (R-REG-13). Its user code is at EL0.
func TestHitsOfVHE(t *testing.T) {
	const hmc = 1 << 13
	on := func(t *testing.T, kernel string, vhe bool) (*sim.Machine, *sim.Event) {
		m := newMachine(t, sim.Config{CPUs: 1, VHE: vhe, Kernel: kernel})
		return m, open(t, m, kernelRW(addrA, false), nil, 0)
	}
	onEvery(t, "R-REG-24 a kernel at EL2 hits pairs with HMC", func(t *testing.T, kernel string) {
		m, ev := on(t, kernel, true)
		w := watch(t, m, 0)
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if ev.Count() != 1 {
			t.Errorf("Count = %d, want 1", ev.Count())
		}
		w.want("stored", "WCR0=0x3ffa M=0xb001 WCR0=0x3ffb M=0xb000")
		x := kernelRW(K+0x100, false)
		x.Type, x.Len = hwdebug.X, 4
		bp := open(t, m, x, nil, 0)
		must(t, m.CPU(0).Exec(K+0x100))
		if bp.Count() != 1 {
			t.Errorf("Count of the breakpoint = %d, want 1", bp.Count())
		}
	})
	onEvery(t, "R-REG-24 without HMC a pair for EL1 does not watch EL2", func(t *testing.T, kernel string) {
		m, ev := on(t, kernel, true)
		ctrl := reg(t, m, 0, arm64.WCR, 0)
		must(t, m.CPU(0).WriteWbReg(arm64.WCR, 0, ctrl&^hmc))
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if ev.Count() != 0 {
			t.Errorf("Count = %d, want 0", ev.Count())
		}
	})
	onEvery(t, "R-REG-24 with HMC a pair for EL1 still watches EL1", func(t *testing.T, kernel string) {
		m, ev := on(t, kernel, false)
		ctrl := reg(t, m, 0, arm64.WCR, 0)
		must(t, m.CPU(0).WriteWbReg(arm64.WCR, 0, ctrl|hmc))
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if ev.Count() != 1 {
			t.Errorf("Count = %d, want 1", ev.Count())
		}
	})
	onEvery(t, "R-REG-24 LDTR and STTR under VHE are EL0 accesses", func(t *testing.T, kernel string) {
		m, _ := on(t, kernel, true) // KDE is set by the kernel's watchpoint
		task := newTask(t, m, "t", 0)
		ev := open(t, m, userW(userAddr), task, -1)
		must(t, task.Store(userAddr, 4, 1))
		if ev.Count() != 1 {
			t.Errorf("Count after a user access = %d, want 1", ev.Count())
		}
		// 4.19 copies with ordinary instructions on this core (R-EXC-17), and from .130 on does not report
		// the hit (D-1).
		w := watch(t, m, 0)
		must(t, m.CPU(0).PutUser(userAddr, 4, 1))
		traps := ""
		if is61(kernel) {
			traps = "WCR1=0x1f4 WCR0=0x3ffa M=0xb001 WCR0=0x3ffb WCR1=0x1f5 M=0xb000"
		}
		w.want("copied to the user", traps)
		if ev.Count() != 1 {
			t.Errorf("Count after the copy = %d, want 1", ev.Count())
		}
	})
}

// TestHandlerOfInheritedEvents: a copy calls the original's handler and passes it the original event.
func TestHandlerOfInheritedEvents(t *testing.T) {
	onEvery(t, "R-EVT-22", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		parent := newTask(t, m, "parent", 1)
		a := userW(userAddr)
		a.Inherit = true
		var calls []string
		ev, err := m.RegisterUserHwBreakpoint(a, func(ev *sim.Event, h *sim.Hit) error {
			calls = append(calls, ev.Label()+" by "+h.Task.Comm())
			h.Skip = true
			return nil
		}, parent)
		must(t, err)
		child, err := parent.Fork("child", 0)
		must(t, err)
		must(t, m.CPU(1).ContextSwitch(nil)) // a direct switch would exchange the contexts (R-CTX-19)
		must(t, child.Store(userAddr, 4, 1))
		must(t, m.CPU(1).ContextSwitch(nil))
		must(t, parent.Store(userAddr, 4, 1))
		if got := strings.Join(calls, ", "); got != "w1 by child, w1 by parent" {
			t.Errorf("the handler got %s, want w1 by child, w1 by parent", got)
		}
		if ev.Count() != 2 {
			t.Errorf("Count = %d, want 2, the child's and the parent's (R-EVT-28)", ev.Count())
		}
	})
}

// TestHitsOfNoEvent: a hit of registers that no event occupies is not reported (R-EXC-4, 6).
func TestHitsOfNoEvent(t *testing.T) {
	for _, c := range []struct {
		name        string
		value, ctrl int
		control     uint64
		access      func(c *sim.CPU) error
	}{
		{
			name: "a breakpoint", value: arm64.BVR, ctrl: arm64.BCR, control: 0x1e3,
			access: func(c *sim.CPU) error { return c.Exec(addrA) },
		},
		{
			name: "a watchpoint", value: arm64.WVR, ctrl: arm64.WCR, control: 0x1ffb,
			access: func(c *sim.CPU) error { return c.Store(addrA, 8, 1) },
		},
	} {
		onEvery(t, c.name, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
			open(t, m, kernelRW(addrB, false), nil, 0) // for MDE and KDE
			must(t, m.CPU(0).WriteWbReg(c.value, 1, addrA))
			must(t, m.CPU(0).WriteWbReg(c.ctrl, 1, c.control))
			err := c.access(m.CPU(0))
			if err == nil || !strings.Contains(err.Error(), "belongs to no event") {
				t.Errorf("the access returns %v, want an error about a register without an event", err)
			}
		})
	}
}

// TestWhichOfSeveralIsReported: if several watchpoints match, the core reports the address of the one whose
// registers were written longest ago, and only events that cover that address are hit (R-REG-23, R-EXC-8).
// The same holds for a core that compares its pairs one by one (R-REG-27).
func TestWhichOfSeveralIsReported(t *testing.T) {
	for _, stale := range []bool{false, true} {
		onEvery(t, fmt.Sprintf("R-REG-23, stale store bits %v", stale), func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, StaleWnR: stale})
			task := newTask(t, m, "t", 0)
			low := open(t, m, userW(userAddr), task, -1)
			high := open(t, m, userW(userAddr+4), task, -1)
			for _, step := range []struct {
				name      string
				low, high uint64 // total hits
			}{
				{name: "as installed", low: 1, high: 0},
				{name: "after a write of the first pair", low: 1, high: 1},
				{name: "after the step over it, which writes in slot order", low: 2, high: 1},
			} {
				if step.high > high.Count() {
					must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, userAddr))
				}
				must(t, task.Store(userAddr, 8, 1))
				if low.Count() != step.low || high.Count() != step.high {
					t.Errorf("%s: %d and %d hits, want %d and %d",
						step.name, low.Count(), high.Count(), step.low, step.high)
				}
			}
		})
	}
}

// TestHandlerFails: an access returns the error of its first handler and is not performed.
func TestHandlerFails(t *testing.T) {
	broken := errors.New("broken")
	types := map[hwdebug.Kind]hwdebug.BPType{hwdebug.Exec: hwdebug.X, hwdebug.Store: hwdebug.W}
	for kind, typ := range types {
		onEvery(t, "of "+typ.String(), func(t *testing.T, kernel string) {
			s := newScene(t, kernel, nil)
			s.user(userAttr(typ, userAddr, 4), func(*sim.Event, *sim.Hit) error { return broken })
			after := s.user(userAttr(typ, userAddr, 4), nil) // in the next slot
			a, err := s.task.Begin(kind, userAddr, 4, 7, 0)
			must(t, err)
			if done, err := a.Step(); done || !errors.Is(err, broken) {
				t.Errorf("first Step = %v, %v; want false, %v", done, err, broken)
			}
			if done, err := a.Step(); !done || err != nil {
				t.Errorf("second Step = %v, %v; want true, nil", done, err)
			}
			if after.Count() != 0 {
				t.Errorf("Count of the next event = %d, want 0", after.Count())
			}
			if v, err := s.task.Load(userAddr, 4); err != nil || v != 0 {
				t.Errorf("memory after the access = %d, %v; want 0, nil", v, err)
			}
		})
	}
}

// TestAccessWithoutPC: an access without a pc does not hit a breakpoint at 0.
func TestAccessWithoutPC(t *testing.T) {
	onEvery(t, "R-REG-21", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		at0 := s.user(userAttr(hwdebug.X, 0, 4), nil)
		a, err := s.task.Begin(hwdebug.Store, userAddr, 4, 7, 0)
		must(t, err)
		for done := false; !done; {
			done, err = a.Step()
			must(t, err)
		}
		if at0.Count() != 0 {
			t.Errorf("Count after the access = %d, want 0", at0.Count())
		}
		must(t, s.task.Exec(0))
		if at0.Count() != 1 {
			t.Errorf("Count after the instruction at 0 = %d, want 1", at0.Count())
		}
	})
}

// TestKernelIsWatchedOnlyWithKDE: a debug exception from EL1 needs KDE and an unmasked PSTATE.D (R-REG-19).
func TestKernelIsWatchedOnlyWithKDE(t *testing.T) {
	const at = K + 0x100
	access := map[string]func(c *sim.CPU) error{
		"breakpoint": func(c *sim.CPU) error { return c.Exec(at) },
		"watchpoint": func(c *sim.CPU) error { return c.Store(at, 8, 1) },
	}
	attr := map[string]hwdebug.Attr{"breakpoint": kernelRW(at, false), "watchpoint": kernelRW(at, false)}
	x := attr["breakpoint"]
	x.Type, x.Len = hwdebug.X, 4
	attr["breakpoint"] = x
	for kind := range access {
		onEvery(t, "R-REG-19 PSTATE.D masks a "+kind, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
			inner := open(t, m, attr[kind], nil, 0)
			var inHandler error
			handler := func(_ *sim.Event, h *sim.Hit) error {
				inHandler = access[kind](m.CPU(0))
				h.Skip = true
				return nil
			}
			_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), handler)
			must(t, err)
			must(t, m.CPU(0).Store(addrA, 8, 1))
			must(t, inHandler)
			if inner.Count() != 0 {
				t.Errorf("Count in the handler = %d, want 0", inner.Count())
			}
			must(t, access[kind](m.CPU(0)))
			if inner.Count() != 1 {
				t.Errorf("Count outside the handler = %d, want 1", inner.Count())
			}
		})
		onEvery(t, "R-REG-19 without KDE the kernel hits no "+kind, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
			open(t, m, userW(userAddr), nil, 0) // for MDE
			for _, w := range []struct {
				reg int
				v   uint64
			}{{arm64.BVR, at}, {arm64.BCR, 0x1e3}, {arm64.WVR, at}, {arm64.WCR, 0x1ffb}} {
				must(t, m.CPU(0).WriteWbReg(w.reg, 3, w.v))
			}
			must(t, access[kind](m.CPU(0))) // a hit would trap forever
		})
	}
}

// TestExcludedHits: hits excluded by exclude_user or exclude_kernel are stepped over but not counted
// (R-EXC-12, 13).
func TestExcludedHits(t *testing.T) {
	onEvery(t, "R-EXC-12 exclude_user", func(t *testing.T, kernel string) {
		s := newScene(t, kernel, nil)
		a := userAttr(hwdebug.W, userAddr, 4)
		a.ExcludeUser = true
		s.user(a, nil)
		must(t, s.task.Store(userAddr, 4, 7))
		s.wantW("stepped", "WCR0=0x1f4 WCR0=0x1f5")
		s.wantCounts("by the user", "0")
	})
	// 6.1 copies with unprivileged instructions and never reports such a hit; 4.19.116 reports it (D-1,
	// R-EXC-17).
	for exclude, want := range map[bool]string{false: "1", true: "0"} {
		t.Run(fmt.Sprintf("R-EXC-12 exclude_kernel %v", exclude), func(t *testing.T) {
			s := newScene(t, "4.19.116", func(c *sim.Config) { c.CPU = "cortex-a76" })
			open(t, s.m, kernelRW(addrA, false), nil, 0) // for KDE
			a := userAttr(hwdebug.W, userAddr, 4)
			a.ExcludeKernel = exclude
			s.user(a, nil)
			must(t, s.m.CPU(0).PutUser(userAddr, 4, 7))
			s.wantCounts("by a user copy", want)
		})
	}
}

// TestInstructionsWriteNothing: executing an instruction does not change memory.
func TestInstructionsWriteNothing(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 1})
	task := newTask(t, m, "t", 0)
	must(t, task.Store(userAddr, 4, 7))
	must(t, task.Exec(userAddr))
	must(t, m.CPU(0).Store(addrA, 4, 7))
	must(t, m.CPU(0).Exec(addrA))
	user, err := task.Load(userAddr, 4)
	must(t, err)
	kernel, err := m.CPU(0).Load(addrA, 4)
	must(t, err)
	if user != 7 || kernel != 7 {
		t.Errorf("memory at the instructions = %d and %d, want 7 and 7", user, kernel)
	}
}

// TestAccessNeedsACPU: a CPU that is offline or suspended performs no access, watched or not.
func TestAccessNeedsACPU(t *testing.T) {
	for name, off := range map[string]func(m *sim.Machine) error{
		"cpu1 is offline":   func(m *sim.Machine) error { return m.CPUDown(1) },
		"cpu1 is suspended": func(m *sim.Machine) error { return m.CPUSuspend(1) },
	} {
		m := newMachine(t, sim.Config{CPUs: 2})
		must(t, off(m))
		_, load := m.CPU(1).Load(addrA, 8)
		for _, err := range []error{
			load, m.CPU(1).Store(addrA, 8, 1), m.CPU(1).Exec(addrA), m.CPU(1).PutUser(userAddr, 4, 1),
		} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("access on CPU 1 = %v, want an error that says %q", err, name)
			}
		}
		if v, err := m.CPU(0).Load(addrA, 8); err != nil || v != 0 {
			t.Errorf("%s: memory = %d, %v; want 0, nil", name, v, err)
		}
	}
}
