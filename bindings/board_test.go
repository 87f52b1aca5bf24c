// Boards in Lua, and stacks of real kernels against the model.

package bindings_test

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	"github.com/hwlua/hwlua/hwdebug/board/rebuild"
	"github.com/hwlua/hwlua/vm"
)

// recorded returns the text of a recording of a real board.
func recorded(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("../hwdebug/board/testdata", name+".txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runBoard runs a script that finds a text in the global text.
func runBoard(t *testing.T, text, src string) error {
	t.Helper()
	prog, err := vm.Compile("board.lua", src)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rebuild.Read(rebuild.Options{}, []byte(text))
	var options []bindings.Option
	if err == nil {
		options = append(options, bindings.WithBoard(r.Board()))
	}
	rt, err := vm.New(vm.Config{Modules: []vm.Module{bindings.Hardware(options...)}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	if err := rt.Set("text", text); err != nil {
		t.Fatal(err)
	}
	_, err = rt.Run(context.Background(), prog)
	return err
}

func TestBoard(t *testing.T) {
	err := runBoard(t, recorded(t, "ptrace/trace"), `
local b = hw.board(text)
assert.equals("board", hw.type(b))
assert.equals("trace", b.source) assert.equals(4, b.nr_cpus) assert.equals(6, b.core_num_brps)
assert.equals(4, #b.cpu[1].wcr) assert.equals(b.cpu[1], b.cpu[1])
assert.equals(b.nr_cpus, board.nr_cpus)

-- a moment
local at = b:at(7.4805)
assert.equals("tracer-98", at.cpu[1].wp_on_reg[0].by)
assert.equals(at.cpu[1].wp_on_reg[0], at.cpu[1].wp_on_reg[0])
local armed = { [0] = 0x7d, [1] = 0x1ff5, [2] = 0x1ff5, [3] = 0x2d }
assert.regs(at.cpu[1], { wcr = armed, wvr = { [0] = 0x10000148 } })
assert.regs_exactly(at.cpu[3], {})
assert.has_error(function() assert.regs(at.cpu[1], { wcr = { [0] = 1 } }) end)
assert.has_error(function() assert.regs(at.cpu[1], { mdscr_el1 = 0x9000 }) end)
assert.is_nil(at.cpu[1].mdscr_el1)

-- refusals and leaks
local r = b:refusals()
assert.equals(4, #r)
assert.equals("ENOSPC", r[2].errno) assert.equals(0x10000168, r[2].addr) assert.equals("rw", r[2].type)
assert.equals(4, #r[2].holders)
assert.equals(2, r[2].holders[1].slot) assert.equals("victim", r[2].holders[1].comm)
assert.matches("4 of 4 slots reserved on cpu1", r[2].why)
assert.matches("task victim", r[2].why)
assert.equals(2, #b:leaks()) assert.equals("agent-1", b:leaks()[1].by)
assert.equals(6, #b:findings()) assert.equals("refused", b:findings()[1].finding)
assert.has_error(function() assert.no_leaks(b) end)

-- the model
local m = assert(at:model())
assert.equals("machine", hw.type(m))
assert.regs(m.cpu[1], { wcr = { [0] = 0x7d, [1] = 0x1ff5, [2] = 0x1ff5, [3] = 0x2d } })
local t = m.cpu[1].current
assert.equals("victim", t.comm)
assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = 0x1000, len = 8, task = t })
assert.equals(4, #m:why().holders)
assert.matches("hw.machine", b:scenario())

-- misuse
local function fails(pattern, fn)
  local ok, message = pcall(fn)
  assert(not ok and message:find(pattern, 1, true), message)
end
fails("a board is only looked at; hw.machine{} can do that", function() b:perf_event_open {} end)
fails("a board is only looked at", function() b.cpu[0]:write_wb_reg("WCR", 0, 0) end)
fails("has no field or method 'event'; did you mean 'events'", function() b:event() end)
fails("the board has no CPU 9", function() return b.cpu[9] end)
fails("99.000000 is not in the trace", function() b:at(99) end)
fails("does not change", function() b:refresh() end)
fails('line 1: "hello"', function() hw.board "hello" end)
fails("cannot be assigned", function() b.nr_cpus = 3 end)
`)
	if err != nil {
		t.Fatal(err)
	}
}

// TestBoardUnknown: what a damaged trace does not tell is nil, and has no model.
func TestBoardUnknown(t *testing.T) {
	err := runBoard(t, recorded(t, "seed/perf-script"), `
assert.is_nil(board.cpu[0].wcr[0]) assert.is_nil(board.cpu[0].wp_on_reg[0])
assert.errno("EOPNOTSUPP", board:model())
local ok, message = pcall(assert.regs, board.cpu[0], { wcr = { [0] = 0 } })
assert(not ok and tostring(message):find("its source does not know it", 1, true), message)
assert(not pcall(assert.regs_exactly, board.cpu[0], {}))
assert.is_nil(board.kernel)
`)
	if err != nil {
		t.Fatal(err)
	}
}

// stacks returns the different stacks of a trace, as its lines.
func stacks(text string) (list []string) {
	seen := map[string]bool{}
	var b strings.Builder
	for line := range strings.Lines(text + "end\n") {
		if strings.HasPrefix(line, " => ") {
			b.WriteString(line)
			continue
		}
		if s := b.String(); s != "" && !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
		b.Reset()
	}
	return list
}

// TestPastedStacks: the stacks of a real 6.1.176 kernel occur in the chains of the model's profile, and no
// other does.
func TestPastedStacks(t *testing.T) {
	const story = `
local m = hw.machine { kernel = "6.1.176", va_bits = 48 }
local wides, chains = {}, {}
local function keep()
  for cpu = 0, 3 do
    for n = 1, 60 do
      local ok, chain = pcall(m.callchain, m, "write_wb_reg", { cpu = cpu, nth = n, view = "full" })
      if not ok or not chain then break end
      chains[#chains + 1] = chain
    end
  end
end
local function _register_wp_bp(i)
  wides[i] = assert(m:register_wide_hw_breakpoint { type = "w", addr = 0xffff800000d097c0 + 8 * i, len = 8 })
end
local function watch_point_delayed_work_func() for i = 0, 1 do _register_wp_bp(i) end end
local dw = m:delayed_work("watch_point_delayed_work_func", watch_point_delayed_work_func)
m:queue_delayed_work_on(1, dw, "1s")
m:msleep(2000)
local function do_store() m.cpu[2]:store(0xffff800000d097c0, 8) end
m:smp_call_function_single(2, function() do_store() end)
local t = m:task { comm = "mali-cmar-backe", cpu = 3 }
local function _unregister_wp_bp(i) m:unregister_wide_hw_breakpoint(wides[i]) end
t:on_exit("wpdemo_release", function() for i = 0, 1 do _unregister_wp_bp(i) end end)
t:exit()
keep()
local function holds(stack)
  for _, chain in ipairs(chains) do
    if pcall(assert.callchain, stack, chain) then return true end
  end
end
`
	list := stacks(recorded(t, "seed/function-stack"))
	if len(list) < 10 {
		t.Fatalf("%d stacks", len(list))
	}
	for _, s := range list {
		if strings.Contains(s, "task_work_run") {
			continue // t:on_exit runs in exit_files, the last fput of this file ran as task work
		}
		if err := runBoard(t, s, story+"assert(holds(text))"); err != nil {
			t.Errorf("not in the model:\n%s%v", s, err)
		}
		turned := strings.Replace(s, " => write_wb_reg\n => hw_breakpoint_control\n",
			" => hw_breakpoint_control\n => write_wb_reg\n", 1)
		if turned == s {
			continue
		}
		if err := runBoard(t, turned, story+"assert(not holds(text))"); err != nil {
			t.Errorf("a stack in the wrong order holds:\n%s", turned)
		}
	}
}

// TestPastedForms: a stack is read as the kernel log, tracefs and perf print it.
func TestPastedForms(t *testing.T) {
	for name, stack := range map[string]string{
		"kernel log": "[   12.3] Call trace:\n[   12.3]  dump_backtrace+0x0/0x1c0\n[   " +
			"12.3]  show_stack+0x14/0x20\n" +
			"[   12.3]  write_wb_reg+0x3c/0x284\n[   12.3]  " +
			"hw_breakpoint_control+0x118/0x228\n",
		"plain":   "write_wb_reg+0x3c/0x284\nhw_breakpoint_control+0x118/0x228",
		"tracefs": " => write_wb_reg\n => hw_breakpoint_control\n",
		"perf": "\tffff800008031410 write_wb_reg+0x0 " +
			"([kernel.kallsyms])\n\tffff8000082a4258 hw_breakpoint_control+0x18 ([k])\n",
		"compiled": "write_wb_reg.constprop.0+0x3c/0x284\nhw_breakpoint_control.part.0.isra.0+0x1/0x2 [mod]",
	} {
		err := runBoard(t, stack, `
assert.callchain(text, { "write_wb_reg", "inlined", "hw_breakpoint_control", "kthread" })
local ok, message = pcall(assert.callchain, text, { "hw_breakpoint_control", "write_wb_reg" })
assert(not ok and tostring(message):find("at another place", 1, true), message)
assert(not pcall(assert.callchain, text, { "write_wb_reg" }))
assert(not pcall(assert.callchain, "no stack", { "write_wb_reg" }))`)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
