-- HB-11: The kernel refuses a register write, the debugger reports the error and goes on. Is entry 0 as it was before?
--
-- Source: measured on Debian's 6.1.192: after a refused write entry 0 reads 0 and 0x1fc
-- tags: bug, ptrace
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U, KERNEL = 0x400000, 0xffffff8008080000
local m, t
before_each(function()
  m = hw.machine { cpus = 2 }
  t = m:task { comm = "tracee" }
end)
local function entry(which, i) return { t:ptrace_get(which, i) } end

it("no: the write has made an event of address 0 and 4 bytes, which is off, and which holds a register", function()
  assert.same({ 0, 0 }, entry("watch", 0))
  assert.errno("EINVAL", t:ptrace_set("watch", 0, KERNEL, 0x1ff5))
  assert.same({ 0, 0x1fc }, entry("watch", 0))
  assert.equals(1, m:slots(0).wp.task_pinned)
  t:exit()
  assert.no_leaks(m)
end)

it("for a breakpoint it reads 0x1e4", function()
  assert.errno("EINVAL", t:ptrace_set("break", 0, KERNEL, 0x1e5))
  assert.same({ 0, 0x1e4 }, entry("break", 0))
  t:exit()
  assert.no_leaks(m)
end)

it("the address half of a refused write stays, for address and control are applied one after the other", function()
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
  assert.errno("EINVAL", t:ptrace_set("watch", 0, U + 0x100, 0x1035))   -- a mask with a hole
  local addr = t:ptrace_get("watch", 0)
  assert.equals(U + 0x100, addr)
  t:store(U, 8)
  assert.is_nil(t.siginfo)                         -- the old address is watched no more
  t:exit()
  assert.no_leaks(m)
end)

it("the right use: read back after a refusal, and write again what should stand there", function()
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
  t:ptrace_set("watch", 0, U + 0x100, 0x1035)
  assert.succeeds(t:ptrace_set("watch", 0, U, 0x1ff5))
  assert.same({ U, 0x1ff5 }, entry("watch", 0))
  assert.errno("SIGTRAP", t:store(U, 8))
  t:exit()
  assert.no_leaks(m)
end)
