-- The same calls on 4.19.0, 4.19.116, 4.19.266, 6.1.176 and 6.1.192: what writes other registers, takes another way or
-- leaves another state behind?
-- tags: kernels, validation
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local K, U = 0xffffff8008080000, 0x400000
local m, cpu, six
before_each(function()
  m = hw.machine { cpus = 2 }
  cpu = m.cpu[0]
  six = m.kernel:match "^6%.1" ~= nil
end)
local function open(addr, extra)
  local attr = { type = "rw", addr = addr, len = 8, cpu = 0, pinned = true }
  for k, v in pairs(extra or {}) do attr[k] = v end
  return assert.succeeds(m:perf_event_open(attr))
end
local function writes() return #m:trace { fn = "write_wb_reg" } end

it("registering a disabled event beside others: 4.19 rewrites everything, 6.1 nothing (D-5)", function()
  open(K)
  local n = writes()
  open(K + 8, { disabled = true })
  assert.equals(six and 0 or 3, writes() - n)
  assert.regs_exactly(cpu, { wvr = { [0] = K }, wcr = { [0] = 0x1ffb }, mdscr_el1 = 0xb000 })
end)

it("so a disabled event closes up the slots in 4.19 only", function()
  local first, second = open(K), open(K + 8)
  first:close()
  open(K + 16, { disabled = true })
  assert.equals(six and 1 or 0, second.slot)
end)

it("closing an event of a task that does not run: a cross call in 4.19, in place in 6.1 (D-6)", function()
  local t = m:task { comm = "t", cpu = 1 }
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  local n = #m:trace { fn = "smp_call_function_single" }
  ev:close()
  assert.equals(six and 0 or 1, #m:trace { fn = "smp_call_function_single" } - n)
  assert.no_leaks(m)
end)

it("the function that puts a pinned event in has another name (D-14)", function()
  open(K)
  assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "arch_install_hw_breakpoint", "hw_breakpoint_add", "event_sched_in",
    "group_sched_in", six and "merge_sched_in" or "pinned_sched_in", "visit_groups_merge", "..." }, m:callchain("write_wb_reg", { view = "full" }))
  if six then      -- and the builds of 6.1 and later inline others than the seed's
    assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "arch_install_hw_breakpoint", "hw_breakpoint_add", "event_sched_in",
      "merge_sched_in", "visit_groups_merge", "ctx_sched_in", "perf_event_sched_in", "..." }, m:callchain "write_wb_reg")
  else
    assert.callchain({ "write_wb_reg", "hw_breakpoint_control", "hw_breakpoint_add", "event_sched_in", "group_sched_in",
      "pinned_sched_in", "visit_groups_merge", "ctx_sched_in", "ctx_resched", "..." }, m:callchain "write_wb_reg")
  end
end)

it("the one that takes it out has one more caller in 6.1.192 (C-9)", function()
  open(K):close()
  local chain = { "write_wb_reg", "hw_breakpoint_control", "arch_uninstall_hw_breakpoint", "hw_breakpoint_del", "event_sched_out" }
  if m.kernel == "6.1.192" then chain[#chain + 1] = "__event_disable" end
  chain[#chain + 1] = "__perf_remove_from_context"
  chain[#chain + 1] = "..."
  assert.callchain(chain, m:callchain("write_wb_reg", { view = "full" }))
end)

it("a dying task's own events are still installed when 4.19 runs its exit hooks, and gone in 6.1 (D-10)", function()
  local t = m:task { comm = "t" }
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  local seen
  t:on_exit("hook", function() seen = ev.state end)
  t:exit()
  assert.equals(six and "exit" or "active", seen)
  assert.equals("exit", ev.state)
  ev:close()
  assert.no_leaks(m)
end)

it("a system call comes in by other frames", function()
  local t = m:task { comm = "t" }
  t:on_exit("hook", function()
    m:perf_event_open { type = "w", addr = U, len = 9, cpu = 0 }
  end)
  t:exit()
  local chain = m:callchain "__reserve_bp_slot"
  assert.equals(six and "el0t_64_sync" or "el0_svc", chain[#chain])
end)

it("a pinned watchpoint that finds no slot takes a breakpoint behind it along in 6.1, if a module made it (D-7)", function()
  for _, by_file in ipairs { false, true } do
    m = hw.machine { cpus = 2, wrps = { 4, 2 } }
    for i = 0, 1 do assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K + 8 * i, len = 8 }) end
    local third = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K + 16, len = 8, disabled = true })[0]
    local behind = by_file and open(K + 0x100, { type = "x", len = 4 })
      or assert.succeeds(m:register_wide_hw_breakpoint { type = "x", addr = K + 0x100 })[0]
    assert.equals("active", behind.state)
    m:perf_event_enable(third)
    assert.equals("error", third.state)
    assert.equals(six and not by_file and "error" or "active", behind.state)
  end
end)

it("a file that is modified takes its inherited copies along in 6.1 (D-17)", function()
  local t = m:task { comm = "t" }
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, inherit = true })
  local u = assert.succeeds(t:fork { comm = "u" })
  cpu:context_switch(nil)                                     -- or the two would exchange their contexts
  assert.succeeds(ev:modify { addr = U + 64 })
  u:store(U, 8)
  assert.equals(six and 0 or 1, ev:read())
  u:store(U + 64, 8)
  assert.equals(1, ev:read())
end)

it("the kernel's copy to the user is an unprivileged store in 6.1, on older cores too (R-EXC-17)", function()
  local t = m:task { comm = "t" }
  assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  open(K)                                                     -- KDE is on
  cpu:context_switch(t)
  cpu:put_user(U, 8, 1)
  assert.equals(six and 1 or 0, #m:trace { fn = "watchpoint_handler" })
end)

it("a kernel address with another top byte is taken for its neighbour in 4.19 (D-9)", function()
  local tagged = 0x5affff8008080000
  local plain, odd = open(K), open(tagged)
  cpu:store(tagged, 8)
  assert.same(six and { 0, 1 } or { 1, 0 }, { plain.count, odd.count })
end)

it("the dump of a stack begins otherwise (D-16)", function()
  m:dump_stack_in "write_wb_reg"
  open(K)
  assert.equals(six and 2 or 0, #m:dmesg "dump_stack_lvl")
  assert.is_true(#m:dmesg "%]  dump_stack%+0x" >= 2)
end)

it("what becomes of the registers is the same in all of them", function()
  local t = m:task { comm = "t" }
  local a = open(K)
  local e = assert.succeeds(m:perf_event_open { type = "w", addr = U + 4, len = 4, task = t, pinned = true })
  cpu:context_switch(t)
  t:store(U + 4, 4)
  cpu:store(K, 8)
  assert.same({ 1, 1 }, { a.count, e.count })
  assert.regs_exactly(cpu, { wvr = { [0] = K, [1] = U }, wcr = { [0] = 0x1ffb, [1] = 0x1e15 }, mdscr_el1 = 0xb000 })
  a:close()
  e:close()
  cpu:context_switch(nil)
  assert.no_leaks(m)
end)
