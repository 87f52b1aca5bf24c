-- HB-18: A debugger reuses one event for a breakpoint, then for a watchpoint, then for a breakpoint. After some rounds
-- the machine was full and nobody held anything. Is it still so?
--
-- Source: Jiri Olsa's series of 2018 with "hw_breakpoint: Add modify_bp_slot function", seen on an arm server; fixed before 4.19
-- tags: bug, modify, constraints
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "t" }
end)
local function use() local s = m:slots(0) return { s.bp.task_pinned, s.wp.task_pinned } end

it("no: the reservation moves with the type, a hundred times over", function()
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = U, task = t })
  for _ = 1, 100 do
    assert.same({ 1, 0 }, use())
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { type = "w", addr = U, len = 8 }))
    assert.same({ 0, 1 }, use())
    assert.succeeds(m:modify_user_hw_breakpoint(ev, { type = "x", addr = U, len = 4 }))
  end
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("what is left of it: the move can fail, and then the event is what it was", function()
  local held = {}
  for i = 1, 4 do held[i] = assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t }) end
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = U, task = t })
  assert.errno("ENOSPC", m:modify_user_hw_breakpoint(ev, { type = "w", addr = U, len = 8 }))
  assert.equals("x", ev.type)
  assert.same({ 1, 4 }, use())
  t:exec(U)
  assert.equals(1, ev.count)                       -- enabled again, where it was
  for i = 1, 4 do held[i]:close() end
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("and a refused modify starts an event that was stopped meanwhile, if it was registered enabled", function()
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  m:perf_event_disable(ev)
  assert.equals("off", ev.state)
  assert.errno("EINVAL", m:modify_user_hw_breakpoint(ev, { len = 9 }))
  assert.equals("inactive", ev.state)
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)
