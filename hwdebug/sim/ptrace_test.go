// ptrace: the 32-bit requests, the tracer's stack, and partial writes (spec chapter 7).

package sim_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestHBPRegs covers GETHBPREGS and SETHBPREGS, which name the registers of both sets with one signed number.
func TestHBPRegs(t *testing.T) {
	on := func(t *testing.T, kernel string) (*sim.Machine, *sim.Task) {
		m := vectorMachine(t, kernel)
		task, err := m.NewTask(sim.TaskConfig{Comm: "t32", CPU: 1, Compat: true})
		must(t, err)
		return m, task
	}
	want := func(t *testing.T, task *sim.Task, num int, want uint32) {
		t.Helper()
		got, err := task.PtraceGetHBPRegs(nil, num)
		must(t, err)
		if got != want {
			t.Errorf("PtraceGetHBPRegs(%d) = %#x, want %#x", num, got, want)
		}
	}
	onEvery(t, "R-PTR-15 number 0 is the resource info", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		want(t, task, 0, 0x06080406) // DebugVer 6, 8 bytes, 4 watchpoints, 6 breakpoints
		must(t, task.PtraceSetHBPRegs(nil, 0, 0xffffffff))
		want(t, task, 0, 0x06080406)
	})
	onEvery(t, "R-PTR-15 the sign selects the set, odd an address", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		for _, w := range []struct {
			num int
			v   uint32
		}{{1, 0x8000}, {2, 0x1e5}, {5, 0x9000}, {-1, 0x400000}, {-2, 0x1f5}, {-7, 0x400010}, {-8, 0x3d}} {
			must(t, task.PtraceSetHBPRegs(nil, w.num, w.v))
		}
		// Entry 1 was never written, of entry 2 only the address.
		for num, v := range map[int]uint32{
			1: 0x8000, 2: 0x1e5, 3: 0, 4: 0, 5: 0x9000, 6: 0x1e4,
			-1: 0x400000, -2: 0x1f5, -3: 0, -4: 0, -7: 0x400010, -8: 0x3d,
		} {
			want(t, task, num, v)
		}
		for _, e := range []struct {
			set  hwdebug.PtraceSet
			idx  int
			addr uint64
		}{
			{set: hwdebug.HwBreak, idx: 0, addr: 0x8000},
			{set: hwdebug.HwBreak, idx: 2, addr: 0x9000},
			{set: hwdebug.HwWatch, idx: 0, addr: 0x400000},
			{set: hwdebug.HwWatch, idx: 3, addr: 0x400010},
		} {
			if addr, _, err := task.PtraceGet(e.set, e.idx); err != nil || addr != e.addr {
				t.Errorf("PtraceGet(%d, %d) = %#x, %v; want %#x, nil", e.set, e.idx, addr, err, e.addr)
			}
		}
	})
	onEvery(t, "R-PTR-15 a number beyond the sets is EINVAL", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		for _, num := range []int{31, 32, -31, -32} { // index 15
			want(t, task, num, 0)
		}
		for _, num := range []int{33, 34, -33, -34} { // index 16
			_, err := task.PtraceGetHBPRegs(nil, num)
			wantErrno(t, "read", err, syscall.EINVAL)
			wantErrno(t, "write", task.PtraceSetHBPRegs(nil, num, 0), syscall.EINVAL)
		}
	})
	onEvery(t, "R-PTR-15 each set takes its own types only", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		wantErrno(t, "execute", task.PtraceSetHBPRegs(nil, -2, 0x1e5), syscall.EINVAL)
		wantErrno(t, "store", task.PtraceSetHBPRegs(nil, 2, 0x1f5), syscall.EINVAL)
	})
	for _, compat := range []bool{true, false} {
		name := "R-EXC-16 a 32-bit task gets the entry's number"
		if !compat {
			name = "R-EXC-16 a 64-bit task does not get the entry's number"
		}
		onEvery(t, name, func(t *testing.T, kernel string) {
			m := vectorMachine(t, kernel)
			task, err := m.NewTask(sim.TaskConfig{Comm: "t", CPU: 1, Compat: compat})
			must(t, err)
			must(t, task.PtraceSetHBPRegs(nil, 5, 0x9000)) // index 2
			must(t, task.PtraceSetHBPRegs(nil, 6, 0x1e5))
			must(t, task.PtraceSetHBPRegs(nil, -3, 0x400000)) // index 1
			must(t, task.PtraceSetHBPRegs(nil, -4, 0x1f5))
			for _, hit := range []struct {
				name   string
				access func() error
				errno  int
			}{
				{name: "breakpoint", access: func() error { return task.Exec(0x9000) }, errno: 5},
				{name: "watchpoint", access: func() error { return task.Store(0x400000, 4, 1) }, errno: -3},
			} {
				if !compat {
					hit.errno = 0
				}
				if err := hit.access(); err == nil {
					t.Fatalf("the access at the %s = nil, want a signal", hit.name)
				}
				if got := task.Siginfo(); got == nil || got.Errno != hit.errno {
					t.Errorf("Siginfo after the %s = %+v, want Errno %d", hit.name, got, hit.errno)
				}
			}
		})
	}
	onEvery(t, "R-PTR-18 a read makes the tracee run for a moment", func(t *testing.T, kernel string) {
		m, task := on(t, kernel)
		must(t, task.PtraceSetHBPRegs(nil, -1, 0x400000))
		must(t, task.PtraceSetHBPRegs(nil, -2, 0x1f5))
		const moment = "M=0x9000 WVR0=0x400000 WCR0=0x1f5 WCR0=0x0 M=0x1000"
		w := watch(t, m, 1)
		for _, num := range []int{0, -1, -5} {
			_, err := task.PtraceGetHBPRegs(nil, num)
			must(t, err)
			w.want(fmt.Sprintf("number %d read", num), moment+" "+moment)
		}
		must(t, task.PtraceSetHBPRegs(nil, 0, 0))
		w.want("number 0 written", moment+" "+moment)
	})
}

