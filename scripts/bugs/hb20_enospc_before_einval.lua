-- HB-20: A tool asks for 16 bytes and is told "no space left on device". It waits for a register to become free. Will
-- waiting help?
--
-- Source: the order in register_perf_hw_breakpoint, measured on a running kernel: reserve, then parse
-- tags: bug, validation, slots
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t, held
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "t" }
  held = {}
  for i = 0, 3 do held[i] = assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t }) end
end)
after_each(function() assert.no_leaks(m) end)
local function ask() return m:perf_event_open { type = "w", addr = U + 64, len = 16, task = t } end

it("no: on a full machine the length is not even looked at", function()
  local parsed = #m:trace { fn = "hw_breakpoint_arch_parse" }
  assert.errno("ENOSPC", ask())
  assert.equals(parsed, #m:trace { fn = "hw_breakpoint_arch_parse" })
  for i = 0, 3 do held[i]:close() end
  assert.errno("EINVAL", ask())                    -- with every register free
end)

it("a request that fits is reserved and released again before it fails", function()
  held[0]:close()
  local released = #m:trace { fn = "release_bp_slot" }
  assert.errno("EINVAL", ask())
  assert.equals(1, #m:trace { fn = "release_bp_slot" } - released)
  assert.equals(3, m:slots(0).wp.task_pinned)
  for i = 1, 3 do held[i]:close() end
end)

it("the right use: check type, address and length oneself; or ask disabled, for another task, while nothing is full", function()
  local probe = m:task { comm = "probe" }          -- tasks do not compete: this one is empty
  assert.errno("EINVAL", m:perf_event_open { type = "w", addr = U + 64, len = 16, task = probe, disabled = true })
  assert.succeeds(m:perf_event_open { type = "w", addr = U + 64, len = 8, task = probe, disabled = true }):close()
  for i = 0, 3 do held[i]:close() end
end)
