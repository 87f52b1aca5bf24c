// The 32-bit requests, which number the registers of both sets with one signed number (spec chapter 7).

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

func TestHBPRegs(t *testing.T) {
	on := func(t *testing.T, kernel string) (*sim.Machine, *sim.Task) {
		m := vectorMachine(t, kernel)
		task, err := m.NewTask(sim.TaskConfig{Comm: "t32", CPU: 1, Compat: true})
		must(t, err)
		return m, task
	}
	want := func(t *testing.T, task *sim.Task, num int, want uint32) {
		t.Helper()
		got, err := task.PtraceGetHBPRegs(num)
		must(t, err)
		if got != want {
			t.Errorf("number %d reads %#x, want %#x", num, got, want)
		}
	}
	onEvery(t, "R-PTR-15 number 0 is the resource info, and writing it does nothing", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		want(t, task, 0, 0x06080406) // DebugVer 6, 8 bytes, 4 watchpoints, 6 breakpoints
		must(t, task.PtraceSetHBPRegs(0, 0xffffffff))
		want(t, task, 0, 0x06080406)
	})
	onEvery(t, "R-PTR-15 positive numbers are breakpoints, negative ones watchpoints; odd is an address, even a control", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		for _, w := range []struct {
			num int
			v   uint32
		}{{1, 0x8000}, {2, 0x1e5}, {5, 0x9000}, {-1, 0x400000}, {-2, 0x1f5}, {-7, 0x400010}, {-8, 0x3d}} {
			must(t, task.PtraceSetHBPRegs(w.num, w.v))
		}
		for num, v := range map[int]uint32{
			1: 0x8000, 2: 0x1e5, 3: 0, 4: 0, 5: 0x9000, 6: 0x1e4, // index 1 was never touched, of index 2 only the address
			-1: 0x400000, -2: 0x1f5, -3: 0, -4: 0, -7: 0x400010, -8: 0x3d,
		} {
			want(t, task, num, v)
		}
		for _, e := range []struct {
			set  hwdebug.PtraceSet
			idx  int
			addr uint64
		}{{hwdebug.HwBreak, 0, 0x8000}, {hwdebug.HwBreak, 2, 0x9000}, {hwdebug.HwWatch, 0, 0x400000}, {hwdebug.HwWatch, 3, 0x400010}} {
			if addr, _, err := task.PtraceGet(e.set, e.idx); err != nil || addr != e.addr {
				t.Errorf("entry %d of set %d reads %#x, %v, want %#x", e.idx, e.set, addr, err, e.addr)
			}
		}
	})
	onEvery(t, "R-PTR-15 a number beyond the sets is EINVAL", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		for _, num := range []int{31, 32, -31, -32} { // index 15
			want(t, task, num, 0)
		}
		for _, num := range []int{33, 34, -33, -34} { // index 16
			_, err := task.PtraceGetHBPRegs(num)
			wantErrno(t, "read", err, syscall.EINVAL)
			wantErrno(t, "write", task.PtraceSetHBPRegs(num, 0), syscall.EINVAL)
		}
	})
	onEvery(t, "R-PTR-15 a watchpoint's control takes no execute type, a breakpoint's no other", func(t *testing.T, kernel string) {
		_, task := on(t, kernel)
		wantErrno(t, "execute", task.PtraceSetHBPRegs(-2, 0x1e5), syscall.EINVAL)
		wantErrno(t, "store", task.PtraceSetHBPRegs(2, 0x1f5), syscall.EINVAL)
	})
	for _, compat := range []bool{true, false} {
		name := "R-EXC-16 a 32-bit task learns the number of the index that hit"
		if !compat {
			name = "R-EXC-16 a 64-bit task learns no number"
		}
		onEvery(t, name, func(t *testing.T, kernel string) {
			m := vectorMachine(t, kernel)
			task, err := m.NewTask(sim.TaskConfig{Comm: "t", CPU: 1, Compat: compat})
			must(t, err)
			must(t, task.PtraceSetHBPRegs(5, 0x9000)) // index 2
			must(t, task.PtraceSetHBPRegs(6, 0x1e5))
			must(t, task.PtraceSetHBPRegs(-3, 0x400000)) // index 1
			must(t, task.PtraceSetHBPRegs(-4, 0x1f5))
			for _, hit := range []struct {
				name   string
				access func() error
				errno  int
			}{
				{"breakpoint", func() error { return task.Exec(0x9000) }, 5},
				{"watchpoint", func() error { return task.Store(0x400000, 4, 1) }, -3},
			} {
				if !compat {
					hit.errno = 0
				}
				if err := hit.access(); err == nil {
					t.Fatalf("the %s did not stop the task", hit.name)
				}
				if got := task.Siginfo(); got == nil || got.Errno != hit.errno {
					t.Errorf("the %s sends %+v, want errno %d", hit.name, got, hit.errno)
				}
			}
		})
	}
	onEvery(t, "R-PTR-18 a read makes the tracee run for a moment, as every stop and continue does", func(t *testing.T, kernel string) {
		m, task := on(t, kernel)
		must(t, task.PtraceSetHBPRegs(-1, 0x400000))
		must(t, task.PtraceSetHBPRegs(-2, 0x1f5))
		const moment = "M=0x9000 WVR0=0x400000 WCR0=0x1f5 WCR0=0x0 M=0x1000"
		w := watch(t, m, 1)
		for _, num := range []int{0, -1, -5} {
			_, err := task.PtraceGetHBPRegs(num)
			must(t, err)
			w.want(fmt.Sprintf("number %d read", num), moment+" "+moment)
		}
		must(t, task.PtraceSetHBPRegs(0, 0))
		w.want("number 0 written", moment+" "+moment)
	})
}

