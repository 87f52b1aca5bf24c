-- HB-10: The debugger has switched its watchpoint off, `info watchpoints` is empty, and perf gets only three of the four
-- registers. Who has the fourth?
--
-- Source: measured on Debian's 6.1.192; ptrace_hbp_create makes events with disabled = 1 and keeps them
-- tags: bug, ptrace, slots
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "tracee" }
end)
local function perf_gets()
  local held = {}
  while true do
    local ev = m:perf_event_open { type = "w", addr = U + 0x100 + 8 * #held, len = 8, task = t, exclude_kernel = true }
    if not ev then break end
    held[#held + 1] = ev
  end
  for _, ev in ipairs(held) do ev:close() end
  return #held
end

it("the measured fact: set, switch off, and perf gets 3", function()
  assert.equals(4, perf_gets())
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
  assert.equals(3, perf_gets())
  assert.succeeds(t:ptrace_set("watch", 0, U, 0))
  local addr, ctrl = t:ptrace_get("watch", 0)
  assert.same({ U, 0x1ff4 }, { addr, ctrl })       -- type and length are still there
  assert.equals(3, perf_gets())
  t:exit()
  assert.no_leaks(m)
end)

it("m:why() names the holder: an event that is off", function()
  t:ptrace_set("watch", 0, U, 0)
  local held = {}
  for i = 1, 3 do held[i] = assert.succeeds(m:perf_event_open { type = "w", addr = U + 8 * i, len = 8, task = t }) end
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = U + 64, len = 8, task = t })
  local off = {}
  for _, ev in ipairs(m:why().holders) do
    if ev.state == "off" then off[#off + 1] = ev end
  end
  assert.equals(1, #off)
  for i = 1, 3 do held[i]:close() end
  t:exit()
  assert.no_leaks(m)
end)

it("the way out: only exec and exit give it back, a debugger cannot", function()
  t:ptrace_set("watch", 0, U, 0x1ff5)
  t:ptrace_set("watch", 0, U, 0)
  assert.equals(3, perf_gets())
  assert.succeeds(t:execve())
  assert.equals(4, perf_gets())
  assert.no_leaks(m)
end)
