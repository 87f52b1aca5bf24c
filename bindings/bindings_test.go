// What scripts see of the module: every sample runs, nothing reachable is undescribed, objects keep
// their identity, and mistakes are told in words that stand in one golden file.

package bindings_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/sim"
	"github.com/hwlua/hwlua/vm"
	"github.com/hwlua/hwlua/vm/describe"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// run runs a script that has a machine m of two CPUs.
func run(src string) (out string, results []any, err error) {
	return runWith(sim.Config{CPUs: 2}, vm.Limits{}, src)
}

func runWith(c sim.Config, limits vm.Limits, src string) (out string, results []any, err error) {
	var b bytes.Buffer
	rt, err := vm.New(vm.Config{Modules: withMachine(c), Stdout: &b, Limits: limits})
	if err != nil {
		return "", nil, err
	}
	defer rt.Close()
	prog, err := vm.Compile("test.lua", src)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	results, err = rt.Run(ctx, prog)
	return b.String(), results, err
}

// withMachine returns the module hw with a machine m.
func withMachine(c sim.Config) []vm.Module {
	return []vm.Module{bindings.HardwareWith(bindings.Options{Machine: &c})}
}

// must runs a script that has to succeed.
func must(t *testing.T, src string) string {
	t.Helper()
	out, _, err := run(src)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEverySampleRuns(t *testing.T) {
	n := 0
	sample := func(path, src string) {
		if strings.TrimSpace(src) == "" {
			return
		}
		n++
		if out, _, err := run(src); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
	for _, e := range bindings.Index().Entries() {
		switch {
		case e.Func != nil:
			sample(e.Path, e.Func.Sample)
		case e.Class != nil:
			sample(e.Path, e.Class.Sample)
		}
	}
	if n < 100 {
		t.Errorf("only %d samples", n)
	}
}

// keys returns the names in a table of a script.
func keys(t *testing.T, table string) []string {
	t.Helper()
	return strings.Fields(must(t, "for k in pairs("+table+") do print(k) end"))
}

func TestNothingReachableIsUndescribed(t *testing.T) {
	x := bindings.Index()
	modifiers := []string{"are", "are_not", "has", "has_no", "is", "is_not"}
	for _, module := range []string{"hw", "hw.ctrl", "bit", "assert"} {
		names := keys(t, module)
		for _, name := range names {
			if x.Member(module, name) == nil && !(module == "assert" && slices.Contains(modifiers, name)) {
				t.Errorf("%s.%s is not described", module, name)
			}
		}
		for _, e := range x.Members(module) {
			if !slices.Contains(names, e.Name) {
				t.Errorf("%s is described and not there", e.Path)
			}
		}
	}
	// Tables that are returned hold what is described, and objects have what is described by construction.
	for _, tt := range []struct{ record, make string }{
		{
			record: "attr",
			make:   `m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0, name = "x" }.attr`,
		},
		{record: "ctrl", make: `hw.ctrl.decode(0x1f5)`},
		{record: "slots", make: `m:slots(0)`},
		{record: "slot_use", make: `m:slots(0).wp`},
		{record: "preset", make: `hw.presets[1]`},
		{record: "trace_record", make: `(function()
			m.cpu[0]:read_wb_reg("WCR", 0)
			return m:trace { fn = "read_wb_reg" }[1]
		end)()`},
		{record: "siginfo", make: `(function()
			local t = m:task {}
			t:ptrace_set("watch", 0, 0x1000, 0x1f5)
			t:store(0x1000, 4)
			return t.siginfo
		end)()`},
	} {
		names := keys(t, tt.make)
		for _, name := range names {
			if x.Member(tt.record, name) == nil {
				t.Errorf("%s: %s is not described", tt.record, name)
			}
		}
		for _, e := range x.Members(tt.record) {
			if !slices.Contains(names, e.Name) && !(e.Field.Optional && tt.record != "attr") {
				t.Errorf("%s is described and not there", e.Path)
			}
		}
	}
}

func TestEveryFieldCanBeRead(t *testing.T) {
	for _, e := range bindings.Index().Entries() {
		switch e.Kind {
		case describe.IsField:
			out := must(t, world+"local o = objects['"+e.Owner+"'] print(hw.type(o), o."+e.Name+" == nil)")
			if want := e.Owner + "\tfalse\n"; out != want && !e.Field.Optional {
				t.Errorf("%s: %q, want %q", e.Path, out, want)
			}
		case describe.IsMethod:
			must(t, world+"assert(type(objects['"+e.Owner+"']."+e.Name+") == 'function')")
		}
	}
}

func TestOneObjectIsOneValue(t *testing.T) {
	must(t, `
assert(m.cpu[0] == m.cpu[0] and m.cpu[0] ~= m.cpu[1] and m.cpu == m.cpu)
assert(m.cpu[0].wcr == m.cpu[0].wcr and m.cpu[0].wcr ~= m.cpu[0].bcr)
assert(m.cpu[0].wp_on_reg ~= m.cpu[0].bp_on_reg)
local seen = {}
local t = m:task { comm = "t" }
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
seen[w[1]] = "event" seen[t] = "task"
assert(seen[m.cpu[1].wp_on_reg[0]] == "event")
assert(seen[m:slots(1).wp.on_reg[0]] == "event")
assert(w[1].wide == w and rawequal(w[1].wide, w))
m.cpu[1]:context_switch(nil)
m.cpu[0]:context_switch(t)
assert(seen[m.cpu[0].current] == "task" and m.current == t)
local work
work = m:work("x", function(given) assert(given == work) end)
m:schedule_work(work) m:run()
assert(work.runs == 1 and m:works()[1] == work)
for _, ev in ipairs(m:events()) do assert(ev == w[ev.cpu]) end
local other = hw.machine { cpus = 2 }
assert(other ~= m and other.cpu[0] ~= m.cpu[0])
`)
}

func TestWhatIsGoneKeepsItsFields(t *testing.T) {
	must(t, `
local ev = assert(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 })
ev:close()
assert(ev.addr == 0x1000 and ev.len == 8 and ev.closed and ev.slot == nil and ev.attr.type == "w")
for _, call in ipairs { "enable", "disable", "read", "close" } do
  assert.matches("is closed", select(2, pcall(function() return ev[call](ev) end)))
end
for _, call in ipairs { "perf_event_enable", "perf_event_disable", "unregister_hw_breakpoint" } do
  assert.matches("is closed", select(2, pcall(function() return m[call](m, ev) end)))
end
assert.matches("is closed", select(2, pcall(function() return ev:modify { len = 4 } end)))
assert.matches("is closed", select(2, pcall(function() return m.cpu[0]:event_sched_in(ev) end)))
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
local one = w[0]
m:unregister_wide_hw_breakpoint(w)
assert(w[0] == one and w.closed)
assert.matches("is closed", select(2, pcall(function() return m:unregister_wide_hw_breakpoint(w) end)))
assert.matches("is closed", select(2, pcall(function() return m:perf_event_enable(one) end)))
`)
}

func TestCallsWithNothingElseReturnTrue(t *testing.T) {
	must(t, `
local t = m:task {}
local ev = assert(m:perf_event_open { type = "w", addr = 0x1000, len = 8, task = t })
local w = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 })
for i, r in ipairs {
  ev:disable(), ev:enable(), ev:modify { len = 4 },
  m:perf_event_disable(w[0]), m:perf_event_enable(w[0]), m:msleep(1),
  m.cpu[0]:write_wb_reg("BVR", 0, 4), m.cpu[0]:context_switch(t), m.cpu[0]:store(0xffffff8008080000, 8),
  t:store(0x2000, 8), t:exec(0x2000), m:cpu_down(1), m:cpu_up(1), m:unregister_wide_hw_breakpoint(w),
  ev:close(), m:dump_stack_in("write_wb_reg"), t:exit(),
} do assert(rawequal(r, true), i .. ": " .. tostring(r)) end
`)
}

func TestAttributesAreTheSameEverywhere(t *testing.T) {
	must(t, `
local ev = assert(m:perf_event_open { type = "x", addr = 0xffffff8008080000, cpu = 0 })
assert(ev.len == 4)
local again = assert(m:perf_event_open(ev.attr and (function() local a = ev.attr a.cpu = 0 return a end)()))
assert.same(ev.attr, again.attr)
local t = m:task {}
local user = assert(m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t })
assert(user.attr.pinned and user.attr.sample_period == 1)
assert(m:modify_user_hw_breakpoint(user, { addr = 0x2000 }))
assert(user.addr == 0x2000 and user.len == 8 and user.type == "w" and user.attr.pinned)
assert(m:modify_user_hw_breakpoint(user, { disabled = true }))
assert(user.state == "off")
local file = assert(m:perf_event_open { type = "w", addr = 0x1000, len = 8, task = t })
assert(not file.attr.pinned and file.attr.sample_period == 0 and file.cpu == -1 and file.task == t)
`)
}

func TestErrorsOfScriptsComeBackAsTheyWere(t *testing.T) {
	must(t, `
local value = { code = 7 }
m:task { body = function() error(value) end }
local ok, e = pcall(m.run, m)
assert(not ok and e == value)
ok, e = pcall(function() return m.cpu[1]:run(function() error("inner", 0) end) end)
assert(e == "inner")
local a, b, c = m.cpu[1]:run(function(...) return m.current.comm, ... end, 7, nil)
assert(a == "swapper/1" and b == 7 and c == nil)
for _, v in ipairs { m, m.cpu[0], m.cpu[0].wcr, print, true, {}, coroutine.create(print) } do
  ok, e = pcall(function() m.cpu[1]:run(function() error(v) end) end)
  assert(not ok and rawequal(e, v))
end
ok, e = pcall(function() m.cpu[1]:run(function() local x x.y = 1 end) end)
assert(e:match "^test%.lua:%d+: attempt to index" and not e:match ":%d+:.*:%d+:", e)
`)
	_, _, err := run(`
m:work("w", function() end)
m:schedule_work(m:work("x", function()
  assert(m:perf_event_open { type = "w", addr = 0x1000, len = 9, cpu = 0 })
end))
m:run()`)
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("an errno asserted in a work function is %v, want EINVAL inside", err)
	}
	_, _, err = run(`m:schedule_work(m:work("x", function() assert.equals(1, 2) end)) m:run()`)
	var f *vm.Failure
	if !errors.As(err, &f) || f.Assertion != "equals" {
		t.Errorf("a failed assertion in a work function is %v", err)
	}
	_, _, err = run(`
assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a001, len = 16 })`)
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("an errno that was passed on is %v, want EINVAL inside", err)
	}
}

