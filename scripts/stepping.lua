-- After a hit the kernel must get past the instruction: it switches the watchpoint off, steps, and switches it on. When
-- does it not, and what becomes of an instruction that nobody steps over?
-- tags: hits, stepping
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U, K = 0x1000, 0xffffff8008080000
local m, t, cpu, late

before_each(function()
  m = hw.machine { cpus = 1, cpu = "cortex-a76" }
  t = m:task { comm = "t", cpu = 0 }
  cpu = m.cpu[0]
  cpu:context_switch(t)
  late = not (m.kernel == "4.19.0" or m.kernel == "4.19.116")      -- D-1 and D-2 have changed
end)

local function user(addr, len, on_hit)
  return assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = addr, len = len, task = t, on_hit = on_hit })
end
local function writes(since)
  local list = {}
  local all = m:trace { fn = "write_wb_reg" }
  for i = since + 1, #all do
    local a = all[i].args
    list[#list + 1] = ("%s%d=%s"):format(({ [0] = "BVR", [16] = "BCR", [32] = "WVR", [48] = "WCR" })[a[1]], a[2], hw.hex(a[3]))
  end
  return list
end

it("a default handler: off, step, on", function()
  local ev = user(U, 4)
  local n = #m:trace { fn = "write_wb_reg" }
  t:store(U, 4)
  assert.same({ "WCR0=0x1f4", "WCR0=0x1f5" }, writes(n))
  assert.equals(1, ev.count)
  assert.callchain({ "write_wb_reg", "toggle_bp_registers", "reinstall_suspended_bps", "single_step_handler",
    "do_debug_exception", "..." }, m:callchain("write_wb_reg"))
end)

it("all user watchpoints of the CPU are off for that one instruction", function()
  user(U, 4)
  user(U + 64, 4)
  local n = #m:trace { fn = "write_wb_reg" }
  t:store(U, 4)
  assert.same({ "WCR0=0x1f4", "WCR1=0x1f4", "WCR0=0x1f5", "WCR1=0x1f5" }, writes(n))
end)

it("a custom handler that does nothing: the same store traps for ever", function()
  user(U, 4, function() end)
  local ok, message = pcall(function() t:store(U, 4, 7) end)
  assert.is_false(ok)
  assert.matches("traps again", tostring(message))
end)

it("a custom handler that disables its event, or skips the instruction, gets past it", function()
  user(U, 4, function(ev) m:perf_event_disable(ev) end)
  t:store(U, 4, 7)
  assert.equals(7, t:load(U, 4))
  user(U + 64, 4, function(_, hit) hit.skip = true end)
  t:store(U + 64, 4, 7)
  assert.equals(0, t:load(U + 64, 4))                         -- skipped means not performed
end)

it("a default and a custom one on the same bytes: any step decides, and since late 4.19 the last", function()
  local first = user(U, 8)
  local traps = 0
  local second = user(U, 8, function(ev)
    traps = traps + 1
    if traps == 3 then m:perf_event_disable(ev) end
  end)
  assert.same({ 0, 1 }, { first.slot, second.slot })
  t:store(U, 8)
  assert.equals(late and 3 or 1, traps)                      -- D-2: the custom one, told last, forbids the step
  assert.equals(late and 4 or 1, first.count)                -- and the first one counts every round
end)

it("in the other order the default one is told last, and the step is made everywhere", function()
  local traps = 0
  user(U, 8, function() traps = traps + 1 end)
  local second = user(U, 8)
  t:store(U, 8)
  assert.equals(1, traps)
  assert.equals(1, second.count)
end)

it("a store by the kernel steps in the kernel: EL0 slots off, EL1 slots off, MDSCR.SS, and back", function()
  local k = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, pinned = true })
  local n = #m:trace { fn = "write_wb_reg" }
  cpu:store(K, 8)
  assert.equals(1, k.count)
  assert.same({ "WCR0=0x1ff2", "WCR0=0x1ff3" }, writes(n))
  assert.equals(1, #m:trace { fn = "kernel_enable_single_step" })
  assert.equals(1, #m:trace { fn = "kernel_disable_single_step" })
  assert.equals(0xb000, cpu.mdscr_el1)
end)

it("a user watchpoint met by the kernel's copy to the user: told until late 4.19, then stepped over in silence", function()
  local ev = user(U, 8)
  cpu:put_user(U, 8, 7)
  assert.equals(0, ev.count)                                  -- only EL0 events: KDE is off, nothing traps
  assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0, pinned = true })
  assert.equals(0xb000, cpu.mdscr_el1)
  cpu:put_user(U, 8, 8)                                       -- an unprivileged store, and now KDE is on
  assert.equals(late and 0 or 1, ev.count)                    -- D-1
  assert.equals(8, t:load(U, 8))
end)

it("a debugger that steps already is told after the kernel's step, with everything back on", function()
  local ev = user(U, 4)
  assert.succeeds(t:ptrace_singlestep(true))
  assert.errno("SIGTRAP", t:store(U, 4, 7))
  assert.equals("TRAP_TRACE", t.siginfo.code_name)
  assert.equals(1, ev.count)
  assert.equals(0x1f5, cpu.wcr[0])
  assert.succeeds(t:ptrace_singlestep(false))
  assert.equals(7, t:load(U, 4))
end)

it("a breakpoint and a watchpoint on one instruction: two traps, one step", function()
  local b = assert.succeeds(m:perf_event_open { type = "x", addr = 0x400580, task = t, pinned = true })
  t:exec(0x400580)
  assert.equals(1, b.count)
  assert.equals(1, #m:trace { fn = "breakpoint_handler" })
  assert.equals(1, #m:trace { fn = "single_step_handler" })
  assert.regs(cpu, { bcr = { [0] = 0x1e5 } })
end)
