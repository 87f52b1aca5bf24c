-- Section 7 of the contract: call chains in both views, trace, log. C-n are the chains of spec/11.
local hw = require "hw"

local K = 0xffffff8008080000
local U = 0x1000

local function raises(pattern, fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok, "did not raise: " .. pattern)
  assert.matches(pattern, tostring(message))
end

local function words(...)
  local out = {}
  for _, part in ipairs { ... } do for w in part:gmatch "%S+" do out[#out + 1] = w end end
  return out
end

-- The names that are frames, or are none, in the builds of 6.1 and later (spec/11).
local frames61 = words [[arch_install_hw_breakpoint arch_uninstall_hw_breakpoint perf_event_sched_in perf_install_in_context
  perf_remove_from_context put_event task_ctx_sched_out perf_event_exit_task_context ptrace_hbp_set_addr ptrace_hbp_set_ctrl
  default_idle_call do_signal]]
local inlined61 = words "group_sched_in arch_cpu_idle"

local function in_build(kernel, text)
  if kernel:match "^[45]%." then return text end
  for _, name in ipairs(frames61) do text = text:gsub("%(" .. name .. "%)", name) end
  for _, name in ipairs(inlined61) do text = text:gsub(name, "(" .. name .. ")") end
  return (text:gsub("%(unregister_hw_breakpoint%) < flush_ptrace", "unregister_hw_breakpoint < flush_ptrace"))
end

-- A chain is written as in spec/11, innermost first, names in parentheses only in the full view.
local function chain(m, text, fn, o)
  text = in_build(m.kernel, text)
  local full, frames = {}, {}
  for w in text:gmatch "[^%s<]+" do
    local hidden = w:match "^%((.*)%)$"
    full[#full + 1] = hidden or w
    if not hidden then frames[#frames + 1] = w end
  end
  o = o or {}
  o.view = "full"
  assert.same(full, m:callchain(fn, o), "full view")
  if frames[1] == full[1] then
    o.view = "frames"
    assert.same(frames, m:callchain(fn, o), "frames")
    o.view = nil
    assert.same(frames, m:callchain(fn, o), "default view")
  end
end

local WRC = "write_wb_reg < hw_breakpoint_control < "
local SCRIPT = "kthread < ret_from_fork"                 -- the script is a kernel thread

local P = {
  ["4.19.116"] = {
    merge = "pinned_sched_in", flex = "flexible_sched_in", 
    ipi = "remote_function < flush_smp_call_function_queue < generic_smp_call_function_single_interrupt < handle_IPI < gic_handle_irq < el1_irq < arch_cpu_idle < (default_idle_call) < do_idle < cpu_startup_entry < secondary_start_kernel",
    syscall = "el0_svc_common < el0_svc_handler < el0_svc",
    dbg1 = "do_debug_exception < el1_dbg",
    dbg0 = "do_debug_exception < el0_dbg",
    report = "",
    ctxin = function(c) return "(ctx_" .. c .. "_sched_in) < " end,
  },
  ["6.1.192"] = {
    merge = "merge_sched_in", flex = "merge_sched_in",
    ipi = "remote_function < __flush_smp_call_function_queue < generic_smp_call_function_single_interrupt < (do_handle_IPI) < ipi_handler < handle_percpu_devid_irq < handle_irq_desc < generic_handle_domain_irq < gic_handle_irq < call_on_irq_stack < do_interrupt_handler < el1_interrupt < el1h_64_irq_handler < el1h_64_irq < arch_cpu_idle < (default_idle_call) < do_idle < cpu_startup_entry < secondary_start_kernel",
    syscall = "invoke_syscall < el0_svc_common < do_el0_svc < el0_svc < el0t_64_sync_handler < el0t_64_sync",
    dbg1 = "do_debug_exception < el1_dbg < el1h_64_sync_handler < el1h_64_sync",
    dbg0 = "do_debug_exception < el0_dbg < el0t_64_sync_handler < el0t_64_sync",
    report = "(watchpoint_report) < ",
    ctxin = function(c) return "(ctx_" .. c .. "_sched_in) < " end,
  },
}

for _, kernel in ipairs { "4.19.116", "6.1.192" } do
  local p = P[kernel]
  local INST = WRC .. "(arch_install_hw_breakpoint) < hw_breakpoint_add < event_sched_in < group_sched_in < " .. p.merge ..
    " < visit_groups_merge < " .. p.ctxin "pinned" .. "ctx_sched_in"
  local FLEX = WRC .. "(arch_install_hw_breakpoint) < hw_breakpoint_add < event_sched_in < group_sched_in < " .. p.flex ..
    " < visit_groups_merge < " .. p.ctxin "flexible" .. "ctx_sched_in"
  local UNINST = WRC .. "(arch_uninstall_hw_breakpoint) < hw_breakpoint_del < event_sched_out"
  local IN_CPU = INST .. " < (cpu_ctx_sched_in) < (perf_event_sched_in) < ctx_resched"
  local IN_CPU_FLEX = FLEX .. " < (cpu_ctx_sched_in) < (perf_event_sched_in) < ctx_resched"
  local IN_TASK = INST .. " < (perf_event_sched_in) < ctx_resched"
  local OUT_CPU = UNINST .. " < group_sched_out < ctx_sched_out < (cpu_ctx_sched_out) < ctx_resched"
  local OUT_TASK = UNINST .. " < group_sched_out < ctx_sched_out < (task_ctx_sched_out) < ctx_resched"
  local LOCAL = "remote_function < generic_exec_single < smp_call_function_single < (cpu_function_call)"
  local LOCAL_TASK = "remote_function < generic_exec_single < smp_call_function_single < (task_function_call)"
  local IPI = p.ipi
  local KWORK = "process_one_work < worker_thread < kthread < ret_from_fork"
  local six = kernel == "6.1.192"

  describe("chains of " .. kernel, function()
    local m, t
    before_each(function()
      m = hw.machine { cpus = 2, kernel = kernel }
      t = m:task { comm = "t" }
    end)
    local function open(a) return assert.succeeds(m:perf_event_open(a)) end

    it("C-1: enable a CPU event on the caller's CPU, in a work function", function()
      local ev
      local function _register_wp_bp() m:perf_event_enable(ev) end
      ev = open { type = "rw", addr = K, len = 8, cpu = 1, disabled = true, pinned = true }
      m:schedule_work_on(1, m:work("watch_point_delayed_work_func", function() _register_wp_bp() end))
      m:run()
      chain(m, IN_CPU .. " < __perf_event_enable < event_function < " .. LOCAL .. " < event_function_call < (_perf_event_enable) < " ..
        "perf_event_enable < _register_wp_bp < watch_point_delayed_work_func < " .. KWORK, "write_wb_reg")
      if not six then
        assert.same(words([[write_wb_reg hw_breakpoint_control hw_breakpoint_add event_sched_in group_sched_in pinned_sched_in visit_groups_merge ctx_sched_in
          ctx_resched __perf_event_enable event_function remote_function generic_exec_single smp_call_function_single event_function_call
          perf_event_enable _register_wp_bp watch_point_delayed_work_func process_one_work worker_thread kthread ret_from_fork]]), m:callchain("write_wb_reg"))
      end
    end)

    it("C-2: enable another CPU's event", function()
      local ev = open { type = "rw", addr = K, len = 8, cpu = 1, disabled = true, pinned = true }
      m:perf_event_enable(ev)
      chain(m, IN_CPU .. " < __perf_event_enable < event_function < " .. IPI, "write_wb_reg", { cpu = 1 })
      chain(m, "smp_call_function_single < (cpu_function_call) < event_function_call < (_perf_event_enable) < perf_event_enable < " .. SCRIPT, "smp_call_function_single")
      ev = open { type = "rw", addr = K, len = 8, cpu = 1, disabled = true }
      m:perf_event_enable(ev)
      chain(m, IN_CPU_FLEX .. " < __perf_event_enable < event_function < " .. IPI, "write_wb_reg", { cpu = 1 })
    end)

    it("C-3: create a wide event", function()
      m:schedule_work_on(0, m:work("watch_point_delayed_work_func", function()
        local function _register_wp_bp() local w = m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 } return w end
        local w = _register_wp_bp()
      end))
      m:run()
      chain(m, IN_CPU .. " < __perf_install_in_context < " .. LOCAL .. " < (perf_install_in_context) < perf_event_create_kernel_counter < " ..
        "register_wide_hw_breakpoint < _register_wp_bp < watch_point_delayed_work_func < " .. KWORK, "write_wb_reg", { cpu = 0 })
      chain(m, IN_CPU .. " < __perf_install_in_context < " .. IPI, "write_wb_reg", { cpu = 1 })
    end)

    it("C-4: reservation and parse inside creation", function()
      m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
      local tail = " < register_perf_hw_breakpoint < hw_breakpoint_event_init < perf_try_init_event < (perf_init_event) < perf_event_alloc < " ..
        "perf_event_create_kernel_counter < register_wide_hw_breakpoint < " .. SCRIPT
      chain(m, "__reserve_bp_slot < reserve_bp_slot" .. tail, "__reserve_bp_slot")
      chain(m, "(toggle_bp_slot) < __reserve_bp_slot < reserve_bp_slot" .. tail, "toggle_bp_slot")
      chain(m, "arch_build_bp_info < hw_breakpoint_arch_parse < (hw_breakpoint_parse)" .. tail, "arch_build_bp_info")
    end)

    it("C-5: create a task event", function()
      local u = m:task { cpu = 1, comm = "u" }
      m.cpu[1]:context_switch(u)
      m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = u }
      local got = m:callchain("write_wb_reg", { cpu = 1, view = "full" })
      assert.callchain({ "write_wb_reg", "...", "ctx_resched", "__perf_install_in_context", "remote_function", "..." }, got)
      -- the caller itself
      m.cpu[0]:context_switch(t)
      m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t }
      local chain0 = m:callchain("write_wb_reg", { cpu = 0, view = "full" })
      assert.callchain(words((IN_TASK .. " < __perf_install_in_context < " .. LOCAL_TASK ..
        " < (perf_install_in_context) < perf_event_create_kernel_counter < register_user_hw_breakpoint"):gsub("[<()]", " "), "..."), chain0)
      -- not running: no register write
      m.cpu[0]:context_switch()
      local n = #m:trace { fn = "write_wb_reg" }
      local v = m:task {}
      m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = v }
      assert.equals(n, #m:trace { fn = "write_wb_reg" })
      chain(m, "(list_add_event) < (add_event_to_ctx) < perf_install_in_context < perf_event_create_kernel_counter < register_user_hw_breakpoint < " .. SCRIPT, "list_add_event")
    end)

    it("C-6: what was installed is rewritten first", function()
      open { type = "rw", addr = K, len = 8, cpu = 0, pinned = true }
      local n = #m:trace { fn = "write_wb_reg" }
      local ev = open { type = "rw", addr = K + 8, len = 8, cpu = 0, pinned = true, disabled = true }
      local n2 = #m:trace { fn = "write_wb_reg" }
      assert.equals(six and n or n + 3, n2)
      m:perf_event_enable(ev)
      local all = m:trace { fn = "write_wb_reg" }
      assert.equals(n2 + 5, #all)
      chain(m, OUT_CPU .. " < __perf_event_enable < event_function < " .. LOCAL .. " < event_function_call < (_perf_event_enable) < perf_event_enable < " .. SCRIPT,
        "write_wb_reg", { nth = n2 + 1 })
    end)

    it("C-7: enable a task event that is not running", function()
      local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, disabled = true })
      m:perf_event_enable(ev)
      chain(m, "__perf_event_enable < event_function_call < (_perf_event_enable) < perf_event_enable < " .. SCRIPT, "__perf_event_enable")
    end)

    it("C-8: disable", function()
      local ev = open { type = "rw", addr = K, len = 8, cpu = 0, pinned = true }
      m:perf_event_disable(ev)
      chain(m, UNINST .. " < group_sched_out < __perf_event_disable < event_function < " .. LOCAL .. " < event_function_call < (_perf_event_disable) < perf_event_disable < " .. SCRIPT, "write_wb_reg")
      ev = open { type = "rw", addr = K, len = 8, cpu = 1, pinned = true }
      m:perf_event_disable(ev)
      chain(m, UNINST .. " < group_sched_out < __perf_event_disable < event_function < " .. IPI, "write_wb_reg")
      ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
      m:perf_event_disable(ev)
      chain(m, "__perf_event_disable < event_function_call < (_perf_event_disable) < perf_event_disable < " .. SCRIPT, "__perf_event_disable")
    end)

    it("C-9: unregister wide inside exit_files", function()
      local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 })
      t:on_exit("_unregister_wp_bp", function() m:unregister_wide_hw_breakpoint(w) end)
      t:exit()
      chain(m, (six and UNINST .. " < __event_disable < __perf_remove_from_context" or UNINST .. " < __perf_remove_from_context") ..
        " < event_function < " .. LOCAL .. " < event_function_call < (perf_remove_from_context) < perf_event_release_kernel < (unregister_hw_breakpoint) < " ..
        "unregister_wide_hw_breakpoint < _unregister_wp_bp < exit_files < do_exit < do_group_exit < __se_sys_exit < " .. p.syscall, "write_wb_reg", { cpu = 0 })
      if not six then
        assert.same(words([[hw_breakpoint_control hw_breakpoint_del event_sched_out __perf_remove_from_context event_function remote_function generic_exec_single
          smp_call_function_single event_function_call perf_event_release_kernel unregister_wide_hw_breakpoint _unregister_wp_bp exit_files do_exit
          do_group_exit __se_sys_exit el0_svc_common el0_svc_handler el0_svc]]), m:callchain("hw_breakpoint_control", { cpu = 0 }))
      end
      -- C-10
      chain(m, (six and UNINST .. " < __event_disable < __perf_remove_from_context" or UNINST .. " < __perf_remove_from_context") ..
        " < event_function < " .. IPI, "write_wb_reg", { cpu = 1 })
    end)

    it("C-11: release", function()
      local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "rw", addr = K, len = 8 })
      m:unregister_wide_hw_breakpoint(w)
      chain(m, "release_bp_slot < bp_perf_event_destroy < _free_event < (put_event) < perf_event_release_kernel < (unregister_hw_breakpoint) < unregister_wide_hw_breakpoint < " .. SCRIPT, "release_bp_slot")
      chain(m, "(toggle_bp_slot) < release_bp_slot < bp_perf_event_destroy < _free_event < (put_event) < perf_event_release_kernel < (unregister_hw_breakpoint) < unregister_wide_hw_breakpoint < " .. SCRIPT, "toggle_bp_slot")
    end)

    it("C-12: close", function()
      local ev = open { type = "rw", addr = K, len = 8, cpu = 0, pinned = true }
      ev:close()
      local got = m:callchain("write_wb_reg", { view = "full" })
      assert.callchain({ "...", "perf_event_release_kernel", "perf_release", "__fput", "____fput", "task_work_run", "do_notify_resume", "..." }, got)
      assert.equals(six and "el0t_64_sync" or "work_pending", got[#got])
    end)

    it("C-13: task exit", function()
      open { type = "w", addr = U, len = 8, task = t, pinned = true }
      m.cpu[0]:context_switch(t)
      t:exit()
      chain(m, UNINST .. " < group_sched_out < ctx_sched_out < (task_ctx_sched_out) < (perf_event_exit_task_context) < perf_event_exit_task < do_exit < do_group_exit < __se_sys_exit < " .. p.syscall, "write_wb_reg")
      local u = m:task {}
      u:ptrace_set("watch", 0, U, 0x1f5)
      u:exit()
      chain(m, "release_bp_slot < bp_perf_event_destroy < _free_event < (put_event) < perf_event_release_kernel < (unregister_hw_breakpoint) < flush_ptrace_hw_breakpoint < do_exit < do_group_exit < __se_sys_exit < " .. p.syscall, "release_bp_slot")
    end)

    it("C-14, C-16: switch out and in", function()
      open { type = "w", addr = U, len = 8, task = t, pinned = true }
      m.cpu[0]:context_switch(t)
      local got = m:callchain("write_wb_reg", { view = "full" })
      assert.callchain(words((INST .. " < (perf_event_sched_in) < (perf_event_context_sched_in) < __perf_event_task_sched_in < finish_task_switch"):gsub("[<()]", " "), "..."), got)
      assert.equals("ret_from_fork", got[#got])
      assert.equals("schedule_tail", got[#got - 1])
      m.cpu[0]:context_switch()
      assert.callchain(words((UNINST .. " < group_sched_out < ctx_sched_out < (task_ctx_sched_out) < (perf_event_context_sched_out) < __perf_event_task_sched_out < (prepare_task_switch) < (context_switch) < __schedule < schedule"):gsub("[<()]", " "), "..."),
        m:callchain("write_wb_reg", { view = "full" }))
      m.cpu[0]:context_switch(t)
      assert.callchain(words((INST .. " < (perf_event_sched_in) < (perf_event_context_sched_in) < __perf_event_task_sched_in < finish_task_switch < (context_switch) < __schedule < schedule"):gsub("[<()]", " "), "..."),
        m:callchain("write_wb_reg", { view = "full" }))
    end)

    it("C-17, C-18: handlers", function()
      local seen
      open { type = "w", addr = K + 64, len = 8, cpu = 0 }
      local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8, on_hit = function(ev) m:perf_event_disable(ev) end })
      m.cpu[0]:store(K, 8)
      local got = m:callchain("perf_bp_event", { view = "full" })
      assert.callchain(words(("perf_bp_event < " .. p.report .. "watchpoint_handler < " .. p.dbg1):gsub("[<()]", " "), "..."), got)
      got = m:callchain("__perf_event_overflow", { view = "full" })
      assert.callchain(words "__perf_event_overflow perf_swevent_overflow perf_swevent_event perf_bp_event ...", got)
      assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = 0x400580, task = t, on_hit = function(ev) m:perf_event_disable(ev) end })
      t:exec(0x400580)
      chain(m, "perf_bp_event < breakpoint_handler < " .. p.dbg0, "perf_bp_event")
    end)

    it("C-19: registers off and on", function()
      open { type = "w", addr = U, len = 8, task = t }
      t:store(U, 8)
      local all = #m:trace { fn = "write_wb_reg" }
      chain(m, "write_wb_reg < toggle_bp_registers < reinstall_suspended_bps < single_step_handler < " .. p.dbg0, "write_wb_reg")
      chain(m, "write_wb_reg < toggle_bp_registers < watchpoint_handler < " .. p.dbg0, "write_wb_reg", { nth = all - 1 })
    end)

    it("C-20, C-21: CPU online and offline", function()
      open { type = "rw", addr = K, len = 8, cpu = 1, pinned = true }
      m:cpu_down(1)
      local got = m:callchain("write_wb_reg", { view = "full" })
      assert.callchain(words((UNINST .. " < __perf_remove_from_context < __perf_event_exit_context < generic_exec_single < smp_call_function_single < (perf_event_exit_cpu_context) < perf_event_exit_cpu < cpuhp_invoke_callback"):gsub("[<()]", " "), "..."), got)
      assert.equals("ret_from_fork", got[#got])
      m:cpu_up(1)
      if six then
        chain(m, "write_wb_reg < hw_breakpoint_reset < cpuhp_invoke_callback < __cpuhp_invoke_callback_range < (cpuhp_invoke_callback_range_nofail) < notify_cpu_starting < secondary_start_kernel", "write_wb_reg")
      else
        chain(m, "write_wb_reg < hw_breakpoint_reset < cpuhp_invoke_callback < notify_cpu_starting < secondary_start_kernel", "write_wb_reg")
      end
    end)

    it("C-22: resume", function()
      open { type = "rw", addr = K, len = 8, cpu = 1, pinned = true }
      m:cpu_suspend(1)
      m:cpu_resume(1)
      local reset = m:callchain("hw_breakpoint_reset", { view = "full" })
      assert.callchain({ "hw_breakpoint_reset", "__cpu_suspend_exit", "cpu_suspend", "..." }, reset)
      assert.callchain({ "hw_breakpoint_control", "hw_breakpoint_reset", "__cpu_suspend_exit", "cpu_suspend", "..." }, m:callchain("hw_breakpoint_control"))
    end)

    it("C-23: a delay expires", function()
      m:queue_delayed_work_on(1, m:delayed_work("w", function() end), 10)
      m:run()
      local got = m:callchain("__queue_work", { view = "full" })
      assert.callchain({ "__queue_work", "delayed_work_timer_fn", "call_timer_fn", "expire_timers", "__run_timers", "run_timer_softirq", "__do_softirq", "..." }, got)
      assert.callchain({ "__queue_work", "delayed_work_timer_fn", "call_timer_fn", "run_timer_softirq", "__do_softirq", "..." }, m:callchain("__queue_work"))
    end)

    it("C-24: monitors", function()
      local ev = open { type = "rw", addr = K, len = 8, cpu = 0, pinned = true }
      assert.callchain({ "mdscr_write", "enable_debug_monitors", "hw_breakpoint_control", "arch_install_hw_breakpoint", "..." }, m:callchain("mdscr_write", { view = "full" }))
      local installs = kernel == "6.1.192" and "arch_install_hw_breakpoint" or "hw_breakpoint_add"
      assert.callchain({ "enable_debug_monitors", "hw_breakpoint_control", installs, "..." }, m:callchain("enable_debug_monitors"))
      ev:disable()
      assert.callchain({ "disable_debug_monitors", "hw_breakpoint_control", "arch_uninstall_hw_breakpoint", "hw_breakpoint_del", "..." }, m:callchain("disable_debug_monitors", { view = "full" }))
    end)

    it("C-25: ptrace write", function()
      t:ptrace_set("watch", 0, U, 0x1f5)
      local got = m:callchain("modify_user_hw_breakpoint", { view = "full" })
      assert.callchain({ "modify_user_hw_breakpoint", "ptrace_hbp_set_ctrl", "hw_break_set", "ptrace_regset", "ptrace_request", "arch_ptrace", "..." }, got)
      got = m:callchain("__perf_event_enable", { view = "full" })
      assert.callchain({ "__perf_event_enable", "event_function_call", "_perf_event_enable", "perf_event_enable", "modify_user_hw_breakpoint", "ptrace_hbp_set_ctrl", "..." }, got)
    end)
  end)
end

describe("m:callchain", function()
  local m
  before_each(function() m = hw.machine { cpus = 2 } end)

  it("is nil when it never was, raises for what is not modelled", function()
    assert.is_nil(m:callchain("watchpoint_handler"))
    raises("did you mean 'write_wb_reg'", function() m:callchain("write_wb_rag") end)
    raises("", function() m:callchain("printk_no_such") end)
    raises("bad argument #1", function() m:callchain() end)
    raises("bad argument #1", function() m:callchain(print) end)
    raises("view", function() m:callchain("write_wb_reg", { view = "all" }) end)
    raises("did you mean 'nth'", function() m:callchain("write_wb_reg", { nht = 1 }) end)
    raises("nth", function() m:callchain("write_wb_reg", { nth = 0 }) end)
    raises("cpu", function() m:callchain("write_wb_reg", { cpu = 2 }) end)
    m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
    assert.is_nil(m:callchain("write_wb_reg", { nth = 1000 }))
    assert.is_not_nil(m:callchain("write_wb_reg", { nth = 1 }))
  end)

  it("is a plain array", function()
    m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
    local c = m:callchain("write_wb_reg")
    assert.equals("table", type(c))
    assert.equals("write_wb_reg", c[1])
    for i, name in ipairs(c) do assert.equals("string", type(name)) end
  end)

  it("a Lua function stands under the name by which it was called", function()
    local driver = {}
    function driver.probe() local w = m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 } return w end
    function driver:start() local w = self.probe() return w end
    function outermost() local w = driver:start() return w end
    local function local_one() local w = outermost() return w end
    local w = local_one()
    assert.same({ "register_wide_hw_breakpoint", "probe", "start", "outermost", "local_one", "kthread", "ret_from_fork" }, m:callchain("register_wide_hw_breakpoint"))
    m:unregister_wide_hw_breakpoint(w)
    local up = driver.probe
    local function caller() local w = up() return w end
    w = caller()
    assert.same({ "register_wide_hw_breakpoint", "up", "caller", "kthread", "ret_from_fork" }, m:callchain("register_wide_hw_breakpoint"))
    outermost = nil
  end)

  it("anonymous functions, the main chunk, Lua's own and tail calls do not appear", function()
    local function reg() return m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 } end
    local function through() return reg() end
    local w = through()
    assert.same({ "register_wide_hw_breakpoint", "kthread", "ret_from_fork" }, m:callchain("register_wide_hw_breakpoint"))
    m:unregister_wide_hw_breakpoint(w)
    local function plain() w = m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 } end
    pcall(plain)
    local c = m:callchain("register_wide_hw_breakpoint")
    assert.equals("register_wide_hw_breakpoint", c[1])
    for _, n in ipairs(c) do assert.is_true(n ~= "pcall" and n ~= "it") end
    m:unregister_wide_hw_breakpoint(w)
    ;(function() plain() end)()
    assert.same({ "register_wide_hw_breakpoint", "plain", "kthread", "ret_from_fork" }, m:callchain("register_wide_hw_breakpoint"))
    m:unregister_wide_hw_breakpoint(w)
    local co = coroutine.create(function() plain() end)
    coroutine.resume(co)
    assert.same({ "register_wide_hw_breakpoint", "plain", "kthread", "ret_from_fork" }, m:callchain("register_wide_hw_breakpoint"))
    m:unregister_wide_hw_breakpoint(w)
    table.foreach = nil
    table.sort({ 2, 1 }, function(a, b) if not done then done = true plain() end return a < b end)
    assert.same({ "register_wide_hw_breakpoint", "plain", "kthread", "ret_from_fork" }, m:callchain("register_wide_hw_breakpoint"))
    done = nil
  end)

  it("a task body's functions", function()
    local function in_body() m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 } end
    m:task { comm = "b", body = function() in_body() end }
    m:run()
    local c = m:callchain("register_wide_hw_breakpoint")
    assert.equals("in_body", c[2])
  end)
