package bindings_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// A failed assert.regs holds the registers that differ and their fields.
func TestRegisterDiffs(t *testing.T) {
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	p, err := vm.Compile("t.lua", `
local m = hw.machine { cpus = 1 }
m.cpu[0]:write_wb_reg("WCR", 0, 0x1ff2)
m.cpu[0]:write_wb_reg("WVR", 1, 0xffffff8008c5a008)
assert.regs(m, { wcr = { [0] = 0x1ff3 }, wvr = { [1] = 0xffffff8008c5a000 }, mdscr_el1 = 0 })`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = rt.Run(context.Background(), p)
	var f *vm.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a *vm.Failure", err)
	}
	var b strings.Builder
	for _, r := range f.Registers {
		fmt.Fprintln(&b, r.CPU, r.Field, r.Name, vm.Hex(r.Expected, r.Digits), vm.Hex(r.Found, r.Digits))
		for _, f := range r.Fields {
			fmt.Fprintf(&b, "  %s\n    %s\n    %s\n", f.Name, f.Expected, f.Found)
		}
	}
	const want = `cpu0 wvr[1] DBGWVR1_EL1 0xffffff8008c5a000 0xffffff8008c5a008
  VA
    0xffffff8008c5a000
    0xffffff8008c5a008
cpu0 wcr[0] DBGWCR0_EL1 0x1ff3 0x1ff2
  E
    1
    0 (enabled -> disabled)
cpu0 mdscr_el1 MDSCR_EL1 0x0000 0x1000
  TDCC
    0
    1 (EL0 may use the communication channel -> EL0 access to the communication channel traps)
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// Defaults fill in what a script leaves open, and Made sees every machine.
func TestDefaultsAndMade(t *testing.T) {
	var made []*sim.Machine
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.HardwareWith(bindings.Options{
		Machine:  &sim.Config{CPUs: 1},
		Defaults: sim.Config{CPUs: 2, WRPs: 8, Kernel: "6.1"},
		Made:     func(m *sim.Machine) { made = append(made, m) },
	})}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	p, err := vm.Compile("t.lua", `
local a, b = hw.machine {}, hw.machine { cpus = 3, kernel = "4.19" }
return m.nr_cpus, a.nr_cpus, a.core_num_wrps, a.kernel, b.nr_cpus, b.kernel`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := rt.Run(context.Background(), p)
	if s := fmt.Sprintln(got...); err != nil || s != "1 2 8 6.1.192 3 4.19.116\n" {
		t.Errorf("got %q, %v", s, err)
	}
	if len(made) != 3 || made[2].NrCPUs() != 3 {
		t.Errorf("%d machines were seen, want 3 in order", len(made))
	}
}
