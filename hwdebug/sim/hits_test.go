// Hits that the vectors do not reach (spec 1.5 and chapter 6).

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

// TestHitsOfVHE: a kernel at EL2 is watched by the pairs with HMC, which R-REG-13 gives it; its user is at
// EL0 as ever.
func TestHitsOfVHE(t *testing.T) {
	const hmc = 1 << 13
	on := func(t *testing.T, kernel string, vhe bool) (*sim.Machine, *sim.Event) {
		m := newMachine(t, sim.Config{CPUs: 1, VHE: vhe, Kernel: kernel})
		return m, open(t, m, kernelRW(addrA, false), nil, 0)
	}
	onEvery(t, "R-REG-24 a kernel at EL2 hits what has HMC, and is stepped over it", func(t *testing.T, kernel string) {
		m, ev := on(t, kernel, true)
		w := watch(t, m, 0)
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if ev.Count() != 1 {
			t.Errorf("%d hits", ev.Count())
		}
		w.want("stored", "WCR0=0x3ffa M=0xb001 WCR0=0x3ffb M=0xb000")
		x := kernelRW(K+0x100, false)
		x.Type, x.Len = hwdebug.X, 4
		bp := open(t, m, x, nil, 0)
		must(t, m.CPU(0).Exec(K+0x100))
		if bp.Count() != 1 {
			t.Errorf("%d hits of the breakpoint", bp.Count())
		}
	})
	onEvery(t, "R-REG-24 without HMC a pair for EL1 does not watch EL2", func(t *testing.T, kernel string) {
		m, ev := on(t, kernel, true)
		ctrl := reg(t, m, 0, arm64.WCR, 0)
		must(t, m.CPU(0).WriteWbReg(arm64.WCR, 0, ctrl&^hmc))
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if ev.Count() != 0 {
			t.Errorf("%d hits", ev.Count())
		}
	})
	onEvery(t, "R-REG-24 with HMC a pair for EL1 still watches EL1", func(t *testing.T, kernel string) {
		m, ev := on(t, kernel, false)
		ctrl := reg(t, m, 0, arm64.WCR, 0)
		must(t, m.CPU(0).WriteWbReg(arm64.WCR, 0, ctrl|hmc))
		must(t, m.CPU(0).Store(addrA, 8, 1))
		if ev.Count() != 1 {
			t.Errorf("%d hits", ev.Count())
		}
	})
	onEvery(t, "R-REG-24 user code and user copies by unprivileged instructions are EL0 under a VHE kernel too", func(t *testing.T, kernel string) {
		m, _ := on(t, kernel, true) // KDE is set by the kernel's watchpoint
		task := newTask(t, m, "t", 0)
		ev := open(t, m, userW(userAddr), task, -1)
		must(t, task.Store(userAddr, 4, 1))
		if ev.Count() != 1 {
			t.Errorf("%d hits by the user", ev.Count())
		}
		// 4.19 copies by ordinary instructions on this core (R-EXC-17), and since .191 the hit is not
		// reported (D-1).
		w := watch(t, m, 0)
		must(t, m.CPU(0).PutUser(userAddr, 4, 1))
		traps := ""
		if is61(kernel) {
			traps = "WCR1=0x1f4 WCR0=0x3ffa M=0xb001 WCR0=0x3ffb WCR1=0x1f5 M=0xb000"
		}
		w.want("copied to the user", traps)
		if ev.Count() != 1 {
			t.Errorf("%d hits after the copy", ev.Count())
		}
	})
}

// TestHandlerOfInheritedEvents: a copy has the original's handler, which is told of the original: no one
// has the copy in hand.
func TestHandlerOfInheritedEvents(t *testing.T) {
	onEvery(t, "R-EVT-22", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		parent := newTask(t, m, "parent", 1)
		a := userW(userAddr)
		a.Inherit = true
		var told []string
		ev, err := m.RegisterUserHwBreakpoint(a, func(ev *sim.Event, h *sim.Hit) error {
			told = append(told, ev.Label()+" by "+h.Task.Comm())
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
		if got := strings.Join(told, ", "); got != "w1 by child, w1 by parent" {
			t.Errorf("the handler was told of %s", got)
		}
		if ev.Count() != 2 {
			t.Errorf("%d hits, want the child's and the parent's (R-EVT-28)", ev.Count())
		}
	})
}

// TestHitsOfNoEvent: a slot that no event occupies is reported to nobody, whatever its registers hold
// (R-EXC-4, 6).
func TestHitsOfNoEvent(t *testing.T) {
	for _, c := range []struct {
		name        string
		value, ctrl int
		control     uint64
		access      func(c *sim.CPU) error
	}{
		{"a breakpoint", arm64.BVR, arm64.BCR, 0x1e3, func(c *sim.CPU) error { return c.Exec(addrA) }},
		{"a watchpoint", arm64.WVR, arm64.WCR, 0x1ffb, func(c *sim.CPU) error { return c.Store(addrA, 8, 1) }},
	} {
		onEvery(t, c.name, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
			open(t, m, kernelRW(addrB, false), nil, 0) // for MDE and KDE
			must(t, m.CPU(0).WriteWbReg(c.value, 1, addrA))
			must(t, m.CPU(0).WriteWbReg(c.ctrl, 1, c.control))
			if err := c.access(m.CPU(0)); err == nil || !strings.Contains(err.Error(), "belongs to no event") {
				t.Errorf("the access ended with %v", err)
			}
		})
	}
}

