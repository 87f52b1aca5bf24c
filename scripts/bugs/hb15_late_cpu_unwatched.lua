-- HB-15: register_wide_hw_breakpoint has watched the whole machine. A CPU was offline then and comes up later. Does the
-- watchpoint see what is done there?
--
-- Source: register_wide_hw_breakpoint walks the online CPUs only
-- tags: bug, hotplug, wide
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local K = 0xffffff8008080000
local m
before_each(function() m = hw.machine { cpus = 3 } end)
local function stores() for cpu in m:cpus() do cpu:store(K, 8) end end

it("no: the corruption on the late CPU goes by unseen", function()
  m:cpu_down(2)
  local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
  m:cpu_up(2)
  stores()
  assert.same({ 1, 1 }, { w[0].count, w[1].count })
  assert.is_nil(w[2])
  assert.equals(0, #m:trace { fn = "watchpoint_handler", cpu = 2 })
  m:unregister_wide_hw_breakpoint(w)
  assert.no_leaks(m)
end)

it("nor does it see a CPU again that went down in between", function()
  local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
  m:cpu_down(2)
  m:cpu_up(2)
  stores()
  assert.same({ 1, 1, 0 }, { w[0].count, w[1].count, w[2].count })
  assert.equals("off", w[2].state)
  m:unregister_wide_hw_breakpoint(w)
  assert.no_leaks(m)
end)

it("the right use: give a CPU that comes up an event of its own", function()
  m:cpu_down(2)
  local w = assert.succeeds(m:register_wide_hw_breakpoint { type = "w", addr = K, len = 8 })
  m:cpu_up(2)
  local late = assert.succeeds(m:perf_event_open { type = "w", addr = K, len = 8, cpu = 2, pinned = true })
  stores()
  assert.same({ 1, 1, 1 }, { w[0].count, w[1].count, late.count })
  late:close()
  m:unregister_wide_hw_breakpoint(w)
  assert.no_leaks(m)
end)
