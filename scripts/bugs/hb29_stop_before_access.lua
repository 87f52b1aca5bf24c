-- HB-29: The debugger prints "old value 1, new value 1" at every stop, or it stops one instruction too far. On which side
-- of the store does arm64 stop?
--
-- Source: QEMU commit 2472b6c07bb5 "gdbstub: Allow target CPUs to specify watchpoint STOP_BEFORE_ACCESS flag"; rr#3936
-- tags: bug, hits, ptrace
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U = 0x400000
local m, t
before_each(function()
  m = hw.machine { cpus = 1 }
  t = m:task { comm = "tracee" }
  t:store(U, 8, 1)
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
end)
after_each(function()
  t:exit()
  assert.no_leaks(m)
end)

it("before it: at the stop memory holds the old value, whatever is about to be written", function()
  assert.errno("SIGTRAP", t:store(U, 8, 2))
  assert.equals(1, m.cpu[0]:get_user(U, 8))
end)

it("so continuing stops at the same store again, and nothing is ever written", function()
  for _ = 1, 5 do assert.errno("SIGTRAP", t:store(U, 8, 2)) end
  assert.equals(1, m.cpu[0]:get_user(U, 8))
end)

it("the right use: take the entry out, let the one instruction pass, put it back, then compare", function()
  assert.errno("SIGTRAP", t:store(U, 8, 2))
  local old = m.cpu[0]:get_user(U, 8)
  t:ptrace_set("watch", 0, U, 0)
  assert.succeeds(t:store(U, 8, 2))
  t:ptrace_set("watch", 0, U, 0x1ff5)
  assert.same({ 1, 2 }, { old, m.cpu[0]:get_user(U, 8) })
  assert.errno("SIGTRAP", t:store(U, 8, 3))
end)

it("a perf event without a handler does all that by itself", function()
  t:ptrace_set("watch", 0, U, 0)
  local ev = assert.succeeds(m:perf_event_open { type = "w", addr = U, len = 8, task = t })
  assert.succeeds(t:store(U, 8, 2))
  assert.equals(2, t:load(U, 8))
  assert.equals(1, ev:read())
  ev:close()
end)
