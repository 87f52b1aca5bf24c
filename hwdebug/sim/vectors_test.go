// The test vectors of spec 12.1 to 12.3 and 12.5, each under its own name, on every kernel that it covers.

package sim_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// K is the kernel address of chapter 12; A, B and C are its three kernel watchpoints.
const (
	K        = 0xffffff8008080000
	addrA    = K
	addrB    = K + 8
	addrC    = K + 16
	userAddr = 0x400000
	kernelOn = "0x1ffb" // control of A, B and C
	userOn   = "0x1f5"
)

// vectorMachine returns the machine of chapter 12: 2 CPUs, 6 breakpoints, 4 watchpoints, VA_BITS 39, HZ 250.
func vectorMachine(t *testing.T, kernel string) *sim.Machine {
	return newMachine(t, sim.Config{CPUs: 2, BRPs: 6, WRPs: 4, VABits: 39, HZ: 250, Kernel: kernel})
}

// onEvery runs a subtest on every kernel.
func onEvery(t *testing.T, name string, f func(t *testing.T, kernel string)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, kernel := range sim.Profiles() {
			t.Run(kernel, func(t *testing.T) { f(t, kernel) })
		}
	})
}

// since reports whether a kernel is that release or a later one.
func since(kernel, first string) bool {
	return slices.Index(sim.Profiles(), kernel) >= slices.Index(sim.Profiles(), first)
}

func is61(kernel string) bool { return since(kernel, "6.1.176") }

// refusesOverflow reports whether a range beyond its doubleword is EINVAL (D-4).
func refusesOverflow(kernel string) bool { return since(kernel, "6.1.192") && kernel != "6.18.15" }

// open opens an event and fails the test if it cannot.
func open(t *testing.T, m *sim.Machine, a hwdebug.Attr, task *sim.Task, cpu int) *sim.Event {
	t.Helper()
	ev, err := m.PerfEventOpen(a, task, cpu)
	must(t, err)
	return ev
}

// kernelRW returns the attributes of A, B and C: a pinned watchpoint on loads and stores of 8 bytes.
func kernelRW(addr uint64, disabled bool) hwdebug.Attr {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len, a.Disabled = hwdebug.RW, addr, 8, disabled
	return a
}

// userW returns the attributes of a pinned watchpoint on stores of 4 bytes.
func userW(addr uint64) hwdebug.Attr {
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = hwdebug.W, addr, 4
	return a
}

// TestVectorsRegisters runs V-1 to V-11.
func TestVectorsRegisters(t *testing.T) {
	onEvery(t, "V-1", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		w := watch(t, m, 1)
		must(t, m.CPU(1).WriteWbReg(arm64.WVR, 3, addrA))
		w.want("write (WVR, 3)", "WVR3=0xffffff8008080000")
		if got := reg(t, m, 1, arm64.WVR, 3); got != addrA {
			t.Errorf("DBGWVR3_EL1 = %#x, want %#x", got, uint64(addrA))
		}
		if name := arm64.RegName(arm64.WVR + 3); name != "DBGWVR3_EL1" || arm64.WVR+3 != 35 {
			t.Errorf("(WVR, 3) = %d, %s; want 35, DBGWVR3_EL1", arm64.WVR+3, name)
		}
	})
	onEvery(t, "V-2", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 1, WRPs: 16, Kernel: kernel})
		must(t, m.CPU(0).WriteWbReg(arm64.WCR, 15, 0x1f5))
		if got := reg(t, m, 0, arm64.WCR, 15); got != 0x1f5 {
			t.Errorf("DBGWCR15_EL1 = %#x, want 0x1f5", got)
		}
	})
	onEvery(t, "V-3", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		wantErrno(t, "write (WCR, 16)", m.CPU(0).WriteWbReg(arm64.WCR, 16, 1), syscall.EINVAL)
		if n := logged(m, " hw-breakpoint: attempt to write to unknown breakpoint register 16"); n != 1 {
			t.Errorf("the warning is logged %d times in %q, want 1", n, m.Dmesg())
		}
		for _, bank := range []int{arm64.BVR, arm64.BCR} {
			for n := range 6 {
				if v := reg(t, m, 0, bank, n); v != 0 {
					t.Errorf("%s = %#x, want 0", arm64.RegName(bank+n), v)
				}
			}
		}
	})
	onEvery(t, "V-4", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		v, err := m.CPU(0).ReadWbReg(arm64.WCR, 16)
		wantErrno(t, "read (WCR, 16)", err, syscall.EINVAL)
		if v != 0 {
			t.Errorf("ReadWbReg = %#x, want 0", v)
		}
		if n := logged(m, " hw-breakpoint: attempt to read from unknown breakpoint register 16"); n != 1 {
			t.Errorf("the warning is logged %d times in %q, want 1", n, m.Dmesg())
		}
	})
	onEvery(t, "V-5", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		lines := len(m.Dmesg())
		must(t, m.CPU(0).WriteWbReg(arm64.BVR, 16, 0x1e5))
		if got := reg(t, m, 0, arm64.BCR, 0); got != 0x1e5 {
			t.Errorf("DBGBCR0_EL1 = %#x, want 0x1e5", got)
		}
		if n := len(m.Dmesg()); n != lines {
			t.Errorf("the write logs %q, want nothing", m.Dmesg()[lines:])
		}
	})
	onEvery(t, "V-6", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		if got := m.CPU(0).IDAA64DFR0(); got != 0x10305106 {
			t.Errorf("ID_AA64DFR0_EL1 = %#x, want 0x10305106", got)
		}
		if n := logged(m, " hw-breakpoint: found 6 breakpoint and 4 watchpoint registers."); n != 1 {
			t.Errorf("the boot line is logged %d times in %q, want 1", n, m.Dmesg())
		}
	})
	onEvery(t, "V-7", func(t *testing.T, kernel string) {
		cfg := unevenConfig(kernel)
		cfg.BRPsPerCPU = []int{6, 4}
		m := newMachine(t, cfg)
		if n := logged(m, " hw-breakpoint: found 4 breakpoint and 2 watchpoint registers."); n != 1 {
			t.Errorf("the boot line is logged %d times in %q, want 1", n, m.Dmesg())
		}
		for cpu := range 2 {
			u := mustSlots(t, m, cpu)
			if u.BP.Limit != 6 || u.WP.Limit != 4 || u.BP.Usable != 4 || u.WP.Usable != 2 {
				t.Errorf("cpu%d: limits %d and %d, usable %d and %d; want 6 and 4, 4 and 2",
					cpu, u.BP.Limit, u.WP.Limit, u.BP.Usable, u.WP.Usable)
			}
		}
		text := fmt.Sprintf("CPU features: SANITY CHECK: Unexpected variation in SYS_ID_AA64DFR0_EL1. "+
			"Boot CPU: 0x%014x, CPU1: 0x%014x", m.CPU(0).IDAA64DFR0(), m.CPU(1).IDAA64DFR0())
		if n := logged(m, " "+text); n != 1 {
			t.Errorf("%q is logged %d times in %q, want 1", text, n, m.Dmesg())
		}
		// Taint S shows in the header of any dump.
		must(t, m.DumpStackIn("write_wb_reg"))
		open(t, m, kernelRW(addrA, false), nil, 0)
		if !strings.Contains(strings.Join(m.Dmesg(), "\n"), "Tainted: G S ") {
			t.Errorf("no taint S in %q", m.Dmesg())
		}
	})
	onEvery(t, "V-8", func(t *testing.T, kernel string) {
		c := arm64.Ctrl{Enabled: true, Privilege: arm64.EL0, Type: arm64.Store, Len: 0x0f}
		if got := c.Encode(); got != 0x1f5 {
			t.Errorf("Encode = %#x, want 0x1f5", got)
		}
		// The image of an event has the same encoding.
		m := vectorMachine(t, kernel)
		if got := open(t, m, userW(userAddr), nil, 0).Control(); got != 0x1f5 {
			t.Errorf("Control = %#x, want 0x1f5", got)
		}
	})
	onEvery(t, "V-9", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 1, VHE: true, Kernel: kernel})
		if got := open(t, m, kernelRW(addrA, true), nil, 0).Control(); got != 0x3ffa {
			t.Errorf("Control of the disabled event = %#x, want 0x3ffa", got)
		}
	})
	t.Run("V-10", func(t *testing.T) {
		want := arm64.Ctrl{Enabled: true, Privilege: 2, Type: 2, Len: 0x0f}
		if got := arm64.DecodeCtrl(0xffffe1f5); got != want {
			t.Errorf("DecodeCtrl = %+v, want %+v", got, want)
		}
	})
	onEvery(t, "V-11", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		if b, w := m.HwBreakpointSlots(0), m.HwBreakpointSlots(1); b != 6 || w != 4 {
			t.Errorf("HwBreakpointSlots = %d and %d, want 6 and 4", b, w)
		}
		lines := len(m.Dmesg())
		if n := m.HwBreakpointSlots(2); n != 0 {
			t.Errorf("HwBreakpointSlots(2) = %d, want 0", n)
		}
		if n := logged(m, " hw-breakpoint: unknown slot type: 2"); n != 1 || len(m.Dmesg()) != lines+1 {
			t.Errorf("the warning is logged %d times in %q, want once and alone", n, m.Dmesg()[lines:])
		}
	})
}