// TestTracerIsInASystemCall: a request has a system call on its stack, even from a work function (C-25).
func TestTracerIsInASystemCall(t *testing.T) {
	onEvery(t, "C-25", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "tracee", 1)
		w := m.NewWork("tracer", func() error { return setWatch(task) })
		_, err := m.ScheduleWorkOn(0, w)
		must(t, err)
		_, err = m.Run()
		must(t, err)
		chain, err := m.Callchain("hw_break_set", sim.ChainOptions{})
		must(t, err)
		const head = "hw_break_set ptrace_regset ptrace_request arch_ptrace "
		tail := " el0_svc_common el0_svc_handler el0_svc"
		if is61(kernel) {
			tail = " invoke_syscall el0_svc_common do_el0_svc el0_svc el0t_64_sync_handler el0t_64_sync"
		}
		if got := strings.Join(chain, " "); !strings.HasPrefix(got, head) || !strings.HasSuffix(got, tail) {
			t.Errorf("the chain is %s, want %s...%s", got, head, tail)
		}
	})
}

// setWatch writes entry 0 of the task's watchpoint set.
func setWatch(task *sim.Task) error { return task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5) }

// TestTraceable: a debugger can stop only a living user task on a CPU that has power.
func TestTraceable(t *testing.T) {
	onEvery(t, "a kernel thread cannot be traced", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		err := setWatch(m.CPU(1).Current())
		if want := "swapper/1 is a kernel thread"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("PtraceSet of the idle thread = %v, want %q", err, want)
		}
	})
	onEvery(t, "R-VAL-1 an exiting task cannot be traced", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		var within error
		must(t, task.OnExit("hook", func() error { within = setWatch(task); return nil }))
		must(t, task.Exit())
		wantErrno(t, "in exit_files", within, syscall.ESRCH)
		wantErrno(t, "afterwards", setWatch(task), syscall.ESRCH)
	})
	onEvery(t, "R-HP-13 a task on a suspended CPU cannot be traced", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		must(t, m.CPUSuspend(1))
		_, _, err := task.PtraceGet(hwdebug.HwWatch, 0)
		if want := "cpu1 is suspended"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("PtraceGet = %v, want %q", err, want)
		}
		must(t, m.CPUResume(1))
		_, _, err = task.PtraceGet(hwdebug.HwWatch, 0)
		must(t, err)
	})
	onEvery(t, "R-EVT-7 a task that spins may exit before it stops", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, Choose: func(p *sim.Point) int {
			if p.Place == sim.PlaceCall {
				return 0
			}
			return len(p.Next) - 1
		}})
		task, err := m.NewTask(sim.TaskConfig{CPU: 1, Body: func(*sim.Task) error {
			_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
			return err
		}})
		must(t, err)
		_, err = m.NewTask(sim.TaskConfig{CPU: 0, Body: func(*sim.Task) error { return nil }})
		must(t, err)
		_, ok, err := m.Step()
		must(t, err)
		if !ok || task.State() != "running" {
			t.Fatalf("Step = %v with the task %s, want true with it running", ok, task.State())
		}
		_, _, err = task.PtraceGet(hwdebug.HwWatch, 0)
		wantErrno(t, "stopped", err, syscall.ESRCH)
		if n := mustSlots(t, m, 0).WP.CPUPinned; task.State() != "dead" || n != 1 {
			t.Errorf("the task is %s with %d events, want dead with 1", task.State(), n)
		}
		must(t, m.CheckInvariants())
	})
}

