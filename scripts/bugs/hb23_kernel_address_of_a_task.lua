-- HB-23: "Watch this kernel variable, but only while my task runs" is EINVAL. The same address on a CPU is not. What is
-- wrong with the task?
--
-- Source: the last check of hw_breakpoint_arch_parse; measured on Debian's 6.1.192
-- tags: bug, validation
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local K = 0xffffff8008080000
local m, t
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "t" }
end)

it("nothing: privilege EL1 and a target task do not go together, whatever else is asked", function()
  assert.errno("EINVAL", m:perf_event_open { type = "w", addr = K, len = 8, task = t })
  assert.errno("EINVAL", m:perf_event_open { type = "w", addr = K, len = 8, task = t, cpu = 0 })
  assert.errno("EINVAL", m:perf_event_open { type = "x", addr = K, task = t })
  assert.errno("EINVAL", m:register_user_hw_breakpoint { type = "w", addr = K, len = 8, task = t })
  assert.equals("R-VAL-19", m:why().rule)
  assert.no_leaks(m)
end)

it("on a CPU it works, and sees every task there", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 0 })
  m.cpu[0]:context_switch(t)
  m.cpu[0]:store(K, 8)
  m.cpu[0]:context_switch(nil)
  m.cpu[0]:store(K, 8)
  m.cpu[1]:store(K, 8)
  assert.equals(2, ev:read())
  ev:close()
  assert.no_leaks(m)
end)

it("the right use: one event for each CPU, and the handler looks whose access it was", function()
  local mine = 0
  local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8, on_hit = function(_, hit)
    if hit.task == t then mine = mine + 1 end
    hit.skip = true
  end })
  m.cpu[0]:context_switch(t)
  m.cpu[0]:store(K, 8)
  m.cpu[1]:store(K, 8)
  assert.equals(1, mine)
  assert.same({ 1, 1 }, { w[0].count, w[1].count })
  m:unregister_wide_hw_breakpoint(w)
  assert.no_leaks(m)
end)