// An object that Go got from a script is the same object when a script gets it back, and of use in
// no other runtime.
func TestObjectsComeBackFromGo(t *testing.T) {
	rt, err := vm.New(vm.Config{Modules: withMachine(sim.Config{CPUs: 2})})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	prog, err := vm.Compile("test.lua", `
return m.cpu[1], function(c) return rawequal(c, m.cpu[1]) and rawequal(c, again) end`)
	if err != nil {
		t.Fatal(err)
	}
	results, err := rt.Run(context.Background(), prog)
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Set("again", results[0]); err != nil {
		t.Fatal(err)
	}
	same, err := rt.Call(context.Background(), results[1].(*vm.Function), results[0])
	if err != nil || same[0] != true {
		t.Errorf("%v, %v; want the same CPU", same, err)
	}
	other, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware()}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Set("c", results[0]); err == nil {
		t.Error("another runtime takes it")
	}
}

func TestLimitsReachIntoTheMachine(t *testing.T) {
	for name, src := range map[string]string{
		"a work that requeues itself": `
			local w w = m:work("w", function()
			m:schedule_work(w) end)
			m:schedule_work(w)
			m:run()`,
		"a task that never ends": `
			m:task { body = function()
			while true do m:msleep(1) end end }
			m:run()`,
		"a handler that moves in place": `
			local t = m:task {}
			m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
			on_hit = function()
			while true do end end }
			t:store(0x1000, 8)`,
		"pcall around it": `
			local w w = m:work("w", function()
			m:schedule_work(w) end)
			m:schedule_work(w)
			while true do pcall(m.run, m) end`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := runWith(sim.Config{CPUs: 2}, vm.Limits{Steps: 200_000}, src)
			if !errors.Is(err, vm.ErrSteps) {
				t.Errorf("got error %v, want %v", err, vm.ErrSteps)
			}
		})
	}
	for name, src := range map[string]string{
		"machines": `local all = {} while true do all[#all + 1] = hw.machine { cpus = 64 } end`,
		"parts of machines": `
			local all = {}
			while true do all[#all + 1] = hw.machine {}.cpu[1].wcr end`,
		"running machines": `
			while true do local m = hw.machine {}
			m:schedule_work(m:work("w", function() end)) m:run() end`,
		"events": `
			while true do
				assert(m:perf_event_open { type = "w", addr = 0x1000, len = 8, cpu = 0 }):close()
			end`,
		"tasks":        `while true do m:task { body = function() end } end`,
		"work":         `while true do m:work("w", function() end) end`,
		"modelled RAM": `local t = m:task {} for a = 0x1000, 2 ^ 36, 4096 do t:store(a, 8, 1) end`,
		"the log": `
			m:dump_stack_in("write_wb_reg")
			while true do m.cpu[0]:write_wb_reg("WVR", 0, 4) end`,
		"names of work": `local s = ("x"):rep(240) for i = 1, 1e9 do m:work(s .. i, print) end`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := runWith(sim.Config{CPUs: 2}, vm.Limits{Memory: 16 << 20}, src)
			if !errors.Is(err, vm.ErrMemory) {
				t.Errorf("got error %v, want %v", err, vm.ErrMemory)
			}
		})
	}
}