// TestEntriesOfASet: an index outside a set is EINVAL, and a write that fails keeps the entries before the
// error.
func TestEntriesOfASet(t *testing.T) {
	onEvery(t, "R-PTR-6 a set has entries 0 to 15", func(t *testing.T, kernel string) {
		task := newTask(t, vectorMachine(t, kernel), "t", 1)
		for idx, valid := range map[int]bool{-1: false, 0: true, 15: true, 16: false} {
			if _, _, err := task.PtraceGet(hwdebug.HwWatch, idx); (err == nil) != valid {
				t.Errorf("PtraceGet of entry %d = %v, want success %v", idx, err, valid)
			}
			if !valid {
				_, _, err := task.PtraceGet(hwdebug.HwWatch, idx)
				wantErrno(t, "read", err, syscall.EINVAL)
				wantErrno(t, "write", task.PtraceSet(hwdebug.HwWatch, idx, userAddr, 0x1f5), syscall.EINVAL)
			}
		}
	})
	for _, c := range []struct {
		name      string
		addr      uint64
		ctrl      uint32
		wantAddr  uint64
		wantFirst uint32
	}{
		{
			name: "R-PTR-5, 7 an invalid address ends the write",
			addr: K, ctrl: 0, wantAddr: 0, wantFirst: 0x1fc,
		},
		{
			name: "R-PTR-5, 8 an invalid control word ends the write and keeps the address",
			addr: userAddr, ctrl: 0xb5, wantAddr: userAddr, wantFirst: 0x1fc,
		},
	} {
		onEvery(t, c.name, func(t *testing.T, kernel string) {
			task := newTask(t, vectorMachine(t, kernel), "t", 1)
			b := make([]byte, 8, 40)
			b = binary.LittleEndian.AppendUint64(b, c.addr)
			b = binary.LittleEndian.AppendUint64(b, uint64(c.ctrl))
			b = binary.LittleEndian.AppendUint64(b, userAddr+64)
			b = binary.LittleEndian.AppendUint64(b, 0x1f5)
			wantErrno(t, "the write", task.PtraceWrite(hwdebug.HwWatch, b), syscall.EINVAL)
			for idx, want := range [2]hwdebug.PtraceReg{{Addr: c.wantAddr, Ctrl: c.wantFirst}, {}} {
				addr, ctrl, err := task.PtraceGet(hwdebug.HwWatch, idx)
				must(t, err)
				if addr != want.Addr || ctrl != want.Ctrl {
					t.Errorf("entry %d = %#x, %#x; want %#x, %#x", idx, addr, ctrl, want.Addr, want.Ctrl)
				}
			}
		})
	}
	onEvery(t, "R-PTR-18 a trap stop switches the task out and in", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
		must(t, m.CPU(1).ContextSwitch(task))
		w := watch(t, m, 1)
		if err := task.Store(userAddr, 4, 1); err == nil {
			t.Fatal("Store = nil, want a signal")
		}
		w.want("stopped", "WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5")
		if m.CPU(1).Current() != task {
			t.Errorf("%s is current after the stop, want t", m.CPU(1).Current().Comm())
		}
	})
}
