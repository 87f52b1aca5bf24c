-- HB-25: A debugger takes a fifth watchpoint from its user and fails at `continue`. Another one loses a register at each
-- refusal. How should a tool ask?
--
-- Source: rr#4001, rr#3777; PINCE#18; debugprobe#144
-- tags: bug, ptrace, slots
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "tracee" }
end)

it("a tool that writes the whole set at once is refused at the fifth entry, and keeps four events that it did not want", function()
  assert.errno("ENOSPC", t:ptrace_set("watch", 15, 0, 0))
  assert.equals(4, m:slots(0).wp.task_pinned)
  for i = 0, 3 do assert.same({ 0, 0x1fc }, { t:ptrace_get("watch", i) }) end
  for i = 4, 15 do assert.same({ 0, 0 }, { t:ptrace_get("watch", i) }) end
  assert.errno("ENOSPC", m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  t:exit()
  assert.no_leaks(m)
end)

it("a tool that keeps its list and writes it at `continue` learns of the fifth too late", function()
  local wanted, why = { U, U + 8, U + 16, U + 24, U + 32 }
  for i, addr in ipairs(wanted) do
    local _, _, errno = t:ptrace_set("watch", i - 1, addr, 0x1ff5)
    why = errno
  end
  assert.equals("ENOSPC", why)
  assert.errno("SIGTRAP", t:store(U + 24, 8))
  assert.succeeds(t:store(U + 32, 8))
  t:exit()
  assert.no_leaks(m)
end)

it("somebody else may hold registers of the CPU: the count in the info word is an upper bound", function()
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = 0xffffff8008080000, len = 8, cpu = 0 })
  assert.equals(4, bit.band(t:ptrace_info "watch", 0xff))
  for i = 0, 2 do assert.succeeds(t:ptrace_set("watch", i, U + 8 * i, 0x1ff5)) end
  assert.errno("ENOSPC", t:ptrace_set("watch", 3, U + 24, 0x1ff5))
  ev:close()
  t:exit()
  assert.no_leaks(m)
end)

it("the right use: as many entries as the info word says, each when the user asks for it", function()
  local count = bit.band(t:ptrace_info "watch", 0xff)
  local set = 0
  for i = 0, 15 do
    if i >= count or not t:ptrace_set("watch", i, U + 8 * i, 0x1ff5) then break end
    set = set + 1
  end
  assert.equals(4, set)
  for i = 0, 3 do assert.errno("SIGTRAP", t:store(U + 8 * i, 8)) end
  t:exit()
  assert.no_leaks(m)
end)
