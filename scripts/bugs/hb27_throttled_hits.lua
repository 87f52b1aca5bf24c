-- HB-27: A debugger counts its stops and the kernel has let some of them go, for they came too fast. Does perf
-- still throttle breakpoints?
--
-- Source: Frederic Weisbecker's change of February 2010, "hw-breakpoints: Remove stub unthrottle callback"
-- tags: bug, hits, ptrace
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local HITS = 500                                   -- at one instant of virtual time: as fast as can be
local m, t
before_each(function()
  m = hw.machine { cpus = 1, trace_size = 4096 }
  t = m:task { comm = "t" }
end)

it("no: every hit of an event with period 1 reaches its handler", function()
  local calls = 0
  local ev = assert.succeeds(m:register_user_hw_breakpoint { type = "w", addr = U, len = 8, task = t, on_hit = function(_, hit)
    calls = calls + 1
    hit.skip = true
  end })
  for _ = 1, HITS do t:store(U, 8) end
  assert.same({ HITS, HITS, 0 }, { calls, ev.count, m.now })
  m:unregister_hw_breakpoint(ev)
  assert.no_leaks(m)
end)

it("and every stop of a ptrace entry is a stop", function()
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
  for _ = 1, HITS do assert.errno("SIGTRAP", t:store(U, 8)) end
  t:exit()
  assert.no_leaks(m)
end)

it("the right use: whoever wants fewer calls asks for a longer period, and the count is still exact", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, sample_period = 100 })
  for _ = 1, HITS do t:store(U, 8) end
  assert.equals(HITS, ev:read())
  ev:close()
  assert.no_leaks(m)
end)
