-- HB-06: A debugger watches a variable, and a profiler counts stores to the same one. The debugger sees one stop and
-- then never another. Who swallowed the rest?
--
-- Source: rr#4100; measured on Debian's 6.1.192: the tracer sees 1 of 10 hits, perf counts 10; R-STEP-14 on 6.1.176
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

-- A debugger at a stop: it takes its entry out, steps over the store, and puts the entry back when the step has been told.
local function step_over(value)
  t:ptrace_set("watch", 0, U, 0)
  t:ptrace_singlestep(true)
  local _, _, why = t:store(U, 8, value)
  if why ~= "SIGTRAP" then return false end        -- it goes on waiting, and its entry stays out
  assert.equals("TRAP_TRACE", t.siginfo.code_name)
  t:ptrace_singlestep(false)
  t:ptrace_set("watch", 0, U, 0x1ff5)
  return true
end

it("the measured fact: the kernel takes the debugger's step for its own; 1 of 10 for the one, 10 for the other", function()
  local stops, steps = 0, 0
  for i = 1, 10 do
    local _, _, why = t:store(U, 8, i)
    if why == "SIGTRAP" then
      stops = stops + 1
      if step_over(i) then steps = steps + 1 end
    end
  end
  assert.same({ 1, 0 }, { stops, steps })
  assert.equals(10, profiler:read())
end)

it("without the profiler every store stops and every step is told", function()
  profiler:close()
  profiler = { close = function() end }
  local stops, steps = 0, 0
  for i = 1, 10 do
    local _, _, why = t:store(U, 8, i)
    if why == "SIGTRAP" then
      stops = stops + 1
      if step_over(i) then steps = steps + 1 end
    end
  end
  assert.same({ 10, 10 }, { stops, steps })
  assert.equals(10, m.cpu[0]:get_user(U, 8))
end)

it("a debugger that just continues is worse off: the step is cancelled, and both are blind from then on", function()
  local stops = 0
  for i = 1, 10 do
    local _, _, why = t:store(U, 8, i)             -- after a stop, PTRACE_CONT
    if why == "SIGTRAP" then stops = stops + 1 end
  end
  assert.equals(1, stops)
  assert.equals(1, profiler:read())
  assert.equals(0x1ff4, cpu.wcr[0])                -- both slots off
  assert.equals(0x1ff4, cpu.wcr[1])
end)

it("the slots stay off for this task wherever it goes, and come on for others", function()
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
