-- HB-08: A counting watchpoint works for months. Then somebody else adds one with a handler on the same bytes, and the
-- first one counts a single store several times. Since when does the last match alone decide whether to step?
--
-- Source: read in watchpoint_handler of 6.1.192 and mainline ("step =" where breakpoint_handler has "|="); not reported upstream
-- tags: bug, stepping
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t, late
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "t" }
  late = not (m.kernel == "4.19.0" or m.kernel == "4.19.116")
end)

-- A handler that lets go after its third call, as HB-07 demands of it.
local function patient()
  local calls = 0
  return function(ev)
    calls = calls + 1
    if calls == 3 then m:perf_event_disable(ev) end
  end, function() return calls end
end

it("a custom handler in the higher slot forbids the step that the counting event in the lower one wants", function()
  local on_hit, calls = patient()
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  local custom = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = on_hit })
  t:store(U, 8)
  assert.equals(late and 3 or 1, calls())
  assert.equals(late and 4 or 1, counting.count)   -- one store: 4 hits, where it was 1
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(custom)
  assert.no_leaks(m)
end)

it("in the other order the step is made and the custom handler is called once", function()
  local on_hit, calls = patient()
  local custom = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = on_hit })
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  t:store(U, 8)
  assert.same({ 1, 1 }, { calls(), counting.count })
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(custom)
  assert.no_leaks(m)
end)

it("breakpoints were never like that: any match that wants the step has it", function()
  local on_hit, calls = patient()
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = U, task = t })
  local custom = assert.succeeds(m:register_user_hw_breakpoint { type = "x", addr = U, task = t, on_hit = on_hit })
  t:exec(U)
  assert.same({ 1, 1 }, { calls(), counting.count })
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(custom)
  assert.no_leaks(m)
end)

it("the right use: a custom handler that disables its event at once costs nobody a hit", function()
  local counting = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t })
  local custom = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t,
    on_hit = function(ev) m:perf_event_disable(ev) end })
  t:store(U, 8)
  assert.equals(late and 2 or 1, counting.count)   -- late kernels retry the store once even so
  t:store(U, 8)
  assert.equals(late and 3 or 2, counting.count)
  m:unregister_hw_breakpoint(counting)
  m:unregister_hw_breakpoint(custom)
  assert.no_leaks(m)
end)
