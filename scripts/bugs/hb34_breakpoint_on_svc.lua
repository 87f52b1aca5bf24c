-- HB-34: A profiler counts how often one instruction runs. The instruction is a system call, and the program dies of
-- SIGTRAP although nobody traces it. Who sent the signal?
--
-- Source: seen on Debian's 5.10.223 and 6.1.176 and on 7.3.4, not on 4.19.118; getrandom of the recording hits
-- (wait status 5): the step over leaves TIF_SINGLESTEP set, and the exit of the system call reports a step
-- tags: bug, hits, stepping
-- kernel: 4.19.116, 5.10.223, 6.1.176, 6.12.117, 7.3.4
local hw = require "hw"

local SVC = 0x20000800
local m, t, killed
before_each(function()
  m = hw.machine { cpus = 2, va_bits = 48 }
  t = m:task { comm = "caller", cpu = 1 }
  killed = not m.kernel:find "^4%.19"
end)

local function count(addr)
  return assert(m:perf_event_open { type = "x", addr = addr, len = 4, task = t, exclude_kernel = true })
end

it("a breakpoint with the default handler on a system call kills its task", function()
  local ev = count(SVC)
  if not killed then
    assert.succeeds(t:exec(SVC, { svc = true }))
    assert.equals("running", t.state)
  else
    assert.errno("SIGTRAP", t:exec(SVC, { svc = true }))
    assert.equals("dead", t.state)
    assert.equals(2, t.siginfo.code)               -- TRAP_TRACE: a step that nobody asked for
  end
  assert.equals(1, ev.count)
  ev:close()
  assert.no_leaks(m)
end)

it("on any other instruction it only counts", function()
  local ev = count(SVC)
  assert.succeeds(t:exec(SVC))
  assert.equals("running", t.state)
  assert.equals(1, ev.count)
  ev:close()
  assert.no_leaks(m)
end)

it("the instruction after the system call is a safe place to count", function()
  local ev = count(SVC + 4)
  assert.succeeds(t:exec(SVC, { svc = true }))
  assert.succeeds(t:exec(SVC + 4))
  assert.equals("running", t.state)
  assert.equals(1, ev.count)
  ev:close()
  assert.no_leaks(m)
end)
