// What an embedder does with a machine.

package sim_test

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// watchpoint returns the attributes of a watchpoint for stores to 8 bytes, as a driver sets them.
func watchpoint(addr uint64) hwdebug.Attr {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, addr, 8
	return a
}

func Example() {
	m, err := sim.New(sim.Config{CPUs: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	a := watchpoint(0xffffff8008c5a000)
	_, err = m.RegisterWideHwBreakpoint(a, func(ev *sim.Event, hit *sim.Hit) error {
		fmt.Printf("%s on cpu%d: store of %d bytes to 0x%x\n", ev.Label(), hit.CPU, hit.Size, hit.Addr)
		return m.PerfEventDisable(ev) // otherwise the instruction hits again: arm64 does not step over it
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	wcr, err := m.CPU(1).Reg(arm64.WCR, 0)
	fmt.Printf("DBGWCR0_EL1 of cpu1: 0x%x, error %v\n", wcr, err)
	if err := m.CPU(1).Store(0xffffff8008c5a004, 4, 1); err != nil {
		fmt.Println(err)
	}
	// Output:
	// DBGWCR0_EL1 of cpu1: 0x1ff3, error <nil>
	// w2 on cpu1: store of 4 bytes to 0xffffff8008c5a004
}

// The fifth watchpoint does not fit into four registers. Why says who holds them.
func ExampleMachine_Why() {
	m, err := sim.New(sim.Config{CPUs: 1, WRPs: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	for i := range uint64(5) {
		_, err = m.RegisterWideHwBreakpoint(watchpoint(0xffffff8008c5a000+8*i), nil)
	}
	fmt.Println(errors.Is(err, syscall.ENOSPC))
	why := m.Why()
	fmt.Println(why.Found)
	for _, h := range why.Holders {
		fmt.Println(h.String())
	}
	// Output:
	// true
	// 4 of 4 watchpoint slots reserved on cpu0
	// w1: w at 0xffffff8008c5a000 len 8, cpu0, active in slot 0
	// w2: w at 0xffffff8008c5a008 len 8, cpu0, active in slot 1
	// w3: w at 0xffffff8008c5a010 len 8, cpu0, active in slot 2
	// w4: w at 0xffffff8008c5a018 len 8, cpu0, active in slot 3
}

// A delay is rounded up to jiffies, and the timer wheel adds one.
func ExampleMachine_ScheduleDelayedWork() {
	m, err := sim.New(sim.Config{CPUs: 2, HZ: 250})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	work := m.NewDelayedWork("poll", func() error {
		fmt.Println("poll runs at", m.Now())
		return nil
	})
	if _, err := m.ScheduleDelayedWork(work, 10*time.Millisecond); err != nil {
		fmt.Println(err)
	}
	if err := m.Msleep(5 * time.Millisecond); err != nil {
		fmt.Println(err)
	}
	fmt.Println("at", m.Now(), "it is", work.State())
	if _, err := m.Run(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// at 5ms it is armed
	// poll runs at 16ms
}

// A CPU that goes down loses its events; they are not installed again when it comes up.
func ExampleMachine_CPUDown() {
	m, err := sim.New(sim.Config{CPUs: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	w, err := m.RegisterWideHwBreakpoint(watchpoint(0xffffff8008c5a000), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ev, err := w.Event(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ev.Label(), ev.State())
	for _, call := range []func(int) error{m.CPUDown, m.CPUUp} {
		if err := call(1); err != nil {
			fmt.Println(err)
		}
		wcr, err := m.CPU(1).Reg(arm64.WCR, 0)
		fmt.Printf("%s %v, DBGWCR0_EL1 0x%x, error: %v\n", ev.Label(), ev.State(), wcr, err)
	}
	_, err = m.CPU(7).Reg(arm64.WCR, 0)
	fmt.Println(errors.Is(err, sim.ErrNoCPU), err)
	// Output:
	// w2 active
	// w2 off, DBGWCR0_EL1 0x0, error: cpu1 is offline; fix: bring it up (cpu_up)
	// w2 off, DBGWCR0_EL1 0x0, error: <nil>
	// true there is no cpu7; the machine has CPUs 0 to 1
}

// A closed machine can be read. Whatever would change it fails.
func ExampleMachine_Close() {
	m, err := sim.New(sim.Config{CPUs: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := m.RegisterWideHwBreakpoint(watchpoint(0xffffff8008c5a000), nil); err != nil {
		fmt.Println(err)
	}
	m.Close()
	_, err = m.RegisterWideHwBreakpoint(watchpoint(0xffffff8008c5a008), nil)
	fmt.Println(errors.Is(err, sim.ErrClosed), err)
	wvr, err := m.CPU(0).Reg(arm64.WVR, 0)
	fmt.Printf("0x%x %v\n", wvr, err)
	// Output:
	// true the machine is closed
	// 0xffffff8008c5a000 <nil>
}
