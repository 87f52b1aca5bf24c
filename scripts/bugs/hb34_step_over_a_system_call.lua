-- HB-34: A perf breakpoint stands on a system call instruction. The program gets SIGTRAP and dies, although perf only counts.
-- Who sends the signal?
--
-- Source: measured: killed on 5.10.223, 6.1.176 and 7.3.4, alive on 4.19.118; the step over meets the pseudo step of syscall_trace_exit
-- tags: bug, stepping, signals
-- kernel: 4.19.0, 4.19.116, 4.19.266, 5.10.223, 6.1.176, 6.1.192, 6.12.117, 6.18.15, 7.3.4
local hw = require "hw"

local SVC = 0x400580
local m, t, ev
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "app" }
  ev = assert(m:perf_event_open { type = "x", addr = SVC, task = t, exclude_kernel = true, exclude_hv = true })
end)
after_each(function()
  ev:close()
  assert.no_leaks(m)
end)

-- Up to 4.19.133, 5.4.52 and 5.7.9 the step is left to the hardware.
local function quiet() return m.kernel == "4.19.0" or m.kernel == "4.19.116" end

it("since 4.19.134 and 5.8 the system call reports a step that nobody asked for, and the task is not traced", function()
  local ok, _, signal = t:exec(SVC, { svc = true })
  assert.equals(1, ev.count)
  if quiet() then
    assert.is_true(ok)
    assert.equals("running", t.state)
  else
    assert.equals("SIGTRAP", signal)
    assert.equals("dead", t.state)
    assert.same({ "TRAP_TRACE", SVC + 4 }, { t.siginfo.code_name, t.siginfo.addr })
  end
end)

it("any other instruction is stepped over without a word", function()
  assert.is_true(t:exec(SVC))
  assert.equals("running", t.state)
end)

it("a handler of SIGTRAP saves the task, and sees a signal that it cannot explain", function()
  local seen = {}
  t:sigaction("SIGTRAP", function(_, info) seen[#seen + 1] = info.code_name end)
  assert.is_true(t:exec(SVC, { svc = true }))
  assert.equals(quiet() and "" or "TRAP_TRACE", table.concat(seen, " "))
end)