// A validationRow is a row of spec 12.2. want is "value control" or an errno; want61 replaces it
// where D-4 is EINVAL.
type validationRow struct {
	id, name string
	target   string // "task", "t32" or "cpu"
	addr     uint64
	typ      hwdebug.BPType
	length   uint64
	want     string
	want61   string
	only     string // kernels, "" all
	config   func(*sim.Config)
	attr     func(*hwdebug.Attr)
	before   func(t *testing.T, m *sim.Machine, task *sim.Task)
}

// fourWatchpoints opens four watchpoints for a task.
func fourWatchpoints(t *testing.T, m *sim.Machine, task *sim.Task) {
	for i := range uint64(4) {
		open(t, m, userW(userAddr+0x100+8*i), task, -1)
	}
}

// inApp has the following calls made in the name of a user task.
func inApp(t *testing.T, m *sim.Machine, _ *sim.Task) {
	must(t, m.CPU(0).ContextSwitch(newTask(t, m, "app", 0)))
}

// validationRows returns the table of spec 12.2.
func validationRows() []validationRow {
	const r, w, rw, x = hwdebug.R, hwdebug.W, hwdebug.RW, hwdebug.X
	vhe := func(c *sim.Config) { c.VHE = true }
	noCap := func(paranoid int) func(*sim.Config) {
		return func(c *sim.Config) { c.NoCapSysAdmin, c.Paranoid = true, paranoid }
	}
	excludeKernel := func(a *hwdebug.Attr) { a.ExcludeKernel = true }
	late := strings.Join(sim.Profiles()[1:], " ")
	return []validationRow{
		{id: "V-12", target: "task", addr: 0x400000, typ: w, length: 4, want: "0x400000 0x1f5"},
		{id: "V-13", target: "task", addr: 0x400004, typ: w, length: 4, want: "0x400000 0x1e15"},
		{id: "V-14", target: "task", addr: 0x400001, typ: rw, length: 1, want: "0x400000 0x5d"},
		{id: "V-15", target: "task", addr: 0x400007, typ: r, length: 1, want: "0x400000 0x100d"},
		{id: "V-16", target: "task", addr: 0x400002, typ: r, length: 2, want: "0x400000 0x18d"},
		{id: "V-17", target: "task", addr: 0x400006, typ: rw, length: 2, want: "0x400000 0x181d"},
		{id: "V-18", target: "task", addr: 0x400000, typ: rw, length: 8, want: "0x400000 0x1ffd"},
		{id: "V-19", target: "task", addr: 0x400000, typ: w, length: 3, want: "0x400000 0xf5"},
		{id: "V-20", target: "task", addr: 0x400003, typ: w, length: 5, want: "0x400000 0x1f15"},
		{id: "V-21", target: "task", addr: 0x400000, typ: rw, length: 6, want: "0x400000 0x7fd"},
		{id: "V-22", target: "task", addr: 0x400001, typ: w, length: 7, want: "0x400000 0x1fd5"},
		{
			id: "V-23", target: "task", addr: 0x400006, typ: w, length: 4,
			want: "0x400000 0x1815", want61: "EINVAL",
		},
		{
			id: "V-24", target: "task", addr: 0x400004, typ: rw, length: 8,
			want: "0x400000 0x1e1d", want61: "EINVAL",
		},
		{id: "V-25", target: "cpu", addr: K, typ: rw, length: 8, want: "0xffffff8008080000 0x1ffb"},
		{id: "V-26", target: "cpu", addr: K, typ: w, length: 4, want: "0xffffff8008080000 0x1f3"},
		{id: "V-27", target: "cpu", addr: K + 4, typ: r, length: 4, want: "0xffffff8008080000 0x1e0b"},
		{id: "V-28", target: "cpu", addr: K, typ: x, length: 4, want: "0xffffff8008080000 0x1e3"},
		{
			id: "V-29", target: "cpu", addr: K, typ: rw, length: 8,
			want: "0xffffff8008080000 0x3ffb", config: vhe,
		},
		{id: "V-30", target: "task", addr: 0x400580, typ: x, length: 8, want: "0x400580 0x1e5"},
		{id: "V-31", target: "task", addr: 0x400582, typ: x, length: 4, want: "0x400580 0x785"},
		{id: "V-32", target: "task", addr: 0x400580, typ: x, length: 0, want: "EINVAL"},
		{id: "V-33", target: "task", addr: 0x400000, typ: w, length: 9, want: "EINVAL"},
		{id: "V-34", target: "task", addr: 0x400000, typ: 0, length: 4, want: "EINVAL"},
		{
			id: "V-34", name: "even on a full machine", target: "task", addr: 0x400000, typ: 0, length: 4,
			want: "EINVAL", before: fourWatchpoints,
		},
		{
			id: "V-34", name: "type 7 on a full machine", target: "task", addr: 0x400000, typ: 7, length: 4,
			want: "EINVAL", before: fourWatchpoints,
		},
		{id: "V-35", target: "task", addr: 0x400000, typ: 5, length: 4, want: "EINVAL"},
		{
			id: "V-35", name: "on a full machine", target: "task", addr: 0x400000, typ: 5, length: 4,
			want: "ENOSPC", before: fourWatchpoints,
		},
		{
			id: "V-36", target: "task", addr: 0x400000, typ: w, length: 9,
			want: "ENOSPC", before: fourWatchpoints,
		},
		{id: "V-37", target: "task", addr: K, typ: rw, length: 8, want: "EINVAL"},
		{id: "V-38", target: "cpu", addr: K, typ: w, length: 4, want: "EINVAL", attr: excludeKernel},
		{id: "V-39", target: "cpu", addr: K, typ: w, length: 4, want: "EPERM", config: noCap(0),
			before: inApp},
		{id: "V-40", target: "cpu", addr: 0x400000, typ: w, length: 4, want: "EACCES", config: noCap(2),
			before: inApp},
		{
			id: "V-40", name: "with exclude_kernel", target: "cpu", addr: 0x400000, typ: w, length: 4,
			want: "EACCES", config: noCap(2), attr: excludeKernel, before: inApp,
		},
		{id: "V-41", target: "cpu", addr: 0x400000, typ: w, length: 4, want: "ENODEV",
			before: func(t *testing.T, m *sim.Machine, _ *sim.Task) { must(t, m.CPUDown(1)) }},
		{id: "V-42", target: "nobody", addr: 0x400000, typ: w, length: 4, want: "EINVAL"},
		{
			id: "V-43", target: "task", addr: 0x7ffffffffc, typ: w, length: 8,
			want: "0x7ffffffff8 0x1e15", want61: "EINVAL",
		},
		{
			id: "V-44", target: "cpu", addr: 0xfffffffffffffffc, typ: w, length: 8,
			want: "0xfffffffffffffff8 0x1e15", want61: "EINVAL",
		},
		{
			id: "V-45", target: "cpu", addr: 0xfffffffffffffff8, typ: w, length: 8,
			want: "0xfffffffffffffff8 0x1ff3",
		},
		{id: "V-46", target: "t32", addr: 0x10002, typ: x, length: 2, want: "0x10000 0x185"},
		{id: "V-47", target: "t32", addr: 0x10001, typ: x, length: 2, want: "0x10000 0xc5"},
		{
			id: "V-48", name: "length 4 at offset 2", target: "t32", addr: 0x10002, typ: x, length: 4,
			want: "EINVAL",
		},
		{id: "V-48", name: "length 8", target: "t32", addr: 0x10000, typ: x, length: 8, want: "EINVAL"},
		{id: "V-49", target: "t32", addr: 0x10003, typ: rw, length: 1, want: "0x10000 0x11d", only: late},
		{id: "V-49", target: "t32", addr: 0x10003, typ: rw, length: 1, want: "EINVAL", only: "4.19.0"},
		{id: "V-50", target: "t32", addr: 0x10002, typ: rw, length: 1, want: "0x10000 0x9d", only: late},
		{id: "V-50", target: "t32", addr: 0x10002, typ: rw, length: 1, want: "EINVAL", only: "4.19.0"},
		{id: "V-51", target: "t32", addr: 0x10004, typ: w, length: 4, want: "0x10004 0x1f5"},
		{id: "V-52", target: "t32", addr: 0x10004, typ: w, length: 8, want: "EINVAL"},
		{id: "V-53", target: "t32", addr: 0x10003, typ: rw, length: 2, want: "EINVAL"},
		{id: "V-54", target: "task", addr: 0x100000000, typ: w, length: 4, want: "EINVAL",
			before: func(t *testing.T, m *sim.Machine, _ *sim.Task) {
				caller, err := m.NewTask(sim.TaskConfig{Comm: "caller", Compat: true})
				must(t, err)
				must(t, m.CPU(0).ContextSwitch(caller))
			}},
		{
			id: "V-54", name: "a 64-bit caller may", target: "task", addr: 0x100000000, typ: w, length: 4,
			want: "0x100000000 0x1f5",
		},
	}
}

