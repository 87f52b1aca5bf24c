-- The kernel's log is what an engineer has to go by. Is each line of it as Linux prints it, to the last blank?
-- tags: log
local hw = require "hw"

local K = 0xffffff8008080000

describe("the log", function()
  it("has a stamp of seconds and microseconds before each line", function()
    local m = hw.machine { cpus = 1 }
    m:msleep(28808)
    m.cpu[0]:write_wb_reg("WCR", 16, 1)
    assert.same({ "[   28.808000] hw-breakpoint: attempt to write to unknown breakpoint register 16" }, m:dmesg "unknown")
  end)

  it("names CPU, task, taint, release and version in the head of a dump, and the hardware", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.116", taint = "PO", release = "4.19.116+", version = "#49 SMP PREEMPT", name = "xxx_mach" }
    m:dump_stack_in "write_wb_reg"
    m.cpu[1]:write_wb_reg("WVR", 0, 0x1000)
    local lines = m:dmesg()
    assert.equals("[    0.000000] CPU: 1 PID: 0 Comm: swapper/1 Tainted: P           O      4.19.116+ #49", lines[2])
    assert.equals("[    0.000000] Hardware name: xxx_mach (DT)", lines[3])
    assert.equals("[    0.000000] Call trace:", lines[4])
    assert.matches("^%[    0%.000000%]  dump_backtrace%+0x0/0x%x+$", lines[5])
  end)

  it("says what a worker works on", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.116", seed = 0 }
    m:dump_stack_in "write_wb_reg"
    m:schedule_work_on(1, m:work("probe_func", function() m.cpu[1]:write_wb_reg("WVR", 0, 0x1000) end))
    m:run()
    assert.dmesg(m, "Comm: kworker/1:0 Not tainted 4%.19%.116")
    assert.dmesg(m, "^%[    0%.000000%] Workqueue: events probe_func$")
    assert.dmesg(m, "%]  process_one_work%+0x")
    assert.dmesg(m, "%]  ret_from_fork%+0x")
  end)

  it("prints a frame as a symbol, an offset and a size", function()
    local m = hw.machine { cpus = 1 }
    m:dump_stack_in "write_wb_reg"
    m.cpu[0]:write_wb_reg("WVR", 0, 0x1000)
    assert.equals(1, #m:dmesg "^%[    0%.000000%]  write_wb_reg%+0x3c/0x284$")
  end)

  it("warns once that no slot was found, in the frame of a warning, and is tainted from then on", function()
    local m = hw.machine { cpus = 2, wrps = { 4, 2 }, kernel = "4.19.116" }
    for i = 0, 3 do m:perf_event_open { type = "w", addr = K + 8 * i, len = 8, cpu = 0, pinned = true } end
    assert.equals(1, #m:dmesg "Can't find any breakpoint slot$")
    assert.equals(1, #m:dmesg "%-%-%-%-%-%-%-%-%-%-%-%-%[ cut here %]%-%-%-%-%-%-%-%-%-%-%-%-$")
    assert.dmesg(m, "WARNING: CPU: 0 PID: 1 at .*hw_breakpoint%.c:%d+ hw_breakpoint_control%+0x%x+/0x%x+")
    assert.dmesg(m, "%-%-%-%[ end trace %x+ %]%-%-%-$")
    m:dump_stack_in "write_wb_reg"
    m.cpu[0]:write_wb_reg("WVR", 0, 0x1000)
    assert.dmesg(m, "Tainted: G S      W         4%.19%.116")
  end)

  it("is the whole of what happened: lines in order, none twice", function()
    local m = hw.machine { cpus = 1 }
    assert.same({ "[    0.000000] hw-breakpoint: found 6 breakpoint and 4 watchpoint registers." }, m:dmesg())
  end)
end)

it("6.1 goes through one function more to a dump, and leaves a blank for the package's number", function()
  local m = hw.machine { cpus = 1, kernel = "6.1" }
  m:dump_stack_in "write_wb_reg"
  m.cpu[0]:write_wb_reg("WVR", 0, 0x1000)
  assert.dmesg(m, "%]  dump_stack_lvl%+0x")
  assert.dmesg(m, "Comm: hwlua Not tainted 6%.1%.192 #1 $")
end)
