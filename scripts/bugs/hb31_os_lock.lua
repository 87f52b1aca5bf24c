-- HB-31: A single step never happens, and watchpoints that are armed to the last bit are never hit. Everything in the
-- registers is right. What else has to be?
--
-- Source: microsoft/mu_feature_debugger#32
-- tags: bug, stepping, registers
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local U = 0x400000
local m, t, ev
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { cpu = 1 }
  ev = assert(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  m.cpu[1]:write_oslar(1)
end)
after_each(function()
  ev:close()
  assert.no_leaks(m)
end)

it("with the OS lock set no debug exception is taken, whatever the registers say", function()
  t:store(U, 8, 1)
  assert.equals(0, ev.count)
  assert.regs(m.cpu[1], { wvr = { [0] = U }, wcr = { [0] = 0x1ff5 }, mdscr_el1 = 0x9000 })
  assert.equals(0xa, m.cpu[1].oslsr_el1)
end)

it("a single step never ends", function()
  t:ptrace_singlestep(true)
  assert.is_true(t:store(U + 64, 8, 1))            -- no SIGTRAP after it
end)

it("on another CPU, and after this one came up again, all is well", function()
  t:migrate(0)
  t:store(U, 8, 2)
  assert.equals(1, ev.count)
  m:cpu_down(1)
  m:cpu_up(1)
  t:migrate(1)
  t:store(U, 8, 3)
  assert.equals(2, ev.count)
end)