// TestVectorsValidation runs V-12 to V-54.
func TestVectorsValidation(t *testing.T) {
	for _, row := range validationRows() {
		for _, kernel := range sim.Profiles() {
			if row.only != "" && !strings.Contains(row.only+" ", kernel+" ") {
				continue
			}
			want := row.want
			if row.want61 != "" && refusesOverflow(kernel) {
				want = row.want61
			}
			name := row.id + "/" + kernel
			if row.name != "" {
				name += "/" + row.name
			}
			t.Run(name, func(t *testing.T) { row.check(t, kernel, want, false) })
			if row.typ == hwdebug.X {
				t.Run(name+"/copies", func(t *testing.T) { row.check(t, kernel, want, true) })
			}
		}
	}
}

// check opens the row's event. A refused event must leave neither a reservation nor a register write; an
// accepted one must write want and read it back.
func (row *validationRow) check(t *testing.T, kernel, want string, copies bool) {
	cfg := sim.Config{CPUs: 2, BRPs: 6, WRPs: 4, VABits: 39, HZ: 250, Kernel: kernel, BASCopies: copies}
	if row.config != nil {
		row.config(&cfg)
	}
	m := newMachine(t, cfg)
	var task *sim.Task
	cpu := -1
	switch row.target {
	case "task":
		task = newTask(t, m, "task", 1)
	case "t32":
		var err error
		task, err = m.NewTask(sim.TaskConfig{Comm: "t32", CPU: 1, Compat: true})
		must(t, err)
	case "cpu":
		cpu = 1
	}
	if row.before != nil {
		row.before(t, m, task)
	}
	a := hwdebug.HwBreakpointInit()
	a.Type, a.Addr, a.Len = row.typ, row.addr, row.length
	if row.attr != nil {
		row.attr(&a)
	}
	before := mustSlots(t, m, 1)
	w := watch(t, m, 1)
	ev, err := m.PerfEventOpen(a, task, cpu)
	if err != nil {
		if got := errnoOf(err); got != want {
			t.Errorf("PerfEventOpen = %v, want %s", err, want)
		}
		after := mustSlots(t, m, 1)
		if after.BP.CPUPinned != before.BP.CPUPinned || after.BP.TaskPinned != before.BP.TaskPinned ||
			after.WP.CPUPinned != before.WP.CPUPinned || after.WP.TaskPinned != before.WP.TaskPinned {
			t.Errorf("reserved after the refusal: %+v, want %+v", after, before)
		}
		if got := w.writes(); got != "" {
			t.Errorf("the refusal writes %s, want nothing", got)
		}
		return
	}
	if task != nil {
		must(t, m.CPU(1).ContextSwitch(task))
	}
	value, control := "WVR0", "WCR0"
	if row.typ == hwdebug.X {
		value, control = "BVR0", "BCR0"
	}
	var got [2]string
	for _, write := range strings.Fields(w.writes()) {
		name, v, _ := strings.Cut(write, "=")
		switch name {
		case value:
			got[0] = v
		case control:
			got[1] = v
		}
	}
	if got := got[0] + " " + got[1]; got != want {
		t.Errorf("written: %s, want %s", got, want)
	}
	// The registers read as written, except that BAS of a breakpoint may have copies (R-REG-21).
	bank, ctrl := arm64.WVR, arm64.WCR
	if row.typ == hwdebug.X {
		bank, ctrl = arm64.BVR, arm64.BCR
	}
	v, c := reg(t, m, 1, bank, 0), reg(t, m, 1, ctrl, 0)
	if row.typ == hwdebug.X {
		var written uint32
		fmt.Sscanf(got[1], "0x%x", &written)
		reads := arm64.DBGBCR(written)
		if cfg.BASCopies {
			reads = reads.Stored()
		}
		if c != uint64(reads) {
			t.Errorf("DBGBCR0_EL1 = %#x, want %s", c, got[1])
		}
	} else if fmt.Sprintf("%#x", c) != got[1] {
		t.Errorf("DBGWCR0_EL1 = %#x, want %s", c, got[1])
	}
	if fmt.Sprintf("%#x", v) != got[0] {
		t.Errorf("the value register = %#x, want %s", v, got[0])
	}
	if row.id == "V-31" {
		// "never recognised": an instruction fetched at the rounded address hits nothing.
		must(t, task.Exec(0x400580))
		if n := ev.Count(); n != 0 {
			t.Errorf("Count = %d, want 0", n)
		}
	}
	if err := m.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

// A stage is CPU 0 of chapter 12.3 with the kernel events A, B and C. Its methods bring it step by step to
// the state in which a vector begins.
type stage struct {
	*testing.T
	m       *sim.Machine
	w       *watcher
	six     bool
	a, b, c *sim.Event
	task    *sim.Task
	ev      *sim.Event // of the task
}

const (
	rewriteAB = "M=0xb000 WVR0=0xffffff8008080000 WCR0=0x1ffb WVR1=0xffffff8008080008 WCR1=0x1ffb"
	aIn       = "WVR0=0xffffff8008080000 WCR0=0x1ffb"

	// The writes that clear all breakpoint registers, and all watchpoint registers but the first pair.
	clearBRPs = "BCR0=0x0 BVR0=0x0 BCR1=0x0 BVR1=0x0 BCR2=0x0 BVR2=0x0 " +
		"BCR3=0x0 BVR3=0x0 BCR4=0x0 BVR4=0x0 BCR5=0x0 BVR5=0x0"
	clearWRPs = "WCR1=0x0 WVR1=0x0 WCR2=0x0 WVR2=0x0 WCR3=0x0 WVR3=0x0"
)

// v55 to v62 run the vectors of that name; each continues the one before.
func (s *stage) v55() {
	s.a = open(s.T, s.m, kernelRW(addrA, false), nil, 0)
	s.w.want("V-55: register A enabled", "M=0xb000 "+aIn)
}

func (s *stage) v56() {
	s.b = open(s.T, s.m, kernelRW(addrB, false), nil, 0)
	s.w.want("V-56: register B enabled", "WCR0=0x0 M=0x1000 "+rewriteAB)
	wantSlots(s.T, "V-56", "0 1", s.a, s.b)
}

func (s *stage) v57() {
	s.c = open(s.T, s.m, kernelRW(addrC, true), nil, 0)
	if s.six {
		s.w.want("V-57: register C disabled, 6.1", "")
	} else {
		s.w.want("V-57: register C disabled", "WCR0=0x0 WCR1=0x0 M=0x1000 "+rewriteAB)
	}
	wantSlots(s.T, "V-57", "0 1 -1", s.a, s.b, s.c)
	wantState(s.T, "V-57", s.c, sim.StateOff)
}

func (s *stage) v58() {
	must(s.T, s.m.PerfEventDisable(s.a))
	s.w.want("V-58: disable A", "WCR0=0x0")
	if v := reg(s.T, s.m, 0, arm64.WVR, 0); v != addrA {
		s.Errorf("V-58: WVR0 = %#x, want A's stale address", v)
	}
	if v := mdscr(s.T, s.m, 0); v != 0xb000 {
		s.Errorf("V-58: MDSCR_EL1 = %#x, want 0xb000", v)
	}
}

func (s *stage) v59() {
	must(s.T, s.m.PerfEventEnable(s.c))
	s.w.want("V-59: enable C", "WCR1=0x0 M=0x1000 M=0xb000 "+
		"WVR0=0xffffff8008080008 WCR0=0x1ffb WVR1=0xffffff8008080010 WCR1=0x1ffb")
	wantSlots(s.T, "V-59", "-1 0 1", s.a, s.b, s.c)
}

func (s *stage) v60() {
	must(s.T, s.m.PerfEventEnable(s.a))
	s.w.want("V-60: enable A", "WCR0=0x0 WCR1=0x0 M=0x1000 "+rewriteAB+" WVR2=0xffffff8008080010 WCR2=0x1ffb")
	wantSlots(s.T, "V-60", "0 1 2", s.a, s.b, s.c)
}

func (s *stage) v61() {
	before := s.w.entered("event_function_call")
	must(s.T, s.m.PerfEventEnable(s.a))
	if n := s.w.entered("event_function_call") - before; n != 0 {
		s.Errorf("V-61: %d cross calls, want 0", n)
	}
	s.w.want("V-61: enable A again", "")
}

func (s *stage) v62() {
	must(s.T, s.b.Close())
	s.w.want("V-62: release B", "WCR1=0x0")
	wantSlots(s.T, "V-62", "0 2", s.a, s.c)
	// The next install takes slot 1. It must be a task's event: a CPU's event would reschedule.
	task := newTask(s.T, s.m, "t", 0)
	ev := open(s.T, s.m, userW(userAddr), task, -1)
	s.w.want("V-62: open an event for a task", "")
	must(s.T, s.m.CPU(0).ContextSwitch(task))
	s.w.want("V-62: the next install", "WVR1=0x400000 WCR1=0x1f5")
	wantSlots(s.T, "V-62", "0 1 2", s.a, ev, s.c)
}

func newStage(t *testing.T, kernel string) *stage {
	m := vectorMachine(t, kernel)
	return &stage{T: t, m: m, w: watch(t, m, 0), six: since(kernel, "5.10.223")}
}

// TestVectorsScheduling runs V-55 to V-79.
func TestVectorsScheduling(t *testing.T) {
	steps := []struct {
		id  string
		run func(*stage)
	}{
		{id: "V-55", run: (*stage).v55},
		{id: "V-56", run: (*stage).v56},
		{id: "V-57", run: (*stage).v57},
		{id: "V-58", run: (*stage).v58},
		{id: "V-59", run: (*stage).v59},
		{id: "V-60", run: (*stage).v60},
		{id: "V-61", run: (*stage).v61},
		{id: "V-62", run: (*stage).v62},
	}
	for i, step := range steps {
		onEvery(t, step.id, func(t *testing.T, kernel string) {
			s := newStage(t, kernel)
			for _, before := range steps[:i+1] {
				before.run(s)
			}
			must(t, s.m.CheckInvariants())
		})
	}

	onEvery(t, "V-63", func(t *testing.T, kernel string) {
		t.Run("one by one", func(t *testing.T) {
			// Single installs as in the table of 3.3; a registration would reschedule.
			m := vectorMachine(t, kernel)
			u := kernelRW(userAddr, true)
			el0, el1 := open(t, m, u, nil, 0), open(t, m, kernelRW(addrA, true), nil, 0)
			w := watch(t, m, 0)
			for _, step := range []struct {
				name   string
				ev     *sim.Event
				op     int
				writes string
			}{
				{
					name: "EL0 installed", ev: el0, op: sim.Install,
					writes: "M=0x9000 WVR0=0x400000 WCR0=0x1ffd",
				},
				{
					name: "EL1 installed", ev: el1, op: sim.Install,
					writes: "M=0xb000 WVR1=0xffffff8008080000 WCR1=0x1ffb",
				},
				{name: "EL1 removed", ev: el1, op: sim.Uninstall, writes: "WCR1=0x0"},
				{name: "EL0 removed", ev: el0, op: sim.Uninstall, writes: "WCR0=0x0 M=0x3000"},
				{
					name: "EL0 installed again", ev: el0, op: sim.Install,
					writes: "M=0xb000 WVR0=0x400000 WCR0=0x1ffd",
				},
			} {
				if _, err := m.CPU(0).HwBreakpointControl(step.ev, step.op); err != nil {
					t.Fatal(err)
				}
				w.want(step.name, step.writes)
			}
		})
		t.Run("by registration", func(t *testing.T) {
			m := vectorMachine(t, kernel)
			el0 := open(t, m, kernelRW(userAddr, false), nil, 0)
			el1 := open(t, m, kernelRW(addrA, false), nil, 0)
			w := watch(t, m, 0)
			must(t, el1.Close())
			w.want("EL1 removed", "WCR1=0x0")
			if v := mdscr(t, m, 0); v != 0xb000 {
				t.Errorf("MDSCR_EL1 = %#x, want 0xb000: KDE stays set", v)
			}
			must(t, el0.Close())
			w.want("EL0 removed", "WCR0=0x0 M=0x3000")
		})
	})

	onEvery(t, "V-64", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, BRPs: 6, WRPs: 4, NoDebugMon: true, Kernel: kernel})
		w := watch(t, m, 0)
		ev := open(t, m, userW(userAddr), nil, 0)
		w.want("install", "WVR0=0x400000 WCR0=0x1f5")
		must(t, ev.Close())
		w.want("remove", "WCR0=0x0 M=0x1000")
	})

	onEvery(t, "V-65", func(t *testing.T, kernel string) {
		s := newStage(t, kernel)
		s.taskIn("V-65", "M=0x9000 WVR0=0x400000 WCR0=0x1f5")
		must(t, s.m.CPU(0).ContextSwitch(nil))
		s.w.want("V-65: out", "WCR0=0x0 M=0x1000")
		wantState(t, "V-65", s.ev, sim.StateInactive)
	})
	onEvery(t, "V-66", func(t *testing.T, kernel string) {
		s := newStage(t, kernel)
		s.v55()
		s.taskIn("V-66", "WVR1=0x400000 WCR1=0x1f5")
		must(t, s.m.CPU(0).ContextSwitch(nil))
		s.w.want("V-66: out", "WCR1=0x0")
	})
	onEvery(t, "V-67", func(t *testing.T, kernel string) {
		s := newStage(t, kernel)
		s.v55()
		s.taskIn("V-67", "WVR1=0x400000 WCR1=0x1f5")
		s.b = open(t, s.m, kernelRW(addrB, false), nil, 0)
		s.w.want("V-67: register B", "WCR1=0x0 WCR0=0x0 M=0x1000 "+rewriteAB+" WVR2=0x400000 WCR2=0x1f5")
		wantSlots(t, "V-67", "0 1 2", s.a, s.b, s.ev)
	})
	onEvery(t, "V-68", func(t *testing.T, kernel string) {
		s := newStage(t, kernel)
		s.v55()
		s.taskIn("V-68", "WVR1=0x400000 WCR1=0x1f5")
		second := open(t, s.m, userW(userAddr+8), s.task, -1)
		s.w.want("V-68: another event of t", "WCR1=0x0 WVR1=0x400000 WCR1=0x1f5 WVR2=0x400008 WCR2=0x1f5")
		wantSlots(t, "V-68", "0 1 2", s.a, s.ev, second)
	})

	const noSlot = "Can't find any breakpoint slot"
	onEvery(t, "V-69", func(t *testing.T, kernel string) {
		m := newMachine(t, unevenConfig(kernel))
		a, b := open(t, m, kernelRW(addrA, false), nil, 0), open(t, m, kernelRW(addrB, false), nil, 0)
		c := open(t, m, kernelRW(addrC, false), nil, 0)
		wantState(t, "the third", c, sim.StateError)
		wantSlots(t, "after the third", "0 1 -1", a, b, c)
		if n := logged(m, noSlot); n != 1 {
			t.Errorf("the warning is logged %d times, want 1", n)
		}
		w := watch(t, m, 0)
		must(t, m.PerfEventEnable(c))
		w.want("enabled again, with a reschedule", "WCR0=0x0 WCR1=0x0 M=0x1000 "+rewriteAB)
		wantState(t, "enabled again", c, sim.StateError)
		wantSlots(t, "enabled again", "0 1 -1", a, b, c)
		if n := logged(m, noSlot); n != 1 {
			t.Errorf("the warning is logged %d times, want 1", n)
		}
	})
	onEvery(t, "V-70", func(t *testing.T, kernel string) {
		m := newMachine(t, unevenConfig(kernel))
		a, b := open(t, m, kernelRW(addrA, false), nil, 0), open(t, m, kernelRW(addrB, false), nil, 0)
		attr := kernelRW(addrC, false)
		attr.Pinned = false
		c := open(t, m, attr, nil, 0)
		wantState(t, "the third", c, sim.StateInactive)
		wantSlots(t, "after the third", "0 1 -1", a, b, c)
		if n := logged(m, noSlot); n != 1 {
			t.Errorf("the warning is logged %d times, want 1", n)
		}
	})
	onEvery(t, "V-71", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		for i := range uint64(4) {
			open(t, m, kernelRW(addrA+8*i, false), nil, 0)
		}
		w := watch(t, m, 0)
		_, err := m.PerfEventOpen(kernelRW(addrA+64, false), nil, 0)
		wantErrno(t, "the fifth", err, syscall.ENOSPC)
		w.want("the fifth", "")
		if n := hwdebug.ErrnoNumber(syscall.ENOSPC); n != 28 {
			t.Errorf("ErrnoNumber(ENOSPC) = %d, want 28", n)
		}
	})
	onEvery(t, "V-72", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		for i := range uint64(4) {
			open(t, m, kernelRW(addrA+8*i, false), nil, 1)
		}
		w0, w1 := watch(t, m, 0), watch(t, m, 1)
		_, err := m.RegisterWideHwBreakpoint(kernelRW(addrA+64, false), nil)
		wantErrno(t, "wide", err, syscall.ENOSPC)
		w0.want("installed, then uninstalled",
			"M=0xb000 WVR0=0xffffff8008080040 WCR0=0x1ffb WCR0=0x0 M=0x1000")
		w1.want("the full CPU", "")
		if u := mustSlots(t, m, 0); u.WP.CPUPinned != 0 || u.WP.OnReg[0] != nil {
			t.Errorf("watchpoints of CPU 0: %+v, want none", u.WP)
		}
	})
	onEvery(t, "V-73", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		fourWatchpoints(t, m, newTask(t, m, "t", 0))
		fourWatchpoints(t, m, newTask(t, m, "u", 0))
		_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
		wantErrno(t, "one on CPU 0", err, syscall.ENOSPC)
	})
	onEvery(t, "V-74", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		var evs []*sim.Event
		for i := range uint64(4) {
			evs = append(evs, open(t, m, userW(userAddr+8*i), task, -1))
		}
		must(t, task.Exit())
		for _, ev := range evs {
			wantState(t, "after the exit", ev, sim.StateExit)
		}
		_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
		wantErrno(t, "after the exit", err, syscall.ENOSPC)
		for _, ev := range evs {
			must(t, ev.Close())
		}
		_, err = m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
		must(t, err)
	})
	onEvery(t, "V-75", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		for i := range uint64(4) {
			open(t, m, kernelRW(addrA+8*i, false), nil, 0)
		}
		attr := kernelRW(K+0x100, false)
		attr.Type, attr.Len = hwdebug.X, 4
		x := open(t, m, attr, nil, 0)
		wantState(t, "before", x, sim.StateActive)
		w := watch(t, m, 0)
		attr.Type = hwdebug.W
		wantErrno(t, "from X to W", m.ModifyUserHwBreakpoint(x, attr), syscall.ENOSPC)
		if x.Type() != hwdebug.X {
			t.Errorf("Type = %v, want x", x.Type())
		}
		wantState(t, "re-enabled", x, sim.StateActive)
		const off, on = "BCR0=0x0 ", "BVR0=0xffffff8008080100 BCR0=0x1e3"
		if got := w.writes(); !strings.HasPrefix(got, off) || !strings.Contains(got, on) {
			t.Errorf("the modify writes %s, want %s... %s", got, off, on)
		}
		must(t, m.CheckInvariants())
	})
	onEvery(t, "V-76", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		ev := open(t, m, kernelRW(addrA, true), nil, 1)
		must(t, m.CPUDown(1))
		w := watch(t, m, 1)
		must(t, m.PerfEventEnable(ev))
		wantState(t, "enabled while its CPU is offline", ev, sim.StateOff)
		w.want("enabled while its CPU is offline", "")
	})
	onEvery(t, "V-77", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		ev := open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUDown(1))
		wantState(t, "offline", ev, sim.StateOff)
		must(t, m.CPUUp(1))
		w := watch(t, m, 1)
		must(t, m.PerfEventEnable(ev))
		wantState(t, "enabled after it is back", ev, sim.StateInactive)
		w.want("enabled after it is back", "")
		must(t, m.CheckInvariants())
	})
	onEvery(t, "V-78", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUDown(1))
		w := watch(t, m, 1)
		must(t, m.CPUUp(1))
		w.want("online", clearBRPs+" WCR0=0x0 WVR0=0x0 "+clearWRPs)
		if v := mdscr(t, m, 1); v != 0x1000 {
			t.Errorf("MDSCR_EL1 = %#x, want 0x1000", v)
		}
	})
	onEvery(t, "V-79", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, kernelRW(addrA, false), nil, 1)
		must(t, m.CPUSuspend(1))
		w := watch(t, m, 1)
		must(t, m.CPUResume(1))
		w.want("resume", clearBRPs+" "+aIn+" "+clearWRPs)
		if v := mdscr(t, m, 1); v != 0xb000 {
			t.Errorf("MDSCR_EL1 = %#x, want 0xb000", v)
		}
		must(t, m.CheckInvariants())
	})
}

