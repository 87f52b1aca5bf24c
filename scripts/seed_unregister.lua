-- A GPU thread, mali-cmar-backe, exits and takes a watchpoint of the whole machine with it. The unregistration runs
-- inside exit_files of the dying task. Which frames does it go through, and what is left in the registers?
-- tags: seed, exit, wide
local hw = require "hw"

local ADDR = 0xffffff8008c5a000

describe("unregistration while a task exits", function()
  local m, w, t
  before_each(function()
    m = hw.machine { cpus = 2, kernel = "4.19.116", name = "xxx_mach", taint = "PO", release = "4.19.116+", version = "#49 SMP" }
    w = assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = ADDR, len = 8 })
    t = m:task { comm = "mali-cmar-backe", pid = 3237, cpu = 0 }
    t:on_exit("_unregister_wp_bp", function() m:unregister_wide_hw_breakpoint(w) end)
  end)

  it("goes through the seed's frames on the task's own CPU", function()
    t:exit()
    assert.same({
      "hw_breakpoint_control", "hw_breakpoint_del", "event_sched_out", "__perf_remove_from_context",
      "event_function", "remote_function", "generic_exec_single", "smp_call_function_single",
      "event_function_call", "perf_event_release_kernel", "unregister_wide_hw_breakpoint",
      "_unregister_wp_bp", "exit_files", "do_exit", "do_group_exit", "__se_sys_exit",
      "el0_svc_common", "el0_svc_handler", "el0_svc",
    }, m:callchain("hw_breakpoint_control", { cpu = 0 }))
  end)

  it("arrives on the other CPU by an interrupt", function()
    t:exit()
    assert.callchain({ "hw_breakpoint_control", "hw_breakpoint_del", "event_sched_out",
      "__perf_remove_from_context", "event_function", "remote_function", "flush_smp_call_function_queue",
      "generic_smp_call_function_single_interrupt", "handle_IPI", "gic_handle_irq", "el1_irq", "..." },
      m:callchain("hw_breakpoint_control", { cpu = 1 }))
  end)

  it("writes one register on each CPU: the control word becomes 0", function()
    assert.regs_exactly(m, { wvr = { [0] = ADDR }, wcr = { [0] = 0x1ffb }, mdscr_el1 = 0xb000 })
    local before = #m:trace { fn = "write_wb_reg" }
    t:exit()
    local writes = m:trace { fn = "write_wb_reg" }
    assert.equals(2, #writes - before)
    for i = 1, 2 do
      assert.same({ 48, 0, 0 }, writes[before + i].args)
      assert.equals(i - 1, writes[before + i].cpu)
    end
    assert.equals("mali-cmar-backe", writes[before + 1].comm)
    assert.regs_exactly(m, { wvr = { [0] = ADDR }, mdscr_el1 = 0x1000 })
  end)

  it("switches the debug monitors off, in the dying task", function()
    t:exit()
    assert.callchain({ "disable_debug_monitors", "hw_breakpoint_control", "hw_breakpoint_del", "..." },
      m:callchain("disable_debug_monitors", { cpu = 0 }))
    assert.equals(0x1000, m.cpu[0].mdscr_el1)
  end)

  it("is said in the log by the name of the task", function()
    m:dump_stack_in("hw_breakpoint_control")
    t:exit()
    local header = m:dmesg "PID: 3237"
    assert.equals(1, #header)
    assert.matches("CPU: 0 PID: 3237 Comm: mali%-cmar%-backe Tainted: P           O      4%.19%.116%+ #49$", header[1])
    assert.dmesg(m, "Hardware name: xxx_mach %(DT%)$")
    assert.dmesg(m, "%]  do_group_exit%+0x0/0x160$")           -- return addresses: calls that do not come back show
    assert.dmesg(m, "%]  __se_sys_exit%+0x0/0x20$")            -- the function that lies behind them in memory
    assert.equals(0, #m:dmesg "Workqueue:")
  end)

  it("leaves a dead task and a clean machine", function()
    t:exit()
    assert.equals("dead", t.state)
    assert.equals("dead", w[0].state)
    assert.is_true(w.closed)
    assert.no_leaks(m)
  end)
end)

it("a second exit hook finds the watchpoint gone", function()
  local m = hw.machine { cpus = 1 }
  local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = ADDR, len = 8 })
  local t = m:task { comm = "mali-cmar-backe", pid = 3237 }
  local seen = {}
  t:on_exit("first", function() m:unregister_wide_hw_breakpoint(w) end)
  t:on_exit("second", function() seen[1] = m.cpu[0].wcr[0] end)
  t:exit()
  assert.same({ 0 }, seen)
end)
