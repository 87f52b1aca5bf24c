// Addresses: refusals say what an address is that no event of a task can watch (R-VAL-19, R-VAL-28).

package sim_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/sim"
)

// TestRefusedAddress: the refusal names what the address is, and the address to use instead.
func TestRefusedAddress(t *testing.T) {
	for _, row := range []struct {
		name   string
		vaBits int
		addr   uint64
		says   []string
		not    string
	}{
		{"kernel", 39, 0xffffff8008c5a000, []string{"a kernel address", "use a CPU's event"}, "tag"},
		{"Android's heap tag", 39, 0xb400007123456788,
			[]string{"the user address 0x0000007123456788 with the tag 0xb4", "fix: use 0x0000007123456788"},
			"CPU's event"},
		{"tag of a kernel pointer", 39, 0xf4ffff8008c5a000,
			[]string{"the kernel address 0xffffff8008c5a000 with the tag 0xf4",
				"CPU's event at 0xffffff8008c5a000"}, ""},
		{"PAC of a user pointer", 39, 0x002a807123456788,
			[]string{"neither a user nor a kernel address of 39 bits", "PAC", "use 0x0000007123456788"},
			"CPU's event"},
		{"PAC of a kernel pointer", 39, 0xffaaff8008c5a000,
			[]string{"neither a user nor a kernel address of 39 bits", "PAC", "at 0xffffff8008c5a000"}, ""},
		{"above TASK_SIZE", 39, 0x8000000001, []string{"neither a user nor a kernel address of 39 bits"}, ""},
		{"user address of 48 bits", 48, 0xb400ffff12345678,
			[]string{"0x0000ffff12345678 with the tag 0xb4"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := newMachine(t, sim.Config{CPUs: 1, VABits: row.vaBits})
			_, err := m.RegisterUserHwBreakpoint(userW(row.addr), nil, newTask(t, m, "app", 0))
			wantErrno(t, "register", err, syscall.EINVAL)
			for _, text := range row.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("refusal %q lacks %q", err, text)
				}
			}
			if row.not != "" && strings.Contains(err.Error(), row.not) {
				t.Errorf("refusal %q has %q", err, row.not)
			}
		})
	}
}

// TestRefusedByTaskSize covers R-VAL-12: TASK_SIZE is the caller's, and the refusal names the caller.
func TestRefusedByTaskSize(t *testing.T) {
	onEvery(t, "32-bit caller", func(t *testing.T, kernel string) {
		m := newMachine(t, sim.Config{CPUs: 1, Kernel: kernel})
		target := newTask(t, m, "app64", 0)
		caller, err := m.NewTask(sim.TaskConfig{Comm: "app32", Compat: true})
		must(t, err)
		must(t, m.CPU(0).ContextSwitch(caller))
		for _, excludeKernel := range []bool{false, true} {
			a := userW(0x7000001000)
			a.ExcludeKernel = excludeKernel
			_, err = m.RegisterUserHwBreakpoint(a, nil, target)
			wantErrno(t, "register", err, syscall.EINVAL)
			for _, text := range []string{"of the caller, task app32 (pid ", "a 32-bit task",
				"TASK_SIZE (0x"} {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("refusal %q lacks %q", err, text)
				}
			}
			if strings.Contains(err.Error(), "a kernel address") {
				t.Errorf("refusal %q calls a user address one of the kernel", err)
			}
		}
		must(t, m.CPU(0).ContextSwitch(nil))
		register(t, m, target)
	})
}

// TestAddressOfCPUEvent: a CPU's event takes such an address and never hits (R-VAL-28), and without the
// capability the refusal says what the address is.
func TestAddressOfCPUEvent(t *testing.T) {
	const tagged = 0xb400007123456788
	m := newMachine(t, sim.Config{CPUs: 1})
	app, err := m.NewTask(sim.TaskConfig{Comm: "app", CapSysAdmin: sim.CapRevoked})
	must(t, err)
	ev := open(t, m, kernelRW(tagged, false), nil, 0)
	must(t, app.Store(tagged, 8, 1))
	must(t, app.Store(tagged&0xffffffffffffff, 8, 1))
	if ev.Count() != 0 {
		t.Errorf("count %d, want 0", ev.Count())
	}
	_, err = m.PerfEventOpen(kernelRW(tagged, false), nil, 0)
	wantErrno(t, "in the app's name", err, syscall.EPERM)
	if text := "the user address 0x0000007123456788 with the tag 0xb4"; !strings.Contains(err.Error(), text) {
		t.Errorf("refusal %q lacks %q", err, text)
	}
}