// taskIn opens an event for a new task and switches CPU 0 to it.
func (s *stage) taskIn(id, writes string) {
	s.Helper()
	s.task = newTask(s.T, s.m, "t", 0)
	s.ev = open(s.T, s.m, userW(userAddr), s.task, -1)
	s.w.want(id+": registered for a task that is not running", "")
	must(s.T, s.m.CPU(0).ContextSwitch(s.task))
	s.w.want(id+": in", writes)
	wantState(s.T, id, s.ev, sim.StateActive)
}

// atJiffy sleeps until jiffies are congruent to j modulo the coarsest wheel level that the vectors use.
func atJiffy(t *testing.T, m *sim.Machine, j uint64) uint64 {
	t.Helper()
	const wheel, tick = 4096, 1_000_000_000 / 250
	behind := (j + wheel - m.Jiffies()%wheel) % wheel
	must(t, m.Msleep(time.Duration(behind)*tick-m.Now()%tick))
	if m.Jiffies()%wheel != j {
		t.Fatalf("Jiffies = %d, want %d modulo %d", m.Jiffies(), j, wheel)
	}
	return m.Jiffies()
}

// TestVectorsTimers runs V-105 to V-110. Delays are armed at jiffy 1000.
func TestVectorsTimers(t *testing.T) {
	for _, tt := range []struct {
		id           string
		delay, fires uint64
	}{
		{id: "V-105", delay: 25, fires: 1026},
		{id: "V-106", delay: 63, fires: 1064},
		{id: "V-106", delay: 64, fires: 1072},
		{id: "V-107", delay: 100, fires: 1104},
		{id: "V-107", delay: 500, fires: 1504},
		{id: "V-107", delay: 750, fires: 1792},
	} {
		onEvery(t, fmt.Sprintf("%s/delay %d", tt.id, tt.delay), func(t *testing.T, kernel string) {
			m := vectorMachine(t, kernel)
			start := atJiffy(t, m, 1000)
			var at uint64
			dw := m.NewDelayedWork("probe", func() error { at = m.Jiffies(); return nil })
			queued, err := m.QueueDelayedWorkOn(0, dw, ticks(m, tt.delay))
			must(t, err)
			if !queued {
				t.Error("QueueDelayedWorkOn = false, want true")
			}
			_, err = m.Run()
			must(t, err)
			if got := at - start + 1000; got != tt.fires || dw.Runs() != 1 {
				t.Errorf("ran %d times, last at jiffy %d; want once at %d", dw.Runs(), got, tt.fires)
			}
		})
	}
	onEvery(t, "V-108", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		atJiffy(t, m, 1000)
		var order []string
		x := m.NewDelayedWork("X", func() error { order = append(order, "X"); return nil })
		y := m.NewDelayedWork("Y", func() error { order = append(order, "Y"); return nil })
		for _, w := range []*sim.Work{x, y} {
			_, err := m.QueueDelayedWorkOn(1, w, ticks(m, 10))
			must(t, err)
		}
		_, err := m.Run()
		must(t, err)
		if got := strings.Join(order, " "); got != "Y X" {
			t.Errorf("order = %s, want Y X", got)
		}
	})
	onEvery(t, "V-109", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		start := atJiffy(t, m, 1000)
		var at uint64
		dw := m.NewDelayedWork("probe", func() error { at = m.Jiffies(); return nil })
		for i, want := range []bool{true, false} {
			queued, err := m.QueueDelayedWorkOn(i, dw, ticks(m, []uint64{25, 5}[i]))
			must(t, err)
			if queued != want {
				t.Errorf("QueueDelayedWorkOn number %d = %v, want %v", i+1, queued, want)
			}
		}
		_, err := m.Run()
		must(t, err)
		if at-start != 26 || dw.Runs() != 1 {
			t.Errorf("ran %d times, last after %d jiffies; want once after 26", dw.Runs(), at-start)
		}
	})
	onEvery(t, "V-110", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		exists := func(comm string) bool {
			for _, task := range m.Tasks() {
				if task.Comm() == comm {
					return true
				}
			}
			return false
		}
		if !exists("kworker/1:0") || exists("kworker/1:1") {
			t.Error("CPU 1 does not have worker 0 alone after boot")
		}
		var ran string
		var second bool
		w := m.NewWork("probe", func() error {
			ran, second = m.Current().Comm(), exists("kworker/1:1")
			return nil
		})
		_, err := m.ScheduleWorkOn(1, w)
		must(t, err)
		_, err = m.Run()
		must(t, err)
		if ran != "kworker/1:0" || !second {
			t.Errorf("ran in %q, kworker/1:1 exists: %v; want kworker/1:0, true", ran, second)
		}
		_, err = m.ScheduleWorkOn(1, w)
		must(t, err)
		_, err = m.Run()
		must(t, err)
		if ran != "kworker/1:1" {
			t.Errorf("the second item ran in %q, want kworker/1:1 (R-WQ-16)", ran)
		}
	})
}

