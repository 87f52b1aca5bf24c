// Ways in, as a Go program takes them.

package bindings_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// A script drives a machine, and an errno that it passes on is still an errno in Go.
func ExampleHardware() {
	prog, err := vm.Compile("fifth.lua", `
local m = hw.machine { cpus = 2, wrps = 4 }
for i = 0, 3 do
  assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000 + 8 * i, len = 8 })
end
print(hw.explain(m.cpu[1].wcr[3]))
assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a100, len = 8 })`)
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := vm.New(vm.Config{Stdout: os.Stdout, Modules: []vm.Module{bindings.Hardware()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	_, err = rt.Run(context.Background(), prog)
	fmt.Println(errors.Is(err, syscall.ENOSPC))
	// Output:
	// watchpoint on stores from EL1 to 8 bytes at +0, enabled
	// true
}

// A machine of the embedder's choice is there as m, and every machine that scripts make is seen.
func ExampleHardwareWith() {
	made := 0
	module := bindings.HardwareWith(bindings.Options{
		Machine: &sim.Config{CPUs: 8, Kernel: "6.1"},
		Made:    func(*sim.Machine) { made++ },
	})
	rt, err := vm.New(vm.Config{Stdout: os.Stdout, Modules: []vm.Module{module}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	prog, err := vm.Compile("there.lua", `print(m.nr_cpus, m.kernel) hw.machine { cpus = 1 }`)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := rt.Run(context.Background(), prog); err != nil {
		fmt.Println(err)
	}
	fmt.Println(made)
	// Output:
	// 8	6.1.192
	// 2
}

// The description gives help on each of its entries, and the nearest name for a misspelt one.
func Example_description() {
	x := bindings.Index()
	e := x.Lookup("m:unregister_hw_breakpoint")[0]
	fmt.Print(x.Help(e, 80))
	near, _ := x.Near("perf_event_opne")
	fmt.Println("\n" + near)
	// Output:
	// m:unregister_hw_breakpoint(ev: event|nil) -> true
	//   Release a registered event, or the event of one CPU of a wide registration:
	//   w[cpu] is nil then. For nil it does nothing.
	//   ev              the event, or nil
	//   kernel          kernel/events/hw_breakpoint.c
	//
	//     local t = m:task {}
	//     local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t })
	//     m:unregister_hw_breakpoint(ev)
	//
	// perf_event_open
}
