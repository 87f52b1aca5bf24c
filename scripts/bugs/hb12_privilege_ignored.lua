-- HB-12: A debugger sets the privilege bits of its control word to EL1 and gets no error. Does it watch the kernel now?
--
-- Source: measured on Debian's 6.1.192: EL1 privilege 0, kernel address -22
-- tags: bug, ptrace
-- kernel: 4.19.0, 4.19.116, 4.19.266, 6.1.176, 6.1.192
local hw = require "hw"

local U, KERNEL = 0x400000, 0xffffff8008080000
local m, t, cpu
before_each(function()
  m = hw.machine { cpus = 1 }
  cpu = m.cpu[0]
  t = m:task { comm = "tracee" }
end)

it("no: the bits are thrown away and worked out anew from the address", function()
  local el1 = hw.ctrl.encode { type = "rw", len = 8, privilege = "el1", enabled = true }
  assert.equals(0x1ffb, el1)
  assert.succeeds(t:ptrace_set("watch", 0, U, el1))
  assert.same({ U, 0x1ffd }, { t:ptrace_get("watch", 0) })
  assert.equals("el0", hw.ctrl.decode(0x1ffd).privilege)
  cpu:context_switch(t)
  assert.regs(cpu, { wcr = { [0] = 0x1ffd }, mdscr_el1 = 0x9000 })
  cpu:put_user(U, 8, 1)                            -- the kernel writes there: nothing
  assert.is_nil(t.siginfo)
  assert.errno("SIGTRAP", t:store(U, 8))
  t:exit()
  assert.no_leaks(m)
end)

it("a kernel address is EINVAL, and so is one that wraps", function()
  assert.errno("EINVAL", t:ptrace_set("watch", 0, KERNEL, 0x1ff5))
  assert.errno("EINVAL", t:ptrace_set("watch", 0, 0xfffffffffffffffc, 0x1ff5))
  assert.errno("EINVAL", t:ptrace_set("break", 0, 0xfffffffffffffffd, 0x1e5))
  t:exit()
  assert.no_leaks(m)
end)

it("the right use: read the word back; bits 1 and 2 say what was understood", function()
  t:ptrace_set("break", 0, U, 0x1e3)
  local _, ctrl = t:ptrace_get("break", 0)
  assert.is_true(ctrl ~= 0x1e3)
  assert.equals(2, bit.extract(ctrl, 1, 2))
  t:exit()
  assert.no_leaks(m)
end)