// A deadline stops every call, however long the machine would run by itself.
func TestDeadlinesReachIntoTheMachine(t *testing.T) {
	for name, src := range map[string]string{
		"a work that requeues itself": `
			local w w = m:work("w", function()
			m:schedule_work(w) end)
			m:schedule_work(w)
			while true do pcall(m.run, m) end`,
		"a delayed work that requeues itself": `
			local w w = m:delayed_work("w", function() m:schedule_delayed_work(w, 1) end)
			m:schedule_delayed_work(w, 1)
			while true do pcall(m.msleep, m, 1e9) end`,
		"tasks that yield to another": `
			for i = 1, 8 do m:task { body = function()
			while true do m:msleep(0) end end } end
			while true do pcall(m.run, m) end`,
		"a handler that moves in place": `
			local t = m:task {}
			m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
			on_hit = function() end }
			while true do pcall(t.store, t, 0x1000, 8) end`,
		"a handler that loops": `
			local t = m:task {}
			m:register_user_hw_breakpoint { type = "w", addr = 0x1000, len = 8, task = t,
			on_hit = function()
			while true do end end }
			t:store(0x1000, 8)`,
		"events": `
			while true do
			local w = m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008080000, len = 8 }
			m:unregister_wide_hw_breakpoint(w) end`,
		"wide events on 64 CPUs": `
			local m = hw.machine { cpus = 64 }
			while true do
			local w = m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008080000, len = 8 }
			m:unregister_wide_hw_breakpoint(w) end`,
		"the whole trace": `
			for i = 1, 40000 do m.cpu[0]:write_wb_reg("WVR", 0, 4) end
			while true do m:trace() end`,
		"a pattern that backtracks": `
			m:dump_stack_in("write_wb_reg")
			for i = 1, 200 do m.cpu[0]:write_wb_reg("WVR", 0, 4) end
			while true do m:dmesg(".-.-.-.-.-.-.-b$") end`,
		"assertions": `
			while true do
				pcall(assert.regs_exactly, m, { wcr = { [0] = 1 } })
				pcall(assert.dmesg, m, "nothing")
				pcall(assert.no_leaks, m)
			end`,
		"machines": `while true do hw.machine { cpus = 64 } end`,
		"runs within runs": `
			local function rec() return (m.cpu[1]:run(rec)) end
			while true do pcall(rec) end`,
		"forks": `
			local t = m:task {}
			m:perf_event_open { type = "w", addr = 0x1000, len = 8, task = t, inherit = true }
			while true do t:fork() end`,
		"coroutines around it": `
			while true do coroutine.wrap(function() m:msleep(1) coroutine.yield() end)() end`,
	} {
		t.Run(name, func(t *testing.T) {
			guard := time.AfterFunc(2*time.Minute, func() { panic(name + ": the deadline did not stop it") })
			defer guard.Stop()
			if err := stopped(t, src, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
			}
		})
	}
}

