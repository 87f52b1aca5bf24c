// Breaks: where code stops, what can be done there, and that going on changes nothing.

package bindings_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
)

// stopping runs a script with breaks, and look with each Halt.
func stopping(
	t *testing.T, src string, places []string, look func(rt *vm.Runtime, h bindings.Halt),
) (trace string) {
	t.Helper()
	breaks := new(bindings.Breaks)
	var list []bindings.Break
	for _, p := range places {
		b, err := bindings.ParseBreak(p)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	var m *sim.Machine
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.HardwareWith(bindings.Options{
		Machine: &sim.Config{CPUs: 2}, Breaks: breaks, Made: func(x *sim.Machine) { m = x },
	})}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	if err := breaks.Set(list, func(h bindings.Halt) { look(rt, h) }); err != nil {
		t.Fatal(err)
	}
	if _, err := rt.Run(context.Background(), compile(t, "test.lua", src)); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for r := range m.Recorder().Records {
		e := m.Recorder().EntryOf(r)
		fmt.Fprintf(&b, "%d %s\n", e.CPU, e.Text())
	}
	return b.String()
}

func compile(t *testing.T, name, src string) *vm.Program {
	t.Helper()
	p, err := vm.Compile(name, src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const breakStory = `
local function open(len)
  return m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = len }
end
local w = open(8)
local dw = m:delayed_work("later", function() m:unregister_wide_hw_breakpoint(w) end)
m:schedule_delayed_work_on(1, dw, "1s")
m:run()
`

// TestBreaks: a break stops at each entry of its function, on its CPU. Code that is run there sees the
// variables of the functions that run and the registers as they are. The machine does the same as without
// breaks.
func TestBreaks(t *testing.T) {
	var seen []string
	ask := compile(t, "ask.lua", `return m.cpu[1].wvr[0] .. " " .. m.now .. " " .. tostring(len),
		m:callchain("write_wb_reg")[1]`)
	with := stopping(t, breakStory, []string{"perf_event_open", "write_wb_reg cpu=1"},
		func(rt *vm.Runtime, h bindings.Halt) {
			results, err := rt.Run(h.Context, ask)
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, fmt.Sprint(h.Break, " ", h.At, " | ", results[0], " ", results[1]))
			if h.Chain[0] != "write_wb_reg" || h.Stack[0].Func == "" {
				t.Errorf("stopped in %v, called by %v", h.Chain, h.Stack)
			}
		})
	want := []string{
		"1 cpu1  0.000000  write_wb_reg(WVR, 0, 0xffffff8008c5a000) | 0 0 8 write_wb_reg",
		"1 cpu1  0.000000  write_wb_reg(WCR, 0, 0x1ff3) | 0xffffff8008c5a000 0 8 write_wb_reg",
		"1 cpu1  1.024000  write_wb_reg(WCR, 0, 0x0) | 0xffffff8008c5a000 1.024 nil write_wb_reg",
	}
	if strings.Join(seen, "\n") != strings.Join(want, "\n") {
		t.Errorf("stopped at\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
	if without := stopping(t, breakStory, nil, nil); with != without {
		t.Errorf("the breaks change what the machine does, from\n%s\nto\n%s", without, with)
	}
}

// TestNothingChangesAtABreak: at a break every described method of the machine, its CPUs, tasks, events and
// work looks, or is refused by name.
func TestNothingChangesAtABreak(t *testing.T) {
	looks := map[string]bool{}
	for _, name := range strings.Fields("cpus tasks events works dmesg why slots trace callchain") {
		looks[name] = true
	}
	story := `ev = m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 } task = m:task {}
		cpu, work, delayed = m.cpu[0], m:work("w", print), m:delayed_work("dw", print)
		timer, mutex, completion = m:timer_setup("t", print), m:mutex("l"), m:completion("c")
		irq_work, hit = m:irq_work("i", print), nil
		m:register_wide_hw_breakpoint { type = "w", addr = 0x2000, len = 8 }`
	called := 0
	stopping(t, story, []string{"__reserve_bp_slot"}, func(rt *vm.Runtime, h bindings.Halt) {
		if v, ok := rt.Look("irq_work"); !ok || v.IsNil() {
			return // of the first event
		}
		before, _ := rt.Run(h.Context, compile(t, "seq.lua", "return #m:trace {}, m.now"))
		for _, e := range bindings.Index().Entries() {
			if e.Kind.String() != "method" || strings.HasPrefix(e.Path, "board") {
				continue
			}
			object, _, _ := strings.Cut(e.Path, ":")
			code := fmt.Sprintf("if type(%[1]s) == 'nil' then return true, 'none' end "+
				"return pcall(function() return %[1]s:%[2]s() end)", object, e.Name)
			results, err := rt.Run(h.Context, compile(t, "call.lua", code))
			if err != nil {
				t.Fatalf("%s: %v", e.Path, err)
			}
			called++
			text := fmt.Sprint(results[1:]...)
			want := "stopped in __reserve_bp_slot, where it can only be looked at: '" + e.Name + "' " +
				"would change it"
			if refused := strings.Contains(text, want); refused == looks[e.Name] && text != "none" {
				t.Errorf("%s: %v, looks: %t", e.Path, text, looks[e.Name])
			}
		}
		after, _ := rt.Run(h.Context, compile(t, "seq.lua", "return #m:trace {}, m.now"))
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("records and time are %v, were %v", after, before)
		}
	})
	if called < 100 {
		t.Errorf("%d methods were called, want all", called)
	}
}

// TestBreaksAreNotNested: breaks stop machines that are made later too, but not what is run at a break.
func TestBreaksAreNotNested(t *testing.T) {
	stops := 0
	inner := compile(t, "x.lua", `hw.machine {}.cpu[0]:write_wb_reg("WCR", 0, 0)`)
	stopping(t, `local x = hw.machine { cpus = 1 }
		x.cpu[0]:write_wb_reg("WCR", 0, 0) m.cpu[0]:write_wb_reg("WCR", 0, 0)`,
		[]string{"write_wb_reg"}, func(rt *vm.Runtime, h bindings.Halt) {
			stops++
			if _, err := rt.Run(h.Context, inner); err != nil {
				t.Error(err)
			}
			if rt.Close() == nil {
				t.Error("the runtime is closed in the middle of its run")
			}
		})
	if stops != 2 {
		t.Errorf("%d stops, want 2", stops)
	}
	for _, text := range []string{"", "write_wb_reg cpu", "write_wb_reg cpu=-1", "write_wb_reg cpu=1 cpu=2"} {
		if b, err := bindings.ParseBreak(text); err == nil {
			t.Errorf("%q is the break %v, want an error", text, b)
		}
	}
	const want = "'write_wb_rge' is not a modelled kernel function; did you mean 'write_wb_reg'?"
	if _, err := bindings.ParseBreak("write_wb_rge"); fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestBreakAtASystemCall: a system call is meant by its name on every release, and stops once.
func TestBreakAtASystemCall(t *testing.T) {
	for _, name := range []string{"perf_event_open", "sys_perf_event_open"} {
		for _, kernel := range []string{"4.19", "6.12"} {
			var got []string
			src := fmt.Sprintf(`hw.machine { kernel = %q }:perf_event_open {
				type = "w", addr = 0x1000, len = 8, cpu = 0 }`, kernel)
			stopping(t, src, []string{name}, func(_ *vm.Runtime, h bindings.Halt) { got = append(got, h.Fn) })
			if len(got) != 1 || !strings.HasSuffix(got[0], "_sys_perf_event_open") {
				t.Errorf("%s on %s stops in %q, want the body of the call, once", name, kernel, got)
			}
		}
	}
}
