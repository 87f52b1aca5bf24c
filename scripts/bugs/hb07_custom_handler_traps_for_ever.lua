-- HB-07: A module registers a watchpoint with a handler that only counts. The machine hangs at the first store. Why does
-- the same handler do no harm when it is left out?
--
-- Source: ri-char/pwatch#3; bpftrace#2739; Debian 6.1.55-1 "fix single-stepping when using bpf_overflow_handler"
-- tags: bug, hits, stepping
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "t" }
end)
local function register(on_hit)
  return assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = on_hit })
end

it("the kernel does not step over an event with a handler of its own: the store is retried and traps again", function()
  local calls = 0
  local ev = register(function() calls = calls + 1 end)
  local ok, message = pcall(function() t:store(U, 8, 7) end)
  assert.is_false(ok)
  assert.matches("traps again", tostring(message))
  assert.equals(1000, calls)                       -- here the model gives up; a CPU would not
  assert.equals(0, #m:trace { fn = "single_step_handler" })
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("the default handler is stepped over", function()
  local ev = register(nil)
  t:store(U, 8, 7)
  assert.equals(1, ev.count)
  assert.equals(1, #m:trace { fn = "single_step_handler" })
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("the right use: the handler disables its event and something later enables it again", function()
  local calls, rearm = 0
  local ev
  rearm = m:work("rearm", function() m:perf_event_enable(ev) end)
  ev = register(function(e)
    calls = calls + 1
    m:perf_event_disable(e)
    m:schedule_work(rearm)
  end)
  for i = 1, 3 do
    t:store(U, 8, i)
    m:run()
  end
  assert.equals(3, calls)
  assert.equals(3, t:load(U, 8))
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("or a handler that is called every so often: the hits between are no help, they trap too", function()
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, sample_period = 5,
    on_hit = function(e) m:perf_event_disable(e) end })
  t:store(U, 8)
  assert.equals(5, ev.count)                       -- one store, five traps
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)