// TestWhichOfSeveralIsReported: of several watchpoints that match, the one whose registers were written
// longest ago is reported, and only what covers its address is hit (R-REG-23, R-EXC-8). It is also the
// first that a look finds which can end at it (R-REG-27).
func TestWhichOfSeveralIsReported(t *testing.T) {
	for _, stale := range []bool{false, true} {
		onEvery(t, fmt.Sprintf("R-REG-23, stale store bits %v", stale), func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, StaleWnR: stale})
			task := newTask(t, m, "t", 0)
			low, high := open(t, m, userW(userAddr), task, -1), open(t, m, userW(userAddr+4), task, -1)
			for _, step := range []struct {
				name      string
				low, high uint64 // hits so far
			}{
				{"as installed", 1, 0},
				{"after a write of the first pair", 1, 1},
				{"after the step over it, which writes in slot order", 2, 1},
			} {
				if step.high > high.Count() {
					must(t, m.CPU(0).WriteWbReg(arm64.WVR, 0, userAddr))
				}
				must(t, task.Store(userAddr, 8, 1))
				if low.Count() != step.low || high.Count() != step.high {
					t.Errorf("%s: %d and %d hits, want %d and %d", step.name, low.Count(), high.Count(), step.low, step.high)
				}
			}
		})
	}
}

// TestHandlerFails: an access ends with the error of the handler that it reached, and is not performed.
func TestHandlerFails(t *testing.T) {
	broken := errors.New("broken")
	for kind, typ := range map[hwdebug.Kind]hwdebug.BPType{hwdebug.Exec: hwdebug.X, hwdebug.Store: hwdebug.W} {
		onEvery(t, "of "+typ.String(), func(t *testing.T, kernel string) {
			s := newScene(t, kernel, nil)
			s.user(userAttr(typ, userAddr, 4), func(*sim.Event, *sim.Hit) error { return broken })
			after := s.user(userAttr(typ, userAddr, 4), nil) // in the slot that would be next
			a, err := s.task.Begin(kind, userAddr, 4, 7, 0)
			must(t, err)
			if done, err := a.Step(); done || !errors.Is(err, broken) {
				t.Errorf("the access is done: %v, with %v", done, err)
			}
			if done, err := a.Step(); !done || err != nil {
				t.Errorf("it does not end with it: %v, %v", done, err)
			}
			if after.Count() != 0 {
				t.Errorf("the next event is hit %d times", after.Count())
			}
			if v, err := s.task.Load(userAddr, 4); err != nil || v != 0 {
				t.Errorf("memory holds %d, %v", v, err)
			}
		})
	}
}

// TestAccessWithoutPC: an access that is given no pc is of no instruction, not of the one at 0.
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
			t.Errorf("it hits the breakpoint at 0 %d times", at0.Count())
		}
		must(t, s.task.Exec(0))
		if at0.Count() != 1 {
			t.Errorf("the instruction at 0 hits it %d times", at0.Count())
		}
	})
}

// TestKernelIsWatchedOnlyWithKDE: from EL1 to EL1 a debug exception needs KDE, and none is taken while one
// is handled (R-REG-19).
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
			_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), func(_ *sim.Event, h *sim.Hit) error {
				inHandler = access[kind](m.CPU(0))
				h.Skip = true
				return nil
			})
			must(t, err)
			must(t, m.CPU(0).Store(addrA, 8, 1))
			must(t, inHandler)
			if inner.Count() != 0 {
				t.Errorf("%d hits in the handler", inner.Count())
			}
			must(t, access[kind](m.CPU(0)))
			if inner.Count() != 1 {
				t.Errorf("%d hits outside it", inner.Count())
			}
		})
		onEvery(t, "R-REG-19 without KDE the kernel meets no "+kind, func(t *testing.T, kernel string) {
			m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
			open(t, m, userW(userAddr), nil, 0) // for MDE
			for _, w := range []struct {
				reg int
				v   uint64
			}{{arm64.BVR, at}, {arm64.BCR, 0x1e3}, {arm64.WVR, at}, {arm64.WCR, 0x1ffb}} {
				must(t, m.CPU(0).WriteWbReg(w.reg, 3, w.v))
			}
			must(t, access[kind](m.CPU(0))) // else it would trap again and again
		})
	}
}

// TestExcludedHits: what exclude_user and exclude_kernel keep out is not counted, and is stepped over all
// the same (R-EXC-12, 13).
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
	// 6.1 copies by unprivileged instructions, and reports such a hit to none anyway; 4.19.116 does report
	// it (D-1, R-EXC-17).
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

// TestInstructionsWriteNothing: an instruction that is executed is no store.
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
		t.Errorf("where they stand memory holds %d and %d", user, kernel)
	}
}

// TestAccessNeedsACPU: nothing is read or written on a CPU that is down, even where nothing is watched.
func TestAccessNeedsACPU(t *testing.T) {
	for name, off := range map[string]func(m *sim.Machine) error{
		"cpu1 is offline":   func(m *sim.Machine) error { return m.CPUDown(1) },
		"cpu1 is suspended": func(m *sim.Machine) error { return m.CPUSuspend(1) },
	} {
		m := newMachine(t, sim.Config{CPUs: 2})
		must(t, off(m))
		_, load := m.CPU(1).Load(addrA, 8)
		for _, err := range []error{load, m.CPU(1).Store(addrA, 8, 1), m.CPU(1).Exec(addrA), m.CPU(1).PutUser(userAddr, 4, 1)} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: the access ends with %v", name, err)
			}
		}
		if v, err := m.CPU(0).Load(addrA, 8); err != nil || v != 0 {
			t.Errorf("%s: memory holds %d, %v", name, v, err)
		}
	}
}