end)

describe("m:trace", function()
  it("records have the fields of the contract, in order of entry", function()
    local m = hw.machine { cpus = 2 }
    m:msleep(100)
    local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
    local all = m:trace {}
    assert.is_true(#all > 10)
    local last = -1
    for _, r in ipairs(all) do
      assert.equals("string", type(r.fn))
      assert.is_true(r.cpu == 0 or r.cpu == 1)
      assert.is_true(r.t >= last)
      last = r.t
      assert.equals("number", type(r.pid))
      assert.equals("string", type(r.comm))
      assert.equals("table", type(r.args))
      assert.equals("number", type(r.depth))
    end
    assert.same(#all, #m:trace())
    local writes = m:trace { fn = "write_wb_reg", cpu = 1, since = 0.05 }
    assert.equals(2, #writes)
    assert.equals(K, writes[1].args[3])
    assert.equals(0, writes[1].args[2])
    assert.equals("swapper/1", writes[1].comm)
    assert.equals(0, writes[1].pid)
    assert.equals(0, #m:trace { since = 5 })
    assert.equals(0, #m:trace { fn = "watchpoint_handler" })
    m:register_wide_hw_breakpoint { type = "w", addr = K, len = 9 }
    local rs = m:trace { fn = "register_perf_hw_breakpoint" }
    assert.equals("-EINVAL", rs[#rs].ret)
    for i = 1, 4 do m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 } end
    rs = m:trace { fn = "__reserve_bp_slot" }
    assert.equals("-ENOSPC", rs[#rs].ret)
    assert.equals(0, rs[1].ret)
    raises("did you mean 'write_wb_reg'", function() m:trace { fn = "write_wb_rag" } end)
    raises("did you mean 'since'", function() m:trace { sinc = 1 } end)
    raises("cpu", function() m:trace { cpu = 7 } end)
  end)

  it("ret is nil while it runs", function()
    local m = hw.machine {}
    local during
    m:schedule_work(m:work("w", function() during = m:trace { fn = "process_one_work" }[1] end))
    m:run()
    assert.is_nil(during.ret)
  end)

  it("mdscr writes are there (V-55, V-63)", function()
    local m = hw.machine { cpus = 2, kernel = "4.19.266" }
    assert.succeeds(m:perf_event_open { type = "rw", addr = K, len = 8, cpu = 0, pinned = true })
    local w = m:trace { fn = "mdscr_write" }
    assert.equals(1, #w)
    assert.equals(0xb000, w[1].args[1])
  end)
end)

describe("a stack", function()
  local function bottom(m, cpu)
    local ev = assert(m:perf_event_open { type = "w", addr = K, len = 8, cpu = cpu })
    ev:close()
    local c = m:callchain("hw_breakpoint_control", { cpu = cpu })
    return c[#c]
  end

  it("is whole again when a task has exited or moved inside cpu:run", function()
    local m = hw.machine { cpus = 2 }
    for _, go in ipairs { function(t) t:exit() end, function(t) t:migrate(0) end } do
      local t = m:task { cpu = 1 }
      m.cpu[1]:context_switch(t)
      m.cpu[1]:run(go, t)
      assert.equals("swapper/1", m.cpu[1].current.comm)
      assert.equals("secondary_start_kernel", bottom(m, 1))
    end
  end)

  it("is whole again when the task in whose name a call waited has exited", function()
    local m = hw.machine { cpus = 2 }
    local t = m:task { cpu = 0 }
    m.cpu[0]:context_switch(t)
    local w = m:work("reaper", function() m:msleep(5) t:exit() m:msleep(5) end)
    m:schedule_work_on(1, w)
    assert.is_true(m:flush_work(w))
    assert.equals("hwlua", m.current.comm)
    local function driver() m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = m:task {} } end
    driver()
    assert.same({ "register_user_hw_breakpoint", "driver", "kthread", "ret_from_fork" }, m:callchain("register_user_hw_breakpoint"))
  end)
end)

describe("a stack of a thread", function()
  it("has nothing of the script that acted in its name meanwhile", function()
    local m = hw.machine { cpus = 1 }
    local t, chains = m:task {}, {}
    local function look(w)
      local ev = assert(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
      chains[w.name] = m:callchain "register_user_hw_breakpoint"
      m:unregister_hw_breakpoint(ev)
    end
    local work = {}
    for _, name in ipairs { "a", "b", "c", "d" } do
      work[name] = m:work(name, look)
      m:schedule_work(work[name])
    end
    m:step()
    assert.equals("kworker/0:0", m.current.comm)          -- between two items
    local function driver() return m:flush_work(work.b) end
    assert.is_true((driver()))
    assert.equals(0, work.d.runs)
    local function another() return m:cancel_work_sync(work.c) end
    assert.is_true((another()))
    m:run()
    for _, name in ipairs { "a", "b", "d" } do
      assert.same({ "register_user_hw_breakpoint", "process_one_work", "worker_thread", "kthread", "ret_from_fork" },
        { chains[name][1], unpack(chains[name], #chains[name] - 3) })
      assert.equals(name, chains[name][#chains[name] - 4])
    end
    look { name = "script" }
    assert.same({ "register_user_hw_breakpoint", "look", "kthread", "ret_from_fork" }, chains.script)
  end)
end)

describe("m:dump_stack_in", function()
  it("logs each entry from now on", function()
    local m = hw.machine { cpus = 1 }
    m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 }
    assert.equals(0, #m:dmesg("Call trace"))
    assert.is_true(m:dump_stack_in("write_wb_reg"))
    m:register_wide_hw_breakpoint { type = "w", addr = K + 8, len = 8 }
    assert.equals(5, #m:dmesg("Call trace"))
    assert.dmesg(m, "%]  hw_breakpoint_control%+0x%x+/0x%x+$")
    raises("did you mean 'write_wb_reg'", function() m:dump_stack_in("write_wb_rag") end)
    raises("bad argument #1", function() m:dump_stack_in() end)
    raises("keeps no trace", function() hw.machine { trace_size = 0 }:dump_stack_in("write_wb_reg") end)
  end)
end)

describe("m:dump_stack", function()
  -- The names of the frames of the last dump, without those of the dump itself.
  local function frames(m)
    local names = {}
    for _, line in ipairs(m:dmesg()) do
      if line:find "Call trace:$" then names = {} end
      names[#names + 1] = line:match "%]  ([%w_]+)%+0x%x+/0x%x+$"
    end
    while names[1] and names[1]:match "^dump_" or names[1] == "show_stack" do table.remove(names, 1) end
    return names
  end

  it("logs the stack of the script", function()
    local m = hw.machine { cpus = 1 }
    local before = #m:dmesg()
    local function driver() return m:dump_stack() end
    local ok = driver()
    assert.is_true(ok)
    local lines = { unpack(m:dmesg(), before + 1) }
    assert.matches("%] CPU: 0 PID: 1 Comm: hwlua Not tainted 4%.19%.116", lines[1])
    assert.matches("%] Hardware name: ", lines[2])
    assert.matches("%] Call trace:$", lines[3])
    assert.matches("%]  dump_backtrace%+0x0/0x%x+$", lines[4])
    assert.matches("%]  dump_stack%+0x%x+/0x%x+$", lines[5])
    assert.same({ "kthread", "ret_from_fork" }, { unpack(frames(m), #frames(m) - 1) })
    assert.same(m:callchain "dump_stack", { "dump_stack", unpack(frames(m)) })
  end)

  it("logs the stack of a worker, and of a task body on its CPU", function()
    local m = hw.machine { cpus = 2, kernel = "6.1.192" }
    m:schedule_work_on(1, m:work("probe_func", function() m:dump_stack() end))
    m:run()
    assert.dmesg(m, "CPU: 1 PID: %d+ Comm: kworker/1:0 ")
    assert.dmesg(m, "Workqueue: events probe_func$")
    assert.same({ "probe_func", "process_one_work", "worker_thread", "kthread", "ret_from_fork" }, frames(m))
    local t = m:task { comm = "reader", cpu = 1, body = function() m:dump_stack() end }
    local pid = t.pid
    m:run()
    assert.dmesg(m, "CPU: 1 PID: " .. pid .. " Comm: reader Not tainted 6%.1%.192")
    assert.equals("dump_stack", m:callchain("dump_stack", { cpu = 1 })[1])
  end)

  it("in a handler has the exception below it", function()
    local m = hw.machine { cpus = 1 }
    m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8,
      on_hit = function(ev) m:dump_stack() m:perf_event_disable(ev) end }
    m.cpu[0]:store(K, 8)
    assert.same(m:callchain "dump_stack", { "dump_stack", unpack(frames(m)) })
    assert.dmesg(m, "%]  watchpoint_handler%+0x")
  end)

  it("needs the trace", function()
    raises("keeps no trace", function() hw.machine { trace_size = 0 }:dump_stack() end)
  end)
end)