// stopped runs a script with a deadline and returns the error that ended it.
func stopped(t *testing.T, src string, deadline time.Duration) error {
	rt, err := vm.New(vm.Config{
		Modules: withMachine(sim.Config{CPUs: 2}),
		Limits:  vm.Limits{Memory: 256 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	prog, err := vm.Compile("test.lua", src)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	_, err = rt.Run(ctx, prog)
	return err
}

func TestMachinesThatNobodyKnowsAreGivenBack(t *testing.T) {
	_, _, err := runWith(sim.Config{CPUs: 2}, vm.Limits{Memory: 16 << 20}, `
for i = 1, 1000 do
  local m = hw.machine { cpus = 4 }
  assert(m:register_wide_hw_breakpoint {
    type = "w", addr = 0xffffff8008c5a000, len = 8, on_hit = function() return m, i end
  })
  assert.equals(0x1ff3, m.cpu[3].wcr[0])
end
local keep
do
  local m = hw.machine {}
  keep = m:perf_event_open { type = "w", addr = 0xffffff8008c5a000, len = 8, cpu = 0, name = "kept" }
end
for i = 1, 500 do hw.machine { cpus = 4 } end
assert(keep.state == "active" and keep:disable() and keep.attr.name == "kept")
`)
	if err != nil {
		t.Error(err)
	}
}

// A pool's runtimes are as new: no machine of an earlier run is left, and m is a fresh one.
func TestPool(t *testing.T) {
	var out bytes.Buffer
	pool := vm.NewPool(vm.Config{Modules: withMachine(sim.Config{CPUs: 2}), Stdout: &out}, 1)
	defer pool.Close()
	prog, err := vm.Compile("pool.lua", `
print(m.cpu[1].wcr[0], #m:events(), m.now, rawget(_G, "left") == nil, rawget(hw, "left") == nil)
m:register_wide_hw_breakpoint { type = "w", addr = 0xffffff8008c5a000, len = 8 }
m:task { body = function() m:msleep(1000) end }
m:msleep(10)
left, hw.left = m, true
m = nil`)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := pool.Run(context.Background(), prog); err != nil {
			t.Fatal(err)
		}
	}
	if want := strings.Repeat("0\t0\t0\ttrue\ttrue\n", 3); out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

func TestMachineThatIsThere(t *testing.T) {
	_, _, err := runWith(sim.Config{CPUs: 1025}, vm.Limits{}, "")
	if err == nil || !strings.Contains(err.Error(), "1024") {
		t.Errorf("a machine of 1025 CPUs: got error %v, want one that names the limit 1024", err)
	}
	if out := must(t, `print(m, m.nr_cpus)`); out != "machine test_mach (2 cpus, 4.19.116)\t2\n" {
		t.Error(out)
	}
}

// TestValues: what scripts get for values at the borders of what they may ask.
func TestValues(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{
			src:  `hw.u64 "0X1f", hw.u64 "0"`,
			want: "31 0",
		},
		{
			src:  `hw.u64 "0xffffffffffffffff" == -1 * 0x8000000000000000 + 0x7fffffffffffffff`,
			want: "true",
		},
		{
			src:  `hw.hex(5, 16), hw.hex(5, 17), hw.hex(5, 64), hw.hex(5, 0)`,
			want: "0x0000000000000005 0x00000000000000005 0x" + strings.Repeat("0", 63) + "5 0x5",
		},
		{
			src: `hw.machine { cpus = 2, brps = { [0] = 6, 4 } }.core_num_brps,
				hw.machine { cpus = 2, wrps = { 2, 3 } }.core_num_wrps`,
			want: "4 2",
		},
		{
			src: `#hw.machine { cpus = 2, brps = { [0] = 6, 4 } }.cpu[0].bcr,
				#hw.machine { cpus = 2, brps = { 6, 4 } }.cpu[0].bcr`,
			want: "6 6",
		},
		{
			src:  `hw.machine { brps = 1, wrps = 16 }.core_num_wrps`,
			want: "16",
		},
		{
			src:  `pcall(assert.callchain, { "a", "...", "..." }, { "a" })`,
			want: "true",
		},
		{
			src:  `pcall(assert.callchain, { "...", "b", "...", "d" }, { "a", "b", "c", "b", "d" })`,
			want: "true",
		},
		{
			src:  `pcall(assert.regs, m, { mdscr_el1 = m.cpu[0].mdscr_el1, wcr = { [0] = 0 } })`,
			want: "true",
		},
		{
			src: `hw.machine { brps = { [0] = 6, 5, 4, 3 } }.core_num_brps,
				pcall(hw.machine, { cpus = 2, brps = { [0] = 6, 4, 2 } })`,
			want: "3 false test.lua:2: bad argument #1 to 'machine' " +
				"(field 'brps': got 3, want 2 counts, one for each CPU)",
		},
		{
			src:  `select("#", assert.succeeds(1, nil, nil))`,
			want: "3",
		},
		{
			src: `hw.lt(0x8000000000000000, 1), hw.lt(1, 0x8000000000000000),
				hw.lt(0/0, 1), hw.lt(2, 2), hw.lt(1, 2)`,
			want: "false true false false true",
		},
		{
			src: `hw.le(0x8000000000000000, 1), hw.le(1, 0x8000000000000000),
				hw.le(0/0, 0/0), hw.le(2, 2), hw.le(2, 1), hw.le(1, 2)`,
			want: "false true false true false true",
		},
	} {
		var words []string
		_, results, err := run("return " + tt.src)
		for _, v := range results {
			words = append(words, fmt.Sprint(v))
		}
		if got := strings.Join(words, " "); err != nil || got != tt.want {
			t.Errorf("%s = %q, %v, want %q", tt.src, got, err, tt.want)
		}
	}
}

// assert.succeeds keeps the errno of what was refused, and takes none that is not one.
func TestSucceedsKeepsTheErrno(t *testing.T) {
	for src, want := range map[string]error{
		`assert.succeeds(m:cpu_down(0))`:                           syscall.EBUSY,
		`assert.succeeds(nil, "not there", "ENOSPC")`:              syscall.ENOSPC,
		`pcall(assert.succeeds, nil, "x", "ENOSPC") error "other"`: nil,
		`assert.succeeds(nil, "not there", "ENOSUCH")`:             nil,
		`assert.succeeds(nil, nil, "ENOSPC")`:                      nil,
	} {
		_, _, err := run(src)
		var errno syscall.Errno
		if err == nil || errors.As(err, &errno) != (want != nil) || want != nil && errno != want {
			t.Errorf("%s: %v, errno %v, want %v", src, err, errno, want)
		}
	}
}

// TestMistakes: what scripts that raise or fail say is read as a page, testdata/mistakes.txt.
func TestMistakes(t *testing.T) {
	src, err := os.ReadFile("testdata/mistakes.lua")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(string(src)), "\n") {
		b.WriteString("> " + line + "\n")
		out, results, err := run("local function prepare() end " + line)
		switch {
		case err != nil:
			b.WriteString(err.Error() + "\n\n")
		default:
			t.Errorf("%s: no error; it printed %q and returned %v", line, out, results)
		}
	}
	const golden = "testdata/mistakes.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || b.String() != string(want) {
		t.Errorf("%s is not what scripts are told; run: go test ./bindings -run Mistakes -update", golden)
	}
}

