-- A driver cannot set its watchpoint while the machine boots, so it leaves the job to a delayed work item on CPU 1.
-- 28 seconds later kworker/1:1 writes DBGWVR0_EL1 and DBGWCR0_EL1. By which functions does it get there?
-- tags: seed, work, wide
local hw = require "hw"

local ADDR = 0xffffff8008c5a000

describe("registration from a delayed work", function()
  local m, w, dw

  -- The driver registers its watchpoint disabled, on every CPU, and then enables it CPU by CPU.
  local function _register_wp_bp()
    w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = ADDR, len = 8, disabled = true })
    for cpu in m:cpus() do m:perf_event_enable(w[cpu.id]) end
  end

  before_each(function()
    m = hw.machine { cpus = 2, brps = 6, wrps = 4, kernel = "4.19.116", seed = 0,
      name = "test_mach", taint = "PO", release = "4.19.116+", version = "#49 SMP" }
    -- Something else has used CPU 1's first worker, so kworker/1:1 exists and is the one that runs next.
    m:schedule_work_on(1, m:work("earlier", function() end))
    m:run()
    dw = m:delayed_work("watch_point_delayed_work_func", function()
      _register_wp_bp()
      return true             -- so that the call above is no tail call and keeps its frame
    end)
  end)

  it("finds its registers at boot", function()
    assert.equals(6, m.core_num_brps)
    assert.equals(4, m.core_num_wrps)
    assert.equals(0x10305106, m.cpu[0].id_aa64dfr0_el1)
    assert.same({ "[    0.000000] hw-breakpoint: found 6 breakpoint and 4 watchpoint registers." },
      m:dmesg("hw%-breakpoint"))
  end)

  it("waits for its timer, which the wheel rounds up to 28.672 s", function()
    assert.is_true(m:queue_delayed_work_on(1, dw, "28s"))
    assert.is_false(m:queue_delayed_work_on(0, dw, "1s"))      -- pending: neither delay nor CPU change
    m:msleep(28000)
    assert.is_true(dw.pending)
    assert.regs_exactly(m, { mdscr_el1 = 0x1000 })
    m:run()
    assert.is_false(dw.pending)
    assert.equals(1, dw.runs)
    assert.equals(7168, m.jiffies)                             -- 7000 jiffies fall into a granule of 512
    assert.equals(28.672, m.now)
  end)

  it("writes the same two registers on both CPUs", function()
    m:queue_delayed_work_on(1, dw, "28s")
    m:run()
    assert.regs_exactly(m, { wvr = { [0] = ADDR }, wcr = { [0] = 0x1ff3 }, mdscr_el1 = 0xb000 })
    assert.same({ type = "w", bas = 0xff, len = 8, offset = 0, privilege = "el1", enabled = true, hmc = false },
      hw.ctrl.decode(m.cpu[1].wcr[0]))
    for cpu in m:cpus() do
      local ev = w[cpu.id]
      assert.equals("active", ev.state)
      assert.equals(0, ev.slot)
      assert.equals(ev, cpu.wp_on_reg[0])
    end
  end)

  it("goes through the seed's frames, in kworker/1:1", function()
    m:queue_delayed_work_on(1, dw, "28s")
    m:run()
    local writes = m:trace { fn = "write_wb_reg", cpu = 1, since = 28 }
    assert.equals(2, #writes)
    assert.same({ 32, 0, ADDR }, writes[1].args)               -- the value first, then the control word
    assert.same({ 48, 0, 0x1ff3 }, writes[2].args)
    assert.equals("kworker/1:1", writes[2].comm)
    assert.same({
      "write_wb_reg", "hw_breakpoint_control", "hw_breakpoint_add", "event_sched_in", "group_sched_in",
      "pinned_sched_in", "visit_groups_merge", "ctx_sched_in", "ctx_resched", "__perf_event_enable",
      "event_function", "remote_function", "generic_exec_single", "smp_call_function_single",
      "event_function_call", "perf_event_enable", "_register_wp_bp", "watch_point_delayed_work_func",
      "process_one_work", "worker_thread", "kthread", "ret_from_fork",
    }, m:callchain("write_wb_reg", { cpu = 1 }))
  end)

  it("reaches the other CPU by an interrupt", function()
    m:queue_delayed_work_on(1, dw, "28s")
    m:run()
    assert.callchain({
      "write_wb_reg", "hw_breakpoint_control", "hw_breakpoint_add", "event_sched_in", "group_sched_in",
      "pinned_sched_in", "visit_groups_merge", "ctx_sched_in", "ctx_resched", "__perf_event_enable",
      "event_function", "remote_function", "flush_smp_call_function_queue",
      "generic_smp_call_function_single_interrupt", "handle_IPI", "gic_handle_irq", "el1_irq", "...",
    }, m:callchain("write_wb_reg", { cpu = 0 }))
  end)

  it("shows in the full view what the compiler had folded away", function()
    m:queue_delayed_work_on(1, dw, "28s")
    m:run()
    assert.callchain({
      "write_wb_reg", "hw_breakpoint_control", "arch_install_hw_breakpoint", "hw_breakpoint_add", "event_sched_in",
      "group_sched_in", "pinned_sched_in", "visit_groups_merge", "ctx_pinned_sched_in", "ctx_sched_in",
      "cpu_ctx_sched_in", "perf_event_sched_in", "ctx_resched", "__perf_event_enable", "event_function",
      "remote_function", "generic_exec_single", "smp_call_function_single", "cpu_function_call",
      "event_function_call", "_perf_event_enable", "perf_event_enable", "_register_wp_bp", "...",
    }, m:callchain("write_wb_reg", { cpu = 1, view = "full" }))
  end)

  it("prints the stack as the kernel does", function()
    m:queue_delayed_work_on(1, dw, "28s")
    m:dump_stack_in("write_wb_reg")
    m:run()
    assert.dmesg(m, "^%[   28%.672000%] CPU: 1 PID: %d+ Comm: kworker/1:1 Tainted: P           O      4%.19%.116%+ #49$")
    assert.dmesg(m, "^%[   28%.672000%] Hardware name: test_mach %(DT%)$")
    assert.dmesg(m, "^%[   28%.672000%] Workqueue: events watch_point_delayed_work_func$")
    assert.dmesg(m, "^%[   28%.672000%] Call trace:$")
    assert.dmesg(m, "^%[   28%.672000%]  write_wb_reg%+0x3c/0x284$")
    assert.equals(4, #m:dmesg "Call trace:$")                  -- two registers on each of two CPUs
  end)

  it("leaves a clean machine once it is unregistered", function()
    m:queue_delayed_work_on(1, dw, "28s")
    m:run()
    m:unregister_wide_hw_breakpoint(w)
    assert.regs_exactly(m, { wvr = { [0] = ADDR }, mdscr_el1 = 0x1000 })   -- the stale address stays beside WCR 0
    assert.no_leaks(m)
  end)
end)
