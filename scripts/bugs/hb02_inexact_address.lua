-- HB-02: A pair store begins 8 bytes below the watched ones and the CPU reports where it began. Does anybody recognise
-- the hit, or does the instruction trap for ever?
--
-- Source: commit fdfeff0f9e3d "arm64: hw_breakpoint: Handle inexact watchpoint addresses"; rr#3388, rr#3736
-- tags: bug, hits
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
local function machine(far)
  m = hw.machine { cpus = 1, far = far }
  t = m:task { comm = "t" }
end

it("the address that is reported lies outside the watched bytes; since the fix the nearest event is told", function()
  machine "start"
  local seen = {}
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U + 8, len = 8, task = t, on_hit = function(_, hit)
    seen[#seen + 1] = hit.addr
    hit.skip = true
  end })
  t:store(U, 16)
  assert.same({ U }, seen)                         -- 8 below what was asked for: a tool that compares exactly is deaf
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("the measured fact: ten pair stores from 8 below are ten hits, whatever the CPU reports", function()
  for _, far in ipairs { "exact", "start", "floor16" } do
    machine(far)
    local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U + 8, len = 8, task = t, exclude_kernel = true })
    for _ = 1, 10 do t:store(U, 16) end
    assert.equals(10, ev:read())
    ev:close()
    assert.no_leaks(m)
  end
end)

it("what remains wrong: the nearest need not be the one that was touched", function()
  machine "start"
  local untouched = assert.succeeds(m:perf_event_open { type = "w", addr = U - 8, len = 8, task = t })
  local touched = assert.succeeds(m:perf_event_open { type = "w", addr = U + 8, len = 8, task = t })
  t:store(U, 16)                                   -- 1 above the one, 8 below the other
  assert.same({ 1, 0 }, { untouched.count, touched.count })
  untouched:close()
  touched:close()
  assert.no_leaks(m)
end)

it("the right use: a tool accepts any address of the block and looks at its own bytes", function()
  machine "start"
  local changed
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U + 8, len = 8, task = t, on_hit = function(e)
    m:perf_event_disable(e)
  end })
  local before = t:load(U + 8, 8)
  t:store(U + 4, 8, 0xffffffffffffffff)
  changed = t:load(U + 8, 8) ~= before
  assert.is_true(changed)
  assert.equals(1, ev.count)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)