// Task bodies that sleep in a call from Go, each with a context of its own, end those calls in any order.
func TestBodiesSleepInCallsFromGo(t *testing.T) {
	var rt *vm.Runtime
	cancelShort := func() {}
	host := vm.Module{Name: "host", Global: true, Funcs: map[string]any{
		"call": func(ctx context.Context, f *vm.Function) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			_, err := f.Call(ctx)
			return err
		},
		"short": func(ctx context.Context, f *vm.Function) error {
			ctx, cancelShort = context.WithCancel(ctx)
			defer cancelShort()
			_, err := f.Call(ctx)
			return err
		},
		"cancel": func() { cancelShort() },
		"alive":  func(ctx context.Context) error { return ctx.Err() },
	}}
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware(), host}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	prog, err := vm.Compile("bodies.lua", `
		local m, done = hw.machine { cpus = 3 }, 0
		for i, ms in ipairs { 1, 5, 3 } do
			m:task { cpu = i - 1, body = function()
				host.call(function() host.alive() m:msleep(ms) host.alive() done = done + 1 end)
				host.alive()
			end }
		end
		m:run()
		host.alive()

		local ended, turns = false, 0
		m:task { cpu = 0, body = function()
			local ok, err = pcall(host.short, function() while true do m:msleep(1) end end)
			ended = not ok and err:find("context canceled") ~= nil
		end }
		m:task { cpu = 1, body = function()
			while not ended do
				turns = turns + 1
				if turns == 3 then host.cancel() end
				m:msleep(1)
			end
		end }
		m:run()
		return done, ended, turns >= 3`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, err := rt.Run(ctx, prog)
	if err != nil || got[0] != 3.0 || got[1] != true || got[2] != true {
		t.Errorf("done, ended, turns >= 3 = %v, %v, want 3, true, true", got, err)
	}
}

// Help on a rule prints the rule; lists and the reference leave rules out.
func TestHelpOnRules(t *testing.T) {
	index := bindings.Index()
	entries := index.Lookup("R-CON-7")
	if len(entries) != 1 {
		t.Fatalf("R-CON-7 has %d entries, want 1", len(entries))
	}
	help := index.Help(entries[0], 80)
	for _, want := range []string{"**R-CON-7** need = 1 + max over", "hwdebug/spec/04-constraints.md\n"} {
		if !strings.Contains(help, want) {
			t.Errorf("help on R-CON-7 reads\n%s\nwant %q in it", help, want)
		}
	}
	if es := index.Lookup("R-CON-999"); len(es) != 1 || es[0].Name != "rules" {
		t.Errorf("R-CON-999: got %v, want the topic rules", es)
	}
	if strings.Contains(string(describe.Markdown(bindings.Modules())), "need = 1 + max") {
		t.Error("the reference contains the text of a rule")
	}
}