// TestTracerIsInASystemCall: whoever plays the tracer, its request comes by a system call (C-25).
func TestTracerIsInASystemCall(t *testing.T) {
	onEvery(t, "C-25", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "tracee", 1)
		w := m.NewWork("tracer", func() error { return task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5) })
		_, err := m.ScheduleWorkOn(0, w)
		must(t, err)
		_, err = m.Run()
		must(t, err)
		chain, err := m.Callchain("hw_break_set", sim.ChainOptions{CPU: -1})
		must(t, err)
		want := "el0_svc_common el0_svc_handler el0_svc"
		if is61(kernel) {
			want = "invoke_syscall el0_svc_common do_el0_svc el0_svc el0t_64_sync_handler el0t_64_sync"
		}
		if got := strings.Join(chain, " "); !strings.HasPrefix(got, "hw_break_set ptrace_regset ptrace_request arch_ptrace ") || !strings.HasSuffix(got, " "+want) {
			t.Errorf("it is set through %s", got)
		}
	})
}

// TestWhoCanBeTraced: a debugger stops a living user task whose CPU has power, and no other.
func TestWhoCanBeTraced(t *testing.T) {
	onEvery(t, "a kernel thread cannot", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		if err := m.CPU(1).Current().PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5); err == nil || !strings.Contains(err.Error(), "swapper/1 is a kernel thread") {
			t.Errorf("the idle thread is traced: %v", err)
		}
	})
	onEvery(t, "R-VAL-1 nor can a task that is exiting", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		var within error
		must(t, task.OnExit("hook", func() error { within = task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5); return nil }))
		must(t, task.Exit())
		wantErrno(t, "in exit_files", within, syscall.ESRCH)
		wantErrno(t, "afterwards", task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5), syscall.ESRCH)
	})
	onEvery(t, "R-HP-13 nor one whose CPU is powered down", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		must(t, m.CPUSuspend(1))
		if _, _, err := task.PtraceGet(hwdebug.HwWatch, 0); err == nil || !strings.Contains(err.Error(), "cpu1 is suspended") {
			t.Errorf("it is traced: %v", err)
		}
		must(t, m.CPUResume(1))
		_, _, err := task.PtraceGet(hwdebug.HwWatch, 0)
		must(t, err)
	})
	onEvery(t, "R-EVT-7 one that spins for a cross call is stopped on its way back, and may exit before", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 2, Kernel: kernel, Choose: func(kind sim.Choice, n int) int {
			if kind == sim.ChoiceIPI {
				return 1
			}
			return 0
		}})
		task, err := m.NewTask(sim.TaskConfig{CPU: 1, Body: func(*sim.Task) error {
			_, err := m.PerfEventOpen(kernelRW(addrA, false), nil, 0)
			return err
		}})
		must(t, err)
		_, ok, err := m.Step()
		must(t, err)
		if !ok || task.State() != "running" {
			t.Fatalf("the task is %s: the test begins at the wrong time", task.State())
		}
		_, _, err = task.PtraceGet(hwdebug.HwWatch, 0)
		wantErrno(t, "stopped", err, syscall.ESRCH)
		if task.State() != "dead" || mustSlots(t, m, 0).WP.CPUPinned != 1 {
			t.Errorf("it is %s, and its event is not there", task.State())
		}
		must(t, m.CheckInvariants())
	})
}

// TestEntriesOfASet is what a write of a set, or a number that it does not have, leaves of it (spec chapter
// 7).
func TestEntriesOfASet(t *testing.T) {
	onEvery(t, "R-PTR-6 a set has entries 0 to 15", func(t *testing.T, kernel string) {
		task := newTask(t, vectorMachine(t, kernel), "t", 1)
		for idx, valid := range map[int]bool{-1: false, 0: true, 15: true, 16: false} {
			if _, _, err := task.PtraceGet(hwdebug.HwWatch, idx); (err == nil) != valid {
				t.Errorf("entry %d reads %v", idx, err)
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
		{"R-PTR-5, 7 an address that is refused ends the write", K, 0, 0, 0x1fc},
		{"R-PTR-5, 8 a control that is refused ends the write, and the address stays", userAddr, 0xb5, userAddr, 0x1fc},
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
					t.Errorf("entry %d reads %#x, %#x, want %#x, %#x", idx, addr, ctrl, want.Addr, want.Ctrl)
				}
			}
		})
	}
	onEvery(t, "R-PTR-18 at a trap stop the task is switched out and in again", func(t *testing.T, kernel string) {
		m := vectorMachine(t, kernel)
		task := newTask(t, m, "t", 1)
		must(t, task.PtraceSet(hwdebug.HwWatch, 0, userAddr, 0x1f5))
		must(t, m.CPU(1).ContextSwitch(task))
		w := watch(t, m, 1)
		if err := task.Store(userAddr, 4, 1); err == nil {
			t.Fatal("no signal")
		}
		w.want("stopped", "WCR0=0x0 M=0x1000 M=0x9000 WVR0=0x400000 WCR0=0x1f5")
		if m.CPU(1).Current() != task {
			t.Errorf("%s is current afterwards", m.CPU(1).Current().Comm())
		}
	})
}
