// Calls back at entries of functions: when they come, and that the machine only looks meanwhile.

package sim_test

import (
	"strings"
	"testing"

	"github.com/hwlua/hwlua/hwdebug/arm64"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/hwdebug/trace"
)

// TestEntered: the caller is called back at each entry of the functions that it names, before the function
// does anything. Meanwhile the machine can be looked at, and every call that would change it fails.
func TestEntered(t *testing.T) {
	m := newMachine(t, sim.Config{CPUs: 2})
	type entry struct {
		cpu  int16
		wvr0 uint64
	}
	var got []entry
	look := func(r *trace.Record) {
		rec := m.Recorder()
		if e := rec.EntryOf(r); e.Fn != "write_wb_reg" || !e.Running {
			t.Errorf("called with %s, want a running write_wb_reg", e.Text())
		}
		wvr, err := m.CPU(int(r.CPU)).Reg(arm64.WVR, 0)
		must(t, err)
		got = append(got, entry{r.CPU, wvr})
		_, run := m.Run()
		_, _, step := m.Step()
		_, open := m.RegisterWideHwBreakpoint(kernelRW(addrB, false), nil)
		for what, err := range map[string]error{
			"Run": run, "Step": step, "RegisterWideHwBreakpoint": open, "Msleep": m.Msleep(1e6),
			"Printk": m.Printk("x"),
		} {
			if err == nil || !strings.Contains(err.Error(), "halted in a modelled function") {
				t.Errorf("%s in the middle of write_wb_reg: %v, want an error that says so", what, err)
			}
		}
		if len(got) > 4 {
			t.Fatal("the callback is called without end")
		}
	}
	must(t, m.SetEntered([]string{"write_wb_reg"}, look))
	must(t, m.DumpStackIn("write_wb_reg"))
	w, err := m.RegisterWideHwBreakpoint(kernelRW(addrA, false), nil)
	must(t, err)
	want := []entry{{0, 0}, {0, addrA}, {1, 0}, {1, addrA}} // WVR before WCR, on each CPU
	if len(got) != len(want) {
		t.Fatalf("called back at %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("call %d: %v, want %v", i, got[i], want[i])
		}
	}
	must(t, m.SetEntered(nil, nil))
	must(t, m.UnregisterWideHwBreakpoint(w))
	must(t, m.CheckInvariants())
	if n := strings.Count(strings.Join(m.Dmesg(), "\n"), "write_wb_reg+"); n != 6 {
		t.Errorf("write_wb_reg is in %d dumps, want those of its 6 entries: dump_stack_in stays", n)
	}
	if err := m.SetEntered([]string{"write_wb_rge"}, look); err == nil {
		t.Error("a function that is not modelled is accepted")
	}
}
