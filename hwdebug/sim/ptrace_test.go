// The 32-bit requests, which number the registers of both sets with one signed number (spec chapter 7).

package sim_test

import (
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
