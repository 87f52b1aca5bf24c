-- HB-16: A CPU wakes up and its debug registers hold whatever they hold. Somebody stores to an address that nobody
-- watches, and the machine stands still. What did the register say, and who was blamed?
--
-- Source: kernel commit 65c021bb496a (registers restored in cpu_suspend, before debug exceptions are unmasked)
-- tags: bug, suspend, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U, JUNK = 0x400000, 0x401000
local m, t, cpu, innocent
before_each(function()
  m = hw.machine { cpus = 1 }
  cpu = m.cpu[0]
  t = m:task { comm = "t" }
  innocent = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  cpu:context_switch(t)
end)
-- What a power-up may leave in a pair: an enabled watchpoint that no event stands behind.
local function junk()
  cpu:write_wb_reg("WVR", 3, JUNK)
  cpu:write_wb_reg("WCR", 3, 0x1ff5)
end

it("without the reset the store traps for ever: stepping over it switches off occupied slots only", function()
  junk()
  local ok, message = pcall(function() t:store(JUNK, 8) end)
  assert.is_false(ok)
  assert.matches("traps again", tostring(message))
  assert.matches("belongs to no event", tostring(message))
  assert.equals(0x1ff5, cpu.wcr[3])
  assert.is_nil(cpu.wp_on_reg[3])
  innocent:close()
  assert.no_leaks(m)
end)

it("and the nearest event is charged with every one of the traps", function()
  junk()
  pcall(function() t:store(JUNK, 8) end)
  assert.equals(1000, innocent.count)
  innocent:close()
  assert.no_leaks(m)
end)

it("the fix: every pair is written on resume, those without an event with 0", function()
  junk()
  m:cpu_suspend(0)
  m:cpu_resume(0)
  assert.regs_exactly(cpu, { wvr = { [0] = U }, wcr = { [0] = 0x1ff5 }, mdscr_el1 = 0x9000 })
  assert.succeeds(t:store(JUNK, 8))
  assert.equals(0, innocent.count)
  assert.succeeds(t:store(U, 8))
  assert.equals(1, innocent.count)
  innocent:close()
  assert.no_leaks(m)
end)