// TestVectorsLog runs V-111 to V-114.
func TestVectorsLog(t *testing.T) {
	onEvery(t, "V-111", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		must(t, m.Msleep(28_809_660_123-m.Now()))
		if m.Now() != 28_809_660_123 {
			t.Fatalf("Now = %d, want 28809660123", m.Now())
		}
		before := len(m.Dmesg())
		wantErrno(t, "a line", m.CPU(0).WriteWbReg(arm64.WCR, 16, 0), syscall.EINVAL)
		line := m.Dmesg()[before]
		if want := "[   28.809660] hw-breakpoint: attempt to write"; !strings.HasPrefix(line, want) {
			t.Errorf("line = %q, want %q", line, want)
		}
	})
	t.Run("V-112", func(t *testing.T) {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: "4.19.116", Release: "4.19.116+",
			Version: "#49 SMP PREEMPT Mon Apr 20 12:00:00 CST 2020", Taint: "PO"})
		must(t, m.DumpStackIn("write_wb_reg"))
		pid := 0
		w := m.NewWork("probe", func() error {
			pid = m.Current().PID()
			if m.Current().Comm() != "kworker/1:1" {
				return nil
			}
			_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 1)
			return err
		})
		for range 2 { // the second item runs in kworker/1:1
			_, err := m.ScheduleWorkOn(1, w)
			must(t, err)
			_, err = m.Run()
			must(t, err)
		}
		want := fmt.Sprintf("CPU: 1 PID: %d Comm: kworker/1:1 Tainted: P           O      4.19.116+ #49", pid)
		if logged(m, "] "+want) == 0 {
			t.Errorf("no line %q in\n%s", want, strings.Join(m.Dmesg(), "\n"))
		}
	})
	onEvery(t, "V-113", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		must(t, m.Msleep(28_836_192_000-m.Now()))
		must(t, m.DumpStackIn("write_wb_reg"))
		open(t, m, kernelRW(addrA, false), nil, 0)
		// Offset and size depend on the build; the form is the kernel's.
		form := regexp.MustCompile(`^\[   28\.836192\]  write_wb_reg\+0x[0-9a-f]+/0x[0-9a-f]+$`)
		n := 0
		for _, line := range m.Dmesg() {
			if form.MatchString(line) {
				n++
				if kernel == "4.19.116" && line != "[   28.836192]  write_wb_reg+0x3c/0x284" {
					t.Errorf("frame = %q, want the seed's write_wb_reg+0x3c/0x284", line)
				}
			}
		}
		if n != 2 { // WVR, then WCR
			t.Errorf("%d frames of write_wb_reg, want 2:\n%s", n, strings.Join(m.Dmesg(), "\n"))
		}
	})
	onEvery(t, "V-114", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		open(t, m, kernelRW(addrA, false), nil, 0)
		parent := newTask(t, m, "parent", 0)
		for i := range uint64(3) {
			a := userW(userAddr + 8*i)
			a.Inherit = true
			open(t, m, a, parent, -1)
		}
		child, err := parent.Fork("child", 0)
		must(t, err)
		own := 0
		for _, ev := range m.Events() {
			if ev.Task() == child {
				own++
			}
		}
		if own != 3 {
			t.Errorf("the child has %d events, want 3", own)
		}
		if u := mustSlots(t, m, 0); u.WP.CPUPinned != 1 || u.WP.TaskPinned != 3 {
			t.Errorf("counts = %d and %d, want 1 and 3", u.WP.CPUPinned, u.WP.TaskPinned)
		}
		_, err = m.PerfEventOpen(kernelRW(addrB, false), nil, 0)
		wantErrno(t, "a CPU event", err, syscall.ENOSPC)
		must(t, m.CheckInvariants())
	})
}
