-- HB-06: A debugger watches a variable, and a profiler counts stores to the same one. The debugger sees one stop and
-- then never another. Who swallowed the rest?
--
-- Source: rr#4100; the lost step was checked on Debian's 6.1.176 (R-STEP-14)
-- tags: bug, ptrace, stepping
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t, cpu, profiler
before_each(function()
  m = hw.machine { cpus = 1 }
  cpu = m.cpu[0]
  t = m:task { comm = "tracee" }
  profiler = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t, exclude_kernel = true })
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
end)
after_each(function()
  profiler:close()
  t:exit()                                         -- releases what the debugger has
  assert.no_leaks(m)
end)

it("the debugger sees 1 of 10 stores, for the step that should switch the slots on again never comes", function()
  local stops = 0
  for i = 1, 10 do
    local _, _, why = t:store(U, 8, i)             -- after a stop, PTRACE_CONT
    if why == "SIGTRAP" then stops = stops + 1 end
  end
  assert.equals(1, stops)
  assert.equals(1, profiler:read())                -- and the profiler is as blind
  assert.equals(0x1ff4, cpu.wcr[0])                -- both slots off
  assert.equals(0x1ff4, cpu.wcr[1])
end)

it("they stay off for this task wherever it goes, and come on for others", function()
  t:store(U, 8)
  local other = m:task { comm = "other" }
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = other })
  other:store(U, 8)
  assert.equals(1, ev:read())
  assert.equals(0x1ff5, cpu.wcr[0])
  cpu:context_switch(t)
  assert.equals(0x1ff4, cpu.wcr[0])
  ev:close()
end)

it("without the profiler every store stops", function()
  profiler:close()
  profiler = { close = function() end }
  local stops = 0
  for _ = 1, 10 do
    local _, _, why = t:store(U, 8)
    if why == "SIGTRAP" then stops = stops + 1 end
    t:ptrace_set("watch", 0, U, 0)                 -- the debugger takes it out, lets the store pass, puts it back
    assert.succeeds(t:store(U, 8))
    t:ptrace_set("watch", 0, U, 0x1ff5)
  end
  assert.equals(10, stops)
end)
